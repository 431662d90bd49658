"""Withdrawals take effect together: an oracle that walks midnight by midnight agrees with what ingest derives."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from governance.ingest.consent import effective_times

START = datetime(2026, 10, 1)
moments = st.integers(0, 30 * 24).map(lambda hours: START + timedelta(hours=hours))
withdrawals = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["p1", "p2", "p3", "p4"]), moments), max_size=25
)


def _walked(events: list[tuple[str, str, datetime]], smallest: int) -> list[datetime]:
    effective: dict[int, datetime] = {}
    midnight = START
    while len(effective) < len(events):
        for purpose in ("a", "b"):
            waiting = [
                i
                for i, event in enumerate(events)
                if event[0] == purpose and event[2] <= midnight and i not in effective
            ]
            if not waiting:
                continue
            oldest = min(events[i][2] for i in waiting)
            if len({events[i][1] for i in waiting}) >= smallest or midnight - oldest >= timedelta(days=7):
                effective.update(dict.fromkeys(waiting, midnight))
        midnight += timedelta(days=1)
    return [effective[i] for i in range(len(events))]


@given(withdrawals, st.integers(1, 4))
def test_effective_times_are_those_of_a_walk_from_midnight_to_midnight(
    events: list[tuple[str, str, datetime]], smallest: int
) -> None:
    assert effective_times(events, smallest_batch=smallest) == _walked(events, smallest)


@given(withdrawals, st.integers(1, 4))
def test_no_withdrawal_takes_effect_before_it_was_made_or_more_than_eight_days_later(events, smallest: int) -> None:
    for (_, _, made), at in zip(events, effective_times(events, smallest_batch=smallest), strict=True):
        assert made <= at < made + timedelta(days=8)
        assert (at.hour, at.minute, at.second) == (0, 0, 0)


def test_a_lone_withdrawal_waits_until_it_is_seven_days_old() -> None:
    made = datetime(2026, 10, 1, 8)
    assert effective_times([("a", "p1", made)], smallest_batch=10) == [datetime(2026, 10, 9)]


def test_one_doctor_who_withdraws_twice_is_no_group() -> None:
    made = datetime(2026, 10, 1, 8)
    assert effective_times([("a", "p1", made), ("a", "p1", made)], smallest_batch=2) == [datetime(2026, 10, 9)] * 2
