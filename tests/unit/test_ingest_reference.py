"""The reference page is true: its examples are valid, every option, table, column and reason stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from governance.documents import extracts
from governance.documents.classification import Class, ClassificationDocument, Override
from governance.documents.warehouse import WarehouseSchema
from governance.identity.linking import REASONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "extracts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
WHOLE = [block for block in BLOCKS if "format: 1" in block]


@pytest.mark.parametrize("block", WHOLE)
def test_a_whole_example_is_a_valid_document(block: str) -> None:
    model = extracts.Codes if "codes:" in block else ClassificationDocument if "overrides:" in block else extracts.Mapping
    model.model_validate(yaml.safe_load(block))


def test_every_example_is_yaml() -> None:
    assert len(WHOLE) >= 6
    for block in BLOCKS:
        yaml.safe_load(block.replace("fields: …", "fields: {}"))


@pytest.mark.parametrize(
    "model",
    [
        extracts.Mapping,
        extracts.Reading,
        extracts.Value,
        extracts.Drop,
        extracts.Fold,
        extracts.Unpivot,
        extracts.Latest,
        extracts.Condition,
        ClassificationDocument,
        Class,
        Override,
    ],
)
def test_every_key_is_documented(model: type[extracts.Document]) -> None:
    missing = [name for name, field in model.model_fields.items() if not re.search(rf"\b{field.alias or name}\b", PAGE)]
    assert missing == []


def test_every_table_and_column_is_documented() -> None:
    schema = WarehouseSchema.model_validate(
        yaml.safe_load((ROOT / "policies/warehouse/schema.yaml").read_text(encoding="utf-8"))
    )
    for name, table in schema.tables.items():
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}`")]
        said = dict.fromkeys(re.findall(r"`([a-z_]+)`", line))
        assert set(said) - {name} == set(table.columns), name
        bold = {word for part in re.findall(r"\*\*(.+?)\*\*", line) for word in re.findall(r"`([a-z_]+)`", part)}
        assert bold == {column for column, kind in table.columns.items() if kind.required}, name


def test_every_reason_is_documented() -> None:
    assert [reason for reason in REASONS[1:] if f"`{reason}`" not in PAGE] == []
