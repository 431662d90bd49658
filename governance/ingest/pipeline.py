"""One load, from a folder of extracts to a published warehouse: read, shape, link, fill, scan, publish, in that order.

The vault is written before the warehouse is put in place, so that a pseudonym in data always has its person; a load that stops in between
leaves the old warehouse as it was, and the next load finds the same UIDs.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.errors import IngestError, WenshuError, nearest
from governance.identity.evidence import NONE, Interner
from governance.identity.leaks import Known, Scan, scan
from governance.identity.linking import REASONS
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.scoring import Score, score
from governance.identity.vault import Vault
from governance.ingest import files
from governance.ingest.columns import Column
from governance.ingest.consent import effective_times
from governance.ingest.mappings import Plan, load_plan
from governance.ingest.persons import Persons
from governance.ingest.profile import profile
from governance.ingest.report import ExtractReport, LoadReport
from governance.ingest.shaping import Shaped, shape
from governance.ingest.tables import RowKeys, Tables
from governance.ingest.things import UNKNOWN, Things
from governance.ingest.values import Reader
from governance.warehouse.building import Load, NewTable, publish, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from governance.documents.extracts import Mapping
    from governance.identity.keys import KeyRing

    IntArray = npt.NDArray[np.int64]

Progress = "Callable[[str, float], None]"
_SQL = {
    "text": "VARCHAR",
    "key": "VARCHAR",
    "id": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
    "date": "DATE",
    "month": "DATE",
    "time": "TIMESTAMP",
}
"""SQL types of the schema's column types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a load finds and leaves things: the vault, the warehouse and the folder of load reports, all within a home."""

    home: Path

    @property
    def vault(self) -> Path:
        return self.home / "vault.db"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def loads(self) -> Path:
        return self.home / "ingest"


class Ingest:
    """One load in the making; `ingest` runs it."""

    def __init__(self, folder: Path, plan: Plan, *, keys: KeyRing, random: Callable[[int], bytes], progress: Callable[[str, float], None]) -> None:
        self.plan = plan
        self.keys = keys
        self.random = random
        self.warnings: list[str] = []
        self.seconds: dict[str, float] = {}
        self._told = progress
        self._began = perf_counter()
        self._folder = folder
        self.shaped: dict[str, Shaped] = {}
        self._everyone: dict[str, Shaped] = {}
        self.things: dict[str, Things] = {}
        self.persons: dict[str, Persons] = {}
        self._thing_rows: dict[tuple[str, str], IntArray] = {}
        self._profiles: list[dict[str, Any]] = []
        self.tables = Tables(
            schema=plan.schema, reader=Reader(zone=plan.zone, codes=plan.codes), row_key=keys.warehouse.derive("row")
        )

    def step(self, name: str, share: float) -> None:
        """Tell how far the load is and keep how long the step before took."""
        now = perf_counter()
        self.seconds[name] = round(now - self._began - sum(self.seconds.values()), 3)
        self._told(name, share)

    # ----------------------------------------------------------------- reading

    def read(self, *, profiled: bool) -> None:
        """Find, read and shape every extract."""
        if not self._folder.is_dir():
            message = f"{self._folder.name!r} is no folder; name the folder that holds the extracts"
            raise IngestError(message)
        names = sorted(path.name for path in self._folder.iterdir() if path.is_file())
        found = {mapping.extract: files.find(self._folder, mapping) for mapping in self.plan.mappings}
        missing = [mapping for mapping in self.plan.mappings if mapping.required and not found[mapping.extract]]
        if missing:
            patterns = " or ".join(missing[0].files)
            message = (
                f"the extract {missing[0].extract!r} is missing: no file {patterns} in {self._folder.name!r}.{nearest(missing[0].files[0], names)} "
                f"Put it there, or set `required: false` in extracts/{missing[0].extract}.yaml"
            )
            raise IngestError(message)
        taken: dict[str, str] = {}
        for extract, paths in found.items():
            for path in paths:
                if path.name in taken:
                    message = f"{path.name} is claimed by the mappings of {taken[path.name]} and {extract}; make their `files` differ"
                    raise IngestError(message)
                taken[path.name] = extract
        self.warnings += [f"{name}: no mapping names this file; it was not read" for name in names if name not in taken]
        for number, mapping in enumerate(self.plan.mappings):
            if not found[mapping.extract]:
                self.warnings.append(f"{mapping.extract}: no file; its rows are missing from this load")
                continue
            extract = files.read(found[mapping.extract], mapping, everything=profiled)
            if profiled:
                self._profiles += profile(extract, mapping)
            self.shaped[mapping.extract] = shape(extract, mapping)
            self._everyone[mapping.extract] = self.shaped[mapping.extract].everyone()
            self.step(f"read {mapping.extract}", 0.45 * (number + 1) / len(self.plan.mappings))

    # ----------------------------------------------------------------- keys

    def link(self, vault: Vault | None) -> None:
        """Find the things and persons behind all rows."""
        entities = self.plan.schema.entities
        for entity, kind in entities.items():
            pseudonyms = Pseudonymizer(key=self.keys.warehouse, prefix=kind.prefix, entity=entity)
            if kind.kind == "thing":
                self._find_things(entity, Things(entity, pseudonyms))
                self.step(f"found {entity}", 0.47)
        foreign: set[tuple[str, str]] = set()
        # Those who are not found by name in a place come first: their phones must not be taken for a doctor's.
        for entity, kind in sorted(entities.items(), key=lambda item: item[1].place is not None):
            if kind.kind == "person" and (register := self._registered(entity)):
                pseudonyms = Pseudonymizer(key=self.keys.warehouse, prefix=kind.prefix, entity=entity)
                persons = self.persons[entity] = self._hear(entity)
                self.step(f"normalised {entity}", 0.5)
                persons.link(register, foreign)
                self.step(f"linked {entity}", 0.55)
                persons.identify(vault, pseudonyms, self.random)
                foreign |= persons.values(frozenset({"mobile", "email"}))
                self.step(f"identified {entity}", 0.6)

    def _registered(self, entity: str) -> str | None:
        mapping = self.plan.register_of(entity)
        return mapping.extract if mapping is not None and mapping.extract in self.shaped else None

    def _key_columns(self, entity: str) -> list[str]:
        return list(dict.fromkeys(name for table in self.plan.schema.tables.values() for name, c in table.columns.items() if c.of == entity))

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
        place = self.plan.schema.entities[entity].place
        traits = {trait: Interner() for trait in self.plan.schema.entities[entity].traits}
        for name, shaped in self._everyone.items():
            mapping = shaped.mapping
            column = next((c for c in self._key_columns(entity) if c in mapping.keys), None)
            if column is None:
                continue
            former = []
            if place is not None and place in mapping.former:
                holder = self.things[next(c.of for t in self.plan.schema.tables.values() for n, c in t.columns.items() if n == place and c.of)]
                former.append(holder.resolve(shaped, mapping.former[place]))
            persons.hear(
                shaped,
                mapping.keys[column],
                place=self._thing_rows.get((name, place)) if place is not None else None,
                former=former,
                traits={trait: self._trait(shaped, trait, interner) for trait, interner in traits.items() if self._has_trait(shaped, trait)},
            )
        return persons

    def _has_trait(self, shaped: Shaped, trait: str) -> bool:
        return trait in shaped.mapping.traits or any(trait in load.fields for load in self._register_loads(shaped.mapping))

    def _register_loads(self, mapping: Mapping) -> list[Any]:
        return [load for load in mapping.load if self.plan.schema.tables[load.table].register_of is not None]

    def _trait(self, shaped: Shaped, trait: str, interner: Interner) -> IntArray:
        value = shaped.mapping.traits.get(trait)
        if value is None:
            value = next(load.fields[trait] for load in self._register_loads(shaped.mapping) if trait in load.fields)
        read = self.tables.reader.read(value, "text", shaped.columns, len(shaped))
        return Column.of(read.values.cast(pa.string())).ids(interner.add)

    # ----------------------------------------------------------------- tables

    def fill(self) -> None:
        """Make the warehouse's rows, registers first."""
        for number, mapping in enumerate(self.plan.mappings):
            shaped = self.shaped.get(mapping.extract)
            if shaped is None:
                continue
            self.tables.add(shaped, {column: keys for column in mapping.keys if (keys := self._row_keys(shaped, column)) is not None})
            self.step(f"filled {mapping.extract}", 0.6 + 0.25 * (number + 1) / len(self.plan.mappings))

    def _row_keys(self, shaped: Shaped, column: str) -> RowKeys | None:
        """Pseudonyms of a key column; keys that the entity's register did not load are unknown."""
        entity = next((c.of for t in self.plan.schema.tables.values() for n, c in t.columns.items() if n == column and c.of), None)
        if entity is None:
            return None
        name = shaped.extract.name
        persons = self.persons.get(entity)
        if entity in self.things:
            rows, keys = self._thing_rows[name, column], self.things[entity].keys
            missing: tuple[str, ...] = ("", f"unknown_{entity}")
            why = np.where(rows == UNKNOWN, 1, 0)
        elif persons is not None and persons.links is not None:
            rows, keys = persons.links.rows[name].person, persons.keys
            missing, why = ("", *REASONS[1:], f"unknown_{entity}"), persons.links.rows[name].reason
        else:
            rows, keys = np.full(len(shaped.heard), NONE, dtype=np.int64), []
            missing, why = (f"unknown_{entity}",), np.zeros(len(shaped.heard), dtype=np.int64)
        # Keys were found for all rows that may say who is who; here only those that go on are wanted.
        places = np.searchsorted(shaped.heard, shaped.source)
        array = _pseudonyms(keys, rows[places])
        why = why[places]
        register = self.plan.register_of(entity)
        table = self.plan.register_table(entity)
        if register is not None and table is not None and register.extract != name:
            key = self.plan.schema.key_column(table, entity) or ""
            known = pc.is_in(array, value_set=self.tables.table(table).column(key).combine_chunks()).to_numpy(zero_copy_only=False)
            lost = ~known & array.is_valid().to_numpy(zero_copy_only=False)
            why = np.where(lost, len(missing) - 1, why)
            array = pc.if_else(pa.array(known), array, pa.scalar(None, pa.string()))
        return RowKeys(values=array, missing=missing, why=why)

    def person_keys(self, entity: str, extract: str) -> pa.Array:
        """The pseudonym of every row of an extract, null where nobody is known."""
        shaped, persons = self.shaped[extract], self.persons[entity]
        rows = np.full(shaped.extract.rows, NONE, dtype=np.int64)
        if persons.links is not None:
            rows[shaped.heard] = persons.links.rows[extract].person
        return _pseudonyms(persons.keys, rows)

    def finish_consents(self, smallest_batch: int) -> None:
        """Derive when each withdrawal takes effect, over the consents of all extracts."""
        for name, kind in self.plan.schema.tables.items():
            if not kind.consent or name not in self.tables.pieces:
                continue
            table = self.tables.table(name)
            key = next(column for column, spec in kind.columns.items() if spec.type == "key")
            withdrawn = table.column("withdrawn_at").to_pylist()
            rows = [row for row, at in enumerate(withdrawn) if at is not None]
            purposes, persons = table.column("purpose").to_pylist(), table.column(key).to_pylist()
            times = effective_times([(purposes[row], persons[row], withdrawn[row]) for row in rows], smallest_batch=smallest_batch)
            effective: list[datetime | None] = [None] * table.num_rows
            for row, at in zip(rows, times, strict=True):
                effective[row] = at
            place = table.column_names.index("effective_at")
            self.tables.pieces[name] = [table.set_column(place, "effective_at", pa.array(effective, pa.timestamp("us")))]

    # ----------------------------------------------------------------- the end

    def as_of(self, now: datetime) -> datetime:
        """The last moment, not after now, that the data with times speak of."""
        latest = None
        for name, kind in self.plan.schema.tables.items():
            for column, spec in kind.columns.items():
                if spec.type == "time" and spec.required and name in self.tables.pieces:
                    values = self.tables.table(name).column(column)
                    past = pc.max(values.filter(pc.less_equal(values, pa.scalar(now, pa.timestamp("us"))))).as_py()
                    latest = past if latest is None or (past is not None and past > latest) else latest
        return latest or now

    def new_tables(self) -> list[NewTable]:
        """All tables of the schema, the empty ones too."""
        return [
            NewTable(
                name=name,
                columns={column: _SQL[spec.type] for column, spec in kind.columns.items()},
                batches=[self.tables.table(name)],
            )
            for name, kind in self.plan.schema.tables.items()
        ]

    def scan(self, path: Path) -> Scan:
        """Prove that the finished file holds no direct identifier."""
        identifiers: set[tuple[str, str]] = set()
        names: set[str] = set()
        for persons in self.persons.values():
            identifiers |= {(str(kind), str(value)) for kind, value in persons.nodes.things}  # type: ignore[misc, attr-defined]
            names |= {str(name) for name in persons.names.things}
        forms = {
            name: {column: spec.type for column, spec in kind.columns.items() if spec.type in {"key", "id"}}
            for name, kind in self.plan.schema.tables.items()
        }
        return scan(path, Known(identifiers=frozenset(identifiers), names=frozenset(names)), forms=forms)

    def extract_reports(self) -> tuple[ExtractReport, ...]:
        """What became of every row of every extract."""
        reports = []
        for name, shaped in self.shaped.items():
            extract, outcomes, mapping = shaped.extract, shaped.outcomes, shaped.mapping
            quarantined = outcomes.counts("quarantined")
            if extract.broken:
                quarantined["broken_row"] = quarantined.get("broken_row", 0) + len(extract.broken)
            used = set(mapping.used_columns())
            wide = mapping.unpivot.matching(extract.headers) if mapping.unpivot else ()
            linked = {
                entity: int((persons.links.rows[name].person != NONE).sum())
                for entity, persons in self.persons.items()
                if persons.links is not None and name in persons.links.rows
            }
            invalid: dict[str, int] = {}
            for persons in self.persons.values():
                for kind, count in persons.invalid.get(name, {}).items():
                    invalid[kind] = invalid.get(kind, 0) + count
            report = ExtractReport(
                extract=name,
                files=extract.files,
                encodings=extract.encodings,
                rows=extract.rows + len(extract.broken),
                loaded=sum(outcomes.counts("loaded").values()),
                quarantined=quarantined,
                dropped=outcomes.counts("dropped"),
                folded=outcomes.counts("folded"),
                records=self.tables.records.get(name, {}),
                linked_rows=linked,
                invalid_identifiers=invalid,
                unresolved=self.tables.unresolved.get(name, {}),
                left_out_columns=tuple(column for column in extract.headers if column in mapping.ignore),
                unmapped_columns=tuple(
                    column for column in extract.headers if column not in used and column not in mapping.ignore and column not in wide
                ),
            )
            report.check()
            self.warnings += [f"{name}: the column {column!r} is not mapped and was left out" for column in report.unmapped_columns]
            reports.append(report)
        return tuple(reports)

    def person_report(self) -> dict[str, dict[str, int]]:
        """Counts of the linking, per kind of person."""
        return {
            entity: {
                "persons": persons.links.register.count,
                "records_merged": persons.links.register.merged,
                "identifiers_shared": persons.links.register.shared,
                "identifiers_learned": persons.links.learned,
                "rows_linked_by_name": persons.links.by_name,
            }
            for entity, persons in self.persons.items()
            if persons.links is not None
        }

    def profiles(self) -> tuple[dict[str, Any], ...]:
        """The columns as profiled, in a dry run."""
        return tuple(self._profiles)

    def links(self, entity: str) -> list[tuple[str, int, str | None]]:
        """Every row of the extracts that carry the entity: file name, 1-based data row, pseudonym or None."""
        persons = self.persons.get(entity)
        result: list[tuple[str, int, str | None]] = []
        for name in persons.evidence if persons is not None else ():
            extract = self.shaped[name].extract
            names = [extract.files[file] for file in extract.file.tolist()]
            result += zip(names, extract.row.tolist(), self.person_keys(entity, name).to_pylist(), strict=True)
        return result

    def held_back(self) -> list[tuple[str, int, str]]:
        """Every quarantined row: file name, 1-based data row, reason."""
        result = []
        for shaped in self.shaped.values():
            extract, outcomes = shaped.extract, shaped.outcomes
            reasons = {code: name for code, (kind, name) in enumerate(outcomes.names) if kind == "quarantined"}
            rows = np.flatnonzero(np.isin(outcomes.code, list(reasons)))
            result += [(extract.files[extract.file[row]], int(extract.row[row]), reasons[int(outcomes.code[row])]) for row in rows.tolist()]
            result += [(extract.files[file], row, "broken_row") for file, row in extract.broken]
        return result


def _pseudonyms(keys: list[str], rows: IntArray) -> pa.Array:
    if not keys:
        return pa.nulls(len(rows), pa.string())
    return pa.array(keys, pa.string()).take(pa.array(np.maximum(rows, 0), mask=rows < 0))
