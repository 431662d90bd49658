"""Statements that look at what happened to each member first: who qualifies, whose first row it is, who came back, who converted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from governance.documents.metrics import Qualification
from governance.metrics.buckets import Buckets, buckets, table_of
from governance.metrics.dialects import DaysLater, text_order
from governance.metrics.layout import Counting, Layout, Output, Used, carried_ways, outer_ways
from governance.metrics.scan import Context, Scan, predicates
from governance.metrics.statements import Ask, Statement, fingerprint
from governance.metrics.tables import Clause
from governance.terms import UNKNOWN, Period

NOTHING = -1
"""Stands for NULL where integer groups are joined; no dimension has negative values of that kind."""


def _qualifies(scan: Scan, qualification: Qualification) -> Clause:
    """Return the HAVING test that a member's rows in one group pass."""
    where = predicates(scan.conditions(qualification.where))
    tests: list[Clause] = []
    if qualification.rows_at_least is not None:
        tests.append(sa.func.count(sa.case((where, sa.literal_column("1")))) >= qualification.rows_at_least)
    if qualification.distinct_at_least is not None:
        if qualification.distinct_dimension is not None:
            dimension = scan.dimension(qualification.distinct_dimension)
            # The unknown group is no value that a member was reached by.
            known = sa.case((dimension.group != UNKNOWN, dimension.group)) if dimension.plain is None else dimension.plain
        else:
            known = scan.sql.column(qualification.distinct or "")
        tests.append(sa.func.count(sa.distinct(sa.case((where, known)))) >= qualification.distinct_at_least)
    if qualification.any_row is not None:
        test = sa.and_(where, scan.condition(qualification.any_row)) if qualification.where else scan.condition(qualification.any_row)
        tests.append(sa.func.max(sa.case((test, 1), else_=0)) == 1)
    return predicates(tests)


def _members(scan: Scan, ask: Ask, found: Buckets) -> sa.Select[Any]:
    """Select each group's qualifying members once: columns `k` (the window's key, if any), `g0…`, `e`, and of their rows `n` and those with a match, `m0…`."""
    measure = ask.part.measure
    keys = [scan.dimension(name).group.label(f"g{i}") for i, name in enumerate(ask.dimensions)]
    if found.key is not None:
        keys.insert(0, found.key.label("k"))
    counted = scan.counted
    where = [*scan.where, *scan.conditions(measure.where), *scan.filters(ask.filters), counted.is_not(None)]
    if found.where is not None:
        where.append(found.where)
    having = [sa.or_(*(_qualifies(scan, item) for item in measure.qualify))] if measure.qualify else []
    found_rows = [sa.func.count(mark).label(f"m{number}") for number, mark in enumerate(scan.ways().values())]
    joins = [found.join] if found.join is not None else []
    return (
        sa.select(*keys, counted.label("e"), sa.func.count().label("n"), *found_rows)
        .select_from(scan.source(*joins))
        .where(*where)
        .group_by(*(sa.literal_column(key.name) for key in keys), counted)
        .having(*having)
    )


def qualified(context: Context, ask: Ask) -> Statement:
    """Distinct members that qualify by what all their rows in the cell say."""
    scan = Scan(context, ask.part)
    time = scan.sql.model.time
    if time is None:
        raise KeyError("time")
    found = buckets(ask.windows, scan.time, time.unit)
    members = _members(scan, ask, found).subquery("members")
    keys = [members.c.k] if found.key is not None else []
    layout = Layout([*keys, *(members.c[f"g{i}"] for i in range(len(ask.dimensions)))])
    value = layout.add(sa.func.count(), "v0")
    mark = layout.add(fingerprint(members.c.e), "f0") if ask.part in ask.marked else None
    used = Counting(scan, layout, outer_ways(scan, members), scan.person).sums(ask.part, 0, members)
    return _counted(scan, ask, found, layout.select(members, []), (value, mark), used)


def _counted(scan: Scan, ask: Ask, found: Buckets, select: sa.Select[Any], places: tuple[int, int | None], used: Used) -> Statement:
    value, mark = places
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=select,
        windows=ask.windows,
        buckets=found,
        dimensions=ask.dimensions,
        outputs=(Output(part=ask.part, index=0, value=value, persons=value if scan.person is not None else None, mark=mark),),
        used=(used,),
    )


def first_rows(context: Context, ask: Ask) -> Statement:
    """Distinct members by their first row ever that satisfies the measure's conditions; filters and row scopes judge that row."""
    scan = Scan(context, ask.part)
    time = scan.sql.model.time
    if time is None:
        raise KeyError("time")
    counted = scan.counted
    ever = Scan(context, ask.part)
    tests = [*ever.always, *ever.conditions(ask.part.measure.where), ever.counted.is_not(None)]
    earliest = (
        sa.select(ever.counted.label("e"), sa.func.min(ever.time).label("t"))
        .select_from(ever.source())
        .where(*tests)
        .group_by(sa.literal_column("e"))
        .subquery("earliest")
    )
    kept = predicates([*scan.scoped, *scan.filters(ask.filters)])
    conditions = scan.conditions(ask.part.measure.where)
    primary = scan.graph.primary(scan.name)
    # Of several rows at the first moment the one with the smallest key is the first.
    order = [text_order(scan.sql.column(primary.column))] if primary is not None else [scan.time]
    ranked = (
        sa.select(
            counted.label("e"),
            scan.time.label("t"),
            *(scan.dimension(name).group.label(f"g{i}") for i, name in enumerate(ask.dimensions)),
            *carried_ways(scan).values(),
            sa.case((kept, 1), else_=0).label("kept"),
            sa.func.row_number().over(partition_by=counted, order_by=order).label("rn"),
        )
        .select_from(scan.source((earliest, sa.and_(earliest.c.e == counted, earliest.c.t == scan.time))))
        .where(*conditions)
        .subquery("ranked")
    )
    found = buckets(ask.windows, ranked.c.t, time.unit)
    layout = Layout([*([found.key] if found.key is not None else []), *(ranked.c[f"g{i}"] for i in range(len(ask.dimensions)))])
    value = layout.add(sa.func.count(), "v0")
    mark = layout.add(fingerprint(ranked.c.e), "f0") if ask.part in ask.marked else None
    where = [ranked.c.rn == 1, ranked.c.kept == 1, *([found.where] if found.where is not None else [])]
    used = Counting(scan, layout, outer_ways(scan, ranked), ranked.c.e if scan.person is not None else None).rows(ask.part, 0, rows=value)
    source: Any = ranked if found.join is None else ranked.join(*found.join)
    return _counted(scan, ask, found, layout.select(source, where), (value, mark), used)


def same(left: Clause, right: Clause) -> Clause:
    """Return the equality of two group columns in which NULL (an integer's unknown group) equals NULL."""
    if isinstance(left.type, sa.Integer):
        return sa.func.coalesce(left, NOTHING) == sa.func.coalesce(right, NOTHING)
    return left == right


def retained(context: Context, ask: Ask, before: Sequence[Period]) -> Statement:
    """Of the members that qualify in the window before each window (`before`, in the same order), those that qualify in it too."""
    scan = Scan(context, ask.part)
    time = scan.sql.model.time
    if time is None:
        raise KeyError("time")
    every = tuple(dict.fromkeys([*ask.windows, *before]))
    found = buckets(every, scan.time, time.unit)
    if found.key is None:
        raise KeyError("key")
    raw = {position: key for key, position in found.found.items()}
    at = {window: position for position, window in enumerate(every)}
    kind = found.key.type
    rows = [(i, raw[at[earlier]], raw[at[window]]) for i, (window, earlier) in enumerate(zip(ask.windows, before, strict=True))]
    pairs = table_of(rows, {"w": sa.Integer(), "p": kind, "c": kind}, "pairs")
    members = _members(scan, ask, found).cte("members")
    then, now = members.alias("was"), members.alias("now")
    groups = [f"g{i}" for i in range(len(ask.dimensions))]
    still = [now.c.k == pairs.c.c, now.c.e == then.c.e, *(same(now.c[name], then.c[name]) for name in groups)]
    source = pairs.join(then, then.c.k == pairs.c.p).outerjoin(now, sa.and_(*still))
    layout = Layout([pairs.c.w, *(then.c[name] for name in groups)])
    kept = layout.add(sa.func.count(now.c.e), "v0")
    total = layout.add(sa.func.count(), "v1")
    marks = (layout.add(fingerprint(now.c.e), "f0"), layout.add(fingerprint(then.c.e), "f1")) if ask.part in ask.marked else (None, None)
    persons = total if scan.person is not None else None
    used = tuple(
        Counting(scan, layout, outer_ways(scan, table), table.c.e if scan.person is not None else None).sums(ask.part, index, table) for index, table in enumerate((now, then))
    )
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(source, []),
        windows=ask.windows,
        buckets=Buckets(key=pairs.c.w, found={i: i for i in range(len(ask.windows))}),
        dimensions=ask.dimensions,
        outputs=(
            Output(part=ask.part, index=0, value=kept, persons=persons, mark=marks[0]),
            Output(part=ask.part, index=1, value=total, persons=persons, mark=marks[1]),
        ),
        used=used,
    )


def converted(context: Context, ask: Ask) -> Statement:
    """Member and partition pairs by their first entry, and those of them that converted within the days after it."""
    part = ask.part
    scan, measure = Scan(context, part), part.measure
    time, second = scan.sql.model.time, part.second
    if time is None or second is None or part.days is None:
        raise KeyError("conversion")
    keys = [scan.counted.label("e")]
    if measure.partition is not None:
        keys.append(scan.dimension(measure.partition).group.label("p"))
    keys += [scan.dimension(name).group.label(f"g{i}") for i, name in enumerate(ask.dimensions)]
    where = [*scan.where, *scan.conditions(measure.where), *scan.filters(ask.filters), scan.counted.is_not(None)]
    entered = (
        sa.select(*keys, sa.func.min(scan.time).label("t"), *(sa.func.max(mark).label(f"m{number}") for number, mark in enumerate(scan.ways().values())))
        .select_from(scan.source())
        .where(*where)
        .group_by(*(sa.literal_column(key.name) for key in keys))
        .cte("entered")
    )
    after = Scan(context, part)
    reached_keys = [after.counted.label("e"), after.time.label("at")]
    if measure.partition is not None:
        reached_keys.append(after.dimension(measure.partition).group.label("p"))
    tests = after.conditions(second.where)
    reached = sa.select(*reached_keys).select_from(after.source()).where(*tests).subquery("reached")
    pair = ["e", *(["p"] if measure.partition is not None else [])]
    within = [reached.c.at > entered.c.t, reached.c.at <= DaysLater(entered.c.t, sa.literal(part.days, sa.Integer()))]
    won = (
        sa.select(*(entered.c[name] for name in pair))
        .select_from(entered.join(reached, sa.and_(*(reached.c[name] == entered.c[name] for name in pair), *within)))
        .distinct()
        .subquery("won")
    )
    found = buckets(ask.windows, entered.c.t, time.unit)
    layout = Layout([*([found.key] if found.key is not None else []), *(entered.c[f"g{i}"] for i in range(len(ask.dimensions)))])
    converted_at = layout.add(sa.func.count(won.c.e), "v0")
    entered_at = layout.add(sa.func.count(), "v1")
    persons = layout.add(sa.func.count(sa.distinct(entered.c.e)), "p0") if scan.person is not None else None
    marks = (layout.add(fingerprint(won.c.e), "f0"), layout.add(fingerprint(entered.c.e), "f1")) if part in ask.marked else (None, None)
    counting = Counting(scan, layout, outer_ways(scan, entered), entered.c.e if scan.person is not None else None)
    used = (counting.rows(part, 0, test=won.c.e.is_not(None), rows=converted_at), counting.rows(part, 1, rows=entered_at))
    source: Any = entered if found.join is None else entered.join(*found.join)
    source = source.outerjoin(won, sa.and_(*(won.c[name] == entered.c[name] for name in pair)))
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(source, [] if found.where is None else [found.where]),
        windows=ask.windows,
        buckets=found,
        dimensions=ask.dimensions,
        outputs=(
            Output(part=part, index=0, value=converted_at, persons=persons, mark=marks[0]),
            Output(part=part, index=1, value=entered_at, persons=persons, mark=marks[1]),
        ),
        used=used,
    )
