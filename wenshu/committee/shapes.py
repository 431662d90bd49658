"""What the committee's room hands over: plain JSON shapes, texts in both languages, times in ISO 8601 with an offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

Words = Mapping[str, str]
"""`{"zh": …, "en": …}`."""

Direction = Literal["loosens", "tightens", "mixed", "neutral"]


class ProblemView(TypedDict):
    """One thing wrong (or doubtful) with a bundle: `where` is `file:line`; `text` is the message in both languages."""

    where: str
    message: str
    text: Words


class Validation(TypedDict):
    """`ok`: no problems. `warnings` are told and don't stop anything."""

    ok: bool
    problems: Sequence[ProblemView]
    warnings: Sequence[ProblemView]


class ChangeView(TypedDict):
    """One difference in words. `what`: rule, role, purpose, metric, dimension, model, lexicon, case, extract, settings, file."""

    change: Literal["added", "removed", "changed"]
    what: str
    id: str
    text: Words
    details: Sequence[Words]
    direction: Direction


class DiffView(TypedDict):
    """All differences between two bundles, and what the exhaustive comparison says of the direction."""

    before: str
    after: str
    changes: Sequence[ChangeView]
    direction: Direction
    because: Sequence[Words]
    approvals_needed: int


class CaseResult(TypedDict):
    """One policy case: `why` says what differed from the expectation."""

    id: str
    ok: bool
    why: Sequence[Words]
    where: str
    accept_k: int | None
    """The minimum group that the draft decides, where it is the only difference: what `accept_cases` would write."""


class MutantView(TypedDict):
    """A change of one rule that no case notices."""

    rule: str
    change: str
    text: Words
    where: str
    inherited: NotRequired[bool]
    """The bundle in force has the same gap for the same rule: told, and in nobody's way."""


class CasesView(TypedDict):
    """The cases' verdict. `ok`: all pass and every mutant is noticed. `untested` are the rules with unnoticed mutants."""

    ok: bool
    cases: int
    passed: int
    failures: Sequence[CaseResult]
    mutants: int
    unnoticed: Sequence[MutantView]
    untested: Sequence[str]


class GoldenQuestionView(TypedDict):
    """One golden question. `status`: read, taught, other, refused, invalid (nlq.verified_reading); `read_as` and `approved` are the two queries in words, None where there is none."""

    ask: str
    lang: Literal["zh", "en"]
    passes: bool
    status: str
    read_as: Words | None
    approved: Words | None
    why: Words | None
    query: Mapping[str, Any]


class GoldenMetricView(TypedDict):
    """The golden questions of a metric that a draft changes. `because`: another metric is the reason; `missing`: languages in which one must be added."""

    metric: str
    label: Words
    because: Words | None
    questions: Sequence[GoldenQuestionView]
    missing: Sequence[Words]
    ok: bool


class ApprovalView(TypedDict):
    """One approval; `holds` is false once anything that it signed was changed."""

    by: str
    at: str
    signs: str
    holds: bool


class May(TypedDict):
    """What this caller may do with a draft now; `why_not` says for each act that is not possible what is missing."""

    edit: bool
    submit: bool
    approve: bool
    activate: bool
    withdraw: bool
    why_not: Mapping[str, Words]


class FileView(TypedDict):
    """A file of a draft; `change` against the bundle in force."""

    path: str
    sha256: str
    bytes: int
    change: Literal["same", "added", "changed", "removed"]


class DraftSummary(TypedDict):
    """A line of the list of drafts."""

    id: str
    title: str
    author: str
    authors: Sequence[str]
    state: Literal["draft", "submitted", "activated", "withdrawn"]
    version: str
    base: str
    outdated: bool
    created_at: str
    updated_at: str


class DraftView(DraftSummary):
    """One draft with everything a page shows. `impact` is None until made; `signs` is what an approval would sign now."""

    files: Sequence[FileView]
    validation: Validation
    cases: CasesView | None
    diff: DiffView | None
    golden: Sequence[GoldenMetricView]
    impact: Mapping[str, Any] | None
    impact_fresh: bool
    signs: str | None
    approvals: Sequence[ApprovalView]
    approvals_needed: int | None
    may: May


class ActivationView(TypedDict):
    """One activation of the history. `stands`: in force now; `took_effect` false: it was interrupted and never did."""

    seq: int
    version: str
    previous: str
    draft: str | None
    title: NotRequired[str]
    author: NotRequired[str]
    approved_by: Sequence[str]
    by: str
    kind: Literal["activate", "rollback"]
    at: str
    took_effect: bool
    stands: bool


class HistoryView(TypedDict):
    """What stands now and how it came to. `rollback` is the version that `rollback` would put back in force, or None with `why_not`."""

    in_force: str
    seq: int
    activations: Sequence[ActivationView]
    drafts: Sequence[DraftSummary]
    rollback: str | None
    rollback_why_not: Words | None
    alarm: str | None
