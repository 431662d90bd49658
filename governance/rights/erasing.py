"""Erasing a person: every row, every link, every identity; tombstones against coming back; and the proof that nothing is left.

The warehouse goes first: should the act be interrupted, the vault still knows the person, and the same act finishes.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governance.errors import WarehouseError
from governance.identity.standing import bury
from governance.rights.holding import keyed_in
from governance.rights.kept import forget_kept
from governance.rights.rewriting import quoted, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import duckdb

    from governance.documents.warehouse import WarehouseSchema
    from governance.identity.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure removed and what was looked at afterwards."""

    rows: dict[str, int]
    links: int
    identifiers_kept_out: int
    columns_searched: int


def count_rows(warehouse: Path, schema: WarehouseSchema, entity: str, keys: Iterable[str]) -> dict[str, int]:
    """How many rows of each table are about a person, without changing anything."""
    import duckdb

    keys = list(keys)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {table: found for table, column in keyed_in(connection, schema, entity) if (found := _count(connection, table, column, keys))}


def _count(connection: duckdb.DuckDBPyConnection, table: str, column: str, keys: list[str]) -> int:
    row = connection.execute(f"SELECT count(*) FROM {quoted(table)} WHERE {quoted(column)} = ANY(?)", [keys]).fetchone()  # noqa: S608 (names of the schema)
    return int(row[0]) if row else 0


def erase_from_warehouse(
    warehouse: Path, schema: WarehouseSchema, entity: str, keys: Iterable[str], *, version: str, noted: Callable[[duckdb.DuckDBPyConnection], None]
) -> tuple[dict[str, int], int]:
    """Remove every row with one of the keys, and prove on the new file, in every text of every table, that none is left. `noted` is given that file before it is put in place.

    Returns the rows removed per table and the number of columns searched. Raises WarehouseError, with the old file in place, if anything is left.
    """
    keys = list(keys)
    rows: dict[str, int] = {}
    searched = 0

    def change(connection: duckdb.DuckDBPyConnection) -> None:
        for table, column in keyed_in(connection, schema, entity):
            count = _count(connection, table, column, keys)
            if count:
                rows[table] = rows.get(table, 0) + count
                connection.execute(f"DELETE FROM {quoted(table)} WHERE {quoted(column)} = ANY(?)", [keys])  # noqa: S608 (names of the schema)

    def look(connection: duckdb.DuckDBPyConnection) -> None:
        nonlocal searched
        searched = _none_left(connection, keys)
        noted(connection)

    rewrite(warehouse, version, change, look=look)
    return rows, searched


def erase_restricted(restricted: Path, keys: Iterable[str], *, version: str) -> dict[str, int]:
    """The same in the file of restricted rows, by every text in it: tables that the schema has given up are in it too. Returns the rows removed per table."""
    import duckdb

    if not restricted.exists():
        return {}
    keys, rows = list(keys), dict[str, int]()

    def change(connection: duckdb.DuckDBPyConnection) -> None:
        for table, column in _texts(connection):
            count = _count(connection, table, column, keys)
            if count:
                rows[table] = rows.get(table, 0) + count
                connection.execute(f"DELETE FROM {quoted(table)} WHERE {quoted(column)} = ANY(?)", [keys])  # noqa: S608 (names of the catalogue)

    def look(connection: duckdb.DuckDBPyConnection) -> None:
        _none_left(connection, keys)

    with duckdb.connect(str(restricted), read_only=True) as connection:
        there = any(_count(connection, table, column, keys) for table, column in _texts(connection))
    if there:
        rewrite(restricted, version, change, look=look, a_load=False)
    return rows


def _texts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    columns: list[Any] = connection.execute("SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'VARCHAR' ORDER BY ALL").fetchall()
    return [(str(table), str(column)) for table, column in columns]


def _none_left(connection: duckdb.DuckDBPyConnection, keys: list[str]) -> int:
    """Prove that no text of any table holds one of the keys, and return how many columns were searched."""
    columns = _texts(connection)
    for table, column in columns:
        if any((connection.execute(f"SELECT count(*) FROM {quoted(table)} WHERE contains({quoted(column)}, ?)", [key]).fetchone() or (0,))[0] for key in keys):  # noqa: S608
            message = f"the person's key is still in {table}.{column} after the removal; nothing was published (this is a defect: report it)"
            raise WarehouseError(message)
    return len(columns)


def erase_links(loads: Path, keys: Iterable[str]) -> int:
    """Remove the person's lines from every kept `links.csv`, and whatever loads keep of files; return how many lines there were."""
    forget_kept(loads)
    gone, wanted = 0, set(keys)
    for path in sorted(loads.glob("*/links.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            rows = list(reader)
        left = [row for row in rows if row[-1] not in wanted]
        if len(left) == len(rows):
            continue
        gone += len(rows) - len(left)
        fresh = path.with_name(f".{path.name}.new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(left)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    return gone


def erase_identity(vault: Vault, uid: str, certificate: str) -> int:
    """Shred the person's data key with everything sealed by it, and leave tombstones; return how many identifiers are kept out from now on."""
    with vault.engine.begin() as connection:
        return bury(vault, connection, uid, certificate)
