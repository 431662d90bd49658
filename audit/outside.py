"""The checkpoint kept outside the database.

A hash tree alone can't see that its end was cut off or that an old copy of the whole database was put back. The newest
signed checkpoint is therefore also kept in a file of its own, best on another disk. The file is replaced after the
database has committed, so it may lag behind the database (after a crash), and the database may never lag behind it.

Every batch writes it, which any other process sees at once and no kill can undo; it is forced to the disk about once in `SYNC_S`, beside
the writing (`force`), since waiting for a second disk at every batch would halve what the ledger can take. After a power cut the
file may therefore be older by that much, which is the same as lagging. It is written in place where it fits a disk's sector, which is
written wholly or not at all; else it is replaced.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audit.causes import Translated, unavailable
from audit.errors import AuditUnavailable, InvalidNote
from audit.notes import Checkpoint, VerifierKey
from audit.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSE_S = 0.001
SYNC_S = 0.05
"""The file is forced to the disk at most once in so many seconds."""

OVERDUE_S = 1.0
"""Forced so long ago, it is forced by the next batch itself, which then hears of a disk that does not answer."""

SECTOR = 512
"""Bytes that a disk writes wholly or not at all."""

LOOKS = 10
"""So often the file is read until two looks agree: one taken while it is written may be of two halves."""

READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)

NOTE_LIMIT = 65_536
"""Longest checkpoint file read, in bytes."""


def checkpoint_path(path: Path) -> Path:
    """Where the checkpoint outside the database at `path` is kept unless said otherwise: beside it."""
    return path.with_name(path.name + ".checkpoint")


def beside(place: Place) -> Path | None:
    """The same for a file; None for a server, beside which nothing can be kept."""
    return checkpoint_path(place) if isinstance(place, Path) else None


class OutsideCheckpoint:
    """The file that holds the newest checkpoint; several processes may share it."""

    def __init__(self, path: Path, trusted: VerifierKey) -> None:
        """Keep the checkpoints of the ledger whose key is `trusted` at `path`; its folder must exist."""
        self._path = path
        self._fresh = path.with_name(path.name + ".new")
        self._lock = path.with_name(path.name + ".lock")
        self._synced = time.monotonic()
        self._forced = True
        self._failed = False
        self._trusted = trusted

    def read(self) -> Checkpoint | None:
        """The checkpoint, its signature checked; None where there is no file.

        Raises reason `bad_checkpoint` if the file is not a checkpoint signed by this ledger.
        """
        try:
            data = read_steadily(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unavailable(error) from error
        try:
            return Checkpoint.open(data.decode(), [self._trusted])
        except (InvalidNote, UnicodeDecodeError) as error:
            message = (
                "the checkpoint file beside the ledger was damaged or signed by another key;"
                " put back any earlier checkpoint of this ledger"
            )
            raise AuditUnavailable("bad_checkpoint", message) from error

    def publish(self, note: str, size: int, deadline: float) -> None:
        """Have the file say `note` unless it already holds a larger tree; seen by all at once, durable once forced."""
        data = note.encode()
        with Translated(), self._locked(deadline):
            descriptor = self._opened()
            try:
                there = b"" if descriptor is None else os.read(descriptor, NOTE_LIMIT)
                if _size(there) >= size:
                    return
                now = time.monotonic()
                # What `force` could not do is tried here, where somebody hears of it.
                sync = self._failed or (not self._forced and now - self._synced >= OVERDUE_S)
                in_place = descriptor is not None and 0 < len(there) <= len(data) <= SECTOR
                if in_place and descriptor is not None:
                    _overwrite(descriptor, data, sync=sync)
                else:
                    self._replace(data)
            finally:
                if descriptor is not None:
                    os.close(descriptor)
            if sync or not in_place:
                self._synced, self._forced, self._failed = now, True, False
            else:
                self._forced = False

    def due(self) -> float | None:
        """In how many seconds the file should be forced to its disk; None if there is nothing to force."""
        return None if self._forced else max(0.0, self._synced + SYNC_S - time.monotonic())

    def force(self) -> None:
        """Force to the disk what was published; never raises: a failure is met again by the next `publish`."""
        self._forced = True  # before, so that what is published meanwhile is forced the next time
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError:
            self._failed = True
        self._synced = time.monotonic()

    def _opened(self) -> int | None:
        """The file opened for reading and writing; None where there is nothing, or nothing readable, which is then replaced."""
        try:
            return os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in READ_ONLY and os.access(self._path, os.R_OK, effective_ids=True):
                raise  # somebody protects it
            return None

    def _replace(self, data: bytes) -> None:
        descriptor = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(data)
            os.fsync(descriptor)  # before the rename, or a power cut could leave an empty file
        self._fresh.replace(self._path)

    @contextmanager
    def _locked(self, deadline: float) -> Iterator[None]:
        """One process at a time, so that a slower one can't put an older checkpoint over a newer one."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(PAUSE_S)
            yield
        finally:
            os.close(descriptor)


def _overwrite(descriptor: int, data: bytes, *, sync: bool) -> None:
    if os.pwrite(descriptor, data, 0) != len(data):
        raise OSError(errno.ENOSPC, "the checkpoint was not written wholly")
    if sync:
        os.fdatasync(descriptor)


def read_steadily(path: Path) -> bytes:
    """The file's content as it was at one moment; raises `OSError`."""
    before = None
    for _ in range(LOOKS):
        with path.open("rb") as file:
            data = file.read(NOTE_LIMIT)
        if data == before:
            break
        before = data
    return data


def _size(note: bytes) -> int:
    """The size that a checkpoint claims, unchecked; -1 where it is none."""
    try:
        return int(note.split(b"\n", 2)[1])
    except (ValueError, IndexError):
        return -1
