"""What periods are called and how they are written, in Chinese and English."""

from __future__ import annotations

from datetime import date, timedelta

from governance.calendar import add_months, unit, whole_units
from governance.terms import Cell, Grain, Language, Period
from nlq.tables.formatting import glue

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
_QUARTERS = "一二三四"


def period_dates(period: Period, language: Language) -> str:
    """Return the period as dates with both ends included: `2026-10-01 至 10-31`, `2026-10-01 to 2026-10-31`."""
    last = period.end - timedelta(days=1)
    if last == period.start:
        return period.start.isoformat()
    if language == "en":
        return f"{period.start} to {last}"
    return f"{period.start} 至 {last.isoformat() if last.year != period.start.year else last.strftime('%m-%d')}"


def period_name(period: Period, language: Language, today: date, *, fiscal_start: int = 1) -> str:
    """Return what people call the period; the year is left out in Chinese and of English months where it is the current one."""
    last, this_year = period.end - timedelta(days=1), period.start.year == (period.end - timedelta(days=1)).year == today.year
    year = "" if this_year else f"{period.start.year} 年"
    months = whole_units(period, "month")
    if months is None:
        return _days_name(period, language, today)
    quarter = (period.start.month - 1) // 3
    zh = language == "zh"
    if months == 12 and period.start.month == 1 and fiscal_start == 1:
        return f"{period.start.year} 年" if zh else str(period.start.year)
    if months == 6 and period.start.month in {1, 7} and fiscal_start == 1:
        half = period.start.month == 7
        return glue(year, "下半年" if half else "上半年") if zh else f"H{1 + half} {period.start.year}"
    if months == 3 and period.start.month % 3 == 1 and fiscal_start == 1:
        return glue(year, f"第{_QUARTERS[quarter]}季度") if zh else f"Q{quarter + 1} {period.start.year}"
    first, final = month_name(period.start, language, today), month_name(last, language, today)
    if months == 1:
        return first
    if not zh:
        if period.start.year != last.year:
            return f"{english_month(period.start)} {period.start.year} to {english_month(last)} {last.year}"
        return f"{english_month(period.start)} to {final}"
    if period.start.year == last.year:
        return glue(year, f"{period.start.month}–{last.month} 月")
    return f"{period.start.year} 年 {period.start.month} 月至 {last.year} 年 {last.month} 月"


def month_name(day: date, language: Language, today: date) -> str:
    """Return `10 月` / `October` in today's year, else with the year."""
    if language == "zh":
        return f"{day.month} 月" if day.year == today.year else f"{day.year} 年 {day.month} 月"
    name = _MONTHS[day.month - 1]
    return name if day.year == today.year else f"{name} {day.year}"


def english_month(day: date) -> str:
    """Return the month's English name, whatever the machine's locale."""
    return _MONTHS[day.month - 1]


def _days_name(period: Period, language: Language, today: date) -> str:
    last = period.end - timedelta(days=1)
    if last == period.start:
        return day_name(last, language, today)
    if last.year != period.start.year:
        # Both years, or neither, else the second would be read as the first's.
        today = date.min
    if language == "zh":
        if (period.start.year, period.start.month) == (last.year, last.month):
            return f"{day_name(period.start, language, today)}至 {last.day} 日"
        return glue(day_name(period.start, language, today), "至", day_name(last, language, today))
    return f"{day_name(period.start, language, today)} to {day_name(last, language, today)}"


def day_name(day: date, language: Language, today: date) -> str:
    """Return `11 月 14 日` / `14 November`, with the year where it isn't today's."""
    if language == "zh":
        return f"{month_name(day, language, today)} {day.day} 日"
    return f"{day.day} {month_name(day, language, today)}"


def unit_word(value: Cell, grain: Grain, language: Language, today: date) -> str:
    """Return a period cell (a unit's first day in ISO form) as a sentence says it: `2026 年 10 月` → `10 月`, a week by its first day."""
    start = date.fromisoformat(str(value))
    if grain == "week":
        day = day_name(start - timedelta(days=start.weekday()), language, today)
        return f"{day}当周" if language == "zh" else f"the week of {day}"
    if grain == "day":
        return day_name(start, language, today)
    whole = unit(start, grain)
    if grain in {"quarter", "year"} and whole.start != start:
        whole = Period(start=start, end=add_months(start, 3 if grain == "quarter" else 12))
    return period_name(whole, language, today)


def unit_tick(value: Cell, grain: Grain) -> str:
    """Return a period cell short and sortable for tables and axes: `2026-10`, `2026 Q3`, `2026`, a week's or day's own date."""
    start = date.fromisoformat(str(value))
    if grain == "month":
        return f"{start:%Y-%m}"
    if grain == "quarter" and start.day == 1 and start.month % 3 == 1:
        return f"{start.year} Q{(start.month + 2) // 3}"
    if grain == "year" and (start.month, start.day) == (1, 1):
        return str(start.year)
    return start.isoformat()
