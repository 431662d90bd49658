"""Numbers, periods and names as people read them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.terms import MinimumGroup, Period, Text
from nlq.tables.formatting import Style, column_scale, glue, header_unit, hidden_mark, number, ordinal, plural, quantity
from nlq.tables.periods import period_dates, period_name, unit_tick, unit_word
from tests.unit.answer_samples import TODAY

MONEY = Style(format="currency", unit=Text(zh="元", en="CNY"))
PEOPLE = Style(format="integer", unit=Text(zh="人", en="doctors"))


def period(a, b):
    return Period(start=date.fromisoformat(a), end=date.fromisoformat(b))


@pytest.mark.parametrize(
    ("value", "style", "zh", "en"),
    [
        (0.6321, Style(format="percent"), "63.2%", "63.2%"),
        (0.00004, Style(format="percent"), "<0.1%", "<0.1%"),
        (0.018, Style(format="pp", signed=True), "+1.8 个百分点", "+1.8 pp"),
        (-0.018, Style(format="pp", signed=True), "−1.8 个百分点", "−1.8 pp"),
        (-0.0001, Style(format="pp", signed=True), "0.0 个百分点", "0.0 pp"),
        (0.0282, Style(format="growth", signed=True), "+2.8%", "+2.8%"),
        (4812, PEOPLE, "4,812 人", "4,812 doctors"),
        (1, PEOPLE, "1 人", "1 doctor"),
        (99_999, PEOPLE, "99,999 人", "99,999 doctors"),
        (1_234_567, PEOPLE, "123.5 万人", "1,234,567 doctors"),
        (123_456_789.4, MONEY, "1.23 亿元", "CNY 123,456,789"),
        (12_340, MONEY, "1.23 万元", "CNY 12,340"),
        (40_000_000, MONEY, "4,000 万元", "CNY 40,000,000"),
        (85.5, MONEY, "85.50 元", "CNY 85.50"),
        (85.5, Style(format="currency", unit=Text(zh="元/次", en="CNY per touch")), "85.50 元/次", "CNY 85.50 per touch"),
        (0.352, Style(format="points"), "35.2", "35.2"),
        (85.32, Style(format="duration_s", unit=Text(zh="秒", en="seconds")), "85.3 秒", "85.3 seconds"),
        (3.456, Style(format="decimal"), "3.46", "3.46"),
        (4812, Style(format="integer", unit=Text(zh="人", en="doctors"), approximate=True), "约 4,812 人", "about 4,812 doctors"),
        (None, PEOPLE, "—", "—"),
    ],
)
def test_quantities_are_written_as_each_language_writes_them(value, style, zh, en):
    assert quantity(value, style, "zh") == zh
    assert quantity(value, style, "en") == en


def test_a_column_has_one_scale_named_in_its_header():
    scale = column_scale([1_230_000, 45_600, None, 78_900], MONEY, "zh")
    assert header_unit(MONEY, "zh", scale) == "万元"
    assert number(45_600, MONEY, "zh", scale=scale) == "4.56"
    assert header_unit(MONEY, "en", column_scale([1_230_000], MONEY, "en")) == "CNY"


@pytest.mark.parametrize(
    ("asked", "zh", "en"),
    [
        (period("2026-10-01", "2026-11-01"), "10 月", "October"),
        (period("2025-10-01", "2025-11-01"), "2025 年 10 月", "October 2025"),
        (period("2026-07-01", "2026-10-01"), "第三季度", "Q3 2026"),
        (period("2025-01-01", "2025-07-01"), "2025 年上半年", "H1 2025"),
        (period("2025-01-01", "2026-01-01"), "2025 年", "2025"),
        (period("2026-05-01", "2026-11-01"), "5–10 月", "May to October"),
        (period("2025-11-01", "2026-11-01"), "2025 年 11 月至 2026 年 10 月", "November 2025 to October 2026"),
        (period("2026-11-14", "2026-11-15"), "11 月 14 日", "14 November"),
        (period("2026-11-01", "2026-11-16"), "11 月 1 日至 15 日", "1 November to 15 November"),
        (period("2026-09-05", "2026-11-04"), "9 月 5 日至 11 月 3 日", "5 September to 3 November"),
    ],
)
def test_periods_are_called_what_people_call_them(asked, zh, en):
    assert period_name(asked, "zh", TODAY) == zh
    assert period_name(asked, "en", TODAY) == en


def test_a_fiscal_year_is_not_called_a_calendar_year():
    assert period_name(period("2025-04-01", "2026-04-01"), "zh", TODAY, fiscal_start=4) == "2025 年 4 月至 2026 年 3 月"
    assert period_name(period("2025-01-01", "2025-04-01"), "zh", TODAY, fiscal_start=4) == "2025 年 1–3 月"


@given(start=st.dates(date(2000, 1, 1), date(2100, 1, 1)), days=st.integers(1, 900))
def test_dates_of_a_period_end_with_its_last_day(start, days):
    end = date.fromordinal(start.toordinal() + days)
    last = date.fromordinal(end.toordinal() - 1)
    said = period_dates(Period(start=start, end=end), "en")
    assert said == (start.isoformat() if days == 1 else f"{start.isoformat()} to {last.isoformat()}")
    zh = period_dates(Period(start=start, end=end), "zh")
    assert zh.startswith(start.isoformat())
    assert zh.endswith(last.isoformat()[5:])


def test_units_of_a_trend_are_named_and_ticked():
    assert (unit_word("2026-10-01", "month", "zh", TODAY), unit_tick("2026-10-01", "month")) == ("10 月", "2026-10")
    assert (unit_word("2025-07-01", "quarter", "zh", TODAY), unit_tick("2025-07-01", "quarter")) == ("2025 年第三季度", "2025 Q3")
    assert (unit_word("2026-11-09", "week", "en", TODAY), unit_tick("2026-11-09", "week")) == ("the week of 9 November", "2026-11-09")
    assert unit_word("2025-04-01", "year", "zh", TODAY) == "2025 年 4 月至 2026 年 3 月"


def test_small_things():
    assert hidden_mark("small_group", MinimumGroup(entity="hcp", k=10)) == "‹10"
    assert hidden_mark("complementary", MinimumGroup(entity="hcp", k=10)) == "‹*›"
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    assert [plural(w) for w in ("region", "specialty", "day", "branch")] == ["regions", "specialties", "days", "branches"]
    assert glue("三线B类医院", "10 月") == "三线B类医院 10 月"
