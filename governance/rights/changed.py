"""Who is told apart otherwise in a new file of the warehouse than in the one before, so that past answers can be judged (`governance.identity.states`).

By a person's row in the register, the rows of the things that it names (a hospital's region), the person's links to others (who visits whom), and rows that stood under another person's
key before. Everything is compared inside the engine; only the keys of persons come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.states import note
from governance.warehouse.building import LOAD_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from governance.documents.warehouse import TableKind, WarehouseSchema
    from governance.identity.vault import Vault

_OLD = "state_before"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def persons_of(schema: WarehouseSchema) -> dict[str, str]:
    """The entities that are persons, with their prefixes."""
    return {name: kind.prefix for name, kind in schema.entities.items() if kind.kind == "person"}


def link_tables(schema: WarehouseSchema) -> set[str]:
    """The tables that only say which persons belong together: keys of at least two kinds of persons and no number of their own. They are compared row by row."""
    persons = persons_of(schema)
    return {
        name
        for name, kind in schema.tables.items()
        if len({spec.of for spec in kind.columns.values() if spec.of in persons}) > 1 and not any(spec.type == "id" for spec in kind.columns.values())
    }


def note_state(vault: Vault, schema: WarehouseSchema, before: Path, fresh: duckdb.DuckDBPyConnection, version: str, *, renamed: bool = False) -> None:
    """Note the state that the open file `fresh` becomes as `version`. `before` is the file that it replaces, if there is one; `renamed`: only keys were changed in it.

    To be called before the file is put in place: a state that was noted and never came harms nobody, one that came and wasn't noted makes past answers uncertain.
    """
    if not before.exists():
        note(vault, version, before=None, changed=(), moved=())
        return
    try:
        fresh.execute(f"ATTACH '{str(before).replace(chr(39), chr(39) * 2)}' AS {_OLD} (READ_ONLY)")
    except duckdb.Error:
        note(vault, version, before=None, changed=(), moved=())  # it can't be read, so nothing about it is known
        return
    try:
        stood = _stood(fresh, f"{_OLD}.")
        found = [] if renamed or stood is None else list(_changed(fresh, schema))
    finally:
        fresh.execute(f"DETACH {_OLD}")
    changed, moved = ({key for key, other_rows in found if other_rows is wanted} for wanted in (False, True))
    note(vault, version, before=stood, changed=_uids(vault, schema, changed), moved=_uids(vault, schema, moved))


def state_of(warehouse: Path) -> str | None:
    """The name of the state that a file of the warehouse is in; None where it doesn't say."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return _stood(connection, "")


def _stood(connection: duckdb.DuckDBPyConnection, place: str) -> str | None:
    try:
        row = connection.execute(f"SELECT load_id FROM {place}{LOAD_TABLE}").fetchone()  # noqa: S608 (constants)
    except duckdb.Error:
        return None
    return None if row is None else str(row[0])


def _uids(vault: Vault, schema: WarehouseSchema, keys: set[str]) -> Iterator[str]:
    for entity, prefix in persons_of(schema).items() if keys else ():
        maker = Pseudonymizer(key=vault.keys.warehouse, prefix=prefix, entity=entity)
        yield from (uid for uid, key in maker.all(vault.uids(entity)).items() if key in keys)


class _Files:
    """Two files of the warehouse: the new one, which is open, and the one before."""

    def __init__(self, fresh: duckdb.DuckDBPyConnection) -> None:
        self._run = fresh
        rows: list[tuple[str, str, str]] = fresh.execute(
            "SELECT database_name, table_name, column_name FROM duckdb_columns() WHERE database_name IN (current_database(), ?)", [_OLD]
        ).fetchall()
        self._columns: dict[tuple[bool, str], set[str]] = {}
        for database, table, column in rows:
            self._columns.setdefault((database == _OLD, table), set()).add(column)

    def keys(self, statement: str) -> Iterator[str]:
        """The texts of a statement's one column."""
        yield from (str(row[0]) for row in self._run.execute(statement).fetchall() if row[0] is not None)

    def alike(self, table: str) -> bool:
        """Whether both files have the table, with the same columns."""
        return (False, table) in self._columns and self._columns.get((True, table)) == self._columns[False, table]

    def everybody(self, table: str, column: str) -> str:
        """A statement for every value of a column of the new file; of nothing where it lacks the table."""
        return f"SELECT DISTINCT {_quoted(column)} AS key FROM {_quoted(table)}" if (False, table) in self._columns else "SELECT NULL AS key"  # noqa: S608 (names of the schema)

    def differing(self, table: str, column: str) -> str:
        """A statement for the values of a column in rows that one file has and the other has not."""
        if not self.alike(table):
            return self.everybody(table, column)
        named = ", ".join(f"CAST({_quoted(name)} AS VARCHAR)" for name in sorted(self._columns[False, table] - {column}))
        rows = [f"SELECT {_quoted(column)} AS key{', ' + named if named else ''} FROM {place}{_quoted(table)}" for place in ("", f"{_OLD}.")]  # noqa: S608 (names of the schema)
        return f"SELECT key FROM ({rows[0]} EXCEPT ALL {rows[1]}) UNION SELECT key FROM ({rows[1]} EXCEPT ALL {rows[0]})"  # noqa: S608

    def swapped(self, table: str, column: str) -> str:
        """A statement for the values of a column in rows that are gone under one value and there under another, alike in all else."""
        if not self.alike(table):
            return self.everybody(table, column)
        key, rest = _quoted(column), "md5(concat_ws(chr(31), " + ", ".join(f"coalesce(CAST({_quoted(name)} AS VARCHAR), chr(30))" for name in sorted(self._columns[False, table] - {column})) + "))"
        rows = [f"SELECT {key} AS key, {rest} AS rest FROM {place}{_quoted(table)}" for place in ("", f"{_OLD}.")]  # noqa: S608 (names of the schema)
        pairs = "SELECT came.key AS a, went.key AS b FROM came JOIN went USING (rest)"
        return f"WITH came AS ({rows[0]} EXCEPT ALL {rows[1]}), went AS ({rows[1]} EXCEPT ALL {rows[0]}), pairs AS ({pairs}) SELECT a AS key FROM pairs UNION SELECT b AS key FROM pairs"  # noqa: S608

    def moved(self, table: str, number: str, columns: Sequence[str]) -> str:
        """A statement for the values of some columns, of either file, in rows of one number that had another value before."""
        if not self.alike(table):
            return " UNION ".join(f"({self.everybody(table, column)})" for column in columns)
        mine, keys = _quoted(number), [_quoted(column) for column in columns]
        told = ", ".join(f"n.{key} AS a{at}, o.{key} AS b{at}" for at, key in enumerate(keys))
        other = " OR ".join(f"n.{key} IS DISTINCT FROM o.{key}" for key in keys)
        pairs = f"SELECT {told} FROM {_quoted(table)} n JOIN {_OLD}.{_quoted(table)} o ON n.{mine} = o.{mine} WHERE {other}"  # noqa: S608 (names of the schema)
        differing = " UNION ".join(f"SELECT unnest([a{at}, b{at}]) AS key FROM pairs WHERE a{at} IS DISTINCT FROM b{at}" for at in range(len(keys)))  # noqa: S608
        return f"WITH pairs AS MATERIALIZED ({pairs}) {differing}"


def _changed(fresh: duckdb.DuckDBPyConnection, schema: WarehouseSchema) -> Iterator[tuple[str, bool]]:
    """The keys of persons who are told apart otherwise than before; True: because rows stood under another key."""
    files, persons, links = _Files(fresh), persons_of(schema), link_tables(schema)
    for table, kind in schema.tables.items():
        columns = [(name, spec.of) for name, spec in kind.columns.items() if spec.of in persons]
        if kind.consent or not columns:
            continue
        number = next((name for name, spec in kind.columns.items() if spec.type == "id"), None)
        own = [column for column, entity in columns if kind.register_of == entity]
        others = [column for column, _ in columns if column not in own]
        attributes = [files.differing(table, column) for column in (*own, *(others if table in links else ()))]
        attributes += [statement for column in own for statement in _by_things(schema, table, kind, column, files)]
        rows: list[str] = []
        if others and table not in links:
            rows = [files.swapped(table, column) for column in others] if number is None else [files.moved(table, number, others)]
        yield from ((key, other_rows) for other_rows, statements in ((False, attributes), (True, rows)) for statement in statements for key in files.keys(statement))


def _by_things(schema: WarehouseSchema, table: str, kind: TableKind, key: str, files: _Files) -> Iterator[str]:
    """Statements for the keys of a register in whose rows a thing is named that is not what it was."""
    for column, thing in _things(schema, kind):
        yield f"SELECT DISTINCT {_quoted(key)} FROM {_quoted(table)} WHERE {_quoted(column)} IN ({_changed_things(files, schema, thing, ())})"  # noqa: S608 (names of the schema)


def _things(schema: WarehouseSchema, kind: TableKind) -> Iterable[tuple[str, str]]:
    return [(name, spec.of) for name, spec in kind.columns.items() if spec.type == "key" and spec.of in schema.entities and schema.entities[spec.of].kind != "person" and kind.register_of != spec.of]


def _changed_things(files: _Files, schema: WarehouseSchema, thing: str, on_the_way: tuple[str, ...]) -> str:
    """A statement for the keys of one kind of thing that are not what they were, by their own rows or those of the things that they name."""
    table = next((name for name, kind in schema.tables.items() if kind.register_of == thing), None)
    key = None if table is None else schema.key_column(table, thing)
    if table is None or key is None:
        return "SELECT NULL AS key"
    found = [files.differing(table, key)]
    for column, other in _things(schema, schema.tables[table]):
        if other not in (*on_the_way, thing):
            deeper = _changed_things(files, schema, other, (*on_the_way, thing))
            found.append(f"SELECT {_quoted(key)} AS key FROM {_quoted(table)} WHERE {_quoted(column)} IN ({deeper})")  # noqa: S608 (names of the schema)
    return " UNION ".join(f"({item})" for item in found)
