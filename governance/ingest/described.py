"""Descriptions: the cells by which rows of an extract say who and what they are about, each different combination once.

What a load decides about persons and things it decides by these cells alone; so they are all that has to be looked at again when the file itself is
what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from governance.identity.evidence import Interner
from governance.ingest.columns import Column
from governance.ingest.files import Extract
from governance.ingest.shaping import Outcomes, Shaped

if TYPE_CHECKING:
    import numpy.typing as npt

    from governance.documents.extracts import Mapping

    IntArray = npt.NDArray[np.int64]

_WEIGHT = "\0rows"
"""How many rows a description stands for; no header can be called so."""


def describing(mapping: Mapping) -> tuple[str, ...]:
    """The columns by which rows say who and what they are about, in the order of the mapping."""
    found: dict[str, None] = {}
    for group in (mapping.keys, mapping.former):
        for identifiers in group.values():
            for identifier in identifiers.values():
                found |= dict.fromkeys(identifier.column)
    for value in mapping.traits.values():
        found |= dict.fromkeys(value.columns())
    return tuple(found)


class Described:
    """The different descriptions of some files of an extract, numbered as they come. Memory grows with them, not with the rows."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.weights: IntArray = np.zeros(0, dtype=np.int64)
        self._words = [Interner[str]() for _ in columns]
        self._known: dict[bytes, int] = {}
        self._rows: list[bytes] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, shaped: Shaped) -> IntArray:
        """Take in rows and return the number of each one's description."""
        numbers = self._numbers(shaped)
        self.weights = np.bincount(numbers, minlength=len(self)) + np.pad(self.weights, (0, len(self) - len(self.weights)))
        return numbers

    def find(self, shaped: Shaped) -> IntArray:
        """The numbers of rows whose descriptions were all taken in before. Raises KeyError for one that wasn't."""
        before = len(self)
        numbers = self._numbers(shaped)
        if len(self) > before:
            message = "rows describe somebody whom the same file did not describe before"
            raise KeyError(message)
        return numbers

    def _numbers(self, shaped: Shaped) -> IntArray:
        if not len(shaped):
            return np.zeros(0, dtype=np.int64)
        codes = np.stack([_codes(shaped.columns[name], words) for name, words in zip(self.columns, self._words, strict=True)] or [np.zeros(len(shaped), dtype=np.int32)], axis=1)
        packed = np.ascontiguousarray(codes).view(np.dtype((np.void, codes.shape[1] * 4))).ravel()
        different, first, back = np.unique(packed, return_index=True, return_inverse=True)
        target = np.empty(len(different), dtype=np.int64)
        # In the order of the rows, so that equal files are described equally.
        for place in np.argsort(first, kind="stable").tolist():
            key = different[place].tobytes()
            number = self._known.get(key)
            if number is None:
                number = self._known[key] = len(self._rows)
                self._rows.append(key)
            target[place] = number
        return target[back]

    def table(self) -> pa.Table:
        """The descriptions and how many rows each stands for."""
        codes = np.frombuffer(b"".join(self._rows), dtype=np.int32).reshape(len(self), max(1, len(self.columns)))
        cells = {name: pa.array(words.things, pa.string()).take(pa.array(codes[:, index])) for index, (name, words) in enumerate(zip(self.columns, self._words, strict=True))}
        return pa.table(cells | {_WEIGHT: pa.array(self.weights)})

    @classmethod
    def of(cls, table: pa.Table, mapping: Mapping) -> Described:
        """Descriptions as `table` told them."""
        found = cls(describing(mapping))
        found.add(_shaped(mapping, {name: Column.of(table.column(name).combine_chunks()) for name in found.columns}, table.num_rows))
        found.weights = table.column(_WEIGHT).to_numpy().astype(np.int64)
        return found

    def shaped(self, mapping: Mapping) -> Shaped:
        """The descriptions as rows of a small extract of that name, in the order of their numbers."""
        table = self.table()
        return _shaped(mapping, {name: Column.of(table.column(name).combine_chunks()) for name in self.columns}, len(self))


def _codes(column: Column, words: Interner[str]) -> npt.NDArray[np.int32]:
    used = column.used()
    table = np.zeros(max(1, len(column.words)), dtype=np.int32)
    for index, word in enumerate(column.words):
        if used[index]:
            table[index] = words.add(word)
    return table[column.codes]


def _shaped(mapping: Mapping, columns: dict[str, Column], rows: int) -> Shaped:
    every = np.arange(rows, dtype=np.int64)
    extract = Extract(
        name=mapping.extract, files=(), headers=tuple(columns), columns=columns, rows=rows, file=np.zeros(rows, dtype=np.int64), row=every + 1, broken=(), encodings=()
    )
    return Shaped(extract=extract, mapping=mapping, source=every, columns=columns, outcomes=Outcomes(rows), heard=every)
