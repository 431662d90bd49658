"""The metrics layer's documents (`metrics/*.yaml`): semantic models, conformed dimensions, governed metric definitions.

The vocabulary is MetricFlow's (entities, dimensions, measures; simple, ratio, derived, cumulative, conversion) with what governance needs
beside it. Conditions are typed trees over columns, never SQL text.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field

from governance.documents.base import Also, Document, Label, Name, Synonyms

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
Scalar = str | int | float | bool | dt.date


# ------------------------------------------------------------------ semantic models: what the tables are


class Entity(Document):
    """A thing that rows are about. Joins go from `foreign` to `primary` of the same name only, so that they can't multiply rows."""

    name: Name
    role: Literal["primary", "foreign"]
    column: str
    person: bool = False
    """Whether the entity is a protected person: groups are counted in distinct members of it."""
    employee: bool = False
    """Whether the entity is one of the own staff: its attributes are about a person too, but groups are not counted in it."""


class TimeColumn(Document):
    """When a row happened. `month` columns hold a month's first day and can't be cut finer."""

    column: str
    unit: Literal["timestamp", "date", "month"]


class Validity(Document):
    """A row holds from `start` (inclusive) until `end` (exclusive; NULL: still)."""

    start: str
    end: str


class NarrowerConsents(Document):
    """Consents for single values of one dimension: another table, with the columns of the consents and one named like the dimension."""

    dimension: Name
    table: str


class SemanticModel(Document):
    """One table: its entities, its time, from when to when its rows hold, and whether it keeps consents."""

    name: Name
    table: str
    source: Literal["warehouse", "ledger"] = "warehouse"
    entities: tuple[Entity, ...] = ()
    time: TimeColumn | None = None
    validity: Validity | None = None
    label: Label | None = None
    consent: bool = False
    """Whether this table holds the consent rows: entity, `purpose`, `granted_at`, `withdrawn_at`, `effective_at`."""
    narrower: NarrowerConsents | None = None
    """Where consents for single values (of a channel) stand. A warehouse made before there were any may lack that table."""
    complete_days: bool = False
    """Whether only days before today count, because today's rows are still being written."""


# ------------------------------------------------------------------ dimensions: by what one may ask


class DimensionValue(Document):
    """A value as it stands in the warehouse, its labels, and the ways people say it."""

    value: str | int
    label: Label | None = None
    synonyms: Also = Synonyms()
    rank: int | None = None
    """The order of ordinal values (stages), lowest first."""


class Source(Document):
    """Where a model carries the dimension: a column, or a part of its time (`weekday` 1–7 from Monday, `hour` 0–23)."""

    model: Name
    column: str
    part: Literal["weekday", "hour"] | None = None


class Derived(Document):
    """A dimension computed from another one's values; values not in `map` become `otherwise`."""

    dimension: Name
    map: dict[str, str]
    otherwise: str | None = None


class Dimension(Document):
    """A conformed dimension. `values` closes the list unless `open` says that the warehouse's own values count as well."""

    id: Name
    label: Label
    synonyms: Also = Synonyms()
    sources: tuple[Source, ...] = ()
    derived: Derived | None = None
    type: Literal["text", "integer", "boolean"] = "text"
    values: tuple[DimensionValue, ...] = ()
    open: bool = False
    translate: dict[str, str | int] = {}
    """Stored value → the dimension's value, where they differ (`"true": 是`)."""
    within: tuple[Name, ...] = ()
    """The coarser dimensions that a value of this one lies in (city: province, region)."""
    tags: frozenset[str] = frozenset()
    """`person` and `employee` mark identifying dimensions; others are the committee's."""
    identifies: Name | None = None
    """The entity whose members the values are (hcp, rep); such values are pseudonyms and are never guessed from words."""
    description: Label | None = None
    scope_only: bool = False
    """Whether only row scopes of access rules may use it (the representative's own region); nobody can ask by it."""


# ------------------------------------------------------------------ measures: what can be counted


class Condition(Document):
    """A typed condition on a column of the measure's model. NULL satisfies only `null: true`; a NULL flag is false."""

    column: str | None = None
    dimension: Name | None = None
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = None
    at_least: Scalar | None = None
    at_most: Scalar | None = None
    above: Scalar | None = None
    below: Scalar | None = None
    null: bool | None = None
    any_of: tuple[Condition, ...] | None = None
    all_of: tuple[Condition, ...] | None = None


class Qualification(Document):
    """A distinct member counts only if, among the rows looked at, one of these holds for it."""

    rows_at_least: int | None = None
    distinct: str | None = None
    distinct_dimension: Name | None = None
    distinct_at_least: int | None = None
    any_row: Condition | None = None
    where: tuple[Condition, ...] = ()


class Measure(Document):
    """One aggregate over one model.

    `count` rows; `sum` of a column (times `scale`); `average` is not offered: write a ratio; `distinct` members of an entity, with `first` only by
    their first row ever that satisfies `where`, with `qualify` only those that satisfy one of the qualifications; `members` counts an entity's own table, whatever the period.
    `state` counts entities by their latest row before each row's end, `moved` those whose rank rose between start and end, `started` those with a rank at the start.
    `in_force` counts entities with a row of the model that is valid (`validity`) at each row's end.
    """

    model: Name
    agg: Literal["count", "sum", "distinct", "members", "state", "moved", "started", "in_force"]
    column: str | None = None
    scale: float = 1.0
    divisor: Annotated[int, Field(ge=1)] = 1
    """For sums: the sum is divided by it (60: seconds told in minutes)."""
    entity: Name | None = None
    where: tuple[Condition, ...] = ()
    first: bool = False
    qualify: tuple[Qualification, ...] = ()
    partition: Name | None = None
    """For states: the dimension along which an entity has several states (product)."""
    rank: str | None = None
    """For states: the column with the ordinal."""
    via: Name | None = None
    """For `distinct`: count the distinct values of this foreign entity of the joined `entity` (hospitals of reached doctors)."""


class Shifted(Document):
    """A metric or a measure as it was before: its windows lie so many whole months, or so many days, further back."""

    of: Name | Measure
    months: Annotated[int, Field(ge=1)] | None = None
    days: Annotated[int, Field(ge=1)] | None = None


# ------------------------------------------------------------------ metrics: what was approved


class GoldenQuestion(Document):
    """A question in words and the query that it must be read as.

    `lang` says which language's question it is, where its script does not: one with a Chinese character is Chinese, any other English.
    """

    ask: str
    query: dict[str, object]
    lang: Literal["zh", "en"] | None = None

    @property
    def language(self) -> Literal["zh", "en"]:
        return self.lang or ("zh" if _HAN.search(self.ask) else "en")


class DefaultPeriod(Document):
    """What an absent period means: `last` n units, the last complete month, the last mature month, or all that is loaded."""

    kind: Literal["last_units", "last_complete_month", "last_mature_month", "all"] = "last_complete_month"
    n: int | None = None
    unit: Literal["day", "week", "month", "quarter", "year"] | None = None


class PastVersion(Document):
    """An earlier version of the definition, kept so that answers over its time can say so."""

    version: str
    effective_from: dt.date
    definition: Label


class Metric(Document):
    """A governed definition: who owns and approved it, since when, what exactly it counts, and how it may be asked."""

    id: Name
    stage: Name
    label: Label
    synonyms: Also = Synonyms()
    definition: Label
    kind: Literal["simple", "distinct", "ratio", "derived", "cumulative", "conversion", "semi_additive", "experiment"]
    measure: Measure | None = None
    numerator: Name | Measure | None = None
    denominator: Name | Measure | None = None
    inputs: dict[Name, Name | Measure | Shifted] = {}
    """For derived metrics: what the names in `expression` stand for."""
    expression: str | None = None
    """For derived metrics: names of `inputs`, numbers, `+ - * /` and parentheses; any division by zero is null."""
    exposure: Measure | None = None
    """For exposure comparisons: the rows that make a person exposed."""
    shared_slice: bool = False
    """For ratios over a population: dimensions that the denominator lacks restrict only the numerator (各渠道触达率 against all targets)."""
    parameters: dict[str, str | int | float] = {}
    """Settings of the cumulative, conversion and experiment kinds; see docs/reference/bundle.md."""
    dimensions: tuple[Name, ...] | None = None
    """The only dimensions it may be asked by; None: all that its models soundly offer."""
    forbid_dimensions: tuple[Name, ...] = ()
    forbid_group_by: tuple[Name, ...] = ()
    """Dimensions that may filter but not group it (a doctor reached by several channels belongs to no single one)."""
    grain: bool = True
    unit: Label | None = None
    format: Literal["integer", "decimal", "percent", "currency", "duration_s", "points"] = "integer"
    direction: Literal["higher_is_better", "lower_is_better", "neutral"] = "higher_is_better"
    sensitivity: Literal["normal", "sensitive"] = "normal"
    tags: frozenset[str] = frozenset()
    """`prescribing` marks measures of what is prescribed or sold; code forbids them by doctor and by representative."""
    ignores_consent: bool = False
    default_period: DefaultPeriod = DefaultPeriod()
    owner: Label
    approver: Label
    approved_on: dt.date
    version: str
    effective_from: dt.date
    past_versions: tuple[PastVersion, ...] = ()
    retired_on: dt.date | None = None
    """From this day on nobody can ask it; whoever does is told its successor."""
    successor: Name | None = None
    caveat: Label | None = None
    """Something that every answer of this metric must say (`not incremental`)."""
    golden: tuple[GoldenQuestion, ...] = ()


class MetricsDocument(Document):
    """One file under `metrics/`: any of the three lists."""

    models: tuple[SemanticModel, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    metrics: tuple[Metric, ...] = ()


Condition.model_rebuild()
