"""Verifying the home's ledger with what is kept outside it."""

from __future__ import annotations

from pathlib import Path

from audit.keys import load_key
from audit.report import Report
from audit.verify import verify
from wenshu.home import Home
from wenshu.marker import read_marker
from wenshu.settings import now


def verify_home(home: Home, *, vkey: str | None = None, external_checkpoint: Path | None = None) -> Report:
    """Verify the ledger of `home` against its key (or the given `vkey`) and the checkpoint kept outside the database."""
    key = vkey or str(load_key(home.ledger_key, read_marker(home).origin).verifier)
    return verify(home.ledger, key, external_checkpoint or home.checkpoint, now=now(), witnesses=home.witnesses, stamps=home.stamps)
