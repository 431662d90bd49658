"""Would the old and the new answer, held together, isolate a group below k? Whoever kept last week's table has both.

Two ways are looked for in every request that both bundles answer: a cell whose two values rest on groups that differ by fewer than k persons (rows or definitions
changed), and cells hidden both times that the cells shown at either time give away through the total of their shares.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from governance.terms import Cell, Measured
from wenshu.committee.replay import Pair, Weighed

Key = tuple[Cell, ...]


def isolating(pairs: Sequence[Pair], limit: int) -> tuple[int, int, list[dict[str, Any]]]:
    """Return how many requests were looked at, how many cells isolate a small group, and the requests with such cells."""
    looked = total = 0
    lines: list[dict[str, Any]] = []
    for pair in pairs:
        if pair.before.disclosed is None or pair.after.disclosed is None or pair.after.grant is None:
            continue
        looked += 1
        k = pair.after.grant.minimum_group.k
        ways = {"difference": _between(pair.before, pair.after, k), "total": _through_totals(pair.before, pair.after, k)}
        count = sum(ways.values())
        total += count
        if count:
            lines.append({"role": pair.asked.role, "purpose": pair.asked.purpose, "query": dict(pair.asked.query), "k": k, "cells": count, "ways": ways})
    return looked, total, sorted(lines, key=lambda line: -line["cells"])[:limit]


def _keys(measured: Measured) -> list[Key]:
    at = [position for position, column in enumerate(measured.columns) if column.kind != "metric"]
    return [tuple(row[position] for position in at) for row in measured.rows]


def _counts(weighed: Weighed) -> Mapping[tuple[Key, str], int]:
    """Return the persons behind each metric cell that is shown."""
    measured = weighed.measured
    if measured is None:
        return {}
    keys = _keys(measured)
    return {
        (keys[index], name): count
        for index, contributors in enumerate(measured.contributors)
        for name, count in contributors.items()
        if count is not None and (index, name) not in weighed.hidden
    }


def _between(before: Weighed, after: Weighed, k: int) -> int:
    """Count cells shown both times whose groups differ by some, but fewer than k, persons. The same rows and definition differ by none."""
    if k <= 1:
        return 0
    old, new = _counts(before), _counts(after)
    return sum(0 < abs(old[cell] - new[cell]) < k for cell in old.keys() & new.keys())


def _through_totals(before: Weighed, after: Weighed, k: int) -> int:
    """Count cells hidden both times that are alone, or hold fewer than k persons together, among those of their total once both answers are known."""
    if k <= 1 or before.measured is None or after.measured is None:
        return 0
    shares = [column.name.removesuffix("__share") for column in after.measured.columns if column.name.endswith("__share")]
    found = 0
    for name in shares:
        old = _hidden(before, name)
        new = _hidden(after, name)
        groups: dict[Cell, list[int | None]] = defaultdict(list)
        for key, persons in new.items():
            if key in old:
                groups[_period(after.measured, key)].append(persons)
        for persons_hidden in groups.values():
            known = [persons for persons in persons_hidden if persons]
            if known and (len(persons_hidden) == 1 or sum(known) < k):
                found += len(persons_hidden)
    return found


def _hidden(weighed: Weighed, name: str) -> dict[Key, int | None]:
    measured = weighed.measured
    if measured is None:
        return {}
    keys = _keys(measured)
    return {keys[index]: measured.contributors[index].get(name) for index, column in weighed.hidden if column == name}


def _period(measured: Measured, key: Key) -> Cell:
    others = [column for column in measured.columns if column.kind != "metric"]
    return next((cell for column, cell in zip(others, key, strict=True) if column.kind == "period"), None)
