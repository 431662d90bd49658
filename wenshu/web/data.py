"""`/data`: a steward's page. What the last load did, what is stale or missing, and doubtful links with their evidence side by side, masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from governance.errors import IngestError
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.ports.rooms import StewardshipPort
from wenshu.web.security import actor

bp = Blueprint("data", __name__)
STATES = ("open", "merged", "decided")
_LONGEST_PAGE = 7


def _room() -> StewardshipPort:
    return service().stewardship


@bp.get("/data")
def show() -> str:
    """The last load and a page of the doubtful links in one state."""
    where = _where(request.args)
    found = _room().cases(actor(), where["state"], source=where["source"], kind=where["kind"], page=int(where["page"]))
    words = {"states": _states(), "kinds": _kinds(), "names": _names(), "agreements": _agreements(), "reasons": _reasons(), "sayings": _sayings()}
    return render_template("data.html", told=_room().overview(actor()), found=found, **words)


def _where(said: Mapping[str, str]) -> dict[str, str]:
    """Which list, filter and page somebody looks at; nonsense is no list."""
    where = {"state": said.get("state", "open"), "source": said.get("source", ""), "kind": said.get("kind", ""), "page": said.get("page", "1")}
    if where["state"] not in STATES or not (where["page"].isascii() and where["page"].isdecimal() and len(where["page"]) < _LONGEST_PAGE):
        raise BadRequest
    return where


@bp.post("/data/cases/<case>")
def decide(case: str) -> Response:
    """Decide a case and come back to the list."""
    said = request.form.get("verdict", "")
    choice = said.removeprefix("same-")
    if said not in {"apart", "undo"} and not (choice != said and choice.isdecimal()):
        raise BadRequest
    try:
        if choice != said:
            _room().decide(actor(), case, "same", int(choice))
        else:
            _room().decide(actor(), case, cast("Literal['apart', 'undo']", said), 0)
    except IngestError as error:
        raise NotFound from error
    back: dict[str, Any] = {name: value for name, value in _where(request.form).items() if value}
    return redirect(url_for("data.show", **back, _anchor="cases"))


def _sayings() -> dict[str, str]:
    """What a load warned of, in words; what it is about follows."""
    return {
        "gone": _("A file that was there at the last load is gone; its rows are no longer in the warehouse:"), "left_out": _("A column is not mapped and was left out:"),
        "columns_new": _("New columns since the last load; look whether the mapping still says what they are:"),
        "columns_gone": _("Columns are gone since the last load; look whether the mapping still says what is left:"),
        "columns_both": _("Columns came and went since the last load, in this order; look whether the mapping still says what they are:"),
    }  # fmt: skip


def _kinds() -> dict[str, str]:
    return {"row": _("whose rows"), "record": _("one person twice"), "merged": _("taken for one")}


def _states() -> dict[str, str]:
    return {"open": _("To decide"), "merged": _("Merged automatically"), "decided": _("Decided")}


def _names() -> dict[str, str]:
    """What the lines of a description are called; a line without a name here is shown by its own."""
    return {
        "name": _("Person’s name"), "place": _("Hospital"), "specialty": _("Specialty"), "title": _("Title"), "crm_id": _("CRM number"), "license": _("Licence"),
        "unionid": _("WeChat id"), "email": _("E-mail"), "mobile": _("Mobile"),
    }  # fmt: skip


def _agreements() -> dict[str, str]:
    return {"same": _("the same"), "same sound": _("sounds the same"), "close": _("one slip apart"), "former": _("worked there before"), "differs": _("differs"), "unknown": "—"}


def _reasons() -> dict[str, str]:
    """Why rows were held back, in words; a reason without words here (a column's own) is shown by its name."""
    return {
        "no_usable_identifier": _("no valid identifier"), "unknown_person": _("a person the register doesn’t have"), "shared_identifier": _("a number that several people use"),
        "conflicting_identifiers": _("identifiers of two people"), "unlinked_name": _("a name that isn’t surely one person’s"), "broken_row": _("too many or too few cells"),
        "erased_on_request": _("erased at the person’s request"), "no_anchor_row": _("events without their beginning"),
    }  # fmt: skip
