"""`/review`: is the ledger whole, what happened, and the proof of any one event. Reading it is itself in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, render_template, url_for
from werkzeug.wrappers import Response

from audit.errors import AuditError
from wenshu.web.api import ledger_filters
from wenshu.web.context import service
from wenshu.web.port import JSON
from wenshu.web.security import actor

bp = Blueprint("review", __name__)


@bp.get("/review")
def events() -> Response:
    """The integrity line, the filters, and one page of events with the number of all."""
    filters, cursor, limit = ledger_filters()
    found = service().audit_events(actor(), filters, cursor, limit)
    return _page(filters, found, verified=None, cursor=cursor)


@bp.post("/review/verify")
def verify() -> Response:
    """Verify the whole ledger now and say what came out."""
    verified = service().audit_verify(actor())
    return _page({}, service().audit_events(actor(), {}, None, 50), verified=verified, cursor=None)


@bp.get("/review/events/<event>")
def event(event: str) -> str:
    """One event: what was asked, decided, by which rule, how much left, and its proof."""
    found = service().audit_event(actor(), event)
    try:
        proof: JSON | None = service().audit_proof(actor(), event)
    except AuditError:
        proof = None
    return render_template("event.html", event=found["event"], related=found.get("related") or (), proof=proof)


def _page(filters: Mapping[str, str], found: JSON, *, verified: JSON | None, cursor: str | None) -> Response:
    following = found.get("next")
    return make_response(
        render_template(
            "review.html",
            integrity=service().integrity(),
            filters=filters,
            page=found,
            following=_address({**filters, "cursor": str(following)}) if following else None,
            newest=_address(filters),
            first=cursor is None,
            verified=verified,
            facet=lambda name, value: _address({**filters, name: value}),
            without=lambda name: _address({k: v for k, v in filters.items() if k != name}),
        )
    )


def _address(filters: Mapping[str, str]) -> str:
    values: dict[str, Any] = dict(filters)
    return url_for("review.events", **values)
