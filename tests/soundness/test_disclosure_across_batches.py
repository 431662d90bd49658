"""Numbers before and after a batch of withdrawals, put together from answers asked apart: held against exact elimination that shares no code with the product."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from governance.disclosure.links import About, Fact, Reaches
from governance.disclosure.memory import Group, Knower, Memory

DAYS, CHANNELS, K = 4, 3, 3
STAYED, LEFT = 6, 2
US, THEM = Knower(person="a", together="x"), Knower(person="b", together="y")
TODAY = dt.date(2026, 11, 22)


def _rank(rows: list[list[int]]) -> int:
    """The rank by exact elimination over fractions."""
    left = [[Fraction(x) for x in row] for row in rows]
    rank = 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((i for i in range(rank, len(left)) if left[i][column]), None)
        if pivot is None:
            continue
        left[rank], left[pivot] = left[pivot], left[rank]
        for i in range(rank + 1, len(left)):
            factor = left[i][column] / left[rank][column]
            if factor:
                left[i] = [x - factor * y for x, y in zip(left[i], left[rank], strict=True)]
        rank += 1
    return rank


def leaks(rows: list[list[int]]) -> bool:
    """Whether those who stayed cancel in some sum and those who left don't."""
    return _rank(rows) > _rank([one[: DAYS * CHANNELS] for one in rows])


def _grid(start: int, end: int, channels: frozenset[int]) -> list[int]:
    return [int(start <= day < end and channel in channels) for day in range(DAYS) for channel in range(CHANNELS)]


def _fact(start: int, end: int, channels: frozenset[int], needs: tuple[bytes, ...] = ()) -> Fact:
    where = {} if len(channels) == CHANNELS else {"channel": (channels, CHANNELS)}
    return Fact(quantity=b"touches", start=start, end=end, where=MappingProxyType(where), needs=needs)


def _group(context: bytes, after: bool, *facts: Fact, size: int = STAYED + LEFT, left: int = LEFT) -> Group:
    """One cell of everybody; after the batch the last `left` don't count."""
    population = np.ones(size, dtype=bool)
    population[size - left :] = not after
    around = np.ones(size, dtype=np.int32)
    codes = np.where(population, around, 0).astype(np.int32)
    about = About(state=b"after" if after else b"before", load=b"load", population=population, around=around, facts=facts)
    return Group(context=context, codes=codes, counts=np.array([int(codes.sum())]), about=about)


questions = st.lists(
    st.tuples(st.booleans(), st.integers(0, DAYS - 1), st.integers(1, DAYS), st.frozensets(st.integers(0, CHANNELS - 1), min_size=1)).filter(lambda one: one[1] < one[2]), min_size=2, max_size=12
)


@settings(max_examples=300)
@given(questions)
@example([(False, 0, 4, frozenset({0})), (False, 0, 4, frozenset({1})), (False, 0, 4, frozenset({2})), (True, 0, 4, frozenset({0, 1, 2}))])
@example([(False, 0, 4, frozenset({0})), (True, 0, 1, frozenset({0})), (True, 1, 4, frozenset({0}))])
def test_nothing_that_was_told_before_and_after_adds_up_to_those_who_left(asked):
    memory = Memory.passing()
    told: list[list[int]] = []
    for after, start, end, channels in asked:
        reach = _grid(start, end, channels)
        row = reach + ([0] * len(reach) if after else reach)
        refused = memory.judge(US, [_group(str((start, end, sorted(channels))).encode(), after, _fact(start, end, channels))], K, TODAY)[0]
        if not refused:
            told.append(row)
        assert not leaks(told), asked
        # Nothing is refused that would tell nothing.
        assert leaks([*told, row]) == bool(refused), asked


def test_a_batch_of_enough_is_told():
    memory = Memory.passing()
    for channel in range(CHANNELS):
        assert memory.judge(US, [_group(bytes([channel]), False, _fact(0, DAYS, frozenset({channel})), size=20, left=2 * K)], K, TODAY) == [set()]
    assert memory.judge(US, [_group(b"all", True, _fact(0, DAYS, frozenset(range(CHANNELS))), size=20, left=2 * K)], K, TODAY) == [set()]


def test_a_rate_and_its_denominator_before_and_the_count_after_are_not_all_told():
    whole = frozenset(range(CHANNELS))
    for order in ((b"rate", b"doctors"), (b"doctors", b"rate")):
        memory = Memory.passing()
        facts = {b"rate": _fact(0, DAYS, whole, (b"doctors".ljust(16),)), b"doctors": _fact(0, DAYS, whole, (b"rate".ljust(16),))}
        for name in order:
            assert memory.judge(US, [_group(name.ljust(16), False, facts[name])], K, TODAY) == [set()]
        assert memory.judge(US, [_group(b"touches".ljust(16), True, _fact(0, DAYS, whole))], K, TODAY) == [{1}]
        assert memory.judge(THEM, [_group(b"touches".ljust(16), True, _fact(0, DAYS, whole))], K, TODAY) == [set()]
    memory = Memory.passing()
    assert memory.judge(US, [_group(b"rate".ljust(16), False, facts[b"rate"])], K, TODAY) == [set()]
    assert memory.judge(US, [_group(b"touches".ljust(16), True, _fact(0, DAYS, whole))], K, TODAY) == [set()]


def test_who_is_gone_with_a_load_is_seen_though_the_load_knows_nothing_of_them():
    memory = Memory.passing()
    for channel in range(CHANNELS):
        assert memory.judge(US, [_group(bytes([channel]), False, _fact(0, DAYS, frozenset({channel})))], K, TODAY) == [set()]
    whole = _fact(0, DAYS, frozenset(range(CHANNELS)))
    here = np.ones(STAYED, dtype=bool)
    about = About(state=b"next", load=b"next", population=here, around=here.astype(np.int32), facts=(whole,))
    asked = Group(context=b"all", codes=here.astype(np.int32), counts=np.array([STAYED]), about=about)
    assert memory.judge(US, [asked], K, TODAY) == [{1}]
    assert memory.judge(THEM, [asked], K, TODAY) == [set()]


def test_another_process_and_another_day_know_it_as_well(tmp_path):
    whole = frozenset(range(CHANNELS))
    for channel in range(CHANNELS):
        first = Memory(tmp_path / "disclosure.db", b"key")
        assert first.judge(US, [_group(bytes([channel]), False, _fact(0, DAYS, frozenset({channel})))], K, TODAY) == [set()]
        first.close()
    second = Memory(tmp_path / "disclosure.db", b"key")
    asked = _group(b"all", True, _fact(0, DAYS, whole))
    assert second.judge(US, [asked], K, TODAY + dt.timedelta(days=1)) == [{1}]
    second.forget_before(TODAY + dt.timedelta(days=1))
    assert second.judge(US, [asked], K, TODAY + dt.timedelta(days=2)) == [set()]
    assert second.judge(US, [asked], K, TODAY + dt.timedelta(days=2)) == [set()]
    second.close()


@pytest.mark.parametrize(("parts", "held"), [([(0, 2), (2, 4)], True), ([(0, 4), (2, 4)], False), ([(0, 3), (1, 4), (1, 3)], True), ([(0, 3)], False)])
def test_periods_add_up_as_days_do(parts, held):
    whole = frozenset(range(CHANNELS))
    reaches = Reaches([_fact(start, end, whole) for start, end in parts])
    assert reaches.hold(_fact(0, 4, whole)) == (held or (0, 4) in parts)
