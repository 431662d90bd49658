"""`wenshu metrics import` as people type it: the report, JSON, exit statuses; the draft is then checked against the warehouse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.fixtures.home import DemoHome
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
    assert report["carried"] == {"models": 5, "dimensions": 7, "metrics": 36}
    assert {f"metric {name}" for name in LOST} <= {item["object"] for item in report["lost"]}
    assert not any("type" in item["what"] for item in report["decide"]), "the warehouse told the types"
    checked = run("metrics", "validate", str(tmp_path / "draft"), "--warehouse", url, "--json", home=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_the_report_is_printed_for_people_and_a_bad_path_is_one_line(tmp_path: Path):
    done = run("metrics", "import", str(write_project(tmp_path / "project")), "--out", str(tmp_path / "draft"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Left out (13):" in done.stdout
    assert "middle_ride" in done.stdout
    gone = run("metrics", "import", str(tmp_path / "nowhere"), "--out", str(tmp_path / "other"), home=tmp_path)
    assert gone.returncode != 0
    assert gone.stderr.count("\n") == 1
    assert "does not exist" in gone.stderr
    assert not (tmp_path / "other").exists()


def test_the_metrics_in_force_are_exported_once_and_nothing_is_overwritten(demo_home: DemoHome, tmp_path: Path):
    out = tmp_path / "metrics.yaml"
    report = demo_home.json("metrics", "export", "--format", "ossie", "--out", str(out))
    document = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert len(document["semantic_model"][0]["metrics"]) == report["carried"]["metrics"] > 10
    assert "access" in {item["object"] for item in report["lost"]}
    before = out.read_bytes()
    again = demo_home.run("metrics", "export", "--format", "ossie", "--out", str(out))
    assert again.returncode != 0
    assert "exists already" in again.stderr
    assert out.read_bytes() == before
