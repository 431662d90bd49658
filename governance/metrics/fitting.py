"""What a catalogue needs of a warehouse's columns, and whether they fit: that they exist, are of the right kind, and join like with like.

Engines name their types in many ways (`character varying`, `STRING`, `DECIMAL(18,2)`, `TIMESTAMP_NTZ`); here they are five families. A column whose
type the engine doesn't tell (a view of SQLite) is left to the trial run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal

from governance.documents.metrics import Condition, SemanticModel
from governance.errors import Problem, nearest
from governance.metrics.catalogue import Catalogue
from governance.metrics.measuring import conditions, measures_of

Family = Literal["boolean", "number", "text", "moment", "date"]
_FAMILIES: tuple[tuple[Family, re.Pattern[str]], ...] = (
    ("boolean", re.compile(r"bool|tinyint\(1\)")),
    ("number", re.compile(r"(u?(tiny|small|medium|big|huge)?int(eger)?|int\d+|numeric|decimal|dec|number|double|float|real|smallserial|serial|bigserial)\b")),
    ("text", re.compile(r"(n?var)?char|character|n?text|string|clob|enum|name\b|bpchar")),
    ("moment", re.compile(r"timestamp|datetime")),
    ("date", re.compile(r"date\b")),
)
_DAYS: tuple[Family, ...] = ("date", "moment")
_TIMES: Mapping[str, tuple[Family, ...]] = {"timestamp": ("moment",), "date": ("date", "moment", "text"), "month": ("date",)}
_DIMENSIONS: Mapping[str, tuple[Family, ...]] = {"text": ("text",), "integer": ("number",), "boolean": ("boolean",)}
_WORDS: Mapping[Family, str] = {"boolean": "boolean", "number": "a number", "text": "text", "moment": "a timestamp", "date": "a date"}

Need = tuple[str, tuple[Family, ...], str]
"""A column, the families that will do (none: any), and what it is needed for."""
_CONSENT: tuple[Need, ...] = (
    ("purpose", ("text",), "the purpose of a consent"),
    *((name, _DAYS, "the time of a consent") for name in ("granted_at", "withdrawn_at", "effective_at")),
)


def family(kind: str) -> Family | None:
    """Return the family of an engine's type (in lower case), or None for one that is no plain value or not told."""
    return next((name for name, pattern in _FAMILIES if pattern.match(kind) and not kind.endswith("[]")), None)


def misfits(catalogue: Catalogue, model: SemanticModel, present: Mapping[str, Mapping[str, str]]) -> Iterator[Problem]:
    """Yield every column of the model that the warehouse lacks or has of the wrong kind. `present`: tables to columns to types, in lower case."""
    where, table = f"model {model.name}", model.table.rpartition(".")[2]
    if table not in present:
        yield Problem(where=where, message=f"the warehouse has no table {model.table}.{nearest(table, present)}")
        return
    columns = present[table]
    for name, families, purpose in dict.fromkeys(_needs(catalogue, model)):
        yield from _misfit(where, model.table, columns, (name, families, purpose))
    other = model.narrower
    if other is not None and (beside := present.get(other.table.rpartition(".")[2])) is not None:
        holders = [entity.column for entity in model.entities if entity.person]
        for need in (*((column, (), "whose consent it is") for column in holders), *_CONSENT, (other.dimension, ("text",), f"what of {other.dimension} the consent is for")):
            yield from _misfit(where, other.table, beside, need)


def _misfit(where: str, table: str, columns: Mapping[str, str], need: Need) -> Iterator[Problem]:
    name, families, purpose = need
    if name not in columns:
        yield Problem(where=where, message=f"{table} has no column {name}, needed for {purpose}.{nearest(name, columns)}")
    elif families and columns[name] and family(columns[name]) not in families:
        wanted = " or ".join(_WORDS[item] for item in families)
        yield Problem(where=where, message=f"{table}.{name} is {columns[name]}, but {purpose} needs {wanted}.")


def unlike_joins(catalogue: Catalogue, present: Mapping[str, Mapping[str, str]]) -> Iterator[Problem]:
    """Yield every join that would compare a text with a number: an engine refuses it, or finds nothing."""
    for model in catalogue.models.values():
        for entity in model.entities:
            home = catalogue.graph.home(entity.name)
            primary = catalogue.graph.primary(home) if home is not None else None
            if entity.role != "foreign" or home is None or primary is None:
                continue
            other = catalogue.models[home]
            kinds = [present.get(item.table.rpartition(".")[2], {}).get(column, "") for item, column in ((model, entity.column), (other, primary.column))]
            if all(kinds) and family(kinds[0]) != family(kinds[1]):
                message = f"{model.table}.{entity.column} is {kinds[0]} and {other.table}.{primary.column} is {kinds[1]}: {entity.name} can't be joined."
                yield Problem(where=f"model {model.name}", message=message)


def _needs(catalogue: Catalogue, model: SemanticModel) -> Iterator[Need]:
    """Yield every column that the catalogue reads of the model."""
    for entity in model.entities:
        yield entity.column, (), f"the entity {entity.name}"
    for dimension in catalogue.dimensions.values():
        for source in dimension.sources:
            if source.model == model.name:
                families = _DIMENSIONS[dimension.type] if source.part is None else ("moment",)
                yield source.column, families, f"the {dimension.type} dimension {dimension.id}" if source.part is None else f"the dimension {dimension.id}"
    if model.time is not None:
        yield model.time.column, _TIMES[model.time.unit], f"the model's time ({model.time.unit})"
    if model.validity is not None:
        yield model.validity.start, _DAYS, "the start of validity"
        yield model.validity.end, _DAYS, "the end of validity"
    if model.consent:
        yield from _CONSENT
    yield from _measured(catalogue, model)


def _measured(catalogue: Catalogue, model: SemanticModel) -> Iterator[Need]:
    for metric in catalogue.metrics.values():
        for measure in measures_of(metric):
            if measure.model != model.name:
                continue
            purpose = f"the metric {metric.id}"
            if measure.column is not None:
                yield measure.column, ("number",) if measure.agg == "sum" else (), f"the sum of {metric.id}" if measure.agg == "sum" else purpose
            if measure.rank is not None:
                yield measure.rank, ("number",), f"the rank of {metric.id}"
            for qualification in measure.qualify:
                if qualification.distinct is not None:
                    yield qualification.distinct, (), purpose
            for condition in conditions(measure):
                if condition.column is not None:
                    yield condition.column, _compared(condition), f"a condition of {metric.id}"


def _compared(condition: Condition) -> tuple[Family, ...]:
    """Return what the condition's values can be compared with."""
    given: Iterable[object] = (condition.equals, condition.at_least, condition.at_most, condition.above, condition.below, *(condition.one_of or ()))
    values = [value for value in given if value is not None]
    if any(isinstance(value, bool) for value in values):
        return ("boolean",)
    if any(isinstance(value, (int, float)) for value in values):
        return ("number",)
    if any(isinstance(value, date) for value in values):
        return _DAYS
    return ("text", "date", "moment") if values else ()
