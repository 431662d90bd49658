"""Cosignatures of witnesses (c2sp.org/tlog-cosignature, Ed25519, type byte 0x04): "at this time I saw this consistent tree"."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import InvalidNote
from audit.notes import ID_LENGTH, KEY_LENGTH, check_name, from_base64, split_note

COSIGNATURE = 0x04
"""The signature type byte of Ed25519 cosignatures, version 1."""

STAMP_LENGTH = 8
LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerKey:
    """A witness's public key with its name: `name+hex id+base64(0x04 || 32 bytes)`."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> CosignerKey:
        """Read a vkey line (surrounding white space is ignored); raises `InvalidNote`."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise InvalidNote("a witness's key has three parts, name+id+key")
        material = from_base64(parts[2])
        if len(material) != 1 + KEY_LENGTH or material[0] != COSIGNATURE:
            raise InvalidNote("the key is not a witness's: an Ed25519 key of type 0x04")
        key = cls(name=check_name(parts[0]), public=material[1:])
        if parts[1] != key.key_id.hex():
            raise InvalidNote("the witness key's id does not belong to its name and key; was it cut or edited?")
        return key

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || 0x0A || 0x04 || public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([COSIGNATURE]) + self.public).digest()[:ID_LENGTH]

    def __str__(self) -> str:
        """The vkey in text, as `parse` reads it."""
        material = base64.b64encode(bytes([COSIGNATURE]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def seen_at(self, note: str) -> int:
        """When this witness saw the tree of `note`, in seconds since 1970; raises `InvalidNote` unless its cosignature holds."""
        text, lines = split_note(note)
        stamps = []
        for name, signature in lines:
            if (name, signature[:ID_LENGTH]) != (self.name, self.key_id):
                continue
            rest = signature[ID_LENGTH:]
            stamp = int.from_bytes(rest[:STAMP_LENGTH], "big")
            if len(rest) != STAMP_LENGTH + 64 or stamp > LATEST:
                raise InvalidNote(f"the cosignature by {name} is malformed")
            try:
                public = Ed25519PublicKey.from_public_bytes(self.public)
                public.verify(rest[STAMP_LENGTH:], _message(text, stamp))
            except (InvalidSignature, ValueError) as error:
                raise InvalidNote(f"the cosignature by {name} does not belong to this text") from error
            stamps.append(stamp)
        if not stamps:
            raise InvalidNote(f"there is no cosignature by {self.name} on the note")
        return max(stamps)


class Cosigner:
    """A witness's private key. It is never printed, compared or pickled."""

    __slots__ = ("_private", "key")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = CosignerKey(name=check_name(name), public=private.public_key().public_bytes_raw())

    def __reduce__(self) -> str:
        """Refuse to be pickled: the private key must not travel."""
        raise TypeError("a cosigner can't be pickled")

    def line(self, text: str, stamp: int) -> str:
        """The signature line over a checkpoint's text, at that many seconds since 1970."""
        signature = self._private.sign(_message(text, stamp))
        blob = base64.b64encode(self.key.key_id + stamp.to_bytes(STAMP_LENGTH, "big") + signature).decode()
        return f"— {self.key.name} {blob}\n"


def _message(text: str, stamp: int) -> bytes:
    return f"cosignature/v1\ntime {stamp}\n{text}".encode()
