"""Columns as codes and words: each different text once, and for each row which one it is. What is done to texts is done once a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.identity.written import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]


def plain(text: str) -> str:
    """A code or a value for comparing: folded, without outer blanks, case ignored."""
    return fold(text).strip().casefold()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of texts: row i holds `words[codes[i]]`. An empty cell is the word ''; words are trimmed and each occurs once."""

    codes: IntArray
    words: tuple[str, ...]

    @classmethod
    def of(cls, values: pa.Array, empty: Iterable[str] = ()) -> Column:
        """Encode an Arrow column of strings; the texts in `empty` count as empty, and so does null."""
        encoded = pc.utf8_trim_whitespace(values.fill_null("")).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        nothing = [index for index, word in enumerate(words) if word in {"", *empty}]
        if nothing:
            # All ways to write nothing are one word.
            target = np.arange(len(words))
            target[nothing] = nothing[0]
            codes, words[nothing[0]] = target[codes], ""
        return cls(codes, tuple(words))

    @classmethod
    def flag(cls, values: BoolArray) -> Column:
        """A made column of `true` and `false`."""
        return cls(values.astype(np.int64), ("false", "true"))

    @classmethod
    def made(cls, values: Sequence[str]) -> Column:
        """Encode a list of texts."""
        return cls.of(pa.array(values, pa.string()))

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: IntArray) -> Column:
        """The column of these rows, in this order."""
        return Column(self.codes[rows], self.words)

    def filled(self) -> BoolArray:
        """Where a cell isn't empty."""
        full = np.array([word != "" for word in self.words], dtype=bool)
        return full[self.codes] if len(full) else np.zeros(0, dtype=bool)

    def among(self, texts: Iterable[str]) -> BoolArray:
        """Where the cell is one of these texts, ignoring blanks, width and case."""
        wanted = {plain(text) for text in texts}
        hit = np.array([plain(word) in wanted for word in self.words], dtype=bool)
        return hit[self.codes] if len(hit) else np.zeros(0, dtype=bool)

    def used(self) -> BoolArray:
        """Which words occur in a row at all."""
        present = np.zeros(len(self.words), dtype=bool)
        present[self.codes] = True
        return present

    def compact(self) -> Column:
        """The same column without the words that no row has."""
        present, codes = np.unique(self.codes, return_inverse=True)
        return (
            self
            if len(present) == len(self.words)
            else Column(codes, tuple(self.words[index] for index in present.tolist()))
        )

    def ids(self, make: Callable[[str], int]) -> IntArray:
        """For each row the integer that `make` gives its word; words that no row has are not asked, the empty one is -1."""
        used = self.used()
        table = np.full(len(self.words), -1, dtype=np.int64)
        for index, word in enumerate(self.words):
            if word and used[index]:
                table[index] = make(word)
        return table[self.codes]

    def texts(self) -> list[str]:
        """The cells in clear."""
        return [self.words[code] for code in self.codes.tolist()]


def first_filled(columns: Sequence[Column]) -> Column:
    """For each row the first of the columns that isn't empty."""
    result = columns[0]
    for column in columns[1:]:
        known = {word: index for index, word in enumerate(result.words)}
        words = list(result.words)
        target = np.empty(max(1, len(column.words)), dtype=np.int64)
        for index, word in enumerate(column.words):
            if word not in known:
                known[word] = len(words)
                words.append(word)
            target[index] = known[word]
        codes = np.where(result.filled(), result.codes, target[column.codes])
        result = Column(codes, tuple(words))
    return result


def group_numbers(columns: Sequence[Column]) -> IntArray:
    """For each row the number of its combination of cells; equal rows have equal numbers, in the order of first appearance."""
    numbers = columns[0].codes
    for column in columns[1:]:
        pairs = numbers * len(column.words) + column.codes
        _, numbers = np.unique(pairs, return_inverse=True)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]
