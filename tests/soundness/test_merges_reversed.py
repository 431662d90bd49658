"""Two entries of a register that turn out to be one doctor, or two again: what was declared stays declared, nobody is counted twice, and erasing reaches the entry that was left behind."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from governance.identity.consents import ConsentAct, declare
from governance.identity.handovers import merged_away
from governance.identity.keys import KeyRing
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.standing import correct, unname
from governance.identity.states import stood_then
from governance.identity.vault import Vault
from governance.ingest import LoadReport, Places, ingest

SCHEMA = Path(__file__).parents[2] / "policies" / "warehouse" / "schema.yaml"
NOW = datetime(2026, 11, 15, 9, 30)
MAPPINGS = {
    "hospitals": "files: hospitals.csv\nkeys: {hospital_key: {code: code, name: {column: name}}}\nload: [{table: dim_hospital, fields: {hospital_name: name, region: zone}}]\n",
    "customers": (
        "files: customers.csv\nkeys:\n  hcp_key: {crm_id: id, name: person, mobile: phone, license: licence}\n"
        "  hospital_key: {name: {column: works_at}}\nload: [{table: dim_hcp, fields: {region: zone, title: title}}]\n"
    ),
}
LICENCE = "110310105012341"


class Company:
    """A home of two entries, `1001` and `1002`, which say the same license or not."""

    def __init__(self, root: Path) -> None:
        self.root, self.bundle, self.folder = root, root / "bundle", root / "exports"
        (self.bundle / "extracts").mkdir(parents=True)
        (self.bundle / "warehouse").mkdir()
        (self.bundle / "warehouse" / "schema.yaml").write_bytes(SCHEMA.read_bytes())
        for name, text in MAPPINGS.items():
            (self.bundle / "extracts" / f"{name}.yaml").write_text(f"format: 1\nextract: {name}\n{text}", encoding="utf-8")
        self.folder.mkdir()
        (self.folder / "hospitals.csv").write_text("code,name,zone\nH1,临江市第一人民医院,华东\n", encoding="utf-8")
        self.keys = KeyRing.ensure(root / "keys", random.Random(0).randbytes)
        self.chance = random.Random(1)

    def load(self, *, one: bool, turned: bool = False) -> LoadReport:
        lines = [
            f"1001,张伟,13900000001,{LICENCE},临江市第一人民医院,华东,主治医师",
            f"1002,张伟,13900000002,{LICENCE if one else ''},临江市第一人民医院,{'华东' if one else '华北'},主治医师",
            "1003,李娜,13900000003,110310105012343,临江市第一人民医院,华东,主任医师",
        ]
        text = "\n".join(["id,person,phone,licence,works_at,zone,title", *(reversed(lines) if turned else lines)])
        (self.folder / "customers.csv").write_text(text + "\n", encoding="utf-8")
        return ingest(
            self.folder, bundle_folder=self.bundle, places=Places(home=self.root), keys=self.keys, now=NOW, random=self.chance.randbytes, largest_minimum_group=2
        )

    def vault(self) -> Vault:
        return Vault.at(self.root / "vault.db", self.keys, tenant="default")

    def uid(self, crm: str) -> str:
        vault = self.vault()
        found = vault.find("hcp", "crm_id", crm)
        vault.close()
        assert found is not None
        return found

    def rows(self, statement: str) -> list[tuple]:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as store:
            return store.execute(statement).fetchall()

    def key(self, crm: str) -> str:
        return Pseudonymizer(key=self.keys.warehouse, prefix="H", entity="hcp").of(self.uid(crm))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_a_withdrawal_stays_in_force_through_merges_and_splits_and_is_counted_once_a_person(company: Company) -> None:
    company.load(one=False)
    vault, second = company.vault(), company.uid("1002")
    assert second != company.uid("1001")
    said = {"channel": None, "notice": None, "notice_version": None, "recorded_by": "compliance", "case_number": "M-1"}
    with vault.engine.begin() as connection:
        declare(connection, [ConsentAct(uid=second, purpose="market_analysis", act="withdrawn", at=datetime(2026, 11, 1, 12), **said)])
    with vault.changing() as connection:
        correct(vault, connection, second, "dim_hcp", {"title": ["副主任医师"]}, case_number="M-2", now=NOW, random=random.Random(3).randbytes)
    for number, one in enumerate((True, False, True, True, False)):
        company.load(one=one, turned=bool(number % 2))
        assert (company.uid("1001") == company.uid("1002")) is one
        left = dict(company.rows("SELECT hcp_key, count(*) FROM fct_consent WHERE withdrawn_at IS NOT NULL AND purpose = 'market_analysis' GROUP BY 1"))
        assert left[company.key("1002")] == 1, "who withdrew counts again"
        assert set(left) <= {key for (key,) in company.rows("SELECT hcp_key FROM dim_hcp")}, "a withdrawal of nobody is counted"
        assert company.key("1003") not in left
        titles = dict(company.rows("SELECT hcp_key, title FROM dim_hcp"))
        assert titles[company.key("1002")] == "副主任医师"
    vault.close()


def test_a_grant_that_came_later_is_not_undone_by_a_merge(company: Company) -> None:
    company.load(one=False)
    vault = company.vault()
    said = {"channel": None, "notice": None, "notice_version": None, "recorded_by": "compliance", "case_number": "M-1"}
    with vault.engine.begin() as connection:
        declare(connection, [ConsentAct(uid=company.uid("1002"), purpose="market_analysis", act="withdrawn", at=datetime(2026, 10, 1, 12), **said)])
        declare(connection, [ConsentAct(uid=company.uid("1001"), purpose="market_analysis", act="granted", at=datetime(2026, 10, 9, 12), **said)])
    vault.close()
    company.load(one=True)
    assert company.rows("SELECT withdrawn_at FROM fct_consent WHERE granted_at = '2026-10-09 12:00'") == [(None,)]


def test_the_entry_that_a_merge_left_behind_is_known_and_can_be_forgotten(company: Company) -> None:
    first_load = company.load(one=False).load_id
    first, second = company.uid("1001"), company.uid("1002")
    now = company.load(one=True).load_id
    vault, kept = company.vault(), company.uid("1001")
    behind = ({first, second} - {kept}).pop()
    assert merged_away(vault, kept) == [behind]
    assert merged_away(vault, company.uid("1003")) == []
    assert not stood_then(vault, kept, first_load, now=now).rows, "rows of the other entry are this person's now"
    assert stood_then(vault, company.uid("1003"), first_load, now=now).attributes
    assert vault.open_fields(behind)
    with vault.engine.begin() as connection:
        unname(vault, connection, behind)
    assert vault.open_fields(behind) == {}
    assert merged_away(vault, kept) == []
    assert vault.find("hcp", "crm_id", "1002") == kept
    vault.close()


