"""`/committee`: the bundle in force, readable for people who don't read YAML."""

from __future__ import annotations

from flask import Blueprint, render_template

from wenshu.web.context import service
from wenshu.web.security import actor

bp = Blueprint("committee", __name__)


@bp.get("/committee")
def show() -> str:
    """Settings, roles with their rules in words, metrics, dimensions, extracts, files with their hash."""
    return render_template("committee.html", bundle=service().bundle_view(actor()))
