"""Accounts of a load: what became of every row, who was linked, what was held back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.identity.evidence import NONE
from governance.identity.linking import LIKENESS, STEWARD
from governance.ingest.report import ExtractReport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from governance.identity.linking import Links
    from governance.ingest.pipeline import Ingest


def extract_reports(load: Ingest) -> tuple[ExtractReport, ...]:
    """What became of every row of every extract."""
    reports = []
    for name, shaped in load.shaped.items():
        extract, outcomes, mapping = shaped.extract, shaped.outcomes, shaped.mapping
        quarantined = outcomes.counts("quarantined")
        if extract.broken:
            quarantined["broken_row"] = quarantined.get("broken_row", 0) + len(extract.broken)
        used = set(mapping.used_columns())
        wide = mapping.unpivot.matching(extract.headers) if mapping.unpivot else ()
        linked = {
            entity: int((persons.links.rows[name].person != NONE).sum())
            for entity, persons in load.persons.items()
            if persons.links is not None and name in persons.links.rows
        }
        invalid: dict[str, int] = {}
        for persons in load.persons.values():
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
            records=load.tables.records.get(name, {}),
            linked_rows=linked,
            invalid_identifiers=invalid,
            unresolved=load.tables.unresolved.get(name, {}),
            left_out_columns=tuple(column for column in extract.headers if column in mapping.ignore),
            unmapped_columns=tuple(
                column
                for column in extract.headers
                if column not in used and column not in mapping.ignore and column not in wide
            ),
        )
        report.check()
        reports.append(report)
    return tuple(reports)


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
    return sum(int((linked.how == how).sum()) for linked in links.rows.values())


def links(load: Ingest, entity: str, *, identifiers_only: bool = False) -> pa.Table:
    """Every row that has a person of the entity: source (file name), row (1-based data row), hcp_key (the pseudonym).

    `identifiers_only` leaves out what names and likeness linked: the baseline that linking is measured beside.
    """
    persons = load.persons.get(entity)
    pieces = [
        pa.table(
            {"source": pa.array([], pa.string()), "row": pa.array([], pa.int64()), "hcp_key": pa.array([], pa.string())}
        )
    ]
    for name in persons.evidence if persons is not None else ():
        extract = load.shaped[name].extract
        source = pa.array(extract.files, pa.string()).take(pa.array(extract.file))
        table = pa.table({"source": source, "row": pa.array(extract.row), "hcp_key": load.person_keys(entity, name, identifiers_only=identifiers_only)})
        pieces.append(table.filter(pc.is_valid(table.column("hcp_key"))))
    return pa.concat_tables(pieces)


def held_back(load: Ingest) -> list[tuple[str, int, str]]:
    """Every quarantined row: file name, 1-based data row, reason."""
    result = []
    for shaped in load.shaped.values():
        extract, outcomes = shaped.extract, shaped.outcomes
        reasons = {code: name for code, (kind, name) in enumerate(outcomes.names) if kind == "quarantined"}
        rows = np.flatnonzero(np.isin(outcomes.code, list(reasons)))
        result += [
            (extract.files[extract.file[row]], int(extract.row[row]), reasons[int(outcomes.code[row])])
            for row in rows.tolist()
        ]
        result += [(extract.files[file], row, "broken_row") for file, row in extract.broken]
    return result
