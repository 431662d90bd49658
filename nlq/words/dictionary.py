"""The ordinary words of Chinese, and what part of speech each is: jieba's word list (MIT), read as text without starting jieba."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_RUN = re.compile(r"\n(.)[^\n]*(?:\n\1[^\n]*)*")


@lru_cache(maxsize=1)
def _dictionary() -> tuple[str, dict[str, tuple[tuple[int, int], ...]]]:
    """Return the word list as text, and where in it the words of each first character stand; empty where jieba isn't installed."""
    found = find_spec("jieba")
    path = Path(found.origin).with_name("dict.txt") if found is not None and found.origin else None
    text = "\n" + path.read_text(encoding="utf-8") if path is not None and path.is_file() else ""
    places: dict[str, tuple[tuple[int, int], ...]] = {}
    for run in _RUN.finditer(text):
        places[run[1]] = (*places.get(run[1], ()), run.span())
    return text, places


@lru_cache(maxsize=16384)
def part_of_speech(text: str) -> str:
    """Return the tag of an ordinary Chinese word (n a noun, v a verb, d an adverb, r a pronoun …), or nothing for what is no such word."""
    words, places = _dictionary()
    for start, end in places.get(text[:1], ()):
        at = words.find(f"\n{text} ", start, end)
        if at >= 0:
            stop = words.find("\n", at + 1)
            return words[at + 1 : stop if stop > 0 else len(words)].rpartition(" ")[2]
    return ""


def is_word(text: str) -> bool:
    """Return whether a text is an ordinary Chinese word: such a word is meant, not mistyped (家具 is not 家居)."""
    return bool(part_of_speech(text))


__all__ = ["is_word", "part_of_speech"]
