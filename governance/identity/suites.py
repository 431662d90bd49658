"""The cryptography behind one small port, so that a company can choose the national algorithms (SM3, SM4) for its keys.

A suite makes keyed digests and seals bytes together with the context that they belong to. Suites are named in the key files:
data that was sealed with one stays readable when another becomes the default.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from governance.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NONCE_BYTES = 12


class Suite(Protocol):
    """What keys can do."""

    name: str
    key_bytes: int

    def mac(self, key: bytes, message: bytes) -> bytes:
        """A keyed digest of at least 32 bytes."""

    def macs(self, key: bytes, messages: Iterable[bytes]) -> list[bytes]:
        """The keyed digests of many messages under one key."""

    def seal(self, key: bytes, plain: bytes, context: bytes, random: Callable[[int], bytes]) -> bytes:
        """Encrypt and authenticate `plain`, bound to `context`."""

    def unseal(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed with this key and this context, or raise ConfigurationError."""


class International:
    """HMAC-SHA-256 (RFC 2104) and AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce before the ciphertext."""

    name = "hmac-sha256+aes-256-gcm"
    key_bytes = 32

    def mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")

    def macs(self, key: bytes, messages: Iterable[bytes]) -> list[bytes]:
        digest = hmac.digest
        return [digest(key, message, "sha256") for message in messages]

    def seal(self, key: bytes, plain: bytes, context: bytes, random: Callable[[int], bytes]) -> bytes:
        nonce = random(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, context)

    def unseal(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            message = "a sealed field of the vault can't be opened: wrong key, or it was changed or moved"
            raise ConfigurationError(message) from error


SUITES: dict[str, Suite] = {International.name: International()}
DEFAULT_SUITE = International.name


def suite(name: str) -> Suite:
    """Return the suite with this name, or raise ConfigurationError."""
    if name not in SUITES:
        message = f"unknown cryptographic suite {name!r}; known: {', '.join(SUITES)}"
        raise ConfigurationError(message)
    return SUITES[name]
