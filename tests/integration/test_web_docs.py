"""The reference page names every route, every public door, every fault and every filter."""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.web import make_app
from wenshu.web import api, problems, security

PAGE = Path(__file__).parents[2] / "docs/reference/http.md"
WEB = Path(problems.__file__).parent


def test_every_route_is_documented(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    app, _, _ = make_app(tmp_path)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("api.", "probes.")):
            method = "POST" if "POST" in rule.methods else "GET"
            assert f"`{method} {rule.rule}`" in page, rule.rule
        if rule.endpoint in security.PUBLIC:
            assert rule.rule.replace("<path:filename>", "…") in page, rule.rule


def test_every_fault_is_documented_and_none_is_invented():
    page = PAGE.read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in WEB.glob("*.py"))
    used = set(re.findall(r'code(?:: str = |=)"([a-z_]+)"', sources)) | set(re.findall(r'unavailable\(\s*"([a-z_]+)"', sources)) | set(re.findall(r'"code": "([a-z_]+)"', sources))
    used |= {"invalid_query", "unsound_query"}
    table = page.split("## Faults")[1].split("## Pages")[0]
    documented = set(re.findall(r"`([a-z_]+)`", "\n".join(line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and line[2].isdigit())))
    assert documented == used


def test_every_filter_is_documented():
    page = PAGE.read_text(encoding="utf-8")
    for name in (*api.FILTERS, *api.PAGE):
        assert f"`{name}`" in page
