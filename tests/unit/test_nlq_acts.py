"""Sentences that change the conversation instead of asking: undo, begin anew, why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.metrics.parsing import query_from_json
from nlq.dialogue.acts import act_of, after
from tests.fixtures.language import asked

FIRST, SECOND = query_from_json({"metrics": ["reach_rate"]}), query_from_json({"metrics": ["revenue"], "group_by": ["region"]})


@pytest.mark.parametrize(
    "said",
    ["撤销", "撤回", "上一步", "回到刚才", "回到刚才的结果吧", "不对，撤销", "返回上一步", "回到上一个问题", "取消刚才的条件", "恢复", "还是改回去吧", "undo", "undo that", "go back",
     "go back to the previous one", "back to the last view", "revert please", "scratch that", "take that back", "previous"],
)  # fmt: skip
def test_undo_asks_the_question_before_again(said):
    understood = asked(said, context=SECOND, earlier=[FIRST])
    assert (understood.status, understood.act, understood.query) == ("read", "undo", FIRST)


def test_undo_with_nothing_before_says_so_and_reads_nothing():
    understood = asked("撤销", context=FIRST)
    assert (understood.status, understood.act, understood.readings) == ("not_understood", "undo", ())
    assert understood.message is not None


@pytest.mark.parametrize("said", ["重新开始", "换个问题", "清空", "新问题", "start over", "reset", "new question"])
def test_a_new_beginning_reads_nothing(said):
    assert asked(said, context=SECOND, earlier=[FIRST]).act == "reset"


@pytest.mark.parametrize(
    "said", ["为什么", "为什么这么低", "这是怎么算的", "口径是什么", "解释一下", "数据从哪来的", "怎么会这么高？", "why", "why is it so low?", "explain this", "how is this calculated?", "what does it mean"]
)
def test_why_is_answered_about_the_last_answer(said):
    understood = asked(said, context=SECOND, earlier=[FIRST])
    assert (understood.status, understood.act, understood.query) == ("read", "explain", SECOND)


@pytest.mark.parametrize(
    "said", ["撤回同意数", "上一步的转化率", "为什么华东触达率下降", "why did sales drop in East", "回到2025年", "取消筛选", "恢复用药的医生", "the previous month", "换成上个月", "back to last year"]
)
def test_questions_that_only_begin_like_it_are_questions(said):
    assert act_of(said) is None


def test_the_queries_in_force_are_a_stack():
    queries = after((), None, FIRST)
    assert after(queries, None, None) == (FIRST,)
    queries = after(queries, None, SECOND)
    assert queries == (FIRST, SECOND)
    assert after(queries, "explain", SECOND) == queries
    assert after(queries, "undo", FIRST) == (FIRST,)
    assert after(queries, "reset", None) == ()


@given(st.text(alphabet="那先我请刚才撤销回到的为什么 undogbackwhy,。?", max_size=80))
def test_no_text_makes_it_slow_or_fail(text):
    assert act_of(text) in {None, "undo", "reset", "explain"}
