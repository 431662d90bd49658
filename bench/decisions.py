"""One access decision with 10,000 rules, beside casbin asked directly and cedarpy.

    python -m bench.decisions [--rules 10000] [--rounds 20000] [--peer /path/to/python]

Ours is the compiled snapshot's allow or deny, then the rules that it rests on, then a whole `authorize` of one metric by one dimension. casbin is asked with the same rules
and the same matcher (`governance.access.judge`), each request new to it. `--peer` names an interpreter that has cedarpy; its policies are the same rules, parsed once.
The claim: a decision costs under 10 µs (median) and 50 µs (p99).

`reference_us` is a fixed loop of Python's own (the sum of a thousand numbers) timed in between, and `cpu_us` the processor time of one call on average: a run on a slow
or busy machine shows in both, so that two runs can be told from two versions.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from governance.access.authorize import authorize
from governance.access.judge import CompiledRule, Judge
from governance.access.policy import Policy
from governance.access.snapshot import Snapshot
from governance.access.vocabulary import DimensionFacts, MetricFacts, Vocabulary
from governance.documents.access import Group, Purpose, Role, Rule, Selection
from governance.documents.base import Words
from governance.terms import Actor, MetricQuery, Text

RESULTS = Path(__file__).resolve().parent / "results" / "decisions.json"
ROLES = [f"role_{index}" for index in range(50)]
PURPOSES = [f"purpose_{index}" for index in range(6)]
METRICS = [f"metric_{index}" for index in range(300)]
DIMENSIONS = [f"dimension_{index}" for index in range(40)]
PEER = r"""
import json, statistics, sys, time, cedarpy
data = json.loads(sys.stdin.read())
def of(kind, names): return "[" + ", ".join('%s::"%s"' % (kind, name) for name in names) + "]"
text = "\n".join(
    '%s(principal, action, resource) when { %s.contains(principal) && %s.contains(action) && %s.contains(resource) && context.dimension in_list };'.replace("context.dimension in_list", "[%s].contains(context.dimension)" % ", ".join('"%s"' % d for d in rule["dimensions"]))
    % ("permit" if rule["effect"] == "allow" else "forbid", of("Role", rule["roles"]), of("Action", rule["purposes"]), of("Metric", rule["metrics"]))
    for rule in data["rules"])
parsed = cedarpy.PolicySet.from_str(text)
spent, allowed = [], []
for role, purpose, metric, dimension in data["requests"]:
    request = {"principal": 'Role::"%s"' % role, "action": 'Action::"%s"' % purpose, "resource": 'Metric::"%s"' % metric, "context": {"dimension": dimension}}
    begun = time.perf_counter()
    found = cedarpy.is_authorized(request, parsed, [])
    spent.append((time.perf_counter() - begun) * 1e6)
    allowed.append(found.allowed)
print(json.dumps({"median_us": statistics.median(spent), "p99_us": sorted(spent)[int(len(spent) * 0.99)], "allowed": allowed}))
"""


def random_rules(count: int, seed: int) -> dict[str, CompiledRule]:
    """Return rules as a large company would have them: one or two roles, some purposes, a handful of metrics and dimensions; one in twenty denies."""
    chance = random.Random(seed)
    reason, out = Words(zh="x", en="x"), {}
    for index in range(count):
        rule = Rule(
            id=f"rule_{index}", roles=tuple(chance.sample(ROLES, chance.choice([1, 1, 2]))), effect="deny" if index % 20 == 0 else "allow", metrics=Selection(),
            purposes=tuple(chance.sample(PURPOSES, chance.choice([1, 2]))), reason=reason, minimum_group=Group(entity="hcp", k=chance.choice([5, 10])) if index % 20 else None,
        )
        out[rule.id] = CompiledRule(
            rule=rule, metrics=frozenset(chance.sample(METRICS, chance.randint(1, 12))), dimensions=frozenset(chance.sample(DIMENSIONS, chance.randint(1, 12)))
        )
    return out


def random_requests(count: int, seed: int) -> list[tuple[str, str, str, str]]:
    chance = random.Random(seed)
    return [(chance.choice(ROLES), chance.choice(PURPOSES), chance.choice(METRICS), chance.choice(DIMENSIONS)) for _ in range(count)]


def timed(work: Callable[[Any], object], items: list[Any]) -> dict[str, float]:
    """Return median and 99th percentile in microseconds of one call each, and the processor time of one on average."""
    for item in items[:200] if len(items) > 200 else []:
        work(item)
    spent, busy = [], time.process_time()
    for item in items:
        begun = time.perf_counter_ns()
        work(item)
        spent.append((time.perf_counter_ns() - begun) / 1000)
    busy = (time.process_time() - busy) / len(items) * 1e6
    return {"median_us": round(statistics.median(spent), 2), "p99_us": round(sorted(spent)[int(len(spent) * 0.99)], 2), "cpu_us": round(busy, 2)}


def reference() -> float:
    """Return the median microseconds of a loop that never changes."""
    return timed(lambda numbers: sum(number * 3 for number in numbers), [range(1000)] * 500)["median_us"]


def whole_policy(rules: dict[str, CompiledRule]) -> Policy:
    name = Words(zh="x", en="x")
    metrics = {
        item: MetricFacts(
            id=item, label=Text(zh=item, en=item), stage="s", tags=frozenset(), prescribing=False, person="hcp", ignores_consent=False, dimensions=tuple(DIMENSIONS)
        )
        for item in METRICS
    }
    dimensions = {item: DimensionFacts(id=item, label=Text(zh=item, en=item), tags=frozenset(), about_person=False, identifying=False) for item in DIMENSIONS}
    return Policy(
        roles=MappingProxyType({item: Role(id=item, label=name, department=item, purposes=tuple(PURPOSES)) for item in ROLES}),
        purposes=MappingProxyType({item: Purpose(id=item, label=name) for item in PURPOSES}),
        rules=MappingProxyType(rules),
        vocabulary=Vocabulary(metrics=MappingProxyType(metrics), dimensions=MappingProxyType(dimensions)),
        version="bench",
        judge=Snapshot.compile(rules.values()),
        person="hcp",
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--casbin-rounds", type=int, default=60)
    parser.add_argument("--peer", help="an interpreter that has cedarpy")
    given = parser.parse_args(arguments)
    rules = random_rules(given.rules, seed=5)
    begun = time.perf_counter()
    snapshot = Snapshot.compile(rules.values())
    compiled_s = time.perf_counter() - begun
    requests = random_requests(given.rounds, seed=6)
    result: dict[str, Any] = {"rules": given.rules, "requests": given.rounds, "compile_s": round(compiled_s, 3), "reference_us": reference()}
    result["snapshot"] = timed(lambda item: snapshot.allows(*item), requests)
    result["with_its_rules"] = timed(lambda item: snapshot.matching(*item), requests)
    policy, today = whole_policy(rules).compiled(), dt.date(2026, 11, 15)
    granted = [item for item in requests if snapshot.allows(*item)]
    asked = [(Actor(id="a", role=role, department=role), purpose, MetricQuery(metrics=(metric,), group_by=(dimension,))) for role, purpose, metric, dimension in granted]
    result["authorize_granted"] = timed(lambda item: authorize(item[0], item[1], item[2], policy, today=today, reach=lambda *_: True), asked * max(1, 4000 // max(1, len(asked))))
    judge = Judge(rules)
    few = random_requests(given.casbin_rounds, seed=7)
    for item in few:
        if judge.allows(*item) is not snapshot.allows(*item):
            raise SystemExit(f"the snapshot differs from casbin at {item}")
    result["casbin"] = timed(lambda item: Judge.allows(judge, *item), random_requests(30, seed=8))  # requests that it has not remembered
    if given.peer:
        payload = {
            "rules": [
                {"effect": item.rule.effect, "roles": item.rule.roles, "purposes": item.rule.purposes, "metrics": sorted(item.metrics), "dimensions": sorted(item.dimensions)}
                for item in rules.values()
            ],
            "requests": few[:20],
        }
        done = subprocess.run([given.peer, "-c", PEER], input=json.dumps(payload), capture_output=True, text=True, check=True)
        peer = json.loads(done.stdout)
        if peer.pop("allowed") != [snapshot.allows(*item) for item in few[:20]]:
            raise SystemExit("the snapshot differs from cedarpy")
        result["cedarpy"] = {name: round(value, 2) for name, value in peer.items()}
    result |= {"load": round(os.getloadavg()[0], 1), "cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    print(json.dumps(result, indent=2))
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
