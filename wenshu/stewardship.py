"""A data steward's room: what the last load did, and whose doubtful rows are. A decision is in the ledger before it is in the queue."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from audit import Event
from governance.terms import Actor
from wenshu.desk.door import NotPermitted
from wenshu.settings import now

if TYPE_CHECKING:
    from governance.ingest.reviewing import Reviews, Taken, Verdict

STALE_DAYS = 7
"""Data that speak of no day later than this many days ago are called stale."""
LISTED = 10
"""Cases on one page."""


def decide(reviews: Reviews, record: Callable[[Event], object], case: str, verdict: Verdict, *, choice: int, by: str, role: str | None = None) -> Taken:
    """Take a decision on a case (its token or a beginning of it) and return it.

    Raises IngestError where the case or the candidate doesn't exist; AuditUnavailable, with nothing decided, where the ledger can't be written.
    """
    found = reviews.check(case, verdict, choice=choice)
    detail = {"case": found["token"], "kind": found["kind"], "verdict": verdict, "choice": choice, "rows": found["rows"]}
    record(Event(type="linking.decided", actor=by, role=role, detail=detail))
    return reviews.decide(str(found["token"]), verdict, choice=choice, by=by, at=now())


class Stewardship:
    """The steward's room of one home. `may` says who may enter; `record` appends to the ledger."""

    def __init__(self, *, root: Path, record: Callable[[Event], object], may: Callable[[Actor], bool], clock: Callable[[], dt.datetime], zone: str) -> None:
        self._root, self._record, self._may, self._clock, self._zone = root, record, may, clock, ZoneInfo(zone)

    def overview(self, actor: Actor) -> Mapping[str, Any]:
        """The last load: `load` (None: never loaded) with its counts per extract, and `warnings`, each {kind, text}: stale (how many days), missing, unmapped,
        gone, left_out, columns_new, columns_gone, columns_both (of which extract, and what), column (a line as the load wrote it).

        Raises NotPermitted for whoever is no steward.
        """
        self._check(actor)
        report = self._last_report()
        if report is None:
            return {"load": None, "warnings": [], "waiting": 0}
        warnings = [_warning(line) for line in report["warnings"]]
        as_of = dt.date.fromisoformat(report["as_of"])
        age = (self._clock().astimezone(self._zone).date() - as_of).days
        if age > STALE_DAYS:
            warnings.insert(0, {"kind": "stale", "text": str(age)})
        extracts = [
            {"extract": item["extract"], "rows": item["rows"], "loaded": item["loaded"], "held": sum(item["quarantined"].values()), "reasons": item["quarantined"]}
            for item in report["extracts"]
        ]
        return {"load": {"id": report["load_id"], "as_of": report["as_of"], "loaded_at": report["loaded_at"], "extracts": extracts, "persons": report["persons"]}, "warnings": warnings, "waiting": self._waiting(str(report["load_id"]))}

    def cases(self, actor: Actor, state: str, *, source: str = "", kind: str = "", page: int = 1) -> Mapping[str, Any]:
        """The doubtful links in a state (open, decided, merged), of one `source` and `kind` where they are given, masked, those with most rows first.

        `total` of the state, `matching` the choice, `pages` and the `page` shown (the last where there are fewer), its `cases`, and how many cases each of `sources` and `kinds` has.
        Raises NotPermitted, IngestError.
        """
        self._check(actor)
        with self._reviews() as reviews:
            found = reviews.cases(state) if reviews is not None else []
        chosen = [case for case in found if (not source or case["source"] == source) and (not kind or case["kind"] == kind)]
        pages = max(1, -(-len(chosen) // LISTED))
        shown = min(max(page, 1), pages)
        counts = {name: dict(sorted(Counter(str(case[name]) for case in found).items())) for name in ("source", "kind")}
        return {
            "state": state, "total": len(found), "matching": len(chosen), "source": source, "kind": kind, "page": shown, "pages": pages,
            "sources": counts["source"], "kinds": counts["kind"], "cases": chosen[(shown - 1) * LISTED : shown * LISTED],
        }  # fmt: skip

    def decide(self, actor: Actor, case: str, verdict: Verdict, choice: int) -> None:
        """Take a decision in the actor's name; it takes effect with the next load. Raises NotPermitted, IngestError, AuditUnavailable."""
        self._check(actor)
        with self._reviews() as reviews:
            if reviews is None:
                from governance.errors import IngestError

                raise IngestError("there is no case yet: nothing was loaded")
            decide(reviews, self._record, case, verdict, choice=choice, by=actor.id, role=actor.role)

    def _check(self, actor: Actor) -> None:
        if not self._may(actor):
            raise NotPermitted

    def _reviews(self) -> _Opened:
        return _Opened(self._root)

    def _waiting(self, load: str) -> int:
        """Decisions that were taken after the last load wrote its report."""
        from governance.ingest import Places

        written = (Places(home=self._root).loads / load / "report.json").stat().st_mtime
        with self._reviews() as reviews:
            return 0 if reviews is None else reviews.waiting(dt.datetime.fromtimestamp(written, dt.UTC))

    def _last_report(self) -> dict[str, Any] | None:
        from governance.ingest import Places
        from governance.ingest.since import last_report

        return last_report(Places(home=self._root).loads)


def _warning(line: str) -> dict[str, str]:
    """A warning of a load as {kind, text}: the kind says what happened, the text only to what, so that a page can say it in the reader's language."""
    for kind, form in _FORMS:
        if found := form.fullmatch(line):
            return {"kind": kind, "text": ": ".join(part for part in found.groups() if part is not None)}
    return {"kind": "column", "text": line}


_FORMS = (
    ("missing", re.compile(r"(.+): no file; its rows are missing from this load")),
    ("unmapped", re.compile(r"(.+): no mapping names this file; it was not read")),
    ("gone", re.compile(r"(.+?): (.+) was there at the last load and is gone; its rows are no longer in the warehouse")),
    ("left_out", re.compile(r"(.+?): the column (.+) is not mapped and was left out")),
    ("columns_both", re.compile(r"(.+?): since the last load it has the new column (.+) and lost the column (.+); look whether .+")),
    ("columns_new", re.compile(r"(.+?): since the last load it has the new column (.+); look whether .+")),
    ("columns_gone", re.compile(r"(.+?): since the last load it lost the column (.+); look whether .+")),
)


class _Opened:
    """The review queue for the length of a request, or None where there is none yet."""

    def __init__(self, root: Path) -> None:
        from governance.ingest import Places
        from governance.ingest.reviewing import Reviews

        path = Places(home=root).reviews
        self._reviews = Reviews(path) if path.exists() else None

    def __enter__(self) -> Reviews | None:
        return self._reviews

    def __exit__(self, *_: object) -> None:
        if self._reviews is not None:
            self._reviews.close()
