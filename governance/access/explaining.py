"""Why not: the rule nearest to a request, what it lacks for the caller, whether that can be asked for, and of whom.

Told from the policy and the caller's own role alone: no value, no count, nothing of the data. What law forbids can't be requested, and says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from governance.access import redline
from governance.access.firewall import MEDICAL, commercial
from governance.access.judge import ALONE, CompiledRule
from governance.access.policy import Policy
from governance.terms import MetricQuery, Text

Lack = Literal["role", "purpose", "metric", "dimension", "time"]
COSTS: dict[Lack, int] = {"time": 1, "purpose": 2, "dimension": 3, "metric": 4, "role": 8}
"""How far a rule is from a request: one that only begins tomorrow is nearer than one of another department."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The rule that comes nearest to allowing a request, or the one that denies it. `lacks` is empty for a denial.

    `requestable`: the committee could grant it; `told` says all of it in one sentence.
    """

    rule: str | None
    lacks: tuple[Lack, ...]
    requestable: bool
    whom: Text | None
    told: Text


def nearest_rule(role: str, purpose: str | None, query: MetricQuery, policy: Policy, *, today: dt.date) -> Nearest:
    """Return what stands between the role and the query. `policy` is the whole one, rules of other days included."""
    whom = _whom(role, policy)
    forbidden = _forbidden(role, query, policy)
    if forbidden is not None:
        return Nearest(rule=forbidden[0], lacks=(), requestable=False, whom=None, told=forbidden[1])
    live = policy.on(today).judge
    dimensions = query.named_dimensions() or (ALONE,)
    for metric in query.metrics:
        for dimension in dimensions:
            denial = next((item for item in live.matching(role, purpose or "", metric, dimension) if item.rule.effect == "deny"), None)
            if denial is not None:
                told = Text(zh=f"规则 {denial.rule.id} 明确拒绝：{denial.rule.reason.zh}", en=f"The rule {denial.rule.id} denies it: {denial.rule.reason.en}")
                return Nearest(rule=denial.rule.id, lacks=(), requestable=False, whom=whom, told=told)
    found = [(_lacks(item, role, purpose, query.metrics, dimensions, today), item) for item in policy.rules.values() if item.rule.effect == "allow"]
    found = [(lacks, item) for lacks, item in found if "metric" not in lacks or "role" not in lacks]
    if not found:
        told = Text(zh=f"没有任何规则开放它{_ask_zh(whom)}", en=f"No rule opens it to anyone{_ask_en(whom)}")
        return Nearest(rule=None, lacks=(), requestable=whom is not None, whom=whom, told=told)
    lacks, item = min(found, key=lambda pair: (sum(COSTS[lack] for lack in pair[0]), pair[1].rule.id))
    return Nearest(rule=item.rule.id, lacks=lacks, requestable=whom is not None, whom=whom, told=_told(item, lacks, policy, whom))


def _whom(role: str, policy: Policy) -> Text | None:
    found = policy.roles.get(role)
    return found.ask_instead.text() if found is not None and found.ask_instead is not None else None


def _forbidden(role: str, query: MetricQuery, policy: Policy) -> tuple[str, Text] | None:
    if redline.crosses(query, policy.vocabulary):
        return redline.RULE, Text(zh=f"法规禁止，任何人都不能申请。{redline.REASON.zh}", en=f"Law forbids it and nobody can request it. {redline.REASON.en}")
    medical = role in policy.roles and policy.roles[role].department in MEDICAL
    for metric in query.metrics:
        if medical and commercial(policy.vocabulary.metrics[metric]):
            return "firewall", Text(
                zh="医学与商业之间有防火墙，不能申请。", en="The firewall between medical and commercial forbids it; it can't be requested."
            )
    return None


def _lacks(
    compiled: CompiledRule, role: str, purpose: str | None, metrics: Sequence[str], dimensions: Sequence[str], today: dt.date
) -> tuple[Lack, ...]:
    rule = compiled.rule
    lacks: list[Lack] = []
    if role not in rule.roles:
        lacks.append("role")
    if purpose not in rule.purposes:
        lacks.append("purpose")
    if not set(metrics) <= compiled.metrics:
        lacks.append("metric")
    if any(name not in compiled.dimensions if name != ALONE else not rule.metric_alone for name in dimensions):
        lacks.append("dimension")
    if not ((rule.effective_from is None or rule.effective_from <= today) and (rule.effective_until is None or today < rule.effective_until)):
        lacks.append("time")
    return tuple(lacks)


def _told(item: CompiledRule, lacks: Sequence[Lack], policy: Policy, whom: Text | None) -> Text:
    rule = item.rule
    roles = [policy.roles[name].label for name in rule.roles]
    purposes = [policy.purposes[name].label for name in rule.purposes]
    said: dict[Lack, Text] = {
        "role": Text(zh=f"只对{'、'.join(label.zh for label in roles)}开放", en=f"is for {', '.join(label.en for label in roles)}"),
        "purpose": Text(zh=f"只限目的{'、'.join(label.zh for label in purposes)}", en=f"holds for the purposes {', '.join(label.en for label in purposes)}"),
        "metric": Text(zh="不含这个指标", en="does not contain the metric"),
        "dimension": Text(zh="不含这个维度", en="does not contain the dimension"),
        "time": Text(zh=f"有效期 {rule.effective_from or '…'} 至 {rule.effective_until or '…'}", en=f"holds from {rule.effective_from or '…'} until {rule.effective_until or '…'}"),
    }
    zh, en = "，".join(said[lack].zh for lack in lacks), " and ".join(said[lack].en for lack in lacks)
    return Text(zh=f"最接近的规则 {rule.id} {zh}{_ask_zh(whom)}", en=f"The nearest rule, {rule.id}, {en}{_ask_en(whom)}")


def _ask_zh(whom: Text | None) -> str:
    return f"；可向{whom.zh}申请。" if whom else "；无法申请。"


def _ask_en(whom: Text | None) -> str:
    return f"; it can be requested from {whom.en}." if whom else "; it can't be requested."
