"""Whatever befalls the disk: no acknowledgement, one clear reason, in bounded time, and recovery without help."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from audit import AuditUnavailable, Ledger
from audit.store import SqliteStore
from tests.fixtures.ledgers import Home, intent, new_home

PATIENCE_S = 1.0
FAR_BEYOND_S = 30.0
"""A call that has not come back by then hangs; far above the patience, so that a busy machine changes nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = new_home(tmp_path / "home")
    home.open(create=True).close()
    return home


def bounded(work: Callable[[], object]) -> AuditUnavailable:
    """The error that `work` raises, provided that it raises one at all before long."""
    found: list[BaseException | None] = []

    def run() -> None:
        try:
            work()
            found.append(None)
        except BaseException as error:  # noqa: BLE001 - handed to the waiting test
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(FAR_BEYOND_S)
    assert found, "the call did not come back"
    assert isinstance(found[0], AuditUnavailable), found[0]
    return found[0]


def assert_recovered(home: Home, ledger: Ledger) -> None:
    receipt = ledger.append(intent("after"))
    report = home.verify()
    assert report.ok, report
    assert report.entries == receipt.index + 1


def open_ledger(home: Home, **changed: Any) -> Ledger:
    return home.open(patience_s=PATIENCE_S, **changed)


def test_a_held_lock_is_said_and_recovered_from(home):
    with open_ledger(home) as ledger, closing(sqlite3.connect(home.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            assert bounded(lambda: ledger.append(intent("r"))).reason == "locked"
        other.execute("ROLLBACK")
        assert_recovered(home, ledger)


def test_a_ledger_locked_at_opening_is_said(home):
    with closing(sqlite3.connect(home.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert bounded(lambda: open_ledger(home)).reason == "locked"


def test_many_callers_of_a_locked_ledger_all_hear_of_it(home):
    errors: list[AuditUnavailable] = []
    with open_ledger(home) as ledger, closing(sqlite3.connect(home.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [
            threading.Thread(target=lambda: errors.append(bounded(lambda: ledger.append(intent("r")))))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 20
        assert {error.reason for error in errors} <= {"locked", "slow"}
        other.execute("ROLLBACK")
        assert_recovered(home, ledger)


def test_a_deleted_database_is_said_and_recovered_from_when_put_back(home):
    with open_ledger(home) as ledger:
        ledger.append(intent("before"))
        aside = home.folder / "aside"
        aside.mkdir()
        names = [path for path in home.folder.glob("ledger.db*") if ".checkpoint" not in path.name]
        for path in names:
            path.rename(aside / path.name)
        for _ in range(2):
            assert bounded(lambda: ledger.append(intent("lost"))).reason in {"missing", "behind"}
        assert not home.path.exists()
        for path in names:
            (aside / path.name).rename(path)
        assert_recovered(home, ledger)


def test_a_deleted_write_ahead_log_is_noticed(home):
    with open_ledger(home) as ledger:
        ledger.append(intent("before"))
        home.path.with_name("ledger.db-wal").unlink()
        assert bounded(lambda: ledger.append(intent("lost"))).reason == "missing"
        # Closing the connection wrote what only the deleted log held into the database, so nothing is lost.
        assert_recovered(home, ledger)
    assert home.verify().entries == 3


def test_a_deleted_folder_is_said(home):
    with open_ledger(home) as ledger:
        ledger.append(intent("before"))
        shutil.rmtree(home.folder)
        for _ in range(2):
            assert bounded(lambda: ledger.append(intent("lost"))).reason in {"missing", "no_checkpoint", "behind"}
        assert not home.folder.exists()


class NarrowStore(SqliteStore):
    """A store whose file may have only so many pages, as if the disk were full; see PRAGMA max_page_count."""

    pages = 1_000_000

    def configure(self, connection: sqlite3.Connection) -> None:
        super().configure(connection)
        connection.execute(f"PRAGMA max_page_count = {self.pages}")


def test_a_full_database_is_said_and_recovered_from(home, monkeypatch):
    monkeypatch.setattr(NarrowStore, "pages", 40)
    with open_ledger(home, store=NarrowStore) as ledger:
        error = bounded(lambda: [ledger.append(intent("r", detail={"x": "y" * 5000})) for _ in range(100)])
        assert error.reason == "disk_full"
        assert bounded(lambda: ledger.append(intent("r", detail={"x": "y" * 5000}))).reason == "disk_full"
        monkeypatch.setattr(NarrowStore, "pages", 1_000_000)
        assert_recovered(home, ledger)


def in_child(work: Callable[[], None]) -> None:
    """Run in a forked child, whose limits and rights may be changed at will."""
    # What other tests left behind (an engine with threads) goes here: a child that collected it would wait for threads it hasn't got, or abort.
    gc.collect()
    child = os.fork()
    if child == 0:
        gc.freeze()
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - shown, then told by the exit status
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_a_file_that_may_not_grow_is_said_and_recovered_from(home):
    """Every write call beyond the limit fails with EFBIG, for the database, its log and the checkpoint file alike."""

    def work() -> None:
        with open_ledger(home) as ledger:
            ledger.append(intent("before"))
            largest = max(path.stat().st_size for path in home.folder.iterdir())
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
            errors = {bounded(lambda: ledger.append(intent("r", detail={"x": "y" * 50_000}))).reason for _ in range(3)}
            assert errors <= {"disk_full", "io_error"}, errors
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert_recovered(home, ledger)

    in_child(work)


def as_nobody(work: Callable[[], None]) -> Callable[[], None]:
    """Root may write anywhere; so become somebody else first."""

    def run() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        work()

    return run


@pytest.fixture
def open_home() -> Iterator[Home]:
    """A ledger in a folder that other users can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    home = new_home(folder / "home")
    home.open(create=True).close()
    for path in [home.folder, *home.folder.iterdir()]:
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
    yield home
    shutil.rmtree(folder)


def test_a_read_only_ledger_is_said_and_recovered_from(open_home):
    def work() -> None:
        open_home.folder.chmod(0o555)
        open_home.path.chmod(0o444)
        assert bounded(lambda: open_ledger(open_home)).reason == "read_only"
        open_home.folder.chmod(0o755)
        assert bounded(lambda: open_ledger(open_home)).reason == "read_only"
        open_home.path.chmod(0o600)
        with open_ledger(open_home) as ledger:
            assert_recovered(open_home, ledger)

    in_child(as_nobody(work))


def test_a_copy_that_can_only_be_read_is_verified_all_the_same(open_home):
    def work() -> None:
        open_home.path.chmod(0o444)
        open_home.folder.chmod(0o555)
        assert open_home.verify().ok

    in_child(as_nobody(work))


def test_a_ledger_that_may_not_be_read_is_not_called_tampered_with(open_home):
    def work() -> None:
        open_home.path.chmod(0)
        assert open_home.verify().verdict == "unavailable"

    in_child(as_nobody(work))


def test_an_unwritable_place_for_the_outside_checkpoint_stops_acknowledgement(open_home):
    elsewhere = open_home.folder.parent / "stick"
    elsewhere.mkdir()
    shutil.copyfile(open_home.checkpoint, elsewhere / "checkpoint")
    if os.geteuid() == 0:
        for place in (elsewhere, elsewhere / "checkpoint"):
            os.chown(place, 65534, 65534)

    def work() -> None:
        with open_ledger(open_home, checkpoint=elsewhere / "checkpoint") as ledger:
            for place, mode in ((elsewhere / "checkpoint", 0o444), (elsewhere, 0o555)):
                place.chmod(mode)
            for _ in range(3):
                assert bounded(lambda: ledger.append(intent("r"))).reason == "read_only"
            for place, mode in ((elsewhere, 0o755), (elsewhere / "checkpoint", 0o644)):
                place.chmod(mode)
            ledger.append(intent("after"))
        report = open_home.verify(external_checkpoint=elsewhere / "checkpoint")
        assert report.ok
        assert report.entries == 3, "one event was on the disk before the checkpoint could not be written, then none"

    in_child(as_nobody(work))


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of that size, where root may mount one."""
    folder = Path(tempfile.mkdtemp())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("this user can't mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk_is_said_and_recovered_from():
    with small_disk("2m") as disk:
        home = new_home(disk / "home")
        with open_ledger(home, create=True) as ledger:
            ballast = disk / "ballast"
            with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
                while True:
                    file.write(bytes(4096))
            reasons = {
                bounded(lambda: [ledger.append(intent("r", detail={"x": "y" * 9000})) for _ in range(200)]).reason
                for _ in range(3)
            }
            assert reasons <= {"disk_full", "io_error"}, reasons
            ballast.unlink()
            assert_recovered(home, ledger)


def test_a_disk_turned_read_only_is_said_and_recovered_from():
    with small_disk("8m") as disk:
        home = new_home(disk / "home")
        with open_ledger(home, create=True) as ledger:
            ledger.append(intent("before"))
            ledger.catch_up()
            with ledger._group._writing:
                ledger._group._writer.close()  # so that nothing is open for writing, which would keep the mount busy
            turned = subprocess.run(["mount", "-o", "remount,ro", str(disk)], capture_output=True, check=False)
            if turned.returncode:
                pytest.skip("the file system can't be turned read-only here")
            for _ in range(2):
                assert bounded(lambda: ledger.append(intent("r"))).reason == "read_only"
            assert home.verify().ok, "it can still be verified"
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            assert_recovered(home, ledger)


class SlowStore(SqliteStore):
    """A disk that does not come back from a commit until it is let go."""

    gate = threading.Event()

    def commit(self) -> None:
        self.gate.wait(FAR_BEYOND_S)
        super().commit()


def test_a_slow_disk_is_said_in_bounded_time_and_recovered_from(home, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(SlowStore, "gate", gate)
    with open_ledger(home, store=SlowStore) as ledger:
        for _ in range(3):
            assert bounded(lambda: ledger.append(intent("r"))).reason == "slow"
        gate.set()
        assert_recovered(home, ledger)
        assert home.verify().entries == 3, "only the one under way was written; those given up were not"


class BrokenStore(SqliteStore):
    """A store with a fault of its own."""

    broken = True

    def commit(self) -> None:
        if self.broken:
            raise RuntimeError("a fault nobody thought of")
        super().commit()


def test_an_unexpected_fault_leaves_nobody_waiting(home, monkeypatch):
    with open_ledger(home, store=BrokenStore) as ledger:
        error = bounded(lambda: ledger.append(intent("r")))
        assert error.reason == "internal"
        assert "nobody thought" not in str(error)
        monkeypatch.setattr(BrokenStore, "broken", False)
        assert_recovered(home, ledger)


class ForgetfulStore(SqliteStore):
    """A disk that gives back something else than what was written."""

    forgets = True

    def read_back(self, line: int, node: int) -> tuple[list[bytes], list[bytes]]:
        lines, nodes = super().read_back(line, node)
        return [found.replace(b"market", b"markex") if self.forgets else found for found in lines], nodes


def test_what_is_not_read_back_as_written_is_not_signed(home, monkeypatch):
    with open_ledger(home, store=ForgetfulStore) as ledger:
        assert bounded(lambda: ledger.append(intent("r"))).reason == "corrupt"
        monkeypatch.setattr(ForgetfulStore, "forgets", False)
        assert_recovered(home, ledger)
        assert home.verify().entries == 2


def test_more_waiting_events_than_can_be_borne_are_turned_away(home, monkeypatch):
    monkeypatch.setattr("audit.group.PENDING_LIMIT", 0)
    with open_ledger(home_with_gate(home, monkeypatch)) as ledger:
        assert bounded(lambda: ledger.append(intent("r"))).reason == "overloaded"


def home_with_gate(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Let the opening check through, which is a hand-over too."""
    monkeypatch.setattr(Ledger, "check", lambda self: None)
    return home


def test_messages_name_cause_and_next_step_and_no_path(home):
    with closing(sqlite3.connect(home.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        message = str(bounded(lambda: open_ledger(home)))
    assert "lock" in message
    assert "ask again" in message
    assert str(home.folder) not in message
