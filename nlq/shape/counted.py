"""What is counted and what is divided: reached fewer than 200 doctors, reach了几个, what share of doctors moved up, touches vs plan.

A verb that several metrics share (reached) is the one that counts its object; a share of those who did something is the ratio that the bundle approves for it;
a target beside a metric is that metric's own target. Each rule waits for one metric only: where several fit, it is asked.
"""

from __future__ import annotations

import re

from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, NOUN, UNKNOWN, VALUE
from nlq.words.normalise import keys, normalise, root, stem

_NEW = frozenset(("new", "newly", "新", "新增", "首次"))
_PLANNED = frozenset(("plan", "plans", "target", "targets", "goal", "goals", "quota", "budget", "objective", "目标", "计划", "指标", "预算"))
_DOES = re.compile(r"(?:\b(?:did|do|does|we|they|you|to|can|could|have|has|had|will|been|be)|how many [a-z' -]{2,40}) $")
"""Right before a word that is a noun too: did we reach, to reach."""
_PART = 3


def counted(sentence: Sentence) -> None:
    """Apply the rules, once names are chosen and before anything is taken."""
    _settled(sentence)
    _including(sentence)
    _less(sentence)
    _than(sentence)
    _verbs(sentence)
    _rated(sentence)
    _whole_of_part(sentence)
    _divided(sentence)
    _planned(sentence)
    _context(sentence)
    _numerators(sentence)
    _single(sentence)


def _undecided(token: Token) -> bool:
    """Whether a word names a part of several metrics, or is declared to mean several."""
    return token.kind == METRIC and token.text.isascii() and (len(token.ids("metric")) > 1 or (token.partial and all(m.rank == _PART for m in token.meanings)))


def _settled(sentence: Sentence) -> None:
    """Touches, reach rate by region, sorted by reach; the coverage (I mean the reach rate): of several metrics, the one that is named elsewhere."""
    exact = {ids[0] for token in sentence.rest if token.kind == METRIC and not token.partial and len(ids := token.ids("metric")) == 1}
    for token in sentence.rest:
        if token.kind != METRIC or len(ids := token.ids("metric")) < len(("one", "other")) or not any(m.value is not None for m in token.meanings):
            continue
        others = [other for other in sentence.rest if other.kind == METRIC and other is not token and len(other.ids("metric")) == 1 and other.ids("metric")[0] in exact]
        if any(other.start <= token.end + 1 and token.start <= other.end + 1 for other in others):
            continue  # 目标和实际销售额: one phrase with the name beside it
        named = [name for name in ids if name in exact]
        if len(named) > 1:
            named = list(dict.fromkeys(other.ids("metric")[0] for other in others if other.ids("metric")[0] in ids and token.text in other.text))
        if len(named) == 1:
            token.meanings, token.alternatives = (Meaning("metric", named[0], rank=1),), []


def _including(sentence: Sentence) -> None:
    """Touches by channel, including call centre: a member that is counted with the others is no filter; without a cut by it, what else is counted was not said."""
    if not sentence.has(METRIC):
        return
    for cue, member in zip(sentence.all, sentence.all[1:], strict=False):
        if cue.text not in _WITH or cue.kind != FILLER or member.kind != VALUE or member not in sentence.rest:
            continue
        names = sentence.dimension_of(member)
        grouped = any(token.kind == DIMENSION and set(sentence.dimension_of(token)) & set(names) for token in sentence.rest)
        if not grouped:
            sentence.problem(f"{cue.text}{'' if sentence.chinese else ' '}{member.text}", 0.5)
            continue
        sentence.assume(f"“{member.text}”算在内，其他的也算", f"'{member.text}' is counted with the others")
        at = sentence.rest.index(member)
        while at < len(sentence.rest) and sentence.rest[at].kind in (VALUE, "&"):
            sentence.take(at)
        return


_WITH = frozenset(("including", "incl", "inclusive of", "inclusive", "包括", "包含", "连同"))


def _less(sentence: Sentence) -> None:
    """Touches less call centre, touches by channel less e-mail: between what is asked and a member the word takes away; less WeChat touches compares."""
    for index in range(1, len(sentence.rest) - 1):
        before, cue, member = sentence.rest[index - 1 : index + 2]
        following = sentence.rest[index + 2].kind if index + 2 < len(sentence.rest) else ""
        if cue.text == "less" and cue.kind == "S" and before.kind in f"{METRIC}{DIMENSION}T," and member.kind == VALUE and member.start <= cue.end + _ARTICLE and following not in (METRIC, DIMENSION):
            cue.kind, cue.meanings, cue.alternatives = "X", (Meaning("cue", "X"),), []
            return


_ARTICLE = 5


def _than(sentence: Sentence) -> None:
    """Are cardiologists opening more than oncologists did: before a member of the same dimension, `more than` compares and bounds nothing."""
    for first, cue, base in zip(sentence.rest, sentence.rest[1:], sentence.rest[2:], strict=False):
        del first
        if cue.kind != "C" or not cue.text.endswith(" than") or cue.text.startswith(("better", "worse")) or base.kind != VALUE:
            continue
        others = [token for token in sentence.rest if token.kind == VALUE and token.end <= cue.start and set(sentence.dimension_of(token)) & set(sentence.dimension_of(base))]
        if len(others) == 1 and not sentence.has("N"):
            cue.kind, cue.meanings = "z", (Meaning("cue", "z"),)
            return


# ------------------------------------------------------------------ verbs


def _verbs(sentence: Sentence) -> None:
    """Provinces that reached fewer than 200 doctors, how many cardiologists did we reach, reach人数: the metric that counts them."""
    for token in [token for token in sentence.rest if _undecided(token)]:
        others = [other for other in sentence.rest if other.kind == METRIC and other is not token]
        if any(not other.partial and _flag(sentence, other) is None for other in others) or len(token.text.split()) > 1:
            continue
        at = sentence.rest.index(token)
        around = [sentence.rest[index] for index in (at - 1, at + 1) if 0 <= index < len(sentence.rest)]
        asked = next((other for other in around if other.kind == "U" and (abs(other.start - token.end) <= _NEAR if not other.text.isascii() else token.start == other.end + 1)), None)
        if not (token.text.endswith("ed") or asked is not None or _is_verb(sentence, token)):
            continue
        object_, nouns = _object(sentence, token)
        meant = _of_nouns(sentence, token, nouns) if nouns else _of_number(sentence, token, asked)
        if meant is None:
            continue
        token.meanings, token.partial, token.alternatives = (Meaning("metric", meant, rank=1),), False, []
        if object_ is not None and object_.kind in (DIMENSION, NOUN) and object_ in sentence.rest:
            before = sentence.rest.index(object_) - 1
            if not (before >= 0 and sentence.rest[before].kind in "GW"):
                sentence.take(sentence.rest.index(object_))
        for other in others:
            _as_flag(sentence, other)
        return


_NEAR = 2


def _is_verb(sentence: Sentence, token: Token) -> bool:
    said = " ".join(other.text for other in sentence.all if other.end <= token.start) + " "
    return _DOES.search(said) is not None or any(other.start == token.end and other.text in ("了", "到", "过", "的") for other in sentence.all)


def _flag(sentence: Sentence, token: Token) -> Meaning | None:
    """Return the member of a yes-or-no dimension that a metric's name says too: target doctors, target HCP."""
    if token.kind != METRIC:
        return None
    dimensions = sentence.view.lexicon.dimensions
    book = sentence.view.lexicon.words
    noun = next((m for other in token.alternatives if other.kind == DIMENSION for m in other.meanings), None)
    if noun is not None and (info := dimensions.get(noun.id)) is not None and info.yes is not None:
        return Meaning("value", noun.id, info.yes)
    words = keys(token.text)
    if len(words) != len(("flag", "noun")) or not any(m.kind == "dimension" and m.id in dimensions and dimensions[m.id].identifies for m in book.entries.get(words[1:], ())):
        return None
    for meaning in (*book.entries.get(words[:1], ()), *book.weak.get(words[:1], ())):
        info = dimensions.get(meaning.id)
        if meaning.kind == "value" and info is not None and info.yes is not None and info.yes == meaning.value:
            return Meaning("value", meaning.id, meaning.value)
    return None


def _as_flag(sentence: Sentence, token: Token) -> None:
    meaning = _flag(sentence, token)
    if meaning is not None:
        token.kind, token.meanings, token.alternatives, token.partial = DIMENSION, (Meaning("dimension", meaning.id),), [], False


def _object(sentence: Sentence, verb: Token) -> tuple[Token | None, set[str]]:
    """Return the word for those whom a verb reaches, and the nouns by which the names of metrics may call them."""
    dimensions = sentence.view.lexicon.dimensions
    labels = {info.id: root(stem(normalise(info.label.en).split()[-1])) for info in dimensions.values() if info.identifies is not None and info.label.en}
    for token in sorted((token for token in sentence.rest if token is not verb), key=lambda token: abs(token.start - verb.start)):
        names = token.ids("dimension") if token.kind == DIMENSION else ()
        named = [labels[name] for name in names if name in labels]
        if named:
            return token, {*named, *_new(sentence, verb, token)}
        if _flag(sentence, token) is not None:
            return token, {labels[name] for name, info in dimensions.items() if info.person and name in labels}
    for token in sentence.rest:
        if token.kind == VALUE and sentence.about_person(token) and not any(dimensions[name].identifies for name in sentence.dimension_of(token) if name in dimensions):
            asks = any(other.kind == "U" and other.end <= token.start for other in sentence.rest)
            adjoining = 0 <= verb.start - token.end <= 1
            if asks or adjoining:
                return token, {labels[name] for name, info in dimensions.items() if info.person and name in labels}
    return None, set()


def _new(sentence: Sentence, verb: Token, noun: Token) -> set[str]:
    """The word for new right before the verb or its object, which is then read."""
    for token in sentence.all:
        if token.text in _NEW and token.kind in (UNKNOWN, FILLER) and (0 <= verb.start - token.end <= 1 or 0 <= noun.start - token.end <= 1):
            token.used, token.kind = True, FILLER
            sentence.rest = [other for other in sentence.rest if other is not token]
            return {root("newly")}
    return set()


def _of_nouns(sentence: Sentence, verb: Token, nouns: set[str]) -> str | None:
    """Return the one metric that counts them and whose names say this verb and this noun, and nothing else."""
    infos, bags = sentence.view.infos, sentence.view.lexicon.words.bags
    found = {name for name in bags.get(tuple(sorted((root(stem(verb.text)), *nouns))), ()) if name in infos and infos[name].counts is not None}
    return next(iter(found)) if len(found) == 1 else None


def _of_number(sentence: Sentence, verb: Token, asked: Token | None) -> str | None:
    """Return the one of a verb's metrics that counts persons (人数, 几位, 几个), or houses (几家)."""
    if asked is None:
        return None
    infos = sentence.view.infos
    persons = {info.identifies for info in sentence.view.lexicon.dimensions.values() if info.person}
    houses = "家" in asked.text
    word = root(stem(verb.text))
    known = [name for name in infos if name in verb.ids("metric")] or [name for name, info in infos.items() if word in {root(stem(each)) for each in info.names.split()}]
    more = [name for name, info in infos.items() if word in {root(stem(each)) for each in info.names.split()}] if houses else []
    fitting = {name for name in (*known, *more) if infos[name].counts is not None and (infos[name].counts in persons) != houses}
    plain = {name for name in fitting if len(normalise(infos[name].label.en).split()) <= len(("verb", "noun"))}
    if len(plain) > 1:
        plain = {name for name in plain if word in {root(stem(each)) for each in normalise(infos[name].label.en).split()}}
    return next(iter(plain)) if len(plain) == 1 else None


def _rated(sentence: Sentence) -> None:
    """Which specialty opens our emails the most, do A doctors open more than B doctors: where members are compared, the one rate that is called by the verb."""
    compared = sentence.has("S") or any(token.kind in "Zz" or token.text.endswith(" than") for token in sentence.rest)
    if not compared or sentence.has("U") or any(token.kind == METRIC and not token.partial for token in sentence.rest):
        return
    infos = sentence.view.infos
    for token in sentence.rest:
        ids = token.ids("metric")
        if token.kind != METRIC or not token.text.isascii() or len(ids) != 1 or ids[0] not in infos or infos[ids[0]].format != "percent":
            continue
        label = normalise(infos[ids[0]].label.en).split()
        if len(label) == len(("verb", "rate")) and label[-1] == "rate" and root(stem(token.text)) == root(stem(label[0])):
            token.meanings, token.partial = (Meaning("metric", ids[0], rank=2),), False
            told = infos[ids[0]].label
            sentence.assume(f"“{token.text}”按“{told.zh}”理解", f"'{token.text}' taken as {told.en}")
            return


# ------------------------------------------------------------------ ratios


def _ratio_of(sentence: Sentence, numerator: str, denominator: str | None = None) -> str | None:
    """Return the one approved ratio with this numerator (and this denominator)."""
    found = [name for name, info in sentence.view.infos.items() if info.numerator == numerator and (denominator in (None, info.denominator)) and info.format == "percent"]
    return found[0] if len(found) == 1 else None


def _whole_of_part(sentence: Sentence) -> None:
    """What share of doctors moved up, what % of doctors have given consent: those who did it, of all who could."""
    if sentence.chinese or (match := sentence.find("[hH]")) is None:
        return
    cue = sentence.rest[match.start()]
    if not cue.text.startswith(("what", "which", "how", "percent", "proportion", "fraction", "share", "%")):
        return
    metrics = [token for token in sentence.rest if token.kind == METRIC]
    if len(metrics) != 1 or metrics[0].start < cue.end:
        return
    token = metrics[0]
    ids = token.ids("metric")
    infos = sentence.view.infos
    after = [other for other in sentence.rest if other.kind == VALUE and other.start >= token.end]
    copula = any(other.text in ("is", "are", "was", "were", "come", "comes", "came", "from") for other in sentence.all if token.end <= other.start)
    if (after and copula) or any(name not in infos for name in ids):
        return  # what share of reached doctors are cardiologists
    ratios = [name for name in ids if infos[name].ratio]
    noun = any(other.kind == DIMENSION and sentence.identifies(other) and cue.end <= other.start <= token.start for other in sentence.rest)
    if len(ids) > 1 and len(ratios) == 1 and noun:
        meant: str | None = ratios[0]
    elif len(ids) == 1 and ratios and cue.text.startswith(("what", "which")) and not any(other.kind == VALUE for other in sentence.rest if other.start < token.start):
        meant = ratios[0]
    elif len(ids) == 1 and not infos[ids[0]].ratio and _does(sentence, token):
        meant = _ratio_of(sentence, ids[0])
    else:
        return
    if meant is None:
        return
    token.meanings, token.partial, token.alternatives = (Meaning("metric", meant, rank=1),), False, []
    label = infos[meant].label
    sentence.assume(f"按{label.zh}理解", f"taken as {label.en.lower()}")
    for other in [other for other in sentence.rest if other is cue or (noun and other.kind == DIMENSION and sentence.identifies(other) and cue.end <= other.start <= token.start)]:
        sentence.take(sentence.rest.index(other))


def _does(sentence: Sentence, token: Token) -> bool:
    """Whether a counting metric was said as a clause, those who are counted first: doctors moved up, hospitals have we covered; not: covered hospitals."""
    words = [stem(word) for word in token.text.split()]
    nouns = {stem(name[0]) for info in sentence.view.lexicon.dimensions.values() if len(name := normalise(info.label.en).split()) == 1}
    nouns |= {word for word, noun in sentence.view.lexicon.words.same.items() if noun in nouns}
    return len(words) > 1 and words[0] in nouns


def _divided(sentence: Sentence) -> None:
    """Multichannel doctors as a % of reached doctors, 触达次数占计划触达次数的比例: the ratio of the two, where the bundle approves it."""
    if (match := sentence.find("[hH]L?M") if not sentence.chinese else sentence.find("hM[Hh]?")) is None:
        return
    whole = next(token for token in sentence.rest[match.start() :] if token.kind == METRIC)
    parts = [token for token in sentence.rest[: match.start()] if token.kind == METRIC]
    if len(parts) != 1 or len(parts[0].ids("metric")) != 1 or len(whole.ids("metric")) != 1 or sentence.count(METRIC) != len(("part", "whole")):
        return
    meant = _ratio_of(sentence, parts[0].ids("metric")[0], whole.ids("metric")[0])
    if meant is None:
        return
    label = sentence.view.infos[meant].label
    sentence.assume(f"按{label.zh}理解", f"taken as {label.en.lower()}")
    asked = any(token.kind == "U" and token.start >= parts[0].end for token in sentence.rest[: match.start()])
    if asked and sentence.rest[match.start() - 1].kind == ",":  # 多渠道覆盖的医生有多少，占触达医生的比例呢: how many, and their share as well
        whole.meanings, whole.partial, whole.body, whole.alternatives = (Meaning("metric", meant, rank=1),), False, False, []
        parts[0].body = False
        sentence.take(*[index for index, token in enumerate(sentence.rest) if match.start() <= index < match.end() and token is not whole])
        return
    parts[0].meanings, parts[0].partial, parts[0].alternatives = (Meaning("metric", meant, rank=1),), False, []
    whole.kind = FILLER
    sentence.take(*[index for index, token in enumerate(sentence.rest) if match.start() <= index < match.end()])


# ------------------------------------------------------------------ plans and targets


def _planned(sentence: Sentence) -> None:
    """Plan vs actual touches, sales再加上target: the other metric's own plan, where it has one."""
    for name, gap in zip(sentence.rest, sentence.rest[1:], strict=False):
        if name.kind == METRIC and gap.kind == "d" and any(f" {word} " in name.text for word in ("vs", "versus", "against", "to")):
            sentence.problem(gap.text, 0.5)  # sales vs target gap: how much is missing, not the ratio
    _actual(sentence)
    exact = [token for token in sentence.rest if token.kind == METRIC and not token.partial and len(token.ids("metric")) == 1 and token.text not in _PLANNED]
    said = [token for token in sentence.all if token.text in _PLANNED and token.kind in (UNKNOWN, METRIC, VALUE, FILLER)]
    if len(exact) != 1 or len(said) != 1 or said[0] in exact or sentence.has("d"):
        return  # 销售额与指标的差距: the gap, not the two
    if any(other.kind in (DIMENSION, VALUE, NOUN) and other is not said[0] and sentence.about_person(other) for other in sentence.rest):
        return  # 目标与非目标医生: the adjective of persons
    word, asked = said[0], exact[0]
    infos = sentence.view.infos
    plans = {info.denominator for info in infos.values() if info.numerator == asked.ids("metric")[0] and info.denominator in infos and info.planned}
    if len(plans) != 1:
        return
    beside = any(other.text in _ACTUAL or other.kind in "Z&z" for other in sentence.all)
    if not beside or (sentence.has("N") and any(other.kind in "cC" for other in sentence.rest)):
        return
    plan = next(iter(plans))
    word.kind, word.meanings, word.partial, word.alternatives = METRIC, (Meaning("metric", str(plan), rank=1),), False, []
    word.listed = asked.listed = word.joined = asked.joined = True
    if word not in sentence.rest:
        sentence.rest = sorted([*sentence.rest, word], key=lambda token: token.start)
    first, last = sorted((word, asked), key=lambda token: token.start)
    for other in [other for other in sentence.rest if (other.kind in "Zz" or other.text == "plus") and first.end <= other.start and other.end <= last.start]:
        sentence.take(sentence.rest.index(other))


# ------------------------------------------------------------------ what a metric is taken of


def _context(sentence: Sentence) -> None:
    """Average score in surveys answered, objective completion on detailing calls: after a preposition, what the first metric is taken of is no second one."""
    infos = sentence.view.infos
    named = [token for token in sentence.rest if token.kind == METRIC and len(token.ids("metric")) == 1 and token.ids("metric")[0] in infos]
    if sentence.chinese or len(named) != len(("metric", "context")):
        return
    first, second = named
    between = [token for token in sentence.all if first.end <= token.start and token.end <= second.start]
    while between and (between[-1].kind == VALUE or between[-1].text in ("the", "our", "all", "those", "these")):
        between.pop()
    if not between or between[-1].text not in ("in", "on", "at", "from", "during", "among") or any(token.kind in "&,ZzGC|" for token in between[-1:]):
        return
    definition = infos[first.ids("metric")[0]].definition
    words = {root(stem(word)) for word in infos[second.ids("metric")[0]].names.split() if len(word) > _NOUNS and word not in ("number", "count", "total")}
    if any(word in definition for word in words):
        second.kind, second.used = FILLER, True
        sentence.rest.remove(second)
    else:
        sentence.problem(second.text, 0.45)


def _numerators(sentence: Sentence) -> None:
    """Sales达成多少, revenue attainment: right before a ratio of it, a metric's name says of what the ratio is."""
    infos = sentence.view.infos
    for first, second in zip(sentence.rest, sentence.rest[1:], strict=False):
        ids = first.ids("metric"), second.ids("metric")
        if first.kind != METRIC or second.kind != METRIC or any(len(each) != 1 for each in ids) or second.start - first.end > 1 or first.partial:
            continue
        part, ratio = ids[0][0], ids[1][0]
        if part not in infos or ratio not in infos or infos[ratio].numerator is None or not infos[ratio].planned:
            continue
        if infos[ratio].numerator == part:
            first.kind, first.used = FILLER, True
            sentence.rest.remove(first)
        elif infos[part].running:
            sentence.problem(first.text, 0.5)
        return


_NOUNS = 4


def _single(sentence: Sentence) -> None:
    """实验转化率，邮件那个: where a metric is asked of one member of a dimension, a word that its other filters can't be names the member it stands in."""
    infos, dimensions = sentence.view.infos, sentence.view.lexicon.dimensions
    for name in {name for token in sentence.rest if token.kind == METRIC and not token.partial for name in token.ids("metric") if name in infos}:
        single = infos[name].single
        if single is None or single not in dimensions or any(single in sentence.dimension_of(token) for token in sentence.rest if token.kind == VALUE):
            continue
        for token in sentence.rest:
            if token.kind != VALUE or any(each in infos[name].dimensions for each in sentence.dimension_of(token)):
                continue
            said = {str(m.value) for m in token.meanings if m.kind == "value"} | {token.text}
            members = [member for member in dimensions[single].members if sentence.view.value_allowed(single, member) and any(word in str(member) for word in said)]
            if len(members) == 1:
                token.meanings, token.alternatives = (Meaning("value", single, members[0]),), []
                return


def _actual(sentence: Sentence) -> None:
    """Touches plan vs actual: beside a plan that was named, the actual is what it is a plan of."""
    infos = sentence.view.infos
    named = [token for token in sentence.rest if token.kind == METRIC]
    word = next((token for token in sentence.all if token.text in ("actual", "actuals", "实际") and token.kind in (UNKNOWN, FILLER)), None)
    if word is None or len(named) != 1 or len(named[0].ids("metric")) != 1 or named[0].partial:
        return
    plan = named[0].ids("metric")[0]
    of = {info.numerator for info in infos.values() if info.denominator == plan and info.planned and info.numerator in infos}
    cue = next((token for token in sentence.rest if token.kind in "Zz&," and min(named[0].end, word.end) <= token.start <= max(named[0].start, word.start)), None)
    if len(of) != 1 or cue is None:
        return
    word.kind, word.meanings = METRIC, (Meaning("metric", str(next(iter(of))), rank=1),)
    word.listed = named[0].listed = word.joined = named[0].joined = True
    if word not in sentence.rest:
        sentence.rest = sorted([*sentence.rest, word], key=lambda token: token.start)
    if cue.kind in "Zz":
        sentence.take(sentence.rest.index(cue))


_ACTUAL = frozenset(("actual", "actuals", "actually", "实际", "加上", "plus", "以及"))

__all__ = ["counted"]
