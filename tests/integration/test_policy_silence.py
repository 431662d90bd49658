"""Silent rules and masks, from a real ledger: a request that rests on several rules has used them all."""

from __future__ import annotations

import pytest

from tests.fixtures.home import make_demo_home

MANAGER = ("--as", "manager_east")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_demo_home(tmp_path_factory.mktemp("silence") / "home")


def test_every_rule_of_an_answer_counts_as_used_and_a_mask_only_when_it_was_met(home):
    before = home.json("policy", "silent", expect=(1,))
    assert "managers_see_practice_in_bands" in before["silent"]
    assert {"rule": "managers_see_practice_in_bands", "dimension": "years_in_practice"} in before["silent_masks"]
    home.json("ask", "上个月各执业年限的触达率", *MANAGER)
    after = home.json("policy", "silent", expect=(0, 1))
    assert not {"managers_see_practice_in_bands", "managers_ask_their_region"} & set(after["silent"])
    assert after["silent_masks"] == []
