"""The consent ledger: what persons declared to us, per purpose and channel, under which version of the notice. Acts are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from governance.identity import vault_schema as schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from governance.documents.identity import Notice
    from governance.identity.vault import Vault

Act = Literal["granted", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAct:
    """One declaration. No `channel`: for all. `notice` and `notice_version`: what the person had been told. `at` is local time."""

    uid: str
    purpose: str
    channel: str | None
    act: Act
    notice: str | None
    notice_version: int | None
    at: datetime
    recorded_by: str
    case_number: str


def declare(connection: sa.Connection, done: Iterable[ConsentAct]) -> None:
    """Add acts in the caller's transaction."""
    rows = [{name: getattr(item, name) for name in ConsentAct.__slots__} for item in done]
    if rows:
        connection.execute(schema.consent_act.insert(), rows)


def acts(vault: Vault, *, uid: str | None = None) -> list[ConsentAct]:
    """The acts of everybody or of one person, in the order in which they were recorded."""
    table = schema.consent_act
    columns = [table.c[name] for name in ConsentAct.__slots__]
    wanted = sa.select(*columns).order_by(table.c.id)
    with vault.engine.connect() as connection:
        rows = connection.execute(wanted if uid is None else wanted.where(table.c.uid == uid)).all()
    return [ConsentAct(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping


def notice_for(notices: Iterable[Notice], purpose: str, channel: str | None, day: date) -> Notice | None:
    """The notice that was in force for a purpose and channel on a day: the latest version that had begun."""
    fitting = [
        item
        for item in notices
        if purpose in item.purposes and item.effective_from <= day and (channel is None or not item.channels or channel in item.channels)
    ]
    return max(fitting, key=lambda item: (item.effective_from, item.version), default=None)
