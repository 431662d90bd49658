"""Imported metrics give the numbers that the same definitions give in SQL written by hand, by month and by a joined dimension."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from governance.bundle.loading import load_bundle
from governance.inforce import catalogue_of
from governance.interchange import import_project
from governance.metrics.catalogue import Catalogue
from tests.fixtures.bundle import measured, opened, table
from tests.fixtures.interchange import TODAY, write_project, write_warehouse
from wenshu.interchanging import column_types

RIDES = "FROM fct_rides r LEFT JOIN dim_stations s ON r.station_id = s.station_id LEFT JOIN dim_members m ON r.member_id = m.member_id"
REPAIRS = "FROM fct_repairs p LEFT JOIN dim_stations s ON p.station_id = s.station_id"
RIDDEN, REPORTED = "r.started_at", "p.reported_on"
CITY_FEES = "COALESCE(SUM(CASE WHEN r.kind = 'city' THEN r.fee END), 0)"

HAND_WRITTEN: dict[str, tuple[str, str, str, str]] = {
    # metric: (value, tables, time, condition)
    "ride_count": ("COUNT(*)", RIDES, RIDDEN, "TRUE"),
    "minutes_total": ("SUM(r.minutes)", RIDES, RIDDEN, "TRUE"),
    "fee_total": ("SUM(r.fee)", RIDES, RIDDEN, "TRUE"),
    "fee_cents_total": ("SUM(r.fee * 100)", RIDES, RIDDEN, "TRUE"),
    "electric_rides": ("SUM(CASE WHEN r.is_electric THEN 1 ELSE 0 END)", RIDES, RIDDEN, "TRUE"),
    "rides_of_kind": ("COUNT(r.kind)", RIDES, RIDDEN, "TRUE"),
    "active_riders": ("COUNT(DISTINCT r.member_id)", RIDES, RIDDEN, "TRUE"),
    "tariffs_used": ("COUNT(DISTINCT r.tariff)", RIDES, RIDDEN, "TRUE"),
    "average_minutes": ("AVG(r.minutes)", RIDES, RIDDEN, "TRUE"),
    "long_city_rides": ("SUM(CASE WHEN r.minutes >= 30 AND r.kind = 'city' THEN 1 ELSE 0 END)", RIDES, RIDDEN, "TRUE"),
    "reports": ("COUNT(p.repair_id)", REPAIRS, REPORTED, "TRUE"),
    "fixes": ("COUNT(p.repair_id)", REPAIRS, "p.fixed_on", "TRUE"),
    "repair_cost": ("SUM(p.cost)", REPAIRS, REPORTED, "TRUE"),
    "city_bike_fees": ("SUM(r.fee)", RIDES, RIDDEN, "r.kind = 'city'"),
    "fees_not_city": ("SUM(r.fee)", RIDES, RIDDEN, "r.kind != 'city'"),
    "rides_east": ("COUNT(*)", RIDES, RIDDEN, "s.city = 'East'"),
    "rides_elsewhere": ("COUNT(*)", RIDES, RIDDEN, "s.city NOT IN ('East', 'North')"),
    "rides_without_city": ("COUNT(*)", RIDES, RIDDEN, "s.city IS NULL"),
    "rides_large": ("COUNT(*)", RIDES, RIDDEN, "s.docks >= 10 AND s.covered"),
    "rides_gold_or_long": ("COUNT(*)", RIDES, RIDDEN, "m.tier IN ('gold', 'silver') OR NOT (r.kind = 'city' OR r.is_electric)"),
    "rides_late_winter": ("COUNT(*)", RIDES, RIDDEN, "DATE_TRUNC('day', r.started_at) BETWEEN '2025-02-10' AND '2025-03-05'"),
    "rides_by_members": ("COUNT(*)", RIDES, RIDDEN, "r.member_id IS NOT NULL"),
    "fee_per_ride": ("SUM(r.fee) / COUNT(*)", RIDES, RIDDEN, "TRUE"),
    "electric_fee_share": ("SUM(CASE WHEN r.is_electric = true THEN r.fee END) / NULLIF(SUM(r.fee), 0)", RIDES, RIDDEN, "TRUE"),
    "east_minutes_per_gold_ride": ("AVG(r.minutes) / NULLIF(SUM(CASE WHEN m.tier = 'gold' THEN 1 ELSE 0 END), 0)", RIDES, RIDDEN, "s.city = 'East'"),
    # Where there are no fees of city bikes there is zero of them (the report says so of all metrics).
    "fee_minus_half_city": (f"COALESCE(SUM(r.fee), 0) - (COALESCE(SUM(r.fee), 0) - 2 * {CITY_FEES}) / 4", RIDES, RIDDEN, "TRUE"),
}


OFFSETS = [
    # metric, its input, the input's condition, the offset, both together; where there is nothing there is zero of it (the report says so of all metrics)
    ("rides_growth", "COUNT(*)", "TRUE", "1 MONTH", "COALESCE(told.v, 0) - COALESCE(e.v, 0)"),
    ("fees_against_week", "SUM(r.fee)", "r.kind = 'city'", "1 WEEK", "COALESCE(told.v, 0) / NULLIF(e.v, 0)"),
    ("fee_per_ride_change", "COALESCE(SUM(r.fee), 0) / COUNT(*)", "TRUE", "3 MONTH", "told.v - e.v"),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_warehouse(tmp_path_factory.mktemp("bikes") / "warehouse.duckdb")


@pytest.fixture(scope="module")
def catalogue(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("import")
    import_project(write_project(folder / "project"), folder / "bundle", today=TODAY, types=column_types(f"duckdb:///{warehouse}"))
    return catalogue_of(load_bundle(folder / "bundle"))


def asked(path: Path, catalogue: Catalogue, metrics: list[str], group_by: list[str], *, start: str = "2024-01-01", end: str = "2025-04-01", grain: str = "month"):
    query: dict[str, Any] = {"metrics": metrics, "group_by": group_by, "grain": grain, "period": {"start": start, "end": end}}
    with opened(path) as found:
        return table(measured(found, query, today=TODAY, catalogue=catalogue))


def by_hand(path: Path, sql: str) -> dict[tuple[Any, ...], Any]:
    with duckdb.connect(str(path), read_only=True) as db:
        return {tuple(told(cell) for cell in row[:-1]): row[-1] for row in db.execute(sql).fetchall()}


def told(cell: Any) -> Any:
    return "未知" if cell is None else cell.isoformat() if isinstance(cell, date) else cell


def said(cells: dict[tuple[Any, ...], Any]) -> dict[tuple[Any, ...], float]:
    """Leave out what is nothing: zero here is no row there."""
    return {key: float(value) for key, value in cells.items() if value not in {None, 0}}


@pytest.mark.parametrize("metric", HAND_WRITTEN)
@pytest.mark.parametrize("dimension", [None, "station_city"])
def test_an_imported_metric_gives_the_number_of_the_sql_written_by_hand(metric: str, dimension: str | None, warehouse: Path, catalogue: Catalogue):
    value, tables, time, condition = HAND_WRITTEN[metric]
    keys = [f"DATE_TRUNC('month', {time})::DATE", *(["s.city"] if dimension else [])]
    sql = f"SELECT {', '.join(keys)}, {value} {tables} WHERE ({condition}) AND {time} >= '2024-01-01' AND {time} < '2025-04-01' GROUP BY ALL"
    ours = asked(warehouse, catalogue, [metric], [dimension] if dimension else [])
    expected = said(by_hand(warehouse, sql))
    assert expected, "the oracle must have something to say"
    assert said({key: cells[metric] for key, cells in ours.items()}) == pytest.approx(expected)


@pytest.mark.parametrize("dimension", ["ride_kind", "ride_is_electric", "member_tier", "station_docks"])
def test_every_kind_of_dimension_groups_as_in_sql(dimension: str, warehouse: Path, catalogue: Catalogue):
    column = {"ride_kind": "r.kind", "ride_is_electric": "r.is_electric", "member_tier": "m.tier", "station_docks": "s.docks"}[dimension]
    if dimension == "ride_is_electric":
        column = f"CASE WHEN {column} THEN 'true' ELSE 'false' END"
    expected = by_hand(warehouse, f"SELECT DATE_TRUNC('month', r.started_at)::DATE, {column}, COUNT(*) {RIDES} GROUP BY ALL")
    ours = asked(warehouse, catalogue, ["ride_count"], [dimension])
    assert said({key: cells["ride_count"] for key, cells in ours.items()}) == said(expected)


def test_a_metric_over_two_facts_adds_each_alone_before_they_meet(warehouse: Path, catalogue: Catalogue):
    fees = by_hand(warehouse, f"SELECT DATE_TRUNC('month', r.started_at)::DATE, s.city, SUM(r.fee) {RIDES} GROUP BY ALL")
    costs = by_hand(warehouse, f"SELECT DATE_TRUNC('month', p.reported_on)::DATE, s.city, SUM(p.cost) {REPAIRS} GROUP BY ALL")
    both = [key for key in fees.keys() & costs.keys() if fees[key] is not None and costs[key] is not None]
    ours = asked(warehouse, catalogue, ["margin", "margin_rate"], ["station_city"])
    assert len(both) > 20
    for key in both:
        margin = float(fees[key]) - float(costs[key])
        assert ours[key]["margin"] == pytest.approx(margin)
        assert ours[key]["margin_rate"] == pytest.approx(margin * 100.0 / float(fees[key]))


def test_a_total_to_date_is_the_running_total_of_each_day(warehouse: Path, catalogue: Catalogue):
    sql = """
        SELECT d.day::DATE, SUM(r.fee) FROM (SELECT UNNEST(GENERATE_SERIES(DATE '2025-01-01', DATE '2025-02-28', INTERVAL 1 DAY)) AS day) d
        JOIN fct_rides r ON DATE_TRUNC('month', d.day) <= DATE_TRUNC('day', r.started_at) AND DATE_TRUNC('day', r.started_at) <= d.day
        GROUP BY ALL
    """
    ours = asked(warehouse, catalogue, ["fees_month_to_date"], [], start="2025-01-01", end="2025-03-01", grain="day")
    assert said({key: cells["fees_month_to_date"] for key, cells in ours.items()}) == pytest.approx(said(by_hand(warehouse, sql)))


def test_a_window_of_twelve_months_is_the_interval_before_each_day_and_empty_where_it_begins_before_the_data(warehouse: Path, catalogue: Catalogue):
    sql = """
        SELECT d.day::DATE, SUM(r.fee) FROM (SELECT UNNEST(GENERATE_SERIES(DATE '2025-01-01', DATE '2025-03-31', INTERVAL 1 DAY)) AS day) d
        JOIN fct_rides r ON DATE_TRUNC('day', r.started_at) <= d.day AND DATE_TRUNC('day', r.started_at) > d.day - INTERVAL 12 MONTH
        GROUP BY ALL
    """
    ours = asked(warehouse, catalogue, ["fees_12_months"], [], start="2025-01-01", end="2025-04-01", grain="day")
    expected = said(by_hand(warehouse, sql))
    # The report names the difference: 28 February less twelve months is 28 February of the leap year, here the month is whole.
    leap = max(key for key in expected if key[0] == "2025-02-28")
    told = said({key: cells["fees_12_months"] for key, cells in ours.items()})
    assert {key: value for key, value in told.items() if key != leap} == pytest.approx({key: value for key, value in expected.items() if key != leap})
    early = asked(warehouse, catalogue, ["fees_12_months"], [], start="2024-03-01", end="2024-06-01")
    assert {cells["fees_12_months"] for cells in early.values()} == {None}


@pytest.mark.parametrize("city", [False, True])
@pytest.mark.parametrize(("grain", "metric", "value", "condition", "back", "joined"), [
    # No month begins a week after a month's beginning: the report names the difference.
    (grain, *rest) for grain in ("day", "month") for rest in OFFSETS if (grain, rest[0]) != ("month", "fees_against_week")
])  # fmt: skip
def test_an_offset_input_is_the_number_of_the_unit_that_many_before(
    grain: str, city: bool, metric: str, value: str, condition: str, back: str, joined: str, warehouse: Path, catalogue: Catalogue
):
    """MetricFlow aggregates at the asked unit and joins a time spine less the interval."""
    keys = f"DATE_TRUNC('{grain}', r.started_at)::DATE AS t, {'s.city' if city else 'NULL::VARCHAR'} AS c"
    shown = "COALESCE(told.t, e.t), COALESCE(told.c, e.c)" if city else "COALESCE(told.t, e.t)"
    sql = f"""
        WITH told AS (SELECT {keys}, {value} AS v {RIDES} WHERE {condition} GROUP BY ALL),
        spine AS (SELECT DISTINCT DATE_TRUNC('{grain}', d)::DATE AS t FROM (SELECT UNNEST(GENERATE_SERIES(DATE '2024-01-01', DATE '2025-03-31', INTERVAL 1 DAY)) AS d)),
        earlier AS (SELECT spine.t, told.c, told.v FROM spine JOIN told ON spine.t - INTERVAL {back} = told.t)
        SELECT {shown}, {joined} FROM told FULL JOIN earlier e ON told.t = e.t AND told.c IS NOT DISTINCT FROM e.c
    """
    ours = asked(warehouse, catalogue, [metric], ["station_city"] if city else [], grain=grain)
    expected = said(by_hand(warehouse, sql))
    assert len(expected) > 5
    assert said({key: cells[metric] for key, cells in ours.items()}) == pytest.approx(expected)
