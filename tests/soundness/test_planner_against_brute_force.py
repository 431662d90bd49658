"""Random warehouses and random legal queries: the planner's every cell, with the persons behind it, is what counting by hand gives."""

from __future__ import annotations

import math
import os
import random
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.errors import UnsoundQuery
from governance.terms import DimensionScope
from tests.fixtures.bundle import catalogue_of, measured, table
from tests.fixtures.random_warehouse import FIRST, TODAY, MemoryWarehouse, random_tables
from tests.soundness.oracle import UNKNOWN, Oracle, units

EXAMPLES = int(os.environ.get("WENSHU_ORACLE_EXAMPLES", "80"))
QUERIES = 8
CATALOGUE = catalogue_of()
VALUES: dict[str, tuple[Any, ...]] = {
    "region": ("华东", "华北", UNKNOWN), "province": ("浙江", "北京", UNKNOWN), "city_tier": ("一线", "新一线", UNKNOWN), "specialty": ("心内科", "肿瘤科", UNKNOWN),
    "segment": ("A", "B", UNKNOWN), "is_target": ("是", "否", UNKNOWN), "hospital": ("甲", "乙", "丙", UNKNOWN), "hospital_level": ("三级", "二级", UNKNOWN),
    "channel": ("面对面拜访", "线上拜访", "微信", "邮件", "线上会议", "学术会议", UNKNOWN), "channel_type": ("线上", "线下", UNKNOWN),
    "product": ("康舒平", "糖衡", UNKNOWN), "campaign": ("春", UNKNOWN), "topic": ("有效性", UNKNOWN), "team": ("一队", "二队", UNKNOWN), "rep": ("rep0", "rep1", UNKNOWN),
    "hour": (0, 9, 23), "weekday": ("周一", "周日"), "stage": ("未知", "知晓", "尝试", "使用"), "experiment": ("甲实验", "乙实验"), "variant": ("A", "B"),
    "purpose": ("market_analysis", "medical_insight"),
}
SALES_LIKE = {"revenue", "units", "target_revenue", "attainment", "revenue_rolling_12m", "revenue_ytd", "spend", "cost_per_touch", "roi", "planned_touches", "plan_completion"}
NEEDS_COMPLETE = {"attainment", "revenue_rolling_12m", "cost_per_touch", "roi", "plan_completion"}
SKIPPED = {"data_accesses", "denied_accesses"}
METRICS = sorted(set(CATALOGUE.metrics) - SKIPPED)


def months_later(day: date, count: int) -> date:
    return (pd.Timestamp(day) + pd.DateOffset(months=count)).date()


def random_period(chance: random.Random, whole: bool) -> tuple[date, date]:
    if whole or chance.random() < 0.5:
        start = months_later(FIRST, chance.randrange(3, 14))
        return start, min(months_later(start, chance.randrange(1, 5)), date(2026, 11, 1)) if start < date(2026, 11, 1) else months_later(start, 1)
    start = FIRST + timedelta(days=chance.randrange(90, 400))
    return start, start + timedelta(days=chance.randrange(1, 60))


def random_query(chance: random.Random, metric: str) -> dict[str, Any]:
    askable = [name for name in CATALOGUE.dimensions_for(metric) if name in VALUES]
    groupable = [name for name in CATALOGUE.groupable_by(metric) if name in VALUES]
    query: dict[str, Any] = {"metrics": [metric], "group_by": chance.sample(groupable, min(len(groupable), chance.choice((0, 0, 1, 1, 2))))}
    whole = metric in SALES_LIKE
    start, end = random_period(chance, whole)
    query["period"] = {"start": start.isoformat(), "end": end.isoformat()}
    query["where"] = [
        {"dimension": name, "op": chance.choice(("in", "not_in")), "values": chance.sample(VALUES[name], chance.randrange(1, len(VALUES[name])))}
        for name in chance.sample(askable, min(len(askable), chance.choice((0, 0, 1, 2))))
        if len(VALUES[name]) > 1
    ]
    if CATALOGUE.metrics[metric].parameters.get("single") and "experiment" not in query["group_by"]:
        query["where"] = [item for item in query["where"] if item["dimension"] != "experiment"]
        query["where"].append({"dimension": "experiment", "op": "in", "values": [chance.choice(VALUES["experiment"])]})
    if chance.random() < 0.4 and metric != "target_hcps":
        query["grain"] = chance.choice(("month", "quarter", "year") if whole else ("day", "week", "month", "quarter", "year"))
    if chance.random() < 0.35 and metric not in {"target_hcps", "advance_rate_exposed"} and start.day == 1 and end.day == 1:
        query["compare"] = chance.choice(("previous_year", "previous_period"))
    return query


def rows_in_time(query: dict[str, Any]) -> list[tuple[Any, tuple[date, date], tuple[date, date] | None]]:
    """Return (label, window, base window) of each row, by the plainest reading of domain.md; compared periods here are whole months."""
    start, end = (date.fromisoformat(query["period"][name]) for name in ("start", "end"))
    grain, compare = query.get("grain"), query.get("compare")
    if grain is None:
        n = (end.year - start.year) * 12 + end.month - start.month
        back = 12 if compare == "previous_year" else n
        base = (months_later(start, -back), months_later(end, -back)) if compare else None
        return [((), (start, end), base)]
    out = []
    for label, first, last in units(start, end, grain):
        base = None
        whole = units(first, last, grain)[0][1:] == (first, last) and label == first and units(last, last + timedelta(days=1), grain)[0][0] == last
        if compare == "previous_year":
            base = previous_year(first, last, grain)
        elif compare == "previous_period":
            if whole:
                base = units(first - timedelta(days=1), first, grain)[0][0], first
            elif first.day == 1 and last.day == 1:
                n = (last.year - first.year) * 12 + last.month - first.month
                base = months_later(first, -n), first
            elif first.weekday() == 0 and (last - first).days % 7 == 0:
                base = first - (last - first), first
            else:
                base = first - (last - first), first
        out.append(((label.isoformat(),), (first, last), base))
    return out


def previous_year(first: date, last: date, grain: str) -> tuple[date, date] | None:
    if grain == "week":
        return first - timedelta(days=364), last - timedelta(days=364)
    if first.day == 1 and last.day == 1:
        return months_later(first, -12), months_later(last, -12)
    return months_later(first, -12), months_later(last - timedelta(days=1), -12) + timedelta(days=1)


def close(got: Any, expected: Any) -> bool:
    if got is None or expected is None:
        return got is None and expected is None
    return math.isclose(float(got), float(expected), rel_tol=1e-9, abs_tol=1e-9)


def judge(tables: Any, query: dict[str, Any], purpose: str | None, region: str | None, warehouse: Any) -> None:
    (metric,) = query["metrics"]
    oracle = Oracle(tables, TODAY, purpose=purpose, region=region)
    scopes = [DimensionScope(dimension="region", values=(region,))] if region else []
    found = measured(warehouse, query, today=TODAY, purpose=purpose, scopes=scopes, data_from=FIRST)
    cells = table(found)
    contributors = dict(zip(cells, found.contributors, strict=True))
    group_by = [column.name for column in found.columns if column.kind == "dimension"]
    oracle.before = lambda window: before_of(query, window)
    seen = set()
    for label, window, base in rows_in_time(query):
        for group in possible_groups(group_by, cells, label):
            narrowed = [*query["where"], *({"dimension": n, "op": "in", "values": [v]} for n, v in zip(group_by, group, strict=True))]
            expected = oracle.cell(metric, window, narrowed)
            key = (*label, *group)
            if key not in cells:
                assert not expected[""][0], (query, key, expected, "a group is lost")
                continue
            seen.add(key)
            for suffix, (value, persons) in expected.items():
                name = metric + suffix
                assert close(cells[key][name], value), (query, key, name, cells[key][name], value)
                assert contributors[key][name] == persons, (query, key, name, "persons", contributors[key][name], persons)
            if query.get("compare"):
                base_value, base_persons = oracle.cell(metric, base, narrowed)[""] if base else (None, None)
                assert close(cells[key][f"{metric}__base"], base_value), (query, key, base, cells[key], base_value)
                assert contributors[key][f"{metric}__base"] == base_persons, (query, key, base)
                value = expected[""][0]
                change = None if value is None or base_value is None else value - base_value
                assert close(cells[key][f"{metric}__change"], change), (query, key)
                growth = None if change is None or not base_value else float(change) / float(base_value)
                assert close(cells[key][f"{metric}__growth"], growth), (query, key)
    assert seen == set(cells), (query, set(cells) - seen, "a row that nobody expects")


def before_of(query: dict[str, Any], window: tuple[date, date]) -> tuple[date, date]:
    asked = {**query, "compare": "previous_period", "period": {"start": window[0].isoformat(), "end": window[1].isoformat()}}
    if query.get("grain") is not None and len(units(*window, query["grain"])) > 1:
        asked["grain"] = None  # the base of a cut unit can lie across two: it is no unit of its own
    if asked.get("grain") is None and not (window[0].day == 1 and window[1].day == 1):
        days = window[1] - window[0]
        if window[0].weekday() == 0 and window[1].weekday() == 0:
            return window[0] - days, window[0]
        return window[0] - days, window[0]
    base = rows_in_time(asked)[0][2]
    assert base is not None
    return base


def possible_groups(group_by: list[str], cells: Any, label: tuple[Any, ...]) -> set[tuple[Any, ...]]:
    groups: set[tuple[Any, ...]] = {()}
    for name in group_by:
        groups = {(*group, value) for group in groups for value in (*VALUES[name], UNKNOWN)}
    width = len(label)
    return groups | {key[width:] for key in cells}


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_every_cell_is_what_counting_by_hand_gives(seed: int) -> None:
    chance = random.Random(seed)
    tables = random_tables(seed)
    warehouse = MemoryWarehouse(tables)
    try:
        for _ in range(QUERIES):
            metric = chance.choice(METRICS)
            query = random_query(chance, metric)
            purpose = chance.choice((None, "market_analysis"))
            region = "华东" if chance.random() < 0.25 and metric not in SALES_LIKE else None
            try:
                judge(tables, query, purpose, region, warehouse)
            except UnsoundQuery as error:
                pytest.fail(f"seed {seed}: a legal query was refused: {query}: {error}")
    finally:
        warehouse.close()


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_is_what_counting_by_hand_gives(metric: str) -> None:
    for seed in range(3):
        chance = random.Random(f"{metric}-{seed}")
        tables = random_tables(seed * 31 + 5, touches=120)
        warehouse = MemoryWarehouse(tables)
        try:
            for _ in range(5):
                judge(tables, random_query(chance, metric), chance.choice((None, "market_analysis")), None, warehouse)
        finally:
            warehouse.close()
