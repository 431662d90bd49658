"""The ledger's signing key on disk: an Ed25519 private key (PKCS #8, PEM) that only its owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from audit.errors import KeyFileError
from audit.notes import Signer

OTHERS = stat.S_IRWXG | stat.S_IRWXO
SIZE_LIMIT = 16_384
"""Bytes read of a key file; a PEM key is some 120."""


def generate_key(path: Path, name: str) -> Signer:
    """As `generate_private`, and return the key's signer under `name`."""
    return Signer(name, generate_private(path))


def generate_private(path: Path) -> Ed25519PrivateKey:
    """Make a new key in a new file of mode 0600, durable before return.

    An existing file is never overwritten: `KeyFileError`, as for any other failure, and nothing is left behind.
    """
    private = Ed25519PrivateKey.generate()
    data = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        message = f"the key file {path.name} exists already; a ledger keeps its key, so nothing was changed"
        raise KeyFileError(message) from error
    except OSError as error:
        message = f"the key file {path.name} can't be made: {error.strerror}"
        raise KeyFileError(message) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        message = f"the key file {path.name} can't be written: {error.strerror}"
        raise KeyFileError(message) from error
    return private


def load_key(path: Path, name: str) -> Signer:
    """Read the key file as the signer `name`; raises as `load_private`."""
    return Signer(name, load_private(path))


def load_private(path: Path) -> Ed25519PrivateKey:
    """Read the key file; raises `KeyFileError` saying how to mend what is wrong.

    Refused: an absent file, anything but a regular file, a file that group or others may read, write or execute, another owner's
    file (except for root), and anything but an unencrypted Ed25519 key.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        message = f"the key file {path.name} can't be read: {error.strerror}; make one with `wenshu init`"
        raise KeyFileError(message) from error
    try:
        _check_guarded(os.fstat(descriptor), path.name)
        data = os.read(descriptor, SIZE_LIMIT)
    finally:
        os.close(descriptor)
    try:
        private = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = f"the key file {path.name} holds no unencrypted PEM key; restore it from its copy"
        raise KeyFileError(message) from error
    if not isinstance(private, Ed25519PrivateKey):
        message = f"the key file {path.name} holds a key that is not Ed25519; restore the right one from its copy"
        raise KeyFileError(message)
    return private


def _check_guarded(status: os.stat_result, name: str) -> None:
    """Refuse a key that somebody else could have read or replaced; looked up on the open file, so it can't be swapped."""
    if not stat.S_ISREG(status.st_mode):
        message = f"{name} is no regular file"
        raise KeyFileError(message)
    if status.st_mode & OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        message = f"the key file {name} is open to others (mode {mode:04o}); run `chmod 600` on it"
        raise KeyFileError(message)
    if status.st_uid not in (os.geteuid(), 0):
        message = f"the key file {name} belongs to another user; give it to the one who runs Wenshu"
        raise KeyFileError(message)
