"""What a plan is: the statements of a granted query and all that is needed to make one table of their results."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from governance import calendar
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.formulas import Part
from governance.metrics.statements import Statement
from governance.metrics.timeline import Timeline
from governance.metrics.windows import stretched
from governance.terms import Column, Grant, MemberCompare, MetricQuery, Note, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Asks for which time a fact has been loaded, whatever the slice: a rolling window that is not covered is null.

    For a window of months each month that has a row, for one of days the first day that has one.
    """

    part: Part
    source: str
    select: sa.Select[tuple[object]]

    def covers(self, loaded: Collection[date], window: Period) -> bool:
        """Return whether the window that ends with `window` is loaded; `loaded` are the days that `select` gave."""
        looked_at = stretched(self.part, window)
        if self.part.trailing_unit == "day":
            return bool(loaded) and min(loaded) <= looked_at.start
        return all(unit.start.replace(day=1) in loaded for unit in calendar.units_in(looked_at, "month"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that `execute` needs. `group_by` are the answer's dimensions; `slices` those of them that each part carries.

    `filters` of a member comparison include the base member, whose groups become the `__base` column.
    """

    grant: Grant
    catalogue: Catalogue
    query: MetricQuery
    timeline: Timeline
    group_by: tuple[str, ...]
    metrics: tuple[Definition, ...]
    columns: tuple[Column, ...]
    statements: tuple[Statement, ...]
    coverage: tuple[Coverage, ...]
    slices: Mapping[Part, tuple[str, ...]]
    notes: tuple[Note, ...]

    @property
    def member(self) -> MemberCompare | None:
        return self.query.compare if isinstance(self.query.compare, MemberCompare) else None

    @property
    def sources(self) -> frozenset[str]:
        """The warehouses that the statements run on."""
        return frozenset(item.source for item in self.statements)
