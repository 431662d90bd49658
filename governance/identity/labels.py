"""Truthful labels: what a table, an export or an answer is in law. While the vault exists nothing about persons is ever more than de-identified.

PIPL article 73 keeps the word for what nobody can lead back to a person; de-identified data (去标识化) are still personal information. k is the size of the smallest group of
rows alike in the attributes that somebody could know of a person (Sweeney 2002); 1 means that somebody is unique.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from governance.terms import Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import duckdb

    from governance.documents.warehouse import WarehouseSchema

Label = Literal["personal", "deidentified", "aggregate", "business"]

WORDS: dict[Label, Text] = {
    "personal": Text(zh="个人信息", en="personal information"),
    "deidentified": Text(zh="去标识化的个人信息", en="de-identified personal information"),
    "aggregate": Text(zh="汇总数据", en="aggregate"),
    "business": Text(zh="业务数据，不含个人信息", en="business data without personal information"),
}


def label_of_answer(*, individual: bool, persons: bool, k: int) -> Label:
    """The label of an answer: by single members, or in groups that may be of one person, it is de-identified; without persons behind it, business data."""
    if individual:
        return "deidentified"
    if not persons:
        return "business"
    return "aggregate" if k > 1 else "deidentified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A table's label with its rows; `k` and `unique` (rows that are alone in their group) where the table lists persons."""

    table: str
    label: Label
    rows: int
    k: int | None = None
    unique: int | None = None
    attributes: tuple[str, ...] = ()


def measure(warehouse: Path, schema: WarehouseSchema) -> list[Measured]:
    """Label every table, and measure k over each register of persons by all its descriptive columns."""
    import duckdb

    persons = {name for name, kind in schema.entities.items() if kind.kind == "person"}
    found: list[Measured] = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for name, kind in schema.tables.items():
            if name not in there:
                continue  # loaded before the schema had it
            rows = _number(connection, f'SELECT count(*) FROM "{name}"')  # noqa: S608 (names of the schema)
            about = any(column.of in persons for column in kind.columns.values())
            if kind.register_of not in persons:
                found.append(Measured(table=name, label="deidentified" if about else "business", rows=rows))
                continue
            attributes = tuple(column for column, spec in kind.columns.items() if spec.of != kind.register_of)
            groups = f'SELECT count(*) AS n FROM "{name}" GROUP BY {_listed(attributes)}'  # noqa: S608
            found.append(
                Measured(
                    table=name,
                    label="deidentified",
                    rows=rows,
                    k=_number(connection, f"SELECT coalesce(min(n), 0) FROM ({groups})"),  # noqa: S608
                    unique=_number(connection, f"SELECT count(*) FROM ({groups}) WHERE n = 1"),  # noqa: S608
                    attributes=attributes,
                )
            )
    return found


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns) or "1"


def _number(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
