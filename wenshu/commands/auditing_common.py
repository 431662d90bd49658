"""What the commands over the ledger share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wenshu.commands.common import Context

if TYPE_CHECKING:
    from audit import Ledger


def origin_of(context: Context) -> str:
    """The name of the home's ledger."""
    from wenshu.marker import read_marker

    return read_marker(context.home).origin


def vkey_of(context: Context) -> str:
    """The verifier key of the home's ledger."""
    from audit.keys import load_key

    return str(load_key(context.home.ledger_key, origin_of(context)).verifier)


def writable(context: Context) -> Ledger:
    """The home's ledger, opened for writing; to be closed by the caller."""
    from governance.bundle.loading import load_bundle
    from wenshu.setup import open_ledger

    home = context.home.require()
    return open_ledger(home, origin_of(context), load_bundle(home.bundle).settings.timezone)


def kept_months(context: Context) -> dict[str, int]:
    """How many months the bundle in force keeps each class of the ledger's records that it names; of several, the longest."""
    from governance.bundle.loading import load_bundle
    from governance.documents.identity import RetentionDocument

    found: dict[str, int] = {}
    for read in load_bundle(context.home.require().bundle).of("retention", RetentionDocument):
        for clock in read.document.ledger:
            found[clock.records] = max(clock.months, found.get(clock.records, 0))
    return found
