"""A member who means harm: approvals played again, clocks moved, texts that read otherwise than they look, loosenings dressed as something else."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from governance.errors import BundleError, InvalidQuery
from tests.fixtures.committee import make_committee
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused, GateClosed

RULES, ROLES, CASES, EVERYDAY = "access/rules.yaml", "access/roles.yaml", "cases/departments.yaml", "lexicon/everyday.yaml"


@pytest.fixture
def committee(tmp_path):
    return make_committee(tmp_path)


def drafted(committee, *edits: tuple[str, str, str], by: str = "a") -> str:
    actor = committee.actor(by)
    line = committee.room.begin(actor, title="x")
    for path, old, new in edits:
        text = committee.room.file(actor, line["id"], path)
        assert old in text
        line = committee.room.write(actor, line["id"], path, text.replace(old, new, 1), expected=line["version"])
    return committee.room.accept_cases(actor, line["id"], expected=line["version"])["id"] if committee.room.validate(actor, line["id"])["ok"] else line["id"]


TIGHTER = (ROLES, "minimum_group: {entity: hcp, k: 10}", "minimum_group: {entity: hcp, k: 20}")


@pytest.mark.parametrize(
    "edits",
    [
        # k up in one role hides that it goes down in another.
        (TIGHTER, (ROLES, "minimum_group: {entity: hcp, k: 5}", "minimum_group: {entity: hcp, k: 4}")),
        # A purpose under another name: nobody's consents speak of it.
        tuple((path, "medical_insight", "medical_insights") for path in ("access/purposes.yaml", ROLES, RULES, RULES, CASES) if path != CASES),
        ((RULES, "    masks:\n      - {dimension: years_in_practice, to: practice_band}\n", "    minimum_group: {entity: hcp, k: 5}\n"),),
        # The caller's region, or any region that the caller's account happens to name.
        ((RULES, "- {dimension: region, values: [$actor.region]}", "- {dimension: region, values: [$actor.region, $actor.home]}"),),
        # Another predicate in the place of the old one: neither wider nor narrower to the eye.
        ((RULES, "- {dimension: region, values: [$actor.region]}", "- {dimension: rep_region, values: [$actor.region]}"),),
        ((RULES, "only_with: [rep, team, territory]", "only_with: [rep]"),),
        ((ROLES, "department: medical", "department: marketing"),),
        ((RULES, "purposes: [visit_preparation]\n    metrics: {stages: [initial_reach, coverage, engagement], without: [planned_touches, plan_completion]}", "purposes: [visit_preparation]\n    metrics: {stages: [initial_reach, coverage, engagement]}"),),
        (TIGHTER, (ROLES, "roles:\n", "roles:\n  - {id: helpers, label: {zh: 帮手, en: Helpers}, department: helpers, pages: [committee]}\n")),
        (TIGHTER, (ROLES, "    department: sales\n    purposes: [visit_preparation, performance_review]", "    department: sales\n    export: true\n    purposes: [visit_preparation, performance_review]")),
    ],
    ids=["two_ks", "renamed_purpose", "mask_gone", "one_more_attribute", "other_predicate", "applies_less_often", "department", "left_out_no_more", "new_role_of_the_committee", "export_beside_a_tightening"],
)
def test_a_loosening_in_disguise_still_needs_two_other_members(committee, edits):
    draft = drafted(committee, *edits)
    view = committee.room.draft(committee.actor("b"), draft)
    if not view["validation"]["ok"]:
        with pytest.raises(GateClosed):
            committee.room.submit(committee.actor("a"), draft)
        return
    assert view["diff"]["direction"] in ("loosens", "mixed")
    assert view["diff"]["approvals_needed"] == 2


def test_a_word_for_a_prescribing_metric_opens_it_to_nobody(committee):
    draft = drafted(committee, (EVERYDAY, "aliases:\n", "aliases:\n  - words: {zh: [科室温度]}\n    means: {metric: revenue}\n"))
    view = committee.room.draft(committee.actor("b"), draft)
    assert view["diff"]["direction"] == "neutral"
    assert view["cases"]["ok"]


def test_a_derived_metric_without_the_tag_is_as_prescribing_as_what_it_is_made_of(committee):
    metrics = next(path for path in committee.room.texts(committee.actor("a"), "active")[1] if path.startswith("metrics/") and "id: attainment" in committee.room.texts(committee.actor("a"), "active")[1][path])
    text = committee.room.texts(committee.actor("a"), "active")[1][metrics]
    assert "prescribing" in text
    draft = drafted(committee, (metrics, "tags: [prescribing]", "tags: []"))
    view = committee.room.draft(committee.actor("b"), draft)
    assert not view["validation"]["ok"]
    assert any("must carry the tag `prescribing`" in item["message"] for item in view["validation"]["problems"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("roles:\n  - {id: x, label: {zh: x, en: x}, department: x, max_rows: 012}\n", "plain number"),
        ("roles:\n  - {id: x, label: {zh: x, en: x}, department: x, max_rows: 1:30}\n", "plain number"),
        ("roles:\n  - {id: x, label: {zh: x, en: x}, department: x, max_rows: 1_0}\n", "plain number"),
        ("base: &b {id: x}\nroles:\n  - *b\n", "anchors"),
        ("roles:\n  - {<<: {id: x}, department: x}\n", "<<"),
        ("roles: []\nroles: []\n", "twice"),
        ("roles: !!python/object/apply:os.system [id]\n", ""),
        ("roles: []\n---\nroles: []\n", ""),
        ("roles: \0\n", ""),
        ("r\u043eles: []\n", "unknown key"),  # a Cyrillic letter
    ],
)
def test_a_text_that_reads_otherwise_than_it_looks_is_no_bundle(committee, text, told):
    actor = committee.actor("a")
    line = committee.room.begin(actor, title="x")
    checked = committee.room.validate(actor, line["id"], "access/more.yaml", text)
    assert not checked["ok"]
    assert any(told in item["message"] for item in checked["problems"]), checked["problems"]


def test_an_approval_is_worth_nothing_in_another_draft_of_the_same_content(committee):
    first, second = drafted(committee, TIGHTER), drafted(committee, TIGHTER, by="c")
    committee.room.submit(committee.actor("a"), first)
    committee.room.submit(committee.actor("c"), second)
    signed = committee.room.approve(committee.actor("b"), first)
    assert signed["version"] == committee.room.draft(committee.actor("b"), second)["version"]
    with pytest.raises(ChangeRefused, match="One approval"):
        committee.room.activate(committee.actor("a"), second)


def test_a_token_is_the_person_whose_it_is(committee):
    draft = drafted(committee, TIGHTER)
    machine = replace(committee.actor("a"), via="token")
    committee.room.submit(machine, draft)
    with pytest.raises(ChangeRefused, match="wrote or changed"):
        committee.room.approve(machine, draft)


def test_whoever_touched_a_draft_last_of_all_is_no_approver_of_it(committee):
    draft = drafted(committee, TIGHTER)
    line = committee.room.draft(committee.actor("b"), draft)
    line = committee.room.write(committee.actor("b"), draft, "notes.md", "x", expected=line["version"])
    committee.room.write(committee.actor("a"), draft, "notes.md", None, expected=line["version"])
    committee.room.submit(committee.actor("a"), draft)
    with pytest.raises(ChangeRefused, match="wrote or changed"):
        committee.room.approve(committee.actor("b"), draft)


def activated(committee, k: int) -> str:
    old = committee.room.file(committee.actor("a"), committee.room.begin(committee.actor("a"), title="?")["id"], ROLES)
    k_now = old.partition("department: marketing")[2].partition("k: ")[2].partition("}")[0]
    draft = drafted(committee, (ROLES, f"minimum_group: {{entity: hcp, k: {k_now}}}", f"minimum_group: {{entity: hcp, k: {k}}}"))
    committee.room.submit(committee.actor("a"), draft)
    for user in ("b", "c"):
        committee.room.approve(committee.actor(user), draft)
    return committee.room.activate(committee.actor("b"), draft)["in_force"]


@pytest.mark.parametrize("other", ["activate", "withdraw"])
def test_of_two_steps_at_the_same_moment_one_happens(committee, monkeypatch, other):
    draft = drafted(committee, (ROLES, "minimum_group: {entity: hcp, k: 10}", "minimum_group: {entity: hcp, k: 9}"))
    committee.room.submit(committee.actor("a"), draft)
    members = {user: committee.actor(user) for user in ("a", "b", "c")}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda user: committee.room.approve(members[user], draft), ("b", "c")))
    assert [item["holds"] for item in committee.room.draft(members["a"], draft)["approvals"]] == [True, True]
    both, record = threading.Barrier(2), committee.room.record

    def slowly(*told: object) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # as long as both could be here at once, both are
        record(*told)

    def take(step: str) -> str:
        try:
            getattr(committee.room, step)(members["a"], draft)
        except (ChangeRefused, ChangedMeanwhile):
            return "refused"
        return step

    monkeypatch.setattr(committee.room, "record", slowly)
    with ThreadPoolExecutor() as pool:
        taken = sorted(pool.map(take, ("activate", other)))
    monkeypatch.undo()
    assert taken in (["activate", "refused"], ["refused", "withdraw"])
    history = committee.room.told_history()
    assert len(history["activations"]) == taken.count("activate")
    assert committee.room.draft(members["a"], draft)["state"] == ("activated" if "activate" in taken else "withdrawn")
    assert len(committee.events("policy.activate")) == taken.count("activate")


def test_a_roll_back_goes_to_the_bundle_before_and_no_further(committee):
    founding = committee.room.told_history()["in_force"]
    first = activated(committee, 20)
    committee.clock.now += dt.timedelta(days=8)
    activated(committee, 30)
    committee.clock.now += dt.timedelta(days=1)
    assert committee.room.rollback(committee.actor("c"))["in_force"] == first != founding
    with pytest.raises(ChangeRefused):
        committee.room.rollback(committee.actor("c"))


def test_a_clock_put_back_opens_no_term_again(committee):
    activated(committee, 20)
    draft = drafted(committee, (ROLES, "minimum_group: {entity: hcp, k: 20}", "minimum_group: {entity: hcp, k: 25}"))
    committee.room.submit(committee.actor("a"), draft)
    committee.room.approve(committee.actor("b"), draft)
    committee.clock.now -= dt.timedelta(days=1)
    with pytest.raises(ChangeRefused, match="clock"):
        committee.room.rollback(committee.actor("c"))
    # A report of tomorrow is not believed either.
    with pytest.raises((ChangeRefused, GateClosed)):
        committee.room.activate(committee.actor("c"), draft)


def test_a_bundle_is_not_read_through_links(committee, tmp_path):
    folder = tmp_path / "linked"
    committee.room.export(committee.actor("a"), "active", folder)
    (folder / "access/more.yaml").symlink_to(folder / "access/roles.yaml")
    with pytest.raises((BundleError, InvalidQuery)):
        committee.room.begin(committee.actor("a"), title="x", source=folder)


def test_a_person_of_the_cases_who_changes_is_told(committee):
    draft = drafted(committee, (CASES, "manager_nowhere: {role: sales_manager}", "manager_nowhere: {role: sales_manager, attributes: {team: x}}"))
    assert [change["id"] for change in committee.room.draft(committee.actor("b"), draft)["diff"]["changes"]] == ["manager_nowhere"]
