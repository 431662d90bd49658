"""`/requests`: temporary rights that one asks for oneself; `/committee/requests`: those that the committee decides about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from governance.errors import InvalidQuery, WarehouseError
from governance.metrics.parsing import query_from_json
from wenshu.granting_room import MAX_DAYS, MAX_REASON
from wenshu.web.committee_doors import catching, install
from wenshu.web.context import service
from wenshu.web.language import say
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request
from wenshu.web.security import actor

bp = Blueprint("granting", __name__)
install(bp)
REQUESTED = frozenset({"metric_not_allowed", "dimension_not_allowed"})
"""Refusals after which a temporary right may help."""
USUAL_DAYS = 14


def state_name(state: str) -> str:
    """Return how a request stands."""
    names = {
        "asked": _("waits for approval"), "granted": _("in force"), "over": _("over"), "declined": _("declined"), "withdrawn": _("taken back"), "ended": _("ended early"),
    }  # fmt: skip
    return names.get(state, state)


def called(offer: Mapping[str, Any]) -> Callable[[str], str]:
    """Return what calls the ids of an offer by their labels in the reader's language."""
    labels = offer["labels"]
    return lambda name: say(labels[name]) if name in labels else name


def request_address(answer: Mapping[str, Any], purpose: str | None) -> str | None:
    """Return where what a refused answer kept can be requested; None where nobody could grant it."""
    refusal = answer.get("refusal")
    if not refusal or refusal.get("code") not in REQUESTED or not answer.get("query"):
        return None
    try:
        query = query_from_json(answer["query"])
        names = query.named_dimensions()
        if not service().grants.requestable(actor(), query.metrics, names, purpose or None):
            return None
    except (InvalidQuery, WarehouseError):
        return None
    return url_for("granting.new", metric=list(query.metrics), by=list(names), purpose=purpose or None)


def waiting() -> int:
    """Return how many requests wait for the committee, for its navigation."""
    return service().grants.waiting()


@bp.get("/requests")
def mine() -> str:
    """The reader's own requests and rights."""
    return render_template("granting/mine.html", requests=service().grants.mine(actor()), state_name=state_name, called=called, problem=None)


@bp.get("/requests/new")
def new() -> str:
    """What would be asked for, and the form that asks."""
    return _form(request.args.getlist("metric"), request.args.getlist("by"), request.args.get("purpose") or None)


def _form(metrics: Sequence[str], dimensions: Sequence[str], purpose: str | None, problem: Any = None) -> str:
    if not metrics:
        raise bad_request(_("Ask a question first; where it is refused, a button leads here."))
    offer = service().grants.offer(actor(), metrics, dimensions, purpose)
    return render_template(
        "granting/new.html", offer=offer, called=called(offer), problem=problem, most=MAX_DAYS, longest=MAX_REASON, days=request.form.get("days", USUAL_DAYS), reason=request.form.get("reason", "")
    )


@bp.post("/requests")
def ask() -> Response | tuple[str, int]:
    """Ask for a right."""
    metrics, dimensions, purpose = request.form.getlist("metric"), request.form.getlist("by"), request.form.get("purpose") or None
    with catching() as caught:
        room, reason = service().grants, request.form.get("reason", "")
        if request.form.get("act") == "break_glass":
            room.break_glass(actor(), metrics, dimensions, purpose=purpose, reason=reason)
            return redirect(url_for("granting.mine", done="opened"), 303)
        room.request(actor(), metrics, dimensions, purpose=purpose, days=_number(request.form.get("days", "")), reason=reason)
    if caught.problem is None:
        return redirect(url_for("granting.mine", done="asked"), 303)
    return _form(metrics, dimensions, purpose, caught.problem), caught.problem.status


@bp.post("/requests/<int(max=2147483647):number>/withdraw")
def withdraw(number: int) -> Response | tuple[str, int]:
    """Take a request back, or give up a right."""
    with catching() as caught:
        service().grants.withdraw(actor(), number)
    if caught.problem is None:
        return redirect(url_for("granting.mine", done="withdrawn"), 303)
    page = render_template("granting/mine.html", requests=service().grants.mine(actor()), state_name=state_name, called=called, problem=caught.problem)
    return page, caught.problem.status


@bp.get("/committee/requests")
def deciding() -> str:
    """Everybody's requests, those that wait first."""
    return _deciding(None)


def _deciding(problem: Any) -> str:
    return render_template("committee/requests.html", requests=service().grants.all(actor()), state_name=state_name, called=called, problem=problem)


@bp.post("/committee/requests/<int(max=2147483647):number>")
def decide(number: int) -> Response | tuple[str, int]:
    """Approve, decline or end; an approval is of exactly what the page showed."""
    room, step = service().grants, request.form.get("step")
    with catching() as caught:
        match step:
            case "approve":
                room.approve(actor(), number, signs=request.form.get("signs", ""))
            case "decline":
                room.decline(actor(), number)
            case "end":
                room.end(actor(), number)
            case "justified" | "unjustified":
                room.review(actor(), number, justified=step == "justified")
            case _:
                raise bad_request(_("Choose what to do with the request."))
    if caught.problem is None:
        return redirect(url_for("granting.deciding", done=step), 303)
    return _deciding(caught.problem), caught.problem.status


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
