"""Whoever hands over is answered: whether others come again or not, and whatever the others hand over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audit import AuditUnavailable, Event
from audit.errors import InvalidEvent, NotCanonical
from audit.events import Draft, Receipt
from audit.group import GroupCommit
from audit.handover import Handover


class FakeWriter:
    """Numbers what it is given, after `pause_s` a batch."""

    behind, stuck = 0, False

    def __init__(self, pause_s: float = 0.0) -> None:
        self.pause_s = pause_s
        self.batches: list[int] = []
        self.failing = False

    def write(self, drafts: Sequence[Draft], deadline: float) -> list[Receipt]:
        time.sleep(self.pause_s)
        if self.failing:
            raise AuditUnavailable("disk_full", "no room")
        self.batches.append(len(drafts))
        return [Receipt(event=draft.rest[1], index=number, checkpoint="") for number, draft in enumerate(drafts)]

    def due(self) -> None:
        return None

    def late(self) -> bool:
        return False

    def close(self) -> None:
        pass


def event(name: str, **detail: object) -> Event:
    return Event(type="question", actor=name, detail=detail)


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter(0.01)


@pytest.fixture
def group(writer: FakeWriter) -> Iterator[GroupCommit]:
    made = GroupCommit(lambda: writer, 5.0)
    yield made
    made.close()


@pytest.mark.parametrize("again", [1, 5])
def test_all_callers_of_a_batch_are_answered_whether_they_come_again_or_not(group, writer, again):
    def call(name: str) -> list[str]:
        return [group.submit([event(f"{name}-{number}")])[0].event for number in range(again)]

    with ThreadPoolExecutor(24) as pool:
        told = list(pool.map(call, map(str, range(24))))
    assert told == [[f"{name}-{number}" for number in range(again)] for name in range(24)]
    assert sum(writer.batches) == 24 * again
    assert len(writer.batches) < 24 * again, "they went together"


def test_a_malformed_event_is_told_to_its_caller_and_spares_the_others(group):
    broken = {"floating": event("x", value=1.5), "nobody": event(""), "no event": object()}

    def call(what: Event) -> object:
        try:
            return group.submit([event("before"), what])[1].event
        except (InvalidEvent, NotCanonical, AttributeError) as error:
            return type(error)

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(call, [*broken.values(), *(event(str(number)) for number in range(9))]))
    assert told == [NotCanonical, InvalidEvent, AttributeError, *map(str, range(9))]


def test_a_failure_is_told_to_everybody_as_an_error_of_his_own_and_passes(group, writer):
    writer.failing = True
    with ThreadPoolExecutor(6) as pool:
        errors = [pool.submit(group.submit, [event("x")]).exception() for _ in range(6)]
    assert {type(error) for error in errors} == {AuditUnavailable}
    assert len({id(error) for error in errors}) == 6
    writer.failing = False
    assert group.submit([event("y")])[0].event == "y"


@pytest.mark.parametrize("gone", [(), (0,), (2,), (0, 1), (1, 2), (0, 1, 2, 3, 4)])
def test_who_gave_up_is_passed_over(group, gone):
    callers = [Handover([]) for _ in range(5)]
    for number in gone:
        assert not callers[number].wait(0.001)  # before the batch was settled
    group._settled.extend(callers)
    for number in range(5):
        if number not in gone:
            group._wake_one()
            assert callers[number].wait(5.0)
    group._wake_all()
    assert not group._settled


def test_a_caller_who_gives_up_in_the_moment_he_is_woken_goes_on(group):
    append = Handover([])

    class Late:
        """A lock whose timed wait ends just before it is released."""

        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            if timeout >= 0:
                group._settled.append(append)
                group._wake_one()
                return False
            return lock.acquire(blocking)

        def release(self) -> None:
            lock.release()

    lock = threading.Lock()
    lock.acquire()
    append.done = Late()
    assert append.wait(1.0)


def test_an_interrupted_caller_keeps_nobody_waiting(group):
    callers = [Handover([]), Handover([])]

    class Interrupted:
        def acquire(self, *, timeout: float) -> bool:
            raise KeyboardInterrupt

        def release(self) -> None:
            """Nobody waits any more."""

    callers[0].done = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        callers[0].wait(1.0)
    group._settled.extend(callers)
    group._wake_one()
    assert callers[1].wait(1.0)


def test_a_closed_group_leaves_no_thread_behind_that_a_fork_could_catch_in_its_last_moments(writer):
    group = GroupCommit(lambda: writer, 5.0)
    group.submit([event("x")])
    task = Path(f"/proc/self/task/{group._thread.native_id}")
    group.close()
    assert not task.exists()


def test_a_lone_caller_waits_for_nobody_and_closing_answers_whoever_waits(writer):
    group = GroupCommit(lambda: writer, 5.0)
    with ThreadPoolExecutor(4) as pool:
        told = [pool.submit(group.submit, [event(str(number))]) for number in range(4)]
        while not writer.batches:
            time.sleep(0.001)
        assert group.submit([event("alone")])[0].event == "alone"
        group.close()
        for number, one in enumerate(told):
            error = one.exception()  # who came after the end is told so
            assert "closed" in str(error) if error else one.result()[0].event == str(number)
    with pytest.raises(AuditUnavailable, match="closed"):
        group.submit([event("late")])
