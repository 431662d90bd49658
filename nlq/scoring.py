"""What was said and not used: how much each left-over word takes from the trust in a reading. An ignored word of content is the worst mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nlq.draft import Draft
from nlq.lexicon.entries import DimensionInfo, MetricInfo
from nlq.lexicon.measures import is_duration
from nlq.lexicon.wordbook import DECLARED
from nlq.matching import Token
from nlq.words.empty_words import says_nothing, says_nothing_behind
from nlq.words.grammar import FILLER, HOW_LONG, METRIC, UNKNOWN, UNSUPPORTED
from nlq.words.normalise import root, stem

COUNT_AFTER = re.compile(r"(?:的)?(?:总)?(?:次数|人数|数量|篇数|人次|多少次|多少人|了多少次|了几次|过多少次|数(?!据|字|值)|量)")
COUNT_BEFORE = re.compile(r"(?:number|count|total number) of (?:the )?$")
READABLE = 0.62
"""A reading scored below this is shown for confirmation, not answered."""
UNKNOWN_LIMIT = 0.45
"""Unknown words that weigh this much make the question not understood."""
_WEIGHTS = {"?": 0.5, "!": 0.45, "N": 0.4, "M": 0.45, "D": 0.42, "V": 0.5, "T": 0.5} | dict.fromkeys("SCXxPpkHhYQZdsIw#cj", 0.4) | dict.fromkeys("KRgzBkoyl", 0.15) | {"m": 0.4, "b": 0.45}
_SHORT = 3
RANK_PART = 3
"""The rank of a part of a name."""
_WHOLES = frozenset(["全国", "整体", "总体", "大盘", "全国范围", "national", "nationwide", "overall", "nationally"])
"""Comparing a member with the whole has no form in a query."""
_ONCE_EACH = frozenset(("unique", "distinct", "去重", "不重复", "独立"))
_AVERAGES = frozenset(("平均", "均值", "average", "avg", "mean", "平均数"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """Unused words, with what the unknown ones and the others weigh."""

    words: tuple[str, ...]
    unknown: tuple[str, ...]
    unknown_weight: float
    other_weight: float


def _unknown_weight(token: Token, definitions: str, units: str) -> float:
    text = token.text
    if text in units.split():
        return 0.05  # 加急件: what the metric counts in
    if text.isascii():
        if len(text) >= 4 and stem(text) in definitions:
            return 0.05
        if says_nothing(text):
            return 0.05
        return 0.5 if len(text) >= 3 or len(text) == 1 else 0.3
    if len(text) >= 2 and text in definitions:
        return 0.05
    return 0.5 if len(text) >= 2 else 0.4


def _enumerated(tokens: Sequence[Token], token: Token) -> bool:
    """Whether a word stands in a list (订单、买家和退款率), so that it is asked for itself."""
    at = next(index for index, other in enumerate(tokens) if other is token)
    return token.listed or any(other.kind in "&,|" for other in [*tokens[max(0, at - 1) : at], *tokens[at + 1 : at + 2]])


def _of_member(token: Token, before: Token | None, dimensions: Mapping[str, DimensionInfo]) -> bool:
    """Steel pipes, 钢管管道: an unknown noun right after a member that stands in its dimension's own name."""
    if before is None or before.kind != "V" or not 0 <= token.start - before.end <= 1:
        return False
    labels = [dimensions[m.id].label for m in before.meanings if m.kind == "value" and m.id in dimensions]
    if token.text.isascii():
        return says_nothing_behind(token.text) or any(stem(token.text) in {stem(word) for word in label.en.lower().split()} for label in labels)
    return len(token.text) > 1 and any(token.text in label.zh for label in labels)


def _whole_of(token: Token, before: Token | None) -> bool:
    """华东整体: the whole of the member right before it."""
    return before is not None and before.kind == "V" and before.end == token.start and token.text in ("整体", "总体")


def _defined(text: str, definitions: str) -> bool:
    return (len(text) >= 2 and text in definitions) if not text.isascii() else (len(text) >= 4 and all(stem(word) in definitions for word in text.split()))


def leftovers(
    tokens: Sequence[Token], draft: Draft, infos: Sequence[MetricInfo], dimensions: Mapping[str, DimensionInfo] = MappingProxyType({})
) -> Leftovers:
    """Weigh what no rule used. Words that stand in the metric's own definition agree with it and weigh little."""
    definitions = " ".join(info.definition for info in infos)
    units = " ".join(info.unit for info in infos)
    averages = bool(infos) and all(info.ratio for info in infos)
    compared = bool(draft.compare or draft.base or draft.thresholds) or any(token.kind in "ZzdC" for token in tokens)
    own = draft.compare in ("previous_year", "previous_period") and not (draft.base or draft.thresholds) and not any(token.kind in "ZzdCV" for token in tokens)
    chosen = {info.id for info in infos}
    named = {root(word) for info in infos for word in info.names.split() if len(word) > _SHORT}
    words: list[str] = []
    unknown: list[str] = []
    unknown_weight = other = 0.0
    for index, token in enumerate(tokens):
        part = token.kind == METRIC and not token.used and not token.listed and all(m.rank == RANK_PART for m in token.meanings)
        if (token.kind == UNKNOWN or part) and _of_member(token, tokens[index - 1] if index else None, dimensions):
            continue
        if token.used or token.kind in (FILLER, ",", "f"):
            continue
        if token.kind == UNSUPPORTED and token.value == DECLARED:
            unknown_weight += 0.5
            words.append(token.text)
            unknown.append(token.text)
            continue
        if token.kind == HOW_LONG:
            if not (infos and all(is_duration(info) for info in infos)):
                words.append(token.text)
                other += 0.5
            continue
        if token.kind == UNKNOWN:
            weight = _unknown_weight(token, definitions, units) if root(token.text) not in named else 0.05
            if token.text in _ONCE_EACH and infos and all(info.counts is not None for info in infos):
                weight = 0.0  # unique visitors: each is counted once anyway
            unknown_weight += weight
            words.append(token.text)
            if weight >= 0.2:
                unknown.append(token.text)
            continue
        agrees = _defined(token.text, definitions) or chosen & set(token.ids("metric"))
        if token.kind == METRIC and not _enumerated(tokens, token) and all(m.rank == RANK_PART for m in token.meanings) and agrees:
            other += 0.05  # 短途航班准点率: of what it is a rate; 等泊最久的, 看平均待泊时长: the same said twice
            continue
        weight = 0.0 if token.also_filler and token.kind != "V" else _WEIGHTS.get(token.kind, 0.02)
        if token.kind in "Pp" and len(token.text) == 1:
            # 后, 前: as often a filler as a rank, but beside a time it moves it (春节前)
            moved = any(other.kind == "T" and 0 <= token.start - other.end <= 1 for other in tokens)  # 10月前, 10月之前
            weight = 0.45 if moved else 0.05
        if token.kind == "W" and token.text in ("哪里", "哪儿") and not draft.groups:
            weight = 0.45  # 钱都花哪儿了: a place, and which was not said
        if token.kind == "?" and token.text in _AVERAGES and averages and not compared:
            weight = 0.0
        if weight > 0.1:
            words.append(token.text)
        other += weight
    wholes = [token for index, token in enumerate(tokens) if token.text in _WHOLES and not _whole_of(token, tokens[index - 1] if index else None)]
    if compared and wholes and not own:
        other += 0.45
        words.append(wholes[0].text)
    for what, weight in draft.problems:
        other += weight
        words.append(what)
    return Leftovers(words=tuple(dict.fromkeys(words)), unknown=tuple(dict.fromkeys(unknown)), unknown_weight=unknown_weight, other_weight=other)
