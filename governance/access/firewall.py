"""The firewall between medical and commercial (domain.md section 5): what no rule and no grant opens."""

from __future__ import annotations

from governance.access.vocabulary import MetricFacts

MEDICAL = frozenset({"medical"})
"""Departments on the medical side of the firewall."""
COMMERCIAL_STAGE = "outcome"


def commercial(facts: MetricFacts) -> bool:
    """Return whether a metric is on the commercial side."""
    return facts.stage == COMMERCIAL_STAGE or facts.prescribing
