"""What the web relies on, held by the fake of its tests and by the real service alike."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.errors import NotFound
from governance.errors import InvalidQuery
from governance.terms import Actor
from tests.fakes.clock import FakeClock
from tests.fakes.service import FakeService
from tests.fixtures.home import TODAY
from wenshu.conversations import UnknownConversation
from wenshu.desk import NotPermitted
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment
from wenshu.web.language import moment, say
from wenshu.web.ledger_words import proof_holds

WHO = {
    "market": Actor(id="market", role="marketing", department="marketing"),
    "manager_east": Actor(id="manager_east", role="sales_manager", department="sales", attributes={"region": "华东"}),
    "compliance": Actor(id="compliance", role="compliance", department="compliance"),
    "committee_a": Actor(id="committee_a", role="committee", department="committee"),
    "engineer": Actor(id="engineer", role="data_engineer", department="data_engineering"),
}
STATUSES = {"上个月各大区的触达率": "answered", "上个月的转化率": "clarify", "张伟医生开了多少康舒平": "refused", "天气如何": "not_understood"}


@pytest.fixture(scope="module")
def real(demo_home):
    environment = Environment(home=demo_home.path, pinned_today=dt.date.fromisoformat(TODAY))
    with Service.open(Home(demo_home.path), environment) as opened:
        yield opened


@pytest.fixture(params=["fake", "real"])
def service(request, tmp_path):
    return FakeService(tmp_path, FakeClock()) if request.param == "fake" else request.getfixturevalue("real")


@pytest.mark.parametrize("question", STATUSES)
def test_every_kind_of_answer_has_the_contracts_shape_and_a_receipt_that_holds(service, question):
    actor = WHO["market"]
    answer = service.ask(actor, question, conversation="contract-test", session="s", surface="web")
    document = answer.to_json()
    assert document["status"] == STATUSES[question]
    assert {"query", "columns", "rows", "suppressed", "clarify", "refusal", "explanation", "chart", "suggestions", "receipt", "data_as_of", "data_version", "timings_ms"} < document.keys()
    assert proof_holds(service.audit_proof(actor, document["receipt"]["event"]))
    table = service.display(answer)
    assert len(table.rows) == len(document["rows"])
    assert [column.name for column in table.columns] == [column["name"] for column in document["columns"]]
    if document["status"] == "clarify":
        assert len(document["clarify"]["options"]) >= 2
        chosen = service.query(actor, document["clarify"]["options"][0]["query"], language="zh", session="s", surface="web")
        assert chosen.to_json()["status"] in {"answered", "refused", "clarify"}
    turn = service.conversation(actor, "contract-test")[-1]
    assert turn.keys() >= {"question", "answer", "asked_at"}
    assert moment(turn["asked_at"]) is not None
    assert turn["answer"]["receipt"] == document["receipt"]


def test_a_conversation_has_one_owner(service):
    service.ask(WHO["market"], "上个月各大区的触达率", conversation="owned")
    listed = service.conversations(WHO["market"])
    assert any(item["id"] == "owned" and item["turns"] >= 1 and moment(item["updated_at"]) for item in listed)
    assert not any(item["id"] == "owned" for item in service.conversations(WHO["manager_east"]))
    for unknown in ("owned", "never-begun"):
        with pytest.raises(UnknownConversation):
            service.conversation(WHO["manager_east"], unknown)


def test_a_query_in_a_conversation_is_a_turn_of_it(service):
    service.query(WHO["market"], {"metrics": ["reach_rate"]}, conversation="clicked")
    assert len(service.conversation(WHO["market"], "clicked")) == 1


def test_an_unknown_metric_is_an_invalid_query(service):
    with pytest.raises(InvalidQuery):
        service.query(WHO["market"], {"metrics": ["no_such_metric"]})


def test_what_a_role_may_use(service):
    for user, pages in {"market": set(), "compliance": {"review"}, "committee_a": {"committee"}, "engineer": {"data"}}.items():
        assert set(service.pages(WHO[user])) == pages
    assert [p["id"] for p in service.purposes(WHO["market"])] == ["market_analysis", "performance_review"]
    assert [p["default"] for p in service.purposes(WHO["market"])] == [True, False]
    assert not service.purposes(WHO["engineer"])
    assert not service.metric_cards(WHO["engineer"])


def test_metric_cards_say_all_that_the_catalogue_shows(service):
    cards = service.metric_cards(WHO["market"])
    assert {"reach_rate", "revenue"} <= {card["id"] for card in cards}
    for card in cards:
        for language in ("zh", "en"):
            assert say(card["label"], language)
            assert say(card["definition"], language)
        assert card["stage"]
        assert card["owner"]
        assert card["approver"]
        assert dt.date.fromisoformat(str(card["approved_on"]))
        assert card["version"]
        assert all(choice["id"] and say(choice["label"], "zh") for choice in card["dimensions"])
        assert {"synonyms", "unit", "caveat", "examples"} <= card.keys()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_examples_are_questions_that_are_answered_or_asked_back(service, language):
    examples = service.examples(WHO["market"], language)
    assert examples
    assert service.ask(WHO["market"], examples[0]).to_json()["status"] == "answered"


def test_completion_offers_only_what_it_says_it_is(service):
    found = service.complete(WHO["market"], "上个月华东触", "zh")
    assert {"text": "触达率", "kind": "metric"}.items() <= next(item for item in found if item["text"] == "触达率").items()
    assert all(item["kind"] in {"metric", "dimension", "value"} and say(item["label"], "zh") for item in found)


def test_the_ledger_is_for_compliance_alone_and_pages_by_key(service):
    for question in ("上个月各大区的触达率", "天气如何"):
        service.ask(WHO["market"], question)
    officer = WHO["compliance"]
    first = service.audit_events(officer, {"actor": "market"}, None, 1)
    second = service.audit_events(officer, {"actor": "market"}, first["next"], 1)
    assert first["events"][0]["index"] > second["events"][0]["index"]
    assert first["total"] >= 2
    event = first["events"][0]
    assert {"id", "index", "time", "type", "request", "actor", "role", "department", "purpose", "decision", "detail"} <= event.keys()
    assert service.audit_event(officer, event["id"])["event"] == event
    assert service.audit_verify(officer)["verdict"] == "intact"
    whole = service.integrity()
    assert whole["ok"] is True
    assert whole["size"] >= whole["verified_size"] > 0
    assert whole["orphan_intents"] == 0
    assert service.audit_checkpoint().count("\n") >= 4
    for call in (lambda: service.audit_events(WHO["market"], {}, None, 5), lambda: service.audit_event(WHO["market"], event["id"]), lambda: service.audit_verify(WHO["market"]), lambda: service.audit_proof(WHO["manager_east"], event["id"])):
        with pytest.raises(NotPermitted):
            call()
    with pytest.raises(NotFound):
        service.audit_proof(officer, "no-such-event")


def test_the_bundle_is_readable_for_the_committee_alone(service):
    view = service.bundle_view(WHO["committee_a"])
    assert view["name"]
    assert len(view["version"]) == 64
    assert {"settings", "roles", "metrics", "dimensions", "extracts", "files"} <= view.keys()
    marketing = next(role for role in view["roles"] if role["id"] == "marketing")
    assert any(rule["effect"] == "allow" and say(rule["text"], "zh") and say(rule["reason"], "en") for rule in marketing["rules"])
    assert all(len(file["sha256"]) == 64 for file in view["files"])
    with pytest.raises(NotPermitted):
        service.bundle_view(WHO["market"])


def test_health_and_readiness(service):
    assert service.health()["status"] == "ok"
    assert service.ready() == {"ready": True, "parts": {"ledger": "ok", "policy": "ok", "warehouse": "ok", "stores": "ok"}}


def test_an_answer_leaves_as_a_file_only_where_the_policy_lets_it_and_the_refusal_names_rule_and_way_out(service):
    query = {"metrics": ["reach_rate"], "group_by": ["region"]}
    file = service.answer_files.take(WHO["market"], query, language="zh", session="s")
    document = file.answer.to_json()
    lines = file.body.decode("utf-8-sig").splitlines()
    assert lines[0] == ",".join(column["label"] for column in document["columns"])
    assert len(lines) == len(document["rows"]) + 1
    kept = service.answer_files.take(Actor(id="engineer", role="data_engineer", department="data_engineering"), query).to_json()
    assert kept["status"] == "refused"
    assert kept["refusal"]["you_may"]
    assert proof_holds(service.audit_proof(WHO["compliance"], kept["receipt"]["event"]))
