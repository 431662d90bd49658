"""The search index may trail the entries: whoever reads meanwhile sees all of them, and it is caught up when nobody waits."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit import AuditUnavailable, group, store, writer
from audit.reading import connect, snapshot
from audit.search import Filter, Reader
from audit.store import SqliteStore
from tests.fakes.clock import FakeClock
from tests.fixtures.ledgers import Home, intent, new_home, outcome
from wenshu.desk.cold import Cold
from wenshu.desk.findings.habits import read_on
from wenshu.desk.open_intents import OpenIntents

START = datetime(2026, 11, 10, 15, 30, tzinfo=UTC)
EVENTS = 13
FILTERS = (
    None,
    Filter(actor=("b",)),
    Filter(request=("r2", "r5")),
    Filter(metric=("roi",)),
    Filter(text="触达率 \x00"),
    Filter(day=("2026-11-11",), outcome=("refused",)),
    Filter(since=START + timedelta(minutes=60)),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Home:
    """A ledger of `EVENTS` and a bit, over midnight of its zone, with texts that are awkward in JSON and in SQL."""
    clock, home = FakeClock(START), new_home(tmp_path_factory.mktemp("trailing") / "home")
    with home.open(create=True, clock=clock) as ledger:
        for number in range(EVENTS // 2):
            clock.forward(minutes=20)
            asked: dict[str, Any] = {"metrics": ["roi", '"x"'][: 1 + number % 2], "question": f"触达率\x00'{number}\"\\", "session": f"s{number // 2}"}
            ledger.append(intent(f"r{number}", actor="ab"[number % 2], detail=asked))
            if number % 3:
                ledger.append(outcome(f"r{number}", actor="ab"[number % 2], detail={"outcome": ("answered", "refused")[number % 2]}))
    return home


def cut(home: Home, left: int) -> None:
    home.tamper(lambda c: c.execute("DELETE FROM event_index WHERE idx >= ?", (left,)))


def rows(home: Home) -> int:
    with closing(sqlite3.connect(home.path)) as connection:
        return int(connection.execute("SELECT count(*) FROM event_index").fetchone()[0])


def seen(home: Home) -> dict[str, Any]:
    """Everything that can be asked of a ledger's index."""
    reader, cold = Reader(home.path), Cold(home.path)
    everything = reader.search(limit=100).events
    now = START + timedelta(days=3)
    found: dict[str, Any] = {
        "ids": [reader.event(event.body["id"]) for event in everything],
        "orphans": reader.orphans(now),
        "open": OpenIntents(home.path).older_than(now),
        "habits": list(read_on(home.path, 3)),
        "named": cold.named(range(20)),
        "size": cold.size(),
    }
    for number, wanted in enumerate(FILTERS):
        found[f"page {number}"] = [reader.search(wanted, limit=2, newest_first=order) for order in (True, False)]
        found[f"counts {number}"] = (reader.count(wanted), reader.facets(wanted), reader.timeline(wanted), reader.timeline(wanted, "hour"))
        found[f"cold {number}"] = cold.search(wanted or Filter(), after=None, limit=3)
    return found


@pytest.mark.parametrize("lacking", [1, 2, 5, 11])
def test_whoever_reads_sees_the_entries_that_the_index_lacks(whole, tmp_path, lacking):
    home = whole.copy(tmp_path / "home")
    cut(home, rows(home) - lacking)
    assert seen(home) == seen(whole)
    report = home.verify()
    assert (report.ok, report.behind) == (True, lacking)
    assert "behind" in report.summary()
    honest = whole.verify()
    assert asdict(report) | {"behind": 0} == asdict(honest)


def test_a_reader_that_goes_on_reading_sees_each_entry_once(whole, tmp_path):
    home = whole.copy(tmp_path / "home")
    total = rows(home)
    cut(home, total - 4)
    reader = Reader(home.path)
    assert reader.count(Filter(actor=("a", "b", "system"))) == total
    with home.open() as ledger:
        ledger.catch_up()
        assert rows(home) == total
        assert reader.count(Filter(actor=("a", "b", "system"))) == total
        receipt = ledger.append(intent("new", actor="a"))
        assert reader.event(receipt.event).index == receipt.index == total
        assert reader.count(Filter(actor=("a", "b", "system"))) == total + 1


def test_an_acknowledged_entry_is_found_before_it_is_indexed(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "IDLE_S", 60.0)
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        receipt = ledger.append(intent("r"))
        assert rows(home) == 0
        assert Reader(home.path).event(receipt.event).index == receipt.index
        assert home.verify().behind == 2
        ledger.catch_up()
        assert (rows(home), home.verify().behind) == (2, 0)
        ledger.append(outcome("r"))
    assert rows(home) == 3, "a ledger that was closed lacks nothing"


def test_a_ledger_left_behind_by_a_kill_catches_up_by_itself(tmp_path):
    home = new_home(tmp_path / "home")
    child = os.fork()
    if not child:
        group.IDLE_S = 60.0
        ledger = home.open(create=True)
        for number in range(5):
            ledger.append(intent(f"r{number}"))
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert (rows(home), home.verify().behind) == (0, 6)
    with home.open():
        until = time.monotonic() + 30
        while rows(home) < 6 and time.monotonic() < until:
            time.sleep(0.01)
    assert (rows(home), home.verify().behind) == (6, 0)


def test_under_lasting_load_the_index_stays_near(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "IDLE_S", 60.0)
    monkeypatch.setattr(writer, "MOST_BEHIND", 10)
    monkeypatch.setattr(writer, "SLICE", 20)
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        for number in range(60):
            ledger.append(intent(f"r{number}"))
        assert home.verify().behind <= 20


def test_large_batches_do_not_outrun_the_index(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "IDLE_S", 60.0)
    monkeypatch.setattr(writer, "MOST_BEHIND", 10)
    monkeypatch.setattr(writer, "SLICE", 2)
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        for number in range(12):
            ledger.append_many([intent(f"r{number}-{part}") for part in range(20)])
        ledger.check()
        assert home.verify().behind <= 30


def test_under_lasting_load_the_index_is_not_behind_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "IDLE_S", 60.0)
    monkeypatch.setattr(writer, "LONGEST_BEHIND_S", 0.0)
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        for number in range(5):
            ledger.append(intent(f"r{number}"))
        ledger.check()
        assert home.verify().behind <= 1


class UnindexedStore(SqliteStore):
    """Can't write its index."""

    def catch_up(self, zone: Any, most: int) -> None:
        raise AuditUnavailable("full", "no room")


def test_an_index_that_can_not_be_written_costs_nobody_an_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "IDLE_S", 0.0)
    home = new_home(tmp_path / "home")
    with home.open(create=True, store=UnindexedStore) as ledger:
        for number in range(10):
            ledger.append(intent(f"r{number}"))
            time.sleep(0.002)
        with pytest.raises(AuditUnavailable, match="no room"):
            ledger.catch_up()
        ledger.append(outcome("r1"))
    assert (home.verify().ok, home.verify().behind) == (True, 12)
    assert Reader(home.path).count() == 12
    with home.open() as ledger:
        ledger.catch_up()
    assert rows(home) == 12


class WatchedStore(SqliteStore):
    """Remembers whether each commit waited for the disk, by whether it held entries."""

    seen: set[tuple[str, int]]

    def insert(self, *given: Any) -> None:
        super().insert(*given)
        self.kind = "entries"

    def catch_up(self, zone: Any, most: int) -> None:
        super().catch_up(zone, most)
        self.kind = "index"

    def commit(self) -> None:
        self.seen.add((self.kind, self._connection.execute("PRAGMA synchronous").fetchone()[0]))
        super().commit()


def test_only_the_index_does_not_wait_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(WatchedStore, "seen", set(), raising=False)
    home = new_home(tmp_path / "home")
    with home.open(create=True, store=WatchedStore) as ledger:
        for number in range(4):
            ledger.append(intent(f"r{number}"))
            ledger.catch_up()
    assert WatchedStore.seen == {("entries", 2), ("index", 1)}


def test_own_entries_are_indexed_from_memory_and_those_of_others_from_their_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "IDLE_S", 60.0)
    looked: list[int] = []
    read = store.missing
    monkeypatch.setattr(store, "missing", lambda connection, zone, most: looked.append(store.indexed(connection)) or read(connection, zone, most))
    home = new_home(tmp_path / "home")
    with home.open(create=True) as one, home.open() as two:
        for number in range(6):
            (one, two)[number % 2].append(intent(f"r{number}"))
        two.catch_up()
        assert rows(home) == 7
        assert looked, "two wrote every second entry only"
        one.append(outcome("r1"))
        one.append_many([outcome("r2"), intent("r7", detail={"question": "\x00'", "metrics": ["a", "b"]})])
        looked.clear()
        one.catch_up()
        assert (rows(home), looked) == (10, [])
    assert home.verify().ok
    assert home.verify().behind == 0


def test_what_is_made_for_a_read_ends_with_it(whole, tmp_path):
    home = whole.copy(tmp_path / "home")
    cut(home, 2)
    with closing(connect(home.path)) as connection:
        for _ in range(2):
            with snapshot(connection):
                assert connection.execute("SELECT count(*) FROM event_index").fetchone()[0] == rows(whole)
            with snapshot(connection, stored=True):
                assert connection.execute("SELECT count(*) FROM event_index").fetchone()[0] == 2
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM event_index")


def test_a_wrong_row_is_told_from_a_missing_one(whole, tmp_path):
    for work, place in (
        ("UPDATE event_index SET actor = 'x' WHERE idx = 3", 3),
        ("DELETE FROM event_index WHERE idx = 3", 3),
    ):
        home = whole.copy(tmp_path / work[:6])
        cut(home, 8)
        home.tamper(lambda c, work=work: c.execute(work))
        report = home.verify()
        assert [(p.kind, p.first) for p in report.problems] == [("index_edited", place)]
        assert report.behind == rows(whole) - 8
