"""Shaping: leaving out rows by named rules, folding event rows into one, turning repeated columns into rows. Nothing is lost uncounted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from governance.ingest.columns import Column, first_filled, group_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from governance.documents.extracts import Collect, Condition, Mapping
    from governance.ingest.files import Extract

    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

PENDING, LOADED = 0, 1
"""Outcomes of a row; the others are registered as they come."""


@dataclass(slots=True)
class Outcomes:
    """What became of each row of an extract: pending, loaded, or one of the named outcomes (kind, name)."""

    rows: int
    code: IntArray = field(init=False)
    names: list[tuple[str, str]] = field(default_factory=lambda: [("pending", ""), ("loaded", "")])

    def __post_init__(self) -> None:
        self.code = np.zeros(self.rows, dtype=np.int64)

    def mark(self, rows: IntArray | BoolArray, kind: str, name: str) -> None:
        """Give the rows that are still pending this outcome: kind `dropped`, `folded` or `quarantined`, and rule or reason."""
        key = (kind, name)
        if key not in self.names:
            self.names.append(key)
        chosen = np.zeros(self.rows, dtype=bool)
        chosen[rows] = True
        self.code[chosen & (self.code == PENDING)] = self.names.index(key)

    def load(self, rows: IntArray) -> None:
        """Mark pending rows as loaded."""
        chosen = np.zeros(self.rows, dtype=bool)
        chosen[rows] = True
        self.code[chosen & (self.code == PENDING)] = LOADED

    def counts(self, kind: str) -> dict[str, int]:
        """Rows per rule or reason of a kind."""
        totals = np.bincount(self.code, minlength=len(self.names))
        return {
            name: int(totals[index])
            for index, (named, name) in enumerate(self.names)
            if named == kind and totals[index]
        }

    def pending(self) -> IntArray:
        """The rows not decided yet."""
        return np.flatnonzero(self.code == PENDING)


@dataclass(slots=True, kw_only=True)
class Shaped:
    """The rows that go on: `source` is each one's row in the extract, `columns` their cells, made columns among them.

    `heard` are the rows of the extract that may say who is who: all but those that a `where` rule left out.
    """

    extract: Extract
    mapping: Mapping
    source: IntArray
    columns: dict[str, Column]
    outcomes: Outcomes
    heard: IntArray

    def __len__(self) -> int:
        return len(self.source)

    def everyone(self) -> Shaped:
        """The rows that may say who is who, repeated and folded ones among them, with the columns of the file."""
        columns = self.extract.columns
        if len(self.heard) < self.extract.rows:
            columns = {name: column.take(self.heard) for name, column in columns.items()}
        return Shaped(
            extract=self.extract,
            mapping=self.mapping,
            source=self.heard,
            columns=columns,
            outcomes=self.outcomes,
            heard=self.heard,
        )

    def column(self, names: Sequence[str]) -> Column:
        """The first filled cell of the named columns."""
        return first_filled([self.columns[name] for name in names])


def holds(conditions: Iterable[Condition], columns: dict[str, Column], count: int) -> BoolArray:
    """Where all conditions hold."""
    result = np.ones(count, dtype=bool)
    for condition in conditions:
        column = columns[condition.column]
        if condition.empty is not None:
            result &= column.filled() != condition.empty
        elif condition.in_:
            result &= column.among(condition.in_)
        else:
            result &= ~column.among(condition.not_in)
    return result


def shape(extract: Extract, mapping: Mapping) -> Shaped:
    """Apply the extract's rules in their order: drop, fold, unpivot."""
    outcomes = Outcomes(extract.rows)
    columns = dict(extract.columns)
    heard = np.ones(extract.rows, dtype=bool)
    for drop in mapping.drop:
        alive = outcomes.pending()
        here = {name: column.take(alive) for name, column in columns.items()}
        if drop.when is None:
            hit = alive[holds(drop.where, here, len(alive))]
            heard[hit] = False
            outcomes.mark(hit, "dropped", drop.rule)
        elif len(alive):
            numbers = group_numbers([here[name] for name in (drop.of or tuple(columns))])
            outcomes.mark(alive[~_keepers(numbers, last=drop.keep == "last")], "dropped", drop.rule)
    source = outcomes.pending()
    columns = {name: column.take(source) for name, column in columns.items()}
    if mapping.fold is not None and len(source):
        source, columns = _fold(mapping, source, columns, outcomes)
    elif mapping.fold is not None:
        columns |= {name: Column.made([]) for name in mapping.fold.collect}
    if mapping.unpivot is not None:
        source, columns = _unpivot(mapping, extract.headers, source, columns, outcomes)
    return Shaped(
        extract=extract, mapping=mapping, source=source, columns=columns, outcomes=outcomes, heard=np.flatnonzero(heard)
    )


def _keepers(numbers: IntArray, *, last: bool) -> BoolArray:
    keep = np.zeros(len(numbers), dtype=bool)
    if last:
        _, first = np.unique(numbers[::-1], return_index=True)
        keep[len(numbers) - 1 - first] = True
    else:
        _, first = np.unique(numbers, return_index=True)
        keep[first] = True
    return keep


def _fold(
    mapping: Mapping, source: IntArray, columns: dict[str, Column], outcomes: Outcomes
) -> tuple[IntArray, dict[str, Column]]:
    fold = mapping.fold
    if fold is None:
        return source, columns
    keyed = columns[fold.by[0]].filled()
    outcomes.mark(source[~keyed], "quarantined", f"missing_{fold.by[0]}")
    source, columns = source[keyed], {name: column.take(np.flatnonzero(keyed)) for name, column in columns.items()}
    groups = group_numbers([columns[name] for name in fold.by])
    count = int(groups.max()) + 1 if len(groups) else 0
    anchors = np.flatnonzero(holds(fold.anchor, columns, len(source)))
    anchor = np.full(count, -1, dtype=np.int64)
    anchor[groups[anchors][::-1]] = anchors[::-1]
    outcomes.mark(source[anchor[groups] < 0], "quarantined", "no_anchor_row")
    standing = anchor[anchor >= 0]
    folded = np.ones(len(source), dtype=bool)
    folded[standing] = False
    outcomes.mark(source[folded], "folded", fold.rule)
    standing = np.sort(standing)
    kept = {name: column.take(standing) for name, column in columns.items()}
    for name, collect in fold.collect.items():
        kept[name] = _collect(collect, columns, groups, count)(groups[standing])
    return source[standing], kept


class _Collected:
    def __init__(self, column: Column) -> None:
        self._column = column

    def __call__(self, groups: IntArray) -> Column:
        return self._column.take(groups)


def _collect(collect: Collect, columns: dict[str, Column], groups: IntArray, count: int) -> _Collected:
    fitting = np.flatnonzero(holds(collect.where, columns, len(groups)))
    if collect.how in {"any", "count"}:
        counts = np.bincount(groups[fitting], minlength=count)
        return _Collected(
            Column.flag(counts > 0) if collect.how == "any" else Column.made([str(n) for n in counts.tolist()])
        )
    column = columns[collect.column or ""]
    filled = fitting[column.filled()[fitting]]
    result = [""] * count
    cells = [column.words[code] for code in column.codes[filled].tolist()]
    for group, cell in zip(groups[filled].tolist(), cells, strict=True):
        old = result[group]
        if (
            not old
            or collect.how == "last"
            or (collect.how == "min" and cell < old)
            or (collect.how == "max" and cell > old)
        ):
            result[group] = cell
        elif collect.how == "sum":
            result[group] = repr(float(old) + float(cell)) if _is_number(old) and _is_number(cell) else "not a number"
    return _Collected(Column.made(result))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unpivot(
    mapping: Mapping, headers: tuple[str, ...], source: IntArray, columns: dict[str, Column], outcomes: Outcomes
) -> tuple[IntArray, dict[str, Column]]:
    unpivot = mapping.unpivot
    if unpivot is None:
        return source, columns
    wide = unpivot.matching(headers)
    filled = {name: np.flatnonzero(columns[name].filled()) for name in wide}
    rows = np.concatenate([filled[name] for name in wide]) if wide else np.empty(0, dtype=np.int64)
    empty = np.ones(len(source), dtype=bool)
    empty[rows] = False
    outcomes.mark(source[empty], "dropped", "row_without_values")
    header = np.concatenate([np.full(len(filled[name]), index) for index, name in enumerate(wide)])
    cells = [columns[name].words[code] for name in wide for code in columns[name].codes[filled[name]].tolist()]
    order = np.argsort(rows, kind="stable")
    long = {name: column.take(rows[order]) for name, column in columns.items() if name not in wide}
    long[unpivot.header] = Column(header[order], wide)
    made = Column.made(cells)
    long[unpivot.cell] = made.take(order)
    return source[rows[order]], long
