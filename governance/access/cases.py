"""Policy cases as a gate: every case passes, and every way to break a rule is noticed by one of them.

A suite that stays green whatever a rule says has not tested the rule. So each rule is deleted, its effect flipped, each of its row predicates dropped and its
minimum group lowered, each mask dropped, each right turned round, and so are each role's group and rights; what no case notices is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from governance.access.authorize import authorize
from governance.access.judge import CompiledRule
from governance.access.policy import Policy
from governance.documents.access import Group
from governance.documents.cases import CasePerson, CasesDocument, ExpectedScope, PolicyCase
from governance.documents.reading import Read
from governance.errors import InvalidQuery, Problem, nearest
from governance.terms import Actor, DimensionScope, Grant, MetricQuery, Refusal, RowScope, Text, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A case made ready: its caller, and its query, or the code with which language alone refused it, or what is wrong with it."""

    case: PolicyCase
    where: str
    actor: Actor
    query: MetricQuery | None
    refused: str | None = None
    unread: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A case's verdict; `why` is empty when it passed."""

    case: PolicyCase
    where: str
    why: tuple[Text, ...]
    k: int | None = None
    """The minimum group that was decided, where nothing else differs from the expectation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One way to break a policy: `rule` (or role) changed in the way `change`."""

    rule: str
    change: str
    text: Text
    policy: Policy
    roles: frozenset[str]


def check_cases(reads: Sequence[Read[CasesDocument]], policy: Policy) -> list[Problem]:
    """Return unknown names and doubled ids in the cases, with their lines."""
    problems: list[Problem] = []
    people: dict[str, str] = {}
    for read in reads:
        for name, person in read.document.people.items():
            where = read.where("people", name)
            if name in people:
                problems.append(Problem(where=where, message=f"{name} is described twice, first at {people[name]}"))
            people.setdefault(name, where)
            if person.role not in policy.roles:
                problems.append(Problem(where=where, message=f"unknown role {person.role!r}.{nearest(person.role, policy.roles)}"))
    seen: dict[str, str] = {}
    for read in reads:
        for index, case in enumerate(read.document.cases):
            where = read.where("cases", index, "id")
            if case.id in seen:
                problems.append(Problem(where=where, message=f"the case {case.id!r} is given twice, first at {seen[case.id]}"))
            seen.setdefault(case.id, where)
            if case.who not in people:
                problems.append(Problem(where=read.where("cases", index, "who"), message=f"nobody is called {case.who!r}.{nearest(case.who, people)}"))
            if case.purpose is not None and case.purpose not in policy.purposes:
                message = f"unknown purpose {case.purpose!r}.{nearest(case.purpose, policy.purposes)}"
                problems.append(Problem(where=read.where("cases", index, "purpose"), message=message))
            for rule in case.expect.rules or ():
                if rule not in policy.rules:
                    message = f"unknown rule {rule!r}.{nearest(rule, policy.rules)}"
                    problems.append(Problem(where=read.where("cases", index, "expect", "rules"), message=message))
    return problems


def caller(case: PolicyCase, people: Mapping[str, CasePerson], policy: Policy) -> Actor:
    """Return the case's invented caller."""
    person = people[case.who]
    role = policy.roles.get(person.role)
    return Actor(
        id=f"case:{case.who}", role=person.role, department=role.department if role else "", attributes=MappingProxyType(dict(person.attributes)), via="local_admin"
    )


def own_dimension_only(scope: RowScope, dimension: str, value: Value) -> bool:
    """Say whether a value lies in a scope without looking at any data: only a scope on the same dimension can tell."""
    return not (isinstance(scope, DimensionScope) and scope.dimension == dimension and value not in scope.values)


# ------------------------------------------------------------------ running


def run(prepared: Prepared, policy: Policy, *, today: dt.date) -> Outcome:
    """Judge one case under a policy."""
    day = prepared.case.day or today
    why = tuple(_differences(prepared, policy, day))
    return Outcome(case=prepared.case, where=prepared.where, why=why, k=_only_k(prepared, policy, day) if len(why) == 1 else None)


def _only_k(prepared: Prepared, policy: Policy, day: dt.date) -> int | None:
    if prepared.query is None or prepared.case.expect.k is None:
        return None
    decision = authorize(prepared.actor, prepared.case.purpose, prepared.query, policy, today=day, reach=own_dimension_only)
    if not isinstance(decision, Grant) or decision.minimum_group.k == prepared.case.expect.k:
        return None
    return decision.minimum_group.k


def _differences(prepared: Prepared, policy: Policy, day: dt.date) -> Iterator[Text]:
    if prepared.unread is not None:
        yield prepared.unread
        return
    expected = prepared.case.expect
    if prepared.query is None:
        code, rule, grant = prepared.refused or "", "", None
    else:
        try:
            decision = authorize(prepared.actor, prepared.case.purpose, prepared.query, policy, today=day, reach=own_dimension_only)
        except InvalidQuery as error:
            yield Text(zh=f"问题无效：{error}", en=f"the question is not valid: {error}")
            return
        grant = decision if isinstance(decision, Grant) else None
        code, rule = (decision.code, decision.rule) if isinstance(decision, Refusal) else ("", "")
    if grant is None:
        if expected.decision == "allow":
            yield Text(zh=f"应允许，却被拒绝（{code}，规则 {rule}）", en=f"should be allowed, is refused ({code}, rule {rule})")
        elif expected.code is not None and expected.code != code:
            yield Text(zh=f"应以 {expected.code} 拒绝，实为 {code}", en=f"should be refused as {expected.code}, is {code}")
        elif expected.rule is not None and expected.rule != rule:
            yield Text(zh=f"应由规则 {expected.rule} 拒绝，实为 {rule}", en=f"should be refused by {expected.rule}, is by {rule}")
        return
    if expected.decision == "refuse":
        yield Text(zh="应拒绝，却被允许", en="should be refused, is allowed")
        return
    yield from _grant_differences(prepared, grant)


def _grant_differences(prepared: Prepared, grant: Grant) -> Iterator[Text]:
    expected = prepared.case.expect
    if expected.k is not None and expected.k != grant.minimum_group.k:
        yield Text(zh=f"最小组应为 {expected.k}，实为 {grant.minimum_group.k}", en=f"the minimum group should be {expected.k}, is {grant.minimum_group.k}")
    if expected.rules is not None and set(expected.rules) != set(grant.rules):
        yield Text(zh=f"应依据规则 {_list(expected.rules)}，实为 {_list(grant.rules)}", en=f"should rest on {_list(expected.rules)}, rests on {_list(grant.rules)}")
    if expected.masks is not None and (shown := {mask.dimension: mask.to for mask in grant.masks}) != expected.masks:
        wanted_masks, got_masks = (_list([f"{name} → {to}" for name, to in sorted(masks.items())]) for masks in (expected.masks, shown))
        yield Text(zh=f"遮蔽应为 {wanted_masks}，实为 {got_masks}", en=f"the masks should be {wanted_masks}, are {got_masks}")
    for right, zh_right, en_right in (("export", "导出", "export"), ("model_egress", "送语言模型", "going to the language model")):
        wanted_right, got_right = getattr(expected, right), getattr(grant, right)
        if wanted_right is not None and wanted_right is not got_right:
            yield Text(zh=f"{zh_right}应{'允许' if wanted_right else '不允许'}，却相反", en=f"{en_right} should {'be' if wanted_right else 'not be'} allowed, is the other way round")
    if expected.scope is not None:
        wanted, got = {_expected(item) for item in expected.scope}, {_scope(item) for item in grant.scopes}
        if wanted != got:
            yield Text(zh=f"行范围应为 {_list(sorted(wanted))}，实为 {_list(sorted(got))}", en=f"the rows should be {_list(sorted(wanted))}, are {_list(sorted(got))}")
    if expected.obligations is not None:
        told = [{text.zh, text.en} for text in grant.obligations]
        wanted_texts = list(expected.obligations)
        same = len(told) == len(wanted_texts) and all(any(text in pair for pair in told) for text in wanted_texts)
        if not same:
            zh, en = _list([text.zh for text in grant.obligations]), _list([text.en for text in grant.obligations])
            yield Text(zh=f"义务应为 {_list(wanted_texts)}，实为 {zh}", en=f"the obligations should be {_list(wanted_texts)}, are {en}")


def _list(items: Sequence[str]) -> str:
    return "[" + ", ".join(items) + "]"


def _expected(item: ExpectedScope) -> str:
    return f"{item.dimension} in {','.join(sorted(item.values))}" if item.dimension else f"{item.link} of {','.join(sorted(item.keys))}"


def _scope(scope: RowScope) -> str:
    if isinstance(scope, DimensionScope):
        return f"{scope.dimension} in {','.join(sorted(scope.values))}"
    return f"{scope.model} of {','.join(sorted(scope.keys))}"


# ------------------------------------------------------------------ mutation


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Yield every broken policy: a rule deleted, flipped, without one row predicate or mask, with a smaller group or another right; a role likewise."""
    for name, compiled in policy.rules.items():
        roles = frozenset(compiled.rule.roles)
        # Only rules of the same roles can speak in the same request.
        near = {other: item for other, item in policy.rules.items() if roles & set(item.rule.roles)}

        def broken(change: str, zh: str, en: str, mutated: CompiledRule | None, rule: str = name, around: dict[str, CompiledRule] = near, who: frozenset[str] = roles) -> Mutant:
            rules = {other: item for other, item in around.items() if other != rule} if mutated is None else {**around, rule: mutated}
            return Mutant(rule=rule, change=change, text=Text(zh=f"{rule}：{zh}", en=f"{rule}: {en}"), policy=policy.with_rules(rules), roles=who)

        rule = compiled.rule
        yield broken("delete", "整条删除", "deleted", None)
        if rule.effect != "limit":
            flipped = "deny" if rule.effect == "allow" else "allow"
            yield broken("flip", "允许与拒绝互换", "effect flipped", replace(compiled, rule=rule.model_copy(update={"effect": flipped})))
        for index in range(len(rule.rows)):
            rows = (*rule.rows[:index], *rule.rows[index + 1 :])
            text = f"去掉第 {index + 1} 个行范围", f"row predicate {index + 1} dropped"
            yield broken(f"row_{index}", *text, replace(compiled, rule=rule.model_copy(update={"rows": rows})))
        for index, mask in enumerate(rule.masks):
            masks = (*rule.masks[:index], *rule.masks[index + 1 :])
            text = f"去掉对 {mask.dimension} 的遮蔽", f"mask of {mask.dimension} dropped"
            yield broken(f"mask_{index}", *text, replace(compiled, rule=rule.model_copy(update={"masks": masks})))
        for right, zh_right, en_right in RIGHTS:
            if getattr(rule, right) is not None:
                turned = None if rule.effect == "limit" else not getattr(rule, right)
                text = f"{zh_right}的权限反转", f"{en_right} turned round"
                yield broken(right, *text, replace(compiled, rule=rule.model_copy(update={right: turned})))
        if rule.minimum_group is not None and rule.minimum_group.k > 1 and rule.effect != "deny":
            group = _smaller(rule.minimum_group)
            text = f"最小组 {rule.minimum_group.k} 改为 {group.k}", f"minimum group {rule.minimum_group.k} lowered to {group.k}"
            yield broken("k", *text, replace(compiled, rule=rule.model_copy(update={"minimum_group": group})))
    yield from _role_mutants(policy)


RIGHTS = (("export", "导出", "export"), ("model_egress", "送语言模型", "model egress"))


def _smaller(group: Group) -> Group:
    return group.model_copy(update={"k": group.k - 1})


def _role_mutants(policy: Policy) -> Iterator[Mutant]:
    for name, role in policy.roles.items():
        mine = [item.rule for item in policy.rules.values() if name in item.rule.roles and item.rule.effect == "allow"]
        for right, zh_right, en_right in RIGHTS:
            # Whether questions may go to a model decides nothing about an answer; only where a rule speaks of it must a case as well.
            if right == "export" and role.export and any(rule.export is None for rule in mine):
                without = MappingProxyType({**policy.roles, name: role.model_copy(update={right: False})})
                told = Text(zh=f"角色 {name}：不再{zh_right}", en=f"role {name}: {en_right} taken away")
                yield Mutant(rule=name, change=f"role_{right}", text=told, policy=replace(policy, roles=without), roles=frozenset({name}))
        uses = any(rule.minimum_group is None for rule in mine)
        if role.minimum_group is None or role.minimum_group.k <= 1 or not uses:
            continue
        group = _smaller(role.minimum_group)
        roles = MappingProxyType({**policy.roles, name: role.model_copy(update={"minimum_group": group})})
        text = Text(
            zh=f"角色 {name}：最小组 {role.minimum_group.k} 改为 {group.k}", en=f"role {name}: minimum group {role.minimum_group.k} lowered to {group.k}"
        )
        yield Mutant(rule=name, change="role_k", text=text, policy=replace(policy, roles=roles), roles=frozenset({name}))


def unnoticed(cases: Sequence[Prepared], policy: Policy, *, today: dt.date) -> tuple[int, list[Mutant]]:
    """Return how many mutants there are, and those that no case notices. The cases are those that pass under the policy itself."""
    count, left = 0, []
    for mutant in mutants(policy):
        count += 1
        if not any(case.actor.role in mutant.roles and run(case, mutant.policy, today=today).why for case in cases):
            left.append(mutant)
    return count, left
