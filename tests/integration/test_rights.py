"""A doctor's rights and the keys of a whole home: what leaves is released, what is erased stays away, what is rotated goes on joining."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from governance.errors import ConfigurationError, InvalidQuery
from tests.fixtures.home import TODAY, DemoHome, copied_home
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import read_environment
from wenshu.subject_print import as_html
from wenshu.subject_room import Subject

TOUCHES = {"metrics": ["touches"], "group_by": ["hcp"]}


@pytest.fixture
def home(demo_home: DemoHome, tmp_path: Path) -> DemoHome:
    copied_home(demo_home, tmp_path / "home")
    return DemoHome(tmp_path / "home", demo_home.passwords)


@contextmanager
def opened(home: DemoHome):
    with Service.open(Home(home.path), read_environment(str(home.path), {"WENSHU_TODAY": TODAY})) as service:
        yield service


def _ask(service: Service, query: dict, *, user: str = "rep_east_1", purpose: str | None = None) -> dict:
    return service.query(service.local_actor(user), query, purpose=purpose).to_json()


def _keys(home: DemoHome) -> set[str]:
    with duckdb.connect(str(home.path / "warehouse.duckdb"), read_only=True) as db:
        return {row[0] for row in db.execute("SELECT hcp_key FROM dim_hcp UNION SELECT rep_key FROM dim_rep").fetchall()}


def _registered(home: DemoHome) -> list[dict[str, str]]:
    with next((home.path / "demo" / "extracts").glob("crm_hcp.csv")).open(encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def _somebody(home: DemoHome, service: Service) -> tuple[str, dict]:
    """A mobile number that leads to a person with touches, and what is held on the person."""
    compliance = service.local_actor("compliance")
    for row in _registered(home):
        if row["mobile"]:
            held = service.subjects.access(compliance, Subject(text=row["mobile"]), case="T-1").to_json()
            if held["status"] == "held" and "fct_touch" in held["records"] and "fct_consent" in held["records"]:
                return row["mobile"], held
    raise AssertionError("nobody")


def test_no_key_of_the_warehouse_leaves_through_an_answer(home: DemoHome) -> None:
    inner = _keys(home)
    with opened(home) as service:
        doctors = _ask(service, TOUCHES)
        assert doctors["rows"]
        assert not {row[0] for row in doctors["rows"]} & inner
        assert [row[0] for row in doctors["rows"]] == sorted(row[0] for row in doctors["rows"])
        one = doctors["rows"][0]
        again = _ask(service, TOUCHES | {"where": [{"dimension": "hcp", "op": "in", "values": [one[0]]}]})
        assert again["rows"] == [one]
        assert one[0] in json.dumps(again["query"])
    told = home.run("audit", "search", "--json").stdout
    assert not any(key in told for key in inner)


def test_released_keys_of_another_purpose_and_the_warehouses_own_mean_nobody_in_a_session(home: DemoHome) -> None:
    from dataclasses import replace

    with opened(home) as service:
        representative = replace(service.local_actor("rep_east_1"), via="session")
        directory = service._identities.directory()
        shown = _ask(service, TOUCHES)["rows"][0][0]
        uid = directory.find(shown, ["visit_preparation"]).uid
        for value, status in ((shown, "answered"), (directory.inner("hcp", uid), "refused"), (directory.released("hcp", uid, "market_analysis"), "refused")):
            asked = {"metrics": ["touches"], "where": [{"dimension": "hcp", "op": "in", "values": [value]}]}
            assert service.query(representative, asked).to_json()["status"] == status


def test_access_tells_everything_and_which_answers_it_was_in(home: DemoHome) -> None:
    with opened(home) as service:
        mobile, held = _somebody(home, service)
        before = held["answers"]["count"]
        region = held["records"]["dim_hcp"]["rows"][0]["region"]
        other = next(name for name in ("华东", "华南", "华北") if name != region)
        assert mobile in held["identity"]["mobile"]["values"]
        assert all(held["rows_by_source"].values())
        for asked in ([region], [other]):
            query = {"metrics": ["touches"], "where": [{"dimension": "region", "op": "in", "values": asked}], "period": {"start": "2026-01-01", "end": "2026-11-01"}}
            assert _ask(service, query, user="market")["status"] == "answered"
        _ask(service, {"metrics": ["revenue"]}, user="market")
        after = service.subjects.access(service.local_actor("compliance"), Subject(text=f"+86 {mobile[:3]}-{mobile[3:7]}-{mobile[7:]}"), case="T-2").to_json()
        assert after["answers"]["count"] == before + 1
        assert {item["judged_by"] for item in after["answers"]["events"]} == {"attributes_then"}
        printed, words = as_html(after), after["words"]
        names = {name for table, item in after["records"].items() for name in (table, *item["rows"][0])}
        assert not [name for name in names if f">{name}<" in printed], "technical names on paper"
        assert all(words["columns"][table].keys() >= item["rows"][0].keys() for table, item in after["records"].items())
        assert not _keys(home) & set(json.dumps(after, ensure_ascii=False).split('"'))


def test_only_those_with_the_purpose_act_for_a_person(home: DemoHome) -> None:
    with opened(home) as service:
        for user in ("market", "engineer", "committee_a", "medical"):
            told = service.subjects.erase(service.local_actor(user), Subject(text="13800138000"), case="T-3").to_json()
            assert (told["status"], told["refusal"]["code"]) == ("refused", "purpose_not_allowed")
        for text in ("张伟", "hello world", ""):
            with pytest.raises(InvalidQuery):
                service.subjects.access(service.local_actor("compliance"), Subject(text=text), case="T-3")
        for case in ("13800138000", "张伟", ""):
            with pytest.raises(InvalidQuery):
                service.subjects.access(service.local_actor("compliance"), Subject(text="13800138000"), case=case)


def test_what_was_asked_for_stands_over_the_next_load(home: DemoHome) -> None:
    with opened(home) as service:
        compliance = service.local_actor("compliance")
        mobile, held = _somebody(home, service)
        was = held["records"]["dim_hcp"]["rows"][0]["title"]
        title = next(value for value in ("主任医师", "住院医师") if value != was)
        asked = {"metrics": ["touches"], "where": [{"dimension": "title", "op": "in", "values": [was]}], "period": {"start": "2026-01-01", "end": "2026-11-01"}}
        answered = _ask(service, asked, user="market")
        service.subjects.correct(compliance, Subject(text=mobile), {"title": title, "mobile": "139 0000 1234"}, case="T-4")
        told = service.subjects.withdraw(compliance, Subject(text="13900001234"), ["market_analysis"], channel=None, case="T-5").to_json()
        effect = told["effective_at"]["market_analysis"]
        assert effect is not None
        assert effect.endswith("T00:00:00+08:00")
        with pytest.raises(InvalidQuery):
            service.subjects.correct(compliance, Subject(text=mobile), {"title": "院长大人"}, case="T-4")
    assert home.run("ingest", str(home.path / "demo" / "extracts")).returncode == 0
    with opened(home) as service:
        after = service.subjects.access(service.local_actor("compliance"), Subject(text=mobile), case="T-6").to_json()
        assert after["person"] == held["person"]
        why = {item["index"]: item["judged_by"] for item in after["answers"]["events"]}
        assert why[answered["receipt"]["index"]] == "attributes_unknown", "asked about the title that the person had then"
        assert after["identity"]["mobile"]["values"] == ["13900001234"]
        assert after["records"]["dim_hcp"]["rows"][0]["title"] == title
        assert after["records"]["fct_touch"]["count"] == held["records"]["fct_touch"]["count"]
        assert any(row["purpose"] == "market_analysis" and row["withdrawn_at"] for row in after["records"]["fct_consent"]["rows"])


def test_a_channel_withdrawn_leaves_that_channels_figures_and_no_others(home: DemoHome, demo_home: DemoHome, tmp_path: Path) -> None:
    asked = {"metrics": ["touches"], "group_by": ["channel"], "period": {"start": "2025-11-01", "end": "2026-11-01"}}

    def on(day: str, place: DemoHome) -> dict[str, int]:
        with Service.open(Home(place.path), read_environment(str(place.path), {"WENSHU_TODAY": day})) as service:
            return dict(_ask(service, asked, user="market", purpose="market_analysis")["rows"])

    with opened(home) as service:
        compliance = service.local_actor("compliance")
        with duckdb.connect(str(home.path / "warehouse.duckdb"), read_only=True) as db:
            inner, mails = db.execute(
                "SELECT hcp_key, count(*) FROM fct_touch WHERE channel = '邮件' AND delivered AND occurred_at >= '2025-11-01' AND occurred_at < '2026-11-01' "
                "AND hcp_key NOT IN (SELECT hcp_key FROM fct_consent WHERE withdrawn_at IS NOT NULL) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
            ).fetchall()[0]
        told = service.subjects.withdraw(compliance, Subject(pseudonym=inner), ["market_analysis"], channel="邮件", case="T-20").to_json()
        begins = told["effective_at"]["market_analysis"][:10]
    assert home.run("ingest", str(home.path / "demo" / "extracts"), "--again").returncode == 0
    copied_home(demo_home, tmp_path / "other")
    before, after = on(begins, DemoHome(tmp_path / "other", {})), on(begins, home)
    assert before["邮件"] - after.pop("邮件") == mails
    assert all(before[channel] == count for channel, count in after.items())
    with opened(home) as service:
        held = service.subjects.access(service.local_actor("compliance"), Subject(pseudonym=inner), case="T-21").to_json()
        assert [row["channel"] for row in held["records"]["fct_channel_consent"]["rows"]] == ["邮件"]


def test_the_erased_are_gone_stay_away_and_the_ledger_still_verifies(home: DemoHome) -> None:
    with opened(home) as service:
        compliance = service.local_actor("compliance")
        mobile, held = _somebody(home, service)
        identifiers = [value for item in held["identity"].values() for value in item["values"] if item["values"]]
        would = service.subjects.erase(compliance, Subject(text=mobile), case="T-7", dry_run=True).to_json()
        told = service.subjects.erase(compliance, Subject(text=mobile), case="T-7").to_json()
        assert told["removed"]["warehouse_rows"] == would["rows"] == {name: item["count"] for name, item in held["records"].items()}
        assert told["proof"] == told["proof"] | {"rows_left": 0, "identifiers_that_still_find_somebody": 0, "data_key_left": False, "ledger_verifies": True}
        assert told["proof"] == told["proof"] | {"ledger_key_left": False, "ledger_entries_that_still_open": 0, "ledger_entries_written_unsealed": 0}
        assert told["removed"]["ledger"]["entries"] == 3, "access, what would be erased, and erasing"
        certificate = (home.path / "certificates" / f"erasure-{told['certificate']}.json").read_text(encoding="utf-8")
        assert not any(value in certificate for value in identifiers)
        assert service.subjects.access(compliance, Subject(text=mobile), case="T-8").to_json()["status"] == "nothing_held"
    kept = b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file() and "demo" not in path.parts)
    assert not any(value.encode() in kept for value in identifiers if len(value) > 6)
    assert home.run("ingest", str(home.path / "demo" / "extracts"), "--write-links").returncode == 0
    with opened(home) as service:
        for row in [mobile, *held["identity"]["crm_id"]["values"]]:
            again = service.subjects.access(service.local_actor("compliance"), Subject(text=row), case="T-9").to_json()
            assert (again["status"], again["erased_before"]) == ("nothing_held", True)
    assert home.run("audit", "verify").returncode == 0


def test_every_key_can_be_rotated_and_everything_goes_on_joining(home: DemoHome) -> None:
    with opened(home) as service:
        mobile, held = _somebody(home, service)
        before = _ask(service, TOUCHES)["rows"]
        for kind in ("vault", "index", "warehouse", "release"):
            assert service.keys.rotate(kind, suite="national" if kind == "vault" else None)["version"] == 2
        with pytest.raises(ConfigurationError, match="still needed"):
            service.keys.forget("warehouse", 1)
        assert service.keys.forget("vault", 1)["state"] == "destroyed"
    assert all(key[1] == "2" for key in _keys(home))
    with opened(home) as service:
        after = service.subjects.access(service.local_actor("compliance"), Subject(text=mobile), case="T-10").to_json()
        assert after["identity"] == held["identity"]
        assert {name: item["count"] for name, item in after["records"].items()} == {name: item["count"] for name, item in held["records"].items()}
        rows = _ask(service, TOUCHES)["rows"]
        assert sorted(row[1] for row in rows) == sorted(row[1] for row in before)
        assert all(row[0].startswith("H2-") for row in rows)
        old = _ask(service, TOUCHES | {"where": [{"dimension": "hcp", "op": "in", "values": [before[0][0]]}]})
        assert [row[1] for row in old["rows"]] == [before[0][1]]
    assert home.run("ingest", str(home.path / "demo" / "extracts")).returncode == 0
    with opened(home) as service:
        loaded = _ask(service, TOUCHES)["rows"]
        assert loaded == rows


def test_nobody_approves_their_own_request_and_the_answer_is_shown_once(home: DemoHome) -> None:
    with opened(home) as service:
        pseudonym = _ask(service, TOUCHES)["rows"][0][0]
        actors = {name: service.local_actor(name) for name in ("rep_east_1", "compliance", "compliance_2", "market", "engineer", "committee_a")}
        room = service.persons
        for user in ("market", "engineer", "committee_a"):
            for purpose in ("market_analysis", "subject_request"):
                assert room.request(actors[user], pseudonym, case="C-1", purpose=purpose).refusal is not None
        made = room.request(actors["compliance"], pseudonym.lower(), case="C-1", purpose="subject_request").request
        assert made is not None
        number = made["id"]
        assert room.reveal(actors["compliance"], number, unmasked=True).refusal.code == "not_approved"
        for user in ("compliance", "rep_east_1", "engineer"):
            assert room.decide(actors[user], number, approved=True).refusal is not None
        assert room.decide(actors["compliance_2"], number, approved=True).refusal is None
        assert room.reveal(actors["compliance_2"], number, unmasked=True).refusal.code == "not_requester"
        shown = room.reveal(actors["compliance"], number, unmasked=True)
        assert shown.identity
        assert room.reveal(actors["compliance"], number, unmasked=True).refusal.code == "used"
        name = shown.identity["name"][0]
    ledger = home.run("audit", "search", "--json").stdout
    assert name not in ledger
    assert '"identity.revealed"' in ledger


def test_a_representative_may_request_only_own_doctors(home: DemoHome) -> None:
    with opened(home) as service:
        own = {row[0] for row in _ask(service, TOUCHES | {"period": {"start": "2024-11-01", "end": "2026-11-15"}})["rows"]}
        directory = service._identities.directory()
        foreign = next(key for uid in directory._persons("hcp") if (key := directory.released("hcp", uid, "visit_preparation")) not in own)
        representative = service.local_actor("rep_east_1")
        assert service.persons.request(representative, foreign, case="C-2", purpose="visit_preparation").refusal.code == "row_scope"
        assert service.persons.request(representative, next(iter(own)), case="C-2", purpose="visit_preparation").refusal is None


def test_the_clocks_take_what_is_due_once_and_say_so(home: DemoHome) -> None:
    with opened(home) as service:
        assert service.retention.run() == {"status": "nothing_due"}
        mobile, _ = _somebody(home, service)
    rules = home.path / "bundle" / "retention" / "retention.yaml"
    rules.write_text(
        "rules:\n"
        "  - {id: old_touches, table: fct_touch, by: occurred_at, months: 12, act: delete, reason: {zh: 一年, en: one year}}\n"
        "  - {id: old_surveys, table: fct_survey, by: answered_at, months: 12, act: restrict, reason: {zh: 一年, en: one year}}\n",
        encoding="utf-8",
    )
    with opened(home) as service:
        wanted = {item["id"]: item["due"] for item in service.retention.show()}
        assert all(wanted.values())
        done = service.retention.run()
        assert done["taken"] == wanted
        assert service.retention.run() == {"status": "nothing_due"}
        after = service.subjects.access(service.local_actor("compliance"), Subject(text=mobile), case="T-11").to_json()
        assert all(row["occurred_at"] >= "2025-11-15" for row in after["records"].get("fct_touch", {"rows": []})["rows"])
    with duckdb.connect(str(home.path / "restricted.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM fct_survey").fetchone() == (wanted["old_surveys"],)
    assert (home.path / "restricted.duckdb").stat().st_mode & 0o077 == 0
