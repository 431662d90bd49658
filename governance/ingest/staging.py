"""Staging: an extract of any size, cut into parts that fit in memory, such that rows that have to be seen together are in one part.

What judges rows against each other (repeated rows, events folded into one, numbers that may occur once) names columns; rows that agree in
them get the same bucket by a hash of those cells, and a part is a few buckets. Within a part rows keep the order of the file. An extract
that lists an entity, or whose rows are judged by something that stands in no cell, is one part.

The cells wait in a file without a name: nobody can open it, and when the load ends, or is killed, it is gone.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from governance.ingest.columns import Column
from governance.ingest.files import Extract, column_of, kept_columns, open_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from governance.documents.extracts import Mapping
    from governance.documents.warehouse import WarehouseSchema
    from governance.ingest.carriers import Source
    from governance.ingest.described import Described
    from governance.ingest.kept import Unit

    IntArray = npt.NDArray[np.int64]
    HashArray = npt.NDArray[np.uint64]

PART_ROWS = 100_000
"""About so many rows are in memory at a time."""
_BUCKETS = 256
_FILE, _ROW = "\0file", "\0row"
"""Where a row stood; no header can be called so, files with a NUL are not read."""


class Scratch:
    """A file without a name in `folder`, for pieces that are written once and read again. Its space is freed with the process at the latest."""

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `close`)
        self._end = 0

    def keep(self, piece: bytes | memoryview) -> tuple[int, int]:
        """Write a piece and return where it is."""
        self._file.seek(self._end)
        self._file.write(piece)
        place = self._end, len(piece)
        self._end += len(piece)
        return place

    def read(self, place: tuple[int, int]) -> bytes:
        """A piece again."""
        self._file.seek(place[0])
        return self._file.read(place[1])

    def close(self) -> None:
        """Free the space."""
        self._file.close()


def seen_together(mapping: Mapping, schema: WarehouseSchema) -> tuple[str, ...] | None:
    """The columns by which the extract can be cut: rows that agree in all of them stay together. () : any cut will do; None: there is none."""
    whole: set[str] | None = None

    def narrow(columns: Sequence[str]) -> None:
        nonlocal whole
        whole = set(columns) if whole is None else whole & set(columns)

    judged = False
    for drop in mapping.drop:
        if drop.when is not None:
            judged = True
            if drop.of:
                narrow(drop.of)
    if mapping.fold is not None:
        narrow(mapping.fold.by)
    for load in mapping.load:
        table = schema.tables[load.table]
        if table.register_of is not None:
            return None
        if table.unique:
            own = [value.id for name, value in load.fields.items() if name in table.unique and value.id]
            # Keys and values made by code lists agree where cells differ; only a row's own number shows in its cells.
            raw = set(own[0]) - mapping.made_columns() if own else set()
            if not raw:
                return None
            narrow(sorted(raw))
    if whole is None:
        # Wholly equal rows agree in any column; one with many different cells cuts best, and a key of the mapping is one.
        first = next(iter(mapping.used_columns()), None)
        return () if not judged else None if first is None else (first,)
    return tuple(sorted(whole)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One file as it was read: its name, headers, encoding, the SHA-256 of its bytes (a database's table has none), rows, and the numbers of broken ones."""

    name: str
    headers: tuple[str, ...]
    encoding: str
    digest: str | None
    rows: int
    broken: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Piece:
    """Files of an extract (numbers in its list) none of whose rows is judged against rows of other pieces: its parts, or what is kept of it."""

    files: tuple[int, ...]
    parts: range = range(0)
    unit: Unit | None = None
    described: Described | None = None
    judged: HashArray | None = None


@dataclass(slots=True, kw_only=True)
class Staged:
    """One extract, staged: what is known of it as a whole, and its parts as often as they are wanted. `rows` counts those of the parts and of what is kept."""

    mapping: Mapping
    seen: tuple[Seen, ...]
    scratch: Scratch
    pieces: list[Piece] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    _groups: list[list[tuple[int, int]]] = field(default_factory=list)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(seen.name for seen in self.seen)

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of all files."""
        return tuple(dict.fromkeys(header for seen in self.seen for header in seen.headers))

    @property
    def rows(self) -> int:
        """The rows of all files that are not broken."""
        return sum(seen.rows for seen in self.seen)

    @property
    def broken(self) -> tuple[tuple[int, int], ...]:
        """File and number of every row with too many or too few cells."""
        return tuple((file, row) for file, seen in enumerate(self.seen) for row in seen.broken)

    @property
    def name(self) -> str:
        """The extract's name."""
        return self.mapping.extract

    def part(self, number: int) -> Extract:
        """One part, as an extract of its own; its rows know where they stood."""
        tables = [pa.ipc.open_stream(self.scratch.read(place)).read_all() for place in self._groups[number]]
        whole = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
        return Extract(
            name=self.name,
            files=self.files,
            headers=self.headers,
            columns={name: column_of(whole, name, self.mapping.read.empty) for name in self.columns},
            rows=whole.num_rows,
            file=_numbers(whole, _FILE),
            row=_numbers(whole, _ROW),
            broken=(),
            encodings=(),
        )

    def parts(self) -> Iterator[Extract]:
        """All parts."""
        return (self.part(number) for number in range(len(self._groups)))

    def take(self, piece: Piece, groups: list[list[tuple[int, int]]]) -> None:
        """Make what was read of a piece its parts."""
        piece.parts = range(len(self._groups), len(self._groups) + len(groups))
        self._groups += groups


def _numbers(table: pa.Table, name: str) -> IntArray:
    if not table.num_rows:
        return np.zeros(0, dtype=np.int64)
    numbers: IntArray = table.column(name).to_numpy().astype(np.int64)
    return numbers


class _Buckets:
    """Collects rows and hands them to the scratch file, cut by bucket once there are more than one part of them."""

    def __init__(self, scratch: Scratch, by: tuple[str, ...] | None, empty: Sequence[str], most: int) -> None:
        self._scratch, self._by, self._empty, self._most = scratch, by, empty, most
        self._waiting: list[pa.Table] = []
        self._count = 0
        self._cut = False
        self.places: list[list[tuple[int, int]]] = [[] for _ in range(_BUCKETS)]

    def add(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._count += table.num_rows
        if self._count > self._most:
            self._cut = self._by is not None
            self._flush()

    def end(self, rows: int) -> list[list[tuple[int, int]]]:
        """The pieces of each part."""
        self._flush()
        if not self._cut:
            return [self.places[0]] if self.places[0] else []
        parts = min(_BUCKETS, -(-rows // self._most))
        cuts = np.linspace(0, _BUCKETS, parts + 1).astype(int).tolist()
        groups = [[place for bucket in self.places[start:end] for place in bucket] for start, end in pairwise(cuts)]
        return [group for group in groups if group]

    def _flush(self) -> None:
        if not self._count:
            return
        table = pa.concat_tables(self._waiting, promote_options="default")
        self._waiting, self._count = [], 0
        if not self._cut:
            self.places[0].append(self._scratch.keep(_written(table)))
            return
        buckets = self._bucket(table)
        order = np.argsort(buckets, kind="stable")
        ends = np.cumsum(np.bincount(buckets, minlength=_BUCKETS)).tolist()
        table = table.take(pa.array(order))
        for bucket, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if end > start:
                self.places[bucket].append(self._scratch.keep(_written(table.slice(start, end - start))))

    def _bucket(self, table: pa.Table) -> IntArray:
        if not self._by:
            return _numbers(table, _ROW) % _BUCKETS
        return ((mixed(table, self._by, self._empty) >> np.uint64(7)) % np.uint64(_BUCKETS)).astype(np.int64)


def mixed(table: pa.Table, by: Sequence[str], empty: Sequence[str]) -> HashArray:
    """One number for each row's cells in some columns; equal cells have equal numbers, in every load."""
    found = np.zeros(table.num_rows, dtype=np.uint64)
    for name in by:
        column: Column = column_of(table, name, empty)
        words = pd.util.hash_array(np.array(column.words, dtype=object))
        found = found * np.uint64(31) + words[column.codes]
    return found


def _written(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Files that were read together: what was seen of each, where their parts wait, and, where it was asked, the numbers of the cells that rows are judged by."""

    seen: tuple[Seen, ...]
    groups: list[list[tuple[int, int]]]
    judged: HashArray | None


def take_in(sources: Sequence[tuple[int, Source]], mapping: Mapping, schema: WarehouseSchema, scratch: Scratch, *, everything: bool = False, judged: bool = False) -> Taken:
    """Read some files of one extract once, from their first byte to their last, into parts of about PART_ROWS rows.

    `sources` are they, each with its number in the extract's list. Raises IngestError where a file can't be read or lacks a column that the mapping names.
    """
    by = seen_together(mapping, schema)
    buckets = _Buckets(scratch, by, mapping.read.empty, PART_ROWS)
    seen: list[Seen] = []
    hashes: list[HashArray] = []
    for index, source in sources:
        opened = open_source(source, mapping)
        rows = 0
        for table, numbers in opened.batches(kept_columns(mapping, opened.headers, everything=everything)):
            placed = table.append_column(_FILE, pa.array(np.full(table.num_rows, index, dtype=np.int32)))
            buckets.add(placed.append_column(_ROW, pa.array(numbers.astype(np.int32))))
            if judged and by:
                hashes.append(np.unique(mixed(table, by, mapping.read.empty)))
            rows += table.num_rows
        seen.append(Seen(name=source.name, headers=opened.headers, encoding=opened.encoding, digest=opened.digest, rows=rows, broken=tuple(opened.broken)))
    told = np.unique(np.concatenate([*hashes, np.zeros(0, dtype=np.uint64)])) if judged else None
    return Taken(seen=tuple(seen), groups=buckets.end(sum(item.rows for item in seen)), judged=told)


def stage(sources: Sequence[Source], mapping: Mapping, schema: WarehouseSchema, scratch: Scratch, *, everything: bool = False) -> Staged:
    """Read the files of one extract as one piece. Raises IngestError like `take_in`."""
    taken = take_in(list(enumerate(sources)), mapping, schema, scratch, everything=everything)
    staged = Staged(mapping=mapping, seen=taken.seen, scratch=scratch)
    staged.columns = kept_columns(mapping, staged.headers, everything=everything)
    piece = Piece(files=tuple(range(len(sources))))
    staged.take(piece, taken.groups or [[]])
    staged.pieces = [piece]
    return staged
