"""What a data steward decides: whose doubtful rows are. In the ledger before it is in the queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from audit import Event
from wenshu.settings import now

if TYPE_CHECKING:
    from governance.ingest.reviewing import Reviews, Taken, Verdict


def decide(reviews: Reviews, record: Callable[[Event], object], case: str, verdict: Verdict, *, choice: int, by: str, role: str | None = None) -> Taken:
    """Take a decision on a case (its token or a beginning of it) and return it.

    Raises IngestError where the case or the candidate doesn't exist; AuditUnavailable, with nothing decided, where the ledger can't be written.
    """
    found = reviews.check(case, verdict, choice=choice)
    detail = {"case": found["token"], "kind": found["kind"], "verdict": verdict, "choice": choice, "rows": found["rows"]}
    record(Event(type="linking.decided", actor=by, role=role, detail=detail))
    return reviews.decide(str(found["token"]), verdict, choice=choice, by=by, at=now())
