"""Numbers in a sentence: thresholds, top and bottom N, superlatives, rankings, growth."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

from governance.terms import Comparison
from nlq.draft import Column, Direction, Ordering, Threshold
from nlq.entries import Meaning
from nlq.matching import Token
from nlq.numbers import Number
from nlq.sentence import Sentence
from nlq.words import CHANGE, METRIC

_OPERATORS: tuple[str, ...] = get_args(Comparison)
_DIRECTIONS: dict[str, Direction] = {"asc": "asc", "desc": "desc", "best": "best", "worst": "worst"}
_NEGATED: dict[str, Comparison] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
COMPARATIVES = frozenset(
    ["高", "低", "多", "少", "大", "小", "谁高", "谁多", "谁大", "谁低", "谁少", "更高", "更多", "更大", "更强", "更长", "更快", "较高", "较多", "更低", "更少", "更小", "更弱", "更短", "更慢", "较低", "较少", "更好", "更差", "更优", "higher", "larger", "bigger", "greater", "more", "lower", "smaller", "fewer", "less", "better", "worse"]
)


def _number(token: Token) -> Number:
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
    if sentence.find("[DWU]") is not None:  # 康舒平达标了吗 asks for the number, which shows it
        sentence.draft.thresholds.append(Threshold(meant, "", op, None, bound.value))
    sentence.take(*range(match.start(), match.end()))
    return True


_OPPOSITE: dict[Comparison, Comparison] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}


def thresholds(sentence: Sentence) -> None:
    """Take 低于50%, 50%以上, between 10 and 20, 下降超过5%."""
    sentence.each("Z[TV]S", lambda match: _compared(sentence, match))
    sentence.each("[YQ]S", lambda match: _below_base(sentence, match))
    sentence.each("CMN", lambda match: _moved(sentence, match))
    sentence.each("B?N[~&]N", lambda match: _between(sentence, match))
    sentence.each("CNc?|Nc|C(?=[TV])", lambda match: _bound(sentence, match))


def _compared(sentence: Sentence, match: re.Match[str]) -> bool:
    """比上个月少, 比华东高: beside a dimension a bound on the change, else the difference itself."""
    at = match.start()
    versus, other, adjective = sentence.rest[at : at + 3]
    if adjective.text not in COMPARATIVES:
        return False
    listed = sentence.has("W") or (sentence.has("D") and other.kind == "T")
    if not listed:
        adjective.kind = "d"
        return True
    sentence.rest[at + 1], sentence.rest[at + 2] = adjective, other
    fewer = str(adjective.value) == "asc"
    versus.kind, versus.meanings = "C", (Meaning("cue", "C", "<" if fewer else ">"),)
    sentence.take(at + 1)
    return True


def _below_base(sentence: Sentence, match: re.Match[str]) -> bool:
    """比去年同期低的产品: a bound on the change, where rows are asked for."""
    adjective = sentence.rest[match.start() + 1]
    if adjective.text not in COMPARATIVES or not (sentence.has("D") or sentence.has("W")):
        return False
    sign: Comparison = "<" if str(adjective.value) == "asc" else ">"
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
    a, b = _number(low), _number(high)
    first = a.value
    if b.said != "plain" and a.said == "plain":
        first = a.value / 100  # 50到60%
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
        elif _number(number).said == "plain" and _number(number).value < _MUCH:
            return False
    op = _operator(first) if first.kind == "C" else _operator(sentence.rest[end - 1])
    following = sentence.rest[end] if end < len(sentence.rest) else None
    last = sentence.rest[end - 1]
    if following is not None and following.kind == "D" and _counts_members(number, last, following, sentence):
        sentence.problem(number.text + following.text, 0.5)  # 两个以上渠道: a bound on members, which is no metric's
    metric, column, negative = _column(sentence, start, end)
    value = _number(number).value
    if negative:
        op, value = _NEGATED[op], -value
    bounded: list[Token | None] = [*_coordinated(sentence, start)] or [metric]
    sentence.draft.thresholds += [Threshold(each, column, op, number, value, negative) for each in bounded]
    sentence.take(*range(start, end))
    return True


def _counts_members(number: Token, last: Token, name: Token, sentence: Sentence) -> bool:
    counted = _number(number)
    adjoining = name.start - last.end <= (0 if sentence.chinese else 1)
    return adjoining and counted.said == "plain" and (counted.classifier in ("个", "种", "家", "类", "款") or not sentence.chinese)


def _coordinated(sentence: Sentence, start: int) -> list[Token]:
    """Return the metrics that share one bound: 触达率和打开率都低于30%."""
    found: list[Token] = []
    at = start - 1
    while at >= 0 and sentence.rest[at].kind == METRIC:
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
    number = next((token for token in sentence.rest[start:end] if token.kind == "N"), None)
    points = number is not None and _number(number).said == "points"
    for index in near:
        kind = sentence.rest[index].kind
        if index < start and kind in "MVDTN,":
            break
        if kind == CHANGE:
            direction, _ = _change(sentence.rest[index])
            absolute = points or (number is not None and _number(number).said == "plain")
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


_MUCH = 100
"""过百, 破万: a bound; 过两次: only the past."""
_RATE_ENDINGS = ("率", "速", "幅", "幅度", "速度", "比例", "rate")


def _change(token: Token) -> tuple[str, str]:
    value = token.value
    return (str(value[0]), str(value[1])) if isinstance(value, tuple) else ("any", "change")


def orderings(sentence: Sentence) -> None:
    """Take 前10, top 5, 最高的3个, ranked, 从高到低, 增长最快; what they rank by is the metric nearest by."""
    draft = sentence.draft
    ordering: Ordering | None = None

    def start() -> Ordering:
        nonlocal ordering
        ordering = ordering or Ordering(metric=None)
        return ordering

    by_metric(sentence, start)
    if match := sentence.find("K?P#?N|S?PN"):
        index = match.end() - 1
        start().limit = int(_number(sentence.rest[index]).value)
        start().metric = start().metric or sentence.nearest_metric(match.start(), before_first=sentence.chinese)
        superlative = match.group()[0] == "S"
        if superlative:
            start().direction = _DIRECTIONS[str(sentence.rest[match.start()].value)]
        sentence.take(*range(match.start(), match.end()))
    elif match := sentence.find("S?K?p#?N"):
        start().limit = int(_number(sentence.rest[match.end() - 1]).value)
        start().direction = "asc"
        sentence.take(*range(match.start(), match.end()))
    elif match := sentence.find("#N"):
        _ordinal(sentence, start(), match.start())
    if match := sentence.find("S"):
        _superlative(sentence, start, match.start())
    if match := sentence.find("s"):
        start().direction = _DIRECTIONS[str(sentence.rest[match.start()].value)]
        sentence.take(match.start())
    if match := sentence.find("P(?=[MDWS])"):
        token = sentence.rest[match.start()]
        following = next((t for t in sentence.rest[match.start() :] if t.kind == "D"), None)
        if not sentence.chinese and following is not None and "first" not in token.text:
            start().limit = start().limit or (None if following.text.endswith("s") else 1)
            sentence.take(match.start())
    if sentence.has("K"):
        index = sentence.kinds.index("K")
        start().metric = start().metric or sentence.nearest_metric(index)
        if not (sentence.count("V") == 1 and not sentence.has("D") and not sentence.has("W") and start().limit is None and not draft.periods):
            sentence.take(index)
        else:
            draft.rank_of = True
            sentence.take(index)
    if sentence.has("k"):
        draft.rank_of = True
        index = sentence.kinds.index("k")
        start().metric = start().metric or sentence.nearest_metric(index)
        sentence.take(index)
    draft.ordering = ordering


def by_metric(sentence: Sentence, start: Callable[[], Ordering]) -> None:
    """`by doctors reached`, 按触达率: a metric after `by` orders when something is ranked."""
    match = sentence.find("[GK]M")
    if match is None:
        return
    ranks = sentence.find("[PpSsKk]") is not None and sentence.rest[match.start()].text not in ("per", "each", "every")
    group = sentence.rest[match.start()]
    following = sentence.rest[match.end()] if match.end() < len(sentence.rest) else None
    if following is not None and following.kind == CHANGE and ranks:  # top 5 by revenue growth
        direction, sort = _change(following)
        start().column = "__growth" if sort == "growth" else "__change"
        start().direction = "asc" if direction == "down" else start().direction
        sentence.draft.compare = sentence.draft.compare or "implied"
        sentence.take_later.append(following)
    if group.kind == "G":
        bare = sentence.has("D") and sentence.find("GN?D") is None and group.text in ("by", "按", "按照", "依")
        if ranks or bare:  # provinces by reach rate: in its order
            start().metric = sentence.rest[match.start() + 1]
            sentence.take(match.start())
        elif match.start() and METRIC in sentence.kinds[: match.start()] and not sentence.chinese and group.text != "by":
            sentence.problem(f"{group.text} {sentence.rest[match.start() + 1].text}", 0.5)  # spend per touch: a ratio of two metrics
        return
    start().metric = sentence.rest[match.start() + 1]


def _ordinal(sentence: Sentence, ordering: Ordering, index: int) -> None:
    place = int(_number(sentence.rest[index + 1]).value)
    if place != 1:
        sentence.problem(sentence.rest[index].text + sentence.rest[index + 1].text, 0.5)
    ordering.limit = place
    sentence.take(index, index + 1)


def _superlative(sentence: Sentence, start: Callable[[], Ordering], index: int) -> None:
    token = sentence.rest[index]
    comparative = token.text in COMPARATIVES
    if index and sentence.rest[index - 1].kind == "R" and not comparative:
        sentence.problem(sentence.rest[index - 1].text + token.text, 0.45)  # 波动最大: no metric says how much one swings
    values = sentence.count("V")
    chosen = sentence.has("W") or values >= 2 or sentence.has("w") or token.text.startswith("谁")
    if comparative and not chosen:
        if sentence.has("d") or sentence.has("Z"):
            sentence.take(index)
            return
        if not sentence.has("D"):
            sentence.take(index)  # 有没有更高: nothing that could be ranked
            sentence.problem(token.text, 0.4)
            return
        sentence.assume(f"“{token.text}”没有界限，按大小排列", f"'{token.text}' gives no bound: ranked instead")
    ordering = start()
    asked = _DIRECTIONS[str(token.value)]
    change = next((i for i in (index - 1, index + 1) if 0 <= i < len(sentence.rest) and sentence.rest[i].kind == CHANGE), None)
    if ordering.direction == "desc" or asked != "desc":
        ordering.direction = asked
    nearest = sentence.nearest_metric(index, before_first=sentence.chinese)
    if ordering.metric is not None and nearest is not None and nearest is not ordering.metric and sentence.draft.compare is None and ordering.limit:
        sentence.problem(token.text, 0.45)  # 触达最多的10个城市中打开率最低的: one ranking inside another
    if ordering.metric is None:
        ordering.metric = sentence.nearest_metric(index, before_first=sentence.chinese)
    taken = [index]
    if change is not None:
        direction, sort = _change(sentence.rest[change])
        fast = sort == "growth" or token.text in ("最快", "fastest", "最猛")
        ordering.column = "__growth" if fast else "__change"
        if direction == "down" and asked == "desc":
            ordering.direction = "asc"
        sentence.draft.compare = sentence.draft.compare or "implied"
        taken.append(change)
    neighbour = _number_beside(sentence, index)
    if neighbour is not None:
        ordering.limit = int(_number(sentence.rest[neighbour]).value)
        taken.append(neighbour)
    elif ordering.limit is None and (chosen or not comparative):
        ordering.limit = 1
    sentence.take(*taken)


def _number_beside(sentence: Sentence, index: int) -> int | None:
    """Return the number that says how many: 最高的3个, 3 regions with the highest, 哪两个大区…最高."""
    for at in (index + 1, index - 1):
        if 0 <= at < len(sentence.rest) and sentence.rest[at].kind == "N" and _is_count(sentence.rest[at]):
            return at
    for at, token in enumerate(sentence.rest):
        following = sentence.rest[at + 1].kind if at + 1 < len(sentence.rest) else ""
        if token.kind == "N" and following in ("D", "n") and _is_count(token):
            return at
    return None


def _is_count(token: Token) -> bool:
    number = _number(token)
    return number.said == "plain" and number.value == int(number.value) and 1 <= number.value <= 1000


__all__ = ["METRIC", "orderings", "thresholds"]
