"""A folder that nobody described becomes a loaded warehouse through the steward's room: proposed, confirmed, in the ledger, loaded."""

from __future__ import annotations

import csv
import os
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pytest

from audit import Event
from governance.errors import IngestError
from governance.terms import Actor
from tests.fixtures.home import TODAY, DemoHome, make_demo_home
from wenshu.demo import build
from wenshu.desk.door import NotPermitted
from wenshu.home import Home
from wenshu.inbox import Inbox
from wenshu.service import Service
from wenshu.settings import read_environment
from wenshu.standing import FromHome

STEWARD = Actor(id="engineer", role="data_engineer", department="data_engineering")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    return make_demo_home(tmp_path_factory.mktemp("inbox") / "home")


@pytest.fixture
def room(home):
    source = FromHome(Home(home.path).standings)
    events: list[Event] = []
    commands: list[list[str]] = []
    inbox = Inbox(root=home.path, bundle=lambda: source.load(source.stamp()), record=events.append, may=lambda actor: actor == STEWARD, start=commands.append)
    return inbox, events, commands


def test_an_unknown_file_is_proposed_confirmed_and_loaded(home, room) -> None:
    inbox, events, commands = room
    extracts = home.path / "demo" / "extracts"
    (home.path / "ingest" / "source").write_text(str(extracts), encoding="utf-8")
    with (extracts / "crm_hcp.csv").open(encoding="utf-8") as stream:
        doctors = [row["crm_id"] for row in csv.DictReader(stream)][:40]
    lines = [f"SA{number:05d},{doctor},2026-10-{number % 28 + 1:02d} 10:00,沙龙" for number, doctor in enumerate(doctors)]
    (extracts / "salon.csv").write_text("\n".join(["登记编号,客户编号,日期,形式", *lines, ""]), encoding="utf-8")
    told = inbox.look(STEWARD)
    assert {"name": "salon.csv", "extract": None} in told["files"]
    (proposal,) = [item for item in told["proposals"] if item["file"] == "salon.csv"]
    assert not any(doctor in str(proposal) for doctor in doctors)
    mapping = (
        "format: 1\nextract: salon\nfiles: salon.csv\nrequired: false\nkeys: {hcp_key: {crm_id: 客户编号}}\nload:\n  - table: fct_touch\n    fields:\n"
        "      {touch_id: {id: 登记编号}, channel: 形式, occurred_at: 日期, delivered: {constant: true}}\n"
    )
    for broken in ("no: yaml: at all", mapping.replace("fct_touch", "fct_tuch"), mapping.replace("extract: salon", "extract: other")):
        with pytest.raises(IngestError):
            inbox.confirm(STEWARD, "salon", broken)
    assert events == []
    inbox.confirm(STEWARD, "salon", mapping)
    assert [event.type for event in events] == ["mapping.confirmed"]
    assert inbox.look(STEWARD)["proposals"] == []
    inbox.load(STEWARD)
    with pytest.raises(IngestError, match="a load is running"):
        inbox.load(STEWARD)
    (command,) = commands
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ | home.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert inbox.loading()["state"] == "done"
    with duckdb.connect(str(home.path / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM fct_touch WHERE channel = '沙龙'").fetchone() == (40,)


def test_a_new_companys_first_load_needs_nothing_but_the_room(tmp_path: Path) -> None:
    place = DemoHome(tmp_path / "home", {})
    assert place.run("init").returncode == 0
    company = tmp_path / "company"
    company.mkdir()
    build(company, seed=11, today=date(2026, 11, 15), scale=0.02)
    (place.path / "inbox").mkdir()
    for path in (company / "extracts").iterdir():
        (place.path / "inbox" / f"kh_{path.name}").write_bytes(path.read_bytes())
    source = FromHome(Home(place.path).standings)
    events: list[Event] = []
    commands: list[list[str]] = []
    inbox = Inbox(root=place.path, bundle=lambda: source.load(source.stamp()), record=events.append, may=lambda actor: actor == STEWARD, start=commands.append)
    with Service.open(Home(place.path), read_environment(str(place.path), {"WENSHU_TODAY": TODAY})) as service:
        # The page opens before there is any data, for those who may load and for nobody else.
        assert service.pages(STEWARD) == ("data",)
        assert service.inbox.look(STEWARD)["without_file"]
        assert service.stewardship.overview(STEWARD)["load"] is None
        with pytest.raises(NotPermitted):
            service.inbox.look(Actor(id="market", role="marketing", department="marketing"))
    told = inbox.look(STEWARD)
    assert len(told["proposals"]) == len(told["without_file"]) == 17
    with pytest.raises(IngestError):
        inbox.leave_out(STEWARD, ["no_such"])
    inbox.leave_out(STEWARD, told["without_file"])
    mobile = next((item["extract"], column["column"]) for item in told["proposals"] for column in item["columns"] if column["category"] == "mobile" and item["extract"] == "kh_reps")
    inbox.classify(STEWARD, *mobile, "sensitive", "employees' own numbers are not needed")
    after = inbox.look(STEWARD)
    assert after["without_file"] == []
    word = next(column for item in after["proposals"] for column in item["columns"] if (column["extract"], column["column"]) == mobile)
    assert (word["level"], word["handling"], word["by"]) == ("sensitive", "drop", "steward")
    for item in after["proposals"]:
        assert item["lacking"] == [], item["extract"]
        inbox.confirm(STEWARD, item["extract"], item["text"])
    inbox.load(STEWARD)
    done = subprocess.run(commands[0], cwd=Path(__file__).parents[2], env=os.environ | place.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert inbox.loading()["state"] == "done"
    with duckdb.connect(str(place.path / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) > 300 FROM dim_hcp").fetchone() == (True,)
        assert connection.execute("SELECT count(*) > 3000 FROM fct_touch").fetchone() == (True,)
    assert [event.type for event in events[:2]] == ["mapping.left_out", "column.confirmed"]
    assert events[-1].type == "ingest.requested"


def test_a_decision_with_now_re_keys_facts_at_once_and_undoing_it_takes_them_back(home) -> None:
    def touches() -> tuple[int, int]:
        with duckdb.connect(str(home.path / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute("SELECT count(*), count(DISTINCT hcp_key) FROM fct_touch").fetchone()

    (home.path / "ingest" / "source").write_text(str(home.path / "demo" / "extracts"), encoding="utf-8")
    home.json("ingest", str(home.path / "demo" / "extracts"), "--again")
    before = touches()
    case = next(item for item in home.json("ingest", "review", "list", "--limit", "500")["cases"] if item["kind"] == "row")
    decided = home.json("ingest", "review", "decide", case["token"], "--same", "1", "--now")
    assert decided["effective"] == "now"
    assert touches()[0] == before[0] + case["rows"]
    undone = home.json("ingest", "review", "decide", case["token"], "--undo", "--now")
    assert undone["load"] != decided["load"]
    assert touches() == before


def test_a_load_that_fails_or_was_ended_says_so(home, room) -> None:
    inbox, _, commands = room
    (home.path / "ingest" / "source").write_text(str(home.path / "demo" / "extracts"), encoding="utf-8")
    spend = home.path / "demo" / "extracts" / "spend.csv"
    kept = spend.read_bytes()
    spend.write_bytes(b"")
    inbox.load(STEWARD)
    done = subprocess.run(commands[0], cwd=Path(__file__).parents[2], env=os.environ | home.environment(), capture_output=True, text=True, check=False)
    spend.write_bytes(kept)
    assert done.returncode == 2
    assert inbox.loading()["state"] == "failed"
    assert "spend.csv is empty" in inbox.loading()["error"]
    (home.path / "ingest" / "progress.json").write_text('{"state": "running", "pid": 999999999, "share": 0.5, "step": "", "error": null}', encoding="utf-8")
    assert inbox.loading()["state"] == "failed"


def test_nobody_else_looks_confirms_or_loads(room) -> None:
    inbox, events, commands = room
    other = Actor(id="market", role="marketing", department="marketing")
    for act in (lambda: inbox.look(other), lambda: inbox.confirm(other, "salon", ""), lambda: inbox.load(other), lambda: inbox.leave_out(other, ["spend"]), lambda: inbox.classify(other, "spend", "month", "plain", "x")):
        with pytest.raises(NotPermitted):
            act()
    assert (events, commands) == ([], [])
