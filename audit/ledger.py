"""The ledger: an append-only, Merkle-hashed, signed record that is durable before it is acknowledged.

Each process has one writer thread. Whatever was appended while it wrote the last batch becomes the next batch (group commit): one
lock, one signature, one flush to the disk. Several processes may share the file; the head is read anew under the lock, so
numbers are contiguous and the tree can't fork.
"""

from __future__ import annotations

import os
import queue
import secrets
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.errors import AuditUnavailable
from audit.events import Clock, Draft, Entropy, Event, Receipt, new_id
from audit.notes import Signer
from audit.outside import OutsideCheckpoint
from audit.store import SqliteStore
from audit.writer import Settings, Writer

BATCH_LIMIT = 512
"""Most events in one batch, so that one batch can't hold the lock for long."""

PENDING_LIMIT = 10_000
"""Most appends waiting in a process before further ones are turned away."""


@dataclass(slots=True)
class _Append:
    """Events handed to the writer thread, and where it answers. They go into one batch, in order, or nowhere."""

    drafts: list[Draft]
    done: threading.Lock = field(default_factory=threading.Lock)
    given_up: bool = False
    receipts: list[Receipt] | None = None
    error: AuditUnavailable | None = None


class Ledger:
    """The only door through which events are written. Safe for threads and, opened before or after, for forks."""

    _open: ClassVar[weakref.WeakSet[Ledger]] = weakref.WeakSet()
    """Ledgers of this process, which must not carry a connection or a lock through a fork."""

    _forks_watched: ClassVar[bool] = False

    def __init__(self, settings: Settings, patience_s: float) -> None:
        """Use `Ledger.open`."""
        self._settings = settings
        self._patience = patience_s
        self._renew()
        Ledger._watch_forks()
        Ledger._open.add(self)

    @classmethod
    def open(  # noqa: PLR0913 - keyword-only settings of the one entry point
        cls,
        path: Path,
        *,
        key: Signer,
        origin: str,
        clock: Clock,
        timezone: str = "Asia/Shanghai",
        checkpoint: Path | None = None,
        create: bool = False,
        patience_s: float = 5.0,
        entropy: Entropy = secrets.token_bytes,
        store: type[SqliteStore] = SqliteStore,
    ) -> Self:
        """Open the ledger at `path` (with `create`, make it if there is none) and check its head.

        `origin` names the ledger in checkpoints and is the key's name. `clock` gives aware datetimes; `timezone` says where a local
        day ends. `checkpoint` is the file that keeps the newest checkpoint outside the database (default: `<path>.checkpoint`
        beside it; better: on another disk). No call waits longer than about `patience_s` seconds.

        Raises `AuditUnavailable`: beside infrastructure, reason `behind` if the database lost entries that the outside
        checkpoint knows, `forked` if it holds others, `no_checkpoint` or `bad_checkpoint` if that file is gone or not
        ours, `wrong_ledger` if origin, key or time zone are not those it was made with. Nothing is written then.
        """
        if key.verifier.name != origin:
            message = "the ledger's key is named differently from its origin; use one name for both"
            raise AuditUnavailable("wrong_ledger", message)
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = "the ledger's time zone is unknown; use a name such as Asia/Shanghai"
            raise AuditUnavailable("wrong_ledger", message) from error
        outside = OutsideCheckpoint(checkpoint or path.with_name(path.name + ".checkpoint"), key.verifier)
        settings = Settings(
            path=path,
            signer=key,
            zone=zone,
            outside=outside,
            create=create,
            now=lambda: _aware(clock()),
            entropy=entropy,
            store=store,
        )
        ledger = cls(settings, patience_s)
        try:
            ledger.check()
        except AuditUnavailable:
            ledger.close()
            raise
        return ledger

    def append(self, event: Event) -> Receipt:
        """Record one event; on return it is on the disk. Raises as `append_many` does."""
        return self.append_many([event])[0]

    def append_many(self, events: Sequence[Event]) -> list[Receipt]:
        """Record events one after the other, all or none; on return they are on the disk.

        Raises `InvalidEvent` or `NotCanonical` for a malformed event (nothing is written) and `AuditUnavailable` within the ledger's
        patience if they could not be made durable. An event that was not acknowledged may still be found in the ledger.
        """
        if not events:
            return []
        drafts = [Draft(event, self.new_request()) for event in events]
        return self._hand_over(drafts)

    def check(self) -> None:
        """Raise `AuditUnavailable` unless the ledger could be written now; writes nothing (but for making a new ledger)."""
        self._hand_over([])

    def new_request(self) -> str:
        """A fresh id that joins an intent and its outcome."""
        return new_id(self._settings.now(), self._settings.entropy)

    @property
    def vkey(self) -> str:
        """The verifier key, in text."""
        return str(self._settings.signer.verifier)

    def close(self) -> None:
        """Write what is waiting, then end the writer thread; later appends raise reason `closed`."""
        if self._closed:
            return
        self._closed = True
        self._waiting.put(None)
        self._thread.join(2 * self._patience)

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()

    def _renew(self) -> None:
        """A thread, a queue and a writer of this process's own."""
        self._closed = False
        self._waiting: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._writer = Writer(self._settings)
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="ledger-writer", daemon=True)
        self._thread.start()

    @staticmethod
    def _watch_forks() -> None:
        """SQLite connections must not cross a fork: they are closed before, under the lock, and opened again on use."""
        if not Ledger._forks_watched:
            Ledger._forks_watched = True
            os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)

    def _hand_over(self, drafts: list[Draft]) -> list[Receipt]:
        if self._closed:
            message = "the ledger was closed"
            raise AuditUnavailable("closed", message)
        if self._waiting.qsize() >= PENDING_LIMIT:
            message = "too many events are waiting for the disk; ask again in a moment"
            raise AuditUnavailable("overloaded", message)
        append = _Append(drafts)
        append.done.acquire()
        self._waiting.put(append)
        if not append.done.acquire(timeout=self._patience):
            append.given_up = True
            message = "the disk took too long to record the event; ask again in a moment"
            raise AuditUnavailable("slow", message)
        if append.error is not None:
            raise append.error
        return append.receipts or []

    def _write(self) -> None:
        """The writer thread: take all that waits, write it as one batch, answer everyone."""
        waiting = self._waiting
        ended = False
        while not ended:
            first = waiting.get()
            batch: list[_Append] = []
            ended = first is None
            if first is not None:
                batch, ended = _gather(first, waiting)
            batch = [append for append in batch if not append.given_up]
            if batch:
                with self._writing:
                    self._settle(batch)
        self._writer.close()

    def _settle(self, batch: list[_Append]) -> None:
        # Half of the patience for the lock, so that the callers hear of a held lock rather than of slowness.
        deadline = time.monotonic() + self._patience / 2
        try:
            drafts = [draft for append in batch for draft in append.drafts]
            receipts = iter(self._writer.write(drafts, deadline))
            for append in batch:
                append.receipts = [next(receipts) for _ in append.drafts]
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may be left waiting or be told that it is written
            for append in batch:
                append.receipts, append.error = None, _as_unavailable(error)
        for append in batch:
            append.done.release()


def _before_fork() -> None:
    for ledger in list(Ledger._open):
        ledger._writing.acquire()
        ledger._writer.close()


def _after_fork() -> None:
    for ledger in list(Ledger._open):
        if ledger._writing.locked():
            ledger._writing.release()


def _in_child() -> None:
    for ledger in list(Ledger._open):
        closed = ledger._closed
        ledger._renew()
        if closed:
            ledger.close()


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = "the ledger's clock must give aware datetimes"
        raise AuditUnavailable("internal", message)
    return moment.astimezone(UTC)


def _gather(first: _Append, waiting: queue.SimpleQueue[_Append | None]) -> tuple[list[_Append], bool]:
    """`first` and what else waits, up to the batch limit; and whether the end was among it."""
    batch, count = [first], len(first.drafts)
    while count < BATCH_LIMIT:
        try:
            append = waiting.get_nowait()
        except queue.Empty:
            break
        if append is None:
            return batch, True
        batch.append(append)
        count += len(append.drafts)
    return batch, False


def _as_unavailable(error: Exception) -> AuditUnavailable:
    """A new error for each waiting thread, since raising one object in several would mix their tracebacks."""
    if isinstance(error, AuditUnavailable):
        copy = AuditUnavailable(error.reason, str(error))
    else:
        kind = type(error).__name__
        copy = AuditUnavailable("internal", f"the ledger met an unexpected error ({kind}); run `wenshu check`")
    copy.__cause__ = error
    return copy
