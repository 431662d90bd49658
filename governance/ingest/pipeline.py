"""One load, from a folder of extracts to a published warehouse: stage, link, fill, scan, publish, in that order.

Extracts are staged in parts (`staging`), and every step goes part by part, so that memory grows with the persons, not with the rows.

The vault is written before the warehouse is put in place, so that a pseudonym in data always has its person; a load that stops in between
leaves the old warehouse as it was, and the next load finds the same UIDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from governance.errors import IngestError, nearest
from governance.identity.leaks import Known, Scan, scan
from governance.ingest import files, gating, unknown
from governance.ingest.accounts import Tally
from governance.ingest.carriers import sources
from governance.ingest.consent import effective_times
from governance.ingest.keeping import Keeping
from governance.ingest.masking import Masker
from governance.ingest.pieces import can_be_kept, stage_pieces
from governance.ingest.profile import Profiler
from governance.ingest.resolving import Resolver
from governance.ingest.shaping import shape
from governance.ingest.staging import Scratch, Staged, stage
from governance.ingest.tables import Tables
from governance.ingest.values import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.identity.doubts import Decision
    from governance.identity.keys import KeyRing
    from governance.identity.vault import Vault
    from governance.ingest.carriers import Source
    from governance.ingest.kept import Kept
    from governance.ingest.mappings import Plan
    from governance.ingest.persons import Persons
    from governance.ingest.staging import Piece

SQL_TYPES = {
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
    """One load in the making; `ingest` runs it. Close it, or use it as a context: what was staged is freed then."""

    def __init__(
        self,
        folder: Path | str,
        plan: Plan,
        *,
        keys: KeyRing,
        random: Callable[[int], bytes],
        progress: Callable[[str, float], None],
        now: datetime,
        scratch: Path | None = None,
        kept: Kept | None = None,
    ) -> None:
        """`scratch` is where staged cells wait, in a file without a name (None: the system's place for such files); `kept`, what the load before kept of files."""
        self.kept = kept
        self.not_read: dict[str, list[str]] = {}
        self.plan = plan
        self.smallest_batch = 0
        self.inputs: str | None = None
        self.keys = keys
        self.random = random
        self.warnings: list[str] = []
        self.seconds: dict[str, float] = {}
        self.staged: dict[str, Staged] = {}
        self.tallies: dict[str, Tally] = {}
        self._told = progress
        self._last = perf_counter()
        self._folder = folder
        self._found: dict[str, list[Source]] | None = None
        self._rest: Sequence[Source] = ()
        self._scratch = Scratch(scratch)
        self._resolver: Resolver | None = None
        self._profiles: list[dict[str, Any]] = []
        self._masker = Masker()
        self.tables = Tables(
            schema=plan.schema, reader=Reader(zone=plan.zone, codes=plan.codes, masker=self._masker), row_key=keys.things.derive("row"), now=now
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._scratch.close()
        if self.kept is not None:
            self.kept.discard()

    def step(self, name: str, share: float) -> None:
        """Tell how far the load is and keep how long the steps of this name took."""
        now = perf_counter()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self._last, 3)
        self._last = now
        self._told(name, share)

    # ----------------------------------------------------------------- reading

    def find(self) -> dict[str, list[Source]]:
        """The files of each extract. Raises IngestError for a file that two mappings claim."""
        if self._found is None:
            self._found = self._look()
        return self._found

    def _look(self) -> dict[str, list[Source]]:
        among = sources(self._folder)
        found = {mapping.extract: files.find(among, mapping) for mapping in self.plan.mappings}
        taken: dict[str, str] = {}
        for name, paths in found.items():
            for path in paths:
                if path.name in taken:
                    message = f"{path.name} is claimed by the mappings of {taken[path.name]} and {name}; make their `files` differ"
                    raise IngestError(message)
                taken[path.name] = name
        self._rest = [source for source in among if source.name not in taken]
        self.warnings += [f"{source.name}: no mapping names this file; it was not read" for source in self._rest]
        return found

    def read(self, *, profiled: bool) -> None:
        """Find and stage every extract. A real load stops at a personal column that would be stored unconfirmed; a dry run tells of every column."""
        found = self.find()
        missing = [mapping for mapping in self.plan.mappings if mapping.required and not found[mapping.extract]]
        if missing and not profiled:
            names = [source.name for source in (*self._rest, *(path for paths in found.values() for path in paths))]
            patterns = " or ".join(missing[0].files)
            message = (
                f"the extract {missing[0].extract!r} is missing: no file {patterns} in {self._where}.{nearest(missing[0].files[0], names)} "
                f"Put it there, or set `required: false` in extracts/{missing[0].extract}.yaml"
            )
            raise IngestError(message)
        profiler = Profiler(self.plan.classes)
        for number, mapping in enumerate(self.plan.mappings):
            if not found[mapping.extract]:
                self.warnings.append(f"{mapping.extract}: no file; its rows are missing from this load")
                continue
            staged = self._stage(mapping, found[mapping.extract], profiled=profiled)
            if profiled:
                sample = staged.part(0)
                profiles = profiler.profile(sample, mapping)
                self._profiles += profiles
                self.warnings += gating.warnings(sample, mapping, self.plan.schema, profiles)
            else:
                for piece in staged.pieces:
                    # A part is cut by a hash, so the first one is a fair sample of a large file. What was kept has been looked at.
                    if piece.parts:
                        gating.check(staged.part(piece.parts[0]), mapping, self.plan.schema, profiler)
            self.staged[mapping.extract] = staged
            self.tallies[mapping.extract] = Tally()
            self.step(f"read {mapping.extract}", 0.28 * (number + 1) / len(self.plan.mappings))
        if profiled:
            self._profile_unknown(profiler)

    def _stage(self, mapping: ExtractMapping, sources: Sequence[Source], *, profiled: bool) -> Staged:
        if self.kept is None or profiled or not can_be_kept(sources, mapping, self.plan.schema):
            return stage(sources, mapping, self.plan.schema, self._scratch, everything=profiled)
        return stage_pieces([source for source in sources if isinstance(source, Path)], mapping, self.plan.schema, self._scratch, self.kept)

    def _profile_unknown(self, profiler: Profiler) -> None:
        """Profile what no mapping names; a steward may want it."""
        for item in unknown.seen(self._rest):
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
            self.staged,
            self.tables.reader,
            key=self.keys.warehouse,
            things=self.keys.things,
            random=self.random,
            step=self.step,
            decisions=decisions,
            scratch=self._scratch,
        )
        self._resolver.link(vault)

    @property
    def persons(self) -> dict[str, Persons]:
        """The persons of each entity, once linked."""
        return self._resolver.persons if self._resolver is not None else {}

    def cases(self) -> list[dict[str, Any]]:
        """The doubtful cases of linking, masked, for the review queue."""
        return self._resolver.cases() if self._resolver is not None else []

    def linked_rows(self, extract: str) -> dict[str, int]:
        """How many rows of an extract have a person, per kind of person."""
        return dict(self._resolver.linked_rows(extract)) if self._resolver is not None else {}

    def fill(self, hand_on: Callable[[str, pa.Table], None] | None = None, *, links_of: str | None = None) -> None:
        """Make the warehouse's rows, registers first, and hand facts on as they are made. Rows are linked before.

        `links_of` keeps, for every row, the person of that entity (for `links.csv` and for scoring).
        """
        resolver = self._resolver
        if resolver is None:
            message = "extracts are linked before the tables are filled"
            raise RuntimeError(message)
        self.tables.hand_on = hand_on
        self._masker.spare([*_words(self.plan.codes), *(label for things in resolver.things.values() for label in things.labels().values())])
        self._masker.learn(name for persons in self.persons.values() for name in persons.names.things)
        keeping = Keeping(self.kept, resolver, self.tables, self._masker, self.plan.schema) if self.kept is not None else None
        rows, done = sum(staged.rows for staged in self.staged.values()), 0
        for name, staged in self.staged.items():
            for piece in staged.pieces:
                if keeping is None or not keeping.fill(staged, piece, self.tallies[name], links_of):
                    self._fill_piece(staged, piece, resolver, keeping, links_of)
                done += sum(staged.seen[number].rows for number in piece.files)
                self.step(f"filled {name}", 0.6 + 0.3 * done / max(1, rows))
        self.not_read = keeping.again if keeping is not None else {}

    def _fill_piece(self, staged: Staged, piece: Piece, resolver: Resolver, keeping: Keeping | None, links_of: str | None) -> None:
        """Make the rows of some files of an extract, and keep them for the next load where they can be kept."""
        mapping, tally = staged.mapping, Tally()
        if keeping is not None and piece.described is not None:
            parts, keeper = keeping.read(staged, piece, (self._found or {})[staged.name]), keeping.begin(staged, piece)
        else:
            parts, keeper = ((number, part := staged.part(number), shape(part, mapping)) for number in piece.parts), None
        for number, part, shaped in parts:
            keys = {column: found for column in mapping.keys if (found := resolver.row_keys(shaped, number, column, self.tables)) is not None}
            self.tables.add(shaped, keys)
            tally.add(part, shaped.outcomes)
            if keeper is not None:
                keeper.part(number, part, shaped)
            if links_of is not None:
                tally.add_links(part, *resolver.person_keys(links_of, shaped, number))
        self.tables.tell = None
        if keeping is not None and keeper is not None:
            keeping.end(keeper, tally)
        self.tallies[staged.name].merge(tally)

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
            within = table.column(kind.consent_for).to_pylist() if kind.consent_for is not None else [None] * table.num_rows
            times = effective_times(
                [((purposes[row], within[row]), persons[row], withdrawn[row]) for row in rows], smallest_batch=smallest_batch
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
        return self.tables.latest or now

    def columns(self) -> dict[str, dict[str, str]]:
        """The SQL types of all tables' columns, those of empty tables too."""
        return {name: {column: SQL_TYPES[spec.type] for column, spec in kind.columns.items()} for name, kind in self.plan.schema.tables.items()}

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


def _words(codes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The codes of all lists and what they mean."""
    return [word for meanings in codes.values() for pair in meanings.items() for word in pair if isinstance(word, str)]
