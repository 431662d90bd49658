"""The vault: who is behind a UID. A database of its own, never the warehouse; every field encrypted, nothing searchable in clear.

Envelope encryption: each person has a random data key, wrapped by the vault key; each field is sealed with the data key and bound to
(tenant, UID, field, version), so that no sealed value can be moved to another person or field. Blind indexes find a UID by an identifier.
Forgetting the data key forgets the person.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from governance.errors import ConfigurationError
from governance.identity import vault_schema as schema
from governance.identity.keys import PURPOSES
from governance.identity.pseudonyms import blind_index
from governance.identity.suites import suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from governance.identity.keys import Key, KeyRing

_BATCH = 20_000
_AT_ONCE = 5_000
"""So many persons are sealed before they are written, whatever their number."""
T = TypeVar("T")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_OTHER_KEYS = "the vault was made with another key, for another tenant or by another version; restore the matching keys"
WEAK = frozenset({"mobile", "email"})
"""Identifiers that can pass on to somebody else: they keep no erased person out where a stronger one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the vault keeps of one person: identifier types and other field names to their values, in normalised form.

    `indexed` are the (type, value) pairs by which this person, and nobody else, is found.
    """

    uid: str
    fields: Mapping[str, Sequence[str]]
    indexed: Sequence[tuple[str, str]]


def context(tenant: str, uid: str, name: str, version: int) -> bytes:
    """What a sealed value belongs to. Each part is needed: without one, ConfigurationError."""
    if not tenant or not uid or not name or version < 1:
        message = "nothing is sealed or opened without tenant, UID, field and version"
        raise ConfigurationError(message)
    return "\x1f".join((tenant, uid, name, str(version))).encode()


class Vault:
    """The vault's store. `tenant` is bound into every sealed field."""

    def __init__(self, engine: sa.Engine, keys: KeyRing, *, tenant: str) -> None:
        self.engine = engine
        self.keys = keys
        self.tenant = tenant
        schema.prepare(engine)
        self._check_owner()

    @classmethod
    def at(cls, path: Path, keys: KeyRing, *, tenant: str) -> Vault:
        """Open or make the embedded vault at `path` (SQLite, mode 0600; what is deleted is overwritten)."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        if path.stat().st_mode & 0o077:
            message = f"{path.name} may be read by others; run: chmod 600 on it and find out who read it"
            raise ConfigurationError(message)
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 20})
        sa.event.listen(engine, "connect", _overwrite)
        return cls(engine, keys, tenant=tenant)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def _check_owner(self) -> None:
        """Hold every key against the mark that the vault keeps of it; keys that it has not met yet are marked."""
        marks = {
            f"key:{purpose}:{held.key.version}": held.key.mac("owner", self.tenant).hex()[:16]
            for purpose in PURPOSES
            for held in self.keys.held(purpose)
        }
        before = "-".join(key.mac("owner", self.tenant).hex()[:16] for key in (self.keys.vault, self.keys.index, self.keys.warehouse))
        with self.engine.begin() as connection:
            known = {row.name: row.value for row in connection.execute(sa.select(schema.about.c.name, schema.about.c.value))}
            if known.get("owner", before) != before and "key:vault:1" not in known:
                raise ConfigurationError(_OTHER_KEYS)
            if any(known.get(name, mark) != mark for name, mark in marks.items()):
                raise ConfigurationError(_OTHER_KEYS)
            if any(name.startswith("key:") for name in known) and not any(name in known for name in marks):
                raise ConfigurationError(_OTHER_KEYS)
            fresh = [{"name": name, "value": mark} for name, mark in marks.items() if name not in known]
            if fresh:
                connection.execute(schema.about.insert(), fresh)

    # ----------------------------------------------------------------- generations

    @property
    def generation(self) -> int:
        """A number that grows whenever persons or keys change: what was derived from the vault before is old then."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(schema.about.c.value).where(schema.about.c.name == "generation")).scalar_one_or_none()
        return int(found or 0)

    def advance(self, connection: sa.Connection) -> None:
        """Begin a new generation, within the caller's transaction."""
        table = schema.about
        found = connection.execute(sa.select(table.c.value).where(table.c.name == "generation")).scalar_one_or_none()
        if found is None:
            connection.execute(table.insert(), [{"name": "generation", "value": "1"}])
        else:
            connection.execute(table.update().where(table.c.name == "generation").values(value=str(int(found) + 1)))

    @contextmanager
    def changing(self) -> Iterator[sa.Connection]:
        """One transaction that begins a new generation."""
        with self.engine.begin() as connection:
            yield connection
            self.advance(connection)

    # ----------------------------------------------------------------- finding

    def index_key(self, entity: str, kind: str) -> Key:
        """The key of one type of identifier: `key.mac(value)` is the blind index. For many values of one type."""
        return self.keys.index.derive(entity, kind)

    def find(self, entity: str, kind: str, value: str) -> str | None:
        """The UID of the person with this normalised identifier, or None."""
        digest = blind_index(self.keys.index, entity, kind, value)
        table = schema.blind_index
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(table.c.uid).where(table.c.entity == entity, table.c.kind == kind, table.c.digest == digest))
            uid: str | None = found.scalar_one_or_none()
        return uid

    def known(self, entity: str) -> dict[tuple[str, bytes], str]:
        """Every blind index of an entity under the current key: (type, digest) to UID."""
        table = schema.blind_index
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(table.c.kind, table.c.digest, table.c.uid).where(table.c.entity == entity, table.c.key_version == self.keys.index.version)
            )
            return {(kind, bytes(digest)): uid for kind, digest, uid in rows}

    def uids(self, entity: str) -> list[str]:
        """The UIDs of an entity, in order."""
        table = schema.person
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(table.c.uid).where(table.c.entity == entity).order_by(table.c.uid)).scalars())

    def entity_of(self, uid: str) -> str | None:
        """The entity of a person, or None for nobody."""
        with self.engine.connect() as connection:
            found: str | None = connection.execute(sa.select(schema.person.c.entity).where(schema.person.c.uid == uid)).scalar_one_or_none()
        return found

    def standing_counts(self) -> list[tuple[str, int]]:
        """How many tombstones, corrections and acts of consent stand over every load."""
        tables = (schema.tombstone, schema.correction, schema.consent_act)
        with self.engine.connect() as connection:
            return [(table.name, int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())) for table in tables]

    def entities(self) -> dict[str, int]:
        """How many persons there are of each entity."""
        table = schema.person
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(table.c.entity, sa.func.count()).group_by(table.c.entity).order_by(table.c.entity))
            return {str(entity): int(count) for entity, count in found}

    def kinds(self, entity: str) -> list[str]:
        """The types of identifiers by which an entity's persons can be found."""
        table = schema.blind_index
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(table.c.kind).where(table.c.entity == entity).distinct().order_by(table.c.kind)).scalars())

    def open_fields(self, uid: str) -> dict[str, list[str]]:
        """Everything held on one person, in clear. Callers answer for who may see it; nothing here writes it anywhere."""
        with self.engine.connect() as connection:
            row = self.person_row(connection, uid)
            return {} if row is None else self.opened(connection, row)

    def opened(self, connection: sa.Connection, row: Any) -> dict[str, list[str]]:
        """The same of a person's row, within the caller's transaction."""
        rows = connection.execute(sa.select(schema.field).where(schema.field.c.uid == row.uid)).all()
        data_key, kind = self.data_key(row), suite(row.suite)
        return {item.name: json.loads(kind.unseal(data_key, item.sealed, context(self.tenant, row.uid, item.name, item.version))) for item in rows}

    # ----------------------------------------------------------------- one person's key

    @staticmethod
    def person_row(connection: sa.Connection, uid: str) -> Any:
        """The person's row, or None."""
        return connection.execute(sa.select(schema.person).where(schema.person.c.uid == uid)).one_or_none()

    def data_key(self, row: Any) -> bytes:
        """The person's data key, opened with the vault key that wrapped it."""
        key = self.keys.version("vault", row.key_version)
        return key.suite.unseal(key.secret, row.data_key, context(self.tenant, row.uid, "data key", key.version))

    def wrap(self, uid: str, data_key: bytes, random: Callable[[int], bytes], *, key: Key | None = None) -> bytes:
        """Wrap a person's data key by the current (or the given) vault key."""
        wrapping = key or self.keys.vault
        return wrapping.suite.seal(wrapping.secret, data_key, context(self.tenant, uid, "data key", wrapping.version), random)

    # ----------------------------------------------------------------- writing

    def enroll(self, entity: str, persons: Iterable[Person], *, now: datetime, random: Callable[[int], bytes]) -> int:
        """Write new and changed persons in one transaction and return how many there were; the unchanged are left as they are.

        A blind index that pointed at another UID points at the given one afterwards. Persons who were erased don't come back: they are left
        out. What a person had corrected stands over what is given here.
        """
        from governance.identity.handovers import keep, taken_over
        from governance.identity.standing import standing_over

        # In the order of the keys a tree grows at its end, which is several times faster than at random places.
        stood = sorted(standing_over(self, entity, persons), key=attrgetter("uid"))
        written, indexes = 0, list[tuple[str, bytes, str]]()
        before = self.known(entity)
        with self.engine.begin() as connection:
            held = self._held(connection, entity)
            macs = Macs(self, entity)
            for some in batches(stood, _AT_ONCE):
                written += self._write(connection, entity, some, held, macs, indexes, now=now, random=random)
            if held and indexes:
                # Only an identifier that changed hands can be there already.
                keep(connection, taken_over(before, indexes, WEAK))
                index = schema.blind_index
                moved = index.delete().where(index.c.entity == entity, index.c.kind == sa.bindparam("k"), index.c.digest == sa.bindparam("d"))
                for rows in batches(indexes):
                    connection.execute(moved, [{"k": kind, "d": digest} for kind, digest, _ in rows])
            indexes.sort()
            version = self.keys.index.version
            for rows in batches(indexes):
                found = [{"entity": entity, "kind": kind, "digest": digest, "key_version": version, "uid": uid} for kind, digest, uid in rows]
                insert_plain(connection, schema.blind_index, found)
            if written:
                self.advance(connection)
        return written

    def _held(self, connection: sa.Connection, entity: str) -> dict[str, Any]:
        table = schema.person
        columns = (table.c.uid, table.c.content_tag, table.c.version, table.c.data_key, table.c.key_version, table.c.suite, table.c.index_version)
        return {row.uid: row for row in connection.execute(sa.select(*columns).where(table.c.entity == entity))}

    def _write(
        self,
        connection: sa.Connection,
        entity: str,
        persons: Iterable[Person],
        held: Mapping[str, Any],
        macs: Macs,
        indexes: list[tuple[str, bytes, str]],
        *,
        now: datetime,
        random: Callable[[int], bytes],
    ) -> int:
        """Write the new and changed of some persons; their blind indexes are added to `indexes`, which are written in an order of their own."""
        people, fields, gone = [], [], []
        for one in persons:
            old = held.get(one.uid)
            # While the index key is being rotated, a person's tag is by whichever key has the person's indexes.
            if old is not None and old.content_tag == self.tag(one, key=self.keys.version("index", old.index_version)):
                continue
            version = 1 if old is None else old.version + 1
            # A person's data key goes on, since corrections are sealed with it too; rotating the vault key can renew it.
            kind = self.keys.vault.suite if old is None else suite(old.suite)
            data_key = random(kind.key_bytes) if old is None else self.data_key(old)
            people.append(
                {
                    "uid": one.uid,
                    "entity": entity,
                    "data_key": self.wrap(one.uid, data_key, random),
                    "key_version": self.keys.vault.version,
                    "content_tag": self.tag(one),
                    "version": version,
                    "changed_at": now,
                    "suite": kind.name,
                    "index_version": self.keys.index.version,
                }
            )
            if old is not None:
                gone.append(one.uid)
            for name, values in sorted(one.fields.items()):
                plain = _encode(list(values)).encode()
                sealed = kind.seal(data_key, plain, context(self.tenant, one.uid, name, version), random)
                fields.append({"uid": one.uid, "name": name, "version": version, "sealed": sealed})
            indexes += [(sort, macs.digest(sort, value), one.uid) for sort, value in one.indexed]
        for batch in batches(gone):
            forget(connection, batch)
        _insert(connection, schema.person, people)
        insert_plain(connection, schema.field, fields)
        return len(people)

    def tag(self, person: Person, *, key: Key | None = None) -> bytes:
        """A keyed digest of everything a person's row says, by which the unchanged are known."""
        content = {
            "fields": {name: list(values) for name, values in person.fields.items()},
            "indexed": [list(p) for p in person.indexed],
        }
        return (key or self.keys.index).mac("content", person.uid, _encode(content))


class Macs:
    """Derived index keys, made once a type; `key` is the index key, by default the current one."""

    def __init__(self, vault: Vault, entity: str, *, key: Key | None = None) -> None:
        self._key, self._entity = key or vault.keys.index, entity
        self._keys: dict[str, Key] = {}

    def digest(self, kind: str, value: str) -> bytes:
        """The blind index of a normalised identifier."""
        if kind not in self._keys:
            self._keys[kind] = self._key.derive(self._entity, kind)
        return self._keys[kind].mac(value)


def forget(connection: sa.Connection, uids: list[str]) -> None:
    """Delete persons with their fields and indexes; without the data key nothing sealed for them can be opened again."""
    connection.execute(schema.blind_index.delete().where(schema.blind_index.c.uid.in_(uids)))
    connection.execute(schema.field.delete().where(schema.field.c.uid.in_(uids)))
    connection.execute(schema.person.delete().where(schema.person.c.uid.in_(uids)))


def _overwrite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA secure_delete=ON")


def batches(items: list[T], size: int = _BATCH) -> Iterable[list[T]]:
    """The items in pieces that one statement can take, or of `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    for batch in batches(rows):
        connection.execute(table.insert(), batch)


def insert_plain(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    """Insert rows of texts, numbers and bytes, which need no conversion, past the ORM's per-row work: three times as fast."""
    compiled = table.insert().compile(dialect=connection.dialect)
    order = compiled.positiontup
    for batch in batches(rows):
        if order is None:
            connection.exec_driver_sql(str(compiled), batch)
        else:
            connection.exec_driver_sql(str(compiled), list(map(itemgetter(*order), batch)))
