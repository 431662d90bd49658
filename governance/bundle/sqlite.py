"""The one SQLite file that a home keeps its policy in, opened alike by the stores that share it: drafts and activations, temporary rights, access reviews."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.exc import DatabaseError

from governance.errors import ConfigurationError


def open_policy_file(path: Path, metadata: MetaData) -> Engine:
    """Open the file, making it (mode 0600) and its tables where they are missing. Engines with the option `writes` take the lock at once. Raises ConfigurationError."""
    try:
        # Only where it is missing: to close a second descriptor of an open SQLite file drops the process's locks on it (fcntl), the other stores' too.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
        event.listen(engine, "connect", _connected)
        event.listen(engine, "begin", _begun)
        with engine.execution_options(writes=True).begin() as db:
            metadata.create_all(db)
    except (OSError, DatabaseError) as error:
        raise ConfigurationError(f"The policy store {path.name} can't be opened ({type(error).__name__}); `wenshu check` says more.") from error
    return engine


def _connected(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
