"""The tree of a small typed subset of SQL: what `expressions` reads and the rest of the room looks at. No node holds SQL text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool | dt.date


@dataclass(frozen=True, slots=True)
class Column:
    """A column, as the engine would fold its name; `table` is the qualifier, if one was written."""

    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A Jinja call: `Dimension('order__status')`, `TimeDimension('metric_time', 'day')`, `Entity('order')`."""

    kind: Literal["dimension", "time", "entity"]
    name: str
    path: tuple[str, ...] = ()
    grain: str | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value


@dataclass(frozen=True, slots=True)
class Null:
    pass


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: Literal["+", "-", "*", "/"]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function; `star` for `COUNT(*)`. The name is in upper case."""

    name: str
    arguments: tuple[Node, ...]
    distinct: bool = False
    star: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    item: Node
    type: str


@dataclass(frozen=True, slots=True)
class Compare:
    op: Literal["=", "<>", "<", "<=", ">", ">="]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Among:
    item: Node
    values: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    item: Node
    low: Node
    high: Node
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Is:
    """`IS [NOT] NULL`, `IS [NOT] TRUE`, `IS [NOT] FALSE`: `value` is None, True or False."""

    item: Node
    value: bool | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


@dataclass(frozen=True, slots=True)
class Both:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """`CASE WHEN test THEN value … ELSE otherwise END`; `otherwise` is Null where it is not written."""

    whens: tuple[tuple[Node, Node], ...]
    otherwise: Node


Node = Column | Reference | Constant | Null | Arithmetic | Call | Cast | Compare | Among | Between | Is | Not | Both | Either | Case
