"""A warehouse held in memory for runs of many thousand questions: the product's own SQL on a copy that never changes, so that what was read once need not be read again.

What is remembered are rows of statements, by statement and values. What is decided of them (who may see what, what is hidden, what was told before) is decided anew at every question.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa
from duckdb_sqlalchemy import ConnectionWrapper
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from governance.errors import WarehouseError
from governance.warehouse.engine import Warehouse
from governance.warehouse.listing import Row
from governance.warehouse.sessions import Session

MOST_COMPILED, MOST_HELD, MOST_ROWS = 20_000, 300_000, 500
"""Statements kept as text, results kept, and the largest result that is."""


class HeldSession(Session):
    """One connection on the copy; no statement of it takes long, and none is watched."""

    def __init__(self, connection: sa.Connection, dialect: str, held: dict[object, tuple[str, list[Row]]]) -> None:
        super().__init__(connection, dialect)
        self._held = held

    def run(self, select: Any, *, timeout_s: float = 30.0, max_rows: int = 100_000) -> list[Row]:
        # The library's own key of a statement's structure, and the values that go with it.
        key = select._generate_cache_key()
        name = None if key is None else (key.key, repr([value.effective_value for value in key.bindparams]))
        found = None if name is None else self._held.get(name)
        if found is None:
            try:
                result = self._connection.execute(select)
                found = (result.context.statement or "", [tuple(row) for row in result.fetchall()])
            except SQLAlchemyError as error:
                raise WarehouseError(f"The warehouse could not answer ({type(error.__cause__).__name__}).") from error
            if name is not None and len(self._held) < MOST_HELD and len(found[1]) <= MOST_ROWS:
                self._held[name] = found
        self.executed.append(found[0])
        if len(found[1]) > max_rows:
            raise WarehouseError(f"The answer has more than {max_rows} rows; ask for fewer groups.")
        return list(found[1])


class HeldWarehouse(Warehouse):
    """A DuckDB file, copied into memory when first asked."""

    @classmethod
    def of(cls, file: Path) -> HeldWarehouse:
        return cls(make_url(f"duckdb:///{file}"), read_only=True, memory_limit="1GB", threads=1)

    @contextmanager
    def session(self) -> Iterator[Session]:
        engine = self._borrow()
        try:
            with engine.connect() as connection:
                yield HeldSession(connection, self.dialect, self._rows)
        finally:
            self._give_back(engine)

    def _made(self) -> sa.Engine:
        self._rows: dict[object, tuple[str, list[Row]]] = {}
        root = duckdb.connect(":memory:", config={"memory_limit": self._memory_limit, "threads": self._threads})
        quoted = str(self._file).replace("'", "''")
        root.execute(f"ATTACH '{quoted}' AS wh (READ_ONLY)")
        root.execute("COPY FROM DATABASE wh TO memory")
        root.execute("DETACH wh")
        return sa.create_engine("duckdb:///:memory:", creator=lambda: ConnectionWrapper(root.cursor()), poolclass=sa.pool.NullPool, query_cache_size=MOST_COMPILED)
