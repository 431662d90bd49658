"""Masks: a dimension that some rule wants told by a coarser one, or not at all. All rules that speak about a request must be satisfied.

A masked dimension is asked by the coarser one in its stead, so that whatever is measured, drawn, exported or recorded has the coarser values only. Its own
values can't be named: a filter by one would tell what the mask hides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from governance.access.judge import CompiledRule
from governance.access.vocabulary import Vocabulary
from governance.terms import MemberCompare, MetricQuery, Text, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a dimension is told by: `to`, None where its values are not told at all; `rule` is one that wants it."""

    to: str | None
    rule: str


def target_of(dimension: str, rules: Sequence[CompiledRule], vocabulary: Vocabulary) -> Target | None:
    """Return what the rules together make of the dimension; None where none masks it.

    The coarsest target satisfies the others. Where none is coarser than all others, no value satisfies every rule: the dimension is hidden.
    """
    wanted = [Target(to=mask.to, rule=item.rule.id) for item in rules for mask in item.rule.masks if mask.dimension == dimension]
    if not wanted:
        return None
    for target in wanted:
        if target.to is None:
            return target
    for target in wanted:
        if all(_satisfies(target.to, other.to, vocabulary) for other in wanted):
            return target
    return Target(to=None, rule=wanted[0].rule)


def _satisfies(to: str | None, wanted: str | None, vocabulary: Vocabulary) -> bool:
    return to == wanted or (wanted is not None and wanted in vocabulary.dimensions and to in vocabulary.dimensions[wanted].coarser)


def coarser(to: str | None, than: str | None, dimension: str, vocabulary: Vocabulary) -> bool:
    """Return whether telling `dimension` by `to` tells no more than by `than`. None: hidden; the dimension itself: as it is."""
    if to == than or to is None or than == dimension:
        return True
    return than is not None and _satisfies(to, than, vocabulary)


def values_named(query: MetricQuery) -> frozenset[str]:
    """Return the dimensions whose values the query names."""
    named = {condition.dimension for condition in query.where} | {kept.dimension for kept in query.keep}
    return frozenset(named | ({query.compare.dimension} if isinstance(query.compare, MemberCompare) else set()))


def without_values(query: MetricQuery, dimensions: Collection[str], instead: Value) -> MetricQuery:
    """Return the query with `instead` in place of every value of these dimensions."""

    def told_of(dimension: str, values: tuple[Value, ...]) -> tuple[Value, ...]:
        return (instead,) if dimension in dimensions else values

    compare = query.compare
    if isinstance(compare, MemberCompare) and compare.dimension in dimensions:
        compare = replace(compare, base=instead)
    return replace(
        query,
        where=tuple(replace(item, values=told_of(item.dimension, item.values)) for item in query.where),
        keep=tuple(replace(item, values=told_of(item.dimension, item.values)) for item in query.keep),
        compare=compare,
    )


def rewritten(query: MetricQuery, shown: Mapping[str, str]) -> MetricQuery:
    """Return the query with dimensions replaced by the coarser ones. None of those that are replaced has a value in it."""
    order = tuple(replace(item, by=shown.get(item.by, item.by)) for item in query.order)
    return replace(query, group_by=tuple(dict.fromkeys(shown.get(name, name) for name in query.group_by)), order=tuple(dict.fromkeys(order)))


def told(finer: Text, shown: Text) -> Text:
    """Return how a masked dimension is told of."""
    return Text(zh=f"“{finer.zh}”只按“{shown.zh}”显示", en=f"“{finer.en}” is shown by “{shown.en}” only")
