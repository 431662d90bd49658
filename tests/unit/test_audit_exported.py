"""The quick pass over an export finds what the walk finds, and leaves to the walk whatever does not hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import exported
from audit.export import export
from audit.sources import ExportSource
from audit.verify import verify
from audit.walk import Walk
from tests.fakes.clock import FakeClock
from tests.fixtures.ledgers import filled_home, intent, new_home, outcome

START = datetime(2026, 11, 10, 15, 30, tzinfo=UTC)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ioqa"), st.integers(0, 3), st.integers(-60, 120)), max_size=20))
def test_the_quick_pass_over_an_export_tells_what_the_walk_tells(tmp_path_factory, asked):
    folder = tmp_path_factory.mktemp("exported")
    clock, home = FakeClock(START), new_home(folder / "home")
    with home.open(create=True, clock=clock) as ledger:
        for kind, number, seconds in asked:
            clock.forward(seconds=seconds)
            if kind in "iq":
                ledger.append(intent(f"r{number}" if kind == "i" else None, type="intent" if kind == "i" else "question"))
            else:
                ledger.append(outcome(f"r{number}", detail={"outcome": "answered" if kind == "a" else "refused"}))
    export(home.path, folder / "out", vkey=home.vkey)
    quick = verify(folder / "out", home.vkey, now=START + timedelta(days=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("audit.verify"), "hold_export", lambda *_: (_ for _ in ()).throw(exported.Differs("walk, please")))
        assert verify(folder / "out", home.vkey, now=START + timedelta(days=1)) == quick
    assert quick.ok


def test_a_whole_export_needs_no_walk_and_a_changed_one_is_walked(tmp_path, monkeypatch):
    monkeypatch.setattr(exported, "CHUNK", 4)
    home = filled_home(tmp_path / "home", 9)
    known = home.checkpoint.read_text(encoding="utf-8")
    with home.open() as ledger:
        ledger.append(intent("later"))
    out = tmp_path / "out"
    export(home.path, out, vkey=home.vkey)
    with monkeypatch.context() as patch:
        patch.setattr(Walk, "run", lambda self: pytest.fail("walked"))
        assert verify(out, home.vkey, known=[known]).ok
    assert isinstance(ExportSource(out), exported.Lines)
    lines = (out / "events.jsonl").read_bytes().splitlines()
    for place, changed in ((7, lines[7].replace(b"market", b"marker")), (3, lines[4])):
        (out / "events.jsonl").write_bytes(b"\n".join([*lines[:place], changed, *lines[place + 1 :]]) + b"\n")
        assert verify(out, home.vkey).first_bad == place
