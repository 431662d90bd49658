"""Small-cell suppression over one answer (domain.md section 5: minimum groups count distinct persons, in every arm).

Primary: a cell resting on fewer than k distinct persons is hidden, an empty cell included, since a shown zero would tell as much.
Secondary: what is computed from a hidden cell is hidden with it (change, growth, share, rank), and so many further cells that nothing that adds up gives a hidden one away:
the best bounds that an attacker can compute for each of them stay wide (`bounds`), with every total known that the answer shows or that could be asked.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

from governance.disclosure.bounds import MANY, MOST_PROGRAMS, Attacker, Swaps, Unknown, components, wide
from governance.disclosure.lines import Numbers, Shape, Sum, numbers_of
from governance.disclosure.settings import DEFAULT_INTERVAL
from governance.terms import Cell, Column, Measured, MinimumGroup

SMALL, COMPLEMENTARY = "small_group", "complementary"
Hidden = dict[tuple[int, str], str]
"""(row of the measured table, column name) → why it is hidden."""

_DERIVED = ("__change", "__growth", "__ci_low", "__ci_high", "__p_value")
ONE_BY_ONE, ROUNDS = 8, 12
"""So often further cells are chosen one by one; after that whole lines are hidden, and at last everything."""


def _base_name(column: Column) -> str:
    return column.metric or column.name


def _too_small(count: int | None, k: int) -> bool:
    return count is not None and count < k


def _primary(measured: Measured, k: int) -> Hidden:
    hidden: Hidden = {}
    for index, contributors in enumerate(measured.contributors):
        for column in measured.columns:
            if column.kind != "metric":
                continue
            if column.name not in contributors:
                # A metric cell without a count of persons was not accounted for: fail closed.
                hidden[index, column.name] = SMALL
            elif _too_small(contributors[column.name], k):
                hidden[index, column.name] = SMALL
    return hidden


def with_dependants(measured: Measured, hidden: Mapping[tuple[int, str], str]) -> Hidden:
    """Return what is hidden and all that is computed from it."""
    names = {column.name for column in measured.columns if column.kind == "metric"}
    metrics = {column.name: _base_name(column) for column in measured.columns}
    out = dict(hidden)
    for (index, name), reason in hidden.items():
        metric = metrics[name]
        if name in (metric, f"{metric}__base"):
            for suffix in _DERIVED:
                if metric + suffix in names:
                    out.setdefault((index, metric + suffix), reason)
        if name == metric and f"{metric}__share" in names:
            out.setdefault((index, f"{metric}__share"), reason)
        if name == f"{metric}__share":
            out.setdefault((index, metric), reason)
        if name.endswith(_DERIVED):
            for suffix in _DERIVED:
                if metric + suffix in names:
                    out.setdefault((index, metric + suffix), reason)
            # One arm is too small. Where neither side stands in a column of its own, the metric is the difference itself.
            if not {(index, metric), (index, f"{metric}__base")} & set(hidden):
                out.setdefault((index, metric), reason)
    return out


_COUNTED = frozenset({"integer"})


def _beside_hidden_counts(measured: Measured, hidden: Hidden) -> Hidden:
    """Hide the ratios of a row in which a count of persons' facts is hidden: a shown count times a shown ratio would be the hidden one."""
    out = dict(hidden)
    columns = [column for column in measured.columns if column.kind == "metric"]
    if len({_base_name(column) for column in columns}) < 2:
        return out
    for index, contributors in enumerate(measured.contributors):
        if any((index, column.name) in hidden and column.format in _COUNTED for column in columns):
            for column in columns:
                if column.format not in _COUNTED and contributors.get(column.name) is not None:
                    out.setdefault((index, column.name), COMPLEMENTARY)
    return out


# --------------------------------------------------------------------------- what adds up


class _Sums:
    """Hides further numbers of one metric until none that must stay hidden can be computed."""

    def __init__(self, found: Numbers, hidden: Mapping[tuple[int, str], str], how: Sum, k: int, interval: float) -> None:
        self._numbers, self._how, self._k, self._interval = found.numbers, how, k, interval
        # A total over fewer than k persons is hidden wherever it is asked for, so that nobody knows it.
        self._lines = [line for line in found.lines if len(line) > 1 and sum(found.numbers[i].persons or 0 for i in line) >= k]
        self._through: dict[int, list[int]] = defaultdict(list)
        for position, line in enumerate(self._lines):
            for index in line:
                self._through[index].append(position)
        self._gone = [0] * len(self._lines)
        self._why: dict[int, str] = {}
        for index, number in enumerate(found.numbers):
            reasons = [hidden[place] for place in number.places if place in hidden]
            if reasons:
                self._hide(index, SMALL if SMALL in reasons else COMPLEMENTARY)
        self._attacker = Attacker(interval=interval)
        # What is proved stays proved: with more hidden an attacker knows less.
        self._proved: set[int] = set()
        self._swaps = Swaps({index: (number.at, number.rest) for index, number in enumerate(found.numbers)}, self._lines) if found.plain else None

    def _hide(self, index: int, why: str) -> None:
        self._why[index] = why
        for position in self._through[index]:
            self._gone[position] += 1

    def settle(self) -> dict[int, str]:
        """Return which numbers are hidden, and why."""
        if not any(why == SMALL for why in self._why.values()):
            return self._why
        self._pair()
        for turn in range(ROUNDS):
            self._attacker.spend = MOST_PROGRAMS
            failing = self._failing()
            before = len(self._why)
            for index in failing:
                self._widen(index, whole=turn >= ONE_BY_ONE)
            if len(self._why) == before:
                # All is proved, or every line through what isn't is hidden wholly.
                return self._why
        for index in range(len(self._numbers)):
            if index not in self._why:
                self._hide(index, COMPLEMENTARY)
        return self._why

    def _pair(self) -> None:
        """The cheap rule first: no hidden number is alone in a line, and those hidden in a line are together at least k persons."""
        changed = True
        while changed:
            changed = False
            for position, line in enumerate(self._lines):
                if not 0 < self._gone[position] < len(line):
                    continue
                persons = sum(self._numbers[i].persons or 0 for i in line if i in self._why)
                while self._gone[position] < len(line) and (self._gone[position] < 2 or persons < self._k):
                    index = self._smallest(line)
                    self._hide(index, COMPLEMENTARY)
                    persons += self._numbers[index].persons or 0
                    changed = True

    def _smallest(self, line: list[int]) -> int:
        """Return the shown number of the line with the fewest persons: the same one whatever metric is asked, so that two metrics don't uncover each other."""
        return min((i for i in line if i not in self._why), key=lambda i: (self._numbers[i].persons or 0, self._numbers[i].key))

    def _unknown(self, index: int) -> Unknown:
        number = self._numbers[index]
        value = max(0.0, number.value)
        if not (self._how.counts or self._how.rate):
            return Unknown(value)
        if self._why[index] == SMALL:
            return Unknown(value, 0.0, max(value, float(self._k - 1)))
        return Unknown(value, min(value, float(self._k)))

    def _width(self, one: Unknown) -> float:
        floor = math.ceil((self._k - 1) / 2) if self._how.counts or self._how.rate else 0.0
        return max(floor, 2 * self._interval * one.value, 1e-6)

    def _failing(self) -> list[int]:
        """Return the hidden small numbers that an attacker can compute too closely."""
        unknowns = {index: self._unknown(index) for index in self._why}
        need = {index: self._width(one) for index, one in unknowns.items() if self._why[index] == SMALL and index not in self._proved}
        failing: list[int] = []
        for names, lines in components(unknowns, self._lines) if need else ():
            left = {name: need[name] for name in names if name in need}
            if not left or not lines:
                continue
            if self._swaps is not None and len(lines) > 1 and len(names) > MANY:
                swapped = self._swaps.bounds(left, unknowns, left, self._interval)
                left = {name: width for name, width in left.items() if not wide(unknowns[name], swapped[name], width, self._interval)}
            if left:
                found = self._attacker.bounds(names, lines, unknowns, left)
                failing += [name for name in left if not wide(unknowns[name], found[name], left[name], self._interval)]
        self._proved |= need.keys() - set(failing)
        return failing

    def _widen(self, index: int, *, whole: bool) -> None:
        open_lines = [position for position in self._through[index] if self._gone[position] < len(self._lines[position])]
        if open_lines:
            tightest = self._lines[min(open_lines, key=lambda position: (self._gone[position], len(self._lines[position]), position))]
            for chosen in [i for i in tightest if i not in self._why] if whole else [self._smallest(tightest)]:
                self._hide(chosen, COMPLEMENTARY)


def _beside_sums(measured: Measured, hidden: Hidden, k: int, shape: Shape, interval: float) -> Hidden:
    out = dict(hidden)
    names = {column.name for column in measured.columns}
    for metric, how in shape.sums.items():
        if metric not in names or not how.over:
            continue
        found = numbers_of(measured, metric, how, shape)
        for index, reason in _Sums(found, out, how, k, interval).settle().items():
            for place in found.numbers[index].places:
                out.setdefault(place, reason)
    return out


def _share_groups(measured: Measured) -> Mapping[Cell, list[int]]:
    """Rows whose shares are of one total: those of the same period."""
    at = next((j for j, column in enumerate(measured.columns) if column.kind == "period"), None)
    groups: dict[Cell, list[int]] = defaultdict(list)
    for index, row in enumerate(measured.rows):
        groups[None if at is None else row[at]].append(index)
    return groups


def _beside_shares(measured: Measured, hidden: Hidden, k: int) -> Hidden:
    """Where shares give the total away, the hidden cells are at least two and rest together on at least k persons."""
    out = dict(hidden)
    names = [column.name for column in measured.columns]
    for name in names:
        if not name.endswith("__share"):
            continue
        metric = name.removesuffix("__share")
        for rows in _share_groups(measured).values():
            gone = [i for i in rows if (i, metric) in out]
            left = sorted(
                (i for i in rows if (i, metric) not in out),
                key=lambda i: (measured.contributors[i].get(metric) or 0, [str(cell) for cell in measured.rows[i][:2]]),
            )
            persons = sum(measured.contributors[i].get(metric) or 0 for i in gone)
            while gone and left and (len(gone) < 2 or persons < k):
                index = left.pop(0)
                gone.append(index)
                persons += measured.contributors[index].get(metric) or 0
                out[index, metric] = COMPLEMENTARY
    return out


def protect(measured: Measured, group: MinimumGroup, shape: Shape | None = None, *, interval: float = DEFAULT_INTERVAL) -> Hidden:
    """Return the cells of `measured` to hide. k of 0 or 1 hides nothing; a metric cell without a person count is hidden.

    Without a `shape` nothing is known to add up but what shares say. `interval`: see `documents.disclosure`.
    """
    if group.k <= 1:
        return {}
    hidden = with_dependants(measured, _beside_hidden_counts(measured, _primary(measured, group.k)))
    if shape is None:
        return with_dependants(measured, _beside_shares(measured, hidden, group.k))
    # What is hidden beside a hidden count is no small group itself, so that its own sums need no second look.
    more = with_dependants(measured, _beside_shares(measured, _beside_sums(measured, hidden, group.k, shape, interval), group.k))
    return with_dependants(measured, _beside_hidden_counts(measured, more))


def all_hidden(columns: tuple[Column, ...], count: int, hidden: Mapping[tuple[int, str], str]) -> bool:
    """Return whether a table of `count` rows has metric cells and every one of them is hidden."""
    names = [column.name for column in columns if column.kind == "metric"]
    return bool(count and names) and all((index, name) in hidden for index in range(count) for name in names)
