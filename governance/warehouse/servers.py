"""Connections to warehouses that are servers of their own: read-only and bounded as far as each engine can be told so."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

CONNECT_S = 10
STEP_S = 30
"""The server's own time limit is set in steps of so many seconds: it stands behind the cancelling of this process, which is exact."""

_LIBPQ = frozenset({"psycopg", "psycopg2"})

_SETTINGS = (
    "default_transaction_read_only = on",
    "lock_timeout = '5s'",
    "idle_in_transaction_session_timeout = '10min'",
    # PostgreSQL takes "the latest state of each" for a handful of rows and would join two of them row by row: minutes instead of milliseconds (measured with
    # 15; 600 states at 50 instants). The cost it then reckons with would start its compiler for every small question.
    "enable_nestloop = off",
    "jit = off",
)


def engine(url: URL, *, read_only: bool) -> sa.Engine:
    """Return an engine for the server at `url`.

    On PostgreSQL a question is one read-only transaction of REPEATABLE READ, so that all of it sees one load; it waits for no lock and holds none when
    idle. Other engines are bounded by their account's rights (docs/reference/engines.md).
    """
    name, driver = url.get_backend_name(), url.get_driver_name()
    if name != "postgresql":
        return sa.create_engine(url, pool_pre_ping=True)
    defaults = {"connect_timeout": CONNECT_S, "application_name": "wenshu"} if driver in _LIBPQ else {}
    arguments = {key: value for key, value in defaults.items() if key not in url.query}
    made = sa.create_engine(url, pool_pre_ping=True, connect_args=arguments)
    if read_only:
        sa.event.listen(made, "connect", _harden)
        made = made.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return made


def _harden(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for setting in _SETTINGS:
        cursor.execute(f"SET {setting}")
    cursor.close()
    connection.commit()


def limit_time(connection: sa.Connection, timeout_s: float, current: int | None) -> int | None:
    """Tell the server to give up by itself soon after `timeout_s`; return the limit now set in seconds, None where there is no such setting."""
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
