"""Since which published state of the warehouse everything by which a person can be told apart there has been as it is now.

Former attributes are not kept: where somebody worked last year is nobody's business. What is kept is when they last changed. A question asked since then met the person as the
warehouse holds the person today; of an earlier one nobody can say whether the person was inside its filters, and whoever replays it must say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from governance.identity.vault import batches
from governance.identity.vault_schema import handover, state, steady

if TYPE_CHECKING:
    from collections.abc import Iterable

    from governance.identity.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """What can be said of a person in an earlier state: `attributes`, that they were today's; `rows`, that none of today's rows stood under somebody else's key."""

    attributes: bool
    rows: bool


def note(vault: Vault, version: str, *, before: str | None, changed: Iterable[str], moved: Iterable[str]) -> None:
    """Note a state that is about to be published, and the UIDs of whom it shows otherwise than the state `before` did: other attributes (`changed`), rows of other keys (`moved`).

    If the state before is unknown, or others were noted after it (they were never published, or a backup was restored), what lies between is forgotten: nobody can say what was in it.
    """
    with vault.engine.begin() as connection:
        stood = None if before is None else connection.execute(sa.select(state.c.number).where(state.c.version == before)).scalar_one_or_none()
        last = connection.execute(sa.select(sa.func.max(state.c.number))).scalar_one()
        connection.execute(state.delete() if stood is None else state.delete().where(state.c.number > stood))
        number = (last or 0) + 1
        connection.execute(state.insert(), [{"number": number, "version": version}])
        taken = connection.execute(sa.select(handover.c.uid, handover.c.to_uid).where(handover.c.state.is_(None))).all()
        connection.execute(handover.update().where(handover.c.state.is_(None)).values(state=number))
        mixed = {*moved, *(uid for pair in taken for uid in pair)}
        for some in batches(sorted({*changed, *mixed}), 500):
            rows = {row.uid: row.rows for row in connection.execute(sa.select(steady.c.uid, steady.c.rows).where(steady.c.uid.in_(some)))}
            connection.execute(steady.delete().where(steady.c.uid.in_(some)))
            connection.execute(steady.insert(), [{"uid": uid, "attributes": number, "rows": number if uid in mixed else rows.get(uid, 0)} for uid in some])


def stood_then(vault: Vault, uid: str, version: str | None, *, now: str | None) -> Stood:
    """What is known of a person in the state `version` of the warehouse; of an unknown state nothing is. `now` is the state that the file is in: if it isn't the last that was noted, nothing is known either."""
    with vault.engine.connect() as connection:
        number = connection.execute(sa.select(state.c.number).where(state.c.version == (version or ""))).scalar_one_or_none()
        last = connection.execute(sa.select(state.c.version).order_by(state.c.number.desc()).limit(1)).scalar_one_or_none()
        found = connection.execute(sa.select(steady.c.attributes, steady.c.rows).where(steady.c.uid == uid)).one_or_none()
    if number is None or now is None or last != now:
        return Stood(attributes=False, rows=False)
    return Stood(attributes=found is None or number >= found.attributes, rows=found is None or number >= found.rows)
