"""Rules that matched nothing for a while: rights nobody uses are rights to take back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from governance.access.policy import in_force
from governance.access.validating import Places
from governance.documents.access import AccessDocument
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words
from wenshu.committee.evidence import MASK


def silent(candidate: Candidate, used: Counter[str], *, today: dt.date, days: int) -> dict[str, Any]:
    """Return which rules and masks of the bundle matched no request. `used` counts the ledger's requests by rule, and by `mask` and dimension.

    A rule that has held for fewer than `days` days is young rather than silent, and a denial that nobody ran into has still done its work: both are marked.
    """
    places = Places(candidate.bundle.of("access", AccessDocument))
    lines: list[dict[str, Any]] = []
    for name, compiled in candidate.policy.rules.items():
        rule = compiled.rule
        begun = rule.effective_from
        lines.append(
            {
                "rule": name, "where": places.rule(name), "effect": rule.effect, "used": used[name], "roles": list(rule.roles),
                "in_force": in_force(rule, today), "young": begun is not None and (today - begun).days < days, "reason": words(rule.reason.text()),
                "masks": [{"dimension": mask.dimension, "to": mask.to, "used": used[f"{MASK}{mask.dimension}"]} for mask in rule.masks if mask.to is not None],
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
    metrics = {name for compiled in candidate.policy.rules.values() if compiled.rule.effect == "allow" for name in compiled.metrics}
    return {"days": days, "bundle": candidate.version, "silent": alarms, "silent_masks": masks, "rules": lines, "metrics_nobody_may_ask": sorted(set(candidate.policy.vocabulary.metrics) - metrics)}
