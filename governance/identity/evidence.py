"""What rows say about persons, as small integers: the form in which linking compares millions of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

NONE = -1
"""No value: the cell is empty or not valid."""

STRONGEST_FIRST = ("crm_id", "employee", "license", "unionid", "account", "email", "mobile")
"""Types of identifiers by how much they prove; the last two can be shared or pass on to others."""
WEAK = frozenset({"email", "mobile"})


T = TypeVar("T")
Identifier = tuple[str, str]
"""An identifier: its type and its normalised value."""


def strength(kind: str) -> int:
    """The rank of a type, 0 the strongest."""
    return STRONGEST_FIRST.index("account" if kind.startswith("account") else kind)


class Interner(Generic[T]):
    """Gives equal things equal small integers, in the order in which they are first met."""

    def __init__(self) -> None:
        self._ids: dict[T, int] = {}
        self.things: list[T] = []

    def __len__(self) -> int:
        return len(self.things)

    def add(self, thing: T) -> int:
        """The integer of a thing, new or known."""
        known = self._ids.get(thing)
        if known is None:
            known = self._ids[thing] = len(self.things)
            self.things.append(thing)
        return known

    def get(self, thing: T) -> int:
        """The integer of a known thing, or NONE."""
        return self._ids.get(thing, NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One extract's rows about one kind of person; all arrays have one entry a row, NONE where there is nothing.

    `identifiers` are (type, nodes) pairs, a type more than once where the extract has several columns of it. A node stands for a (type, value)
    pair in the directory. `names`, `place`, `former` and `traits` are what is left to compare when no identifier helps.
    """

    source: str
    rows: int
    identifiers: tuple[tuple[str, IntArray], ...]
    names: tuple[IntArray, ...] = ()
    place: IntArray | None = None
    former: tuple[IntArray, ...] = ()
    traits: Mapping[str, IntArray] = field(default_factory=dict)
    counts: IntArray | None = None
    """How many rows of the extract each of these stands for, where equal rows were gathered into one."""

    def columns(self) -> list[IntArray]:
        """All arrays, always in the same order."""
        place = [self.place] if self.place is not None else []
        return [*(nodes for _, nodes in self.identifiers), *self.names, *place, *self.former, *self.traits.values()]

    def of(self, columns: Sequence[IntArray], counts: IntArray) -> Evidence:
        """The same description with other arrays, in the order of `columns()`."""
        left = iter(columns)
        return Evidence(
            source=self.source,
            rows=len(counts),
            identifiers=tuple((kind, next(left)) for kind, _ in self.identifiers),
            names=tuple(next(left) for _ in self.names),
            place=None if self.place is None else next(left),
            former=tuple(next(left) for _ in self.former),
            traits={trait: next(left) for trait in self.traits},
            counts=counts,
        )

    def ranked(self) -> list[tuple[str, IntArray]]:
        """The identifiers, strongest first."""
        return sorted(self.identifiers, key=lambda item: strength(item[0]))


class Gathered:
    """The different rows of one extract, gathered part by part: what linking looks at. Memory grows with the persons, not with the rows."""

    def __init__(self) -> None:
        self._form: Evidence | None = None
        self._known: dict[bytes, int] = {}
        self._rows: list[npt.NDArray[np.int32]] = []
        self._counts = np.zeros(0, dtype=np.int64)

    def add(self, part: Evidence, weights: IntArray | None = None) -> npt.NDArray[np.int32]:
        """Take in a part; for each of its rows the number of its combination among all that were gathered. `weights`: how many rows each of them stands for."""
        self._form = self._form or part
        columns = part.columns()
        if not columns:
            matrix, back = np.zeros((min(1, part.rows), 0), dtype=np.int32), np.zeros(part.rows, dtype=np.int64)
        else:
            frame = pd.DataFrame(dict(enumerate(columns)))
            back = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy().astype(np.int64)
            _, first = np.unique(back, return_index=True)
            matrix = np.ascontiguousarray(frame.to_numpy(dtype=np.int32)[first])
        target = np.empty(len(matrix), dtype=np.int64)
        fresh = []
        for row, key in enumerate(map(bytes, matrix)):
            number = self._known.get(key)
            if number is None:
                number = self._known[key] = len(self._known)
                fresh.append(row)
            target[row] = number
        self._rows.append(matrix[fresh])
        numbers: IntArray = target[back]
        self._counts = np.bincount(numbers, weights, minlength=len(self._known)).astype(np.int64) + np.pad(self._counts, (0, len(self._known) - len(self._counts)))
        return numbers.astype(np.int32)

    def evidence(self) -> Evidence | None:
        """Everything gathered, each combination once, with how many rows it stands for; None where nothing was added."""
        if self._form is None:
            return None
        self._known.clear()
        whole = np.concatenate(self._rows)
        self._rows = [whole]
        return self._form.of([whole[:, index].astype(np.int64) for index in range(whole.shape[1])], self._counts)


class Groups:
    """Union-find with path halving: which records are one person."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, item: int) -> int:
        """The representative of the item's group."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def union(self, one: int, other: int) -> int:
        """Make one group of two and return its representative (the smaller)."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first
        return first

    def numbered(self) -> IntArray:
        """The group of each item, numbered 0, 1 … in the order of their first items."""
        roots = np.array([self.find(item) for item in range(len(self._parent))], dtype=np.int64)
        _, numbers = np.unique(roots, return_inverse=True)
        return numbers.astype(np.int64)


def members(keys: IntArray) -> Iterable[tuple[int, list[int]]]:
    """For each key but NONE the positions that hold it, for keys held more than once."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, dtype=np.int64)
    for start, end in zip(starts, np.r_[starts[1:], len(ordered)], strict=True):
        if ordered[start] != NONE and end - start > 1:
            yield int(ordered[start]), order[start:end].tolist()
