"""Persons' rights, re-identification and a new company's first load, walked in the browser on the real server."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.test_web_browser import FLAGS
from tests.fixtures.home import TODAY, DemoHome, make_demo_home
from tests.fixtures.serving import PASSWORD, make_person, serving
from wenshu.demo import build

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="needs Debian's chromium")]
PATIENCE = 180_000
OUR_FILES = ("hospitals.csv", "crm_hcp.csv", "reps.csv", "crm_visits.csv")


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    complaints, contexts = [], []

    def open_page(address: str, user: str, **options: object) -> Page:
        context = chromium.new_context(**{"base_url": address, "locale": "zh-CN"} | options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} and "Failed to load resource" not in m.text else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.goto("/signin")
        page.fill("[name=user]", user)
        page.fill("[name=password]", PASSWORD)
        page.click("main button.primary")
        page.wait_for_url(lambda url: not url.endswith("/signin"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> DemoHome:
    made = make_demo_home(tmp_path_factory.mktemp("persons") / "home")
    for user in ("walk_officer", "walk_other"):
        make_person(made, user, "compliance", "compliance")
    return made


@pytest.fixture(scope="module")
def address(home):
    with serving(home) as running:
        yield running.address


def doctors(home: DemoHome) -> list[dict[str, str]]:
    """Doctors of the register who alone have their phone, each with its row."""
    with (home.path / "demo/extracts/crm_hcp.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = [row | {"row": str(number)} for number, row in enumerate(csv.DictReader(stream), 1)]
    phones = [row["mobile"] for row in rows]
    return [row for row in rows if re.fullmatch(r"1\d{10}", row["mobile"]) and phones.count(row["mobile"]) == 1]


def inner(home: DemoHome, doctor: dict[str, str]) -> str:
    """The warehouse's own pseudonym of a doctor of the register, as the demo's load told it; a request takes it like a released one."""
    (links,) = home.path.glob("ingest/*/links.csv")
    with links.open(encoding="utf-8", newline="") as stream:
        return next(row["hcp_key"] for row in csv.DictReader(stream) if (row["source"], row["row"]) == ("crm_hcp.csv", doctor["row"]))


def fits(page: Page) -> bool:
    """Whether nothing is wider than the page."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_two_people_find_out_once_who_is_behind_a_pseudonym(home, address, visit):
    doctor = doctors(home)[5]
    asks, approves = visit(address, "walk_officer"), visit(address, "walk_other", viewport={"width": 390, "height": 800}, locale="en-GB")
    asks.goto("/persons")
    asks.fill("[name=pseudonym]", inner(home, doctor))
    asks.fill("[name=case]", "AE-2026-001")
    asks.click("form.filters button.primary")
    row = asks.locator("tr", has_text="AE-2026-001")
    expect(row).to_contain_text("须由他人审批")
    expect(row.locator("button[value=approve]")).to_have_count(0)
    approves.goto("/persons?lang=en")
    assert fits(approves)
    approves.locator("tr", has_text="AE-2026-001").locator("button[value=approve]").click()
    expect(approves.locator("tr", has_text="AE-2026-001").locator("button")).to_have_count(0)
    asks.goto("/persons")
    row = asks.locator("tr", has_text="AE-2026-001")
    row.locator("[name=unmasked]").check()
    row.locator("button[value=reveal]").click()
    expect(asks.locator("dl.facts")).to_contain_text(doctor["mobile"])
    shown = asks.url
    asks.goto("/persons")
    expect(asks.locator("tr", has_text="AE-2026-001").locator("button")).to_have_count(0)
    asks.goto(shown)
    assert doctor["mobile"] not in asks.content()


def test_a_doctor_sees_corrects_withdraws_and_is_erased(home, address, visit):
    doctor = doctors(home)[9]
    page = visit(address, "walk_officer", viewport={"width": 390, "height": 800})

    def begin(case: str, who: str) -> None:
        page.goto("/persons/rights")
        assert fits(page)
        page.fill("[name=who]", who)
        page.fill("[name=case]", case)

    def unfold(act: str) -> None:
        part = page.locator("details", has=page.locator(f"button[value={act}]"))
        if part.get_attribute("open") is None:
            part.locator("summary").click()

    begin("DSR-1", f"+86 {doctor['mobile'][:3]}-{doctor['mobile'][3:7]}-{doctor['mobile'][7:]}")
    page.click("button[value=access]")
    expect(page.locator("table").first).to_contain_text(doctor["mobile"])
    assert fits(page)
    with page.expect_download() as taken:
        page.click("button[value=pdf]")
    assert taken.value.path().read_bytes().startswith(b"%PDF")

    begin("DSR-2", doctor["mobile"])
    unfold("correct")
    page.fill("[name=lines]", "title=主任医师\nmobile=13900139000")
    page.click("button[value=correct]")
    expect(page.locator("h1")).to_have_text("已更正")

    begin("DSR-3", "13900139000")
    unfold("withdraw")
    page.click("button[value=withdraw]")
    expect(page.locator("h1")).to_have_text("已撤回同意")

    begin("DSR-4", "13900139000")
    unfold("erase")
    page.click("button[value=erase]")
    expect(page.locator("h1")).to_have_text("将被删除的内容")
    page.check("[name=confirm]")
    page.click("form[data-working] button.primary")
    expect(page.locator("h1")).to_have_text("已删除")
    expect(page.locator(".steps")).to_contain_text("账本仍可验证")
    begin("DSR-5", doctor["mobile"])
    page.click("button[value=access]")
    expect(page.locator("h1")).to_contain_text("没有")


def test_a_new_companys_folder_is_confirmed_and_loaded_by_pages_alone(tmp_path, visit):
    home = DemoHome(tmp_path / "home", {})
    assert home.run("init").returncode == 0
    company = tmp_path / "company"
    company.mkdir()
    build(company, seed=12, today=date.fromisoformat(TODAY), scale=0.01)
    (home.path / "inbox").mkdir()
    for name in OUR_FILES:
        (home.path / "inbox" / f"our_{name}").write_bytes((company / "extracts" / name).read_bytes())
    make_person(home, "walk_steward", "data_engineer", "data_engineering")
    with serving(home) as running:
        page = visit(running.address, "walk_steward")
        page.goto("/data")
        page.locator("main p.lead a").click()
        page.wait_for_url("**/data/files")
        files = page.locator("section.case").count()
        assert files == len(OUR_FILES)
        page.locator("form[action$='left-out'] button").click()
        for left in range(files, 0, -1):
            expect(page.locator("section.case")).to_have_count(left)
            page.locator("section.case button.primary").first.click()
        expect(page.locator("section.case")).to_have_count(0)
        assert fits(page)
        page.click("[data-load]")
        expect(page.locator("[data-loading=running]")).to_be_visible()
        expect(page.locator("[data-load]")).to_be_disabled()
        # Nobody opens the page again: it tells by itself how far the load is, and when it is done.
        expect(page.locator("[data-loading=done]")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("[data-load]")).to_be_enabled()
        page.locator("[data-loading=done] a").click()
        expect(page.locator("main")).to_contain_text("our_crm_hcp")
