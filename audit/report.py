"""What a verification says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["intact", "tampered", "unavailable"]
"""`unavailable`: it could not be checked, for a reason that is no sign of tampering (no file, no permission, a lock)."""

ProblemKind = Literal[
    "changed",
    "missing",
    "inserted",
    "reordered",
    "cut_off",
    "unsigned",
    "rolled_back",
    "forked",
    "bad_signature",
    "no_checkpoint",
    "wrong_ledger",
    "tree_changed",
    "index_edited",
    "schema_changed",
    "malformed",
    "body_missing",
    "damaged",
    "unavailable",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one witness stands: `size` it has cosigned (0: nothing yet), `age_s` seconds ago, `behind` the ledger by so many entries.

    `problem` says what is wrong with what is kept of it.
    """

    name: str
    url: str | None
    size: int
    age_s: int | None
    behind: int | None
    problem: str | None = None

    def told(self) -> str:
        """A few words for a person."""
        if self.age_s is None:
            return f"witness {self.name} has not cosigned yet"
        return f"witness {self.name} cosigned {self.size} entries {self.age_s // 60} min ago ({self.behind} behind)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A time-stamp on a checkpoint: how many entries it covers, when (UTC, ISO 8601), by whom, under which serial number."""

    size: int
    time: str
    authority: str
    serial: str

    def told(self) -> str:
        """A few words for a person."""
        return f"{self.size} entries time-stamped {self.time} by {self.authority}"


FindingKind = Literal["orphan_intent", "outcome_without_intent", "clock_set_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that does not hold. `first` and `last` number the entries it concerns, where it concerns entries."""

    kind: ProblemKind
    message: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something true of an intact ledger that a person should look at."""

    kind: FindingKind
    message: str
    index: int
    event: str
    request: str | None
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of `verify`.

    `entries` were read; `size` and `root` (hex) are what the signed head says, None where there is no valid head. `outside` is the
    size that the checkpoint outside the database knows. `pruned` lines have only their hash left.
    """

    verdict: Verdict
    entries: int
    size: int | None
    root: str | None
    origin: str | None
    outside: int | None
    pruned: int
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    witnesses: tuple[Standing, ...] = ()
    stamps: tuple[Stamped, ...] = ()
    behind: int = 0
    """Newest entries that the search index lacks yet, as it may: searches make up for them from the lines."""

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return self.verdict == "intact"

    @property
    def first_bad(self) -> int | None:
        """Number of the first entry that a problem concerns."""
        return min((problem.first for problem in self.problems if problem.first is not None), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "first_bad": self.first_bad}

    def summary(self) -> str:
        """One line for a person."""
        if self.ok:
            findings = f", {len(self.findings)} findings" if self.findings else ""
            late = [f"the search index is {self.behind} entries behind and catches up at the next start"] if self.behind else []
            told = late + [found.told() for found in self.witnesses] + [found.told() for found in self.stamps[-1:]]
            seen = "".join(f"; {words}" for words in told)
            return f"intact: {self.entries} entries hash to the signed checkpoint{findings}{seen}"
        return f"{self.verdict}: " + "; ".join(problem.message for problem in self.problems[:3])
