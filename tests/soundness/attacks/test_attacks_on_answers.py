"""Attacks by a user without microdata against the default bundle: no doctor is singled out, no hidden group is recovered.

A hundred questions an attack here, at the door and, for some, through HTTP; thousands in the long suite and in `bench.disclosure_attacks`, whose last result is bench/results/disclosure_attacks.json.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from types import SimpleNamespace

import pytest

from tests.fixtures.home import TODAY, copied_home
from tests.soundness.attacks.more_plays import MORE, MORE_RESIDUAL
from tests.soundness.attacks.other_plays import OTHER, OTHER_RESIDUAL
from tests.soundness.attacks.player import Player, Score, open_company
from tests.soundness.attacks.plays import PLAYS, RESIDUAL, World, play
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment, now
from wenshu.web.app import create_app

MANY = int(os.environ.get("WENSHU_ATTACK_QUESTIONS", "10000"))
SESSION = 250
CLAIMED = {**PLAYS, **MORE, **OTHER}
RESIDUALS = {**RESIDUAL, **MORE_RESIDUAL, **OTHER_RESIDUAL}


@pytest.fixture(scope="module")
def company(demo_home):
    return open_company(demo_home.path / "warehouse.duckdb", dt.date.fromisoformat(TODAY))


@pytest.mark.parametrize("name", CLAIMED)
def test_an_ordinary_user_recovers_no_hidden_group(company, name):
    score = play(name, CLAIMED[name], company, questions=100, seed=5)
    assert score.questions >= 50
    assert score.invalid < score.questions / 2, "an attack that asks what can't be asked attacks nothing"
    assert score.recovered == 0, score.details[:5]
    assert score.singled == 0


class ProgramPlayer(Player):
    """The same user as a program: everything through the interface, nothing but its answers."""

    def __init__(self, company, score, client, token):
        super().__init__(company, score)
        self.client, self.bearer = client, {"Authorization": f"Bearer {token}"}

    def ask(self, query, *, actor=None):
        self.score.questions += 1
        response = self.client.post("/api/v1/query", json={"query": query}, headers=self.bearer)
        answer = response.get_json()
        if response.status_code != 200:
            assert response.status_code == 400, answer
            self.score.invalid += 1
            return None
        if answer["status"] != "answered":
            self.score.refused += 1
            return None
        facts = [SimpleNamespace(rows=item["rows"], unmatched=item["unmatched"], unknown=item["unknown"]) for item in answer["explanation"]["rows"]]
        return SimpleNamespace(columns=[SimpleNamespace(**column) for column in answer["columns"]], rows=answer["rows"], facts=facts)


@pytest.fixture(scope="module")
def program(demo_home, tmp_path_factory):
    root = tmp_path_factory.mktemp("attacked") / "home"
    copied_home(demo_home, root)
    with Service.open(Home(root), Environment(home=root, pinned_today=dt.date.fromisoformat(TODAY))) as service:
        yield create_app(service, secret_key=b"k" * 32, secure_cookies=False, clock=now).test_client(), service.accounts.token("market")


def test_a_program_with_a_token_recovers_no_more(company, program):
    """One history for all of these: what one attack was told the next one has."""
    total = Score("program")
    for name in ("differencing by filter", "shares", "side channels", "complementary"):
        score = Score(name)
        player = ProgramPlayer(company, score, *program)
        player.judge(CLAIMED[name](player, World(company), random.Random(3), 25), random.Random(3))
        total = total.plus(score)
    assert total.questions >= 100
    assert total.questions > total.refused + total.invalid
    assert total.recovered == 0, total.details


@pytest.mark.long
@pytest.mark.parametrize("name", CLAIMED)
def test_thousands_of_questions_recover_no_hidden_group(company, name):
    """Sessions on fresh installations, each with dice of its own."""
    score = Score(name)
    while score.questions < MANY:
        score = score.plus(play(name, CLAIMED[name], company, questions=min(SESSION, MANY), seed=11 + score.questions))
    assert score.recovered == 0, score.details[:5]


@pytest.mark.long
@pytest.mark.parametrize("name", RESIDUALS)
def test_the_residual_risks_are_still_what_is_published(company, name):
    """What these recover is measured by `bench.disclosure_attacks` and published; here they must still be able to ask."""
    score = play(name, RESIDUALS[name], company, questions=100, seed=11)
    assert score.invalid < score.questions / 2
