"""Accounts of a load: what became of every row, who was linked, what was held back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.identity.linking import LIKENESS, STEWARD
from governance.ingest.report import ExtractReport, FileReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from governance.identity.linking import Links
    from governance.ingest.files import Extract
    from governance.ingest.pipeline import Ingest
    from governance.ingest.shaping import Outcomes
    from governance.ingest.staging import Staged

    IntArray = npt.NDArray[np.integer]


@dataclass(slots=True)
class Tally:
    """What became of the rows of one extract, added up part by part; rows that were held back are kept by file and number."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    links: list[pa.Table] = field(default_factory=list)
    _held: dict[str, list[npt.NDArray[np.int32]]] = field(default_factory=dict)

    def add(self, part: Extract, outcomes: Outcomes) -> None:
        """Add a part's rows."""
        totals = np.bincount(outcomes.code, minlength=len(outcomes.names)).tolist()
        for code, (outcome, count) in enumerate(zip(outcomes.names, totals, strict=True)):
            if count:
                self.counts[outcome] = self.counts.get(outcome, 0) + count
            if count and outcome[0] == "quarantined":
                rows = np.flatnonzero(outcomes.code == code)
                self._held.setdefault(outcome[1], []).append(np.stack([part.file[rows], part.row[rows]], axis=1).astype(np.int32))

    def add_held(self, reason: str, places: npt.NDArray[np.int32]) -> None:
        """Add rows that were held back for a reason, as (file, row) pairs."""
        self._held.setdefault(reason, []).append(places)

    def held_by_reason(self) -> Iterator[tuple[str, npt.NDArray[np.int32]]]:
        """The rows that were held back for each reason, as (file, row) pairs."""
        return ((reason, np.concatenate(rows)) for reason, rows in self._held.items())

    def merge(self, other: Tally) -> None:
        """Add what became of other rows of the extract."""
        for outcome, count in other.counts.items():
            self.counts[outcome] = self.counts.get(outcome, 0) + count
        for reason, places in other.held_by_reason():
            self.add_held(reason, places)
        self.links += other.links

    def add_links(self, part: Extract, keys: pa.Array, alone: pa.Array) -> None:
        """Keep who stands behind each row of a part."""
        self.add_places(part.files, part.file, part.row, keys, alone)

    def add_places(self, files: tuple[str, ...], file: IntArray, row: IntArray, keys: pa.Array, alone: pa.Array) -> None:
        """Keep who stands behind rows by the numbers of their files and their own."""
        source = pa.DictionaryArray.from_arrays(pa.array(file.astype(np.int32)), pa.array(files, pa.string()))
        table = pa.table({"source": source, "row": pa.array(row.astype(np.int64)), "hcp_key": keys, "alone": alone})
        self.links.append(table.filter(pc.is_valid(table.column("hcp_key"))))

    def named(self, kind: str) -> dict[str, int]:
        """Rows per rule or reason of a kind, the most first."""
        found = {name: count for (named, name), count in self.counts.items() if named == kind}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def held(self) -> Iterator[tuple[int, int, str]]:
        """The rows that were held back, by file and number, with the reason."""
        pieces = [(np.concatenate(rows), reason) for reason, rows in sorted(self._held.items())]
        if not pieces:
            return
        places = np.concatenate([rows for rows, _ in pieces])
        reasons = np.repeat(np.arange(len(pieces)), [len(rows) for rows, _ in pieces])
        for at in np.lexsort((places[:, 1], places[:, 0])).tolist():
            yield int(places[at, 0]), int(places[at, 1]), pieces[int(reasons[at])][1]


def extract_reports(load: Ingest) -> tuple[ExtractReport, ...]:
    """What became of every row of every extract. Raises IngestError unless all are accounted for."""
    reports = []
    for name, staged in load.staged.items():
        mapping, tally = staged.mapping, load.tallies[name]
        quarantined = tally.named("quarantined")
        if staged.broken:
            quarantined["broken_row"] = quarantined.get("broken_row", 0) + len(staged.broken)
        used = set(mapping.used_columns())
        wide = mapping.unpivot.matching(staged.headers) if mapping.unpivot else ()
        invalid: dict[str, int] = {}
        for persons in load.persons.values():
            for kind, count in persons.invalid.get(name, {}).items():
                invalid[kind] = invalid.get(kind, 0) + count
        report = ExtractReport(
            extract=name,
            files=staged.files,
            encodings=tuple(seen.encoding for seen in staged.seen),
            rows=staged.rows + len(staged.broken),
            loaded=sum(tally.named("loaded").values()),
            quarantined=quarantined,
            dropped=tally.named("dropped"),
            folded=tally.named("folded"),
            records=load.tables.records.get(name, {}),
            linked_rows=load.linked_rows(name),
            invalid_identifiers=invalid,
            unresolved=load.tables.unresolved.get(name, {}),
            left_out_columns=tuple(column for column in staged.headers if column in mapping.ignore),
            unmapped_columns=tuple(column for column in staged.headers if column not in used and column not in mapping.ignore and column not in wide),
            columns=staged.headers,
            content=_content(staged),
        )
        report.check()
        reports.append(report)
    return tuple(reports)


def _content(staged: Staged) -> tuple[FileReport, ...]:
    return tuple(FileReport(name=seen.name, sha256=seen.digest, rows=seen.rows + len(seen.broken)) for seen in staged.seen)


def unmapped(reports: Iterable[ExtractReport]) -> list[str]:
    """A warning for every column that no mapping names: it did not load."""
    return [
        f"{report.extract}: the column {column!r} is not mapped and was left out"
        for report in reports
        for column in report.unmapped_columns
    ]


def person_report(load: Ingest) -> dict[str, dict[str, int]]:
    """Counts of the linking, per kind of person."""
    return {
        entity: {
            "persons": persons.links.register.count,
            "records_merged": persons.links.register.merged,
            "identifiers_shared": persons.links.register.shared,
            "identifiers_learned": persons.links.learned,
            "rows_linked_by_name": persons.links.by_name,
            "rows_linked_by_likeness": linked_by(persons.links, LIKENESS),
            "rows_linked_by_stewards": linked_by(persons.links, STEWARD),
            "cases_to_review": sum(doubt.kind != "merged" for doubt in persons.links.doubts),
        }
        for entity, persons in load.persons.items()
        if persons.links is not None
    }


def linked_by(links: Links, how: int) -> int:
    """How many rows one means (an index of HOW) linked."""
    return sum(linked.count(linked.how == how) for linked in links.rows.values())


def links(load: Ingest, *, identifiers_only: bool = False) -> pa.Table:
    """Every row that has a person of the entity whose links were kept: source (file name), row (1-based data row), hcp_key (the pseudonym).

    `identifiers_only` leaves out what names and likeness linked: the baseline that linking is measured beside.
    """
    empty = pa.table({"source": pa.array([], pa.string()), "row": pa.array([], pa.int64()), "hcp_key": pa.array([], pa.string())})
    pieces = [empty]
    for tally in load.tallies.values():
        for table in tally.links:
            keys = table.column("alone" if identifiers_only else "hcp_key")
            told = pa.table({"source": table.column("source").cast(pa.string()), "row": table.column("row"), "hcp_key": keys})
            pieces.append(told.filter(pc.is_valid(keys)) if identifiers_only else told)
    return pa.concat_tables(pieces)


def held_back(load: Ingest) -> Iterator[tuple[str, int, str]]:
    """Every quarantined row: file name, 1-based data row, reason."""
    for name, staged in load.staged.items():
        for file, row, reason in load.tallies[name].held():
            yield staged.files[file], row, reason
        for file, row in staged.broken:
            yield staged.files[file], row, "broken_row"
