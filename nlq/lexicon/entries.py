"""What words can mean, and what the parser knows of metrics and dimensions: a thin, frozen extract of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from governance.documents.metrics import Dimension, Metric, SemanticModel
from governance.terms import Comparison, Filter, Grain, Text, Value
from nlq.events import Rows


class Definition(Protocol):
    """What is known of a metric beside its document."""

    @property
    def monthly(self) -> bool: ...

    @property
    def person(self) -> str | None: ...


class Catalogue(Protocol):
    """What the language engine needs of the metrics layer."""

    @property
    def metrics(self) -> Mapping[str, Metric]: ...

    @property
    def dimensions(self) -> Mapping[str, Dimension]: ...

    @property
    def models(self) -> Mapping[str, SemanticModel]: ...

    @property
    def definitions(self) -> Mapping[str, Any]: ...

    @property
    def person_dimensions(self) -> frozenset[str]: ...

    def dimensions_for(self, metric: str, /) -> tuple[str, ...]: ...

    def tags_of(self, metric: str, /) -> frozenset[str]: ...

    def values(self, dimension: str, /) -> tuple[Value, ...]: ...


MeaningKind = Literal["metric", "dimension", "value", "term", "noun", "bound", "cue"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a word can mean. `id` is a metric, a dimension, a term, a noun's number, or a cue's kind letter; `value` a member or a cue's value.

    `rank` orders meanings of the same words: 0 a label or a declared word, 1 a synonym, 2 made by rule, 3 a part of a name.
    """

    kind: MeaningKind
    id: str
    value: Any = None
    rank: int = 0
    open: bool = False
    """A member taken from the warehouse, not from the bundle: recognised only for those who may know it."""
    short: bool = False
    """A member called by less than its name (`nlq.lexicon.short_names`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """What matters of a metric for reading a sentence."""

    id: str
    label: Text
    format: str
    tags: frozenset[str]
    dimensions: frozenset[str]
    monthly: bool
    ratio: bool
    counts: str | None
    """The entity whose distinct members it counts."""
    default_kind: str
    default_n: int | None
    default_unit: Grain | None
    lower_is_better: bool
    state: bool
    numerator: str | None = None
    """The metrics of which it is a ratio, where the bundle names them."""
    denominator: str | None = None
    rows: Rows | None = None
    """The rows it counts, where it does no more than that."""
    planned: bool = False
    """A ratio to a plan or a target."""
    running: bool = False
    """A running total: over the year to date, over the last n months."""
    single: str | None = None
    """A dimension of which exactly one member must be meant."""
    unit: str = ""
    definition: str = ""
    names: str = ""
    """Its English names, normalised: a verb made of one of their words (doctors wait) is no word of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionInfo:
    """What matters of a dimension."""

    id: str
    label: Text
    identifies: str | None
    person: bool
    about_person: bool
    """An attribute or the identity of a person (a doctor, an employee)."""
    type: str
    values: Mapping[Value, Text]
    """The bundle's own members and their labels, in order."""
    members: tuple[Value, ...]
    """Members to choose from, the warehouse's own included; cut where there are many."""
    within: frozenset[str]
    yes: Value | None = None
    no: Value | None = None
    part: str | None = None
    synonyms: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    """The names of the tables that carry it, normalised: 车辆, vehicles."""

    own: bool = False
    """Whether it says which row of its table: 影片 of the table 影片, not 题材."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermInfo:
    """A business term: what it filters and who knows it."""

    id: str
    label: Text
    filters: tuple[Filter, ...]
    roles: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class NounInfo:
    """A noun of the field that restricts nothing; asked alone it asks back."""

    metrics: tuple[str, ...]
    ask: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundInfo:
    """A condition that has a name: 达标 is an attainment of at least 1."""

    metric: str
    op: Comparison
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousInfo:
    """Words declared to mean several metrics."""

    metrics: tuple[str, ...]
    ask: Text | None = None
