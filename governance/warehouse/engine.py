"""The port to a warehouse: read-only, bounded in time and rows, one connection a question.

DuckDB files are opened hardened: the file is attached read-only to a private in-memory instance in which external access is then switched off and the
configuration locked. Attaching by file, not by DuckDB's cache of open paths, is what makes a new load visible: that cache would go on giving
the replaced file to everybody as long as one connection to it lives (measured with DuckDB 1.5).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from governance.errors import ConfigurationError, WarehouseError, WarehouseTimeout
from governance.warehouse import servers, spark
from governance.warehouse.building import LOAD_TABLE

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadInfo:
    """Which load a connection sees: `version` names it, `as_of` is the last day the data speak of (None: unknown)."""

    version: str
    as_of: date | None


class Session:
    """One connection for one question: everything it reads is of one load."""

    def __init__(self, connection: sa.Connection, warehouse: Warehouse) -> None:
        self._connection = connection
        self._warehouse = warehouse
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
        if self._warehouse.dialect in {"duckdb", "sqlite"}:
            return select
        self._limit_s = servers.limit_time(self._connection, timeout_s, self._limit_s)
        return servers.limit_rows(select, max_rows + 1)

    def _recover(self) -> None:
        """Leave a failed transaction, in which a server would refuse everything else. What is read after it may be of a newer load, and is named so."""
        if self._warehouse.dialect in {"duckdb", "sqlite"}:
            return
        with suppress(Exception):
            if servers.kind(self._warehouse.dialect) == "spark":
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
            self._days = self._warehouse.days(self)
        return self._days

    @property
    def load(self) -> LoadInfo:
        """The load that this connection sees."""
        if self._load is None:
            self._load = self._read_load()
        return self._load

    def _read_load(self) -> LoadInfo:
        table = sa.table(LOAD_TABLE, sa.column("load_id", sa.String()), sa.column("as_of", sa.Date()))
        if not self._warehouse.columns(self, LOAD_TABLE, near=True):
            return LoadInfo(version="unversioned", as_of=None)
        rows = self.run(sa.select(table.c.load_id, table.c.as_of).limit(1), timeout_s=10, max_rows=1)
        if not rows:
            return LoadInfo(version="unversioned", as_of=None)
        version, as_of = rows[0]
        return LoadInfo(version=str(version), as_of=_as_date(as_of))


def _as_date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value if isinstance(value, date) else None


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


class Warehouse:
    """A warehouse by SQLAlchemy URL. Safe to share between threads."""

    def __init__(self, url: URL, *, read_only: bool, memory_limit: str, threads: int) -> None:
        self._url = url
        self._read_only = read_only
        self._memory_limit = memory_limit
        self._threads = threads
        self._lock = threading.Lock()
        self._engine: sa.Engine | None = None
        self._stamp: tuple[int, ...] | None = None
        self._users: dict[int, int] = {}

    @classmethod
    def open(cls, url: str, *, read_only: bool = True, memory_limit: str = "2GB", threads: int = 2) -> Warehouse:
        """Return the warehouse at `url`; nothing is opened before the first question. Raises ConfigurationError for a URL that can't be read."""
        try:
            made = make_url(url)
            made.get_dialect()
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigurationError("The warehouse URL can't be used: unknown database or missing driver.") from error
        return cls(made, read_only=read_only, memory_limit=memory_limit, threads=threads)

    @classmethod
    def open_file(cls, path: Path) -> Warehouse:
        """Return the embedded warehouse at `path`."""
        return cls.open(f"duckdb:///{path}")

    @property
    def dialect(self) -> str:
        """The engine's name (duckdb, postgresql, sqlite …)."""
        return self._url.get_backend_name()

    @property
    def _file(self) -> Path | None:
        if self.dialect not in {"duckdb", "sqlite"} or not self._url.database or self._url.database == ":memory:":
            return None
        return Path(self._url.database)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give one connection for one question; a load published meanwhile is seen by the next one."""
        engine = self._borrow()
        try:
            try:
                connection = engine.connect()
            except Exception as error:
                raise WarehouseError(f"The warehouse can't be opened ({type(error).__name__}); run `wenshu check`.") from error
            with connection:
                yield Session(connection, self)
        finally:
            self._give_back(engine)

    def run(self, select: sa.Select[Any] | sa.CompoundSelect[Any], *, timeout_s: float = 30.0, max_rows: int = 100_000) -> list[Row]:
        """Run one SELECT in a session of its own; see Session.run."""
        with self.session() as session:
            return session.run(select, timeout_s=timeout_s, max_rows=max_rows)

    def sql(self, select: sa.Select[Any]) -> str:
        """Return the statement's SQL with placeholders in place of values."""
        return str(select.compile(dialect=self._url.get_dialect()()))

    @property
    def load(self) -> LoadInfo:
        """The load that a question asked now would see."""
        with self.session() as session:
            return session.load

    @property
    def data_version(self) -> str:
        return self.load.version

    @property
    def data_as_of(self) -> date:
        with self.session() as session:
            return session.data_as_of

    def beside(self, path: Path) -> Warehouse:
        """Return the SQLite file at `path` (the ledger) as another source of the same questions, read-only."""
        return Warehouse.open(f"sqlite:///{path}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the warehouse opens again when asked."""
        with self._lock:
            engine, self._engine, self._stamp = self._engine, None, None
        if engine is not None:
            engine.dispose()

    # ------------------------------------------------------------------ what is there

    def columns(self, session: Session, table: str | None = None, *, near: bool = False) -> dict[str, dict[str, str]]:
        """Return the columns and their types (lower case) of every table that can be read, or of one; `near`: that is found without naming a schema."""
        found: dict[str, dict[str, str]] = {}
        if self.dialect == "sqlite":
            return _sqlite_columns(session, table)
        if servers.kind(self.dialect) == "spark":
            return spark.columns(lambda statement: session.run(statement, timeout_s=60.0), table)
        listing = sa.table(
            "columns", *(sa.column(name, sa.String()) for name in ("table_schema", "table_name", "column_name", "data_type")), schema="information_schema"
        )
        select = sa.select(listing.c.table_name, listing.c.column_name, listing.c.data_type).where(
            listing.c.table_schema.not_in(["information_schema", "pg_catalog"])
        )
        if table is not None:
            select = select.where(listing.c.table_name == table)
        if near and self.dialect == "postgresql":
            select = select.where(listing.c.table_schema == sa.any_(sa.func.current_schemas(sa.false())))
        for name, column, kind in session.run(select, timeout_s=10.0, max_rows=100_000):
            found.setdefault(str(name), {})[str(column)] = str(kind).lower()
        return found

    def days(self, session: Session) -> tuple[date, date]:
        """Return the first and the last day of any moment or date stored; moments alone decide where there are some."""
        kinds = [
            (table, column, "timestamp" in kind)
            for table, columns in self.columns(session, near=True).items()
            for column, kind in columns.items()
            if table != LOAD_TABLE and ("timestamp" in kind or kind == "date")
        ]
        moments = [(table, column) for table, column, moment in kinds if moment] or [(table, column) for table, column, _ in kinds]
        found = []
        for table, name in moments:
            column: sa.ColumnElement[Any] = sa.column(name)
            low, high = session.run(sa.select(sa.func.min(column), sa.func.max(column)).select_from(sa.table(table)), timeout_s=60.0, max_rows=1)[0]
            found += [day for day in (_as_date(low), _as_date(high)) if day is not None]
        if not found:
            raise WarehouseError("The warehouse holds no dates; nothing can be asked of it.")
        return min(found), max(found)

    # ------------------------------------------------------------------ engines

    def _borrow(self) -> sa.Engine:
        stamp = self._stamped()
        with self._lock:
            if self._engine is None or stamp != self._stamp:
                old = self._engine
                self._engine, self._stamp = self._made(), stamp
                if old is not None and not self._users.get(id(old)):
                    old.dispose()
            engine = self._engine
            self._users[id(engine)] = self._users.get(id(engine), 0) + 1
            return engine

    def _give_back(self, engine: sa.Engine) -> None:
        with self._lock:
            self._users[id(engine)] -= 1
            if self._users[id(engine)] == 0:
                del self._users[id(engine)]
                if engine is not self._engine:
                    engine.dispose()

    def _stamped(self) -> tuple[int, ...] | None:
        """Return what identifies the file's present contents; a replaced file has another inode."""
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError as error:
            raise WarehouseError(f"There is no warehouse {self._file.name}; run `wenshu ingest` first.") from error
        return (found.st_dev, found.st_ino, found.st_ctime_ns if self.dialect == "duckdb" else 0)

    def _made(self) -> sa.Engine:
        if self.dialect == "duckdb" and self._file is not None and self._read_only:
            return _attached_duckdb(self._file, self._memory_limit, self._threads)
        if self.dialect == "sqlite" and self._file is not None and self._read_only:
            return _readonly_sqlite(self._file)
        return servers.engine(self._url, read_only=self._read_only)


def _attached_duckdb(path: Path, memory_limit: str, threads: int) -> sa.Engine:
    import duckdb
    from duckdb_sqlalchemy import ConnectionWrapper

    quoted = str(path.resolve()).replace("'", "''")
    try:
        root = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": threads, "autoinstall_known_extensions": False, "autoload_known_extensions": False})
        root.execute(f"ATTACH '{quoted}' AS wh (READ_ONLY)")
        root.execute("SET enable_external_access = false")
        root.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise WarehouseError(f"The warehouse file can't be opened ({type(error).__name__}); run `wenshu check`.") from error

    def connect() -> Any:
        cursor = root.cursor()
        cursor.execute("USE wh")
        return ConnectionWrapper(cursor)

    return sa.create_engine("duckdb:///:memory:", creator=connect, poolclass=sa.pool.NullPool)


def _readonly_sqlite(path: Path) -> sa.Engine:
    import sqlite3

    def connect() -> Any:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool)


def _sqlite_columns(session: Session, table: str | None) -> dict[str, dict[str, str]]:
    names = [table] if table is not None else [str(row[0]) for row in session.run(sa.select(sa.column("name")).select_from(sa.table("sqlite_master")), max_rows=10_000)]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        info = sa.func.pragma_table_info(name).table_valued("name", "type")
        columns = {str(row[0]): str(row[1]).lower() for row in session.run(sa.select(info.c.name, info.c.type))}
        if columns:
            found[name] = columns
    return found
