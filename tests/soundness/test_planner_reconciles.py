"""An answer reconciles with the fact tables: the rows it says it used, and those without a match, are what counting rows one by one gives."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from governance.errors import UnsoundQuery
from governance.terms import DimensionScope
from tests.fixtures.bundle import measured, table
from tests.fixtures.random_warehouse import FIRST, TODAY, MemoryWarehouse, random_tables
from tests.soundness.oracle_rows import BY_CELL, LASTING, TOUCH_ONLY, RowOracle, Side, in_unknown, unmatched
from tests.soundness.test_planner_against_brute_force import (
    CATALOGUES,
    METRICS,
    SALES_LIKE,
    before,
    possible_groups,
    random_query,
    rows_in_time,
)

TIMELESS = {("target_hcps", "value"), ("reach_rate", "denominator"), ("consent_rate", "denominator"), ("hospital_coverage", "denominator")}
DECLARED = {"stage"}
"""Of this dimension 未知 is a value of its own and no unknown group."""


def narrowed(query: dict[str, Any], group: tuple[Any, ...], group_by: list[str]) -> list[Any]:
    """The filters of the group's cell; a compared member is beside those that the query's own filters leave."""
    compare = query.get("compare")
    member = compare if isinstance(compare, dict) and "dimension" in compare else None
    where = []
    for item in query["where"]:
        if member is None or item["dimension"] != member["dimension"]:
            where.append(item)
        elif item["op"] == "in":
            where.append({**item, "values": [*item["values"], member["base"]]})
        else:
            where.append({**item, "values": [value for value in item["values"] if value != member["base"]]})
    return [*where, *({"dimension": name, "op": "in", "values": [value]} for name, value in zip(group_by, group, strict=True))]


def expected(oracle: RowOracle, query: dict[str, Any], metric: str, windows: list[Any], groups: set[tuple[Any, ...]], group_by: list[str]) -> list[Side]:
    """The rows of every side of the metric, over all windows and groups of the answer."""
    by = group_by if metric in BY_CELL else []
    cells: dict[int, dict[tuple[Any, ...], Side]] = {}
    for window in windows:
        for group in groups if by else {()}:
            for at, side in enumerate(oracle.sides(metric, window, narrowed(query, group, by))):
                # A population is not divided by what only the other side has: each of its groups counts once.
                own = tuple(value for name, value in zip(by, group, strict=True) if side.can is None or name in side.can)
                cells.setdefault(at, {}).setdefault((window, *own), side)
        for at, side in enumerate(oracle.sides(metric, window, narrowed(query, (), []))):
            if side.side == "exposure":
                cells[at] = {key: found for key, found in cells[at].items() if key[0] != window} | {(window,): side}
    out = []
    for _, found in sorted(cells.items()):
        one = next(iter(found.values()))
        out.append(Side(one.side, one.table, [row for side in found.values() for row in side.rows], one.can))
    return out


def reconcile(tables: Any, query: dict[str, Any], purpose: str | None, region: str | None, warehouse: Any, *, fiscal: int = 1) -> Counter[str]:
    """Fail unless every count of rows is what the oracle finds; return how many were held against it."""
    oracle = RowOracle(tables, TODAY, purpose=purpose, region=region)
    oracle.before = lambda window: before(*window, query.get("grain"), fiscal)
    scopes = [DimensionScope(dimension="region", values=(region,))] if region else []
    found = measured(warehouse, query, today=TODAY, purpose=purpose, scopes=scopes, data_from=FIRST, catalogue=CATALOGUES[fiscal])
    group_by = [column.name for column in found.columns if column.kind == "dimension"]
    groups = possible_groups(group_by, {key[1:] if query.get("grain") else key: row for key, row in table(found).items()}, ())
    times = rows_in_time(query, fiscal)
    counts: Counter[str] = Counter()
    for metric in query["metrics"]:
        for of, spans in (("asked", [window for _, window, _ in times]), ("compared", [base for _, _, base in times if base is not None])):
            items = [item for item in found.facts if item.metric == metric and item.of == of]
            if isinstance(query.get("compare"), dict) and "dimension" in query["compare"] and of == "compared":
                assert items == []
                continue
            windows = sorted(set(spans))
            if not windows:
                assert items == []
                continue
            apart = all(one[1] <= other[0] for one, other in pairwise(windows))
            last = len(windows) > 1 and (not apart or metric in LASTING or (metric == "consent_rate"))
            ends = [max(windows, key=lambda window: window[1])] if last else windows
            sides = expected(oracle, query, metric, ends, groups, group_by)
            if of == "compared":
                sides = [side for side in sides if (metric, side.side) not in TIMELESS]
            assert [(item.side, item.table) for item in items] == [(side.side, side.table) for side in sides], (query, metric, of)
            once = expected(oracle, query, metric, ends[-1:], groups, group_by)
            for at, item in enumerate(items):
                timeless = (metric, item.side) in TIMELESS
                side = next(found for found in once if found.side == item.side) if timeless else sides[at]
                assert item.last == (last and not timeless), (query, item)
                if item.rows is None:
                    assert metric == "advance_rate_exposed" and set(group_by) & set(TOUCH_ONLY), (query, item)
                    continue
                assert item.rows == len(side.rows), (query, metric, of, item, len(side.rows))
                for way, count in item.unmatched.items():
                    assert count == unmatched(oracle, side.rows, way), (query, metric, of, item, way)
                for name, count in item.unknown.items():
                    assert name in group_by and name not in DECLARED
                    assert count == in_unknown(oracle, metric, side, name), (query, metric, of, item, name)
                missing = {name for name in group_by if name not in item.unknown and (side.can is None or name in side.can)} - DECLARED
                assert not missing, (query, item)
                counts["counts"] += 1
                counts["with unmatched rows"] += any(item.unmatched.values())
    return counts


def _reconciled(metric: str, seeds: range) -> Counter[str]:
    counts: Counter[str] = Counter()
    for seed in seeds:
        chance = random.Random(f"rows {metric} {seed}")
        tables = random_tables(seed * 17 + 3, touches=140)
        warehouse = MemoryWarehouse(tables)
        try:
            for _ in range(5):
                query = random_query(chance, metric)
                purpose = chance.choice((None, "market_analysis"))
                region = "华东" if chance.random() < 0.25 and not SALES_LIKE & set(query["metrics"]) else None
                try:
                    counts += reconcile(tables, query, purpose, region, warehouse, fiscal=chance.choice((1, 1, 4)))
                except UnsoundQuery as error:
                    pytest.fail(f"a legal query was refused: {query}: {error}")
        finally:
            warehouse.close()
    return counts


@pytest.mark.parametrize("metric", METRICS)
def test_rows_used_and_unmatched_are_what_counting_rows_gives(metric: str) -> None:
    assert _reconciled(metric, range(2))["counts"] >= 10


@pytest.mark.long
@pytest.mark.parametrize("metric", METRICS)
def test_rows_used_and_unmatched_are_what_counting_rows_gives_in_more_companies(metric: str) -> None:
    assert _reconciled(metric, range(2, 22))["counts"] >= 100
