"""Shapes that several ports hand over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from governance.terms import Text

Words = str | Text | Mapping[str, str]
JSON = Mapping[str, Any]


class AnswerLike(Protocol):
    """An answer of any of the four statuses."""

    def to_json(self) -> dict[str, Any]:
        """Return contracts.md section 3's document."""
        ...
