"""Keys of things, such as hospitals and contents: by the code that a system gave, else by a name that only one of them has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein

from governance.identity.normalise import normaliser

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from governance.documents.extracts import Identifiers
    from governance.identity.pseudonyms import Pseudonymizer
    from governance.ingest.shaping import Shaped

    IntArray = npt.NDArray[np.int64]

NONE, UNKNOWN = -1, -2
"""Of a row's thing: nothing was written; something was, but no known thing."""
_LONG_ENOUGH = 6
"""Names shorter than this are never matched with a typing error: two hospitals differ by as little."""


@dataclass(slots=True)
class Things:
    """The things of one entity. `keys[i]` is the pseudonym of thing i."""

    entity: str
    pseudonyms: Pseudonymizer
    keys: list[str] = field(default_factory=list)
    _by: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    _shared: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _shortened: dict[str, list[str]] | None = None
    """The names by what is left of them without one character, and whole: two names that are one slip apart share one of these."""
    _found: dict[tuple[str, str], int] = field(default_factory=dict)

    def register(self, shaped: Shaped, identifiers: Identifiers) -> IntArray:
        """Learn the things of a register and return the thing of each row (NONE: it has no identifier)."""
        self._found.clear()
        self._shortened = None
        cells = {kind: _cells(shaped, identifiers, kind) for kind in identifiers}
        result = np.full(len(shaped), NONE, dtype=np.int64)
        main = next((kind for kind in identifiers if kind != "name"), "name")
        for row in range(len(shaped)):
            mine = cells[main][row]
            if not mine:
                continue
            thing = self._by[main].get(mine[0])
            if thing is None:
                thing = len(self.keys)
                self.keys.append(self.pseudonyms.of(f"{main}:{mine[0]}"))
            result[row] = thing
            for kind, words in cells.items():
                for word in words[row]:
                    if self._by[kind].setdefault(word, thing) != thing:
                        self._shared[kind].add(word)
        return result

    def listed(self, shaped: Shaped, identifiers: Identifiers) -> IntArray:
        """The things that rows of the register list, which were learned before."""
        main = next((kind for kind in identifiers if kind != "name"), "name")
        known = self._by[main]
        return np.array([known.get(words[0], NONE) if words else NONE for words in _cells(shaped, identifiers, main)], dtype=np.int64)

    def labels(self) -> dict[int, str]:
        """A name of each thing, as it is compared; its code where it has none."""
        told: dict[int, str] = {}
        for kind in sorted(self._by, key=lambda kind: kind != "name"):
            for word, thing in self._by[kind].items():
                told.setdefault(thing, word)
        return told

    def resolve(self, shaped: Shaped, identifiers: Identifiers) -> IntArray:
        """Return the thing of each row: the first identifier type, in the mapping's order, that one thing has."""
        result = np.full(len(shaped), NONE, dtype=np.int64)
        for kind in identifiers:
            for codes, words in _columns(shaped, identifiers, kind):
                open_rows = result < 0
                if not open_rows.any():
                    return result
                found = np.array([self._find(kind, word) if word else NONE for word in words], dtype=np.int64)[codes]
                result = np.where(open_rows & (found != NONE), found, result)
        return result

    def _find(self, kind: str, word: str) -> int:
        found = self._found.get((kind, word))
        if found is None:
            found = self._found[kind, word] = self._look(kind, word)
        return found

    def _look(self, kind: str, word: str) -> int:
        if word in self._shared[kind]:
            return UNKNOWN
        thing = self._by[kind].get(word)
        if thing is None and kind == "name":
            thing = self._mistyped(word)
        return UNKNOWN if thing is None else thing

    def _mistyped(self, word: str) -> int | None:
        """The one thing whose name differs from a long name by a single typing error."""
        if len(word) < _LONG_ENOUGH:
            return None
        if self._shortened is None:
            self._shortened = defaultdict(list)
            for name in self._by["name"]:
                for form in _shortened(name):
                    self._shortened[form].append(name)
        candidates = {name for form in _shortened(word) for name in self._shortened.get(form, ())}
        close = [name for name in candidates if DamerauLevenshtein.distance(word, name, score_cutoff=1) <= 1]
        near = {self._by["name"][name] for name in close if name not in self._shared["name"]}
        return next(iter(near)) if len(near) == 1 else None


def _shortened(word: str) -> set[str]:
    """The word, and the word without each one of its characters."""
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


def _columns(shaped: Shaped, identifiers: Identifiers, kind: str) -> list[tuple[IntArray, list[str]]]:
    """Codes and normalised words of each column of one identifier type ('' where not valid)."""
    normal = normaliser(kind, person=False)
    found = []
    for name in identifiers[kind].column:
        column = shaped.columns[name]
        used = column.used()
        found.append(
            (
                column.codes,
                [(normal(word) or "") if word and use else "" for word, use in zip(column.words, used, strict=True)],
            )
        )
    return found


def _cells(shaped: Shaped, identifiers: Identifiers, kind: str) -> list[list[str]]:
    """Per row the normalised identifiers of one type, over all columns, cells split where the mapping says so."""
    normal = normaliser(kind, person=False)
    split = identifiers[kind].split
    result: list[list[str]] = [[] for _ in range(len(shaped))]
    for name in identifiers[kind].column:
        column = shaped.columns[name]
        parts = [word.split(split) if split else [word] for word in column.words]
        plain = [[good for part in cell if part.strip() and (good := normal(part))] for cell in parts]
        for row, code in enumerate(column.codes.tolist()):
            result[row] += plain[code]
    return result


def as_keys(things: Mapping[str, Things], entity: str, rows: IntArray) -> list[str | None]:
    """The pseudonyms of the rows' things."""
    keys = things[entity].keys
    return [keys[thing] if thing >= 0 else None for thing in rows.tolist()]
