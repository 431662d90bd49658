"""The port behind which the ledger is stored, and its SQLite form.

A store keeps lines, tree nodes, facets and signed heads, and knows nothing of what they mean. All writing happens in a *batch*:
`begin` takes the one write lock among all processes, `commit` returns only once the batch is on the disk. Every failure is an
`AuditUnavailable` with its reason, within the deadline given.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from audit.errors import AuditUnavailable, Reason
from audit.events import Line
from audit.merkle import Node, node_id
from audit.schema import APPLICATION_ID, FORMAT, STATEMENTS

FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.01


class Store(Protocol):
    """What a ledger needs of its storage; one connection, used by one thread at a time."""

    def begin(self, deadline: float) -> None:
        """Take the write lock before `deadline` (of `time.monotonic`), else raise reason `locked`."""

    def head(self) -> str | None:
        """The newest signed checkpoint; None in a store where nothing was ever written."""

    def node(self, level: int, position: int) -> bytes:
        """The stored hash of a complete subtree; level 0 is a leaf. Raises reason `corrupt` if it is absent."""

    def lines(self, start: int) -> Iterator[bytes]:
        """The stored lines from number `start` on, as they were read back from the store."""

    def insert(self, lines: Sequence[Line], leaves: Sequence[bytes], nodes: Sequence[Node]) -> None:
        """Append lines with their leaf hashes, facets, and the interior nodes that they complete."""

    def set_head(self, size: int, note: str, *, keep: bool) -> None:
        """Replace the head by a larger one; with `keep`, store it among the kept checkpoints too."""

    def commit(self) -> None:
        """Make the batch durable."""

    def rollback(self) -> None:
        """Give the batch up; never raises."""

    def close(self) -> None:
        """Release the connection; never raises."""


REASONS: dict[int, Reason] = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_CANTOPEN: "missing",
    sqlite3.SQLITE_IOERR: "io_error",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_ERROR: "corrupt",  # a table that isn't there
    sqlite3.SQLITE_CONSTRAINT: "corrupt",  # a row that shouldn't be there
}
"""Reason by SQLite's primary result code."""

HELP: dict[Reason, str] = {
    "disk_full": "the disk is full; free room, then ask again",
    "read_only": "the ledger is read-only; make its file and folder writable for the service, then ask again",
    "locked": "another program holds the ledger's lock; end it, then ask again",
    "missing": "the ledger's file is not there or can't be opened; put it back, or make a new home with `wenshu init`",
    "io_error": "the disk reports an error; check the disk, then ask again",
    "corrupt": "the ledger's file is damaged or was altered; keep it and run `wenshu audit verify`",
}
"""Cause and next step for each reason that a store gives."""


def unavailable(error: sqlite3.Error | OSError) -> AuditUnavailable:
    """The error in the ledger's own words."""
    if isinstance(error, OSError):
        reason = _OS_REASONS.get(error.errno or 0, "io_error")
    else:
        # sqlite_errorcode is absent on errors that the Python module itself raises, as for a connection closed meanwhile
        code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
        reason = REASONS.get(code & 0xFF, "io_error")
    return AuditUnavailable(reason, HELP[reason])


_OS_REASONS: dict[int, Reason] = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.EAGAIN: "locked",
}


class SqliteStore:
    """A ledger in one SQLite file: WAL, synchronous=FULL, so a commit is on the disk before it returns."""

    def __init__(self, path: Path, *, deadline: float) -> None:
        """Open an existing file for writing; never creates one. See `create`."""
        self._path = path
        try:
            self._file = _identity(path)
        except OSError as error:
            raise unavailable(error) from error
        self._log: tuple[int, int] | None = None
        self._connection = self._connect(deadline)

    def _connect(self, deadline: float) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self._path))}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=0,
            )
        except sqlite3.Error as error:
            raise unavailable(error) from error
        try:
            self.configure(connection)
            version = _patiently(connection, "PRAGMA user_version", deadline).fetchone()[0]
            _patiently(connection, "SELECT count(*) FROM sqlite_schema", deadline).fetchone()
        except sqlite3.Error as error:
            connection.close()
            raise unavailable(error) from error
        except AuditUnavailable:
            connection.close()
            raise
        if version not in (0, FORMAT):
            connection.close()
            message = f"the ledger has format {version}, this release writes {FORMAT}; use the release that wrote it"
            raise AuditUnavailable("wrong_ledger", message)
        return connection

    def configure(self, connection: sqlite3.Connection) -> None:
        """Settings of a fresh connection (also where a test can set limits)."""
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA trusted_schema = OFF")

    def create(self) -> None:
        """Turn an empty file into an empty ledger, in the transaction that `begin` opened."""
        try:
            for statement in STATEMENTS:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def use_wal(self, deadline: float) -> None:
        """Switch the file to write-ahead logging, which lasts; not inside a transaction."""
        mode = _patiently(self._connection, "PRAGMA journal_mode = WAL", deadline).fetchone()[0]
        if mode != "wal":
            message = (
                "the ledger needs SQLite's write-ahead log, which this file system does not give; use a local disk"
            )
            raise AuditUnavailable("io_error", message)

    def begin(self, deadline: float) -> None:
        _patiently(self._connection, "BEGIN IMMEDIATE", deadline)
        self._check_files()

    def is_empty(self) -> bool:
        """Whether the file has no schema yet."""
        return self._one("SELECT count(*) FROM sqlite_schema") == 0

    def size(self) -> int:
        """How many lines are stored, whatever the head says."""
        found = self._one("SELECT coalesce(max(idx) + 1, 0) FROM entry")
        return int(str(found))

    def head(self) -> str | None:
        found = self._one("SELECT note FROM head")
        return None if found is None else str(found)

    def node(self, level: int, position: int) -> bytes:
        if level:
            found = self._one("SELECT hash FROM node WHERE id = ?", node_id(level, position))
        else:
            found = self._one("SELECT leaf FROM entry WHERE idx = ?", position)
        if not isinstance(found, bytes):
            raise AuditUnavailable("corrupt", HELP["corrupt"])
        return found

    def lines(self, start: int) -> Iterator[bytes]:
        try:
            for (body,) in self._connection.execute("SELECT body FROM entry WHERE idx >= ? ORDER BY idx", (start,)):
                yield body.encode()
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def insert(self, lines: Sequence[Line], leaves: Sequence[bytes], nodes: Sequence[Node]) -> None:
        rows = zip(lines, leaves, strict=True)
        write = self._connection.executemany
        try:
            write(
                "INSERT INTO entry VALUES (?, ?, ?)", ((ln.facets.number, leaf, ln.data.decode()) for ln, leaf in rows)
            )
            write("INSERT INTO node VALUES (?, ?)", ((node_id(n.level, n.position), n.hash) for n in nodes))
            write(INSERT_FACETS, (line.facets for line in lines))
            write("INSERT INTO event_metric VALUES (?, ?)", _metric_rows(lines))
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def set_head(self, size: int, note: str, *, keep: bool) -> None:
        try:
            changed = self._connection.execute("UPDATE head SET size = ?, note = ?", (size, note))
            if not changed.rowcount:
                self._connection.execute("INSERT INTO head VALUES (1, ?, ?)", (size, note))
            if keep:
                self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise unavailable(error) from error
        self._check_files()  # what was committed to a file that is no longer there must not be acknowledged

    def rollback(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        try:
            self._connection.close()
        except sqlite3.Error:
            return

    def _one(self, statement: str, *values: object) -> object:
        try:
            row = self._connection.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            raise unavailable(error) from error
        return None if row is None else row[0]

    def _check_files(self) -> None:
        """SQLite goes on writing into a deleted or replaced file; notice that it is no longer the one at the path."""
        try:
            file = _identity(self._path)
            log = _identity(self._path.with_name(self._path.name + "-wal"))
        except OSError as error:
            raise unavailable(error) from error
        self._log = self._log or log
        if (file, log) != (self._file, self._log):
            raise AuditUnavailable("missing", HELP["missing"])


INSERT_FACETS = "INSERT INTO event_index VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _metric_rows(lines: Iterable[Line]) -> Iterator[tuple[int, str]]:
    for line in lines:
        for metric in line.metrics:
            yield line.facets.number, metric


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode of the file that is at `path` now."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _patiently(connection: sqlite3.Connection, statement: str, deadline: float) -> sqlite3.Cursor:
    """Execute, trying again while another connection holds the lock, until the deadline.

    SQLite's own busy handler backs off to 100 ms, which starves a process among several busy ones.
    """
    pause = FIRST_PAUSE_S
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.Error as error:
            if unavailable(error).reason != "locked" or time.monotonic() + pause >= deadline:
                raise unavailable(error) from error
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def make_file(path: Path) -> None:
    """Make an empty file of mode 0600 where there is none yet."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise unavailable(error) from error
