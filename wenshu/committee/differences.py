"""Two bundles compared in words, and whether the change loosens: from decisions for the rules, and for the rest by what could widen."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from governance.access.comparing import Shift, shifts
from governance.documents.access import AccessDocument, Role
from governance.documents.base import Document
from governance.documents.cases import CasesDocument
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import MetricsDocument
from governance.terms import Text
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words
from wenshu.committee.phrases import field_change, kind_label, shift_words
from wenshu.committee.shapes import ChangeView, DiffView, Direction, Words

COSMETIC = frozenset(
    ["label", "synonyms", "definition", "golden", "caveat", "owner", "approver", "approved_on", "version", "effective_from", "past_versions", "unit", "format", "direction", "default_period", "description"]
)
"""Fields of a metric or dimension that change words and not what may be learned."""
NEUTRAL_FOLDERS = frozenset({"access", "cases", "metrics"})
"""Folders whose effect is worked out exactly; any change of another folder's meaning counts as loosening."""


def differences(before: Candidate, after: Candidate, *, today: dt.date) -> DiffView:
    """Return what differs, in words, with its direction and how many approvals it therefore needs."""
    found = list(_named(before, after))
    compared = list(shifts(before.policy, after.policy, today=today))
    found += _files(before, after)
    direction, because = _direction(found, compared, before, after)
    return {
        "before": before.version,
        "after": after.version,
        "changes": found,
        "direction": direction,
        "because": because,
        "approvals_needed": 2 if direction in ("loosens", "mixed") else 1,
    }


def _direction(found: Sequence[ChangeView], compared: Sequence[Shift], before: Candidate, after: Candidate) -> tuple[Direction, list[Words]]:
    looser = [item for item in compared if item.looser]
    tighter = [item for item in compared if not item.looser]
    roles = {name: role.label.text() for item in (before, after) for name, role in item.policy.roles.items()}
    labels = {name: facts.label for item in (before, after) for name, facts in item.policy.vocabulary.metrics.items()}
    because: list[Words] = [words(text) for text in (*shift_words(looser, roles, labels), *shift_words(tighter, roles, labels))]
    stated: list[Direction] = [item["direction"] for item in found]
    because += [item["text"] for item in found if item["direction"] == "loosens"]
    loosens = bool(looser) or "loosens" in stated
    tightens = bool(tighter) or "tightens" in stated
    if loosens:
        return ("mixed" if tightens else "loosens"), because
    return ("tightens" if tightens else "neutral"), because


# ------------------------------------------------------------------ named objects


def _objects(candidate: Candidate) -> dict[tuple[str, str], Document]:
    bundle, found = candidate.bundle, dict[tuple[str, str], Document]()
    for access in bundle.of("access", AccessDocument):
        found |= {("purpose", item.id): item for item in access.document.purposes}
        found |= {("role", item.id): item for item in access.document.roles}
        found |= {("rule", item.id): item for item in access.document.rules}
    for read in bundle.of("metrics", MetricsDocument):
        found |= {("metric", item.id): item for item in read.document.metrics}
        found |= {("dimension", item.id): item for item in read.document.dimensions}
        found |= {("model", item.name): item for item in read.document.models}
    for cases in bundle.of("cases", CasesDocument):
        found |= {("case", item.id): item for item in cases.document.cases}
        found |= {("person", name): person for name, person in cases.document.people.items()}
    found["settings", bundle.settings.name] = bundle.settings
    return found


def _named(before: Candidate, after: Candidate) -> Iterator[ChangeView]:
    old, new = _objects(before), _objects(after)
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        what, name = key
        label = _label(now if now is not None else was, name)
        kind = kind_label(what)
        if was is None or now is None:
            change, zh, en = ("added", "新增", "added") if was is None else ("removed", "删除", "removed")
            text = Text(zh=f"{zh}{kind.zh}{label.zh}", en=f"{kind.en} {label.en} {en}")
            yield _view(change, what, name, text, (), _added_direction(what, now))
            continue
        fields = [field for field in type(now).model_fields if getattr(was, field) != getattr(now, field)]
        details = [field_change(field, _plain(getattr(was, field)), _plain(getattr(now, field))) for field in fields]
        text = Text(zh=f"修改{kind.zh}{label.zh}", en=f"{kind.en} {label.en} changed")
        yield _view("changed", what, name, text, details, _changed_direction(what, was, now, fields))


def _label(item: Document | None, name: str) -> Text:
    label = getattr(item, "label", None) or getattr(item, "title", None)
    if label is None:
        return Text(zh=f"“{name}”", en=f"“{name}”")
    said = label.text()
    return Text(zh=f"“{said.zh}”（{name}）", en=f"“{said.en}” ({name})")


def _plain(value: Any) -> Any:
    if isinstance(value, Document):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _added_direction(what: str, now: Document | None) -> Direction:
    # What new rules, roles and metrics open is seen by the comparison of decisions; a new table or dimension opens nothing by itself.
    if isinstance(now, Role):
        # But its pages and hours are rights too: it is held against a role of the same name that has none.
        bare = Role(id=now.id, label=now.label, department=now.department)
        fields = [field for field in ("pages", "export", "model_egress", "max_rows", "break_glass_hours") if getattr(now, field) != getattr(bare, field)]
        return _role_direction(bare, now, fields) if fields else "neutral"
    return "loosens" if what == "settings" else "neutral"


def _changed_direction(what: str, was: Document, now: Document, fields: Sequence[str]) -> Direction:
    if what == "role":
        return _role_direction(was, now, fields)
    if what in ("rule", "purpose", "case", "person"):
        return "neutral"
    if what == "settings":
        return "neutral" if set(fields) <= {"title", "contacts"} else "loosens"
    if what == "dimension" and set(fields) - COSMETIC == {"values"}:
        same = {item.value for item in getattr(was, "values")} == {item.value for item in getattr(now, "values")}  # noqa: B009 - a document of another kind to the type checker
        return "neutral" if same else "loosens"
    telling = set(fields) - COSMETIC
    if what == "metric" and telling == {"sensitivity"}:
        return "tightens" if getattr(now, "sensitivity", "") == "sensitive" else "loosens"
    return "loosens" if telling else "neutral"


def _role_direction(was: Document, now: Document, fields: Sequence[str]) -> Direction:
    more_pages = set(getattr(now, "pages", ())) - set(getattr(was, "pages", ()))
    more_rows = getattr(now, "max_rows", 0) > getattr(was, "max_rows", 0)
    rights = {"model_egress", "export"} & set(fields)
    more_rights = any(getattr(now, right, False) for right in rights)
    more_hours = getattr(now, "break_glass_hours", 0) > getattr(was, "break_glass_hours", 0)
    if more_pages or more_rows or more_rights or more_hours or "department" in fields:
        return "loosens"
    return "tightens" if rights or {"pages", "max_rows", "break_glass_hours"} & set(fields) else "neutral"


def _view(change: Any, what: str, name: str, text: Text, details: Sequence[Text], direction: Direction) -> ChangeView:
    return {"change": change, "what": what, "id": name, "text": words(text), "details": [words(item) for item in details], "direction": direction}


# ------------------------------------------------------------------ whole files


def _files(before: Candidate, after: Candidate) -> Iterator[ChangeView]:
    """Yield the files of other kinds that differ: words, extracts, tables, protection settings, notes."""
    guards = [_guards(item) for item in (before, after)]
    for path in dict.fromkeys((*before.tree.files, *after.tree.files)):
        was, now = before.tree.files.get(path), after.tree.files.get(path)
        folder = path.split("/", 1)[0] if "/" in path else ""
        if was == now or folder in NEUTRAL_FOLDERS or path == "bundle.yaml":
            continue
        direction: Direction = "loosens"
        if path.endswith(".md") or (folder == "lexicon" and guards[0] == guards[1]):
            direction = "neutral"
        change = "added" if was is None else "removed" if now is None else "changed"
        verb = {"added": ("新增", "added"), "removed": ("删除", "removed"), "changed": ("修改", "changed")}[change]
        kind = kind_label(folder or "file")
        text = Text(zh=f"{verb[0]}{kind.zh} {path}", en=f"{kind.en} {path} {verb[1]}")
        details = [_lines(was or b"", now or b"")]
        yield _view(change, folder or "file", path, text, details, direction)


def _guards(candidate: Candidate) -> str:
    found = [item.model_dump_json() for read in candidate.bundle.of("lexicon", LexiconDocument) for item in read.document.guard]
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def _lines(was: bytes, now: bytes) -> Text:
    old, new = was.decode(errors="replace").splitlines(), now.decode(errors="replace").splitlines()
    gone, come = len(set(old) - set(new)), len(set(new) - set(old))
    return Text(zh=f"{come} 行新，{gone} 行删", en=f"{come} new lines, {gone} gone")
