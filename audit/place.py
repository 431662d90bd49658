"""Where a ledger lies: in an SQLite file, or on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Server:
    """A ledger in a schema of its own on a PostgreSQL server.

    `url` is an SQLAlchemy URL (`postgresql+psycopg://role:password@host/database`) of a role that may read and insert. `owner` is that of the
    tables' owner, needed to make them and to prune; without it the role of `url` makes them, and then takes every other right from itself.
    """

    url: str = field(repr=False)
    owner: str | None = field(default=None, repr=False)


Place = Path | Server


class Reads(Protocol):
    """A connection that runs SQL with `?` for values; SQLite's own, or one that speaks like it."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Any:
        """Run one statement; the result has `fetchone`, `fetchall` and can be iterated."""

    def close(self) -> None:
        """Release the connection."""
