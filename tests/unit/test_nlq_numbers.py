"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.words.numbers import chinese_value, match_number

DIGITS = "零一二三四五六七八九"


def spell(number: int) -> str:
    """A whole number in Chinese, by the school rules; shares no code with the reader."""
    if number == 0:
        return "零"

    def section(n: int) -> str:
        out, zero = "", False
        for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = n // power % 10
            if digit:
                out += ("零" if zero and out else "") + DIGITS[digit] + name
                zero = False
            else:
                zero = True
        return out

    parts: list[str] = []
    skipped = False
    for power, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part = number // power % 10**4
        if part:
            lead = "零" if parts and (part < 1000 or skipped) else ""
            parts.append(lead + section(part) + name)
            skipped = False
        else:
            skipped = bool(parts)
    return "".join(parts)


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_every_whole_number_written_in_chinese_is_read_back(number):
    assert chinese_value(spell(number)) == number


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from(["", "%", "万", "k"]))
def test_digits_are_read_with_their_unit(number, unit):
    scale = {"": 1, "%": 0.01, "万": 1e4, "k": 1e3}[unit]
    assert match_number(f"{number}{unit}", 0)[0].value == pytest.approx(number * scale)


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("三千", 3000, "plain"), ("两万五", 25000, "plain"), ("三百二", 320, "plain"), ("一百零五", 105, "plain"), ("十二", 12, "plain"),
        ("一亿三千万", 130_000_000, "plain"), ("100万", 1_000_000, "plain"), ("1.5亿", 150_000_000, "plain"), ("3k", 3000, "plain"), ("1.2m", 1_200_000, "plain"),
        ("八成", 0.8, "percent"), ("三成五", 0.35, "percent"), ("八五折", 0.85, "percent"), ("百分之六十", 0.6, "percent"), ("三分之一", 1 / 3, "percent"),
        ("一半", 0.5, "percent"), ("50%", 0.5, "percent"), ("fifty percent", 0.5, "percent"), ("5个百分点", 0.05, "points"), ("2 percentage points", 0.02, "points"),
        ("two hundred and five", 205, "plain"), ("a million", 1_000_000, "plain"), ("2 million", 2_000_000, "plain"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_said(text, value, said):
    found = match_number(text, 0)[0]
    assert (found.value, found.said, found.end) == (pytest.approx(value), said, len(text))


def test_a_classifier_is_taken_or_left():
    without, taken = match_number("3分钟", 0)
    assert (without.end, taken.end, taken.seconds) == (1, 3, 60)


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader(text):
    if text:
        match_number(text.lower(), 0)
