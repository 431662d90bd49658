"""Inputs of a derived metric as they were some months or days before: the number that the input has when it is asked for then."""

from __future__ import annotations

import calendar as month_lengths
import random
from datetime import date, timedelta
from typing import Any

import pytest

from governance.documents.metrics import MetricsDocument
from governance.documents.reading import Read, read
from governance.documents.settings import Settings
from governance.errors import BundleError
from governance.metrics.catalogue import Catalogue
from tests.fixtures.bundle import POLICIES, measured, table
from tests.fixtures.random_warehouse import FIRST, TODAY, MemoryWarehouse, random_tables
from tests.soundness.oracle import Oracle, units
from tests.soundness.test_planner_business_traps import doctor, touch

BASE = {
    "stage": "engagement", "label": {"zh": "变化", "en": "Change"}, "definition": {"zh": "与此前之差", "en": "Difference from before"}, "kind": "derived", "format": "decimal",
    "owner": "o", "approver": "a", "approved_on": "2026-01-01", "version": "v1", "effective_from": "2024-01-01",
}  # fmt: skip


def with_metrics(**inputs: dict[str, Any]) -> Catalogue:
    """The demo's catalogue and a derived metric for each name: `now - before`."""
    settings = read(POLICIES / "bundle.yaml", Settings, POLICIES).document
    reads = [read(path, MetricsDocument, POLICIES) for path in sorted((POLICIES / "metrics").glob("*.yaml"))]
    more = [{**BASE, "id": name, "expression": "now - before", "inputs": given, "label": {"zh": f"变化{name}", "en": f"Change {name}"}} for name, given in inputs.items()]
    document = MetricsDocument.model_validate({"metrics": more})
    added: Read[MetricsDocument] = Read(document=document, file="more.yaml", lines={})
    return Catalogue.build(settings, [*reads, added])


CATALOGUE = with_metrics(
    touches_month={"now": "touches", "before": {"of": "touches", "months": 1}},
    reached_week={"now": "reached_hcps", "before": {"of": "reached_hcps", "days": 7}},
    active_year={"now": "active_hcps", "before": {"of": "active_hcps", "months": 12}},
    stage_quarter={"now": "hcps_in_stage", "before": {"of": "hcps_in_stage", "months": 3}},
    rate_month={"now": "open_rate", "before": {"of": "open_rate", "months": 1}},
    revenue_year={"now": "revenue", "before": {"of": "revenue", "months": 12}},
)
SHIFTS = {"touches_month": ("touches", 1, 0), "reached_week": ("reached_hcps", 0, 7), "active_year": ("active_hcps", 12, 0), "stage_quarter": ("hcps_in_stage", 3, 0),
          "rate_month": ("open_rate", 1, 0), "revenue_year": ("revenue", 12, 0)}  # fmt: skip


def earlier(day: date, months: int, days: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, month_lengths.monthrange(year, month + 1)[1])) - timedelta(days=days)


@pytest.mark.parametrize("metric", SHIFTS)
def test_a_shifted_input_is_what_was_counted_then(metric: str) -> None:
    of, months, days = SHIFTS[metric]
    compared = 0
    for seed in range(8):
        chance = random.Random(f"{metric} {seed}")
        tables = random_tables(seed + 100, touches=200)
        grain = "month" if metric in {"revenue_year", "rate_month"} else chance.choice(("day", "month", "quarter") if months != 1 else ("day", "month"))
        start, end = (date(2026, 2, 1), date(2026, 11, 1)) if grain != "day" else (date(2026, 3, 25), date(2026, 4, 3))
        if grain == "quarter":
            start, end = date(2026, 4, 1), date(2026, 10, 1)
        warehouse = MemoryWarehouse(tables)
        oracle = Oracle(tables, TODAY, purpose="market_analysis")
        query = {"metrics": [metric], "grain": grain, "period": {"start": start.isoformat(), "end": end.isoformat()}}
        found = table(measured(warehouse, query, today=TODAY, purpose="market_analysis", catalogue=CATALOGUE, data_from=FIRST))
        warehouse.close()
        for label, first, last in units(start, end, grain):
            then = (earlier(first, months, days), earlier(last, months, days) if last.day == 1 else earlier(last - timedelta(days=1), months, days) + timedelta(days=1))
            if grain == "day":
                then = (earlier(first, months, days), earlier(first, months, days) + timedelta(days=1))
            now, before = (oracle.cell(of, window, [])[""][0] for window in ((first, last), then))
            expected = None if now is None or before is None else float(now) - float(before)
            got = found[label.isoformat(),][metric]
            assert (got is None) == (expected is None), (query, label)
            assert expected is None or float(got) == pytest.approx(expected), (query, label)
            compared += expected is not None
    assert compared > 5


def test_the_last_day_of_a_short_month_stands_for_the_days_that_it_lacks_and_a_month_for_itself() -> None:
    tables = {"dim_hcp": [doctor("d1")], "fct_touch": [touch(1, "d1", "2026-02-28"), touch(2, "d1", "2026-02-27"), touch(3, "d1", "2026-03-30")]}
    warehouse = MemoryWarehouse(tables)
    days = {"metrics": ["touches_month"], "grain": "day", "period": {"start": "2026-03-27", "end": "2026-04-01"}}
    months = {"metrics": ["touches_month"], "grain": "month", "period": {"start": "2026-03-01", "end": "2026-04-01"}}
    by_day, by_month = (table(measured(warehouse, query, today=TODAY, catalogue=CATALOGUE)) for query in (days, months))
    warehouse.close()
    assert [row["touches_month"] for row in by_day.values()] == [-1, -1, -1, 0, -1]
    assert [row["touches_month"] for row in by_month.values()] == [-1]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"of": "touches"}, "goes back by `months` or by `days`"),
        ({"of": "touches", "months": 1, "days": 1}, "goes back by `months` or by `days`"),
        ({"of": "target_hcps", "months": 1}, "can be shifted in time"),
        ({"of": "retention_rate", "months": 1}, "can be shifted in time"),
        ({"of": "revenue", "days": 7}, "is held by month"),
        ({"of": "touchs", "months": 1}, "unknown metric 'touchs'"),
    ],
)
def test_what_cannot_be_shifted_is_one_clear_error_of_the_bundle(given: dict[str, Any], why: str) -> None:
    with pytest.raises(BundleError, match=why):
        with_metrics(wrong={"now": "touches", "before": given})
