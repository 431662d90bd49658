"""Numbers in a sentence: thresholds, named bounds, growth."""

from __future__ import annotations

import re
from typing import get_args

from governance.terms import Comparison
from nlq.draft import Column, Threshold
from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import CHANGE, FILLER, METRIC
from nlq.words.numbers import Number, match_number

_OPERATORS: tuple[str, ...] = get_args(Comparison)
_NEGATED: dict[str, Comparison] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
COMPARATIVES = frozenset(
    ["久", "更久", "较久", "更远", "更重", "更轻", "longer", "高", "低", "多", "少", "大", "小", "谁高", "谁多", "谁大", "谁低", "谁少", "更高", "更多", "更大", "更强", "更长", "更快", "较高", "较多", "更低", "更少", "更小", "更弱", "更短", "更慢", "较低", "较少", "更好", "更差", "更优", "好", "好的", "差", "不错", "high", "low", "higher", "larger", "bigger", "greater", "more", "lower", "smaller", "fewer", "less", "better", "worse"]
)


def number_of(token: Token) -> Number:
    assert token.number is not None  # noqa: S101 (kind N always carries one)
    return token.number


def _operator(token: Token) -> Comparison:
    value = str(token.value)
    return value if value in _OPERATORS else ">"  # type: ignore[return-value]


def named_bounds(sentence: Sentence) -> None:
    """Take 达标, 没完成指标, met target: conditions that the bundle gives a name."""
    sentence.each("!?b", lambda match: _named_bound(sentence, match))


def _named_bound(sentence: Sentence, match: re.Match[str]) -> bool:
    token = sentence.rest[match.end() - 1]
    bound = sentence.view.lexicon.bounds[int(token.ids("bound")[0])]
    named = [other for other in sentence.rest if other.kind == METRIC]
    meant = next((other for other in named if bound.metric in other.ids("metric")), None)
    if named and meant is None:
        return False  # 触达率达标: a bound on another metric, which nobody has set
    if meant is None:
        meant = Token(METRIC, token.start, token.end, token.text)
        sentence.rest.append(meant)
        sentence.all.append(meant)
    meant.meanings = (Meaning("metric", bound.metric, rank=0),)
    op = bound.op if match.group() == "b" else _OPPOSITE[bound.op]
    threshold = Threshold(meant, "", op, None, bound.value)
    if sentence.find("[DWUl]") is not None:  # 康舒平达标了吗 asks for the number, which shows it
        sentence.draft.thresholds.append(threshold)
    if not sentence.has("V") and not sentence.has("D"):
        sentence.draft.bound = threshold
    sentence.take(*range(match.start(), match.end()))
    return True


_OPPOSITE: dict[Comparison, Comparison] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}


def thresholds(sentence: Sentence) -> None:
    """Take 低于50%, 50%以上, between 10 and 20, 下降超过5%."""
    sentence.each("CT", lambda match: _numeral(sentence, match))
    sentence.each("Z[TV]MS(?=D)", lambda match: _behind(sentence, match))
    if not sentence.chinese and sentence.has("D"):
        sentence.each("SMT?Z[TV]", lambda match: _more_than(sentence, match))
    sentence.each("Z[TV]S", lambda match: _compared(sentence, match))
    sentence.each("[YQ]S", lambda match: _below_base(sentence, match))
    sentence.each("CMN", lambda match: _moved(sentence, match))
    sentence.each("B?N[~&]N", lambda match: _between(sentence, match))
    sentence.each("CNc?|Nc|C(?=[TV])", lambda match: _bound(sentence, match))


def _numeral(sentence: Sentence, match: re.Match[str]) -> bool:
    """超过2000, exceed 1999: four digits behind a comparator that are no year of these times are a number."""
    token = sentence.rest[match.end() - 1]
    if token.when is None or not token.when.bare_year or not token.text.isdigit():
        return False
    if _YEARS[0] <= int(token.text) <= _YEARS[1]:
        cue = sentence.rest[match.start()].text
        if not cue.isascii() and cue not in ("比", "较"):
            sentence.problem(cue + token.text, 0.45)  # 超过2020: a number or a year?
        return False
    number = match_number(token.text, 0, sentence.view.lexicon.units)
    found = next(iter(number), None)
    if found is None:
        return False
    token.kind, token.number, token.when = "N", found, None
    return True


_YEARS = (2010, 2035)
"""Four digits from here to there are a year; data reaches no further back, and plans no further on."""


def _behind(sentence: Sentence, match: re.Match[str]) -> bool:
    """9月比8月触达次数多的省份: the metric stands between the base and the adjective."""
    at = match.end() - 2
    if sentence.rest[at + 1].text not in COMPARATIVES:
        return False
    sentence.rest[at], sentence.rest[at + 1] = sentence.rest[at + 1], sentence.rest[at]
    return True


def _more_than(sentence: Sentence, match: re.Match[str]) -> bool:
    """Regions with more touches than East: a bound that is another member or period."""
    at, versus = match.start(), sentence.rest[match.end() - 2]
    adjective = sentence.rest[at]
    if adjective.text not in COMPARATIVES:
        return False
    versus.kind, versus.meanings = "C", (Meaning("cue", "C", "<" if str(adjective.value) in ("asc", "worst") else ">"),)
    sentence.take(at)
    return True


def _compared(sentence: Sentence, match: re.Match[str]) -> bool:
    """比上个月少, 比华东高: beside a dimension a bound on the change, else the difference itself."""
    at = match.start()
    versus, other, adjective = sentence.rest[at : at + 3]
    if adjective.text not in COMPARATIVES:
        return False
    following = sentence.rest[at + 3] if at + 3 < len(sentence.rest) else None
    beside = other.kind == "V" and following is not None and following.kind == "D" and bool(set(sentence.dimension_of(following)) & set(sentence.dimension_of(other)))
    listed = sentence.has("W") or (sentence.has("D") and other.kind == "T") or beside  # 触达率比华东低的大区
    if not listed:
        adjective.kind = "d"
        return True
    sentence.rest[at + 1], sentence.rest[at + 2] = adjective, other
    judged = str(adjective.value) in ("best", "worst")
    fewer = (str(adjective.value) == "worst") != sentence.worse_higher(sentence.nearest_metric(at)) if judged else str(adjective.value) == "asc"
    versus.kind, versus.meanings = "C", (Meaning("cue", "C", "<" if fewer else ">"),)
    sentence.take(at + 1)
    return True


def _below_base(sentence: Sentence, match: re.Match[str]) -> bool:
    """比去年同期低的产品: a bound on the change, where rows are asked for."""
    adjective = sentence.rest[match.start() + 1]
    if adjective.text not in COMPARATIVES or not (sentence.has("D") or sentence.has("W")):
        return False
    judged = str(adjective.value) in ("best", "worst")
    fewer = (str(adjective.value) == "worst") != sentence.worse_higher(sentence.nearest_metric(match.start())) if judged else str(adjective.value) == "asc"
    sign: Comparison = "<" if fewer else ">"
    sentence.draft.thresholds.append(Threshold(None, "__change", sign, None, 0.0))
    sentence.take(match.start() + 1)
    return True


def _moved(sentence: Sentence, match: re.Match[str]) -> bool:
    """至少触达500个医生: the metric's name stands inside its bound."""
    at = match.start()
    sentence.rest[at], sentence.rest[at + 1] = sentence.rest[at + 1], sentence.rest[at]
    return True


def _between(sentence: Sentence, match: re.Match[str]) -> bool:
    start, end = match.span()
    opened = sentence.rest[start].kind == "B"
    low, high = sentence.rest[end - 3], sentence.rest[end - 1]
    joined = sentence.rest[end - 2]
    if joined.kind == "&" and not opened:
        return False
    a, b = number_of(low), number_of(high)
    first = a.value
    if b.said != "plain" and a.said == "plain":
        first = a.value / 100  # 50到60%
    elif (bare := re.fullmatch(r"\d+(?:\.\d+)?", low.text)) and (scaled := re.match(r"\d+(?:\.\d+)?", high.text)) and float(scaled.group()) > 0:
        scale = b.value / float(scaled.group())
        if bare and scale >= 100 and a.value * scale < b.value and number_of(high).seconds is None:
            first = a.value * scale  # between 10 and 20 million
    if first > b.value:
        return False
    metric, column, negative = _column(sentence, start, end)
    for op, value, token in ((">=", first, low), ("<=", b.value, high)):
        sentence.draft.thresholds.append(Threshold(metric, column, op, token, value, negative))  # type: ignore[arg-type]
    sentence.take(*range(start, end))
    return True


def _bound(sentence: Sentence, match: re.Match[str]) -> bool:
    start, end = match.span()
    first = sentence.rest[start]
    if end - start == 1:
        return _against(sentence, start)
    number = next(token for token in sentence.rest[start:end] if token.kind == "N")
    if first.kind == "C" and first.also_filler:  # 过千万, but 打开过两次
        if sentence.rest[end - 1].kind == "c":
            first = number
        elif not first.text.isascii() and number_of(number).said == "plain" and number_of(number).value < _MUCH and number_of(number).seconds is None:
            return False
    op = _operator(first) if first.kind == "C" else _operator(sentence.rest[end - 1])
    following = sentence.rest[end] if end < len(sentence.rest) else None
    last = sentence.rest[end - 1]
    if following is not None and following.kind == "D" and _counts_members(number, last, following, sentence):
        sentence.problem(number.text + following.text, 0.5)  # 两个以上渠道: a bound on members, which is no metric's
    metric, column, negative = _column(sentence, start, end)
    value = number_of(number).value
    if first.text in _JUDGED and sentence.worse_higher(metric):
        op = _NEGATED[op]
    if negative:
        op, value = _NEGATED[op], -value
    bounded: list[Token | None] = [*_coordinated(sentence, start)] or [metric]
    sentence.draft.thresholds += [Threshold(each, column, op, number, value, negative) for each in bounded]
    sentence.take(*range(start, end))
    return True


def _counts_members(number: Token, last: Token, name: Token, sentence: Sentence) -> bool:
    counted = number_of(number)
    adjoining = name.start - last.end <= (0 if sentence.chinese else 1)
    return adjoining and counted.said == "plain" and (counted.classifier in ("个", "种", "家", "类", "款") or not sentence.chinese)


def _coordinated(sentence: Sentence, start: int) -> list[Token]:
    """Return the metrics that share one bound: 触达率和打开率都低于30%."""
    found: list[Token] = []
    at = start - 1
    bounded = [threshold.metric for threshold in sentence.draft.thresholds]
    while at >= 0 and sentence.rest[at].kind == METRIC and not any(sentence.rest[at] is metric for metric in bounded):
        found.insert(0, sentence.rest[at])
        if at < 2 or sentence.rest[at - 1].kind != "&":
            break
        at -= 2
    return found if len(found) > 1 else []


def _against(sentence: Sentence, index: int) -> bool:
    """高于华东, higher than last month: a bound that is another member or period, that is, a comparison."""
    other = sentence.rest[index + 1]
    if sentence.rest[index].also_filler:
        return False
    sign: Comparison = "<" if str(sentence.rest[index].value).startswith("<") else ">"
    metric = sentence.nearest_metric(index)
    if sentence.rest[index].text in _JUDGED and sentence.worse_higher(metric):
        sign = _NEGATED[sign]
    if other.kind == "T" and other.when is not None:
        if not any(token.kind in "DW" for token in sentence.rest):
            sentence.rest[index].kind = "Z"
            return False
        sentence.draft.base = other.when
        sentence.draft.compare = "implied"
    elif other.kind == "V":
        if not any(token.kind == "D" and set(sentence.dimension_of(token)) & set(sentence.dimension_of(other)) for token in sentence.rest):
            sentence.rest[index].kind = "Z"
            sentence.draft.lists = sentence.draft.lists or not sentence.chinese
            return False
        sentence.draft.compare, sentence.draft.base_member = "member", other
    sentence.draft.thresholds.append(Threshold(metric, "__change", sign, None, 0.0))
    sentence.take(index, index + 1)
    return True


def _column(sentence: Sentence, start: int, end: int) -> tuple[Token | None, Column, bool]:
    """Return (metric, column, whether a fall was meant) of a bound that stands at tokens start…end."""
    near = [*range(start - 1, max(-1, start - 4), -1), *range(end, min(len(sentence.rest), end + 2))]
    metric = sentence.nearest_metric(start)
    if not sentence.chinese and end < len(sentence.rest) and sentence.rest[end].kind == METRIC and "CNM&" in "".join(token.kind for token in sentence.all if token.kind != FILLER):
        metric = sentence.rest[end]  # more than 500 visits and fewer than 3 touches
    number = next((token for token in sentence.rest[start:end] if token.kind == "N"), None)
    points = number is not None and number_of(number).said == "points"
    for index in near:
        kind = sentence.rest[index].kind
        if index < start and kind == METRIC and not sentence.chinese and index and sentence.rest[index - 1].kind == CHANGE:
            continue  # which grew revenue by more than 5%: the bound is on the change that was named before the metric
        if index < start and kind in "MVDTN,":
            break
        if kind == CHANGE:
            direction, _ = change_of(sentence.rest[index])
            absolute = points or (number is not None and number_of(number).said == "plain")
            rate = sentence.rest[index].text.endswith(_RATE_ENDINGS)
            column: Column = "__change" if absolute and not (rate and not points) else "__growth"
            sentence.draft.compare = sentence.draft.compare or "implied"
            sentence.take_later.append(sentence.rest[index])
            return metric, column, direction == "down"
        if kind in "Hh":
            sentence.draft.share = True
            sentence.rest[index].used = True
            return metric, "__share", False
        if kind in "YQ":
            return metric, "__change" if points else "__growth", False
    return metric, "", False


_JUDGED = frozenset(("worse than", "better than", "好于", "差于", "优于", "不如", "强于", "弱于", "逊于", "胜过", "逊色于"))
"""Comparators that say which side is better, not which is more."""
_MUCH = 100
"""过百, 破万: a bound; 过两次: only the past."""
_RATE_ENDINGS = ("率", "速", "幅", "幅度", "速度", "比例", "rate")


def change_of(token: Token) -> tuple[str, str]:
    value = token.value
    return (str(value[0]), str(value[1])) if isinstance(value, tuple) else ("any", "change")


__all__ = ["COMPARATIVES", "change_of", "named_bounds", "number_of", "thresholds"]
