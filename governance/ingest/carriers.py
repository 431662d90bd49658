"""What extracts come in: CSV in any encoding and with any delimiter, Excel sheets, Parquet files, tables of a database. All become texts in columns."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from governance.documents.extracts import Reading
from governance.errors import IngestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHEETS = (".xlsx", ".xlsm")
_COLUMNAR = (".parquet", ".pq")
_TEXTS = (".csv", ".tsv", ".txt", ".dat")
READABLE = (*_TEXTS, *_SHEETS, *_COLUMNAR)
_ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16")
_DELIMITERS = (",", "\t", ";", "|")
_LOOKED_AT = 50
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


def table_of(source: Source, how: Reading) -> pa.Table:
    """The cells of an Excel sheet, a Parquet file or a database table, as texts. Raises IngestError with the next step."""
    if isinstance(source, DatabaseTable):
        return _database(source)
    if source.suffix.lower() in _COLUMNAR:
        return _parquet(source)
    return _sheet(source, how)


def _parquet(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        message = f"{path.name} is no readable Parquet file ({type(error).__name__}); export it again"
        raise IngestError(message) from error
    return pa.table({name: _texts(column) for name, column in zip(_headers(table.column_names, path.name), table.columns, strict=True)})


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


def _sheet(path: Path, how: Reading) -> pa.Table:
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
        return _columns(_headers([cell or "" for cell in header], path.name), rows)
    finally:
        book.close()


def _database(source: DatabaseTable) -> pa.Table:
    from sqlalchemy import MetaData, Table, create_engine, select
    from sqlalchemy.exc import SQLAlchemyError

    engine = create_engine(source.url)
    try:
        table = Table(source.name, MetaData(), autoload_with=engine)
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True).execute(select(table))
            return _columns(_headers(list(result.keys()), source.name), ([_text(cell) for cell in row] for row in result))
    except SQLAlchemyError as error:
        message = f"the table {source.name} can't be read ({type(error).__name__}); check the account's rights"
        raise IngestError(message) from error
    finally:
        engine.dispose()


def _columns(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> pa.Table:
    cells: list[list[str | None]] = [[] for _ in header]
    for row in rows:
        if not any(row):
            continue
        for index, column in enumerate(cells):
            column.append(row[index] if index < len(row) else None)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(header, cells, strict=True)})


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
    raw = source.read_bytes()[: 1 << 20] if isinstance(source, Path) else b""
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
