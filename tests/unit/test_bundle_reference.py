"""The reference page of the bundle says of every key what it means, and its example is a bundle's own."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import yaml

from governance.access.authorize import authorize
from governance.access.cases import own_dimension_only
from governance.access.policy import selected
from governance.documents.access import AccessDocument, Role, RowRule, Rule
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import Dimension, Measure, Metric, SemanticModel
from governance.documents.settings import Settings
from governance.terms import Actor, Grant, MetricQuery
from tests.fixtures.committee import POLICIES
from wenshu.committee.candidates import candidate_in

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


def test_the_page_of_policy_says_of_every_field_of_a_rule_what_it_does_with_an_example_that_stands_in_a_rule():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")
    examples = {found["field"]: found["example"] for found in re.finditer(r"^\| `(?P<field>\w+)` \| .* \| `(?P=field): (?P<example>.+)` \|$", page, re.MULTILINE)}
    assert examples.keys() == Rule.model_fields.keys()
    policy = candidate_in(POLICIES).policy
    plain = policy.rules["managers_ask_their_region"].rule.model_dump(exclude_none=True)
    for field, example in examples.items():
        said = yaml.safe_load(example)
        rule = Rule.model_validate(plain | {"id": "example", "roles": ["marketing"], field: said})
        assert rule.model_dump()[field] != Rule.model_fields[field].default, field
        with_it = policy.with_rules({**policy.rules, "example": selected(rule, policy.vocabulary)})
        allowed = authorize(Actor(id="p", role="marketing", department="marketing", attributes={"region": "华东"}), None, MetricQuery(metrics=("touches",), group_by=("years_in_practice",)), with_it, today=dt.date(2026, 12, 24), reach=own_dimension_only)
        assert isinstance(allowed, Grant), field
        assert rule.id in allowed.rules, field
