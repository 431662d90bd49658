"""What a load did, in numbers: for each extract, rows in = loaded + quarantined + dropped + folded, or there is no load."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from governance.errors import IngestError
from governance.ingest.profile import LEVEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file of an extract: the SHA-256 of its bytes (a database's table has none) and its data rows."""

    name: str
    sha256: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractReport:
    """One extract. `rows` are its data rows; `records` counts the rows that they became in each table."""

    extract: str
    files: tuple[str, ...]
    encodings: tuple[str, ...]
    rows: int
    loaded: int
    quarantined: dict[str, int]
    dropped: dict[str, int]
    folded: dict[str, int]
    records: dict[str, int]
    linked_rows: dict[str, int]
    invalid_identifiers: dict[str, int]
    unresolved: dict[str, int]
    left_out_columns: tuple[str, ...]
    unmapped_columns: tuple[str, ...]
    columns: tuple[str, ...] = ()
    content: tuple[FileReport, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """A report as it was written."""
        content = tuple(FileReport(**item) for item in document["content"])
        lists = {name: tuple(value) for name, value in document.items() if isinstance(value, list)}
        return cls(**dict(document) | lists | {"content": content})

    def check(self) -> None:
        """Raise IngestError unless every row is accounted for."""
        told = self.loaded + sum((*self.quarantined.values(), *self.dropped.values(), *self.folded.values()))
        if told != self.rows:
            message = f"{self.extract}: {self.rows} rows in, {told} accounted for; nothing was loaded (this is a defect: report it)"
            raise IngestError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """A whole load. `score` is there when the truth is known; `columns` only in a dry run."""

    load_id: str
    as_of: str
    loaded_at: str
    dry_run: bool
    extracts: tuple[ExtractReport, ...]
    tables: dict[str, int]
    persons: dict[str, dict[str, int]]
    leak_scan: dict[str, int]
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    score: dict[str, Any] | None = None
    columns: tuple[dict[str, Any], ...] = ()
    links: str | None = field(default=None)
    inputs: str | None = None
    """A keyed digest of all that the load depends on; equal digests load equally."""
    changes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Per extract its files and columns against the load before."""
    redriven: dict[str, int] = field(default_factory=dict)
    """Rows that the load before held back: `free` now, `held` again; `new` are held for the first time."""
    unchanged: bool = False
    """Nothing was loaded: this is the report of the load that stands, and it would be the same."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """A report as it was written."""
        names = {item.name for item in fields(cls)}
        known = {name: value for name, value in document.items() if name in names}
        extracts = tuple(ExtractReport.from_json(item) for item in document["extracts"])
        return cls(**known | {"extracts": extracts, "warnings": tuple(document["warnings"]), "columns": tuple(document["columns"])})
    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)

    def table(self) -> str:
        """The report for people: one line an extract, then what was held back and why."""
        lines = [f"nothing has changed since load {self.load_id} of {self.loaded_at}; its report:", ""] if self.unchanged else []
        lines += [f"{'extract':<28}{'rows':>10}{'loaded':>10}{'held back':>10}{'dropped':>9}{'folded':>9}"]
        for item in self.extracts:
            counts = (sum(item.quarantined.values()), sum(item.dropped.values()), sum(item.folded.values()))
            lines.append(
                f"{item.extract:<28}{item.rows:>10,}{item.loaded:>10,}{counts[0]:>10,}{counts[1]:>9,}{counts[2]:>9,}"
            )
        lines += ["", "held back, by reason"]
        lines += [
            f"  {item.extract}: " + ", ".join(f"{reason} {count:,}" for reason, count in item.quarantined.items())
            for item in self.extracts
            if item.quarantined
        ]
        if self.redriven:
            lines.append(f"  of the rows held before, {self.redriven['free']:,} are free now and {self.redriven['held']:,} still held; {self.redriven['new']:,} are held for the first time")
        counted = {state: sum(len(said[state]) for said in self.changes.values()) for state in ("new", "changed", "unchanged", "gone")}
        if self.changes:
            skipped = sum(len(said.get("not_read", ())) for said in self.changes.values())
            lines.append("files since the last load: " + ", ".join(f"{state} {count:,}" for state, count in counted.items()) + f"; {skipped:,} of the unchanged were not read again")
        lines += ["", "tables: " + ", ".join(f"{name} {rows:,}" for name, rows in self.tables.items())]
        lines += [
            f"persons, {entity}: " + ", ".join(f"{name} {count:,}" for name, count in told.items())
            for entity, told in self.persons.items()
        ]
        if self.leak_scan:
            lines.append("leak scan: " + ", ".join(f"{name} {count:,}" for name, count in self.leak_scan.items()))
        if self.score:
            lines.append(
                f"linking against the truth: precision {self.score['precision']:.5f}, recall {self.score['recall']:.5f}"
            )
            alone = self.score["identifiers_only"]
            lines.append(f"  by strong identifiers only: precision {alone['precision']:.5f}, recall {alone['recall']:.5f}")
        lines += [f"warning: {warning}" for warning in self.warnings]
        for column in self.columns:
            lines.append(_column_line(column))
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Write `report.json` and `report.txt` into `folder`."""
        (folder / "report.json").write_text(
            json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        (folder / "report.txt").write_text(self.table(), encoding="utf-8")


def _column_line(column: dict[str, Any]) -> str:
    """One column for people: its use; type, category and level; the evidence; what would be done with it; masked samples."""
    level = LEVEL_LABELS[column["level"]] + (" · 重要数据" if column["important"] else "")
    evidence = [f"{share:.0%} valid {kind}" for kind, share in column["valid"].items()]
    evidence += [f"{share:g} of 100 hold a {kind}" for kind, share in column["inside"].items()]
    told = f"by {column['by']}" + (f": {', '.join(evidence)}" if evidence else "")
    return (
        f"{column['extract']}.{column['column']}: {column['use']} · {column['type']}, {column['filled']:.0%} filled, {column['different']:,} different · "
        f"{column['category']} ({level}), {told} · {column['handling']} · {' | '.join(column['samples'])}"
    )
