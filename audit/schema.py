"""The SQLite schema of a ledger. Verification compares a database's own schema with this, statement by statement."""

from __future__ import annotations

from audit.events import Facets

FORMAT = 2
"""PRAGMA user_version."""

APPLICATION_ID = 0x57454E53
"""PRAGMA application_id: "WENS"."""

TABLES = (
    # The stored lines. `leaf` is the RFC 6962 leaf hash of the line's bytes.
    "CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, body TEXT NOT NULL) STRICT",
    # Complete interior nodes of the tree in order of completion (audit.merkle.node_id).
    "CREATE TABLE node (id INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT",
    # The newest signed checkpoint, replaced by every batch; and older ones, one for every 256 events or so.
    "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, note TEXT NOT NULL) STRICT",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT",
    # What is searched; derived from the lines (audit.events.Facets) and checked against them.
    (
        "CREATE TABLE event_index (idx INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time TEXT NOT NULL, day TEXT NOT NULL,"
        " type TEXT NOT NULL, request TEXT, actor TEXT NOT NULL, role TEXT, department TEXT, purpose TEXT, decision TEXT,"
        ' outcome TEXT, code TEXT, rule TEXT, "case" TEXT, classes TEXT, metrics TEXT, surface TEXT, session TEXT,'
        " question TEXT) STRICT"
    ),
    "CREATE INDEX event_request ON event_index (request, idx) WHERE request IS NOT NULL",
    # Which records of pruning (their numbers) were carried out, and how many bodies each dropped.
    "CREATE TABLE pruning (record INTEGER PRIMARY KEY, entries INTEGER NOT NULL) STRICT",
    (
        "CREATE VIEW fct_access AS SELECT day, department, purpose, outcome, role AS actor_role FROM event_index"
        " WHERE type = 'outcome'"
    ),
)

_APPENDED = {
    "entry": "NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM entry)",
    "node": "NEW.id <> (SELECT coalesce(max(id) + 1, 0) FROM node)",
    "checkpoint": "NEW.size <= (SELECT coalesce(max(size), -1) FROM checkpoint)",
    "event_index": "NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM event_index)",
    "pruning": "NEW.record >= (SELECT coalesce(max(idx) + 1, 0) FROM entry)",
    "head": "EXISTS (SELECT 1 FROM head)",
}
"""When an INSERT is none at the end. (INSERT OR REPLACE would otherwise delete without firing a DELETE trigger.)"""


def _triggers() -> tuple[str, ...]:
    stop = "BEGIN SELECT raise(ABORT, 'the ledger only grows'); END"
    made: list[str] = []
    for table, condition in _APPENDED.items():
        made += [
            f"CREATE TRIGGER {table}_only_at_the_end BEFORE INSERT ON {table} WHEN {condition} {stop}",
            f"CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table} {stop}",
        ]
        changed = " WHEN NEW.one <> OLD.one OR NEW.size <= OLD.size" if table == "head" else ""
        made.append(f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE ON {table}{changed} {stop}")
    return tuple(made)


STATEMENTS = TABLES + _triggers()
"""Every CREATE statement, as SQLite stores it."""

INDEX_COLUMNS = ("idx", *Facets._fields[1:])
"""Columns of `event_index`, in the order of `Facets`."""

QUOTED = ", ".join(f'"{name}"' for name in INDEX_COLUMNS)

TRIGGERS = {statement.split()[2]: statement for statement in STATEMENTS if statement.startswith("CREATE TRIGGER")}
"""Every trigger by name."""
