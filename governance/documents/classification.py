"""`classification/*.yaml`: what each category of information is in law, what is to be done with it, and what a steward said of single columns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from governance.documents.base import Document, Label
from governance.errors import nearest

CATEGORIES = (
    "name", "mobile", "landline", "email", "id_card", "license", "passport", "permit", "bank_card", "plate", "address", "wechat_id", "qq", "ip",
    "credit_code", "birth_date", "gender", "health", "finance", "location", "belief", "biometric", "minor", "system_id", "free_text", "none",
)  # fmt: skip
"""What a column can hold. `system_id`: a number by which some system knows a person; `none`: nothing personal."""

Level = Literal["general", "personal", "sensitive"]
"""一般 · 个人信息 · 敏感个人信息 (Personal Information Protection Law, articles 4 and 28)."""
Handling = Literal["drop", "pseudonymize", "generalize", "keep", "quarantine"]


def _category(value: str) -> str:
    if value not in CATEGORIES:
        message = f"{value!r} is no category.{nearest(value, CATEGORIES)} Use {', '.join(CATEGORIES)}"
        raise ValueError(message)
    return value


Category = Annotated[str, AfterValidator(_category), Field(json_schema_extra={"enum": list(CATEGORIES)})]


class Class(Document):
    """What the law and the company make of one category."""

    level: Level
    handling: Handling
    label: Label
    source: str | None = None
    """The clause that says so."""


class Override(Document):
    """A steward's word about one column: it outranks what was found. `important` marks important data (Data Security Law, article 21)."""

    extract: str
    column: str
    category: Category
    level: Level | None = None
    handling: Handling | None = None
    important: bool = False
    reason: Annotated[str, Field(min_length=1)]


class ClassificationDocument(Document):
    """One file of `classification/`."""

    format: Literal[1]
    categories: dict[Category, Class] = {}
    overrides: tuple[Override, ...] = ()
