"""The same questions give the same numbers on PostgreSQL as on DuckDB, and the connection is read-only and bounded."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from governance.errors import WarehouseError, WarehouseTimeout
from governance.metrics.live import check_live
from governance.warehouse.engine import Warehouse
from tests.fixtures.bundle import catalogue_of
from tests.fixtures.engine_equality import ask, compare, members, questions
from tests.fixtures.home import DemoHome
from tests.fixtures.loading import content, refill, to_postgresql
from tests.fixtures.random_warehouse import random_tables
from tests.fixtures.servers import Server, database, execute, postgresql
from tests.fixtures.small_warehouse import TODAY, build_small_warehouse
from tests.soundness.test_planner_against_brute_force import METRICS, SALES_LIKE, judge, random_query

CASES = int(os.environ.get("WENSHU_ENGINE_CASES", "12"))
CATALOGUE = catalogue_of()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql() as running:
        yield running


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_warehouse(tmp_path_factory.mktemp("small") / "w.duckdb")


@pytest.fixture(scope="module")
def loaded(server: Server, file: Path) -> Server:
    """A database of the small warehouse."""
    made = database(server, "small")
    columns, tables = content(file)
    to_postgresql(made.owner, tables, columns=columns)
    return made


@pytest.fixture(scope="module")
def both(loaded: Server, file: Path) -> Iterator[tuple[Warehouse, Warehouse]]:
    with Warehouse.open_file(file) as embedded, Warehouse.open(loaded.reader) as warehouse:
        yield embedded, warehouse


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_the_same_on_postgresql(metric: str, both: tuple[Warehouse, Warehouse]) -> None:
    values = members(CATALOGUE, both[0])
    answered = 0
    for number, query in enumerate(questions(CATALOGUE, metric, values)):
        expected, got = (ask(warehouse, CATALOGUE, query, number) for warehouse in both)
        answered += compare(query, expected, got)
    assert answered >= 6


def test_counting_by_hand_gives_what_postgresql_gives(server: Server) -> None:
    made = database(server, "random")
    to_postgresql(made.owner, {})
    target = sa.make_url(made.owner).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(target) as owner, Warehouse.open(made.reader) as warehouse:
        for seed in range(CASES):
            chance = random.Random(f"postgresql-{seed}")
            tables = random_tables(seed)
            refill(owner, tables)
            for metric in chance.sample(METRICS, 6):
                query = random_query(chance, metric)
                region = "华东" if chance.random() < 0.25 and not SALES_LIKE & set(query["metrics"]) else None
                judge(tables, query, chance.choice((None, "market_analysis")), region, warehouse)


def test_the_members_of_open_dimensions_are_the_same(both: tuple[Warehouse, Warehouse]) -> None:
    assert members(CATALOGUE, both[0]) == members(CATALOGUE, both[1])


def test_the_check_of_a_bundle_finds_the_same_on_postgresql(both: tuple[Warehouse, Warehouse]) -> None:
    """What the little warehouse lacks, it lacks on both."""
    assert check_live(CATALOGUE, both[1], today=TODAY) == check_live(CATALOGUE, both[0], today=TODAY)


def test_a_ratio_of_whole_numbers_is_no_whole_number_and_sums_stay_exact(both: tuple[Warehouse, Warehouse]) -> None:
    revenue = sa.table("fct_sales", sa.column("revenue_cny"))
    for warehouse in both:
        ((total,),) = warehouse.run(sa.select(sa.func.sum(revenue.c.revenue_cny)))
        assert total == total.quantize(total.copy_abs().__class__("0.01"))


# ---------------------------------------------------------------------- the connection


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO dim_rep (rep_key) VALUES ('x')",
        "DELETE FROM dim_rep",
        "CREATE TABLE stolen (v INTEGER)",
        "DROP TABLE dim_rep",
        "COPY dim_rep TO PROGRAM 'cat'",
        "COPY dim_rep FROM STDIN",
        "SELECT nextval('s')",
    ],
)
@pytest.mark.parametrize("account", ["owner", "reader"])
def test_the_connection_can_not_write_even_with_an_owners_account(loaded: Server, statement: str, account: str) -> None:
    execute(loaded.owner, "CREATE SEQUENCE IF NOT EXISTS s")
    with Warehouse.open(getattr(loaded, account)) as warehouse:
        if account == "owner" and "PROGRAM" in statement:
            return  # only rights forbid this: the account must not be a superuser (docs/reference/engines.md)
        with warehouse.session() as session, pytest.raises(WarehouseError):
            session.run(sa.text(statement))  # type: ignore[arg-type]
        assert warehouse.run(sa.select(sa.func.count()).select_from(sa.table("dim_rep"))) == [(10,)]


def test_a_statement_that_takes_too_long_is_cancelled_on_the_server(loaded: Server) -> None:
    with Warehouse.open(loaded.reader) as warehouse:
        with warehouse.session() as session, pytest.raises(WarehouseTimeout, match=r"0\.3 s"):
            session.run(sa.select(sa.func.pg_sleep(60)), timeout_s=0.3)
        activity = sa.table("pg_stat_activity", sa.column("query", sa.String()), sa.column("state", sa.String()), sa.column("pid", sa.Integer()))
        sleeping = sa.select(sa.func.count()).where(activity.c.query.like("%pg_sleep%"), activity.c.state == "active", activity.c.pid != sa.func.pg_backend_pid())
        with warehouse.session() as session:
            assert session.run(sleeping) == [(0,)]


def test_the_server_gives_up_by_itself_should_nobody_cancel(loaded: Server) -> None:
    with Warehouse.open(loaded.reader) as warehouse, warehouse.session() as session:
        session.run(sa.select(sa.literal(1)), timeout_s=30)
        assert session.run(sa.select(sa.func.current_setting("statement_timeout"))) == [("1min",)]


def test_a_session_goes_on_after_a_failed_statement(loaded: Server) -> None:
    with Warehouse.open(loaded.reader) as warehouse, warehouse.session() as session:
        with pytest.raises(WarehouseError):
            session.run(sa.select(sa.column("nothing")).select_from(sa.table("nowhere")))
        assert session.run(sa.select(sa.func.count()).select_from(sa.table("dim_rep"))) == [(10,)]


def test_too_many_rows_are_an_error_and_the_server_sends_no_more(loaded: Server) -> None:
    numbers = sa.select(sa.func.generate_series(1, 10**9).label("n"))
    with Warehouse.open(loaded.reader) as warehouse, warehouse.session() as session:
        with pytest.raises(WarehouseError, match="more than 5 rows"):
            session.run(numbers, max_rows=5)
        assert len(session.run(numbers.limit(5), max_rows=5)) == 5


def test_errors_carry_no_value_of_the_statement(loaded: Server) -> None:
    with Warehouse.open(loaded.reader) as warehouse, warehouse.session() as session, pytest.raises(WarehouseError) as raised:
        session.run(sa.select(sa.cast(sa.literal("张伟 13800001234"), sa.Integer())))
    assert "13800001234" not in str(raised.value)


def test_a_wrong_password_is_one_clear_error_without_the_url(loaded: Server) -> None:
    wrong = sa.make_url(loaded.reader).set(password="s3cret").render_as_string(hide_password=False)
    with Warehouse.open(wrong) as warehouse, pytest.raises(WarehouseError, match="can't be opened") as raised, warehouse.session():
        pass
    assert "s3cret" not in str(raised.value)


@contextmanager
def writing(url: str) -> Iterator[Any]:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_one_question_sees_one_load_and_the_next_one_the_new(server: Server) -> None:
    made = database(server, "loads")
    execute(
        made.owner,
        "CREATE TABLE t (v INTEGER)", "INSERT INTO t VALUES (1), (2)",
        "CREATE TABLE wenshu_load (load_id TEXT, as_of DATE, loaded_at TIMESTAMP, seed_info TEXT)", "INSERT INTO wenshu_load VALUES ('first', '2026-11-14')",
    )
    total = sa.select(sa.func.sum(sa.table("t", sa.column("v")).c.v))
    with Warehouse.open(made.reader) as warehouse:
        with warehouse.session() as session:
            assert (session.data_version, session.data_as_of) == ("first", date(2026, 11, 14))
            execute(made.owner, "INSERT INTO t VALUES (40)", "UPDATE wenshu_load SET load_id = 'second', as_of = '2026-11-15'")
            assert session.run(total) == [(3,)]
        with warehouse.session() as session:
            assert (session.run(total), session.data_version, session.data_as_of) == ([(43,)], "second", date(2026, 11, 15))


def test_a_warehouse_without_a_load_table_is_read_by_its_moments(server: Server) -> None:
    made = database(server, "foreign")
    execute(
        made.owner,
        "CREATE TABLE orders AS SELECT TIMESTAMP '2026-03-04 10:00' + n * INTERVAL '1 day' AS at, DATE '2030-01-01' AS plan FROM generate_series(0, 2) n",
        "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.old AS SELECT TIMESTAMP '1900-01-01' AS at", "CREATE TABLE elsewhere.wenshu_load (load_id TEXT)",
        f"GRANT USAGE ON SCHEMA elsewhere TO {sa.make_url(made.reader).username}", f"GRANT SELECT ON ALL TABLES IN SCHEMA elsewhere TO {sa.make_url(made.reader).username}",
    )
    with Warehouse.open(made.reader) as warehouse, warehouse.session() as session:
        assert (session.data_version, session.data_from, session.data_to) == ("unversioned", date(2026, 3, 4), date(2026, 3, 6))
        assert set(warehouse.columns(session)) == {"orders", "old", "wenshu_load"}


def test_many_threads_ask_at_once(loaded: Server) -> None:
    failures: list[BaseException] = []
    with Warehouse.open(loaded.reader) as warehouse:

        def one() -> None:
            try:
                for _ in range(10):
                    assert warehouse.run(sa.select(sa.func.count()).select_from(sa.table("dim_rep"))) == [(10,)]
            except BaseException as error:  # noqa: BLE001 (handed to the test)
                failures.append(error)

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


# ---------------------------------------------------------------------- units of time


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Sao_Paulo"])
def test_units_begin_alike_whatever_the_servers_zone_and_weeks_on_monday(loaded: Server, zone: str) -> None:
    """São Paulo's summer time began at midnight: 2018-11-04 has none."""
    from governance.metrics.dialects import part, unit_start

    moments = [datetime(2018, 11, 4, 0, 30), datetime(2018, 11, 4, 23, 59, 59), datetime(2024, 12, 30), datetime(2026, 2, 28, 12), datetime(2024, 2, 29, 1)]
    with Warehouse.open(loaded.reader) as warehouse, warehouse.session() as session:
        session._connection.exec_driver_sql(f"SET LOCAL TIME ZONE '{zone}'")
        for moment in moments:
            for kind in (sa.DateTime(), sa.Date()):
                value = sa.literal(moment if isinstance(kind, sa.DateTime) else moment.date(), kind)
                columns = [unit_start(grain, value) for grain in ("day", "week", "month", "quarter", "year")]
                day = moment.date()
                monday = date.fromordinal(day.toordinal() - day.weekday())
                quarter = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
                assert session.run(sa.select(*columns)) == [(day, monday, day.replace(day=1), quarter, day.replace(month=1, day=1))]
            parts = session.run(sa.select(part("weekday", sa.literal(moment, sa.DateTime())), part("hour", sa.literal(moment, sa.DateTime()))))
            assert parts == [(moment.isoweekday(), moment.hour)]


def test_text_is_ordered_by_code_points_though_the_database_sorts_in_chinese(both: tuple[Warehouse, Warehouse]) -> None:
    from governance.metrics.dialects import text_order

    hospital = sa.table("dim_hospital", sa.column("city", sa.String()))
    cities = sa.select(hospital.c.city).distinct().subquery()
    ours = [[row[0] for row in warehouse.run(sa.select(cities.c.city).order_by(text_order(cities.c.city)))] for warehouse in both]
    assert ours[0] == ours[1] == sorted(ours[0])
    theirs = [row[0] for row in both[1].run(sa.select(cities.c.city).order_by(cities.c.city))]
    assert theirs != ours[0], "the test's database doesn't sort in its own way; nothing is proved"


# ---------------------------------------------------------------------- the commands


def test_a_bundle_is_validated_and_evaluated_on_postgresql_from_the_command_line(server: Server, demo_home: DemoHome, tmp_path: Path) -> None:
    made = database(server, "demo")
    columns, tables = content(demo_home.path / "warehouse.duckdb")
    to_postgresql(made.owner, tables, columns=columns)
    policies = Path(__file__).parents[2] / "policies"
    done = demo_home.run("metrics", "validate", str(policies), "--warehouse", made.reader)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        "today: 2026-11-15\ncases:\n"
        "  - id: one\n    as: somebody\n    ask: 2026年9月各大区的触达率\n"
        "    expect: {query: {metrics: [reach_rate], group_by: [region], period: {start: 2026-09-01, end: 2026-10-01}}}\n",
        encoding="utf-8",
    )
    found = demo_home.json("evaluate", str(cases), "--bundle", str(policies), "--warehouse", made.reader)
    assert (found["cases"], found["accuracy"]["overall"]) == (1, 1.0)


def test_no_server_outlives_its_test() -> None:
    with postgresql() as running:
        url = running.owner
    time.sleep(0.1)
    with pytest.raises(sa.exc.OperationalError):
        execute(url, "SELECT 1")
