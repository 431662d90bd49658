"""The demo company through the one pipeline: every row accounted for, linked by the truth's measure, and nothing changed by a load that fails."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import random
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from governance.errors import IngestError
from governance.identity.keys import KeyRing
from governance.identity.pseudonyms import is_pseudonym
from governance.identity.scoring import score_links
from governance.ingest import Places, ingest
from wenshu.demo import build

if TYPE_CHECKING:
    from governance.ingest import LoadReport

POLICIES = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 11, 15)
NOW = datetime(2026, 11, 15, 9, 30)
CHANCE = random.Random(7)


def _load(home: Path, company: Path, **more: object) -> LoadReport:
    options: dict[str, object] = {"truth": company / "truth" / "doctors.csv", "write_links": True} | more
    return ingest(
        company / "extracts",
        bundle_folder=POLICIES,
        places=Places(home=home),
        keys=KeyRing.ensure(home / "keys", random.Random(0).randbytes),
        now=NOW,
        random=CHANCE.randbytes,
        largest_minimum_group=10,
        **options,
    )


def _state(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    build(folder, seed=11, today=TODAY, scale=0.05)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def report(home: Path, company: Path) -> LoadReport:
    return _load(home, company)


@pytest.fixture
def ask(home: Path, report: LoadReport):
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def _raw(company: Path, name: str, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    with (company / "extracts" / name).open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_in_are_rows_loaded_held_back_dropped_and_folded(report: LoadReport, company: Path) -> None:
    assert {item.files[0] for item in report.extracts} == {path.name for path in (company / "extracts").iterdir()}
    for item in report.extracts:
        rows = len(_raw(company, item.files[0], item.encodings[0]))
        told = item.loaded + sum((*item.quarantined.values(), *item.dropped.values(), *item.folded.values()))
        assert rows == item.rows == told, item.extract


def test_linking_meets_its_measure(report: LoadReport, home: Path, company: Path) -> None:
    assert report.score is not None
    assert report.score["precision"] >= 0.999
    assert report.score["recall"] >= 0.97
    again = score_links(home / "ingest" / report.load_id / "links.csv", company / "truth" / "doctors.csv")
    assert (again.precision, again.recall) == (report.score["precision"], report.score["recall"])


def test_visits_in_the_warehouse_are_those_of_the_file(company: Path, ask) -> None:
    master = {row["crm_id"] for row in _raw(company, "crm_hcp.csv")}
    rows = {tuple(row.values()): row for row in _raw(company, "crm_visits.csv")}.values()
    good = [
        row
        for row in rows
        if row["crm_id"] in master and row["start_time"][:2] == "20" and "?" not in row["start_time"]
    ]
    held = sum(row["status"] == "HELD" for row in good)
    (loaded,) = ask("SELECT count(*) FILTER (delivered) FROM fct_touch WHERE channel IN ('面对面拜访', '线上拜访')")[0]
    assert 0.98 * held <= loaded <= held


def test_a_message_is_one_touch_with_what_became_of_it(company: Path, ask) -> None:
    events: dict[str, set[str]] = {}
    for row in _raw(company, "email_events.csv"):
        events.setdefault(row["message_id"], set()).add(row["event"])
    known = {row["email"].strip().lower() for row in _raw(company, "crm_hcp.csv")}
    mine = {row["message_id"] for row in _raw(company, "email_events.csv") if row["email"].strip().lower() in known}
    expected = sum("open" in events[message] or "click" in events[message] for message in mine)
    (total, opened) = ask("SELECT count(*), count(*) FILTER (opened) FROM fct_touch WHERE channel = '邮件'")[0]
    assert total >= 0.97 * len(mine)
    assert abs(opened - expected) <= 0.03 * expected


def test_every_key_of_a_fact_is_in_its_register(ask) -> None:
    for table, key, register in (
        ("fct_touch", "hcp_key", "dim_hcp"), ("fct_touch", "rep_key", "dim_rep"), ("fct_touch", "content_key", "dim_content"),
        ("fct_survey", "hcp_key", "dim_hcp"), ("fct_stage", "hcp_key", "dim_hcp"), ("fct_consent", "hcp_key", "dim_hcp"),
        ("fct_experiment", "hcp_key", "dim_hcp"), ("dim_assignment", "hcp_key", "dim_hcp"), ("dim_assignment", "rep_key", "dim_rep"),
        ("dim_hcp", "hospital_key", "dim_hospital"), ("fct_sales", "hospital_key", "dim_hospital"),
    ):  # fmt: skip
        lost = ask(
            f"SELECT count(*) FROM {table} t WHERE {key} IS NOT NULL AND {key} NOT IN (SELECT {key} FROM {register})"
        )
        assert lost == [(0,)], (table, key)


def test_keys_are_pseudonyms_and_unique_where_they_must_be(ask) -> None:
    for table, key in (
        ("dim_hcp", "hcp_key"),
        ("dim_rep", "rep_key"),
        ("dim_hospital", "hospital_key"),
        ("dim_content", "content_key"),
    ):
        keys = [row[0] for row in ask(f"SELECT {key} FROM {table}")]
        assert len(set(keys)) == len(keys)
        assert all(is_pseudonym(key) for key in keys)
    assert ask("SELECT count(*) - count(DISTINCT touch_id) FROM fct_touch") == [(0,)]


def test_a_doctor_is_where_the_hospital_is(ask) -> None:
    assert ask(
        "SELECT count(*) FROM dim_hcp d JOIN dim_hospital h USING (hospital_key) WHERE d.region <> h.region OR d.city <> h.city"
    ) == [(0,)]
    assert ask("SELECT count(*) FROM dim_hcp WHERE region IS NULL") == [(0,)]


def test_withdrawals_and_only_they_take_effect_at_a_midnight(ask) -> None:
    assert ask("SELECT count(*) FROM fct_consent WHERE (withdrawn_at IS NULL) <> (effective_at IS NULL)") == [(0,)]
    wrong = "effective_at < withdrawn_at OR effective_at > withdrawn_at + INTERVAL 8 DAY OR effective_at <> date_trunc('day', effective_at)"
    assert ask(f"SELECT count(*) FROM fct_consent WHERE {wrong}") == [(0,)]


def test_the_values_are_the_warehouses_own_words(ask) -> None:
    assert {row[0] for row in ask("SELECT DISTINCT channel FROM fct_touch")} == {
        "面对面拜访",
        "线上拜访",
        "微信",
        "线上会议",
        "学术会议",
        "邮件",
        "呼叫中心",
    }
    for table in ("fct_touch", "fct_survey", "fct_stage", "fct_sales", "fct_target", "fct_spend", "dim_content"):
        assert {row[0] for row in ask(f"SELECT DISTINCT product FROM {table}")} <= {
            "康舒平",
            "糖衡",
            "安欣宁",
            "瑞肺清",
            None,
        }
    assert ask("SELECT stage, min(stage_rank), max(stage_rank) FROM fct_stage GROUP BY 1 ORDER BY 2") == [
        (stage, rank, rank) for rank, stage in enumerate(("未知", "知晓", "认可", "尝试", "使用", "倡导"))
    ]


def test_no_name_and_no_number_of_anybody_is_in_the_warehouse_or_the_reports(
    home: Path, report: LoadReport, company: Path
) -> None:
    people = _raw(company, "crm_hcp.csv") + _raw(company, "reps.csv")
    secrets = {
        row[key]
        for row in people
        for key in ("mobile", "email", "license_no", "unionid", "crm_id", "rep_id")
        if row.get(key)
    }
    secrets |= {row["name"] for row in people if len(row["name"]) > 3}
    secrets = set(random.Random(5).sample(sorted(secrets), 300))
    files = [home / "warehouse.duckdb", home / "vault.db", *(home / "ingest" / report.load_id).iterdir()]
    for path in files:
        raw = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in raw], path.name


def test_a_dry_run_tells_of_every_column_and_writes_nothing(home: Path, report: LoadReport, company: Path) -> None:
    before = _state(home)
    told = _load(home, company, dry_run=True)
    assert _state(home) == before
    assert {item["extract"] for item in told.columns} == {item.extract for item in told.extracts}
    mobile = next(
        item for item in told.columns if (item["extract"], item["column"]) == ("webinar_attendance", "手机号")
    )
    assert mobile["use"] == "hcp_key: mobile"
    assert mobile["valid"]["mobile"] > 0.9
    assert all(set(sample) <= set("9aA文…+-. @()") for sample in mobile["samples"])
    note = next(item for item in told.columns if (item["extract"], item["column"]) == ("crm_visits", "note"))
    assert note["use"] == "left out"


def test_a_dry_run_in_an_empty_home_makes_nothing(tmp_path: Path, company: Path) -> None:
    (tmp_path / "keys").mkdir()
    _load(tmp_path, company, dry_run=True, truth=None)
    assert {path.name for path in tmp_path.iterdir()} == {"keys"}


def _broken(company: Path, folder: Path, change) -> Path:
    shutil.copytree(company / "extracts", folder / "extracts")
    (folder / "truth").mkdir()
    shutil.copy(company / "truth" / "doctors.csv", folder / "truth")
    change(folder / "extracts")
    return folder


def _plant(text: str):
    def change(extracts: Path) -> None:
        lines = (extracts / "spend.csv").read_text(encoding="utf-8").splitlines()
        targets = (extracts / "call_center.csv").read_text(encoding="utf-8").splitlines()
        place = targets[0].split(",").index("campaign")
        cells = targets[5].split(",")
        cells[place] = text
        targets[5] = ",".join(cells)
        (extracts / "call_center.csv").write_text("\n".join(targets) + "\n", encoding="utf-8")
        assert lines

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "crm_hcp.csv").unlink(), r"the extract 'crm_hcp' is missing: no file crm_hcp\.csv"),
        (lambda folder: (folder / "spend.csv").write_bytes(b""), r"spend\.csv is empty"),
        (lambda folder: (folder / "spend.csv").write_bytes(bytes(range(256))), r"spend\.csv is not text"),
        (lambda folder: (folder / "spend.csv").write_text("Region;x\n1;2\n"), r"spend\.csv lacks the column 'region'"),
        (
            _plant("联系人电话13800138000"),
            r"the leak scan found what looks like a person's identifier \(mobile\) in fct_touch\.campaign",
        ),
    ],
)
def test_a_load_that_fails_changes_nothing(
    home: Path, report: LoadReport, company: Path, tmp_path: Path, change, said: str
) -> None:
    before = _state(home)
    with pytest.raises(IngestError, match=said) as caught:
        _load(home, _broken(company, tmp_path, change))
    assert "\n" not in str(caught.value)
    assert _state(home) == before


def test_a_second_load_at_the_same_time_is_refused(home: Path, report: LoadReport, company: Path) -> None:
    with (home / "ingest" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IngestError, match="another load is running"):
            _load(home, company)


def test_a_damaged_vault_is_one_clear_error(tmp_path: Path, company: Path) -> None:
    (tmp_path / "vault.db").write_bytes(b"no database " * 100)
    (tmp_path / "vault.db").chmod(0o600)
    with pytest.raises(IngestError, match=r"vault\.db can't be opened .*; nothing was loaded"):
        _load(tmp_path, company, truth=None)
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_a_folder_that_is_none_is_one_clear_error(home: Path, report: LoadReport, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="is no folder; name the folder that holds the extracts"):
        _load(home, tmp_path / "nowhere", truth=None)


def test_a_doctor_keeps_the_pseudonym_when_the_phone_changes_and_the_file_is_shuffled(
    home: Path, report: LoadReport, company: Path, tmp_path: Path
) -> None:
    def change(extracts: Path) -> None:
        path = extracts / "crm_hcp.csv"
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        place = head.split(",").index("mobile")
        changed = []
        for number, line in enumerate(lines):
            cells = line.split(",")
            cells[place] = f"199{number:08d}" if number % 3 == 0 else cells[place]
            changed.append(",".join(cells))
        random.Random(3).shuffle(changed)
        path.write_text("\n".join([head, *changed]) + "\n", encoding="utf-8")

    def keys_of(load: LoadReport, folder: Path) -> dict[str, str]:
        with (home / "ingest" / load.load_id / "links.csv").open(encoding="utf-8") as stream:
            links = {row["row"]: row["hcp_key"] for row in csv.DictReader(stream) if row["source"] == "crm_hcp.csv"}
        return {row["crm_id"]: links[str(number)] for number, row in enumerate(_raw(folder, "crm_hcp.csv"), 1)}

    changed = _broken(company, tmp_path, change)
    again = _load(home, changed, truth=None)
    first, second = keys_of(report, company), keys_of(again, changed)
    assert set(first) == set(second)
    same = sum(first[crm_id] == second[crm_id] for crm_id in first)
    assert same >= 0.995 * len(first)
