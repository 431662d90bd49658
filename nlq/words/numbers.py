"""Numbers as people write them: 1,200 · 120万 · 三千 · 两万五 · 八成 · 八五折 · 百分之六十 · 三分之一 · 1.2m · fifty percent.

A number knows whether it was said as a share (`percent`), as percentage points (`points`) and in which unit of time, so that a threshold can be
read in the metric's own unit. Every reading is exact: `parse(spell(n)) == n` holds for whole numbers below 10^12 (property-tested).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_CN = "零一二两三四五六七八九十百千万亿"
_ENGLISH = {word: value for value, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"])}
_ENGLISH |= {word: 10 * (i + 2) for i, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_SUFFIX = {
    "千": 1e3, "百": 1e2, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "百亿": 1e10, "万亿": 1e12, "千亿": 1e11, "十亿": 1e9,
    "k": 1e3, "w": 1e4, "m": 1e6, "mn": 1e6, "mm": 1e6, "mln": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "bln": 1e9,
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9,
}
_EN_WORD = "|".join(sorted([*_ENGLISH, *_SCALES, "a"], key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?P<cnpercent>百分之(?P<cnp>\d+(?:\.\d+)?|[{_CN}]+(?:点[零一二三四五六七八九]+)?))
    |(?P<fraction>(?P<den>[二三四五六七八九十]|\d+)分之(?P<num>[一二三四五六七八九]|\d+))
    |(?P<tenths>(?P<t1>[一二两三四五六七八九]|\d(?:\.\d)?)成(?P<t2>[一二三四五六七八九半])?(?!本|交|员|功|立|为|长|人|果|绩))
    |(?P<fold>(?P<f1>[一二三四五六七八九]{{1,2}}|\d(?:\.\d)?)折)
    |(?P<halfunit>半(?=个?(?:小时|分钟)))
    |(?P<half>(?<=[过足到超达])半(?![年月天个小数])|一半|半数|half(?!\s*(?:a\s*)?(?:year|month|of\s+(?:the\s+)?(?:year|20|19|last|this))))
    |(?P<arabic>-?\d+(?:\.\d+)?)(?:\s*(?:个(?=[万亿]))?(?P<suffix>万亿|千亿|百亿|十亿|千万|百万|十万|亿|万|千|百(?!分)|(?:k|w|mln|mio|mn|mm|m|bln|bn|b|hundred|thousand|million|billion)(?![a-z])))?
    |(?P<chinese>[{_CN}]+(?:点[零一二三四五六七八九]+)?(?:个半|个(?:[万亿]|百万|千万))?)
    |(?P<english>(?<![a-z])(?:{_EN_WORD})(?:[\s-]+(?:and[\s-]+)?(?:{_EN_WORD}))*(?![a-z]))
    """,
    re.VERBOSE,
)
_STARTS = frozenset("-0123456789半百零一二两三四五六七八九十千万亿") | {word[0] for word in (*_ENGLISH, *_SCALES, "a", "half")}
_POINTS = re.compile(r"\s*(?:个?百分点|percentage\s+points?|pct\s+points?|pp(?![a-z])|pts?(?![a-z]))")
_PERCENT = re.compile(r"\s*(?:%|percent(?![a-z])|per\s+cent(?![a-z])|pct(?![a-z]))")
_CLASSIFIER = re.compile(
    r"\s*(?:个小时|小时|分钟|秒钟|秒|人次|人民币|块钱|元钱|元|块|美元|个|名|家|位|次|盒|人|条|篇|场|件|单|台|款|种|分|套|箱|支|座|张|份|款|所|片|公斤|吨|岁"
    r"|钟头|个钟头|千克|千米|公里|工时|课时|学时|工日|间夜|人天|车次|架次|班次|艘次|艘|趟|回|辆|部|笔|起|例|间|晚|局|关|桶|瓶|包|袋|株|头|只|匹|亩|平米|户|口|栋|幢|页|册|集|期|批|届|门|把|斤|通|封|颗|枚|双|对|组|队|列|节|层"
    r"|(?:yuan|rmb|cny|usd|dollars?|euros?|minutes?|mins?|seconds?|secs?|hours?|hrs?|kms?|kgs?|tonn?es?|tons?|metres?|meters?|miles?|kwh|mwh|times|people|units)(?![a-z]))"
)
_BOUNDED = re.compile(r"(?:[过足于到达满少多低高]|least|most|than|over|above|under|below|exceeds?|exceeding|exceeded|within|[<>=≤≥])\s*$")
_OF_DAYS = re.compile(r"\s*(?:个工作日|工作日|天|日|个星期|个礼拜|周|(?:working days?|workdays?|days?|weeks?)(?![a-z]))")
_BOUND_AFTER = re.compile(r"\s*(?:及|或|or |and )?(?:以上|以下|以内|之内|more|less|longer|above|below|over)")
_TIME_UNITS = {"钟头": 3600, "个钟头": 3600, "分钟": 60, "小时": 3600, "个小时": 3600, "秒": 1, "秒钟": 1, "分": 60}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number in a text. `value` of a percentage is already the fraction; `end` is where it stops, classifier included when one was taken."""

    value: float
    end: int
    said: Literal["plain", "percent", "points"] = "plain"
    seconds: int | None = None
    """How many seconds the unit that was said has (3分钟: 60), else None."""
    classifier: str = ""


def chinese_value(text: str) -> float | None:
    """Return the value of a Chinese numeral such as 一百二十三, 两万五 or 三点五, or None when it isn't one."""
    whole, _, decimals = text.partition("点")
    if decimals:
        base = chinese_value(whole)
        digits = "".join(str(_DIGITS[c]) for c in decimals)
        return None if base is None else float(f"{int(base)}.{digits}")
    if not whole or any(c not in _CN for c in whole):
        return None
    if all(c in _DIGITS for c in whole):
        return float("".join(str(_DIGITS[c]) for c in whole))
    total, section, current, last_unit, after_zero = 0, 0, 0, 0, False
    pending = False
    for char in whole:
        if char in _DIGITS:
            if pending:
                return None
            current, pending = _DIGITS[char], char != "零"
            after_zero = after_zero or char == "零"
            if char == "零":
                current = 0
        elif char in _SMALL:
            section += (current if pending else 1) * _SMALL[char]
            current, pending, last_unit, after_zero = 0, False, _SMALL[char], False
        else:
            section += current
            if char == "亿" or total % _LARGE[char]:
                total = (total + section or 1) * _LARGE[char]
            else:
                total += (section or 1) * _LARGE[char] if not total else section * _LARGE[char]
            section, current, pending, last_unit, after_zero = 0, 0, False, _LARGE[char], False
    if pending and not after_zero and last_unit >= 100:
        current *= last_unit // 10  # 两万五, 三百二: the last digit counts in the next lower unit
    return float(total + section + current)


def _english_value(text: str) -> float | None:
    words = [w for w in re.split(r"[\s-]+", text) if w != "and"]
    if words in (["a"], []) or words[-1] == "a":
        return None
    total, current = 0, 0
    for word in words:
        if word == "a":
            current = 1
        elif word in _ENGLISH:
            current += _ENGLISH[word]
        elif word == "hundred":
            current = (current or 1) * 100
        else:
            total += (current or 1) * _SCALES[word]
            current = 0
    return float(total + current)


def _value(match: re.Match[str]) -> tuple[float, bool] | None:
    """Return the number and whether it is a share already."""
    if said := match["cnp"]:
        value = float(said) if said[0].isdigit() else chinese_value(said)
        return None if value is None else (value / 100, True)
    if match["fraction"]:
        numerator, denominator = (float(p) if p.isdigit() else chinese_value(p) for p in (match["num"], match["den"]))
        return (numerator / denominator, True) if numerator is not None and denominator else None
    if match["tenths"]:
        tenths = float(match["t1"]) if match["t1"][0].isdigit() else chinese_value(match["t1"])
        rest = match["t2"]
        hundredths = 5.0 if rest == "半" else chinese_value(rest) if rest else 0.0
        return None if tenths is None or hundredths is None else (round(tenths / 10 + hundredths / 100, 6), True)
    if match["fold"]:
        said = match["f1"]
        digits = said if said[0].isdigit() else "".join(str(_DIGITS[c]) for c in said)
        value = float(digits)
        return (value / 10 if value < 10 else value / 100, True)
    if match["halfunit"]:
        return (0.5, False)
    if match["half"]:
        return (0.5, True)
    if match["arabic"]:
        scale = _SUFFIX.get(match["suffix"] or "", 1)
        return (float(match["arabic"]) * scale, False)
    value = chinese_value(match["chinese"].removesuffix("个半").replace("个", "")) if match["chinese"] else _english_value(match["english"])
    return None if value is None else (value, False)


def match_number(text: str, position: int, units: tuple[str, ...] = ()) -> list[Number]:
    """Return the readings of a number that begins at `position` of normalised text: without and, where there is one, with its classifier.

    `units` are the units that figures are known in; the beginning of one (千瓦时, 万元) is never read as the number's end.
    """
    if text[position] not in _STARTS:
        return []
    if text[position] == "-" and position and (text[position - 1].isalnum() or text[position - 1] == "%"):
        return []  # 50%-60%: a range, no negative number
    match = _NUMBER.match(text, position)
    if match is None:
        return []
    unit_at = _unit_within(text, match, units)
    if unit_at is not None:
        at, known = unit_at
        shorter = _NUMBER.match(text, position, at)
        counted = _value(shorter) if shorter is not None and not text[shorter.end() : at].strip() else None
        if counted is not None and not counted[1]:
            return [Number(value=counted[0], end=at + len(known), classifier=known)]
    found = _value(match)
    if found is None:
        return []
    value, share = found
    end = match.end()
    if points := _POINTS.match(text, end):
        return [Number(value=value if share else value / 100, end=points.end(), said="points")]
    if percent := _PERCENT.match(text, end):
        return [Number(value=value / 100, end=percent.end(), said="percent")]
    if share:
        return [Number(value=value, end=end, said="percent")]
    readings = [Number(value=value, end=end)]
    if unit := _CLASSIFIER.match(text, end):
        word = unit.group().strip()
        seconds = _TIME_UNITS.get(word)
        if seconds is None and word.isascii():
            seconds = 60 if word.startswith("min") else 3600 if word.startswith(("hour", "hr")) else 1 if word.startswith("sec") else None
        readings.append(Number(value=value, end=unit.end(), seconds=seconds, classifier=word))
    days = _OF_DAYS.match(text, end)
    if days is not None and (_BOUNDED.search(text, 0, position) or _BOUND_AFTER.match(text, days.end())):
        word = days.group().strip()
        readings.append(Number(value=value, end=days.end(), seconds=604_800 if "week" in word or "周" in word or "星期" in word or "礼拜" in word else 86_400, classifier=word))
    gap = end + (text[end : end + 1] == " ")
    for known in units:
        if text.startswith(known, gap) and not (known.isascii() and text[gap + len(known) : gap + len(known) + 1].isalpha()) and gap + len(known) not in {r.end for r in readings}:
            readings.append(Number(value=value, end=gap + len(known), classifier=known))
    return readings


def _unit_within(text: str, match: re.Match[str], units: tuple[str, ...]) -> tuple[int, str] | None:
    """Return where, inside what looks like a number, a known unit begins, and the unit: 八万千瓦时, 500万元."""
    for known in units:
        if known[0] not in _UNIT_STARTS:
            continue
        at = text.find(known, match.start() + 1, match.end() + len(known))
        if 0 < at < match.end():
            return at, known
    return None


_UNIT_STARTS = frozenset("十百千万亿")
