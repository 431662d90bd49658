"""How well rows were linked: pairwise precision and recall against a truth, for an invented company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of all pairs of rows: `precision` is the share of linked pairs that are one person, `recall` of one person's pairs that are linked.

    Only rows of persons whom the company knows count for `recall`: nobody else can be linked to a record.
    """

    precision: float
    recall: float
    linked_pairs: int
    true_pairs: int
    rows: int
    linked_rows: int


def score(rows: Iterable[tuple[str | None, str]], *, outsider: str = "X") -> Score:
    """Score (linked key or None, true person) of each row; true persons that begin with `outsider` are not the company's own."""
    pairs = list(rows)
    return _score(
        pa.array([key for key, _ in pairs], pa.string()),
        pa.array([person for _, person in pairs], pa.string()),
        outsider,
    )


def score_table(links: pa.Table, truth: Path, *, outsider: str = "X") -> Score:
    """Score a table of links (source, row, hcp_key; a row that isn't there is linked to nobody) against a truth file.

    The truth has the columns source, row, true_hcp_id, one line for every row of the extracts.
    """
    told = arrow_csv.read_csv(truth, convert_options=_TYPED)
    joined = told.join(links, ["source", "row"], join_type="left outer")
    return _score(joined.column("hcp_key").combine_chunks(), joined.column("true_hcp_id").combine_chunks(), outsider)


def score_links(links: Path, truth: Path) -> Score:
    """Score a `links.csv` (source,row,hcp_key) against a truth (source,row,true_hcp_id)."""
    return score_table(arrow_csv.read_csv(links, convert_options=_TYPED), truth)


_TYPED = arrow_csv.ConvertOptions(
    column_types={"source": pa.string(), "row": pa.int64(), "hcp_key": pa.string(), "true_hcp_id": pa.string()}
)


def _score(keys: pa.Array, persons: pa.Array, outsider: str) -> Score:
    linked = keys.dictionary_encode()
    true = persons.dictionary_encode()
    key = linked.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    person = true.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    own = np.array([not name.startswith(outsider) for name in true.dictionary.to_pylist()], dtype=bool)
    has = key >= 0
    together, sizes = np.unique(key[has] * max(1, len(own)) + person[has], return_counts=True)
    right = _pairs(sizes)
    found = int(_pairs(np.bincount(key[has])).sum())
    known = int(_pairs(np.bincount(person, minlength=len(own)))[own].sum()) if len(own) else 0
    known_right = int(right[own[together % max(1, len(own))]].sum()) if len(own) else 0
    return Score(
        precision=int(right.sum()) / found if found else 1.0,
        recall=known_right / known if known else 1.0,
        linked_pairs=found,
        true_pairs=known,
        rows=len(key),
        linked_rows=int(has.sum()),
    )


def _pairs(counts: IntArray) -> IntArray:
    return counts.astype(np.int64) * (counts - 1) // 2
