"""The compliance officer's desk over one home: its rooms put together, nothing else."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from audit import Ledger
from audit.errors import AuditError
from audit.place import Place
from audit.shredding import PersonKeys
from governance.bundle.loading import Bundle
from governance.documents.review import ReviewDocument, SecondOfficer
from governance.terms import Actor
from wenshu.desk.controls import Controls
from wenshu.desk.door import Door
from wenshu.desk.evidence import Sources, gather
from wenshu.desk.exporting import Exporting
from wenshu.desk.findings.room import Findings
from wenshu.desk.four_eyes import FourEyes
from wenshu.desk.integrity import Integrity
from wenshu.desk.kept import Kept
from wenshu.desk.labels import Labels
from wenshu.desk.looking import Looking
from wenshu.desk.notes import Notes
from wenshu.desk.open_intents import OpenIntents
from wenshu.desk.packs.room import Packs
from wenshu.desk.registers import Registers
from wenshu.desk.second import SecondOfficers
from wenshu.desk.signing import Signing
from wenshu.desk.streaming import Streaming

YIELD_S = 0.0005
"""While the ledger is read in the background, other threads get their turn after so long."""


class Desk:
    """Reads the ledger of one home for those whose role has the page `review`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        path: Place,
        checkpoint: Path,
        notes: Path,
        timezone: str,
        clock: Callable[[], dt.datetime],
        may_review: Callable[[Actor], bool],
        bundle: Callable[[], Bundle],
        shipped: Callable[[], Path],
        bundle_folder: Callable[[str], Path | None] = lambda _version: None,
        drafts: Callable[[], Sequence[Bundle]] = tuple,
        officers: Callable[[], list[str]] = list,
        persons: PersonKeys | None = None,
    ) -> None:
        """`path` is where the ledger lies, `checkpoint` the file outside it, `notes` the desk's own store; `bundle` gives the bundle in force.

        `shipped` is the folder of the product's own bundle; `bundle_folder` finds a bundle by its hash, `drafts` those that wait; `officers` are who may review.
        `persons` open what events say of whom they are about.
        """
        self._bundle = bundle
        self.door = Door(ledger=ledger, path=path, checkpoint=checkpoint, timezone=timezone, clock=clock, may_review=may_review, persons=persons)
        self.notes = Notes.open(notes)
        self.second = SecondOfficers(self.door, self._second_rule)
        self.eyes = FourEyes(self.door, self._second_rule)
        intents = OpenIntents(path)
        self._kept = Kept(self.door, self.notes, intents)
        self.looking = Looking(self.door, self.second, self._kept)
        self.integrity_of = Integrity(self.door, intents, self._kept, witnesses=checkpoint.with_name("witnesses"), sinks=notes.with_name("sinks"))
        self.streaming = Streaming(self.door, witnesses=checkpoint.with_name("witnesses"), sinks=notes.with_name("sinks"))
        self.labels = Labels(bundle)
        self.findings = Findings(self.door, self.notes, self.documents, self.labels, self.eyes)
        self.signing = Signing(self.door, self.notes, self.findings, self.eyes, self.integrity_of.first_bad)
        self.exporting = Exporting(self.door, self.second, self.eyes)
        self.packs = Packs(self.door, self.second, self.eyes, bundle=bundle, bundle_folder=bundle_folder, integrity=self.integrity_of, signing=self.signing, labels=self.labels)
        self.registers = Registers(self.door, self.notes, self.eyes, bundle=bundle, drafts=drafts)
        self.controls = Controls(self.door, bundle=bundle, shipped=shipped, sources=self._sources)
        self.officers = officers
        self._flag, self._warming = threading.Lock(), False

    def _sources(self) -> Sources:
        return gather(self.door, self._bundle(), self.integrity_of, self.findings, self.signing, self.registers.told())

    def documents(self) -> tuple[ReviewDocument, ...]:
        """The review documents of the bundle in force."""
        return tuple(read.document for read in self._bundle().of("review", ReviewDocument))

    def _second_rule(self) -> SecondOfficer:
        return next((said.second_officer for said in self.documents() if said.second_officer is not None), SecondOfficer())

    def warm(self) -> None:
        """Make what the pages need in a thread of its own; returns at once. A ledger that can't be read is left for the pages to say."""
        with self._flag:
            if self._warming:
                return
            self._warming = True

        def run() -> None:
            usual = sys.getswitchinterval()
            sys.setswitchinterval(YIELD_S)  # a page makes many short calls, and would wait behind this thread at each of them
            with suppress(AuditError):
                try:
                    self.looking.warm()
                    self.integrity_of.warm()
                    self._kept.keep()
                    self.findings.keep_up(wait=True)
                    self.findings.keep()
                finally:
                    sys.setswitchinterval(usual)
                    self._warming = False

        threading.Thread(target=run, name="warm-desk", daemon=True).start()

    def ready(self) -> bool:
        """Whether every page is answered at once. While a large ledger is still being read (which this begins where nothing has), only the first page and single events are."""
        ready = self.door.ready()
        if not ready:
            self.warm()
        return ready

    # ------------------------------------------------------------------ the first page

    def overview(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        """Return everything that the first page shows of a filter: `integrity`, `today`, `page`, `timeline`, `waiting` (for a second officer), `saved`, `findings`."""
        self.ready()
        page = self.looking.events(actor, filters, cursor, limit, patient=False)
        found = self.findings.told()
        return {
            "integrity": self.integrity_of.told(),
            "today": self.integrity_of.today(),
            "page": page,
            "timeline": self.looking.timeline(filters),
            "waiting": self.eyes.pending(actor),
            "saved": [{"name": name, "filters": saved} for name, saved in self.notes.saved(actor.id)],
            "findings": found | {"findings": [item for item in found["findings"] if item["state"] == "open"][:5]},
        }

    def save_filter(self, actor: Actor, name: str, filters: Mapping[str, str]) -> None:
        """Save a filter for its owner. Raises InvalidQuery for one that can't be read."""
        self.looking.filter(filters)
        self.door.enter(actor, "saved_filter")
        self.notes.save(actor.id, name, filters)

    def forget_filter(self, actor: Actor, name: str) -> None:
        """Remove one of the actor's saved filters."""
        self.door.enter(actor, "saved_filter")
        self.notes.forget(actor.id, name)

    # ------------------------------------------------------------------ what other surfaces ask

    def events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        return self.looking.events(actor, filters, cursor, limit)

    def event(self, actor: Actor, event_id: str) -> dict[str, Any]:
        """One event as `Looking.event` tells it, with the sign-offs that cover it (`signed`, None while the ledger is still being read)."""
        told = self.looking.event(actor, event_id)
        return told | {"signed": self.signing.over(int(told["event"]["index"])) if self.door.ready() else None}

    def proof(self, actor: Actor, event_id: str) -> dict[str, Any]:
        return self.looking.proof(actor, event_id)

    def verify(self, actor: Actor) -> dict[str, Any]:
        return self.integrity_of.verify(actor)

    def checkpoint(self) -> str:
        """Return the newest signed checkpoint; public, since it tells only size and root."""
        return self.door.reader.head()

    def integrity(self) -> dict[str, Any]:
        return self.integrity_of.told()
