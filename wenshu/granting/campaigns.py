"""The store of access reviews (`policy.db`): campaigns, their lines with the evidence of the day, and what was decided about each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.engine import Engine

from governance.errors import InvalidQuery

metadata = MetaData()
campaigns = Table(
    "access_reviews",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("days", Integer, nullable=False),
    Column("opened_by", String(64), nullable=False),
    Column("opened_at", String(40), nullable=False),
    Column("closed_by", String(64)),
    Column("closed_at", String(40)),
    Column("draft", String(20)),
    sqlite_autoincrement=True,
)
lines = Table(
    "access_review_lines",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("campaign", ForeignKey("access_reviews.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(128), nullable=False),
    Column("role", String(64), nullable=False),
    Column("times", Integer, nullable=False),
    Column("last", String(10)),
    Column("decision", String(16)),
    Column("decided_by", String(64)),
    Column("decided_at", String(40)),
)

Kind = Literal["account", "rule"]
Decision = Literal["keep", "revoke"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One right: an account with its role, or a rule as it speaks for one role. `times` and `last`: requests in the campaign's days that used it."""

    id: int
    kind: Kind
    name: str
    role: str
    times: int
    last: dt.date | None
    decision: Decision | None
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One review. `draft`: the draft in which the revoked rules were taken out, where there were any."""

    id: int
    days: int
    opened_by: str
    opened_at: dt.datetime
    closed_by: str | None
    closed_at: dt.datetime | None
    draft: str | None
    lines: tuple[Line, ...]


class CampaignStore:
    """Over the engine of the requests' store. Every method is one short transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], dt.datetime]) -> None:
        """Make the tables where they are missing."""
        self._engine, self._clock, self._writes = engine, clock, engine.execution_options(writes=True)
        with self._writes.begin() as db:
            metadata.create_all(db)

    def _now(self) -> str:
        return self._clock().astimezone(dt.UTC).isoformat()

    def begin(self, by: str, days: int, found: Sequence[tuple[Kind, str, str, int, dt.date | None]]) -> int | None:
        """Keep a new campaign with its lines; None where one is open still."""
        with self._writes.begin() as db:
            if db.execute(select(campaigns.c.id).where(campaigns.c.closed_at.is_(None))).first() is not None:
                return None
            made = db.execute(insert(campaigns).values(days=days, opened_by=by, opened_at=self._now())).inserted_primary_key
            number = int(made[0]) if made else 0
            rows = [{"campaign": number, "kind": kind, "name": name, "role": role, "times": times, "last": last.isoformat() if last else None} for kind, name, role, times, last in found]
            if rows:
                db.execute(insert(lines), rows)
        return number

    def get(self, number: int) -> Campaign:
        """Return one campaign; raise InvalidQuery where there is none."""
        with self._engine.begin() as db:
            row = db.execute(select(campaigns).where(campaigns.c.id == number)).first()
            if row is None:
                raise InvalidQuery(f"there is no access review {number}")
            return _campaign(row, db.execute(select(lines).where(lines.c.campaign == number).order_by(lines.c.id)).all())

    def all(self) -> list[Campaign]:
        """Return all campaigns, newest first."""
        with self._engine.begin() as db:
            numbers = db.execute(select(campaigns.c.id).order_by(campaigns.c.id.desc())).scalars().all()
        return [self.get(number) for number in numbers]

    def decide(self, campaign: int, line: int, decision: Decision, by: str) -> bool:
        """Keep a decision about a line of an open campaign; return whether it could be."""
        with self._writes.begin() as db:
            if db.execute(select(campaigns.c.id).where((campaigns.c.id == campaign) & campaigns.c.closed_at.is_(None))).first() is None:
                return False
            here = (lines.c.id == line) & (lines.c.campaign == campaign)
            return db.execute(update(lines).where(here).values(decision=decision, decided_by=by, decided_at=self._now())).rowcount == 1

    def close(self, number: int, by: str, *, draft: str | None) -> bool:
        """Close an open campaign; return whether it was open."""
        with self._writes.begin() as db:
            still = (campaigns.c.id == number) & campaigns.c.closed_at.is_(None)
            return db.execute(update(campaigns).where(still).values(closed_by=by, closed_at=self._now(), draft=draft)).rowcount == 1


def _campaign(row: Any, found: Sequence[Any]) -> Campaign:
    return Campaign(
        id=row.id, days=row.days, opened_by=row.opened_by, opened_at=dt.datetime.fromisoformat(row.opened_at), closed_by=row.closed_by,
        closed_at=dt.datetime.fromisoformat(row.closed_at) if row.closed_at else None, draft=row.draft,
        lines=tuple(
            Line(
                id=item.id, kind=item.kind, name=item.name, role=item.role, times=item.times, last=dt.date.fromisoformat(item.last) if item.last else None,
                decision=item.decision, decided_by=item.decided_by,
            )
            for item in found
        ),
    )  # fmt: skip
