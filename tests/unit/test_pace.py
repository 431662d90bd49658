"""A person's pace of questions is bounded; people never meet the bound."""

from __future__ import annotations

import pytest

from wenshu.pace import Pace, TooManyQuestions


def test_the_limit_counts_each_person_alone_and_forgets_after_a_minute():
    now = [0.0]
    pace = Pace(limit=3, clock=lambda: now[0])
    for _ in range(3):
        pace.step("one")
    with pytest.raises(TooManyQuestions) as caught:
        pace.step("one")
    assert 0 < caught.value.retry_after <= 61
    pace.step("two")
    now[0] = 61
    pace.step("one")
