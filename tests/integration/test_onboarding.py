"""A company that nobody has described: its folder is profiled, mappings are proposed, and what a steward confirms loads."""

from __future__ import annotations

import random
import shutil
import sqlite3
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from governance.bundle.loading import load_bundle
from governance.errors import IngestError
from governance.identity.keys import KeyRing
from governance.ingest import Places, ingest
from governance.ingest.mappings import load_plan
from wenshu.demo import build
from wenshu.onboarding import examine, write

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    """A bundle that knows the tables and no extract."""
    folder = tmp_path / "bundle"
    shutil.copytree(POLICIES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "extracts").glob("*.yaml"):
        path.unlink()
    return folder


def _people(path: Path) -> list[list[str]]:
    chance = random.Random(9)
    return [[f"王{chance.choice('建晓志文海')}{chance.choice('国明强芳东')}", f"138{number:08d}", f"第{number % 7}人民医院", "拜访了李建国医生，反馈积极，下周再谈"] for number in range(80)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "extracts"
    place.mkdir()
    rows = _people(place)
    book = openpyxl.Workbook()
    book.active.append(["医生姓名", "联系方式", "工作单位", "备注"])
    for row in rows:
        book.active.append(row)
    book.save(place / "客户.xlsx")
    pq.write_table(pa.table({"手机": [row[1] for row in rows], "访问时间": [datetime(2026, 10, 1, 9)] * 80, "编号": [f"T{n}" for n in range(80)]}), place / "微信.parquet")
    text = "编号;电话;车牌\n" + "".join(f"{n};010-8888{n:04d};京A{n:05d}\n" for n in range(80))
    (place / "老系统.txt").write_bytes(text.encode("gb18030"))
    return place


def _by_column(columns: tuple[dict, ...]) -> dict[str, dict]:
    return {item["column"]: item for item in columns}


def test_every_column_of_every_carrier_is_classified(blank: Path, folder: Path) -> None:
    found = _by_column(examine(load_bundle(blank), folder).columns)
    said = {name: (item["category"], item["level"], item["handling"]) for name, item in found.items()}
    assert said["医生姓名"] == ("name", "personal", "pseudonymize")
    assert said["联系方式"] == ("mobile", "personal", "pseudonymize")
    assert said["备注"] == ("free_text", "personal", "quarantine")
    assert found["备注"]["inside"]["name"] > 50
    assert said["电话"][0] == "landline"
    assert said["车牌"] == ("plate", "personal", "drop")
    assert said["工作单位"][0] == "none"


def test_a_profile_shows_nothing_of_the_cells(blank: Path, folder: Path) -> None:
    told = str(examine(load_bundle(blank), folder).columns)
    assert not any(cell in told for row in _people(folder) for cell in row)


def test_a_stewards_word_outranks_what_was_found(blank: Path, folder: Path) -> None:
    (blank / "classification" / "stewards.yaml").write_text(
        "format: 1\noverrides:\n- {extract: lao_xi_tong, column: 车牌, category: none, important: true, reason: fleet of the company}\n", encoding="utf-8"
    )
    plate = _by_column(examine(load_bundle(blank), folder).columns)["车牌"]
    assert (plate["category"], plate["level"], plate["important"], plate["by"]) == ("none", "general", True, "steward")


def test_tables_of_a_database_are_extracts_too(blank: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("CREATE TABLE doctors (id INTEGER, email TEXT)")
        connection.executemany("INSERT INTO doctors VALUES (?, ?)", [(n, f"a{n}@example.com") for n in range(30)])
    found = examine(load_bundle(blank), f"sqlite:///{tmp_path / 'old.db'}")
    assert _by_column(found.columns)["email"]["category"] == "email"
    with pytest.raises(IngestError, match="can't be read"):
        examine(load_bundle(blank), "sqlite:////no/such/place/secret.db")


def test_a_whole_companys_proposals_make_a_valid_bundle_that_loads(blank: Path, tmp_path: Path) -> None:
    company = tmp_path / "company"
    company.mkdir()
    build(company, seed=5, today=date(2026, 11, 15), scale=0.02)
    found = examine(load_bundle(blank), company / "extracts")
    assert {item.extract: item.table for item in found.proposals if item.lacking} == {}
    write(found, blank)
    load_plan(blank)
    report = ingest(
        company / "extracts",
        bundle_folder=blank,
        places=Places(home=tmp_path),
        keys=KeyRing.ensure(tmp_path / "keys", random.Random(0).randbytes),
        now=datetime(2026, 11, 15, 9, 30),
        random=random.Random(7).randbytes,
        largest_minimum_group=10,
        dry_run=True,
        truth=company / "truth" / "doctors.csv",
    )
    assert report.score is not None
    assert report.score["precision"] >= 0.999
    assert report.tables["dim_hcp"] > 300
    assert report.tables["fct_touch"] > 3_000


def test_proposals_never_overwrite_and_never_load(blank: Path, folder: Path, tmp_path: Path) -> None:
    found = examine(load_bundle(blank), folder)
    out = tmp_path / "out"
    names = write(found, out)
    assert sorted(names) == ["extracts/ke_hu.yaml", "extracts/lao_xi_tong.yaml", "extracts/wei_xin.yaml"]
    document = yaml.safe_load((out / "extracts" / "ke_hu.yaml").read_text(encoding="utf-8"))
    assert document["ignore"]["备注"] == "free_text, personal: quarantine"
    with pytest.raises(IngestError, match="nothing was written"):
        write(found, out)
