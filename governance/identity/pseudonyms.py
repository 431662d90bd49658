"""Pseudonyms: what stands in data instead of a person, and how a person is found again by an identifier.

A *blind index* is HMAC(key of the identifier's type, normalised identifier): equal identifiers meet, nobody without the key can try all
numbers. A *pseudonym* is HMAC(warehouse key, UID) as `H1-<16 characters><check>`: a prefix for the kind of entity, the key's version, 80 bits
in Crockford's base 32, and a Luhn check character (mod 32) that catches a typing error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance.identity.keys import Key

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {char: index for index, char in enumerate(ALPHABET)}
BODY = 16
_BITS = 5
PSEUDONYM = re.compile(rf"([A-Z])(\d+)-([{ALPHABET}]{{{BODY}}})([{ALPHABET}])")
DIGEST_BYTES = 32


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
        number = int.from_bytes(self.key.mac("pseudonym", self.entity, uid)[: BODY * _BITS // 8], "big")
        body = "".join(ALPHABET[number >> _BITS * place & 31] for place in reversed(range(BODY)))
        return f"{self.prefix}{self.key.version}-{body}{_check_character(body)}"


def _check_character(body: str) -> str:
    total = 0
    for index, char in enumerate(reversed(body)):
        value = _VALUE[char] * (2 if index % 2 == 0 else 1)
        total += sum(divmod(value, len(ALPHABET)))
    return ALPHABET[-total % len(ALPHABET)]


def is_pseudonym(text: str) -> bool:
    """Whether `text` has the form of a pseudonym and its check character is right."""
    match = PSEUDONYM.fullmatch(text)
    return match is not None and _check_character(match[3]) == match[4]
