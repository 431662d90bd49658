"""The desk's door: who may come in, and the ledger's word that they did. Reading the ledger is itself in the ledger."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from audit import Event, Ledger, Receipt
from audit.place import Place
from audit.search import Reader
from governance.errors import WenshuError
from governance.terms import Actor

BLANK = "▢"
"""Stands in the ledger for what a reviewer typed and the ledger did not have yet."""
QUARTER = dt.timedelta(days=90)
EVENT_ID = re.compile(r"[0-9a-f-]{1,64}")


class NotPermitted(WenshuError):
    """The page or record is not for this caller's role."""

    def __init__(self) -> None:
        super().__init__("This is for the compliance department. Ask a compliance officer.")


class Door:
    """What every room of the desk shares: one ledger with its reader, the clock, and who may review. Safe for threads."""

    def __init__(
        self, *, ledger: Ledger, path: Place, checkpoint: Path, timezone: str, clock: Callable[[], dt.datetime], may_review: Callable[[Actor], bool]
    ) -> None:
        """`path` is where the ledger lies, `checkpoint` the file outside it; `clock` gives aware times; `timezone` is the company's."""
        self.ledger, self.path, self.checkpoint = ledger, path, checkpoint
        self.zone, self.clock, self.may_review = ZoneInfo(timezone), clock, may_review
        self.reader = Reader(path)

    def enter(self, actor: Actor, what: str, detail: Mapping[str, object] | None = None, *, kind: str = "ledger.read") -> Receipt:
        """Let a reviewer in and record that, durably, before anything is shown. Raises NotPermitted (recorded too)."""
        if not self.may_review(actor):
            self.record(actor, "ledger.denied", {"what": what})
            raise NotPermitted
        return self.record(actor, kind, {"what": what, **(detail or {})})

    def record(self, actor: Actor, kind: str, detail: Mapping[str, object]) -> Receipt:
        """Append an event of the actor's that carries no data."""
        event = Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, request=self.ledger.new_request(), detail=dict(detail))
        return self.ledger.append(event)

    def quarter(self) -> dt.datetime:
        """The beginning of the local day 90 days ago; the same all day, so that what was counted since then need not be counted anew at each look."""
        return dt.datetime.combine(self.today() - QUARTER, dt.time(), self.zone)

    def today(self) -> dt.date:
        """The company's local day."""
        return self.clock().astimezone(self.zone).date()


def sayable_event(event_id: str) -> str:
    """An event's id as the ledger may keep it."""
    return event_id if EVENT_ID.fullmatch(event_id) else BLANK
