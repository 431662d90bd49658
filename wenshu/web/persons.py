"""`/persons`: who is behind a pseudonym, under two persons' control. A request, its approval by somebody else, and one showing that is kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from governance.errors import InvalidQuery
from governance.terms import Actor
from wenshu.desk import NotPermitted
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.ports.rooms import PersonsPort
from wenshu.web.problems import bad_request
from wenshu.web.security import actor

if TYPE_CHECKING:
    from wenshu.persons_room import Told

bp = Blueprint("persons", __name__)


def _room() -> PersonsPort:
    return service().persons


def open_to(who: Actor) -> bool:
    """Whether somebody may ask who is behind a pseudonym, or approves that others are told."""
    room = _room()
    return room.may_approve(who) or bool(room.purposes(who))


def _check(who: Actor) -> None:
    if not open_to(who):
        raise NotPermitted


@bp.get("/persons")
def show() -> Response:
    """The requests that the reader may see, and the form for a new one."""
    _check(actor())
    return _page()


@bp.post("/persons")
def ask() -> AnyResponse:
    """Make a request; somebody else has to approve it."""
    who = actor()
    _check(who)
    said = {name: request.form.get(name, "").strip() for name in ("pseudonym", "case", "purpose")}
    try:
        told = _room().request(who, said["pseudonym"], case=said["case"], purpose=said["purpose"])
    except InvalidQuery as error:
        return _page(problem=in_words(error), said=said, status=400)
    return _page(refusal=told, said=said, status=403) if told.refusal is not None else redirect(url_for("persons.show"), 303)


@bp.post("/persons/<request_id>")
def act(request_id: str) -> AnyResponse:
    """Approve, deny, or be shown the answer once."""
    who = actor()
    _check(who)
    match request.form.get("act"):
        case "approve" | "deny" as verdict:
            told = _room().decide(who, request_id, approved=verdict == "approve")
        case "reveal":
            told = _room().reveal(who, request_id, unmasked=request.form.get("unmasked") == "yes")
        case _:
            raise bad_request(_("Choose what to do with the request."))
    if told.refusal is not None:
        return _page(refusal=told, status=403)
    if told.identity is None:
        return redirect(url_for("persons.show"), 303)
    return no_trace(render_template("persons/revealed.html", told=told, fields=field_names(), room="requests", rooms=rooms(who)))


def _page(*, problem: str | None = None, refusal: Told | None = None, said: Mapping[str, str] | None = None, status: int = 200) -> Response:
    who, room = actor(), _room()
    labels = {item["id"]: item["label"] for item in service().purposes(who)}
    purposes = [(name, labels.get(name, name)) for name in room.purposes(who)]
    page = render_template(
        "persons/requests.html",
        purposes=purposes,
        found=room.requests(who),
        approves=room.may_approve(who),
        me=who.id,
        problem=problem,
        refusal=refusal.refusal if refusal is not None else None,
        said=said or {},
        states=_states(),
        names=purpose_names(),
        room="requests",
        rooms=rooms(who),
    )
    return no_trace(page, status)


def no_trace(page: str, status: int = 200) -> Response:
    """A page that no cache keeps and no other page is told of."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def rooms(who: Actor) -> list[tuple[str, str, str]]:
    """The rooms of this place that are open to the reader: id, name, address."""
    found = [("requests", _("Who is it?"), url_for("persons.show"))] if open_to(who) else []
    if service().subjects.may(who):
        found.append(("rights", _("A person’s rights"), url_for("rights.show")))
    return found


def purpose_names() -> dict[str, Any]:
    """What purposes are called; one without a name here is shown by its id."""
    return {item["id"]: item["label"] for item in service().purposes(actor())}


def _states() -> dict[str, str]:
    return {
        "requested": _("waits for approval"), "approved": _("approved, not shown yet"), "denied": _("denied"), "revealed": _("shown, used up"), "expired": _("expired"),
    }  # fmt: skip


def field_names() -> dict[str, str]:
    """What the fields of an identity are called."""
    return {
        "name": _("Person’s name"), "mobile": _("Mobile"), "email": _("E-mail"), "license": _("Licence"), "unionid": _("WeChat id"), "crm_id": _("CRM number"),
        "employee": _("Employee number"),
    }  # fmt: skip


def in_words(error: InvalidQuery) -> str:
    """The fault in the reader's language; one that is not listed here as it was said."""
    text = str(error)
    for beginning, words in (
        ("that is no pseudonym", _("That is no pseudonym: one looks like H1-… and ends in a check character, so a typing error is noticed. Copy it again.")),
        ("nobody stands under", _("Nobody stands under this pseudonym: it is of another home, its key was destroyed, or the person was erased.")),
        ("the case number looks like", _("The case number looks like a person’s identifier, which the ledger must not keep. Give the case’s own number.")),
        ("a case number", _("A case number is needed: letters, digits, dots, dashes and slashes, no names.")),
        ("there is no re-identification", _("There is no such request.")),
        ("unknown purpose", _("Choose one of the purposes.")),
        ("unknown channel", _("Choose one of the channels.")),
        ("nothing to correct", _("Say at least one correction, one a line: title=主任医师")),
        ("there is no consent to withdraw", _("There is no consent to withdraw. Choose the purposes.")),
    ):
        if text.startswith(beginning):
            return words
    return text
