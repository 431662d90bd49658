"""Handing a message on to the contact it belongs to: a suspected adverse reaction to drug safety, a question about use to medical information.

A reportable case must not be lost, and its words belong to nobody else. So a message is sealed and on disk before anything else happens, stays in the
outbox until its contact's mailbox took it, and is told about (never quoted) in the ledger: that it was handed on, to whom, and when it arrived.

Where a mailbox is comes from `<home>/mailboxes.yaml`: contact → `{folder: PATH}` or `{smtp: HOST:PORT, from: ADDRESS, to: ADDRESS}`. A contact
without one keeps its messages in the outbox, where the machine's owner reads them out (`wenshu handed-on show`) and `wenshu check` counts them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from governance.errors import ConfigurationError, InvalidQuery, WenshuError, nearest
from governance.terms import Actor
from wenshu.mailboxes import Mailbox, read_mailboxes

HANDED_ON = ("adverse_event", "off_label")
"""The refusals whose message belongs to somebody who must have it."""
MAX_MESSAGE = 4_000
"""Characters of a message; a first report is short, the contact asks back."""
RETRY_S = 60.0
_KEY_BYTES, _NONCE_BYTES = 32, 12

Record = Callable[[Actor | None, str, Mapping[str, object]], None]
"""Writes an event: who acted (None: the machine itself), its type, what it says."""


class UnknownMessage(WenshuError):
    """No message of this reference waits in the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A message on its way. `reference` is what its sender may quote; the words are sealed and not here."""

    reference: str
    contact: str
    handed_at: str
    delivered_at: str | None = None
    attempts: int = 0
    problem: str | None = None
    """The kind of error of the last attempt."""


class Outbox:
    """The messages of one home: a sealed file each, mode 0600, named by its reference. Safe for threads and for several processes."""

    def __init__(self, folder: Path, key: Path, *, mailboxes: Mapping[str, Mailbox], record: Record, clock: Callable[[], dt.datetime]) -> None:
        self._folder, self._key_file = folder, key
        self._mailboxes, self._record, self._clock = mailboxes, record, clock
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @classmethod
    def open(cls, root: Path, keys: Path, *, record: Record, clock: Callable[[], dt.datetime]) -> Outbox:
        """Open the outbox of the home at `root`; raise ConfigurationError for a mailboxes file that can't be read. Makes nothing yet."""
        return cls(root / "handed-on", keys / "handed-on.key", mailboxes=read_mailboxes(root / "mailboxes.yaml"), record=record, clock=clock)

    # ------------------------------------------------------------------ handing on

    def hand_on(self, actor: Actor, contact: str, message: str, *, contacts: Mapping[str, object]) -> Handed:
        """Keep the message and try to deliver it; return its reference. Raises InvalidQuery for an empty, overlong or misaddressed one.

        The message is durable before the ledger hears of it: were the ledger down, AuditUnavailable is raised and the message is kept all the same.
        """
        if contact not in contacts:
            raise InvalidQuery(f"there is no contact {contact!r}.{nearest(contact, contacts)}")
        if not message.strip():
            raise InvalidQuery("the message is empty; say what happened, to whom it may matter and how to reach you")
        if len(message) > MAX_MESSAGE:
            raise InvalidQuery(f"the message has more than {MAX_MESSAGE} characters; send the essentials, the contact asks back")
        handed = Handed(reference=secrets.token_hex(6), contact=contact, handed_at=self._clock().isoformat(timespec="seconds"))
        body = {"from": actor.id, "department": actor.department, "message": message.strip()}
        self._write(handed, body)
        self._record(actor, "handed_on", {"reference": handed.reference, "contact": contact})
        return self.deliver(handed.reference)

    def deliver(self, reference: str) -> Handed:
        """Try to deliver one waiting message now; a failure leaves it waiting, to be tried again in a minute and at each start."""
        with self._lock:
            handed, body = self._read(reference)
            mailbox = self._mailboxes.get(handed.contact)
            if handed.delivered_at is not None or mailbox is None:
                return handed
            try:
                mailbox.put(_letter(handed, body))
            except OSError as error:  # smtplib's errors are OSErrors too
                handed = replace(handed, attempts=handed.attempts + 1, problem=type(error).__name__)
                self._write(handed, body)
                self._again()
                return handed
            self._record(None, "handed_on.delivered", {"reference": reference, "contact": handed.contact})
            handed = replace(handed, attempts=handed.attempts + 1, problem=None, delivered_at=self._clock().isoformat(timespec="seconds"))
            # The contact has it now: what stays is that it was handed on, not its words.
            self._write(handed, None)
            return handed

    def deliver_all(self) -> tuple[Handed, ...]:
        """Try every waiting message."""
        return tuple(self.deliver(handed.reference) for handed in self.waiting())

    def resume(self) -> None:
        """Go on trying what an earlier process left waiting; for a process that stays."""
        if self._mailboxes and self.waiting():
            self._again()

    def _again(self) -> None:
        if self._timer is None or not self._timer.is_alive():
            self._timer = threading.Timer(RETRY_S, self._retry)
            self._timer.daemon = True
            self._timer.start()

    def _retry(self) -> None:
        self._timer = None
        try:
            self.deliver_all()
        except Exception:  # noqa: BLE001 - whatever it was, the messages are still there and are tried again
            self._again()

    def close(self) -> None:
        """Stop trying; what waits is tried again at the next start."""
        if self._timer is not None:
            self._timer.cancel()

    # ------------------------------------------------------------------ reading

    def list(self) -> tuple[Handed, ...]:
        """Return every message, oldest first, without its words."""
        found = [self._read(path.stem)[0] for path in self._folder.glob("*.sealed")] if self._folder.is_dir() else []
        return tuple(sorted(found, key=lambda handed: (handed.handed_at, handed.reference)))

    def waiting(self) -> tuple[Handed, ...]:
        """Return the messages that no mailbox took yet."""
        return tuple(handed for handed in self.list() if handed.delivered_at is None)

    def show(self, reference: str) -> tuple[Handed, str]:
        """Return a waiting message with its words, which is recorded first. Raises UnknownMessage."""
        handed, body = self._read(reference)
        if body is None:
            raise UnknownMessage(f"The message {reference} was delivered to {handed.contact}; its words are no longer here.")
        self._record(None, "handed_on.read", {"reference": reference, "contact": handed.contact})
        return handed, str(body["message"])

    # ------------------------------------------------------------------ sealed files

    def _key(self) -> AESGCM:
        try:
            key = self._key_file.read_bytes()
        except FileNotFoundError:
            key = secrets.token_bytes(_KEY_BYTES)
            try:
                with os.fdopen(os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(key)
                    file.flush()
                    os.fsync(file.fileno())
            except FileExistsError:  # another worker was quicker
                key = self._key_file.read_bytes()
        if len(key) != _KEY_BYTES:
            raise ConfigurationError("keys/handed-on.key is cut short; restore it from a backup: without it handed-on messages can't be read.")
        return AESGCM(key)

    def _write(self, handed: Handed, body: Mapping[str, Any] | None) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = {name: getattr(handed, name) for name in Handed.__slots__}
        plain = json.dumps({"about": about, "body": body}, ensure_ascii=False).encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._key().encrypt(nonce, plain, handed.reference.encode())
        fresh = self._folder / f".{handed.reference}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / f"{handed.reference}.sealed")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _read(self, reference: str) -> tuple[Handed, dict[str, Any] | None]:
        path = self._folder / f"{reference}.sealed"
        if not reference.isalnum() or not path.is_file():
            raise UnknownMessage(f"There is no message {reference[:24]!r}. See: wenshu handed-on list")
        sealed = path.read_bytes()
        try:
            plain = self._key().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], reference.encode())
        except InvalidTag as error:
            raise ConfigurationError(f"The message {reference} can't be opened: its file or keys/handed-on.key was changed. Restore both from a backup.") from error
        document = json.loads(plain)
        return Handed(**document["about"]), document["body"]


def _letter(handed: Handed, body: Mapping[str, Any] | None) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = f"Wenshu 问数 {handed.reference}"
    letter["Message-ID"] = f"<{handed.reference}@wenshu>"
    letter["X-Wenshu-Contact"] = handed.contact
    given = body or {}
    letter.set_content(f"{given.get('message', '')}\n\n-- \n{given.get('from', '')} ({given.get('department', '')}) {handed.handed_at}\n")
    return letter
