"""What requests rested on is counted once and continued, and an earlier day is read anew."""

from __future__ import annotations

import datetime as dt

from audit import Event
from tests.fixtures.committee import make_committee
from wenshu.committee.usage import Usage, Use, by_name


def test_uses_are_counted_by_person_and_rule_from_a_day_on_and_continued(tmp_path):
    committee = make_committee(tmp_path)
    ledger, clock = committee.ledger, committee.clock

    def asked(user: str, **detail: object) -> None:
        ledger.append(Event(type="intent", actor=user, role="marketing", department="marketing", request=ledger.new_request(), purpose="market_analysis", decision="allow", detail=detail))

    asked("market", rules=["one", "two"])
    clock.now += dt.timedelta(days=3)
    asked("market", rules=["one"], masks=["city"])
    usage = Usage(committee.home.ledger)
    late = clock.now.date()
    assert {(use.name, use.times) for use in usage.since(late)} == {("", 1), ("one", 1), ("mask city", 1)}
    asked("other", rules=["one"])
    assert by_name(usage.since(late))["one"] == (2, late)
    assert Use(user="market", role="marketing", name="two", times=1, last=late - dt.timedelta(days=3)) in usage.since(late - dt.timedelta(days=5))
    assert by_name(usage.since(late))["one"] == (2, late)
    assert by_name(usage.since(late - dt.timedelta(days=5)))[""] == (3, late)  # a request that rests on two rules is one request
    assert "two" not in by_name(usage.since(late))
