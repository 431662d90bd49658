"""`/committee/drafts/<draft>/edit`: forms for the usual changes with the text beside, and the text itself for the rest."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wenshu.committee.shapes import DraftSummary, Validation
from wenshu.committee.splicing import add_item, flow, remove_item
from wenshu.web.committee_beginnings import ADDED, WORDED, beginning
from wenshu.web.committee_doors import catching, install
from wenshu.web.committee_forms import GOLDEN_BLANK, ROWS, asked_rows, read
from wenshu.web.committee_golden import Tried, as_kept, as_sent, lacking, lines
from wenshu.web.committee_objects import LISTS, Thing, fields, kind_name, things, vocabulary
from wenshu.web.context import service
from wenshu.web.language import say
from wenshu.web.language import translate as _
from wenshu.web.problems import Problem, bad_request, not_found
from wenshu.web.security import actor

bp = Blueprint("editor", __name__, url_prefix="/committee/drafts/<draft>/edit")
install(bp)
NEW = "new"


def _opened(draft: str) -> tuple[DraftSummary, dict[str, str]]:
    line, texts = service().committee.texts(actor(), draft)
    if line is None:
        raise not_found()
    return line, texts


@bp.get("")
def index(draft: str) -> str:
    """Everything that can be changed by a form, by kind, and the files."""
    line, texts = _opened(draft)
    groups = {kind: [thing for thing in things(texts) if thing.kind == kind] for kind in LISTS}
    return render_template("committee/edit.html", draft=line, groups=groups, kind_name=kind_name, paths=sorted(texts), added=ADDED, worded=WORDED)


# ---------------------------------------------------------------------- forms


def _found(texts: dict[str, str], kind: str, name: str) -> Thing:
    if kind not in LISTS:
        raise not_found()
    thing = next((item for item in things(texts) if item.kind == kind and item.id == name), None)
    if thing is None:
        raise not_found()
    return thing


@bp.get("/form/<kind>/<name>")
def form(draft: str, kind: str, name: str) -> str:
    """The fields of one thing, and its text."""
    line, texts = _opened(draft)
    return _form_page(line, texts, _found(texts, kind, name))


def _form_page(line: DraftSummary, texts: dict[str, str], thing: Thing, *, problem: Problem | None = None, tried: Tried | None = None) -> str:
    words = vocabulary(texts)
    checked = service().committee.validate(actor(), line["id"], thing.path, tried.text) if tried else service().committee.validate(actor(), line["id"])
    tried = tried or as_kept(line["id"], texts[thing.path], thing)
    return render_template(
        "committee/form.html", draft=line, thing=thing, fields=fields(thing.kind, thing.value), words=words, rows=range(ROWS), kind_name=kind_name, problem=problem, added=ADDED,
        lines=_snippet(texts[thing.path], thing, _marks(checked, thing.path)), validation=checked,
        golden={"lines": lines(tried), "lacking": lacking(tried), "blank": GOLDEN_BLANK}, flow=flow,
    )


@bp.post("/form/<kind>/<name>")
def save(draft: str, kind: str, name: str) -> AnyResponse | tuple[str, int] | str:
    """Write the changed fields, show how its golden questions would be read, or take the thing out."""
    line, texts = _opened(draft)
    thing = _found(texts, kind, name)
    tried: Tried | None = None
    with catching() as caught:
        if request.form.get("act") == "remove":
            text = remove_item(texts[thing.path], thing.listed, thing.place)
        else:
            tried = as_sent(draft, texts[thing.path], thing, read(request.form, fields(kind, thing.value), dict(thing.value)))
            if request.form.get("act") == "try":
                return _form_page(line, texts | {thing.path: tried.text}, _found({thing.path: tried.text}, kind, name), tried=tried)
            tried.settle()
            text = tried.text
        service().committee.write(actor(), draft, thing.path, text, expected=request.form.get("version", ""))
        if request.form.get("act") == "remove":
            return redirect(url_for("editor.index", draft=draft, _anchor=kind), 303)
        return redirect(url_for("editor.form", draft=draft, kind=kind, name=name, saved=1), 303)
    if caught.problem is None:
        raise not_found()
    if tried is not None:
        # What was typed stays to be mended.
        texts, thing = texts | {thing.path: tried.text}, _found({thing.path: tried.text}, kind, name)
    return _form_page(line, texts, thing, problem=caught.problem, tried=tried), caught.problem.status


@bp.post("/form/<kind>/<name>/preview")
def preview(draft: str, kind: str, name: str) -> Response:
    """The thing's text as these fields would make it, and what would be wrong then. Nothing is kept."""
    line, texts = _opened(draft)
    thing = _found(texts, kind, name)
    with catching() as caught:
        tried = as_sent(draft, texts[thing.path], thing, read(request.form, fields(kind, thing.value), dict(thing.value)))
        text, after = tried.text, _found({thing.path: tried.text}, kind, name)
        checked = service().committee.validate(actor(), line["id"], thing.path, text)
        golden = {"rows": asked_rows(request.form, "golden"), "read": lines(tried), "lacking": lacking(tried)} if tried.questions else None
        return jsonify({"lines": _snippet(text, after, _marks(checked, thing.path), texts[thing.path]), "golden": golden, **_verdict(checked)})
    return jsonify({"problem": caught.problem.detail if caught.problem else ""})


@bp.post("/new")
def add(draft: str) -> AnyResponse:
    """Add a rule, a purpose, a term or words that say the least, then show their form."""
    line, texts = _opened(draft)
    kind, name = request.form.get("kind", ""), request.form.get("id", "").strip()
    if kind not in ADDED or not name:
        raise bad_request(_("Give the new one an identifier of small letters, digits and underscores."))
    if any(thing.kind == kind and thing.id == name for thing in things(texts)):
        raise bad_request(_("There is one of that identifier already."))
    folder, listed = LISTS[kind]
    path = next((thing.path for thing in things(texts) if thing.kind == kind), f"{folder}/{listed}.yaml")
    said = add_item(texts.get(path, ""), listed, beginning(kind, name, vocabulary(texts)))
    service().committee.write(actor(), draft, path, said, expected=request.form.get("version", line["version"]))
    added = [thing for thing in things({path: said}) if thing.kind == kind][-1]
    return redirect(url_for("editor.form", draft=draft, kind=kind, name=added.id), 303)


# ---------------------------------------------------------------------- text


@bp.get("/text")
def text(draft: str) -> str:
    """One file's text."""
    line, texts = _opened(draft)
    path = request.args.get("path", "")
    if path not in texts:
        raise not_found()
    return _text_page(line, path, texts[path])


def _text_page(line: DraftSummary, path: str, said: str, *, problem: Problem | None = None, checked: Validation | None = None) -> str:
    checked = checked or service().committee.validate(actor(), line["id"])
    return render_template("committee/text.html", draft=line, path=path, text=said, validation=checked, marks=_marks(checked, path), problem=problem)


@bp.post("/text")
def write(draft: str) -> AnyResponse | tuple[str, int] | str:
    """Check a file's text, or keep it."""
    line, _texts = _opened(draft)
    path, said = request.form.get("path", ""), request.form.get("text", "").replace("\r\n", "\n")
    if request.form.get("act") == "check":
        return _text_page(line, path, said, checked=service().committee.validate(actor(), draft, path, said))
    with catching() as caught:
        service().committee.write(actor(), draft, path, said, expected=request.form.get("version", ""))
        return redirect(url_for("editor.text", draft=draft, path=path, saved=1), 303)
    if caught.problem is None:
        raise not_found()
    return _text_page(line, path, said, problem=caught.problem), caught.problem.status


@bp.post("/text/check")
def check(draft: str) -> Response:
    """What is wrong with a file's text as it is being typed: `{ok, problems, warnings}`; each has its `line` where it is of this file."""
    path, said = request.form.get("path", ""), request.form.get("text", "").replace("\r\n", "\n")
    return jsonify(_verdict(service().committee.validate(actor(), draft, path, said), path))


# ---------------------------------------------------------------------- lines


def _verdict(checked: Validation, path: str = "") -> dict[str, Any]:
    told = {name: [{"where": item["where"], "message": say(item["text"]), "line": _line(item["where"], path)} for item in checked[name]] for name in ("problems", "warnings")}
    return {"ok": checked["ok"], **told}


def _line(where: str, path: str) -> int | None:
    file, _colon, rest = where.partition(":")
    number = rest.partition(":")[0]
    return int(number) if file == path and number.isdigit() else None


def _marks(checked: Validation, path: str) -> dict[int, str]:
    return {number: say(item["text"]) for item in (*checked["warnings"], *checked["problems"]) if (number := _line(item["where"], path)) is not None}


def _snippet(said: str, thing: Thing, marks: dict[int, str], before: str | None = None) -> list[dict[str, Any]]:
    """Return the thing's own lines with their numbers; `new` marks those that the text before did not have."""
    old = set(before.splitlines()) if before is not None else None
    rows = said.splitlines()[thing.first : thing.last + 1]
    while rows and not rows[-1].strip():
        rows.pop()
    return [
        {"number": number, "text": row, "new": old is not None and row not in old, "problem": marks.get(number)} for number, row in enumerate(rows, start=thing.first + 1)
    ]
