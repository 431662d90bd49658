"""What someone else's definitions say, once read: the same nouns for every format and version of MetricFlow and for Ossie.

Nothing here is judged yet. Expressions and filters are kept as the texts they were written in until `expressions` has read them; no such text
ever reaches a bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from governance.interchange.syntax import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A length of time: `count` units; `unit` in lower case and singular."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntity:
    """A key of a semantic model. `expr` is its column where that differs from the name."""

    name: str
    type: str
    expr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDimension:
    """A dimension of a semantic model: `type` is `categorical` or `time`; `validity` marks the ends of a row that changes over time.

    `data_type` is the column's type where the project states it.
    """

    name: str
    type: str
    expr: str | None = None
    granularity: str | None = None
    partition: bool = False
    validity: bool = False
    label: str | None = None
    data_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMeasure:
    """An aggregate over one semantic model; `time` is the time dimension it is added up by, where that is not the model's own.

    `node` is the expression where it was read already, else `expr` is its text.
    """

    name: str
    model: str
    agg: str
    expr: str | None = None
    time: str | None = None
    semi_additive: bool = False
    node: Node | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceModel:
    """A semantic model. `table` is `schema.table` or `table`, None where it can't be known (`table_why`)."""

    name: str
    table: str | None
    table_why: str = ""
    entities: tuple[SourceEntity, ...] = ()
    dimensions: tuple[SourceDimension, ...] = ()
    time: str | None = None
    primary_entity: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A measure or a metric as another metric reads it: with filters, under another name, shifted in time, with holes filled."""

    name: str
    filters: tuple[str, ...] = ()
    alias: str | None = None
    offset: Window | None = None
    to_grain: str | None = None
    fill: int | float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMetric:
    """A metric. Which of the fields are set follows from `type`; `private` metrics are parts of others and offered to nobody."""

    name: str
    type: str
    label: str | None = None
    description: str | None = None
    filters: tuple[str, ...] = ()
    private: bool = False
    measure: Input | None = None
    numerator: Input | None = None
    denominator: Input | None = None
    expr: str | None = None
    inputs: tuple[Input, ...] = ()
    window: Window | None = None
    to_date: str | None = None
    period_agg: str = "first"
    default_grain: str | None = None
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything read from one path. `measures` are by their key: a measure's name, or `metric:name` where a metric holds its own aggregate."""

    origin: Literal["MetricFlow", "Ossie"]
    models: tuple[SourceModel, ...] = ()
    measures: Mapping[str, SourceMeasure] = field(default_factory=lambda: MappingProxyType({}))
    metrics: tuple[SourceMetric, ...] = ()


class NotCarriedError(Exception):
    """Something that our definitions can't say; `str(error)` is the reason told in the loss report."""
