"""The ledger's side of time-stamps: asking an authority, keeping what it signed, and holding it against the ledger.

In the folder (`checkpoints/stamps` of a home) `authorities.pem` holds the certificates that are trusted, a file `<hash>.note` each
checkpoint for which a stamp was asked, and `<hash>.stamp` what came back: request and answer, as the authority's tools read them.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from audit.errors import InvalidNote, InvalidStamp
from audit.notes import Checkpoint, VerifierKey
from audit.report import Stamped
from audit.stamps import LIMIT, Stamp, ask, asked, check

PATIENCE_S = 15.0
NONCE_BYTES = 8
AUTHORITIES = "authorities.pem"


class Stamps:
    """The time-stamps of one ledger, in a folder."""

    def __init__(self, folder: Path, vkey: str) -> None:
        """Those in `folder` (which may be absent: none) of the ledger with that verifier key."""
        self._folder = folder
        self._ledger = VerifierKey.parse(vkey)

    def trust(self, pem: bytes) -> list[str]:
        """Trust these certificates (PEM) from now on, beside those trusted before; returns their SHA-256 fingerprints in hex.

        Raises `InvalidStamp` if they are no certificates.
        """
        try:
            found = x509.load_pem_x509_certificates(pem)
        except ValueError as error:
            raise InvalidStamp(
                "this is no file of certificates in PEM; ask the time-stamping authority for its own"
            ) from error
        kept = self._trusted()
        self._put(AUTHORITIES, b"".join(one.public_bytes(Encoding.PEM) for one in dict.fromkeys([*kept, *found])))
        return [one.fingerprint(hashes.SHA256()).hex() for one in found]

    def request(self, note: str, entropy: Callable[[int], bytes]) -> bytes:
        """A request for a stamp on the signed checkpoint `note`, which is kept until an answer comes; raises `InvalidNote`."""
        Checkpoint.open(note, [self._ledger])
        self._put(f"{_name(note.encode())}.note", note.encode())
        return ask(note.encode(), int.from_bytes(entropy(NONCE_BYTES), "big"))

    def accept(self, request: bytes, answer: bytes) -> Stamped:
        """Keep the `answer` to a `request`, both in the form of RFC 3161; raises `InvalidStamp` if it does not hold."""
        path = self._folder / f"{asked(request)[0].hex()}.note"
        if not path.exists():
            raise InvalidStamp("the request is not one that this ledger made")
        note = path.read_bytes()
        stamp = self._checked(note, request, answer)
        kept = {"request": base64.b64encode(request).decode(), "answer": base64.b64encode(answer).decode()}
        self._put(f"{_name(note)}.stamp", json.dumps(kept).encode() + b"\n")
        return self._told(note, stamp)

    def ask(self, url: str, note: str, entropy: Callable[[int], bytes]) -> Stamped:
        """Ask the authority at `url` for a stamp on `note` and keep it; raises `InvalidStamp`."""
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise InvalidStamp("an authority's address begins with http:// or https://")
        request = self.request(note, entropy)
        return self.accept(request, _post(url, request))

    def held(self) -> Iterator[tuple[str, Stamped]]:
        """Each stamped checkpoint as a signed note, with what its stamp says; raises `InvalidStamp` at one that does not hold, and `OSError`."""
        for path in sorted(self._folder.glob("*.stamp")):
            try:
                kept = json.loads(path.read_bytes())
                request, answer = base64.b64decode(kept["request"]), base64.b64decode(kept["answer"])
                note = path.with_suffix(".note").read_bytes()
            except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
                raise InvalidStamp(f"the file of a time-stamp is damaged: {path.name}") from error
            yield note.decode("utf-8", "replace"), self._told(note, self._checked(note, request, answer))

    def _checked(self, note: bytes, request: bytes, answer: bytes) -> Stamp:
        trusted = self._trusted()
        if not trusted:
            raise InvalidStamp(
                "no time-stamping authority is trusted; name its certificate with `wenshu audit stamp trust`"
            )
        return check(answer, request, note, trusted)

    def _told(self, note: bytes, stamp: Stamp) -> Stamped:
        try:
            size = Checkpoint.open(note.decode("utf-8", "replace"), [self._ledger]).size
        except InvalidNote as error:
            raise InvalidStamp("what was stamped is no checkpoint of this ledger") from error
        return Stamped(size=size, time=stamp.time.isoformat(), authority=stamp.authority, serial=str(stamp.serial))

    def _trusted(self) -> list[x509.Certificate]:
        path = self._folder / AUTHORITIES
        try:
            return x509.load_pem_x509_certificates(path.read_bytes()) if path.exists() else []
        except ValueError as error:
            raise InvalidStamp(f"the file {AUTHORITIES} is damaged; trust the authority's certificate anew") from error

    def _put(self, name: str, data: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._folder / f"{name}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(self._folder / name)


def _name(note: bytes) -> str:
    return sha256(note).hexdigest()


def _post(url: str, request: bytes) -> bytes:
    asked = Request(url, data=request, headers={"Content-Type": "application/timestamp-query"}, method="POST")  # noqa: S310 - checked by `ask`
    try:
        with build_opener(ProxyHandler({})).open(asked, timeout=PATIENCE_S) as answer:
            found: bytes = answer.read(LIMIT + 1)
            return found
    except HTTPError as error:
        raise InvalidStamp(f"the authority refused ({error.code})") from error
    except (URLError, OSError, ValueError) as error:
        raise InvalidStamp(
            "the authority can't be reached; carry the request to it in a file: `wenshu audit stamp request`"
        ) from error
