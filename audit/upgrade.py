"""Making the search index again from the lines: for a ledger that an earlier release made, and for one whose index was edited."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import tzinfo

from audit.events import Facets, facets_of
from audit.schema import FORMAT, INDEX_COLUMNS, QUOTED, STATEMENTS, TABLES

TRUTH = ("entry", "node", "head", "checkpoint")
"""Tables that are never made again: everything else derives from them."""


def upgrade(connection: sqlite3.Connection, zone: tzinfo) -> None:
    """Give the database the newest form, inside a transaction that the caller has begun.

    Lines, tree and checkpoints stay byte for byte; the search index is made anew. Raises `sqlite3.Error`, and `InvalidEvent` or
    `ValueError` if a line is not an event.
    """
    kept = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
    for name in kept:
        connection.execute(f'DROP TRIGGER "{name}"')
    for kind in ("view", "index", "table"):
        rows = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL", (kind,)
        ).fetchall()
        for (name,) in rows:
            if name not in {*TRUTH, "pruning"}:
                connection.execute(f'DROP {kind} IF EXISTS "{name}"')
    there = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")}
    for statement in TABLES:
        if statement not in there:
            connection.execute(statement)
    marks = ", ".join("?" * len(INDEX_COLUMNS))
    connection.executemany(f"INSERT INTO event_index ({QUOTED}) VALUES ({marks})", _facets(connection, zone))  # noqa: S608
    for statement in STATEMENTS[len(TABLES) :]:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _facets(connection: sqlite3.Connection, zone: tzinfo) -> Iterator[Facets]:
    for (line,) in connection.execute("SELECT CAST(body AS BLOB) FROM entry ORDER BY idx"):
        body = json.loads(line)
        if "pruned" not in body or "index" in body:
            yield facets_of(body, zone)
