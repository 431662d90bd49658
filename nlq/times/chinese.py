"""Chinese expressions of time, one at a position: 上个月, 去年Q3, 近三十天, 3月12日, 第45周, 今年前3个月, 国庆期间."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

from governance import calendar
from governance.terms import Grain, Period, Text
from nlq.times.model import Clock, Parts, When, cut
from nlq.words.numbers import chinese_value

WEEKEND = 8
Atom = tuple[int, "Parts | When"]

_CN = "零一二三四五六七八九十百两"
_N = rf"(?:\d+|[{_CN}]+|几|半)"
_UNITS: dict[str, Grain] = {
    "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week", "个星期": "week", "个礼拜": "week", "个月": "month", "月": "month",
    "季度": "quarter", "季": "quarter", "个季度": "quarter", "个季": "quarter", "年": "year", "年度": "year", "财年": "year", "个财年": "year", "整年": "year",
}
_UNITS |= {f"{gap}{unit}{s}": unit for gap in ("", " ") for unit in ("day", "week", "month", "quarter", "year") for s in ("", "s")}
_UNIT = "(?:个?(?:星期|礼拜|季度|季(?!节)|财年)|天|日|周(?!期|[一二三四五六日天末])|个?(?:完整|整)?(?:的)?月(?!份)|个?(?:完整|自然)(?:的)?(?:周|季度|年度?|月)|整?年(?!级|龄|限|轻)度?)"
_WEEKDAYS = {c: i + 1 for i, c in enumerate("一二三四五六日")} | {"天": 7} | {str(i): i for i in range(1, 8)}
_REL_YEAR = {"大前年": -3, "前年": -2, "去年": -1, "上年": -1, "上一年": -1, "上年度": -1, "今年": 0, "本年": 0, "这一年": 0, "当年": 0, "本年度": 0, "今年度": 0, "明年": 1, "来年": 1, "后年": 2, "去年度": -1, "上一年度": -1}
_YEAR = rf"(?:(?P<yrel>{'|'.join(sorted(_REL_YEAR, key=len, reverse=True))})|(?P<yabs>(?:19|20)\d\d|(?:1[5-9]|2\d|3[0-5])(?=年(?!以|及|内|前|后|期|龄|资|级|左右|多)|[qh][1-4](?![a-z0-9]))|二零[{_CN}]{{2}})(?:年度?|(?=[qhw]\d|财年|[上下]半年|第?[一二三四1-4]季|第[\d一二三四五]+周)))"
_FISCAL = r"(?:(?P<frel>上上|上一?个?|本|这个?|去年?|今年?)财年度?|fy(?P<fabs>(?:20)?\d\d)|(?P<fabs2>20\d\d)年?财年度?)"
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_DAY = r"(?:3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
_DAYS_HAO = r"(?:日(?!均|程|常|活)|号(?!码|召))"

_CALENDAR = re.compile(
    rf"""(?:{_YEAR}|{_FISCAL})?的?(?:
      (?P<half>(?:第?[一二12]|上|下|前|后)半(?:财)?年度?|h[12](?![a-z0-9]))
    | (?P<firstn>(?:前|头|最?初|首|最后|后)(?P<fn>{_N})(?P<fu>{_UNIT})(?!前))
    | (?P<quarter>第?(?P<q1>[一二三四1-4])(?:(?<=第[一二三四1-4])个)?季度?(?!节)|q(?P<q2>[1-4])(?![a-z0-9])|(?P<q3>首|末)季度?)
    | (?P<week>第(?P<w1>{_N})个?(?:周(?!期)|星期)|w(?P<w2>\d{{1,2}})(?![a-z0-9])|(?P<w3>[1-5]?\d)周(?!期|年)(?=$|[^前内]))
    | (?:(?P<month>{_MONTH})月(?!月)(?:份)?)
        (?:(?:的)?(?:(?P<third>[上中下])旬|(?P<hm>[上下前后])半(?:个)?月|(?P<edge>[初底末])(?!的?到)|第(?P<mw>[一二三四五1-5])个?周|(?P<day>{_DAY}){_DAYS_HAO}
           |(?P<day2>[0-3]?\d)(?!\d|%|个|[万亿千百月年]|[次名家位元盒成折])(?=$|[^0-9])
           |(?:前|头|最?初)(?P<mfn>{_N})(?P<mfu>天|日|周)|(?:最后|后)(?P<mln>{_N})(?P<mlu>天|日|周)))?
    | (?P<yearend>年[初底末中])(?!之?前|以前)
    )""",
    re.VERBOSE,
)
_YEAR_ALONE = re.compile(rf"{_YEAR}(?P<todate>以来|至今|到现在为?止?|到目前为?止?|到今天|迄今|内|之内|累计(?!销))?(?P<whole>的?(?:全年|整年|一整年|全年度))?")
_FISCAL_ALONE = re.compile(_FISCAL + r"(?P<todate>以来|至今|内)?(?P<whole>的?全年)?")
_BEFORE = re.compile(r"前个(?P<u>月|季度|星期|礼拜)")
_TO_DATE = re.compile(r"(?P<u>年|月|季度?|周|财年)初(?:至今|以来|到现在|到今天|到目前|迄今)|(?P<u3>季度|季)(?:至今|到现在|到今天|到目前)|(?:本|当)?(?P<u2>年|月)内(?!的?前)|ytd|mtd|qtd|wtd")
_RELATIVE = re.compile(
    rf"""(?:(?P<da>大*)(?P<up>上+)(?:一|1)?个?|(?P<down>下+)(?:一|1)?个?|(?P<this>本|这一?个?|当前?|今|现在这?个?))
        (?P<u>(?:完整|自然|整)的?)?(?P<unit>半年|季度|季(?!节)|月(?!份数|均)|周(?!期|[一二三四五六日天1-7末])|星期(?![一二三四五六日天])|礼拜(?![一二三四五六日天])|年(?=度|$|[^度])度?|财年)
        (?P<todate>以来|至今|到现在|到今天|累计(?!销))?
        (?:的?(?:(?P<third>[上中下])旬|月?(?P<edge>[初底末])|(?P<day>{_DAY}){_DAYS_HAO}|(?P<month>{_MONTH})月份?
            |(?:前|头|最?初)(?P<fn>{_N})(?P<fu>天|日|周|个月)|(?:最后|后)(?P<ln>{_N})(?P<lu>天|日|周|个月)|第(?P<nth>[一二三四五1-5])个?(?P<nu>周|月)))?""",
    re.VERBOSE,
)
_WEEKDAY = re.compile(r"(?:(?P<da>大*)(?P<up>上+)个?|(?P<this>本|这个?)|(?P<down>下+)个?)?(?:周|星期|礼拜)(?P<d>[一二三四五六日天末1-7])(?!季|月|年|个|天)")
_DAY_WORDS = re.compile(r"(?P<w>大前天|前天|前日|昨天|昨日|昨晚|今天|今日|当天|当日|今儿|明天|明日|后天)")
_DAY_OFFSETS = {"大前天": -3, "前天": -2, "前日": -2, "昨天": -1, "昨日": -1, "昨晚": -1, "今天": 0, "今日": 0, "当天": 0, "当日": 0, "今儿": 0, "明天": 1, "明日": 1, "后天": 2}
_ROLLING = re.compile(
    rf"""(?:
      (?:最近|过去|近|过往|以往|往前|之前|此前|前|头|上|这|最新)的?(?P<n>{_N})(?P<u>个半月|年半|{_UNIT}|个?半年)(?:的?时间)?(?:以内|之内|内|里|以来|来|间|期间)?
    | (?P<n2>{_N})(?P<u2>{_UNIT})(?:以内|之内|内|以来|来)
    | (?P<half>半个?月|半年)(?:以?来|内|以内)?(?!前|度)
    | (?:最近|过去|近)的?(?P<halfb>半个?月|半年)(?:以?来|内|以内)?
    )(?!初|末|底)""",
    re.VERBOSE,
)
_AGO = re.compile(rf"(?P<n>{_N})(?P<u>{_UNIT})(?:以|之)?前(?!{_N}|的?[0-9])")
_NOW = re.compile(r"现在|目前|当前(?![周月季年])|眼下|如今|此刻|现阶段|截至目前|截止目前|截至现在|到目前为止|至今为止|迄今为止")
_VAGUE = re.compile(r"最近(?!的?[\d一二两三四五六七八九十几半])|近期|近来|这段时间|最近一段时间|前段时间|这阵子|最近几[天日周个月]")
_SAME = re.compile(r"(?:(?P<y>去年|上年|上一年|前一年|往年|大前年|前年|(?P<ago>[一两二三四1-4])年前)|(?P<abs>(?:19|20)\d\d)年?|(?P<u>上个?月|上个?季度?|上个?周|上期|上一期|前期|前一期))?的?同(?:期|月份?|周|季度?|日|一?时期|时段|一?期间|比期间)")
_ISO = re.compile(
    r"(?<![\d.])(?:(?P<y>(?:19|20)\d\d)[-/.](?P<m>1[0-2]|0?[1-9])(?:[-/.](?P<d>3[01]|[12]\d|0?[1-9])(?:日|号)?)?(?!\d|%)(?![-/.]\d)|(?P<y8>20\d\d)(?P<m8>0[1-9]|1[0-2])(?P<d8>0[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?P<y6>20\d\d)(?P<m6>0[1-9]|1[0-2])(?!\d)(?!年)|(?P<mm>1[0-2]|0?[1-9])[-/](?P<dd>3[01]|[12]\d|0?[1-9])(?:日|号)?(?![\d%/.月周年季天次个名家位成万亿千-])(?!\s*(?:months?|days?|weeks?|%|times|k\b|m\b)))"
)
_HALF_OF_MONTH = re.compile(r"(?P<h>[上下])半个?月")
_MIDDLE = 15
_DAY_ALONE = re.compile(rf"(?P<d>{_DAY}){_DAYS_HAO}(?!线(?![上下])|楼|店)")
_BARE_YEAR = re.compile(r"(?<![\d.])(?P<y>(?:19|20)\d\d)(?![\d.%年]|\s*(?:个|万|亿|千|元|块|家|次|盒|k\b|m\b|名|人|位|分|条|篇|%|[-/]\d))")


def number(text: str) -> int | None:
    """Return a small whole number in digits or Chinese; 几 is three."""
    if text == "几":
        return 3
    if text.isdigit():
        return int(text)
    value = chinese_value(text)
    return None if value is None else int(value)


def rolling(count: int, grain: Grain, clock: Clock, *, note: Text | None = None) -> When | None:
    """Return the `count` complete units before the current one."""
    if not 1 <= count <= 4000:
        return None
    try:
        period = calendar.unit(clock.today, grain, offset=-count, count=count, fiscal_start=clock.fiscal_start if grain == "quarter" else 1)
    except (ValueError, OverflowError):
        return None
    return When(period=period, grain=grain, rolling=count, deictic=True, note=note)


def relative(offset: int, grain: Grain, clock: Clock, *, fiscal: bool = False) -> When:
    """Return the unit `offset` units from the current one; the current one ends with today."""
    fiscal_start = clock.fiscal_start if fiscal or grain == "quarter" else 1
    if offset == 0:
        return When(period=calendar.to_date(clock.today, grain, fiscal_start=fiscal_start), grain=grain, to_date=True, deictic=True)
    return When(period=calendar.unit(clock.today, grain, offset=offset, fiscal_start=fiscal_start), grain=grain, deictic=True)


def fifteen_days(clock: Clock) -> When | None:
    return rolling(15, "day", clock)


def _fiscal_year(clock: Clock, offset: int) -> int:
    return calendar.unit_start(clock.today, "year", fiscal_start=clock.fiscal_start).year + offset


def _year(match: re.Match[str], clock: Clock) -> tuple[int | None, bool, bool]:
    """Return (year, fiscal, relative to today) of a match that may begin with a year."""
    groups = match.groupdict()
    if rel := groups.get("yrel"):
        return clock.today.year + _REL_YEAR[rel], False, True
    if said := groups.get("yabs"):
        if not said[0].isdigit():
            said = "".join(str("零一二三四五六七八九".index(c)) for c in said if c in "零一二三四五六七八九")
        if len(said) not in (2, 4):
            return None, False, False
        return (2000 + int(said) if len(said) == 2 else int(said)), False, False
    if rel := groups.get("frel"):
        return _fiscal_year(clock, -2 if rel == "上上" else -1 if rel[0] in "上去" else 0), True, True
    if said := groups.get("fabs") or groups.get("fabs2"):
        return (2000 + int(said) if len(said) == 2 else int(said)), True, False
    return None, False, False


def _calendar(text: str, at: int, clock: Clock) -> Atom | None:
    match = _CALENDAR.match(text, at)
    if match is None or match.end() == at:
        return None
    year, fiscal, deictic = _year(match, clock)
    end = match.end()
    if half := match["half"]:
        which = 2 if half[0] in "下后二2" or half.startswith(("第二", "第2", "h2")) else 1
        return end, Parts(year=year, fiscal=fiscal, half=which, deictic=deictic)
    if match["firstn"]:
        count, grain = number(match["fn"]), _UNITS.get(match["fu"])
        if match["fn"] == "几" or match["fn"] == "半" or count is None or grain is None:
            return None
        if year is None:
            # 前三季度 (without 个) is the first three quarters of the year; 前三个季度 are the last three complete ones.
            if grain == "quarter" and "个" not in match["fu"] and match["firstn"][0] in "前头首" and count <= 4:
                return end, Parts(year=clock.today.year, first=(count, grain), deictic=True)
            return None
        signed = -count if match["firstn"].startswith(("最后", "后")) else count
        return end, Parts(year=year, fiscal=fiscal, first=(signed, grain), deictic=deictic)
    if match["quarter"]:
        said = match["q1"] or match["q2"]
        nth = number(said) if said else 1 if match["q3"] == "首" else 4
        return end, Parts(year=year, fiscal=fiscal, quarter=nth, deictic=deictic)
    if match["week"]:
        if match["w3"] and year is None:
            return None
        week = number(match["w1"] or match["w2"] or match["w3"])
        return (end, Parts(year=year, week=week, deictic=deictic)) if week and 1 <= week <= 53 else None
    if match["yearend"]:
        return _year_edge(match, year, end, clock) if year is not None or match["yearend"] == "年底" else None
    month = number(match["month"])
    if month is None:
        return None
    parts = Parts(year=year, month=month, deictic=deictic)
    if match["third"]:
        return end, Parts(year=year, month=month, third="上中下".index(match["third"]) + 1, deictic=deictic)
    if match["hm"]:
        return end, Parts(year=year, month=month, half=1 if match["hm"] in "上前" else 2, deictic=deictic)
    if edge := match["edge"]:
        return end, Parts(year=year, month=month, third=1 if edge == "初" else 3, deictic=deictic)
    if said := match["day"] or match["day2"]:
        day = number(said)
        return (end, Parts(year=year, month=month, day=day, deictic=deictic)) if day and 1 <= day <= 31 else None
    if said := match["mw"]:
        return end, Parts(year=year, month=month, nth_week=number(said), deictic=deictic)
    if said := match["mfn"] or match["mln"]:
        count = number(said)
        grain = _UNITS[match["mfu"] or match["mlu"]]
        if count is None or said == "几":
            return None
        return end, Parts(year=year, month=month, first=(count if match["mfn"] else -count, grain), deictic=deictic)
    return end, parts


def _year_edge(match: re.Match[str], year: int | None, end: int, clock: Clock) -> Atom | None:
    if match["yearend"] in ("年底", "年末"):
        return end, Parts(year=year if year is not None else clock.today.year, month=12, deictic=True)
    return (end, Parts(year=year, month=1 if match["yearend"] == "年初" else 6, deictic=True)) if year is not None else None


def _years(text: str, at: int, clock: Clock) -> Atom | None:
    for pattern in (_FISCAL_ALONE, _YEAR_ALONE):
        match = pattern.match(text, at)
        if match is None:
            continue
        year, fiscal, deictic = _year(match, clock)
        if year is None:
            continue
        current = _fiscal_year(clock, 0) if fiscal else clock.today.year
        to_date = (deictic and year == current and not match["whole"]) or match["todate"] is not None
        if match["todate"] is not None and year != current:
            # 去年以来 is a range to today, which the scanner makes
            return match.start("todate"), Parts(year=year, fiscal=fiscal, deictic=deictic)
        return match.end(), Parts(year=year, fiscal=fiscal, to_date=to_date, deictic=deictic)
    return None


def _relative(text: str, at: int, clock: Clock) -> Atom | None:
    match = _RELATIVE.match(text, at)
    if match is None:
        return None
    unit = match["unit"]
    offset = -(len(match["up"]) + len(match["da"] or "")) if match["up"] else len(match["down"]) if match["down"] else 0
    if match["this"] == "今" and unit not in ("年", "年度"):
        return None
    if match["this"] in ("当", "本", "这") and unit == "年度" and offset == 0:
        unit = "年"
    end = match.end()
    if match["edge"] and unit not in ("月", "月份"):
        end = match.start("edge")  # 上季度末: what follows says that an instant is meant
    fiscal = unit == "财年"
    if unit == "半年" and match["down"] and not match.group().startswith(("下一", "下1", "下个")):
        return None  # 下半年: the second half of a year, not the half year that comes
    if unit == "半年":
        first = calendar.unit_start(clock.today, "month").replace(month=1 if clock.today.month <= 6 else 7)
        start = calendar.add_months(first, 6 * offset)
        last = clock.tomorrow if offset == 0 else calendar.add_months(start, 6)
        return end, When(period=Period(start=start, end=last), grain="quarter", to_date=offset == 0, deictic=True)
    grain: Grain = {"季": "quarter", "季度": "quarter", "月": "month", "周": "week", "星期": "week", "礼拜": "week"}.get(unit, "year")  # type: ignore[assignment]
    when = relative(offset, grain, clock, fiscal=fiscal)
    if match["todate"] and offset < 0 and when.period:
        return end, When(period=Period(start=when.period.start, end=clock.tomorrow), grain=grain, to_date=True, deictic=True)
    whole = calendar.unit(clock.today, grain, offset=offset, fiscal_start=clock.fiscal_start if fiscal or grain == "quarter" else 1)
    return _inside(match, grain, when, whole, end)


def _inside(match: re.Match[str], grain: Grain, when: When, whole: Period, end: int) -> Atom | None:
    """Return the part of a relative unit that was named: 上个月12日, 本月上旬, 上季度第一个月."""
    year, month = whole.start.year, whole.start.month
    if grain == "month":
        if match["third"]:
            return end, Parts(year=year, month=month, third="上中下".index(match["third"]) + 1, deictic=True)
        if match["edge"]:
            return end, Parts(year=year, month=month, third=1 if match["edge"] == "初" else 3, deictic=True)
        if match["day"]:
            return end, Parts(year=year, month=month, day=number(match["day"]), deictic=True)
    if grain == "year" and match["month"]:
        return end, Parts(year=year, month=number(match["month"]), deictic=True)
    if match["fn"] or match["ln"]:
        count, unit = number(match["fn"] or match["ln"]), _UNITS[match["fu"] or match["lu"]]
        part = cut(whole, (count if match["fn"] else -count, unit)) if count else None
        return (end, When(period=part[0], grain=part[1], deictic=True)) if part else None
    if match["nth"] and grain == "month" and match["nu"] == "周":
        return end, Parts(year=year, month=month, nth_week=number(match["nth"]), deictic=True)
    if match["nth"]:
        which, unit = number(match["nth"]) or 1, _UNITS[match["nu"]]
        start = calendar.shift(calendar.unit_start(whole.start, unit), unit, which - 1)
        return end, When(period=Period(start=start, end=calendar.shift(start, unit, 1)), grain=unit, deictic=True)
    if match["third"] or (match["edge"] and grain == "month") or match["day"] or match["month"]:
        return None
    if grain == "month" and not when.to_date:
        return end, Parts(year=year, month=month, deictic=True)
    return end, when


def _weekday(text: str, at: int, clock: Clock) -> Atom | None:
    match = _WEEKDAY.match(text, at)
    if match is None:
        return None
    said = match["d"]
    offset = -(len(match["up"]) + len(match["da"] or "")) if match["up"] else len(match["down"]) if match["down"] else 0
    monday = calendar.shift(calendar.unit_start(clock.today, "week"), "week", offset)
    bare = not (match["up"] or match["this"] or match["down"])
    if said == "末":
        saturday = monday + timedelta(days=5)
        if bare and saturday > clock.today:
            saturday -= timedelta(weeks=1)
        period = Period(start=saturday, end=saturday + timedelta(days=2))
        return match.end(), When(period=period, grain="day", deictic=True, bare_weekday=WEEKEND if bare else None)
    day = monday + timedelta(days=_WEEKDAYS[said] - 1)
    if bare and day > clock.today:
        day -= timedelta(weeks=1)
    return match.end(), When(
        period=Period(start=day, end=day + timedelta(days=1)), grain="day", deictic=True, bare_weekday=_WEEKDAYS[said] if bare else None
    )


def _rolling(text: str, at: int, clock: Clock) -> Atom | None:
    match = _ROLLING.match(text, at)
    if match is None:
        return None
    end = match.end()
    if half := match["half"] or match["halfb"]:
        when = fifteen_days(clock) if half.endswith("月") else rolling(6, "month", clock)
        return (end, when) if when else None
    said, unit = match["n"] or match["n2"], match["u"] or match["u2"]
    if unit == "月" and (match["n2"] or text[at] in "前头这上"):
        return None  # 3月内 and 前3月 lean on a month's name
    if said == "半":
        when = fifteen_days(clock) if unit in ("个月", "月") else rolling(6, "month", clock) if unit == "年" else None
        return (end, when) if when else None
    if unit == "个半月":
        count = number(said)
        when = rolling(30 * count + 15, "day", clock) if count else None
        return (end, when) if when else None
    if unit == "年半":
        count = number(said)
        when = rolling(12 * count + 6, "month", clock) if count else None
        return (end, when) if when else None
    if unit in ("半年", "个半年"):
        count = number(said)
        when = rolling(6 * count, "month", clock) if count else None
        return (end, when) if when else None
    count, grain = number(said), _UNITS.get(unit.replace("完整", "").replace("自然", "").replace("整", "").replace("的", "").replace("个周", "周").replace("个年", "年").replace("年度", "年"))
    if count is None or grain is None:
        return None
    if match["n2"] and grain == "day" and unit == "日":
        return None
    note = Text(zh=f"“{match.group()}”按 3 个单位理解", en=f"'{match.group()}' taken as 3") if said == "几" else None
    when = rolling(count, grain, clock, note=note)
    return (end, when) if when else None


def _ago(text: str, at: int, clock: Clock) -> Atom | None:
    match = _AGO.match(text, at)
    if match is None or match["n"] in ("几", "半") or match["u"] == "月":
        return None
    count, grain = number(match["n"]), _UNITS.get(match["u"])
    if count is None or grain is None or not 1 <= count <= 4000:
        return None
    try:
        return match.end(), relative(-count, grain, clock)
    except (ValueError, OverflowError):
        return None


def _iso(text: str, at: int, _clock: Clock) -> Atom | None:
    match = _ISO.match(text, at)
    if match is None:
        return None
    if match["mm"]:
        return match.end(), Parts(month=int(match["mm"]), day=int(match["dd"]))
    year, month, day = (match["y"] or match["y8"] or match["y6"], match["m"] or match["m8"] or match["m6"], match["d"] or match["d8"])
    return match.end(), Parts(year=int(year), month=int(month), day=int(day) if day else None)


def _same_unit(said: str) -> Grain:
    return "quarter" if "季" in said else "week" if "周" in said else "month"


def _simple(text: str, at: int, clock: Clock) -> list[Atom]:
    found: list[Atom] = []
    if match := _DAY_WORDS.match(text, at):
        day = clock.today + timedelta(days=_DAY_OFFSETS[match["w"]])
        found.append((match.end(), When(period=Period(start=day, end=day + timedelta(days=1)), grain="day", deictic=True)))
    if match := _TO_DATE.match(text, at):
        said = match["u"] or match["u2"] or match["u3"] or match.group()[0]
        grain: Grain = {"年": "year", "y": "year", "月": "month", "m": "month", "季": "quarter", "季度": "quarter", "q": "quarter", "周": "week", "w": "week"}.get(said, "year")  # type: ignore[assignment]
        found.append((match.end(), relative(0, grain, clock, fiscal=said == "财年")))
    if match := _NOW.match(text, at):
        found.append((match.end(), relative(0, "month", clock)))
    if match := _VAGUE.match(text, at):
        found.append((match.end(), When(kind="vague", deictic=True)))
    if match := _SAME.match(text, at):
        years = (number(match["ago"]) or 1) if match["ago"] else {"前年": 2, "大前年": 3}.get(match["y"] or "", 1)
        in_year = int(match["abs"]) if match["abs"] else None
        found.append((match.end(), When(kind="same", shift="unit" if match["u"] else "year", grain=_same_unit(match["u"] or ""), deictic=True, years=years, in_year=in_year)))
    if match := _BEFORE.match(text, at):  # as 前天 and 前年, or as 前一个月: both are said
        grain = _UNITS[match["u"]]
        found.append((match.end(), replace(relative(-2, grain, clock), other=relative(-1, grain, clock))))
    if match := _HALF_OF_MONTH.match(text, at):
        latter = match["h"] in "下后"
        first = calendar.unit(clock.today, "month", offset=-1 if latter and clock.today.day <= _MIDDLE else 0).start
        found.append((match.end(), Parts(year=first.year, month=first.month, half=2 if latter else 1, deictic=True)))
    if match := _DAY_ALONE.match(text, at):
        day_number = number(match["d"])
        if day_number and 1 <= day_number <= 31:
            found.append((match.end(), Parts(day=day_number)))
    if match := _BARE_YEAR.match(text, at):
        found.append((match.end(), Parts(year=int(match["y"]))))
    return found


_SEASONS = {"春": 3, "夏": 6, "秋": 9, "冬": 12}
_SEASON = re.compile(rf"(?:{_YEAR}的?)?(?P<s>[春夏秋冬])(?:天|日|季(?!度)(?:节)?)")


def season(first_month: int, year: int | None, clock: Clock, *, complete: bool = False, deictic: bool = False) -> When | None:
    """Return the three months of a season (winter: from December), the latest that has begun, or ended if `complete`, where no year is said."""
    for back in range(3):
        start = date((year if year is not None else clock.today.year) - back, first_month, 1)
        end = calendar.add_months(start, 3)
        if start > clock.today or (complete and end > clock.today):
            continue
        period = Period(start=start, end=min(end, clock.tomorrow))
        note = Text(zh=f"季节按 {start:%Y-%m} 起的三个整月理解", en=f"the season is taken as the three months from {start:%Y-%m}")
        return When(period=period, grain="month", deictic=deictic, note=note)
    return None


def _season(text: str, at: int, clock: Clock) -> Atom | None:
    match = _SEASON.match(text, at)
    if match is None:
        return None
    year, _, deictic = _year(match, clock)
    when = season(_SEASONS[match["s"]], year, clock, deictic=deictic)
    return (match.end(), when) if when else None


_STARTS = frozenset("春夏秋冬0123456789零一二三四五六七八九十两几半大前去上今本这当明来后昨下年月季周现目眼如此截到至迄最近过以往之头同首末星礼yqmwhf第")


def atoms(text: str, at: int, clock: Clock) -> list[Atom]:
    """Return the Chinese (and numeric) expressions of time that begin at `at`, in no order."""
    if text[at] not in _STARTS:
        return []
    found = [hit for parse in (_calendar, _years, _season, _relative, _weekday, _rolling, _ago, _iso) if (hit := parse(text, at, clock)) is not None]
    return found + _simple(text, at, clock)
