"""Which rules and masks people's requests rested on, from the ledger: counted once, continued from there at every look."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.place import Place
from audit.search import Filter, Reader

PAGE = 1000
MASK = "mask "
"""Before a dimension's name: how often it was asked for and told by a coarser one, counted beside the rules."""
REQUEST = ""
"""In the place of a rule: how often a person asked at all, whatever it rested on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How often one person's requests rested on a rule (or were refused by it, or met a mask), and the last day on which one did."""

    user: str
    role: str
    name: str
    times: int
    last: dt.date


class Usage:
    """Counts by day; safe for threads. The first look reads the ledger from the day asked for, every later one what came since; an earlier day is read anew."""

    def __init__(self, ledger: Place) -> None:
        self._reader = Reader(ledger)
        self._days: dict[tuple[str, str, str], Counter[dt.date]] = defaultdict(Counter)
        self._after: int | None = None
        self._from: dt.date | None = None
        self._lock = threading.Lock()

    def since(self, day: dt.date) -> list[Use]:
        """Return the uses on that day and later."""
        with self._lock:
            if self._from is None or day < self._from:
                self._days.clear()
                self._after, self._from = None, day
            self._catch_up(dt.datetime.combine(self._from, dt.time(), dt.UTC))
            found = []
            for (user, role, name), days in self._days.items():
                recent = {when: times for when, times in days.items() if when >= day}
                if recent:
                    found.append(Use(user=user, role=role, name=name, times=sum(recent.values()), last=max(recent)))
            return found

    def _catch_up(self, since: dt.datetime) -> None:
        while True:
            page = self._reader.search(Filter(type=("intent",), since=since), after=self._after, limit=PAGE, newest_first=False)
            for event in page.events:
                body = event.body
                day = dt.date.fromisoformat(body["time"][:10])
                for name in (REQUEST, *named(body)):
                    self._days[body["actor"], body["role"] or "", name][day] += 1
                self._after = event.index
            if page.after is None:
                return


def named(body: Mapping[str, Any]) -> set[str]:
    """Return the rules and masks behind one intent, each once. A request that rests on several rules names them all, separated by commas."""
    detail = body["detail"]
    rule = body.get("rule", detail.get("rule"))
    return {*detail.get("rules", ()), *(rule.split(",") if isinstance(rule, str) else []), *(f"{MASK}{name}" for name in detail.get("masks", ()))}


def by_name(uses: Iterable[Use]) -> Mapping[str, tuple[int, dt.date]]:
    """Return for each rule or mask how often it was used by anybody, and when last."""
    found: dict[str, tuple[int, dt.date]] = {}
    for use in uses:
        times, last = found.get(use.name, (0, use.last))
        found[use.name] = (times + use.times, max(last, use.last))
    return found


