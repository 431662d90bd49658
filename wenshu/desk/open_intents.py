"""Intents that no outcome followed, kept up to date as the ledger grows: asking the database for them anew would read all of it each time."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from audit.events import INTENT, OUTCOME, format_time
from audit.place import Place
from audit.reading import connect, snapshot

NEAR = 20_000
"""So many events are looked at while a page waits."""


class OpenIntents:
    """The open intents of one ledger. Safe for threads. Agrees with `audit.search.Reader.orphans`."""

    def __init__(self, path: Place) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._next = 0
        self._open: dict[str, list[str]] = {}
        """Requests with an intent and no outcome since, and when each intent was recorded."""

    def near(self, size: int) -> bool:
        """Whether few events are left to look at, so that nobody waits long."""
        return size - self._next <= NEAR

    def state(self) -> dict[str, Any]:
        """What is known so far, to go on from at another start."""
        with self._lock:
            return {"next": self._next, "open": {request: list(times) for request, times in self._open.items()}}

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Take what was known at another start, unless more is known already."""
        with self._lock:
            if int(state["next"]) > self._next:
                self._next, self._open = int(state["next"]), {str(request): list(times) for request, times in state["open"].items()}

    def older_than(self, before: dt.datetime) -> int:
        """Return how many open intents were recorded before that instant. Raises AuditUnavailable where the ledger can't be read."""
        statement = "SELECT idx, time, type, request FROM event_index WHERE idx >= ? AND type IN (?, ?) ORDER BY idx"
        with self._lock:
            with closing(connect(self._path)) as connection, snapshot(connection):
                for index, time, kind, request in connection.execute(statement, (self._next, INTENT, OUTCOME)):
                    if kind == INTENT:
                        self._open.setdefault(request, []).append(time)
                    else:
                        self._open.pop(request, None)
                    self._next = index + 1
            limit = format_time(before)
            return sum(time < limit for times in self._open.values() for time in times)
