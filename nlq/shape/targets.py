"""Targets met and missed, and questions for yes or no: did we hit the target, 没完成票房目标的片子, 达到100%了吗.

Where the bundle approves a ratio of a metric to its plan, a verb of meeting beside the plan means that ratio: bounded where rows are asked for, told where one
figure is. A bound in a question for yes or no selects nothing: the figure itself is the answer.
"""

from __future__ import annotations

import re

from governance.terms import Comparison
from nlq.draft import Threshold
from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, UNKNOWN, VALUE

_MET = re.compile(r"(?:hit|meet|met|make|made|reach|achieve|attain|deliver|fulfil+)(?:s|es|ed|d|ing|ting)?$|(?:完成|达到|达成|实现|做到|够到|够|到)了?$")
_BEAT = re.compile(r"ahead of|(?:beat|exceed|surpass|outperform|over(?:shot|shoot))(?:s|es|ed|en|ing|ting)?$|(?:超过|超额完成|超出|超|超额|超了|超过了)$")
_MISSED = re.compile(r"(?:miss|fail|fell short)(?:es|ed|ing)?(?: of)?$|below|under|behind|short of|shy of|lagging(?: behind)?|trailing|(?:差|欠|缺)$")
_AGAINST = frozenset(("against", "versus", "vs", "to", "relative to"))
_NOT = ("没", "未", "没有", "not", "n't", "didn't", "没能", "未能", "没有完成", "没完成", "未完成", "failed", "尚未", "不", "doesn't")
_BETWEEN = frozenset(("the", "its", "their", "our", "your", "his", "her", "a", "of", "了", "to", "on", "for", "各自", "自己", "的"))
_AT_ONCE = 3


def targets(sentence: Sentence) -> None:
    """Apply the rule of plans; before other rules take their words."""
    if sentence.find("b|[Cc]N|Nc") is not None:
        return
    infos = sentence.view.infos
    plans = {info.denominator: name for name, info in infos.items() if info.planned and info.denominator is not None and info.format == "percent"}
    for token in [token for token in sentence.rest if token.kind == METRIC]:
        meant = {plans[name] for name in token.ids("metric") if name in plans}
        if len(meant) != 1 or any(name not in plans for name in token.ids("metric")):
            continue
        before = _before(sentence, token)
        if not before:
            continue
        name = next(iter(meant))
        op, verb = _meeting(before)
        if verb is None:
            continue
        _take(sentence, token, verb, name, op)
        return


def _before(sentence: Sentence, token: Token) -> list[Token]:
    """The words right before a plan's name, nearest first, without articles."""
    earlier = sorted((other for other in sentence.all if other.end <= token.start), key=lambda other: -other.end)
    said = [other for other in earlier if other.text not in _BETWEEN]
    return said[:_AT_ONCE]


def _meeting(before: list[Token]) -> tuple[Comparison | None, list[Token] | None]:
    """Return the bound that a verb of meeting sets, and the words that say so; no words: there is no such verb."""
    verb = before[0]
    if verb.text == "up" and len(before) > 1 and before[1].text in ("use", "used", "uses", "eat", "ate"):
        return ">=", [verb, before[1]]
    negated = [other for other in before[1:] if other.text in _NOT]
    if verb.kind in (METRIC, DIMENSION):
        return None, None
    if _MISSED.match(verb.text):
        return "<", [verb]
    if _BEAT.match(verb.text):
        return ("<=" if negated else ">"), [verb, *negated]
    if _MET.match(verb.text):
        return ("<" if negated else ">="), [verb, *negated]
    if verb.text in _AGAINST:
        return None, [verb]
    return None, None


def _take(sentence: Sentence, token: Token, verb: list[Token], name: str, op: Comparison | None) -> None:
    rows = sentence.find("[DWUl]") is not None
    if op is None and (rows or len([other for other in sentence.rest if other.kind == METRIC]) > 1):
        return  # revenue against target by shop: two figures
    token.meanings, token.partial, token.alternatives = (Meaning("metric", name, rank=0),), False, []
    for other in verb:
        other.kind, other.used = FILLER, True
        sentence.rest = [each for each in sentence.rest if each is not other]
    label = sentence.view.lexicon.metrics[name].label
    sentence.assume(f"按{label.zh}理解", f"taken as {label.en.lower()}")
    if rows and op is not None:
        sentence.draft.thresholds.append(Threshold(token, "", op, None, 1.0))


# ------------------------------------------------------------------ yes or no

_WHETHER_ZH = re.compile(r"(?:吗|么|嘛|没有?|了没|不)[?？。!！\s]*$|是不是|是否|有没有|有无")
_EITHER = re.compile("是不是|是否")
_WHETHER_EN = re.compile(r"^(?:and |so |ok |okay |please tell me )?(?:did|do|does|is|are|was|were|has|have|had|will)(?![a-z])")


def asked_whether(sentence: Sentence, text: str) -> bool:
    """Whether a sentence is a question for yes or no."""
    asks = _WHETHER_ZH.search(text) is not None if sentence.chinese else _WHETHER_EN.match(text) is not None
    return asks and (_EITHER.search(text) is not None or not text.rstrip("?？。 ").endswith("的"))


def whether(sentence: Sentence, text: str) -> None:
    """达到100%了吗, is occupancy above 60% in East, 华东触达率是不是超过70%: one figure is asked about, which shows it."""
    draft = sentence.draft
    if not asked_whether(sentence, text) or sentence.find("[DWUlgwRSPpKkHhG]") is not None or sentence.count(METRIC) != 1:
        return
    if sentence.find("[YQIZzd]") is not None or any(token.kind == UNKNOWN for token in sentence.rest):
        return
    bounds = [each for each in draft.thresholds if each.column == "" and each.token is not None]
    match = sentence.find("CNc?|Nc")
    if match is not None:
        said = "".join(token.text for token in sentence.rest[match.start() : match.end()])
        sentence.take(*range(match.start(), match.end()))
    elif sentence.chinese and bounds and len(bounds) == len(draft.thresholds) == 1:
        said = f"{bounds[0].op}{bounds[0].token.text}" if bounds[0].token is not None else ""
        draft.thresholds = []
    else:
        return
    members = [token for token in sentence.rest if token.kind == VALUE]
    if len(members) > 1 and set.intersection(*(set(sentence.dimension_of(token)) for token in members)):
        draft.separate = True  # 华东和华南是不是都超过70%: each of them
    sentence.assume(f"是否{said}，看数值即知", f"whether it is {said} is seen from the figure")


_COPULAS = frozenset(("是不是", "是否", "是", "算不算", "算", "is", "was", "are", "were"))


def whether_the_most(sentence: Sentence, text: str) -> None:
    """西北是不是触达率最低的大区, is East the best region: the place of that one among all of them answers; narrowed to it, it would always be the most."""
    ordering = sentence.draft.ordering
    values = [token for token in sentence.rest if token.kind == VALUE]
    if ordering is None or ordering.limit != 1 or ordering.column != "" or not asked_whether(sentence, text):
        return
    if not values and sentence.find("T[^T]*[mw]") is not None:
        sentence.problem(next(token.text for token in sentence.rest if token.kind in "mw"), 0.5)  # 10月是不是今年最高的月份
        return
    names = [token for token in sentence.rest if token.kind == DIMENSION]
    own = set.intersection(*(set(sentence.dimension_of(value)) for value in values)) if values else set()
    if not own or sentence.find("[gwRHhG]") is not None:
        return
    if any(not own & set(sentence.dimension_of(name)) for name in names) or (not names and not any(token.text in _COPULAS for token in sentence.all)):
        return
    if any(len({meaning.value for meaning in value.meanings}) > 1 for value in values):
        return
    for name in names:
        for value in values:
            sentence.restrict(value, sentence.dimension_of(name))
        sentence.take(sentence.rest.index(name))
    for token in [token for token in sentence.rest if token.kind == "W"]:
        sentence.take(sentence.rest.index(token))
    said = "、".join(value.text for value in values)
    sentence.draft.rank_of, ordering.limit = True, None
    sentence.assume(f"“{said}”在其中的名次", f"the place of '{said}' among them")


__all__ = ["targets", "whether", "whether_the_most"]
