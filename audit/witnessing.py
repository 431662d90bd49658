"""The ledger's side of witnesses: asking them, keeping what they signed, and telling how old it is.

In the folder (`checkpoints/witnesses` of a home) each witness has a file `<id>.json` with its key and address, and a file
`<id>.cosigned`: the newest checkpoint of ours that it cosigned, as a signed note with both signatures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from audit.cosigning import CosignerKey
from audit.errors import AuditError, InvalidNote, InvalidProof
from audit.notes import Checkpoint, VerifierKey
from audit.outside import read_steadily
from audit.report import Standing
from audit.search import Reader
from audit.witness import compose

PATIENCE_S = 10.0
ANSWER_LIMIT = 65_536
ROUNDS = 3
"""Asked again so often if the witness knows another size than ours."""

CONFLICT = 409


class WitnessRefused(AuditError):
    """A witness did not cosign; the message says why. `forked` if it holds a history that ours does not extend."""

    def __init__(self, message: str, *, forked: bool = False) -> None:
        super().__init__(message)
        self.forked = forked


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A witness that a ledger relies on."""

    key: CosignerKey
    url: str | None


class Witnesses:
    """The witnesses of one ledger, in a folder."""

    def __init__(self, folder: Path, vkey: str) -> None:
        """Those in `folder` (which may be absent: none) of the ledger with that verifier key."""
        self._folder = folder
        self._ledger = VerifierKey.parse(vkey)

    def add(self, key: CosignerKey, url: str | None) -> None:
        """Rely on a witness from now on; a known one gets the new address. Raises `WitnessRefused` for an odd address."""
        if url is not None and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise WitnessRefused("a witness's address begins with http:// or https://")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(self._file(key, "json"), json.dumps({"vkey": str(key), "url": url}) + "\n")

    def known(self) -> list[Known]:
        """All witnesses, by name; raises `InvalidNote` if one's file is damaged."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                settings = json.loads(path.read_text(encoding="utf-8"))
                found.append(Known(key=CosignerKey.parse(settings["vkey"]), url=settings["url"]))
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidNote(f"the file of a witness is damaged: {path.name}; add the witness anew") from error
        return sorted(found, key=lambda known: known.key.name)

    def request(self, reader: Reader, key: CosignerKey, *, old: int | None = None) -> bytes:
        """What to ask this witness: the newest checkpoint, and the proof that it extends what it cosigned last (or `old`)."""
        size = self._cosigned_size(key) if old is None else old
        note = reader.head()
        newest = Checkpoint.open(note, [self._ledger])
        if size > newest.size:
            raise WitnessRefused(
                f"the witness {key.name} has cosigned {size} entries, the ledger has only {newest.size}:"
                " its end was cut off or an old copy was put back",
                forked=True,
            )
        if size == 0:
            return compose(0, (), note)
        growth = reader.growth(size)  # with the checkpoint of its own moment, which may be a newer one
        return compose(size, growth.path, growth.checkpoint)

    def accept(self, request: bytes, answer: str) -> Known:
        """Keep a witness's answer to a request: the cosignature lines; raises `WitnessRefused` if none of them is by a known witness."""
        note = request.decode().partition("\n\n")[2]
        for known in self.known():
            own = "".join(line + "\n" for line in answer.splitlines() if line.startswith(f"— {known.key.name} "))
            try:
                known.key.seen_at(note + own)
            except InvalidNote:
                continue
            if Checkpoint.open(note, [self._ledger]).size >= self._cosigned_size(known.key):
                _put(self._file(known.key, "cosigned"), note + own)
            return known
        raise WitnessRefused("no cosignature in the answer is by a witness of this ledger; add the witness first")

    def ask(self, reader: Reader, known: Known) -> int:
        """Ask a witness over HTTP and keep its cosignature; returns the size cosigned. Raises `WitnessRefused`."""
        if known.url is None:
            raise WitnessRefused(f"the witness {known.key.name} has no address; carry a request to it in a file")
        request = self.request(reader, known.key)
        for _ in range(ROUNDS):
            status, body = _post(known, request)
            if status == 200:
                self.accept(request, body)
                return self._cosigned_size(known.key)
            if status != CONFLICT or not body.strip().isdecimal() or len(body) > 20:
                raise WitnessRefused(f"the witness {known.key.name} refused ({status})", forked=status == 422)
            old = int(body)
            if request.startswith(b"old %d\n" % old):
                raise WitnessRefused(
                    f"the witness {known.key.name} knows another tree of {old} entries: a fork", forked=True
                )
            try:
                request = self.request(reader, known.key, old=old)
            except InvalidProof as error:
                raise WitnessRefused(f"the witness {known.key.name} knows a size that this ledger never had") from error
        raise WitnessRefused(f"the witness {known.key.name} is being asked by somebody else; ask again")

    def notes(self) -> Iterator[tuple[Known, str]]:
        """What each witness cosigned last, as it is kept; raises `OSError`."""
        for known in self.known():
            path = self._file(known.key, "cosigned")
            if path.exists():
                yield known, read_steadily(path).decode("utf-8", "replace")

    def standing(self, now: datetime, size: int) -> list[Standing]:
        """How each witness stands at `now`, the ledger having `size` entries."""
        notes = {known.key.name: note for known, note in self.notes()}
        return [self._stands(known, notes.get(known.key.name), now, size) for known in self.known()]

    def _stands(self, known: Known, note: str | None, now: datetime, size: int) -> Standing:
        if note is None:
            return Standing(name=known.key.name, url=known.url, size=0, age_s=None, behind=size)
        try:
            stamp = known.key.seen_at(note)
            found = Checkpoint.open(note, [self._ledger])
        except InvalidNote as error:
            return Standing(name=known.key.name, url=known.url, size=0, age_s=None, behind=None, problem=str(error))
        age = int(now.timestamp()) - stamp
        return Standing(name=known.key.name, url=known.url, size=found.size, age_s=age, behind=size - found.size)

    def _cosigned_size(self, key: CosignerKey) -> int:
        path = self._file(key, "cosigned")
        return Checkpoint.open(path.read_text(encoding="utf-8"), [self._ledger]).size if path.exists() else 0

    def _file(self, key: CosignerKey, kind: str) -> Path:
        return self._folder / f"{key.key_id.hex()}.{kind}"


def standing(folder: Path, vkey: str, now: datetime, size: int) -> list[Standing]:
    """How the witnesses in `folder` stand; empty if there are none."""
    return Witnesses(folder, vkey).standing(now, size)


def _post(known: Known, request: bytes) -> tuple[int, str]:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    asked = Request(f"{str(known.url).rstrip('/')}/add-checkpoint", data=request, headers=headers, method="POST")  # noqa: S310 - checked by `add`
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(asked, timeout=PATIENCE_S) as answer:
            return int(answer.status), answer.read(ANSWER_LIMIT).decode("utf-8", "replace")
    except HTTPError as error:
        return error.code, error.read(ANSWER_LIMIT).decode("utf-8", "replace")
    except (URLError, OSError, ValueError) as error:
        raise WitnessRefused(f"the witness {known.key.name} can't be reached; is it running?") from error


def _put(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
