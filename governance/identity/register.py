"""Who is who in the register: records of one person become one group, records of two never do.

Records merge when they share a license or another strong identifier and their names can be one person's, or share a phone or an address
and have the same name, and never when they hold two different licenses. What several groups then still share (a department's
phone) identifies nobody by itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from governance.identity.evidence import NONE, WEAK, Evidence, Groups, Interner, members
from governance.identity.normalise import same_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

SHARED = -2
"""The owner of a node that several persons claim."""


@dataclass(slots=True, kw_only=True)
class Register:
    """The known persons. `person` numbers the person of each record; `owner` maps a node to its person or SHARED, `claimants` to all who have it."""

    person: IntArray
    count: int
    owner: dict[int, int]
    claimants: dict[int, set[int]]
    names: dict[int, set[str]]
    merged: int
    shared: int


def read_register(
    records: Evidence,
    names: Interner[str],
    blocked: frozenset[int],
    *,
    together: Sequence[tuple[int, int]] = (),
    apart: Sequence[tuple[int, int]] = (),
) -> Register:
    """Group the records. `blocked` nodes belong to persons of another kind (a representative's own phone) and prove nothing.

    `together` and `apart` are pairs of rows that a steward decided about: joined unless their licenses differ, or never joined.
    """
    said = [
        {names.things[code] for codes in records.names if (code := int(codes[row])) != NONE}
        for row in range(records.rows)
    ]
    groups = Groups(records.rows)
    licenses: dict[int, set[int]] = defaultdict(set)
    for kind, nodes in records.identifiers:
        if kind == "license":
            for row, node in enumerate(nodes.tolist()):
                if node != NONE:
                    licenses[row].add(node)

    def join(one: int, other: int) -> None:
        first, second = groups.find(one), groups.find(other)
        if first == second or len(licenses[first] | licenses[second]) > 1:
            return
        if any({groups.find(a), groups.find(b)} == {first, second} for a, b in apart):
            return
        both = licenses[first] | licenses[second]
        licenses[groups.union(first, second)] = both

    for one, other in together:
        join(one, other)
    for kind, nodes in records.ranked():
        for node, rows in members(nodes):
            if node in blocked:
                continue
            if kind in WEAK and not _one_name(rows, said):
                continue
            first = rows[0]
            for row in rows[1:]:
                if kind == "crm_id" or _may_merge(kind, said[first], said[row]):
                    join(first, row)
    person = groups.numbered()
    owner: dict[int, int] = {}
    claimants: dict[int, set[int]] = defaultdict(set)
    for _, nodes in records.identifiers:
        for row in np.flatnonzero(nodes != NONE).tolist():
            claimants[int(nodes[row])].add(int(person[row]))
    for node, persons in claimants.items():
        owner[node] = SHARED if len(persons) > 1 or node in blocked else next(iter(persons))
    known: dict[int, set[str]] = defaultdict(set)
    for row in range(records.rows):
        known[int(person[row])] |= said[row]
    count = int(person.max()) + 1 if len(person) else 0
    return Register(
        person=person,
        count=count,
        owner=owner,
        claimants={node: persons for node, persons in claimants.items() if len(persons) > 1},
        names=dict(known),
        merged=records.rows - count,
        shared=sum(1 for who in owner.values() if who == SHARED),
    )


def _may_merge(kind: str, one: set[str], other: set[str]) -> bool:
    if kind in WEAK:
        return any(alike(a, b) for a in one for b in other)
    return not one or not other or any(same_name(a, b) for a in one for b in other)


def _one_name(rows: list[int], said: list[set[str]]) -> bool:
    """Whether everyone behind a phone goes by one name; a phone with two names is a department's."""
    first = said[rows[0]]
    return all(any(alike(a, b) for a in first for b in said[row]) for row in rows[1:])


@lru_cache(maxsize=200_000)
def alike(one: str, other: str) -> bool:
    """Whether two compared names are surely one: equal, or of the same sound, or with two characters swapped."""
    if one == other:
        return True
    if len(one) != len(other):
        return False
    if sorted(one) == sorted(other):
        return True
    from pypinyin import lazy_pinyin

    return bool(lazy_pinyin(one) == lazy_pinyin(other))
