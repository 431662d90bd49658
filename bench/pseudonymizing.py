"""Identifiers pseudonymized per second, each repeated 20 times as in real extracts, beside a bare HMAC loop over the same rows and Presidio's anonymizer.

    .venv/bin/python bench/pseudonymizing.py [--rows N] [--presidio PYTHON]

Ours is the way of a load: normalise each different word once, blind index, UID, pseudonym, then spread over the rows. The bar: at least 0.7 of the bare
loop, which normalises nothing and finds nobody. `--presidio` names a Python in which presidio-anonymizer is installed (an environment of its own); without it that line
is skipped, and says so.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from governance.identity.keys import new_key
from governance.identity.normalise import normaliser
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.suites import DEFAULT_SUITE
from governance.ingest.columns import Column

RESULTS = Path(__file__).parent / "results" / "pseudonymizing.json"
REPEATED = 20
PRESIDIO = """
import json, sys, time
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult
rows = json.load(sys.stdin)
engine, how = AnonymizerEngine(), {"DEFAULT": OperatorConfig("hash", {"hash_type": "sha256"})}
begun = time.perf_counter()
for text in rows:
    engine.anonymize(text=text, analyzer_results=[RecognizerResult("PHONE", 0, len(text), 1.0)], operators=how)
print(len(rows) / (time.perf_counter() - begun))
"""


def rows_of(count: int) -> list[str]:
    chance = random.Random(1)
    different = [f"1{chance.choice('3456789')}{chance.randrange(10**9):09d}" for _ in range(count // REPEATED)]
    rows = different * REPEATED
    chance.shuffle(rows)
    return rows


def ours(rows: pa.Array) -> int:
    index, warehouse = (new_key(purpose, 1, DEFAULT_SUITE, random.Random(2).randbytes) for purpose in ("index", "warehouse"))
    column = Column.of(rows)
    normal = normaliser("mobile")
    words = [normal(word) or "" for word in column.words]
    digests = index.derive("hcp", "mobile").macs(words)
    known: dict[bytes, str] = {}
    entropy = os.urandom(16 * len(words))
    uids = [known.setdefault(digest, entropy[16 * at : 16 * at + 16].hex()) for at, digest in enumerate(digests)]
    made = Pseudonymizer(key=warehouse, prefix="H", entity="hcp").all(uids)
    keys = pa.array([made[uid] for uid in uids]).take(pa.array(column.codes))
    return len(keys)


def bare(rows: list[str]) -> int:
    key, digest = os.urandom(32), hmac.digest
    return len([digest(key, row.encode(), "sha256") for row in rows])


def rate(work: object, rows: object, count: int) -> float:
    begun = time.process_time()  # the machine's other work doesn't count
    work(rows)  # type: ignore[operator]
    return count / (time.process_time() - begun)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--presidio", metavar="PYTHON")
    options = parser.parse_args()
    load = round(os.getloadavg()[0], 1)
    rows = rows_of(options.rows)
    arrow = pa.array(rows)
    count = len(rows)
    found: dict[str, float] = {
        "rows": count,
        "repeated": REPEATED,
        "ours_per_second": round(float(np.median([rate(ours, arrow, count) for _ in range(5)]))),
        "bare_hmac_per_second": round(float(np.median([rate(bare, rows, count) for _ in range(5)]))),
    }
    found["of_bare_hmac"] = round(found["ours_per_second"] / found["bare_hmac_per_second"], 2)
    if options.presidio:
        done = subprocess.run([options.presidio, "-c", PRESIDIO], input=json.dumps(rows[:20_000]), capture_output=True, text=True, check=True)
        found["presidio_anonymizer_per_second"] = round(float(done.stdout))
    else:
        print("SKIPPED: Presidio's anonymizer; give --presidio PYTHON of an environment that has it", file=sys.stderr)
    found["machine_load_at_start"] = load
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    sys.exit(0 if found["of_bare_hmac"] >= 0.7 else 1)


if __name__ == "__main__":
    main()
