"""The font of printed Chinese: one that is put into the file where the machine has it, else the one that PDF readers bring along.

What can be embedded has TrueType outlines: Debian's `fonts-wqy-microhei` (Apache-2.0), and others by their file names. Noto's CJK fonts have PostScript outlines, which the printing
library can't embed; without a TrueType one the reader's own font for STSong-Light is asked for, which most readers have, or fetch.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
NAMES = ("wqy-microhei.tt?", "wqy-zenhei.tt?", "DroidSansFallback*.ttf", "NotoSansSC*.ttf", "SourceHanSans*.ttf", "SarasaGothic*.tt?", "LXGW*.ttf", "uming.tt?", "ukai.tt?")
"""File names of fonts that have Chinese, the ones that read best first."""
SAMPLE = "个人信息副本诊医師。A1"
"""What a font must have."""
READERS_OWN = "STSong-Light"
_EMBEDDED = "Wenshu-Embedded"


def font() -> tuple[str, frozenset[int] | None]:
    """The name of a registered font, and the characters that it has where it is embedded (None: the reader's own font is asked for)."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    if READERS_OWN not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(READERS_OWN))
    found = _embeddable(PLACES, NAMES, SAMPLE)
    return (READERS_OWN, None) if found is None else (_EMBEDDED, found)


def embeddable() -> bool:
    """Whether the machine has a Chinese font that can be put into printed files; nothing is loaded."""
    return next(_files(PLACES, NAMES), None) is not None


@cache
def _embeddable(places: tuple[Path, ...], names: tuple[str, ...], sample: str) -> frozenset[int] | None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    for path in _files(places, names):
        try:
            candidate: Any = TTFont(_EMBEDDED, str(path))
        except (TTFError, OSError, ValueError):
            continue
        characters = frozenset(candidate.face.charToGlyph)
        if all(ord(letter) in characters for letter in sample):
            pdfmetrics.registerFont(candidate)
            return characters
    return None


def _files(places: tuple[Path, ...], names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        for place in places:
            if place.is_dir():
                yield from sorted(place.rglob(name))
