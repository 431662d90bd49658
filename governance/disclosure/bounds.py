"""What an attacker can compute of hidden numbers from the sums that they are part of: the best bounds there are.

The attacker knows every shown number, every total of a line of the table whether it is shown or only could be asked, that no number is negative, and of hidden counts of
persons why they are hidden (fewer than k, or at least k). The bounds are those of linear programming over all tables that agree with this; narrower ones don't exist
(Hundepool et al. 2012, Statistical Disclosure Control, sections 4.2 and 4.4).
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from operator import itemgetter

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

WITNESSES = 6
"""Random extreme tables looked at before any single number is bounded by itself: each may prove many numbers wide."""
MOST_PROGRAMS = 60
"""Linear programs per table: beyond it a number counts as not proved, and more is hidden."""
MOST_UNKNOWN = 600
"""Numbers in one program; larger systems are only searched for swaps."""
MANY = 250
"""Numbers from which on swaps are looked for before anything else."""
ROOMY = 12
"""So many of a line's numbers are tried as the other end of a swap."""
WALKS, WAYS = 4, 24
"""So often one goes on from the middle of all tables found so far, and so many random directions are tried each time."""
TIGHTENED = 12
"""So often sums are looked at one after another."""
SWAPS, MOST_SWAPS = 160, 60_000
"""Swaps tried at most for each number and for each table; most numbers need a few."""
_TINY = 1e-7
_RANK = 1e-9
_HELD = 1e-5


@dataclass(frozen=True, slots=True)
class Unknown:
    """A hidden number: its true value and the bounds that anyone knows before adding anything up."""

    value: float
    low: float = 0.0
    high: float = float("inf")


@dataclass(slots=True)
class Bounds:
    """The bounds found; `exact` where they are the best there are, else they only lie inside these."""

    low: float
    high: float
    exact: bool


def components(unknowns: Mapping[int, Unknown], lines: Sequence[Sequence[int]]) -> list[tuple[list[int], list[list[int]]]]:
    """Return the unknowns in groups that no line joins, each with its lines; a line tells the sum of its unknowns."""
    parent = {name: name for name in unknowns}

    def root(name: int) -> int:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    inside = [[name for name in line if name in unknowns] for line in lines]
    for line in inside:
        for name in line[1:]:
            parent[root(name)] = root(line[0])
    members: dict[int, list[int]] = defaultdict(list)
    joined: dict[int, dict[tuple[int, ...], None]] = defaultdict(dict)
    for name in unknowns:
        members[root(name)].append(name)
    for line in inside:
        if line:
            joined[root(line[0])].setdefault(tuple(line))
    return [(names, [list(line) for line in joined[at]]) for at, names in members.items()]


class Attacker:
    """Bounds the numbers of one table. `spend` programs are left; each call uses them up."""

    def __init__(self, *, programs: int = MOST_PROGRAMS, interval: float = 0.0) -> None:
        """`interval`: the share of a number that its bounds must stay away from it on one side, for it to need no closer look."""
        self.spend, self.interval = programs, interval

    def bounds(
        self, names: Sequence[int], lines: Sequence[Sequence[int]], unknowns: Mapping[int, Unknown], enough: Mapping[int, float]
    ) -> dict[int, Bounds]:
        """Return bounds for one component's numbers.

        `enough`: the width from which on a number needs no closer look. A number whose bounds are not `exact` has at least this width if its own is at least
        that; otherwise nothing is proved of it.
        """
        if len(names) == 1 and lines:
            value = unknowns[names[0]].value
            return {names[0]: Bounds(value, value, exact=True)}
        if len(lines) <= 1:
            return _one_line(names, lines, unknowns)
        if len(names) > MOST_UNKNOWN:
            return {name: Bounds(unknowns[name].value, unknowns[name].value, exact=False) for name in names}
        return self._programs(names, lines, unknowns, enough)

    def _programs(
        self, names: Sequence[int], lines: Sequence[Sequence[int]], unknowns: Mapping[int, Unknown], enough: Mapping[int, float]
    ) -> dict[int, Bounds]:
        at = {name: position for position, name in enumerate(names)}
        rows = [i for i, line in enumerate(lines) for _ in line]
        columns = [at[name] for line in lines for name in line]
        system = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(lines), len(names)))
        true = np.array([unknowns[name].value for name in names], dtype=float)
        # In units of the largest value, so that the solver's tolerances mean the same for counts and for money.
        unit = max(1.0, float(np.abs(true).max()))
        sums = np.asarray(system @ (true / unit)).ravel()
        limits = [(unknowns[name].low / unit, None if unknowns[name].high == float("inf") else unknowns[name].high / unit) for name in names]
        scaled = np.array([[low, np.inf if high is None else high] for low, high in limits])
        need = {position: enough[name] for position, name in enumerate(names) if name in enough}
        outer = outer_bounds(system, sums, scaled)

        def is_wide(position: int, low: float, high: float) -> bool:
            one = unknowns[names[position]]
            return wide(one, Bounds(low, high, exact=False), need[position], self.interval)

        # What is told by the sums line by line needs no program to be seen.
        open_ones = [position for position in need if is_wide(position, float(outer[position, 0]) * unit, float(outer[position, 1]) * unit)]
        low, high = true.copy(), true.copy()
        exact = np.zeros(len(names), dtype=bool)

        def solve(weights: np.ndarray) -> np.ndarray | None:
            if self.spend <= 0:
                return None
            self.spend -= 1
            found = linprog(weights, A_eq=system, b_eq=sums, bounds=scaled, method="highs")
            return found.x if found.status == 0 else None

        def seen(tables: np.ndarray) -> None:
            np.minimum(low, tables.min(axis=0) * unit, out=low)
            np.maximum(high, tables.max(axis=0) * unit, out=high)

        def still_open() -> list[int]:
            return [position for position in open_ones if not exact[position] and not is_wide(position, float(low[position]), float(high[position]))]

        held = outer[:, 1] - outer[:, 0] <= _HELD
        if still_open():
            seen(walked(system, scaled, true / unit, still_open(), held))
        if still_open():
            # Where many numbers are nought one can't walk from the true table: then from the middle of some corners.
            dice = random.Random(len(names))  # noqa: S311 (which corner is looked at first is no secret)
            corners = [true / unit]
            for _ in range(WITNESSES):
                table = solve(np.array([dice.choice((-1.0, 1.0)) * dice.random() for _ in names]))
                if table is None:
                    break
                corners.append(table)
            tables = np.array(corners)
            seen(tables)
            seen(walked(system, scaled, tables.mean(axis=0), still_open(), held))
        for position in still_open():
            weights = np.zeros(len(names))
            weights[position] = 1.0
            least, most = solve(weights), solve(-weights)
            if least is None or most is None:
                continue
            seen(np.array([least, most]))
            low[position], high[position], exact[position] = least[position] * unit, most[position] * unit, True
        return {name: Bounds(float(low[i]), float(high[i]), exact=bool(exact[i])) for i, name in enumerate(names)}


def outer_bounds(system: csr_array, sums: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return bounds around the best ones (low, high; one row a number): what each sum by itself leaves of a number, again and again."""
    low, high = limits[:, 0].copy(), limits[:, 1].copy()
    pointer, inside = system.indptr, system.indices
    for _ in range(TIGHTENED):
        before = low.copy(), high.copy()
        for line in range(len(sums)):
            at = inside[pointer[line] : pointer[line + 1]]
            lows, highs = low[at], high[at]
            endless = np.isinf(highs)
            rest = np.where(endless, 0.0, highs).sum()
            # Without the number itself: endless where another number is.
            others = np.where(endless.sum() - endless > 0, np.inf, rest - np.where(endless, 0.0, highs))
            low[at] = np.maximum(lows, sums[line] - others - _TINY)
            high[at] = np.minimum(highs, sums[line] - (lows.sum() - lows) + _TINY)
        if np.allclose(before[0], low, atol=_TINY) and np.array_equal(np.isinf(before[1]), np.isinf(high)) and np.allclose(before[1], high, atol=_TINY):
            break
    return np.column_stack([low, high])


def walked(system: csr_array, limits: np.ndarray, inside: np.ndarray, wanted: Sequence[int], held: np.ndarray) -> np.ndarray:
    """Return tables that agree with the sums and the limits: from the table `inside` as far as one can go in directions that change no sum, for each wanted number one and some more.

    `held`: the numbers that can't move.
    """
    count = len(inside)
    _, values, basis = np.linalg.svd(system.toarray(), full_matrices=True)
    free = basis[int((values > _RANK).sum()) :]
    if held.any() and len(free):
        _, values, turned = np.linalg.svd(free[:, held].T, full_matrices=True)
        free = turned[int((values > _RANK).sum()) :] @ free
    if not len(free):
        return inside[None, :]
    dice = np.random.default_rng(count)
    found = [inside]
    at = inside
    for _ in range(WALKS):
        ways = np.concatenate([free.T @ free[:, list(wanted)], free.T @ dice.standard_normal((len(free), WAYS))], axis=1).T
        ways[np.abs(ways) < _RANK] = 0.0
        up, down = limits[:, 1] - at, at - limits[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            forth = np.where(ways > 0, up / ways, np.where(ways < 0, down / -ways, np.inf)).min(axis=1)
            back = np.where(ways > 0, down / ways, np.where(ways < 0, up / -ways, np.inf)).min(axis=1)
        steps = np.isfinite(forth) & np.isfinite(back) & (ways != 0).any(axis=1)
        tables = np.concatenate([at + forth[steps, None].clip(0) * ways[steps], at - back[steps, None].clip(0) * ways[steps]])
        if not len(tables):
            break
        found.extend(tables)
        at = np.array(found).mean(axis=0)
    # Rounding may have left a sum or a limit by a trifle: such a table proves nothing.
    tables = np.array(found)
    kept = (np.abs(tables @ system.T.toarray() - inside @ system.T.toarray()).max(axis=1) < _TINY) & ((tables >= limits[:, 0] - _TINY) & (tables <= limits[:, 1] + _TINY)).all(axis=1)
    return np.concatenate([inside[None, :], tables[kept]])


def _axes(size: int) -> list[tuple[int, ...]]:
    return sorted((axes for count in range(1, size + 1) for axes in combinations(range(size), count)), key=len, reverse=True)


class Swaps:
    """Finds other tables with the same sums by moving the same amount around the corners of a box: up at every other corner, down at the rest.

    Every such table is one that an attacker can't rule out, so what it shows of a number's width is proved, at a fraction of a linear program's cost.
    """

    def __init__(self, places: Mapping[int, tuple[tuple[object, ...], tuple[object, ...]]], lines: Sequence[Sequence[int]]) -> None:
        """`places`: of each number its coordinates in the dimensions that add up, and the rest; `lines`: the totals that anyone knows."""
        self._places = places
        self._numbers = {place: name for name, place in places.items()}
        self._left = MOST_SWAPS
        self._through: dict[int, list[int]] = defaultdict(list)
        for position, line in enumerate(lines):
            for name in line:
                self._through[name].append(position)

    def bounds(self, names: Iterable[int], unknowns: Mapping[int, Unknown], enough: Mapping[int, float], share: float) -> dict[int, Bounds]:
        """Return bounds inside the best ones, for each number of `names`."""
        beside: dict[tuple[object, ...], list[tuple[float, object]]] = defaultdict(list)
        for name, one in unknowns.items():
            at, rest = self._places[name]
            room = min(one.high - one.value, one.value - one.low)
            for axis, value in enumerate(at):
                beside[axis, *at[:axis], *at[axis + 1 :], rest].append((room, value))
        # Numbers that can go both ways make the widest swaps.
        roomy = {line: [value for _, value in heapq.nlargest(ROOMY, members, key=itemgetter(0))] for line, members in beside.items()}
        dice = random.Random(len(unknowns))  # noqa: S311 (which boxes are tried is no secret)
        out = {}
        for name in names:
            one, (at, rest) = unknowns[name], self._places[name]
            ways = _axes(len(at))
            found = Bounds(one.value, one.value, exact=False)
            every = [[v for _, v in beside[axis, *at[:axis], *at[axis + 1 :], rest] if v != value] for axis, value in enumerate(at)]
            best = [[v for v in roomy[axis, *at[:axis], *at[axis + 1 :], rest] if v != value] for axis, value in enumerate(at)]
            for turn in range(SWAPS):
                # A box over all dimensions keeps every total; one over fewer only those that nobody knows may change.
                axes = ways[turn // 2 % len(ways)] if ways else ()
                choices = best if turn % 2 else every
                if not axes or self._left <= 0 or not all(choices[axis] for axis in axes):
                    continue
                other = {axis: dice.choice(choices[axis]) for axis in axes}
                self._left -= 1
                up, down = self._room(at, other, rest, unknowns)
                found.high, found.low = max(found.high, one.value + up), min(found.low, one.value - down)
                if wide(one, found, enough[name], share):
                    break
            out[name] = found
        return out

    def _room(self, at: tuple[object, ...], other: Mapping[int, object], rest: tuple[object, ...], unknowns: Mapping[int, Unknown]) -> tuple[float, float]:
        """Return by how much the box's first corner can go up and down."""
        up = down = float("inf")
        sums: dict[int, int] = defaultdict(int)
        for corner in product(*((False, True) for _ in other)):
            far = {axis for axis, is_far in zip(other, corner, strict=True) if is_far}
            name = self._numbers.get((tuple(other[axis] if axis in far else value for axis, value in enumerate(at)), rest))
            if name is None or name not in unknowns:
                return 0.0, 0.0
            for line in self._through[name]:
                sums[line] += -1 if sum(corner) % 2 else 1
            one = unknowns[name]
            above, below = one.high - one.value, one.value - one.low
            if sum(corner) % 2:
                above, below = below, above
            up, down = min(up, above), min(down, below)
        return (0.0, 0.0) if any(sums.values()) else (up, down)


def _one_line(names: Sequence[int], lines: Sequence[Sequence[int]], unknowns: Mapping[int, Unknown]) -> dict[int, Bounds]:
    if not lines:
        return {name: Bounds(unknowns[name].low, unknowns[name].high, exact=True) for name in names}
    total = sum(unknowns[name].value for name in names)
    lows, highs = sum(unknowns[name].low for name in names), sum(unknowns[name].high for name in names)
    out = {}
    for name in names:
        one = unknowns[name]
        others_high = highs - one.high if one.high != float("inf") else sum(unknowns[n].high for n in names if n != name)
        low = max(one.low, total - others_high)
        high = min(one.high, total - (lows - one.low))
        out[name] = Bounds(low, high, exact=True)
    return out


def wide(one: Unknown, found: Bounds, width: float, share: float) -> bool:
    """Return whether the bounds hide the number: at least `width` apart, and on one side at least `share` of the number away from it."""
    if found.high - found.low < width - _TINY:
        return False
    return found.low <= one.value * (1 - share) + _TINY or found.high >= one.value * (1 + share) - _TINY
