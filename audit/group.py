"""Group commit: many threads hand over, one thread writes.

Whatever arrives while a batch is on its way to the disk becomes the next batch: one lock, one signature and one flush for
all of it. No caller waits longer than its patience.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar

from audit.errors import AuditUnavailable
from audit.events import Draft, Event, Receipt
from audit.handover import Handover, as_unavailable, see_off
from audit.writer import Writer

BATCH_LIMIT = 512
"""Events after which a batch takes no further ones, so that one batch can't hold the lock for long."""

LINGER_S = 0.006
"""Longest wait for the callers of the last batch to come again."""

FIRST_PAUSE_S, PAUSE_S = 0.0003, 0.001
"""A look at who has come; when nobody came between two looks, nobody more is waited for."""

FORK_S = 5.0
"""Longest wait for upkeep to end before a fork."""

IDLE_S = 0.02
"""When nobody came for so long, the search index is brought up to date."""

PENDING_LIMIT = 10_000
"""Most hand-overs waiting in a process before further ones are turned away."""

NEVER = 1 << 60

AT_ONCE = 1
"""So many callers of a batch are woken by the writer; whoever comes again wakes the next.

Woken all at once they would queue up for the interpreter: each sleeps and is woken a second time, from another core, which takes longer than all else that is done for
an event. Those for whom nobody came again are woken at the writer's next look.
"""


class GroupCommit:
    """A writer thread with its queue, in this process."""

    _alive: ClassVar[weakref.WeakSet[GroupCommit]] = weakref.WeakSet()
    _held: ClassVar[list[threading.Lock]] = []
    _inherited: ClassVar[list[Writer]] = []
    _forks_watched: ClassVar[bool] = False

    def __init__(self, make_writer: Callable[[], Writer], patience_s: float) -> None:
        """Start the thread; `make_writer` is called again in a forked child."""
        self._make_writer = make_writer
        self._patience = patience_s
        self._closed = False
        self._renew()
        self._alive.add(self)
        if not GroupCommit._forks_watched:
            GroupCommit._forks_watched = True
            os.register_at_fork(
                before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_child
            )

    def submit(self, events: Sequence[Event]) -> list[Receipt]:
        """Have the events written; returns once they are durable, else raises `AuditUnavailable` within the patience.

        Raises `InvalidEvent` or `NotCanonical` if one is malformed. They are checked and encoded by the writer's thread: the callers' threads
        have the interpreter in turn, each from another core with cold caches, in which the same work took twice as long.
        """
        return self._answered(Handover(events))

    def catch_up(self) -> None:
        """Return once the search index covers all that was acknowledged before, else raise `AuditUnavailable` within the patience."""
        if self._writer.behind:
            self._answered(Handover((), wants_index=True))

    def _answered(self, append: Handover) -> list[Receipt]:
        if self._closed:
            raise AuditUnavailable("closed", "the ledger was closed; open it again")
        if len(self._waiting) >= PENDING_LIMIT:
            raise AuditUnavailable("overloaded", "too many events wait for the disk; ask again in a moment")
        self._waiting.append(append)
        if len(self._waiting) >= self._goal:
            self._ring()
        if self._settled:
            self._wake_one()
        if not append.wait(self._patience):
            raise AuditUnavailable("slow", "the disk took too long to record the event; ask again in a moment")
        if append.error is not None:
            raise append.error
        return append.receipts

    def _ring(self) -> None:
        """Wake the writer."""
        self._goal = NEVER
        with suppress(RuntimeError):  # it was rung already
            self._bell.release()

    def _wake_one(self) -> None:
        """Wake one of those who were answered and still wait."""
        while True:
            try:
                append = self._settled.popleft()
            except IndexError:
                return
            append.done.release()
            if not append.given_up:
                return

    def close(self) -> None:
        """Write what is waiting, end the thread, release the store."""
        if not self._closed:
            self._closed = True
            self._waiting.append(None)
            self._ring()
            self._wanted.set()
            self._thread.join(2 * self._patience)
            see_off(self._thread)

    def _renew(self) -> None:
        """A queue, a thread and a writer of this process's own."""
        self._waiting: deque[Handover | None] = deque()
        self._settled: deque[Handover] = deque()
        self._bell = threading.Lock()
        self._bell.acquire()
        self._writer = self._make_writer()
        self._writing = threading.Lock()
        self._expected, self._goal = 1, 1
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        self._tending = threading.Lock()
        self._wanted = threading.Event()
        self._upkeep: threading.Thread | None = None
        if not self._closed:
            self._thread.start()

    def _work(self) -> None:
        """The writer thread: take all that waits, write it as one batch, answer everyone."""
        ended = False
        while not ended:
            self._gather()
            batch, ended = self._take()
            self._expected = len(batch)
            wanted = [append for append in batch if not append.given_up]
            if wanted:
                with self._writing:
                    self._settle(wanted)
                    if self._writer.late():
                        self._wake_all()
                        # Twice what has come, or large batches would outrun the index.
                        self._index(2 * sum(len(append.events) for append in wanted))
                if self._writer.due() is not None:
                    self._want_upkeep()
        self._wake_all()
        with self._tending, self._writing:
            until = time.monotonic() + self._patience
            while self._writer.behind and not self._writer.stuck and time.monotonic() < until:
                self._index()
            self._writer.close()

    def _gather(self) -> None:
        """Wait until there is something to write.

        Those whom the last batch answered are likely to come again at once: a moment's wait for them makes fewer, larger
        batches (and leaves the writer the interpreter: two halves that take turns were measured slower). A lone caller is never
        kept waiting.
        """
        before, until, pause = -1, time.monotonic() + LINGER_S, FIRST_PAUSE_S
        while (here := len(self._waiting)) < self._expected:
            if here == before:  # nobody came between two looks
                if self._settled:
                    self._wake_all()
                else:
                    break
            elif here and time.monotonic() > until:
                break
            before = here
            self._sleep(self._expected, pause)
            pause = PAUSE_S
        self._wake_all()
        pause = IDLE_S
        while not self._waiting:
            if not self._writer.behind or self._writer.stuck:
                self._sleep(1, -1)
            elif not self._sleep(1, pause):
                with self._writing:
                    self._index()
                pause = 0.0

    def _sleep(self, goal: int, timeout_s: float) -> bool:
        """Until so many wait, or for so long; whether somebody rang."""
        self._goal = goal
        if len(self._waiting) >= goal:
            return True
        return self._bell.acquire(timeout=timeout_s) if timeout_s else self._bell.acquire(blocking=False)

    def _wake_all(self) -> None:
        while self._settled:
            self._wake_one()

    def _take(self) -> tuple[list[Handover], bool]:
        """What waits, up to the batch limit; and whether the end was among it."""
        batch: list[Handover] = []
        count = 0
        self._goal = NEVER
        while self._waiting and count < BATCH_LIMIT:
            append = self._waiting.popleft()
            if append is None:
                return batch, True
            batch.append(append)
            count += len(append.events)
        return batch, False

    def _index(self, least: int = 0) -> None:
        with suppress(Exception):  # nobody waits for it, and it is tried again after the next batch
            self._writer.catch_up(time.monotonic() + self._patience / 2, least)

    def _want_upkeep(self) -> None:
        if self._upkeep is None:
            self._upkeep = threading.Thread(target=self._tend, args=(self._wanted,), name="ledger-upkeep", daemon=True)
            self._upkeep.start()
        self._wanted.set()

    def _tend(self, wanted: threading.Event) -> None:
        """The upkeep thread: whatever the writer wants done beside the writing, when it is due."""
        while not self._closed:
            wanted.wait()
            wanted.clear()
            while not self._closed and (wait := self._writer.due()) is not None:
                if wait:
                    time.sleep(wait)
                with self._tending:
                    self._writer.tend()

    def _settle(self, batch: list[Handover]) -> None:
        # Half of the patience for the lock, so that callers hear of a held lock rather than of slowness.
        deadline = time.monotonic() + self._patience / 2
        try:
            drafts: list[Draft] = []
            sound: list[tuple[Handover, int]] = []
            for append in batch:
                try:
                    drafts.extend(map(Draft, append.events))
                except Exception as error:  # noqa: BLE001 - it is its caller's alone, not that of all who wait
                    append.error = error
                    del drafts[sound[-1][1] if sound else 0 :]
                else:
                    sound.append((append, len(drafts)))
            receipts = self._writer.write(drafts, deadline)
            start = 0
            for append, end in sound:
                append.receipts = receipts[start:end]
                start = end
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may be left waiting or told that it is written
            for append in batch:
                append.error = append.error or as_unavailable(error)
        for append in batch:
            if append.wants_index and append.error is None:
                append.error = self._indexed(deadline)
        self._settled.extend(batch)
        for _ in range(AT_ONCE):
            self._wake_one()

    def _indexed(self, deadline: float) -> AuditUnavailable | None:
        """Bring the search index wholly up to date; what went wrong, if anything did."""
        try:
            while self._writer.behind:
                self._writer.catch_up(deadline)
        except Exception as error:  # noqa: BLE001 - as above
            return as_unavailable(error)
        return None

    # SQLite connections and held locks must not cross a fork: the connection is closed before it, while no batch is under
    # way, and opened again on use. The child gets a thread of its own. If the disk does not come back in time, the child
    # keeps the parent's connection aside, unused and unclosed, since closing it there would disturb the parent's.

    @classmethod
    def _before_fork(cls) -> None:
        for group in list(cls._alive):
            if group._tending.acquire(timeout=FORK_S):  # noqa: SLF001 - our own class
                cls._held.append(group._tending)  # noqa: SLF001
            if group._writing.acquire(timeout=group._patience):  # noqa: SLF001
                group._writer.close()  # noqa: SLF001
                cls._held.append(group._writing)  # noqa: SLF001

    @classmethod
    def _after_fork(cls) -> None:
        while cls._held:
            cls._held.pop().release()

    @classmethod
    def _in_child(cls) -> None:
        cls._held.clear()
        for group in list(cls._alive):
            cls._inherited.append(group._writer)  # noqa: SLF001
            group._renew()  # noqa: SLF001
