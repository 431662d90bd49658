"""What stays hidden can't be computed: held against solvers that share no code with the product."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from governance.disclosure.bounds import Attacker, Unknown, outer_bounds
from governance.disclosure.lines import Shape, Sum
from governance.disclosure.overlaps import UNSHOWN, Overlaps
from governance.disclosure.protect import protect
from governance.terms import Column, Measured, MinimumGroup, Text

WORD = Text(zh="x", en="x")
K = 5


def _table(grid: list[list[int]]) -> Measured:
    columns = (
        Column(name="a", label=WORD, kind="dimension"),
        Column(name="b", label=WORD, kind="dimension"),
        Column(name="m", label=WORD, kind="metric", metric="m", format="integer"),
    )
    rows = [[f"r{i}", f"c{j}", value] for i, line in enumerate(grid) for j, value in enumerate(line)]
    return Measured(columns=columns, rows=rows, contributors=[{"m": int(row[2])} for row in rows], period=None)


def _best_bounds(grid: np.ndarray, hidden: dict[tuple[int, int], str], cell: tuple[int, int]) -> tuple[float, float]:
    """The textbook attacker: every row, column and grand total known, solved by the simplex method from scratch."""
    cells = list(hidden)
    at = {place: position for position, place in enumerate(cells)}
    lines, sums = [], []
    height, width = grid.shape
    groups = [[(i, j) for j in range(width)] for i in range(height)] + [[(i, j) for i in range(height)] for j in range(width)]
    groups.append([(i, j) for i in range(height) for j in range(width)])
    for group in groups:
        if sum(grid[place] for place in group) < K:
            continue  # nobody is told a total of so few
        line = np.zeros(len(cells))
        for place in group:
            if place in at:
                line[at[place]] = 1
        if line.any():
            lines.append(line)
            sums.append(sum(grid[place] for place in group if place in at))
    limits = [(0, K - 1) if hidden[place] == "small_group" else (K, None) for place in cells]
    out = []
    for sign in (1, -1):
        weights = np.zeros(len(cells))
        weights[at[cell]] = sign
        found = linprog(weights, A_eq=np.array(lines) if lines else None, b_eq=sums or None, bounds=limits, method="highs-ds")
        out.append(sign * found.fun)
    return out[0], out[1]


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 14), min_size=4, max_size=4), min_size=2, max_size=5))
def test_the_best_bounds_of_every_hidden_small_cell_are_wide(rows):
    grid = np.array(rows)
    found = protect(_table(rows), MinimumGroup(entity="hcp", k=K), Shape(sums={"m": Sum(over=frozenset({"a", "b"}), counts=True)}))
    hidden = {divmod(index, 4): why for (index, _), why in found.items()}
    for place, why in hidden.items():
        if why != "small_group":
            continue
        low, high = _best_bounds(grid, hidden, place)
        line_of = [[(place[0], j) for j in range(4)], [(i, place[1]) for i in range(len(rows))]]
        closed = all(cell in hidden for line in line_of for cell in line)
        # Where all that could be hidden beside it is hidden, no more can be done.
        assert closed or high - low >= 2 - 1e-6, (rows, hidden, place, low, high)


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=3, max_size=5), st.randoms(use_true_random=False))
def test_what_a_walk_proves_lies_inside_the_best_bounds_and_what_the_sums_tell_alone_around_them(rows, dice):
    """Cells known by chance, rows and columns added up: against the simplex method for every cell."""
    cells = [(i, j) for i, line in enumerate(rows) for j in range(4) if dice.random() < 0.8]
    lines = [[n for n, cell in enumerate(cells) if cell[axis] == at] for axis in (0, 1) for at in range(5)]
    lines = [line for line in lines if line]
    values = [float(rows[i][j]) for i, j in cells]
    unknowns = {n: Unknown(value, 0.0, dice.choice((float("inf"), value + 2))) for n, value in enumerate(values)}
    if len(lines) < 2 or len(cells) < 2:
        return
    system = np.array([[float(n in line) for n in range(len(cells))] for line in lines])
    limits = np.array([[one.low, one.high] for one in unknowns.values()])
    outer = outer_bounds(csr_array(system), system @ values, limits)
    found = Attacker().bounds(list(unknowns), lines, unknowns, dict.fromkeys(unknowns, 3.0))
    for n in unknowns:
        weights = np.eye(len(cells))[n]
        low, high = (sign * linprog(sign * weights, A_eq=system, b_eq=system @ values, bounds=limits, method="highs-ds").fun for sign in (1, -1))
        assert outer[n, 0] <= low + 1e-5
        assert outer[n, 1] >= high - 1e-5
        assert found[n].low >= low - 1e-5
        assert found[n].high <= high + 1e-5
        assert (found[n].high - found[n].low >= 3 - 1e-6) == (high - low >= 3 - 1e-6)


@given(st.lists(st.lists(st.integers(0, 14), min_size=3, max_size=3), min_size=2, max_size=4))
def test_every_small_cell_is_hidden_whatever_else_is(rows):
    found = protect(_table(rows), MinimumGroup(entity="hcp", k=K), Shape(sums={"m": Sum(over=frozenset({"a", "b"}), counts=True)}))
    for index, value in enumerate(value for line in rows for value in line):
        assert ((index, "m") in found) >= (value < K)


def test_a_lone_small_cell_takes_the_smallest_other_one_with_it_whatever_is_shown_beside():
    found = protect(_table([[40, 3, 30, 12]]), MinimumGroup(entity="hcp", k=K), Shape(sums={"m": Sum(over=frozenset({"b"}), counts=True)}))
    assert found == {(1, "m"): "small_group", (3, "m"): "complementary"}


# --------------------------------------------------------------------------- across answers


class _Span:
    """The span of rows, by exact elimination over fractions."""

    def __init__(self) -> None:
        self.basis: dict[int, list[Fraction]] = {}

    def left(self, row: list[int]) -> list[Fraction]:
        out = [Fraction(x) for x in row]
        for lead in sorted(self.basis):
            if out[lead]:
                out = [x - out[lead] * y for x, y in zip(out, self.basis[lead], strict=True)]
        return out

    def add(self, row: list[int]) -> None:
        out = self.left(row)
        lead = next((i for i, x in enumerate(out) if x), None)
        if lead is not None:
            out = [x / out[lead] for x in out]
            for at, other in self.basis.items():
                self.basis[at] = [x - other[lead] * y for x, y in zip(other, out, strict=True)]
            self.basis[lead] = out

    def holds(self, row: list[int]) -> bool:
        return not any(self.left(row))


def _shown(codes: np.ndarray, cells: set[int]) -> list[list[int]]:
    return [[int(code == cell + 1) for code in codes] for cell in cells]


@settings(max_examples=300)
@example(1237, 6, 4)
@given(st.integers(0, 100_000), st.integers(2, 6), st.integers(2, 4))
def test_no_single_person_can_be_computed_whatever_is_asked_in_whatever_order(seed, tables, cells):
    dice = np.random.default_rng(seed)
    persons = 9
    overlaps = Overlaps()
    span = _Span()
    for _ in range(tables):
        codes = dice.integers(0, cells, persons).astype(np.int32)
        counts = np.bincount(codes, minlength=cells)[1:].astype(np.int64)
        counts[counts < 2] = UNSHOWN
        refused = overlaps.judge(codes, counts, 2)
        told = set(np.flatnonzero(counts != UNSHOWN).tolist()) - refused
        for row in _shown(codes, told):
            span.add(row)
        assert not [p for p in range(persons) if span.holds([int(q == p) for q in range(persons)])]


def _told(*sets: range, size: int = 100, k: int = 10) -> list[bool]:
    """Ask for one set after another, and return which were told."""
    overlaps = Overlaps()
    out = []
    for members in sets:
        codes = np.zeros(size, dtype=np.int32)
        codes[list(members)] = 1
        out.append(not overlaps.judge(codes, np.array([len(members)]), k))
    return out


def test_a_group_and_the_group_without_three_are_not_both_told():
    assert _told(range(100), range(3, 100)) == [True, False]
    assert _told(range(3, 100), range(100)) == [True, False]
    assert _told(range(100), range(10, 100)) == [True, True]


def test_parts_that_together_miss_a_few_are_seen_though_no_two_answers_differ_by_few():
    assert _told(range(100), range(30), range(30, 65), range(65, 96)) == [True, True, True, False]
    assert _told(range(30), range(30, 65), range(65, 96), range(100)) == [True, True, True, False]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_questions_does_not_matter(order):
    sets = [range(60), range(20, 100), [*range(60), *range(96, 100)]]
    assert _told(*(sets[position] for position in order)).count(False) == 1


def test_what_was_told_is_told_again_even_where_nothing_new_is():
    overlaps = Overlaps()
    codes = np.ones(100, dtype=np.int32)
    codes[:40] = 2
    counts = np.array([60, 40])
    assert overlaps.judge(codes, counts, 10) == set()
    fewer = codes.copy()
    fewer[:5] = 0
    assert overlaps.judge(fewer, np.array([60, 35]), 10) == {1}
    assert overlaps.judge(codes, counts, 10) == set()


def test_a_long_history_stays_exact():
    """Hundreds of random unions of 40 atoms of 3 persons each: nothing below 10 persons can be computed by exact elimination either."""
    dice = np.random.default_rng(4)
    overlaps, span, told = Overlaps(), _Span(), 0
    for _ in range(300):
        atoms = dice.random(40) < dice.choice([0.2, 0.5, 0.8])
        codes = np.repeat(atoms, 3).astype(np.int32)
        if codes.sum() >= 10 and not overlaps.judge(codes, np.array([int(codes.sum())]), 10):
            span.add([int(x) for x in atoms])
            told += 1
    assert told >= 10
    for size in (1, 2):
        for few in itertools.combinations(range(40), size):
            assert not span.holds([int(q in few) for q in range(40)])
