"""Before a large ledger was read into memory the desk answers from the index and from what it kept: never something else than afterwards, only less."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.desks import OFFICER, make_bench
from wenshu.desk import cold, door, kept
from wenshu.desk.filters import read_filter
from wenshu.desk.room import Desk

PEOPLE, METRICS = ("market", "medical", "rep_east_1", "market%", "a_b"), ("reach_rate", "nps", "no", '"quoted" 指标')
FILTERS = st.dictionaries(
    st.sampled_from(["actor", "metric", "outcome", "since", "until", "text", "type", "session"]),
    st.sampled_from(["market", "nps", "refused", "2026-11-03", "answered,refused", "reach", "intent", "s3", '"quoted" 指标', "%", "a_b", "指标"]),
    max_size=3,
).filter(lambda told: not {told.get("since"), told.get("until")} - {None, "2026-11-03"})


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = make_bench(tmp_path_factory.mktemp("cold") / "desk")
    for number in range(120):
        bench.clock.at(dt.date(2026, 11, 1) + dt.timedelta(days=number % 6), 8 + number // 12)
        outcome = "refused" if number % 5 == 0 else "answered"
        bench.ask(PEOPLE[number % 5], outcome=outcome, metrics=(METRICS[number % 4], METRICS[number // 4 % 4]), session=f"s{number // 7}", **({"code": "row_scope"} if outcome == "refused" else {}))
    return bench


def again(bench) -> Desk:
    """The desk of another start of the service."""
    return Desk(
        ledger=bench.ledger, path=bench.folder / "ledger.db", checkpoint=bench.folder / "ledger.db.checkpoint", notes=bench.folder / "desk.db", timezone="Asia/Shanghai",
        clock=bench.clock, may_review=lambda _: True, bundle=bench.desk._bundle, shipped=bench.desk.controls._shipped,
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(filters=FILTERS, newest_first=st.booleans(), limit=st.integers(1, 30), window=st.integers(1, 60))
def test_pages_from_the_index_are_the_pages_from_memory(bench, filters, newest_first, limit, window):
    wanted = read_filter(filters, bench.desk.door.zone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cold, "WINDOW", window)
        patch.setattr(cold, "WORDS_WINDOW", window)
        after = None
        for _ in range(400):
            one = bench.desk.door.cold.search(wanted, after=after, limit=limit, newest_first=newest_first, patience_s=60)
            other = bench.desk.door.reader.search(wanted, after=after, limit=limit, newest_first=newest_first)
            assert one == other
            after = one.after
            if after is None:
                return
    pytest.fail("the pages have no end")


def test_a_search_without_patience_goes_on_where_it_stopped_and_misses_nothing(bench, monkeypatch):
    monkeypatch.setattr(cold, "WINDOW", 10)
    wanted = read_filter({"actor": "medical", "outcome": "refused"}, bench.desk.door.zone)
    found, after = [], None
    while True:
        page = bench.desk.door.cold.search(wanted, after=after, limit=50, patience_s=-1)
        found += page.events
        after = page.after
        if after is None:
            break
    assert found == list(bench.desk.door.reader.search(wanted, limit=1000).events)


def test_the_first_page_of_another_start_tells_what_the_last_one_counted_and_everything_since(bench, monkeypatch):
    bench.desk._kept.keep()
    bench.desk.findings.keep_up(wait=True)
    bench.desk.findings.keep()
    bench.clock.at(dt.date(2026, 11, 20), 23)
    for _ in range(6):
        bench.ask("market", outcome="refused", code="row_scope", metrics=("nps",))
    monkeypatch.setattr(door, "AT_ONCE", 0)
    desk = again(bench)
    monkeypatch.setattr(desk, "warm", lambda: None)
    early = desk.overview(OFFICER, {}, None, 20)
    warm = again(bench)
    warm.door.awoken()
    late = warm.overview(OFFICER, {}, None, 20)

    def counted(facets):  # the later look is itself an event of the officer's
        return {(name, value): count for name, values in facets.items() for value, count in values.items() if (name, value) not in {("actor", "compliance"), ("type", "ledger.read"), ("department", "compliance")} and value}

    assert counted(early["page"]["facets"]) == counted(late["page"]["facets"])
    assert early["today"] == late["today"]
    assert [bucket | {"total": 0} for bucket in early["timeline"]["buckets"]] == [bucket | {"total": 0} for bucket in late["timeline"]["buckets"]]
    assert early["integrity"]["orphan_intents"] == late["integrity"]["orphan_intents"]
    assert early["findings"]["working"]


def test_kept_counts_of_another_ledger_or_of_too_long_ago_are_not_told(bench, monkeypatch):
    bench.desk._kept._size = 0
    bench.desk._kept.keep()
    told = bench.desk.notes.taken_aside(kept.NAME)
    fresh = again(bench)
    assert fresh._kept.counted() is not None
    for changed in ({"root": "00" * 32}, {"prunings": 1}, {"size": told["size"] + 10_000}):
        bench.desk.notes.set_aside(kept.NAME, told | changed)
        assert again(bench)._kept.counted() is None, changed
    bench.desk.notes.set_aside(kept.NAME, told)
    monkeypatch.setattr(kept, "TAIL", 3)
    for _ in range(4):
        bench.ask()
    assert again(bench)._kept.counted() is None


def test_what_is_not_known_yet_is_told_as_not_known(bench, monkeypatch):
    monkeypatch.setattr(door, "AT_ONCE", 0)
    desk = again(bench)
    monkeypatch.setattr(desk, "warm", lambda: None)
    told = desk.overview(OFFICER, {"actor": "market"}, None, 20)
    assert told["page"]["total"] is None
    assert told["page"]["facets"] is None
    assert told["timeline"] is None
    assert {event["actor"] for event in told["page"]["events"]} == {"market"}
    assert desk.events(OFFICER, {"actor": "market"}, None, 20)["total"] == bench.desk.door.reader.count(read_filter({"actor": "market"}, bench.desk.door.zone))


def test_pages_go_both_ways(bench):
    first = bench.desk.events(OFFICER, {"actor": "medical"}, None, 7)
    assert first["previous"] is None
    second = bench.desk.events(OFFICER, {"actor": "medical"}, first["next"], 7)
    third = bench.desk.events(OFFICER, {"actor": "medical"}, second["next"], 7)
    back = bench.desk.events(OFFICER, {"actor": "medical"}, third["previous"], 7)
    assert back["events"] == second["events"]
    assert back["next"] == second["next"]
    top = bench.desk.events(OFFICER, {"actor": "medical"}, back["previous"], 7)
    assert top["events"] == first["events"]
    assert top["previous"] is None
