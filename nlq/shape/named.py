"""Members named where a cut or a condition is said: 分微信和邮件 cuts by them, 渠道换成邮件 names the dimension of its member."""

from __future__ import annotations

from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, VALUE

_ASK = 0.5
_SPLIT = frozenset(("分", "区分", "拆", "拆分", "分成", "拆成", "分为", "按", "分别按", "split", "split by"))
_IS = frozenset(("换成", "改成", "改为", "换为", "换", "改", "限", "限定", "限于", "仅限", "只限", "只要", "只看", "选", "选择", "设为", "定为", "是", "为", "等于", ":", "取"))


def named(sentence: Sentence) -> None:
    """Apply both rules."""
    _of_its_dimension(sentence)
    _split(sentence)


def _of_its_dimension(sentence: Sentence) -> None:
    """渠道换成邮件, 产品限糖衡: the dimension before its member is no cut."""
    said = sorted(sentence.all, key=lambda token: token.start)
    for before, link, value in zip(said, said[1:], said[2:], strict=False):
        if before.kind != DIMENSION or value.kind != VALUE or link.text not in _IS or before not in sentence.rest or before.end != link.start or link.end != value.start:
            continue
        shared = set(sentence.dimension_of(before)) & set(sentence.dimension_of(value))
        index = sentence.rest.index(before)
        if not shared or (index and sentence.rest[index - 1].kind in "GW"):
            continue
        sentence.restrict(value, tuple(shared))
        sentence.take(index)
        before.kind = FILLER
        if link.kind == "u":
            link.kind = FILLER
            sentence.rest = [token for token in sentence.rest if token is not link]
        return


def _split(sentence: Sentence) -> None:
    """分微信和邮件, 按A、B: members behind the word that cuts are to stand side by side."""
    match = sentence.find("GV(?:[&,]?V)+")
    if match is None or sentence.rest[match.start()].text not in _SPLIT:
        return
    cue, *rest = sentence.rest[match.start() : match.end()]
    following = sentence.rest[match.end()] if match.end() < len(sentence.rest) else None
    if following is not None and following.kind == DIMENSION:
        return
    values = [token for token in rest if token.kind == VALUE]
    shared = set.intersection(*(set(sentence.dimension_of(token)) for token in values))
    if not shared:
        sentence.problem(cue.text + "".join(token.text for token in rest), _ASK)
        return
    sentence.draft.separate = True
    sentence.take(match.start())


__all__ = ["named"]
