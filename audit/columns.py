"""The searchable members of all events in memory, column by column.

A ledger only grows, so what was read once stays true: a refresh reads only what is new. Each column holds a small number for each
event and a list of the values that the numbers mean; a filter marks the values that are meant and looks every event up, so a million
events are filtered, counted and drawn in some ten milliseconds, whatever is asked.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.place import Reads
from audit.schema import INDEX_COLUMNS

LISTS: Final = frozenset({"classes", "metrics"})
"""Columns that hold several values an event."""

COUNTED: Final = tuple(name for name in INDEX_COLUMNS if name not in {"idx", "id", "time", "request"})
"""Columns that are kept here. (An id or a request is found by its index in the database.)"""

PIECE: Final = 50_000
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class _Codes(dict[Any, int]):
    """Gives each new value the next number."""

    def __missing__(self, value: Any) -> int:
        self[value] = number = len(self)
        return number


class _Growing:
    """An array that grows at its end, with room to spare: what was given out before stays as it was."""

    def __init__(self, kind: str) -> None:
        self._room = np.empty(0, kind)
        self._size = 0

    def add(self, new: NDArray[Any]) -> None:
        end = self._size + len(new)
        if end > len(self._room):
            room = np.empty(end + end // 8 + PIECE, self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : end] = new
        self._size = end

    @property
    def all(self) -> NDArray[Any]:
        """Everything so far."""
        return self._room[: self._size]


class _Column:
    """One column: a number for each event, and what the numbers mean."""

    def __init__(self) -> None:
        self.codes = _Codes()
        self.data = _Growing("int32")


class Columns:
    """All events' searchable members; safe for threads. `refresh` first, inside the snapshot that the answer is read in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget(0)

    def _forget(self, prunings: int) -> None:
        self._prunings = prunings
        self._next = 0
        self._index = _Growing("int64")
        self._time = _Growing("datetime64[us]")
        self._columns = {name: _Column() for name in COUNTED}

    def refresh(self, connection: Reads) -> View:
        """Read what is new and return everything as of now."""
        names = ", ".join(f'"{name}"' for name in COUNTED)
        statement = f"SELECT idx, time, {names} FROM event_index WHERE idx >= ? ORDER BY idx LIMIT {PIECE}"  # noqa: S608 - names of our own
        with self._lock:
            prunings = connection.execute("SELECT count(*) FROM pruning").fetchone()[0]
            if prunings != self._prunings:  # rows went away
                self._forget(prunings)
            while rows := connection.execute(statement, (self._next,)).fetchall():
                numbers, times, *columns = zip(*rows, strict=True)
                moments = np.array([moment[:-1] for moment in times], "datetime64[us]")
                codes = [
                    np.fromiter(map(self._columns[name].codes.__getitem__, values), np.int32, len(rows))
                    for name, values in zip(COUNTED, columns, strict=True)
                ]
                self._index.add(np.array(numbers, np.int64))
                self._time.add(moments)
                for name, numbered in zip(COUNTED, codes, strict=True):
                    self._columns[name].data.add(numbered)
                self._next = numbers[-1] + 1
            known = {name: (c.codes, c.data.all) for name, c in self._columns.items()}
            return View(self._index.all, self._time.all, known, self._prunings)


class View:
    """The columns at one moment."""

    def __init__(
        self,
        index: Numbers,
        time: NDArray[np.datetime64],
        columns: dict[str, tuple[_Codes, NDArray[np.int32]]],
        prunings: int = 0,
    ) -> None:
        self.index = index
        self.time = time
        self._columns = columns
        self.prunings = prunings
        """How often rows had gone away by then; events keep their places as long as this stays."""

    def tail(self, start: int) -> View:
        """The events from place `start` on."""
        columns = {name: (codes, data[start:]) for name, (codes, data) in self._columns.items()}
        return View(self.index[start:], self.time[start:], columns, self.prunings)

    def everything(self) -> Mask:
        """A mask that every event passes."""
        return np.ones(len(self.index), bool)

    def one_of(self, column: str, chosen: Iterable[str]) -> Mask:
        """Events whose value, or one of whose values, is among `chosen`."""
        wanted = set(chosen)
        if column in LISTS:
            return self._where(column, lambda value: value is not None and not wanted.isdisjoint(json.loads(value)))
        return self._where(column, wanted.__contains__)

    def containing(self, word: str) -> Mask:
        """Events of which any value contains the word, whatever its case."""
        small = word.casefold()
        found = np.zeros(len(self.index), bool)
        for codes, data in self._columns.values():
            marks = _marks(codes, data, lambda value: value is not None and small in value.casefold())
            if marks.any():  # most columns hold no such value, and need not be looked at
                found |= marks[data]
        return found

    def told(self, column: str, counts: Numbers) -> list[tuple[str | None, int]]:
        """The column's values with their numbers, most frequent first, from how often each of its places occurs."""
        values = list(self._columns[column][0])
        found: dict[str | None, int] = {}
        for number in np.flatnonzero(counts):
            value, count = values[number], int(counts[number])
            if column not in LISTS:
                found[value] = count
            elif value is not None:
                for item in set(json.loads(value)):
                    found[item] = found.get(item, 0) + count
        return sorted(found.items(), key=lambda item: (-item[1], item[0] is not None, item[0] or ""))

    def among(self, numbers: Sequence[int]) -> Mask:
        """The events with these numbers."""
        return np.isin(self.index, numbers)

    def within(self, since: datetime | None, until: datetime | None) -> Mask:
        """The events recorded from `since` on and before `until`."""
        mask = self.everything()
        if since is not None:
            mask &= self.time >= _utc(since)
        if until is not None:
            mask &= self.time < _utc(until)
        return mask

    def pairs(self, one: str, two: str, width: int) -> Numbers:
        """Each event's place among all pairs of a value of the first column and one of `width` values of the second."""
        return self._columns[one][1].astype(np.int64) * width + self._columns[two][1]

    def hours(self, mask: Mask) -> tuple[list[str], Numbers]:
        """The UTC hours that have events of the mask, and for each of these the place of its hour among them."""
        hours, place = np.unique(self.time[mask].astype("datetime64[h]"), return_inverse=True)
        return [f"{hour}Z" for hour in hours], place

    def cross(self, one: NDArray[Any], ones: int, two: NDArray[Any], twos: int) -> list[list[int]]:
        """How many events there are for each pair of places."""
        pairs = one.astype(np.int64) * twos + two
        counts: list[list[int]] = np.bincount(pairs, minlength=ones * twos).reshape(ones, twos).tolist()
        return counts

    def values(self, column: str) -> tuple[list[Any], NDArray[np.int32]]:
        """The column's values, and for each event the place of its value among them."""
        codes, data = self._columns[column]
        return list(codes)[: int(data.max()) + 1 if len(data) else 0], data

    def _where(self, column: str, holds: Callable[[Any], bool]) -> Mask:
        codes, data = self._columns[column]
        marks = _marks(codes, data, holds)
        return marks[data] if len(data) else np.zeros(0, bool)


def _marks(codes: _Codes, data: NDArray[np.int32], holds: Callable[[Any], bool]) -> Mask:
    """Of which of the column's values it holds; of few events only their own values are asked."""
    values = list(codes)
    if len(data) >= len(values):
        return np.fromiter(map(holds, values), bool, len(values))
    marks = np.zeros(len(values), bool)
    for place in np.unique(data):
        marks[place] = holds(values[place])
    return marks


def _utc(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
