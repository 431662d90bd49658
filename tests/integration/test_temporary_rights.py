"""Temporary rights: asked for by one person, approved by two members, as narrow as the role's own rows, over by themselves."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.access.authorize import allowed_dimensions, allowed_metrics, authorize
from governance.access.cases import own_dimension_only
from governance.access.leaving import kept_in
from governance.errors import InvalidQuery
from governance.terms import Actor, DimensionScope, Filter, Grant, LinkScope, MetricQuery, Refusal, TemporaryGrant, Text
from tests.fixtures.committee import POLICIES, make_committee, make_grants
from wenshu.committee.candidates import candidate_in
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused

TODAY = dt.date(2026, 11, 15)
POLICY = candidate_in(POLICIES).policy


@pytest.fixture
def committee(tmp_path):
    return make_committee(tmp_path)


@pytest.fixture
def room(committee):
    accounts = committee.accounts
    accounts.add("manager", role="sales_manager", department="sales", name=Text(zh="经理", en="Manager"), attributes={"region": "华东"})
    accounts.add("doctor", role="medical", department="medical", name=Text(zh="医学", en="Medical"))
    return make_grants(committee)


def asks(committee, user: str, metric: str, *by: str) -> Grant | Refusal:
    policy = committee.room.gates.candidate(committee.room.in_force()[1]).policy
    query = MetricQuery(metrics=(metric,), group_by=by)
    return authorize(committee.actor(user), None, query, policy, today=committee.clock.now.date(), reach=own_dimension_only)


def granted(committee, room, user: str = "manager", metrics: tuple[str, ...] = ("advance_rate",), by: tuple[str, ...] = ("product",), days: int = 7) -> int:
    number = room.request(committee.actor(user), metrics, by, purpose=None, days=days, reason="季度回顾")["id"]
    for member in ("b", "c"):
        seen = next(view for view in room.all(committee.actor(member)) if view["id"] == number)
        room.approve(committee.actor(member), number, signs=seen["signs"])
    return number


def test_a_right_is_asked_for_approved_by_two_used_and_over_by_itself(committee, room):
    assert isinstance(asks(committee, "manager", "advance_rate", "product"), Refusal)
    number = room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=7, reason="季度回顾")["id"]
    signs = room.all(committee.actor("b"))[0]["signs"]
    room.approve(committee.actor("b"), number, signs=signs)
    assert isinstance(asks(committee, "manager", "advance_rate", "product"), Refusal)
    assert room.approve(committee.actor("c"), number, signs=signs)["state"] == "granted"
    decision = asks(committee, "manager", "advance_rate", "product")
    assert isinstance(decision, Grant)
    assert decision.rules == (f"temporary_grant_{number}",)
    # The own region stays, the group is that of marketing, who sees the metric anyway, and nothing leaves.
    assert decision.scopes == (DimensionScope(dimension="region", values=("华东",)),)
    assert (decision.minimum_group.k, decision.export, decision.model_egress) == (10, False, False)
    assert kept_in(decision, POLICY).code == "export_not_allowed"
    assert decision.obligations == (Text(zh="临时权限，至 2026-11-22 止", en="temporary right, until 2026-11-22"),)
    assert isinstance(asks(committee, "manager", "advance_rate", "region"), Refusal)
    committee.clock.now += dt.timedelta(days=6)
    assert isinstance(asks(committee, "manager", "advance_rate", "product"), Grant)
    committee.clock.now += dt.timedelta(days=1)
    assert isinstance(asks(committee, "manager", "advance_rate", "product"), Refusal)
    assert [view["state"] for view in room.mine(committee.actor("manager"))] == ["over"]
    for back in (dt.timedelta(days=3), dt.timedelta(days=7)):  # into the term again, and before the approval
        committee.clock.now -= back
        assert isinstance(asks(committee, "manager", "advance_rate", "product"), Refusal)


def test_every_act_is_in_the_ledger_without_the_reason(committee, room):
    room.end(committee.actor("a"), granted(committee, room))
    events = committee.events("policy.grant")
    assert [event["type"] for event in events] == ["policy.grant_request", "policy.grant_approve", "policy.grant_approve", "policy.grant_end"]
    assert [event["detail"].get("opens") for event in events] == [None, False, True, None]
    assert "季度回顾" not in str(events)


def test_nobody_approves_twice_an_own_request_or_without_being_a_member(committee, room):
    number = room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=7, reason="x")["id"]
    signs = room.mine(committee.actor("manager"))[0]["signs"]
    with pytest.raises(ChangeRefused):
        room.approve(committee.actor("market"), number, signs=signs)
    room.approve(committee.actor("b"), number, signs=signs)
    with pytest.raises(ChangeRefused, match="already"):
        room.approve(committee.actor("b"), number, signs=signs)
    assert room.held("manager") == ()


def test_an_approver_who_left_does_not_count_and_a_new_role_ends_the_right(committee, room):
    number = room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=7, reason="x")["id"]
    signs = room.mine(committee.actor("manager"))[0]["signs"]
    room.approve(committee.actor("b"), number, signs=signs)
    committee.accounts.disable("b")
    assert room.approve(committee.actor("c"), number, signs=signs)["state"] == "asked"
    assert room.approve(committee.actor("a"), number, signs=signs)["state"] == "granted"
    held = room.held("manager")
    other = Actor(id="manager", role="sales_rep", department="sales", grants=held)
    assert "advance_rate" not in allowed_metrics(other, "performance_review", POLICY)


def test_what_was_not_seen_is_not_approved(committee, room):
    number = room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=7, reason="x")["id"]
    with pytest.raises(ChangedMeanwhile):
        room.approve(committee.actor("b"), number, signs="0" * 64)


def test_an_approval_of_terms_that_the_bundle_has_loosened_since_does_not_count(committee, room, monkeypatch):
    number = room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=7, reason="x")["id"]
    room.approve(committee.actor("b"), number, signs=room.one(committee.actor("b"), number)["signs"])
    plain = room._policy()
    loose = {name: replace(item, rule=item.rule.model_copy(update={"rows": ()} if "sales_manager" in item.rule.roles else {})) for name, item in plain.rules.items()}
    monkeypatch.setattr(room, "_policy", lambda: plain.with_rules(loose))
    seen = room.one(committee.actor("c"), number)
    assert seen["approved_by"] == []
    assert room.approve(committee.actor("c"), number, signs=seen["signs"])["state"] == "asked"
    assert room.held("manager") == ()
    assert room.approve(committee.actor("b"), number, signs=seen["signs"])["state"] == "granted"


@pytest.mark.parametrize(
    ("user", "metrics", "by", "told"),
    [
        ("market", ["revenue"], ["specialty"], "Law forbids it"),
        ("doctor", ["revenue"], ["region"], "firewall"),
        ("doctor", ["spend"], [], "firewall"),
        ("market", ["touches"], ["hcp"], "single persons"),
        ("market", ["reach_rate"], ["region"], "already"),
        ("market", ["planned_touches"], ["weekday"], "can't be asked by"),
        ("market", ["nothing"], [], "no such metric"),
        ("a", ["reach_rate"], [], "purpose"),
    ],
)
def test_what_is_forbidden_to_everybody_or_allowed_already_can_not_be_requested(committee, room, user, metrics, by, told):
    assert not room.requestable(committee.actor(user), metrics, by, None) or told == "already"
    with pytest.raises(ChangeRefused, match=told):
        room.request(committee.actor(user), metrics, by, purpose=None, days=7, reason="x")
    assert room.mine(committee.actor(user)) == []


@pytest.mark.parametrize(("days", "reason"), [(0, "x"), (91, "x"), (7, " "), (7, "x" * 501)])
def test_a_right_has_an_end_and_a_reason(committee, room, days, reason):
    with pytest.raises(InvalidQuery):
        room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=days, reason=reason)


def test_it_can_be_declined_taken_back_and_ended_early(committee, room):
    first = room.request(committee.actor("manager"), ["advance_rate"], [], purpose=None, days=7, reason="x")["id"]
    room.decline(committee.actor("b"), first)
    with pytest.raises(ChangeRefused, match="closed"):
        room.approve(committee.actor("b"), first, signs=room.mine(committee.actor("manager"))[0]["signs"])
    second = granted(committee, room)
    with pytest.raises(ChangeRefused, match="Only the person"):
        room.withdraw(committee.actor("market"), second)
    room.withdraw(committee.actor("manager"), second)
    assert isinstance(asks(committee, "manager", "advance_rate", "product"), Refusal)


def test_masks_of_the_role_stay_on_what_is_opened(committee, room):
    granted(committee, room, metrics=("avg_perception_score",), by=("years_in_practice",))
    decision = asks(committee, "manager", "avg_perception_score", "years_in_practice")
    assert isinstance(decision, Grant)
    assert decision.query.group_by == ("practice_band",)


def test_two_approvals_at_the_same_moment_open_it_once_and_the_ledger_says_which(committee, room, monkeypatch):
    number = room.request(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, days=7, reason="x")["id"]
    signs, both, record = room.one(committee.actor("b"), number)["signs"], threading.Barrier(2), committee.room.record

    def slowly(*told: object) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # as long as both could be here at once, both are
        record(*told)

    members = [committee.actor(user) for user in ("b", "c")]
    monkeypatch.setattr(committee.room, "record", slowly)
    with ThreadPoolExecutor() as pool:
        states = [view["state"] for view in pool.map(lambda member: room.approve(member, number, signs=signs), members)]
    assert "granted" in states
    assert [event["detail"]["opens"] for event in committee.events("policy.grant_approve")] == [False, True]


def test_a_grant_without_a_right_of_the_role_has_no_effect_on_anybody_else(committee, room):
    granted(committee, room)
    policy = committee.room.gates.candidate(committee.room.in_force()[1]).policy
    other = Actor(id="other", role="sales_manager", department="sales", attributes={"region": "华东"})
    assert "advance_rate" in allowed_metrics(committee.actor("manager"), "performance_review", policy)
    assert allowed_dimensions(committee.actor("manager"), "performance_review", "advance_rate", policy) == ("product",)
    assert "advance_rate" not in allowed_metrics(other, "performance_review", policy)


ROLES = st.sampled_from(["marketing", "sales_manager", "sales_rep", "medical", "compliance"])


@settings(max_examples=150, deadline=None)
@given(role=ROLES, data=st.data())
def test_no_grant_opens_what_law_forbids_a_smaller_group_or_a_row_of_others(role, data):
    metric = data.draw(st.sampled_from(sorted(POLICY.vocabulary.metrics)))
    by = data.draw(st.lists(st.sampled_from(sorted(POLICY.vocabulary.dimensions)), max_size=2, unique=True))
    purpose = data.draw(st.sampled_from(sorted(POLICY.purposes)))
    grant = TemporaryGrant(id=1, role=role, purpose=purpose, metrics=(metric,), dimensions=tuple(by), since=TODAY, until=TODAY + dt.timedelta(days=1))
    found = POLICY.roles[role]
    plain = Actor(id="p", role=role, department=found.department, attributes={"region": "华东", "rep": "R1"})
    lent = Actor(id="p", role=role, department=found.department, attributes={"region": "华东", "rep": "R1"}, grants=(grant,))
    where = (Filter(dimension="region", op="in", values=("华南",)),) if data.draw(st.booleans()) and "region" in by else ()
    query = MetricQuery(metrics=(metric,), group_by=tuple(by), where=where)
    without, decided = (authorize(who, purpose, query, POLICY, today=TODAY, reach=own_dimension_only) for who in (plain, lent))
    if isinstance(without, Grant) or isinstance(decided, Refusal):
        assert isinstance(decided, Grant) == isinstance(without, Grant)
        return
    facts = POLICY.vocabulary.metrics[metric]
    named = [POLICY.vocabulary.dimensions[name] for name in by]
    assert not (facts.prescribing and any(item.about_person for item in named))
    assert not any(item.identifying for item in named)
    assert not (found.department == "medical" and (facts.stage == "outcome" or facts.prescribing))
    assert decided.minimum_group.k >= found.minimum_group.k
    assert not decided.export and not decided.model_egress
    scopes = {"sales_manager": DimensionScope, "sales_rep": LinkScope}
    assert role not in scopes or any(isinstance(scope, scopes[role]) for scope in decided.scopes)
    assert role != "sales_manager" or not where


# ------------------------------------------------------------------ emergencies


@pytest.fixture
def glass(committee, room, monkeypatch):
    """Sales managers may open things for four hours, as the bundle in force says."""
    plain = committee.room.gates.candidate(committee.room.in_force()[1]).policy
    roles = dict(plain.roles) | {"sales_manager": plain.roles["sales_manager"].model_copy(update={"break_glass_hours": 4})}
    monkeypatch.setattr(room, "_policy", lambda: replace(plain, roles=roles))
    return room


def test_an_emergency_right_opens_at_once_closes_by_the_hour_and_is_reviewed(committee, glass):
    manager = committee.actor("manager")
    view = glass.break_glass(manager, ["advance_rate"], ["product"], purpose=None, reason="召回事件")
    decision = asks(committee, "manager", "advance_rate", "product")
    assert isinstance(decision, Grant)
    assert (decision.rules, decision.minimum_group.k, decision.export) == (("break_glass_1",), 10, False)
    with pytest.raises(ChangeRefused, match="not reviewed"):
        glass.break_glass(committee.actor("manager"), ["advance_rate"], ["segment"], purpose=None, reason="x")
    with pytest.raises(ChangeRefused, match="still open"):
        glass.review(committee.actor("b"), view["id"], justified=True)
    committee.clock.now += dt.timedelta(hours=4)
    assert committee.actor("market").grants == ()  # anybody's request sees that it is over
    committee.clock.now -= dt.timedelta(hours=1)
    assert isinstance(asks(committee, "manager", "advance_rate", "product"), Refusal)
    assert glass.all(committee.actor("b"))[0]["reviewed_by"] is None
    assert glass.review(committee.actor("b"), view["id"], justified=False)["justified"] is False
    with pytest.raises(ChangeRefused, match="closed"):
        glass.review(committee.actor("c"), view["id"], justified=True)
    events = committee.events("break_glass")
    assert [event["type"] for event in events] == ["break_glass.opened", "break_glass.reviewed"]
    assert "召回" not in str(events)


def test_of_two_emergencies_at_the_same_moment_one_opens(committee, glass, monkeypatch):
    glass.break_glass(committee.actor("manager"), ["advance_rate"], ["product"], purpose=None, reason="x")
    monkeypatch.setattr(glass._store, "all", lambda _user=None: [])  # what the second one saw before the first was kept
    with pytest.raises(ChangeRefused, match="not reviewed"):
        glass.break_glass(committee.actor("manager"), ["advance_rate"], ["segment"], purpose=None, reason="x")
    assert [item.kind for item in glass.held("manager")] == ["break_glass"]


@pytest.mark.parametrize(("user", "metric", "by", "told"), [("manager", "revenue", ["specialty"], "Law forbids it"), ("manager", "touches", ["hcp"], "single persons"), ("market", "consent_rate", [], "no emergency rights")])
def test_no_emergency_opens_what_law_forbids_or_the_bundle_does_not_give(committee, glass, user, metric, by, told):
    with pytest.raises(ChangeRefused, match=told):
        glass.break_glass(committee.actor(user), [metric], by, purpose=None, reason="x")
    assert committee.events("break_glass") == []
