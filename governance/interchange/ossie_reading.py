"""Reading Ossie (formerly Open Semantic Interchange): datasets, relationships and metric expressions, into the nouns that MetricFlow is read into.

Source: apache/ossie, core-spec (`spec.md`, `osi-schema.json`), 0.1.1 and 0.2.0.dev0. Only expressions in the dialect ANSI_SQL are read, and of those
the same typed subset as anywhere else. The core is read; the ontology layer is not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from governance.interchange.expressions import plain_column
from governance.interchange.files import Looking, RawDocument, problem
from governance.interchange.nouns import (
    Input,
    NotCarriedError,
    Project,
    SourceDimension,
    SourceEntity,
    SourceMeasure,
    SourceMetric,
    SourceModel,
)
from governance.interchange.report import Report
from governance.interchange.syntax import Call, Case, Column, Node, Reference
from governance.interchange.trees import Combined, Given, Tree, arithmetic, written

VERSIONS = ("0.1.1", "0.2.0.dev0")
DIALECT = "ANSI_SQL"
_TEMPORAL = frozenset({"Date", "DateTime", "DateTimeTz"})
_TYPES = {"String": "varchar", "Integer": "integer", "Boolean": "boolean", "Decimal": "decimal", "Float": "double", "Date": "date"}
_AGGREGATES = {"SUM": "sum", "COUNT": "count", "AVG": "average", "MIN": "min", "MAX": "max", "MEDIAN": "median"}


def is_ossie(document: RawDocument) -> bool:
    """Return whether the document is an Ossie one."""
    return isinstance(document.data.get("semantic_model"), list) and "version" in document.data


def read_ossie(documents: Iterable[RawDocument], report: Report) -> Project:
    """Return the project that the documents describe. Raises BundleError for malformed objects and unknown versions."""
    models: dict[str, SourceModel] = {}
    measures: dict[str, SourceMeasure] = {}
    metrics: dict[str, SourceMetric] = {}
    for document in documents:
        top = Looking(document.file, "the document", document.data)
        if top.text("version") not in VERSIONS:
            raise problem(document.file, f"is of version {top.text('version')}; known are {', '.join(VERSIONS)}")
        for item in top.each("semantic_model"):
            own = {found.name: found for found in (_dataset(one, report) for one in item.each("datasets"))}
            own = _related(item, own, report)
            if own.keys() & models.keys():
                raise problem(document.file, f"the dataset {min(own.keys() & models.keys())} is given twice")
            models |= own
            fields = {name: {field.name: field for field in model.dimensions} for name, model in own.items()}
            for one in item.each("metrics"):
                _metric(one, _Names(item, own, fields), measures, metrics, report)
    return Project(
        origin="Ossie", models=tuple(_offered(model) for model in models.values()), measures=MappingProxyType(measures), metrics=tuple(metrics.values())
    )


def _expression(item: Looking) -> str:
    """Return the text in the known dialect. Raises NotCarriedError where there is none."""
    for one in item.inside("expression").each("dialects"):
        if (one.text("dialect") or DIALECT) == DIALECT and one.text("expression"):
            return one.text("expression") or ""
    raise NotCarriedError(f"it has no expression in {DIALECT}")


# ------------------------------------------------------------------ datasets


def _dataset(item: Looking, report: Report) -> SourceModel:
    name = item.name()
    source = (item.text("source") or "").replace('"', "")
    parts = source.split(".")
    plain = 1 <= len(parts) <= 3 and all(part.replace("_", "").isalnum() for part in parts)
    key = item.data.get("primary_key") or []
    entities: tuple[SourceEntity, ...] = ()
    if isinstance(key, list) and len(key) == 1:
        entities = (SourceEntity(name=name, type="primary", expr=str(key[0])),)
    elif key:
        report.lost(f"dataset {name}", "its primary key", "keys of several columns are not joined by")
    fields = []
    for one in item.each("fields"):
        try:
            fields.append(_field(one))
        except NotCarriedError as error:
            report.lost(f"field {name}.{one.name()}", "the field", str(error))
    for extra in ("custom_extensions", "unique_keys"):
        if item.data.get(extra):
            report.lost(f"dataset {name}", extra, "they are not read" if extra == "custom_extensions" else "a table is joined to by its primary key only")
    times = [field.name for field in fields if field.type == "time"]
    if len(times) > 1:
        report.lost(f"dataset {name}", f"the time dimensions {', '.join(times)}", "which of them its metrics are told by is not said, and is not guessed")
    return SourceModel(
        name=name, table=".".join(parts[-2:]) if plain else None, table_why="its source is a query; only tables are carried", entities=entities,
        dimensions=tuple(fields), time=times[0] if len(times) == 1 else None, label=item.text("description"),
    )


def _field(item: Looking) -> SourceDimension:
    """Return the field; `fact` marks those that are no dimensions, which only expressions read."""
    role, kind = item.data.get("dimension"), item.text("datatype")
    marked = role.get("is_time") if isinstance(role, dict) else None
    temporal = marked if isinstance(marked, bool) else kind in _TEMPORAL
    return SourceDimension(
        name=item.name(), type="time" if temporal else "categorical" if role is not None else "fact", expr=plain_column(_expression(item)),
        granularity="day" if temporal else None, label=item.text("label"), data_type=_TYPES.get(kind or ""),
    )


def _related(item: Looking, models: Mapping[str, SourceModel], report: Report) -> dict[str, SourceModel]:
    """Return the models with the keys that the relationships name."""
    out = dict(models)
    for one in item.each("relationships"):
        name = one.name()
        start, end = out.get((one.text("from") or "").lower()), out.get((one.text("to") or "").lower())
        here, there = one.data.get("from_columns") or [], one.data.get("to_columns") or []
        if start is None or end is None:
            report.lost(f"relationship {name}", "the join", "one of its datasets is not in the document")
        elif len(here) != 1 or len(there) != 1 or [entity.expr for entity in end.entities if entity.type == "primary"] != [str(there[0])]:
            report.lost(f"relationship {name}", "the join", "joins go from one column to the other table's primary key of one column")
        elif any(entity.name == end.name for entity in start.entities):
            report.lost(f"relationship {name}", "the join", f"{start.name} is joined to {end.name} already; which is meant could not be said")
        else:
            entity = SourceEntity(name=end.name, type="foreign", expr=str(here[0]))
            out[start.name] = dataclasses.replace(start, entities=(*start.entities, entity))
    return out


def _offered(model: SourceModel) -> SourceModel:
    return dataclasses.replace(model, dimensions=tuple(field for field in model.dimensions if field.type != "fact"))


# ------------------------------------------------------------------ metrics


class _Names:
    """Which dataset and column a name in a metric's expression means."""

    def __init__(self, item: Looking, models: Mapping[str, SourceModel], fields: Mapping[str, Mapping[str, SourceDimension]]) -> None:
        self.what, self.models, self.fields = item.what, models, fields

    def base(self, nodes: Iterable[Column]) -> str:
        """Return the one dataset to which these columns belong. Raises NotCarriedError."""
        found = {column.table or self._owner(column.name) for column in nodes}
        if len(found) != 1 or not found <= self.models.keys():
            raise NotCarriedError(f"it must be clear over which one dataset it is added up, and it names {', '.join(sorted(found)) or 'none'}")
        return found.pop()

    def _owner(self, name: str) -> str:
        owners = [model for model, fields in self.fields.items() if name in fields]
        if len(owners) != 1:
            raise NotCarriedError(f"{name} is a field of {len(owners)} datasets; write dataset.field")
        return owners[0]

    def bound(self, node: Any, base: str) -> Any:
        """Return the tree with every column bound: to its physical name in the base, to a dimension of another dataset elsewhere."""
        if isinstance(node, Column):
            owner = node.table or self._owner(node.name)
            field = self.fields.get(owner, {}).get(node.name)
            if owner == base:
                return Column(field.expr or node.name if field is not None else node.name)
            return Reference("dimension", node.name, (owner,))
        if isinstance(node, tuple):
            return tuple(self.bound(item, base) for item in node)
        if dataclasses.is_dataclass(node) and not isinstance(node, type):
            changed = {field.name: self.bound(getattr(node, field.name), base) for field in dataclasses.fields(node)}
            return dataclasses.replace(node, **changed)
        return node


def _columns(node: Any) -> list[Column]:
    """Return the columns from which an aggregate takes its value: those of CASE's results before those of its tests."""
    if isinstance(node, Column):
        return [node]
    if isinstance(node, Case):
        values = [column for _, value in node.whens for column in _columns(value)] + _columns(node.otherwise)
        return values or [column for test, _ in node.whens for column in _columns(test)]
    if isinstance(node, tuple):
        return [column for item in node for column in _columns(item)]
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        return [column for field in dataclasses.fields(node) for column in _columns(getattr(node, field.name))]
    return []


def _metric(
    item: Looking, names: _Names, measures: dict[str, SourceMeasure], metrics: dict[str, SourceMetric], report: Report
) -> None:
    name = item.name()
    if name in metrics:
        raise problem(item.file, f"the metric {name} is given twice")
    parts: dict[str, SourceMetric] = {}

    def aggregate(call: Call) -> Tree:
        agg = _AGGREGATES.get(call.name)
        if agg is None or (call.distinct and agg != "count") or (not call.star and len(call.arguments) != 1):
            raise NotCarriedError(f"the aggregate {call.name} has no counterpart")
        inside: Node = Column("*") if call.star else call.arguments[0]
        base = next(iter(names.models)) if call.star and len(names.models) == 1 else names.base([] if call.star else _columns(inside))
        node = inside if call.star else names.bound(inside, base)
        key = f"metric:{name}:{len(parts)}"
        part = f"{name}__{len(parts)}"
        measures[key] = SourceMeasure(name=name, model=base, agg="count_distinct" if call.distinct else agg, node=node)
        parts[part] = SourceMetric(name=part, type="simple", private=True, measure=Input(name=key))
        return Given(part, name)

    context = item.data.get("ai_context")
    synonyms = context.get("synonyms") if isinstance(context, dict) else None
    common: dict[str, Any] = {
        "name": name, "description": item.text("description"),
        "synonyms": tuple(word for word in synonyms if isinstance(word, str)) if isinstance(synonyms, list) else (),
    }
    try:
        tree = arithmetic(_expression(item), {}, aggregate)
    except NotCarriedError as error:
        report.lost(f"metric {name}", "the metric", str(error))
        return
    if item.data.get("custom_extensions") or isinstance(context, str) or (isinstance(context, dict) and set(context) - {"synonyms"}):
        report.lost(f"metric {name}", "ai_context and custom_extensions", "only synonyms are read")
    metrics.update(parts)
    if isinstance(tree, Given):
        metrics[name] = SourceMetric(**common, type="simple", measure=parts[str(tree.operand)].measure)
    elif isinstance(tree, Combined) and tree.op == "/" and isinstance(tree.left, Given) and isinstance(tree.right, Given):
        metrics[name] = SourceMetric(**common, type="ratio", numerator=Input(name=str(tree.left.operand)), denominator=Input(name=str(tree.right.operand)))
    else:
        text, inputs = written(tree)
        metrics[name] = SourceMetric(**common, type="derived", expr=text, inputs=tuple(Input(name=str(part), alias=alias) for alias, part in inputs.items()))


