"""Connections to warehouses that are servers of their own: read-only and bounded as far as each engine can be told so."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from governance.warehouse import spark

CONNECT_S = 10
STEP_S = 30
"""PostgreSQL's own time limit is set in steps of so many seconds: it stands behind the cancelling of this process, which is exact."""

_LIBPQ = frozenset({"psycopg", "psycopg2"})
_POSTGRESQL = (
    "SET default_transaction_read_only = on",
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '10min'",
    # PostgreSQL takes "the latest state of each" for a handful of rows and would join two of them row by row: minutes instead of milliseconds (measured with
    # 15; 600 states at 50 instants). The cost it then reckons with would start its compiler for every small question.
    "SET enable_nestloop = off",
    "SET jit = off",
)
def kind(name: str) -> str:
    """Return the kind of server that a SQLAlchemy dialect reaches: postgresql, spark, or its own name."""
    return "spark" if name in spark.DIALECTS else name


def engine(url: URL, *, read_only: bool) -> sa.Engine:
    """Return an engine for the server at `url`.

    On PostgreSQL a question is one read-only transaction of REPEATABLE READ, so that all of it sees one load; it waits for no lock and holds none when
    idle. Other engines are bounded by their account's rights (docs/reference/engines.md).
    """
    name = kind(url.get_backend_name())
    if name == "spark":
        return spark.engine(url)
    if name != "postgresql":
        return sa.create_engine(url, pool_pre_ping=True)
    defaults = {"connect_timeout": CONNECT_S, "application_name": "wenshu"} if url.get_driver_name() in _LIBPQ else {}
    arguments = {key: value for key, value in defaults.items() if key not in url.query}
    made = sa.create_engine(url, pool_pre_ping=True, connect_args=arguments)
    if read_only:
        sa.event.listen(made, "connect", _harden)
        made = made.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return made


def _harden(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for setting in _POSTGRESQL:
        cursor.execute(setting)
    cursor.close()
    connection.commit()


def limit_time(connection: sa.Connection, timeout_s: float, current: int | None) -> int | None:
    """Tell PostgreSQL to give up by itself soon after `timeout_s`; return the limit now set in seconds, None on other engines."""
    if connection.dialect.name != "postgresql":
        return None
    wanted = math.ceil((timeout_s + 1) / STEP_S) * STEP_S
    if wanted != current:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{wanted}s'")
    return wanted


def limit_rows(select: Any, rows: int) -> Any:
    """Return the SELECT with a LIMIT where it has none; anything else as it is."""
    if isinstance(select, (sa.Select, sa.CompoundSelect)) and not select._has_row_limiting_clause:  # noqa: SLF001 (there is no public question)
        return select.limit(rows)
    return select
