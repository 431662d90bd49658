"""Search, counts, pages and proofs, against the same questions asked of plain lists."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import AuditUnavailable
from audit.errors import InvalidProof, NotFound
from audit.merkle import leaf_hash, verify_inclusion
from audit.notes import Checkpoint, VerifierKey
from audit.search import COLUMNS, Filter, Reader
from tests.fakes.clock import FakeClock
from tests.fixtures.ledgers import Home, filled_home, intent, new_home, outcome

START = datetime(2026, 11, 10, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    clock = FakeClock(START)
    home = new_home(tmp_path_factory.mktemp("search") / "home")
    with home.open(create=True, clock=clock) as ledger:
        for number in range(30):
            clock.forward(minutes=20)
            who = {"actor": f"user_{number % 3}", "department": ["市场部", "医学部"][number % 2]}
            metrics = ["reach_rate", "roi"][: 1 + number % 2]
            ledger.append(intent(f"r{number}", **who, detail={"metrics": metrics, "question": f"触达率 100%_{number}"}))
            if number % 5 == 0:
                refusal = {"outcome": "refused", "code": "row_scope", "metrics": metrics}
                ledger.append(outcome(f"r{number}", **who, decision="deny", detail=refusal))
            elif number % 7:
                ledger.append(outcome(f"r{number}", **who))
    return home


@pytest.fixture(scope="module")
def reader(home) -> Reader:
    return Reader(home.path)


@pytest.fixture(scope="module")
def bodies(reader) -> list[dict]:
    return [event.body for event in reader.search(limit=1000, newest_first=False).events]


def day(body: dict) -> str:
    return (datetime.fromisoformat(body["time"]) + timedelta(hours=8)).date().isoformat()


def value(body: dict, column: str) -> str | None:
    if column == "day":
        return day(body)
    return body.get(column)


choices = {
    "type": ["intent", "outcome", "genesis", "absent"],
    "actor": ["user_0", "user_1", "absent"],
    "department": ["市场部", "医学部"],
    "decision": ["allow", "deny"],
    "outcome": ["answered", "refused"],
    "code": ["row_scope"],
    "day": ["2026-11-10", "2026-11-11"],
    "metric": ["reach_rate", "roi"],
}
filters = st.fixed_dictionaries(
    {},
    optional={name: st.lists(st.sampled_from(values), min_size=1, max_size=2) for name, values in choices.items()}
    | {
        "since": st.integers(0, 600).map(lambda n: START + timedelta(minutes=n)),
        "until": st.integers(0, 600).map(lambda n: START + timedelta(minutes=n)),
        "text": st.sampled_from(["REACH", "roi 市场部", "触达 user_1", "%", "_", "\\", "nothing like it", "100%"]),
    },
)


def matches(body: dict, line: str, wanted: dict) -> bool:
    moment = datetime.fromisoformat(body["time"])
    for name, chosen in wanted.items():
        if name == "since":
            held = moment >= chosen
        elif name == "until":
            held = moment < chosen
        elif name == "text":
            seen = [str(found) for name, found in body.items() if name not in {"detail", "id", "request", "time", "v", "index"}]
            held = all(any(word.lower() in found.lower() for found in [*seen, day(body)]) for word in chosen.split())
        elif name == "metric":
            held = bool(set(chosen) & set(body.get("metrics", ())))
        else:
            held = value(body, name) in chosen
        if not held:
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(filters, st.integers(1, 7), st.booleans())
def test_a_filter_finds_just_the_events_that_match_it_page_by_page(reader, wanted, limit, newest_first):
    everything = reader.search(limit=1000, newest_first=False).events
    expected = [event.index for event in everything if matches(event.body, event.line.decode(), wanted)]
    found: list[int] = []
    after = None
    while True:
        page = reader.search(Filter(**wanted), after=after, limit=limit, newest_first=newest_first)
        assert len(page.events) <= limit
        found += [event.index for event in page.events]
        after = page.after
        if after is None:
            break
    assert found == (expected[::-1] if newest_first else expected)
    assert reader.count(Filter(**wanted)) == len(expected)


@pytest.mark.parametrize("column", COLUMNS)
def test_counts_by_a_column_are_those_of_the_events(reader, bodies, column):
    if column in {"metrics", "classes"}:
        expected = Counter(item for body in bodies for item in body.get(column, ()))
    else:
        expected = Counter(value(body, column) for body in bodies)
    assert dict(reader.count_by(column)) == expected
    assert reader.facets(None, [column]) == {column: reader.count_by(column)}


def test_counts_by_metric_are_those_of_the_events(reader, bodies):
    expected = Counter(metric for body in bodies for metric in body.get("metrics", ()))
    assert reader.count_by_metric() == expected.most_common()
    only = Filter(metric=["roi"])
    assert dict(reader.count_by_metric(only))["roi"] == expected["roi"]


def test_counting_by_anything_else_is_refused(reader):
    with pytest.raises(ValueError, match="counted"):
        reader.count_by("body; DROP TABLE entry")


@pytest.mark.parametrize("unit", ["day", "hour"])
def test_a_timeline_counts_every_event_once(reader, bodies, unit):
    wanted = Filter(actor=["user_0", "user_2"])
    meant = [body for body in bodies if body["actor"] in wanted.actor]
    start = day if unit == "day" else lambda body: body["time"][:13] + "Z"
    expected = Counter(start(body) for body in meant)
    found = reader.timeline(wanted, unit)
    assert {bucket.start: bucket.total for bucket in found} == expected
    assert [bucket.start for bucket in found] == sorted(expected)
    outcomes = Counter((start(body), body["outcome"]) for body in meant if "outcome" in body)
    assert {(bucket.start, name): n for bucket in found for name, n in bucket.outcomes.items()} == outcomes


def test_a_reader_that_was_kept_sees_what_came_later(tmp_path):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        reader = Reader(home.path)
        for number in range(5):
            assert reader.count(Filter(type="intent")) == number
            ledger.append(intent(f"r{number}", actor=f"somebody_{number}"))
    assert reader.count(Filter(text="somebody_4")) == 1


def test_a_single_text_means_itself(reader):
    assert reader.count(Filter(actor="user_0")) == reader.count(Filter(actor=["user_0"])) > 0


def test_orphans_are_the_intents_without_outcome(reader):
    orphans = [event.body["request"] for event in reader.orphans(START + timedelta(days=9))]
    assert orphans == [f"r{n}" for n in range(30) if n % 5 and n % 7 == 0]
    assert reader.orphans(START) == []


def test_one_event_is_found_by_its_id(reader, bodies):
    assert reader.event(bodies[3]["id"]).index == 3
    with pytest.raises(NotFound):
        reader.event("no such id")


def test_every_event_has_a_proof_that_leads_to_the_signed_head(home, reader, bodies):
    for body in bodies:
        proof = reader.proof(body["id"])
        head = proof.check(home.vkey)
        assert head.size == len(bodies)
        assert proof.index == body["index"]


def test_a_proof_for_another_line_does_not_hold(home, reader, bodies):
    one, two = (reader.proof(bodies[n]["id"]) for n in (3, 4))
    with pytest.raises(InvalidProof):
        type(one)(line=two.line, index=one.index, path=one.path, checkpoint=one.checkpoint).check(home.vkey)


def test_a_proof_is_written_as_the_specification_says(home, reader, bodies):
    """c2sp.org/tlog-proof: header, index, hashes lowest first, blank line, checkpoint."""
    import base64

    proof = reader.proof(bodies[5]["id"])
    front, _, checkpoint = proof.text().partition("\n\n")
    header, index, *hashes = front.split("\n")
    assert (header, index) == ("c2sp.org/tlog-proof@v1", "index 5")
    head = Checkpoint.open(checkpoint, [VerifierKey.parse(home.vkey)])
    verify_inclusion(leaf_hash(proof.line), 5, head.size, [base64.b64decode(text) for text in hashes], head.root)


def test_growth_from_an_earlier_checkpoint_is_proven(tmp_path):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        earlier = [ledger.append(intent(f"r{number}")).checkpoint for number in range(9)]
    reader = Reader(home.path)
    for number, note in enumerate(earlier):
        assert reader.growth(number + 2).check(note, home.vkey).size == 10
    with pytest.raises(InvalidProof):
        reader.growth(3).check(earlier[2], home.vkey)
    with pytest.raises(InvalidProof):
        reader.growth(11)


def test_reading_never_writes(home, reader):
    before = home.path.read_bytes()
    reader.search(Filter(text="x"))
    assert home.path.read_bytes() == before


def test_an_absent_ledger_is_said(tmp_path):
    with pytest.raises(AuditUnavailable) as error:
        Reader(tmp_path / "absent.db").head()
    assert error.value.reason == "missing"
    assert not (tmp_path / "absent.db").exists()


def test_a_file_that_is_no_ledger_is_said(tmp_path):
    (tmp_path / "x.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(AuditUnavailable) as error:
        Reader(tmp_path / "x.db").head()
    assert error.value.reason == "corrupt"
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(AuditUnavailable) as error:
        Reader(tmp_path / "empty.db").search()
    assert error.value.reason == "corrupt"


def test_a_reader_that_kept_its_connection_sees_what_is_written_later_and_a_file_put_in_the_place(tmp_path):
    home = filled_home(tmp_path / "one", 2)
    other = filled_home(tmp_path / "two", 3)
    reader = Reader(home.path)
    with home.open() as ledger:
        for number in range(3):
            last = ledger.append(intent(f"later{number}"))
            assert reader.proof(last.event).check(home.vkey).size == last.index + 1
    assert reader.size() == 8
    for path in home.folder.glob("ledger.db-*"):
        path.unlink()
    other.path.replace(home.path)
    assert reader.size() == 7


def test_a_reader_is_used_in_a_child_process_and_in_its_parent(tmp_path):
    home = filled_home(tmp_path / "home", 2)
    reader = Reader(home.path)
    before = reader.search(limit=1).events[0]
    child = os.fork()
    if child == 0:
        os._exit(0 if reader.search(limit=1).events[0] == before else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert reader.search(limit=1).events[0] == before
