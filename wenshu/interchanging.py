"""Importing and exporting definitions for the command line: the day and the column types are looked up here and passed in."""

from __future__ import annotations

from pathlib import Path

from governance.bundle.loading import load_bundle
from governance.errors import ConfigurationError
from governance.inforce import catalogue_of
from governance.interchange.importing import Imported, Types, import_project
from governance.interchange.ossie_writing import export_ossie
from governance.interchange.report import Report
from governance.interchange.writing import as_yaml
from wenshu.commands.common import Context


def column_types(url: str) -> Types:
    """Return the column types of the warehouse at `url`, by (table, column) in lower case."""
    from governance.warehouse.engine import Warehouse

    opened = Warehouse.open(url)
    try:
        with opened.session() as session:
            found = opened.columns(session)
    finally:
        opened.close()
    return {(table.lower(), column.lower()): kind for table, columns in found.items() for column, kind in columns.items()}


def import_definitions(context: Context, path: Path, out: Path, *, warehouse: str | None) -> Imported:
    """Import the project at `path` into the new bundle folder `out`. Raises BundleError, ConfigurationError, WarehouseError; nothing is written then."""
    types = column_types(warehouse) if warehouse is not None else None
    return import_project(path, out, today=context.environment.today("Asia/Shanghai"), types=types)


def export_definitions(context: Context, out: Path) -> Report:
    """Write the metrics of the bundle in force as an Ossie document into the new file `out` (YAML). Raises ConfigurationError; nothing is written then."""
    if out.exists():
        raise ConfigurationError(f"{out.name} exists already; name a file that does not, nothing is overwritten.")
    home = context.home
    home.require()
    bundle = load_bundle(home.bundle)
    document, report = export_ossie(catalogue_of(bundle), bundle=bundle.version)
    try:
        out.write_text(as_yaml(document), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out.name} can't be written: {error.strerror}.") from error
    return report
