"""C2SP signed notes with Ed25519, and the checkpoints written in them.

A note is text that ends in a newline, a blank line, and signature lines (c2sp.org/signed-note). A checkpoint is a note
whose text is origin, size and base64 root, a line each (c2sp.org/tlog-checkpoint). Key ids and verifier keys carry an
algorithm byte, so another algorithm can be added beside this one; a signature by an unknown key is ignored, as the
specification asks, so witnesses can cosign the same note.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import InvalidNote
from audit.merkle import HASH_LENGTH

ED25519 = 0x01
"""The signature type byte of plain Ed25519 notes."""

SIGNATURE_LIMIT = 64
"""Signature lines read on one note; the specification asks for at least 16."""

ID_LENGTH = 4
KEY_LENGTH = 32


def check_name(name: str) -> str:
    """`name` if it can name a key: not empty, no space, no plus, no control character; else `InvalidNote`."""
    if not name or "+" in name or any(letter.isspace() or ord(letter) < ord(" ") for letter in name):
        message = "a key name must be non-empty, without spaces and plus signs, such as example.com/ledger"
        raise InvalidNote(message)
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A trusted Ed25519 public key with its name: `name+hex id+base64(0x01 || 32 bytes)`."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a vkey line (surrounding white space is ignored); raises `InvalidNote`."""
        parts = text.strip().split("+", 2)  # base64 may itself contain a plus
        if len(parts) != 3:
            message = "a verifier key has three parts, name+id+key"
            raise InvalidNote(message)
        material = from_base64(parts[2])
        if len(material) != 1 + KEY_LENGTH or material[0] != ED25519:
            message = "the verifier key is not an Ed25519 key of type 0x01"
            raise InvalidNote(message)
        key = cls(name=check_name(parts[0]), public=material[1:])
        if parts[1] != key.key_id.hex():
            message = "the verifier key's id does not belong to its name and key; was it cut or edited?"
            raise InvalidNote(message)
        return key

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || 0x0A || 0x01 || public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public).digest()[:ID_LENGTH]

    def __str__(self) -> str:
        """The vkey in text, as `parse` reads it."""
        material = base64.b64encode(bytes([ED25519]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def holds(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes, without key id) is this key's over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A named private key that signs notes. It is never printed, compared or pickled."""

    __slots__ = ("_key_id", "_private", "verifier")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        """A signer under `name`, which by custom is the ledger's origin."""
        self._private = private
        self.verifier = VerifierKey(name=check_name(name), public=private.public_key().public_bytes_raw())
        self._key_id = self.verifier.key_id

    def __reduce__(self) -> str:
        """Refuse to be pickled: the private key must not travel."""
        message = "a signer can't be pickled"
        raise TypeError(message)

    def sign(self, text: str) -> str:
        """The signed note over `text`, which ends in a newline and holds no other control character."""
        _check_text(text)
        signature = base64.b64encode(self._key_id + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.name} {signature}\n"


def open_note(note: str, trusted: Sequence[VerifierKey]) -> str:
    """The text of `note`, once a trusted key's signature on it holds.

    Raises `InvalidNote` if the form is wrong, if no signature is by a trusted key, or if any signature by a trusted key
    does not hold. Signatures by unknown keys are ignored.
    """
    text, lines = split_note(note)
    keys = {(key.name, key.key_id): key for key in trusted}
    held = False
    for name, signature in lines:
        key = keys.get((name, signature[:ID_LENGTH]))
        if key is None:
            continue
        if not key.holds(text.encode(), signature[ID_LENGTH:]):
            message = f"the signature by {name} does not belong to this text"
            raise InvalidNote(message)
        held = True
    if not held:
        message = "no signature on the note is by a trusted key"
        raise InvalidNote(message)
    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Text and (name, id and signature) lines of a note; raises `InvalidNote` on any departure from the form."""
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        message = "a signed note is text, a blank line and signature lines, each ended by a newline"
        raise InvalidNote(message)
    text += "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURE_LIMIT:
        message = f"a note with more than {SIGNATURE_LIMIT} signatures is not read"
        raise InvalidNote(message)
    return text, [_signature_line(line) for line in lines]


def _signature_line(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    signature = from_base64(encoded)
    if dash != "—" or len(signature) <= ID_LENGTH:
        message = "a signature line is an em dash, a key name and a base64 signature"
        raise InvalidNote(message)
    return check_name(name), signature


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "a note must be UTF-8"
        raise InvalidNote(message) from error
    bare = text.replace("\n", "")
    if not text.endswith("\n") or not (bare.isprintable() or all(letter >= " " for letter in bare)):
        message = "a note's text ends in a newline and has no other control character"
        raise InvalidNote(message)


def from_base64(text: str) -> bytes:
    """Strict standard base64: no white space, no missing or surplus padding, no stray bits."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        message = "not base64"
        raise InvalidNote(message) from error
    if base64.b64encode(data).decode() != text:
        message = "not base64 in its one canonical form"
        raise InvalidNote(message)
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a ledger: whose, how many events, and the RFC 6962 root (32 bytes) over them."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text; extension lines are allowed and ignored. Raises `InvalidNote`."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
            message = "a checkpoint is at least three lines: origin, size and root"
            raise InvalidNote(message)
        origin, size, encoded = lines[:3]
        if not (size.isascii() and size.isdecimal()) or str(int(size)) != size:
            message = "a checkpoint's size is a decimal number without leading zeroes"
            raise InvalidNote(message)
        found = from_base64(encoded)
        if len(found) != HASH_LENGTH:
            message = "a checkpoint's root is 32 bytes in base64"
            raise InvalidNote(message)
        return cls(origin=origin, size=int(size), root=found)

    @classmethod
    def open(cls, note: str, trusted: Sequence[VerifierKey]) -> Checkpoint:
        """The checkpoint in a signed note by a trusted key; raises `InvalidNote`."""
        return cls.parse(open_note(note, trusted))

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
