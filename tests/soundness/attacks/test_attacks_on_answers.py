"""Attacks by a user without microdata against the default bundle: no doctor is singled out, no hidden group is recovered.

A hundred questions an attack here, ten thousand in the long suite; the last result of the long one is bench/results/disclosure_attacks.json.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from tests.fixtures.home import TODAY
from tests.soundness.attacks.player import open_company
from tests.soundness.attacks.plays import PLAYS, RESIDUAL, play

RESULTS = Path(__file__).parents[3] / "bench" / "results" / "disclosure_attacks.json"
MANY = int(os.environ.get("WENSHU_ATTACK_QUESTIONS", "10000"))


@pytest.fixture(scope="module")
def company(demo_home):
    return open_company(demo_home.path / "warehouse.duckdb", dt.date.fromisoformat(TODAY))


@pytest.mark.parametrize("name", PLAYS)
def test_an_ordinary_user_recovers_no_hidden_group(company, name):
    score = play(name, PLAYS[name], company, questions=100, seed=5)
    assert score.questions >= 50
    assert score.recovered == 0, score.details[:5]
    assert score.singled == 0


@pytest.mark.long
@pytest.mark.parametrize("name", [*PLAYS, *RESIDUAL])
def test_ten_thousand_questions_recover_no_hidden_group(company, name):
    score = play(name, (PLAYS | RESIDUAL)[name], company, questions=MANY, seed=11)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[name] = score.told()
    RESULTS.write_text(json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if name in PLAYS:
        assert score.recovered == 0, score.details[:5]
