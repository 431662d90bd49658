"""Times put together at random, on any day, asked in whole questions: the period is the one that simple arithmetic gives, in both languages."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from governance.terms import Period
from nlq.understand import understand
from tests.fixtures.domains import domain

NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DIGITS = "零一二三四五六七八九十"
Said = tuple[str, date, date]


def month(year: int, number: int) -> date:
    """The first day of a month; months past December go on into the next year, those before January into the one before."""
    return date(year + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def zh(chance: random.Random, today: date) -> Said:
    y, m = today.year, today.month
    n, k = chance.randint(2, 9), chance.randint(1, 3)
    a, b = sorted(chance.sample(range(1, 13), 2))
    before = y - chance.randint(1, 3)
    quarter = (m - 1) // 3
    ways: tuple[Callable[[], Said], ...] = (
        lambda: (f"近{DIGITS[n]}个月", month(y, m - n), month(y, m)),
        lambda: (f"最近{n}个完整月", month(y, m - n), month(y, m)),
        lambda: (f"近{n}天", today - timedelta(days=n), today),
        lambda: (f"过去{DIGITS[n]}周", monday(today) - timedelta(weeks=n), monday(today)),
        lambda: (f"{'上' * k}周五", (d := monday(today) - timedelta(weeks=k) + timedelta(days=4)), d + timedelta(days=1)),
        lambda: (f"{'上' * k}个月", month(y, m - k), month(y, m - k + 1)),
        lambda: ("近一年半", month(y, m - 18), month(y, m)),
        lambda: (f"{before}年{a}月到{b}月", month(before, a), month(before, b + 1)),
        lambda: (f"{before % 100}Q{k}", month(before, 3 * k - 2), month(before, 3 * k + 1)),
        lambda: (f"{before}年第{DIGITS[k]}季度", month(before, 3 * k - 2), month(before, 3 * k + 1)),
        lambda: (f"{before}年下半年", month(before, 7), month(before, 13)),
        lambda: (f"{before}年{a}月{n}日至{n + 12}日", date(before, a, n), date(before, a, n + 13)),
        lambda: (f"{before}年{a}月上旬", date(before, a, 1), date(before, a, 11)),
        lambda: (f"上个月前{n}天", month(y, m - 1), month(y, m - 1) + timedelta(days=n)),
        lambda: (f"上个月最后{DIGITS[n]}天", month(y, m) - timedelta(days=n), month(y, m)),
        lambda: (f"上季度第{DIGITS[k]}个月", month(y, 3 * quarter - 3 + k), month(y, 3 * quarter - 2 + k)),
        lambda: ("年初至上月底", date(y, 1, 1), month(y, m)) if m > 1 else ("上个自然月", month(y, m - 1), month(y, m)),
        lambda: ("月初至今", month(y, m), today + timedelta(days=1)),
        lambda: ("上个自然周", monday(today) - timedelta(weeks=1), monday(today)),
        lambda: (f"截至{before}年{a}月底的{n}个月", month(before, a + 1 - n), month(before, a + 1)),
        lambda: (f"前年{a}月至{b}月", month(y - 2, a), month(y - 2, b + 1)),
    )
    return chance.choice(ways)()


def en(chance: random.Random, today: date) -> Said:
    y, m = today.year, today.month
    n, k = chance.randint(2, 9), chance.randint(1, 3)
    a, b = sorted(chance.sample(range(1, 13), 2))
    before = y - chance.randint(1, 3)
    words = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    friday = monday(today) + timedelta(days=4)
    day = date(before, a, n)
    ways: tuple[Callable[[], Said], ...] = (
        lambda: (f"in the last {n} months", month(y, m - n), month(y, m)),
        lambda: (f"in the last {words[n]} complete months", month(y, m - n), month(y, m)),
        lambda: (f"over the past {words[n]} weeks", monday(today) - timedelta(weeks=n), monday(today)),
        lambda: (f"in the {n} months to {NAMES[a - 1]} {before}", month(before, a + 1 - n), month(before, a + 1)),
        lambda: (f"in the {words[n]} months ending {NAMES[a - 1]} {before}", month(before, a + 1 - n), month(before, a + 1)),
        lambda: (f"in the week ending {n} {NAMES[a - 1]} {before}", day - timedelta(days=6), day + timedelta(days=1)),
        lambda: (f"in the week of {NAMES[a - 1]} {n} {before}", monday(day), monday(day) + timedelta(weeks=1)),
        lambda: (f"from {NAMES[a - 1]} to {NAMES[b - 1]} {before}", month(before, a), month(before, b + 1)),
        lambda: (f"between {NAMES[a - 1]} and {NAMES[b - 1]} {before}", month(before, a), month(before, b + 1)),
        lambda: (f"in Q{k} {before}", month(before, 3 * k - 2), month(before, 3 * k + 1)),
        lambda: (f"in H2 {before}", month(before, 7), month(before, 13)),
        lambda: (f"on {NAMES[a - 1]} {n}-{n + 9}, {before}", date(before, a, n), date(before, a, n + 10)),
        lambda: (f"from {n} to {n + 9} {NAMES[a - 1]} {before}", date(before, a, n), date(before, a, n + 10)),
        lambda: (f"{words[n]} months ago", month(y, m - n), month(y, m - n + 1)),
        lambda: ("on the Friday before last", (d := friday - timedelta(weeks=2 if friday >= today else 1)), d + timedelta(days=1)),
        lambda: (f"in the year to {NAMES[a - 1]} {before}", month(before, a - 11), month(before, a + 1)),
        lambda: ("month to date", month(y, m), today + timedelta(days=1)),
        lambda: (f"in the first {words[n]} days of {NAMES[a - 1]} {before}", date(before, a, 1), date(before, a, 1 + n)),
    )
    return chance.choice(ways)()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_time_put_together_at_random_is_the_period_that_arithmetic_gives(language):
    chance = random.Random(f"times-{language}")
    lexicon = domain("logistics").lexicon
    wrong = []
    for _ in range(600):
        today = date(2019, 1, 1) + timedelta(days=chance.randrange(5500))
        said, start, end = (zh if language == "zh" else en)(chance, today)
        question = chance.choice((f"{said}的包裹量", f"包裹量，{said}", f"{said}各线路包裹量")) if language == "zh" else chance.choice((f"parcels {said}", f"parcels by route {said}"))
        found = understand(question, lexicon=lexicon, today=today)
        query = found.query if found.status == "read" else None
        if query is None or query.period != Period(start=start, end=end):
            wrong.append(f"{today}: {question} → {found.status} {query.period if query else ''}, not {start}–{end}")
    assert wrong == []
