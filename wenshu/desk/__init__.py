"""The compliance officer's desk: search, findings, sign-off, evidence packs, registers. Reading the ledger is itself in the ledger."""

from __future__ import annotations

from wenshu.desk.door import NotPermitted
from wenshu.desk.looking import MAX_PAGE
from wenshu.desk.room import Desk

__all__ = ["MAX_PAGE", "Desk", "NotPermitted"]
