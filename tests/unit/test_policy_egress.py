"""A question goes to the language model only where the role and every rule behind it let it, and with nothing of what is kept in."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from governance.access.policy import Policy, build_policy
from governance.documents.access import AccessDocument
from governance.documents.reading import Read
from governance.terms import Actor, MetricQuery
from nlq.lexicon.lexicon import LexiconView
from tests.soundness import policy_oracle as oracle
from tests.soundness.test_policy_decisions import VOCABULARY
from wenshu.egress import egress_of
from wenshu.second_look import SecondLook

TODAY = dt.date(2026, 11, 15)
REACH = MetricQuery(metrics=("reach",), group_by=("region",))
STAGES = MetricQuery(metrics=("stages",), group_by=("region",))


class Advisor:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.views: list[LexiconView] = []
        self.allowed: list[bool] = []

    def advise(self, understood, *, view, allowed, **_: object):
        self.views.append(view)
        self.allowed += [allowed(REACH), allowed(STAGES)]
        return understood


def policy_with(role: dict[str, object], *rules: dict[str, object]) -> Policy:
    base = {"roles": ["marketing"], "effect": "allow", "purposes": ["analysis"], "dimensions": {"all": True}, "reason": "r"}
    document = AccessDocument.model_validate(
        {
            "purposes": [{"id": name, "label": name} for name in oracle.PURPOSES],
            "roles": [{"id": "marketing", "label": "m", "department": "marketing", "purposes": ["analysis"], **role}],
            "rules": [{"id": f"rule_{number}", **base, **rule} for number, rule in enumerate(rules)],
        }
    )
    return build_policy([Read(document=document, file="access/a.yaml", lines={})], VOCABULARY, version="v", person="hcp")


def told(monkeypatch: pytest.MonkeyPatch, policy: Policy, *meant: MetricQuery, role: str = "marketing") -> Advisor:
    advisor = Advisor()
    look = SecondLook(advisor)
    monkeypatch.setattr(look, "_questions", lambda _here: SimpleNamespace(match=lambda *_, **__: None))
    here = SimpleNamespace(active=SimpleNamespace(policy=policy, reach=lambda *_: True))
    understood = SimpleNamespace(readings=[SimpleNamespace(query=query) for query in meant], options=[])
    everything = LexiconView(lexicon=None, metrics=frozenset(oracle.METRICS), dimensions=frozenset(oracle.DIMENSIONS))
    actor = Actor(id="m", role=role, department="marketing")
    kept = look.at(
        "?", understood, here=here, actor=actor, purpose="analysis", view=everything, today=TODAY, context=None, record=lambda *_: None, allowed=lambda _: True
    )
    assert kept is understood
    return advisor


@pytest.mark.parametrize(("egress", "asked"), [({"model_egress": True}, 1), ({"model_egress": False}, 0), ({}, 0)])
def test_only_a_role_with_the_right_has_its_questions_sent(monkeypatch, egress, asked):
    policy = policy_with(egress, {"metrics": {"all": True}})
    assert len(told(monkeypatch, policy, REACH).views) == asked
    assert told(monkeypatch, policy, REACH, role="unknown").views == []


def test_a_rule_that_keeps_in_sends_neither_the_question_nor_the_names(monkeypatch):
    policy = policy_with(
        {"model_egress": True},
        {"metrics": {"names": ["reach", "stages"]}, "dimensions": {"names": ["region", "specialty"]}},
        {"metrics": {"names": ["stages"]}, "effect": "limit", "model_egress": False},
        {"metrics": {"names": ["reach"]}, "dimensions": {"names": ["specialty"]}, "metric_alone": False, "effect": "limit", "model_egress": False},
    )
    assert told(monkeypatch, policy, STAGES).views == []
    advisor = told(monkeypatch, policy, REACH)
    assert [(view.metrics, view.dimensions) for view in advisor.views] == [({"reach"}, {"region"})]
    assert advisor.allowed == [True, False]


def test_a_limit_that_is_silent_about_the_model_objects_to_nothing(monkeypatch):
    policy = policy_with({"model_egress": True}, {"metrics": {"all": True}}, {"metrics": {"all": True}, "effect": "limit", "export": False})
    assert len(told(monkeypatch, policy, REACH).views) == 1
    assert egress_of(SimpleNamespace(policy=policy, reach=lambda *_: True), Actor(id="m", role="marketing", department="m"), None, None, today=TODAY) is None
