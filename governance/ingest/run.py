"""`ingest`: the one way by which data come into a home."""

from __future__ import annotations

import csv
import fcntl
import os
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.compute as pc
from sqlalchemy.exc import SQLAlchemyError

from governance.errors import IngestError, WenshuError
from governance.identity.scoring import score_table
from governance.identity.vault import Vault
from governance.ingest import accounts, since
from governance.ingest.kept import Kept
from governance.ingest.mappings import load_plan
from governance.ingest.pipeline import Ingest, Places
from governance.ingest.report import LoadReport
from governance.ingest.reviewing import Reviews
from governance.rights.changed import note_state
from governance.rights.settling import apply, standing
from governance.warehouse.building import Building, Load, publish, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from governance.identity.keys import KeyRing
    from governance.identity.leaks import Scan

LINKED_ENTITY = "hcp"
_PRIVATE = 0o600


def _quiet(_name: str, _share: float) -> None:
    """Tell nobody."""


def ingest(
    folder: Path | str,
    *,
    bundle_folder: Path,
    places: Places,
    keys: KeyRing,
    now: datetime,
    random: Callable[[int], bytes],
    largest_minimum_group: int,
    tenant: str = "default",
    dry_run: bool = False,
    write_links: bool = False,
    truth: Path | None = None,
    progress: Callable[[str, float], None] = _quiet,
    unless_unchanged: bool = False,
    more: Path | None = None,
) -> LoadReport:
    """Load the extracts in `folder`, or the tables of the database that a SQLAlchemy URL names, by the mappings of `bundle_folder` and return what became of every row.

    `now` is the local time of the load; `random(n)` gives n random bytes (UIDs, data keys, nonces); `largest_minimum_group` is the largest
    minimum group of the bundle's rules, by which withdrawals take effect. A dry run reads, links and fills, and writes nothing.
    `write_links` writes `links.csv` (mode 0600). `truth` (source,row,true_hcp_id) adds the linking's score to the report. `progress` is told
    a step's name and the share done. With `unless_unchanged` nothing is loaded where files (by content), mappings, keys and decisions are those of the
    load that stands; its report comes back with `unchanged` set; and where some are others, only those files are read whose rows may become something else
    (`keeping`). Without it every file is read.

    `more` is a folder with mappings and classifications that stewards confirmed.

    Raises IngestError or BundleError, with file and line or column, and leaves vault, warehouse and reports as they were.
    """
    plan = load_plan(bundle_folder, more=more)
    folders = [bundle_folder] if more is None else [bundle_folder, more]
    now = now.replace(tzinfo=None)
    load_id = f"{now:%Y%m%dT%H%M%S}-{random(3).hex()}"
    with (
        _alone(places, dry_run=dry_run),
        Ingest(
            folder, plan, keys=keys, random=random, progress=progress, now=now, scratch=None if dry_run else places.loads,
            kept=None if dry_run else Kept(places.loads, keys.vault.derive("kept"), since.made_by(folders, keys), random, fresh=not unless_unchanged),
        ) as load,
    ):  # fmt: skip
        before = since.last_report(places.loads)
        if unless_unchanged and not dry_run and before is not None and (before["links"] or not write_links):
            with _opened(places, keys, tenant) as (known, queue):
                digest = since.inputs(load.find(), folders, keys, known, queue.standing(), smallest_batch=largest_minimum_group)
            if since.still_stands(places, before, digest):
                return replace(LoadReport.from_json(before), unchanged=True)
        load.read(profiled=dry_run)
        vault = _vault(places, keys, tenant) if not dry_run or places.vault.exists() else None
        reviews = Reviews(places.reviews) if not dry_run or places.reviews.exists() else None
        try:
            decisions = reviews.standing() if reviews is not None else {}
            if not dry_run and vault is not None:
                load.inputs = since.inputs(load.find(), folders, keys, vault, decisions, smallest_batch=largest_minimum_group)
            load.link(vault, decisions)
            links_of = LINKED_ENTITY if write_links or truth is not None else None
            fresh = places.warehouse.with_name(f"{places.warehouse.name}.{load_id}.new")
            if dry_run or vault is None or reviews is None:
                load.fill(links_of=links_of)
                return _told(load, load_id, now, largest_minimum_group, truth, before, dry_run=dry_run)
            try:
                with Building(fresh, load.columns()) as building:
                    load.fill(building.add, links_of=links_of)
                    report = _told(load, load_id, now, largest_minimum_group, truth, before, dry_run=dry_run)
                    report = replace(report, inputs=load.inputs, redriven=_redriven(load, places, before))
                    for name, table in load.tables.kept():
                        building.add(name, table)
                    building.finish(Load(load_id=load_id, as_of=load.as_of(now).date(), loaded_at=now))
                load.step("wrote the tables", 0.91)
                return _finish(load, fresh, vault, reviews, places, report, now=now, random=random, write_links=write_links)
            except OSError as error:
                raise _not_written(error) from error
            finally:
                remove(fresh)
        finally:
            if vault is not None:
                vault.close()
            if reviews is not None:
                reviews.close()


def _told(load: Ingest, load_id: str, now: datetime, largest_minimum_group: int, truth: Path | None, before: Mapping[str, Any] | None, *, dry_run: bool) -> LoadReport:
    """The report of a load whose rows are made. Raises IngestError unless they add up."""
    load.finish_consents(largest_minimum_group)
    extracts = accounts.extract_reports(load)
    changes = since.changes(before, extracts, load.not_read)
    report = LoadReport(
        load_id=load_id,
        as_of=f"{load.as_of(now):%Y-%m-%d}",
        loaded_at=now.isoformat(sep=" ", timespec="seconds"),
        dry_run=dry_run,
        extracts=extracts,
        tables={name: load.tables.counts.get(name, 0) for name in load.plan.schema.tables},
        persons=accounts.person_report(load),
        leak_scan={},
        warnings=(*load.warnings, *accounts.unmapped(extracts), *since.drift(changes)),
        changes=changes,
        seconds={},
        columns=load.profiles(),
    )
    if truth is not None:
        alone = score_table(accounts.links(load, identifiers_only=True), truth)
        score = asdict(score_table(accounts.links(load), truth))
        report = replace(report, score=score | {"identifiers_only": asdict(alone)})
        load.step("scored the links", 0.9)
    return replace(report, seconds=dict(load.seconds))


def _redriven(load: Ingest, places: Places, before: Mapping[str, Any] | None) -> dict[str, int]:
    """Every load tries again what the one before held back; this is what came of it."""
    if before is None:
        return {}
    held, now = since.held_before(places.loads, before), {(source, row) for source, row, _ in accounts.held_back(load)}
    return {"free": len(held - now), "held": len(held & now), "new": len(now - held)}


@contextmanager
def _opened(places: Places, keys: KeyRing, tenant: str) -> Iterator[tuple[Vault, Reviews]]:
    """The stores of a home that was loaded before."""
    vault, reviews = _vault(places, keys, tenant), Reviews(places.reviews)
    try:
        yield vault, reviews
    finally:
        vault.close()
        reviews.close()


def _vault(places: Places, keys: KeyRing, tenant: str) -> Vault:
    try:
        return Vault.at(places.vault, keys, tenant=tenant)
    except (OSError, SQLAlchemyError) as error:
        message = f"{places.vault.name} can't be opened ({type(error).__name__}); nothing was loaded. Restore it from its backup"
        raise IngestError(message) from error


def _finish(
    load: Ingest,
    fresh: Path,
    vault: Vault,
    reviews: Reviews,
    places: Places,
    report: LoadReport,
    *,
    now: datetime,
    random: Callable[[int], bytes],
    write_links: bool,
) -> LoadReport:
    """Scan the finished warehouse, write the vault, publish, report."""
    folder = places.loads / report.load_id
    try:
        folder.mkdir(parents=True, mode=0o700)
        found: Scan = load.scan(fresh)
        load.step("scanned for leaks", 0.93)
        for entity, persons in load.persons.items():
            vault.enroll(entity, persons.people, now=now, random=random)
        _settle(fresh, load, vault, places, report.load_id, now=now)
        load.step("wrote the vault", 0.97)
        reviews.replace(load.cases(), report.load_id)
        if write_links:
            _write_links(folder / "links.csv", accounts.links(load))
            report = replace(report, links=f"ingest/{report.load_id}/links.csv")
        _write_rows(folder / "quarantine.csv", ("source", "row", "reason"), accounts.held_back(load))
        load.step("wrote the report", 0.99)
        report = replace(report, leak_scan=asdict(found), seconds=dict(load.seconds))
        report.write(folder)
        publish(fresh, places.warehouse)
        if load.kept is not None:
            load.kept.commit()
        load.step("published", 1.0)
    except (OSError, SQLAlchemyError) as error:
        _forget(folder)
        raise _not_written(error) from error
    except WenshuError:
        _forget(folder)
        raise
    return report


def _not_written(error: OSError | SQLAlchemyError) -> IngestError:
    why = error.strerror if isinstance(error, OSError) else "the vault can't be written"
    return IngestError(f"the load could not be written: {why}; the old warehouse is untouched")


def _settle(fresh: Path, load: Ingest, vault: Vault, places: Places, load_id: str, *, now: datetime) -> None:
    """Apply what persons asked for before, which extracts don't know of; effects of withdrawals that have begun stay as they are. Note whom the file shows otherwise than the one before."""
    schema = load.plan.schema
    found = standing(vault, schema, places.warehouse, now=now)
    with duckdb.connect(str(fresh)) as connection:
        if found:
            apply(connection, found, schema, smallest_batch=load.smallest_batch)
        note_state(vault, schema, places.warehouse, connection, load_id)


def _forget(folder: Path) -> None:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _write_links(path: Path, links: pa.Table) -> None:
    # Arrow's own CSV writer garbles tables of this size (25 MB) written to a Python file, and csv.writer is ten times slower.
    cells = [_quoted(links.column("source")), links.column("row").cast("string"), links.column("hcp_key")]
    lines = pc.binary_join_element_wise(*cells, ",").to_pylist()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write("\n".join([",".join(links.column_names), *lines, ""]))


def _quoted(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    special = pc.match_substring_regex(texts, '[",\r\n]')
    return pc.if_else(special, pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', ""), texts)


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


@contextmanager
def _alone(places: Places, *, dry_run: bool) -> Iterator[None]:
    """Let only one load at a time write into a home."""
    if dry_run:
        yield
        return
    try:
        places.loads.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (places.loads / "lock").open("w")
    except OSError as error:
        message = f"the home can't be written: {error.strerror}; nothing was loaded"
        raise IngestError(message) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "another load is running in this home; wait until it has ended"
            raise IngestError(message) from error
        _sweep(places)
        yield


def _sweep(places: Places) -> None:
    """Remove what a load that was killed left behind: its unfinished warehouse, and its folder where it got no report.

    Nobody else is loading (the lock says so), so whatever is unfinished here is nobody's.
    """
    for path in places.warehouse.parent.glob(f"{places.warehouse.name}.*.new"):
        remove(path)
    for path in places.warehouse.parent.glob(f"{places.warehouse.name}.*.new.*"):
        remove(path.with_suffix(""))
    for folder in places.loads.glob("????????T??????-??????"):
        if folder.is_dir() and not (folder / "report.txt").exists():
            _forget(folder)
