"""The memory of answers: which groups of persons were told to whom, so that the next answer can't be subtracted from them.

Kept per department and per person, for all purposes together, in one SQLite file that all workers and the command line share: judging an answer and remembering it are one
transaction. Persons are keyed hashes, groups are compressed lists of cell numbers, each stored once; no question, no value and no name is kept.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from governance.disclosure.apart import Apart
from governance.disclosure.links import About
from governance.disclosure.overlaps import UNSHOWN, Codes, Counts, Overlaps
from governance.errors import WarehouseError

Share = Literal["department", "person", "company"]
BUSY_MS = 20_000
MOST_KEPT = 256
"""Contexts whose tables are kept ready in memory, per process."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS person (hash INTEGER PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grouping (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, codes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
  id INTEGER PRIMARY KEY, department TEXT NOT NULL, person TEXT NOT NULL, context BLOB NOT NULL, grouping INTEGER NOT NULL REFERENCES grouping(id),
  counts BLOB NOT NULL, day TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS state (id BLOB PRIMARY KEY, load BLOB NOT NULL, persons BLOB NOT NULL, day TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (
  context BLOB NOT NULL, quantity BLOB NOT NULL, first INTEGER NOT NULL, beyond INTEGER NOT NULL, conditions TEXT NOT NULL, needs BLOB NOT NULL,
  PRIMARY KEY (quantity, context, first, beyond, conditions, needs)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fact_context ON fact (context);
CREATE INDEX IF NOT EXISTS answer_department ON answer (department, context);
CREATE INDEX IF NOT EXISTS answer_person ON answer (person, context);
CREATE INDEX IF NOT EXISTS answer_context ON answer (context);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A table of an answer as far as it tells of persons.

    `context`: what else was asked (metric, period, other filters) as a digest: answers are compared within one. `codes`: for each person's position the cell, from 1.
    `counts`: the persons behind each cell's number, UNSHOWN where it is hidden. `about`: what the numbers add up to, for answers under other consents; None: not looked at.
    `nought`: groups that nothing stands for and that are told by it; remembered, and never hidden.
    """

    context: bytes
    codes: Codes
    counts: Counts
    about: About | None = None
    nought: bool = False


class Used(NamedTuple):
    """A history's budget: independent cells told, how many can be judged together, and whether it is used up (nothing new is told then)."""

    cells: int
    of: int
    spent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Knower:
    """Who learns: `person` has been told, who belongs to the department `together`.

    `share`: with whom the person's knowledge is taken to be one; whatever it is, what is told is kept for the person and the department, so that another choice later finds it.
    """

    person: str
    together: str
    share: Share = "department"

    @property
    def heard(self) -> tuple[str, tuple[str, ...]]:
        """Return a condition on answers and its values: those that the knower is taken to know."""
        if self.share == "company":
            return "1", ()
        if self.share == "person":
            return "person = ?", (self.person,)
        return "(department = ? OR person = ?)", (self.together, self.person)


def _numbered(codes: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Return the codes with cells numbered in the order of their first person, and for each new number the old one."""
    first = np.full(int(codes.max(initial=0)) + 1, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    old = np.flatnonzero(first < len(codes))
    old = old[old != 0]
    old = old[np.argsort(first[old], kind="stable")]
    number = np.zeros(len(first), dtype=np.int32)
    number[old] = np.arange(1, len(old) + 1)
    return number[codes], old


class _Known:
    """What one knower was told in one context; `last`: the last answer of the file that is in it."""

    def __init__(self) -> None:
        self.last = 0
        self.overlaps = Overlaps()


class Memory:
    """One file's memory. Safe for threads and processes; everything it can't read or write is an error, never an empty memory."""

    def __init__(self, path: Path | str, key: bytes) -> None:
        self._path, self._key = str(path), key
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._kept: OrderedDict[tuple[str, str, bytes], _Known] = OrderedDict()
        self._groupings: OrderedDict[int, Codes] = OrderedDict()
        self._hashes: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._places: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._apart = Apart(key)

    @classmethod
    def passing(cls) -> Memory:
        """Return a memory that ends with the process."""
        return cls(":memory:", b"passing")

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.rollback()
                    self._kept.clear()
                    raise
                self._connection.commit()
            except (sqlite3.Error, zlib.error) as error:
                self._kept.clear()
                raise WarehouseError(
                    f"The memory of answers can't be used ({type(error).__name__}), so nothing is told. Mend or restore the file disclosure.db of the home."
                ) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_SCHEMA)
        if self._path != ":memory:":
            Path(self._path).chmod(0o600)
        return connection

    # ------------------------------------------------------------------ persons

    def positions(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the persons' positions, given once and for good, whatever load they come from."""
        hashes = np.fromiter(
            (int.from_bytes(hashlib.blake2b(key.encode(), key=self._key[:64], digest_size=8).digest(), "big", signed=True) for key in keys), dtype=np.int64, count=len(keys)
        )
        with self._transaction() as store:
            places = self._looked_up(hashes)
            if places is None:
                rows = store.execute("SELECT hash, position FROM person ORDER BY hash").fetchall()
                self._hashes = np.array([row[0] for row in rows], dtype=np.int64)
                self._places = np.array([row[1] for row in rows], dtype=np.int64)
                known = set(self._hashes.tolist())
                fresh = [value for value in dict.fromkeys(hashes.tolist()) if value not in known]
                if fresh:
                    store.executemany("INSERT INTO person VALUES (?, ?)", [(value, len(rows) + i) for i, value in enumerate(fresh)])
                    order = np.argsort(np.concatenate([self._hashes, np.array(fresh, dtype=np.int64)]))
                    self._places = np.concatenate([self._places, np.arange(len(rows), len(rows) + len(fresh))])[order]
                    self._hashes = np.concatenate([self._hashes, np.array(fresh, dtype=np.int64)])[order]
                places = self._looked_up(hashes)
        if places is None:
            raise WarehouseError("The memory of answers lost a person; nothing is told.")
        return places

    def _looked_up(self, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
        if not len(self._hashes):
            return None if len(hashes) else hashes
        at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return self._places[at] if np.array_equal(self._hashes[at], hashes) else None

    # ------------------------------------------------------------------ answers

    def judge(self, knower: Knower, groups: Sequence[Group], k: int, day: dt.date) -> list[set[int]]:
        """Return for each group the cells that must not be told, and remember the others as told.

        A cell must not be told when, with what the knower was told before, it would let a set of fewer than k persons be computed that could not be before.
        Raises WarehouseError when the memory can't be used.
        """
        with self._transaction() as store:
            return [self._judge(store, knower, group, k, day) for group in groups]

    def held(self, knower: Knower) -> int:
        """Return how many tables are held against the knower's next answer: what was told to all whose knowledge is taken to be one."""
        condition, values = ("department = ?", (knower.together,)) if knower.share == "department" else knower.heard
        with self._transaction() as store:
            return int(store.execute(f"SELECT count(*) FROM answer WHERE {condition}", values).fetchone()[0])  # noqa: S608 (one of three conditions of our own)

    def used(self, knower: Knower, contexts: Iterable[bytes]) -> Used:
        """Return how much of what can be judged together is used up, of the fullest of these histories."""
        with self._transaction() as store:
            found = [self._known(store, knower, context).overlaps for context in contexts]
        taken = [overlaps.factor.taken for overlaps in found]
        return Used(cells=max(cells for cells, _ in taken), of=taken[0][1], spent=any(overlaps.spent for overlaps in found))

    def forget_before(self, day: dt.date) -> None:
        """Forget what was told before `day`."""
        with self._transaction() as store:
            if store.execute("DELETE FROM answer WHERE day < ?", (day.isoformat(),)).rowcount:
                store.execute("DELETE FROM grouping WHERE id NOT IN (SELECT grouping FROM answer)")
                store.execute("DELETE FROM fact WHERE context NOT IN (SELECT context FROM answer)")
                store.execute("DELETE FROM state WHERE day < ?", (day.isoformat(),))
                self._kept.clear()
                self._apart.forget()
                self._groupings.clear()

    def _judge(self, store: sqlite3.Connection, knower: Knower, group: Group, k: int, day: dt.date) -> set[int]:
        codes, old = _numbered(group.codes)
        counts = group.counts[old - 1]
        if not (counts != UNSHOWN).any():
            return set()
        known = self._known(store, knower, group.context)
        if group.nought:
            known.overlaps.tell(codes, counts)
            refused: set[int] = set()
        else:
            apart: set[int] = set()
            if group.about is not None:
                at = {int(cell): position for position, cell in enumerate(old)}
                found = self._apart.given_away(store, knower, group, k, lambda context: self._known(store, knower, context).overlaps)
                apart = {at[cell] for cell in found if cell in at and counts[at[cell]] != UNSHOWN}
            left = counts.copy()
            left[list(apart)] = UNSHOWN
            refused = apart | (known.overlaps.judge(codes, left, k) if (left != UNSHOWN).any() else set())
        told = counts.copy()
        told[list(refused)] = UNSHOWN
        if (told != UNSHOWN).any():
            self._remember(store, knower, group.context, known, codes, told, day)
            if group.about is not None:
                self._apart.remember(store, group.context, group.about, day)
        return {int(old[cell]) for cell in refused}

    def _remember(self, store: sqlite3.Connection, knower: Knower, context: bytes, known: _Known, codes: Codes, told: Counts, day: dt.date) -> None:
        grouping, counts = self._grouping(store, np.where(told[codes - 1] == UNSHOWN, 0, codes)), _packed(told)
        same = "SELECT id, day FROM answer WHERE person = ? AND context = ? AND department = ? AND grouping = ? AND counts = ?"
        row = store.execute(same, (knower.person, context, knower.together, grouping, counts)).fetchone()
        if row is not None:
            # Told again: it is forgotten later.
            store.execute("UPDATE answer SET day = max(day, ?) WHERE id = ?", (day.isoformat(), row[0]))
            return
        values = (knower.together, knower.person, context, grouping, counts, day.isoformat())
        known.last = int(store.execute("INSERT INTO answer (department, person, context, grouping, counts, day) VALUES (?, ?, ?, ?, ?, ?)", values).lastrowid or 0)

    def _known(self, store: sqlite3.Connection, knower: Knower, context: bytes) -> _Known:
        if knower.share == "company":
            name = ("*", "", context)
        elif knower.share == "person":
            name = ("", knower.person, context)
        else:
            # What a department was told is one history; who brings along what another department told has one apart.
            elsewhere = store.execute("SELECT 1 FROM answer WHERE person = ? AND context = ? AND department <> ? LIMIT 1", (knower.person, context, knower.together)).fetchone()
            name = (knower.together, knower.person if elsewhere is not None else "", context)
        known = self._kept.pop(name, None) or _Known()
        self._kept[name] = known
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        if knower.share == "company":
            rows = store.execute("SELECT id, grouping, counts FROM answer WHERE context = ? AND id > ? ORDER BY 1", (context, known.last)).fetchall()
        else:
            rows = store.execute(
                "SELECT id, grouping, counts FROM answer WHERE department = ? AND context = ? AND id > ? "
                "UNION SELECT id, grouping, counts FROM answer WHERE person = ? AND context = ? AND id > ? ORDER BY 1",
                (name[0], context, known.last, name[1], context, known.last),
            ).fetchall()
        for number, grouping, counts in rows:
            known.overlaps.tell(self._codes(store, grouping), _unpacked(counts))
            known.last = number
        return known

    def _grouping(self, store: sqlite3.Connection, codes: Codes) -> int:
        last = np.flatnonzero(codes)
        stored = codes[: int(last[-1]) + 1] if len(last) else codes[:0]
        digest = hashlib.blake2b(stored.astype("<i4").tobytes(), digest_size=20).digest()
        row = store.execute("SELECT id FROM grouping WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        return int(store.execute("INSERT INTO grouping (digest, codes) VALUES (?, ?)", (digest, _folded(stored))).lastrowid or 0)

    def _codes(self, store: sqlite3.Connection, grouping: int) -> Codes:
        found = self._groupings.pop(grouping, None)
        if found is None:
            row = store.execute("SELECT codes FROM grouping WHERE id = ?", (grouping,)).fetchone()
            if row is None:
                raise WarehouseError("The memory of answers is damaged; nothing is told. Restore the file disclosure.db of the home.")
            found = _unfolded(row[0])
        self._groupings[grouping] = found
        while len(self._groupings) > MOST_KEPT:
            self._groupings.popitem(last=False)
        return found


_WIDTHS = {b"1": "<u1", b"2": "<u2", b"4": "<i4"}


def _folded(codes: Codes) -> bytes:
    """Return the codes as they are stored: the bytes of one number as a digit, and the numbers compressed."""
    most = int(codes.max(initial=0))
    width = b"1" if most < 2**8 else b"2" if most < 2**16 else b"4"
    return width + zlib.compress(codes.astype(_WIDTHS[width]).tobytes(), 1)


def _unfolded(stored: bytes) -> Codes:
    # Without a digit before it: as it was stored at first.
    width = _WIDTHS.get(stored[:1])
    return np.frombuffer(zlib.decompress(stored if width is None else stored[1:]), dtype=width or "<i4").astype(np.int32)


def _packed(counts: Counts) -> bytes:
    return zlib.compress(counts.astype("<i8").tobytes(), 1)


def _unpacked(data: bytes) -> Counts:
    return np.frombuffer(zlib.decompress(data), dtype="<i8").astype(np.int64)
