"""Planning and compiling one query with consent, row scope and comparison, with 300 metrics in the catalogue.

    python -m bench.planning [--rounds 20] [--boring PYTHON] [--metricflow PYTHON]

Ours is everything between a MetricQuery and the SQL text of all its statements: check, plan, compile for DuckDB; nothing is cached from one query to the next but
what a catalogue caches by itself, and each query differs from the last. The claim: median below 4 ms, p99 below 10 ms. Times are on the clock and, since neighbours on the
machine make the tail, on the processor; the catalogue is set aside from the garbage collector, as a server does with what lives as long as it.

The peers are asked a plainer question (two measures by two dimensions with one filter; no consent, scope or comparison) in the same run. Each needs an environment of its own:

    python3.11 -m venv /somewhere/boring && /somewhere/boring/bin/pip install boring-semantic-layer "ibis-framework[duckdb]"
    python3.11 -m venv /somewhere/mf && /somewhere/mf/bin/pip install --only-binary dbt-core-experimental-parser dbt-metricflow "dbt-core<2" dbt-duckdb

and is named by `--boring /somewhere/boring/bin/python` and `--metricflow /somewhere/mf/bin/python`. Without one the bench says that it was left out, here and in the result.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
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
BORING = r"""
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
print(json.dumps({"median_ms": round(statistics.median(spent), 3), "p99_ms": round(spent[int(len(spent) * 0.99)], 3)}))
"""
METRICFLOW = r'''
import json, pathlib, statistics, sys, tempfile, time
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.parsing.dir_to_model import parse_directory_of_yaml_files_to_semantic_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

PROJECT = """
semantic_model:
  name: touch
  node_relation: {alias: fct_touch, schema_name: main}
  defaults: {agg_time_dimension: occurred_at}
  entities: [{name: touch, type: primary, expr: touch_id}, {name: hcp, type: foreign, expr: hcp_key}]
  measures: [{name: reached, agg: count_distinct, expr: hcp_key, create_metric: true}, {name: touches, agg: sum, expr: "1", create_metric: true}]
  dimensions:
    - {name: occurred_at, type: time, type_params: {time_granularity: day}}
    - {name: channel, type: categorical}
---
semantic_model:
  name: hcp
  node_relation: {alias: dim_hcp, schema_name: main}
  entities: [{name: hcp, type: primary, expr: hcp_key}]
  dimensions: [{name: region, type: categorical}]
---
project_configuration:
  time_spines:
    - {node_relation: {alias: spine, schema_name: main}, primary_column: {name: date_day, time_granularity: day}}
"""

class Client:
    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()

with tempfile.TemporaryDirectory() as folder:
    (pathlib.Path(folder) / "project.yaml").write_text(PROJECT)
    manifest = parse_directory_of_yaml_files_to_semantic_manifest(folder).semantic_manifest
engine = MetricFlowEngine(SemanticManifestLookup(manifest), Client())
spent = []
for turn in range(int(sys.argv[1])):
    begun = time.perf_counter()
    request = MetricFlowQueryRequest.create(
        metric_names=["reached", "touches"], group_by_names=["hcp__region", "touch__channel"], where_constraints=["{{ Dimension('touch__channel') }} != '%d'" % turn])
    sql = engine.explain(request).sql_statement.sql
    spent.append((time.perf_counter() - begun) * 1000)
assert "count(distinct" in sql.lower(), sql
spent = sorted(spent[5:])
print(json.dumps({"median_ms": round(statistics.median(spent), 3), "p99_ms": round(spent[int(len(spent) * 0.99)], 3)}))
'''


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
    parser.add_argument("--boring", type=Path, help="a Python with boring-semantic-layer")
    parser.add_argument("--metricflow", type=Path, help="a Python with dbt-metricflow")
    options = parser.parse_args(arguments)
    catalogue, dialect = big_catalogue(), Dialect()
    gc.collect()
    gc.freeze()
    scope = DimensionScope(dimension="region", values=("华东",))
    spent: list[float] = []
    used: list[float] = []
    asked = queries(options.rounds)
    for given in asked:
        begun, cpu = time.perf_counter(), time.thread_time()
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
        used.append((time.thread_time() - cpu) * 1000)
    # The first questions make the expressions that a catalogue keeps.
    spent, used = (times[150:] if len(times) > 300 else times for times in (spent, used))
    ours = {"queries": len(spent), "metrics": len(catalogue.metrics), **summary(spent), **{f"cpu_{name}": value for name, value in summary(used).items()}}
    print(f"ours, with consent, scope and comparison: {ours}")
    report: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count(), "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "ours": ours}
    for name, code, python in (("boring_semantic_layer", BORING, options.boring), ("metricflow", METRICFLOW, options.metricflow)):
        report[name] = peer(name, code, python)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"median_ms": round(statistics.median(ordered), 3), "p99_ms": round(ordered[int(len(ordered) * 0.99)], 3)}


def peer(name: str, code: str, python: Path | None) -> dict[str, Any] | str:
    """Time the peer in its own interpreter; without one say so, on the terminal and in the result."""
    if python is None:
        print(f"!! {name} was LEFT OUT: name an interpreter that has it (see --help)", file=sys.stderr)
        return "left out: no interpreter named"
    done = subprocess.run([str(python), "-c", code, "300"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"!! {name} was LEFT OUT: it failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return "left out: it failed"
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{name}, a plainer query: {found}")
    return found


if __name__ == "__main__":
    sys.exit(main())
