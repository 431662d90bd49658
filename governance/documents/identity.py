"""Identity documents (`identity/*.yaml`, `retention/*.yaml`): who may ask who is behind a pseudonym, what was promised to the persons, how long data stay.

Without an identity document only roles with the page `review` may request and approve. Without a retention document nothing expires.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from audit.retention import CLASSES
from governance.documents.base import Document, Label, Name


class Requesters(Document):
    """Roles that may request re-identification for some purposes. `within_scope`: only of persons about whom they may ask by name of the pseudonym."""

    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    purposes: Annotated[tuple[Name, ...], Field(min_length=1)]
    within_scope: bool = False


class Reidentification(Document):
    """Re-identification under two persons' control. An approver is always another person than the requester; no document can change that."""

    requesters: tuple[Requesters, ...] = ()
    approvers: tuple[Name, ...] = ()
    """Roles that approve; they must also have the page `review`. Empty: every role that has it."""
    hours: Annotated[int, Field(ge=1, le=24 * 30)] = 72
    """How long a request can be approved and, once approved, shown."""


class Notice(Document):
    """A version of what persons were told when they agreed. Versions of one `id` follow each other by `effective_from`."""

    id: Name
    version: Annotated[int, Field(ge=1)]
    effective_from: dt.date
    purposes: Annotated[tuple[Name, ...], Field(min_length=1)]
    channels: tuple[str, ...] = ()
    """Channels that it is about; empty: all."""
    text: Label
    basis: Label | None = None
    """The legal basis of what it announces."""


class IdentityDocument(Document):
    """One file under `identity/`."""

    reidentification: Reidentification | None = None
    notices: tuple[Notice, ...] = ()


class RetentionRule(Document):
    """A clock: rows of `table` older than `months` (by the column `by`), or persons of an `entity` without any row since, are deleted or restricted.

    Restricted rows leave the warehouse for a file that no question reaches; they can only be handed to the person or an authority.
    """

    id: Name
    table: Name | None = None
    by: Name | None = None
    entity: Name | None = None
    months: Annotated[int, Field(ge=1, le=1200)]
    act: Literal["delete", "restrict"] = "delete"
    reason: Label

    @model_validator(mode="after")
    def _one_form(self) -> RetentionRule:
        if (self.table is not None and self.by is not None) == (self.entity is not None) or (self.table is None) != (self.by is None):
            message = "a retention rule is about {table, by} or about an {entity}"
            raise ValueError(message)
        if self.entity is not None and self.act == "restrict":
            message = "persons without rows are deleted, not restricted"
            raise ValueError(message)
        return self


class LedgerClock(Document):
    """How long the ledger keeps the bodies of one class of records; their hashes stay for ever. Never below the class's floor."""

    records: Literal["access", "assessments", "operations"]
    months: Annotated[int, Field(ge=1, le=1200)]
    reason: Label

    @model_validator(mode="after")
    def _above_the_floor(self) -> LedgerClock:
        found = CLASSES[self.records]
        if self.months < found.least:
            message = f"records of class {found.name} are kept for at least {found.least} months ({found.why}); name a longer time"
            raise ValueError(message)
        return self


class RetentionDocument(Document):
    """One file under `retention/`."""

    rules: tuple[RetentionRule, ...] = ()
    ledger: tuple[LedgerClock, ...] = ()
    """A class that is named twice is kept for the longer time; one that is not named for three years."""
