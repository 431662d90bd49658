"""Each kind of system call that the ledger rests on, failing: nothing is acknowledged, the cause is said, and all is well once it is mended."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from audit.search import Reader
from tests.fixtures.faults import arm, failing
from tests.fixtures.ledgers import Home, intent, new_home
from tests.integration.test_ledger_unavailable import bounded, in_child

CALLS = {
    "reading": ["read"],
    "looking": ["fstat", "newfstatat"],
    "sharing memory": ["mmap"],
    "reading a page": ["pread64"],
    "writing a page": ["pwrite64"],
    "locking": ["fcntl"],
    "locking the checkpoint": ["flock"],
    "forcing to the disk": ["fsync", "fdatasync"],
    "cutting and lengthening": ["ftruncate"],
}
SURROUNDINGS = {"io_error", "locked", "read_only", "missing"}
WRITING = ("writing a page", "cutting and lengthening")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = new_home(tmp_path / "home")
    home.open(create=True).close()
    return home


def judge(home: Home, calls: list[str], code: int, allowed: set[str]) -> None:
    """In a child: an event, then the calls fail for every file opened anew, then they don't any more."""
    arm(calls, code)
    with home.open(patience_s=2.0) as ledger:
        told = [ledger.append(intent("before"))]
        ledger.catch_up()
        while ledger._group._writer.due() is not None:  # upkeep would free a low descriptor in the midst of the failing
            time.sleep(0.01)
        with ledger._group._tending, ledger._group._writing:
            ledger._group._writer.close()  # so that its files are opened anew
        with failing():
            for _ in range(3):
                error = bounded(lambda: ledger.append(intent("lost")))
                assert error.reason in allowed, (error.reason, error.__cause__)
        told += [ledger.append(intent("after")), ledger.append(intent("after that"))]
    report = home.verify()
    assert report.ok, report
    reader = Reader(home.path)
    assert [reader.event(receipt.event).index for receipt in told] == [receipt.index for receipt in told]


@pytest.mark.parametrize("name", CALLS)
def test_an_input_output_error_at_any_call_is_said_and_recovered_from(home, name):
    in_child(lambda: judge(home, CALLS[name], errno.EIO, SURROUNDINGS))


@pytest.mark.parametrize("name", WRITING)
def test_a_full_disk_at_any_call_that_writes_is_said_and_recovered_from(home, name):
    in_child(lambda: judge(home, CALLS[name], errno.ENOSPC, {"disk_full", "io_error"}))
