"""Comparing two proportions, by a statistics library.

Interval: Newcombe's hybrid score method for a difference (Newcombe 1998, method 10), 95%. Test: pooled two-sided z. Both are named in the answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Of two proportions: `change` (first minus second), its 95% interval and the p-value; None where it is not defined."""

    change: float
    low: float | None
    high: float | None
    p_value: float | None


def difference(successes: int, trials: int, base_successes: int, base_trials: int) -> Difference | None:
    """Compare successes/trials with base_successes/base_trials. None when an arm is empty; no p-value when nobody or everybody succeeded."""
    if trials <= 0 or base_trials <= 0:
        return None
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    low, high = confint_proportions_2indep(
        successes, trials, base_successes, base_trials, method="newcomb", compare="diff", alpha=1 - CONFIDENCE
    )
    pooled = successes + base_successes
    p_value: float | None = None
    if 0 < pooled < trials + base_trials:
        p_value = float(proportions_ztest([successes, base_successes], [trials, base_trials], alternative="two-sided")[1])
    return Difference(
        change=successes / trials - base_successes / base_trials,
        low=_finite(low),
        high=_finite(high),
        p_value=None if p_value is None or math.isnan(p_value) else p_value,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
