"""Decisions against an evaluator of our documentation, and the compiled snapshot against casbin, on random bundles."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.access.authorize import authorize
from governance.access.cases import own_dimension_only
from governance.access.judge import ALONE, CompiledRule, Judge
from governance.access.policy import Policy, build_policy
from governance.access.snapshot import Snapshot
from governance.access.vocabulary import DimensionFacts, MetricFacts, Vocabulary
from governance.documents.access import AccessDocument, Rule, Selection
from governance.documents.base import Words
from governance.documents.reading import Read
from governance.errors import BundleError
from governance.terms import Actor, DimensionScope, Filter, MetricQuery, Refusal, Text
from tests.soundness import policy_oracle as oracle

RESULTS = Path(__file__).parents[2] / "bench" / "results" / "policy_decisions.json"
VOCABULARY = Vocabulary(
    metrics=MappingProxyType(
        {
            name: MetricFacts(
                id=name, label=Text(zh=name, en=name), stage=facts["stage"], tags=frozenset(facts["tags"]), prescribing=facts["prescribing"], person="hcp",
                ignores_consent=False, dimensions=tuple(facts["by"]),
            )
            for name, facts in oracle.METRICS.items()
        }
    ),
    dimensions=MappingProxyType(
        {
            name: DimensionFacts(
                id=name, label=Text(zh=name, en=name), tags=frozenset(facts["tags"]), about_person=facts["person"], identifying=facts["identifying"],
                coarser=frozenset(oracle.COARSER.get(name, ())),
            )
            for name, facts in oracle.DIMENSIONS.items()
        }
    ),
)


def policy_of(bundle: dict[str, Any]) -> Policy:
    document = AccessDocument.model_validate(bundle)
    return build_policy([Read(document=document, file="access/random.yaml", lines={})], VOCABULARY, version="random", person="hcp")


def ours(policy: Policy, request: dict[str, Any]) -> Any:
    where = (Filter(dimension="region", op="in", values=tuple(request["regions"])),) if request["regions"] else ()
    query = MetricQuery(metrics=tuple(request["metrics"]), group_by=tuple(request["group_by"]), where=where)
    actor = Actor(id="someone", role=request["role"], department=request["role"], attributes=MappingProxyType(request["attributes"]))
    found = authorize(actor, request["purpose"], query, policy, today=dt.date.fromisoformat(request["day"]), reach=own_dimension_only)
    if isinstance(found, Refusal):
        return found.code
    scopes = {(scope.dimension, scope.values) for scope in found.scopes if isinstance(scope, DimensionScope)}
    return found.minimum_group.k, scopes, set(found.rules), found.query.group_by, found.export, found.model_egress


def compare(count: int, seed: int, requests: int = 10) -> dict[str, int]:
    """Compare `count` random decisions; the bundle changes every `requests`."""
    chance = random.Random(seed)
    seen: dict[str, int] = {}
    for index in range(count):
        if index % requests == 0:
            made = oracle.Random(chance)
            bundle = made.bundle()
            policy = policy_of(bundle)
        request = made.request()
        expected, got = oracle.decide(bundle, request), ours(policy, request)
        assert got == expected, f"{request} under {json.dumps(bundle)}"
        kind = got if isinstance(got, str) else "granted"
        for name in (kind, *(["masked"] if kind == "granted" and list(got[3]) != request["group_by"] else [])):
            seen[name] = seen.get(name, 0) + 1
    return seen


def test_two_thousand_decisions_of_random_bundles_equal_an_independent_evaluator():
    seen = compare(2_000, seed=1)
    assert min(seen.get(kind, 0) for kind in ("granted", "masked", "metric_not_allowed", "dimension_not_allowed", "purpose_not_allowed", "individual_level", "row_scope")) >= 3


@pytest.mark.long
def test_a_hundred_thousand_decisions_of_random_bundles_equal_an_independent_evaluator():
    seen = compare(100_000, seed=2)
    RESULTS.write_text(json.dumps({"decisions": 100_000, "different": 0, "seed": 2, "kinds": dict(sorted(seen.items()))}, indent=2) + "\n", encoding="utf-8")


NAMES = st.sampled_from(["a", "b", "c"])
SUBSET = st.frozensets(NAMES)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, CompiledRule]:
    out = {}
    for index in range(draw(st.integers(0, 6))):
        rule = Rule(
            id=f"rule_{index}", roles=tuple(draw(st.frozensets(NAMES, min_size=1))), effect=draw(st.sampled_from(["allow", "deny", "limit"])), metrics=Selection(),
            metric_alone=draw(st.booleans()), purposes=tuple(draw(st.frozensets(NAMES, min_size=1))), reason=Words(zh="x", en="x"),
        )
        out[rule.id] = CompiledRule(rule=rule, metrics=draw(SUBSET), dimensions=draw(SUBSET))
    return out


@settings(max_examples=150, deadline=None)
@given(rules=rules())
def test_the_compiled_snapshot_decides_every_request_as_casbin_does(rules):
    judge, snapshot = Judge(rules), Snapshot.compile(rules.values())
    for role in ("a", "b", "x", ""):
        for purpose in ("a", "c"):
            for metric in ("a", "b"):
                for dimension in ("a", "c", ALONE, ""):
                    assert snapshot.allows(role, purpose, metric, dimension) is judge.allows(role, purpose, metric, dimension)
                    if dimension:
                        assert snapshot.matching(role, purpose, metric, dimension) == judge.matching(role, purpose, metric, dimension)
    assert snapshot.prove(sample=20, seed=1) is None


def test_a_snapshot_that_differs_from_casbin_is_found():
    reason = Words(zh="x", en="x")
    allow = Rule(id="allow", roles=("r",), effect="allow", metrics=Selection(), purposes=("p",), reason=reason)
    deny = allow.model_copy(update={"id": "deny", "effect": "deny"})
    names = frozenset({"m"})
    good = Snapshot.compile([CompiledRule(rule=rule, metrics=names, dimensions=names) for rule in (allow, deny)])
    broken = Snapshot(good.rules, {names: replace(pair, denials=0) for names, pair in good.pairs.items()})
    assert good.prove(sample=0, seed=1) is None
    assert broken.prove(sample=0, seed=1) is not None


@pytest.mark.parametrize("text", ["__import__('os').system('true')", "r.role == 'x') || (1 == 1", "eval(p.rule)", "$actor.__class__", "{{7*7}}", "' OR 1=1 --"])
def test_policy_text_is_never_evaluated(text):
    bundle = oracle.Random(random.Random(3)).bundle()
    bundle["rules"] = [
        {
            "id": "only", "roles": ["marketing"], "effect": "allow", "purposes": ["analysis"], "metrics": {"all": True}, "dimensions": {"all": True}, "reason": text,
            "rows": [{"dimension": "region", "values": [text]}],
        }
    ]
    bundle["roles"][0]["purposes"] = ["analysis"]
    policy = policy_of(bundle)
    request = {"role": "marketing", "attributes": {}, "purpose": "analysis", "metrics": ["touches"], "group_by": [], "regions": [], "day": "2026-11-15"}
    k, scopes, names, *_ = ours(policy, request)
    assert names == {"only"}
    assert scopes in ({("region", (text,))}, {("region", ())})
    assert ours(policy, request | {"role": "other"})[:3] != (k, scopes, names)
    for field, value in (("id", text), ("effect", text), ("roles", [text])):
        with pytest.raises((ValueError, BundleError)):
            policy_of({**bundle, "rules": [{**bundle["rules"][0], field: value}]})
