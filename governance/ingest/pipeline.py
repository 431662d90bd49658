"""One load, from a folder of extracts to a published warehouse: read, shape, link, fill, scan, publish, in that order.

The vault is written before the warehouse is put in place, so that a pseudonym in data always has its person; a load that stops in between
leaves the old warehouse as it was, and the next load finds the same UIDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.errors import IngestError, nearest
from governance.identity.evidence import NONE
from governance.identity.leaks import Known, Scan, scan
from governance.identity.linking import IDENTIFIER
from governance.ingest import files, unknown
from governance.ingest.carriers import sources
from governance.ingest.consent import effective_times
from governance.ingest.masking import Masker
from governance.ingest.profile import Profiler, unconfirmed
from governance.ingest.resolving import Resolver, pseudonyms
from governance.ingest.shaping import Shaped, shape
from governance.ingest.tables import Tables
from governance.ingest.values import Reader
from governance.warehouse.building import NewTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from governance.identity.doubts import Decision
    from governance.identity.keys import KeyRing
    from governance.identity.vault import Vault
    from governance.ingest.carriers import Source
    from governance.ingest.mappings import Plan
    from governance.ingest.persons import Persons

_SQL = {
    "text": "VARCHAR",
    "key": "VARCHAR",
    "id": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18,2)",
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
    def reviews(self) -> Path:
        return self.home / "linking.db"

    @property
    def loads(self) -> Path:
        return self.home / "ingest"


class Ingest:
    """One load in the making; `ingest` runs it."""

    def __init__(
        self,
        folder: Path | str,
        plan: Plan,
        *,
        keys: KeyRing,
        random: Callable[[int], bytes],
        progress: Callable[[str, float], None],
    ) -> None:
        self.plan = plan
        self.smallest_batch = 0
        self.keys = keys
        self.random = random
        self.warnings: list[str] = []
        self.seconds: dict[str, float] = {}
        self._told = progress
        self._began = perf_counter()
        self._folder = folder
        self.shaped: dict[str, Shaped] = {}
        self._resolver: Resolver | None = None
        self._profiles: list[dict[str, Any]] = []
        self._masker = Masker()
        self.tables = Tables(
            schema=plan.schema, reader=Reader(zone=plan.zone, codes=plan.codes, masker=self._masker), row_key=keys.things.derive("row")
        )

    def step(self, name: str, share: float) -> None:
        """Tell how far the load is and keep how long the step before took."""
        now = perf_counter()
        self.seconds[name] = round(now - self._began - sum(self.seconds.values()), 3)
        self._told(name, share)

    # ----------------------------------------------------------------- reading

    def read(self, *, profiled: bool) -> None:
        """Find, read and shape every extract."""
        among = sources(self._folder)
        names = [source.name for source in among]
        found = {mapping.extract: files.find(among, mapping) for mapping in self.plan.mappings}
        missing = [mapping for mapping in self.plan.mappings if mapping.required and not found[mapping.extract]]
        if missing and not profiled:
            patterns = " or ".join(missing[0].files)
            message = (
                f"the extract {missing[0].extract!r} is missing: no file {patterns} in {self._where}.{nearest(missing[0].files[0], names)} "
                f"Put it there, or set `required: false` in extracts/{missing[0].extract}.yaml"
            )
            raise IngestError(message)
        taken: dict[str, str] = {}
        for name, paths in found.items():
            for path in paths:
                if path.name in taken:
                    message = f"{path.name} is claimed by the mappings of {taken[path.name]} and {name}; make their `files` differ"
                    raise IngestError(message)
                taken[path.name] = name
        self.warnings += [f"{name}: no mapping names this file; it was not read" for name in names if name not in taken]
        profiler = Profiler(self.plan.classes) if profiled else None
        for number, mapping in enumerate(self.plan.mappings):
            if not found[mapping.extract]:
                self.warnings.append(f"{mapping.extract}: no file; its rows are missing from this load")
                continue
            extract = files.read(found[mapping.extract], mapping, everything=profiled)
            if profiler is not None:
                self._profiles += profiler.profile(extract, mapping)
            self.shaped[mapping.extract] = shape(extract, mapping)
            self.step(f"read {mapping.extract}", 0.45 * (number + 1) / len(self.plan.mappings))
        if profiler is not None:
            self._profile_unknown(profiler, [source for source in among if source.name not in taken])
            self.warnings += unconfirmed(self._profiles)

    def _profile_unknown(self, profiler: Profiler, rest: Sequence[Source]) -> None:
        """Profile what no mapping names; a steward may want it."""
        for item in unknown.seen(rest):
            if isinstance(item, str):
                self.warnings.append(item)
            else:
                self._profiles += profiler.profile(item[1], None)

    @property
    def _where(self) -> str:
        return repr(Path(self._folder).name) if "://" not in str(self._folder) else "the database"

    # ----------------------------------------------------------------- persons and tables

    def link(self, vault: Vault | None, decisions: Mapping[str, Decision] = MappingProxyType({})) -> None:
        """Find the things and persons behind all rows; the vault says whom it knows already, stewards have decided some."""
        self._resolver = Resolver(
            self.plan,
            self.shaped,
            self.tables.reader,
            key=self.keys.warehouse,
            things=self.keys.things,
            random=self.random,
            step=self.step,
            decisions=decisions,
        )
        self._resolver.link(vault)

    @property
    def persons(self) -> dict[str, Persons]:
        """The persons of each entity, once linked."""
        return self._resolver.persons if self._resolver is not None else {}

    def cases(self) -> list[dict[str, Any]]:
        """The doubtful cases of linking, masked, for the review queue."""
        return self._resolver.cases() if self._resolver is not None else []

    def person_keys(self, entity: str, extract: str, *, identifiers_only: bool = False) -> pa.Array:
        """The pseudonym of every row of an extract, null where nobody is known, or nobody was found by an identifier alone."""
        shaped, persons = self.shaped[extract], self.persons[entity]
        rows = np.full(shaped.extract.rows, NONE, dtype=np.int64)
        if persons.links is not None:
            linked = persons.links.rows[extract]
            rows[shaped.heard] = np.where(linked.how == IDENTIFIER, linked.person, NONE) if identifiers_only else linked.person
        return pseudonyms(persons.keys, rows)

    def fill(self) -> None:
        """Make the warehouse's rows, registers first. Rows are linked before."""
        if self._resolver is None:
            message = "extracts are linked before the tables are filled"
            raise RuntimeError(message)
        self._masker.learn(name for persons in self.persons.values() for name in persons.names.things)
        for number, mapping in enumerate(self.plan.mappings):
            shaped = self.shaped.get(mapping.extract)
            if shaped is None:
                continue
            self.tables.add(
                shaped,
                {
                    column: keys
                    for column in mapping.keys
                    if (keys := self._resolver.row_keys(shaped, column, self.tables)) is not None
                },
            )
            self.step(f"filled {mapping.extract}", 0.6 + 0.25 * (number + 1) / len(self.plan.mappings))

    def finish_consents(self, smallest_batch: int) -> None:
        """Derive when each withdrawal takes effect, over the consents of all extracts."""
        self.smallest_batch = smallest_batch
        for name, kind in self.plan.schema.tables.items():
            if not kind.consent or name not in self.tables.pieces:
                continue
            table = self.tables.table(name)
            key = next(column for column, spec in kind.columns.items() if spec.type == "key")
            withdrawn = table.column("withdrawn_at").to_pylist()
            rows = [row for row, at in enumerate(withdrawn) if at is not None]
            purposes, persons = table.column("purpose").to_pylist(), table.column(key).to_pylist()
            times = effective_times(
                [(purposes[row], persons[row], withdrawn[row]) for row in rows], smallest_batch=smallest_batch
            )
            effective: list[datetime | None] = [None] * table.num_rows
            for row, at in zip(rows, times, strict=True):
                effective[row] = at
            place = table.column_names.index("effective_at")
            self.tables.pieces[name] = [
                table.set_column(place, "effective_at", pa.array(effective, pa.timestamp("us")))
            ]

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
            identifiers.update(persons.nodes.things)
            names.update(persons.names.things)
        forms = {
            name: {column: spec.type for column, spec in kind.columns.items() if spec.type in {"key", "id"}}
            for name, kind in self.plan.schema.tables.items()
        }
        return scan(path, Known(identifiers=frozenset(identifiers), names=frozenset(names)), forms=forms)

    def profiles(self) -> tuple[dict[str, Any], ...]:
        """The columns as profiled, in a dry run."""
        return tuple(self._profiles)
