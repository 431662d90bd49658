"""The shapes of the HTTP interface, from which OpenAPI is generated. Requests are strict; answers may gain members, never lose them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_QUESTION = 2000


class Request(BaseModel):
    """Unknown members are errors: a misspelt `purpose` must not be silently ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class AskRequest(Request):
    """A question in Chinese or English."""

    question: Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
    purpose: str | None = None
    conversation: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    case: Annotated[str, Field(max_length=40)] | None = None


class QueryRequest(Request):
    """A MetricQuery (contracts.md section 2), no language involved."""

    query: dict[str, Any]
    purpose: str | None = None
    case: Annotated[str, Field(max_length=40)] | None = None


class Response(BaseModel):
    """What the service hands back."""

    model_config = ConfigDict(extra="allow")


class ColumnModel(Response):
    """A column of the table; `null` in `unit` where the label says all."""

    name: str
    label: str
    kind: Literal["dimension", "period", "metric"]
    unit: str | None
    format: str
    protection: Literal["exact", "rounded", "noisy"]


class SuppressedModel(Response):
    """A hidden cell: the value in `rows` is null."""

    row: int
    column: str
    reason: str


class OptionModel(Response):
    """One reading of an ambiguous question."""

    label: str
    query: dict[str, Any]


class ClarifyModel(Response):
    """A question back."""

    ask: str
    options: list[OptionModel]


class RefusalModel(Response):
    """Why there is no data, and what may be asked instead."""

    code: str
    message: str
    rule: str
    you_may: list[str]


class UsedMetric(Response):
    """A definition that produced the numbers."""

    id: str
    definition: str
    owner: str
    version: str


class FactRowsModel(Response):
    """How many rows of one fact one side of a metric rests on (`of` the asked or the compared period), how many of them found no match by the joined entity, and how many stand in the
    unknown group by dimension. null: not told, since it would give away what is protected. `last`: only the last row in time is counted.
    """

    metric: str
    side: str
    of: Literal["asked", "compared"]
    fact: str
    table: str
    rows: int | None
    last: bool
    unmatched: dict[str, int | None]
    unknown: dict[str, int | None]


class ExplanationModel(Response):
    """What was understood, taken, left out and applied."""

    summary: str
    metrics: list[UsedMetric]
    period: str | None
    filters: list[str]
    policy: list[str]
    assumptions: list[str]
    rows: list[FactRowsModel] = []


class ReceiptModel(Response):
    """The ledger's proof of this answer: event id, number, signed checkpoint."""

    event: str
    index: int
    checkpoint: str


class AnswerModel(Response):
    """Contracts.md section 3. `status` says which of `rows`, `clarify` and `refusal` matters."""

    status: Literal["answered", "clarify", "refused", "not_understood"]
    query: dict[str, Any] | None
    columns: list[ColumnModel]
    rows: list[list[str | int | float | None]]
    suppressed: list[SuppressedModel]
    clarify: ClarifyModel | None
    refusal: RefusalModel | None
    explanation: ExplanationModel | None
    chart: dict[str, Any] | None
    suggestions: list[str]
    receipt: ReceiptModel | None
    data_as_of: str | None
    data_version: str | None
    timings_ms: dict[str, float]


class PurposeModel(Response):
    """A purpose that the caller may state."""

    id: str
    label: str
    default: bool


class MeModel(Response):
    """Who the service takes the caller for."""

    id: str
    name: str
    role: str
    department: str
    attributes: dict[str, str]
    purposes: list[PurposeModel]


class DimensionModel(Response):
    """A dimension that a metric may be asked by."""

    id: str
    label: str


class MetricModel(Response):
    """A metric that the caller may use."""

    id: str
    label: str
    definition: str
    stage: str
    synonyms: list[str]
    unit: str | None
    owner: str
    approver: str
    approved_on: str
    version: str
    dimensions: list[DimensionModel]
    caveat: str | None
    examples: list[str]


class MetricsModel(Response):
    """The caller's catalogue."""

    metrics: list[MetricModel]


class EventModel(Response):
    """A ledger event (contracts.md section 6)."""

    id: str
    index: int
    time: str
    type: str


class EventsModel(Response):
    """One page of events, newest first; `next` is the cursor of the following page."""

    events: list[EventModel]
    next: str | None
    total: int


class ProofModel(Response):
    """That an event is in the ledger: its number and leaf hash, the RFC 6962 path (hex, lowest first), the signed checkpoint."""

    index: int
    leaf: str
    path: list[str]
    checkpoint: str


class CheckpointModel(Response):
    """The newest signed checkpoint (a C2SP signed note)."""

    checkpoint: str


class HealthModel(Response):
    """The process is alive."""

    status: str


class ReadyModel(Response):
    """Whether the service can answer now; each part is `ok` or says why not."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str]


class ProblemModel(Response):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
