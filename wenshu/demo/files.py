"""Writing the extracts: in pieces, so that memory does not grow with the company, and with the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wenshu.demo.clock import TextArray, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

    from wenshu.demo.clock import IntArray

_PIECE = 100_000
_SPECIAL = (",", '"', "\n", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """One file to be written.

    `render` makes the columns (name to texts) of the rows whose indices it is given; `order` says which rows come in
    the file, in which order (an index twice is a duplicated row). `person` is the true person of each row index (None
    when the file carries no doctor). Fields of the columns in `free` are quoted where they need it; the others never do.
    """

    name: str
    order: IntArray
    render: Callable[[IntArray], Mapping[str, TextArray]]
    person: IntArray | None = None
    free: tuple[str, ...] = ()
    encoding: str = "utf-8"


class Truth:
    """The open truth file; each extract's rows are added to it as they are written."""

    def __init__(self, stream: IO[str], doctors: int) -> None:
        """Write the header. Persons below `doctors` are the company's own (`H…`), others outsiders (`X…`)."""
        self._stream = stream
        self._doctors = doctors
        stream.write("source,row,true_hcp_id\n")

    def add(self, source: str, persons: IntArray, first_row: int) -> None:
        """Say who is behind the rows of `source` that begin at `first_row` (1-based)."""
        known = self._doctors
        self._stream.write(
            "".join(
                f"{source},{row},{'H' if who < known else 'X'}{who:07d}\n"
                for row, who in enumerate(persons.tolist(), first_row)
            )
        )


def write_extract(folder: Path, extract: Extract, truth: Truth) -> None:
    """Write one extract and its lines of the truth."""
    path = folder / extract.name
    with path.open("w", encoding=extract.encoding, newline="") as stream:
        total = len(extract.order)
        for start in range(0, max(total, 1), _PIECE):
            rows = extract.order[start : start + _PIECE]
            columns = dict(extract.render(rows))
            if start == 0:
                stream.write(",".join(columns) + "\n")
            for name in extract.free:
                columns[name] = _quoted(columns[name])
            lines = zip(*(column.tolist() for column in columns.values()), strict=True)
            stream.writelines(",".join(line) + "\n" for line in lines)
            if extract.person is not None:
                truth.add(extract.name, extract.person[rows], start + 1)


def _quoted(column: TextArray) -> TextArray:
    return texts(
        '"' + text.replace('"', '""') + '"' if any(char in text for char in _SPECIAL) else text
        for text in column.tolist()
    )
