"""Re-identification and keys against those who try: roles that changed meanwhile, many at once, replays, rotations cut off halfway."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from governance.identity.keys import KeyRing
from tests.fixtures.home import TODAY, DemoHome, copied_home
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import read_environment

LISTED = {"metrics": ["touches"], "group_by": ["hcp"], "period": {"start": "2026-01-01", "end": "2026-11-01"}}


@pytest.fixture
def home(demo_home: DemoHome, tmp_path: Path) -> DemoHome:
    copied_home(demo_home, tmp_path / "home")
    return DemoHome(tmp_path / "home", demo_home.passwords)


@contextmanager
def opened(home: DemoHome) -> Iterator[Service]:
    with Service.open(Home(home.path), read_environment(str(home.path), {"WENSHU_TODAY": TODAY})) as service:
        yield service


def approved(service: Service, *, requester: str, purpose: str) -> str:
    """A request that was approved, about somebody of the representative's own."""
    shown = service.query(service.local_actor("rep_east_1"), LISTED).to_json()["rows"][0][0]
    made = service.persons.request(service.local_actor(requester), shown, case="A-1", purpose=purpose).request
    assert made is not None
    assert service.persons.decide(service.local_actor("compliance_2"), made["id"], approved=True).refusal is None
    return str(made["id"])


def test_many_who_reveal_at_once_see_one_answer_and_one_showing_is_recorded(home: DemoHome) -> None:
    with opened(home) as service:
        number = approved(service, requester="compliance", purpose="subject_request")
        actor = service.local_actor("compliance")
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda _: service.persons.reveal(actor, number, unmasked=True), range(16)))
        assert sum(item.identity is not None for item in told) == 1
        assert {item.refusal.code for item in told if item.refusal is not None} == {"used"}
    shown = home.json("audit", "search", "--type", "identity.revealed")
    assert sum(event["case"] == "A-1" for event in shown["events"]) == 1


def test_who_changed_roles_since_the_approval_is_shown_nothing(home: DemoHome) -> None:
    with opened(home) as service:
        number = approved(service, requester="rep_east_1", purpose="visit_preparation")
    for role, attributes in (("marketing", "{}"), ("sales_rep", '{"rep": "R1-0000000000000000"}')):
        with sqlite3.connect(home.path / "accounts.db") as connection:
            before = connection.execute("SELECT role, attributes FROM users WHERE id = 'rep_east_1'").fetchone()
            connection.execute("UPDATE users SET role = ?, attributes = ? WHERE id = 'rep_east_1'", [role, attributes])
        with opened(home) as service:
            told = service.persons.reveal(service.local_actor("rep_east_1"), number, unmasked=True)
            assert told.identity is None
            assert told.refusal is not None
        with sqlite3.connect(home.path / "accounts.db") as connection:
            connection.execute("UPDATE users SET role = ?, attributes = ? WHERE id = 'rep_east_1'", before)
    with opened(home) as service:
        assert service.persons.reveal(service.local_actor("rep_east_1"), number, unmasked=False).identity is not None


def _cut(*_: object, **__: object) -> None:
    raise RuntimeError


def test_a_rotation_cut_off_halfway_changes_no_answer_and_undoes_no_stewards_decision(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"metrics": ["touches"], "period": {"start": "2026-01-01", "end": "2026-11-01"}}
    with opened(home) as service:
        with service._identities.vault() as vault:
            persons = vault.entities()["hcp"]
        steward = service.local_actor("engineer")
        case = service.stewardship.cases(steward, "merged")["cases"][0]
        service.stewardship.decide(steward, case["token"], "apart", 0)
        representative = service.local_actor("rep_east_1")
        one = service.query(representative, LISTED).to_json()["rows"][0]
        own = {"where": [{"dimension": "hcp", "op": "in", "values": [one[0]]}]}
        before = [service.query(representative, asked | more).to_json()["rows"] for more in ({}, own)]
        with monkeypatch.context() as patched:
            patched.setattr(KeyRing, "promoted", _cut)
            with pytest.raises(RuntimeError):
                service.keys.rotate("warehouse")
    with opened(home) as service:
        told = [service.query(service.local_actor("rep_east_1"), asked | more).to_json() for more in ({}, own)]
        assert [item["rows"] for item in told] == before
        assert service.keys.rotate("warehouse")["resumed"]
        assert [service.query(service.local_actor("rep_east_1"), asked | more).to_json()["rows"] for more in ({}, own)] == before
    assert home.run("ingest", str(home.path / "demo/extracts")).returncode == 0
    with opened(home) as service:
        with service._identities.vault() as vault:
            assert vault.entities()["hcp"] == persons + 1
        assert [item["token"] for item in service.stewardship.cases(service.local_actor("engineer"), "decided")["cases"]] == [case["token"]]
