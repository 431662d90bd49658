"""Numbers before and after a batch of withdrawals or a load, put together from answers asked apart.

The same group asked again after a batch is judged in `overlaps`, within one context. Here the two numbers come from other contexts: all channels one by one before, the whole
after; a rate and its denominator before, the count after; a quarter less its other months. Such sums are exact linear algebra over what the numbers were about (`links`).

Told, of one cell under nearly the same persons (few of them came or went: so few that fewer than k may be behind the number): which reaches, before and now. If what is to be told now is a combination of these, and is not of
those of now alone, then all who stayed cancel and what is left is a number of those who came or went. That cell is not told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from governance.disclosure.links import MOST_REACHES, About, Fact, Reaches
from governance.disclosure.overlaps import UNSHOWN, Codes, Counts, Overlaps, Sets

Flags = npt.NDArray[np.bool_]
MOST_STATES = 400
SURE = 2
"""So many times k persons behind a number must be expected among those who came or went: how many there are, nobody is told."""
MOST_BYTES = 64_000_000
"""Of states kept ready in memory, per process."""


class _Knower(Protocol):
    @property
    def heard(self) -> tuple[str, tuple[str, ...]]: ...


class _Group(Protocol):
    @property
    def context(self) -> bytes: ...

    @property
    def codes(self) -> Codes: ...

    @property
    def counts(self) -> Counts: ...

    @property
    def about(self) -> About | None: ...


@dataclass(frozen=True, slots=True)
class _Told:
    """A fact, the context whose cells tell it, and the tables told in that context."""

    context: bytes
    fact: Fact
    tables: str


class Apart:
    """Remembers what contexts are about and which persons counted when, and finds cells that would tell of those who came or went. Guarded by the memory's lock."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]
        self._states: OrderedDict[bytes, npt.NDArray[np.uint8]] = OrderedDict()
        self._written: set[tuple[bytes, bytes]] = set()

    def forget(self) -> None:
        """Forget what is kept ready in memory."""
        self._states.clear()
        self._written.clear()

    # ------------------------------------------------------------------ remembered

    def remember(self, store: sqlite3.Connection, context: bytes, about: About, day: dt.date) -> None:
        """Remember what a context's cells tell, and who counted."""
        if (context, about.state) in self._written:
            store.execute("UPDATE state SET day = max(day, ?) WHERE id = ?", (day.isoformat(), about.state))
            return
        packed = zlib.compress(np.packbits(about.population).tobytes(), 6)
        store.execute("INSERT INTO state VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET day = max(day, excluded.day)", (about.state, about.load, packed, day.isoformat()))
        for fact in map(self._kept, about.facts):
            where = json.dumps({name: [sorted(values), of] for name, (values, of) in sorted(fact.where.items())}, sort_keys=True)
            store.execute("INSERT OR IGNORE INTO fact VALUES (?, ?, ?, ?, ?, ?)", (context, fact.quantity, fact.start, fact.end, where, b"".join(fact.needs)))
        self._written.add((context, about.state))

    def _kept(self, fact: Fact) -> Fact:
        """Return the fact with keyed hashes in place of names and values."""
        where = {self._hash(name): (frozenset(int(self._hash(str(value)), 16) for value in values), of) for name, (values, of) in fact.where.items()}
        return replace(fact, where=MappingProxyType(where))

    def _hash(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=6).hexdigest()

    def _states_of(self, store: sqlite3.Connection, but: bytes) -> Iterable[npt.NDArray[np.uint8]]:
        """Yield who counted in each other state, one bit a person."""
        for (name,) in store.execute("SELECT id FROM state WHERE id <> ? ORDER BY day DESC LIMIT ?", (but, MOST_STATES)).fetchall():
            found = self._states.pop(name, None)
            if found is None:
                packed = store.execute("SELECT persons FROM state WHERE id = ?", (name,)).fetchone()[0]
                found = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
            self._states[name] = found
            while len(self._states) > max(8, MOST_BYTES // max(1, found.nbytes)):
                self._states.popitem(last=False)
            yield found

    def _told(self, store: sqlite3.Connection, knower: _Knower, quantity: bytes) -> list[_Told]:
        rows = store.execute("SELECT context, first, beyond, conditions, needs FROM fact WHERE quantity = ?", (quantity,)).fetchall()
        told = self._tables(store, knower, quantity)
        return [_Told(context, _fact(quantity, first, beyond, conditions, needs), told[context]) for context, first, beyond, conditions, needs in rows if context in told]

    def _tables(self, store: sqlite3.Connection, knower: _Knower, quantity: bytes) -> dict[bytes, str]:
        """Return for each context of the quantity that the knower was told in which sets of persons: where they are the same, the same can be computed."""
        condition, values = knower.heard
        rows = store.execute(
            f"SELECT context, grouping FROM answer WHERE {condition} AND context IN (SELECT context FROM fact WHERE quantity = ?) "  # noqa: S608 (one of three of our own)
            "GROUP BY context, grouping ORDER BY context, grouping",
            (*values, quantity),
        )
        found: dict[bytes, list[str]] = {}
        for context, grouping in rows:
            found.setdefault(context, []).append(str(grouping))
        return {context: " ".join(groupings) for context, groupings in found.items()}

    # ------------------------------------------------------------------ judged

    def given_away(self, store: sqlite3.Connection, knower: _Knower, group: _Group, k: int, known: Callable[[bytes], Overlaps]) -> set[int]:
        """Return the shown cells of the group (as `codes` numbers them) that would tell a number of fewer than k who came or went. `known` gives what was told in a context."""
        about = group.about
        if about is None or not about.facts:
            return set()
        if store.execute("SELECT 1 FROM state WHERE id <> ? LIMIT 1", (about.state,)).fetchone() is None:
            return set()
        shown = np.concatenate([[False], group.counts != UNSHOWN])
        histories: dict[bytes, Overlaps] = {}

        def history(context: bytes) -> Overlaps:
            if context not in histories:
                histories[context] = known(context)
            return histories[context]

        links = []
        for fact in map(self._kept, about.facts):
            linked = self._told(store, knower, fact.quantity)
            reaches = Reaches([one.fact for one in linked])
            if linked and (reaches.count > MOST_REACHES or reaches.hold(fact)):
                links.append((fact, linked, reaches))
        few = _few(group, k)
        befores = self._befores(store, about, shown, few) if links else []
        if links and store.execute("SELECT 1 FROM state WHERE load <> ? LIMIT 1", (about.load,)).fetchone() is not None:
            others = {one.tables: history(one.context) for _, linked, _ in links for one in linked}
            befores += _told_before(others.values(), group.codes, shown, few)
        out = np.zeros(len(shown), dtype=bool)
        if not befores:
            return set()
        at_risk = np.logical_or.reduce([cells for _, cells in befores])
        computed = _Computed(history, group.codes, [sets for sets, _ in befores], len(shown) - 1)
        for fact, linked, reaches in links:
            ready = at_risk & ~out
            for need in fact.needs:
                ready &= computed.now(need)
            if not ready.any():
                continue
            if reaches.count > MOST_REACHES:
                out |= ready
                continue
            turns = [(turn, cells) for turn, (_, cells) in enumerate(befores) if (cells & ready).any()]
            before = _by_reach(reaches, [np.logical_or.reduce([computed.all_before(one, turn) & cells for turn, cells in turns]) for one in linked])
            if not (ready & before.any(axis=0)).any():
                continue
            now = _by_reach(reaches, [computed.all_now(one) for one in linked])
            decided: dict[bytes, bool] = {}
            for cell in np.flatnonzero(ready & before.any(axis=0)).tolist():
                name = now[:, cell].tobytes() + before[:, cell].tobytes()
                if name not in decided:
                    decided[name] = reaches.hold(fact, now[:, cell] | before[:, cell]) and not reaches.hold(fact, now[:, cell])
                out[cell] = decided[name]
        return set(np.flatnonzero(out).tolist())

    def _befores(self, store: sqlite3.Connection, about: About, shown: Flags, few: Counts) -> list[tuple[Codes, Flags]]:
        """Return the cells under other states, once each, and for which of them few persons, and some, came or went."""
        found: dict[bytes, tuple[Codes, Flags]] = {}
        size = len(about.around)
        packed = np.packbits(about.population[:size])
        for population in self._states_of(store, about.state):
            other = np.zeros(len(packed), dtype=np.uint8)
            other[: min(len(packed), len(population))] = population[: len(packed)]
            differing = np.flatnonzero(other ^ packed)
            bits = (differing[:, None] * 8 + np.arange(8))[np.unpackbits((other ^ packed)[differing]).astype(bool).reshape(-1, 8)]
            moved = bits[bits < size]
            moved = moved[about.around[moved] > 0]
            if not len(moved):
                continue
            many = np.bincount(about.around[moved], minlength=len(shown))
            cells = shown & (many > 0) & (many < few)
            if not cells.any():
                continue
            name = moved.tobytes()
            if name not in found:
                there = np.unpackbits(other)[:size].astype(bool)
                found[name] = (np.where(there & cells[about.around], about.around, 0).astype(np.int32), cells)
        return list(found.values())


def _few(group: _Group, k: int) -> Counts:
    """Return for each cell (from 0: none) how many must come or go for at least k of them to be behind the number: twice as many as would be if they were like the others."""
    size = np.bincount(group.codes, minlength=len(group.counts) + 1).astype(float)
    behind = np.concatenate([[0.0], group.counts.astype(float)])
    needed: Counts = np.ceil(SURE * k * np.maximum(1.0, size / np.maximum(1.0, behind))).astype(np.int64)
    return needed


def _told_before(histories: Iterable[Overlaps], codes: Codes, shown: Flags, few: Counts) -> list[tuple[Codes, Flags]]:
    """Return told cells that differ from the group's by few persons, and some, in the places of these: what an earlier load made of them."""
    found: list[tuple[Codes, Flags]] = []
    seen: set[tuple[int, bytes]] = set()
    for history in histories:
        for cell, members in history.nearly(codes, few):
            name = (cell, members.tobytes())
            if not shown[cell] or name in seen:
                continue
            seen.add(name)
            size = max(len(codes), int(members.max(initial=-1)) + 1)
            free = next((one for one in found if len(one[0]) >= size and not one[1][cell] and not one[0][members].any()), None)
            if free is None:
                free = (np.zeros(size, dtype=np.int32), np.zeros(len(shown), dtype=bool))
                found.append(free)
            free[0][members] = cell
            free[1][cell] = True
    return found


def _by_reach(reaches: Reaches, cells: Sequence[Flags]) -> Flags:
    """Return for each different reach the cells of which one of its facts is known."""
    out = np.zeros((reaches.count, len(cells[0])), dtype=bool)
    for number, known in zip(reaches.number.tolist(), cells, strict=True):
        out[number] |= known
    return out


def _gone(before: Codes, codes: Codes) -> Codes:
    """Return the cells before, of those persons only who are in no cell now."""
    there = np.flatnonzero(before)
    out = np.zeros(len(before), dtype=np.int32)
    still = np.zeros(len(there), dtype=bool)
    inside = there < len(codes)
    still[inside] = codes[there[inside]] > 0
    out[there[~still]] = before[there[~still]]
    return out


class _Computed:
    """Which cells can be computed in a context: as they are now, and as they were; looked at once each."""

    def __init__(self, known: Callable[[bytes], Overlaps], codes: Codes, before: list[Codes], count: int) -> None:
        self._known, self._sets = known, [Sets.of(one, count) for one in (codes, *before)]
        # Who is in a cell no more was told of only where it was told before; a look at these few persons settles most contexts.
        self._scouts = [Sets.of(_gone(one, codes), count) for one in (codes, *before)]
        self._found: dict[tuple[str, int], Flags] = {}

    def now(self, context: bytes) -> Flags:
        return self._in(context, context.hex(), 0)

    def all_now(self, one: _Told) -> Flags:
        return self._all(one, 0)

    def all_before(self, one: _Told, turn: int) -> Flags:
        return self._all(one, turn + 1)

    def _all(self, one: _Told, turn: int) -> Flags:
        out = self._in(one.context, one.tables, turn)
        for need in one.fact.needs if out.any() else ():
            out = out & self._in(need, need.hex(), turn)
        return out

    def _in(self, context: bytes, tables: str, turn: int) -> Flags:
        if (tables, turn) not in self._found:
            history = self._known(context)
            found = history.computable(self._sets[turn]) if history.may_hold(self._scouts[turn], self._sets[turn]) else np.zeros(self._sets[turn].count, dtype=bool)
            self._found[tables, turn] = np.concatenate([[False], found])
        return self._found[tables, turn]


@lru_cache(maxsize=20_000)
def _fact(quantity: bytes, first: int, beyond: int, conditions: str, needs: bytes) -> Fact:
    where: Mapping[str, tuple[frozenset[int], int]] = {name: (frozenset(values), of) for name, (values, of) in json.loads(conditions).items()}
    return Fact(quantity=quantity, start=first, end=beyond, where=MappingProxyType(dict(where)), needs=tuple(needs[at : at + 16] for at in range(0, len(needs), 16)))


__all__ = ["Apart"]
