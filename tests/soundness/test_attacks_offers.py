"""Found by attack: what is offered to choose from is only what may be had; where every reading is forbidden, the refusal is the answer."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.terms import Actor
from tests.fixtures.home import TODAY
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

MARKET = Actor(id="market", role="marketing", department="marketing")
MANAGER = Actor(id="manager_east", role="sales_manager", department="sales", attributes={"region": "华东"})


@pytest.fixture(scope="module")
def service(demo_home):
    environment = Environment(home=demo_home.path, pinned_today=dt.date.fromisoformat(TODAY))
    with Service.open(Home(demo_home.path), environment) as opened:
        yield opened


@pytest.mark.parametrize(
    ("actor", "question"),
    [
        (MARKET, "每个医生的平均销售额"),  # 统方 in a wording that is only half understood
        (MARKET, "华东的医生按代表看"),
        (MANAGER, "华东比华南高多少"),
        (MANAGER, "其他大区的销售额"),
        (MARKET, "上个月的转化率"),
        (MARKET, "多少医生"),
        (MANAGER, "广州云上中心医院的销售额"),
    ],
)
def test_nothing_is_offered_that_would_be_refused(service, actor, question):
    answer = service.ask(actor, question).to_json()
    if answer["status"] == "clarify":
        assert answer["clarify"]["options"]
        for option in answer["clarify"]["options"]:
            assert service.query(actor, option["query"]).to_json().get("refusal") is None or _only_small(service, actor, option)
    assert not (actor is MANAGER and any("广州" in text or "华南" in text for text in answer["suggestions"]))


def _only_small(service, actor, option) -> bool:
    """A group may turn out too small once it was counted; that is no decision about rights."""
    return service.query(actor, option["query"]).to_json()["refusal"]["code"] == "group_too_small"


def test_sales_by_doctor_are_refused_as_such_where_the_wording_was_only_half_understood(service):
    answer = service.ask(MARKET, "每个医生的平均销售额").to_json()
    assert (answer["status"], answer["refusal"]["code"]) == ("refused", "prescription_by_doctor")


def test_comparing_with_a_region_outside_the_own_is_refused_even_without_a_metric(service):
    answer = service.ask(MANAGER, "华东比华南高多少").to_json()
    assert (answer["status"], answer["refusal"]["code"]) == ("refused", "row_scope")


@pytest.mark.parametrize("typed", ["华", "华南", "广", "广东", "华北一", "South"])
def test_completion_tells_a_manager_of_no_team_or_territory_of_another_region(service, typed):
    offered = [item["text"] for language in ("zh", "en") for item in service.complete(MANAGER, typed, language)]
    assert not [text for text in offered if text.startswith(("华南", "华北", "华中", "广东", "广西", "South"))]


def test_completion_still_knows_what_is_the_managers_own(service):
    offered = [item["text"] for item in service.complete(MANAGER, "华", "zh")]
    assert {"华东", "华东一组"} <= set(offered)
    assert "华南" in [item["text"] for item in service.complete(MARKET, "华", "zh")]
