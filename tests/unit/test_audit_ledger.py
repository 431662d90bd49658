"""The ledger's door: what it acknowledges, what it refuses, and that it neither waits for ever nor forgets."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import datetime

import pytest

from audit import AuditError, AuditUnavailable, Ledger
from audit.errors import InvalidEvent, NotCanonical
from audit.merkle import leaf_hash, root
from audit.notes import Checkpoint, VerifierKey
from audit.search import Reader
from audit.writer import KEEP_EVERY
from tests.fakes.clock import FakeClock
from tests.fixtures.ledgers import ORIGIN, Home, intent, new_home, outcome


@pytest.fixture
def home(tmp_path) -> Home:
    return new_home(tmp_path / "home")


def stored(home: Home) -> list[bytes]:
    with closing(sqlite3.connect(home.path)) as connection:
        return [line for (line,) in connection.execute("SELECT CAST(body AS BLOB) FROM entry ORDER BY idx")]


def test_a_new_ledger_begins_with_an_event_that_binds_its_settings(home):
    home.open(create=True).close()
    (line,) = stored(home)
    body = json.loads(line)
    assert (body["type"], body["index"]) == ("genesis", 0)
    assert body["detail"] == {"format": 2, "origin": ORIGIN, "timezone": "Asia/Shanghai", "vkey": home.vkey}


def test_a_receipt_names_the_event_and_a_checkpoint_that_covers_it(home):
    with home.open(create=True) as ledger:
        receipts = [ledger.append(intent("r1")), ledger.append(outcome("r1"))]
    lines = stored(home)
    for receipt in receipts:
        body = json.loads(lines[receipt.index])
        assert (body["id"], body["index"]) == (receipt.event, receipt.index)
        checkpoint = Checkpoint.open(receipt.checkpoint, [VerifierKey.parse(home.vkey)])
        assert checkpoint.size > receipt.index
        assert checkpoint.root == root(map(leaf_hash, lines[: checkpoint.size]))


def test_several_events_are_recorded_in_order_or_not_at_all(home):
    with home.open(create=True) as ledger:
        receipts = ledger.append_many([intent("a"), outcome("a"), intent("b")])
        assert [receipt.index for receipt in receipts] == [1, 2, 3]
        with pytest.raises(InvalidEvent):
            ledger.append_many([intent("c"), intent("")])
        with pytest.raises(NotCanonical):
            ledger.append_many([intent("c"), intent("d", detail={"x": 0.1})])
        assert ledger.append_many([]) == []
    assert len(stored(home)) == 4


def test_opening_a_ledger_that_is_not_there_says_so_and_makes_nothing(home):
    with pytest.raises(AuditUnavailable, match="init") as error:
        home.open()
    assert error.value.reason == "missing"
    assert sorted(path.name for path in home.folder.iterdir()) == ["ledger.pem"]


def test_making_a_ledger_twice_changes_nothing(home):
    home.open(create=True).close()
    before = stored(home)
    home.open(create=True).close()
    assert stored(home) == before


def test_two_that_make_the_ledger_at_once_make_one(home):
    opened: list[Ledger] = []
    start = threading.Barrier(4)

    def make() -> None:
        start.wait()
        opened.append(home.open(create=True))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in opened:
        ledger.append(intent("r"))
        ledger.close()
    assert len(opened) == 4
    assert home.verify().ok
    assert Reader(home.path).count() == 5


def test_the_files_are_for_their_owner_alone(home):
    before = os.umask(0)
    try:
        with home.open(create=True) as ledger:
            ledger.append(intent("r"))
            for name in ("ledger.db", "ledger.db-wal"):
                assert stat.S_IMODE((home.folder / name).stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_the_outside_checkpoint_follows_every_batch(home):
    with home.open(create=True) as ledger:
        for number in range(3):
            receipt = ledger.append(intent(f"r{number}"))
            assert home.checkpoint.read_text() == receipt.checkpoint


def test_the_outside_checkpoint_can_lie_elsewhere(home, tmp_path):
    elsewhere = tmp_path / "stick" / "checkpoint"
    elsewhere.parent.mkdir()
    with home.open(create=True, checkpoint=elsewhere) as ledger:
        ledger.append(intent("r"))
    assert home.verify(external_checkpoint=elsewhere).ok
    assert not home.checkpoint.exists()


def test_checkpoints_are_kept_now_and_then(home):
    with home.open(create=True) as ledger:
        for _ in range(3):
            ledger.append_many([intent("r")] * (KEEP_EVERY - 1))
    with closing(sqlite3.connect(home.path)) as connection:
        kept = [size for (size,) in connection.execute("SELECT size FROM checkpoint ORDER BY size")]
    assert kept == [1, KEEP_EVERY, 3 * KEEP_EVERY - 2]
    assert home.verify().ok


def test_a_closed_ledger_says_so(home):
    ledger = home.open(create=True)
    ledger.close()
    ledger.close()
    with pytest.raises(AuditUnavailable) as error:
        ledger.append(intent("r"))
    assert error.value.reason == "closed"


def test_a_clock_without_zone_is_refused(home):
    with pytest.raises(AuditUnavailable) as error:
        home.open(create=True, clock=lambda: datetime(2026, 1, 1))
    assert error.value.reason == "internal"


def test_an_origin_other_than_the_keys_name_is_refused(home):
    with pytest.raises(AuditUnavailable) as error:
        home.open(create=True, origin="other.example/ledger")
    assert error.value.reason == "wrong_ledger"


def test_an_unknown_time_zone_is_refused(home):
    with pytest.raises(AuditUnavailable) as error:
        home.open(create=True, timezone="Mars/Olympus")
    assert error.value.reason == "wrong_ledger"


def test_times_come_from_the_given_clock_and_a_clock_set_back_is_a_finding(home):
    clock = FakeClock()
    with home.open(create=True, clock=clock) as ledger:
        clock.forward(hours=1)
        ledger.append(intent("a"))
        clock.forward(hours=-2)
        receipt = ledger.append(outcome("a"))
    report = home.verify()
    assert report.ok
    assert [(finding.kind, finding.index) for finding in report.findings] == [("clock_set_back", receipt.index)]


def test_an_answer_without_intent_is_a_finding(home):
    with home.open(create=True) as ledger:
        receipt = ledger.append(outcome("never asked"))
        ledger.append(outcome("refused at the door", detail={"outcome": "refused", "code": "not_authenticated"}))
    assert [(f.kind, f.index) for f in home.verify().findings] == [("outcome_without_intent", receipt.index)]


def test_a_young_intent_is_not_yet_an_orphan(home):
    clock = FakeClock()
    with home.open(create=True, clock=clock) as ledger:
        ledger.append(intent("old"))
        clock.forward(hours=1)
        ledger.append(intent("young"))
    assert [finding.request for finding in home.verify(now=clock()).findings] == ["old"]
    assert [finding.request for finding in home.verify().findings] == ["old", "young"]


def test_a_child_process_appends_to_the_ledger_that_its_parent_opened(home):
    with home.open(create=True) as ledger:
        ledger.append(intent("parent before"))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                ledger.append(intent("child"))
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        ledger.append(intent("parent after"))
    requests = [json.loads(line)["request"] for line in stored(home)[1:]]
    assert requests == ["parent before", "child", "parent after"]
    assert home.verify().ok


def test_every_error_has_one_root():
    assert issubclass(AuditUnavailable, AuditError)
    assert issubclass(InvalidEvent, AuditError)


def test_the_access_table_has_one_row_for_each_outcome(home):
    with home.open(create=True, clock=FakeClock()) as ledger:
        ledger.append(intent("a"))
        ledger.append(outcome("a"))
        ledger.append(intent("b", role="medical", department="医学部", purpose="medical_insight"))
        refusal = {"outcome": "refused", "code": "metric_not_allowed"}
        ledger.append(outcome("b", role="medical", department="医学部", purpose="medical_insight", detail=refusal))
    with closing(sqlite3.connect(f"file:{home.path}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT day, department, purpose, outcome, actor_role FROM fct_access").fetchall()
    assert sorted(rows) == [
        ("2026-11-22", "医学部", "medical_insight", "refused", "medical"),
        ("2026-11-22", "市场部", "market_analysis", "answered", "marketing"),
    ]


def test_a_detail_changed_after_the_call_changes_nothing(home):
    detail = {"outcome": "answered", "metrics": ["roi"]}
    with home.open(create=True) as ledger:
        ledger.append(outcome("r", detail=detail))
        detail["outcome"] = "refused"
    assert home.verify().ok
    assert json.loads(stored(home)[1])["outcome"] == "answered"


def test_the_log_is_copied_into_the_database_before_it_grows_long(home, monkeypatch):
    monkeypatch.setattr("audit.store.LOG_PAGES", 20)
    with home.open(create=True) as ledger:
        for number in range(300):
            ledger.append(intent(f"r{number}"))
        log = home.path.with_name("ledger.db-wal").stat().st_size
    assert log < 300 * 4096, "with nothing ever copied it would hold several pages of each event"
    assert home.verify().ok


def test_a_checkpoint_file_that_could_not_be_forced_to_its_disk_is_heard_of(home, monkeypatch):
    with home.open(create=True) as ledger:
        first = ledger.append(intent("r0")).checkpoint
        outside = ledger._settings.outside

        def broken(descriptor: int) -> None:
            raise OSError(errno.EIO, "the disk reports an error")

        monkeypatch.setattr("audit.outside.os.fdatasync", broken)
        outside.force()
        with pytest.raises(AuditUnavailable) as error:
            ledger.append(intent("r1"))
        assert error.value.reason == "io_error"
        monkeypatch.undo()
        assert ledger.append(intent("r2")).checkpoint != first
        outside.force()
        assert outside.due() is None
    assert home.verify().ok
