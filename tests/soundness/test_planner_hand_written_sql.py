"""Metrics and slices beside SQL that was written by hand against the same warehouse: the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from governance.terms import DimensionScope, LinkScope
from governance.warehouse.engine import Warehouse
from tests.fixtures.bundle import measured
from tests.fixtures.small_warehouse import TODAY, build_small_warehouse

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
QUARTER = {"start": "2026-07-01", "end": "2026-10-01"}
YEAR = {"start": "2026-01-01", "end": "2026-11-01"}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_warehouse(tmp_path_factory.mktemp("small") / "w.duckdb")


@pytest.fixture(scope="module")
def warehouse(path: Path) -> Iterator[Warehouse]:
    with Warehouse.open_file(path) as opened:
        yield opened


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "reached doctors by region in October": (
        {"metrics": ["reached_hcps"], "group_by": ["region"], "period": OCTOBER},
        """SELECT coalesce(h.region, '未知'), count(DISTINCT t.hcp_key) FROM fct_touch t LEFT JOIN dim_hcp h USING (hcp_key)
           WHERE t.delivered AND t.occurred_at >= '2026-10-01' AND t.occurred_at < '2026-11-01' GROUP BY 1""",
    ),
    "reach rate by region in October": (
        {"metrics": ["reach_rate"], "group_by": ["region"], "period": OCTOBER},
        """WITH r AS (SELECT h.region, count(DISTINCT h.hcp_key) n FROM fct_touch t JOIN dim_hcp h USING (hcp_key)
                      WHERE t.delivered AND h.is_target AND month(t.occurred_at) = 10 AND year(t.occurred_at) = 2026 GROUP BY 1),
                d AS (SELECT region, count(*) n FROM dim_hcp WHERE is_target GROUP BY 1),
                g AS (SELECT DISTINCT coalesce(region, '未知') g FROM dim_hcp WHERE is_target)
           SELECT g, CASE WHEN d.n > 0 THEN coalesce(r.n, 0) / d.n END FROM g LEFT JOIN d ON coalesce(d.region, '未知') = g LEFT JOIN r ON coalesce(r.region, '未知') = g""",
    ),
    "reach rate by channel is against all target doctors": (
        {"metrics": ["reach_rate"], "group_by": ["channel"], "period": OCTOBER, "where": [{"dimension": "region", "op": "in", "values": ["华东"]}]},
        """SELECT t.channel, count(DISTINCT h.hcp_key) FILTER (WHERE h.is_target) / (SELECT count(*) FROM dim_hcp WHERE is_target AND region = '华东')
           FROM fct_touch t JOIN dim_hcp h USING (hcp_key)
           WHERE t.delivered AND h.region = '华东' AND t.occurred_at BETWEEN '2026-10-01' AND '2026-10-31 23:59:59' GROUP BY 1""",
    ),
    "touches by month": (
        {"metrics": ["touches"], "grain": "month", "period": YEAR},
        """SELECT strftime(date_trunc('month', occurred_at), '%Y-%m-01'), count(*) FROM fct_touch
           WHERE delivered AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01' GROUP BY 1""",
    ),
    "visits by specialty last quarter": (
        {"metrics": ["visits"], "group_by": ["specialty"], "period": QUARTER},
        """SELECT coalesce(h.specialty, '未知'), count(*) FROM fct_touch t LEFT JOIN dim_hcp h USING (hcp_key)
           WHERE t.delivered AND t.channel IN ('面对面拜访', '线上拜访') AND t.occurred_at >= '2026-07-01' AND t.occurred_at < '2026-10-01' GROUP BY 1""",
    ),
    "newly reached doctors by channel of the first touch": (
        {"metrics": ["newly_reached_hcps"], "group_by": ["channel"], "period": {"start": "2024-11-01", "end": "2025-02-01"}},
        """SELECT coalesce(channel, '未知'), count(*) FROM (
             SELECT channel, occurred_at, row_number() OVER (PARTITION BY hcp_key ORDER BY occurred_at, touch_id) n FROM fct_touch WHERE delivered AND hcp_key IS NOT NULL)
           WHERE n = 1 AND occurred_at < '2025-02-01' GROUP BY 1""",
    ),
    "multichannel rate by region": (
        {"metrics": ["multichannel_rate"], "group_by": ["region"], "period": QUARTER},
        """SELECT coalesce(h.region, '未知'), sum((c >= 2)::INT) / count(*) FROM (
             SELECT hcp_key, count(DISTINCT channel) c FROM fct_touch WHERE delivered AND occurred_at >= '2026-07-01' AND occurred_at < '2026-10-01'
             AND hcp_key IS NOT NULL GROUP BY 1) x LEFT JOIN dim_hcp h USING (hcp_key) GROUP BY 1""",
    ),
    "hospital coverage by level": (
        {"metrics": ["hospital_coverage"], "group_by": ["hospital_level"], "period": QUARTER},
        """WITH c AS (SELECT DISTINCT h.hospital_key k FROM fct_touch t JOIN dim_hcp h USING (hcp_key)
                      WHERE t.delivered AND t.occurred_at >= '2026-07-01' AND t.occurred_at < '2026-10-01')
           SELECT hospital_level, count(c.k) / count(*) FROM dim_hospital d LEFT JOIN c ON c.k = d.hospital_key GROUP BY 1
           UNION ALL SELECT '未知', NULL WHERE EXISTS (SELECT 1 FROM c WHERE k NOT IN (SELECT hospital_key FROM dim_hospital))""",
    ),
    "touches per doctor by product": (
        {"metrics": ["touches_per_hcp"], "group_by": ["product"], "period": QUARTER},
        """SELECT coalesce(product, '未知'), count(*) / count(DISTINCT hcp_key) FROM fct_touch
           WHERE delivered AND occurred_at >= '2026-07-01' AND occurred_at < '2026-10-01' GROUP BY 1""",
    ),
    "online share by city tier": (
        {"metrics": ["online_share"], "group_by": ["city_tier"], "period": QUARTER},
        """SELECT coalesce(h.city_tier, '未知'), count(*) FILTER (WHERE t.channel NOT IN ('面对面拜访', '学术会议')) / count(*) FROM fct_touch t LEFT JOIN dim_hcp h USING (hcp_key)
           WHERE t.delivered AND t.occurred_at >= '2026-07-01' AND t.occurred_at < '2026-10-01' GROUP BY 1""",
    ),
    "open and click rate by topic": (
        {"metrics": ["open_rate", "click_rate"], "group_by": ["topic"], "period": QUARTER},
        """SELECT coalesce(c.topic, '未知'), count(*) FILTER (WHERE t.opened) / nullif(count(*) FILTER (WHERE t.channel IN ('微信', '邮件')), 0),
                  count(*) FILTER (WHERE t.clicked) / nullif(count(*) FILTER (WHERE t.channel IN ('微信', '邮件')), 0)
           FROM fct_touch t LEFT JOIN dim_content c USING (content_key)
           WHERE t.delivered AND t.occurred_at >= '2026-07-01' AND t.occurred_at < '2026-10-01' AND t.channel IN ('微信', '邮件') GROUP BY 1""",
    ),
    "average dwell time of opened WeChat articles": (
        {"metrics": ["avg_dwell_seconds"], "period": YEAR},
        """SELECT avg(duration_s) FROM fct_touch WHERE channel = '微信' AND opened AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01'""",
    ),
    "engagement minutes by weekday": (
        {"metrics": ["engagement_minutes"], "group_by": ["weekday"], "period": YEAR},
        """SELECT ['周一','周二','周三','周四','周五','周六','周日'][isodow(occurred_at)], sum(duration_s) / 60 FROM fct_touch
           WHERE delivered AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01' GROUP BY 1""",
    ),
    "objective completion by team": (
        {"metrics": ["objective_completion"], "group_by": ["team"], "period": YEAR},
        """SELECT coalesce(r.team, '未知'), avg(coalesce(objective_met, FALSE)::INT) FROM fct_touch t LEFT JOIN dim_rep r USING (rep_key)
           WHERE delivered AND channel IN ('面对面拜访', '线上拜访') AND objective IS NOT NULL AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01' GROUP BY 1""",
    ),
    "active doctors by segment": (
        {"metrics": ["active_hcps"], "group_by": ["segment"], "period": OCTOBER},
        """SELECT segment, count(*) FROM (SELECT hcp_key FROM fct_touch WHERE occurred_at >= '2026-10-01' AND occurred_at < '2026-11-01' GROUP BY 1
             HAVING count(*) FILTER (WHERE delivered) >= 2 OR bool_or(opened) OR bool_or(clicked)) JOIN dim_hcp USING (hcp_key) GROUP BY 1""",
    ),
    "doctors by stage at the end of October": (
        {"metrics": ["hcps_in_stage"], "group_by": ["stage"], "period": OCTOBER},
        """WITH latest AS (SELECT hcp_key, product, arg_max(stage_rank, (entered_at, stage_rank)) r FROM fct_stage WHERE entered_at < '2026-11-01' GROUP BY 1, 2)
           SELECT ['未知','知晓','认可','尝试','使用','倡导'][m + 1], count(*) FROM (SELECT hcp_key, max(r) m FROM latest GROUP BY 1) GROUP BY 1""",
    ),
    "doctors by stage and product": (
        {"metrics": ["hcps_in_stage"], "group_by": ["product", "stage"], "period": OCTOBER},
        """SELECT coalesce(product, '未知'), ['未知','知晓','认可','尝试','使用','倡导'][r + 1], count(*) FROM (
             SELECT hcp_key, product, arg_max(stage_rank, (entered_at, stage_rank)) r FROM fct_stage WHERE entered_at < '2026-11-01' GROUP BY 1, 2) GROUP BY 1, 2""",
    ),
    "net promoter score by product": (
        {"metrics": ["nps"], "group_by": ["product"], "period": YEAR},
        """SELECT product, avg(CASE WHEN nps >= 9 THEN 1 WHEN nps <= 6 THEN -1 ELSE 0 END) FROM fct_survey
           WHERE nps IS NOT NULL AND answered_at >= '2026-01-01' AND answered_at < '2026-11-01' GROUP BY 1""",
    ),
    "revenue and units by product this year": (
        {"metrics": ["revenue", "units"], "group_by": ["product"], "period": YEAR},
        """SELECT product, sum(revenue_cny), sum(units) FROM fct_sales WHERE month >= '2026-01-01' AND month < '2026-11-01' GROUP BY 1""",
    ),
    "attainment by region": (
        {"metrics": ["attainment"], "group_by": ["region"], "period": YEAR},
        """WITH s AS (SELECT coalesce(region, '未知') g, sum(revenue_cny) v FROM fct_sales LEFT JOIN dim_hospital USING (hospital_key) WHERE month >= '2026-01-01' AND month < '2026-11-01' GROUP BY 1),
                t AS (SELECT coalesce(region, '未知') g, sum(target_revenue_cny) v FROM fct_target WHERE month >= '2026-01-01' AND month < '2026-11-01' GROUP BY 1)
           SELECT g, CASE WHEN t.v > 0 THEN coalesce(s.v, 0)::DOUBLE / t.v::DOUBLE END FROM s FULL JOIN t USING (g)""",
    ),
    "return on spend by product": (
        {"metrics": ["roi"], "group_by": ["product"], "period": YEAR},
        """SELECT product, (SELECT sum(revenue_cny)::DOUBLE FROM fct_sales s WHERE s.product = x.product AND month >= '2026-01-01' AND month < '2026-11-01') / sum(spend_cny)::DOUBLE
           FROM fct_spend x WHERE month >= '2026-01-01' AND month < '2026-11-01' GROUP BY 1""",
    ),
    "cost per touch by channel": (
        {"metrics": ["cost_per_touch"], "group_by": ["channel"], "period": YEAR},
        """WITH s AS (SELECT channel g, sum(spend_cny)::DOUBLE v FROM fct_spend WHERE month >= '2026-01-01' AND month < '2026-11-01' GROUP BY 1),
                t AS (SELECT coalesce(channel, '未知') g, count(*) n FROM fct_touch WHERE delivered AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01' GROUP BY 1)
           SELECT g, coalesce(s.v, 0) / t.n FROM s FULL JOIN t USING (g)""",
    ),
    "consent rate for one purpose": (
        {"metrics": ["consent_rate"], "where": [{"dimension": "purpose", "op": "in", "values": ["market_analysis"]}], "period": OCTOBER},
        """SELECT count(DISTINCT hcp_key) / (SELECT count(*) FROM dim_hcp) FROM fct_consent
           WHERE purpose = 'market_analysis' AND granted_at < '2026-11-01' AND (effective_at IS NULL OR effective_at >= '2026-11-01')""",
    ),
    "experiment conversion by arm": (
        {"metrics": ["experiment_conversion"], "where": [{"dimension": "experiment", "op": "in", "values": ["内容个性化"]}]},
        """SELECT variant, count(converted_at) / count(*) FROM fct_experiment WHERE experiment = '内容个性化' GROUP BY 1""",
    ),
}


def same(got: Any, expected: Any) -> bool:
    if isinstance(got, str) or got is None or expected is None:
        return got == expected
    return math.isclose(float(got), float(expected), rel_tol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_the_planner_gives_what_sql_written_by_hand_gives(name: str, path: Path, warehouse: Warehouse) -> None:
    query, sql = CASES[name]
    found = measured(warehouse, query, today=TODAY)
    with duckdb.connect(str(path), read_only=True) as db:
        expected = sorted(db.execute(sql).fetchall(), key=str)
    got = sorted((tuple(row) for row in found.rows), key=str)
    assert [row[: len(query.get("group_by", ()))] for row in got] == [row[: len(query.get("group_by", ()))] for row in expected]
    for one, other in zip(got, expected, strict=True):
        assert all(same(a, b) for a, b in zip(one, other, strict=True)), (one, other)


def test_a_withdrawal_in_effect_leaves_the_doctor_out_and_a_pending_one_does_not(path: Path, warehouse: Warehouse) -> None:
    found = measured(warehouse, {"metrics": ["reached_hcps", "target_hcps"], "period": YEAR}, today=TODAY, purpose="market_analysis")
    with duckdb.connect(str(path), read_only=True) as db:
        expected = db.execute(
            """WITH out AS (SELECT DISTINCT w.hcp_key FROM fct_consent w WHERE purpose = 'market_analysis' AND effective_at <= TIMESTAMP '2026-11-15 00:00'
                 AND NOT EXISTS (SELECT 1 FROM fct_consent g WHERE g.hcp_key = w.hcp_key AND g.purpose = 'market_analysis' AND g.granted_at > w.withdrawn_at AND g.granted_at < '2026-11-16'))
               SELECT (SELECT count(DISTINCT hcp_key) FROM fct_touch WHERE delivered AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01' AND hcp_key NOT IN (FROM out)),
                      (SELECT count(*) FROM dim_hcp WHERE is_target AND hcp_key NOT IN (FROM out)), (SELECT count(*) FROM out)"""
        ).fetchall()[0]
    assert expected[2] > 3
    assert tuple(found.rows[0]) == expected[:2]


def test_a_representatives_scope_is_the_doctors_assigned_today(path: Path, warehouse: Warehouse) -> None:
    scope = LinkScope(model="assignment", entity="hcp", to_entity="rep", keys=("rep03",), on=TODAY)
    query = {"metrics": ["touches", "reach_rate", "hospital_coverage"], "period": YEAR}
    found = measured(warehouse, query, today=TODAY, scopes=[scope])
    with duckdb.connect(str(path), read_only=True) as db:
        expected = db.execute(
            """WITH own AS (SELECT h.* FROM dim_hcp h WHERE hcp_key IN (SELECT hcp_key FROM dim_assignment WHERE rep_key = 'rep03' AND valid_from <= DATE '2026-11-15'
                              AND (valid_to IS NULL OR valid_to > DATE '2026-11-15'))),
                    t AS (SELECT * FROM fct_touch JOIN own USING (hcp_key) WHERE delivered AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01')
               SELECT (SELECT count(*) FROM t), (SELECT count(DISTINCT hcp_key) FROM t WHERE is_target) / (SELECT count(*) FROM own WHERE is_target),
                      (SELECT count(DISTINCT hospital_key) FROM t) / (SELECT count(*) FROM dim_hospital WHERE hospital_key IN (SELECT hospital_key FROM own))"""
        ).fetchall()[0]
    assert expected[0] > 0
    for got, value in zip(found.rows[0], expected, strict=True):
        assert same(got, value)


def test_a_managers_region_is_the_doctors_and_never_the_representatives(path: Path, warehouse: Warehouse) -> None:
    scope = DimensionScope(dimension="region", values=("华东",))
    found = measured(warehouse, {"metrics": ["touches"], "period": YEAR}, today=TODAY, scopes=[scope])
    with duckdb.connect(str(path), read_only=True) as db:
        expected = db.execute(
            """SELECT count(*) FROM fct_touch JOIN dim_hcp h USING (hcp_key) WHERE delivered AND h.region = '华东' AND occurred_at >= '2026-01-01' AND occurred_at < '2026-11-01'"""
        ).fetchall()
    assert [tuple(found.rows[0])] == expected


def test_the_small_warehouse_has_the_dirt_that_these_cases_are_about(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as db:
        orphans, nulls, days = db.execute(
            """SELECT count(*) FILTER (WHERE hcp_key = 'hcp_gone'), count(*) FILTER (WHERE hcp_key IS NULL), max(occurred_at)::DATE FROM fct_touch"""
        ).fetchall()[0]
    assert orphans > 5 and nulls > 5 and days <= date(2026, 11, 15)
