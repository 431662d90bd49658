"""plan: a Grant and a catalogue become statements and the arithmetic that joins their results. Nothing else gives rows.

Soundness, in short: every fact is aggregated alone at the asked grain, by the dimensions that it carries, under the caller's row scopes and the
persons' consent; joins only follow foreign to primary keys and are outer joins, so that no row is lost or doubled; ratios, comparisons and shares are
computed from the aggregates, never from other ratios; distinct counts are counted anew for every cell and never added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from governance.errors import DimensionNotAllowed, UnsoundQuery
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.columns import answer_columns
from governance.metrics.dialects import unit_start
from governance.metrics.explaining import plan_notes
from governance.metrics.formulas import Part, Shape, counting
from governance.metrics.persons import converted, first_rows, qualified, retained
from governance.metrics.plans import Coverage, Plan
from governance.metrics.scan import Context
from governance.metrics.statements import Ask, Statement, count_rows, in_force
from governance.metrics.states import exposures, moves, state
from governance.metrics.timeline import Timeline, counterpart, timeline
from governance.metrics.windows import stretched
from governance.terms import Filter, Grant, MemberCompare, MetricQuery, Period

_WRITERS: Mapping[Shape, Callable[[Context, Ask], Statement]] = {
    "rows": count_rows,
    "members": count_rows,
    "qualified": qualified,
    "first": first_rows,
    "in_force": in_force,
    "state": state,
    "moves": moves,
    "exposed": moves,
    "converted": converted,
}
_SHARED: frozenset[Shape] = frozenset({"rows", "members"})
"""Shapes of which several parts share one statement."""


def _filters(query: MetricQuery) -> tuple[Filter, ...]:
    """Return the filters, those on a compared dimension widened by the base member, which a filter does not remove."""
    compare = query.compare
    if not isinstance(compare, MemberCompare):
        return query.where
    out = []
    for item in query.where:
        if item.dimension == compare.dimension and item.op == "in":
            out.append(replace(item, values=tuple(dict.fromkeys([*item.values, compare.base]))))
        elif item.dimension == compare.dimension:
            left = tuple(value for value in item.values if value != compare.base)
            out.extend([replace(item, values=left)] if left else [])
        else:
            out.append(item)
    return tuple(out)


def _looked_at(definition: Definition, times: Timeline) -> Period:
    """Return the first and last day of which the metric reads rows for any of the windows."""
    windows = [stretched(part, window) for part in definition.formula.parts for window in times.windows]
    return Period(start=min(window.start for window in windows), end=max(window.end for window in windows))


def _windows(parts: Iterable[Part], windows: tuple[Period, ...]) -> tuple[tuple[Period, ...], tuple[tuple[int, ...], ...]]:
    """Return the windows that the parts (alike in this) look at, each once, and which asked windows each serves."""
    part = next(iter(parts))
    found: dict[Period, list[int]] = {}
    for position, window in enumerate(windows):
        found.setdefault(stretched(part, window), []).append(position)
    return tuple(found), tuple(tuple(positions) for positions in found.values())


def _persons(definition: Definition, catalogue: Catalogue) -> set[Part]:
    """Return the parts of the metric whose distinct persons are told beside its cells."""
    formula = definition.formula

    def carries(index: int) -> bool:
        return catalogue.graph.person(formula.parts[index].measure.model) is not None

    return {formula.parts[index] for index in counting(formula.node, carries)}


def plan(grant: Grant, catalogue: Catalogue, *, marked: frozenset[str] = frozenset()) -> Plan:
    """Return the plan of the granted query. The query must have passed `check`. `marked` are the metrics whose numbers come with fingerprints of their persons.

    Raises UnsoundQuery or DimensionNotAllowed for a query that can't be answered soundly, also where a row scope does not fit a fact.
    """
    query = grant.query
    times = timeline(query, catalogue, grant.today)
    group_by = query.group_by
    if isinstance(query.compare, MemberCompare) and query.compare.dimension not in group_by:
        group_by = (*group_by, query.compare.dimension)
    filters = _filters(query)
    definitions = tuple(catalogue.definitions[name] for name in query.metrics)
    asked = dict.fromkeys([*group_by, *(item.dimension for item in filters)])
    for definition in definitions:
        for name in asked:
            if name not in definition.dimensions:
                raise DimensionNotAllowed(metric=definition.document.id, dimension=name, valid=definition.dimensions)
        for name in group_by:
            if name not in definition.groupable:
                valid = catalogue.groupable_by(definition.document.id)
                raise DimensionNotAllowed(metric=definition.document.id, dimension=name, valid=valid)
    context = Context.of(grant, catalogue)
    parts = list(dict.fromkeys(part for definition in definitions for part in definition.formula.parts))
    persons = frozenset(part for definition in definitions for part in _persons(definition, catalogue))
    marks = frozenset(part for definition in definitions if definition.document.id in marked for part in definition.formula.parts)
    slices: dict[Part, tuple[str, ...]] = {}
    together: dict[tuple[object, ...], list[Part]] = {}
    kept: dict[Part, tuple[Filter, ...]] = {}
    for part in parts:
        own = catalogue.part_dimensions[part]
        slices[part] = tuple(name for name in group_by if name in own)
        kept[part] = tuple(item for item in filters if item.dimension in own)
        shared = (part.shape, part.measure.model, part.measure.via, part.consent, part.broad, part.trailing, part.trailing_unit, part.to_date, part.by, part.back, part.back_unit)
        key: tuple[object, ...] = (*shared, slices[part], kept[part]) if part.shape in _SHARED else (part,)
        together.setdefault(key, []).append(part)
    statements = tuple(
        statement
        for group in together.values()
        for statement in _statements(context, tuple(group), slices[group[0]], kept[group[0]], (persons, marks), times, query)
    )
    return Plan(
        grant=grant,
        catalogue=catalogue,
        query=query,
        timeline=times,
        group_by=group_by,
        metrics=definitions,
        columns=answer_columns(query, group_by, definitions, catalogue),
        statements=statements,
        coverage=tuple(_coverage(context, part) for part in parts if part.trailing is not None),
        slices=slices,
        notes=(*times.notes, *plan_notes({item.document.id: _looked_at(item, times) for item in definitions}, times, catalogue, grant)),
    )


def _statements(
    context: Context,
    parts: tuple[Part, ...],
    dimensions: tuple[str, ...],
    filters: tuple[Filter, ...],
    counted: tuple[frozenset[Part], frozenset[Part]],
    times: Timeline,
    query: MetricQuery,
) -> tuple[Statement, ...]:
    part = parts[0]
    windows, spread = _windows(parts, times.windows)
    ask = Ask(parts=parts, dimensions=(*dimensions, *part.by), filters=filters, windows=windows, persons=counted[0], marked=counted[1])
    if part.shape == "retained":
        fiscal = context.catalogue.settings.fiscal_year_start
        before = [counterpart(window, replace(query, compare="previous_period"), context.grant.today, fiscal) for window in windows]
        if any(item is None for item in before):
            raise UnsoundQuery("the period has none before it.")
        return (retained(context, ask, [item for item in before if item is not None]),)
    made = (_WRITERS[part.shape](context, ask), *([exposures(context, ask)] if part.shape == "exposed" else []))
    return tuple(item if item.spread is not None else replace(item, spread=spread) for item in made)


def _coverage(context: Context, part: Part) -> Coverage:
    """Whether the fact holds any row at all; nothing about persons, so neither scope nor consent apply."""
    sql = context.tables.model(part.measure.model)
    if part.trailing_unit == "day":
        return Coverage(part=part, source=sql.model.source, select=sa.select(sa.func.min(sql.time).label("day")).select_from(sql.base))
    month = unit_start("month", sql.time)
    select = sa.select(month.label("month")).select_from(sql.base).where(sql.time.is_not(None)).distinct()
    return Coverage(part=part, source=sql.model.source, select=select)

