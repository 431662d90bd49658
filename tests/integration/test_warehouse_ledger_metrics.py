"""The ledger's own metrics, asked of its SQLite file: complete days only, by every grain."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance.errors import UnsoundQuery, WarehouseError
from governance.metrics.checking import check
from governance.metrics.execution import Sources, execute
from governance.metrics.parsing import query_from_json
from governance.metrics.planner import plan
from governance.terms import DimensionScope
from governance.warehouse.engine import Warehouse
from tests.fixtures.bundle import catalogue_of, grant_for, table
from tests.fixtures.small_warehouse import write

TODAY = date(2026, 11, 15)
ROWS = [
    ((TODAY - timedelta(days=days)).isoformat(), department, purpose, outcome, "role")
    for days in range(70)
    for department, purpose, outcome in (
        ("marketing", "market_analysis", "answered"),
        *((("sales", "performance_review", "refused"),) if days % 3 == 0 else ()),
        *(((None, None, "refused"),) if days % 10 == 0 else ()),
    )
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("ledger")
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        db.execute("CREATE TABLE event_index (day TEXT, department TEXT, purpose TEXT, outcome TEXT, role TEXT)")
        db.executemany("INSERT INTO event_index VALUES (?, ?, ?, ?, ?)", ROWS)
        db.execute("CREATE VIEW fct_access AS SELECT day, department, purpose, outcome, role AS actor_role FROM event_index")
    db.close()
    return write(folder / "w.duckdb", {}), folder / "ledger.sqlite"


@pytest.fixture
def warehouse(files: tuple[Path, Path]) -> Iterator[Warehouse]:
    with Warehouse.open_file(files[0]) as opened:
        yield opened


def ask(warehouse: Warehouse, ledger: Path | None, query: dict[str, Any], **grant: Any) -> dict[Any, dict[str, Any]]:
    known = catalogue_of()
    checked = check(query_from_json(query), known, today=TODAY, data_from=date(2026, 9, 1), data_to=TODAY)
    with Sources.open(warehouse, ledger=ledger) as sources:
        return table(execute(plan(grant_for(checked, today=TODAY, **grant), known), sources))


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_accesses_by_each_grain_are_those_of_complete_days(warehouse: Warehouse, files: tuple[Path, Path], grain: str) -> None:
    query = {"metrics": ["data_accesses"], "grain": grain, "period": {"start": "2026-09-10", "end": "2026-11-16"}}
    found = ask(warehouse, files[1], query)

    def unit(day: date) -> date:
        if grain == "week":
            return day - timedelta(days=day.weekday())
        months = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}
        return day if grain == "day" else date(day.year, months[grain], 1)

    days = [date.fromisoformat(row[0]) for row in ROWS]
    expected = Counter(unit(day).isoformat() for day in days if date(2026, 9, 10) <= day < TODAY)
    assert {key[0]: cells["data_accesses"] for key, cells in found.items() if cells["data_accesses"]} == dict(expected)


def test_denied_accesses_by_department_and_purpose_keep_what_has_none(warehouse: Warehouse, files: tuple[Path, Path]) -> None:
    query = {"metrics": ["denied_accesses", "data_accesses"], "group_by": ["department"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
    found = ask(warehouse, files[1], query)
    expected = Counter(row[1] or "未知" for row in ROWS if row[0].startswith("2026-10") and row[3] == "refused")
    assert {key[0]: cells["denied_accesses"] for key, cells in found.items()} == {**dict.fromkeys(("marketing",), 0), **expected}


def test_windows_that_overlap_are_joined_and_each_row_has_its_own_counterpart(warehouse: Warehouse, files: tuple[Path, Path]) -> None:
    query = {"metrics": ["data_accesses"], "grain": "month", "compare": "previous_period", "period": {"start": "2026-10-01", "end": "2026-11-16"}}
    found = ask(warehouse, files[1], query)
    days = Counter(row[0] for row in ROWS if row[0] < TODAY.isoformat())

    def count(first: str, last: str) -> int:
        return sum(number for day, number in days.items() if first <= day <= last)

    assert {key[0]: (cells["data_accesses"], cells["data_accesses__base"]) for key, cells in found.items()} == {
        "2026-10-01": (count("2026-10-01", "2026-10-31"), count("2026-09-01", "2026-09-30")),
        "2026-11-01": (count("2026-11-01", "2026-11-15"), count("2026-10-01", "2026-10-15")),
    }


def test_what_the_ledger_shows_is_brought_up_to_date_before_it_is_read_and_only_then(warehouse: Warehouse, files: tuple[Path, Path]) -> None:
    called: list[str] = []
    with Sources.open(warehouse, ledger=files[1], fresh=lambda: called.append("now")) as sources:
        sources.session("warehouse")
        assert called == []
        sources.session("ledger")
        sources.session("ledger")
    assert called == ["now"]


def test_without_the_ledgers_file_its_metrics_are_one_clear_error(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="ledger is not connected"):
        ask(warehouse, None, {"metrics": ["data_accesses"]})


def test_a_row_scope_that_the_ledger_does_not_carry_fails_closed(warehouse: Warehouse, files: tuple[Path, Path]) -> None:
    with pytest.raises(UnsoundQuery, match="row scope"):
        ask(warehouse, files[1], {"metrics": ["data_accesses"]}, scopes=[DimensionScope(dimension="region", values=("华东",))])
