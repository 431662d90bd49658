"""One table of ways of asking and the plain words for each: how its rules are made and applied.

Each rule names words without one of which it can't apply, so that most sentences pass by most rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Meant = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The rules of one table, in its order."""

    rules: tuple[tuple[tuple[str, ...], re.Pattern[str], Meant], ...]

    @classmethod
    def of(cls, table: Iterable[tuple[tuple[str, ...], str, Meant]]) -> Rewriting:
        """Compile (words, expression, what takes its place); the words are in lower case, the expression is of any case."""
        return cls(tuple((needed, re.compile(said, re.IGNORECASE), meant) for needed, said, meant in table))

    def apply(self, text: str) -> str:
        """Return a text (of any case) with these ways of asking put plainly; a rule that would leave nothing of it is not applied."""
        lower = text.lower()
        for needed, said, meant in self.rules:
            for word in needed:  # a loop, as `any` of a generator would cost more than all the rest
                if word in lower:
                    changed = said.sub(meant, text)
                    if changed != text and re.search(r"\w", changed):
                        text = re.sub(r" {2,}", " ", changed)
                        lower = text.lower()
                    break
        return text


__all__ = ["Meant", "Rewriting"]
