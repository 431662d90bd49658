"""What the engine promises beside single questions: writing, doubt, what a caller may know, and that no text breaks it."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.documents.lexicon import LexiconDocument
from governance.documents.reading import read
from governance.documents.settings import Settings
from governance.terms import Filter, MetricQuery
from nlq.lexicon.lexicon import Lexicon
from nlq.matching import Matcher
from nlq.times import Clock
from nlq.understand import Understanding, understand
from nlq.words.normalise import derivations, normalise
from tests.fixtures.bundle import catalogue_of
from tests.fixtures.language import POLICIES, QUESTIONS, SHOP, TODAY, asked, lexicon_of, read_as, view_of

PIECES = ["上个月", "华东", "触达率", "各大区", "比", "去年", "占比", "最高的", "前3", "低于50%", "除了", "微信", "和", "、", "，", "不", "趋势", "同比", "by", "reach rate", "last month", "top", "5", "regions",
          "share of", "excluding", "than", "South", "which", "多少", "哪个", "呢", "按月", "医生", "抖音", "abc", "之间", "到", "3月", "分别", "总", "！", "?", "高", "100万", "以上", "compare", "A", "类"]  # fmt: skip
SENTENCES = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@pytest.mark.parametrize("ask", ["上個月各大區的觸達率", "上个月　各大区的触 达 率", "上个月各大区的触达率？？", "上個月各大区的触达率。", "上个月各大区的出达率", "上个月各大区的触达律", "reach rate by region last month", "Reach-rate BY regions, last month",
                                 "raech rate by regoin last month"])
def test_writing_does_not_matter(ask):
    assert read_as(ask) == {"metrics": ["reach_rate"], "group_by": ["region"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}


def test_a_correction_is_shown():
    reading = asked("上个月出达率").readings[0]
    assert [(c.said, c.taken) for c in reading.corrections] == [("出达率", "触达率")]
    assert any("触达率" in text.zh for text in reading.assumptions)


@pytest.mark.parametrize("ask", ["家具成交额", "抖音成交额", "利润率", "成交额和库存"])
def test_unknown_words_of_content_are_never_read_over(ask):
    understanding = asked(ask, root=SHOP)
    assert understanding.status in ("not_understood", "clarify")


@pytest.mark.parametrize("ask", ["未触达医生数", "没有打开微信的医生数"])
def test_a_negation_that_no_metric_answers_is_not_dropped(ask):
    assert asked(ask).status != "read"


@pytest.mark.parametrize("ask", ["各大区销售额最高的产品", "触达医生数前10的城市中打开率最低的", "触达率最高和最低的大区", "预测下个月销售额", "触达率高于平均的大区", "华东和全国平均触达率的差距", "销售额第二高的大区"])
def test_what_has_no_form_in_a_query_is_not_answered_as_something_else(ask):
    assert asked(ask).status != "read"


def test_not_understood_names_the_nearest_things():
    understanding = asked("触达利润")
    assert understanding.status in ("not_understood", "clarify")
    assert understanding.nearest or understanding.options


def test_a_full_question_in_a_conversation_is_not_read_as_a_change():
    context = MetricQuery(metrics=("revenue",), group_by=("product",), where=(Filter(dimension="region", op="in", values=("华东",)),))
    assert read_as("上个月各渠道触达次数", context=context) == {"metrics": ["touches"], "group_by": ["channel"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}


def test_why_explains_the_last_answer():
    context = MetricQuery(metrics=("revenue",))
    understanding = understand("为什么", lexicon=view_of(), today=TODAY, context=context)
    assert (understanding.act, understanding.query) == ("explain", context)


def test_live_values_are_known_only_to_those_who_may_know_them():
    lexicon = lexicon_of(SHOP)
    everyone = lexicon.visible(frozenset(lexicon.metrics), frozenset(lexicon.dimensions))
    nobody = lexicon.visible(frozenset(lexicon.metrics), frozenset(lexicon.dimensions), lambda _dimension, value: value != "杭州")
    assert understand("杭州成交额", lexicon=everyone, today=TODAY).status == "read"
    hidden, absent = (understand(ask, lexicon=nobody, today=TODAY) for ask in ("杭州成交额", "台州成交额"))
    assert hidden.status == absent.status == "not_understood"
    assert "杭州" not in repr([hidden.options, hidden.nearest, hidden.screened])


def test_metrics_that_a_caller_may_not_see_are_read_but_never_offered():
    lexicon = lexicon_of(POLICIES)
    view = lexicon.visible(frozenset({"reach_rate", "touches"}), frozenset(lexicon.dimensions))
    assert understand("上个月销售额", lexicon=view, today=TODAY).query.metrics == ("revenue",)
    offered = [option.query.metrics[0] for ask in ("转化率", "覆盖率", "华东怎么样", "利润") for u in [understand(ask, lexicon=view, today=TODAY)] for option in (*u.options, *u.nearest)]
    assert set(offered) <= {"reach_rate", "touches"}


@settings(max_examples=300, deadline=None)
@given(SENTENCES)
def test_no_sentence_breaks_the_engine_and_only_whole_readings_are_answered(sentence):
    understanding = asked(sentence)
    if understanding.status == "read":
        assert understanding.query is not None
        assert understanding.readings[0].score > 0.6
    if understanding.status == "clarify":
        assert understanding.options
        assert understanding.ask is not None
    if understanding.status == "refused":
        assert understanding.refusal is not None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_engine(text):
    assert asked(text).status in ("read", "clarify", "not_understood", "refused")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


@settings(deadline=None)
@given(SENTENCES, st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1)))
def test_the_same_question_on_the_same_day_is_read_alike(sentence, today):
    assert asked(sentence, today=today) == asked(sentence, today=today)


@pytest.mark.parametrize("ask", ["只看华东", "now by quarter", "打开率呢", "去掉渠道筛选", "现在分渠道"])
def test_a_follow_up_does_not_say_that_no_period_was_said_where_the_question_before_named_it(ask):
    before = asked("上个月微信各大区触达率").query
    understanding = asked(ask, context=before)
    assert understanding.status == "read"
    assert understanding.query is not None and understanding.query.period == before.period
    assert not any("未说明时间" in text.zh for text in understanding.readings[0].assumptions)


def test_what_another_metric_cannot_be_asked_by_is_not_carried_over_and_that_is_said():
    understanding = asked("推广预算", context=asked("上个月APP各城市成交额", root=SHOP).query, root=SHOP)
    assert understanding.query is not None
    assert (understanding.query.group_by, understanding.query.where) == ((), ())
    assert any("平台" in text.zh and "城市" in text.zh for text in understanding.readings[0].assumptions)


@pytest.mark.parametrize(("said", "meant"), [("rainy", "rain"), ("sunny", "sun"), ("oncological", "oncology"), ("golden", "gold"), ("cloud", "cloudy"), ("eastern", "east"), ("historic", "history")])
def test_an_adjective_and_its_noun_lead_to_one_another(said, meant):
    assert meant in derivations(said)


READABLE = [case["ask"] for case in yaml.safe_load((QUESTIONS / "more.yaml").read_text(encoding="utf-8"))["cases"] if "query" in case["expect"]]
STRANGERS = ["抖音", "利润", "竞品", "陈皮", "满意度", "转介绍", "门店", "新生儿", "blockchain", "warehouse", "pfizer"]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(READABLE), st.sampled_from(STRANGERS), st.integers(0, 200))
def test_an_unknown_noun_anywhere_in_a_readable_question_is_not_read_over(question, stranger, place):
    normal = normalise(question)
    starts = [token.start for token in Matcher(view_of(), normal, Clock(today=TODAY), "zh").tokens()] + [len(normal)]
    at = starts[place % len(starts)]
    padded = f" {stranger} " if stranger.isascii() else stranger
    assert asked(normal[:at] + padded + normal[at:]).status != "read"


ROLE_TERM = """
terms:
  - id: whales
    label: {zh: 鲸鱼客群, en: whale accounts}
    filters: [{dimension: segment, values: [A]}]
    owner: 市场部
    roles: [marketing]
"""


def test_a_term_kept_to_a_role_is_no_word_for_anybody_else(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text(ROLE_TERM, encoding="utf-8")
    lexicon = Lexicon.compile(catalogue_of(), [read(path, LexiconDocument, tmp_path).document], read(POLICIES / "bundle.yaml", Settings, POLICIES).document)
    everything = (frozenset(lexicon.metrics), frozenset(lexicon.dimensions))

    def told(question: str, role: str) -> Understanding:
        return understand(question, lexicon=lexicon.visible(*everything, role=role), today=date(2026, 11, 15))

    for question in ("鲸鱼客群的触达率", "鲸于客群的触达率", "reach rate of whale accounts"):
        mine, theirs = told(question, "marketing"), told(question, "medical")
        assert mine.status == "read", question
        assert mine.query is not None
        assert [item.values for item in mine.query.where] == [("A",)]
        # neither read, nor corrected to, nor kept, nor named in what is offered or said
        assert theirs.status in ("clarify", "not_understood"), question
        texts = " ".join([theirs.screened, *(o.label.zh + o.label.en for o in (*theirs.options, *theirs.nearest)), *(c.taken for r in theirs.readings for c in r.corrections)])
        assert "鲸鱼" not in texts
        assert "whale" not in texts.lower()
        assert all(not option.query.where for option in (*theirs.options, *theirs.nearest))


def test_a_live_member_that_a_caller_may_not_see_is_an_unknown_word_in_either_script():
    lexicon = lexicon_of(SHOP)
    everything = (frozenset(lexicon.metrics), frozenset(lexicon.dimensions))
    view = lexicon.visible(*everything, lambda dimension, value: value != "杭州")
    for question in ("杭州的成交额", "GMV in Hangzhou", "hangzhou GMV vs suzhou"):
        assert understand(question, lexicon=lexicon.everything, today=date(2026, 11, 15)).status == "read"
        hidden = understand(question, lexicon=view, today=date(2026, 11, 15))
        assert hidden.status in ("clarify", "not_understood"), question
        assert "杭州" not in hidden.screened + str([option.label for option in (*hidden.options, *hidden.nearest)])
