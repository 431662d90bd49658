"""Publishing a load: a new DuckDB file is made beside the old one and swapped in whole, so that no reader ever sees half a load.

A reader that has the old file open keeps it until its question is answered; `Warehouse` opens the new one for the next question.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import duckdb

from governance.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime
    from types import TracebackType

    import pyarrow as pa

LOAD_TABLE = "wenshu_load"
_MODEST = {"memory_limit": "1GB", "threads": "2", "preserve_insertion_order": "true"}
"""How much a load takes for itself while it writes; more than that goes to the engine's own files beside the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a load says of itself: stored in the one row of `wenshu_load`, shown as `data_version` and `data_as_of`.

    `as_of` is the last day that the data speak of; `loaded_at` is local time.
    """

    load_id: str
    as_of: date
    loaded_at: datetime
    seed_info: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTable:
    """A table to be written: its columns with their SQL types in order, and its rows as Arrow batches with the same column names."""

    name: str
    columns: Mapping[str, str]
    batches: Iterable[pa.Table | pa.RecordBatch]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Building:
    """A new DuckDB file in the making: tables are declared once, rows come in as they are made, `finish` closes it.

    Use it as a context; any failure inside removes the file. `path` must not exist.
    """

    def __init__(self, path: Path, tables: Mapping[str, Mapping[str, str]]) -> None:
        """`tables` names the columns of each table with their SQL types, in order."""
        if path.exists():
            raise WarehouseError(f"{path.name} already exists; a new load is always written to a new file.")
        self._path, self._tables = path, tables
        self._connection = duckdb.connect(str(path), config=dict(_MODEST))
        # Pseudonymized data are still personal information.
        path.chmod(0o600)
        self.counts = dict.fromkeys(tables, 0)
        for name, columns in tables.items():
            told = ", ".join(f"{_quoted(column)} {kind}" for column, kind in columns.items())
            self._connection.execute(f"CREATE TABLE {_quoted(name)} ({told})")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
        if error is not None:
            remove(self._path)

    def add(self, table: str, rows: pa.Table) -> None:
        """Append rows with the table's column names. Raises WarehouseError."""
        names = ", ".join(_quoted(name) for name in self._tables[table])
        try:
            self._connection.register("incoming_batch", rows)
            self._connection.execute(f"INSERT INTO {_quoted(table)} ({names}) SELECT {names} FROM incoming_batch")  # noqa: S608 (quoted names of ours)
            self._connection.unregister("incoming_batch")
        except duckdb.Error as error:
            raise _not_written(error) from error
        self.counts[table] += rows.num_rows

    def finish(self, load: Load) -> None:
        """Write what the load says of itself and close the file. Raises WarehouseError."""
        try:
            _note(self._connection, load)
            self._connection.execute("CHECKPOINT")
            self._connection.close()
        except duckdb.Error as error:
            raise _not_written(error) from error


def remove(path: Path) -> None:
    """Remove a file that was not finished, with what the engine kept beside it."""
    for left in (path, path.with_name(f"{path.name}.wal")):
        left.unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)


def _not_written(error: Exception) -> WarehouseError:
    return WarehouseError(f"The new warehouse could not be written ({type(error).__name__}); the old one is untouched.")


def _note(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    connection.execute(f"CREATE TABLE {LOAD_TABLE} (load_id VARCHAR, as_of DATE, loaded_at TIMESTAMP, seed_info VARCHAR)")
    connection.execute(
        f"INSERT INTO {LOAD_TABLE} VALUES (?, ?, ?, ?)",  # noqa: S608 (a constant)
        [load.load_id, load.as_of, load.loaded_at, load.seed_info],
    )


def write(path: Path, tables: Iterable[NewTable], load: Load) -> dict[str, int]:
    """Write a new DuckDB file at `path` (which must not exist) and return the rows written per table.

    Any failure removes the file and raises WarehouseError.
    """
    if path.exists():
        raise WarehouseError(f"{path.name} already exists; a new load is always written to a new file.")
    counts: dict[str, int] = {}
    try:
        with duckdb.connect(str(path)) as connection:
            connection.execute("BEGIN")
            for table in tables:
                columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in table.columns.items())
                connection.execute(f"CREATE TABLE {_quoted(table.name)} ({columns})")
                names = ", ".join(_quoted(name) for name in table.columns)
                counts[table.name] = 0
                for batch in table.batches:
                    connection.register("incoming_batch", batch)
                    connection.execute(f"INSERT INTO {_quoted(table.name)} ({names}) SELECT {names} FROM incoming_batch")  # noqa: S608 (quoted names of ours)
                    connection.unregister("incoming_batch")
                    counts[table.name] += batch.num_rows
            _note(connection, load)
            connection.execute("COMMIT")
    except (duckdb.Error, OSError) as error:
        path.unlink(missing_ok=True)
        raise _not_written(error) from error
    return counts


def publish(new_file: Path, target: Path) -> None:
    """Swap a finished warehouse file in: durable before it is visible, visible at once and whole.

    `new_file` must lie on the same file system as `target` and be closed. On any failure `target` is what it was before.
    """
    try:
        descriptor = os.open(new_file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new_file.chmod(0o600)  # pseudonyms are still personal information
        new_file.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise WarehouseError(f"The new warehouse could not be put in place: {error.strerror}; the old one is untouched.") from error


def build(path: Path, tables: Iterable[NewTable], load: Load) -> dict[str, int]:
    """Write the tables to a new file beside `path`, then publish it as `path`; return the rows written per table."""
    fresh = path.with_name(f"{path.name}.{load.load_id}.new")
    counts = write(fresh, tables, load)
    try:
        publish(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    return counts
