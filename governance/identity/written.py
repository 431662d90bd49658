"""Written forms: how one identifier is typed in a hundred ways, folded to one.

Folding: NFKC (full width, circled and bold digits), zero-width and other invisible characters removed, every middle dot the same one,
every dash the same one, traditional characters simplified (OpenCC t2s).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MIDDLE_DOT = "·"
_DOTS = "·•‧・∙⋅᛫ꞏ･●◦∘⸱⸳⦁ㆍᆞ᠂⚫"
_DASHES = "‐‑‒–—―−﹣－ー"
_INVISIBLE = frozenset("\u00ad\u20e3\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\ufeff\uffa0") | {
    chr(code)
    for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10))
}
_TABLE = (
    {ord(char): MIDDLE_DOT for char in _DOTS}
    | {ord(char): "-" for char in _DASHES}
    | dict.fromkeys(map(ord, _INVISIBLE), "")
)

NUMERALS = str.maketrans("零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖", "0012345678912123456789")
"""Chinese numerals read digit by digit; 幺 is how telephone numbers say 1."""

DIGIT = "[0-9零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖]"


@lru_cache(maxsize=1)
def _simplifier() -> object:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional characters simplified; other text as it is."""
    return str(_simplifier().convert(text))  # type: ignore[attr-defined]


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    """One character folded, to none, one or several."""
    plain = char.translate(_TABLE)
    if not plain or plain != char:
        return plain
    number = unicodedata.digit(char, None)
    if number is not None:
        return str(number)  # ❶, ⒈, and the digits of other scripts
    folded = unicodedata.normalize("NFKC", char).translate(_TABLE)
    if "\u3400" <= char <= "\u9fff":
        simple = simplify(char)
        return simple if len(simple) == 1 else char
    return folded


def fold(text: str) -> str:
    """Return the text in its one written form (see the module); blanks stay."""
    if text.isascii():
        return text
    return "".join(map(_fold_char, unicodedata.normalize("NFC", text)))


def _bare_letter(folded: str) -> str:
    """A Latin letter without its accent or tone mark: Wáng. Only where names are looked for; keys keep what was written."""
    if folded.isascii() or not "\u00c0" <= folded <= "\u1eff":
        return folded
    base = unicodedata.normalize("NFD", folded)[0]
    return base if base.isascii() and base.isalpha() else folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text that remembers where each of its characters came from: `origin[i]` is the index in the original."""

    text: str
    origin: tuple[int, ...]
    size: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range in the original text for one in the folded text."""
        # What folds to nothing behind the last character (a combining keycap) belongs to it.
        return self.origin[start], max(self.origin[end - 1] + 1, self.origin[end] if end < len(self.origin) else self.size)


def fold_with_origin(text: str) -> Folded:
    """Fold character by character, keeping the way back."""
    pieces = [(_bare_letter(_fold_char(char)), index) for index, char in enumerate(text)]
    return Folded(text="".join(piece for piece, _ in pieces), origin=tuple(i for piece, i in pieces for _ in piece), size=len(text))


# --------------------------------------------------------------------------- checks of single identifiers

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REGIONS = frozenset(re.findall("..", "1112131415212223313233343536374142434445465051525354616263646571818283919293949596979899"))
"""First two digits of a region, GB/T 2260; from 9 on residence cards of foreigners."""
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_id_card(text: str) -> bool:
    """Whether 18 characters are a 居民身份证 number: region, date of birth and check character (GB 11643-1999, GB/T 2260)."""
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", text) or text[:2] not in _REGIONS:
        return False
    if text[6:8] not in {"18", "19", "20"} or not _is_day(text[10:14]):
        return False
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11] == text[17]


def may_be_id_card(text: str) -> bool:
    """Whether 18 characters have the region and the date of birth of a 居民身份证 number, whatever the check character says."""
    return re.fullmatch(r"[1-9]\d{5}(?:19|20)\d{9}[\dX]", text) is not None and text[:2] in _REGIONS and _is_day(text[10:14])


def is_old_id_card(text: str) -> bool:
    """Whether 15 digits can be a 居民身份证 number of the first generation: region and date of birth; it had no check digit."""
    return re.fullmatch(r"[1-9]\d{14}", text) is not None and text[:2] in _REGIONS and _is_day(text[8:12])


def _is_day(text: str) -> bool:
    month, day = int(text[:2]), int(text[2:])
    return 1 <= month <= len(_MONTH_DAYS) and 1 <= day <= _MONTH_DAYS[month - 1]


def is_credit_code(text: str) -> bool:
    """Whether 18 characters are a 统一社会信用代码 with the right check character (GB 32100-2015)."""
    if len(text) != 18 or any(char not in _CREDIT for char in text) or (text.isdigit() and len(set(text)) == 1):
        return False
    total = sum(_CREDIT.index(char) * pow(3, place, 31) for place, char in enumerate(text[:17]))
    return _CREDIT[-total % 31] == text[17]


def passes_luhn(digits: str) -> bool:
    """Whether the digits pass the check of ISO/IEC 7812-1 (bank cards)."""
    return luhn_sum(int(digit) for digit in digits) % 10 == 0


def luhn_sum(digits: Iterable[int]) -> int:
    """The Luhn sum, doubling every second digit from the right."""
    return sum(
        digit if index % 2 == 0 else sum(divmod(2 * digit, 10)) for index, digit in enumerate(reversed(list(digits)))
    )
