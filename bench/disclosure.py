"""What disclosure control costs ordinary colleagues: a month of questions by twenty of them, judged together.

    python -m bench.disclosure [--home DIR] [--questions 1200]

Twelve people in marketing, four in medical affairs and four sales managers ask what such people ask (by region, channel, product, specialty, city, hospital; last month, last quarter,
this year; with filters, comparisons and shares), each for the job of that day, over four weeks of days. The memory of answers is one file for all of them. The claim: at least 95% of
the questions are answered exactly as they would be if nobody had asked anything before, and what it costs is told: time per question and size of the file.

Without `--home` a demo company is made first (half a minute). The peer is the same product with an empty memory at every question.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from governance.bundle.loading import load_bundle
from governance.disclosure.memory import Group, Knower, Memory
from governance.errors import InvalidQuery
from governance.gateway import Answered, Ask, Gateway
from governance.inforce import Active, put_in_force
from governance.metrics.execution import Sources
from governance.metrics.parsing import query_from_json
from governance.protecting import Protection
from governance.terms import Actor
from governance.warehouse.engine import Warehouse

POLICIES = Path(__file__).parents[1] / "policies"
RESULTS = Path(__file__).resolve().parent / "results" / "disclosure.json"
REGIONS = ("华东", "华北", "华南", "华中")
PEOPLE = (
    *(Actor(id=f"marketing_{n}", role="marketing", department="marketing") for n in range(12)),
    *(Actor(id=f"medical_{n}", role="medical", department="medical") for n in range(4)),
    *(Actor(id=f"manager_{n}", role="sales_manager", department="sales", attributes={"region": region}) for n, region in enumerate(REGIONS)),
)
REACH = ("reach_rate", "reached_hcps", "touches", "touches_per_hcp", "visits", "newly_reached_hcps", "multichannel_rate", "open_rate", "active_hcps", "target_hcps", "retention_rate")
PERCEPTION = ("hcps_in_stage", "advance_rate", "advanced_hcps", "nps", "avg_perception_score", "survey_responses")


class Watched(Memory):
    """A memory that tells whether the last judgement took anything away, and for what.

    `withdrawals`: an answer given before a batch of withdrawals took effect. `colleagues`: what was asked since. A second memory, which never compares across batches, tells them apart.
    """

    refused = 0
    why = ""
    aside = 0.0
    """Milliseconds of the last question that the second memory took."""

    def __init__(self, path: Path | str, key: bytes) -> None:
        super().__init__(path, key)
        self._since = Memory.passing()

    def judge(self, knower: Knower, groups: Any, k: int, day: dt.date) -> list[set[int]]:
        verdicts = super().judge(knower, groups, k, day)
        begun = time.perf_counter()
        since = self._since.judge(knower, [_within(group) for group in groups], k, day)
        self.aside += (time.perf_counter() - begun) * 1000
        self.refused += sum(len(cells) for cells in verdicts)
        if any(verdicts):
            self.why = "colleagues" if any(since) else "withdrawals"
        return verdicts


def _within(group: Group) -> Group:
    """The group as it stands under one state of consents only."""
    state = group.about.state if group.about is not None else b""
    return replace(group, context=hashlib.blake2b(group.context + state, digest_size=16).digest(), about=None)


class Forgetful(Memory):
    """Knows persons and remembers no answer: judges every question as the first one."""

    def judge(self, knower: Knower, groups: Any, k: int, day: dt.date) -> list[set[int]]:
        return Memory.passing().judge(knower, groups, k, day)


class _NoLedger:
    """This bench is not about the ledger."""

    def append(self, event: object) -> Any:  # noqa: ARG002
        return None

    def append_many(self, events: Any) -> list[Any]:
        return [None for _ in events]


def _rows(told: Any) -> object:
    return (told.disclosed.rows, told.disclosed.hidden) if isinstance(told, Answered) else None


def _period(day: dt.date, dice: random.Random) -> dict[str, str]:
    this = day.replace(day=1)
    last = (this - dt.timedelta(days=1)).replace(day=1)
    quarter = dt.date(this.year, 3 * ((this.month - 1) // 3) + 1, 1)
    before = (quarter - dt.timedelta(days=80)).replace(day=1)
    spans = [(last, this)] * 5 + [(before, quarter)] * 2 + [(this.replace(month=1), this)] * 2 + [(this, day + dt.timedelta(days=1))]
    start, end = dice.choice([span for span in spans if span[0] < span[1]])
    return {"start": start.isoformat(), "end": end.isoformat()}


def question(actor: Actor, day: dt.date, active: Active, dice: random.Random) -> dict[str, Any]:
    """Return what this person asks today."""
    values = active.catalogue.values
    metric = dice.choice(PERCEPTION if actor.role == "medical" and dice.random() < 0.5 else REACH)
    query: dict[str, Any] = {"metrics": [metric], "period": _period(day, dice)}
    where: list[dict[str, Any]] = []
    manager = actor.attributes.get("region")
    if manager is None and dice.random() < 0.5:
        where.append({"dimension": "region", "op": "in", "values": [dice.choice(values("region"))]})
    for name, chance in (("product", 0.25), ("specialty", 0.2), ("segment", 0.1), ("is_target", 0.1), ("title", 0.05)):
        if dice.random() < chance and metric != "target_hcps":
            where.append({"dimension": name, "op": "in", "values": [dice.choice(values(name))]})
    groups = [[], [], ["region"], ["region"], ["channel"], ["channel"], ["specialty"], ["product"], ["segment"], ["title"], ["city_tier"], ["province"], ["city"], ["hospital_level"]]
    groups += [["region", "channel"], ["region", "specialty"], ["specialty", "title"], ["hospital"]]
    by = [name for name in dice.choice(groups) if not (manager and name == "region")]
    if metric in (*PERCEPTION, "target_hcps"):
        by = [name for name in by if name != "channel"]
    query |= {"group_by": by} if by else {}
    if "hospital" in by or "city" in by:
        query |= {"order": [{"by": metric, "direction": "desc"}], "limit": 10}
    elif dice.random() < 0.2 and metric not in ("target_hcps", "aware_to_trial"):
        query["compare"] = dice.choice(("previous_period", "previous_year"))
    return query | ({"where": where} if where else {})


def measure(home: Path, today: dt.date, questions: int, seed: int) -> dict[str, Any]:
    """Ask a month of questions and return what became of them."""
    warehouse = Warehouse.open(f"duckdb:///{home / 'warehouse.duckdb'}")

    def fetch(select: Any) -> Any:
        with warehouse.session() as session:
            return session.run(select, timeout_s=60, max_rows=1_000_000)

    def sources() -> AbstractContextManager[Sources]:
        return Sources.open(warehouse)

    active = put_in_force(load_bundle(POLICIES), fetch=fetch, today=today)
    dice = random.Random(seed)
    days = [day for n in range(28, -1, -1) if (day := today - dt.timedelta(days=n)).weekday() < 5]
    clock = [today]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "disclosure.db"
        memory = Watched(file, b"bench")
        gateway = Gateway(active=lambda: active, data=sources, ledger=_NoLedger(), today=lambda: clock[0], protection=Protection(memory, b"b" * 32))  # type: ignore[arg-type]
        outcome: Counter[str] = Counter()
        reasons: Counter[str] = Counter()

        fresh = Gateway(active=lambda: active, data=sources, ledger=_NoLedger(), today=lambda: clock[0], protection=Protection(Forgetful(":memory:", b"bench"), b"b" * 32))  # type: ignore[arg-type]

        def alone(actor: Actor, asked: dict[str, Any]) -> Any:
            """What the same question is answered if nobody has asked anything before."""
            return fresh.run(Ask(actor=actor, purpose=None, query=query_from_json(asked)))

        disclose: list[float] = []
        changed: list[str] = []
        for number in range(questions):
            clock[0] = days[number * len(days) // questions]
            actor = dice.choice(PEOPLE)
            asked = question(actor, clock[0], active, dice)
            memory.refused, memory.why, memory.aside = 0, "", 0.0
            begun = time.perf_counter()
            try:
                told = gateway.run(Ask(actor=actor, purpose=None, query=query_from_json(asked)))
            except InvalidQuery:
                outcome["unsound"] += 1
                continue
            took = time.perf_counter() - begun
            if isinstance(told, Answered):
                disclose.append(told.timings_ms["disclose"] - memory.aside)
            same = not memory.refused or (isinstance(told, Answered) and _rows(told) == _rows(alone(actor, asked)))
            outcome[("unchanged" if same else "some cells hidden") if isinstance(told, Answered) else told.refusal.code] += 1
            if not same:
                reasons[memory.why] += 1
                changed.append(f"{clock[0]} {actor.role} {memory.why} {json.dumps(asked, ensure_ascii=False)} ({took:.2f} s)")
        size = sum(part.stat().st_size for part in Path(folder).iterdir())
        memory.close()
    warehouse.close()
    judged = outcome["unchanged"] + outcome["some cells hidden"] + outcome["differencing"]
    disclose.sort()
    return {
        "questions": questions,
        "people": len(PEOPLE),
        "days": len(days),
        "outcome": dict(outcome),
        "changed_because_of": dict(reasons),
        "judged": judged,
        "answered_unchanged": round(outcome["unchanged"] / judged, 4) if judged else None,
        "unchanged_by_what_colleagues_asked": round(1 - reasons["colleagues"] / judged, 4) if judged else None,
        "disclose_ms": {"p50": round(statistics.median(disclose), 1), "p95": round(disclose[len(disclose) * 95 // 100], 1), "p99": round(disclose[len(disclose) * 99 // 100], 1)},
        "load": [round(value, 1) for value in os.getloadavg()],
        "memory_bytes": size,
        "changed": changed[:40],
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 11, 22))
    parser.add_argument("--questions", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--result", type=Path, default=RESULTS)
    given = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = given.home
        if home is None:
            from wenshu.cli import main as wenshu

            home = Path(folder) / "home"
            try:
                wenshu(["--home", str(home), "init", "--demo", "--today", given.today.isoformat()])
            except SystemExit as done:
                if done.code:
                    raise
        found = measure(home, given.today, given.questions, given.seed)
    found |= {"python": platform.python_version(), "machine": platform.machine()}
    print(json.dumps(found, ensure_ascii=False, indent=1))
    given.result.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
