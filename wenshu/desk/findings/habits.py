"""What each person did on each local day, kept up to date from the ledger's search index; numbers and ids only, never contents."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from audit.place import Place
from audit.reading import connect, snapshot
from governance.documents.review import WorkingHours

PIECE = 20_000
KEPT_EVENTS = 30
"""Events that a finding names one by one; the number of all is told beside them."""
SHOPPING = frozenset({"purpose_not_allowed", "metric_not_allowed", "dimension_not_allowed"})
DIFFERENCING = frozenset({"differencing", "budget_exhausted"})
GRAVE = frozenset({"prescription_by_doctor", "identity_in_question", "individual_level"})
OWNER = "local_admin"
OWNER_ACTS = frozenset({"ledger.exported", "account.token", "account.password_reset", "ledger.pack"})
DEMO = "demo"
"""The surface of events that were played into a demo."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as the search index knows it."""

    index: int
    id: str
    time: str
    day: str
    type: str
    actor: str
    role: str | None
    department: str | None
    purpose: str | None
    outcome: str | None
    code: str | None
    metrics: str | None
    surface: str | None


@dataclass(slots=True)
class Group:
    """Events of one kind: how many, and the numbers of the first ones."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, seen: Seen) -> None:
        self.count += 1
        if len(self.first) < KEPT_EVENTS:
            self.first.append(seen.index)


@dataclass(slots=True)
class Day:
    """One person's local day."""

    ended: Group = field(default_factory=Group)
    """Questions that ended: answered, refused or failed."""
    off_hours: Group = field(default_factory=Group)
    refused: Group = field(default_factory=Group)
    grave: Group = field(default_factory=Group)
    differencing: Group = field(default_factory=Group)
    purpose: Group = field(default_factory=Group)
    new: Group = field(default_factory=Group)
    new_metrics: list[str] = field(default_factory=list)
    shopped: Group = field(default_factory=Group)
    shopped_metrics: list[str] = field(default_factory=list)
    revealed: Group = field(default_factory=Group)
    identity_refused: Group = field(default_factory=Group)
    owner: Group = field(default_factory=Group)
    denied: Group = field(default_factory=Group)
    codes: Counter[str] = field(default_factory=Counter)
    demo: bool = False


@dataclass(slots=True)
class Person:
    """What is known of one account."""

    id: str
    role: str | None = None
    department: str | None = None
    days: dict[str, Day] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    held: dict[str, tuple[dt.datetime, str | None]] = field(default_factory=dict)
    """Metrics refused under a purpose, and when."""


class Habits:
    """Everybody's days so far. Not safe for threads: its owner guards it."""

    def __init__(self, zone: ZoneInfo, hours: WorkingHours, *, purpose_minutes: int) -> None:
        self._zone, self._hours, self._patience = zone, hours, dt.timedelta(minutes=purpose_minutes)
        self.people: dict[str, Person] = {}
        self.next = 0
        """Number of the first event that was not looked at yet."""

    def add(self, seen: Seen) -> tuple[str, str]:
        """Take one event in, in order, and return the person and the day that it changed."""
        person = self.people.get(seen.actor)
        if person is None:
            person = self.people[seen.actor] = Person(seen.actor)
        day = person.days.get(seen.day)
        if day is None:
            day = person.days[seen.day] = Day()
        person.role, person.department = seen.role or person.role, seen.department or person.department
        if seen.surface == DEMO:
            day.demo = True
        if seen.type == "outcome":
            self._outcome(person, day, seen)
        elif seen.type == "identity.revealed":
            day.revealed.add(seen)
        elif seen.type == "identity.refused":
            day.identity_refused.add(seen)
        elif seen.type == "ledger.denied":
            day.denied.add(seen)
        elif (seen.actor == OWNER and seen.type in OWNER_ACTS) or seen.type == "break_glass.opened" or (seen.type == "intent" and seen.surface == "cli"):
            day.owner.add(seen)
        self.next = seen.index + 1
        return seen.actor, seen.day

    def peers(self, who: str, name: str) -> list[int]:
        """Return how many questions a day others of that person's role asked on the days before, in order of size."""
        role = self.people[who].role
        others = (person for person in self.people.values() if person.role == role and person.id != who)
        return sorted(day.ended.count for person in others for other, day in person.days.items() if other < name and day.ended.count)

    def _outcome(self, person: Person, day: Day, seen: Seen) -> None:
        day.ended.add(seen)
        moment = dt.datetime.fromisoformat(seen.time)
        local = moment.astimezone(self._zone)
        if local.weekday() > 4 or not self._hours.from_hour <= local.hour < self._hours.to_hour:
            day.off_hours.add(seen)
        metrics: list[str] = json.loads(seen.metrics) if seen.metrics else []
        if seen.outcome == "refused":
            code = seen.code or ""
            day.refused.add(seen)
            day.codes[code] += 1
            for codes, group in ((GRAVE, day.grave), (DIFFERENCING, day.differencing), ({"purpose_not_allowed"}, day.purpose)):
                if code in codes:
                    group.add(seen)
            if code in SHOPPING:
                person.held.update(dict.fromkeys(metrics, (moment, seen.purpose)))
        elif seen.outcome == "answered":
            if fresh := [metric for metric in metrics if metric not in person.metrics]:
                person.metrics.update(fresh)
                day.new.add(seen)
                day.new_metrics += fresh
            for metric in metrics:
                at, purpose = person.held.get(metric, (None, None))
                if at is not None and moment - at <= self._patience and purpose != seen.purpose:
                    day.shopped.add(seen)
                    day.shopped_metrics.append(metric)
                    del person.held[metric]


def read_on(path: Place, after: int) -> Iterator[list[Seen]]:
    """Yield the events from number `after` on, in order, in pieces. Raises AuditUnavailable where the ledger can't be read."""
    statement = (
        "SELECT idx, id, time, day, type, actor, role, department, purpose, outcome, code, metrics, surface"
        " FROM event_index WHERE idx >= ? ORDER BY idx LIMIT ?"
    )
    while True:
        with closing(connect(path)) as connection, snapshot(connection):
            rows: list[sqlite3.Row] = connection.execute(statement, (after, PIECE)).fetchall()
        if not rows:
            return
        yield [Seen(*row) for row in rows]
        after = rows[-1][0] + 1
