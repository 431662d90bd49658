"""Our measure of k beside pycanon's, the maintained library for it (CSIC, Apache-2.0), on the same tables.

    .venv/bin/python -m bench.k_anonymity --pycanon PYTHON [--home HOME]

pycanon pins pandas 2 and more, so it can't stand in our environment: PYTHON is one of its own (`python -m venv E && E/bin/pip install pycanon pyarrow`). Both
measure every register of persons of the home's warehouse, and random tables with few and many attributes, empty cells among them. The bar: the same k everywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import yaml

from governance.documents.warehouse import WarehouseSchema
from governance.identity.labels import measure

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "k_anonymity.json"
TABLES = 60
PYCANON = """
import importlib.metadata, json, sys, time
import pandas as pd
from pycanon import anonymity
told = []
for path in sys.argv[1:]:
    frame = pd.read_parquet(path).astype(object).where(lambda cells: cells.notna(), "\\x00").astype(str)
    begun = time.perf_counter()
    k = anonymity.k_anonymity(frame, list(frame.columns))
    told.append([k, time.perf_counter() - begun])
print(json.dumps({"version": importlib.metadata.version("pycanon"), "told": told}))
"""


def schema() -> WarehouseSchema:
    return WarehouseSchema.model_validate(yaml.safe_load((ROOT / "policies" / "warehouse" / "schema.yaml").read_text(encoding="utf-8")))


def random_register(path: Path, seed: int) -> None:
    """A warehouse whose register of doctors is random: few or many rows, with empty cells."""
    chance = random.Random(seed)
    columns = [name for name in schema().tables["dim_hcp"].columns if name != "hcp_key"]
    worth = {name: [None, *"abcdef"][: chance.randrange(1, 4)] for name in columns}
    rows = chance.choice([1, 5, 60, 3_000])
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE dim_hcp (hcp_key VARCHAR, {', '.join(f'{name} VARCHAR' for name in columns)})")
        connection.executemany(
            f"INSERT INTO dim_hcp VALUES ({', '.join('?' * (len(columns) + 1))})",
            [[f"H{row}", *(chance.choice(worth[name]) for name in columns)] for row in range(rows)],
        )


def registers(warehouse: Path, folder: Path) -> list[dict[str, object]]:
    """Our measure of each register of persons, and its attributes as a Parquet file for pycanon."""
    found = []
    for item in measure(warehouse, schema()):
        if item.k is None or not item.rows:
            continue
        path = folder / f"{warehouse.stem}-{item.table}.parquet"
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            columns = ", ".join(f'"{name}"' for name in item.attributes)
            connection.execute(f"COPY (SELECT {columns} FROM \"{item.table}\") TO '{path}' (FORMAT parquet)")
        found.append({"table": item.table, "rows": item.rows, "k": item.k, "alone": item.unique, "path": str(path)})
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pycanon", required=True)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        mine = []
        if options.home is not None:
            begun = time.perf_counter()
            mine = registers(options.home / "warehouse.duckdb", place)
            ours_s = time.perf_counter() - begun
        else:
            ours_s = None
        for seed in range(TABLES):
            random_register(place / f"random{seed}.duckdb", seed)
            mine += registers(place / f"random{seed}.duckdb", place)
        done = subprocess.run([options.pycanon, "-c", PYCANON, *(str(item["path"]) for item in mine)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr[-1000:])
    theirs = json.loads(done.stdout)
    differ = [item["table"] for item, (k, _) in zip(mine, theirs["told"], strict=True) if item["k"] != k]
    home = [{key: item[key] for key in ("table", "rows", "k", "alone")} | {"pycanon_k": k, "pycanon_s": round(took, 3)} for item, (k, took) in zip(mine, theirs["told"], strict=True)]
    known = len(mine) - TABLES
    result = {
        "pycanon": theirs["version"],
        "registers_of_the_home": home[:known],
        "ours_s_for_all_tables_of_the_home": None if ours_s is None else round(ours_s, 3),
        "random_tables": TABLES,
        "different_k_among_them": len({item["k"] for item in mine[known:]}),
        "differ": differ,
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
