"""Statements about states: the latest one before an instant, who rose between two instants, and who of them was exposed before.

A state is a row that holds until the next one of the same member and partition (a product). At one instant the higher rank wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from governance.metrics.buckets import Buckets, TimeUnit, bound, table_of
from governance.metrics.dialects import text_order
from governance.metrics.layout import Counting, Layout, Output, carried_ways, outer_ways
from governance.metrics.persons import same
from governance.metrics.scan import Context, Scan
from governance.metrics.slicing import state_dimensions
from governance.metrics.statements import Ask, Statement, fingerprint
from governance.metrics.tables import Clause, DimensionSql
from governance.terms import Filter

EXPOSURE = 2
"""Stands beside the two outputs of an exposure comparison for the rows of the exposing fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The latest states at numbered instants: columns `b` (instant), `e`, `p`, `r`, one for each dimension and the marks of a match (`m0…`)."""

    table: sa.FromClause
    dimensions: Mapping[str, str]


def _unit(scan: Scan) -> TimeUnit:
    time = scan.sql.model.time
    if time is None:
        raise KeyError("time")
    return time.unit


def _latest(ask: Ask, scan: Scan, instants: Sequence[date], names: Sequence[str], filters: Sequence[Filter]) -> Latest:
    measure, unit = ask.part.measure, _unit(scan)
    kind: Any = sa.DateTime() if unit == "timestamp" else sa.Date()
    points = table_of([(i, bound(day, unit).value) for i, day in enumerate(instants)], {"b": sa.Integer(), "at": kind}, "points")
    entity = scan.counted
    rank = scan.sql.column(measure.rank or "")
    partition: Clause = scan.dimension(measure.partition).group if measure.partition is not None else sa.literal("")
    columns = {name: f"d{i}" for i, name in enumerate(names)}
    groups = {name: scan.dimension(name).group for name in names}
    where = [*scan.where, *scan.conditions(measure.where), *scan.filters(filters), entity.is_not(None), scan.time.is_not(None)]
    by = [entity, *([partition] if measure.partition is not None else [])]
    # A state holds from its row until the next row; of rows at one instant only the one with the highest rank holds at all.
    ways = carried_ways(scan)
    until = sa.func.lead(scan.time).over(partition_by=by, order_by=[scan.time, rank.asc().nulls_first()])
    held = (
        sa.select(
            entity.label("e"),
            partition.label("p"),
            rank.label("r"),
            *(groups[name].label(column) for name, column in columns.items()),
            *ways.values(),
            scan.time.label("since"),
            until.label("until"),
        )
        .select_from(scan.source())
        .where(*where)
        .subquery("held")
    )
    kept = [points.c.b, held.c.e, held.c.p, held.c.r, *(held.c[column] for column in columns.values()), *(held.c[mark.name] for mark in ways.values())]
    holds = sa.and_(held.c.since < points.c.at, sa.or_(held.c.until.is_(None), held.c.until >= points.c.at))
    latest = sa.select(*kept).select_from(held.join(points, holds))
    return Latest(table=latest.cte("latest"), dimensions=columns)


def state(context: Context, ask: Ask) -> Statement:
    """Members by their latest state before the end of each window.

    A member counts once in each group of the dimensions that are not the state's own, at the highest rank among the partitions that the
    filters left; filters on the state's own attributes apply to that one state.
    """
    scan = Scan(context, ask.part)
    own = state_dimensions(scan.graph, ask.part)
    after = [item for item in ask.filters if item.dimension in own]
    before = [item for item in ask.filters if item.dimension not in own]
    names = list(dict.fromkeys([*ask.dimensions, *(item.dimension for item in after)]))
    integer = {name: scan.graph.dimensions[name].type == "integer" for name in names}
    instants = list(dict.fromkeys(window.end for window in ask.windows))
    latest = _latest(ask, scan, instants, names, before)
    table = latest.table
    by = [table.c.b, table.c.e, *(table.c[latest.dimensions[name]] for name in ask.dimensions if name not in own)]
    highest = sa.select(
        table, sa.func.row_number().over(partition_by=by, order_by=[table.c.r.desc().nulls_last(), text_order(table.c.p)]).label("hn")
    ).subquery("highest")
    layout = Layout([highest.c.b, *(highest.c[latest.dimensions[name]] for name in ask.dimensions)])
    value = layout.add(sa.func.count(), "v0")
    mark = layout.add(fingerprint(highest.c.e), "f0") if ask.part in ask.marked else None
    used = Counting(scan, layout, outer_ways(scan, highest), highest.c.e if scan.person is not None else None).rows(ask.part, 0, rows=value)
    where: list[Clause] = [highest.c.hn == 1]
    for item in after:
        column = highest.c[latest.dimensions[item.dimension]]
        plain = column if integer[item.dimension] else None
        judged = DimensionSql(group=column, plain=plain, hops=(), integer=integer[item.dimension])
        where.append(judged.among(item.values, negate=item.op == "not_in"))
    found: dict[Any, int] = dict(enumerate(range(len(instants))))
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(highest, where),
        windows=ask.windows,
        buckets=Buckets(key=highest.c.b, found=found),
        dimensions=ask.dimensions,
        outputs=(Output(part=ask.part, index=0, value=value, persons=value if scan.person is not None else None, mark=mark),),
        used=(used,),
        spread=tuple(tuple(i for i, window in enumerate(ask.windows) if window.end == day) for day in instants),
    )


def moves(context: Context, ask: Ask) -> Statement:
    """Members with a state at each window's start, and those whose rank at its end is higher, on at least one partition.

    With an exposure (`part.second`), only those exposed in the days before the window.
    """
    scan = Scan(context, ask.part)
    exposure = Scan(context, ask.part, model=ask.part.second.model) if ask.part.shape == "exposed" and ask.part.second is not None else None
    names = [name for name in ask.dimensions if scan.has(name)]
    filters = [item for item in ask.filters if scan.has(item.dimension)]
    instants = sorted({day for window in ask.windows for day in (window.start, window.end)})
    latest = _latest(ask, scan, instants, names, filters)
    rows = [(i, instants.index(window.start), instants.index(window.end)) for i, window in enumerate(ask.windows)]
    pairs = table_of(rows, {"w": sa.Integer(), "s": sa.Integer(), "f": sa.Integer()}, "pairs")
    start, end = latest.table.alias("st"), latest.table.alias("en")
    divided = True
    source = pairs.join(start, start.c.b == pairs.c.s).join(
        end, sa.and_(end.c.b == pairs.c.f, end.c.e == start.c.e, end.c.p == start.c.p)
    )
    groups: dict[str, Clause] = {name: start.c[latest.dimensions[name]] for name in names}
    if exposure is not None:
        exposed, shared, only = _exposed(exposure, ask, scan)
        together = [exposed.c.w == pairs.c.w, exposed.c.e == start.c.e]
        together += [same(exposed.c[column], groups[name]) for name, column in shared.items()]
        source = source.join(exposed, sa.and_(*together))
        groups |= {name: exposed.c[column] for name, column in only.items()}
        divided = not only  # whoever was exposed in two groups stands in both
    layout = Layout([pairs.c.w, *(groups[name] for name in ask.dimensions)])
    moved = layout.add(sa.func.count(sa.distinct(sa.case((end.c.r > start.c.r, start.c.e)))), "v0")
    started = layout.add(sa.func.count(sa.distinct(start.c.e)), "v1")
    rose = sa.case((end.c.r > start.c.r, start.c.e))
    marks = (layout.add(fingerprint(rose), "f0"), layout.add(fingerprint(start.c.e), "f1")) if ask.part in ask.marked else (None, None)
    person = scan.person is not None
    risen = Counting(scan, layout, outer_ways(scan, end), end.c.e if person else None, divided=divided).rows(ask.part, 0, test=end.c.r > start.c.r)
    begun = Counting(scan, layout, outer_ways(scan, start), start.c.e if person else None, divided=divided).rows(ask.part, 1)
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(source, []),
        windows=ask.windows,
        buckets=Buckets(key=pairs.c.w, found={i: i for i in range(len(ask.windows))}),
        dimensions=ask.dimensions,
        outputs=(
            Output(part=ask.part, index=0, value=moved, persons=moved if person else None, mark=marks[0]),
            Output(part=ask.part, index=1, value=started, persons=started if person else None, mark=marks[1]),
        ),
        used=(risen, begun),
    )


def exposures(context: Context, ask: Ask) -> Statement:
    """The rows by which members were exposed before each window: nothing is measured of them, but an answer says how many there were."""
    if ask.part.second is None:
        raise KeyError("exposure")
    scan = Scan(context, ask.part, model=ask.part.second.model)
    before, within, where = _exposing(scan, ask)
    layout = Layout([before.c.w])
    used = Counting(scan, layout, scan.ways(), scan.sql.key(ask.part.second.entity or "") if scan.person is not None else None).rows(ask.part, EXPOSURE)
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(scan.source((before, within)), where),
        windows=ask.windows,
        buckets=Buckets(key=before.c.w, found={i: i for i in range(len(ask.windows))}),
        dimensions=(),
        outputs=(),
        used=(used,),
    )


def _exposing(scan: Scan, ask: Ask) -> tuple[sa.FromClause, Clause, list[Clause]]:
    """Return a table of the days before each window (`w`), the condition that a row lies in them, and what makes a row an exposure."""
    part = ask.part
    if part.second is None or part.days is None:
        raise KeyError("exposure")
    unit = _unit(scan)
    kind: Any = sa.DateTime() if unit == "timestamp" else sa.Date()
    rows = [
        (i, bound(window.start - timedelta(days=part.days), unit).value, bound(window.start, unit).value)
        for i, window in enumerate(ask.windows)
    ]
    before = table_of(rows, {"w": sa.Integer(), "s": kind, "e": kind}, "before")
    filters = [item for item in ask.filters if scan.has(item.dimension)]
    where = [*scan.where, *scan.conditions(part.second.where), *scan.filters(filters), scan.sql.key(part.second.entity or "").is_not(None)]
    return before, sa.and_(scan.time >= before.c.s, scan.time < before.c.e), where


def _exposed(scan: Scan, ask: Ask, states: Scan) -> tuple[sa.FromClause, dict[str, str], dict[str, str]]:
    """Return who was exposed before each window (`w`, `e`), and the columns of the dimensions shared with the states and of its own."""
    part = ask.part
    if part.second is None:
        raise KeyError("exposure")
    before, within, where = _exposing(scan, ask)
    member = scan.sql.key(part.second.entity or "")
    shared: dict[str, str] = {}
    only: dict[str, str] = {}
    columns: list[Any] = [before.c.w.label("w"), member.label("e")]
    for i, name in enumerate(ask.dimensions):
        if not scan.has(name):
            continue
        route = scan.graph.route(states.name, name) if states.has(name) else None
        if route is not None and route.hops[:1] == (part.second.entity,):
            continue  # an attribute of the member, the same on both sides
        columns.append(scan.dimension(name).group.label(f"x{i}"))
        (only if route is None else shared)[name] = f"x{i}"
    exposed = sa.select(*columns).select_from(scan.source((before, within))).where(*where).distinct().subquery("exposed")
    return exposed, shared, only
