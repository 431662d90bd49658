"""The fields of a form as they were sent, read into the values of the bundle's text."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import yaml
from werkzeug.datastructures import MultiDict

from governance.documents.reading import harmless
from wenshu.committee.splicing import flow
from wenshu.web.committee_objects import Field
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request

Form = MultiDict[str, str]
ROWS = 6
GOLDEN_BLANK = 2
"""Empty lines for further golden questions."""
_SELECTION = ("names", "stages", "tags", "without", "without_tags")


def read(form: Form, wanted: Sequence[Field], now: dict[str, Any]) -> dict[str, Any]:
    """Return the values that the form says, by key; None where a field is left empty. `now`: the thing as it is, for what a form does not show."""
    return {field.key: _value(form, field, field.of_thing(now)) for field in wanted if f"has-{field.key}" in form}


def _value(form: Form, field: Field, now: Any) -> Any:
    key = field.key
    match field.kind:
        case "line" | "choice":
            said = form.get(key, "").strip()
            # A value that is a number in the text (an hour) stays one when nobody touched it.
            return now if now is not None and said == str(now) else said or None
        case "decimal":
            return _decimal(form.get(key, ""), field, now)
        case "words":
            return _words({language: " ".join(form.get(f"{key}-{language}", "").split()) for language in ("zh", "en")}, now)
        case "lines":
            found = {language: [line.strip() for line in form.get(f"{key}-{language}", "").splitlines() if line.strip()] for language in ("zh", "en")}
            if isinstance(now, list):
                return now if found == {"zh": now, "en": []} else found
            kept = {language: lines for language, lines in found.items() if lines}
            return kept or None
        case "number":
            return _number(form.get(key, ""), field)
        case "date":
            return _date(form.get(key, ""), field)
        case "many":
            chosen = form.getlist(key)
            # The order of the text is kept: the first purpose is the default.
            before = [item for item in now or () if item in chosen]
            found_all = before + [item for item in dict.fromkeys(chosen) if item not in before]
            first = form.get(f"{key}-first")
            if first in found_all:
                found_all = [first, *(item for item in found_all if item != first)]
            return found_all or None
        case "flag":
            value = key in form
            return None if value == field.default and now is None else value
        case "group":
            k = _number(form.get(f"{key}-k", ""), field)
            entity = form.get(f"{key}-entity", "").strip()
            return None if k is None else {"entity": entity, "k": k}
        case "right":
            return {"yes": True, "no": False}.get(form.get(key, ""))
        case "masks":
            return _masks(form, key)
        case "selection":
            return _selection(form, key, now if isinstance(now, dict) else {})
        case "golden":
            return golden(form, key, now)
        case _:
            return _rows(form, key, now)


def _words(found: dict[str, str], now: Any) -> Any:
    if not any(found.values()):
        return None
    if isinstance(now, str) and found == {"zh": now, "en": now}:
        return now
    if not all(found.values()):
        raise bad_request(_("A text is needed in Chinese and in English."))
    return found


def _number(said: str, field: Field) -> int | None:
    said = said.strip()
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or len(said) > 9:
        raise bad_request(_("“%(field)s” is a whole number, as in 20.", field=field.label))
    return int(said)


def _decimal(said: str, field: Field, now: Any) -> float | int | None:
    said = said.strip()
    if not said or said == str(now):
        return now if said else None
    try:
        found = float(said)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise bad_request(_("“%(field)s” is a number, as in 0.5.", field=field.label))
    return int(found) if found.is_integer() else found


def _date(said: str, field: Field) -> dt.date | None:
    said = said.strip()
    try:
        return dt.date.fromisoformat(said) if said else None
    except ValueError:
        raise bad_request(_("“%(field)s” is a day, as in 2026-12-01.", field=field.label)) from None


def _selection(form: Form, key: str, now: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {"all": True} if f"{key}-all" in form else {}
    for part in _SELECTION:
        sent = dict.fromkeys(item for item in form.getlist(f"{key}-{part}") if item)
        # What the text has already keeps its order there: an untouched form changes nothing.
        chosen = [item for item in now.get(part) or () if item in sent]
        chosen += [item for item in sent if item not in chosen]
        if chosen and not (found.get("all") and part in ("names", "stages", "tags")):
            found[part] = chosen
    return found or None


def golden(form: Form, key: str, now: Any) -> list[dict[str, Any]] | None:
    """Return the questions of a metric: words, and the query approved with them; `query` None where the words are to be read for it."""
    before = [item for item in now or () if isinstance(item, dict)]
    found: list[dict[str, Any]] = []
    for number in asked_rows(form, key):
        kept = before[number] if number < len(before) else {}
        ask, query = (" ".join(form.get(f"{key}-{number}-{part}", "").split()) for part in ("ask", "query"))
        wanted = kept.get("query") if query and kept and query == flow(kept.get("query")) else _query(query, ask)
        found.append(kept | {"ask": ask, "query": wanted})
    return found or None


def asked_rows(form: Form, key: str) -> list[int]:
    """Return the numbers of the lines in which a question stands."""
    found = (name.removeprefix(f"{key}-").removesuffix("-ask") for name in form if name.startswith(f"{key}-") and name.endswith("-ask") and form[name].strip())
    return sorted({int(number) for number in found if number.isascii() and number.isdigit() and len(number) < 5})


def _query(said: str, ask: str) -> dict[str, Any] | None:
    if not said:
        return None
    try:
        query = yaml.safe_load(said) if harmless(said) else None
    except (yaml.YAMLError, ValueError):
        query = None
    if not isinstance(query, dict) or not query:
        raise bad_request(_("The query of “%(ask)s” is written as in {metrics: [reach_rate], group_by: [region]}; left empty, it is what the words are read as.", ask=ask))
    return query


def _rows(form: Form, key: str, now: Any) -> list[dict[str, Any]] | None:
    """Row predicates by dimension are fields; those by a link table stay as they stand unless they are unticked."""
    before = [item for item in now or () if isinstance(item, dict)]
    found: list[dict[str, Any]] = []
    for number in range(ROWS):
        kept = before[number] if number < len(before) else {}
        if f"{key}-{number}-keep" in form and "link" in kept:
            found.append(kept)
            continue
        dimension = form.get(f"{key}-{number}-dimension", "")
        said = form.get(f"{key}-{number}-values", "").replace("，", ",").replace("、", ",")
        values = [item.strip() for item in said.split(",") if item.strip()]
        if dimension and values:
            found.append({"dimension": dimension} | {name: item for name, item in kept.items() if name not in ("dimension", "values")} | {"values": values})
        elif dimension:
            raise bad_request(_("A row limit needs values, as in 华东 or $actor.region."))
    return found + before[ROWS:] or None


def _masks(form: Form, key: str) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = []
    for number in range(ROWS):
        dimension, to = form.get(f"{key}-{number}-dimension", ""), form.get(f"{key}-{number}-to", "")
        if dimension:
            found.append({"dimension": dimension, "to": to} if to else {"dimension": dimension, "hide": True})
    return found or None
