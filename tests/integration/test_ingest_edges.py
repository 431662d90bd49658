"""Small companies, each with one difficulty."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from governance.identity.keys import KeyRing
from governance.identity.vault import Vault
from governance.ingest import LoadReport, Places, ingest

SCHEMA = Path(__file__).parents[2] / "policies" / "warehouse" / "schema.yaml"
CHANCE = random.Random(5)

DOCTORS = """format: 1
extract: doctors
files: doctors.csv
keys: {hcp_key: {crm_id: id, mobile: tel, name: name}}
drop: [{rule: trials, where: [{column: kind, in: trial}]}]
load: [{table: dim_hcp, fields: {segment: {column: segment, map: {A: A, B: B}}}}]
"""
CALLS = """format: 1
extract: calls
files: calls.csv
required: false
keys: {hcp_key: {crm_id: id}, rep_key: {employee: rep}}
load:
  - table: fct_touch
    fields: {touch_id: {id: ref}, channel: {constant: 电话}, occurred_at: at, delivered: {constant: true}}
  - table: fct_survey
    when: [{column: score, empty: false}]
    fields: {response_id: {id: ref}, score: score, answered_at: at}
"""


class Company:
    """Files and mappings in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("exports", "bundle/extracts", "bundle/warehouse"):
            (root / name).mkdir(parents=True)
        (root / "bundle/warehouse/schema.yaml").write_bytes(SCHEMA.read_bytes())
        self.map(doctors=DOCTORS, calls=CALLS)
        self.write(doctors="id,tel,name,segment,kind\n1,13800000001,张伟,A,\n2,13800000002,李娜,B,\n")

    def map(self, **mappings: str) -> None:
        for name, text in mappings.items():
            (self.root / f"bundle/extracts/{name}.yaml").write_text(text, encoding="utf-8")

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.root / f"exports/{name}.csv").write_text(text, encoding="utf-8")

    def load(self) -> dict[str, object]:
        self.report: LoadReport = ingest(
            self.root / "exports",
            bundle_folder=self.root / "bundle",
            places=Places(home=self.root),
            keys=KeyRing.ensure(self.root / "keys", random.Random(0).randbytes),
            now=datetime(2026, 11, 15),
            random=CHANCE.randbytes,
            largest_minimum_group=10,
        )
        return {item.extract: item for item in self.report.extracts}

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_facts_of_a_doctor_whose_record_is_held_back_are_held_back_too(company: Company) -> None:
    company.write(
        doctors="id,tel,name,segment,kind\n1,13800000001,张伟,A,\n2,13800000002,李娜,Z,\n",
        calls="ref,id,rep,at,score\nr1,1,,2026-10-01,\nr2,2,,2026-10-01,\n",
    )
    extracts = company.load()
    assert extracts["doctors"].quarantined == {"unknown_code_segment": 1}
    assert (extracts["calls"].loaded, extracts["calls"].quarantined) == (1, {"unknown_hcp": 1})


def test_a_row_loads_into_all_of_its_tables_or_into_none(company: Company) -> None:
    company.write(calls="ref,id,rep,at,score\nr1,1,,2026-10-01,5\nr2,1,,2026-10-01,much\nr3,1,,2026-10-01,\n")
    extracts = company.load()
    assert (extracts["calls"].loaded, extracts["calls"].quarantined) == (2, {"bad_score": 1})
    assert extracts["calls"].records == {"fct_touch": 2, "fct_survey": 1}


def test_a_second_row_with_the_same_number_is_held_back_from_every_table(company: Company) -> None:
    company.write(calls="ref,id,rep,at,score\nr1,1,,2026-10-01,\nr1,2,,2026-10-02,4\n")
    extracts = company.load()
    assert (extracts["calls"].loaded, extracts["calls"].quarantined) == (1, {"repeated_touch_id": 1})
    assert company.ask("SELECT count(*) FROM fct_survey") == [(0,)]


def test_a_key_without_a_register_stays_empty_and_is_counted(company: Company) -> None:
    company.write(calls="ref,id,rep,at,score\nr1,1,B7,2026-10-01,\n")
    extracts = company.load()
    assert extracts["calls"].unresolved == {"rep_key": 1}
    assert company.ask("SELECT rep_key FROM fct_touch") == [(None,)]


def test_records_left_out_by_a_rule_are_not_in_the_vault(company: Company) -> None:
    company.write(doctors="id,tel,name,segment,kind\n1,13800000001,张伟,A,\n9,13800000009,测试,A,trial\n")
    company.load()
    vault = Vault.at(company.root / "vault.db", KeyRing.open(company.root / "keys"), tenant="default")
    assert vault.find("hcp", "mobile", "13800000001") is not None
    assert vault.find("hcp", "mobile", "13800000009") is None
    vault.close()
    with sa.create_engine(f"sqlite:///{company.root / 'vault.db'}").connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM person")).scalar_one() == 1


def test_a_missing_optional_extract_only_warns(company: Company) -> None:
    company.load()
    assert company.report.warnings == ("calls: no file; its rows are missing from this load",)
    assert company.ask("SELECT count(*) FROM fct_touch") == [(0,)]


def test_a_file_that_no_mapping_names_is_told(company: Company) -> None:
    company.write(strange="a\n1\n")
    company.load()
    assert "strange.csv: no mapping names this file; it was not read" in company.report.warnings


def test_an_extract_without_rows_loads_as_nothing(company: Company) -> None:
    company.write(calls="ref,id,rep,at,score\n")
    extracts = company.load()
    assert (extracts["calls"].rows, extracts["calls"].loaded) == (0, 0)


def test_columns_in_another_order_and_new_ones_change_nothing(company: Company) -> None:
    company.write(calls="ref,id,rep,at,score\nr1,1,,2026-10-01,5\n")
    company.load()
    before = company.ask("SELECT * FROM fct_touch JOIN fct_survey USING (hcp_key)")
    company.write(calls="score,secret,at,rep,id,ref\n5,张伟 13800000001,2026-10-01,,1,r1\n")
    extracts = company.load()
    assert company.ask("SELECT * FROM fct_touch JOIN fct_survey USING (hcp_key)") == before
    assert extracts["calls"].unmapped_columns == ("secret",)


def test_the_warehouse_is_for_its_owner_alone(company: Company) -> None:
    company.load()
    assert (company.root / "warehouse.duckdb").stat().st_mode & 0o777 == 0o600
