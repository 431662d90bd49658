"""Pseudonyms: what stands in data instead of a person, and how a person is found again by an identifier.

A *blind index* is HMAC(key of the identifier's type, normalised identifier): equal identifiers meet, nobody without the key can try all
numbers. A *pseudonym* is HMAC(warehouse key, UID) as `H1-<16 characters><check>`: a prefix for the kind of entity, the key's version, 80 bits
in Crockford's base 32, and a Luhn check character (mod 32) that catches a typing error.
"""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from governance.identity.keys import Key

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {char: index for index, char in enumerate(ALPHABET)}
_DOUBLED = {char: sum(divmod(2 * value, len(ALPHABET))) for char, value in _VALUE.items()}
"""What a character counts at every second place from the right (Luhn, mod 32)."""
BODY = 16
_BITS = 5
PSEUDONYM = re.compile(rf"([A-Z])(\d+)-([{ALPHABET}]{{{BODY}}})([{ALPHABET}])")
DIGEST_BYTES = 32
_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


def blind_index(key: Key, entity: str, kind: str, value: str) -> bytes:
    """The keyed digest under which the vault finds `value`, an identifier of type `kind` in its normalised form."""
    return key.derive(entity, kind).mac(value)[:DIGEST_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonymizer:
    """Makes the pseudonyms of one kind of entity under one key."""

    key: Key
    prefix: str
    entity: str

    def of(self, uid: str) -> str:
        """The pseudonym of a UID: always the same under the same key."""
        return self._written(self.key.mac("pseudonym", self.entity, uid))

    def all(self, uids: Iterable[str]) -> dict[str, str]:
        """The pseudonyms of many UIDs, each once: UID → pseudonym."""
        different = list(dict.fromkeys(uids))
        begin = f"pseudonym\x1f{self.entity}\x1f"
        return dict(zip(different, map(self._written, self.key.macs(begin + uid for uid in different)), strict=True))

    def _written(self, digest: bytes) -> str:
        body = standard_b32(digest[: BODY * _BITS // 8])
        return f"{self.prefix}{self.key.version}-{body}{_check_character(body)}"


def standard_b32(digest: bytes) -> str:
    """Bytes in Crockford's base 32 (a whole number of characters)."""
    return b32encode(digest).translate(_CROCKFORD).decode()


def _check_character(body: str) -> str:
    total = sum(map(_DOUBLED.__getitem__, body[-1::-2])) + sum(map(_VALUE.__getitem__, body[-2::-2]))
    return ALPHABET[-total % len(ALPHABET)]


def is_pseudonym(text: str) -> bool:
    """Whether `text` has the form of a pseudonym and its check character is right."""
    match = PSEUDONYM.fullmatch(text)
    return match is not None and _check_character(match[3]) == match[4]
