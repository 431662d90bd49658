"""Numbers, members and dates as people read them, in Chinese and English; nothing here knows a metric by name.

Rules: percentages with one decimal, differences signed (of rates in 个百分点 / pp), 万/亿 in Chinese (money from 1 万, counts from 10 万, so that a
count of people stays exact), thousands separators in English, `—` for no value, `‹10` for a cell of fewer than 10 persons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from governance.documents.metrics import Dimension, Metric
from governance.terms import UNKNOWN, Cell, Column, Language, MinimumGroup, Text

NO_VALUE = "—"
_HAN = "\u2e80-\u9fff\uf900-\ufaff"
_JOINT = re.compile(rf"[{_HAN}][A-Za-z0-9+−‹(]|[A-Za-z0-9%][{_HAN}]")
_WAN, _YI = 10_000, 100_000_000
_SIGNED_ROLES = frozenset({"change", "ci_low", "ci_high"})
_PERCENT_ROLES = frozenset({"growth", "share"})


class Names(Protocol):
    """What of the catalogue is needed to name things: its metrics and dimensions by id."""

    @property
    def metrics(self) -> Mapping[str, Metric]: ...
    @property
    def dimensions(self) -> Mapping[str, Dimension]: ...


# --------------------------------------------------------------------------- words


def glue(*parts: str) -> str:
    """Join Chinese text, with a space where a Han character meets a Latin letter or digit *between* two parts (names stay verbatim)."""
    out = ""
    for part in parts:
        out += (" " if out and part and _JOINT.match(out[-1] + part[0]) else "") + part
    return out


def listed(items: Iterable[str], language: Language) -> str:
    """Return `a、b、c` or `a, b and c`."""
    words = list(items)
    if language == "zh":
        return "、".join(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def inside(label: str, language: Language) -> str:
    """Return a label as it stands inside an English sentence: its first word in lower case unless it is an acronym or a name like eCRM."""
    if language == "zh" or len(label) < 2 or not label[0].isupper() or not label[1].islower():
        return label
    return label[0].lower() + label[1:]


def counted(count: int, noun: str, language: Language) -> str:
    """Return `7 个大区` or `7 regions`."""
    return glue(str(count), f"个{noun}") if language == "zh" else f"{count:,} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Return the regular English plural of a label's last word."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|ch|sh)$", noun) else "s")


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `11th`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ending}"


def metric_label(metric: str, names: Names, language: Language) -> str:
    """Return the metric's label in the language, or its id where the catalogue doesn't know it."""
    found = names.metrics.get(metric)
    return metric if found is None else found.label.text()[language]


def dimension_label(dimension: str, names: Names, language: Language) -> str:
    """Return the dimension's label in the language, or its id where the catalogue doesn't know it."""
    found = names.dimensions.get(dimension)
    return dimension if found is None else found.label.text()[language]


def value_label(dimension: str, value: Cell, names: Names, language: Language) -> str:
    """Return how a dimension's value is called; a value without labels (a hospital's name) is its own label."""
    if value is None:
        value = UNKNOWN
    found = names.dimensions.get(dimension)
    for known in found.values if found else ():
        if known.value == value:
            return known.label.text()[language] if known.label else str(value)
    if value == UNKNOWN and language == "en":
        return "Unknown"
    return str(value)


def is_unknown(dimension: str, value: Cell, names: Names) -> bool:
    """Tell whether a value is the group of NULLs and unmatched keys, and not a declared value that happens to be called so."""
    if value is None:
        return True
    found = names.dimensions.get(dimension)
    return value == UNKNOWN and not any(known.value == UNKNOWN for known in (found.values if found else ()))


# --------------------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a column's numbers are written. `signed` numbers are differences; those of rates are in percentage points."""

    format: str
    signed: bool = False
    unit: Text | None = None
    approximate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A Chinese myriad unit in which a number or a whole column is written."""

    factor: int = 1
    word: str = ""


ONE, WAN, YI = Scale(), Scale(factor=_WAN, word="万"), Scale(factor=_YI, word="亿")


def role_of(column: Column) -> str:
    """Return what a metric column holds of its metric: `value`, or the added `base`, `change`, `growth`, `share`, `rank`, `ci_low`, `ci_high`, `p_value`."""
    return column.name.rpartition("__")[2] if "__" in column.name else "value"


def metric_of(column: Column) -> str:
    """Return the metric id that a metric column belongs to."""
    return column.metric or column.name.rpartition("__")[0] or column.name


def style_of(column: Column, names: Names) -> Style:
    """Return how a metric column is written, from its metric's format and what the column holds of it."""
    role, metric = role_of(column), names.metrics.get(metric_of(column))
    approximate = column.protection != "exact"
    if role == "rank":
        return Style(format="rank")
    if role == "p_value":
        return Style(format="p_value")
    if role in _PERCENT_ROLES:
        return Style(format="percent" if role == "share" else "growth", signed=role == "growth", approximate=approximate)
    written = metric.format if metric else column.format
    own = metric.unit.text() if metric and metric.unit else column.unit
    # A lift is the difference of two arms, not a rate of its own.
    signed = role in _SIGNED_ROLES or (metric is not None and metric.kind == "experiment" and metric.parameters.get("rule") == "lift")
    if written == "percent":
        return Style(format="pp" if signed else "percent", signed=signed, approximate=approximate)
    return Style(format=written, signed=signed, unit=own, approximate=approximate)


def scale_for(value: float, style: Style, language: Language) -> Scale:
    """Return the myriad unit for a number: only in Chinese, only for money and counts."""
    floor = {"currency": _WAN, "integer": 10 * _WAN}.get(style.format)
    if language == "en" or floor is None or abs(value) < floor:
        return ONE
    return YI if abs(value) >= _YI else WAN


def column_scale(values: Iterable[Cell], style: Style, language: Language) -> Scale:
    """Return the one unit in which a whole column is written: that of its middle value, so that small cells keep their digits."""
    numbers = [abs(float(v)) for v in values if isinstance(v, (int, float))]
    return scale_for(median(numbers), style, language) if numbers else ONE


def number(value: float, style: Style, language: Language, *, scale: Scale | None = None) -> str:
    """Return the number without its unit (percentages keep their sign `%`).

    In `scale`, with the digits that align a column; without it in the unit that suits the number, without idle zeros.
    """
    if scale is None:
        scale = scale_for(value, style, language)
        if scale.factor > 1:
            scaled = value / scale.factor
            digits = 2 if abs(scaled) < 100 else 1 if abs(scaled) < 1000 else 0
            text = _fixed(scaled, digits, signed=style.signed)
            return text.rstrip("0").rstrip(".") if digits else text
    match style.format:
        case "percent" | "growth":
            tiny = not style.signed and 0 < abs(value) < 0.0005
            text = ("−" if value < 0 else "") + "<0.1%" if tiny else _fixed(value * 100, 1, signed=style.signed) + "%"
        case "pp" | "points":
            text = _fixed(value * 100, 1, signed=style.signed)
        case "integer" | "rank":
            text = _fixed(value / scale.factor, 0 if scale.factor == 1 else 2, signed=style.signed)
        case "p_value":
            text = "<0.001" if value < 0.001 else f"{value:.3f}"
        case "currency":
            digits = 2 if scale.factor > 1 or abs(value) < 1000 else 0
            text = _fixed(value / scale.factor, digits, signed=style.signed)
        case "duration_s":
            text = _fixed(value, 1, signed=style.signed)
        case _ if value == 0:
            text = "0"
        case _:
            text = _fixed(value, 2 if abs(value) < 1000 else 0, signed=style.signed)
    return text


def quantity(value: Cell, style: Style, language: Language) -> str:
    """Return the number as a sentence says it, with its unit and `约` / `about` where it was rounded or noised on purpose."""
    if not isinstance(value, (int, float)):
        return NO_VALUE
    scale = scale_for(value, style, language)
    text, named = number(value, style, language), unit_name(style, language) or ""
    if named and language == "en" and style.format == "currency":
        # `CNY per touch` is written `CNY 12.30 per touch`.
        code, _, per = named.partition(" ")
        text = f"{code} {text} {per}".rstrip()
    elif scale.word or named:
        text = f"{text} {scale.word}{_singular(named) if language == 'en' and abs(value) == 1 else named}"
    if not style.approximate:
        return text
    return glue("约", text) if language == "zh" else f"about {text}"


def unit_name(style: Style, language: Language) -> str | None:
    """Return the unit that follows the number in a sentence, or None (a percentage carries its own sign)."""
    if style.format == "pp":
        return "个百分点" if language == "zh" else "pp"
    if style.format in {"percent", "growth", "rank", "p_value"}:
        return None
    return style.unit[language] if style.unit else None


def header_unit(style: Style, language: Language, scale: Scale = ONE) -> str | None:
    """Return the unit in a table's header, where the cells below carry none: `万元`, `人`, `pp`. Percentages keep their sign in the cells."""
    return (scale.word + (unit_name(style, language) or "")) or None


def hidden_mark(reason: str, minimum_group: MinimumGroup | None) -> str:
    """Return the mark of a suppressed cell: `‹10` for a small group, `‹*›` for one hidden only to protect others."""
    if reason == "small_group" and minimum_group is not None:
        return f"‹{minimum_group.k}"
    return "‹*›"


def _singular(unit: str) -> str:
    return unit[:-1] if unit.endswith("s") and unit not in {"pts", "s"} else unit


def _fixed(value: float, digits: int, *, signed: bool = False) -> str:
    rounded = round(float(value), digits)
    if rounded == 0:
        return f"{0:.{digits}f}"
    sign = "−" if rounded < 0 else "+" if signed else ""
    return f"{sign}{abs(rounded):,.{digits}f}"
