"""Over a generated month every misuse is found, and colleagues who only differ from each other are left alone."""

from __future__ import annotations

import pytest

from bench.desk_findings import MISUSES, measure
from wenshu.desk.findings.rules import RULES


@pytest.mark.parametrize("seed", range(4))
def test_every_misuse_of_a_month_is_found_and_few_findings_are_about_others(seed):
    told = measure(40, seed)
    assert told["missed"] == []
    assert told["false"] <= 0.005 * told["person_days"]
    assert told["false"] < told["loud"] / 2


def test_each_rule_that_speaks_of_misuse_is_in_the_month():
    assert set(RULES) - set(MISUSES) == {"break_glass"}  # a notice by its nature: the machine's owner
