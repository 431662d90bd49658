"""Which cells of a new table may be told beside what was told: those without which no small set of persons can be computed that could not be before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from governance.disclosure.factor import Vector, independent, inverse_of

if TYPE_CHECKING:
    from governance.disclosure.overlaps import Overlaps

Indices = npt.NDArray[np.int64]
TURNS, ONE_BY_ONE = 8, 24
"""So often cells are left out together, and so many are tried one after another, when it isn't plain which of them gives something away."""
SOUGHT = 32
"""Small sets of a round whose derivation is looked at; with their cells left out the next round looks again."""
MOST_ALIKE = 400
"""Atoms of one size in the blind vectors that are paired with each other."""
_SAME = 1e-6


def _added(place: npt.NDArray[np.integer], weights: Vector, count: int) -> Vector:
    """Return the sums of the weights at each of `count` places."""
    out: Vector = np.bincount(place, weights=weights, minlength=count).astype(np.float64)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Meetings:
    """Pairs of a told cell (`row`) and a new one (`cell`) that share persons, and how many; `place` gives for each membership (of `persons`) its pair."""

    row: Indices
    cell: Indices
    shared: Vector
    place: Indices
    persons: npt.NDArray[np.int32]

    def sums(self, weights: Vector) -> Vector:
        """Return the sums of the weights over what each pair shares."""
        return _added(self.place, weights[self.persons], len(self.row))


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """The shown cells of a new table: `cells` numbers them in the table, `column` gives each person's place among them (-1: in none).

    `met`: what they share with told cells. `half`, `left`: see `Factor.half`, and the products that are left of the cells, scaled to length 1.
    """

    cells: Sequence[int]
    digests: Sequence[int]
    sizes: Vector
    counts: Vector
    column: Indices
    met: Meetings
    half: Vector
    left: Vector

    def sums(self, weights: Vector) -> Vector:
        """Return the sums of the weights (one a person, in columns) over each cell."""
        at = np.flatnonzero(self.column >= 0)
        return np.column_stack([_added(self.column[at], weights[at, j], len(self.cells)) for j in range(weights.shape[1])])


class Trial:
    """What can be computed when the new cells `chosen` are told."""

    def __init__(self, known: Overlaps, new: New, chosen: Sequence[int]) -> None:
        self._known, self._new = known, new
        self.chosen: Indices = np.array(sorted(chosen), dtype=np.int64)
        order, self.lower = independent(new.left[np.ix_(self.chosen, self.chosen)])
        self.inverse = inverse_of(self.lower)
        self.free = self.chosen[order]
        """Those that are no combination of others, in the order of the factor."""
        self.blind = known.blind - self.lifted(new.sums(known.blind))

    def lifted(self, seen: Vector) -> Vector:
        """Return the shortest vectors that the told cells are blind to and the chosen ones see as `seen` (a row for each new cell)."""
        new, length = self._new, np.sqrt(self._new.sizes[self.free])[:, None]
        if not len(self.free):
            return np.zeros((len(new.column), seen.shape[1]))
        weights = self.inverse.T @ (self.inverse @ (seen[self.free] / length))
        each = np.zeros((len(new.cells) + 1, seen.shape[1]))
        each[self.free] = weights / length
        out = each[new.column]
        if len(self._known.factor.rows):
            out -= self._known.spread(self._known.factor.back(new.half[:, self.free] @ weights))
        return out

    def used(self, persons: Indices) -> Indices:
        """Return the chosen cells that are needed to compute the set: those that its shortest combination holds."""
        target = np.zeros((len(self._new.column), 1))
        target[persons] = 1.0
        rest = self._new.sums(target)
        weights = np.zeros((len(self._new.cells), 1))
        length = np.sqrt(self._new.sizes)[:, None]
        seen = rest / length
        if len(self._known.factor.rows):
            seen = seen - self._new.half.T @ self._known.factor.half(self._known.seen(target))
        if len(self.free):
            weights[self.free] = self.inverse.T @ (self.inverse @ seen[self.free])
        return np.flatnonzero(np.abs(weights[:, 0]) > _SAME)


@dataclass(frozen=True, slots=True)
class Found:
    """A small set that can be computed: its persons, and the chosen cells to leave out for it (empty: not plain which)."""

    persons: Indices
    without: tuple[int, ...]


class Judgement:
    """One new table before what was told. `k`: the smallest set that may be computed."""

    def __init__(self, known: Overlaps, new: New, fresh: frozenset[int], k: int) -> None:
        """`fresh`: those of the new cells that were not told before; only these can be left out."""
        self._known, self._new, self._fresh, self._k = known, new, fresh, k
        self._row, self._cell, self._shared = new.met.row, new.met.cell, new.met.shared
        self._before = [new.met.sums(known.blind[:, j]) for j in range(known.blind.shape[1])]
        self._seen = new.sums(known.blind)
        self._row_sizes = known.row_sizes()
        self._row_counts = known.row_counts()

    def settled(self) -> set[int]:
        """Return the new cells that may be told."""
        every = set(range(len(self._new.cells)))
        left = set(every)
        for _ in range(TURNS):
            trial = Trial(self._known, self._new, sorted(left))
            out: set[int] = set()
            for number, found in enumerate(self._small(trial)):
                if number >= SOUGHT:
                    break
                out |= self._leave(trial, found, left)
            if not out:
                return left
            left -= out
        kept = every - self._fresh
        for cell in sorted(self._fresh, key=lambda cell: (-self._new.sizes[cell], cell)) if len(self._fresh) <= ONE_BY_ONE else ():
            if next(self._small(Trial(self._known, self._new, sorted(kept | {cell}))), None) is None:
                kept.add(cell)
        return kept

    def _leave(self, trial: Trial, found: Found, left: set[int]) -> set[int]:
        """Return what to leave out: the cells that hold persons of the set, else the smallest one that it is computed with."""
        free = left & self._fresh
        if set(found.without) & free:
            return set(found.without) & free
        used = set(trial.used(found.persons).tolist()) & free if len(found.persons) else set()
        return {min(used or free, key=lambda cell: (self._new.sizes[cell], cell))} if free else set()

    # ------------------------------------------------------------------ small sets

    def _small(self, trial: Trial) -> Iterator[Found]:
        """Yield the small sets that can be computed with the trial's cells and could not be before."""
        yield from self._meetings(trial)
        yield from self._left_over(trial)
        yield from self._atoms(trial)

    def _nothing(self, *columns: Vector) -> npt.NDArray[np.bool_]:
        out: npt.NDArray[np.bool_] = np.logical_and.reduce([np.abs(column) < _SAME for column in columns])
        return out

    def _meetings(self, trial: Trial) -> Iterator[Found]:
        """Small intersections and differences of a told cell and a new one, and nested pairs whose numbers differ by few."""
        new, k = self._new, self._k
        chosen = np.zeros(len(new.cells), dtype=bool)
        chosen[trial.chosen] = True
        size, other = new.sizes[self._cell], self._row_sizes[self._row]
        small = (self._shared < k) | ((size > self._shared) & (size - self._shared < k)) | ((other > self._shared) & (other - self._shared < k))
        apart = new.counts[self._cell] - self._row_counts[self._row]
        inside, around = (self._shared == other) & (size > other), (self._shared == size) & (other > size)
        few = (inside & (apart < k)) | (around & (-apart < k))
        at = np.flatnonzero(chosen[self._cell] & (small | few))
        if not len(at):
            return
        after = [new.met.sums(trial.blind[:, j])[at] for j in range(trial.blind.shape[1])]
        computable = at[self._nothing(*after)]
        met = self._nothing(*(sums[computable] for sums in self._before))
        rest = self._nothing(*(self._seen[self._cell[computable], j] - sums[computable] for j, sums in enumerate(self._before)))
        for at_one, meeting_known, rest_known in zip(computable.tolist(), met.tolist(), rest.tolist(), strict=True):
            cell, both = int(self._cell[at_one]), int(self._shared[at_one])
            alone, beyond = int(size[at_one]) - both, int(other[at_one]) - both
            news = (
                (not meeting_known and both < k and bool(alone or beyond))
                or (not rest_known and alone > 0 and (alone < k or bool(few[at_one])))
                or (not meeting_known and beyond > 0 and (beyond < k or bool(few[at_one])))
            )
            if news:
                yield Found(np.zeros(0, dtype=np.int64), (cell,))

    def _left_over(self, trial: Trial) -> Iterator[Found]:
        """What is left of a cell without the cells of one other table that lie wholly inside."""
        new, k = self._new, self._k
        chosen = np.zeros(len(new.cells), dtype=bool)
        chosen[trial.chosen] = True
        fresh = ~self._nothing(*(self._seen[:, j] for j in range(self._seen.shape[1])))
        row, table = self._known.tables()
        inside = (self._shared == self._row_sizes[self._row]) & chosen[self._cell]
        # Of each told table the rows inside each new cell: rows may stand in several tables.
        within = np.full(len(self._row_sizes), -1, dtype=np.int64)
        within[self._row[inside]] = self._cell[inside]
        of = within[row]
        pairs = of >= 0
        key, place = np.unique(table[pairs] * len(new.cells) + of[pairs], return_inverse=True)
        taken = np.bincount(place, weights=self._row_sizes[row[pairs]], minlength=len(key))
        told = np.bincount(place, weights=self._row_counts[row[pairs]], minlength=len(key))
        cell = (key % len(new.cells)).astype(np.int64)
        left, behind = new.sizes[cell] - taken, new.counts[cell] - told
        for small in np.unique(cell[(left > 0) & ((left < k) | (behind < k)) & fresh[cell]]).tolist():
            yield Found(np.zeros(0, dtype=np.int64), (int(small),))
        around = (self._shared == new.sizes[self._cell]) & chosen[self._cell]
        count = len(self._row_sizes)
        covered = np.bincount(self._row[around], weights=new.sizes[self._cell[around]], minlength=count)
        known = np.bincount(self._row[around], weights=new.counts[self._cell[around]], minlength=count)
        seen = [_added(self._row[around], self._seen[self._cell[around], j], count) for j in range(self._seen.shape[1])]
        rest, lies_behind = self._row_sizes - covered, self._row_counts - known
        for one in np.flatnonzero((covered > 0) & (rest > 0) & ((rest < k) | (lies_behind < k)) & ~self._nothing(*seen)).tolist():
            cells = self._cell[around & (self._row == one)]
            yield Found(np.zeros(0, dtype=np.int64), (int(min((c for c in cells if c in self._fresh), key=lambda c: (new.sizes[c], c), default=cells[0])),))

    def _atoms(self, trial: Trial) -> Iterator[Found]:
        """Atoms and pairs of atoms."""
        marks = self._known.marks(self._new, trial.chosen)
        inside = np.flatnonzero(marks)
        _, first, atom = np.unique(marks[inside], return_index=True, return_inverse=True)
        sizes = np.bincount(atom)
        columns = [_added(atom, trial.blind[inside, j], len(first)) for j in range(trial.blind.shape[1])]
        before = [_added(atom, self._known.blind[inside, j], len(first)) for j in range(trial.blind.shape[1])]
        solution = self._known.behind(self._new, trial)
        behind = None if solution is None else _added(atom, solution[inside], len(first))
        holder = self._new.column[inside[first]]
        holder[~np.isin(holder, trial.chosen)] = -1

        def few(size: int, number: float | None) -> bool:
            return size < self._k or (number is not None and -0.5 < number < self._k - 0.5)

        def found(atoms: Sequence[int]) -> Found:
            cells = tuple(sorted({int(holder[one]) for one in atoms} - {-1}))
            return Found(inside[np.isin(atom, atoms)], cells)

        zero = self._nothing(*columns)
        for one in np.flatnonzero(zero & ~self._nothing(*before)).tolist():
            if few(int(sizes[one]), None if behind is None else float(behind[one])):
                yield found([one])
        for a, b in _opposite(columns, np.flatnonzero(~zero)):
            if not self._nothing(*(column[[a]] + column[[b]] for column in before))[0] and few(int(sizes[a] + sizes[b]), None if behind is None else float(behind[a] + behind[b])):
                yield found([a, b])


def _opposite(columns: Sequence[Vector], atoms: Indices) -> Iterator[tuple[int, int]]:
    """Yield the pairs of atoms whose numbers cancel in every column."""
    first = columns[0][atoms]
    order = atoms[np.argsort(np.abs(first), kind="stable")]
    size = np.abs(columns[0][order])
    # Runs of the same size; nearly all are of one atom, which has nobody to cancel it.
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(size) > _SAME) + 1, [len(order)]]) if len(order) else np.zeros(1, dtype=np.int64)
    for at in np.flatnonzero(np.diff(bounds) > 1).tolist():
        run = order[bounds[at] : bounds[at + 1]]
        up, down = run[columns[0][run] > 0][:MOST_ALIKE], run[columns[0][run] < 0][:MOST_ALIKE]
        both = np.logical_and.reduce([np.abs(column[up][:, None] + column[down][None, :]) < _SAME for column in columns])
        for one, other in zip(*np.nonzero(both), strict=True):
            yield int(up[one]), int(down[other])
