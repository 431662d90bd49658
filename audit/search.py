"""Reading the ledger: filters, pages, counts, single events, proofs.

Plain read-only SQLite connections rather than SQLAlchemy: verification and search must start at once and run on a copy of the
file alone. Each call reads one snapshot over a connection of its own, so a `Reader` may be shared by threads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from audit.causes import HELP
from audit.errors import AuditUnavailable, NotFound
from audit.events import INTENT, OUTCOME, format_time
from audit.merkle import consistency_proof, inclusion_proof
from audit.notes import Checkpoint
from audit.proofs import GrowthProof, InclusionProof
from audit.reading import connect, read_node, snapshot

PAGE_LIMIT = 1000
"""Most events in one page."""

Column = Literal["type", "actor", "role", "department", "purpose", "decision", "outcome", "code", "day"]
"""What events can be counted by; `metric` has a method of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events are meant: every condition given must hold; within one, any of its values.

    `text` is looked for, letter by letter and without regard to ASCII case, in the stored line; several words must all occur.
    `since` and `until` are aware instants, half-open. An empty filter means every event.
    """

    type: Sequence[str] = ()
    request: Sequence[str] = ()
    actor: Sequence[str] = ()
    role: Sequence[str] = ()
    department: Sequence[str] = ()
    purpose: Sequence[str] = ()
    decision: Sequence[str] = ()
    outcome: Sequence[str] = ()
    code: Sequence[str] = ()
    day: Sequence[str] = ()
    metric: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


COLUMNS = ("type", "request", "actor", "role", "department", "purpose", "decision", "outcome", "code", "day")
assert {field.name for field in fields(Filter)} == {*COLUMNS, "metric", "since", "until", "text"}  # noqa: S101


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it is stored: its number and its line."""

    index: int
    line: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The line's members."""
        found: dict[str, Any] = json.loads(self.line)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events in order, and the number to continue after (None at the end)."""

    events: tuple[StoredEvent, ...]
    after: int | None


class Reader:
    """Reads the ledger's file; never writes. Every method raises `AuditUnavailable` if the file can't be read."""

    def __init__(self, path: Path) -> None:
        """Read the database at `path`; opened anew by every call."""
        self._path = path

    def search(
        self, wanted: Filter | None = None, *, after: int | None = None, limit: int = 50, newest_first: bool = True
    ) -> Page:
        """A page of the events meant; `after` is the previous page's."""
        where, values = _conditions(wanted or Filter())
        limit = max(1, min(limit, PAGE_LIMIT))
        if after is not None:
            where.append("i.idx < ?" if newest_first else "i.idx > ?")
            values.append(after)
        order = "DESC" if newest_first else "ASC"
        statement = f"SELECT i.idx, CAST(e.body AS BLOB) {_from(where)} ORDER BY i.idx {order} LIMIT ?"
        with self._reading() as connection:
            rows = connection.execute(statement, [*values, limit + 1]).fetchall()
        events = tuple(StoredEvent(index=number, line=line) for number, line in rows[:limit])
        return Page(events=events, after=events[-1].index if len(rows) > limit else None)

    def count(self, wanted: Filter | None = None) -> int:
        """How many events are meant."""
        where, values = _conditions(wanted or Filter())
        with self._reading() as connection:
            return int(connection.execute(f"SELECT count(*) {_from(where)}", values).fetchone()[0])

    def count_by(self, column: Column, wanted: Filter | None = None) -> list[tuple[str | None, int]]:
        """The column's values among the events meant, with their numbers, most frequent first."""
        if column not in COLUMNS:
            raise ValueError(f"events are not counted by {column!r}")
        where, values = _conditions(wanted or Filter())
        statement = f"SELECT i.{column}, count(*) AS n {_from(where)} GROUP BY 1 ORDER BY n DESC, 1"
        with self._reading() as connection:
            return connection.execute(statement, values).fetchall()

    def count_by_metric(self, wanted: Filter | None = None) -> list[tuple[str, int]]:
        """The metrics named in the events meant, with the number of events that name each, most frequent first."""
        where, values = _conditions(wanted or Filter())
        source = _from(where).replace(
            "FROM event_index i", "FROM event_index i JOIN event_metric m ON m.idx = i.idx", 1
        )
        with self._reading() as connection:
            return connection.execute(
                f"SELECT m.metric, count(*) AS n {source} GROUP BY 1 ORDER BY n DESC, 1", values
            ).fetchall()

    def event(self, event_id: str) -> StoredEvent:
        """The event with that id; raises `NotFound`."""
        with self._reading() as connection:
            return _event(connection, event_id)

    def orphans(self, before: datetime) -> list[StoredEvent]:
        """Intents recorded before that instant which no outcome followed, oldest first."""
        statement = (
            "SELECT i.idx, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx"
            " WHERE i.type = ? AND i.time < ? AND NOT EXISTS"
            " (SELECT 1 FROM event_index o WHERE o.request = i.request AND o.type = ? AND o.idx > i.idx) ORDER BY i.idx"
        )
        with self._reading() as connection:
            rows = connection.execute(statement, (INTENT, format_time(before), OUTCOME)).fetchall()
        return [StoredEvent(index=number, line=line) for number, line in rows]

    def head(self) -> str:
        """The newest signed checkpoint (a C2SP note)."""
        with self._reading() as connection:
            return _head(connection)

    def proof(self, event_id: str) -> InclusionProof:
        """The proof that the event is in the ledger, against the newest checkpoint; raises `NotFound`."""
        with self._reading() as connection:
            note = _head(connection)
            event = _event(connection, event_id)
            path = inclusion_proof(event.index, _size(note), partial(read_node, connection))
        return InclusionProof(line=event.line, index=event.index, path=tuple(path), checkpoint=note)

    def growth(self, old: int) -> GrowthProof:
        """The proof that the newest tree extends the one of `old` events; raises `InvalidProof` if `old` is out of range."""
        with self._reading() as connection:
            note = _head(connection)
            path = consistency_proof(old, _size(note), partial(read_node, connection))
        return GrowthProof(old=old, path=tuple(path), checkpoint=note)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(connect(self._path)) as connection, snapshot(connection):
            yield connection


def _head(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT note FROM head").fetchone()
    if row is None:
        raise AuditUnavailable("corrupt", HELP["corrupt"])
    return str(row[0])


def _size(note: str) -> int:
    return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n").size


def _event(connection: sqlite3.Connection, event_id: str) -> StoredEvent:
    row = connection.execute(
        "SELECT e.idx, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx WHERE i.id = ?",
        (event_id,),
    ).fetchone()
    if row is None:
        raise NotFound("no event has that id; look it up with `wenshu audit search`")
    return StoredEvent(index=row[0], line=row[1])


def _from(where: Sequence[str]) -> str:
    conditions = f" WHERE {' AND '.join(where)}" if where else ""
    return f"FROM event_index i JOIN entry e ON e.idx = i.idx{conditions}"


def _conditions(wanted: Filter) -> tuple[list[str], list[Any]]:
    """SQL conditions and their bound values; names come from `COLUMNS`, never from the caller."""
    where: list[str] = []
    values: list[Any] = []
    for column in COLUMNS:
        if chosen := _several(getattr(wanted, column)):
            where.append(f"i.{column} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    if chosen := _several(wanted.metric):
        where.append(f"i.idx IN (SELECT idx FROM event_metric WHERE metric IN ({', '.join('?' * len(chosen))}))")  # noqa: S608
        values += chosen
    for moment, comparison in ((wanted.since, ">="), (wanted.until, "<")):
        if moment is not None:
            where.append(f"i.time {comparison} ?")
            values.append(format_time(moment))
    for word in wanted.text.split():
        where.append("e.body LIKE ? ESCAPE '\\'")
        literal = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values.append(f"%{literal}%")
    return where, values


def _several(chosen: Sequence[str]) -> list[str]:
    """A single text means itself, not its letters."""
    return [chosen] if isinstance(chosen, str) else list(chosen)
