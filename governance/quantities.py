"""What a told number measures, in terms in which numbers asked apart can be seen to add up (`disclosure.links`).

Touches in two channels are touches in either; touches a doctor times doctors reached are touches. Beside the gateway, since it joins the metrics wing (formulas, dimensions) with the
disclosure wing (facts).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from governance.disclosure.links import Fact
from governance.documents.metrics import Condition, Measure
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.formulas import Leaf, Operation, Part
from governance.terms import UNKNOWN, Filter, Period

ALWAYS = (0, 1)
"""The days of what no period restricts, or what does not add up over periods and so must be asked for the same one."""


def digest(*parts: object) -> bytes:
    """Return a digest of plain data, the same for equal data."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def hashed(value: str) -> int:
    """Return a number that stands for a value of a touch attribute."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=6).digest(), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What a cell is restricted to besides its persons' own attributes: a window and conditions (`filters`, and one value for each grouped touch attribute)."""

    window: Period | None
    filters: tuple[Filter, ...]
    members: Mapping[str, object]
    role: str = ""
    """Which of several numbers of one cell it is, where they are not told apart by the window."""


def span_of(definition: Definition, window: Period | None) -> tuple[str, str] | None:
    """Return the window as it stands in a context, None for what no period restricts."""
    return None if definition.timeless or window is None else (window.start.isoformat(), window.end.isoformat())


def context_of(catalogue: Catalogue, definition: Definition, other: Other) -> bytes:
    """Return what else was asked as a digest: metric, role, window and conditions, whatever way they were written."""
    return digest(definition.document.id, other.role, span_of(definition, other.window), conditions(catalogue, other.filters, other.members))


class Quantities:
    """The facts that one catalogue's metrics tell."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._alone: dict[int, Definition] = {}
        self._rates: dict[int, list[tuple[Definition, Part]]] = {}
        for definition in catalogue.definitions.values():
            if (single := definition.formula.single) is not None:
                self._alone.setdefault(id(single), definition)
            for one, partner in _sides(definition):
                self._rates.setdefault(id(one), []).append((definition, partner))

    def facts(self, definition: Definition, other: Other, own: frozenset[str]) -> tuple[Fact, ...]:
        """Return what a cell of the metric tells. `own`: the dimensions that are the persons', which no fact restricts."""
        if other.role:
            return ()
        single = definition.formula.single
        if single is not None:
            known = [self._fact(single, other, own)]
            for rate, partner in self._rates.get(id(single), ()):
                known.append(self._fact(partner, other, own, needs=self._context(rate, other)))
            return tuple(known)
        out = []
        for one, partner in _sides(definition):
            alone = self._alone.get(id(partner))
            if alone is not None:
                out.append(self._fact(one, other, own, needs=self._context(alone, self._of(partner, other))))
        return tuple(out)

    def _of(self, part: Part, other: Other) -> Other:
        """Return the conditions as far as the part has them: a population is not restricted by attributes of touches."""
        has = self._catalogue.part_dimensions[part]
        filters = tuple(item for item in other.filters if item.dimension in has)
        return Other(window=other.window, filters=filters, members={name: value for name, value in other.members.items() if name in has})

    def _context(self, definition: Definition, other: Other) -> tuple[bytes, ...]:
        return (context_of(self._catalogue, definition, other),)

    def _fact(self, part: Part, other: Other, own: frozenset[str], needs: tuple[bytes, ...] = ()) -> Fact:
        other = self._of(part, other)
        measure, restricted = (_plain(part.measure, own, self._catalogue) if _adds(part) else (part.measure, ()))
        found = conditions(self._catalogue, (*other.filters, *restricted), other.members)
        what: list[object] = [part.shape, measure.model_dump_json(), part.second.model_dump_json() if part.second is not None else None, part.days, part.by]
        window = None if part.timeless else other.window
        if not _adds(part):
            span = None if window is None else (window.start.isoformat(), window.end.isoformat())
            return Fact(quantity=digest(*what, span, part.trailing, part.to_date, part.back, found), start=ALWAYS[0], end=ALWAYS[1], needs=needs)
        where, rest = {}, []
        for item in found:
            root, op, values = str(item[0]), item[1], item[2]
            every = {str(value) for value in self._catalogue.values(root)}
            left = {str(value) for value in values} - {UNKNOWN} if isinstance(values, list) else set()
            if op != "in" or self._catalogue.accepts_any(root) or not left:
                rest.append(item)
            elif left != every:
                # Who adds up takes it that nothing is unknown, and is right where nothing is.
                where[root] = (frozenset(hashed(value) for value in left), len(every))
        days = ALWAYS if window is None else (window.start.toordinal(), window.end.toordinal())
        return Fact(quantity=digest(*what, rest), start=days[0], end=days[1], where=MappingProxyType(where), needs=needs)


def _sides(definition: Definition) -> list[tuple[Part, Part]]:
    """Return the two parts of a rate, each with the other one."""
    formula = definition.formula
    node = formula.node
    if formula.rule != "expression" or not isinstance(node, Operation) or node.op != "/" or not isinstance(node.left, Leaf) or not isinstance(node.right, Leaf):
        return []
    left, right = formula.parts[node.left.part], formula.parts[node.right.part]
    return [(left, right), (right, left)]


def _adds(part: Part) -> bool:
    """Return whether the part adds up over time and over all attributes of its rows."""
    if part.trailing is not None or part.to_date is not None or part.back:
        return False
    return part.shape == "rows" and part.measure.agg in {"count", "sum"}


def _plain(measure: Measure, own: frozenset[str], catalogue: Catalogue) -> tuple[Measure, tuple[Filter, ...]]:
    """Return the measure without its conditions on touch attributes, and these as filters: visits are touches in two channels."""
    kept: list[Condition] = []
    filters: list[Filter] = []
    for item in measure.where:
        values = (item.equals,) if item.equals is not None else item.one_of
        alone = item.model_dump(exclude_none=True).keys() <= {"dimension", "equals", "one_of"}
        if item.dimension is None or item.dimension in own or item.dimension not in catalogue.dimensions or values is None or not alone:
            kept.append(item)
        else:
            filters.append(Filter(dimension=item.dimension, op="in", values=tuple(values)))  # type: ignore[arg-type]
    return measure.model_copy(update={"where": tuple(kept)}), tuple(filters)


def conditions(catalogue: Catalogue, filters: Sequence[Filter], members: Mapping[str, object]) -> list[list[object]]:
    """Return the other conditions in one form whatever way they were written: for each root dimension the values that are left."""
    left: dict[str, set[str]] = {}
    open_ended: list[list[object]] = []
    tests = [*((item.dimension, item.op, tuple(item.values)) for item in filters), *((name, "in", (value,)) for name, value in members.items())]
    for name, op, values in tests:
        root, wanted = _rooted(catalogue, name, {str(value) for value in values})
        every = {str(value) for value in catalogue.values(root)} | {UNKNOWN}
        if catalogue.accepts_any(root):
            open_ended.append([root, op, sorted(wanted)])
            continue
        chosen = wanted if op == "in" else every - wanted
        left[root] = left.get(root, every) & chosen
    closed: list[list[object]] = [
        [root, "in", sorted(values)] for root, values in left.items() if values != {str(value) for value in catalogue.values(root)} | {UNKNOWN}
    ]
    return sorted([*closed, *open_ended], key=str)


def _rooted(catalogue: Catalogue, name: str, values: set[str]) -> tuple[str, set[str]]:
    """Return the dimension that this one is derived from, and which of its values are meant."""
    derived = catalogue.dimensions[name].derived
    if derived is None:
        return name, values
    otherwise = derived.otherwise or UNKNOWN
    parents = {
        str(value)
        for value in (*catalogue.values(derived.dimension), UNKNOWN)
        if derived.map.get(str(value), UNKNOWN if value == UNKNOWN else otherwise) in values
    }
    return _rooted(catalogue, derived.dimension, parents)
