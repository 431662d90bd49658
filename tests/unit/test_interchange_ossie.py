"""Ossie: what is written is of the released form and comes back as the same metrics; what it can't hold is reported, never bent to fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.bundle.loading import load_bundle
from governance.errors import BundleError
from governance.inforce import catalogue_of
from governance.interchange import import_project
from governance.interchange.ossie_writing import export_ossie
from governance.interchange.writing import as_yaml
from governance.metrics.catalogue import Catalogue
from tests.fixtures.bundle import POLICIES
from tests.fixtures.bundle import catalogue_of as own_catalogue
from tests.fixtures.interchange import TODAY, write_project

DOCUMENT: dict[str, Any] = {
    "version": "0.2.0.dev0",
    "semantic_model": [
        {
            "name": "shop",
            "datasets": [
                {
                    "name": "orders", "source": "db.shop.orders", "primary_key": ["order_id"],
                    "fields": [
                        {"name": "amount", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "amount_eur"}]}},
                        {"name": "status", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "status"}]}, "dimension": {}, "datatype": "String"},
                        {"name": "day", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "ordered_on"}]}, "datatype": "Date"},
                        {"name": "big", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "UPPER(x)"}]}, "dimension": {}},
                        {"name": "flake", "expression": {"dialects": [{"dialect": "SNOWFLAKE", "expression": "x"}]}, "dimension": {}},
                    ],
                },
                {
                    "name": "customers", "source": "db.shop.customers", "primary_key": ["id"],
                    "fields": [{"name": "region", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "region"}]}, "dimension": {}}],
                },
                {"name": "view", "source": "SELECT 1"},
            ],
            "relationships": [{"name": "o2c", "from": "orders", "to": "customers", "from_columns": ["customer_id"], "to_columns": ["id"]}],
            "metrics": [],
        }
    ],
}


def with_metric(text: str) -> str:
    document = json.loads(json.dumps(DOCUMENT))
    document["semantic_model"][0]["metrics"] = [{"name": "asked", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": text}]}}]
    return json.dumps(document)


def imported(folder: Path, text: str) -> Any:
    (folder / "model.json").write_text(text, encoding="utf-8")
    return import_project(folder / "model.json", folder / "bundle", today=TODAY)


def bikes(folder: Path) -> Catalogue:
    import_project(write_project(folder / "project"), folder / "first", today=TODAY)
    return catalogue_of(load_bundle(folder / "first"))


@pytest.mark.parametrize(
    ("text", "kind", "measure"),
    [
        ("SUM(orders.amount)", "simple", {"model": "orders", "agg": "sum", "column": "amount_eur"}),
        ("COUNT(orders.order_id)", "simple", {"model": "orders", "agg": "count", "where": ({"column": "order_id", "null": False},)}),
        ("COUNT(DISTINCT orders.customer_id)", "distinct", {"model": "orders", "agg": "distinct", "entity": "customers"}),
        ("SUM(CASE WHEN customers.region = 'East' THEN orders.amount END)", "simple",
         {"model": "orders", "agg": "sum", "column": "amount_eur", "where": ({"dimension": "customers_region", "equals": "East"},)}),
    ],
)
def test_an_aggregate_becomes_a_measure_over_the_physical_column(text: str, kind: str, measure: dict[str, Any], tmp_path: Path):
    found = imported(tmp_path, with_metric(text))
    (metric,) = found.carried.metrics
    assert metric.kind == kind
    assert metric.measure.model_dump(exclude_defaults=True) == measure


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("MEDIAN(orders.amount)", "median"),
        ("SUM(customers.id)", "time"),
        ("SUM(orders.amount * customers.id)", "one dataset"),
        ("COUNT(*)", "one dataset"),
        ("SUM(orders.amount) OVER (ORDER BY orders.day)", "OVER"),
        ("amount", "expression of metrics"),
    ],
)
def test_a_metric_that_has_no_counterpart_is_reported(text: str, why: str, tmp_path: Path):
    found = imported(tmp_path, with_metric(text))
    assert found.carried.metrics == []
    assert any(note.object == "metric asked" and why in note.why for note in found.report.of("lost")), found.report.lines()


def test_queries_other_dialects_and_computed_fields_are_reported(tmp_path: Path):
    lost = {note.object for note in imported(tmp_path, with_metric("SUM(orders.amount)")).report.of("lost")}
    assert {"semantic model view", "field orders.big", "field orders.flake"} <= lost


def test_an_unknown_version_is_one_clear_error(tmp_path: Path):
    with pytest.raises(BundleError, match=r"version 9; known are 0\.1\.1"):
        imported(tmp_path, with_metric("SUM(orders.amount)").replace("0.2.0.dev0", "9"))


def test_every_metric_of_the_repository_s_bundle_is_written_or_reported():
    catalogue = own_catalogue(POLICIES)
    document, report = export_ossie(catalogue, bundle="0" * 64)
    (semantic,) = document["semantic_model"]
    written = {item["name"] for item in semantic["metrics"]}
    lost = {note.object.removeprefix("metric ") for note in report.of("lost") if note.object.startswith("metric ")}
    assert written | lost == set(catalogue.metrics)
    assert not written & lost
    assert {"touches", "reached_hcps", "touches_per_hcp"} <= written
    assert {item["source"] for item in semantic["datasets"]} <= {model.table for model in catalogue.models.values()}
    assert any(note.object == "access" for note in report.of("lost"))


def test_the_document_has_the_keys_of_the_released_schema_and_no_others():
    document, _ = export_ossie(own_catalogue(POLICIES), bundle="0" * 64)
    assert document["version"] == "0.1.1"
    (semantic,) = document["semantic_model"]
    known = {
        "datasets": {"name", "source", "primary_key", "unique_keys", "description", "ai_context", "fields", "custom_extensions"},
        "relationships": {"name", "from", "to", "from_columns", "to_columns", "ai_context", "custom_extensions"},
        "metrics": {"name", "expression", "description", "ai_context", "custom_extensions"},
    }
    for section, keys in known.items():
        assert semantic[section]
        names = [item["name"] for item in semantic[section]]
        assert len(set(names)) == len(names)
        assert all(set(item) <= keys for item in semantic[section])
    fields = [field for dataset in semantic["datasets"] for field in dataset["fields"]]
    assert all(set(field) <= {"name", "expression", "dimension", "label", "description", "ai_context", "custom_extensions"} for field in fields)


def test_what_goes_out_comes_back_as_the_same_formulas(tmp_path: Path):
    catalogue = bikes(tmp_path)
    document, report = export_ossie(catalogue, bundle="0" * 64)
    text = as_yaml(document)
    assert "&id" not in text
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    back = {metric.id: metric for metric in import_project(tmp_path / "model.yaml", tmp_path / "second", today=TODAY).carried.metrics}
    assert yaml.safe_load(text) == document
    lost = {note.object for note in report.of("lost")}
    assert {"metric fees_12_months", "metric fees_month_to_date"} <= lost
    for name in ("minutes_total", "fee_total", "fee_cents_total", "long_city_rides", "city_bike_fees", "fees_not_city", "rides_by_members", "electric_rides"):
        assert back[name].measure == catalogue.metrics[name].measure, name
    assert (back["electric_fee_share"].kind, back["fee_minus_half_city"].kind) == ("ratio", "derived")
