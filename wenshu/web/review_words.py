"""What the review pages call things: labels of the reader's language for ids, and the ids for what a reviewer typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wenshu.desk.findings.rules import RULES
from wenshu.desk.signing import MEANINGS
from wenshu.web import ledger_words
from wenshu.web.api import FILTERS
from wenshu.web.context import service
from wenshu.web.language import say
from wenshu.web.language import translate as _


def facet_value(name: str, value: str | None) -> str:
    """Return what a filter's value is called in the reader's language; its id where it has no label."""
    known = ledger_words.facet_value(name, value or "")
    return known if known != value else say(service().desk.labels.text(name, value))


def in_field(name: str, value: str | None) -> str:
    """Return how a filter's value stands in a form: the label where it leads back to the same ids, else the ids."""
    if not value:
        return ""
    label = facet_value(name, value)
    return label if service().desk.labels.resolve(name, label) == value else value


def chip(name: str, value: str) -> str:
    """Return what a filter's values are called, one after the other."""
    if name in {"since", "until", "text"}:
        return value
    return _(", ").join(facet_value(name, part) for part in value.split(",") if part)


def choices(name: str) -> list[tuple[str, str]]:
    """Return the known ids of a filter with their labels, for a list to choose from."""
    return sorted(((say(text), value) for value, text in service().desk.labels.tables().get(name, {}).items()), key=lambda pair: pair[0].casefold())


def meant(filters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters with the ids of whatever label stands in them."""
    labels = service().desk.labels
    return {name: labels.resolve(name, value) for name, value in filters.items()}


def given(values: Mapping[str, str]) -> dict[str, str]:
    """Read the filters of a form or an address, by id or by label."""
    return meant({name: value for name in FILTERS if (value := values.get(name, "").strip())})


def said_name(name: str) -> str:
    """Return what a particular of an act is called."""
    known = {"form": _("as a file"), "to": _("up to event"), "meaning": _("meaning"), "finding": _("finding"), "verdict": _("verdict"), "day": _("day")}
    return known.get(name) or ledger_words.facet_name(name)


def said_value(name: str, value: str) -> str:
    """Return a particular of an act in the reader's language."""
    if name == "meaning" and value in MEANINGS:
        return say(MEANINGS[value])
    if name == "rule" and value in RULES:
        return say(RULES[value][0])
    if name == "verdict":
        return {"confirmed": _("misuse confirmed"), "explained": _("has a good reason"), "false_alarm": _("false alarm")}.get(value, value)
    return value if name in {"to", "form", "finding", "day"} else chip(name, value)


def words() -> dict[str, Any]:
    """What the templates of the review pages call."""
    return {"facet_value": facet_value, "in_field": in_field, "choices": choices, "chip": chip, "said_name": said_name, "said_value": said_value}
