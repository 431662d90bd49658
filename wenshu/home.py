"""A home: one folder with everything an installation keeps. Paths and permissions; what is inside belongs to the rooms."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from audit.place import Place, Server
from governance.bundle.standing import Standings
from governance.errors import ConfigurationError

MARKER = "wenshu.yaml"
"""Written last by `init`: a folder without it is not a home yet."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder `root` and the places in it. Nothing outside it is ever written."""

    root: Path

    @property
    def marker(self) -> Path:
        return self.root / MARKER

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def ledger_key(self) -> Path:
        return self.keys / "ledger.pem"

    @property
    def session_key(self) -> Path:
        return self.keys / "session.key"

    @property
    def founding_bundle(self) -> Path:
        """The bundle that `init` made; its owner may edit it until the committee activates one."""
        return self.root / "bundle"

    @property
    def standings(self) -> Standings:
        return Standings(founding=self.founding_bundle, kept=self.root / "bundles", pointer=self.root / "bundle.standing")

    @property
    def bundle(self) -> Path:
        """The folder of the bundle in force. Raises ConfigurationError where the pointer to it is damaged."""
        standings = self.standings
        return standings.folder(standings.read().version)

    @property
    def policy(self) -> Path:
        """The store of drafts, approvals and activations."""
        return self.root / "policy.db"

    @property
    def disclosure_key(self) -> Path:
        return self.keys / "disclosure.key"

    @property
    def disclosure(self) -> Path:
        """What was told to whom, as sets of persons."""
        return self.root / "disclosure.db"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def restricted(self) -> Path:
        """Rows that a clock of retention took out of the warehouse without deleting them; no question reaches them."""
        return self.root / "restricted.duckdb"

    @property
    def reviews(self) -> Path:
        """Doubtful links, masked, and what stewards decided about them."""
        return self.root / "linking.db"

    @property
    def vault(self) -> Path:
        return self.root / "vault.db"

    @property
    def ledger(self) -> Place:
        """Where the ledger lies: the home's own file, or the server whose URL `init` was given."""
        return Server(self.ledger_url.read_text(encoding="utf-8").strip()) if self.ledger_url.is_file() else self.root / "ledger.db"

    @property
    def ledger_file(self) -> Path | None:
        """The ledger's file; None where it lies on a server."""
        return place if isinstance(place := self.ledger, Path) else None

    @property
    def ledger_url(self) -> Path:
        """The URL of the role that writes the ledger on a server, with its password; absent where the ledger is a file."""
        return self.keys / "ledger.url"

    @property
    def person_keys(self) -> Path:
        """The data keys of the ledger's fields about persons; who destroys one makes those fields unreadable for ever."""
        return self.keys / "persons"

    @property
    def has_ledger(self) -> bool:
        """Whether a ledger was ever made: a lost database beside its checkpoint is evidence, not a fresh start."""
        return self.checkpoint.exists() or (self.ledger_file is not None and self.ledger_file.exists())

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint, kept outside the database; put it on another disk where there is one."""
        return self.root / "checkpoints" / "ledger.checkpoint"

    @property
    def witnesses(self) -> Path:
        """The ledger's witnesses and what they cosigned last."""
        return self.checkpoint.parent / "witnesses"

    @property
    def stamps(self) -> Path:
        """Time-stamps on the ledger's checkpoints, and whose are trusted."""
        return self.checkpoint.parent / "stamps"

    @property
    def sinks(self) -> Path:
        """Where the ledger streams to, with each sink's cursor."""
        return self.root / "sinks"

    @property
    def accounts(self) -> Path:
        return self.root / "accounts.db"

    @property
    def conversations(self) -> Path:
        return self.root / "conversations.db"

    @property
    def desk(self) -> Path:
        """What compliance officers write and save."""
        return self.root / "desk.db"

    @property
    def ingest(self) -> Path:
        return self.root / "ingest"

    @property
    def demo(self) -> Path:
        return self.root / "demo"

    def exists(self) -> bool:
        return self.marker.is_file()

    def require(self) -> Home:
        """Return the home, or raise ConfigurationError saying how to make one."""
        if not self.exists():
            raise ConfigurationError(
                f"There is no Wenshu home in {self.root.name!r}. Make one with: wenshu --home DIR init (or: init --demo)."
            )
        return self

    def make_folders(self) -> None:
        """Make the folders that only the owner may enter; raise ConfigurationError where the disk does not allow it."""
        for folder in (self.root, self.keys, self.checkpoint.parent, self.ingest):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(
                    f"The folder {folder.name!r} can't be made ({error.strerror}). Choose another home or mend the disk; nothing was changed."
                ) from error
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise ConfigurationError(f"The home {self.root.name!r} can't be written. Choose another home or mend its permissions; nothing was changed.")


def loose_permissions(path: Path) -> bool:
    """Return whether group or others may read, write or enter `path`."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
