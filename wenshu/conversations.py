"""Conversations, kept on the server, one owner each: what was asked (recognised words only) and what was answered.

An answer is kept as it was released to its owner; nobody else can read it, and old ones are dropped after `KEEP_DAYS`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    false,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from governance.errors import ConfigurationError, WenshuError
from wenshu.accounts_schema import sqlite_engine

KEEP_DAYS = 90
MAX_TURNS = 200
MAX_LISTED = 50
MISSED = 2
"""So many turns that were not understood may stand between a question back and its answer."""

metadata = MetaData()
turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("question", Text, nullable=False),
    Column("query", Text),
    Column("act", String(16)),
    Column("answer", Text, nullable=False),
    Index("by_owner", "owner", "conversation", "id"),
)


class UnknownConversation(WenshuError):
    """No such conversation of this user; the same for another user's."""

    def __init__(self) -> None:
        super().__init__("There is no such conversation of yours.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question and its answer (JSON, contracts.md section 3); `query` is the MetricQuery that follow-ups change.

    `act` says what the sentence did instead of asking (`nlq.dialogue.acts.Act`), None for a question.
    """

    question: str
    query: dict[str, Any] | None
    answer: dict[str, Any]
    asked_at: str
    act: str | None = None


class Conversations:
    """The store. Every method names the owner; there is no way to ask for another's."""

    def __init__(self, engine: Engine, clock: Callable[[], dt.datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._writes = engine.execution_options(writes=True)

    @classmethod
    def open(cls, path: Path, clock: Callable[[], dt.datetime]) -> Conversations:
        """Open the SQLite store at `path` (mode 0600), making it if it is not there."""
        try:
            # Only where it is missing: to close a second descriptor of an open SQLite file drops the process's locks on it (fcntl).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            engine = sqlite_engine(path)
            # Under the write lock, so that workers that start together don't both make the table.
            with engine.execution_options(writes=True).begin() as db:
                metadata.create_all(db)
                _grow(db)
        except (OSError, DBAPIError) as error:
            raise ConfigurationError(f"The store {path.name} can't be opened ({type(error).__name__}); `wenshu check` says more.") from error
        return cls(engine, clock)

    def start(self) -> str:
        """Return the id of a new conversation; it exists once something was asked in it."""
        return secrets.token_urlsafe(16)

    def in_force(self, owner: str, conversation: str) -> tuple[dict[str, Any], ...]:
        """Return the conversation's queries in force, oldest first: each asked one, without what was taken back or left behind."""
        from nlq.dialogue.acts import folded

        condition = (turns.c.owner == owner) & (turns.c.conversation == conversation)
        newest = select(turns.c.id, turns.c.query, turns.c.act).where(condition).order_by(turns.c.id.desc()).limit(MAX_TURNS)
        with self._engine.connect() as db:
            rows = db.execute(newest).all()
        return folded([(row.act, None if row.query is None else json.loads(row.query)) for row in reversed(rows)])

    def offered(self, owner: str, conversation: str) -> tuple[dict[str, Any], ...]:
        """Return the queries of the options that the newest turn asked back with, turns that were not understood left out; none where it asked nothing back."""
        condition = (turns.c.owner == owner) & (turns.c.conversation == conversation)
        with self._engine.connect() as db:
            newest = db.execute(select(turns.c.act, turns.c.answer).where(condition).order_by(turns.c.id.desc()).limit(MISSED + 1)).all()
        for act, answer in newest:
            said = json.loads(answer)
            if said.get("status") == "not_understood" and act is None:
                continue
            clarify = said.get("clarify")
            return tuple(option["query"] for option in clarify["options"]) if clarify else ()
        return ()

    def shown(self, owner: str, conversation: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of the newest answer to `query` as they were released: column → value, None where hidden; empty where there is none."""
        condition = (turns.c.owner == owner) & (turns.c.conversation == conversation) & turns.c.query.is_not(None)
        with self._engine.connect() as db:
            rows = db.execute(select(turns.c.query, turns.c.answer).where(condition).order_by(turns.c.id.desc()).limit(MAX_TURNS)).all()
        for row in rows:
            answer = json.loads(row.answer)
            if answer.get("status") == "answered" and json.loads(row.query) == query:
                names = [column["name"] for column in answer["columns"]]
                return [dict(zip(names, cells, strict=True)) for cells in answer["rows"]]
        return []

    def add(self, owner: str, conversation: str, turn: Turn) -> None:
        """Keep a turn. Ids are each owner's own: another user's conversation of the same id is neither seen nor touched."""
        now = self._clock()
        with self._writes.begin() as db:
            db.execute(
                insert(turns).values(
                    conversation=conversation,
                    owner=owner,
                    asked_at=turn.asked_at,
                    question=turn.question,
                    query=None if turn.query is None else json.dumps(turn.query, ensure_ascii=False),
                    act=turn.act,
                    answer=json.dumps(turn.answer, ensure_ascii=False),
                )
            )
            old = (now - dt.timedelta(days=KEEP_DAYS)).isoformat()
            db.execute(delete(turns).where(turns.c.owner == owner, turns.c.asked_at < old))

    def forget(self, texts: Sequence[str]) -> int:
        """Delete every turn, of anybody, whose answer or query holds one of the texts (released pseudonyms of an erased person); return how many."""
        holds = or_(false(), *(or_(turns.c.answer.contains(text, autoescape=True), turns.c.query.contains(text, autoescape=True)) for text in texts))
        with self._writes.begin() as db:
            gone = db.execute(delete(turns).where(holds)).rowcount
        if gone:
            # The log beside the file still holds the pages as they were. Where a reader is in the way, it goes with the next one.
            with contextlib.closing(self._engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def list(self, owner: str) -> list[dict[str, Any]]:
        """Return the owner's conversations, newest first: id, title (the first question), updated_at, turns."""
        grouped = (
            select(turns.c.conversation, func.min(turns.c.id), func.max(turns.c.asked_at), func.count())
            .where(turns.c.owner == owner)
            .group_by(turns.c.conversation)
            .order_by(func.max(turns.c.id).desc())
            .limit(MAX_LISTED)
        )
        with self._engine.connect() as db:
            rows = db.execute(grouped).all()
            firsts: dict[int, str] = {
                row[0]: row[1]
                for row in db.execute(select(turns.c.id, turns.c.question).where(turns.c.id.in_([row[1] for row in rows])))
            }
        return [{"id": row[0], "title": firsts.get(row[1], ""), "updated_at": row[2], "turns": row[3]} for row in rows]

    def get(self, owner: str, conversation: str) -> tuple[Turn, ...]:
        """Return the turns in order, or raise UnknownConversation."""
        condition = (turns.c.owner == owner) & (turns.c.conversation == conversation)
        with self._engine.connect() as db:
            rows = db.execute(select(turns).where(condition).order_by(turns.c.id.desc()).limit(MAX_TURNS)).all()
        if not rows:
            raise UnknownConversation
        return tuple(
            Turn(
                question=row.question,
                query=None if row.query is None else json.loads(row.query),
                answer=json.loads(row.answer),
                asked_at=row.asked_at,
                act=row.act,
            )
            for row in reversed(rows)
        )


def _grow(db: Connection) -> None:
    """Add the column that stores of earlier releases lack."""
    if "act" not in {column["name"] for column in inspect(db).get_columns(turns.name)}:
        db.execute(text(f"ALTER TABLE {turns.name} ADD COLUMN act VARCHAR(16)"))
