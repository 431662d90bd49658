"""Nouns that only say of what a member is one, and words that look like names inside ordinary words: hotline orders, high risk customers, 到店, 店长.

A metric named by such a noun is not asked for: on-time rate for hotline orders is the rate, of the orders that came by the hotline.
"""

from __future__ import annotations

import re

from nlq.lexicon.measures import is_duration
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.dictionary import is_word
from nlq.words.grammar import DIMENSION, FILLER, METRIC, UNKNOWN, VALUE

_OF = frozenset(("for", "of", "on", "in", "among", "from", "with", "to", "across"))
_ASK = 0.5


def common_nouns(sentence: Sentence) -> None:
    """Apply the rules, before lists of metrics are joined."""
    if not sentence.chinese:
        _counted_members(sentence)
    else:
        _inside_words(sentence)
        _of_members(sentence)
    _in_both(sentence)
    _ever(sentence)
    _lengths(sentence)


def _counted_members(sentence: Sentence) -> None:
    """On-time rate for hotline orders vs butler orders: the count behind a member is its noun, where another metric was named before `for`."""
    infos = sentence.view.lexicon.metrics
    first = next((token for token in sentence.rest if token.kind == METRIC), None)
    if first is None:
        return
    nouns: list[Token] = []
    for index, token in enumerate(sentence.rest[:-1]):
        noun = sentence.rest[index + 1]
        if token.kind != VALUE or noun.kind != METRIC or noun is first or noun.start - token.end > 1 or set(noun.ids("metric")) & set(first.ids("metric")) or token.start < first.end:
            continue
        counts = all((info := infos.get(name)) is not None and not info.ratio and info.format == "integer" for name in noun.ids("metric"))
        asked = all((info := infos.get(name)) is not None and set(sentence.dimension_of(token)) & info.dimensions for name in first.ids("metric"))
        before = [other for other in sentence.all if other.end <= token.start][-1:]
        if counts and asked and " " not in noun.text and before and (before[0].text in _OF or (nouns and before[0].kind == "Z")):
            nouns.append(noun)
        else:
            return
    for noun in nouns:
        noun.kind, noun.used = FILLER, True
        sentence.rest.remove(noun)


def _of_members(sentence: Sentence) -> None:
    """高风险客户的保费, 年卡收入占办卡收入: what a member is one of, or what is said in full behind it, is no second metric."""
    infos = sentence.view.lexicon.metrics
    for match in re.finditer("(?=VM[hH]?M)", sentence.kinds):
        value, noun, other = sentence.rest[match.start()], sentence.rest[match.start() + 1], sentence.rest[match.start() + 2]
        again = other.kind != METRIC
        metric = sentence.rest[match.start() + 3] if again else other
        if noun.start != value.end or not noun.partial or any(m.rank < _PART for m in noun.meanings):
            continue
        asked = all((info := infos.get(name)) is not None and set(sentence.dimension_of(value)) & info.dimensions for name in metric.ids("metric"))
        behind = next((token.text for token in sentence.all if token.start == noun.end), "")
        counted = all((info := infos.get(name)) is not None and info.counts is not None for name in noun.ids("metric"))
        if asked and ((again and metric.text.endswith(noun.text) and set(metric.ids("metric")) <= set(noun.ids("metric"))) or (not again and behind == "的" and counted)):
            noun.kind, noun.used = FILLER, True
            sentence.rest.remove(noun)
            return


_PART = 3


def _inside_words(sentence: Sentence) -> None:
    """店 in 店长 and 到店: a name of one character that makes an ordinary word with what stands beside it is no name."""
    infos = sentence.view.lexicon.metrics
    for index, token in enumerate(list(sentence.rest)):
        if token.kind != DIMENSION or len(token.text) != 1:
            continue
        beside = [other for other in sentence.all if other.kind in (UNKNOWN, FILLER, "~") and len(other.text) == 1 and not other.text.isascii()]
        before = next((other for other in beside if other.end == token.start), None)
        after = next((other for other in beside if other.start == token.end), None)
        led = index > 0 and sentence.rest[index - 1].kind in "GWLN" and sentence.rest[index - 1].end == token.start
        arrived = before is not None and before.text in _ARRIVING and any(before.text + token.text in infos[name].label.zh + infos[name].definition for other in sentence.rest if other.kind == METRIC for name in other.ids("metric") if name in infos)
        if arrived and not led:
            token.kind = FILLER  # 到店客流 of 到店人次: what the metric counts
            sentence.rest.remove(token)
        elif (before is not None and not led and is_word(before.text + token.text)) or (after is not None and after.text not in _PARTICLES and is_word(token.text + after.text)):
            token.kind, token.meanings = UNKNOWN, ()


_ARRIVING = frozenset("到来进")
_PARTICLES = frozenset("的了吗呢啊吧里内中")


def _in_both(sentence: Sentence) -> None:
    """Doctors reached in both September and October: those of one who are also of the other have no form; the two together would be more."""
    both = next((token for token in sentence.all if token.text in ("both", "同时")), None)
    if both is None:
        return
    infos = sentence.view.lexicon.metrics
    named = [infos[name] for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in infos]
    following = [token for token in sentence.rest if token.start >= both.end][:3]
    if named and any(info.counts is not None for info in named) and [token.kind for token in following] == ["T", "&", "T"]:
        sentence.problem(both.text, _ASK)


def _lengths(sentence: Sentence) -> None:
    """Doctors with over 20 years' experience: a length of time bounds no count; whose it is has no name here."""
    match = sentence.find("C(?=Nm)")
    if match is None:
        return
    number, unit = sentence.rest[match.end()], sentence.rest[match.end() + 1]
    infos = sentence.view.lexicon.metrics
    named = [infos[name] for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in infos]
    plain = number.number is not None and number.number.said == "plain"
    if plain and unit.start - number.end <= (0 if sentence.chinese else 1) and named and not any(is_duration(info) for info in named):
        sentence.problem(f"{number.text}{' ' if unit.text.isascii() else ''}{unit.text}", _ASK)


def _ever(sentence: Sentence) -> None:
    """Our best month ever, 历史最高: of all there has been, not of the period that is taken when none is said."""
    ever = next((token for token in sentence.all if token.text in _EVER), None)
    if ever is not None and sentence.find("[SPp]") is not None and not sentence.has("T"):
        sentence.problem(ever.text, _ASK)


_EVER = frozenset(("ever", "of all time", "all time", "all-time", "on record", "in history", "有史以来", "历史上", "史上", "历史最高"))
__all__ = ["common_nouns"]
