"""Which extracts that lie with the product still name a person: told in the certificate by file and number of lines, never by content.

Extracts are the company's. What erasing can do about them is to say where they still name the person, and to keep the person out of every load of them (tombstones).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import IngestError
from governance.identity.written import NUMERALS, fold
from governance.ingest.carriers import READABLE, cells_of, guess, is_table
from wenshu.home import Home
from wenshu.inbox import SOURCE

_OWN = frozenset({"keys", "checkpoints", "certificates", "bundle", "bundles", "ingest", "stewardship", "desk"})
"""Folders of a home that the product writes itself; what they hold of persons is erased, not counted."""
_LAST = "last load"
_BETWEEN = re.compile(r"[ \-./()·_\u3000]+")
_CELLS = re.compile(r"[,;|\t\"']+")
_WHOLE = 11
"""Shorter numbers and names of accounts count only as a whole cell: they stand inside others by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Files with the numbers of lines with an identifier of the person, and of lines with the name alone (a namesake's too); files that couldn't be read; and how many were searched."""

    files: tuple[tuple[str, int, int], ...]
    not_read: tuple[str, ...]
    searched: int

    def to_json(self) -> dict[str, Any]:
        """As certificates and pages tell it."""
        return {
            "searched": self.searched,
            "files": [{"file": name, "lines": lines, "lines_with_the_name_only": named} for name, lines, named in self.files],
            "not_read": list(self.not_read),
        }


def still_naming(home: Home, identifiers: Iterable[tuple[str, str]], names: Iterable[str]) -> Naming:
    """Search the extracts inside the home and those of the last load for a person's normalised identifiers and names."""
    wanted = _Wanted({_plain(value) for kind, value in identifiers if kind != "name"}, {_plain(name) for name in names})
    found: list[tuple[str, int, int]] = []
    not_read: list[str] = []
    searched = 0
    for called, path in _extracts(home):
        try:
            lines, named = wanted.count(_lines(path))
        except (IngestError, OSError, UnicodeError, ValueError):
            not_read.append(called)
            continue
        searched += 1
        if lines or named:
            found.append((called, lines, named))
    return Naming(files=tuple(found), not_read=tuple(not_read), searched=searched)


class _Wanted:
    """What is looked for, in plain form."""

    def __init__(self, identifiers: Collection[str], names: Collection[str]) -> None:
        self._long = [value for value in identifiers if len(value) >= _WHOLE]
        self._short = {value for value in identifiers if 0 < len(value) < _WHOLE}
        self._names = [name for name in names if name]

    def count(self, lines: Iterable[str]) -> tuple[int, int]:
        """How many lines have an identifier, and how many the name only."""
        having = named = 0
        for line in lines:
            plain = _plain(line)
            if any(value in plain for value in self._long) or not self._short.isdisjoint(_CELLS.split(plain)):
                having += 1
            elif any(name in plain for name in self._names):
                named += 1
        return having, named


def _plain(text: str) -> str:
    """A text as it is compared: folded, digits as digits, in lower case, without what people put between."""
    folded = text if text.isascii() else fold(text).translate(NUMERALS)
    return _BETWEEN.sub("", folded).lower()


def _extracts(home: Home) -> Iterator[tuple[str, Path]]:
    """The extracts with what they are called: by their place in the home, or as the last load's."""
    inside = home.root.resolve()
    for path in sorted(inside.rglob("*")):
        part = path.relative_to(inside)
        if path.suffix.lower() in READABLE and part.parts[0] not in _OWN and path.is_file():
            yield part.as_posix(), path
    try:
        last = Path((home.ingest / SOURCE).read_text(encoding="utf-8").strip()).resolve()
    except OSError:
        return
    if last.is_dir() and not last.is_relative_to(inside):
        for path in sorted(last.iterdir()):
            if path.suffix.lower() in READABLE and path.is_file():
                yield f"{_LAST}: {path.name}", path


def _lines(path: Path) -> Iterator[str]:
    how = guess(path)
    if is_table(path):
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            yield from _sheets(path)
            return
        for batch in cells_of(path, how).batches():
            yield from (",".join(str(cell) for cell in row if cell is not None) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
        return
    with path.open(encoding=how.encodings[0], errors="replace", newline=None) as stream:
        yield from stream


def _sheets(path: Path) -> Iterator[str]:
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError) as error:
        message = f"{path.name} is no readable Excel workbook"
        raise IngestError(message) from error
    try:
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                yield ",".join(str(cell) for cell in row if cell is not None)
    finally:
        book.close()
