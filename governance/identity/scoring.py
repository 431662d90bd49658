"""How well rows were linked: pairwise precision and recall against a truth, for an invented company."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of all pairs of rows: `precision` is the share of linked pairs that are one person, `recall` of one person's pairs that are linked.

    Only rows of persons whom the company knows count for `recall`: nobody else can be linked to a record.
    """

    precision: float
    recall: float
    linked_pairs: int
    true_pairs: int
    rows: int
    linked_rows: int


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def score(rows: Iterable[tuple[str | None, str]], *, outsider: str = "X") -> Score:
    """Score (linked key or None, true person) of each row; true persons that begin with `outsider` are not the company's own."""
    both = Counter(rows)
    linked: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for (key, person), count in both.items():
        if not person.startswith(outsider):
            true[person] += count
        if key is not None:
            linked[key] += count
    found = sum(_pairs(n) for n in linked.values())
    right = sum(_pairs(n) for (key, _), n in both.items() if key is not None)
    known = sum(_pairs(n) for n in true.values())
    known_right = sum(
        _pairs(n) for (key, person), n in both.items() if key is not None and not person.startswith(outsider)
    )
    return Score(
        precision=right / found if found else 1.0,
        recall=known_right / known if known else 1.0,
        linked_pairs=found,
        true_pairs=known,
        rows=both.total(),
        linked_rows=linked.total(),
    )


def read_truth(truth: Path, keys: Mapping[str, Mapping[int, str | None]]) -> Iterator[tuple[str | None, str]]:
    """Yield (linked key or None, true person) of each line of a truth (source,row,true_hcp_id); `keys` are by source and row."""
    with truth.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream)
        next(lines, None)
        for source, row, person in lines:
            yield keys.get(source, {}).get(int(row)), person


def score_links(links: Path, truth: Path) -> Score:
    """Score a `links.csv` (source,row,hcp_key) against a truth (source,row,true_hcp_id)."""
    keys: dict[str, dict[int, str | None]] = defaultdict(dict)
    with links.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream)
        next(lines, None)
        for source, row, key in lines:
            keys[source][int(row)] = key
    return score(read_truth(truth, keys))
