"""`bundle.yaml`: the bundle's name and the settings that hold everywhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.documents.base import Document, Label, Name


class Contact(Document):
    """Whom to turn to: shown in refusals (drug safety, medical information, data governance, compliance)."""

    label: Label
    how: str


class Settings(Document):
    """The first document of every bundle."""

    format: Literal[1]
    name: Name
    title: Label
    timezone: str = "Asia/Shanghai"
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = 1
    holidays: str | None = "CN"
    """ISO 3166 country whose public holidays words like 春节 mean, or none."""
    contacts: dict[str, Contact] = {}
