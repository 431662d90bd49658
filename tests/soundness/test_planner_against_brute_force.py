"""Random warehouses and random legal queries: the planner's every cell, with the persons behind it, is what counting by hand gives."""

from __future__ import annotations

import math
import os
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.errors import UnsoundQuery
from governance.metrics.arranging import arrange
from governance.metrics.parsing import query_from_json
from governance.terms import DimensionScope, MinimumGroup
from tests.fixtures.bundle import catalogue_of, measured, table
from tests.fixtures.random_warehouse import FIRST, TODAY, MemoryWarehouse, random_tables
from tests.soundness.oracle import UNKNOWN, Oracle, units

EXAMPLES = int(os.environ.get("WENSHU_ORACLE_EXAMPLES", "40"))
QUERIES = 8
DAY = timedelta(days=1)
CATALOGUE = catalogue_of()
CATALOGUES = {month: replace(CATALOGUE, settings=CATALOGUE.settings.model_copy(update={"fiscal_year_start": month})) for month in (1, 4)}
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
    if chance.random() < 0.15:
        # From a unit's first day to today: what a month, a quarter, a year to date is compared with.
        return chance.choice((date(2026, 11, 9), date(2026, 11, 1), date(2026, 10, 1), date(2026, 1, 1), TODAY)), TODAY + DAY
    start = FIRST + timedelta(days=chance.randrange(90, 400))
    return start, start + timedelta(days=chance.randrange(1, 60))


def random_query(chance: random.Random, metric: str) -> dict[str, Any]:
    """Invent a legal query of the metric, in a third of the cases together with others that may read other facts."""
    metrics = [metric]
    if chance.random() < 0.35:
        metrics += [name for name in chance.sample(METRICS, 2) if name != metric and not CATALOGUE.metrics[name].parameters.get("single")]
    askable = [name for name in CATALOGUE.dimensions_for(metric) if name in VALUES and all(name in CATALOGUE.dimensions_for(other) for other in metrics)]
    groupable = [name for name in askable if all(name in CATALOGUE.groupable_by(other) for other in metrics)]
    query: dict[str, Any] = {"metrics": metrics, "group_by": chance.sample(groupable, min(len(groupable), chance.choice((0, 0, 1, 1, 2))))}
    whole = bool(SALES_LIKE & set(metrics))
    start, end = random_period(chance, whole)
    query["period"] = {"start": start.isoformat(), "end": end.isoformat()}
    query["where"] = [
        {"dimension": name, "op": chance.choice(("in", "not_in")), "values": chance.sample(VALUES[name], chance.randrange(1, len(VALUES[name])))}
        for name in chance.sample(askable, min(len(askable), chance.choice((0, 0, 1, 2))))
        if len(VALUES[name]) > 1
    ]
    if CATALOGUE.metrics[metric].parameters.get("single") and "experiment" not in query["group_by"]:
        query["where"] = [item for item in query["where"] if item["dimension"] != "experiment"]
        if "experiment" not in askable:
            query["metrics"] = metrics = [metric]
        query["where"].append({"dimension": "experiment", "op": "in", "values": [chance.choice(VALUES["experiment"])]})
    if chance.random() < 0.4 and "target_hcps" not in metrics:
        query["grain"] = chance.choice(("month", "quarter", "year") if whole else ("day", "week", "month", "quarter", "year"))
    if "advance_rate_exposed" not in metrics:
        _compare(chance, query, timed="target_hcps" not in metrics)
    if query["group_by"] and chance.random() < 0.25 and all(CATALOGUE.adds_up(name, query["group_by"]) for name in metrics):
        query["share"] = True
    return query


def _compare(chance: random.Random, query: dict[str, Any], *, timed: bool) -> None:
    if timed and chance.random() < 0.35:
        query["compare"] = chance.choice(("previous_year", "previous_period"))
    elif timed and chance.random() < 0.08:
        query["compare"] = dict(zip(("start", "end"), (day.isoformat() for day in random_period(chance, True)), strict=True))
    elif query["group_by"] and chance.random() < 0.2:
        name = chance.choice(query["group_by"])
        query["compare"] = {"dimension": name, "base": chance.choice(VALUES[name])}


Window = tuple[date, date]


def rows_in_time(query: dict[str, Any], fiscal: int = 1) -> list[tuple[Any, Window, Window | None]]:
    """Return (label, window, base window) of each row, by the plainest reading of domain.md."""
    start, end = _period(query["period"])
    grain, compare = query.get("grain"), query.get("compare")
    explicit = _period(compare) if isinstance(compare, dict) and "start" in compare else None
    rows = [((), start, end)] if grain is None else [((label.isoformat(),), first, last) for label, first, last in units(start, end, grain, fiscal)]
    if explicit is not None:
        others = [explicit] if grain is None else [(first, last) for _, first, last in units(*explicit, grain, fiscal)]
        return [(label, (first, last), others[at] if at < len(others) else None) for at, (label, first, last) in enumerate(rows)]
    if compare == "previous_year":
        return [(label, (first, last), previous_year(first, last, grain)) for label, first, last in rows]
    if compare == "previous_period":
        return [(label, (first, last), before(first, last, grain, fiscal)) for label, first, last in rows]
    return [(label, (first, last), None) for label, first, last in rows]


def _period(given: dict[str, str]) -> Window:
    return date.fromisoformat(given["start"]), date.fromisoformat(given["end"])


def before(first: date, last: date, grain: str | None, fiscal: int) -> Window:
    """Return the period before: of a whole unit the unit before; of whole months as many; of one from a unit's start to today its days of the unit before; else its length."""
    to_today = last == TODAY + DAY
    for unit in [grain] if grain is not None else []:
        (label, _, stop) = (*units(first, first + DAY, unit, fiscal)[0][:2], _unit_end(first, unit, fiscal))
        if label == first and (stop == last or to_today):
            return _of_the_unit_before(first, last, unit, fiscal)
    if first.day == 1 and last.day == 1:
        return months_later(first, -((last.year - first.year) * 12 + last.month - first.month)), first
    if to_today:
        for unit in ("day", "week", "month", "quarter", "year"):
            if units(TODAY, TODAY + DAY, unit, fiscal)[0][0] == first:
                return _of_the_unit_before(first, last, unit, fiscal)
    return first - (last - first), first


def _unit_end(day: date, unit: str, fiscal: int) -> date:
    stop = day
    while units(day, stop + DAY, unit, fiscal)[-1][0] == units(day, day + DAY, unit, fiscal)[0][0]:
        stop += DAY
    return stop


def _of_the_unit_before(first: date, last: date, unit: str, fiscal: int) -> Window:
    start = units(first - DAY, first, unit, fiscal)[0][0]
    if _unit_end(first, unit, fiscal) == last:
        return start, first
    return start, min(start + (last - first), first)


def previous_year(first: date, last: date, grain: str | None) -> Window | None:
    if grain == "week":
        return first - timedelta(days=364), last - timedelta(days=364)
    if first.day == 1 and last.day == 1:
        return months_later(first, -12), months_later(last, -12)
    return months_later(first, -12), months_later(last - DAY, -12) + DAY


def close(got: Any, expected: Any) -> bool:
    if got is None or expected is None:
        return got is None and expected is None
    return math.isclose(float(got), float(expected), rel_tol=1e-9, abs_tol=1e-9)


def judge(tables: Any, query: dict[str, Any], purpose: str | None, region: str | None, warehouse: Any, *, fiscal: int = 1) -> None:
    oracle = Oracle(tables, TODAY, purpose=purpose, region=region)
    scopes = [DimensionScope(dimension="region", values=(region,))] if region else []
    found = measured(warehouse, query, today=TODAY, purpose=purpose, scopes=scopes, data_from=FIRST, catalogue=CATALOGUES[fiscal])
    cells = table(found)
    assert len(cells) == len(found.rows), (query, "two rows of one group")
    contributors = dict(zip(cells, found.contributors, strict=True))
    group_by = [column.name for column in found.columns if column.kind == "dimension"]
    oracle.before = lambda window: before(*window, query.get("grain"), fiscal)
    compare = query.get("compare")
    member = compare if isinstance(compare, dict) and "dimension" in compare else None
    seen = set()
    for label, window, base in rows_in_time(query, fiscal):
        for group in possible_groups(group_by, cells, label):
            if member is not None and group[group_by.index(member["dimension"])] == member["base"]:
                continue
            narrowed = [*query["where"], *_members(group_by, group)]
            key = (*label, *group)
            for metric in query["metrics"]:
                expected = oracle.cell(metric, window, narrowed)
                if key not in cells:
                    assert not expected[""][0], (query, key, expected, "a group is lost")
                    continue
                seen.add(key)
                for suffix, (value, persons) in expected.items():
                    name = metric + suffix
                    assert close(cells[key][name], value), (query, key, name, cells[key][name], value)
                    assert contributors[key][name] == persons, (query, key, name, "persons", contributors[key][name], persons)
                value = expected[""][0]
                if query.get("share"):
                    total = oracle.cell(metric, window, query["where"])[""][0]
                    assert close(cells[key][f"{metric}__share"], float(value) / float(total) if total else None), (query, key, "share", total)
                if compare:
                    others = [*(item for item in query["where"] if member is None or item["dimension"] != member["dimension"]), *_members(group_by, group, member)]
                    other_window = window if member is not None else base
                    base_value, base_persons = oracle.cell(metric, other_window, others)[""] if other_window else (None, None)
                    assert close(cells[key][f"{metric}__base"], base_value), (query, key, base, cells[key], base_value)
                    assert contributors[key][f"{metric}__base"] == base_persons, (query, key, base, "persons of the base")
                    change = None if value is None or base_value is None else value - base_value
                    assert close(cells[key][f"{metric}__change"], change), (query, key)
                    growth = None if change is None or not base_value else float(change) / float(base_value)
                    assert close(cells[key][f"{metric}__growth"], growth), (query, key)
    assert seen == set(cells), (query, set(cells) - seen, "a row that nobody expects")
    rearrange(found, cells, query, random.Random(str(query)))


def _members(group_by: list[str], group: tuple[Any, ...], member: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the filters that leave exactly the group, or the group with the compared member in place of its own."""
    values = [member["base"] if member is not None and name == member["dimension"] else value for name, value in zip(group_by, group, strict=True)]
    return [{"dimension": name, "op": "in", "values": [value]} for name, value in zip(group_by, values, strict=True)]


def rearrange(found: Any, cells: dict[tuple[Any, ...], dict[str, Any]], query: dict[str, Any], chance: random.Random) -> None:
    """Having, order with ranks, keep and limit over the same table, by the plainest reading of contracts.md's work order; nothing is hidden here."""
    metrics = [column.name for column in found.columns if column.kind == "metric"]
    keys = [column.name for column in found.columns if column.kind != "metric"]
    numbers = [row[name] for row in cells.values() for name in metrics if row[name] is not None] or [0]
    having = [{"metric": chance.choice(metrics), "op": chance.choice(("<", "<=", ">", ">=", "=", "!=")), "value": chance.choice(numbers)}] if chance.random() < 0.5 else []
    order = [{"by": chance.choice(metrics), "direction": chance.choice(("asc", "desc"))}]
    dimensions = [name for name in keys if name != "period"]
    keep = [{"dimension": dimensions[0], "values": chance.sample(VALUES[dimensions[0]], 1)}] if dimensions and chance.random() < 0.5 else []
    limit = chance.choice((None, 1, 3))
    asked = query_from_json({**query, "having": having, "order": order, "keep": keep, **({"limit": limit} if limit else {})})
    got = arrange(found, asked, {}, minimum_group=MinimumGroup(entity="person", k=0))

    def ties(key: tuple[Any, ...]) -> tuple[tuple[bool, Any], ...]:
        return tuple((isinstance(part, str), part) for part in key)

    operators = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__, "=": float.__eq__, "!=": float.__ne__}
    by, sign = order[0]["by"], -1 if order[0]["direction"] == "desc" else 1
    left = [
        (key, row) for key, row in cells.items() if all(row[item["metric"]] is not None and operators[item["op"]](float(row[item["metric"]]), float(item["value"])) for item in having)
    ]
    left.sort(key=lambda item: (item[1][by] is None, 0 if item[1][by] is None else sign * item[1][by], ties(item[0])))
    ranks = {key: 1 + sum(other[by] is not None and sign * other[by] < sign * row[by] for _, other in left) for key, row in left if row[by] is not None}
    left = [(key, row) for key, row in left if all(key[keys.index(item["dimension"])] in item["values"] for item in keep)][:limit]
    expected = [(*key, *(row[name] for name in metrics), *([ranks.get(key)] if keep else [])) for key, row in left]
    assert [tuple(row) for row in got.rows] == expected, (query, having, order, keep, limit)


def possible_groups(group_by: list[str], cells: Any, label: tuple[Any, ...]) -> set[tuple[Any, ...]]:
    groups: set[tuple[Any, ...]] = {()}
    for name in group_by:
        groups = {(*group, value) for group in groups for value in (*VALUES[name], UNKNOWN)}
    width = len(label)
    return groups | {key[width:] for key in cells}


def _count_by_hand(seed: int) -> None:
    chance = random.Random(seed)
    tables = random_tables(seed)
    warehouse = MemoryWarehouse(tables)
    try:
        for _ in range(QUERIES):
            metric = chance.choice(METRICS)
            query = random_query(chance, metric)
            purpose = chance.choice((None, "market_analysis"))
            region = "华东" if chance.random() < 0.25 and not SALES_LIKE & set(query["metrics"]) else None
            try:
                judge(tables, query, purpose, region, warehouse, fiscal=chance.choice((1, 1, 4)))
            except UnsoundQuery as error:
                pytest.fail(f"seed {seed}: a legal query was refused: {query}: {error}")
    finally:
        warehouse.close()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_every_cell_is_what_counting_by_hand_gives(seed: int) -> None:
    _count_by_hand(seed)


@pytest.mark.long
@settings(max_examples=20 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_every_cell_of_many_companies_is_what_counting_by_hand_gives(seed: int) -> None:
    _count_by_hand(seed)


def _metric_by_hand(metric: str, seeds: range) -> None:
    for seed in seeds:
        chance = random.Random(f"{metric}-{seed}")
        tables = random_tables(seed * 31 + 5, touches=120)
        warehouse = MemoryWarehouse(tables)
        try:
            for _ in range(5):
                judge(tables, random_query(chance, metric), chance.choice((None, "market_analysis")), None, warehouse)
        finally:
            warehouse.close()


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_is_what_counting_by_hand_gives(metric: str) -> None:
    _metric_by_hand(metric, range(2))


@pytest.mark.long
@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_is_what_counting_by_hand_gives_in_more_companies(metric: str) -> None:
    _metric_by_hand(metric, range(2, 22))
