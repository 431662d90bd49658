"""What a single number is told beside: the period before, and its peers.

Companions travel in the same governed request as their question (one decision, one receipt) and never change its table. One that fails, is refused or
doesn't fit is left out, and the sentence is shorter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from governance.calendar import shift, unit_start, whole_units
from governance.documents.metrics import Dimension, Metric
from governance.terms import Disclosed, Filter, Grain, MetricQuery, Period
from nlq.tables.view import NOTHING_BESIDE, Beside, View

MOST_PEERS = 60
"""A place among more members than this says little and costs a large query."""
RECENT = 6
"""Units that the small picture beside a single number goes back, its own included."""
_UNITS: tuple[Grain, ...] = ("month", "quarter", "week", "year", "day")
_SAME = 1e-9


class Catalogue(Protocol):
    """What of the catalogue is needed to know which companions and suggestions are sound."""

    @property
    def metrics(self) -> Mapping[str, Metric]: ...
    @property
    def dimensions(self) -> Mapping[str, Dimension]: ...
    def groupable_by(self, metric: str, /) -> Sequence[str]: ...
    def persons_behind(self, metric: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A query to be asked beside another: `previous` compares it with the period before, `peers` groups it by the filtered dimension, `recent` is the
    same for the last units up to it.
    """

    kind: Literal["previous", "peers", "recent"]
    query: MetricQuery


def companions_for(query: MetricQuery, catalogue: Catalogue, *, fiscal_start: int = 1) -> tuple[Companion, ...]:
    """Return the companions of a question whose answer is a single number, and nothing for any other.

    `previous`: metrics that depend on the period and aren't comparisons already. `peers`: a filter keeps exactly one member of a closed, not
    identifying dimension that the metric may be grouped by; the filter goes, the grouping comes. `recent`: the period is one whole calendar unit.
    """
    if not _is_single(query) or query.metrics[0] not in catalogue.metrics:
        return ()
    metric = catalogue.metrics[query.metrics[0]]
    found = []
    if metric.grain and metric.kind != "experiment":
        found.append(Companion(kind="previous", query=replace(query, compare="previous_period")))
    member = next((f for f in query.where if _ranks(f, metric, query, catalogue)), None)
    if member is not None and metric.kind != "experiment":
        rest = tuple(f for f in query.where if f is not member)
        found.append(Companion(kind="peers", query=replace(query, where=rest, group_by=(member.dimension,))))
    if metric.grain and metric.kind != "experiment":
        found += _recent(query, fiscal_start)
    return tuple(found)


def _recent(query: MetricQuery, fiscal_start: int) -> Iterator[Companion]:
    period = query.period
    if period is None:
        return
    grain = next((g for g in _UNITS if whole_units(period, g, fiscal_start=fiscal_start) == 1), None)
    if grain is not None:
        start = shift(unit_start(period.start, grain, fiscal_start=fiscal_start), grain, 1 - RECENT)
        yield Companion(kind="recent", query=replace(query, grain=grain, period=Period(start=start, end=period.end)))


def beside(
    query: MetricQuery, table: Disclosed, companions: Sequence[Companion], tables: Sequence[Disclosed | None], view: View
) -> Beside:
    """Return the companions' tables as views, leaving out every one that is missing or doesn't agree with the answer itself.

    A companion that was cut to another period (complete months only), or whose own number differs from the answer's (noise, a reload in
    between), would make the sentence contradict its table.
    """
    if len(table.rows) != 1 or len(companions) != len(tables):
        return NOTHING_BESIDE
    found: dict[str, View] = {}
    for companion, companion_table in zip(companions, tables, strict=True):
        if companion_table is None or not _same_time(companion.kind, companion_table, table):
            continue
        other = replace(view, query=companion.query, table=companion_table)
        if _agrees(query, view, other, companion.kind):
            found[companion.kind] = other
    return Beside(previous=found.get("previous"), peers=found.get("peers"), recent=found.get("recent"))


def _same_time(kind: str, other: Disclosed, table: Disclosed) -> bool:
    if kind != "recent":
        return other.period == table.period
    return other.period is not None and table.period is not None and other.period.end == table.period.end


def _agrees(query: MetricQuery, view: View, other: View, kind: str) -> bool:
    metric, own = query.metrics[0], view.number(0, query.metrics[0])
    if own is None:
        return False
    if kind == "previous":
        return len(other.table.rows) == 1 and _close(own, other.number(0, metric))
    if kind == "recent":
        return len(other.table.rows) > 1 and _close(own, other.number(len(other.table.rows) - 1, metric))
    values = [other.number(row, metric) for row in other.told(metric)]
    return any(_close(own, value) for value in values)


def _close(one: float, other: float | None) -> bool:
    return other is not None and abs(one - other) <= _SAME * max(1.0, abs(one))


def _is_single(query: MetricQuery) -> bool:
    shaped = query.group_by or query.grain or query.compare or query.share or query.keep or query.having or query.order or query.limit
    return len(query.metrics) == 1 and not shaped


def _ranks(condition: Filter, metric: Metric, query: MetricQuery, catalogue: Catalogue) -> bool:
    dimension = catalogue.dimensions.get(condition.dimension)
    if dimension is None or condition.op != "in" or len(condition.values) != 1:
        return False
    if dimension.identifies or dimension.open or dimension.type == "boolean" or not 3 <= len(dimension.values) <= MOST_PEERS:
        return False
    if sum(f.dimension == condition.dimension for f in query.where) > 1:
        return False
    return condition.dimension in catalogue.groupable_by(metric.id)

