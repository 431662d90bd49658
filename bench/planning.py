"""Planning and compiling one query with consent, row scope and comparison, with 300 metrics in the catalogue.

    python -m bench.planning [--rounds 20] [--peer /path/to/python]

Ours is everything between a MetricQuery and the SQL text of all its statements: check, plan, compile for DuckDB; nothing is cached from one query to the next but
what a catalogue caches by itself, and each query differs from the last. `--peer` names an interpreter that has boring-semantic-layer; its compile of a
plainer query (one measure by two dimensions, no consent, scope or comparison) is timed in the same run. The claim: median below 4 ms, p99 below 10 ms.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from duckdb_sqlalchemy import Dialect

from governance.documents.metrics import MetricsDocument
from governance.documents.reading import Read, read
from governance.documents.settings import Settings
from governance.metrics.catalogue import Catalogue
from governance.metrics.checking import check
from governance.metrics.parsing import query_from_json
from governance.metrics.planner import plan
from governance.terms import Actor, DimensionScope, Grant, MinimumGroup

POLICIES = Path(__file__).parents[1] / "policies"
RESULTS = Path(__file__).resolve().parent / "results" / "planning.json"
TODAY = date(2026, 11, 15)
METRICS = 300
PEER = r"""
import json, statistics, sys, time
import ibis
from boring_semantic_layer import to_semantic_table
touch = ibis.table({"hcp_key": "string", "region": "string", "channel": "string", "occurred_at": "timestamp", "delivered": "boolean"}, name="fct_touch")
model = (to_semantic_table(touch, name="touch").with_dimensions(region=lambda t: t.region, channel=lambda t: t.channel)
         .with_measures(reached=lambda t: t.hcp_key.nunique(), touches=lambda t: t.count()))
spent = []
for turn in range(int(sys.argv[1])):
    begun = time.perf_counter()
    query = model.filter(lambda t: t.channel != str(turn)).group_by("region", "channel").aggregate("reached", "touches")
    ibis.to_sql(query.to_ibis() if hasattr(query, "to_ibis") else query.to_untagged(), dialect="duckdb")
    spent.append((time.perf_counter() - begun) * 1000)
spent = sorted(spent[5:])
print(json.dumps({"median_ms": statistics.median(spent), "p99_ms": spent[int(len(spent) * 0.99)]}))
"""


def big_catalogue() -> Catalogue:
    """The demo's catalogue with its metrics repeated under other names until there are 300."""
    settings = read(POLICIES / "bundle.yaml", Settings, POLICIES).document
    reads = [read(path, MetricsDocument, POLICIES) for path in sorted((POLICIES / "metrics").glob("*.yaml"))]
    originals = [metric for item in reads for metric in item.document.metrics]
    copies = []
    for number in itertools.count(2):
        for metric in originals:
            if len(originals) + len(copies) < METRICS:
                copies.append(metric.model_copy(update={"id": f"{metric.id}_{number}"}))
        if len(originals) + len(copies) >= METRICS:
            break
    more: Read[MetricsDocument] = Read(document=MetricsDocument(metrics=tuple(copies)), file="copies.yaml", lines={})
    return Catalogue.build(settings, [*reads, more])


def queries(rounds: int) -> list[dict[str, Any]]:
    """Different questions of the ordinary kinds, each with a comparison."""
    metrics = ["reach_rate", "touches", "reached_hcps", "active_hcps", "open_rate", "hcps_in_stage", "multichannel_rate", "touches_per_hcp", "visits", "click_rate"]
    groups = [["region"], ["region", "product"], ["specialty"], ["city_tier", "segment"], []]
    periods = [("2026-10-01", "2026-11-01"), ("2026-07-01", "2026-10-01"), ("2026-01-01", "2026-11-01")]
    out = []
    for turn in range(rounds):
        for number, (metric, group_by, (start, end)) in enumerate(itertools.product(metrics, groups, periods)):
            query: dict[str, Any] = {"metrics": [metric], "group_by": group_by, "period": {"start": start, "end": end}, "compare": ("previous_year", "previous_period")[turn % 2]}
            if number % 3 == 0:
                query["grain"] = "month"
            if number % 2 == 0 and "product" not in group_by:
                query["where"] = [{"dimension": "product", "op": "in", "values": [("康舒平", "糖衡", "安欣宁", "瑞肺清")[turn % 4]]}]
            out.append(query)
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--peer", type=Path, help="a Python with boring-semantic-layer")
    options = parser.parse_args(arguments)
    catalogue, dialect = big_catalogue(), Dialect()
    scope = DimensionScope(dimension="region", values=("华东",))
    spent: list[float] = []
    asked = queries(options.rounds)
    for given in asked:
        begun = time.perf_counter()
        query = check(query_from_json(given), catalogue, today=TODAY, data_from=date(2024, 11, 1), data_to=TODAY)
        grant = Grant(
            actor=Actor(id="bench", role="sales_manager", department="sales"),
            purpose="performance_review",
            query=query,
            today=TODAY,
            scopes=(scope,),
            minimum_group=MinimumGroup(entity="hcp", k=5),
            consent_purpose="performance_review",
            rules=(),
            obligations=(),
            policy_version="bench",
        )
        for statement in plan(grant, catalogue).statements:
            str(statement.select.compile(dialect=dialect))
        spent.append((time.perf_counter() - begun) * 1000)
    spent = sorted(spent[150:] if len(spent) > 300 else spent)
    ours = {"queries": len(spent), "metrics": len(catalogue.metrics), "median_ms": round(statistics.median(spent), 3), "p99_ms": round(spent[int(len(spent) * 0.99)], 3)}
    print(f"ours: {ours['median_ms']} ms median, {ours['p99_ms']} ms p99 over {ours['queries']} queries, {ours['metrics']} metrics")
    report: dict[str, Any] = {"python": platform.python_version(), "ours": ours}
    if options.peer:
        done = subprocess.run([str(options.peer), "-c", PEER, "300"], capture_output=True, text=True, check=True)
        report["boring_semantic_layer"] = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"boring-semantic-layer, a plainer query: {report['boring_semantic_layer']}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
