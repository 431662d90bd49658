"""`wenshu metrics import` as people type it: the report, JSON, exit statuses; the draft is then checked against the warehouse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fixtures.interchange import LOST, write_project, write_warehouse


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WENSHU_HOME": str(home / "home"), "WENSHU_TODAY": "2025-04-10"}
    return subprocess.run([sys.executable, "-c", "from wenshu.cli import main; main()", *arguments], capture_output=True, text=True, env=environment, check=False)


def test_a_project_is_imported_told_about_and_valid_against_its_warehouse(tmp_path: Path):
    url = f"duckdb:///{write_warehouse(tmp_path / 'bikes.duckdb')}"
    project = write_project(tmp_path / "project")
    done = run("metrics", "import", str(project), "--out", str(tmp_path / "draft"), "--warehouse", url, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["origin"] == "MetricFlow"
    assert report["carried"] == {"models": 5, "dimensions": 7, "metrics": 30}
    assert {f"metric {name}" for name in LOST} <= {item["object"] for item in report["lost"]}
    assert not any("type" in item["what"] for item in report["decide"]), "the warehouse told the types"
    checked = run("metrics", "validate", str(tmp_path / "draft"), "--warehouse", url, "--json", home=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_the_report_is_printed_for_people_and_a_bad_path_is_one_line(tmp_path: Path):
    done = run("metrics", "import", str(write_project(tmp_path / "project")), "--out", str(tmp_path / "draft"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Left out (15):" in done.stdout
    assert "middle_ride" in done.stdout
    gone = run("metrics", "import", str(tmp_path / "nowhere"), "--out", str(tmp_path / "other"), home=tmp_path)
    assert gone.returncode != 0
    assert gone.stderr.count("\n") == 1
    assert "does not exist" in gone.stderr
    assert not (tmp_path / "other").exists()
