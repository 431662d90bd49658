"""A bundle in which anything is doubtful is refused: each fault with its file, line and the nearest known name."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from governance.access.redline import PRESCRIBING
from governance.documents.metrics import MetricsDocument
from governance.documents.reading import read
from governance.documents.settings import Settings
from governance.errors import BundleError
from governance.metrics.catalogue import Catalogue
from tests.fixtures.bundle import catalogue_of

BASE = """
models:
  - name: customer
    table: customers
    entities: [{name: customer, role: primary, column: id, person: true}]
  - name: order
    table: orders
    entities:
      - {name: order, role: primary, column: id}
      - {name: customer, role: foreign, column: customer_id, person: true}
    time: {column: ordered_at, unit: timestamp}
dimensions:
  - {id: country, label: Country, sources: [{model: customer, column: country}], open: true}
  - {id: status, label: Status, sources: [{model: order, column: status}], values: [{value: paid}, {value: open}]}
metrics:
  - id: orders
    stage: sales
    label: Orders
    definition: All orders.
    kind: simple
    measure: {model: order, agg: count}
    owner: shop
    approver: board
    approved_on: 2026-01-01
    version: v1
    effective_from: 2026-01-01
"""
SETTINGS = Settings.model_validate({"format": 1, "name": "test", "title": "Test"})


def build(tmp_path: Path, text: str, more: str = "") -> Catalogue:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    reads = [read(tmp_path / "a.yaml", MetricsDocument, tmp_path)]
    if more:
        (tmp_path / "b.yaml").write_text(textwrap.dedent(more), encoding="utf-8")
        reads.append(read(tmp_path / "b.yaml", MetricsDocument, tmp_path))
    return Catalogue.build(SETTINGS, reads)


def metric(**keys: Any) -> str:
    import json

    base = {
        "id": "m", "stage": "sales", "label": "M", "definition": "M.", "kind": "simple", "owner": "o", "approver": "a", "approved_on": "2026-01-01",
        "version": "v1", "effective_from": "2026-01-01",
    }
    return "metrics:\n  - " + json.dumps({**base, **keys}) + "\n"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (metric(measure={"model": "ordr", "agg": "count"}), r"b.yaml:2: unknown model 'ordr'. Did you mean order\?"),
        (metric(measure={"model": "order", "agg": "sum"}), "a sum needs a column"),
        (metric(measure={"model": "order", "agg": "distinct", "entity": "custmer"}), "has no entity 'custmer'; it has order, customer"),
        (metric(measure={"model": "order", "agg": "members", "entity": "customer"}), "counted in the entity's own table"),
        (metric(measure={"model": "customer", "agg": "count"}), "the model customer has no time"),
        (metric(measure={"model": "order", "agg": "count", "where": [{"dimension": "statu", "equals": "paid"}]}), r"unknown dimension 'statu'. Did you mean status\?"),
        (metric(kind="ratio", numerator="orders"), "needs a denominator"),
        (metric(kind="ratio", numerator="orders", denominator="order"), r"unknown metric 'order'. Did you mean orders\?"),
        (metric(kind="ratio", numerator="m", denominator="orders"), "defined by itself: m → m"),
        (metric(kind="derived", expression="a +", inputs={"a": "orders"}), "can't be read"),
        (metric(kind="derived", expression="a / b", inputs={"a": "orders"}), "unknown name 'b' in the expression; inputs are a"),
        (metric(kind="derived", expression="__import__('os')", inputs={"a": "orders"}), "consists of input names, numbers"),
        (metric(kind="derived", expression="a * 2", inputs={"a": "orders", "b": "orders"}), "the input b is not used"),
        (metric(kind="cumulative", measure={"model": "order", "agg": "count"}), "needs one of `months: n`, `days: n` and `to_date"),
        (metric(measure={"model": "order", "agg": "count"}, dimensions=["countri"]), r"unknown dimension 'countri'. Did you mean country\?"),
        (metric(measure={"model": "order", "agg": "count"}, default_period={"kind": "last_units"}), "last_units needs n"),
        (metric(id="m__base", measure={"model": "order", "agg": "count"}), "names with `__` are columns of answers"),
        (metric(id="country", measure={"model": "order", "agg": "count"}), "is the id of a metric as well"),
        (metric(id="orders", measure={"model": "order", "agg": "count"}), "orders is defined twice; first at a.yaml:16"),
        ("dimensions: [{id: x, label: X, open: true}]", "needs either sources or derived"),
        ("dimensions: [{id: x, label: X, sources: [{model: order, column: x}]}]", "lists no values; say `open: true`"),
        ("dimensions: [{id: x, label: X, open: true, sources: [{model: ordr, column: x}]}]", r"unknown model 'ordr'. Did you mean order\?"),
        ("dimensions: [{id: x, label: X, open: true, derived: {dimension: statuss, map: {}}}]", r"unknown dimension 'statuss'. Did you mean status\?"),
        ("dimensions: [{id: x, label: X, open: true, derived: {dimension: status, map: {payd: y}}}]", r"status has no value 'payd'. Did you mean paid\?"),
        ("dimensions: [{id: x, label: X, open: true, derived: {dimension: x, map: {}}}]", "derived from itself: x → x"),
        ("dimensions: [{id: x, label: X, type: integer, values: [{value: one}], sources: [{model: order, column: x}]}]", "does not fit the type integer"),
        ("models: [{name: c2, table: c2, entities: [{name: customer, role: primary, column: id, person: true}]}]", "primary in customer already; joins would multiply rows"),
        ("models: [{name: c2, table: c2, entities: [{name: customer, role: foreign, column: id}]}]", "a person in one table and not in another"),
        ("models: [{name: c2, table: c2, consent: true}]", "consent rows carry a person"),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_nearest_known_name(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(BundleError, match=message) as raised:
        build(tmp_path, BASE, more)
    assert all(problem.where.startswith(("a.yaml:", "b.yaml:")) for problem in raised.value.problems)


def test_every_fault_is_listed_and_not_only_the_first(tmp_path: Path) -> None:
    more = metric(id="one", measure={"model": "ordr", "agg": "count"}) + metric(id="two", measure={"model": "order", "agg": "sum"}).removeprefix("metrics:\n")
    with pytest.raises(BundleError) as raised:
        build(tmp_path, BASE, more)
    assert len(raised.value.problems) == 2


def test_a_dimension_reached_by_two_routes_of_one_length_is_refused(tmp_path: Path) -> None:
    more = """
    models:
      - name: shop
        table: shops
        entities: [{name: shop, role: primary, column: id}]
      - name: visit
        table: visits
        entities: [{name: shop, role: foreign, column: shop_id}, {name: customer, role: foreign, column: customer_id, person: true}]
        time: {column: at, unit: timestamp}
    dimensions:
      - {id: place, label: Place, open: true, sources: [{model: shop, column: place}, {model: customer, column: place}]}
    metrics:
      - {id: visits, stage: sales, label: V, definition: V., kind: simple, measure: {model: visit, agg: count}, owner: o, approver: a, approved_on: 2026-01-01, version: v1, effective_from: 2026-01-01}
    """
    with pytest.raises(BundleError, match="two routes"):
        build(tmp_path, BASE, more)


def test_the_shortest_route_wins(tmp_path: Path) -> None:
    more = """
    dimensions:
      - {id: origin, label: Origin, open: true, sources: [{model: order, column: origin}, {model: customer, column: origin}]}
    """
    catalogue = build(tmp_path, BASE, more)
    route = catalogue.graph.route("order", "origin")
    assert route is not None and route.hops == ()


# ------------------------------------------------------------------ the demo's own bundle


def test_the_demos_bundle_has_every_metric_of_the_domain() -> None:
    expected = """
    target_hcps reached_hcps reach_rate newly_reached_hcps touches visits planned_touches plan_completion multichannel_hcps multichannel_rate
    covered_hospitals hospital_coverage touches_per_hcp online_share open_rate click_rate avg_dwell_seconds engagement_minutes objective_completion
    webinar_attendees active_hcps retention_rate hcps_in_stage advanced_hcps advance_rate advance_rate_exposed aware_to_trial survey_responses
    avg_perception_score nps revenue units target_revenue attainment revenue_rolling_12m revenue_ytd spend cost_per_touch roi experiment_conversion
    experiment_lift consent_rate consent_withdrawals data_accesses denied_accesses"""
    assert set(catalogue_of().metrics) == set(expected.split())


def test_whatever_adds_up_sales_or_targets_is_prescribing_and_nothing_else_is() -> None:
    catalogue = catalogue_of()
    prescribing = {name for name in catalogue.metrics if catalogue.has_tag(name, PRESCRIBING)}
    assert prescribing == {"revenue", "units", "target_revenue", "attainment", "roi", "revenue_rolling_12m", "revenue_ytd"}


def test_no_prescribing_metric_can_reach_an_attribute_of_a_person() -> None:
    catalogue = catalogue_of()
    for name in catalogue.metrics:
        if catalogue.has_tag(name, PRESCRIBING):
            assert not set(catalogue.dimensions_for(name)) & catalogue.person_dimensions


def test_the_dimensions_of_persons_are_those_that_only_their_own_tables_carry() -> None:
    assert catalogue_of().person_dimensions == {
        "hcp", "specialty", "title", "segment", "potential", "years_in_practice", "practice_band", "is_target", "rep", "team", "territory", "rep_region",
    }


@pytest.mark.parametrize(
    ("metric_id", "dimensions"),
    [
        ("attainment", {"region", "product"}),
        ("plan_completion", {"region", "product"}),
        ("roi", {"region", "product"}),
        ("cost_per_touch", {"region", "product", "channel", "channel_type"}),
        ("revenue", {"product", "region", "province", "city", "city_tier", "hospital", "hospital_level"}),
        ("data_accesses", {"department", "outcome", "purpose"}),
    ],
)
def test_a_metric_of_two_facts_offers_only_what_both_carry(metric_id: str, dimensions: set[str]) -> None:
    assert set(catalogue_of().dimensions_for(metric_id)) == dimensions


def test_the_stage_is_a_dimension_of_one_metric_only() -> None:
    catalogue = catalogue_of()
    assert [name for name in catalogue.metrics if "stage" in catalogue.dimensions_for(name)] == ["hcps_in_stage"]


def test_hospitals_of_reached_doctors_can_not_be_divided_by_the_doctors_attributes() -> None:
    offered = set(catalogue_of().dimensions_for("hospital_coverage"))
    assert not offered & {"specialty", "title", "segment", "potential", "is_target", "hcp"}
    assert {"region", "hospital_level", "channel", "product", "team"} <= offered


def test_a_scope_only_dimension_is_offered_to_nobody() -> None:
    catalogue = catalogue_of()
    assert "rep_region" in catalogue.dimensions
    assert all("rep_region" not in catalogue.dimensions_for(name) for name in catalogue.metrics)


def test_persons_stand_behind_the_denominator_and_behind_the_numerator_where_only_that_carries_them() -> None:
    catalogue = catalogue_of()
    assert catalogue.persons_behind("reach_rate") == "hcp"
    assert catalogue.persons_behind("plan_completion") == "hcp"
    assert catalogue.persons_behind("hospital_coverage") == "hcp"
    assert catalogue.persons_behind("roi") is None
    assert catalogue.persons_behind("data_accesses") is None
