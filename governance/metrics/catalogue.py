"""The catalogue: all models, dimensions and metrics of one bundle, checked against each other and immutable.

`Catalogue.build` refuses a bundle in which anything is doubtful: an unknown name, a join that could multiply rows, a dimension reached by
two routes, a metric that reads itself. Whatever gets past it can be planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from governance.documents.metrics import Dimension, Measure, Metric, MetricsDocument, SemanticModel, Shifted
from governance.documents.reading import Read
from governance.documents.settings import Settings
from governance.errors import BundleError
from governance.metrics.building import Faulty, MetricBuilder
from governance.metrics.formulas import Formula, Part, counting, shared
from governance.metrics.graph import Ambiguity, Graph
from governance.metrics.measuring import columns_read, conditions, measures_of
from governance.metrics.slicing import adds_up, formula_dimensions, part_dimensions
from governance.metrics.validating import Places, check_dimensions, check_metric, check_models
from governance.terms import UNKNOWN, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A metric ready to be planned: its document, its formula, and all that follows from them.

    `dimensions`: all it can soundly be asked by, `groupable`: those of them it can be grouped by; `person`: the entity of the persons behind its cells, or None;
    `monthly`: whether it reads a fact that is held by month; `composed`: whether such a fact meets another in it; `timeless`: whether the period makes no difference;
    `columns`: every (table, column) that it adds up or tests; `components`: the metrics that it is made of, at any depth, each once.
    """

    document: Metric
    components: tuple[Metric, ...]
    formula: Formula
    dimensions: tuple[str, ...]
    groupable: frozenset[str]
    person: str | None
    monthly: bool
    composed: bool
    timeless: bool
    columns: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """See the module. `known_values` are those read from the warehouse for open dimensions."""

    settings: Settings
    models: Mapping[str, SemanticModel]
    dimensions: Mapping[str, Dimension]
    metrics: Mapping[str, Metric]
    definitions: Mapping[str, Definition]
    graph: Graph
    part_dimensions: Mapping[Part, frozenset[str]]
    tagged: Mapping[str, frozenset[tuple[str, str]]]
    known_values: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: MappingProxyType({}))
    days: Mapping[str, tuple[date, date]] = field(default_factory=lambda: MappingProxyType({}))
    """By model, the first and last day that its rows speak of; known once the catalogue stands over a load."""
    narrower_consents: bool = False
    """Whether the warehouse has the table of consents for single values; known once the catalogue stands over a load."""

    @classmethod
    def build(cls, settings: Settings, reads: Sequence[Read[MetricsDocument]]) -> Catalogue:
        """Check the documents against each other and return the catalogue, or raise BundleError listing every problem with its line."""
        places = Places(reads)
        models = {name: places.models[name][0] for name in places.models}
        dimensions = {name: places.dimensions[name][0] for name in places.dimensions}
        metrics = {name: places.metrics[name][0] for name in places.metrics}
        check_models(places)
        check_dimensions(places)
        if places.problems:
            # Names that lead nowhere would only repeat themselves in every metric.
            raise BundleError(places.problems)
        graph = Graph(models, dimensions, columns_read(metrics.values()))
        _check_routes(places, graph)
        builder = MetricBuilder(metrics, graph, places.at_metric)
        formulas: dict[str, Formula] = {}
        for name in metrics:
            try:
                formulas[name] = builder.formula(name)
            except Faulty:
                continue
        formulas = shared(formulas)
        definitions = {}
        for name, formula in formulas.items():
            definitions[name] = _define(metrics, name, formula, graph)
            check_metric(places, metrics[name], frozenset(formula_dimensions(graph, formula)), dimensions)
        if places.problems:
            raise BundleError(places.problems)
        tagged: dict[str, set[tuple[str, str]]] = {}
        for definition in definitions.values():
            for tag in definition.document.tags:
                tagged.setdefault(tag, set()).update(_measured(graph, definition.formula))
        return cls(
            settings=settings,
            models=MappingProxyType(models),
            dimensions=MappingProxyType(dimensions),
            metrics=MappingProxyType(metrics),
            definitions=MappingProxyType(definitions),
            graph=graph,
            part_dimensions=MappingProxyType(
                {part: part_dimensions(graph, part) for formula in formulas.values() for part in formula.parts}
            ),
            tagged=MappingProxyType({tag: frozenset(columns) for tag, columns in tagged.items()}),
        )

    # ------------------------------------------------------------------ what access and language ask

    def dimensions_for(self, metric: str) -> tuple[str, ...]:
        """Return every dimension by which the metric can soundly be asked (grouped or filtered)."""
        return self.definitions[metric].dimensions

    def groupable_by(self, metric: str) -> tuple[str, ...]:
        """Return the dimensions by which the metric can be grouped: a few can only filter it."""
        definition = self.definitions[metric]
        return tuple(name for name in definition.dimensions if name in definition.groupable)

    def persons_behind(self, metric: str) -> str | None:
        """Return the entity whose members are counted behind the metric's cells, or None where its facts carry no person."""
        return self.definitions[metric].person

    def columns_of(self, metric: str) -> frozenset[tuple[str, str]]:
        """Return every (table, column) that the metric adds up or tests, through all metrics that it is made of."""
        return self.definitions[metric].columns

    def tags_of(self, metric: str) -> frozenset[str]:
        """Return the metric's own tags and those of every metric that adds up one of the same columns.

        A tag belongs to what is measured: no second definition of the same sum can go without it.
        """
        definition = self.definitions[metric]
        inherited = {tag for tag, columns in self.tagged.items() if columns & definition.columns}
        return definition.document.tags | inherited

    def has_tag(self, metric: str, tag: str) -> bool:
        """Return whether the metric, or any other one over the same columns, carries the tag; see `tags_of`."""
        return tag in self.tags_of(metric)

    @property
    def person_dimensions(self) -> frozenset[str]:
        """The dimensions that only a person's or an employee's own table carries, or that identify one."""
        about = set()
        for name, dimension in self.dimensions.items():
            sources = [source.model for source in self.dimensions[_root(self.dimensions, name)].sources]
            if dimension.identifies or all(self._is_about_person(model) for model in sources):
                about.add(name)
        return frozenset(about)

    def _is_about_person(self, model: str) -> bool:
        primary = self.graph.primary(model)
        return primary is not None and (primary.person or primary.employee)

    def adds_up(self, metric: str, dimensions: Iterable[str]) -> bool:
        """Return whether a share of the total by these dimensions has a meaning."""
        return adds_up(self.graph, self.definitions[metric].formula, dimensions)

    # ------------------------------------------------------------------ values

    def with_values(self, values: Mapping[str, tuple[Value, ...]]) -> Catalogue:
        """Return the catalogue with the members that the warehouse has of its open dimensions."""
        return replace(self, known_values=MappingProxyType(dict(values)))

    def with_days(self, days: Mapping[str, tuple[date, date]]) -> Catalogue:
        """Return the catalogue over a load whose rows speak of these days."""
        return replace(self, days=MappingProxyType(dict(days)))

    def with_narrower_consents(self, *, present: bool) -> Catalogue:
        """Return the catalogue over a warehouse that has, or lacks, the table of consents for single values."""
        return replace(self, narrower_consents=present)

    def values(self, dimension: str) -> tuple[Value, ...]:
        """Return the dimension's values: the listed ones in their order, then the warehouse's own. Without the unknown group."""
        listed = [item.value for item in self.dimensions[dimension].values]
        return tuple(dict.fromkeys([*listed, *(value for value in self.known_values.get(dimension, ()) if value != UNKNOWN)]))

    def accepts_any(self, dimension: str) -> bool:
        """Return whether values can't be checked: pseudonyms, and open dimensions whose members were not read."""
        asked = self.dimensions[dimension]
        return asked.identifies is not None or (asked.open and dimension not in self.known_values)


def _check_routes(places: Places, graph: Graph) -> None:
    """From every table that is measured, each dimension is reached in one way."""
    measured = {measure.model for metric, _, _ in places.metrics.values() for measure in measures_of(metric)}
    for model in sorted(measured & set(graph.models)):
        for name in graph.dimensions:
            try:
                graph.route(model, name)
            except Ambiguity as error:
                ways = " or ".join(" → ".join((model, *route.hops)) for route in error.routes)
                places.at_dimension(name, ("sources",), f"{model} reaches {name} by two routes: {ways}; which is meant would be a guess.")
    if places.problems:
        raise BundleError(places.problems)


def _root(dimensions: Mapping[str, Dimension], name: str) -> str:
    derived = dimensions[name].derived
    return _root(dimensions, derived.dimension) if derived is not None else name


def _measured(graph: Graph, formula: Formula) -> Iterable[tuple[str, str]]:
    for part in formula.parts:
        if part.measure.column is not None:
            yield graph.models[part.measure.model].table, part.measure.column


def _columns(graph: Graph, measure: Measure) -> Iterable[tuple[str, str]]:
    table = graph.models[measure.model].table
    if measure.column is not None:
        yield table, measure.column
    for condition in conditions(measure):
        if condition.column is not None:
            yield table, condition.column


def _define(metrics: Mapping[str, Metric], name: str, formula: Formula, graph: Graph) -> Definition:
    document = metrics[name]
    components = tuple({metric.id: metric for metric in _components(metrics, name)}.values())
    inside = [document, *components]
    dimensions = {found for found in formula_dimensions(graph, formula) if not graph.dimensions[found].scope_only}
    forbidden_groups: set[str] = set()
    for metric in inside:
        if metric.dimensions is not None:
            dimensions &= set(metric.dimensions)
        dimensions -= set(metric.forbid_dimensions)
        forbidden_groups |= set(metric.forbid_group_by)
    persons = {index: graph.person(part.measure.model) for index, part in enumerate(formula.parts)}
    counted = counting(formula.node, lambda index: persons[index] is not None)
    person = next((found.name for index in sorted(counted) if (found := persons[index]) is not None), None)
    units = {time.unit for part in formula.parts if not part.timeless and (time := graph.models[part.measure.model].time) is not None}
    measures = [measure for part in formula.parts for measure in (part.measure, part.second) if measure is not None]
    single = formula.single
    return Definition(
        document=document,
        components=components,
        formula=formula,
        dimensions=tuple(found for found in graph.dimensions if found in dimensions),
        groupable=frozenset(dimensions - forbidden_groups),
        person=person,
        monthly="month" in units,
        composed="month" in units and (single is None or single.trailing is not None or single.back > 0),
        timeless=all(part.timeless for part in formula.parts),
        columns=frozenset(pair for measure in measures for pair in _columns(graph, measure)),
    )


def _components(metrics: Mapping[str, Metric], name: str) -> Iterable[Metric]:
    document = metrics[name]
    inputs = (given.of if isinstance(given, Shifted) else given for given in document.inputs.values())
    for given in (document.numerator, document.denominator, *inputs):
        if isinstance(given, str) and given in metrics:
            yield metrics[given]
            yield from _components(metrics, given)
