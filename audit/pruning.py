"""Forgetting what need not be kept: bodies go, leaf hashes stay, and a signed record says which went and why.

The record (`ledger.pruned`) is itself an entry, written first; its ranges are what verification accepts as missing bodies. Whatever else
lacks its body was forged. How long an entry is kept follows from its class (`audit.retention`). Entries under a legal hold (`hold.placed`,
until `hold.released`) stay, and so do those of a request of which any entry stays.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from audit.causes import Translated
from audit.events import GENESIS, Event, format_time
from audit.ledger import Ledger
from audit.place import Place, Reads, Server
from audit.reading import connect, snapshot
from audit.records import RECORD, read_record
from audit.retention import CLASSES, class_of, kept_days
from audit.schema import TRIGGERS

HELD, RELEASED = "hold.placed", "hold.released"
NEVER = (GENESIS, RECORD, HELD, RELEASED, "witness.added")
"""Types of entries that are never pruned: the proof of the rest rests on them."""

RANGES_AT_ONCE = 10_000
"""Ranges named in one record, so that it stays a line of bearable length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was (or would be) pruned: entries, their ranges (first and last number), and the holds that kept others.

    `classes` says how many entries of each class there are among them.
    """

    entries: int
    ranges: tuple[tuple[int, int], ...]
    held: int
    holds: tuple[str, ...]
    classes: Mapping[str, int]


def plan(
    path: Place, *, now: datetime, months: Mapping[str, int] | None = None, keep_days: int | None = None
) -> Pruned:
    """What is older at `now` than its class is kept, and under no hold; changes nothing.

    `months` by class (absent: the class's default), or `keep_days` for all classes as far as their floors allow. Raises `PruneRefused` or
    `AuditUnavailable`.
    """
    numbers, held, kept_by = _chosen(path, _before(now, months, keep_days))
    return _told(numbers, held, kept_by)


def _before(now: datetime, months: Mapping[str, int] | None, days: int | None) -> dict[str, str]:
    """By class, the time before which entries may go."""
    return {name: format_time(now - timedelta(days=found)) for name, found in kept_days(months, days=days).items()}


def _told(numbers: Mapping[int, str], held: int, kept_by: set[str]) -> Pruned:
    return Pruned(
        entries=len(numbers),
        ranges=tuple(_ranges(numbers)),
        held=held,
        holds=tuple(sorted(kept_by)),
        classes=dict(Counter(numbers.values())),
    )


def _chosen(path: Place, before: Mapping[str, str]) -> tuple[dict[int, str], int, set[str]]:
    """The numbers of the entries that go, in order, with their class; how many are held; by which holds."""
    latest = max(before.values())
    with closing(connect(path)) as connection, snapshot(connection):
        holds = _holds(connection)
        marks = ", ".join("?" * len(NEVER))
        statement = (
            f'SELECT idx, time, actor, "case", request, type FROM event_index i WHERE time < ? AND type NOT IN ({marks})'  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM event_index o WHERE o.request = i.request AND o.time >= ?) ORDER BY idx"
        )
        rows = connection.execute(statement, (latest, *NEVER, latest)).fetchall()
    kept_by: set[str] = set()
    held_requests: set[str] = set()
    young_requests: set[str] = set()
    old: list[tuple[int, str | None, str, bool]] = []
    for number, time, actor, case, request, kind in rows:
        name = class_of(kind).name
        if time >= before[name]:
            young_requests.add(request)
            continue
        by = [hold for hold, conditions in holds.items() if _holds_back(conditions, time, actor, case)]
        kept_by.update(by)
        if by:
            held_requests.add(request)
        old.append((number, request, name, bool(by)))
    # A request stays as a whole.
    gone = [item for item in old if item[1] is None or item[1] not in young_requests]
    held = [item for item in gone if item[3] or (item[1] is not None and item[1] in held_requests)]
    stay = {item[0] for item in held}
    return {number: name for number, _, name, _ in gone if number not in stay}, len(held), kept_by


def prune(
    ledger: Ledger,
    path: Place,
    *,
    actor: str,
    now: datetime,
    months: Mapping[str, int] | None = None,
    keep_days: int | None = None,
) -> Pruned:
    """Prune what `plan` names: first the records (one or more for each class), durable, then the bodies and their rows of the search index.

    Interrupted in between, the next call finishes: it drops what records name. Raises as `plan`.
    """
    before = _before(now, months, keep_days)
    numbers, held, kept_by = _chosen(path, before)
    for name in CLASSES:
        ranges = _ranges(number for number, found in numbers.items() if found == name)
        for start in range(0, len(ranges), RANGES_AT_ONCE):
            some = ranges[start : start + RANGES_AT_ONCE]
            detail = {
                "before": before[name],
                "class": name,
                "entries": sum(last - first + 1 for first, last in some),
                "ranges": [list(pair) for pair in some],
                "holds": sorted(kept_by),
            }
            ledger.append(Event(type=RECORD, actor=actor, detail=detail))
    ledger.catch_up()  # what is dropped from the search index must be in it
    if isinstance(path, Server):
        _drop_on_server(path)
    else:
        _drop(path)
    return _told(numbers, held, kept_by)


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
