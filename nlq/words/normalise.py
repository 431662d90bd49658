"""One spelling for everything that people type: width, case, traditional characters, spaces, dashes; and the units that words are made of.

`normalise` keeps the text readable; `units` cuts it into what the lexicon matches on: one Chinese character, one Latin word (its stem), one number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad]")
_SPACE_AFTER_CJK = re.compile(f"(?<=[{_CJK}])\\s+(?=[{_CJK}0-9%])")
_SPACE_BEFORE_CJK = re.compile(f"(?<=[0-9%])\\s+(?=[{_CJK}])")
_SPACES = re.compile(r"\s+")
_NEGATION = re.compile(r"\b(ca|do|does|did|is|are|was|were|has|have|had|wo|would|should)n't\b|\b(can)not\b", re.IGNORECASE)
_VERSUS_NUMBER = re.compile(r"(?<![a-z])(vs\.?|pk|versus)(?=\d)", re.IGNORECASE)
"""9月vs8月: the number is no part of the word."""
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-") | dict.fromkeys("～〜∼", "~") | dict.fromkeys("‘’`´", "'") | dict.fromkeys("“”„", '"'))
_PUNCTUATION = str.maketrans({"。": ".", "、": "、", "《": " ", "》": " ", "「": " ", "」": " ", "【": " ", "】": " ", "…": " "})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_VARIANTS = str.maketrans({"〇": "零", "兩": "两", "貳": "二", "壹": "一", "叁": "三"})
_VARIED = frozenset(map(chr, _VARIANTS))
_UNIT = re.compile(rf"[a-z]+|\d+(?:\.\d+)?|[{_CJK}]|[^\s]")
_WORD = re.compile(r"[a-z]+")
_HAS_CJK = re.compile(f"[{_CJK}]")
_ALL_CJK = re.compile("[\u4e00-\u9fff]+")
_PLAIN_LATIN = re.compile("[A-Za-z]+(?: [A-Za-z]+)*")
_PLAIN = re.compile("[A-Za-z \u4e00-\u9fff]+")
_RUN = re.compile("[a-z]+|[\u4e00-\u9fff]")
_MEANINGFUL = frozenset("%&+/<>=≤≥≠!~、-")
MAX_QUESTION = 300
"""Characters of a question that are read; a question has one sentence, not a page."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of normalised text: what the lexicon compares (`key`) and where it stands."""

    key: str
    start: int
    end: int
    kind: str
    """`c` Chinese character, `w` Latin word, `n` number, `p` punctuation."""


@lru_cache(maxsize=1)
def _to_simplified() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Return `text` with traditional characters in their simplified form."""
    return str(_to_simplified().convert(text)) if _HAS_CJK.search(text) else text


def normalise(text: str) -> str:
    """Return the text as the parser reads it; idempotent."""
    return cased(text).lower()


def cased(text: str) -> str:
    """Return the normalised text with its letters' case kept; `normalise` is this in lower case."""
    if _ALL_CJK.fullmatch(text):  # most names of most bundles have nothing that the steps below change
        return simplify(text).translate(_VARIANTS)
    if _PLAIN_LATIN.fullmatch(text) and "cannot" not in text.lower():
        return text
    text = unicodedata.normalize("NFKC", text)
    text = _ZERO_WIDTH.sub("", text).translate(_DASHES).translate(_PUNCTUATION)
    text = simplify(text).translate(_VARIANTS)
    text = _NEGATION.sub(lambda m: f"{m[1] or m[2]} not", text)
    text = _SPACES.sub(" ", _VERSUS_NUMBER.sub(r"\1 ", text)).strip()
    text = _SPACE_AFTER_CJK.sub("", text)
    text = _SPACE_BEFORE_CJK.sub("", text)
    return _THOUSANDS.sub("", text)


def has_chinese(text: str) -> bool:
    return _HAS_CJK.search(text) is not None


_KEEP_S = frozenset({"is", "was", "has", "does", "this", "us", "plus", "across", "analysis", "basis", "status", "less", "versus", "vs", "as", "its", "yes", "always", "minus", "previous", "various", "nps", "wos", "ms", "hours", "gross", "progress", "business", "access", "class", "process"})
_IRREGULAR = {"people": "person", "women": "woman", "men": "man", "children": "child", "analyses": "analysis", "indices": "index", "hours": "hour", "centre": "center", "centres": "center", "colour": "color", "colours": "color", "emails": "email", "programme": "program", "programmes": "program", "cities": "city"}


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a Latin word without its plural ending; conservative, so that short words and names stay exact."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word in _KEEP_S or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """Return a rougher stem, for words in another order or form: reached, reaching and reach agree."""
    word = stem(word)
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


_ADJECTIVES = (("ical", "y"), ("ical", "ic"), ("ical", ""), ("ic", "y"), ("ic", ""), ("al", ""), ("ern", ""), ("en", ""), ("ish", ""), ("ful", ""), ("y", ""), ("y", "e"))
_LETTERS_LEFT = 3


def derivations(word: str) -> tuple[str, ...]:
    """Return the words that a Latin word may be an adjective of, or that may be its adjective: rainy and rain, sunny and sun, oncological and oncology."""
    found = [word[: len(word) - len(ending)] + base for ending, base in _ADJECTIVES if word.endswith(ending)]
    found += [short[:-1] for short in found if len(short) > _LETTERS_LEFT and short[-1] == short[-2]]
    found += [word.removesuffix(base) + ending for ending, base in _ADJECTIVES if word.endswith(base)]
    found.append(word + word[-1] + "y")
    return tuple(dict.fromkeys(each for each in found if len(each) >= _LETTERS_LEFT and each != word)) if len(word) >= _LETTERS_LEFT else ()


def units(text: str) -> list[Unit]:
    """Cut normalised text into units. A hyphen or an apostrophe inside words separates them and is no unit of its own."""
    found: list[Unit] = []
    for match in _UNIT.finditer(text):
        piece, start, end = match.group(), match.start(), match.end()
        if piece[0].isascii() and piece[0].isalpha():
            if piece == "s" and start and text[start - 1] == "'":
                continue
            found.append(Unit(stem(piece), start, end, "w"))
        elif piece[0].isdigit():
            found.append(Unit(piece, start, end, "n"))
        elif _HAS_CJK.match(piece):
            found.append(Unit(piece, start, end, "c"))
        elif piece in '()[]{}"_' or (piece in "-'" and start and end < len(text) and text[start - 1].isalnum() and (text[end].isalpha() or (text[end].isdigit() and text[start - 1].isalpha()))):
            continue
        else:
            found.append(Unit(piece, start, end, "p"))
    return found


@lru_cache(maxsize=65536)
def keys(phrase: str) -> tuple[str, ...]:
    """Return the unit keys of a phrase of the bundle, as `units` would find them in a question."""
    if _ALL_CJK.fullmatch(phrase):  # most names of most bundles; the same result, ten times faster
        said = str(_to_simplified().convert(phrase))
        return tuple(said if _VARIED.isdisjoint(said) else said.translate(_VARIANTS))
    if _PLAIN.fullmatch(phrase) and "cannot" not in (lower := phrase.lower()):
        return tuple(run if len(run) == 1 else stem(run) for run in _RUN.findall(simplify(lower).translate(_VARIANTS)))
    return tuple(unit.key for unit in units(normalise(phrase)) if unit.kind != "p" or unit.key in _MEANINGFUL)
