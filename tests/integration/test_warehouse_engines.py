"""The warehouse as it is opened: read-only, hardened, bounded, and one load a question."""

from __future__ import annotations

import sqlite3
import threading
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa

from governance.errors import ConfigurationError, WarehouseError, WarehouseTimeout
from governance.warehouse.building import Load, NewTable, build, publish
from governance.warehouse.engine import Warehouse

T = sa.table("t", sa.column("v", sa.Integer()))
LOAD = {"as_of": date(2026, 11, 15), "loaded_at": None, "seed_info": ""}


def load(path: Path, name: str, values: list[int]) -> None:
    table = NewTable(name="t", columns={"v": "INTEGER"}, batches=[pa.table({"v": pa.array(values, pa.int32())})])
    build(path, [table], Load(load_id=name, **LOAD))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    load(tmp_path / "w.duckdb", "first", [1, 2, 3])
    return tmp_path / "w.duckdb"


def total(session: Any) -> int:
    return session.run(sa.select(sa.func.sum(T.c.v)))[0][0]


def test_a_new_load_is_seen_by_the_next_question_and_not_by_the_one_that_runs(file: Path) -> None:
    with Warehouse.open_file(file) as warehouse:
        with warehouse.session() as running:
            assert total(running) == 6
            load(file, "second", [10])
            with warehouse.session() as following:
                assert (total(following), following.data_version) == (10, "second")
            assert (total(running), running.data_version) == (6, "first")
        assert warehouse.data_version == "second"


def test_a_question_that_began_keeps_its_load_through_several_new_ones(file: Path) -> None:
    with Warehouse.open_file(file) as warehouse, warehouse.session() as running:
        for number in range(4):
            load(file, f"load{number}", [number])
            with warehouse.session() as following:
                assert total(following) == number
        assert total(running) == 6


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '/tmp/other.db' AS other",
        "COPY t TO '/tmp/stolen.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SET enable_external_access = true",
        "SET threads = 8",
        "INSTALL httpfs",
        "LOAD httpfs",
        "INSERT INTO t VALUES (4)",
        "DELETE FROM t",
        "CREATE TABLE wh.u (v INTEGER)",
        "DROP TABLE t",
        "EXPORT DATABASE '/tmp/stolen'",
    ],
)
def test_the_connection_can_neither_write_nor_reach_out(file: Path, statement: str) -> None:
    with Warehouse.open_file(file) as warehouse, warehouse.session() as session, pytest.raises(WarehouseError):
        session.run(sa.text(statement))  # type: ignore[arg-type]
    with duckdb.connect(str(file), read_only=True) as again:
        assert again.execute("SELECT count(*) FROM t").fetchall() == [(3,)]


def test_a_statement_that_takes_too_long_is_cancelled_and_the_warehouse_stays_usable(file: Path) -> None:
    numbers = sa.func.range(10**9).table_valued("range").alias("a")
    slow = sa.select(sa.func.count(sa.distinct(numbers.c.range * 7 % 1_000_003)))
    with Warehouse.open_file(file) as warehouse:
        with warehouse.session() as session, pytest.raises(WarehouseTimeout, match=r"0\.2 s"):
            session.run(slow, timeout_s=0.2)
        with warehouse.session() as session:
            assert total(session) == 6


def test_too_many_rows_are_an_error_and_not_a_cut_table(file: Path) -> None:
    with Warehouse.open_file(file) as warehouse, warehouse.session() as session:
        assert len(session.run(sa.select(T.c.v), max_rows=3)) == 3
        with pytest.raises(WarehouseError, match="more than 2 rows"):
            session.run(sa.select(T.c.v), max_rows=2)


def test_errors_carry_no_value_of_the_statement(file: Path) -> None:
    with Warehouse.open_file(file) as warehouse, warehouse.session() as session, pytest.raises(WarehouseError) as raised:
        session.run(sa.select(sa.cast(sa.literal("张伟 13800001234"), sa.Integer())))
    assert "13800001234" not in str(raised.value)


def test_many_threads_read_while_loads_are_published(file: Path) -> None:
    failures: list[BaseException] = []
    known = {6, *range(8)}
    with Warehouse.open_file(file) as warehouse:

        def ask() -> None:
            try:
                for _ in range(15):
                    with warehouse.session() as session:
                        first = total(session)
                        assert first in known
                        assert total(session) == first, "one question saw two loads"
            except BaseException as error:  # noqa: BLE001 (handed to the test)
                failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for number in range(8):
            load(file, f"load{number}", [number])
        for thread in threads:
            thread.join()
    assert failures == []


def test_a_failed_load_leaves_the_old_one(file: Path, tmp_path: Path) -> None:
    broken = NewTable(name="t", columns={"v": "INTEGER"}, batches=[pa.table({"v": pa.array(["x"])})])
    with pytest.raises(WarehouseError, match="old one is untouched"):
        build(file, [broken], Load(load_id="broken", **LOAD))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.duckdb"]
    with Warehouse.open_file(file) as warehouse:
        assert warehouse.data_version == "first"


def test_a_missing_new_file_leaves_the_old_one(file: Path, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="could not be put in place"):
        publish(tmp_path / "nowhere", file)
    with Warehouse.open_file(file) as warehouse:
        assert warehouse.data_version == "first"


def test_a_warehouse_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    warehouse = Warehouse.open_file(tmp_path / "none.duckdb")
    with pytest.raises(WarehouseError, match="wenshu ingest"), warehouse.session():
        pass


def test_a_file_that_is_no_warehouse_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "w.duckdb").write_text("not a database" * 1000)
    with Warehouse.open_file(tmp_path / "w.duckdb") as warehouse, pytest.raises(WarehouseError, match="can't be opened"), warehouse.session():
        pass


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x", "duckdb+nodriver:///x"])
def test_a_url_that_names_no_database_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="warehouse URL"):
        Warehouse.open(url)


def test_a_foreign_warehouse_without_a_load_table_is_read_by_its_moments(tmp_path: Path) -> None:
    path = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE orders AS SELECT TIMESTAMP '2026-03-04 10:00' + INTERVAL (n) DAY AS at, DATE '2030-01-01' AS plan FROM range(3) r(n)")
    with Warehouse.open_file(path) as warehouse, warehouse.session() as session:
        assert (session.data_version, session.data_from, session.data_to) == ("unversioned", date(2026, 3, 4), date(2026, 3, 6))


def test_the_ledgers_file_is_read_beside_the_warehouse_and_can_not_be_written(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE fct_access (day TEXT, department TEXT)")
        db.execute("INSERT INTO fct_access VALUES ('2026-11-14', 'marketing')")
    db.close()
    access = sa.table("fct_access", sa.column("day", sa.Date()), sa.column("department", sa.String()))
    with Warehouse.open_file(file) as warehouse, warehouse.beside(path).session() as session:
        assert session.run(sa.select(access.c.day).where(access.c.day < date(2026, 11, 15))) == [(date(2026, 11, 14),)]
        with pytest.raises(WarehouseError):
            session.run(sa.text("DELETE FROM fct_access"))  # type: ignore[arg-type]
