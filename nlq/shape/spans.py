"""Which stretch of time is meant where its words say less, or more, than a stretch: 全年, 去年11月同期, 9月和10月, 周一到周五."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from governance import calendar
from governance.terms import Period
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.times import Clock, When
from nlq.words.grammar import FILLER, METRIC, NOUN, TIME

_WHOLE = frozenset(("全年", "整年", "全年度", "整年度", "一整年"))
_JOINED = re.compile(r"[、,和与跟及&]|(?<![a-z])and(?![a-z])")
_STRETCH = re.compile(r"到|至|~|-|—|(?<![a-z])(?:to|through|until|between|from)(?![a-z])|介于|[两二三四五六\d]个(?:月|季度|季|周|星期|天)$")
_BESIDE = re.compile(r"(?:\d{2,4}年|[今去前]年)?(?:(?:(?:1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月份?){2,}|(?:第?[一二三四]季度?){2,}|(?:q[1-4]){2,})")
"""8月9月10月: one by one, with nothing between them."""
_PLANNED = re.compile(r"计划|目标|指标|预算|任务|配额")
_RUNNING = re.compile(r"ytd|year to date|年初|今年|本年|当年|累计", re.IGNORECASE)
_WEEKDAYS = re.compile(r"^(?:周|星期|礼拜)[一二三四五六日天].{1,2}(?:周|星期|礼拜)?[一二三四五六日天]$")


def listed(text: str) -> bool:
    """Return whether an expression names periods one by one (9月和10月), and not the stretch from one to the other or so many of them."""
    return _BESIDE.fullmatch(text) is not None or (_JOINED.search(text) is not None and _STRETCH.search(text) is None)


def whole_units(when: When) -> bool:
    """Return whether both ends of several periods are units that rows can be cut by, or one still running: a half year is none."""
    ends = when.ends if when.ends is not None else (when.period,)
    return all(end is not None and calendar.unit_start(end.start, when.grain) == end.start and end.days <= calendar.unit(end.start, when.grain).days for end in ends)


def whole_year(sentence: Sentence, clock: Clock, *, named: bool) -> None:
    """Take 全年 and 年度, where no other time is `named`, as this year so far."""
    draft, infos = sentence.draft, sentence.view.lexicon.metrics
    metrics = [token for token in sentence.rest if token.kind == METRIC]
    running = [token for token in metrics if _RUNNING.search(token.text) and all(name in infos and infos[name].running for name in token.ids("metric"))]
    if running and not named and len(metrics) > len(running) and draft.compare is None and not draft.trend:
        draft.when = When(period=calendar.to_date(clock.today, "year"), grain="year", to_date=True, deictic=True)  # YTD revenue and ROI: both of them
        sentence.assume(f"“{running[0].text}”旁边的指标也按今年至今", f"the others beside '{running[0].text}' are of this year to date, too")
        return
    said = next((token.text for token in sentence.all if token.kind == FILLER and token.text in _WHOLE), "年度" if draft.whole_year else "")
    if not said or named or sentence.find(f"[{METRIC}{NOUN}]") is None:
        return
    if metrics and all(name in infos and not infos[name].ratio and _PLANNED.search(infos[name].label.zh) for token in metrics for name in token.ids("metric")):
        draft.when = When(period=calendar.unit(clock.today, "year"), grain="year", deictic=True)  # 全年销售指标: plans reach to its end
        return
    draft.when = When(period=calendar.to_date(clock.today, "year"), grain="year", to_date=True, deictic=True)
    sentence.assume(f"“{said}”按今年至今理解", "the year is taken as this one, to date")


def same_days(sentence: Sentence, clock: Clock) -> When | None:
    """Return the period that 去年11月同期 names: that month, up to the same day where this year's is still running; None where 同期 compares."""
    if sentence.find("[ZzdI]") is not None or sentence.draft.compare is not None:
        return None
    said = [token for token in sentence.rest if token.kind == TIME]
    for token, same in itertools.pairwise(said):
        when = token.when
        if same.text != "同期" or when is None or when.period is None or when.kind != "span" or same.start - token.end > 1:
            continue
        years = clock.today.year - when.period.start.year
        if years <= 0 or len(said) != len(("period", "same")):
            return None
        end = when.period.end
        if calendar.add_months(end, 12 * years) > clock.tomorrow > calendar.add_months(when.period.start, 12 * years):
            end = calendar.add_months(clock.tomorrow, -12 * years)
        return When(period=Period(start=when.period.start, end=end), grain=when.grain)
    return None


def of_one_year(spans: list[tuple[int, When]], *, compared: bool) -> list[tuple[int, When]]:
    """Give a year that is said once to every period beside it that lacks one: 去年上半年和下半年, 去年的销售额，上半年跟下半年比."""
    years = [when for _, when in spans if when.grain == "year" and not when.to_date and when.rolling is None and when.period is not None and when.period == calendar.unit(when.period.start, "year")]
    lacking = [when for _, when in spans if when.lacks == "year" and when.grain != "year"]
    both = len(lacking) > 1 or any(when.ends is not None and listed_ends(when) for when in lacking)
    if len(years) == 1 and both and len(lacking) == len(spans) - 1 and years[0].period is not None:
        year = years[0].period.start.year
        return [(index, _in_year(when, year)) for index, when in spans if when is not years[0]]
    found: list[tuple[int, When]] = []
    for index, when in spans:
        before = found[-1][1] if found else None
        if before is not None and before.period is not None and not before.lacks and before.grain == when.grain and when.lacks == "year" and before.grain != "year" and when.period is not None:
            moved = _in_year(when, before.period.start.year)
            if compared or (moved.period is not None and moved.period.start > before.period.start):
                found.append((index, moved))
                continue
        found.append((index, when))
    return found


def listed_ends(when: When) -> bool:
    """Whether a stretch has two ends that are units one after the other: 上半年和下半年."""
    return when.ends is not None and when.ends[0] != when.ends[1]


def _in_year(when: When, year: int) -> When:
    if when.period is None:
        return when
    months = 12 * (year - when.period.start.year)

    def moved(period: Period) -> Period:
        return Period(start=calendar.add_months(period.start, months), end=calendar.add_months(period.end, months))

    return replace(when, period=moved(when.period), ends=(moved(when.ends[0]), moved(when.ends[1])) if when.ends is not None else None, lacks="", to_date=False)


def ahead(sentence: Sentence, token: Token, clock: Clock) -> None:
    """周一到周五每天: weekdays of no week in particular, which would otherwise be those of this one, days to come and all."""
    when = token.when
    if when is not None and when.period is not None and when.period.end > clock.tomorrow and _WEEKDAYS.match(token.text):
        sentence.problem(token.text, 0.5)


__all__ = ["ahead", "listed", "listed_ends", "of_one_year", "same_days", "whole_units", "whole_year"]
