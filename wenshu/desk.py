"""The compliance officer's desk: search, single events with proof, verification. Reading the ledger is itself in the ledger."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from audit import Event, Ledger
from audit.errors import NotFound
from audit.report import Report
from audit.search import Column, Filter, Reader
from audit.verify import verify
from governance.errors import InvalidQuery, WenshuError, nearest
from governance.terms import Actor

FACETS: tuple[Column, ...] = ("department", "actor", "purpose", "outcome", "code", "type")
FILTERS = ("type", "request", "actor", "role", "department", "purpose", "decision", "outcome", "code", "day", "metric")
MAX_PAGE = 200
BLANK = "▢"
"""Stands in the ledger for what a reviewer typed and the ledger did not have yet."""
_CURSOR = re.compile(r"[0-9]{1,15}")
_EVENT = re.compile(r"[0-9a-f-]{1,64}")
GRACE = dt.timedelta(minutes=2)
"""An intent younger than this may still be waiting for its outcome."""


class NotPermitted(WenshuError):
    """The page or record is not for this caller's role."""

    def __init__(self) -> None:
        super().__init__("This is for the compliance department. Ask a compliance officer.")


REVERIFY = dt.timedelta(minutes=15)
"""A verification older than this is made again in the background when somebody looks at the desk."""


@dataclass(slots=True)
class _Verified:
    report: Report | None = None
    at: dt.datetime | None = None


class Desk:
    """Reads the ledger of one home for those whose role has the page `review`."""

    def __init__(
        self, *, ledger: Ledger, path: Path, checkpoint: Path, timezone: str, clock: Callable[[], dt.datetime], may_review: Callable[[Actor], bool]
    ) -> None:
        self._ledger, self._path, self._checkpoint = ledger, path, checkpoint
        self._zone, self._clock, self._may_review = ZoneInfo(timezone), clock, may_review
        self._reader = Reader(path)
        self._lock = threading.Lock()
        self._last = _Verified()
        self._verifying = False

    def _enter(self, actor: Actor, what: str, detail: Mapping[str, object]) -> None:
        """Let a reviewer in and record that; durable before anything is shown."""
        if not self._may_review(actor):
            self._ledger.append(self._event(actor, "ledger.denied", {"what": what}))
            raise NotPermitted
        self._ledger.append(self._event(actor, "ledger.read", {"what": what, **detail}))

    def _event(self, actor: Actor, kind: str, detail: Mapping[str, object]) -> Event:
        return Event(
            type=kind, actor=actor.id, role=actor.role, department=actor.department, request=self._ledger.new_request(), detail=dict(detail)
        )

    # ------------------------------------------------------------------ search

    def events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        """Return a page of events, newest first: `events`, `next`, `total`, `facets`. Raises InvalidQuery for a malformed filter."""
        wanted = self.filter(filters)
        if cursor and not _CURSOR.fullmatch(cursor):
            raise InvalidQuery("the cursor is not one that a page gave")
        after = int(cursor) if cursor else None
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidQuery(f"limit must be 1 to {MAX_PAGE}")
        self._enter(actor, "search", {"filters": {key: self._sayable(key, value) for key, value in filters.items() if value}})
        page = self._reader.search(wanted, after=after, limit=limit)
        facets = {name: {value or "": count for value, count in self._reader.count_by(name, wanted)} for name in FACETS}
        return {
            "events": [event.told() for event in page.events],
            "next": None if page.after is None else str(page.after),
            "total": self._reader.count(wanted),
            "facets": facets,
        }

    def filter(self, filters: Mapping[str, str]) -> Filter:
        """Read filters as they come in a URL: comma-separated values; `since` and `until` are local dates, both included; `text` is free."""
        known = (*FILTERS, "since", "until", "text")
        for key in filters:
            if key not in known:
                raise InvalidQuery(f"unknown filter {key!r}.{nearest(key, known)}")
        chosen = {key: tuple(part for part in filters[key].split(",") if part) for key in FILTERS if filters.get(key)}
        return Filter(
            **chosen,
            since=self._midnight(filters.get("since"), 0),
            until=self._midnight(filters.get("until"), 1),
            text=filters.get("text", ""),
        )

    def _sayable(self, key: str, value: str) -> str:
        """Return a filter as the ledger may keep it for good: its words only where the ledger has them already."""
        if key in ("since", "until"):  # dates, checked before
            return value
        if key == "text":
            return BLANK
        parts = dict.fromkeys(part for part in value.split(",") if part)
        known = [part for part in parts if self._reader.count(self.filter({key: part}))]
        return ",".join([*known, BLANK] if len(known) < len(parts) else known)

    def _midnight(self, text: str | None, days: int) -> dt.datetime | None:
        if not text:
            return None
        try:
            day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
        except (ValueError, OverflowError):
            raise InvalidQuery(f"{text!r} is not a date like 2026-11-15") from None
        return dt.datetime.combine(day, dt.time(), self._zone)

    def event(self, actor: Actor, event_id: str) -> dict[str, Any]:
        """Return one event's body, with the other events of its request."""
        self._enter(actor, "event", {"event": event_id if _EVENT.fullmatch(event_id) else BLANK})
        found = self._reader.event(event_id)
        request = found.body.get("request")
        related = self._reader.search(Filter(request=(request,)), limit=20, newest_first=False).events if request else ()
        return {"event": found.told(), "related": [item.told() for item in related if item.index != found.index]}

    def proof(self, actor: Actor, event_id: str) -> dict[str, Any]:
        """Return an inclusion proof. One's own event may be proved by anyone; others' by reviewers."""
        own = False
        try:
            own = self._reader.event(event_id).body["actor"] == actor.id
        except NotFound:
            if not self._may_review(actor):
                raise NotPermitted from None
            raise
        if not own:
            self._enter(actor, "proof", {"event": event_id if _EVENT.fullmatch(event_id) else BLANK})
        return self._reader.proof(event_id).to_dict() | {"vkey": self._ledger.vkey}

    # ------------------------------------------------------------------ integrity

    def verify(self, actor: Actor) -> dict[str, Any]:
        """Verify the whole ledger now and return the report."""
        self._enter(actor, "verify", {})
        report = self._verify()
        return report.to_dict() | {"verified_at": self._clock().isoformat(), "summary": report.summary()}

    def _verify(self) -> Report:
        try:
            report = verify(self._path, self._ledger.vkey, self._checkpoint, now=self._clock())
            with self._lock:
                self._last = _Verified(report, self._clock())
            return report
        finally:
            self._verifying = False

    def keep_verified(self) -> None:
        """Verify in the background if the last time is too long ago; returns at once. Nothing is shown by it, so nothing is recorded."""
        with self._lock:
            fresh = self._last.at is not None and self._clock() - self._last.at < REVERIFY
            if fresh or self._verifying:
                return
            self._verifying = True
        threading.Thread(target=self._verify, name="verify-ledger", daemon=True).start()

    def checkpoint(self) -> str:
        """Return the newest signed checkpoint; public, since it tells only size and root."""
        return self._reader.head()

    def integrity(self) -> dict[str, Any]:
        """Return what the page always shows: size, last verification of this process, intents without an outcome."""
        self.keep_verified()
        with self._lock:
            last = self._last
        problem = None if last.report is None or last.report.ok else last.report.summary()
        return {
            "ok": None if last.report is None else last.report.ok,
            "size": self._reader.count(),
            "verified_size": 0 if last.report is None else last.report.entries,
            "verified_at": None if last.at is None else last.at.isoformat(),
            "orphan_intents": len(self._reader.orphans(self._clock() - GRACE)),
            "problem": problem,
        }
