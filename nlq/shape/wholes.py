"""What no query can say, and is asked back: a share compared with another share, how often each person was, a move from one member to the next, shares inside each group."""

from __future__ import annotations

import re

from nlq.sentence import Sentence
from nlq.words.grammar import COMMA, DIMENSION, EXPLAIN, METRIC, NOUN, VALUE

_ASK = 0.5
_OFTEN = re.compile(r"[\d一二两三四五六七八九十几多](?:次|回|遍|趟)(?:及|或|或者)?(?:以上|以下|以内|更多)?的(?P<n>.{1,6})")
_MOVED = re.compile(r"从.{1,8}?(?:走|变|转|升|进阶|发展|转化|过渡|提升|转变)(?:到|成|为)")
_ONLY = re.compile(r"(?:是不是|是否|难道).{0,4}(?:只有|仅有|就只有|唯独)|(?:只有|仅有|唯独)[^,，]{1,12}(?:吗|么)[?？]?$")
_INSIDE = re.compile(r"各[^各]{1,4}(?:内部|内|里面?|当中|中)的?(?:各|每)")
_DIFFER = re.compile("区别|有什么不同|有何不同|有什么差别|有什么差异|差在哪")
_ASKS = ("有多少", "多少", "有几", "占", "人", "有哪些", "数")


def wholes(sentence: Sentence, text: str) -> None:
    """Note each of them; take 销售总额 as a total, and the difference of two metrics as their definitions."""
    _share_compared(sentence)
    if sentence.chinese:
        _how_often(sentence, text)
        _said(sentence, text)
        _counted_beside(sentence)
        _defined(sentence, text)
        _total(sentence)


def _share_compared(sentence: Sentence) -> None:
    match = sentence.find("H,?T?(?:[zd]|Z|[YQ]I)|H,T[Z&]T")
    if match is not None and not sentence.has("h"):
        sentence.problem(sentence.rest[match.start()].text, _ASK)


def _how_often(sentence: Sentence, text: str) -> None:
    """被拜访两次以上的有多少: a bound on each person, where rows are no persons."""
    match = _OFTEN.search(text)
    if match is None or not sentence.draft.thresholds:
        return
    dimensions = sentence.view.lexicon.dimensions
    persons = [info for info in dimensions.values() if info.person and info.id not in sentence.view.dimensions]
    named = match["n"].startswith(tuple(name for info in persons for name in (info.label.zh, *info.synonyms) if name))
    rows = any(token.kind == DIMENSION and not sentence.person(token) for token in sentence.rest)
    if persons and (named or (match["n"].startswith(_ASKS) and not rows)):
        sentence.problem(match.group(), _ASK)


def _said(sentence: Sentence, text: str) -> None:
    values = [token for token in sentence.rest if token.kind == VALUE]
    if (moved := _MOVED.search(text)) is not None and len(values) > 1 and set.intersection(*(set(sentence.dimension_of(value)) for value in values)):
        sentence.problem(moved.group(), _ASK)
    if values and (only := _ONLY.search(text)) is not None:
        sentence.problem(only.group(), _ASK)
    if sentence.has("H") and (inside := _INSIDE.search(text)) is not None and sentence.count(DIMENSION) > 1:
        sentence.problem(inside.group(), _ASK)


def _counted_beside(sentence: Sentence) -> None:
    """有多少目标医生，触达率多少: how many there are is another question than the one that names a metric."""
    clauses: list[list[str]] = [[]]
    persons: list[bool] = [False]
    for token in sorted(sentence.all, key=lambda token: token.start):
        if token.kind == COMMA:
            clauses.append([])
            persons.append(False)
        elif token in sentence.rest:
            clauses[-1].append(token.kind)
            persons[-1] = persons[-1] or token.kind == NOUN or (token.kind in (DIMENSION, VALUE) and sentence.about_person(token))
    for kinds, some in zip(clauses, persons, strict=True):
        if some and "U" in kinds and METRIC not in kinds and any(METRIC in other and "U" in other for other in clauses if other is not kinds):
            sentence.problem(next(token.text for token in sentence.rest if token.kind == "U"), _ASK)
            return


def _defined(sentence: Sentence, text: str) -> None:
    """达成率和计划完成率有什么区别: of two metrics with nothing else, what they mean."""
    if _DIFFER.search(text) is None or sentence.find("^M[&,]M[^VDTGW]*$") is None:
        return
    for token in sentence.all:
        if token.kind != METRIC and _DIFFER.search(token.text):
            sentence.rest = [other for other in sentence.rest if other is not token]
            token.kind, token.used = EXPLAIN, True
            return


def _total(sentence: Sentence) -> None:
    """产品销售总额: the total, and no cut by the noun beside it."""
    if any(token.kind == METRIC and token.text.endswith(("总额", "总量", "总数")) for token in sentence.rest) and sentence.find("[GW]|[SPpKk]") is None and sentence.has("X"):
        sentence.draft.total = True


__all__ = ["wholes"]
