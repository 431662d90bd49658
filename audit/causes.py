"""Why a file can't be read or written, in the ledger's own words."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from audit.errors import AuditUnavailable, Reason

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
"""Reason by errno; anything else is an io_error."""


def unavailable(error: sqlite3.Error | OSError | UnicodeDecodeError, path: Path | None = None) -> AuditUnavailable:
    """The error in the ledger's own words.

    Given the `path` of the file, one that is there but can't be opened for want of a right is read-only, not missing.
    """
    reason: Reason
    if isinstance(error, UnicodeDecodeError):  # text in the file, or in SQLite's message about it, is none
        reason = "corrupt"
    elif isinstance(error, OSError):
        reason = _OS_REASONS.get(error.errno or 0, "io_error")
    elif code := getattr(error, "sqlite_errorcode", None):
        reason = REASONS.get(code & 0xFF, "io_error")
    else:  # raised by the Python module itself: for a connection closed meanwhile, or for values that are none
        reason = "io_error" if isinstance(error, sqlite3.ProgrammingError) else "corrupt"
    if reason == "missing" and path is not None and path.exists() and not may_write(path):
        reason = "read_only"
    return AuditUnavailable(reason, HELP[reason])


FAILURES = (sqlite3.Error, OSError, UnicodeDecodeError)
"""What reading and writing a damaged or unreachable file raises."""


class Translated:
    """A context that can be entered again and again: errors of SQLite and of the system leave as `AuditUnavailable`."""

    __slots__ = ("_path",)

    def __init__(self, path: Path | None = None) -> None:
        """For work on the file at `path`."""
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FAILURES):
            raise unavailable(error, self._path) from error


def may_write(path: Path) -> bool:
    """Whether this process may write the file, its folder, and the log files that SQLite keeps there."""
    logs = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]
    places = [path, path.parent, *(log for log in logs if log.exists())]
    return all(os.access(place, os.W_OK, effective_ids=True) for place in places)
