"""check_live: a catalogue against the warehouse it is meant for.

In this order, each only where the one before found nothing: columns exist and are of the right kind (`fitting`); keys are unique, months begin on their first day,
closed dimensions hold what they list; every metric runs, by nothing, by time and by every dimension that a fact carries; no ratio is without a denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from governance import calendar
from governance.documents.metrics import Dimension, SemanticModel
from governance.errors import Problem, WenshuError
from governance.metrics.catalogue import Catalogue
from governance.metrics.checking import check
from governance.metrics.execution import Sources, WarehousePort, execute
from governance.metrics.fitting import misfits, unlike_joins
from governance.metrics.planner import plan
from governance.metrics.tables import tables_of
from governance.terms import UNKNOWN, Actor, Grant, Measured, MetricQuery, MinimumGroup, Period

DAY = timedelta(days=1)
OFTEN = 10
"""A stored value in fewer rows may be a slip of somebody's pen and is counted, not quoted."""
QUOTED = 5
AT_ONCE = 2
"""How many dimensions one trial groups by."""
_MAY_BE_EMPTY = frozenset({"immature", "not_covered"})
Run = Callable[[Any], list[tuple[Any, ...]]]


class Inspected(Protocol):
    """A warehouse whose tables can be listed, with the types of their columns in lower case."""

    def columns(self, session: Any, table: str | None = None) -> dict[str, dict[str, str]]: ...


def check_live(catalogue: Catalogue, warehouse: WarehousePort, *, ledger: Path | None = None, today: date) -> list[Problem]:
    """Return every problem that the catalogue has with the warehouse; an empty list means that every metric can be asked.

    Metrics of the ledger are checked only where its file is given.
    """
    problems: list[Problem] = []
    with Sources.open(warehouse, ledger=ledger) as sources:
        broken: set[str] = set()
        for source in ("warehouse", "ledger"):
            models = [model for model in catalogue.models.values() if model.source == source]
            if not models or (source == "ledger" and ledger is None):
                broken |= {model.name for model in models}
                continue
            session = sources.session(source)
            port: Any = warehouse if source == "warehouse" or ledger is None else warehouse.beside(ledger)
            present = port.columns(session)

            def run(select: Any, session: Any = session) -> list[tuple[Any, ...]]:
                found: list[tuple[Any, ...]] = session.run(select, timeout_s=120.0, max_rows=100_000)
                return found

            for model in models:
                found = list(misfits(catalogue, model, present)) or [*_months(catalogue, model, run), *_keys(catalogue, model, run), *_values(catalogue, model, run)]
                problems += found
                if found:
                    broken.add(model.name)
            joins = list(unlike_joins(catalogue, present))
            problems += joins
            broken |= {problem.where.removeprefix("model ") for problem in joins}
        problems += _Trials(catalogue, sources, today).problems(broken)
    return problems


# ------------------------------------------------------------------ what the rows hold


def _where(model: SemanticModel) -> str:
    return f"model {model.name}"


def _keys(catalogue: Catalogue, model: SemanticModel, run: Run) -> Iterable[Problem]:
    """A primary key that is not unique would multiply every row joined to it."""
    primary = catalogue.graph.primary(model.name)
    if primary is None:
        return
    column = tables_of(catalogue.graph).model(model.name).column(primary.column)
    ((rows, distinct),) = run(sa.select(sa.func.count(), sa.func.count(sa.distinct(column))))
    if rows != distinct:
        message = f"{model.table}.{primary.column} is the primary key of {primary.name}, but {rows - distinct} of {rows} rows repeat one or have none."
        yield Problem(where=_where(model), message=message)


def _months(catalogue: Catalogue, model: SemanticModel, run: Run) -> Iterable[Problem]:
    if model.time is None or model.time.unit != "month":
        return
    time = tables_of(catalogue.graph).model(model.name).time
    ((wrong,),) = run(sa.select(sa.func.count()).where(sa.extract("day", time) != 1))
    if wrong:
        yield Problem(where=_where(model), message=f"{model.table}.{model.time.column} must hold a month's first day; {wrong} rows don't.")


def _values(catalogue: Catalogue, model: SemanticModel, run: Run) -> Iterable[Problem]:
    """A stored value that a closed dimension doesn't list would be shown and could never be asked for."""
    sql = tables_of(catalogue.graph).model(model.name)
    for dimension in catalogue.dimensions.values():
        if not _is_closed(dimension) or all(source.model != model.name for source in dimension.sources):
            continue
        group = sql.dimension(dimension.id).group.label("v")
        counted = sa.select(group, sa.func.count()).select_from(sql.base).group_by(sa.literal_column("v"))
        listed = {UNKNOWN, *(item.value for item in dimension.values)}
        strange = [(value, rows) for value, rows in run(counted) if value is not None and value not in listed]
        if strange:
            told = [str(value) for value, rows in sorted(strange, key=lambda item: -item[1]) if rows >= OFTEN][:QUOTED]
            which = f" ({', '.join(told)}{', …' if len(told) < len(strange) else ''})" if told else ""
            column = next(source.column for source in dimension.sources if source.model == model.name)
            message = (
                f"{model.table}.{column} holds {len(strange)} value(s){which} in {sum(rows for _, rows in strange)} rows that the dimension {dimension.id} "
                "does not list. List them, translate them, or say `open: true`."
            )
            yield Problem(where=_where(model), message=message)


def _is_closed(dimension: Dimension) -> bool:
    """Whether only the listed values count; a boolean has two by itself, parts of a moment have their own."""
    own = all(source.part is None for source in dimension.sources)
    return bool(dimension.values) and not dimension.open and dimension.identifies is None and dimension.type != "boolean" and own


# ------------------------------------------------------------------ whether metrics run


@dataclass(frozen=True, slots=True)
class _Trials:
    """Asks metrics until every one has run, and every dimension of every fact with one of them."""

    catalogue: Catalogue
    sources: Sources
    today: date

    def problems(self, broken: set[str]) -> Iterable[Problem]:
        catalogue, tried = self.catalogue, set[tuple[str, str]]()
        for name in catalogue.metrics:
            used = {measure.model for part in catalogue.definitions[name].formula.parts for measure in (part.measure, part.second) if measure is not None}
            if used & broken:
                continue
            found = list(self._alone(name))
            yield from found
            if found:
                continue
            offered = [item for item in catalogue.groupable_by(name) if catalogue.dimensions[item].identifies is None]
            fresh = [item for item in offered if any((model, item) not in tried for model in used) and not self._through(used, item) & broken]
            for start in range(0, len(fresh), AT_ONCE):
                some = fresh[start : start + AT_ONCE]
                tried |= {(model, item) for model in used for item in some}
                group_by = tuple(dict.fromkeys([*self._single(name), *some]))
                try:
                    self._measured(name, group_by)
                except WenshuError as error:
                    yield Problem(where=f"metric {name}", message=f"can't be run by {', '.join(group_by)}: {error}")

    def _through(self, models: set[str], dimension: str) -> set[str]:
        """Return the tables from which the facts take the dimension."""
        graph = self.catalogue.graph
        routes = [graph.route(model, dimension) for model in models]
        return {model for route in routes if route is not None for model in (route.model, *(graph.home(hop) or "" for hop in route.hops))}

    def _alone(self, name: str) -> Iterable[Problem]:
        """Ask by nothing over the metric's own period, and over everything loaded where that gives nothing; then by time."""
        catalogue = self.catalogue
        document, definition = catalogue.metrics[name], catalogue.definitions[name]
        group_by = self._single(name)
        try:
            found = self._measured(name, group_by)
            if found.rows and _is_empty(found) and not definition.timeless:
                found = self._measured(name, group_by, period=self._everything(definition.monthly))
            if document.grain and not definition.timeless:
                self._measured(name, group_by, grain=True)
        except WenshuError as error:
            yield Problem(where=f"metric {name}", message=f"can't be run: {error}")
            return
        if found.rows and _is_empty(found):
            yield Problem(where=f"metric {name}", message="has no value over anything that is loaded: its denominator is empty everywhere.")

    def _single(self, name: str) -> tuple[str, ...]:
        """Return the dimension of which the metric needs one member, so that each has its own rows."""
        single = self.catalogue.metrics[name].parameters.get("single")
        return (str(single),) if single is not None else ()

    def _everything(self, monthly: bool) -> Period:
        first, last = self._days()
        end = calendar.shift(calendar.unit_start(last, "month"), "month", 1)
        return Period(start=first.replace(day=1), end=end) if monthly else Period(start=first, end=last + DAY)

    def _days(self) -> tuple[date, date]:
        """Return the first and last day loaded, by the models' times; of an empty warehouse, the last complete month."""
        days: list[date] = []
        for model in self.catalogue.models.values():
            if model.time is None or model.source != "warehouse":
                continue
            sql = tables_of(self.catalogue.graph).model(model.name)
            session = self.sources.session("warehouse")
            for row in session.run(sa.select(sa.func.min(sql.time), sa.func.max(sql.time)).select_from(sql.base), timeout_s=120.0, max_rows=1):
                days += [date.fromisoformat(str(value)[:10]) for value in row if value is not None]
        month = calendar.unit(self.today, "month", offset=-1)
        return (min(days), max(days)) if days else (month.start, month.end - DAY)

    def _measured(self, name: str, group_by: tuple[str, ...], *, period: Period | None = None, grain: bool = False) -> Measured:
        asked = MetricQuery(metrics=(name,), group_by=group_by, period=period, grain="month" if grain else None)
        month = calendar.unit(self.today, "month", offset=-1)
        checked = check(asked, self.catalogue, today=self.today, data_from=month.start, data_to=self.today)
        grant = Grant(
            actor=Actor(id="check", role="check", department="check", via="local_admin"),
            purpose="check",
            query=checked,
            today=self.today,
            scopes=(),
            minimum_group=MinimumGroup(entity="person", k=0),
            consent_purpose=None,
            rules=(),
            obligations=(),
            policy_version="check",
            timeout_s=120.0,
            max_rows=1_000_000,
        )
        return execute(plan(grant, self.catalogue), self.sources)


def _is_empty(found: Measured) -> bool:
    """Whether no row has a value although none of them had reason to be empty."""
    value = next(position for position, column in enumerate(found.columns) if column.kind == "metric")
    return all(row[value] is None for row in found.rows) and not any(note.code in _MAY_BE_EMPTY for note in found.notes)
