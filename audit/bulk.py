"""The quick pass of verification: is everything as it should be? If not, `audit.walk` finds out what is not.

A chunk of entries at a time, each held against its leaf hash, the stored nodes of the tree (`audit.levels`), and its row of the search
index (`audit.rows`). Ranges are independent of each other (each starts from stored nodes that the range before it checks), so large
ledgers are shared out to several processes.
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
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from audit.canonical import text
from audit.errors import AuditError
from audit.events import INTENT, MINUTE, facets_of
from audit.levels import Growing
from audit.merkle import HASH_LENGTH, CompactRange, interior_count, leaf_hash
from audit.records import RECORD, read_record
from audit.rows import ANSWERED, Days, Known, Row, meaning, same_slowly

CHUNK = 4096
"""Entries read at once; a power of two."""

SHARE = 65_536
"""Entries for which another process is worth its start."""

PRUNED_START, PRUNED_LENGTH = b'{"pruned":"', 77


@runtime_checkable
class Chunks(Protocol):
    """A store that can be read in chunks."""

    def counts(self) -> tuple[int, int, int]:
        """How many entries, index rows and nodes there are."""

    def indexed(self) -> int:
        """The number behind the last entry that the search index has a row for."""

    @property
    def trails(self) -> bool:
        """Whether the search index may lack the newest entries (`audit.trailing`)."""

    def chunk(self, start: int, stop: int) -> Sequence[tuple[Any, ...]]:
        """The entries from `start` up to `stop` in order, each with the members of `audit.rows.Row`."""

    def hashes(self, what: str, start: int, stop: int) -> tuple[int, bytes]:
        """How many stored hashes of 32 bytes there are (`entry`: leaves, `node`: interior nodes) from `start` up to `stop`, and all of them."""

    def columns(self, number: int) -> dict[str, Any]:
        """The index's row of one entry, by column; empty where it has none."""

    def line(self, number: int) -> bytes:
        """One stored line."""

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
    """What a range of entries holds, if nothing in it differs. Entries are named by number, requests as JSON."""

    start: int
    stop: int
    first_time: str = ""
    last_time: str = ""
    set_back: list[int] = field(default_factory=list)
    intents: dict[str, int] = field(default_factory=dict)
    """Intents whose outcome did not come within the range."""
    outcomes: list[tuple[str, int, bool]] = field(default_factory=list)
    """Outcomes whose intent did not stand before them in the range; whether each is an answer."""
    pruned: list[int] = field(default_factory=list)
    behind: int = 0
    """Entries at the end that the search index lacks, as it may."""
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """What records of pruning name."""

    def join(self, later: Seen, unexplained: list[int]) -> Seen:
        """Both ranges as one; answers without an intent go to `unexplained` if this range begins the ledger."""
        back = [*self.set_back, *later.set_back]
        if later.first_time and later.first_time < self.last_time:
            back.append(later.start)
        intents = dict(self.intents)
        for request, number, answered in later.outcomes:
            if intents.pop(request, None) is None and answered:
                unexplained.append(number)
        return Seen(
            self.start,
            later.stop,
            self.first_time or later.first_time,
            later.last_time or self.last_time,
            back,
            intents | later.intents,
            self.outcomes,
            [*self.pruned, *later.pruned],
            self.behind + later.behind,
            [*self.ranges, *later.ranges],
        )


def look(source: Chunks, zone: ZoneInfo, start: int, stop: int) -> Seen:
    """Check the entries from `start` up to `stop`; raises `Differs` if anything in them is not as it should be."""
    seen = Seen(start, stop)
    tree = Growing(CompactRange.read(start, source.node), CHUNK)
    look_at = _Rows(source, zone, seen)
    for first in range(start, stop, CHUNK):
        last = min(first + CHUNK, stop)
        rows = source.chunk(first, last)
        if len(rows) != last - first:
            raise Differs("numbers are not contiguous")
        # `leaf_hash`, spelt out: a call would cost a third.
        leaves = [sha256(b"\x00" + row[0]).digest() for row in rows]
        stored = source.hashes("entry", first, last)
        if stored != (len(leaves), b"".join(leaves)):
            leaves = [own_hash(row[0]) for row in rows]
            if stored != (len(leaves), b"".join(leaves)):
                raise Differs("a leaf differs")
        grown = tree.extend(leaves)
        if source.hashes("node", interior_count(first), interior_count(last)) != (len(grown) // HASH_LENGTH, grown):
            raise Differs("a node differs")
        try:
            look_at(first, rows)
        except (ValueError, TypeError, AttributeError) as error:
            raise Differs("a column of the index holds something that no line has") from error
    look_at.end()
    return seen


def own_hash(body: bytes) -> bytes:
    """The leaf hash of a stored line, or the one that a pruned line stands for."""
    if body.startswith(PRUNED_START) and len(body) == PRUNED_LENGTH:
        try:
            return bytes.fromhex(body[len(PRUNED_START) : -2].decode("ascii"))
        except ValueError:
            return leaf_hash(body)
    return leaf_hash(body)


class _Rows:
    """Holds each row of the index against its line; follows intents and their outcomes, and whether the clock only went forward."""

    def __init__(self, source: Chunks, zone: ZoneInfo, seen: Seen) -> None:
        self._source, self._zone, self._seen = source, zone, seen
        self._known, self._days = Known(), Days(zone)
        self._indexed = source.indexed() if source.trails else sys.maxsize
        self._time = b""
        self._intents: dict[bytes, int] = {}

    def __call__(self, first: int, rows: Sequence[tuple[Any, ...]]) -> None:
        known, days, seen, intents, previous = self._known, self._days, self._seen, self._intents, self._time
        if rows:
            seen.first_time = seen.first_time or (rows[0][Row._fields.index("time")] or b"").decode()
        for number, (body, usual, place, time, request, question, session) in enumerate(rows, first):
            if place is None:
                if number < self._indexed:
                    self._pruned(number, body)
                else:
                    previous = self._trailing(number, body, previous)
                continue
            head, before_question, before_request, before_session, before_time, after_session, end, day, kind = known[
                usual
            ]
            if question == b"null":
                front = b"".join((b',"id":"', place, before_request, request))
            else:
                front = b"".join((b',"id":"', place, before_question, question, b',"request":', request))
            if session == b"null":
                tail = b"".join((front, before_time, time, end))
            else:
                tail = b"".join((front, before_session, session, after_session, time, end))
            same = body.endswith(tail) and body.startswith(head) and days[time[:MINUTE]] == day
            if not same and not same_slowly(number, body, self._source.columns(number), self._zone):
                raise Differs("the index says otherwise than a line")
            if time < previous:
                seen.set_back.append(number)
            previous = time
            if not kind:
                continue
            if kind == RECORD:
                seen.ranges += read_record(json.loads(body))
            elif request == b"null":
                continue
            elif kind == INTENT:
                intents[request] = number
            elif intents.pop(request, None) is None:
                seen.outcomes.append((request.decode(), number, kind == ANSWERED))
        self._time = previous

    def _trailing(self, number: int, body: bytes, previous: bytes) -> bytes:
        """Follow a line that the index does not cover yet; returns its time."""
        seen, facets = self._seen, facets_of(json.loads(body), self._zone)
        time = facets.time.encode()
        seen.first_time = seen.first_time or facets.time
        seen.behind += 1
        if time < previous:
            seen.set_back.append(number)
        kind, request = meaning(facets.type, facets.outcome), text(facets.request).encode()
        if kind == RECORD:
            seen.ranges += read_record(json.loads(body))
        elif kind == INTENT:
            self._intents[request] = number
        elif kind and self._intents.pop(request, None) is None:
            seen.outcomes.append((request.decode(), number, kind == ANSWERED))
        return time

    def _pruned(self, number: int, body: bytes) -> None:
        if own_hash(body) == leaf_hash(body):
            raise Differs("the index lacks a row")
        self._seen.pruned.append(number)

    def end(self) -> None:
        """Tell what is still open."""
        self._seen.last_time = self._time.decode()
        self._seen.intents = {request.decode(): number for request, number in self._intents.items()}


def look_at_all(source: Chunks, zone: ZoneInfo, size: int, path: Path | None, processes: int) -> tuple[Seen, list[int]]:
    """Check all `size` entries and join what was seen; raises `Differs`. With a `path`, helped by up to `processes` in all.

    The second value are the answers without an intent before them.
    """
    shares = min(processes, size // SHARE)
    alone = path is None or shares < 2
    parts = [look(source, zone, 0, size)] if alone or path is None else _shared(source, zone, size, path, shares)
    unexplained: list[int] = []
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
        set_back=answer["set_back"],
        intents=answer["intents"],
        outcomes=[(request, number, answered) for request, number, answered in answer["outcomes"]],
        pruned=answer["pruned"],
        behind=answer["behind"],
        ranges=[(first, last) for first, last in answer["ranges"]],
    )


def work() -> None:
    """The other process: a task in JSON on standard input, what it saw on standard output."""
    from audit.reading import connect, snapshot
    from audit.sources import DatabaseSource

    task = json.load(sys.stdin)
    with closing(connect(Path(task["path"]))) as connection, snapshot(connection, stored=True):
        try:
            seen = asdict(look(DatabaseSource(connection), ZoneInfo(task["zone"]), task["start"], task["stop"]))
        except Differs as error:
            seen = {"differs": str(error)}
    json.dump(seen, sys.stdout)
