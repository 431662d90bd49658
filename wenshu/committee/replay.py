"""What people asked lately, judged and measured under two bundles. Released are counts and differences, never a table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from governance.access.authorize import authorize, default_purpose, dimension_refusal
from governance.access.explaining import nearest_rule
from governance.access.vocabulary import Vocabulary
from governance.disclosure.protect import Hidden, all_hidden, protect
from governance.errors import DimensionNotAllowed, InvalidQuery, WarehouseError
from governance.inforce import Active
from governance.metrics.arranging import arrange
from governance.metrics.checking import check
from governance.metrics.execution import Sources, execute
from governance.metrics.parsing import query_from_json
from governance.metrics.planner import plan
from governance.metrics.plans import Plan
from governance.protecting import shape_of
from governance.terms import Actor, Disclosed, Grant, Measured, MetricQuery, Refusal, Text

BLANK = "▢"
MAX_MEASURED = 400
"""Distinct questions that are measured; the rest are compared by their decisions alone, and the report says how many."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the ledger, as often as it was made. `query` is the ledger's JSON: what ran; `masks` the dimensions that were asked for and told by coarser ones."""

    user: str
    role: str
    department: str
    purpose: str | None
    query: Mapping[str, Any]
    times: int = 1
    masks: tuple[str, ...] = ()


def as_asked(item: Asked, vocabulary: Vocabulary) -> Asked:
    """Return the request with the masked dimensions in the place of the coarser ones that were told instead, so that a draft without the mask shows who gains by it.

    Where it can't be told which dimension stood for a masked one, the request stays as it ran.
    """
    query = dict(item.query)
    # Of a chain of masks the last one made what ran.
    for name in reversed(item.masks):
        facts = vocabulary.dimensions.get(name)
        groups = list(query.get("group_by") or ())
        stood = [other for other in groups if facts is not None and other in facts.coarser]
        if len(stood) != 1 or name in groups:
            continue
        query["group_by"] = [name if other == stood[0] else other for other in groups]
        if query.get("order"):
            query["order"] = [{**order, "by": name} if order.get("by") == stood[0] else order for order in query["order"]]
    return replace(item, query=query)


@dataclass(slots=True, kw_only=True)
class Weighed:
    """One request under one bundle: refused with a code and the words of the refusal, or how much of it may be told. `measured` is None where it was only decided."""

    code: str | None = None
    why: Text | None = None
    grant: Grant | None = None
    measured: Measured | None = None
    hidden: Hidden = field(default_factory=dict)
    disclosed: Disclosed | None = None

    @property
    def allowed(self) -> bool:
        return self.code is None

    @property
    def rows(self) -> int:
        return len(self.disclosed.rows) if self.disclosed is not None else 0

    @property
    def cells(self) -> int:
        """Metric cells that are shown."""
        if self.disclosed is None:
            return 0
        metric_columns = sum(column.kind == "metric" for column in self.disclosed.columns)
        return metric_columns * len(self.disclosed.rows) - len(self.disclosed.hidden)

    @property
    def suppressed(self) -> int:
        return 0 if self.disclosed is None else len(self.disclosed.hidden) + self.disclosed.hidden_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One request under the bundle in force and under the draft."""

    asked: Asked
    actor: Actor
    before: Weighed
    after: Weighed


class Side(Protocol):
    """One bundle over the loaded data, or None where no data is loaded."""

    @property
    def active(self) -> Active | None: ...


class Scales:
    """Weighs requests under one bundle; measures each distinct table once."""

    def __init__(self, active: Active, sources: Sources, *, today: dt.date, shared: dict[object, Measured | str], tables: object) -> None:
        """`shared` keeps measured tables; `tables` tells bundles with the same definitions from others."""
        self._active, self._sources, self._today, self._shared, self._tables = active, sources, today, shared, tables

    def weigh(self, actor: Actor, purpose: str | None, query: MetricQuery, *, measure: bool) -> Weighed:
        """Decide, and with `measure` count what would be shown."""
        active = self._active
        try:
            decision = authorize(actor, purpose, query, active.policy, today=self._today, reach=active.reach)
            if isinstance(decision, Refusal):
                return Weighed(code=decision.code, why=self._why(actor, purpose, query, decision))
            checked = check(decision.query, active.catalogue, today=self._today, data_from=active.data_from, data_to=active.data_to)
        except DimensionNotAllowed as error:
            refusal = dimension_refusal(error.metric, error.dimension, error.valid, active.policy)
            return Weighed(code=refusal.code, why=refusal.message)
        except InvalidQuery as error:
            return Weighed(code=error.code)
        grant = Grant(**{name: getattr(decision, name) for name in Grant.__dataclass_fields__ if name != "query"}, query=checked)
        if not measure:
            return Weighed(grant=grant)
        planned = plan(grant, active.catalogue)
        measured = self._measured(grant, planned)
        if isinstance(measured, str):
            return Weighed(code=measured)
        # What the memory of earlier answers would hide besides depends on the day; the report looks at one answer at a time.
        hidden = protect(measured, grant.minimum_group, shape_of(planned, measured), interval=active.disclosure.interval)
        disclosed = arrange(measured, grant.query, hidden, minimum_group=grant.minimum_group)
        shown = {(cell.row, cell.column): cell.reason for cell in disclosed.hidden}
        if all_hidden(measured.columns, len(measured.rows), hidden) or all_hidden(disclosed.columns, len(disclosed.rows), shown):
            return Weighed(code="group_too_small", grant=grant, measured=measured, hidden=hidden)
        return Weighed(grant=grant, measured=measured, hidden=hidden, disclosed=disclosed)

    def _why(self, actor: Actor, purpose: str | None, query: MetricQuery, refusal: Refusal) -> Text:
        """Return why it is refused, with the nearest rule where the committee could have one."""
        if refusal.code not in ("metric_not_allowed", "dimension_not_allowed"):
            return refusal.message
        policy = self._active.policy.of(actor)
        near = nearest_rule(actor.role, purpose or default_purpose(actor, policy), query, policy, today=self._today).told
        return Text(zh=f"{refusal.message.zh}{near.zh}", en=f"{refusal.message.en} {near.en}")

    def _measured(self, grant: Grant, planned: Plan) -> Measured | str:
        key = (self._tables, grant.query, grant.scopes, grant.consent_purpose, grant.max_rows)
        if key not in self._shared:
            try:
                self._shared[key] = execute(planned, self._sources)
            except InvalidQuery as error:
                self._shared[key] = error.code
            except WarehouseError:
                self._shared[key] = "warehouse"
        return self._shared[key]


def readable(query: Mapping[str, Any]) -> MetricQuery | None:
    """Return the ledger's query, or None where it names what the ledger could not keep (▢) or is of another format."""
    if BLANK in str(query):
        return None
    plain = dict(query)
    if isinstance(plain.get("having"), Sequence):
        # The ledger's canonical JSON has integers only; other numbers are written as text.
        plain["having"] = [{**item, "value": _number(item.get("value"))} for item in plain["having"]]
    try:
        return query_from_json(plain)
    except InvalidQuery:
        return None


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def replay(
    asked: Iterable[Asked], before: Scales | None, after: Scales | None, *, actor_of: Callable[[Asked], Actor], progress: Progress
) -> tuple[list[Pair], int, int]:
    """Weigh each request under both. Returns the pairs, how many requests could not be read, and how many were decided but not measured."""
    pairs: list[Pair] = []
    everything = sorted(asked, key=lambda item: -item.times)
    unread = unmeasured = 0
    for index, item in enumerate(everything):
        progress("replay 重放", index / max(len(everything), 1))
        query = readable(item.query)
        if query is None or before is None or after is None:
            unread += item.times
            continue
        measure = len(pairs) < MAX_MEASURED
        unmeasured += 0 if measure else item.times
        actor = actor_of(item)
        pairs.append(
            Pair(
                asked=item, actor=actor, before=before.weigh(actor, item.purpose, query, measure=measure), after=after.weigh(actor, item.purpose, query, measure=measure)
            )
        )
    return pairs, unread, unmeasured


# ------------------------------------------------------------------ telling


def moved(pair: Pair) -> tuple[int, int]:
    """Return how many of the cells that were shown no longer are, and how many are that were not: cell by cell.

    Where the table is told by other columns (a mask came or went) its cells are others altogether, and the numbers of cells are compared.
    """
    before, after = pair.before, pair.after
    if before.disclosed is not None and after.disclosed is not None and _columns(before) != _columns(after):
        return max(before.cells - after.cells, 0), max(after.cells - before.cells, 0)
    old, new = _shown(before.disclosed), _shown(after.disclosed)
    return len(old - new), len(new - old)


def _shown(disclosed: Disclosed | None) -> set[tuple[object, ...]]:
    """Return the metric cells that are shown: the row's group, and the column."""
    if disclosed is None:
        return set()
    hidden = {(cell.row, cell.column) for cell in disclosed.hidden}
    at = [position for position, column in enumerate(disclosed.columns) if column.kind != "metric"]
    metrics = [column.name for column in disclosed.columns if column.kind == "metric"]
    return {(*(row[position] for position in at), name) for index, row in enumerate(disclosed.rows) for name in metrics if (index, name) not in hidden}


def summed(pairs: Sequence[Pair], key: Callable[[Pair], str]) -> list[dict[str, Any]]:
    """Return requests, decisions, rows and cells under both bundles, added up by `key`, those who lose most first."""
    found: dict[str, Counter[str]] = {}
    departments: dict[str, str] = {}
    for pair in pairs:
        name, times = key(pair), pair.asked.times
        counted = found.setdefault(name, Counter())
        departments.setdefault(name, pair.asked.department)
        counted["requests"] += times
        for side, weighed in (("before", pair.before), ("after", pair.after)):
            counted[f"allowed_{side}"] += times * weighed.allowed
            counted[f"rows_{side}"] += times * weighed.rows
            counted[f"cells_{side}"] += times * weighed.cells
            counted[f"suppressed_{side}"] += times * weighed.suppressed
        lost, gained = moved(pair)
        counted["lost"] += times * lost
        counted["gained"] += times * gained
        counted["lost_answers"] += times * (pair.before.allowed and not pair.after.allowed)
        counted["gained_answers"] += times * (pair.after.allowed and not pair.before.allowed)
    fields = ("requests", *(f"{what}_{side}" for what in ("allowed", "rows", "cells", "suppressed") for side in ("before", "after")))
    fields = (*fields, "lost", "gained", "lost_answers", "gained_answers")
    lines = [{"name": name, "department": departments[name], **{item: counted[item] for item in fields}} for name, counted in found.items()]
    return sorted(lines, key=lambda line: (-line["lost"] - line["lost_answers"], -line["gained"] - line["gained_answers"], line["name"]))


def changed(pairs: Sequence[Pair], limit: int) -> list[dict[str, Any]]:
    """Return the requests whose decision, rows or cells differ, most often asked first; queries as the ledger has them."""
    lines: list[dict[str, Any]] = []
    for pair in pairs:
        before, after = pair.before, pair.after
        columns = [_columns(item) for item in (before, after)]
        same = (before.code, before.rows, before.cells, before.suppressed, columns[0]) == (after.code, after.rows, after.cells, after.suppressed, columns[1])
        k = [item.grant.minimum_group.k if item.grant else None for item in (before, after)]
        if same:
            continue
        lines.append(
            {
                "user": pair.asked.user, "role": pair.asked.role, "department": pair.asked.department, "purpose": pair.asked.purpose,
                "query": dict(pair.asked.query), "times": pair.asked.times,
                "before": _told(before, k[0]), "after": _told(after, k[1]),
            }
        )
    return sorted(lines, key=lambda line: -line["times"])[:limit]


def _columns(weighed: Weighed) -> list[str]:
    return [column.name for column in weighed.disclosed.columns] if weighed.disclosed is not None else []


def _told(weighed: Weighed, k: int | None) -> dict[str, Any]:
    return {
        "allowed": weighed.allowed, "code": weighed.code, "why": None if weighed.why is None else {"zh": weighed.why.zh, "en": weighed.why.en}, "rows": weighed.rows, "cells": weighed.cells, "suppressed": weighed.suppressed,
        "columns": _columns(weighed), "k": k,
    }
