"""export_ossie: a catalogue as an Ossie document, and a report of everything that the format can't hold.

Written as version 0.1.1, the last release of apache/ossie's core-spec; the fields used are in 0.2.0.dev0 too. What governance needs and the format
has no place for stands in `custom_extensions` (vendor COMMON), where others may read it and nobody must.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from governance.documents.metrics import Metric, SemanticModel
from governance.interchange.nouns import NotCarriedError
from governance.interchange.ossie_text import Texts, named
from governance.interchange.report import Report
from governance.metrics.catalogue import Catalogue

VERSION = "0.1.1"


def export_ossie(catalogue: Catalogue, *, bundle: str) -> tuple[dict[str, Any], Report]:
    """Return the document (plain data) and the report; `bundle` is the content hash of the bundle that was exported."""
    report = Report()
    models = {name: model for name, model in catalogue.models.items() if model.source == "warehouse"}
    for name in catalogue.models.keys() - models.keys():
        report.lost(f"model {name}", "the model", "it reads the ledger, which is no table of the warehouse")
    metrics = _metrics(catalogue, report)
    relationships = _relationships(catalogue, models)
    _dimensions_lost(catalogue, report)
    for item, what, why in _NEVER:
        report.lost(item, what, why)
    semantic: dict[str, Any] = {
        "name": catalogue.settings.name,
        "description": _both(catalogue.settings.title.zh, catalogue.settings.title.en),
        "datasets": [_dataset(catalogue, model) for model in models.values()],
        "relationships": relationships,
        "metrics": metrics,
        "custom_extensions": [_extension({"bundle": bundle, "timezone": catalogue.settings.timezone})],
    }
    report.carried = {"datasets": len(models), "relationships": len(relationships), "metrics": len(metrics)}
    return {"version": VERSION, "semantic_model": [semantic]}, report


_NEVER = (
    ("access", "rules, row scopes, purposes, consent, minimum groups", "the format has none: numbers computed elsewhere are not governed"),
    ("all dimensions", "listed values, their labels and synonyms, translations, unknown groups", "the format has fields, not members"),
    ("all metrics", "default periods, allowed dimensions, direction, sensitivity, verified questions, past versions", "the format has no place for them"),
)


def _both(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} / {en}"


def _extension(data: Mapping[str, Any]) -> dict[str, str]:
    return {"vendor_name": "COMMON", "data": json.dumps({"wenshu": data}, ensure_ascii=False, sort_keys=True)}


def _expressed(text: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": text}]}


# ------------------------------------------------------------------ datasets


def _dataset(catalogue: Catalogue, model: SemanticModel) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {}

    def add(column: str, **more: Any) -> None:
        known = fields.setdefault(column, {"name": column, "expression": _expressed(named(column))})
        known.update(more)

    for entity in model.entities:
        add(entity.column)
    for column in catalogue.graph.columns.get(model.name, {}):
        add(column)
    for dimension in catalogue.dimensions.values():
        for source in dimension.sources:
            if source.model == model.name and source.part is None:
                synonyms = [dimension.id, dimension.label.zh, dimension.label.en, *dimension.synonyms.all]
                add(source.column, dimension={"is_time": False}, description=_both(dimension.label.zh, dimension.label.en), ai_context=_synonyms(synonyms))
    if model.time is not None:
        add(model.time.column, dimension={"is_time": True})
    out: dict[str, Any] = {"name": model.name, "source": model.table, "fields": list(fields.values())}
    primary = catalogue.graph.primary(model.name)
    if primary is not None:
        out["primary_key"] = [primary.column]
    if model.label is not None:
        out["description"] = _both(model.label.zh, model.label.en)
    return out


def _synonyms(found: list[str]) -> dict[str, Any]:
    return {"synonyms": list(dict.fromkeys(found))}


def _relationships(catalogue: Catalogue, models: Mapping[str, SemanticModel]) -> list[dict[str, Any]]:
    out = []
    for model in models.values():
        for entity in model.entities:
            home = catalogue.graph.home(entity.name)
            primary = catalogue.graph.entity(home, entity.name) if home in models and home is not None else None
            if entity.role == "foreign" and primary is not None:
                out.append(
                    {"name": f"{model.name}_to_{home}_by_{entity.name}", "from": model.name, "to": home, "from_columns": [entity.column], "to_columns": [primary.column]}
                )
    return out


def _dimensions_lost(catalogue: Catalogue, report: Report) -> None:
    for name, dimension in catalogue.dimensions.items():
        if dimension.derived is not None or any(source.part is not None for source in dimension.sources):
            report.lost(f"dimension {name}", "the dimension", "it is computed from another one or from a part of the time")


# ------------------------------------------------------------------ metrics


def _metrics(catalogue: Catalogue, report: Report) -> list[dict[str, Any]]:
    texts, out = Texts(catalogue), []
    for name, definition in catalogue.definitions.items():
        formula, metric = definition.formula, definition.document
        try:
            if formula.rule != "expression":
                raise NotCarriedError("comparisons of arms and of exposed persons are no expressions")
            if any(part.broad for part in formula.parts):
                raise NotCarriedError("filters of a dimension that its population lacks restrict one side only; no expression says that")
            expression = texts.formula(formula.parts, formula.node)
        except NotCarriedError as error:
            report.lost(f"metric {name}", "the metric", str(error))
            continue
        if definition.person is not None and not metric.ignores_consent:
            report.add("differs", f"metric {name}", "withdrawn consents", "persons who withdrew are left out here and counted wherever the exported expression is run")
        out.append(_metric(metric, expression))
    return out


def _metric(metric: Metric, expression: str) -> dict[str, Any]:
    governed = {
        "approver": _both(metric.approver.zh, metric.approver.en), "approved_on": metric.approved_on.isoformat(), "effective_from": metric.effective_from.isoformat(),
        "format": metric.format, "owner": _both(metric.owner.zh, metric.owner.en), "stage": metric.stage, "tags": sorted(metric.tags), "version": metric.version,
    }
    return {
        "name": metric.id,
        "expression": _expressed(expression),
        "description": _both(metric.definition.zh, metric.definition.en),
        "ai_context": _synonyms([metric.label.zh, metric.label.en, *metric.synonyms.all]),
        "custom_extensions": [_extension(governed)],
    }
