"""Validation against a live warehouse: a missing or unlike column, an unlisted value, a repeated key, an empty denominator are each told."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from governance.documents.metrics import MetricsDocument
from governance.documents.reading import read
from governance.documents.settings import Settings
from governance.metrics.catalogue import Catalogue
from governance.metrics.fitting import family
from governance.metrics.live import OFTEN, check_live
from tests.fixtures.bundle import opened

BUNDLE = """
models:
  - name: guest
    table: guests
    entities: [{name: guest, role: primary, column: id, person: true}]
  - name: stay
    table: stays
    entities:
      - {name: stay, role: primary, column: id}
      - {name: guest, role: foreign, column: guest_id, person: true}
    time: {column: arrived_at, unit: timestamp}
dimensions:
  - {id: country, label: Country, sources: [{model: guest, column: country}], open: true}
  - {id: room, label: Room, sources: [{model: stay, column: room}], values: [{value: single}, {value: double}]}
  - {id: floor, label: Floor, type: integer, sources: [{model: stay, column: floor}], open: true}
metrics:
  - {id: stays, stage: s, label: Stays, definition: All., kind: simple, measure: {model: stay, agg: count}, owner: o, approver: a, approved_on: 2025-01-01, version: v1, effective_from: 2025-01-01}
  - {id: paid, stage: s, label: Paid, definition: Sum., kind: simple, measure: {model: stay, agg: sum, column: amount, where: [{column: source, equals: web}]}, owner: o, approver: a, approved_on: 2025-01-01, version: v1, effective_from: 2025-01-01}
  - {id: price, stage: s, label: Price, definition: Paid per stay., kind: ratio, numerator: paid, denominator: {model: stay, agg: count, where: [{column: cancelled, equals: false}]}, owner: o, approver: a, approved_on: 2025-01-01, version: v1, effective_from: 2025-01-01}
"""
COLUMNS = {
    "guests": {"id": "INTEGER", "country": "VARCHAR"},
    "stays": {
        "id": "INTEGER", "guest_id": "INTEGER", "arrived_at": "TIMESTAMP", "room": "VARCHAR", "floor": "INTEGER", "amount": "DECIMAL(18,2)", "source": "VARCHAR", "cancelled": "BOOLEAN",
    },
}
TODAY = date(2026, 11, 15)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    (tmp_path / "bundle.yaml").write_text("format: 1\nname: hotel\ntitle: Hotel\n")
    (tmp_path / "metrics.yaml").write_text(textwrap.dedent(BUNDLE))
    return Catalogue.build(read(tmp_path / "bundle.yaml", Settings, tmp_path).document, [read(tmp_path / "metrics.yaml", MetricsDocument, tmp_path)])


@pytest.fixture
def problems(catalogue: Catalogue, tmp_path: Path) -> Iterator[Any]:
    """Give what validates a warehouse whose columns or rows were changed."""

    def found(*statements: str, types: dict[str, str] | None = None, today: date = TODAY) -> list[str]:
        file = tmp_path / "w.duckdb"
        file.unlink(missing_ok=True)
        with duckdb.connect(str(file)) as db:
            for table, columns in COLUMNS.items():
                db.execute(_create(table, columns, types or {}))
            for statement in statements:
                db.execute(statement)
        with opened(file) as warehouse:
            return [f"{problem.where}: {problem.message}" for problem in check_live(catalogue, warehouse, today=today)]

    yield found


def _create(table: str, columns: dict[str, str], types: dict[str, str]) -> str:
    kinds = {name: types.get(f"{table}.{name}", kind) for name, kind in columns.items()}
    return f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in kinds.items() if kind)})"


GUESTS = "INSERT INTO guests VALUES (1, 'CN'), (2, NULL)"
STAYS = "INSERT INTO stays SELECT i, 1 + i % 2, TIMESTAMP '2026-10-03', 'single', i % 4, 10.5, 'web', i % 3 = 0 FROM range(30) r(i)"


def test_a_warehouse_that_fits_has_no_problem(problems: Any) -> None:
    assert problems(GUESTS, STAYS) == []


@pytest.mark.parametrize(
    ("column", "kind", "told"),
    [
        ("stays.amount", "", "model stay: stays has no column amount, needed for the sum of paid."),
        ("stays.amount", "VARCHAR", "model stay: stays.amount is varchar, but the sum of paid needs a number."),
        ("stays.room", "INTEGER", "model stay: stays.room is integer, but the text dimension room needs text."),
        ("guests.country", "DATE", "model guest: guests.country is date, but the text dimension country needs text."),
        ("stays.floor", "VARCHAR", "model stay: stays.floor is varchar, but the integer dimension floor needs a number."),
        ("stays.source", "INTEGER", "model stay: stays.source is integer, but a condition of paid needs text or a date or a timestamp."),
        ("stays.cancelled", "VARCHAR", "model stay: stays.cancelled is varchar, but a condition of price needs boolean."),
        ("stays.arrived_at", "DATE", "model stay: stays.arrived_at is date, but the model's time (timestamp) needs a timestamp."),
        ("stays.guest_id", "VARCHAR", "model stay: stays.guest_id is varchar and guests.id is integer: guest can't be joined."),
    ],
)
def test_a_column_that_is_missing_or_unlike_is_told_with_what_needs_it(problems: Any, column: str, kind: str, told: str) -> None:
    assert problems(types={column: kind})[0] == told


def test_values_that_no_closed_dimension_lists_are_counted_and_only_the_usual_ones_quoted(problems: Any) -> None:
    more = f"INSERT INTO stays SELECT 100 + i, 1, TIMESTAMP '2026-10-04', CASE WHEN i < {OFTEN} THEN 'suite' ELSE 'Zhang Wei' END, 1, 1, 'web', false FROM range({OFTEN + 2}) r(i)"
    (told,) = problems(GUESTS, STAYS, more)
    assert told.startswith(f"model stay: stays.room holds 2 value(s) (suite, …) in {OFTEN + 2} rows that the dimension room does not list.")


def test_a_primary_key_that_repeats_or_is_missing_is_told(problems: Any) -> None:
    (told,) = problems(GUESTS, STAYS, "INSERT INTO guests VALUES (1, 'JP'), (NULL, 'JP')")
    assert told == "model guest: guests.id is the primary key of guest, but 2 of 4 rows repeat one or have none."


def test_a_ratio_without_any_denominator_is_told(problems: Any) -> None:
    (told,) = problems(GUESTS, STAYS, "UPDATE stays SET cancelled = true")
    assert told == "metric price: has no value over anything that is loaded: its denominator is empty everywhere."


def test_a_warehouse_whose_data_are_old_has_its_denominators_there(problems: Any) -> None:
    assert problems(GUESTS, STAYS, today=date(2031, 5, 5)) == []


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("bigint", "number"), ("uinteger", "number"), ("decimal(18,2)", "number"), ("double precision", "number"), ("interval", None), ("point", None),
        ("character varying", "text"), ("string", "text"), ("enum('a', 'b')", "text"), ("varchar[]", None), ("uuid", None), ("timestamp without time zone", "moment"),
        ("timestamp_ntz", "moment"), ("date", "date"), ("boolean", "boolean"), ("tinyint(1)", "boolean"),
    ],
)
def test_the_types_of_engines_are_five_families(kind: str, found: str | None) -> None:
    assert family(kind) == found
