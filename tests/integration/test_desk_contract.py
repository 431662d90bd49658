"""What the review pages ask of a desk (`DeskPort`), held by the fake of the pages' tests and by the real desk alike."""

from __future__ import annotations

import inspect
import io
import zipfile
from typing import get_type_hints

import pytest

from governance.errors import InvalidQuery
from governance.terms import Text
from tests.fakes.clock import FakeClock
from tests.fakes.service import FakeService
from tests.fixtures.desks import OFFICER, OUTSIDER, SECOND, make_bench
from wenshu.desk import NotPermitted
from wenshu.desk.findings.room import VERDICTS
from wenshu.desk.signing import MEANINGS
from wenshu.web.ports import review as review_port

ROOMS = {name: found.fget for name, found in vars(review_port.DeskPort).items() if isinstance(found, property)}


@pytest.fixture(params=["fake", "real"])
def desk(request, tmp_path):
    if request.param == "fake":
        service = FakeService(tmp_path, FakeClock())
        for _ in range(5):
            service.ask(OUTSIDER, "张伟医生开了多少康舒平")
        return service.desk
    bench = make_bench(tmp_path / "desk")
    for _ in range(5):
        bench.ask(outcome="refused", code="prescription_by_doctor", metrics=(), session="s1")
    bench.desk.officers = lambda: ["compliance", "compliance_2"]
    return bench.desk


def shape(function):
    """Parameters but the first by name, kind and whether they may be left out."""
    return {name: (p.kind, p.default is p.empty) for name, p in list(inspect.signature(function).parameters.items())}


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_whatever_the_pages_call_is_there_and_takes_what_they_give(desk, room):
    port = get_type_hints(ROOMS[room], vars(review_port))["return"] if room else review_port.DeskPort
    there = getattr(desk, room) if room else desk
    for name, wanted in vars(port).items():
        if inspect.isfunction(wanted) and not name.startswith("_"):
            asked = {key: value for key, value in shape(wanted).items() if key != "self"}
            given = shape(getattr(there, name))
            assert asked.keys() <= given.keys(), name
            assert all(given[key][0] == kind for key, (kind, _) in asked.items()), name
            assert all(not must for key, (_, must) in given.items() if key not in asked), name


def test_the_first_page_has_its_parts_and_its_numbers_agree(desk):
    told = desk.overview(OFFICER, {}, None, 3)
    page = told["page"]
    assert {"integrity", "today", "page", "timeline", "waiting", "saved", "findings"} <= told.keys()
    assert {"ok", "size", "verified_size", "verified_at", "orphan_intents", "problem", "checkpoint", "witnesses", "sinks"} <= told["integrity"].keys()
    assert {"accesses", "answered", "refused", "failed", "people", "codes"} == told["today"].keys()
    assert page["total"] == sum(page["facets"]["type"].values())
    assert len(page["events"]) == 3
    assert [event["index"] for event in page["events"]] == sorted((event["index"] for event in page["events"]), reverse=True)
    assert {"findings", "open", "working"} <= told["findings"].keys()
    assert all({"start", "total", "answered", "refused", "failed"} == bucket.keys() for bucket in told["timeline"]["buckets"])


def test_pages_go_on_and_back_by_their_cursors(desk):
    first = desk.overview(OFFICER, {"actor": "market"}, None, 3)["page"]
    assert first["previous"] is None
    second = desk.overview(OFFICER, {"actor": "market"}, first["next"], 3)["page"]
    assert second["events"][0]["index"] < first["events"][-1]["index"]
    back = desk.overview(OFFICER, {"actor": "market"}, second["previous"], 3)["page"]
    assert [event["id"] for event in back["events"]] == [event["id"] for event in first["events"]]


@pytest.mark.parametrize(
    "look",
    [
        lambda desk, who: desk.overview(who, {}, None, 3),
        lambda desk, who: desk.looking.session(who, "s1"),
        lambda desk, who: desk.findings.findings(who),
        lambda desk, who: desk.findings.finding(who, "none"),
        lambda desk, who: desk.findings.resolve(who, "none", "confirmed"),
        lambda desk, who: desk.signing.look(who),
        lambda desk, who: desk.signing.sign(who, upto=0, meaning="sampled"),
        lambda desk, who: desk.exporting.export(who, {}, "csv"),
        lambda desk, who: desk.packs.zipped(who, {}),
        lambda desk, who: desk.controls.look(who),
        lambda desk, who: desk.registers.look(who),
        lambda desk, who: desk.registers.open_incident(who, title="t", filters={"actor": "market"}),
        lambda desk, who: desk.registers.sign_assessment(who, "none"),
        lambda desk, who: desk.eyes.decide(who, "act-none", "compliance", agree=True),
        lambda desk, who: desk.second.request(who, "none"),
        lambda desk, who: desk.save_filter(who, "mine", {"actor": "market"}),
    ],
)
def test_the_desk_is_for_officers_alone(desk, look):
    with pytest.raises(NotPermitted):
        look(desk, OUTSIDER)


def test_a_finding_is_listed_opened_and_worked_on(desk):
    told = desk.findings.findings(OFFICER)
    one = next(item for item in told["findings"] if item["rule"] == "grave_refusals")
    assert isinstance(one["label"], Text)
    assert isinstance(one["sentence"], Text)
    assert {"rules", "open", "quiet", "raised", "looked_up_to", "working"} <= told.keys()
    assert {"rule", "label", "found", "judged", "precision"} == told["rules"][0].keys()
    desk.findings.assign(OFFICER, one["id"], "compliance_2", desk.officers())
    desk.findings.comment(SECOND, one["id"], "asked the manager")
    desk.findings.resolve(SECOND, one["id"], VERDICTS[1], "known to the manager")
    opened = desk.findings.finding(OFFICER, one["id"])
    assert (opened["state"], opened["verdict"], opened["assignee"]) == ("resolved", "explained", "compliance_2")
    assert [act["words"] for act in opened["acts"]] == [None, "asked the manager", "known to the manager"]
    assert {"index", "id", "time"} == opened["events"][0].keys()
    desk.findings.reopen(OFFICER, one["id"])
    assert desk.findings.finding(OFFICER, one["id"])["state"] == "open"
    with pytest.raises(InvalidQuery):
        desk.findings.finding(OFFICER, "none")


def test_what_is_signed_off_is_covered(desk):
    before = desk.signing.look(OFFICER)
    desk.signing.sign(OFFICER, upto=before["size"] - 1, meaning=next(iter(MEANINGS)), seen=before["root"])
    after = desk.signing.look(OFFICER)
    assert after["covered"] == before["size"]
    assert after["outside"] == after["size"] - after["covered"]
    assert [(item["from"], item["to"], item["holds"]) for item in after["signoffs"]] == [(0, before["size"] - 1, True)]
    assert all(day["inside"] <= day["events"] for day in after["days"])


def test_files_packs_controls_and_registers_are_what_they_say(desk):
    for kind, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("jsonl", b"{")):
        _, pieces = desk.exporting.export(OFFICER, {"actor": "market"}, kind)
        assert b"".join(pieces).startswith(begins)
    assert "wenshu-evidence/verify.py" in zipfile.ZipFile(io.BytesIO(desk.packs.zipped(OFFICER, {"actor": "market"}))).namelist()
    told = desk.controls.look(OFFICER)
    assert sum(told["summary"].values()) == sum(len(law["controls"]) for law in told["laws"])
    registers = desk.registers.look(OFFICER)
    assert {"activities", "assessments", "processors", "transfers", "incidents"} <= registers.keys()
    unsigned = next(item for item in registers["assessments"] if not item["signed_by"])
    desk.registers.sign_assessment(OFFICER, unsigned["key"])
    desk.registers.open_incident(OFFICER, title="A look too many", filters={"actor": "market"})
    after = desk.registers.look(OFFICER)
    assert next(item for item in after["assessments"] if item["key"] == unsigned["key"])["signed_by"] == "compliance"
    assert after["incidents"][0]["radius"]["people"] == 1


def test_labels_lead_back_to_their_ids_and_saved_filters_are_kept(desk):
    label = desk.labels.text("purpose", "market_analysis")
    assert {desk.labels.resolve("purpose", label.zh), desk.labels.resolve("purpose", label.en)} == {"market_analysis"}
    desk.save_filter(OFFICER, "mine", {"actor": "market"})
    assert desk.overview(OFFICER, {}, None, 1)["saved"] == [{"name": "mine", "filters": {"actor": "market"}}]
    desk.forget_filter(OFFICER, "mine")
    assert desk.overview(OFFICER, {}, None, 1)["saved"] == []
    assert desk.ready()
    assert desk.eyes.pending(OFFICER) == []
    assert {"compliance", "compliance_2"} <= set(desk.officers())
