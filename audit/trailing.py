"""The search index trails the entries by moments: it is derived from the lines, so nobody need wait for it.

Who writes brings it up to date when nothing else waits (`catch_up`); who reads meanwhile sees the rows that it still lacks, made from the lines
themselves for the moment of reading (`cover`). So a search misses nothing, and an index cut off at its end hides nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.causes import HELP
from audit.errors import AuditUnavailable, InvalidEvent
from audit.events import Facets, Line, facets_of
from audit.schema import INDEX_COLUMNS, QUOTED

ENDS = "SELECT (SELECT max(idx) FROM main.entry), (SELECT max(idx) FROM main.event_index)"
LINES = "SELECT CAST(body AS BLOB) FROM main.entry WHERE idx > ? ORDER BY idx LIMIT ?"
MARKS = ", ".join("?" * len(INDEX_COLUMNS))
MOST_FRESH = 32_768
"""Rows kept for indexing, more than are ever behind under load."""

Row = tuple[int | str | None, ...]
"""Number first, then the columns of `event_index` in order."""


class Fresh:
    """Rows of the entries that one connection wrote itself: to index these nobody need read and decode their lines again."""

    def __init__(self) -> None:
        self._written: list[Row] = []
        self._rows: deque[Row] = deque(maxlen=MOST_FRESH)

    def wrote(self, lines: Sequence[Line]) -> None:
        """Lines inserted in the batch under way."""
        # Bare tuples of texts: what lies here for long is nothing that the garbage collector would walk through.
        self._written += [(line.number, line.id, line.time, line.day, line.draft.type, *line.draft.rest) for line in lines]

    def settle(self, *, committed: bool) -> None:
        """The batch has ended."""
        if committed:
            self._rows.extend(self._written)
        self._written = []

    def take(self, last: int, most: int) -> list[Row]:
        """Up to `most` rows in order from the one after number `last` on; none where another connection wrote that entry."""
        rows, found = self._rows, list[Row]()
        while rows and cast(int, rows[0][0]) <= last:
            rows.popleft()
        while rows and len(found) < most and rows[0][0] == last + 1 + len(found):
            found.append(rows.popleft())
        return found


def behind(connection: sqlite3.Connection) -> int:
    """How many of the newest entries the stored index lacks."""
    entries, rows = connection.execute(ENDS).fetchone()
    return max(0, (-1 if entries is None else entries) - (-1 if rows is None else rows))


def indexed(connection: sqlite3.Connection) -> int:
    """The number of the last entry that the stored index covers; -1 where it covers none."""
    return int(connection.execute("SELECT coalesce(max(idx), -1) FROM main.event_index").fetchone()[0])


def missing(connection: sqlite3.Connection, zone: tzinfo, most: int = -1) -> Iterator[Facets]:
    """The rows that the stored index lacks at its end, in order, `most` of them; raises reason `corrupt` if a line is no event."""
    for (line,) in connection.execute(LINES, (indexed(connection), most)).fetchall():
        try:
            yield facets_of(json.loads(line), zone)
        except (ValueError, TypeError, InvalidEvent) as error:
            raise AuditUnavailable("corrupt", HELP["corrupt"]) from error


def cover(connection: sqlite3.Connection) -> None:
    """Within the transaction that has begun, have `event_index` cover every entry; whatever is made for it ends with the transaction."""
    if not behind(connection):
        return
    zone = zone_of(connection)
    connection.execute("PRAGMA query_only = OFF")  # only what is temporary is made; the file itself is open for reading alone
    try:
        connection.execute("CREATE TEMP TABLE index_tail AS SELECT * FROM main.event_index WHERE 0")
        connection.executemany(f"INSERT INTO temp.index_tail ({QUOTED}) VALUES ({MARKS})", missing(connection, zone))  # noqa: S608 - names of our own
        connection.execute("CREATE INDEX temp.tail_request ON index_tail (request)")
        connection.execute("CREATE TEMP VIEW event_index AS SELECT * FROM main.event_index UNION ALL SELECT * FROM temp.index_tail")
    finally:
        connection.execute("PRAGMA query_only = ON")


def zone_of(connection: sqlite3.Connection) -> ZoneInfo:
    """The ledger's time zone, which entry 0 binds; raises reason `corrupt` where there is none."""
    try:
        (line,) = connection.execute("SELECT CAST(body AS BLOB) FROM main.entry WHERE idx = 0").fetchone()
        return ZoneInfo(json.loads(line)["detail"]["timezone"])
    except (ValueError, TypeError, KeyError, ZoneInfoNotFoundError) as error:
        raise AuditUnavailable("corrupt", HELP["corrupt"]) from error
