"""A witness: a second program, with a key and a storage of its own, that cosigns a ledger's checkpoint only if the ledger has merely grown.

Run by somebody else than the ledger, on another machine or from a stick, it makes a rewritten history impossible to hide: it
remembers the newest tree that it has cosigned and never cosigns one that does not extend it (c2sp.org/tlog-witness). It sees sizes and
hashes, never an event.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from audit.cosigning import Cosigner, CosignerKey
from audit.errors import AuditError, InvalidNote, InvalidProof
from audit.keys import generate_private, load_private
from audit.merkle import EMPTY_ROOT, verify_consistency
from audit.notes import Checkpoint, VerifierKey, from_base64, open_note

PROOF_LIMIT = 63
REQUEST_LIMIT = 65_536
"""Bytes read of a request."""

KEY_FILE, SETTINGS_FILE, LOCK_FILE = "witness.pem", "witness.json", "witness.lock"
SIZE_TYPE = "text/x.tlog.size"


class WitnessError(AuditError):
    """The witness can't be made or opened; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witness says: an HTTP status of the specification, a body, and the body's type."""

    status: int
    body: str
    kind: str = "text/plain; charset=utf-8"


class Witness:
    """One witness and what it remembers. Safe for threads and processes: check and record happen under one lock."""

    def __init__(
        self, folder: Path, cosigner: Cosigner, logs: Sequence[VerifierKey], clock: Callable[[], datetime]
    ) -> None:
        """Use `Witness.make` or `Witness.open`."""
        self._folder, self._cosigner, self._clock = folder, cosigner, clock
        self._logs = {log.name: log for log in logs}

    @classmethod
    def make(cls, folder: Path, name: str, logs: Sequence[VerifierKey]) -> CosignerKey:
        """Make a witness called `name` for these logs in the new or empty `folder`, and return its public key."""
        if not logs:
            raise WitnessError(
                "a witness needs the verifier key of at least one ledger; `wenshu audit export` writes it as `vkey`"
            )
        if folder.exists() and any(folder.iterdir()):
            raise WitnessError(
                f"{folder.name} is not empty; name a new folder: a witness keeps its memory, so nothing was changed"
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cosigner = Cosigner(name, generate_private(folder / KEY_FILE))
        witness = cls(folder, cosigner, logs, datetime.now)
        for log in logs:
            _write(witness._memory(log.name), "")  # that it never cosigned anything is remembered too
        settings = {"name": name, "logs": [str(log) for log in logs]}
        _write(folder / SETTINGS_FILE, json.dumps(settings, indent=1) + "\n")
        return cosigner.key

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime]) -> Witness:
        """Open the witness in `folder`; raises `WitnessError` or `KeyFileError`."""
        try:
            settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
            logs = [VerifierKey.parse(text) for text in settings["logs"]]
            name = str(settings["name"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WitnessError(f"{folder.name} holds no witness; make one with `wenshu witness init`") from error
        return cls(folder, Cosigner(name, load_private(folder / KEY_FILE)), logs, clock)

    @property
    def key(self) -> CosignerKey:
        """The key by which others check this witness's cosignatures."""
        return self._cosigner.key

    def sizes(self) -> dict[str, int]:
        """How large a tree it has cosigned of each log."""
        return {origin: found.size for origin in self._logs for found in [self._newest(origin)]}

    def add_checkpoint(self, request: bytes) -> Answer:
        """Answer one request of the specification's form; cosigns only growth, and remembers before it answers."""
        try:
            old, proof, note = _parse(request)
            origin = note.split("\n", 1)[0]
        except (InvalidNote, UnicodeDecodeError, ValueError) as error:
            return Answer(400, f"{error}\n")
        log = self._logs.get(origin)
        if log is None:
            return Answer(404, "this ledger is not known here\n")
        try:
            text = open_note(note, [log])
        except InvalidNote as error:
            return Answer(403, f"{error}\n")
        try:
            asked = Checkpoint.parse(text)
        except InvalidNote as error:
            return Answer(400, f"{error}\n")
        if old > asked.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        try:
            with self._locked():
                return self._judge(origin, old, proof, asked, text, note)
        except OSError as error:
            return Answer(503, f"the witness can't remember now ({error.strerror}); ask again\n")

    def _judge(self, origin: str, old: int, proof: Sequence[bytes], asked: Checkpoint, text: str, note: str) -> Answer:
        known = self._newest(origin)
        conflict = Answer(409, f"{known.size}\n", SIZE_TYPE)
        if old != known.size or (old == asked.size and known.root != asked.root):
            return conflict
        try:
            if old == 0:
                if proof or (asked.size == 0 and asked.root != EMPTY_ROOT):
                    raise InvalidProof("from size 0 there is nothing to prove")
            else:
                verify_consistency(old, asked.size, proof, known.root, asked.root)
        except InvalidProof as error:
            return Answer(422, f"{error}\n")
        if asked.size > known.size:
            _write(self._memory(origin), note)
        return Answer(200, self._cosigner.line(text, int(self._clock().timestamp())))

    def _newest(self, origin: str) -> Checkpoint:
        """The newest checkpoint cosigned; size 0 if there was none. Raises `OSError` if the memory was lost."""
        note = self._memory(origin).read_text(encoding="utf-8")
        return (
            Checkpoint.open(note, [self._logs[origin]]) if note else Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
        )

    def _memory(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def compose(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The request that asks a witness, which has cosigned `old` entries, for a cosignature on `note`."""
    import base64

    lines = "".join(base64.b64encode(found).decode() + "\n" for found in proof)
    return f"old {old}\n{lines}\n{note}".encode()


def _parse(request: bytes) -> tuple[int, list[bytes], str]:
    """Old size, proof and checkpoint of a request; raises `InvalidNote` or `UnicodeDecodeError`."""
    if len(request) > REQUEST_LIMIT:
        raise InvalidNote("the request is too long")
    front, blank, note = request.decode().partition("\n\n")
    first, *lines = front.split("\n")
    word, _, size = first.partition(" ")
    if not blank or word != "old" or not (size.isascii() and size.isdecimal()) or str(int(size)) != size:
        raise InvalidNote("a request begins with `old` and a size, then the proof, an empty line and the checkpoint")
    if len(lines) > PROOF_LIMIT:
        raise InvalidNote(f"a proof has at most {PROOF_LIMIT} hashes")
    return int(size), [from_base64(line) for line in lines], note


def _write(path: Path, text: str) -> None:
    """Replace the file's content, durable before return."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
