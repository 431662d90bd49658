"""The life of a bundle: four eyes, what approvals sign, loosening and tightening, rollback, the ledger before every effect."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from audit import AuditUnavailable
from governance.errors import InvalidQuery
from tests.fixtures.committee import Committee, make_committee
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused, GateClosed
from wenshu.committee.members import OWNER

ROLES, RULES, CASES = "access/roles.yaml", "access/rules.yaml", "cases/departments.yaml"


@pytest.fixture
def committee(tmp_path):
    made = make_committee(tmp_path)
    yield made
    made.ledger.close()


def tighter(committee: Committee, *, by: str = "a", k: int = 20) -> str:
    """A draft that raises marketing's minimum group, its cases with it."""
    actor = committee.actor(by)
    line = committee.room.begin(actor, title="市场部最小组")
    line = committee.room.set_value(actor, line["id"], ROLES, ("roles", "marketing", "minimum_group", "k"), k, expected=line["version"])
    return committee.room.accept_cases(actor, line["id"], expected=line["version"])["id"]


def in_force(committee: Committee) -> str:
    return committee.room.told_history()["in_force"]


def activate(committee: Committee, draft: str, *approvers: str) -> None:
    for user in approvers:
        committee.room.approve(committee.actor(user), draft)
    committee.room.activate(committee.actor("c"), draft)


def test_a_tightening_goes_through_with_one_other_member_and_is_in_force(committee):
    founding = in_force(committee)
    draft = tighter(committee)
    view = committee.room.submit(committee.actor("a"), draft)
    assert view["diff"]["direction"] == "tightens"
    assert view["approvals_needed"] == 1
    activate(committee, draft, "b")
    history = committee.room.history(committee.actor("a"))
    assert history["in_force"] == view["version"] != founding
    assert history["activations"][0]["approved_by"] == ["b"]
    assert history["rollback"] == founding
    folder = committee.home.bundle
    assert "k: 20" in (folder / ROLES).read_text(encoding="utf-8")


def test_nobody_approves_what_they_wrote_or_changed_not_even_administrators(committee):
    draft = tighter(committee, by="admin")
    committee.room.submit(committee.actor("admin"), draft)
    with pytest.raises(ChangeRefused, match="wrote or changed"):
        committee.room.approve(committee.actor("admin"), draft)
    edited = committee.room.draft(committee.actor("b"), draft)
    committee.room.write(committee.actor("b"), draft, "notes.md", "words", expected=edited["version"])
    committee.room.submit(committee.actor("admin"), draft)
    with pytest.raises(ChangeRefused, match="wrote or changed"):
        committee.room.approve(committee.actor("b"), draft)


def test_only_members_of_the_committee_take_any_step_and_a_user_named_like_a_role_gains_nothing_by_it(committee):
    before = in_force(committee)
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    market = committee.actor("market")
    for step in (
        lambda: committee.room.begin(market, title="x"), lambda: committee.room.drafts(market), lambda: committee.room.approve(market, draft),
        lambda: committee.room.activate(market, draft), lambda: committee.room.rollback(market), lambda: committee.room.impact(market, draft),
        lambda: committee.room.export(market, "active", Path("nowhere")),
    ):
        with pytest.raises(ChangeRefused, match="committee"):
            step()
    assert in_force(committee) == before
    assert committee.events("policy.denied")
    # The account is called like the role marketing; what counts is its role, which is the committee's.
    assert committee.room.drafts(committee.actor("marketing"))


def test_the_machines_owner_may_look_and_takes_no_step_and_nobody_becomes_the_owner_by_name(committee):
    draft = tighter(committee)
    assert committee.room.draft(OWNER, draft)["may"]["why_not"]
    committee.room.submit(committee.actor("a"), draft)
    for step in (committee.room.approve, committee.room.activate, committee.room.withdraw):
        with pytest.raises(ChangeRefused, match="committee"):
            step(OWNER, draft)
    with pytest.raises(ChangeRefused, match="committee"):
        committee.room.history(replace(OWNER))
    assert committee.events("policy.read")


def test_an_activation_without_enough_approvals_is_refused_and_changes_nothing(committee):
    before = in_force(committee)
    draft = tighter(committee)
    with pytest.raises(ChangeRefused, match="not been submitted"):
        committee.room.activate(committee.actor("b"), draft)
    committee.room.submit(committee.actor("a"), draft)
    with pytest.raises(ChangeRefused, match="One approval by somebody other"):
        committee.room.activate(committee.actor("b"), draft)
    assert in_force(committee) == before
    assert not committee.home.standings.read().seq


def test_any_edit_voids_the_approvals_and_the_report(committee):
    draft = tighter(committee)
    signed = committee.room.submit(committee.actor("a"), draft)["signs"]
    view = committee.room.approve(committee.actor("b"), draft)
    assert view["approvals"] == [{**view["approvals"][0], "by": "b", "holds": True, "signs": signed}]
    line = committee.room.write(committee.actor("a"), draft, "notes.md", "one word more", expected=view["version"])
    after = committee.room.draft(committee.actor("b"), draft)
    assert (line["state"], after["impact"], after["approvals"][0]["holds"]) == ("draft", None, False)
    committee.room.submit(committee.actor("a"), draft)
    with pytest.raises(ChangeRefused, match="One approval by somebody other"):
        committee.room.activate(committee.actor("c"), draft)


def test_approving_something_else_than_was_seen_is_refused(committee):
    draft = tighter(committee)
    seen = committee.room.submit(committee.actor("a"), draft)["signs"]
    committee.clock.now += dt.timedelta(minutes=1)
    committee.room.impact(committee.actor("c"), draft)  # a new report: another hash
    with pytest.raises(ChangedMeanwhile):
        committee.room.approve(committee.actor("b"), draft, signs=seen)
    committee.room.approve(committee.actor("b"), draft, signs=committee.room.draft(committee.actor("b"), draft)["signs"])


def loosened(committee: Committee, old: str, new: str, path: str = RULES) -> str:
    """A submitted draft with one text replaced and the cases' groups accepted; returns its number."""
    actor = committee.actor("a")
    line = committee.room.begin(actor, title="lockerer")
    text = committee.room.file(actor, line["id"], path)
    assert old in text
    line = committee.room.write(actor, line["id"], path, text.replace(old, new, 1), expected=line["version"])
    return committee.room.accept_cases(actor, line["id"], expected=line["version"])["id"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("minimum_group: {entity: hcp, k: 10}", "minimum_group: {entity: hcp, k: 9}", ROLES),
        ("pages: [review]", "pages: [review, committee]", ROLES),
        ("metrics: {stages: [perception, initial_reach, coverage, engagement]}", "metrics: {stages: [perception, initial_reach, coverage, engagement, compliance]}", RULES),
        ("values: [$actor.region]", "values: [$actor.region, 华南]", RULES),
        ("sensitivity: sensitive", "sensitivity: normal", "metrics/perception.yaml"),
    ],
)
def test_a_loosening_needs_two_other_members(committee, old, new, path):
    draft = loosened(committee, old, new, path)
    view = committee.room.draft(committee.actor("b"), draft)
    assert view["diff"]["direction"] in ("loosens", "mixed")
    assert view["diff"]["approvals_needed"] == 2


def test_two_approvals_put_a_loosening_in_force_and_one_does_not(committee):
    draft = loosened(committee, "minimum_group: {entity: hcp, k: 10}", "minimum_group: {entity: hcp, k: 9}", ROLES)
    committee.room.submit(committee.actor("a"), draft)
    committee.room.approve(committee.actor("b"), draft)
    with pytest.raises(ChangeRefused, match="already"):
        committee.room.approve(committee.actor("b"), draft)
    with pytest.raises(ChangeRefused, match="2 approvals"):
        committee.room.activate(committee.actor("b"), draft)
    committee.room.approve(committee.actor("c"), draft)
    committee.room.activate(committee.actor("b"), draft)
    assert in_force(committee) == committee.room.draft(committee.actor("b"), draft)["version"]


def test_a_rule_that_begins_next_month_is_a_loosening_today(committee):
    actor = committee.actor("a")
    line = committee.room.begin(actor, title="befristet")
    rules = committee.room.file(actor, line["id"], RULES)
    rule = (
        "\n  - id: medical_may_look_at_consent\n    roles: [medical]\n    effect: allow\n    purposes: [medical_insight]\n"
        "    metrics: {names: [consent_rate]}\n    effective_from: 2026-12-01\n    effective_until: 2027-01-01\n    reason: {zh: 临时, en: temporary}\n"
    )
    line = committee.room.write(actor, line["id"], RULES, rules + rule, expected=line["version"])
    view = committee.room.draft(actor, line["id"])
    assert view["diff"]["approvals_needed"] == 2
    assert view["cases"]["untested"] == ["medical_may_look_at_consent"]
    with pytest.raises(GateClosed, match="medical_may_look_at_consent"):
        committee.room.submit(actor, line["id"])
    cases = committee.room.file(actor, line["id"], CASES)
    case = "  - id: medical_looks_at_consent_in_december\n    who: physician\n    day: 2026-12-05\n    asks: {metrics: [consent_rate]}\n    expect: {decision: allow, rules: [medical_may_look_at_consent]}\n"
    for day in ("2026-11-30", "2027-01-01"):
        case += f"  - id: medical_does_not_look_on_{day.replace('-', '_')}\n    who: physician\n    day: {day}\n    asks: {{metrics: [consent_rate]}}\n    expect: {{decision: refuse}}\n"
    committee.room.write(actor, line["id"], CASES, cases + case, expected=line["version"])
    assert committee.room.submit(actor, line["id"])["state"] == "submitted"


def test_a_rollback_within_seven_days_needs_one_member_and_happens_once(committee):
    founding = in_force(committee)
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    activate(committee, draft, "b")
    committee.clock.now += dt.timedelta(days=6, hours=23)
    history = committee.room.rollback(committee.actor("b"))
    assert history["in_force"] == founding
    with pytest.raises(ChangeRefused, match="already"):
        committee.room.rollback(committee.actor("b"))


def test_after_seven_days_a_rollback_is_a_change_like_any_other(committee):
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    activate(committee, draft, "b")
    committee.clock.now += dt.timedelta(days=7)
    with pytest.raises(ChangeRefused, match="7 days"):
        committee.room.rollback(committee.actor("b"))


def test_an_old_report_and_one_against_another_bundle_must_be_made_again(committee):
    first, second = tighter(committee), tighter(committee, by="b", k=30)
    committee.room.submit(committee.actor("a"), first)
    committee.room.submit(committee.actor("b"), second)
    activate(committee, first, "b")
    with pytest.raises(GateClosed, match="out of date"):
        committee.room.approve(committee.actor("a"), second)
    committee.room.impact(committee.actor("b"), second)
    committee.room.approve(committee.actor("a"), second)
    committee.clock.now += dt.timedelta(days=8)
    with pytest.raises(GateClosed, match="out of date"):
        committee.room.activate(committee.actor("c"), second)


def test_a_draft_whose_cases_fail_or_whose_bundle_is_wrong_is_not_submitted(committee):
    actor = committee.actor("a")
    line = committee.room.begin(actor, title="falsch")
    line = committee.room.set_value(actor, line["id"], ROLES, ("roles", "marketing", "minimum_group", "k"), 20, expected=line["version"])
    with pytest.raises(GateClosed, match="need a new expectation"):
        committee.room.submit(actor, line["id"])
    line = committee.room.write(actor, line["id"], ROLES, "roles: [", expected=line["version"])
    with pytest.raises(GateClosed, match=r"roles\.yaml:2"):
        committee.room.submit(actor, line["id"])


def test_without_the_ledger_nothing_changes(committee):
    before = in_force(committee)
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    committee.room.approve(committee.actor("b"), draft)
    committee.ledger.close()
    for step in (lambda: committee.room.activate(committee.actor("c"), draft), lambda: committee.room.begin(committee.actor("c"), title="x")):
        with pytest.raises(AuditUnavailable):
            step()
    assert in_force(committee) == before
    assert len(committee.room.store.drafts()) == 1


def test_every_step_is_in_the_ledger_with_hashes_and_without_titles(committee):
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    activate(committee, draft, "b")
    committee.room.rollback(committee.actor("c"))
    kinds = [event["type"] for event in committee.events()]
    for kind in ("draft", "edit", "impact", "submit", "approve", "activate", "rollback"):
        assert f"policy.{kind}" in kinds
    activated = next(event for event in committee.events("policy.activate"))
    assert activated["actor"] == "c"
    assert activated["detail"]["approved_by"] == ["b"]
    assert "市场部最小组" not in str(committee.events())


def test_an_approver_who_left_the_committee_no_longer_counts(committee):
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    committee.room.approve(committee.actor("b"), draft)
    committee.room._accounts = type("Left", (), {"list": lambda _self: [item for item in committee.accounts.list() if item.id != "b"]})()
    with pytest.raises(ChangeRefused, match="One approval by somebody other"):
        committee.room.activate(committee.actor("c"), draft)


def test_two_editors_do_not_overwrite_each_other(committee):
    line = committee.room.begin(committee.actor("a"), title="zwei")
    committee.room.write(committee.actor("a"), line["id"], "notes.md", "first", expected=line["version"])
    with pytest.raises(ChangedMeanwhile):
        committee.room.write(committee.actor("b"), line["id"], "notes.md", "second", expected=line["version"])


def test_a_folder_comes_back_byte_for_byte(committee, tmp_path):
    source = tmp_path / "git"
    committee.room.export(committee.actor("a"), "active", source)
    (source / "README.md").write_bytes("ünïcode\r\n注意\n".encode())
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_text("ref")
    line = committee.room.begin(committee.actor("a"), title="aus git", source=source)
    out = tmp_path / "out"
    assert committee.room.export(committee.actor("b"), line["id"], out) == line["version"]
    assert {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        path.relative_to(source): path.read_bytes() for path in source.rglob("*") if path.is_file() and ".git" not in path.parts
    }


@pytest.mark.parametrize("path", ["../x.yaml", "/etc/x.yaml", "access/../../x.yaml", "access/x.py", ".hidden.yaml", "a\\b.yaml", "access/__init__.yaml", "access/rules.yaml/x.yaml", ""])
def test_no_file_outside_a_bundle_can_be_named(committee, path):
    line = committee.room.begin(committee.actor("a"), title="pfad")
    with pytest.raises(InvalidQuery):
        committee.room.write(committee.actor("a"), line["id"], path, "x", expected=line["version"])


def test_a_crash_between_pointer_and_store_is_finished_by_the_next_look(committee, monkeypatch):
    draft = tighter(committee)
    committee.room.submit(committee.actor("a"), draft)
    committee.room.approve(committee.actor("b"), draft)
    monkeypatch.setattr(committee.room.store, "settle", lambda _seq: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        committee.room.activate(committee.actor("c"), draft)
    monkeypatch.undo()
    history = committee.room.history(committee.actor("a"))
    assert history["activations"][0]["took_effect"]
    assert committee.room.draft(committee.actor("a"), draft)["state"] == "activated"


def test_metrics_that_nobody_approved_or_whose_golden_question_is_read_otherwise_do_not_go_in_force(committee):
    actor = committee.actor("a")
    for old, new, told in (
        ("approved_on: 2026-06-12", "approved_on: 9999-12-31", "not approved yet"),
        ("query: {metrics: [reached_hcps], group_by: [channel]}", "query: {metrics: [reached_hcps], group_by: [region]}", "no longer read as the approved query"),
    ):
        line = committee.room.begin(actor, title="kennzahl")
        text = committee.room.file(actor, line["id"], "metrics/reach.yaml")
        assert old in text
        committee.room.write(actor, line["id"], "metrics/reach.yaml", text.replace(old, new, 1), expected=line["version"])
        with pytest.raises(GateClosed, match=told):
            committee.room.submit(actor, line["id"])


def test_an_old_gap_in_the_cases_stops_no_other_change_and_is_asked_for_when_its_rule_changes(committee):
    founding = committee.home.founding_bundle / CASES
    text = founding.read_text(encoding="utf-8")
    text = text.replace("      obligations: [own region only]\n", "").replace(" obligations: [own region only],", "")
    founding.write_text(text, encoding="utf-8")
    draft = tighter(committee)
    view = committee.room.draft(committee.actor("a"), draft)
    gaps = [item for item in view["cases"]["unnoticed"] if item["change"] == "obligation"]
    assert [(item["rule"], item["inherited"]) for item in gaps] == [("managers_ask_their_region", True)]
    assert committee.room.submit(committee.actor("a"), draft)["state"] == "submitted"
    actor = committee.actor("a")
    line = committee.room.begin(actor, title="die Regel selbst")
    rules = committee.room.file(actor, line["id"], RULES)
    committee.room.write(actor, line["id"], RULES, rules.replace('{zh: 仅限本大区, en: "own region only"}', '{zh: 只限本大区, en: "own region only"}'), expected=line["version"])
    with pytest.raises(GateClosed, match="managers_ask_their_region"):
        committee.room.submit(actor, line["id"])
