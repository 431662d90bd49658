"""From result rows to the cells of metrics: the arithmetic that joins what was measured apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from governance.metrics.catalogue import Definition
from governance.metrics.formulas import OUTPUTS, Leaf, Number, Operation, Part, Read, Reading, compute, counted_leaves
from governance.metrics.plans import Plan
from governance.metrics.statements import Statement
from governance.metrics.statistics import difference
from governance.metrics.tallying import Tallies
from governance.terms import UNKNOWN, Cell, Value

Group = tuple[Value, ...]
_EMPTY = Reading(None, None)


def told(value: Number | None) -> Cell:
    """Return a number as an answer's cell: whole numbers stay whole, exact decimals become floats at last."""
    if not isinstance(value, Decimal):
        return value
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


def minus(left: Number | None, right: Number | None) -> Number | None:
    """Return the difference, exact for whole numbers and decimals; None if a side is."""
    if left is None or right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        return float(left) - float(right)
    return left - right


def over(left: Number | None, right: Number | None) -> float | None:
    """Return the quotient; None if a side is None or the divisor is zero."""
    return None if left is None or right is None or right == 0 else float(left) / float(right)


def fewest(*counts: int | None) -> int | None:
    """Return the smallest of the counts that there are."""
    known = [count for count in counts if count is not None]
    return min(known) if known else None


class Blurring(Protocol):
    """Changes what is counted for some metrics, before anything is computed from it."""

    def number(self, metric: str, part: Part, output: int, reading: Reading, whole: int, most: Number | None) -> Number | None:
        """Return the reading's value as it may be told. `whole`: a fingerprint of all persons behind the cell; `most`: what it can't exceed, if anything."""

    def metric(self, metric: str, value: Number | None) -> Number | None:
        """Return the metric's own value, kept inside its bounds."""


@dataclass(slots=True)
class Cells:
    """Everything measured for one plan, by part, output, window and group."""

    plan: Plan
    blur: Blurring | None = None
    measured: dict[tuple[Part, int], dict[tuple[int | None, Group], Reading]] = field(default_factory=dict)
    groups: dict[Group, None] = field(default_factory=dict)
    blank: set[tuple[Part, int]] = field(default_factory=set)
    tallies: Tallies = field(default_factory=Tallies)

    def __post_init__(self) -> None:
        self.tallies.arms = {part: item.formula.arms for item in self.plan.metrics if item.formula.arms is not None for part in item.formula.parts}

    # ------------------------------------------------------------------ filling

    def take(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Read a statement's rows into cells and its counts into the reconciliation."""
        first = statement.first_dimension
        last = first + len(statement.dimensions)
        width = len(self.plan.group_by)
        complete = statement.dimensions[:width] == self.plan.group_by
        stores = [self.measured.setdefault((output.part, output.index), {}) for output in statement.outputs]
        for row in rows:
            key = tuple(UNKNOWN if value is None else value for value in row[first:last])
            windows: tuple[int | None, ...] = (None,)
            if statement.buckets is not None:
                position = statement.buckets.position(row[0])
                windows = statement.spread[position] if statement.spread is not None else (position,)
            for output, store in zip(statement.outputs, stores, strict=True):
                persons = None if output.persons is None else int(row[output.persons])
                mark = None if output.mark is None else row[output.mark]
                reading = Reading(row[output.value], persons, None if mark is None else int(mark))
                for window in windows:
                    store[window, key] = reading
            if complete:
                self.groups.setdefault(key[:width])
            self.tallies.add(statement, row, key, windows)

    # ------------------------------------------------------------------ reading

    def metric(self, definition: Definition, window: int, group: Group) -> dict[str, Reading]:
        """Return the metric's own columns by suffix, in one window and group."""
        formula = definition.formula
        if formula.rule == "lift":
            return self._lift(definition, window, group)
        if formula.rule == "exposed":
            return self._exposed(definition, window, group)
        if self.blur is None:
            return {"": compute(formula.node, lambda index, output: self._read(formula.parts[index], output, window, group))}
        read = self._blurring(self.blur, definition, window, group)
        found = compute(formula.node, read)
        return {"": Reading(self.blur.metric(definition.document.id, found.value), found.persons)}

    def _blurring(self, blur: Blurring, definition: Definition, window: int, group: Group, by: Group = ()) -> Read:
        """Return how the formula's leaves are read: those that count are blurred, and stay below what they are divided by."""
        formula = definition.formula
        counted = counted_leaves(formula.node)
        leaves = [Leaf(index, output) for index, part in enumerate(formula.parts) for output in range(len(OUTPUTS[part.shape]))]
        readings = {leaf: self._read(formula.parts[leaf.part], leaf.output, window, group, by) for leaf in leaves}
        whole = sum(reading.mark or 0 for reading in readings.values())
        behind = max((reading.persons or 0 for reading in readings.values()), default=0)
        node = formula.node
        below = readings.get(node.right) if isinstance(node, Operation) and node.op == "/" and isinstance(node.right, Leaf) else None

        def read(index: int, output: int) -> Reading:
            leaf = Leaf(index, output)
            reading, part = readings[leaf], formula.parts[index]
            if leaf not in counted or reading.value is None:
                return reading
            limit = below.value if below is not None and _counts(part) and (below.value or 0) >= reading.value else None
            asked = reading if reading.persons is not None else replace(reading, persons=behind)
            return replace(reading, value=blur.number(definition.document.id, part, output, asked, whole, limit))

        return read

    def _read(self, part: Part, output: int, window: int, group: Group, by: Group = ()) -> Reading:
        if (part, window) in self.blank:
            return _EMPTY
        sliced = self.plan.slices[part]
        key = tuple(value for name, value in zip(self.plan.group_by, group, strict=True) if name in sliced) + by
        found = self.measured[part, output].get((None if part.timeless else window, key))
        carries = self.plan.catalogue.graph.person(part.measure.model) is not None
        if found is None:
            # Nothing there is zero of it, by nobody.
            return Reading(0, 0 if carries else None)
        return Reading(_scaled(found.value, part), found.persons)

    def _lift(self, definition: Definition, window: int, group: Group) -> dict[str, Reading]:
        formula = definition.formula
        if formula.arms is None:
            raise KeyError("arms")
        numerator, denominator = formula.parts
        arms = [(self._read(numerator, 0, window, group, (arm,)), self._read(denominator, 0, window, group, (arm,))) for arm in formula.arms]
        if self.blur is not None:
            arms = [(self._blurring(self.blur, definition, window, group, (arm,))(0, 0), tried) for arm, (_, tried) in zip(formula.arms, arms, strict=True)]
        persons = fewest(*(trials.persons for _, trials in arms))
        (won, tried), (base_won, base_tried) = arms
        found = difference(_whole(won), _whole(tried), _whole(base_won), _whole(base_tried))
        if found is None:
            return {suffix: Reading(None, persons) for suffix in formula.suffixes}
        return {
            "": Reading(found.change, persons),
            "__ci_low": Reading(found.low, persons),
            "__ci_high": Reading(found.high, persons),
            "__p_value": Reading(found.p_value, persons),
        }

    def _exposed(self, definition: Definition, window: int, group: Group) -> dict[str, Reading]:
        exposed, everyone = definition.formula.parts
        moved, started = (_whole(self._read(exposed, output, window, group)) for output in (0, 1))
        all_moved, all_started = (_whole(self._read(everyone, output, window, group)) for output in (0, 1))
        # Each person of the group is on one side, so that the others are what is left of all.
        others_moved, others_started = all_moved - moved, all_started - started
        if self.blur is not None:
            name, both = definition.document.id, self._read(exposed, 1, window, group)
            whole = sum(self._read(part, output, window, group).mark or 0 for part in (exposed, everyone) for output in (0, 1))
            mark = (self._read(everyone, 0, window, group).mark or 0) - (self._read(exposed, 0, window, group).mark or 0)
            moved_in, others = self._read(exposed, 0, window, group), Reading(others_moved, others_moved, mark or None)
            moved = int(self.blur.number(name, exposed, 0, moved_in, whole, _whole(both)) or 0)
            others_moved = int(self.blur.number(name, everyone, 0, others, whole, others_started) or 0)
        persons = min(started, others_started)
        found = difference(moved, started, others_moved, others_started)
        return {
            "": Reading(over(moved, started), started),
            "__base": Reading(over(others_moved, others_started), others_started),
            "__change": Reading(found.change if found else None, persons),
            "__ci_low": Reading(found.low if found else None, persons),
            "__ci_high": Reading(found.high if found else None, persons),
            "__p_value": Reading(found.p_value if found else None, persons),
        }

    def ordered_groups(self) -> list[Group]:
        """Return all groups found, by the dimensions' listed order, the unknown group last."""
        if not self.plan.group_by:
            return [()]
        orders = [self._order(name) for name in self.plan.group_by]
        return sorted(self.groups, key=lambda group: tuple(order(value) for order, value in zip(orders, group, strict=True)))

    def _order(self, name: str) -> Any:
        listed = {item.value: position for position, item in enumerate(self.plan.catalogue.dimensions[name].values)}

        def key(value: Value) -> tuple[int, int, str]:
            if value in listed:
                return (0, listed[value], "")
            if value == UNKNOWN:
                return (2, 0, "")
            return (1, value, "") if isinstance(value, int) else (1, 0, value)

        return key


def _scaled(value: Any, part: Part) -> Number | None:
    if value is None:
        return 0
    measure = part.measure
    if measure.scale == 1.0 and measure.divisor == 1:
        number: Number = value
        return number
    return float(value) * measure.scale / measure.divisor


def _counts(part: Part) -> bool:
    return part.measure.agg != "sum"


def _whole(reading: Reading) -> int:
    return int(reading.value or 0)


def summed(values: Iterable[Number | None]) -> Number | None:
    """Return the sum of the values that there are, None if there is none."""
    total: Number | None = None
    for value in values:
        if value is None:
            continue
        if total is None:
            total = value
        elif isinstance(total, float) or isinstance(value, float):
            total = float(total) + float(value)
        else:
            total = total + value
    return total
