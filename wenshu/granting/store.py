"""The requests for temporary rights of one home (`policy.db`): who asks for what until when, who said yes. It keeps and finds; who may do what is decided above."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from governance.bundle.sqlite import open_policy_file
from governance.errors import InvalidQuery, WenshuError
from governance.terms import TemporaryGrant

metadata = MetaData()
requests = Table(
    "temporary_rights",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user", String(64), nullable=False, index=True),
    Column("role", String(64), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("metrics", Text, nullable=False),
    Column("dimensions", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_at", String(40), nullable=False),
    Column("approvals", Text, nullable=False),
    Column("since", String(10)),
    Column("until", String(10)),
    Column("ended_by", String(64)),
    Column("ended_at", String(40)),
    Column("kind", String(16), nullable=False),
    Column("closes_at", String(40)),
    Column("reviewed_by", String(64)),
    Column("reviewed_at", String(40)),
    Column("justified", Boolean),
    sqlite_autoincrement=True,
)

Kind = Literal["approved", "break_glass"]
State = Literal["asked", "granted", "over", "declined", "withdrawn", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """One member's approval of the terms whose hash is `signs`."""

    by: str
    at: dt.datetime
    signs: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. What is asked for never changes after it was asked; `since` and `until` (excluded) are set when it is granted."""

    id: int
    user: str
    role: str
    purpose: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    days: int
    reason: str
    state: State
    asked_at: dt.datetime
    approvals: tuple[Yes, ...]
    since: dt.date | None
    until: dt.date | None
    ended_by: str | None
    ended_at: dt.datetime | None
    kind: Kind
    closes_at: dt.datetime | None
    """When an emergency right is over, to the minute; an approved one ends with its last day."""
    reviewed_by: str | None
    justified: bool | None

    def grant(self) -> TemporaryGrant | None:
        """Return what may be asked on the strength of it, None where it was not granted or was ended."""
        if self.state != "granted" or self.since is None or self.until is None:
            return None
        return TemporaryGrant(id=self.id, role=self.role, purpose=self.purpose, metrics=self.metrics, dimensions=self.dimensions, since=self.since, until=self.until, kind=self.kind)


class SecondEmergency(WenshuError):
    """An emergency right of the person was not reviewed yet."""


class RequestStore:
    """The store at one path. Safe for threads and for several processes; every method is one short transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], dt.datetime]) -> None:
        """Use `RequestStore.open`."""
        self._engine, self._clock = engine, clock
        self._writes = engine.execution_options(writes=True)

    @classmethod
    def open(cls, path: Path, clock: Callable[[], dt.datetime]) -> RequestStore:
        """Open the SQLite store, making it (mode 0600) if it is not there. Raises ConfigurationError."""
        return cls(open_policy_file(path, metadata), clock)

    @property
    def engine(self) -> Engine:
        """The engine over the file, for what stands beside the requests."""
        return self._engine

    def _now(self) -> str:
        return self._clock().astimezone(dt.UTC).isoformat()

    def add(
        self, *, user: str, role: str, purpose: str, metrics: Sequence[str], dimensions: Sequence[str], days: int, reason: str, until: tuple[dt.date, dt.date, dt.datetime] | None = None
    ) -> Request:
        """Keep a new request; with `until` (first day, day after the last, and the instant at which it is over) an emergency right that is open at once.

        Raises SecondEmergency where an emergency right of the person was not reviewed yet.
        """
        values = {"user": user, "role": role, "purpose": purpose, "metrics": json.dumps(list(metrics)), "dimensions": json.dumps(list(dimensions)), "days": days, "reason": reason}
        with self._writes.begin() as db:
            opened = {"state": "asked", "kind": "approved"}
            if until is not None:
                mine = (requests.c.user == user) & (requests.c.kind == "break_glass") & requests.c.reviewed_by.is_(None)
                if db.execute(select(requests.c.id).where(mine)).first() is not None:
                    raise SecondEmergency
                opened = {"state": "granted", "kind": "break_glass", "since": until[0].isoformat(), "until": until[1].isoformat(), "closes_at": until[2].astimezone(dt.UTC).isoformat()}
            made = db.execute(insert(requests).values(asked_at=self._now(), approvals="[]", **opened, **values))
            key = made.inserted_primary_key
        return self.get(int(key[0]) if key else 0)

    def get(self, number: int) -> Request:
        """Return one request; raise InvalidQuery where there is none."""
        with self._engine.begin() as db:
            row = db.execute(select(requests).where(requests.c.id == number)).first()
        if row is None:
            raise InvalidQuery(f"there is no request {number}")
        return _request(row)

    def all(self, user: str | None = None) -> list[Request]:
        """Return all requests, or one person's, newest first."""
        wanted = select(requests).order_by(requests.c.id.desc())
        with self._engine.begin() as db:
            return [_request(row) for row in db.execute(wanted if user is None else wanted.where(requests.c.user == user))]

    def waiting(self) -> int:
        """Return how many requests wait, and how many emergencies were not reviewed yet, together."""
        open_still = (requests.c.state == "asked") | ((requests.c.kind == "break_glass") & requests.c.reviewed_by.is_(None))
        with self._engine.begin() as db:
            return int(db.execute(select(func.count()).select_from(requests).where(open_still)).scalar_one())

    def granted(self, user: str, day: dt.date) -> list[Request]:
        """Return one person's requests that are granted and hold on a day, and now. Whoever's right was seen to be over by anybody's request stays over."""
        self._over(day)
        there = (requests.c.user == user) & (requests.c.state == "granted") & (requests.c.since <= day.isoformat()) & (requests.c.until > day.isoformat())
        there &= requests.c.closes_at.is_(None) | ((requests.c.closes_at > self._now()) & (requests.c.asked_at <= self._now()))
        with self._engine.begin() as db:
            return [_request(row) for row in db.execute(select(requests).where(there).order_by(requests.c.id))]

    def _over(self, day: dt.date) -> None:
        """Keep of every right whose term has passed that it is over: a clock that is put back afterwards opens it no more."""
        passed = (requests.c.state == "granted") & ((requests.c.until <= day.isoformat()) | (requests.c.closes_at <= self._now()))
        with self._engine.begin() as db:
            if db.execute(select(requests.c.id).where(passed).limit(1)).first() is None:
                return
        # Where it can't be kept now, the right is judged by the clock as before, and the next request tries again.
        with contextlib.suppress(OperationalError), self._writes.begin() as db:
            db.execute(update(requests).where(passed).values(state="over", ended_at=self._now()))

    def approve(self, number: int, by: str, *, signs: str, opens: Callable[[Sequence[str]], bool], grant: tuple[dt.date, dt.date]) -> bool:
        """Keep one more approval of a request that still waits; where `opens` says so of all who approved the same terms, it is granted for `grant` (since, until).

        Returns whether it could be kept. An approval of other terms, as they were before the bundle changed, no longer holds; its member may approve again.
        """
        with self._writes.begin() as db:
            row = db.execute(select(requests).where(requests.c.id == number)).first()
            given = [] if row is None else json.loads(row.approvals)
            given = [item for item in given if item.get("signs") == signs]
            if row is None or row.state != "asked" or by in [item["by"] for item in given]:
                return False
            given.append({"by": by, "at": self._now(), "signs": signs})
            values: dict[str, Any] = {"approvals": json.dumps(given)}
            if opens([item["by"] for item in given]):
                values |= {"state": "granted", "since": grant[0].isoformat(), "until": grant[1].isoformat()}
            db.execute(update(requests).where(requests.c.id == number).values(**values))
        return True

    def review(self, number: int, by: str, *, justified: bool) -> bool:
        """Keep the review of an emergency right; return whether it was not reviewed before."""
        with self._writes.begin() as db:
            still = (requests.c.id == number) & (requests.c.kind == "break_glass") & requests.c.reviewed_by.is_(None)
            return db.execute(update(requests).where(still).values(reviewed_by=by, reviewed_at=self._now(), justified=justified)).rowcount == 1

    def move(self, number: int, by: str, *, since: tuple[State, ...], to: State) -> bool:
        """End a request that is in one of these states; return whether it was."""
        with self._writes.begin() as db:
            still = (requests.c.id == number) & requests.c.state.in_(since)
            return db.execute(update(requests).where(still).values(state=to, ended_by=by, ended_at=self._now())).rowcount == 1


def _request(row: Any) -> Request:
    return Request(
        id=row.id, user=row.user, role=row.role, purpose=row.purpose, metrics=tuple(json.loads(row.metrics)), dimensions=tuple(json.loads(row.dimensions)), days=row.days,
        reason=row.reason, state=row.state, asked_at=dt.datetime.fromisoformat(row.asked_at),
        approvals=tuple(Yes(by=item["by"], at=dt.datetime.fromisoformat(item["at"]), signs=item.get("signs")) for item in json.loads(row.approvals)),
        since=dt.date.fromisoformat(row.since) if row.since else None, until=dt.date.fromisoformat(row.until) if row.until else None,
        ended_by=row.ended_by, ended_at=dt.datetime.fromisoformat(row.ended_at) if row.ended_at else None,
        kind=row.kind, closes_at=dt.datetime.fromisoformat(row.closes_at) if row.closes_at else None, reviewed_by=row.reviewed_by, justified=row.justified,
    )  # fmt: skip
