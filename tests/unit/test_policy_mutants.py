"""Whatever a rule or role says, some case must notice when it no longer does; and what nobody can notice is no gap."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from wenshu.committee.candidates import candidate_in
from wenshu.committee.cases import run_cases

POLICIES = Path(__file__).parents[2] / "policies"
TODAY = dt.date(2026, 11, 15)
WORDS = {"zh": "测试", "en": "test"}
LIMIT: dict[str, Any] = {
    "id": "new_rule", "roles": ["medical"], "effect": "limit", "purposes": ["medical_insight"], "metrics": {"names": ["touches"]}, "dimensions": {"names": ["channel"]}, "reason": WORDS,
}
GRANT: dict[str, Any] = {
    "id": "new_rule", "roles": ["marketing"], "effect": "allow", "purposes": ["market_analysis"], "metrics": {"names": ["consent_rate"]}, "dimensions": {"names": ["region"]}, "reason": WORDS,
}


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    copytree(POLICIES, folder, ignore=ignore_patterns("__pycache__", "*.py"))
    return folder


def changes_left(folder: Path, subject: str) -> set[str]:
    return {item["change"] for item in run_cases(candidate_in(folder), today=TODAY)["unnoticed"] if item["rule"] == subject}


def write_rule(folder: Path, rule: dict[str, Any]) -> None:
    (folder / "access/new.yaml").write_text(json.dumps({"rules": [rule]}, ensure_ascii=False, default=str), encoding="utf-8")


def write_case(folder: Path, text: str) -> None:
    file = folder / "cases/departments.yaml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("rule", "said", "change"),
    [
        (LIMIT, {"obligation": WORDS}, "obligation"),
        (LIMIT, {"model_egress": False}, "model_egress"),
        (LIMIT, {"export": False}, "export"),
        (LIMIT, {"minimum_group": {"entity": "hcp", "k": 30}}, "k"),
        (LIMIT, {"rows": [{"dimension": "region", "values": ["华东"]}]}, "row_0"),
        (LIMIT, {"masks": [{"dimension": "years_in_practice", "to": "practice_band"}], "dimensions": {"names": ["years_in_practice"]}}, "mask_0"),
        (GRANT, {"effective_from": dt.date(2026, 11, 1)}, "effective_from"),
        (GRANT, {"effective_until": dt.date(2026, 12, 1)}, "effective_until"),
        (GRANT, {"export": False}, "export"),
        (GRANT, {"purposes": ["market_analysis", "performance_review"]}, "purposes_performance_review"),
        (GRANT, {"metrics": {"stages": ["compliance"], "without": ["consent_withdrawals"]}}, "metrics_without_consent_withdrawals"),
        (GRANT, {"metric_alone": False}, "metric_alone"),
        (GRANT, {"metrics": {"stages": ["compliance"]}, "dimensions": {"all": True, "without_tags": ["person", "employee", "ledger"]}}, "dimensions_without_tags_ledger"),
    ],
    ids=lambda item: item if isinstance(item, str) else None,
)
def test_every_kind_of_thing_that_a_rule_says_needs_a_case(bundle, rule, said, change):
    write_rule(bundle, rule | said)
    assert change in changes_left(bundle, "new_rule")


@pytest.mark.parametrize(
    ("said", "case", "change"),
    [
        ({"obligation": WORDS}, "obligations: [test]", "obligation"),
        ({"model_egress": False}, "model_egress: false", "model_egress"),
        ({"minimum_group": {"entity": "hcp", "k": 30}}, "k: 30", "k"),
        ({"rows": [{"dimension": "region", "values": ["华东"]}]}, "scope: [{dimension: region, values: [华东]}]", "row_0"),
    ],
)
def test_a_case_that_states_it_notices_it(bundle, said, case, change):
    write_rule(bundle, LIMIT | said)
    write_case(bundle, f"  - id: watched\n    who: physician\n    asks: {{metrics: [touches], group_by: [channel]}}\n    expect: {{decision: allow, {case}}}\n")
    assert change not in changes_left(bundle, "new_rule")


@pytest.mark.parametrize(("day", "dropped"), [("2026-10-31", "effective_from"), ("2026-12-01", "effective_until")])
def test_a_term_is_watched_by_a_case_of_a_day_outside_it(bundle, day, dropped):
    write_rule(bundle, GRANT | {"effective_from": dt.date(2026, 11, 1), "effective_until": dt.date(2026, 12, 1)})
    write_case(bundle, f"  - id: outside\n    who: marketer\n    day: {day}\n    asks: {{metrics: [consent_rate], group_by: [region]}}\n    expect: {{decision: refuse}}\n")
    left = changes_left(bundle, "new_rule")
    assert dropped not in left
    assert left & {"effective_from", "effective_until"}


@pytest.mark.parametrize(("right", "case"), [("role_export", "export: true"), ("role_model_egress", "model_egress: true")])
def test_each_right_of_each_role_needs_a_case(bundle, right, case):
    file = bundle / "cases/departments.yaml"
    for tail in (f", {case}", f"      {case}\n"):
        file.write_text(file.read_text(encoding="utf-8").replace(tail, ""), encoding="utf-8")
    assert right in changes_left(bundle, "marketing")


def test_the_red_line_needs_a_case(bundle):
    file = bundle / "cases/departments.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("  - id: nobody_sees_sales_by_specialty")], encoding="utf-8")
    assert changes_left(bundle, "red_line_prescribing") == {"red_line"}


def test_a_selection_that_leaves_out_what_cannot_be_asked_anyway_needs_no_case(bundle):
    write_rule(bundle, GRANT | {"dimensions": {"names": ["region"], "without": ["channel"], "without_tags": ["employee"]}})
    assert not {change for change in changes_left(bundle, "new_rule") if change.startswith("dimensions_")}
