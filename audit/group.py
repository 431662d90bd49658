"""Group commit: many threads hand over, one thread writes.

Whatever arrives while a batch is on its way to the disk becomes the next batch: one lock, one signature and one flush for
all of it. No caller waits longer than its patience.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar

from audit.errors import AuditUnavailable
from audit.events import Draft, Receipt
from audit.writer import Writer

BATCH_LIMIT = 512
"""Events after which a batch takes no further ones, so that one batch can't hold the lock for long."""

LINGER_S = 0.006
"""Longest wait for the callers of the last batch to come again."""

PAUSE_S = 0.0003
"""A look at who has come; when nobody came between two looks, nobody more is waited for."""

FORK_S = 5.0
"""Longest wait for upkeep to end before a fork."""

IDLE_S = 0.02
"""When nobody came for so long, the search index is brought up to date."""

PENDING_LIMIT = 10_000
"""Most hand-overs waiting in a process before further ones are turned away."""


CHAINS = 2
"""So many callers of a batch are woken by the writer; each wakes the next of its chain.

Woken all at once they would only queue up for the interpreter, each at the price of a second switch.
"""


class _Append:
    """Events handed over, and where the answer goes. They go into one batch, in order, or nowhere."""

    __slots__ = ("done", "drafts", "error", "given_up", "next", "receipts", "settled", "wants_index")

    def __init__(self, drafts: Sequence[Draft], *, wants_index: bool = False) -> None:
        self.drafts = drafts
        self.wants_index = wants_index
        self.done = threading.Lock()
        self.done.acquire()
        self.given_up = False
        self.settled = False
        self.receipts: list[Receipt] = []
        self.error: AuditUnavailable | None = None
        self.next: _Append | None = None

    def wake(self) -> None:
        """Wake its caller, once settled; in place of one who no longer waits, those behind him.

        A caller who gives up says so and then looks once more (`wait`), and here he is woken before it is asked whether he has given up:
        so one of the two always goes on.
        """
        here: _Append | None = self
        while here is not None:
            try:  # noqa: SIM105 - `suppress` takes longer than all the rest of it
                here.done.release()
            except RuntimeError:  # both went on
                pass
            here = here.next if here.given_up else None

    def wait(self, patience_s: float) -> bool:
        """Whether it was settled within the patience; wakes the next of the chain."""
        try:
            woken = self.done.acquire(timeout=patience_s)
        except BaseException:  # interrupted
            self.given_up = True
            self._pass_on()
            raise
        if not woken:
            self.given_up = True
            woken = self.done.acquire(blocking=False)
        if woken:
            self._pass_on()
        return woken

    def _pass_on(self) -> None:
        if self.settled and self.next is not None:
            self.next.wake()


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

    def submit(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Have the drafts written; returns once they are durable, else raises `AuditUnavailable` within the patience."""
        return self._answered(_Append(drafts))

    def catch_up(self) -> None:
        """Return once the search index covers all that was acknowledged before, else raise `AuditUnavailable` within the patience."""
        if self._writer.behind:
            self._answered(_Append((), wants_index=True))

    def _answered(self, append: _Append) -> list[Receipt]:
        if self._closed:
            raise AuditUnavailable("closed", "the ledger was closed; open it again")
        if self._waiting.qsize() >= PENDING_LIMIT:
            raise AuditUnavailable("overloaded", "too many events wait for the disk; ask again in a moment")
        self._waiting.put(append)
        if self._waiting.qsize() >= self._goal:
            self._enough.set()
        if not append.wait(self._patience):
            raise AuditUnavailable("slow", "the disk took too long to record the event; ask again in a moment")
        if append.error is not None:
            raise append.error
        return append.receipts

    def close(self) -> None:
        """Write what is waiting, end the thread, release the store."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            self._wanted.set()
            self._thread.join(2 * self._patience)

    def _renew(self) -> None:
        """A queue, a thread and a writer of this process's own."""
        self._waiting: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._writer = self._make_writer()
        self._writing = threading.Lock()
        self._expected, self._goal = 1, PENDING_LIMIT
        self._enough = threading.Event()
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
            first = self._next()
            batch, ended = ([], True) if first is None else self._gather(first)
            self._expected = len(batch)
            wanted = [append for append in batch if not append.given_up]
            if wanted:
                with self._writing:
                    self._settle(wanted)
                    if self._writer.late():
                        self._index()
                if self._writer.due() is not None:
                    self._want_upkeep()
        with self._tending, self._writing:
            until = time.monotonic() + self._patience
            while self._writer.behind and not self._writer.stuck and time.monotonic() < until:
                self._index()
            self._writer.close()

    def _next(self) -> _Append | None:
        """What comes next; while nothing comes, the search index is brought up to date."""
        pause = IDLE_S
        while self._writer.behind and not self._writer.stuck:
            try:
                return self._waiting.get(timeout=pause)
            except queue.Empty:
                with self._writing:
                    self._index()
                pause = 0.0
        return self._waiting.get()

    def _index(self) -> None:
        with suppress(Exception):  # nobody waits for it, and it is tried again after the next batch
            self._writer.catch_up(time.monotonic() + self._patience / 2)

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

    def _gather(self, first: _Append) -> tuple[list[_Append], bool]:
        """`first` and what else waits, up to the batch limit; and whether the end was among it.

        Those whom the last batch answered are likely to come again at once: a moment's wait for them makes fewer, larger
        batches (and leaves the writer the interpreter: two halves that take turns were measured slower). A lone caller is never
        kept waiting.
        """
        before, here = -1, self._waiting.qsize()
        if here < self._expected - 1:
            until = time.monotonic() + LINGER_S
            self._enough.clear()
            self._goal = self._expected - 1
            while before < (here := self._waiting.qsize()) < self._goal and time.monotonic() < until:
                before = here
                if self._enough.wait(PAUSE_S):
                    break
            self._goal = PENDING_LIMIT
        batch, count = [first], len(first.drafts)
        while count < BATCH_LIMIT:
            try:
                append = self._waiting.get_nowait()
            except queue.Empty:
                break
            if append is None:
                return batch, True
            batch.append(append)
            count += len(append.drafts)
        return batch, False

    def _settle(self, batch: list[_Append]) -> None:
        # Half of the patience for the lock, so that callers hear of a held lock rather than of slowness.
        deadline = time.monotonic() + self._patience / 2
        try:
            receipts = self._writer.write([draft for append in batch for draft in append.drafts], deadline)
            start = 0
            for append in batch:
                end = start + len(append.drafts)
                append.receipts = receipts[start:end]
                start = end
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may be left waiting or told that it is written
            for append in batch:
                append.error = _as_unavailable(error)
        for append in batch:
            if append.wants_index and append.error is None:
                append.error = self._indexed(deadline)
        for append, follower in zip(batch, batch[CHAINS:], strict=False):
            append.next, append.settled = follower, True
        for append in batch[-CHAINS:]:
            append.settled = True
        for append in batch[:CHAINS]:
            append.wake()

    def _indexed(self, deadline: float) -> AuditUnavailable | None:
        """Bring the search index wholly up to date; what went wrong, if anything did."""
        try:
            while self._writer.behind:
                self._writer.catch_up(deadline)
        except Exception as error:  # noqa: BLE001 - as above
            return _as_unavailable(error)
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


def _as_unavailable(error: Exception) -> AuditUnavailable:
    """A new error for each waiting thread, since raising one object in several would mix their tracebacks."""
    if isinstance(error, AuditUnavailable):
        copy = AuditUnavailable(error.reason, str(error))
    else:
        kind = type(error).__name__
        copy = AuditUnavailable("internal", f"the ledger met an unexpected error ({kind}); run `wenshu check`")
    copy.__cause__ = error
    return copy
