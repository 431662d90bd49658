"""How well rows were linked: pairwise precision and recall against a truth, for an invented company."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
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
    linked: Counter[str] = Counter()
    true: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    count = hits = 0
    for key, person in rows:
        count += 1
        if not person.startswith(outsider):
            true[person] += 1
        if key is not None:
            hits += 1
            linked[key] += 1
            both[key, person] += 1
    found = sum(_pairs(n) for n in linked.values())
    right = sum(_pairs(n) for n in both.values())
    known = sum(_pairs(n) for n in true.values())
    known_right = sum(_pairs(n) for (_, person), n in both.items() if not person.startswith(outsider))
    return Score(
        precision=right / found if found else 1.0,
        recall=known_right / known if known else 1.0,
        linked_pairs=found,
        true_pairs=known,
        rows=count,
        linked_rows=hits,
    )


def score_links(links: Path, truth: Path) -> Score:
    """Score a `links.csv` (source,row,hcp_key) against a truth (source,row,true_hcp_id)."""
    with links.open(encoding="utf-8", newline="") as stream:
        keys = {(line["source"], line["row"]): line["hcp_key"] for line in csv.DictReader(stream)}
    with truth.open(encoding="utf-8", newline="") as stream:
        return score((keys.get((line["source"], line["row"])), line["true_hcp_id"]) for line in csv.DictReader(stream))
