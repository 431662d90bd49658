"""Acts and those to whom they happened: 拜访过的医生数 counts doctors, not visits; 我拜访的医生打开率 is a condition on doctors, not a second metric.

The metric that counts acts tells by its own conditions which they are; those who are counted are then asked of the plain counter of the same rows.
"""

from __future__ import annotations

import re

from nlq.draft import Member
from nlq.lexicon.entries import Meaning, MetricInfo
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, NOUN, VALUE

_ASK = 0.5
_ACT_NOUN = ("数", "量", "次", "率", "比", "例", "度", "分", "额", "频率", "频次", "时长", "count", "rate", "share", "number", "s")
"""How the name of a figure ends, not a verb: 拜访次数, open rate."""
_PERSONS = re.compile(r"人$|人数$|[位名]$")
_COUNTED = re.compile(r"(?:人?数(?!据)|的?数量|总数|有(?:多少|几)|是?多少|共?有?几[个位名]|几[个位名])")
_PAST = re.compile(r"^(?:过|了|到)*(?:过|的)(?:过|的)*$")
_CLAUSE_VERBS = frozenset(("点", "点了", "点击", "发", "发了", "发出", "发出去", "发送", "送", "送了", "看", "看了", "读", "读了", "回", "回了", "收", "收了", "收到", "转", "转发", "打", "打了", "做", "做了", "填", "填了", "投", "投了", "跑", "跑了"))
_WATCHES = frozenset(("不看", "不用", "不要", "不算"))


def events(sentence: Sentence) -> None:
    """Apply the rules, once names are chosen and before anything is taken."""
    _named_without_figure(sentence)
    _habit(sentence)
    for token in [token for token in sentence.rest if token.kind == METRIC]:
        info = _act(sentence, token)
        if info is None or _of_other(sentence, token):
            continue
        who = _counted(sentence, token)
        if who is not None:
            _count(sentence, token, info, who)
            return


def _act(sentence: Sentence, token: Token) -> MetricInfo | None:
    """Return the metric that a verb stands for: it counts rows, or is a share of some."""
    names = token.ids("metric")
    if len(names) != 1 or token.text.endswith(_ACT_NOUN) or (token.text.isascii() and not token.text.endswith("ed")):
        return None
    info = sentence.view.lexicon.metrics.get(names[0])
    if info is None or info.counts is not None or "prescribing" in info.tags:
        return None
    return info if (info.rows is not None and info.rows.entity is None) or (info.ratio and not token.partial) else None


def _after(sentence: Sentence, token: Token) -> str:
    """The text from the end of a token to the next one that is not read over, and that one."""
    found = ""
    for other in sorted((other for other in sentence.all if other.start >= token.end), key=lambda other: other.start):
        if other.kind in (METRIC, DIMENSION, VALUE, NOUN):
            break
        found += other.text
        if len(found) > len("有多少个"):
            break
    return found


def _person(sentence: Sentence) -> str | None:
    found = {info.identifies for info in sentence.view.lexicon.dimensions.values() if info.person}
    return next(iter(found)) if len(found) == 1 else None


def _entity(sentence: Sentence, verb: Token, noun: Token) -> str | None:
    """Return what a noun names that can be counted: persons, or what a metric of the same rows counts (医院)."""
    dimensions = sentence.view.lexicon.dimensions
    named = [name for each in (noun, *noun.alternatives) for name in each.ids("dimension") if name in dimensions]
    if not named:
        return None
    act = sentence.view.lexicon.metrics[verb.ids("metric")[0]]
    return dimensions[named[0]].identifies or (named[0] if _counter(sentence, act, named[0]) is not None else None)


def _counted(sentence: Sentence, verb: Token) -> tuple[str, Token | None] | None:
    """Return the entity whose members are counted and the noun for it; None where the acts are, or where something is ranked or bounded."""
    bounded = sentence.find("[NSKkPpEz]") is not None
    if bounded or any(token.kind == "U" and "次" in token.text for token in sentence.rest):
        return None
    for index, token in enumerate(sentence.rest):
        before = sentence.rest[index - 1] if index else None
        if token.kind in (DIMENSION, NOUN) and token is not verb:
            entity = _entity(sentence, verb, token)
            if entity is None and _persons(sentence, verb, token, before) and (person := _person(sentence)) is not None:
                return person, None
            if entity is None or (before is not None and before.kind in "GWLl"):
                continue
            asked = before is not None and before.kind == "U" and token.start - before.end <= 1 and not (token.text.isascii() and before.text.endswith("much"))
            told = sentence.find("[Hh]") is not None and verb.end <= token.start and _PAST.match(_between(sentence, verb, token)) is not None
            if asked or told or _COUNTED.match(_after(sentence, token)):
                return entity, token
        elif _persons(sentence, verb, token, before):
            entity = _person(sentence)
            return (entity, None) if entity is not None else None
    return None


def _between(sentence: Sentence, first: Token, last: Token) -> str:
    return "".join(token.text for token in sentence.all if first.end <= token.start and token.end <= last.start)


def _persons(sentence: Sentence, verb: Token, token: Token, before: Token | None) -> bool:
    """Whether persons are asked for without their noun: 拜访了多少主任, 多少人被拜访过, 拜访人数, 拜访目标医生多少个."""
    if token.kind == DIMENSION:
        flag = sentence.about_person(token) and not sentence.identifies(token) and any(sentence.view.lexicon.dimensions[name].yes is not None for name in sentence.dimension_of(token))
        asked = before is not None and before.kind == "U" and token.start == before.end and verb.end <= before.start
        return flag and (asked or re.match(r"(?:有)?(?:多少|几)[个位名]", _after(sentence, token)) is not None)
    if token.kind == VALUE:
        return before is not None and before.kind == "U" and token.start == before.end and verb.end <= before.start and sentence.about_person(token)
    return token.kind == "U" and (token.text != "人数" or token.start == verb.end) and _PERSONS.search(token.text) is not None


def _counter(sentence: Sentence, act: MetricInfo, entity: str) -> MetricInfo | None:
    """Return the one metric that counts distinct members of the entity among the same rows, under no condition that the acts don't have."""
    if act.rows is None:
        return None
    infos = [sentence.view.lexicon.metrics[name] for name in sentence.view.metrics]
    found = [info for info in infos if info.rows is not None and info.rows.entity == entity and info.rows.within(act.rows)]
    return found[0] if len(found) == 1 else None


def _count(sentence: Sentence, verb: Token, act: MetricInfo, who: tuple[str, Token | None]) -> None:
    entity, noun = who
    counter = _counter(sentence, act, entity)
    if counter is None:
        if act.ratio or any(info.counts == entity for info in sentence.view.lexicon.metrics.values()):
            sentence.problem(verb.text + (noun.text if noun is not None else ""), _ASK)  # those who opened: no approved metric counts them
        return
    verb.meanings, verb.alternatives, verb.body, verb.partial = (Meaning("metric", counter.id, rank=1),), [], False, False
    for other in [other for other in sentence.rest if other is noun or (other.kind == "C" and other.text == "过" and other.start == verb.end)]:
        other.kind = FILLER
        sentence.take(sentence.rest.index(other))
    confine(sentence, act, counter)


def confine(sentence: Sentence, act: MetricInfo, counter: MetricInfo) -> None:
    """Let the members to which the acts are confined confine those who are counted, unless others of that dimension are named."""
    said = {name for token in sentence.rest if token.kind == VALUE for name in sentence.dimension_of(token)}
    kept = [] if act.rows is None or counter.rows is None else [item for item in act.rows.members if item not in counter.rows.members]
    for dimension, values in kept:
        if dimension not in said:
            meant = Token(VALUE, 0, 0, "", meanings=tuple(Meaning("value", dimension, value) for value in values), used=True)
            sentence.draft.members.append(Member(meant, implied=True))
    sentence.assume(f"按{act.label.zh}所及的{counter.label.zh}理解", f"taken as {counter.label.en.lower()}, by {act.label.en.lower()} only")


def _of_other(sentence: Sentence, verb: Token) -> bool:
    """我拜访过的医生打开率: another metric of those to whom it happened has no form; 拜访覆盖多少医生: it is the counter that the acts confine."""
    if not sentence.chinese:
        return False
    dimensions = sentence.view.lexicon.dimensions
    nouns = tuple(info.label.zh for info in dimensions.values() if info.person)
    for other in sentence.rest:
        if other.kind != METRIC or other.start < verb.end or other.ids("metric") == verb.ids("metric"):
            continue
        between = [token for token in sentence.all if verb.end <= token.start and token.end <= other.start]
        text = "".join(token.text for token in between)
        named = [token for token in between if token.kind in (DIMENSION, NOUN) and (sentence.person(token) or any(sentence.person(each) for each in token.alternatives))]
        plain = all(token.kind in (FILLER, "C", DIMENSION, NOUN) for token in between) and not any(token.kind == "C" and token.text != "过" for token in between)
        if plain and (named or (_PAST.match(text) and other.text.startswith(nouns))) and ("过" in text or "的" in text) and not (other.listed and verb.listed):
            sentence.problem(verb.text + text, _ASK)
            return True
        act, counter = sentence.view.lexicon.metrics.get(verb.ids("metric")[0]), sentence.view.lexicon.metrics.get(other.ids("metric")[0])
        if not text and act is not None and counter is not None and counter.rows is not None and act.rows is not None and counter.rows.entity is not None and counter.rows.within(act.rows):
            verb.kind = FILLER
            sentence.take(sentence.rest.index(verb))
            confine(sentence, act, counter)
            return True
        return False
    return False


def _named_without_figure(sentence: Sentence) -> None:
    """打开率多少，点了多少: a clause that asks for how much of something no metric names is no manner of speaking."""
    if not sentence.chinese or not any(token.kind == METRIC for token in sentence.rest):
        return
    clause: list[Token] = []
    for token in [*sorted(sentence.all, key=lambda token: token.start), None]:
        if token is not None and token.kind != "," and token.text != "、":
            clause.append(token)
            continue
        asks = next((index for index, each in enumerate(clause) if each.kind == "U"), None)
        if asks and all(each.kind in (FILLER, "U", VALUE) for each in clause):
            said = "".join(each.text for each in clause[:asks] if each.kind == FILLER)
            if said.endswith(tuple(_CLAUSE_VERBS)):
                sentence.problem(said + clause[asks].text, _ASK)
                return
        clause = []


def _habit(sentence: Sentence) -> None:
    """有些大夫不看微信，打开率…: what persons do not do leaves no member out."""
    for index, token in enumerate(sentence.all):
        if token.kind == "X" and token.text in _WATCHES and index:
            before = sentence.all[index - 1]
            if before.kind in (DIMENSION, NOUN) and before.end == token.start and (sentence.person(before) or any(sentence.person(each) for each in before.alternatives)):
                sentence.problem(before.text + token.text, _ASK)
                return


__all__ = ["events"]
