"""What extracts come in: CSV in any encoding and with any delimiter, Excel sheets, Parquet files, tables of a database. All become texts in columns."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from governance.documents.extracts import Reading
from governance.errors import IngestError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

_SHEETS = (".xlsx", ".xlsm")
_COLUMNAR = (".parquet", ".pq")
_TEXTS = (".csv", ".tsv", ".txt", ".dat")
READABLE = (*_TEXTS, *_SHEETS, *_COLUMNAR)
_ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16")
_DELIMITERS = (",", "\t", ";", "|")
_LOOKED_AT = 50
_AT_ONCE = 50_000
"""Rows that are in memory at a time."""
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTable:
    """A table of a database, as a source of an extract. `url` is SQLAlchemy's; it never stands in an error or a report."""

    name: str
    url: str

    @property
    def suffix(self) -> str:
        return ""


Source = Path | DatabaseTable


def sources(place: Path | str) -> list[Source]:
    """What lies in a folder (its files by name), or in the database that a SQLAlchemy URL names (its tables by name).

    Raises IngestError where there is no such folder or the database can't be opened; the URL, which may hold a password, isn't told.
    """
    if isinstance(place, Path) or "://" not in place:
        folder = Path(place)
        if not folder.is_dir():
            message = f"{folder.name!r} is no folder; name the folder that holds the extracts"
            raise IngestError(message)
        return sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.name)
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        engine = create_engine(place)
        try:
            found = sorted(inspect(engine).get_table_names())
        finally:
            engine.dispose()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        message = "the address of the database is not understood; write it as dialect://user:password@host/database"
        raise IngestError(message) from error
    except (SQLAlchemyError, OSError) as error:
        message = f"the database can't be read ({type(error).__name__}); check the address and the account's rights"
        raise IngestError(message) from error
    return [DatabaseTable(name=name, url=place) for name in found]


def is_table(source: Source) -> bool:
    """Whether the source is cells by itself, with no encoding and no delimiter to know."""
    return isinstance(source, DatabaseTable) or source.suffix.lower() in (*_SHEETS, *_COLUMNAR)


class Cells:
    """The cells of an Excel sheet, a Parquet file or a database table, as texts: `headers`, the `kind` of carrier, and `batches()`.

    `digest` is the SHA-256 of the file; a database's table has none.
    """

    def __init__(self, headers: Sequence[str], kind: str, digest: str | None, batches: Callable[[], Iterator[pa.Table]]) -> None:
        self.headers, self.kind, self.digest, self.batches = tuple(headers), kind, digest, batches


def cells_of(source: Source, how: Reading) -> Cells:
    """Open what has cells by itself. Raises IngestError with the next step."""
    if isinstance(source, DatabaseTable):
        return _database(source)
    try:
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        message = f"{source.name} can't be read: {error.strerror}"
        raise IngestError(message) from error
    return _parquet(source, digest) if source.suffix.lower() in _COLUMNAR else _sheet(source, how, digest)


def _parquet(path: Path, digest: str) -> Cells:
    def unreadable(error: Exception) -> IngestError:
        return IngestError(f"{path.name} is no readable Parquet file ({type(error).__name__}); export it again")

    def batches() -> Iterator[pa.Table]:
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_AT_ONCE):
                    yield pa.table({name: _texts(pa.chunked_array([column])) for name, column in zip(headers, batch.columns, strict=True)})
        except (pa.ArrowException, OSError) as error:
            raise unreadable(error) from error

    try:
        with pq.ParquetFile(path) as file:
            headers = _headers(file.schema_arrow.names, path.name)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(error) from error
    return Cells(headers, "parquet", digest, batches)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    flat = column.combine_chunks()
    flat = flat.combine_chunks() if isinstance(flat, pa.ChunkedArray) else flat
    if pa.types.is_dictionary(flat.type):
        flat = flat.dictionary_decode()
    if pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type):
        return flat.cast(pa.string())
    if pa.types.is_timestamp(flat.type) or pa.types.is_decimal(flat.type) or pa.types.is_nested(flat.type) or pa.types.is_binary(flat.type):
        return pa.array([_text(value) for value in flat.to_pylist()], pa.string())
    if pa.types.is_boolean(flat.type):
        return pc.if_else(flat, "true", "false").cast(pa.string())
    return flat.cast(pa.string())


def _sheet(path: Path, how: Reading, digest: str) -> Cells:
    rows = _sheet_rows(path, how)
    headers = next(rows)

    def batches() -> Iterator[pa.Table]:
        again = _sheet_rows(path, how)
        return _in_batches([cell or "" for cell in next(again)], again)

    rows.close()
    return Cells([cell or "" for cell in headers], "excel", digest, batches)


def _sheet_rows(path: Path, how: Reading) -> Generator[Sequence[str | None]]:
    """The header, then the rows of the sheet."""
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        message = f"{path.name} is no readable Excel workbook ({type(error).__name__}); save it as .xlsx without a password"
        raise IngestError(message) from error
    try:
        if how.sheet is not None and how.sheet not in book.sheetnames:
            message = f"{path.name} has no sheet {how.sheet!r}; it has: {', '.join(book.sheetnames)}"
            raise IngestError(message)
        sheet = book[how.sheet] if how.sheet is not None else book.worksheets[0]
        rows = ([_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
        for _ in range(how.skip_lines):
            next(rows, None)
        header = next(rows, None)
        if header is None or not any(header):
            message = f"{path.name}: no header in line {how.skip_lines + 1} of the sheet {sheet.title!r}"
            raise IngestError(message)
        yield _headers([cell or "" for cell in header], path.name)
        yield from rows
    finally:
        book.close()


def _database(source: DatabaseTable) -> Cells:
    rows = _database_rows(source)
    headers = [cell or "" for cell in next(rows)]

    def batches() -> Iterator[pa.Table]:
        again = _database_rows(source)
        return _in_batches([cell or "" for cell in next(again)], again)

    rows.close()
    return Cells(headers, "table", None, batches)


def _database_rows(source: DatabaseTable) -> Generator[Sequence[str | None]]:
    """The header, then the rows of the table."""
    from sqlalchemy import MetaData, Table, create_engine, select
    from sqlalchemy.exc import SQLAlchemyError

    engine = create_engine(source.url)
    try:
        table = Table(source.name, MetaData(), autoload_with=engine)
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True).execute(select(table))
            yield _headers(list(result.keys()), source.name)
            for row in result:
                yield [_text(cell) for cell in row]
    except SQLAlchemyError as error:
        message = f"the table {source.name} can't be read ({type(error).__name__}); check the account's rights"
        raise IngestError(message) from error
    finally:
        engine.dispose()


def _in_batches(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Iterator[pa.Table]:
    """The rows that hold anything, so many at a time."""
    filled = (row for row in rows if any(row))
    while chunk := list(islice(filled, _AT_ONCE)):
        yield pa.table(
            {name: pa.array([row[index] if index < len(row) else None for row in chunk], pa.string()) for index, name in enumerate(header)}
        )


def _headers(names: Sequence[str], where: str) -> list[str]:
    told = [str(name).strip() or f"column {index}" for index, name in enumerate(names, 1)]
    twice = next((name for index, name in enumerate(told) if name in told[:index]), None)
    if twice is not None:
        message = f"{where}: two columns are called {twice!r}; rename one in the export"
        raise IngestError(message)
    return told


def _text(value: Any) -> str | None:
    """A typed cell as somebody would have written it: whole numbers without a point, moments in ISO form."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def guess(source: Source) -> Reading:
    """How an unknown file is probably written: the first encoding that fits and the delimiter that cuts its first lines alike."""
    if is_table(source):
        return Reading()
    raw = _first_bytes(source) if isinstance(source, Path) else b""
    text, encoding = "", "utf-8"
    for candidate in _ENCODINGS:
        try:
            # A cut in the middle of a character at the end is no sign of another encoding.
            text, encoding = raw.decode(candidate, errors="strict"), candidate
            break
        except UnicodeDecodeError as error:
            if error.start >= len(raw) - 4:
                text, encoding = raw[: error.start].decode(candidate), candidate
                break
    lines = text.lstrip("\ufeff").splitlines()[:_LOOKED_AT]
    return Reading(encodings=[encoding] if encoding != "utf-8" else ["utf-8", "gb18030"], delimiter=_delimiter(lines))


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(1 << 20)


def _delimiter(lines: Sequence[str]) -> str:
    best, found = ",", 0.0
    for candidate in _DELIMITERS:
        sizes = [len(row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=candidate)]
        if not sizes or sizes[0] < 2:
            continue
        alike = sum(size == sizes[0] for size in sizes) / len(sizes)
        if alike * min(sizes[0], 4) > found:
            best, found = candidate, alike * min(sizes[0], 4)
    return best
