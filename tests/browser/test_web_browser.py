"""The pages in Debian's Chromium, with and without scripts, over the real app on loopback."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.fakes.service import PASSWORD
from tests.fakes.web import make_app

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="needs Debian's chromium")]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
LAST = "article >> nth=0"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    app, service, clock = make_app(tmp_path_factory.mktemp("site"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", service, clock
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(site, chromium):
    """Opens a browser of its own; whatever it complains about on its console fails the test."""
    base, service, _ = site
    complaints, contexts = [], []

    def open_page(user: str | None = None, *, locale="zh-CN", password=PASSWORD, **options: object) -> Page:
        context = chromium.new_context(base_url=base, locale=locale, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} and "Failed to load resource" not in m.text else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        if user:
            page.goto("/signin")
            page.fill("[name=user]", user)
            page.fill("[name=password]", password)
            with page.expect_navigation(wait_until="load"):  # scripts are there then; before, the form would be sent plainly
                page.click("main button.primary")
        return page

    yield open_page
    service.fail = None
    for context in contexts:
        context.close()
    assert complaints == []


def ask(page: Page, question: str) -> None:
    page.fill("#question", question)
    page.press("#question", "Enter")
    expect(page.locator("#answers > :not(.waiting)").first).to_be_visible()


def test_a_question_by_keyboard_alone_gets_sentence_chart_table_and_receipt(visit):
    page = visit("market")
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("上个月各大区的触达率")
    page.keyboard.press("Enter")
    expect(page.locator("article .sentence")).to_contain_text("华北最高，为 64.8%")
    expect(page.locator("article svg")).to_be_visible()
    page.locator("article .table-fold > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("article table")).to_be_visible()
    page.locator("article .hidden-cell").focus()
    expect(page.locator("article .hidden-cell .tip")).to_be_visible()
    page.locator("article .receipt").click()
    expect(page.locator(".notice.good")).to_contain_text("得到的正是签名的根")


def test_the_chart_comes_alive_under_the_strict_policy_and_fits(visit):
    for width in (1280, 375):
        page = visit("market", viewport={"width": width, "height": 800})
        ask(page, "上个月各大区的触达率")
        expect(page.locator("figure.chart.live svg")).to_be_visible()
        assert page.evaluate("document.querySelector('.chart-scroller').scrollWidth <= document.querySelector('.chart-scroller').clientWidth")
        page.locator("figure.chart.live path[aria-roledescription=bar], figure.chart.live .mark-rect path").first.hover()
        expect(page.locator("#vg-tooltip-element.visible")).to_contain_text("63.2%")


def test_without_the_chart_library_the_picture_stays(visit):
    page = visit("market")
    page.route("**/assets/vega.js", lambda route: route.fulfill(status=503, body=""))
    ask(page, "上个月各大区的触达率")
    page.wait_for_timeout(300)
    expect(page.locator("figure.chart svg.chart-picture")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chart_follows_the_theme(visit, scheme):
    page = visit("market", color_scheme=scheme)
    ask(page, "上个月各大区的触达率")
    expect(page.locator("figure.chart.live svg")).to_be_visible()
    ink = page.evaluate("getComputedStyle(document.querySelector('figure.chart svg text')).fill")
    assert ink in ({"rgb(28, 37, 48)", "rgb(90, 102, 114)"} if scheme == "light" else {"rgb(232, 236, 241)", "rgb(163, 174, 187)"})


def test_completion_says_what_words_are_and_takes_them_by_keyboard(visit):
    page = visit("market")
    page.locator("#question").press_sequentially("上个月华东触")
    expect(page.locator("#completions li").first).to_contain_text("触达率")
    expect(page.locator("#completions li").first).to_contain_text("指标")
    expect(page.locator("#question")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_have_value("上个月华东触达率")
    expect(page.locator("#completions")).to_be_hidden()
    page.locator("#question").press_sequentially("大")
    expect(page.locator("#completions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#completions")).to_be_hidden()


def test_two_readings_one_click(visit):
    page = visit("market")
    ask(page, "上个月的转化率")
    page.click("button.option >> nth=1")
    expect(page.locator("#answers article").first.locator(".sentence")).to_contain_text("华北最高")
    expect(page.locator("#answers article")).to_have_count(2)


def test_a_refusal_and_a_puzzle_leave_a_way_on(visit):
    page = visit("market")
    ask(page, "张伟医生开了多少康舒平")
    expect(page.locator("article.refused")).to_contain_text("上个月各产品的销售额")
    ask(page, "天气如何")
    page.click("article.not_understood .chip >> nth=0")
    expect(page.locator("#answers article").first.locator(".sentence")).to_contain_text("华北最高")


def test_the_understood_question_is_changed_as_fields_in_place(visit, site):
    page = visit("market")
    ask(page, "上个月各大区的触达率")
    page.click("article details.edit > summary")
    page.locator("article .query-form label.pill", has_text="科室").click()
    page.fill("article [name=end]", "2026-10-15")
    page.click("article .query-form button.primary")
    expect(page.locator("#answers > article:not(.waiting)")).to_have_count(2)
    assert site[1].queried[-1]["query"]["group_by"] == ["region", "specialty"]
    assert site[1].queried[-1]["query"]["period"] == {"start": "2026-10-01", "end": "2026-10-16"}


def test_a_conversation_has_an_address_and_comes_back(visit):
    page = visit("market")
    ask(page, "上个月各大区的触达率")
    page.wait_for_url("**/c/*")
    ask(page, "上个月的转化率")
    expect(page.locator("#answers > article:not(.waiting)")).to_have_count(2)
    page.reload()
    expect(page.locator("#answers article")).to_have_count(2)
    expect(page.locator("#conversations a[aria-current]")).to_contain_text("上个月各大区的触达率")


def test_when_the_ledger_fails_it_says_so_and_asking_again_works(visit, site):
    page = visit("market")
    site[1].break_ledger()
    ask(page, "上个月各大区的触达率")
    expect(page.locator(".card.problem")).to_contain_text("没有丢失任何内容")
    expect(page.locator("#question")).to_have_value("上个月各大区的触达率")
    site[1].fail = None
    page.press("#question", "Enter")
    expect(page.locator("article .sentence")).to_contain_text("华北最高")


def test_when_the_service_is_gone_the_question_is_not_lost(visit):
    page = visit("market")
    page.route("**/ask", lambda route: route.abort())
    ask(page, "上个月各大区的触达率")
    expect(page.locator(".card.problem")).to_contain_text("暂时连接不上服务")
    expect(page.locator("#question")).to_have_value("上个月各大区的触达率")


def test_everything_works_without_scripts(visit, site):
    page = visit("market", java_script_enabled=False, locale="en-GB")
    page.fill("#question", "conversion last month")
    page.click("#ask button.primary")
    page.click("button.option >> nth=1")
    expect(page.locator(LAST).locator(".sentence")).to_contain_text("highest in North")
    expect(page.locator(LAST).locator("svg.chart-picture")).to_be_visible()
    page.locator(LAST).locator("details.edit > summary").click()
    page.locator(LAST).locator(".query-form button.primary").click()
    expect(page.locator(LAST).locator(".sentence")).to_contain_text("highest in North")
    page.click("details.menu > summary")
    page.click(".menu-items button")
    expect(page.locator("h1")).to_have_text("Sign in")


def test_the_first_sign_in_asks_for_a_password_of_ones_own(visit, site):
    once = site[1].accounts.one_time_password("engineer")
    page = visit("engineer", password=once)
    expect(page.locator("h1")).to_have_text("设置新密码")
    page.fill("[name=old]", once)
    page.fill("[name=new]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("main button.primary")
    expect(page.locator("h1")).to_have_text("数据")


def test_after_signing_out_going_back_shows_nothing(visit):
    page = visit("market")
    ask(page, "上个月各大区的触达率")
    page.click("details.menu > summary")
    page.click(".menu-items button")
    expect(page.locator("h1")).to_have_text("登录")
    page.evaluate("history.back()")
    page.wait_for_timeout(500)
    expect(page.locator("body")).not_to_contain_text("华北")
    page.goto("/")
    expect(page.locator("h1")).to_have_text("登录")


PAGES = {
    "market": ["/", "/catalogue", "/account", "/password", "/nothing"],
    "compliance": ["/review", "/review/events/ev-0000"],
    "committee_a": ["/committee"],
}


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_fits_has_names_and_is_reached_by_keyboard(visit, locale, width):
    for user, paths in PAGES.items():
        page = visit(user, locale=locale, viewport={"width": width, "height": 900})
        for path in paths:
            page.goto(path)
            if path == "/":
                ask(page, "上个月各大区的触达率")
            page.evaluate("for (const d of document.querySelectorAll('main details')) d.open = true")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate(NAMELESS) == [], path
            assert page.evaluate("document.querySelectorAll('h1').length") == 1, path
            assert page.evaluate("document.documentElement.lang") == ("zh-CN" if locale == "zh-CN" else "en")
            assert page.evaluate("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size === document.querySelectorAll('[id]').length"), path
        page.goto(paths[0])
        wanted = page.evaluate(REACHABLE)
        page.locator("body").click(position={"x": 2, "y": 2})
        page.evaluate("document.activeElement.blur()")
        seen = set()
        for _ in range(wanted * 4):  # a date is several stops
            if len(seen) >= wanted:
                break
            page.keyboard.press("Tab")
            seen.add(page.evaluate("(window.order ??= new Map()).set(document.activeElement, order.get(document.activeElement) ?? order.size) && order.get(document.activeElement)"))
            outlined = page.evaluate("(e => e === document.body || getComputedStyle(e).outlineStyle !== 'none' || e.id === 'question' || e.type === 'date' || e.closest('.pill') !== null)(document.activeElement)")
            assert outlined, page.evaluate("document.activeElement.outerHTML")
        assert len(seen) >= wanted


NAMELESS = """[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a[href], summary, svg, img')].filter(e => {
  if (e.closest('[aria-hidden=true]') || e.getAttribute('aria-hidden')) return false;
  const name = e.getAttribute('aria-label') || e.textContent.trim() || [...(e.labels ?? [])].map(l => l.textContent.trim()).join('') || e.title;
  return !name;
}).map(e => e.outerHTML.slice(0, 120))"""
REACHABLE = """[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')].filter(e => e.checkVisibility()).length"""
