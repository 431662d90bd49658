"""Sign-off as a leaf of the ledger: an officer says which events were reviewed, at which root, and what that means.

`review.signed` holds `from`, `to` (event numbers, both included), `size` and `root` of the tree that was reviewed, and `meaning`; so what comes later lies outside, and what
was altered no longer hashes to the root that was signed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from audit.errors import AuditError
from audit.events import parse_time
from audit.search import Filter
from governance.errors import InvalidQuery, nearest
from governance.terms import Actor, Text
from wenshu.desk.door import Door
from wenshu.desk.findings.room import Findings
from wenshu.desk.four_eyes import FourEyes
from wenshu.desk.notes import Notes

SIGNED = "review.signed"
MEANINGS: Mapping[str, Text] = MappingProxyType(
    {
        "no_objection": Text(zh="已审阅，未见异常", en="Reviewed, nothing to object to"),
        "findings_in_work": Text(zh="已审阅，所列发现正在处理", en="Reviewed, the findings are being worked on"),
        "objection": Text(zh="已审阅，存在须整改的问题", en="Reviewed, something must be put right"),
        "sampled": Text(zh="抽样审阅", en="Reviewed by sampling"),
    }
)
"""What a sign-off can mean."""


class Signing:
    """Sign-offs of one ledger and what they cover."""

    def __init__(self, door: Door, notes: Notes, findings: Findings, eyes: FourEyes, first_bad: Callable[[], int | None]) -> None:
        """`first_bad` gives the number of the first entry that the last verification found altered, None for none."""
        self._door, self._notes, self._findings, self._eyes, self._first_bad = door, notes, findings, eyes, first_bad

    def sign(self, actor: Actor, *, upto: int, meaning: str, words: str = "", seen: str | None = None) -> dict[str, Any]:
        """Sign the events from the end of the last sign-off to number `upto`, included; returns the sign-off.

        `seen` is the root of the checkpoint that the officer saw over exactly `upto + 1` events, where there is one: it must be the ledger's.
        Raises InvalidQuery for a meaning or number that can't be signed, and where every event up to there is signed already.
        """
        if meaning not in MEANINGS:
            raise InvalidQuery(f"unknown meaning {meaning!r}.{nearest(meaning, MEANINGS)} Meanings: {', '.join(MEANINGS)}.")
        text = self._notes.checked(words)
        self._door.enter(actor, "signing")
        begin, size = self._covered() + 1, upto + 1
        head = self._door.head()
        if size > head.size or upto < 0:
            raise InvalidQuery(f"event {upto} is not in the ledger yet; its last one is {head.size - 1}")
        if begin > upto:
            raise InvalidQuery(f"everything up to event {begin - 1} is signed off already; there is nothing new up to {upto}")
        root = self._door.root(size)
        if seen is not None and seen != root:
            raise InvalidQuery("the root that you saw is not the ledger's at that size; verify the ledger before you sign")
        self._eyes.insist(actor, "sign_off", {"to": upto, "meaning": meaning}, {"to": upto, "meaning": meaning})
        self._findings.keep_up(wait=True)
        told = self._findings.told()
        detail: dict[str, object] = {"from": begin, "to": upto, "size": size, "root": root, "meaning": meaning, "open_findings": told["open"]}
        if text:
            detail["words_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        receipt = self._door.record(actor, SIGNED, detail)
        if text:
            self._notes.keep(receipt.event, text)
        return {**detail, "event": receipt.event, "index": receipt.index, "by": actor.id}

    def _covered(self) -> int:
        """Number of the last event that a sign-off which still holds covers, -1 for none."""
        size = self._door.signed()
        return max((int(item["detail"]["to"]) for item in self._all() if self._holds(item["detail"], size)), default=-1)

    def _all(self) -> list[dict[str, Any]]:
        found, after = [], None
        while True:
            page = self._door.reader.search(Filter(type=(SIGNED,)), after=after, limit=1000)
            found += [event.told() for event in page.events]
            after = page.after
            if after is None:
                return found

    def over(self, index: int) -> list[dict[str, Any]]:
        """Return the sign-offs that reach over an event, newest first: `event`, `by`, `at`, `label`, `holds`. The caller has entered."""
        size = self._door.signed()
        return [
            {"event": item["id"], "by": item["actor"], "at": item["time"], "label": MEANINGS.get(str(item["detail"].get("meaning")), Text(zh="?", en="?")), "holds": self._holds(item["detail"], size)}
            for item in self._all()
            if int(item["detail"].get("from", 0)) <= index <= int(item["detail"].get("to", -1))
        ]

    def told(self) -> dict[str, Any]:
        """Return `signoffs` (newest first, each with `holds`: its root still is this ledger's), `covered` (first number outside), `size`, `outside`, `days`.

        `days`: per local day how many events there are and how many lie inside. The caller has entered.
        """
        head = self._door.head()
        offs = self._all()
        words = self._notes.words(item["id"] for item in offs)
        signoffs = [
            {
                "event": item["id"],
                "index": item["index"],
                "by": item["actor"],
                "at": item["time"],
                "words": words.get(item["id"]),
                "label": MEANINGS.get(str(item["detail"].get("meaning")), Text(zh="?", en="?")),
                "holds": self._holds(item["detail"], head.size),
                **{name: item["detail"].get(name) for name in ("from", "to", "size", "root", "meaning", "open_findings")},
            }
            for item in offs
        ]
        covered = max((int(item["to"]) + 1 for item in signoffs if item["holds"]), default=0)
        return {"signoffs": signoffs, "covered": covered, "size": head.size, "root": head.root.hex(), "outside": head.size - covered, "days": self._days(signoffs)}

    def _holds(self, detail: Mapping[str, Any], size: int) -> bool:
        try:
            bad = self._first_bad()
            return int(detail["size"]) <= size and (bad is None or bad >= int(detail["size"])) and self._door.root(int(detail["size"])) == detail["root"]
        except (AuditError, ValueError, KeyError, TypeError):
            return False

    def _days(self, signoffs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        reader = self._door.reader
        covered = max((int(item["to"]) + 1 for item in signoffs if item["holds"]), default=0)
        found = reader.search(None, after=covered, limit=1).events if covered else ()
        last = parse_time(found[0].body["time"]) + dt.timedelta(microseconds=1) if found else None
        every = {bucket.start: bucket.total for bucket in reader.timeline(None, "day")}
        inside = {bucket.start: bucket.total for bucket in reader.timeline(Filter(until=last), "day")} if last else {}
        return [{"day": day, "events": total, "inside": min(inside.get(day, 0), total)} for day, total in sorted(every.items())]

    def look(self, actor: Actor) -> dict[str, Any]:
        """Return what `told` says, recorded."""
        self._door.enter(actor, "signoffs")
        return self.told()
