"""Masking free text before it is stored: identities are replaced by their kind in brackets, names that the load knows among them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from governance.identity.names import PERSONAL_TITLES
from governance.identity.recognizers import Finding, Screener, mask
from governance.identity.written import fold, fold_with_origin

if TYPE_CHECKING:
    from collections.abc import Iterable

_SURELY_A_NAME, _LONGEST = 3, 12
_KEPT = 50_000
_OWN, _LONGEST_OWN = 2, 40


class Masker:
    """Masks texts. Makes its screener when the first text comes; `learn` adds the persons of the load, whose names are found wherever they stand."""

    def __init__(self) -> None:
        self._screener: Screener | None = None
        self._known: frozenset[str] = frozenset()
        self._sizes: tuple[int, ...] = ()
        self._own: frozenset[str] = frozenset()
        self._own_sizes: tuple[int, ...] = ()
        self._mask = lru_cache(maxsize=_KEPT)(self._masked)

    def learn(self, names: Iterable[str]) -> None:
        """Take in persons' compared names. Names of two characters can be everyday words and are left to the screener."""
        self._known = frozenset(name for name in names if _SURELY_A_NAME <= len(name) <= _LONGEST)
        self._sizes = tuple(sorted({len(name) for name in self._known}, reverse=True))
        self._mask.cache_clear()

    def spare(self, words: Iterable[str]) -> None:
        """Take in words of the company itself: products, departments, hospitals. What looks like a name inside one of them is none, unless a title follows it."""
        self._own = frozenset(found for word in words if _OWN <= len(found := fold(word).strip().lower()) <= _LONGEST_OWN)
        self._own_sizes = tuple(sorted({len(word) for word in self._own}))
        self._mask.cache_clear()

    def state(self) -> str:
        """A digest of what `learn` and `spare` took in: equal masks for equal digests."""
        return hashlib.sha256("\0".join((*sorted(self._known), "", *sorted(self._own))).encode()).hexdigest()

    def __call__(self, text: str) -> str:
        """The text without identities."""
        return self._mask(text)

    def _masked(self, text: str) -> str:
        if self._screener is None:
            self._screener = Screener()
        found = self._screener.find(text, running=True)
        if self._own and any(finding.kind == "name" for finding in found):
            own = self._own_in(text)
            found = [finding for finding in found if not (finding.kind == "name" and _inside(finding, own) and not _titled(text, finding))]
        return mask(text, [*found, *self._known_in(text, found)])

    def _own_in(self, text: str) -> list[tuple[int, int]]:
        """Where words of the company stand."""
        folded = fold_with_origin(text)
        lower = folded.text.lower()
        return [folded.span(at, at + size) for size in self._own_sizes for at in range(len(lower) - size + 1) if lower[at : at + size] in self._own]

    def _known_in(self, text: str, found: list[Finding]) -> list[Finding]:
        folded = fold_with_origin(text)
        lower = folded.text.lower()
        more: list[Finding] = []
        for size in self._sizes:
            for at in range(len(lower) - size + 1):
                if lower[at : at + size] in self._known:
                    start, end = folded.span(at, at + size)
                    if not any(start < other.end and other.start < end for other in (*found, *more)):
                        more.append(Finding(kind="name", start=start, end=end, score=1.0))
        return more


def _inside(finding: Finding, places: list[tuple[int, int]]) -> bool:
    return any(start <= finding.start and finding.end <= end for start, end in places)


def _titled(text: str, finding: Finding) -> bool:
    """Whether a title follows: then it may be a person who is called like a product."""
    return text[finding.end :].lstrip().startswith(tuple(PERSONAL_TITLES))
