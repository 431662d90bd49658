"""Which fact rows an answer rests on: counted beside the cells, told by metric and side, so that an answer reconciles with the fact tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from governance.metrics.formulas import Constant, Formula, Leaf, Node, Operation, Part
from governance.metrics.layout import Used
from governance.metrics.statements import Statement
from governance.metrics.states import EXPOSURE
from governance.terms import UNKNOWN, FactRows, Text, Value

if TYPE_CHECKING:
    from governance.metrics.plans import Plan

Place = tuple[Part, int]
_AT_ONCE = frozenset({"rows", "qualified", "first", "converted", "members"})
"""Shapes whose rows belong to one moment: disjoint windows rest on different rows. A state holds on, so that windows share it."""


@dataclass(slots=True)
class Count:
    """The rows of one window: how many, how many without a match by way, the persons surely behind those, and how many in the unknown group by dimension."""

    rows: int = 0
    unmatched: dict[str, int] = field(default_factory=dict)
    persons: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def add(self, used: Used, row: Sequence[Any], unknown: Iterable[str]) -> None:
        rows = int(row[used.rows] or 0)
        self.rows += rows
        for way, at in used.matched.items():
            self.unmatched[way] = self.unmatched.get(way, 0) + rows - int(row[at] or 0)
        for way, at in used.persons.items():
            # Groups may share persons: no more is sure than the largest of them.
            self.persons[way] = max(self.persons.get(way, 0), int(row[at] or 0))
        for name in unknown:
            self.unknown[name] = self.unknown.get(name, 0) + rows


@dataclass(slots=True)
class Tallies:
    """The counts of every output of every part, by window (None: the period makes no difference). `arms`: of an experiment's parts the arms that are compared, the others' rows aside."""

    arms: Mapping[Part, tuple[str, ...]] = field(default_factory=dict)
    used: dict[Place, Used] = field(default_factory=dict)
    titles: dict[Place, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    counts: dict[Place, dict[int | None, Count]] = field(default_factory=dict)

    def begin(self, statement: Statement) -> None:
        """Note what the statement counts; it may have no row."""
        for used in statement.used:
            self.used[used.part, used.index] = used
            self.titles[used.part, used.index] = (statement.title, statement.dimensions)

    def add(self, statement: Statement, row: Sequence[Any], key: Sequence[Value], windows: Sequence[int | None]) -> None:
        unknown = [name for name, value in zip(statement.dimensions, key, strict=True) if value == UNKNOWN]
        for used in statement.used:
            if used.part in self.arms and key[-1] not in self.arms[used.part]:
                continue
            counts = self.counts.setdefault((used.part, used.index), {})
            for window in windows:
                counts.setdefault(window, Count()).add(used, row, unknown)


def sides(formula: Formula) -> list[tuple[str, Place]]:
    """Return what the metric rests on, side by side: the outputs of its parts, each once."""
    first, second = formula.parts[0], formula.parts[-1]
    if formula.rule == "lift":
        return [("numerator", (first, 0)), ("denominator", (second, 0))]
    if formula.rule == "exposed":
        return [
            ("numerator", (first, 0)), ("denominator", (first, 1)), ("exposure", (first, EXPOSURE)),
            ("all_numerator", (second, 0)), ("all_denominator", (second, 1)),
        ]  # fmt: skip
    node = formula.node
    if isinstance(node, Operation) and node.op == "/":
        named = [*(("numerator", leaf) for leaf in _leaves(node.left)), *(("denominator", leaf) for leaf in _leaves(node.right))]
    else:
        name = "value" if isinstance(node, Leaf) else "input"
        named = [(name, leaf) for leaf in _leaves(node)]
    return [(name, (formula.parts[leaf.part], leaf.output)) for name, leaf in dict.fromkeys(named)]


def _leaves(node: Node) -> list[Leaf]:
    if isinstance(node, Leaf):
        return [node]
    return [] if isinstance(node, Constant) else [*_leaves(node.left), *_leaves(node.right)]


def fact_rows(plan: Plan, tallies: Tallies, blank: frozenset[tuple[Part, int]]) -> tuple[FactRows, ...]:
    """Return for every metric and side the rows that it rests on, of the asked period and of the compared one. `blank` cells rest on nothing."""
    found = []
    positions = {window: position for position, window in enumerate(plan.timeline.windows)}
    asked = [positions[row.window] for row in plan.timeline.rows]
    compared = [positions[row.base] for row in plan.timeline.rows if row.base is not None]
    for definition in plan.metrics:
        for side, place in sides(definition.formula):
            if place in tallies.used:
                given: tuple[tuple[Literal["asked", "compared"], list[int]], ...] = (("asked", asked), ("compared", [] if place[0].timeless else compared))
                found += [_told(plan, tallies, place, (definition.document.id, side, of), windows, blank) for of, windows in given if windows]
    return tuple(found)


def _told(
    plan: Plan, tallies: Tallies, place: Place, named: tuple[str, str, Literal["asked", "compared"]], windows: list[int], blank: frozenset[tuple[Part, int]]
) -> FactRows:
    part, used, counts = place[0], tallies.used[place], tallies.counts.get(place, {})
    table, dimensions = tallies.titles[place]
    once = part.timeless or _once(plan, part, windows)
    chosen: list[int | None] = [None] if part.timeless else list(dict.fromkeys(windows)) if once else [max(windows, key=lambda at: plan.timeline.windows[at].end)]
    kept = [counts[at] for at in chosen if at in counts and (at is None or (part, at) not in blank)]
    graph, models = plan.catalogue.graph, plan.catalogue.models
    ways = [*used.matched, *used.sure]
    declared = {name for name in dimensions if any(item.value == UNKNOWN for item in plan.catalogue.dimensions[name].values)}
    told = used.divided or sum(bool(count.rows) for count in kept) == 0
    homes = {way: models[graph.home(way.rpartition(".")[2]) or used.model] for way in ways}
    return FactRows(
        metric=named[0],
        side=named[1],
        of=named[2],
        table=table,
        label=_label(models[used.model].label, table),
        rows=sum(count.rows for count in kept) if told else None,
        last=not once,
        unmatched={way: sum(count.unmatched.get(way, 0) for count in kept) if told else None for way in ways},
        labels={way: _label(home.label, home.table) for way, home in homes.items()},
        unknown={name: sum(count.unknown.get(name, 0) for count in kept) if told else None for name in dimensions if name in plan.group_by and name not in declared},
        persons={way: max((count.persons.get(way, 0) for count in kept), default=0) for way in ways} if graph.person(used.model) is not None else {},
        personal=graph.person(used.model) is not None,
    )


def _once(plan: Plan, part: Part, windows: Sequence[int]) -> bool:
    """Return whether no fact row serves two of the windows, so that their rows add up."""
    spans = sorted({plan.timeline.windows[at] for at in windows})
    if len(spans) == 1:
        return True
    apart = all(before.end <= after.start for before, after in pairwise(spans))
    return apart and part.shape in _AT_ONCE and part.trailing is None and part.to_date is None and not part.back


def _label(given: Any, name: str) -> Text:
    return Text(zh=name, en=name) if given is None else given.text()

