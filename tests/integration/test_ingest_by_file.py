"""Files that a load knows are not read again, and the warehouse is what reading everything would have made it."""

from __future__ import annotations

import csv
import random
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from governance.errors import IngestError
from governance.identity.keys import KeyRing
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.vault import Vault
from governance.ingest import LoadReport, Places, files, ingest
from governance.rights.kept import forget_kept

POLICIES = Path(__file__).parents[2] / "policies"
TABLES = ("dim_hcp", "dim_hospital", "dim_rep", "fct_touch", "fct_survey", "fct_stage", "fct_consent", "fct_sales")
MAPPINGS = {
    "hospitals": """
files: hospitals.csv
keys: {hospital_key: {code: nr, name: called}}
load: [{table: dim_hospital, fields: {hospital_name: called, region: zone}}]
""",
    "doctors": """
files: doctors.csv
keys: {hcp_key: {crm_id: id, mobile: tel, name: name}, hospital_key: {code: site}}
load: [{table: dim_hcp, fields: {segment: segment, region: {lookup: dim_hospital.region}}}]
""",
    "staff": """
files: staff.csv
keys: {rep_key: {employee: nr, mobile: tel}}
load: [{table: dim_rep, fields: {team: team}}]
""",
    "visits": """
files: visits_*.csv
keys: {hcp_key: {crm_id: who}, rep_key: {employee: staff}}
drop:
  - {rule: cancelled, where: [{column: state, in: cancelled}]}
load:
  - table: fct_touch
    fields: {touch_id: {id: ref}, channel: {constant: 面对面拜访}, occurred_at: at, delivered: {column: state, is_true: done}, feedback: {column: note, masked: true}}
""",
    "mails": """
files: mails_*.csv
keys: {hcp_key: {mobile: tel, account_mail: box}}
drop: [{rule: sent_again, when: duplicate, of: [mail, event], keep: last}]
fold:
  rule: events
  by: mail
  anchor: [{column: event, in: sent}]
  collect: {opened: {how: any, where: [{column: event, in: open}]}}
load:
  - {table: fct_touch, fields: {touch_id: {id: mail}, channel: {constant: 邮件}, occurred_at: at, opened: opened, delivered: {constant: true}}}
""",
    "congress": """
files: congress_*.csv
keys: {hcp_key: {name: name}, hospital_key: {name: site}}
load:
  - {table: fct_touch, fields: {touch_id: {id: [nr, at]}, channel: {constant: 学术会议}, occurred_at: at, delivered: {constant: true}}}
""",
    "answers": """
files: answers_*.csv
keys: {hcp_key: {account_mail: box}}
load:
  - {table: fct_survey, fields: {response_id: {id: nr}, score: {column: score, range: [1, 5]}, answered_at: at}}
  - table: fct_stage
    when: [{column: stage, empty: false}]
    fields: {stage: {column: stage, map: {1: 知晓, 2: 认可}}, stage_rank: stage, entered_at: at}
""",
    "choices": """
files: choices_*.csv
keys: {hcp_key: {crm_id: who}}
load: [{table: fct_consent, fields: {purpose: {constant: market_analysis}, granted_at: since, withdrawn_at: until}}]
""",
    "sales": """
files: sales_*.csv
keys: {hospital_key: {code: site}}
load: [{table: fct_sales, fields: {product: {constant: 康舒平}, month: month, units: units}}]
""",
}
HEADERS = {
    "hospitals": "nr,called,zone", "doctors": "id,tel,name,segment,site", "staff": "nr,tel,team", "visits": "ref,who,staff,state,at,note", "mails": "mail,tel,box,event,at",
    "congress": "nr,name,site,at", "answers": "nr,box,score,stage,at", "choices": "who,since,until", "sales": "site,month,units",
}  # fmt: skip
SURNAMES = "王李张刘陈"
GIVEN = ("建国", "晓明", "志强", "文慧", "海东", "敏", "静怡", "子涵")


class Company:
    """Extracts that change from day to day, as lines by file name, and homes that load them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.chance = root, random.Random(seed)
        self.days = 0
        for name in ("extracts", "warehouse", "classification"):
            (root / "bundle" / name).mkdir(parents=True)
        (root / "bundle/warehouse/schema.yaml").write_bytes((POLICIES / "warehouse/schema.yaml").read_bytes())
        (root / "bundle/classification/categories.yaml").write_bytes((POLICIES / "classification/categories.yaml").read_bytes())
        for name, text in MAPPINGS.items():
            (root / f"bundle/extracts/{name}.yaml").write_text(f"format: 1\nextract: {name}{text}", encoding="utf-8")
        self.files: dict[str, list[str]] = {
            "hospitals.csv": [f"S{n},临江市第{'一二三四五'[n]}人民医院,华东" for n in range(5)],
            "doctors.csv": [self.doctor(n) for n in range(30)],
            "staff.csv": [f"B{n},1371111{n:04d},一组" for n in range(4)],
        }
        for kind in ("visits", "mails", "congress", "answers", "choices", "sales"):
            for number in range(1, 4):
                self.files[f"{kind}_{number}.csv"] = [self.line(kind) for _ in range(25)]

    def name(self, number: int) -> str:
        return SURNAMES[number % 5] + GIVEN[number % 8]

    def doctor(self, number: int) -> str:
        return f"{number},139{number:08d},{self.name(number)},A,S{number % 5}"

    def line(self, kind: str) -> str:
        pick, who = self.chance.randrange, self.chance.randrange(40)
        day = f"2026-0{pick(1, 9)}-{pick(1, 28):02d}"
        if kind == "visits":
            note = self.chance.choice(["", f"拜访了{self.name(who)}，手机139{who:08d}", "讨论了指南更新"])
            return f"v{pick(10**6)},{who},B{pick(6)},{self.chance.choice(['done', 'done', 'missed', 'cancelled'])},{self.chance.choice([day, day, day, 'soon'])},{note}"
        if kind == "mails":
            return f"m{pick(10**5)},{self.chance.choice([f'139{who:08d}', f'+86 139{who:08d}', ''])},{self.chance.choice(['', f'box{who}'])},{self.chance.choice(['sent', 'sent', 'open'])},{day}"
        if kind == "congress":
            return f"{pick(10**6)},{self.name(who)},临江市第{'一二三四五'[pick(5)]}人民医院,{day}"
        if kind == "answers":
            return f"q{pick(10**6)},box{who},{pick(1, 7)},{self.chance.choice(['', '1', '2'])},{day}"
        if kind == "choices":
            return f"{who},{day},{self.chance.choice(['', '', '2026-10-0' + str(pick(1, 9))])}"
        return f"S{pick(6)},2026-{pick(1, 9):02d},{pick(100)}"

    def change(self) -> str:
        """What happens to the extracts on one day."""
        facts = [name for name in self.files if "_" in name]
        deed = self.chance.choice(["new file", "more rows", "corrected", "gone", "again", "new doctor", "other phone", "left", "hospital", "nothing"])
        name = self.chance.choice(facts)
        kind = name.split("_")[0]
        if deed == "new file":
            self.files[f"{kind}_{self.chance.randrange(4, 99)}.csv"] = [self.line(kind) for _ in range(self.chance.randrange(12))]
        elif deed == "more rows":
            self.files[name] += [self.line(kind) for _ in range(3)]
        elif deed == "corrected" and self.files[name]:
            self.files[name][self.chance.randrange(len(self.files[name]))] = self.line(kind)
        elif deed == "gone" and sum(other.startswith(kind) for other in facts) > 1:
            del self.files[name]
        elif deed == "again" and self.files[name]:
            # Rows that another file of the extract has, too: late copies, and events of a message whose beginning lies elsewhere.
            other = self.chance.choice([other for other in facts if other.startswith(kind)])
            line = self.chance.choice(self.files[name])
            self.files[other].append(line.replace(",sent,", ",open,"))
        elif deed == "new doctor":
            self.files["doctors.csv"].append(self.doctor(30 + self.chance.randrange(10)))
        elif deed == "other phone":
            at = self.chance.randrange(len(self.files["doctors.csv"]))
            cells = self.files["doctors.csv"][at].split(",")
            self.files["doctors.csv"][at] = ",".join([cells[0], f"139{self.chance.randrange(40):08d}", *cells[2:]])
        elif deed == "left" and len(self.files["doctors.csv"]) > 20:
            del self.files["doctors.csv"][self.chance.randrange(len(self.files["doctors.csv"]))]
        elif deed == "hospital":
            self.files["hospitals.csv"][self.chance.randrange(len(self.files["hospitals.csv"]))] = f"S{self.chance.randrange(7)},临江市第{self.chance.choice('一二三四五六')}人民医院,华南"
        return deed

    def write(self) -> Path:
        place = self.root / "extracts"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for name, lines in self.files.items():
            (place / name).write_text("\n".join([HEADERS[name.removesuffix(".csv").split("_")[0]], *lines, ""]), encoding="utf-8")
        return place

    def load(self, home: str, **more: bool) -> LoadReport:
        place = self.root / home
        place.mkdir(exist_ok=True)
        self.days += 1
        return ingest(
            self.write(),
            bundle_folder=self.root / "bundle",
            places=Places(home=place),
            keys=KeyRing.ensure(place / "keys", random.Random(0).randbytes),
            now=datetime(2026, 11, 15, 9, 30) + timedelta(seconds=self.days),
            random=self.chance.randbytes,
            largest_minimum_group=3,
            write_links=True,
            **more,
        )

    def content(self, home: str, report: LoadReport) -> dict[str, object]:
        """Everything a load leaves, with everybody's own number in place of the pseudonym, which is another one in every home."""
        place = self.root / home
        keys = KeyRing.ensure(place / "keys", random.Random(0).randbytes)
        vault = Vault.at(place / "vault.db", keys, tenant="default")
        try:
            people = {
                Pseudonymizer(key=keys.warehouse, prefix=prefix, entity=entity).of(uid): vault.open_fields(uid)[kind][0]
                for entity, prefix, kind in (("hcp", "H", "crm_id"), ("rep", "R", "employee"))
                for uid in vault.uids(entity)
            }
        finally:
            vault.close()
        found: dict[str, object] = {}
        with duckdb.connect(str(place / "warehouse.duckdb"), read_only=True) as connection:
            for table in TABLES:
                # When a withdrawal takes effect depends on who left before (it never moves), and the other home has no before.
                what = "* EXCLUDE effective_at" if table == "fct_consent" else "*"
                found[table] = sorted((tuple(people.get(cell, cell) for cell in row) for row in connection.execute(f"SELECT {what} FROM {table}").fetchall()), key=repr)
        loads = place / "ingest" / report.load_id
        for name in ("quarantine.csv", "links.csv"):
            with (loads / name).open(encoding="utf-8", newline="") as stream:
                found[name] = sorted([people.get(cell, cell) for cell in row] for row in csv.reader(stream))
        plain = replace(report, load_id="", loaded_at="", warnings=(), links="", inputs="", changes={}, redriven={}, unchanged=False, seconds={}, leak_scan={}).to_json()
        return found | {"report": plain}


@settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_loads_that_read_only_what_changed_end_as_one_that_reads_everything(tmp_path: Path, seed: int) -> None:
    company = Company(Path(tempfile.mkdtemp(dir=tmp_path)), seed)
    company.load("home")
    spared = 0
    for _ in range(3):
        for _ in range(company.chance.randrange(1, 4)):
            company.change()
        report = company.load("home", unless_unchanged=True)
        spared += sum(len(said["not_read"]) for said in report.changes.values())
    whole = company.load("other")
    assert company.content("home", report) == company.content("other", whole), seed
    assert spared > 0


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on, once each time."""
    names: list[str] = []
    real = files.Opened.__init__

    def note(self: files.Opened, source: Path, how: object) -> None:
        names.append(source.name)
        real(self, source, how)  # type: ignore[arg-type]

    monkeypatch.setattr(files.Opened, "__init__", note)
    return names


def _facts(names: list[str]) -> set[str]:
    return {name for name in names if "_" in name}


def test_only_what_is_new_or_has_changed_is_read(tmp_path: Path, opened: list[str]) -> None:
    company = Company(tmp_path, 1)
    company.load("home")
    for step, (name, change) in enumerate(
        [
            ("congress_9.csv", lambda: company.files.update({"congress_9.csv": [company.line("congress")]})),
            ("answers_2.csv", lambda: company.files["answers_2.csv"].append("q1,box2,3,,2026-03-03")),
        ]
    ):
        change()
        opened.clear()
        report = company.load("home", unless_unchanged=True)
        assert _facts(opened) == {name}, step
        assert len(report.changes[name.split("_")[0]]["not_read"]) == 3 - step
    del company.files["choices_2.csv"]
    opened.clear()
    report = company.load("home", unless_unchanged=True)
    assert _facts(opened) == set()
    assert "choices: choices_2.csv was there at the last load and is gone; its rows are no longer in the warehouse" in report.warnings


def test_rows_that_belong_to_a_file_that_is_known_bring_that_file_back(tmp_path: Path, opened: list[str]) -> None:
    company = Company(tmp_path, 2)
    company.files["mails_1.csv"].append("m-one,13900000001,,sent,2026-02-02")
    company.load("home")
    company.files["mails_7.csv"] = ["m-one,13900000001,,open,2026-02-03"]
    opened.clear()
    company.load("home", unless_unchanged=True)
    assert _facts(opened) == {"mails_1.csv", "mails_7.csv"}
    with duckdb.connect(str(tmp_path / "home/warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM fct_touch WHERE channel = '邮件' AND opened AND occurred_at = '2026-02-02'").fetchone() == (1,)


def test_a_doctor_who_comes_later_brings_back_the_files_that_speak_of_them(tmp_path: Path, opened: list[str]) -> None:
    company = Company(tmp_path, 3)
    company.files["choices_1.csv"] = ["77,2026-01-01,"]
    before = company.load("home")
    company.files["doctors.csv"].append("77,13900000077,欧阳修远,A,S1")
    opened.clear()
    after = company.load("home", unless_unchanged=True)
    # Notes are masked by the names that a load knows, so visits are read, too.
    assert _facts(opened) == {"choices_1.csv", "visits_1.csv", "visits_2.csv", "visits_3.csv"}
    assert after.tables["fct_consent"] == before.tables["fct_consent"] + 1
    assert after.redriven["free"] == 1


@pytest.mark.parametrize("act", ["bundle", "erased", "again", "damaged"])
def test_everything_is_read_where_what_was_kept_can_not_count(tmp_path: Path, opened: list[str], act: str) -> None:
    company = Company(tmp_path, 4)
    company.load("home")
    company.files["congress_1.csv"].append(company.line("congress"))
    every = {name for name in company.files if "_" in name}
    opened.clear()
    if act == "bundle":
        path = tmp_path / "bundle/extracts/mails.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("邮件", "电子邮件"), encoding="utf-8")
    elif act == "erased":
        forget_kept(tmp_path / "home/ingest")
    elif act == "damaged":
        for path in (tmp_path / "home/ingest/kept").iterdir():
            path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    company.load("home", unless_unchanged=act != "again")
    assert _facts(opened) == every


def test_what_is_kept_can_not_be_read_by_anybody(tmp_path: Path) -> None:
    company = Company(tmp_path, 5)
    company.load("home")
    kept = list((tmp_path / "home/ingest/kept").iterdir())
    told = b"".join(path.read_bytes() for path in kept) + "".join(path.name for path in kept).encode()
    cells = {cell for lines in company.files.values() for line in lines for cell in line.split(",") if len(cell) >= 6}
    assert len(kept) > 15
    assert len(cells) > 100
    assert not [cell for cell in cells if cell.encode() in told]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_a_load_that_fails_leaves_what_was_kept(tmp_path: Path) -> None:
    company = Company(tmp_path, 6)
    company.load("home")
    before = {path.name: path.read_bytes() for path in (tmp_path / "home/ingest/kept").iterdir()}
    company.files["answers_8.csv"] = ["q1,box1,3,,2026-03-03"]
    company.files["visits_9.csv"] = ['v1,1,B1,done,2026-03-03,"not closed']
    with pytest.raises(IngestError, match=r"visits_9\.csv"):
        company.load("home", unless_unchanged=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "home/ingest/kept").iterdir()} == before
