"""The quick pass of verification: is everything as it should be? If not, `audit.walk` finds out what is not.

A chunk of entries at a time, each held against its leaf hash, the stored nodes of the tree, and its row of the search index. No JSON
is read: the stored bytes are what was hashed, and head and tail of a line follow from its index row (`audit.frame`). Ranges are
independent of each other (each starts from stored nodes that the range before it checks), so large ledgers are shared out to
several processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from audit import frame
from audit.errors import AuditError, InvalidEvent
from audit.events import INTENT, MINUTE, OUTCOME, Facets, facets_of, local_day
from audit.merkle import CompactRange, interior_count, leaf_hash
from audit.records import RECORD, read_record

CHUNK = 4096
"""Entries read at once."""

SHARE = 65_536
"""Entries for which another process is worth its start."""

PRUNED_START, PRUNED_LENGTH = b'{"pruned":"', 77

CHUNK_COLUMNS = (
    "id", "time", "day", "type", "request", "question", "session", "surface",
    "actor", "case", "classes", "code", "decision", "department", "metrics", "outcome", "purpose", "role", "rule",
)  # fmt: skip
"""Columns of the search index in the order in which a chunk gives them, after number, leaf and body."""

Chunk = Sequence[tuple[Any, ...]]


@runtime_checkable
class Chunks(Protocol):
    """A store that can be read in chunks."""

    def counts(self) -> tuple[int, int, int]:
        """How many entries, index rows and nodes there are."""

    def chunk(self, start: int, stop: int) -> Chunk:
        """Number, leaf, body and `CHUNK_COLUMNS` of the entries from `start` up to `stop`; nulls where the index has no row."""

    def node_hashes(self, start: int, stop: int) -> list[bytes]:
        """The stored interior nodes numbered from `start` up to `stop`."""

    def node(self, level: int, position: int) -> bytes:
        """One stored node; level 0 is a leaf."""


class Moment(NamedTuple):
    """What findings are made of: an entry's number, id, request and time."""

    number: int
    id: str
    request: str | None
    time: str


class Differs(AuditError):
    """Something is not as it should be; which is for the walk to find out."""


@dataclass(slots=True)
class Seen:
    """What a range of entries holds, if nothing in it differs."""

    start: int
    stop: int
    first_time: str = ""
    last_time: str = ""
    set_back: list[Moment] = field(default_factory=list)
    intents: dict[str, Moment] = field(default_factory=dict)
    """Intents whose outcome did not come within the range."""
    outcomes: list[tuple[Moment, bool]] = field(default_factory=list)
    """Outcomes whose intent did not stand before them in the range; whether each is an answer."""
    pruned: list[int] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """What records of pruning name."""

    def join(self, later: Seen, unexplained: list[Moment]) -> Seen:
        """Both ranges as one; answers without an intent go to `unexplained` if this range begins the ledger."""
        back = [*self.set_back, *later.set_back]
        if later.first_time and later.first_time < self.last_time:
            back.append(Moment(later.start, "", None, later.first_time))
        intents = dict(self.intents)
        for moment, answered in later.outcomes:
            if intents.pop(moment.request or "", None) is None and answered:
                unexplained.append(moment)
        return Seen(
            self.start,
            later.stop,
            self.first_time or later.first_time,
            later.last_time or self.last_time,
            back,
            intents | later.intents,
            self.outcomes,
            [*self.pruned, *later.pruned],
            [*self.ranges, *later.ranges],
        )


def look(source: Chunks, zone: ZoneInfo, start: int, stop: int) -> Seen:
    """Check the entries from `start` up to `stop`; raises `Differs` if anything in them is not as it should be."""
    seen = Seen(start, stop)
    tree = CompactRange.read(start, source.node)
    for first in range(start, stop, CHUNK):
        last = min(first + CHUNK, stop)
        rows = source.chunk(first, last)
        if [row[0] for row in rows] != list(range(first, last)):
            raise Differs("numbers are not contiguous")
        leaves = [
            sha256(b"\x00" + row[2]).digest() for row in rows
        ]  # `leaf_hash`, spelt out: a call would cost a third
        if leaves != [row[1] for row in rows]:
            leaves = [own_hash(row[2]) for row in rows]
            if leaves != [row[1] for row in rows]:
                raise Differs("a leaf differs")
        if tree.extend(leaves) != source.node_hashes(interior_count(first), interior_count(last)):
            raise Differs("a node differs")
        try:
            _frames(rows, zone, seen)
        except (ValueError, TypeError, AttributeError) as error:
            raise Differs("a column of the index holds something that no line has") from error
        _follow(rows, seen)
    return seen


def own_hash(body: bytes) -> bytes:
    """The leaf hash of a stored line, or the one that a pruned line stands for."""
    if body.startswith(PRUNED_START) and len(body) == PRUNED_LENGTH:
        try:
            return bytes.fromhex(body[len(PRUNED_START) : -2].decode("ascii"))
        except ValueError:
            return leaf_hash(body)
    return leaf_hash(body)


def _frames(rows: Chunk, zone: ZoneInfo, seen: Seen) -> None:
    """Hold each row of the index against its line."""
    head, asked, ruled, member, days = frame.head, frame.asked, frame.ruled, frame.member, {}
    for row in rows:
        number, _, body, event_id, time, day, kind, request, question, session, surface = row[:11]
        if event_id is None:
            if own_hash(body) != leaf_hash(body):
                seen.pruned.append(number)
                continue
            raise Differs("the index lacks a row")
        minute = time[:MINUTE]
        if minute not in days:
            days[minute] = local_day(minute, zone)
        tail = (
            f',"id":"{event_id}","index":{number}{asked(row[17:20])}'
            f'{"" if question is None else member("question", question)},"request":'
            f"{'null' if request is None else quoted(request)}{ruled(row[20:22])}"
            f"{'' if session is None else member('session', session)}{'' if surface is None else member('surface', surface)}"
            f',"time":"{time}","type":"{kind}","v":2}}'
        )
        same = body.endswith(tail.encode()) and body.startswith(head(row[11:17])) and days[minute] == day
        if not same and not _same_slowly(row, zone):
            raise Differs("the index says otherwise than a line")


def _same_slowly(row: tuple[Any, ...], zone: ZoneInfo) -> bool:
    """The same for a line of version 1, whose searchable members stand in its detail."""
    try:
        body = json.loads(row[2])
        if not isinstance(body, dict) or body.get("v") != 1:
            return False
        facets = facets_of(body, zone)
    except (ValueError, InvalidEvent):
        return False
    named = dict(zip(CHUNK_COLUMNS, row[3:], strict=True)) | {"number": row[0]}
    return facets == Facets(**named)


def _follow(rows: Chunk, seen: Seen) -> None:
    """Intents and their outcomes, and whether the clock only went forward."""
    intents, previous = seen.intents, seen.last_time
    for row in rows:
        event_id, time, kind, request = row[3], row[4], row[6], row[7]
        if event_id is None:
            continue
        if time < previous:
            seen.set_back.append(Moment(row[0], event_id, request, time))
        previous = time
        if kind == RECORD:
            seen.ranges += read_record(json.loads(row[2]))
        if request is None:
            continue
        if kind == INTENT:
            intents[request] = Moment(row[0], event_id, request, time)
        elif kind == OUTCOME and intents.pop(request, None) is None:
            seen.outcomes.append((Moment(row[0], event_id, request, time), row[18] == "answered"))
    if rows:
        seen.first_time = seen.first_time or str(rows[0][4] or "")
        seen.last_time = previous


def look_at_all(
    source: Chunks, zone: ZoneInfo, size: int, path: Path | None, processes: int
) -> tuple[Seen, list[Moment]]:
    """Check all `size` entries and join what was seen; raises `Differs`. With a `path`, helped by up to `processes` in all.

    The second value are the answers without an intent before them.
    """
    shares = min(processes, size // SHARE)
    alone = path is None or shares < 2
    parts = [look(source, zone, 0, size)] if alone or path is None else _shared(source, zone, size, path, shares)
    unexplained: list[Moment] = []
    whole = Seen(0, 0)
    for part in parts:
        whole = whole.join(part, unexplained)
    return whole, unexplained


def _shared(source: Chunks, zone: ZoneInfo, size: int, path: Path, shares: int) -> Iterator[Seen]:
    """Ranges looked at by this process (the first) and by others (the rest), in order."""
    step = -(-size // shares // CHUNK) * CHUNK
    ranges = [(start, min(start + step, size)) for start in range(0, size, step)]
    with ThreadPoolExecutor(len(ranges)) as threads:
        others = [threads.submit(_elsewhere, path, zone.key, *part) for part in ranges[1:]]
        yield look(source, zone, *ranges[0])
        for other, part in zip(others, ranges[1:], strict=True):
            found = other.result()
            yield look(source, zone, *part) if found is None else found


def _elsewhere(path: Path, zone: str, start: int, stop: int) -> Seen | None:
    """What a process of its own sees; None if there can be none, so that this one looks itself."""
    task = json.dumps({"path": str(path.absolute()), "zone": zone, "start": start, "stop": stop})
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from audit.bulk import work; work()"],
            input=task, capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError):
        return None
    if answer is None:
        return None
    if "differs" in answer:
        raise Differs(answer["differs"])
    return Seen(
        start=answer["start"],
        stop=answer["stop"],
        first_time=answer["first_time"],
        last_time=answer["last_time"],
        set_back=[Moment(*item) for item in answer["set_back"]],
        intents={request: Moment(*item) for request, item in answer["intents"].items()},
        outcomes=[(Moment(*item), answered) for item, answered in answer["outcomes"]],
        pruned=answer["pruned"],
        ranges=[(first, last) for first, last in answer["ranges"]],
    )


def work() -> None:
    """The other process: a task in JSON on standard input, what it saw on standard output."""
    from audit.reading import connect, snapshot
    from audit.sources import DatabaseSource

    task = json.load(sys.stdin)
    with closing(connect(Path(task["path"]))) as connection, snapshot(connection):
        try:
            seen = asdict(look(DatabaseSource(connection), ZoneInfo(task["zone"]), task["start"], task["stop"]))
        except Differs as error:
            seen = {"differs": str(error)}
    json.dump(seen, sys.stdout)
