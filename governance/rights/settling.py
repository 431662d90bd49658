"""What stands over every load: corrections, withdrawals that persons declared to us, effects that have begun, and the clocks of retention.

It is applied to a finished warehouse file before that is put in place, by a load and by each act of a person's rights alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from governance.identity.consents import ConsentAct, acts
from governance.identity.handovers import replaced
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.standing import IN_VAULT, corrections
from governance.identity.withdrawals import effective_times
from governance.rights.rewriting import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from governance.documents.warehouse import WarehouseSchema
    from governance.identity.vault import Vault

Consents = dict[tuple[str, str, str, str | None, datetime], datetime]
"""(table, person's key, purpose, the channel or what else it is for, withdrawn at) → in effect from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is to be applied: per table and key the corrected columns, and the declared acts of consent by the person's key."""

    corrected: Mapping[str, Mapping[str, Mapping[str, str]]]
    declared: Mapping[str, Sequence[ConsentAct]]
    begun: Consents

    def __bool__(self) -> bool:
        return bool(self.corrected or self.declared or self.begun)


def standing(vault: Vault, schema: WarehouseSchema, before: Path | None, *, now: datetime) -> Standing:
    """Collect what stands, from the vault and from the warehouse `before` (effects that had begun by `now` never move)."""
    makers = {
        entity: Pseudonymizer(key=vault.keys.warehouse, prefix=kind.prefix, entity=entity) for entity, kind in schema.entities.items() if kind.kind == "person"
    }
    corrected: dict[str, dict[str, dict[str, str]]] = {}
    for uid, places in corrections(vault).items():
        entity = vault.entity_of(uid)
        for table, values in places.items():
            if table != IN_VAULT and entity in makers:
                corrected.setdefault(table, {})[makers[entity].of(uid)] = {name: given[0] for name, given in values.items()}
    declared: dict[str, list[ConsentAct]] = {}
    gone = replaced(vault)  # their withdrawals went with them to whoever they turned out to be
    for act in acts(vault):
        entity = vault.entity_of(act.uid)
        if entity in makers and act.uid not in gone:
            declared.setdefault(makers[entity].of(act.uid), []).append(act)
    begun = begun_effects(before, schema, now=now) if before is not None and before.exists() else {}
    return Standing(corrected=corrected, declared=declared, begun=begun)


def begun_effects(warehouse: Path, schema: WarehouseSchema, *, now: datetime) -> Consents:
    """The withdrawals of a warehouse that were in effect by `now`."""
    found: Consents = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for table, key, within in consent_tables(schema):
            if table not in there:
                continue  # loaded before the schema had it
            rows = connection.execute(
                f"SELECT {quoted(key)}, purpose, {_within(within)}, withdrawn_at, effective_at FROM {quoted(table)} WHERE effective_at <= ?",  # noqa: S608 (names of the schema)
                [now],
            ).fetchall()
            found |= {(table, who, purpose, value, at): effect for who, purpose, value, at, effect in rows}
    return found


def apply(connection: duckdb.DuckDBPyConnection, found: Standing, schema: WarehouseSchema, *, smallest_batch: int) -> None:
    """Apply what stands to the tables behind the connection."""
    for table, keys in found.corrected.items():
        column = _register_key(schema, table)
        for key, values in keys.items():
            for name, value in values.items():
                connection.execute(
                    f"UPDATE {quoted(table)} SET {quoted(name)} = CAST(? AS {_kind(schema, table, name)}) WHERE {quoted(column)} = ?",  # noqa: S608
                    [value, key],
                )
    if found.declared or found.begun:
        for table, key, within in consent_tables(schema):
            _created(connection, table, schema)
            declared = {who: [act for act in done if (act.channel is None) == (within is None)] for who, done in found.declared.items()}
            _declare(connection, table, (key, within), declared)
            _effects(connection, table, (key, within), found.begun, smallest_batch)


def _kind(schema: WarehouseSchema, table: str, name: str) -> str:
    return {"flag": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE", "time": "TIMESTAMP", "date": "DATE", "month": "DATE"}.get(schema.tables[table].columns[name].type, "VARCHAR")


def _register_key(schema: WarehouseSchema, table: str) -> str:
    entity = schema.tables[table].register_of
    return (schema.key_column(table, entity) if entity is not None else None) or ""


def consent_tables(schema: WarehouseSchema) -> list[tuple[str, str, str | None]]:
    """The tables of consents with the column of the person and the column of what they are for (a channel), None for those of a whole purpose."""
    return [
        (name, next(column for column, spec in kind.columns.items() if spec.type == "key"), kind.consent_for)
        for name, kind in schema.tables.items()
        if kind.consent
    ]


def _within(column: str | None) -> str:
    return "NULL" if column is None else quoted(column)


def _created(connection: duckdb.DuckDBPyConnection, table: str, schema: WarehouseSchema) -> None:
    """Add the table to a warehouse that was loaded before the schema had it."""
    columns = ", ".join(f"{quoted(name)} {_kind(schema, table, name)}" for name in schema.tables[table].columns)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({columns})")


def _declare(connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, str | None], declared: Mapping[str, Sequence[ConsentAct]]) -> None:
    """Write declared acts where the extracts don't have them: a withdrawal ends the grants before it; one without any grant stands by itself."""
    key, within = columns
    named = [quoted(key), "purpose", *([] if within is None else [quoted(within)])]
    mine = " AND ".join(f"{name} = ?" for name in named)
    into = f"INSERT INTO {quoted(table)} ({', '.join(named)}"
    marks = ", ".join("?" for _ in named)
    for who, done in declared.items():
        for act in sorted(done, key=lambda item: item.at):
            about = [who, act.purpose, *([] if within is None else [act.channel])]
            if act.act == "granted":
                there = connection.execute(f"SELECT count(*) FROM {quoted(table)} WHERE {mine} AND granted_at = ?", [*about, act.at]).fetchone()  # noqa: S608
                if not there or not there[0]:
                    connection.execute(f"{into}, granted_at) VALUES ({marks}, ?)", [*about, act.at])
                continue
            # A withdrawal that the extracts have later stays the one it is where consent was given in between: else that grant would lift it.
            between = min((later for later in _grants(connection, table, mine, about, done) if later > act.at), default=None)
            before = f"{mine} AND granted_at <= ?"
            connection.execute(
                f"UPDATE {quoted(table)} SET withdrawn_at = ? WHERE {before} AND (withdrawn_at IS NULL OR (withdrawn_at > ? AND withdrawn_at <= coalesce(?, withdrawn_at)))",  # noqa: S608
                [act.at, *about, act.at, act.at, between],
            )
            there = connection.execute(f"SELECT count(*) FROM {quoted(table)} WHERE {before} AND withdrawn_at <= ?", [*about, act.at, act.at]).fetchone()  # noqa: S608
            if not there or not there[0]:
                connection.execute(f"{into}, granted_at, withdrawn_at) VALUES ({marks}, ?, ?)", [*about, act.at, act.at])


def _grants(connection: duckdb.DuckDBPyConnection, table: str, mine: str, about: Sequence[object], done: Sequence[ConsentAct]) -> Iterator[datetime]:
    """When consent was given for the same, in the table and as declared."""
    yield from (row[0] for row in connection.execute(f"SELECT granted_at FROM {quoted(table)} WHERE {mine} AND granted_at IS NOT NULL", [*about]).fetchall())  # noqa: S608
    yield from (act.at for act in done if act.act == "granted" and act.purpose == about[1] and act.channel == (about[2] if len(about) > 2 else None))


def _effects(connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, str | None], begun: Consents, smallest_batch: int) -> None:
    key, within = columns
    rows: list[Any] = connection.execute(
        f"SELECT rowid, purpose, {_within(within)}, {quoted(key)}, withdrawn_at, effective_at FROM {quoted(table)} WHERE withdrawn_at IS NOT NULL"  # noqa: S608
    ).fetchall()
    times = effective_times([((purpose, value), who, at) for _, purpose, value, who, at, _ in rows], smallest_batch=smallest_batch)
    # Who withdrew at the same moment is of the same batch: so it is found too for a person who has another key by now (two entries that turned out to be one).
    together = {(place, purpose, value, at): effect for (place, _, purpose, value, at), effect in begun.items()}
    changed = [
        (new, row)
        for (row, purpose, value, who, at, held), computed in zip(rows, times, strict=True)
        if (new := begun.get((table, who, purpose, value, at)) or min(together.get((table, purpose, value, at), computed), computed)) != held
    ]
    if changed:
        connection.executemany(f"UPDATE {quoted(table)} SET effective_at = ? WHERE rowid = ?", changed)  # noqa: S608


def months_before(moment: datetime, months: int) -> datetime:
    """The moment so many months earlier; a day that the month lacks is its last one."""
    count = moment.year * 12 + moment.month - 1 - months
    year, month = divmod(count, 12)
    first = datetime(year, month + 1, 1)  # noqa: DTZ001 - local times, as everywhere in the warehouse
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: DTZ001
    last = (following - timedelta(days=1)).day
    return moment.replace(year=first.year, month=first.month, day=min(moment.day, last))
