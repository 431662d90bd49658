"""The compliance desk without a ledger: everything in memory, what its pages show invented, every act remembered.

One finding (`market` refused before the red line four times), one assessment to be signed, one law. Its page of events is the fake service's. It shares
nothing with the real desk but what a form offers; what both must do alike is held by `tests/integration/test_desk_contract.py`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from governance.errors import InvalidQuery
from governance.terms import Actor, Text
from wenshu.desk import NotPermitted
from wenshu.desk.findings.room import VERDICTS
from wenshu.desk.signing import MEANINGS

OFFICERS = ["compliance", "compliance_2"]
LABELS = {
    "purpose": {"market_analysis": Text(zh="市场分析", en="Market analysis")},
    "metric": {"reach_rate": Text(zh="触达率", en="Reach rate")},
    "code": {"prescription_by_doctor": Text(zh="统方红线", en="prescriptions by doctor")},
    "type": {"outcome": Text(zh="提问结束", en="question ended")},
}
RULE = Text(zh="触碰红线", en="Red line")
DAY = "2026-11-14"


class Room:
    """Open to officers alone."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk

    def enter(self, actor: Actor) -> None:
        if actor.role != "compliance":
            raise NotPermitted


class FakeLooking(Room):
    def session(self, actor: Actor, session: str) -> dict[str, Any]:
        self.enter(actor)
        events = self.desk.events
        return {"session": session, "events": events, "from": events[0]["time"], "to": events[-1]["time"], "people": ["market"], "cut": False}


class FakeSecond(Room):
    def request(self, actor: Actor, event_id: str) -> None:
        self.enter(actor)
        self.desk.done.append(("second", actor.id, event_id))

    def agree(self, actor: Actor, event_id: str, requester: str) -> None:
        self.enter(actor)
        if requester == actor.id:
            raise InvalidQuery("nobody agrees to the own request")
        self.desk.done.append(("agreed", actor.id, event_id))


class FakeEyes(Room):
    def pending(self, actor: Actor) -> list[dict[str, Any]]:
        self.enter(actor)
        return []

    def decide(self, actor: Actor, case: str, requester: str, *, agree: bool) -> None:
        self.enter(actor)
        raise InvalidQuery(f"nothing waits under {case} of {requester}")


class FakeFindings(Room):
    def __init__(self, desk: FakeDesk) -> None:
        super().__init__(desk)
        self.one = {
            "id": "f-1", "rule": "grave_refusals", "label": RULE, "person": "market", "department": "marketing", "day": DAY, "severity": "harm", "strength": 2.0, "raised": 1.0, "count": 4,
            "sentence": Text(zh="market 当天 4 次追问个人或处方，均被拒绝。", en="market asked 4 times that day for single persons or prescriptions; all were refused."),
            "filter": {"actor": "market"}, "demo": False, "state": "open", "assignee": None, "verdict": None,
        }  # fmt: skip
        self.acts: list[dict[str, Any]] = []

    def told(self) -> dict[str, Any]:
        judged = int(self.one["state"] == "resolved")
        rules = [{"rule": "grave_refusals", "label": RULE, "found": 1, "judged": judged, "precision": None}]
        return {"findings": [dict(self.one)], "rules": rules, "open": 1 - judged, "quiet": [], "raised": [], "looked_up_to": len(self.desk.events), "working": False}

    def findings(self, actor: Actor) -> dict[str, Any]:
        self.enter(actor)
        return self.told()

    def finding(self, actor: Actor, finding: str) -> dict[str, Any]:
        self.enter(actor)
        if finding != self.one["id"]:
            raise InvalidQuery(f"there is no finding {finding!r}")
        return self.one | {"acts": list(self.acts), "events": [{name: event[name] for name in ("index", "id", "time")} for event in self.desk.events]}

    def _act(self, actor: Actor, finding: str, kind: str, **more: Any) -> None:
        self.finding(actor, finding)
        self.acts.append({"kind": kind, "by": actor.id, "at": self.desk.now(), "event": "ev-0000", "words": None, "to": None, "verdict": None} | more)

    def assign(self, actor: Actor, finding: str, to: str, officers: list[str]) -> None:
        self.enter(actor)
        if to not in officers:
            raise InvalidQuery(f"{to!r} is no officer")
        self._act(actor, finding, "assigned", to=to)
        self.one["assignee"] = to

    def comment(self, actor: Actor, finding: str, words: str) -> None:
        self._act(actor, finding, "commented", words=words)

    def resolve(self, actor: Actor, finding: str, verdict: str, words: str = "") -> None:
        self.enter(actor)
        if verdict not in VERDICTS:
            raise InvalidQuery(f"unknown verdict {verdict!r}")
        self._act(actor, finding, "resolved", words=words or None, verdict=verdict)
        self.one |= {"state": "resolved", "verdict": verdict}

    def reopen(self, actor: Actor, finding: str) -> None:
        self._act(actor, finding, "reopened")
        self.one |= {"state": "open", "verdict": None}


class FakeSigning(Room):
    def __init__(self, desk: FakeDesk) -> None:
        super().__init__(desk)
        self.offs: list[dict[str, Any]] = []

    def look(self, actor: Actor) -> dict[str, Any]:
        self.enter(actor)
        size, covered = len(self.desk.events) + len(self.offs), max((off["to"] + 1 for off in self.offs), default=0)
        days = [{"day": DAY, "events": size, "inside": covered}]
        return {"signoffs": self.offs[::-1], "covered": covered, "size": size, "root": f"{size:064x}", "outside": size - covered, "days": days}

    def sign(self, actor: Actor, *, upto: int, meaning: str, words: str = "", seen: str | None = None) -> dict[str, Any]:
        told = self.look(actor)
        if meaning not in MEANINGS or not told["covered"] <= upto < told["size"]:
            raise InvalidQuery("nothing that can be signed")
        if seen not in {None, f"{upto + 1:064x}"}:
            raise InvalidQuery("the root that you saw is not the ledger's at that size")
        off = {"from": told["covered"], "to": upto, "size": upto + 1, "root": f"{upto + 1:064x}", "meaning": meaning, "open_findings": 1, "event": "ev-0000", "index": told["size"], "by": actor.id}
        self.offs.append(off | {"at": self.desk.now(), "words": words or None, "label": MEANINGS[meaning], "holds": True})
        return off


class FakeExporting(Room):
    def export(self, actor: Actor, filters: Mapping[str, str], kind: str, language: str = "zh") -> tuple[str, Iterator[bytes]]:
        self.enter(actor)
        files = {"csv": ("text/csv", b"\xef\xbb\xbfindex\n0\n"), "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"), "jsonl": ("application/x-ndjson", b"{}\n")}
        if kind not in files:
            raise InvalidQuery(f"unknown form {kind!r}")
        self.desk.done.append(("export", actor.id, (kind, language, dict(filters))))
        return files[kind][0], iter([files[kind][1]])


class FakePacks(Room):
    def zipped(self, actor: Actor, filters: Mapping[str, str]) -> bytes:
        self.enter(actor)
        self.desk.done.append(("pack", actor.id, dict(filters)))
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as pack:
            pack.writestr("wenshu-evidence/verify.py", "raise SystemExit(0)\n")
        return data.getvalue()


class FakeControls(Room):
    def look(self, actor: Actor) -> dict[str, Any]:
        self.enter(actor)
        evidence = [{"query": "events", "label": Text(zh="账本条目数", en="Entries of the ledger"), "value": len(self.desk.events), "bound": "≥ 1", "holds": True}]
        control = {
            "id": "pipl_54", "articles": ["第五十四条"], "demand": Text(zh="定期合规审计", en="Regular compliance audits"), "capability": Text(zh="账本", en="The ledger"), "tests": [],
            "outside": None, "verified": True, "note": None, "state": "met", "evidence": evidence,
        }  # fmt: skip
        law = {"law": Text(zh="个人信息保护法", en="PIPL"), "source": Text(zh="公开文本", en="public text"), "in_force": "2021-11-01", "controls": [control]}
        return {"bundle": "fake", "at": self.desk.now(), "summary": {"met": 1, "partly": 0, "not_met": 0}, "laws": [law]}


class FakeRegisters(Room):
    def __init__(self, desk: FakeDesk) -> None:
        super().__init__(desk)
        words = Text(zh="跨渠道分析", en="Analysis across channels")
        self.assessment = {
            "key": "a" * 64, "id": "across", "where": "in_force", "label": words, "covers": ["market_analysis"], "need": words, "risks": words, "measures": words, "assessed_on": DAY,
            "signed_by": None, "signed_at": None,
        }  # fmt: skip
        self.incidents: list[dict[str, Any]] = []

    def look(self, actor: Actor) -> dict[str, Any]:
        self.enter(actor)
        label = LABELS["purpose"]["market_analysis"]
        activity = {"id": "use.market_analysis", "label": label, "classes": ["pseudonym"], "who": [Text(zh="市场部", en="Marketing")], "basis": None, "kept": None, "used": 4}
        transfers = {"flows": [], "persons": 0, "sensitive": 0, "exempt": 0, "short": [], "says": Text(zh="没有。", en="None.")}
        return {"activities": [activity], "assessments": [dict(self.assessment)], "processors": [], "transfers": transfers, "incidents": self.incidents[::-1]}

    def sign_assessment(self, actor: Actor, assessment: str) -> None:
        self.enter(actor)
        if assessment != self.assessment["key"] or self.assessment["signed_by"]:
            raise InvalidQuery("there is no assessment with this text to be signed")
        self.assessment |= {"signed_by": actor.id, "signed_at": self.desk.now()}

    def open_incident(self, actor: Actor, *, title: str, filters: Mapping[str, str]) -> str:
        self.enter(actor)
        if not title or not filters:
            raise InvalidQuery("an incident has a title and says what it reaches; nothing was recorded")
        radius = {"events": len(self.desk.events), "people": 1, "departments": ["marketing"], "metrics": [], "classes": [], "rows": 0, "revealed": 0}
        self.incidents.append({"id": "ev-0000", "at": self.desk.now(), "by": actor.id, "title": title, "filters": dict(filters), "radius": radius})
        return "ev-0000"


class FakeLabels:
    def tables(self) -> Mapping[str, Mapping[str, Text]]:
        return LABELS

    def text(self, name: str, value: str) -> Text:
        return LABELS.get(name, {}).get(value) or Text(zh=value, en=value)

    def resolve(self, name: str, typed: str) -> str:
        return next((value for value, text in LABELS.get(name, {}).items() if typed in {text.zh, text.en}), typed)


class FakeDesk:
    """`done` says what was asked for beyond looking: requests of second officers, exports, packs."""

    def __init__(self, clock: Callable[[], Any], page: Callable[..., dict[str, Any]], integrity: Callable[[], dict[str, Any]]) -> None:
        self._clock, self._page, self._told = clock, page, integrity
        self.events = [
            {
                "id": f"fd-{number}", "index": number, "time": f"{DAY}T02:0{number}:00.000000Z", "type": "outcome", "request": f"r{number}", "actor": "market", "role": "marketing",
                "department": "marketing", "purpose": "market_analysis", "decision": "refuse", "detail": {"outcome": "refused", "code": "prescription_by_doctor", "session": "s1"},
            }
            for number in range(4)
        ]  # fmt: skip
        self.done: list[tuple[str, str, Any]] = []
        self.kept: dict[str, dict[str, dict[str, str]]] = {}
        self.labels, self.looking, self.second, self.eyes = FakeLabels(), FakeLooking(self), FakeSecond(self), FakeEyes(self)
        self.findings, self.signing, self.exporting, self.packs = FakeFindings(self), FakeSigning(self), FakeExporting(self), FakePacks(self)
        self.controls, self.registers = FakeControls(self), FakeRegisters(self)

    def now(self) -> str:
        return self._clock().isoformat()

    def ready(self) -> bool:
        return True

    def officers(self) -> list[str]:
        return list(OFFICERS)

    def overview(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        self.looking.enter(actor)
        found = self.findings.told()
        return {
            "integrity": self._told(),
            "today": {"accesses": 4, "answered": 0, "refused": 4, "failed": 0, "people": 1, "codes": [("prescription_by_doctor", 4)]},
            "page": self._page(actor, filters, cursor, limit),
            "timeline": {"unit": "day", "buckets": [{"start": DAY, "total": 4, "answered": 0, "refused": 4, "failed": 0}]},
            "waiting": [],
            "saved": [{"name": name, "filters": dict(saved)} for name, saved in self.kept.get(actor.id, {}).items()],
            "findings": found | {"findings": [item for item in found["findings"] if item["state"] == "open"]},
        }

    def save_filter(self, actor: Actor, name: str, filters: Mapping[str, str]) -> None:
        self.looking.enter(actor)
        self.kept.setdefault(actor.id, {})[name] = dict(filters)

    def forget_filter(self, actor: Actor, name: str) -> None:
        self.looking.enter(actor)
        self.kept.get(actor.id, {}).pop(name, None)
