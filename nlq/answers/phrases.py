"""Phrases of an answer's sentence: a number with its metric, a change, a rank, a threshold, in Chinese or English."""

from __future__ import annotations

from dataclasses import dataclass

from governance.terms import Having
from nlq.tables.formatting import counted, glue, number, ordinal
from nlq.tables.periods import period_name
from nlq.tables.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of the sentence: what it is about, what was found, what rounds it off. Only `body` makes a headline."""

    head: str = ""
    body: str
    tail: str = ""

    def text(self, *, zh: bool) -> str:
        return f"{self.head}{('：' if zh else ': ') if self.head else ''}{self.body}{self.tail}"


def valued(view: View, row: int, metric: str) -> str:
    label = view.metric(metric)
    if view.hidden(row, metric):
        return f"{label}因人数过少不显示" if view.zh else f"{label} is not shown, the group being too small"
    if view.number(row, metric) is None:
        return f"{label}没有可计算的数值" if view.zh else f"{label} has no value"
    if view.zh:
        return glue(label, view.said(row, metric))
    return f"{label} {view.said(row, metric)}"


def nothing(view: View, metric: str) -> Clause:
    return Clause(body=f"{view.metric(metric)}没有可显示的数值" if view.zh else f"{view.metric(metric)} has nothing that can be shown")


def superlative(view: View, metric: str, role: str, *, most: bool) -> str:
    """最高 / highest of rates and money, 最多 / most of counts."""
    counts = role == "value" and view.style(metric).format == "integer"
    if view.zh:
        return ("最多" if most else "最少") if counts else ("最高" if most else "最低")
    return ("most" if most else "fewest") if counts else ("highest" if most else "lowest")


def change_said(view: View, row: int, metric: str) -> str:
    """`比 9 月高 1.8 个百分点`, `132 doctors more than September (+4.5%)`; empty where there is nothing to compare."""
    change, base = view.number(row, metric, "change"), view.table.base_period
    if change is None or base is None:
        return ""
    then = period_name(base, view.language, view.today, fiscal_start=view.fiscal_start)
    return difference(view, metric, change, then, growth=view.number(row, metric, "growth"))


def difference(view: View, metric: str, change: float, than: str, *, growth: float | None = None) -> str:
    """Say a difference against something named: more or fewer of what is counted, higher or lower of what is rated."""
    style = view.style(metric, "change")
    size = view.said_number(abs(change), metric, "change")
    counts = style.format in {"integer", "currency"}
    if not any(digit in size for digit in "123456789"):
        return glue("与", than, "持平") if view.zh else f"unchanged from {than}"
    relative = "" if growth is None or not counts else number(growth, view.style(metric, "growth"), view.language)
    if view.zh:
        word = ("多" if change > 0 else "少") if counts else ("高" if change > 0 else "低")
        return glue("比", than, word, size) + (f"（{relative}）" if relative else "")
    word = ("more" if change > 0 else "less") if counts else ("higher" if change > 0 else "lower")
    return f"{size} {word} than {than}" + (f" ({relative})" if relative else "")


def previous_said(view: View, previous: View | None) -> str:
    return change_said(previous, 0, view.metrics[0]) if previous is not None and len(previous.table.rows) == 1 else ""


def rank_said(view: View, peers: View | None) -> str:
    """`7 个大区中排第 2`: among the members that may be shown; from below where lower is better. Nothing for noised numbers."""
    metric = view.metrics[0]
    own = view.number(0, metric)
    if peers is None or own is None or view.style(metric).approximate or not peers.dimensions:
        return ""
    values = [peers.number(row, metric) for row in peers.told(metric)]
    numbers = [value for value in values if value is not None]
    if len(numbers) < 3:
        return ""
    known = view.names.metrics.get(metric)
    rising = known is not None and known.direction == "lower_is_better"
    rank = 1 + sum(value < own if rising else value > own for value in numbers)
    tied = sum(value == own for value in numbers) > 1
    among = counted(len(numbers), peers.noun(), view.language)
    if view.zh:
        return glue(f"{'可显示的 ' if peers.table.hidden else ''}{among}中", f"{'由低到高' if rising else ''}{'并列' if tied else '排'}第", str(rank))
    return f"{'joint ' if tied else ''}{ordinal(rank)}{' lowest' if rising else ''} of {among}{' that can be shown' if peers.table.hidden else ''}"


_COMPARISONS = {
    "<": ("低于", "below"), "<=": ("不高于", "of at most"), ">": ("高于", "above"),
    ">=": ("不低于", "of at least"), "=": ("等于", "of exactly"), "!=": ("不等于", "other than"),
}  # fmt: skip
_ROLE_WORDS = {"change": ("变化", "change"), "growth": ("增长率", "growth"), "share": ("占比", "share"), "base": ("对比值", "base")}


def thresholds(view: View) -> str:
    """The thresholds in words: `触达率低于 50%`, `reach rate below 50%`."""
    return ("且" if view.zh else " and ").join(_threshold(view, having) for having in view.query.having)


def _threshold(view: View, having: Having) -> str:
    metric, _, role = having.metric.partition("__")
    zh, en = _COMPARISONS[having.op]
    what = view.metric(metric)
    if role in _ROLE_WORDS:
        what = glue(what, _ROLE_WORDS[role][0]) if view.zh else f"{what} {_ROLE_WORDS[role][1]}"
    value = view.said_number(having.value, metric, role or "value", exactly=True).replace(".0%", "%")
    return glue(what, zh, value) if view.zh else f"{what} {en} {value}"
