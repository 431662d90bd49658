"""A query as it may be written down: only words that the bundle or the data load has, whatever a caller put into it.

The ledger can't forget, and a refused query was never held against the values: a name or a number typed as a value would stay there for good
(docs/decisions/002). Names of metrics and dimensions were checked before; values and the columns of `order` and `having` are checked here.
"""

from __future__ import annotations

from dataclasses import replace

from governance.metrics.catalogue import Catalogue
from governance.terms import UNKNOWN, MemberCompare, MetricQuery, Value

BLANK = "▢"
"""Stands for what the catalogue does not know, as in recorded questions."""

ADDED = frozenset({"base", "change", "growth", "share", "rank", "ci_low", "ci_high", "p_value"})
"""What an answer's added columns are called after their metric (contracts.md section 2)."""


def recorded(query: MetricQuery, catalogue: Catalogue, *, judged: bool) -> MetricQuery:
    """Return `query` with unknown values and column names blanked. `judged`: the values of identifying dimensions lie in the caller's row scopes."""
    known: dict[str, frozenset[str]] = {}

    def value(dimension: str, given: Value) -> Value:
        asked = catalogue.dimensions.get(dimension)
        if asked is None:
            return BLANK
        if dimension not in known:
            known[dimension] = frozenset(map(str, catalogue.values(dimension)))
        if given == UNKNOWN or str(given) in known[dimension]:
            return given
        return given if judged and asked.identifies is not None else BLANK

    def column(name: str) -> str:
        metric, added, suffix = name.partition("__")
        is_ours = name in catalogue.dimensions or name == "period" or (metric in catalogue.metrics and (not added or suffix in ADDED))
        return name if is_ours else BLANK

    compare = query.compare
    if isinstance(compare, MemberCompare):
        compare = replace(compare, base=value(compare.dimension, compare.base))
    return replace(
        query,
        where=tuple(replace(item, values=tuple(value(item.dimension, given) for given in item.values)) for item in query.where),
        keep=tuple(replace(item, values=tuple(value(item.dimension, given) for given in item.values)) for item in query.keep),
        having=tuple(replace(item, metric=column(item.metric)) for item in query.having),
        order=tuple(replace(item, by=column(item.by)) for item in query.order),
        compare=compare,
    )
