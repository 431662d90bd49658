"""The port behind which the ledger is stored, and its SQLite form.

A store keeps lines, tree nodes, facets and signed heads, and knows nothing of what they mean. All writing happens in a *batch*:
`begin` takes the one write lock among all processes, `commit` returns only once the batch is on the disk. Every failure is an
`AuditUnavailable` with its reason, within the deadline given.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import tzinfo
from itertools import chain
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from audit.causes import HELP, Translated, may_write, unavailable
from audit.errors import AuditUnavailable
from audit.events import Line
from audit.merkle import HASH_LENGTH
from audit.reading import read_node
from audit.schema import APPLICATION_ID, FORMAT, INDEX_COLUMNS, QUOTED, STATEMENTS
from audit.trailing import Fresh, behind, indexed, missing
from audit.upgrade import upgrade

FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.01


LOG_PAGES = 4000
"""Pages of the write-ahead log (by estimate) after which they are copied into the database.

Batches that are written meanwhile share the disk with the copying and take several times as long; so often, they are one in two hundred.
"""

PAGES_A_BATCH, PAGE, INDEX_ROW = 8, 4096, 500
"""Pages that every batch changes, however small; bytes of a page; bytes of a row of the search index, by estimate."""

ENTRY, NODE, INDEXED = "(?, ?, CAST(? AS TEXT))", "(?, ?)", f"({', '.join('?' * len(INDEX_COLUMNS))})"
"""A row of each table within a statement; lines are bound as the bytes that they are, which spares decoding and encoding them."""

ROWS_AT_ONCE = (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
"""Rows of one INSERT statement: few sizes, so that few statements are prepared and each stays prepared."""


READ_BACK = (
    "SELECT (SELECT CAST(group_concat(body, char(10)) AS BLOB) FROM (SELECT body FROM entry WHERE idx >= ? ORDER BY idx)),"
    " (SELECT group_concat(hex(hash), '') FROM (SELECT hash FROM node WHERE id >= ? ORDER BY id))"
)
"""The newest lines and nodes, each joined into one value: every row fetched gives up the interpreter, for which the callers are waiting."""


class Store(Protocol):
    """What a writer needs of its storage; one connection, used by one thread at a time."""

    def is_empty(self) -> bool:
        """Whether nothing was ever stored, not even the schema."""

    def prepare(self, deadline: float) -> None:
        """Lasting settings of an empty store, outside any batch."""

    def create(self) -> None:
        """Make the schema, inside a batch."""

    def upgrade(self, zone: tzinfo) -> bool:
        """Bring a store that an earlier release made to this one's form, inside a batch; whether there was anything to do."""

    def begin(self, deadline: float, *, derived: bool = False) -> None:
        """Take the write lock before `deadline` (of `time.monotonic`), else raise reason `locked`.

        What is `derived` (the search index alone) may be lost in a power cut: nobody waits for the disk.
        """

    def size(self) -> int:
        """How many lines are stored, whatever the head says."""

    def head(self) -> str | None:
        """The newest signed checkpoint; None in a store where nothing was ever written."""

    def node(self, level: int, position: int) -> bytes:
        """The stored hash of a complete subtree; level 0 is a leaf. Raises reason `corrupt` if it is absent."""

    def read_back(self, line: int, node: int) -> tuple[list[bytes], list[bytes]]:
        """The lines from number `line` on, and the interior nodes from number `node` on, as the store gives them again."""

    def lines(self, start: int) -> Iterator[bytes]:
        """The stored lines from number `start` on."""

    def insert(self, lines: Sequence[Line], leaves: Sequence[bytes], node: int, nodes: Sequence[bytes]) -> None:
        """Append lines with their leaf hashes and the interior nodes that they complete, numbered from `node`.

        The search index may be left behind, for `catch_up`.
        """

    def behind(self) -> int:
        """How many of the newest entries the search index lacks."""

    def catch_up(self, zone: tzinfo, most: int) -> None:
        """Bring up to `most` entries into the search index, inside a batch."""

    def set_head(self, size: int, note: str, *, keep: bool) -> None:
        """Replace the head by a larger one; with `keep`, store it among the kept checkpoints too."""

    def commit(self) -> None:
        """Make the batch durable."""

    def rollback(self) -> None:
        """Give the batch up; never raises."""

    def due(self) -> bool:
        """Whether `tend` has something to do."""

    def tend(self) -> None:
        """Upkeep beside the writing: called from another thread, over a connection of its own; never raises."""

    def close(self) -> None:
        """Release the connection; never raises."""


class SqliteStore:
    """A ledger in one SQLite file: WAL, synchronous=FULL, so a commit is on the disk before it returns."""

    def __init__(self, path: Path, *, deadline: float) -> None:
        """Open an existing file for writing; never creates one. See `create`."""
        self._path = path
        self._names = (str(path), str(path) + "-wal")
        self._translated = Translated(path)
        with self._translated:
            self._file = _identity(self._names[0])
        if not may_write(path):  # before SQLite leaves log files behind that would be as read-only as this one
            raise AuditUnavailable("read_only", HELP["read_only"])
        self._log: tuple[int, int] | None = None
        self._writable = False
        self._pages, self._tended = 0, False
        self._derived = False
        self._fresh = Fresh()
        self._deadline = deadline
        self._connection = self._connect(deadline)

    def _connect(self, deadline: float) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path))}?mode=rw"
        wait_s = max(0.0, deadline - time.monotonic())
        with self._translated, ExitStack() as undo:
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=wait_s)
            undo.callback(connection.close)
            self.configure(connection)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            connection.execute("PRAGMA busy_timeout = 0")  # from here on, see `_patiently`
            self._old: bool = 0 < version < FORMAT
            if not 0 <= version <= FORMAT:
                message = (
                    f"the ledger has format {version}, this release writes {FORMAT}; use the release that wrote it"
                )
                raise AuditUnavailable("wrong_ledger", message)
            undo.pop_all()
        return connection

    def configure(self, connection: sqlite3.Connection) -> None:
        """Settings of a fresh connection (also where a test can set limits)."""
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # see `tend`

    def prepare(self, deadline: float) -> None:
        mode = self._patiently("PRAGMA journal_mode = WAL", deadline).fetchone()[0]
        if mode != "wal":
            message = (
                "the ledger needs SQLite's write-ahead log, which this file system does not give; use a local disk"
            )
            raise AuditUnavailable("io_error", message)

    def create(self) -> None:
        with self._translated:
            for statement in STATEMENTS:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    def upgrade(self, zone: tzinfo) -> bool:
        if not self._old:
            return False
        with self._translated:
            upgrade(self._connection, zone)
        self._old = False
        return True

    def begin(self, deadline: float, *, derived: bool = False) -> None:
        self._deadline = deadline
        if derived is not self._derived:  # with NORMAL, the next commit that is FULL forces this one to the disk, too
            with self._translated:
                self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if derived else 'FULL'}")
            self._derived = derived
        self._patiently("BEGIN IMMEDIATE", deadline)
        self._check_files()
        if not self._writable:
            # On a read-only file BEGIN IMMEDIATE silently begins to read; a statement that writes nothing fails there.
            probe = "PRAGMA user_version = 0" if self.is_empty() else "DELETE FROM head WHERE 0"
            with self._translated:
                self._connection.execute(probe)
            self._writable = True

    def is_empty(self) -> bool:
        return self._one("SELECT count(*) FROM sqlite_schema") == 0

    def size(self) -> int:
        return int(str(self._one("SELECT coalesce(max(idx) + 1, 0) FROM entry")))

    def head(self) -> str | None:
        found = self._one("SELECT note FROM head")
        return None if found is None else str(found)

    def node(self, level: int, position: int) -> bytes:
        with self._translated:
            return read_node(self._connection, level, position)

    def read_back(self, line: int, node: int) -> tuple[list[bytes], list[bytes]]:
        with self._translated:
            lines, nodes = self._connection.execute(READ_BACK, (line, node)).fetchone()
        found = bytes.fromhex(nodes or "")
        return (lines or b"").split(b"\n"), [found[at : at + HASH_LENGTH] for at in range(0, len(found), HASH_LENGTH)]

    def lines(self, start: int) -> Iterator[bytes]:
        with self._translated:
            rows = self._connection.execute(
                "SELECT CAST(body AS BLOB) FROM entry WHERE idx >= ? ORDER BY idx", (start,)
            )
            for (body,) in rows:
                if not isinstance(body, bytes):
                    raise AuditUnavailable("corrupt", HELP["corrupt"])
                yield body

    def insert(self, lines: Sequence[Line], leaves: Sequence[bytes], node: int, nodes: Sequence[bytes]) -> None:
        entries = [(line.number, leaf, line.data) for line, leaf in zip(lines, leaves, strict=True)]
        with self._translated:
            self._insert("entry (idx, leaf, body)", ENTRY, entries)
            self._insert("node (id, hash)", NODE, list(enumerate(nodes, node)))
        self._fresh.wrote(lines)
        self._pages += PAGES_A_BATCH + 2 * sum(len(line.data) for line in lines) // PAGE

    def behind(self) -> int:
        with self._translated:
            return behind(self._connection)

    def catch_up(self, zone: tzinfo, most: int) -> None:
        with self._translated:
            rows = self._fresh.take(indexed(self._connection), most) or list(missing(self._connection, zone, most))
            self._insert(f"event_index ({QUOTED})", INDEXED, rows)
        self._pages += PAGES_A_BATCH + len(rows) * INDEX_ROW // PAGE

    def _insert(self, into: str, row: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert rows, many to a statement: each statement gives up the interpreter once, for which others are waiting."""
        start = 0
        for many in ROWS_AT_ONCE:
            while len(rows) - start >= many:
                self._connection.execute(
                    f"INSERT INTO {into} VALUES {', '.join([row] * many)}",  # noqa: S608 - names of our own
                    list(chain.from_iterable(rows[start : start + many])),
                )
                start += many

    def set_head(self, size: int, note: str, *, keep: bool) -> None:
        with self._translated:
            changed = self._connection.execute("UPDATE head SET size = ?, note = ?", (size, note))
            if not changed.rowcount:
                self._connection.execute("INSERT INTO head VALUES (1, ?, ?)", (size, note))
            if keep:
                self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))

    def commit(self) -> None:
        with self._translated:
            self._connection.execute("COMMIT")
        self._fresh.settle(committed=True)
        self._check_files()  # what was committed to a file that is no longer there must not be acknowledged
        if self._tended or self._pages > 4 * LOG_PAGES:
            # Little is left to copy; with nothing left, SQLite begins the log anew instead of letting it grow.
            self._tended, self._pages = False, 0
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def due(self) -> bool:
        return self._pages >= LOG_PAGES and not self._tended

    def tend(self) -> None:
        # SQLite would copy the log within some caller's commit, who then waited for writing thousands of pages.
        uri = f"file:{quote(str(self._path))}?mode=rw"
        with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)) as other:
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._tended = True

    def rollback(self) -> None:
        self._fresh.settle(committed=False)
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()

    def _one(self, statement: str) -> object:
        with self._translated:
            # Before the log mode is set, even a reader may find the file locked.
            row = self._patiently(statement, self._deadline).fetchone()
        return None if row is None else row[0]

    def _check_files(self) -> None:
        """SQLite goes on writing into a deleted or replaced file; notice that it is no longer the one at the path."""
        with self._translated:
            file, log = map(_identity, self._names)
        self._log = self._log or log
        if (file, log) != (self._file, self._log):
            raise AuditUnavailable("missing", HELP["missing"])

    def _patiently(self, statement: str, deadline: float) -> sqlite3.Cursor:
        """Execute, trying again while another connection holds the lock, until the deadline.

        SQLite's own busy handler backs off to 100 ms, which starves a process among several busy ones.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                return self._connection.execute(statement)
            except sqlite3.Error as error:
                found = unavailable(error, self._path)
                if found.reason != "locked" or time.monotonic() + pause >= deadline:
                    raise found from error
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _identity(path: str) -> tuple[int, int]:
    """Device and inode of the file that is at `path` now."""
    status = os.stat(path)  # noqa: PTH116 - four times a batch; pathlib's is slower
    return status.st_dev, status.st_ino


def make_file(path: Path) -> None:
    """Make an empty file of mode 0600 where there is none yet."""
    # Only where it is missing: to close a second descriptor of an open SQLite file drops the process's locks on it (fcntl).
    with Translated(path), suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
