"""The steward's page: who may open it, what it shows, and that a decision comes back as decided."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fakes.web import Reader, make_app
from wenshu.web.context import KEY


@pytest.fixture
def site(tmp_path: Path):
    return make_app(tmp_path)


def _words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_a_steward_sees_stale_and_missing_extracts_and_the_evidence_side_by_side(site) -> None:
    page = Reader(site[0], "engineer").get("/data")
    told = _words(page)
    assert page.status_code == 200
    for words in ("存疑关联 2", "数据已经过去 14 天", "consents：没有收到文件", "候选 2", "哈尔滨筠禾中心医院", "84.1%"):
        assert words in told, words
    assert "Doubtful links 2" in _words(Reader(site[0], "engineer", language="en").get("/data"))


def test_a_decision_is_taken_in_the_stewards_name_and_can_be_taken_back(site) -> None:
    app, service, _ = site
    reader = Reader(app, "engineer")
    reader.get("/data")
    assert reader.post("/data/cases/aaaa1111", {"verdict": "same-2", "state": "open"}).status_code == 302
    assert service.stewardship.decisions == {"aaaa1111": {"verdict": "same", "choice": 2}}
    decided = _words(reader.get("/data?state=decided"))
    assert "与候选 2 是同一人" in decided
    assert "有 1 个裁定尚未进入数据。 立即应用" in decided
    reader.post("/data/cases/aaaa1111", {"verdict": "undo", "state": "decided"})
    assert service.stewardship.decisions == {}


@pytest.mark.parametrize("user", ["market", "compliance", "committee_a"])
def test_nobody_else_opens_the_page_or_decides(site, user: str) -> None:
    app, service, _ = site
    reader = Reader(app, user)
    assert reader.get("/data").status_code == 403
    assert "/data" not in reader.get("/account").text
    assert reader.post("/data/cases/aaaa1111", {"verdict": "apart"}).status_code == 403
    assert service.stewardship.decisions == {}


@pytest.mark.parametrize(("path", "fields", "status"), [("/data/cases/aaaa1111", {"verdict": "same-9"}, 404), ("/data/cases/none", {"verdict": "apart"}, 404), ("/data/cases/aaaa1111", {"verdict": "perhaps"}, 400)])
def test_what_cannot_be_decided_changes_nothing(site, path: str, fields: dict[str, str], status: int) -> None:
    app, service, _ = site
    reader = Reader(app, "engineer")
    reader.get("/data")
    assert reader.post(path, fields).status_code == status
    assert service.stewardship.decisions == {}
    assert KEY in app.extensions


def test_a_proposed_mapping_is_read_corrected_confirmed_and_loaded_in_the_page(site) -> None:
    app, service, _ = site
    reader = Reader(app, "engineer")
    page = reader.get("/data/files")
    for words in ("尚无映射，不会载入", "缺少：what identifies hcp_key", "99999999999", "假名化", "待确认 1"):
        assert words in _words(page), words
    wrong = reader.post("/data/files/ke_hu", {"mapping": "format: 1\nmine: kept"})
    assert wrong.status_code == 400
    assert "mine: kept" in wrong.text
    assert reader.post("/data/files/ke_hu", {"mapping": "format: 1\nload: []"}).status_code == 303
    assert service.inbox.confirmed == {"ke_hu": "format: 1\nload: []"}
    assert "待确认" not in _words(reader.get("/data/files"))
    assert reader.post("/data/load").status_code == 303
    running = reader.get("/data/files")
    assert running.headers["Refresh"] == "2"
    assert "正在载入 25%" in _words(running)


def test_one_column_is_confirmed_by_itself_and_says_so(site) -> None:
    app, service, _ = site
    reader = Reader(app, "engineer")
    assert "数据管家已确认" not in _words(reader.get("/data/files"))
    assert reader.post("/data/columns", {"extract": "ke_hu", "column": "手机", "word": "personal", "reason": " "}).status_code == 400
    assert reader.post("/data/columns", {"extract": "ke_hu", "column": "手机", "word": "personal", "reason": "营销不需要"}).status_code == 303
    assert service.inbox.words == {("ke_hu", "手机"): "personal"}
    page = _words(reader.get("/data/files"))
    assert "数据管家已确认" in page
    assert "不载入 ✓" in page


def test_extracts_of_the_bundle_that_nobody_has_are_left_out_in_the_page(site) -> None:
    app, service, _ = site
    reader = Reader(app, "engineer")
    assert "有 1 个抽取在此没有文件" in _words(reader.get("/data/files"))
    assert reader.post("/data/left-out", {}).status_code == 400
    assert reader.post("/data/left-out", {"extracts": ["call_center"]}).status_code == 303
    assert service.inbox.left_out == ["call_center"]
    assert "在此没有文件" not in _words(reader.get("/data/files"))


def test_cases_are_shown_page_by_page_and_by_choice(site) -> None:
    app, *_ = site
    reader = Reader(app, "engineer")
    first = reader.get("/data")
    assert "第 1 / 2 页" in _words(first)
    assert "aaaa1111" in first.text
    assert "bbbb2222" not in first.text
    assert "bbbb2222" in reader.get("/data?page=2").text
    assert "bbbb2222" in reader.get("/data?page=99").text
    record = reader.get("/data?kind=record")
    assert "bbbb2222" in record.text
    assert "第 1 /" not in _words(record)
    assert reader.post("/data/cases/bbbb2222", {"verdict": "apart", "state": "open", "kind": "record", "page": "1"}).headers["Location"].endswith("/data?state=open&kind=record&page=1#cases")
    for nonsense in ("page=x", "page=-1", "page=12345678", "state=all"):
        assert reader.get(f"/data?{nonsense}").status_code == 400


@pytest.mark.parametrize("user", ["market", "compliance", "committee_a"])
def test_nobody_else_sees_the_files_or_loads(site, user: str) -> None:
    app, service, _ = site
    reader = Reader(app, user)
    assert reader.get("/data/files").status_code == 403
    assert reader.post("/data/files/ke_hu", {"mapping": "load: []"}).status_code == 403
    assert reader.post("/data/load").status_code == 403
    assert reader.post("/data/columns", {"extract": "ke_hu", "column": "手机", "word": "plain", "reason": "x"}).status_code == 403
    assert (service.inbox.confirmed, service.inbox.loads) == ({}, 0)
