"""An online shop, with its own tables, words and fiscal year: every kind of metric, beside pandas, on DuckDB and on PostgreSQL."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from governance.errors import DimensionNotAllowed, UnsoundQuery
from governance.metrics.live import check_live
from governance.warehouse.engine import Warehouse
from tests.fixtures.bundle import measured, table
from tests.fixtures.engine_equality import compare, members, questions
from tests.fixtures.loading import to_postgresql
from tests.fixtures.random_warehouse import MemoryWarehouse
from tests.fixtures.servers import postgresql
from tests.fixtures.shop.warehouse import COLUMNS, TODAY, shop_catalogue, shop_tables

CATALOGUE = shop_catalogue()
ROWS = shop_tables()
ORDERS = pd.DataFrame(ROWS["orders"]).merge(pd.DataFrame(ROWS["buyers"]), on="buyer_id", how="left").merge(pd.DataFrame(ROWS["items"]), on="item_id", how="left")
SUMMER = {"start": "2026-06-01", "end": "2026-09-01"}
IN_SUMMER = (ORDERS["ordered_at"] >= "2026-06-01") & (ORDERS["ordered_at"] < "2026-09-01")


@pytest.fixture(scope="module")
def embedded() -> Iterator[MemoryWarehouse]:
    warehouse = MemoryWarehouse(ROWS, COLUMNS)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Warehouse]:
    with postgresql() as server:
        to_postgresql(server.owner, ROWS, columns=COLUMNS)
        with Warehouse.open(server.reader) as warehouse:
            yield warehouse


@pytest.fixture(params=["embedded", "served"])
def shop(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("metric", sorted(CATALOGUE.metrics))
def test_every_metric_of_the_shop_is_the_same_on_both_engines(metric: str, embedded: MemoryWarehouse, served: Warehouse) -> None:
    answered = 0
    for query in questions(CATALOGUE, metric, members(CATALOGUE, embedded)):
        answers: list[Any] = []
        for warehouse in (embedded, served):
            try:
                answers.append(measured(warehouse, query, today=TODAY, catalogue=CATALOGUE, data_from=date(2025, 1, 1)))
            except (UnsoundQuery, DimensionNotAllowed) as error:
                answers.append(type(error).__name__)
        answered += compare(query, *answers)
    assert answered >= 3


def test_the_shops_bundle_fits_its_warehouse(served: Warehouse) -> None:
    assert check_live(CATALOGUE, served, today=TODAY) == []


def ask(shop: Any, query: dict[str, Any]) -> dict[Any, dict[str, Any]]:
    return table(measured(shop, {"period": SUMMER, **query}, today=TODAY, catalogue=CATALOGUE, data_from=date(2025, 1, 1)))


def values(found: dict[Any, dict[str, Any]], name: str) -> dict[Any, Any]:
    return {key[0] if len(key) == 1 else key: cells[name] for key, cells in found.items()}


def alike(got: dict[Any, Any], expected: dict[Any, Any]) -> bool:
    return set(got) == set(expected) and all(
        (got[key] is None and expected[key] is None) or math.isclose(float(got[key]), float(expected[key]), rel_tol=1e-9) for key in got
    )


def test_sums_and_counts_by_joined_dimensions_keep_what_matches_nothing(shop: Any) -> None:
    found = ask(shop, {"metrics": ["gmv", "orders"], "group_by": ["category"]})
    by = ORDERS[IN_SUMMER].assign(category=ORDERS["category"].fillna("未知")).groupby("category")
    assert alike(values(found, "gmv"), by["amount"].sum().to_dict())
    assert alike(values(found, "orders"), by.size().to_dict())


def test_fiscal_quarters_begin_in_april_july_october_and_january(shop: Any) -> None:
    period = {"start": "2026-01-01", "end": "2026-10-01"}
    found = ask(shop, {"metrics": ["buyers"], "grain": "year", "period": period})
    spans = {"2025-04-01": ("2026-01-01", "2026-04-01"), "2026-04-01": ("2026-04-01", "2026-10-01")}
    expected = {label: ORDERS[(ORDERS["ordered_at"] >= start) & (ORDERS["ordered_at"] < end)]["buyer_id"].nunique() for label, (start, end) in spans.items()}
    assert values(found, "buyers") == expected
    quarters = ask(shop, {"metrics": ["buyers"], "grain": "quarter", "period": period})
    assert [key[0] for key in quarters] == ["2026-01-01", "2026-04-01", "2026-07-01"]


def test_first_orders_ever_are_sliced_by_that_orders_attributes(shop: Any) -> None:
    firsts = ORDERS.dropna(subset=["buyer_id"]).sort_values(["ordered_at", "order_id"]).drop_duplicates("buyer_id")
    period = {"start": "2025-02-01", "end": "2025-05-01"}
    kept = firsts[(firsts["ordered_at"] >= "2025-02-01") & (firsts["ordered_at"] < "2025-05-01")]
    found = ask(shop, {"metrics": ["new_buyers"], "group_by": ["platform"], "period": period})
    assert values(found, "new_buyers") == kept.assign(platform=kept["platform"].fillna("未知")).groupby("platform").size().to_dict()


def test_loyal_buyers_and_those_who_came_back(shop: Any) -> None:
    by_month = {m: ORDERS[(ORDERS["ordered_at"] >= f"2026-0{m}-01") & (ORDERS["ordered_at"] < f"2026-0{m + 1}-01")] for m in (5, 6, 7, 8)}
    found = ask(shop, {"metrics": ["loyal_buyers", "came_back"], "grain": "month"})
    people = {m: set(frame["buyer_id"].dropna()) for m, frame in by_month.items()}
    assert values(found, "loyal_buyers") == {f"2026-0{m}-01": int((by_month[m]["buyer_id"].value_counts() >= 2).sum()) for m in (6, 7, 8)}
    assert alike(values(found, "came_back"), {f"2026-0{m}-01": len(people[m] & people[m - 1]) / len(people[m - 1]) for m in (6, 7, 8)})


def test_a_population_is_the_denominator_of_every_attribute_that_it_lacks(shop: Any) -> None:
    found = ask(shop, {"metrics": ["buying_rate"], "group_by": ["platform"]})
    known = set(pd.DataFrame(ROWS["buyers"])["buyer_id"])
    by = ORDERS[IN_SUMMER].assign(platform=ORDERS["platform"].fillna("未知")).groupby("platform")["buyer_id"].nunique() / len(known)
    assert alike(values(found, "buying_rate"), by.to_dict())


def test_rolling_and_to_date_sums_reach_back_beyond_the_period(shop: Any) -> None:
    metrics = ["gmv_3m", "gmv_mtd", "gmv_7d", "gmv_wtd"]
    found = ask(shop, {"metrics": metrics, "grain": "day", "period": {"start": "2026-06-10", "end": "2026-06-13"}})
    for day in (date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 12)):
        end = pd.Timestamp(day) + pd.Timedelta(days=1)
        rolling = ORDERS[(ORDERS["ordered_at"] >= end - pd.DateOffset(months=3)) & (ORDERS["ordered_at"] < end)]["amount"].sum()
        to_date = ORDERS[(ORDERS["ordered_at"] >= "2026-06-01") & (ORDERS["ordered_at"] < end)]["amount"].sum()
        days = {back: ORDERS[(ORDERS["ordered_at"] >= end - pd.Timedelta(days=back)) & (ORDERS["ordered_at"] < end)]["amount"].sum() for back in (7, day.isoweekday())}
        expected = {"gmv_3m": rolling, "gmv_mtd": to_date, "gmv_7d": days[7], "gmv_wtd": days[day.isoweekday()]}
        assert found[day.isoformat(),] == {name: pytest.approx(float(value)) for name, value in expected.items()}


def test_a_window_of_days_that_begins_before_the_first_row_is_empty(shop: Any) -> None:
    first = ORDERS["ordered_at"].min().date()
    period = {"start": first.isoformat(), "end": (first + timedelta(days=8)).isoformat()}
    found = [cells["gmv_7d"] for cells in ask(shop, {"metrics": ["gmv_7d"], "grain": "day", "period": period}).values()]
    assert found[:6] == [None] * 6
    assert found[6] == pytest.approx(float(ORDERS[ORDERS["ordered_at"] < pd.Timestamp(first + timedelta(days=7))]["amount"].sum()))


def test_the_latest_state_counts_once_at_its_highest_and_once_for_each_partition_asked(shop: Any) -> None:
    changes = pd.DataFrame(ROWS["level_changes"])
    before = changes[pd.to_datetime(changes["changed_on"]) < "2026-09-01"].sort_values(["changed_on", "rank"]).drop_duplicates(["buyer_id", "club"], keep="last")
    highest = before.sort_values("rank").drop_duplicates("buyer_id", keep="last")
    assert values(ask(shop, {"metrics": ["in_level"], "group_by": ["club_level"]}), "in_level") == highest.groupby("level").size().to_dict()
    both = ask(shop, {"metrics": ["in_level"], "group_by": ["club", "club_level"]})
    assert values(both, "in_level") == before.groupby(["club", "level"]).size().to_dict()


def test_risers_are_those_above_their_start_on_any_partition(shop: Any) -> None:
    changes = pd.DataFrame(ROWS["level_changes"]).sort_values(["changed_on", "rank"])
    when = pd.to_datetime(changes["changed_on"])

    def at(instant: str) -> pd.Series:
        return changes[when < instant].drop_duplicates(["buyer_id", "club"], keep="last").set_index(["buyer_id", "club"])["rank"]

    start, end = at("2026-06-01"), at("2026-09-01")
    rose = (end.reindex(start.index) > start)
    assert values(ask(shop, {"metrics": ["risers"]}), "risers") == {(): rose[rose].index.get_level_values(0).nunique()}


def test_an_experiment_is_read_by_arm_and_as_a_lift(shop: Any) -> None:
    trials = pd.DataFrame(ROWS["trials"])
    rates = trials.assign(won=trials["won"].fillna(False).astype(bool)).groupby("arm")["won"].mean()
    where = [{"dimension": "trial", "op": "in", "values": ["checkout"]}]
    year = {"start": "2026-01-01", "end": "2026-11-16"}
    assert alike(values(ask(shop, {"metrics": ["trial_rate"], "where": where, "period": year}), "trial_rate"), rates.to_dict())
    (lift,) = ask(shop, {"metrics": ["trial_lift"], "where": where, "period": year}).values()
    assert lift["trial_lift"] == pytest.approx(rates["new"] - rates["old"])
    assert lift["trial_lift__ci_low"] < lift["trial_lift"] < lift["trial_lift__ci_high"]
    with pytest.raises(UnsoundQuery, match="needs one trial"):
        ask(shop, {"metrics": ["trial_lift"]})


def test_what_is_in_force_is_judged_at_the_end_of_each_row(shop: Any) -> None:
    rows = pd.DataFrame(ROWS["subscriptions"])
    found = ask(shop, {"metrics": ["subscribers"], "grain": "month"})
    for month in (6, 7, 8):
        end = date(2026, month + 1, 1)
        valid = rows[(rows["valid_from"] < end) & (rows["valid_to"].isna() | (rows["valid_to"] >= end))]
        assert found[f"2026-0{month}-01",] == {"subscribers": valid["buyer_id"].nunique()}


def test_a_day_fact_over_a_month_fact_takes_complete_months_and_only_shared_dimensions(shop: Any) -> None:
    found = ask(shop, {"metrics": ["budget_use"], "group_by": ["category"]})
    spent = ORDERS[IN_SUMMER].groupby("category")["amount"].sum()
    budgets = pd.DataFrame(ROWS["budgets"])
    planned = budgets[(budgets["month"] >= date(2026, 6, 1)) & (budgets["month"] < date(2026, 9, 1))].groupby("category")["amount"].sum()
    expected = {key: float(spent.get(key, 0)) / float(planned[key]) for key in planned.index} | {"未知": None}
    assert alike(values(found, "budget_use"), expected)
    with pytest.raises(DimensionNotAllowed):
        ask(shop, {"metrics": ["budget_use"], "group_by": ["platform"]})
    with pytest.raises(UnsoundQuery):
        ask(shop, {"metrics": ["budget_use"], "period": {"start": "2026-06-02", "end": "2026-09-01"}})


def test_derived_arithmetic_and_derived_dimensions(shop: Any) -> None:
    found = ask(shop, {"metrics": ["big_order_points"], "group_by": ["online_payment"]})
    frame = ORDERS[IN_SUMMER].assign(pay=ORDERS["payment"].map({"alipay": "mobile", "wechat": "mobile", "card": "card"}).fillna("未知"))
    expected = {
        key: ((rows["amount"] >= 100).sum() - 2 * (rows["refunded"] == True).sum()) / len(rows)  # noqa: E712 (NULL is not true)
        for key, rows in frame.groupby("pay")
    }
    assert alike(values(found, "big_order_points"), expected)


def test_where_nobody_is_protected_no_persons_are_counted(shop: Any) -> None:
    found = measured(shop, {"metrics": ["gmv", "aov"], "group_by": ["platform"], "period": SUMMER}, today=TODAY, catalogue=CATALOGUE)
    assert all(count is None for row in found.contributors for count in row.values())


def test_no_word_of_the_first_domain_is_in_the_metrics_layers_or_the_languages_code() -> None:
    words = (
        "hcp", "doctor", "pharma", "hospital", "physician", "patient", "prescri", "drug", "specialty", "wechat", "channel", "webinar", "congress",
        "revenue", "sales", "医", "药", "触达", "观念", "处方", "科室", "拜访", "销售", "大区",
    )
    contract = {"prescription_by_doctor", "language.prescribing_by_person", "prescribing", "metric_tag:prescribing"}  # names of refusals and of a tag, not readings
    root = Path(__file__).parents[2]
    for path in sorted(item for folder in ("governance/metrics", "governance/warehouse", "nlq") for item in (root / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs} - contract
        found = [word for word in words for text in (*names, *texts) if word in text.casefold()]
        assert found == [], (path.name, found)


def test_time_is_local_and_the_last_day_counts_to_its_end(shop: Any) -> None:
    day = TODAY - timedelta(days=40)
    found = ask(shop, {"metrics": ["orders"], "period": {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat()}})
    assert values(found, "orders") == {(): int((ORDERS["ordered_at"].dt.date == day).sum())}
