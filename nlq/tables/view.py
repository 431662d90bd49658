"""A disclosed table as sentences, charts and pages look at it: named members, numbers by metric and role, hidden cells known as hidden.

Only what was disclosed is here; a hidden cell has no number, so nothing built on a view can tell it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from governance.calendar import shift, unit_start
from governance.terms import Cell, Column, Disclosed, Grain, Language, MetricQuery, Period
from nlq.tables.formatting import (
    Names,
    Style,
    dimension_label,
    inside,
    is_unknown,
    metric_label,
    metric_of,
    quantity,
    role_of,
    style_of,
    value_label,
)
from nlq.tables.periods import unit_word

_GRAIN_NOUNS = {"day": ("日", "day"), "week": ("周", "week"), "month": ("月份", "month"), "quarter": ("季度", "quarter"), "year": ("年份", "year")}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A table, the question it answers, and the language in which it is told. `today` decides which years need no saying."""

    query: MetricQuery
    table: Disclosed
    names: Names
    language: Language
    today: date
    fiscal_start: int = 1
    _at: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _reasons: Mapping[tuple[int, str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Looked up for every cell that is told or drawn.
        object.__setattr__(self, "_at", {column.name: index for index, column in enumerate(self.table.columns)})
        object.__setattr__(self, "_reasons", {(cell.row, cell.column): cell.reason for cell in self.table.hidden})

    @property
    def zh(self) -> bool:
        return self.language == "zh"

    # ------------------------------------------------------------- columns

    @property
    def dimensions(self) -> list[Column]:
        return [column for column in self.table.columns if column.kind == "dimension"]

    @property
    def has_period(self) -> bool:
        return any(column.kind == "period" for column in self.table.columns)

    @property
    def metrics(self) -> list[str]:
        """The metrics told, in the table's order, each once."""
        return list(dict.fromkeys(metric_of(column) for column in self.table.columns if column.kind == "metric"))

    def column(self, metric: str, role: str = "value") -> Column | None:
        for column in self.table.columns:
            if column.kind == "metric" and metric_of(column) == metric and role_of(column) == role:
                return column
        return None

    def style(self, metric: str, role: str = "value") -> Style:
        column = self.column(metric, role)
        return style_of(column, self.names) if column else Style(format="decimal")

    @property
    def timeless(self) -> bool:
        """Whether every metric is a current number, for which the period makes no difference."""
        known = [self.names.metrics[name] for name in self.metrics if name in self.names.metrics]
        return bool(known) and not any(metric.grain for metric in known)

    @property
    def unfinished(self) -> bool:
        """Whether a trend's last unit isn't over at the period's end, so that its number must not be read as a fall."""
        grain, period = self.query.grain, self.table.period
        if grain is None or period is None:
            return False
        return shift(self._last_unit(period, grain), grain, 1) > period.end

    @property
    def begun_late(self) -> bool:
        """Whether a trend's first unit had begun before the period did, so that its number must not be read as a rise from little."""
        grain, period = self.query.grain, self.table.period
        return grain is not None and period is not None and self._first_unit(period, grain) < period.start

    def in_unfinished(self, row: int) -> bool:
        """Whether a row of a trend is of that last unit."""
        grain, period = self.query.grain, self.table.period
        return grain is not None and period is not None and self.unfinished and self.period_key(row) == self._last_unit(period, grain).isoformat()

    def in_begun_late(self, row: int) -> bool:
        """Whether a row of a trend is of that first unit."""
        grain, period = self.query.grain, self.table.period
        return grain is not None and period is not None and self.begun_late and self.period_key(row) == self._first_unit(period, grain).isoformat()

    def in_part(self, row: int) -> bool:
        """Whether a row of a trend is of a unit that the period holds only a part of, at either end."""
        return self.in_unfinished(row) or self.in_begun_late(row)

    def _first_unit(self, period: Period, grain: Grain) -> date:
        return unit_start(period.start, grain, fiscal_start=self.fiscal_start)

    def _last_unit(self, period: Period, grain: Grain) -> date:
        return unit_start(period.end - timedelta(days=1), grain, fiscal_start=self.fiscal_start)

    # ------------------------------------------------------------- cells

    def cell(self, row: int, column: str) -> Cell:
        index = self._at.get(column)
        return None if index is None else self.table.rows[row][index]

    def number(self, row: int, metric: str, role: str = "value") -> float | None:
        """The number of a cell, or None where it is hidden, has no value, or isn't in the table."""
        column = self.column(metric, role)
        value = self.cell(row, column.name) if column else None
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def said(self, row: int, metric: str, role: str = "value") -> str:
        """The cell as a sentence says it, with its unit; not `doctors reached 812 doctors`, where the English label names it already."""
        style = self.style(metric, role)
        if not self.zh and style.unit is not None and style.format != "currency" and style.unit.en.rstrip("s").lower() in self.metric(metric).lower():
            style = replace(style, unit=None)
        return quantity(self.number(row, metric, role), style, self.language)

    def said_number(self, value: float, metric: str, role: str = "value", *, exactly: bool = False) -> str:
        """Some number (a size, a threshold) in the way of the column; a size carries no sign, a threshold no 约."""
        style = self.style(metric, role)
        return quantity(value, replace(style, signed=False, approximate=style.approximate and not exactly), self.language)

    def pair(self, row: int, metric: str, role: str = "value", *, with_period: bool = False) -> str:
        """A member with its number: `华东 63.2%`, `East 63.2%`."""
        said = self.said(row, metric, role)
        return f"{self.member(row, with_period=with_period)} {said}"

    def period_key(self, row: int) -> str:
        """The row's period in ISO form, which sorts as time does."""
        return str(next((self.cell(row, column.name) for column in self.table.columns if column.kind == "period"), ""))

    def hidden(self, row: int, metric: str, role: str = "value") -> str | None:
        """Why the cell is hidden, or None where it isn't."""
        column = self.column(metric, role)
        return None if column is None else self._reasons.get((row, column.name))

    def rows(self) -> range:
        return range(len(self.table.rows))

    def told(self, metric: str, role: str = "value", *, among: Iterable[int] | None = None) -> list[int]:
        """Rows that have a number to tell and aren't the group of unknowns, in the table's order."""
        rows = self.rows() if among is None else among
        return [row for row in rows if self.number(row, metric, role) is not None and not self.unknown(row)]

    def unknown(self, row: int) -> bool:
        return any(is_unknown(column.name, self.cell(row, column.name), self.names) for column in self.dimensions)

    # ------------------------------------------------------------- names

    def metric(self, metric: str) -> str:
        return inside(metric_label(metric, self.names, self.language), self.language)

    def noun(self) -> str:
        """What a row is one of: `大区`, `region`; for two dimensions `大区 × 渠道`; for a trend its unit."""
        names = [inside(dimension_label(column.name, self.names, self.language), self.language) for column in self.dimensions]
        if self.query.grain and (self.has_period and not names):
            return _GRAIN_NOUNS[self.query.grain][0 if self.zh else 1]
        return " × ".join(names)

    def count_noun(self) -> str:
        """What rows are counted in: the noun of a single dimension or unit, else combinations."""
        kinds = len(self.dimensions) + self.has_period
        return self.noun() if kinds == 1 else "组合" if self.zh else "combination"

    def member(self, row: int, *, with_period: bool = False) -> str:
        """What a row is about: `华东`, `East · WeChat`, with its period if asked or if that is all there is."""
        words = [self.named(column.name, self.cell(row, column.name)) for column in self.dimensions]
        if self.has_period and (with_period or not words):
            words.append(self.when(row))
        return " · ".join(words)

    def named(self, dimension: str, value: Cell) -> str:
        """A value's label, with its dimension's where the value alone says nothing (`A`, `9`, `是`)."""
        label, known = value_label(dimension, value, self.names, self.language), self.names.dimensions.get(dimension)
        if len(label) > 1 and not isinstance(value, int) and not (known and known.type in {"boolean", "integer"}):
            return label
        own = dimension_label(dimension, self.names, self.language)
        return f"{own} {label}" if label.isascii() or not self.zh else f"{own}{label}"

    def on(self, row: int) -> str:
        """The row's period after its English preposition: `in October`, `on 12 October`."""
        return f"{'on' if self.query.grain == 'day' else 'in'} {self.when(row)}"

    def when(self, row: int) -> str:
        value = next((self.cell(row, column.name) for column in self.table.columns if column.kind == "period"), None)
        return unit_word(value, self.query.grain or "day", self.language, self.today) if value is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Companion tables of a single number: the same with the previous period, its peers, the units up to it; None where there is none."""

    previous: View | None = None
    peers: View | None = None
    recent: View | None = None


NOTHING_BESIDE = Beside()
