"""The nouns of the house. Frozen, without behaviour beyond telling themselves; every room knows them, none owns them.

The order of the types is the order of a question's way: `MetricQuery` → `Grant` → (plan) → `Measured` → `Disclosed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
Comparison = Literal["<", "<=", ">", ">=", "=", "!="]
Language = Literal["zh", "en"]
Value = str | int
Cell = str | int | float | None

UNKNOWN = "未知"
"""The visible group into which NULL and unmatched keys fall; a dimension's own value as far as a query is concerned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words in the two languages of the product."""

    zh: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


# --------------------------------------------------------------------------- the question, once understood


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """A half-open range of local dates: `start` is in, `end` is not. `start < end` always."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            message = f"a period must start before it ends: {self.start} … {self.end}"
            raise ValueError(message)

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`where`: keep (`in`) or drop (`not_in`) rows by a dimension's values. NULL is the value `UNKNOWN`."""

    dimension: str
    op: Literal["in", "not_in"]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Having:
    """A threshold on an answer's metric column (`m`, `m__change`, `m__growth`, `m__share`)."""

    metric: str
    op: Comparison
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Order by a metric column, a dimension or `period`; ties break by dimension value, nulls last."""

    by: str
    direction: Literal["asc", "desc"] = "desc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Show only these rows, after share, compare and order."""

    dimension: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCompare:
    """Compare each member of `dimension` with the one member `base`."""

    dimension: str
    base: Value


Compare = Literal["previous_period", "previous_year"] | Period | MemberCompare


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """A question once understood: approved names and bound values, never SQL (contracts.md section 2)."""

    metrics: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    grain: Grain | None = None
    period: Period | None = None
    where: tuple[Filter, ...] = ()
    having: tuple[Having, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    compare: Compare | None = None
    share: bool = False
    keep: tuple[Keep, ...] = ()

    def named_dimensions(self) -> tuple[str, ...]:
        """Every dimension that the query mentions, in order of mention, each once."""
        if not self.where and not self.keep and self.compare is None and len(self.group_by) < 2:
            return self.group_by
        names = [*self.group_by, *(f.dimension for f in self.where), *(k.dimension for k in self.keep)]
        if isinstance(self.compare, MemberCompare):
            names.append(self.compare.dimension)
        return tuple(dict.fromkeys(names))


# --------------------------------------------------------------------------- who asks, and what they were granted


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryGrant:
    """What one person may ask beside the role for some days: metrics, alone or by the dimensions, for one purpose. `until` itself is excluded.

    It counts only while the person has `role`. `kind`: approved by the committee, or taken in an emergency and reviewed afterwards.
    """

    id: int
    role: str
    purpose: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    since: date
    until: date
    kind: Literal["approved", "break_glass"] = "approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. `attributes` are what row scopes may refer to, such as `region` or `rep` (a pseudonym); `grants` what the person may ask beside the role."""

    id: str
    role: str
    department: str
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    via: Literal["session", "token", "local_admin"] = "session"
    grants: tuple[TemporaryGrant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionScope:
    """A row predicate: the fact's entity must have one of `values` in `dimension`. NULL never matches; no values, no rows."""

    dimension: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkScope:
    """A row predicate: `entity` must be linked, on the asked day, to one of `keys` of `to_entity` through the link table `model`.

    `model` is a semantic model with both entities as foreign keys and a validity window (`dim_assignment`: whose own doctor).
    """

    model: str
    entity: str
    to_entity: str
    keys: tuple[str, ...]
    on: date


RowScope = DimensionScope | LinkScope


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumGroup:
    """Cells of fewer than `k` distinct members of `entity` are hidden; `k` 0 or 1 hides nothing."""

    entity: str
    k: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A dimension that was asked for and is told by a coarser one; `told` says so, `rule` is the first that wants it."""

    dimension: str
    to: str
    rule: str
    told: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The permission to run exactly this query: only `governance.access` makes one, only a Grant can be planned.

    `scopes` are ANDed to every row that carries the entity or dimension; `employee_scopes` apply where a representative's own dimensions
    are used. `consent_purpose` names the purpose whose withdrawals leave the person out of every row, or None for metrics
    that ignore consent. `max_rows` and `timeout_s` bound the statement. `query` is the one that may run: what is masked is asked by the coarser dimension in it.
    `export` and `model_egress` say whether the answer may leave as a file and whether the question may go to the language model; `kept_in` names the rules
    that forbid the file.
    """

    actor: Actor
    purpose: str
    query: MetricQuery
    today: date
    scopes: tuple[RowScope, ...]
    minimum_group: MinimumGroup
    consent_purpose: str | None
    rules: tuple[str, ...]
    obligations: tuple[Text, ...]
    policy_version: str
    max_rows: int = 100_000
    timeout_s: float = 30.0
    masks: tuple[Masked, ...] = ()
    export: bool = False
    model_egress: bool = False
    kept_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A question that ends without data. `code` is one of contracts.md section 3; `you_may` are things to ask instead."""

    code: str
    message: Text
    rule: str
    you_may: tuple[Text, ...] = ()


# --------------------------------------------------------------------------- numbers, measured and disclosed


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an answer. `kind` dimension, period or metric; `metric` is the metric id that a metric column belongs to."""

    name: str
    label: Text
    kind: Literal["dimension", "period", "metric"]
    unit: Text | None = None
    format: str = "text"
    protection: Literal["exact", "rounded", "noisy"] = "exact"
    metric: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the answer must say: an assumption, a clipped period, rows in the unknown group, a definition's caveat."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRows:
    """How many rows of one fact one side of a metric rests on, so that an answer reconciles with the fact table.

    `side`: `value`, `numerator`, `denominator`, `input`, of an exposure comparison also `exposure` and the two sides of `all_`. `of`: the asked period or the compared one.
    `rows`: each fact row once; where the rows of the answer in time rest on the same fact rows (states, rolling windows), `last` is set and only the last of them is counted.
    `unmatched`: for each joined entity, by its way (`hcp`, `hcp.hospital`), how many of the rows found no match and stand in the unknown group; `unknown`: for each dimension of the
    answer how many stand in its unknown group, for whatever reason. None: not told. `persons`: the fewest distinct persons that are surely behind the unmatched rows of a way
    (None where the fact carries none), which only disclosure control reads.
    """

    metric: str
    side: str
    of: Literal["asked", "compared"]
    table: str
    label: Text
    rows: int | None
    last: bool = False
    unmatched: Mapping[str, int | None] = field(default_factory=dict)
    labels: Mapping[str, Text] = field(default_factory=dict)
    unknown: Mapping[str, int | None] = field(default_factory=dict)
    persons: Mapping[str, int | None] = field(default_factory=dict)
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """The table as measured, all groups, before disclosure and before having, order, rank, keep and limit.

    `rows[i][j]` belongs to `columns[j]`. `contributors[i][name]` is the number of distinct persons behind the metric cell `name` of row i (the
    smallest arm where a comparison has two), or None where the fact carries no person. `periods` are the ones used (asked, base).
    `statements` is the SQL as run, with its parameters left as placeholders; `facts` are the row counts that reconcile.
    """

    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    contributors: list[dict[str, int | None]]
    period: Period | None
    base_period: Period | None = None
    notes: tuple[Note, ...] = ()
    statements: tuple[str, ...] = ()
    facts: tuple[FactRows, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenCell:
    """A suppressed cell: its row in the answer, its column and why (`small_group` or `complementary`)."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Disclosed:
    """The only table that may be told: hidden cells are None and listed; `hidden_groups` were left out by a limit."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    hidden: tuple[HiddenCell, ...]
    period: Period | None
    base_period: Period | None
    notes: tuple[Note, ...]
    minimum_group: MinimumGroup
    hidden_groups: int = 0
    total_groups: int = 0
    statements: tuple[str, ...] = ()
    facts: tuple[FactRows, ...] = ()
