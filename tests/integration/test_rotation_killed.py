"""A rotation killed at any moment loses nobody: what was joined stays joined, and the same command goes on where it stopped."""

from __future__ import annotations

import csv
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.fixtures.home import ROOT, DemoHome, make_demo_home

ROTATE = """
import os, sys
from pathlib import Path
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment
home = Path(sys.argv[1])
with Service.open(Home(home), Environment(home=home, pinned_today=None)) as service:
    print("begun", flush=True)
    service.keys.rotate(sys.argv[2])
"""
KEYS = ("warehouse", "index", "vault")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    return make_demo_home(tmp_path_factory.mktemp("rotated") / "home", scale=0.02)


def _start(home: DemoHome, key: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", ROTATE, str(home.path), key], cwd=ROOT, env=home.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _joined(home: DemoHome) -> list[tuple]:
    """What hangs together by persons' keys, told without them; one version of them at a time."""
    with duckdb.connect(str(home.path / "warehouse.duckdb"), read_only=True) as connection:
        versions = connection.execute("SELECT count(DISTINCT substr(k, 1, 3)) FROM (SELECT hcp_key AS k FROM dim_hcp UNION ALL SELECT hcp_key FROM fct_touch)").fetchone()
        assert versions == (1,)
        return connection.execute(
            "SELECT d.region, d.specialty, t.channel, r.team, count(*), count(DISTINCT t.hcp_key) FROM fct_touch t JOIN dim_hcp d USING (hcp_key) "
            "LEFT JOIN dim_rep r USING (rep_key) GROUP BY ALL ORDER BY ALL"
        ).fetchall()


def _held_on(home: DemoHome) -> list[tuple[str, int]]:
    """What is held on the first doctor of the master file, found by a phone."""
    with (home.path / "demo/extracts/crm_hcp.csv").open(encoding="utf-8", newline="") as stream:
        phones = [row["mobile"] for row in csv.DictReader(stream) if row["mobile"]][:1]
    found = []
    for phone in phones:
        told = home.json("subject", "access", "--as", "compliance", "--case", "K-1", stdin=phone + "\n")
        found.append((told["status"], sum(held["count"] for held in told.get("records", {}).values())))
    return found


def _kill_and_finish(original: DemoHome, place: Path, kills: int) -> None:
    home = DemoHome(place / "home", original.passwords)
    shutil.copytree(original.path, home.path)
    joined, held = _joined(home), _held_on(home)
    rep = home.json("ask", "上个月的触达次数", "--as", "rep_east_1", "--purpose", "visit_preparation")
    chance = random.Random(kills)
    for key in KEYS:
        trial = place / f"trial-{key}"
        shutil.copytree(home.path, trial)
        began = time.monotonic()
        first = _start(DemoHome(trial, {}), key)
        began = time.monotonic()
        assert first.wait() == 0, first.stderr.read() if first.stderr else ""
        took = time.monotonic() - began
        for _ in range(kills):
            process = _start(home, key)
            time.sleep(chance.uniform(0, took))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert _joined(home) == joined
        done = home.json("keys", "rotate", key)
        assert done["version"] >= 2
        assert _joined(home) == joined
        assert _held_on(home) == held
    again = home.json("ask", "上个月的触达次数", "--as", "rep_east_1", "--purpose", "visit_preparation")
    assert (again["status"], again["rows"]) == (rep["status"], rep["rows"])
    assert rep["status"] == "answered"


def test_two_kills_of_each_keys_rotation_lose_nobody(original: DemoHome, tmp_path: Path) -> None:
    _kill_and_finish(original, tmp_path, 2)


@pytest.mark.long
def test_fifteen_kills_of_each_keys_rotation_lose_nobody(original: DemoHome, tmp_path: Path) -> None:
    _kill_and_finish(original, tmp_path, 15)
