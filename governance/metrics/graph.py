"""How a table reaches a dimension: joins from foreign to primary entities only, so that no row is ever multiplied.

The shortest route wins; two shortest routes to different columns are an error of the bundle, because which one is meant would be a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.documents.metrics import Dimension, Entity, SemanticModel, Source

MAX_HOPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way from a model to a column: the foreign entities to follow in order, and the column at the end.

    `dimension` is the dimension that the column holds: for a derived dimension the one it is derived from.
    """

    hops: tuple[str, ...]
    model: str
    source: Source
    dimension: str


class Ambiguity(Exception):
    """Two shortest routes lead to different columns."""

    def __init__(self, model: str, dimension: str, routes: Sequence[Route]) -> None:
        self.model, self.dimension, self.routes = model, dimension, tuple(routes)
        super().__init__(model, dimension)


class Graph:
    """The models and their joins. Built once for a catalogue; immutable afterwards."""

    def __init__(
        self,
        models: Mapping[str, SemanticModel],
        dimensions: Mapping[str, Dimension],
        columns: Mapping[str, Mapping[str, bool]] | None = None,
    ) -> None:
        """`columns`: the columns that measures read, by model, and whether each is a flag."""
        self.models = models
        self.dimensions = dimensions
        self.columns = columns or {}
        self._sources: dict[str, list[Source]] = defaultdict(list)
        for dimension in dimensions.values():
            for source in dimension.sources:
                self._sources[dimension.id].append(source)
        self._entities = {name: {entity.name: entity for entity in model.entities} for name, model in models.items()}
        self._home = {
            entity.name: name for name, model in models.items() for entity in model.entities if entity.role == "primary"
        }
        self._routes = {name: self._routes_from(name) for name in models}

    def entity(self, model: str, entity: str) -> Entity | None:
        """Return the entity as the model carries it, or None."""
        return self._entities[model].get(entity)

    def home(self, entity: str) -> str | None:
        """Return the model in which the entity is primary, or None."""
        return self._home.get(entity)

    def primary(self, model: str) -> Entity | None:
        """Return the entity that the model's rows are, or None."""
        return next((entity for entity in self.models[model].entities if entity.role == "primary"), None)

    def person(self, model: str) -> Entity | None:
        """Return the protected person that the model's rows carry, or None."""
        return next((entity for entity in self.models[model].entities if entity.person), None)

    def route(self, model: str, dimension: str) -> Route | None:
        """Return the route from the model to the dimension, or None where it carries none. Raises Ambiguity."""
        asked = self.dimensions[dimension]
        while asked.derived is not None:
            asked = self.dimensions[asked.derived.dimension]
        found = self._routes[model].get(asked.id, ())
        if len(found) > 1:
            raise Ambiguity(model, dimension, found)
        return found[0] if found else None

    def reachable(self, model: str) -> tuple[str, ...]:
        """Return the dimensions that the model carries, in the catalogue's order."""
        return tuple(name for name in self.dimensions if self.route(model, name) is not None)

    def _routes_from(self, start: str) -> dict[str, tuple[Route, ...]]:
        """Return the shortest routes to each dimension with sources, breadth first."""
        found: dict[str, tuple[Route, ...]] = {}
        frontier: list[tuple[str, tuple[str, ...]]] = [(start, ())]
        seen = {start}
        for _ in range(MAX_HOPS):
            at: dict[str, list[Route]] = defaultdict(list)
            for model, hops in frontier:
                for name, sources in self._sources.items():
                    at[name] += [
                        Route(hops=hops, model=model, source=source, dimension=name) for source in sources if source.model == model
                    ]
            for name, routes in at.items():
                if routes:
                    found.setdefault(name, tuple(routes))
            following: list[tuple[str, tuple[str, ...]]] = []
            for model, hops in frontier:
                for entity in self.models[model].entities:
                    home = self._home.get(entity.name)
                    if entity.role == "foreign" and home is not None and home not in seen:
                        following.append((home, (*hops, entity.name)))
            # A table reached by two routes of one length stays twice: what it alone carries is then ambiguous.
            seen |= {model for model, _ in following}
            frontier = following
        return found
