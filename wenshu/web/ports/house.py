"""What the web service needs of the house: one facade, `wenshu.service.Service`, and the shapes that it hands over.

Words inside these dicts are plain `str` in the asked language, or `Text` / `{"zh": …, "en": …}`: `wenshu.web.language.say` takes either.
Times are ISO 8601 with an offset, or aware datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, Protocol, TypedDict

from governance.terms import Actor, Language
from nlq.answers.display import DisplayTable
from wenshu.accounts import Accounts
from wenshu.handing_on import Handed
from wenshu.web.ports.committee import CommitteePort
from wenshu.web.ports.review import DeskPort
from wenshu.web.ports.rooms import (
    AnswerFilesPort,
    GrantsPort,
    InboxPort,
    PersonsPort,
    ReviewsPort,
    StewardshipPort,
    SubjectsPort,
)
from wenshu.web.ports.shapes import JSON, AnswerLike, Words


class Purpose(TypedDict):
    """A purpose that the caller may state; exactly one is the default."""

    id: str
    label: Words
    default: bool


class Member(TypedDict):
    """A value of a dimension as it stands in the warehouse, and how it is called."""

    value: str | int
    label: Words


class Choice(TypedDict):
    """A dimension that a metric may be asked by; `values` where the list is closed, short and the caller may see all of it."""

    id: str
    label: Words
    values: NotRequired[Sequence[Member]]


class MetricCard(TypedDict):
    """A metric that the caller may use, with everything that makes its number trustworthy."""

    id: str
    label: Words
    definition: Words
    stage: str
    stage_label: NotRequired[Words]
    synonyms: Sequence[str]
    unit: Words | None
    owner: str
    approver: str
    owner_label: NotRequired[Words]
    approver_label: NotRequired[Words]
    approved_on: str
    version: str
    dimensions: Sequence[Choice | str]
    caveat: Words | None
    examples: Sequence[str]


class Completion(TypedDict):
    """One thing that can be typed next, and what it is."""

    text: str
    kind: Literal["metric", "dimension", "value"]
    label: Words
    description: Words


class ConversationSummary(TypedDict):
    """A past conversation of the caller's."""

    id: str
    title: str
    updated_at: str
    turns: int


class Turn(TypedDict):
    """A past question (screened) and the answer that was given then."""

    question: str
    answer: dict[str, Any]
    asked_at: str


class Page(TypedDict):
    """A page of ledger events, newest first, with the key of the next; `facets` counts values of the whole filter where known."""

    events: list[dict[str, Any]]
    next: str | None
    total: int
    facets: NotRequired[Mapping[str, Mapping[str, int]]]


class Integrity(TypedDict):
    """Whether the ledger is whole: verified up to (exclusive) `verified_size` at `verified_at`; `problem` names the first bad entry."""

    ok: bool | None
    size: int
    verified_size: int
    verified_at: str | None
    orphan_intents: int
    problem: NotRequired[str | None]


class RuleView(TypedDict):
    """An access rule in words: what it allows or denies, why, and where it comes from."""

    id: str
    effect: Literal["allow", "deny"]
    text: Words
    reason: Words
    source: NotRequired[str | None]


class RoleView(TypedDict):
    """A role with everything that speaks about it; `minimum_group` in words."""

    id: str
    label: Words
    department: str
    purposes: Sequence[Words]
    minimum_group: Words | None
    rules: Sequence[RuleView]


class DimensionView(TypedDict):
    """A dimension with the values that are declared; `open`: the warehouse's own count as well."""

    id: str
    label: Words
    values: Sequence[Words]
    open: bool
    tags: Sequence[str]


class ExtractView(TypedDict):
    """A mapping of one raw file: where it goes, and its columns with their class."""

    file: str
    label: NotRequired[Words]
    into: NotRequired[str]
    columns: NotRequired[Sequence[Mapping[str, str]]]


class FileView(TypedDict):
    """A file of the bundle and its SHA-256."""

    path: str
    sha256: str


class BundleView(TypedDict):
    """The bundle in force, for people; `version` is its content hash, `settings` are pairs of name and value."""

    name: str
    title: Words
    version: str
    settings: Sequence[tuple[Words, Words]]
    roles: Sequence[RoleView]
    metrics: Sequence[MetricCard]
    dimensions: Sequence[DimensionView]
    extracts: Sequence[ExtractView]
    files: Sequence[FileView]


class Proof(TypedDict):
    """RFC 6962 inclusion as `audit.proofs.InclusionProof.to_dict()`: `leaf` and `path` in hex, `checkpoint` a C2SP signed note."""

    index: int
    line: str
    leaf: str
    path: Sequence[str]
    checkpoint: str


class Verified(TypedDict):
    """What a verification of the whole ledger found, as `audit.report.Report.to_dict()`."""

    verdict: Literal["intact", "tampered", "unavailable"]
    entries: int
    problems: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]


class ServicePort(Protocol):
    """The only way from the web to anything else. Implemented by `wenshu.service.Service` and by the fake in the tests."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def desk(self) -> DeskPort: ...
    @property
    def committee(self) -> CommitteePort: ...
    @property
    def grants(self) -> GrantsPort: ...
    @property
    def reviews(self) -> ReviewsPort: ...

    @property
    def answer_files(self) -> AnswerFilesPort: ...
    @property
    def stewardship(self) -> StewardshipPort: ...
    @property
    def inbox(self) -> InboxPort: ...
    @property
    def persons(self) -> PersonsPort: ...
    @property
    def subjects(self) -> SubjectsPort: ...

    def ask(
        self,
        actor: Actor,
        question: str,
        *,
        purpose: str | None = None,
        conversation: str | None = None,
        language: Language | None = None,
        session: str | None = None,
        surface: str = "api",
        case: str | None = None,
    ) -> AnswerLike: ...

    def query(
        self,
        actor: Actor,
        query: Mapping[str, object],
        *,
        purpose: str | None = None,
        conversation: str | None = None,
        language: Language = "zh",
        session: str | None = None,
        surface: str = "api",
        case: str | None = None,
    ) -> AnswerLike: ...

    def pages(self, actor: Actor) -> Sequence[str]:
        """Pages beyond the chat and the catalogue that the role may open: `review`, `committee` (the bundle says)."""
        ...

    def display(self, answer: Any) -> DisplayTable:
        """Return an answer's table as people read it."""
        ...

    def purposes(self, actor: Actor) -> Sequence[JSON]: ...
    def metric_cards(self, actor: Actor) -> Sequence[JSON]: ...
    def examples(self, actor: Actor, language: Language) -> Sequence[str]: ...
    def complete(self, actor: Actor, text: str, language: Language) -> Sequence[JSON]: ...
    def conversations(self, actor: Actor) -> Sequence[JSON]: ...
    def conversation(self, actor: Actor, id: str) -> Sequence[JSON]:  # noqa: A002 - the interface's own word
        """Return the turns of one of the caller's own conversations; UnknownConversation for any other."""
        ...

    def audit_events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> JSON: ...
    def audit_event(self, actor: Actor, event_id: str) -> JSON:
        """Return `{event, related}`: the event and the others of its request."""
        ...

    def audit_proof(self, actor: Actor, event_id: str) -> JSON: ...
    def audit_verify(self, actor: Actor) -> JSON: ...
    def audit_checkpoint(self) -> str: ...
    def integrity(self) -> JSON: ...

    def hand_on(self, actor: Actor, code: str, message: str) -> Handed:
        """Hand a message on to the contact of a refusal's code; InvalidQuery where there is none or the message can't be taken."""
        ...

    def record_sign_in(self, user: str, outcome: str) -> None:
        """Record a sign-in, a sign-out or a turned-away attempt, durably, before the answer."""
        ...

    def bundle_view(self, actor: Actor) -> JSON: ...
    def health(self) -> JSON: ...
    def ready(self) -> JSON:
        """Return `{ready, parts}`; each part is `ok` or says what is wrong with it."""
        ...
