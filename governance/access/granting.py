"""Temporary grants: what one person may ask beside the role, as rules that exist for this person alone and end by themselves.

A grant widens what may be asked and nothing else. Every row predicate and mask of the role's own rules stays, denials and limits still speak, the smallest group is
the largest of any rule that opens the metric to anybody, nothing leaves as a file and no question goes to the language model. What the red line, the firewall, a
denial or the protection of single persons forbids can't be granted at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from governance.access.firewall import MEDICAL, commercial
from governance.access.judge import ALONE, CompiledRule
from governance.access.redline import REASON
from governance.access.terms import DEFAULT_MINIMUM_GROUP
from governance.documents.access import Group, Mask, RowRule, Rule, Selection
from governance.documents.base import Words
from governance.terms import Actor, TemporaryGrant, Text

if TYPE_CHECKING:
    from governance.access.policy import Policy

NAMES = {"approved": "temporary_grant", "break_glass": "break_glass"}
WORDS = {
    "approved": (Words(zh="委员会批准的临时权限。", en="A temporary right that the committee approved."), Words(zh="临时权限，至 {until} 止", en="temporary right, until {until}")),
    "break_glass": (Words(zh="应急权限，事后复核。", en="An emergency right, reviewed afterwards."), Words(zh="应急权限，事后复核", en="emergency right, reviewed afterwards")),
}


def rule_id(grant: TemporaryGrant) -> str:
    """Return how answers, refusals and the ledger call the grant."""
    return f"{NAMES[grant.kind]}_{grant.id}"


def with_grants(policy: Policy, actor: Actor) -> Policy:
    """Return the policy with a rule for each of the caller's grants that counts for the caller's role. The terms of the grants are the policy's of this moment."""
    added = {}
    for grant in actor.grants:
        # A rule of the bundle that has the grant's name is no grant's to replace: it may be a denial.
        if grant.role == actor.role and rule_id(grant) not in policy.rules and obstacle(policy, grant.role, grant.purpose, grant.metrics, grant.dimensions) is None:
            compiled = _rule(policy, grant)
            added[compiled.rule.id] = compiled
    return policy.with_rules({**policy.rules, **added}) if added else policy


def obstacle(policy: Policy, role: str, purpose: str, metrics: Sequence[str], dimensions: Sequence[str]) -> Text | None:
    """Return why nobody can grant this, in both languages; None where the committee could."""
    vocabulary, found = policy.vocabulary, policy.roles.get(role)
    unknown = [name for name in metrics if name not in vocabulary.metrics or name in policy.gone] + [name for name in dimensions if name not in vocabulary.dimensions]
    if unknown or not metrics:
        return Text(zh=f"没有这些指标或维度：{'、'.join(unknown)}。", en=f"There is no such metric or dimension: {', '.join(unknown)}.")
    if found is None or purpose not in found.purposes:
        return Text(zh="您的角色不能以此目的提问；目的只能通过修改策略包开放。", en="Your role may not ask for this purpose; only a change of the bundle opens a purpose.")
    for name in metrics:
        facts = vocabulary.metrics[name]
        if facts.prescribing and any(vocabulary.dimensions[item].about_person for item in dimensions):
            return Text(zh=f"法规禁止，任何人都不能申请。{REASON.zh}", en=f"Law forbids it and nobody can request it. {REASON.en}")
        if found.department in MEDICAL and commercial(facts):
            return Text(zh="医学与商业之间有防火墙，不能申请。", en="The firewall between medical and commercial forbids it; it can't be requested.")
        denial = next((item for by in (ALONE, *dimensions) for item in policy.judge.matching(role, purpose, name, by) if item.rule.effect == "deny"), None)
        if denial is not None:
            return Text(zh=f"规则 {denial.rule.id} 明确拒绝：{denial.rule.reason.zh}", en=f"The rule {denial.rule.id} denies it: {denial.rule.reason.en}")
        unsound = [item for item in dimensions if item not in facts.offered]
        if unsound:
            shown = [vocabulary.dimensions[item].label for item in unsound]
            return Text(
                zh=f"“{facts.label.zh}”不能按{'、'.join(label.zh for label in shown)}查看。", en=f"“{facts.label.en}” can't be asked by {', '.join(label.en for label in shown)}."
            )
    single = [vocabulary.dimensions[item].label for item in dimensions if vocabulary.dimensions[item].identifying]
    if single:
        return Text(zh=f"{single[0].zh}属于个人层面的数据，不能临时开放。", en=f"{single[0].en} is about single persons; it is never opened for a time.")
    return None


def smallest_group(policy: Policy, role: str, metrics: Sequence[str]) -> Group:
    """Return the group that a grant of these metrics requires: the largest that the role, or any rule that allows one of the metrics to anybody, requires."""
    usual = Group(entity=policy.person, k=DEFAULT_MINIMUM_GROUP)
    groups = [policy.roles[role].minimum_group or usual]
    for item in policy.rules.values():
        if item.rule.effect == "allow" and item.metrics & set(metrics):
            others = [policy.roles[name].minimum_group or usual for name in item.rule.roles if name in policy.roles]
            groups += [item.rule.minimum_group] if item.rule.minimum_group is not None else others
    return max(groups, key=lambda group: group.k)


def rows_of(policy: Policy, role: str) -> tuple[RowRule, ...]:
    """Return every row predicate of the role's own rules, limits included, each once: a grant opens no row that one of them would close."""
    return tuple(dict.fromkeys(row for item in policy.rules.values() if role in item.rule.roles for row in item.rule.rows))


def masks_of(policy: Policy, role: str, dimensions: Sequence[str]) -> tuple[Mask, ...]:
    """Return all masks that the role's own rules lay on the dimensions, or on a coarser one that they would tell, and on what the masks show instead."""
    own = tuple(dict.fromkeys(mask for item in policy.rules.values() if role in item.rule.roles for mask in item.rule.masks))
    known, found, names = policy.vocabulary.dimensions, dict[Mask, None](), list(dimensions)
    for name in names:  # grows by what the masks show
        for mask in own:
            if mask.dimension == name or (name in known and mask.dimension in known[name].coarser):
                found[mask.model_copy(update={"dimension": name})] = None
                if mask.to is not None and mask.to not in names:
                    names.append(mask.to)
    return tuple(found)


def _rule(policy: Policy, grant: TemporaryGrant) -> CompiledRule:
    masks = masks_of(policy, grant.role, grant.dimensions)
    shown = tuple(mask.to for mask in masks if mask.to is not None)
    reason, obligation = WORDS[grant.kind]
    until = grant.until.isoformat()
    rule = Rule(
        id=rule_id(grant),
        roles=(grant.role,),
        effect="allow",
        metrics=Selection(names=grant.metrics),
        dimensions=Selection(names=tuple(dict.fromkeys((*grant.dimensions, *shown)))),
        purposes=(grant.purpose,),
        rows=rows_of(policy, grant.role),
        minimum_group=smallest_group(policy, grant.role, grant.metrics),
        masks=masks,
        export=False,
        model_egress=False,
        effective_from=grant.since,
        effective_until=grant.until,
        reason=reason,
        obligation=Words(zh=obligation.zh.format(until=until), en=obligation.en.format(until=until)),
    )
    return CompiledRule(rule=rule, metrics=frozenset(grant.metrics), dimensions=frozenset(rule.dimensions.names))
