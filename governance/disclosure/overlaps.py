"""What a list of told groups gives away together: sets of persons whose number can be computed by adding and subtracting.

Each told table divides the persons into cells, some of them shown. Persons whom all told cells treat alike are an *atom*. A set of persons can be computed exactly when its
indicator is a linear combination of the told cells' indicators (Chin and Ozsoyoglu 1982, Auditing and inference control in statistical databases), which is so exactly when every
vector that all told cells are blind to sums to zero over it; a random such vector decides it, but for a negligible chance.

Looked at are: single atoms and pairs of them; what is left of a cell without the told cells of another table that lie inside it; and every small intersection or difference of two cells.

A cell that was told before is told again for nothing. Of the others the inverse factor of the independent ones' products is kept (`factor`), so that a new table costs
a few products with what was told, and no search that grows with the number of questions; beyond `MOST_ROWS` independent cells nothing new is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from governance.disclosure.factor import Factor, Rows, TooMuch, Vector
from governance.disclosure.trials import Indices, Judgement, Meetings, New, Trial

Codes = npt.NDArray[np.int32]
"""For each person (by position) the cell of a table that the person is in, from 1; 0 for none."""
Counts = npt.NDArray[np.int64]
"""For each cell of a table (the first is cell 1) the persons behind its number, or UNSHOWN."""

UNSHOWN = -1
MOST_MEMBERSHIPS = 40_000_000
"""Persons in told cells, all cells together, that can be judged within the time of a question."""
BLIND = 2
"""Random blind vectors: one decides but for a chance of about a millionth, two for the square of that."""
MOST_PAIRS = 20_000_000
"""Pairs of a told and a new cell that are counted in one array."""
BLIND_SUM = 1e-6
_MARK, _AGREES = 2**63, 0.25
REFRESH = 64
"""Tables after which what rounding left of the told cells in the blind vectors is taken away."""


@lru_cache(maxsize=8)
def _keys(size: int) -> npt.NDArray[np.uint64]:
    """Return a random number for each position, the same ones always."""
    out = np.random.default_rng(0x5E7).integers(1, 2**63, size=size, dtype=np.uint64)
    out.setflags(write=False)
    return out


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of persons, numbered from 1: who is in one and in which, how many are in each; `height`: what is above all persons."""

    persons: npt.NDArray[np.int64]
    of_persons: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    height: int

    @classmethod
    def of(cls, codes: Codes, count: int) -> Sets:
        """Return the cells of a table as sets, `count` of them."""
        persons = np.flatnonzero(codes)
        inside = codes[persons].astype(np.int64)
        return cls(persons, inside, np.bincount(inside, minlength=count + 1)[1:], len(codes))

    @property
    def count(self) -> int:
        return len(self.sizes)


class Overlaps:
    """What one knower was told in one context, over persons numbered from 0. Not safe for threads."""

    def __init__(self) -> None:
        self._dice = np.random.default_rng(0x0B1)
        self._keys = _keys(0)
        # For each person a fingerprint of the told cells that the person is in: equal ones are one atom; 0: in none.
        self._marks = np.zeros(0, dtype=np.uint64)
        self._blind: Vector = np.zeros((0, BLIND))
        self._rows: dict[int, int] = {}
        self._members: list[npt.NDArray[np.int32]] = []
        self._counts: list[int] = []
        self._tables: list[list[int]] = []
        self._matrix = csr_array((np.zeros(0), np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int32)), shape=(0, 0))
        self._since = 0
        self._full = False
        self.factor = Factor()

    def __len__(self) -> int:
        """Return how many different cells were told."""
        return len(self._members)

    @property
    def spent(self) -> bool:
        """Return whether more was told than can be judged on: nothing new is, until some of it is forgotten."""
        return self._full

    # ------------------------------------------------------------------ told

    def tell(self, codes: Codes, counts: Counts) -> None:
        """Take the shown cells of a table as told. From what is more than can be judged on, nothing new may be told."""
        try:
            new, fresh = self._new(codes, counts)
            if fresh:
                self._take(new, Trial(self, new, range(len(new.cells))))
            else:
                self._counted(codes, counts)
        except TooMuch:
            self._full = True

    def judge(self, codes: Codes, counts: Counts, k: int) -> set[int]:
        """Return the shown cells (numbered from 0) that must not be told, and take the others as told.

        What was told before may be told again. Where the time of a question doesn't suffice, nothing new may.
        """
        again = self._again(codes, counts)
        shown = set(np.flatnonzero(counts != UNSHOWN).tolist())
        if again == shown:
            self._counted(codes, counts)
            return set()
        try:
            if self._full:
                return shown - again
            new, fresh = self._new(codes, counts)
            left = Judgement(self, new, fresh, k).settled() if len(self) else set(range(len(new.cells)))
            kept = counts.copy()
            kept[[cell for i, cell in enumerate(new.cells) if i not in left]] = UNSHOWN
            self._take(new, Trial(self, new, sorted(left)))
        except TooMuch:
            self._full = True
            return shown - again
        return shown - set(np.flatnonzero(kept != UNSHOWN).tolist())

    def computable(self, sets: Sets) -> npt.NDArray[np.bool_]:
        """Return which of the sets of persons can be computed from what was told; nobody's can't."""
        out = sets.sizes > 0
        if not self._members:
            return np.zeros(sets.count, dtype=bool)
        self._grow(sets.height)
        # Who is in no told cell is in no combination of them.
        untold = self._marks[sets.persons] == 0
        out[sets.of_persons[untold] - 1] = False
        for j in range(BLIND):
            if not out.any():
                break
            out &= np.abs(np.bincount(sets.of_persons, weights=self._blind[sets.persons, j], minlength=sets.count + 1)[1:]) < BLIND_SUM
        return out

    def may_hold(self, scouts: Sets, sets: Sets) -> bool:
        """Return whether some of the sets may be computable, as far as `scouts` (some of their persons) show: who is in no told cell is in no set that is."""
        self._grow(scouts.height)
        out = sets.sizes > 0
        out[scouts.of_persons[self._marks[scouts.persons] == 0] - 1] = False
        return bool(out.any())

    def nearly(self, sets: Codes, few: Counts) -> Iterator[tuple[int, npt.NDArray[np.int32]]]:
        """Yield for each set (numbered from 1) the told cells that differ from it by some persons, but fewer than its `few` (of set 0 first), as lists of persons."""
        size = np.bincount(sets, minlength=len(few))
        told = self.row_sizes()
        for row, cell in zip(*np.nonzero(np.abs(told[:, None] - size[1:]) < few[1:]), strict=True):
            members = self._members[row]
            inside = members[members < len(sets)]
            shared = int(np.count_nonzero(sets[inside] == cell + 1))
            if shared and 0 < len(members) + int(size[cell + 1]) - 2 * shared < few[cell + 1]:
                yield int(cell) + 1, members

    def _again(self, codes: Codes, counts: Counts) -> set[int]:
        """Return the shown cells that were told before, and those that hold nobody."""
        self._grow(len(codes))
        digests = self._digests(codes, len(counts))
        return {int(cell) for cell in np.flatnonzero(counts != UNSHOWN) if not digests[cell] or digests[cell] in self._rows}

    def _counted(self, codes: Codes, counts: Counts) -> None:
        """Keep the last number of persons behind cells that are told again."""
        digests = self._digests(codes, len(counts))
        for cell in np.flatnonzero(counts != UNSHOWN):
            if digests[cell]:
                self._counts[self._rows[digests[cell]]] = int(counts[cell])

    def _grow(self, size: int) -> None:
        """Persons unknown so far are in no cell told so far."""
        more = size - len(self._marks)
        if more > 0:
            self._keys = _keys(size)
            self._marks = np.concatenate([self._marks, np.zeros(more, dtype=np.uint64)])
            self._blind = np.concatenate([self._blind, self._dice.standard_normal((more, BLIND))])

    def _digests(self, codes: Codes, count: int) -> list[int]:
        """Return a fingerprint of each cell's persons; 0 for nobody."""
        keys = self._keys[: len(codes)]
        # Sums of halves of the keys: exact in floating point for some millions of persons.
        low = np.bincount(codes, weights=(keys & np.uint64(0xFFFFFFFF)).astype(float), minlength=count + 1)[1:]
        high = np.bincount(codes, weights=(keys >> np.uint64(32)).astype(float), minlength=count + 1)[1:]
        return [(int(h) << 64) | int(lo) for h, lo in zip(high, low, strict=True)]

    def _new(self, codes: Codes, counts: Counts) -> tuple[New, frozenset[int]]:
        """Return the table's shown cells, and which of them were not told before. Raises TooMuch."""
        self._grow(len(codes))
        sizes = np.bincount(codes, minlength=len(counts) + 1)[1:]
        digests = self._digests(codes, len(counts))
        cells = [int(cell) for cell in np.flatnonzero((counts != UNSHOWN) & (sizes > 0))]
        fresh = frozenset(i for i, cell in enumerate(cells) if digests[cell] not in self._rows)
        if self._matrix.nnz + int(sizes[cells].sum()) > MOST_MEMBERSHIPS:
            raise TooMuch
        number = np.full(len(counts) + 1, -1, dtype=np.int64)
        number[[cell + 1 for cell in cells]] = np.arange(len(cells))
        column = np.full(len(self._marks), -1, dtype=np.int64)
        column[: len(codes)] = number[codes]
        met = self.meet(column, len(cells))
        length = np.sqrt(sizes[cells].astype(float))
        position = np.full(len(self._members), -1, dtype=np.int64)
        position[self.factor.rows] = np.arange(len(self.factor.rows))
        joint = np.zeros((len(self.factor.rows), len(cells)))
        free = position[met.row] >= 0
        joint[position[met.row[free]], met.cell[free]] = met.shared[free]
        half = self.factor.half(joint / length)
        new = New(
            cells=cells,
            digests=[digests[cell] for cell in cells],
            sizes=sizes[cells].astype(float),
            counts=counts[cells].astype(float),
            column=column,
            met=met,
            half=half,
            left=np.eye(len(cells)) - half.T @ half,
        )
        return new, fresh

    def _take(self, new: New, trial: Trial) -> None:
        """Take the trial's cells as told."""
        self.factor.room(len(trial.free))
        # Short numbers are sorted by counting.
        column = new.column.astype(np.int16) if len(new.cells) < 2**15 else new.column
        order = np.argsort(column, kind="stable")
        ends = np.searchsorted(new.column[order], np.arange(len(new.cells) + 1))
        added = np.zeros(len(new.cells) + 1, dtype=np.uint64)
        rows = {}
        for i in trial.chosen.tolist():
            digest = new.digests[i]
            if digest not in self._rows:
                self._rows[digest] = len(self._members)
                self._members.append(order[ends[i] : ends[i + 1]].astype(np.int32))
                self._counts.append(0)
                added[i] = digest % _MARK
            rows[i] = self._rows[digest]
            self._counts[rows[i]] = int(new.counts[i])
        self._marks = self._marks + added[new.column]
        self._tables.append(list(rows.values()))
        self._gather()
        self.factor.append(np.array([rows[i] for i in trial.free.tolist()], dtype=np.int64), new.sizes[trial.free], new.half[:, trial.free], trial.lower)
        self._blind = trial.blind
        self._since += 1
        if self._since >= REFRESH:
            self._since = 0
            self._blind = self._blind - self.spread(self.factor.solve(self.seen(self._blind)))

    def _gather(self) -> None:
        pointer = np.concatenate([[0], np.cumsum([len(members) for members in self._members])]).astype(np.int32)
        persons = np.concatenate(self._members) if self._members else np.zeros(0, dtype=np.int32)
        self._matrix = csr_array((np.ones(len(persons)), persons, pointer), shape=(len(self._members), len(self._marks)))

    # ------------------------------------------------------------------ what judgements look at

    @property
    def blind(self) -> Vector:
        """Random vectors (one a person, in columns) that sum to zero over every told cell."""
        return self._blind

    def seen(self, vectors: Vector) -> Vector:
        """Return the sums of the vectors over the independent cells."""
        return np.asarray((self._matrix @ vectors[: self._matrix.shape[1]])[self.factor.rows])

    def spread(self, weights: Vector) -> Vector:
        """Return for each person the sum of the weights of the independent cells that hold the person."""
        every = np.zeros((self._matrix.shape[0], weights.shape[1]))
        every[self.factor.rows] = weights
        out = np.zeros((len(self._marks), weights.shape[1]))
        out[: self._matrix.shape[1]] = self._matrix.T @ every
        return out

    def meet(self, column: Indices, count: int) -> Meetings:
        """Return what each told cell shares with each new one; `column` gives each person's new cell."""
        persons = self._matrix.indices
        inside = np.flatnonzero(column[persons] >= 0)
        row = np.repeat(np.arange(self._matrix.shape[0]), np.diff(self._matrix.indptr))[inside]
        key = row * count + column[persons[inside]]
        if self._matrix.shape[0] * count <= MOST_PAIRS:
            shared = np.bincount(key, minlength=self._matrix.shape[0] * count)
            pairs = np.flatnonzero(shared)
            number = np.zeros(len(shared), dtype=np.int64)
            number[pairs] = np.arange(len(pairs))
            place = number[key]
        else:
            pairs, place = np.unique(key, return_inverse=True)
        sizes = np.bincount(place, minlength=len(pairs)).astype(float)
        return Meetings(row=pairs // count, cell=pairs % count, shared=sizes, place=place, persons=persons[inside])

    def marks(self, new: New, chosen: Indices) -> npt.NDArray[np.uint64]:
        """Return the persons' atoms when the new cells of `chosen` are told as well; 0 for who is in no cell."""
        added = np.zeros(len(new.cells) + 1, dtype=np.uint64)
        added[chosen] = np.array([new.digests[i] % _MARK for i in chosen], dtype=np.uint64)
        out: npt.NDArray[np.uint64] = self._marks + added[new.column]
        return out

    def behind(self, new: New, trial: Trial) -> Vector | None:
        """Return for each person the share in the shortest solution of all numbers told; None where each counts its persons, or they don't agree (several loads)."""
        told = self.row_counts()
        chosen = trial.chosen
        if np.array_equal(told, self.row_sizes()) and np.array_equal(new.counts[chosen], new.sizes[chosen]):
            return None
        solution = self.spread(self.factor.solve(told[self.factor.rows][:, None]))
        solution += trial.lifted(new.counts[:, None] - new.sums(solution))
        rest = np.abs(self._matrix @ solution[: self._matrix.shape[1], 0] - told).max(initial=0.0)
        more = np.abs(new.sums(solution)[chosen, 0] - new.counts[chosen]).max(initial=0.0)
        return np.asarray(solution[:, 0]) if max(rest, more) < _AGREES else None

    def row_sizes(self) -> Vector:
        """Return the persons of each told cell."""
        return np.array([len(members) for members in self._members], dtype=float)

    def row_counts(self) -> Vector:
        """Return the persons behind each told cell's number."""
        return np.array(self._counts, dtype=float)

    def tables(self) -> tuple[Rows, Rows]:
        """Return for each told cell of each told table the cell's row and the table."""
        rows = [row for table in self._tables for row in table]
        return np.array(rows, dtype=np.int64), np.repeat(np.arange(len(self._tables)), [len(table) for table in self._tables])
