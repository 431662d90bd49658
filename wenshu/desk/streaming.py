"""While the service runs: every sink is given what it has not had, and every witness with an address is asked for its cosignature.

One worker does it for all, in a thread of its own: a sink that stalls slows nobody, and how far it is behind is shown (`Integrity.told`).
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit import AuditError, Event
from audit.sinks import pump
from audit.witnessing import Witnesses, WitnessRefused
from wenshu.desk.door import Door

EVERY_S = 2.0
"""Between two rounds of deliveries."""

ROUNDS = 30
"""Witnesses are asked in one round of so many: once a minute."""


class Streaming:
    """The thread that delivers; begun by the service alone, so that commands and tests deliver nothing behind one's back."""

    def __init__(self, door: Door, *, witnesses: Path, sinks: Path) -> None:
        """`witnesses` and `sinks` are the folders of their settings; they need not be there yet."""
        self._door, self._witnesses, self._sinks = door, witnesses, sinks
        self._stopped = threading.Event()
        self._forked: set[str] = set()

    def begin(self) -> None:
        """Deliver from now on, in the background; returns at once."""
        threading.Thread(target=self._run, name="ledger-streams", daemon=True).start()

    def stop(self) -> None:
        """Begin no further round."""
        self._stopped.set()

    def once(self, *, ask: bool = True) -> None:
        """One round, unless another worker is at it; with `ask`, witnesses too. Never raises: what failed is told by the standings."""
        with self._alone() as alone:
            if not alone:
                return
            try:
                if self._sinks.is_dir():
                    pump(self._door.path, self._sinks, self._door.clock)
                if ask and self._witnesses.is_dir():
                    self._ask()
            except (AuditError, OSError):
                return  # the ledger can't be read now, or a setting is damaged; the next round tries again

    def _run(self) -> None:
        turn = 0
        while not self._stopped.wait(EVERY_S):
            self.once(ask=turn % ROUNDS == 0)
            turn += 1

    def _ask(self) -> None:
        witnesses = Witnesses(self._witnesses, self._door.ledger.vkey)
        for known in witnesses.known():
            if known.url is None:
                continue
            try:
                witnesses.ask(self._door.reader, known)
                self._forked.discard(known.key.name)
            except WitnessRefused as error:
                if error.forked and known.key.name not in self._forked:
                    self._forked.add(known.key.name)
                    self._door.ledger.append(Event(type="witness.forked", actor="system", detail={"vkey": str(known.key)}))

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other worker of this home is delivering now."""
        try:
            descriptor = os.open(self._witnesses.parent / "streams.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)
