"""Two of something in one sentence: members and periods compared at once, two questions in one, either of two metrics ranked, a member's share in every group.

What a query can say is said (members set apart where periods are compared); what it can't is noted, so that it is asked back and no half of it answered.
"""

from __future__ import annotations

import re

from nlq.lexicon.entries import Meaning
from nlq.lexicon.fuzzy import ASKS
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.shape.numbers import COMPARATIVES
from nlq.words.grammar import DIMENSION, FILLER, METRIC, VALUE, VERSUS

_ASK = 0.5


def paired(sentence: Sentence) -> None:
    """Apply the rules, before periods and members are taken."""
    _topic(sentence)
    _step_by_step(sentence)
    _this_or_that(sentence)
    _one_after_the_other(sentence)
    _members_and_periods(sentence)
    _two_questions(sentence)
    _either_ranked(sentence)
    _share_in_each(sentence)
    _times_of_another(sentence)
    _differences(sentence)
    _left_out(sentence)


def _shared(sentence: Sentence) -> set[str]:
    """The dimension to which at least two of the members belong."""
    named = [name for token in sentence.rest if token.kind == VALUE for name in set(sentence.dimension_of(token))]
    return {name for name in named if named.count(name) > 1}


def _topic(sentence: Sentence) -> None:
    """Insurance jobs: top 3 shops by labour income. What stands before a colon with a member is of what it is asked, where another metric is ranked by behind it."""
    at = next((index for index, token in enumerate(sentence.rest) if token.kind == "," and token.text == ":"), None)
    if at is None:
        return
    before, after = sentence.rest[:at], sentence.rest[at + 1 :]
    infos = sentence.view.lexicon.metrics
    named = [token for token in before if token.kind == METRIC]
    counts = len(named) == 1 and all(name in infos and not infos[name].ratio and infos[name].format == "integer" for name in named[0].ids("metric"))
    if counts and all(token.kind in (METRIC, VALUE) for token in before) and len(before) > 1 and any(token.kind == METRIC for token in after) and any(token.kind in "PpSK" for token in after):
        named[0].kind, named[0].used = FILLER, True
        sentence.rest.remove(named[0])


def _step_by_step(sentence: Sentence) -> None:
    """业务量逐月下降吗: the course of it over the months, not one of them against the one before."""
    match = sentence.find("gI|Ig")
    if match is None or sentence.find("[TYQZzdCcNSPp]") is not None:
        return
    grain, change = sorted(sentence.rest[match.start() : match.end()], key=lambda token: token.kind != "g")
    if grain.text.startswith(("逐", "month by month", "week by week", "quarter by quarter", "year by year")) and not change.text.endswith("多少"):
        sentence.draft.trend = True
        sentence.take(sentence.rest.index(change))


def _this_or_that(sentence: Sentence) -> None:
    """白班出材率高还是夜班高: the adjective is said of both, and ranks them once."""
    match = sentence.find(r"VM?,?S\|VM?S")
    if match is None:
        return
    first, second = (token for token in sentence.rest[match.start() : match.end()] if token.kind == "S")
    single = all(len(token.meanings) == 1 for token in sentence.rest if token.kind == VALUE)  # 周末 is two days
    if first.text == second.text and first.text in COMPARATIVES and single and _shared(sentence):
        sentence.take(sentence.rest.index(first))
        first.kind = FILLER


def _one_after_the_other(sentence: Sentence) -> None:
    """今年跟去年, 10月和9月: the later one first is looked at beside the earlier, where none of them is asked for itself."""
    if (match := sentence.find("TT")) is not None:
        first, second = sentence.rest[match.start() : match.end()]
        between = [token for token in sentence.all if first.end <= token.start and token.end <= second.start]
        if [token.text for token in between] == ["对"]:  # 10月对9月
            between[0].kind, between[0].meanings = VERSUS, (Meaning("cue", VERSUS),)
            sentence.rest.insert(match.start() + 1, between[0])
    match = sentence.find("T&T")
    if match is None or sentence.count("T") != len("AB") or sentence.find("[EZzdYQgRw]") is not None:
        return
    first, link, second = sentence.rest[match.start() : match.end()]
    if first.when is None or second.when is None or first.when.period is None or second.when.period is None or link.text in ("加", "加上", "plus", "+"):
        return
    later, earlier = first.when.period, second.when.period
    last = match.end() == len(sentence.rest) or sentence.rest[match.end()].kind in ",F"
    if later.start >= earlier.end and first.when.grain == second.when.grain and (last or _shared(sentence)):
        link.kind, link.meanings, link.alternatives = VERSUS, (Meaning("cue", VERSUS),), []


def _members_and_periods(sentence: Sentence) -> None:
    """VIP vs ordinary clients, Q3 over Q2: with periods compared, each member stands for itself."""
    periods = sentence.find("TZT|T[^V,]*z|ZT|[YQ]") is not None and (sentence.find("TZT") is not None or sentence.count("T") > 1)
    if not periods or not _shared(sentence) or sentence.has("A"):
        return
    if match := sentence.find("VZV"):
        sentence.take(match.start() + 1)
    sentence.draft.separate = True


def _two_questions(sentence: Sentence) -> None:
    """进厂台次多少，其中保养多少; 在校生一共多少，研究生占几成: the whole, and then a part of it, are two answers."""
    clauses, spoken = [""], [token for token in sentence.all if token.kind != "f" or token.text == "其中"]
    for token in spoken:
        if token.kind == ",":
            clauses.append("")
        else:
            clauses[-1] += token.kind + ("U" if token.kind == METRIC and ASKS.search(token.text) else "")
    asked = [re.search("[Uh]", kinds) is not None for kinds in clauses]
    for index in range(len(clauses) - 1):
        if asked[index] and METRIC in clauses[index] and VALUE not in clauses[index] and DIMENSION not in clauses[index]:
            for later in range(index + 1, len(clauses)):
                if asked[later] and VALUE in clauses[later]:
                    part = next(token.text for token in sentence.rest if token.kind == VALUE)
                    sentence.problem(part, _ASK)
                    return


def _either_ranked(sentence: Sentence) -> None:
    """报考人数或录取率最高的学院: by which of them?"""
    if (match := sentence.find(r"M\|M")) is not None and sentence.find("[SPpK]") is not None:
        sentence.problem(sentence.rest[match.start() + 1].text, _ASK)


def _share_in_each(sentence: Sentence) -> None:
    """每个城市保险产值占比; 出国的毕业生占比，去年各学院: a member's share within each group is no share of the total."""
    match = sentence.find("GN?DV+MH") or sentence.find("VMH[^V]*GN?D")
    if match is None:
        return
    each = next(token for token in sentence.rest[match.start() : match.end()] if token.kind == "G")
    value = next(token for token in sentence.rest[match.start() : match.end()] if token.kind == VALUE)
    name = next(token for token in sentence.rest[match.start() : match.end()] if token.kind == DIMENSION)
    if each.text.startswith(("各", "每", "each", "every")) and not set(sentence.dimension_of(value)) & set(sentence.dimension_of(name)):
        sentence.problem(each.text + name.text, _ASK)


def _times_of_another(sentence: Sentence) -> None:
    """周一客流是周三的多少: how many times the one is of the other has no form in a query."""
    if not sentence.chinese or not _shared(sentence):
        return
    said = "".join(token.text if token.kind not in (VALUE, METRIC) else token.kind for token in sentence.all)
    if re.search(r"(?:是|为|相当于)V的?M?的?(?:多少|几)", said):
        sentence.problem("的多少", _ASK)


def _differences(sentence: Sentence) -> None:
    """比去年同期少了多少: the base is named, and the difference is what a comparison shows."""
    if sentence.find("[YQ]") is None or _shared(sentence) or sentence.count(METRIC) != 1:
        return
    for token in [token for token in sentence.rest if token.kind == "d" and token.text.endswith("多少")]:
        sentence.take(sentence.rest.index(token))


def _left_out(sentence: Sentence) -> None:
    """总行营业部不算，完成率前三: the member that is left out says by what the others are ranked."""
    if sentence.find("P#?N|S|p#?N") is None or sentence.find("[DWwgRT]D|[DWwgR]") is not None:
        return
    match = sentence.find("XV|VX|Vx")
    values = [token for token in sentence.rest if token.kind == VALUE]
    if match is None or len(values) != 1 or sentence.find("GM") is not None:
        return
    names = sentence.dimension_of(values[0])
    if len(names) == 1:
        token = Token(DIMENSION, values[0].end, values[0].end, "", meanings=(Meaning("dimension", names[0]),))
        sentence.rest.append(token)
        sentence.all.append(token)
        sentence.explicit.append(token)


__all__ = ["paired"]
