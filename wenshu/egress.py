"""What of a caller's world may go to the language model: only names that every rule behind them lets out, and only questions about those."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from governance.access.authorize import allowed_dimensions, allowed_metrics, authorize
from governance.access.judge import ALONE
from governance.errors import InvalidQuery
from governance.inforce import Active
from governance.terms import Actor, Grant, MetricQuery
from nlq.lexicon.lexicon import LexiconView


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """The part of the catalogue that a model may be told of for this caller.

    `permits`: the query is granted and may go out; `keeps_in`: it is granted and may not. What is refused is neither: a refusal is not the model's to settle.
    """

    view: LexiconView
    permits: Callable[[MetricQuery], bool]
    keeps_in: Callable[[MetricQuery], bool]


def egress_of(active: Active, actor: Actor, purpose: str | None, view: LexiconView, *, today: dt.date) -> Egress | None:
    """Return what may go out, None where nothing may: silence means no.

    A metric goes out if some question about it may; a dimension only if every question by it about those may, so that no combination that is kept in can be named.
    """
    policy = active.policy.on(today)
    if purpose is None or actor.role not in policy.roles:
        return None

    pair = policy.judge.pair(actor.role, purpose)

    def lets(metric: str, dimension: str) -> bool:
        bits = pair.bits(metric, dimension)
        return pair.permits(bits) and policy.terms(actor.role, purpose, bits).model_egress

    kept_in: set[str] = set()
    metrics, dimensions = set[str](), set[str]()
    for metric in allowed_metrics(actor, purpose, policy):
        by = allowed_dimensions(actor, purpose, metric, policy)
        out = {name for name in by if lets(metric, name)}
        if out or lets(metric, ALONE):
            metrics.add(metric)
            dimensions |= out
            kept_in |= set(by) - out
    if not metrics:
        return None

    def granted(query: MetricQuery) -> Grant | None:
        try:
            decision = authorize(actor, purpose, query, active.policy, today=today, reach=active.reach)
        except InvalidQuery:
            return None
        return decision if isinstance(decision, Grant) else None

    return Egress(
        view=replace(view, metrics=view.metrics & metrics, dimensions=view.dimensions & (dimensions - kept_in)),
        permits=lambda query: (grant := granted(query)) is not None and grant.model_egress,
        keeps_in=lambda query: (grant := granted(query)) is not None and not grant.model_egress,
    )
