"""The cryptography behind one small port, so that a company can choose the national algorithms (SM3, SM4) for its keys.

A suite makes keyed digests and seals bytes together with the context that they belong to. Suites are named in the key files:
data that was sealed with one stays readable when another becomes the default.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from governance.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NONCE_BYTES = 12
_TAG_BYTES = 16
_SHUT = "a sealed field of the vault can't be opened: wrong key, or it was changed or moved"


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
        return nonce + AESGCM(key).encrypt(nonce, plain, _needed(context))

    def unseal(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _needed(context))
        except (InvalidTag, ValueError) as error:
            raise ConfigurationError(_SHUT) from error


class National:
    """HMAC-SM3 (GB/T 32905) and SM4-GCM (GB/T 32907, GB/T 36624) with a random 96-bit nonce before the ciphertext, the tag after it."""

    name = "hmac-sm3+sm4-gcm"
    key_bytes = 16

    def mac(self, key: bytes, message: bytes) -> bytes:
        digest = HMAC(key, hashes.SM3())
        digest.update(message)
        return digest.finalize()

    def macs(self, key: bytes, messages: Iterable[bytes]) -> list[bytes]:
        keyed, found = HMAC(key, hashes.SM3()), []
        for message in messages:
            digest = keyed.copy()  # the key is worked in once
            digest.update(message)
            found.append(digest.finalize())
        return found

    def seal(self, key: bytes, plain: bytes, context: bytes, random: Callable[[int], bytes]) -> bytes:
        nonce = random(NONCE_BYTES)
        cipher = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(_needed(context))
        return nonce + cipher.update(plain) + cipher.finalize() + cipher.tag

    def unseal(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        nonce, body, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        try:
            cipher = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
            cipher.authenticate_additional_data(_needed(context))
            return cipher.update(body) + cipher.finalize()
        except (InvalidTag, ValueError) as error:
            raise ConfigurationError(_SHUT) from error


def _needed(context: bytes) -> bytes:
    if not context:
        message = "nothing is sealed or opened without the context that it belongs to"
        raise ConfigurationError(message)
    return context


SUITES: dict[str, Suite] = {International.name: International(), National.name: National()}
DEFAULT_SUITE = International.name


def suite(name: str) -> Suite:
    """Return the suite with this name, or raise ConfigurationError."""
    if name not in SUITES:
        message = f"unknown cryptographic suite {name!r}; known: {', '.join(SUITES)}"
        raise ConfigurationError(message)
    return SUITES[name]
