"""Withdrawing consent, for purposes as a whole or in one channel of theirs; it takes effect with the others of its batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from governance.documents.identity import IdentityDocument
from governance.errors import InvalidQuery, nearest
from governance.identity.consents import ConsentAct, declare, notice_for
from governance.rights.rewriting import alone
from governance.rights.settling import consent_tables
from wenshu.subject.desk import Done, Meant, Subject, SubjectDesk

if TYPE_CHECKING:
    from governance.identity.directory import Directory
    from governance.terms import Actor


def withdraw(desk: SubjectDesk, actor: Actor, subject: Subject, purposes: Sequence[str], *, channel: str | None, case: str) -> Done:
    """Record a withdrawal for purposes (none named: all that notices or consents speak of)."""
    known = desk.active().policy.purposes
    for name in purposes:
        if name not in known:
            raise InvalidQuery(f"unknown purpose {name!r}.{nearest(name, known)} Purposes: {', '.join(known)}.")
    channels = channels_of(desk)
    if channel is not None and channels and channel not in channels:
        raise InvalidQuery(f"unknown channel {channel!r}.{nearest(channel, channels)} Channels: {', '.join(channels)}.")
    with alone(desk.home.ingest), desk.identities.vault() as vault:
        directory = desk.identities.directory()
        who, erased = desk.find(vault, directory, subject)
        if who is None:
            return desk.nobody(actor, "withdraw", case, erased=erased)
        meant = list(purposes) or _consented(desk, directory, who)
        if not meant:
            raise InvalidQuery("there is no consent to withdraw and no notice that asks for one; name the purposes with --purpose")
        receipt = desk.record(actor, "subject.withdraw", case, who, purposes=meant, channel=channel)
        now = desk.local().replace(microsecond=0)
        notices = [notice for read in desk.identities.bundle().of("identity", IdentityDocument) for notice in read.document.notices]
        done = []
        for name in meant:
            notice = notice_for(notices, name, channel, now.date())
            done.append(
                ConsentAct(
                    uid=who.uid,
                    purpose=name,
                    channel=channel,
                    act="withdrawn",
                    notice=None if notice is None else notice.id,
                    notice_version=None if notice is None else notice.version,
                    at=now,
                    recorded_by=actor.id,
                    case_number=case,
                )
            )
        with vault.engine.begin() as connection:
            declare(connection, done)
        if channel is None or _kept_by_channel(desk):
            desk.settle(vault)
        effects = _effects(desk, directory, who, meant, channel)
        document = {"status": "withdrawn", "case": case, "person": who.shown_as, "channel": channel, "withdrawn_at": desk.moment(now), "purposes": meant, "effective_at": effects}
        return Done(document=document, receipt=receipt)


def channels_of(desk: SubjectDesk) -> list[str]:
    """The channels for which a withdrawal can be meant alone; empty where the bundle names none."""
    found = desk.active().catalogue.dimensions.get("channel")
    return [] if found is None else [str(item.value) for item in found.values]


def _kept_by_channel(desk: SubjectDesk) -> bool:
    """Whether the bundle's schema has a table for consents of single channels; without one they are only recorded."""
    return any(within is not None for _, _, within in consent_tables(desk.identities.schema))


def _consented(desk: SubjectDesk, directory: Directory, who: Meant) -> list[str]:
    rows = _rows(desk, directory, who, None)
    named = {purpose for read in desk.identities.bundle().of("identity", IdentityDocument) for notice in read.document.notices for purpose in notice.purposes}
    return [name for name in desk.active().policy.purposes if name in named or any(row["purpose"] == name and row["withdrawn_at"] is None for row in rows)]


def _rows(desk: SubjectDesk, directory: Directory, who: Meant, channel: str | None) -> list[dict[str, Any]]:
    """The person's consents in the warehouse: of whole purposes, or in one channel."""
    import duckdb

    inner, schema = directory.inner(who.entity, who.uid), desk.identities.schema
    found: list[dict[str, Any]] = []
    with duckdb.connect(str(desk.home.warehouse), read_only=True) as connection:
        there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for table, key, within in consent_tables(schema):
            if schema.tables[table].columns[key].of != who.entity or (within is None) != (channel is None) or table not in there:
                continue
            also, values = ("", [inner]) if within is None else (f' AND "{within}" = ?', [inner, channel])
            cursor = connection.execute(f'SELECT purpose, granted_at, withdrawn_at, effective_at FROM "{table}" WHERE "{key}" = ?{also}', values)  # noqa: S608 (names of the schema)
            names = [column[0] for column in cursor.description or ()]
            found += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def _effects(desk: SubjectDesk, directory: Directory, who: Meant, purposes: Sequence[str], channel: str | None) -> dict[str, str | None]:
    rows = _rows(desk, directory, who, channel)
    return {name: desk.moment(max((row["effective_at"] for row in rows if row["purpose"] == name and row["effective_at"]), default=None)) for name in purposes}
