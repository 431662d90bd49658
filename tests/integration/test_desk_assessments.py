"""An impact assessment that nobody signed keeps a bundle out of force: from the committee's draft over the officer's signature to the activation."""

from __future__ import annotations

import pytest

from audit.search import Reader
from governance.bundle.loading import load_bundle
from governance.terms import Actor
from tests.fixtures.committee import make_committee
from wenshu.committee.errors import GateClosed
from wenshu.desk import Desk
from wenshu.desk.registers import unsigned
from wenshu.setup import shipped_bundle

OFFICER = Actor(id="compliance", role="compliance", department="compliance")
DOCUMENT = "review/desk.yaml"


@pytest.fixture
def committee(tmp_path):
    made = make_committee(tmp_path)
    reader = Reader(made.home.ledger)
    made.room.unassessed = lambda before, after: [item.label.text() for item in unsigned(before, after, reader)]  # as `open_committee` does it
    yield made
    made.ledger.close()


def desk_over(committee) -> Desk:
    room = committee.room
    return Desk(
        ledger=committee.ledger,
        path=committee.home.ledger,
        checkpoint=committee.home.checkpoint,
        notes=committee.home.desk,
        timezone="Asia/Shanghai",
        clock=committee.clock,
        may_review=lambda actor: actor.role == "compliance",
        bundle=lambda: load_bundle(committee.home.bundle),
        shipped=shipped_bundle,
        drafts=lambda: [room.gates.candidate(room.store.tree(draft.content)).bundle for draft in room.store.drafts()],
    )


def test_a_changed_assessment_waits_for_a_signature_under_exactly_its_text(committee):
    room, author = committee.room, committee.actor("a")
    line = room.begin(author, title="更新影响评估")
    line = room.set_value(author, line["id"], DOCUMENT, ("assessments", "pipia_channels", "risks", "zh"), "新增：导出文件可能外流。", expected=line["version"])
    line = room.set_value(author, line["id"], DOCUMENT, ("assessments", "pipia_channels", "risks", "en"), "New: exported files may leave the company.", expected=line["version"])
    draft = line["id"]
    room.submit(author, draft)
    for other in ("b", "c"):
        room.approve(committee.actor(other), draft)
    before = room.told_history()["in_force"]
    with pytest.raises(GateClosed) as closed:
        room.activate(committee.actor("c"), draft)
    assert "Analysis of interactions with doctors across channels" in str(closed.value)
    assert room.told_history()["in_force"] == before
    desk = desk_over(committee)
    waiting = [item for item in desk.registers.look(OFFICER)["assessments"] if item["where"] == "draft"]
    assert [item["risks"].en for item in waiting] == ["New: exported files may leave the company."]
    old = next(item for item in desk.registers.look(OFFICER)["assessments"] if item["where"] == "in_force")
    desk.registers.sign_assessment(OFFICER, old["key"])
    with pytest.raises(GateClosed):  # the signature under the old words is none under the new ones
        room.activate(committee.actor("c"), draft)
    desk.registers.sign_assessment(OFFICER, waiting[0]["key"])
    room.activate(committee.actor("c"), draft)
    assert room.told_history()["in_force"] != before
    assert [event["actor"] for event in committee.events("assessment.signed")] == ["compliance", "compliance"]
    assert [item["signed_by"] for item in desk.registers.look(OFFICER)["assessments"] if item["where"] == "in_force"] == ["compliance"]
