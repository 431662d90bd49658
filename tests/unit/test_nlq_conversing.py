"""Follow-ups: what they point at (the rows shown, the members named), what they take back, what they go on from."""

from __future__ import annotations

from datetime import date

import pytest

from governance.terms import Filter, MetricQuery, Order
from nlq.dialogue.choosing import labelled, shared_by, undecided
from nlq.dialogue.pointing import asks_why, pointed, returning
from nlq.plainly.conversing import anew, conversed, heard
from nlq.plainly.idioms import idiomatic
from nlq.understand import understand
from tests.fixtures.language import QUESTIONS, faults_in, lexicon_of, view_of

TODAY = date(2026, 11, 23)
RANKED = MetricQuery(metrics=("touches",), group_by=("channel",), order=(Order(by="touches", direction="desc"),), limit=3)
ROWS = [{"channel": "微信", "touches": 9.0}, {"channel": "邮件", "touches": 7.0}, {"channel": "呼叫中心", "touches": 4.0}]


def rows():
    return ROWS


def never():
    raise AssertionError("the rows are looked at only where something points at them")


@pytest.mark.parametrize(("name", "least"), [("spoken_dialogues", 110), ("spoken_english", 36)])
def test_follow_ups_and_english_of_the_office_are_read(name, least):
    count, faults = faults_in(QUESTIONS / f"{name}.yaml")
    assert count >= least
    assert faults == []


def asked(question, context, *, shown=rows, earlier=(), offered=()):
    return understand(question, lexicon=view_of(), today=TODAY, context=context, earlier=earlier, offered=offered, shown=shown)


@pytest.mark.parametrize(
    ("said", "member"),
    [("第一名去年多少", "微信"), ("最高的那个按大区", "微信"), ("最低的那个按大区看", "呼叫中心"), ("the top one by region", "微信"), ("what about the bottom one in Q3", "呼叫中心")],
)
def test_a_place_in_the_last_answer_is_the_member_that_stood_there(said, member):
    query = asked(said, RANKED).query
    assert query is not None
    assert query.where == (Filter(dimension="channel", op="in", values=(member,)),)
    assert query.limit is None
    assert query.order == ()
    assert "channel" not in query.group_by


def test_it_is_the_only_row_that_was_shown_and_nothing_where_several_were():
    one = MetricQuery(metrics=("touches",), group_by=("channel",), order=(Order(by="touches", direction="desc"),), limit=1)
    query = asked("它去年是多少", one, shown=lambda: ROWS[:1]).query
    assert query is not None
    assert query.where == (Filter(dimension="channel", op="in", values=("微信",)),)
    assert pointed("它去年是多少", RANKED, (), rows, view_of()) is None


@pytest.mark.parametrize("said", ["其他渠道呢", "the rest?", "其余的呢", "the other channels"])
def test_the_others_are_those_that_were_not_shown(said):
    query = asked(said, RANKED).query
    assert query is not None
    assert query.where == (Filter(dimension="channel", op="not_in", values=("微信", "邮件", "呼叫中心")),)
    assert query.limit is None


def test_these_two_are_the_two_rows_where_two_were_shown():
    two = MetricQuery(metrics=("touches",), group_by=("channel",), order=(Order(by="touches", direction="desc"),), limit=2)
    query = asked("这两个按月看", two, shown=lambda: ROWS[:2]).query
    assert query is not None
    assert query.where == (Filter(dimension="channel", op="in", values=("微信", "邮件")),)
    assert query.grain == "month"
    assert "channel" in query.group_by


@pytest.mark.parametrize("said", ["按大区", "只看华东", "上个季度呢", "by month", "only target doctors", "撤销", "the two weeks before", "上个月两个渠道微信和邮件的触达率", "最低的是哪个", "第一名是谁"])
def test_nothing_else_looks_at_the_rows(said):
    asked(said, RANKED, shown=never)


def test_without_rows_a_pointing_word_is_left_to_the_reader():
    assert pointed("第一名去年多少", RANKED, (), None, view_of()) is None
    assert pointed("第一名去年多少", RANKED, (), list, view_of()) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("我说错了，是十月", "换成十月"), ("华北也加进来", "加上华北"), ("wechat加上", "加上wechat"), ("加一列打开率", "加上打开率"), ("恢复微信", "加上微信"), ("超过100的留下", "只看超过100的"),
        ("把这个门槛降到五成", "改成五成"), ("plus attainment", "add attainment"), ("上个季度也是这样吗", "上个季度呢"), ("微信那块不用管", "去掉微信"), ("hmm, without email", "without email"),
    ],
)  # fmt: skip
def test_other_ways_of_changing_are_the_plain_ones(said, meant):
    assert conversed(said) == meant


@pytest.mark.parametrize("said", ["按大区", "只看华东", "加上打开率", "上个月触达率", "不是目标医生的触达率", "touches in line with plan", "恢复到上一步", "行业会议触达次数", "好医生的触达率", "可以按大区看吗", "right channel", "so far this year"])
def test_what_is_plain_is_left_as_it_is(said):
    assert conversed(said) == said
    assert heard(said) == said


def test_a_new_beginning_leans_on_nothing():
    assert anew("start over: revenue by product") == "revenue by product"
    assert anew("换个问题，今年各产品销售额") == "今年各产品销售额"
    assert anew("start over") is None
    assert anew("重新开始") is None
    query = asked("start over: revenue by product", RANKED).query
    assert query is not None
    assert query.metrics == ("revenue",)
    assert query.limit is None


def test_going_back_names_what_to_go_back_to_and_undoing_does_not():
    assert returning("还是看回各大区的") == "各大区的"
    assert returning("ok go back to all regions") == "all regions"
    for undoing in ("回到上一步", "go back", "back to the previous one", "回到刚才的"):
        assert returning(undoing) == undoing


@pytest.mark.parametrize("said", ["瑞肺清为啥这么低", "为什么它高", "why is the first one so low", "q3为什么少了", "tell me why it dropped", "分数是怎么算出来的"])
def test_why_a_figure_is_so_asks_for_the_explanation(said):
    assert asks_why(said)


@pytest.mark.parametrize("said", ["为什么不按大区看", "触达率怎么样", "怎么还没到", "why not by region", "which region is low"])
def test_other_sentences_do_not(said):
    assert not asks_why(said)


def test_after_a_question_back_the_next_sentence_goes_on_from_it():
    offered = (MetricQuery(metrics=("reach_rate",), where=(Filter(dimension="region", op="in", values=("华东",)),)),)
    query = asked("按渠道", RANKED, offered=offered, shown=never).query
    assert query is not None
    assert (query.metrics, query.group_by, query.where) == (("reach_rate",), ("channel",), offered[0].where)


def test_a_change_before_the_metric_was_chosen_keeps_the_choice_open():
    offered = tuple(MetricQuery(metrics=(name,)) for name in ("reached_hcps", "target_hcps", "active_hcps"))
    assert undecided(offered)
    found = asked("按大区", None, offered=offered)
    assert found.status == "clarify"
    assert {option.query.metrics[0] for option in found.options} == {"reached_hcps", "target_hcps", "active_hcps"}
    assert all(option.query.group_by == ("region",) for option in found.options)
    chosen = labelled("目标医生", offered, lexicon_of().metrics)
    assert chosen == offered[1]
    assert labelled("医生", offered, lexicon_of().metrics) is None
    common = shared_by(offered)
    assert common is not None
    assert common.where == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("region wise touches", "by region touches"), ("please share touches by region", "please show touches by region"), ("open n click rate", "open and click rate"),
        ("the quarter just ended", "last quarter"), ("touches, end of last month", "touches, at the end of last month"), ("since the end of last month", "since the end of last month"),
        ("share of WeChat", "share of WeChat"), ("likewise", "likewise"), ("5 in total", "5 in total"),
    ],
)  # fmt: skip
def test_idioms_are_put_plainly_and_other_words_left(said, meant):
    assert idiomatic(said) == meant
