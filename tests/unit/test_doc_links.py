"""Docs are true: what they link to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_every_link_of_the_docs_leads_to_a_file_of_this_repository():
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "bench").glob("*.md"))]
    links = [(page, link.split("#")[0]) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link and not link.startswith("#")]
    assert len(links) > 20
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()] == []
