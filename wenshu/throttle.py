"""Growing delays for those who guess: kept in the database, so that a restart or a second worker forgets nothing.

An attempt is counted *before* its secret is checked and taken back after a success; guesses sent at once can't outrun the count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, select, update

from governance.errors import WenshuError
from wenshu.accounts_schema import attempts


class Throttled(WenshuError):
    """Too many wrong attempts; the next one is looked at after `retry_after` seconds, even a right one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many wrong attempts. Try again in {retry_after} seconds; nothing else is needed.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`free` failures cost nothing; from then on the delay doubles from `first` to `longest`. Forgotten after `memory`."""

    free: int
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=15)
    memory: timedelta = timedelta(hours=24)

    def delay(self, failures: int) -> timedelta:
        over = failures - self.free
        return timedelta() if over <= 0 else min(self.first * 2 ** min(over - 1, 20), self.longest)


PER_ACCOUNT = Limit(free=5, longest=timedelta(minutes=5))
PER_CLIENT = Limit(free=20)


class Throttle:
    """Counts attempts by subject (`account:…`, `client:…`); stores only a hash of the subject."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        """`engine` has the table `attempts`; its option `writes` makes a transaction take the write lock at its start."""
        self._engine = engine.execution_options(writes=True)
        self._clock = clock

    def enter(self, limits: dict[str, Limit]) -> None:
        """Count an attempt for every subject, or raise `Throttled` and count nothing."""
        now = self._clock().timestamp()
        keyed = {_digest(subject): limit for subject, limit in limits.items()}
        with self._engine.begin() as db:
            db.execute(delete(attempts).where(attempts.c.last_at < now - PER_CLIENT.memory.total_seconds()))
            rows = {row.subject: row for row in db.execute(select(attempts).where(attempts.c.subject.in_(keyed)))}
            wait = max((row.open_at - now for row in rows.values()), default=0.0)
            if wait > 0:
                raise Throttled(int(wait) + 1)
            for subject, limit in keyed.items():
                row = rows.get(subject)
                failures = (row.failures if row else 0) + 1
                values = {"failures": failures, "last_at": now, "open_at": now + limit.delay(failures).total_seconds()}
                if row:
                    db.execute(update(attempts).where(attempts.c.subject == subject).values(**values))
                else:
                    db.execute(insert(attempts).values(subject=subject, **values))

    def succeed(self, *, forget: str, take_back: str) -> None:
        """After a right secret: forget the account's failures, and take only this attempt from the client's count.

        The client's count is not forgotten: whoever owns one account must not be able to clear the way for guessing others.
        """
        with self._engine.begin() as db:
            db.execute(delete(attempts).where(attempts.c.subject == _digest(forget)))
            db.execute(
                update(attempts)
                .where(attempts.c.subject == _digest(take_back), attempts.c.failures > 0)
                .values(failures=attempts.c.failures - 1, open_at=attempts.c.last_at)
            )


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
