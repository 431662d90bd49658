"""Found by a red team: 下个月触达率 told 0.0%, 1999年销售额 told 0.00, and a year against one that was never loaded told "+79.7 points"."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.errors import UnsoundQuery
from governance.metrics.checking import check
from governance.metrics.parsing import query_from_json
from governance.metrics.timeline import timeline
from governance.terms import Period
from tests.fixtures.bundle import catalogue_of

TODAY = date(2026, 11, 15)
FIRST, LAST = date(2024, 11, 3), date(2026, 11, 14)
SALES = (date(2025, 2, 1), date(2026, 10, 31))


def loaded():
    bare = catalogue_of()
    dated = {name: (SALES if model.time.unit == "month" else (FIRST, LAST)) for name, model in bare.models.items() if model.time is not None and model.source == "warehouse"}
    return bare.with_days(dated)


LOADED = loaded()


def ready(**query: Any):
    return check(query_from_json(query), LOADED, today=TODAY, data_from=FIRST, data_to=LAST)


def span(start: date, end: date) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


DAYS = st.dates(min_value=date(2019, 1, 1), max_value=date(2029, 12, 31))


@given(metric=st.sampled_from(["touches", "reach_rate", "reached_hcps", "open_rate"]), start=DAYS, length=st.integers(1, 900))
def test_a_period_has_a_number_exactly_where_some_fact_speaks_of_it(metric, start, length):
    end = start + timedelta(days=length)
    if start <= TODAY and end > FIRST:
        assert ready(metrics=[metric], period=span(start, end)).period == Period(start=start, end=end)
        return
    with pytest.raises(UnsoundQuery, match="none for") as refused:
        ready(metrics=[metric], period=span(start, end))
    assert "没有数据" in refused.value.zh
    for sound in refused.value.alternatives:
        ready(**sound)


@given(start=DAYS, length=st.integers(1, 60), grain=st.sampled_from(["month", "quarter", "year"]))
def test_no_row_in_time_stands_for_days_that_nobody_loaded(start, length, grain):
    start = start.replace(day=1)
    period = Period(start=start, end=(start + timedelta(days=31 * length)).replace(day=1))
    assume(period.start < period.end and period.start <= TODAY and period.end > FIRST)
    query = query_from_json({"metrics": ["touches"], "grain": grain, "period": span(period.start, period.end), "compare": "previous_year"})
    rows = timeline(query, LOADED, TODAY).rows
    assert rows
    for row in rows:
        assert row.window.end > FIRST
        assert row.window.start <= TODAY
        assert row.base is None or row.base.end > FIRST


def test_a_fact_held_by_month_speaks_of_its_own_months():
    ready(metrics=["revenue"], period=span(date(2026, 10, 1), date(2026, 11, 1)))
    with pytest.raises(UnsoundQuery, match="2025-02-01 to 2026-10-31"):
        ready(metrics=["revenue"], period=span(date(2024, 12, 1), date(2025, 2, 1)))


def test_a_base_that_was_never_loaded_is_no_zero_to_compare_with():
    query = query_from_json({"metrics": ["touches"], "period": span(date(2025, 1, 1), date(2025, 7, 1)), "compare": "previous_year"})
    line = timeline(query, LOADED, TODAY)
    assert [row.base for row in line.rows] == [None]
    assert any(note.code == "no_base_data" and "没有对比" in note.text.zh for note in line.notes)
    ready(metrics=["touches"], period=span(date(2025, 1, 1), date(2025, 7, 1)), compare="previous_year")


def test_a_base_that_begins_before_the_data_is_said():
    query = query_from_json({"metrics": ["touches"], "period": span(date(2025, 1, 1), date(2026, 1, 1)), "compare": "previous_year"})
    assert "对比期不完整：数据从 2024-11-03 开始。" in [note.text.zh for note in timeline(query, LOADED, TODAY).notes]


def test_a_catalogue_that_stands_over_no_load_knows_no_bounds():
    bare = catalogue_of()
    check(query_from_json({"metrics": ["touches"], "period": span(date(1999, 1, 1), date(2000, 1, 1))}), bare, today=TODAY, data_from=TODAY, data_to=TODAY)


def test_a_period_that_is_not_over_says_so():
    query = query_from_json({"metrics": ["touches"], "period": span(date(2026, 10, 1), date(2027, 1, 1))})
    assert "期间尚未结束，只到 2026-11-15。" in [note.text.zh for note in timeline(query, LOADED, TODAY).notes]
