"""The quick pass over an export: do its lines, in order, hash to the signed checkpoints? If anything differs, `audit.walk` finds out what.

A line that hashes to the signed root is the line that was signed, so its form need not be looked at again; what is read of it is only what findings are made of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, Protocol, runtime_checkable

from audit.bulk import CHUNK, Differs, Seen, own_hash
from audit.events import INTENT, OUTCOME
from audit.held import Held
from audit.merkle import EMPTY_ROOT, CompactRange
from audit.notes import Checkpoint
from audit.records import RECORD, read_record
from audit.rows import ANSWERED


@runtime_checkable
class Lines(Protocol):
    """Stored lines in order, without anything derived from them."""

    def raw(self) -> Iterator[bytes]:
        """The lines without their ends."""

    def stored_leaves(self) -> Sequence[bytes]:
        """The leaf hashes kept beside the lines; empty where there are none."""


class _Moments:
    """What findings need of the entries that they are about."""

    def __init__(self) -> None:
        self.kept: dict[int, dict[str, Any]] = {}
        self.open: dict[int, dict[str, Any]] = {}
        """Those of intents whose outcome has not come."""

    def columns(self, number: int) -> dict[str, Any]:
        """Id, request and time of one entry."""
        return self.kept.get(number) or self.open[number]

    def line(self, number: int) -> bytes:
        """Nothing: whatever is asked for was kept."""
        raise KeyError(number)


def hold_export(source: Lines, checkpoints: Sequence[Checkpoint], size: int) -> Held:
    """Check everything; raises `Differs` if anything at all is not as it should be."""
    stops = sorted({found.size for found in checkpoints if found.size <= size} | {*range(CHUNK, size, CHUNK), size})
    tree, roots, leaves = CompactRange(), {0: EMPTY_ROOT}, source.stored_leaves()
    seen, moments, lines = Seen(0, size), _Moments(), source.raw()
    for stop in stops:
        some = list(islice(lines, stop - tree.size))
        hashes = [own_hash(line) if line.startswith(b'{"pruned"') else sha256(b"\x00" + line).digest() for line in some]
        if leaves and hashes != list(leaves[tree.size : stop]):
            raise Differs("a leaf differs")
        _follow(some, tree.size, seen, moments)
        tree.extend(hashes)
        roots[tree.size] = tree.root()
    if tree.size != size or next(lines, None) is not None or (leaves and len(leaves) != size):
        raise Differs("more or fewer than the signed head says")
    if any(roots.get(found.size, found.root) != found.root for found in checkpoints):
        raise Differs("a signed root differs")
    unexplained = [number for _, number, answered in seen.outcomes if answered]
    return Held(moments, seen, unexplained, roots)


def _follow(lines: Sequence[bytes], first: int, seen: Seen, moments: _Moments) -> None:
    """Follow intents and their outcomes, the clock, and what was pruned."""
    kept, intents = moments.kept, seen.intents
    for number, line in enumerate(lines, first):
        body = json.loads(line)
        time = body.get("time")
        if time is None:
            if own_hash(line) == sha256(b"\x00" + line).digest():
                raise Differs("a line is no event")
            seen.pruned.append(number)
            continue
        if body.get("index") != number:
            raise Differs("a line stands elsewhere")
        kind, request = body["type"], body["request"]
        if time < seen.last_time:
            seen.set_back.append(number)
            kept[number] = _moment(body)
        seen.last_time = time
        if kind == RECORD:
            seen.ranges += read_record(body)
        elif request is None:
            continue
        elif kind == INTENT:
            moments.open.pop(intents.get(request, -1), None)
            intents[request] = number
            moments.open[number] = _moment(body)
        elif kind == OUTCOME:
            intent = intents.pop(request, None)
            if intent is None:
                outcome = body.get("outcome") if body["v"] > 1 else body["detail"].get("outcome")
                seen.outcomes.append((request, number, outcome == ANSWERED))
                kept[number] = _moment(body)
            else:
                del moments.open[intent]


def _moment(body: dict[str, Any]) -> dict[str, Any]:
    return {"id": body["id"], "request": body["request"], "time": body["time"]}
