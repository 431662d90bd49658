"""A load killed at any moment changes nothing that is seen, and the next load ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from wenshu.demo import build

ROOT = Path(__file__).parents[2]
LOAD = """
import random, sys
from datetime import datetime
from pathlib import Path
from governance.identity.keys import KeyRing
from governance.ingest import Places, ingest
home, company, policies = map(Path, sys.argv[1:])
print("begun", flush=True)
ingest(company / "extracts", bundle_folder=policies, places=Places(home=home), keys=KeyRing.ensure(home / "keys", random.Random(0).randbytes),
    now=datetime(2026, 11, 15, 9, 30), random=random.SystemRandom().randbytes, largest_minimum_group=10)
"""


def _start(home: Path, company: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", LOAD, str(home), str(company), str(ROOT / "policies")], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _content(home: Path) -> dict[str, list[tuple]]:
    """Every table but the note of the load itself, each as its sorted rows."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall() if row[0] != "wenshu_load"]
        return {table: sorted(connection.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    build(folder, seed=23, today=date(2026, 11, 15), scale=0.01)
    return folder


@pytest.fixture(scope="module")
def undisturbed(company: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A home after one load, and how long a load takes."""
    home = tmp_path_factory.mktemp("home")
    began = time.monotonic()
    assert _start(home, company).wait() == 0
    return home, time.monotonic() - began


def _kill_and_load_again(company: Path, undisturbed: tuple[Path, float], place: Path, kills: int) -> None:
    home, took = undisturbed
    expected = _content(home)
    chance = random.Random(kills)
    again = place / "home"
    shutil.copytree(home, again)
    before = (again / "warehouse.duckdb").read_bytes()
    finished = 0
    for _ in range(kills):
        process = _start(again, company)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, took))
        process.send_signal(signal.SIGKILL)
        finished += process.wait() == 0
        # What readers see is a whole load, the old one or the new one.
        if (again / "warehouse.duckdb").read_bytes() != before:
            assert _content(again) == expected
    assert finished < kills
    assert _start(again, company).wait() == 0
    assert _content(again) == expected
    left = [path.name for path in again.rglob("*") if path.name.endswith(".new") or ".new." in path.name]
    assert left == []


def test_ten_kills_at_random_moments_leave_no_trace(company: Path, undisturbed: tuple[Path, float], tmp_path: Path) -> None:
    _kill_and_load_again(company, undisturbed, tmp_path, 10)


@pytest.mark.long
def test_fifty_kills_at_random_moments_leave_no_trace(company: Path, undisturbed: tuple[Path, float], tmp_path: Path) -> None:
    _kill_and_load_again(company, undisturbed, tmp_path, 50)


def test_a_first_load_that_was_killed_is_made_good_by_the_next(company: Path, undisturbed: tuple[Path, float], tmp_path: Path) -> None:
    home, took = undisturbed
    process = _start(tmp_path, company)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(took * 0.75)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert _start(tmp_path, company).wait() == 0
    # Another home has other random persons: only what doesn't hang on a pseudonym of theirs can be equal.
    ours, theirs = _content(tmp_path), _content(home)
    assert {table: len(rows) for table, rows in ours.items()} == {table: len(rows) for table, rows in theirs.items()}
    assert _start(tmp_path, company).wait() == 0
    assert _content(tmp_path) == ours
