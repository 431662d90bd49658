"""From single expressions to what was meant: ranges, open ends (以来, since), 截至 and festivals; the longest expression wins at each place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from governance import calendar
from governance.terms import Grain, Period
from nlq.times import chinese, english
from nlq.times.chinese import number
from nlq.times.festivals import DAY_ITSELF
from nlq.times.model import Clock, Parts, TimeHit, When, join, resolve, span_of
from nlq.times.stretches import around, as_of_units, stretches

_TO = re.compile(r"\s*(?:-|~|到|至|(?:and|to|through|thru|until|till|up to)(?![a-z])|—|——)\s*(?:the\s+)?")
_BETWEEN = re.compile(r"(?:between|介于)\s*")
_BETWEEN_AND = re.compile(r"\s*(?:and|与|和)\s*(?:the\s+)?")
_FROM = re.compile(r"(?:自从|从|自|由|(?:from|starting(?:\s+(?:from|in|on))?|beginning)\s+)(?:the\s+)?")
_SINCE = re.compile(r"(?:since|from|after|ever since)\s+(?:the\s+)?(?:(?:start|beginning)\s+of\s+)?(?:the\s+)?")
_OPEN_END = re.compile(r"(?:份)?(?:以来|至今|到现在|到今天|到目前(?:为止)?|(?:截至|截止)到?(?:目前|现在|今天|今日)(?:为止)?|迄今为止|起至今|开始至今|起(?!点|止)|开始(?!的)|迄今)|\s+(?:onwards?|on(?![a-z])(?!\s)|until now|till now|to now|to date|to today)")
_AS_OF = re.compile(r"(?:累计(?:到|至)|截至到?|截止到?|到(?=.{1,14}为止)|(?:as of|up to|until|through|by|as at)\s+(?:the\s+)?(?:end\s+of\s+)?(?:the\s+)?|(?P<edge>at)\s+(?:the\s+)?(?:end|close)\s+of\s+(?:the\s+)?)")
_AS_OF_END = re.compile(r"(?:为止|止|底|末)+")
_MONTHS = re.compile(
    r"(?P<a>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?:月份?)?(?:-|~|到|至|—)(?P<b>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份)?(?!\d|[一二三四五六七八九十]+[日号])"
)
_MONTH_LIST = re.compile(r"(?:(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月?(?:份)?[、,]){1,11}(?:(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月?(?:份)?[和及与])?(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?:月(?:份)?(?!\d)|这?(?P<count>[两二三四五六])个月)")
_QUARTERS = re.compile(r"第?(?P<a>[一二三四1-4])(?:季度?)?(?:-|~|到|至)第?(?P<b>[一二三四1-4])(?:个)?季度?")
_DAYS = re.compile(r"(?P<a>3[01]|[12]\d|0?[1-9])(?:日|号)?(?:-|~|到|至)(?P<b>3[01]|[12]\d|0?[1-9])(?:日|号)")
_WEEKS = re.compile(r"第?(?P<a>[1-5]?\d)周?(?:-|~|到|至)第?(?P<b>[1-5]?\d)周")
_MONTH_DAYS = re.compile(
    r"(?<![\d.])(?P<m1>1[0-2]|0?[1-9])[./](?P<d1>3[01]|[12]\d|0?[1-9])\s*(?:-|~|到|至|to)\s*(?P<m2>1[0-2]|0?[1-9])[./](?P<d2>3[01]|[12]\d|0?[1-9])(?![\d%.万亿])"
)
_BESIDE = re.compile(r"的?(?P<side>前|后|之前的?|之后的?|以?前的?)(?P<n>\d+|[一二两三四五六七八九十]+|半)个?(?P<u>天|日|周|星期|月)")
_YEARS = re.compile(r"(?P<a>20\d\d)年?\s*(?:-|~|到|至|to|through)\s*(?P<b>20\d\d)(?:年|(?![\d.-]))")
_TODAY_END = re.compile(r"(?:现在|今天|目前|今日|当前|now(?![a-z])|today(?![a-z])|present(?![a-z])|(?:to\s+)?date(?![a-z]))(?:为止)?")
_FESTIVAL_DAY = re.compile(r"(?:节|节日)?的?(?:当天|当日|那一?天|这一?天|正日子?)|\s+(?:day\s+)?itself(?![a-z])")
_FESTIVAL_TAIL = re.compile(r"(?:假期|长假|黄金周|小长假|期间|假日|节日|节)+|\s+(?:holidays?|week|festival|break|period)(?![a-z])")
_THAT_DAY = re.compile(r"\s*的?(?:当天|当日|那一?天|这一?天|那日|这日|全天|一整天|整天|(?:on )?(?:that|the same|the whole|all) day(?![a-z]))")
"""Beside a day's date: that day again."""
_THOSE_DAYS = re.compile(
    r"的?(?:假期|长假|期间)?的?(?:(?:那|这|前后)?(?P<n>\d+|[两一二三四五六七八九十]+|几)天(?!前|后|以前|以后|内|之)|(?:那|这)(?:段|一段)(?:时间|时期|日子)?|(?:那|这)阵子?)|\s+(?:(?:on )?(?:those|these) days)(?![a-z])"
)
"""Beside several days: the same days again (国庆那几天, 上周末两天)."""
_WEEK_OF = re.compile(r"(?:the\s+)?(?:w/c|week\s+(?:of|containing|commencing|starting|beginning|including))\s+(?:on\s+)?(?:the\s+)?")
_ITS_WEEK = re.compile(r"\s*的?(?:所在的?|那|当|这)(?:一)?个?(?:周(?!期|[一二三四五六日天末])|星期(?![一二三四五六日天])|礼拜)")
_END_OF = re.compile(r"的?(?:末尾|末|底)(?!端)")
"""Beside a quarter or a year: its last day, as the state of something then."""
_Said = Parts | When


def _festivals(text: str, at: int, names: dict[str, str]) -> list[tuple[int, _Said]]:
    found: list[tuple[int, _Said]] = []
    for length in range(2, min(28, len(text) - at + 1)):
        key = names.get(text[at : at + length])
        if key is None:
            continue
        end = at + length
        if text[at].isascii() and text[at].isalpha() and end < len(text) and text[end].isalpha() and text[end].isascii():
            continue
        if (itself := _FESTIVAL_DAY.match(text, end)) and not key.startswith("fixed:"):
            found.append((itself.end(), Parts(festival=key + DAY_ITSELF)))
            continue
        tail = _FESTIVAL_TAIL.match(text, end)
        found.append((tail.end() if tail else end, Parts(festival=key)))
    return found


def _with_year(said: list[tuple[int, _Said]], text: str, clock: Clock, names: dict[str, str]) -> list[tuple[int, _Said]]:
    """Add what follows a year alone: 今年春节, 2026年国庆, 去年3月到5月's first half is an atom already."""
    more: list[tuple[int, _Said]] = []
    for end, parts in said:
        if isinstance(parts, Parts) and parts.year is not None and parts == Parts(year=parts.year, to_date=parts.to_date, deictic=parts.deictic):
            start = end + 1 if text[end : end + 1] in ("的", " ") else end
            if start < len(text):
                for ranged_end, ranged in _ranges(text, start):
                    when = _in_year(ranged, parts.year, clock)
                    if when is not None:
                        more.append((ranged_end, when))
                if start > end and text[end] == " ":
                    more += [(part_end, replace(part, year=parts.year)) for part_end, part in _parts_of_year(text, start, clock)]  # 去年 H1
                for festival_end, festival in _festivals(text, start, names):
                    if isinstance(festival, Parts):
                        more.append((festival_end, replace(festival, year=parts.year)))
    return more


def _parts_of_year(text: str, at: int, clock: Clock) -> Iterator[tuple[int, Parts]]:
    """Yield the halves, quarters and months that begin at a place and name no year of their own."""
    for end, part in (*chinese.atoms(text, at, clock), *english.atoms(text, at, clock)):
        if isinstance(part, Parts) and part.year is None and (part.half or part.quarter or part.month) and not part.fiscal:
            yield end, part


class _Range(tuple[Parts, Parts]):
    """Two calendar expressions said in one breath: 1-3月."""

    __slots__ = ()


def _in_year(pair: _Range, year: int, clock: Clock) -> When | None:
    left, right = (replace(part, year=year) for part in pair)
    if (left.month or 0) > (right.month or 0):
        right = replace(right, year=year + 1)
    return span_of(left, right, clock)


def _ranges(text: str, at: int) -> list[tuple[int, _Range]]:
    found: list[tuple[int, _Range]] = []
    if match := _MONTHS.match(text, at):
        a, b = number(match["a"]), number(match["b"])
        if a and b:
            found.append((match.end(), _Range((Parts(month=a), Parts(month=b)))))
    if match := _MONTH_LIST.match(text, at):
        listed = match.group() if match["count"] is None else match.group()[: match.start("count") - match.start()]
        months = [number(said) or 0 for said in re.findall(r"\d+|[零一二三四五六七八九十]+", listed)]
        counted = match["count"] is None or number(match["count"]) == len(months)  # 8、9、10三个月
        if counted and all(b - a == 1 for a, b in itertools.pairwise(months)):
            found.append((match.end(), _Range((Parts(month=months[0]), Parts(month=months[-1])))))
    if match := _QUARTERS.match(text, at):
        a, b = number(match["a"]), number(match["b"])
        if a and b and a < b:
            found.append((match.end(), _Range((Parts(quarter=a), Parts(quarter=b)))))
    if match := _WEEKS.match(text, at):
        a, b = int(match["a"]), int(match["b"])
        if 1 <= a < b <= 53:
            found.append((match.end(), _Range((Parts(week=a), Parts(week=b)))))
    if match := _DAYS.match(text, at):
        a, b = int(match["a"]), int(match["b"])
        if a < b:
            found.append((match.end(), _Range((Parts(day=a), Parts(day=b)))))
    if match := _MONTH_DAYS.match(text, at):
        first = Parts(month=int(match["m1"]), day=int(match["d1"]))
        found.append((match.end(), _Range((first, Parts(month=int(match["m2"]), day=int(match["d2"]))))))
    if match := _YEARS.match(text, at):
        a, b = int(match["a"]), int(match["b"])
        if a < b:
            found.append((match.end(), _Range((Parts(year=a), Parts(year=b)))))
    return found


def _atoms(text: str, at: int, clock: Clock, names: dict[str, str]) -> list[tuple[int, _Said]]:
    if at >= len(text):
        return []
    said: list[tuple[int, _Said]] = [*chinese.atoms(text, at, clock), *english.atoms(text, at, clock)]
    if names:
        said += _festivals(text, at, names)
    said += _with_year(said, text, clock, names)
    spans = ((end, span_of(pair[0], pair[1], clock)) for end, pair in _ranges(text, at))
    return [*said, *((end, when) for end, when in spans if when is not None)]


def _meaning(said: _Said, clock: Clock) -> When | None:
    return said if isinstance(said, When) else resolve(said, clock)


def _best(said: list[tuple[int, _Said]], clock: Clock) -> tuple[int, _Said, When] | None:
    for end, what in sorted(said, key=lambda item: -item[0]):
        when = _meaning(what, clock)
        if when is not None:
            return end, what, when
    return None


def _to_today(when: When, clock: Clock) -> When | None:
    if when.period is None or when.period.start > clock.today:
        return None
    return When(period=Period(start=when.period.start, end=clock.tomorrow), grain=when.grain, to_date=True, deictic=when.deictic)


def _after(when: When, clock: Clock) -> When | None:
    """After September: what follows it, to today."""
    if when.period is None or when.period.end > clock.today:
        return None
    return When(period=Period(start=when.period.end, end=clock.tomorrow), grain=when.grain, to_date=True)


def _range(first: _Said, at: int, text: str, clock: Clock, names: dict[str, str], *, joiner: re.Pattern[str]) -> tuple[int, When] | None:
    """Return the range that `first` begins when a joiner and a second expression follow at `at`."""
    match = joiner.match(text, at)
    if match is None or match.end() == at:
        return None
    if today := _TODAY_END.match(text, match.end()):
        left = _meaning(first, clock)
        whole = _to_today(left, clock) if left else None
        return (today.end(), whole) if whole else None
    for end, second in sorted(_atoms(text, match.end(), clock, names), key=lambda item: -item[0]):
        if isinstance(first, Parts) and isinstance(second, Parts):
            if _depth(first) == 0 and _depth(second) == 0 and first.year is None:
                continue
            when = span_of(first, second, clock)
        else:
            left, right = _meaning(first, clock), _meaning(second, clock)
            right = _same_week(left, right)
            when = join(left, right) if left and right else None
        if when is not None:
            return end, when
    return None


def _same_week(left: When | None, right: When | None) -> When | None:
    """上周一到周五: a bare weekday at the end of a range is the next one after its beginning."""
    if left is None or right is None or left.period is None or right.period is None or right.bare_weekday is None or left.grain != "day" or left.period.days != 1:
        return right
    days = (right.period.start - left.period.start).days % 7
    start = left.period.start + timedelta(days=days)
    return replace(right, period=Period(start=start, end=start + timedelta(days=right.period.days)))


def _depth(parts: Parts) -> int:
    return sum(value is not None for value in (parts.half, parts.quarter, parts.month, parts.week, parts.day, parts.festival))


def _as_of(when: When, clock: Clock) -> When | None:
    if when.period is None:
        return None
    end = min(when.period.end, clock.tomorrow) if when.to_date else when.period.end
    start = calendar.unit_start(end - timedelta(days=1), "year")
    grain: Grain = "month"
    return When(kind="as_of", period=Period(start=start, end=end), grain=grain, deictic=when.deictic)


def _beside(when: When, match: re.Match[str]) -> When | None:
    """国庆前一周, 10月1日后三天: the days that lie right before or after."""
    count = number(match["n"])
    if when.period is None or when.grain != "day" or count is None or match["n"] == "半":
        return None
    grain: Grain = {"天": "day", "日": "day", "周": "week", "星期": "week"}.get(match["u"], "month")  # type: ignore[assignment]
    if match["side"].startswith(("后", "之后")):
        period = Period(start=when.period.end, end=calendar.shift(when.period.end, grain, count))
    else:
        period = Period(start=calendar.shift(when.period.start, grain, -count), end=when.period.start)
    return When(period=period, grain="day", deictic=when.deictic)


def _week_of(day: When, clock: Clock) -> When | None:
    """The week of 9 November, 11月9日那一周: the week that holds the day, to today if it runs."""
    if day.period is None or day.period.start > clock.today:
        return None
    whole = calendar.unit(day.period.start, "week")
    return When(period=Period(start=whole.start, end=min(whole.end, clock.tomorrow)), grain="week", to_date=whole.end > clock.tomorrow)


def _counts(match: re.Match[str], period: Period) -> bool:
    """Whether the number of days that was said, if one was, is the period's own; 七天 of a festival may leave out its bridge days."""
    said = match["n"]
    if said is None or said == "几":
        return True
    count = number(said)
    return count is not None and count == period.days


def _at(text: str, at: int, clock: Clock, names: dict[str, str]) -> dict[int, When]:
    """Return the expressions of time that begin exactly at `at`, by where they end; a longer one may hold a shorter one."""
    found: dict[int, When] = {}

    def offer(end: int, when: When | None) -> None:
        if when is not None and end not in found:
            found[end] = when

    atoms = sorted(_atoms(text, at, clock, names), key=lambda item: -item[0])
    whole: tuple[int, When] | None = None
    for end, said in atoms:
        when = _meaning(said, clock)
        if when is not None:
            whole = whole or (end, when)
            offer(end, when)
        ranged = _range(said, end, text, clock, names, joiner=_TO)
        if ranged is not None and not text[end:].lstrip().startswith("and"):
            offer(*ranged)
    if whole is not None:
        end, when = whole
        if opened := _OPEN_END.match(text, end):
            offer(opened.end(), _to_today(when, clock))
        if when.grain == "day" and when.period is not None and when.period.days == 1 and (again := _THAT_DAY.match(text, end)):
            offer(again.end(), when)
        if when.grain in ("quarter", "year", "week") and not when.to_date and when.kind == "span" and (edge := _END_OF.match(text, end)):
            until = _as_of(when, clock)
            offer(edge.end(), replace(until, edge=True) if until else None)
        if (those := _THOSE_DAYS.match(text, end)) and when.grain == "day" and when.period is not None and _counts(those, when.period):
            offer(those.end(), when)
        if when.grain == "day" and when.period is not None and (its := _ITS_WEEK.match(text, end)):
            offer(its.end(), _week_of(when, clock))
        if beside := _BESIDE.match(text, end):
            offer(beside.end(), _beside(when, beside))
        if near := around(text, end, when):
            offer(*near)

    def best(said: str, start: int) -> tuple[int, When] | None:
        longest = _best(_atoms(said, start, clock, names), clock)
        return (longest[0], longest[2]) if longest is not None else None

    for stop, meant in stretches(text, at, clock, best):
        offer(stop, meant)
    _opened(text, at, clock, names, offer)
    return found


def _opened(text: str, at: int, clock: Clock, names: dict[str, str], offer: Callable[[int, When | None], None]) -> None:
    """Offer what begins with a word that opens a range: 从, since, between, 截至."""
    if (begun := _FROM.match(text, at)) and begun.end() < len(text):
        for end, inner in _at(text, begun.end(), clock, names).items():
            if opened := _OPEN_END.match(text, end):
                offer(opened.end(), _to_today(inner, clock))
            offer(end, replace(inner, from_to=inner.ends is not None))
    if (begun := _SINCE.match(text, at)) and not text.startswith("from", at):
        best = _best(_atoms(text, begun.end(), clock, names), clock)
        if best is not None:
            offer(best[0], _after(best[2], clock) if begun.group().startswith("after") else _to_today(best[2], clock))
    if begun := _WEEK_OF.match(text, at):
        best = _best(_atoms(text, begun.end(), clock, names), clock)
        if best is not None and best[2].grain == "day" and best[2].period is not None:
            offer(best[0], _week_of(best[2], clock))
    if begun := _BETWEEN.match(text, at):
        for end, first in sorted(_atoms(text, begun.end(), clock, names), key=lambda item: -item[0]):
            ranged = _range(first, end, text, clock, names, joiner=_BETWEEN_AND)
            if ranged is not None:
                offer(ranged[0], replace(ranged[1], from_to=ranged[1].ends is not None))
    if begun := _AS_OF.match(text, at):
        best = _best(_atoms(text, begun.end(), clock, names), clock)
        if best is not None:
            tail = _AS_OF_END.match(text, best[0])
            until = _as_of(best[2], clock)
            stop = tail.end() if tail else best[0]
            offer(stop, replace(until, edge=begun["edge"] is not None) if until else None)
            if until is not None and (units := as_of_units(text, stop, until)):
                offer(*units)


_DATED = re.compile(r"(?<=[a-z])\d{1,4}(?=[年月日号季])")
"""DAU10月: behind a name in Latin letters a number begins a date, if a date's word follows."""


def scan(text: str, clock: Clock, names: dict[str, str] | None = None) -> list[TimeHit]:
    """Return, for every position of normalised `text` where expressions of time begin, those expressions.

    Hits may overlap; the reader of the sentence chooses among them and the lexicon's words. `names` are the festivals' names.
    """
    hits = []
    for at in range(len(text)):
        if text[at] == " ":
            continue
        if at and text[at].isascii() and text[at].isalnum() and text[at - 1].isascii() and text[at - 1].isalnum() and not _DATED.match(text, at):
            continue
        for end, when in _at(text, at, clock, names or {}).items():
            said = text[at:end]
            meant = replace(when, bare_year=True) if len(said) == 4 and said.isdigit() else when
            hits.append(TimeHit(start=at, end=end, when=meant))
    return hits
