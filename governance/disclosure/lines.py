"""The geometry of a table: which of its numbers add up to totals that are shown or could be asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from governance.terms import Column, Measured

PERIOD = "period"
MOST_SUBSETS = 15
"""Totals over more combinations of dimensions than this aren't all looked at: then over each dimension and over all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """How a metric's cells add up. `over`: the dimensions (and `period`) whose totals are sums of cells.

    `counts`: whether a cell is a number of persons. `rate`: the cell is a ratio; what adds up are the persons behind it.
    """

    over: frozenset[str]
    counts: bool = False
    rate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What protection must know of a table beside its numbers.

    `windows`: for each row the period that it is about and the one that its `__base` column is about (None: none); cells of one group and one period are one number,
    wherever they stand. `member`: the dimension compared by members and its base.
    """

    sums: Mapping[str, Sum] = field(default_factory=dict)
    windows: Sequence[tuple[Hashable, Hashable]] | None = None
    member: tuple[str, object] | None = None


Place = tuple[int, str]
"""Row of the measured table, column name."""


@dataclass(slots=True)
class Number:
    """One number of the table: where it stands, its value and the persons behind it; `at` are its coordinates in the dimensions that add up, `rest` in the others."""

    places: list[Place]
    value: float
    persons: int | None
    key: tuple[str, ...]
    at: tuple[object, ...] = ()
    rest: tuple[object, ...] = ()


@dataclass(slots=True)
class Numbers:
    """All numbers of one metric and the lines in which they add up. `plain`: the numbers stand in one grid, each at one place of it."""

    numbers: list[Number]
    lines: list[list[int]]
    plain: bool = True


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    every = [subset for size in range(1, len(names) + 1) for subset in combinations(names, size)]
    if len(every) <= MOST_SUBSETS:
        return every
    return [*((name,) for name in names), tuple(names)]


def _amount(measured: Measured, row: int, at: int, name: str, how: Sum) -> tuple[float, int | None]:
    persons = measured.contributors[row].get(name)
    value = measured.rows[row][at]
    if how.rate or not isinstance(value, (int, float)):
        return float(persons or 0), persons
    return float(value), persons


def numbers_of(measured: Measured, metric: str, how: Sum, shape: Shape) -> Numbers:
    """Return the metric's numbers and lines: its own column and its `__base`, each number once."""
    columns: Sequence[Column] = measured.columns
    keys = [(j, column) for j, column in enumerate(columns) if column.kind != "metric"]
    at = {column.name: j for j, column in enumerate(columns)}
    period = next((j for j, column in keys if column.kind == "period"), None)
    groups = [(j, column.name) for j, column in keys if column.kind != "period"]
    found: dict[Hashable, int] = {}
    numbers: list[Number] = []
    grids: dict[str, dict[tuple[object, ...], int]] = {}
    for name in (metric, f"{metric}__base"):
        if name not in at:
            continue
        grid = grids.setdefault(name, {})
        for i, row in enumerate(measured.rows):
            group: tuple[object, ...] = tuple(row[j] for j, _ in groups)
            label = row[period] if period is not None else None
            main, base = shape.windows[i] if shape.windows is not None else (label, (PERIOD, label))
            window = main
            if name != metric:
                window = base
                if shape.member is not None:
                    window = main
                    group = tuple(shape.member[1] if dimension == shape.member[0] else value for (_, dimension), value in zip(groups, group, strict=True))
            identity = (window, group)
            if identity not in found:
                value, persons = _amount(measured, i, at[name], name, how)
                found[identity] = len(numbers)
                numbers.append(Number(places=[], value=value, persons=persons, key=tuple(str(part) for part in (*group, label))))
            numbers[found[identity]].places.append((i, name))
            grid[label, *group] = found[identity]
    names = [PERIOD, *(dimension for _, dimension in groups)]
    over = [dimension for dimension in names if dimension in how.over and (dimension != PERIOD or period is not None)]
    added = [position for position, dimension in enumerate(names) if dimension in over]
    for name, grid in grids.items():
        for coordinates, number in grid.items():
            numbers[number].at = tuple(coordinates[position] for position in added)
            numbers[number].rest = (name, *(value for position, value in enumerate(coordinates) if position not in added))
    lines: dict[tuple[int, ...], None] = {}
    for grid in grids.values():
        for subset in _subsets(over):
            kept = [position for position, dimension in enumerate(names) if dimension not in subset]
            together: dict[tuple[object, ...], dict[int, None]] = defaultdict(dict)
            for coordinates, number in grid.items():
                together[tuple(coordinates[position] for position in kept)].setdefault(number)
            for line in together.values():
                lines.setdefault(tuple(line))
    plain = sum(len(grid) for grid in grids.values()) == len(numbers)
    return Numbers(numbers=numbers, lines=[list(line) for line in lines], plain=plain)
