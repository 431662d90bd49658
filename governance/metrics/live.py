"""check_live: a catalogue against the warehouse it is meant for. Columns and types, keys really unique, denominators, and every metric runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from governance import calendar
from governance.documents.metrics import SemanticModel
from governance.errors import Problem, WenshuError, nearest
from governance.metrics.catalogue import Catalogue
from governance.metrics.checking import check
from governance.metrics.execution import Sources, WarehousePort, execute
from governance.metrics.planner import plan
from governance.metrics.tables import tables_of
from governance.terms import Actor, Grant, Measured, MetricQuery, MinimumGroup

_TIMES: Mapping[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "datetime"),
    "date": ("date", "timestamp", "text"),
    "month": ("date",),
}
_TYPES: Mapping[str, tuple[str, ...]] = {
    "boolean": ("bool", "tinyint(1)"),
    "integer": ("int", "numeric", "decimal", "hugeint"),
}


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
                found: list[tuple[Any, ...]] = session.run(select, timeout_s=120.0, max_rows=1000)
                return found

            for model in models:
                found = [*_columns(catalogue, model, present), *_months(catalogue, model, present, run)]
                if not found:
                    found = list(_keys(catalogue, model, run))
                problems += found
                if found:
                    broken.add(model.name)
        for name in catalogue.metrics:
            parts = catalogue.definitions[name].formula.parts
            used = {measure.model for part in parts for measure in (part.measure, part.second) if measure is not None}
            if not used & broken:
                problems += _runs(catalogue, name, sources, today)
    return problems


def _where(model: SemanticModel) -> str:
    return f"model {model.name}"


def _columns(catalogue: Catalogue, model: SemanticModel, present: Mapping[str, Mapping[str, str]]) -> Iterable[Problem]:
    table = model.table.rpartition(".")[2]
    if table not in present:
        yield Problem(where=_where(model), message=f"the warehouse has no table {model.table}.{nearest(table, present)}")
        return
    columns = present[table]
    for name, kind in _needed(catalogue, model):
        if name not in columns:
            yield Problem(where=_where(model), message=f"{model.table} has no column {name}.{nearest(name, columns)}")
        elif kind and not any(word in columns[name] for word in kind):
            yield Problem(where=_where(model), message=f"{model.table}.{name} is {columns[name]}, but {' or '.join(kind)} is needed.")


def _needed(catalogue: Catalogue, model: SemanticModel) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Every column that the catalogue reads of the model, with the words of which its type must contain one."""
    needed: dict[str, tuple[str, ...]] = dict.fromkeys((entity.column for entity in model.entities), ())
    for name, flag in catalogue.graph.columns.get(model.name, {}).items():
        needed[name] = _TYPES["boolean"] if flag else ()
    for dimension in catalogue.dimensions.values():
        for source in dimension.sources:
            if source.model == model.name:
                needed[source.column] = _TYPES.get(dimension.type, ()) if source.part is None else _TIMES["timestamp"]
    if model.validity is not None:
        needed |= {model.validity.start: ("date", "timestamp"), model.validity.end: ("date", "timestamp")}
    if model.time is not None:
        needed[model.time.column] = _TIMES[model.time.unit]
    return needed.items()


def _keys(catalogue: Catalogue, model: SemanticModel, run: Callable[[Any], list[tuple[Any, ...]]]) -> Iterable[Problem]:
    """A primary key that is not unique would multiply every row joined to it."""
    primary = catalogue.graph.primary(model.name)
    if primary is None:
        return
    column = tables_of(catalogue.graph).model(model.name).column(primary.column)
    ((rows, distinct),) = run(sa.select(sa.func.count(), sa.func.count(sa.distinct(column))))
    if rows != distinct:
        message = f"{model.table}.{primary.column} is the primary key of {primary.name}, but {rows - distinct} of {rows} rows repeat one or have none."
        yield Problem(where=_where(model), message=message)


def _months(
    catalogue: Catalogue, model: SemanticModel, present: Mapping[str, Mapping[str, str]], run: Callable[[Any], list[tuple[Any, ...]]]
) -> Iterable[Problem]:
    if model.time is None or model.time.unit != "month" or model.time.column not in present.get(model.table.rpartition(".")[2], {}):
        return
    time = tables_of(catalogue.graph).model(model.name).time
    ((wrong,),) = run(sa.select(sa.func.count()).where(sa.extract("day", time) != 1))
    if wrong:
        yield Problem(where=_where(model), message=f"{model.table}.{model.time.column} must hold a month's first day; {wrong} rows don't.")


def _runs(catalogue: Catalogue, name: str, sources: Sources, today: date) -> Iterable[Problem]:
    """Ask the metric once, by nothing and by its first dimension; a ratio without any denominator is a problem of the definition or the data."""
    month = calendar.unit(today, "month", offset=-1)
    single = catalogue.metrics[name].parameters.get("single")
    by = [(str(single),)] if single is not None else [(), catalogue.groupable_by(name)[:1]]
    for group_by in by:
        try:
            found = _measure(catalogue, MetricQuery(metrics=(name,), group_by=group_by), sources, today, month.start)
        except WenshuError as error:
            yield Problem(where=f"metric {name}", message=f"can't be run: {error}")
            return
        if not group_by and found.rows and found.rows[0][0] is None and not any(note.code in {"immature", "not_covered"} for note in found.notes):
            yield Problem(where=f"metric {name}", message=f"has no value over {found.period}: its denominator is empty.")


def _measure(catalogue: Catalogue, query: MetricQuery, sources: Sources, today: date, data_from: date) -> Measured:
    checked = check(query, catalogue, today=today, data_from=data_from, data_to=today)
    grant = Grant(
        actor=Actor(id="check", role="check", department="check", via="local_admin"),
        purpose="check",
        query=checked,
        today=today,
        scopes=(),
        minimum_group=MinimumGroup(entity="person", k=0),
        consent_purpose=None,
        rules=(),
        obligations=(),
        policy_version="check",
        timeout_s=120.0,
    )
    return execute(plan(grant, catalogue), sources)
