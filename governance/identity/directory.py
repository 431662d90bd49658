"""The directory of pseudonyms: which person stands under which pseudonym, inside the warehouse and in what was released for each purpose.

The warehouse's own key never leaves it. A row released for a purpose carries HMAC(that purpose's key, UID): rows of two purposes have nothing in
common without the vault. Only UIDs and keys are needed here; no identity is opened.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance.identity.pseudonyms import PSEUDONYM, Pseudonymizer, is_pseudonym

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from governance.identity.keys import Key, KeyRing

OUTSIDE = "outside"
"""Marks keys of a warehouse that the vault did not make: they are released as HMAC(purpose key, that key)."""


def release_key(release: Key, purpose: str) -> Key:
    """The key of one purpose's released pseudonyms."""
    return release.derive("purpose", purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a pseudonym is: whose, and made for which purpose (None: the warehouse's own) under which key version."""

    entity: str
    uid: str
    purpose: str | None
    version: int


class Directory:
    """Pseudonyms of one generation of the vault. Maps are made when they are first needed; safe for threads.

    `uids(entity)` lists an entity's persons. `prefixes` are the entities' prefixes (`hcp` → `H`), in the bundle's order.
    """

    def __init__(self, keys: KeyRing, prefixes: Mapping[str, str], uids: Callable[[str], Iterable[str]]) -> None:
        self._keys, self._prefixes, self._uids = keys, dict(prefixes), uids
        self._people: dict[str, tuple[str, ...]] = {}
        self._inner: dict[str, dict[str, str]] = {}
        self._outer: dict[tuple[str, str, int], dict[str, str]] = {}
        self._lock = threading.RLock()

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities whose members are persons."""
        return tuple(self._prefixes)

    def _persons(self, entity: str) -> tuple[str, ...]:
        if entity not in self._people:
            self._people[entity] = tuple(self._uids(entity))
        return self._people[entity]

    def _maker(self, key: Key, entity: str) -> Pseudonymizer:
        return Pseudonymizer(key=key, prefix=self._prefixes[entity], entity=entity)

    def owners(self, entity: str) -> dict[str, str]:
        """The warehouse's pseudonyms, under every key version that the ring holds, to their UIDs."""
        with self._lock:
            if entity not in self._inner:
                found: dict[str, str] = {}
                for held in self._keys.held("warehouse"):
                    found |= {key: uid for uid, key in self._maker(held.key, entity).all(self._persons(entity)).items()}
                self._inner[entity] = found
            return self._inner[entity]

    def inner(self, entity: str, uid: str) -> str:
        """The pseudonym under which the warehouse holds a person now."""
        return self._maker(self._keys.warehouse, entity).of(uid)

    def released(self, entity: str, uid: str, purpose: str) -> str:
        """The pseudonym under which a person's rows are released for a purpose now."""
        return self._maker(release_key(self._keys.current("release"), purpose), entity).of(uid)

    def release(self, entity: str, purpose: str, keys: Iterable[str]) -> dict[str, str]:
        """For each warehouse key (of any version) its form released for the purpose. No key is ever returned as it is."""
        owners = self.owners(entity)
        key = release_key(self._keys.current("release"), purpose)
        maker, stranger = self._maker(key, entity), self._maker(key.derive(OUTSIDE), entity)
        return {inner: maker.of(owners[inner]) if inner in owners else stranger.of(inner) for inner in keys}

    def _returning(self, entity: str, purpose: str, version: int) -> dict[str, str]:
        with self._lock:
            place = (entity, purpose, version)
            if place not in self._outer:
                maker = self._maker(release_key(self._keys.version("release", version), purpose), entity)
                self._outer[place] = {key: uid for uid, key in maker.all(self._persons(entity)).items()}
            return self._outer[place]

    def admit(self, entity: str, purpose: str, released: str) -> str | None:
        """The warehouse key of a pseudonym that was released for this purpose, under any key version still held; None for any other text."""
        match = PSEUDONYM.fullmatch(released)
        if match is None or not is_pseudonym(released) or match[1] != self._prefixes[entity]:
            return None
        if int(match[2]) not in {held.key.version for held in self._keys.held("release")}:
            return None
        uid = self._returning(entity, purpose, int(match[2])).get(released)
        return None if uid is None else self.inner(entity, uid)

    def find(self, text: str, purposes: Iterable[str]) -> Found | None:
        """Whose pseudonym this is, in any form: the warehouse's own, or released for one of the purposes."""
        match = PSEUDONYM.fullmatch(text)
        if match is None or not is_pseudonym(text):
            return None
        version = int(match[2])
        releases = {held.key.version for held in self._keys.held("release")}
        for entity, prefix in self._prefixes.items():
            if prefix != match[1]:
                continue
            uid = self.owners(entity).get(text)
            if uid is not None:
                return Found(entity=entity, uid=uid, purpose=None, version=version)
            for purpose in purposes if version in releases else ():
                uid = self._returning(entity, purpose, version).get(text)
                if uid is not None:
                    return Found(entity=entity, uid=uid, purpose=purpose, version=version)
        return None

    def forms(self, entity: str, uid: str, purposes: Iterable[str]) -> dict[str, str]:
        """Every pseudonym that a person ever had under the keys held: pseudonym → purpose (`warehouse` for the warehouse's own)."""
        found = {self._maker(held.key, entity).of(uid): "warehouse" for held in self._keys.held("warehouse")}
        for purpose in purposes:
            for held in self._keys.held("release"):
                found[self._maker(release_key(held.key, purpose), entity).of(uid)] = purpose
        return found
