"""Reading dbt's newer spec: semantic models stand on `models:`, entities and dimensions on their columns, and simple metrics hold their aggregate.

Source: dbt's documentation of the latest spec (docs.getdbt.com, "Migrate to the latest YAML spec"), and how dbt-core 1.12 parses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from governance.interchange.files import Looking
from governance.interchange.nouns import Input, SourceDimension, SourceEntity, SourceMetric, SourceModel
from governance.interchange.parts import Found, aggregated, cumulative, default_grain, filters_of, given, synonyms_of
from governance.interchange.report import Report


def read_models(items: Iterable[Looking], found: Found, report: Report) -> None:
    """Read the dbt models that are semantic models, and the metrics that stand on them."""
    for item in items:
        settings = item.data.get("semantic_model")
        given_ = Looking(item.file, item.what, settings if isinstance(settings, dict) else {})
        if given_.data.get("enabled") is False:
            continue
        name = given_.text("name") or item.name()
        entities, dimensions = _columns(item)
        derived = item.inside("derived_semantics")
        entities += [_entity(inner, inner.name(), inner.text("expr")) for inner in derived.each("entities")]
        dimensions += [_dimension(inner, inner.name(), inner.text("expr"), inner.text("granularity"), None) for inner in derived.each("dimensions")]
        config = item.inside("config")
        found.model(
            item.file,
            SourceModel(
                name=name.lower(), table=config.text("alias") or item.text("name"), entities=tuple(entities), dimensions=tuple(dimensions),
                time=(item.text("agg_time_dimension") or "").lower() or None, primary_entity=(item.text("primary_entity") or "").lower() or None,
            ),
        )
        for metric in item.each("metrics"):
            read_metric(metric, name.lower(), found, report)


def _columns(item: Looking) -> tuple[list[SourceEntity], list[SourceDimension]]:
    entities, dimensions = [], []
    for column in item.each("columns"):
        where = column.name()
        for key in ("entity", "dimension"):
            raw = column.data.get(key)
            if raw is None:
                continue
            inner = Looking(column.file, column.what, raw if isinstance(raw, dict) else {"type": raw})
            name = inner.text("name") or where
            if key == "entity":
                entities.append(_entity(inner, name.lower(), where))
            else:
                dimensions.append(_dimension(inner, name.lower(), where, column.text("granularity"), column.text("data_type")))
    return entities, dimensions


def _entity(item: Looking, name: str, expr: str | None) -> SourceEntity:
    return SourceEntity(name=name, type=(item.text("type") or "").lower(), expr=expr)


def _dimension(item: Looking, name: str, expr: str | None, granularity: str | None, data_type: str | None) -> SourceDimension:
    validity = item.inside("validity_params")
    return SourceDimension(
        name=name, type=(item.text("type") or "").lower(), expr=expr, granularity=(granularity or "").lower() or None, label=item.text("label"),
        partition=item.flag("is_partition"), validity=validity.flag("is_start") or validity.flag("is_end"), data_type=data_type,
    )


def read_metric(item: Looking, model: str | None, found: Found, report: Report) -> None:
    """Read one metric of the newer spec; `model` is the semantic model on which it stands, None at the top level."""
    name, kind = item.name(), (item.text("type") or "simple").lower()
    common: dict[str, Any] = {
        "name": name, "type": kind, "label": item.text("label"), "description": item.text("description"),
        "filters": filters_of(item.data.get("filter"), item), "private": item.flag("hidden"),
        "default_grain": default_grain(item), "synonyms": synonyms_of(item),
    }
    if kind == "simple":
        if model is None:
            report.lost(f"metric {name}", "the metric", "a simple metric stands on a model; at the top level it names no table")
            return
        key = aggregated(found, item, name, model, item, item.text("expr"))
        found.metric(item.file, SourceMetric(**common, measure=Input(name=key, fill=item.number("fill_nulls_with"))))
        return
    found.metric(
        item.file,
        SourceMetric(
            **common, measure=given(item.data.get("input_metric"), item), numerator=given(item.data.get("numerator"), item),
            denominator=given(item.data.get("denominator"), item), expr=item.text("expr"),
            inputs=tuple(inner for raw in item.data.get("input_metrics") or () if (inner := given(raw, item)) is not None),
            **cumulative(item, item.data.get("window"), item.text("grain_to_date"), item.text("period_agg")),
        ),
    )
