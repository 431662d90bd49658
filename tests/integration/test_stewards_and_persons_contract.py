"""What the pages of stewards and of persons rely on, held by the fakes of their tests and by the real rooms alike."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from governance.errors import IngestError, InvalidQuery
from governance.terms import Actor
from tests.fakes import persons as fakes
from tests.fakes.clock import FakeClock
from tests.fakes.service import FakeService
from tests.fixtures.home import TODAY, copied_home
from wenshu.desk.door import NotPermitted
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment
from wenshu.subject_room import Subject

STEWARD = Actor(id="engineer", role="data_engineer", department="data_engineering")
OFFICER = Actor(id="compliance", role="compliance", department="compliance")
COLLEAGUE = Actor(id="compliance_2", role="compliance", department="compliance")
OUTSIDER = Actor(id="market", role="marketing", department="marketing")


@pytest.fixture(params=["fake", "real"])
def rooms(request: pytest.FixtureRequest, tmp_path: Path):
    """A service with its rooms, a mobile number that leads to somebody, and whether it is the real one."""
    if request.param == "fake":
        yield FakeService(tmp_path, FakeClock()), fakes.MOBILE
        return
    home = request.getfixturevalue("demo_home")
    copied_home(home, tmp_path / "home")
    with (tmp_path / "home/demo/extracts/crm_hcp.csv").open(encoding="utf-8-sig") as stream:
        numbers = [row["mobile"] for row in csv.DictReader(stream) if row["mobile"]]
    with Service.open(Home(tmp_path / "home"), Environment(home=tmp_path / "home", pinned_today=dt.date.fromisoformat(TODAY))) as service:
        held = (number for number in numbers if _held(service, number)["status"] == "held")
        yield service, next(held)


def _held(service: Any, number: str) -> dict[str, Any]:
    return service.subjects.access(OFFICER, Subject(text=number), case="DSR-1").to_json()


def test_a_steward_sees_the_last_load_and_pages_of_cases_of_one_kind(rooms) -> None:
    room = rooms[0].stewardship
    told = room.overview(STEWARD)
    assert told["load"].keys() >= {"id", "as_of", "loaded_at", "extracts", "persons"}
    assert all(item.keys() >= {"extract", "rows", "loaded", "held", "reasons"} for item in told["load"]["extracts"])
    assert all(warning.keys() == {"kind", "text"} for warning in told["warnings"])
    found = room.cases(STEWARD, "open")
    assert found["total"] == sum(found["sources"].values()) == sum(found["kinds"].values()) > 0
    assert (found["page"], found["matching"]) == (1, found["total"])
    kind, count = next(iter(found["kinds"].items()))
    seen: list[str] = []
    for page in range(1, room.cases(STEWARD, "open", kind=kind)["pages"] + 1):
        shown = room.cases(STEWARD, "open", kind=kind, page=page)
        assert {case["kind"] for case in shown["cases"]} == {kind}
        seen += [case["token"] for case in shown["cases"]]
    assert len(seen) == len(set(seen)) == count
    assert room.cases(STEWARD, "open", page=10**6)["page"] == found["pages"]
    with pytest.raises(NotPermitted):
        room.cases(OUTSIDER, "open")


def test_a_steward_sees_files_and_nonsense_changes_nothing(rooms) -> None:
    room = rooms[0].inbox
    told = room.look(STEWARD)
    assert told.keys() == {"folder", "files", "proposals", "unread", "without_file", "loading"}
    assert all(file.keys() == {"name", "extract"} for file in told["files"])
    known = next(file["extract"] for file in told["files"] if file["extract"])
    for act in (
        lambda: room.leave_out(STEWARD, []), lambda: room.leave_out(STEWARD, [known]), lambda: room.confirm(STEWARD, known, "format: 1"),
        lambda: room.classify(STEWARD, "no_such", "x", "plain", "why"), lambda: room.classify(STEWARD, known, "x", "plain", " "), lambda: room.classify(STEWARD, known, "x", "odd", "why"),
    ):  # fmt: skip
        with pytest.raises(IngestError):
            act()
    assert room.look(STEWARD) == told
    room.classify(STEWARD, known, "month", "plain", "a month is nobody's")
    for act in (lambda: room.look(OUTSIDER), lambda: room.load(OUTSIDER), lambda: room.leave_out(OUTSIDER, [known]), lambda: room.classify(OUTSIDER, known, "x", "plain", "why")):
        with pytest.raises(NotPermitted):
            act()


def test_two_persons_one_showing(rooms) -> None:
    service, number = rooms
    room, person = service.persons, _held(service, number)["person"]["pseudonym"]
    purpose = room.purposes(OFFICER)[0]
    assert room.purposes(OUTSIDER) == []
    assert (room.may_approve(OFFICER), room.may_approve(OUTSIDER)) == (True, False)
    with pytest.raises(InvalidQuery):
        room.request(OFFICER, "H1-TYPO", case="CASE-7", purpose=purpose)
    with pytest.raises(InvalidQuery):
        room.request(OFFICER, person, case="13900001234", purpose=purpose)
    asked = room.request(OFFICER, person, case="CASE-7", purpose=purpose)
    assert asked.request.keys() >= {"id", "state", "person", "case", "purpose", "requester", "requested_at", "expires_at", "approver", "revealed_at"}
    name = asked.request["id"]
    assert room.decide(OFFICER, name, approved=True).refusal is not None
    assert room.reveal(OFFICER, name, unmasked=True).identity is None
    assert room.decide(COLLEAGUE, name, approved=True).request["state"] == "approved"
    shown = room.reveal(OFFICER, name, unmasked=False)
    assert shown.masked
    assert number not in str(shown.identity)
    assert room.reveal(OFFICER, name, unmasked=True).refusal is not None
    assert [item["state"] for item in room.requests(OFFICER) if item["id"] == name] == ["revealed"]


def test_the_rights_of_a_person(rooms) -> None:
    service, number = rooms
    room, who = service.subjects, Subject(text=number)
    assert (room.may(OFFICER), room.may(OUTSIDER)) == (True, False)
    held = _held(service, number)
    assert held.keys() >= {"status", "person", "identity", "records", "consent_acts", "notices", "purposes", "retention", "answers", "receipt"}
    assert all(item.keys() >= {"count", "sources", "rows"} for item in held["records"].values())
    channel = room.channels()[0]
    purpose = room.purposes()[0]["id"]
    told = room.withdraw(OFFICER, who, [purpose], channel=channel, case="DSR-2").to_json()
    assert (told["status"], told["channel"], told["purposes"]) == ("withdrawn", channel, [purpose])
    assert told["effective_at"][purpose].endswith("T00:00:00+08:00")
    look = room.erase(OFFICER, who, case="DSR-3", dry_run=True).to_json()
    assert look["status"] == "would_erase"
    assert sum(look["rows"].values()) > 0
    done = room.erase(OFFICER, who, case="DSR-3").to_json()
    assert done.keys() >= {"certificate", "sha256", "removed", "kept", "proof"}
    assert (done["proof"]["rows_left"], done["proof"]["data_key_left"], done["proof"]["ledger_verifies"]) == (0, False, True)
    assert _held(service, number)["status"] == "nothing_held"
