"""The pages of temporary rights: what is asked for is said before it is sent, members see it, others don't."""

from __future__ import annotations

import re

import pytest

from tests.fakes.web import Reader, make_app


@pytest.fixture
def app(tmp_path):
    return make_app(tmp_path)[0]


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


ASKED = {"metric": "consent_rate", "by": "region", "purpose": "market_analysis", "days": "7", "reason": "向管理层说明授权情况"}


def test_a_request_says_its_terms_is_sent_and_waits_for_the_committee(app):
    market, member = Reader(app, "market"), Reader(app, "committee_a")
    form = words(market.get("/requests/new?metric=consent_rate&by=region"))
    assert "每组至少 10 人" in form and "不能导出" in form and "按大区" in form
    assert market.post("/requests", ASKED).status_code == 303
    assert "待" in words(market.get("/requests"))
    assert re.search(r'申请 <span class="count">1</span>', member.get("/committee").text)
    page = member.get("/committee/requests")
    assert "向管理层说明授权情况" in page.text and "market" in page.text
    assert market.get("/committee/requests").status_code == 403
    assert member.post("/committee/requests/1", {"step": "decline"}).status_code == 303
    assert "已拒绝" in words(market.get("/requests")) or "declined" in words(market.get("/requests"))


def test_what_cannot_be_granted_says_so_and_has_no_form(app):
    market = Reader(app, "market")
    page = market.get("/requests/new?metric=revenue&by=specialty")
    assert "任何人都不能申请" in page.text
    assert "提交申请" not in page.text
    assert market.post("/requests", ASKED | {"metric": "revenue", "by": "specialty"}).status_code == 403


@pytest.mark.parametrize("wrong", [{"days": "0"}, {"days": "eins"}, {"reason": " "}, {"metric": "gibtsnicht"}])
def test_a_bad_request_is_one_clear_error_and_keeps_nothing(app, wrong):
    market = Reader(app, "market")
    assert market.post("/requests", ASKED | wrong).status_code in (400, 403)
    assert "consent_rate" not in market.get("/requests").text and "授权率" not in market.get("/requests").text


def test_an_approval_of_something_else_than_was_shown_changes_nothing(app):
    market, member = Reader(app, "market"), Reader(app, "committee_a")
    market.post("/requests", ASKED)
    assert member.post("/committee/requests/1", {"step": "approve", "signs": "0" * 64}).status_code == 400
    assert "0/2" in words(member.get("/committee/requests"))


def test_rules_that_nobody_used_are_shown_with_their_last_day(app):
    page = words(Reader(app, "committee_a").get("/committee/unused?days=30"))
    assert "从未" in page and "marketing_asks_the_loop" in page
    assert Reader(app, "market").get("/committee/unused").status_code == 403


def test_a_review_is_begun_decided_and_not_closed_by_who_revoked(app):
    member = Reader(app, "committee_a")
    assert member.post("/committee/reviews", {"days": "90"}).status_code == 303
    page = member.get("/committee/reviews")
    numbers = dict.fromkeys(re.findall(r'name="(line-\d+)"', page.text))
    assert len(numbers) > 8 and "从未" in page.text
    assert member.post("/committee/reviews/1", dict.fromkeys(numbers, "revoke") | {"step": "decide"}).status_code == 303
    assert "0 行" in words(member.get("/committee/reviews"))
    refused = member.post("/committee/reviews/1", {"step": "close"})
    assert refused.status_code == 403 and "不能是" in refused.text
    assert Reader(app, "market").get("/committee/reviews").status_code == 403
