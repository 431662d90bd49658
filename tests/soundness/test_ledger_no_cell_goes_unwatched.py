"""Whatever cell of the ledger's database is edited, and whatever byte of its file is spoilt, the verifier says so and never falls over."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.fixtures.ledgers import Home, filled_home

CELLS = {
    "entry": ("idx", "leaf", "body"),
    "node": ("id", "hash"),
    "head": ("size", "note"),
    "checkpoint": ("size", "note"),
    "event_index": (
        "idx",
        "id",
        "time",
        "day",
        "type",
        "request",
        "actor",
        "role",
        "department",
        "purpose",
        "decision",
        "outcome",
        "code", "rule", '"case"', "classes", "metrics", "surface", "session", "question",
    ),

}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return filled_home(tmp_path_factory.mktemp("honest") / "home", 5)


def edited(value: object, chance: random.Random) -> object:
    """Another value of the same type, near the old one."""
    if isinstance(value, int):
        return value + chance.choice([1000, -1000])
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    text = str(value or "")
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice("xz7") + text[at + chance.randrange(2) :]


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, columns in CELLS.items() for column in columns]
)
def test_no_edited_cell_goes_unnoticed(honest, tmp_path, table, column):
    chance = random.Random(f"{table}.{column}")
    for attempt in range(4):
        home = honest.copy(tmp_path / str(attempt))

        def work(connection: sqlite3.Connection, chance: random.Random = chance) -> None:
            keys = "rowid, rowid"
            key, other, old = chance.choice(connection.execute(f"SELECT {keys}, {column} FROM {table}").fetchall())
            new = old
            while new == old:
                new = edited(old, chance)
            where = f"({keys}) = (?, ?)"
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (new, key, other))

        home.tamper(work)
        report = home.verify()
        assert report.verdict == "tampered", (attempt, report)
        assert not report.ok


def test_a_spoilt_byte_anywhere_in_the_file_never_fells_the_verifier(honest, tmp_path):
    chance = random.Random(7)
    home = honest.copy(tmp_path / "home")
    whole = home.path.read_bytes()
    noticed = 0
    for _ in range(150):
        at = chance.randrange(len(whole))
        home.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        for suffix in ("-wal", "-shm"):
            Path(f"{home.path}{suffix}").unlink(missing_ok=True)
        report = home.verify()
        if report.ok:
            assert content_of(home) == content_of(honest), "only unused bytes may differ"
        else:
            noticed += 1
    assert noticed > 20


def content_of(home: Home) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(f"file:{home.path}?mode=ro", uri=True)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in CELLS}
