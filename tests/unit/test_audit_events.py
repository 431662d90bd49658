"""What is stored of an event, and what the search index holds of it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical
from audit.errors import InvalidEvent, NotCanonical
from audit.events import LINE_LIMIT, Draft, Event, facets_of, format_time, local_day, new_id, parse_time
from tests.fixtures.ledgers import intent, outcome

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENT = datetime(2026, 11, 14, 16, 0, 0, 7, tzinfo=UTC)
NAMES = {"id", "index", "time", "type", "request", "actor", "role", "department", "purpose", "decision", "detail", "v"}

LIFTABLE = ("metrics", "code", "outcome", "question")


def placed(event: Event, index: int, moment: datetime):
    time = format_time(moment)
    return Draft(event).place(index, "an-id", time, local_day(time[:16], SHANGHAI))


texts = st.text(min_size=1, max_size=20)
details = st.dictionaries(
    st.sampled_from([*LIFTABLE, "rows", "index", "time", "query"]),
    st.none() | st.integers(0, 99) | texts | st.lists(texts | st.integers(0, 9), max_size=3),
)
events = st.builds(
    Event,
    type=st.sampled_from(["question", "policy.activated", "checkpoint"]),
    actor=texts,
    request=st.none() | texts,
    role=st.none() | texts,
    department=st.none() | texts,
    purpose=st.none() | texts,
    decision=st.none() | texts,
    detail=details,
)


@given(events, st.integers(0, 2**40), st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_stored_line_is_canonical_and_holds_what_was_given(event, index, moment):
    line = placed(event, index, moment)
    body = canonical.loads(line.data)
    assert isinstance(body, dict)
    lifted = set(body) - NAMES
    assert lifted <= {"metrics", "code", "outcome", "question"}
    assert (body["index"], body["id"], body["v"]) == (index, "an-id", 2)
    assert parse_time(str(body["time"])) == moment
    for name in ("type", "actor", "request", "role", "department", "purpose", "decision"):
        assert body[name] == getattr(event, name)
    given = json.loads(canonical.dumps(event.detail))
    gone = {name for name in LIFTABLE if given.get(name, "") is None}
    assert body["detail"] | {name: body[name] for name in lifted} == {k: v for k, v in given.items() if k not in gone}
    for name in lifted:
        assert isinstance(body[name], list if name == "metrics" else str)


@given(events, st.integers(0, 2**40), st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_the_index_can_be_derived_again_from_the_line_alone(event, index, moment):
    line = placed(event, index, moment)
    assert facets_of(json.loads(line.data), SHANGHAI) == line.facets
    assert line.facets.day == moment.astimezone(SHANGHAI).date().isoformat()


def test_the_local_day_begins_at_local_midnight():
    before, after = (placed(intent("r"), 0, MOMENT + timedelta(seconds=s)) for s in (-1, 0))
    assert (before.facets.day, after.facets.day) == ("2026-11-14", "2026-11-15")


def test_what_is_neither_text_nor_a_list_of_texts_is_not_searchable():
    line = placed(intent("r", detail={"metrics": ["revenue", 5], "code": 7, "rule": "a", "classes": []}), 0, MOMENT)
    assert (line.facets.metrics, line.facets.code, line.facets.rule, line.facets.classes) == (None, None, "a", None)
    assert json.loads(line.data)["detail"] == {"metrics": ["revenue", 5], "code": 7, "classes": []}


def test_a_line_of_the_first_version_is_searched_by_the_same_members():
    body = json.loads(placed(intent("r"), 0, MOMENT).data) | {"v": 1}
    old = {"outcome": "refused", "code": "row_scope", "metrics": ["roi"], "surface": "web", "rows": 1}
    facets = facets_of(body | {"detail": old, "outcome": "answered"}, SHANGHAI)
    assert (facets.outcome, facets.code, facets.metrics, facets.surface) == ("refused", "row_scope", '["roi"]', "web")


@pytest.mark.parametrize(
    "event",
    [
        Event(type="Intent", actor="a"),
        Event(type="", actor="a"),
        Event(type="question", actor=""),
        Event(type="intent", actor="a"),
        Event(type="outcome", actor="a", request="r"),
        outcome("r", detail={"outcome": "guessed"}),
        outcome("r", detail={"outcome": ["answered"]}),
        intent("r", detail={"text": "x" * LINE_LIMIT}),
    ],
)
def test_an_event_that_misses_what_its_type_needs_is_refused(event):
    with pytest.raises(InvalidEvent):
        Draft(event)


@pytest.mark.parametrize("detail", [{"share": 0.5}, {"n": 2**53}, {"医生": 1}, {"x": b"1"}])
def test_a_detail_outside_canonical_json_is_refused(detail):
    with pytest.raises(NotCanonical):
        Draft(intent("r", detail=detail))


@pytest.mark.parametrize(
    "time", ["2026-11-15", "2026-11-15T01:02:03Z", "2026-13-15T01:02:03.000004Z", "２026-11-15T01:02:03.000004Z"]
)
def test_a_time_in_any_other_form_is_refused(time):
    with pytest.raises(InvalidEvent):
        parse_time(time)


def test_times_are_written_in_utc_with_six_decimals_so_that_they_sort_as_text():
    assert format_time(MOMENT.astimezone(SHANGHAI)) == "2026-11-14T16:00:00.000007Z"
    assert format_time(MOMENT.replace(microsecond=0)) == "2026-11-14T16:00:00.000000Z"


@pytest.mark.parametrize(
    "change",
    [
        {"id": 1},
        {"id": None},
        {"type": None},
        {"actor": None},
        {"role": 1},
        {"index": "1"},
        {"index": True},
        {"time": "now"},
        {"time": None},
        {"detail": None},
        {"detail": []},
    ],
)
def test_a_line_with_a_member_of_the_wrong_type_has_no_facets(change):
    body = json.loads(placed(intent("r"), 0, MOMENT).data)
    with pytest.raises(InvalidEvent):
        facets_of(body | change, SHANGHAI)


@pytest.mark.parametrize("name", sorted(NAMES - {"v"}))
def test_a_line_without_a_member_has_no_facets(name):
    body = json.loads(placed(intent("r"), 0, MOMENT).data)
    del body[name]
    with pytest.raises(InvalidEvent):
        facets_of(body, SHANGHAI)


def test_ids_are_uuids_of_version_7_that_sort_by_time():
    made = [new_id(MOMENT + timedelta(milliseconds=n), lambda size: bytes([255]) * size) for n in range(3)]
    assert made == sorted(made)
    for found in map(uuid.UUID, made):
        assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert int(uuid.UUID(made[0])) >> 80 == int(MOMENT.timestamp() * 1000)


def test_ids_of_one_millisecond_differ_by_chance_alone():
    numbers = count()
    made = {new_id(MOMENT, lambda size: next(numbers).to_bytes(size, "big")) for _ in range(100)}
    assert len(made) == 100
