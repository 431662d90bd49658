"""The page names every setting and everything that the ledger can say about a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlq.model.judging import VERDICTS
from nlq.model.port import FAILURES
from nlq.model.settings import Breaker, Budget, ModelDocument

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "language-model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*ModelDocument.model_fields, *Budget.model_fields, *Breaker.model_fields, *VERDICTS, *FAILURES, "model.call", "model.result", "not_sent", "fault:…"])
def test_every_word_is_explained(word):
    assert f"`{word}`" in PAGE
