"""Everything a business user says about time. 2026-11-15 is a Sunday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.times import Clock, When, scan
from nlq.times.festivals import FestivalCalendar
from nlq.words.normalise import normalise

TODAY = date(2026, 11, 15)
FESTIVALS = FestivalCalendar(country="CN")
DAYS = st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 12, 31))


def when(text: str, today: date = TODAY, fiscal_start: int = 1) -> When:
    normal = normalise(text)
    hits = scan(normal, Clock(today=today, fiscal_start=fiscal_start, festivals=FESTIVALS.period), FESTIVALS.names)
    whole = [hit for hit in hits if hit.start == 0 and hit.end == len(normal)]
    assert whole, f"{text}: {[(normal[h.start : h.end], h.when.period) for h in hits]}"
    return whole[0].when


def days(text: str, today: date = TODAY, fiscal_start: int = 1) -> str:
    period = when(text, today, fiscal_start).period
    assert period is not None
    return f"{period.start}/{period.end - timedelta(days=1)}"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("上个月 上月 上一个月|last month|previous month", "2026-10-01/2026-10-31"),
        ("上周 上个星期 上一周|last week", "2026-11-02/2026-11-08"),
        ("上季度 上个季度 上一季度|last quarter", "2026-07-01/2026-09-30"),
        ("去年 上年 去年度|last year", "2025-01-01/2025-12-31"),
        ("大上周 上上周|the week before last", "2026-10-26/2026-11-01"),
        ("上上个月 大上个月|the month before last|two months ago", "2026-09-01/2026-09-30"),
        ("前年|the year before last", "2024-01-01/2024-12-31"),
        ("本月 这个月 当月|this month|month to date|mtd", "2026-11-01/2026-11-15"),
        ("今年 今年以来 年初至今|this year|ytd|year to date|so far this year", "2026-01-01/2026-11-15"),
        ("本季度 这个季度|this quarter", "2026-10-01/2026-11-15"),
        ("本周 这周|this week", "2026-11-09/2026-11-15"),
        ("近三个月 过去3个月 最近三个月 前3个月|last 3 months|the past three months|previous 3 months", "2026-08-01/2026-10-31"),
        ("近7天 前七天 头7天|past 7 days", "2026-11-08/2026-11-14"),
        ("近两周|past 2 weeks", "2026-10-26/2026-11-08"),
        ("近半个月 半个月", "2026-10-31/2026-11-14"),
        ("近半年 过去半年", "2026-05-01/2026-10-31"),
        ("近两个季度|last two quarters", "2026-04-01/2026-09-30"),
        ("近两年|past two years", "2024-01-01/2025-12-31"),
        ("今天|today", "2026-11-15/2026-11-15"),
        ("昨天|yesterday", "2026-11-14/2026-11-14"),
        ("前天|the day before yesterday", "2026-11-13/2026-11-13"),
        ("上周五", "2026-11-06/2026-11-06"),
        ("12日 12号|the 12th", "2026-11-12/2026-11-12"),
        ("20号|the 20th", "2026-10-20/2026-10-20"),
        ("10-12 10月12日 10/12|october 12|12 october", "2026-10-12/2026-10-12"),
        ("12月 12月份 去年12月|december|december last year", "2025-12-01/2025-12-31"),
        ("今年上半年 上半年 2026上半年 2026h1|h1 2026|first half of this year", "2026-01-01/2026-06-30"),
        ("去年下半年|second half of last year|h2 2025", "2025-07-01/2025-12-31"),
        ("去年q3 2025年三季度 2025年第3季度|q3 of last year|q3 2025|third quarter of 2025", "2025-07-01/2025-09-30"),
        ("2026年3月 2026-03 202603 26年3月|march 2026", "2026-03-01/2026-03-31"),
        ("3月到6月 3-6月 2026年3月至6月|from march to june|mar-jun|between march and june", "2026-03-01/2026-06-30"),
        ("前年3月到5月", "2024-03-01/2024-05-31"),
        ("去年12月到今年2月 2025年12月至2026年2月", "2025-12-01/2026-02-28"),
        ("3月1日到15日 3月1日-3月15日|march 1 to march 15", "2026-03-01/2026-03-15"),
        ("现在 目前 当前|currently|now", "2026-11-01/2026-11-15"),
        ("3月以来 从3月至今 自3月起|since march", "2026-03-01/2026-11-15"),
        ("去年10月到现在", "2025-10-01/2026-11-15"),
        ("前三季度 今年前三个季度", "2026-01-01/2026-09-30"),
        ("今年前3个月 2026年头三个月|first 3 months of 2026", "2026-01-01/2026-03-31"),
        ("10月上旬", "2026-10-01/2026-10-10"),
        ("上个月下旬 10月下旬", "2026-10-21/2026-10-31"),
        ("第45周 2026年第45周 2026w45|week 45", "2026-11-02/2026-11-08"),
        ("7、8、9月", "2026-07-01/2026-09-30"),
        ("10.1-10.7", "2026-10-01/2026-10-07"),
        ("春节前后一周", "2026-02-08/2026-03-02"),
        ("年初至上月底 自年初至10月底", "2026-01-01/2026-10-31"),
        ("上一个自然月 上个自然月", "2026-10-01/2026-10-31"),
        ("最近一个完整年度", "2025-01-01/2025-12-31"),
        ("25q4", "2025-10-01/2025-12-31"),
        ("近一年半", "2025-05-01/2026-10-31"),
        ("上上周五", "2026-10-30/2026-10-30"),
        ("|friday before last|the friday before last", "2026-11-06/2026-11-06"),
        ("|oct 12-18|12-18 october|october 12 through 18", "2026-10-12/2026-10-18"),
        ("|the 3 months to september|three months ending september|3 months ended 30 september|quarter ending september", "2026-07-01/2026-09-30"),
        ("|week ending 8 november|week of nov 3|w/c nov 2", "2026-11-02/2026-11-08"),
        ("|fytd|fiscal year to date", "2026-01-01/2026-11-15"),
        ("国庆 国庆节 国庆期间|national day|golden week", "2026-10-01/2026-10-07"),
        ("今年春节 春节 春节期间|spring festival|chinese new year", "2026-02-15/2026-02-23"),
        ("去年国庆|", "2025-10-01/2025-10-08"),
        ("国庆前一周", "2026-09-24/2026-09-30"),
        ("双11 双十一", "2026-11-11/2026-11-11"),
        ("三天前|3 days ago", "2026-11-12/2026-11-12"),
        ("上周末|last weekend", "2026-11-07/2026-11-08"),
        ("一季度到三季度 q1-q3|q1 to q3", "2026-01-01/2026-09-30"),
        ("2024-2026年|2024 to 2026", "2024-01-01/2026-12-31"),
        ("下个月|next month", "2026-12-01/2026-12-31"),
    ],
)
def test_an_expression_of_time_means_these_days(said, meant):
    chinese, *english = said.split("|")
    for text in [*chinese.split(), *filter(None, english)]:
        assert days(text) == meant, text


def test_a_fiscal_year_begins_where_the_bundle_says():
    assert days("本财年", fiscal_start=4) == "2026-04-01/2026-11-15"
    assert days("2025财年", fiscal_start=4) == "2025-04-01/2026-03-31"
    assert days("fy2026", fiscal_start=4) == "2026-04-01/2027-03-31"
    assert days("2026年", fiscal_start=4) == "2026-01-01/2026-12-31"


def test_up_to_a_day_keeps_the_year_open_at_its_start():
    found = when("截至10月底")
    assert (found.kind, str(found.period.end)) == ("as_of", "2026-11-01")


def test_the_same_period_waits_for_another_one():
    assert when("去年同期").kind == "same"
    assert when("上月同期").shift == "unit"
    assert when("same period last year").kind == "same"


@given(DAYS, st.integers(1, 24))
def test_the_last_n_months_end_where_this_month_begins(today, count):
    period = when(f"近{count}个月", today).period
    assert period.end == today.replace(day=1)
    assert (period.end.year * 12 + period.end.month) - (period.start.year * 12 + period.start.month) == count


@given(DAYS, st.integers(1, 90))
def test_the_last_n_days_end_yesterday(today, count):
    period = when(f"近{count}天", today).period
    assert period.end == today
    assert period.days == count


@given(DAYS, st.integers(1, 12))
def test_a_month_without_a_year_is_the_latest_that_has_begun(today, month):
    period = when(f"{month}月份", today).period
    assert period.start.month == month
    assert period.start <= today < period.start.replace(year=period.start.year + 1)


@given(DAYS, st.integers(1, 31))
def test_a_day_without_a_month_is_the_latest_that_has_begun(today, day):
    period = when(f"{day}号", today).period
    assert period.days == 1
    assert period.start.day == day
    assert today - timedelta(days=62) <= period.start <= today


@given(DAYS, st.sampled_from(["上个月", "上周", "上季度", "去年", "昨天"]), st.sampled_from(["", "上"]))
def test_the_unit_before_ends_where_the_unit_after_it_begins(today, said, more):
    unit = said.replace("去年", "上年")
    earlier, later = when(f"上{unit}" if more and unit.startswith("上") and unit != "上年" else said, today).period, when(said, today).period
    assert earlier.end <= later.end <= today


@given(DAYS, st.dates(min_value=date(2016, 1, 1), max_value=date(2035, 12, 31)), st.integers(0, 400))
def test_a_range_of_dates_is_what_it_says(today, first, length):
    last = first + timedelta(days=length)
    said = f"{first.year}年{first.month}月{first.day}日到{last.year}年{last.month}月{last.day}日"
    assert days(said, today) == f"{first}/{last}"


@given(st.text(max_size=30), DAYS)
def test_no_text_breaks_the_reader_and_every_period_has_days(text, today):
    normal = normalise(text)
    for hit in scan(normal, Clock(today=today, festivals=FESTIVALS.period), FESTIVALS.names):
        assert 0 <= hit.start < hit.end <= len(normal)
        assert hit.when.period is None or hit.when.period.start < hit.when.period.end
