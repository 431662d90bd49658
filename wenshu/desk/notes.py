"""What officers write and save, outside the ledger since it must be able to be forgotten: words to findings and sign-offs, saved filters. SQLite, mode 0600."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, MetaData, String, Table, Text, delete, insert, select
from sqlalchemy.exc import DBAPIError

from governance.errors import ConfigurationError, InvalidQuery
from wenshu.accounts_schema import sqlite_engine

MAX_WORDS = 2_000
MAX_NAME = 60
MAX_SAVED = 50
metadata = MetaData()
words_table = Table("words", metadata, Column("event", String(64), primary_key=True), Column("words", Text, nullable=False))
saved_table = Table(
    "saved_filter",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("name", String(MAX_NAME), primary_key=True),
    Column("filters", Text, nullable=False),
)


aside_table = Table("kept", metadata, Column("name", String(64), primary_key=True), Column("told", Text, nullable=False))


class Notes:
    """The store. Safe for threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._writes = engine, engine.execution_options(writes=True)

    @classmethod
    def open(cls, path: Path) -> Notes:
        """Open the SQLite store at `path`, making it where it is not there. Raises ConfigurationError where that can't be."""
        try:
            # Only where it is missing: to close a second descriptor of an open SQLite file drops the process's locks on it (fcntl).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            engine = sqlite_engine(path)
            metadata.create_all(engine)
        except (OSError, DBAPIError) as error:
            raise ConfigurationError(f"The desk's store {path.name!r} can't be opened; check the disk and its permissions.") from error
        return cls(engine)

    @staticmethod
    def checked(words: str) -> str:
        """Return words as they are kept. Raises InvalidQuery for too many."""
        words = words.strip()
        if len(words) > MAX_WORDS:
            raise InvalidQuery(f"a comment has at most {MAX_WORDS} characters; this one has {len(words)}")
        return words

    def keep(self, event: str, words: str) -> None:
        """Keep the words that belong to an event of the ledger."""
        with self._writes.begin() as connection:
            connection.execute(insert(words_table).values(event=event, words=words))

    def words(self, events: Iterable[str]) -> dict[str, str]:
        """Return the words of events, by event."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(words_table).where(words_table.c.event.in_(list(events)))).all()
        return {row.event: row.words for row in rows}

    # ------------------------------------------------------------------ what was worked out, from one start of the service to the next

    def set_aside(self, name: str, told: Mapping[str, Any]) -> None:
        """Keep plain data under a name, in place of what was there."""
        with self._writes.begin() as connection:
            connection.execute(delete(aside_table).where(aside_table.c.name == name))
            connection.execute(insert(aside_table).values(name=name, told=json.dumps(dict(told), ensure_ascii=False)))

    def taken_aside(self, name: str) -> dict[str, Any] | None:
        """Return what was kept under a name; None where there is nothing that can be read."""
        with self._engine.connect() as connection:
            text = connection.execute(select(aside_table.c.told).where(aside_table.c.name == name)).scalar()
        try:
            found = json.loads(text) if text else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    # ------------------------------------------------------------------ saved filters

    def saved(self, owner: str) -> list[tuple[str, dict[str, str]]]:
        """Return an officer's saved filters by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(saved_table).where(saved_table.c.owner == owner).order_by(saved_table.c.name)).all()
        return [(row.name, json.loads(row.filters)) for row in rows]

    def save(self, owner: str, name: str, filters: Mapping[str, str]) -> None:
        """Save a filter under a name, in place of one that had it."""
        name = " ".join(name.split())
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise InvalidQuery(f"a saved filter has a name of 1 to {MAX_NAME} letters")
        if not filters:
            raise InvalidQuery("there is nothing to save: choose a filter first")
        if len(self.saved(owner)) >= MAX_SAVED:
            raise InvalidQuery(f"{MAX_SAVED} filters are saved already; remove one first")
        self.forget(owner, name)
        with self._writes.begin() as connection:
            connection.execute(insert(saved_table).values(owner=owner, name=name, filters=json.dumps(dict(filters), ensure_ascii=False)))

    def forget(self, owner: str, name: str) -> None:
        """Remove a saved filter; nothing happens where there is none."""
        with self._writes.begin() as connection:
            connection.execute(delete(saved_table).where(saved_table.c.owner == owner, saved_table.c.name == name))
