"""The port to a warehouse: read-only, bounded in time and rows, one connection a question.

DuckDB files are opened hardened: the file is attached read-only to a private in-memory instance in which external access is then switched off and the
configuration locked. Attaching by file, not by DuckDB's cache of open paths, is what makes a new load visible: that cache would go on giving
the replaced file to everybody as long as one connection to it lives (measured with DuckDB 1.5).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from governance.errors import ConfigurationError, WarehouseError
from governance.warehouse import listing, servers
from governance.warehouse.files import attached_duckdb, readonly_sqlite
from governance.warehouse.listing import Row
from governance.warehouse.sessions import LoadInfo, Session


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
                yield Session(connection, self.dialect)
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

    def columns(self, session: Session, table: str | None = None, *, near: bool = False) -> dict[str, dict[str, str]]:
        """Return the columns of every table that can be read, or of one; see listing.columns."""
        return listing.columns(session, self.dialect, table, near=near)

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
            return attached_duckdb(self._file, self._memory_limit, self._threads)
        if self.dialect == "sqlite" and self._file is not None and self._read_only:
            return readonly_sqlite(self._file)
        return servers.engine(self._url, read_only=self._read_only)
