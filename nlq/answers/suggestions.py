"""Three things to ask next, in the asker's language, made of the catalogue's own labels.

Every suggestion is a pair: the words, and the query they mean. The caller passes `accept`, which asks the parser whether it reads the words as that
query and the policy whether this person may ask it; what either doubts is not offered, so that a chip never leads to a refusal or a surprise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from governance.calendar import unit, unit_start, whole_units
from governance.documents.metrics import Dimension, GoldenQuestion, Metric
from governance.terms import Filter, Grain, Language, MetricQuery, Period
from nlq.answers.companions import Catalogue
from nlq.tables.formatting import dimension_label, inside, is_unknown, listed, metric_label, value_label
from nlq.tables.periods import english_month
from nlq.tables.view import View

MOST = 3
_UNITS: dict[Grain, tuple[str, str]] = {"month": ("个月", "months"), "week": ("周", "weeks"), "day": ("天", "days")}
_MANY_MEMBERS = 40
_TRIES = 4
"""So many wordings of a kind are tried: each costs a reading, and where four fail a fifth rarely passes."""
_RELATIVE: dict[Grain, dict[int, tuple[str, str]]] = {
    "day": {0: ("今天", "today"), -1: ("昨天", "yesterday")},
    "week": {0: ("本周", "this week"), -1: ("上周", "last week")},
    "month": {0: ("本月", "this month"), -1: ("上个月", "last month")},
    "quarter": {0: ("本季度", "this quarter"), -1: ("上季度", "last quarter")},
    "year": {0: ("今年", "this year"), -1: ("去年", "last year")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A question in words and the query that it must be read as. A period that the words leave to the default is absent."""

    text: str
    query: MetricQuery


Accept = Callable[[Suggestion], bool]


def suggest(view: View, catalogue: Catalogue, dimensions: Collection[str], accept: Accept, *, peers: View | None = None) -> tuple[str, ...]:
    """Return up to three accepted questions after an answer: by another dimension, against last year, over time, beside the best of its peers.

    `dimensions` are those this person may use; `peers` is the companion table of a single member, from which a neighbour is named.
    """
    found: list[str] = []
    for candidates in _kinds(view, catalogue, dimensions, peers):
        for candidate in islice(candidates, _TRIES):
            if candidate.text not in found and accept(candidate):
                found.append(candidate.text)
                break
        if len(found) == MOST:
            break
    return tuple(found)


def _kinds(view: View, catalogue: Catalogue, dimensions: Collection[str], peers: View | None) -> Iterator[Iterator[Suggestion]]:
    query = view.query
    plain = replace(query, metrics=query.metrics[:1], group_by=(), grain=None, having=(), order=(), limit=None, compare=None, share=False, keep=())
    yield _groupings(plain, query, view, catalogue, dimensions)
    yield _against_last_year(plain, query, view, catalogue)
    yield _neighbour(plain, view, peers)
    yield _trend(plain, query, view, catalogue)
    yield _groupings(plain, query, view, catalogue, dimensions, skip=1)


def _groupings(plain: MetricQuery, query: MetricQuery, view: View, catalogue: Catalogue, dimensions: Collection[str], *, skip: int = 0) -> Iterator[Suggestion]:
    """The same slice by a dimension it doesn't use yet; those with few members first, since they are read at a glance."""
    metric = catalogue.metrics.get(plain.metrics[0])
    if metric is None:
        return
    used = set(query.named_dimensions())
    blocked = used.union(*(_lies_in(name, catalogue) for name in used))
    free = [name for name in catalogue.groupable_by(metric.id) if name in dimensions and name not in blocked]
    fitting = [(catalogue.dimensions[name], name) for name in free if name in catalogue.dimensions]
    chosen = [name for dimension, name in fitting if _readable(dimension)]
    chosen.sort(key=lambda name: -_asked_by(name, metric, catalogue))
    for name in chosen[skip:]:
        yield from _said(replace(plain, group_by=(name,)), view)


def _asked_by(dimension: str, metric: Metric, catalogue: Catalogue) -> int:
    """How often the committee's verified questions group by it: what people ask by is asked by again. Its own metric's count most."""
    everywhere = sum(dimension in _grouped(question) for known in catalogue.metrics.values() for question in known.golden)
    return everywhere + 1000 * sum(dimension in _grouped(question) for question in metric.golden)


def _grouped(question: GoldenQuestion) -> Collection[object]:
    groups = question.query.get("group_by")
    return groups if isinstance(groups, (list, tuple)) else ()


def _said(query: MetricQuery, view: View) -> Iterator[Suggestion]:
    """The query in words, by the metric's label first and by its other names where those would be read as something else."""
    document = view.names.metrics.get(query.metrics[0])
    others = () if document is None else document.synonyms.zh if view.zh else document.synonyms.en
    for name in (metric_label(query.metrics[0], view.names, view.language), *others[:2]):
        yield Suggestion(text=_words(query, view, inside(name, view.language)), query=query)


def _readable(dimension: Dimension) -> bool:
    few = 3 <= len(dimension.values) <= _MANY_MEMBERS and not dimension.open
    return few and not dimension.identifies and not dimension.scope_only and dimension.type != "boolean"


def _lies_in(name: str, catalogue: Catalogue) -> Sequence[str]:
    """The coarser dimensions of one that is fixed already: asking by them would give a single group."""
    dimension = catalogue.dimensions.get(name)
    return dimension.within if dimension else ()


def _against_last_year(plain: MetricQuery, query: MetricQuery, view: View, catalogue: Catalogue) -> Iterator[Suggestion]:
    metric = catalogue.metrics.get(plain.metrics[0])
    if metric is None or not metric.grain or metric.kind == "experiment" or query.compare is not None or query.grain is not None:
        return
    yield from _said(replace(plain, compare="previous_year"), view)


def _neighbour(plain: MetricQuery, view: View, peers: View | None) -> Iterator[Suggestion]:
    """A single member beside the best of its peers, or the next best where it is the best itself."""
    if peers is None or len(peers.dimensions) != 1:
        return
    name, metric = peers.dimensions[0].name, plain.metrics[0]
    own = next((f for f in plain.where if f.dimension == name and f.op == "in" and len(f.values) == 1), None)
    if own is None:
        return
    ranked = sorted(peers.told(metric), key=lambda row: -(peers.number(row, metric) or 0.0))
    for row in ranked:
        other = peers.cell(row, name)
        if isinstance(other, (str, int)) and other != own.values[0] and not is_unknown(name, other, view.names):
            both = Filter(dimension=name, op="in", values=(own.values[0], other))
            where = tuple(both if f is own else f for f in plain.where)
            yield from _said(replace(plain, where=where, group_by=(name,)), view)
            return


def _trend(plain: MetricQuery, query: MetricQuery, view: View, catalogue: Catalogue) -> Iterator[Suggestion]:
    metric = catalogue.metrics.get(plain.metrics[0])
    if metric is None or not metric.grain or query.grain is not None:
        return
    first = unit(view.today, "month", offset=-12, count=12)
    yield from _said(replace(plain, grain="month", period=first), view)


# --------------------------------------------------------------------------- words


def _words(query: MetricQuery, view: View, metric: str) -> str:
    """Say a query of the kinds above the way people do: `上个月华东各渠道的触达率`, `reach rate by channel in East last month`."""
    language, names = view.language, view.names
    within = [listed([value_label(f.dimension, v, names, language) for v in f.values], language).replace("、", "和") for f in query.where if f.op == "in"]
    without = [listed([value_label(f.dimension, v, names, language) for v in f.values], language) for f in query.where if f.op == "not_in"]
    compared = {f.dimension for f in query.where if f.op == "in" and len(f.values) > 1}
    by = [inside(dimension_label(d, names, language), language) for d in query.group_by if d not in compared]
    beside = any(d in compared for d in query.group_by)
    when = period_words(query.period, language, view.today) if query.period else ""
    if query.grain:
        when = "近12个月" if view.zh else "last 12 months"
    if view.zh:
        left_out = f"不含{'、'.join(without)}的" if without else ""
        tail = "同比" if query.compare == "previous_year" else "对比" if beside else "趋势" if query.grain else ""
        grouped = f"各{by[0]}的" if by else "的" if beside else ""
        return f"{when}{''.join(within)}{left_out}{grouped}{metric}{tail}"
    parts = ["compare"] if beside else []
    parts += [f"{metric} trend" if query.grain else metric, *(f"by {name}" for name in by)]
    parts += [f"in {' '.join(within)}"] if within else []
    parts += [f"excluding {words}" for words in without]
    parts += [when, "year on year" if query.compare == "previous_year" else ""]
    return " ".join(part for part in parts if part)


def period_words(period: Period, language: Language, today: date) -> str:
    """Return words that mean exactly this period on `today`: relative ones for the current and last unit, else a named unit, else dates."""
    zh = language == "zh"
    for grain, names in _RELATIVE.items():
        for offset, words in names.items():
            whole = unit(today, grain, offset=offset)
            to_date = Period(start=unit_start(today, grain), end=today + timedelta(days=1))
            if period == (to_date if offset == 0 else whole):
                return words[0 if zh else 1]
    for grain, (unit_zh, unit_en) in _UNITS.items():
        count = whole_units(period, grain)
        if count is not None and 2 <= count <= 60 and period.end == unit_start(today, grain):
            return f"近{count}{unit_zh}" if zh else f"last {count} {unit_en}"
    last = period.end - timedelta(days=1)
    if unit(period.start, "month") == period:
        return f"{period.start.year}年{period.start.month}月" if zh else f"{english_month(period.start)} {period.start.year}"
    if unit(period.start, "quarter") == period:
        quarter = (period.start.month + 2) // 3
        return f"{period.start.year}年Q{quarter}" if zh else f"Q{quarter} {period.start.year}"
    if unit(period.start, "year") == period:
        return f"{period.start.year}年" if zh else str(period.start.year)
    return f"{period.start}到{last}" if zh else f"from {period.start} to {last}"
