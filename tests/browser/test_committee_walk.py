"""The committee's walk in the browser, on the real server: marketing's smallest group from 10 to 20, seen, approved by a colleague, in force, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.test_web_browser import FLAGS
from tests.fixtures.home import make_demo_home
from tests.fixtures.serving import PASSWORD, make_person, serving

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="needs Debian's chromium")]
PATIENCE = 180_000


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = make_demo_home(tmp_path_factory.mktemp("committee") / "home")
    for user in ("walk_author", "walk_colleague"):
        make_person(home, user, "committee", "committee")
    make_person(home, "walk_market", "marketing", "marketing")
    make_person(home, "walk_manager", "sales_manager", "sales", region="华东")
    with serving(home) as running:
        yield running.address


@pytest.fixture
def visit(address):
    complaints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)

        def open_page(user: str) -> Page:
            context = browser.new_context(base_url=address, locale="zh-CN")
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} and "Failed to load resource" not in m.text else None)
            page.goto("/signin")
            page.fill("[name=user]", user)
            page.fill("[name=password]", PASSWORD)
            page.click("main button.primary")
            page.wait_for_url(lambda url: not url.endswith("/signin"))
            return page

        yield open_page
        browser.close()
    assert complaints == []


def marketing_in_force(page: Page) -> str:
    page.goto("/committee")
    return page.locator("details.metric", has_text="市场部").first.locator("summary").inner_text()


def test_a_member_raises_marketings_group_a_colleague_approves_and_it_is_rolled_back(visit):
    author, colleague, outsider = visit("walk_author"), visit("walk_colleague"), visit("walk_market")
    assert outsider.goto("/committee/drafts").status == 403
    author.goto("/committee/drafts")
    author.fill("[name=title]", "市场部最小组改为 20")
    author.click(".begin button")
    author.locator(".things a", has_text="市场部").first.click()
    author.fill("[name=minimum_group-k]", "20")
    expect(author.locator("#beside li.new")).to_contain_text("k: 20", timeout=PATIENCE)
    author.click("#fields button.primary")
    author.locator(".notice.good a").click()
    expect(author.locator(".sides .now").first).to_contain_text("20")
    expect(author.locator("button[value=submit]")).to_be_disabled()
    author.click("button[value=accept]")
    author.click("button[value=impact]")
    expect(author.locator("#impact .sentence")).to_be_visible(timeout=PATIENCE)
    expect(author.locator("#impact .openings")).to_contain_text("市场部")
    author.click("button[value=submit]")
    expect(author.locator("button[value=approve]")).to_be_disabled(timeout=PATIENCE)
    expect(author.locator("#why-approve")).to_contain_text("不能批准自己写过")
    colleague.goto(author.url.partition("?")[0])
    colleague.click("button[value=approve]")
    colleague.click("button[value=activate]:not([disabled])")
    expect(colleague.locator(".activations .stands")).to_contain_text("市场部最小组改为 20", timeout=PATIENCE)
    assert "20" in marketing_in_force(author)
    colleague.click("form[action='/committee/rollback'] button")
    expect(colleague.locator(".activations .stands")).to_contain_text("已回退", timeout=PATIENCE)
    assert "10" in marketing_in_force(author)


def test_a_member_adds_a_golden_question_sees_what_it_is_read_as_and_is_told_what_is_missing(visit):
    author = visit("walk_author")
    author.goto("/committee/drafts")
    author.fill("[name=title]", "拜访次数的标准问题")
    author.click(".begin button")
    form = f"{author.url}/form/metric/visits"
    author.goto(form)
    lines = author.locator("[data-golden]")
    first_empty = lines.count() - 2
    expect(author.locator("[data-golden] .read.passes")).to_have_count(first_empty, timeout=PATIENCE)
    author.fill(f"[name=golden-{first_empty}-ask]", "上个月华东各渠道的拜访次数")
    expect(lines.nth(first_empty).locator(".read")).to_contain_text("按渠道", timeout=PATIENCE)
    expect(author.locator("#beside li.new").last).to_contain_text("华东", timeout=PATIENCE)
    author.fill(f"[name=golden-{first_empty}-ask]", "这句话谁也读不懂吧")
    expect(lines.nth(first_empty).locator(".read.fails")).to_be_visible(timeout=PATIENCE)
    author.fill(f"[name=golden-{first_empty}-ask]", "上个月华东各渠道的拜访次数")
    for number in range(first_empty):
        if not any("一" <= letter <= "鿿" for letter in author.input_value(f"[name=golden-{number}-ask]")):
            author.fill(f"[name=golden-{number}-ask]", "")
    expect(author.locator("[data-lacking]")).to_contain_text("英文", timeout=PATIENCE)
    author.click("#fields button.primary")
    author.locator(".notice.good a").click()
    card = author.locator("#golden")
    expect(card).to_contain_text("上个月华东各渠道的拜访次数")
    expect(card.locator(".read.passes").first).to_be_visible()
    expect(card.locator(".read.fails")).to_contain_text("缺少英文标准问题")
    expect(author.locator("#why-submit")).to_contain_text("visits")
    author.goto(form)
    author.fill(f"[name=golden-{lines.count() - 2}-ask]", "visits by product last month")
    expect(author.locator("[data-lacking]")).to_be_hidden(timeout=PATIENCE)
    author.press(f"[name=golden-{lines.count() - 2}-ask]", "Enter")
    author.wait_for_url("**saved=1")
    author.locator(".notice.good a").click()
    expect(author.locator("#golden .read.fails")).to_have_count(0)
    expect(author.locator("#golden")).to_contain_text("visits by product last month")


def test_a_refused_question_is_requested_by_a_button_approved_by_two_and_answered(visit):
    question = "上个月各产品的观念进阶率"
    manager, author, colleague = visit("walk_manager"), visit("walk_author"), visit("walk_colleague")
    manager.fill("[name=question]", question)
    manager.press("[name=question]", "Enter")
    manager.locator("article.refused a.button", has_text="申请此权限").click()
    expect(manager.locator(".terms")).to_contain_text("每组至少 10 人")
    manager.fill("[name=reason]", "与医学部的季度回顾")
    manager.click("form button.primary")
    expect(manager.locator(".requests")).to_contain_text("0/2")
    for member in (author, colleague):
        member.goto("/committee/requests")
        expect(member.locator(".requests")).to_contain_text("与医学部的季度回顾")
        member.click("button[value=approve]")
        expect(member.locator(".notice.good")).to_be_visible()
    manager.goto("/")
    manager.fill("[name=question]", question)
    manager.press("[name=question]", "Enter")
    expect(manager.locator("article.answered").first).to_contain_text("临时权限", timeout=PATIENCE)
    colleague.click("button[value=end]")
    manager.fill("[name=question]", question)
    manager.press("[name=question]", "Enter")
    expect(manager.locator("article.refused").first).to_be_visible(timeout=PATIENCE)
