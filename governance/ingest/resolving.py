"""Resolving: which thing and which person is behind each row, and under which pseudonym they stand in data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.identity.evidence import NONE, Interner
from governance.identity.linking import REASONS
from governance.identity.pseudonyms import Pseudonymizer
from governance.ingest.columns import Column
from governance.ingest.doubtful import Telling
from governance.ingest.persons import Persons
from governance.ingest.tables import RowKeys, Tables
from governance.ingest.things import UNKNOWN, Things

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from governance.documents.extracts import Load
    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.identity.doubts import Decision
    from governance.identity.keys import Key
    from governance.identity.vault import Vault
    from governance.ingest.mappings import Plan
    from governance.ingest.shaping import Shaped
    from governance.ingest.values import Reader

    IntArray = npt.NDArray[np.int64]

ERASED = "erased_on_request"
"""Why a row of a person who was erased doesn't load."""


class Resolver:
    """Finds the things and persons of all extracts of one load. `key` makes the persons' pseudonyms, `things` those of things."""

    def __init__(
        self,
        plan: Plan,
        shaped: Mapping[str, Shaped],
        reader: Reader,
        *,
        key: Key,
        things: Key,
        random: Callable[[int], bytes],
        step: Callable[[str, float], None],
        decisions: Mapping[str, Decision],
    ) -> None:
        self._plan = plan
        self._shaped = shaped
        self._everyone = {name: rows.everyone() for name, rows in shaped.items()}
        self._reader = reader
        self._key, self._things_key = key, things
        self._random = random
        self._step = step
        self._decisions = decisions
        self.telling: dict[str, Telling] = {}
        self.things: dict[str, Things] = {}
        self.persons: dict[str, Persons] = {}
        self._thing_rows: dict[tuple[str, str], IntArray] = {}

    def link(self, vault: Vault | None) -> None:
        """Find the things and persons behind all rows."""
        entities = self._plan.schema.entities
        for entity, kind in entities.items():
            maker = Pseudonymizer(key=self._things_key, prefix=kind.prefix, entity=entity)
            if kind.kind == "thing":
                self._find_things(entity, Things(entity, maker))
                self._step(f"found {entity}", 0.47)
        foreign: set[tuple[str, str]] = set()
        # Those who are not found by name in a place come first: their phones must not be taken for a doctor's.
        for entity, kind in sorted(entities.items(), key=lambda item: item[1].place is not None):
            if kind.kind == "person" and (register := self._registered(entity)):
                maker = Pseudonymizer(key=self._key, prefix=kind.prefix, entity=entity)
                persons = self.persons[entity] = self._hear(entity)
                self._step(f"normalised {entity}", 0.5)
                judge = None
                if kind.place is not None:
                    judge = self.telling[entity].judge(self._key, self._plan.linking, self._decisions)
                persons.link(register, foreign, judge)
                self._step(f"linked {entity}", 0.55)
                persons.identify(vault, maker, self._random)
                foreign |= persons.values(frozenset({"mobile", "email"}))
                self._step(f"identified {entity}", 0.6)

    def _registered(self, entity: str) -> str | None:
        mapping = self._plan.register_of(entity)
        return mapping.extract if mapping is not None and mapping.extract in self._shaped else None

    def _key_columns(self, entity: str) -> list[str]:
        return list(
            dict.fromkeys(
                name
                for table in self._plan.schema.tables.values()
                for name, c in table.columns.items()
                if c.of == entity
            )
        )

    def _find_things(self, entity: str, things: Things) -> None:
        self.things[entity] = things
        register = self._registered(entity)
        for column in self._key_columns(entity):
            if register is not None and column in self._everyone[register].mapping.keys:
                shaped = self._everyone[register]
                self._thing_rows[register, column] = things.register(shaped, shaped.mapping.keys[column])
        for name, shaped in self._everyone.items():
            for column in self._key_columns(entity):
                if column in shaped.mapping.keys and name != register:
                    self._thing_rows[name, column] = things.resolve(shaped, shaped.mapping.keys[column])

    def _hear(self, entity: str) -> Persons:
        persons = Persons(entity)
        place = self._plan.schema.entities[entity].place
        traits: dict[str, Interner[str]] = {trait: Interner() for trait in self._plan.schema.entities[entity].traits}
        self.telling[entity] = Telling(persons=persons, places=self._place_of(place), traits=traits)
        for name, shaped in self._everyone.items():
            mapping = shaped.mapping
            column = next((c for c in self._key_columns(entity) if c in mapping.keys), None)
            if column is None:
                continue
            former = []
            if place is not None and place in mapping.former:
                holder = self.things[
                    next(
                        c.of
                        for t in self._plan.schema.tables.values()
                        for n, c in t.columns.items()
                        if n == place and c.of
                    )
                ]
                former.append(holder.resolve(shaped, mapping.former[place]))
            persons.hear(
                shaped,
                mapping.keys[column],
                place=self._thing_rows.get((name, place)) if place is not None else None,
                former=former,
                traits={
                    trait: self._trait(shaped, trait, interner)
                    for trait, interner in traits.items()
                    if self._has_trait(shaped, trait)
                },
            )
        return persons

    def _place_of(self, place: str | None) -> Things | None:
        tables = self._plan.schema.tables.values()
        entity = next((c.of for table in tables for name, c in table.columns.items() if name == place and c.of), None)
        return self.things.get(entity) if entity is not None else None

    def cases(self) -> list[dict[str, object]]:
        """The doubtful cases of all entities, masked."""
        return [case for telling in self.telling.values() for case in telling.cases()]

    def _has_trait(self, shaped: Shaped, trait: str) -> bool:
        return trait in shaped.mapping.traits or any(
            trait in load.fields for load in self._register_loads(shaped.mapping)
        )

    def _register_loads(self, mapping: ExtractMapping) -> list[Load]:
        return [load for load in mapping.load if self._plan.schema.tables[load.table].register_of is not None]

    def _trait(self, shaped: Shaped, trait: str, interner: Interner[str]) -> IntArray:
        value = shaped.mapping.traits.get(trait)
        if value is None:
            value = next(load.fields[trait] for load in self._register_loads(shaped.mapping) if trait in load.fields)
        read = self._reader.read(value, "text", shaped.columns, len(shaped))
        return Column.of(read.values.cast(pa.string())).ids(interner.add)

    def row_keys(self, shaped: Shaped, column: str, tables: Tables) -> RowKeys | None:
        """Pseudonyms of a key column; keys that the entity's register did not load are unknown."""
        entity = next(
            (c.of for t in self._plan.schema.tables.values() for n, c in t.columns.items() if n == column and c.of),
            None,
        )
        if entity is None:
            return None
        name = shaped.extract.name
        persons = self.persons.get(entity)
        keys: Sequence[str | None]
        if entity in self.things:
            rows, keys = self._thing_rows[name, column], self.things[entity].keys
            missing: tuple[str, ...] = ("", f"unknown_{entity}")
            why = np.where(rows == UNKNOWN, 1, 0)
        elif persons is not None and persons.links is not None:
            rows, keys = persons.links.rows[name].person, persons.keys
            missing, why = ("", *REASONS[1:], ERASED, f"unknown_{entity}"), persons.links.rows[name].reason
            gone = np.array([key is None for key in keys], dtype=bool)
            if gone.any():
                why = np.where((rows >= 0) & gone[np.maximum(rows, 0)], len(missing) - 2, why)
        else:
            rows, keys = np.full(len(shaped.heard), NONE, dtype=np.int64), []
            missing, why = (f"unknown_{entity}",), np.zeros(len(shaped.heard), dtype=np.int64)
        # Keys were found for all rows that may say who is who; here only those that go on are wanted.
        places = np.searchsorted(shaped.heard, shaped.source)
        array = pseudonyms(keys, rows[places])
        why = why[places]
        register = self._plan.register_of(entity)
        table = self._plan.register_table(entity)
        if register is not None and table is not None and register.extract != name:
            key = self._plan.schema.key_column(table, entity) or ""
            known = pc.is_in(array, value_set=tables.table(table).column(key).combine_chunks()).to_numpy(
                zero_copy_only=False
            )
            lost = ~known & array.is_valid().to_numpy(zero_copy_only=False)
            why = np.where(lost, len(missing) - 1, why)
            array = pc.if_else(pa.array(known), array, pa.scalar(None, pa.string()))
        return RowKeys(values=array, missing=missing, why=why)


def pseudonyms(keys: Sequence[str | None], rows: IntArray) -> pa.Array:
    """The pseudonym of each row, null where the row has none."""
    if not keys:
        return pa.nulls(len(rows), pa.string())
    return pa.array(keys, pa.string()).take(pa.array(np.maximum(rows, 0), mask=rows < 0))
