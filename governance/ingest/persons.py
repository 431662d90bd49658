"""From columns to persons: identifiers normalised once a word, rows linked, each person given its UID of the vault and its pseudonym."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from governance.identity.evidence import NONE, Evidence, Gathered, Identifier, Interner, strength
from governance.identity.linking import Judge, Linker, Links
from governance.identity.normalise import normaliser
from governance.identity.register import SHARED
from governance.identity.standing import Tombstones
from governance.identity.vault import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from governance.documents.extracts import Identifiers
    from governance.identity.pseudonyms import Pseudonymizer
    from governance.identity.vault import Vault
    from governance.ingest.shaping import Shaped

    IntArray = npt.NDArray[np.int64]

UID_BYTES = 16
_REMEMBERED = 1_000_000
"""Spellings of identifiers that are kept, so that one is read once however many parts it stands in."""


@dataclass(slots=True)
class Persons:
    """The persons of one entity: what extracts say of them, and in the end who is who."""

    entity: str
    nodes: Interner[Identifier] = field(default_factory=Interner)
    names: Interner[str] = field(default_factory=Interner)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    heard: dict[str, Gathered] = field(default_factory=lambda: defaultdict(Gathered))
    _read: dict[tuple[str, str], int] = field(default_factory=dict)
    invalid: dict[str, dict[str, int]] = field(default_factory=dict)
    links: Links | None = None
    keys: list[str | None] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    register: str = ""

    def hear(
        self,
        shaped: Shaped,
        identifiers: Identifiers,
        *,
        place: IntArray | None,
        former: Sequence[IntArray],
        traits: Mapping[str, IntArray],
        weights: IntArray | None = None,
    ) -> npt.NDArray[np.int32]:
        """Take in what a part of an extract says; invalid identifiers are ignored and counted by type. `weights`: how many rows each row stands for.

        Returns for each row the number of its combination among the different ones of the extract.
        """
        found: list[tuple[str, IntArray]] = []
        names: list[IntArray] = []
        invalid: dict[str, int] = {}
        for kind, identifier in identifiers.items():
            normal = normaliser(kind)
            for name in identifier.column:
                column = shaped.columns[name]

                def node(word: str, normal: Callable[[str], str | None] = normal, kind: str = kind) -> int:
                    known = self._read.get((kind, word))
                    if known is None:
                        value = normal(word)
                        known = NONE if value is None else self.names.add(value) if kind == "name" else self.nodes.add((kind, value))
                        if len(self._read) < _REMEMBERED:
                            self._read[kind, word] = known
                    return known

                ids = column.ids(node)
                odd = column.filled() & (ids == NONE)
                wrong = int(odd.sum() if weights is None else weights[odd].sum())
                if wrong:
                    invalid[kind] = invalid.get(kind, 0) + wrong
                if kind == "name":
                    names.append(ids)
                else:
                    found.append((kind, ids))
        source = shaped.extract.name
        before = self.invalid.setdefault(source, {})
        for kind, wrong in invalid.items():
            before[kind] = before.get(kind, 0) + wrong
        said = Evidence(
            source=source,
            rows=len(shaped),
            identifiers=tuple(found),
            names=tuple(names),
            place=place,
            former=tuple(former),
            traits=dict(traits),
        )
        if source == self.register:
            # Every record counts by itself; a register is one part.
            self.evidence[source] = said
            return np.arange(len(shaped), dtype=np.int32)
        return self.heard[source].add(said, weights)

    def values(self, kinds: frozenset[str]) -> set[tuple[str, str]]:
        """Every (type, value) met, of some types."""
        return {pair for pair in self.nodes.things if pair[0] in kinds}

    def link(self, foreign: set[tuple[str, str]], judge: Judge | None = None) -> Links:
        """Link all extracts to the persons of the register; `foreign` values are other entities' own; `judge` settles what is doubtful."""
        register = self.register
        self._read.clear()
        self.evidence |= {source: said for source, gathered in self.heard.items() if (said := gathered.evidence()) is not None}
        self.heard.clear()
        blocked = frozenset(node for pair in foreign if (node := self.nodes.get(pair)) != NONE)
        linker = Linker(self.evidence[register], self.nodes, self.names, blocked, judge)
        self.links = linker.link([evidence for name, evidence in self.evidence.items() if name != register])
        return self.links

    def identify(self, vault: Vault | None, pseudonyms: Pseudonymizer, random: Callable[[int], bytes]) -> None:
        """Give each person the UID under which the vault knows it, or a new random one, and make the pseudonyms.

        Two persons that the vault has as one are told apart by the stronger identifier; the other gets a new UID. Two of the
        vault's persons that turn out to be one keep the UID with the stronger identifier.
        """
        if self.links is None:
            message = "persons are linked before they are identified"
            raise RuntimeError(message)
        known = vault.known(self.entity) if vault is not None else {}
        mine: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
        for node, person in self.links.register.owner.items():
            if person not in {SHARED, NONE}:
                kind, value = self.nodes.things[node]
                mine[person].append((strength(kind), kind, value))
        claims: list[tuple[int, int, str]] = []
        if known and vault is not None:
            keys = {
                kind: vault.index_key(self.entity, kind)
                for kind in {kind for pairs in mine.values() for _, kind, _ in pairs}
            }
            for person, pairs in mine.items():
                for level, kind, value in pairs:
                    uid = known.get((kind, keys[kind].mac(value)))
                    if uid is not None:
                        claims.append((level, person, uid))
        uids: dict[int, str] = {}
        taken: set[str] = set()
        for _, person, uid in sorted(claims):
            if person not in uids and uid not in taken:
                uids[person] = uid
                taken.add(uid)
        register = self.links.register
        erased = Tombstones(vault, self.entity) if vault is not None else None
        shared = self._shared() if erased else {}
        for person in range(register.count):
            uid = uids.get(person) or random(UID_BYTES).hex()
            indexed = sorted((kind, value) for _, kind, value in mine.get(person, []))
            if erased and erased.covers(indexed, register.names.get(person, ()), shared.get(person, ())):
                # Somebody who was erased on request doesn't come back with the next extract.
                self.keys.append(None)
                continue
            fields: dict[str, list[str]] = defaultdict(list)
            for kind, value in indexed:
                fields[kind].append(value)
            for name in sorted(register.names.get(person, ())):
                fields["name"].append(name)
            self.people.append(Person(uid=uid, fields=dict(fields), indexed=indexed))
            self.keys.append(pseudonyms.of(uid))

    def _shared(self) -> dict[int, list[tuple[str, str]]]:
        """Identifiers that several persons claim and that therefore find nobody, by person; they keep out who was erased all the same."""
        found: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for node, persons in self.links.register.claimants.items() if self.links is not None else ():
            for person in persons:
                found[person].append(self.nodes.things[node])
        return found
