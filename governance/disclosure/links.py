"""Numbers that add up to others though they were asked apart: a month of its weeks, all channels of each channel, touches of touches a doctor times doctors.

A told number is the sum of some quantity over a set of persons and a *reach*: the days and touch attributes that the question was about. What reaches add up to is linear algebra
over their products (days and values shared), as it is for sets of persons in `overlaps`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from governance.disclosure.factor import Vector, independent
from governance.disclosure.overlaps import Codes

_SAME = 1e-7
MOST_REACHES = 1_500
"""Different reaches of one quantity that are held against each other; where more were asked about, what would tell of those who came or went is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a cell of a group tells of a quantity, if cells of the same persons were told in the contexts `needs` as well (a rate: its denominator).

    `start`, `end`: days as ordinals. `where`: for each touch attribute that is restricted the values left (hashed) and how many it has in all. Facts of one `quantity` add up.
    """

    quantity: bytes
    start: int
    end: int
    where: Mapping[str, tuple[frozenset[int], int]] = field(default_factory=lambda: MappingProxyType({}))
    needs: tuple[bytes, ...] = ()

    @property
    def reach(self) -> tuple[int, int, frozenset[tuple[str, frozenset[int], int]]]:
        """Return days and conditions, the same for the same reach."""
        return self.start, self.end, frozenset((name, values, of) for name, (values, of) in self.where.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a group is about, for answers under other consents or loads.

    `state` names the persons who count (`population`, by position) before anyone's row scope, `load` the load that they are read from; `around`: the group's cells as they would be if everybody counted.
    """

    state: bytes
    load: bytes
    population: npt.NDArray[np.bool_]
    around: Codes
    facts: tuple[Fact, ...]


def _share(one: Mapping[str, tuple[frozenset[int], int]], other: Mapping[str, tuple[frozenset[int], int]]) -> float:
    """Return the share of all values that pass both conditions."""
    out = 1.0
    for name in one.keys() | other.keys():
        mine, theirs = one.get(name), other.get(name)
        if mine is not None and theirs is not None:
            out *= len(mine[0] & theirs[0]) / max(mine[1], theirs[1], 1)
        else:
            only = mine or theirs
            out *= len(only[0]) / max(1, only[1]) if only is not None else 1.0
    return out


class Reaches:
    """Decides what reaches add up to one another. `number` says for each fact given which of the different reaches is its."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        places: dict[object, int] = {}
        self.number = np.array([places.setdefault(fact.reach, len(places)) for fact in facts], dtype=np.int64)
        self.count = len(places)
        first = dict(zip(self.number[::-1].tolist(), reversed(facts), strict=True))
        self._facts = [first[place] for place in range(self.count)]
        self._conditions: dict[object, int] = {}
        self._of = np.array([self._conditions.setdefault(fact.reach[2], len(self._conditions)) for fact in self._facts], dtype=np.int64)
        self._where = [next(fact.where for fact, at in zip(self._facts, self._of, strict=True) if at == number) for number in range(len(self._conditions))]
        self._start = np.array([fact.start for fact in self._facts])
        self._end = np.array([fact.end for fact in self._facts])
        shares = np.array([[_share(one, other) for other in self._where] for one in self._where]).reshape(len(self._where), len(self._where))
        days = np.maximum(0, np.minimum(self._end[:, None], self._end) - np.maximum(self._start[:, None], self._start))
        products = days * shares[np.ix_(self._of, self._of)] if self.count else np.zeros((0, 0))
        self._length: Vector = np.sqrt(np.maximum(products.diagonal(), 1e-300))
        self._products: Vector = products / self._length[:, None] / self._length[None, :]

    def hold(self, fact: Fact, chosen: npt.NDArray[np.bool_] | None = None) -> bool:
        """Return whether the fact's reach is a combination of the others (of those marked `chosen`)."""
        at = np.arange(self.count) if chosen is None else np.flatnonzero(chosen)
        whole = max(0, fact.end - fact.start) * _share(fact.where, fact.where)
        if not len(at) or whole <= 0:
            return False
        days = np.maximum(0, np.minimum(self._end[at], fact.end) - np.maximum(self._start[at], fact.start))
        seen = days * np.array([_share(one, fact.where) for one in self._where])[self._of[at]] / self._length[at] / np.sqrt(whole)
        order, lower = independent(self._products[np.ix_(at, at)])
        half = solve_triangular(lower, seen[order], lower=True) if len(order) else np.zeros(0)
        return bool(1.0 - half @ half < _SAME)
