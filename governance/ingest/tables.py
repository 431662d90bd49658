"""From shaped rows to the warehouse's rows: every field read as its column's type; what can't load is held back with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.ingest.shaping import holds
from governance.ingest.values import ARROW, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    import numpy.typing as npt

    from governance.documents.extracts import Load, Value
    from governance.documents.warehouse import TableKind, WarehouseSchema
    from governance.identity.keys import Key
    from governance.ingest.shaping import Shaped

    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

ROW_ID_CHARACTERS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKeys:
    """The pseudonyms that one key column has in an extract's rows, and per row why there is none ('' where nothing was written)."""

    values: pa.Array
    missing: tuple[str, ...]
    why: IntArray


@dataclass(slots=True)
class Tables:
    """The tables as they fill: pieces of facts are handed on at once, registers and consents, which are looked at again, are kept.

    `hand_on(table, rows)` takes finished rows; without it they are only counted. `latest` is the last moment, not after `now`, that required
    times speak of.
    """

    schema: WarehouseSchema
    reader: Reader
    row_key: Key
    now: datetime
    hand_on: Callable[[str, pa.Table], None] | None = None
    tell: Callable[[str, pa.Table], None] | None = None
    """Hears of every piece of rows that is made, registers among them; `keep` doesn't tell."""
    latest: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, list[pa.Table]] = field(default_factory=dict)
    records: dict[str, dict[str, int]] = field(default_factory=dict)
    unresolved: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, shaped: Shaped, keys: Mapping[str, RowKeys]) -> None:
        """Add an extract's rows to its tables. A row loads whole or not at all."""
        outcomes, source = shaped.outcomes, shaped.source
        drafts: list[tuple[Load, IntArray, pa.Table]] = []
        loaded: list[IntArray] = []
        for load in shaped.mapping.load:
            rows = np.flatnonzero(holds(load.when, shaped.columns, len(shaped)))
            kind = self.schema.tables[load.table]
            drafts.append((load, rows, self._draft(shaped, load, kind, rows, keys)))
        # A row that one table can't take must not be in another either: first everything is decided, then rows load.
        whole = outcomes.code[source] == 0
        chosen: list[tuple[Load, IntArray, pa.Table]] = []
        for load, rows, draft in drafts:
            good = whole[rows]
            kind = self.schema.tables[load.table]
            chosen.append((load, *self._unique(shaped, load, kind, rows[good], draft.filter(pa.array(good)))))
        whole = outcomes.code[source] == 0
        for load, rows, draft in chosen:
            good = whole[rows]
            rows_made = draft.filter(pa.array(good))
            if self.tell is not None and rows_made.num_rows:
                self.tell(load.table, rows_made)
            self.keep(shaped.extract.name, load.table, rows_made)
            loaded.append(source[rows[good]])
        for rows in loaded:
            outcomes.load(rows)
        outcomes.mark(outcomes.pending(), "dropped", "row_for_no_table")

    # ----------------------------------------------------------------- one table

    def _draft(
        self, shaped: Shaped, load: Load, kind: TableKind, rows: IntArray, keys: Mapping[str, RowKeys]
    ) -> pa.Table:
        columns = {name: column.take(rows) for name, column in shaped.columns.items()}
        arrays: dict[str, pa.Array] = {}
        for name, column in kind.columns.items():
            value = load.fields.get(name)
            if column.type == "key":
                arrays[name] = self._key(shaped, name, rows, keys.get(name), required=column.required)
            elif value is None or value.lookup is not None:
                arrays[name] = pa.nulls(len(rows), ARROW[column.type])
            elif column.type == "id":
                arrays[name] = self._row_ids(shaped, value, rows)
            else:
                read = self.reader.read(value, column.type, columns, len(rows))
                arrays[name] = read.values
                shaped.outcomes.mark(shaped.source[rows[read.unknown]], "quarantined", f"unknown_code_{name}")
                shaped.outcomes.mark(shaped.source[rows[read.bad]], "quarantined", f"bad_{name}")
        for name, value in load.fields.items():
            if value.lookup is not None:
                arrays[name] = self._look_up(value.lookup, kind, arrays)
        for name, column in kind.columns.items():
            if column.required:
                lacking = arrays[name].is_null().to_numpy(zero_copy_only=False)
                shaped.outcomes.mark(shaped.source[rows[lacking]], "quarantined", f"missing_{name}")
        return pa.table({name: arrays[name] for name in kind.columns})

    def _key(self, shaped: Shaped, name: str, rows: IntArray, keys: RowKeys | None, *, required: bool) -> pa.Array:
        if keys is None:
            return pa.nulls(len(rows), pa.string())
        why = keys.why[rows]
        for index, reason in enumerate(keys.missing):
            if reason and required:
                shaped.outcomes.mark(shaped.source[rows[why == index]], "quarantined", reason)
            elif reason:
                self.count_unresolved(shaped.extract.name, name, int((why == index).sum()))
        return keys.values.take(pa.array(rows))

    def _row_ids(self, shaped: Shaped, value: Value, rows: IntArray) -> pa.Array:
        """Pseudonyms of the rows' own numbers: the same number in two extracts, or for two keys, has nothing in common."""
        parts = [shaped.columns[name].take(rows) for name in value.id or ()]
        key = self.row_key.derive(shaped.extract.name)
        if len(parts) == 1:
            column = parts[0].compact()
            words = [
                digest.hex()[:ROW_ID_CHARACTERS] if word else None
                for word, digest in zip(column.words, key.macs(column.words), strict=True)
            ]
            return pa.array(words, pa.string()).take(pa.array(column.codes))
        cells = zip(*(part.texts() for part in parts), strict=True)
        return pa.array(
            [key.mac(*cell).hex()[:ROW_ID_CHARACTERS] if any(cell) else None for cell in cells], pa.string()
        )

    def _look_up(self, target: str, kind: TableKind, arrays: Mapping[str, pa.Array]) -> pa.Array:
        table, column = target.split(".")
        register = self.schema.tables[table]
        key = self.schema.key_column(table, register.register_of or "") or ""
        own = next(name for name, spec in kind.columns.items() if spec.of == register.register_of)
        known = self.table(table)
        positions = pc.index_in(arrays[own], value_set=known.column(key).combine_chunks())
        return known.column(column).combine_chunks().take(positions)

    def _unique(
        self, shaped: Shaped, load: Load, kind: TableKind, rows: IntArray, draft: pa.Table
    ) -> tuple[IntArray, pa.Table]:
        """Keep one row of those that the table's `unique` columns make one: the latest where the mapping says so, else the first."""
        if not kind.unique or not draft.num_rows:
            return rows, draft
        numbers = _numbers(draft, kind.unique)
        order = np.arange(draft.num_rows)
        if load.latest is not None:
            columns = {name: column.take(rows) for name, column in shaped.columns.items()}
            when = self.reader.read(load.latest.by, "time", columns, len(rows)).values
            stamps = when.cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False)
            order = np.lexsort((-order, stamps))[::-1]
        _, first = np.unique(numbers[order], return_index=True)
        keep = np.zeros(draft.num_rows, dtype=bool)
        keep[order[first]] = True
        lost = shaped.source[rows[~keep]]
        if load.latest is not None:
            shaped.outcomes.mark(lost, "folded", load.latest.rule)
        else:
            shaped.outcomes.mark(lost, "quarantined", f"repeated_{kind.unique[0]}")
        return rows[keep], draft.filter(pa.array(keep))

    def count_unresolved(self, extract: str, column: str, count: int) -> None:
        """Count rows of an extract whose key in an optional column means nobody."""
        if count:
            counts = self.unresolved.setdefault(extract, {})
            counts[column] = counts.get(column, 0) + count

    def keep(self, extract: str, table: str, rows: pa.Table) -> None:
        """Take finished rows of an extract."""
        records = self.records.setdefault(extract, {})
        records[table] = records.get(table, 0) + rows.num_rows
        self.counts[table] = self.counts.get(table, 0) + rows.num_rows
        kind = self.schema.tables[table]
        self._note_times(kind, rows)
        if kind.register_of is not None or kind.consent:
            self.pieces.setdefault(table, []).append(rows)
        elif self.hand_on is not None and rows.num_rows:
            self.hand_on(table, rows)

    def _note_times(self, kind: TableKind, draft: pa.Table) -> None:
        for column, spec in kind.columns.items():
            if spec.type == "time" and spec.required:
                values = draft.column(column)
                past = pc.max(values.filter(pc.less_equal(values, pa.scalar(self.now, pa.timestamp("us"))))).as_py()
                if past is not None and (self.latest is None or past > self.latest):
                    self.latest = past

    def kept(self) -> Iterator[tuple[str, pa.Table]]:
        """The tables that were kept, whole."""
        return ((name, self.table(name)) for name in self.pieces)

    def table(self, name: str) -> pa.Table:
        """A register, or the consents, as far as they are filled."""
        pieces = self.pieces.get(name)
        if pieces:
            return pa.concat_tables(pieces)
        kind = self.schema.tables[name]
        return pa.table({column: pa.nulls(0, ARROW[spec.type]) for column, spec in kind.columns.items()})


def _numbers(table: pa.Table, names: tuple[str, ...]) -> IntArray:
    numbers = np.zeros(table.num_rows, dtype=np.int64)
    for name in names:
        codes = table.column(name).combine_chunks().dictionary_encode()
        indices = codes.indices.fill_null(len(codes.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
        _, numbers = np.unique(numbers * (len(codes.dictionary) + 1) + indices, return_inverse=True)
    return numbers
