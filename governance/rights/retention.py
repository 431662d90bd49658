"""The clocks of retention: what is older than the bundle allows is deleted, or restricted to a file that no question reaches."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import duckdb

from governance.errors import ConfigurationError, nearest
from governance.rights.holding import keyed_in
from governance.rights.rewriting import quoted
from governance.rights.settling import months_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from governance.documents.identity import RetentionRule
    from governance.documents.warehouse import WarehouseSchema

_DATED = {"time", "date", "month"}


def checked(rules: Iterable[RetentionRule], schema: WarehouseSchema) -> list[RetentionRule]:
    """The rules, each about something that the schema has; ConfigurationError naming the first that isn't."""
    found = list(rules)
    for rule in found:
        if rule.entity is not None:
            kind = schema.entities.get(rule.entity)
            if kind is None or kind.kind != "person":
                message = f"retention rule {rule.id!r}: {rule.entity!r} is no entity of persons.{nearest(rule.entity, schema.entities)}"
                raise ConfigurationError(message)
            continue
        table = schema.tables.get(rule.table or "")
        if table is None:
            message = f"retention rule {rule.id!r}: there is no table {rule.table!r}.{nearest(rule.table or '', schema.tables)}"
            raise ConfigurationError(message)
        if rule.by not in table.columns or table.columns[rule.by or ""].type not in _DATED:
            message = f"retention rule {rule.id!r}: {rule.table}.{rule.by} is no column with a time"
            raise ConfigurationError(message)
    return found


def due(warehouse: Path, rules: Sequence[RetentionRule], *, now: datetime) -> dict[str, int]:
    """How many rows each rule about a table would take now."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {rule.id: _one(connection, f"SELECT count(*) FROM {_old(rule)}", now, rule) for rule in rules if rule.table is not None}  # noqa: S608 (names of the schema)


def take(connection: duckdb.DuckDBPyConnection, rules: Sequence[RetentionRule], restricted: Path, *, now: datetime) -> dict[str, int]:
    """Delete or restrict what is due, and return the rows per rule. Restricted rows are in `restricted` (mode 0600) before they are gone here."""
    taken: dict[str, int] = {}
    for rule in rules:
        if rule.table is None:
            continue
        count = _one(connection, f"SELECT count(*) FROM {_old(rule)}", now, rule)  # noqa: S608 (names of the schema)
        if count and rule.act == "restrict":
            _restrict(connection, rule, restricted, now)
        if count:
            connection.execute(f"DELETE FROM {_old(rule)}", [months_before(now, rule.months)])  # noqa: S608
        taken[rule.id] = count
    return taken


def _old(rule: RetentionRule) -> str:
    return f"{quoted(rule.table or '')} WHERE {quoted(rule.by or '')} < ?"


def _one(connection: duckdb.DuckDBPyConnection, statement: str, now: datetime, rule: RetentionRule) -> int:
    row: Any = connection.execute(statement, [months_before(now, rule.months)]).fetchone()
    return int(row[0])


def _restrict(connection: duckdb.DuckDBPyConnection, rule: RetentionRule, restricted: Path, now: datetime) -> None:
    rows = connection.execute(f"SELECT * FROM {_old(rule)}", [months_before(now, rule.months)]).to_arrow_table()  # noqa: S608
    if not restricted.exists():
        with duckdb.connect(str(restricted)):
            pass
        os.chmod(restricted, 0o600)  # noqa: PTH101 - the mode of a file that was just made
    with duckdb.connect(str(restricted)) as kept:
        kept.register("incoming", rows)
        kept.execute(f"CREATE TABLE IF NOT EXISTS {quoted(rule.table or '')} AS SELECT * FROM incoming LIMIT 0")  # noqa: S608
        # Interrupted before the rows were gone from the warehouse, the same rows come again.
        kept.execute(f"INSERT INTO {quoted(rule.table or '')} SELECT * FROM incoming EXCEPT SELECT * FROM {quoted(rule.table or '')}")  # noqa: S608


def idle(warehouse: Path, schema: WarehouseSchema, rule: RetentionRule, *, now: datetime) -> list[str]:
    """The warehouse keys of persons without any dated row since the rule's limit. Who has no dated row at all is not judged."""
    entity, limit = rule.entity or "", months_before(now, rule.months)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        pieces = [
            f"SELECT {quoted(key)} AS person, CAST({quoted(column)} AS TIMESTAMP) AS seen FROM {quoted(table)}"  # noqa: S608 (names of the schema)
            for table, key in keyed_in(connection, schema, entity)
            for column, spec in schema.tables[table].columns.items()
            if spec.type in _DATED
        ]
        if not pieces:
            return []
        rows = connection.execute(f"SELECT person FROM ({' UNION ALL '.join(pieces)}) GROUP BY person HAVING max(seen) < ? ORDER BY person", [limit]).fetchall()  # noqa: S608
    return [str(row[0]) for row in rows]
