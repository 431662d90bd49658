"""Reading MetricFlow: the standalone YAML spec (`semantic_models:`, `metrics:`), MetricFlow's own one-object documents, and the manifest.

Sources: the JSON schemas of dbt-semantic-interfaces (`parsing/schemas.py`) and its manifest classes; both shapes meet in the nouns here. The newer
spec, where semantic models stand on `models:`, is read by `latest`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from governance.interchange import latest
from governance.interchange.files import Looking, RawDocument, problem
from governance.interchange.nouns import (
    Input,
    Project,
    SourceDimension,
    SourceEntity,
    SourceMeasure,
    SourceMetric,
    SourceModel,
)
from governance.interchange.parts import (
    Found,
    agg_of,
    aggregated,
    cumulative,
    default_grain,
    filters_of,
    given,
    synonyms_of,
)
from governance.interchange.report import Report

_REF = re.compile(r"""^\s*(?:\{\{\s*)?ref\(\s*(['"])(?P<name>[^'"]+)\1\s*\)(?:\s*\}\})?\s*$""")
_OUR_KEYS = frozenset({"semantic_models", "semantic_model", "metrics", "metric", "models", "saved_queries", "saved_query"})


def read_metricflow(documents: Iterable[RawDocument], report: Report) -> Project:
    """Return the project that the documents describe. Raises BundleError for malformed objects and for names given twice."""
    found = Found()
    known = False
    for document in documents:
        known |= bool(_OUR_KEYS & set(document.data))
        top = Looking(document.file, "the document", document.data)
        for item in [*_listed(top, "semantic_models"), *_single(top, "semantic_model")]:
            _model(item, found)
        latest.read_models([item for item in _listed(top, "models") if item.data.get("semantic_model")], found, report)
        _data_types(top, found)
        for item in [*_listed(top, "metrics"), *_single(top, "metric")]:
            _metric(item, found, report)
        for item in [*_listed(top, "saved_queries"), *_single(top, "saved_query")]:
            report.lost(f"saved query {item.text('name')}", "the saved query", "queries are not stored in bundles; ask it, or add it as a verified question")
    if not known:
        raise problem("import", "no semantic_models, models with semantic_model, or metrics were found; name a MetricFlow project or its semantic_manifest.json")
    _create_metrics(found)
    return Project(
        origin="MetricFlow",
        models=tuple(_with_types(model, found) for model in found.models),
        measures=MappingProxyType(dict(found.measures)),
        metrics=tuple(found.metrics.values()),
    )


def _listed(top: Looking, key: str) -> list[Looking]:
    return [Looking(item.file, f"{key} {item.data.get('name', '')}".rstrip(), item.data) for item in top.each(key)]


def _single(top: Looking, key: str) -> list[Looking]:
    return [top.inside(key)] if isinstance(top.data.get(key), dict) and "name" in top.data[key] else []


# ------------------------------------------------------------------ semantic models


def _model(item: Looking, found: Found) -> None:
    name = item.name()
    table, why = _table(item)
    dimensions = []
    for given_ in item.each("dimensions"):
        params = given_.inside("type_params")
        validity = params.inside("validity_params")
        dimensions.append(
            SourceDimension(
                name=given_.name(), type=(given_.text("type") or "").lower(), expr=given_.text("expr"), label=given_.text("label"),
                granularity=(params.text("time_granularity") or "").lower() or None,
                partition=given_.flag("is_partition"), validity=validity.flag("is_start") or validity.flag("is_end"),
            )
        )
    for given_ in item.each("measures"):
        measure = SourceMeasure(
            name=given_.name(), model=name, agg=agg_of(given_), expr=given_.text("expr"),
            time=(given_.text("agg_time_dimension") or "").lower() or None, semi_additive=given_.data.get("non_additive_dimension") is not None,
        )
        found.measure(item.file, measure.name, measure)
        if given_.flag("create_metric"):
            found.created.append((measure.name, given_.text("create_metric_display_name", "label"), given_.text("description")))
    found.model(
        item.file,
        SourceModel(
            name=name, table=table, table_why=why, dimensions=tuple(dimensions), label=item.text("label"),
            entities=tuple(
                SourceEntity(name=given_.name(), type=(given_.text("type") or "").lower(), expr=given_.text("expr")) for given_ in item.each("entities")
            ),
            time=(item.inside("defaults").text("agg_time_dimension") or "").lower() or None,
            primary_entity=(item.text("primary_entity") or "").lower() or None,
        ),
    )


def _table(item: Looking) -> tuple[str | None, str]:
    """Return the table and, where it can't be known, why."""
    relation = item.inside("node_relation")
    alias, schema = relation.text("alias"), relation.text("schema_name")
    if alias:
        return (alias if schema is None or schema.startswith("$") else f"{schema}.{alias}"), ""
    model = item.text("model")
    if model is None:
        return None, "neither model nor node_relation says which table it is"
    name = _REF.match(model)
    return (name["name"], "") if name else (None, f"the table behind {model} is known to dbt only; import the compiled semantic_manifest.json")


def _data_types(top: Looking, found: Found) -> None:
    """Take the column types that dbt models state (`columns: data_type`)."""
    for model in [item for key in ("models",) for item in (top.data.get(key) or []) if isinstance(item, dict)]:
        for column in model.get("columns") or []:
            if isinstance(column, dict) and isinstance(column.get("data_type"), str) and isinstance(column.get("name"), str):
                found.types[str(model.get("name")), column["name"].lower()] = column["data_type"].lower()


def _with_types(model: SourceModel, found: Found) -> SourceModel:
    import dataclasses

    table = (model.table or "").rpartition(".")[2]
    dimensions = tuple(
        dataclasses.replace(item, data_type=found.types.get((table, (item.expr or item.name).lower()), item.data_type)) for item in model.dimensions
    )
    return dataclasses.replace(model, dimensions=dimensions)


# ------------------------------------------------------------------ metrics


def _metric(item: Looking, found: Found, report: Report) -> None:
    if "type_params" not in item.data:
        latest.read_metric(item, None, found, report)
        return
    name, kind, params = item.name(), (item.text("type") or "").lower(), item.inside("type_params")
    own = params.inside("metric_aggregation_params")
    common: dict[str, Any] = {
        "name": name, "type": kind, "label": item.text("label"), "description": item.text("description"),
        "filters": filters_of(item.data.get("filter"), item), "private": params.flag("is_private"),
        "default_grain": default_grain(item), "synonyms": synonyms_of(item),
    }
    if kind == "simple" and own.data:
        key = aggregated(found, item, name, (own.text("semantic_model") or "").lower(), own, params.text("expr"))
        measure = Input(name=key, fill=params.number("fill_nulls_with"))
        found.metric(item.file, SourceMetric(**common, measure=measure))
        return
    running = params.inside("cumulative_type_params")
    measured = given(params.data.get("measure"), item) or given(running.data.get("metric"), item)
    found.metric(
        item.file,
        SourceMetric(
            **common, measure=measured, numerator=given(params.data.get("numerator"), item), denominator=given(params.data.get("denominator"), item),
            expr=params.text("expr"), inputs=tuple(inner for raw in params.data.get("metrics") or () if (inner := given(raw, item)) is not None),
            **cumulative(item, running.data.get("window") or params.data.get("window"), running.text("grain_to_date") or params.text("grain_to_date"),
                         running.text("period_agg")),
        ),
    )


def _create_metrics(found: Found) -> None:
    """Measures with `create_metric` are metrics too, unless the manifest holds them already."""
    for name, label, description in found.created:
        if name not in found.metrics:
            found.metrics[name] = SourceMetric(name=name, type="simple", label=label, description=description, measure=Input(name=name))
