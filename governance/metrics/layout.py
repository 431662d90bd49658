"""The columns of one SELECT and how they are read back, among them those that say which fact rows a number rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from governance.metrics.formulas import Part
from governance.metrics.scan import Scan
from governance.metrics.tables import Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where one output of a part stands in a result row; `persons` is the position of its distinct persons, `mark` of their set's fingerprint, or None."""

    part: Part
    index: int
    value: int
    persons: int | None
    mark: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Where a result row tells the fact rows that one output of a part rests on.

    `model` is the fact; `rows` the position of their number; `matched` for each joined way the position of how many found a match, `persons` of how many distinct persons are behind the
    others; every row of the ways in `sure` has one, because a filter or a scope asks for it. `divided`: whether the groups' rows are different ones, so that they add up.
    """

    part: Part
    index: int
    model: str
    rows: int
    matched: Mapping[str, int] = field(default_factory=dict)
    persons: Mapping[str, int] = field(default_factory=dict)
    sure: tuple[str, ...] = ()
    divided: bool = True


class Layout:
    """Collects the columns of a SELECT in the order in which they are read back."""

    def __init__(self, keys: Sequence[Clause]) -> None:
        self.keys = [key.label(f"k{position}") for position, key in enumerate(keys)]
        self.columns: list[Any] = list(self.keys)

    def add(self, clause: Clause, name: str) -> int:
        """Add a column and return its position."""
        self.columns.append(clause.label(name))
        return len(self.columns) - 1

    def select(self, source: Any, where: Sequence[Clause]) -> sa.Select[Any]:
        statement = sa.select(*self.columns).select_from(source)
        if where:
            statement = statement.where(*where)
        # By name: an engine with positional parameters does not see that the same expression stands in both places.
        return statement.group_by(*(sa.literal_column(key.name) for key in self.keys)) if self.keys else statement


def carried_ways(scan: Scan) -> dict[str, Clause]:
    """Return for each joined way the mark of a match as a column for an inner SELECT, under names that `outer_ways` reads."""
    return {way: mark.label(f"m{number}") for number, (way, mark) in enumerate(scan.ways().items())}


def outer_ways(scan: Scan, table: sa.FromClause) -> dict[str, Clause]:
    """Return the columns of `carried_ways` as they stand in the table made of that SELECT."""
    return {way: table.c[f"m{number}"] for number, way in enumerate(scan.ways())}


class Counting:
    """Adds to a layout the counts that reconcile, for one scan; what two outputs have in common is counted once."""

    def __init__(self, scan: Scan, layout: Layout, ways: Mapping[str, Clause], person: Clause | None, *, divided: bool = True) -> None:
        """`ways`: the marks of a match, NULL without one; `person`: the person behind a row, both as the layout's SELECT sees them. `divided`: whether no row stands in two groups."""
        self._scan, self._layout, self._ways, self._divided = scan, layout, ways, divided
        # Whoever may see single persons needs no count of them.
        self._person = person if scan.context.grant.minimum_group.k > 1 else None
        self._whole: tuple[int, dict[str, int], dict[str, int]] | None = None

    def rows(self, part: Part, index: int, *, test: Clause | None = None, rows: int | None = None) -> Used:
        """Count the rows that satisfy `test`; `rows` is the position of a column that counts them already."""
        if test is None and self._whole is not None:
            return self._used(part, index, *self._whole)
        counted = self._layout.add(_count(test), self._name("n")) if rows is None else rows
        matched = {way: self._layout.add(sa.func.count(mark if test is None else sa.case((test, mark))), self._name("m")) for way, mark in self._ways.items()}
        persons: dict[str, int] = {}
        if self._person is not None:
            for way, mark in self._ways.items():
                lost = mark.is_(None) if test is None else sa.and_(test, mark.is_(None))
                persons[way] = self._layout.add(sa.func.count(sa.distinct(self._person)).filter(lost), self._name("u"))
        if test is None:
            self._whole = (counted, matched, persons)
        return self._used(part, index, counted, matched, persons)

    def sums(self, part: Part, index: int, members: sa.FromClause) -> Used:
        """Add up the rows of members, which `members` counts in `n`, and those with a match in the columns of `ways`."""
        rows = self._layout.add(sa.func.sum(members.c.n), self._name("n"))
        matched = {way: self._layout.add(sa.func.sum(found), self._name("m")) for way, found in self._ways.items()}
        persons: dict[str, int] = {}
        if self._person is not None:
            persons = {way: self._layout.add(sa.func.count().filter(members.c.n > found), self._name("u")) for way, found in self._ways.items()}
        return self._used(part, index, rows, matched, persons)

    def _used(self, part: Part, index: int, rows: int, matched: Mapping[str, int], persons: Mapping[str, int]) -> Used:
        return Used(part=part, index=index, model=self._scan.name, rows=rows, matched=matched, persons=persons, sure=self._scan.sure_ways(), divided=self._divided)

    def _name(self, kind: str) -> str:
        return f"{kind}_{len(self._layout.columns)}"


def _count(test: Clause | None) -> Clause:
    return sa.func.count() if test is None else sa.func.count(sa.case((test, sa.literal_column("1"))))
