"""The ledger of Wenshu: events that are durable before data is released, in a Merkle tree that anyone can check.

`Ledger` writes, `verify` checks, `Reader` searches, `export` hands the whole over. Nothing here knows the rest of the project.
"""

from __future__ import annotations

from audit.errors import AuditError, AuditUnavailable
from audit.events import Event, Receipt
from audit.ledger import Ledger
from audit.report import Report
from audit.verify import verify

__all__ = ["AuditError", "AuditUnavailable", "Event", "Ledger", "Receipt", "Report", "verify"]
