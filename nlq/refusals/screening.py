"""What may be kept of a question: its known words, everything else blanked.

Numerals are known words of any language, and a telephone number is nothing but numerals. So they are kept only as part of what the question is
read as (a bound, a period, a member), never where they run on from something that was blanked, and never where they stand in a row too long to be
an amount: 手机一三八，一二三四，五六七八 and 139▢5678 leave nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlq.matching import Token
from nlq.words.grammar import FILLER, NUMBER, TIME, UNKNOWN, VALUE

BLANK = "▢"
_READ_OVER = " ,.?!:;'\"()-/、"
_NUMERALS = "零一二三四五六七八九十百千万亿两幺壹贰叁肆伍陆柒捌玖拾廿卅点o"
_PURE = re.compile(rf"[\d{_NUMERALS}]*(?:\d|[{_NUMERALS[:-2]}])[\d{_NUMERALS}.,]*")
_ENGLISH = re.compile(r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|ten|[a-z]+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand)(?:[ -].*)?")
_ANY = re.compile(rf"\d|[{_NUMERALS[:-2]}]")
_SEPARATED = re.compile(r"[\s,.?!:;'\"()\-/、_·*#+~&|\\<>=\[\]{}xX×]*(?:转|的|是|和|加|then|and|dash|dot|plus|ext)?[\s,.?!:;'\"()\-/、_·*#+~&|\\<>=\[\]{}xX×]*")
"""What may stand inside a number as people write it."""
LONGEST = 7
"""A row of this many numerals is longer than an amount and may be someone's number."""
SOMEONES = 10
"""Digits, without the zeros at the end, that no amount has."""
_LETTERS = re.compile(r"[a-z\u3400-\u9fff]")
_TIME_WORDS = re.compile(rf"[^\d\s.\-/{_NUMERALS}]")


@dataclass(slots=True)
class _Piece:
    """A part of the text: a token, or what no token covers."""

    text: str
    kept: bool
    numerals: int = 0
    """How many numerals it is made of, 0 for a word that merely holds one (一下)."""
    period: bool = False
    between: bool = False
    """Whether it is no more than what stands between the groups of a number."""
    gap: bool = False


def screened(tokens: Sequence[Token], text: str) -> str:
    """Return the normalised text with everything that is no known word blanked; of numerals only what the reading uses is kept (see the module)."""
    pieces = _pieces(tokens, text)
    _blank_rows(pieces)
    kept = ""
    for piece in pieces:
        if piece.kept and piece.gap:
            kept += " " if kept else ""
        else:
            kept += piece.text if piece.kept else BLANK
    kept = re.sub(rf"{BLANK}(?: ?{BLANK})+", BLANK, kept)
    return kept.rstrip(" ")


def holds_a_number(tokens: Sequence[Token], text: str) -> bool:
    """Return whether a row of numerals, however separated, has more digits that mean something than an amount or a date has: someone's number."""
    significant = 0
    for piece in _pieces(tokens, text):
        if piece.numerals and not piece.period:
            significant += _significant(piece.text)
        elif piece.numerals or not (piece.between or not (piece.kept or _is_word(piece))):
            significant = 0
        if significant >= SOMEONES:
            return True
    return False


def _significant(text: str) -> int:
    words = re.findall(r"zero|oh|one|two|three|four|five|six|seven|eight|nine", text)
    digits = "".join(_ANY.findall(text)).rstrip("0零十百千万亿") if not words else "x" * len(words)
    return len(digits)


def _pieces(tokens: Sequence[Token], text: str) -> list[_Piece]:
    unknown = [token for token in tokens if token.kind == UNKNOWN]
    ends, starts = {token.end for token in unknown}, {token.start for token in unknown}
    pieces, at = [], 0
    for token in sorted(tokens, key=lambda t: (t.start, -t.end)):
        if token.start < at:
            continue
        if token.start > at:
            pieces.append(_gap(text[at : token.start]))
        # a single character between unknown ones is a part of them (王小明)
        enclosed = len(token.text) == 1 and token.start in ends and token.end in starts
        piece = _of_token(token)
        piece.kept = piece.kept and not enclosed
        pieces.append(piece)
        at = token.end
    if at < len(text):
        pieces.append(_gap(text[at:]))
    return pieces


def _gap(text: str) -> _Piece:
    read_over = not text.strip(_READ_OVER)
    return _Piece(text=text, kept=read_over, numerals=len(_ANY.findall(text)), between=_SEPARATED.fullmatch(text) is not None, gap=True)


def _of_token(token: Token) -> _Piece:
    text, known = token.text, token.kind != UNKNOWN
    pure = _PURE.fullmatch(text) is not None or _ENGLISH.fullmatch(text) is not None
    between = _SEPARATED.fullmatch(text) is not None
    if token.kind == TIME:
        spoken = _TIME_WORDS.search(text) is not None
        return _Piece(text=text, kept=True, numerals=len(_ANY.findall(text)), period=spoken or "-" in text or "/" in text)
    if token.kind == NUMBER or pure:
        numerals = max(len(re.findall(r"[a-z]+", text)), len(_ANY.findall(text)), 1)
        kept = known and (token.used or (token.kind == VALUE and numerals < LONGEST)) and numerals < LONGEST
        return _Piece(text=text, kept=kept, numerals=numerals)
    if not known:
        return _Piece(text=text, kept=False, numerals=len(_ANY.findall(text)), between=between)
    digits = sum(char.isdigit() for char in text)
    return _Piece(text=text, kept=token.kind == FILLER or digits < LONGEST, between=between)


def _blank_rows(pieces: list[_Piece]) -> None:
    """Blank every row of numerals, however separated, that is too long for an amount or runs on from something blanked."""
    at = 0
    while at < len(pieces):
        if not pieces[at].numerals:
            at += 1
            continue
        end, row = at + 1, [at]
        while end < len(pieces):
            if pieces[end].numerals:
                row.append(end)
            elif not pieces[end].between and (pieces[end].kept or _is_word(pieces[end])):
                break
            end += 1
        inside = pieces[row[0] : row[-1] + 1]
        total = sum(piece.numerals for piece in inside)
        lost = any(not piece.kept and piece.numerals for piece in inside) or _runs_on(pieces, row[0], row[-1])
        long = total >= LONGEST and not all(piece.period for piece in inside if piece.numerals) and len(row) > 1
        if long or lost:
            for piece in inside:
                piece.kept = piece.kept and piece.period and not long
        at = max(end, at + 1)


def _is_word(piece: _Piece) -> bool:
    """Whether something blanked is a word, rather than a sign or a letter inside a number."""
    return len(_LETTERS.findall(piece.text)) > 1


def _runs_on(pieces: Sequence[_Piece], first: int, last: int) -> bool:
    """Whether bare numerals touch something that was blanked."""
    around = [pieces[index] for index in (first - 1, last + 1) if 0 <= index < len(pieces)]
    return any(not piece.kept for piece in around)
