"""Neighbours and counterparts of periods, as domain.md section 4 states them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.calendar import previous_period, previous_year, to_date, unit, units_in, whole_units
from governance.terms import GRAINS, Period

TODAY = date(2026, 11, 22)
DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def period(start: str, end: str) -> Period:
    return Period(start=date.fromisoformat(start), end=date.fromisoformat(end))


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (("2026-10-01", "2026-11-01"), ("2026-09-01", "2026-10-01")),
        (("2026-02-01", "2026-03-01"), ("2026-01-01", "2026-02-01")),
        (("2026-07-01", "2026-10-01"), ("2026-04-01", "2026-07-01")),
        (("2026-01-01", "2026-07-01"), ("2025-07-01", "2026-01-01")),
        (("2025-01-01", "2026-01-01"), ("2024-01-01", "2025-01-01")),
        (("2026-08-01", "2026-10-01"), ("2026-06-01", "2026-08-01")),
        (("2026-11-09", "2026-11-16"), ("2026-11-02", "2026-11-09")),
        # From a unit's start to today: as many days of the unit before, cut at its end.
        (("2026-11-01", "2026-11-23"), ("2026-10-01", "2026-10-23")),
        (("2026-10-01", "2026-11-23"), ("2026-07-01", "2026-08-23")),
        (("2026-01-01", "2026-11-23"), ("2025-01-01", "2025-11-23")),
        # Others shift by their length.
        (("2026-11-03", "2026-11-10"), ("2026-10-27", "2026-11-03")),
        (("2026-11-10", "2026-11-11"), ("2026-11-09", "2026-11-10")),
    ],
)
def test_the_period_before(asked, before):
    assert previous_period(period(*asked), today=TODAY) == period(*before)


def test_to_date_is_cut_at_the_end_of_a_shorter_unit_before():
    march_31 = date(2026, 3, 31)
    thirty = Period(start=date(2026, 3, 1), end=date(2026, 3, 31))
    assert previous_period(thirty, today=date(2026, 3, 30)) == period("2026-02-01", "2026-03-01")
    # The whole of March is a whole unit.
    assert previous_period(to_date(march_31, "month"), today=march_31) == period("2026-02-01", "2026-03-01")


@pytest.mark.parametrize(
    ("asked", "year_before"),
    [
        (("2026-10-01", "2026-11-01"), ("2025-10-01", "2025-11-01")),
        (("2025-02-01", "2025-03-01"), ("2024-02-01", "2024-03-01")),
        (("2024-02-01", "2024-03-01"), ("2023-02-01", "2023-03-01")),
        (("2026-11-16", "2026-11-23"), ("2025-11-17", "2025-11-24")),
        (("2026-11-01", "2026-11-23"), ("2025-11-01", "2025-11-23")),
        (("2026-11-20", "2026-11-21"), ("2025-11-20", "2025-11-21")),
    ],
)
def test_the_same_dates_a_year_earlier(asked, year_before):
    assert previous_year(period(*asked)) == period(*year_before)


def test_the_29th_of_february_has_no_counterpart():
    assert previous_year(period("2024-02-29", "2024-03-01")) is None


def test_a_week_53_goes_back_52_weeks_and_stays_a_week():
    back = previous_year(period("2026-12-28", "2027-01-04"))
    assert back == period("2025-12-29", "2026-01-05")


@given(day=DAYS, grain=st.sampled_from(GRAINS), fiscal=st.integers(1, 12), offset=st.integers(-30, 30))
def test_units_tile_the_days_without_gap_or_overlap(day, grain, fiscal, offset):
    one = unit(day, grain, offset=offset, fiscal_start=fiscal)
    following = unit(day, grain, offset=offset + 1, fiscal_start=fiscal)
    assert one.end == following.start
    assert unit(day, grain, fiscal_start=fiscal).start <= day < unit(day, grain, fiscal_start=fiscal).end


@given(start=DAYS, length=st.integers(1, 800), grain=st.sampled_from(GRAINS), fiscal=st.integers(1, 12))
def test_the_units_in_a_period_are_the_period(start, length, grain, fiscal):
    asked = Period(start=start, end=start + timedelta(days=length))
    parts = units_in(asked, grain, fiscal_start=fiscal)
    assert parts[0].start == asked.start
    assert parts[-1].end == asked.end
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert sum(part.days for part in parts) == asked.days


@given(day=DAYS, grain=st.sampled_from(GRAINS), count=st.integers(1, 8))
def test_n_whole_units_come_right_after_the_n_before_them(day, grain, count):
    asked = unit(day, grain, count=count)
    before = previous_period(asked, today=day)
    assert before.end == asked.start
    assert whole_units(before, grain) == count or grain == "day"


@given(start=DAYS, length=st.integers(1, 400))
def test_a_years_counterpart_is_shorter_or_longer_only_around_a_leap_day(start, length):
    asked = Period(start=start, end=start + timedelta(days=length))
    back = previous_year(asked)
    if back is not None:
        assert abs(back.days - asked.days) <= 1
        assert back.end <= asked.end - timedelta(days=360)
