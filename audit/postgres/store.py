"""The ledger's writing side on a PostgreSQL server: a connection of its own, one lock a batch among all machines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import tzinfo
from typing import Any

from audit.errors import AuditUnavailable
from audit.events import Line
from audit.place import Server
from audit.postgres.connecting import HELP, Said, dial
from audit.postgres.schema import COMMENT, TABLES, rights, statements
from audit.schema import INDEX_COLUMNS, QUOTED

LOCK = "SELECT pg_advisory_xact_lock(1464159827, hashtext(current_schema()))"
"""Held by a batch until it is committed: "WENS", and the schema."""


class PostgresStore:
    """A ledger in a schema of its own; a commit returns once the server has it on its disk. See `audit.store.Store`."""

    def __init__(self, place: Server, *, deadline: float) -> None:
        """Connect; raises `AuditUnavailable`."""
        self._place, self._said, self._deadline = place, Said(), deadline
        self._connection = dial(place.url, deadline)
        try:
            with self._said:
                # A commit must be on the disk; a server that is set to wait for more than its own is left so.
                self._run("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
                comment = self._value("SELECT obj_description(to_regclass('entry'), 'pg_class')")
                if self._has_tables() and comment != COMMENT:
                    message = "the database's tables are not of a ledger of this release's format; give the ledger a schema of its own"
                    raise AuditUnavailable("wrong_ledger", message)
        except BaseException:
            self.close()
            raise

    def is_empty(self) -> bool:
        with self._said:
            return not self._has_tables() or self._value("SELECT count(*) FROM (SELECT 1 FROM heads LIMIT 1) AS first") == 0

    def prepare(self, deadline: float) -> None:
        """Make the tables as their owner, if one was named, and let the writing role insert and read, no more."""
        if self._place.owner is None or self._has_tables():
            return
        with self._said, closing(dial(self._place.owner, deadline)) as owner, owner.transaction():
            owner.execute(LOCK)
            if owner.execute("SELECT to_regclass('entry')").fetchone() != (None,):
                return
            _make(owner, str(self._value("SELECT quote_ident(current_user)")))

    def create(self) -> None:
        with self._said:
            if not self._has_tables():
                _make(self._connection, str(self._value("SELECT quote_ident(current_user)")))

    def upgrade(self, zone: tzinfo) -> bool:
        del zone  # there is no earlier form of it
        return False

    def begin(self, deadline: float, *, derived: bool = False) -> None:
        del derived  # nothing is
        self._deadline = deadline
        wait = max(1, int(1000 * (deadline - time.monotonic())))
        with self._said, self._undone():
            self._run(f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {wait}; SET LOCAL statement_timeout = {wait + 1000}")
            self._run(LOCK)

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Give the transaction up if what is done inside fails."""
        try:
            yield
        except BaseException:
            self.rollback()
            raise

    def size(self) -> int:
        with self._said:
            return int(self._value("SELECT coalesce(max(idx) + 1, 0) FROM entry"))

    def head(self) -> str | None:
        with self._said:
            found = self._value("SELECT note FROM head")
        return None if found is None else str(found)

    def node(self, level: int, position: int) -> bytes:
        from audit.merkle import node_id

        with self._said:
            if level:
                found = self._value("SELECT hash FROM node WHERE id = %s", node_id(level, position))
            else:
                found = self._value("SELECT leaf FROM entry WHERE idx = %s", position)
        if found is None:
            raise AuditUnavailable("corrupt", HELP["corrupt"])
        return bytes(found)

    def read_back(self, line: int, node: int) -> tuple[list[bytes], list[bytes]]:
        with self._said:
            lines = self._run("SELECT body FROM entry WHERE idx >= %s ORDER BY idx", line).fetchall()
            nodes = self._run("SELECT hash FROM node WHERE id >= %s ORDER BY id", node).fetchall()
        return [bytes(found) for (found,) in lines], [bytes(found) for (found,) in nodes]

    def lines(self, start: int) -> Iterator[bytes]:
        with self._said:
            for (body,) in self._run("SELECT body FROM entry WHERE idx >= %s ORDER BY idx LIMIT 1000", start):
                yield bytes(body)

    def insert(self, lines: Sequence[Line], leaves: Sequence[bytes], node: int, nodes: Sequence[bytes]) -> None:
        numbers = [line.number for line in lines]
        columns = list(zip(*(line.facets for line in lines), strict=True))
        kinds = ", ".join(f"%s::{'bigint' if name == 'idx' else 'text'}[]" for name in INDEX_COLUMNS)
        with self._said:
            self._run(
                "INSERT INTO entry (idx, leaf, body) SELECT * FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[])",
                numbers, list(leaves), [line.data for line in lines],
            )  # fmt: skip
            if nodes:
                self._run(
                    "INSERT INTO node (id, hash) SELECT * FROM unnest(%s::bigint[], %s::bytea[])", list(range(node, node + len(nodes))), list(nodes)
                )
            self._run(f"INSERT INTO event_index ({QUOTED}) SELECT * FROM unnest({kinds})", *(list(column) for column in columns))  # noqa: S608

    def behind(self) -> int:
        return 0  # here it is written with the lines

    def catch_up(self, zone: tzinfo, most: int) -> None:
        """Nothing is to be done."""

    def set_head(self, size: int, note: str, *, keep: bool) -> None:
        with self._said:
            self._run("INSERT INTO heads (size, note) VALUES (%s, %s)", size, note)
            if keep:
                self._run("INSERT INTO checkpoint (size, note) VALUES (%s, %s)", size, note)

    def commit(self) -> None:
        with self._said:
            self._run("COMMIT")

    def rollback(self) -> None:
        try:
            if not self._connection.closed and self._connection.info.transaction_status:
                self._run("ROLLBACK")
        except Exception:  # noqa: BLE001 - a connection that can't even give up is of no more use
            self.close()

    def due(self) -> bool:
        return False  # the server sees to its own files

    def tend(self) -> None:
        """Nothing is to be done."""

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()

    def _has_tables(self) -> bool:
        return self._value("SELECT to_regclass('entry')") is not None

    def _run(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, values or None)

    def _value(self, statement: str, *values: Any) -> Any:
        row = self._run(statement, *values).fetchone()
        return None if row is None else row[0]


def _make(connection: Any, role: str) -> None:
    """Make the schema, and leave the role with reading and inserting alone; all or nothing."""
    for statement in (*statements(), *rights(role)):
        connection.execute(statement)


def drop_bodies(place: Server, found: Sequence[tuple[int, Sequence[tuple[int, int]]]]) -> None:
    """Carry out records of pruning: of each its number and the ranges it names. Only the tables' owner may.

    Raises `AuditUnavailable`, reason `read_only` if the place names no owner or the role named is none.
    """
    spoken = Said()
    with spoken, closing(dial(place.owner or place.url, time.monotonic() + 30)) as owner:
        role = owner.execute("SELECT quote_ident(current_user)").fetchone()
        tables = ", ".join(TABLES)
        with owner.transaction():
            owner.execute(LOCK)
            for table in TABLES:
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            owner.execute(f"GRANT UPDATE, DELETE, INSERT ON {tables} TO {role[0] if role else ''}")
            for number, ranges in found:
                count = 0
                for first, last in ranges:
                    count += owner.execute(
                        "UPDATE entry SET body = convert_to('{\"pruned\":\"' || encode(leaf, 'hex') || '\"}', 'UTF8')"
                        " WHERE idx BETWEEN %s AND %s AND position(convert_to('{\"pruned\":', 'UTF8') IN body) <> 1",
                        (first, last),
                    ).rowcount
                    owner.execute("DELETE FROM event_index WHERE idx BETWEEN %s AND %s", (first, last))
                owner.execute("INSERT INTO pruning VALUES (%s, %s)", (number, count))
            owner.execute(f"REVOKE UPDATE, DELETE ON {tables} FROM {role[0] if role else ''}")
            for table in TABLES:
                owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        owner.execute("VACUUM (FULL) entry, event_index")  # old versions of the rows hold what was dropped
