"""Identifiers that pass from one person of the vault to another: by a merge, a split, or a phone that somebody else has now.

Linking decides who owns an identifier; here is kept what follows from it for the persons. Who takes over a strong identifier (a license, a customer number) may be the same human
being, so a withdrawal that stands for one stands for both: a merge, or its reversal, never makes a declared withdrawal ineffective. Nothing here says who anybody is: rows hold UIDs only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from governance.identity import vault_schema as schema
from governance.identity.vault_schema import consent_act, handover

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from governance.identity.vault import Vault

Taken = tuple[str, str, bool]
"""(who had it, who has it now, whether it was a strong identifier)."""


def taken_over(known: Mapping[tuple[str, bytes], str], indexes: Iterable[tuple[str, bytes, str]], weak: frozenset[str]) -> set[Taken]:
    """What passes on when blind indexes (type, digest, UID) are written over the `known` ones."""
    return {(owner, uid, kind not in weak) for kind, digest, uid in indexes if (owner := known.get((kind, digest), uid)) != uid}


def keep(connection: sa.Connection, taken: Iterable[Taken]) -> None:
    """Keep the handovers in the caller's transaction, as not yet looked at, and let withdrawals follow strong identifiers."""
    for before, now, strong in sorted(taken):
        mine = (handover.c.uid == before, handover.c.to_uid == now)
        stood = connection.execute(sa.select(handover.c.strong).where(*mine)).scalar_one_or_none()
        connection.execute(handover.delete().where(*mine))
        connection.execute(handover.insert(), [{"uid": before, "to_uid": now, "strong": bool(stood) or strong, "state": None}])
        if strong:
            _withdrawals_follow(connection, before, now)


def _withdrawals_follow(connection: sa.Connection, before: str, now: str) -> None:
    """Give `now` the declared withdrawals that stand for `before`, unless it has declared the same or something later itself."""
    act = consent_act
    latest: dict[tuple[str, str | None], sa.Row[tuple[object, ...]]] = {}
    for row in connection.execute(sa.select(act).where(act.c.uid == before).order_by(act.c.at, act.c.id)):
        latest[row.purpose, row.channel] = row
    own = {(row.purpose, row.channel): row.at for row in connection.execute(sa.select(act).where(act.c.uid == now).order_by(act.c.at, act.c.id))}
    fresh = [
        {name: value for name, value in row._mapping.items() if name != "id"} | {"uid": now}  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping
        for about, row in latest.items()
        if row.act == "withdrawn" and (about not in own or own[about] < row.at)
    ]
    if fresh:
        connection.execute(act.insert(), fresh)


def merged_away(vault: Vault, uid: str) -> list[str]:
    """The earlier entries of the same human being: persons by whom nobody is found any more, since all that they were found by passed to this person, through however many others."""
    with vault.engine.connect() as connection:
        pairs = [(str(row.uid), str(row.to_uid)) for row in connection.execute(sa.select(handover.c.uid, handover.c.to_uid).where(handover.c.strong))]
        found: set[str] = set()
        waiting = [uid]
        while waiting:
            into = waiting.pop()
            more = {before for before, now in pairs if now == into} - found - {uid}
            found |= more
            waiting += sorted(more)
        return [one for one in sorted(found) if _nobody_found(connection, one)]


def replaced(vault: Vault) -> dict[str, list[str]]:
    """Of every person by whom nobody is found any more, whose the strong identifiers are now: a merge's one, after a split perhaps another's."""
    with vault.engine.connect() as connection:
        given = [str(uid) for uid in connection.execute(sa.select(handover.c.uid).where(handover.c.strong).distinct()).scalars()]
        gone = [(uid, vault.person_row(connection, uid).entity) for uid in given if _nobody_found(connection, uid)]
    return {uid: sorted(_owners(vault, entity, uid)) for uid, entity in gone}


def _nobody_found(connection: sa.Connection, uid: str) -> bool:
    person, index = schema.person, schema.blind_index
    there = connection.execute(sa.select(person.c.uid).where(person.c.uid == uid)).first() is not None
    return there and connection.execute(sa.select(index.c.uid).where(index.c.uid == uid).limit(1)).first() is None


def _owners(vault: Vault, entity: str, uid: str) -> set[str]:
    from governance.identity.vault import WEAK

    fields = vault.open_fields(uid)
    pairs = [(kind, value) for kind, values in fields.items() if kind != "name" and kind not in WEAK and not kind.startswith("former_") for value in values]
    return {owner for kind, value in pairs if (owner := vault.find(entity, kind, value)) is not None}
