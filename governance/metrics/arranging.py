"""arrange: having → order and rank → keep → limit, over the whole table and what disclosure hid of it (contracts.md sections 2 and 3).

A hidden cell never passes `having`. A row whose ordering cell is hidden comes after all others, by dimension value, so that its place says nothing; with a limit it
isn't listed and only counted. Ordered by a dimension or period, or unordered, it keeps its place.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from governance.terms import (
    Cell,
    Column,
    Comparison,
    Disclosed,
    Having,
    HiddenCell,
    Measured,
    MetricQuery,
    MinimumGroup,
    Order,
    Text,
)

_TESTS: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
RANK = "__rank"


class _Table:
    """The measured rows with what is hidden of them, by column name."""

    def __init__(self, measured: Measured, hidden: Mapping[tuple[int, str], str]) -> None:
        self.columns = measured.columns
        self.rows = measured.rows
        self.hidden = hidden
        self.at = {column.name: position for position, column in enumerate(measured.columns)}
        self._keys = [position for position, column in enumerate(measured.columns) if column.kind != "metric"]

    def is_metric(self, name: str) -> bool:
        return self.columns[self.at[name]].kind == "metric"

    def cell(self, row: int, name: str) -> Cell:
        """Return the cell as it may be told: hidden is None."""
        return None if (row, name) in self.hidden else self.rows[row][self.at[name]]

    def place(self, row: int) -> tuple[Any, ...]:
        """Return what ties break by: the row's period and dimension values, by code points, the unknown group last."""
        return tuple(_ascending(self.rows[row][position]) for position in self._keys)


def _ascending(value: Cell) -> tuple[int, float, str]:
    if value is None:
        return (3, 0.0, "")
    if isinstance(value, str):
        return (1, 0.0, value)
    return (0, value, "")


def _passes(table: _Table, row: int, having: Having) -> bool:
    value = table.cell(row, having.metric)
    return isinstance(value, (int, float)) and _TESTS[having.op](value, having.value)


def _sorted(table: _Table, rows: Sequence[int], order: Sequence[Order]) -> list[int]:
    """Order by the last key first; each sort is stable, and the ties were broken before all."""
    out = sorted(rows, key=table.place)
    for item in reversed(order):
        present = [row for row in out if table.cell(row, item.by) is not None]
        absent = [row for row in out if table.cell(row, item.by) is None]
        # A reversed sort keeps equals in their order, which is what ties need.
        present.sort(key=_value_of(table, item.by), reverse=item.direction == "desc")
        out = present + absent
    return out


def _value_of(table: _Table, name: str) -> Callable[[int], tuple[int, float, str]]:
    return lambda row: _ascending(table.cell(row, name))


def _ranks(table: _Table, rows: Sequence[int], order: Order) -> dict[int, int]:
    """Return 1-2-2-4 ranks of the rows by the ordering column; hidden and null cells have none."""
    ranks: dict[int, int] = {}
    before: Cell = None
    rank = 0
    for position, row in enumerate((row for row in rows if table.cell(row, order.by) is not None), 1):
        value = table.cell(row, order.by)
        if value != before:
            rank, before = position, value
        ranks[row] = rank
    return ranks


def _rank_column(table: _Table, order: Order) -> Column:
    column = table.columns[table.at[order.by]]
    label = Text(zh=f"{column.label.zh}（排名）", en=f"{column.label.en} (rank)")
    return Column(name=order.by + RANK, label=label, kind="metric", format="integer", protection=column.protection, metric=column.metric)


def arrange(
    measured: Measured, query: MetricQuery, hidden: Mapping[tuple[int, str], str], *, minimum_group: MinimumGroup
) -> Disclosed:
    """Return the table as it may be told. `hidden` maps (row of the measured table, column) to the reason. Pure."""
    table = _Table(measured, hidden)
    rows = [row for row in range(len(measured.rows)) if all(_passes(table, row, item) for item in query.having)]
    by_metric = [item for item in query.order if table.is_metric(item.by)]
    unplaced = [row for row in rows if any((row, item.by) in hidden for item in by_metric)]
    hidden_groups = 0
    if query.order:
        placed = set(unplaced)
        rows = _sorted(table, [row for row in rows if row not in placed], query.order) + sorted(unplaced, key=table.place)
    ranks: dict[int, int] = {}
    ranked = by_metric[0] if query.keep and by_metric else None
    if ranked is not None:
        # By the column's own values over all rows, whatever the order lists before it: a place in a list sorted by period is no rank.
        ranks = _ranks(table, _sorted(table, rows, [ranked]), ranked)
    for kept in query.keep:
        position = table.at[kept.dimension]
        rows = [row for row in rows if measured.rows[row][position] in kept.values]
    if query.limit is not None:
        left_out = set(unplaced)
        hidden_groups = sum(row in left_out for row in rows)
        rows = [row for row in rows if row not in left_out][: query.limit]
    columns = measured.columns if ranked is None else (*measured.columns, _rank_column(table, ranked))
    out: list[tuple[Cell, ...]] = []
    cells: list[HiddenCell] = []
    for number, row in enumerate(rows):
        shown = tuple(table.cell(row, column.name) for column in measured.columns)
        out.append(shown if ranked is None else (*shown, ranks.get(row)))
        cells += [
            HiddenCell(row=number, column=column.name, reason=hidden[row, column.name])
            for column in measured.columns
            if (row, column.name) in hidden
        ]
        if ranked is not None and (row, ranked.by) in hidden:
            cells.append(HiddenCell(row=number, column=ranked.by + RANK, reason=hidden[row, ranked.by]))
    return Disclosed(
        columns=columns,
        rows=tuple(out),
        hidden=tuple(cells),
        period=measured.period,
        base_period=measured.base_period,
        notes=measured.notes,
        minimum_group=minimum_group,
        hidden_groups=hidden_groups,
        total_groups=len(measured.rows),
        statements=measured.statements,
        facts=measured.facts,
    )
