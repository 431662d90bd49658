"""Rotating the warehouse's own key: every person's key in every table becomes the next key's, in one new file. Joins hold before and after."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

import pyarrow as pa

from governance.identity.pseudonyms import Pseudonymizer
from governance.rights.holding import keyed_in
from governance.rights.rewriting import quoted, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from governance.documents.warehouse import WarehouseSchema
    from governance.identity.keys import Key
    from governance.identity.vault import Vault


def new_keys(vault: Vault, schema: WarehouseSchema, key: Key) -> dict[str, dict[str, str]]:
    """Per entity of persons: every pseudonym of any other key version → the one under `key`."""
    found: dict[str, dict[str, str]] = {}
    for entity, kind in schema.entities.items():
        if kind.kind != "person":
            continue
        uids = vault.uids(entity)
        new = Pseudonymizer(key=key, prefix=kind.prefix, entity=entity).all(uids)
        found[entity] = {
            old: new[uid]
            for held in vault.keys.held("warehouse")
            if held.key.version != key.version
            for uid, old in Pseudonymizer(key=held.key, prefix=kind.prefix, entity=entity).all(uids).items()
        }
    return found


def rekey_warehouse(
    warehouse: Path,
    schema: WarehouseSchema,
    keys: Mapping[str, Mapping[str, str]],
    *,
    version: str,
    a_load: bool = True,
    noted: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
) -> int:
    """Put every person's new key in place of an old one; return how many rows changed. A second call changes nothing. `a_load=False`: in a file of restricted rows.

    `noted` is given the new file before it is put in place.
    """
    changed = 0

    def change(connection: duckdb.DuckDBPyConnection) -> None:
        nonlocal changed
        for entity, pairs in keys.items():
            connection.register("renamed", pa.table({"old": pa.array(list(pairs), pa.string()), "new": pa.array(list(pairs.values()), pa.string())}))
            for table, column in keyed_in(connection, schema, entity):
                row = connection.execute(
                    f"UPDATE {quoted(table)} SET {quoted(column)} = renamed.new FROM renamed WHERE {quoted(table)}.{quoted(column)} = renamed.old"  # noqa: S608 (names of the schema)
                ).fetchone()
                changed += int(row[0]) if row else 0
            connection.unregister("renamed")

    rewrite(warehouse, version, change, look=noted, a_load=a_load)
    return changed


def rekey_links(loads: Path, keys: Mapping[str, str]) -> None:
    """The same in every kept `links.csv`, so that it goes on naming the warehouse's keys."""
    for path in sorted(loads.glob("*/links.csv")):
        fresh = path.with_name(f".{path.name}.new")
        with path.open(encoding="utf-8", newline="") as source, os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerows([*row[:-1], keys.get(row[-1], row[-1])] for row in csv.reader(source))
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(path)
