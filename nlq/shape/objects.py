"""What was done to something so many times: 跑了多少次医院 counts the times, and the noun behind it is no cut; 触达了几次医生 counts no doctors."""

from __future__ import annotations

import itertools
import re

from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC

_TIMES = re.compile("(?:几|多少)(?:次|回|趟|遍)")
_ASK = 0.5


def counted_times(sentence: Sentence) -> None:
    """Take a dimension's name right behind (or before) how often something was done; ask where a metric of persons was named with it."""
    if not sentence.chinese:
        return
    infos = sentence.view.lexicon.metrics
    for token in sentence.rest:
        said = _TIMES.search(token.text) if token.kind == METRIC else None
        if said is not None and all(infos[name].counts is not None for name in token.ids("metric") if name in infos):
            sentence.problem(said.group(), _ASK)
    if sentence.find("[GWgwLEkK]") is not None:
        return
    for first, second in itertools.pairwise(list(sentence.rest)):
        behind = first.kind == METRIC and second.kind == DIMENSION and _TIMES.search(first.text) is not None and second.start == first.end
        flag = any((info := sentence.view.lexicon.dimensions.get(name)) is not None and info.yes is not None for name in sentence.dimension_of(second))
        if behind and not flag and second is sentence.rest[-1]:
            second.kind, second.used = FILLER, True
            sentence.rest.remove(second)
            sentence.assume(f"“{second.text}”是对象，不分组", f"'{second.text}' is the object and no cut")
            return


__all__ = ["counted_times"]
