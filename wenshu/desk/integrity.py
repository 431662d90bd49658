"""Is the ledger whole: the last verification, the signed head, witnesses, sinks, and intents that have no end."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.report import Report
from audit.report import Standing as WitnessStanding
from audit.search import Filter
from audit.sinks import Standing as SinkStanding
from audit.sinks import standing as sinks_standing
from audit.verify import verify
from audit.witnessing import standing as witnesses_standing
from governance.terms import Actor
from wenshu.desk.door import Door
from wenshu.desk.kept import Kept
from wenshu.desk.open_intents import OpenIntents

GRACE = dt.timedelta(minutes=2)
"""An intent younger than this may still be waiting for its outcome."""
REVERIFY = dt.timedelta(minutes=15)
"""A verification older than this is made again in the background when somebody looks at the desk."""


AT_ONCE = 20_000
"""A ledger of so many entries is verified while the first page waits (about a tenth of a second); a larger one in the background."""


@dataclass(slots=True)
class _Verified:
    report: Report | None = None
    at: dt.datetime | None = None


class Integrity:
    """Verifies one home's ledger and tells how it stands. Safe for threads."""

    def __init__(self, door: Door, intents: OpenIntents, kept: Kept, *, witnesses: Path, sinks: Path) -> None:
        """`witnesses` and `sinks` are the folders in which `audit` keeps what witnesses signed and how far sinks are."""
        self._door, self._witnesses, self._sinks = door, witnesses, sinks
        self._open, self._kept = intents, kept
        self._lock = threading.Lock()
        self._last = _Verified()
        self._verifying = False

    def verify(self, actor: Actor) -> dict[str, Any]:
        """Verify the whole ledger now and return the report."""
        self._door.enter(actor, "verify")
        report = self._verify()
        return report.to_dict() | {"verified_at": self._door.clock().isoformat(), "summary": report.summary()}

    def _verify(self) -> Report:
        door = self._door
        try:
            report = verify(door.path, door.ledger.vkey, door.checkpoint, now=door.clock(), witnesses=self._witnesses, stamps=self._witnesses.with_name("stamps"))
            with self._lock:
                self._last = _Verified(report, door.clock())
            return report
        finally:
            self._verifying = False

    def keep_verified(self) -> None:
        """Verify in the background if the last time is too long ago; returns at once. Nothing is shown by it, so nothing is recorded."""
        with self._lock:
            if not self._door.ready():  # it comes after what the pages wait for
                return
            fresh = self._last.at is not None and self._door.clock() - self._last.at < REVERIFY
            if fresh or self._verifying:
                return
            self._verifying = True
        threading.Thread(target=self._verify, name="verify-ledger", daemon=True).start()

    def warm(self) -> None:
        """Go through the requests once, so that the first page need not."""
        self._open.older_than(self._door.clock() - GRACE)

    def told(self) -> dict[str, Any]:
        """Return what the page always shows.

        `ok` (None: not verified yet by this process), `size`, `verified_size`, `verified_at`, `orphan_intents` (None: not counted yet), `problem`; the signed `checkpoint`'s `size` and
        `root`; `stamp`, the newest time-stamp (`audit.report.Stamped`) or None; `witnesses` and `sinks`, each a list that may be empty, as `audit.witnessing.standing` and `audit.sinks.standing` tell them.
        """
        size, head = self._door.count(), self._door.head()
        if self._last.at is None and size <= AT_ONCE:
            self._verify()
        self.keep_verified()
        with self._lock:
            last = self._last
        return {
            "ok": None if last.report is None else last.report.ok,
            "size": size,
            "verified_size": 0 if last.report is None else last.report.entries,
            "verified_at": None if last.at is None else last.at.isoformat(),
            "stamp": asdict(last.report.stamps[-1]) if last.report is not None and last.report.stamps else None,
            "orphan_intents": self._open.older_than(self._door.clock() - GRACE) if self._open.near(head.size) else None,
            "problem": None if last.report is None or last.report.ok else last.report.summary(),
            "checkpoint": {"size": head.size, "root": head.root.hex()},
            "witnesses": _told("witnesses", lambda: witnesses_standing(self._witnesses, self._door.ledger.vkey, self._door.clock(), head.size)),
            "sinks": _told("sinks", lambda: sinks_standing(self._sinks, size)),
        }

    def first_bad(self) -> int | None:
        """The number of the first entry that the last verification found not to hold, None for none or where nothing was verified yet."""
        with self._lock:
            return None if self._last.report is None else self._last.report.first_bad

    def today(self) -> dict[str, Any] | None:
        """Return today's numbers: `accesses` (questions ended), `answered`, `refused`, `failed`, `people`, and the refusals' `codes`. None where they are not known yet."""
        if not self._door.ready():
            known = self._kept.counted()
            return _today(known.today["outcomes"], known.today["people"], known.today["codes"]) if known else None
        outcomes = Filter(type=("outcome",), day=(self._door.today().isoformat(),))
        found = self._door.reader.facets(outcomes, ["outcome", "actor"])
        codes = self._door.reader.count_by("code", replace(outcomes, outcome=("refused",)))
        return _today({str(name): number for name, number in found["outcome"]}, len(found["actor"]), [(name, number) for name, number in codes if name])


def _today(outcomes: Mapping[str, int], people: int, codes: Sequence[tuple[str, int]]) -> dict[str, Any]:
    return {
        "accesses": sum(outcomes.values()),
        "answered": outcomes.get("answered", 0),
        "refused": outcomes.get("refused", 0),
        "failed": outcomes.get("failed", 0),
        "people": people,
        "codes": list(codes),
    }


def _told(what: str, standings: Callable[[], Sequence[SinkStanding | WitnessStanding]]) -> list[dict[str, Any]]:
    """Each one's standing as plain data; one entry with a `problem` where they can't be read."""
    try:
        return [asdict(found) for found in standings()]
    except (AuditError, OSError, ValueError) as error:
        return [{"name": what, "problem": type(error).__name__}]
