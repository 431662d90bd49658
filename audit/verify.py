"""Is the ledger whole? The check that anyone can run with the ledger's public key.

Reads a database or an export, recomputes every hash from the stored bytes, and holds the result against every checkpoint known:
the head, the ones kept in the database, the one outside it, and any others given. Tampering is told from a file that merely
can't be read, and the first bad entry is named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.bulk import Chunks, Differs
from audit.causes import FAILURES, unavailable
from audit.errors import AuditUnavailable, InvalidNote, InvalidStamp
from audit.events import GENESIS, format_time
from audit.exported import Lines, hold_export
from audit.held import Held, hold
from audit.notes import Checkpoint, VerifierKey
from audit.outside import beside, read_steadily
from audit.place import Place, Reads
from audit.reading import connect, snapshot
from audit.report import Problem, ProblemKind, Report, Stamped, Verdict
from audit.sources import DatabaseSource, ExportSource, ServerSource, Source
from audit.stamping import Stamps
from audit.walk import PROBLEM_LIMIT, Walk, count_entries
from audit.witnessing import Witnesses, standing

GRACE_S = 120.0
"""An intent younger than this may still be waiting for its outcome."""


def verify(
    path: Place,
    vkey: str,
    external_checkpoint: Path | None = None,
    *,
    known: Sequence[str] = (),
    now: datetime | None = None,
    processes: int | None = None,
    witnesses: Path | None = None,
    stamps: Path | None = None,
) -> Report:
    """Check the ledger at `path`: its database file, the server that keeps it, or the folder of an export.

    `vkey` is the verifier key as text, best taken from elsewhere than `path`. `external_checkpoint` is the file that keeps the newest
    checkpoint outside the database (default for a database: beside it; a database without one is not intact, since nothing
    would show that its end was cut off). `known` are further signed checkpoints of this ledger, as in receipts. Given `now`,
    intents of the last two minutes are not yet findings. `processes` share the work on a large database (default: as many as there
    are cores for this process). `witnesses` is the folder that keeps what witnesses cosigned: each is held against the ledger, and how old
    it is (at `now`) is told. `stamps` is the folder that keeps time-stamps: each must hold, and so must what it stamped.

    Never raises for what it finds: a report's verdict is intact, tampered, or unavailable where the files can't be read.
    Raises `InvalidNote` if `vkey` is no verifier key.
    """
    judge = _Judge(VerifierKey.parse(vkey), now, path, processes or len(os.sched_getaffinity(0)))
    cosigned = judge.read_witnesses(witnesses) if witnesses else []
    stamped = judge.read_stamps(stamps) if stamps else []
    known = [*known, *cosigned, *(note for note, _ in stamped)]
    try:
        if isinstance(path, Path) and path.is_dir():
            judge.read_outside(external_checkpoint)
            judge.judge(ExportSource(path), known)
        else:
            # Before the database, which may only be ahead of it.
            judge.read_outside(external_checkpoint or beside(path), required=True)
            with closing(connect(path)) as connection, snapshot(connection, stored=True):
                judge.judge_database(connection, known)
    except AuditUnavailable as error:
        judge.broken(error)
    except FAILURES as error:
        judge.broken(unavailable(error))
    report = replace(judge.report(), stamps=tuple(sorted((told for _, told in stamped), key=lambda told: told.size)))
    if witnesses is None or now is None or not judge.witnesses_hold:
        return report
    return replace(report, witnesses=tuple(standing(witnesses, vkey, now, report.entries)))


class _Judge:
    """Collects what is known, lets `Walk` read, and says what the differences mean."""

    def __init__(self, key: VerifierKey, now: datetime | None, path: Place, processes: int) -> None:
        self._key = key
        self._path, self._processes = path if isinstance(path, Path) else None, processes
        self._before = None if now is None else format_time(now - timedelta(seconds=GRACE_S))
        self._problems: list[Problem] = []
        self._head: Checkpoint | None = None
        self.witnesses_hold = True
        self._outside: Checkpoint | None = None
        self._others: list[Checkpoint] = []
        self._walk: Walk | Held | None = None

    def report(self) -> Report:
        walk = self._walk
        problems = [*self._problems, *(walk.problems if walk else ())]
        problems.sort(key=lambda problem: (problem.first is None, problem.first or 0))
        return Report(
            verdict=_verdict(problems),
            entries=walk.entries if walk else 0,
            size=self._head.size if self._head else None,
            root=self._head.root.hex() if self._head else None,
            origin=self._head.origin if self._head else None,
            outside=self._outside.size if self._outside else None,
            pruned=walk.pruned if walk else 0,
            behind=walk.behind if walk else 0,
            problems=tuple(problems),
            findings=(*walk.findings, *walk.orphans(self._before)) if walk else (),
        )

    def broken(self, error: AuditUnavailable) -> None:
        """Reading failed: damage is a problem of the ledger, anything else one of its surroundings."""
        if error.reason == "corrupt":
            self._problem(
                "damaged", "the file can't be read through: a disk fault or tampering; compare it with a copy"
            )
        else:
            self._problem("unavailable", f"the ledger can't be read: {error}")

    def read_witnesses(self, folder: Path) -> list[str]:
        """The checkpoints that witnesses cosigned; a cosignature that does not hold is a problem."""
        notes = []
        try:
            for known, note in Witnesses(folder, str(self._key)).notes():
                known.key.seen_at(note)
                notes.append(note)
        except InvalidNote as error:
            self.witnesses_hold = False
            self._problem("bad_signature", f"what is kept of a witness does not hold ({error})")
        except OSError as error:
            self.broken(unavailable(error))
        return notes

    def read_stamps(self, folder: Path) -> list[tuple[str, Stamped]]:
        """The checkpoints that were time-stamped, each with its stamp; one that does not hold is a problem."""
        found: list[tuple[str, Stamped]] = []
        try:
            found.extend(Stamps(folder, str(self._key)).held())
        except InvalidStamp as error:
            self._problem("bad_signature", f"what is kept of a time-stamp does not hold ({error})")
        except OSError as error:
            self.broken(unavailable(error))
        return found

    def read_outside(self, path: Path | None, *, required: bool = False) -> None:
        """Read the checkpoint that is kept outside."""
        if path is None:
            if required:
                self._problem("no_checkpoint", "no checkpoint outside the database: a cut-off end would not be seen")
            return
        try:
            note = read_steadily(path).decode()
        except FileNotFoundError:
            if required:
                self._problem("no_checkpoint", "no checkpoint outside the database: a cut-off end would not be seen")
            return
        except UnicodeDecodeError:
            note = ""
        self._outside = self._open(note, "the checkpoint outside the database")

    def judge_database(self, connection: Reads, known: Sequence[str]) -> None:
        """Check everything that a database holds; SQLite's own look at its file runs beside the rest, if there is a second core."""
        if self._path is None:
            self.judge(ServerSource(connection), known)
        elif self._processes < 2:
            self.judge(DatabaseSource(connection), known)
        else:
            with ThreadPoolExecutor(1) as beside:
                self.judge(DatabaseSource(connection), known, beside.submit(_flaws, self._path))

    def judge(self, source: Source, known: Sequence[str], flaws: Future[list[str]] | None = None) -> None:
        """Check everything that `source` holds."""
        for defect in source.defects():
            self._problem("schema_changed", f"the store's own form was altered ({defect})")
        note = source.head()
        if note is None:
            self._problem("bad_signature", "there is no signed checkpoint")
        else:
            self._head = self._open(note, "the newest checkpoint")
        for size, kept in source.kept():
            found = self._open(kept, f"the kept checkpoint of size {size}")
            if found is not None and found.size != size:
                self._problem("bad_signature", f"the kept checkpoint of size {found.size} is filed under {size}")
            self._others += [found] if found else []
        for number, text in enumerate(known):
            found = self._open(text, f"the given checkpoint number {number + 1}")
            self._others += [found] if found else []
        checkpoints = [found for found in (self._head, self._outside, *self._others) if found]
        zone = self._zone(source)
        self._walk = self._quickly(source, zone, checkpoints)
        if self._walk is None:
            self._walk = Walk(source, zone, {found.size for found in checkpoints})
            self._walk.run()
        self._judge_places(self._walk)
        self._judge_ends(self._walk)
        self._judge_hashes(self._walk, checkpoints)
        for flaw in source.flaws() if flaws is None else flaws.result():
            self._problem("damaged", f"the database's own structure does not hold: {flaw.splitlines()[0][:120]}")

    def _quickly(self, source: Source, zone: ZoneInfo | None, checkpoints: Sequence[Checkpoint]) -> Held | None:
        """What the quick pass saw, if everything agrees; None where it does not, or where there is no database."""
        if self._head is None or zone is None:
            return None
        try:
            if isinstance(source, Lines):
                return hold_export(source, checkpoints, self._head.size)
            if not isinstance(source, Chunks):
                return None
            return hold(source, zone, checkpoints, self._head.size, self._path, self._processes)
        except (Differs, AuditUnavailable, KeyError, TypeError, ValueError, AttributeError, *FAILURES):
            return None  # the walk meets it again, and names it

    def _problem(self, kind: ProblemKind, message: str, first: int | None = None, last: int | None = None) -> None:
        self._problems.append(Problem(kind=kind, message=message, first=first, last=last))

    def _open(self, note: str, what: str) -> Checkpoint | None:
        try:
            found = Checkpoint.open(note, [self._key])
        except InvalidNote as error:
            self._problem("bad_signature", f"{what} is not signed by the ledger's key ({error})")
            return None
        if found.origin != self._key.name:
            self._problem("wrong_ledger", f"{what} belongs to another ledger")
            return None
        return found

    def _zone(self, source: Source) -> ZoneInfo | None:
        """The ledger's time zone, from entry 0; which must also name this key."""
        first = next(iter(source.entries()), None)
        if first is None or first.place != 0:
            return None
        try:
            body: dict[str, Any] = json.loads(first.body)
            if body["type"] == GENESIS and body["detail"]["vkey"] == str(self._key):
                return ZoneInfo(body["detail"]["timezone"])
        except (ValueError, KeyError, TypeError, ZoneInfoNotFoundError):
            pass
        self._problem("wrong_ledger", "entry 0 does not bind this ledger's key and time zone", 0, 0)
        return None

    def _judge_places(self, walk: Walk | Held) -> None:
        """Lines that say another number than their place: something was taken out, put in, or exchanged before them."""
        if walk.moved is None:
            return
        place, member = walk.moved
        if walk.moved_back:
            self._problem("reordered", f"entries were reordered: entry {member} stands at place {place}", place, place)
        elif member > place:
            missing = f"{count_entries(place, member - 1)} missing, and the later ones moved up"
            self._problem("missing", missing, place, member - 1)
        else:
            first = member if member == place - 1 else place
            self._problem("inserted", f"an entry was inserted at place {first}", first, place)

    def _judge_ends(self, walk: Walk | Held) -> None:
        """Entries that the signed head knows and the store lacks, or the other way round; a head behind the outside one."""
        moved_up = walk.moved is not None and walk.moved[1] > walk.moved[0] and not walk.moved_back
        moved_down = walk.moved is not None and walk.moved[1] < walk.moved[0]
        head = self._head
        size = head.size if head else walk.entries
        if walk.entries < size and not (moved_up and walk.last_member == size - 1):
            message = f"the end was cut off: {count_entries(walk.entries, size - 1)} missing"
            self._problem("cut_off", message, walk.entries, size - 1)
        if walk.entries > size and not moved_down:
            message = f"{count_entries(size, walk.entries - 1)} beyond the signed head"
            self._problem("unsigned", message, size, walk.entries - 1)
        later = [found for found in (self._outside, *self._others) if found and found.size > size]
        if later:
            largest = max(found.size for found in later)
            message = (
                f"a signed checkpoint knows {largest} entries, the head only {size}:"
                " the end was cut off or an old copy was put back"
            )
            self._problem("rolled_back", message, size, largest - 1)

    def _judge_hashes(self, walk: Walk | Held, checkpoints: Sequence[Checkpoint]) -> None:
        """Hold the recomputed roots against the signed ones."""
        failing = sorted({found.size for found in checkpoints if walk.roots.get(found.size, found.root) != found.root})
        good = {found.size for found in checkpoints if walk.roots.get(found.size) == found.root} - set(failing)
        head_holds = self._head is not None and walk.roots.get(self._head.size) == self._head.root
        if head_holds or (not failing and not walk.gap and good):
            self._judge_tree(walk)
        else:
            for place in walk.suspects[:PROBLEM_LIMIT]:
                self._problem("changed", f"entry {place} was changed: it no longer hashes to its leaf", place, place)
        if not failing:
            return
        first = max((size for size in good if size < failing[0]), default=0)
        last = failing[0] - 1
        if head_holds:
            message = (
                f"a signed checkpoint of size {failing[0]} has another root: history was rewritten and signed anew"
            )
            self._problem("forked", message, first, last)
        elif not walk.suspects and walk.moved is None:
            self._changed_within(walk, first, last)

    def _changed_within(self, walk: Walk | Held, first: int, last: int) -> None:
        """Line and leaf hash were changed together: the stored tree, the search index and checkpoints narrow it down."""
        node = walk.bad_node
        if node is not None:
            start = node.position << node.level
            if first <= start <= last:
                first, last = start, min(last, start + (1 << node.level) - 1)
        edited = {
            problem.first
            for problem in walk.problems
            if problem.kind in {"index_edited", "malformed"} and problem.first is not None
        }
        if within := [place for place in sorted(edited) if first <= place <= last]:
            first = within[0]
            last = first if len(within) == 1 else last
        what = f"entry {first} was changed" if first == last else f"an entry from {first} to {last} was changed"
        self._problem("changed", f"{what}: it does not hash to the signed checkpoint", first, last)

    def _judge_tree(self, walk: Walk | Held) -> None:
        """Every entry is proven by the head; what is stored beside them must agree."""
        for place in walk.suspects[:PROBLEM_LIMIT]:
            self._problem("tree_changed", f"the stored leaf hash of entry {place} was edited; the entry itself holds")
        if walk.bad_node is not None or walk.spare_nodes:
            self._problem("tree_changed", "stored nodes of the hash tree were edited; the entries themselves hold")


def _flaws(path: Path) -> list[str]:
    with closing(connect(path)) as connection, snapshot(connection, stored=True):
        return DatabaseSource(connection).flaws()


def _verdict(problems: Sequence[Problem]) -> Verdict:
    if not problems:
        return "intact"
    return "unavailable" if all(problem.kind == "unavailable" for problem in problems) else "tampered"
