"""Everything held on one person: from the vault and from every table of the warehouse, from which source, under which basis."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb

from governance.identity.consents import acts
from governance.identity.pseudonyms import PSEUDONYM
from governance.identity.standing import corrections
from governance.rights.rewriting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.documents.warehouse import WarehouseSchema
    from governance.identity.directory import Directory
    from governance.identity.vault import Vault

PURPOSE = "subject_request"
"""The purpose under which a person's own rows are handed over: their keys are released for it."""


def identity_held(vault: Vault, uid: str, entity: str, schema: WarehouseSchema, mappings: Iterable[ExtractMapping]) -> dict[str, Any]:
    """The vault's fields with the extracts that may have said them, and what was corrected."""
    mappings = list(mappings)
    changed = {name for values in corrections(vault, uid=uid).get(uid, {}).values() for name in values}
    columns = {column for table in schema.tables.values() for column, kind in table.columns.items() if kind.of == entity}
    return {
        kind: {
            "values": values,
            "corrected": kind in changed,
            "sources": sorted(
                {file for mapping in mappings if any(kind in identifiers for column, identifiers in mapping.keys.items() if column in columns) for file in mapping.files}
            ),
        }
        for kind, values in vault.open_fields(uid).items()
    }


def records_held(
    warehouse: Path, directory: Directory, uid: str, entity: str, schema: WarehouseSchema, mappings: Iterable[ExtractMapping]
) -> dict[str, Any]:
    """Every row of the warehouse about a person, table by table; persons' keys are released for the person's own request."""
    mappings = list(mappings)
    inner = directory.inner(entity, uid)
    found: dict[str, Any] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for table, key in keyed_in(connection, schema, entity):
            cursor = connection.execute(f"SELECT * FROM {quoted(table)} WHERE {quoted(key)} = ?", [inner])  # noqa: S608 (names of the schema)
            names = [column[0] for column in cursor.description or ()]
            rows = [_outward(dict(zip(names, row, strict=True)), table, schema, directory) for row in cursor.fetchall()]
            if rows:
                sources = sorted({file for mapping in mappings if any(load.table == table for load in mapping.load) for file in mapping.files})
                found[table] = {"rows": rows, "count": len(rows), "sources": sources}
    return found


def restricted_held(restricted: Path, directory: Directory, uid: str, entity: str, schema: WarehouseSchema, mappings: Iterable[ExtractMapping]) -> dict[str, Any]:
    """The same of the rows that a clock of retention restricted, under `restricted.<table>`."""
    if not restricted.exists():
        return {}
    return {f"restricted.{table}": held for table, held in records_held(restricted, directory, uid, entity, schema, mappings).items()}


def keyed(schema: WarehouseSchema, entity: str) -> list[tuple[str, str]]:
    """The tables that carry an entity's key, with every such column."""
    return [(table, column) for table, kind in schema.tables.items() for column, spec in kind.columns.items() if spec.of == entity]


def keyed_in(connection: duckdb.DuckDBPyConnection, schema: WarehouseSchema, entity: str) -> list[tuple[str, str]]:
    """Those of `keyed` that a warehouse has: one loaded before a table was added to the schema lacks it."""
    there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return [(table, column) for table, column in keyed(schema, entity) if table in there]


def versions_held(warehouse: Path, schema: WarehouseSchema) -> set[int]:
    """The versions of the warehouse's key under which its registers hold persons: one, since a rotation swaps the whole file."""
    found: set[int] = set()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for entity, kind in schema.entities.items():
            register = next((name for name, table in schema.tables.items() if table.register_of == entity), None) if kind.kind == "person" else None
            for table, column in keyed_in(connection, schema, entity) if register is not None else ():
                row: Any = connection.execute(f"SELECT any_value({quoted(column)}) FROM {quoted(table)}").fetchone() if table == register else None  # noqa: S608 (names of the schema)
                match = PSEUDONYM.fullmatch(str(row[0])) if row is not None else None
                found |= {int(match[2])} if match is not None else set()
    return found


def _outward(row: dict[str, Any], table: str, schema: WarehouseSchema, directory: Directory) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in row.items():
        kind = schema.tables[table].columns.get(name)
        if kind is not None and kind.of in directory.entities and value is not None:
            out[name] = directory.release(kind.of or "", PURPOSE, [str(value)])[str(value)]
        elif value is None or isinstance(value, (str, int, float, bool)):
            out[name] = value
        else:
            out[name] = value.isoformat()
    return out


def rows_by_source(loads: Path, inner: str) -> dict[str, int]:
    """How many rows of each extract were linked to the person in the newest load that kept its links; empty where none did."""
    kept = sorted(loads.glob("*/links.csv"))
    if not kept:
        return {}
    with kept[-1].open(encoding="utf-8", newline="") as stream:
        # Of a million lines a person has a few: only those are read as CSV.
        mine = (line for line in stream if inner in line)
        return dict(sorted(Counter(row[0] for row in csv.reader(mine) if row[-1] == inner).items()))


def consents_held(vault: Vault, uid: str, moment: Callable[[Any], str | None]) -> list[dict[str, Any]]:
    """What the person declared to us, act by act."""
    return [
        {
            "purpose": act.purpose,
            "channel": act.channel,
            "act": act.act,
            "at": moment(act.at),
            "notice": act.notice,
            "notice_version": act.notice_version,
            "case": act.case_number,
        }
        for act in acts(vault, uid=uid)
    ]


def attributes(warehouse: Path, schema: WarehouseSchema, entity: str, inner: str) -> Mapping[str, Any]:
    """The person's row of the register."""
    table = next((name for name, kind in schema.tables.items() if kind.register_of == entity), None)
    key = schema.key_column(table, entity) if table is not None else None
    if table is None or key is None:
        return {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute(f"SELECT * FROM {quoted(table)} WHERE {quoted(key)} = ?", [inner])  # noqa: S608 (names of the schema)
        row = cursor.fetchone()
        return {} if row is None else dict(zip([column[0] for column in cursor.description or ()], row, strict=True))
