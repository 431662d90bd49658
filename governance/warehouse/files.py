"""Embedded warehouses: files opened read-only, hardened, by what they hold now and not by their name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from governance.errors import WarehouseError


def attached_duckdb(path: Path, memory_limit: str, threads: int) -> sa.Engine:
    """Return an engine on the DuckDB file, attached read-only to a private instance that can reach nothing else. Raises WarehouseError."""
    import duckdb
    from duckdb_sqlalchemy import ConnectionWrapper

    quoted = str(path.resolve()).replace("'", "''")
    try:
        root = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": threads, "autoinstall_known_extensions": False, "autoload_known_extensions": False})
        root.execute(f"ATTACH '{quoted}' AS wh (READ_ONLY)")
        root.execute("SET enable_external_access = false")
        root.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise WarehouseError(f"The warehouse file can't be opened ({type(error).__name__}); run `wenshu check`.") from error

    def connect() -> Any:
        cursor = root.cursor()
        cursor.execute("USE wh")
        return ConnectionWrapper(cursor)

    return sa.create_engine("duckdb:///:memory:", creator=connect, poolclass=sa.pool.NullPool)


def readonly_sqlite(path: Path) -> sa.Engine:
    """Return an engine on the SQLite file that can't write."""
    import sqlite3

    def connect() -> Any:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool)
