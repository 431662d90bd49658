"""Units of measure: which words name the same kind of quantity and how they convert, so that 90分钟 bounds a metric in hours and 50% no metric in yuan.

Only everyday units; a unit that only one field of business has (标箱, 间夜) is known from the bundle and converts to nothing.
"""

from __future__ import annotations

import re

from nlq.lexicon.entries import MetricInfo

_KINDS: dict[str, dict[float, str]] = {
    "time": {
        1: "秒 秒钟 second seconds sec secs s", 60: "分钟 分 minute minutes min mins", 3600: "小时 个小时 钟头 个钟头 hour hours hr hrs h",
        86_400: "天 日 工日 个工作日 工作日 天数 人天 day days workday workdays", 604_800: "周 个星期 星期 个礼拜 week weeks",
    },
    "yuan": {1: "元 块 块钱 元钱 人民币 yuan rmb cny"},
    "dollar": {1: "美元 美金 usd dollar dollars"},
    "euro": {1: "欧元 eur euro euros"},
    "weight": {1: "克 g gram grams", 500: "斤", 1000: "公斤 千克 kg kgs kilo kilos kilogram kilograms", 1_000_000: "吨 t ton tons tonne tonnes"},
    "length": {0.01: "厘米 cm", 1: "米 metre metres meter meters", 1000: "公里 千米 km kms kilometre kilometres kilometer kilometers", 1609.344: "英里 mile miles"},
    "energy": {1: "千瓦时 度 度电 kwh", 1000: "兆瓦时 mwh"},
    "data": {1: "kb", 1024: "mb 兆", 1_048_576: "gb", 1_073_741_824: "tb"},
}  # fmt: skip
_MEASURES = {word: (kind, factor) for kind, units in _KINDS.items() for factor, words in units.items() for word in words.split()}
_SCALED = re.compile(r"^(?:[十百千]?万|[百千十]?亿|千)(?=.)(?!瓦|克|米)")
DAY = 86_400


def measure_of(word: str) -> tuple[str, float] | None:
    """Return the kind of quantity a unit's word measures, and how many of the kind's smallest unit it is; None for what only counts."""
    return _MEASURES.get(word)


def unit_of(info: MetricInfo) -> tuple[str, float] | None:
    """Return what a metric's figures are in: of 元/单 the yuan, of 万元 the yuan too (its scale is read elsewhere); None where the unit only counts, or there is none."""
    if info.format == "duration_s":
        return "time", 1.0
    for said in info.unit.split():
        word = said.split("/")[0]
        if word == "分":
            return None  # a metric in 分 counts points; one in minutes says 分钟
        found = _MEASURES.get(_SCALED.sub("", word)) or _MEASURES.get(word)
        if found is not None:
            return found
        if not word.isascii():
            return None
    return None


def disagrees(classifier: str, info: MetricInfo) -> bool:
    """Whether a bound was said in a unit that the metric's figures can't have: touches above 30 minutes, a rate above 500 yuan."""
    said, own = measure_of(classifier), unit_of(info)
    if said is None or (classifier == "分" and (own is None or own[0] != "time")):
        return False
    if own is not None:
        return said[0] != own[0]
    money = said[0] in ("yuan", "dollar", "euro")
    if info.format == "currency":
        return not money
    return info.format in ("percent", "points") or bool(info.unit)


def is_duration(info: MetricInfo) -> bool:
    """Whether a metric's figures are lengths of time."""
    found = unit_of(info)
    return found is not None and found[0] == "time"


__all__ = ["DAY", "disagrees", "is_duration", "measure_of", "unit_of"]
