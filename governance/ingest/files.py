"""Reading extracts: which files there are, in which encoding, which columns. A file that can't be read stops the load with one line."""

from __future__ import annotations

import codecs
import csv
import fnmatch
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from governance.errors import IngestError, nearest
from governance.ingest.carriers import Cells, DatabaseTable, cells_of, is_table
from governance.ingest.columns import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from governance.documents.extracts import Mapping, Reading
    from governance.ingest.carriers import Source

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_MOSTLY = 0.5
_HEADER_BYTES = 1 << 20
_CHUNK = 8 << 20
"""Bytes of a file that are in memory at a time; the longest row that can be read."""
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """One extract as read: the columns that its mapping uses, in all of its files one after the other.

    `file[i]` is the number of row i's file in `files`, `row[i]` its 1-based data row there. `broken` lists the (file, row) pairs of rows with
    too many or too few cells, which are not among the columns' rows.
    """

    name: str
    files: tuple[str, ...]
    headers: tuple[str, ...]
    columns: dict[str, Column]
    rows: int
    file: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    broken: tuple[tuple[int, int], ...]
    encodings: tuple[str, ...]


def find(among: Sequence[Source], mapping: Mapping) -> list[Source]:
    """The extract's files or tables, by name."""
    return [source for source in among if any(fnmatch.fnmatchcase(source.name, pattern) for pattern in mapping.files)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a first pass over a text file found: its encoding, the SHA-256 of its bytes, and its first characters."""

    encoding: str
    digest: str
    head: str


def examine(path: Path, encodings: tuple[str, ...]) -> Text:
    """Look through a text file once, a chunk at a time: by the byte order mark, else the first encoding that fits.

    Raises IngestError for a file that is empty, binary, in another encoding, or cut off inside a quoted cell.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
        marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
        tried = (marked,) if marked else encodings
        for encoding in tried:
            try:
                return _looked_through(path, encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    except OSError as error:
        message = f"{path.name} can't be read: {error.strerror}"
        raise IngestError(message) from error
    message = f"{path.name} is not text in {' or '.join(tried)}; name its encoding under `read.encodings` of its mapping"
    raise IngestError(message)


def _looked_through(path: Path, encoding: str) -> Text:
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder(encoding)("strict")
    head, filled, quotes, lines, quoted_line = "", False, 0, 0, 0
    with path.open("rb") as stream:
        while True:
            raw = stream.read(_CHUNK)
            digest.update(raw)
            filled = filled or bool(raw.strip())
            text = decoder.decode(raw, final=not raw)
            if "\x00" in text:
                message = f"{path.name} holds binary data, not text; export it as CSV"
                raise IngestError(message)
            if len(head) < _HEADER_BYTES:
                head += text[:_HEADER_BYTES]
            found = text.count('"')
            if found:
                quotes, quoted_line = quotes + found, lines + text.count("\n", 0, text.rfind('"'))
            lines += text.count("\n")
            if not raw:
                break
    if not filled:
        message = f"{path.name} is empty; export it again, or remove it if there is nothing to load"
        raise IngestError(message)
    if quotes % 2:
        message = f"{path.name}, line {quoted_line + 1} or before: a quotation mark is not closed; the file may be cut off"
        raise IngestError(message)
    return Text(encoding=encoding, digest=digest.hexdigest(), head=head)


def header(text: str, name: str, how: Reading) -> tuple[str, ...]:
    """The headers of the columns; a column without one is called `column 7`."""
    lines = io.StringIO(text[:_HEADER_BYTES], newline="")
    for _ in range(how.skip_lines):
        lines.readline()
    try:
        cells = next(csv.reader([lines.readline()], delimiter=how.delimiter))
    except (StopIteration, csv.Error) as error:
        message = f"{name}: no header in line {how.skip_lines + 1}"
        raise IngestError(message) from error
    names = tuple(cell.strip() or f"column {index}" for index, cell in enumerate(cells, 1))
    twice = next((cell for index, cell in enumerate(names) if cell in names[:index]), None)
    if twice is not None:
        message = f"{name}, line {how.skip_lines + 1}: two columns are called {twice!r}; rename one in the export"
        raise IngestError(message)
    return names


class Opened:
    """One file or table, opened: its headers, its encoding (`parquet`, `excel` or `table` where it has none), the digest of its content.

    `batches()` gives its cells as texts, so many rows at a time that memory doesn't grow with the file, each with the rows' 1-based numbers;
    `broken` lists the numbers of rows with too many or too few cells as far as the file was read.
    """

    def __init__(self, source: Source, how: Reading) -> None:
        self.name, self._how, self._source = source.name, how, source
        self.broken: list[int] = []
        if isinstance(source, DatabaseTable) or is_table(source):
            self._cells: Cells | None = cells_of(source, how)
            self.headers, self.encoding, self.digest = self._cells.headers, self._cells.kind, self._cells.digest
        else:
            self._cells = None
            seen = examine(source, how.encodings)
            self.headers, self.encoding, self.digest = header(seen.head, source.name, how), seen.encoding, seen.digest

    def batches(self, keep: Sequence[str]) -> Iterator[tuple[pa.Table, npt.NDArray[np.int64]]]:
        """The cells of the columns `keep`. Raises IngestError where most rows don't have the header's columns."""
        if self._cells is not None:
            number = 0
            for table in self._cells.batches():
                yield table.select(list(keep)), np.arange(number + 1, number + table.num_rows + 1)
                number += table.num_rows
            return
        yield from self._csv(keep)

    def _csv(self, keep: Sequence[str]) -> Iterator[tuple[pa.Table, npt.NDArray[np.int64]]]:
        skip, path = self._how.skip_lines + 1, self._source
        done, good = 0, 0

        def note(row: arrow_csv.InvalidRow) -> str:
            self.broken.append(row.number - skip)
            return "skip"

        if not isinstance(path, Path):
            return
        try:
            with pa.OSFile(str(path)) as raw, pa.transcoding_input_stream(raw, self.encoding, "utf-8") as text:
                reader = arrow_csv.open_csv(
                    text,
                    read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_CHUNK, column_names=self.headers, skip_rows=skip),
                    parse_options=arrow_csv.ParseOptions(delimiter=self._how.delimiter, newlines_in_values=True, invalid_row_handler=note),
                    convert_options=arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(self.headers, pa.string()), strings_can_be_null=False, include_columns=list(keep) or None
                    ),
                )
                for batch in reader:
                    # Broken rows were left out of the table but keep their number.
                    odd = np.array([row for row in self.broken if row > done], dtype=np.int64)
                    numbers = np.arange(done + 1, done + batch.num_rows + len(odd) + 1)
                    numbers = np.setdiff1d(numbers, odd, assume_unique=True)[: batch.num_rows]
                    yield pa.Table.from_batches([batch]).select(list(keep)), numbers
                    done, good = int(numbers[-1]) if len(numbers) else done, good + batch.num_rows
        except pa.ArrowInvalid as error:
            if not str(error).startswith("Empty CSV"):
                message = f"{self.name} is not a table separated by {self._how.delimiter!r}: {str(error).splitlines()[0][:120]}"
                raise IngestError(message) from error
        if len(self.broken) > max(1, _MOSTLY * (len(self.broken) + good)):
            message = f"{self.name}: {len(self.broken)} of {len(self.broken) + good} rows don't have the header's {len(self.headers)} columns; check `read.delimiter`"
            raise IngestError(message)


def open_source(source: Source, mapping: Mapping) -> Opened:
    """Open one file of an extract and check that it has the columns that its mapping names."""
    opened = Opened(source, mapping.read)
    _check_columns(opened.name, opened.headers, mapping.used_columns(), mapping)
    return opened


def kept_columns(mapping: Mapping, headers: tuple[str, ...], *, everything: bool = False) -> tuple[str, ...]:
    """The columns of a file that the mapping has any use for."""
    wanted, pattern = mapping.used_columns(), _repeating(mapping, headers)
    return tuple(name for name in headers if everything or name in wanted or name in pattern or _compares_all(mapping))


def column_of(table: pa.Table, name: str, empty: Sequence[str]) -> Column:
    """One column of a table of texts; a file that lacks it has nothing there."""
    if name not in table.column_names:
        return Column.of(pa.nulls(table.num_rows, pa.string()), empty)
    piece = table.column(name).combine_chunks()
    return Column.of(piece.combine_chunks() if isinstance(piece, pa.ChunkedArray) else piece, empty)


def read(paths: Sequence[Source], mapping: Mapping, *, everything: bool = False, most: int | None = None) -> Extract:
    """Read the files of one extract as a whole, or about their first `most` rows; a load goes through `staging` instead.

    Only the columns that the mapping uses are kept, unless `everything` is asked.
    """
    tables, numbers, file, broken, encodings = [], [], [], [], []
    headers: dict[str, None] = {}
    rows = 0
    for index, path in enumerate(paths):
        opened = open_source(path, mapping)
        headers |= dict.fromkeys(opened.headers)
        encodings.append(opened.encoding)
        for table, here in opened.batches(kept_columns(mapping, opened.headers, everything=everything)):
            tables.append(table)
            numbers.append(here)
            file.append(np.full(len(here), index))
            rows += len(here)
            if most is not None and rows >= most:
                break
        broken += [(index, row) for row in opened.broken]
    names = tuple(headers)
    whole = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
    return Extract(
        name=mapping.extract,
        files=tuple(path.name for path in paths),
        headers=names,
        columns={name: column_of(whole, name, mapping.read.empty) for name in kept_columns(mapping, names, everything=everything)},
        rows=rows,
        file=np.concatenate([*file, np.zeros(0, dtype=np.int64)]),
        row=np.concatenate([*numbers, np.zeros(0, dtype=np.int64)]),
        broken=tuple(broken),
        encodings=tuple(encodings),
    )


def _compares_all(mapping: Mapping) -> bool:
    """Whether a rule compares whole rows, for which even columns that never load are read."""
    return any(drop.when == "duplicate" and not drop.of for drop in mapping.drop)


def _repeating(mapping: Mapping, headers: tuple[str, ...]) -> tuple[str, ...]:
    return mapping.unpivot.matching(headers) if mapping.unpivot else ()


def _check_columns(
    name: str, names: tuple[str, ...], wanted: dict[str, tuple[str | int, ...]], mapping: Mapping
) -> None:
    missing = [column for column in wanted if column not in names]
    if missing:
        shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        message = (
            f"{name} lacks the column {missing[0]!r} that extracts/{mapping.extract}.yaml names.{nearest(missing[0], names)} "
            f"The file has: {shown}. Correct the mapping or export the file again"
        )
        raise IngestError(message)
    if mapping.unpivot and not mapping.unpivot.matching(names):
        message = f"{name} has no column that matches {mapping.unpivot.columns!r} (unpivot of extracts/{mapping.extract}.yaml)"
        raise IngestError(message)
