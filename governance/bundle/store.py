"""The store of a home's bundles: contents by hash, drafts, approvals, activations. It keeps and finds; who may do what is decided above.

Every method is one short transaction. Contents are kept for good, so that history can always be shown, compared and rolled back to.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from governance.bundle.sqlite import open_policy_file
from governance.bundle.trees import Tree
from governance.errors import ConfigurationError, InvalidQuery

metadata = MetaData()
blobs = Table("blobs", metadata, Column("sha256", String(64), primary_key=True), Column("data", LargeBinary, nullable=False))
contents = Table("contents", metadata, Column("version", String(64), primary_key=True), Column("kept_at", String(40), nullable=False))
content_files = Table(
    "content_files",
    metadata,
    Column("version", ForeignKey("contents.version"), primary_key=True),
    Column("path", String(200), primary_key=True),
    Column("blob", ForeignKey("blobs.sha256"), nullable=False),
)
drafts = Table(
    "drafts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("title", String(200), nullable=False),
    Column("author", String(64), nullable=False),
    Column("base", String(64), nullable=False),
    Column("content", ForeignKey("contents.version"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("updated_at", String(40), nullable=False),
    Column("authors", Text, nullable=False),
    Column("impact", Text),
    sqlite_autoincrement=True,
)
approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("draft", ForeignKey("drafts.id"), nullable=False, index=True),
    Column("approver", String(64), nullable=False),
    Column("signs", String(64), nullable=False),
    Column("at", String(40), nullable=False),
)
activations = Table(
    "activations",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("version", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("draft", ForeignKey("drafts.id")),
    Column("actor", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", String(40), nullable=False),
    Column("stands", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

State = Literal["draft", "submitted", "activated", "withdrawn"]
Kind = Literal["activate", "rollback"]
MAX_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposed bundle. `content` is its content hash, `base` that of the bundle it began from; `authors` are all who changed it."""

    id: int
    title: str
    author: str
    authors: tuple[str, ...]
    base: str
    content: str
    state: State
    created_at: dt.datetime
    updated_at: dt.datetime
    impact: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes to exactly what hashes to `signs`."""

    approver: str
    signs: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One bundle put in force. `stands`: the pointer was replaced; otherwise it was interrupted and never took effect."""

    seq: int
    version: str
    previous: str
    draft: int | None
    actor: str
    kind: Kind
    at: dt.datetime
    stands: bool


class BundleStore:
    """The store at one path. Safe for threads and for several processes; the clock is passed in."""

    def __init__(self, engine: Engine, clock: Callable[[], dt.datetime]) -> None:
        """Use `BundleStore.open`."""
        self._engine, self._clock = engine, clock
        self._writes = engine.execution_options(writes=True)

    @classmethod
    def open(cls, path: Path, clock: Callable[[], dt.datetime]) -> BundleStore:
        """Open the SQLite store, making it (mode 0600) if it is not there. Raises ConfigurationError."""
        return cls(open_policy_file(path, metadata), clock)

    def _now(self) -> str:
        return self._clock().astimezone(dt.UTC).isoformat()

    # ------------------------------------------------------------------ contents

    def keep(self, tree: Tree) -> str:
        """Keep a bundle's files and return its content hash; the same content is kept once."""
        with self._writes.begin() as db:
            self._keep(db, tree)
        return tree.version

    def _keep(self, db: Connection, tree: Tree) -> None:
        if db.execute(select(contents.c.version).where(contents.c.version == tree.version)).first() is not None:
            return
        db.execute(insert(contents).values(version=tree.version, kept_at=self._now()))
        for path, data in tree.files.items():
            digest = hashlib.sha256(data).hexdigest()
            if db.execute(select(blobs.c.sha256).where(blobs.c.sha256 == digest)).first() is None:
                db.execute(insert(blobs).values(sha256=digest, data=data))
            db.execute(insert(content_files).values(version=tree.version, path=path, blob=digest))

    def tree(self, version: str) -> Tree:
        """Return a kept bundle; raise InvalidQuery where there is none, ConfigurationError where what is kept is not what was."""
        statement = select(content_files.c.path, blobs.c.data).join(blobs, blobs.c.sha256 == content_files.c.blob).where(content_files.c.version == version)
        with self._engine.begin() as db:
            rows = db.execute(statement).all()
        if not rows:
            raise InvalidQuery("no bundle of that content hash is kept; see: wenshu policy history")
        tree = Tree.of({row.path: bytes(row.data) for row in rows})
        if tree.version != version:
            raise ConfigurationError("The policy store holds other contents than their hash says; restore policy.db from a backup.")
        return tree

    def known(self, prefix: str) -> list[str]:
        """Return the content hashes that begin with `prefix`."""
        with self._engine.begin() as db:
            return list(db.execute(select(contents.c.version).where(contents.c.version.startswith(prefix, autoescape=True))).scalars())

    # ------------------------------------------------------------------ drafts

    def add(self, tree: Tree, *, title: str, author: str, base: str) -> Draft:
        """Keep a new draft."""
        with self._writes.begin() as db:
            self._keep(db, tree)
            now = self._now()
            values = {"title": title, "author": author, "base": base, "content": tree.version, "state": "draft", "created_at": now, "updated_at": now}
            made = db.execute(insert(drafts).values(authors=json.dumps([author]), **values))
            key = made.inserted_primary_key
        return self.draft(int(key[0]) if key else 0)

    def draft(self, number: int) -> Draft:
        """Return one draft; raise InvalidQuery where there is none."""
        with self._engine.begin() as db:
            row = db.execute(select(drafts).where(drafts.c.id == number)).first()
        if row is None:
            raise InvalidQuery(f"there is no draft {number}; see: wenshu policy history")
        return _draft(row)

    def drafts(self) -> list[Draft]:
        """Return all drafts, newest first."""
        with self._engine.begin() as db:
            return [_draft(row) for row in db.execute(select(drafts).order_by(drafts.c.id.desc()))]

    def edit(self, number: int, tree: Tree, *, author: str, expected: str, title: str | None = None) -> bool:
        """Replace a draft's content if it still is `expected` and return whether it was. The draft goes back to its first state; its report is void."""
        with self._writes.begin() as db:
            row = db.execute(select(drafts.c.authors).where(drafts.c.id == number)).first()
            if row is None:
                return False
            # Read here, where nobody else writes: of two who edit at once both are authors.
            authors = list(dict.fromkeys([*json.loads(row.authors), author]))
            self._keep(db, tree)
            values = {"content": tree.version, "state": "draft", "updated_at": self._now(), "authors": json.dumps(authors), "impact": None}
            if title is not None:
                values["title"] = title
            still = (drafts.c.id == number) & (drafts.c.content == expected) & drafts.c.state.in_(["draft", "submitted"])
            return db.execute(update(drafts).where(still).values(**values)).rowcount == 1

    def move(self, number: int, *, content: str, since: tuple[State, ...], to: State) -> bool:
        """Move a draft to another state if content and state still are those given; return whether they were."""
        still = (drafts.c.id == number) & (drafts.c.content == content) & drafts.c.state.in_(since)
        with self._writes.begin() as db:
            return db.execute(update(drafts).where(still).values(state=to, updated_at=self._now())).rowcount == 1

    def set_impact(self, number: int, *, content: str, impact: Mapping[str, Any]) -> bool:
        """Keep the report made of exactly that content; return whether the draft still has it."""
        still = (drafts.c.id == number) & (drafts.c.content == content)
        with self._writes.begin() as db:
            return db.execute(update(drafts).where(still).values(impact=json.dumps(impact, ensure_ascii=False, sort_keys=True))).rowcount == 1

    # ------------------------------------------------------------------ approvals and activations

    def approve(self, number: int, *, approver: str, signs: str) -> None:
        """Keep one approval."""
        with self._writes.begin() as db:
            db.execute(insert(approvals).values(draft=number, approver=approver, signs=signs, at=self._now()))

    def approvals(self, number: int) -> list[Approval]:
        """Return all approvals a draft ever got, oldest first; which of them still hold is for the caller to compare."""
        with self._engine.begin() as db:
            rows = db.execute(select(approvals).where(approvals.c.draft == number).order_by(approvals.c.id)).all()
        return [Approval(approver=row.approver, signs=row.signs, at=dt.datetime.fromisoformat(row.at)) for row in rows]

    def begin_activation(self, *, version: str, previous: str, draft: int | None, actor: str, kind: Kind) -> int:
        """Reserve the next number for an activation that is about to happen."""
        with self._writes.begin() as db:
            values = {"version": version, "previous": previous, "draft": draft, "actor": actor, "kind": kind, "at": self._now(), "stands": False}
            made = db.execute(insert(activations).values(**values))
            key = made.inserted_primary_key
        return int(key[0]) if key else 0

    def settle(self, seq: int) -> None:
        """Note that the activation took effect. Also called for one that a crash cut off after the pointer was replaced."""
        with self._writes.begin() as db:
            row = db.execute(select(activations).where(activations.c.seq == seq)).first()
            db.execute(update(activations).where(activations.c.seq == seq).values(stands=True))
            if row is not None and row.draft is not None and row.kind == "activate":
                still = (drafts.c.id == row.draft) & (drafts.c.content == row.version)
                db.execute(update(drafts).where(still).values(state="activated"))

    def latest(self) -> dt.datetime | None:
        """Return the last instant that anything in the store was written, None for an empty one."""
        with self._engine.begin() as db:
            found = [db.execute(select(func.max(column))).scalar() for column in (drafts.c.updated_at, approvals.c.at, activations.c.at)]
        times = [dt.datetime.fromisoformat(item) for item in found if item]
        return max(times, default=None)

    def activations(self) -> list[Activation]:
        """Return every activation, newest first."""
        with self._engine.begin() as db:
            rows = db.execute(select(activations).order_by(activations.c.seq.desc())).all()
        return [
            Activation(
                seq=row.seq, version=row.version, previous=row.previous, draft=row.draft, actor=row.actor, kind=row.kind,
                at=dt.datetime.fromisoformat(row.at), stands=row.stands,
            )
            for row in rows
        ]


def _draft(row: Any) -> Draft:
    return Draft(
        id=row.id,
        title=row.title,
        author=row.author,
        authors=tuple(json.loads(row.authors)),
        base=row.base,
        content=row.content,
        state=row.state,
        created_at=dt.datetime.fromisoformat(row.created_at),
        updated_at=dt.datetime.fromisoformat(row.updated_at),
        impact=None if row.impact is None else json.loads(row.impact),
    )
