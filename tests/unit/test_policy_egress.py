"""A question goes to the language model only where the caller's role may send it: silence means no."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from governance.documents.access import Role
from governance.documents.base import Words
from governance.terms import Actor
from wenshu.second_look import SecondLook


class Advisor:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def advise(self, understood, **_: object):
        self.asked += 1
        return understood


@pytest.mark.parametrize(("egress", "asked"), [(True, 1), (False, 0), (None, 0)])
def test_only_a_role_with_the_right_has_its_questions_sent(monkeypatch, egress, asked):
    name = Words(zh="x", en="x")
    given = {} if egress is None else {"model_egress": egress}
    roles = {"marketing": Role(id="marketing", label=name, department="marketing", **given)}
    here = SimpleNamespace(active=SimpleNamespace(policy=SimpleNamespace(roles=roles)))
    advisor = Advisor()
    look = SecondLook(advisor)
    monkeypatch.setattr(look, "_questions", lambda _here: SimpleNamespace(match=lambda *_, **__: None))
    for role in ("marketing", "unknown"):
        actor = Actor(id="m", role=role, department="marketing")
        kept = look.at("?", "understood", here=here, actor=actor, view=None, today=dt.date(2026, 11, 15), context=None, record=lambda *_: None, allowed=lambda _: True)
        assert kept == "understood"
    assert advisor.asked == asked
