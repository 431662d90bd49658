"""Stretches told by where they end, and days of one month: the 3 months to September, week ending 8 November, 年初至9月底, 截至9月底的12个月, Oct 12-18, 春节前后一周."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from governance import calendar
from governance.terms import Grain, Period
from nlq.times.chinese import number
from nlq.times.english import MONTH, MONTHS, NUM, counted
from nlq.times.model import Clock, Parts, When, span_of

Best = Callable[[str, int], tuple[int, When] | None]
"""The longest expression of time that begins at a place, if one does."""

_TO = r"(?:to|ending|ended|up\s+to|through|until)"
_ENDING = re.compile(
    rf"(?:the\s+)?(?:(?:last|past)\s+)?(?:{NUM}\s+(?:full\s+|complete\s+)?(?P<u>day|week|month|quarter|year)s?\s+{_TO}|(?P<u1>day|week|month|quarter|year)\s+(?:ending|ended)|(?P<u2>year)\s+to)"
    r"\s+(?:on\s+|in\s+|at\s+)?(?:the\s+)?(?:end\s+of\s+)?(?:the\s+)?(?!date(?![a-z]))"
)
_BEGUN = re.compile(r"(?:自从|自|从)?(?:(?P<last>去)|今|本)?年初(?:开始)?(?:至|到|-|~)(?!今|现在|目前|今天)")
_MONTH_END = re.compile(r"(?:份)?的?(?:底|末|月底|月末)(?:为止|止)?")
_AS_OF_N = re.compile(r"的?(?:前|过去|近|最近|连续)?(?P<n>\d+|[一二两三四五六七八九十]+)个?(?P<u>天|日|周|星期|月|季度|季|年)(?!度|份)")
_UNITS: dict[str, Grain] = {"天": "day", "日": "day", "周": "week", "星期": "week", "月": "month", "季度": "quarter", "季": "quarter", "年": "year"}
_AROUND = re.compile(r"的?前后(?:各)?(?P<n>\d+|[一二两三四五六七八九十]+)个?(?P<u>天|日|周|星期|月)")
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_TH = r"(?:st|nd|rd|th)?"
_DASH = r"\s*(?:-|~|to|through|thru|until)\s*(?:the\s+)?"
_OF_YEAR = r"(?:\s*,?\s*(?:of\s+)?(?P<y>20\d\d)(?!\d))?"
_MONTH_FIRST = re.compile(rf"(?P<m>{MONTH})\.?\s+(?P<d>{_DAY}){_TH}{_DASH}(?P<e>{_DAY}){_TH}(?![\d:%.]|[a-z]|\s+(?:{MONTH})(?![a-z])){_OF_YEAR}")
_MONTH_LAST = re.compile(rf"(?:the\s+)?(?P<d>{_DAY}){_TH}{_DASH}(?P<e>{_DAY}){_TH}\s+(?:of\s+)?(?P<m>{MONTH})\.?(?![a-z]){_OF_YEAR}")
_BEFORE_LAST = re.compile(r"(?:the\s+)?(?P<d>monday|tuesday|wednesday|thursday|friday|saturday|sunday)\s+before\s+last(?![a-z])")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FISCAL_TO_DATE = re.compile(r"(?:the\s+)?(?:(?:this|current)\s+)?(?:fiscal|financial)\s+year[\s-]+to[\s-]+date|fytd(?![a-z])|(?:this|the current)\s+(?:fiscal|financial)\s+year\s+so\s+far")


def stretches(text: str, at: int, clock: Clock, best: Best) -> Iterator[tuple[int, When]]:
    """Yield (end, what is meant) of the stretches that begin at `at` of normalised text; each is a closed span."""
    if text[at].isascii():
        if not (at and text[at - 1].isascii() and text[at - 1].isalnum()):
            yield from _english(text, at, clock, best)
    elif begun := _BEGUN.match(text, at):
        found = best(text, begun.end())
        if found is not None and found[1].period is not None:
            end = found[0]
            tail = _MONTH_END.match(text, end)
            start = calendar.unit_start(clock.today, "year").replace(year=clock.today.year - (1 if begun["last"] else 0))
            stop = found[1].period.end  # 上月底 and 9月底 end with their month
            if start < stop:
                yield (tail.end() if tail else end), When(period=Period(start=start, end=stop), grain="month")


def around(text: str, at: int, when: When) -> tuple[int, When] | None:
    """Return the days of a festival or of a date with as many before and after: 春节前后一周. `at` is where the expression ends."""
    match = _AROUND.match(text, at)
    count = number(match["n"]) if match is not None else None
    if match is None or count is None or when.period is None or when.grain != "day":
        return None
    unit = _UNITS[match["u"]]
    period = Period(start=calendar.shift(when.period.start, unit, -count), end=calendar.shift(when.period.end, unit, count))
    return match.end(), When(period=period, grain="day", deictic=when.deictic)


def as_of_units(text: str, at: int, until: When) -> tuple[int, When] | None:
    """Return the n units that end where an `as of` ends: 截至9月底的12个月."""
    match = _AS_OF_N.match(text, at)
    count = number(match["n"]) if match is not None else None
    if match is None or not count or until.period is None:
        return None
    unit = _UNITS[match["u"]]
    return match.end(), When(period=Period(start=calendar.shift(until.period.end, unit, -count), end=until.period.end), grain=unit)


def _english(text: str, at: int, clock: Clock, best: Best) -> Iterator[tuple[int, When]]:
    if match := _ENDING.match(text, at):
        count = counted(match["n"]) if match["n"] else 1
        found = best(text, match.end())
        if count and found is not None and found[1].period is not None and found[1].kind == "span":
            unit: Grain = match["u"] or match["u1"] or match["u2"]  # type: ignore[assignment]
            stop = found[1].period.end
            yield found[0], When(period=Period(start=calendar.shift(stop, unit, -count), end=stop), grain=unit)
    for pattern in (_MONTH_FIRST, _MONTH_LAST):
        if (match := pattern.match(text, at)) and int(match["d"]) < int(match["e"]):
            year = int(match["y"]) if match["y"] else None
            first = Parts(year=year, month=MONTHS[match["m"]], day=int(match["d"]))
            when = span_of(first, replace(first, day=int(match["e"])), clock)
            if when is not None:
                yield match.end(), when
    if match := _BEFORE_LAST.match(text, at):
        monday = calendar.unit_start(clock.today, "week")
        day = monday + timedelta(days=_WEEKDAYS.index(match["d"]))
        day -= timedelta(weeks=2 if day >= clock.today else 1)
        yield match.end(), When(period=Period(start=day, end=day + timedelta(days=1)), grain="day", deictic=True)
    if match := _FISCAL_TO_DATE.match(text, at):
        period = calendar.to_date(clock.today, "year", fiscal_start=clock.fiscal_start)
        yield match.end(), When(period=period, grain="year", to_date=True, deictic=True)


__all__ = ["around", "as_of_units", "stretches"]
