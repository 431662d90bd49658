"""Filling tables from what was kept: a file that is what it was is not read where everything that its rows become is what it was, too.

What rows become depends on the file, on documents, keys and code (a unit of anything else isn't found, `kept`), on who and what their descriptions turn out
to mean in this load, on the registers that they look things up in, and, for free text, on the names that the load knows. The last three are asked
again here, for the different descriptions alone; where one answer is another than before, the file is read.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from governance.ingest.accounts import Tally
from governance.ingest.pieces import DESCRIBED, JUDGED, read_again
from governance.ingest.shaping import shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from governance.documents.extracts import Mapping, Value
    from governance.documents.warehouse import WarehouseSchema
    from governance.ingest.carriers import Source
    from governance.ingest.files import Extract
    from governance.ingest.kept import Draft, Files, Kept
    from governance.ingest.masking import Masker
    from governance.ingest.resolving import Resolver
    from governance.ingest.shaping import Shaped
    from governance.ingest.staging import Piece, Staged
    from governance.ingest.tables import Tables

_ROWS, _HELD, _ANSWERS, _PLACES = "rows", "held", "answers", "places"


class Keeping:
    """Fills pieces from their units, and makes units of pieces that are filled."""

    def __init__(self, kept: Kept, resolver: Resolver, tables: Tables, masker: Masker, schema: WarehouseSchema) -> None:
        self._kept, self._resolver, self._tables, self._masker, self._schema = kept, resolver, tables, masker, schema
        self.again: dict[str, list[str]] = {}
        """Per extract the files that were not read."""

    def fill(self, staged: Staged, piece: Piece, tally: Tally, links_of: str | None) -> bool:
        """Fill from the piece's unit, or return False where its rows would become something else now."""
        unit = piece.unit
        if unit is None or piece.described is None or unit.meta["rests_on"] != self._rests_on(staged.mapping):
            return False
        if unit.piece(_ANSWERS) != self._answers(staged, piece):
            return False
        name = staged.name
        for table, rows in unit.pieces(_ROWS):
            self._tables.keep(name, table, rows)
        for load in staged.mapping.load:
            self._tables.records.setdefault(name, {}).setdefault(load.table, 0)
        for column, count in unit.meta["unresolved"].items():
            self._tables.count_unresolved(name, column, count)
        tally.counts |= {(kind, reason): tally.counts.get((kind, reason), 0) + count for kind, reason, count in unit.meta["counts"]}
        for reason, held in unit.pieces(_HELD):
            tally.add_held(reason, _in_list(held, piece))
        if links_of is not None:
            keys, alone = self._resolver.person_keys(links_of, piece.described.shaped(staged.mapping), self._resolver.whole(piece))
            for _, places in unit.pieces(_PLACES):
                numbers = places.column("description")
                where = _in_list(places, piece)
                tally.add_places(staged.files, where[:, 0], where[:, 1], keys.take(numbers.combine_chunks()), alone.take(numbers.combine_chunks()))
        self._kept.use(name, _files(staged, piece))
        self.again.setdefault(name, []).extend(staged.files[number] for number in piece.files)
        return True

    def read(self, staged: Staged, piece: Piece, sources: Sequence[Source]) -> Iterator[tuple[int, Extract, Shaped]]:
        """The parts of a piece, shaped; a piece that has a unit is read first. Raises IngestError."""
        if piece.unit is not None and piece.described is not None:
            read_again(piece, sources, staged, self._schema)
            for number in piece.parts:
                self._resolver.describe(staged.name, number, piece.described.find(shape(staged.part(number), staged.mapping).everyone()))
            for entity in self._resolver.persons:
                self._resolver.told(entity, staged.name, piece)
        for number in piece.parts:
            part = staged.part(number)
            yield number, part, shape(part, staged.mapping)

    def begin(self, staged: Staged, piece: Piece) -> Keeper:
        """Begin to keep a piece that is filled from its parts."""
        before = dict(self._tables.unresolved.get(staged.name, {}))
        draft = self._kept.draft(staged.name, _files(staged, piece))
        return Keeper(draft, staged, piece, self._tables, self._resolver, before)

    def end(self, keeper: Keeper, tally: Tally) -> None:
        """End the unit: what became of the rows is in `tally`."""
        staged, piece = keeper.staged, keeper.piece
        if piece.described is None:
            return
        keeper.draft.add(DESCRIBED, "", piece.described.table())
        keeper.draft.add(_ANSWERS, "", self._answers(staged, piece))
        if piece.judged is not None:
            keeper.draft.add(JUDGED, "", pa.table({JUDGED: pa.array(piece.judged)}))
        for reason, held in tally.held_by_reason():
            keeper.draft.add(_HELD, reason, _in_piece(held[:, 0], held[:, 1], piece))
        unresolved = {column: count - keeper.before.get(column, 0) for column, count in self._tables.unresolved.get(staged.name, {}).items()}
        keeper.draft.end(
            {
                "files": [asdict(staged.seen[number]) for number in piece.files],
                "judged": piece.judged is not None,
                "counts": [[kind, reason, count] for (kind, reason), count in tally.counts.items()],
                "unresolved": {column: count for column, count in unresolved.items() if count},
                "rests_on": self._rests_on(staged.mapping),
            }
        )

    def _answers(self, staged: Staged, piece: Piece) -> pa.Table | None:
        """Whom and what each description means in this load, and why nobody where it means nobody."""
        if piece.described is None:
            return None
        shaped = piece.described.shaped(staged.mapping)
        told: dict[str, pa.Array] = {"": pa.array(np.arange(len(shaped)))}
        for column in staged.mapping.keys:
            found = self._resolver.row_keys(shaped, self._resolver.whole(piece), column, self._tables)
            if found is not None:
                values = found.values.combine_chunks() if isinstance(found.values, pa.ChunkedArray) else found.values
                told |= {column: values, f"why not {column}": pa.array(found.missing, pa.string()).take(pa.array(found.why))}
        return pa.table(told)

    def _rests_on(self, mapping: Mapping) -> list[str]:
        """Digests of what else rows of the extract are made from: the registers that they look things up in, the names that free text is masked by."""
        values: list[Value] = [value for load in mapping.load for value in load.fields.values()]
        told = [f"{target} {_content(self._tables, self._schema, target)}" for target in sorted({value.lookup for value in values if value.lookup is not None})]
        return [*told, *([self._masker.state()] if any(value.masked for value in values) else [])]


class Keeper:
    """Keeps one piece while it is filled."""

    def __init__(self, draft: Draft, staged: Staged, piece: Piece, tables: Tables, resolver: Resolver, before: dict[str, int]) -> None:
        self.draft, self.staged, self.piece, self.before = draft, staged, piece, before
        self._resolver = resolver
        tables.tell = lambda table, rows: draft.add(_ROWS, table, rows)

    def part(self, number: int, part: Extract, shaped: Shaped) -> None:
        """Keep which description each row of a part has."""
        rows = _in_piece(part.file[shaped.heard], part.row[shaped.heard], self.piece)
        numbers = self._resolver.descriptions(self.staged.name, number)
        self.draft.add(_PLACES, "", rows.append_column("description", pa.array(numbers)))


def _files(staged: Staged, piece: Piece) -> Files:
    return tuple((staged.files[number], staged.seen[number].digest or "") for number in piece.files)


def _in_piece(file: Any, row: Any, piece: Piece) -> pa.Table:
    """Places of rows by the file's number in the piece."""
    numbers = np.searchsorted(np.array(piece.files), np.asarray(file))
    return pa.table({"file": pa.array(numbers.astype(np.int32)), "row": pa.array(np.asarray(row).astype(np.int32))})


def _in_list(places: pa.Table, piece: Piece) -> Any:
    """The same by the file's number in the extract's list, as it is now: (file, row) pairs."""
    files = np.array(piece.files, dtype=np.int32)[places.column("file").to_numpy()]
    return np.stack([files, places.column("row").to_numpy()], axis=1)


def _content(tables: Tables, schema: WarehouseSchema, target: str) -> str:
    """A digest of one column of a register, by its key."""
    table, column = target.split(".")
    key = schema.key_column(table, schema.tables[table].register_of or "") or column
    hashed = hashlib.sha256()
    for name in (key, column):
        for value in tables.table(table).column(name).cast(pa.string()).to_pylist():
            hashed.update(repr(value).encode() + b"\0")
    return hashed.hexdigest()

