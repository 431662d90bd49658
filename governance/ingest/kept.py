"""What a load keeps of a file for the next one: its finished rows, whom they describe, and what became of the others; sealed.

A unit is one file of an extract, or several whose rows are judged against each other. It is found again by what it was made from (names and contents
of its files, every document that says how they load, the keys, this code) and never by anything else, so nothing has to be invalidated: what changed is
simply not found. Units lie in `<home>/ingest/kept/`, sealed piece by piece with a key of the vault's, bound to the unit and the place in it; one that can't be
opened is as good as none. Erasing a person removes them all.
"""

from __future__ import annotations

import json
import os
import struct
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from governance.errors import ConfigurationError
from governance.rights.kept import KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from governance.identity.keys import Key

_INDEX = "index"
_FRESH = ".new"
_TAIL = struct.Struct("<QQ")
_NAME_CHARACTERS = 40

Files = tuple[tuple[str, str], ...]
"""Names and SHA-256 of a unit's files."""


class Unit:
    """A unit as it was kept: `meta`, plain data, and named pieces of tables."""

    def __init__(self, path: Path, key: Key) -> None:
        """Open it. Raises ConfigurationError or OSError where it isn't whole."""
        self._path, self._key, self.name = path, key, path.name
        with path.open("rb") as stream:
            stream.seek(-_TAIL.size, os.SEEK_END)
            start, length = _TAIL.unpack(stream.read())
        told = json.loads(self._open(_INDEX, start, length))
        self.meta: dict[str, Any] = told["meta"]
        self._pieces: list[list[Any]] = told["pieces"]

    def pieces(self, kind: str) -> Iterator[tuple[str, pa.Table]]:
        """The tables kept under a kind, each with its own name, in the order in which they were added."""
        for number, (of, name, start, length) in enumerate(self._pieces):
            if of == kind:
                yield name, pa.ipc.open_stream(self._open(str(number), start, length)).read_all()

    def piece(self, kind: str) -> pa.Table | None:
        """The one table of a kind, or None."""
        return next((table for _, table in self.pieces(kind)), None)

    def _open(self, place: str, start: int, length: int) -> bytes:
        with self._path.open("rb") as stream:
            stream.seek(start)
            return self._key.suite.unseal(_secret(self._key), stream.read(length), f"{self.name}/{place}".encode())


class Draft:
    """A unit in the making: pieces are sealed and written as they come."""

    def __init__(self, path: Path, key: Key, random: Callable[[int], bytes]) -> None:
        self._path, self._key, self._random, self._pieces = path, key, random, list[tuple[str, str, int, int]]()
        self._stream = os.fdopen(os.open(path.with_name(path.name + _FRESH), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def add(self, kind: str, name: str, table: pa.Table) -> None:
        """Keep a table."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(table)
        start, length = self._seal(str(len(self._pieces)), sink.getvalue().to_pybytes())
        self._pieces.append((kind, name, start, length))

    def end(self, meta: dict[str, Any]) -> None:
        """Write what the unit says of itself; it counts once the store commits."""
        told = json.dumps({"meta": meta, "pieces": self._pieces}, ensure_ascii=False).encode()
        self._stream.write(_TAIL.pack(*self._seal(_INDEX, told)))
        self._stream.close()

    def _seal(self, place: str, plain: bytes) -> tuple[int, int]:
        sealed = self._key.suite.seal(_secret(self._key), plain, f"{self._path.name}/{place}".encode(), self._random)
        start = self._stream.tell()
        self._stream.write(sealed)
        return start, len(sealed)

    def close(self) -> None:
        """Close the file, finished or not."""
        self._stream.close()


def _secret(key: Key) -> bytes:
    return key.secret[: key.suite.key_bytes]


class Kept:
    """The units of one home. `key` seals; `made_by` is a digest of all that rows depend on beside their files."""

    def __init__(self, loads: Path, key: Key, made_by: str, random: Callable[[int], bytes], *, fresh: bool = False) -> None:
        """`fresh` finds nothing, so that everything is read anew, and keeps all the same."""
        self._folder, self._key, self._made_by, self._random, self._fresh = loads / KEPT, key, made_by, random, fresh
        self._used: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._drafts: dict[str, Draft] = {}
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for left in self._folder.glob(f"*{_FRESH}"):
            left.unlink()
        self._groups: dict[str, list[list[str]]] = self._read_groups()

    def groups(self, extract: str) -> list[list[str]]:
        """The files that were one unit in the load before."""
        return [] if self._fresh else self._groups.get(extract, [])

    def find(self, extract: str, files: Files) -> Unit | None:
        """The unit of exactly these files, or None."""
        if self._fresh:
            return None
        try:
            return Unit(self._folder / self._name(extract, files), self._key)
        except (ConfigurationError, OSError, ValueError, KeyError, struct.error):
            return None

    def use(self, extract: str, files: Files) -> None:
        """Say that a unit goes on counting."""
        self._used[self._name(extract, files)] = (extract, tuple(name for name, _ in files))

    def draft(self, extract: str, files: Files) -> Draft:
        """Begin a unit, in place of one of the same files."""
        self.use(extract, files)
        name = self._name(extract, files)
        self._drafts[name] = Draft(self._folder / name, self._key, self._random)
        return self._drafts[name]

    def commit(self) -> None:
        """Make the drafts count, and remove what no file stands for any more."""
        for name, draft in self._drafts.items():
            draft.close()
            (self._folder / (name + _FRESH)).replace(self._folder / name)
        self._drafts.clear()
        groups: dict[str, list[Sequence[str]]] = {}
        for extract, names in self._used.values():
            groups.setdefault(extract, []).append(names)
        sealed = self._key.suite.seal(_secret(self._key), json.dumps(groups, ensure_ascii=False).encode(), _INDEX.encode(), self._random)
        index = self._folder / (_INDEX + _FRESH)
        index.touch(mode=0o600)
        index.write_bytes(sealed)
        index.replace(self._folder / _INDEX)
        for path in self._folder.iterdir():
            if path.name != _INDEX and path.name not in self._used:
                path.unlink()

    def discard(self) -> None:
        """Forget the drafts; what was kept before stays."""
        for name, draft in self._drafts.items():
            draft.close()
            (self._folder / (name + _FRESH)).unlink(missing_ok=True)
        self._drafts.clear()

    def _name(self, extract: str, files: Files) -> str:
        return self._key.mac("unit", self._made_by, extract, *(part for file in files for part in file)).hex()[:_NAME_CHARACTERS]

    def _read_groups(self) -> dict[str, list[list[str]]]:
        try:
            found: dict[str, list[list[str]]] = json.loads(self._key.suite.unseal(_secret(self._key), (self._folder / _INDEX).read_bytes(), _INDEX.encode()))
        except (ConfigurationError, OSError, ValueError):
            return {}
        return found
