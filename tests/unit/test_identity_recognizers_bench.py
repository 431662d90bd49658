"""The bars of issue 5 on texts that were written after the recognizers (`bench/texts`), with other numbers in them than the committed result has."""

from __future__ import annotations

import pytest

from bench.recognizers import SETS, measure


@pytest.mark.parametrize("which", SETS)
def test_identities_are_found_and_business_texts_left_alone(which: str) -> None:
    found = measure(7, which)
    assert found["matrix_recall"] >= 0.99, found["matrix_missed"]
    assert found["structured_recall"] >= 0.99, found["texts_missed"]
    assert found["names_in_free_text_recall"] >= 0.9, found["texts_missed"]
    assert found["business_texts"] >= 300
    assert found["false_alarms"] < 0.01, found["alarms"]
    assert found["false_alarms_as_questions"] < 0.01, found["alarms"]
