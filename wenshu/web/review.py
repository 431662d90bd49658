"""`/review`: is the ledger whole, what happened, and the proof of any one event. Reading it is itself in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from audit.errors import AuditError
from wenshu.desk import NotPermitted
from wenshu.desk.four_eyes import SecondOfficerAsked
from wenshu.desk.second import SecondOfficerNeeded
from wenshu.web.api import ledger_filters
from wenshu.web.context import service
from wenshu.web.language import current
from wenshu.web.ports.shapes import JSON
from wenshu.web.review_timeline import draw
from wenshu.web.review_words import given, meant, words
from wenshu.web.security import actor

bp = Blueprint("review", __name__)
bp.context_processor(words)


@bp.get("/review")
def events() -> Response:
    """The integrity line, today, the findings that wait, the filters, the timeline, and one page of events with the number of all."""
    filters, cursor, limit = ledger_filters()
    return _page(meant(filters), verified=None, cursor=cursor, limit=limit)


@bp.post("/review/verify")
def verify() -> Response:
    """Verify the whole ledger now and say what came out."""
    verified = service().audit_verify(actor())
    return _page({}, verified=verified, cursor=None, limit=50)


@bp.get("/review/ready")
def ready() -> Response:
    """Whether every page of the desk is answered at once; asked by a page that waits. Shows nothing of the ledger."""
    if "review" not in service().pages(actor()):
        raise NotPermitted
    return make_response({"ready": service().desk.ready()})


@bp.get("/review/events/<event>")
def event(event: str) -> str:
    """One event: what was asked, decided, by which rule, how much left, what came before and after, and its proof."""
    found = service().audit_event(actor(), event)
    try:
        proof: JSON | None = service().audit_proof(actor(), event)
    except (AuditError, SecondOfficerNeeded):
        proof = None
    intent = next((item for item in (found["event"], *(found.get("related") or ())) if item["type"] == "intent"), None)
    return render_template(
        "event.html",
        event=found["event"],
        related=found.get("related") or (),
        before=found.get("before") or (),
        after=found.get("after") or (),
        signed=found.get("signed"),
        second=found.get("second") or {"needed": False, "open": True},
        intent=intent,
        proof=proof,
    )


@bp.post("/review/events/<event>/opening")
def opening(event: str) -> Response:
    """Ask a second officer to agree, or agree to another's request."""
    requester = request.form.get("for", "")
    if requester:
        service().desk.second.agree(actor(), event, requester)
    else:
        service().desk.second.request(actor(), event)
    return redirect(url_for("review.event", event=event), 303)


@bp.get("/review/sessions/<session>")
def session(session: str) -> str:
    """One session's events in order."""
    return render_template("review/session.html", told=service().desk.looking.session(actor(), session))


@bp.post("/review/second")
def second() -> Response:
    """Agree to what another officer asked to do, or decline it."""
    service().desk.eyes.decide(actor(), request.form.get("case", ""), request.form.get("for", ""), agree=request.form.get("decision") == "agree")
    return redirect(url_for("review.events") + "#second", 303)


@bp.app_errorhandler(SecondOfficerAsked)
def asked(_problem: SecondOfficerAsked) -> Response:
    """Show where the request stands: nothing was done yet."""
    return redirect(url_for("review.events") + "#second", 303)


@bp.get("/review/export")
def export() -> Response:
    """The events of a filter as a file."""
    kind = request.args.get("form", "csv")
    filters = given(request.args)
    media, pieces = service().desk.exporting.export(actor(), filters, kind, current())
    response = FlaskResponse(pieces, content_type=media)
    response.headers["Content-Disposition"] = f'attachment; filename="wenshu-events.{kind}"'
    return response


@bp.post("/review/saved")
def save() -> Response:
    """Save the current filter under a name, or remove a saved one."""
    filters = given(request.form)
    if request.form.get("forget"):
        service().desk.forget_filter(actor(), request.form["forget"])
    else:
        service().desk.save_filter(actor(), request.form.get("name", ""), filters)
    return redirect(_address(filters), 303)


def _page(filters: Mapping[str, str], *, verified: JSON | None, cursor: str | None, limit: int) -> Response:
    told = service().desk.overview(actor(), filters, cursor, limit)
    found = told["page"]
    following = found.get("next")
    return make_response(
        render_template(
            "review.html",
            told=told,
            integrity=told["integrity"],
            timeline=draw(told["timeline"]) if told["timeline"] else None,
            filters=filters,
            page=found,
            following=_address({**filters, "cursor": str(following)}) if following else None,
            leading=_address({**filters, "cursor": str(found["previous"])}) if found.get("previous") else None,
            newest=_address(filters),
            first=cursor is None,
            verified=verified,
            address=_address,
            facet=lambda name, value: _address({**filters, name: value}),
            without=lambda name: _address({k: v for k, v in filters.items() if k != name}),
        )
    )


def _address(filters: Mapping[str, str]) -> str:
    values: dict[str, Any] = dict(filters)
    return url_for("review.events", **values)
