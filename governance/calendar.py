"""Pure arithmetic on local dates: units, their neighbours, counterparts. Shared by the planner and the language engine.

Weeks start on Monday (ISO 8601). Quarters and years follow `fiscal_start`, the month in which the fiscal year begins (1: the calendar year).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from governance.terms import Grain, Period

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SMALLEST_FIRST: tuple[Grain, ...] = ("week", "month", "quarter", "year")
DAYS_IN_YEAR_OF_WEEKS = 364


@lru_cache(maxsize=8192)
def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, cut to that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=8192)
def unit_start(day: date, grain: Grain, *, fiscal_start: int = 1) -> date:
    """Return the first day of the unit that holds `day`."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    size = _MONTHS[grain]
    back = (day.month - (fiscal_start if grain != "month" else 1)) % size
    return add_months(day.replace(day=1), -back)


def shift(start: date, grain: Grain, count: int) -> date:
    """Return the unit start `count` units after the unit start `start`."""
    if grain == "day":
        return start + timedelta(days=count)
    if grain == "week":
        return start + timedelta(weeks=count)
    return add_months(start, count * _MONTHS[grain])


def many_units(today: date, grain: Grain, *, fiscal_start: int = 1) -> Period:
    """Return what a unit longer than a default period is asked over: the last twelve complete ones; of years the last two and the present one to today."""
    if grain != "year":
        return unit(today, grain, offset=-12, count=12, fiscal_start=fiscal_start)
    return Period(start=unit(today, "year", offset=-2, fiscal_start=fiscal_start).start, end=today + timedelta(days=1))


def unit(day: date, grain: Grain, *, offset: int = 0, count: int = 1, fiscal_start: int = 1) -> Period:
    """Return `count` whole units beginning `offset` units from the one that holds `day`."""
    start = shift(unit_start(day, grain, fiscal_start=fiscal_start), grain, offset)
    return Period(start=start, end=shift(start, grain, count))


def to_date(today: date, grain: Grain, *, fiscal_start: int = 1) -> Period:
    """Return the current unit from its start to `today` inclusive."""
    return Period(start=unit_start(today, grain, fiscal_start=fiscal_start), end=today + timedelta(days=1))


def units_in(period: Period, grain: Grain, *, fiscal_start: int = 1) -> list[Period]:
    """Return the units that `period` touches, in order, each clipped to it."""
    units = []
    start = unit_start(period.start, grain, fiscal_start=fiscal_start)
    while start < period.end:
        end = shift(start, grain, 1)
        units.append(Period(start=max(start, period.start), end=min(end, period.end)))
        start = end
    return units


def whole_units(period: Period, grain: Grain, *, fiscal_start: int = 1) -> int | None:
    """Return how many whole `grain` units `period` is, or None when it is not a whole number of them."""
    if unit_start(period.start, grain, fiscal_start=fiscal_start) != period.start:
        return None
    count, end = 0, period.start
    while end < period.end:
        end = shift(end, grain, 1)
        count += 1
    return count if end == period.end else None


def previous_period(period: Period, *, today: date, fiscal_start: int = 1) -> Period:
    """Return the period before, by domain.md section 4.

    n whole calendar units shift by n (the largest unit that fits); a period from a unit's start to today (the smallest such unit)
    takes the same number of days of the unit before, cut at that unit's end; any other period shifts by its length.
    """
    for grain in reversed(_SMALLEST_FIRST):
        count = whole_units(period, grain, fiscal_start=fiscal_start)
        if count is not None:
            return Period(start=shift(period.start, grain, -count), end=period.start)
    if period.end == today + timedelta(days=1):
        for grain in ("day", *_SMALLEST_FIRST):  # today alone is set against yesterday, also on a Monday or a first
            if unit_start(today, grain, fiscal_start=fiscal_start) == period.start:
                start = shift(period.start, grain, -1)
                return Period(start=start, end=min(start + timedelta(days=period.days), period.start))
    return Period(start=period.start - timedelta(days=period.days), end=period.start)


def previous_year(period: Period) -> Period | None:
    """Return the same dates a year earlier; whole units stay whole, weeks go back 52, a lone 29 February has no counterpart."""
    if whole_units(period, "month") is None and whole_units(period, "week") is not None:
        back = timedelta(days=DAYS_IN_YEAR_OF_WEEKS)
        return Period(start=period.start - back, end=period.end - back)
    if period.days == 1 and (period.start.month, period.start.day) == (2, 29):
        return None
    start = add_months(period.start, -12)
    if (period.start.month, period.start.day) == (2, 29):
        start = start + timedelta(days=1)
    # The last day inside moves, not the day after it: otherwise a period that ends with 28 February would gain or lose a day.
    last = period.end - timedelta(days=1)
    whole = whole_units(Period(start=last.replace(day=1), end=period.end), "month") is not None
    end = add_months(period.end, -12) if whole else add_months(last, -12) + timedelta(days=1)
    return Period(start=start, end=end) if start < end else None
