"""Which dates a query means: its rows in time, the counterpart of each, and the month rule (domain.md section 4).

The same function serves the check of a query and its plan, so that what was found sound is what is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from governance import calendar
from governance.documents.metrics import Metric
from governance.errors import UnsoundQuery
from governance.metrics.catalogue import Catalogue
from governance.metrics.history import begins_late, known_days, speaks_of
from governance.metrics.parsing import query_to_json
from governance.metrics.weekdays import weekdays_asked
from governance.terms import GRAINS, Grain, MemberCompare, MetricQuery, Note, Period, Text

DAY = timedelta(days=1)
MAX_PERIODS = 2000
"""More rows in time than this are nobody's question, and every engine has a limit to a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One period row of the answer: `label` is the unit's first day (None without grain), `base` its counterpart if it has one."""

    label: date | None
    window: Period
    base: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All period rows of which the loaded facts speak, in order, and what the answer must say about them."""

    rows: tuple[Row, ...]
    period: Period
    base_period: Period | None
    compared: bool
    notes: tuple[Note, ...]

    @property
    def windows(self) -> tuple[Period, ...]:
        """Every window that must be measured, each once."""
        mains = [row.window for row in self.rows]
        return tuple(dict.fromkeys([*mains, *(row.base for row in self.rows if row.base is not None)]))


def _span(period: Period) -> str:
    return f"{period.start.isoformat()} … {(period.end - DAY).isoformat()}"


def complete_months(period: Period, today: date) -> Period | None:
    """Return the period cut before the running month, or None if nothing is left."""
    end = min(period.end, today.replace(day=1))
    return Period(start=period.start, end=end) if period.start < end else None


def aligned(period: Period, today: date) -> Period:
    """Return the nearest period that facts held by month can answer: whole months, or from a month's start to today."""
    start = period.start.replace(day=1)
    end = period.end if period.end.day == 1 else calendar.add_months(period.end.replace(day=1), 1)
    if end > today + DAY and period.end <= today + DAY:
        end = today + DAY
    return Period(start=start, end=end)


def _is_aligned(period: Period, today: date) -> bool:
    return period.start.day == 1 and (period.end.day == 1 or period.end > today)


def _check_months(query: MetricQuery, period: Period, today: date, monthly: list[str]) -> None:
    names = ", ".join(monthly)
    if query.grain in {"day", "week"}:
        better = replace(query, grain="month", period=aligned(period, today))
        raise UnsoundQuery(
            f"{names} is held by month and can't be asked by {query.grain}; ask by month: {_span(aligned(period, today))}.",
            zh=f"{names} 按月统计，不能按{'日' if query.grain == 'day' else '周'}查看；可以按月查看 {_span(aligned(period, today))}。",
            alternatives=[query_to_json(better)],
        )
    for name, asked in (("period", period), ("compare", query.compare)):
        if isinstance(asked, Period) and not _is_aligned(asked, today):
            good = aligned(asked, today)
            better = replace(query, period=good) if name == "period" else replace(query, compare=good)
            raise UnsoundQuery(
                f"{names} is held by month: {name} must start on a month's first day and end with a month or today. Aligned: {_span(good)}.",
                zh=f"{names} 按月统计：期间须从月初开始，到月末或今天结束。对齐后的期间：{_span(good)}。",
                alternatives=[query_to_json(better)],
            )


def _cut(query: MetricQuery, period: Period, today: date, names: list[str]) -> Period:
    cut = complete_months(period, today)
    if cut is None:
        last = calendar.unit(today, "month", offset=-1)
        raise UnsoundQuery(
            f"{', '.join(names)} needs complete months and {_span(period)} has none; the last complete month is {_span(last)}.",
            zh=f"{'、'.join(names)} 只用完整的月份，而 {_span(period)} 没有完整的月份；最近的完整月份是 {_span(last)}。",
            alternatives=[query_to_json(replace(query, period=last))],
        )
    return cut


def counterpart(row: Period, query: MetricQuery, today: date, fiscal: int) -> Period | None:
    """Return what one period row is compared with, by the query's `compare`; a row of the query's grain goes back by that unit."""
    grain: Grain | None = query.grain
    if query.compare == "previous_year":
        if grain == "week":
            back = timedelta(days=calendar.DAYS_IN_YEAR_OF_WEEKS)
            return Period(start=row.start - back, end=row.end - back)
        return calendar.previous_year(row)
    if grain is not None and row.start == calendar.unit_start(row.start, grain, fiscal_start=fiscal):
        start = calendar.shift(row.start, grain, -1)
        whole = row.end == calendar.shift(row.start, grain, 1)
        if whole:
            return Period(start=start, end=row.start)
        if row.end == today + DAY:
            return Period(start=start, end=min(start + timedelta(days=row.days), row.start))
    return calendar.previous_period(row, today=today, fiscal_start=fiscal)


_SHORTEST: Mapping[Grain, int] = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}


def _too_many(query: MetricQuery) -> UnsoundQuery:
    grain = query.grain or "day"
    coarser = GRAINS[min(GRAINS.index(grain) + 1, len(GRAINS) - 1)]
    return UnsoundQuery(
        f"the period has more than {MAX_PERIODS} {grain}s; ask per {coarser} or for a shorter period.",
        zh=f"期间内的行数超过 {MAX_PERIODS}，请用更粗的时间粒度或更短的期间。",
        alternatives=[query_to_json(replace(query, grain=coarser))] if coarser != grain else [],
    )


def _rows(query: MetricQuery, period: Period, base: Period | None, today: date, fiscal: int) -> tuple[Row, ...]:
    compared = query.compare in {"previous_period", "previous_year"}
    if query.grain is None:
        return (Row(label=None, window=period, base=base),)
    grain = query.grain
    if period.days > MAX_PERIODS * _SHORTEST[grain]:
        raise _too_many(query)
    windows = calendar.units_in(period, grain, fiscal_start=fiscal)
    others: list[Period | None]
    if isinstance(query.compare, Period) and base is not None:
        found = calendar.units_in(base, grain, fiscal_start=fiscal)
        others = [found[i] if i < len(found) else None for i in range(len(windows))]
    else:
        others = [counterpart(window, query, today, fiscal) if compared else None for window in windows]
    return tuple(
        Row(label=calendar.unit_start(window.start, grain, fiscal_start=fiscal), window=window, base=other)
        for window, other in zip(windows, others, strict=True)
    )


def timeline(query: MetricQuery, catalogue: Catalogue, today: date) -> Timeline:
    """Return the query's rows in time; `query.period` must be set.

    Raises UnsoundQuery, with the aligned period as alternative, where facts held by month can't answer the asked one.
    """
    if query.period is None:
        raise UnsoundQuery("the query has no period.")
    fiscal = catalogue.settings.fiscal_year_start
    period, notes = query.period, []
    definitions = [catalogue.definitions[name] for name in query.metrics]
    monthly = [item.document.id for item in definitions if item.monthly]
    explicit = query.compare if isinstance(query.compare, Period) else None
    if monthly:
        _check_months(query, period, today, monthly)
        if len(monthly) < len(definitions):
            notes.append(_month_rule_note([item.document for item in definitions if item.monthly]))
        composed = [item.document.id for item in definitions if item.composed]
        if composed or query.compare is not None:
            cut = _cut(query, period, today, composed or monthly)
            if explicit is not None:
                explicit = _cut(query, explicit, today, composed or monthly)
            if cut != period or explicit != (query.compare if isinstance(query.compare, Period) else None):
                notes.append(_complete_months_note(cut))
            period = cut
        elif period.end > today and period.end.day != 1:
            notes.append(Note(code="running_month", text=Text(zh="包含未结束的当月。", en="The running month is included.")))
    if period.start <= today < period.end - DAY:
        notes.append(Note(code="unfinished", text=Text(zh=f"期间尚未结束，只到 {today}。", en=f"The period is not over; what is told ends on {today}.")))
    known = [known_days(item, catalogue, today) for item in definitions]
    notes.extend(dict.fromkeys(note for note in (begins_late(item, period) for item in known) if note is not None))
    base = explicit
    if query.compare == "previous_period":
        base = calendar.previous_period(period, today=today, fiscal_start=fiscal)
    elif query.compare == "previous_year":
        base = calendar.previous_year(period)
        if base is None:
            notes.append(Note(code="no_counterpart", text=Text(zh="2月29日没有上年同日。", en="29 February has no counterpart a year earlier.")))
    if base is not None and base.days != period.days and not _same_units(period, base, fiscal):
        zh, en = f"两个期间长度不同：{period.days} 天与 {base.days} 天。", f"The two periods differ in length: {period.days} and {base.days} days."
        notes.append(Note(code="unequal_lengths", text=Text(zh=zh, en=en)))
    if base is not None and not any(note.code == "data_begin" for note in notes):
        notes.extend(dict.fromkeys(note for note in (begins_late(item, base, of_base=True) for item in known) if note is not None))
    compared = query.compare is not None and not isinstance(query.compare, MemberCompare)
    rows = _known(_rows(query, period, base, today, fiscal), known)
    if query.grain == "day" and not compared:
        days = weekdays_asked(query, definitions, catalogue)
        rows = tuple(row for row in rows if row.window.start.isoweekday() in days) or rows
    if base is not None and compared and not any(row.base is not None for row in rows):
        notes.append(Note(code="no_base_data", text=Text(zh=f"对比期 {_span(base)} 没有数据，因此没有对比。", en=f"There are no data for {_span(base)}, so nothing is compared.")))
    return Timeline(rows=rows, period=period, base_period=base, compared=compared, notes=tuple(notes))


def _known(rows: Sequence[Row], known: Sequence[Period | None]) -> tuple[Row, ...]:
    """Leave out the rows, and the counterparts, of which no metric's facts speak: their zeros would be numbers that nobody measured."""

    def told(window: Period | None) -> bool:
        return window is not None and any(speaks_of(item, window) for item in known)

    return tuple(row if told(row.base) else replace(row, base=None) for row in rows if told(row.window))


def _same_units(period: Period, base: Period, fiscal: int) -> bool:
    """Whole months against as many whole months are alike, whatever their days."""
    count = calendar.whole_units(period, "month", fiscal_start=fiscal)
    return count is not None and count == calendar.whole_units(base, "month", fiscal_start=fiscal)


def _month_rule_note(monthly: Sequence[Metric]) -> Note:
    zh, en = "、".join(item.label.zh for item in monthly), ", ".join(item.label.en for item in monthly)
    return Note(
        code="month_rule",
        text=Text(zh=f"{zh}按月统计，因此各列都用同样的月份。", en=f"{en}: held by month, so every column covers the same months."),
    )


def _complete_months_note(period: Period) -> Note:
    return Note(
        code="complete_months",
        text=Text(zh=f"只用完整的月份：{_span(period)}。", en=f"Complete months only: {_span(period)}."),
    )
