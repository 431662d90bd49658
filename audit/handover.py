"""What a caller hands over to the writer's thread, and what comes back; how a thread is seen off."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from audit.errors import AuditUnavailable
from audit.events import Event, Receipt

ENDED_S = 1.0
"""Longest wait for a thread's last moments."""

LOOK_S = 0.001


class Handover:
    """Events handed over, and where the answer goes. They go into one batch, in order, or nowhere."""

    __slots__ = ("done", "error", "events", "given_up", "receipts", "wants_index")

    def __init__(self, events: Sequence[Event], *, wants_index: bool = False) -> None:
        self.events = events
        self.wants_index = wants_index
        self.done = threading.Lock()
        self.done.acquire()
        self.given_up = False
        self.receipts: list[Receipt] = []
        self.error: Exception | None = None

    def wait(self, patience_s: float) -> bool:
        """Whether it was settled within the patience."""
        woken = False
        try:
            woken = self.done.acquire(timeout=patience_s)
        finally:
            self.given_up = not woken  # nobody counts on it to wake the next
        return woken or self.done.acquire(blocking=False)


def see_off(thread: threading.Thread) -> None:
    """Wait until the system, too, has ended a thread that Python has joined.

    It still tidies up then, among other things in OpenSSL and under its lock: a fork in that moment would leave the child a lock that nobody opens.
    """
    task, until = f"/proc/self/task/{thread.native_id}", time.monotonic() + ENDED_S
    while not thread.is_alive() and os.path.exists(task) and time.monotonic() < until:  # noqa: PTH110 - pathlib's is slower
        time.sleep(LOOK_S)


def as_unavailable(error: Exception) -> AuditUnavailable:
    """A new error for each waiting thread, since raising one object in several would mix their tracebacks."""
    if isinstance(error, AuditUnavailable):
        copy = AuditUnavailable(error.reason, str(error))
    else:
        kind = type(error).__name__
        copy = AuditUnavailable("internal", f"the ledger met an unexpected error ({kind}); run `wenshu check`")
    copy.__cause__ = error
    return copy
