"""execute: a plan runs on the warehouses it names, one connection each, and becomes the whole table as measured.

All groups, before disclosure and before having, order, rank, keep and limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from governance.errors import WarehouseError, WarehouseTimeout
from governance.metrics.cells import Blurring, Cells, Group, fewest, minus, over, summed, told
from governance.metrics.columns import metric_suffixes
from governance.metrics.formulas import Reading
from governance.metrics.plans import Plan
from governance.metrics.tallying import fact_rows
from governance.terms import Cell, Measured, Note, Text


class Session(Protocol):
    """One connection of a warehouse."""

    executed: list[str]

    @property
    def data_version(self) -> str: ...
    @property
    def data_as_of(self) -> date: ...

    def run(self, select: sa.Select[Any], *, timeout_s: float, max_rows: int) -> list[tuple[Any, ...]]: ...


class WarehousePort(Protocol):
    """What is needed of a warehouse. `beside` opens the ledger's file as another source."""

    def session(self) -> AbstractContextManager[Session]: ...
    def beside(self, path: Path) -> WarehousePort: ...


class Sources:
    """The connections of one question, each opened when first needed and kept to its end: an answer never mixes two loads."""

    def __init__(self, stack: ExitStack, warehouse: WarehousePort, ledger: Path | None, fresh: Callable[[], None] | None = None) -> None:
        self._stack, self._warehouse, self._ledger, self._fresh = stack, warehouse, ledger, fresh
        self._sessions: dict[str, Session] = {}

    @classmethod
    @contextmanager
    def open(cls, warehouse: WarehousePort, *, ledger: Path | None = None, fresh: Callable[[], None] | None = None) -> Iterator[Sources]:
        """Give the sources of one question; `ledger` is the file behind the metrics of the ledger itself, and `fresh` brings what it shows up to date."""
        with ExitStack() as stack:
            yield cls(stack, warehouse, ledger, fresh)

    def session(self, source: str) -> Session:
        """Return the connection to `warehouse` or `ledger`."""
        if source not in self._sessions:
            self._sessions[source] = self._stack.enter_context(self._port(source).session())
        return self._sessions[source]

    def _port(self, source: str) -> WarehousePort:
        if source != "ledger":
            return self._warehouse
        if self._ledger is None:
            raise WarehouseError("The ledger is not connected here; its metrics can't be asked.")
        if self._fresh is not None:
            self._fresh()
        return self._warehouse.beside(self._ledger)

    @property
    def data_version(self) -> str:
        return self.session("warehouse").data_version

    @property
    def data_as_of(self) -> date:
        return self.session("warehouse").data_as_of


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def execute(plan: Plan, sources: Sources, *, clock: Callable[[], float] = time.monotonic, blur: Blurring | None = None) -> Measured:
    """Run the plan's statements and return the measured table; `blur` is applied to what is counted, before anything is computed from it.

    Raises WarehouseTimeout when the grant's time is over, WarehouseError for too many rows or a source that isn't connected.
    """
    grant, cells = plan.grant, Cells(plan, blur)
    deadline = clock() + grant.timeout_s
    executed: list[str] = []

    def run(source: str, select: sa.Select[Any]) -> list[tuple[Any, ...]]:
        left = deadline - clock()
        if left <= 0:
            raise WarehouseTimeout(f"The warehouse did not answer within {grant.timeout_s:g} s; ask for a shorter period or fewer groups.")
        session = sources.session(source)
        rows = session.run(select, timeout_s=left, max_rows=grant.max_rows)
        executed.append(session.executed[-1])
        return rows

    for statement in plan.statements:
        cells.tallies.begin(statement)
        cells.take(statement, run(statement.source, statement.select))
    for coverage in plan.coverage:
        loaded = {_day(row[0]) for row in run(coverage.source, coverage.select) if row[0] is not None}
        cells.blank |= {(coverage.part, at) for at, window in enumerate(plan.timeline.windows) if not coverage.covers(loaded, window)}
    _blank_immature(plan, cells)
    return _table(plan, cells, tuple(executed))


def _blank_immature(plan: Plan, cells: Cells) -> None:
    """A conversion whose window is not over for every member says nothing yet."""
    for part in plan.slices:
        if part.shape == "converted" and part.days is not None:
            for position, window in enumerate(plan.timeline.windows):
                if window.end + timedelta(days=part.days) > plan.grant.today:
                    cells.blank.add((part, position))


def _table(plan: Plan, cells: Cells, executed: tuple[str, ...]) -> Measured:
    positions = {window: position for position, window in enumerate(plan.timeline.windows)}
    groups = cells.ordered_groups()
    if len(groups) * len(plan.timeline.rows) > plan.grant.max_rows:
        raise WarehouseError(f"The answer has more than {plan.grant.max_rows} rows; ask for fewer groups.")
    rows: list[list[Cell]] = []
    contributors: list[dict[str, int | None]] = []
    for row in plan.timeline.rows:
        main = positions[row.window]
        base = positions[row.base] if row.base is not None else None
        totals = _totals(plan, cells, main, groups)
        for group in groups:
            if _is_base_member(plan, group):
                continue
            values: dict[str, Reading] = {}
            for definition in plan.metrics:
                values |= _metric(plan, cells, definition.document.id, group, main, base, totals)
            label: list[Cell] = [] if row.label is None else [row.label.isoformat()]
            names = [column.name for column in plan.columns if column.kind == "metric"]
            rows.append([*label, *group, *(told(values[name].value) for name in names)])
            contributors.append({name: values[name].persons for name in names})
    return Measured(
        columns=plan.columns,
        rows=rows,
        contributors=contributors,
        period=plan.timeline.period,
        base_period=plan.timeline.base_period,
        notes=(*plan.notes, *_notes(plan, cells)),
        statements=executed,
        facts=fact_rows(plan, cells.tallies, frozenset(cells.blank)),
    )


def _is_base_member(plan: Plan, group: Group) -> bool:
    member = plan.member
    return member is not None and group[plan.group_by.index(member.dimension)] == member.base


def _totals(plan: Plan, cells: Cells, main: int, groups: list[Group]) -> dict[str, Any]:
    """Return each metric's total over the groups of the slice; a base member that a filter left out is not of it."""
    if not plan.query.share:
        return {}
    inside = [group for group in groups if not (_is_base_member(plan, group) and _filtered_out(plan))]
    return {
        definition.document.id: summed(cells.metric(definition, main, group)[""].value for group in inside) for definition in plan.metrics
    }


def _filtered_out(plan: Plan) -> bool:
    member = plan.member
    if member is None:
        return False
    return any(
        (member.base in item.values) != (item.op == "in") for item in plan.query.where if item.dimension == member.dimension
    )


def _metric(
    plan: Plan, cells: Cells, name: str, group: Group, main: int, base: int | None, totals: Mapping[str, Any]
) -> dict[str, Reading]:
    definition = plan.catalogue.definitions[name]
    out = cells.metric(definition, main, group)
    suffixes = metric_suffixes(plan.query, definition)
    value = out[""]
    if plan.query.compare is not None:
        member = plan.member
        if member is not None:
            at = plan.group_by.index(member.dimension)
            other = cells.metric(definition, main, (*group[:at], member.base, *group[at + 1 :]))[""]
        else:
            other = cells.metric(definition, base, group)[""] if base is not None else Reading(None, None)
        change, persons = minus(value.value, other.value), fewest(value.persons, other.persons)
        out |= {"__base": other, "__change": Reading(change, persons), "__growth": Reading(over(change, other.value), persons)}
    if plan.query.share:
        out["__share"] = Reading(over(value.value, totals[name]), value.persons)
    return {name + suffix: out[suffix] for suffix in suffixes}


def _notes(plan: Plan, cells: Cells) -> list[Note]:
    notes = []
    mains = range(len(plan.timeline.rows))
    blank = {part for part, position in cells.blank if position in mains}
    if any(part.trailing is not None for part in blank):
        notes.append(Note(code="not_covered", text=Text(zh="已加载的数据不足以覆盖滚动窗口的行为空。", en="Rows whose rolling window the loaded data do not cover are empty.")))
    if any(part.days is not None for part in blank):
        notes.append(Note(code="immature", text=Text(zh="观察窗口尚未结束的行为空。", en="Rows whose window is not over yet are empty (immature).")))
    return notes
