"""`/committee/reviews`: access reviews, each right beside its last use, kept or revoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wenshu.granting.campaigns import Decision
from wenshu.web.committee_doors import catching, install
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request
from wenshu.web.security import actor

bp = Blueprint("access_reviews", __name__)
install(bp)
USUAL_DAYS = 90
DECISIONS: Mapping[str, Decision] = {"keep": "keep", "revoke": "revoke"}


@bp.get("/committee/reviews")
def show() -> str:
    """The open review, and those before."""
    return _page(None)


def _page(problem: Any) -> str:
    found = service().reviews.all(actor())
    bundle = service().bundle_view(actor())
    roles = {item["id"]: item["label"] for item in bundle["roles"]}
    reasons = {rule["id"]: rule["reason"] for role in bundle["roles"] for rule in role["rules"]}
    now = next((item for item in found if item.closed_at is None), None)
    return render_template("committee/reviews.html", now=now, before=[item for item in found if item.closed_at is not None], roles=roles, reasons=reasons, days=USUAL_DAYS, me=actor().id, problem=problem)


@bp.post("/committee/reviews")
def begin() -> Response | tuple[str, int]:
    """Begin a review."""
    said = request.form.get("days", "")
    with catching() as caught:
        service().reviews.begin(actor(), days=int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0)
    if caught.problem is None:
        return redirect(url_for("access_reviews.show"), 303)
    return _page(caught.problem), caught.problem.status


@bp.post("/committee/reviews/<int(max=2147483647):number>")
def step(number: int) -> Response | tuple[str, int]:
    """Keep the decisions that were ticked, or close the review."""
    with catching() as caught:
        match request.form.get("step"):
            case "decide":
                service().reviews.decide(actor(), number, _decisions())
            case "close":
                service().reviews.close(actor(), number)
            case _:
                raise bad_request(_("Choose what to do with the review."))
    if caught.problem is None:
        return redirect(url_for("access_reviews.show", done=request.form.get("step")), 303)
    return _page(caught.problem), caught.problem.status


def _decisions() -> dict[int, Decision]:
    found: dict[int, Decision] = {}
    for name, said in request.form.items():
        number = name.removeprefix("line-")
        if name.startswith("line-") and number.isascii() and number.isdigit() and len(number) < 10 and said in DECISIONS:
            found[int(number)] = DECISIONS[said]
    return found
