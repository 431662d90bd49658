"""What need not be kept can be forgotten, and nothing else: bodies go, proofs stay, and a forged pruning is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit import Event
from audit.export import export
from audit.merkle import leaf_hash
from audit.pruning import plan, prune
from audit.retention import CLASSES, PruneRefused, class_of
from audit.search import Filter, Reader
from audit.verify import verify
from governance.documents.identity import RetentionDocument
from tests.fakes.clock import FakeClock
from tests.fixtures.ledgers import Home, intent, new_home, outcome

START = datetime(2022, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=4 * 366)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock) -> Home:
    """Entries 1 to 12 of 2022, one intent of 2022 whose outcome is of 2026 (13, 14), two of 2026."""
    home = new_home(tmp_path / "home")
    with home.open(create=True, clock=clock) as ledger:
        for number in range(6):
            ledger.append(intent(f"r{number}", actor=["market", "medical"][number % 2], detail={"question": f"机密词{number}"}))
            ledger.append(outcome(f"r{number}"))
        ledger.append(intent("long"))
        clock.forward(days=4 * 366)
        for event in (outcome("long"), intent("new"), outcome("new")):
            ledger.append(event)
    return home


def pruned(home: Home, clock: FakeClock):
    with home.open(clock=clock) as ledger:
        return prune(ledger, home.path, actor="local_admin", now=LATER)


def test_old_bodies_go_and_everything_still_verifies(home, clock, tmp_path):
    before = {event.index: event.line for event in Reader(home.path).search(limit=100).events}
    reader = Reader(home.path)
    assert reader.count(Filter(text="机密词")) == 6
    found = pruned(home, clock)
    assert (found.entries, found.ranges) == (12, ((1, 12),))
    report = home.verify()
    assert report.ok, report
    assert (report.pruned, report.entries, report.findings) == (12, 18, ())
    assert reader.count(Filter(text="机密词")) == 0, "a reader that was kept forgets too"
    assert "机密词".encode() not in home.path.read_bytes()
    done = export(home.path, tmp_path / "out", vkey=home.vkey)
    lines = (done.folder / "events.jsonl").read_bytes().split(b"\n")
    assert lines[3] == b'{"pruned":"%s"}' % leaf_hash(before[3]).hex().encode()
    assert lines[13] == before[13]
    assert verify(done.folder, home.vkey).ok
    run = subprocess.run([sys.executable, done.folder / "verify.py", done.folder, home.vkey], capture_output=True, check=False)
    assert run.returncode == 0, run.stdout
    with home.open(clock=clock) as ledger:
        ledger.append(intent("after"))
    assert pruned(home, clock).entries == 0
    assert home.verify().ok


def test_a_body_dropped_without_a_record_is_seen(home, clock, tmp_path):
    pruned(home, clock)

    def work(c):
        c.execute("UPDATE entry SET body = '{\"pruned\":\"' || lower(hex(leaf)) || '\"}' WHERE idx = 15")
        c.execute("DELETE FROM event_index WHERE idx = 15")

    home.tamper(work)
    report = home.verify()
    assert [(p.kind, p.first) for p in report.problems] == [("body_missing", 15)]
    done = export(home.path, tmp_path / "out", vkey=home.vkey)
    assert {p.kind for p in verify(done.folder, home.vkey).problems} == {"body_missing"}
    run = subprocess.run([sys.executable, done.folder / "verify.py", done.folder, home.vkey], capture_output=True, check=False)
    assert run.returncode == 1
    assert b"event 15" in run.stdout


@pytest.mark.parametrize(
    "detail",
    [
        {"before": "2026-01-03T00:00:00.000000Z", "ranges": [[15, 15]]},
        {"before": "2022-06-01T00:00:00.000000Z", "ranges": [[15, 99]]},
        {"before": "2022-06-01T00:00:00.000000Z", "ranges": [[0, 15]]},
        {"before": "2022-06-01T00:00:00.000000Z", "ranges": "all"},
        {},
    ],
)
def test_a_record_that_is_not_sound_covers_nothing(home, clock, detail):
    with home.open(clock=clock) as ledger:
        ledger.append(Event(type="ledger.pruned", actor="somebody", detail=detail))

    def work(c):
        c.execute("UPDATE entry SET body = '{\"pruned\":\"' || lower(hex(leaf)) || '\"}' WHERE idx = 15")
        c.execute("DELETE FROM event_index WHERE idx = 15")

    home.tamper(work)
    assert "body_missing" in {p.kind for p in home.verify().problems}


def test_a_forged_body_hash_is_a_change(home, clock):
    pruned(home, clock)
    home.tamper(lambda c: c.execute("UPDATE entry SET body = '{\"pruned\":\"" + "ab" * 32 + "\"}' WHERE idx = 5"))
    report = home.verify()
    assert report.verdict == "tampered"
    assert report.first_bad == 5


def test_what_is_under_a_hold_stays_until_it_is_lifted(home, clock):
    with home.open(clock=clock) as ledger:
        ledger.append(Event(type="hold.placed", actor="officer", detail={"hold": "h1", "of_actor": "medical"}))
    found = pruned(home, clock)
    assert (found.entries, found.held, found.holds) == (6, 6, ("h1",))
    left = {json.loads(event.line)["actor"] for event in Reader(home.path).search(Filter(type="intent", until=START + timedelta(days=1))).events}
    assert left == {"medical", "market"}, "the one of 2022 whose outcome is of 2026 stays, too"
    assert home.verify().findings == (), "a request stays as a whole"
    with home.open(clock=clock) as ledger:
        ledger.append(Event(type="hold.released", actor="officer", detail={"hold": "h1"}))
    assert pruned(home, clock).entries == 6
    assert home.verify().ok


def test_half_a_year_is_the_least_that_is_kept(home):
    with pytest.raises(PruneRefused):
        plan(home.path, now=LATER, keep_days=182)


def test_a_pruning_interrupted_after_its_record_is_finished_by_the_next(home, clock, monkeypatch):
    monkeypatch.setattr("audit.pruning._drop", lambda path: None)
    pruned(home, clock)
    assert home.verify().ok
    monkeypatch.undo()
    pruned(home, clock)
    report = home.verify()
    assert report.ok
    assert report.pruned == 12


def test_each_class_is_kept_for_its_own_time_and_a_request_as_a_whole(home, clock):
    with home.open(clock=clock) as ledger:  # of 2026, two years before what follows
        ledger.append(Event(type="assessment.signed", actor="officer", detail={"assessment": "a"}))
        ledger.append(Event(type="policy.activated", actor="committee_a"))
        ledger.append(Event(type="finding.commented", actor="officer", request="both"))
        ledger.append(Event(type="policy.drafted", actor="committee_a", request="both"))
        clock.forward(days=2 * 366)
        ledger.append(intent("newest"))
        now = LATER + timedelta(days=2 * 366)
        years = {"access": 12, "operations": 12}
        found = prune(ledger, home.path, actor="local_admin", now=now, months=years)
    assert found.classes == {"access": 16, "operations": 1}
    types = [event.body["type"] for event in Reader(home.path).search(limit=100, newest_first=False).events]
    assert types == ["genesis", "assessment.signed", "finding.commented", "policy.drafted", "intent", "ledger.pruned", "ledger.pruned"]
    told = [event.body["detail"] for event in Reader(home.path).search(Filter(type="ledger.pruned"), newest_first=False).events]
    assert [(item["class"], item["entries"]) for item in told] == [("access", 16), ("operations", 1)]
    assert home.verify().ok
    assert plan(home.path, now=now + timedelta(days=365), keep_days=366).classes == {}, "assessments stay three years whatever is asked"
    assert plan(home.path, now=now + timedelta(days=368), keep_days=366).classes == {"assessments": 2, "operations": 1, "access": 1}


@pytest.mark.parametrize(("months"), [{"access": 5}, {"assessments": 35}, {"operations": 1}, {"gossip": 40}])
def test_no_class_is_kept_for_less_than_its_floor(home, months):
    with pytest.raises(PruneRefused):
        plan(home.path, now=LATER, months=months)


def test_every_type_has_one_class():
    assert sum(len(found.types) for found in CLASSES.values()) == len(set().union(*(found.types for found in CLASSES.values())))
    assert [class_of(kind).name for kind in ("intent", "ledger.read", "assessment.signed", "keys.rotated", "never.seen")] == [
        "access", "access", "assessments", "operations", "operations",
    ]  # fmt: skip


def test_the_bundle_says_how_long_each_class_is_kept():
    def document(months):
        return RetentionDocument.model_validate({"ledger": [{"records": "assessments", "months": months, "reason": {"zh": "因", "en": "so"}}]})

    assert document(60).ledger[0].months == 60
    with pytest.raises(ValueError, match="at least 36 months"):
        document(35)
