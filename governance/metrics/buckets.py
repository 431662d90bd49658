"""Into which windows a moment falls, as SQL: the cheapest form that is exact for the windows asked.

One window is a condition; a few that don't overlap are a CASE; many that are calendar units are the unit's first day; anything else is a join
with the windows themselves, which may overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, Literal

import sqlalchemy as sa

from governance import calendar
from governance.metrics import dialects
from governance.metrics.tables import Clause
from governance.terms import GRAINS, Period

FEW = 4
TimeUnit = Literal["timestamp", "date", "month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """`key` is the column to group by (None: a single window), `where` the rows to look at, `join` the windows' own table and condition.

    `found` maps what the key is in a result to the window's position.
    """

    key: Clause | None
    where: Clause | None = None
    join: tuple[sa.FromClause, Clause] | None = None
    found: Mapping[Any, int] = field(default_factory=dict)

    def position(self, raw: Any) -> int:
        """Return the position of the window that a result row belongs to."""
        if self.key is None:
            return 0
        if isinstance(raw, datetime):
            raw = raw.date()
        elif isinstance(raw, str):
            raw = date.fromisoformat(raw[:10])
        return self.found[raw]


def bound(day: date, unit: TimeUnit) -> sa.BindParameter[Any]:
    """Return a day as a bound parameter of the column's type: midnight for timestamps."""
    if unit == "timestamp":
        return sa.literal(datetime.combine(day, time.min), sa.DateTime())
    return sa.literal(day, sa.Date())


def inside(moment: Clause, period: Period, unit: TimeUnit) -> Clause:
    """Return the condition that the moment lies in the half-open period."""
    return sa.and_(moment >= bound(period.start, unit), moment < bound(period.end, unit))


def _merged(windows: Sequence[Period]) -> list[Period]:
    runs: list[Period] = []
    for window in sorted(windows):
        if runs and window.start <= runs[-1].end:
            runs[-1] = Period(start=runs[-1].start, end=max(runs[-1].end, window.end))
        else:
            runs.append(window)
    return runs


def relation(windows: Sequence[Period], unit: TimeUnit, *, name: str = "win") -> sa.FromClause:
    """Return a table of the windows: `w` the position, `s` the start, `e` the end."""
    kind: Any = sa.DateTime() if unit == "timestamp" else sa.Date()
    rows = [(position, _plain(window.start, unit), _plain(window.end, unit)) for position, window in enumerate(windows)]
    return table_of(rows, {"w": sa.Integer(), "s": kind, "e": kind}, name)


def table_of(rows: Sequence[tuple[Any, ...]], columns: Mapping[str, Any], name: str) -> sa.FromClause:
    """Return literal rows as a table, every value a bound parameter. A common table expression, since SQLite has no other named VALUES."""
    made = sa.values(*(sa.column(column, kind) for column, kind in columns.items()), name=name)
    return made.data(list(rows)).cte(name)


def _plain(day: date, unit: TimeUnit) -> date | datetime:
    return datetime.combine(day, time.min) if unit == "timestamp" else day


def _unit_keys(windows: Sequence[Period]) -> tuple[str, dict[date, int]] | None:
    """Return the coarsest calendar unit in which each window lies whole and alone, with the unit's first day of each."""
    for grain in reversed(GRAINS):
        starts = [calendar.unit_start(window.start, grain) for window in windows]
        if len(set(starts)) == len(starts) and all(
            window.end <= calendar.shift(start, grain, 1) for window, start in zip(windows, starts, strict=True)
        ):
            return grain, {start: position for position, start in enumerate(starts)}
    return None


def buckets(windows: Sequence[Period], moment: Clause, unit: TimeUnit) -> Buckets:
    """Return how to tell the windows (each once) apart by the moment's column."""
    if len(windows) == 1:
        return Buckets(key=None, where=inside(moment, windows[0], unit))
    ordered = sorted(range(len(windows)), key=lambda position: windows[position])
    disjoint = all(windows[a].end <= windows[b].start for a, b in pairwise(ordered))
    where = sa.or_(*(inside(moment, run, unit) for run in _merged(windows)))
    if disjoint and len(windows) <= FEW:
        whens = [(moment < bound(windows[position].end, unit), position) for position in ordered[:-1]]
        key = sa.case(*((test, sa.literal_column(str(position), sa.Integer())) for test, position in whens), else_=sa.literal_column(str(ordered[-1]), sa.Integer()))
        return Buckets(key=key, where=where, found={position: position for position in ordered})
    units = _unit_keys(windows) if disjoint else None
    if units is not None:
        grain, found = units
        return Buckets(key=dialects.unit_start(grain, moment), where=where, found=found)  # type: ignore[arg-type]
    table = relation(windows, unit)
    return Buckets(
        key=table.c.w,
        where=where,
        join=(table, sa.and_(moment >= table.c.s, moment < table.c.e)),
        found={position: position for position in ordered},
    )
