"""Time in the invented company: its window of history, working days, festivals and hours.

Instants are held as two integer arrays, the day (0 is the window's first day) and the second of the local day; the
extracts' many written forms are made from them at the very end.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]

DAY_SECONDS = 86_400
HISTORY_MONTHS = 24
_SHANGHAI_OFFSET = 8 * 3600

# First day of the lunar year (Purple Mountain Observatory's calendar), the same dates as the public holiday notices use.
SPRING_FESTIVAL = {
    2020: date(2020, 1, 25),
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}
FIRST_TODAY, LAST_TODAY = date(2022, 2, 1), date(2035, 12, 31)

# How busy each weekday is, Monday first.
_FIELD_WEEK = (1.0, 1.1, 1.15, 1.1, 0.95, 0.12, 0.03)
_DESK_WEEK = (1.0, 1.05, 1.05, 1.05, 1.0, 0.55, 0.5)
_OFFICE_WEEK = (1.0, 1.1, 1.1, 1.1, 0.9, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The window of history, day by day.

    ``day_month`` and ``weekday`` (0 = Monday) have one entry a day, ``month_start`` one a month (day index).
    ``field``, ``desk`` and ``office`` weigh each day for visits, for what doctors read, and for calls and mails.
    """

    first: date
    today: date
    day_month: IntArray
    weekday: IntArray
    month_start: IntArray
    field: FloatArray
    desk: FloatArray
    office: FloatArray

    @property
    def days(self) -> int:
        """Number of days, today included."""
        return len(self.day_month)

    @property
    def months(self) -> int:
        """Number of calendar months touched: the complete ones and the running one."""
        return len(self.month_start)

    def month_dates(self) -> list[date]:
        """First day of every month of the window."""
        return [self.first + timedelta(days=int(day)) for day in self.month_start]

    def month_of_year(self) -> IntArray:
        """1–12 for every month of the window."""
        return np.array([month.month for month in self.month_dates()], dtype=np.int64)

    def elapsed(self) -> FloatArray:
        """For every month the share of its days that lie in the window (1 but for the running month)."""
        lengths = [calendar.monthrange(month.year, month.month)[1] for month in self.month_dates()]
        seen = np.bincount(self.day_month, minlength=self.months)
        return seen / np.array(lengths, dtype=np.float64)

    def epoch_ms(self, day: IntArray, second: IntArray) -> IntArray:
        """Milliseconds since 1970-01-01 UTC of local instants."""
        origin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        return (int(origin.timestamp()) - _SHANGHAI_OFFSET + day * DAY_SECONDS + second) * 1000

    def day_texts(self, pattern: str) -> TextArray:
        """Every day of the window written in a `str.format` pattern with ``d`` (a date)."""
        return texts(pattern.format(d=self.first + timedelta(days=i)) for i in range(self.days))

    def utc_texts(self, day: IntArray, second: IntArray) -> TextArray:
        """Local instants as ISO 8601 in UTC, ``2026-10-03T06:05:00Z``."""
        moment = day * DAY_SECONDS + second - _SHANGHAI_OFFSET
        names = texts(f"{self.first + timedelta(days=i - 1):%Y-%m-%d}T" for i in range(self.days + 1))
        return add(add(names[moment // DAY_SECONDS + 1], second_texts()[moment % DAY_SECONDS]), "Z")


def texts(values: object) -> TextArray:
    """One-dimensional object array of an iterable of strings."""
    items = list(values)  # type: ignore[call-overload]
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out


def add(left: TextArray, right: TextArray | str) -> TextArray:
    """Element-wise concatenation of texts."""
    return np.asarray(left + right, dtype=object)


def minute_texts() -> TextArray:
    """``HH:MM`` for each minute of the day."""
    return texts(f"{m // 60:02d}:{m % 60:02d}" for m in range(1440))


def second_texts(separator: str = ":") -> TextArray:
    """``HH:MM:SS`` for each second of the day."""
    two = [f"{i:02d}" for i in range(60)]
    return texts(separator.join((h, m, s)) for h in two[:24] for m in two for s in two)


def make_clock(today: date) -> Clock:
    """The 24 complete months before `today`'s month, and that month to `today`.

    Raises ValueError when the lunar calendar is not known for the window.
    """
    if not FIRST_TODAY <= today <= LAST_TODAY:
        msg = f"the demo company can't live on {today}: give a day from {FIRST_TODAY} to {LAST_TODAY}"
        raise ValueError(msg)
    first = date(today.year - HISTORY_MONTHS // 12, today.month, 1)
    every = [first + timedelta(days=i) for i in range((today - first).days + 1)]
    months = np.array([(d.year - first.year) * 12 + d.month - first.month for d in every], dtype=np.int64)
    weekday = np.array([d.weekday() for d in every], dtype=np.int64)
    rest = np.array([_rest(d) for d in every])
    return Clock(
        first=first,
        today=today,
        day_month=months,
        weekday=weekday,
        month_start=np.searchsorted(months, np.arange(months[-1] + 1)),
        field=np.array(_FIELD_WEEK)[weekday] * (1 - rest),
        desk=np.array(_DESK_WEEK)[weekday] * (1 - 0.55 * rest),
        office=np.array(_OFFICE_WEEK)[weekday] * (1 - rest),
    )


def _rest(day: date) -> float:
    """How much a day is a holiday: 1 on the public ones, a part around the Spring Festival."""
    if (day.month, day.day) == (1, 1) or (day.month == 5 and day.day <= 5) or (day.month == 10 and day.day <= 7):
        return 1.0
    festivals = (SPRING_FESTIVAL[year] for year in (day.year, day.year + 1) if year in SPRING_FESTIVAL)
    offset = min(((day - festival).days for festival in festivals), key=abs)
    if -1 <= offset <= 6:
        return 1.0
    if -8 <= offset < -1 or 6 < offset <= 11:
        return 0.35
    return 0.0


def festival_share(month: date) -> float:
    """Share of a calendar month's working days that the Spring Festival takes (0–1)."""
    length = calendar.monthrange(month.year, month.month)[1]
    every = [month.replace(day=1) + timedelta(days=i) for i in range(length)]
    near = [d for d in every if abs((d - SPRING_FESTIVAL[d.year]).days) <= 12] if month.year in SPRING_FESTIVAL else []
    return sum(_rest(d) for d in near) / length
