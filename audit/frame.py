"""How a stored line of version 2 is put together: a head and a tail of searchable members around the detail.

Canonical JSON sorts members, so all that is searchable stands in two fixed places: before `"detail":` and after it. Given the row of
the search index, head and tail of its line follow byte for byte; that is how a million rows are held against their lines without
reading any JSON. Absent members are null in version 1's ten and left out otherwise. Pieces that few values make up are remembered.
"""

from __future__ import annotations

import json
from functools import lru_cache

from audit.canonical import text

TEXTS = ("outcome", "code", "rule", "case", "surface", "session", "question")
"""Searchable members that are text, where an event has them."""

LISTS = ("classes", "metrics")
"""Searchable members that are lists of texts, where an event has them."""

Text = str | None
REMEMBERED = 4096


@lru_cache(REMEMBERED)
def head(members: tuple[str, Text, Text, Text, Text, Text]) -> bytes:
    """The line up to its detail, from actor, case, classes, code, decision and department."""
    actor, case, classes, code, decision, department = members
    return (
        f'{{"actor":{text(actor)}{member("case", case)}{_listed("classes", classes)}{member("code", code)}'
        f',"decision":{text(decision)},"department":{text(department)},"detail":'
    ).encode()


@lru_cache(REMEMBERED)
def asked(members: tuple[Text, Text, Text]) -> str:
    """Metrics, outcome and purpose."""
    metrics, outcome, purpose = members
    return f'{_listed("metrics", metrics)}{member("outcome", outcome)},"purpose":{text(purpose)}'


@lru_cache(REMEMBERED)
def ruled(members: tuple[Text, Text]) -> str:
    """Role and rule."""
    role, rule = members
    return f',"role":{text(role)}{member("rule", rule)}'


def member(name: str, value: Text) -> str:
    """A member that is left out where it is absent."""
    return "" if value is None else f',"{name}":{text(value)}'


def _listed(name: str, value: Text) -> str:
    """The member of a list that is given as canonical text; raises ValueError if it is anything else.

    A row of the index could otherwise hold the members after its list as part of it, and still give the line byte for byte.
    """
    if value is None:
        return ""
    found = json.loads(value)
    if not isinstance(found, list) or not found or "[" + ",".join(map(_text_only, found)) + "]" != value:
        raise ValueError("not the canonical text of a list of texts")
    return f',"{name}":{value}'


def _text_only(item: object) -> str:
    if not isinstance(item, str):
        raise ValueError("not a text")  # noqa: TRY004 - one error for all that is no such list
    return text(item)
