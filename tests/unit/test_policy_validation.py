"""What a bundle's validation finds beyond names: rules that mean nothing, contradict, or reach across the firewall; each with file and line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from governance.errors import BundleError
from wenshu.committee.candidates import candidate_in
from wenshu.committee.cases import run_cases
from wenshu.validating import look_over

POLICIES = Path(__file__).parents[2] / "policies"
TODAY = dt.date(2026, 11, 15)
RULES, ROLES = "access/rules.yaml", "access/roles.yaml"


@pytest.fixture
def bundle(tmp_path):
    return Path(copytree(POLICIES, tmp_path / "bundle", ignore=ignore_patterns("__pycache__", "*.py")))


def changed(bundle: Path, path: str, old: str, new: str) -> None:
    file = bundle / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def rule(bundle: Path, text: str) -> None:
    file = bundle / RULES
    file.write_text(file.read_text(encoding="utf-8") + "\n  - " + text.strip().replace("\n", "\n    ") + "\n    reason: {zh: 因, en: why}\n", encoding="utf-8")


def problems(bundle: Path) -> str:
    return "\n".join(map(str, look_over(bundle, today=TODAY).problems))


def test_the_shipped_bundle_has_neither_problems_nor_warnings_and_its_cases_test_every_rule():
    found = look_over(POLICIES, today=TODAY)
    assert (found.problems, found.warnings) == ((), ())
    verdict = run_cases(candidate_in(POLICIES), today=TODAY)
    assert verdict["ok"], verdict["failures"] or verdict["untested"]
    assert verdict["mutants"] >= 25


NEW = "id: new_rule\nroles: [{role}]\neffect: {effect}\npurposes: [{purpose}]\n{rest}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (NEW.format(role="marketing", effect="allow", purpose="market_analysis", rest="metrics: {stages: [compliance], without_tags: []}\ndimensions: {names: [rep]}\nmetric_alone: false"), "can never match"),
        (NEW.format(role="marketing", effect="allow", purpose="medical_insight", rest="metrics: {all: true}"), "can never match for marketing"),
        (NEW.format(role="committee", effect="allow", purpose="market_analysis", rest="metrics: {all: true}"), "can never match for committee"),
        (NEW.format(role="marketing", effect="allow", purpose="market_analysis", rest="metrics: {}"), "its metrics select nothing"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\neffective_from: 2026-12-01\neffective_until: 2026-12-01"), "ends on or before the day it begins"),
        (NEW.format(role="marketing", effect="allow", purpose="market_analysis", rest="metrics: {names: [touches]}"), "is shadowed by marketing_asks_the_loop"),
        (NEW.format(role="marketing", effect="deny", purpose="market_analysis, performance_review", rest="metrics: {all: true}\ndimensions: {all: true}"), "marketing_asks_the_loop conflicts with new_rule"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\nrows: [{dimension: region, values: [华东]}, {dimension: region, values: [华南]}]"), "the row predicates conflict"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\nrows: [{dimension: region, values: [华冬]}]"), "region has no value '华冬'. Did you mean"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\nrows: [{link: asignment, entity: hcp, to_entity: rep, keys: [$actor.rep]}]"), "unknown link table 'asignment'. Did you mean assignment"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\nrows: [{dimension: region, values: [$user.region]}]"), "no attribute of the caller"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\nrows: [{dimension: region, values: [华东], only_with: [rep]}]"), "can never apply"),
        (NEW.format(role="compliance", effect="allow", purpose="compliance_audit", rest="metrics: {names: [touches]}\nminimum_group: {entity: rep, k: 5}"), "'rep' is no person"),
        (NEW.format(role="medical", effect="allow", purpose="medical_insight", rest="metrics: {names: [spend]}"), "the firewall between medical and commercial"),
        (NEW.format(role="medical", effect="allow", purpose="medical_insight", rest="metrics: {names: [units]}\neffective_from: 2027-01-01"), "the firewall between medical and commercial"),
    ],
)
def test_a_rule_that_means_nothing_or_too_much_is_told_with_its_line(bundle, text, told):
    rule(bundle, text)
    found = problems(bundle)
    assert told in found
    assert f"{RULES}:" in found


def test_a_page_that_does_not_exist_and_a_purpose_given_twice_are_told(bundle):
    changed(bundle, ROLES, "pages: [committee]", "pages: [comittee]")
    changed(bundle, ROLES, "purposes: [medical_insight]", "purposes: [medical_insight, medical_insight]")
    assert "unknown page 'comittee'. Did you mean committee?" in problems(bundle)
    assert "names a purpose twice" in problems(bundle)


def test_a_bundle_that_drops_the_prescribing_tag_or_opens_the_firewall_can_not_even_be_loaded(bundle):
    text = (bundle / "metrics/outcome.yaml").read_text(encoding="utf-8")
    (bundle / "metrics/outcome.yaml").write_text(text.replace("    tags: [prescribing]\n", ""), encoding="utf-8")
    with pytest.raises(BundleError, match="prescribing"):
        candidate_in(bundle)
    (bundle / "metrics/outcome.yaml").write_text(text, encoding="utf-8")
    changed(bundle, RULES, "{stages: [perception, initial_reach, coverage, engagement]}", "{stages: [perception, initial_reach, coverage, engagement, outcome]}")
    with pytest.raises(BundleError, match="firewall"):
        candidate_in(bundle)


def test_one_rule_for_two_departments_and_a_partly_denied_one_are_only_warned_of(bundle):
    rule(bundle, NEW.format(role="medical, compliance", effect="allow", purpose="medical_insight, compliance_audit", rest="metrics: {names: [consent_rate]}\nminimum_group: {entity: hcp, k: 50}"))
    rule(bundle, "id: no_visits\nroles: [marketing]\neffect: deny\npurposes: [market_analysis]\nmetrics: {names: [visits]}\ndimensions: {all: true}")
    found = look_over(bundle, today=TODAY)
    assert found.problems == ()
    told = "\n".join(map(str, found.warnings))
    assert "new_rule speaks for compliance and medical" in told
    assert "marketing_asks_the_loop and no_visits conflict on" in told


@pytest.mark.parametrize("dropped", ["a_representative_reviews_work_in_groups_of_five", "a_manager_sees_the_own_regions_representatives", "medical_does_not_see_spend"])
def test_a_rule_whose_case_is_missing_is_named_as_untested(bundle, dropped):
    file = bundle / "cases/departments.yaml"
    text = file.read_text(encoding="utf-8")
    if dropped == "medical_does_not_see_spend":  # a second case watches the same rule
        text = text.replace("rule: medical_commercial_firewall", "code: metric_not_allowed").replace("code: metric_not_allowed, code: metric_not_allowed", "code: metric_not_allowed")
    begin = text.index(f"  - id: {dropped}\n")
    end = text.index("  - id: ", begin + 5)
    file.write_text(text[:begin] + text[end:], encoding="utf-8")
    verdict = run_cases(candidate_in(bundle), today=TODAY)
    assert not verdict["ok"]
    expected = {
        "a_representative_reviews_work_in_groups_of_five": "representatives_review_their_work",
        "a_manager_sees_the_own_regions_representatives": "managers_ask_by_representative",
        "medical_does_not_see_spend": "medical_commercial_firewall",
    }[dropped]
    assert expected in verdict["untested"]


def test_unknown_names_in_cases_are_problems(bundle):
    changed(bundle, "cases/departments.yaml", "who: marketer", "who: markter")
    changed(bundle, "cases/departments.yaml", "rules: [managers_ask_their_region]", "rules: [managers_ask_the_region]")
    found = problems(bundle)
    assert "nobody is called 'markter'. Did you mean marketer" in found
    assert "unknown rule 'managers_ask_the_region'. Did you mean managers_ask_their_region" in found
