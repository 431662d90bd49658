"""Reading a ledger without ever writing to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import quote

from audit.causes import HELP, Translated, unavailable
from audit.errors import AuditUnavailable
from audit.merkle import node_id
from audit.place import Place, Reads, Server
from audit.schema import FORMAT
from audit.trailing import cover

if TYPE_CHECKING:
    from audit.postgres.connecting import ServerReads

PATIENCE_S = 5.0
"""How long a reader waits where it must wait at all; readers do not wait for writers."""

KEPT = 4
"""Idle connections that a `Pool` keeps."""


def connect(path: Place) -> Reads:
    """A read-only connection to the ledger's SQLite file or server; raises `AuditUnavailable`.

    Also reads a copy on a read-only medium, where SQLite can't make the shared memory that a write-ahead log needs.
    """
    if isinstance(path, Server):
        from audit.postgres.connecting import ServerReads

        return ServerReads(path.url)
    if not path.is_file():
        raise AuditUnavailable("missing", HELP["missing"])
    try:
        return _open(path, "mode=ro")
    except AuditUnavailable as error:
        log = path.with_name(path.name + "-wal")
        if error.reason not in {"missing", "read_only"} or (log.exists() and log.stat().st_size):
            raise
        return _open(path, "mode=ro&immutable=1")


def read_node(connection: Reads, level: int, position: int) -> bytes:
    """The stored hash of a complete subtree (level 0: a leaf); raises `AuditUnavailable` if it is absent."""
    if level:
        row = connection.execute("SELECT hash FROM node WHERE id = ?", (node_id(level, position),)).fetchone()
    else:
        row = connection.execute("SELECT leaf FROM entry WHERE idx = ?", (position,)).fetchone()
    if row is None:
        raise AuditUnavailable("corrupt", HELP["corrupt"])
    return bytes(row[0])


class Pool:
    """Read-only connections to one ledger, kept open between calls: opening takes longer than a proof.

    A connection is used by one caller at a time, only while the file at the path is the one it was opened on, and never in a forked child.
    """

    _inherited: ClassVar[list[Reads]] = []
    """A parent's connections, which must not be closed here."""

    def __init__(self, path: Place) -> None:
        """For the ledger at `path`."""
        self._path = path
        self._idle: list[tuple[_Identity, Reads]] = []

    @contextmanager
    def snapshot(self) -> Iterator[Reads]:
        """A connection on which everything read belongs to one moment; raises `AuditUnavailable`."""
        now = _identity(self._path)
        connection = self._taken(now) or connect(self._path)
        try:
            with snapshot(connection):
                yield connection
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < KEPT and now == _identity(self._path):
            self._idle.append((now, connection))
        else:
            connection.close()

    def _taken(self, now: _Identity) -> Reads | None:
        while self._idle:
            try:
                opened, connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                return None
            if opened[0] != now[0]:
                self._inherited.append(connection)
            elif opened == now and (isinstance(self._path, Path) or cast("ServerReads", connection).alive()):
                return connection
            else:
                connection.close()
        return None


_Identity = tuple[int, tuple[int, int] | None, tuple[int, int] | None]


def _identity(path: Place) -> _Identity:
    """This process, and device and inode of the file and of its log that are there now."""
    if isinstance(path, Server):
        return os.getpid(), None, None
    return os.getpid(), _inode(path), _inode(path.with_name(path.name + "-wal"))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib's is slower
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open(path: Path, options: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?{options}"
    with Translated(path), ExitStack() as undo:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=PATIENCE_S)
        undo.callback(connection.close)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")  # see `audit.trailing.cover`
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if 0 < connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
            message = "the ledger was made by an earlier release; `wenshu check` on its home brings its search index up to date"
            raise AuditUnavailable("wrong_ledger", message)
        undo.pop_all()
    return connection


@contextmanager
def snapshot(connection: Reads, *, stored: bool = False) -> Iterator[Reads]:
    """Everything read inside belongs to one moment; SQLite's errors leave as `AuditUnavailable`.

    `event_index` covers every entry inside, though the stored one may trail the entries (`audit.trailing`); with `stored`, it is the stored one.
    """
    try:
        connection.execute("BEGIN")
        try:
            if not stored and isinstance(connection, sqlite3.Connection):
                cover(connection)
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise unavailable(error) from error
