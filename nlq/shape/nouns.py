"""Nouns that stand for a dimension or say nothing of their own: the word all its members end with (店, 站), the sort of a thing, verbs made of a metric's name.

Each rule takes a word only where no number can depend on it; whatever else is left over is the scorer's.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from nlq.draft import Group
from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, UNKNOWN, VALUE
from nlq.words.normalise import keys, root, stem

_OWN = frozenset(("我", "我们", "咱", "咱们", "本", "我的", "我们的", "my", "our"))
_ENDED = 2
"""The length of 各 and a measure word."""


def read(sentence: Sentence) -> None:
    """Apply the rules that come before anything is taken."""
    _verbs(sentence)
    _per_unit(sentence)
    _priced(sentence)
    _rates_of(sentence)
    _made(sentence)
    _sorts(sentence)
    _endings(sentence)
    _peaks(sentence)
    _compounds(sentence)


def _metrics(sentence: Sentence) -> list[str]:
    return list(dict.fromkeys(name for token in sentence.rest if token.kind == METRIC for name in token.ids("metric")))


def _askable(sentence: Sentence, dimension: str) -> bool:
    """Whether some metric that was named can be asked by the dimension; any can where none was named."""
    named = _metrics(sentence)
    infos = sentence.view.lexicon.metrics
    return not named or any(name in infos and dimension in infos[name].dimensions for name in named)


def _before(sentence: Sentence, token: Token) -> Token | None:
    earlier = [other for other in sentence.all if other.end <= token.start]
    return earlier[-1] if earlier else None


# ------------------------------------------------------------------ words that stand for a dimension


def _endings(sentence: Sentence) -> None:
    """各区, 我区, 两家店, 110kV 站: the word that all members of a dimension, or its name, end with."""
    for token in [token for token in sentence.rest if token.kind == UNKNOWN]:
        named = [name for name in sentence.view.lexicon.words.endings.get(token.text, ()) if _askable(sentence, name)]
        named = [name for name in named if not sentence.view.lexicon.dimensions[name].person]
        named = named if len(named) < len(("one", "other")) else [name for name in named if sentence.view.lexicon.dimensions[name].own] or named
        before = _before(sentence, token)
        if not named or before is None or token.start - before.end > 1:
            continue
        if before.text == "全" and len(named) == 1:
            token.kind = FILLER  # 全区: the whole
            sentence.rest.remove(token)
        elif before.kind in "GWLN" or (before.kind == FILLER and before.text in _OWN):
            if len(named) == 1 or before.text in _OWN:
                token.kind, token.meanings = DIMENSION, tuple(Meaning("dimension", name, rank=2) for name in named[:1])
        elif before.kind == VALUE and (sentence.chinese or token.text.isascii()):
            token.kind = FILLER
            sentence.take(sentence.rest.index(token))
    for index, cue in enumerate(list(sentence.rest)):
        following = sentence.rest[index + 1].kind if index + 1 < len(sentence.rest) else ""
        if cue.kind not in "GW" or len(cue.text) != _ENDED or cue.text[0] not in "各每哪" or following in (DIMENSION, VALUE, "n"):
            continue
        named = [name for name in sentence.view.lexicon.words.endings.get(cue.text[1:], ()) if _askable(sentence, name) and not sentence.view.lexicon.dimensions[name].person]
        named = named if len(named) < len(("one", "other")) else [name for name in named if sentence.view.lexicon.dimensions[name].own]
        if len(named) == 1:  # 各站, 哪家: the measure word is the noun
            name = Token(DIMENSION, cue.end, cue.end, cue.text[1:], meanings=(Meaning("dimension", named[0], rank=2),))
            sentence.rest.insert(index + 1, name)
            sentence.all.append(name)
            return


_KINDS_ZH = frozenset(("哪类", "哪种", "哪一类", "哪一种", "哪几类", "哪几种", "各类", "每类", "各种", "每种"))
_SORT_ZH = ("类型", "类别", "种类", "分类", "品类", "类", "原因")
_SORT_EN = ("type", "topic", "kind", "category", "class", "reason", "cause")
_KIND_OF = re.compile(r"(?:which|what|each|every|per|by) (?:type|kind|sort|category|categorie)s? of (?P<noun>[a-z]+)$")


def _sorts(sentence: Sentence) -> None:
    """哪类投诉, which kind of complaint: the dimension is 投诉类型, Complaint type."""
    entries = sentence.view.lexicon.words.entries
    for index, cue in enumerate(sentence.rest[:-1]):
        if cue.kind not in "GW":
            continue
        following = sentence.rest[index + 1]
        if following.kind == DIMENSION:
            continue
        if cue.text in _KINDS_ZH and following.start == cue.end:
            keyed = [(following.text[:size], (*following.text[:size], *end)) for size in (4, 3, 2) if size <= len(following.text) for end in _SORT_ZH]
        elif not sentence.chinese and (match := _KIND_OF.search(_said(sentence, cue, following))):
            keyed = [(match["noun"], (stem(match["noun"]), end)) for end in _SORT_EN]
        else:
            continue
        for noun, key in keyed:
            meant = tuple(m for m in entries.get(key, ()) if m.kind == "dimension" and _askable(sentence, m.id))
            if meant and following.kind == UNKNOWN and following.text == noun:
                following.kind, following.meanings = DIMENSION, meant[:1]  # 哪种事故: the noun is no more than that
                return
            if meant:
                name = Token(DIMENSION, cue.end, cue.end, noun, meanings=meant[:1])
                sentence.rest.insert(index + 1, name)
                sentence.all.append(name)
                return


def _said(sentence: Sentence, first: Token, last: Token) -> str:
    return " ".join(token.text for token in sorted(sentence.all, key=lambda token: token.start) if first.start <= token.start and token.end <= last.end)


# ------------------------------------------------------------------ metrics said in another way

_ENDS = ("ations", "ation", "ions", "ion", "ments", "ment", "ings", "ing", "ed", "es", "s", "e")
_LEAST = 4


def _base(word: str) -> str:
    """The part of a word that its verb and its noun share: generat of generated and generation, cost of costing."""
    for end in _ENDS:
        if word.endswith(end) and len(word) - len(end) >= _LEAST:
            return word.removesuffix(end).removesuffix("at")
    return word


@lru_cache(maxsize=4096)
def _bases(names: str) -> frozenset[str]:
    """The bases of the words of a metric's names; kept, because each left-over word of a sentence is looked up among hundreds of metrics."""
    return frozenset(_base(word) for word in names.split())


def _verbs(sentence: Sentence) -> None:
    """Which plant generated the most, channels costing us over 300k: a verb made of a metric's own name, where nothing else names one."""
    if sentence.chinese or any(not token.partial and any(m.rank < _PART for m in token.meanings) for token in sentence.rest if token.kind == METRIC):
        return
    infos = sentence.view.lexicon.metrics
    for token in sentence.all:
        if token.kind not in (FILLER, UNKNOWN) or not token.text.isalpha() or not token.text.endswith(("ed", "ing", "e", "s", "t")):
            continue
        base = _base(token.text)
        if len(base) < _LEAST + (token.kind == FILLER):
            continue
        meant = [name for name, info in infos.items() if name in sentence.view.metrics and base in _bases(_single(info.label.en))]
        meant = meant or [name for name, info in infos.items() if name in sentence.view.metrics and token.kind == UNKNOWN and base in _bases(info.names) and not info.ratio]
        if len(meant) != 1:
            continue
        partial = [other for other in sentence.rest if other.kind == METRIC]
        if partial and not any(meant[0] in other.ids("metric") for other in partial):
            continue
        for other in partial:
            other.meanings = (Meaning("metric", meant[0], rank=1),)
        if not partial:
            token.kind, token.meanings = METRIC, (Meaning("metric", meant[0], rank=1),)
            sentence.rest = sorted([*[other for other in sentence.rest if other is not token], token], key=lambda other: other.start)
        label = infos[meant[0]].label
        sentence.assume(f"“{token.text}”按{label.zh}理解", f"'{token.text}' is taken as {label.en.lower()}")
        return


_PART = 3


@lru_cache(maxsize=4096)
def _single(label: str) -> str:
    """A label of one word, in lower case; of several words, nothing."""
    return label.lower() if len(label.split()) == 1 else ""


_MONEY = frozenset(("cheapest", "least expensive", "priciest", "costliest", "dearest", "most expensive", "最便宜", "最贵", "最省钱"))


def _per_unit(sentence: Sentence) -> None:
    """Cheapest per touch: the metric that is so much per touch, not the touches."""
    match = sentence.find("GM")
    costly = next((token for token in sentence.rest if token.text in _MONEY), None)
    if match is None or sentence.chinese or sentence.count(METRIC) != 1 or sentence.rest[match.start()].text != "per":
        return
    noun = sentence.rest[match.end() - 1]
    infos = sentence.view.lexicon.metrics
    said = f"per {stem(noun.text)}"
    meant = [name for name, info in infos.items() if re.search(rf"(?<![a-z]){re.escape(said)}(?:s|es)?(?![a-z])", info.names)]
    if not meant:
        if costly is not None:
            sentence.problem(f"{costly.text} {said}", 0.5)
        return
    noun.meanings = tuple(Meaning("metric", name, rank=1) for name in meant)
    sentence.take(match.start())


def _priced(sentence: Sentence) -> None:
    """The priciest touches: what has no price can't be ranked by one."""
    infos = sentence.view.lexicon.metrics
    named = [infos[name] for name in _metrics(sentence) if name in infos]
    costly = next((token for token in sentence.rest if token.text in _MONEY), None)
    if costly is not None and named and not any(info.format == "currency" or any(sign in info.unit for sign in _SIGNS) for info in named):
        sentence.problem(costly.text, 0.5)


_SIGNS = ("元", "￥", "¥", "$", "€", "cny", "rmb", "usd", "eur", "yuan", "dollar", "美分")
_OF_RATES = frozenset(("of", "for", "in", "on", "among", "amongst", "from", "out of"))


def _rates_of(sentence: Sentence) -> None:
    """Online share of touches, cancellation rate for OTA bookings, 预订的取消率: what it is a rate of is no second metric."""
    infos = sentence.view.lexicon.metrics
    named = [token for token in sentence.rest if token.kind == METRIC and len(token.ids("metric")) == 1 and not token.partial]
    for first, second in itertools.pairwise(named):
        head, noun = (first, second) if not sentence.chinese else (second, first)
        rate, base = infos.get(head.ids("metric")[0]), infos.get(noun.ids("metric")[0])
        if rate is None or base is None or not rate.ratio or base.ratio or first.listed or second.listed:
            continue
        between = [token for token in sentence.all if first.end <= token.start and token.end <= second.start]
        spoken = [token.text for token in between if token.kind not in (VALUE, DIMENSION)]
        linked = (spoken == ["的"]) if sentence.chinese else bool(spoken) and spoken[0] in _OF_RATES and all(token.kind == FILLER for token in between if token.kind not in (VALUE, DIMENSION))
        if not linked or (between and between[0].kind in (VALUE, DIMENSION)):
            continue
        words = [root(word) for word in noun.text.split()] if noun.text.isascii() else [noun.text]
        if all(word in rate.definition or word in rate.names for word in words):
            noun.kind, noun.used = FILLER, True
            sentence.rest.remove(noun)
        elif not sentence.chinese:
            sentence.problem(f"{spoken[0]} {noun.text}", 0.45)
        return


_MAKES = frozenset(("make", "makes", "made", "making", "hit", "hits", "hitting", "meet", "meets", "met", "beat", "beats"))


def _made(sentence: Sentence) -> None:
    """Did anybody make budget? Budget attainment by hotel: the verb and its noun say what the metric with that word measures; alone they are no figure."""
    if sentence.chinese:
        return
    for token in [token for token in sentence.rest if token.kind == METRIC]:
        before = [other for other in sentence.all if other.end <= token.start and other.text not in ("the", "their", "our", "its", "his", "her")]
        if not before or before[-1].text not in _MAKES or before[-1].used:
            continue
        others = [other for other in sentence.rest if other.kind == METRIC and other is not token]
        if any(token.text in other.text for other in others):
            token.kind, token.used = FILLER, True
            sentence.rest.remove(token)
        else:
            sentence.problem(f"{before[-1].text} {token.text}", 0.45)


def _peaks(sentence: Sentence) -> None:
    """充电高峰是几点: where the metric can't be asked by the member's dimension, the word says when it is most."""
    if not _metrics(sentence):
        return
    for token in sentence.rest:
        other = next((each for each in token.alternatives if each.kind == "S"), None)
        if token.kind == VALUE and other is not None and not any(_askable(sentence, name) for name in sentence.dimension_of(token)) and sentence.find("[DwW]"):
            token.kind, token.meanings = other.kind, other.meanings


def _compounds(sentence: Sentence) -> None:
    """The wind farm: a member right after another, of a dimension the metric has no part in, is only the other's noun."""
    if not _metrics(sentence) or sentence.chinese:
        return
    for match in re.finditer("(?=VV)", sentence.kinds):
        first, noun = sentence.rest[match.start()], sentence.rest[match.start() + 1]
        beside = noun.start == first.end + 1
        if beside and any(_askable(sentence, name) for name in sentence.dimension_of(first)) and not any(_askable(sentence, name) for name in sentence.dimension_of(noun)):
            sentence.assume(f"“{noun.text}”只算“{first.text}”的一部分", f"'{noun.text}' is only a part of '{first.text} {noun.text}'")
            sentence.take(match.start() + 1)
            return


# ------------------------------------------------------------------ after names and members are joined


def grouped(sentence: Sentence) -> None:
    """Take what says of members already joined that each, or those of a slice, is meant."""
    _compared_nouns(sentence)
    _counted_in_slice(sentence)
    _each_of_them(sentence)
    _each_of_what(sentence)
    _spread(sentence)


def _compared_nouns(sentence: Sentence) -> None:
    """度假村比精选酒店贵多少: a noun that belongs to a member compared is no cut."""

    def read(match: re.Match[str]) -> bool:
        for at in range(match.start(), match.end() - 1):
            value, noun = sentence.rest[at], sentence.rest[at + 1]
            if value.kind == VALUE and noun.kind == DIMENSION and noun.start - value.end <= (0 if sentence.chinese else 1) and noun not in sentence.explicit:
                sentence.take(at + 1)
                return True
        return False

    sentence.each("VD?ZVD?", read)


def _counted_in_slice(sentence: Sentence) -> None:
    """北京两家店对比: so many members inside a slice, each shown; the rows themselves tell how many there are."""

    def read(match: re.Match[str]) -> bool:
        number, name = sentence.rest[match.start() + 1], sentence.rest[match.start() + 2]
        value = sentence.rest[match.start()]
        counts = number.number is not None and number.number.said == "plain" and number.number.seconds is None and name.start - number.end <= 1
        if not counts or set(sentence.dimension_of(value)) & set(sentence.dimension_of(name)) or sentence.find("[PpSsKkCcB]") is not None:
            return False
        sentence.explicit.append(name)
        sentence.assume(f"“{number.text}{name.text}”：列出其中的每一个", f"'{number.text} {name.text}': each of them is listed")
        sentence.take(match.start() + 1)
        return True

    if sentence.find("[zE]|G(?!N?[DmgM])") is not None or any(token.kind == "G" and token.text.startswith("各") for token in sentence.rest):
        sentence.each("VND", read)


def _each_of_them(sentence: Sentence) -> None:
    """A、B两个活动各触达了多少: 各 after members named side by side is for each of them."""
    match = sentence.find("G(?!N?[DmgwRT])")
    if match is None or sentence.rest[match.start()].text not in ("各", "各个", "每个", "每", "each") or sentence.has(DIMENSION):
        return
    values = [token for token in sentence.rest[: match.start()] if token.kind == VALUE]
    shared = set.intersection(*(set(sentence.dimension_of(token)) for token in values)) if len(values) > 1 else set()
    if shared:
        sentence.draft.separate = True
        sentence.take(match.start())


def _each_of_what(sentence: Sentence) -> None:
    """各片触达率: each of something that has no name here is no total."""
    if sentence.find("[DVgmwnN]") is not None:
        return
    for token in sentence.rest:
        if token.kind == "G" and len(token.text) > 1 and token.text[0] in "各每" and token.text not in ("各个", "每个", "各类", "各种", "各自"):
            sentence.problem(token.text, 0.45)


_SPREADS = frozenset(("分布", "的分布", "分布情况", "distribution", "breakdown", "distribution of", "breakdown of"))


def _spread(sentence: Sentence) -> None:
    """Stage 分布: by the dimension that the metric's own name holds; by what else has to be asked."""
    at = next((index for index, token in enumerate(sentence.rest) if token.kind == "G" and token.text in _SPREADS), None)
    names = _metrics(sentence)
    if at is None or len(names) != 1 or sentence.find("[DgmwRESPpKk]") is not None or sentence.count(VALUE) > 1:
        return
    lexicon = sentence.view.lexicon
    info = lexicon.metrics.get(names[0])
    if info is None or keys(next(t for t in sentence.rest if t.kind == METRIC).text) in lexicon.words.implied:
        return
    known = [lexicon.dimensions[name] for name in info.dimensions if name in lexicon.dimensions and lexicon.dimensions[name].identifies is None]
    own = [each for each in known if each.label.en.lower() in info.names or set(each.label.en.lower().split()) & set(info.label.en.lower().split()) or each.label.zh in info.label.zh]
    token = sentence.rest[at]
    if len(own) == 1:
        name = Token(DIMENSION, token.start, token.end, token.text, meanings=(Meaning("dimension", own[0].id),))
        sentence.draft.groups.append(Group(name, explicit=True))
    else:
        sentence.draft.spread = True
    sentence.take(at)


__all__ = ["grouped", "read"]
