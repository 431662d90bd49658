"""English expressions of time, one at a position: last month, the past 30 days, Q3 of last year, 5 March, the 12th, so far this year."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from governance import calendar
from governance.terms import Grain, Period, Text
from nlq.times.chinese import Atom, relative, rolling, season
from nlq.times.model import Clock, Parts, When, cut
from nlq.words.numbers import match_number

MONTHS = {name: i + 1 for i, name in enumerate(["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"])}
MONTHS |= {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAYS = {name: i + 1 for i, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])}
_WEEKDAY = "|".join(_WEEKDAYS)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_ORD = "|".join(_ORDINALS)
_YEAR = r"(?:(?P<yrel>the year before last|year before last|last year|this year|next year|the previous year|the current year|the prior year|prior year)|(?P<yabs>(?:19|20)\d\d|'\d\d)|(?:fy|fiscal(?:\s+year)?)\s*(?P<fabs>(?:20)?\d\d)|(?P<frel>last|this|the current|current) fiscal(?: year)?)"
_OF = r"(?:\s*,?\s*(?:of|in|for)?\s*(?:the\s+year\s+)?|-)"
_UNIT = r"(?P<unit>day|week|month|quarter|year|calendar year|fiscal year|fiscal quarter|half(?:[\s-]year)?|weekend)"
_COUNT_UNIT = r"(?:full |complete |calendar |completed |whole )?(?P<unit>day|week|month|quarter|year|fortnight|half[\s-]year)s?"
NUM = r"(?P<n>\d+|a couple of|couple of|a few|few|several|[a-z]+(?:[\s-][a-z]+)??)"

_RELATIVE = re.compile(
    rf"(?:the\s+)?(?P<which>last|previous|prior|past|preceding|this|current|next|latest)\s+(?:full |complete |calendar )?{_UNIT}(?:'s)?(?!\s*-?\s*(?:on|over|to)[\s-]+(?:day|week|month|quarter|year))(?P<td>\s+(?:to date|so far))?(?![a-z])"
)
_BEFORE_LAST = re.compile(r"(?:the\s+)?(?P<unit>week|month|quarter|year)\s+before\s+last(?![a-z])")
_FORTNIGHT = re.compile(r"(?:the\s+)?(?:last|past|previous)\s+fortnight(?![a-z])")
_DAYS = re.compile(r"(?:the\s+)?day before yesterday|yesterday|today|tomorrow(?![a-z])")
_ROLLING = re.compile(rf"(?:the\s+)?(?:(?:past|last|previous|prior|trailing|preceding|recent|most recent|latest|rolling)\s+){NUM}\s+{_COUNT_UNIT}(?![a-z])")
_ROLLING_ABBR = re.compile(r"(?:ltm|ttm|l(?P<n>\d{1,2})m|r(?P<n2>\d{1,2})m)(?![a-z0-9])")
_AGO = re.compile(rf"{NUM}\s+(?P<unit>day|week|month|quarter|year)s?\s+(?:ago|earlier|back)(?![a-z])")
_WEEKDAYS_RE = re.compile(rf"(?:(?:on\s+)?(?P<which>last|this|next|previous|on)\s+)?(?P<d>{_WEEKDAY})(?P<plural>s)?(?:'s)?(?![a-z])")
_MONTHLY = re.compile(
    rf"(?:(?P<edge>early|mid|late|the start of|the beginning of|the end of|end of|start of)[\s-]+)?(?:(?P<which>last|this|next|previous)\s+)?(?P<m>{MONTH})\.?(?![a-z])"
    rf"(?:\s+(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?!\d|:|%|\s*(?:%|percent|times|region|top))(?=$|[^0-9a-z]))?(?:{_OF}{_YEAR})?"
)
_DAY_MONTH = re.compile(rf"(?:the\s+)?(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{MONTH})\.?(?![a-z])(?:{_OF}{_YEAR})?")
_THE_DAY = re.compile(r"(?:the\s+)?(?P<d>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)(?![a-z])(?!\s+(?:quarter|half|week|place|rank|highest|lowest|best|largest|most|month|percentile|decile))(?P<lm>\s+of\s+last\s+month|\s+of\s+this\s+month)?")
_QUARTER = re.compile(
    rf"(?:(?:fiscal\s+)?q(?P<q>[1-4])(?![a-z0-9])|(?:the\s+)?(?P<o>{_ORD})[\s-]+(?:fiscal\s+)?quarter(?![a-z]))(?:{_OF}{_YEAR})?|{_YEAR.replace('?P<yrel>', '?P<yrel2>').replace('?P<yabs>', '?P<yabs2>').replace('?P<fabs>', '?P<fabs2>').replace('?P<frel>', '?P<frel2>')}(?:'s)?[\s-]*q(?P<q2>[1-4])(?![a-z0-9])"
)
_HALF = re.compile(
    rf"(?:h(?P<h>[12])(?![a-z0-9])|(?:the\s+)?(?P<o>first|second|1st|2nd)\s+half(?:\s+year)?(?![a-z])|(?P<h3>[12])h(?![a-z0-9]))(?:{_OF}{_YEAR})?|{_YEAR.replace('?P<yrel>', '?P<yrel2>').replace('?P<yabs>', '?P<yabs2>').replace('?P<fabs>', '?P<fabs2>').replace('?P<frel>', '?P<frel2>')}(?:'s)?[\s-]*h(?P<h2>[12])(?![a-z0-9])"
)
_FIRST = re.compile(
    rf"(?:the\s+)?(?P<which>first|last|final)\s+{NUM}?\s*(?P<unit>day|week|month|quarter)s?\s+of\s+(?:(?P<rel>last|this|the current|the previous)\s+(?P<ru>month|quarter|week)|(?:(?P<m>{MONTH})(?:{_OF})?)?{_YEAR}?)(?![a-z0-9])"
)
_HALF_MONTH = re.compile(rf"(?:the\s+)?(?P<o>first|second|1st|2nd|last|latter)\s+half\s+of\s+(?:(?P<rel>last|this|the previous)\s+month|(?P<m>{MONTH})(?![a-z])(?:{_OF}{_YEAR})?)")
_WEEK = re.compile(rf"(?:(?:calendar\s+)?week\s+(?:number\s+|no\.?\s*)?|cw\s?|w)(?P<w>[1-5]?\d)(?![\d%a-z])(?:{_OF}{_YEAR})?")
_YEAR_ONLY = re.compile(rf"(?:(?:the\s+)?(?:calendar\s+|full\s+)?year\s+)?{_YEAR}(?:'s)?(?![a-z0-9%])(?P<td>\s+(?:to date|so far))?")
_TO_DATE = re.compile(r"(?:so far|to date)\s+(?:in\s+)?this\s+(?P<u>year|month|quarter|week)|(?:the\s+)?(?P<u2>year|month|quarter|week)[\s-]to[\s-]date|since\s+the\s+(?:start|beginning)\s+of\s+(?:the|this)\s+(?P<u3>year|month|quarter|week)|(?P<a>[ymqw])td(?![a-z])|within\s+this\s+(?P<u4>year|month|quarter)")
_UP_TO_NOW = re.compile(r",?\s+(?:so far|thus far|to date|until now|up to now)(?![a-z])")
"""H2 so far: up to today, where the half still runs."""
_NOW = re.compile(r"(?:current(?= [a-z])(?! (?:calendar |fiscal |reporting )?(?:days?|weeks?|months?|quarters?|years?|period|fy|ytd|mtd|qtd|h[12]|q[1-4])(?![a-z]))|currently|right now|now|at present|presently|at the moment|as of now|as of today|to date|nowadays)(?![a-z])")
_VAGUE = re.compile(r"(?:recently|lately|of late|in recent (?:days|weeks|months|times?)|these days)(?![a-z])")
_SAME = re.compile(
    r"(?:at\s+)?this\s+time\s+(?P<which0>last year)|(?:the\s+)?same\s+(?:(?P<u>period|time|month|week|quarter|day|days|months|dates|weeks|span)\s*)?(?:of|in|from|a|one)?\s*(?:the\s+)?(?P<which>year before last|(?P<ago>two|three|four|2|3|4) years? (?:ago|earlier|before|back)|(?P<abs>(?:19|20)\d\d)(?!\d)|last year|previous year|year before|year earlier|year ago|prior year|last month|previous month|last quarter|previous quarter|last week)(?![a-z])"
)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SEASON = re.compile(rf"(?:in\s+)?(?:(?P<which>last|this|the past|the previous|previous|in the|in|over the|during the)\s+)?(?P<s>spring|summer|autumn|fall|winter)(?![a-z])(?:{_OF}{_YEAR})?")
_BARE = {"may", "march", "mar", "sun", "sat", "second"}
_BEFORE_MAY = re.compile(r"(?:in|since|from|during|for|last|this|until|till|through|to|of|and|vs|versus|between|by|than|or|with|next|early|mid|late|-)\s*$")
_STARTS = frozenset("abcdefhijlmnopqrstuwy'0123456789")


def counted(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    if text.strip() in ("a couple of", "couple of", "couple"):
        return 2
    if text.strip() in ("a few", "few", "several"):
        return 3
    found = match_number(text.strip(), 0)
    return int(found[0].value) if found and found[0].end == len(text.strip()) and found[0].said == "plain" else None


def _year(match: re.Match[str], clock: Clock) -> tuple[int | None, bool, bool]:
    groups = match.groupdict()
    if rel := groups.get("yrel") or groups.get("yrel2"):
        offset = -2 if "before" in rel else -1 if "last" in rel or "prev" in rel or "prior" in rel else 1 if "next" in rel else 0
        return clock.today.year + offset, False, True
    if said := groups.get("yabs") or groups.get("yabs2"):
        said = said.strip("'")
        return (2000 + int(said) if len(said) == 2 else int(said)), False, False
    if said := groups.get("fabs") or groups.get("fabs2"):
        return (2000 + int(said) if len(said) == 2 else int(said)), True, False
    if rel := groups.get("frel") or groups.get("frel2"):
        start = calendar.unit_start(clock.today, "year", fiscal_start=clock.fiscal_start)
        return start.year - (1 if rel == "last" else 0), True, True
    return None, False, False


def _relative(text: str, at: int, clock: Clock) -> Atom | None:
    if match := _BEFORE_LAST.match(text, at):
        return match.end(), _named(relative(-2, match["unit"], clock))  # type: ignore[arg-type]
    if match := _FORTNIGHT.match(text, at):
        two = rolling(2, "week", clock)
        return (match.end(), two) if two else None
    match = _RELATIVE.match(text, at)
    if match is None:
        return None
    which, unit = match["which"], match["unit"]
    offset = 0 if which in ("this", "current") else 1 if which == "next" else -1
    if match["td"]:
        offset = 0
    if unit == "weekend":
        monday = calendar.unit(clock.today, "week", offset=offset).start
        return match.end(), When(period=Period(start=monday + timedelta(days=5), end=monday + timedelta(days=7)), grain="day", deictic=True)
    if unit.startswith("half"):
        first = clock.today.replace(month=1 if clock.today.month <= 6 else 7, day=1)
        start = calendar.add_months(first, 6 * offset)
        end = clock.tomorrow if offset == 0 else calendar.add_months(start, 6)
        return match.end(), When(period=Period(start=start, end=end), grain="quarter", to_date=offset == 0, deictic=True)
    grain: Grain = unit.split()[-1]  # type: ignore[assignment]
    return match.end(), _named(relative(offset, grain, clock, fiscal=unit.startswith("fiscal")))


def _named(when: When) -> Parts | When:
    """Return a whole past month as calendar parts, so that a day may lean on it."""
    if when.grain == "month" and not when.to_date and when.period:
        return Parts(year=when.period.start.year, month=when.period.start.month, deictic=True)
    return when


def _counted(text: str, at: int, clock: Clock) -> list[Atom]:
    found: list[Atom] = []
    if match := _ROLLING.match(text, at):
        count, unit = counted(match["n"]), match["unit"]
        vague = match["n"] in ("a few", "few", "several", "a couple of", "couple of")
        note = Text(zh=f"“{match['n']}”按 {count} 理解", en=f"'{match['n']}' taken as {count}") if vague else None
        if count is not None:
            if unit == "fortnight":
                count, unit = count * 14, "day"
            elif unit.startswith("half"):
                count, unit = count * 6, "month"
            when = rolling(count, unit, clock, note=note)  # type: ignore[arg-type]
            if when:
                found.append((match.end(), when))
    if match := _ROLLING_ABBR.match(text, at):
        when = rolling(int(match["n"] or match["n2"] or 12), "month", clock)
        if when:
            found.append((match.end(), when))
    if match := _AGO.match(text, at):
        count = 1 if match["n"] in ("a", "one") else counted(match["n"])
        if count and count < 4000:
            found.append((match.end(), _named(relative(-count, match["unit"], clock))))  # type: ignore[arg-type]
    if match := _FIRST.match(text, at):
        part = _first_of(match, clock)
        if part is not None:
            found.append((match.end(), part))
    return found


def _first_of(match: re.Match[str], clock: Clock) -> Parts | When | None:
    count = counted(match["n"]) if match["n"] else 1
    if count is None:
        return None
    signed = count if match["which"] == "first" else -count
    unit: Grain = match["unit"]  # type: ignore[assignment]
    if match["rel"]:
        offset = -1 if match["rel"] in ("last", "the previous") else 0
        whole = calendar.unit(clock.today, match["ru"], offset=offset)  # type: ignore[arg-type]
        part = cut(whole, (signed, unit))
        return When(period=part[0], grain=part[1], deictic=True) if part else None
    year, fiscal, deictic = _year(match, clock)
    if match["m"]:
        return Parts(year=year, month=MONTHS[match["m"]], first=(signed, unit), deictic=deictic)
    return Parts(year=year, fiscal=fiscal, first=(signed, unit), deictic=deictic) if year is not None else None


def _month(text: str, at: int, clock: Clock) -> list[Atom]:
    found: list[Atom] = []
    if match := _MONTHLY.match(text, at):
        year, _, deictic = _year(match, clock)
        name = match["m"]
        if name in _BARE and year is None and not match["d"] and not match["which"] and not match["edge"] and not _BEFORE_MAY.search(text[:at]):
            after = text[match.end() :].lstrip()
            if name != "march" and not after.startswith(("-", "to ", "through ", "and ")):
                return found
        month = MONTHS[name]
        if match["which"]:
            start = clock.today.replace(month=month, day=1)
            offset = {"last": -1 if month >= clock.today.month else 0, "previous": -1 if month >= clock.today.month else 0, "this": 0}.get(match["which"], 1)
            year, deictic = start.year + offset, True
        day = int(match["d"]) if match["d"] else None
        third = {"ear": 1, "mid": 2, "lat": 3}.get((match["edge"] or "")[:3]) or (3 if "end" in (match["edge"] or "") else 1 if match["edge"] else None)
        found.append((match.end(), Parts(year=year, month=month, day=day, third=None if day else third, deictic=deictic)))
    if match := _DAY_MONTH.match(text, at):
        year, _, deictic = _year(match, clock)
        found.append((match.end(), Parts(year=year, month=MONTHS[match["m"]], day=int(match["d"]), deictic=deictic)))
    if match := _THE_DAY.match(text, at):
        parts = Parts(day=int(match["d"]))
        if match["lm"]:
            month_start = calendar.unit(clock.today, "month", offset=-1 if "last" in match["lm"] else 0).start
            parts = Parts(year=month_start.year, month=month_start.month, day=int(match["d"]), deictic=True)
        found.append((match.end(), parts))
    return found


def _larger(text: str, at: int, clock: Clock) -> list[Atom]:
    found: list[Atom] = []
    if match := _QUARTER.match(text, at):
        year, fiscal, deictic = _year(match, clock)
        which = int(match["q"] or match["q2"] or 0) or _ORDINALS[match["o"]]
        found.append((match.end(), Parts(year=year, fiscal=fiscal or "fiscal" in match.group(), quarter=which, deictic=deictic)))
    if match := _HALF.match(text, at):
        year, fiscal, deictic = _year(match, clock)
        which = int(match["h"] or match["h2"] or match["h3"] or 0) or _ORDINALS[match["o"]]
        found.append((match.end(), Parts(year=year, fiscal=fiscal, half=which, deictic=deictic)))
    if match := _HALF_MONTH.match(text, at):
        which = 1 if match["o"] in ("first", "1st") else 2
        year, _, deictic = _year(match, clock)
        month = MONTHS[match["m"]] if match["m"] else 0
        if match["rel"]:
            start = calendar.unit(clock.today, "month", offset=0 if match["rel"] == "this" else -1).start
            year, month, deictic = start.year, start.month, True
        found.append((match.end(), Parts(year=year, month=month, half=which, deictic=deictic)))
    if (match := _WEEK.match(text, at)) and 1 <= int(match["w"]) <= 53:
        year, _, deictic = _year(match, clock)
        found.append((match.end(), Parts(year=year, week=int(match["w"]), deictic=deictic)))
    if match := _YEAR_ONLY.match(text, at):
        year, fiscal, deictic = _year(match, clock)
        bare = match["yabs"] is not None and match["yabs"][0] != "'" and match.group() == match["yabs"]
        current = deictic and "last" not in match.group() and "next" not in match.group() and "prior" not in match.group() and "prev" not in match.group()
        if year is not None and not bare:
            found.append((match.end(), Parts(year=year, fiscal=fiscal, to_date=current or match["td"] is not None, deictic=deictic)))
    return found


def _other(text: str, at: int, clock: Clock) -> list[Atom]:
    found: list[Atom] = []
    if match := _DAYS.match(text, at):
        offset = {"yesterday": -1, "today": 0, "tomorrow": 1}.get(match.group(), -2)
        day = clock.today + timedelta(days=offset)
        found.append((match.end(), When(period=Period(start=day, end=day + timedelta(days=1)), grain="day", deictic=True)))
    if match := _TO_DATE.match(text, at):
        unit = match["u"] or match["u2"] or match["u3"] or match["u4"] or {"y": "year", "m": "month", "q": "quarter", "w": "week"}[match["a"]]
        found.append((match.end(), relative(0, unit, clock)))  # type: ignore[arg-type]
    if match := _NOW.match(text, at):
        found.append((match.end(), relative(0, "year" if match.group() == "to date" else "month", clock)))
    if match := _VAGUE.match(text, at):
        found.append((match.end(), When(kind="vague", deictic=True)))
    if match := _SAME.match(text, at):
        shift = "unit" if (match["which"] or match["which0"]).split()[-1] in ("month", "quarter", "week") else "year"
        unit = (match["which"] or match["which0"]).split()[-1]
        years = 2 if match["which"] == "year before last" else (counted(match["ago"]) or 1) if match["ago"] else 1
        in_year = int(match["abs"]) if match["abs"] else None
        found.append((match.end(), When(kind="same", shift=shift, grain=unit if shift == "unit" else "month", deictic=True, years=years, in_year=in_year)))  # type: ignore[arg-type]
    if match := _WEEKDAYS_RE.match(text, at):
        which = match["which"]
        day_number = _WEEKDAYS[match["d"]]
        day = calendar.unit_start(clock.today, "week") + timedelta(days=day_number - 1)
        bare = which in (None, "on")
        if which in ("last", "previous"):  # the latest such day before today
            day -= timedelta(weeks=1) if day >= clock.today else timedelta()
        elif which == "next":
            day += timedelta(weeks=1)
        elif bare and day > clock.today:
            day -= timedelta(weeks=1)
        when = When(period=Period(start=day, end=day + timedelta(days=1)), grain="day", deictic=True, bare_weekday=day_number if bare else None)
        found.append((match.end(), when))
    return found


def _in_season(text: str, at: int, clock: Clock) -> Atom | None:
    match = _SEASON.match(text, at)
    if match is None:
        return None
    year, _, deictic = _year(match, clock)
    alone = match["which"] is None and year is None
    if alone and (match["s"] == "fall" or not match.group().startswith("in")):
        return None
    complete = year is None and (match["which"] or "") in ("last", "the past", "the previous", "previous")
    when = season(_SEASONS[match["s"]], year, clock, complete=complete, deictic=deictic or year is None)
    return (match.end(), when) if when else None


def atoms(text: str, at: int, clock: Clock) -> list[Atom]:
    """Return the English expressions of time that begin at `at` (a word's start), in no order."""
    if text[at] not in _STARTS or (at and text[at - 1].isascii() and text[at - 1].isalnum()):
        return []
    found = [hit for hit in (_relative(text, at, clock), _in_season(text, at, clock)) if hit is not None]
    found += _counted(text, at, clock) + _month(text, at, clock) + _larger(text, at, clock) + _other(text, at, clock)
    return found + [(said.end(), replace(parts, to_date=True)) for end, parts in found if isinstance(parts, Parts) and (said := _UP_TO_NOW.match(text, end))]
