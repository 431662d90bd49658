"""The identity keys of a home: which there are, rotating each without breaking a join, destroying the ones that nothing needs any more.

A rotation that was killed goes on with the same command; its begin and its end are in the ledger.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from audit import Event, Ledger
from governance.errors import ConfigurationError
from governance.identity.keys import PURPOSES, KeyRing
from governance.identity.rotation import drop_old_indexes, in_use, reindex, rewrap
from governance.identity.vault import Vault
from governance.rights.changed import note_state
from governance.rights.rekeying import new_keys, rekey_links, rekey_warehouse
from governance.rights.rewriting import alone
from wenshu.accounts import Accounts
from wenshu.accounts_schema import users
from wenshu.home import Home
from wenshu.identities import SUITE_WORDS, Identities, key_source, open_ring, read_settings
from wenshu.settings import key_secrets


class KeysRoom:
    """Keys of one home; for the machine's owner. `clock` gives aware times, `tell` is told how many persons are done."""

    def __init__(self, *, home: Home, identities: Identities, ledger: Ledger, accounts: Accounts, zone: str, clock: Callable[[], dt.datetime]) -> None:
        self._home, self._identities, self._ledger, self._accounts = home, identities, ledger, accounts
        self._zone, self._clock = ZoneInfo(zone), clock

    def list(self) -> list[dict[str, Any]]:
        """Every version of every key: what it is for, its state, its suite. Never a secret."""
        ring = open_ring(self._home)
        return [
            {"key": purpose, "version": held.key.version, "state": held.state, "suite": held.key.suite.name} for purpose in PURPOSES for held in ring.held(purpose)
        ]

    def rotate(self, purpose: str, *, suite: str | None = None, tell: Callable[[int], None] = lambda _n: None) -> dict[str, Any]:
        """Make a new version of a key, move everything to it, and retire the old one. `suite`: international or national."""
        settings = read_settings(self._home)
        name = SUITE_WORDS[suite or settings.suite]
        source = key_source(self._home, settings, key_secrets())
        if not source.writable:
            source.write(purpose, "", first=False)
        with alone(self._home.ingest):
            ring = open_ring(self._home)
            ring.current(purpose)
            resumed = ring.following(purpose) is not None
            ring = ring.with_next(purpose, name, os.urandom)
            following = ring.following(purpose)
            if following is None:
                raise ConfigurationError(f"the key {purpose!r} can't be rotated")
            self._record("keys.rotation_begun", purpose, {"version": following.version, "suite": following.suite.name, "resumed": resumed})
            ring.save(source, purpose)
            done = self._move(purpose, ring, tell)
            promoted = ring.promoted(purpose)
            promoted.save(source, purpose)
            self._settle(purpose, promoted)
            self._record("keys.rotated", purpose, {"version": following.version, "suite": following.suite.name, "moved": done})
        return {"key": purpose, "version": following.version, "suite": following.suite.name, "moved": done, "resumed": resumed}

    def _move(self, purpose: str, ring: KeyRing, tell: Callable[[int], None]) -> int:
        if not self._identities.available():
            return 0
        vault = self._open(ring)
        try:
            if purpose == "vault":
                return rewrap(vault, random=os.urandom, progress=tell)
            if purpose == "index":
                return reindex(vault, progress=tell)
            if purpose == "warehouse":
                return self._rekey(vault, ring)
            return 0
        finally:
            vault.close()

    def _rekey(self, vault: Vault, ring: KeyRing) -> int:
        following, schema = ring.following("warehouse"), self._identities.schema
        if following is None:
            return 0
        renamed = new_keys(vault, schema, following)
        version = f"{self._clock().astimezone(self._zone):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        place = self._home.warehouse
        changed = rekey_warehouse(place, schema, renamed, version=version, noted=lambda fresh: note_state(vault, schema, place, fresh, version, renamed=True)) if place.exists() else 0
        if self._home.restricted.exists():
            changed += rekey_warehouse(self._home.restricted, schema, renamed, version=version, a_load=False)
        everything = {old: new for pairs in renamed.values() for old, new in pairs.items()}
        rekey_links(self._home.ingest, everything)
        _rekey_accounts(self._accounts, everything)
        return changed

    def _settle(self, purpose: str, ring: KeyRing) -> None:
        if not self._identities.available():
            return
        vault = self._open(ring)
        try:
            if purpose == "index":
                drop_old_indexes(vault)
            else:
                with vault.changing():
                    pass  # a new generation: what was derived from the old key is made anew
        finally:
            vault.close()

    def forget(self, purpose: str, version: int) -> dict[str, Any]:
        """Destroy a retired key that nothing needs any more; refused where something does."""
        settings = read_settings(self._home)
        source = key_source(self._home, settings, key_secrets())
        with alone(self._home.ingest):
            ring = open_ring(self._home)
            ring.current(purpose)
            if self._identities.available():
                vault = self._open(ring)
                try:
                    needed = in_use(vault, purpose, version)
                finally:
                    vault.close()
                if needed is not None:
                    raise ConfigurationError(f"version {version} of {purpose!r} is still needed by {needed}; nothing was destroyed")
            left = ring.without(purpose, version)
            self._record("keys.destroyed", purpose, {"version": version})
            left.save(source, purpose)
        return {"key": purpose, "version": version, "state": "destroyed"}

    def _open(self, ring: KeyRing) -> Vault:
        return Vault.at(self._home.vault, ring, tenant=self._identities.bundle().settings.name)

    def _record(self, kind: str, purpose: str, detail: Mapping[str, object]) -> None:
        self._ledger.append(Event(type=kind, actor="local_admin", detail={"key": purpose, **detail}))


def _rekey_accounts(accounts: Accounts, keys: Mapping[str, str]) -> None:
    """Accounts name their representative by the warehouse's key."""
    with accounts.engine.execution_options(writes=True).begin() as db:
        for row in db.execute(sa.select(users.c.id, users.c.attributes)).all():
            changed = {name: keys.get(str(value), value) for name, value in row.attributes.items()}
            if changed != dict(row.attributes):
                db.execute(users.update().where(users.c.id == row.id).values(attributes=changed))
