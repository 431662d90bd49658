"""Import of MetricFlow: both YAML specs and the compiled manifest say the same; what can't be said is reported and left out; bad input changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.bundle.loading import load_bundle
from governance.errors import BundleError, ConfigurationError
from governance.inforce import catalogue_of
from governance.interchange import Imported, import_project
from governance.interchange.expressions import parse
from governance.interchange.metrics import NEVER, UNAPPROVED
from governance.interchange.nouns import NotCarriedError
from tests.fixtures.interchange import LOST, METRICS, MODELS, TODAY, write_project

LATEST = """
models:
  - name: fct_rides
    semantic_model: {enabled: true, name: rides}
    agg_time_dimension: started_at
    columns:
      - {name: ride_id, entity: {type: primary, name: ride}}
      - {name: member_id, entity: {type: foreign, name: member}}
      - {name: station_id, entity: {type: foreign, name: station}}
      - {name: started_at, granularity: day, dimension: {type: time}}
      - {name: kind, dimension: {type: categorical, label: Kind of bike}, data_type: varchar}
      - {name: is_electric, dimension: categorical, data_type: boolean}
    derived_semantics:
      dimensions:
        - {name: is_long, type: categorical, expr: minutes > 30}
    metrics:
      - {name: ride_count, type: simple, agg: sum, expr: 1}
      - {name: minutes_total, label: Minutes, type: simple, agg: sum, expr: minutes}
      - {name: fee_total, label: Fees, type: simple, agg: sum, expr: fee, fill_nulls_with: 0}
      - {name: average_minutes, label: Average, type: simple, agg: average, expr: minutes}
      - {name: active_riders, label: Riders, type: simple, agg: count_distinct, expr: member_id}
      - {name: late_ride, label: Late, type: simple, agg: percentile, expr: minutes, percentile: 90.0}
      - name: city_bike_fees
        label: Fees of city bikes
        type: simple
        agg: sum
        expr: fee
        filter: "{{ Dimension('ride__kind') }} = 'city'"
      - {name: fee_per_ride, label: Fee per ride, type: ratio, numerator: fee_total, denominator: ride_count}
  - name: fct_repairs
    semantic_model: true
    agg_time_dimension: reported_on
    primary_entity: repair
    columns:
      - {name: station_id, entity: {type: foreign, name: station}}
      - {name: reported_on, granularity: day, dimension: time}
    metrics:
      - {name: repair_cost, label: Repairs, type: simple, agg: sum, expr: cost}
  - {name: not_semantic, columns: [{name: x, data_type: int}]}
metrics:
  - name: margin
    label: Margin
    type: derived
    expr: fees - cost
    input_metrics: [{name: fee_total, alias: fees}, {name: repair_cost, alias: cost}]
  - {name: fees_12_months, label: A year, type: cumulative, window: 12 months, input_metric: fee_total}
  - {name: month_to_date, label: MTD, type: cumulative, grain_to_date: month, period_agg: last, input_metric: fee_total}
  - {name: stray, type: simple, agg: sum, expr: fee}
  - {name: rides_to_repairs, type: conversion, entity: station, base_metric: ride_count, conversion_metric: repair_cost, window: 7 days}
"""


def imported(folder: Path, text: str, **more: Any) -> Imported:
    (folder / "project.yml").write_text(text, encoding="utf-8")
    return import_project(folder / "project.yml", folder / "bundle", today=TODAY, **more)


def metrics_of(found: Imported) -> dict[str, Any]:
    return {metric.id: metric.model_dump(exclude={"definition", "label"}) for metric in found.carried.metrics}


def compiled() -> dict[str, Any]:
    """Write the project as dbt compiles it: resolved tables, filters in their own objects, windows split, flags and counts as sums."""
    models, metrics = yaml.safe_load(MODELS)["semantic_models"], yaml.safe_load(METRICS)["metrics"]

    def where(raw: Any) -> Any:
        return None if raw is None else {"where_filters": [{"where_sql_template": text} for text in ([raw] if isinstance(raw, str) else raw)]}

    def reference(raw: Any) -> Any:
        full = {"name": raw} if isinstance(raw, str) else dict(raw)
        window = full.get("offset_window")
        full["offset_window"] = {"count": int(window.split()[0]), "granularity": window.split()[1]} if window else None
        return {"alias": None, "offset_to_grain": None, **full, "filter": where(full.get("filter"))}

    for model in models:
        name = model.pop("model").split("'")[1]
        model["node_relation"] = {"alias": name, "schema_name": "main", "database": "bikes", "relation_name": f'"bikes"."main"."{name}"'}
        for measure in model.get("measures", []):
            if measure.pop("create_metric", None):
                metrics.append({"name": measure["name"], "type": "simple", "type_params": {"measure": {"name": measure["name"]}}})
            if measure["agg"] == "sum_boolean":
                measure |= {"agg": "sum", "expr": f"CASE WHEN {measure['expr']} THEN 1 ELSE 0 END"}
            if measure["agg"] == "count":
                measure |= {"agg": "sum", "expr": f"CASE WHEN {measure['expr']} IS NOT NULL THEN 1 ELSE 0 END"}
            if measure["agg"] == "median":
                measure |= {"agg": "percentile", "agg_params": {"percentile": 0.5}}
    for metric in metrics:
        params = metric["type_params"]
        metric["filter"] = where(metric.get("filter"))
        for key in ("measure", "numerator", "denominator"):
            params[key] = reference(params[key]) if params.get(key) is not None else None
        params["metrics"] = [reference(item) for item in params.get("metrics") or []]
        running = params.get("cumulative_type_params") or {}
        window = running.get("window") or params.pop("window", None)
        running["window"] = {"count": int(window.split()[0]), "granularity": window.split()[1].removesuffix("s")} if window else None
        params["cumulative_type_params"] = running
    return {"semantic_models": models, "metrics": metrics, "project_configuration": {"time_spines": []}, "saved_queries": []}


def test_whatever_is_not_carried_is_in_the_report_and_nothing_else_is(tmp_path: Path):
    found = import_project(write_project(tmp_path / "project"), tmp_path / "bundle", today=TODAY)
    named = {note.object.removeprefix("metric ") for note in found.report.of("lost") if note.object.startswith("metric ")}
    assert named == LOST
    written = {item["name"] for item in yaml.safe_load(METRICS)["metrics"]} | {"ride_count"}
    assert {metric.id for metric in found.carried.metrics} == written - LOST
    assert all(note.why for note in found.report.notes)


def test_the_bundle_loads_by_itself_and_every_metric_says_that_nobody_approved_it(tmp_path: Path):
    import_project(write_project(tmp_path / "project"), tmp_path / "bundle", today=TODAY)
    catalogue = catalogue_of(load_bundle(tmp_path / "bundle"))
    assert catalogue.metrics
    for metric in catalogue.metrics.values():
        assert (metric.approver, metric.approved_on, metric.version) == (UNAPPROVED, NEVER, "draft-imported")
        assert "imported_draft" in metric.tags
        assert metric.caveat is not None
    text = (tmp_path / "bundle" / "IMPORTED.md").read_text(encoding="utf-8")
    assert all(name in text for name in LOST)


def test_no_sql_and_no_template_reaches_the_bundle(tmp_path: Path):
    import_project(write_project(tmp_path / "project"), tmp_path / "bundle", today=TODAY)
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "bundle").rglob("*.yaml"))
    assert not any(mark in text for mark in ("{{", "case when", "NULLIF", "BETWEEN", "!=", " IN ("))


def test_the_compiled_manifest_becomes_the_same_metrics_as_the_yaml_it_was_compiled_from(tmp_path: Path):
    plain = import_project(write_project(tmp_path / "project"), tmp_path / "bundle", today=TODAY)
    (tmp_path / "semantic_manifest.json").write_text(json.dumps(compiled()), encoding="utf-8")
    found = import_project(tmp_path / "semantic_manifest.json", tmp_path / "other", today=TODAY)
    assert metrics_of(found) == metrics_of(plain)
    assert {model.table for model in found.carried.models} == {f"main.{model.table}" for model in plain.carried.models}


def test_the_newer_spec_becomes_the_same_metrics_as_the_older_one(tmp_path: Path):
    old = metrics_of(import_project(write_project(tmp_path / "project"), tmp_path / "bundle", today=TODAY))
    (tmp_path / "new").mkdir()
    found = imported(tmp_path / "new", LATEST)
    new = metrics_of(found)
    for name in ("ride_count", "minutes_total", "fee_total", "average_minutes", "active_riders", "city_bike_fees", "fee_per_ride", "margin", "fees_12_months"):
        assert new[name] == old[name], name
    assert new["month_to_date"]["parameters"] == {"to_date": "month"}
    lost = {note.object for note in found.report.of("lost")}
    assert {"metric late_ride", "metric stray", "metric rides_to_repairs", "dimension ride_is_long"} <= lost
    assert {item.id: item.type for item in found.carried.dimensions} == {"ride_kind": "text", "ride_is_electric": "boolean"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a || b", "joining"),
        ("x LIKE 'a%'", "LIKE"),
        ("sum(x) over (partition by y)", "OVER"),
        ("{{ Metric('m', group_by=['e']) }} > 1", "Metric"),
        ("{{ Dimension('e__d').date_part('year') }} = 1", "date_part"),
        ("{{ __import__('os').system('true') }}", "system"),
        ("{% if x %} 1 {% endif %}", "Jinja"),
        ("x; drop table y", "';"),
        ("(" * 200 + "x" + ")" * 200, "deeply"),
        ("x = 'unclosed", "understood"),
        ("case end", "end"),
        ("", "end"),
    ],
)
def test_expressions_outside_the_subset_are_refused_by_name(text: str, why: str):
    with pytest.raises(NotCarriedError, match=why):
        parse(text)


@given(st.text(max_size=60) | st.text(alphabet="()'{}\" =<>ANDORNTISIU.,*+-/1xy", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str):
    try:
        parse(text)
    except NotCarriedError as error:
        assert str(error)


MODEL = "semantic_models: [{name: a, model: ref('t'), defaults: {agg_time_dimension: d}, entities: [{name: k, type: primary}],"
TIME = "{name: d, type: time, type_params: {time_granularity: day}}"


@pytest.mark.parametrize(
    ("text", "lost", "why"),
    [
        ("semantic_models: [{name: a, model: \"source('s', 't')\"}]", "semantic model a", "manifest"),
        ("semantic_models: [{name: a, model: ref('t'), entities: [{name: k, type: natural}]}]", "semantic model a", "slowly"),
        (f"{MODEL} dimensions: [{TIME.replace('day', 'week')}], measures: [{{name: m, agg: sum, create_metric: true}}]}}]", "metric m", "time dimension"),
        (f"{MODEL} dimensions: [{TIME}], measures: [{{name: m, agg: sum, create_metric: true, non_additive_dimension: {{name: d}}}}]}}]", "metric m", "balances"),
        (f"{MODEL} dimensions: [{TIME}, {{name: d, type: categorical, expr: upper(x)}}]}}]", "dimension k_d", "computed"),
        (f"{MODEL} dimensions: [{TIME}]}}]\nmetrics: [{{name: x, type: derived, type_params: {{expr: x, metrics: [{{name: x}}]}}}}]", "metric x", "x"),
        (f"{MODEL} dimensions: [{TIME}]}}]\nmetrics: [{{name: x, type: simple, type_params: {{measure: gone}}}}]", "metric x", "gone"),
    ],
)
def test_what_has_no_counterpart_is_left_out_with_its_reason(text: str, lost: str, why: str, tmp_path: Path):
    found = imported(tmp_path, text)
    assert any(note.object == lost and why in note.why for note in found.report.of("lost")), found.report.lines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not valid YAML"),
        ("- 1", "mapping"),
        ("other: 1", "no semantic_models"),
        ("semantic_models: 3", "list of mappings"),
        ("semantic_models: [{model: ref('t')}]", "name must be given"),
        ("semantic_models: [{name: a, model: ref('t')}, {name: a, model: ref('t')}]", "twice"),
        ("metrics: [{name: a, type: simple, type_params: 3}]", "type_params must be a mapping"),
        ("metrics: [{name: a, type: cumulative, type_params: {measure: m, window: soon}}]", "7 days"),
        ("semantic_models: [{name: a, model: {x: 1}}]", "must be a text"),
    ],
)
def test_a_malformed_project_is_one_clear_error_and_writes_nothing(text: str, message: str, tmp_path: Path):
    with pytest.raises(BundleError, match=message):
        imported(tmp_path, text)
    assert [path.name for path in tmp_path.iterdir()] == ["project.yml"]


def test_nothing_is_overwritten(tmp_path: Path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine.yaml").write_text("x: 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="exists already"):
        imported(tmp_path, LATEST)
    assert (tmp_path / "bundle" / "mine.yaml").read_text(encoding="utf-8") == "x: 1\n"
