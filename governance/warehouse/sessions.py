"""One connection for one question: bounded in time and rows, all of one load."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from governance.errors import WarehouseError, WarehouseTimeout
from governance.warehouse import listing, servers
from governance.warehouse.building import LOAD_TABLE
from governance.warehouse.listing import Row, as_date


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadInfo:
    """Which load a connection sees: `version` names it, `as_of` is the last day the data speak of (None: unknown)."""

    version: str
    as_of: date | None


class Session:
    """One connection for one question: everything it reads is of one load."""

    def __init__(self, connection: sa.Connection, dialect: str) -> None:
        self._connection = connection
        self._dialect = dialect
        self._load: LoadInfo | None = None
        self._days: tuple[date, date] | None = None
        self._limit_s: int | None = None
        self.executed: list[str] = []
        """The SQL that ran, with placeholders in place of values."""

    def run(self, select: sa.Select[Any] | sa.CompoundSelect[Any], *, timeout_s: float = 30.0, max_rows: int = 100_000) -> list[Row]:
        """Run a SELECT and return its rows.

        Raises WarehouseTimeout after `timeout_s` (the statement is cancelled) and WarehouseError for more than `max_rows` rows or any failure.
        """
        guard = _Guard(self._connection, timeout_s)
        try:
            with guard:
                result = self._connection.execute(self._bounded(select, timeout_s, max_rows), execution_options={"stopped": guard.over})
                self.executed.append(result.context.statement or "")
                rows = [tuple(row) for row in result.fetchmany(max_rows + 1)]
                result.close()
        except SQLAlchemyError as error:
            self._recover()
            if guard.fired:
                raise WarehouseTimeout(f"The warehouse did not answer within {timeout_s:g} s; ask for a shorter period or fewer groups.") from None
            raise WarehouseError(f"The warehouse could not answer ({_cause(error)}).") from error
        except Exception as error:
            self._recover()
            if guard.fired:
                raise WarehouseTimeout(f"The warehouse did not answer within {timeout_s:g} s; ask for a shorter period or fewer groups.") from None
            raise WarehouseError(f"The warehouse could not answer ({type(error).__name__}).") from error
        if len(rows) > max_rows:
            raise WarehouseError(f"The answer has more than {max_rows} rows; ask for fewer groups.")
        return rows

    def _bounded(self, select: Any, timeout_s: float, max_rows: int) -> Any:
        """Hold a server to the bounds by itself too, should this process be gone or its memory too small for the result."""
        if self._dialect in {"duckdb", "sqlite"}:
            return select
        self._limit_s = servers.limit_time(self._connection, timeout_s, self._limit_s)
        return servers.limit_rows(select, max_rows + 1)

    def _recover(self) -> None:
        """Leave a failed transaction, in which a server would refuse everything else. What is read after it may be of a newer load, and is named so."""
        if self._dialect in {"duckdb", "sqlite"}:
            return
        with suppress(Exception):
            if servers.kind(self._dialect) == "spark":
                self._connection.invalidate()  # what its replies belong to is no longer known
            self._connection.rollback()
        self._load, self._days, self._limit_s = None, None, None

    @property
    def data_version(self) -> str:
        """The name of the load that this connection sees."""
        return self.load.version

    @property
    def data_as_of(self) -> date:
        """The last day that the data speak of: the load's own word, else the latest moment stored."""
        return self.load.as_of or self.data_to

    @property
    def data_from(self) -> date:
        """The earliest day stored in any table."""
        return self._range()[0]

    @property
    def data_to(self) -> date:
        """The last day that the data speak of."""
        return self.load.as_of or self._range()[1]

    def _range(self) -> tuple[date, date]:
        if self._days is None:
            self._days = listing.days(self, self._dialect)
        return self._days

    @property
    def load(self) -> LoadInfo:
        """The load that this connection sees."""
        if self._load is None:
            self._load = self._read_load()
        return self._load

    def _read_load(self) -> LoadInfo:
        table = sa.table(LOAD_TABLE, sa.column("load_id", sa.String()), sa.column("as_of", sa.Date()))
        select = sa.select(table.c.load_id, table.c.as_of).limit(1)
        if self._dialect in {"duckdb", "sqlite"}:
            # Looking the table up takes longer than reading it, at every question; where it can't be read, it is looked up as on any engine.
            with suppress(WarehouseError):
                return _load_info(self.run(select, timeout_s=10, max_rows=1))
        if not listing.columns(self, self._dialect, LOAD_TABLE, near=True):
            return _load_info([])
        return _load_info(self.run(select, timeout_s=10, max_rows=1))


def _load_info(rows: list[Row]) -> LoadInfo:
    if not rows:
        return LoadInfo(version="unversioned", as_of=None)
    version, as_of = rows[0]
    return LoadInfo(version=str(version), as_of=as_date(as_of))


def _cause(error: SQLAlchemyError) -> str:
    # The driver's text can quote values; its type can't.
    return type(getattr(error, "orig", None) or error).__name__


class _Guard:
    """Cancels the statement that runs on a connection when its time is over."""

    def __init__(self, connection: sa.Connection, timeout_s: float) -> None:
        self.fired = False
        self._connection = connection
        self._timer = threading.Timer(max(timeout_s, 0.001), self._fire)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._over = False

    def over(self) -> bool:
        """Whether the time is over and the statement not."""
        return self.fired

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
        self._timer.cancel()

    def _fire(self) -> None:
        with self._lock:
            if self._over:
                return
            self.fired = True
            driver = self._connection.connection.driver_connection
            for name in ("interrupt", "cancel"):
                stop = getattr(driver, name, None)
                if callable(stop):
                    with suppress(Exception):
                        stop()
                    return
