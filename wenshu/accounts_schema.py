"""The tables of the accounts store, and the engine that opens them durably."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)

metadata = MetaData()
attempts = Table(
    "attempts",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("open_at", Float, nullable=False),
)
"""Wrong secrets shown lately, by a hash of who showed them (`wenshu.throttle`)."""

users = Table(
    "users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("role", String(64), nullable=False),
    Column("department", String(64), nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("name_zh", String(128), nullable=False),
    Column("name_en", String(128), nullable=False),
    Column("password", String(256)),
    Column("must_change", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)
tokens = Table(
    "tokens",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("secret", String(64), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("revoked_at", DateTime),
)
sessions = Table(
    "sessions",
    metadata,
    Column("secret", String(64), primary_key=True),
    Column("id", String(24), nullable=False),
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
)
"""Browser sessions (`wenshu.web.sessions`) live beside the users, so that a new password or a disabled account ends them at once."""


def sqlite_engine(path: Path) -> Engine:
    """An engine on one SQLite file: WAL, durable commits, foreign keys, what is deleted is overwritten; transactions of `writes` engines take the lock at once."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        # Deferred transactions that turn from reading to writing fail at once when another writes; so writers say it first.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
