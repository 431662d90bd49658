"""What is known of a ledger in which the quick pass found nothing amiss; says it in the walk's words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from audit.bulk import Chunks, Differs, Moment, Seen, look_at_all
from audit.merkle import Node, interior_count, root_at
from audit.notes import Checkpoint
from audit.records import uncovered
from audit.report import Finding, FindingKind, Problem
from audit.walk import PROBLEM_LIMIT, body_missing


class Named(Protocol):
    """What tells of single entries."""

    def columns(self, number: int) -> dict[str, Any]:
        """Id, request and time of one entry among others; empty where only its line tells."""

    def line(self, number: int) -> bytes:
        """One stored line."""


class Held:
    """The outcome of a quick pass, with what `audit.walk.Walk` would have seen in the same ledger."""

    gap = False
    moved_back = False
    spare_nodes = False
    bad_node: Node | None = None
    moved: tuple[int, int] | None = None

    def __init__(self, source: Named, seen: Seen, unexplained: Sequence[int], roots: dict[int, bytes]) -> None:
        self._source = source
        self._open = self._moments(seen.intents.values())
        self.roots = roots
        self.entries = seen.stop
        self.last_member: int | None = seen.stop - 1
        self.suspects: list[int] = []
        self.pruned = len(seen.pruned)
        self.behind = seen.behind
        self.problems: list[Problem] = [
            body_missing(place) for place in uncovered(seen.pruned, seen.ranges)[:PROBLEM_LIMIT]
        ]
        back = "was recorded earlier than the entry before it"
        self.findings = [
            *_findings("clock_set_back", back, self._moments(seen.set_back[:PROBLEM_LIMIT])),
            *_findings(
                "outcome_without_intent",
                "is an answer without an intent before it",
                self._moments(unexplained[:PROBLEM_LIMIT]),
            ),
        ]
        self.findings.sort(key=lambda finding: finding.index)

    def orphans(self, before: str | None) -> Iterator[Finding]:
        """Intents that no outcome followed, recorded before that time."""
        moments = [moment for moment in self._open if before is None or moment.time < before]
        return iter(_findings("orphan_intent", "is an intent without an outcome", moments))

    def _moments(self, numbers: Iterable[int]) -> list[Moment]:
        rows = ((number, self._source.columns(number) or json.loads(self._source.line(number))) for number in numbers)
        return [Moment(number, row["id"], row["request"], row["time"]) for number, row in rows]


def _findings(kind: FindingKind, what: str, moments: Sequence[Moment]) -> list[Finding]:
    return [
        Finding(
            kind=kind, message=f"entry {m.number} {what}", index=m.number, event=m.id, request=m.request, time=m.time
        )
        for m in moments
    ]


def hold(
    source: Chunks, zone: ZoneInfo, checkpoints: Sequence[Checkpoint], size: int, path: Path | None, processes: int
) -> Held:
    """Check everything; raises `audit.bulk.Differs` if anything at all is not as it should be."""
    entries, rows, nodes = source.counts()
    if entries != size or nodes != interior_count(size):
        raise Differs("more or fewer than the signed head says")
    seen, unexplained = look_at_all(source, zone, size, path, processes)
    if rows != size - len(seen.pruned) - seen.behind:
        raise Differs("the index has rows for no entry")
    roots = {found.size: root_at(found.size, source.node) for found in checkpoints if found.size <= size}
    for found in checkpoints:
        if roots.get(found.size, found.root) != found.root:
            raise Differs("a signed root differs")
    return Held(source, seen, unexplained, roots)
