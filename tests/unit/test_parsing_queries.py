"""MetricQueries read strictly and written back equal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import InvalidQuery
from governance.metrics.parsing import query_from_json, query_to_json
from governance.terms import GRAINS, Filter, Having, Keep, MemberCompare, MetricQuery, Order, Period

NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
VALUES = st.one_of(st.text(min_size=1, max_size=8), st.integers(-5, 99))
PERIODS = st.builds(
    lambda start, length: Period(start=start, end=start + timedelta(days=length)), st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 999)
)


def some(strategy, size=3):
    return st.lists(strategy, max_size=size).map(tuple)


def values():
    return st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple)


QUERIES = st.builds(
    MetricQuery,
    metrics=st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    group_by=st.lists(NAMES, max_size=3, unique=True).map(tuple),
    grain=st.one_of(st.none(), st.sampled_from(GRAINS)),
    period=st.one_of(st.none(), PERIODS),
    where=some(st.builds(Filter, dimension=NAMES, op=st.sampled_from(["in", "not_in"]), values=values())),
    having=some(st.builds(Having, metric=NAMES, op=st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), value=st.floats(-1e9, 1e9))),
    order=some(st.builds(Order, by=NAMES, direction=st.sampled_from(["asc", "desc"]))),
    limit=st.one_of(st.none(), st.integers(1, 1000)),
    compare=st.one_of(
        st.none(), st.sampled_from(["previous_period", "previous_year"]), PERIODS, st.builds(MemberCompare, dimension=NAMES, base=VALUES)
    ),
    share=st.booleans(),
    keep=some(st.builds(Keep, dimension=NAMES, values=values())),
)


@given(query=QUERIES)
def test_a_query_written_and_read_back_is_the_same(query):
    assert query_from_json(query_to_json(query)) == query


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["metrics", "where", "period", "limit", "x"]), inner, max_size=3)),
    max_leaves=10,
)


@given(value=JSON)
def test_whatever_is_given_is_a_query_or_one_clear_error(value):
    try:
        query = query_from_json(value)
    except InvalidQuery as error:
        assert str(error).startswith("MetricQuery: ")
        assert "\n" not in str(error)
    else:
        assert query.metrics


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"metric": ["a"]}, "Did you mean metrics"),
        ({"metrics": []}, "at least one"),
        ({"metrics": ["a"], "grain": "mnth"}, "Did you mean month"),
        ({"metrics": ["a"], "period": {"start": "2026-10-01", "end": "2026-10-01"}}, "must start before it ends"),
        ({"metrics": ["a"], "period": {"start": "2026-13-01", "end": "2026-10-01"}}, "must be a date"),
        ({"metrics": ["a"], "where": [{"dimension": "r", "op": "is", "values": ["x"]}]}, "must be one of in, not_in"),
        ({"metrics": ["a"], "where": [{"dimension": "r", "op": "in", "values": []}]}, "at least one value"),
        ({"metrics": ["a"], "limit": 0}, "from 1"),
        ({"metrics": ["a"], "limit": True}, "from 1"),
        ({"metrics": ["a"], "having": [{"metric": "a", "op": "<", "value": float("nan")}]}, "finite"),
        ({"metrics": ["a"], "compare": "last_year"}, "previous_year"),
        ({"metrics": ["a", "a"]}, "twice"),
        ({"metrics": ["a"], "share": "yes"}, "true or false"),
        ("select 1", "must be a mapping"),
    ],
)
def test_a_malformed_query_names_what_is_wrong_and_what_was_meant(value, told):
    with pytest.raises(InvalidQuery, match=told):
        query_from_json(value)
