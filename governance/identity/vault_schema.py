"""The vault's tables, and how an older vault becomes one of today's. Nothing in them is readable without the keys but counts, times and case numbers."""

from __future__ import annotations

import sqlalchemy as sa

from governance.errors import ConfigurationError
from governance.identity.suites import DEFAULT_SUITE

FORMAT = "2"
_ADOPTED = "1"

metadata = sa.MetaData()
about = sa.Table("about", metadata, sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String, nullable=False))
person = sa.Table(
    "person",
    metadata,
    sa.Column("uid", sa.String(32), primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False, index=True),
    sa.Column("data_key", sa.LargeBinary, nullable=False),
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("content_tag", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
    sa.Column("suite", sa.String(64), nullable=False, server_default=DEFAULT_SUITE),
    sa.Column("index_version", sa.Integer, nullable=False, server_default="1"),
    sqlite_with_rowid=False,
)
"""`key_version` of the vault key that wraps the data key; `suite` of what the data key seals; `index_version` of the person's blind indexes."""
field = sa.Table(
    "field",
    metadata,
    sa.Column("uid", sa.String(32), sa.ForeignKey("person.uid"), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
blind_index = sa.Table(
    "blind_index",
    metadata,
    sa.Column("entity", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("uid", sa.String(32), sa.ForeignKey("person.uid"), nullable=False),
    sqlite_with_rowid=False,
)
tombstone = sa.Table(
    "tombstone",
    metadata,
    sa.Column("entity", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("certificate", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)
"""Identifiers of the erased, as blind indexes: they lead to nobody, and keep the same person from coming back with the next extract."""
correction = sa.Table(
    "correction",
    metadata,
    sa.Column("uid", sa.String(32), primary_key=True),
    sa.Column("place", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("case_number", sa.String(64), nullable=False),
)
"""What a person had corrected: `place` is `vault` or a warehouse table. It stands over whatever later extracts still say."""
consent_act = sa.Table(
    "consent_act",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("uid", sa.String(32), nullable=False, index=True),
    sa.Column("purpose", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(64)),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("notice", sa.String(64)),
    sa.Column("notice_version", sa.Integer),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("recorded_by", sa.String(64), nullable=False),
    sa.Column("case_number", sa.String(64), nullable=False),
)
"""The consent ledger: acts are added, never changed. No channel: all channels."""
request = sa.Table(
    "reidentification",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("uid", sa.String(32), nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("shown_as", sa.String(64), nullable=False),
    sa.Column("case_number", sa.String(64), nullable=False),
    sa.Column("purpose", sa.String(64), nullable=False),
    sa.Column("requester", sa.String(64), nullable=False),
    sa.Column("requested_at", sa.DateTime, nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False),
    sa.Column("approver", sa.String(64)),
    sa.Column("decided_at", sa.DateTime),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revealed_at", sa.DateTime),
)
"""Re-identification requests. `shown_as` is the pseudonym released for the request's purpose; `state`: requested, approved, denied, revealed."""
state = sa.Table(
    "state",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.String(64), nullable=False, unique=True),
)
"""The published states of the warehouse in their order, by the names under which answers tell them (`data_version`)."""
steady = sa.Table(
    "steady",
    metadata,
    sa.Column("uid", sa.String(32), primary_key=True),
    sa.Column("attributes", sa.Integer, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Since which state a person's attributes are as now, and since which the person's rows stand under nobody else's key; without a row: since the first one known."""
handover = sa.Table(
    "handover",
    metadata,
    sa.Column("uid", sa.String(32), primary_key=True),
    sa.Column("to_uid", sa.String(32), primary_key=True),
    sa.Column("strong", sa.Boolean, nullable=False),
    sa.Column("state", sa.Integer),
    sqlite_with_rowid=False,
)
"""Whose identifiers passed to whom (`handovers`); without a state: since the last one."""


def prepare(engine: sa.Engine) -> None:
    """Make the tables, or bring those of an older version up to date, in one transaction. ConfigurationError for a vault from the future."""
    inspector = sa.inspect(engine)
    columns = {column["name"] for column in inspector.get_columns("person")} if inspector.has_table("person") else set()
    with engine.begin() as connection:
        metadata.create_all(connection)
        if columns and "suite" not in columns:
            connection.execute(sa.text(f"ALTER TABLE person ADD COLUMN suite VARCHAR(64) NOT NULL DEFAULT '{DEFAULT_SUITE}'"))
        if columns and "index_version" not in columns:
            connection.execute(sa.text("ALTER TABLE person ADD COLUMN index_version INTEGER NOT NULL DEFAULT 1"))
        known = connection.execute(sa.select(about.c.value).where(about.c.name == "format")).scalar_one_or_none()
        if known is None:
            connection.execute(about.insert(), [{"name": "format", "value": FORMAT}])
        elif known == _ADOPTED:
            connection.execute(about.update().where(about.c.name == "format").values(value=FORMAT))
        elif known != FORMAT:
            message = "the vault was made by another version; install that version, or restore the matching vault"
            raise ConfigurationError(message)
