"""Rotating the vault's own keys while everything goes on: batch by batch, each batch whole, so that a killed rotation goes on where it stopped.

The ring holds the next key beside the current one from the first batch to the last; what was made by either is found by its version. Nothing is
joined by these keys' outputs outside the vault, so no join breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from governance.errors import ConfigurationError
from governance.identity import vault_schema as schema
from governance.identity.standing import FORMER
from governance.identity.suites import suite
from governance.identity.vault import Macs, Person, Vault, context, insert_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from governance.identity.keys import Key

BATCH = 500


def _next(vault: Vault, purpose: str) -> Key:
    following = vault.keys.following(purpose)
    if following is None:
        message = f"there is no next key to rotate {purpose!r} to"
        raise ConfigurationError(message)
    return following


def rewrap(vault: Vault, *, random: Callable[[int], bytes], progress: Callable[[int], None] = lambda _n: None) -> int:
    """Wrap every person's data key by the next vault key; where its suite differs, everything sealed is sealed anew under a new data key.

    Returns how many persons were done now; those done by an earlier, interrupted call are left alone.
    """
    key, table, done = _next(vault, "vault"), schema.person, 0
    while True:
        with vault.engine.begin() as connection:
            rows = connection.execute(sa.select(table).where(table.c.key_version != key.version).order_by(table.c.uid).limit(BATCH)).all()
            for row in rows:
                data_key = vault.data_key(row)
                if row.suite != key.suite.name:
                    data_key = _reseal(vault, connection, row, data_key, key, random)
                connection.execute(
                    table.update()
                    .where(table.c.uid == row.uid)
                    .values(data_key=vault.wrap(row.uid, data_key, random, key=key), key_version=key.version, suite=key.suite.name)
                )
        if not rows:
            return done
        done += len(rows)
        progress(done)


def _reseal(vault: Vault, connection: sa.Connection, row: Any, old: bytes, key: Key, random: Callable[[int], bytes]) -> bytes:
    """Seal a person's fields and corrections under a new data key of the key's suite, and return it."""
    was, now, fresh = suite(row.suite), key.suite, random(key.suite.key_bytes)
    field, fixed = schema.field, schema.correction
    for item in connection.execute(sa.select(field).where(field.c.uid == row.uid)).all():
        bound = context(vault.tenant, row.uid, item.name, item.version)
        sealed = now.seal(fresh, was.unseal(old, item.sealed, bound), bound, random)
        connection.execute(field.update().where(field.c.uid == row.uid, field.c.name == item.name).values(sealed=sealed))
    for item in connection.execute(sa.select(fixed).where(fixed.c.uid == row.uid)).all():
        bound = context(vault.tenant, row.uid, f"correction/{item.place}/{item.name}", item.version)
        sealed = now.seal(fresh, was.unseal(old, item.sealed, bound), bound, random)
        connection.execute(fixed.update().where(fixed.c.uid == row.uid, fixed.c.place == item.place, fixed.c.name == item.name).values(sealed=sealed))
    return fresh


def reindex(vault: Vault, *, progress: Callable[[int], None] = lambda _n: None) -> int:
    """Write every blind index under the next index key too, beside the current one that goes on being read. Returns how many persons were done now."""
    key, table, index, done = _next(vault, "index"), schema.person, schema.blind_index, 0
    macs: dict[str, tuple[Macs, Macs]] = {}
    while True:
        with vault.engine.begin() as connection:
            rows = connection.execute(sa.select(table).where(table.c.index_version != key.version).order_by(table.c.uid).limit(BATCH)).all()
            fresh: list[dict[str, object]] = []
            for row in rows:
                if row.entity not in macs:
                    macs[row.entity] = Macs(vault, row.entity), Macs(vault, row.entity, key=key)
                before, after = macs[row.entity]
                held = connection.execute(sa.select(index.c.kind, index.c.digest).where(index.c.uid == row.uid)).all()
                mine = {(kind, bytes(digest)) for kind, digest in held}
                fields = vault.opened(connection, row)
                pairs = sorted({(name.removeprefix(FORMER), value) for name, values in fields.items() for value in values})
                indexed = [pair for pair in pairs if (pair[0], before.digest(*pair)) in mine]
                fresh += [
                    {"entity": row.entity, "kind": kind, "digest": after.digest(kind, value), "key_version": key.version, "uid": row.uid}
                    for kind, value in indexed
                    if (kind, after.digest(kind, value)) not in mine
                ]
                tag = vault.tag(Person(uid=row.uid, fields=fields, indexed=indexed), key=key)
                connection.execute(table.update().where(table.c.uid == row.uid).values(index_version=key.version, content_tag=tag))
            insert_plain(connection, index, fresh)
        if not rows:
            return done
        done += len(rows)
        progress(done)


def drop_old_indexes(vault: Vault) -> int:
    """Delete the blind indexes of keys that are neither current nor next; return how many there were."""
    kept = [held.key.version for held in vault.keys.held("index") if held.state != "retired"]
    with vault.changing() as connection:
        return connection.execute(schema.blind_index.delete().where(schema.blind_index.c.key_version.not_in(kept))).rowcount


def in_use(vault: Vault, purpose: str, version: int) -> str | None:
    """What still needs a retired key, in words, or None."""
    person, index, stone = schema.person, schema.blind_index, schema.tombstone
    counts = {
        "vault": [(sa.select(sa.func.count()).select_from(person).where(person.c.key_version == version), "persons' data keys")],
        "index": [
            (sa.select(sa.func.count()).select_from(index).where(index.c.key_version == version), "blind indexes"),
            (sa.select(sa.func.count()).select_from(stone).where(stone.c.key_version == version), "tombstones of the erased"),
        ],
    }
    with vault.engine.connect() as connection:
        for statement, what in counts.get(purpose, []):
            if connection.execute(statement).scalar_one():
                return what
    if purpose == "warehouse" and vault.keys.things.version == version:
        return "the keys of hospitals and other things, and the numbers of rows"
    return None
