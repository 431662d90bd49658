"""Looking at a ledger before its searchable members were read into memory: the newest events first, in windows, and never longer than a page may take.

Reading a million events' members takes a process some ten seconds. Meanwhile an officer sees events at once; what would need all of them (totals, facets, the timeline) is told as
not known yet (`wenshu.desk.kept` knows most of it from the last time). Agrees with `audit.search.Reader`, which answers from then on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from audit.events import format_time
from audit.place import Place
from audit.reading import connect, snapshot
from audit.search import FILTERED, Filter, Page, StoredEvent
from audit.shredding import PersonKeys

WINDOW = 25_000
"""Events looked at by one statement; fewer where words are looked for in every column."""
WORDS_WINDOW = 5_000
PATIENCE_S = 0.12
"""How long a search may look; what was found by then is shown, and the next page goes on from there."""
LISTS = frozenset({"metrics", "classes"})
SEARCHED = ("day", "type", "actor", "role", "department", "purpose", "decision", "outcome", "code", "rule", "case", "classes", "metrics", "surface", "session", "question")
"""Columns in which words are looked for."""


class Cold:
    """Reads one ledger's index in windows. Safe for threads: each call has a connection of its own. Raises AuditUnavailable where the ledger can't be read."""

    def __init__(self, path: Place, persons: PersonKeys | None = None) -> None:
        self._path, self._persons = path, persons

    def search(self, wanted: Filter, *, after: int | None, limit: int, newest_first: bool = True, patience_s: float | None = PATIENCE_S) -> Page:
        """Return a page as `Reader.search` does; where patience ends first, what was found so far, with the number to go on from."""
        begun = time.monotonic()
        condition, values = _condition(wanted)
        window = WORDS_WINDOW if wanted.text else WINDOW if patience_s is not None else 10 * WINDOW
        order = "DESC" if newest_first else "ASC"
        statement = (
            "SELECT i.idx, CAST(e.body AS BLOB), i.metrics, i.classes FROM event_index i JOIN entry e ON e.idx = i.idx"  # noqa: S608 - words of our own
            f" WHERE i.idx >= ? AND i.idx < ?{condition} ORDER BY i.idx {order} LIMIT ?"
        )
        found: list[tuple[int, bytes]] = []
        with closing(connect(self._path)) as connection, snapshot(connection):
            low, high = connection.execute("SELECT (SELECT min(idx) FROM entry), (SELECT max(idx) FROM entry)").fetchone()
            if high is None:
                return Page(events=(), after=None)
            place = after if after is not None else (high + 1 if newest_first else low - 1)
            while place > low if newest_first else place < high:
                begin, end = (max(low, place - window), place) if newest_first else (place + 1, min(high, place + window) + 1)
                most = limit + 1 - len(found)
                rows = connection.execute(statement, (begin, end, *values, most)).fetchall()
                found += [(index, line) for index, line, metrics, classes in rows if _among(metrics, wanted.metric) and _among(classes, wanted.data_class)]
                if len(found) > limit:
                    return Page(events=self._events(found[:limit]), after=found[limit - 1][0])
                whole = len(rows) < most  # else the window may hold more behind the last row
                place = (begin if newest_first else end - 1) if whole else rows[-1][0]
                if patience_s is not None and time.monotonic() - begun > patience_s:
                    more = place > low if newest_first else place < high
                    return Page(events=self._events(found), after=place if more else None)
        return Page(events=self._events(found), after=None)

    def size(self) -> int:
        """Return the number behind the last event's; more than there are events once some were pruned."""
        with closing(connect(self._path)) as connection, snapshot(connection):
            return int(connection.execute("SELECT coalesce(max(idx) + 1, 0) FROM entry").fetchone()[0])

    def known(self, name: str, value: str) -> bool:
        """Whether an event with that value of a filter was found before patience ended; so False may also mean: not found yet."""
        wanted: dict[str, Any] = {name: (value,)}
        return bool(self.search(Filter(**wanted), after=None, limit=1, patience_s=PATIENCE_S / 2).events)

    def named(self, numbers: Sequence[int]) -> list[tuple[int, str, str]]:
        """Return number, id and time of these events, in order; those whose entry in the index is gone are left out."""
        if not numbers:
            return []
        statement = f"SELECT idx, id, time FROM event_index WHERE idx IN ({', '.join('?' * len(numbers))}) ORDER BY idx"  # noqa: S608 - marks alone
        with closing(connect(self._path)) as connection, snapshot(connection):
            return [tuple(row) for row in connection.execute(statement, tuple(numbers)).fetchall()]

    def counted(self, columns: Sequence[str], after: int, most: int) -> list[tuple[Any, ...]] | None:
        """Return number and these columns of each event behind number `after`; None where there are more than `most`."""
        names = ", ".join(f'"{name}"' for name in columns)
        with closing(connect(self._path)) as connection, snapshot(connection):
            rows = connection.execute(f"SELECT idx, {names} FROM event_index WHERE idx > ? ORDER BY idx LIMIT ?", (after, most + 1)).fetchall()  # noqa: S608 - names of our own
        return None if len(rows) > most else list(rows)

    def _events(self, found: Sequence[tuple[int, bytes]]) -> tuple[StoredEvent, ...]:
        return tuple(StoredEvent(index=index, line=line, keys=self._persons) for index, line in found)

    def prunings(self) -> int:
        """How often rows went away."""
        with closing(connect(self._path)) as connection, snapshot(connection):
            return int(connection.execute("SELECT count(*) FROM pruning").fetchone()[0])


def _among(told: str | None, wanted: Sequence[str]) -> bool:
    return not wanted or (told is not None and not set(wanted).isdisjoint(json.loads(told)))


def _condition(wanted: Filter) -> tuple[str, list[Any]]:
    """The filter as SQL that both kinds of ledger take, with its values. Lists are told apart exactly afterwards."""
    parts: list[str] = []
    values: list[Any] = []
    for name, column in FILTERED.items():
        chosen: Sequence[str] = getattr(wanted, name)
        if chosen and column in LISTS:
            parts.append("(" + " OR ".join(f'i."{column}" LIKE ? ESCAPE \'!\'' for _ in chosen) + ")")
            values += [f"%{_plain(json.dumps(item, ensure_ascii=False))}%" for item in chosen]
        elif chosen:
            parts.append(f'i."{column}" IN ({", ".join("?" * len(chosen))})')
            values += chosen
    if wanted.request:
        parts.append(f"i.request IN ({', '.join('?' * len(wanted.request))})")
        values += wanted.request
    for bound, moment in ((">=", wanted.since), ("<", wanted.until)):
        if moment is not None:
            parts.append(f"i.time {bound} ?")
            values.append(format_time(moment))
    for word in wanted.text.split():
        parts.append("(" + " OR ".join(f'lower(i."{column}") LIKE ? ESCAPE \'!\'' for column in SEARCHED) + ")")
        values += [f"%{_plain(word.casefold())}%"] * len(SEARCHED)
    return "".join(f" AND {part}" for part in parts), values


def _plain(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
