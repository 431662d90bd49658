"""While the service runs, sinks get the ledger and witnesses are asked, and the desk shows how both stand."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.notes import VerifierKey
from audit.sinks import add
from audit.witness import Witness
from audit.witness_http import server
from audit.witnessing import Witnesses
from tests.fixtures.desks import OFFICER, Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path / "desk")


@contextmanager
def witness(bench: Bench, folder: Path) -> Iterator[Witness]:
    """A witness of the bench's ledger, at work on a port, added to the ledger's witnesses."""
    Witness.make(folder, "audit.example/w1", [VerifierKey.parse(bench.ledger.vkey)])
    found = Witness.open(folder, bench.clock)
    running = server(found, "127.0.0.1", 0)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    Witnesses(bench.folder / "witnesses", bench.ledger.vkey).add(found.key, f"http://127.0.0.1:{running.server_address[1]}")
    try:
        yield found
    finally:
        running.shutdown()
        running.server_close()


def integrity(bench: Bench) -> dict:
    return bench.desk.overview(OFFICER, {}, None, 10)["integrity"]


def test_a_round_delivers_to_sinks_and_asks_witnesses_and_the_desk_shows_both(bench, tmp_path):
    bench.ask()
    add(bench.folder / "sinks", "siem", f"file://{tmp_path}/out.jsonl")
    with witness(bench, tmp_path / "witness"):
        before = integrity(bench)
        assert (before["witnesses"][0]["size"], before["witnesses"][0]["age_s"]) == (0, None)
        assert before["sinks"][0]["behind"] > 0
        bench.desk.streaming.once()
        size = len((tmp_path / "out.jsonl").read_bytes().splitlines())
        told = integrity(bench)
    assert (told["witnesses"][0]["name"], told["witnesses"][0]["size"]) == ("audit.example/w1", size)
    assert (told["sinks"][0]["name"], told["sinks"][0]["cursor"], told["sinks"][0]["failing_since"]) == ("siem", size, None)
    assert bench.desk.integrity_of.verify(OFFICER)["verdict"] == "intact", "what the witness cosigned is part of the verification"


def test_a_stalled_sink_and_a_witness_out_of_reach_are_shown_and_stop_nothing(bench, tmp_path):
    add(bench.folder / "sinks", "bad", f"file://{tmp_path}/no/such/folder/out.jsonl")
    add(bench.folder / "sinks", "good", f"file://{tmp_path}/out.jsonl")
    with witness(bench, tmp_path / "witness"):
        pass  # it has gone by now
    bench.ask()
    bench.desk.streaming.once()
    stands = {sink["name"]: sink for sink in integrity(bench)["sinks"]}
    assert stands["bad"]["failing_since"] is not None
    assert stands["good"]["failing_since"] is None
    assert (tmp_path / "out.jsonl").exists()
    assert bench.ask()


def test_what_a_witness_cosigned_of_another_ledger_is_told_as_a_problem(bench, tmp_path):
    with witness(bench, tmp_path / "witness"):
        bench.desk.streaming.once()
        other = make_bench(tmp_path / "other")
        (other.folder / "witnesses").mkdir()
        for path in (bench.folder / "witnesses").iterdir():
            (other.folder / "witnesses" / path.name).write_bytes(path.read_bytes())
        other.desk.streaming.once()
    (told,) = integrity(other)["witnesses"]
    assert told["name"] == "audit.example/w1"
    assert told["problem"] is not None


def test_only_one_worker_delivers(bench, tmp_path):
    add(bench.folder / "sinks", "siem", f"file://{tmp_path}/out.jsonl")
    with (bench.folder / "streams.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        bench.desk.streaming.once()
        assert not (tmp_path / "out.jsonl").exists()
    bench.desk.streaming.once()
    assert (tmp_path / "out.jsonl").exists()
