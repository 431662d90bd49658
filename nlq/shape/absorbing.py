"""Names and members that stand beside one another and are one thing: 华东大区, 渠道为微信, 金卡会员, 四个码头."""

from __future__ import annotations

import re

from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import AMONG, TOTAL
from nlq.words.normalise import keys


def absorb(sentence: Sentence) -> None:
    """Join values with the dimension named beside them: 华东大区, 渠道为微信, 华东、华南两个大区."""
    sentence.each(r"(?<![X!y\-])jG?(?=D?V)", lambda match: _filtered(sentence, match))
    sentence.each("V(?:[&|,]*V)*N?D", lambda match: _values_then_name(sentence, match))
    sentence.each("V(?:[&|,]*V)+,ND", lambda match: _values_then_name(sentence, match) if _as_many(sentence, match) else False)
    sentence.each("DGD?V", lambda match: _caused(sentence, match))
    sentence.each("Vm", lambda match: _days(sentence, match))
    sentence.each("V[DV]", lambda match: _head_noun(sentence, match))
    sentence.each("(?<![GWN])DV", lambda match: _name_then_value(sentence, match))
    sentence.each("V(?:[&|,]V)*N(?!c)", lambda match: _counted_values(sentence, match))
    sentence.each("(?<![PpS#CB~X!])L?N(?=D)|BN(?=D)", lambda match: _all_of_them(sentence, match))


def _values_then_name(sentence: Sentence, match: re.Match[str]) -> bool:
    start, end = match.span()
    name = sentence.rest[end - 1]
    if start and sentence.rest[start - 1].kind == "C" and sentence.chinese and name.start > sentence.rest[end - 2].end:
        return False  # 超过华东的大区: the regions above it, not the region itself
    dimensions = sentence.dimension_of(name)
    values = [token for token in sentence.rest[start : end - 1] if token.kind == "V"]
    if not all(set(sentence.dimension_of(token)) & set(dimensions) for token in values):
        return False
    for token in values:
        sentence.restrict(token, dimensions)
    taken = [end - 1]
    if sentence.rest[end - 2].kind == "N":
        taken.append(end - 2)
        if sentence.rest[end - 3].kind == ",":
            taken.append(end - 3)
    sentence.take(*taken)
    return True


def _as_many(sentence: Sentence, match: re.Match[str]) -> bool:
    """心衰规范诊疗行和糖心同管，两个活动的: the number after the comma is that of the members before it."""
    tokens = sentence.rest[match.start() : match.end()]
    number = tokens[-2].number
    return number is not None and number.said == "plain" and number.value == sum(token.kind == "V" for token in tokens)


def _head_noun(sentence: Sentence, match: re.Match[str]) -> bool:
    """金卡会员, large cities: the noun after a value is a part of its dimension's name (会员等级, City size), not another condition or cut."""
    value, noun = sentence.rest[match.start()], sentence.rest[match.start() + 1]
    dimensions = sentence.view.lexicon.dimensions
    if noun.kind == "D" and _sized(sentence, match):
        sentence.take(match.start() + 1)
        return True
    labels = [dimensions[name].label.zh for name in sentence.dimension_of(value) if name in dimensions]
    flag = any((info := dimensions.get(name)) is not None and info.yes is not None for name in sentence.dimension_of(noun))
    if not flag or not any(noun.text in label and noun.text != label for label in labels) or set(sentence.dimension_of(value)) & set(sentence.dimension_of(noun)):
        return False
    sentence.take(match.start() + 1)
    return True


def _filtered(sentence: Sentence, match: re.Match[str]) -> bool:
    """筛选华东, filter by region East: the member that follows is the filter anyway."""
    sentence.take(*range(match.start(), match.end()))
    return True


def _sized(sentence: Sentence, match: re.Match[str]) -> bool:
    """Whether an English noun right after a value is a word of the label of the value's dimension, where nothing is ranked or listed by it."""
    value, noun = sentence.rest[match.start()], sentence.rest[match.start() + 1]
    dimensions = sentence.view.lexicon.dimensions
    before = sentence.rest[match.start() - 1].kind if match.start() else ""
    if not noun.text.isascii() or noun.start != value.end + 1 or before in ("G", "W", "L") or sentence.find("[KkSsPpCWlh]") is not None:
        return False
    labels = [set(keys(dimensions[name].label.en)) for name in sentence.dimension_of(value) if name in dimensions]
    return any(set(keys(noun.text)) < label for label in labels) and not sentence.identifies(noun)


def _caused(sentence: Sentence, match: re.Match[str]) -> bool:
    """Bursts caused by digging: a dimension's name as a participle says of what the member is, and groups nothing."""
    name, by, value = sentence.rest[match.start()], sentence.rest[match.start() + 1], sentence.rest[match.end() - 1]
    before = sentence.rest[match.start() - 1].kind if match.start() else ""
    if by.text != "by" or before in ("G", "W", "L") or not set(sentence.dimension_of(value)) & set(sentence.dimension_of(name)):
        return False
    sentence.restrict(value, sentence.dimension_of(name))
    sentence.take(*range(match.start(), match.end() - 1))
    return True


def _days(sentence: Sentence, match: re.Match[str]) -> bool:
    """On rainy days, on Mondays days: the days say no more than the member before them."""
    value, unit = sentence.rest[match.start()], sentence.rest[match.end() - 1]
    if unit.text not in ("day", "days") or unit.start != value.end + 1:
        return False
    sentence.take(match.end() - 1)
    return True


def _name_then_value(sentence: Sentence, match: re.Match[str]) -> bool:
    name, value = sentence.rest[match.start()], sentence.rest[match.start() + 1]
    dimensions = sentence.dimension_of(name)
    if not set(sentence.dimension_of(value)) & set(dimensions):
        return False
    sentence.restrict(value, dimensions)
    sentence.take(match.start())
    return True


def _all_of_them(sentence: Sentence, match: re.Match[str]) -> bool:
    """四个码头分别, the four terminals: the number is that of the dimension's members, so each of them is meant."""
    number, name = sentence.rest[match.end() - 1].number, sentence.rest[match.end()]
    following = sentence.rest[match.end() + 1].kind if match.end() + 1 < len(sentence.rest) else ""
    infos = [info for dimension in sentence.dimension_of(name) if (info := sentence.view.lexicon.dimensions.get(dimension)) is not None]
    if number is None or number.said != "plain" or number.seconds is not None or following == "c" or not any(len(info.members) == number.value for info in infos):
        return False
    if sentence.rest[match.start()].kind == "B" and not _within(sentence, name):
        return False  # 介于三个…: a bound
    adjoining = name.start - sentence.rest[match.end() - 1].end <= 1
    if not adjoining or (not sentence.chinese and sentence.has("S") and not _definite(sentence, match.start())):
        return False
    if sentence.has(TOTAL) and not (sentence.has("E") or sentence.has("G")):
        sentence.take(*range(match.start(), match.end() + 1))  # 四个码头一共: one figure, of all of them
        return True
    sentence.explicit.append(name)
    sentence.take(*range(match.start(), match.end()))
    return True


def _within(sentence: Sentence, name: Token) -> bool:
    """在四个产品里: the dimension's name is followed by a word for `among`."""
    after = next((token for token in sentence.all if token.start >= name.end), None)
    return after is not None and after.start == name.end and after.text in AMONG


def _definite(sentence: Sentence, at: int) -> bool:
    """Whether `the`, `all` or `our` stands before a token: the seven regions are all of them, 7 regions with the highest rate are the first seven."""
    before = [token for token in sentence.all if token.end <= sentence.rest[at].start][-1:]
    return sentence.rest[at].kind == "L" or any(token.text in ("the", "our", "all", "these") for token in before)


def _counted_values(sentence: Sentence, match: re.Match[str]) -> bool:
    """华东和华南两个: the number only counts what was just named."""
    number = sentence.rest[match.end() - 1].number
    values = sum(token.kind == "V" for token in sentence.rest[match.start() : match.end()])
    if values < 2 or number is None or number.value != values or number.said != "plain":
        return False
    sentence.take(match.end() - 1)
    return True


def flags(sentence: Sentence) -> None:
    """Read 是否-dimensions as their `yes`: 目标医生的触达次数; with a negation as their `no`."""
    for token in list(sentence.rest):
        if token.kind != "D" or token not in sentence.rest:
            continue
        info = sentence.view.lexicon.dimensions.get(token.ids("dimension")[0])
        if info is None or info.yes is None:
            continue
        at = sentence.rest.index(token)
        before = sentence.rest[at - 1].kind if at else ""
        if before in ("G", "W", "y") or (before == "&" and at >= 2 and sentence.rest[at - 2].kind == "D") or token.text.startswith(("是否", "whether")):
            continue
        negated = before == "!"
        value = info.no if negated else info.yes
        if value is None:
            continue
        token.kind = "V"
        token.meanings = (Meaning("value", info.id, value),)
        if negated:
            sentence.take(at - 1)
