"""The checkpoint kept outside the database.

A hash tree alone can't see that its end was cut off or that an old copy of the whole database was put back. The newest
signed checkpoint is therefore also kept in a file of its own, best on another disk. The file is written after the
database has committed, so it may lag behind the database (after a crash), and the database may never lag behind it.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audit.causes import Translated, unavailable
from audit.errors import AuditUnavailable, InvalidNote
from audit.notes import Checkpoint, VerifierKey

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSE_S = 0.001
NOTE_LIMIT = 65_536
"""Longest checkpoint file read, in bytes."""


def checkpoint_path(path: Path) -> Path:
    """Where the checkpoint outside the database at `path` is kept unless said otherwise: beside it."""
    return path.with_name(path.name + ".checkpoint")


class OutsideCheckpoint:
    """The file that holds the newest checkpoint; several processes may share it."""

    def __init__(self, path: Path, trusted: VerifierKey) -> None:
        """Keep the checkpoints of the ledger whose key is `trusted` at `path`; its folder must exist."""
        self._path = path
        self._fresh = path.with_name(path.name + ".new")
        self._lock = path.with_name(path.name + ".lock")
        self._trusted = trusted
        self._own: tuple[tuple[int, int], int] = (0, 0), -1  # the file as last written from here: identity and size

    def read(self) -> Checkpoint | None:
        """The checkpoint, its signature checked; None where there is no file.

        Raises reason `bad_checkpoint` if the file is not a checkpoint signed by this ledger.
        """
        try:
            with self._path.open("rb") as file:
                data = file.read(NOTE_LIMIT)
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
        """Replace the file by `note` unless it already holds a larger tree; durable and atomic."""
        with Translated(), self._locked(deadline):
            if self._size() >= size:
                return
            descriptor = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                file.write(note.encode())
                os.fsync(descriptor)  # before the rename, or a power cut could leave an empty file
                own = os.fstat(descriptor)
            os.replace(self._fresh, self._path)  # noqa: PTH105 - once a batch; pathlib's is slower
            self._own = (own.st_ino, own.st_mtime_ns), size

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

    def _size(self) -> int:
        """The size that the file claims, unchecked; -1 where there is nothing readable, which is then replaced."""
        try:
            there = os.stat(self._path)  # noqa: PTH116 - once a batch; pathlib's is slower
            if (there.st_ino, there.st_mtime_ns) == self._own[0]:
                return self._own[1]
            return int(self._path.read_text(encoding="utf-8").split("\n", 2)[1])
        except (OSError, ValueError, IndexError):
            return -1
