"""Is a row of the search index what its line says? Answered without reading any JSON: head and tail of the line follow from the row.

Most of a row are few values that come again and again: what they make of a line is put together once and remembered.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from audit import frame
from audit.errors import InvalidEvent
from audit.events import INTENT, OUTCOME, Facets, facets_of, local_day
from audit.records import RECORD

USUAL = (
    "day", "type", "surface", "actor", "case", "classes", "code", "decision", "department", "metrics", "outcome", "purpose", "role", "rule",
)  # fmt: skip
"""Columns of which few values come again and again; a row gives them together, as one JSON array or as a tuple."""


class Row(NamedTuple):
    """A line beside its row of the index; all but `body` are None where the index has none."""

    body: bytes
    usual: bytes | tuple[str | None, ...]
    """The columns of `USUAL`."""
    place: bytes | None
    """`<id>","index":<number>`, as it stands in the line."""
    time: bytes
    request: bytes
    """This and the next two as JSON; null where they are absent."""
    question: bytes
    session: bytes


class Usual(NamedTuple):
    """What the usual columns make of a line of version 2."""

    head: bytes
    before_question: bytes
    before_request: bytes
    before_session: bytes
    before_time: bytes
    after_session: bytes
    end: bytes
    day: str
    kind: str
    """`intent`, `answered` (an outcome), `outcome`, `ledger.pruned`, or nothing that matters here."""


class Known(dict[Any, Usual]):
    """Remembers by the usual columns; raises `ValueError` or `TypeError` for such as no row of ours holds."""

    def __missing__(self, usual: bytes | tuple[str | None, ...]) -> Usual:
        if len(self) >= REMEMBERED:
            self.clear()
        day, kind, surface, actor, case, classes, code, decision, department, metrics, outcome, purpose, role, rule = (
            usual if isinstance(usual, tuple) else _read(usual)
        )
        asked = frame.asked((metrics, outcome, purpose)).encode()
        ruled = frame.ruled((role, rule)).encode()
        told = frame.member("surface", surface).encode() + b',"time":"'
        made = self[usual] = Usual(
            head=frame.head((actor, case, classes, code, decision, department)),
            before_question=asked + b',"question":',
            before_request=asked + b',"request":',
            before_session=ruled + b',"session":',
            before_time=ruled + told,
            after_session=told,
            end=f'","type":"{kind}","v":2}}'.encode(),
            day=str(day),
            kind=meaning(str(kind), outcome),
        )
        return made


def _read(usual: bytes) -> list[str | None]:
    found: list[str | None] = json.loads(usual)
    return found


REMEMBERED = 65_536


def meaning(kind: str, outcome: str | None) -> str:
    """What of an entry's type matters to verification; see `Usual.kind`."""
    if kind == OUTCOME:
        return ANSWERED if outcome == ANSWERED else OUTCOME
    return kind if kind in {INTENT, RECORD} else ""


ANSWERED = "answered"


class Days(dict[bytes, str]):
    """The local day of a minute."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, minute: bytes) -> str:
        self[minute] = day = local_day(minute.decode("ascii"), self._zone)
        return day


def same_slowly(number: int, body: bytes, columns: dict[str, Any], zone: ZoneInfo) -> bool:
    """Whether the index's columns are those of a line of version 1, whose searchable members stand in its detail."""
    try:
        found = json.loads(body)
        if not isinstance(found, dict) or found.get("v") != 1:
            return False
        facets = facets_of(found, zone)
    except (ValueError, InvalidEvent):
        return False
    return facets == Facets(**columns | {"number": number})
