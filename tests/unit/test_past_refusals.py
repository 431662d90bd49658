"""A follow-up after a refusal."""

from __future__ import annotations

from collections.abc import Sequence

from governance.terms import Filter, MetricQuery
from nlq.building import Reading
from nlq.past_refusals import SAID, past_refusals
from nlq.understand import Understanding

EAST, SOUTH = (MetricQuery(metrics=("visits",), where=(Filter(dimension="region", op="in", values=(name,)),)) for name in ("华东", "华南"))


def by_city(before: Sequence[MetricQuery]) -> Understanding:
    """`按城市看`: the last query by city; alone, all visits by city."""
    query = MetricQuery(metrics=("visits",), group_by=("city",), where=before[-1].where if before else ())
    return Understanding(language="zh", status="read", screened="按城市看", readings=(Reading(query=query, score=1.0),))


def own_region(query: MetricQuery) -> bool:
    return any(item.values == ("华东",) for item in query.where)


def test_a_follow_up_that_would_be_refused_again_goes_on_from_the_last_allowed_question_and_says_so():
    found = past_refusals(by_city, (EAST, SOUTH), own_region)
    assert found.query is not None
    assert found.query.where == EAST.where
    assert found.readings[0].assumptions == (SAID,)


def test_a_follow_up_to_an_allowed_question_stays_where_it_is():
    found = past_refusals(by_city, (SOUTH, EAST), own_region)
    assert found.query is not None
    assert found.query.where == EAST.where
    assert found.readings[0].assumptions == ()


def test_nothing_is_gone_back_to_where_nothing_was_allowed():
    found = past_refusals(by_city, (SOUTH,), own_region)
    assert found.query is not None
    assert found.query.where == SOUTH.where


def test_a_follow_up_that_mends_the_refusal_keeps_the_refused_question():
    def by_region(before: Sequence[MetricQuery]) -> Understanding:
        query = MetricQuery(metrics=before[-1].metrics, group_by=("region",))
        return Understanding(language="zh", status="read", screened="按大区看", readings=(Reading(query=query, score=1.0),))

    refused = MetricQuery(metrics=("revenue",), group_by=("specialty",))
    found = past_refusals(by_region, (EAST, refused), lambda query: "specialty" not in query.group_by)
    assert found.query == MetricQuery(metrics=("revenue",), group_by=("region",))
