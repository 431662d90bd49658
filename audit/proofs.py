"""Proofs to take away: that one event is in the ledger, and that the ledger only grew."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from audit.errors import InvalidProof
from audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from audit.notes import Checkpoint, VerifierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """One stored line, its number, the RFC 6962 audit path (lowest first) and the signed checkpoint that it leads to."""

    line: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def check(self, vkey: str) -> Checkpoint:
        """The checkpoint, once the line is proven to be in it; raises `InvalidNote` or `InvalidProof`."""
        head = Checkpoint.open(self.checkpoint, [VerifierKey.parse(vkey)])
        verify_inclusion(leaf_hash(self.line), self.index, head.size, self.path, head.root)
        return head

    def text(self) -> str:
        """The proof as c2sp.org/tlog-proof writes it; the line itself goes beside it."""
        path = "".join(base64.b64encode(found).decode() + "\n" for found in self.path)
        return f"{HEADER}\nindex {self.index}\n{path}\n{self.checkpoint}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: the line as text, hashes in hex."""
        return {
            "line": self.line.decode(),
            "index": self.index,
            "leaf": leaf_hash(self.line).hex(),
            "path": [found.hex() for found in self.path],
            "checkpoint": self.checkpoint,
            "tlog_proof": self.text(),
        }


HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthProof:
    """That the tree of `checkpoint` extends the one that had `old` leaves (RFC 6962 consistency)."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: str

    def check(self, earlier: str, vkey: str) -> Checkpoint:
        """The newer checkpoint, once it is proven to extend the signed `earlier` one; raises `InvalidNote` or `InvalidProof`."""
        key = VerifierKey.parse(vkey)
        before, after = Checkpoint.open(earlier, [key]), Checkpoint.open(self.checkpoint, [key])
        if before.size != self.old or before.origin != after.origin:
            raise InvalidProof("the proof was made for another checkpoint")
        verify_consistency(before.size, after.size, self.path, before.root, after.root)
        return after
