"""A metric's verb with what it is done to said as a member: 办了多少年卡, 欠多少停车费, how many annual cards did they sell."""

from __future__ import annotations

from nlq.lexicon.entries import Meaning
from nlq.sentence import Sentence
from nlq.words.grammar import HOW_MANY, METRIC, UNKNOWN, VALUE
from nlq.words.normalise import stem


def verbed(sentence: Sentence) -> None:
    """Read an unknown verb as the metric whose name holds it, where the noun of that name is said too and how many are asked for."""
    verbs = sentence.view.lexicon.words.verbed
    if sentence.has(METRIC) or not sentence.has(HOW_MANY):
        return
    for index, token in enumerate(sentence.rest):
        said = token.text.removesuffix("了") if not token.text.isascii() else token.text
        if token.kind != UNKNOWN or said not in verbs:
            continue
        if token.text.isascii():
            words = {stem(word) for other in sentence.all if other.end <= token.start and other.kind in (VALUE, UNKNOWN, "D", "n") for word in other.text.split()}
            meant = {metric for noun, metric in verbs[said] if noun in words}
            nouns = {noun for noun, _ in verbs[said]} & words
        else:
            following = sentence.rest[index + 1 : index + 3]
            if [other.kind for other in following] != [HOW_MANY, VALUE] or following[0].start - token.end > 1:
                continue
            meant = {metric for noun, metric in verbs[said] if following[1].text.endswith(noun)}
            nouns = set()
        if meant:
            token.kind, token.meanings = METRIC, tuple(Meaning("metric", metric, rank=2) for metric in sorted(meant))
            for other in [other for other in sentence.rest if other.kind == UNKNOWN and stem(other.text) in nouns]:
                sentence.take(sentence.rest.index(other))
            sentence.take(next(at for at, other in enumerate(sentence.rest) if other.kind == HOW_MANY))
            return


__all__ = ["verbed"]
