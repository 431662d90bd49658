"""The nouns of time: what was said (`Parts`), what it means (`When`), and how the first becomes the second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from governance import calendar
from governance.terms import Grain, Period, Text

Festivals = Callable[[str, int], Period | None]
"""A festival's key and a year → the days it spans in that year, or None where the calendar doesn't know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What relative words depend on: the day, the fiscal year, the country's festivals."""

    today: date
    fiscal_start: int = 1
    festivals: Festivals | None = None

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What an expression of time means.

    `kind`: `span` a period; `same` the counterpart of another period (同期: `shift` year or the unit before); `as_of` everything up to the
    period's end; `vague` no definite period (最近). `grain` is the unit in which it was said, `count` how many of them.
    """

    kind: Literal["span", "same", "as_of", "vague"] = "span"
    period: Period | None = None
    grain: Grain = "day"
    to_date: bool = False
    rolling: int | None = None
    """For 近N…: N."""
    shift: Literal["year", "unit"] = "year"
    years: int = 1
    """For a counterpart: how many years before (前年同期: 2)."""
    in_year: int | None = None
    """For a counterpart: the year it lies in, where that was said instead (2024年同期)."""
    bare_weekday: int | None = None
    """1–7 when only a weekday was said (8: the weekend): it may as well be a member of a dimension."""
    deictic: bool = False
    """Said relative to today (上个月), not by name (10月)."""
    bare_year: bool = False
    """Four digits alone: a year or a number."""
    note: Text | None = None
    edge: bool = False
    """Said as an instant, `at the end of`: it is the state of something that was asked, or its running total."""
    ends: tuple[Period, Period] | None = None
    """For a range: its first and its last unit."""
    lacks: Literal["", "year", "month"] = ""
    """What was left open and taken from today: the year of 3月, the month of 12日. A follow-up takes it from the question before."""
    other: When | None = None
    """What the same words may as well mean: it is asked which."""
    from_to: bool = False
    """The range was said with 从 or from: a change over it is one from its first unit to its last."""


def counterpart(when: When, of: Period, *, today: date, fiscal_start: int = 1) -> Period | None:
    """Return the period that a `same` means for another period; None where there is no such days or it isn't earlier."""
    if when.shift != "year":
        return calendar.previous_period(of, today=today, fiscal_start=fiscal_start)
    years = when.years if when.in_year is None else of.start.year - when.in_year
    found: Period | None = of
    for _ in range(years):
        found = calendar.previous_year(found) if found is not None else None
    return found if years > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeHit:
    """A `When` and the half-open range of characters that said it."""

    start: int
    end: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A calendar expression with possibly missing coarser parts: month 3 of no year, day 12 of no month."""

    year: int | None = None
    fiscal: bool = False
    half: int | None = None
    quarter: int | None = None
    month: int | None = None
    third: int | None = None
    week: int | None = None
    day: int | None = None
    festival: str | None = None
    to_date: bool = False
    nth_week: int | None = None
    """The nth seven days of a month."""
    first: tuple[int, Grain] | None = None
    """The first (negative: last) n units of the rest: 今年前3个月."""
    deictic: bool = False

    def merged(self, outer: Parts) -> Parts:
        """Return these parts with what they lack taken from `outer`, coarser units first."""
        mine = replace(self, year=self.year if self.year is not None else outer.year)
        finest_is_day = mine.day is not None and mine.month is None
        return replace(mine, month=outer.month) if finest_is_day else mine


def _year_start(year: int, clock: Clock, *, fiscal: bool) -> date:
    return date(year, clock.fiscal_start if fiscal else 1, 1)


def _span(parts: Parts, year: int, clock: Clock) -> tuple[Period, Grain] | None:
    """Return the days of `parts` in `year` and the grain it was said in; None when there is no such day."""
    try:
        start = _year_start(year, clock, fiscal=parts.fiscal)
        if parts.festival is not None:
            days = clock.festivals(parts.festival, year) if clock.festivals else None
            return None if days is None else (days, "day")
        if parts.week is not None:
            monday = date.fromisocalendar(year, parts.week, 1)
            return Period(start=monday, end=monday + timedelta(weeks=1)), "week"
        if parts.month is not None:
            first = date(year, parts.month, 1)
            if parts.day is not None:
                day = first.replace(day=parts.day)
                return Period(start=day, end=day + timedelta(days=1)), "day"
            end = calendar.add_months(first, 1)
            if parts.half is not None:  # the first or second half of a month
                middle = first.replace(day=16)
                return (Period(start=first, end=middle) if parts.half == 1 else Period(start=middle, end=end)), "day"
            if parts.nth_week is not None:
                begin = first + timedelta(days=7 * (parts.nth_week - 1))
                return (Period(start=begin, end=min(begin + timedelta(days=7), end)), "day") if begin < end else None
            if parts.third is not None:
                edges = (first, first.replace(day=11), first.replace(day=21), end)
                return Period(start=edges[parts.third - 1], end=edges[parts.third]), "day"
            return Period(start=first, end=end), "month"
        if parts.quarter is not None:
            first = calendar.add_months(start, 3 * (parts.quarter - 1))
            return Period(start=first, end=calendar.add_months(first, 3)), "quarter"
        if parts.half is not None:
            first = calendar.add_months(start, 6 * (parts.half - 1))
            return Period(start=first, end=calendar.add_months(first, 6)), "quarter"
        return Period(start=start, end=calendar.add_months(start, 12)), "year"
    except ValueError:
        return None


def cut(period: Period, first: tuple[int, Grain]) -> tuple[Period, Grain] | None:
    """Return the first n units of a period (the last ones for a negative n), or None when it has fewer."""
    count, grain = first
    if count == 0:
        return None
    if count > 0:
        end = calendar.shift(period.start, grain, count)
        return (Period(start=period.start, end=end), grain) if end <= period.end else None
    start = calendar.shift(period.end, grain, count)
    return (Period(start=start, end=period.end), grain) if start >= period.start else None


def resolve(parts: Parts, clock: Clock, *, begun: date | None = None) -> When | None:
    """Return what the parts mean on the clock's day. Without a year they are the latest such unit that has begun by `begun` (today)."""
    limit = begun or clock.today
    if parts.day is not None and parts.month is None:
        first = calendar.unit_start(limit, "month")
        for back in range(4):  # a 31st may be two months away
            month = calendar.add_months(first, -back)
            found = _span(replace(parts, month=month.month), month.year, clock)
            if found and found[0].start <= limit:
                return When(period=found[0], grain="day", deictic=parts.deictic, lacks="month")
        return None
    years = [parts.year] if parts.year is not None else [limit.year + 1 - back for back in range(10)]
    for year in years:
        found = _span(parts, year, clock)
        if found is None or (parts.year is None and found[0].start > limit):
            continue
        period, grain = found
        if parts.first is not None:
            part = cut(period, parts.first)
            if part is None:
                return None
            period, grain = part
        if parts.to_date and period.start <= clock.today < period.end:
            period = Period(start=period.start, end=clock.tomorrow)
        lacks: Literal["", "year"] = "year" if parts.year is None else ""
        return When(period=period, grain=grain, to_date=parts.to_date and parts.first is None, deictic=parts.deictic, lacks=lacks)
    return None


def span_of(first: Parts, last: Parts, clock: Clock) -> When | None:
    """Return the range from one calendar expression to another, both included; missing parts come from the other."""
    if last.year is None and first.year is None:
        right = resolve(last, clock) if last.month or last.quarter or last.half or last.week or last.festival else None
        if right is None or right.period is None:  # 12日到15日: days of a month that neither names
            outer = replace(first, day=None, third=None) if first.month else None
            if outer is None:
                right = resolve(last, clock)
                left = None if right is None or right.period is None else resolve(first, clock, begun=right.period.start)
                return _joined(left, right)
            for back in range(2):
                year = clock.today.year - back
                found = _pair(replace(first, year=year), replace(last, month=last.month or first.month, year=year), clock)
                if found is not None and found.period is not None and found.period.end - timedelta(days=1) <= clock.today:
                    return found
            return _pair(replace(first, year=clock.today.year - 1), replace(last, month=first.month, year=clock.today.year - 1), clock)
        return _joined(resolve(first, clock, begun=right.period.start), right)
    if first.year is None:
        assert last.year is not None  # noqa: S101 (the branch above took the other case)
        found = _pair(replace(first, year=last.year), last, clock)
        return found or _pair(replace(first, year=last.year - 1), last, clock)
    filled = last.merged(first)
    found = _pair(first, filled, clock)
    if found is None and last.year is None and first.year is not None:
        return _pair(first, replace(filled, year=first.year + 1), clock)
    return found


def _pair(first: Parts, last: Parts, clock: Clock) -> When | None:
    return _joined(resolve(first, clock), resolve(last, clock))


def _joined(left: When | None, right: When | None) -> When | None:
    if left is None or right is None or left.period is None or right.period is None:
        return None
    if left.period.start >= right.period.end or left.period.start > right.period.start:
        return None
    finer = left.grain if _RANK[left.grain] < _RANK[right.grain] else right.grain
    period = Period(start=left.period.start, end=right.period.end)
    return When(period=period, grain=finer, deictic=left.deictic and right.deictic, ends=(left.period, right.period), lacks=left.lacks)


_RANK: dict[Grain, int] = {"day": 0, "week": 1, "month": 2, "quarter": 3, "year": 4}


def join(left: When, right: When) -> When | None:
    """Return the range from one period's start to another's end, or None when they don't follow each other."""
    return _joined(left, right)
