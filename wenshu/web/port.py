"""What the web service needs of the house: one facade, `wenshu.service.Service`, and the shapes that it hands over.

Words inside these dicts are plain `str` in the asked language, or `Text` / `{"zh": …, "en": …}`: `wenshu.web.language.say` takes either.
Times are ISO 8601 with an offset, or aware datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, Protocol, TypedDict

from governance.terms import Actor, Language, Text
from wenshu.accounts import Accounts

Words = str | Text | Mapping[str, str]
JSON = Mapping[str, Any]


class AnswerLike(Protocol):
    """An answer of any of the four statuses."""

    def to_json(self) -> dict[str, Any]:
        """Return contracts.md section 3's document."""
        ...


class Purpose(TypedDict):
    """A purpose that the caller may state; exactly one is the default."""

    id: str
    label: Words
    default: bool


class Choice(TypedDict):
    """A dimension that a metric may be asked by."""

    id: str
    label: Words


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


class ServicePort(Protocol):
    """The only way from the web to anything else. Implemented by `wenshu.service.Service` and by the fake in the tests."""

    @property
    def accounts(self) -> Accounts: ...

    def ask(
        self,
        actor: Actor,
        question: str,
        *,
        purpose: str | None = None,
        conversation: str | None = None,
        language: Language | None = None,
        session: str | None = None,
    ) -> AnswerLike: ...

    def query(
        self,
        actor: Actor,
        query: Mapping[str, object],
        *,
        purpose: str | None = None,
        language: Language = "zh",
        session: str | None = None,
    ) -> AnswerLike: ...

    def purposes(self, actor: Actor) -> Sequence[JSON]: ...
    def metric_cards(self, actor: Actor) -> Sequence[JSON]: ...
    def examples(self, actor: Actor, language: Language) -> Sequence[str]: ...
    def complete(self, actor: Actor, text: str, language: Language) -> Sequence[JSON]: ...
    def conversations(self, actor: Actor) -> Sequence[JSON]: ...
    def conversation(self, actor: Actor, id: str) -> Sequence[JSON]: ...  # noqa: A002 - the interface's own word

    def audit_events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> JSON: ...
    def audit_event(self, actor: Actor, event_id: str) -> JSON: ...
    def audit_proof(self, actor: Actor, event_id: str) -> JSON: ...
    def audit_verify(self, actor: Actor) -> JSON: ...
    def audit_checkpoint(self) -> str: ...
    def integrity(self) -> JSON: ...

    def bundle_view(self, actor: Actor) -> JSON: ...
    def health(self) -> JSON: ...
    def ready(self) -> JSON: ...
