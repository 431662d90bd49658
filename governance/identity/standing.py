"""What persons asked for and what therefore stands over every later extract: erasures (tombstones) and corrections."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from governance.identity import vault_schema as schema
from governance.identity.handovers import replaced
from governance.identity.suites import suite
from governance.identity.vault import WEAK, Macs, Person, Vault, context, forget, insert_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

FORMER = "former_"
"""Begins the name of a field with identifiers that were corrected."""
IN_VAULT = "vault"
"""The place of corrections of identities; any other place is a warehouse table."""


class Tombstones:
    """The erased of one entity, known by blind indexes only. Read once: for many look-ups."""

    def __init__(self, vault: Vault, entity: str) -> None:
        table = schema.tombstone
        with vault.engine.connect() as connection:
            rows = connection.execute(sa.select(table.c.kind, table.c.digest, table.c.key_version).where(table.c.entity == entity)).all()
        self._found: dict[int, set[tuple[str, bytes]]] = defaultdict(set)
        for kind, digest, version in rows:
            self._found[version].add((kind, bytes(digest)))
        self._macs = {version: Macs(vault, entity, key=vault.keys.version("index", version)) for version in self._found}

    def __bool__(self) -> bool:
        return bool(self._found)

    def covers(self, indexed: Iterable[tuple[str, str]], names: Iterable[str] = (), shared: Iterable[tuple[str, str]] = ()) -> bool:
        """Whether somebody with these (type, normalised value) pairs, going by one of the compared `names`, was erased; `shared` are pairs that others claim too.

        A strong identifier decides. A phone or an address, which can pass on to somebody else, decides only for a person without one, or together with the name: a
        doctor whom a channel lists anew, under a number of its own, is the same doctor.
        """
        own, also = list(indexed), list(shared)
        strong = [pair for pair in (*own, *also) if pair[0] not in WEAK]
        telling = [*(strong or own), *with_names([*own, *also], names)]
        return any((kind, self._macs[version].digest(kind, value)) in digests for version, digests in self._found.items() for kind, value in telling)


def with_names(indexed: Iterable[tuple[str, str]], names: Iterable[str]) -> list[tuple[str, str]]:
    """Phones and addresses together with each name, as pairs of a type of their own: `mobile+name`."""
    known = list(names)
    return [(f"{kind}+name", f"{value}\x1f{name}") for kind, value in indexed if kind in WEAK for name in known]


def bury(vault: Vault, connection: sa.Connection, uid: str, certificate: str) -> int:
    """Turn a person into tombstones and forget everything else of the person, in the caller's transaction; return how many identifiers are kept out."""
    table = schema.blind_index
    rows = connection.execute(sa.select(table).where(table.c.uid == uid)).all()
    stones = [
        {"entity": row.entity, "kind": row.kind, "digest": row.digest, "key_version": row.key_version, "certificate": certificate} for row in rows
    ]
    for stone in stones:
        same = schema.tombstone
        connection.execute(same.delete().where(same.c.entity == stone["entity"], same.c.kind == stone["kind"], same.c.digest == stone["digest"]))
    insert_plain(connection, schema.tombstone, stones)
    insert_plain(connection, schema.tombstone, _named_stones(vault, connection, uid, certificate))
    _unsay(connection, uid)
    vault.advance(connection)
    return len(stones)


def _unsay(connection: sa.Connection, uid: str) -> None:
    """Delete everything that the vault holds of a person, but tombstones."""
    for table in (schema.correction, schema.consent_act, schema.request, schema.steady, schema.handover):
        connection.execute(table.delete().where(table.c.uid == uid))
    connection.execute(schema.handover.delete().where(schema.handover.c.to_uid == uid))
    forget(connection, [uid])


def unname(vault: Vault, connection: sa.Connection, uid: str) -> None:
    """Forget a person that nobody is found by any more, without tombstones: what it was found by is another's, whose tombstones say enough."""
    _unsay(connection, uid)
    vault.advance(connection)


def _named_stones(vault: Vault, connection: sa.Connection, uid: str, certificate: str) -> list[dict[str, object]]:
    """Tombstones of what a person is known by only together with the name."""
    row = vault.person_row(connection, uid)
    if row is None:
        return []
    fields = vault.opened(connection, row)
    pairs = {(name.removeprefix(FORMER), value) for name, values in fields.items() if name != "name" for value in values}
    macs = Macs(vault, row.entity)
    found = [
        {"entity": row.entity, "kind": kind, "digest": macs.digest(kind, value), "key_version": vault.keys.index.version, "certificate": certificate}
        for kind, value in sorted(with_names(pairs, fields.get("name", ())))
    ]
    same = schema.tombstone
    for stone in found:
        connection.execute(same.delete().where(same.c.entity == stone["entity"], same.c.kind == stone["kind"], same.c.digest == stone["digest"]))
    return found


# --------------------------------------------------------------------------- corrections


def correct(
    vault: Vault, connection: sa.Connection, uid: str, place: str, values: dict[str, Sequence[str]], *, case_number: str, now: datetime, random: Callable[[int], bytes]
) -> None:
    """Keep corrections of one person, sealed with the person's key; an earlier one of the same field gives way."""
    row = vault.person_row(connection, uid)
    data_key, kind = vault.data_key(row), suite(row.suite)
    table = schema.correction
    for name, given in values.items():
        mine = (table.c.uid == uid, table.c.place == place, table.c.name == name)
        version = (connection.execute(sa.select(table.c.version).where(*mine)).scalar_one_or_none() or 0) + 1
        sealed = kind.seal(data_key, json.dumps(list(given), ensure_ascii=False).encode(), context(vault.tenant, uid, f"correction/{place}/{name}", version), random)
        connection.execute(table.delete().where(*mine))
        connection.execute(
            table.insert(), [{"uid": uid, "place": place, "name": name, "version": version, "sealed": sealed, "made_at": now, "case_number": case_number}]
        )


def corrections(vault: Vault, *, uid: str | None = None) -> dict[str, dict[str, dict[str, list[str]]]]:
    """What was corrected: UID → place → field → values, of everybody or of one person. A correction goes with the person when two entries turn out to be one."""
    table = schema.correction
    found: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(lambda: defaultdict(dict))
    with vault.engine.connect() as connection:
        for row in connection.execute(sa.select(table)).all():
            person = vault.person_row(connection, row.uid)
            if person is not None:
                bound = context(vault.tenant, row.uid, f"correction/{row.place}/{row.name}", row.version)
                found[row.uid][row.place][row.name] = json.loads(suite(person.suite).unseal(vault.data_key(person), row.sealed, bound))
    for gone, owners in (replaced(vault) if found else {}).items():
        for place, values in found.pop(gone, {}).items():
            for owner in owners:
                found[owner][place] = values | found[owner][place]
    return {who: dict(places) for who, places in found.items() if uid in {None, who}}


def standing_over(vault: Vault, entity: str, persons: Iterable[Person]) -> list[Person]:
    """The persons as they are enrolled: without the erased, and with what was corrected.

    A corrected identifier replaces the ones of its type among the fields; the old ones still find the person, since extracts go on using them.
    """
    erased, corrected = Tombstones(vault, entity), corrections(vault)
    kept = (one for one in persons if not erased.covers(one.indexed, one.fields.get("name", ()))) if erased else iter(persons)
    return [with_corrections(one, corrected.get(one.uid, {}).get(IN_VAULT, {})) for one in kept]


def with_corrections(person: Person, values: dict[str, list[str]]) -> Person:
    """The person with corrected fields; an identifier that was replaced is kept as a former one, since extracts go on using it."""
    if not values:
        return person
    also = [(kind, value) for kind, given in values.items() if kind != "name" for value in given]
    former = {
        f"{FORMER}{kind}": old
        for kind, given in values.items()
        if kind != "name" and (old := sorted({*person.fields.get(kind, ()), *person.fields.get(f"{FORMER}{kind}", ())} - {*given}))
    }
    return replace(person, fields={**person.fields, **values, **former}, indexed=sorted({*person.indexed, *also}))
