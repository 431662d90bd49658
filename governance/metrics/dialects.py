"""The one home of differences between engines: calendar arithmetic on columns and the order of text. Everything else in a statement is common SQL.

Weeks start on Monday everywhere (`unit_start`), weekdays count 1–7 from Monday, hours 0–23. Rows are ordered in Python; where a statement must choose the first of
several it orders by moment, then by `text_order`, and says where NULL stands. Integer division never happens in SQL: ratios are computed from the
aggregates. `count(DISTINCT …)` is exact on all of these engines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from governance.terms import Grain

Template = Mapping[str, str]
"""Engine → SQL with `{0}` for the column; `*` is what an unlisted engine gets."""

SPARK = frozenset({"hive", "impala", "impala4", "databricks", "spark"})
"""The dialects by which Spark SQL is reached; each is named after what it was first written for."""


def engine_of(dialect: str) -> str:
    """Return the engine that a SQLAlchemy dialect talks to."""
    return "spark" if dialect in SPARK else dialect


class _UnitStart(FunctionElement[Any]):
    type = sa.Date()
    inherit_cache = True


class _Number(FunctionElement[Any]):
    type = sa.Integer()
    inherit_cache = True


class _TextOrder(FunctionElement[Any]):
    type = sa.String()
    inherit_cache = True
    name = "text_order"


class DaysLater(FunctionElement[Any]):
    """`DaysLater(moment, days)`: the moment `days` days later."""

    type = sa.DateTime()
    inherit_cache = True


_POSTGRESQL = "CAST(date_trunc('{}', CAST({{0}} AS TIMESTAMP)) AS DATE)"
# PostgreSQL would make a moment with a zone of a date, and some zones have days without a midnight.

_TRUNCATED: Mapping[Grain, Template] = {
    "day": {"*": "CAST({0} AS DATE)", "sqlite": "date({0})"},
    "week": {
        "*": "CAST(date_trunc('week', {0}) AS DATE)",
        "postgresql": _POSTGRESQL.format("week"),
        "sqlite": "date({0}, 'weekday 0', '-6 days')",
    },
    "month": {
        "*": "CAST(date_trunc('month', {0}) AS DATE)",
        "postgresql": _POSTGRESQL.format("month"),
        "sqlite": "date({0}, 'start of month')",
    },
    "quarter": {
        "*": "CAST(date_trunc('quarter', {0}) AS DATE)",
        "postgresql": _POSTGRESQL.format("quarter"),
        "sqlite": "date({0}, 'start of month', '-' || ((CAST(strftime('%m', {0}) AS INTEGER) - 1) % 3) || ' months')",
    },
    "year": {
        "*": "CAST(date_trunc('year', {0}) AS DATE)",
        "postgresql": _POSTGRESQL.format("year"),
        "sqlite": "date({0}, 'start of year')",
    },
}
_PARTS: Mapping[str, Template] = {
    "weekday": {
        "*": "EXTRACT(isodow FROM {0})",
        "postgresql": "CAST(EXTRACT(isodow FROM {0}) AS INTEGER)",
        "sqlite": "((CAST(strftime('%w', {0}) AS INTEGER) + 6) % 7 + 1)",
        "spark": "(weekday({0}) + 1)",
    },
    "hour": {
        "*": "EXTRACT(hour FROM {0})",
        "postgresql": "CAST(EXTRACT(hour FROM {0}) AS INTEGER)",
        "sqlite": "CAST(strftime('%H', {0}) AS INTEGER)",
        "spark": "hour({0})",
    },
}

_TEXT_ORDER: Template = {
    "*": "CAST({0} AS VARCHAR)",
    "postgresql": '(CAST({0} AS TEXT) COLLATE "C")',
    "sqlite": "CAST({0} AS TEXT)",
    "spark": "CAST({0} AS STRING)",
}


def _register(cls: type[FunctionElement[Any]], template: Template) -> None:
    def compile_it(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
        pattern = template.get(engine_of(compiler.dialect.name), template["*"])
        # A paramstyle of %s needs its own percent signs doubled.
        doubled = pattern.replace("%", "%%") if compiler.preparer._double_percents else pattern  # noqa: SLF001 (SQLAlchemy's own extensions ask it so)
        return doubled.format(compiler.process(next(iter(element.clauses)), **kw))

    compiles(cls)(compile_it)


def _family(base: type[FunctionElement[Any]], prefix: str, templates: Mapping[Any, Template]) -> dict[Any, type[FunctionElement[Any]]]:
    made = {}
    for key, template in templates.items():
        made[key] = type(f"{prefix}_{key}", (base,), {"inherit_cache": True, "name": f"{prefix}_{key}"})
        _register(made[key], template)
    return made


_unit_start = _family(_UnitStart, "unit_start", _TRUNCATED)
_register(_TextOrder, _TEXT_ORDER)
_part = _family(_Number, "part", _PARTS)


@compiles(DaysLater)
def _days_later(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    moment, days = (compiler.process(clause, **kw) for clause in element.clauses)
    if compiler.dialect.name == "sqlite":
        return f"datetime({moment}, '+' || {days} || ' days')"
    if compiler.dialect.name in SPARK:
        # Calendar days: a day-time interval would be so many times 24 hours, which summer time makes another moment.
        return f"({moment} + make_interval(0, 0, 0, {days}))"
    return f"({moment} + {days} * INTERVAL '1' DAY)"


def _spark_bound(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    # These drivers send dates and moments as text. What Spark makes of text beside a moment depends on its mode, so it is told.
    text = str(compiler.visit_bindparam(element, **kw))  # type: ignore[no-untyped-call]
    kind = "DATE" if isinstance(element.type, sa.Date) else "TIMESTAMP" if isinstance(element.type, sa.DateTime) else None
    return f"CAST({text} AS {kind})" if kind is not None and not element.expanding else text


compiles(sa.BindParameter, *SPARK)(_spark_bound)


def unit_start(grain: Grain, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the first day of the calendar unit that holds the column's moment, as a date. Fiscal units are the planner's business."""
    made: Callable[..., Any] = _unit_start[grain]
    return made(column)  # type: ignore[no-any-return]


def part(name: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return `weekday` (1–7 from Monday) or `hour` (0–23) of the column's moment."""
    made: Callable[..., Any] = _part[name]
    return made(column)  # type: ignore[no-any-return]


def text_order(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return what to order keys and names by: their code points, whatever the database's own collation; NULL last."""
    return _TextOrder(column).asc().nulls_last()
