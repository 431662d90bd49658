"""Which files of an extract have to be read: those that are new or changed, and those whose rows have to be judged against theirs.

Rows are judged against each other only where they agree in the cells that the extract is cut by (`staging.seen_together`). So a file stands by itself as
long as no other file of the extract has such cells in common with it; files that have are one piece, and are read together or not at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from governance.errors import IngestError
from governance.identity.evidence import Groups
from governance.ingest.described import Described, describing
from governance.ingest.files import kept_columns
from governance.ingest.staging import Piece, Seen, Staged, seen_together, take_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from governance.documents.extracts import Mapping
    from governance.documents.warehouse import WarehouseSchema
    from governance.ingest.carriers import Source
    from governance.ingest.kept import Files, Kept, Unit
    from governance.ingest.staging import Scratch, Taken

    HashArray = npt.NDArray[np.uint64]

DESCRIBED = "described"
"""The kind of a unit's piece that holds its descriptions."""
JUDGED = "judged"
"""The kind of a unit's piece that holds the numbers of the cells by which rows are judged."""


def can_be_kept(sources: Sequence[Source], mapping: Mapping, schema: WarehouseSchema) -> bool:
    """Whether files of the extract can be known from load to load: facts in files, about whom and what is said by cells of the file."""
    if any(schema.tables[load.table].register_of is not None for load in mapping.load):
        return False
    return all(isinstance(source, Path) for source in sources) and not set(describing(mapping)) & mapping.made_columns()


@dataclass(slots=True)
class _Candidate:
    """Some files of an extract: kept, or read, or neither yet."""

    files: tuple[int, ...]
    unit: Unit | None = None
    taken: Taken | None = None

    def judged(self) -> HashArray | None:
        if self.taken is not None:
            return self.taken.judged
        told = self.unit.piece(JUDGED) if self.unit is not None else None
        return None if told is None else told.column(JUDGED).to_numpy()


def stage_pieces(sources: Sequence[Path], mapping: Mapping, schema: WarehouseSchema, scratch: Scratch, kept: Kept) -> Staged:
    """Stage an extract, reading no file that the load before knew and that stands by itself. Raises IngestError like `staging.take_in`."""
    digests = [_digest(source) for source in sources]
    by = seen_together(mapping, schema)
    names = {source.name: number for number, source in enumerate(sources)}
    groups = [tuple(range(len(sources)))] if by is None else _groups(names, kept.groups(mapping.extract))
    todo = [_Candidate(files, kept.find(mapping.extract, files_of(sources, digests, files))) for files in groups]
    judged = bool(by) and len(sources) > 1
    if judged:
        # What was kept when there was one file doesn't say whether another has rows to judge against.
        todo = [item if item.unit is None or item.unit.meta["judged"] else _Candidate(item.files) for item in todo]
    while True:
        for item in todo:
            if item.unit is None and item.taken is None:
                item.taken = take_in([(number, sources[number]) for number in item.files], mapping, schema, scratch, judged=judged)
        joined = _joined(todo) if judged else [[item] for item in todo]
        if len(joined) == len(todo):
            break
        todo = [same[0] if len(same) == 1 else _Candidate(tuple(sorted(number for item in same for number in item.files))) for same in joined]
    return _staged(todo, mapping, scratch)


def read_again(piece: Piece, sources: Sequence[Source], staged: Staged, schema: WarehouseSchema) -> None:
    """Stage a piece of which the unit no longer says what its rows become. Raises IngestError, also where a file is another by now."""
    taken = take_in([(number, sources[number]) for number in piece.files], staged.mapping, schema, staged.scratch)
    for number, seen in zip(piece.files, taken.seen, strict=True):
        if seen.digest != staged.seen[number].digest:
            raise changed(seen.name)
    staged.take(piece, taken.groups)
    piece.unit = None


def changed(name: str) -> IngestError:
    """The error for a file that was written to while it was read."""
    return IngestError(f"{name} was changed while it was loaded; wait until its export has ended and load again; nothing was loaded")


def files_of(sources: Sequence[Path], digests: Sequence[str], files: Iterable[int]) -> Files:
    """Names and contents of some of the files."""
    return tuple((sources[number].name, digests[number]) for number in files)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise IngestError(f"{path.name} can't be read: {error.strerror}") from error


def _groups(names: dict[str, int], before: Iterable[Sequence[str]]) -> list[tuple[int, ...]]:
    """The files that are there, those of one piece before together, all others alone; in the order of their first files."""
    found: list[tuple[int, ...]] = []
    for group in before:
        here = tuple(sorted(names[name] for name in group if name in names))
        if here:
            found.append(here)
    alone = set(names.values()) - {number for group in found for number in group}
    return sorted([*found, *((number,) for number in alone)])


def _joined(items: Sequence[_Candidate]) -> list[list[_Candidate]]:
    """The candidates, those with cells in common together."""
    groups = Groups(len(items))
    nothing: HashArray = np.zeros(0, dtype=np.uint64)
    cells = [nothing if (found := item.judged()) is None else found for item in items]
    every = np.concatenate(cells)
    owner = np.repeat(np.arange(len(items)), [len(found) for found in cells])
    order = np.argsort(every, kind="stable")
    same = np.flatnonzero(every[order][1:] == every[order][:-1])
    for one, other in {(int(owner[order[at]]), int(owner[order[at + 1]])) for at in same.tolist()}:
        groups.union(one, other)
    together: dict[int, list[_Candidate]] = {}
    for number, item in enumerate(items):
        together.setdefault(groups.find(number), []).append(item)
    return list(together.values())


def _staged(items: Sequence[_Candidate], mapping: Mapping, scratch: Scratch) -> Staged:
    seen: dict[int, Seen] = {}
    for item in items:
        told = item.taken.seen if item.taken is not None else [_seen(file) for file in (item.unit.meta["files"] if item.unit is not None else ())]
        seen |= zip(item.files, told, strict=True)
    staged = Staged(mapping=mapping, seen=tuple(seen[number] for number in sorted(seen)), scratch=scratch)
    staged.columns = kept_columns(mapping, staged.headers)
    for item in items:
        piece = Piece(files=item.files, unit=item.unit)
        if item.unit is not None:
            piece.described = Described.of(described_in(item.unit), mapping)
        if item.taken is not None:
            staged.take(piece, item.taken.groups)
            piece.described = Described(describing(mapping))
            piece.judged = item.taken.judged
        staged.pieces.append(piece)
    return staged


def described_in(unit: Unit) -> pa.Table:
    """The descriptions that a unit keeps. Raises KeyError where it has none."""
    found = unit.piece(DESCRIBED)
    if found is None:
        raise KeyError(DESCRIBED)
    return found


def _seen(file: dict[str, object]) -> Seen:
    lists = {name: tuple(value) for name, value in file.items() if isinstance(value, list)}
    return Seen(**(file | lists))  # type: ignore[arg-type]
