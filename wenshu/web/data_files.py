"""`/data/files`: a steward's page for the files themselves. What has a mapping, what is proposed for the rest, confirming it, and loading."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from governance.errors import IngestError
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.ports.rooms import InboxPort
from wenshu.web.security import actor

bp = Blueprint("data_files", __name__)


def _room() -> InboxPort:
    return service().inbox


@bp.get("/data/files")
def show() -> Response:
    """The files, the proposals and how far a load is."""
    return _page()


@bp.post("/data/files/<extract>")
def confirm(extract: str) -> AnyResponse:
    """Make a mapping count as the steward left it."""
    text = request.form.get("mapping", "")
    try:
        _room().confirm(actor(), extract, text)
    except IngestError as error:
        return _page(problem=str(error), extract=extract, text=text, status=400)
    return redirect(url_for("data_files.show"), 303)


@bp.post("/data/columns")
def classify() -> AnyResponse:
    """Keep the steward's word about one column."""
    said = {name: request.form.get(name, "") for name in ("extract", "column", "word", "reason")}
    try:
        _room().classify(actor(), said["extract"], said["column"], said["word"], said["reason"])
    except IngestError as error:
        return _page(problem=str(error), status=400)
    return redirect(url_for("data_files.show"), 303)


@bp.post("/data/left-out")
def leave_out() -> AnyResponse:
    """Let mappings of the bundle that this company has no files for count no longer."""
    try:
        _room().leave_out(actor(), request.form.getlist("extracts"))
    except IngestError as error:
        return _page(problem=str(error), status=400)
    return redirect(url_for("data_files.show"), 303)


@bp.post("/data/load")
def load() -> AnyResponse:
    """Begin a load."""
    try:
        _room().load(actor())
    except IngestError as error:
        return _page(problem=str(error), status=400)
    return redirect(url_for("data_files.show"), 303)


def _page(*, problem: str | None = None, extract: str | None = None, text: str = "", status: int = 200) -> Response:
    told = _room().look(actor())
    page = render_template("data_files.html", told=told, problem=problem, extract=extract, text=text, levels=_levels(), handlings=_handlings(), words=_words())
    response = make_response(page, status)
    if told["loading"] is not None and told["loading"]["state"] == "running":
        response.headers["Refresh"] = "2"
    return response


def _levels() -> dict[str, str]:
    return {"general": _("general"), "personal": _("personal information"), "sensitive": _("sensitive personal information")}


def _words() -> dict[str, str]:
    return {"plain": _("nothing personal: keep it as it is"), "personal": _("personal information: leave it out"), "sensitive": _("sensitive personal information: leave it out")}


def _handlings() -> dict[str, str]:
    return {"keep": _("keep"), "drop": _("leave out"), "pseudonymize": _("make a pseudonym"), "generalize": _("generalize"), "quarantine": _("hold back")}
