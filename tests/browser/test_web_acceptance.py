"""The issue's own walk through the browser: the real server, the demo company, the questions that must be answered and refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.test_web_browser import FLAGS
from tests.fixtures.serving import PASSWORD, make_person, serving

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="needs Debian's chromium")]


@pytest.fixture(scope="module")
def server(demo_home):
    make_person(demo_home, "browser_market", "marketing", "marketing")
    make_person(demo_home, "browser_manager", "sales_manager", "sales", region="华东")
    make_person(demo_home, "browser_officer", "compliance", "compliance")
    make_person(demo_home, "browser_committee", "committee", "committee")
    with serving(demo_home) as running:
        yield running


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(server, chromium):
    contexts = []

    def open_page(user: str, locale: str = "zh-CN") -> Page:
        context = chromium.new_context(base_url=server.address, locale=locale)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto("/signin")
        page.fill("[name=user]", user)
        page.fill("[name=password]", PASSWORD)
        page.click("main button.primary")
        return page

    yield open_page
    for context in contexts:
        context.close()


def ask(page: Page, question: str):
    page.goto("/")
    page.fill("#question", question)
    page.press("#question", "Enter")
    expect(page.locator("#answers > :not(.waiting)").first).to_be_visible(timeout=60_000)
    return page.locator("#answers article").first


def proven(page: Page, card) -> None:
    card.locator(".receipt").click()
    expect(page.locator(".proof .notice.good")).to_be_visible()


@pytest.mark.parametrize(
    ("question", "first", "rows"),
    [("上个月各大区的触达率", "华东", 7), ("上个月华东各渠道的触达率", "面对面拜访", 7), ("top 5 specialties by doctors reached last quarter", None, 5)],
)
def test_marketing_gets_the_number_the_chart_the_table_and_a_receipt_that_verifies(visit, question, first, rows):
    page = visit("browser_market")
    card = ask(page, question)
    expect(card).to_have_class(re.compile("answered"))
    expect(card.locator("figure.chart svg")).to_be_visible()
    card.locator(".table-fold > summary").click()
    expect(card.locator("tbody tr")).to_have_count(rows)
    if first:
        expect(card.locator("tbody")).to_contain_text(first)
    proven(page, card)


@pytest.mark.parametrize("question", ["张伟医生开了多少康舒平", "13812345678 上个月的拜访次数", "各医生的销售额"])
def test_what_must_be_refused_is_refused_with_a_receipt_and_a_way_on(visit, question):
    page = visit("browser_market")
    card = ask(page, question)
    expect(card).to_have_class(re.compile("refused"))
    expect(card.locator("table")).to_have_count(0)
    expect(card.locator("svg")).to_have_count(0)
    proven(page, card)


def test_a_manager_of_the_east_is_told_that_the_south_is_not_hers(visit):
    page = visit("browser_manager")
    card = ask(page, "华南上个月触达率")
    expect(card).to_have_class(re.compile("refused"))
    expect(card.locator(".sentence")).to_contain_text("华东")
    proven(page, card)
    expect(ask(page, "上个月各团队的触达医生数")).to_have_class(re.compile("answered"))


def test_an_example_and_a_suggestion_lead_to_answers(visit):
    page = visit("browser_market")
    page.locator(".example").first.click()
    expect(page.locator("#answers article.answered")).to_have_count(1)
    page.locator("article.answered .chips .chip").first.click()
    expect(page.locator("#answers article.answered")).to_have_count(2)


def test_the_fields_of_the_understood_question_ask_again(visit):
    page = visit("browser_market")
    card = ask(page, "上个月华东各渠道的触达率")
    card.locator("details.edit > summary").click()
    card.locator("[name=filter-0-values]").fill("华南")
    card.locator(".query-form button.primary").click()
    expect(page.locator("#answers article")).to_have_count(2)
    expect(page.locator("#answers article").first.locator(".sentence")).to_contain_text("华南")


def test_compliance_finds_the_question_verifies_and_reads_its_proof(visit):
    asker = visit("browser_market")
    ask(asker, "上个月各大区的触达率")
    page = visit("browser_officer")
    page.goto("/review")
    expect(page.locator(".integrity")).to_contain_text("无悬空请求")
    page.fill("[name=actor]", "browser_market")
    page.select_option("[name=outcome]", "answered")
    page.click(".filters button.primary")
    page.locator(".event-table tbody a").first.click()
    expect(page.locator(".proof .notice.good")).to_be_visible()
    expect(page.locator("main")).to_contain_text("browser_market")
    page.goto("/review")
    page.click("form[action='/review/verify'] button")
    expect(page.locator(".notice.good")).to_contain_text("都与写入时一致")


def test_the_committee_reads_what_is_in_force(visit):
    page = visit("browser_committee")
    expect(page.locator("h1")).to_have_text("康衡医药数据治理规则")
    page.locator("details.metric", has_text="市场部").first.locator("summary").click()
    expect(page.locator(".rule").first).to_be_visible()
    page.goto("/")
    expect(page).to_have_url(re.compile("/committee$"))
