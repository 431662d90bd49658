"""Changes that restrict the rows: 销售额增长的产品，按销售额排; 费用涨了但触达次数降了的大区. Whether a word of change is a verb, and of which metric."""

from __future__ import annotations

from nlq.draft import Threshold
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import FILLER, METRIC, UNKNOWN

RATES = frozenset(["增长率", "增幅", "增速", "涨幅", "增长幅度", "增长速度", "增长比例", "降幅", "跌幅", "降低率", "下降率", "下降幅度", "增长情况", "增量", "增长额", "增加额", "增长量", "增加量", "提升幅度", "增长"])
"""Words of change that are nouns unless something says otherwise."""
_ASK = 0.5
_YET = frozenset(("却", "但", "但是", "可是", "而", "反而", "可", "倒", "but", "yet", "while", "though", "whereas"))
_RELATIVE = frozenset(("where", "whose", "that", "which"))
_DOING = frozenset(("在", "正在", "还在", "仍在", "都在", "一直在", "有", "有所", "出现", "实现", "保持", "持续", "呈", "呈现"))


def _direction(change: Token) -> str:
    return str(change.value[0]) if isinstance(change.value, tuple) else "any"


def together(sentence: Sentence) -> None:
    """费用涨了但触达次数降了的大区, 销售额和费用都下降的产品: each metric's own change is a bound; joined by `or` they have no form."""
    for token in [token for token in sentence.rest if token.text in _YET and token.kind == UNKNOWN]:
        if sentence.find("I.*M[YQTu]*I") is not None:
            sentence.take(sentence.rest.index(token))
            token.kind = FILLER
    if sentence.find("[DW]|[^l]*l$") is None or sentence.find("GN?D") is not None:
        return
    if (match := sentence.find("M(?:[&,]M)+[YQ]?I")) is not None and sentence.count("I") == 1:
        tokens = sentence.rest[match.start() : match.end()]
        metrics = [token for token in tokens if token.kind == METRIC]
        changes = [tokens[-1]] * len(metrics)
        if not any(token.text in ("都", "均", "同时", "both", "all") for token in sentence.all if metrics[-1].end <= token.start and token.end <= changes[0].start):
            return
    elif (match := sentence.find("M[YQT]*I[&,|YQ]*M[YQT]*I")) is not None:
        tokens = sentence.rest[match.start() : match.end()]
        metrics, changes = [token for token in tokens if token.kind == METRIC], [token for token in tokens if token.kind == "I"]
    else:
        return
    if len({token.ids("metric") for token in metrics}) < len(metrics) or any(_direction(change) == "any" or change.text.endswith("多少") for change in changes):
        return
    if any(token.kind == "|" for token in tokens):
        sentence.problem(next(token.text for token in tokens if token.kind == "|"), _ASK)
    for metric, change in zip(metrics, changes, strict=True):
        sentence.draft.thresholds.append(Threshold(metric, "__change", ">" if _direction(change) == "up" else "<", None, 0.0))
        metric.listed = True
    sentence.draft.compare = sentence.draft.compare or ("implied" if sentence.draft.base is None else None)
    sentence.take(*{sentence.rest.index(change) for change in changes})


def unbounded(sentence: Sentence, index: int) -> Token | None:
    """The metric right before a change, where others are bounded already but not this one: 触达次数增长超过10%且打开率下降的渠道."""
    metric = sentence.rest[index - 1] if index else None
    bounded = [threshold.metric for threshold in sentence.draft.thresholds]
    return metric if metric is not None and metric.kind == METRIC and not any(each is metric for each in bounded) and None not in bounded else None


def opposed(sentence: Sentence) -> bool:
    """Whether both ways are asked for: 哪些增长，哪些下降."""
    return {"up", "down"} <= {_direction(token) for token in sentence.rest if token.kind == "I" and not token.text.startswith(_NOUNS)}


_NOUNS = ("growth", "rate of growth", "percentage growth", "increase in", "decrease in", "drop in", "decline in", "change")
"""Revenue growth by region, only those that fell: the noun asks for the change, the verb for which way it goes."""


def of_rows(sentence: Sentence, index: int) -> bool:
    """Whether a change says which rows are asked for, though each is cut: by region, which regions fell; only the ones that fell; 各大区…，只看下降的."""
    change = sentence.rest[index]
    before = [token for token in sentence.all if token.end <= change.start]
    if not before or sentence.chinese != (not change.text.isascii()):
        return False
    if change.text.isascii():
        if before[-1].text in ("that", "which", "who"):
            return True
        if len(before) > 1 and before[-1].kind == "D" and before[-2].kind == "W":
            return True
        after = next((token.text for token in sentence.all if token.start >= change.end), "")
        return before[-1].text in ("ones", "those", "only") or after == "ones"
    return before[-1].kind == "O" or (before[-1].kind == "W" and before[-1].text.startswith(("哪些", "哪几")))


def restricts(sentence: Sentence, index: int) -> bool:
    """Whether a change that was said restricts the rows, though they may be ranked: 销售额增长的产品，按销售额排; regions where touches fell, sorted by touches."""
    ordering, change = sentence.draft.ordering, sentence.rest[index]
    if ordering is None:
        return True
    if ordering.column != "":
        return False
    if not sentence.chinese:
        return any(token.text in _RELATIVE and token.end <= change.start for token in sentence.all)
    if verbal(sentence, change) and sentence.rest[index + 1 : index + 2] and sentence.rest[index + 1].kind == ",":
        return True
    following = next((token for token in sentence.rest[index + 1 :] if token.kind not in "YQT"), None)
    between = [token.text for token in sentence.all if following is not None and change.end <= token.start and token.end <= following.start]
    return following is not None and following.kind == "D" and "的" in (*between[:1], change.text[-1:])


def verbal(sentence: Sentence, change: Token) -> bool:
    """哪些产品销售额在增长, 哪些产品的销量增长: where it is asked which do, the word is a verb."""
    if not sentence.chinese or not any(token.kind == "W" and token.text.startswith(("哪些", "哪几")) for token in sentence.all):
        return False
    before = [token for token in sentence.all if token.end <= change.start]
    after = [token for token in sentence.all if token.start >= change.end]
    return bool(before) and (before[-1].text in _DOING or before[-1].kind == METRIC) and (not after or after[0].kind == "," or after[0].text in ("呢", "的", "了"))


__all__ = ["RATES", "of_rows", "opposed", "restricts", "together", "unbounded", "verbal"]
