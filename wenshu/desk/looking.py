"""Looking at the ledger: pages of events with facets and a timeline, one event with what came before and after, one session."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal

from audit.errors import NotFound
from audit.search import Filter
from governance.errors import InvalidQuery
from governance.terms import Actor
from wenshu.desk.door import BLANK, Door, NotPermitted, sayable_event
from wenshu.desk.filters import FACETS, NAMED_OTHERWISE, read_filter, sayable
from wenshu.desk.second import SecondOfficers

MAX_PAGE = 200
NEIGHBOURS = 5
SESSION_LIMIT = 500
FACET_VALUES = 40
"""Values of a facet that a page lists; the number of all is told beside them."""
SHORT = dt.timedelta(days=3)
"""A time no longer than this is drawn by hour."""
_CURSOR = re.compile(r"[0-9]{1,15}")
_SESSION = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Looking:
    """Searches one ledger for reviewers. Every look is recorded before it shows anything."""

    def __init__(self, door: Door, second: SecondOfficers) -> None:
        self._door, self._second = door, second

    def filter(self, filters: Mapping[str, str]) -> Filter:
        """Read filters as they come in an address. Raises InvalidQuery."""
        return read_filter(filters, self._door.zone)

    def events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        """Return a page of events, newest first: `events`, `next`, `total`, `facets`. Raises InvalidQuery for a malformed filter."""
        wanted = self.filter(filters)
        if cursor and not _CURSOR.fullmatch(cursor):
            raise InvalidQuery("the cursor is not one that a page gave")
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidQuery(f"limit must be 1 to {MAX_PAGE}")
        reader = self._door.reader
        self._door.enter(actor, "search", {"filters": sayable(filters, reader, self._door.zone)})
        page = reader.search(wanted, after=int(cursor) if cursor else None, limit=limit)
        counted = reader.facets(wanted, FACETS)
        facets = {NAMED_OTHERWISE.get(name, name): {value or "": count for value, count in values} for name, values in counted.items()}
        return {
            "events": [self._second.listed(event.told()) for event in page.events],
            "next": None if page.after is None else str(page.after),
            "total": sum(facets["type"].values()),
            "facets": facets,
        }

    def warm(self) -> None:
        """Read what every page needs into memory and count what the first page shows. Shows nothing, so nothing is recorded."""
        everything = self.filter({})
        self._door.reader.facets(everything, FACETS)
        self._door.reader.timeline(everything)

    def timeline(self, filters: Mapping[str, str]) -> dict[str, Any]:
        """Return `unit` (`day` or `hour`) and `buckets` `{start, total, answered, refused, failed}` of local time, oldest first, empty ones left out.

        Only numbers that the page of the same filter tells already; the caller has entered by `events`.
        """
        wanted = self.filter(filters)
        until = wanted.until or self._door.clock()
        unit: Literal["day", "hour"] = "hour" if wanted.since is not None and until - wanted.since <= SHORT else "day"
        buckets = []
        for bucket in self._door.reader.timeline(wanted, unit):
            start = bucket.start if unit == "day" else self._local_hour(bucket.start)
            buckets.append({"start": start, "total": bucket.total, **{name: bucket.outcomes.get(name, 0) for name in ("answered", "refused", "failed")}})
        return {"unit": unit, "buckets": buckets}

    def _local_hour(self, start: str) -> str:
        moment = dt.datetime.fromisoformat(start.removesuffix("Z") + ":00+00:00").astimezone(self._door.zone)
        return moment.strftime("%Y-%m-%dT%H:00")

    # ------------------------------------------------------------------ one event

    def event(self, actor: Actor, event_id: str) -> dict[str, Any]:
        """Return one event's body (`event`), the other events of its request (`related`), and the same person's events `before` and `after`.

        Where a second officer must agree and has not, the event's detail is withheld and `second` says how it stands.
        """
        self._door.enter(actor, "event", {"event": sayable_event(event_id)})
        reader = self._door.reader
        found = reader.event(event_id)
        body = found.body
        request = body.get("request")
        related = reader.search(Filter(request=(request,)), limit=20, newest_first=False).events if request else ()
        mine = {item.index for item in related} | {found.index}
        same = Filter(actor=(body["actor"],))
        before = reader.search(same, after=found.index, limit=NEIGHBOURS + len(mine)).events
        after = reader.search(same, after=found.index, limit=NEIGHBOURS + len(mine), newest_first=False).events

        def shown(items: Any) -> list[dict[str, Any]]:
            return [self._second.listed(item.told()) for item in items if item.index not in mine][:NEIGHBOURS]

        return {
            "event": self._second.held_back(actor, found.told()),
            "second": self._second.standing(actor, body),
            "related": [self._second.held_back(actor, item.told()) for item in related if item.index != found.index],
            "before": shown(before),
            "after": shown(after),
        }

    def proof(self, actor: Actor, event_id: str) -> dict[str, Any]:
        """Return an inclusion proof. One's own event may be proved by anyone; others' by reviewers."""
        reader = self._door.reader
        try:
            body = reader.event(event_id).body
        except NotFound:
            if not self._door.may_review(actor):
                raise NotPermitted from None
            raise
        if body["actor"] != actor.id:
            self._door.enter(actor, "proof", {"event": sayable_event(event_id)})
            self._second.insist(actor, body)
        return reader.proof(event_id).to_dict() | {"vkey": self._door.ledger.vkey}

    # ------------------------------------------------------------------ one session

    def session(self, actor: Actor, session: str) -> dict[str, Any]:
        """Return a session's events in order, with those of their requests: `session`, `events`, `from`, `to`, `people`, `cut` (more than are shown)."""
        known = bool(_SESSION.fullmatch(session)) and self._door.reader.count(Filter(session=(session,))) > 0
        self._door.enter(actor, "session", {"shown": session if known else BLANK})
        if not known:
            raise NotFound("no event has that session; look it up with `wenshu audit search`")
        reader = self._door.reader
        own = reader.search(Filter(session=(session,)), limit=SESSION_LIMIT, newest_first=False)
        found = {item.index: item for item in own.events}
        requests = [request for item in own.events if (request := item.body.get("request"))]
        if requests:
            found |= {item.index: item for item in reader.search(Filter(request=requests), limit=1000, newest_first=False).events}
        events = [self._second.listed(found[index].told()) for index in sorted(found)]
        return {
            "session": session,
            "events": events,
            "from": events[0]["time"],
            "to": events[-1]["time"],
            "people": sorted({event["actor"] for event in events}),
            "cut": own.after is not None,
        }
