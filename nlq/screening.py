"""What may be kept of a question: its known words, everything else blanked."""

from __future__ import annotations

from collections.abc import Sequence

from nlq.matching import Token
from nlq.words import FILLER, UNKNOWN

BLANK = "▢"
_READ_OVER = " ,.?!:;'\"()-/、"


def screened(tokens: Sequence[Token], text: str) -> str:
    """Return the normalised text with everything that is no known word blanked."""
    unknown = [token for token in tokens if token.kind == UNKNOWN]
    ends, starts = {token.end for token in unknown}, {token.start for token in unknown}
    pieces, at = [], 0
    for token in sorted(tokens, key=lambda t: (t.start, -t.end)):
        if token.start < at:
            continue
        if text[at : token.start].strip(_READ_OVER):
            pieces.append(BLANK)
        elif token.start > at and pieces:
            pieces.append(" ")
        # a single character between unknown ones is a part of them (王小明)
        enclosed = len(token.text) == 1 and token.start in ends and token.end in starts
        pieces.append(BLANK if token.kind == UNKNOWN or enclosed or _is_private(token) else token.text)
        at = token.end
    if text[at:].strip(_READ_OVER):
        pieces.append(BLANK)
    kept = "".join(pieces)
    while BLANK * 2 in kept:
        kept = kept.replace(BLANK * 2, BLANK)
    return kept


def _is_private(token: Token) -> bool:
    """Long digit strings are never kept: they may be someone's."""
    digits = sum(char.isdigit() for char in token.text)
    return token.kind not in ("T", FILLER) and digits >= 7
