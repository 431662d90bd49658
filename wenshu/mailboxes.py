"""Where messages that are handed on arrive: a folder (Maildir) or a mail server. One port, two adapters; both take a message wholly or raise OSError."""

from __future__ import annotations

import mailbox
import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

import yaml

from governance.errors import ConfigurationError

TIMEOUT_S = 10.0
_KEYS = {"folder", "smtp", "from", "to", "starttls"}


class Mailbox(Protocol):
    """A contact's mailbox."""

    def put(self, letter: EmailMessage) -> None:
        """Deliver the letter durably, or raise OSError and have delivered nothing that counts."""
        ...


class Maildir:
    """A Maildir folder, such as a shared drive of the drug-safety team."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, letter: EmailMessage) -> None:
        if not self._folder.parent.is_dir():
            raise FileNotFoundError(2, "the mailbox's parent folder is not there")
        box = mailbox.Maildir(self._folder, create=True)
        try:
            box.add(letter)
            box.flush()
        finally:
            box.close()


class MailServer:
    """An SMTP server inside the company."""

    def __init__(self, host: str, port: int, *, sender: str, to: str, starttls: bool) -> None:
        self._host, self._port, self._sender, self._to, self._starttls = host, port, sender, to, starttls

    def put(self, letter: EmailMessage) -> None:
        letter["From"], letter["To"] = self._sender, self._to
        with smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S) as server:
            if self._starttls:
                server.starttls()
            server.send_message(letter)


def read_mailboxes(path: Path) -> dict[str, Mailbox]:
    """Return contact → mailbox as the file says; none without the file. Raises ConfigurationError naming the contact that is wrong."""
    if not path.exists():
        return {}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path.name} can't be read ({type(error).__name__}); it is YAML: contact: {{folder: PATH}} or {{smtp: HOST:PORT, from: …, to: …}}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path.name}: expected contact: {{folder: PATH}} or {{smtp: HOST:PORT, from: …, to: …}}")
    return {str(contact): _mailbox(path.name, str(contact), given) for contact, given in document.items()}


def _mailbox(file: str, contact: str, given: Any) -> Mailbox:
    if not isinstance(given, Mapping) or set(given) - _KEYS or ("folder" in given) == ("smtp" in given):
        raise ConfigurationError(f"{file}: {contact}: expected {{folder: PATH}} or {{smtp: HOST:PORT, from: ADDRESS, to: ADDRESS, starttls: true}}")
    if "folder" in given:
        return Maildir(Path(str(given["folder"])))
    host, _, port = str(given["smtp"]).rpartition(":")
    if not host or not port.isdigit() or not all(isinstance(given.get(key), str) and "@" in given[key] for key in ("from", "to")):
        raise ConfigurationError(f"{file}: {contact}: smtp is written HOST:PORT, with the addresses from and to")
    return MailServer(host, int(port), sender=given["from"], to=given["to"], starttls=bool(given.get("starttls", False)))
