"""Which bundle stands: one small file, replaced atomically, that every process reads at every request.

The number grows by one with each activation, so that "has it changed" is a comparison and never a waiting time. Bundles that were activated lie in folders
named by their content hash; a home in which nothing was activated yet stands on its founding folder. Light to import: the command line looks here first.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.errors import ConfigurationError

POINTER_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The activation that stands. `seq` 0: none yet, the founding folder holds. `version` is the content hash; `previous` the one before, if any."""

    seq: int
    version: str
    previous: str | None = None


FOUNDING = Standing(seq=0, version="")


class Standings:
    """Reads and replaces the pointer of one home. `founding` is the first bundle's folder, `kept` the folder of the activated ones."""

    def __init__(self, *, founding: Path, kept: Path, pointer: Path) -> None:
        self.founding, self.kept, self._pointer = founding, kept, pointer
        self._here = threading.local()

    def read(self) -> Standing:
        """Return what stands now; raise ConfigurationError when the pointer can't be read (silence would be an older bundle)."""
        try:
            raw = self._pointer.read_bytes()
        except FileNotFoundError:
            return FOUNDING
        except OSError as error:
            raise ConfigurationError(f"{self._pointer.name} can't be read ({error.strerror}); mend its permissions.") from error
        try:
            data = json.loads(raw)
            seq, version, previous = data["seq"], data["version"], data["previous"]
            if type(seq) is not int or seq < 1 or not _is_hash(version) or not (previous is None or _is_hash(previous)):
                raise ValueError(self._pointer.name)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{self._pointer.name} is damaged; restore it from a backup, or see: wenshu policy history") from error
        return Standing(seq=seq, version=version, previous=previous)

    def folder(self, version: str) -> Path:
        """Return where the bundle of that content hash lies; the founding folder for an empty one."""
        return self.kept / version if version else self.founding

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the only right to take a step of any draft and to replace the pointer, among all threads and processes of this machine.

        A thread that holds it may enter again. Raises OSError.
        """
        if getattr(self._here, "holds", False):
            yield
            return
        descriptor = os.open(self._pointer.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, POINTER_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._here.holds = True
            yield
        finally:
            self._here.holds = False
            os.close(descriptor)

    def put(self, standing: Standing) -> None:
        """Replace the pointer, durably and at once: the next request of every process uses the new bundle. Raises OSError."""
        text = json.dumps({"seq": standing.seq, "version": standing.version, "previous": standing.previous})
        fresh = self._pointer.with_name(f"{self._pointer.name}.{standing.seq}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, POINTER_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._pointer)
        folder = os.open(self._pointer.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
