"""Ingest: rows a second, peak memory and cost a row as the files grow; beside it, reading the same files with pandas.

    python -m bench.ingest [--touches 1 10] [--scale 1.7] [--doctors-too]

A company of `--scale` (1.7: about a million touches of 34,000 doctors) is loaded as it is and with its event files repeated ten times (every
copy with numbers of its own): ten times the rows about the same persons, which is what a longer history is. `--doctors-too` makes the
larger company by the demo's own scale instead: ten times the doctors as well. Each load is a process of its own, whose peak
resident memory is the system's figure. The peer is the least that any loader does: `pandas.read_csv` of the same files as texts, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from wenshu.demo import build

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "ingest.json"
EVENTS = {
    "crm_visits.csv": "visit_id", "wechat_messages.csv": "msg_id", "webinar_attendance.csv": "记录编号", "congress_attendance.csv": "登记编号",
    "email_events.csv": "message_id", "call_center.csv": "call_id", "survey_responses.csv": "response_id",
}  # fmt: skip
"""The files that grow, and the column of each that tells its rows apart."""
LOAD = """
import json, os, resource, sys, time
from datetime import datetime
from pathlib import Path
from governance.identity.keys import KeyRing
from governance.ingest import Places, ingest
home, company, policies = map(Path, sys.argv[1:])
begun = time.perf_counter()
report = ingest(company / "extracts", bundle_folder=policies, places=Places(home=home), keys=KeyRing.ensure(home / "keys", os.urandom),
    now=datetime(2026, 11, 15, 9, 30), random=os.urandom, largest_minimum_group=10)
print(json.dumps({"seconds": time.perf_counter() - begun, "processor": time.process_time(), "rows": sum(item.rows for item in report.extracts),
    "touches": report.tables["fct_touch"], "persons": report.persons["hcp"]["persons"],
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "steps": report.seconds}))
"""
PEER = """
import json, resource, sys, time
from pathlib import Path
import pandas as pd
begun, rows = time.perf_counter(), 0
for path in sorted(Path(sys.argv[1]).glob("*.csv")):
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            rows += len(pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding))
            break
        except UnicodeDecodeError:
            continue
print(json.dumps({"seconds": time.perf_counter() - begun, "rows": rows, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def _run(program: str, *arguments: object) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def repeat(company: Path, out: Path, times: int) -> None:
    """Write the company with every event file repeated; each copy's rows have numbers of their own, so none is a repeated row."""
    shutil.copytree(company, out)
    for name, number in EVENTS.items():
        path = out / "extracts" / name
        encoding = _encoding(path.read_bytes())
        head, *lines = path.read_text(encoding=encoding).splitlines()
        at = head.split(",").index(number)
        with path.open("w", encoding=encoding, newline="") as stream:
            stream.write(head + "\n")
            for copy in range(times):
                for line in lines:
                    cells = line.split(",", at + 1)
                    cells[at] += f"-{copy}" if copy else ""
                    stream.write(",".join(cells) + "\n")


def _encoding(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def measure(company: Path, home: Path) -> dict[str, Any]:
    """Load a company and read it bare."""
    home.mkdir()
    load = os.getloadavg()[0]
    ours, bare = _run(LOAD, home, company, ROOT / "policies"), _run(PEER, company / "extracts")
    return {
        "touches": ours["touches"],
        "rows": ours["rows"],
        "doctors": ours["persons"],
        "seconds": round(ours["seconds"], 1),
        "processor_seconds": round(ours["processor"], 1),
        "rows_a_second": round(ours["rows"] / ours["seconds"]),
        "microseconds_a_row": round(1e6 * ours["seconds"] / ours["rows"], 1),
        "processor_microseconds_a_row": round(1e6 * ours["processor"] / ours["rows"], 1),
        "peak_mb": round(ours["peak_mb"]),
        "pandas_read_seconds": round(bare["seconds"], 1),
        "pandas_read_peak_mb": round(bare["peak_mb"]),
        "machine_load_at_start": round(load, 1),
        "steps": {name: seconds for name, seconds in ours["steps"].items() if seconds >= 1},
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.7)
    parser.add_argument("--touches", type=int, nargs="+", default=[1, 10], help="how many times the events are repeated")
    parser.add_argument("--doctors-too", action="store_true")
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        results = []
        for times in told.touches:
            company = folder / f"company-{times}"
            if told.doctors_too or times == 1:
                company.mkdir()
                build(company, seed=1, today=date(2026, 11, 15), scale=told.scale * times)
            else:
                if not (folder / "company-1").exists():
                    (folder / "company-1").mkdir()
                    build(folder / "company-1", seed=1, today=date(2026, 11, 15), scale=told.scale)
                repeat(folder / "company-1", company, times)
            results.append(measure(company, folder / f"home-{times}"))
            print({key: value for key, value in results[-1].items() if key != "steps"}, flush=True)
    summary = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "grows": "doctors and touches" if told.doctors_too else "touches of the same doctors",
        "loads": results,
        "cost_a_row_largest_to_smallest": round(results[-1]["microseconds_a_row"] / results[0]["microseconds_a_row"], 3),
        "processor_cost_a_row_largest_to_smallest": round(results[-1]["processor_microseconds_a_row"] / results[0]["processor_microseconds_a_row"], 3),
        "peak_memory_largest_to_smallest": round(results[-1]["peak_mb"] / results[0]["peak_mb"], 3),
    }
    results_file = RESULTS.with_name("ingest_doctors_too.json") if told.doctors_too else RESULTS
    results_file.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
