"""Looking at the ledger: pages of events with facets and a timeline, one event with what came before and after, one session."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal

from audit.errors import NotFound
from audit.search import Filter, Page
from governance.errors import InvalidQuery
from governance.terms import Actor
from wenshu.desk.cold import PATIENCE_S
from wenshu.desk.door import BLANK, Door, NotPermitted, sayable_event
from wenshu.desk.filters import FACETS, NAMED_OTHERWISE, read_filter, sayable
from wenshu.desk.kept import Kept
from wenshu.desk.second import SecondOfficers

MAX_PAGE = 200
NEIGHBOURS = 5
SESSION_LIMIT = 500
FACET_VALUES = 40
"""Values of a facet that a page lists; the number of all is told beside them."""
SHORT = dt.timedelta(days=3)
"""A time no longer than this is drawn by hour."""
_CURSOR = re.compile(r"(n?)([0-9]{1,15})")
"""A number to go on from towards older events; with `n`, towards newer ones."""
_SESSION = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Looking:
    """Searches one ledger for reviewers. Every look is recorded before it shows anything."""

    def __init__(self, door: Door, second: SecondOfficers, kept: Kept) -> None:
        self._door, self._second, self._kept = door, second, kept

    def filter(self, filters: Mapping[str, str]) -> Filter:
        """Read filters as they come in an address. Raises InvalidQuery."""
        return read_filter(filters, self._door.zone)

    def events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int, *, patient: bool = True) -> dict[str, Any]:
        """Return a page of events, newest first: `events`, `next` and `previous` (cursors, None at the ends), `total`, `facets`. Raises InvalidQuery for a malformed filter.

        Unless `patient`, nothing is waited for while the process still reads a large ledger: `total` and `facets` are None then where they are not known, `events` may be fewer,
        and `upto` is the number down to which was looked (None: everything).
        """
        wanted = self.filter(filters)
        came = _CURSOR.fullmatch(cursor) if cursor else None
        if cursor and not came:
            raise InvalidQuery("the cursor is not one that a page gave")
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidQuery(f"limit must be 1 to {MAX_PAGE}")
        self._door.enter(actor, "search", {"filters": sayable(filters, self._door)})
        newer, place = bool(came and came[1]), int(came[2]) if came else None
        warm = patient or self._door.ready()
        look = self._door.reader.search if warm else self._door.cold.search
        page = look(wanted, after=place, limit=limit, newest_first=not newer)
        events = page.events[::-1] if newer else page.events
        older = events[-1].index if newer and events else page.after
        newest = came is None or (newer and page.after is None)
        facets = self._facets(wanted, warm=warm)
        return {
            "events": [self._second.listed(event.told()) for event in events],
            "next": None if older is None else str(older),
            "previous": None if newest or place is None else f"n{events[0].index if events else place}",
            "total": None if facets is None else sum(facets["type"].values()),
            "facets": facets,
            "upto": page.after if not warm and not newer and len(events) < limit else None,
        }

    def _facets(self, wanted: Filter, *, warm: bool) -> dict[str, dict[str, int]] | None:
        counted: Mapping[Any, list[tuple[str | None, int]]]
        if warm:
            counted = self._door.reader.facets(wanted, FACETS)
        else:
            known = self._kept.counted() if wanted == Filter() else None
            if known is None:
                return None
            counted = known.facets
        return {NAMED_OTHERWISE.get(name, name): {value or "": count for value, count in values} for name, values in counted.items()}

    def warm(self) -> None:
        """Read what every page needs into memory and count what the first page shows. Shows nothing, so nothing is recorded."""
        everything = self.filter({})
        self._door.reader.facets(everything, FACETS)
        self._door.reader.timeline(everything)
        self._door.awoken()

    def timeline(self, filters: Mapping[str, str]) -> dict[str, Any] | None:
        """Return `unit` (`day` or `hour`) and `buckets` `{start, total, answered, refused, failed}` of local time, oldest first, empty ones left out.

        Only numbers that the page of the same filter tells already; the caller has entered by `events`. None where they are not known yet.
        """
        wanted = self.filter(filters)
        if not self._door.ready():
            known = self._kept.counted() if wanted == Filter() else None
            if known is None:
                return None
            days = [{"start": day, "total": counts[""], **{name: counts.get(name, 0) for name in ("answered", "refused", "failed")}} for day, counts in known.days.items()]
            return {"unit": "day", "buckets": days}
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
        related = self._door.search(Filter(request=(request,)), limit=20, newest_first=False, patience_s=PATIENCE_S).events if request else ()
        mine = {item.index for item in related} | {found.index}
        same = Filter(actor=(body["actor"],))
        before = self._door.search(same, after=found.index, limit=NEIGHBOURS + len(mine), patience_s=PATIENCE_S).events
        after = self._door.search(same, after=found.index, limit=NEIGHBOURS + len(mine), newest_first=False, patience_s=PATIENCE_S).events

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
        wanted = Filter(session=(session,))
        own = self._door.search(wanted, limit=SESSION_LIMIT, newest_first=False) if _SESSION.fullmatch(session) else Page(events=(), after=None)
        known = bool(own.events)
        self._door.enter(actor, "session", {"shown": session if known else BLANK})
        if not known:
            raise NotFound("no event has that session; look it up with `wenshu audit search`")
        found = {item.index: item for item in own.events}
        requests = [request for item in own.events if (request := item.body.get("request"))]
        if requests:
            found |= {item.index: item for item in self._door.search(Filter(request=requests), limit=1000, newest_first=False).events}
        events = [self._second.listed(found[index].told()) for index in sorted(found)]
        return {
            "session": session,
            "events": events,
            "from": events[0]["time"],
            "to": events[-1]["time"],
            "people": sorted({event["actor"] for event in events}),
            "cut": own.after is not None,
        }
