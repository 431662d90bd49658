"""The reference page of the bundle says of every key what it means, and its example is a bundle's own."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from governance.documents.access import AccessDocument, Role, RowRule, Rule
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import Dimension, Measure, Metric, SemanticModel
from governance.documents.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "bundle.md").read_text(encoding="utf-8")
SELF_EXPLAINING = {"id", "label", "name", "title", "description", "legal_basis", "max_rows", "timeout_s"}


def test_every_key_of_every_document_kind_is_on_the_page():
    kinds = (Settings, SemanticModel, Dimension, Measure, Metric, AccessDocument, Role, Rule, RowRule, LexiconDocument)
    missing = {f"{kind.__name__}.{key}" for kind in kinds for key in kind.model_fields if key not in SELF_EXPLAINING and not re.search(rf"\b{key}\b", PAGE)}
    assert not missing


def test_the_example_of_access_rules_is_read_as_it_stands():
    block = next(found for found in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if found.startswith("purposes:"))
    document = AccessDocument.model_validate(yaml.safe_load(block))
    assert document.rules[0].effect == "allow"
