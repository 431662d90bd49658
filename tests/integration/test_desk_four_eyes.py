"""Acts that take two officers: nothing is done by one alone, an agreement is for exactly one act, once, within its hours, and all of it is in the ledger."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest

from governance.documents.review import ReviewDocument, SecondOfficer
from governance.errors import InvalidQuery
from tests.fixtures.desks import OFFICER, OUTSIDER, SECOND, make_bench
from wenshu.desk import NotPermitted
from wenshu.desk.four_eyes import AGREED, DECLINED, DONE, REQUESTED, SecondOfficerAsked

EVERY = ("pack", "export", "sign_off", "verdict", "incident")


@pytest.fixture
def bench(tmp_path):
    bench = make_bench(tmp_path / "desk", review=ReviewDocument(second_officer=SecondOfficer(acts=EVERY, departments=("medical",), hours=24)))
    for _ in range(3):
        bench.ask(outcome="refused", code="prescription_by_doctor", metrics=())
    return bench


def finding(bench):
    return next(item["id"] for item in bench.desk.findings.told()["findings"] if item["rule"] == "grave_refusals")


DO = {
    "pack": lambda bench, who: bench.desk.packs.zipped(who, {"actor": "market"}),
    "export": lambda bench, who: b"".join(bench.desk.exporting.export(who, {"actor": "market"}, "csv")[1]),
    "sign_off": lambda bench, who: bench.desk.signing.sign(who, upto=3, meaning="no_objection"),
    "verdict": lambda bench, who: bench.desk.findings.resolve(who, finding(bench), "false_alarm", "why"),
    "incident": lambda bench, who: bench.desk.registers.open_incident(who, title="A look too many", filters={"actor": "market"}),
}
MARK = {"pack": "ledger.pack", "export": "ledger.exported", "sign_off": "review.signed", "verdict": "finding.resolved", "incident": "incident.opened"}


def types(bench):
    return dict(bench.desk.door.reader.count_by("type"))


@pytest.mark.parametrize("act", EVERY)
def test_an_act_waits_for_another_officer_and_is_done_once(bench, act):
    with pytest.raises(SecondOfficerAsked):
        DO[act](bench, OFFICER)
    assert MARK[act] not in types(bench)
    [waiting] = bench.desk.eyes.pending(OFFICER)
    assert (waiting["act"], waiting["by"], waiting["mine"], waiting["agreed_by"]) == (act, "compliance", True, None)
    with pytest.raises(InvalidQuery):
        bench.desk.eyes.decide(OFFICER, waiting["case"], "compliance", agree=True)
    with pytest.raises(SecondOfficerAsked):  # asking again is not agreeing, and one request is enough
        DO[act](bench, OFFICER)
    assert types(bench)[REQUESTED] == 1
    bench.desk.eyes.decide(SECOND, waiting["case"], "compliance", agree=True)
    with pytest.raises(SecondOfficerAsked):  # the other's agreement is not one's own
        DO[act](bench, SECOND)
    DO[act](bench, OFFICER)
    found = types(bench)
    assert found[MARK[act]] == found[AGREED] == found[DONE] == 1
    assert [item["by"] for item in bench.desk.eyes.pending(OFFICER)] == ["compliance_2"]


@pytest.mark.parametrize("act", ["pack", "export", "incident"])
def test_an_agreement_is_for_exactly_what_was_asked_for(bench, act):
    with pytest.raises(SecondOfficerAsked):
        DO[act](bench, OFFICER)
    bench.desk.eyes.decide(SECOND, bench.desk.eyes.pending(SECOND)[0]["case"], "compliance", agree=True)
    bench.ask("medical", department="medical")
    with pytest.raises(SecondOfficerAsked):
        {
            "pack": lambda: bench.desk.packs.zipped(OFFICER, {}),
            "export": lambda: bench.desk.exporting.export(OFFICER, {}, "csv"),
            "incident": lambda: bench.desk.registers.open_incident(OFFICER, title="A look too many", filters={"actor": "medical"}),
        }[act]()


def test_what_was_declined_or_is_too_old_is_not_done(bench):
    with pytest.raises(SecondOfficerAsked):
        DO["export"](bench, OFFICER)
    case = bench.desk.eyes.pending(SECOND)[0]["case"]
    bench.desk.eyes.decide(SECOND, case, "compliance", agree=False)
    assert types(bench)[DECLINED] == 1
    assert bench.desk.eyes.pending(SECOND) == []
    with pytest.raises(InvalidQuery):
        bench.desk.eyes.decide(SECOND, case, "compliance", agree=True)
    with pytest.raises(SecondOfficerAsked):
        DO["export"](bench, OFFICER)
    bench.desk.eyes.decide(SECOND, case, "compliance", agree=True)
    bench.clock.at(dt.date(2026, 11, 5))
    with pytest.raises(SecondOfficerAsked):
        DO["export"](bench, OFFICER)


def test_outsiders_neither_ask_nor_agree(bench):
    with pytest.raises(NotPermitted):
        DO["export"](bench, OUTSIDER)
    assert REQUESTED not in types(bench)
    with pytest.raises(SecondOfficerAsked):
        DO["export"](bench, OFFICER)
    with pytest.raises(NotPermitted):
        bench.desk.eyes.decide(OUTSIDER, bench.desk.eyes.pending(SECOND)[0]["case"], "compliance", agree=True)


def test_answers_of_a_named_department_are_read_by_two(bench):
    event = bench.ask("medical", department="medical", role="medical", question="各观念阶段医生数")
    plain = bench.ask("market", question="上月触达率")
    listed = {item["id"]: item for item in bench.desk.events(OFFICER, {"type": "outcome"}, None, 10)["events"]}
    assert listed[event]["closed"]
    assert "closed" not in listed[plain]
    assert "detail" in bench.desk.event(OFFICER, plain)["event"]
    assert bench.desk.event(OFFICER, event)["event"]["closed"]
    bench.desk.second.request(OFFICER, event)
    bench.desk.second.agree(SECOND, event, "compliance")
    assert bench.desk.event(OFFICER, event)["event"]["detail"]["question"] == "各观念阶段医生数"


def test_without_a_word_in_the_bundle_one_officer_is_enough(tmp_path):
    bench = make_bench(tmp_path / "plain")
    for _ in range(3):
        bench.ask(outcome="refused", code="prescription_by_doctor", metrics=())
    for act in ("verdict", "incident", "pack", "sign_off"):
        DO[act](bench, OFFICER)
    assert len(list(csv.reader(io.StringIO(DO["export"](bench, OFFICER).decode("utf-8-sig"))))) > 1
    assert not {REQUESTED, AGREED, DONE} & types(bench).keys()
    assert bench.desk.eyes.pending(OFFICER) == []
