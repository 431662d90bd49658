"""`policy explain`: what a caller is granted or refused for a metric, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from governance.access.authorize import authorize, default_purpose
from governance.access.cases import own_dimension_only
from governance.access.explaining import nearest_rule
from governance.access.validating import Places
from governance.documents.access import AccessDocument
from governance.gateway import scope_in_words
from governance.terms import Actor, MetricQuery, Refusal
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words


def explain(candidate: Candidate, actor: Actor, metric: str, dimensions: Sequence[str], purpose: str | None, *, today: dt.date) -> dict[str, Any]:
    """Return the decision with its rules, and for a refusal the nearest rule. Judged without data. Raises InvalidQuery for unknown names."""
    query = MetricQuery(metrics=(metric,), group_by=tuple(dimensions))
    policy = candidate.policy.of(actor)
    decision = authorize(actor, purpose, query, policy, today=today, reach=own_dimension_only)
    asked = purpose or default_purpose(actor, policy)
    places = Places(candidate.bundle.of("access", AccessDocument))
    found: dict[str, Any] = {
        "user": actor.id, "role": actor.role, "purpose": asked, "metric": metric, "dimensions": list(dimensions), "bundle": candidate.version,
        "allowed": not isinstance(decision, Refusal),
    }
    if isinstance(decision, Refusal):
        near = nearest_rule(actor.role, asked, query, policy, today=today)
        return found | {
            "refusal": {"code": decision.code, "rule": decision.rule, "message": words(decision.message), "you_may": [words(text) for text in decision.you_may]},
            "nearest": {
                "rule": near.rule,
                "where": _where(near.rule, candidate, places),
                "lacks": list(near.lacks),
                "requestable": near.requestable,
                "whom": None if near.whom is None else words(near.whom),
                "told": words(near.told),
            },
        }
    rules = [{"id": name, "where": _where(name, candidate, places), "reason": words(policy.rules[name].rule.reason.text())} for name in decision.rules]
    group = decision.minimum_group
    return found | {
        "grant": {
            "rules": rules, "minimum_group": {"entity": group.entity, "k": group.k}, "scope": [scope_in_words(scope) for scope in decision.scopes],
            "obligations": [words(text) for text in decision.obligations],
            "masks": [{"dimension": mask.dimension, "to": mask.to, "rule": mask.rule, "told": words(mask.told)} for mask in decision.masks],
            "export": decision.export, "model_egress": decision.model_egress,
        }
    }


def _where(rule: str | None, candidate: Candidate, places: Places) -> str | None:
    """Return where the rule stands; a temporary right and the law's own rules stand in no file."""
    return places.rule(rule) if rule is not None and rule in candidate.policy.rules else None
