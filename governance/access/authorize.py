"""authorize: a question and a policy become a Grant, or a Refusal that says why and what may be asked instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from governance.access import redline
from governance.access.explaining import nearest_rule
from governance.access.judge import ALONE, CompiledRule
from governance.access.masking import Target, rewritten, target_of, told, values_named
from governance.access.policy import Policy, row_scope
from governance.access.snapshot import indices
from governance.access.vocabulary import Reach
from governance.errors import InvalidQuery, nearest
from governance.terms import (
    UNKNOWN,
    Actor,
    DimensionScope,
    Grant,
    Masked,
    MemberCompare,
    MetricQuery,
    Refusal,
    RowScope,
    Text,
    Value,
)

MAX_SUGGESTIONS = 5


def default_purpose(actor: Actor, policy: Policy) -> str | None:
    """Return the caller's default purpose, or None when the role has none."""
    role = policy.roles.get(actor.role)
    return role.purposes[0] if role and role.purposes else None


def allowed_metrics(actor: Actor, purpose: str, policy: Policy) -> frozenset[str]:
    """Return the metrics that the caller may ask for this purpose, dimensions aside."""
    if actor.role not in policy.roles or purpose not in policy.roles[actor.role].purposes:
        return frozenset()
    return frozenset(name for name in policy.vocabulary.metrics if _may_ask(actor.role, purpose, name, policy))


def _may_ask(role: str, purpose: str, metric: str, policy: Policy) -> bool:
    """Return whether the metric may be asked alone or by some dimension."""
    judge = policy.judge
    return metric not in policy.gone and (judge.allows(role, purpose, metric) or any(judge.allows(role, purpose, metric, name) for name in policy.vocabulary.metrics[metric].dimensions))


def allowed_dimensions(actor: Actor, purpose: str, metric: str, policy: Policy) -> tuple[str, ...]:
    """Return the dimensions by which the caller may ask the metric, the red line included."""
    facts = policy.vocabulary.metrics[metric]
    return tuple(
        name
        for name in facts.dimensions
        if not (facts.prescribing and policy.vocabulary.dimensions[name].about_person)
        and policy.judge.allows(actor.role, purpose, metric, name)
        and shown_as(actor.role, purpose, metric, name, policy) is not None
    )


def shown_as(role: str, purpose: str, metric: str, dimension: str, policy: Policy) -> str | None:
    """Return the dimension by which an allowed one is told: itself where nothing masks it, None where its values are hidden or no rule allows the coarser one."""
    name, seen = dimension, {dimension}
    while (target := _target(role, purpose, (metric,), name, policy)) is not None:
        name = target.to or ""
        if name in seen or not policy.judge.allows(role, purpose, metric, name) or name not in policy.vocabulary.metrics[metric].dimensions:
            return None
        seen.add(name)
    return name


def _target(role: str, purpose: str, metrics: Sequence[str], dimension: str, policy: Policy) -> Target | None:
    """Return what the rules that speak about the metrics by the dimension make of it; None where none of them masks it."""
    judge = policy.judge
    bits = judge.masking.get(dimension, 0)
    if not bits:
        return None
    speaking = 0
    for metric in metrics:
        speaking |= judge.bits(role, purpose, metric, dimension)
    return target_of(dimension, [judge.rules[index] for index in indices(bits & speaking)], policy.vocabulary)


def _individual(policy: Policy, role: str, name: str) -> Refusal:
    label = policy.vocabulary.dimensions[name].label
    instead = policy.roles[role].ask_instead if role in policy.roles else None
    return Refusal(
        code="individual_level",
        message=Text(
            zh=f"不能按{label.zh}查看个人层面的数据，只提供汇总结果。",
            en=f"Data about individuals ({label.en}) is not shown, only aggregates.",
        ),
        rule="aggregates_only",
        you_may=_ask_whom(instead.text() if instead else None),
    )


def _ask_whom(whom: Text | None) -> tuple[Text, ...]:
    return (Text(zh=f"如需更多权限，请联系{whom.zh}", en=f"For more, ask {whom.en}"),) if whom else ()


def _whom(policy: Policy, role: str) -> tuple[Text, ...]:
    found = policy.roles.get(role)
    return _ask_whom(found.ask_instead.text() if found and found.ask_instead else None)


def _purpose_refusal(actor: Actor, purpose: str, policy: Policy) -> Refusal:
    role = policy.roles.get(actor.role)
    allowed = [policy.purposes[name].label.text() for name in (role.purposes if role else ())]
    shown = policy.purposes[purpose].label.text() if purpose in policy.purposes else Text(zh="（无）", en="(none)")
    if allowed:
        message = Text(zh=f"您的角色不能以“{shown.zh}”为目的提问。", en=f"Your role may not ask for the purpose “{shown.en}”.")
    else:
        message = Text(zh="您的角色不能查询数据。", en="Your role may not ask for data.")
    return Refusal(code="purpose_not_allowed", message=message, rule="purposes_of_role", you_may=(*allowed, *_whom(policy, actor.role)))


def _deny_rule(rules: Iterable[CompiledRule]) -> CompiledRule | None:
    return next((compiled for compiled in rules if compiled.rule.effect == "deny"), None)


def _metric_refusal(actor: Actor, purpose: str, metric: str, policy: Policy, near: Text) -> Refusal:
    facts = policy.vocabulary.metrics[metric]
    denial = _deny_rule(policy.judge.matching(actor.role, purpose, metric, ALONE))
    others = [policy.vocabulary.metrics[name] for name in sorted(allowed_metrics(actor, purpose, policy))]
    others.sort(key=lambda item: item.stage != facts.stage)
    because = denial.rule.reason.text() if denial else Text(zh="没有规则允许。", en="No rule allows it.")
    return Refusal(
        code="metric_not_allowed",
        message=Text(zh=f"您的角色不能查看“{facts.label.zh}”。{because.zh}", en=f"Your role may not see “{facts.label.en}”. {because.en}"),
        rule=denial.rule.id if denial else "silence_means_no",
        you_may=(*(item.label for item in others[:MAX_SUGGESTIONS]), near),
    )


def _retired(metric: str, policy: Policy) -> Refusal:
    facts = policy.vocabulary.metrics[metric]
    following = policy.vocabulary.metrics.get(facts.successor or "")
    zh, en = (f"，请改用“{following.label.zh}”", f"; ask “{following.label.en}” instead") if following else ("", "")
    return Refusal(
        code="metric_not_allowed",
        message=Text(zh=f"指标“{facts.label.zh}”自 {facts.retired_on} 起停用{zh}。", en=f"“{facts.label.en}” was retired on {facts.retired_on}{en}."),
        rule="metric_retired",
        you_may=(following.label,) if following else (),
    )


def dimension_refusal(
    metric: str, dimension: str, valid: Sequence[str], policy: Policy, *, rule: str = "silence_means_no", near: Text | None = None
) -> Refusal:
    """Return the refusal for a dimension that the metric can't, or this caller may not, be asked by. `near` tells of the nearest rule."""
    m, d = policy.vocabulary.metrics[metric].label, policy.vocabulary.dimensions[dimension].label
    labels = [policy.vocabulary.dimensions[name].label for name in valid]
    return Refusal(
        code="dimension_not_allowed",
        message=Text(zh=f"“{m.zh}”不能按“{d.zh}”查看。", en=f"“{m.en}” can't be asked by “{d.en}”."),
        rule=rule,
        you_may=(*labels, near) if near is not None else tuple(labels),
    )


def _named_values(query: MetricQuery) -> Iterable[tuple[str, Value]]:
    for condition in query.where:
        yield from ((condition.dimension, value) for value in condition.values)
    for kept in query.keep:
        yield from ((kept.dimension, value) for value in kept.values)
    if isinstance(query.compare, MemberCompare):
        yield query.compare.dimension, query.compare.base


def _scope_refusal(scopes: Sequence[RowScope], policy: Policy, actor: Actor) -> Refusal:
    own = "、".join(value for scope in scopes if isinstance(scope, DimensionScope) for value in scope.values)
    zh = f"您只能查看自己范围内的数据{f'（{own}）' if own else '（自己名下的医生）'}，问题里提到了范围之外的内容。"
    en = f"You may see only your own scope{f' ({own})' if own else ' (your own doctors)'}; the question names something outside it."
    return Refusal(
        code="row_scope",
        message=Text(zh=zh, en=en),
        rule="row_scope",
        you_may=(Text(zh="去掉范围外的条件再问", en="Ask again without what is outside your scope"), *_whom(policy, actor.role)),
    )


def check_names(query: MetricQuery, policy: Policy) -> None:
    """Raise InvalidQuery for a metric or dimension that does not exist, naming the nearest ones."""
    for metric in query.metrics:
        if metric not in policy.vocabulary.metrics:
            raise InvalidQuery(f"MetricQuery: unknown metric {metric!r}.{nearest(metric, policy.vocabulary.metrics)}")
    for name in query.named_dimensions():
        if name not in policy.vocabulary.dimensions:
            raise InvalidQuery(f"MetricQuery: unknown dimension {name!r}.{nearest(name, policy.vocabulary.dimensions)}")


def authorize(actor: Actor, purpose: str | None, query: MetricQuery, policy: Policy, *, today: dt.date, reach: Reach) -> Grant | Refusal:
    """Judge one query. The refusals come in the order of contracts.md section 3; anything unknown to the policy is refused.

    Raises InvalidQuery for unknown names, so that a mistyped metric is an error and not a refusal.
    """
    check_names(query, policy)
    whole, policy = policy, policy.on(today)
    if redline.crosses(query, policy.vocabulary):
        return redline.refusal()
    asked = purpose if purpose is not None else default_purpose(actor, policy)
    if asked is not None and asked not in policy.purposes:
        raise InvalidQuery(f"unknown purpose {asked!r}.{nearest(asked, policy.purposes)}")
    dimensions = query.named_dimensions()
    role = policy.roles.get(actor.role)
    for name in dimensions:
        if policy.vocabulary.dimensions[name].identifying and not _may_name_individuals(actor, asked, name, policy):
            return _individual(policy, actor.role, name)
    if role is None or asked is None or asked not in role.purposes:
        return _purpose_refusal(actor, asked or "", policy)
    for metric in query.metrics:
        if metric in policy.gone:
            return _retired(metric, policy)
        offered = policy.vocabulary.metrics[metric].dimensions
        granted = any(policy.judge.allows(actor.role, asked, metric, name) for name in dimensions or (ALONE,) if name == ALONE or name in offered)
        # By another dimension it may be allowed; then it is the dimension that is refused.
        if not granted and not (dimensions and _may_ask(actor.role, asked, metric, policy)):
            return _metric_refusal(actor, asked, metric, policy, _near(actor, asked, replace(query, metrics=(metric,)), whole, today))
    for metric in query.metrics:
        for name in dimensions:
            if not policy.judge.allows(actor.role, asked, metric, name) or name not in policy.vocabulary.metrics[metric].dimensions:
                sound = name in policy.vocabulary.metrics[metric].dimensions
                near = _near(actor, asked, MetricQuery(metrics=(metric,), group_by=(name,)), whole, today) if sound else None
                return dimension_refusal(metric, name, allowed_dimensions(actor, asked, metric, policy), policy, near=near)
    masks = _masks(actor.role, asked, query, policy)
    if isinstance(masks, Refusal):
        return masks
    grant = _grant(actor, asked, query, policy, today=today, reach=reach)
    if not masks or isinstance(grant, Refusal):
        return grant
    # The coarser dimensions are asked like any others: their own rules must allow them, and add their rows, groups and masks.
    shown = authorize(actor, asked, rewritten(query, {item.dimension: item.to for item in masks}), whole, today=today, reach=reach)
    return shown if isinstance(shown, Refusal) else _joined(grant, shown, masks)


def _masks(role: str, purpose: str, query: MetricQuery, policy: Policy) -> tuple[Masked, ...] | Refusal:
    """Return what of the query is told by a coarser dimension, or the refusal of what is not told at all."""
    if not policy.judge.masking:
        return ()
    found: list[Masked] = []
    for name in query.named_dimensions():
        target = _target(role, purpose, query.metrics, name, policy)
        if target is None:
            continue
        finer = policy.vocabulary.dimensions[name].label
        shown = policy.vocabulary.dimensions.get(target.to or "")
        # A mask by what is not coarser would tell as much as the values themselves, or go in circles.
        if shown is None or target.to not in policy.vocabulary.dimensions[name].coarser:
            return _masked_refusal(finer, None, target.rule, _whom(policy, role))
        if name in values_named(query):
            return _masked_refusal(finer, shown.label, target.rule, _whom(policy, role))
        found.append(Masked(dimension=name, to=shown.id, rule=target.rule, told=told(finer, shown.label)))
    return tuple(found)


def masked_values(actor: Actor, purpose: str | None, query: MetricQuery, policy: Policy, *, today: dt.date) -> frozenset[str]:
    """Return the dimensions whose values the query names although a mask keeps them from the caller: not even a record repeats them."""
    here = policy.on(today)
    asked = purpose or default_purpose(actor, here)
    if asked is None or not here.judge.masking:
        return frozenset()
    return frozenset(name for name in values_named(query) if _target(actor.role, asked, query.metrics, name, here) is not None)


def _masked_refusal(finer: Text, shown: Text | None, rule: str, whom: tuple[Text, ...]) -> Refusal:
    if shown is None:
        message = Text(zh=f"“{finer.zh}”的取值对您的角色不显示。", en=f"The values of “{finer.en}” are not shown to your role.")
        return Refusal(code="dimension_not_allowed", message=message, rule=rule, you_may=whom)
    message = Text(
        zh=f"“{finer.zh}”只按“{shown.zh}”显示，不能按它的取值筛选。", en=f"“{finer.en}” is shown by “{shown.en}” only; nobody can filter by its own values."
    )
    return Refusal(code="dimension_not_allowed", message=message, rule=rule, you_may=(shown, *whom))


def _joined(asked: Grant, shown: Grant, masks: tuple[Masked, ...]) -> Grant:
    """Return the grant of a masked query: the coarser query, on the terms of both."""
    return replace(
        shown,
        scopes=tuple(dict.fromkeys((*asked.scopes, *shown.scopes))),
        minimum_group=max(asked.minimum_group, shown.minimum_group, key=lambda group: group.k),
        rules=tuple(dict.fromkeys((*asked.rules, *shown.rules))),
        obligations=tuple(dict.fromkeys((*asked.obligations, *shown.obligations))),
        masks=(*masks, *shown.masks),
        export=asked.export and shown.export,
        model_egress=asked.model_egress and shown.model_egress,
        kept_in=tuple(dict.fromkeys((*asked.kept_in, *shown.kept_in))),
    )


def _near(actor: Actor, purpose: str, query: MetricQuery, policy: Policy, today: dt.date) -> Text:
    return nearest_rule(actor.role, purpose, query, policy, today=today).told


def _may_name_individuals(actor: Actor, purpose: str | None, dimension: str, policy: Policy) -> bool:
    """Return whether the caller may use the identifying dimension with any metric; with which ones is judged afterwards."""
    return purpose is not None and any(policy.judge.allows(actor.role, purpose, name, dimension) for name in policy.vocabulary.metrics)


def _grant(actor: Actor, purpose: str, query: MetricQuery, policy: Policy, *, today: dt.date, reach: Reach) -> Grant | Refusal:
    role = policy.roles[actor.role]
    bits = 0
    for metric in query.metrics:
        for name in query.named_dimensions() or (ALONE,):
            bits |= policy.judge.bits(actor.role, purpose, metric, name)
    terms = policy.terms(actor.role, bits)
    scopes = dict.fromkeys(scope for row in terms.rows if (scope := row_scope(row, actor, query, today)) is not None)
    for dimension, value in _named_values(query):
        if value != UNKNOWN and not all(reach(scope, dimension, value) for scope in scopes):
            return _scope_refusal(tuple(scopes), policy, actor)
    ignores = all(policy.vocabulary.metrics[metric].ignores_consent for metric in query.metrics)
    return Grant(
        actor=actor,
        purpose=purpose,
        query=query,
        today=today,
        scopes=tuple(scopes),
        minimum_group=terms.group,
        consent_purpose=None if ignores else purpose,
        rules=terms.rules,
        obligations=terms.obligations,
        policy_version=policy.version,
        max_rows=role.max_rows,
        timeout_s=role.timeout_s,
        export=terms.export,
        model_egress=terms.model_egress,
        kept_in=terms.kept_in,
    )
