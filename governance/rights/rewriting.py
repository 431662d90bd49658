"""Changing a warehouse that is in use: a compact new file with the change, swapped in whole; readers keep the old one until they have finished."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from governance.errors import ConfigurationError, WarehouseError
from governance.warehouse.building import LOAD_TABLE, publish, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def alone(loads: Path) -> Iterator[None]:
    """Let no load and no other act write into the home meanwhile; `loads` is the folder with the lock that loads take too."""
    try:
        loads.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (loads / "lock").open("w")
    except OSError as error:
        message = f"the home can't be written: {error.strerror}; nothing was changed"
        raise ConfigurationError(message) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "a load or another act is writing in this home; wait until it has ended. Nothing was changed"
            raise ConfigurationError(message) from error
        yield


def quoted(name: str) -> str:
    """A name of the schema as SQL."""
    return '"' + name.replace('"', '""') + '"'


def rewrite(
    warehouse: Path,
    version: str,
    change: Callable[[duckdb.DuckDBPyConnection], None],
    *,
    look: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
    a_load: bool = True,
) -> None:
    """Apply `change` to a copy and put that in place of the warehouse as the load `version` (a file of rows that is no load, `a_load=False`, has none).

    The published file is written from the copy's living rows alone, so that removed ones are in none of its blocks. `look` sees the finished
    file before it is put in place and may raise. Any failure leaves the old warehouse as it was. What a killed act left beside it goes first:
    whole copies, with the rows of persons who were erased since.
    """
    work = warehouse.with_name(f"{warehouse.name}.{version}.work")
    fresh = warehouse.with_name(f"{warehouse.name}.{version}.new")
    try:
        sweep(warehouse)
        _copy(warehouse, work)
        with duckdb.connect(str(work)) as connection:
            change(connection)
            if a_load:
                connection.execute(f"UPDATE {LOAD_TABLE} SET load_id = ?", [version])  # noqa: S608 (a constant)
        _copy(work, fresh)
        work.unlink()
        fresh.chmod(0o600)
        if look is not None:
            with duckdb.connect(str(fresh), read_only=True) as connection:
                look(connection)
        publish(fresh, warehouse)
    except (duckdb.Error, OSError) as error:
        message = f"the warehouse could not be rewritten ({type(error).__name__}); the old one is untouched"
        raise WarehouseError(message) from error
    finally:
        for path in (work, fresh, work.with_name(f"{work.name}.wal"), fresh.with_name(f"{fresh.name}.wal")):
            path.unlink(missing_ok=True)


def sweep(warehouse: Path) -> None:
    """Remove the unfinished copies of a file that killed loads and acts left; for whoever is `alone`."""
    for ending in ("work", "new"):
        for path in warehouse.parent.glob(f"{warehouse.name}.*.{ending}"):
            remove(path)
        for path in warehouse.parent.glob(f"{warehouse.name}.*.{ending}.wal"):
            path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {_text(source)} AS source (READ_ONLY)")
        connection.execute(f"ATTACH {_text(target)} AS target")
        connection.execute("COPY FROM DATABASE source TO target")
    target.chmod(0o600)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
