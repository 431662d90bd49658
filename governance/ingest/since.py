"""What is new since the load before: whether anything changed at all, which files did, which columns came or went, which held rows are free now."""

from __future__ import annotations

import csv
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from governance.ingest.carriers import DatabaseTable
from governance.warehouse.building import LOAD_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from governance.identity.doubts import Decision
    from governance.identity.keys import KeyRing
    from governance.identity.vault import Vault
    from governance.ingest.carriers import Source
    from governance.ingest.pipeline import Places
    from governance.ingest.report import ExtractReport

GONE = " was there at the last load and is gone; its rows are no longer in the warehouse"
"""How the warning ends that a file was taken away."""
_SAYS_HOW = ("bundle.yaml", "warehouse/*.yaml", "extracts/*.yaml", "classification/*.yaml")


def last_report(loads: Path) -> dict[str, Any] | None:
    """The report of the last load, or None."""
    for path in sorted(loads.glob("*/report.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return found
    return None


def inputs(
    found: Mapping[str, Sequence[Source]],
    folders: Iterable[Path],
    keys: KeyRing,
    vault: Vault,
    decisions: Mapping[str, Decision],
    *,
    smallest_batch: int,
) -> str | None:
    """A keyed digest of everything that a load's outcome depends on; None where a database is read, which nobody can compare.

    Files by their content, the documents of the `folders` that say how they load, the keys, stewards' decisions, what persons asked for.
    """
    told: list[str] = [str(smallest_batch)]
    for extract, sources in sorted(found.items()):
        for source in sources:
            if isinstance(source, DatabaseTable):
                return None
            told += [extract, source.name, _digest(source)]
    told += _documents(folders)
    told += [f"{token}={decision.verdict}:{decision.record}" for token, decision in sorted(decisions.items())]
    told += [f"{name}:{count}" for name, count in vault.standing_counts()]
    return keys.warehouse.derive("inputs").mac(*told, keys.things.derive("inputs").mac("things").hex()).hex()


def made_by(folders: Iterable[Path], keys: KeyRing) -> str:
    """A keyed digest of all that rows are made by beside their files: documents, keys, and the code itself with what it reads by."""
    here = Path(__file__).parents[1]
    code = [part for room in ("ingest", "identity", "documents") for path in sorted((here / room).glob("*.py")) for part in (path.name, _digest(path))]
    libraries = [f"{name} {version(name)}" for name in ("presidio-analyzer", "pandas", "pyarrow", "duckdb")]
    return keys.warehouse.derive("made by").mac(*_documents(folders), *code, *libraries, keys.things.derive("inputs").mac("things").hex()).hex()


def _documents(folders: Iterable[Path]) -> list[str]:
    return [part for folder in folders for pattern in _SAYS_HOW for path in sorted(folder.glob(pattern)) for part in (pattern, path.name, _digest(path))]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def still_stands(places: Places, report: Mapping[str, Any] | None, digest: str | None) -> bool:
    """Whether the warehouse is that load's, untouched, and a load now would be the same."""
    if report is None or digest is None or report.get("inputs") != digest or not places.warehouse.exists():
        return False
    try:
        with duckdb.connect(str(places.warehouse), read_only=True) as connection:
            row = connection.execute(f"SELECT load_id FROM {LOAD_TABLE}").fetchone()  # noqa: S608 (a constant)
    except duckdb.Error:
        return False
    return row is not None and row[0] == report["load_id"]


def changes(before: Mapping[str, Any] | None, now: Iterable[ExtractReport], not_read: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
    """Per extract what is different from the load before: `new`, `changed`, `unchanged` and `gone` files, `columns_new` and `columns_gone`; `not_read` are the unchanged
    ones whose rows were taken over.

    Empty where there was no load before, or it didn't keep this.
    """
    known = {item["extract"]: item for item in (before or {}).get("extracts", ()) if item.get("content")}
    found = {}
    for report in now:
        old = known.get(report.extract)
        if old is None:
            continue
        files = {item["name"]: item["sha256"] for item in old["content"]}
        here = {item.name: item.sha256 for item in report.content}
        found[report.extract] = {
            "new": [name for name in here if name not in files],
            "changed": [name for name, digest in here.items() if name in files and (digest is None or files[name] != digest)],
            "unchanged": [name for name, digest in here.items() if digest is not None and files.get(name) == digest],
            "gone": [name for name in files if name not in here],
            "not_read": sorted(not_read.get(report.extract, ())),
            "columns_new": [name for name in report.columns if name not in old["columns"]],
            "columns_gone": [name for name in old["columns"] if name not in report.columns],
        }
    return found


def drift(changed: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    """A warning for every extract whose columns are others than in the load before, and for every file of it that is gone."""
    lines = []
    for extract, said in changed.items():
        lines += [f"{extract}: {name}{GONE}" for name in said["gone"]]
        parts = [f"{word} {', '.join(map(repr, said[key]))}" for key, word in (("columns_new", "has the new column"), ("columns_gone", "lost the column")) if said[key]]
        if parts:
            lines.append(f"{extract}: since the last load it {' and '.join(parts)}; look whether extracts/{extract}.yaml still says what they are")
    return lines


def held_rows(loads: Path, report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that a load held back: `extract`, `source` (file name), `row` (1-based data row), `reason`."""
    path = loads / str(report["load_id"]) / "quarantine.csv"
    extracts = {name: item["extract"] for item in report["extracts"] for name in item["files"]}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                yield {"extract": extracts.get(row["source"], ""), "source": row["source"], "row": int(row["row"]), "reason": row["reason"]}


def held_before(loads: Path, before: Mapping[str, Any] | None) -> frozenset[tuple[str, int]]:
    """The rows (file, number) that the load before held back."""
    return frozenset((row["source"], row["row"]) for row in held_rows(loads, before)) if before is not None else frozenset()
