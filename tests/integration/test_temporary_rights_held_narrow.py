"""What a red team tried on temporary rights: round the masks, rows, groups and denials of the role, and with fewer approvals of the same terms."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from types import MappingProxyType

import pytest

from governance.access.authorize import authorize
from governance.access.cases import own_dimension_only
from governance.access.granting import masks_of, rows_of, smallest_group
from governance.documents.access import Group, Mask, RowRule
from governance.terms import Actor, Grant, MetricQuery, Refusal, TemporaryGrant
from tests.fixtures.committee import POLICIES, make_committee, make_grants
from wenshu.committee.candidates import candidate_in

TODAY = dt.date(2026, 11, 15)
POLICY = candidate_in(POLICIES).policy
ROLE = "marketing"


def with_rule(policy, name: str, **update: object):
    item = policy.rules[name]
    return policy.with_rules({**policy.rules, name: replace(item, rule=item.rule.model_copy(update=update))})


def lent(metric: str, *by: str) -> Actor:
    purpose = POLICY.roles[ROLE].purposes[0]
    grant = TemporaryGrant(id=1, role=ROLE, purpose=purpose, metrics=(metric,), dimensions=by, since=TODAY, until=TODAY + dt.timedelta(days=1))
    return Actor(id="p", role=ROLE, department="marketing", grants=(grant,))


def decide(policy, actor: Actor, metric: str, *by: str) -> Grant | Refusal:
    return authorize(actor, None, MetricQuery(metrics=(metric,), group_by=by), policy, today=TODAY, reach=own_dimension_only)


@pytest.fixture
def own_rule() -> str:
    return next(name for name, item in POLICY.rules.items() if ROLE in item.rule.roles and item.rule.effect == "allow")


def test_all_masks_of_the_role_stay_those_of_coarser_dimensions_and_of_what_is_shown_instead_too(own_rule):
    chained = with_rule(POLICY, own_rule, masks=(Mask(dimension="city", to="province"), Mask(dimension="province", to="region")))
    shown = {(mask.dimension, mask.to) for mask in masks_of(chained, ROLE, ("hospital",))}
    assert {("hospital", "province"), ("province", "region")} <= shown
    hidden = next(name for name in POLICY.rules if name != own_rule and POLICY.rules[name].rule.effect == "allow")
    both = with_rule(chained, hidden, roles=(*POLICY.rules[hidden].rule.roles, ROLE), masks=(Mask(dimension="city", hide=True),))
    assert {"province", None} <= {mask.to for mask in masks_of(both, ROLE, ("city",)) if mask.dimension == "city"}


def test_rows_of_limits_stay(own_rule):
    row = RowRule(dimension="region", values=("华东",))
    assert row in rows_of(with_rule(POLICY, own_rule, effect="limit", rows=(row,)), ROLE)


def test_a_role_that_says_nothing_of_groups_has_the_usual_one_for_the_grant_as_well():
    metric = "consent_rate"
    openers = {role for item in POLICY.rules.values() if item.rule.effect == "allow" and metric in item.metrics for role in item.rule.roles}
    assert ROLE not in openers
    small = Group(entity=POLICY.person, k=2)
    roles = {name: role.model_copy(update={"minimum_group": None if name in openers else small}) for name, role in POLICY.roles.items()}
    bare = {name: replace(item, rule=item.rule.model_copy(update={"minimum_group": None})) for name, item in POLICY.rules.items()}
    policy = replace(POLICY, roles=MappingProxyType(roles)).with_rules(bare)
    assert smallest_group(policy, ROLE, (metric,)).k == 10


def test_a_grant_replaces_no_rule_of_the_bundle_that_has_its_name(own_rule):
    item = POLICY.rules[own_rule]
    denial = replace(item, rule=item.rule.model_copy(update={"id": "temporary_grant_1", "effect": "deny", "rows": (), "masks": ()}))
    policy = POLICY.with_rules({**POLICY.rules, "temporary_grant_1": denial})
    metric = next(name for name in sorted(POLICY.vocabulary.metrics) if name not in item.metrics and isinstance(decide(POLICY, lent(name), name), Grant) and not POLICY.judge.allows(ROLE, POLICY.roles[ROLE].purposes[0], name))
    own = next(name for name in sorted(item.metrics) if isinstance(decide(POLICY, lent(metric), name), Grant))
    assert isinstance(decide(policy, lent(metric), own), Refusal)


def test_another_process_that_comes_and_goes_takes_nothing_from_the_store_of_drafts_and_rights(tmp_path):
    committee = make_committee(tmp_path)
    room = make_grants(committee)  # opens the file that the drafts' store has open already
    script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('select count(*) from temporary_rights').fetchall(); db.close()"
    subprocess.run([sys.executable, "-c", script, str(committee.home.policy)], check=True)
    room._store.add(user="market", role="marketing", purpose="p", metrics=["m"], dimensions=[], days=1, reason="x")
    found = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('select count(*) from temporary_rights').fetchone()[0])"
    assert subprocess.run([sys.executable, "-c", found, str(committee.home.policy)], check=True, capture_output=True, text=True).stdout.strip() == "1"
