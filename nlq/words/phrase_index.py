"""Which of many lists of phrases a text contains, found in one walk over the text.

One expression a list (thousands of alternatives) costs a third of a second to compile and is tried anew at every character of every question; here a phrase is looked up by
its first two characters, and its expression is made when a text first has those.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from nlq.words.normalise import has_chinese, normalise, stem

_GAP = "\ue000"
_KEY = 2


def expression(phrase: str) -> str:
    """Return a phrase of the bundle as an expression over normalised text: 把…给 leaves room for twelve characters; an English word is found with its plural, `word*` with any ending."""
    text = normalise(phrase.replace("…", _GAP))
    if has_chinese(text) or not text.isascii():
        return re.escape(text).replace(_GAP, ".{0,12}?")
    words = []
    for word in text.split():
        if word.endswith("*"):
            words.append(re.escape(word[:-1]) + r"[a-z]*")
        else:
            words.append(re.escape(word) + r"(?:s|es)?" if word.isalpha() and stem(word) == word and len(word) > _KEY else re.escape(word))
    return r"(?<![a-z])" + r"[\s-]+".join(words) + r"(?![a-z])"


@dataclass(frozen=True, slots=True)
class _Phrase:
    said: str
    begin: str
    """What every text begins with that the phrase's expression matches; empty where that may be anything."""
    whole: bool
    """Whether `begin` is all of the phrase, and may stand anywhere: Chinese without a gap."""
    lists: tuple[int, ...]


def _phrase(said: str, lists: tuple[int, ...]) -> _Phrase:
    text = normalise(said.replace("…", _GAP))
    if has_chinese(text) or not text.isascii():
        begin = text.split(_GAP)[0]
        return _Phrase(said, begin, begin == text, lists)
    return _Phrase(said, text.split()[0].removesuffix("*") if text.split() else "", whole=False, lists=lists)


@dataclass(slots=True)
class PhraseIndex:
    """The phrases of several lists, which are known by their numbers."""

    _begun: dict[str, tuple[_Phrase, ...]] = field(default_factory=dict)
    _anywhere: tuple[_Phrase, ...] = ()
    _made: dict[str, re.Pattern[str]] = field(default_factory=dict)

    @classmethod
    def build(cls, lists: Iterable[Iterable[str]]) -> PhraseIndex:
        """Index the lists in their order."""
        held: dict[str, set[int]] = defaultdict(set)
        for number, phrases in enumerate(lists):
            for said in phrases:
                held[said].add(number)
        begun: dict[str, list[_Phrase]] = defaultdict(list)
        for said, numbers in held.items():
            phrase = _phrase(said, tuple(sorted(numbers)))
            begun[phrase.begin[:_KEY]].append(phrase)
        return cls(_begun={begin: tuple(found) for begin, found in begun.items() if begin}, _anywhere=tuple(begun.get("", ())))

    def within(self, text: str) -> frozenset[int]:
        """Return the numbers of the lists that hold a phrase of this normalised text."""
        found: set[int] = set()
        for phrase in self._anywhere:
            if self._pattern(phrase).search(text) is not None:
                found.update(phrase.lists)
        begun = self._begun
        for at in range(len(text)):
            for begin in (text[at], text[at : at + _KEY]):
                for phrase in begun.get(begin, ()):
                    if text.startswith(phrase.begin, at) and (phrase.whole or self._pattern(phrase).match(text, at) is not None):
                        found.update(phrase.lists)
        return frozenset(found)

    def _pattern(self, phrase: _Phrase) -> re.Pattern[str]:
        made = self._made.get(phrase.said)
        if made is None:
            made = self._made[phrase.said] = re.compile(expression(phrase.said))
        return made


__all__ = ["PhraseIndex", "expression"]
