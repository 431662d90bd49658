"""The quick pass of verification agrees with the walk, wherever the ledger is whole, and shares out the work without changing the result."""

from __future__ import annotations

from contextlib import closing
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import bulk
from audit.bulk import look, look_at_all
from audit.levels import Growing
from audit.merkle import CompactRange
from audit.reading import connect, snapshot
from audit.sources import DatabaseSource
from audit.verify import verify
from audit.walk import Walk
from tests.fixtures.ledgers import Home, intent, new_home, outcome

ZONE = ZoneInfo("Asia/Shanghai")
words = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
details = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("code", "rule", "case", "surface", "session", "question"), words)
    | {"metrics": st.lists(st.text(min_size=1, max_size=4), max_size=3), "rows": st.integers(0, 9)},
)


def walked(home: Home) -> Walk:
    with closing(connect(home.path)) as connection, snapshot(connection):
        walk = Walk(DatabaseSource(connection), ZONE, set())
        walk.run()
    return walk


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ioqa"), st.integers(0, 3), details), max_size=25))
def test_the_quick_pass_holds_every_honest_line_against_its_index_row(tmp_path_factory, asked):
    home = new_home(tmp_path_factory.mktemp("bulk") / "home")
    with home.open(create=True) as ledger:
        for kind, number, detail in asked:
            if kind == "i":
                ledger.append(intent(f"r{number}", detail=detail))
            elif kind == "q":
                ledger.append(intent(None, type="question", role=None, purpose=None, detail=detail))
            else:
                said = "answered" if kind == "a" else "refused"
                ledger.append(outcome(f"r{number}", detail=detail | {"outcome": said}))
    with closing(connect(home.path)) as connection, snapshot(connection):
        seen, unexplained = look_at_all(DatabaseSource(connection), ZONE, len(asked) + 1, home.path, 1)
    walk = walked(home)
    assert not walk.problems
    assert set(seen.intents.values()) == {finding.index for finding in walk.orphans(None)}
    assert unexplained == [finding.index for finding in walk.findings]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_work_shared_out_gives_the_same_report(tmp_path, monkeypatch, processes):
    monkeypatch.setattr(bulk, "SHARE", 8)
    monkeypatch.setattr(bulk, "CHUNK", 8)
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        for number in range(20):
            ledger.append(intent(f"r{number}"))
        for number in range(30):
            if number % 4:
                ledger.append(outcome(f"r{number}"))
    report = verify(home.path, home.vkey, processes=processes)
    assert report.ok, report
    assert [f.index for f in report.findings if f.kind == "orphan_intent"] == [n + 1 for n in range(20) if n % 4 == 0]
    assert sum(f.kind == "outcome_without_intent" for f in report.findings) == len([n for n in range(20, 30) if n % 4])
    home.tamper(lambda c: c.execute("UPDATE event_index SET actor = 'x' WHERE idx = 30"))
    report = verify(home.path, home.vkey, processes=processes)
    assert [(p.kind, p.first) for p in report.problems] == [("index_edited", 30)]


def test_an_honest_ledger_needs_no_walk(tmp_path, monkeypatch):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        ledger.append(intent("r", detail={"question": '上个月"触达率"', "session": "s", "surface": "web"}))
    monkeypatch.setattr(Walk, "run", lambda self: pytest.fail("walked"))
    assert home.verify().ok


def test_the_quick_pass_starts_from_stored_nodes_that_the_range_before_checks(tmp_path):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        ledger.append_many([intent(f"r{number}") for number in range(12)])
    with closing(connect(home.path)) as connection, snapshot(connection):
        assert look(DatabaseSource(connection), ZONE, 8, 13).stop == 13
    home.tamper(lambda c: c.execute("UPDATE node SET hash = zeroblob(32) WHERE id = 2"))
    assert {p.kind for p in home.verify().problems} == {"tree_changed"}


@given(st.integers(0, 40), st.lists(st.integers(0, 20), max_size=6), st.sampled_from([1, 2, 4, 8, 16]))
def test_a_tree_grown_level_by_level_is_the_tree_grown_leaf_by_leaf(before, steps, piece):
    leaves = [bytes([number]) * 32 for number in range(before + 16 * len(steps) + sum(steps))]
    slow, quick = CompactRange(), CompactRange()
    slow.extend(leaves[:before])
    quick.extend(leaves[:before])
    growing, place = Growing(quick, piece), before
    for step in steps:
        for length in (piece, step):
            some = leaves[place : place + length]
            assert growing.extend(some) == b"".join(slow.extend(some))
            place += length
