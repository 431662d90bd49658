"""The printed copy carries its font where the machine has one that can be carried, and is printed all the same where it has none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import reportlab

from wenshu import print_fonts
from wenshu.subject_print import as_pdf

DOCUMENT = {
    "case": "DSR-1", "made_at": "2026-11-15T09:30:00", "person": {"pseudonym": "H1-5FRRZJ1QD97N7DBAF"}, "purposes": [], "consent_acts": [], "records": {},
    "identity": {"name": {"values": ["张·伟"], "corrected": False, "sources": ["crm"]}}, "answers": {"count": 0, "events": [], "pruned": []}, "retention": [],
    "words": {"tables": {}, "columns": {}, "extracts": {}, "metrics": {}, "dimensions": {}, "roles": {}},
}  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(print_fonts, "PLACES", (tmp_path,))
    return tmp_path


def test_without_a_font_that_can_be_carried_the_readers_own_is_asked_for(machine: Path) -> None:
    (machine / "wqy-microhei.ttc").write_bytes(b"no font at all")
    shutil.copy(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf", machine / "ukai.ttf")  # a font, but without Chinese
    assert print_fonts.font() == (print_fonts.READERS_OWN, None)
    told = as_pdf(DOCUMENT)
    assert b"STSong-Light" in told
    assert b"FontFile" not in told


def test_a_font_of_the_machine_is_carried_in_the_file(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_fonts, "SAMPLE", "A1")
    (machine / "truetype").mkdir()
    shutil.copy(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf", machine / "truetype" / "wqy-zenhei.ttf")
    name, characters = print_fonts.font()
    assert name != print_fonts.READERS_OWN
    assert characters is not None
    assert {ord("A"), ord("1")} <= characters
    told = as_pdf(DOCUMENT)
    assert b"FontFile2" in told
    assert b"STSong-Light" in told  # for the letters that this font lacks
