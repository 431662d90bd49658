"""The traps that make BI tools give wrong numbers, each by name, each on a warehouse small enough to count in one's head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from governance.documents.base import Label
from governance.documents.metrics import PastVersion
from governance.errors import DimensionNotAllowed, UnsoundQuery
from governance.metrics.checking import check
from governance.metrics.parsing import query_from_json
from governance.metrics.planner import plan
from governance.metrics.timeline import timeline
from governance.reconciling import reconciled
from governance.terms import Period
from tests.fixtures.bundle import catalogue_of, grant_for, measured, one, table
from tests.fixtures.random_warehouse import MemoryWarehouse

TODAY = date(2026, 11, 15)
OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
Ask = Callable[..., dict[tuple[Any, ...], dict[str, Any]]]


def doctor(key: str, region: str | None = "华东", **more: Any) -> dict[str, Any]:
    return {"hcp_key": key, "region": region, "hospital_key": "h1", "is_target": True, **more}


def touch(number: int, key: str | None, at: str = "2026-10-05 10:00", channel: str | None = "微信", **more: Any) -> dict[str, Any]:
    moment = datetime.fromisoformat(at)
    return {"touch_id": f"t{number}", "hcp_key": key, "channel": channel, "occurred_at": moment, "delivered": True, **more}


@pytest.fixture
def ask() -> Iterator[Ask]:
    opened: list[MemoryWarehouse] = []

    def run(tables: Mapping[str, Sequence[Mapping[str, Any]]], query: dict[str, Any], **more: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
        warehouse = MemoryWarehouse(tables)
        opened.append(warehouse)
        return table(measured(warehouse, {"period": OCTOBER, **query}, today=TODAY, **more))

    yield run
    for warehouse in opened:
        warehouse.close()


def only(found: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    (cells,) = found.values()
    return cells


def test_fan_out_a_hospital_with_many_doctors_does_not_multiply_its_sales(ask: Ask) -> None:
    tables = {
        "dim_hospital": [{"hospital_key": "h1", "hospital_name": "甲", "region": "华东"}],
        "dim_hcp": [doctor(f"d{i}") for i in range(7)],
        "fct_touch": [touch(i, f"d{i % 7}") for i in range(50)],
        "fct_sales": [{"hospital_key": "h1", "product": "糖衡", "month": date(2026, 10, 1), "units": 10, "revenue_cny": Decimal("100.00")}],
    }
    assert ask(tables, {"metrics": ["revenue", "touches"], "group_by": ["region"]}) == {("华东",): {"revenue": 100.0, "touches": 50}}


def test_chasm_spend_and_touches_of_one_channel_do_not_multiply_each_other(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1")],
        "fct_touch": [touch(i, "d1", product="糖衡") for i in range(4)],
        "fct_spend": [
            {"region": "华东", "product": "糖衡", "channel": "微信", "month": date(2026, 10, 1), "spend_cny": Decimal(amount)} for amount in ("10", "20", "30")
        ],
    }
    assert only(ask(tables, {"metrics": ["cost_per_touch", "spend"]})) == {"cost_per_touch": 15.0, "spend": 60.0}


def test_a_total_ratio_is_the_ratio_of_the_sums_and_not_the_mean_of_the_ratios(ask: Ask) -> None:
    touches = [touch(i, "d1", opened=True) for i in range(1)] + [touch(10 + i, "d2", opened=False) for i in range(9)]
    tables = {"dim_hcp": [doctor("d1", "华东"), doctor("d2", "华北")], "fct_touch": touches}
    assert ask(tables, {"metrics": ["open_rate"], "group_by": ["region"]}) == {("华东",): {"open_rate": 1.0}, ("华北",): {"open_rate": 0.0}}
    assert only(ask(tables, {"metrics": ["open_rate"]})) == {"open_rate": 0.1}


def test_an_average_over_two_months_is_not_the_average_of_two_averages(ask: Ask) -> None:
    surveys = [{"response_id": "a", "hcp_key": "d1", "score": 5, "answered_at": datetime(2026, 9, 1)}]
    surveys += [{"response_id": f"b{i}", "hcp_key": "d1", "score": 1, "answered_at": datetime(2026, 10, 1)} for i in range(3)]
    found = ask({"fct_survey": surveys}, {"metrics": ["avg_perception_score"], "period": {"start": "2026-09-01", "end": "2026-11-01"}})
    assert only(found) == {"avg_perception_score": 2.0}


def test_distinct_over_time_a_doctor_reached_in_two_months_is_one_doctor_of_the_quarter(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2026-09-05"), touch(2, "d1", "2026-10-05")]}
    period = {"start": "2026-09-01", "end": "2026-11-01"}
    assert ask(tables, {"metrics": ["reached_hcps"], "period": period, "grain": "month"}) == {
        ("2026-09-01",): {"reached_hcps": 1},
        ("2026-10-01",): {"reached_hcps": 1},
    }
    assert only(ask(tables, {"metrics": ["reached_hcps"], "period": period})) == {"reached_hcps": 1}


def test_distinct_over_groups_a_doctor_of_two_channels_is_one_doctor_of_the_total(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", channel="微信"), touch(2, "d1", channel="邮件")]}
    by_channel = ask(tables, {"metrics": ["reached_hcps"], "group_by": ["channel"]})
    assert [cells["reached_hcps"] for cells in by_channel.values()] == [1, 1]
    assert only(ask(tables, {"metrics": ["reached_hcps"]})) == {"reached_hcps": 1}


def test_last_day_without_data_the_state_is_the_latest_before_the_end_and_not_that_of_the_last_day(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1"), doctor("d2")],
        "fct_stage": [
            {"hcp_key": "d1", "product": "糖衡", "stage": "知晓", "stage_rank": 1, "entered_at": datetime(2025, 1, 1)},
            {"hcp_key": "d2", "product": "糖衡", "stage": "使用", "stage_rank": 4, "entered_at": datetime(2026, 10, 30)},
        ],
    }
    assert ask(tables, {"metrics": ["hcps_in_stage"], "group_by": ["stage"]}) == {("知晓",): {"hcps_in_stage": 1}, ("使用",): {"hcps_in_stage": 1}}


def test_a_day_without_rows_stays_in_the_trend_as_zero(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2026-10-01"), touch(2, "d1", "2026-10-03", opened=True)]}
    query = {"metrics": ["touches", "open_rate"], "grain": "day", "period": {"start": "2026-10-01", "end": "2026-10-04"}}
    found = ask(tables, query)
    assert found["2026-10-02",] == {"touches": 0, "open_rate": None}


def test_a_trend_by_day_has_no_row_for_a_day_of_the_week_that_the_question_leaves_out(ask: Ask) -> None:
    """Weekends left out stood there as hidden rows of nobody, and one working day was hidden beside them."""
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2026-10-01"), touch(2, "d1", "2026-10-03"), touch(3, "d1", "2026-10-05")]}
    query = {"metrics": ["touches"], "grain": "day", "period": {"start": "2026-10-01", "end": "2026-10-06"}}
    weekend = {"dimension": "weekday", "values": ["周六", "周日"]}
    worked = ask(tables, query | {"where": [weekend | {"op": "not_in"}]})
    assert worked == {("2026-10-01",): {"touches": 1}, ("2026-10-02",): {"touches": 0}, ("2026-10-05",): {"touches": 1}}
    assert ask(tables, query | {"where": [weekend | {"op": "in"}]}) == {("2026-10-03",): {"touches": 1}, ("2026-10-04",): {"touches": 0}}
    assert ask(tables, query | {"where": [{"dimension": "weekday", "op": "in", "values": ["周二"]}]}) == {(f"2026-10-0{day}",): {"touches": 0} for day in range(1, 6)}


def test_null_in_not_in_excluding_a_region_keeps_the_doctors_whose_region_is_unknown(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1", "华东"), doctor("d2", "华北"), doctor("d3", None)], "fct_touch": [touch(i, f"d{i}") for i in (1, 2, 3)]}
    where = [{"dimension": "region", "op": "not_in", "values": ["华东"]}]
    assert ask(tables, {"metrics": ["touches"], "group_by": ["region"], "where": where}) == {("华北",): {"touches": 1}, ("未知",): {"touches": 1}}
    where[0]["values"].append("未知")
    assert only(ask(tables, {"metrics": ["touches"], "where": where})) == {"touches": 1}


def test_rows_whose_keys_match_nothing_are_in_the_unknown_group_and_reconciled(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1"), touch(2, "gone"), touch(3, None)]}
    found = ask(tables, {"metrics": ["touches"], "group_by": ["region"]})
    assert found == {("华东",): {"touches": 1}, ("未知",): {"touches": 2}}
    warehouse = MemoryWarehouse(tables)
    told = measured(warehouse, {"metrics": ["touches"], "group_by": ["region"], "period": OCTOBER}, today=TODAY)
    warehouse.close()
    (rows,) = told.facts
    assert (rows.table, rows.rows, rows.unmatched, rows.unknown) == ("fct_touch", 3, {"hcp": 2}, {"region": 2})
    assert [note.text.en for note in reconciled(told, {}, 0).notes] == ["Touches: 3 rows used, 2 of them without a match in Doctors; they are in the unknown group."]


def test_leap_day_in_year_on_year_has_no_counterpart(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2024-02-29"), touch(2, "d1", "2024-02-28"), touch(3, "d1", "2023-02-28")]}
    query = {"metrics": ["touches"], "grain": "day", "period": {"start": "2024-02-28", "end": "2024-03-01"}, "compare": "previous_year"}
    found = ask(tables, query)
    assert found["2024-02-28",] == {"touches": 1, "touches__base": 1, "touches__change": 0, "touches__growth": 0.0}
    assert found["2024-02-29",] == {"touches": 1, "touches__base": None, "touches__change": None, "touches__growth": None}


def test_february_of_a_leap_year_is_compared_with_the_whole_february_before(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2024-02-29"), touch(2, "d1", "2023-02-01"), touch(3, "d1", "2023-03-01")]}
    query = {"metrics": ["touches"], "period": {"start": "2024-02-01", "end": "2024-03-01"}, "compare": "previous_year"}
    assert only(ask(tables, query))["touches__base"] == 1


def test_week_53_begins_in_the_old_year_and_is_compared_with_the_week_52_weeks_before(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1")],
        "fct_touch": [touch(1, "d1", "2021-01-03 23:59:59"), touch(2, "d1", "2021-01-04"), touch(3, "d1", "2019-12-30"), touch(4, "d1", "2020-01-06")],
    }
    query = {"metrics": ["touches"], "grain": "week", "period": {"start": "2020-12-28", "end": "2021-01-11"}, "compare": "previous_year"}
    found = ask(tables, query)
    assert {key: (cells["touches"], cells["touches__base"]) for key, cells in found.items()} == {("2020-12-28",): (1, 1), ("2021-01-04",): (1, 1)}


def test_a_week_cut_by_the_period_counts_only_its_days_inside(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2026-09-30"), touch(2, "d1", "2026-10-01")]}
    found = ask(tables, {"metrics": ["touches"], "grain": "week"})
    assert found["2026-09-28",] == {"touches": 1}
    assert len(found) == 5


def test_a_filter_on_the_other_side_of_a_ratio_restricts_only_the_side_that_has_it(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1"), doctor("d2"), doctor("d3", "华北")], "fct_touch": [touch(1, "d1", channel="微信"), touch(2, "d2", channel="邮件")]}
    by_channel = [{"dimension": "channel", "op": "in", "values": ["微信"]}]
    assert only(ask(tables, {"metrics": ["reach_rate"], "where": by_channel})) == {"reach_rate": 1 / 3}
    both = [*by_channel, {"dimension": "region", "op": "in", "values": ["华东"]}]
    assert only(ask(tables, {"metrics": ["reach_rate"], "where": both})) == {"reach_rate": 1 / 2}


def test_a_dimension_that_one_fact_of_a_ratio_lacks_is_refused_with_those_that_work() -> None:
    with pytest.raises(DimensionNotAllowed) as refused:
        ready({"metrics": ["attainment"], "group_by": ["hospital"]})
    assert set(refused.value.valid) == {"region", "product"}


def test_share_of_a_filtered_total_is_of_what_the_filter_left(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1", "华东"), doctor("d2", "华北"), doctor("d3", "华南")],
        "fct_touch": [touch(1, "d1"), touch(2, "d1"), touch(3, "d1"), touch(4, "d2"), touch(5, "d3")],
    }
    query = {"metrics": ["touches"], "group_by": ["region"], "share": True}
    assert ask(tables, query)["华东",]["touches__share"] == 3 / 5
    filtered = {**query, "where": [{"dimension": "region", "op": "not_in", "values": ["华南"]}]}
    assert ask(tables, filtered)["华东",]["touches__share"] == 3 / 4


def test_share_in_a_trend_is_of_its_own_period(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1", "华东"), doctor("d2", "华北")],
        "fct_touch": [touch(1, "d1", "2026-09-05"), touch(2, "d1", "2026-10-05"), touch(3, "d2", "2026-10-05")],
    }
    query = {"metrics": ["touches"], "group_by": ["region"], "share": True, "grain": "month", "period": {"start": "2026-09-01", "end": "2026-11-01"}}
    shares = {key: cells["touches__share"] for key, cells in ask(tables, query).items()}
    assert shares == {("2026-09-01", "华东"): 1.0, ("2026-09-01", "华北"): 0.0, ("2026-10-01", "华东"): 0.5, ("2026-10-01", "华北"): 0.5}


@pytest.mark.parametrize(
    ("metric", "group_by"),
    [("reached_hcps", "channel"), ("active_hcps", "product"), ("reach_rate", "region"), ("hcps_in_stage", "product"), ("attainment", "region"), ("nps", "product")],
)
def test_shares_of_groups_that_do_not_add_up_are_refused(metric: str, group_by: str) -> None:
    with pytest.raises(UnsoundQuery):
        ready({"metrics": [metric], "group_by": [group_by], "share": True})


@pytest.mark.parametrize(
    ("metric", "group_by"),
    [("reached_hcps", "region"), ("newly_reached_hcps", "channel"), ("touches", "hour"), ("revenue", "product"), ("hcps_in_stage", "stage"), ("target_hcps", "segment")],
)
def test_shares_of_groups_that_partition_the_whole_are_answered(metric: str, group_by: str) -> None:
    ready({"metrics": [metric], "group_by": [group_by], "share": True})


def test_member_against_member_leaves_out_the_bases_row_and_a_filter_does_not_remove_the_base(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1", "华东"), doctor("d2", "华北"), doctor("d3", "华南")],
        "fct_touch": [touch(1, "d1"), touch(2, "d1"), touch(3, "d2"), touch(4, "d3")],
    }
    query = {
        "metrics": ["touches"],
        "compare": {"dimension": "region", "base": "华南"},
        "where": [{"dimension": "region", "op": "in", "values": ["华东"]}],
        "share": True,
    }
    found = ask(tables, query)
    assert found == {("华东",): {"touches": 2, "touches__base": 1, "touches__change": 1, "touches__growth": 1.0, "touches__share": 1.0}}


def test_a_group_that_only_the_base_period_has_is_not_lost(ask: Ask) -> None:
    tables = {"dim_hcp": [doctor("d1", "华东"), doctor("d2", "华北")], "fct_touch": [touch(1, "d1"), touch(2, "d2", "2026-09-05")]}
    found = ask(tables, {"metrics": ["touches"], "group_by": ["region"], "compare": "previous_period"})
    assert found["华北",] == {"touches": 0, "touches__base": 1, "touches__change": -1, "touches__growth": -1.0}


def test_a_division_by_zero_is_null_and_neither_an_error_nor_zero(ask: Ask) -> None:
    assert only(ask({"dim_hcp": []}, {"metrics": ["reach_rate", "touches_per_hcp", "touches"]})) == {
        "reach_rate": None,
        "touches_per_hcp": None,
        "touches": 0,
    }


def test_money_is_added_exactly(ask: Ask) -> None:
    sales = [{"hospital_key": "h1", "product": "糖衡", "month": date(2026, 10, 1), "units": 1, "revenue_cny": Decimal("0.10")} for _ in range(1000)]
    assert only(ask({"fct_sales": sales}, {"metrics": ["revenue", "units"]})) == {"revenue": 100.0, "units": 1000}


# ------------------------------------------------------------------ the month rule


def ready(query: dict[str, Any], today: date = TODAY) -> Any:
    return check(query_from_json({"period": OCTOBER, **query}), catalogue_of(), today=today, data_from=date(2024, 11, 1), data_to=today)


def period(start: str, end: str) -> Period:
    return Period(start=date.fromisoformat(start), end=date.fromisoformat(end))


@pytest.mark.parametrize("asked", [("2026-10-02", "2026-11-01"), ("2026-10-01", "2026-10-15")])
def test_a_month_fact_over_part_of_a_month_is_unsound_and_the_aligned_period_is_named(asked: tuple[str, str]) -> None:
    with pytest.raises(UnsoundQuery, match="2026-10-01 … 2026-10-31") as refused:
        ready({"metrics": ["revenue"], "period": dict(zip(("start", "end"), asked, strict=True))})
    assert refused.value.alternatives[0]["period"] == OCTOBER


@pytest.mark.parametrize("grain", ["day", "week"])
def test_a_month_fact_by_day_or_week_is_unsound(grain: str) -> None:
    with pytest.raises(UnsoundQuery):
        ready({"metrics": ["touches", "revenue"], "grain": grain})


def test_to_date_simple_month_metrics_keep_the_running_month_and_ratios_do_not() -> None:
    to_date = {"start": "2026-01-01", "end": "2026-11-16"}
    simple = timeline(ready({"metrics": ["revenue", "revenue_ytd"], "period": to_date}), catalogue_of(), TODAY)
    assert simple.period == period("2026-01-01", "2026-11-16")
    for metrics in (["roi"], ["revenue_rolling_12m"], ["touches", "plan_completion"]):
        cut = timeline(ready({"metrics": metrics, "period": to_date}), catalogue_of(), TODAY)
        assert cut.period == period("2026-01-01", "2026-11-01")
        assert "complete_months" in [note.code for note in cut.notes]


def test_a_comparison_of_month_facts_uses_complete_months_on_both_sides() -> None:
    query = ready({"metrics": ["revenue"], "period": {"start": "2026-01-01", "end": "2026-11-16"}, "compare": "previous_year"})
    times = timeline(query, catalogue_of(), TODAY)
    assert (times.period, times.base_period) == (period("2026-01-01", "2026-11-01"), period("2025-01-01", "2025-11-01"))


def test_without_any_complete_month_the_last_one_is_named() -> None:
    with pytest.raises(UnsoundQuery, match="2026-10-01 … 2026-10-31"):
        ready({"metrics": ["attainment"], "period": {"start": "2026-11-01", "end": "2026-11-16"}})


def test_a_rolling_year_that_the_data_do_not_cover_is_null(ask: Ask) -> None:
    months = [date(2025, month, 1) for month in range(11, 13)] + [date(2026, month, 1) for month in range(1, 11)]
    sales = [{"hospital_key": "h1", "product": "糖衡", "month": month, "units": 1, "revenue_cny": Decimal("1.00")} for month in months]
    query = {"metrics": ["revenue_rolling_12m"], "grain": "month", "period": {"start": "2026-09-01", "end": "2026-11-01"}}
    assert ask({"fct_sales": sales}, query) == {("2026-09-01",): {"revenue_rolling_12m": None}, ("2026-10-01",): {"revenue_rolling_12m": 12.0}}


def test_a_conversion_whose_window_is_open_is_null_and_said_to_be_immature(ask: Ask) -> None:
    stages = [
        {"hcp_key": "d1", "product": "糖衡", "stage": "知晓", "stage_rank": 1, "entered_at": datetime(2026, month, 5)} for month in (7, 8)
    ]
    query = {"metrics": ["aware_to_trial"], "grain": "month", "period": {"start": "2026-07-01", "end": "2026-09-01"}}
    found = ask({"dim_hcp": [doctor("d1")], "fct_stage": stages}, query)
    assert found == {("2026-07-01",): {"aware_to_trial": 0.0}, ("2026-08-01",): {"aware_to_trial": None}}


def test_one_total_row_is_given_even_where_nothing_is_found(ask: Ask) -> None:
    warehouse = MemoryWarehouse({})
    assert one(measured(warehouse, {"metrics": ["touches", "revenue"], "period": OCTOBER}, today=TODAY)) == {"touches": 0, "revenue": 0}
    warehouse.close()


def test_facts_by_month_and_by_day_in_one_answer_cover_the_same_months_and_the_answer_says_so(ask: Ask) -> None:
    tables = {
        "dim_hcp": [doctor("d1")],
        "fct_touch": [touch(1, "d1", "2026-10-05"), touch(2, "d1", "2026-11-03")],
        "fct_sales": [{"hospital_key": "h1", "product": "糖衡", "month": date(2026, month, 1), "units": 1, "revenue_cny": Decimal("5.00")} for month in (10, 11)],
        "fct_spend": [{"region": "华东", "product": "糖衡", "channel": "微信", "month": date(2026, 10, 1), "spend_cny": Decimal("2.00")}],
    }
    to_date = {"start": "2026-10-01", "end": "2026-11-16"}
    assert only(ask(tables, {"metrics": ["touches", "revenue"], "period": to_date})) == {"touches": 2, "revenue": 10.0}
    assert only(ask(tables, {"metrics": ["touches", "roi"], "period": to_date})) == {"touches": 1, "roi": 2.5}
    notes = timeline(ready({"metrics": ["touches", "roi"], "period": to_date}), catalogue_of(), TODAY).notes
    assert [note.code for note in notes] == ["month_rule", "complete_months"]
    assert notes[0].text.zh == "销售费用产出比按月统计，因此各列都用同样的月份。"
    with pytest.raises(UnsoundQuery, match="revenue is held by month and can't be asked by week"):
        ready({"metrics": ["touches", "revenue"], "grain": "week", "period": to_date})


def test_a_definition_changed_inside_the_range_looked_at_is_said_also_of_what_a_metric_is_made_of() -> None:
    def changed(name: str, period: dict[str, str], **more: Any) -> list[str]:
        old = catalogue_of()
        past = PastVersion(version="v0", effective_from=date(2024, 1, 1), definition=Label(zh="旧", en="old"))
        revenue = old.metrics["revenue"].model_copy(update={"version": "v1", "effective_from": date(2026, 6, 1), "past_versions": (past,)})
        definitions = {key: replace(item, components=tuple(revenue if part.id == "revenue" else part for part in item.components)) for key, item in old.definitions.items()}
        definitions["revenue"] = replace(definitions["revenue"], document=revenue)
        known = replace(old, metrics={**old.metrics, "revenue": revenue}, definitions=definitions)
        query = check(query_from_json({"metrics": [name], "period": period, **more}), known, today=TODAY, data_from=date(2024, 11, 1), data_to=TODAY)
        return [note.text.en for note in plan(grant_for(query, today=TODAY), known).notes if note.code == "definition_changed"]

    before, across, after = ({"start": f"2026-0{first}-01", "end": f"2026-0{last}-01"} for first, last in ((4, 6), (5, 8), (6, 8)))
    told = "Revenue changed its definition on 2026-06-01 (v1); earlier dates are counted by the current one (v1) as well."
    assert changed("revenue", across) == changed("revenue", before) == [told]
    assert changed("revenue", after) == []
    assert changed("revenue", after, compare="previous_period") == [told]
    assert changed("attainment", across) == ["Revenue, which Attainment uses, changed its definition on 2026-06-01 (v1); earlier dates are counted by the current one (v1) as well."]
    assert changed("touches", across) == []
