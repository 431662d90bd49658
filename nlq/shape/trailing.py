"""A second part asked about at the end of one sentence: 今年销售额多少，去年呢; 华东10月触达率多少，华南呢. It stands beside the first, and neither replaces it nor is added to it."""

from __future__ import annotations

from nlq.lexicon.entries import Meaning
from nlq.sentence import Sentence
from nlq.words.grammar import COMMA, FILLER, METRIC, TIME, VALUE, VERSUS

_ASK = 0.5
_ASKING = frozenset(("呢", "又是多少", "又怎么样", "怎么样", "又如何", "是多少", "又是", "又", "多少", "如何"))


def trailing(sentence: Sentence) -> None:
    """Take the last clause where it is a time or a member with 呢, after a clause that asks."""
    said = sorted(sentence.all, key=lambda token: token.start)
    comma = next((index for index in range(len(said) - 1, 0, -1) if said[index].kind == COMMA), None)
    if comma is None or not any(token.kind == METRIC for token in said[:comma]) or not any(token.text == "呢" for token in said[comma:]):
        return
    clause = [token for token in said[comma + 1 :] if token.kind != FILLER and token.text not in _ASKING]
    if len(clause) != 1 or clause[0] not in sentence.rest or said[comma] not in sentence.rest:
        return
    second = clause[0]
    before = [token for token in sentence.rest if token.end <= said[comma].start]
    if second.kind == TIME and any(token.kind in "ZzdYQI" for token in before):
        return
    if second.kind == TIME:
        said[comma].kind, said[comma].meanings = VERSUS, (Meaning("cue", VERSUS),)
        return
    if second.kind != VALUE:
        return
    own = set(sentence.dimension_of(second))
    if any(token.kind == VALUE and own & set(sentence.dimension_of(token)) for token in before):
        sentence.draft.separate = True
    else:
        sentence.problem(second.text, _ASK)  # 10月触达率多少，华东呢: two figures, one of which is not the other's part


__all__ = ["trailing"]
