"""The desk's rooms over a real ledger: search, timeline, sessions, exports, sign-off, registers, two officers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3

import pytest
from openpyxl import load_workbook

from audit import Event
from audit.errors import NotFound
from audit.search import Filter, Reader
from governance.documents.review import Assessment, ReviewDocument, SecondOfficer, Transfer
from governance.errors import InvalidQuery
from tests.fixtures.desks import OFFICER, OUTSIDER, SECOND, make_bench
from wenshu.desk import NotPermitted
from wenshu.desk.registers import text_hash, unsigned
from wenshu.desk.second import SecondOfficerNeeded


@pytest.fixture
def bench(tmp_path):
    return make_bench(tmp_path / "desk")


def newest(bench, n=1):
    return [event.body for event in bench.desk.door.reader.search(None, limit=n).events]


def test_every_look_is_in_the_ledger_before_it_shows_anything_and_outsiders_are_turned_away_on_record(bench):
    event = bench.ask(session="s1")
    looks = {
        "search": lambda who: bench.desk.events(who, {}, None, 10),
        "event": lambda who: bench.desk.event(who, event),
        "session": lambda who: bench.desk.looking.session(who, "s1"),
        "findings": bench.desk.findings.findings,
        "signoffs": bench.desk.signing.look,
        "controls": bench.desk.controls.look,
        "registers": bench.desk.registers.look,
        "export": lambda who: bench.desk.exporting.export(who, {}, "csv"),
    }
    for what, look in looks.items():
        look(OFFICER)
        assert newest(bench)[0]["detail"]["what"] == what
        with pytest.raises(NotPermitted):
            look(OUTSIDER)
        assert (newest(bench)[0]["type"], newest(bench)[0]["detail"]["what"]) == ("ledger.denied", what)


def test_what_a_reviewer_types_is_kept_only_where_the_ledger_has_it_already(bench):
    bench.ask()
    bench.desk.events(OFFICER, {"actor": "market,张伟13812345678", "text": "王芳"}, None, 10)
    assert newest(bench)[0]["detail"]["filters"] == {"actor": "market,▢", "text": "▢"}


def test_facets_total_and_timeline_of_a_filter_tell_the_same_number(bench):
    for day, count in ((2, 3), (4, 2)):
        bench.clock.at(dt.date(2026, 11, day))
        for _ in range(count):
            bench.ask()
        bench.ask(outcome="refused", code="row_scope", rule="own_region")
    told = bench.desk.overview(OFFICER, {"type": "outcome"}, None, 3)
    assert told["page"]["total"] == 7
    assert told["page"]["facets"]["outcome"] == {"answered": 5, "refused": 2}
    assert told["page"]["facets"]["metric"] == {"reach_rate": 7}
    assert [(item["start"], item["total"], item["refused"]) for item in told["timeline"]["buckets"]] == [("2026-11-02", 4, 1), ("2026-11-04", 3, 1)]
    assert bench.desk.events(OFFICER, {"rule": "own_region", "type": "outcome"}, None, 3)["total"] == 2
    assert (told["today"]["accesses"], told["today"]["refused"], told["today"]["codes"]) == (3, 1, [("row_scope", 1)])
    hours = bench.desk.looking.timeline({"type": "outcome", "since": "2026-11-04T00:00", "until": "2026-11-05T00:00"})
    assert hours == {"unit": "hour", "buckets": [{"start": "2026-11-04T10:00", "total": 3, "answered": 2, "refused": 1, "failed": 0}]}


def test_pages_of_a_filter_go_through_every_event_once(bench):
    wanted = [bench.ask() for _ in range(7)]
    seen, cursor = [], None
    while True:
        page = bench.desk.events(OFFICER, {"type": "outcome"}, cursor, 3)
        seen += [event["id"] for event in page["events"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == wanted[::-1]


def test_one_event_stands_between_what_the_same_person_did_before_and_after(bench):
    events = [bench.ask(), bench.ask("medical"), bench.ask(), bench.ask()]
    told = bench.desk.event(OFFICER, events[2])
    assert {item["actor"] for item in (*told["before"], *told["after"])} == {"market"}
    assert [item["index"] for item in told["before"]] == [2, 1]
    assert [item["index"] for item in told["after"]] == [7, 8]
    assert [item["type"] for item in told["related"]] == ["intent"]


def test_a_session_has_its_events_in_order_and_an_unknown_one_is_not_found(bench):
    bench.ask(session="abc")
    bench.ask(session="other")
    bench.ask(session="abc")
    told = bench.desk.looking.session(OFFICER, "abc")
    assert [event["index"] for event in told["events"]] == [1, 2, 5, 6]
    with pytest.raises(NotFound):
        bench.desk.looking.session(OFFICER, "张伟")
    assert "张伟" not in json.dumps(newest(bench, 3), ensure_ascii=False)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_an_export_holds_exactly_the_filters_events_and_no_formula(bench, kind):
    bench.ask(code="=HYPERLINK(1)")
    bench.ask("medical")
    bench.ask()
    _, pieces = bench.desk.exporting.export(OFFICER, {"actor": "market", "type": "outcome"}, kind, "en")
    assert newest(bench)[0]["type"] == "ledger.exported"
    data = b"".join(pieces)
    if kind == "jsonl":
        assert [json.loads(line)["index"] for line in data.splitlines()] == [2, 6]
        return
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    else:
        rows = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(data)).active.iter_rows()]
    assert rows[0][0] == "Number"
    assert [str(row[0]) for row in rows[1:]] == ["2", "6"]
    assert rows[1][9] == "'=HYPERLINK(1)"


def test_requests_without_an_end_are_counted_as_the_ledger_itself_counts_them(bench):
    look = lambda: bench.desk.integrity()["orphan_intents"]  # noqa: E731 - said three times
    bench.ask()
    assert look() == 0
    for request in ("r1", "r2"):
        bench.ledger.append(Event(type="intent", actor="market", request=request, detail={}))
    assert look() == 0  # they may still be waiting
    bench.clock.at(dt.date(2026, 11, 3))
    assert look() == len(bench.desk.door.reader.orphans(bench.clock())) == 2
    bench.ledger.append(Event(type="outcome", actor="market", request="r1", detail={"outcome": "failed"}))
    assert look() == len(bench.desk.door.reader.orphans(bench.clock())) == 1


def test_saved_filters_are_their_owners_alone(bench):
    bench.desk.save_filter(OFFICER, "被拒", {"outcome": "refused"})
    assert bench.desk.notes.saved("compliance") == [("被拒", {"outcome": "refused"})]
    assert bench.desk.notes.saved("compliance_2") == []
    with pytest.raises(InvalidQuery):
        bench.desk.save_filter(OFFICER, "x", {"nonsense": "1"})
    bench.desk.forget_filter(OFFICER, "被拒")
    assert bench.desk.notes.saved("compliance") == []


# ---------------------------------------------------------------------- sign-off


def test_a_sign_off_covers_what_was_there_and_nothing_later(bench):
    bench.ask()
    signed = bench.desk.signing.sign(OFFICER, upto=2, meaning="no_objection", words="一切正常")
    assert (signed["from"], signed["to"], signed["size"]) == (0, 2, 3)
    bench.ask()
    told = bench.desk.signing.look(SECOND)
    assert told["covered"] == 3
    assert told["outside"] == told["size"] - 3 > 0
    assert told["signoffs"][0]["words"] == "一切正常"
    assert "一切正常" not in json.dumps(newest(bench, 20), ensure_ascii=False)
    assert [(day["day"], day["inside"]) for day in told["days"]] == [("2026-11-02", 3)]
    again = bench.desk.signing.sign(SECOND, upto=5, meaning="sampled")
    assert again["from"] == 3


@pytest.mark.parametrize("what", [{"upto": 99, "meaning": "no_objection"}, {"upto": 1, "meaning": "fine"}, {"upto": 1, "meaning": "sampled", "seen": "00" * 32}, {"upto": -1, "meaning": "sampled"}])
def test_nothing_is_signed_that_is_not_there_or_was_not_seen(bench, what):
    bench.ask()
    with pytest.raises(InvalidQuery):
        bench.desk.signing.sign(OFFICER, **what)
    assert bench.desk.signing.look(OFFICER)["signoffs"] == []


def test_a_signed_range_that_was_altered_no_longer_holds(bench):
    bench.ask()
    bench.desk.signing.sign(OFFICER, upto=2, meaning="no_objection")
    with sqlite3.connect(bench.folder / "ledger.db") as database:
        database.execute("DROP TRIGGER entry_never_changed")
        database.execute("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 2")
    assert [item["holds"] for item in bench.desk.signing.told()["signoffs"]] == [False]
    assert bench.desk.signing.told()["covered"] == 0


# ---------------------------------------------------------------------- registers


def test_an_incidents_reach_is_counted_in_the_ledger(bench):
    bench.ask()
    bench.ask()
    bench.ask("medical", department="medical", role="medical", metrics=("nps",))
    bench.desk.registers.open_incident(OFFICER, title="笔记本电脑遗失", filters={"actor": "market"})
    told = bench.desk.registers.look(OFFICER)["incidents"][0]
    assert told["title"] == "笔记本电脑遗失"
    assert told["radius"] == {"events": 4, "people": 1, "departments": ["marketing"], "metrics": ["reach_rate"], "classes": [], "rows": 14, "revealed": 0}
    for title, filters in (("", {"actor": "market"}), ("x", {})):
        with pytest.raises(InvalidQuery):
            bench.desk.registers.open_incident(OFFICER, title=title, filters=filters)


def test_processing_activities_come_from_the_bundles_extracts_and_purposes(bench):
    activities = bench.desk.registers.look(OFFICER)["activities"]
    assert {"collect.crm_hcp", "collect.wechat_messages", "use.market_analysis", "use.subject_request"} <= {item["id"] for item in activities}
    assert [item["id"] for item in activities if not item["basis"]] == []


def assessment(**more: object):
    words = {"zh": "必要", "en": "needed"}
    return Assessment(**{"id": "a", "label": words, "purposes": ("market_analysis",), "need": words, "risks": words, "measures": words, "assessed_on": dt.date(2026, 1, 1), **more})


def _flow(name, basis, persons, sensitive=0):
    return Transfer(id=name, label={"zh": "境外", "en": "Abroad"}, recipient="HQ", country="CH", basis=basis, persons_this_year=persons, sensitive_persons_this_year=sensitive)


@pytest.mark.parametrize(
    ("flows", "short"),
    [
        ([("a", "standard_contract", 99_999)], []),
        ([("a", "standard_contract", 100_000)], []),
        ([("a", "standard_contract", 999_999), ("b", "exempt", 5_000_000)], []),
        ([("a", "standard_contract", 600_000), ("b", "certification", 400_000)], ["a", "b"]),
        ([("a", "standard_contract", 600_000), ("b", "security_assessment", 400_000)], ["a"]),
        ([("a", "standard_contract", 9_999, 9_999)], []),
        ([("a", "certification", 10_000, 10_000)], ["a"]),
        ([("a", "security_assessment", 10_000, 10_000)], []),
    ],
)
def test_flows_abroad_are_counted_together_and_each_needs_the_basis_that_their_number_asks(tmp_path, flows, short):
    bench = make_bench(tmp_path / "abroad", review=ReviewDocument(transfers=tuple(_flow(*flow) for flow in flows)))
    told = bench.desk.registers.told()["transfers"]
    assert told["short"] == short
    assert told["persons"] == sum(flow[2] for flow in flows if flow[1] != "exempt")


def test_an_unsigned_assessment_blocks_the_activation_that_it_covers_until_exactly_its_text_is_signed(bench, tmp_path):
    before = bench.desk._bundle()
    other = make_bench(tmp_path / "other", review=ReviewDocument(assessments=(assessment(),)))
    after = other.desk._bundle()
    assert [item.id for item in unsigned(before, after, other.desk.door.reader)] == ["a"]
    assert unsigned(before, before, other.desk.door.reader) == []
    other.desk.registers.sign_assessment(OFFICER, text_hash(assessment()))
    assert unsigned(before, after, other.desk.door.reader) == []
    changed = make_bench(tmp_path / "changed", review=ReviewDocument(assessments=(assessment(risks={"zh": "更大", "en": "greater"}),))).desk._bundle()
    assert [item.id for item in unsigned(after, changed, other.desk.door.reader)] == ["a"]
    with pytest.raises(InvalidQuery):
        other.desk.registers.sign_assessment(OFFICER, text_hash(assessment()))


# ---------------------------------------------------------------------- two officers


def test_an_event_about_an_identity_opens_only_once_another_officer_agreed(tmp_path):
    bench = make_bench(tmp_path, review=ReviewDocument(second_officer=SecondOfficer(types=("identity.",), hours=24)))
    event = bench.note("identity.revealed", person="H1-SECRET", case="C-1")
    listed = bench.desk.events(OFFICER, {"type": "identity.revealed"}, None, 5)["events"][0]
    assert listed["closed"]
    assert "H1-SECRET" not in json.dumps(listed)
    assert "H1-SECRET" not in json.dumps(bench.desk.event(OFFICER, event))
    with pytest.raises(SecondOfficerNeeded):
        bench.desk.proof(OFFICER, event)
    assert b"H1-SECRET" not in b"".join(bench.desk.exporting.export(OFFICER, {}, "jsonl")[1])
    with pytest.raises(InvalidQuery):
        bench.desk.second.agree(SECOND, event, "compliance")
    bench.desk.second.request(OFFICER, event)
    with pytest.raises(InvalidQuery):
        bench.desk.second.agree(OFFICER, event, "compliance")
    bench.desk.second.agree(SECOND, event, "compliance")
    assert bench.desk.event(OFFICER, event)["event"]["detail"]["person"] == "H1-SECRET"
    assert "H1-SECRET" not in json.dumps(bench.desk.event(SECOND, event))
    bench.clock.at(dt.date(2026, 11, 4))
    assert "H1-SECRET" not in json.dumps(bench.desk.event(OFFICER, event))


def test_what_was_counted_before_grows_with_the_ledger_as_if_it_were_counted_anew(bench):
    wanted = [
        None, Filter(), Filter(actor=("market",)), Filter(metric=("reach_rate", "visits"), outcome=("answered",)), Filter(text="MARKET visits"),
        Filter(since=bench.clock() + dt.timedelta(hours=2)), Filter(until=bench.clock() + dt.timedelta(days=1)), Filter(code=("late",)),
    ]  # fmt: skip
    kept = bench.desk.door.reader
    for step, outcome in enumerate(("answered", "refused", "failed", "answered", "refused")):
        bench.ask("market" if step % 2 else f"someone_{step}", outcome=outcome, metrics=("visits",) * (step % 2) or ("reach_rate",), **({"code": "late"} if step == 3 else {}))
        bench.clock.moment += dt.timedelta(hours=13)
        for one in wanted:
            fresh = Reader(bench.desk.door.path)
            assert kept.facets(one) == fresh.facets(one)
            assert [kept.timeline(one, unit) for unit in ("day", "hour")] == [fresh.timeline(one, unit) for unit in ("day", "hour")]
            assert (kept.search(one), kept.count(one)) == (fresh.search(one), fresh.count(one))
            assert kept.count(one) == sum(bucket.total for bucket in kept.timeline(one))
