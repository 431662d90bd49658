"""Arithmetic of charts: axes that begin and end on round numbers, titles that break where people break them, labels that don't collide."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from governance.terms import Grain, Language

_NOTHING = 1e-9
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A value axis: its ends and where it is labelled."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def pixel(self, value: float, height: float) -> float:
        """The distance of a value from the axis's low end on a plot of `height`."""
        return (value - self.low) / (self.high - self.low) * height

    def value(self, pixel: float, height: float) -> float:
        return self.low + pixel / height * (self.high - self.low)


def axis(values: Iterable[float], *, from_zero: bool, count: int = 4, foot: float = 0.0) -> Axis:
    """Return an axis around the values; `from_zero` (bars, and lines whose range is wide) makes 0 one of its ends.

    `foot` is the share of the axis that must stay free below the lowest value, for a label.
    """
    numbers = list(values) or [0.0]
    low, high = min(numbers), max(numbers)
    if from_zero or (low >= 0 and low <= 0.35 * high):
        low, high = min(0.0, low), max(0.0, high)
    if max(abs(low), abs(high)) < _NOTHING:
        low, high = 0.0, 1.0
    elif high - low <= _NOTHING * max(abs(low), abs(high)):
        low, high = low - abs(low) * 0.1, high + abs(high) * 0.1
    rough = (high - low) / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = magnitude * next(s for s in _STEPS if s * magnitude >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if low / step - first < foot * (last - first) and first != 0:
        first -= 1
    ticks = tuple(round(index * step, 12) for index in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], ticks=ticks)


def spread(positions: Sequence[float], gap: float, *, low: float, high: float) -> list[float]:
    """Return positions moved apart to at least `gap`, in their order, as little as possible, and within `low` … `high` where they fit.

    Neighbours that collide become a block about their common middle; blocks that then leave the plot are pushed back into it.
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    blocks: list[tuple[float, int]] = []
    for index in order:
        centre, count = positions[index], 1
        while blocks and centre - blocks[-1][0] < gap * (count + blocks[-1][1]) / 2:
            before, others = blocks.pop()
            centre, count = (centre * count + before * others) / (count + others), count + others
        blocks.append((centre, count))
    placed = [centre + (place - (count - 1) / 2) * gap for centre, count in blocks for place in range(count)]
    ceiling = high
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    floor = low
    for index, place in enumerate(placed):
        placed[index] = max(place, floor)
        floor = placed[index] + gap
    out = [0.0] * len(positions)
    for index, place in zip(order, placed, strict=True):
        out[index] = place
    return out


def width(text: str) -> int:
    """Return the columns that a text takes: two for a Han character or full-width mark, one for others."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, columns: int) -> list[str]:
    """Break a title into lines: after commas, colons and semicolons where that suffices, else at spaces or between Han characters."""
    lines: list[str] = []
    for phrase in re.findall(r".+?(?:[，；：。]|[,;:](?=\s)\s*|$)", text):
        if lines and width(lines[-1] + phrase.rstrip()) <= columns:
            lines[-1] += phrase
        elif width(phrase) <= columns:
            lines.append(phrase)
        else:
            lines.extend(_broken(phrase, columns))
    return [line.strip() for line in lines]


def _broken(phrase: str, columns: int) -> list[str]:
    lines, line = [], ""
    for piece in re.findall(r"\([^)]{1,24}\)\s*|[^\s\u2e80-\u9fff]+\s*|[\u2e80-\u9fff]\s*", phrase) or [phrase]:
        if line and width(line + piece.rstrip()) > columns:
            lines.append(line)
            line = ""
        line += piece
    return [*lines, line] if line else lines


def tick_label(start: date, grain: Grain, language: Language, *, with_year: bool) -> str | list[str]:
    """Return an axis label for a unit; a second line carries the year where it begins."""
    zh = language == "zh"
    if grain == "year":
        return str(start.year)
    if grain == "month":
        text = f"{start.month}月" if zh else _MONTHS[start.month - 1]
    elif grain == "quarter" and start.month % 3 == 1:
        text = f"Q{(start.month + 2) // 3}"
    else:
        text = f"{start:%m-%d}"
    return [text, str(start.year)] if with_year else text
