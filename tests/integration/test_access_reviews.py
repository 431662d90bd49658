"""Access reviews: evidence beside each right, kept or revoked by one member, closed by another, and done what was decided."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.fixtures.committee import make_committee, make_reviews
from wenshu.committee.errors import ChangeRefused
from wenshu.committee.usage import REQUEST, Use


@pytest.fixture
def committee(tmp_path):
    made = make_committee(tmp_path)
    made.evidence.used = [
        Use(user="market", role="marketing", name=REQUEST, times=8, last=dt.date(2026, 11, 3)),
        Use(user="market", role="marketing", name="marketing_asks_the_loop", times=7, last=dt.date(2026, 11, 3)),
        Use(user="market", role="marketing", name="long_ago", times=1, last=dt.date(2025, 1, 3)),
    ]
    return made


@pytest.fixture
def room(committee):
    return make_reviews(committee)


def decided(committee, room, by: str, **revoked: str):
    campaign = room.begin(committee.actor(by))
    others = {line.id: "revoke" if revoked.get(line.kind) == line.name else "keep" for line in campaign.lines if line.name != by}
    room.decide(committee.actor(by), campaign.id, others)
    own = next(line.id for line in campaign.lines if line.name == by)
    return room.decide(committee.actor("c"), campaign.id, {own: "keep"})


def test_each_account_and_rule_stands_beside_how_often_and_when_last_it_was_used(committee, room):
    lines = {(line.kind, line.name, line.role): line for line in room.begin(committee.actor("a")).lines}
    assert (lines["account", "market", "marketing"].times, lines["account", "market", "marketing"].last) == (8, dt.date(2026, 11, 3))
    assert lines["rule", "marketing_asks_the_loop", "marketing"].times == 7
    assert (lines["rule", "medical_asks_without_outcome", "medical"].times, lines["rule", "medical_asks_without_outcome", "medical"].last) == (0, None)
    with pytest.raises(ChangeRefused, match="open still"):
        room.begin(committee.actor("b"))


def test_a_revoked_account_is_closed_and_a_revoked_rule_goes_into_a_draft_by_another_member(committee, room):
    campaign = decided(committee, room, "a", account="market", rule="medical_asks_without_outcome")
    with pytest.raises(ChangeRefused, match="another member"):
        room.close(committee.actor("a"), campaign.id)
    closed = room.close(committee.actor("b"), campaign.id)
    assert closed.closed_by == "b"
    assert committee.accounts.get("market").disabled
    draft = committee.room.draft(committee.actor("c"), closed.draft)
    assert [(item["change"], item["id"]) for item in draft["diff"]["changes"]] == [("removed", "medical_asks_without_outcome")] if draft["diff"] else not draft["validation"]["ok"]
    assert "id: medical_asks_without_outcome" not in committee.room.file(committee.actor("c"), closed.draft, "access/rules.yaml")
    assert [event["type"] for event in committee.events("policy.review")] == ["policy.review_begin", "policy.review_decide", "policy.review_decide", "policy.review_close"]
    with pytest.raises(ChangeRefused, match="closed already"):
        room.close(committee.actor("b"), campaign.id)


def test_nobody_reviews_the_own_account_and_nothing_is_closed_undecided(committee, room):
    campaign = room.begin(committee.actor("a"))
    own = next(line.id for line in campaign.lines if line.name == "a")
    with pytest.raises(ChangeRefused, match="own account"):
        room.decide(committee.actor("a"), campaign.id, {own: "keep"})
    with pytest.raises(ChangeRefused, match="not decided"):
        room.close(committee.actor("b"), campaign.id)
    with pytest.raises(ChangeRefused):
        room.begin(committee.actor("market"))


def test_two_accounts_of_the_committee_remain(committee, room):
    for user in ("c", "admin"):
        committee.accounts.disable(user)
    committee.accounts.disable("marketing")
    campaign = room.begin(committee.actor("a"))
    room.decide(committee.actor("a"), campaign.id, {line.id: "revoke" if line.name == "b" else "keep" for line in campaign.lines if line.name != "a"})
    room.decide(committee.actor("b"), campaign.id, {line.id: "keep" for line in campaign.lines if line.name == "a"})
    with pytest.raises(ChangeRefused, match="Fewer than two"):
        room.close(committee.actor("b"), campaign.id)
    assert not committee.accounts.get("b").disabled


def test_who_is_cut_off_while_closing_leaves_no_revoked_account_open_behind_a_closed_review(committee, room, monkeypatch):
    campaign = decided(committee, room, "a", account="market")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for part, name in ((room._store, "close"), (committee.accounts, "disable")):
        with monkeypatch.context() as cut:
            cut.setattr(part, name, killed)
            with pytest.raises(KeyboardInterrupt):
                room.close(committee.actor("b"), campaign.id)
        assert committee.accounts.get("market").disabled or room.all(committee.actor("b"))[0].closed_at is None
    assert room.close(committee.actor("b"), campaign.id).closed_by == "b"
    assert committee.accounts.get("market").disabled
