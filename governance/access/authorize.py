"""authorize: a question and a policy become a Grant, or a Refusal that says why and what may be asked instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from governance.access import redline
from governance.access.explaining import nearest_rule
from governance.access.judge import ALONE
from governance.access.masking import rewritten, told, values_named
from governance.access.policy import Policy, row_scope
from governance.access.refusing import (
    dimension_refusal,
    individual,
    masked_refusal,
    metric_refusal,
    purpose_refusal,
    retired,
    scope_refusal,
)
from governance.access.seats import Seat
from governance.access.visible import allowed_dimensions, allowed_metrics, default_purpose, may_ask, shown_as, target
from governance.access.vocabulary import Reach
from governance.errors import InvalidQuery, nearest
from governance.terms import UNKNOWN, Actor, Grant, Masked, MemberCompare, MetricQuery, Refusal, Text, Value

__all__ = ["allowed_dimensions", "allowed_metrics", "authorize", "check_names", "default_purpose", "dimension_refusal", "masked_values", "shown_as"]


def _named_values(query: MetricQuery) -> Iterable[tuple[str, Value]]:
    for condition in query.where:
        yield from ((condition.dimension, value) for value in condition.values)
    for kept in query.keep:
        yield from ((kept.dimension, value) for value in kept.values)
    if isinstance(query.compare, MemberCompare):
        yield query.compare.dimension, query.compare.base


def check_names(query: MetricQuery, policy: Policy, names: Sequence[str], *, actor: Actor, today: dt.date) -> None:
    """Raise InvalidQuery for a metric or dimension (of `names`) that does not exist, naming the nearest ones that the caller may ask by."""
    vocabulary = policy.vocabulary
    for metric in query.metrics:
        if metric not in vocabulary.metrics:
            raise InvalidQuery(f"MetricQuery: unknown metric {metric!r}.{nearest(metric, _own(actor, policy.on(today)))}")
    for name in names:
        if name not in vocabulary.dimensions:
            own = {dimension for dimensions in _own(actor, policy.on(today)).values() for dimension in dimensions}
            raise InvalidQuery(f"MetricQuery: unknown dimension {name!r}.{nearest(name, own)}")


def _own(actor: Actor, policy: Policy) -> dict[str, set[str]]:
    """Return the metrics that the caller may ask under some purpose of the role, each with its dimensions: all that an error may name."""
    role, found = policy.roles.get(actor.role), dict[str, set[str]]()
    for purpose in role.purposes if role else ():
        for metric in allowed_metrics(actor, purpose, policy):
            found.setdefault(metric, set()).update(allowed_dimensions(actor, purpose, metric, policy))
    return found


def authorize(actor: Actor, purpose: str | None, query: MetricQuery, policy: Policy, *, today: dt.date, reach: Reach) -> Grant | Refusal:
    """Judge one query. The refusals come in the order of contracts.md section 3; anything unknown to the policy is refused.

    Raises InvalidQuery for unknown names, so that a mistyped metric is an error and not a refusal.
    """
    names = query.named_dimensions()
    whole = policy = policy.of(actor)
    policy = policy.on(today)
    asked = purpose if purpose is not None else default_purpose(actor, policy)
    seat = policy.seat(actor.role, asked) if asked is not None else None
    together = seat.together(query.metrics, names) if seat is not None else None
    if seat is None or asked is None or together is None:
        return _refused(actor, asked, query, names, whole, today=today)
    masks = _masks(actor.role, asked, query, names, policy) if seat.pair.masking else ()
    if isinstance(masks, Refusal):
        return masks
    grant = _grant(actor, asked, query, policy, seat, together, today=today, reach=reach)
    if not masks or isinstance(grant, Refusal):
        return grant
    # The coarser dimensions are asked like any others: their own rules must allow them, and add their rows, groups and masks.
    shown = authorize(actor, asked, rewritten(query, {item.dimension: item.to for item in masks}), whole, today=today, reach=reach)
    return shown if isinstance(shown, Refusal) else _joined(grant, shown, masks)


def _refused(actor: Actor, asked: str | None, query: MetricQuery, names: Sequence[str], whole: Policy, *, today: dt.date) -> Refusal:
    """Return the first refusal that applies to a query that is not allowed; raise InvalidQuery for a name that does not exist."""
    check_names(query, whole, names, actor=actor, today=today)
    policy = whole.on(today)
    if redline.crosses(query, policy.vocabulary, names):
        return redline.refusal()
    if asked is not None and asked not in policy.purposes:
        raise InvalidQuery(f"unknown purpose {asked!r}.{nearest(asked, policy.purposes)}")
    role = policy.roles.get(actor.role)
    dimensions = policy.vocabulary.dimensions
    for name in names:
        if dimensions[name].identifying and not _may_name_individuals(actor, asked, name, policy):
            return individual(policy, actor.role, name)
    if role is None or asked is None or asked not in role.purposes:
        return purpose_refusal(actor, asked or "", policy)
    return _not_allowed(actor, asked, query, names, policy, whole=whole, today=today)


def _not_allowed(actor: Actor, asked: str, query: MetricQuery, names: Sequence[str], policy: Policy, *, whole: Policy, today: dt.date) -> Refusal:
    """Return the first refusal of a query of which some part is not allowed: metrics before dimensions."""
    pair = policy.judge.pair(actor.role, asked)
    for metric in query.metrics:
        if metric in policy.gone:
            return retired(metric, policy)
        offered = policy.vocabulary.metrics[metric].offered
        granted = any(pair.permits(pair.bits(metric, name)) for name in names or (ALONE,) if name == ALONE or name in offered)
        # By another dimension it may be allowed; then it is the dimension that is refused.
        if not granted and not (names and may_ask(actor.role, asked, metric, policy)):
            return metric_refusal(actor, asked, metric, policy, _near(actor, asked, replace(query, metrics=(metric,)), whole, today))
    for metric in query.metrics:
        for name in names:
            sound = name in policy.vocabulary.metrics[metric].offered
            if not sound or not pair.permits(pair.bits(metric, name)):
                near = _near(actor, asked, MetricQuery(metrics=(metric,), group_by=(name,)), whole, today) if sound else None
                return dimension_refusal(metric, name, allowed_dimensions(actor, asked, metric, policy), policy, near=near)
    raise ValueError("a query that every rule allows has no refusal")


def _masks(role: str, purpose: str, query: MetricQuery, names: Sequence[str], policy: Policy) -> tuple[Masked, ...] | Refusal:
    """Return what of the query is told by a coarser dimension, or the refusal of what is not told at all."""
    found: list[Masked] = []
    for name in names:
        wanted = target(role, purpose, query.metrics, name, policy)
        if wanted is None:
            continue
        finer = policy.vocabulary.dimensions[name].label
        shown = policy.vocabulary.dimensions.get(wanted.to or "")
        # A mask by what is not coarser would tell as much as the values themselves, or go in circles.
        if shown is None or wanted.to not in policy.vocabulary.dimensions[name].coarser:
            return masked_refusal(finer, None, wanted.rule, role, policy)
        if name in values_named(query):
            return masked_refusal(finer, shown.label, wanted.rule, role, policy)
        found.append(Masked(dimension=name, to=shown.id, rule=wanted.rule, told=told(finer, shown.label)))
    return tuple(found)


def masked_values(actor: Actor, purpose: str | None, query: MetricQuery, policy: Policy, *, today: dt.date) -> frozenset[str]:
    """Return the dimensions whose values the query names although a mask keeps them from the caller: not even a record repeats them."""
    here = policy.of(actor).on(today)
    asked = purpose or default_purpose(actor, here)
    if asked is None:
        return frozenset()
    return frozenset(name for name in values_named(query) if target(actor.role, asked, query.metrics, name, here) is not None)


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


def _grant(actor: Actor, purpose: str, query: MetricQuery, policy: Policy, seat: Seat, together: tuple[int, bool], *, today: dt.date, reach: Reach) -> Grant | Refusal:
    bits, ignores = together
    role = seat.role
    terms = seat.terms.get(bits) or policy.terms(actor.role, purpose, bits)
    scopes = dict.fromkeys(scope for row in terms.rows if (scope := row_scope(row, actor, query, today)) is not None) if terms.rows else {}
    for dimension, value in _named_values(query) if scopes else ():
        if value != UNKNOWN and not all(reach(scope, dimension, value) for scope in scopes):
            return scope_refusal(tuple(scopes), policy, actor)
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
