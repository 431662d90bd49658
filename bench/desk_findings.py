"""Findings over a generated month: how many misuses are found, and how often a finding is about somebody who did nothing wrong.

    python bench/desk_findings.py [COLLEAGUES] [SEEDS]

Ordinary colleagues differ: some ask twice a day and some twenty times, some at night or on Saturdays, month's end is busy, people try new metrics and run into limits now and then. Into that month one
misuse of each kind is put, by different people. A finding counts as right where its person misused something on that day; notices, which only tell that something rare happened, are counted apart.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from audit.events import format_time
from governance.documents.review import Thresholds, WorkingHours
from wenshu.desk.findings.habits import Habits, Seen
from wenshu.desk.findings.rules import judge

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = dt.date(2026, 10, 1)
DAYS = 31
WARM_UP = 14
"""Days before the misuse begins, so that people have habits."""
METRICS = tuple(f"metric_{number}" for number in range(40))
MISUSES: dict[str, Callable[[random.Random], Iterator[dict[str, Any]]]] = {
    "volume": lambda draw: ({"hour": 10 + n // 20} for n in range(draw.randint(60, 90))),
    "hours": lambda draw: ({"hour": 23} for _ in range(draw.randint(6, 12))),
    "new_metrics": lambda draw: ({"metrics": [name]} for name in draw.sample(METRICS[20:], 6)),
    "refusals": lambda draw: ({"code": draw.choice(("row_scope", "metric_not_allowed", "dimension_not_allowed"))} for _ in range(draw.randint(6, 10))),
    "grave_refusals": lambda draw: ({"code": draw.choice(("prescription_by_doctor", "individual_level", "identity_in_question")), "metrics": []} for _ in range(draw.randint(3, 6))),
    "differencing": lambda draw: ({"code": "differencing"} for _ in range(draw.randint(2, 5))),
    "purpose": lambda _draw: iter(({"code": "purpose_not_allowed", "purpose": "medical_insight", "metrics": ["metric_1"]}, {"metrics": ["metric_1"]})),
    "reidentification": lambda draw: ({"type": "identity.revealed"} for _ in range(draw.randint(4, 6))),
    "ledger_denied": lambda draw: ({"type": "ledger.denied"} for _ in range(draw.randint(3, 5))),
}
"""By the rule that should speak: what is done that day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """How somebody works."""

    id: str
    a_day: float
    metrics: tuple[str, ...]
    curious: float
    clumsy: float
    late: float
    weekends: bool


def colleague(number: int, draw: random.Random) -> Colleague:
    """Somebody; one in eight works late, one in ten at weekends."""
    return Colleague(
        id=f"colleague_{number}", a_day=draw.choice((2, 4, 6, 9, 14, 20)), metrics=tuple(draw.sample(METRICS[:20], draw.randint(3, 9))), curious=draw.choice((0.0, 0.01, 0.03)),
        clumsy=draw.choice((0.0, 0.02, 0.05)), late=0.45 if draw.random() < 0.125 else 0.02, weekends=draw.random() < 0.1,
    )  # fmt: skip


def ordinary(who: Colleague, day: dt.date, draw: random.Random) -> Iterator[dict[str, Any]]:
    """One person's ordinary questions of a day."""
    if day.weekday() > 4 and not who.weekends:
        return
    busy = 1.8 if day.day >= 28 else 1.0
    for _ in range(min(int(draw.gammavariate(4, who.a_day * busy / 4)), 60)):
        act: dict[str, Any] = {"hour": draw.choice((21, 22)) if draw.random() < who.late else draw.randint(9, 18)}
        act["metrics"] = [draw.choice(METRICS)] if draw.random() < who.curious else [draw.choice(who.metrics)]
        if draw.random() < who.clumsy:
            act["code"] = draw.choice(("row_scope", "metric_not_allowed", "dimension_not_allowed", "purpose_not_allowed", "individual_level"))
        yield act


def month(colleagues: int, seed: int) -> tuple[list[tuple[dt.datetime, str, dict[str, Any]]], dict[tuple[str, str], str]]:
    """Return everything that is done, in order, and by person and day which misuse it was."""
    draw = random.Random(seed)
    people = [colleague(number, draw) for number in range(colleagues)]
    workdays = [FIRST + dt.timedelta(days=n) for n in range(WARM_UP, DAYS) if (FIRST + dt.timedelta(days=n)).weekday() < 5]
    culprits = draw.sample([who for who in people if who.late < 0.1], len(MISUSES))
    wrong = {(who.id, draw.choice(workdays).isoformat()): rule for rule, who in zip(MISUSES, culprits, strict=True)}
    done: list[tuple[dt.datetime, str, dict[str, Any]]] = []
    for n in range(DAYS):
        day = FIRST + dt.timedelta(days=n)
        for who in people:
            acts = list(ordinary(who, day, draw))
            if rule := wrong.get((who.id, day.isoformat())):
                acts += [{"metrics": [who.metrics[0]], **act} for act in MISUSES[rule](draw)]
            for place, act in enumerate(acts):
                moment = dt.datetime.combine(day, dt.time(act.get("hour", 11), place % 30), ZONE) + dt.timedelta(milliseconds=place)
                done.append((moment, who.id, act))
    return sorted(done, key=lambda item: item[0]), wrong


def seen(index: int, moment: dt.datetime, who: str, act: dict[str, Any]) -> Seen:
    """What the ledger's index says of it."""
    kind, code = act.get("type", "outcome"), act.get("code")
    outcome = None if kind != "outcome" else "refused" if code else "answered"
    return Seen(
        index=index, id=f"{index:032x}", time=format_time(moment), day=moment.date().isoformat(), type=kind, actor=who, role="marketing", department="marketing",
        purpose=act.get("purpose", "market_analysis"), outcome=outcome, code=code, metrics=json.dumps(act.get("metrics", [])), surface="web",
    )  # fmt: skip


def measure(colleagues: int, seed: int) -> dict[str, Any]:
    """Play one month and return what was found, right and wrong."""
    done, wrong = month(colleagues, seed)
    limits = Thresholds()
    habits = Habits(ZONE, WorkingHours(), purpose_minutes=limits.purpose_minutes)
    touched = {habits.add(seen(index, *item)) for index, item in enumerate(done)}
    found = [{"person": item.person, "day": item.day, "rule": item.rule, "severity": item.severity} for who, day in sorted(touched) for item in judge(habits.people[who], day, limits, partial(habits.peers, who, day))]
    loud = [item for item in found if item["severity"] != "notice"]
    false = [item for item in loud if (item["person"], item["day"]) not in wrong]
    missed = sorted(rule for (who, day), rule in wrong.items() if not any((item["person"], item["day"], item["rule"]) == (who, day, rule) for item in found))
    return {
        "events": len(done), "person_days": len({(who, moment.date()) for moment, who, _ in done}), "misuses": len(wrong), "found": len(wrong) - len(missed), "missed": missed,
        "loud": len(loud), "false": len(false), "false_by_rule": dict(Counter(item["rule"] for item in false)), "notices": len(found) - len(loud),
    }  # fmt: skip


def main(colleagues: int, seeds: int) -> int:
    """Measure and print; 1 where a misuse was missed."""
    told = [measure(colleagues, seed) for seed in range(seeds)]
    loud, false = sum(item["loud"] for item in told), sum(item["false"] for item in told)
    misuses, found = sum(item["misuses"] for item in told), sum(item["found"] for item in told)
    by_rule: Counter[str] = Counter()
    for item in told:
        by_rule.update(item["false_by_rule"])
    summary = {
        "colleagues": colleagues, "months": seeds, "events": sum(item["events"] for item in told), "person_days": sum(item["person_days"] for item in told),
        "recall": round(found / misuses, 3), "precision": round(1 - false / loud, 3), "false_a_thousand_person_days": round(1000 * false / sum(item["person_days"] for item in told), 2),
        "false_by_rule": dict(by_rule), "missed": sorted(rule for item in told for rule in item["missed"]),
    }  # fmt: skip
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return int(found < misuses)


if __name__ == "__main__":
    sys.exit(main(*(int(value) for value in (sys.argv[1:] + ["40", "5"][len(sys.argv) - 1 :]))))
