"""The same questions give the same numbers on Apache Spark, with two executors behind its Thrift server, as on DuckDB."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from governance.errors import WarehouseError, WarehouseTimeout
from governance.metrics.dialects import DaysLater, part, text_order, unit_start
from governance.metrics.live import check_live
from governance.warehouse.engine import Warehouse
from tests.fixtures.bundle import catalogue_of
from tests.fixtures.engine_equality import ask, compare, members, questions
from tests.fixtures.loading import content, to_spark
from tests.fixtures.random_warehouse import random_tables
from tests.fixtures.servers import execute, spark
from tests.fixtures.small_warehouse import TODAY, build_small_warehouse
from tests.soundness.test_planner_against_brute_force import METRICS, SALES_LIKE, judge, random_query

pytestmark = pytest.mark.long
CASES = int(os.environ.get("WENSHU_ENGINE_CASES", "2"))
QUESTIONS = int(os.environ.get("WENSHU_ENGINE_QUESTIONS", "2"))
CATALOGUE = catalogue_of()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with spark() as running:
        yield running


@pytest.fixture(scope="module")
def both(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Warehouse]]:
    folder = tmp_path_factory.mktemp("small")
    file = build_small_warehouse(folder / "w.duckdb")
    columns, tables = content(file)
    to_spark(server, folder, tables, columns=columns)
    with Warehouse.open_file(file) as embedded, Warehouse.open(server) as warehouse:
        yield embedded, warehouse


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_the_same_on_spark(metric: str, both: tuple[Warehouse, Warehouse]) -> None:
    """A sample of the questions that PostgreSQL is asked in full: each takes Spark two seconds."""
    asked = list(enumerate(questions(CATALOGUE, metric, members(CATALOGUE, both[0]))))
    random.Random(f"spark-{metric}").shuffle(asked)
    answered = 0
    for number, query in asked:
        expected = ask(both[0], CATALOGUE, query, number)
        if not isinstance(expected, str):
            answered += compare(query, expected, ask(both[1], CATALOGUE, query, number))
        if answered == QUESTIONS:
            break
    assert answered == QUESTIONS


def test_the_members_of_open_dimensions_are_the_same(both: tuple[Warehouse, Warehouse]) -> None:
    assert members(CATALOGUE, both[0]) == members(CATALOGUE, both[1])


def test_the_check_of_a_bundle_finds_the_same_on_spark(both: tuple[Warehouse, Warehouse]) -> None:
    assert check_live(CATALOGUE, both[1], today=TODAY) == check_live(CATALOGUE, both[0], today=TODAY)


def test_the_load_says_which_it_is(both: tuple[Warehouse, Warehouse]) -> None:
    assert both[1].load == both[0].load


def test_a_statement_that_takes_too_long_is_cancelled_and_the_warehouse_stays_usable(both: tuple[Warehouse, Warehouse]) -> None:
    slow = sa.text("SELECT count(DISTINCT a.id * b.id) FROM range(1000000) a CROSS JOIN range(1000000) b")
    with both[1].session() as session:
        with pytest.raises(WarehouseTimeout, match="2 s"):
            session.run(slow, timeout_s=2)  # type: ignore[arg-type]
        assert session.run(sa.select(sa.func.count()).select_from(sa.table("dim_rep"))) == [(10,)]


def test_a_reply_of_another_call_is_an_error_and_the_next_question_has_a_connection_of_its_own(both: tuple[Warehouse, Warehouse]) -> None:
    """The driver closes a forgotten cursor whenever Python collects it, be it between a call and its reply."""
    reps = sa.select(sa.func.count()).select_from(sa.table("dim_rep"))
    with both[1].session() as session:
        client = session._connection.connection.driver_connection.service.client
        client._oprot.writeMessageBegin("CloseImpalaOperation", 1, 0)  # a call whose reply is still to come
        with pytest.raises(WarehouseError):
            session.run(reps)
        assert session.run(reps) == [(10,)]
    assert both[1].run(reps) == [(10,)]


def test_too_many_rows_are_an_error(both: tuple[Warehouse, Warehouse]) -> None:
    keys = sa.select(sa.table("dim_rep", sa.column("rep_key")).c.rep_key)
    with both[1].session() as session:
        assert len(session.run(keys, max_rows=10)) == 10
        with pytest.raises(WarehouseError, match="more than 9 rows"):
            session.run(keys, max_rows=9)


@pytest.mark.parametrize("value", ["a'b", 'a"b', "a\\", "\\'; DROP TABLE dim_rep; --", "x\ny", "%s %(a)s %", "${x}", "${spark.app.name}", "\\u0027", "张伟", "''", "\\\\'"])
def test_a_value_stays_a_value(value: str, both: tuple[Warehouse, Warehouse]) -> None:
    """The driver writes values into the statement by itself, and Spark would replace ${…} in it."""
    assert both[1].run(sa.select(sa.literal(value))) == [(value,)]


def test_errors_carry_no_value_of_the_statement(both: tuple[Warehouse, Warehouse]) -> None:
    with both[1].session() as session, pytest.raises(WarehouseError) as raised:
        session.run(sa.select(sa.cast(sa.literal("张伟 13800001234"), sa.Integer())))
    assert "13800001234" not in str(raised.value)


def test_units_begin_as_they_do_elsewhere_and_days_are_calendar_days(both: tuple[Warehouse, Warehouse]) -> None:
    moments = [datetime(2024, 12, 30), datetime(2026, 2, 28, 12), datetime(2024, 2, 29, 1), datetime(2026, 11, 15, 23, 59, 59)]
    for moment in moments:
        value, day = sa.literal(moment, sa.DateTime()), moment.date()
        monday = date.fromordinal(day.toordinal() - day.weekday())
        quarter = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        expected = (day, monday, day.replace(day=1), quarter, day.replace(month=1, day=1), moment.isoweekday(), moment.hour, moment + timedelta(days=90))
        columns = [unit_start(grain, value) for grain in ("day", "week", "month", "quarter", "year")]
        select = sa.select(*columns, part("weekday", value), part("hour", value), DaysLater(value, sa.literal(90, sa.Integer())))
        assert [warehouse.run(select) for warehouse in both] == [[expected], [expected]]


def test_text_is_ordered_by_code_points(both: tuple[Warehouse, Warehouse]) -> None:
    hospital = sa.table("dim_hospital", sa.column("city", sa.String()))
    cities = sa.select(hospital.c.city).distinct().subquery()
    ours = [[row[0] for row in warehouse.run(sa.select(cities.c.city).order_by(text_order(cities.c.city)))] for warehouse in both]
    assert ours[0] == ours[1] == sorted(ours[0])


@pytest.mark.parametrize("moments", ["TIMESTAMP", "TIMESTAMP_NTZ"])
def test_counting_by_hand_gives_what_spark_gives(server: str, moments: str, tmp_path: Path) -> None:
    database = f"random_{moments.lower()}"
    execute(server, f"CREATE DATABASE {database}")
    url = sa.make_url(server).set(database=database).render_as_string(hide_password=False)
    for seed in range(CASES):
        chance = random.Random(f"spark-{moments}-{seed}")
        tables = random_tables(seed + 100)
        to_spark(url, tmp_path, tables, moments=moments)
        with Warehouse.open(url) as warehouse:
            for metric in chance.sample(METRICS, 4):
                query = random_query(chance, metric)
                region = "华东" if chance.random() < 0.25 and not SALES_LIKE & set(query["metrics"]) else None
                judge(tables, query, chance.choice((None, "market_analysis")), region, warehouse)
