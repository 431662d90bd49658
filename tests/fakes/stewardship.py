"""A steward's room without a home: one load, one case of each kind, decisions kept in memory. Loud about what nobody may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from governance.errors import IngestError
from governance.terms import Actor
from wenshu.desk.door import NotPermitted

_RECORD = {"name": "刘**", "place": "哈尔滨筠禾中心医院", "specialty": "心内科", "title": "主治医师", "crm_id": "…38", "mobile": "…01"}


def _case(token: str, kind: str, candidates: int) -> dict[str, Any]:
    agreement = {"name": "close", "place": "same", "specialty": "same", "title": "differs"}
    return {
        "token": token, "kind": kind, "entity": "hcp", "source": "congress_attendance", "rows": 5, "record": "r0",
        "said": {"name": "刘**", "place": "哈尔滨筠禾中心医院", "specialty": "心内科", "title": "主任医师"},
        "candidates": [{"token": f"r{n}", "likeness": 0.9412 - n / 10, "agreement": agreement, "said": dict(_RECORD)} for n in range(1, candidates + 1)],
    }  # fmt: skip


class FakeStewardship:
    def __init__(self, may: Callable[[Actor], bool]) -> None:
        self._may = may
        self._cases = {case["token"]: case for case in (_case("aaaa1111", "row", 2), _case("bbbb2222", "record", 1), _case("cccc3333", "merged", 1))}
        self.decisions: dict[str, dict[str, Any]] = {}

    def overview(self, actor: Actor) -> Mapping[str, Any]:
        self._check(actor)
        extracts = [{"extract": "congress_attendance", "rows": 18_353, "loaded": 17_558, "held": 795, "reasons": {"unlinked_name": 795}}]
        load = {"id": "20261115T093000-abcdef", "as_of": "2026-11-01", "loaded_at": "2026-11-15 09:30:00", "extracts": extracts, "persons": {}}
        return {"load": load, "warnings": [{"kind": "stale", "text": "14"}, {"kind": "missing", "text": "consents"}], "waiting": len(self.decisions)}

    def cases(self, actor: Actor, state: str, *, source: str = "", kind: str = "", page: int = 1) -> Mapping[str, Any]:
        self._check(actor)
        found = []
        for token, case in self._cases.items():
            decided = token in self.decisions
            here = "decided" if decided else "merged" if case["kind"] == "merged" else "open"
            if here == state:
                found.append(case | ({"decision": self.decisions[token]} if decided else {}))
        chosen = [case for case in found if source in {"", case["source"]} and kind in {"", case["kind"]}]
        pages = max(1, len(chosen))
        shown = min(max(1, page), pages)
        sources = {case["source"]: sum(other["source"] == case["source"] for other in found) for case in found}
        kinds = {case["kind"]: sum(other["kind"] == case["kind"] for other in found) for case in found}
        return {
            "state": state, "total": len(found), "matching": len(chosen), "source": source, "kind": kind, "page": shown, "pages": pages, "sources": sources, "kinds": kinds,
            "cases": chosen[shown - 1 : shown],
        }  # fmt: skip

    def decide(self, actor: Actor, case: str, verdict: str, choice: int) -> None:
        self._check(actor)
        if case not in self._cases or (verdict == "same" and not 1 <= choice <= len(self._cases[case]["candidates"])):
            raise IngestError("there is no such case or candidate")
        if verdict == "undo":
            del self.decisions[case]
        else:
            self.decisions[case] = {"verdict": verdict, "choice": choice}

    def _check(self, actor: Actor) -> None:
        if not self._may(actor):
            raise NotPermitted


class FakeInbox:
    """One file with a mapping and one without; what was confirmed and how often a load was begun."""

    TEXT = "# Proposed from 客户.csv.\nformat: 1\nextract: ke_hu\n"

    def __init__(self, may: Callable[[Actor], bool]) -> None:
        self._may = may
        self.confirmed: dict[str, str] = {}
        self.loads = 0
        self.left_out: list[str] = []
        self.words: dict[tuple[str, str], str] = {}
        self.loading: dict[str, Any] | None = None

    def look(self, actor: Actor) -> Mapping[str, Any]:
        self._check(actor)
        word = self.words.get(("ke_hu", "手机"))
        column = {
            "extract": "ke_hu", "column": "手机", "type": "whole number", "level": "personal", "category": "mobile", "samples": ["99999999999"],
            "handling": "pseudonymize" if word is None else "keep" if word == "plain" else "drop", "by": "cells" if word is None else "steward",
        }  # fmt: skip
        proposal = {"extract": "ke_hu", "file": "客户.csv", "table": "dim_hcp", "lacking": ["what identifies hcp_key"], "text": self.TEXT, "columns": [column]}
        files = [{"name": "spend.csv", "extract": "spend"}, {"name": "客户.csv", "extract": "ke_hu" if self.confirmed else None}]
        without = [name for name in ("call_center",) if name not in self.left_out]
        return {"folder": "/srv/extracts", "files": files, "proposals": [] if self.confirmed else [proposal], "unread": [], "without_file": without, "loading": self.loading}

    def confirm(self, actor: Actor, extract: str, text: str) -> str:
        self._check(actor)
        if "load:" not in text:
            raise IngestError("extracts/ke_hu.yaml:1: load is missing")
        self.confirmed[extract] = text
        return extract

    def leave_out(self, actor: Actor, extracts: Sequence[str]) -> None:
        self._check(actor)
        if not extracts or not set(extracts) <= {"call_center"} - set(self.left_out):
            raise IngestError("choose extracts of the bundle of which no file is in the folder")
        self.left_out += extracts

    def classify(self, actor: Actor, extract: str, column: str, word: str, reason: str) -> None:
        self._check(actor)
        if extract not in {"ke_hu", "spend"} or not reason.strip() or word not in {"plain", "personal", "sensitive"}:
            raise IngestError("say for which extract, what it is and why")
        self.words[extract, column] = word

    def load(self, actor: Actor) -> None:
        self._check(actor)
        self.loads += 1
        self.loading = {"state": "running", "step": "read spend", "share": 0.25, "error": None}

    def _check(self, actor: Actor) -> None:
        if not self._may(actor):
            raise NotPermitted
