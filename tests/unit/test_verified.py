"""Approved questions are recognised in any wording, run as approved, and never vouch for more than was approved."""

from __future__ import annotations

from datetime import date

import pytest

from governance.documents.metrics import GoldenQuestion
from governance.metrics.parsing import query_from_json
from governance.terms import MetricQuery, Period
from nlq.understand import understand
from nlq.verified import VerifiedQuestions, label
from tests.fixtures.bundle import catalogue_of
from tests.fixtures.doubts import TODAY, asked, lexicon

BOOK = VerifiedQuestions(catalogue_of().metrics, lexicon())
VIEW = lexicon().everything
ALL = [(metric, item) for metric in catalogue_of().metrics.values() for item in metric.golden]


def match(question, book=BOOK, view=VIEW, today=TODAY):
    return book.match(question, understand(question, lexicon=view, today=today), view=view, today=today)


def book_with(ask, query, *, approved_on=date(2026, 3, 10), metric="reach_rate"):
    """Return the verified questions of a catalogue with just this one."""
    metrics = {name: document.model_copy(update={"golden": ()}) for name, document in catalogue_of().metrics.items()}
    metrics[metric] = metrics[metric].model_copy(update={"golden": (GoldenQuestion(ask=ask, query=query),), "approved_on": approved_on})
    return VerifiedQuestions(metrics, lexicon())


@pytest.mark.parametrize(("metric", "golden"), ALL, ids=[item.ask for _, item in ALL])
def test_every_golden_question_of_the_bundle_is_verified_with_who_and_when(metric, golden):
    found = match(golden.ask)
    assert found is not None
    assert found.exact
    approved = query_from_json(golden.query)
    assert (found.query.metrics, found.query.group_by, found.query.where) == (approved.metrics, approved.group_by, approved.where)
    for words, approver in ((found.label.zh, metric.approver.zh), (found.label.en, metric.approver.en)):
        assert approver in words
        assert str(metric.approved_on) in words
    assert found.label.zh.startswith("已验证")
    assert found.label.en.startswith("verified")


@pytest.mark.parametrize("question", ["上个月各大区的触达率？", "上個月各大區的觸達率", " 上个月 各大区的 触达率 "])
def test_spelling_does_not_matter(question):
    assert match(question).exact


@pytest.mark.parametrize("question", ["各大区上月触达率", "reach rate by region last month", "上个月按大区看触达率"])
def test_other_words_for_the_same_query_are_verified_and_said_to_be_other_words(question):
    found = match(question)
    assert not found.exact
    assert "含义相同" in found.label.zh
    assert "in other words" in found.label.en


@pytest.mark.parametrize("question", ["上上个月各大区的触达率", "上个月各渠道的触达率", "上个月华东的触达率", "上个月各大区的触达率同比", "上个月触达率最高的大区", "上个月各大区的触达率，按达成情况xyz"])
def test_another_question_is_not_verified(question):
    found = match(question)
    assert found is None or found.query != match("上个月各大区的触达率").query


def test_a_period_that_the_approval_does_not_fix_is_said_not_to_be_part_of_it():
    found = match("今年各产品的销售额")
    assert not found.dated
    assert "不在核准之内" in found.label.zh
    assert match("上个月各大区的触达率").dated, "the default period that was approved"


def test_a_query_approved_for_certain_days_follows_its_words_only_if_they_meant_those_days_then():
    query = {"metrics": ["reach_rate"], "group_by": ["region"], "period": {"start": "2026-02-01", "end": "2026-03-01"}}
    moved = match("上个月各大区的触达率", book_with("上个月各大区的触达率", query, approved_on=date(2026, 3, 10)))
    assert moved is not None
    assert not moved.dated
    assert moved.query.period == Period(start=date(2026, 10, 1), end=date(2026, 11, 1))
    assert match("上个月各大区的触达率", book_with("上个月各大区的触达率", query, approved_on=date(2026, 5, 10))) is None


def test_words_with_dates_of_their_own_are_verified_with_those():
    query = {"metrics": ["reach_rate"], "group_by": ["region"], "period": {"start": "2026-02-01", "end": "2026-03-01"}}
    found = match("2026年2月各大区的触达率", book_with("2026年2月各大区的触达率", query))
    assert found.dated
    assert found.query == query_from_json(query)


def test_a_golden_question_that_the_parser_no_longer_reads_as_approved_vouches_for_nothing():
    assert match("上个月各大区的触达率", book_with("上个月各大区的触达率", {"metrics": ["reach_rate"], "group_by": ["channel"]})) is None


def test_where_the_parser_is_unsure_the_approved_words_without_a_time_run_the_approved_query():
    query = {"metrics": ["reach_rate"], "group_by": ["region"]}
    ask = "大区覆盖情况"
    assert asked(ask).status == "clarify"
    found = match(ask, book_with(ask, query))
    assert found.query == MetricQuery(metrics=("reach_rate",), group_by=("region",))
    assert match(f"{ask}吗xyz", book_with(ask, query)) is None
    timed = f"上个月{ask}"
    assert asked(timed).status == "clarify"
    assert match(timed, book_with(timed, query)) is None, "the parser would have to be sure of the time"


def test_a_refusal_stays_one_even_if_the_committee_approved_the_words():
    ask = "各医生的销售额"
    assert asked(ask).status == "refused"
    assert match(ask, book_with(ask, {"metrics": ["revenue"]}, metric="revenue")) is None


def test_the_callers_who_may_not_know_the_metric_get_no_label():
    view = lexicon().visible(frozenset({"visits"}), frozenset({"region"}))
    assert match("上个月各大区的触达率", view=view) is None


def test_the_label_stands_first_among_the_assumptions_and_the_rest_stays():
    understanding = asked("华东各渠道的触达率")
    found = BOOK.match("华东各渠道的触达率", understanding, view=VIEW, today=TODAY)
    out = label(understanding, found)
    assert out.status == "read"
    assert out.query == understanding.query
    assert out.readings[0].assumptions == (found.label, *understanding.readings[0].assumptions)


def test_a_golden_entry_that_is_no_query_is_left_out():
    assert match("上个月各大区的触达率", book_with("上个月各大区的触达率", {"sql": "select 1"})) is None
