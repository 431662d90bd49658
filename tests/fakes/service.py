"""A loud fake of `wenshu.service.Service` for the web's tests: it answers from what it was given and shouts at everything else.

The ledger inside is a real Merkle tree in memory (unsigned), so that proofs can be checked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from audit.errors import AuditUnavailable, NotFound
from audit.merkle import leaf_hash, root
from governance.errors import InvalidQuery, UnsoundQuery
from governance.terms import Actor, Text
from nlq.answers.display import DisplayCell, DisplayColumn, DisplayTable
from tests.fakes.answer_files import FakeAnswerFiles
from tests.fakes.clock import FakeClock
from tests.fakes.desk import FakeDesk
from tests.fakes.persons import FakePersons, FakeSubjects
from tests.fakes.stewardship import FakeInbox, FakeStewardship
from tests.fixtures.committee import make_committee, make_grants, make_reviews
from wenshu.accounts import Accounts
from wenshu.conversations import UnknownConversation
from wenshu.desk import NotPermitted
from wenshu.handing_on import Handed

REGIONS = [("华东", 0.632), ("华北", 0.648), ("华南", 0.611), ("华中", 0.574), ("西南", 0.552), ("西北", None), ("东北", 0.498)]
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PEOPLE = {
    "market": ("marketing", "marketing", Text(zh="林晓", en="Lin Xiao"), {}),
    "manager_east": ("sales_manager", "sales", Text(zh="王东", en="Wang Dong"), {"region": "华东"}),
    "compliance": ("compliance", "compliance", Text(zh="赵合", en="Zhao He"), {}),
    "committee_a": ("committee", "committee", Text(zh="钱委", en="Qian Wei"), {}),
    "engineer": ("data_engineer", "data_engineering", Text(zh="孙工", en="Sun Gong"), {}),
}
PURPOSES = {
    "marketing": [("market_analysis", "市场分析", "Market analysis"), ("performance_review", "业绩回顾", "Performance review")],
    "sales_manager": [("performance_review", "业绩回顾", "Performance review")],
    "compliance": [("compliance_audit", "合规审计", "Compliance audit")],
}
DIMENSIONS = [
    {"id": "region", "label": Text(zh="大区", en="Region"), "values": [{"value": name, "label": Text(zh=name, en=f"Region {n}")} for n, (name, _) in enumerate(REGIONS)]},
    {"id": "channel", "label": Text(zh="渠道", en="Channel")},
    {"id": "specialty", "label": Text(zh="科室", en="Specialty")},
]
STAGES = {"initial_reach": Text(zh="初步触达", en="Initial reach"), "perception": Text(zh="观念与行为转变", en="Perception"), "outcome": Text(zh="业务效能", en="Outcome")}
PASSWORD = "correct horse battery"


class FakeAnswer:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def to_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(self._document))


class FakeService:
    """`accounts` is the real store; `fail` is raised by the next questions; `asked` and `queried` say what came."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self._desk = None
        self._committee, self._committee_folder = None, folder / "committee"
        self.answer_files = FakeAnswerFiles(self)
        self.persons = FakePersons(lambda actor: "review" in self.pages(actor))
        self.subjects = FakeSubjects(lambda actor: "review" in self.pages(actor))
        self.inbox = FakeInbox(lambda actor: "data" in self.pages(actor))
        self.stewardship = FakeStewardship(lambda actor: "data" in self.pages(actor))
        self.clock = clock
        self.accounts = Accounts.open(folder / "accounts.db", clock=clock, hasher=CHEAP)
        for user, (role, department, name, attributes) in PEOPLE.items():
            self.accounts.add(user, role=role, department=department, name=name, attributes=attributes)
            self.accounts.change_password(user, self.accounts.one_time_password(user), PASSWORD, client="set-up")
        self.asked: list[dict[str, Any]] = []
        self.handed: list[tuple[str, str]] = []
        self.queried: list[dict[str, Any]] = []
        self.fail: Exception | None = None
        self.sign_ins: list[tuple[str, str]] = []
        self.broken: dict[str, str] = {}
        self.lines: list[bytes] = []
        self.turns: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._record(Actor(id="-", role="-", department="-"), "genesis", {})

    @property
    def committee(self):
        """The real room over stores of its own, without data: a second one that behaves like it would be as large."""
        if self._committee is None:
            made = make_committee(self._committee_folder)
            self._committee, self._grants, self._reviews = made.room, make_grants(made), make_reviews(made)
        return self._committee

    @property
    def grants(self):
        """The real room beside the committee's."""
        return self._grants if self.committee else None

    @property
    def reviews(self):
        """The real room beside the committee's."""
        return self._reviews if self.committee else None

    # ------------------------------------------------------------------ questions

    def ask(self, actor, question, *, purpose=None, conversation=None, language=None, session=None, surface="api", case=None):
        self.asked.append({"actor": actor, "question": question, "purpose": purpose, "conversation": conversation, "session": session, "surface": surface} | ({} if case is None else {"case": case}))
        if self.fail:
            raise self.fail
        english = all(ord(c) < 0x2E80 for c in question)
        document = self._document(actor, question, english=english)
        if conversation:
            kept = {"question": question, "answer": document, "asked_at": self.clock().isoformat()}
            self.turns.setdefault((actor.id, conversation), []).append(kept)
        return FakeAnswer(document)

    def query(self, actor, query, *, purpose=None, conversation=None, language="zh", session=None, surface="api", case=None):
        self.queried.append({"actor": actor, "query": query, "purpose": purpose, "language": language, "session": session, "surface": surface} | ({} if case is None else {"case": case}))
        if self.fail:
            raise self.fail
        if unknown := [m for m in query.get("metrics", []) if m not in {"reach_rate", "revenue", "advance_rate"}]:
            raise InvalidQuery(f"unknown metric {unknown[0]!r}. Did you mean reach_rate?")
        if query.get("grain") == "week":
            aligned = {"metrics": query["metrics"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
            raise UnsoundQuery("sales are kept by month", alternatives=[aligned], zh="销售额按月记录，请按月提问。")
        document = self._answered(actor, dict(query), english=language == "en")
        if conversation:
            self.turns.setdefault((actor.id, conversation), []).append({"question": "", "answer": document, "asked_at": self.clock().isoformat()})
        return FakeAnswer(document)

    def hand_on(self, actor, code, message):
        if code not in {"adverse_event", "off_label"} or not message.strip():
            raise InvalidQuery("nothing is handed on for this")
        self.handed.append((actor.id, code))
        return Handed(reference=f"{len(self.handed):012x}", contact="drug_safety", handed_at=self.clock().isoformat())

    def refused(self, actor, refusal):
        return FakeAnswer(self._empty(actor, "refused", refusal=refusal))

    def _document(self, actor, question, *, english):
        folded = question.lower()
        if "转化" in question or "conversion" in folded:
            options = [
                {"label": "观念进阶率：观念阶段上升的医生占比", "query": {"metrics": ["advance_rate"]}},
                {"label": "触达率：被触达的目标医生占比", "query": {"metrics": ["reach_rate"]}},
            ]
            ask = "Which conversion do you mean?" if english else "您指的是哪一种转化率？"
            return self._empty(actor, "clarify", clarify={"ask": ask, "options": options}, suggestions=[])
        if "医生开了" in question or "prescri" in folded:
            message = (
                "Nobody may see what a single doctor prescribes, whatever the role: the law forbids such statistics. Sales can be asked per hospital."
                if english
                else "单个医生的处方量任何人都不能查看：法规禁止为商业目的统方。您可以按医院或产品查看销售额；有疑问请联系合规部（内线 8020）。"
            )
            may = ["Revenue by product last month", "Revenue by hospital"] if english else ["上个月各产品的销售额", "上季度各医院等级的销售额"]
            return self._empty(actor, "refused", refusal={"code": "prescription_by_doctor", "message": message, "rule": "red_line", "you_may": may})
        if "触达" in question or "reach" in folded:
            return self._answered(actor, {"metrics": ["reach_rate"], "group_by": ["region"], "period": {"start": "2026-10-01", "end": "2026-11-01"}, "where": [{"dimension": "channel", "op": "not_in", "values": ["呼叫中心"]}]}, english=english)
        summary = "I could not relate this to an approved metric." if english else "没有找到与这句话对应的已批准指标。"
        suggestions = ["reach rate by region last month"] if english else ["上个月各大区的触达率", "今年各产品的销售额"]
        return self._empty(actor, "not_understood", suggestions=suggestions, summary=summary)

    def _empty(self, actor, status, *, summary="", **parts: Any):
        base = {
            "status": status, "query": None, "columns": [], "rows": [], "suppressed": [], "clarify": None, "refusal": None,
            "explanation": {"summary": summary, "metrics": [], "period": "", "filters": [], "policy": [], "assumptions": []},
            "chart": None, "suggestions": [], "data_as_of": "2026-11-21", "data_version": "load-1", "timings_ms": {"total": 12.5},
        }  # fmt: skip
        code = (parts.get("refusal") or {}).get("code")
        receipt = self._record(actor, "outcome", {"outcome": "refused" if code else "answered", "code": code, "metrics": []})
        return base | {"receipt": receipt} | parts

    def _answered(self, actor, query, *, english):
        label = ("Region", "Reach rate") if english else ("大区", "触达率")
        rows = [[name, value] for name, value in REGIONS]
        sentence = (
            "Reach rate by region in October: highest in North at 64.8%, lowest in Northeast at 49.8%."
            if english
            else "10 月各大区触达率：华北最高，为 64.8%；东北最低，为 49.8%，相差 15.0 个百分点。"
        )
        values = [{"name": name, "value": value, "label": "" if value is None else f"{value:.1%}"} for name, value in rows]
        y = {"field": "name", "type": "nominal", "sort": None, "title": None}
        spec = {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "title": {"text": sentence, "subtitle": f"{label[1]} · 2026-10-01 至 10-31"},
            "data": {"values": values},
            "layer": [
                {"mark": "bar", "encoding": {"y": y, "x": {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, 0.75]}}, "tooltip": [{"field": "label", "type": "nominal", "title": label[1]}]}},
                {"mark": {"type": "text", "align": "left", "dx": 6}, "encoding": {"y": y, "x": {"field": "value", "type": "quantitative"}, "text": {"field": "label"}}},
            ],
            "width": 600,
            "height": {"step": 26},
            "config": {},
        }
        definition = "Target doctors reached ÷ target doctors of the slice." if english else "被触达的目标医生 ÷ 该切片内的目标医生。"
        used = {"id": "reach_rate", "label": label[1], "definition": definition, "owner": "市场部", "version": "v3", "approver": "治理委员会", "approved_on": "2026-06-12"}
        return self._empty(actor, "answered") | {
            "query": query,
            "columns": [
                {"name": "region", "label": label[0], "kind": "dimension", "unit": None, "format": "text", "protection": "exact"},
                {"name": "reach_rate", "label": label[1], "kind": "metric", "unit": None, "format": "percent", "protection": "exact"},
            ],
            "rows": rows,
            "suppressed": [{"row": 5, "column": "reach_rate", "reason": "small_group"}],
            "explanation": {
                "summary": sentence, "metrics": [used], "period": "2026-10-01 至 10-31",
                "filters": ["渠道不含呼叫中心"], "policy": ["少于 10 位医生的组不显示"], "assumptions": ["“上个月”指 2026 年 10 月"],
            },
            "chart": spec,
            "suggestions": ["By channel", "Compared with last year"] if english else ["按渠道看触达率", "和去年比触达率"],
        }  # fmt: skip

    def display(self, answer):
        document = answer.to_json()
        columns = tuple(DisplayColumn(name=c["name"], label=c["label"], unit=c["unit"], numeric=c["kind"] == "metric") for c in document["columns"])
        hidden = {(item["row"], item["column"]): "少于 10 人" for item in document["suppressed"]}
        rows = tuple(
            tuple(
                DisplayCell(text="‹10", why=hidden[n, c.name]) if (n, c.name) in hidden
                else DisplayCell(text=f"{value:.1%}" if isinstance(value, float) else value, raw=value)
                for value, c in zip(row, columns, strict=True)
            )
            for n, row in enumerate(document["rows"])
        )  # fmt: skip
        return DisplayTable(columns=columns, rows=rows)

    # ------------------------------------------------------------------ what a role may use

    def pages(self, actor):
        return {"compliance": ["review"], "committee": ["committee"], "data_engineer": ["data"]}.get(actor.role, [])

    def purposes(self, actor):
        return [{"id": i, "label": Text(zh=zh, en=en), "default": n == 0} for n, (i, zh, en) in enumerate(PURPOSES.get(actor.role, []))]

    def metric_cards(self, actor):
        if actor.role not in {"marketing", "sales_manager"}:
            return []
        return [
            _card("reach_rate", "触达率", "Reach rate", "initial_reach", "被触达的目标医生 ÷ 该切片内的目标医生；触达属性只限制分子。", ["触达比例"]),
            _card("advance_rate", "观念进阶率", "Advance rate", "perception", "观念阶段上升的医生 ÷ 期初已有阶段的医生。", ["观念转化率"]),
            _card("revenue", "销售额", "Revenue", "outcome", "销售收入之和。", ["销售收入"], unit=Text(zh="元", en="CNY"), caveat=Text(zh="销售数据按医院记录，不能按医生查看。", en="Kept per hospital, never per doctor.")),
        ]

    def examples(self, actor, language):
        zh = ["上个月各大区的触达率", "上个月的转化率", "今年各产品的销售额"]
        return zh if language == "zh" else ["reach rate by region last month", "conversion last month", "revenue by product this year"]

    def complete(self, actor, text, language):
        known = [("触达率", "metric", "Reach rate", "approved metric"), ("触达医生数", "metric", "Doctors reached", "approved metric"), ("大区", "dimension", "Region", "seven regions"), ("华东", "value", "East", "a region")]
        return [{"text": t, "kind": k, "label": Text(zh=t, en=e), "description": Text(zh="已批准的指标" if k == "metric" else "大区的值" if k == "value" else "可以按它分组", en=d)} for t, k, e, d in known if any(text.endswith(t[:n]) for n in range(1, len(t) + 1))]

    def conversations(self, actor):
        return [{"id": c, "title": t[0]["question"], "updated_at": t[-1]["asked_at"], "turns": len(t)} for (a, c), t in reversed(self.turns.items()) if a == actor.id]

    def conversation(self, actor, id):  # noqa: A002 - the interface's own word
        if (actor.id, id) not in self.turns:
            raise UnknownConversation
        return list(self.turns[actor.id, id])

    # ------------------------------------------------------------------ ledger

    def _record(self, actor: Actor, kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
        index = len(self.lines)
        event = {"id": f"ev-{index:04d}", "index": index, "time": self.clock().isoformat(), "type": kind, "request": f"rq-{index // 2:04d}", "actor": actor.id, "role": actor.role, "department": actor.department, "purpose": None, "decision": "refuse" if detail.get("code") else "allow", "detail": dict(detail)}
        self.lines.append(json.dumps(event, ensure_ascii=False).encode())
        return {"event": event["id"], "index": index, "checkpoint": self.audit_checkpoint()}

    @property
    def desk(self):
        if self._desk is None:
            self._desk = FakeDesk(self.clock, self.audit_events, self.integrity)
        return self._desk

    def _compliance(self, actor):
        if actor.role != "compliance":
            raise NotPermitted

    def audit_events(self, actor, filters, cursor, limit):
        self._compliance(actor)
        self._record(actor, "ledger.read", {})
        events = [json.loads(line) for line in self.lines]
        for name, value in filters.items():
            if name in {"type", "actor", "department", "role", "request"}:
                events = [e for e in events if e[name] == value]
            elif name == "outcome":
                events = [e for e in events if e["detail"].get("outcome") == value]
            elif name == "text":
                events = [e for e in events if value in json.dumps(e, ensure_ascii=False)]
            else:
                raise AssertionError(f"the fake knows no filter {name}")
        newer = cursor is not None and cursor.startswith("n")
        place = int(cursor.removeprefix("n")) if cursor else None
        newest = [e for e in reversed(events) if place is None or (e["index"] > place if newer else e["index"] < place)]
        page = newest[-limit:] if newer else newest[:limit]
        facets = {name: {v: sum(e[name] == v for e in events) for v in {e[name]: 0 for e in events}} for name in ("actor", "type")}
        older, top = bool(page) and page[-1]["index"] != events[0]["index"], not page or page[0]["index"] == events[-1]["index"]
        return {"events": page, "next": str(page[-1]["index"]) if older else None, "previous": None if place is None or top else f"n{page[0]['index']}", "total": len(events), "facets": facets, "upto": None}

    def _find(self, event_id):
        for index, line in enumerate(self.lines):
            if json.loads(line)["id"] == event_id:
                return index
        raise NotFound("no event has that id")

    def audit_event(self, actor, event_id):
        self._compliance(actor)
        event = json.loads(self.lines[self._find(event_id)])
        return {"event": event, "related": [e for e in map(json.loads, self.lines) if e["request"] == event["request"] and e["id"] != event_id]}

    def audit_proof(self, actor, event_id):
        index = self._find(event_id)
        event = json.loads(self.lines[index])
        if event["actor"] != actor.id:
            self._compliance(actor)
        leaves = [leaf_hash(line) for line in self.lines]
        return {"index": index, "line": self.lines[index].decode(), "leaf": leaves[index].hex(), "path": [p.hex() for p in _path(index, leaves)], "checkpoint": self.audit_checkpoint()}

    def audit_verify(self, actor):
        self._compliance(actor)
        return {"verdict": "intact", "entries": len(self.lines), "problems": [], "findings": []}

    def audit_checkpoint(self):
        encoded = base64.b64encode(root([leaf_hash(line) for line in self.lines])).decode()
        return f"fake.example/ledger\n{len(self.lines)}\n{encoded}\n\n— fake.example/ledger AAAA\n"

    def integrity(self):
        told = {"ok": True, "size": len(self.lines), "verified_size": len(self.lines), "verified_at": self.clock().isoformat(), "orphan_intents": 0, "problem": None}
        return told | {"checkpoint": {"size": len(self.lines), "root": "ab" * 32}, "witnesses": [], "sinks": []}

    # ------------------------------------------------------------------ bundle and probes

    def record_sign_in(self, user, outcome):
        self.sign_ins.append((user, outcome))

    def bundle_view(self, actor):
        if actor.role != "committee":
            raise NotPermitted
        marketing = Actor(id="x", role="marketing", department="marketing")
        rules = [
            {"id": "marketing_may", "effect": "allow", "text": Text(zh="全部阶段的指标（合规除外）", en="All stages but compliance"), "reason": Text(zh="市场部的日常工作", en="Daily work of marketing"), "source": "DGC 2026-06-12"},
            {"id": "marketing_no_person", "effect": "deny", "text": Text(zh="按医生或代表查看", en="By doctor or representative"), "reason": Text(zh="最少必要", en="Data minimisation"), "source": "PIPL 6"},
        ]
        return {
            "name": "kangheng", "title": Text(zh="康衡医药数据治理规则", en="Kangheng data governance bundle"), "version": "ab" * 32,
            "settings": [(Text(zh="时区", en="Time zone"), "Asia/Shanghai")],
            "roles": [{"id": "marketing", "label": Text(zh="市场部", en="Marketing"), "department": "marketing", "purposes": [Text(zh="市场分析", en="Market analysis")], "minimum_group": Text(zh="每组至少 10 位医生", en="groups of at least 10 doctors"), "rules": rules},
                      {"id": "data_engineer", "label": Text(zh="数据工程", en="Data engineering"), "department": "data_engineering", "purposes": [], "minimum_group": None, "rules": []}],
            "metrics": self.metric_cards(marketing),
            "dimensions": [{"id": "region", "label": Text(zh="大区", en="Region"), "values": [name for name, _ in REGIONS], "open": False, "tags": []}, {"id": "hospital", "label": Text(zh="医院", en="Hospital"), "values": [], "open": True, "tags": []}],
            "extracts": [{"file": "crm_hcp.csv", "into": "dim_hcp", "columns": [{"column": "mobile", "class": "identifier"}]}],
            "files": [{"path": "bundle.yaml", "sha256": "cd" * 32}, {"path": "access/roles.yaml", "sha256": "ef" * 32}],
        }  # fmt: skip

    def health(self):
        return {"status": "ok"}

    def ready(self):
        parts = {"stores": "ok", "ledger": "ok", "policy": "ok", "warehouse": "ok"} | self.broken
        return {"ready": not self.broken, "parts": parts}

    def break_ledger(self) -> None:
        self.fail = AuditUnavailable("read_only", "the ledger's disk can't be written")


def _card(metric, zh, en, stage, definition, synonyms, *, unit=None, caveat=None):
    return {"id": metric, "label": Text(zh=zh, en=en), "definition": Text(zh=definition, en=f"{en}: as approved."), "stage": stage, "stage_label": STAGES[stage], "synonyms": synonyms, "unit": unit, "owner": "市场部", "approver": "治理委员会", "approved_on": "2026-06-12", "version": "v3", "dimensions": DIMENSIONS, "caveat": caveat, "examples": [f"上个月各大区的{zh}"]}


def _path(index, leaves):
    """RFC 6962 section 2.1.1, as written there."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*_path(index, leaves[:k]), root(leaves[k:])]
    return [*_path(index - k, leaves[k:]), root(leaves[:k])]
