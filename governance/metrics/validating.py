"""The checks of models, dimensions and metrics that need no formula; each problem with its line and the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from governance.documents.metrics import Dimension, Metric, MetricsDocument, SemanticModel
from governance.documents.reading import Read
from governance.errors import Problem, nearest

RESERVED = frozenset({"period", "metric"})
Found = dict[str, tuple[Any, Read[MetricsDocument], int]]


class Places:
    """Every named object of the documents, where it stands, and the problems found so far."""

    def __init__(self, reads: Sequence[Read[MetricsDocument]]) -> None:
        self.problems: list[Problem] = []
        self.models: dict[str, tuple[SemanticModel, Read[MetricsDocument], int]] = {}
        self.dimensions: dict[str, tuple[Dimension, Read[MetricsDocument], int]] = {}
        self.metrics: dict[str, tuple[Metric, Read[MetricsDocument], int]] = {}
        for read in reads:
            self._collect(self.models, "models", "name", read.document.models, read)
            self._collect(self.dimensions, "dimensions", "id", read.document.dimensions, read)
            self._collect(self.metrics, "metrics", "id", read.document.metrics, read)
        for name in {*self.dimensions} & {*self.metrics}:
            self.at_dimension(name, ("id",), f"{name} is the id of a metric as well; columns would have one name.")
        for name in (*self.dimensions, *self.metrics):
            if name in RESERVED or "__" in name:
                at = self.at_dimension if name in self.dimensions else self.at_metric
                at(name, ("id",), f"{name} is reserved: `period` and names with `__` are columns of answers.")

    def _collect(self, into: Any, section: str, key: str, items: Iterable[Any], read: Read[MetricsDocument]) -> None:
        for index, item in enumerate(items):
            name = getattr(item, key)
            if name in into:
                _, other, at = into[name]
                where = read.where(section, index, key)
                self.problems.append(Problem(where=where, message=f"{name} is defined twice; first at {other.where(section, at, key)}."))
                continue
            into[name] = (item, read, index)

    def at_model(self, name: str, path: tuple[str | int, ...], message: str) -> None:
        _, read, index = self.models[name]
        self.problems.append(Problem(where=read.where("models", index, *path), message=message))

    def at_dimension(self, name: str, path: tuple[str | int, ...], message: str) -> None:
        _, read, index = self.dimensions[name]
        self.problems.append(Problem(where=read.where("dimensions", index, *path), message=message))

    def at_metric(self, name: str, path: tuple[str | int, ...], message: str) -> None:
        _, read, index = self.metrics[name]
        self.problems.append(Problem(where=read.where("metrics", index, *path), message=message))


def check_models(places: Places) -> None:
    """Each entity has at most one home table, each table at most one person; who is a person is said alike everywhere."""
    homes: dict[str, str] = {}
    kinds: dict[str, tuple[bool, bool]] = {}
    consents = [name for name, (model, _, _) in places.models.items() if model.consent]
    for name in consents[1:]:
        places.at_model(name, ("consent",), f"consent rows are in one table; {consents[0]} holds them already.")
    for name, (model, _, _) in places.models.items():
        seen: set[str] = set()
        for index, entity in enumerate(model.entities):
            path = ("entities", index, "name")
            if entity.name in seen:
                places.at_model(name, path, f"the entity {entity.name} is given twice.")
            seen.add(entity.name)
            if entity.role == "primary" and entity.name in homes:
                places.at_model(name, path, f"the entity {entity.name} is primary in {homes[entity.name]} already; joins would multiply rows.")
            if entity.role == "primary":
                homes.setdefault(entity.name, name)
            kind = (entity.person, entity.employee)
            if kinds.setdefault(entity.name, kind) != kind:
                places.at_model(name, path, f"the entity {entity.name} is a person in one table and not in another.")
        if sum(entity.role == "primary" for entity in model.entities) > 1:
            places.at_model(name, ("entities",), "a table has one primary entity.")
        if sum(entity.person for entity in model.entities) > 1:
            places.at_model(name, ("entities",), "a table carries at most one protected person.")
        if model.consent and not any(entity.person for entity in model.entities):
            places.at_model(name, ("consent",), "consent rows carry a person.")
        if model.narrower is not None and (not model.consent or model.narrower.dimension not in places.dimensions):
            places.at_model(name, ("narrower",), "narrower consents belong to the consent table and name a dimension of the bundle.")


def check_dimensions(places: Places) -> None:
    """Every dimension has columns or is derived from one that has."""
    for name, (dimension, _, _) in places.dimensions.items():
        if bool(dimension.sources) == (dimension.derived is not None):
            places.at_dimension(name, (), f"the dimension {name} needs either sources or derived.")
        for index, source in enumerate(dimension.sources):
            if source.model not in places.models:
                places.at_dimension(name, ("sources", index, "model"), f"unknown model {source.model!r}.{nearest(source.model, places.models)}")
        if dimension.derived is not None:
            _check_derived(places, name, dimension)
        for other in dimension.within:
            if other not in places.dimensions:
                places.at_dimension(name, ("within",), f"unknown dimension {other!r}.{nearest(other, places.dimensions)}")
        values = [item.value for item in dimension.values]
        for index, value in enumerate(values):
            if value in values[:index]:
                places.at_dimension(name, ("values", index), f"the value {value!r} is given twice.")
            if isinstance(value, int) != (dimension.type == "integer"):
                places.at_dimension(name, ("values", index), f"the value {value!r} does not fit the type {dimension.type}.")
        if not values and not dimension.open:
            places.at_dimension(name, (), f"the dimension {name} lists no values; say `open: true` if the warehouse's own count.")


def _check_derived(places: Places, name: str, dimension: Dimension) -> None:
    seen = [name]
    current: Dimension | None = dimension
    while current is not None and current.derived is not None:
        base = current.derived.dimension
        if base not in places.dimensions:
            places.at_dimension(name, ("derived", "dimension"), f"unknown dimension {base!r}.{nearest(base, places.dimensions)}")
            return
        if base in seen:
            places.at_dimension(name, ("derived", "dimension"), f"{name} is derived from itself: {' → '.join([*seen, base])}.")
            return
        seen.append(base)
        current = places.dimensions[base][0]
    if dimension.derived is not None:
        parent = places.dimensions[dimension.derived.dimension][0]
        known = [str(item.value) for item in parent.values]
        for key in dimension.derived.map:
            if not parent.open and key not in known:
                places.at_dimension(name, ("derived", "map", key), f"{parent.id} has no value {key!r}.{nearest(key, known)}")


def check_metric(places: Places, metric: Metric, sound: frozenset[str], dimensions: Mapping[str, Dimension]) -> None:
    """Every dimension that the metric names exists, and those it offers are sound for it."""
    for field in ("dimensions", "forbid_dimensions", "forbid_group_by"):
        for index, name in enumerate(getattr(metric, field) or ()):
            if name not in dimensions:
                places.at_metric(metric.id, (field, index), f"unknown dimension {name!r}.{nearest(name, dimensions)}")
            elif field == "dimensions" and name not in sound:
                places.at_metric(metric.id, (field, index), f"{metric.id} can't soundly be asked by {name}; it could be by {', '.join(sorted(sound))}.")
    default = metric.default_period
    if default.kind == "last_units" and (default.n is None or default.n < 1 or default.unit is None):
        places.at_metric(metric.id, ("default_period",), "last_units needs n (at least 1) and unit.")
    if metric.successor is not None:
        following = places.metrics.get(metric.successor)
        if following is None:
            places.at_metric(metric.id, ("successor",), f"unknown metric {metric.successor!r}.{nearest(metric.successor, places.metrics)}")
        elif metric.retired_on is None or (following[0].retired_on is not None and following[0].retired_on <= metric.retired_on):
            places.at_metric(metric.id, ("successor",), f"{metric.id}: a successor needs `retired_on`, and must outlive the metric.")
    for parameter in ("arm", "single"):
        name = metric.parameters.get(parameter)
        if name is not None and name not in dimensions:
            places.at_metric(metric.id, ("parameters", parameter), f"unknown dimension {name!r}.{nearest(str(name), dimensions)}")
    for index, past in enumerate(metric.past_versions):
        if past.effective_from >= metric.effective_from:
            places.at_metric(metric.id, ("past_versions", index), f"version {past.version} begins on or after the current one.")
