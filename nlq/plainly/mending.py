"""A speaker's own correction inside one sentence: 三甲…哦不三级医院的触达率; 拜访量倒数第二的大区…算了给我倒数三名. The last word counts."""

from __future__ import annotations

import re

from nlq.lexicon.entries import Meaning
from nlq.lexicon.lexicon import LexiconView
from nlq.talk import Talk
from nlq.words.normalise import keys

_MENDED = re.compile(
    r"[\s,.;?!]*(?:"
    r"(?:哦|噢|啊|呃|诶|哎呀?|嗯|额)[\s,.]*(?:不(?:是|对)?|错了|说错了)[\s,.!]*(?:应该)?(?:是|看|说)?"
    r"|(?<=[\s,.;?!])不对[\s,.!]+(?:应该)?(?:是|看|说)?"
    r"|(?:说|打|写|问|搞|弄)错了[\s,.!]*(?:应该)?(?:是|看|说)?"
    r"|(?<=[\s,.;?!])(?:算了|罢了)[\s,.!]*(?:还是|直接|就|先|改)*"
    r"|(?<=[\s,.;?!])(?:no,? wait|scratch that|i mean|sorry,? i meant|actually,? no|make that|or rather)[\s,:]+"
    r")(?=\S)",
    re.IGNORECASE,
)


def _parted(text: str) -> tuple[str, str] | None:
    """Return what was said before the last correction of oneself in a text, and what after it; None where there is none inside it."""
    last = None
    for match in _MENDED.finditer(text):
        if text[: match.start()].strip() and text[match.end() :].strip():
            last = match
    return (text[: last.start()], text[last.end() :]) if last is not None else None


def mended(text: str, view: LexiconView) -> tuple[str, str] | None:
    """Return normalised `text` (of any case) without what its speaker took back, and what is left over to be read as a follow-up to that (else empty).

    上个月华东, 啊不对, 华南的触达率 is 上个月华南的触达率: the word after the correction takes the place of the last of its kind before it. Where what comes
    after names no metric, it changes the question before it. None where nothing was taken back.
    """
    parts = _parted(text)
    if parts is None:
        return None
    before, after = parts
    said, meant = _named(before, view), _named(after, view)
    if not any("metric" in kinds for *_, kinds in meant):
        return (before, after) if any("metric" in kinds for *_, kinds in said) else (before + after, "")
    first = meant[0][-1]
    start = next((start for start, _, kinds in reversed(said) if kinds & first), 0)
    return before[:start] + after, ""


def _named(text: str, view: LexiconView) -> list[tuple[int, int, frozenset[str]]]:
    """Return the names and times of a text, each with what it is: a metric, a dimension, a member of which dimension, a time."""
    talk = Talk(text, view)
    entries, partial = view.lexicon.words.entries, view.lexicon.words.partial
    found = []
    for word in talk.words(0, len(text)):
        if word.kind == "T":
            found.append((word.start, word.end, frozenset(("time",))))
        elif word.kind == "N":
            key = keys(word.text)
            kinds = {_kind(meaning) for meaning in entries.get(key, ()) if meaning.kind != "cue"} | ({"metric"} if key in partial else set())
            found.append((word.start, word.end, frozenset(kinds)))
    return found


def _kind(meaning: Meaning) -> str:
    return f"value {meaning.id}" if meaning.kind == "value" else meaning.kind


__all__ = ["mended"]
