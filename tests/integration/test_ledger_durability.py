"""What was acknowledged is never lost, whoever writes and however the writers end."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from audit.search import Reader
from tests.fixtures.ledgers import Home, intent, new_home, outcome

ROOT = Path(__file__).resolve().parents[2]

# A program that says each acknowledged event on its standard output, in one write each, until it is killed.
WRITER = """
import os, sys, threading
from pathlib import Path
from audit import AuditUnavailable, Ledger
from audit.keys import load_key
from tests.fixtures.ledgers import ORIGIN, intent, real_clock
home = Path(sys.argv[1])
key = load_key(home / "ledger.pem", ORIGIN)
ledger = Ledger.open(home / "ledger.db", key=key, origin=ORIGIN, clock=real_clock)
def work(name):
    number = 0
    while True:
        try:
            receipt = ledger.append(intent(f"{os.getpid()}-{name}-{number}"))
        except AuditUnavailable:  # a machine that is busy for seconds: not acknowledged, so nothing is claimed
            continue
        os.write(1, f"{receipt.index} {receipt.event}\\n".encode())
        number += 1
for name in range(8):
    threading.Thread(target=work, args=(name,), daemon=True).start()
threading.Event().wait()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = new_home(tmp_path / "home")
    home.open(create=True).close()
    return home


def start(home: Home) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(home.folder)], stdout=subprocess.PIPE, cwd=ROOT)


def stored(home: Home) -> dict[int, dict]:
    with closing(sqlite3.connect(home.path)) as connection:
        return {number: json.loads(body) for number, body in connection.execute("SELECT idx, body FROM entry")}


@pytest.mark.parametrize(
    ("processes", "kills"),
    [(1, 10), (2, 10), pytest.param(1, 250, marks=pytest.mark.long), pytest.param(2, 250, marks=pytest.mark.long)],
)
def test_killing_writers_under_load_loses_no_acknowledged_event(home, processes, kills):
    chance = random.Random(processes)
    acknowledged: dict[int, str] = {}
    for _ in range(kills // processes):
        writers = [start(home) for _ in range(processes)]
        said = [b"".join(writer.stdout.readline() for _ in range(chance.randrange(5, 60))) for writer in writers]
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer, first in zip(writers, said, strict=True):
            output = first + writer.stdout.read()
            writer.wait()
            for line in output.decode().splitlines(keepends=True):
                if line.endswith("\n"):
                    number, event = line.split()
                    assert int(number) not in acknowledged
                    acknowledged[int(number)] = event
        report = home.verify()
        assert report.ok, report
    found = stored(home)
    assert len(acknowledged) > 10
    assert {number: found[number]["id"] for number in acknowledged} == acknowledged
    with home.open() as ledger:
        assert ledger.append(intent("after")).index == len(found)


def append_some(home: Home, events: int, threads: int) -> None:
    """In a child process: several threads, then leave without ceremony."""
    with home.open() as ledger:

        def work(name: int) -> None:
            for number in range(events):
                request = f"{os.getpid()}-{name}-{number}"
                ledger.append(intent(request))
                ledger.append(outcome(request))

        workers = [threading.Thread(target=work, args=(name,)) for name in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def test_several_processes_writing_at_once_never_fork_the_tree(home):
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=append_some, args=(home, 15, 4)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    report = home.verify()
    assert report.ok, report
    assert report.entries == report.outside == 1 + 4 * 15 * 4 * 2
    assert report.findings == ()
    assert sorted(stored(home)) == list(range(report.entries))


def test_two_ledgers_in_one_process_take_turns(home):
    with home.open() as one, home.open() as two:
        for number in range(10):
            assert one.append(intent(f"a{number}")).index == 1 + 2 * number
            assert two.append(intent(f"b{number}")).index == 2 + 2 * number
    assert home.verify().ok


def test_a_crash_between_commit_and_the_outside_checkpoint_is_no_alarm(home):
    """The file outside may lag behind the database; the next opening goes on from there."""
    with home.open() as ledger:
        note = ledger.append(intent("a")).checkpoint
        ledger.append(outcome("a"))
    home.checkpoint.write_text(note)
    assert home.verify().ok
    with home.open() as ledger:
        ledger.append(intent("b"))
        ledger.append(outcome("b"))
    report = home.verify()
    assert report.ok
    assert report.outside == report.entries == 5


def test_reading_goes_on_while_the_ledger_is_written(home):
    reader = Reader(home.path)
    stop = threading.Event()

    def write() -> None:
        with home.open() as ledger:
            while not stop.is_set():
                request = ledger.new_request()
                ledger.append(intent(request))
                ledger.append(outcome(request))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            assert home.verify().ok
            event = reader.search(limit=1).events[0]
            reader.proof(event.body["id"]).check(home.vkey)
    finally:
        stop.set()
        writer.join()
