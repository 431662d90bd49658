"""Whose rows a metric counts and under which conditions: what is needed to tell acts (visits) from those to whom they happened (doctors visited)."""

from __future__ import annotations

from dataclasses import dataclass

from governance.documents.metrics import Condition, Metric
from governance.terms import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a plain aggregate: its model, what is distinct among them (None: the rows themselves), and its conditions."""

    model: str
    entity: str | None
    conditions: frozenset[str]
    members: tuple[tuple[str, tuple[Value, ...]], ...]
    """The members to which a dimension is confined."""

    def within(self, other: Rows) -> bool:
        """Whether these conditions are all among the other's: to every row of it, this one's condition applies."""
        return self.model == other.model and self.conditions <= other.conditions and set(self.members) <= set(other.members)


def rows_of(metric: Metric) -> Rows | None:
    """Return the rows that a metric counts, or None where it counts something else: a ratio, a sum, a state, first times."""
    measure = metric.measure
    if measure is None or measure.agg not in ("count", "distinct") or measure.first or measure.qualify or metric.kind not in ("simple", "distinct"):
        return None
    conditions, members = set(), []
    for condition in measure.where:
        values = _values(condition)
        if condition.dimension is not None and values:
            members.append((condition.dimension, values))
        else:
            conditions.add(condition.model_dump_json(exclude_none=True))
    entity = (measure.via or measure.entity) if measure.agg == "distinct" else None
    return Rows(model=measure.model, entity=entity, conditions=frozenset(conditions), members=tuple(members))


def _values(condition: Condition) -> tuple[Value, ...]:
    said = condition.one_of if condition.one_of is not None else () if condition.equals is None else (condition.equals,)
    return tuple(value for value in said if isinstance(value, str | int) and not isinstance(value, bool))


__all__ = ["Rows", "rows_of"]
