"""Each line of contracts.md section 5, in the repository's own bundle. 2026-11-15 is a Sunday."""

from __future__ import annotations

import pytest

from tests.fixtures.language import asked, read_as

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


@pytest.mark.parametrize("ask", ["触达率", "reach rate"])
def test_no_time_at_all_leaves_the_period_to_the_metric_and_says_so(ask):
    assert read_as(ask) == {"metrics": ["reach_rate"]}
    assert any("未说明时间" in text.zh for text in asked(ask).readings[0].assumptions)


@pytest.mark.parametrize(("ask", "grain"), [("触达率趋势", "month"), ("reach rate trend", "month"), ("触达率周趋势", "week"), ("weekly trend of the reach rate", "week")])
def test_a_trend_without_a_period_takes_twelve_complete_units(ask, grain):
    query = read_as(ask)
    assert query["grain"] == grain
    assert query["period"]["end"] == {"month": "2026-11-01", "week": "2026-11-09"}[grain]
    assert query["period"]["start"] == {"month": "2025-11-01", "week": "2026-08-17"}[grain]


@pytest.mark.parametrize(
    ("ask", "grain"),
    [("近30天触达次数趋势", "day"), ("本月触达次数走势", "day"), ("上季度触达次数趋势", "week"), ("今年触达次数趋势", "month"), ("上季度销售额趋势", "month"), ("touches trend last quarter", "week")],
)
def test_a_trend_within_a_period_is_by_day_week_or_month_and_a_month_fact_by_month(ask, grain):
    assert read_as(ask)["grain"] == grain


@pytest.mark.parametrize(("ask", "compare"), [("上个月销售额同比", "previous_year"), ("上个月销售额环比", "previous_period"), ("revenue last month year on year", "previous_year"),
                                              ("revenue last month month on month", "previous_period"), ("revenue last month versus the previous period", "previous_period")])
def test_year_on_year_and_period_on_period(ask, compare):
    assert read_as(ask) == {"metrics": ["revenue"], "period": OCTOBER, "compare": compare}


@pytest.mark.parametrize(
    ("ask", "period", "base"),
    [
        ("2026上半年比2025上半年销售额", ("2026-01-01", "2026-07-01"), ("2025-01-01", "2025-07-01")),
        ("revenue H1 2026 vs H1 2025", ("2026-01-01", "2026-07-01"), ("2025-01-01", "2025-07-01")),
        ("2025上半年和2026上半年销售额对比", ("2026-01-01", "2026-07-01"), ("2025-01-01", "2025-07-01")),
        ("touches this week against last week", ("2026-11-09", "2026-11-16"), ("2026-11-02", "2026-11-09")),
        ("touches compared with yesterday", ("2026-11-15", "2026-11-16"), ("2026-11-14", "2026-11-15")),
        ("触达次数和昨天比", ("2026-11-15", "2026-11-16"), ("2026-11-14", "2026-11-15")),
    ],
)
def test_the_later_period_is_asked_and_the_earlier_is_its_base(ask, period, base):
    query = read_as(ask)
    assert (query["period"]["start"], query["period"]["end"]) == period
    assert (query["compare"]["start"], query["compare"]["end"]) == base


def test_unequal_lengths_of_two_periods_are_said():
    texts = asked("本月和上个月触达次数对比").readings[0].assumptions
    assert any("长度不同" in text.zh for text in texts)


@pytest.mark.parametrize("ask", ["华东触达率比华南高多少", "how much higher is the reach rate in East than in South", "华东和华南触达率的差距", "difference in reach rate between East and South"])
def test_one_member_is_compared_with_another(ask):
    query = read_as(ask)
    assert query["compare"] == {"dimension": "region", "base": "华南"}
    assert query["where"] == [{"dimension": "region", "op": "in", "values": ["华东"]}]


@pytest.mark.parametrize(
    ("ask", "direction", "limit"),
    [
        ("触达率前10的省份", "desc", 10), ("top 10 provinces by reach rate", "desc", 10), ("触达率最高的省份", "desc", 1), ("province with the highest reach rate", "desc", 1),
        ("触达率后5的省份", "asc", 5), ("触达率最低的省份", "asc", 1), ("province with the lowest reach rate", "asc", 1), ("各省份触达率排名", "desc", None), ("provinces ranked by reach rate", "desc", None),
    ],
)  # fmt: skip
def test_top_bottom_and_rank(ask, direction, limit):
    query = read_as(ask)
    assert query["group_by"] == ["province"]
    assert query["order"] == [{"by": "reach_rate", "direction": direction}]
    assert query.get("limit") == limit


@pytest.mark.parametrize("ask", ["今年哪个月触达率最高", "今年触达率最高的月份", "which month this year has the highest reach rate"])
def test_which_month_orders_the_periods(ask):
    query = read_as(ask)
    assert (query["grain"], query["limit"], query["order"]) == ("month", 1, [{"by": "reach_rate", "direction": "desc"}])
    assert "group_by" not in query


@pytest.mark.parametrize("ask", ["各大区触达率", "每个大区的触达率", "分大区触达率", "按大区看触达率", "reach rate by region", "reach rate per region", "reach rate for each region"])
def test_words_that_group(ask):
    assert read_as(ask)["group_by"] == ["region"]


@pytest.mark.parametrize(("ask", "grain"), [("每月触达率", "month"), ("按周看触达率", "week"), ("monthly reach rate", "month"), ("每天触达率", "day"), ("按季度触达率", "quarter"), ("reach rate by year", "year")])
def test_words_that_cut_time(ask, grain):
    assert read_as(ask)["grain"] == grain


@pytest.mark.parametrize("ask", ["各渠道触达次数占比", "各渠道触达次数的份额", "share of touches by channel"])
def test_a_share_by_group(ask):
    assert read_as(ask) == {"metrics": ["touches"], "group_by": ["channel"], "share": True}


@pytest.mark.parametrize("ask", ["微信触达次数占多少", "触达次数中微信占比", "WeChat's share of touches", "what share of touches is WeChat"])
def test_the_share_of_a_named_member_keeps_its_row(ask):
    assert read_as(ask) == {"metrics": ["touches"], "group_by": ["channel"], "share": True, "keep": [{"dimension": "channel", "values": ["微信"]}]}


@pytest.mark.parametrize("ask", ["有多少个大区达成率低于90%", "how many regions have attainment below 90%"])
def test_how_many_groups_counts_them(ask):
    assert read_as(ask) == {"metrics": ["attainment"], "group_by": ["region"], "having": [{"metric": "attainment", "op": "<", "value": 0.9}]}
    assert asked(ask).readings[0].counts_groups


@pytest.mark.parametrize(
    ("ask", "op", "value"),
    [
        ("触达率低于50%的大区", "<", 0.5), ("regions with reach rate above 0.5", ">", 0.5), ("触达次数超过100万的大区", ">", 1_000_000), ("触达次数超过三千的大区", ">", 3000), ("触达率超过八成的大区", ">", 0.8),
        ("触达率不低于五成的大区", ">=", 0.5), ("触达率50%以上的大区", ">=", 0.5), ("触达率百分之六十以下的大区", "<=", 0.6), ("regions with touches over 2k", ">", 2000), ("regions with at least 1.5m touches", ">=", 1_500_000),
    ],
)  # fmt: skip
def test_thresholds(ask, op, value):
    having = read_as(ask)["having"]
    assert [(item["op"], pytest.approx(item["value"])) for item in having] == [(op, value)]


@pytest.mark.parametrize("ask", ["除了华东的触达率", "不含华东的触达率", "去掉华东的触达率", "华东除外的触达率", "reach rate excluding East", "reach rate except East"])
def test_exclusions(ask):
    assert read_as(ask)["where"] == [{"dimension": "region", "op": "not_in", "values": ["华东"]}]


@pytest.mark.parametrize("ask", ["华东和华南的触达率", "华东或华南的触达率", "华东、华南触达率", "reach rate in East and South", "reach rate in East or South"])
def test_several_members_are_one_total(ask):
    assert read_as(ask) == {"metrics": ["reach_rate"], "where": [{"dimension": "region", "op": "in", "values": ["华东", "华南"]}]}


@pytest.mark.parametrize("ask", ["华东和华南触达率对比", "华东和华南的触达率分别是多少", "华东、华南两个大区各自的触达率", "华东 vs 华南 触达率", "compare reach rate in East and South"])
def test_words_that_set_members_side_by_side_group_them(ask):
    assert read_as(ask) == {"metrics": ["reach_rate"], "group_by": ["region"], "where": [{"dimension": "region", "op": "in", "values": ["华东", "华南"]}]}


@pytest.mark.parametrize("ask", ["总触达次数", "一共触达了多少次", "触达次数汇总", "total touches", "所有渠道的触达次数总计"])
def test_totals_have_no_group(ask):
    assert read_as(ask) == {"metrics": ["touches"]}


@pytest.mark.parametrize("ask", ["多少医生", "有多少医生", "how many doctors"])
def test_how_many_doctors_alone_asks_back(ask):
    understanding = asked(ask)
    offered = {option.query.metrics[0] for option in understanding.options}
    assert understanding.status == "clarify"
    assert {"reached_hcps", "target_hcps", "active_hcps"} <= offered


@pytest.mark.parametrize(("word", "metrics"), [("转化率", {"advance_rate", "aware_to_trial", "experiment_conversion"}), ("覆盖率", {"reach_rate", "hospital_coverage", "multichannel_rate"}),
                                               ("完成率", {"plan_completion", "attainment", "objective_completion"}), ("completion rate", {"plan_completion", "attainment", "objective_completion"})])
def test_words_that_match_several_metrics_ask_back(word, metrics):
    understanding = asked(word)
    assert understanding.status == "clarify"
    assert {option.query.metrics[0] for option in understanding.options} == metrics


def test_or_between_dimensions_asks_back():
    assert asked("华东或者微信的触达次数").status == "clarify"
