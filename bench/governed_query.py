"""A governed query over many touches, beside the same SQL by hand that also computes the distinct-doctor counts.

    python -m bench.governed_query [--touches 10000000] [--rounds 5] [--file WAREHOUSE]

The warehouse is invented here (one file, kept in a scratch folder). Ours is check → plan → execute → minimum groups → arrange, on a
connection opened as the service opens it, with consent and, in some cases, a row scope, a comparison or both; the peer runs the statement written below on
the same file. Both run in turns, in rounds, each first in every other one. Told are the medians of time on the clock and of time on the processors (all threads), which
neighbours on the machine change less, and the ratios of both. The claim: at most 1.2 times.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from governance.disclosure.protect import protect
from governance.documents.metrics import MetricsDocument
from governance.documents.reading import read
from governance.documents.settings import Settings
from governance.metrics.arranging import arrange
from governance.metrics.catalogue import Catalogue
from governance.metrics.checking import check
from governance.metrics.execution import Sources, execute
from governance.metrics.parsing import query_from_json
from governance.metrics.planner import plan
from governance.terms import Actor, DimensionScope, Grant, MinimumGroup
from governance.warehouse.engine import Warehouse

POLICIES = Path(__file__).parents[1] / "policies"
RESULTS = Path(__file__).resolve().parent / "results" / "governed_query.json"
TODAY = date(2026, 11, 15)
WITHDRAWN = """NOT EXISTS (SELECT 1 FROM (SELECT hcp_key FROM fct_consent WHERE purpose = 'market_analysis' GROUP BY hcp_key
    HAVING max(CASE WHEN effective_at <= TIMESTAMP '2026-11-15' THEN withdrawn_at END) >= max(granted_at)) w WHERE w.hcp_key = t.hcp_key)"""

LIMIT = 1.2
CASES: dict[str, tuple[dict[str, Any], tuple[DimensionScope, ...], str]] = {
    "touches by region, one month": (
        {"metrics": ["touches"], "group_by": ["region"], "period": {"start": "2026-10-01", "end": "2026-11-01"}},
        (),
        f"""SELECT h.region, count(*), count(DISTINCT t.hcp_key) FROM fct_touch t LEFT JOIN dim_hcp h USING (hcp_key)
            WHERE t.delivered AND t.occurred_at >= TIMESTAMP '2026-10-01' AND t.occurred_at < TIMESTAMP '2026-11-01' AND {WITHDRAWN} GROUP BY 1""",
    ),
    "touches by region and channel, all 24 months": (
        {"metrics": ["touches"], "group_by": ["region", "channel"], "period": {"start": "2024-11-01", "end": "2026-11-01"}},
        (),
        f"""SELECT h.region, t.channel, count(*), count(DISTINCT t.hcp_key) FROM fct_touch t LEFT JOIN dim_hcp h USING (hcp_key)
            WHERE t.delivered AND t.occurred_at >= TIMESTAMP '2024-11-01' AND t.occurred_at < TIMESTAMP '2026-11-01' AND {WITHDRAWN} GROUP BY 1, 2""",
    ),
    "reached doctors per month, all 24 months": (
        {"metrics": ["reached_hcps"], "grain": "month", "period": {"start": "2024-11-01", "end": "2026-11-01"}},
        (),
        f"""SELECT date_trunc('month', t.occurred_at), count(DISTINCT t.hcp_key) FROM fct_touch t
            WHERE t.delivered AND t.occurred_at >= TIMESTAMP '2024-11-01' AND t.occurred_at < TIMESTAMP '2026-11-01' AND {WITHDRAWN} GROUP BY 1""",
    ),
    "touches per doctor by channel in one region, all 24 months": (
        {"metrics": ["touches_per_hcp"], "group_by": ["channel"], "period": {"start": "2024-11-01", "end": "2026-11-01"}},
        (DimensionScope(dimension="region", values=("华东",)),),
        f"""SELECT t.channel, count(*) / count(DISTINCT t.hcp_key), count(DISTINCT t.hcp_key) FROM fct_touch t JOIN dim_hcp h USING (hcp_key)
            WHERE h.region = '华东' AND t.delivered AND t.occurred_at >= TIMESTAMP '2024-11-01' AND t.occurred_at < TIMESTAMP '2026-11-01' AND {WITHDRAWN} GROUP BY 1""",
    ),
    "touches by channel, this year against last": (
        {"metrics": ["touches"], "group_by": ["channel"], "period": {"start": "2026-01-01", "end": "2026-11-01"}, "compare": "previous_year"},
        (),
        f"""SELECT t.channel, t.occurred_at >= TIMESTAMP '2026-01-01', count(*), count(DISTINCT t.hcp_key) FROM fct_touch t
            WHERE t.delivered AND (t.occurred_at >= TIMESTAMP '2026-01-01' AND t.occurred_at < TIMESTAMP '2026-11-01'
              OR t.occurred_at >= TIMESTAMP '2025-01-01' AND t.occurred_at < TIMESTAMP '2025-11-01') AND {WITHDRAWN} GROUP BY 1, 2""",
    ),
    "reached doctors by product in one region, this year against last": (
        {"metrics": ["reached_hcps"], "group_by": ["product"], "period": {"start": "2026-01-01", "end": "2026-11-01"}, "compare": "previous_year"},
        (DimensionScope(dimension="region", values=("华东",)),),
        f"""SELECT t.product, t.occurred_at >= TIMESTAMP '2026-01-01', count(DISTINCT t.hcp_key) FROM fct_touch t JOIN dim_hcp h USING (hcp_key)
            WHERE h.region = '华东' AND t.delivered AND (t.occurred_at >= TIMESTAMP '2026-01-01' AND t.occurred_at < TIMESTAMP '2026-11-01'
              OR t.occurred_at >= TIMESTAMP '2025-01-01' AND t.occurred_at < TIMESTAMP '2025-11-01') AND {WITHDRAWN} GROUP BY 1, 2""",
    ),
}


def build(path: Path, touches: int) -> None:
    """Write a warehouse with 20,000 doctors and that many touches in 24 months, in order of time as a load writes them."""
    with duckdb.connect(str(path)) as db:
        db.execute("SELECT setseed(0.42)")
        db.execute(
            """CREATE TABLE dim_hcp AS SELECT printf('h%016x', hash(i)) hcp_key, ['华东','华北','华南','华中','西南','西北','东北'][1 + (random() * 7)::INT % 7] region,
               '省' province, '市' city, '一线' city_tier, 'hos' || (i % 800) hospital_key, ['心内科','肿瘤科','全科'][1 + i % 3] specialty, '主任医师' title,
               ['A','B','C','D'][1 + i % 4] segment, '高' potential, '0-5' years_in_practice_band, random() < 0.6 is_target FROM range(20000) r(i)"""
        )
        db.execute(
            """CREATE TABLE fct_consent AS SELECT hcp_key, 'market_analysis' purpose, TIMESTAMP '2024-12-01' granted_at,
               CASE WHEN gone THEN TIMESTAMP '2026-05-01' END withdrawn_at, CASE WHEN gone THEN TIMESTAMP '2026-05-03' END effective_at
               FROM (SELECT hcp_key, hash(hcp_key) % 100 < 3 gone FROM dim_hcp)"""
        )
        db.execute(
            f"""CREATE TABLE fct_touch AS SELECT printf('t%012d', i) touch_id, printf('h%016x', hash((random() * random() * 20000)::INT)) hcp_key, 'rep' || (i % 160) rep_key,
               ['面对面拜访','线上拜访','微信','线上会议','学术会议','邮件','呼叫中心'][1 + (random() * 7)::INT % 7] channel, 'con' || (i % 240) content_key,
               ['康舒平','糖衡','安欣宁','瑞肺清'][1 + (random() * 4)::INT % 4] product, NULL::VARCHAR campaign,
               TIMESTAMP '2024-11-01' + INTERVAL 1 SECOND * (i * 63072000.0 / {touches})::BIGINT AS occurred_at, 60 duration_s, random() < 0.85 delivered,
               random() < 0.4 opened, random() < 0.1 clicked, NULL::VARCHAR objective, NULL::BOOLEAN objective_met, NULL::VARCHAR feedback FROM range({touches}) r(i)"""
        )


def catalogue() -> Catalogue:
    settings = read(POLICIES / "bundle.yaml", Settings, POLICIES).document
    return Catalogue.build(settings, [read(path, MetricsDocument, POLICIES) for path in sorted((POLICIES / "metrics").glob("*.yaml"))])


def governed(warehouse: Warehouse, known: Catalogue, query: dict[str, Any], scopes: tuple[DimensionScope, ...]) -> int:
    """The whole way of a question from its MetricQuery to the arranged table; returns its rows."""
    checked = check(query_from_json(query), known, today=TODAY, data_from=date(2024, 11, 1), data_to=TODAY)
    grant = Grant(
        actor=Actor(id="bench", role="marketing", department="marketing"),
        purpose="market_analysis",
        query=checked,
        today=TODAY,
        scopes=scopes,
        minimum_group=MinimumGroup(entity="hcp", k=10),
        consent_purpose="market_analysis",
        rules=(),
        obligations=(),
        policy_version="bench",
    )
    with Sources.open(warehouse) as sources:
        measured = execute(plan(grant, known), sources)
    return len(arrange(measured, checked, protect(measured, grant.minimum_group), minimum_group=grant.minimum_group).rows)


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds on the clock and on the processors."""
    begun, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - used


def compared(ours: list[tuple[float, float]], by_hand: list[tuple[float, float]]) -> dict[str, float]:
    """Return the medians in milliseconds and their ratios."""
    (one, one_cpu), (other, other_cpu) = (tuple(statistics.median(item[at] for item in runs) for at in (0, 1)) for runs in (ours, by_hand))
    return {
        "governed_ms": round(one * 1000, 1),
        "by_hand_ms": round(other * 1000, 1),
        "ratio": round(one / other, 3),
        "governed_cpu_ms": round(one_cpu * 1000, 1),
        "by_hand_cpu_ms": round(other_cpu * 1000, 1),
        "cpu_ratio": round(one_cpu / other_cpu, 3),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--touches", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--file", type=Path, help="a warehouse made by an earlier run, or where to keep this one")
    options = parser.parse_args(arguments)
    known = catalogue()
    report: dict[str, Any] = {"touches": options.touches, "rounds": options.rounds, "python": platform.python_version(), "duckdb": duckdb.__version__, "cases": {}}
    with tempfile.TemporaryDirectory() as scratch:
        path = options.file or Path(scratch) / "bench.duckdb"
        if not path.exists():
            build(path, options.touches)
        with Warehouse.open_file(path) as warehouse, duckdb.connect(":memory:", config={"memory_limit": "2GB", "threads": 2}) as bare:
            bare.execute(f"ATTACH '{path}' AS wh (READ_ONLY)")
            bare.execute("USE wh")
            for name, (query, scopes, sql) in CASES.items():
                ours, by_hand = [], []

                def mine(query: dict[str, Any] = query, scopes: tuple[DimensionScope, ...] = scopes) -> None:
                    governed(warehouse, known, query, scopes)

                def theirs(sql: str = sql) -> None:
                    bare.execute(sql).fetchall()

                for turn in range(options.rounds + 1):
                    for work, times in ((mine, ours), (theirs, by_hand))[:: 1 if turn % 2 else -1]:
                        spent = seconds(work)
                        if turn:  # the first round warms the caches of both
                            times.append(spent)
                found = report["cases"][name] = compared(ours, by_hand)
                print(
                    f"{name:60} governed {found['governed_ms']:8.1f} ms   by hand {found['by_hand_ms']:8.1f} ms   "
                    f"ratio {found['ratio']:.2f}   on the processors {found['cpu_ratio']:.2f}",
                    flush=True,
                )
    worst = max(item["ratio"] for item in report["cases"].values())
    report |= {"limit": LIMIT, "worst_ratio": worst, "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "cores": os.cpu_count()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
