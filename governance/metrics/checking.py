"""check: a query's names and values against the catalogue, its defaults filled, and everything refused that can't be answered soundly.

What passes can be planned. Unknown names and values are InvalidQuery with the nearest known ones; a known dimension that the metric can't be asked
by is DimensionNotAllowed; what would give a wrong number is UnsoundQuery with the nearest sound queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from governance import calendar
from governance.documents.metrics import DefaultPeriod
from governance.errors import DimensionNotAllowed, InvalidQuery, UnsoundQuery, nearest
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.columns import metric_suffixes
from governance.metrics.history import known_days, speaks_of
from governance.metrics.parsing import query_to_json
from governance.metrics.timeline import Timeline, timeline
from governance.terms import UNKNOWN, Filter, MemberCompare, MetricQuery, Period, Value

SHOWN_VALUES = 12
MAX_ALTERNATIVES = 5
DAY = timedelta(days=1)


def check(query: MetricQuery, catalogue: Catalogue, *, today: date, data_from: date, data_to: date) -> MetricQuery:
    """Return the query as it will run: period filled in, values canonical, implied groups added.

    `data_from` and `data_to` are the first and last day of the loaded facts, for the default period `all`. Raises InvalidQuery, DimensionNotAllowed or
    UnsoundQuery.
    """
    _check_metrics(query, catalogue)
    query = _implied_groups(query, catalogue)
    _check_dimensions(query, catalogue)
    query = _canonical(query, catalogue)
    if query.period is None:
        query = replace(query, period=default_period(query, catalogue, today=today, data_from=data_from, data_to=data_to))
    definitions = [catalogue.definitions[name] for name in query.metrics]
    _check_time(query, definitions)
    _check_experiments(query, definitions, catalogue)
    _check_share(query, definitions, catalogue)
    _check_columns(query, definitions)
    line = timeline(query, catalogue, today)
    usual = default_period(query, catalogue, today=today, data_from=data_from, data_to=data_to)
    _check_known(query, definitions, catalogue, line, today, usual)
    return query


# ------------------------------------------------------------------ names


def _check_metrics(query: MetricQuery, catalogue: Catalogue) -> None:
    if not query.metrics:
        raise InvalidQuery("MetricQuery: metrics needs at least one id.")
    for name in query.metrics:
        if name not in catalogue.metrics:
            raise InvalidQuery(f"MetricQuery: unknown metric {name!r}.{nearest(name, catalogue.metrics)}")
    for names, what in ((query.metrics, "metrics"), (query.group_by, "group_by")):
        if len(set(names)) != len(names):
            raise InvalidQuery(f"MetricQuery: {what} names something twice.")


def _implied_groups(query: MetricQuery, catalogue: Catalogue) -> MetricQuery:
    """Add the dimensions that the query groups by without saying so: a compared dimension, an experiment's arms."""
    implied = [query.compare.dimension] if isinstance(query.compare, MemberCompare) else []
    for name in query.metrics:
        parameters = catalogue.metrics[name].parameters
        if parameters.get("rule") == "arms" and "arm" in parameters:
            implied.append(str(parameters["arm"]))
    return replace(query, group_by=tuple(dict.fromkeys([*query.group_by, *implied])))


def _check_dimensions(query: MetricQuery, catalogue: Catalogue) -> None:
    for name in query.named_dimensions():
        if name not in catalogue.dimensions:
            raise InvalidQuery(f"MetricQuery: unknown dimension {name!r}.{nearest(name, catalogue.dimensions)}")
    for metric in query.metrics:
        definition = catalogue.definitions[metric]
        for name in query.named_dimensions():
            if name not in definition.dimensions:
                raise DimensionNotAllowed(metric=metric, dimension=name, valid=_common(query, catalogue, group=False))
        for name in query.group_by:
            if name not in definition.groupable:
                raise DimensionNotAllowed(metric=metric, dimension=name, valid=_common(query, catalogue, group=True))
    for kept in query.keep:
        if kept.dimension not in query.group_by:
            raise InvalidQuery(f"MetricQuery: keep names {kept.dimension}, which is not in group_by.")


def _common(query: MetricQuery, catalogue: Catalogue, *, group: bool) -> tuple[str, ...]:
    """Return the dimensions by which all the query's metrics can be asked together."""
    offers = [catalogue.groupable_by(name) if group else catalogue.dimensions_for(name) for name in query.metrics]
    return tuple(name for name in offers[0] if all(name in offer for offer in offers[1:]))


# ------------------------------------------------------------------ values


def _canonical(query: MetricQuery, catalogue: Catalogue) -> MetricQuery:
    compare = query.compare
    if isinstance(compare, MemberCompare):
        compare = replace(compare, base=_values(compare.dimension, [compare.base], catalogue)[0])
    return replace(
        query,
        where=tuple(_filter(item, catalogue) for item in query.where),
        keep=tuple(replace(item, values=_values(item.dimension, item.values, catalogue)) for item in query.keep),
        compare=compare,
    )


def _filter(item: Filter, catalogue: Catalogue) -> Filter:
    if item.op not in {"in", "not_in"}:
        raise InvalidQuery(f"MetricQuery: unknown operator {item.op!r}; where takes in and not_in.")
    return replace(item, values=_values(item.dimension, item.values, catalogue))


def _values(dimension: str, values: Sequence[Value], catalogue: Catalogue) -> tuple[Value, ...]:
    """Return the values as the warehouse has them, or raise InvalidQuery naming the nearest known ones."""
    if not values:
        raise InvalidQuery(f"MetricQuery: {dimension} needs at least one value.")
    document = catalogue.dimensions[dimension]
    known = catalogue.values(dimension)
    out: list[Value] = []
    for given in values:
        value = _typed(given, document.type, dimension)
        if value != UNKNOWN and value not in known and not catalogue.accepts_any(dimension):
            raise InvalidQuery(f"MetricQuery: {dimension} has no value {given!r}.{_hint(dimension, str(given), catalogue)}")
        out.append(value)
    return tuple(dict.fromkeys(out))


def _typed(given: Value, kind: str, dimension: str) -> Value:
    if kind == "integer" and given != UNKNOWN:
        if isinstance(given, str) and given.strip().isdecimal():
            return int(given)
        if not isinstance(given, int) or isinstance(given, bool):
            raise InvalidQuery(f"MetricQuery: {dimension} takes whole numbers, not {given!r}.")
    elif isinstance(given, int):
        return str(given)
    return given


def _hint(dimension: str, given: str, catalogue: Catalogue) -> str:
    """Return ` Did you mean …?`: a value whose label or synonym was given, else the nearest, else the list if it is short."""
    folded = given.casefold().strip()
    for item in catalogue.dimensions[dimension].values:
        labels = [item.label.zh, item.label.en] if item.label is not None else []
        if folded in {word.casefold() for word in (*labels, *item.synonyms.all)}:
            return f" Did you mean {item.value}?"
    known = [str(value) for value in catalogue.values(dimension)]
    near = nearest(given, known)
    return near or (f" Known: {', '.join(known)}." if known and len(known) <= SHOWN_VALUES else "")


# ------------------------------------------------------------------ time


def default_period(query: MetricQuery, catalogue: Catalogue, *, today: date, data_from: date, data_to: date) -> Period:
    """Return what an absent period means: the first metric's default, or several units where the query's grain is longer than that: a month is no quarter."""
    usual = _metric_default(query, catalogue, today=today, data_from=data_from, data_to=data_to)
    fiscal = catalogue.settings.fiscal_year_start
    if query.grain in {"quarter", "year"} and calendar.unit(usual.start, query.grain, fiscal_start=fiscal).days > usual.days:
        return calendar.many_units(today, query.grain, fiscal_start=fiscal)
    return usual


def _metric_default(query: MetricQuery, catalogue: Catalogue, *, today: date, data_from: date, data_to: date) -> Period:
    document = catalogue.metrics[query.metrics[0]]
    asked: DefaultPeriod = document.default_period
    fiscal = catalogue.settings.fiscal_year_start
    if asked.kind == "all":
        period = Period(start=min(data_from, data_to), end=max(data_to, data_from) + DAY)
        monthly = any(catalogue.definitions[name].monthly for name in query.metrics)
        return Period(start=period.start.replace(day=1), end=max(period.end, today + DAY)) if monthly else period
    if asked.kind == "last_units" and asked.unit is not None and asked.n is not None:
        return calendar.unit(today, asked.unit, offset=-asked.n, count=asked.n, fiscal_start=fiscal)
    if asked.kind == "last_mature_month":
        days = document.parameters.get("window_days")
        month = calendar.unit(today, "month", offset=-1)
        while isinstance(days, int) and month.end + timedelta(days=days) > today:
            month = calendar.unit(month.start, "month", offset=-1)
        return month
    return calendar.unit(today, "month", offset=-1)


def _check_time(query: MetricQuery, definitions: Iterable[Definition]) -> None:
    by_period = query.compare is not None and not isinstance(query.compare, MemberCompare)
    for definition in definitions:
        document = definition.document
        timeless = definition.timeless or not document.grain
        if timeless and query.grain is not None:
            raise UnsoundQuery(
                f"{document.id} has no history, so it can't be asked per {query.grain}.",
                zh=f"{document.label.zh}没有历史，不能按时间查看走势。",
                alternatives=[query_to_json(_without_period_order(replace(query, grain=None)))],
            )
        if definition.timeless and by_period:
            raise UnsoundQuery(
                f"{document.id} has no history, so two periods of it can't be compared.",
                zh=f"{document.label.zh}没有历史，不能比较两个期间。",
                alternatives=[query_to_json(_plain(query, compare=True))],
            )
        if definition.formula.rule == "exposed" and query.compare is not None:
            raise UnsoundQuery(
                f"{document.id} is a comparison itself and can't be compared again.",
                zh=f"{document.label.zh}本身就是对比，不能再对比。",
                alternatives=[query_to_json(_plain(query, compare=True))],
            )


def _without_period_order(query: MetricQuery) -> MetricQuery:
    return replace(query, order=tuple(item for item in query.order if item.by != "period"))


def _plain(query: MetricQuery, *, compare: bool = False, share: bool = False) -> MetricQuery:
    """Return the query without comparison or share, and without what reads their columns."""
    gone = [*(("__change", "__growth", "__base") if compare else ()), *(("__share",) if share else ())]

    def stays(name: str) -> bool:
        return not name.endswith(tuple(gone))

    return replace(
        query,
        compare=None if compare else query.compare,
        share=False if share else query.share,
        having=tuple(item for item in query.having if stays(item.metric)),
        order=tuple(item for item in query.order if stays(item.by)),
    )


# ------------------------------------------------------------------ soundness of kinds


def _check_known(query: MetricQuery, definitions: Iterable[Definition], catalogue: Catalogue, line: Timeline, today: date, usual: Period) -> None:
    """A period of which the loaded facts don't speak at all has no number: zero would be one that nobody measured."""
    for definition in definitions:
        known = known_days(definition, catalogue, today)
        if known is None or speaks_of(known, line.period):
            continue
        label = definition.document.label
        sound = [replace(query, period=usual, compare=None if isinstance(query.compare, Period) else query.compare)] if speaks_of(known, usual) else []
        raise UnsoundQuery(
            f"{label.en} has data for {_days(known, ' to ')} and none for {_days(line.period, ' to ')}.",
            zh=f"{label.zh}的数据是 {_days(known, ' 至 ')}；{_days(line.period, ' 至 ')} 没有数据。",
            alternatives=[query_to_json(item) for item in sound],
        )


def _days(period: Period, to: str) -> str:
    return f"{period.start.isoformat()}{to}{(period.end - DAY).isoformat()}"


def _check_experiments(query: MetricQuery, definitions: Iterable[Definition], catalogue: Catalogue) -> None:
    """One experiment must be meant: arms of several experiments together compare nothing."""
    for definition in definitions:
        single = definition.document.parameters.get("single")
        if not isinstance(single, str) or single in query.group_by:
            continue
        chosen = [item for item in query.where if item.dimension == single and item.op == "in"]
        if any(len(item.values) == 1 for item in chosen):
            continue
        named = [value for item in chosen for value in item.values] or list(catalogue.values(single))
        rest = tuple(item for item in query.where if item.dimension != single)
        options = [replace(query, where=(*rest, Filter(dimension=single, op="in", values=(value,)))) for value in named]
        if single in definition.groupable:
            options.insert(0, replace(query, group_by=(*query.group_by, single)))
        label = catalogue.dimensions[single].label
        which = (f": {', '.join(map(str, named))}", f"：{'、'.join(map(str, named))}") if named else ("", "")
        raise UnsoundQuery(
            f"{definition.document.id} needs one {single}{which[0]}.",
            zh=f"{definition.document.label.zh}需要指定一个{label.zh}{which[1]}。",
            alternatives=[query_to_json(item) for item in options[:MAX_ALTERNATIVES]],
        )


def _check_share(query: MetricQuery, definitions: Iterable[Definition], catalogue: Catalogue) -> None:
    if not query.share:
        return
    for definition in definitions:
        document = definition.document
        if query.group_by and catalogue.adds_up(document.id, query.group_by):
            continue
        sound = [
            name
            for name in catalogue.groupable_by(document.id)
            if catalogue.dimensions[name].identifies is None and catalogue.adds_up(document.id, [name])
        ]
        if query.group_by:
            why = f"the groups of {document.id} by {', '.join(query.group_by)} don't add up to its total, so they have no shares"
            zh = f"{document.label.zh}按 {'、'.join(catalogue.dimensions[name].label.zh for name in query.group_by)} 的各组之和不等于总数，没有占比"
        else:
            why, zh = f"a share of {document.id} needs a group_by", f"{document.label.zh}的占比需要分组"
        alternatives = [_plain(query, share=True)]
        kept = tuple(item for item in query.keep if not query.group_by)
        if not query.group_by:
            alternatives = [replace(query, group_by=(name,), keep=kept) for name in sound[:MAX_ALTERNATIVES]]
        hint = f"; it has shares by {', '.join(sound)}" if sound else "; it has no shares at all"
        raise UnsoundQuery(f"{why}{hint}.", zh=f"{zh}。", alternatives=[query_to_json(item) for item in alternatives])


def _check_columns(query: MetricQuery, definitions: Iterable[Definition]) -> None:
    metrics = [definition.document.id + suffix for definition in definitions for suffix in metric_suffixes(query, definition)]
    for having in query.having:
        if having.metric not in metrics:
            raise InvalidQuery(f"MetricQuery: having names {having.metric!r}, which is no column of this answer.{nearest(having.metric, metrics)}")
    others = [*query.group_by, *(["period"] if query.grain is not None else [])]
    for order in query.order:
        if order.by not in metrics and order.by not in others:
            raise InvalidQuery(f"MetricQuery: order names {order.by!r}, which is no column of this answer.{nearest(order.by, [*metrics, *others])}")
    if query.limit is not None and query.limit < 1:
        raise InvalidQuery("MetricQuery: limit must be at least 1.")
