"""A sentence as a string of token kinds: the rules of shape find patterns in it and take the tokens they have understood."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from governance.terms import Language, Text
from nlq.draft import Draft
from nlq.lexicon.lexicon import LexiconView
from nlq.lexicon.measures import is_duration
from nlq.matching import Token
from nlq.words.grammar import DIMENSION, FILLER, HOW_LONG, METRIC, VALUE

_compiled = cache(re.compile)


class Sentence:
    """The tokens not yet understood, in order, and the draft that grows from those that are."""

    def __init__(self, tokens: list[Token], view: LexiconView, language: Language) -> None:
        self.view, self.language = view, language
        self.all = tokens
        self.rest = [token for token in tokens if token.kind not in (FILLER, HOW_LONG)]
        self.draft = Draft()
        self.take_later: list[Token] = []
        self.explicit: list[Token] = []
        self.eaches: list[Token] = []

    @property
    def kinds(self) -> str:
        return "".join([token.kind for token in self.rest])

    def find(self, pattern: str, start: int = 0) -> re.Match[str] | None:
        """Return the first match of a pattern over the kinds; positions are token indexes."""
        return _compiled(pattern).search(self.kinds, start)

    def each(self, pattern: str, rule: Callable[[re.Match[str]], bool]) -> None:
        """Apply `rule` to every match in turn; it returns whether it took tokens (the search then begins anew)."""
        start = 0
        while (match := self.find(pattern, start)) is not None:
            start = 0 if rule(match) else match.start() + 1
            if start > len(self.rest):
                return

    def take(self, *indexes: int) -> None:
        """Mark tokens as understood and remove them."""
        for index in sorted(set(indexes), reverse=True):
            self.rest[index].used = True
            del self.rest[index]

    def drop(self, index: int) -> None:
        """Read a token over: it means nothing here."""
        self.take(index)

    def assume(self, zh: str, en: str) -> None:
        text = Text(zh=zh, en=en)
        if text not in self.draft.assumptions:
            self.draft.assumptions.append(text)

    def problem(self, what: str, weight: float) -> None:
        self.draft.problems.append((what, weight))

    # ------------------------------------------------------------------ what tokens are

    def dimension_of(self, token: Token) -> tuple[str, ...]:
        """Return the dimensions a `D` token names or a `V` token's values belong to."""
        if token.kind == VALUE:
            lexicon = self.view.lexicon
            found = [m.id for m in token.meanings if m.kind == "value"]
            found += [f.dimension for m in token.meanings if m.kind == "term" for f in lexicon.terms[m.id].filters]
            return tuple(dict.fromkeys(found))
        return token.ids("dimension")

    def restrict(self, token: Token, dimensions: tuple[str, ...]) -> None:
        """Leave a value only its meanings in these dimensions."""
        kept = tuple(m for m in token.meanings if m.kind != "value" or m.id in dimensions)
        if kept:
            token.meanings = kept

    def identifies(self, token: Token) -> bool:
        return any((info := self.view.lexicon.dimensions.get(name)) is not None and info.identifies is not None for name in self.dimension_of(token))

    def person(self, token: Token) -> bool:
        return any((info := self.view.lexicon.dimensions.get(name)) is not None and info.person for name in self.dimension_of(token))

    def about_person(self, token: Token) -> bool:
        """Whether a dimension or a member belongs to persons: a doctor, an employee, their attributes."""
        return any((info := self.view.lexicon.dimensions.get(name)) is not None and info.about_person for name in self.dimension_of(token))

    def worse_higher(self, token: Token | None) -> bool:
        """Whether less of the metric is better."""
        names = token.ids("metric") if token is not None else ()
        return bool(names) and all(self.view.lexicon.metrics[name].lower_is_better for name in names if name in self.view.lexicon.metrics)

    def measures_time(self, token: Token | None) -> bool:
        """Whether the metric's figures are lengths of time, so that the fastest has the least of it."""
        names = token.ids("metric") if token is not None else ()
        return bool(names) and all(is_duration(self.view.lexicon.metrics[name]) for name in names if name in self.view.lexicon.metrics)

    def nearest_metric(self, index: int, *, before_first: bool = True) -> Token | None:
        """Return the metric mentioned nearest to a place: before it when there is one, else after (or the other way round)."""
        before = [token for token in self.rest[:index] if token.kind == METRIC]
        after = [token for token in self.rest[index:] if token.kind == METRIC]
        if before_first:
            return before[-1] if before else after[0] if after else None
        return after[0] if after else before[-1] if before else None

    def has(self, kind: str) -> bool:
        return kind in self.kinds

    def count(self, kind: str) -> int:
        return self.kinds.count(kind)

    @property
    def chinese(self) -> bool:
        return self.language == "zh"


__all__ = ["DIMENSION", "METRIC", "VALUE", "Sentence"]
