"""What a query may say: names, values, defaults and columns, each fault with the nearest known name."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from governance.errors import BundleError, DimensionNotAllowed, InvalidQuery, UnsoundQuery
from governance.metrics.checking import check
from governance.metrics.explaining import plan_tree
from governance.metrics.parsing import query_from_json, query_to_json
from governance.metrics.planner import plan
from governance.terms import Grain, MetricQuery, Period
from tests.fixtures.bundle import catalogue_of, grant_for

TODAY = date(2026, 11, 15)
CATALOGUE = catalogue_of().with_values(
    {"province": ("浙江",), "city": ("杭州",), "hospital": ("甲医院", "乙医院"), "campaign": ("春季行动",), "experiment": ("甲实验", "乙实验"), "team": ("一队",)}
)


def ready(query: dict[str, Any], today: date = TODAY) -> MetricQuery:
    return check(query_from_json(query), CATALOGUE, today=today, data_from=date(2024, 11, 1), data_to=TODAY)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"metrics": ["reach_rat"]}, r"unknown metric 'reach_rat'. Did you mean reach_rate"),
        ({"metrics": ["reach_rate"], "group_by": ["regio"]}, r"unknown dimension 'regio'. Did you mean region"),
        ({"metrics": ["touches"], "where": [{"dimension": "region", "op": "in", "values": ["华东区"]}]}, r"region has no value '华东区'. Did you mean 华东\?"),
        ({"metrics": ["touches"], "where": [{"dimension": "region", "op": "in", "values": ["East"]}]}, r"Did you mean 华东\?"),
        ({"metrics": ["touches"], "where": [{"dimension": "hospital", "op": "in", "values": ["丙医院"]}]}, "Did you mean 甲医院"),
        ({"metrics": ["touches"], "where": [{"dimension": "hour", "op": "in", "values": ["nine"]}]}, "hour takes whole numbers"),
        ({"metrics": ["touches"], "where": [{"dimension": "hour", "op": "in", "values": [24]}]}, "hour has no value 24"),
        ({"metrics": ["touches"], "having": [{"metric": "touchs", "op": ">", "value": 1}]}, r"having names 'touchs'.*Did you mean touches"),
        ({"metrics": ["touches"], "having": [{"metric": "touches__growth", "op": ">", "value": 1}]}, "no column of this answer"),
        ({"metrics": ["touches"], "order": [{"by": "period"}]}, "order names 'period'"),
        ({"metrics": ["touches"], "order": [{"by": "region"}]}, "order names 'region'"),
        ({"metrics": ["touches"], "keep": [{"dimension": "channel", "values": ["微信"]}]}, "not in group_by"),
        ({"metrics": ["touches"], "compare": {"dimension": "region", "base": "East China"}}, r"Did you mean 华东\?"),
    ],
)
def test_what_is_not_known_is_named_with_the_nearest_known(query: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidQuery, match=message) as raised:
        ready(query)
    assert raised.value.code == "invalid_query"


@pytest.mark.parametrize(
    ("query", "valid"),
    [
        ({"metrics": ["attainment"], "group_by": ["channel"]}, {"region", "product"}),
        ({"metrics": ["touches", "revenue"], "where": [{"dimension": "specialty", "op": "in", "values": ["心内科"]}]}, {"region", "province", "city", "city_tier", "hospital", "hospital_level", "product"}),
        ({"metrics": ["touches"], "group_by": ["rep_region"]}, None),
        ({"metrics": ["multichannel_hcps"], "group_by": ["channel"]}, None),
        ({"metrics": ["covered_hospitals"], "group_by": ["segment"]}, None),
        ({"metrics": ["experiment_lift"], "group_by": ["variant"]}, None),
        ({"metrics": ["reached_hcps"], "group_by": ["stage"]}, None),
    ],
)
def test_a_known_dimension_that_the_metrics_lack_is_refused_with_those_they_share(query: dict[str, Any], valid: set[str] | None) -> None:
    with pytest.raises(DimensionNotAllowed) as raised:
        ready(query)
    assert raised.value.valid
    assert valid is None or set(raised.value.valid) == valid


def test_values_are_made_the_dimensions_own_type_and_doubles_dropped() -> None:
    query = ready({"metrics": ["touches"], "where": [{"dimension": "hour", "op": "in", "values": ["9", 9, 10]}]})
    assert query.where[0].values == (9, 10)


def test_the_unknown_group_can_always_be_named() -> None:
    query = ready({"metrics": ["touches"], "where": [{"dimension": "region", "op": "not_in", "values": ["未知"]}]})
    assert query.where[0].values == ("未知",)


def test_pseudonyms_are_taken_as_they_are() -> None:
    assert ready({"metrics": ["touches"], "where": [{"dimension": "hcp", "op": "in", "values": ["H1-XYZ"]}]}).where[0].values == ("H1-XYZ",)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("reach_rate", ("2026-10-01", "2026-11-01")),
        ("aware_to_trial", ("2026-07-01", "2026-08-01")),
        ("experiment_lift", ("2024-11-01", "2026-11-16")),
    ],
)
def test_an_absent_period_is_the_metrics_own_default(metric: str, expected: tuple[str, str]) -> None:
    where = [{"dimension": "experiment", "op": "in", "values": ["甲实验"]}] if metric == "experiment_lift" else []
    period = ready({"metrics": [metric], "where": where}).period
    assert period == Period(start=date.fromisoformat(expected[0]), end=date.fromisoformat(expected[1]))


@pytest.mark.parametrize(("today", "month"), [("2026-10-30", "2026-07-01"), ("2026-10-29", "2026-06-01"), ("2026-03-01", "2025-11-01")])
def test_the_last_mature_month_ended_at_least_ninety_days_ago(today: str, month: str) -> None:
    period = ready({"metrics": ["aware_to_trial"]}, date.fromisoformat(today)).period
    assert period is not None and period.start.isoformat() == month


def test_arms_are_grouped_by_without_saying_and_one_experiment_must_be_meant() -> None:
    one = [{"dimension": "experiment", "op": "in", "values": ["甲实验"]}]
    assert ready({"metrics": ["experiment_conversion"], "where": one}).group_by == ("variant",)
    assert ready({"metrics": ["experiment_lift"], "group_by": ["experiment"]}).group_by == ("experiment",)
    for where in ([], [{"dimension": "experiment", "op": "in", "values": ["甲实验", "乙实验"]}], [{"dimension": "experiment", "op": "not_in", "values": ["甲实验"]}]):
        with pytest.raises(UnsoundQuery) as raised:
            ready({"metrics": ["experiment_conversion"], "where": where})
        assert [item.get("group_by") for item in raised.value.alternatives] == [["variant", "experiment"], ["variant"], ["variant"]]


def test_a_compared_member_is_grouped_by_without_saying() -> None:
    assert ready({"metrics": ["touches"], "compare": {"dimension": "region", "base": "华南"}}).group_by == ("region",)


@pytest.mark.parametrize(
    "query",
    [
        {"metrics": ["target_hcps"], "grain": "month", "order": [{"by": "period", "direction": "asc"}]},
        {"metrics": ["target_hcps"], "compare": "previous_year", "order": [{"by": "target_hcps__change"}]},
        {"metrics": ["advance_rate_exposed"], "compare": "previous_period"},
        {"metrics": ["touches"], "share": True},
        {"metrics": ["reach_rate"], "group_by": ["region"], "share": True, "having": [{"metric": "reach_rate__share", "op": ">", "value": 0.1}]},
        {"metrics": ["revenue"], "period": {"start": "2026-10-03", "end": "2026-10-20"}},
        {"metrics": ["roi"], "grain": "week"},
        {"metrics": ["attainment"], "period": {"start": "2026-11-01", "end": "2026-11-16"}},
        {"metrics": ["experiment_lift"]},
    ],
)
def test_every_alternative_of_an_unsound_question_is_itself_sound(query: dict[str, Any]) -> None:
    with pytest.raises(UnsoundQuery) as raised:
        ready(query)
    assert raised.value.alternatives
    assert raised.value.zh and raised.value.zh != str(raised.value)
    for alternative in raised.value.alternatives:
        json.dumps(alternative)
        ready(alternative)


@pytest.mark.parametrize("metric", sorted(CATALOGUE.metrics))
def test_a_checked_query_is_checked_again_unchanged_and_can_be_planned(metric: str) -> None:
    where = [{"dimension": "experiment", "op": "in", "values": ["甲实验"]}] if CATALOGUE.metrics[metric].parameters.get("single") else []
    query = ready({"metrics": [metric], "where": where})
    assert ready(query_to_json(query)) == query
    planned = plan(grant_for(query, today=TODAY, purpose=None), CATALOGUE)
    assert planned.statements
    assert plan_tree(planned).startswith(f"answer {metric}")


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_every_grain_has_a_plan_with_a_comparison(grain: Grain) -> None:
    query = ready({"metrics": ["touches", "active_hcps"], "grain": grain, "compare": "previous_year", "period": {"start": "2026-01-05", "end": "2026-11-16"}})
    assert plan(grant_for(query, today=TODAY), CATALOGUE).timeline.rows


def test_golden_questions_are_queries_that_pass() -> None:
    for metric in CATALOGUE.metrics.values():
        for golden in metric.golden:
            ready(golden.query)


def test_errors_are_of_one_family() -> None:
    assert not issubclass(BundleError, InvalidQuery)
    assert issubclass(UnsoundQuery, InvalidQuery)
