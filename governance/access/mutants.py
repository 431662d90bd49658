"""Every way to break a policy, and which of them no case notices.

A suite that stays green whatever a rule says has not tested the rule. So each rule is deleted and flipped, and of everything that it says one thing at a time is
taken away or turned round: purposes, roles, what its selections leave out, row predicates, masks, minimum group, rights, obligation, its first and last day. Of each
role the group and the rights, and of the whole bundle the red line. A change that can't be noticed, since no request is decided otherwise, is none. Which of many
metrics and dimensions a rule takes in is the matter of the difference in words and of the impact report.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from governance.access import redline
from governance.access.cases import Prepared, run
from governance.access.comparing import shifts
from governance.access.judge import CompiledRule
from governance.access.policy import Policy, selected
from governance.documents.access import Group, Role, Rule
from governance.terms import Text

T = TypeVar("T")
RIGHTS = (("export", "导出", "export"), ("model_egress", "送语言模型", "model egress"))
OF_BUNDLE = "red_line"
"""The `change` of the mutant that is about no single rule or role."""
FROM_THE_START = ("delete", "flip", "row_", "mask_", "export", "model_egress", "k", "role_export", "role_k")
"""How the changes begin (or are called) that every rule and role of a bundle must be tested for, however old it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One way to break a policy: `rule` (or role) changed in the way `change`. `against`: the sound policy of the same rules and roles, where the two may decide alike."""

    rule: str
    change: str
    text: Text
    policy: Policy
    roles: frozenset[str]
    against: Policy | None = None


def unnoticed(cases: Sequence[Prepared], policy: Policy, *, today: dt.date) -> tuple[int, list[Mutant]]:
    """Return how many mutants there are, and those that no case notices. The cases are those that pass under the policy itself."""
    count, left = 0, []
    for mutant in mutants(policy):
        seen = any(case.actor.role in mutant.roles and run(case, mutant.policy, today=today).why for case in cases)
        if not seen and _alike(mutant, today):
            continue
        count += 1
        if not seen:
            left.append(mutant)
    return count, left


def always_asked(change: str) -> bool:
    """Return whether a bundle is held against the change even where the bundle in force has the same gap."""
    return any(change == name or (name.endswith("_") and change.startswith(name)) for name in FROM_THE_START)


def _alike(mutant: Mutant, today: dt.date) -> bool:
    return mutant.against is not None and next(shifts(mutant.against, mutant.policy, today=today), None) is None


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Yield every broken policy: one thing of one rule or role at a time, and the red line."""
    for name, compiled in policy.rules.items():
        yield from _Breaking(policy, name, compiled).all()
    for name, role in policy.roles.items():
        yield from _of_role(policy, name, role)
    yield from _of_red_line(policy)


class _Breaking:
    """The ways to break one rule. Only rules of the same roles can speak in the same request: the others are left aside."""

    def __init__(self, policy: Policy, name: str, compiled: CompiledRule) -> None:
        self._policy, self._name, self._compiled, self._rule = policy, name, compiled, compiled.rule
        self._roles = frozenset(compiled.rule.roles)
        self._near = {other: item for other, item in policy.rules.items() if self._roles & set(item.rule.roles)}
        here = MappingProxyType({role: item for role, item in policy.roles.items() if role in self._roles})
        self._sound = replace(policy, roles=here).with_rules(self._near)

    def all(self) -> Iterator[Mutant]:
        rule = self._rule
        yield self._mutant("delete", "整条删除", "deleted", None)
        if rule.effect != "limit":
            yield self._broken("flip", "允许与拒绝互换", "effect flipped", effect="deny" if rule.effect == "allow" else "allow")
        for index in range(len(rule.rows)):
            yield self._broken(f"row_{index}", f"去掉第 {index + 1} 个行范围", f"row predicate {index + 1} dropped", rows=_without(rule.rows, index))
        for index, mask in enumerate(rule.masks):
            yield self._broken(f"mask_{index}", f"去掉对 {mask.dimension} 的遮蔽", f"mask of {mask.dimension} dropped", masks=_without(rule.masks, index))
        for right, zh, en in RIGHTS:
            if getattr(rule, right) is not None:
                yield self._broken(right, f"{zh}的权限反转", f"{en} turned round", **{right: None if rule.effect == "limit" else not getattr(rule, right)})
        if rule.minimum_group is not None and rule.minimum_group.k > 1 and rule.effect != "deny":
            group = _smaller(rule.minimum_group)
            yield self._broken("k", f"最小组 {rule.minimum_group.k} 改为 {group.k}", f"minimum group {rule.minimum_group.k} lowered to {group.k}", minimum_group=group)
        if rule.obligation is not None and rule.effect != "deny":
            yield self._broken("obligation", "去掉义务说明", "obligation dropped", obligation=None)
        for bound, zh, en in (("effective_from", "生效日", "first day"), ("effective_until", "失效日", "last day")):
            if getattr(rule, bound) is not None:
                yield self._broken(bound, f"去掉{zh}", f"{en} dropped", **{bound: None})
        yield from self._whom()
        yield from self._what()

    def _whom(self) -> Iterator[Mutant]:
        rule = self._rule
        for what, zh, en in (("purposes", "目的", "purpose"), ("roles", "角色", "role")):
            names: tuple[str, ...] = getattr(rule, what)
            for index, name in enumerate(names if len(names) > 1 else ()):
                yield self._alike(f"{what}_{name}", f"去掉{zh} {name}", f"{en} {name} dropped", rule.model_copy(update={what: _without(names, index)}))

    def _what(self) -> Iterator[Mutant]:
        rule = self._rule
        parts = (("without", "不再排除", "no longer leaves out"), ("without_tags", "不再排除带标签的", "no longer leaves out the tag"))
        for field in ("metrics", "dimensions"):
            selection = getattr(rule, field)
            for part, zh, en in parts:
                names: tuple[str, ...] = getattr(selection, part)
                for index, name in enumerate(names):
                    changed = rule.model_copy(update={field: selection.model_copy(update={part: _without(names, index)})})
                    yield self._alike(f"{field}_{part}_{name}", f"{zh} {name}", f"{en} {name}", changed)
        if not rule.metric_alone:
            yield self._alike("metric_alone", "也能单独询问指标", "speaks about the metric without a dimension too", rule.model_copy(update={"metric_alone": True}))

    def _broken(self, change: str, zh: str, en: str, **update: object) -> Mutant:
        return self._mutant(change, zh, en, replace(self._compiled, rule=self._rule.model_copy(update=update)))

    def _alike(self, change: str, zh: str, en: str, changed: Rule) -> Mutant:
        """Return a mutant that may decide as the rule does: what a selection loses another part of it may keep, and other rules may say the same."""
        mutant = self._mutant(change, zh, en, selected(changed, self._policy.vocabulary))
        return replace(mutant, against=self._sound)

    def _mutant(self, change: str, zh: str, en: str, mutated: CompiledRule | None) -> Mutant:
        name = self._name
        rules = {other: item for other, item in self._near.items() if other != name} if mutated is None else {**self._near, name: mutated}
        return Mutant(rule=name, change=change, text=Text(zh=f"{name}：{zh}", en=f"{name}: {en}"), policy=self._sound.with_rules(rules), roles=self._roles)


def _without(items: Sequence[T], index: int) -> tuple[T, ...]:
    return (*items[:index], *items[index + 1 :])


def _smaller(group: Group) -> Group:
    return group.model_copy(update={"k": group.k - 1})


def _of_role(policy: Policy, name: str, role: Role) -> Iterator[Mutant]:
    mine = [item.rule for item in policy.rules.values() if name in item.rule.roles and item.rule.effect == "allow"]
    for right, zh, en in RIGHTS:
        if any(getattr(rule, right) is None for rule in mine):
            turned = not getattr(role, right)
            said = ("给予", "given") if turned else ("不再", "taken away")
            yield _role(policy, role, f"role_{right}", Text(zh=f"角色 {name}：{said[0]}{zh}", en=f"role {name}: {en} {said[1]}"), {right: turned})
    if role.minimum_group is not None and role.minimum_group.k > 1 and any(rule.minimum_group is None for rule in mine):
        group = _smaller(role.minimum_group)
        text = Text(zh=f"角色 {name}：最小组 {role.minimum_group.k} 改为 {group.k}", en=f"role {name}: minimum group {role.minimum_group.k} lowered to {group.k}")
        yield _role(policy, role, "role_k", text, {"minimum_group": group})


def _role(policy: Policy, role: Role, change: str, text: Text, update: Mapping[str, object]) -> Mutant:
    roles = MappingProxyType({**policy.roles, role.id: role.model_copy(update=dict(update))})
    return Mutant(rule=role.id, change=change, text=text, policy=replace(policy, roles=roles), roles=frozenset({role.id}))


def _of_red_line(policy: Policy) -> Iterator[Mutant]:
    """Yield the policy as if no metric were about prescribing: the code's own list of columns knows one company's tables only."""
    vocabulary = policy.vocabulary
    marked = any(facts.prescribing for facts in vocabulary.metrics.values())
    if not marked or not any(facts.about_person for facts in vocabulary.dimensions.values()):
        return
    metrics = {name: replace(facts, prescribing=False) for name, facts in vocabulary.metrics.items()}
    text = Text(zh=f"红线：“{redline.PRESCRIBING}”标签不起作用", en=f"the red line: the tag “{redline.PRESCRIBING}” has no effect")
    yield Mutant(
        rule=redline.RULE, change=OF_BUNDLE, text=text, policy=replace(policy, vocabulary=replace(vocabulary, metrics=MappingProxyType(metrics))), roles=frozenset(policy.roles)
    )
