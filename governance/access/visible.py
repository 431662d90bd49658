"""What a caller may know of the catalogue: default purpose, metrics, dimensions, and by what a dimension is told. Every surface asks here."""

from __future__ import annotations

from collections.abc import Sequence

from governance.access.masking import Target, target_of
from governance.access.policy import Policy
from governance.terms import Actor


def default_purpose(actor: Actor, policy: Policy) -> str | None:
    """Return the caller's default purpose, or None when the role has none."""
    role = policy.roles.get(actor.role)
    return role.purposes[0] if role and role.purposes else None


def allowed_metrics(actor: Actor, purpose: str, policy: Policy) -> frozenset[str]:
    """Return the metrics that the caller may ask for this purpose, dimensions aside."""
    if actor.role not in policy.roles or purpose not in policy.roles[actor.role].purposes:
        return frozenset()
    policy = policy.of(actor)
    return frozenset(name for name in policy.vocabulary.metrics if may_ask(actor.role, purpose, name, policy))


def may_ask(role: str, purpose: str, metric: str, policy: Policy) -> bool:
    """Return whether the metric may be asked alone or by some dimension."""
    judge = policy.judge
    return metric not in policy.gone and (judge.allows(role, purpose, metric) or any(judge.allows(role, purpose, metric, name) for name in policy.vocabulary.metrics[metric].dimensions))


def allowed_dimensions(actor: Actor, purpose: str, metric: str, policy: Policy) -> tuple[str, ...]:
    """Return the dimensions by which the caller may ask the metric, the red line included."""
    policy, facts = policy.of(actor), policy.vocabulary.metrics[metric]
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
    while (wanted := target(role, purpose, (metric,), name, policy)) is not None:
        name = wanted.to or ""
        if name in seen or not policy.judge.allows(role, purpose, metric, name) or name not in policy.vocabulary.metrics[metric].offered:
            return None
        seen.add(name)
    return name


def target(role: str, purpose: str, metrics: Sequence[str], dimension: str, policy: Policy) -> Target | None:
    """Return what the rules that speak about the metrics by the dimension make of it; None where none of them masks it."""
    pair = policy.judge.pair(role, purpose)
    masking = pair.masking.get(dimension, 0)
    if not masking:
        return None
    speaking = 0
    for metric in metrics:
        speaking |= pair.bits(metric, dimension)
    return target_of(dimension, pair.matching(masking & speaking), policy.vocabulary)
