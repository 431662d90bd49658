"""What every question leaves in the ledger: who asked for whom, on what ground, for which case, through which entry, and what it used up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from audit import Event
from audit.verify import verify
from governance.errors import InvalidQuery
from tests.fixtures.home import copied_home
from wenshu.home import Home
from wenshu.marker import read_marker
from wenshu.service import Service
from wenshu.settings import Environment
from wenshu.setup import open_ledger

QUESTION = "上个月各大区的触达率"
REFUSED = "每位医生上个月的触达次数，列出姓名"
UNKNOWN = "嗯嗯啊啊"


@pytest.fixture(scope="module")
def service(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("record") / "home"
    copied_home(demo_home, path)
    with Service.open(Home(path), Environment(home=path, pinned_today=dt.date(2026, 11, 15))) as opened:
        yield opened


def left(service: Service, question: str, via: Any, **more: Any) -> list[dict[str, Any]]:
    """The events that one question of `market` left, oldest first."""
    officer = service.local_actor("compliance")
    newest = service.audit_events(officer, {}, None, 1)["events"][0]["index"]
    service.ask(service.accounts.actor("market", via), question, session="s-1", surface="web", **more)
    return [event for event in reversed(service.audit_events(officer, {"actor": "market"}, None, 20)["events"]) if event["index"] > newest]


@pytest.mark.parametrize(("via", "whose"), [("session", None), ("token", "market"), ("local_admin", "market")])
def test_an_answered_question_tells_all_of_its_record(service, via, whose):
    intent, outcome = left(service, QUESTION, via, case="CASE-2026-015")
    for event in (intent, outcome):
        detail = event["detail"]
        assert (event["actor"], event["role"], event["department"], event["purpose"]) == ("market", "marketing", "marketing", "market_analysis")
        assert (detail["case"], detail["session"], detail["surface"], detail["via"], detail["on_behalf_of"], detail["record"]) == ("CASE-2026-015", "s-1", "web", via, whose, 3)
    policy = service.house.current().active.policy
    basis = policy.purposes["market_analysis"].legal_basis
    assert intent["detail"]["legal_basis"] == (basis.text().zh if basis else None)
    assert 1 <= intent["detail"]["budget"]["questions"] <= intent["detail"]["budget"]["questions_of"]
    assert outcome["detail"]["budget"]["answers_held"] >= 0


def test_an_answer_taken_as_a_file_tells_its_case(service):
    officer = service.local_actor("compliance")
    service.answer_files.take(service.accounts.actor("market", "session"), {"metrics": ["reach_rate"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}, case="C-9")
    newest = service.audit_events(officer, {"actor": "market"}, None, 1)["events"][0]
    assert (newest["detail"]["case"], newest["detail"]["surface"]) == ("C-9", "export")


@pytest.mark.parametrize("question", [REFUSED, UNKNOWN])
def test_a_question_without_an_answer_tells_them_too(service, question):
    events = left(service, question, "token", case="C-7")
    assert events
    for event in events:
        told = {name: event["detail"].get(name) for name in ("case", "session", "surface", "via", "on_behalf_of", "record")}
        assert told == {"case": "C-7", "session": "s-1", "surface": "web", "via": "token", "on_behalf_of": "market", "record": 3}


def test_what_was_told_before_is_counted_for_the_department(service):
    before = left(service, QUESTION, "session")[-1]["detail"]["budget"]["answers_held"]
    left(service, "上个月各大区的触达率，按渠道", "session")
    assert left(service, QUESTION, "session")[-1]["detail"]["budget"]["answers_held"] > before


def test_a_question_for_which_nothing_more_can_be_judged_is_refused_as_such_and_the_ledger_tells_how_much_was_used(service, monkeypatch):
    told = left(service, QUESTION, "session")[-1]["detail"]["budget"]
    assert 0 < told["cells_told"] <= told["cells_of"]
    monkeypatch.setattr("governance.disclosure.factor.MOST_ROWS", told["cells_told"])
    asked = left(service, "上个月各医院等级的触达率", "session")[-1]
    assert (asked["detail"]["outcome"], asked["detail"]["code"], asked["detail"]["rows"]) == ("refused", "budget_exhausted", 0)
    assert asked["detail"]["budget"]["cells_told"] == asked["detail"]["budget"]["cells_of"] == told["cells_told"]
    assert left(service, QUESTION, "session")[-1]["detail"]["outcome"] == "answered", "what was told before may be told again"


@pytest.mark.parametrize("case", ["", "张三的案子", "two words", "13800138000", "a" * 41])
def test_a_case_that_is_no_number_of_a_case_is_refused_and_leaves_nothing(service, case):
    officer = service.local_actor("compliance")
    before = service.audit_events(officer, {"actor": "market"}, None, 1)["events"][0]["index"]
    with pytest.raises(InvalidQuery, match="case number"):
        service.ask(service.accounts.actor("market", "session"), QUESTION, case=case)
    assert service.audit_events(officer, {"actor": "market"}, None, 1)["events"][0]["index"] == before


def test_records_of_earlier_releases_are_read_and_verified_beside_the_new_ones(service):
    old = {"query": {"metrics": ["reach_rate"]}, "metrics": ["reach_rate"], "via": "session", "surface": "web", "session": "s-0"}
    with open_ledger(service.home, read_marker(service.home).origin, "Asia/Shanghai") as ledger:
        receipt = ledger.append(Event(type="intent", request="old-1", actor="market", role="marketing", purpose="market_analysis", decision="allow", detail=old))
        vkey = ledger.vkey
    assert left(service, QUESTION, "session")
    found = service.audit_events(service.local_actor("compliance"), {"session": "s-0"}, None, 5)["events"]
    assert [event["id"] for event in found] == [receipt.event]
    assert "record" not in found[0]["detail"]
    assert verify(service.home.ledger_file, vkey, service.home.checkpoint).ok
