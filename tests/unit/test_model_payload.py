"""What leaves for a model: the bundle's own words and the recognised ones of the question. Nothing personal, no value of the warehouse."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.terms import Filter, MetricQuery
from nlq.model.judging import doubt_of
from nlq.model.payload import compose
from nlq.model.settings import ModelDocument
from tests.fixtures.doubts import EAST, LAST_MONTH, OPEN_PLACE, REACH, TODAY, VISITS, asked, lexicon, tied

SETTINGS = ModelDocument(endpoint="http://127.0.0.1:1/v1", model="m")
VIEW = lexicon().everything


def sent(understanding, view=VIEW, settings=SETTINGS, *, context=None):
    composed = compose(understanding, view, settings, today=TODAY, context=context)
    return None if composed is None else composed[0].instructions + composed[0].material + json.dumps(dict(composed[0].schema), ensure_ascii=False)


def test_the_callers_catalogue_and_the_screened_question_are_sent():
    text = sent(tied())
    assert "上个月各大区的触达情况" in text
    assert '"id":"reach_rate"' in text
    assert '"id":"region"' in text
    assert "华东" in text
    assert "2026-11-15" in text


def test_identifying_dimensions_are_not_named_and_values_can_be_withheld():
    material = json.loads(compose(tied(), VIEW, SETTINGS, today=TODAY)[0].material)
    persons = {name for name, info in lexicon().dimensions.items() if info.identifies is not None}
    assert persons
    assert not persons & {item["id"] for item in material["dimensions"]}
    assert not persons & {name for item in material["metrics"] for name in item["by"]}
    assert "华东" not in sent(tied(), settings=SETTINGS.model_copy(update={"values": "none"}))
    withheld = sent(tied(VISITS, MetricQuery(metrics=("reach_rate",), period=LAST_MONTH)), settings=SETTINGS.model_copy(update={"withhold": ("region",)}))
    assert '"region"' not in withheld


def test_a_value_that_only_the_warehouse_knows_stops_the_whole():
    assert OPEN_PLACE in asked(f"{OPEN_PLACE}的触达率").screened, "the parser knows the place"
    assert sent(tied(screened=f"上个月{OPEN_PLACE}的触达情况")) is None
    named = MetricQuery(metrics=("reach_rate",), where=(Filter(dimension="years_in_practice", op="in", values=(OPEN_PLACE,)),))
    assert sent(tied(named, VISITS)) is None
    assert OPEN_PLACE not in sent(tied())


def test_a_value_that_the_caller_may_not_know_is_not_sent():
    view = lexicon().visible(frozenset(lexicon().metrics), frozenset(lexicon().dimensions), lambda dimension, value: (dimension, value) != ("region", "华南"))
    assert "华南" not in sent(tied(), view=view)
    assert "华东" in sent(tied(), view=view)


def test_an_identity_that_had_slipped_into_the_screened_text_stops_the_whole():
    assert sent(tied(screened="13812345678 的触达率")) is None
    assert sent(tied(screened="张伟医生的触达率")) is None


def test_a_last_query_goes_along_only_if_it_names_nothing_that_was_not_offered():
    assert "revenue" in sent(tied(), context=MetricQuery(metrics=("revenue",), where=(EAST,)))
    secret = MetricQuery(metrics=("revenue",), where=(Filter(dimension="years_in_practice", op="in", values=(OPEN_PLACE,)),))
    assert sent(tied(), context=secret) is None


def test_what_would_be_too_large_is_cut_to_the_nearest_metrics_or_not_sent():
    few = compose(tied(), VIEW, SETTINGS.model_copy(update={"max_metrics": 2}), today=TODAY)[1]
    assert few.metrics == ("reach_rate", "visits")
    assert sent(tied(), settings=SETTINGS.model_copy(update={"max_request_bytes": 1_000})) is None


def test_nonsense_without_a_word_of_the_business_is_not_sent():
    for question in ("今天天气怎么样", "啊啊啊啊", "tell me a joke"):
        assert sent(asked(question)) is None


_SECRETS = st.sampled_from(["13812345678", "zhang.wei@example.com", "110101199003074578", "欧阳锋", "王小明", "Dr. Robert Miller", OPEN_PLACE, "HK3XW9Q2", "备注：夫人住院", "xyzzy"])
_WORDS = st.sampled_from(["上个月", "触达率", "各大区", "华东", "怎么样", "按渠道", "销售额", "的", "和", "医生", "reach rate", "by region", "top 5"])


@given(st.lists(st.one_of(_SECRETS, _WORDS), min_size=1, max_size=6), st.sampled_from(["", " ", "，"]))
def test_no_unknown_word_of_any_question_ever_leaves(pieces, glue):
    understanding = asked(glue.join(pieces))
    if doubt_of(understanding, VIEW, 1.0) is None:
        return
    text = sent(understanding) or ""
    for secret in ("13812345678", "zhang.wei", "110101199003074578", "欧阳锋", "王小明", "miller", OPEN_PLACE, "hk3xw9q2", "夫人", "xyzzy"):
        assert secret not in text.lower()


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2028, 2, 29)])
def test_what_is_sent_depends_on_nothing_but_what_is_passed_in(day):
    first, second = (compose(tied(REACH, VISITS), VIEW, SETTINGS, today=day) for _ in range(2))
    assert first == second
