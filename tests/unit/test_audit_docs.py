"""The reference page names everything that a reader of the ledger can meet."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from audit.causes import HELP
from audit.errors import Reason
from audit.events import OUTCOMES, Facets
from audit.report import FindingKind, ProblemKind, Verdict
from audit.writer import HELP_HEAD

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "ledger.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "word",
    [
        *get_args(Reason),
        *get_args(ProblemKind),
        *get_args(FindingKind),
        *get_args(Verdict),
        *OUTCOMES,
        *Facets._fields[1:],
    ],
)
def test_every_word_that_a_reader_can_meet_is_explained(word):
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("text", [*HELP.values(), *HELP_HEAD.values()])
def test_every_message_names_a_next_step(text):
    assert ";" in text or ":" in text
