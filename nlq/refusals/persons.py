"""Persons among the words that nobody knows: 华东张伟的触达次数 · John Smith's visits.

What the dictionaries of the bundle and of the language both leave unread, and what looks like a name, is taken for one: a question that could
not have been answered anyway is then refused for the right reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from governance.identity.asked import is_name
from governance.identity.things import BEFORE_THINGS, THINGS
from nlq.matching import Token
from nlq.words.grammar import METRIC, UNKNOWN

_LONGEST = 4
_HOUSES = ("卫生", "公司", "集团", "大学", "学院", "学校", "中心", "酒店", "广场", "大厦", "码头", "车站", "机场", "门店", *"省市县区镇乡村路街巷山河湖港湾岛店站厂牌队")
"""What a place or a house is called by behind its name."""
_HOUSE_ENDS = frozenset("院所房业")
"""The second character of what other houses are called by, whatever is done in them: who stands before such a word is nobody."""


def names_someone(tokens: Sequence[Token], typed: str, slips: Sequence[str] = ()) -> bool:
    """Return whether unread words of a tokenised question can be a person's name.

    `typed` is the text as it was typed, capitals and all; `slips` are words that were taken for a mistyped name of the catalogue (康书平).
    """
    known = "\n".join(slips)
    return any(is_name(words) for words in _unread(tokens, typed) if words[0].lower() not in known) or _spelt_like_one(tokens, typed, known)


def _spelt_like_one(tokens: Sequence[Token], typed: str, known: str) -> bool:
    """Return whether two words in capitals that nobody knows stand where a question names who is meant: Priya Sharma touches, visits by Marcus Ferrari.

    No list holds all names. Where a place, a house, a firm or another thing is named, a word before or behind says so.
    """
    if not _ORDINARY.search(typed):
        return False  # Every Word In Capitals
    for first, second in pairwise(tokens):
        if first.kind != UNKNOWN or second.kind != UNKNOWN or typed[first.end : second.start] != " ":
            continue
        words = typed[first.start : first.end], typed[second.start : second.end]
        if not all(_NAME.fullmatch(word) for word in words) or any(word.lower() in THINGS or word.lower() in known for word in words):
            continue
        behind = _WORD.match(typed, second.end)
        before = _LAST_WORD.search(typed, 0, first.start)
        if (behind is None or (behind[1].lower() not in THINGS and not behind[1][0].isupper())) and (before is None or before[1].lower() not in BEFORE_THINGS):
            return True
    return False


_ORDINARY = re.compile(r"(?<![A-Za-z])[a-z]{3,}(?![A-Za-z])")
_NAME = re.compile(r"[A-Z][a-z]{2,14}")
_WORD = re.compile(r"(?:'s)?\s+([A-Za-z]+)")
_LAST_WORD = re.compile(r"([A-Za-z]+)\s+$")


def _unread(tokens: Sequence[Token], typed: str) -> Iterator[tuple[str, ...]]:
    for token, following in pairwise([*tokens, None]):
        if token is None or token.kind != UNKNOWN:
            continue
        word = typed[token.start : token.end]
        if typed.startswith(_HOUSES, token.end) or typed[token.end + 1 : token.end + 2] in _HOUSE_ENDS:
            continue
        yield (word,)
        if following is None:
            continue
        said = typed[following.start : following.end]
        if following.kind == UNKNOWN and typed[token.end : following.start] in (" ", "-"):
            yield word, said
        # a character of a name may be a word of its own: 李强
        if following.kind != METRIC and following.start == token.end and len(said) == 1 and len(word) < _LONGEST and not said.isascii():
            yield (word + said,)
