"""What the documents of metrics read: their measures, conditions and columns."""

from __future__ import annotations

from collections.abc import Iterable

from governance.documents.metrics import Condition, Measure, Metric, Shifted


def conditions(measure: Measure) -> Iterable[Condition]:
    """Return every condition in the measure, those of its qualifications included."""

    def inside(items: Iterable[Condition]) -> Iterable[Condition]:
        for item in items:
            yield item
            yield from inside(item.any_of or ())
            yield from inside(item.all_of or ())

    yield from inside(measure.where)
    for qualification in measure.qualify:
        yield from inside(qualification.where)
        if qualification.any_row is not None:
            yield from inside((qualification.any_row,))


def measures_of(metric: Metric) -> Iterable[Measure]:
    """Return every measure written in the metric's own document."""
    inputs = (given.of if isinstance(given, Shifted) else given for given in metric.inputs.values())
    given = (metric.measure, metric.numerator, metric.denominator, metric.exposure, *inputs)
    return (item for item in given if isinstance(item, Measure))


def columns_read(metrics: Iterable[Metric]) -> dict[str, dict[str, bool]]:
    """Return the columns that measures read, by model, and whether each is a flag (compared with true or false)."""
    found: dict[str, dict[str, bool]] = {}
    for metric in metrics:
        for measure in measures_of(metric):
            columns = found.setdefault(measure.model, {})
            for name in (measure.column, measure.rank, *(item.distinct for item in measure.qualify)):
                if name is not None:
                    columns.setdefault(name, False)
            for condition in conditions(measure):
                if condition.column is not None:
                    columns[condition.column] = columns.get(condition.column, False) or isinstance(condition.equals, bool)
    return found
