"""Reading extracts: which files there are, in which encoding, which columns. A file that can't be read stops the load with one line."""

from __future__ import annotations

import csv
import fnmatch
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from governance.errors import IngestError, nearest
from governance.ingest.carriers import DatabaseTable, is_table, table_of
from governance.ingest.columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def decode(raw: bytes, name: str, encodings: tuple[str, ...]) -> tuple[str, str]:
    """Return the text and its encoding: by the byte order mark, else the first encoding that fits."""
    if not raw.strip():
        message = f"{name} is empty; export it again, or remove it if there is nothing to load"
        raise IngestError(message)
    marked = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)
    tried = (marked,) if marked else encodings
    for encoding in tried:
        try:
            text = raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\x00" in text:
            message = f"{name} holds binary data, not text; export it as CSV"
            raise IngestError(message)
        return text, encoding
    message = f"{name} is not text in {' or '.join(tried)}; name its encoding under `read.encodings` of its mapping"
    raise IngestError(message)


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


def parse(text: str, name: str, how: Reading, names: tuple[str, ...]) -> tuple[pa.Table, list[int]]:
    """Return the cells as an Arrow table of strings, and the data rows (1-based) that don't have as many cells as the header."""
    if text.count('"') % 2:
        rows = text.rfind('"', 0, len(text))
        message = f"{name}, line {text.count(chr(10), 0, rows) + 1} or before: a quotation mark is not closed; the file may be cut off"
        raise IngestError(message)
    broken: list[int] = []
    skip = how.skip_lines + 1

    def note(row: arrow_csv.InvalidRow) -> str:
        broken.append(row.number - skip)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=skip),
            parse_options=arrow_csv.ParseOptions(
                delimiter=how.delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        message = f"{name} is not a table separated by {how.delimiter!r}: {str(error).splitlines()[0][:120]}"
        raise IngestError(message) from error
    if len(broken) > max(1, _MOSTLY * (len(broken) + table.num_rows)):
        message = f"{name}: {len(broken)} of {len(broken) + table.num_rows} rows don't have the header's {len(names)} columns; check `read.delimiter`"
        raise IngestError(message)
    return table, broken


def cells(source: Source, how: Reading) -> tuple[pa.Table, list[int], str]:
    """The cells of one file or table as texts, its broken rows, and its encoding (`parquet`, `excel` or `table` where it has none)."""
    if isinstance(source, DatabaseTable) or is_table(source):
        kind = "table" if isinstance(source, DatabaseTable) else "excel" if source.suffix.lower().startswith(".xls") else "parquet"
        return table_of(source, how), [], kind
    try:
        raw = source.read_bytes()
    except OSError as error:
        message = f"{source.name} can't be read: {error.strerror}"
        raise IngestError(message) from error
    text, encoding = decode(raw, source.name, how.encodings)
    table, bad = parse(text, source.name, how, header(text, source.name, how))
    return table, bad, encoding


def read(paths: Sequence[Source], mapping: Mapping, *, everything: bool = False) -> Extract:
    """Read the files of one extract; only the columns that the mapping uses are kept, unless `everything` is asked."""
    wanted = mapping.used_columns()
    parts: list[tuple[pa.Table, tuple[str, ...]]] = []
    numbers, broken, encodings = [], [], []
    for index, path in enumerate(paths):
        table, bad, encoding = cells(path, mapping.read)
        names = tuple(table.column_names)
        _check_columns(path.name, names, wanted, mapping)
        parts.append((table, names))
        encodings.append(encoding)
        broken += [(index, row) for row in bad]
        # Broken rows were left out of the table but keep their number.
        numbers.append(
            np.setdiff1d(np.arange(1, table.num_rows + len(bad) + 1), np.array(bad, dtype=np.int64), assume_unique=True)
        )
    headers = tuple(dict.fromkeys(name for _, names in parts for name in names))
    pattern = _repeating(mapping, headers)
    keep = [name for name in headers if everything or name in wanted or name in pattern or _compares_all(mapping)]
    columns = {}
    for name in keep:
        pieces = [
            table.column(name).combine_chunks() if name in names else pa.nulls(table.num_rows, pa.string())
            for table, names in parts
        ]
        flat = [piece.combine_chunks() if isinstance(piece, pa.ChunkedArray) else piece for piece in pieces]
        columns[name] = Column.of(pa.concat_arrays(flat) if len(flat) > 1 else flat[0], mapping.read.empty)
    return Extract(
        name=mapping.extract,
        files=tuple(path.name for path in paths),
        headers=headers,
        columns=columns,
        rows=sum(len(rows) for rows in numbers),
        file=np.concatenate([np.full(len(rows), index) for index, rows in enumerate(numbers)]),
        row=np.concatenate(numbers),
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
