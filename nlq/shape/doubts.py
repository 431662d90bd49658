"""Sentences whose words are all known and that mean more than the filters they name: pairs, one excluded for another, bounds of a ranking, a part of the total.

What has a form in a query is read so; what has none is noted as a problem, so that it is asked back and not answered as if it had not been said.
"""

from __future__ import annotations

import itertools
import re

from nlq.draft import Group
from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, PERIODS, TIME, UNKNOWN, VALUE
from nlq.words.normalise import keys

_ASK = 0.5


def doubts(sentence: Sentence) -> None:
    """Apply the rules, before names and members are joined."""
    _but(sentence)
    _rather(sentence)
    _pairs(sentence)
    _each_member(sentence)
    _months_that(sentence)
    _once(sentence)
    _first_then_bounded(sentence)
    _part_of_total(sentence)
    _each_ones_share(sentence)
    _nouns_of_members(sentence)
    _working_days(sentence)
    _gaps(sentence)


def _gaps(sentence: Sentence) -> None:
    """哪个产品差距最大, the biggest gap: between what and what was not said."""
    match = sentence.find("dS|Sd")
    said = sentence.kinds
    if match is None or said.count(VALUE) > 1 or any(kind in said for kind in (TIME, "Y", "Q", "Z")) or said.count(METRIC) > 1:
        return
    gap = next(token for token in sentence.rest[match.start() : match.end()] if token.kind == "d")
    if gap.text in _GAPS:
        sentence.problem(gap.text, _ASK)


_GAPS = frozenset(("差距", "差异", "差值", "差额", "差别", "相差", "差", "gap", "gaps", "gap in", "gap between", "difference", "differences", "difference in", "difference between", "delta", "variance between"))


def _between(sentence: Sentence, first: Token, last: Token) -> str:
    """The words between two tokens, as one text."""
    return " ".join(token.text for token in sentence.all if first.end <= token.start and token.end <= last.start)


_BUT_RATHER = frozenset(("而 是", "而是", "要", "只要", "要看", "而 要", "看", "只看", "是", "换", "改"))


def _rather(sentence: Sentence) -> None:
    """不是微信而是邮件, by WeChat but not by e-mail: one is meant and the other is not; of one dimension the one that is meant says it all."""

    def apart(match: re.Match[str]) -> bool:
        first, second = sentence.rest[match.start() + 1], sentence.rest[match.start() + 2]
        if not set(sentence.dimension_of(first)) & set(sentence.dimension_of(second)) or _between(sentence, first, second) not in _BUT_RATHER:
            return False
        sentence.take(match.start(), match.start() + 1)
        return True

    def but_not(match: re.Match[str]) -> bool:
        first, second = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        shared = set(sentence.dimension_of(first)) & set(sentence.dimension_of(second))
        if not shared or "not" not in _between(sentence, first, second).split():
            return False
        if any(sentence.view.lexicon.metrics[name].counts is not None for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in sentence.view.lexicon.metrics):
            sentence.problem(_between(sentence, first, second), _ASK)  # reached by one and not by the other: those persons have no filter
        sentence.take(*range(match.start() + 1, match.end()))
        return True

    sentence.each("[X!]VV", apart)
    if not sentence.chinese:
        sentence.each("V[X!]G?V", but_not)


def _pairs(sentence: Sentence) -> None:
    """华东的心内科和华南的肿瘤科, 华东9月和华南10月: two slices, which one query's filters would cross."""
    for pattern in ("V[Dn]?V[&,Zz]+V[Dn]?V", f"V{TIME}[&,]V{TIME}", f"{TIME}V[&,]{TIME}V"):
        match = sentence.find(pattern)
        if match is None:
            continue
        found = [token for token in sentence.rest[match.start() : match.end()] if token.kind == VALUE]
        sides = [found[0], found[len(found) // 2]], [found[1], found[-1]] if len(found) > 2 else [found[0], found[1]]
        alike = all(set(sentence.dimension_of(a)) & set(sentence.dimension_of(b)) for a, b in sides)
        crossed = len(found) == 2 or not set(sentence.dimension_of(found[0])) & set(sentence.dimension_of(found[1]))
        if alike and crossed:
            tokens = sentence.rest[match.start() : match.end()]
            sentence.problem("".join(token.text for token in tokens) if sentence.chinese else " ".join(token.text for token in tokens), _ASK)
            return


def _each_member(sentence: Sentence) -> None:
    """各线上渠道, each online channel: a member's name that ends with a dimension's noun names that one too, and each of it is asked."""
    entries = sentence.view.lexicon.words.entries
    match = sentence.find("GV(?!V)")
    if match is None:
        return
    cue, value = sentence.rest[match.start()], sentence.rest[match.end() - 1]
    if not cue.text.startswith(("各", "每", "each", "every")) or value.start - cue.end > 1:
        return
    said = keys(value.text)
    for start in range(1, len(said)):
        meant = tuple(m for m in entries.get(said[start:], ()) if m.kind == "dimension")
        if meant:
            name = Token(DIMENSION, value.start, value.end, value.text, meanings=meant[:1])
            sentence.draft.groups.append(Group(name, explicit=True))
            sentence.take(match.start())
            return


def _months_that(sentence: Sentence) -> None:
    """今年有几个月销售额环比下降: the months are what is counted."""

    def read(match: re.Match[str]) -> bool:
        unit = sentence.rest[match.end() - 1]
        if not sentence.has("I") and not sentence.has("C"):
            return False
        unit.kind, unit.meanings = PERIODS, (Meaning("cue", PERIODS, unit.value),)
        sentence.draft.counts = True
        sentence.take(match.start())
        return True

    sentence.each("Um", read)


def _once(sentence: Sentence) -> None:
    """只触达过一次的医生: how often each was, is no filter."""
    if not any(token.kind == "O" or token.text in ("只", "仅", "就", "only", "just") for token in sentence.all):
        return
    for token in sentence.all:
        if (token.kind == METRIC and re.search(r"一次|1次|一回|once", token.text)) or token.text in ("once", "a single time", "one time"):
            sentence.problem(token.text, _ASK)
            return


def _but(sentence: Sentence) -> None:
    """Touches exceed 1000 but reach rate is below 60%: before a metric of its own the word only joins."""
    for index, token in enumerate(sentence.rest[:-1]):
        if token.text in ("but", "yet") and token.kind == UNKNOWN and sentence.rest[index + 1].kind == METRIC and index and sentence.rest[index - 1].kind in "Nc,":
            token.kind = FILLER
            sentence.rest.remove(token)
            return


_YET = frozenset(("但", "但是", "却", "不过", "而", "but", "yet", "though"))


def _first_then_bounded(sentence: Sentence) -> None:
    """达成率前三但触达率低于70%: of those three, or the first three of those below?"""
    yet = next((token for token in sentence.all if token.text in _YET), None)
    if yet is None:
        return
    before = "".join(token.kind for token in sentence.rest if token.end <= yet.start)
    after = "".join(token.kind for token in sentence.rest if token.start >= yet.end)
    if re.search("[Pp]#?N|S", before) and re.search("C[NT]|Nc", after) and METRIC in before and METRIC in after:
        sentence.problem(yet.text, _ASK)


def _part_of_total(sentence: Sentence) -> None:
    """总共触达了多少医生，其中A类多少: two figures, of which a query gives one."""
    total = next((token for token in sentence.rest if token.kind == "A"), None)
    part = next((token for token in sentence.rest if token.kind == "o"), None)
    if total is not None and part is not None and total.end <= part.start and any(token.kind == METRIC and token.end <= part.start for token in sentence.rest):
        sentence.problem(part.text, _ASK)


def _each_ones_share(sentence: Sentence) -> None:
    """各省占各自大区的比例: a share inside each row of another cut has no form."""
    match = sentence.find("[Hh].*ED") or sentence.find("ED.*[Hh]")
    if match is not None and any(token.text.startswith("各自") for token in sentence.rest[match.start() : match.end()]):
        sentence.problem("各自", _ASK)


def _nouns_of_members(sentence: Sentence) -> None:
    """Level 3 hospitals reach rate: whose noun it is, the member's or the metric's (hospital reach rate), was not said."""
    if sentence.chinese:
        return
    entries = sentence.view.lexicon.words.entries
    for value, metric in itertools.pairwise(sentence.rest):
        words = keys(metric.text)
        if value.kind != VALUE or metric.kind != METRIC or metric.start != value.end + 1 or len(words) < len(("noun", "name")):
            continue
        noun = any(m.kind == "dimension" for m in entries.get(words[:1], ()))
        rest = any(m.kind == "metric" for m in entries.get(words[1:], ()))
        if noun and rest:
            sentence.problem(metric.text, _ASK)


_WORKING = 5


def _working_days(sentence: Sentence) -> None:
    """Touches on weekdays, on weekends vs weekdays: five days of the week, where the word is also the name of all seven."""
    for token in sentence.rest:
        before = next((other.text for other in reversed(sentence.all) if other.end <= token.start), "")
        if token.kind == VALUE and len(token.meanings) >= _WORKING and before in ("per", "each", "every", "每", "每个", "每一个"):
            sentence.problem(f"{before}{'' if sentence.chinese else ' '}{token.text}", _ASK)  # per working day: an average over days
            return
        if token.kind == DIMENSION and token.text in ("weekdays", "week days", "weekday", "working days") and before in ("on", "during", "over", "only", "just", "vs", "versus", "than", "against", "with", "to", "and"):
            sentence.problem(token.text, _ASK)
            return


__all__ = ["doubts"]
