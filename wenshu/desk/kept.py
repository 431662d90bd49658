"""What the first page counted, kept from one start of the service to the next: on a large ledger it stands there at once, and only the newest events are counted anew.

Only numbers that the page tells anyway. They are taken again only where the ledger's root at that size is still the one they were counted under and nothing was pruned since;
and only until the process has read the ledger itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wenshu.desk.door import Door
from wenshu.desk.filters import FACETS
from wenshu.desk.notes import Notes
from wenshu.desk.open_intents import OpenIntents

NAME = "first_page"
TAIL = 20_000
"""So many newer events are counted while the page waits; with more, the counts are not known yet."""
GROWN = 5_000
"""Counts are kept again once the ledger has grown by so much."""
LISTS = frozenset({"metrics", "classes"})
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Everything counted over the whole ledger: `facets` by column, most frequent first; `days` `{day: {outcome or "": events}}`; `today` `{outcomes, people, codes}` of one local day."""

    facets: Mapping[str, list[tuple[str | None, int]]]
    days: Mapping[str, Mapping[str, int]]
    today: Mapping[str, Any]

    @property
    def total(self) -> int:
        """How many events there are."""
        return sum(number for _, number in self.facets["type"])


class Kept:
    """The kept counts of one ledger, and its open intents. Safe for threads."""

    def __init__(self, door: Door, notes: Notes, intents: OpenIntents) -> None:
        self._door, self._notes, self._intents = door, notes, intents
        self._size = 0
        self._last: tuple[int, Counted | None] = (-1, None)

    def keep(self) -> None:
        """Count now and keep it, if the ledger has grown by enough since the last time. The ledger must have been read before."""
        reader = self._door.reader
        for _ in range(TRIES):  # what is counted must belong to one size
            size = self._door.cold.size()
            if self._size and size - self._size < GROWN:
                return
            facets = {column: [list(pair) for pair in pairs] for column, pairs in reader.facets(None, FACETS).items()}
            days = {bucket.start: {"": bucket.total, **bucket.outcomes} for bucket in reader.timeline(None)}
            today = self._today()
            prunings = self._door.cold.prunings()
            if self._door.cold.size() == size and size <= self._door.signed():
                self._notes.set_aside(NAME, {"size": size, "root": self._door.root(size), "prunings": prunings, "facets": facets, "days": days, "today": today, "intents": self._intents.state()})
                self._size = size
                return

    def _today(self) -> dict[str, Any]:
        from audit.search import Filter

        day = self._door.today().isoformat()
        found = self._door.reader.facets(Filter(type=("outcome",), day=(day,)), ["outcome", "actor"])
        codes = self._door.reader.count_by("code", Filter(type=("outcome",), day=(day,), outcome=("refused",)))
        return {"day": day, "outcomes": dict(found["outcome"]), "people": [name for name, _ in found["actor"]], "codes": {name: number for name, number in codes if name}}

    def counted(self) -> Counted | None:
        """Return the kept counts with the events since; None where there are none that hold, or too many events came since."""
        size = self._door.cold.size()
        if self._last[0] != size:
            self._last = (size, self._anew())
        return self._last[1]

    def _anew(self) -> Counted | None:
        kept = self._notes.taken_aside(NAME)
        if kept is None or not self._holds(kept):
            return None
        self._intents.go_on(kept["intents"])
        columns = tuple(dict.fromkeys((*FACETS, "day", "outcome", "actor", "code", "type")))
        rows = self._door.cold.counted(columns, int(kept["size"]) - 1, TAIL)
        if rows is None:
            return None
        return _grown(kept, [dict(zip(columns, row[1:], strict=True)) for row in rows], self._door.today().isoformat())

    def _holds(self, kept: Mapping[str, Any]) -> bool:
        size = int(kept["size"])
        return 0 < size <= self._door.signed() and kept["prunings"] == self._door.cold.prunings() and kept["root"] == self._door.root(size)


def _grown(kept: Mapping[str, Any], rows: list[dict[str, Any]], day: str) -> Counted:
    import json

    facets: dict[str, Counter[str | None]] = {column: Counter(dict(map(tuple, kept["facets"][column]))) for column in FACETS}
    days = {start: Counter(numbers) for start, numbers in kept["days"].items()}
    today = kept["today"] if kept["today"]["day"] == day else {"outcomes": {}, "people": [], "codes": {}}
    outcomes, people, codes = Counter(today["outcomes"]), set(today["people"]), Counter(today["codes"])
    for row in rows:
        for column in FACETS:
            value = row[column]
            facets[column].update([value] if column not in LISTS else set(json.loads(value)) if value is not None else ())
        days.setdefault(row["day"], Counter()).update(["", *([row["outcome"]] if row["outcome"] else [])])
        if row["type"] == "outcome" and row["day"] == day:
            outcomes[row["outcome"]] += 1
            people.add(row["actor"])
            if row["outcome"] == "refused" and row["code"]:
                codes[row["code"]] += 1
    return Counted(
        facets={column: sorted(counts.items(), key=lambda item: (-item[1], item[0] is not None, item[0] or "")) for column, counts in facets.items()},
        days=dict(sorted(days.items())),
        today={"outcomes": dict(outcomes), "people": len(people), "codes": codes.most_common()},
    )
