"""Nouns that belong to a member named beside them, and members that say twice what is meant: the bundle's own labels tell which word adds nothing.

停用的站点 where the member is a 站点状态, 3-5年车龄的车 where it is carried by the table 车辆, App和电话两个渠道, 银河（不是新银河）. A word is read over only where it is
aligned with the label's own and no other member, metric or number begins in it.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from nlq.lexicon.entries import DimensionInfo, Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, UNKNOWN, VALUE
from nlq.words.normalise import keys, normalise, stem

_LONGEST = 4
_COUNTED = ("数", "量", "率", "额", "占比", "比例")
_DONE = ("了", "过", "得", "着", "到", "来", "出", "掉", "给", "进")
"""Behind one character these make it a verb: 投了多少."""
_LINKS = ("的", "'s", " ")
_OTHER = frozenset(("其他", "其它", "其余", "other", "others", "the other"))


def belonging(sentence: Sentence) -> None:
    """Apply the rules, once names are chosen and before anything is taken."""
    _two_names(sentence)
    _others(sentence)
    _not_the_longer(sentence)
    _nouns(sentence)
    _entities(sentence)
    _counted(sentence)
    _adjectives(sentence)
    _averages(sentence)
    _named_other(sentence)
    _begun(sentence)
    _how(sentence)
    _totals(sentence)
    _one_character(sentence)
    _objects(sentence)
    _sized_by(sentence)


def _infos(sentence: Sentence, token: Token) -> list[DimensionInfo]:
    dimensions = sentence.view.lexicon.dimensions
    return [dimensions[name] for name in sentence.dimension_of(token) if name in dimensions]


def _over(sentence: Sentence, token: Token) -> None:
    """Read a token over."""
    token.kind, token.used = FILLER, True
    sentence.rest = [other for other in sentence.rest if other is not token]


def _two_names(sentence: Sentence) -> None:
    """纯电车 where 纯电 and 电车 are names of one member: the rest of the other name is no word of its own."""
    entries = sentence.view.lexicon.words.entries
    for token in [token for token in sentence.rest if token.kind == UNKNOWN]:
        for value in [other for other in sentence.rest if other.kind == VALUE and (other.start == token.end or other.end == token.start)]:
            own = {(m.id, m.value) for m in value.meanings if m.kind == "value"}
            sizes = range(1, len(value.text))
            said = [token.text + value.text[:size] for size in sizes] if value.start == token.end else [value.text[-size:] + token.text for size in sizes]
            if any((m.id, m.value) in own for phrase in said for m in entries.get(keys(phrase), ())):
                _over(sentence, token)
                break


def _others(sentence: Sentence) -> None:
    """除了玻璃，其他品类: beside something left out, the others are those that stay, though a member is called 其他 too."""
    if sentence.find("[Xx]") is None:
        return
    for token in [token for token in sentence.rest if token.kind == VALUE and token.text in _OTHER]:
        at = sentence.rest.index(token)
        following = sentence.rest[at + 1] if at + 1 < len(sentence.rest) else None
        if following is None or following.start - token.end > 1 or not any(other.kind == VALUE for other in sentence.rest if other is not token):
            continue
        noun = following.kind == DIMENSION or (following.kind == UNKNOWN and following.text in sentence.view.lexicon.words.endings)
        if noun:
            if following.kind == DIMENSION:
                sentence.explicit.append(following)
            else:
                _over(sentence, following)
            _over(sentence, token)
            return


def _not_the_longer(sentence: Sentence) -> None:
    """银河（不是新银河）, 驰5不含Plus, Far Hills, not Far Hills 2: what is left out has a longer name that holds the shorter, and was not meant anyway."""

    def member(match: re.Match[str]) -> bool:
        value, other = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        shared = set(sentence.dimension_of(value)) & set(sentence.dimension_of(other))
        if not shared or value.text == other.text or value.text not in other.text:
            return False
        sentence.take(*range(match.start() + 1, match.end()))
        return True

    def rest(match: re.Match[str]) -> bool:
        value, unknown = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        own = {m.id for m in value.meanings if m.kind == "value"}
        longer = sentence.view.lexicon.words.entries.get((*keys(value.text), *keys(unknown.text)), ())
        if not any(m.kind == "value" and m.id in own for m in longer):
            return False
        sentence.take(*range(match.start() + 1, match.end()))
        return True

    sentence.each("V,?[X!]V", member)
    sentence.each("V,?[X!]u", rest)


def _words_of(info: DimensionInfo) -> tuple[frozenset[str], frozenset[str]]:
    """Return the Chinese nouns and the stems of the English ones by which the labels of a dimension and of its tables call what has such members."""
    return _called((info.label.zh, info.label.en, *info.synonyms), info.carriers, tuple(dict.fromkeys(label.zh[-1:] for label in info.values.values())))


@lru_cache(maxsize=1024)
def _called(names: tuple[str, ...], carriers: tuple[str, ...], ends: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    chinese: set[str] = set(ends)  # 特级料, where another member is called 一级料
    english: set[str] = set()
    for said in (*(normalise(name) for name in names), *carriers):
        if said.isascii():
            english |= {stem(word) for word in said.split() if len(word) > _LEAST}
        else:
            sizes = range(1, min(_LONGEST, len(said)) + 1)
            chinese |= {said[-size:] for size in sizes}
            chinese |= {said[:size] for size in sizes if size > 1 or said in carriers or (len(said) == _LEAST and said[1] in _CLASSES)}
    return frozenset(chinese), frozenset(english)


_LEAST = 2
_CLASSES = "级类种型别龄段系款"
"""After one character these say that it is a thing's class: 料级, 车型."""


def _nouns(sentence: Sentence) -> None:
    """停用的站点, 特级料, 114挂号, abnormal points, cars under 1 year: the noun of the member's own dimension, or of the table that carries it."""
    if not any(_unread(sentence, token) for token in sentence.rest):
        return
    for value in [token for token in sentence.rest if token.kind == VALUE]:
        words = [_words_of(info) for info in _infos(sentence, value)]
        chinese, english = {word for zh, _ in words for word in zh}, {word for _, en in words for word in en}
        if sentence.chinese:
            _noun_behind(sentence, value, chinese)
        for token in [token for token in sentence.rest if token.kind == UNKNOWN and token.text.isascii() and stem(token.text) in english]:
            if 0 <= token.start - value.end <= 1 or 0 <= value.start - token.end <= 1:
                _over(sentence, token)


def _noun_behind(sentence: Sentence, value: Token, nouns: set[str]) -> None:
    tokens = sorted((token for token in sentence.all if token.start >= value.end), key=lambda token: token.start)
    last = value
    if tokens and tokens[0].kind == DIMENSION and tokens[0].start == value.end and set(sentence.dimension_of(tokens[0])) & set(sentence.dimension_of(value)):
        last, tokens = tokens[0], tokens[1:]  # 3-5年车龄的车
    if tokens and tokens[0].text in _LINKS and tokens[0].start == last.end:
        tokens = tokens[1:]
    for size in range(len(tokens[:3]), 0, -1):
        run = tokens[:size]
        said = "".join(token.text for token in run)
        adjoining = all(a.end == b.start for a, b in itertools.pairwise(run)) and run[0].start - last.end <= 1
        if not adjoining or said not in nouns or not any(_unread(sentence, token) for token in run):
            continue
        if any(not (_unread(sentence, token) or token.kind == FILLER) for token in run):
            continue
        after = "".join(token.text for token in tokens[size : size + 1] if token.start == run[-1].end)
        if after.startswith(_COUNTED) or (len(said) == 1 and after.startswith(_DONE)):
            return
        for token in run:
            _over(sentence, token)
        return


def _unread(sentence: Sentence, token: Token) -> bool:
    """Whether a word is unknown, or only a part of a metric's name beside a whole one."""
    if token.kind == METRIC and token.partial and all(m.rank == _PART for m in token.meanings):
        return any(other.kind == METRIC and not other.partial for other in sentence.rest)
    return token.kind == UNKNOWN


_PART = 3
_ROWS = "[SPpKkWlbCcBURG]"


def _entities(sentence: Sentence) -> None:
    """Imported films' share, 国产影片票房: the rows of the table that the member describes, where nothing is ranked, bounded or listed."""
    if sentence.find(_ROWS) is not None:
        return
    for at in range(len(sentence.rest) - 1):
        value, noun = sentence.rest[at], sentence.rest[at + 1]
        if value.kind != VALUE or noun.kind != DIMENSION or not 0 <= noun.start - value.end <= 1 or noun in sentence.explicit:
            continue
        own = {name for info in _infos(sentence, noun) if info.own and info.identifies is None for name in info.carriers}
        if own and all(own & set(info.carriers) for info in _infos(sentence, value)) and not set(sentence.dimension_of(value)) & set(sentence.dimension_of(noun)):
            sentence.take(at + 1)
            return


def _counted(sentence: Sentence) -> None:
    """App和电话两个渠道, 滨江上城两个区, 回收量、产量、销量三个数: so many as were just named."""

    def members(match: re.Match[str]) -> bool:
        return _so_many(sentence, match, VALUE)

    def metrics(match: re.Match[str]) -> bool:
        return _so_many(sentence, match, METRIC)

    sentence.each("V(?:[&|,]*V)+Nu?", members)
    sentence.each("M(?:[&,]+M)+Nu?", metrics)


def _so_many(sentence: Sentence, match: re.Match[str], kind: str) -> bool:
    tokens = sentence.rest[match.start() : match.end()]
    number = next(token for token in tokens if token.kind == "N")
    named = sum(token.kind == kind for token in tokens)
    said = number.number
    if said is None or said.said != "plain" or said.seconds is not None or said.value != named or number.start - tokens[tokens.index(number) - 1].end > 1:
        return False
    if tokens[-1].kind == UNKNOWN and (len(tokens[-1].text) > _LONGEST or tokens[-1].start != number.end):
        return False
    if kind == METRIC and tokens[-1].kind != UNKNOWN and match.end() < len(sentence.rest) and sentence.rest[match.end()].kind not in ",GgTDR":
        return False
    first = match.start() + tokens.index(number)
    sentence.take(*range(first, match.end()))
    return True


def _adjectives(sentence: Sentence) -> None:
    """Deposits from new clients: a word of the metric's own name that stands before another noun says of that noun, and is not said by the metric."""
    for at, token in enumerate(sentence.rest[:-1]):
        following = sentence.rest[at + 1]
        part = token.kind == METRIC and token.partial and token.text.isascii() and " " not in token.text and all(m.rank == _PART for m in token.meanings)
        if part and following.kind in (DIMENSION, "n") and following.start == token.end + 1 and any(other.kind == METRIC for other in sentence.rest[:at]):
            sentence.problem(token.text, 0.45)


_AVERAGES = frozenset(("average", "avg", "mean", "平均", "均值"))


def _averages(sentence: Sentence) -> None:
    """Footfall + avg queue time: right before a metric that is an average itself."""
    infos = sentence.view.lexicon.metrics
    for token, following in itertools.pairwise(list(sentence.rest)):
        names = following.ids("metric") if following.kind == METRIC else ()
        if token.kind == "?" and token.text in _AVERAGES and names and following.start - token.end <= 1 and all(name in infos and infos[name].ratio and infos[name].format != "percent" for name in names):
            _over(sentence, token)


def _named_other(sentence: Sentence) -> None:
    """投诉原因为其他的: beside its dimension's name, the others are the member called so."""
    entries = sentence.view.lexicon.words.entries
    for name, token in itertools.pairwise(list(sentence.rest)):
        word = token.text.removesuffix("的")
        if name.kind != DIMENSION or token.kind != "x" or word not in ("其他", "其它") or "".join(other.text for other in sentence.all if name.end <= other.start < token.start) not in ("为", "是", "属于", ""):
            continue
        own = tuple(m for m in entries.get(keys("其他"), ()) + entries.get(keys("其它"), ()) if m.kind == "value" and m.id in name.ids("dimension"))
        if own and (name.end < token.start):
            token.kind, token.meanings, token.alternatives = VALUE, own[:1], []
            sentence.rest = [other for other in sentence.rest if other is not name]
            name.kind, name.used = FILLER, True
            return


def _begun(sentence: Sentence) -> None:
    """手机渠道 for 手机银行: right before its dimension's noun, the beginning of one member's name."""
    lexicon = sentence.view.lexicon
    for token, noun in itertools.pairwise(list(sentence.rest)):
        if token.kind != UNKNOWN or token.text.isascii() or len(token.text) < _LEAST or noun.kind != DIMENSION or noun.start != token.end:
            continue
        found = []
        for info in _infos(sentence, noun):
            if info.identifies is None:
                found += [(info.id, value) for value, label in info.values.items() if normalise(label.zh).startswith(token.text)]
        if len(found) == 1:
            name, value = found[0]
            label = lexicon.dimensions[name].values[value]
            sentence.assume(f"“{token.text}”按“{label.zh}”理解", f"'{token.text}' is taken as {label.en}")
            token.kind, token.meanings = VALUE, (Meaning("value", name, value, rank=2),)


_GOES = ("怎么样", "怎样", "如何", "咋样", "怎么样啊", "怎么样了", "好不好", "行不行")


def _how(sentence: Sentence) -> None:
    """卖得怎么样，票房和人次: how it goes, where what is asked is named."""
    if not any(token.kind == METRIC and not token.partial for token in sentence.rest):
        return
    for index, token in enumerate(sentence.all[:-2]):
        got, how = sentence.all[index + 1], sentence.all[index + 2]
        if token.kind == UNKNOWN and len(token.text) <= 2 and got.text == "得" and how.text in _GOES:
            _over(sentence, token)


_FIGURES = frozenset(("volume", "volumes", "counts", "count", "totals", "numbers", "amounts", "money", "cash"))


def _totals(sentence: Sentence) -> None:
    """CT vs X-ray volumes, scholarship money: what only says that figures are meant, where no metric or one of money stands beside it."""
    infos = sentence.view.lexicon.metrics
    named = [name for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in infos]
    for token in [token for token in sentence.rest if token.kind == UNKNOWN and token.text in _FIGURES]:
        money = token.text in ("money", "cash") and len(set(named)) == 1 and infos[named[0]].format == "currency"
        if money or (not named and token.text not in ("money", "cash")):
            _over(sentence, token)


def _one_character(sentence: Sentence) -> None:
    """女博士: a member's name of one character right before another member of the same persons."""
    weak = sentence.view.lexicon.words.weak
    for token in [token for token in sentence.rest if token.kind == UNKNOWN and len(token.text) == 1 and not token.text.isascii()]:
        meant = tuple(m for m in weak.get(keys(token.text), ()) if m.kind == "value" and sentence.view.knows(m))
        following = next((other for other in sentence.rest if other.start == token.end), None)
        if len({m.id for m in meant}) != 1 or following is None or following.kind not in (VALUE, DIMENSION) or meant[0].id in sentence.dimension_of(following):
            continue
        info = sentence.view.lexicon.dimensions.get(meant[0].id)
        if info is not None and any(set(info.carriers) & set(other.carriers) for other in _infos(sentence, following)):
            token.kind, token.meanings = VALUE, meant


def _objects(sentence: Sentence) -> None:
    """借了多少册书: behind the question for a number, the noun with which names of the metric's own dimensions end."""
    infos, dimensions = sentence.view.lexicon.metrics, sentence.view.lexicon.dimensions
    names = {name for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in infos}
    if not names or not sentence.chinese:
        return
    for asked, token in itertools.pairwise(list(sentence.rest)):
        if asked.kind != "U" or len(asked.text) < _LONGEST - 1 or token.kind != UNKNOWN or token.start != asked.end or len(token.text) > _LEAST:
            continue
        known = {each for name in names for each in infos[name].dimensions if each in dimensions}
        said = [label for each in known for label in (dimensions[each].label.zh, *dimensions[each].synonyms, *dimensions[each].carriers, *(value.zh for value in dimensions[each].values.values()))]
        if sum(label.endswith(token.text) for label in said) > 1:
            _over(sentence, token)


def _sized_by(sentence: Sentence) -> None:
    """Occupancy for hotels over 200 rooms: a number of something else is no bound of the metric."""
    for number, noun in itertools.pairwise(list(sentence.rest)):
        part = noun.kind == METRIC and noun.partial and noun.text.isascii() and all(m.rank == _PART for m in noun.meanings)
        plain = number.kind == "N" and number.number is not None and number.number.said == "plain" and noun.start == number.end + 1
        if part and plain and any(token.kind == METRIC and not token.partial for token in sentence.rest):
            sentence.problem(f"{number.text} {noun.text}", 0.45)


__all__ = ["belonging"]
