"""Policy cases as a gate: who asks what, and what the policy must say. That every way to break a rule is noticed by one of them is `mutants`' part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from governance.access.authorize import authorize
from governance.access.policy import Policy
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
