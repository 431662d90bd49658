"""Answering a question back in words: 观念进阶率, 第二个, the first one, both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from typing import Any

from governance.terms import MetricQuery, Value
from nlq.draft import Draft
from nlq.lexicon.entries import MetricInfo
from nlq.matching import Token
from nlq.words.grammar import FILLER
from nlq.words.normalise import normalise, root

_NUMBERS = {word: index for index, words in enumerate(["一 1 first 1st", "二 2 second 2nd", "三 3 third 3rd", "四 4 fourth 4th", "五 5 fifth 5th", "六 6 sixth 6th"]) for word in words.split()}
_ONE = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_ORDINAL = re.compile(
    rf"^(?:就|那就|那|要|看|我要|我想看|我选|选|选择|i mean |i want |the |option |number |no\.? |choose |pick |take |#)*(?:第)?(?P<n>{_ONE})(?:个|种|项|条|号|款)?(?:吧|的|呢|那个| one| option| please|[.!。, ])*$"
)
_LAST = re.compile(r"^(?:就|那就|要|看|选|我要|我选|the )*(?:最后一?个|后者|最后一项|last|latter)(?:吧|的|呢|那个| one| option| please|[.!。, ])*$")
_YES = re.compile(r"^(?:嗯|哦|啊|,)*(?:是的?|对的?|没错|正是|就是(?:这个)?|可以|yes|yep|yeah|correct|right|exactly|that's (?:it|right)|ok(?:ay)?)(?:吧|呢|啊|谢谢| please|[.!。, ])*$")
_FORMER = re.compile(r"^(?:就|那就|要|看|选|我要|我选|the )*(?:前者|former)(?:吧|的|呢| one| option| please|[.!。, ])*$")
_ALL = re.compile(r"^(?:就|那就|我|想|要|两个|两种|三个|几个|这几个|这些|全部|所有|一起)*(?:都要?|都想?看|全都?要?|全部|全看|都看看)(?:看|要|吧|的|列|出来|一下|[.!。, ])*$|^(?:show |give |i want |me )*(?:both|all|all of (?:them|these)|all three|both of them)(?: please|[.!, ])*$")


def chosen(text: str, tokens: Sequence[Token], draft: Draft, offered: Sequence[MetricQuery]) -> MetricQuery | None:
    """Return the one of the `offered` queries that a sentence names and nothing else, by its place or by what it alone asks; None for any other sentence."""
    if placed := _placed(text, offered):
        return placed
    if any(not token.used and token.kind not in (FILLER, ",", "F", "G", "W") for token in tokens) or _says_more(draft):
        return None
    named = {name for token in draft.metrics for name in token.ids("metric")}
    grouped = {name for group in draft.groups for name in group.token.ids("dimension")}
    members = {(m.id, m.value) for member in draft.members if not member.exclude for m in member.token.meanings if m.kind == "value"}
    if sum(map(bool, (named, grouped, members, draft.when))) != 1:
        return None
    period = draft.when.period if draft.when is not None else None
    fitting = [
        query
        for query in offered
        if (not named or set(query.metrics) <= named)
        and (not grouped or bool(grouped & set(query.group_by)))
        and (not members or bool(members & _named(query)))
        and (period is None or query.period == period)
    ]
    return fitting[0] if len(fitting) == 1 and len(offered) > 1 else None


def shared_by(offered: Sequence[MetricQuery]) -> MetricQuery | None:
    """Return what all offered queries agree in, for a sentence that changes it: the one that was offered, or what is the same in all.

    Where they ask for different metrics the first one's stands for whichever will be named (`undecided`).
    """
    if not offered:
        return None
    differing = {each.name: _default(each) for each in fields(MetricQuery) if len({getattr(query, each.name) for query in offered}) > 1}
    differing.pop("metrics", None)
    return replace(offered[0], **differing)


def undecided(offered: Sequence[MetricQuery]) -> bool:
    """Whether it was asked which metric is meant."""
    return len({query.metrics for query in offered}) > 1


_SHORTEST = 2
"""Characters by which a metric may be named."""


def labelled(text: str, offered: Sequence[MetricQuery], metrics: Mapping[str, MetricInfo]) -> MetricQuery | None:
    """Return the one offered query whose metric a sentence names by less than its name: 目标医生, where 目标医生数 was offered."""
    said = _SHORT.sub("", text)
    if len(said) < _SHORTEST or not undecided(offered):
        return None
    fitting = [query for query in offered if any(_names(said, metrics[name]) for name in query.metrics if name in metrics)]
    if len(fitting) > 1:  # reached ones, of doctors reached and newly reached doctors
        sizes = [len(normalise(metrics[query.metrics[0]].label.en).split()) for query in fitting]
        fitting = [query for query, size in zip(fitting, sizes, strict=True) if size == min(sizes)]
    return fitting[0] if len(fitting) == 1 else None


def _names(said: str, info: MetricInfo) -> bool:
    zh, en = normalise(info.label.zh), normalise(info.label.en)
    if said.isascii():
        words = {root(word) for word in said.split()}
        return bool(words) and words <= {root(word) for word in en.split()} and max(map(len, words)) > len("the")
    return zh.startswith(said) and len(zh) - len(said) <= len("次数")


_SHORT = re.compile(r"^(?:就|那就|那|要|看|我要|我想看|我说的是|我指的是|选|是|i mean |i want |the |show |ok(?:ay)?,? )+|(?:吧|的|呢|那个|这个| ones?| please| then|[.!?。, ])+$")


def _default(each: Field[Any]) -> Any:
    return each.default if each.default is not MISSING else each.default_factory() if each.default_factory is not MISSING else None


def _named(query: MetricQuery) -> set[tuple[str, Value]]:
    return {(item.dimension, value) for item in query.where for value in item.values} | {(kept.dimension, value) for kept in query.keep for value in kept.values}


def _placed(text: str, offered: Sequence[MetricQuery]) -> MetricQuery | None:
    if match := _ORDINAL.match(text):
        at = _NUMBERS[match["n"]]
        return offered[at] if at < len(offered) else None
    if len(offered) == 1 and _YES.match(text):
        return offered[0]
    if _LAST.match(text):
        return offered[-1]
    if _FORMER.match(text):
        return offered[0]
    if _ALL.match(text) and len({replace(query, metrics=()) for query in offered}) == 1:
        return replace(offered[0], metrics=tuple(dict.fromkeys(name for query in offered for name in query.metrics)))
    return None


def _says_more(draft: Draft) -> bool:
    return bool(
        draft.ordering or draft.thresholds or draft.compare or draft.base or draft.share or draft.trend or draft.grain or draft.problems
        or draft.dropped or draft.unfilter or draft.ungroup or draft.extra_times or draft.alternatives or any(member.exclude for member in draft.members)
    )


__all__ = ["chosen", "labelled", "shared_by", "undecided"]
