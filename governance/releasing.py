"""The border between the warehouse's pseudonyms and those that are released: no key of the warehouse's own leaves through an answer.

Inward, values of identifying dimensions in a query are the ones released for the question's purpose, and become the warehouse's. Outward, the keys of the
measured table become the purpose's, before anything is hidden, ordered or told; so the order of rows says nothing of the warehouse's keys either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from governance.metrics.catalogue import Catalogue
from governance.metrics.recorded import BLANK
from governance.terms import UNKNOWN, Actor, Measured, MemberCompare, MetricQuery, Value


class Pseudonyms(Protocol):
    """What the border asks of the identity wing (`identity.directory.Directory`)."""

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities whose members are persons."""

    def release(self, entity: str, purpose: str, keys: Iterable[str]) -> dict[str, str]:
        """Warehouse keys → their forms released for the purpose."""

    def admit(self, entity: str, purpose: str, released: str) -> str | None:
        """A released form → the warehouse's key, or None."""


def identifying(catalogue: Catalogue, names: Pseudonyms) -> dict[str, str]:
    """The dimensions whose values are persons' keys, with their entities."""
    persons = set(names.entities)
    return {name: dimension.identifies for name, dimension in catalogue.dimensions.items() if dimension.identifies in persons and dimension.identifies is not None}


def _translated(query: MetricQuery, dimensions: Mapping[str, str], say: Callable[[str, Value], Value]) -> MetricQuery:
    def one(dimension: str, value: Value) -> Value:
        entity = dimensions.get(dimension)
        return value if entity is None or value == UNKNOWN else say(entity, value)

    compare = query.compare
    if isinstance(compare, MemberCompare):
        compare = replace(compare, base=one(compare.dimension, compare.base))
    return replace(
        query,
        where=tuple(replace(item, values=tuple(one(item.dimension, value) for value in item.values)) for item in query.where),
        keep=tuple(replace(item, values=tuple(one(item.dimension, value) for value in item.values)) for item in query.keep),
        compare=compare,
    )


def inward(query: MetricQuery, actor: Actor, purpose: str | None, catalogue: Catalogue, names: Pseudonyms) -> MetricQuery:
    """The query in the warehouse's keys. What was not released for this purpose becomes a value that nobody has.

    The machine's owner, who holds the warehouse itself, may also name its keys (contracts.md section 2: values are the warehouse's own).
    """

    def say(entity: str, value: Value) -> Value:
        found = names.admit(entity, purpose, str(value)) if purpose is not None else None
        return found if found is not None else value if actor.via == "local_admin" else BLANK

    dimensions = _used(query, catalogue, names)
    return _translated(query, dimensions, say) if dimensions else query


def outward(query: MetricQuery, purpose: str, catalogue: Catalogue, names: Pseudonyms) -> MetricQuery:
    """The query as it may be told and recorded: with the keys released for the purpose."""
    dimensions = _used(query, catalogue, names)
    return _translated(query, dimensions, lambda entity, value: names.release(entity, purpose, [str(value)])[str(value)]) if dimensions else query


def _used(query: MetricQuery, catalogue: Catalogue, names: Pseudonyms) -> dict[str, str]:
    return {name: entity for name, entity in identifying(catalogue, names).items() if name in query.named_dimensions()}


def released(measured: Measured, purpose: str, catalogue: Catalogue, names: Pseudonyms) -> Measured:
    """The table with the purpose's keys, each period's rows in the order that these give."""
    persons = identifying(catalogue, names)
    columns = {at: persons[column.name] for at, column in enumerate(measured.columns) if column.kind == "dimension" and column.name in persons}
    if not columns:
        return measured
    rows = [list(row) for row in measured.rows]
    for at, entity in columns.items():
        new = names.release(entity, purpose, {str(row[at]) for row in rows if row[at] is not None and row[at] != UNKNOWN})
        for row in rows:
            if row[at] is not None and row[at] != UNKNOWN:
                row[at] = new[str(row[at])]
    orders = [(at, _order(catalogue, column.name)) for at, column in enumerate(measured.columns) if column.kind == "dimension"]
    periods = [at for at, column in enumerate(measured.columns) if column.kind == "period"]
    first: dict[Any, int] = {}
    for row in rows:
        first.setdefault(tuple(row[at] for at in periods), len(first))
    places = sorted(
        range(len(rows)), key=lambda index: (first[tuple(rows[index][at] for at in periods)], *(order(rows[index][at]) for at, order in orders))
    )
    return replace(measured, rows=[rows[place] for place in places], contributors=[measured.contributors[place] for place in places])


def _order(catalogue: Catalogue, name: str) -> Callable[[Any], tuple[int, int, str]]:
    """As rows are ordered when they are measured: listed values first, then by value, the unknown group last."""
    listed = {item.value: position for position, item in enumerate(catalogue.dimensions[name].values)}

    def key(value: Any) -> tuple[int, int, str]:
        if value in listed:
            return (0, listed[value], "")
        if value is None or value == UNKNOWN:
            return (2, 0, "")
        return (1, value, "") if isinstance(value, int) else (1, 0, str(value))

    return key
