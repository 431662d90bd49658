"""What stays hidden can't be computed: held against solvers that share no code with the product."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from governance.disclosure.lines import Shape, Sum
from governance.disclosure.overlaps import Overlaps
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


@given(st.lists(st.lists(st.integers(0, 14), min_size=3, max_size=3), min_size=2, max_size=4))
def test_every_small_cell_is_hidden_whatever_else_is(rows):
    found = protect(_table(rows), MinimumGroup(entity="hcp", k=K), Shape(sums={"m": Sum(over=frozenset({"a", "b"}), counts=True)}))
    for index, value in enumerate(value for line in rows for value in line):
        assert ((index, "m") in found) >= (value < K)


def test_a_lone_small_cell_takes_the_smallest_other_one_with_it_whatever_is_shown_beside():
    found = protect(_table([[40, 3, 30, 12]]), MinimumGroup(entity="hcp", k=K), Shape(sums={"m": Sum(over=frozenset({"b"}), counts=True)}))
    assert found == {(1, "m"): "small_group", (3, "m"): "complementary"}


# --------------------------------------------------------------------------- across answers


def _in_row_space(rows: list[list[int]], target: list[int]) -> bool:
    """Exact Gaussian elimination over fractions: is the target a combination of the rows?"""
    basis: list[list[Fraction]] = []

    def reduced(row: list[Fraction]) -> list[Fraction]:
        for other in basis:
            lead = next(i for i, x in enumerate(other) if x)
            if row[lead]:
                row = [x - row[lead] / other[lead] * y for x, y in zip(row, other, strict=True)]
        return row

    for row in rows:
        left = reduced([Fraction(x) for x in row])
        if any(left):
            basis.append(left)
    return not any(reduced([Fraction(x) for x in target]))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_every_single_person_that_answers_determine_is_found(seed, tables):
    dice = np.random.default_rng(seed)
    persons = 9
    overlaps = Overlaps()
    rows: list[list[int]] = []
    for _ in range(tables):
        codes = dice.integers(0, 3, persons).astype(np.int32)
        counts = np.bincount(codes, minlength=3)[1:].astype(np.int64)
        overlaps.add(codes, counts)
        rows += [[int(code == cell) for code in codes] for cell in (1, 2) if counts[cell - 1]]
    told = overlaps.small(2)
    alone = [p for p in range(persons) if _in_row_space(rows, [int(q == p) for q in range(persons)])]
    if alone:
        assert told, "a single person can be computed and nothing was found"
    for found in told:
        assert found.size >= 1


def test_a_group_and_the_group_without_three_are_told_apart():
    overlaps = Overlaps()
    every = np.ones(100, dtype=np.int32)
    overlaps.add(every, np.array([100]))
    assert overlaps.small(10) == set() or all(not found.small(10) for found in overlaps.small(10))
    fewer = every.copy()
    fewer[:3] = 0
    overlaps.add(fewer, np.array([97]))
    assert {(found.size, found.behind) for found in overlaps.small(10)} == {(3, 3)}


def test_parts_that_together_miss_a_few_are_seen_though_no_two_answers_differ_by_few():
    overlaps = Overlaps()
    overlaps.add(np.ones(100, dtype=np.int32), np.array([100]))
    for number, (start, end) in enumerate([(0, 30), (30, 65), (65, 96)]):
        part = np.zeros(100, dtype=np.int32)
        part[start:end] = 1
        overlaps.add(part, np.array([end - start]))
        assert bool(overlaps.small(10)) == (number == 2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_questions_does_not_matter(order):
    sets = [np.array([1] * 60 + [0] * 40), np.array([0] * 20 + [1] * 80), np.array([1] * 60 + [0] * 36 + [1] * 4)]
    overlaps = Overlaps()
    for position in order:
        overlaps.add(sets[position].astype(np.int32), np.array([int(sets[position].sum())]))
    assert any(found.size == 4 for found in overlaps.small(10))
