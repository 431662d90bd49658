"""The demo company's story, recomputed from the raw files with the truth: plausible, and each planted effect visible."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from scipy import stats

from tests.unit.demo_company import company

STAGES = ("没听说过", "听说过", "了解并认可", "尝试过", "常规使用", "会推荐给同行")
FINANCE = {"EC": "华东", "NC": "华北", "SC": "华南", "CC": "华中", "SW": "西南", "NW": "西北", "NE": "东北"}


def _delivered() -> pd.DataFrame:
    touches = company().touches()
    touches = touches[touches.delivered & touches["at"].notna()].copy()
    touches["month"] = touches["at"].dt.to_period("M")
    return touches


@pytest.mark.parametrize("seed", [11, 12])
def test_reach_of_target_doctors_is_between_a_half_and_four_fifths_in_every_complete_month(seed):
    demo = company(seed=seed)
    targets = demo.records().query("is_target == 'Y'").index
    touches = demo.touches()
    touches = touches[touches.delivered & touches.person.isin(targets)]
    reach = touches.groupby(touches["at"].dt.to_period("M")).person.nunique() / len(targets)
    complete = reach[reach.index < pd.Period("2026-11")]
    assert len(complete) == 24
    assert complete.min() >= 0.5
    assert complete.max() <= 0.8


def test_regions_segments_and_channels_differ():
    demo = company()
    people = demo.records()
    targets = people[people.is_target == "Y"]
    touches = _delivered()
    touches = touches[touches.person.isin(targets.index)].join(targets[["region", "segment"]], on="person")
    year = touches[touches.month.between(pd.Period("2025-11"), pd.Period("2026-10"))]

    def reach(by: str) -> pd.Series:
        months = year.groupby([by, "month"]).person.nunique().groupby(by).mean()
        return months / targets[by].value_counts() if by in targets else months / len(targets)

    region, segment, channel = reach("region"), reach("segment"), reach("channel")
    assert region.max() - region.min() > 0.08
    assert segment["A"] > segment["B"] > segment["C"] > segment["D"]
    assert channel["F2F"] > channel["REMOTE"] > channel["CALL"]
    assert touches.channel.nunique() == 7


def test_the_spring_festival_empties_the_field_and_shows_in_touches_and_sales():
    touches = _delivered()
    for new_year in (date(2025, 1, 29), date(2026, 2, 17)):
        days = pd.to_datetime(new_year) + pd.to_timedelta(range(-1, 7), unit="D")
        field = touches[touches.channel.isin(["F2F", "REMOTE", "CALL", "CONGRESS"])]
        assert not field["at"].dt.normalize().isin(days).any()
    monthly = touches.groupby("month").size()
    assert monthly["2026-02"] < 0.85 * monthly[["2026-01", "2026-03"]].mean()
    sales = company().read("sales_hospital_month")
    revenue = sales["金额"].astype(float).groupby(sales["月份"]).sum()
    assert revenue["202602"] < 0.9 * revenue[["202601", "202603"]].mean()


def test_hours_and_weekdays_are_those_of_people():
    touches = _delivered()
    hour, weekday = touches["at"].dt.hour, touches["at"].dt.day_of_week
    assert hour.min() >= 7
    assert hour.max() <= 22
    visits = touches[touches.channel.isin(["F2F", "REMOTE"])]
    assert (visits["at"].dt.day_of_week >= 5).mean() < 0.06
    assert visits["at"].dt.hour.between(8, 19).all()
    assert (weekday[touches.channel == "CONGRESS"] >= 5).mean() > 0.7
    assert (weekday[touches.channel == "EMAIL"] < 5).all()


def test_open_rates_differ_by_channel_and_lie_where_the_field_has_them():
    opened = _delivered().groupby("channel").opened.mean()
    assert 0.3 < opened["WECHAT"] < 0.55
    assert 0.12 < opened["EMAIL"] < 0.32


def _stages() -> pd.DataFrame:
    answers = company().read("survey_responses")
    answers = answers[answers.stage_answer != ""].copy()
    answers["at"] = pd.to_datetime(answers.submitted_at)
    answers["rank"] = answers.stage_answer.map(STAGES.index)
    return answers.sort_values("at")


def test_perception_rises_with_exposure_and_some_fall():
    answers = _stages()
    ends = answers.groupby(["person", "product"])["rank"].agg(["first", "last", "size"])
    moved = ends[ends["size"] >= 3]
    change = (moved["last"] - moved["first"]).groupby("person").sum()
    touches = _delivered().groupby("person").size().reindex(change.index).fillna(0)
    assert (moved["last"] < moved["first"]).mean() > 0.03
    assert change.mean() > 0
    assert change[touches >= touches.median()].mean() > change[touches < touches.median()].mean()
    assert stats.spearmanr(touches, change).pvalue < 0.05
    assert set(answers["rank"]) == set(range(6))


def test_some_who_know_a_product_try_it_within_ninety_days():
    answers = _stages()
    aware = answers[answers["rank"] == 1].groupby(["person", "product"])["at"].min().reset_index()
    aware = aware[aware["at"] < pd.Timestamp("2026-08-01")]
    later = aware.merge(answers[answers["rank"] >= 3], on=["person", "product"], suffixes=("", "_later"))
    won = later[(later.at_later > later["at"]) & (later.at_later <= later["at"] + pd.Timedelta(days=90))]
    share = len(won.drop_duplicates(["person", "product"])) / len(aware)
    assert 0.01 < share < 0.3


def test_better_views_go_with_better_scores():
    answers = _stages()
    for column, low, high in (("score", 1, 5), ("nps", 0, 10)):
        value = pd.to_numeric(answers[column], errors="coerce")
        kept = value.between(low, high)
        assert kept.mean() > 0.8
        assert stats.spearmanr(value[kept], answers["rank"][kept]).statistic > 0.3


def _attainment() -> pd.DataFrame:
    demo = company()
    sales = demo.read("sales_hospital_month")
    sales["region"] = sales["医院编码"].map(demo.read("hospitals").set_index("hospital_code").region)
    sales["month"] = sales["月份"].str[:4] + "-" + sales["月份"].str[4:]
    revenue = sales.assign(money=sales["金额"].astype(float)).pivot_table(
        index="month", columns="region", values="money", aggfunc="sum"
    )
    targets = demo.read("targets")
    targets["money"] = targets.target_revenue_10k.astype(float) * 10_000
    goal = targets.assign(region=targets.region.map(FINANCE)).pivot_table(
        index="month", columns="region", values="money", aggfunc="sum"
    )
    return (revenue / goal).dropna()


def test_attainment_lies_around_one_and_regions_take_different_courses():
    ratio = _attainment()
    complete = ratio[ratio.index < "2026-11"]
    assert len(complete) == 24
    assert complete.min().min() > 0.78
    assert complete.max().max() < 1.18
    course = complete.tail(6).mean() - complete.head(6).mean()
    assert course["华中"] > 0.03
    assert course["东北"] < -0.03
    assert (ratio.loc["2026-11"] < 0.95).all()


def test_sales_bring_in_several_times_what_was_spent():
    demo = company()
    sales, spend = demo.read("sales_hospital_month"), demo.read("spend")
    assert 2 < sales["金额"].astype(float).sum() / spend.amount.astype(float).sum() < 12
    touches = _delivered().groupby("channel").size()
    cost = spend.amount.astype(float).groupby(spend.channel).sum() / touches
    assert cost["CONGRESS"] > cost["F2F"] > cost["REMOTE"] > cost["CALL"] > cost["WECHAT"] > cost["EMAIL"]


def test_plans_are_met_more_or_less():
    demo = company()
    targets = demo.read("targets")
    planned = targets.planned_touches.astype(int).groupby(targets.month).sum()
    done = _delivered().groupby("month").size()
    done.index = done.index.astype(str)
    ratio = (done / planned).dropna()
    assert ratio[ratio.index < "2026-11"].between(0.65, 1.35).all()


def _experiment(name: str) -> tuple[float, float, float]:
    rows = company(seed=11, scale=0.3).read("experiment_assignments")
    rows = rows[rows.experiment == name]
    table = pd.crosstab(rows.variant, rows.converted_at != "")
    rate = table[True] / table.sum(axis=1)
    return rate["control"], rate["treatment"], stats.chi2_contingency(table, correction=False).pvalue


def test_one_experiment_has_a_real_difference_and_one_has_none():
    control, treatment, p = _experiment("微信开篇方式实验")
    assert treatment - control > 0.03
    assert p < 0.01
    control, treatment, p = _experiment("邮件发送时段实验")
    assert abs(treatment - control) < 0.005
    assert p > 0.5


def test_conversions_follow_their_assignment():
    rows = company().read("experiment_assignments")
    done = rows[rows.converted_at != ""]
    assert (done.assigned_at < done.converted_at).all()
    assert not rows.duplicated(["experiment", "person"]).any()


def test_consents_have_versions_grow_and_are_withdrawn_until_the_last_days():
    demo = company()
    rows = demo.read("consents")
    assert set(rows.notice_version) == {"v1.0", "v2.0"}
    assert ((rows.crm_id == "") != (rows.unionid == "")).all()
    gone = rows[rows.withdrawn_at != ""]
    assert (gone.granted_at < gone.withdrawn_at).all()
    assert (gone.withdrawn_at >= "2026-11-16").any()
    assert 0.01 < gone.person.nunique() / len(demo.records()) < 0.05
    again = rows[rows.duplicated(["person", "purpose"], keep=False)]
    assert len(again) > 100

    def rate(day: str) -> float:
        valid = rows[(rows.granted_at < day) & ((rows.withdrawn_at == "") | (rows.withdrawn_at >= day))]
        return valid.person.nunique() / len(demo.records())

    assert 0.35 < rate("2025-04-01") < rate("2025-12-01") < rate("2026-06-01") < 0.95
