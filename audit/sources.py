"""Where verification reads from: a ledger's database, or the folder of an export."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from audit.canonical import text
from audit.causes import unavailable
from audit.errors import AuditUnavailable, InvalidNote
from audit.events import Facets
from audit.merkle import HASH_LENGTH, root
from audit.notes import Checkpoint
from audit.place import Reads
from audit.reading import read_node
from audit.rows import USUAL, Row
from audit.schema import QUOTED, STATEMENTS

Sound = TypeVar("Sound")


class Stored(NamedTuple):
    """A line where it stands, with the leaf hash stored beside it (None where none is stored)."""

    place: int
    leaf: bytes | None
    body: bytes


class Source(Protocol):
    """What is checked. Methods raise `sqlite3.Error` or `OSError` if reading fails."""

    def defects(self) -> list[str]:
        """What is wrong with the form of the whole, in words; empty if nothing."""

    def flaws(self) -> list[str]:
        """What is wrong with the inner structure, as the store itself sees it."""

    def head(self) -> str | None:
        """The newest signed checkpoint."""

    def kept(self) -> Iterator[tuple[int, str]]:
        """Older signed checkpoints with the size under which each is filed."""

    def entries(self) -> Iterator[Stored]:
        """The lines in order of their places."""

    def leaf(self, place: int) -> bytes | None:
        """The leaf hash stored for a place, if any."""

    def nodes(self) -> Iterator[bytes] | None:
        """Stored interior nodes in order of completion; None if this source stores none."""

    def facets(self) -> Iterator[Facets] | None:
        """The search index in order; None if this source has none."""

    @property
    def trails(self) -> bool:
        """Whether the search index may lack the newest entries (`audit.trailing`)."""


class DatabaseSource:
    """A ledger's SQLite file, read in one snapshot that the caller has begun (`stored`)."""

    trails = True

    def __init__(self, connection: Reads) -> None:
        """Read over `connection`."""
        self._connection = connection

    def defects(self) -> list[str]:
        found = {
            sql: name
            for name, sql in self._connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        }
        missing = [statement.split("(")[0].split(" BEFORE")[0] for statement in STATEMENTS if statement not in found]
        extra = [name for sql, name in found.items() if sql not in STATEMENTS]
        defects = [f"missing or altered: {what.strip()}" for what in missing]
        defects += [f"unexpected: {name}" for name in extra]
        if not missing:
            for size, note in self._connection.execute("SELECT size, note FROM head"):
                if _sound(note, str).split("\n")[1:2] != [str(size)]:
                    defects.append("the head is filed under another size than it says")
        return defects

    def flaws(self) -> list[str]:
        # Also finds rows that a lookup by day or request would miss, since an index of theirs was edited.
        found = self._connection.execute("PRAGMA integrity_check(3)").fetchall()
        return [] if found == [("ok",)] else [str(message) for (message,) in found]

    def head(self) -> str | None:
        row = self._connection.execute("SELECT note FROM head").fetchone()
        return None if row is None else str(row[0])

    def kept(self) -> Iterator[tuple[int, str]]:
        for size, note in self._connection.execute("SELECT size, note FROM checkpoint ORDER BY size"):
            yield _sound(size, int), _sound(note, str)

    def entries(self) -> Iterator[Stored]:
        rows = self._connection.execute("SELECT idx, leaf, CAST(body AS BLOB) FROM entry ORDER BY idx")
        for place, leaf, body in rows:
            yield Stored(_sound(place, int), _sound(leaf, bytes), _sound(body, bytes))

    def leaf(self, place: int) -> bytes | None:
        row = self._connection.execute("SELECT leaf FROM entry WHERE idx = ?", (place,)).fetchone()
        return None if row is None else _sound(row[0], bytes)

    def nodes(self) -> Iterator[bytes]:
        rows = self._connection.execute("SELECT id, hash FROM node ORDER BY id")
        for expected, (number, found) in enumerate(rows):
            yield found if number == expected else b""  # a node under another number is as good as none

    def facets(self) -> Iterator[Facets]:
        for row in self._connection.execute(f"SELECT {QUOTED} FROM event_index ORDER BY idx"):  # noqa: S608
            _sound(row[0], int)
            yield Facets._make(row)

    def indexed(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(idx) + 1, 0) FROM event_index").fetchone()[0])

    def counts(self) -> tuple[int, int, int]:
        row = self._connection.execute(
            "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM event_index), (SELECT count(*) FROM node)"
        ).fetchone()
        return row[0], row[1], row[2]

    def chunk(self, start: int, stop: int) -> Sequence[tuple[Any, ...]]:
        connection = cast("sqlite3.Connection", self._connection)
        connection.text_factory = bytes
        try:
            return connection.execute(CHUNK_STATEMENT, (start, stop)).fetchall()
        finally:
            connection.text_factory = str

    def hashes(self, what: str, start: int, stop: int) -> tuple[int, bytes]:
        count, found = self._connection.execute(HASH_STATEMENTS[what], (start, stop)).fetchone()
        return count or 0, found or b""

    def columns(self, number: int) -> dict[str, Any]:
        row = self._connection.execute(f"SELECT {QUOTED} FROM event_index WHERE idx = ?", (number,)).fetchone()  # noqa: S608
        return {} if row is None else dict(zip(Facets._fields, row, strict=True))

    def line(self, number: int) -> bytes:
        row = self._connection.execute("SELECT CAST(body AS BLOB) FROM entry WHERE idx = ?", (number,)).fetchone()
        return b"" if row is None else bytes(row[0])

    def node(self, level: int, position: int) -> bytes:
        return read_node(self._connection, level, position)


class ServerSource(DatabaseSource):
    """A ledger on a PostgreSQL server, likewise."""

    trails = False

    def defects(self) -> list[str]:
        from audit.postgres.schema import defects

        found = defects(self._connection)
        if not any("column" in defect for defect in found):
            for size, note in self._connection.execute("SELECT size, note FROM heads ORDER BY size DESC LIMIT 1"):
                if _sound(note, str).split("\n")[1:2] != [str(size)]:
                    found.append("the head is filed under another size than it says")
        return found

    def flaws(self) -> list[str]:
        return []  # the server's files are behind the server

    def chunk(self, start: int, stop: int) -> Sequence[tuple[Any, ...]]:
        found = []
        for number, body, event_id, time, request, question, session, *usual in self._connection.execute(
            SERVER_CHUNK, (start, stop)
        ).fetchall():
            if event_id is None:
                found.append(Row(bytes(body), b"", None, b"", b"", b"", b""))
                continue
            place, texts = (
                f'{event_id}","index":{number}'.encode(),
                (text(value).encode() for value in (request, question, session)),
            )
            found.append(Row(bytes(body), tuple(usual), place, time.encode(), *texts))
        return found

    def hashes(self, what: str, start: int, stop: int) -> tuple[int, bytes]:
        rows = self._connection.execute(SERVER_HASHES[what], (start, stop)).fetchall()
        return sum(len(found) == HASH_LENGTH for (found,) in rows), b"".join(bytes(found) for (found,) in rows)


_JOINED = "FROM entry e LEFT JOIN event_index i ON i.idx = e.idx WHERE e.idx >= ? AND e.idx < ? ORDER BY e.idx"
_USUAL = ", ".join(f'i."{name}"' for name in USUAL)
CHUNK_STATEMENT = (
    f'SELECT e.body, json_array({_USUAL}), i.id || \'","index":\' || e.idx, i.time,'
    f" json_quote(i.request), json_quote(i.question), json_quote(i.session) {_JOINED}"
)
SERVER_CHUNK = f"SELECT e.idx, e.body, i.id, i.time, i.request, i.question, i.session, {_USUAL} {_JOINED}"
# One value for all of them: two hashes whose border was moved are found by their length.
HASH_STATEMENTS = {
    what: (
        f"SELECT sum(length({name}) = {HASH_LENGTH}), CAST(group_concat({name}, '') AS BLOB) FROM"  # noqa: S608
        f" (SELECT {name} FROM {what} WHERE {key} >= ? AND {key} < ? ORDER BY {key})"
    )
    for what, name, key in (("entry", "leaf", "idx"), ("node", "hash", "id"))
}
SERVER_HASHES = {
    what: f"SELECT {name} FROM {what} WHERE {key} >= ? AND {key} < ? ORDER BY {key}"  # noqa: S608
    for what, name, key in (("entry", "leaf", "idx"), ("node", "hash", "id"))
}


class ExportSource:
    """The folder that `wenshu audit export` writes: `events.jsonl`, `checkpoint` and, to name a bad line, `leaves`."""

    trails = False

    def __init__(self, folder: Path) -> None:
        """Read the folder; raises `AuditUnavailable` if one of its files can't be read."""
        self._lines = folder / "events.jsonl"
        if not self._lines.is_file():
            raise AuditUnavailable("missing", "the folder holds no events.jsonl; name the folder of an export")
        try:
            note = folder / "checkpoint"
            self._note = note.read_text(encoding="utf-8") if note.exists() else None
            self._leaves, self._defects = self._read_leaves(folder / "leaves")
        except UnicodeDecodeError:
            self._note, self._leaves, self._defects = None, [], ["the checkpoint is not text"]
        except OSError as error:
            raise unavailable(error) from error

    def _read_leaves(self, path: Path) -> tuple[list[bytes], list[str]]:
        """The leaf hashes beside the lines, if they hash to the checkpoint: then they tell which line is wrong."""
        if not path.exists() or self._note is None:
            return [], []
        try:
            leaves = [bytes.fromhex(line) for line in path.read_text(encoding="ascii").split()]
            head = Checkpoint.parse(self._note.rpartition("\n\n")[0] + "\n")
        except (ValueError, InvalidNote):
            return [], ["the file of leaf hashes or the checkpoint is malformed"]
        if any(len(leaf) != HASH_LENGTH for leaf in leaves) or root(leaves) != head.root:
            return [], ["the file of leaf hashes does not hash to the checkpoint"]
        return leaves, []

    def defects(self) -> list[str]:
        return self._defects

    def flaws(self) -> list[str]:
        return []

    def head(self) -> str | None:
        return self._note

    def kept(self) -> Iterator[tuple[int, str]]:
        return iter(())

    def entries(self) -> Iterator[Stored]:
        with self._lines.open("rb") as file:
            for place, line in enumerate(file):
                yield Stored(place, self.leaf(place), line.removesuffix(b"\n"))

    def raw(self) -> Iterator[bytes]:
        """The lines without their ends."""
        with self._lines.open("rb") as file:
            for line in file:
                yield line.removesuffix(b"\n")

    def stored_leaves(self) -> Sequence[bytes]:
        """The leaf hashes kept beside the lines; empty where there are none that hash to the checkpoint."""
        return self._leaves

    def leaf(self, place: int) -> bytes | None:
        return self._leaves[place] if 0 <= place < len(self._leaves) else None

    def nodes(self) -> None:
        return None

    def facets(self) -> None:
        return None


def _sound(value: object, kind: type[Sound]) -> Sound:
    """`value`, which a whole database can only hold as `kind`; raises `sqlite3.DatabaseError` if it is anything else."""
    if not isinstance(value, kind):
        raise sqlite3.DatabaseError("a value has another type than its column")
    return value
