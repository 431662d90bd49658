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

    IntArray = npt.NDArray[np.int64]

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


@dataclass(slots=True, kw_only=True)
class Staged:
    """One extract, staged: what is known of it as a whole, and its parts as often as they are wanted."""

    mapping: Mapping
    files: tuple[str, ...]
    headers: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()
    digests: tuple[str | None, ...] = ()
    file_rows: tuple[int, ...] = ()
    rows: int = 0
    broken: tuple[tuple[int, int], ...] = ()
    columns: tuple[str, ...] = ()
    scratch: Scratch
    _groups: list[list[tuple[int, int]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The extract's name."""
        return self.mapping.extract

    @property
    def count(self) -> int:
        """How many parts there are, at least one."""
        return max(1, len(self._groups))

    def part(self, number: int) -> Extract:
        """One part, as an extract of its own; its rows know where they stood."""
        tables = [pa.ipc.open_stream(self.scratch.read(place)).read_all() for place in (self._groups[number] if self._groups else ())]
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
            encodings=self.encodings,
        )

    def parts(self) -> Iterator[Extract]:
        """All parts."""
        return (self.part(number) for number in range(self.count))


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
        mixed = np.zeros(table.num_rows, dtype=np.uint64)
        for name in self._by:
            column: Column = column_of(table, name, self._empty)
            words = pd.util.hash_array(np.array(column.words, dtype=object))
            mixed = mixed * np.uint64(31) + words[column.codes]
        return ((mixed >> np.uint64(7)) % np.uint64(_BUCKETS)).astype(np.int64)


def _written(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def stage(sources: Sequence[Source], mapping: Mapping, schema: WarehouseSchema, scratch: Scratch, *, everything: bool = False) -> Staged:
    """Read the files of one extract once, from their first byte to their last, into parts of about PART_ROWS rows.

    Raises IngestError where a file can't be read or lacks a column that the mapping names.
    """
    buckets: _Buckets | None = None
    headers: dict[str, None] = {}
    encodings: list[str] = []
    digests: list[str | None] = []
    broken: list[tuple[int, int]] = []
    counts: list[int] = []
    for index, source in enumerate(sources):
        opened = open_source(source, mapping)
        headers |= dict.fromkeys(opened.headers)
        encodings.append(opened.encoding)
        digests.append(opened.digest)
        if buckets is None:
            buckets = _Buckets(scratch, seen_together(mapping, schema), mapping.read.empty, PART_ROWS)
        rows = 0
        for table, numbers in opened.batches(kept_columns(mapping, opened.headers, everything=everything)):
            placed = table.append_column(_FILE, pa.array(np.full(table.num_rows, index, dtype=np.int32)))
            buckets.add(placed.append_column(_ROW, pa.array(numbers.astype(np.int32))))
            rows += table.num_rows
        counts.append(rows)
        broken += [(index, row) for row in opened.broken]
    names = tuple(headers)
    return Staged(
        mapping=mapping,
        files=tuple(source.name for source in sources),
        headers=names,
        encodings=tuple(encodings),
        digests=tuple(digests),
        file_rows=tuple(counts),
        rows=sum(counts),
        broken=tuple(broken),
        columns=kept_columns(mapping, names, everything=everything),
        scratch=scratch,
        _groups=buckets.end(sum(counts)) if buckets is not None else [],
    )
