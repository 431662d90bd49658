"""One process's writing side: a connection whose head is trusted, and the making of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from audit import canonical
from audit.bulk import own_hash
from audit.causes import HELP
from audit.errors import AuditUnavailable, InvalidNote, NotCanonical, Reason
from audit.events import GENESIS, MINUTE, Draft, Entropy, Event, Line, Receipt, format_time, local_day, new_ids
from audit.merkle import EMPTY_ROOT, CompactRange, interior_count, root_at
from audit.notes import Checkpoint, Signer
from audit.outside import OutsideCheckpoint
from audit.place import Place
from audit.schema import FORMAT
from audit.store import Store, make_file

KEEP_EVERY = 1024
"""A checkpoint is kept when a batch passes a multiple of this many events."""

CHECKED_TAIL = 256
"""So many of the last lines are hashed again whenever a connection is opened."""

SLICE = 256
"""Entries brought into the search index at once: whoever comes meanwhile waits for no more."""

MOST_BEHIND = 20_000
"""So many entries behind, the search index is brought up to date even while others wait."""

LONGEST_BEHIND_S = 2.0
"""And if it has been behind for so long."""

PUBLISH_S = 0.5
"""At least so long is given to writing the checkpoint file after a commit."""

HELP_HEAD: dict[Reason, str] = {
    "behind": "the ledger's database has lost entries that its checkpoint outside knows (cut off, or an old copy was put"
    " back); nothing more is written: keep both as evidence and put back the newest copy",
    "forked": "the ledger's database holds other entries than its checkpoint outside; nothing more is written:"
    " keep both as evidence and run `wenshu audit verify`",
    "no_checkpoint": "the checkpoint file that is kept outside the ledger's database is gone; put back any earlier"
    " checkpoint of this ledger, such as one from an export",
    "wrong_ledger": "the ledger's database was made with another key, origin or time zone; check the settings and the key file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a writer needs to know of its ledger."""

    path: Place
    signer: Signer
    zone: ZoneInfo
    outside: OutsideCheckpoint
    create: bool
    now: Callable[[], datetime]
    entropy: Entropy
    store: Callable[..., Store]


class Writer:
    """Writes batches; used by one thread at a time.

    After any failure but a held lock the connection is dropped, and the next batch opens and checks everything anew: so
    the ledger recovers by itself once the cause is mended. What this process has once seen as the head is never forgotten.
    """

    def __init__(self, settings: Settings) -> None:
        """A writer without a connection; the first batch opens one."""
        self._settings = settings
        self._store: Store | None = None
        self._known: Checkpoint | None = None
        self._note = ""
        self._tree = CompactRange()
        self._unpublished: tuple[str, int] | None = None
        self.behind = 0
        """How many entries the search index lacks, as far as this process knows."""
        self._behind_since = monotonic()
        self.stuck = False
        """Whether it could not be brought up to date; nobody tries in vain until something was written again."""

    def write(self, drafts: Sequence[Draft], deadline: float) -> list[Receipt]:
        """Make the drafts durable as one batch and return their receipts in order.

        Without drafts, only find out whether writing would be possible. Raises `AuditUnavailable`.
        """
        try:
            store = self._store or self._connect(deadline)
            self._store = store
            self._publish(deadline)
            store.begin(deadline)
            try:
                receipts = self._batch(store, drafts)
            finally:
                store.rollback()  # does nothing after a commit
            self._publish(deadline)
        except AuditUnavailable as error:
            if error.reason != "locked":
                self.close()
            raise
        except BaseException:
            self.close()
            raise
        return receipts

    def catch_up(self, deadline: float, least: int = 0) -> None:
        """Bring a slice of entries, or `least` if that is more, into the search index; `behind` says how many are left. Raises `AuditUnavailable`."""
        self.stuck = True  # unless it succeeds
        try:
            store = self._store = self._store or self._connect(deadline)
            store.begin(deadline, derived=True)
            try:
                store.catch_up(self._settings.zone, max(SLICE, least))
                store.commit()
                self.behind, self.stuck = store.behind(), False
            finally:
                store.rollback()
        except AuditUnavailable as error:
            if error.reason != "locked":
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def late(self) -> bool:
        """Whether the search index should be brought up to date even while others wait."""
        return self.behind > MOST_BEHIND or (self.behind > 0 and monotonic() - self._behind_since > LONGEST_BEHIND_S)

    def due(self) -> float | None:
        """In how many seconds `tend` is wanted; None if it isn't."""
        store = self._store
        return 0.0 if store is not None and store.due() else self._settings.outside.due()

    def tend(self) -> None:
        """Upkeep that nobody should wait for; called from another thread beside the writing, never raises."""
        store = self._store
        if store is not None and store.due():
            store.tend()
        if self._settings.outside.due() == 0.0:
            self._settings.outside.force()

    def close(self) -> None:
        """Drop the connection; the next batch opens another."""
        if self._store is not None:
            self._store.close()
        self._store = None
        self._note = ""

    def _connect(self, deadline: float) -> Store:
        settings = self._settings
        # Read before the database: the file outside may only lag behind it.
        outside = settings.outside.read()
        may_create = settings.create and self._known is None and (outside is None or outside.size == 0)
        if may_create and isinstance(settings.path, Path):
            make_file(settings.path)
        store = settings.store(settings.path, deadline=deadline)
        try:
            if store.is_empty():
                if not may_create:
                    raise _refusal("behind") if self._known or outside else AuditUnavailable("missing", HELP["missing"])
                self._create(store, deadline)
            if outside is None:  # made just now, by us or by another process
                outside = settings.outside.read()
            store.begin(deadline)
            self._check_head(store, outside)
            if store.upgrade(settings.zone):
                store.commit()
            self.behind = store.behind()
            store.rollback()
        except BaseException:
            store.close()
            raise
        return store

    def _create(self, store: Store, deadline: float) -> None:
        """Make the schema and event 0, which binds the ledger's settings into its tree."""
        settings = self._settings
        verifier = settings.signer.verifier
        empty = Checkpoint(origin=verifier.name, size=0, root=EMPTY_ROOT)
        # First of all, so that from its first entry on no database is valid without a checkpoint outside it.
        settings.outside.publish(settings.signer.sign(empty.text()), 0, deadline)
        store.prepare(deadline)
        store.begin(deadline)
        if store.is_empty():  # another process may have been quicker
            store.create()
            detail = {"format": FORMAT, "origin": verifier.name, "timezone": settings.zone.key, "vkey": str(verifier)}
            genesis = Event(type=GENESIS, actor="system", detail=detail)
            self._tree = CompactRange()
            self._append(store, [Draft(genesis)])
            self._publish(deadline)
        store.rollback()

    def _check_head(self, store: Store, outside: Checkpoint | None) -> None:
        """Refuse a database that does not continue what is known of it from outside, or whose end does not hash to its head."""
        if outside is None:
            raise _refusal("no_checkpoint")
        head = self._follow(store, outside)
        start = max(0, head.size - CHECKED_TAIL)
        tree = CompactRange.read(start, store.node)
        for line in store.lines(start):
            tree.append(own_hash(line))
        if (tree.size, tree.root()) != (head.size, head.root):
            raise AuditUnavailable("corrupt", HELP["corrupt"])
        verifier = self._settings.signer.verifier
        try:
            genesis = canonical.loads(next(store.lines(0)))
        except (NotCanonical, StopIteration) as error:
            raise AuditUnavailable("corrupt", HELP["corrupt"]) from error
        detail = genesis.get("detail") if isinstance(genesis, dict) else None
        named = (detail.get("origin"), detail.get("timezone"), detail.get("vkey")) if isinstance(detail, dict) else None
        if named != (verifier.name, self._settings.zone.key, str(verifier)):
            raise _refusal("wrong_ledger")

    def _follow(self, store: Store, *earlier: Checkpoint) -> Checkpoint:
        """Take up the head that the database has now; it must extend every earlier one. Inside a batch."""
        note = store.head()
        if note is None:
            raise AuditUnavailable("corrupt", HELP["corrupt"])
        try:
            head = Checkpoint.open(note, [self._settings.signer.verifier])
        except InvalidNote as error:
            raise _refusal("wrong_ledger") from error
        tree = CompactRange.read(head.size, store.node)
        if tree.root() != head.root or store.size() != head.size:
            raise AuditUnavailable("corrupt", HELP["corrupt"])
        for known in (*earlier, self._known):
            if known is None or known.size == 0:
                continue
            if known.size > head.size:
                raise _refusal("behind")
            if root_at(known.size, store.node) != known.root:
                raise _refusal("forked")
        self._known, self._note, self._tree = head, note, tree
        return head

    def _batch(self, store: Store, drafts: Sequence[Draft]) -> list[Receipt]:
        if store.head() != self._note:
            self._follow(store)  # another process has written, or somebody has tampered
        return self._append(store, drafts) if drafts else []

    def _append(self, store: Store, drafts: Sequence[Draft]) -> list[Receipt]:
        """Write, read back, sign, commit."""
        settings, base = self._settings, self._tree
        moment = settings.now()  # one reading a batch: what is recorded is when it became durable
        time = format_time(moment)
        day = local_day(time[:MINUTE], settings.zone)
        ids = new_ids(len(drafts), moment, settings.entropy)
        lines = [
            draft.place(number, event_id, time, day)
            for number, (draft, event_id) in enumerate(zip(drafts, ids, strict=True), base.size)
        ]
        leaves = [sha256(b"\x00" + line.data).digest() for line in lines]  # `leaf_hash`, spelt out
        tree = base.copy()
        nodes = tree.extend(leaves)
        store.insert(lines, leaves, interior_count(base.size), nodes)
        self._read_back(store, base, lines, nodes)
        head = Checkpoint(origin=settings.signer.verifier.name, size=tree.size, root=tree.root())
        note = settings.signer.sign(head.text())
        keep = base.size == 0 or base.size // KEEP_EVERY != tree.size // KEEP_EVERY
        store.set_head(tree.size, note, keep=keep)
        store.commit()
        self._known, self._note, self._tree = head, note, tree
        self._unpublished = (note, tree.size)
        if not self.behind:
            self._behind_since = monotonic()
        self.behind += len(lines)
        self.stuck = False
        return [Receipt(event=line.id, index=line.number, checkpoint=note) for line in lines]

    @staticmethod
    def _read_back(store: Store, base: CompactRange, lines: Sequence[Line], nodes: Sequence[bytes]) -> None:
        """What is about to be signed must be what is stored: every byte that was hashed, as the database gives it again.

        Equal bytes hash to an equal root, so hashing them a second time would add nothing but time.
        """
        again, stored = store.read_back(base.size, interior_count(base.size))
        if stored != nodes or again != [line.data for line in lines]:
            raise AuditUnavailable("corrupt", HELP["corrupt"])

    def _publish(self, deadline: float) -> None:
        """Write the newest head to the file outside; until that succeeds nothing more is written or acknowledged."""
        if self._unpublished is not None:
            note, size = self._unpublished
            self._settings.outside.publish(note, size, max(deadline, monotonic() + PUBLISH_S))
            self._unpublished = None


def _refusal(reason: Reason) -> AuditUnavailable:
    return AuditUnavailable(reason, HELP_HEAD[reason])
