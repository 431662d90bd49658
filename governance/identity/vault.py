"""The vault: who is behind a UID. A database of its own, never the warehouse; every field encrypted, nothing searchable in clear.

Envelope encryption: each person has a random data key, wrapped by the vault key; each field is sealed with the data key and bound to
(tenant, UID, field, version), so that no sealed value can be moved to another person or field. Blind indexes find a UID by an identifier.
Forgetting the data key forgets the person.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from governance.errors import ConfigurationError
from governance.identity.pseudonyms import blind_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from governance.identity.keys import Key, KeyRing

_FORMAT = "1"
_BATCH = 20_000
T = TypeVar("T")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode

metadata = sa.MetaData()
_about = sa.Table(
    "about", metadata, sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String, nullable=False)
)
_person = sa.Table(
    "person",
    metadata,
    sa.Column("uid", sa.String(32), primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False, index=True),
    sa.Column("data_key", sa.LargeBinary, nullable=False),
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("content_tag", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
    sqlite_with_rowid=False,
)
_field = sa.Table(
    "field",
    metadata,
    sa.Column("uid", sa.String(32), sa.ForeignKey("person.uid"), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
_index = sa.Table(
    "blind_index",
    metadata,
    sa.Column("entity", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("uid", sa.String(32), sa.ForeignKey("person.uid"), nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the vault keeps of one person: identifier types and other field names to their values, in normalised form.

    `indexed` are the (type, value) pairs by which this person, and nobody else, is found.
    """

    uid: str
    fields: Mapping[str, Sequence[str]]
    indexed: Sequence[tuple[str, str]]


class Vault:
    """The vault's store. `tenant` is bound into every sealed field."""

    def __init__(self, engine: sa.Engine, keys: KeyRing, *, tenant: str) -> None:
        self._engine = engine
        self._keys = keys
        self._tenant = tenant
        metadata.create_all(engine)
        self._check_owner()

    @classmethod
    def at(cls, path: Path, keys: KeyRing, *, tenant: str) -> Vault:
        """Open or make the embedded vault at `path` (SQLite, mode 0600)."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        if path.stat().st_mode & 0o077:
            message = f"{path.name} may be read by others; run: chmod 600 on it and find out who read it"
            raise ConfigurationError(message)
        return cls(sa.create_engine(f"sqlite:///{path}"), keys, tenant=tenant)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _check_owner(self) -> None:
        ring = (self._keys.vault, self._keys.index, self._keys.warehouse)
        mark = "-".join(key.mac("owner", self._tenant).hex()[:16] for key in ring)
        with self._engine.begin() as connection:
            known = {row.name: row.value for row in connection.execute(sa.select(_about.c.name, _about.c.value))}
            if not known:
                rows = [{"name": "format", "value": _FORMAT}, {"name": "owner", "value": mark}]
                connection.execute(_about.insert(), rows)
            elif known.get("format") != _FORMAT or known.get("owner") != mark:
                message = "the vault was made with another key, for another tenant or by another version; restore the matching keys"
                raise ConfigurationError(message)

    # ----------------------------------------------------------------- finding

    def index_key(self, entity: str, kind: str) -> Key:
        """The key of one type of identifier: `key.mac(value)` is the blind index. For many values of one type."""
        return self._keys.index.derive(entity, kind)

    def find(self, entity: str, kind: str, value: str) -> str | None:
        """The UID of the person with this normalised identifier, or None."""
        digest = blind_index(self._keys.index, entity, kind, value)
        with self._engine.connect() as connection:
            found = connection.execute(
                sa.select(_index.c.uid).where(
                    _index.c.entity == entity, _index.c.kind == kind, _index.c.digest == digest
                )
            )
            uid: str | None = found.scalar_one_or_none()
        return uid

    def known(self, entity: str) -> dict[tuple[str, bytes], str]:
        """Every blind index of an entity: (type, digest) to UID."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_index.c.kind, _index.c.digest, _index.c.uid).where(_index.c.entity == entity)
            )
            return {(kind, bytes(digest)): uid for kind, digest, uid in rows}

    def open_fields(self, uid: str) -> dict[str, list[str]]:
        """Everything held on one person, in clear. Callers answer for who may see it; nothing here writes it anywhere."""
        with self._engine.connect() as connection:
            person = connection.execute(sa.select(_person).where(_person.c.uid == uid)).one_or_none()
            if person is None:
                return {}
            data_key = self._unwrap(uid, person.data_key)
            rows = connection.execute(sa.select(_field).where(_field.c.uid == uid)).all()
        vault = self._keys.vault
        return {
            row.name: json.loads(vault.suite.unseal(data_key, row.sealed, self._context(uid, row.name, row.version)))
            for row in rows
        }

    # ----------------------------------------------------------------- writing

    def enroll(self, entity: str, persons: Iterable[Person], *, now: datetime, random: Callable[[int], bytes]) -> int:
        """Write new and changed persons in one transaction and return how many there were; the unchanged are left as they are.

        A blind index that pointed at another UID points at the given one afterwards.
        """
        with self._engine.begin() as connection:
            held = {
                row.uid: row
                for row in connection.execute(
                    sa.select(_person.c.uid, _person.c.content_tag, _person.c.version, _person.c.data_key).where(
                        _person.c.entity == entity
                    )
                )
            }
            people, fields, indexes, gone = [], [], [], []
            macs = _Macs(self, entity)
            for person in persons:
                tag = self._tag(person)
                old = held.get(person.uid)
                if old is not None and old.content_tag == tag:
                    continue
                version = 1 if old is None else old.version + 1
                data_key = (
                    random(self._keys.vault.suite.key_bytes) if old is None else self._unwrap(person.uid, old.data_key)
                )
                people.append(
                    {
                        "uid": person.uid,
                        "entity": entity,
                        "data_key": self._wrap(person.uid, data_key, random),
                        "key_version": self._keys.vault.version,
                        "content_tag": tag,
                        "version": version,
                        "changed_at": now,
                    }
                )
                if old is not None:
                    gone.append(person.uid)
                suite = self._keys.vault.suite
                for name, values in person.fields.items():
                    plain = _encode(list(values)).encode()
                    sealed = suite.seal(data_key, plain, self._context(person.uid, name, version), random)
                    fields.append({"uid": person.uid, "name": name, "version": version, "sealed": sealed})
                for kind, value in person.indexed:
                    row = {"entity": entity, "kind": kind, "digest": macs.digest(kind, value), "uid": person.uid}
                    indexes.append({**row, "key_version": self._keys.index.version})
            for batch in _batches(gone):
                connection.execute(_index.delete().where(_index.c.uid.in_(batch)))
                connection.execute(_field.delete().where(_field.c.uid.in_(batch)))
                connection.execute(_person.delete().where(_person.c.uid.in_(batch)))
            # In the order of the keys a tree grows at its end, which is several times faster than at random places.
            _insert(connection, _person, sorted(people, key=itemgetter("uid")))
            _insert_plain(connection, _field, sorted(fields, key=itemgetter("uid", "name")))
            if held:
                # Only an identifier that changed hands can be there already.
                moved = _index.delete().where(
                    _index.c.entity == entity, _index.c.kind == sa.bindparam("k"), _index.c.digest == sa.bindparam("d")
                )
                for rows in _batches(indexes):
                    connection.execute(moved, [{"k": row["kind"], "d": row["digest"]} for row in rows])
            _insert_plain(connection, _index, sorted(indexes, key=itemgetter("kind", "digest")))
        return len(people)

    def _tag(self, person: Person) -> bytes:
        content = {
            "fields": {name: list(values) for name, values in person.fields.items()},
            "indexed": [list(p) for p in person.indexed],
        }
        return self._keys.index.mac("content", person.uid, _encode(content))

    def _context(self, uid: str, name: str, version: int) -> bytes:
        return "\x1f".join((self._tenant, uid, name, str(version))).encode()

    def _wrap(self, uid: str, data_key: bytes, random: Callable[[int], bytes]) -> bytes:
        vault = self._keys.vault
        return vault.suite.seal(vault.secret, data_key, self._context(uid, "data key", vault.version), random)

    def _unwrap(self, uid: str, wrapped: bytes) -> bytes:
        vault = self._keys.vault
        return vault.suite.unseal(vault.secret, wrapped, self._context(uid, "data key", vault.version))


class _Macs:
    """Derived index keys, made once a type."""

    def __init__(self, vault: Vault, entity: str) -> None:
        self._vault, self._entity = vault, entity
        self._keys: dict[str, Key] = {}

    def digest(self, kind: str, value: str) -> bytes:
        if kind not in self._keys:
            self._keys[kind] = self._vault.index_key(self._entity, kind)
        return self._keys[kind].mac(value)


def _batches(items: list[T]) -> Iterable[list[T]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    for batch in _batches(rows):
        connection.execute(table.insert(), batch)


def _insert_plain(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    """Insert rows of texts, numbers and bytes, which need no conversion, past the ORM's per-row work: three times as fast."""
    compiled = table.insert().compile(dialect=connection.dialect)
    order = compiled.positiontup
    for batch in _batches(rows):
        if order is None:
            connection.exec_driver_sql(str(compiled), batch)
        else:
            connection.exec_driver_sql(str(compiled), list(map(itemgetter(*order), batch)))
