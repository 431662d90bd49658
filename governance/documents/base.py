"""What all bundle documents share: strict, frozen, two languages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from governance.terms import Text

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]
"""An identifier: lower-case ASCII letters, digits and underscores, beginning with a letter."""


class Document(BaseModel):
    """Base of every document: unknown keys are errors, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Words(Document):
    """A text in Chinese and English; a bare string stands for both. One that says nothing in either is false."""

    zh: str
    en: str

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)

    def text(self) -> Text:
        return Text(zh=self.zh, en=self.en)


class Synonyms(Document):
    """Other ways to say a name, per language; a bare list stands for Chinese."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.zh, *self.en)


def _both(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return {"zh": value} if isinstance(value, list) else value


Label = Annotated[Words, BeforeValidator(_both, json_schema_input_type=Words | str)]
Also = Annotated[Synonyms, BeforeValidator(_listed, json_schema_input_type=Synonyms | list[str])]
