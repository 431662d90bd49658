"""The PostgreSQL schema of a ledger, and how to tell that it was altered.

Nothing is ever updated: a new head is a new row of `heads`, so the role that writes needs to insert and to read, and no other right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audit.place import Reads
from audit.schema import FORMAT, INDEX_COLUMNS

COMMENT = f"wenshu ledger {FORMAT}"
"""Comment on the table `entry`: what this is, and in which format."""

COLLATED = ' COLLATE "C"'
"""Text is compared byte by byte, whatever the database's own order."""

NEEDED = frozenset({"id", "time", "day", "type", "actor"})
TABLES = {
    "entry": (("idx", "bigint", True), ("leaf", "bytea", True), ("body", "bytea", True)),
    "node": (("id", "bigint", True), ("hash", "bytea", True)),
    "heads": (("size", "bigint", True), ("note", "text", True)),
    "checkpoint": (("size", "bigint", True), ("note", "text", True)),
    "event_index": tuple((name, "bigint" if name == "idx" else "text", name == "idx" or name in NEEDED) for name in INDEX_COLUMNS),
    "pruning": (("record", "bigint", True), ("entries", "bigint", True)),
}
"""Columns by table, the first being the primary key: name, type, and whether null is excluded."""

VIEWS = {
    "head": "SELECT size, note FROM heads ORDER BY size DESC LIMIT 1",
    "fct_access": "SELECT day, department, purpose, outcome, role AS actor_role FROM event_index WHERE type = 'outcome'",
}

ONLY_GROWS = "BEGIN RAISE EXCEPTION 'the ledger only grows'; END"
AT_THE_END = """\
DECLARE place bigint; BEGIN
 IF TG_TABLE_NAME = 'node' THEN SELECT coalesce(max(id) + 1, 0) INTO place FROM node; IF NEW.id = place THEN RETURN NEW; END IF;
 ELSIF TG_TABLE_NAME = 'entry' THEN SELECT coalesce(max(idx) + 1, 0) INTO place FROM entry; IF NEW.idx = place THEN RETURN NEW; END IF;
 ELSIF TG_TABLE_NAME = 'event_index' THEN SELECT coalesce(max(idx) + 1, 0) INTO place FROM event_index; IF NEW.idx = place THEN RETURN NEW; END IF;
 ELSE SELECT coalesce(max(size) + 1, 0) INTO place FROM heads; IF NEW.size >= place THEN RETURN NEW; END IF; END IF;
 RAISE EXCEPTION 'the ledger only grows'; END"""
BEFORE_CHANGE, BEFORE_EACH_INSERT = 2 | 8 | 16 | 32, 1 | 2 | 4
"""PostgreSQL's `tgtype`: before UPDATE, DELETE and TRUNCATE of a statement; before INSERT of a row."""

GROWING = ("entry", "node", "heads", "event_index")
TRIGGERS = {(table, f"{table}_never_changed", "O", BEFORE_CHANGE, ONLY_GROWS) for table in TABLES} | {
    (table, f"{table}_only_at_the_end", "O", BEFORE_EACH_INSERT, AT_THE_END) for table in GROWING
}


def statements() -> Iterator[str]:
    """What makes the schema, run by the tables' owner."""
    for table, columns in TABLES.items():
        parts = [f'"{name}" {kind}{COLLATED if kind == "text" else ""}{" NOT NULL" if needed else ""}' for name, kind, needed in columns]
        unique = ', UNIQUE ("id")' if table == "event_index" else ""
        yield f'CREATE TABLE {table} ({", ".join(parts)}, PRIMARY KEY ("{columns[0][0]}"){unique})'
    yield "CREATE INDEX event_request ON event_index (request, idx) WHERE request IS NOT NULL"
    for view, select in VIEWS.items():
        yield f"CREATE VIEW {view} AS {select}"
    for name, body in (("ledger_only_grows", ONLY_GROWS), ("ledger_at_the_end", AT_THE_END)):
        yield f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $ledger${body}$ledger$"
    for table in TABLES:
        yield (
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows()"
        )
    for table in GROWING:
        yield f"CREATE TRIGGER {table}_only_at_the_end BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_at_the_end()"
    yield f"COMMENT ON TABLE entry IS '{COMMENT}'"


def rights(role: str) -> Iterator[str]:
    """What leaves the role (already quoted) with reading and inserting alone."""
    tables, views = ", ".join(TABLES), ", ".join(VIEWS)
    yield f"REVOKE ALL ON {tables}, {views} FROM PUBLIC, {role}"
    yield f"GRANT SELECT, INSERT ON {tables} TO {role}"
    yield f"GRANT SELECT ON {views} TO {role}"


def defects(connection: Reads) -> list[str]:
    """What is missing or altered, in words; empty if nothing."""
    found: list[str] = []
    rows = connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = current_schema()"
    ).fetchall()
    columns = {(table, name, kind, nullable == "NO") for table, name, kind, nullable in rows if table in TABLES}
    expected = {(table, *column) for table, made in TABLES.items() for column in made}
    found += [f"missing or altered: column {name} of {table}" for table, name, *_ in sorted(expected - columns)]
    found += [f"unexpected: column {name} of {table}" for table, name, *_ in sorted(columns - expected)]
    triggers = set(
        connection.execute(
            "SELECT c.relname::text, t.tgname::text, t.tgenabled::text, t.tgtype::int, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal"
        ).fetchall()
    )
    ours = {trigger for trigger in triggers if trigger[0] in TABLES}
    found += [f"missing or altered: trigger {name}" for _, name, *_ in sorted(TRIGGERS - ours)]
    found += [f"unexpected: trigger {name}" for _, name, *_ in sorted(ours - TRIGGERS)]
    rules = connection.execute("SELECT tablename, rulename FROM pg_rules WHERE schemaname = current_schema()").fetchall()
    found += [f"unexpected: rule {name}" for table, name in rules if table in TABLES or table in VIEWS]
    views = dict(connection.execute("SELECT viewname, definition FROM pg_views WHERE schemaname = current_schema()").fetchall())
    found += [f"missing or altered: view {name}" for name, select in VIEWS.items() if _bare(views.get(name, "")) != _bare(select)]
    return found


def _bare(select: str) -> str:
    """A view's definition without what the server's version adds: brackets, casts, table names before columns, spaces."""
    return re.sub(r"::text|\b(?:heads|event_index)\.|[\s();\"]+", "", select).casefold()
