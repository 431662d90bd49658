"""`/committee`: the bundle in force, readable for people who don't read YAML, and its history."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wenshu.cards import STAGES
from wenshu.web.committee_doors import catching, install
from wenshu.web.context import service
from wenshu.web.security import actor

bp = Blueprint("committee", __name__)
install(bp)


@bp.get("/committee")
def show() -> str:
    """Settings, roles with their rules in words, metrics, dimensions, extracts, files with their hash."""
    bundle = service().bundle_view(actor())
    stages: dict[str, list[Any]] = {name: [] for name in STAGES}
    for card in bundle["metrics"]:
        stages.setdefault(card["stage"], []).append(card)
    return render_template("committee.html", bundle=bundle, stages=[cards for cards in stages.values() if cards])


@bp.get("/committee/history")
def history() -> str:
    """What stands, every activation with who, when and why, and the way back."""
    return render_template("committee/history.html", told=service().committee.history(actor()), problem=None)


UNUSED_DAYS = 90
MOST_DAYS = 3660


@bp.get("/committee/unused")
def unused() -> str:
    """Rules, masks and tags that matched nothing for a while, with the last day on which each did."""
    said = request.args.get("days", "")
    days = min(max(int(said), 1), MOST_DAYS) if said.isascii() and said.isdigit() and len(said) < 6 else UNUSED_DAYS
    told = service().committee.silent(actor(), days=days)
    roles = {item["id"]: item["label"] for item in service().bundle_view(actor())["roles"]}
    return render_template("committee/unused.html", told=told, roles=roles, most=MOST_DAYS)


@bp.post("/committee/rollback")
def rollback() -> Response | tuple[str, int]:
    """Put the bundle back that stood before; only the one that the reader saw as standing."""
    room, problem = service().committee, None
    seen = request.form.get("seq")
    with catching() as caught:
        if seen is not None and seen != str(room.history(actor())["seq"]):
            caught.outdated()
        else:
            room.rollback(actor())
    problem = caught.problem
    if problem is None:
        return redirect(url_for("committee.history", done="rollback"), 303)
    return render_template("committee/history.html", told=room.history(actor()), problem=problem), problem.status
