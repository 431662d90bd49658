"""Which lists of phrases a text holds, against one expression a phrase tried on the whole text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from nlq.words.normalise import normalise
from nlq.words.phrase_index import PhraseIndex, expression

WORDS = st.sampled_from(["a", "ab", "abs", "side", "sides", "effect", "effects", "don't", "re-try", "医", "医生", "生了", "病", "x医生", "10", "9月"])
PHRASES = st.lists(WORDS, min_size=1, max_size=3).flatmap(lambda words: st.sampled_from([" ".join(words), "".join(words), "…".join(words), " ".join(words) + "*"]))


@given(lists=st.lists(st.lists(PHRASES, max_size=4), max_size=5), said=st.lists(st.one_of(WORDS, PHRASES), max_size=6), between=st.sampled_from([" ", "", "-", "，又"]))
def test_a_list_is_found_where_one_of_its_phrases_matches(lists: list[list[str]], said: list[str], between: str) -> None:
    text = normalise(between.join(said))
    expected = {number for number, phrases in enumerate(lists) if any(re.search(expression(phrase), text) for phrase in phrases)}
    assert PhraseIndex.build(lists).within(text) == expected


def test_english_is_found_as_words_with_their_plural_and_chinese_with_room_in_a_gap() -> None:
    index = PhraseIndex.build([("side effect",), ("nause*",), ("给…开药",)])
    assert index.within("two side-effects") == {0}
    assert index.within("inside effect") == frozenset()
    assert index.within("nauseous") == {1}
    assert index.within("给那位医生开药") == {2}
    assert index.within("给" + "很" * 13 + "开药") == frozenset()
