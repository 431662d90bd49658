"""Linking: pairwise precision and recall on companies of seeds that nobody tuned on, beside what identifiers alone would link.

    python -m bench.linking [--seeds 7001 7002 7003 7004] [--scale 0.25]

Each company is built anew and loaded as any other; the truth, which no load reads, is only held against the links afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from governance.identity.keys import KeyRing
from governance.ingest import Places, ingest
from wenshu.demo import build

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "linking.json"
PRECISION, RECALL = 0.999, 0.97


def measure(seed: int, scale: float, folder: Path) -> dict[str, Any]:
    """Build the company of a seed, load it, and score its links."""
    company, home = folder / f"company-{seed}", folder / f"home-{seed}"
    company.mkdir()
    home.mkdir()
    build(company, seed=seed, today=date(2026, 11, 15), scale=scale)
    report = ingest(
        company / "extracts",
        bundle_folder=ROOT / "policies",
        places=Places(home=home),
        keys=KeyRing.ensure(home / "keys", os.urandom),
        now=datetime(2026, 11, 15, 9, 30, tzinfo=UTC),
        random=random.Random(seed).randbytes,
        largest_minimum_group=10,
        truth=company / "truth" / "doctors.csv",
    )
    told: dict[str, Any] = report.score or {}
    alone = told["identifiers_only"]
    persons = report.persons["hcp"]
    return {
        "seed": seed,
        "rows": told["rows"],
        "doctors": persons["persons"],
        "precision": round(told["precision"], 6),
        "recall": round(told["recall"], 5),
        "identifiers_only": {"precision": round(alone["precision"], 6), "recall": round(alone["recall"], 5)},
        "rows_linked_by_name": persons["rows_linked_by_name"],
        "rows_linked_by_likeness": persons["rows_linked_by_likeness"],
        "cases_to_review": persons["cases_to_review"],
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7001, 7002, 7003, 7004])
    parser.add_argument("--scale", type=float, default=0.25)
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        companies = []
        for seed in told.seeds:
            companies.append(measure(seed, told.scale, Path(temporary)))
            print(companies[-1], flush=True)
    worst = {name: min(item[name] for item in companies) for name in ("precision", "recall")}
    summary = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "bar": {"precision": PRECISION, "recall": RECALL},
        "worst": worst,
        "met": worst["precision"] >= PRECISION and worst["recall"] >= RECALL,
        "companies": companies,
    }
    RESULTS.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
