"""An extract that is read in many parts loads as if it had been read whole, and a personal column that nobody confirmed stops a load."""

from __future__ import annotations

import random
import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.errors import IngestError
from governance.identity.keys import KeyRing
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.vault import Vault
from governance.ingest import LoadReport, Places, ingest, staging

SCHEMA = Path(__file__).parents[2] / "policies" / "warehouse" / "schema.yaml"
CATEGORIES = Path(__file__).parents[2] / "policies" / "classification" / "categories.yaml"

DOCTORS = """format: 1
extract: doctors
files: doctors.csv
keys: {hcp_key: {crm_id: id, mobile: tel, name: name}}
load: [{table: dim_hcp, fields: {segment: segment}}]
"""
MAILS = """format: 1
extract: mails
files: mails*.csv
keys: {hcp_key: {crm_id: who, mobile: tel}}
drop:
  - {rule: exact, when: duplicate}
  - {rule: sent_again, when: duplicate, of: [mail, event], keep: last}
fold:
  rule: events
  by: mail
  anchor: [{column: event, in: sent}]
  collect: {opened: {how: any, where: [{column: event, in: open}]}, last: {how: last, column: at}}
load:
  - table: fct_touch
    fields: {touch_id: {id: mail}, channel: {constant: 邮件}, occurred_at: at, opened: opened, delivered: {present: last}}
"""
CALLS = """format: 1
extract: calls
files: calls.csv
keys: {hcp_key: {crm_id: who}}
load:
  - {table: fct_touch, fields: {touch_id: {id: ref}, channel: {constant: 电话}, occurred_at: at, campaign: campaign, delivered: {constant: true}}}
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    for name in ("exports", "bundle/extracts", "bundle/warehouse", "bundle/classification"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bundle/warehouse/schema.yaml").write_bytes(SCHEMA.read_bytes())
    (tmp_path / "bundle/classification/categories.yaml").write_bytes(CATEGORIES.read_bytes())
    for name, text in (("doctors", DOCTORS), ("mails", MAILS), ("calls", CALLS)):
        (tmp_path / f"bundle/extracts/{name}.yaml").write_text(text, encoding="utf-8")
    chance = random.Random(4)
    people = [f"{n},139{n:08d},医生{n},A" for n in range(40)]
    (tmp_path / "exports/doctors.csv").write_text("\n".join(["id,tel,name,segment", *people, ""]), encoding="utf-8")
    for number in (1, 2):
        lines = []
        for _ in range(900):
            mail, who = chance.randrange(500), chance.randrange(45)
            tel = f"139{who:08d}" if chance.random() < 0.5 else f"138{who:08d}"
            event = chance.choice(["sent", "sent", "open", "bounced"])
            lines.append(f"m{mail},{who},{tel},{event},2026-0{chance.randrange(1, 9)}-03")
            lines += [lines[-1]] * chance.choice([0, 0, 0, 1]) + ["broken,row"] * chance.choice([0] * 20 + [1])
        (tmp_path / f"exports/mails_{number}.csv").write_text("\n".join(["mail,who,tel,event,at", *lines, ""]), encoding="utf-8")
    calls = [f"c{chance.randrange(700)},{chance.randrange(45)},{chance.choice(['2026-07-01', 'soon'])},春季" for _ in range(800)]
    (tmp_path / "exports/calls.csv").write_text("\n".join(["ref,who,at,campaign", *calls, ""]), encoding="utf-8")
    return tmp_path


def _load(root: Path, home: str, **more: bool) -> LoadReport:
    # The same persons get the same random numbers in every home; two loads of one home get different ones.
    chance = random.Random(len(list((root / home).glob("ingest/*"))))
    (root / home).mkdir(exist_ok=True)
    return ingest(
        root / "exports",
        bundle_folder=root / "bundle",
        places=Places(home=root / home),
        keys=KeyRing.ensure(root / home / "keys", random.Random(0).randbytes),
        now=datetime(2026, 11, 15, 9, 30),
        random=chance.randbytes,
        largest_minimum_group=10,
        **more,
    )


def _content(home: Path) -> dict[str, list[tuple]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in ("dim_hcp", "fct_touch")}


def test_parts_of_any_size_load_the_same_rows_as_the_whole(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _load(company, "whole")
    assert sum(sum(item.quarantined.values()) + sum(item.folded.values()) + sum(item.dropped.values()) for item in whole.extracts) > 1000
    held = (company / "whole/ingest" / whole.load_id / "quarantine.csv").read_bytes()
    for size in (7, 300):
        monkeypatch.setattr(staging, "PART_ROWS", size)
        parts = _load(company, f"parts{size}")
        assert (parts.extracts, parts.tables, parts.persons) == (whole.extracts, whole.tables, whole.persons)
        assert _content(company / f"parts{size}") == _content(company / "whole")
        assert (company / f"parts{size}/ingest" / parts.load_id / "quarantine.csv").read_bytes() == held


def test_staged_cells_have_no_name_that_a_kill_could_leave_behind(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    real = staging.Scratch.read

    def look(self: staging.Scratch, place: tuple[int, int]) -> bytes:
        seen.append({path.name for path in (company / "home" / "ingest").iterdir()})
        return real(self, place)

    monkeypatch.setattr(staging.Scratch, "read", look)
    _load(company, "home")
    assert set().union(*seen) == {"kept", "lock"}


def _calls(company: Path, campaigns: list[str], header: str = "campaign") -> None:
    lines = [f"r{n},{n % 40},2026-07-01,{text}" for n, text in enumerate(campaigns)]
    (company / "exports/calls.csv").write_text("\n".join([f"ref,who,at,{header}", *lines, ""]), encoding="utf-8")
    mapping = CALLS.replace("campaign: campaign", f"campaign: {header}")
    (company / "bundle/extracts/calls.yaml").write_text(mapping, encoding="utf-8")


@pytest.mark.parametrize(
    ("header", "cells", "category"),
    [
        ("campaign", [f"1370000{n:04d}" for n in range(50)], "mobile"),
        ("memo", [f"约好下周与他复诊，手机1370000{n:04d}，请提前确认时间" for n in range(50)], "free_text"),
        ("联系人", ["甲", "乙"] * 20, "name"),
        ("宗教信仰", ["佛", "无"] * 20, "belief"),
    ],
)
def test_a_personal_column_that_nobody_confirmed_does_not_load(company: Path, header: str, cells: list[str], category: str) -> None:
    _calls(company, cells, header)
    with pytest.raises(IngestError, match=rf"^calls\.csv: the column '{header}' would be stored as written in fct_touch\.campaign, .*{category}.*nothing was loaded") as caught:
        _load(company, "home")
    assert "classification/" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(cell in str(caught.value) for cell in cells if len(cell) > 2)
    assert {path.name for path in (company / "home").rglob("*") if path.is_file()} <= {"lock"} | {path.name for path in (company / "home/keys").rglob("*")}
    told = _load(company, "home", dry_run=True)
    assert any("a real load stops here" in line for line in told.warnings)


def test_a_stewards_word_lets_a_column_in_and_can_keep_one_out(company: Path) -> None:
    _calls(company, ["甲", "乙"] * 20, "联系人")
    word = "format: 1\noverrides:\n  - {extract: calls, column: 联系人, category: %s, reason: names of our campaigns}\n"
    (company / "bundle/classification/stewards.yaml").write_text(word % "none", encoding="utf-8")
    assert _load(company, "home").tables["fct_touch"] > 0
    (company / "bundle/classification/stewards.yaml").write_text(word % "health", encoding="utf-8")
    with pytest.raises(IngestError, match="a steward confirmed it as health"):
        _load(company, "home")


def test_what_a_mapping_masks_bands_or_translates_is_confirmed_by_that(company: Path) -> None:
    _calls(company, [f"约好下周与他复诊，手机1370000{n:04d}，请提前确认时间" for n in range(50)], "memo")
    text = (company / "bundle/extracts/calls.yaml").read_text(encoding="utf-8").replace("campaign: memo", "campaign: {column: memo, masked: true}")
    (company / "bundle/extracts/calls.yaml").write_text(text, encoding="utf-8")
    _load(company, "home")
    with duckdb.connect(str(company / "home/warehouse.duckdb"), read_only=True) as connection:
        stored = {row[0] for row in connection.execute("SELECT DISTINCT campaign FROM fct_touch WHERE channel = '电话'").fetchall()}
    assert stored == {"约好下周与他复诊，手机[mobile]，请提前确认时间"}


def test_nothing_is_loaded_where_nothing_has_changed_and_everything_that_matters_is_a_change(company: Path) -> None:
    first = _load(company, "home", unless_unchanged=True)
    again = _load(company, "home", unless_unchanged=True)
    assert not first.unchanged
    assert again.unchanged
    assert (again.load_id, again.extracts, again.tables) == (first.load_id, first.extracts, first.tables)
    assert not _load(company, "home").unchanged
    for path, old, new in (
        ("exports/doctors.csv", "医生3", "医生三"), ("bundle/extracts/calls.yaml", "电话", "呼叫"), ("bundle/classification/categories.yaml", "format: 1", "format: 1  # seen"),
    ):  # fmt: skip
        text = (company / path).read_text(encoding="utf-8")
        assert old in text
        (company / path).write_text(text.replace(old, new), encoding="utf-8")
        assert not _load(company, "home", unless_unchanged=True).unchanged
    assert _load(company, "home", unless_unchanged=True).unchanged


def test_a_load_says_what_is_new_in_files_and_columns_and_what_became_of_held_rows(company: Path) -> None:
    before = _load(company, "home")
    held = sum(sum(item.quarantined.values()) for item in before.extracts)
    (company / "exports/mails_1.csv").unlink()
    (company / "exports/mails_3.csv").write_text("mail,who,tel,event,at,client\nm9999,1,,sent,2026-02-03,ios\n", encoding="utf-8")
    text = (company / "exports/calls.csv").read_text(encoding="utf-8")
    (company / "exports/calls.csv").write_text(text.replace("soon", "2026-07-02"), encoding="utf-8")
    now = _load(company, "home")
    assert now.changes["mails"] == {
        "new": ["mails_3.csv"], "changed": [], "unchanged": ["mails_2.csv"], "gone": ["mails_1.csv"], "not_read": [], "columns_new": ["client"], "columns_gone": [],
    }  # fmt: skip
    assert any(line.startswith("mails: since the last load it has the new column 'client'") for line in now.warnings)
    assert now.redriven["free"] > 0
    assert now.redriven["free"] + now.redriven["held"] == held
    assert now.redriven["held"] + now.redriven["new"] == sum(sum(item.quarantined.values()) for item in now.extracts)


def _by_person(root: Path, home: str) -> dict[str, list[tuple]]:
    """The tables with everybody's own number in place of the pseudonym, which is another one in every home."""
    keys = KeyRing.ensure(root / home / "keys", random.Random(0).randbytes)
    makes = Pseudonymizer(key=keys.warehouse, prefix="H", entity="hcp")
    vault = Vault.at(root / home / "vault.db", keys, tenant="default")
    try:
        numbers = {makes.of(uid): vault.open_fields(uid)["crm_id"][0] for uid in vault.uids("hcp")}
    finally:
        vault.close()
    return {table: sorted((tuple(numbers.get(cell, cell) for cell in row) for row in rows), key=repr) for table, rows in _content(root / home).items()}


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6))
def test_extracts_that_come_late_in_pieces_and_corrected_end_as_one_full_load(company: Path, seed: int) -> None:
    chance = random.Random(seed)
    exports, full = company / "exports", company / f"full-{seed}"
    if not (company / "whole/warehouse.duckdb").exists():
        shutil.copytree(exports, company / "final")
        _load(company, "whole")
    shutil.rmtree(exports)
    exports.mkdir()
    home = f"{full.name}-home"
    for step in range(3):
        for path in (company / "final").iterdir():
            head, *lines = path.read_text(encoding="utf-8").splitlines()
            if path.name == "mails_2.csv" and step == 0 and chance.random() < 0.5:
                continue  # comes late
            kept = lines if step == 2 else lines[: chance.randrange(len(lines) // 2, len(lines))]
            if step < 2 and path.name != "doctors.csv":
                kept = [line.replace("-03", "-04") if chance.random() < 0.1 else line for line in kept]  # is corrected later
            (exports / path.name).write_text("\n".join([head, *kept, ""]), encoding="utf-8")
        _load(company, home, unless_unchanged=True)
    assert _by_person(company, home) == _by_person(company, "whole")
    assert _load(company, home, unless_unchanged=True).unchanged
