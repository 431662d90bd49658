"""The desk's pages: every one in both languages for officers, closed to all others, and each act on it done and shown."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from governance.bundle.loading import load_bundle
from governance.documents.review import ControlsDocument, SecondOfficer
from tests.fakes.web import Reader, make_app
from tests.fixtures.desks import PagesDesk
from wenshu.desk.controls import problems_of
from wenshu.desk.evidence import QUERIES
from wenshu.setup import shipped_bundle
from wenshu.web.review_timeline import draw

ROOT = Path(__file__).parents[2]
PAGES = {"/review": "今日访问", "/review/findings": "触碰红线", "/review/signoffs": "尚未签阅", "/review/packs": "制作证据包文件", "/review/controls": "个人信息保护法", "/review/registers": "处理活动", "/review/sessions/s1": "的会话"}


@pytest.fixture
def pages(tmp_path):
    app, service, _ = make_app(tmp_path)
    service._desk = PagesDesk(tmp_path / "desk", service.clock, service.audit_events, service.integrity)
    service.ask(service.accounts.actor("market", "session"), "上个月各大区的触达率")
    return app, service


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_there_in_both_languages_for_officers_only(pages, path):
    app, _ = pages
    assert PAGES[path] in Reader(app, "compliance").get(path).text
    english = Reader(app, "compliance", language="en").get(path)
    assert english.status_code == 200
    said = re.sub(r"<[^>]+>", " ", english.text)
    assert "{{" not in said
    assert Reader(app, "market").get(path).status_code == 403


def test_a_finding_is_worked_on_from_its_page(pages):
    app, _service = pages
    reader = Reader(app, "compliance")
    path = re.search(r'href="(/review/findings/[0-9a-f]{16})"', reader.get("/review/findings").text)[1]
    reader.get(path)
    for fields in ({"act": "assign", "to": "compliance_2"}, {"act": "comment", "words": "<b>看过</b>"}, {"act": "resolve", "verdict": "confirmed"}):
        assert reader.post(path, fields).status_code == 303
    page = reader.get(path).text
    assert "确认违规" in page
    assert "compliance_2" in page
    assert "&lt;b&gt;看过&lt;/b&gt;" in page
    assert reader.post(path, {"act": "nonsense"}).status_code == 400
    assert Reader(app, "market").post(path, {"act": "reopen"}).status_code == 403


def test_what_the_officer_saw_is_signed_off_in_one_act_and_what_comes_later_is_outside(pages):
    app, _service = pages
    reader = Reader(app, "compliance")
    page = reader.get("/review/signoffs").text
    seen = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("upto", "root")}
    assert reader.post("/review/signoffs", seen | {"meaning": "no_objection"}).status_code == 303
    after = reader.get("/review/signoffs").text
    assert "已审阅，未见异常" in after
    assert "此后未改" in after
    assert reader.post("/review/signoffs", {"meaning": "no_objection"}).status_code == 400


def test_files_come_as_what_they_are(pages):
    app, _ = pages
    reader = Reader(app, "compliance")
    for form, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("jsonl", b"{")):
        response = reader.client.get(f"/review/export?form={form}&type=outcome", headers=reader.headers)
        assert response.data.startswith(begins)
        assert f"wenshu-events.{form}" in response.headers["Content-Disposition"]
    assert reader.get("/review/export?form=exe").status_code == 400
    packed = zipfile.ZipFile(BytesIO(reader.post("/review/packs", {"actor": "market"}).data))
    assert "wenshu-evidence/verify.py" in packed.namelist()


def test_registers_take_a_signature_and_an_incident(pages):
    app, _ = pages
    reader = Reader(app, "compliance")
    page = reader.get("/review/registers").text
    path = re.search(r'action="(/review/registers/assessments/[0-9a-f]{64})"', page)[1]
    assert reader.post(path, {}).status_code == 303
    assert reader.post("/review/registers/incidents", {"title": "遗失", "actor": "market"}).status_code == 303
    page = reader.get("/review/registers").text
    assert "compliance 已签署" in page
    assert "遗失" in page
    assert reader.post(path, {}).status_code == 400


def test_a_saved_filter_comes_back_and_goes(pages):
    app, _ = pages
    reader = Reader(app, "compliance")
    reader.get("/review")
    assert reader.post("/review/saved", {"name": "我的筛选", "actor": "market"}).headers["Location"] == "/review?actor=market"
    assert "我的筛选" in reader.get("/review").text
    reader.post("/review/saved", {"forget": "我的筛选"})
    assert "我的筛选" not in reader.get("/review").text


@pytest.mark.parametrize(("starts", "bars"), [([("2026-11-01", 5)], 1), ([("2026-11-01", 5), ("2026-11-10", 1)], 10), ([("2024-11-01", 5), ("2026-10-31", 7)], 105)])
def test_bars_lie_side_by_side_and_hold_every_event(starts, bars):
    told = {"unit": "day", "buckets": [{"start": start, "total": total, "answered": 1, "refused": 0, "failed": 0} for start, total in starts]}
    drawn = draw(told)
    assert len(drawn.bars) == bars
    assert sum(bar.total for bar in drawn.bars) == sum(total for _, total in starts)
    assert all(one.until < two.since for one, two in zip(drawn.bars, drawn.bars[1:], strict=False))
    assert draw({"unit": "day", "buckets": []}) is None


# ---------------------------------------------------------------------- controls


def shipped():
    return {read.file: read.document for read in load_bundle(shipped_bundle()).of("controls", ControlsDocument)}


def test_every_control_names_tests_that_are_there_and_evidence_that_is_answered():
    assert problems_of(shipped()) == []
    for document in shipped().values():
        for control in document.controls:
            assert control.tests, control.id
            assert all((ROOT / path).is_file() for path in control.tests), control.id
            assert control.evidence, control.id


def test_the_articles_of_the_law_that_must_be_mapped_are():
    mapped = {int(article) for document in shipped().values() if "PIPL" in document.law.en for control in document.controls for article in control.articles}
    wanted = {*range(5, 10), *range(13, 18), 19, 21, *range(23, 26), *range(28, 31), *range(38, 42), *range(44, 53), *range(54, 58)}
    assert wanted <= mapped


def test_every_evidence_query_is_documented():
    text = (ROOT / "docs/reference/controls.md").read_text(encoding="utf-8")
    assert [name for name in QUERIES if f"`{name}`" not in text] == []


def test_a_control_is_never_met_by_what_people_must_do(pages):
    _, service = pages
    told = service.desk.controls.told()
    for law in told["laws"]:
        for control in law["controls"]:
            holding = [item["holds"] for item in control["evidence"] if item["bound"] != "≥ 0"]  # a bound that can't fail proves nothing
            assert holding, control["id"]
            expected = "not_met" if not any(holding) else "met" if all(holding) and control["outside"] is None else "partly"
            assert control["state"] == expected
    assert sum(told["summary"].values()) == sum(len(law["controls"]) for law in told["laws"])


# ---------------------------------------------------------------------- what ids are called


def test_ids_are_called_by_their_labels_and_filters_take_either(pages):
    app, _ = pages
    reader, english = Reader(app, "compliance"), Reader(app, "compliance", language="en")
    assert '<option value="市场分析">market_analysis</option>' in reader.get("/review").text
    assert '<option value="Market analysis">market_analysis</option>' in english.get("/review").text
    by_label = reader.get("/review/packs?purpose=市场分析").text
    assert 'name="purpose" value="市场分析" title="market_analysis"' in by_label
    assert reader.post("/review/saved", {"name": "按名", "purpose": "市场分析"}).headers["Location"] == "/review?purpose=market_analysis"


def test_an_act_of_two_officers_is_asked_for_agreed_to_and_done_on_the_pages(pages):
    app, service = pages
    service.desk.eyes._rule = lambda: SecondOfficer(acts=("export", "sign_off"))
    reader = Reader(app, "compliance")
    asked = reader.get("/review/export?form=csv&actor=market")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/review#second")
    size = service.desk.signing.told()["size"]
    assert reader.post("/review/signoffs", {"upto": str(size - 1), "meaning": "sampled"}).status_code == 303
    own = reader.get("/review").text
    assert "等待另一位合规官" in own
    assert own.count("您已申请；尚无其他合规官同意。") == 2
    assert service.desk.signing.told()["signoffs"] == []
    second = Reader(app, "compliance", language="en")
    officer = service.accounts.actor("compliance", "session")
    for item in service.desk.eyes.pending(officer):
        other = type(officer)(id="compliance_2", role="compliance", department="compliance")
        service.desk.eyes.decide(other, item["case"], "compliance", agree=True)
    page = second.get("/review").text
    assert page.count("Do it now") == 2
    assert "Reviewed by sampling" in page
    assert reader.post("/review/second", {"case": "act-none", "for": "compliance", "decision": "agree"}).status_code == 400
    assert reader.get("/review/export?form=csv&actor=market").status_code == 200
    assert reader.post("/review/signoffs", {"upto": str(size - 1), "meaning": "sampled"}).headers["Location"] == "/review/signoffs"
    assert [item["to"] for item in service.desk.signing.told()["signoffs"]] == [size - 1]
    assert Reader(app, "market").post("/review/second", {"case": "x", "for": "y"}).status_code == 403
    assert Reader(app, "market").get("/review/ready").status_code == 403
    assert reader.get("/review/ready").json == {"ready": True}


def test_pages_that_need_all_of_a_large_ledger_say_so_until_it_was_read(pages, monkeypatch):
    app, service = pages
    monkeypatch.setattr(service.desk, "ready", lambda: False)
    reader = Reader(app, "compliance")
    for path in ("/review/findings", "/review/signoffs", "/review/controls", "/review/registers"):
        assert "正在读取账本" in reader.get(path).text
        assert Reader(app, "market").get(path).status_code == 403
    assert reader.get("/review").status_code == 200
