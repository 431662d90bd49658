"""Relations that must hold between answers: asked together or apart, as a share or as two numbers, against a member or beside it."""

from __future__ import annotations

import math
import random
from datetime import date
from typing import Any

import pytest

from governance.metrics.checking import check
from governance.metrics.parsing import query_from_json
from tests.fixtures.bundle import catalogue_of, measured, table
from tests.fixtures.random_warehouse import FIRST, TODAY, MemoryWarehouse, random_tables

CATALOGUE = catalogue_of()
PERIOD = {"start": "2026-05-01", "end": "2026-08-01"}
ONE_EXPERIMENT = [{"dimension": "experiment", "op": "in", "values": ["甲实验"]}]
ORDINARY = sorted(
    name for name, metric in CATALOGUE.metrics.items() if metric.stage != "compliance" and metric.kind != "experiment" and CATALOGUE.metrics[name].grain
)
SEEDS = range(3)


@pytest.fixture(params=SEEDS)
def warehouse(request: Any) -> Any:
    opened = MemoryWarehouse(random_tables(1000 + request.param, touches=150))
    yield opened
    opened.close()


def ask(warehouse: Any, **query: Any) -> tuple[dict[Any, dict[str, Any]], dict[Any, dict[str, Any]]]:
    found = measured(warehouse, {"period": PERIOD, **query}, today=TODAY, purpose="market_analysis", data_from=FIRST)
    cells = table(found)
    return cells, dict(zip(cells, found.contributors, strict=True))


def same(a: Any, b: Any) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12))


def test_metrics_asked_together_are_what_they_are_alone(warehouse: Any) -> None:
    chance = random.Random(7)
    for _ in range(6):
        metrics = chance.sample(ORDINARY, 4)
        shared = [name for name in ("region", "product") if all(name in CATALOGUE.groupable_by(metric) for metric in metrics)]
        grain = chance.choice((None, "month"))
        together, persons = ask(warehouse, metrics=metrics, group_by=shared[:1], **({"grain": grain} if grain else {}))
        for metric in metrics:
            alone, alone_persons = ask(warehouse, metrics=[metric], group_by=shared[:1], **({"grain": grain} if grain else {}))
            for key, cells in alone.items():
                assert same(together[key][metric], cells[metric]), (metric, metrics, key)
                assert persons[key][metric] == alone_persons[key][metric], (metric, metrics, key)


def test_shares_are_each_group_over_the_total_and_add_up_to_one(warehouse: Any) -> None:
    for metric in ORDINARY:
        for name in CATALOGUE.groupable_by(metric):
            if CATALOGUE.dimensions[name].identifies is not None or not CATALOGUE.adds_up(metric, [name]):
                continue
            shares, _ = ask(warehouse, metrics=[metric], group_by=[name], share=True)
            ((_, whole),) = ask(warehouse, metrics=[metric])[0].items()
            groups = [cells[metric] for cells in shares.values()]
            if whole[metric] is None:
                continue
            assert same(float(sum(groups)), float(whole[metric])), (metric, name, "the groups do not add up to the total")
            if whole[metric]:
                assert math.isclose(sum(cells[f"{metric}__share"] for cells in shares.values()), 1.0), (metric, name)


def test_an_explicit_comparison_is_two_questions(warehouse: Any) -> None:
    base = {"start": "2025-12-01", "end": "2026-02-01"}
    for metric in ("touches", "reach_rate", "active_hcps", "hcps_in_stage", "revenue", "roi", "nps"):
        compared, persons = ask(warehouse, metrics=[metric], group_by=["product"], compare=base)
        now, _ = ask(warehouse, metrics=[metric], group_by=["product"])
        then, then_persons = ask(warehouse, metrics=[metric], group_by=["product"], period=base)
        for key, cells in compared.items():
            assert same(cells[metric], now.get(key, {metric: cells[metric]})[metric])
            if key in then:
                assert same(cells[f"{metric}__base"], then[key][metric])
                assert persons[key][f"{metric}__base"] == then_persons[key][metric]


def test_a_member_comparison_is_the_grouped_table_beside_one_of_its_rows(warehouse: Any) -> None:
    for metric in ("touches", "reach_rate", "multichannel_hcps", "retention_rate", "revenue", "newly_reached_hcps", "covered_hospitals"):
        compared, persons = ask(warehouse, metrics=[metric], compare={"dimension": "region", "base": "华北"}, grain="month")
        grouped, grouped_persons = ask(warehouse, metrics=[metric], group_by=["region"], grain="month")
        assert all(key[1] != "华北" for key in compared)
        for key, cells in compared.items():
            other = (key[0], "华北")
            assert same(cells[metric], grouped[key][metric])
            if other in grouped:
                assert same(cells[f"{metric}__base"], grouped[other][metric])
                known = [count for count in (grouped_persons[key][metric], grouped_persons[other][metric]) if count is not None]
                assert persons[key][f"{metric}__change"] == (min(known) if known else None)


def test_a_filter_of_one_value_is_that_row_of_the_grouped_table(warehouse: Any) -> None:
    for metric in ORDINARY:
        for name in ("region", "product", "channel"):
            if name not in CATALOGUE.groupable_by(metric):
                continue
            grouped, persons = ask(warehouse, metrics=[metric], group_by=[name])
            for (value,), cells in grouped.items():
                alone, alone_persons = ask(warehouse, metrics=[metric], where=[{"dimension": name, "op": "in", "values": [value]}])
                assert same(alone[()][metric], cells[metric]), (metric, name, value)
                assert alone_persons[()][metric] == persons[value,][metric], (metric, name, value)


def test_a_change_of_points_is_the_difference_and_growth_its_quotient(warehouse: Any) -> None:
    compared, _ = ask(warehouse, metrics=["reach_rate", "touches", "units"], compare="previous_period", grain="month")
    for cells in compared.values():
        for metric in ("reach_rate", "touches", "units"):
            value, base = cells[metric], cells[f"{metric}__base"]
            change = None if value is None or base is None else value - base
            assert same(cells[f"{metric}__change"], change)
            assert same(cells[f"{metric}__growth"], None if change is None or not base else change / base)


def test_the_checked_query_names_every_group_of_the_answer() -> None:
    query = query_from_json({"metrics": ["experiment_conversion"], "where": ONE_EXPERIMENT, "group_by": ["region"]})
    assert check(query, CATALOGUE, today=TODAY, data_from=date(2025, 1, 1), data_to=TODAY).group_by == ("region", "variant")
