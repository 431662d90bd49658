"""Numbers written with marks between their digits, whichever the mark is: 138 - 0013 - 8000, 1101,0819,7602,2729,21, 6 2 1 4 …, 三三零一零六….

A number that carries its own proof (an ID card's date and check character, a bank card's Luhn digit) is believed with any marks; one that doesn't only where the
marks are all the same and its groups are those in which people say such a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from governance.identity.written import DIGIT, NUMERALS, is_id_card, is_old_id_card, passes_luhn

Span = tuple[int, int, float]
UNSURE = 0.3
CROSS = "Xx×хХχΧ✕✖╳叉"
"""How the last character of an ID card is typed that stands for ten."""
_MARK = r"(?:\s{1,3}|\s{0,2}[^\w\s]{1,3}\s{0,2}|_)"
_RUN_IN_DIGITS = re.compile(rf"(?<![A-Za-z0-9])\d(?:{_MARK}?\d){{9,32}}(?:{_MARK}?[{CROSS}])?(?![A-Za-z0-9])")
"""Digits only, whatever Chinese numerals stand beside them: 138-0013-8000三次."""
_RUN = re.compile(rf"(?<![A-Za-z0-9])(?<!{DIGIT}){DIGIT}(?:{_MARK}?{DIGIT}){{9,32}}(?:{_MARK}?[{CROSS}])?(?![A-Za-z0-9])(?!{DIGIT})")
_BETWEEN = re.compile(rf"(?<={DIGIT}){_MARK}(?=[{CROSS}]|{DIGIT})")
_LISTING = frozenset(",、;，；")
"""Marks that stand between the numbers of a list as well: with these a word beside it must say what it is."""
_SAID_SO = frozenset({(3, 4, 4), (4, 4, 3), (3, 3, 5), (4, 3, 4), (3, 8), (5, 6), (3, 2, 2, 2, 2), (2, 3, 3, 3), (4, 7), (7, 4)})
_MOBILE, _OLD_ID, _ID_CARD, _QUALIFICATION = 11, 15, 18, 27
_CARD = range(16, 20)
_DOCTORS = re.compile(r"[12][1-4]\d(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])")
"""How a 医师执业证书编码 begins: level, kind of practice, province."""
_COUNTRY = re.compile(r"(?:0{0,2}86|0)(?=1\d{10}$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Digits in a text with what stands between them: where they are, the digits, the sizes of their groups and the marks (blanks trimmed)."""

    start: int
    end: int
    digits: str
    groups: tuple[int, ...]
    marks: frozenset[str]
    spelt: bool

    @property
    def uniform(self) -> bool:
        """Whether one and the same mark stands between all groups, or none."""
        return len(self.marks) <= 1


def runs(text: str) -> Iterator[Run]:
    """The runs of ten digits and more that have marks between them or are spelt in Chinese numerals."""
    for match in dict.fromkeys((*_spans(_RUN, text), *_spans(_RUN_IN_DIGITS, text))):
        written = text[match[0] : match[1]]
        pieces = _BETWEEN.split(written)
        spelt = any(char not in "0123456789" for piece in pieces for char in piece if char not in CROSS)
        if len(pieces) == 1 and not spelt:
            continue
        marks = frozenset(mark.strip() or " " for mark in _BETWEEN.findall(written))
        digits = "".join(pieces).translate(NUMERALS)
        yield Run(start=match[0], end=match[1], digits=digits, groups=tuple(map(len, pieces)), marks=marks, spelt=spelt)


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text))


def mobiles(text: str) -> Iterator[Span]:
    """Mobile numbers with any one mark between the groups in which people say them, and those with letters that look like digits."""
    for run in runs(text):
        prefix = _COUNTRY.match(run.digits)
        digits = run.digits[prefix.end() if prefix else 0 :]
        if len(digits) != _MOBILE or digits[0] != "1" or digits[1] not in "3456789" or not digits.isdigit() or not run.uniform or prefix:
            continue
        if run.groups in _SAID_SO or set(run.groups) == {1} or run.spelt:
            thousands = run.groups == (2, 3, 3, 3) and run.marks & _LISTING
            times = ":" in run.marks and max(run.groups) <= 2  # 14:30:05 has two digits a group
            if not thousands and not times:
                yield run.start, run.end, UNSURE if run.marks & _LISTING else 0.9
    for match in _LOOKALIKE.finditer(text):
        if sum(char.isdigit() for char in match[0]) >= _MOSTLY and not match[0].isdigit():
            yield match.start(), match.end(), 0.8


_LOOKALIKE = re.compile(r"(?<![A-Za-z0-9])[1lI][3-9][0-9OoIl]{9}(?![A-Za-z0-9])")
_MOSTLY = 8


def id_cards(text: str) -> Iterator[Span]:
    """ID cards of both generations with marks between their digits or spelt; the first generation's only with one mark."""
    for run in runs(text):
        plain = run.digits[:-1] + ("X" if run.digits[-1:] in CROSS else run.digits[-1:])
        if len(plain) == _ID_CARD and is_id_card(plain):
            yield run.start, run.end, 1.0
        elif len(plain) == _OLD_ID and run.uniform and not run.marks & _LISTING and is_old_id_card(plain):
            yield run.start, run.end, 0.68


def licenses(text: str) -> Iterator[Span]:
    """Numbers of fifteen and twenty-seven digits with one mark between them."""
    for run in runs(text):
        if run.uniform and run.digits[:-1].isdigit():
            if len(run.digits) == _QUALIFICATION:
                # Surer than the ID card that is said to stand inside it.
                yield run.start, run.end, 1.0
            elif len(run.digits) == _OLD_ID:
                yield run.start, run.end, 0.7 if run.spelt else 0.6 if _DOCTORS.match(run.digits) and not run.marks & _LISTING else UNSURE


def bank_cards(text: str) -> Iterator[Span]:
    """Bank cards with one mark between their digits."""
    for run in runs(text):
        if len(run.digits) in _CARD and run.uniform and run.digits.isdigit() and run.digits[0] in "3456":
            if passes_luhn(run.digits):
                yield run.start, run.end, 0.97
            elif run.digits.startswith("62"):
                yield run.start, run.end, UNSURE


def landlines(text: str) -> Iterator[Span]:
    """Telephone numbers with an area code, spelt in Chinese numerals."""
    for run in runs(text):
        if run.spelt and len(run.digits) in {10, 11, 12} and run.digits[0] == "0" and run.digits[1] != "0" and run.uniform and run.digits.isdigit():
            yield run.start, run.end, 0.8
