"""The sentence that answers: exact words for the shapes people ask, and what no sentence may ever hold."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.terms import Filter, Having, Keep, MemberCompare, MetricQuery, Order, Period
from nlq.answers.narration import find
from nlq.tables.view import Beside, View
from tests.unit.answer_samples import CHANNELS, NAMES, OCTOBER, REGIONS, SEPTEMBER, TODAY, YEAR, table

EAST = (Filter(dimension="region", op="in", values=("华东",)),)
RATES = dict(zip(REGIONS, (0.632, 0.61, 0.65, 0.58, 0.55, 0.51, 0.6), strict=True))
COMPARED = ["reach_rate", "reach_rate__base", "reach_rate__change", "reach_rate__growth"]


def query(*metrics: str, **shape: object):
    return MetricQuery(**({"metrics": metrics, "period": OCTOBER} | shape))


def view(q, t, language):
    return View(query=q, table=t, names=NAMES, language=language, today=TODAY)


def sentences(q, t, *, previous=None, peers=None):
    out = {}
    for language in ("zh", "en"):
        beside = Beside(previous=previous and view(q, previous, language), peers=peers and view(q, peers, language))
        out[language] = find(view(q, t, language), beside).sentence
    return out


def test_a_single_number_is_told_with_its_change_and_its_rank():
    said = sentences(
        query("reach_rate", where=EAST),
        table(["reach_rate"], [(0.632,)]),
        previous=table(COMPARED, [(0.632, 0.614, 0.018, 0.0293)], base_period=SEPTEMBER),
        peers=table(["region", "reach_rate"], list(RATES.items())),
    )
    assert said["zh"] == "华东 10 月触达率 63.2%，比 9 月高 1.8 个百分点，7 个大区中排第 2。"
    assert said["en"] == "East, October: reach rate 63.2%, 1.8 pp higher than September, 2nd of 7 regions."


def test_a_count_is_more_or_less_and_carries_its_growth():
    said = sentences(
        query("reached", where=EAST),
        table(["reached"], [(4812,)]),
        previous=table(["reached", "reached__base", "reached__change", "reached__growth"], [(4812, 4680, 132, 0.0282)], base_period=SEPTEMBER),
    )
    assert said["zh"] == "华东 10 月触达医生数 4,812 人，比 9 月多 132 人（+2.8%）。"
    assert said["en"] == "East, October: doctors reached 4,812, 132 doctors more than September (+2.8%)."


def test_rank_counts_only_members_that_may_be_shown_and_says_so():
    peers = table(["region", "reach_rate"], [(r, None if r == "华南" else v) for r, v in RATES.items()], hidden=[(2, "reach_rate", "small_group")])
    said = sentences(query("reach_rate", where=EAST), table(["reach_rate"], [(0.632,)]), peers=peers)
    assert said["zh"] == "华东 10 月触达率 63.2%，可显示的 6 个大区中排第 1。"
    assert "1st of 6 regions that can be shown" in said["en"]


def test_rank_from_below_where_lower_is_better_and_ties_are_joint():
    peers = table(["region", "cost"], [("华东", 12.0), ("华北", 12.0), ("华南", 9.0), ("华中", 30.0)])
    said = sentences(query("cost", where=EAST), table(["cost"], [(12.0,)]), peers=peers)
    assert said["zh"].endswith("4 个大区中由低到高并列第 2。")
    assert said["en"].endswith("joint 2nd lowest of 4 regions.")


def test_noised_numbers_are_approximate_and_get_no_rank():
    peers = table(["region", "nps"], list(RATES.items()), protection="noisy")
    said = sentences(query("nps", where=EAST), table(["nps"], [(0.632,)], protection="noisy"), peers=peers)
    assert said["zh"] == "华东 10 月净推荐值约 63.2。"
    assert said["en"] == "East, October: NPS about 63.2."


def test_groups_are_told_by_highest_and_lowest_and_counted():
    said = sentences(query("reach_rate", group_by=("region",)), table(["region", "reach_rate"], list(RATES.items())))
    assert said["zh"] == "10 月各大区触达率：华南最高（65.0%），西北最低（51.0%），共 7 个大区。"
    assert said["en"] == "October, reach rate by region: South highest at 65.0%, Northwest lowest at 51.0%, of 7 regions."


def test_the_lowest_that_is_shown_is_not_called_the_lowest_of_all():
    rows = [(r, None if r == "东北" else v) for r, v in RATES.items()]
    said = sentences(query("reach_rate", group_by=("region",)), table(["region", "reach_rate"], rows, hidden=[(6, "reach_rate", "small_group")]))
    assert said["zh"] == "10 月各大区触达率：可显示的 6 个大区中华南最高（65.0%），西北最低（51.0%）。另有 1 行因人数少于 10 或为保护它们而不显示。"
    assert "reach rate by region: of the 6 regions that can be shown, South highest at 65.0%, Northwest lowest at 51.0%." in said["en"]


def test_few_groups_are_all_named():
    said = sentences(query("reached", group_by=("segment",)), table(["segment", "reached"], [("A", 30), ("B", 20)]))
    assert said["zh"] == "10 月各客户分型触达医生数：客户分型 A 30 人，客户分型 B 20 人。"


def test_the_unknown_group_is_neither_first_nor_last_nor_counted():
    rows = [*RATES.items(), ("未知", 0.99)]
    said = sentences(query("reach_rate", group_by=("region",)), table(["region", "reach_rate"], rows))
    assert "未知" not in said["zh"]
    assert "共 7 个大区" in said["zh"]


def test_top_n_is_told_in_order_with_the_groups_that_could_not_be_ranked():
    q = query("reached", group_by=("region",), order=(Order(by="reached"),), limit=3)
    said = sentences(q, table(["region", "reached"], [("华东", 812), ("华北", 700), ("华南", 650)], hidden_groups=2))
    assert said["zh"] == "10 月触达医生数最多的 3 个大区：华东 812 人、华北 700 人、华南 650 人。2 个组人数不足，未参与排序，也未列出。"
    assert "3 regions with the most doctors reached: East 812, North 700, South 650" in said["en"]


def test_the_single_best_is_named_as_such():
    q = query("reach_rate", group_by=("region",), order=(Order(by="reach_rate", direction="asc"),), limit=1)
    said = sentences(q, table(["region", "reach_rate"], [("西北", 0.51)]))
    assert said["zh"] == "10 月触达率最低的大区是西北（51.0%）。"
    assert said["en"] == "October: the region with the lowest reach rate is Northwest (51.0%)."


def test_the_month_that_was_highest_is_named():
    q = MetricQuery(metrics=("reach_rate",), period=YEAR, grain="month", order=(Order(by="reach_rate"),), limit=1)
    assert sentences(q, table(["period", "reach_rate"], [("2026-06-01", 0.66)], period=YEAR))["zh"] == "触达率最高的月份是 6 月（66.0%）。"


def test_a_trend_is_told_from_start_to_end_with_its_peak():
    rows = [("2025-11-01", 0.5), ("2026-05-01", 0.7), ("2026-10-01", 0.61)]
    said = sentences(MetricQuery(metrics=("reach_rate",), period=YEAR, grain="month"), table(["period", "reach_rate"], rows, period=YEAR))
    assert said["zh"] == "触达率从 2025 年 11 月的 50.0% 升到 10 月的 61.0%，5 月最高（70.0%）。"
    assert said["en"] == "Reach rate rose from 50.0% in November 2025 to 61.0% in October, highest in May (70.0%)."


def test_a_unit_that_is_not_over_is_no_fall():
    period = Period(start=date(2026, 9, 1), end=date(2026, 11, 16))
    q = MetricQuery(metrics=("reached",), period=period, grain="month")
    said = sentences(q, table(["period", "reached"], [("2026-09-01", 40), ("2026-10-01", 50), ("2026-11-01", 20)], period=period))
    assert said["zh"] == "触达医生数从 9 月的 40 人升到 10 月的 50 人；11 月至今 20 人（未满）。"
    assert said["en"] == "Doctors reached rose from 40 in September to 50 in October; 20 so far in November."


def test_a_unit_that_had_begun_before_the_period_is_no_rise():
    period = Period(start=date(2026, 7, 20), end=date(2026, 10, 1))
    q = MetricQuery(metrics=("reached",), period=period, grain="month")
    said = sentences(q, table(["period", "reached"], [("2026-07-01", 4), ("2026-08-01", 50), ("2026-09-01", 40)], period=period))
    assert said["zh"] == "触达医生数从 8 月的 50 人降到 9 月的 40 人；7 月只含后一部分，4 人。"
    assert said["en"] == "Doctors reached fell from 50 in August to 40 in September; 4 in July, of which only the later part counts."


def test_a_trend_of_groups_is_told_by_who_leads_at_its_end():
    rows = [(month, c, 10 * i + (month == "2026-10-01")) for month in ("2026-09-01", "2026-10-01") for i, c in enumerate(CHANNELS, start=1)]
    q = MetricQuery(metrics=("reached",), period=Period(start=date(2026, 9, 1), end=date(2026, 11, 1)), grain="month", group_by=("channel",))
    assert sentences(q, table(["period", "channel", "reached"], rows))["zh"] == "10 月各渠道触达医生数：邮件最多（41 人），面对面拜访最少（11 人）。"


def test_groups_against_another_period_are_counted_up_and_down():
    rows = [("华东", 0.6, 0.5, 0.1, 0.2), ("华北", 0.5, 0.6, -0.1, -0.17), ("华南", 0.7, 0.5, 0.2, 0.4)]
    said = sentences(query("reach_rate", group_by=("region",), compare="previous_period"), table(["region", *COMPARED], rows, base_period=SEPTEMBER))
    assert said["zh"] == "10 月触达率与 9 月相比：3 个大区中 2 个上升、1 个下降，华南升幅最大（+20.0 个百分点），华北降幅最大（−10.0 个百分点）。"


def test_a_member_is_compared_with_a_member():
    q = query("reach_rate", where=EAST, compare=MemberCompare(dimension="region", base="华南"))
    said = sentences(q, table(["region", *COMPARED], [("华东", 0.632, 0.6, 0.032, 0.05)]))
    assert said["zh"] == "10 月华东触达率 63.2%，比华南（60.0%）高 3.2 个百分点。"


def test_share_and_rank_of_a_kept_member():
    keep = (Keep(dimension="channel", values=("微信",)),)
    shared = sentences(query("reached", group_by=("channel",), share=True, keep=keep), table(["channel", "reached", "reached__share"], [("微信", 12345, 0.352)]))
    assert shared["zh"] == "10 月微信占触达医生数的 35.2%（12,345 人）。"
    kept = query("reach_rate", group_by=("region",), order=(Order(by="reach_rate"),), keep=(Keep(dimension="region", values=("华东",)),))
    ranked = sentences(kept, table(["region", "reach_rate", "reach_rate__rank"], [("华东", 0.632, 2)], total_groups=7))
    assert ranked["zh"] == "10 月华东触达率 63.2%，7 个大区中排第 2。"
    assert ranked["en"].endswith("2nd of 7 regions.")


def test_a_threshold_counts_the_groups_that_pass_it():
    q = query("reach_rate", group_by=("region",), having=(Having(metric="reach_rate", op="<", value=0.6),))
    rows = [("华中", 0.58), ("西南", 0.55), ("西北", 0.51)]
    said = sentences(q, table(["region", "reach_rate"], rows))
    assert said["zh"] == "10 月，3 个大区的触达率低于 60%：华中 58.0%、西南 55.0%、西北 51.0%。"
    assert "3 regions have reach rate below 60%" in said["en"]
    assert sentences(q, table(["region", "reach_rate"], []))["zh"] == "10 月没有大区的触达率低于 60%。"


def test_a_measured_difference_says_whether_it_is_one():
    columns = ["effect", "effect__base", "effect__change", "effect__ci_low", "effect__ci_high", "effect__p_value"]
    sure = sentences(query("effect"), table(columns, [(0.12, 0.09, 0.03, 0.011, 0.049, 0.0021)]))
    assert "相差 +3.0 个百分点（95% 置信区间 +1.1 至 +4.9，p = 0.002），差异显著" in sure["zh"]
    unsure = sentences(query("effect"), table(columns, [(0.12, 0.11, 0.01, -0.011, 0.031, 0.35)]))
    assert "差异不显著" in unsure["zh"]
    assert "not distinguishable from none" in unsure["en"]


def test_a_lift_is_itself_the_difference_and_each_group_has_its_verdict():
    columns = ["experiment", "lift", "lift__ci_low", "lift__ci_high", "lift__p_value"]
    q = query("lift", group_by=("experiment",))
    said = sentences(q, table(columns, [("新素材", 0.031, 0.011, 0.05, 0.0004), ("短信提醒", 0.002, -0.01, 0.014, 0.7)]))
    assert said["zh"] == (
        "10 月新素材：实验提升 +3.1 个百分点（95% 置信区间 +1.1 至 +5.0，p < 0.001），差异显著；"
        "短信提醒：实验提升 +0.2 个百分点（95% 置信区间 −1.0 至 +1.4，p = 0.700），差异不显著。"
    )
    assert "experiment lift +3.1 pp (95% interval +1.1 to +5.0, p < 0.001), distinguishable from none" in said["en"]


def test_the_metrics_own_caveat_is_part_of_the_answer():
    said = sentences(query("roi"), table(["roi"], [(3.456,)]))
    assert said == {"zh": "10 月投入产出比 3.46。注意：非增量。", "en": "October: return on spend 3.46. Note: not incremental."}


def test_nothing_found_and_nothing_computable_are_said_differently():
    assert sentences(query("reached", where=EAST), table(["reached"], []))["zh"] == "华东 10 月没有符合条件的数据。"
    assert sentences(query("reach_rate"), table(["reach_rate"], [(None,)]))["zh"] == "10 月触达率没有可计算的数值。"


def test_exclusions_and_values_that_say_nothing_alone_are_spelled_out():
    where = (*EAST, Filter(dimension="channel", op="not_in", values=("微信", "邮件")))
    assert sentences(query("reached", where=where), table(["reached"], [(12,)]))["zh"] == "华东（不含微信、邮件）10 月触达医生数 12 人。"
    where = (Filter(dimension="segment", op="in", values=("A", "B")), Filter(dimension="is_target", op="in", values=("是",)))
    assert sentences(query("reached", where=where), table(["reached"], [(1,)]))["en"] == "Segment A and B, Target doctor: Yes, October: doctors reached 1."


# --------------------------------------------------------------------------- promises

SHAPES = {
    "grouped": ({"group_by": ("region",)}, ["region", "reached"]),
    "ranked": ({"group_by": ("region",), "order": (Order(by="reached"),)}, ["region", "reached"]),
    "top": ({"group_by": ("region",), "order": (Order(by="reached"),), "limit": 5}, ["region", "reached"]),
    "shared": ({"group_by": ("region",), "share": True}, ["region", "reached", "reached__share"]),
    "compared": ({"group_by": ("region",), "compare": "previous_period"}, ["region", "reached", "reached__base", "reached__change", "reached__growth"]),
    "member": ({"compare": MemberCompare(dimension="region", base="东北")}, ["region", "reached", "reached__base", "reached__change", "reached__growth"]),
    "having": ({"group_by": ("region",), "having": (Having(metric="reached", op=">", value=10),)}, ["region", "reached"]),
    "kept": ({"group_by": ("region",), "keep": (Keep(dimension="region", values=("华东", "华北")),)}, ["region", "reached"]),
}


@settings(max_examples=150, deadline=None)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    numbers=st.lists(st.integers(3_000, 9_999), min_size=6, max_size=6, unique=True),
    gone=st.sets(st.integers(0, 5), min_size=1, max_size=6),
    language=st.sampled_from(["zh", "en"]),
)
def test_no_sentence_or_headline_tells_what_was_hidden_nor_crashes(shape, numbers, gone, language):
    more, columns = SHAPES[shape]
    metrics = columns[1:]
    rows, hidden = [], []
    for index, (region, value) in enumerate(zip(REGIONS, numbers, strict=False)):
        cells = [None if index in gone else value if name == "reached" else 0.125 if name.endswith(("share", "growth")) else value // 7 for name in metrics]
        hidden += [(index, name, "small_group") for name in metrics if index in gone]
        rows.append((region, *cells))
    finding = find(view(query("reached", **more), table(columns, rows, hidden=hidden, base_period=SEPTEMBER), language))
    told = set(re.findall(r"\d+", (finding.sentence + finding.headline).replace(",", "")))
    for index in gone:
        assert str(numbers[index]) not in told
    assert "10" in told or not gone, "hidden cells are mentioned with the minimum group"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_ends_and_holds_no_gap_or_none(language):
    for more, columns in SHAPES.values():
        rows = [(r, *(0.5 if "share" in c or "growth" in c else 500 + i for c in columns[1:])) for i, r in enumerate(REGIONS)]
        said = find(view(query("reached", **more), table(columns, rows, base_period=SEPTEMBER), language)).sentence
        assert said.endswith("。" if language == "zh" else ".")
        assert "None" not in said
        assert "  " not in said
