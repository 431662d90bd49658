"""What the judge must know about the catalogue: names, stages, tags, and which names point at persons or prescribing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from governance.terms import RowScope, Text, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """A metric as access sees it. `person` is the entity behind its cells or None; `dimensions` all it can soundly be asked by."""

    id: str
    label: Text
    stage: str
    tags: frozenset[str]
    prescribing: bool
    person: str | None
    ignores_consent: bool
    dimensions: tuple[str, ...]
    retired_on: dt.date | None = None
    successor: str | None = None
    offered: frozenset[str] = field(init=False, repr=False, compare=False)
    """`dimensions` as a set: asked of every request."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "offered", frozenset(self.dimensions))


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionFacts:
    """A dimension as access sees it. `about_person`: it is an attribute or the identity of a doctor or of an employee."""

    id: str
    label: Text
    tags: frozenset[str]
    about_person: bool
    identifying: bool
    coarser: frozenset[str] = frozenset()
    """The dimensions that tell less of the same thing: those that its values lie in, those derived from it, and theirs in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All metrics and dimensions of the active catalogue."""

    metrics: Mapping[str, MetricFacts]
    dimensions: Mapping[str, DimensionFacts]
    persons: frozenset[str] | None = None
    """The entities that groups may be counted in; None where the catalogue is not known so far."""
    links: Mapping[str, frozenset[str]] | None = None
    """The link tables (tables with a validity) and their entities."""
    values: Mapping[str, frozenset[str]] | None = None
    """The members of the dimensions whose list is closed."""


class Reach(Protocol):
    """Says whether a dimension's value lies inside a row scope, from the dimension tables alone."""

    def __call__(self, scope: RowScope, dimension: str, value: Value) -> bool:
        """Return False only when the dimension is one that the scope divides and no member of the scope has the value."""
        ...
