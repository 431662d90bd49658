"""Whether a dimension's value lies inside a row scope, judged from the dimension tables alone and before anything is asked.

Loaded once a data load: the pairs of values that occur together in the tables of things (hospitals, doctors, representatives), never a fact. A
dimension that such a table doesn't carry beside the scope's (channel, product, time) is not divided by the scope.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, column, select, table

from governance.metrics.graph import Graph, Route
from governance.terms import DimensionScope, LinkScope, RowScope, Value

Fetch = Callable[[Select[Any]], Sequence[Sequence[Any]]]
"""Runs a statement over dimension tables and returns its rows."""


class _Table:
    """The table of one model with joins to the tables that its dimensions live in."""

    def __init__(self, graph: Graph, model: str) -> None:
        self._graph, self._model = graph, model
        self._aliases: dict[tuple[str, ...], Any] = {(): table(graph.models[model].table).alias("t0")}
        self.source: FromClause = self._aliases[()]

    def column(self, route: Route) -> ColumnElement[Any]:
        """Return the route's column, joining what lies between."""
        at: tuple[str, ...] = ()
        model = self._model
        for hop in route.hops:
            following = (*at, hop)
            home = self._graph.home(hop)
            if home is None:
                raise ValueError(f"no table is primary for {hop}")
            if following not in self._aliases:
                alias = table(self._graph.models[home].table).alias(f"t{len(self._aliases)}")
                self._aliases[following] = alias
                mine, theirs = self._graph.entity(model, hop), self._graph.primary(home)
                if mine is None or theirs is None:
                    raise ValueError(f"{model} has no entity {hop}")
                joined = _of(self._aliases[at], mine.column) == _of(alias, theirs.column)
                self.source = self.source.outerjoin(alias, joined)
            at, model = following, home
        return _of(self._aliases[at], route.source.column)

    def key(self, name: str) -> ColumnElement[Any]:
        return _of(self._aliases[()], name)


def _of(alias: Any, name: str) -> ColumnElement[Any]:
    found: ColumnElement[Any] = column(name, _selectable=alias)
    return found


class Reach:
    """Answers `access` whether a named value lies in a scope. Safe for threads; each pair of dimensions is fetched once."""

    def __init__(self, graph: Graph, fetch: Fetch, canonical: Callable[[str, Any], Value]) -> None:
        """`fetch` reads dimension tables of the present load; `canonical(dimension, stored)` is the dimension's own value."""
        self._graph, self._fetch, self._canonical = graph, fetch, canonical
        self._pairs: dict[tuple[str, str], dict[Value, frozenset[Value]] | None] = {}
        self._linked: dict[tuple[LinkScope, str], frozenset[Value] | None] = {}
        self._lock = threading.Lock()

    def __call__(self, scope: RowScope, dimension: str, value: Value) -> bool:
        """Return False only when the scope divides the dimension and no member of the scope has the value."""
        with self._lock:
            inside = self._of_dimension(scope, dimension) if isinstance(scope, DimensionScope) else self._of_link(scope, dimension)
        return inside is None or value in inside

    def _of_dimension(self, scope: DimensionScope, dimension: str) -> frozenset[Value] | None:
        if dimension == scope.dimension:
            return frozenset(scope.values)
        key = (scope.dimension, dimension)
        if key not in self._pairs:
            self._pairs[key] = self._load_pairs(*key)
        pairs = self._pairs[key]
        return None if pairs is None else frozenset().union(*(pairs.get(value, frozenset()) for value in scope.values))

    def _load_pairs(self, first: str, second: str) -> dict[Value, frozenset[Value]] | None:
        for name in self._graph.models:
            if self._graph.primary(name) is None or self._graph.models[name].time is not None:
                continue
            routes = self._graph.route(name, first), self._graph.route(name, second)
            if routes[0] is None or routes[1] is None:
                continue
            source = _Table(self._graph, name)
            columns = source.column(routes[0]).label("a"), source.column(routes[1]).label("b")
            found: dict[Value, set[Value]] = defaultdict(set)
            for a, b in self._fetch(select(*columns).select_from(source.source).distinct()):
                if a is not None and b is not None:
                    found[self._canonical(first, a)].add(self._canonical(second, b))
            return {value: frozenset(others) for value, others in found.items()}
        return None

    def _of_link(self, scope: LinkScope, dimension: str) -> frozenset[Value] | None:
        key = (scope, dimension)
        if key not in self._linked:
            if len(self._linked) > 2_000:  # days pass and representatives come and go; the memory is only a memory
                self._linked.clear()
            self._linked[key] = self._load_linked(scope, dimension)
        return self._linked[key]

    def _load_linked(self, scope: LinkScope, dimension: str) -> frozenset[Value] | None:
        home = self._graph.home(scope.entity)
        route = self._graph.route(home, dimension) if home else None
        if home is None or route is None:
            return None
        link = self._graph.models[scope.model]
        member, owner = self._graph.entity(scope.model, scope.entity), self._graph.entity(scope.model, scope.to_entity)
        primary = self._graph.primary(home)
        if link.validity is None or member is None or owner is None or primary is None:
            raise ValueError(f"{scope.model} can't link {scope.entity} to {scope.to_entity}")
        source = _Table(self._graph, home)
        asked = source.column(route)
        rows = table(link.table).alias("link")
        start, end = _of(rows, link.validity.start), _of(rows, link.validity.end)
        linked = (
            (_of(rows, member.column) == source.key(primary.column))
            & _of(rows, owner.column).in_(scope.keys)
            & (start <= scope.on)
            & (end.is_(None) | (end > scope.on))
        )
        found = self._fetch(select(asked.label("a")).select_from(source.source.join(rows, linked)).distinct())
        return frozenset(self._canonical(dimension, row[0]) for row in found if row[0] is not None)
