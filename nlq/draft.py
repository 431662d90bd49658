"""What a sentence asks, before it is decided which of several metrics or dimensions its words mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from governance.terms import Comparison, Grain, Text
from nlq.matching import Token
from nlq.times import When

Direction = Literal["asc", "desc", "best", "worst"]
Column = Literal["", "__change", "__growth", "__share"]


@dataclass(slots=True)
class Threshold:
    """A bound on a metric column; `metric` None: the metric that is asked."""

    metric: Token | None
    column: Column
    op: Comparison
    token: Token | None
    value: float
    negative: bool = False


@dataclass(slots=True)
class Group:
    """A dimension asked for by row; `explicit` when a word like 各 or by said so."""

    token: Token
    explicit: bool
    listed: bool = False
    qualified: tuple[str, ...] = ()
    """The dimensions of the value that stands right before it."""


@dataclass(slots=True)
class Member:
    """A value, kept in or left out."""

    token: Token
    exclude: bool = False
    implied: bool = False
    """By the metric that was named (visits), not said as a member."""


@dataclass(slots=True)
class Ordering:
    """The order asked for: by a metric (None: the one that is asked), in which column, how many."""

    metric: Token | None = None
    column: Column = ""
    direction: Direction = "desc"
    limit: int | None = None


@dataclass(slots=True)
class Draft:
    """The parts of a question as the shape of the sentence gives them. Everything may be absent."""

    metrics: list[Token] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    grain: Grain | None = None
    trend: bool = False
    periods: bool = False
    """哪个月: the rows that compete are periods."""
    when: When | None = None
    base: When | None = None
    compare: Literal["previous_period", "previous_year", "member", "same", "implied"] | None = None
    compared_by_default: bool = False
    """No base was said for the comparison: the one taken gives way to that of the question before."""
    against: bool = False
    """The counterpart (`same`) is the base of a comparison, not the period that is asked."""
    base_member: Token | None = None
    thresholds: list[Threshold] = field(default_factory=list)
    ordering: Ordering | None = None
    rank_of: bool = False
    ranked_within: list[Token] = field(default_factory=list)
    """The members among which another is ranked: 广州在华南排第几."""
    share: bool = False
    share_of: list[Token] = field(default_factory=list)
    separate: bool = False
    total: bool = False
    counts: bool = False
    lists: bool = False
    alternatives: bool = False
    """Values of different dimensions joined by `or`."""
    only: bool = False
    follow: bool = False
    ungroup: bool = False
    ungrouped: set[str] = field(default_factory=set)
    """The dimensions that are named beside `ungroup`; none: all of them."""
    unfilter: set[str] = field(default_factory=set)
    """Dimensions whose filters are to fall away; `*` for all."""
    dropped: set[str] = field(default_factory=set)
    """Parts of the question before that are to fall away: compare, order, share, grain, having."""
    assumptions: list[Text] = field(default_factory=list)
    bound: Threshold | None = None
    """A named bound said without rows that it could select: in a follow-up the rows are those of before (没达标的)."""
    problems: list[tuple[str, float]] = field(default_factory=list)
    """What was said and can't be expressed, with its weight (1: the reading is not to be trusted)."""
    extra_times: list[When] = field(default_factory=list)
    lonely_base: bool = False
    """Only the base was named (比上个月): the period is the current unit."""
    counted_in: str | None = None
    """The unit in which 多少 asks: 次, 人, 家."""
    dropped_metrics: set[str] = field(default_factory=set)
    """Metrics of the question before that are to fall away: 去掉触达次数."""
    spread: bool = False
    """分布, distribution, and by what was not said."""
    asks_many: bool = False
    """多少, how many was said."""
    whole_year: bool = False
    """年度, 全年 without a year: this one."""
    apart: bool = False
    """Several adjoining periods were named one by one (9月和10月), and not as one stretch."""
    joined: Grain | None = None
    """The unit in which several adjoining periods were named: 二季度和三季度."""
