"""The rows that an answer says it used tell no more of persons than its table does."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from governance.disclosure.protect import protect
from governance.reconciling import reconciled, rows_to_json
from governance.terms import DimensionScope, Measured, MinimumGroup
from tests.fixtures.bundle import measured
from tests.fixtures.random_warehouse import FIRST, TODAY, MemoryWarehouse, random_tables
from tests.soundness.oracle_rows import BY_CELL, RowOracle, unmatched
from tests.soundness.test_planner_against_brute_force import METRICS, SALES_LIKE, before, random_query, rows_in_time
from tests.soundness.test_planner_business_traps import OCTOBER, doctor, touch
from tests.soundness.test_planner_reconciles import TIMELESS, expected

K = 3


def answer(tables: dict[str, Any], query: dict[str, Any], *, k: int = K, protection: str = "exact") -> Measured:
    """The query's table with its counts as they may be told."""
    warehouse = MemoryWarehouse(tables)
    found = measured(warehouse, {"period": OCTOBER, **query}, today=TODAY, k=k)
    warehouse.close()
    columns: tuple[Any, ...] = tuple(replace(column, protection=protection) if column.kind == "metric" else column for column in found.columns)
    found = replace(found, columns=columns)
    return reconciled(found, protect(found, MinimumGroup(entity="hcp", k=k)), k)


def company(*lost: str) -> dict[str, Any]:
    """Six doctors in one region, each with a touch, and a touch of each key that belongs to no doctor."""
    doctors = [f"d{number}" for number in range(6)]
    return {"dim_hcp": [doctor(key) for key in doctors], "fct_touch": [touch(number, key) for number, key in enumerate([*doctors, *lost])]}


WITHOUT_SOUTH = [{"dimension": "region", "op": "not_in", "values": ["华南"]}]


def test_rows_of_enough_unmatched_persons_are_counted() -> None:
    (rows,) = answer(company("x", "y", "z", "z"), {"metrics": ["touches"], "where": WITHOUT_SOUTH}).facts
    assert (rows.rows, rows.unmatched) == (10, {"hcp": 4})


@pytest.mark.parametrize("lost", [("x",), ("x", "y"), ("x",) * 40, (None, None, None, None)])
def test_rows_of_few_unmatched_persons_are_not_counted_however_many_rows_they_are(lost: tuple[str, ...]) -> None:
    told = answer(company(*lost), {"metrics": ["touches"], "where": WITHOUT_SOUTH})
    assert [rows.unmatched for rows in told.facts] == [{"hcp": None}]
    (note,) = [note.text for note in told.notes if note.code == "unmatched"]
    assert note.zh == f"“触达”使用了 {6 + len(lost)} 行，其中有行没有对应的“医生”，归入“未知”，行数不给出。"
    assert note.en == f"Touches: {6 + len(lost)} rows used, some of them, not told how many, without a match in Doctors, which are in the unknown group."


def test_rows_are_not_counted_where_the_matched_are_few() -> None:
    tables = {"dim_hcp": [doctor("d0")], "fct_touch": [touch(number, key) for number, key in enumerate(["d0", "w", "x", "y", "z"])]}
    (rows,) = answer(tables, {"metrics": ["touches"], "where": WITHOUT_SOUTH}).facts
    assert (rows.rows, rows.unmatched) == (5, {"hcp": None})


def test_rows_are_not_counted_beside_a_hidden_cell() -> None:
    told = answer(company("x"), {"metrics": ["reached_hcps"], "group_by": ["region"]})
    assert [(rows.rows, rows.unmatched, rows.unknown) for rows in told.facts] == [(None, {"hcp": None}, {"region": None})]
    assert told.notes[-1].text.en.startswith("Touches: the number of rows is not told, since it would give away what is protected")


@pytest.mark.parametrize("protection", ["noisy", "rounded"])
def test_a_blurred_number_is_not_told_exactly_as_a_count_of_rows(protection: str) -> None:
    (rows,) = answer(company("x", "y", "z"), {"metrics": ["touches"], "where": WITHOUT_SOUTH}, protection=protection).facts
    assert (rows.rows, rows.unmatched) == (None, {"hcp": None})
    (rows,) = answer(company(), {"metrics": ["touches"], "where": WITHOUT_SOUTH}, protection=protection).facts
    assert (rows.rows, rows.unmatched) == (None, {"hcp": 0})


def test_facts_without_persons_are_counted_as_they_are() -> None:
    sales = [{"hospital_key": key, "product": "康舒平", "month": TODAY.replace(month=10, day=1), "units": 1, "revenue_cny": 5} for key in ("h1", "gone")]
    tables = {"dim_hospital": [{"hospital_key": "h1", "hospital_name": "甲", "region": "华东"}], "fct_sales": sales}
    told = answer(tables, {"metrics": ["revenue"], "group_by": ["region"]})
    assert rows_to_json(told.facts, "en") == [
        {
            "metric": "revenue", "side": "value", "of": "asked", "fact": "Sales", "table": "fct_sales", "rows": 2, "last": False, "unmatched": {"hospital": 1}, "unknown": {"region": 1},
        }
    ]  # fmt: skip


def test_whoever_may_see_single_persons_is_told_every_count() -> None:
    (rows,) = answer(company("x"), {"metrics": ["touches"], "group_by": ["region"]}, k=1).facts
    assert (rows.rows, rows.unmatched) == (7, {"hcp": 1})


def test_no_count_of_a_random_answer_rests_on_fewer_than_k_persons() -> None:
    told_counts = 0
    for seed in range(25):
        chance = random.Random(f"leak {seed}")
        tables = random_tables(seed, touches=150)
        warehouse = MemoryWarehouse(tables)
        for metric in chance.sample([name for name in METRICS if name not in SALES_LIKE and name not in BY_CELL], 8):
            query = random_query(chance, metric)
            query |= {"metrics": [metric], **({"group_by": [], "share": False} if chance.random() < 0.6 else {})}
            query["period"] = {"start": FIRST.isoformat(), "end": "2026-11-01"}
            if query.get("grain") or (isinstance(query.get("compare"), dict) and "dimension" in query["compare"]):
                continue
            region = "华东" if chance.random() < 0.2 else None
            scopes = [DimensionScope(dimension="region", values=(region,))] if region else []
            found = measured(warehouse, query, today=TODAY, purpose=None, scopes=scopes, data_from=FIRST, k=K)
            told = reconciled(found, protect(found, MinimumGroup(entity="hcp", k=K)), K)
            oracle = RowOracle(tables, TODAY, region=region)
            oracle.before = lambda window: before(*window, None, 1)
            window = rows_in_time(query)[0][1]
            sides = expected(oracle, query, metric, [window], {()}, [])
            for item, side in zip([item for item in told.facts if item.of == "asked"], sides, strict=True):
                for way, count in item.unmatched.items():
                    lost = [row for row in side.rows if not oracle.found(row, way)]
                    assert count is None or count == unmatched(oracle, side.rows, way)
                    if count and item.personal:
                        assert len({row["hcp_key"] for row in lost} - {None}) >= K, (query, item)
                    told_counts += bool(count)
                if item.rows and item.personal and item.side != "numerator" and (metric, item.side) not in TIMELESS:
                    # A rate's numerator may rest on few: the rate tells as much (domain.md section 5).
                    assert len({row["hcp_key"] for row in side.rows} - {None}) >= K, (query, item)
                    told_counts += 1
        warehouse.close()
    assert told_counts > 20
