"""The desk's door: who may come in, and the ledger's word that they did. Reading the ledger is itself in the ledger."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from audit import AuditUnavailable, Event, Ledger, Receipt
from audit.merkle import root_at
from audit.notes import Checkpoint
from audit.place import Place
from audit.reading import connect, read_node, snapshot
from audit.search import Filter, Page, Reader
from audit.shredding import PersonKeys
from governance.errors import WenshuError
from governance.terms import Actor
from wenshu.desk.cold import Cold

BLANK = "▢"
"""Stands in the ledger for what a reviewer typed and the ledger did not have yet."""
QUARTER = dt.timedelta(days=90)
AT_ONCE = 10_000
"""The searchable members of so many events are read while a page waits; those of a larger ledger in the background, once a process."""
EVENT_ID = re.compile(r"[0-9a-f-]{1,64}")


class NotPermitted(WenshuError):
    """The page or record is not for this caller's role."""

    def __init__(self) -> None:
        super().__init__("This is for the compliance department. Ask a compliance officer.")


class Door:
    """What every room of the desk shares: one ledger with its reader, the clock, and who may review. Safe for threads."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        path: Place,
        checkpoint: Path,
        timezone: str,
        clock: Callable[[], dt.datetime],
        may_review: Callable[[Actor], bool],
        persons: PersonKeys | None = None,
    ) -> None:
        """`path` is where the ledger lies, `checkpoint` the file outside it; `clock` gives aware times; `timezone` is the company's.

        With `persons`, events say whom they are about, unless that person was erased.
        """
        self.ledger, self.path, self.checkpoint = ledger, path, checkpoint
        self.zone, self.clock, self.may_review = ZoneInfo(timezone), clock, may_review
        self.reader = Reader(path, persons)
        self.cold = Cold(path, persons)
        self._plain = Reader(path)  # never asked for anything that needs all events' members
        self._awake = False

    def enter(self, actor: Actor, what: str, detail: Mapping[str, object] | None = None, *, kind: str = "ledger.read") -> Receipt:
        """Let a reviewer in and record that, durably, before anything is shown. Raises NotPermitted (recorded too)."""
        self.insist(actor, what)
        receipt = self.record(actor, kind, {"what": what, **(detail or {})})
        with suppress(AuditUnavailable):  # what the search index lacks is read from the lines, only more slowly
            self.ledger.catch_up()
        return receipt

    def insist(self, actor: Actor, what: str) -> None:
        """Raise NotPermitted (recorded) for those who may not review."""
        if not self.may_review(actor):
            self.record(actor, "ledger.denied", {"what": what})
            raise NotPermitted

    def record(self, actor: Actor, kind: str, detail: Mapping[str, object]) -> Receipt:
        """Append an event of the actor's that carries no data."""
        event = Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, request=self.ledger.new_request(), detail=dict(detail))
        return self.ledger.append(event)

    def ready(self) -> bool:
        """Whether whatever is asked of all events is answered at once: they were read into memory, or are few."""
        if not self._awake and self.cold.size() <= AT_ONCE:
            self._awake = True
        return self._awake

    def awoken(self) -> None:
        """Say that this process has read the ledger."""
        self._awake = True

    def count(self) -> int:
        """How many events there are; never waits for them to be read."""
        return self._plain.count()

    def search(self, wanted: Filter, *, after: int | None = None, limit: int = 50, newest_first: bool = True, patience_s: float | None = None) -> Page:
        """A page of the events meant, from memory or, before they were read, from the index; with `patience_s` perhaps not a full one then."""
        if self.ready():
            return self.reader.search(wanted, after=after, limit=limit, newest_first=newest_first)
        return self.cold.search(wanted, after=after, limit=limit, newest_first=newest_first, patience_s=patience_s)

    def head(self) -> Checkpoint:
        """Size and root of the newest signed head."""
        return read_head(self._plain.head())

    def signed(self) -> int:
        """How many events the newest signed head covers."""
        return self.head().size

    def root(self, size: int) -> str:
        """The root over the first `size` events, hex, from the ledger's stored nodes (which `verify` holds against the events)."""
        with closing(connect(self.path)) as connection, snapshot(connection):
            return root_at(size, partial(read_node, connection)).hex()

    def quarter(self) -> dt.datetime:
        """The beginning of the local day 90 days ago; the same all day, so that what was counted since then need not be counted anew at each look."""
        return dt.datetime.combine(self.today() - QUARTER, dt.time(), self.zone)

    def today(self) -> dt.date:
        """The company's local day."""
        return self.clock().astimezone(self.zone).date()


def read_head(note: str) -> Checkpoint:
    """Size and root of a signed note; the signature is the verifier's to check."""
    return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n")


def sayable_event(event_id: str) -> str:
    """An event's id as the ledger may keep it."""
    return event_id if EVENT_ID.fullmatch(event_id) else BLANK
