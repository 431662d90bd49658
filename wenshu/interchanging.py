"""Importing and exporting definitions for the command line: the day and the column types are looked up here and passed in."""

from __future__ import annotations

from pathlib import Path

from governance.interchange.importing import Imported, Types, import_project
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
