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
