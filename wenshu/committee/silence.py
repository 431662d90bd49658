"""Rules that matched nothing for a while: rights nobody uses are rights to take back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from governance.access.policy import Policy, in_force
from governance.access.validating import Places
from governance.documents.access import AccessDocument
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words
from wenshu.committee.usage import MASK


def silent(candidate: Candidate, used: Mapping[str, tuple[int, dt.date]], *, today: dt.date, days: int) -> dict[str, Any]:
    """Return which rules, masks and tags of the bundle matched no request. `used` has the ledger's requests by rule, and by `mask` and dimension: how many, and the last day.

    A rule that has held for fewer than `days` days is young rather than silent, and a denial that nobody ran into has still done its work: both are marked.
    """
    places = Places(candidate.bundle.of("access", AccessDocument))
    lines: list[dict[str, Any]] = []
    for name, compiled in candidate.policy.rules.items():
        rule = compiled.rule
        begun = rule.effective_from
        lines.append(
            {
                "rule": name, "where": places.rule(name), "effect": rule.effect, "used": _times(used, name), "last": _last(used, name), "roles": list(rule.roles),
                "in_force": in_force(rule, today), "young": begun is not None and (today - begun).days < days, "reason": words(rule.reason.text()),
                "masks": [{"dimension": mask.dimension, "to": mask.to, "used": _times(used, f"{MASK}{mask.dimension}"), "last": _last(used, f"{MASK}{mask.dimension}")} for mask in rule.masks if mask.to is not None],
            }
        )
    alarms = [line["rule"] for line in lines if not line["used"] and line["in_force"] and not line["young"] and line["effect"] != "deny"]
    masks = [
        {"rule": line["rule"], "dimension": mask["dimension"]}
        for line in lines
        if line["in_force"] and not line["young"]
        for mask in line["masks"]
        if not mask["used"]
    ]
    tags = [
        {"rule": line["rule"], "tag": tag}
        for line in lines
        if line["in_force"] and not line["young"]
        for tag in _tags_alone(candidate.policy, line["rule"])
    ]
    metrics = {name for compiled in candidate.policy.rules.values() if compiled.rule.effect == "allow" for name in compiled.metrics}
    return {"days": days, "bundle": candidate.version, "silent": alarms, "silent_masks": masks, "silent_tags": tags, "rules": lines, "metrics_nobody_may_ask": sorted(set(candidate.policy.vocabulary.metrics) - metrics)}


def _times(used: Mapping[str, tuple[int, dt.date]], name: str) -> int:
    return used[name][0] if name in used else 0


def _last(used: Mapping[str, tuple[int, dt.date]], name: str) -> str | None:
    return used[name][1].isoformat() if name in used else None


def _tags_alone(policy: Policy, name: str) -> list[str]:
    """Return the tags by which the rule selects although nothing carries them: whatever was to be left out or taken in is not."""
    rule, vocabulary = policy.rules[name].rule, policy.vocabulary
    carried = {
        "metrics": {tag for facts in vocabulary.metrics.values() for tag in facts.tags}, "dimensions": {tag for facts in vocabulary.dimensions.values() for tag in facts.tags},
    }  # fmt: skip
    return sorted({tag for part, known in carried.items() for tag in (*getattr(rule, part).tags, *getattr(rule, part).without_tags) if tag not in known})
