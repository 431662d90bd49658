"""Members that are ranges, by the other ways to say them: 3到5年 and between 3 and 5 years for 3-5年, older than 5 years for Over 5 years, 不到1年 for 1年以内.

A bound said before its number (超过30分钟) may be one of a metric; such names are made only for units that no figure of the bundle is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nlq.lexicon.entries import Catalogue, DimensionInfo, Meaning, MetricInfo
from nlq.lexicon.wordbook import Key, Wordbook
from nlq.words.normalise import keys, normalise

_N = r"(?P<n>\d+(?:\.\d+)?)"
_ZH = re.compile(rf"^(?:{_N}(?P<u>[\u4e00-\u9fff]{{0,3}}?)(?P<end>及以上|以上|\+|以下|以内|之内|内|及以下)|(?P<a>\d+(?:\.\d+)?)(?P<u1>[\u4e00-\u9fff]{{0,3}}?)[-~到至](?P<b>\d+(?:\.\d+)?)(?P<u2>[\u4e00-\u9fff]{{0,3}}))$")
_EN = re.compile(
    rf"^(?:(?P<lead>over|above|more than|at least|older than|under|below|less than|up to|younger than) {_N}(?P<u> [a-z]+)?|{_N.replace('<n>', '<m>')}(?P<v> [a-z]+)? (?:and|or) (?P<end>over|above|older|more|under|below|younger|less)"
    r"|(?P<a>\d+(?:\.\d+)?) ?(?:to|-) ?(?P<b>\d+(?:\.\d+)?)(?P<w> [a-z]+)?)$"
)
_UP = ("over", "above", "more than", "older than", "at least", "older", "more")


def range_values(book: Wordbook, catalogue: Catalogue, dimensions: Mapping[str, DimensionInfo], metrics: Mapping[str, MetricInfo]) -> dict[Key, tuple[Meaning, ...]]:
    """Return the other names of the bundle's own members that are ranges; a name that means anything else is left out."""
    measured = {word for info in metrics.values() for said in info.unit.split() for word in said.split("/")}
    found: dict[Key, set[Meaning]] = {}
    for name in dimensions:
        for item in catalogue.dimensions[name].values:
            for phrase in ((item.label.zh, item.label.en) if item.label else ()):
                said = normalise(phrase)
                for other in (*_chinese(said, measured), *_english(said, measured)):
                    found.setdefault(keys(other), set()).add(Meaning("value", name, item.value, rank=2))
    return {key: tuple(meant) for key, meant in found.items() if key and len(meant) == 1 and key not in book.entries}


def _chinese(said: str, measured: set[str]) -> Iterator[str]:
    match = _ZH.match(said)
    if match is None:
        return
    if match["a"]:
        low, high, unit = match["a"], match["b"], match["u2"]
        for link in ("-", "到", "至"):
            yield f"{low}{link}{high}{unit}"
            if unit:
                yield f"{low}{unit}{link}{high}{unit}"
        return
    number, unit, up = match["n"], match["u"], match["end"] in ("及以上", "以上", "+")
    yield from (f"{number}{unit}{end}" for end in (("以上", "及以上", "往上") if up else ("以下", "以内", "之内", "及以下", "往下")))
    if unit and unit not in measured:
        yield from (f"{lead}{number}{unit}" for lead in (("超过", "大于", "高于", "满", "年满") if up else ("不到", "不足", "小于", "低于", "不满", "未满")))


def _english(said: str, measured: set[str]) -> Iterator[str]:
    match = _EN.match(said)
    if match is None:
        return
    if match["a"]:
        low, high, unit = match["a"], match["b"], match["w"] or ""
        yield from (f"{low} to {high}{unit}", f"{low}-{high}{unit}", f"between {low} and {high}{unit}", f"from {low} to {high}{unit}", f"aged {low} to {high}{unit}")
        return
    number, unit, cue = match["n"] or match["m"], (match["u"] or match["v"] or ""), match["lead"] or match["end"]
    up = cue in _UP
    yield from (f"{number}{unit} {end}" for end in (("and over", "or older", "and above", "and older") if up else ("and under", "or younger", "and below")))
    if unit.strip() and unit.strip() in measured:
        return
    yield from (f"{lead} {number}{unit}" for lead in (("older than", "aged over") if up else ("younger than", "aged under")))
    if unit:  # above 60 alone may be any figure's bound
        yield from (f"{lead} {number}{unit}" for lead in (("over", "above", "more than", "at least") if up else ("under", "below", "less than", "up to")))


__all__ = ["range_values"]
