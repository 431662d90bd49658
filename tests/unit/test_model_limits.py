"""Budgets and the circuit breaker, under a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.model.limits import HOUR, Allowance, BudgetSpent, CircuitBreaker, tokens_in
from tests.fixtures.doubts import Now


def allowance(clock, **changed: int):
    return Allowance(**({"user_calls": 3, "user_tokens": 100, "all_calls": 5} | changed), clock=clock)


def test_a_user_has_so_many_calls_an_hour_and_then_again():
    clock = Now()
    spend = allowance(clock)
    for _ in range(3):
        spend.take("a", 1)
    with pytest.raises(BudgetSpent, match=r"model\.yaml"):
        spend.take("a", 1)
    clock.seconds += HOUR
    spend.take("a", 1)


def test_one_users_spending_is_not_anothers_until_all_is_spent():
    spend = allowance(Now())
    for _ in range(3):
        spend.take("a", 1)
    spend.take("b", 1)
    spend.take("b", 1)
    with pytest.raises(BudgetSpent):
        spend.take("c", 1)


def test_tokens_of_replies_count_as_well():
    spend = allowance(Now())
    spend.take("a", 50)
    spend.charge("a", 45)
    with pytest.raises(BudgetSpent):
        spend.take("a", 6)
    spend.take("a", 5)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60), st.floats(0, 2_000)), max_size=40))
def test_no_hour_ever_holds_more_than_the_budget(steps):
    clock = Now(0.0)
    spend = allowance(clock)
    granted = []
    for user, tokens, pause in steps:
        clock.seconds += pause
        try:
            spend.take(user, tokens)
        except BudgetSpent:
            continue
        granted.append((clock.seconds, user, tokens))
        window = [item for item in granted if item[0] > clock.seconds - HOUR]
        assert len(window) <= 5
        assert len([1 for item in window if item[1] == user]) <= 3
        assert sum(item[2] for item in window if item[1] == user) <= 100


def test_tokens_are_overstated_rather_than_understated():
    assert [tokens_in(size) for size in (0, 1, 3, 4)] == [0, 1, 1, 2]


def test_the_breaker_opens_after_so_many_failures_in_a_row():
    breaker = CircuitBreaker(failures=2, open_s=60, clock=Now())
    assert breaker.enter()
    breaker.failed()
    assert breaker.enter()
    breaker.succeeded()
    breaker.failed()
    assert breaker.enter()
    breaker.failed()
    assert not breaker.enter()


def test_half_open_lets_exactly_one_through_who_decides():
    clock = Now()
    breaker = CircuitBreaker(failures=1, open_s=60, clock=clock)
    breaker.failed()
    clock.seconds += 59.9
    assert not breaker.enter()
    clock.seconds += 0.1
    assert breaker.enter()
    assert not breaker.enter(), "a second one while the first is on its way"
    breaker.failed()
    assert not breaker.enter(), "open again at once"
    clock.seconds += 60
    assert breaker.enter()
    breaker.succeeded()
    assert breaker.enter()
    assert breaker.enter()


def test_one_that_sent_nothing_leaves_the_probe_to_the_next():
    clock = Now()
    breaker = CircuitBreaker(failures=1, open_s=60, clock=clock)
    breaker.failed()
    clock.seconds += 60
    assert breaker.enter()
    breaker.left()
    assert breaker.enter()
