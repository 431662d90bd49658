"""Erasure against a home in full use: whatever the product wrote about a person, in whatever state a home can be, is gone, and stays gone.

The looking shares no code with what erases: every file is read as bytes, every table of every SQLite and DuckDB file by its own engine.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from governance.identity.vault import Person
from tests.fixtures.home import TODAY, DemoHome, copied_home
from wenshu import retention_room
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import read_environment
from wenshu.subject_room import Subject

IDENTIFIERS = ("mobile", "email", "license_no", "unionid", "crm_id")
RESTRICTED = """
rules:
  - {id: old_touches, table: fct_touch, by: occurred_at, months: 6, act: restrict, reason: {zh: 旧, en: old}}
"""


@pytest.fixture
def home(demo_home: DemoHome, tmp_path: Path) -> DemoHome:
    copied_home(demo_home, tmp_path / "home")
    return DemoHome(tmp_path / "home", demo_home.passwords)


@contextmanager
def opened(home: DemoHome) -> Iterator[Service]:
    with Service.open(Home(home.path), read_environment(str(home.path), {"WENSHU_TODAY": TODAY})) as service:
        yield service


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Every cell of every database of a home, with where it stands."""
    for path in folder.rglob("*"):
        if not path.is_file() or "demo" in path.relative_to(folder).parts:
            continue
        head = path.read_bytes()[:16]
        if head.startswith(b"SQLite format 3"):
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    for row in connection.execute(f'SELECT * FROM "{table}"'):
                        yield f"{path.name}.{table}", repr(row)
        elif head[8:12] == b"DUCK":
            with duckdb.connect(str(path), read_only=True) as connection:
                for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                    for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                        yield f"{path.name}.{table}", repr(row)


def traces(folder: Path, words: set[str]) -> dict[str, set[str]]:
    """Where any of the words stands in a home, but in the extracts themselves."""
    found: dict[str, set[str]] = {}
    for where, text in texts_of(folder):
        for word in words:
            if word in text:
                found.setdefault(where, set()).add(word)
    for path in folder.rglob("*"):
        if path.is_file() and "demo" not in path.relative_to(folder).parts:
            raw = path.read_bytes()
            for word in words:
                if word.encode() in raw or json.dumps(word).strip('"').encode() in raw or word in path.name:
                    found.setdefault(path.name, set()).add(word)
    return found


def everything_called(service: Service, row: dict[str, str]) -> set[str]:
    """Every word by which the product ever called the person: identifiers, the UID, the pseudonyms of every purpose and key version."""
    directory = service._identities.directory()
    with service._identities.vault() as vault:
        uid = vault.find("hcp", "crm_id", row["crm_id"])
        assert uid is not None
        fields = vault.open_fields(uid)
    forms = directory.forms("hcp", uid, service.subjects._desk.active().policy.purposes)
    return {value for name, values in fields.items() for value in values if name != "name" or len(value) > 2} | set(forms) | {uid}


def left_behind_by_a_merge(service: Service, row: dict[str, str]) -> str:
    """Give the person's number to another entry of the vault and take it back, as a split and a merge do; return the entry that nobody finds any more."""
    other = "ab" * 16
    with service._identities.vault() as vault:
        uid = vault.find("hcp", "crm_id", row["crm_id"])
        assert uid is not None
        fields = vault.open_fields(uid)
        indexed = [(kind, value) for kind, values in fields.items() if kind != "name" for value in values if vault.find("hcp", kind, value) == uid]
        now, chance = datetime(2026, 11, 15, 9, 30), random.Random(7)
        vault.enroll("hcp", [Person(uid=other, fields={"crm_id": [row["crm_id"]], "name": [row["name"]]}, indexed=[("crm_id", row["crm_id"])])], now=now, random=chance.randbytes)
        vault.enroll("hcp", [Person(uid=uid, fields=fields | {"also": ["x"]}, indexed=indexed)], now=now, random=chance.randbytes)
        assert vault.find("hcp", "crm_id", row["crm_id"]) == uid
        assert vault.open_fields(other)
    return other


def masked(row: dict[str, str]) -> tuple[str, str]:
    """What the review queue shows of a record: its name by the first character, its mobile by the end."""
    return row["name"][:1] + "*" * (len(row["name"]) - 1), "…" + row["mobile"][-2:]


def in_review(home: DemoHome) -> list[dict[str, str]]:
    """Records of the register that stand in a case of the review queue, with enough in them to be told apart."""
    with sqlite3.connect(home.path / "linking.db") as connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM review_case ORDER BY token")]
    said = [side for body in bodies for side in ([body["said"]] if body["record"] else []) + [item["said"] for item in body["candidates"]]]
    wanted = {(one["name"], one["mobile"], one["crm_id"]) for one in said if "mobile" in one and "crm_id" in one}
    rows = [row for row in rows_of(home.path / "demo/extracts/crm_hcp.csv") if len(row["mobile"]) == 11 and row["mobile"].isdigit()]
    return [row for row in rows if len(row["name"]) > 2 and (*masked(row), "…" + row["crm_id"][-2:]) in wanted]


def comes_back(home: DemoHome, service: Service, but: dict[str, str]) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Erase another doctor than `but`, and list the same one anew under other customer numbers: by any form of an identifier; and somebody else who has the phone now."""
    path = home.path / "demo/extracts/crm_hcp.csv"
    rows = rows_of(path)
    taken = {row["mobile"] for row in rows if row["mobile"]}
    alone = [row for row in rows if row != but and all(row[name] for name in IDENTIFIERS) and row["mobile"].isdigit() and sum(other["mobile"] == row["mobile"] for other in rows) == 1]
    row, other = alone[0], alone[1]
    told = service.subjects.erase(service.local_actor("compliance"), Subject(text=row["crm_id"], kind="crm_id"), case="E-6").to_json()
    assert told["status"] == "erased"
    wide = {ord(char): chr(ord(char) + 0xFEE0) for char in "0123456789"}
    free = next(number for number in (f"139{n:08d}" for n in range(10_000_000)) if number not in taken)
    nobody = dict.fromkeys(IDENTIFIERS, "")
    back = {
        "C7700001": {"license_no": row["license_no"].translate(wide), "mobile": free},
        "C7700002": {"license_no": " ".join(row["license_no"]), "name": row["name"][::-1]},
        "C7700003": {"unionid": row["unionid"]},
        "C7700004": {"mobile": f"+86 {row['mobile'][:3]}-{row['mobile'][3:7]}-{row['mobile'][7:]}"},
        "C7700005": {"email": row["email"].upper()},
    }
    stays = {"C7800001": {"mobile": row["mobile"], "name": other["name"]}}
    rows = [item for item in rows if item["crm_id"] != row["crm_id"]]
    write_rows(path, rows + [row | nobody | {"crm_id": crm} | said for crm, said in (back | stays).items()])
    return back, stays


def test_after_an_erasure_nothing_in_the_home_holds_the_person_and_no_form_of_an_identifier_brings_anybody_back(home: DemoHome) -> None:
    retention = home.path / "bundle" / "retention"
    for path in retention.glob("*.yaml"):
        path.unlink()
    (retention / "rules.yaml").write_text(RESTRICTED, encoding="utf-8")
    row = in_review(home)[0]
    with opened(home) as service:
        compliance, second, steward = (service.local_actor(name) for name in ("compliance", "compliance_2", "engineer"))
        assert service.retention.run()["taken"]["old_touches"] > 0
        service.keys.rotate("warehouse")
        service.keys.rotate("release")
        case = next(item for item in service.stewardship.cases(steward, "merged")["cases"])
        service.stewardship.decide(steward, case["token"], "same", 1)
        words = everything_called(service, row)
        pseudonym = service.subjects.access(compliance, Subject(text=row["crm_id"], kind="crm_id"), case="E-1").to_json()["person"]["pseudonym"]
        made = service.persons.request(compliance, pseudonym, case="E-2", purpose="subject_request").request
        assert made is not None
        service.persons.decide(second, made["id"], approved=True)
        service.persons.reveal(compliance, made["id"], unmasked=True)
        service.subjects.correct(compliance, Subject(text=row["crm_id"], kind="crm_id"), {"email": "canary.corrected@planted.example"}, case="E-3")
        service.subjects.withdraw(compliance, Subject(text=row["crm_id"], kind="crm_id"), ["market_analysis"], channel=None, case="E-4")
        words |= {"canary.corrected@planted.example"}
        representative, directory = service.local_actor("rep_east_1"), service._identities.directory()
        released = directory.released("hcp", directory.find(pseudonym, ["subject_request"]).uid, "visit_preparation")
        for conversation in ("new", "new"):
            asked = {"metrics": ["touches"], "where": [{"dimension": "hcp", "op": "in", "values": [released]}]}
            service.query(representative, asked, purpose="visit_preparation", conversation=conversation)
        with sqlite3.connect(home.path / "conversations.db") as connection:
            assert connection.execute("SELECT count(*) FROM turns WHERE query LIKE ? OR answer LIKE ?", [f"%{released}%"] * 2).fetchone()[0] == 2
        behind = left_behind_by_a_merge(service, row)
        words |= {behind, *service._identities.directory().forms("hcp", behind, ["market_analysis"])}
        (home.path / "inbox").mkdir()
        (home.path / "inbox" / "new.csv").write_text(f"id,phone\n1,+86 {row['mobile'][:3]}-{row['mobile'][3:]}\n2,13811112222\n3,{row['name']}\n", encoding="gb18030")
        # What a killed act of an earlier version, or a power cut, can leave behind.
        shutil.copy(home.path / "warehouse.duckdb", home.path / "warehouse.duckdb.20260101T000000-abcdef.work")
        shutil.copy(home.path / "warehouse.duckdb", home.path / "warehouse.duckdb.20260101T000000-abcdef.new")
        assert any("restricted" in where for where in traces(home.path, words)), "a person without restricted rows would prove nothing"
        told = service.subjects.erase(compliance, Subject(text=row["crm_id"], kind="crm_id"), case="E-5").to_json()
        assert told["status"] == "erased"
        assert told["proof"]["ledger_verifies"]
        assert told["proof"]["store_tables_that_name_the_person"] == []
        assert told["removed"]["restricted_rows"]["fct_touch"] > 0
        assert told["removed"]["kept_answers"] == 2
        assert told["removed"]["earlier_entries"] == 1
        naming = {item["file"]: item for item in told["extracts"]["files"]}
        assert naming["inbox/new.csv"] == {"file": "inbox/new.csv", "lines": 1, "lines_with_the_name_only": 1}
        assert naming["demo/extracts/crm_hcp.csv"]["lines"] >= 1
        certificate = (home.path / "certificates" / f"erasure-{told['certificate']}.json").read_text(encoding="utf-8")
        assert json.loads(certificate)["extracts"] == told["extracts"]
        assert not any(word in certificate for word in words)
        shutil.rmtree(home.path / "inbox")
        # While the service still runs: its write-ahead logs are files like any other.
        assert traces(home.path, words) == {}
        assert row not in in_review(home)
        back, stays = comes_back(home, service, row)
    assert traces(home.path, words) == {}
    assert home.run("audit", "verify").returncode == 0
    # One load for both: the first is still in all extracts, the second is listed anew.
    assert home.run("ingest", str(home.path / "demo/extracts"), "--again", "--write-links").returncode == 0
    assert traces(home.path, words) == {}
    assert row not in in_review(home)
    with opened(home) as service:
        compliance = service.local_actor("compliance")
        found = {crm: service.subjects.access(compliance, Subject(text=crm, kind="crm_id"), case="E-7").to_json()["status"] for crm in (*back, *stays)}
    assert found == dict.fromkeys(back, "nothing_held") | dict.fromkeys(stays, "held")


def test_a_clock_of_retention_that_was_cut_off_finds_the_same_persons_again(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (home.path / "bundle" / "retention").glob("*.yaml"):
        path.unlink()
    (home.path / "bundle" / "retention" / "rules.yaml").write_text(
        "rules:\n  - {id: idle, entity: hcp, months: 2, act: delete, reason: {zh: 旧, en: old}}\n", encoding="utf-8"
    )
    before = 0
    for number, step in enumerate(("forget_elsewhere", "erase_from_warehouse")):
        with opened(home) as service:
            due = {item["id"]: item["due"] for item in service.retention.show()}
            assert due["idle"] > 0
            if not number:
                with service._identities.vault() as vault:
                    before = vault.entities()["hcp"]
            with monkeypatch.context() as patched:
                patched.setattr(retention_room, step, _cut)
                with pytest.raises(RuntimeError):
                    service.retention.run()
            assert {item["id"]: item["due"] for item in service.retention.show()} == due
            if number:
                assert service.retention.run()["taken"] == due
                left = before - due["idle"]
                with service._identities.vault() as vault:
                    assert vault.entities()["hcp"] == left
                with duckdb.connect(str(home.path / "warehouse.duckdb"), read_only=True) as connection:
                    kept = connection.execute("SELECT count(*) FROM dim_hcp").fetchone()
                    assert kept == (left,)


def _cut(*_: object, **__: object) -> None:
    raise RuntimeError
