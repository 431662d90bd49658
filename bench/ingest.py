"""Ingest: rows a second, peak memory and cost a row as the company grows; beside it, reading the same files with pandas.

    python -m bench.ingest [--scales 0.25 1] [--keep FOLDER]

Scale 1 is about 600,000 touches in 890,000 rows with a doctor. Each scale is built anew and loaded in a process of its own, whose peak resident memory is the
system's figure. The peer is the least that any loader does: `pandas.read_csv` of the same files as texts, then nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from wenshu.demo import build

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "ingest.json"
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
print(json.dumps({"seconds": time.perf_counter() - begun, "rows": sum(item.rows for item in report.extracts), "touches": report.tables["fct_touch"],
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


def measure(scale: float, folder: Path) -> dict[str, Any]:
    """Build a company of this scale, load it and read it bare."""
    company, home = folder / f"company-{scale}", folder / f"home-{scale}"
    company.mkdir()
    home.mkdir()
    build(company, seed=1, today=date(2026, 11, 15), scale=scale)
    ours, bare = _run(LOAD, home, company, ROOT / "policies"), _run(PEER, company / "extracts")
    return {
        "scale": scale,
        "rows": ours["rows"],
        "touches": ours["touches"],
        "seconds": round(ours["seconds"], 2),
        "rows_a_second": round(ours["rows"] / ours["seconds"]),
        "microseconds_a_row": round(1e6 * ours["seconds"] / ours["rows"], 2),
        "peak_mb": round(ours["peak_mb"]),
        "bytes_a_row": round(ours["peak_mb"] * 2**20 / ours["rows"]),
        "pandas_read_seconds": round(bare["seconds"], 2),
        "pandas_read_peak_mb": round(bare["peak_mb"]),
        "steps": ours["steps"],
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.25, 1.0])
    parser.add_argument("--keep", type=Path)
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        results = []
        for scale in told.scales:
            results.append(measure(scale, told.keep or Path(temporary)))
            print({key: value for key, value in results[-1].items() if key != "steps"}, flush=True)
    costs = [item["microseconds_a_row"] for item in results]
    summary = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "scales": results,
        "cost_a_row_largest_to_smallest": round(costs[-1] / costs[0], 3),
    }
    RESULTS.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
