"""Members compared with one another: 华东比华南高多少, East vs South, the gap between two."""

from __future__ import annotations

from nlq.matching import Token
from nlq.sentence import Sentence


def comparisons(sentence: Sentence) -> None:
    """Take 华东比华南高多少 (compare with one member) and 华东和华南对比, East vs South (group by their dimension)."""
    draft = sentence.draft
    if match := sentence.find("V[^V]{0,3}ZG?V"):
        first, base = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        shared = [name for name in sentence.dimension_of(first) if name in sentence.dimension_of(base)]
        directional = sentence.rest[match.end() - 2].text not in _SYMMETRICAL
        if shared and (sentence.has("d") or (directional and sentence.chinese) or draft.lists):
            _against_member(sentence, base, shared[0])
            return
        if shared:
            draft.separate = True
    elif (match := sentence.find("D[^VT]{0,3}ZV")) or (match := sentence.find("ZV[^VT]{0,3}D")):
        tokens = sentence.rest[match.start() : match.end()]
        base = next(token for token in tokens if token.kind == "V")
        name = next(token for token in tokens if token.kind == "D")
        shared = [found for found in sentence.dimension_of(base) if found in sentence.dimension_of(name)]
        if shared:
            _against_member(sentence, base, shared[0])
            return
    elif sentence.has("d") and (match := sentence.find("^T?ZG?V[^V]*V")):
        base = next(token for token in sentence.rest if token.kind == "V")  # compared with South, how much higher was East's
        shared = [name for name in sentence.dimension_of(base) if name in sentence.dimension_of(sentence.rest[match.end() - 1])]
        if shared:
            _against_member(sentence, base, shared[0])
            return
    elif sentence.has("d") and (match := sentence.find("V[&~|,]?V")):
        first, base = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        shared = [name for name in sentence.dimension_of(first) if name in sentence.dimension_of(base)]
        if shared:
            _against_member(sentence, base, shared[0])
            return
    if (match := sentence.find("ZG?V")) and sentence.count("V") == 1 and not sentence.has("D"):
        base = sentence.rest[match.end() - 1]
        dimensions = sentence.dimension_of(base)
        if dimensions:  # 和华南比: what was asked before, or every member, against this one
            _against_member(sentence, base, dimensions[0])
            return
    if (match := sentence.find("d")) and (_to_a_metric(sentence, sentence.rest[match.start()]) or len({t.ids("metric") for t in sentence.rest if t.kind == "M"}) > 1):
        sentence.problem(sentence.rest[match.start()].text, 0.5)  # gap to target, 与指标的差距: between two metrics
    if sentence.has("d") and sentence.has("D") and sentence.count("V") < 2:
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "d"])  # 各渠道的差异 are seen side by side
    if any(sentence.has(kind) for kind in "zZ"):
        several = sum(token.kind == "V" for token in sentence.rest) >= 2
        draft.separate = draft.separate or several
        metrics = {token.ids("metric") for token in sentence.rest if token.kind == "M"}
        alone = not several and draft.compare is None and draft.base is None and len(metrics) == 1
        if alone and (versus := sentence.find("MZ|ZM")) is not None:
            sentence.problem(next(t.text for t in sentence.rest[versus.start() : versus.end()] if t.kind == "Z"), 0.45)  # goal vs actual: compared with what?
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind in "zZ"])


def _to_a_metric(sentence: Sentence, difference: Token) -> bool:
    """Whether the difference is to a metric: the word for it is followed by `to` and a metric's name, or stands after 与 or 离 and one."""
    following = [token for token in sentence.all if token.start >= difference.end][:2]
    return len(following) == _PAIR and following[0].text in ("to", "from", "against", "versus", "vs") and following[1].kind == "M"


_PAIR = 2
_SYMMETRICAL = frozenset(("vs", "vs.", "versus", "against", "compared with", "compared to", "对照", "pk"))


def _against_member(sentence: Sentence, base: Token, dimension: str) -> None:
    draft = sentence.draft
    sentence.restrict(base, (dimension,))
    for token in sentence.rest:
        if token.kind == "V" and dimension in sentence.dimension_of(token):
            sentence.restrict(token, (dimension,))
    draft.compare, draft.base_member = "member", base
    sentence.take(sentence.rest.index(base))
    sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind in "Zzd"])
