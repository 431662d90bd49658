"""Ways of speaking, as classes: what says nothing of its own, what is left out or taken in again, what has not happened yet; and what must still be asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from governance.terms import MetricQuery, Order
from nlq.dialogue.turning import turned
from nlq.plainly.dialect import added_back, standard
from tests.fixtures.bundle import POLICIES
from tests.fixtures.language import QUESTIONS, asked, faults_in, lexicon_of

FIXTURES = Path(__file__).parents[1] / "fixtures"
HOTELS, GRID = FIXTURES / "sixth", FIXTURES / "seventh"
GARAGE, CINEMA = FIXTURES / "garage", FIXTURES / "cinema"
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(("name", "root", "least"), [("spoken", POLICIES, 49), ("spoken_doubts", POLICIES, 33), ("spoken_offices", POLICIES, 100), ("spoken_meant", POLICIES, 96), ("spoken_said", POLICIES, 80), ("spoken_asked", POLICIES, 33), ("spoken_hotels", HOTELS, 12), ("spoken_grid", GRID, 8), ("spoken_garage", GARAGE, 23), ("spoken_cinema", CINEMA, 16)])
def test_what_is_said_in_other_ways_is_read_in_every_domain(name, root, least):
    count, faults = faults_in(QUESTIONS / f"{name}.yaml", root=root)
    assert count >= least
    assert faults == []


ASKED_BACK = (
    "退货销售额", "净销售额上个月", "含税销售额上个月", "上个月夜间触达次数", "上个月有效触达次数", "上个月重复触达次数", "上个月自费销售额", "上个月线下药店销售额",
    "新上市产品的销售额", "集采产品销售额", "华东头部医院触达率", "上个月外资竞品销售额", "有效拜访次数上个月", "华东私立医院触达率", "签约医生的触达率", "上个月主动触达次数",
    "各渠道触达次数（仅首次）", "邻区触达率", "老区触达率", "特区触达率", "各片触达率", "上个月各线触达率", "上个月触达次数里面首次的", "上个月触达次数，不重复",
    "repeat touches last month", "gross revenue last month", "organic touches last month", "abandoned touches last month", "private hospital reach rate",
    "overdue revenue last month", "churned doctors last month", "first-time touches", "which channel has the priciest touches",
)  # fmt: skip
ASKED_BACK_OF_HOTELS = ("上个月老店入住率", "新店均价", "上个月加盟店入住率", "湖滨老店入住率", "上个月网红店投诉量", "franchised hotels occupancy", "net room revenue last month", "上个月净客房收入", "钟点房入住率")
ASKED_BACK_OF_A_GRID = ("上个月换流站用电量", "上个月110kV老站线损率", "unplanned outages last month", "momentary outages", "供电区人均用电量")


@pytest.mark.parametrize(
    ("question", "root"),
    [(q, POLICIES) for q in ASKED_BACK] + [(q, HOTELS) for q in ASKED_BACK_OF_HOTELS] + [(q, GRID) for q in ASKED_BACK_OF_A_GRID],
)
def test_a_word_that_may_change_the_number_is_never_read_over(question, root):
    assert asked(question, today=TODAY, root=root).status != "read"


def test_what_has_not_happened_says_so_and_offers_only_what_has():
    understanding = asked("下个月各大区的触达次数", today=TODAY)
    assert understanding.status == "clarify"
    assert understanding.ask is not None
    assert "还没有发生" in understanding.ask.zh
    assert "not happened" in understanding.ask.en
    periods = [option.query.period for option in understanding.options]
    assert periods
    assert all(period is None or period.end <= TODAY for period in periods)


def test_options_are_never_by_a_dimension_that_their_metric_cannot_take():
    for question in ("which plant has the most", "各电站最多的是哪个", "哪个电站最差"):
        understanding = asked(question, today=TODAY, root=GRID)
        metrics = lexicon_of(GRID).metrics
        for option in understanding.options:
            named = {*option.query.group_by, *(item.dimension for item in option.query.where)}
            assert all(named <= metrics[name].dimensions for name in option.query.metrics), question


def test_the_standard_language_is_left_as_it_is():
    for text in ("上个月各大区的触达率", "边际贡献率按产品", "儿科医生触达次数", "目前儿科的触达次数", "系列产品销售额", "touches so far apart"):
        assert standard(text) == text


def test_taking_in_again_is_adding():
    assert added_back("把西北加回来") == "加上西北"
    assert added_back("put East back") == "add East"
    assert added_back("回来的客户") == "回来的客户"


def test_a_sentence_turns_only_what_is_there():
    bare = MetricQuery(metrics=("touches",))
    assert turned("反过来排", bare) is None
    assert turned("make it five", bare) is None
    assert turned("不分组了", bare) is None
    ranked = MetricQuery(metrics=("touches",), group_by=("channel",), order=(Order(by="touches", direction="desc"),), limit=3)
    about = turned("反过来排", ranked)
    assert about is not None
    assert about.order[0].direction == "asc"
    assert turned("反过来看触达率", ranked) is None
