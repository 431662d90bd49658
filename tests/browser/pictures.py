"""The README's pictures: `make pictures` makes a demo company, opens it in Chromium as its users do, and writes docs/pictures/."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.test_web_browser import FLAGS
from tests.fixtures.home import ROOT, DemoHome, make_demo_home
from tests.fixtures.serving import PASSWORD, make_person, serving

FOLDER = ROOT / "docs" / "pictures"
ROLES = ("marketing", "compliance")


def main() -> None:
    """Write every picture anew; what was there is replaced only by a finished one."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_demo_home(Path(folder) / "home", seed=1, scale=1.0)
        for role in ROLES:
            make_person(home, f"picture_{role}", role, role)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            take(home, browser)
            browser.close()


def take(home: DemoHome, browser: Browser) -> None:
    """Take the pictures of a served home."""
    FOLDER.mkdir(exist_ok=True)
    with serving(home) as server:
        page = sign_in(browser, server.address, "picture_marketing", "zh-CN", 1180, 780)
        ask(page, "上个月各大区的触达率")
        ask(page, "换成今年每个月的")
        page.screenshot(path=FOLDER / "ask-zh.png")
        page = sign_in(browser, server.address, "picture_marketing", "en-US", 420, 900)
        ask(page, "which segment moved up the perception ladder?")
        page.screenshot(path=FOLDER / "ask-en-narrow.png")
        page = sign_in(browser, server.address, "picture_compliance", "en-US", 1180, 780)
        page.goto("/review")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "review-en.png")


def sign_in(browser: Browser, address: str, user: str, locale: str, width: int, height: int) -> Page:
    """Return a signed-in page of that size and language."""
    context = browser.new_context(base_url=address, locale=locale, viewport={"width": width, "height": height})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto("/signin")
    page.fill("[name=user]", user)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.primary")
    return page


def ask(page: Page, question: str) -> None:
    """Ask and wait until the answer stands and no transition moves any more."""
    before = page.locator("#answers > article").count()
    page.fill("#question", question)
    page.press("#question", "Enter")
    expect(page.locator("#answers > article")).to_have_count(before + 1)
    expect(page.locator("#answers > .waiting")).to_have_count(0)
    page.wait_for_timeout(800)


if __name__ == "__main__":
    main()
