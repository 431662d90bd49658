"""The keys of the identity wing, each in a file of its own that only its owner may read.

`vault` wraps the persons' data keys, `index` makes blind indexes, `warehouse` makes the pseudonyms of the warehouse. Nothing else may hold
them; losing `vault` loses the identities, losing `index` or `warehouse` breaks joins with everything loaded before.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from governance.errors import ConfigurationError
from governance.identity.suites import DEFAULT_SUITE, Suite, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PURPOSES = ("vault", "index", "warehouse")
_HEADER = "wenshu-identity-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One secret: what it is for, its version (1, 2 …), its suite. Its text form never shows the secret."""

    purpose: str
    version: int
    suite: Suite
    secret: bytes = field(repr=False)

    def mac(self, *parts: str) -> bytes:
        """A keyed digest of the parts, which are told apart (`("ab", "c")` is not `("a", "bc")`)."""
        return self.suite.mac(self.secret, "\x1f".join(parts).encode())

    def macs(self, words: Iterable[str]) -> list[bytes]:
        """The keyed digests of many single parts."""
        return self.suite.macs(self.secret, [word.encode() for word in words])

    def derive(self, *parts: str) -> Key:
        """A key for a narrower use, such as one type of identifier."""
        return Key(
            purpose="/".join((self.purpose, *parts)),
            version=self.version,
            suite=self.suite,
            secret=self.mac("derive", *parts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The current key of each purpose."""

    vault: Key
    index: Key
    warehouse: Key

    @classmethod
    def ensure(cls, folder: Path, random: Callable[[int], bytes]) -> KeyRing:
        """Open the ring in `folder`; where none of its keys is there yet, make them all (folder 0700, files 0600).

        A ring of which only some keys are left is never completed: a new key would silently make new pseudonyms.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not any(_path(folder, purpose).exists() for purpose in PURPOSES):
                for purpose in PURPOSES:
                    _make(_path(folder, purpose), purpose, random)
        except OSError as error:
            message = f"keys can't be made in {folder.name}/: {error.strerror}"
            raise ConfigurationError(message) from error
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> KeyRing:
        """Read the ring, or raise ConfigurationError: a key is missing, can't be read, or others may read it."""
        return cls(**{purpose: _read(_path(folder, purpose), purpose) for purpose in PURPOSES})


def _path(folder: Path, purpose: str) -> Path:
    return folder / f"identity-{purpose}.key"


def _make(path: Path, purpose: str, random: Callable[[int], bytes]) -> None:
    kind = suite(DEFAULT_SUITE)
    secret = base64.b64encode(random(kind.key_bytes)).decode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{_HEADER} {purpose} 1 {kind.name} {secret}\n")
        stream.flush()
        os.fsync(stream.fileno())


def _read(path: Path, purpose: str) -> Key:
    name = f"keys/{path.name}"
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            message = f"{name} may be read by others (mode {stat.S_IMODE(mode):04o}); run: chmod 600 on it and find out who read it"
            raise ConfigurationError(message)
        header, named, version, suite_name, secret = path.read_text(encoding="ascii").split()
        kind = suite(suite_name)
        plain = base64.b64decode(secret, validate=True)
    except FileNotFoundError as error:
        message = f"{name} is missing; restore it from its backup"
        raise ConfigurationError(message) from error
    except (OSError, UnicodeDecodeError, ValueError, binascii.Error) as error:
        message = f"{name} can't be read as a key file; restore it from its backup"
        raise ConfigurationError(message) from error
    if header != _HEADER or named != purpose or not version.isdigit() or len(plain) != kind.key_bytes:
        message = f"{name} is not the key for {purpose!r}; restore it from its backup"
        raise ConfigurationError(message)
    return Key(purpose=purpose, version=int(version), suite=kind, secret=plain)
