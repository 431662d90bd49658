"""The ledger: an append-only, Merkle-hashed, signed record that is durable before it is acknowledged.

Each process has one writer thread (`audit.group`). Several processes may share the file: the head is read anew under the
store's lock, so numbers are contiguous and the tree can't fork.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.errors import AuditUnavailable
from audit.events import Clock, Entropy, Event, Receipt, new_id
from audit.group import GroupCommit
from audit.notes import Signer
from audit.outside import OutsideCheckpoint, beside
from audit.place import Place, Server
from audit.store import SqliteStore, Store
from audit.writer import Settings, Writer


class Ledger:
    """The only door through which events are written; safe for threads and across forks."""

    def __init__(self, settings: Settings, patience_s: float) -> None:
        """Use `Ledger.open`."""
        self._settings = settings
        self._group = GroupCommit(lambda: Writer(settings), patience_s)

    @classmethod
    def open(
        cls,
        path: Place,
        *,
        key: Signer,
        origin: str,
        clock: Clock,
        timezone: str = "Asia/Shanghai",
        checkpoint: Path | None = None,
        create: bool = False,
        patience_s: float = 5.0,
        entropy: Entropy = secrets.token_bytes,
        store: Callable[..., Store] | None = None,
    ) -> Self:
        """Open the ledger at `path`, a file or a server (with `create`, make it if there is none), and check its head.

        `origin` names the ledger in checkpoints and is the key's name. `clock` gives aware datetimes; `timezone` says where a
        local day ends. `checkpoint` is the file that keeps the newest checkpoint outside the database (default: beside its file;
        better: on another disk; for a server it must be named). No call waits much longer than `patience_s` seconds.

        Raises `AuditUnavailable`: beside infrastructure, reason `behind` if the database lost entries that the outside
        checkpoint knows, `forked` if it holds others, `no_checkpoint` or `bad_checkpoint` if that file is gone or not
        ours, `wrong_ledger` if origin, key or time zone are not those it was made with. Nothing is written then.
        """
        if key.verifier.name != origin:
            raise AuditUnavailable(
                "wrong_ledger", "the ledger's key has another name than its origin; use one for both"
            )
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise AuditUnavailable("wrong_ledger", "unknown time zone; use a name such as Asia/Shanghai") from error
        outside = checkpoint or beside(path)
        if outside is None:
            raise AuditUnavailable("no_checkpoint", "a ledger on a server needs a checkpoint file outside it; name one")
        settings = Settings(
            path=path,
            signer=key,
            zone=zone,
            outside=OutsideCheckpoint(outside, key.verifier),
            create=create,
            now=lambda: _aware(clock()),
            entropy=entropy,
            store=store or _store_of(path),
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
        return self._group.submit([event])[0]

    def append_many(self, events: Sequence[Event]) -> list[Receipt]:
        """Record events one after the other, all or none; on return they are on the disk.

        Raises `InvalidEvent` or `NotCanonical` for a malformed event (nothing is written) and `AuditUnavailable` within
        the ledger's patience if they could not be made durable. An event that was not acknowledged may still be found in
        the ledger later; an acknowledged one is never lost.
        """
        return self._group.submit(list(events)) if events else []

    def check(self) -> None:
        """Raise `AuditUnavailable` unless the ledger could be written now; writes nothing (but makes a new ledger)."""
        self._group.submit([])

    def catch_up(self) -> None:
        """Bring the search index up to date, which otherwise trails by moments; raises `AuditUnavailable`.

        Readers see every entry in any case; those behind are quicker for them to find afterwards.
        """
        self._group.catch_up()

    def new_request(self) -> str:
        """A fresh id that joins an intent and its outcome."""
        return new_id(self._settings.now(), self._settings.entropy)

    @property
    def vkey(self) -> str:
        """The verifier key in text: what anyone needs to check this ledger."""
        return str(self._settings.signer.verifier)

    def close(self) -> None:
        """Write what is waiting and release the file; later appends raise reason `closed`."""
        self._group.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _store_of(place: Place) -> Callable[..., Store]:
    if isinstance(place, Server):
        from audit.postgres.store import PostgresStore

        return PostgresStore
    return SqliteStore


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise AuditUnavailable("internal", "the ledger's clock gave a time without a zone; give it an aware clock")
    return moment.astimezone(UTC)
