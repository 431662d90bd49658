"""`/persons/rights`: a person's own rights. What is held, correcting, withdrawing, erasing. Who is meant travels in the body of a form, never in an address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from governance.errors import InvalidQuery
from governance.terms import Actor
from wenshu.desk import NotPermitted
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.persons import field_names, in_words, no_trace, purpose_names, rooms
from wenshu.web.ports.rooms import SubjectsPort
from wenshu.web.problems import bad_request
from wenshu.web.security import actor

if TYPE_CHECKING:
    from wenshu.subject_room import Done, Subject

bp = Blueprint("rights", __name__)
KINDS = ("mobile", "email", "license", "unionid", "crm_id", "employee")
FORMS = ("json", "html", "pdf")


def _room() -> SubjectsPort:
    return service().subjects


def _check(who: Actor) -> None:
    if not _room().may(who):
        raise NotPermitted


@bp.get("/persons/rights")
def show() -> Response:
    """The form: who, which case, which right."""
    _check(actor())
    return _form()


@bp.post("/persons/rights")
def act() -> AnyResponse:
    """Do it. Erasing is shown first and done when it is confirmed."""
    who = actor()
    _check(who)
    said = {name: request.form.get(name, "").strip() for name in ("who", "kind", "pseudonym", "case", "act", "lines", "channel", "confirm", "form")}
    said["purposes"] = ",".join(request.form.getlist("purposes"))
    try:
        return _answer(_done(who, said), said)
    except InvalidQuery as error:
        return _form(problem=in_words(error), said=said, status=400)


def _done(who: Actor, said: Mapping[str, str]) -> Done:
    subject, case, room = _subject(said), said["case"], _room()
    match said["act"]:
        case "access":
            return room.access(who, subject, case=case)
        case "correct":
            return room.correct(who, subject, _corrections(said["lines"]), case=case)
        case "withdraw":
            purposes = [name for name in said["purposes"].split(",") if name]
            return room.withdraw(who, subject, purposes, channel=said["channel"] or None, case=case)
        case "erase":
            return room.erase(who, subject, case=case, dry_run=said["confirm"] != "erase")
        case _:
            raise bad_request(_("Choose what to do."))


def _subject(said: Mapping[str, str]) -> Subject:
    from wenshu.subject_room import Subject

    if said["pseudonym"]:
        return Subject(pseudonym=said["pseudonym"])
    if not said["who"]:
        raise InvalidQuery(_("Say who is meant: a mobile number, an e-mail address, a licence number, a WeChat id or a CRM number."))
    return Subject(text=said["who"], kind=said["kind"] if said["kind"] in KINDS else None)


def _corrections(lines: str) -> dict[str, str]:
    values = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not value.strip():
            raise InvalidQuery(_("Each line is a correction written field=value, such as title=主任医师."))
        values[name.strip()] = value.strip()
    return values


def _answer(done: Done, said: Mapping[str, str]) -> Response:
    if done.refusal is not None:
        return _form(refusal=done.refusal, said=said, status=403)
    document = done.to_json()
    if document["status"] == "held" and said["form"] in FORMS:
        return _copy(document, said["form"])
    page = render_template(
        "persons/done.html", told=document, said=said, fields=field_names(), names=purpose_names(), room="rights", rooms=rooms(actor()),
        acts={"granted": _("granted"), "withdrawn": _("withdrawn")},
    )  # fmt: skip
    return no_trace(page)


def _copy(document: Mapping[str, Any], form: str) -> Response:
    """The copy to hand over; its name says the case, nothing of the person."""
    from wenshu.subject_print import as_html, as_pdf

    if form == "json":
        return _file((json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode(), "application/json", "subject.json")
    if form == "html":
        return _file(as_html(document).encode(), "text/html; charset=utf-8", "subject.html")
    return _file(as_pdf(document), "application/pdf", "subject.pdf")


def _file(data: bytes, kind: str, name: str) -> Response:
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _form(*, problem: str | None = None, refusal: object = None, said: Mapping[str, str] | None = None, status: int = 200) -> Response:
    page = render_template(
        "persons/rights.html", kinds=[(kind, field_names()[kind]) for kind in KINDS], problem=problem, refusal=refusal,
        # Who was meant is not written back into a page.
        said={name: value for name, value in (said or {}).items() if name not in {"who", "lines"}},
        purposes=[(item["id"], item["label"]) for item in _room().purposes()], channels=_room().channels(), room="rights", rooms=rooms(actor()),
    )  # fmt: skip
    return no_trace(page, status)
