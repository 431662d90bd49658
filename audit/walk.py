"""One pass over all entries: hashes, places, facets, intents; what it sees is judged in `audit.verify`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Any

from audit import canonical
from audit.errors import InvalidEvent
from audit.events import INTENT, OUTCOME, Facets, facets_of
from audit.merkle import CompactRange, Node, leaf_hash
from audit.records import RECORD, read_record, uncovered
from audit.report import Finding, FindingKind, Problem, ProblemKind
from audit.sources import Source, Stored

PROBLEM_LIMIT = 100
"""Problems of one kind that are listed one by one."""

PRUNED = re.compile(rb'\{"pruned":"([0-9a-f]{64})"\}')


class Walk:
    """The state of the pass; call `run` once, then read the attributes."""

    def __init__(self, source: Source, zone: tzinfo | None, sizes: set[int]) -> None:
        """Walk `source`; remember the root at each of `sizes`. Without a zone, local days are not checked."""
        self._source = source
        self._zone = zone
        self._sizes = sizes
        self._facets = source.facets()
        self._row: Facets | None = None
        self._nodes: Iterator[bytes] | None = source.nodes()
        self._last_time = ""
        self._intents: dict[str, tuple[int, str, str]] = {}
        self.tree = CompactRange()
        self.entries = 0
        self.pruned = 0
        self.behind = 0
        self.roots: dict[int, bytes] = {0: self.tree.root()} if 0 in sizes else {}
        self.problems: list[Problem] = []
        self.findings: list[Finding] = []
        self._missing: list[int] = []
        self._ranges: list[tuple[int, int]] = []
        self.gap = False
        self.suspects: list[int] = []
        self.bad_node: Node | None = None
        self.spare_nodes = False
        self.moved: tuple[int, int] | None = None
        self.moved_back = False
        self.last_member: int | None = None
        self._counts: defaultdict[str, int] = defaultdict(int)

    def run(self) -> None:
        """Read everything; errors of reading pass through."""
        if self._facets is not None:
            self._row = next(self._facets, None)
        for stored in self._source.entries():
            self._entry(stored)
        while self._row is not None and self._facets is not None:
            self._extra_row(self._row)
            self._row = next(self._facets, None)
        if self._nodes is not None and next(self._nodes, None) is not None:
            self.spare_nodes = True
        for place in uncovered(self._missing, self._ranges):
            missing = body_missing(place)
            self.problem(missing.kind, missing.message, missing.first, missing.last)

    def problem(self, kind: ProblemKind, message: str, first: int | None = None, last: int | None = None) -> None:
        """Note a problem, unless very many of its kind were noted."""
        self._counts[kind] += 1
        if self._counts[kind] <= PROBLEM_LIMIT:
            self.problems.append(Problem(kind=kind, message=message, first=first, last=last))

    def orphans(self, before: str | None) -> Iterator[Finding]:
        """Intents that no outcome followed, recorded before that time."""
        for request, (number, event, time) in self._intents.items():
            if before is None or time < before:
                yield Finding(
                    kind="orphan_intent",
                    message=f"entry {number} is an intent without an outcome",
                    index=number,
                    event=event,
                    request=request,
                    time=time,
                )

    def _entry(self, stored: Stored) -> None:
        if stored.place != self.entries:
            self.gap = True
            self.problem(
                "missing", f"{count_entries(self.entries, stored.place - 1)} missing", self.entries, stored.place - 1
            )
            self.entries = stored.place
        self.entries += 1
        body: Any = None
        pruned = PRUNED.fullmatch(stored.body)
        if pruned:
            self.pruned += 1
            self._missing.append(stored.place)
            own = bytes.fromhex(pruned[1].decode())
        else:
            own = leaf_hash(stored.body)
            body = self._parse(stored)
        self._place(stored, own, body)
        self._grow(own)
        if not pruned:
            self._facet(stored.place, body)

    def _parse(self, stored: Stored) -> dict[str, Any] | None:
        try:
            text = stored.body.decode()
            body = json.loads(text)
            if isinstance(body, dict) and canonical.encode(body) == text:
                return body
        except (ValueError, RecursionError):
            pass
        self.problem("malformed", f"entry {stored.place} is not canonical JSON", stored.place, stored.place)
        return None

    def _place(self, stored: Stored, own: bytes, body: dict[str, Any] | None) -> None:
        """Does the line stand where it says, and is it the one whose hash was stored?"""
        member = body.get("index") if body else stored.place
        self.last_member = member if isinstance(member, int) else None
        if member == stored.place or not isinstance(member, int):
            if stored.leaf is not None and stored.leaf != own:
                self.suspects.append(stored.place)
            return
        if self.moved is None:
            self.moved = (stored.place, member)
        elif member == self.moved[0] < self.moved[1]:
            self.moved_back = True
        if stored.leaf not in {None, own} and self._source.leaf(member) != own:
            self.suspects.append(stored.place)

    def _grow(self, own: bytes) -> None:
        if self.gap:
            return
        for node in self.tree.append(own):
            if self._nodes is not None and self.bad_node is None and next(self._nodes, None) != node.hash:
                self.bad_node = node
        if self.tree.size in self._sizes:
            self.roots[self.tree.size] = self.tree.root()

    def _facet(self, place: int, body: dict[str, Any] | None) -> None:
        """Compare the search index with what the line says; follow intents and time."""
        expected: Facets | None = None
        if body is not None:
            try:
                expected = facets_of(body, self._zone or UTC)
            except InvalidEvent as error:
                self.problem("malformed", f"entry {place}: {error}", place, place)
        if self._facets is not None:
            while self._row is not None and self._row.number < place:
                self._extra_row(self._row)
                self._row = next(self._facets, None)
            if self._row is None and self._source.trails:
                self.behind += 1
            elif self._row is None or self._row.number != place:
                self.problem("index_edited", f"the search index lacks entry {place}", place, place)
            else:
                if expected is not None and not self._same(self._row, expected):
                    self.problem("index_edited", f"the search index says otherwise than entry {place}", place, place)
                self._row = next(self._facets, None)
        if expected is not None:
            self._follow(place, expected)
            if expected.type == RECORD:
                self._ranges += read_record(body)

    def _same(self, row: Facets, expected: Facets) -> bool:
        if self._zone is None:
            return row._replace(day="") == expected._replace(day="")
        return row == expected

    def _extra_row(self, row: Facets) -> None:
        number = row.number
        self.problem(
            "index_edited", f"the search index has a row for entry {number}, which is not there", number, number
        )

    def _follow(self, place: int, facets: Facets) -> None:
        if facets.time < self._last_time:
            self._finding(
                "clock_set_back", f"entry {place} was recorded earlier than the entry before it", place, facets
            )
        self._last_time = facets.time
        if facets.request is None:
            return
        if facets.type == INTENT:
            self._intents[facets.request] = (place, facets.id, facets.time)
        elif (
            facets.type == OUTCOME and self._intents.pop(facets.request, None) is None and facets.outcome == "answered"
        ):
            message = f"entry {place} is an answer without an intent before it"
            self._finding("outcome_without_intent", message, place, facets)

    def _finding(self, kind: FindingKind, message: str, place: int, facets: Facets) -> None:
        self._counts[kind] += 1
        if self._counts[kind] <= PROBLEM_LIMIT:
            self.findings.append(
                Finding(
                    kind=kind, message=message, index=place, event=facets.id, request=facets.request, time=facets.time
                )
            )


def body_missing(place: int) -> Problem:
    """An entry of which only the hash is left."""
    return Problem(
        kind="body_missing",
        message=f"entry {place} has only its hash left, and no signed record says that it was pruned",
        first=place,
        last=place,
    )


def count_entries(first: int, last: int) -> str:
    """`entry 3 is` or `entries 3 to 5 are`."""
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
