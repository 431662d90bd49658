"""Time in a sentence: which period is asked, which is its base, by which unit it is cut."""

from __future__ import annotations

import itertools
import re
from datetime import date

from governance import calendar
from governance.terms import Grain, Period
from nlq.draft import Draft, Threshold
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.shape.changes import RATES, of_rows, opposed, restricts, together, unbounded, verbal
from nlq.shape.spans import ahead, listed, of_one_year, same_days, whole_units, whole_year
from nlq.times import Clock, When, counterpart
from nlq.words.normalise import keys


def periods(sentence: Sentence, clock: Clock) -> None:
    """Take the expressions of time and decide period and base; take grains, trends and 同比 and 环比."""
    draft = sentence.draft
    if sentence.has("Y") and sentence.has("Q") and not sentence.find("[X!y]"):
        sentence.problem(sentence.rest[sentence.kinds.index("Q")].text, 0.45)  # year on year and month on month: one comparison at a time
    every = [unit for token in sentence.rest if token.kind in "YQ" and (unit := _unit_of(token.text)) is not None]
    for kind, compare in (("Y", "previous_year"), ("Q", "previous_period")):
        while sentence.has(kind):
            if draft.compare in (None, "implied"):
                draft.compare = compare  # type: ignore[assignment]
            sentence.take(sentence.kinds.index(kind))
    _units(sentence)
    while sentence.has("R"):
        draft.trend = True
        index = sentence.kinds.index("R")
        draft.grain = draft.grain or sentence.rest[index].value  # type: ignore[assignment]
        sentence.take(index)
    while sentence.has("w"):
        index = sentence.kinds.index("w")
        draft.grain, draft.periods = sentence.rest[index].value, True  # type: ignore[assignment]
        sentence.take(index)
    while sentence.has("g"):
        index = sentence.kinds.index("g")
        draft.grain = draft.grain or sentence.rest[index].value  # type: ignore[assignment]
        sentence.take(index)
    _weekdays(sentence)
    sentence.each(r"\?(?=T)", lambda match: _latest(sentence, match))
    sentence.each("&(?:[TV]Z|Tz)", lambda match: _turned(sentence, match))
    sentence.each("V&VZ(?=[,T])", lambda match: _beside_each_other(sentence, match))
    _times(sentence, clock)
    _alone(draft, clock)
    _changes(sentence)
    if every and draft.when is None and draft.grain is None and not draft.trend and not draft.periods and draft.base is None and draft.compare == "previous_period" and every[0] in ("week", "quarter"):
        fiscal = clock.fiscal_start if every[0] == "quarter" else 1
        draft.when = When(period=calendar.unit(clock.today, every[0], offset=-1, fiscal_start=fiscal), grain=every[0], deictic=True)  # QoQ growth: of the last quarter
    if every and draft.grain is None and draft.ordering is None and draft.base is None and _spans_several(draft.when, every[0], clock):
        draft.grain = every[0]


_UNIT_OF = re.compile(r"(?P<year>yoy|year|y/y|y-o-y)|(?P<month>mom|month|m/m|m-o-m)|(?P<quarter>qoq|quarter|q/q|q-o-q)|(?P<week>wow|week|w/w|w-o-w)|(?P<day>dod|day|d/d)")


def _unit_of(text: str) -> Grain | None:
    """The unit that a comparison with the period before names itself: month on month, QoQ."""
    if (before := _UNIT_BEFORE.search(text)) is not None:
        return before["a"] or before["b"]  # type: ignore[return-value]
    match = _UNIT_OF.match(text)
    return match.lastgroup if match is not None else None  # type: ignore[return-value]


_UNIT_BEFORE = re.compile(r"(?:previous|prior|preceding) (?P<a>week|quarter)$|(?:the )(?P<b>week|quarter) (?:before|prior)$")
"""Compared with the previous quarter."""


def _spans_several(when: When | None, unit: Grain, clock: Clock) -> bool:
    """Month on month over the last six months: each month against the one before it."""
    if when is None or when.period is None:
        return False
    fiscal = clock.fiscal_start if unit in ("quarter", "year") else 1
    first = calendar.unit_start(when.period.start, unit, fiscal_start=fiscal)
    aligned = unit in ("day", "week") or first == when.period.start
    return aligned and calendar.shift(first, unit, 1) < min(when.period.end, clock.tomorrow)


def _alone(draft: Draft, clock: Clock) -> None:
    """比上月高的大区: only the base is named, so the period is the unit that runs."""
    base = draft.base
    if base is None or base.period is None or draft.when is not None or draft.compare != "implied" or not base.deictic:
        return
    current = calendar.to_date(clock.today, base.grain, fiscal_start=clock.fiscal_start if base.grain == "quarter" else 1)
    if base.period.start < current.start:
        draft.when = When(period=current, grain=base.grain, to_date=True, deictic=True)
        draft.lonely_base = True


def _units(sentence: Sentence) -> None:
    """A unit's bare name: ranked (最高的月份), one of the cuts (by region and month), or before a metric (月销售额)."""
    draft = sentence.draft

    def cut(match: re.Match[str]) -> bool:
        index = match.end() - 1 if match.group()[-1] == "m" else match.start()
        if match.group() == "m" and sentence.rest[index].text == "年度" and not sentence.has("R"):
            draft.whole_year = True  # 年度费用: the year's, no row for each year
            sentence.take(index)
            return True
        draft.periods = draft.periods or (draft.ordering is not None and sentence.rest[index].text.startswith("那"))  # 触达率最高的那个月的销售额
        draft.grain = draft.grain or sentence.rest[index].value  # type: ignore[assignment]
        sentence.take(index)
        return True

    sentence.each("[DGg][&,]?m", cut)
    sentence.each("m(?=R)", cut)
    if draft.thresholds and (match := sentence.find("m(?=U)")) is not None:
        draft.grain, draft.periods = sentence.rest[match.start()].value, True  # type: ignore[assignment]
        sentence.take(match.start())  # 接通率低于九成的月份有几个
    if sentence.chinese:
        sentence.each("m(?=M)", cut)
    if draft.ordering is not None and sentence.has("m") and not sentence.has("D"):
        index = sentence.kinds.index("m")
        draft.grain, draft.periods = sentence.rest[index].value, True  # type: ignore[assignment]
        sentence.take(index)


def _latest(sentence: Sentence, match: re.Match[str]) -> bool:
    """最近一次国庆: the latest one is what a festival without a year means anyway."""
    if sentence.rest[match.start()].text not in ("最近一次", "上一次"):
        return False
    sentence.take(match.start())
    return True


def _turned(sentence: Sentence, match: re.Match[str]) -> bool:
    """Read 和昨天比 as 比昨天, unless 和 joins two of the same kind (本月和上月比)."""
    start = match.start()
    said = sentence.rest[start + 1]
    if match.group()[-1] == "z" and any(token.kind == "T" for token in sentence.rest[:start]):
        return False  # 10月…和9月对比: each beside the other
    sentence.rest[start + 2].kind = "Z"
    if start and sentence.rest[start - 1].kind == said.kind:
        return False
    sentence.rest[start + 1], sentence.rest[start + 2] = sentence.rest[start + 2], said
    sentence.take(start)
    return True


def _beside_each_other(sentence: Sentence, match: re.Match[str]) -> bool:
    """华东和华南相比，上个月…高多少: the two are compared with one another, and the time that follows is when."""
    token = sentence.rest[match.end() - 1]
    if token.text not in _BESIDE or not sentence.has("d") or sentence.has("I"):
        return False
    token.kind = "z"
    return True


_BESIDE = frozenset(("相比", "相较", "比较", "对比", "对照", "比起来", "相比较"))


def _weekdays(sentence: Sentence) -> None:
    """A weekday beside another time (上个月的周五) is a member of a dimension of weekdays, where there is one."""
    bare = [token for token in sentence.rest if token.kind == "T" and token.when is not None and token.when.bare_weekday]
    others = [token for token in sentence.rest if token.kind == "T" and token not in bare]
    for token in bare:
        members = sentence.view.lexicon.words.entries.get(_key(token), ())
        values = tuple(meaning for meaning in members if meaning.kind == "value")
        if values and (others or token.text.endswith("s") or sentence.find("[SW]") is not None):
            token.kind, token.meanings, token.when = "V", values, None


def _key(token: Token) -> tuple[str, ...]:
    text = token.text.removeprefix("on ")
    return keys(text)


def _adjacent(first: When, second: When) -> bool:
    return first.period is not None and second.period is not None and first.period.end == second.period.start


def _times(sentence: Sentence, clock: Clock) -> None:
    draft = sentence.draft
    indexes = [index for index, token in enumerate(sentence.rest) if token.kind == "T"]
    whole_year(sentence, clock, named=bool(indexes))
    if not indexes:
        _bare_versus(sentence)
        return
    whens = [(index, when) for index in indexes if (when := sentence.rest[index].when) is not None]
    same = [when for _, when in whens if when.kind == "same"]
    spans = [(index, when) for index, when in whens if when.kind in ("span", "as_of") and when.period is not None]
    to_date = [when for index, when in spans if when.to_date and sentence.rest[index].text not in _NOW_WORDS]
    if to_date:
        spans = [(index, when) for index, when in spans if sentence.rest[index].text not in _NOW_WORDS]  # 截至目前今年: the year, to date
    if any(when.kind == "vague" for _, when in whens) and not spans:
        sentence.assume("“最近”没有确切的期间，按指标的默认期间", "no definite period was said, so the metric's default period is taken")
    versus = _versus_index(sentence)
    spans = of_one_year(spans, compared=versus is not None)
    if same and (counted := same_days(sentence, clock)) is not None:
        draft.when = counted
    elif same:
        _same(sentence, same[0], spans, clock)
    elif len(spans) >= 2:
        _several(sentence, spans, versus, clock)
    elif spans:
        _single(sentence, spans[0], versus, clock)
    for token in [token for token in sentence.rest if token.kind == "T"]:
        sentence.take(sentence.rest.index(token))
    for when in [when for _, when in whens]:
        if when.note is not None:
            draft.assumptions.append(when.note)


_NOW_WORDS = frozenset(("current", "现在", "目前", "当前", "截至目前", "截止目前", "截至现在", "到目前为止", "至今为止", "迄今为止", "currently", "now", "as of now", "as of today", "to date", "right now", "at the moment"))


def _versus_index(sentence: Sentence) -> int | None:
    for index, token in enumerate(sentence.rest):
        if token.kind == "Z":
            return index
    for index, token in enumerate(sentence.rest):
        if token.kind in "zd":
            return index
    return None


def _take_versus(sentence: Sentence) -> None:
    members = sum(token.kind == "V" for token in sentence.rest)
    for kind in "Zzd":
        while sentence.has(kind) and not (members >= 2 and kind in "zd"):
            sentence.take(sentence.kinds.index(kind))


def _same(sentence: Sentence, when: When, spans: list[tuple[int, When]], clock: Clock) -> None:
    draft = sentence.draft
    compare = "previous_year" if when.shift == "year" else "previous_period"
    if spans or sentence.find("[ZzdI]") is not None:
        draft.when = spans[0][1] if spans else None
        if not spans and when.shift == "year" and any(token.text == "累计" for token in sentence.all):
            draft.when = When(period=calendar.to_date(clock.today, "year"), grain="year", to_date=True, deictic=True)  # 与去年同期累计相比
        if not spans and when.shift != "year":
            fiscal = clock.fiscal_start if when.grain == "quarter" else 1  # 与上个月同期相比: this month so far
            draft.when = When(period=calendar.to_date(clock.today, when.grain, fiscal_start=fiscal), grain=when.grain, to_date=True, deictic=True)
        draft.compare = compare  # type: ignore[assignment]
        _take_versus(sentence)
        if when.years != 1 or when.in_year is not None:
            _earlier_years(sentence, when, clock)
        return
    if when.shift == "year" and any(token.text == "累计" for token in sentence.all):
        draft.when = When(period=calendar.previous_year(calendar.to_date(clock.today, "year")), grain="year", deictic=True)  # 去年同期累计
        return
    draft.compare = "same"
    draft.base = when


def _earlier_years(sentence: Sentence, when: When, clock: Clock) -> None:
    """与前年同期相比, the same month of 2024: not the year before, so the base is named by its days."""
    draft = sentence.draft
    asked = draft.when.period if draft.when is not None else None
    if asked is None:
        draft.compare, draft.base, draft.against = "same", when, True
        return
    base = counterpart(when, asked, today=clock.today)
    if base is None:
        sentence.problem("同期" if sentence.chinese else "same period", 0.45)  # of which period was not said
        return
    draft.base, draft.compare = When(period=base, grain=draft.when.grain if draft.when is not None else "month"), None


def _several(sentence: Sentence, spans: list[tuple[int, When]], versus: int | None, clock: Clock) -> None:
    draft = sentence.draft
    (_, first), (_, second) = spans[0], spans[1]
    first = _elliptic(first, second)
    spans = [(spans[0][0], first), *spans[1:]]
    compared = versus is not None and sentence.count("V") < 2  # 近30天与前30天对比: the one before it
    if not compared and all(when.period is not None and when.period == first.period for _, when in spans):
        _single(sentence, spans[0], versus, clock)  # 今年YTD, 上个月（10月）: the same period said twice
        return
    if draft.compare in ("previous_year", "previous_period") and len(spans) == 2:
        # 10月环比上月, 今年同比去年: the base is named beside the cue, and is what the cue means
        later = first if second.period is None or (first.period is not None and first.period.start >= second.period.start) else second
        draft.when = later
        _take_versus(sentence)
        return
    if len(spans) == 2 and (versus is not None or sentence.has("I") or draft.compare == "implied"):
        assert first.period is not None and second.period is not None  # noqa: S101, PT018 (spans have periods)
        later, earlier = (first, second) if first.period.start >= second.period.start else (second, first)
        if later.period == earlier.period:
            draft.when, draft.compare = later, "previous_period"
        else:
            draft.when, draft.base = later, earlier
            if draft.grain is not None and draft.grain != "year" and earlier.grain == later.grain == "year" and later.to_date and later.period is not None and earlier.period is not None and later.period.start.year - earlier.period.start.year == 1:
                draft.base, draft.compare = None, "previous_year"  # 今年每月…跟去年对比: each month against its own of the year before
            elif versus is not None and sentence.rest[versus].kind == "Z" and _larger(earlier, later):
                # 今年3月比去年: the base names a larger unit, so the same part of it is meant
                draft.base, draft.compare = None, "previous_year" if earlier.grain == "year" else "previous_period"
        _take_versus(sentence)
        return
    if len(spans) == 2:
        inside = _inside(first, second)
        if inside is not None:
            draft.when = inside
            return
    ordered = sorted((when for _, when in spans), key=lambda when: when.period.start if when.period else date.min)
    apart = all((b == a + 1 and len(spans) > 2) or (set(sentence.kinds[a + 1 : b]) and set(sentence.kinds[a + 1 : b]) <= {"&", ",", "M"}) for (a, _), (b, _) in itertools.pairwise(spans))
    whole = not apart or all(whole_units(when) for when in ordered)
    if whole and all(_adjacent(a, b) for a, b in itertools.pairwise(ordered)) and ordered[0].period and ordered[-1].period:
        draft.when = When(period=Period(start=ordered[0].period.start, end=ordered[-1].period.end), grain=ordered[0].grain)
        draft.joined = ordered[0].grain
        draft.apart = apart
        if len(spans) > 2 and sentence.has("z"):
            draft.separate = True  # Q1、Q2、Q3对比
        return
    draft.when = first
    draft.extra_times = [when for _, when in spans[1:]]


def _elliptic(first: When, second: When) -> When:
    """2025年和2026年上半年: the first year lends its number only, the part of the year is the second's."""
    if first.grain != "year" or second.grain == "year" or first.period is None or second.period is None or first.to_date:
        return first
    years = second.period.start.year - first.period.start.year
    if years <= 0 or first.period.days < 365:
        return first
    start, last = calendar.add_months(second.period.start, -12 * years), calendar.add_months(second.period.end, -12 * years)
    return When(period=Period(start=start, end=last), grain=second.grain)


def _larger(base: When, asked: When) -> bool:
    order = ("day", "week", "month", "quarter", "year")
    return order.index(base.grain) > order.index(asked.grain) and not base.to_date


def _inside(first: When, second: When) -> When | None:
    """今年 … 截至10月底: the start of one and the end of the other; or one inside the other (2026年 … 3月)."""
    if first.period is None or second.period is None:
        return None
    if second.kind == "as_of" or first.kind == "as_of":
        until, outer = (second, first) if second.kind == "as_of" else (first, second)
        if until.period and outer.period and outer.period.start < until.period.end:
                return When(period=Period(start=outer.period.start, end=until.period.end), grain=outer.grain)
        return None
    for outer, inner in ((first, second), (second, first)):
        if outer.period and inner.period and outer.period.start <= inner.period.start and inner.period.end <= outer.period.end and outer.grain != inner.grain:
            return inner
    return None


def _single(sentence: Sentence, span: tuple[int, When], versus: int | None, clock: Clock) -> None:
    draft = sentence.draft
    index, when = span
    if when.other is not None:
        draft.extra_times = [when.other]
    first, last = when.ends if when.ends is not None else (None, None)
    if first is not None and last is not None and first.end == last.start and draft.compare in (None, "implied") and sentence.find("[zdI]") is not None:
        draft.when, draft.base = When(period=last, grain=when.grain), When(period=first, grain=when.grain)  # 10月、11月对比, 九月到十月的变化
        draft.compare = None
        _take_versus(sentence)
        return
    ranged = _RANGED.search(sentence.rest[index].text) is not None and sentence.has("D")  # 3月到6月四个门店分别: the stores, not the months
    if when.ends is not None and sentence.count("V") < 2 and not ranged:
        draft.joined = when.grain  # 7月、8月和9月分别: each of them
        draft.apart = listed(sentence.rest[index].text)
        if draft.apart and draft.compare is None and versus is None and not whole_units(when):
            draft.when, draft.extra_times = When(period=when.ends[0], grain=when.grain), [When(period=when.ends[1], grain=when.grain)]  # 上半年和下半年
            return
    ahead(sentence, sentence.rest[index], clock)
    if draft.compare == "implied" and draft.base is not None:
        draft.when = when if when is not draft.base else None
        if draft.when is not None and draft.when.period == draft.base.period:
            draft.base, draft.compare = None, "previous_period"  # 上个月比前一个月: the one before it
        return
    if versus is None or sentence.rest[versus].kind != "Z" or abs(index - versus) != 1:
        draft.when = when
        if versus is not None and sentence.rest[versus].kind == "d" and not any(t.kind == "V" for t in sentence.rest):
            draft.compare = draft.compare or "previous_period"
        return
    if index < versus:  # 本月比: the other side follows, but is no time
        draft.when = when
        return
    # 比上个月, compared with yesterday: the base is named, the period is the current unit
    current = calendar.to_date(clock.today, when.grain, fiscal_start=clock.fiscal_start if when.grain == "quarter" else 1)
    assert when.period is not None  # noqa: S101 (spans have periods)
    if when.period.start < current.start:
        draft.when = When(period=current, grain=when.grain, to_date=True, deictic=True)
        draft.base = when
        draft.lonely_base = True
    else:
        draft.when, draft.compare = when, "previous_period"
    _take_versus(sentence)


_RANGED = re.compile(r"到|至|~|-|(?<![a-z])(?:to|through|until)(?![a-z])")


def _bare_versus(sentence: Sentence) -> None:
    """对比 without two things to compare says nothing more than 变化."""
    if sentence.draft.compare in (None, "implied"):
        return
    _take_versus(sentence)


def _changes(sentence: Sentence) -> None:
    """增长了多少, how much did it change: a comparison with the period before, unless another base was said."""
    draft = sentence.draft
    for token in sentence.take_later:
        if token in sentence.rest:
            sentence.take(sentence.rest.index(token))
    if sentence.has("I") and draft.when is not None and draft.when.from_to and draft.when.ends is not None and draft.compare in (None, "implied") and draft.base is None and draft.grain is None and not draft.trend:
        first, last = draft.when.ends  # 从9月到10月的变化
        draft.when, draft.base = When(period=last, grain=draft.when.grain), When(period=first, grain=draft.when.grain)
        draft.compare = None
    together(sentence)
    contrary = opposed(sentence)
    while sentence.has("I"):
        index = sentence.kinds.index("I")
        token = sentence.rest[index]
        direction = token.value[0] if isinstance(token.value, tuple) else "any"
        every = sentence.find("GN?D") is not None and not of_rows(sentence, index)  # 各大区…下降: every region; 下降的大区: those where it fell
        filters = (draft.periods or any(other.kind in "DW" or (other.kind == "l" and other.text.endswith(("哪些", "哪几个")) and other.start >= token.end) for other in sentence.rest)) and not every and not draft.trend and restricts(sentence, index) and direction != "any"
        asks = token.text.endswith("多少") or (sentence.has("U") and not sentence.find("UN?D|DU"))
        another = unbounded(sentence, index)
        if filters and not asks and not contrary and (another is not None or not any(threshold.column in ("__change", "__growth") for threshold in draft.thresholds)):
            followed = (index + 1 < len(sentence.rest) and sentence.rest[index + 1].kind == "D") or verbal(sentence, token)
            noun = token.text in RATES and not followed
            if not noun:
                moved = another if draft.ordering is not None or draft.thresholds else None
                draft.thresholds.append(Threshold(moved, "__change", ">" if direction == "up" else "<", None, 0.0))
        stretch = draft.when is not None and draft.when.ends is not None and not draft.apart and draft.when.ends[0].end != draft.when.ends[1].start and not asks
        if stretch and direction == "any" and draft.compare in (None, "implied") and draft.base is None and draft.when is not None:
            draft.trend, draft.grain, draft.compare = True, draft.grain or draft.when.grain, None  # 1月到10月触达率的变化
        if draft.apart and draft.joined is not None and direction == "any" and draft.compare in (None, "implied") and draft.base is None:
            draft.trend, draft.grain, draft.compare = True, draft.grain or draft.joined, None  # 6月7月8月的变化
        several = draft.when is not None and draft.base is None and (draft.when.rolling or 1) > 1
        cut = draft.grain is not None and draft.base is None and not asks  # 月度变化, monthly change: each unit's own figure
        if direction == "any" and (several or cut) and draft.compare is None and draft.ordering is None:
            draft.trend = True
        if not draft.trend:
            draft.compare = draft.compare or ("implied" if draft.base is None else None)
        sentence.take(index)
    if draft.compare == "implied" and draft.base is None:
        draft.compare, draft.compared_by_default = "previous_period", True
        sentence.assume("未说明与何时相比，按上一期间（环比）", "compared with the period before, as no other base was said")
    elif draft.compare == "implied":
        draft.compare = None


def default_grain(days: int, *, monthly: bool) -> Grain:
    """Return the unit of a trend over so many days: day up to 31, week up to 120, else month; a month fact by month."""
    if monthly:
        return "month"
    return "day" if days <= 31 else "week" if days <= 120 else "month"


def trend_window(grain: Grain, clock: Clock) -> tuple[When, Grain]:
    """Return the last twelve complete units."""
    fiscal = clock.fiscal_start if grain in ("quarter", "year") else 1
    period = calendar.unit(clock.today, grain, offset=-12, count=12, fiscal_start=fiscal)
    return When(period=period, grain=grain, rolling=12, deictic=True), grain


def coarse_window(grain: Grain, clock: Clock) -> When:
    """Return what 每季度 or 每年 means without a period, where the metric's own default is shorter than one."""
    return When(period=calendar.many_units(clock.today, grain, fiscal_start=clock.fiscal_start), grain=grain, deictic=True)


__all__ = ["Token", "coarse_window", "default_grain", "periods", "trend_window"]
