"""Which days of the week a query asks for: a trend by day has no row for a day that its own filter leaves out.

Such a row would stand there as a number of nobody, hidden like a small group, and one true day would be hidden beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.documents.metrics import Dimension
from governance.metrics.catalogue import Catalogue, Definition
from governance.terms import Filter, MetricQuery

WEEK = frozenset(range(1, 8))


def weekdays_asked(query: MetricQuery, definitions: Sequence[Definition], catalogue: Catalogue) -> frozenset[int]:
    """Return the days of the week, 1 to 7 from Monday, on which any number of the query can lie; all of them where the filters don't say so."""
    found = WEEK
    for item in query.where:
        dimension = catalogue.dimensions[item.dimension]
        if all(_of_its_time(dimension, definition, catalogue) for definition in definitions):
            found &= _days(dimension, item)
    return found


def _of_its_time(dimension: Dimension, definition: Definition, catalogue: Catalogue) -> bool:
    """Whether the dimension is the weekday of the very moment by which each part of the metric is placed in time."""
    for part in definition.formula.parts:
        time = catalogue.models[part.measure.model].time
        own = any(source.part == "weekday" and source.model == part.measure.model and time is not None and source.column == time.column for source in dimension.sources)
        if not own or part.shape != "rows" or part.trailing or part.to_date or part.back:
            return False
    return True


def _days(dimension: Dimension, item: Filter) -> frozenset[int]:
    named = frozenset(day for day in WEEK if dimension.translate.get(str(day), day) in item.values)
    return named if item.op == "in" else WEEK - named
