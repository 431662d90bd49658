"""Connections to warehouses that are servers of their own: read-only and bounded as far as each engine can be told so."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

CONNECT_S = 10
STEP_S = 30
"""PostgreSQL's own time limit is set in steps of so many seconds: it stands behind the cancelling of this process, which is exact."""

_LIBPQ = frozenset({"psycopg", "psycopg2"})
_SPARK = frozenset({"hive", "impala", "impala4", "databricks", "spark"})
_POSTGRESQL = (
    "SET default_transaction_read_only = on",
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '10min'",
    # PostgreSQL takes "the latest state of each" for a handful of rows and would join two of them row by row: minutes instead of milliseconds (measured with
    # 15; 600 states at 50 instants). The cost it then reckons with would start its compiler for every small question.
    "SET enable_nestloop = off",
    "SET jit = off",
)
_SPARK_SETTINGS = {
    # Else a value with ${name} in it would be replaced by one of the server's settings, after the driver has quoted it.
    "set:hiveconf:spark.sql.variable.substitute": "false",
    # Text beside a number or a moment is an error or becomes one, never the other way round.
    "set:hiveconf:spark.sql.ansi.enabled": "true",
    # Should this process be gone, the server gives up by itself.
    "set:hiveconf:spark.sql.thriftServer.queryTimeout": "600",
}
"""Told when a session opens; the driver opens one for each statement, so that a SET would not last. Without the prefix they are ignored silently."""


class Stopped(Exception):
    """A statement was cancelled because its time was over."""


class NotFinished(Exception):
    """The server ended a statement without a result."""


def kind(name: str) -> str:
    """Return the kind of server that a SQLAlchemy dialect reaches: postgresql, spark, or its own name."""
    return "spark" if name in _SPARK else name


def engine(url: URL, *, read_only: bool) -> sa.Engine:
    """Return an engine for the server at `url`.

    On PostgreSQL a question is one read-only transaction of REPEATABLE READ, so that all of it sees one load; it waits for no lock and holds none when
    idle. Other engines are bounded by their account's rights (docs/reference/engines.md).
    """
    name = kind(url.get_backend_name())
    if name == "spark":
        spark = sa.create_engine(url, pool_recycle=600)
        sa.event.listen(spark, "do_execute", _run_on_spark)
        return spark.execution_options(cursor_configuration=_SPARK_SETTINGS)
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


def _run_on_spark(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Run a statement by asking again and again how it goes: the driver can be told to stop only between two such questions.

    `context.execution_options["stopped"]` says whether its time is over.
    """
    stopped: Callable[[], bool] = context.execution_options.get("stopped", bool)
    cursor.execute_async(statement, parameters or None)
    pause = 0.005
    while cursor.is_executing():
        if stopped():
            cursor.cancel_operation()
            raise Stopped
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    if cursor.status() not in {"FINISHED_STATE", "ERROR_STATE"}:
        raise NotFinished  # the driver would call a cancelled statement finished
    cursor._wait_to_finish()  # noqa: SLF001 (raises the driver's own error; it has no public name)
    return True


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


def spark_columns(run: Callable[[Any], Sequence[Sequence[Any]]], table: str | None) -> dict[str, dict[str, str]]:
    """Return the columns and types of the tables of the URL's database, or of one: Spark's catalogue has no information_schema. `run` runs a statement."""
    names = [str(row[1]) for row in run(sa.text("SHOW TABLES"))]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        if table is not None and name != table:
            continue
        columns: dict[str, str] = {}
        quoted = name.replace("`", "``").replace(":", "\\:")
        for column, type_, *_ in run(sa.text(f"DESCRIBE TABLE `{quoted}`")):
            if not column or str(column).startswith("#"):
                break  # what follows is about partitions
            columns[str(column)] = str(type_).lower()
        found[name] = columns
    return found
