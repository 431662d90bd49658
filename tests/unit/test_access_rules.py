"""The policy as the domain states it, on a small catalogue; the judge against a plain evaluator."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.access.authorize import allowed_metrics, authorize
from governance.access.judge import ALONE, CompiledRule, Judge
from governance.access.policy import Policy, build_policy
from governance.access.redline import crosses
from governance.access.vocabulary import DimensionFacts, MetricFacts, Vocabulary
from governance.documents.access import AccessDocument, Rule, Selection
from governance.documents.base import Words
from governance.documents.reading import Read, read
from governance.errors import BundleError, InvalidQuery
from governance.terms import Actor, DimensionScope, Filter, Grant, LinkScope, MemberCompare, MetricQuery, Refusal, Text

TODAY = dt.date(2026, 11, 15)
POLICIES = Path(__file__).parents[2] / "policies"
PERSONAL = ("specialty", "segment")


def text(word: str) -> Text:
    return Text(zh=word, en=word)


def metric(name: str, stage: str, dimensions: tuple[str, ...], *, prescribing: bool = False) -> MetricFacts:
    person = None if stage in ("outcome", "compliance") else "hcp"
    return MetricFacts(
        id=name, label=text(name), stage=stage, tags=frozenset(), prescribing=prescribing, person=person, ignores_consent=False, dimensions=dimensions
    )


def dimension(name: str, *tags: str, about_person: bool = False, identifying: bool = False) -> DimensionFacts:
    return DimensionFacts(id=name, label=text(name), tags=frozenset(tags), about_person=about_person, identifying=identifying)


DOCTOR = ("region", "specialty", "segment", "years_in_practice", "practice_band", "channel", "rep", "team", "territory", "hcp", "rep_region")
VOCABULARY = Vocabulary(
    metrics=MappingProxyType(
        {
            "reach_rate": metric("reach_rate", "initial_reach", DOCTOR),
            "touches": metric("touches", "engagement", DOCTOR),
            "planned_touches": metric("planned_touches", "coverage", ("region", "product")),
            "plan_completion": metric("plan_completion", "coverage", ("region", "product")),
            "hcps_in_stage": metric("hcps_in_stage", "perception", (*DOCTOR, "stage", "product")),
            "revenue": metric("revenue", "outcome", ("region", "hospital", "product", *PERSONAL), prescribing=True),
            "spend": metric("spend", "outcome", ("region", "product")),
            "data_accesses": metric("data_accesses", "compliance", ("department", "outcome")),
        }
    ),
    dimensions=MappingProxyType(
        {
            "region": dimension("region"),
            "hospital": dimension("hospital"),
            "product": dimension("product"),
            "channel": dimension("channel"),
            "stage": dimension("stage"),
            "specialty": dimension("specialty", about_person=True),
            "segment": dimension("segment", about_person=True),
            "years_in_practice": replace(dimension("years_in_practice", about_person=True), coarser=frozenset({"practice_band"})),
            "practice_band": dimension("practice_band", about_person=True),
            "team": dimension("team", "employee", about_person=True),
            "territory": dimension("territory", "employee", about_person=True),
            "rep": dimension("rep", "employee", about_person=True, identifying=True),
            "rep_region": dimension("rep_region", "employee", about_person=True),
            "hcp": dimension("hcp", "person", about_person=True, identifying=True),
            "department": dimension("department", "ledger"),
            "outcome": dimension("outcome", "ledger"),
        }
    ),
)
GEOGRAPHY = {"region", "hospital"}
USERS = {
    "market": Actor(id="market", role="marketing", department="marketing"),
    "manager_east": Actor(id="manager_east", role="sales_manager", department="sales", attributes={"region": "华东"}),
    "rep": Actor(id="rep_east_1", role="sales_rep", department="sales", attributes={"rep": "r_1"}),
    "medical": Actor(id="medical", role="medical", department="medical"),
    "compliance": Actor(id="compliance", role="compliance", department="compliance"),
    "committee": Actor(id="committee_a", role="committee", department="committee"),
    "engineer": Actor(id="engineer", role="data_engineer", department="data_engineering"),
    "stranger": Actor(id="stranger", role="marketing ", department="marketing"),
}


def reach(scope: object, dimension: str, value: object) -> bool:
    return not (isinstance(scope, DimensionScope) and dimension in GEOGRAPHY and value not in scope.values)


@pytest.fixture(scope="module")
def policy() -> Policy:
    reads = [read(path, AccessDocument, POLICIES) for path in sorted((POLICIES / "access").glob("*.yaml"))]
    return build_policy(reads, VOCABULARY, version="test", person="hcp")


def ask(policy: Policy, who: str, *metrics: str, purpose: str | None = None, by: tuple[str, ...] = (), where: tuple[Filter, ...] = (), compare: MemberCompare | None = None) -> Grant | Refusal:
    query = MetricQuery(metrics=metrics, group_by=by, where=where, compare=compare)
    return authorize(USERS[who], purpose, query, policy, today=TODAY, reach=reach)


def in_region(*values: str) -> tuple[Filter, ...]:
    return (Filter(dimension="region", op="in", values=values),)


def code(decision: Grant | Refusal) -> str:
    return decision.code if isinstance(decision, Refusal) else "granted"


@pytest.mark.parametrize(
    ("who", "metrics", "options", "expected"),
    [
        ("market", ("reach_rate",), {"by": ("region",)}, "granted"),
        ("market", ("revenue",), {"by": ("hospital",)}, "granted"),
        ("market", ("revenue",), {"by": ("specialty",)}, "prescription_by_doctor"),
        ("market", ("reach_rate", "revenue"), {"by": ("segment",)}, "prescription_by_doctor"),
        ("market", ("touches",), {"by": ("hcp",)}, "individual_level"),
        ("market", ("touches",), {"by": ("rep",)}, "individual_level"),
        ("market", ("touches",), {"by": ("team",)}, "granted"),
        ("market", ("data_accesses",), {}, "metric_not_allowed"),
        ("market", ("reach_rate",), {"purpose": "medical_insight"}, "purpose_not_allowed"),
        ("market", ("planned_touches",), {"by": ("channel",)}, "dimension_not_allowed"),
        ("manager_east", ("reach_rate",), {}, "granted"),
        ("manager_east", ("hcps_in_stage",), {}, "metric_not_allowed"),
        ("manager_east", ("touches",), {"by": ("rep",)}, "granted"),
        ("manager_east", ("revenue",), {"by": ("rep",)}, "prescription_by_doctor"),
        ("manager_east", ("planned_touches",), {"by": ("rep",)}, "dimension_not_allowed"),
        ("manager_east", ("reach_rate",), {"where": in_region("华南")}, "row_scope"),
        ("manager_east", ("reach_rate",), {"where": in_region("华东", "华南")}, "row_scope"),
        ("manager_east", ("reach_rate",), {"by": ("region",), "compare": MemberCompare(dimension="region", base="华南")}, "row_scope"),
        ("rep", ("touches",), {"by": ("hcp",)}, "granted"),
        ("rep", ("touches",), {"by": ("hcp",), "purpose": "performance_review"}, "individual_level"),
        ("rep", ("hcps_in_stage",), {"by": ("hcp", "product", "stage")}, "granted"),
        ("rep", ("hcps_in_stage",), {"by": ("region",)}, "dimension_not_allowed"),
        ("rep", ("revenue",), {}, "metric_not_allowed"),
        ("rep", ("plan_completion",), {}, "metric_not_allowed"),
        ("medical", ("hcps_in_stage",), {"by": ("segment",)}, "granted"),
        ("medical", ("spend",), {}, "metric_not_allowed"),
        ("compliance", ("data_accesses",), {"by": ("department",)}, "granted"),
        ("compliance", ("reach_rate",), {}, "metric_not_allowed"),
        ("committee", ("reach_rate",), {}, "purpose_not_allowed"),
        ("engineer", ("reach_rate",), {}, "purpose_not_allowed"),
        ("stranger", ("reach_rate",), {}, "purpose_not_allowed"),
    ],
)
def test_each_department_may_ask_what_the_domain_says_and_nothing_else(policy, who, metrics, options, expected):
    assert code(ask(policy, who, *metrics, **options)) == expected


def test_marketing_needs_groups_of_ten_and_a_representative_preparing_a_visit_none(policy):
    assert ask(policy, "market", "reach_rate").minimum_group.k == 10
    assert ask(policy, "medical", "reach_rate").minimum_group.k == 5
    assert ask(policy, "rep", "touches").minimum_group.k == 0
    assert ask(policy, "rep", "touches", purpose="performance_review").minimum_group.k == 5


def test_a_manager_is_narrowed_to_the_own_region_and_by_representative_to_the_own_representatives(policy):
    own = DimensionScope(dimension="region", values=("华东",))
    assert ask(policy, "manager_east", "reach_rate").scopes == (own,)
    by_rep = ask(policy, "manager_east", "touches", by=("rep",))
    assert set(by_rep.scopes) == {own, DimensionScope(dimension="rep_region", values=("华东",))}


def test_a_representative_is_narrowed_to_the_own_doctors_of_today(policy):
    (scope,) = ask(policy, "rep", "touches").scopes
    assert scope == LinkScope(model="assignment", entity="hcp", to_entity="rep", keys=("r_1",), on=TODAY)


def test_a_manager_without_a_region_has_a_scope_that_matches_nothing(policy):
    nobody = Actor(id="m", role="sales_manager", department="sales")
    grant = authorize(nobody, None, MetricQuery(metrics=("touches",)), policy, today=TODAY, reach=reach)
    assert isinstance(grant, Grant)
    assert grant.scopes == (DimensionScope(dimension="region", values=()),)


def test_an_unknown_name_is_an_error_that_names_the_nearest_and_not_a_refusal(policy):
    with pytest.raises(InvalidQuery, match="reach_rate"):
        ask(policy, "market", "reach_rat")
    with pytest.raises(InvalidQuery, match="region"):
        ask(policy, "market", "reach_rate", by=("regoin",))
    with pytest.raises(InvalidQuery, match="market_analysis"):
        ask(policy, "market", "reach_rate", purpose="market_analysi")


def test_a_refusal_says_what_may_be_asked_instead(policy):
    refusal = ask(policy, "medical", "revenue")
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "medical_commercial_firewall"
    assert len(refusal.you_may) >= 2


def test_an_erroring_rule_denies():
    class Broken(CompiledRule):
        def covers(self, *_: str) -> bool:
            raise RuntimeError("broken")

    reason = Words(zh="x", en="x")
    fine = Rule(id="fine", roles=("r",), effect="allow", metrics=Selection(all=True), purposes=("p",), reason=reason)
    broken = fine.model_copy(update={"id": "broken", "effect": "deny"})
    names = frozenset({"m"})
    judge = Judge({"fine": CompiledRule(rule=fine, metrics=names, dimensions=names)})
    assert judge.allows("r", "p", "m")
    judge = Judge(
        {
            "fine": CompiledRule(rule=fine, metrics=names, dimensions=names),
            "broken": Broken(rule=broken, metrics=names, dimensions=names),
        }
    )
    assert not judge.allows("r", "p", "m")


def test_no_rules_allow_nothing():
    judge = Judge({})
    assert not judge.allows("r", "p", "m")
    assert not judge.allows("", "", "", "")


NAMES = st.sampled_from(["a", "b", "c"])
SUBSET = st.frozensets(NAMES)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, CompiledRule]:
    out = {}
    for index in range(draw(st.integers(0, 6))):
        rule = Rule(
            id=f"rule_{index}",
            roles=tuple(draw(st.frozensets(NAMES, min_size=1))),
            effect=draw(st.sampled_from(["allow", "deny"])),
            metrics=Selection(),
            metric_alone=draw(st.booleans()),
            purposes=tuple(draw(st.frozensets(NAMES, min_size=1))),
            reason=Words(zh="x", en="x"),
        )
        out[rule.id] = CompiledRule(rule=rule, metrics=draw(SUBSET), dimensions=draw(SUBSET))
    return out


@settings(max_examples=150, deadline=None)
@given(rules=rules(), role=NAMES, purpose=NAMES, metric=NAMES, dimension=st.one_of(NAMES, st.just(ALONE)))
def test_casbins_decision_equals_a_straightforward_evaluation(rules, role, purpose, metric, dimension):
    effects = []
    for compiled in rules.values():
        rule = compiled.rule
        speaks = role in rule.roles and purpose in rule.purposes and metric in compiled.metrics
        about = rule.metric_alone if dimension == ALONE else dimension in compiled.dimensions
        if speaks and about:
            effects.append(rule.effect)
    expected = "allow" in effects and "deny" not in effects
    assert Judge(rules).allows(role, purpose, metric, dimension) is expected


@settings(max_examples=200, deadline=None)
@given(
    metrics=st.lists(st.sampled_from(sorted(VOCABULARY.metrics)), min_size=1, max_size=3, unique=True),
    by=st.lists(st.sampled_from(sorted(VOCABULARY.dimensions)), max_size=3, unique=True),
    who=st.sampled_from(sorted(USERS)),
    purpose=st.sampled_from([None, "market_analysis", "performance_review", "visit_preparation", "medical_insight", "compliance_audit"]),
)
def test_no_one_ever_gets_a_prescribing_metric_by_anything_about_a_person(policy, metrics, by, who, purpose):
    query = MetricQuery(metrics=tuple(metrics), group_by=tuple(by))
    decision = authorize(USERS[who], purpose, query, policy, today=TODAY, reach=reach)
    prescribed = "revenue" in metrics
    about_person = {"specialty", "segment", "team", "territory", "rep", "rep_region", "hcp"} & set(by)
    if prescribed and about_person:
        assert isinstance(decision, Refusal)
        assert decision.code == "prescription_by_doctor"
        assert crosses(query, VOCABULARY)
    if isinstance(decision, Grant):
        assert set(metrics) <= allowed_metrics(USERS[who], decision.purpose, policy)


def test_unknown_names_in_the_rules_are_all_told_with_file_and_line(tmp_path):
    (tmp_path / "access").mkdir()
    file = tmp_path / "access" / "rules.yaml"
    file.write_text(
        "purposes: [{id: p, label: p}]\nroles: [{id: r, label: r, department: d, purposes: [q]}]\n"
        "rules:\n  - id: one\n    roles: [rr]\n    effect: allow\n    purposes: [p]\n    metrics: {names: [reach_rat]}\n    reason: x\n",
        encoding="utf-8",
    )
    loaded: Read[AccessDocument] = read(file, AccessDocument, tmp_path)
    with pytest.raises(BundleError) as caught:
        build_policy([loaded], VOCABULARY, version="x", person="hcp")
    told = str(caught.value)
    assert "access/rules.yaml:8: unknown metric 'reach_rat'. Did you mean reach_rate?" in told
    assert "unknown role 'rr'" in told
    assert "unknown purpose 'q'" in told


def test_a_retired_metric_is_refused_from_its_day_on_and_names_its_successor(policy):
    facts = replace(VOCABULARY.metrics["touches"], retired_on=TODAY, successor="reach_rate")
    aged = replace(policy, vocabulary=replace(VOCABULARY, metrics=MappingProxyType({**VOCABULARY.metrics, "touches": facts})))
    query = MetricQuery(metrics=("touches",))
    assert isinstance(authorize(USERS["market"], None, query, aged, today=TODAY - dt.timedelta(days=1), reach=reach), Grant)
    refusal = authorize(USERS["market"], None, query, aged, today=TODAY, reach=reach)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.rule, refusal.you_may) == ("metric_not_allowed", "metric_retired", (text("reach_rate"),))
    assert "touches" not in allowed_metrics(USERS["market"], "market_analysis", aged.on(TODAY))
