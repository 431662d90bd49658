"""Wrong or misleading numbers that a review of the metrics layer found, each kept from coming back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from governance.metrics.arranging import arrange
from governance.metrics.parsing import query_from_json
from governance.terms import Disclosed, MinimumGroup
from tests.fixtures.bundle import measured
from tests.fixtures.random_warehouse import MemoryWarehouse
from tests.fixtures.shop.warehouse import COLUMNS, TODAY, shop_catalogue


def order(number: int, day: date, amount: str, platform: str) -> dict[str, Any]:
    at = datetime(day.year, day.month, day.day, 12)
    return {"order_id": f"o{number}", "buyer_id": "b1", "item_id": "i1", "ordered_at": at, "amount": Decimal(amount), "platform": platform, "payment": None}


def told(rows: list[dict[str, Any]], query: dict[str, Any]) -> Disclosed:
    warehouse = MemoryWarehouse({"orders": rows}, COLUMNS)
    try:
        found = measured(warehouse, query, today=TODAY, catalogue=shop_catalogue(), data_from=date(2026, 1, 1))
    finally:
        warehouse.close()
    return arrange(found, query_from_json(query), {}, minimum_group=MinimumGroup(entity="person", k=1))


def test_a_rank_is_by_the_metric_also_where_the_order_begins_with_the_period() -> None:
    july, august = date(2026, 7, 2), date(2026, 8, 2)
    rows = [order(1, july, "10", "app"), order(2, july, "20", "web"), order(3, august, "40", "app"), order(4, august, "20", "web")]
    found = told(rows, {
        "metrics": ["gmv"], "group_by": ["platform"], "grain": "month", "period": {"start": "2026-07-01", "end": "2026-09-01"},
        "order": [{"by": "period", "direction": "asc"}, {"by": "gmv", "direction": "desc"}], "keep": [{"dimension": "platform", "values": ["app", "web"]}],
    })
    names = [column.name for column in found.columns]
    assert [dict(zip(names, row, strict=True))["gmv__rank"] for row in found.rows] == [2, 4, 1, 2]
