"""Typing errors: homophones of Chinese names by pinyin, one wrong or missing character in long ones, small slips in Latin words.

A correction is never silent (it is shown as an assumption), short words stay exact, and nothing the caller may not know is ever proposed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import islice, product
from pathlib import Path

from nlq.lexicon.entries import Meaning
from nlq.words.dictionary import is_word
from nlq.words.normalise import stem, units

_MAX_NAME = 9
_MAX_DOUBT = 6
"""A longer run of unknown characters is no slip."""
_TIME_WORDS = (
    ["january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "yesterday", "today", "tomorrow", "week", "month", "quarter", "year", "last", "previous", "current", "past", "weekly", "monthly", "quarterly", "yearly", "daily", "since", "between"]
)
_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ", "aaaaeeeeiiiioooouuuuvvvvvnnnm")
_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"))


@lru_cache(maxsize=1)
def _readings() -> dict[int, str]:
    """Return pypinyin's table of readings (MIT) alone: importing the package trains a segmenter over all its phrases, a quarter of the lexicon's start."""
    package = find_spec("pypinyin")
    place = Path(package.origin).with_name("pinyin_dict.py") if package is not None and package.origin else None
    table = spec_from_file_location("_wenshu_pinyin_readings", place) if place is not None else None
    if table is None or table.loader is None:
        return {}
    module = module_from_spec(table)
    table.loader.exec_module(module)
    found: dict[int, str] = module.pinyin_dict
    return found


@lru_cache(maxsize=16384)
def syllables(char: str) -> tuple[str, ...]:
    """Return the toneless readings of a Chinese character, the commonest first, without the differences that accents swallow."""
    found = []
    for reading in _readings().get(ord(char), "").split(",")[:3]:
        plain = reading.translate(_TONES)
        for long, short in _SOUNDS:
            if plain.startswith(long):
                plain = short + plain[2:]
        found.append(plain.removesuffix("g") if plain.endswith("ng") else plain)
    return tuple(dict.fromkeys(found)) or (char,)


_MAX_SPELT = 4
_MAX_SPELLINGS = 8


@lru_cache(maxsize=16384)
def _spellings(char: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reading.translate(_TONES).replace("v", "u") for reading in _readings().get(ord(char), "").split(",")[:2] if reading))


def spelt(name: str) -> tuple[str, ...]:
    """Return how a short Chinese name is written in Latin letters (杭州: hangzhou), with the second readings of its characters; empty for other names."""
    if not 2 <= len(name) <= _MAX_SPELT or name.isascii():
        return ()
    parts = [_spellings(char) for char in name]
    return tuple("".join(each) for each in islice(product(*parts), _MAX_SPELLINGS)) if all(parts) else ()


@dataclass(frozen=True, slots=True)
class Slip:
    """A proposal: the range of text and the name it probably is."""

    start: int
    end: int
    name: str


@dataclass(slots=True)
class Corrector:
    """The indexes of one lexicon."""

    sounds: dict[tuple[str, ...], tuple[tuple[str, Meaning], ...]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    shapes: dict[str, tuple[tuple[str, Meaning], ...]] = field(default_factory=dict)
    latin: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """First letter → words that a slip may be corrected to."""

    @classmethod
    def build(cls, names: Iterable[tuple[str, Meaning]], latin: Iterable[str]) -> Corrector:
        """Index the Chinese names (simplified) and the Latin words (stems) of a dictionary."""
        sounds: dict[tuple[str, ...], list[tuple[str, Meaning]]] = defaultdict(list)
        shapes: dict[str, list[tuple[str, Meaning]]] = defaultdict(list)
        for name, meaning in names:
            if 2 <= len(name) <= _MAX_NAME:
                sounds[tuple(syllables(char)[0] for char in name)].append((name, meaning))
            if 4 <= len(name) <= 12 and meaning.kind in ("metric", "dimension", "value"):
                for at in range(len(name)):
                    shapes[name[:at] + name[at + 1 :]].append((name, meaning))
        known = frozenset(name for found in sounds.values() for name, _ in found)
        by_letter: dict[str, list[str]] = defaultdict(list)
        for word in sorted({*latin, *_TIME_WORDS}):
            if len(word) >= 4:
                by_letter[word[0]].append(word)
        is_word("")  # the word list is read now, not at the first slip
        import rapidfuzz.distance  # noqa: F401 (likewise)

        return cls(
            known=known,
            sounds={key: tuple(found) for key, found in sounds.items()},
            shapes={key: tuple(found) for key, found in shapes.items()},
            latin={letter: tuple(words) for letter, words in by_letter.items()},
        )

    # ------------------------------------------------------------------ Latin

    def word(self, word: str) -> str | None:
        """Return the word that `word` is most probably a slip of, or None when none is near enough or two are."""
        from rapidfuzz.distance import OSA

        word = stem(word)
        if len(word) < 4 or word in _MEANT:
            return None
        bound = 1 if len(word) < 10 else 2
        best: list[str] = []
        letters = dict.fromkeys((word[0], word[1]))
        for letter in letters:
            for other in self.latin.get(letter, ()):
                if abs(len(other) - len(word)) > bound or (other[0] != word[0] and other[:2] != word[1::-1]):
                    continue
                distance = OSA.distance(word, other, score_cutoff=bound)
                if distance <= bound and (len(word) > 4 or _slipped(word, other)):
                    if distance < bound:
                        best, bound = [], distance
                    best.append(other)
        return best[0] if len(set(best)) == 1 else None

    # ------------------------------------------------------------------ Chinese

    def names(
        self, text: str, doubtful: Sequence[tuple[int, int]], solid: Sequence[tuple[int, int]], offer: Callable[[Meaning], bool]
    ) -> list[Slip]:
        """Return proposals for windows of text that touch a doubtful range, the longest and most alike first.

        A window never cuts through a `solid` range: what is surely a name stays one (an unknown word before it is no slip of it).
        """
        found: list[tuple[float, Slip]] = []
        seen: set[tuple[int, int]] = set()
        for first, last in doubtful:
            for left in range(max(0, first - _MAX_NAME + 1), min(last, first + _MAX_DOUBT)):
                for right in range(max(left + 2, first + 1), min(len(text), left + _MAX_NAME) + 1):
                    window = text[left:right]
                    if window[-1].isascii() or not window.isalpha() or window[0].isascii():
                        break
                    if any((left < end and start < right) and not (left <= start and end <= right) for start, end in solid):
                        continue
                    if (left, right) not in seen:
                        seen.add((left, right))
                        found += self._alike(window, left, right, offer)
        return [slip for _, slip in sorted(found, key=lambda item: (-item[0], item[1].start))]

    def _alike(self, window: str, left: int, right: int, offer: Callable[[Meaning], bool]) -> list[tuple[float, Slip]]:
        names = {name for name in self._by_sound(window, offer) if name != window}
        if names:
            kept = [(name, sum(a == b for a, b in zip(name, window, strict=True))) for name in names]
            kept = [(name, same) for name, same in kept if same >= (1 if len(window) <= 3 else len(window) // 2)]
            if len(kept) == 1 and not is_word(window):
                name, same = kept[0]
                return [(len(window) + same / 10, Slip(left, right, name))]
            return []
        if len(window) < 3:
            return []
        if any(window[:at] + window[at + 1 :] in self.known for at in range(len(window))):
            return []  # a name and a character beside it, not another name
        # the last character says what a name is (a number, a rate): it is never supplied or replaced
        shaped = {name for name, meaning in self._by_shape(window) if offer(meaning) and name[-1] == window[-1] and not ASKS.search(name)}
        if len(shaped) == 1 and window not in shaped and not is_word(window) and not _meant(window, next(iter(shaped))):
            return [(len(window) - 0.5, Slip(left, right, shaped.pop()))]
        return []

    def _by_sound(self, window: str, offer: Callable[[Meaning], bool]) -> set[str]:
        readings = [syllables(char)[:2] for char in window]
        if len(window) > 4:  # other readings of a long name's characters are too many to try
            readings = [found[:1] for found in readings]
        return {name for key in product(*readings) for name, meaning in self.sounds.get(key, ()) if offer(meaning)}

    def _by_shape(self, window: str) -> list[tuple[str, Meaning]]:
        found = list(self.shapes.get(window, ())) if len(window) >= 4 else []
        if len(window) >= 5:
            for at in range(len(window)):
                found += [item for item in self.shapes.get(window[:at] + window[at + 1 :], ()) if len(item[0]) == len(window)]
        return found


_MEANT = frozenset(("older", "younger", "newer", "elder", "wider", "taller", "closer", "nearer", "sooner", "later", "earlier", "heavier", "lighter", "richer", "poorer"))
"""Ordinary comparatives that look like slips of cues: older is no order."""
ASKS = re.compile("多少|(?<=.)了(?!解)|几")
"""A phrase with a verb of its own: another verb is another question, never a slip (丢了多少, 卖了多少)."""


def _meant(window: str, name: str) -> bool:
    """Whether the character that differs makes an ordinary word with a neighbour of its own, which was meant: 净增触达 is no slip of 新增触达."""
    if len(window) != len(name):
        return False
    at = next(index for index, (said, known) in enumerate(zip(window, name, strict=True)) if said != known)
    pairs = [(window[start : start + 2], name[start : start + 2]) for start in (at - 1, at) if 0 <= start < len(window) - 1]
    return any(is_word(said) for said, _ in pairs)


def _slipped(word: str, other: str) -> bool:
    """Whether four letters are only in another order, or lack a vowel: opne, mnth; send is not spend."""
    missing = list(other)
    for letter in word:
        if letter not in missing:
            return False
        missing.remove(letter)
    return not missing or (len(missing) == 1 and (missing[0] in "aeiou" or missing[0] * 2 in other))


def replaced(text: str, start: int, end: int, name: str) -> str:
    """Return the text with one range replaced."""
    return text[:start] + name + text[end:]


def is_latin(text: str) -> bool:
    return text.isascii() and any(unit.kind == "w" for unit in units(text))
