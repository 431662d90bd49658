"""What a sentence says that no query has a form for, though every word of it is known: both at once, only through, a rank's change, one ranking inside another.

Each of them makes the reading one that is shown for confirmation, never one that is answered as if the words were not there.
"""

from __future__ import annotations

import itertools

from nlq.lexicon.entries import MetricInfo
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import FILLER, METRIC, VALUE
from nlq.words.normalise import keys

_ASK = 0.5


def unsaid(sentence: Sentence) -> None:
    """Note what can't be said, before any token is taken."""
    _averages_by_unit(sentence)
    _both(sentence)
    _only_through(sentence)
    _one_after_another(sentence)
    _change_of_rank_or_share(sentence)
    _from_an_hour_on(sentence)
    _running(sentence)
    _dates(sentence)
    _part_of_each(sentence)
    _either_bound(sentence)
    _distributed(sentence)
    _figure_of_a_figure(sentence)
    _first_months(sentence)


def _infos(sentence: Sentence) -> list[MetricInfo]:
    known = sentence.view.lexicon.metrics
    return [known[name] for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in known]


def _counts_persons(sentence: Sentence) -> bool:
    infos = _infos(sentence)
    return bool(infos) and all(info.counts is not None for info in infos)


def _averages_by_unit(sentence: Sentence) -> None:
    """每天平均触达次数: the average of the days, or the figure whose name begins with 平均, by day?"""
    if not sentence.has("g"):
        return
    entries = sentence.view.lexicon.words.entries
    for token in sentence.rest:
        head = next((word for word in _AVERAGES if token.kind == METRIC and token.text.startswith(word)), None)
        plain = entries.get(keys(token.text.removeprefix(head)), ()) if head is not None else ()
        if any(m.kind == "metric" and not sentence.view.lexicon.metrics[m.id].ratio for m in plain):
            sentence.problem(token.text, _ASK)


_AVERAGES = ("平均每", "平均", "average ", "avg ", "mean ")


def _both(sentence: Sentence) -> None:
    """同时被微信和邮件触达, reached by both WeChat and e-mail: members of one dimension at once, which no filter says; parts of a whole are only added."""
    said = next((token.text for token in sentence.all if token.text in _AT_ONCE), None)
    if said is None or not _counts_persons(sentence) or sentence.find("[EzZdHh]V|V[EzZd]") is not None:
        return
    values = [token for token in sentence.rest if token.kind == VALUE and not sentence.about_person(token)]
    named = [name for token in values for name in sentence.dimension_of(token)]
    if len(values) > 1 and any(named.count(name) > 1 for name in named):
        sentence.problem(said, _ASK)


_AT_ONCE = frozenset(("同时", "都", "均", "既", "又", "both", "都被", "也都"))


def _only_through(sentence: Sentence) -> None:
    """只通过微信触达的医生数, doctors reached only by WeChat: those whom nothing else reached."""
    if not _counts_persons(sentence) or not sentence.has(VALUE):
        return
    for index, token in enumerate(sentence.all):
        if token.kind != "O" or all(sentence.about_person(value) for value in sentence.rest if value.kind == VALUE):
            continue
        following = sentence.all[index + 1].text if index + 1 < len(sentence.all) else ""
        behind = index > 0 and sentence.all[index - 1].kind == VALUE and following != "" and not token.text.startswith("只看")
        if following in _MEANS or token.text in _MEANS_SAID or behind:
            sentence.problem(token.text + following if sentence.chinese else f"{token.text} {following}", _ASK)


_MEANS = frozenset(("通过", "被", "经", "经过", "经由", "用", "靠", "利用", "借助", "由", "使用过", "by", "through", "via", "using", "with"))
_MEANS_SAID = frozenset(("solely", "exclusively"))


def _one_after_another(sentence: Sentence) -> None:
    """拜访后打开微信: what follows upon another thing is no figure of either."""
    told = [token for token in sentence.all if token.kind != FILLER or token.text in _AFTER]
    for index in range(1, len(told) - 1):
        before, token = told[index - 1], told[index]
        following = next((other for other in told[index + 1 :] if other.text not in _AFTER), None)
        if token.text in _AFTER and before.kind == METRIC and following is not None and following.kind in (METRIC, VALUE, "u") and following.start - token.end <= 1:
            sentence.problem(before.text + token.text, _ASK)


_AFTER = frozenset(("后", "之后", "以后", "afterwards"))


def _change_of_rank_or_share(sentence: Sentence) -> None:
    """占比的变化, 排名上升, change in share: only figures change, in a query."""
    pattern = "[HKk]I(?!S)" if sentence.chinese else "I[HKk]|[HKk]I"
    match = sentence.find(pattern)
    if match is not None:
        sentence.problem("".join(token.text for token in sentence.rest[match.start() : match.end()]), _ASK)


def _from_an_hour_on(sentence: Sentence) -> None:
    """9点以后, 周三之前: the member stands for a place on the clock, and more than it is meant."""
    dimensions = sentence.view.lexicon.dimensions
    for index, token in enumerate(sentence.all):
        if token.kind != VALUE or not any((info := dimensions.get(name)) is not None and (info.part or info.type == "integer") for name in sentence.dimension_of(token)):
            continue
        after = token.beside.partition("|")[2]
        before = sentence.all[index - 1].text if index else ""
        if after.startswith(_ONWARDS) or before in _EDGES:
            sentence.problem(token.text + after, _ASK)


_ONWARDS = ("以后", "以前", "之后", "之前", "前", "后", "起")
_EDGES = frozenset(("after", "before", "since", "until", "past", "till"))


def _running(sentence: Sentence) -> None:
    """各月累计触达次数: up to each month, or in it?"""
    if sentence.has("g") and any(token.kind == "A" and token.text == "累计" for token in sentence.rest):
        sentence.problem("累计", _ASK)


def _dates(sentence: Sentence) -> None:
    """First touch date, date of the last visit: when something happened is no figure."""
    match = sentence.find("Mm$")
    if match is not None and sentence.rest[match.end() - 1].text in ("date", "dates", "日期"):
        sentence.problem(sentence.rest[match.end() - 1].text, _ASK)


def _part_of_each(sentence: Sentence) -> None:
    """每月前10天, every year in March: a part of each unit, which no one period is."""
    for first, second in itertools.pairwise(sentence.all):
        each = first.kind == "g" and first.text.startswith(_EACH) and second.kind == "T" and second.start - first.end <= 1
        period = second.when.period if each and second.when is not None else None
        if period is not None and period.days < _DAYS.get(str(first.value), 0):
            sentence.problem(first.text + second.text, _ASK)


_EACH = ("每", "各", "逐", "every", "each")
_DAYS = {"week": 6, "month": 27, "quarter": 88, "year": 360}


def _either_bound(sentence: Sentence) -> None:
    """触达率低于50%或打开率低于20%: all bounds of a query hold at once."""
    match = sentence.find(r"[Nc]\|M?[CBI]|[Nc]\|MN?[CcN]")
    if match is not None:
        sentence.problem(sentence.rest[match.start() + 1].text, _ASK)


def _distributed(sentence: Sentence) -> None:
    """触达次数分布: over what was not said."""
    if sentence.find("[DVTgmRwn]") is None and (token := next((token for token in sentence.rest if token.kind == "G" and token.text in _SPREAD), None)) is not None:
        sentence.problem(token.text, _ASK)


_SPREAD = frozenset(("分布", "的分布", "分布情况", "distribution", "distribution of", "breakdown", "breakdown of"))


def _figure_of_a_figure(sentence: Sentence) -> None:
    """滚动12个月的触达次数: a part of one figure's name that says of which kind another is."""
    for index in range(len(sentence.all) - 2):
        first, link, second = sentence.all[index : index + 3]
        if first.kind == second.kind == METRIC and link.text == "的" and not first.body and first.ids("metric") != second.ids("metric"):
            sentence.problem(first.text, _ASK)


def _first_months(sentence: Sentence) -> None:
    """前两月: the last two, the year's first two, or the two that are highest?"""
    match = sentence.find("PNm")
    if match is None or sentence.find("[SK]") is not None:
        return
    _, number, unit = sentence.rest[match.start() : match.end()]
    if unit.text in ("月", "周", "年") and unit.start == number.end:
        sentence.problem("".join(token.text for token in sentence.rest[match.start() : match.end()]), _ASK)


def nested(sentence: Sentence, eaches: list[Token]) -> None:
    """Note one ranking inside another, after the rows are known: 各大区各产品销售额前三, 每个月触达最多的大区."""
    draft = sentence.draft
    if draft.ordering is None or draft.ordering.limit is None or not draft.groups or draft.rank_of:
        return
    if draft.grain is not None and not draft.periods:
        sentence.problem(draft.grain, _ASK)
    elif len(eaches) > 1:
        sentence.problem(eaches[0].text, _ASK)


__all__ = ["nested", "unsaid"]
