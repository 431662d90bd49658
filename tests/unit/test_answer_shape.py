"""The answer's contract (contracts.md section 3), its explanation, its table for people, its companions and what it suggests next."""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.events import Receipt
from governance.errors import UnsoundQuery
from governance.terms import DimensionScope, Filter, HiddenCell, MetricQuery, Order, Period, Refusal, Text
from nlq.answers.answer import Option, answered, clarify, not_understood, refused, unsound
from nlq.answers.companions import companions_for
from nlq.answers.display import display_rows
from nlq.answers.suggestions import Suggestion, period_words, suggest
from nlq.tables.view import View
from tests.unit.answer_samples import NAMES, OCTOBER, REGIONS, SEPTEMBER, TODAY, grant, note, table

KEYS = [
    "status", "query", "columns", "rows", "suppressed", "clarify", "refusal", "explanation", "chart", "suggestions", "receipt",
    "data_as_of", "data_version", "timings_ms",
]  # fmt: skip
EXPLAINED = ["summary", "metrics", "period", "filters", "policy", "assumptions", "rows"]
TIMED = ["understand", "decide", "plan", "execute", "disclose", "audit", "total"]
RECEIPT = Receipt(event="e1", index=48213, checkpoint="note")
EAST = (Filter(dimension="region", op="in", values=("华东",)),)
BY_REGION = MetricQuery(metrics=("reach_rate",), group_by=("region",), period=OCTOBER)


@dataclass(frozen=True)
class Told:
    """What the gateway hands over, made by hand."""

    disclosed: object
    grant: object
    companions: tuple = ()
    receipt: Receipt = RECEIPT
    data_as_of: date = date(2026, 11, 14)
    data_version: str = "load-7"
    timings_ms: dict = field(default_factory=lambda: {"decide": 1.5, "plan": 2.0, "execute": 30.0})


def told(query, t, *companions: object, **more: object):
    return Told(disclosed=t, grant=grant(query, **more), companions=companions)


def regional(**more: object):
    rows = [(r, 0.5 + i / 100) for i, r in enumerate(REGIONS)]
    return table(["region", "reach_rate"], rows, **more)


def all_answers():
    option = Option(label="触达率", query=BY_REGION)
    refusal = Refusal(code="row_scope", message=Text(zh="只能看本区", en="own region only"), rule="manager.scope", you_may=(Text(zh="看华东", en="ask for East"),))
    for language in ("zh", "en"):
        yield answered(told(BY_REGION, regional()), NAMES, language)
        yield refused(refusal, language, receipt=RECEIPT, query=BY_REGION)
        yield clarify("哪一个？", [option], language)
        yield not_understood("没听懂", language, nearest=["上个月触达率"])
        alternative = {"metrics": ["reach_rate"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
        yield unsound(UnsoundQuery("not soundly", alternatives=[alternative], zh="不成立"), NAMES, language)


def test_every_answer_has_exactly_the_contracts_keys_in_its_order():
    for answer in all_answers():
        said = answer.to_json()
        assert list(said) == KEYS
        assert list(said["explanation"]) == EXPLAINED
        assert list(said["timings_ms"]) == TIMED
        json.dumps(said, allow_nan=False)


def test_an_answer_carries_rows_as_the_warehouse_has_them_and_labels_in_the_language():
    said = answered(told(BY_REGION, regional()), NAMES, "en").to_json()
    assert said["status"] == "answered"
    assert said["rows"][0] == ["华东", 0.5]
    assert said["columns"][0] == {"name": "region", "label": "Region", "kind": "dimension", "unit": None, "format": "text", "protection": "exact"}
    assert said["query"]["metrics"] == ["reach_rate"]
    assert said["receipt"] == {"event": "e1", "index": 48213, "checkpoint": "note"}
    assert (said["data_as_of"], said["data_version"]) == ("2026-11-14", "load-7")
    assert said["explanation"]["summary"].startswith("October, reach rate by region: Northeast highest")
    assert said["timings_ms"]["total"] == pytest.approx(33.5)


def test_an_extreme_among_ones_own_members_is_not_told_as_one_among_all():
    lowest = replace(BY_REGION, order=(Order(by="reach_rate", direction="asc"),), limit=1)
    mine = {"scopes": (DimensionScope(dimension="region", values=("华东",)),)}
    assert answered(told(lowest, regional(), **mine), NAMES, "zh").explanation.summary.startswith("在您可见的范围内：")
    assert answered(told(lowest, regional(), **mine), NAMES, "en").explanation.summary.startswith("Within what you may see: ")
    for query, more in ((lowest, {}), (BY_REGION, mine)):
        assert "可见的范围" not in answered(told(query, regional(), **more), NAMES, "zh").explanation.summary


def test_a_comparison_that_has_nothing_to_compare_with_says_so_in_its_sentence():
    lone = regional(notes=(note("no_base_data", "对比期没有数据，因此没有对比。", "There are no data, so nothing is compared."),))
    assert answered(told(BY_REGION, lone), NAMES, "zh").explanation.summary.endswith("没有对比。")
    assert answered(told(BY_REGION, lone), NAMES, "en").explanation.summary.endswith("nothing is compared.")


def test_hidden_cells_are_null_and_listed():
    t = regional(hidden=[(1, "reach_rate", "small_group")])
    t = replace_cell(t, 1, None)
    said = answered(told(BY_REGION, t), NAMES, "zh").to_json()
    assert said["rows"][1] == ["华北", None]
    assert said["suppressed"] == [{"row": 1, "column": "reach_rate", "reason": "small_group"}]
    assert any("1 个单元格因人数不足未显示" in line for line in said["explanation"]["policy"])


def replace_cell(t, at, value):
    return replace(t, rows=tuple((row[0], value) if i == at else row for i, row in enumerate(t.rows)))


@given(value=st.one_of(st.floats(), st.integers(-(2**40), 2**40), st.decimals(allow_nan=True), st.dates(), st.text(), st.none()))
def test_any_cell_becomes_plain_json(value):
    t = table(["region", "reach_rate"], [("华东", value), ("华北", np.float64(0.5)), ("华南", np.int64(7))])
    answer = replace(answered(told(BY_REGION, regional()), NAMES, "zh", draw=False), rows=t.rows)
    rows = json.loads(json.dumps(answer.to_json(), allow_nan=False))["rows"]
    assert rows[1:] == [["华北", 0.5], ["华南", 7]]
    if isinstance(value, (float, Decimal)) and not Decimal(value).is_finite():
        assert rows[0][1] is None


def test_a_refusal_says_why_and_what_may_be_asked_and_holds_no_data():
    answers = {a.language: a.to_json() for a in all_answers() if a.status == "refused"}
    assert answers["en"]["refusal"] == {"code": "row_scope", "message": "own region only", "rule": "manager.scope", "you_may": ["ask for East"]}
    assert answers["zh"]["explanation"]["summary"] == "只能看本区"
    assert (answers["zh"]["rows"], answers["zh"]["columns"], answers["zh"]["chart"]) == ([], [], None)


def test_an_unsound_question_asks_back_with_the_sound_ones_in_words():
    answers = {a.language: a.to_json() for a in all_answers() if a.status == "clarify" and a.clarify.ask in {"不成立", "not soundly"}}
    assert answers["zh"]["clarify"]["options"][0]["label"] == "触达率 · 2026-10-01 至 10-31"
    assert answers["en"]["clarify"]["options"][0]["label"] == "Reach rate · 2026-10-01 to 2026-10-31"
    assert answers["en"]["query"]["metrics"] == ["reach_rate"]


# --------------------------------------------------------------------------- explanation


def test_the_explanation_states_period_filters_policy_assumptions_and_the_definition_in_force():
    query = MetricQuery(metrics=("roi",), period=OCTOBER, where=(Filter(dimension="channel", op="not_in", values=("邮件",)), *EAST))
    obligations = (Text(zh="已限定为本人大区：华东", en="Narrowed to the own region: East"),)
    t = table(["roi"], [(2.0,)], base_period=SEPTEMBER, notes=(note("unmatched", "12 行没有匹配的大区，计入未知", "12 rows match no region and count as unknown"),))
    said = answered(told(query, t, obligations=obligations), NAMES, "zh", assumptions=["没有说时间，按上个完整月"], purpose=Text(zh="市场分析", en="Market analysis")).to_json()
    explained = said["explanation"]
    assert explained["period"] == "2026-10-01 至 10-31，对比 2026-09-01 至 09-30"
    assert explained["filters"] == ["渠道：不含邮件", "大区：华东"]
    assert explained["policy"][:2] == ["目的：市场分析", "已限定为本人大区：华东"]
    assert "少于 10 位医生的单元格不显示" in explained["policy"]
    assert explained["assumptions"] == ["没有说时间，按上个完整月", "12 行没有匹配的大区，计入未知", "非增量"]
    metric = explained["metrics"][0]
    assert {k: metric[k] for k in ("id", "version", "approver", "approved_on")} == {"id": "roi", "version": "3", "approver": "治理委员会", "approved_on": "2026-06-12"}


def test_noise_and_rounding_are_said():
    query = MetricQuery(metrics=("nps",), period=OCTOBER)
    explained = answered(told(query, table(["nps"], [(0.2,)], protection="noisy")), NAMES, "en").to_json()["explanation"]
    assert "NPS carries protective noise and is approximate" in explained["policy"]


def test_a_metric_without_a_period_says_so():
    query = MetricQuery(metrics=("targets",))
    said = answered(told(query, table(["targets"], [(4812,)])), NAMES, "zh").to_json()
    assert said["explanation"]["period"] == "当前数，与期间无关"
    assert said["explanation"]["summary"] == "目标医生数 4,812。"


# --------------------------------------------------------------------------- the table for people


def test_the_table_for_people_has_units_in_headers_and_marks_with_reasons():
    rows = [("华东", 1_230_000.0), ("华北", None), ("华南", 456_700.0), (None, None)]
    t = table(["region", "revenue"], rows, hidden=[(1, "revenue", "small_group")])
    answer = answered(told(MetricQuery(metrics=("revenue",), group_by=("region",), period=OCTOBER), t), NAMES, "zh")
    zh, en = display_rows(answer, NAMES, "zh"), display_rows(answer, NAMES, "en")
    assert [(c.label, c.unit, c.numeric) for c in zh.columns] == [("大区", None, False), ("销售额", "万元", True)]
    assert [[c.text for c in row] for row in zh.rows] == [["华东", "123.00"], ["华北", "‹10"], ["华南", "45.67"], ["未知", "—"]]
    assert [[c.text for c in row] for row in en.rows] == [["East", "1,230,000"], ["North", "‹10"], ["South", "456,700"], ["Unknown", "—"]]
    assert zh.rows[1][1].why == "少于 10 人，为避免识别到个人而不显示"
    assert zh.rows[1][1].raw is None


def test_periods_and_differences_in_the_table_for_people():
    query = MetricQuery(metrics=("reach_rate",), grain="month", period=Period(start=date(2026, 9, 1), end=date(2026, 11, 1)), compare="previous_year")
    t = table(["period", "reach_rate", "reach_rate__base", "reach_rate__change", "reach_rate__growth"], [("2026-09-01", 0.6, 0.5, 0.1, 0.2)])
    shown = display_rows(answered(told(query, t), NAMES, "zh"), NAMES, "zh")
    assert [c.text for c in shown.rows[0]] == ["2026-09", "60.0%", "50.0%", "+10.0", "+20.0%"]
    assert shown.columns[3].unit == "个百分点"


# --------------------------------------------------------------------------- companions


def test_a_single_number_takes_the_period_before_and_its_peers_along():
    query = MetricQuery(metrics=("reach_rate",), where=EAST)
    found = {c.kind: c.query for c in companions_for(query, NAMES)}
    assert found == {
        "previous": MetricQuery(metrics=("reach_rate",), where=EAST, compare="previous_period"),
        "peers": MetricQuery(metrics=("reach_rate",), group_by=("region",)),
    }


@pytest.mark.parametrize(
    "query",
    [
        MetricQuery(metrics=("reach_rate",), group_by=("region",)),
        MetricQuery(metrics=("reach_rate",), grain="month"),
        MetricQuery(metrics=("reach_rate", "reached")),
        MetricQuery(metrics=("reach_rate",), compare="previous_year"),
        MetricQuery(metrics=("reached",), group_by=("region",), order=(Order(by="reached"),), limit=1),
        MetricQuery(metrics=("targets",)),
        MetricQuery(metrics=("effect",)),
        MetricQuery(metrics=("unheard_of",)),
    ],
)
def test_other_questions_take_nothing_along(query):
    assert companions_for(query, NAMES) == ()


@pytest.mark.parametrize(
    "where",
    [
        Filter(dimension="hospital", op="in", values=("第一医院",)),
        Filter(dimension="hcp", op="in", values=("h1",)),
        Filter(dimension="is_target", op="in", values=("是",)),
        Filter(dimension="region", op="not_in", values=("华东",)),
        Filter(dimension="region", op="in", values=("华东", "华北")),
    ],
)
def test_only_a_member_of_a_small_closed_dimension_has_peers(where):
    kinds = [c.kind for c in companions_for(MetricQuery(metrics=("reach_rate",), where=(where,)), NAMES)]
    assert kinds == ["previous"]


def test_companions_never_change_the_table_and_missing_ones_only_shorten_the_sentence():
    query = MetricQuery(metrics=("reach_rate",), where=EAST, period=OCTOBER)
    own, companions = table(["reach_rate"], [(0.632,)]), companions_for(query, NAMES)
    before = table(["reach_rate", "reach_rate__base", "reach_rate__change", "reach_rate__growth"], [(0.632, 0.614, 0.018, 0.03)], base_period=SEPTEMBER)
    full = answered(told(query, own, before, regional_with_east(), None), NAMES, "zh", companions=companions, draw=False)
    bare = answered(told(query, own, None, None, None), NAMES, "zh", companions=companions, draw=False)
    assert (full.columns, full.rows) == (bare.columns, bare.rows) == (own.columns, own.rows)
    assert full.explanation.summary == "华东 10 月触达率 63.2%，比 9 月高 1.8 个百分点，7 个大区中排第 2。"
    assert bare.explanation.summary == "华东 10 月触达率 63.2%。"


def test_a_single_number_is_drawn_at_the_end_of_the_months_up_to_it_or_not_at_all():
    query = MetricQuery(metrics=("reach_rate",), period=OCTOBER)
    companions = companions_for(query, NAMES)
    recent = companions[-1].query
    assert (recent.grain, recent.period) == ("month", Period(start=date(2026, 5, 1), end=date(2026, 11, 1)))
    own = table(["reach_rate"], [(0.632,)])

    def trend(last):
        months = [f"2026-{month:02d}-01" for month in range(5, 11)]
        rows = list(zip(months, (0.5, 0.52, None, 0.55, 0.6, last), strict=True))
        return table(["period", "reach_rate"], rows, period=recent.period)

    drawn = answered(told(query, own, None, trend(0.632)), NAMES, "zh", companions=companions)
    assert drawn.chart is not None
    assert drawn.rows == own.rows
    # Noise or a reload in between would make the picture contradict the number.
    assert answered(told(query, own, None, trend(0.64)), NAMES, "zh", companions=companions).chart is None
    assert answered(told(query, own, None, None), NAMES, "zh", companions=companions).chart is None


def regional_with_east():
    rates = (0.632, 0.61, 0.65, 0.58, 0.55, 0.51, 0.6)
    return table(["region", "reach_rate"], list(zip(REGIONS, rates, strict=True)))


@pytest.mark.parametrize(
    "change",
    [
        {"period": Period(start=date(2026, 9, 1), end=date(2026, 10, 1))},
        {"rows": ((0.633, 0.614, 0.019, 0.03),)},
        {"rows": ((None, 0.614, None, None),)},
    ],
)
def test_a_companion_that_disagrees_with_the_answer_is_left_out(change):
    query = MetricQuery(metrics=("reach_rate",), where=EAST, period=OCTOBER)
    before = table(["reach_rate", "reach_rate__base", "reach_rate__change", "reach_rate__growth"], [(0.632, 0.614, 0.018, 0.03)], base_period=SEPTEMBER)
    own, other = table(["reach_rate"], [(0.632,)]), replace(before, **change)
    said = answered(told(query, own, other, None), NAMES, "zh", companions=companions_for(query, NAMES), draw=False)
    assert said.explanation.summary == "华东 10 月触达率 63.2%。"


# --------------------------------------------------------------------------- suggestions


def suggestions(query, language, accept=lambda s: True, peers=None, dimensions=("region", "channel", "segment", "hcp", "hospital")):
    view = View(query=query, table=table(["reach_rate"], [(0.632,)]), names=NAMES, language=language, today=TODAY)
    beside = peers and View(query=query, table=peers, names=NAMES, language=language, today=TODAY)
    return suggest(view, NAMES, dimensions, accept, peers=beside)


def test_suggestions_are_questions_in_the_askers_language():
    query = MetricQuery(metrics=("reach_rate",), where=EAST, period=OCTOBER)
    assert suggestions(query, "zh", peers=regional_with_east()) == ("上个月华东各渠道的触达率", "上个月华东触达率同比", "上个月华东和华南的触达率对比")
    assert suggestions(query, "en") == ("reach rate by channel in East last month", "reach rate in East last month year on year", "reach rate trend in East last 12 months")


def test_only_accepted_suggestions_are_offered_and_each_carries_the_query_it_means():
    query = MetricQuery(metrics=("reach_rate",), where=EAST, period=OCTOBER)
    seen: list[Suggestion] = []
    assert suggestions(query, "zh", accept=lambda s: seen.append(s) or False) == ()
    assert seen[0].query == MetricQuery(metrics=("reach_rate",), where=EAST, period=OCTOBER, group_by=("channel",))
    assert seen[-1].query.metrics == ("reach_rate",)


def test_nothing_is_suggested_by_persons_or_by_dimensions_the_person_may_not_use():
    seen: list[Suggestion] = []
    suggestions(MetricQuery(metrics=("reach_rate",), period=OCTOBER), "zh", accept=lambda s: seen.append(s) or False, dimensions=("hcp", "hospital", "segment"))
    assert {d for s in seen for d in s.query.group_by} == {"segment"}


@pytest.mark.parametrize(
    ("asked", "zh", "en"),
    [
        (OCTOBER, "上个月", "last month"),
        (Period(start=date(2026, 11, 1), end=date(2026, 11, 16)), "本月", "this month"),
        (Period(start=date(2026, 7, 1), end=date(2026, 10, 1)), "上季度", "last quarter"),
        (Period(start=date(2025, 1, 1), end=date(2026, 1, 1)), "去年", "last year"),
        (Period(start=date(2026, 1, 1), end=date(2026, 11, 16)), "今年", "this year"),
        (Period(start=date(2026, 3, 1), end=date(2026, 4, 1)), "2026年3月", "March 2026"),
        (Period(start=date(2025, 4, 1), end=date(2025, 7, 1)), "2025年Q2", "Q2 2025"),
        (Period(start=date(2025, 11, 1), end=date(2026, 11, 1)), "近12个月", "last 12 months"),
        (Period(start=date(2026, 9, 14), end=date(2026, 11, 9)), "近8周", "last 8 weeks"),
        (Period(start=date(2026, 3, 3), end=date(2026, 3, 11)), "2026-03-03到2026-03-10", "from 2026-03-03 to 2026-03-10"),
    ],
)
def test_a_period_is_said_in_words_that_mean_it_today(asked, zh, en):
    assert (period_words(asked, "zh", TODAY), period_words(asked, "en", TODAY)) == (zh, en)


def test_suppressed_cells_of_the_answer_are_the_disclosed_ones():
    t = replace(regional(), hidden=(HiddenCell(row=0, column="reach_rate", reason="complementary"),))
    assert answered(told(BY_REGION, t), NAMES, "zh", draw=False).suppressed == t.hidden
