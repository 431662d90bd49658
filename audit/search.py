"""Reading the ledger: filters, pages, counts, single events, proofs.

Plain read-only connections rather than SQLAlchemy: verification and search must start at once and run on a copy of the
file alone. Each call reads one snapshot over a connection that is its own meanwhile, so a `Reader` may be shared by threads; it keeps
connections and the searchable columns in memory (`audit.columns`), so make one and keep it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, get_args

from audit.causes import HELP
from audit.errors import AuditUnavailable, NotFound
from audit.events import INTENT, LIFTED, OUTCOME, format_time
from audit.merkle import consistency_proof, inclusion_proof
from audit.notes import Checkpoint
from audit.place import Place, Reads
from audit.proofs import GrowthProof, InclusionProof
from audit.reading import Pool, read_node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audit.columns import Columns, Mask, View
    from audit.marks import Marks
    from audit.shredding import PersonKeys

PAGE_LIMIT = 1000
"""Most events in one page."""

Column = Literal[
    "type", "actor", "role", "department", "purpose", "decision", "outcome", "code", "rule", "case", "classes", "metrics",
    "surface", "session", "day",
]  # fmt: skip
"""What events can be counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events are meant: every condition given must hold; within one, any of its values.

    `metric` and `data_class` are looked for among an event's several. `text` is looked for, without regard to case, in the question and
    in the searchable members; several words must all occur. `since` and `until` are aware instants, half-open. An empty filter
    means every event.
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
    rule: Sequence[str] = ()
    case: Sequence[str] = ()
    surface: Sequence[str] = ()
    session: Sequence[str] = ()
    day: Sequence[str] = ()
    metric: Sequence[str] = ()
    data_class: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


COUNTED = "SELECT (SELECT coalesce(max(idx) + 1, 0) FROM entry) - (SELECT coalesce(sum(entries), 0) FROM pruning)"
"""How many events there are; to count them one by one would read the whole index."""

COLUMNS: tuple[Column, ...] = get_args(Column)
FILTERED = {name: name for name in COLUMNS if name not in {"classes", "metrics"}} | {
    "metric": "metrics",
    "data_class": "classes",
}
"""Conditions of a filter that name values, with their columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A stretch of time with its number of events: `start` is a local day (2026-11-15) or a UTC hour (2026-11-15T01Z)."""

    start: str
    total: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it is stored: its number and its line."""

    index: int
    line: bytes
    keys: PersonKeys | None = None
    """With which `told` opens the fields about persons; without them they stay sealed."""

    @property
    def body(self) -> dict[str, Any]:
        """The line's members."""
        found: dict[str, Any] = json.loads(self.line)
        return found

    def told(self) -> dict[str, Any]:
        """The members for a page: the searchable ones that not every event has stand in `detail`, whatever the line's version."""
        found = self.body
        lifted = {name: found.pop(name) for name in LIFTED & found.keys()}
        detail = found.get("detail", {}) | lifted
        return found | {"detail": detail if self.keys is None else self.keys.told(detail)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events in order, and the number to continue after (None at the end)."""

    events: tuple[StoredEvent, ...]
    after: int | None


class Reader:
    """Reads the ledger; never writes. Every method raises `AuditUnavailable` if it can't be read."""

    def __init__(self, path: Place, keys: PersonKeys | None = None) -> None:
        """Read the ledger at `path`; with `keys`, events tell the fields about persons that were sealed."""
        self._connections = Pool(path)
        self._keys = keys
        self._columns: Columns | None = None
        self._marks: Marks | None = None

    def search(
        self, wanted: Filter | None = None, *, after: int | None = None, limit: int = 50, newest_first: bool = True
    ) -> Page:
        """A page of the events meant; `after` is the previous page's."""
        limit = max(1, min(limit, PAGE_LIMIT))
        if wanted is None or wanted == Filter():
            return self._newest(after, limit, newest_first)
        with self._reading() as connection:
            view, mask, _ = self._meant(connection, wanted)
            found = view.index[mask]
            if after is not None:
                found = found[found < after] if newest_first else found[found > after]
            chosen = found[::-1][: limit + 1] if newest_first else found[: limit + 1]
            if not len(chosen):
                return Page(events=(), after=None)
            numbers = [int(number) for number in chosen]
            rows = connection.execute(
                f"SELECT idx, CAST(body AS BLOB) FROM entry WHERE idx IN ({', '.join('?' * len(numbers))})",  # noqa: S608
                numbers,
            ).fetchall()
        lines = dict(rows)
        events = tuple(
            StoredEvent(index=number, line=lines[number], keys=self._keys)
            for number in numbers[:limit]
            if number in lines
        )
        return Page(events=events, after=numbers[limit - 1] if len(numbers) > limit else None)

    def _newest(self, after: int | None, limit: int, newest_first: bool) -> Page:
        """A page of everything, for which no column need be read."""
        order, comparison = ("DESC", "<") if newest_first else ("ASC", ">")
        start = after if after is not None else (2**62 if newest_first else -1)
        statement = (
            "SELECT i.idx, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx"  # noqa: S608 - words of our own
            f" WHERE i.idx {comparison} ? ORDER BY i.idx {order} LIMIT ?"
        )
        with self._reading() as connection:
            rows = connection.execute(statement, (start, limit + 1)).fetchall()
        events = tuple(StoredEvent(index=number, line=line, keys=self._keys) for number, line in rows[:limit])
        return Page(events=events, after=events[-1].index if len(rows) > limit else None)

    def count(self, wanted: Filter | None = None) -> int:
        """How many events are meant."""
        with self._reading() as connection:
            if self._columns is None and (wanted is None or wanted == Filter()):
                return int(connection.execute(COUNTED).fetchone()[0])
            return int(self._meant(connection, wanted)[1].sum())

    def count_by(self, column: Column, wanted: Filter | None = None) -> list[tuple[str | None, int]]:
        """The column's values among the events meant, with their numbers, most frequent first."""
        return self.facets(wanted, [column])[column]

    def facets(
        self, wanted: Filter | None = None, columns: Sequence[Column] = COLUMNS
    ) -> dict[str, list[tuple[str | None, int]]]:
        """For each column its values among the events meant, with their numbers, most frequent first."""
        for column in columns:
            if column not in COLUMNS:
                raise ValueError(f"events are not counted by {column!r}")
        with self._reading() as connection:
            view, mask, marks = self._meant(connection, wanted)
        found: dict[str, list[tuple[str | None, int]]] = {}
        for column in columns:
            places = partial(_places, column)
            width = len(view.values(column)[0])
            found[column] = view.told(column, marks.counts((repr(wanted), column), view, mask, width, places))
        return found

    def timeline(self, wanted: Filter | None = None, unit: Literal["day", "hour"] = "day") -> list[Bucket]:
        """How many of the events meant fall on each local day, or in each UTC hour, that has any; by outcome, too."""
        with self._reading() as connection:
            view, mask, marks = self._meant(connection, wanted)
        outcomes, outcome = view.values("outcome")
        if not mask.any():
            return []
        if unit == "day":
            starts, width = view.values("day")[0], len(outcomes)
            key, places = (repr(wanted), "day", width), partial(_pairs, width)
            counts = marks.counts(key, view, mask, len(starts) * width, places).reshape(-1, width).tolist()
        else:
            starts, place = view.hours(mask)
            counts = view.cross(place, len(starts), outcome[mask], len(outcomes))
        return [
            Bucket(
                start=start,
                total=sum(row),
                outcomes={str(name): n for name, n in zip(outcomes, row, strict=True) if n and name is not None},
            )
            for start, row in sorted(zip(starts, counts, strict=True), key=itemgetter(0))
            if any(row)
        ]

    def count_by_metric(self, wanted: Filter | None = None) -> list[tuple[str | None, int]]:
        """The metrics named in the events meant, with the number of events that name each, most frequent first."""
        return self.count_by("metrics", wanted)

    def warm(self) -> int:
        """Read the searchable columns into memory; returns how many events there are."""
        with self._reading() as connection:
            return len(self._meant(connection, None)[1])

    def _meant(self, connection: Reads, wanted: Filter | None) -> tuple[View, Mask, Marks]:
        from audit.columns import Columns  # numpy takes a moment that a proof or a checkpoint need not wait
        from audit.marks import Marks

        if self._columns is None or self._marks is None:
            self._columns, self._marks = Columns(), Marks()
        view = self._columns.refresh(connection)
        return view, self._marks.mask(repr(wanted), view, partial(_marked, connection, wanted)), self._marks

    def event(self, event_id: str) -> StoredEvent:
        """The event with that id; raises `NotFound`."""
        with self._reading() as connection:
            return replace(_event(connection, event_id), keys=self._keys)

    def orphans(self, before: datetime) -> list[StoredEvent]:
        """Intents recorded before that instant which no outcome followed, oldest first."""
        statement = (
            "SELECT i.idx, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx"
            " WHERE i.type = ? AND i.time < ? AND NOT EXISTS"
            " (SELECT 1 FROM event_index o WHERE o.request = i.request AND o.type = ? AND o.idx > i.idx) ORDER BY i.idx"
        )
        with self._reading() as connection:
            rows = connection.execute(statement, (INTENT, format_time(before), OUTCOME)).fetchall()
        return [StoredEvent(index=number, line=line, keys=self._keys) for number, line in rows]

    def size(self) -> int:
        """How many entries the newest checkpoint covers."""
        return _size(self.head())

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
    def _reading(self) -> Iterator[Reads]:
        with self._connections.snapshot() as connection:
            yield connection


def _places(column: str, view: View) -> NDArray[np.int32]:
    return view.values(column)[1]


def _pairs(width: int, view: View) -> NDArray[np.int64]:
    return view.pairs("day", "outcome", width)


def _marked(connection: Reads, wanted: Filter | None, view: View) -> Mask:
    """The view's events that are meant."""
    mask = view.everything()
    if wanted is None:
        return mask
    for name, column in FILTERED.items():
        if chosen := _several(getattr(wanted, name)):
            mask &= view.one_of(column, chosen)
    if chosen := _several(wanted.request):
        marks = ", ".join("?" * len(chosen))
        rows = connection.execute(f"SELECT idx FROM event_index WHERE request IN ({marks})", chosen).fetchall()  # noqa: S608
        mask &= view.among([number for (number,) in rows])
    mask &= view.within(wanted.since, wanted.until)
    for word in wanted.text.split():
        mask &= view.containing(word)
    return mask


def _head(connection: Reads) -> str:
    row = connection.execute("SELECT note FROM head").fetchone()
    if row is None:
        raise AuditUnavailable("corrupt", HELP["corrupt"])
    return str(row[0])


def _size(note: str) -> int:
    return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n").size


def _event(connection: Reads, event_id: str) -> StoredEvent:
    row = connection.execute(
        "SELECT e.idx, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx WHERE i.id = ?",
        (event_id,),
    ).fetchone()
    if row is None:
        raise NotFound("no event has that id; look it up with `wenshu audit search`")
    return StoredEvent(index=row[0], line=row[1])


def _several(chosen: Sequence[str]) -> list[str]:
    """A single text means itself, not its letters."""
    return [chosen] if isinstance(chosen, str) else list(chosen)
