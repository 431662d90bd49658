"""The findings' life: found as the ledger grows, assigned, commented on and resolved by officers; what they say tunes what is shown.

Every act is an event of the ledger (`finding.assigned`, `finding.commented`, `finding.resolved`) with the finding's id in `case`; the words of a comment are kept
outside, since the ledger can't forget, and the ledger holds their SHA-256.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from audit.search import Filter
from governance.documents.review import ReviewDocument, Thresholds, WorkingHours
from governance.errors import InvalidQuery, nearest
from governance.terms import Actor, Text
from wenshu.desk.door import Door
from wenshu.desk.findings.habits import Habits, read_on
from wenshu.desk.findings.rules import RULES, Finding, judge, named
from wenshu.desk.findings.tuning import MOST_STEPS, STEP, Standing, is_false, precision, raised_by, speaks
from wenshu.desk.four_eyes import FourEyes
from wenshu.desk.labels import Labels
from wenshu.desk.notes import Notes

VERDICTS = ("confirmed", "explained", "false_alarm")
ACTS = ("finding.assigned", "finding.commented", "finding.resolved", "finding.reopened")
AT_ONCE = 60_000
"""So many new events are looked through while the page waits; more are done in the background."""
SEVERITIES = ("harm", "attention", "notice")


KEPT = 100
"""Open findings that are kept from one start of the service to the next."""
NAME = "findings"


class Findings:
    """One ledger's findings. Safe for threads. `settings` gives the bundle's review documents, `labels` what ids are called."""

    def __init__(self, door: Door, notes: Notes, settings: Callable[[], tuple[ReviewDocument, ...]], labels: Labels, eyes: FourEyes) -> None:
        self._door, self._notes, self._settings, self._labels, self._eyes = door, notes, settings, labels, eyes
        self._lock, self._flag = threading.Lock(), threading.Lock()
        self._working = False
        self._habits: Habits | None = None
        self._limits = Thresholds()
        self._found: dict[tuple[str, str], list[Finding]] = {}
        self._acts_after = -1
        self._standings: dict[str, Standing] = {}
        self._sentences: tuple[object, dict[tuple[str, str], Text]] = (None, {})

    # ------------------------------------------------------------------ keeping up

    def keep_up(self, *, wait: bool = False) -> None:
        """Look through what is new; a long way is gone in the background unless `wait`. Shows nothing, so nothing is recorded."""
        behind = self._door.count() - (self._habits.next if self._habits else 0)
        if wait or behind <= AT_ONCE:
            self._look()
            return
        with self._flag:
            if self._working:
                return
            self._working = True
        threading.Thread(target=self._look, name="findings", daemon=True).start()

    def _look(self) -> None:
        limits, hours = self._thresholds()
        with self._lock:
            try:
                if self._habits is None or limits != self._limits:
                    self._habits, self._limits, self._found = Habits(self._door.zone, hours, purpose_minutes=limits.purpose_minutes), limits, {}
                touched: set[tuple[str, str]] = set()
                for piece in read_on(self._door.path, self._habits.next):
                    touched |= {self._habits.add(seen) for seen in piece}
                for person, day in touched:
                    found = list(judge(self._habits.people[person], day, limits, partial(self._habits.peers, person, day)))
                    if found:
                        self._found[person, day] = found
            finally:
                self._working = False

    def _thresholds(self) -> tuple[Thresholds, WorkingHours]:
        limits, hours = Thresholds(), WorkingHours()
        for document in self._settings():
            limits, hours = document.thresholds or limits, document.working_hours or hours
        return limits, hours

    def _acted(self) -> dict[str, Standing]:
        """What officers did, from the ledger."""
        while True:
            page = self._door.search(Filter(type=ACTS), after=self._acts_after, limit=1000, newest_first=False)
            for event in page.events:
                self._take(event.told())
                self._acts_after = event.index
            if page.after is None:
                return self._standings

    def _take(self, event: Mapping[str, Any]) -> None:
        detail = event["detail"]
        standing = self._standings.setdefault(str(detail.get("finding")), Standing())
        kind = event["type"].removeprefix("finding.")
        standing.acts.append({"kind": kind, "by": event["actor"], "at": event["time"], "event": event["id"], "verdict": detail.get("verdict"), "to": detail.get("to")})
        if kind == "assigned":
            standing.assignee = str(detail.get("to"))
        elif kind == "resolved":
            standing.state, standing.verdict, standing.resolved_by = "resolved", str(detail.get("verdict")), event["actor"]
        elif kind == "reopened":
            standing.state, standing.verdict, standing.resolved_by = "open", None, None

    # ------------------------------------------------------------------ telling

    def told(self) -> dict[str, Any]:
        """Return what stands now; the caller has entered.

        `findings` (open first, gravest and newest first), `open`, `quiet` (those that a false alarm keeps back), `raised` (for whom which rule speaks later, and why), `rules` with their
        precision, `looked_up_to`, `working`: older events are still being looked through, and this is what was found when the service ran last.
        """
        if not self._door.ready() and self._habits is None:
            return self._before()
        self.keep_up()
        if self._working:  # a long way is being gone in the background; nobody waits for it
            return self._before()
        with self._lock:
            standings = self._acted()
            everything = [item for items in self._found.values() for item in items]
            looked = self._habits.next if self._habits else 0
        raised = raised_by(everything, standings)
        views = [(self._view(item, standings.get(item.id, Standing()), raised), speaks(item, standings, raised)) for item in everything]
        shown, quiet = ([view for view, loud in views if loud is wanted] for wanted in (True, False))
        for views_of in (shown, quiet):
            views_of.sort(key=lambda item: (item["day"], item["strength"]), reverse=True)
            views_of.sort(key=lambda item: (item["state"] != "open", SEVERITIES.index(item["severity"])))
        return {
            "findings": shown,
            "open": sum(item["state"] == "open" for item in shown),
            "quiet": quiet,
            "raised": [
                {"rule": rule, "label": RULES[rule][0], "person": person, "times": round(times, 2), "because": [item.id for item in everything if (item.rule, item.person) == (rule, person) and is_false(standings.get(item.id))]}
                for (rule, person), times in sorted(raised.items())
            ],
            "rules": precision(everything, standings),
            "looked_up_to": looked,
            "working": False,
        }

    def _before(self) -> dict[str, Any]:
        """What was told when the service ran last, as far as it was kept."""
        kept = self._notes.taken_aside(NAME) or {}
        rules = [{"rule": rule, "label": label, "found": 0, "judged": 0, "precision": None} for rule, (label, _) in RULES.items()]
        shown = [{**view, "label": RULES[view["rule"]][0], "sentence": Text(**view["sentence"])} for view in kept.get("findings", ()) if view["rule"] in RULES]
        return {"findings": shown, "open": kept.get("open", 0), "quiet": [], "raised": [], "rules": rules, "looked_up_to": kept.get("looked_up_to", 0), "working": True}

    def keep(self) -> None:
        """Keep the open findings for the next start of the service, while it still looks through the ledger."""
        told = self.told()
        if told["working"]:
            return
        views = [
            {**view, "label": None, "sentence": {"zh": view["sentence"].zh, "en": view["sentence"].en}, "acts": []} for view in told["findings"][:KEPT] if view["state"] == "open"
        ]
        self._notes.set_aside(NAME, {"findings": views, "open": told["open"], "looked_up_to": told["looked_up_to"]})

    def findings(self, actor: Actor) -> dict[str, Any]:
        """Return what `told` says, recorded."""
        self._door.enter(actor, "findings")
        return self.told()

    def finding(self, actor: Actor, finding: str) -> dict[str, Any]:
        """Return one finding with its acts and their words. Raises InvalidQuery for an unknown one."""
        self._door.enter(actor, "finding")
        return self._one(finding)

    def _one(self, finding: str) -> dict[str, Any]:
        self.keep_up()
        with self._lock:
            standings = self._acted()
            everything = [item for items in self._found.values() for item in items]
        found = next((item for item in everything if item.id == finding), None)
        if found is None:
            raise InvalidQuery("there is no such finding; see the list of findings")
        view = self._view(found, standings.get(finding, Standing()), raised_by(everything, standings))
        words = self._notes.words(act["event"] for act in view["acts"])
        events = self._door.cold.named(found.events)
        return view | {"acts": [act | {"words": words.get(act["event"])} for act in view["acts"]], "events": [{"index": index, "id": name, "time": time} for index, name, time in events]}

    def _view(self, item: Finding, standing: Standing, raised: Mapping[tuple[str, str], float]) -> dict[str, Any]:
        return {
            "id": item.id,
            "rule": item.rule,
            "label": RULES[item.rule][0],
            "severity": item.severity,
            "person": item.person,
            "department": item.department,
            "day": item.day,
            "strength": round(item.strength, 2),
            "raised": round(raised.get((item.rule, item.person), 1.0), 2),
            "sentence": self._sentence(item),
            "count": item.count,
            "events": [{"index": index} for index in item.events],
            "filter": dict(item.filter),
            "demo": item.demo,
            "state": standing.state,
            "verdict": standing.verdict,
            "assignee": standing.assignee,
            "acts": list(standing.acts),
        }

    def _sentence(self, item: Finding) -> Text:
        """The sentence with its ids called by their labels; kept, since every page tells hundreds of them, until a bundle calls them otherwise."""
        tables = self._labels.tables()
        if self._sentences[0] is not tables:
            self._sentences = (tables, {})
        kept = self._sentences[1]
        key = (item.id, item.sentence.zh)
        if (found := kept.get(key)) is None:
            found = kept[key] = named(item.sentence, self._labels.listed)
        return found

    # ------------------------------------------------------------------ acting

    def assign(self, actor: Actor, finding: str, to: str, officers: list[str]) -> None:
        """Give a finding to one of the officers."""
        if to not in officers:
            raise InvalidQuery(f"{to!r} is no compliance officer.{nearest(to, officers)}")
        self._act(actor, "finding.assigned", finding, {"to": to})

    def comment(self, actor: Actor, finding: str, words: str) -> None:
        """Add words to a finding."""
        if not words.strip():
            raise InvalidQuery("a comment has words; nothing was recorded")
        self._act(actor, "finding.commented", finding, {}, words)

    def resolve(self, actor: Actor, finding: str, verdict: str, words: str = "") -> None:
        """Close a finding: it was a misuse (`confirmed`), it has a good reason (`explained`), or it should not have been raised (`false_alarm`)."""
        if verdict not in VERDICTS:
            raise InvalidQuery(f"unknown verdict {verdict!r}.{nearest(verdict, VERDICTS)} Verdicts: {', '.join(VERDICTS)}.")
        self._act(actor, "finding.resolved", finding, {"verdict": verdict}, words)

    def reopen(self, actor: Actor, finding: str) -> None:
        """Open a resolved finding again."""
        self._act(actor, "finding.reopened", finding, {})

    def _act(self, actor: Actor, kind: str, finding: str, detail: Mapping[str, object], words: str = "") -> None:
        text = self._notes.checked(words)
        self._door.enter(actor, "finding")
        found = self._one(finding)
        if kind == "finding.resolved":
            self._eyes.insist(actor, "verdict", {"finding": finding, "verdict": detail["verdict"]}, {"finding": finding, "rule": found["rule"], "actor": found["person"], "day": found["day"], "verdict": detail["verdict"]})
        if detail.get("verdict") == "false_alarm":
            detail = {**detail, "raised_percent": round(100 * min(found["raised"] * STEP, STEP**MOST_STEPS))}
        full: dict[str, object] = {"finding": finding, "case": f"finding-{finding}", "rule": found["rule"], "person": found["person"], "day": found["day"], **detail}
        if text:
            full["words_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        receipt = self._door.record(actor, kind, full)
        if text:
            self._notes.keep(receipt.event, text)

