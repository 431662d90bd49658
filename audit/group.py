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
from dataclasses import dataclass, field
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

PENDING_LIMIT = 10_000
"""Most hand-overs waiting in a process before further ones are turned away."""


@dataclass(slots=True)
class _Append:
    """Events handed over, and where the answer goes. They go into one batch, in order, or nowhere."""

    drafts: Sequence[Draft]
    done: threading.Lock = field(default_factory=threading.Lock)
    given_up: bool = False
    receipts: list[Receipt] = field(default_factory=list)
    error: AuditUnavailable | None = None


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
        if self._closed:
            raise AuditUnavailable("closed", "the ledger was closed; open it again")
        if self._waiting.qsize() >= PENDING_LIMIT:
            raise AuditUnavailable("overloaded", "too many events wait for the disk; ask again in a moment")
        append = _Append(drafts)
        append.done.acquire()
        self._waiting.put(append)
        if not append.done.acquire(timeout=self._patience):
            append.given_up = True
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
        self._expected = 1
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
            first = self._waiting.get()
            batch, ended = ([], True) if first is None else self._gather(first)
            self._expected = len(batch)
            wanted = [append for append in batch if not append.given_up]
            if wanted:
                with self._writing:
                    self._settle(wanted)
                if self._writer.due() is not None:
                    self._want_upkeep()
        with self._tending, self._writing:
            self._writer.close()

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
        batches. A lone caller is never kept waiting.
        """
        until, before = time.monotonic() + LINGER_S, -1
        while before < (here := self._waiting.qsize() + 1) < self._expected and time.monotonic() < until:
            time.sleep(PAUSE_S)
            before = here
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
            receipts = iter(self._writer.write([draft for append in batch for draft in append.drafts], deadline))
            for append in batch:
                append.receipts = [next(receipts) for _ in append.drafts]
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may be left waiting or told that it is written
            for append in batch:
                append.error = _as_unavailable(error)
        for append in batch:
            append.done.release()

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
