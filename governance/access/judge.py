"""casbin decides: one request per (role, purpose, metric, dimension), deny overrides, silence and errors deny.

The matcher is fixed text of ours and calls one function over sets that were compiled when the policy was loaded; no policy text is ever evaluated.
It is the reference: requests are answered by the compiled `snapshot.Snapshot`, which activation and property tests hold equal to it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from governance.documents.access import Rule

EFFECTS = ("allow", "deny", "limit")
"""What a rule can do. casbin counts a `limit` neither as an allowance nor as a denial: it only brings obligations."""
ALONE = "-"
"""Stands for a question about the metric without any dimension."""

_MODEL = """
[request_definition]
r = role, purpose, metric, dimension

[policy_definition]
p = rule, eft

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = covers(p.rule, r.role, r.purpose, r.metric, r.dimension)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with its selections resolved to names."""

    rule: Rule
    metrics: frozenset[str]
    dimensions: frozenset[str]

    def covers(self, role: str, purpose: str, metric: str, dimension: str) -> bool:
        return (
            role in self.rule.roles
            and purpose in self.rule.purposes
            and metric in self.metrics
            and (dimension in self.dimensions if dimension != ALONE else self.rule.metric_alone)
        )


class Judge:
    """Allow or deny for one immutable set of rules."""

    def __init__(self, rules: Mapping[str, CompiledRule]) -> None:
        import casbin

        model = casbin.Model()
        model.load_model_from_text(_MODEL)
        self._rules = dict(rules)
        self._enforcer = casbin.Enforcer(model)
        self._enforcer.enable_auto_save(auto_save=False)
        for name, compiled in self._rules.items():
            if compiled.rule.effect not in EFFECTS or not self._enforcer.add_policy(name, compiled.rule.effect):
                raise ValueError(f"rule {name} can't be compiled")
        self._enforcer.add_function("covers", self._covers)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str, str], bool] = {}

    def _covers(self, rule: str, role: str, purpose: str, metric: str, dimension: str) -> bool:
        return self._rules[rule].covers(role, purpose, metric, dimension)

    def allows(self, role: str, purpose: str, metric: str, dimension: str = ALONE) -> bool:
        """Return casbin's decision; anything that goes wrong while deciding is a denial."""
        if not (role and purpose and metric and dimension):
            return False
        key = (role, purpose, metric, dimension)
        known = self._known.get(key)
        if known is None:
            with self._lock:
                try:
                    known = self._enforcer.enforce(*key) is True
                except Exception:  # noqa: BLE001 - an erroring rule denies, whatever the error
                    return False
                self._known[key] = known
        return known

    def matching(self, role: str, purpose: str, metric: str, dimension: str) -> list[CompiledRule]:
        """Return the rules that speak about the request, denials included; the grants among them bring the obligations."""
        return [compiled for compiled in self._rules.values() if compiled.covers(role, purpose, metric, dimension)]
