"""The words of a refusal: why, and what may be asked instead or of whom. Nothing of the data is in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from governance.access.judge import ALONE, CompiledRule
from governance.access.policy import Policy
from governance.access.visible import allowed_metrics
from governance.terms import Actor, DimensionScope, Refusal, RowScope, Text

MAX_SUGGESTIONS = 5


def individual(policy: Policy, role: str, name: str) -> Refusal:
    """Return the refusal of data about single persons."""
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


def purpose_refusal(actor: Actor, purpose: str, policy: Policy) -> Refusal:
    """Return the refusal of a purpose that the role may not state."""
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


def metric_refusal(actor: Actor, purpose: str, metric: str, policy: Policy, near: Text) -> Refusal:
    """Return the refusal of a metric: the denial's reason where there is one, other metrics of the stage, and the nearest rule."""
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


def retired(metric: str, policy: Policy) -> Refusal:
    """Return the refusal of a metric that is no longer asked, with its successor."""
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


def scope_refusal(scopes: Sequence[RowScope], policy: Policy, actor: Actor) -> Refusal:
    """Return the refusal of a question that names something outside the caller's rows."""
    own = "、".join(value for scope in scopes if isinstance(scope, DimensionScope) for value in scope.values)
    zh = f"您只能查看自己范围内的数据{f'（{own}）' if own else '（自己名下的医生）'}，问题里提到了范围之外的内容。"
    en = f"You may see only your own scope{f' ({own})' if own else ' (your own doctors)'}; the question names something outside it."
    return Refusal(
        code="row_scope",
        message=Text(zh=zh, en=en),
        rule="row_scope",
        you_may=(Text(zh="去掉范围外的条件再问", en="Ask again without what is outside your scope"), *_whom(policy, actor.role)),
    )


def masked_refusal(finer: Text, shown: Text | None, rule: str, role: str, policy: Policy) -> Refusal:
    """Return the refusal of a masked dimension: its values are not told (`shown` None), or can't be named."""
    whom = _whom(policy, role)
    if shown is None:
        message = Text(zh=f"“{finer.zh}”的取值对您的角色不显示。", en=f"The values of “{finer.en}” are not shown to your role.")
        return Refusal(code="dimension_not_allowed", message=message, rule=rule, you_may=whom)
    message = Text(
        zh=f"“{finer.zh}”只按“{shown.zh}”显示，不能按它的取值筛选。", en=f"“{finer.en}” is shown by “{shown.en}” only; nobody can filter by its own values."
    )
    return Refusal(code="dimension_not_allowed", message=message, rule=rule, you_may=(shown, *whom))
