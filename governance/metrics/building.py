"""From a metric's document to its formula; every fault found is reported with its line and the nearest known name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from governance.documents.metrics import Measure, Metric, Shifted
from governance.errors import nearest
from governance.metrics.formulas import Formula, Leaf, Node, Operation, Part, Shape, parse, parts_in, shift
from governance.metrics.graph import Ambiguity, Graph
from governance.metrics.measuring import conditions

Report = Callable[[tuple[str | int, ...], str], None]
"""Takes the path of the faulty node inside the metric and the message."""

_SHAPE_OF_STATE: Mapping[str, tuple[Shape, int]] = {"state": ("state", 0), "moved": ("moves", 0), "started": ("moves", 1)}


_TRAILING: Mapping[str, Literal["month", "day"]] = {"months": "month", "days": "day"}
_STARTS: Mapping[object, Literal["week", "month", "quarter", "year", "ever"]] = {"week": "week", "month": "month", "quarter": "quarter", "year": "year", "ever": "ever"}


_MOVABLE: frozenset[Shape] = frozenset({"rows", "qualified", "first", "in_force", "state"})


class Faulty(Exception):
    """The metric can't be built; the faults are already reported."""


class MetricBuilder:
    """Builds the formulas of one set of metric documents."""

    def __init__(self, metrics: Mapping[str, Metric], graph: Graph, report: Callable[[str, tuple[str | int, ...], str], None]) -> None:
        self._metrics = metrics
        self._graph = graph
        self._report = report
        self._made: dict[str, Formula] = {}
        self._failed: set[str] = set()
        self._open: list[str] = []

    def formula(self, name: str) -> Formula:
        """Return the metric's formula. Raises Faulty, once reported, for a metric that can't be built."""
        if name in self._made:
            return self._made[name]
        if name in self._failed:
            raise Faulty(name)
        if name in self._open:
            raise self._fault(name, (), f"metric {name} is defined by itself: {' → '.join([*self._open, name])}.")
        self._open.append(name)
        try:
            self._made[name] = self._build(self._metrics[name])
        except Faulty:
            self._failed.add(name)
            raise
        finally:
            self._open.pop()
        return self._made[name]

    def _fault(self, metric: str, path: tuple[str | int, ...], message: str) -> Faulty:
        self._report(metric, path, message)
        return Faulty(metric)

    def _build(self, metric: Metric) -> Formula:
        rule = str(metric.parameters.get("rule", ""))
        if metric.kind in {"simple", "distinct", "cumulative"} or (metric.kind == "semi_additive" and metric.measure is not None):
            return self._single(metric)
        if metric.kind in {"ratio", "semi_additive"} or (metric.kind == "experiment" and rule == "arms"):
            return self._ratio(metric)
        if metric.kind == "derived":
            return self._derived(metric)
        if metric.kind == "conversion":
            return self._conversion(metric, rule)
        return self._experiment(metric, rule)

    # ------------------------------------------------------------------ the kinds

    def _single(self, metric: Metric) -> Formula:
        if metric.measure is None:
            raise self._fault(metric.id, (), f"a {metric.kind} metric needs a measure.")
        part, output = self._part(metric, metric.measure, ("measure",))
        if metric.kind == "cumulative":
            if part.shape != "rows" or metric.measure.agg == "distinct":
                raise self._fault(metric.id, ("measure",), "a cumulative metric accumulates a sum or a count.")
            part = self._stretched(metric, part)
        return Formula(parts=(part,), node=Leaf(0, output))

    def _stretched(self, metric: Metric, part: Part) -> Part:
        given: dict[str, object] = {name: metric.parameters[name] for name in ("months", "days", "to_date") if name in metric.parameters}
        time = self._graph.models[part.measure.model].time
        monthly = time is not None and time.unit == "month"
        for name, unit in _TRAILING.items():
            count = given.get(name)
            if len(given) == 1 and isinstance(count, int) and count > 0:
                if unit == "day" and monthly:
                    raise self._fault(metric.id, ("parameters", name), f"{part.measure.model} is held by month: its windows are months.")
                return replace(part, trailing=count, trailing_unit=unit)
        start = _STARTS.get(given.get("to_date"))
        if len(given) == 1 and start is not None and not (start == "week" and monthly):
            return replace(part, to_date=start)
        raise self._fault(metric.id, ("parameters",), "a cumulative metric needs one of `months: n`, `days: n` and `to_date: week, month, quarter, year or ever` (of a fact held by month: whole months).")

    def _ratio(self, metric: Metric) -> Formula:
        sides = {"numerator": metric.numerator, "denominator": metric.denominator}
        for name, side in sides.items():
            if side is None:
                raise self._fault(metric.id, (), f"a {metric.kind} metric needs a {name}.")
        parts: list[Part] = []
        numerator = self._operand(metric, metric.numerator, ("numerator",), parts)
        above = len(parts)
        denominator = self._operand(metric, metric.denominator, ("denominator",), parts)
        if metric.shared_slice:
            parts[above:] = [replace(part, broad=True) for part in parts[above:]]
        return Formula(parts=tuple(parts), node=Operation("/", numerator, denominator))

    def _derived(self, metric: Metric) -> Formula:
        if not metric.expression or not metric.inputs:
            raise self._fault(metric.id, (), "a derived metric needs an expression and inputs.")
        parts: list[Part] = []
        names = {name: self._operand(metric, given, ("inputs", name), parts) for name, given in metric.inputs.items()}
        try:
            node = parse(metric.expression or "", names)
        except ValueError as error:
            raise self._fault(metric.id, ("expression",), f"{error}.") from error
        used = parts_in(node)
        for name, operand in names.items():
            if not parts_in(operand) <= used:
                raise self._fault(metric.id, ("inputs", name), f"the input {name} is not used in the expression.")
        return Formula(parts=tuple(parts), node=node)

    def _conversion(self, metric: Metric, rule: str) -> Formula:
        if rule == "retained" and metric.measure is not None:
            part, _ = self._part(metric, metric.measure, ("measure",))
            if part.shape != "qualified" and not (part.shape == "rows" and metric.measure.agg == "distinct"):
                raise self._fault(metric.id, ("measure",), "retention needs a distinct measure.")
            return Formula(parts=(replace(part, shape="retained"),), node=Operation("/", Leaf(0, 0), Leaf(0, 1)))
        days = metric.parameters.get("window_days")
        if rule == "window" and isinstance(metric.numerator, Measure) and isinstance(metric.denominator, Measure) and isinstance(days, int):
            entered, _ = self._part(metric, metric.denominator, ("denominator",))
            converted, _ = self._part(metric, metric.numerator, ("numerator",))
            if entered.shape != "first" or converted.shape != "rows" or metric.numerator.agg != "distinct":
                raise self._fault(metric.id, (), "a conversion needs a first entry as denominator and a distinct measure as numerator.")
            if (metric.numerator.entity, metric.numerator.partition) != (metric.denominator.entity, metric.denominator.partition):
                raise self._fault(metric.id, ("numerator",), "both sides of a conversion count the same entity and partition.")
            part = replace(entered, shape="converted", second=converted.measure, days=days)
            return Formula(parts=(part,), node=Operation("/", Leaf(0, 0), Leaf(0, 1)))
        raise self._fault(metric.id, ("parameters",), "a conversion needs `rule: retained` with a measure, or `rule: window` with window_days, numerator and denominator.")

    def _experiment(self, metric: Metric, rule: str) -> Formula:
        given = metric.parameters
        if rule == "lift":
            arms = (given.get("treatment"), given.get("control"))
            arm = given.get("arm")
            if not all(isinstance(item, str) for item in (*arms, arm)):
                raise self._fault(metric.id, ("parameters",), "a lift needs arm, treatment and control.")
            if arm not in self._graph.dimensions:
                raise self._fault(metric.id, ("parameters", "arm"), f"unknown dimension {arm!r}.{nearest(str(arm), self._graph.dimensions)}")
            ratio = self._ratio(metric)
            parts = tuple(replace(part, by=(str(arm),)) for part in ratio.parts)
            return Formula(parts=parts, node=ratio.node, rule="lift", arms=(str(arms[0]), str(arms[1])))
        days = given.get("window_days")
        if rule == "exposed" and isinstance(days, int) and metric.exposure is not None:
            if not isinstance(metric.numerator, Measure) or metric.numerator.agg != "moved":
                raise self._fault(metric.id, ("numerator",), "an exposure comparison needs a `moved` measure as numerator.")
            moves, _ = self._part(metric, metric.numerator, ("numerator",))
            exposure, _ = self._part(metric, metric.exposure, ("exposure",))
            if exposure.shape != "rows" or metric.exposure.entity != metric.numerator.entity:
                raise self._fault(metric.id, ("exposure",), "an exposure is a distinct measure of the same entity.")
            exposed = replace(moves, shape="exposed", second=exposure.measure, days=days)
            everyone = replace(moves, broad=True)
            return Formula(parts=(exposed, everyone), node=Operation("/", Leaf(0, 0), Leaf(0, 1)), rule="exposed")
        raise self._fault(metric.id, ("parameters",), "an experiment needs `rule: arms`, `rule: lift`, or `rule: exposed` with an exposure and window_days.")

    # ------------------------------------------------------------------ operands and parts

    def _shifted(self, metric: Metric, given: Shifted, path: tuple[str | int, ...], parts: list[Part]) -> Node:
        """Add the operand's parts, moved back, and return its node."""
        if (given.months is None) == (given.days is None):
            raise self._fault(metric.id, path, "what is shifted goes back by `months` or by `days`.")
        first = len(parts)
        node = self._operand(metric, given.of, (*path, "of"), parts)
        unit: Literal["month", "day"] = "month" if given.days is None else "day"
        for at in range(first, len(parts)):
            part = parts[at]
            time = self._graph.models[part.measure.model].time
            if part.timeless or part.shape not in _MOVABLE:
                raise self._fault(metric.id, path, "only counts, sums, distinct members, first rows and states can be shifted in time.")
            if unit == "day" and time is not None and time.unit == "month":
                raise self._fault(metric.id, (*path, "days"), f"{part.measure.model} is held by month: it goes back by months.")
            if part.back and part.back_unit != unit:
                raise self._fault(metric.id, path, "what is shifted by months can't be shifted by days as well.")
            parts[at] = replace(part, back=part.back + (given.months or given.days or 0), back_unit=unit)
        return node

    def _operand(self, metric: Metric, given: str | Measure | Shifted | None, path: tuple[str | int, ...], parts: list[Part]) -> Node:
        """Add the operand's parts to `parts` and return its node."""
        if isinstance(given, Shifted):
            return self._shifted(metric, given, path, parts)
        if isinstance(given, Measure):
            part, output = self._part(metric, given, path)
            parts.append(part)
            return Leaf(len(parts) - 1, output)
        if given is None or given not in self._metrics:
            raise self._fault(metric.id, path, f"unknown metric {given!r}.{nearest(str(given), self._metrics)}")
        formula = self.formula(str(given))
        if formula.rule != "expression":
            raise self._fault(metric.id, path, f"{given} can't be an operand: it has several columns.")
        node = shift(formula.node, len(parts))
        parts.extend(replace(part, consent=part.consent and not metric.ignores_consent) for part in formula.parts)
        return node

    def _part(self, metric: Metric, measure: Measure, path: tuple[str | int, ...]) -> tuple[Part, int]:
        self._check_measure(metric, measure, path)
        consent = not metric.ignores_consent
        if measure.agg in _SHAPE_OF_STATE:
            shape, output = _SHAPE_OF_STATE[measure.agg]
            if shape == "moves":
                # Those who moved and those who could have are found by one statement.
                measure = measure.model_copy(update={"agg": "moved"})
            return Part(shape=shape, measure=measure, consent=consent), output
        shape = "rows"
        if measure.agg == "members":
            shape = "members"
        elif measure.agg == "in_force":
            shape = "in_force"
        elif measure.first:
            shape = "first"
        elif measure.qualify:
            shape = "qualified"
        return Part(shape=shape, measure=measure, consent=consent), 0

    def _check_measure(self, metric: Metric, measure: Measure, path: tuple[str | int, ...]) -> None:
        graph, fault = self._graph, self._fault
        if measure.model not in graph.models:
            raise fault(metric.id, (*path, "model"), f"unknown model {measure.model!r}.{nearest(measure.model, graph.models)}")
        model = graph.models[measure.model]
        if measure.agg == "sum" and measure.column is None:
            raise fault(metric.id, path, "a sum needs a column.")
        if measure.agg not in {"count", "sum"}:
            known = [entity.name for entity in model.entities]
            if measure.entity is None or graph.entity(measure.model, measure.entity) is None:
                raise fault(metric.id, (*path, "entity"), f"the model {model.name} has no entity {measure.entity!r}; it has {', '.join(known) or 'none'}.")
            person = graph.person(measure.model)
            plain = measure.agg == "distinct" and not measure.first and not measure.qualify
            if person is not None and not plain and measure.agg != "members" and measure.entity != person.name:
                raise fault(metric.id, (*path, "entity"), f"a measure of this kind over {model.name} counts {person.name}, the persons it carries.")
        if measure.agg == "members":
            primary = graph.primary(measure.model)
            if primary is None or primary.name != measure.entity:
                raise fault(metric.id, (*path, "entity"), "members are counted in the entity's own table.")
        elif measure.agg == "in_force":
            if model.validity is None:
                raise fault(metric.id, (*path, "model"), f"the model {model.name} has no validity.")
        elif model.time is None:
            raise fault(metric.id, (*path, "model"), f"the model {model.name} has no time.")
        if measure.agg in _SHAPE_OF_STATE and measure.rank is None:
            raise fault(metric.id, path, "a state needs the column of its rank.")
        if measure.partition is not None:
            self._check_dimension(metric, measure, measure.partition, (*path, "partition"))
        if measure.via is not None:
            home = graph.home(measure.entity or "")
            if measure.agg != "distinct" or home is None or graph.entity(home, measure.via) is None:
                raise fault(metric.id, (*path, "via"), f"{measure.entity} has no entity {measure.via!r} to count.")
        for condition in conditions(measure):
            if condition.dimension is not None:
                self._check_dimension(metric, measure, condition.dimension, path)
            elif condition.column is None and condition.any_of is None and condition.all_of is None:
                raise fault(metric.id, path, "a condition names a column or a dimension.")
        for qualification in measure.qualify:
            if qualification.distinct_dimension is not None:
                self._check_dimension(metric, measure, qualification.distinct_dimension, path)

    def _check_dimension(self, metric: Metric, measure: Measure, name: str, path: tuple[str | int, ...]) -> None:
        if name not in self._graph.dimensions:
            raise self._fault(metric.id, path, f"unknown dimension {name!r}.{nearest(name, self._graph.dimensions)}")
        try:
            if self._graph.route(measure.model, name) is None:
                raise self._fault(metric.id, path, f"the model {measure.model} does not carry the dimension {name}.")
        except Ambiguity as error:
            message = f"the model {error.model} reaches {error.dimension} by two routes."
            raise self._fault(metric.id, path, message) from error
