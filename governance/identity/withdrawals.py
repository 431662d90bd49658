"""When withdrawals take effect: together, so that none can be seen as the difference between two answers (domain.md section 5)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

LONGEST_WAIT = timedelta(days=7)


def effective_times(withdrawals: Sequence[tuple[Hashable, str, datetime]], *, smallest_batch: int) -> list[datetime]:
    """For each withdrawal (what it is for: the purpose, or purpose and channel; person; local time) the midnight at which it takes effect.

    At every midnight a purpose's (a purpose and channel's) pending withdrawals take effect together once they are of at least `smallest_batch` persons or the oldest
    is 7 days old; the clock runs on past the last known withdrawal.
    """
    by_purpose: dict[Hashable, list[int]] = defaultdict(list)
    for index, (purpose, _, _) in enumerate(withdrawals):
        by_purpose[purpose].append(index)
    result: dict[int, datetime] = {}
    for indices in by_purpose.values():
        ordered = sorted(indices, key=lambda index: withdrawals[index][2])
        at = 0
        while at < len(ordered):
            oldest = withdrawals[ordered[at]][2]
            midnight = _midnight_from(oldest)
            end, persons = at, set[str]()
            while True:
                while end < len(ordered) and withdrawals[ordered[end]][2] <= midnight:
                    persons.add(withdrawals[ordered[end]][1])
                    end += 1
                if len(persons) >= smallest_batch or midnight - oldest >= LONGEST_WAIT:
                    break
                midnight += timedelta(days=1)
            result |= dict.fromkeys(ordered[at:end], midnight)
            at = end
    return [result[index] for index in range(len(withdrawals))]


def _midnight_from(moment: datetime) -> datetime:
    """The first midnight at or after a local time."""
    midnight = datetime.combine(moment.date(), time())
    return midnight if midnight == moment else midnight + timedelta(days=1)
