"""Random draws that are used everywhere. Each part of the company has its own stream, so one can change alone."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from wenshu.demo.clock import BoolArray, Clock, FloatArray, IntArray

Rng = np.random.Generator


def stream(seed: int, part: str) -> Rng:
    """The generator of one named part of the company, independent of all others."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def pick(rng: Rng, weights: Sequence[float] | FloatArray, size: int) -> IntArray:
    """Indices drawn by weight."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.asarray(np.searchsorted(edges, rng.random(size) * edges[-1], side="right"), dtype=np.int64)


def pick_rows(rng: Rng, table: FloatArray, rows: IntArray) -> IntArray:
    """One column index for each entry of `rows`, by the weights of that row of `table`."""
    edges = np.cumsum(table, axis=1)
    edges /= edges[:, -1:]
    return np.asarray((rng.random(len(rows))[:, None] > edges[rows]).sum(axis=1), dtype=np.int64)


def happens(rng: Rng, probability: float | FloatArray, size: int) -> BoolArray:
    """Independent events of a probability (one for all, or one each)."""
    return rng.random(size) < probability


def some(rng: Rng, share: float, size: int) -> IntArray:
    """Exactly round(share * size) distinct indices, sorted."""
    return np.sort(rng.choice(size, size=round(share * size), replace=False)).astype(np.int64)


def days_in_months(rng: Rng, clock: Clock, weight: FloatArray, month: IntArray) -> IntArray:
    """For each month index a day inside it, by the days' weights.

    A month whose weights are all zero (a running month that began with a holiday) spreads evenly.
    """
    totals = np.bincount(clock.day_month, weights=weight, minlength=clock.months)
    even = np.where(totals[clock.day_month] > 0, weight, 1.0)
    edges = np.concatenate([[0.0], np.cumsum(even)])
    low = edges[clock.month_start]
    high = edges[np.append(clock.month_start[1:], clock.days)]
    at = low[month] + rng.random(len(month)) * (high - low)[month]
    day = np.searchsorted(edges, at, side="right") - 1
    last = np.append(clock.month_start[1:], clock.days) - 1
    return np.asarray(np.clip(day, clock.month_start[month], last[month]), dtype=np.int64)


def seconds_of_day(rng: Rng, hours: dict[int, float], size: int, *, step: int = 1) -> IntArray:
    """Seconds of the day by hourly weights, rounded down to `step` seconds."""
    names = np.array(list(hours), dtype=np.int64)
    hour = names[pick(rng, list(hours.values()), size)]
    second = hour * 3600 + rng.integers(0, 3600, size)
    return np.asarray(second // step * step, dtype=np.int64)


def choice_of(rng: Rng, items: npt.NDArray[np.object_], weights: Sequence[float], size: int) -> npt.NDArray[np.object_]:
    """Items drawn by weight."""
    return items[pick(rng, weights, size)]
