"""Masks and rights of the demo's bundle, through every door that tells something."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from audit.search import Filter, Reader
from governance.terms import Actor
from tests.fixtures.home import TODAY
from wenshu.answer_files import AnswerFile
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

BY_YEARS = {"metrics": ["reach_rate"], "group_by": ["years_in_practice"], "order": [{"by": "years_in_practice", "direction": "asc"}]}
BANDS = {"10年以下", "10年及以上", "未知"}
YEARS = ("0-4年", "5-9年", "10-19年", "20年及以上")


@pytest.fixture(scope="module")
def service(demo_home):
    with Service.open(Home(demo_home.path), Environment(home=demo_home.path, pinned_today=dt.date.fromisoformat(TODAY))) as opened:
        yield opened


@pytest.fixture
def manager(service) -> Actor:
    return service.accounts.actor("manager_east", "session")


def recorded(service, answer) -> str:
    reader = Reader(service.home.ledger)
    event = next(event for event in reader.search(Filter(), limit=5).events if event.body["id"] == answer["receipt"]["event"])
    both = reader.search(Filter(request=event.body["request"]), limit=5).events
    return json.dumps([item.body for item in both], ensure_ascii=False)


def test_a_masked_dimension_is_told_by_the_coarser_one_in_table_chart_sentence_and_file(service, manager):
    for answer in (service.query(manager, BY_YEARS), service.ask(manager, "上个月各执业年限的触达率")):
        document = answer.to_json()
        assert document["status"] == "answered"
        assert [column["name"] for column in document["columns"]] == ["practice_band", "reach_rate"]
        assert {row[0] for row in document["rows"]} <= BANDS
        assert any("执业年限段" in line for line in document["explanation"]["policy"])
        assert not any(year in json.dumps(document, ensure_ascii=False) for year in YEARS)
        assert not any(year in recorded(service, document) for year in YEARS)
    file = service.answer_files.take(manager, BY_YEARS)
    assert isinstance(file, AnswerFile)
    assert re.fullmatch(r"wenshu-\d+-aggregate\.csv", file.name)
    assert re.search(r"汇总数据（k ≥ \d+）", " ".join(file.answer.to_json()["explanation"]["policy"]))
    assert not any(year in file.body.decode("utf-8-sig") for year in YEARS)
    marketing = service.query(service.accounts.actor("market", "session"), BY_YEARS).to_json()
    assert {row[0] for row in marketing["rows"]} - {"未知"} == set(YEARS)


@pytest.mark.parametrize(
    "more",
    [
        {"where": [{"dimension": "years_in_practice", "op": "in", "values": ["0-4年"]}]},
        {"where": [{"dimension": "years_in_practice", "op": "not_in", "values": ["没有这一段"]}]},
        {"group_by": ["years_in_practice"], "keep": [{"dimension": "years_in_practice", "values": ["0-4年"]}]},
        {"group_by": ["years_in_practice"], "compare": {"dimension": "years_in_practice", "base": "0-4年"}},
    ],
)
def test_a_masked_value_can_not_be_named_and_known_or_not_the_refusal_is_the_same_and_the_ledger_keeps_no_value(service, manager, more):
    document = service.query(manager, {"metrics": ["reach_rate"]} | more).to_json()
    assert (document["status"], document["refusal"]["code"], document["refusal"]["rule"]) == ("refused", "dimension_not_allowed", "managers_see_practice_in_bands")
    assert "执业年限段" in document["refusal"]["you_may"]
    assert not any(year in recorded(service, document) for year in YEARS)


def test_masked_values_are_neither_offered_nor_completed_and_others_are(service, manager):
    cards = json.dumps(service.metric_cards(manager), ensure_ascii=False, default=str)
    assert not any(year in cards for year in YEARS)
    assert service.complete(manager, "0-4", "zh") == []
    market = service.accounts.actor("market", "session")
    assert any("0-4年" in item["text"] for item in service.complete(market, "0-4", "zh"))


def test_a_file_that_a_rule_keeps_in_is_refused_with_that_rule_and_recorded_as_an_export(service):
    rep = service.accounts.actor("rep_east_1", "session")
    query = {"metrics": ["touches"]}
    assert service.query(rep, query).to_json()["status"] == "answered"
    kept = service.answer_files.take(rep, query).to_json()
    assert (kept["refusal"]["code"], kept["refusal"]["rule"]) == ("export_not_allowed", "representatives_prepare_visits")
    assert any("销售经理" in item for item in kept["refusal"]["you_may"])
    assert '"surface": "export"' in recorded(service, kept)
    assert isinstance(service.answer_files.take(rep, query, purpose="performance_review"), AnswerFile)
