"""What a warehouse holds: tables with their columns, and the days that its data speak of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from governance.errors import WarehouseError
from governance.warehouse import servers, spark
from governance.warehouse.building import LOAD_TABLE

Row = tuple[Any, ...]


class Runs(Protocol):
    """What runs a SELECT and returns its rows, within bounds."""

    def run(self, select: sa.Select[Any] | sa.CompoundSelect[Any], *, timeout_s: float = 30.0, max_rows: int = 100_000) -> list[Row]: ...


def as_date(value: Any) -> date | None:
    """Return the day of what an engine gave for a moment or a day; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value if isinstance(value, date) else None


def columns(session: Runs, dialect: str, table: str | None = None, *, near: bool = False) -> dict[str, dict[str, str]]:
    """Return the columns and their types (lower case) of every table that can be read, or of one; `near`: that is found without naming a schema."""
    found: dict[str, dict[str, str]] = {}
    if dialect == "sqlite":
        return _sqlite_columns(session, table)
    if servers.kind(dialect) == "spark":
        return spark.columns(lambda statement: session.run(statement, timeout_s=60.0), table)
    listing = sa.table(
        "columns", *(sa.column(name, sa.String()) for name in ("table_schema", "table_name", "column_name", "data_type")), schema="information_schema"
    )
    select = sa.select(listing.c.table_name, listing.c.column_name, listing.c.data_type).where(
        listing.c.table_schema.not_in(["information_schema", "pg_catalog"])
    )
    if table is not None:
        select = select.where(listing.c.table_name == table)
    if near and dialect == "postgresql":
        select = select.where(listing.c.table_schema == sa.any_(sa.func.current_schemas(sa.false())))
    for name, column, kind in session.run(select, timeout_s=10.0, max_rows=100_000):
        found.setdefault(str(name), {})[str(column)] = str(kind).lower()
    return found


def days(session: Runs, dialect: str) -> tuple[date, date]:
    """Return the first and the last day of any moment or date stored; moments alone decide where there are some."""
    kinds = [
        (table, column, "timestamp" in kind)
        for table, kinds_of in columns(session, dialect, near=True).items()
        for column, kind in kinds_of.items()
        if table != LOAD_TABLE and ("timestamp" in kind or kind == "date")
    ]
    moments = [(table, column) for table, column, moment in kinds if moment] or [(table, column) for table, column, _ in kinds]
    found = []
    for table, name in moments:
        column: sa.ColumnElement[Any] = sa.column(name)
        low, high = session.run(sa.select(sa.func.min(column), sa.func.max(column)).select_from(sa.table(table)), timeout_s=60.0, max_rows=1)[0]
        found += [day for day in (as_date(low), as_date(high)) if day is not None]
    if not found:
        raise WarehouseError("The warehouse holds no dates; nothing can be asked of it.")
    return min(found), max(found)


def _sqlite_columns(session: Runs, table: str | None) -> dict[str, dict[str, str]]:
    names = [table] if table is not None else [str(row[0]) for row in session.run(sa.select(sa.column("name")).select_from(sa.table("sqlite_master")), max_rows=10_000)]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        info = sa.func.pragma_table_info(name).table_valued("name", "type")
        columns = {str(row[0]): str(row[1]).lower() for row in session.run(sa.select(info.c.name, info.c.type))}
        if columns:
            found[name] = columns
    return found
