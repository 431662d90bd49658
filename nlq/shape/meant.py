"""Words that look like a filter, a cut or a second metric and are none: 职称不同的医生, 销售额目标, 不认可的医生, 每个工作日, 哪类内容 of two topics.

Each rule reads what is plainly meant, or has it asked back; none leaves out a word that a number depends on.
"""

from __future__ import annotations

import re

from nlq.draft import Group
from nlq.lexicon.entries import DimensionInfo, Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, GROUP, METRIC, NOUN, VALUE
from nlq.words.normalise import keys, normalise

_ASK = 0.5
_VERBAL = frozenset(("不", "没", "没有", "未", "尚未", "从未", "不曾", "未曾", "还没", "还没有"))
"""Negations of a verb: 不认可 says less than all but 认可."""
_EFFECT = frozenset(("效果", "表现", "成效", "成绩"))
_BY = frozenset(("看", "按", "按照", "用", "以", "就看", "只看", "指标", "根据"))
_WITHIN = ("里", "内", "中", "里面", "内部", "当中")
_EACH = ("各", "每", "each", "every")


def early(sentence: Sentence) -> None:
    """Apply the rules that come before names are joined."""
    _different(sentence)
    _counted_whole(sentence)
    _bare_flag(sentence)
    _effect(sentence)
    _own_group(sentence)
    _average_of_others(sentence)


def late(sentence: Sentence) -> None:
    """Apply the rules that need the metrics and the dimensions named."""
    _not_done(sentence)
    _of_their_own(sentence)
    _each_of_several(sentence)
    _which_of_members(sentence)
    _source(sentence)


def _dimensions(sentence: Sentence, token: Token) -> list[DimensionInfo]:
    known = sentence.view.lexicon.dimensions
    return [known[name] for name in sentence.dimension_of(token) if name in known]


def _metrics(sentence: Sentence) -> list[str]:
    known = sentence.view.lexicon.metrics
    return [name for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in known]


def _next(sentence: Sentence, token: Token) -> Token | None:
    """The token that follows, read over or not."""
    return min((other for other in sentence.all if other.start >= token.end and other is not token), key=lambda other: other.start, default=None)


def _different(sentence: Sentence) -> None:
    """职称不同的医生: by title; the persons are no cut."""
    for index, token in enumerate(sentence.rest[:-1]):
        following = sentence.rest[index + 1]
        if token.kind == DIMENSION and following.kind == GROUP and following.text == "不同" and following.start == token.end and not sentence.identifies(token):
            sentence.explicit.append(token)
            sentence.take(index + 1)
            return


def _counted_whole(sentence: Sentence) -> None:
    """目标医生里主任医师占多少: where a share is asked and no metric named, those of whom it is a share are what is counted."""
    if not sentence.chinese or sentence.has(METRIC) or sentence.find("[Hh]") is None:
        return
    book, known = sentence.view.lexicon.words, sentence.view.lexicon.metrics
    for index, token in enumerate(sentence.rest):
        names = [name for name in book.bodies.get(keys(token.text), ()) if name in known] if token.kind in (DIMENSION, VALUE) else []
        before = sentence.rest[index - 1].kind if index else ""
        others = {name for other in sentence.rest if other is not token and other.kind in (DIMENSION, VALUE) for name in sentence.dimension_of(other)}
        if any(other.kind in (DIMENSION, VALUE) and other.start < token.start for other in sentence.rest):
            continue  # 华东目标医生占比: of East, or of the doctors there?
        if len(names) == 1 and before not in (GROUP, "W", "X", "!") and others and others <= known[names[0]].dimensions:
            token.kind, token.meanings, token.alternatives = METRIC, (Meaning("metric", names[0], rank=1),), []
            return


def _bare_flag(sentence: Sentence) -> None:
    """销售额目标, Q4目标: the adjective of persons, with no person named whom it describes, is a noun of its own."""
    if any(token.kind == NOUN or (token.kind == DIMENSION and sentence.about_person(token)) for token in sentence.rest):
        return
    flags = [token for token in sentence.rest if token.kind == VALUE and (found := _dimensions(sentence, token)) and all(info.yes is not None for info in found)]
    for token in flags:
        infos = _dimensions(sentence, token)
        named = any(normalise(name) in token.text for info in infos for name in (info.label.zh, info.label.en, *info.synonyms))
        said = [meaning.value for meaning in token.meanings if meaning.kind == "value"]
        index = sentence.rest.index(token)
        before, after = sentence.rest[index - 1 : index] if index else [], sentence.rest[index + 1 : index + 2]
        persons = any(other.kind == VALUE and sentence.about_person(other) for other in sentence.rest if other is not token)
        if named or len(flags) > 1 or persons or said != [info.yes for info in infos] or any(other.kind in ("G", "W", "X", "!", "O") for other in before):
            continue
        allowed = {dimension for name in _metrics(sentence) for dimension in sentence.view.lexicon.metrics[name].dimensions}
        if after and after[0].kind == METRIC and set(sentence.dimension_of(token)) & allowed:
            continue  # 目标触达次数
        if not _metrics(sentence):
            noun = next((other for other in token.alternatives if other.kind == NOUN), None)
            if noun is not None:
                token.kind, token.meanings, token.alternatives = NOUN, noun.meanings, []  # 糖衡的目标: what is asked back is which of them
            continue
        sentence.problem(token.text, _ASK)
        token.kind = FILLER
        sentence.take(index)


def _effect(sentence: Sentence) -> None:
    """周几拜访效果最好，看互动目标达成率: the measure is the one that it is to be judged by."""
    for token in [token for token in sentence.rest if token.kind == METRIC]:
        effect = _next(sentence, token)
        ranked = _next(sentence, effect) if effect is not None else None
        if effect is None or effect.text not in _EFFECT or ranked is None or ranked.kind != "S":
            continue
        for other in sentence.rest:
            by = [each for each in sentence.all if ranked.end <= each.start and each.end <= other.start]
            if other.kind == METRIC and by and by[0].kind == "," and by[-1].text in _BY and len(by) <= len((",", "就", "看")):
                token.kind = FILLER
                sentence.take(sentence.rest.index(token))
                return


def _own_group(sentence: Sentence) -> None:
    """团队里拜访超过300次的代表: inside the asker's own; what is asked is named after it."""
    for index, token in enumerate(sentence.rest):
        if token.kind != DIMENSION or not sentence.about_person(token) or sentence.identifies(token):
            continue
        following = _next(sentence, token)
        later = any(other.kind == DIMENSION for other in sentence.rest[index + 1 :])
        before = sentence.rest[index - 1].kind if index else ""
        if following is None or following.start != token.end or following.text not in _WITHIN or not later or before in (GROUP, "W", "L", "N", VALUE):
            return
        label = _dimensions(sentence, token)[0].label
        sentence.assume(f"“{token.text}”按您自己的数据范围理解", f"your own {label.en.lower()} is taken as your own data scope")
        token.kind = FILLER
        sentence.take(index)
        return


_PER_PERSON = re.compile(r"人均|每[个位名]|每人|per ")


def _average_of_others(sentence: Sentence) -> None:
    """每家医院平均触达次数: a metric per doctor is no average over hospitals."""
    known, dimensions = sentence.view.lexicon.metrics, sentence.view.lexicon.dimensions
    match = sentence.find(f"{GROUP}{DIMENSION}{METRIC}")
    if match is None or not sentence.rest[match.start()].text.startswith("每"):
        return
    name, token = sentence.rest[match.start() + 1], sentence.rest[match.end() - 1]
    bases = {known[base].counts for each in token.ids("metric") if each in known and (base := known[each].denominator) in known and base is not None}
    own = {dimensions[each].identifies for each in sentence.dimension_of(name) if each in dimensions}
    if "平均" in token.text and not _PER_PERSON.search(token.text) and bases - {None} and not bases & own and token.start - name.end <= 1:
        sentence.problem(sentence.rest[match.start()].text + name.text + "平均", _ASK)


def _not_done(sentence: Sentence) -> None:
    """不认可, 没有使用: not to do is not `all but`; who is at a higher stage does it as well."""
    for index, token in enumerate(sentence.rest[:-1]):
        value = sentence.rest[index + 1]
        if token.kind == "!" and token.text in _VERBAL and value.kind == VALUE and value.start == token.end and all(info.yes is None for info in _dimensions(sentence, value)):
            sentence.problem(token.text + value.text, _ASK)
            return


def _of_their_own(sentence: Sentence) -> None:
    """Q4目标和Q3实际销售额: two metrics, each of a period of its own, are no one query."""
    match = sentence.find("T[^TM&,]*M[&,]+T[^TM&,]*M")
    if match is None or sentence.find("[ZzdIYQ]") is not None:
        return
    metrics = [token for token in sentence.rest[match.start() : match.end()] if token.kind == METRIC]
    if set(metrics[0].ids("metric")) != set(metrics[1].ids("metric")):
        sentence.problem(metrics[1].text, _ASK)


def _each_of_several(sentence: Sentence) -> None:
    """每个工作日: a word for several members, each of which is meant."""
    match = sentence.find(f"{GROUP}{VALUE}")
    if match is None:
        return
    cue, value = sentence.rest[match.start()], sentence.rest[match.end() - 1]
    names = {meaning.id for meaning in value.meanings if meaning.kind == "value"}
    if not cue.text.startswith(_EACH) or len(names) != 1 or len({meaning.value for meaning in value.meanings}) == 1 or value.start - cue.end > 1:
        return
    name = Token(DIMENSION, value.start, value.end, value.text, meanings=(Meaning("dimension", next(iter(names))),))
    sentence.draft.groups.append(Group(name, explicit=True))
    sentence.take(match.start())


def _which_of_members(sentence: Sentence) -> None:
    """安全性和有效性哪类内容: which of the two that are named, by whatever kind of the same thing it is asked."""
    match = sentence.find(f"{VALUE}(?:[&,]+{VALUE})+,?W{DIMENSION}")
    if match is None or not sentence.chinese:
        return
    values = [token for token in sentence.rest[match.start() : match.end()] if token.kind == VALUE]
    name = sentence.rest[match.end() - 1]
    shared = set.intersection(*(set(sentence.dimension_of(token)) for token in values))
    if len(shared) != 1 or shared & set(sentence.dimension_of(name)):
        return
    own, asked = sentence.view.lexicon.dimensions[next(iter(shared))].label.zh, [info.label.zh for info in _dimensions(sentence, name)]
    if not any(own[: len("内容")] == label[: len("内容")] for label in asked):
        return
    name.meanings, name.alternatives = (Meaning("dimension", next(iter(shared))),), []
    sentence.assume(f"按{own}比较所说的几个", f"those that were named are compared, by {sentence.view.lexicon.dimensions[next(iter(shared))].label.en.lower()}")


def _source(sentence: Sentence) -> None:
    """调研里的平均认知得分: the member's word says where the metric comes from, which its own definition says too."""
    known = sentence.view.lexicon.metrics
    names = list(dict.fromkeys(_metrics(sentence)))
    if len(names) != 1:
        return
    for token in [token for token in sentence.rest if token.kind == VALUE]:
        following = _next(sentence, token)
        within = following is not None and following.start == token.end and following.text in (*_WITHIN, "的", "上")
        said = {token.text, *(str(meaning.value) for meaning in token.meanings)}
        if within and not set(sentence.dimension_of(token)) & known[names[0]].dimensions and any(word in known[names[0]].definition for word in said):
            token.kind = FILLER
            sentence.take(sentence.rest.index(token))
            return


__all__ = ["early", "late"]
