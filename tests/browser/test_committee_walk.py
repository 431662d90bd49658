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
