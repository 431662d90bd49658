"""What a record of pruning says; verification needs no more of `audit.pruning` than this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

RECORD = "ledger.pruned"
"""Type of the entry that says which bodies were dropped."""

LEAST_DAYS = 183
"""Nothing younger is ever pruned: network logs are kept for six months at least (Cybersecurity Law)."""


def read_record(body: Any) -> list[tuple[int, int]]:
    """The ranges that a record of pruning names; empty if it is no sound one: entries before it, old enough, in order."""
    try:
        moment, before = datetime.fromisoformat(body["time"]), datetime.fromisoformat(body["detail"]["before"])
        ranges = [(int(first), int(last)) for first, last in body["detail"]["ranges"]]
        sound = moment - before >= timedelta(days=LEAST_DAYS)
        return ranges if sound and all(0 < first <= last < body["index"] for first, last in ranges) else []
    except (KeyError, TypeError, ValueError):
        return []


def uncovered(places: Iterable[int], ranges: Sequence[tuple[int, int]]) -> list[int]:
    """Those of the places (in order) that lie in no range."""
    ordered, at, found = sorted(ranges), 0, []
    for place in places:
        while at < len(ordered) and ordered[at][1] < place:
            at += 1
        if at == len(ordered) or not ordered[at][0] <= place <= ordered[at][1]:
            found.append(place)
    return found
