"""Found by attack: what a caller types as a value, a column or a search must not stay in the ledger, which can't forget."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.errors import InvalidQuery
from governance.terms import Actor
from tests.fixtures.home import TODAY
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

NAME, PHONE = "赵铁柱", "13900001111"
PLANTED = f"{NAME}{PHONE}"
MARKET = Actor(id="market", role="marketing", department="marketing")
MANAGER = Actor(id="manager_east", role="sales_manager", department="sales", attributes={"region": "华东"})
COMPLIANCE = Actor(id="compliance", role="compliance", department="compliance")


@pytest.fixture(scope="module")
def service(demo_home):
    environment = Environment(home=demo_home.path, pinned_today=dt.date.fromisoformat(TODAY))
    with Service.open(Home(demo_home.path), environment) as opened:
        yield opened


def bytes_at_rest(home) -> bytes:
    return b"".join(path.read_bytes() for path in home.path.glob("ledger.db*"))


@pytest.mark.parametrize(
    ("actor", "query"),
    [
        (MANAGER, {"metrics": ["touches"], "where": [{"dimension": "city", "op": "in", "values": [PLANTED]}]}),
        (MARKET, {"metrics": ["revenue"], "where": [{"dimension": "specialty", "op": "not_in", "values": ["心内科", PLANTED]}]}),
        (MARKET, {"metrics": ["touches"], "where": [{"dimension": "hcp", "op": "in", "values": [PLANTED]}]}),
        (MARKET, {"metrics": ["revenue"], "group_by": ["specialty"], "keep": [{"dimension": "specialty", "values": [PLANTED]}]}),
        (MARKET, {"metrics": ["revenue"], "compare": {"dimension": "specialty", "base": PLANTED}}),
        (MARKET, {"metrics": ["revenue"], "group_by": ["specialty"], "order": [{"by": PLANTED}]}),
        (MARKET, {"metrics": ["revenue"], "group_by": ["specialty"], "having": [{"metric": f"revenue__{PLANTED}", "op": ">", "value": 1}]}),
        (COMPLIANCE, {"metrics": ["data_accesses"], "where": [{"dimension": "department", "op": "in", "values": [PLANTED]}]}),
    ],
)
def test_a_query_that_carries_a_name_leaves_no_name_in_the_ledger(service, demo_home, actor, query):
    try:
        answer = service.query(actor, query).to_json()
    except InvalidQuery:
        answer = None  # an unknown value or column: nothing is recorded at all
    kept = bytes_at_rest(demo_home)
    assert NAME.encode() not in kept
    assert PHONE.encode() not in kept
    if answer is not None:
        assert answer["receipt"]["event"].encode() in kept


def test_what_bundle_and_load_know_stays_readable_in_a_refused_query(service):
    refused = service.query(MANAGER, {"metrics": ["touches"], "where": [{"dimension": "region", "op": "in", "values": ["华南"]}]}).to_json()
    events = service.audit_event(COMPLIANCE, refused["receipt"]["event"])["related"]
    intent = next(item for item in events if item["type"] == "intent")
    assert intent["detail"]["query"]["where"] == [{"dimension": "region", "op": "in", "values": ["华南"]}]


def test_a_reviewers_search_is_recorded_without_the_words_searched_for(service, demo_home):
    service.audit_events(COMPLIANCE, {"text": PLANTED, "actor": PLANTED, "type": "intent"}, None, 5)
    kept = bytes_at_rest(demo_home)
    assert NAME.encode() not in kept
    latest = service.audit_events(COMPLIANCE, {"type": "ledger.read"}, None, 2)["events"][1]
    assert latest["detail"]["filters"] == {"text": "▢", "actor": "▢", "type": "intent"}


def test_a_cursor_beyond_every_number_is_one_clear_error(service):
    with pytest.raises(InvalidQuery, match="cursor"):
        service.audit_events(COMPLIANCE, {}, "9" * 30, 5)
