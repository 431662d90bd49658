"""What the present load holds: the members of open dimensions and the days that the facts speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from governance.calendar import add_months
from governance.metrics.catalogue import Catalogue
from governance.metrics.tables import tables_of
from governance.terms import UNKNOWN, Value

Fetch = Callable[[sa.Select[Any]], Sequence[Sequence[Any]]]
"""Runs a statement on the warehouse and returns its rows."""


def load_values(catalogue: Catalogue, fetch: Fetch) -> dict[str, tuple[Value, ...]]:
    """Return the members of every open dimension that the warehouse has, sorted. Identifying dimensions are never read: their values are pseudonyms."""
    found: dict[str, tuple[Value, ...]] = {}
    for name, dimension in catalogue.dimensions.items():
        if not dimension.open or dimension.identifies is not None:
            continue
        values: set[Value] = set()
        complete = True
        for source in dimension.sources:
            model = catalogue.models[source.model]
            if model.source != "warehouse":
                complete = False
                continue
            sql = tables_of(catalogue.graph).model(source.model)
            column = sql.dimension(name).group
            rows = fetch(sa.select(column.label("v")).select_from(sql.base).distinct())
            values |= {row[0] for row in rows if row[0] is not None and row[0] != UNKNOWN}
        if complete:
            found[name] = tuple(sorted(values, key=lambda value: (isinstance(value, str), value)))
    return found


def load_days(catalogue: Catalogue, fetch: Fetch) -> dict[str, tuple[date, date]]:
    """Return, for each dated model of the warehouse that has rows, the first and the last day they speak of; a fact held by month speaks of whole months."""
    found: dict[str, tuple[date, date]] = {}
    for name, model in catalogue.models.items():
        if model.time is None or model.source != "warehouse":
            continue
        sql = tables_of(catalogue.graph).model(name)
        for low, high in fetch(sa.select(sa.func.min(sql.time), sa.func.max(sql.time)).select_from(sql.base)):
            first, last = _day(low), _day(high)
            if first is None or last is None:
                continue
            found[name] = (first, add_months(last.replace(day=1), 1) - timedelta(days=1)) if model.time.unit == "month" else (first, last)
    return found


def data_range(catalogue: Catalogue, days: Mapping[str, tuple[date, date]]) -> tuple[date, date] | None:
    """Return the first and last day on which the loaded facts (those with moments or dates, not months) have rows, or None of an empty warehouse."""
    spans = [span for name, span in days.items() if (time := catalogue.models[name].time) is not None and time.unit != "month"]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value if isinstance(value, date) else None
