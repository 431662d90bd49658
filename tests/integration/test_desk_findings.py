"""Findings: each misuse is found with the events behind it, ordinary days are not, and what officers say tunes what is shown."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.errors import InvalidQuery
from tests.fixtures.desks import OFFICER, SECOND, make_bench
from wenshu.desk.filters import read_filter

WORKDAYS = [day for day in (dt.date(2026, 11, 2) + dt.timedelta(days=n) for n in range(19)) if day.weekday() < 5]


@pytest.fixture
def bench(tmp_path):
    bench = make_bench(tmp_path / "desk")
    for day in WORKDAYS[:7]:
        bench.clock.at(day)
        for _ in range(3):
            bench.ask()
    bench.clock.at(WORKDAYS[8])
    return bench


def found(bench):
    return {item["rule"]: item for item in bench.desk.findings.findings(OFFICER)["findings"]}


def volume(bench):
    for _ in range(31):
        bench.ask()


def hours(bench):
    bench.clock.at(WORKDAYS[8], 23)
    for _ in range(5):
        bench.ask()


def new_metrics(bench):
    for name in "abcd":
        bench.ask(metrics=(name,))


def refusals(bench):
    for _ in range(5):
        bench.ask(outcome="refused", code="row_scope")


def grave_refusals(bench):
    for _ in range(3):
        bench.ask(outcome="refused", code="prescription_by_doctor", metrics=())


def differencing(bench):
    for _ in range(2):
        bench.ask(outcome="refused", code="differencing")


def purpose(bench):
    bench.ask(outcome="refused", code="purpose_not_allowed", purpose="medical_insight")
    bench.ask(purpose="market_analysis")


def reidentification(bench):
    bench.note("identity.revealed")


def break_glass(bench):
    bench.ask(surface="cli")


def ledger_denied(bench):
    for _ in range(3):
        bench.note("ledger.denied", what="search")


STORIES = [volume, hours, new_metrics, refusals, grave_refusals, differencing, purpose, reidentification, break_glass, ledger_denied]


def test_ordinary_days_find_nothing(bench):
    assert found(bench) == {}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_each_misuse_is_found_alone_and_explains_itself(bench, story):
    before = bench.desk.door.reader.count()
    story(bench)
    found_now = found(bench)
    assert list(found_now) == [story.__name__]
    finding = found_now[story.__name__]
    assert "market" in finding["sentence"].zh
    assert "market" in finding["sentence"].en
    assert finding["events"]
    assert all(item["index"] >= before for item in finding["events"])
    under = {event.index for event in bench.desk.door.reader.search(read_filter(finding["filter"], bench.desk.door.zone), limit=1000).events}
    assert {item["index"] for item in finding["events"]} <= under


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_looking_in_pieces_finds_what_looking_at_once_finds(bench, story, tmp_path):
    found(bench)
    story(bench)
    pieces = found(bench)
    fresh = type(bench.desk.findings)(bench.desk.door, bench.desk.notes, bench.desk.documents, bench.desk.labels, bench.desk.eyes)
    assert {item["id"] for item in fresh.told()["findings"]} == {item["id"] for item in pieces.values()}


def test_a_finding_is_assigned_commented_and_resolved_on_record_and_its_words_stay_outside(bench):
    volume(bench)
    finding = found(bench)["volume"]["id"]
    room = bench.desk.findings
    room.assign(OFFICER, finding, "compliance_2", ["compliance", "compliance_2"])
    room.comment(SECOND, finding, "已电话核实")
    room.resolve(SECOND, finding, "explained", "季度汇报")
    told = room.finding(OFFICER, finding)
    assert (told["state"], told["verdict"], told["assignee"]) == ("resolved", "explained", "compliance_2")
    assert [act["words"] for act in told["acts"]] == [None, "已电话核实", "季度汇报"]
    acts = bench.desk.events(OFFICER, {"case": f"finding-{finding}"}, None, 10)["events"]
    assert [act["type"] for act in acts] == ["finding.resolved", "finding.commented", "finding.assigned"]
    assert "电话" not in str(acts)
    room.reopen(OFFICER, finding)
    assert room.finding(OFFICER, finding)["state"] == "open"
    for wrong in (lambda: room.assign(OFFICER, finding, "market", ["compliance"]), lambda: room.resolve(OFFICER, finding, "nonsense"), lambda: room.comment(OFFICER, finding, " "), lambda: room.comment(OFFICER, "no-such", "x")):
        with pytest.raises(InvalidQuery):
            wrong()


def test_a_false_alarm_makes_the_rule_speak_later_of_the_same_person_and_shows_in_its_precision(bench):
    refusals(bench)
    first = found(bench)["refusals"]
    bench.desk.findings.resolve(OFFICER, first["id"], "false_alarm")
    bench.clock.at(WORKDAYS[9])
    refusals(bench)
    told = bench.desk.findings.findings(OFFICER)
    assert [item["day"] for item in told["findings"] if item["rule"] == "refusals"] == [first["day"]]
    assert next(rule for rule in told["rules"] if rule["rule"] == "refusals")["precision"] == 0.0
    bench.clock.at(WORKDAYS[10])
    for _ in range(2):
        refusals(bench)
    assert [item["day"] for item in bench.desk.findings.findings(OFFICER)["findings"] if item["rule"] == "refusals" and item["state"] == "open"] == [WORKDAYS[10].isoformat()]


def test_nobody_waits_while_a_long_way_is_gone_in_the_background(bench, monkeypatch):
    monkeypatch.setattr("wenshu.desk.findings.room.AT_ONCE", 0)
    volume(bench)
    with bench.desk.findings._lock:  # the look in the background is under way
        told = bench.desk.findings.findings(OFFICER)
    assert (told["working"], told["findings"]) == (True, [])
    bench.desk.findings.keep_up(wait=True)
    monkeypatch.undo()
    assert [item["rule"] for item in bench.desk.findings.findings(OFFICER)["findings"]] == ["volume"]


def test_a_sentence_calls_metrics_and_reasons_by_their_labels(bench):
    for _ in range(12):
        bench.ask("rep_east_1", outcome="refused", code="metric_not_allowed")
    said = next(item["sentence"] for item in bench.desk.findings.told()["findings"] if item["rule"] == "refusals")
    assert "（指标不可查 12）" in said.zh
    assert "(metric not allowed 12)" in said.en


def test_a_raised_threshold_is_told_with_its_reason_held_in_the_ledger_and_taken_back_by_opening_again(bench):
    refusals(bench)
    first = found(bench)["refusals"]["id"]
    bench.desk.findings.resolve(OFFICER, first, "false_alarm", "a broken link")
    entry = bench.desk.events(OFFICER, {"case": f"finding-{first}", "type": "finding.resolved"}, None, 1)["events"][0]
    assert entry["detail"]["raised_percent"] == 150
    bench.clock.at(WORKDAYS[9])
    refusals(bench)
    told = bench.desk.findings.findings(OFFICER)
    assert [(item["rule"], item["person"], item["times"], item["because"]) for item in told["raised"]] == [("refusals", "market", 1.5, [first])]
    assert [item["day"] for item in told["quiet"]] == [WORKDAYS[9].isoformat()]
    assert [item["day"] for item in told["findings"]] == [WORKDAYS[8].isoformat()]
    bench.clock.at(WORKDAYS[10])
    for _ in range(8):  # stronger than what is allowed now
        bench.ask(outcome="refused", code="row_scope")
    assert WORKDAYS[10].isoformat() in {item["day"] for item in bench.desk.findings.told()["findings"]}
    bench.desk.findings.reopen(SECOND, first)
    told = bench.desk.findings.findings(OFFICER)
    assert told["raised"] == []
    assert told["quiet"] == []
    assert WORKDAYS[9].isoformat() in {item["day"] for item in told["findings"]}


def test_a_false_alarm_about_one_person_keeps_nobody_else_quiet(bench):
    refusals(bench)
    bench.desk.findings.resolve(OFFICER, found(bench)["refusals"]["id"], "false_alarm")
    for _ in range(5):
        bench.ask("medical", outcome="refused", code="row_scope")
    assert {item["person"] for item in bench.desk.findings.told()["findings"] if item["state"] == "open"} == {"medical"}
