"""Apache Spark behind its Thrift server, by the driver impyla: statements that can be stopped, sessions that are told, replies that are looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

DIALECTS = frozenset({"hive", "impala", "impala4", "databricks", "spark"})
"""The dialects by which Spark SQL is reached."""

_SETTINGS = {
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


class Crossed(Exception):
    """A reply belonged to another call; nothing that this connection says can be believed any more."""


def engine(url: URL) -> sa.Engine:
    """Return an engine for Spark's Thrift server at `url`."""
    made = sa.create_engine(url, pool_recycle=600)
    sa.event.listen(made, "connect", _watch)
    sa.event.listen(made, "do_execute", _run)
    return made.execution_options(cursor_configuration=_SETTINGS)


def _watch(connection: Any, _record: Any) -> None:
    """Compare each reply's name with its call's.

    The driver closes forgotten cursors when Python collects them, be it between a call and its reply on the same connection; it then takes one
    reply for the other without looking (seen with impyla 0.24). From the first such reply on, every call fails.
    """
    client = getattr(getattr(connection, "service", None), "client", None)
    if client is None:
        return
    asked: list[str] = []
    crossed: list[str] = []
    write, read = client._oprot.writeMessageBegin, client._iprot.readMessageBegin  # noqa: SLF001 (no public way to see a reply's name)

    def call(name: str, *rest: Any) -> Any:
        asked.append(name)
        return write(name, *rest)

    def reply() -> Any:
        found = read()
        if crossed or not asked or found[0] != asked[-1] or len(asked) > 1:
            crossed.append(found[0])
            raise Crossed(f"a reply to {found[0]} came where another was due")
        asked.clear()
        return found

    client._oprot.writeMessageBegin, client._iprot.readMessageBegin = call, reply  # noqa: SLF001


def _run(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
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


def columns(run: Callable[[Any], Sequence[Sequence[Any]]], table: str | None) -> dict[str, dict[str, str]]:
    """Return the columns and types of the tables of the URL's database, or of one: Spark's catalogue has no information_schema. `run` runs a statement."""
    names = [str(row[1]) for row in run(sa.text("SHOW TABLES"))]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        if table is not None and name != table:
            continue
        kinds: dict[str, str] = {}
        quoted = name.replace("`", "``").replace(":", "\\:")
        for column, type_, *_ in run(sa.text(f"DESCRIBE TABLE `{quoted}`")):
            if not column or str(column).startswith("#"):
                break  # what follows is about partitions
            kinds[str(column)] = str(type_).lower()
        found[name] = kinds
    return found
