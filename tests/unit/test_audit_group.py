"""Callers of one batch wake each other; one who gave up or was interrupted keeps nobody waiting."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from audit.group import _Append


def chain(length: int) -> list[_Append]:
    """Callers of one batch, settled, none woken yet."""
    made = [_Append([]) for _ in range(length)]
    for one, follower in pairwise(made):
        one.next = follower
    for one in made:
        one.settled = True
    return made


@pytest.mark.parametrize("gone", [(), (0,), (2,), (1, 2), (0, 4), (0, 1, 2, 3, 4)])
def test_each_caller_wakes_the_next_and_whoever_gave_up_is_passed_over(gone):
    callers = chain(5)
    for number in gone:
        callers[number].settled = False
        assert not callers[number].wait(0.001)  # before the batch was settled
        callers[number].settled = True
    callers[0].wake()
    assert [callers[number].wait(5.0) for number in range(5) if number not in gone] == [True] * (5 - len(gone))


def test_a_caller_who_gives_up_in_the_moment_he_is_woken_goes_on(monkeypatch):
    callers = chain(2)

    class Late:
        """A lock whose timed wait ends just before it is released."""

        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            if timeout >= 0:
                callers[0].wake()
                return False
            return lock.acquire(blocking)

        def release(self) -> None:
            lock.release()

    lock = threading.Lock()
    lock.acquire()
    callers[0].done = Late()
    assert callers[0].wait(1.0)
    assert callers[1].wait(1.0)


def test_an_interrupted_caller_wakes_the_next():
    callers = chain(2)

    class Interrupted:
        def acquire(self, *, timeout: float) -> bool:
            raise KeyboardInterrupt

        def release(self) -> None:
            """Nobody waits any more."""

    callers[0].done = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        callers[0].wait(1.0)
    assert callers[1].wait(1.0)
