"""Forgetting what need not be kept: bodies go, leaf hashes stay, and a signed record says which went and why.

The record (`ledger.pruned`) is itself an entry, written first; its ranges are what verification accepts as missing bodies. Whatever else
lacks its body was forged. Entries under a legal hold (`hold.placed`, until `hold.released`) stay, and so do those of a request of
which any entry is younger.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from audit.causes import Translated
from audit.errors import AuditError
from audit.events import GENESIS, Event, format_time
from audit.ledger import Ledger
from audit.place import Place, Reads, Server
from audit.reading import connect, snapshot
from audit.records import LEAST_DAYS, RECORD, read_record
from audit.schema import TRIGGERS

HELD, RELEASED = "hold.placed", "hold.released"
NEVER = (GENESIS, RECORD, HELD, RELEASED, "witness.added")
"""Types of entries that are never pruned: the proof of the rest rests on them."""

DEFAULT_DAYS = 3 * 366
RANGES_AT_ONCE = 10_000
"""Ranges named in one record, so that it stays a line of bearable length."""


class PruneRefused(AuditError, ValueError):
    """What was asked must not be pruned; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was (or would be) pruned: entries, their ranges (first and last number), and the holds that kept others."""

    entries: int
    ranges: tuple[tuple[int, int], ...]
    held: int
    holds: tuple[str, ...]


def plan(path: Place, *, now: datetime, keep_days: int = DEFAULT_DAYS) -> Pruned:
    """What is older than `keep_days` at `now` and under no hold; changes nothing. Raises `PruneRefused` or `AuditUnavailable`."""
    if keep_days < LEAST_DAYS:
        raise PruneRefused(f"the ledger is kept for at least {LEAST_DAYS} days (six months); name a longer time")
    before = format_time(now - timedelta(days=keep_days))
    with closing(connect(path)) as connection, snapshot(connection):
        holds = _holds(connection)
        marks = ", ".join("?" * len(NEVER))
        statement = (
            f'SELECT idx, time, actor, "case", request FROM event_index i WHERE time < ? AND type NOT IN ({marks})'  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM event_index o WHERE o.request = i.request AND o.time >= ?) ORDER BY idx"
        )
        rows = connection.execute(statement, (before, *NEVER, before)).fetchall()
    kept_by: set[str] = set()
    held_requests: set[str | None] = set()
    held: set[int] = set()
    for number, time, actor, case, request in rows:
        if by := [name for name, hold in holds.items() if _holds_back(hold, time, actor, case)]:
            kept_by.update(by)
            held.add(number)
            held_requests.add(request)
    held |= {row[0] for row in rows if row[4] is not None and row[4] in held_requests}  # a request stays as a whole
    numbers = [row[0] for row in rows if row[0] not in held]
    return Pruned(entries=len(numbers), ranges=tuple(_ranges(numbers)), held=len(held), holds=tuple(sorted(kept_by)))


def prune(ledger: Ledger, path: Place, *, actor: str, now: datetime, keep_days: int = DEFAULT_DAYS) -> Pruned:
    """Prune what `plan` names: first the record, durable, then the bodies and their rows of the search index.

    Interrupted in between, the next call finishes: it drops what records name. Raises as `plan`.
    """
    found = plan(path, now=now, keep_days=keep_days)
    before = format_time(now - timedelta(days=keep_days))
    for start in range(0, len(found.ranges), RANGES_AT_ONCE):
        some = found.ranges[start : start + RANGES_AT_ONCE]
        detail = {
            "before": before,
            "keep_days": keep_days,
            "entries": sum(last - first + 1 for first, last in some),
            "ranges": [list(pair) for pair in some],
            "holds": list(found.holds),
        }
        ledger.append(Event(type=RECORD, actor=actor, detail=detail))
    if isinstance(path, Server):
        _drop_on_server(path)
    else:
        _drop(path)
    return found


def _drop_on_server(place: Server) -> None:
    from audit.postgres.store import drop_bodies

    with closing(connect(place)) as connection, snapshot(connection):
        records = connection.execute(RECORDS, (RECORD,)).fetchall()
    if records:
        drop_bodies(place, [(number, read_record(json.loads(line))) for number, line in records])


RECORDS = (
    "SELECT e.idx, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx"
    " WHERE i.type = ? AND i.idx NOT IN (SELECT record FROM pruning)"
)
"""Records of pruning that were not carried out yet."""


def _drop(path: Path) -> None:
    """Drop the bodies that records name and that are still there, in one transaction, and what is left of them on the disk."""
    uri = f"file:{quote(str(path))}?mode=rw"
    with Translated(path), closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        records = connection.execute(RECORDS, (RECORD,)).fetchall()
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for number, line in records:
            count = 0
            for first, last in read_record(json.loads(line)):
                count += connection.execute(
                    "UPDATE entry SET body = '{\"pruned\":\"' || lower(hex(leaf)) || '\"}' WHERE idx BETWEEN ? AND ?"
                    " AND body NOT LIKE '{\"pruned\":%'",
                    (first, last),
                ).rowcount
                connection.execute("DELETE FROM event_index WHERE idx BETWEEN ? AND ?", (first, last))
            connection.execute("INSERT INTO pruning VALUES (?, ?)", (number, count))
        for statement in TRIGGERS.values():
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _holds(connection: Reads) -> dict[str, dict[str, Any]]:
    """The holds in force by name: what was placed and not released."""
    found: dict[str, dict[str, Any]] = {}
    statement = (
        "SELECT i.type, CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx"
        " WHERE i.type IN (?, ?) ORDER BY i.idx"
    )
    for kind, line in connection.execute(statement, (HELD, RELEASED)):
        body = json.loads(line)
        name = str(body["detail"].get("hold"))
        if kind == HELD:
            found[name] = body["detail"] | {"case": body.get("case")}
        else:
            found.pop(name, None)
    return found


def _holds_back(hold: dict[str, Any], time: str, actor: str, case: str | None) -> bool:
    """Whether every condition that the hold names is met; one without conditions holds everything."""
    of_actor, of_case = hold.get("of_actor"), hold.get("case")
    since, until = hold.get("since") or "", hold.get("until") or "9999"
    return (of_actor in {None, actor}) and (of_case in {None, case}) and since <= time < until


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
