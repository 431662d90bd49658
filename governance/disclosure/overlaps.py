"""What a list of answered groups gives away together: sets of persons whose number can be computed by adding and subtracting answers.

Each answered table divides the persons into cells, some of them shown. Persons whom all tables treat alike are an *atom*. A set of atoms can be computed exactly when its
indicator is a linear combination of the shown cells' indicators (Chin and Ozsoyoglu 1982, Auditing and inference control in statistical databases), which is so exactly when
every vector that all shown cells are blind to sums to zero over it; a random such vector decides it, but for a negligible chance.

Looked at are: single atoms and pairs of them; what is left of a cell of one table without the cells of another; and every small intersection or difference of two cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Codes = npt.NDArray[np.int32]
"""For each person (by position) the cell of a table that the person is in, from 1; 0 for none."""
Counts = npt.NDArray[np.int64]
"""For each cell of a table (the first is cell 1) the persons behind its number, or UNSHOWN."""
Vector = npt.NDArray[np.float64]

UNSHOWN = -1
MOST_MEMBERSHIPS = 3_000_000
"""Atoms times tables that can be judged within the time of a question."""
MOST_STEPS = 1_500
MOST_CANDIDATES = 50_000
_FINE, _SAME = 1e-11, 1e-6


class TooMuch(Exception):
    """More has been answered than can be judged together within the time of a question."""


@dataclass(frozen=True, slots=True)
class Told:
    """A set of persons whose number follows from what was shown: their atoms, how many persons, and the persons behind the number (None: not known)."""

    atoms: frozenset[int]
    size: int
    behind: int | None

    def small(self, k: int) -> bool:
        """Return whether the set singles out fewer than k persons, or its number rests on fewer than k."""
        return self.size > 0 and (self.size < k or (self.behind is not None and 0 <= self.behind < k))


class Overlaps:
    """The tables answered so far, over persons numbered from 0. Not safe for threads."""

    def __init__(self) -> None:
        self._labels: Codes = np.zeros(0, dtype=np.int32)
        self._codes: list[Codes] = []
        self._counts: list[Counts] = []
        self.sizes: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, codes: Codes, counts: Counts) -> None:
        """Add a table: `codes` of all persons, `counts` of its cells."""
        if len(codes) > len(self._labels):
            self._grow(len(codes))
        elif len(codes) < len(self._labels):
            codes = np.concatenate([codes, np.zeros(len(self._labels) - len(codes), dtype=np.int32)])
        pairs = self._labels.astype(np.int64) * (int(codes.max(initial=0)) + 1) + codes
        _, first, labels = np.unique(pairs, return_index=True, return_inverse=True)
        old = self._labels[first]
        self._codes = [column[old] for column in self._codes]
        self._codes.append(codes[first])
        self._counts.append(counts)
        self._labels = labels.astype(np.int32)
        self.sizes = np.bincount(labels, minlength=len(first)).astype(np.int64)

    def set_counts(self, table: int, counts: Counts) -> None:
        """Replace what of a table was shown."""
        self._counts[table] = counts

    def _grow(self, size: int) -> None:
        """Persons unknown so far are in no cell of the tables so far."""
        more = size - len(self._labels)
        fresh = len(self.sizes)
        self._labels = np.concatenate([self._labels, np.full(more, fresh, dtype=np.int32)])
        self._codes = [np.concatenate([column, np.zeros(1, dtype=np.int32)]) for column in self._codes]
        self.sizes = np.concatenate([self.sizes, np.array([more], dtype=np.int64)])

    def cells_of(self, table: int, told: Told) -> set[int]:
        """Return the cells of the table that hold persons of the set."""
        return {int(self._codes[table][atom]) for atom in told.atoms} - {0}

    def beside(self, table: int, told: Told) -> list[int]:
        """Return the table's cells that share another table's cell with the set, the one with the fewest persons first: without one of them the set can't be subtracted."""
        atoms = sorted(told.atoms)
        found: set[int] = set()
        for other, codes in enumerate(self._codes):
            around = set(codes[atoms].tolist())
            if other != table and len(around) == 1 and 0 not in around:
                found |= set(self._codes[table][codes == around.pop()].tolist()) - {0}
        sizes = np.bincount(self._codes[table], weights=self.sizes)
        return sorted(found, key=lambda cell: (sizes[cell], cell))

    def small(self, k: int, table: int = -1) -> set[Told]:
        """Return the small sets that follow from what was shown, as far as `table` (a position; the last) has to do with them. Raises TooMuch."""
        table %= len(self)
        if not any((counts >= 0).any() for counts in self._counts):
            return set()
        found = set(self._left_over(table, k))
        candidates = set(self._meetings(table, k))
        if len(self) > 1 or candidates:
            found |= self._computable(candidates)
        return {told for told in found if told.small(k)}

    # ------------------------------------------------------------------ two tables

    def _shown(self, table: int) -> npt.NDArray[np.bool_]:
        """Return which cells are shown; cell 0 (nobody's) never is."""
        return np.concatenate([[False], self._counts[table] >= 0])

    def _joint(self, one: int, other: int) -> csr_array:
        """Return how many persons each cell of the one table shares with each of the other."""
        shape = (len(self._counts[one]) + 1, len(self._counts[other]) + 1)
        joint = csr_array((self.sizes, (self._codes[one], self._codes[other])), shape=shape)
        joint.sum_duplicates()
        return joint

    def _left_over(self, table: int, k: int) -> Iterator[Told]:
        """What is left of a shown cell when the other table's shown cells that lie wholly inside are taken away; a cell itself when nothing is."""
        for other in range(len(self)):
            if other == table:
                continue
            for outer, inner in ((table, other), (other, table)):
                yield from self._remainders(outer, inner, k)

    def _remainders(self, outer: int, inner: int, k: int) -> Iterator[Told]:
        joint = self._joint(outer, inner).tocoo()
        shown_out, shown_in = self._shown(outer), self._shown(inner)
        total_in = np.bincount(self._codes[inner], weights=self.sizes, minlength=len(shown_in))
        total_out = np.bincount(self._codes[outer], weights=self.sizes, minlength=len(shown_out))
        row, column = joint.coords
        inside = (joint.data == total_in[column]) & shown_in[column] & shown_out[row]
        covered = np.bincount(row[inside], weights=joint.data[inside], minlength=len(shown_out))
        counts_out = np.concatenate([[0], self._counts[outer]])
        counts_in = np.concatenate([[0], self._counts[inner]])
        behind = counts_out - np.bincount(row[inside], weights=counts_in[column[inside]], minlength=len(shown_out))
        left = total_out - covered
        for cell in np.flatnonzero(shown_out & (covered > 0) & (left > 0) & ((left < k) | (behind < k))):
            taken = set(column[inside & (row == cell)].tolist())
            atoms = np.flatnonzero((self._codes[outer] == cell) & ~np.isin(self._codes[inner], list(taken)))
            yield Told(frozenset(atoms.tolist()), int(left[cell]), int(behind[cell]))
        # One inner cell alone is a difference too, whatever the others tell.
        self_contained = inside & (joint.data < total_out[row])
        difference = counts_out[row] - counts_in[column]
        for at in np.flatnonzero(self_contained & ((total_out[row] - joint.data < k) | (difference < k))):
            atoms = np.flatnonzero((self._codes[outer] == row[at]) & (self._codes[inner] != column[at]))
            yield Told(frozenset(atoms.tolist()), int(total_out[row[at]] - joint.data[at]), int(difference[at]))

    def _meetings(self, table: int, k: int) -> Iterator[frozenset[int]]:
        """The small intersections and differences of the table's cells with other shown cells: what an attacker would like to compute."""
        for other in range(len(self)):
            if other == table:
                continue
            joint = self._joint(table, other).tocoo()
            row, column = joint.coords
            shown = self._shown(table)[row] & self._shown(other)[column]
            small = shown & (joint.data < k)
            if int(small.sum()) > MOST_CANDIDATES:
                continue  # atoms are looked at in any case
            pairs = set(zip(row[small].tolist(), column[small].tolist(), strict=True))
            meeting: dict[tuple[int, int], list[int]] = defaultdict(list)
            for atom, pair in enumerate(zip(self._codes[table].tolist(), self._codes[other].tolist(), strict=True)):
                if pair in pairs:
                    meeting[pair].append(atom)
            yield from (frozenset(atoms) for atoms in meeting.values() if len(atoms) > 1)
            total = np.bincount(self._codes[table], weights=self.sizes, minlength=len(self._shown(table)))
            for at in np.flatnonzero(shown & (total[row] - joint.data > 0) & (total[row] - joint.data < k)):
                yield frozenset(np.flatnonzero((self._codes[table] == row[at]) & (self._codes[other] != column[at])).tolist())

    # ------------------------------------------------------------------ all tables

    def _matrix(self) -> tuple[csr_array, Vector]:
        rows: list[npt.NDArray[np.int64]] = []
        columns: list[npt.NDArray[np.int64]] = []
        values: list[Counts] = []
        offset = 0
        for codes, counts in zip(self._codes, self._counts, strict=True):
            shown = np.concatenate([[False], counts >= 0])
            number = np.cumsum(shown) - 1 + offset
            atoms = np.flatnonzero(shown[codes])
            rows.append(number[codes[atoms]])
            columns.append(atoms)
            values.append(counts[counts >= 0])
            offset += int(shown.sum())
        row, column = np.concatenate(rows), np.concatenate(columns)
        if len(column) > MOST_MEMBERSHIPS:
            raise TooMuch
        matrix = csr_array((np.ones(len(column)), (row, column)), shape=(offset, len(self.sizes)))
        return matrix, np.concatenate(values).astype(float)

    def _computable(self, candidates: Iterable[frozenset[int]]) -> set[Told]:
        matrix, counts = self._matrix()
        inside = np.flatnonzero(np.bincount(matrix.indices, minlength=len(self.sizes)))
        dice = np.random.default_rng(len(inside))
        start = np.zeros((len(self.sizes), 2))
        start[inside] = dice.standard_normal((len(inside), 2))
        # What is left of random vectors when all that the rows see of them is taken away, and the smallest solution of all answers.
        seen = _least(matrix, np.column_stack([matrix @ start, counts]))
        blind = (start - seen[:, :2]).T
        solution = seen[:, 2]
        agrees = bool(np.abs(matrix @ solution - counts).max(initial=0.0) < 0.25)

        def told(atoms: frozenset[int]) -> Told:
            at = list(atoms)
            return Told(atoms, int(self.sizes[at].sum()), round(float(solution[at].sum())) if agrees else None)

        zero = np.all(np.abs(blind[:, inside]) < _SAME, axis=0)
        found = {told(frozenset([int(atom)])) for atom in inside[zero]}
        for atoms in candidates:
            if np.all(np.abs(blind[:, list(atoms)].sum(axis=1)) < _SAME):
                found.add(told(atoms))
        left = inside[~zero]
        order = left[np.argsort(np.abs(blind[0, left]))]
        for step in (1, 2, 3):
            one, other = order[:-step], order[step:]
            for at in np.flatnonzero(np.all(np.abs(blind[:, one] + blind[:, other]) < _SAME, axis=0)):
                found.add(told(frozenset([int(one[at]), int(other[at])])))
        return found


def _least(matrix: csr_array, targets: Vector) -> Vector:
    """Return for each column of `targets` the shortest least-squares solution of `matrix @ x = target`, by conjugate gradients (CGLS; Björck 1996, section 7.4).

    Raises TooMuch where that takes too long.

    Inner products are plain sums: on vectors of this size a threaded library loses more by waking its threads than it saves.
    """
    across = matrix.T.tocsr()
    found = np.zeros((matrix.shape[1], targets.shape[1]))
    rest = targets.astype(float).copy()
    slope = across @ rest
    direction = slope.copy()
    steep = (slope * slope).sum(axis=0)
    first = steep
    goal = _FINE * _FINE * np.maximum(first, 1e-300)
    for _ in range(MOST_STEPS):
        if np.all(steep <= goal):
            break
        image = matrix @ direction
        length = (image * image).sum(axis=0)
        step = np.where((steep > goal) & (length > 0), steep / np.where(length > 0, length, 1.0), 0.0)
        found += step * direction
        rest -= step * image
        slope = across @ rest
        steeper = (slope * slope).sum(axis=0)
        direction = slope + np.where(steep > 0, steeper / np.where(steep > 0, steep, 1.0), 0.0) * direction
        steep = steeper
    if np.any(steep > 1e-14 * np.maximum(first, 1e-300)):
        raise TooMuch
    return found
