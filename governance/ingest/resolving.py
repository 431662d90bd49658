"""Resolving: which thing and which person is behind each row, and under which pseudonym they stand in data.

Extracts are gone through twice, part by part: first every part is heard, which leaves the different descriptions of persons and, for each
row, the number of its description; when those are linked, the second pass looks each row's person up by that number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.identity.evidence import NONE, Interner
from governance.identity.linking import IDENTIFIER, REASONS, Linked
from governance.identity.pseudonyms import Pseudonymizer
from governance.ingest.columns import Column
from governance.ingest.doubtful import Telling
from governance.ingest.persons import Persons
from governance.ingest.shaping import shape
from governance.ingest.tables import RowKeys, Tables
from governance.ingest.things import UNKNOWN, Things

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    from governance.documents.extracts import Load
    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.identity.doubts import Decision
    from governance.identity.keys import Key
    from governance.identity.vault import Vault
    from governance.ingest.mappings import Plan
    from governance.ingest.shaping import Shaped
    from governance.ingest.staging import Piece, Scratch, Staged
    from governance.ingest.values import Reader

    IntArray = npt.NDArray[np.int64]

ERASED = "erased_on_request"
"""Why a row of a person who was erased doesn't load."""


class Resolver:
    """Finds the things and persons of all extracts of one load. `key` makes the persons' pseudonyms, `things` those of things."""

    def __init__(
        self,
        plan: Plan,
        staged: Mapping[str, Staged],
        reader: Reader,
        *,
        key: Key,
        things: Key,
        random: Callable[[int], bytes],
        step: Callable[[str, float], None],
        decisions: Mapping[str, Decision],
        scratch: Scratch,
    ) -> None:
        self._plan = plan
        self._staged = staged
        self._reader = reader
        self._key, self._things_key = key, things
        self._random = random
        self._step = step
        self._decisions = decisions
        self._scratch = scratch
        self.telling: dict[str, Telling] = {}
        self.things: dict[str, Things] = {}
        self.persons: dict[str, Persons] = {}
        self._traits: dict[str, dict[str, Interner[str]]] = {}
        self._numbers: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._described: dict[tuple[str, int], tuple[int, int]] = {}
        self._arrays: dict[str, pa.Array] = {}
        self._in_register: dict[str, npt.NDArray[np.bool_]] = {}

    def link(self, vault: Vault | None) -> None:
        """Find the things and persons behind all rows."""
        entities = self._plan.schema.entities
        for entity, kind in entities.items():
            if kind.kind == "thing":
                maker = Pseudonymizer(key=self._things_key, prefix=kind.prefix, entity=entity)
                self._list_things(entity, Things(entity, maker))
                self._step(f"found {entity}", 0.3)
        self._hear()
        foreign: set[tuple[str, str]] = set()
        # Those who are not found by name in a place come first: their phones must not be taken for a doctor's.
        for entity, persons in sorted(self.persons.items(), key=lambda item: entities[item[0]].place is not None):
            kind = entities[entity]
            maker = Pseudonymizer(key=self._key, prefix=kind.prefix, entity=entity)
            judge = None
            if kind.place is not None:
                # By the key that is never rotated: a steward's decision is found again under any key of persons.
                judge = self.telling[entity].judge(self._things_key, self._plan.linking, self._decisions)
            persons.link(foreign, judge)
            self._step(f"linked {entity}", 0.55)
            persons.identify(vault, maker, self._random)
            foreign |= persons.values(frozenset({"mobile", "email"}))
            self._step(f"identified {entity}", 0.6)

    def _registered(self, entity: str) -> str | None:
        mapping = self._plan.register_of(entity)
        return mapping.extract if mapping is not None and mapping.extract in self._staged else None

    def _key_columns(self, entity: str) -> list[str]:
        return list(dict.fromkeys(name for table in self._plan.schema.tables.values() for name, c in table.columns.items() if c.of == entity))

    def _entity_of(self, column: str) -> str | None:
        tables = self._plan.schema.tables.values()
        return next((c.of for table in tables for name, c in table.columns.items() if name == column and c.of), None)

    # ----------------------------------------------------------------- things

    def _list_things(self, entity: str, things: Things) -> None:
        self.things[entity] = things
        register = self._registered(entity)
        if register is None:
            return
        staged = self._staged[register]
        for part in staged.parts():
            shaped = shape(part, staged.mapping).everyone()
            for column in self._key_columns(entity):
                if column in staged.mapping.keys:
                    things.register(shaped, staged.mapping.keys[column])

    def _thing_rows(self, shaped: Shaped, column: str, entity: str) -> IntArray:
        """The thing of each row; the register's own rows are the things that they list."""
        things, identifiers = self.things[entity], shaped.mapping.keys[column]
        return things.listed(shaped, identifiers) if self._registered(entity) == shaped.extract.name else things.resolve(shaped, identifiers)

    # ----------------------------------------------------------------- persons

    def _hear(self) -> None:
        """Let every part of every extract say what it knows of persons."""
        kinds = self._plan.schema.entities
        entities = [name for name, kind in kinds.items() if kind.kind == "person" and self._registered(name)]
        for entity in entities:
            persons = self.persons[entity] = Persons(entity)
            persons.register = self._registered(entity) or ""
            self._traits[entity] = {trait: Interner() for trait in kinds[entity].traits}
            self.telling[entity] = Telling(persons=persons, places=self._place_of(kinds[entity].place), traits=self._traits[entity])
        speaking = {
            name: [(entity, column) for entity in entities if (column := next((c for c in self._key_columns(entity) if c in staged.mapping.keys), None)) is not None]
            for name, staged in self._staged.items()
        }
        rows = sum(self._staged[name].rows for name, said in speaking.items() if said)
        done = 0
        for name, said in speaking.items():
            for piece in self._staged[name].pieces:
                for heard in self._hear_piece(name, piece, said):
                    done += heard
                    self._step(f"heard {name}", 0.3 + 0.2 * done / max(1, rows))

    def _hear_piece(self, name: str, piece: Piece, said: list[tuple[str, str]]) -> Iterator[int]:
        """Hear some files; where they are described, their different descriptions alone. Gives the rows heard as it goes."""
        staged = self._staged[name]
        if piece.described is None:
            for number in piece.parts if said else ():
                part = staged.part(number)
                shaped = shape(part, staged.mapping).everyone()
                for entity, column in said:
                    self._numbers[entity, name, number] = self._scratch.keep(self._hear_part(entity, column, shaped).tobytes())
                yield part.rows
            return
        for number in piece.parts:
            part = staged.part(number)
            self.describe(name, number, piece.described.add(shape(part, staged.mapping).everyone()))
            yield part.rows
        shaped = piece.described.shaped(staged.mapping)
        for entity, column in said:
            numbers = self._hear_part(entity, column, shaped, piece.described.weights)
            self._numbers[entity, name, self.whole(piece)] = self._scratch.keep(numbers.tobytes())
            self.told(entity, name, piece)

    @staticmethod
    def whole(piece: Piece) -> int:
        """The number under which a piece's descriptions are heard; no part has it."""
        return -1 - piece.files[0]

    def describe(self, name: str, part: int, rows: IntArray) -> None:
        """Keep the description of each row of a part that may say who is who."""
        self._described[name, part] = self._scratch.keep(rows.astype(np.int32).tobytes())

    def descriptions(self, name: str, part: int) -> npt.NDArray[np.int32]:
        """Those descriptions again."""
        return np.frombuffer(self._scratch.read(self._described[name, part]), dtype=np.int32)

    def told(self, entity: str, name: str, piece: Piece) -> None:
        """Let the rows of a piece's parts say what their descriptions said."""
        place = self._numbers.get((entity, name, self.whole(piece)))
        if place is None:
            return
        numbers = np.frombuffer(self._scratch.read(place), dtype=np.int32)
        for part in piece.parts:
            self._numbers[entity, name, part] = self._scratch.keep(numbers[self.descriptions(name, part)].tobytes())

    def _hear_part(self, entity: str, column: str, shaped: Shaped, weights: IntArray | None = None) -> npt.NDArray[np.int32]:
        mapping, place = shaped.mapping, self._plan.schema.entities[entity].place
        former = []
        if place is not None and place in mapping.former:
            former.append(self.things[self._entity_of(place) or ""].resolve(shaped, mapping.former[place]))
        return self.persons[entity].hear(
            shaped,
            mapping.keys[column],
            place=self._thing_rows(shaped, place, self._entity_of(place) or "") if place is not None and place in mapping.keys else None,
            former=former,
            traits={
                trait: self._trait(shaped, trait, interner)
                for trait, interner in self._traits[entity].items()
                if self._has_trait(shaped, trait)
            },
            weights=weights,
        )

    def _place_of(self, place: str | None) -> Things | None:
        entity = self._entity_of(place) if place is not None else None
        return self.things.get(entity) if entity is not None else None

    def cases(self) -> list[dict[str, object]]:
        """The doubtful cases of all entities, masked."""
        return [case for telling in self.telling.values() for case in telling.cases()]

    def _has_trait(self, shaped: Shaped, trait: str) -> bool:
        return trait in shaped.mapping.traits or any(trait in load.fields for load in self._register_loads(shaped.mapping))

    def _register_loads(self, mapping: ExtractMapping) -> list[Load]:
        return [load for load in mapping.load if self._plan.schema.tables[load.table].register_of is not None]

    def _trait(self, shaped: Shaped, trait: str, interner: Interner[str]) -> IntArray:
        value = shaped.mapping.traits.get(trait)
        if value is None:
            value = next(load.fields[trait] for load in self._register_loads(shaped.mapping) if trait in load.fields)
        read = self._reader.read(value, "text", shaped.columns, len(shaped))
        return Column.of(read.values.cast(pa.string())).ids(interner.add)

    # ----------------------------------------------------------------- keys of rows

    def linked(self, entity: str, name: str, part: int) -> tuple[Linked, IntArray] | None:
        """How the extract's descriptions were linked, and the description of each row of the part that may say who is who; None: it says nothing."""
        persons, place = self.persons.get(entity), self._numbers.get((entity, name, part))
        if persons is None or persons.links is None or place is None:
            return None
        return persons.links.rows[name], np.frombuffer(self._scratch.read(place), dtype=np.int32).astype(np.int64)

    def person_keys(self, entity: str, shaped: Shaped, part: int) -> tuple[pa.Array, pa.Array]:
        """For each row of a part the pseudonym of its person (null: nobody is known), and the same where an identifier alone found it."""
        rows = np.full(shaped.extract.rows, NONE, dtype=np.int64)
        alone = rows.copy()
        found = self.linked(entity, shaped.extract.name, part)
        if found is not None:
            linked, numbers = found
            rows[shaped.heard] = linked.person[numbers]
            alone[shaped.heard] = np.where(linked.how == IDENTIFIER, linked.person, NONE)[numbers]
        return pseudonyms(self._keys(entity), rows), pseudonyms(self._keys(entity), alone)

    def _keys(self, entity: str) -> pa.Array:
        """The pseudonyms of the entity's things or persons, as one array; they are all known once rows are asked for."""
        if entity not in self._arrays:
            holder = self.things.get(entity) or self.persons.get(entity)
            self._arrays[entity] = pa.array(holder.keys if holder is not None else [], pa.string())
        return self._arrays[entity]

    def row_keys(self, shaped: Shaped, part: int, column: str, tables: Tables) -> RowKeys | None:
        """Pseudonyms of a key column in a part; keys that the entity's register did not load are unknown."""
        entity = self._entity_of(column)
        if entity is None:
            return None
        name = shaped.extract.name
        # Persons were heard in all rows that may say who is who; here only those that go on are wanted.
        places = np.searchsorted(shaped.heard, shaped.source)
        if entity in self.things:
            rows = self._thing_rows(shaped, column, entity)
            missing: tuple[str, ...] = ("", f"unknown_{entity}")
            why = np.where(rows == UNKNOWN, 1, 0)
        elif (found := self.linked(entity, name, part)) is not None:
            linked, numbers = found
            rows, why = linked.person[numbers[places]], linked.reason[numbers[places]]
            missing = ("", *REASONS[1:], ERASED, f"unknown_{entity}")
            gone = self._keys(entity).is_null().to_numpy(zero_copy_only=False)
            if gone.any():
                why = np.where((rows >= 0) & gone[np.maximum(rows, 0)], len(missing) - 2, why)
        else:
            rows = np.full(len(places), NONE, dtype=np.int64)
            missing, why = (f"unknown_{entity}",), np.zeros(len(places), dtype=np.int64)
        array = pseudonyms(self._keys(entity), rows)
        register = self._plan.register_of(entity)
        table = self._plan.register_table(entity)
        if register is not None and table is not None and register.extract != name:
            # The register is filled before anything that refers to it.
            if entity not in self._in_register:
                key = self._plan.schema.key_column(table, entity) or ""
                listed = pc.is_in(self._keys(entity), value_set=tables.table(table).column(key).combine_chunks())
                self._in_register[entity] = np.append(listed.to_numpy(zero_copy_only=False).astype(bool), False)
            known = self._in_register[entity][np.where(rows < 0, -1, rows)]
            lost = ~known & array.is_valid().to_numpy(zero_copy_only=False)
            why = np.where(lost, len(missing) - 1, why)
            array = pc.if_else(pa.array(known), array, pa.scalar(None, pa.string()))
        return RowKeys(values=array, missing=missing, why=why)

    def linked_rows(self, name: str) -> Iterator[tuple[str, int]]:
        """How many rows of an extract have a person, per kind of person."""
        for entity, persons in self.persons.items():
            if persons.links is not None and name in persons.links.rows:
                linked = persons.links.rows[name]
                yield entity, linked.count(linked.person != NONE)


def pseudonyms(keys: pa.Array, rows: IntArray) -> pa.Array:
    """The pseudonym of each row, null where the row has none."""
    if not len(keys):
        return pa.nulls(len(rows), pa.string())
    return keys.take(pa.array(np.maximum(rows, 0), mask=rows < 0))
