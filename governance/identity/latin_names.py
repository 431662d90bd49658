"""Names of persons in Latin letters: beside a title, romanised in every order, with an English given name, before a Chinese title."""

from __future__ import annotations

import re
from collections.abc import Iterator

from governance.identity import names, pinyin
from governance.identity.first_names import FIRST_NAMES, MORE_FIRST_NAMES
from governance.identity.things import BEFORE_THINGS, THINGS

Span = tuple[int, int, float]

_NO_LETTER, _END = r"(?<![A-Za-z])", r"(?![A-Za-z])"
_WORD = r"[A-Z][A-Za-z]*(?:['’\-][A-Za-z]+)*"
_TITLE = re.compile(
    rf"{_NO_LETTER}(?:Dr|Doctor|Prof|Professor|Mr|Mrs|Ms|Miss|Director)(?:\.\s*|\s+)((?:[A-Z]\.\s?){{0,2}}{_WORD}(?:\s[A-Z]\.)?(?:[\s\-]{_WORD}){{0,2}})"
)
_RANK = re.compile(
    rf"{_NO_LETTER}(?:Nurse|Sister|Dean|President|Chief|Physician|Surgeon|Pharmacist|Chairman|Chairwoman|Chair|Manager|Madam|Academician|Patient|Colleague|Rep|Investigator|Speaker)\s+({_WORD}(?:[\s\-]{_WORD}){{0,1}})"
)
_LOWER = re.compile(rf"{_NO_LETTER}(?:dr|prof|doctor|professor)\.?\s+([a-z]{{2,8}})(?:\s([a-z]{{2,12}}))?(?![a-z])", re.IGNORECASE)
_BARE = re.compile(rf"{_NO_LETTER}([A-Z][a-z]{{1,8}})\s([A-Z][a-z]{{1,5}}(?:[\s\-'’]?[A-Za-z][a-z]{{1,5}})?){_END}")
_SURNAME_SHOUTED = re.compile(rf"{_NO_LETTER}([A-Z]{{2,9}}),?\s?([A-Z][a-z]{{1,5}}(?:[\s\-'’]?[A-Za-z][a-z]{{1,5}})?){_END}")
_FIRST_THEN_SHOUTED = re.compile(rf"{_NO_LETTER}([A-Z][a-z]{{1,5}}(?:[\-'’]?[A-Za-z][a-z]{{0,5}})?)\s([A-Z]{{2,9}}){_END}")
_COMMA = re.compile(rf"{_NO_LETTER}(?<!\.\s)([A-Z][a-z]{{1,8}}),\s?([A-Z][a-z]{{1,5}}(?:[\s\-'’]?[A-Za-z][a-z]{{1,5}})?){_END}")
_INITIALS = re.compile(rf"(?<![A-Za-z.])((?:[A-Z]\.[\s\-]?){{1,2}})([A-Z][a-z]{{1,11}}){_END}|{_NO_LETTER}([A-Z][a-z]{{1,8}}),?\s(?:[A-Z]\.[\s\-]?){{1,2}}(?![A-Za-z])")
"""J. Wu, J.-P. Wu, Wu J.P."""
_THREE = re.compile(rf"{_NO_LETTER}([A-Z][a-z]{{1,7}})[\s\-]([A-Z][a-z]{{1,5}})[\s\-]([A-Z][a-z]{{1,5}}){_END}")
_CAPITALS = re.compile(rf"{_NO_LETTER}([A-Z]{{2,7}})\s([A-Z]{{2,6}}(?:[\s\-][A-Z]{{2,6}})?){_END}")
_SHOUTED = re.compile(rf"{_NO_LETTER}[A-Z]{{4,}}{_END}")
"""A text that shouts: its capitals are no sign of a name."""
_FIRST = re.compile(rf"{_NO_LETTER}([A-Z][a-z]{{1,5}}(?:['’\-]?[A-Za-z]?[a-z]{{1,6}})?)\s([A-Z][a-z]{{1,6}}){_END}")
_ENGLISH = re.compile(rf"{_NO_LETTER}([A-Z][a-z]{{1,11}}(?:-[A-Z][a-z]{{1,11}})?)((?:\s[A-Z]\.?)?\s)({_WORD}(?:\s{_WORD})?){_END}")
_CHINESE_TITLE = re.compile(rf"{_NO_LETTER}([A-Za-z]{{2,12}}(?:[\s\-]?[A-Za-z]{{1,12}})?)(?=\s?(?:{'|'.join(sorted(names.PERSONAL_TITLES | {'医师', '护士', '药师', '博士', '同学', '经理'}, key=len, reverse=True))}))")
_CAMEL = re.compile(rf"{_NO_LETTER}([A-Z][a-z]{{1,8}})([A-Z][a-z]{{1,11}}){_END}")
_MIXED_TITLE = re.compile(rf"{_NO_LETTER}(?:Dr|Prof|Mr|Mrs|Ms|Miss|Doctor|Professor)\.?\s?(?=[\u3400-\u9fff])", re.IGNORECASE)
_TITLE_BEHIND = re.compile(r"(?<=[\u3400-\u9fff])\s?(?:Dr|Prof|Sir|Mr|Ms)(?![A-Za-z])")
_LONGEST = 4
_SPELT = re.compile(r"[\s\-'’]")
LATIN_THINGS = frozenset(
    {
        "general", "reach", "excel", "level", "levels", "visits", "visit", "only", "office", "access", "rate", "rates", "score", "scores",
        "title", "titles", "count", "counts", "group", "groups", "data", "review", "reviews", "board", "team", "teams", "network", "portal",
        "survey", "surveys", "segment", "segments", "list", "lists", "meeting", "meetings", "page", "pages", "report", "reports", "value", "values",
        "project", "program", "programme", "index", "information", "panel", "relations", "services",
    }
)  # fmt: skip
"""What follows a title in business English and is nobody."""
_ROMANISED_WORDS = (
    "chan wong cheung leung lam lau kwok ng tsang tse yeung tsai hsieh hsu chiang chiu chow chu fung ho ko kwan lui mak mok poon siu szeto tam tsui yip yiu yuen lee choi park "
    "kim chou kuo lo hsiao tseng chien chung teoh tan lim goh ong koh yap heng soh"
)
_ROMANISED = frozenset(_ROMANISED_WORDS.split())
"""Surnames as they are romanised in Hong Kong, Taiwan and Singapore (and Korean ones): a name beside an English or a hyphenated given name."""
_HONG_KONG_WORDS = (
    "ka wai kit chi man ming yee yin hoi suet ying kwan kei lok hin tsz mei siu sze wing shan kwok chun yuk yan hing fai "
    "keung leung kam pui lai fong ling wah mun shing chung cheuk hei yu tak wa ho kin sau fung yat pak ngai oi nga hiu mo kar yuen"
)
_HONG_KONG = frozenset(_HONG_KONG_WORDS.split())
"""Syllables of given names as they are written in Hong Kong."""


def latin_names(text: str) -> Iterator[Span]:
    """Names in Latin letters in a folded text."""
    for match in _MIXED_TITLE.finditer(text):
        yield from _chinese_after(text, match.end())
    for match in _TITLE_BEHIND.finditer(text):
        yield from _chinese_before(text, match.start())
    if not _HAS_LETTERS.search(text):
        return
    yield from _titled(text)
    yield from _romanised(text)
    yield from _english(text)


_HAS_LETTERS = re.compile(r"[A-Za-z]{2}")


def _chinese_after(text: str, start: int) -> Iterator[Span]:
    """The name behind a Latin title: Dr.张伟."""
    for length in range(_LONGEST, 0, -1):
        word = text[start : start + length]
        if len(word) == length and (names.is_titled_name(word) if length > 1 and word not in names.COMPOUND_SURNAMES else names.is_lone_surname(word)):
            yield start, start + length, 0.8
            return


def _chinese_before(text: str, end: int) -> Iterator[Span]:
    """The name before a Latin title: 张伟Dr."""
    for length in range(_LONGEST, 0, -1):
        start = end - length
        if start < 0:
            continue
        word = text[start:end]
        alone = length == 1 or word in names.COMPOUND_SURNAMES
        if names.is_lone_surname(word) and not re.match(r"[\u3400-\u9fff]", text[start - 1 : start]) if alone else names.is_titled_name(word):
            yield start, end, 0.8
            return


def _titled(text: str) -> Iterator[Span]:
    for match in _TITLE.finditer(text):
        if match[1].split()[0].lower() not in LATIN_THINGS:
            yield match.start(1), match.end(1), 0.85
    for match in _RANK.finditer(text):
        first, _, second = match[1].partition(" ")
        surname = first.lower()
        if surname in names.PINYIN_SURNAMES and not names.is_english(surname):
            yield match.start(1), match.end(1) if second and names.is_pinyin_name(first, second) else match.start(1) + len(first), 0.7
    for match in _LOWER.finditer(text):
        if match[2] and names.is_pinyin_name(match[1], match[2]):
            yield match.start(1), match.end(2), 0.75
        elif match[1].lower() in names.PINYIN_SURNAMES:
            yield match.start(1), match.end(1), 0.75
    for match in _CHINESE_TITLE.finditer(text):
        words = _SPELT.split(match[1])
        first, last = words[0].lower(), words[-1].lower()
        if len(words) == 1:
            camel = _CAMEL.fullmatch(match[1])
            one = first in MORE_FIRST_NAMES or first in names.PINYIN_SURNAMES or (camel is not None and names.is_pinyin_name(camel[1], camel[2]))
            if one and words[0][0].isupper():
                yield match.start(1), match.end(1), 0.8
        elif names.is_pinyin_name(first, last) or names.is_pinyin_name(last, first) or first in MORE_FIRST_NAMES:
            yield match.start(1), match.end(1), 0.8
    for match in _CAMEL.finditer(text):
        if names.is_pinyin_name(match[1], match[2], syllables=2):
            yield match.start(), match.end(), 0.55


def _romanised(text: str) -> Iterator[Span]:
    for pattern in (_BARE, _SURNAME_SHOUTED):
        for match in _overlapping(pattern, text):
            # What follows a given name may look like more of it: Chen Jing asked.
            for end in dict.fromkeys((match.end(2), match.start(2) + len(_SPELT.split(match[2])[0]))):
                if names.is_pinyin_name(match[1], _plain(text[match.start(2) : end])):
                    yield match.start(), end, 0.65
                    break
    for match in _COMMA.finditer(text):
        for end in dict.fromkeys((match.end(2), match.start(2) + len(_SPELT.split(match[2])[0]))):
            if names.is_pinyin_name(match[1], _plain(text[match.start(2) : end]), syllables=2):
                yield match.start(), end, 0.65
                break
    for match in _INITIALS.finditer(text):
        surname = (match[2] or match[3]).lower()
        if (surname in names.PINYIN_SURNAMES or surname in _ROMANISED) and not names.is_english(surname):
            yield match.start(), match.end(2) if match[2] else match.end(), 0.75
    for match in _overlapping(_THREE, text):
        # As in Hong Kong and Singapore: Wong Ka Ming, Tan Wei Ling.
        surname, given = match[1].lower(), (match[2].lower(), match[3].lower())
        if surname in _ROMANISED and not names.is_english(surname) and all(map(_is_syllable, given)) and " ".join(given) not in pinyin.PLACES:
            yield match.start(), match.end(), 0.7
    for pattern in (_FIRST, _FIRST_THEN_SHOUTED):
        for match in _overlapping(pattern, text):
            if names.is_pinyin_name(match[2], _plain(match[1])):
                yield match.start(), match.end(), 0.65
    for match in _CAPITALS.finditer(text):
        if names.is_pinyin_name(match[1], match[2]) and not _SHOUTED.search(text, 0, match.start()) and not _SHOUTED.search(text, match.end()):
            yield match.start(), match.end(), 0.6


def _overlapping(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every place where a pattern fits, also from the second word of another: Xie Ting in “Did Xie Ting open it?”."""
    match = pattern.search(text)
    while match is not None:
        yield match
        match = pattern.search(text, match.start() + 1)


def _is_syllable(word: str) -> bool:
    return names.is_syllable(word) or word in _HONG_KONG


def _plain(given: str) -> str:
    return given.replace("'", "").replace("’", "")


def _english(text: str) -> Iterator[Span]:
    """An English given name and a surname, Chinese or not: Michael Chen, Emily O'Connor."""
    for match in _overlapping(_ENGLISH, text):
        first, words = match[1].lower(), match[3].split()
        family = words[0].lower()
        known = family in names.PINYIN_SURNAMES or family in _ROMANISED
        if first in MORE_FIRST_NAMES and (known and not names.is_english(family) if first not in FIRST_NAMES else known or not _is_thing(text, match, words)):
            yield match.start(), match.start(3) + len(words[0]), 0.7 if known else 0.6
        elif first in _ROMANISED and "-" in words[0]:
            yield match.start(), match.start(3) + len(words[0]), 0.6


def _is_thing(text: str, match: re.Match[str], words: list[str]) -> bool:
    """Whether two capitalised words name a street, a firm or a campaign: Jordan Street, in St. Jude Hospital."""
    following = re.match(r"[\s\-]([A-Za-z]+)", text[match.start(3) + len(words[0]) :])
    before = re.search(r"([A-Za-z]+)\s$", text[: match.start()])
    return (
        words[0].lower() in THINGS
        or words[0].lower() in LATIN_THINGS
        or (following is not None and following[1].lower() in THINGS)
        or (before is not None and before[1].lower() in BEFORE_THINGS - _JOINING)
    )


_JOINING = frozenset({"from", "to", "and", "or", "than", "versus", "vs", "like"})
"""Words of `BEFORE_THINGS` that stand before persons as well."""
