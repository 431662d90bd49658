"""How many random questions to random warehouses were held against counting by hand, and with what result.

    python -m bench.oracle [--engine duckdb|postgresql] [--seconds 240] [--seed 0]

Each warehouse is small, dirty and new (NULLs, orphans, ties, edges of days and months); each question is legal and random: metrics alone and together, groups, grains, fiscal
years, filters, comparisons, shares, and the same table with having, order, ranks, keep and limit; then the rows of every side of every metric that the answer says it used, and those without
a match. A mismatch ends the run and prints the seed. Results of an engine add up over runs
with different seeds in bench/results/oracle.json.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from governance.warehouse.engine import Warehouse
from tests.fixtures.loading import refill, to_postgresql
from tests.fixtures.random_warehouse import MemoryWarehouse, random_tables
from tests.fixtures.servers import postgresql
from tests.soundness.test_planner_against_brute_force import (
    CATALOGUE,
    METRICS,
    QUERIES,
    SALES_LIKE,
    judge,
    random_query,
)
from tests.soundness.test_planner_reconciles import reconcile

RESULTS = Path(__file__).resolve().parent / "results" / "oracle.json"
Opener = Callable[[dict[str, Any]], Any]


@contextmanager
def engine(name: str) -> Iterator[Callable[[Any], Any]]:
    """Give what makes a warehouse of tables, on the engine named."""
    if name == "duckdb":
        yield MemoryWarehouse
        return
    with postgresql() as server:
        to_postgresql(server.owner, {})
        target = sa.make_url(server.owner).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(target) as owner, Warehouse.open(server.reader) as warehouse:

            def filled(tables: Any) -> Warehouse:
                refill(owner, tables)
                return warehouse

            yield filled


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("duckdb", "postgresql"), default="duckdb")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    until, seed = time.monotonic() + options.seconds, options.seed
    with engine(options.engine) as opened:
        while time.monotonic() < until:
            chance = random.Random(seed)
            tables = random_tables(seed)
            warehouse = opened(tables)
            counts["warehouses"] += 1
            for _ in range(QUERIES):
                query = random_query(chance, chance.choice(METRICS))
                region = "华东" if chance.random() < 0.25 and not SALES_LIKE & set(query["metrics"]) else None
                purpose, fiscal = chance.choice((None, "market_analysis")), chance.choice((1, 1, 4))
                try:
                    judge(tables, query, purpose, region, warehouse, fiscal=fiscal)
                    reconciled = reconcile(tables, query, purpose, region, warehouse, fiscal=fiscal)
                except Exception:
                    print(f"seed {seed}: {query} purpose {purpose} region {region}", file=sys.stderr)
                    raise
                counts["questions"] += 1
                counts["counts of rows"] += reconciled["counts"]
                counts["counts of rows with some unmatched"] += reconciled["with unmatched rows"]
                counts.update({key: 1 for key in ("grain", "compare", "share", "where") if query.get(key)})
                counts["several metrics"] += len(query["metrics"]) > 1
                kinds.update(CATALOGUE.metrics[name].kind for name in query["metrics"])
            if options.engine == "duckdb":
                warehouse.close()
            seed += 1
    report: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known = report.setdefault(options.engine, {"seeds": [], "mismatches": 0, "counts": {}, "metrics_by_kind": {}})
    known["seeds"].append([options.seed, seed])
    known["counts"] = dict(Counter(known["counts"]) + counts)
    known["metrics_by_kind"] = dict(Counter(known["metrics_by_kind"]) + kinds)
    known["measured_at"] = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    RESULTS.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(options.engine, dict(counts), dict(kinds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
