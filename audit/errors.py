"""The errors of the ledger, one root for all."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "disk_full",
    "read_only",
    "locked",
    "missing",
    "io_error",
    "corrupt",
    "slow",
    "overloaded",
    "closed",
    "behind",
    "forked",
    "no_checkpoint",
    "bad_checkpoint",
    "wrong_ledger",
    "internal",
]
"""Why the ledger can't be written or read now.

The first nine are infrastructure and pass by themselves once mended; `behind`, `forked`, `no_checkpoint` and
`bad_checkpoint` mean that the evidence does not hold together and a person must look; `wrong_ledger` is configuration.
"""


class AuditError(Exception):
    """Root of everything that this package raises on purpose."""


class AuditUnavailable(AuditError):
    """Nothing was acknowledged: the caller must not release data.

    `reason` is one of `Reason`; the message names the cause and the next step, and no path, person or value.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class NotCanonical(AuditError, ValueError):
    """A value lies outside the canonical JSON subset, or bytes are not its canonical form."""


class InvalidEvent(AuditError, ValueError):
    """An event misses what its type needs; nothing was written."""


class InvalidProof(AuditError, ValueError):
    """A Merkle proof does not hold."""


class InvalidNote(AuditError, ValueError):
    """A signed note, a checkpoint or a verifier key is malformed, or no trusted signature on it holds."""


class InvalidStamp(AuditError, ValueError):
    """A time-stamp is malformed, is of something else, or no trusted authority gave it."""


class KeyFileError(AuditError):
    """A key file is absent, malformed or readable by others."""


class NotFound(AuditError, LookupError):
    """No event has that id."""


class ExportError(AuditError):
    """An export could not be written where it was asked for; nothing was left behind."""
