"""What a filter's references mean for one measure: its own column, or a dimension of a table that our joins reach in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.interchange.expressions import parse
from governance.interchange.filters import Kind, Target, evidence
from governance.interchange.layout import Layout
from governance.interchange.nouns import NotCarriedError, Project, SourceDimension, SourceMeasure, SourceModel
from governance.interchange.syntax import Column, Node, Reference
from governance.metrics.graph import Ambiguity, Graph

_DAYS = (None, "day")
_RANK: Mapping[Kind, int] = {"text": 0, "integer": 1, "boolean": 2}


class Resolver:
    """Resolves references and columns for the measure that is being carried."""

    def __init__(self, layout: Layout, measure: SourceMeasure) -> None:
        self._layout, self._measure = layout, measure
        self._model = layout.model_of(measure)
        self._source = layout.sources[measure.model]
        self._graph = Graph(layout.models, layout.dimensions)

    def __call__(self, item: Reference | Column) -> Target:
        """Return what is tested. Raises NotCarriedError with the reason."""
        if isinstance(item, Column):
            return self._own(item)
        if item.kind == "entity":
            return self._entity(item)
        if item.name == "metric_time" and not item.path:
            time = self._measure.time or self._source.time
            return self._time(next(found for found in self._source.dimensions if found.name == time), item)
        owner = self._layout.owner(self._source)
        if item.path in {(), (owner,)}:
            local = next((found for found in self._source.dimensions if found.name == item.name), None)
            if local is not None:
                return self._local(local, item)
        return self._joined(item)

    def _own(self, item: Column) -> Target:
        if item.table is not None and item.table not in {self._source.name, self._source.table}:
            raise NotCarriedError(f"{item.table}.{item.name} is a column of another table")
        time = self._layout.models[self._model].time
        return Target(column=item.name, moment=time is not None and time.column == item.name)

    def _local(self, dimension: SourceDimension, item: Reference) -> Target:
        if dimension.type == "time":
            return self._time(dimension, item)
        column = self._layout.column(self._source.name, dimension.name)
        if column is None:
            raise NotCarriedError(f"the dimension {item.name} is not carried")
        if item.grain is not None:
            raise NotCarriedError(f"the dimension {item.name} is no time and has no {item.grain}")
        return Target(column=column)

    def _time(self, dimension: SourceDimension, item: Reference) -> Target:
        column = self._layout.column(self._source.name, dimension.name)
        if column is None:
            raise NotCarriedError(f"the time dimension {dimension.name} is not carried")
        grain = item.grain or dimension.granularity or "day"
        if grain == "day":
            return Target(column=column, daily=True)
        if item.grain in _DAYS and grain not in {"week", "month", "quarter", "year"}:
            return Target(column=column, moment=True)
        raise NotCarriedError(f"{dimension.name} is compared by {grain}; conditions compare days")

    def _entity(self, item: Reference) -> Target:
        column = self._layout.column(self._source.name, item.name) if not item.path else None
        if column is None or all(entity.name != item.name for entity in self._source.entities):
            raise NotCarriedError(f"the entity {'__'.join((*item.path, item.name))} is no key of {self._source.name}")
        return Target(column=column)

    def _joined(self, item: Reference) -> Target:
        name = "__".join((*item.path[-1:], item.name))
        dimension = self._layout.dimension(item.path[-1] if item.path else "", item.name)
        if dimension is None:
            raise NotCarriedError(f"{name} is not among the carried dimensions")
        if item.grain is not None:
            raise NotCarriedError(f"{name} is a date of another table; only the metric's own dates are compared")
        try:
            route = self._graph.route(self._model, dimension.id)
        except Ambiguity as error:
            raise NotCarriedError(f"{name} is reached by two routes") from error
        if route is None or route.hops not in {item.path, ()}:
            raise NotCarriedError(f"{self._source.name} does not reach {name} by way of {' → '.join(item.path) or 'its own table'}")
        if not route.hops:
            return Target(column=route.source.column)
        return Target(dimension=dimension.id, kind=dimension.type)


def compared_types(project: Project) -> dict[tuple[str, str], Kind]:
    """Return how filters and measures compare the columns of each semantic model: flags before numbers before texts."""
    found: dict[tuple[str, str], Kind] = {}
    models = {model.name: model for model in project.models}
    owned: dict[str, list[SourceModel]] = {}
    for model in project.models:
        for entity in model.entities:
            if entity.type in {"primary", "unique"}:
                owned.setdefault(entity.name, []).append(model)
        if model.primary_entity is not None:
            owned.setdefault(model.primary_entity, []).append(model)

    def note(model: SourceModel, column: str, kind: Kind) -> None:
        key = (model.name, column.lower())
        if key not in found or _RANK[kind] > _RANK[found[key]]:
            found[key] = kind

    for text in _filters(project):
        for item, kind in _seen(text):
            if isinstance(item, Reference) and item.kind == "dimension" and item.path:
                for model in owned.get(item.path[-1], ()):
                    for dimension in model.dimensions:
                        if dimension.name == item.name and dimension.type != "time":
                            note(model, dimension.expr or dimension.name, kind)
    for measure in project.measures.values():
        if measure.expr is not None and measure.model in models:
            tests = measure.agg == "sum_boolean"
            for item, kind in _seen(measure.expr, cases=not tests):
                if isinstance(item, Column):
                    note(models[measure.model], item.name, kind)
    return found


def _filters(project: Project) -> Iterable[str]:
    for metric in project.metrics:
        yield from metric.filters
        for given in (metric.measure, metric.numerator, metric.denominator, *metric.inputs):
            if given is not None:
                yield from given.filters


def _seen(text: str, *, cases: bool = False) -> Iterable[tuple[Reference | Column, Kind]]:
    from governance.interchange.syntax import Case

    try:
        node: Node = parse(text)
    except NotCarriedError:
        return
    if not cases:
        yield from evidence(node)
    elif isinstance(node, Case):
        for test, _ in node.whens:
            yield from evidence(test)
