"""Connections to the server, and its errors in the ledger's own words."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from audit.errors import AuditUnavailable, Reason

if TYPE_CHECKING:
    import psycopg

PATIENCE_S = 5.0
"""How long a reader waits for the server."""

ROWS = 2000
"""Rows fetched at once from a long result."""

REASONS: dict[str, Reason] = {
    "53100": "disk_full",
    "53300": "overloaded",
    "25006": "read_only",
    "42501": "read_only",
    "0A000": "read_only",  # a standby asked to write
    "55P03": "locked",
    "40P01": "locked",
    "57014": "slow",
    "58030": "io_error",
    "58P01": "io_error",
    "28000": "wrong_ledger",
    "28P01": "wrong_ledger",
    "3D000": "wrong_ledger",
}
CLASSES: dict[str, Reason] = {"08": "missing", "57": "missing", "XX": "corrupt", "23": "corrupt", "42": "corrupt", "22": "corrupt", "P0": "corrupt", "53": "overloaded"}
"""Reason by SQLSTATE, and by its class; anything else is an io_error."""

HELP: dict[Reason, str] = {
    "disk_full": "the disk of the ledger's database server is full; free room there, then ask again",
    "overloaded": "the ledger's database server takes no further connections; allow more, then ask again",
    "read_only": "the ledger's database can't be written: a standby, or a role without the right to insert; mend that, then ask again",
    "locked": "another program holds the ledger's lock; end it, then ask again",
    "slow": "the ledger's database server took too long; ask again in a moment",
    "missing": "the ledger's database server does not answer; start it or mend the network, then ask again",
    "io_error": "the ledger's database server reports an error; look at its log, then ask again",
    "wrong_ledger": "the ledger's database server does not let this role in; mend the URL in the home's keys/ledger.url",
    "corrupt": "the ledger's tables are damaged or were altered; keep them and run `wenshu audit verify`",
}


def said(error: psycopg.Error) -> AuditUnavailable:
    """The server's error in the ledger's own words; the server's own text may hold values and is not repeated."""
    state = error.sqlstate or ""
    # Without a state the connection itself failed.
    reason: Reason = REASONS.get(state) or CLASSES.get(state[:2], "io_error") if state else "missing"
    return AuditUnavailable(reason, HELP[reason])


class Said:
    """A context that can be entered again and again: the server's errors leave as `AuditUnavailable`."""

    def __init__(self) -> None:
        self._error = driver().Error

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, self._error):
            raise said(error) from error


def driver() -> Any:
    """The module psycopg, which only those need who keep a ledger on a server."""
    try:
        import psycopg
    except ImportError as error:
        raise AuditUnavailable("wrong_ledger", "a ledger on a PostgreSQL server needs psycopg; install wenshu[postgresql]") from error
    return psycopg


def dial(url: str, deadline: float) -> psycopg.Connection[Any]:
    """A connection of its own to the server, each statement its own transaction unless one is begun."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise AuditUnavailable("wrong_ledger", "the ledger's URL can't be read; write postgresql+psycopg://role:password@host/database") from error
    if parts.get_backend_name() != "postgresql":
        raise AuditUnavailable("wrong_ledger", "a ledger is kept in its home's file or on PostgreSQL; no other database is supported")
    wait = max(1.0, deadline - time.monotonic())
    address = parts.set(drivername="postgresql").render_as_string(hide_password=False)
    with Said():
        connection: psycopg.Connection[Any] = driver().connect(
            address, autocommit=True, connect_timeout=math.ceil(wait), tcp_user_timeout=int(1000 * wait), application_name="wenshu ledger"
        )
        if connection.info.parameter_status("server_encoding") != "UTF8":
            connection.close()
            raise AuditUnavailable("wrong_ledger", "the ledger's database has another encoding than UTF8; make one with it")
    return connection


class ServerReads:
    """A read-only connection that takes the statements of `audit.search`, `audit.sources` and `audit.export`, written for SQLite."""

    def __init__(self, url: str) -> None:
        """Connect; raises `AuditUnavailable`."""
        self._said = Said()
        self._connection = dial(url, time.monotonic() + PATIENCE_S)

    @property
    def in_transaction(self) -> bool:
        return self._connection.info.transaction_status != 0

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """Run one statement; long results come piece by piece. Raises `AuditUnavailable`, also while the result is read."""
        if statement == "BEGIN":
            statement = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        text: Any = _CAST.sub(r"\1", statement).replace("%", "%%").replace("?", "%s")
        long = " ORDER BY " in statement and " LIMIT " not in statement and " IN (" not in statement and self.in_transaction
        with self._said:
            if not long:
                return _Rows(self._connection.execute(text, tuple(values)), self._said)
            cursor = self._connection.cursor(f"rows_{time.monotonic_ns()}")
            cursor.itersize = ROWS
            cursor.execute(text, tuple(values))
            return _Rows(cursor, self._said)

    def alive(self) -> bool:
        """Whether the server still answers on this connection."""
        try:
            self.execute("SELECT 1")
        except AuditUnavailable:
            return False
        return True

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()


_CAST = re.compile(r"CAST\(((?:\w+\.)?body) AS BLOB\)")


class _Rows:
    """A result whose errors are said in the ledger's words."""

    def __init__(self, cursor: Any, spoken: Said) -> None:
        self._cursor, self._said = cursor, spoken

    def fetchone(self) -> Any:
        with self._said:
            return self._cursor.fetchone()

    def fetchall(self) -> Any:
        with self._said:
            return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        with self._said:
            yield from self._cursor
