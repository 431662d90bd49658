"""Whether a member was called by a short name, or an ordinary word only looks like one: 大众 beside 万象 and 银河 is a chain of cinemas, alone it is the public."""

from __future__ import annotations

from collections.abc import Sequence

from nlq.spans import Token
from nlq.words.dictionary import part_of_speech
from nlq.words.grammar import DIMENSION, FILLER, UNKNOWN, VALUE

_NAMES = ("", "ns", "nr", "nz", "nt", "nrt", "nrfg")
"""Parts of speech of proper names; nothing: no word of the dictionary."""
_JOINS = "&|,ZzdCX"


def settled(tokens: list[Token], capitals: str) -> list[Token]:
    """Return the tokens; short names that nothing shows to be members are unknown words."""
    for index, token in enumerate(tokens):
        if token.kind != VALUE or not token.meanings or not all(meaning.short for meaning in token.meanings):
            continue
        if not (_is_name(token, capitals) or _beside(tokens, index)):
            token.kind, token.meanings, token.alternatives = UNKNOWN, (), []
    return tokens


def _is_name(token: Token, capitals: str) -> bool:
    said = capitals[token.start : token.end]
    if token.text.isascii():
        return token.start > 0 and all(word[:1].isupper() for word in said.split())
    return part_of_speech(token.text) in _NAMES


def _beside(tokens: Sequence[Token], index: int) -> bool:
    own = {meaning.id for meaning in tokens[index].meanings}
    for step in (-1, 1):
        at, joined = index + step, False
        while 0 <= at < len(tokens) and (tokens[at].kind in _JOINS or tokens[at].kind == FILLER):
            joined = joined or tokens[at].kind in _JOINS
            at += step
        if not 0 <= at < len(tokens):
            continue
        other = tokens[at]
        named = {meaning.id for meaning in other.meanings}
        if other.kind == VALUE and joined and named & own:
            return True
        if other.kind == DIMENSION and named & own and step == 1 and other.start - tokens[index].end <= 1:
            return True
    return False


__all__ = ["settled"]
