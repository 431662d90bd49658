"""`init --demo` tells misuse through the gateway, and the desk finds it; the command line makes packs and reports of it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

from audit.search import Filter, Reader
from governance.terms import Actor
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

OFFICER = Actor(id="compliance", role="compliance", department="compliance")
STORIES = {"volume", "grave_refusals", "purpose", "differencing", "new_metrics", "hours"}


def test_the_demos_misuse_is_found_and_marked_and_the_ledger_is_whole(demo_home):
    home = Home(Path(demo_home.path))
    with Service.open(home, Environment(home=home.root, pinned_today=dt.date(2026, 11, 15))) as service:
        found = [item for item in service.desk.findings.findings(OFFICER)["findings"] if item["demo"]]
        assert {item["rule"] for item in found} >= STORIES - {"differencing"}
        assert service.desk.verify(OFFICER)["verdict"] == "intact"
    reader = Reader(home.ledger)
    told = reader.search(Filter(surface=("demo",)), limit=1000).events
    assert len(told) > 50
    assert reader.orphans(told[0].body and dt.datetime.now(dt.UTC)) == []
    assert not [event for event in told if event.body["type"] == "outcome" and event.body.get("outcome") == "failed"]


def test_a_pack_and_a_report_are_made_on_the_command_line(demo_home, tmp_path):
    made = demo_home.json("audit", "pack", "--out", str(tmp_path / "pack"), "--person", "rep_east_1")
    assert made["matched"] > 0
    done = subprocess.run([sys.executable, "-I", "-S", str(tmp_path / "pack/verify.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.startswith("complete:")) == (0, True)
    told = demo_home.json("audit", "report", "--out", str(tmp_path / "report"))
    assert set(told["summary"]) == {"met", "partly", "not_met"}
    assert (tmp_path / "report/report.zh.pdf").read_bytes().startswith(b"%PDF-")
    assert demo_home.run("audit", "pack", "--out", str(tmp_path / "pack"), "--person", "rep_east_1").returncode == 2
    assert demo_home.run("audit", "pack", "--out", str(tmp_path / "new"), "--since", "gestern").returncode == 2
    found = demo_home.json("audit", "search", "--rule", "redline.prescribing")
    assert found["total"] >= 1
