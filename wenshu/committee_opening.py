"""Opening the committee's room over a home."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from audit import Ledger
from audit.search import Reader
from governance.bundle.store import BundleStore
from governance.metrics.execution import Sources
from wenshu.accounts import Accounts
from wenshu.committee.evidence import HomeEvidence
from wenshu.committee_room import CommitteeRoom
from wenshu.desk.registers import unsigned
from wenshu.home import Home
from wenshu.settings import now

if TYPE_CHECKING:
    from wenshu.house import House


def open_committee(
    home: Home, *, house: House, ledger: Ledger, accounts: Accounts, sources: Callable[[], AbstractContextManager[Sources]], today: Callable[[], dt.date]
) -> CommitteeRoom:
    """Return the room of an open home. Raises ConfigurationError where the store can't be opened."""
    room = CommitteeRoom(
        standings=home.standings,
        store=BundleStore.open(home.policy, now),
        ledger=ledger,
        accounts=accounts,
        evidence=HomeEvidence(ledger=home.ledger, accounts=accounts, house=house, sources=sources),
        today=today,
        clock=now,
        alarm=lambda: house.alarm,
    )
    reader = Reader(home.ledger)
    room.unassessed = lambda before, after: [item.label.text() for item in unsigned(before, after, reader)]
    return room
