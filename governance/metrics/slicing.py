"""By what a part and a formula can be sliced, and whether their groups add up to the whole."""

from __future__ import annotations

from collections.abc import Iterable

from governance.metrics.formulas import Constant, Formula, Leaf, Node, Part
from governance.metrics.graph import Graph, Route


def state_dimensions(graph: Graph, part: Part) -> frozenset[str]:
    """Return the dimensions that are attributes of the state itself (its stage): they apply after the latest state is chosen."""
    if part.shape not in {"state", "moves", "exposed"}:
        return frozenset()
    model, partition = part.measure.model, part.measure.partition
    own = set()
    for name in graph.reachable(model):
        route = graph.route(model, name)
        if route is not None and not route.hops and route.dimension != partition:
            own.add(name)
    return frozenset(own)


def route_of(graph: Graph, part: Part, dimension: str) -> Route | None:
    """Return how the part reaches the dimension, or None.

    A part that counts another entity through a person (the places of those who were met) takes that entity's own attributes from its own table, and of the
    rest only what the rows themselves say: what divides the person would count one hospital in several groups by accident of the person.
    """
    measure = part.measure
    route = graph.route(measure.model, dimension)
    if measure.via is None or measure.entity is None:
        return route
    table = graph.home(measure.via)
    beyond = graph.route(table, dimension) if table is not None else None
    if table is not None and beyond is not None:
        return Route(hops=(measure.entity, measure.via, *beyond.hops), model=beyond.model, source=beyond.source, dimension=beyond.dimension)
    return None if route is not None and route.hops[:1] == (measure.entity,) else route


def part_dimensions(graph: Graph, part: Part) -> frozenset[str]:
    """Return every dimension by which the part can be sliced."""
    names = {name for name in graph.dimensions if route_of(graph, part, name) is not None}
    if part.shape in {"moves", "exposed"}:
        names -= state_dimensions(graph, part)
    if part.shape == "exposed" and part.second is not None:
        names |= set(graph.reachable(part.second.model))
    if part.shape == "converted":
        names -= {name for name in names if _own(graph, part, name) and name not in _derived_from(graph, part.measure.partition)}
    return frozenset(names)


def _own(graph: Graph, part: Part, name: str) -> bool:
    route = graph.route(part.measure.model, name)
    return route is not None and not route.hops


def _derived_from(graph: Graph, name: str | None) -> frozenset[str]:
    """Return the dimension and those derived from it."""
    if name is None:
        return frozenset()
    return frozenset(
        other for other in graph.dimensions for route in [_base(graph, other)] if route == name
    )


def _base(graph: Graph, name: str) -> str:
    dimension = graph.dimensions[name]
    return _base(graph, dimension.derived.dimension) if dimension.derived is not None else name


def formula_dimensions(graph: Graph, formula: Formula) -> frozenset[str]:
    """Return every dimension by which the formula can be sliced: those of all its parts, populations with a shared slice aside."""
    arms = {name for part in formula.parts for name in part.by}

    def of(node: Node) -> frozenset[str] | None:
        if isinstance(node, Leaf):
            part = formula.parts[node.part]
            return None if part.broad else part_dimensions(graph, part)
        if isinstance(node, Constant):
            return None
        left, right = of(node.left), of(node.right)
        if left is None or right is None:
            return right if left is None else left
        return left & right

    return (of(formula.node) or frozenset()) - arms


def carried(graph: Graph, part: Part, dimensions: Iterable[str]) -> tuple[str, ...]:
    """Return those of the dimensions that the part has, in their order."""
    own = part_dimensions(graph, part)
    return tuple(name for name in dimensions if name in own)


def adds_up(graph: Graph, formula: Formula, dimensions: Iterable[str]) -> bool:
    """Return whether the groups by these dimensions partition what is counted, so that a share of the total has a meaning."""
    part = formula.single
    if part is None:
        return False
    measure = part.measure
    if part.shape in {"rows", "members", "first"} and (measure.agg in {"count", "sum"} or part.shape != "rows"):
        return True
    states = state_dimensions(graph, part)

    def partitions(name: str) -> bool:
        if part.shape == "state" and name in states:
            return True
        route = route_of(graph, part, name)
        counted = (measure.entity, measure.via) if measure.via else (measure.entity,)
        return route is not None and route.hops[: len(counted)] == counted

    return all(partitions(name) for name in dimensions)
