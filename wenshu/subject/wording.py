"""What people call what is in a person's copy: tables, columns, extracts, metrics, roles, in Chinese and English, from the bundle's own words."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from governance.documents.extracts import Mapping as ExtractMapping
from governance.documents.warehouse import WarehouseSchema
from governance.inforce import Active
from wenshu.subject.desk import words

Said = dict[str, dict[str, str]]
"""A technical name → {zh, en}."""


def wording(active: Active, schema: WarehouseSchema, mappings: Iterable[ExtractMapping], document: Mapping[str, Any]) -> dict[str, Any]:
    """The words for the names in a copy: `tables`, `columns` (by table), `extracts` (by file pattern), `metrics`, `dimensions`, `roles`. A name that the bundle has no words for is left out."""
    catalogue, held = active.catalogue, [table.removeprefix("restricted.") for table in document["records"]]
    answers = document["answers"]["events"]
    extracts: Said = {}
    for mapping in mappings:
        if mapping.title is not None:
            extracts |= dict.fromkeys(mapping.files, words(mapping.title.text()))
    return {
        "tables": table_words(schema, schema.tables),
        "columns": {table: _columns(active, schema, table) for table in dict.fromkeys(held)},
        "extracts": extracts,
        "metrics": {name: words(catalogue.metrics[name].label.text()) for item in answers for name in item["metrics"] if name in catalogue.metrics},
        "dimensions": {name: words(catalogue.dimensions[name].label.text()) for item in answers for name in item["group_by"] if name in catalogue.dimensions},
        "roles": {name: words(role.label.text()) for name, role in active.policy.roles.items()},
    }


def table_words(schema: WarehouseSchema, tables: Iterable[str]) -> Said:
    """The bundle's words for tables; one without words is left out."""
    return {table: words(schema.words.tables[table].text()) for table in tables if table in schema.words.tables}


def _columns(active: Active, schema: WarehouseSchema, table: str) -> Said:
    """The schema's own words; for a column without any those of the dimension that is read from it."""
    models = {name for name, model in active.catalogue.models.items() if model.table == table}
    found: Said = {}
    for column in schema.tables[table].columns:
        said = schema.words.columns.get(f"{table}.{column}") or schema.words.columns.get(column)
        if said is None:
            said = next(
                (item.label for item in active.catalogue.dimensions.values() if any(source.model in models and source.column == column and source.part is None for source in item.sources)), None
            )
        if said is not None:
            found[column] = words(said.text())
    return found


def both(said: Mapping[str, Mapping[str, str]], name: str) -> str:
    """A name in both languages, or as it is where there are no words for it; said once where both are the same."""
    found = said.get(name)
    if found is None:
        return name
    return found["zh"] if found["zh"] == found["en"] else f"{found['zh']} {found['en']}"


def extract_of(said: Mapping[str, Mapping[str, str]], file: str) -> str:
    """What an extract is called whose file (or pattern) this is, with the file."""
    pattern = next((known for known in said if known == file or fnmatch.fnmatch(file, known)), None)
    return file if pattern is None else f"{both(said, pattern)} ({file})"
