"""Fields about a person that can be forgotten although the ledger can't: they are written sealed, and the key lies elsewhere.

Each person has a data key of his own in a folder outside the ledger. A field is written as `{"key": <id>, "sealed": <base64>}` (AES-256-GCM, the
id authenticated with it); the leaf hash covers that and nothing else. Destroying the key makes every field of that person unreadable for ever,
in the ledger, its exports and its backups alike, while every hash, proof and checkpoint holds as before.

The folder holds two small files for each person: `<tag>`, named by a hash of whatever the caller names the person by, with the key's random
id; and `<id>`, with the key. The id stays in the ledger, so that it can be counted what was shredded; it leads to nobody. Once shredded, the tag
says so for ever, and what is still written about that person is sealed with a key that is thrown away at once.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.causes import Translated
from audit.events import Entropy
from audit.place import Place
from audit.reading import connect, snapshot

ERASED = "已删除 erased"
"""What a field says whose key was destroyed, wherever it is shown."""

PURPOSE = b"wenshu/ledger/person/1:"
ID = re.compile(r"[0-9a-f]{32}")
GONE = "erased"
KEY_BYTES, NONCE_BYTES = 32, 12

Sealed = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredded:
    """What was destroyed: the key's id; and whether the key is still there, which must be false."""

    key: str
    key_left: bool


class PersonKeys:
    """The keys of persons, in a folder of mode 0700 that several processes may share; made when the first is needed."""

    def __init__(self, folder: Path, entropy: Entropy = secrets.token_bytes) -> None:
        """Keep the keys in `folder`, on a disk where a file that was overwritten is gone (see the documentation on backups)."""
        self._folder = folder
        self._entropy = entropy

    def seal(self, person: str, text: str) -> Sealed:
        """`text` for the detail of an event about that person. Raises `AuditUnavailable` if there can be no key."""
        with Translated():
            key_id, key = self._key(_tag(person))
        nonce = self._entropy(NONCE_BYTES)
        box = nonce + AESGCM(key).encrypt(nonce, text.encode(), PURPOSE + key_id.encode())
        return {"key": key_id, "sealed": base64.b64encode(box).decode()}

    def open(self, value: Any) -> str | None:
        """What was sealed; None if its key was destroyed or it was altered. Raises `AuditUnavailable` if the keys can't be read."""
        if not is_sealed(value):
            return None
        with Translated():
            key = self._read(value["key"])
        if key is None:
            return None
        try:
            box = base64.b64decode(value["sealed"], validate=True)
            return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], PURPOSE + value["key"].encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None

    def told(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        """An event's detail for a page: sealed fields opened, or said to be erased."""
        return {name: (self.open(value) or ERASED) if is_sealed(value) else value for name, value in detail.items()}

    def shred(self, person: str) -> Shredded | None:
        """Destroy the person's key, on the disk before this returns; None if there never was one, or it was destroyed before.

        From then on nothing is sealed for this person that could be opened. Raises `AuditUnavailable`.
        """
        tag = _tag(person)
        with Translated():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key_id = self._id(tag)
            if key_id == GONE:
                return None
            if key_id is not None:
                _overwrite(self._folder / key_id)
            fresh = self._folder / f"{self._entropy(16).hex()}.new"
            _write(fresh, GONE.encode())
            fresh.replace(self._folder / tag)
            _sync(self._folder)
            return None if key_id is None else Shredded(key=key_id, key_left=(self._folder / key_id).exists())

    def _key(self, tag: str) -> tuple[str, bytes]:
        key_id = self._id(tag)
        if key_id is None:
            key_id = self._made(tag)
        key = None if key_id == GONE else self._read(key_id)
        # A key that was destroyed, be it a moment ago, is not made again: what is sealed now can't be opened by anybody.
        return (self._entropy(16).hex(), self._entropy(KEY_BYTES)) if key is None else (key_id, key)

    def _made(self, tag: str) -> str:
        """A new key's id, or that of the process that was quicker."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_id = self._entropy(16).hex()
        _write(self._folder / key_id, self._entropy(KEY_BYTES))
        named = self._folder / f"{key_id}.new"
        _write(named, key_id.encode())
        try:
            os.link(named, self._folder / tag)
        except FileExistsError:
            _overwrite(self._folder / key_id)
            key_id = self._id(tag) or GONE
        finally:
            named.unlink()
        _sync(self._folder)
        return key_id

    def _id(self, tag: str) -> str | None:
        """The id of the person's key, `GONE` if it was destroyed, None if there never was one."""
        try:
            found = (self._folder / tag).read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return found if ID.fullmatch(found) else GONE

    def _read(self, key_id: str) -> bytes | None:
        try:
            found = (self._folder / key_id).read_bytes()
        except FileNotFoundError:
            return None
        return found if len(found) == KEY_BYTES and any(found) else None


def is_sealed(value: Any) -> bool:
    """Whether a member of an event's detail is a sealed field."""
    if not isinstance(value, dict) or value.keys() != {"key", "sealed"}:
        return False
    return isinstance(value["sealed"], str) and isinstance(value["key"], str) and bool(ID.fullmatch(value["key"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What the ledger still says of a person: entries `sealed` with one key, how many of these still `open`, and `plain` ones.

    Plain ones were written by a release that did not seal; they name a pseudonym, which leads to nobody once the vault has forgotten it.
    """

    sealed: int
    open: int
    plain: int


def left(path: Place, keys: PersonKeys, key: str | None, texts: Sequence[str], types: Sequence[str]) -> Left:
    """Look through all entries whose type begins with one of `types`; `texts` are what the person may stand there as.

    Raises `AuditUnavailable`.
    """
    known, sealed, still, plain = set(texts), 0, 0, 0
    begins = " OR ".join("i.type LIKE ?" for _ in types)
    statement = (
        f"SELECT CAST(e.body AS BLOB) FROM event_index i JOIN entry e ON e.idx = i.idx WHERE {begins} ORDER BY i.idx"  # noqa: S608
    )
    with closing(connect(path)) as connection, snapshot(connection):
        for (line,) in connection.execute(statement, [f"{kind}%" for kind in types]):
            values = json.loads(line)["detail"].values()
            ours = [value for value in values if is_sealed(value) and value["key"] == key]
            sealed += bool(ours)
            still += any(keys.open(value) is not None for value in ours)
            plain += any(isinstance(value, str) and value in known for value in values)
    return Left(sealed=sealed, open=still, plain=plain)


def _tag(person: str) -> str:
    return "p" + sha256(PURPOSE + person.encode()).hexdigest()[:32]


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        file.write(data)
        os.fsync(descriptor)


def _overwrite(path: Path) -> None:
    """Overwrite a file where it lies, then remove it; nothing to do where there is none."""
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
