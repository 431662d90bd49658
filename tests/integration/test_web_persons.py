"""The pages of re-identification and of a person's rights: who may open them, two persons, shown once, and nothing of anybody left in an address or a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fakes.persons import MOBILE, PERSON
from tests.fakes.web import Reader, make_app


@pytest.fixture
def site(tmp_path: Path):
    return make_app(tmp_path)


def _words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


@pytest.mark.parametrize("user", ["market", "committee_a", "engineer"])
@pytest.mark.parametrize("path", ["/persons", "/persons/rights"])
def test_nobody_else_opens_the_pages_or_acts(site, user: str, path: str) -> None:
    app, service, _ = site
    reader = Reader(app, user)
    assert reader.get(path).status_code == 403
    assert "/persons" not in reader.get("/account").text
    assert reader.post(path, {"pseudonym": PERSON, "case": "C-1", "purpose": "compliance_audit", "act": "access", "who": MOBILE}).status_code == 403
    assert (service.persons.made, service.subjects.acts) == ({}, [])


def test_who_asked_can_not_approve_and_is_shown_the_answer_once(site) -> None:
    app, service, _ = site
    reader = Reader(app, "compliance")
    reader.get("/persons")
    assert reader.post("/persons", {"pseudonym": PERSON, "case": "CASE-7", "purpose": "compliance_audit"}).status_code == 303
    page = reader.get("/persons")
    assert "须由他人审批" in _words(page)
    assert 'value="approve"' not in page.text
    assert reader.post("/persons/r1", {"act": "approve"}).status_code == 403
    service.persons.made["r1"] |= {"state": "approved", "approver": "compliance_2"}
    shown = reader.post("/persons/r1", {"act": "reveal"})
    assert "139****1234" in shown.text
    assert MOBILE not in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    again = reader.post("/persons/r1", {"act": "reveal", "unmasked": "yes"})
    assert again.status_code == 403
    assert MOBILE not in again.text
    assert "已用完" in _words(reader.get("/persons"))


def test_another_officer_approves_or_denies_what_somebody_asked(site) -> None:
    app, service, _ = site
    service.persons.put("medical")
    service.persons.put("medical")
    reader = Reader(app, "compliance", language="en")
    assert 'value="approve"' in reader.get("/persons").text
    reader.post("/persons/r1", {"act": "approve"})
    reader.post("/persons/r2", {"act": "deny"})
    assert [item["state"] for item in service.persons.made.values()] == ["approved", "denied"]
    assert "Show once" not in _words(reader.get("/persons"))


@pytest.mark.parametrize(("fields", "said"), [({"pseudonym": "H1-TYPO"}, "这不是假名"), ({"case": "13900001234"}, "案件号看起来像个人标识"), ({"case": "张伟的案子"}, "需要案件号")])
def test_a_request_that_can_not_be_made_says_why_in_the_readers_language(site, fields: dict[str, str], said: str) -> None:
    app, service, _ = site
    reader = Reader(app, "compliance")
    reader.get("/persons")
    page = reader.post("/persons", {"pseudonym": PERSON, "case": "CASE-7", "purpose": "compliance_audit"} | fields)
    assert page.status_code == 400
    assert said in _words(page)
    assert service.persons.made == {}


def test_what_is_held_is_shown_and_handed_over_without_the_identifier_in_any_address(site) -> None:
    app, service, _ = site
    reader = Reader(app, "compliance")
    reader.get("/persons/rights")
    page = reader.post("/persons/rights", {"act": "access", "who": MOBILE, "case": "DSR-1"})
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "可能参与过 2 个以往的回答" in _words(page)
    assert not [address for address in re.findall(r'(?:href|action|src)="([^"]+)"', page.text) if MOBILE in address or PERSON in address]
    for form, kind, start in (("json", "application/json", b"{"), ("html", "text/html; charset=utf-8", b"<!doctype"), ("pdf", "application/pdf", b"%PDF")):
        copy = reader.post("/persons/rights", {"act": "access", "pseudonym": PERSON, "case": "DSR-1", "form": form})
        assert copy.headers["Content-Type"] == kind
        assert copy.data.startswith(start)
        assert copy.headers["Content-Disposition"] == f'attachment; filename="subject.{form}"'
        assert copy.headers["Cache-Control"] == "no-store"
    assert [act for act, _, _ in service.subjects.acts] == ["access"] * 4


def test_corrections_withdrawals_and_erasure_do_what_they_say_and_erasing_asks_first(site) -> None:
    app, service, _ = site
    reader = Reader(app, "compliance")
    reader.get("/persons/rights")
    base = {"who": MOBILE, "case": "DSR-1"}
    assert "已更正" in _words(reader.post("/persons/rights", base | {"act": "correct", "lines": "title=主任医师\n\n mobile = 13900009999 "}))
    assert "2026-11-22" in _words(reader.post("/persons/rights", base | {"act": "withdraw", "purposes": ["market_analysis"], "channel": "微信"}))
    look = reader.post("/persons/rights", base | {"act": "erase"})
    assert "将被删除的内容" in _words(look)
    assert not service.subjects.erased
    done = reader.post("/persons/rights", {"pseudonym": PERSON, "case": "DSR-1", "act": "erase", "confirm": "erase"})
    assert "erasure-c0ffee.json" in done.text
    assert "账本仍可验证" in _words(done)
    assert "没有持有此人的信息" in _words(reader.post("/persons/rights", base | {"act": "access"}))
    assert [(act, what) for act, _, what in service.subjects.acts] == [
        ("correct", {"title": "主任医师", "mobile": "13900009999"}), ("withdraw", (("market_analysis",), "微信")), ("look", None), ("erase", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "said"), [({"who": ""}, "请说明是谁"), ({"act": "correct", "lines": "title"}, "每行一项更正"), ({"case": ""}, "需要案件号")]
)
def test_a_right_that_can_not_be_exercised_says_why_and_does_not_write_the_identifier_back(site, fields: dict[str, str], said: str) -> None:
    app, service, _ = site
    reader = Reader(app, "compliance")
    reader.get("/persons/rights")
    page = reader.post("/persons/rights", {"who": MOBILE, "case": "DSR-1", "act": "access"} | fields)
    assert page.status_code == 400
    assert said in _words(page)
    assert MOBILE not in page.text
    assert service.subjects.acts == []


def test_forms_from_elsewhere_do_nothing(site) -> None:
    app, service, _ = site
    reader = Reader(app, "compliance")
    service.persons.put("medical")
    assert reader.post("/persons/r1", {"act": "approve"}, token="forged").status_code == 403
    assert reader.post("/persons/rights", {"who": MOBILE, "case": "D-1", "act": "erase", "confirm": "erase"}, token="forged").status_code == 403
    assert service.persons.made["r1"]["state"] == "requested"
    assert service.subjects.acts == []
