"""The tables of a catalogue as SQLAlchemy expressions, made once: aliases, joins along routes, and each dimension as a column expression."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from governance.documents.metrics import Derived, Dimension, SemanticModel
from governance.metrics import dialects
from governance.metrics.graph import Graph, Route
from governance.terms import UNKNOWN, Value

Clause = sa.ColumnElement[Any]
_TYPES: dict[str, Any] = {"timestamp": sa.DateTime(), "date": sa.Date(), "month": sa.Date()}


REMEMBERED = 256
MATCHED = "wenshu_matched"

UNKNOWN_SQL: Clause = sa.literal_column(f"'{UNKNOWN}'", sa.String())
"""The unknown group as a constant of ours: it takes no parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionSql:
    """A dimension on one model: `group` is what rows are grouped by, `plain` the stored column where it holds the values as they are.

    `hops` are the joins it needs. An integer dimension's unknown group is NULL in SQL and told apart in Python.
    """

    group: Clause
    plain: Clause | None
    hops: tuple[str, ...]
    integer: bool = False

    def among(self, values: Sequence[Value], *, negate: bool = False) -> Clause:
        """Return the predicate `in` or `not_in`; NULL is the value UNKNOWN and never makes the predicate NULL."""
        known = [value for value in values if value != UNKNOWN]
        unknown = len(known) != len(values)
        if self.plain is None:
            found = self.group.in_(list(values))
            return sa.not_(found) if negate else found
        column = self.plain
        # A stored 未知 and a NULL are one group, but no integer is 未知.
        stored = known if self.integer else list(values)
        if not negate:
            return sa.or_(column.in_(stored), column.is_(None)) if unknown else column.in_(known)
        if unknown:
            return sa.and_(column.not_in(stored), column.is_not(None))
        return sa.or_(column.not_in(known), column.is_(None))

    def scoped(self, values: Sequence[str]) -> Clause:
        """Return the predicate of a row scope: NULL and the unknown group never match, no values match nothing."""
        known = [value for value in values if value != UNKNOWN]
        return self.among(known) if known else sa.false()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagSql(DimensionSql):
    """A boolean dimension: a NULL flag is false, but a row whose key found no match has no flag at all (`key` is NULL)."""

    flag: Clause
    key: Clause | None
    yes: str
    no: str

    def among(self, values: Sequence[Value], *, negate: bool = False) -> Clause:
        wanted = {value for value in (self.yes, self.no, UNKNOWN) if (value in values) != negate}
        tests: list[Clause] = []
        if self.yes in wanted:
            tests.append(self.flag)
        if self.no in wanted:
            unset = sa.or_(self.flag.is_(None), sa.not_(self.flag))
            tests.append(unset if self.key is None else sa.and_(self.key.is_not(None), unset))
        if UNKNOWN in wanted and self.key is not None:
            tests.append(self.key.is_(None))
        return sa.or_(*tests) if tests else sa.false()


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedSql(DimensionSql):
    """A dimension computed from another's values: a predicate on it is one on the other, which engines can use early."""

    parent: DimensionSql
    targets: Mapping[Value, str]
    otherwise: str

    def among(self, values: Sequence[Value], *, negate: bool = False) -> Clause:
        def wanted(value: str) -> bool:
            return (value in values) != negate

        unknown = [UNKNOWN] if UNKNOWN not in self.targets else []
        chosen = [key for key, target in self.targets.items() if wanted(target)]
        others = [key for key, target in self.targets.items() if not wanted(target)]
        if wanted(self.otherwise):
            others += [] if wanted(UNKNOWN) else unknown
            return self.parent.among(others, negate=True) if others else sa.true()
        chosen += unknown if wanted(UNKNOWN) else []
        return self.parent.among(chosen) if chosen else sa.false()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A table at the end of a join: what to join, on which condition, its columns, and `matched`, which is NULL exactly where a row found no match.

    The mark is a constant and not the key: an engine would have to carry the key's text through the join only to see whether it is there.
    """

    table: sa.FromClause
    on: Clause
    columns: Mapping[str, Clause]
    matched: Clause


class ModelSql:
    """One model as the base of a statement: its alias, its joins, its dimensions."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables = tables
        self.name = name
        self.model = tables.graph.models[name]
        self.base = tables.alias(name, name)
        self._joins: dict[tuple[str, ...], Joined] = {}
        self._dimensions: dict[tuple[str, tuple[str, ...]], DimensionSql] = {}

    def column(self, name: str) -> Clause:
        return self.base.c[name]

    def key(self, entity: str) -> Clause:
        """Return the base's own column of the entity."""
        found = self._tables.graph.entity(self.name, entity)
        if found is None:
            raise KeyError(entity)
        return self.base.c[found.column]

    @property
    def time(self) -> Clause:
        """The column of when a row happened."""
        if self.model.time is None:
            raise KeyError("time")
        return self.base.c[self.model.time.column]

    def join(self, hops: tuple[str, ...]) -> Joined:
        """Return the joined table at the end of `hops`."""
        if hops not in self._joins:
            graph = self._tables.graph
            home = graph.home(hops[-1])
            if home is None:
                raise KeyError(hops[-1])
            table, columns, matched = self._tables.marked(home, "_".join((self.name, *hops)))
            before = self.base.c if len(hops) == 1 else self.join(hops[:-1]).columns
            at = self.name if len(hops) == 1 else graph.home(hops[-2])
            foreign = graph.entity(at or "", hops[-1])
            primary = graph.entity(home, hops[-1])
            if foreign is None or primary is None:
                raise KeyError(hops[-1])
            self._joins[hops] = Joined(table=table, on=before[foreign.column] == columns[primary.column], columns=columns, matched=matched)
        return self._joins[hops]

    def dimension(self, name: str, route: Route | None = None) -> DimensionSql:
        """Return the dimension on this model, by `route` or by the graph's own."""
        found = route or self._tables.graph.route(self.name, name)
        if found is None:
            raise KeyError(name)
        cached = self._dimensions.get((name, found.hops))
        if cached is None:
            cached = self._dimensions[name, found.hops] = self._expressed(self._tables.graph.dimensions[name], found)
        return cached

    def _expressed(self, dimension: Dimension, route: Route) -> DimensionSql:
        if dimension.derived is not None:
            return self._derived(dimension.derived, route)
        joined = self.join(route.hops) if route.hops else None
        column: Clause = self.base.c[route.source.column] if joined is None else joined.columns[route.source.column]
        key = None if joined is None else joined.matched
        if dimension.type == "boolean":
            yes, no = (str(dimension.translate.get(word, word)) for word in ("true", "false"))
            whens = [(column, sa.literal(yes))] if key is None else [(key.is_(None), UNKNOWN_SQL), (column, sa.literal(yes))]
            group = sa.case(*whens, else_=sa.literal(no))
            return FlagSql(group=group, plain=None, hops=route.hops, flag=column, key=key, yes=yes, no=no)
        if route.source.part is not None:
            column = dialects.part(route.source.part, column)
        integer = dimension.type == "integer"
        if dimension.translate:
            stored = [(_as_stored(key_, route), value) for key_, value in dimension.translate.items()]
            other = column if integer or route.source.part is None else sa.null()
            told: Clause = sa.case(*((column == given, sa.literal(value)) for given, value in stored), else_=other)
            told = told if integer else sa.func.coalesce(told, UNKNOWN_SQL)
            return DimensionSql(group=told, plain=told if integer else None, hops=route.hops, integer=integer)
        values: Clause = column if integer else sa.func.coalesce(column, UNKNOWN_SQL)
        return DimensionSql(group=values, plain=column, hops=route.hops, integer=integer)

    def _derived(self, derived: Derived, route: Route) -> DimensionSql:
        parent = self.dimension(derived.dimension, route)
        otherwise = derived.otherwise or UNKNOWN
        targets: dict[Value, str] = {int(key) if parent.integer and key != UNKNOWN else key: target for key, target in derived.map.items()}
        keys: dict[str, list[Value]] = {}
        for value, target in targets.items():
            keys.setdefault(target, []).append(value)
        whens = [] if UNKNOWN in targets else [(parent.among([UNKNOWN]), UNKNOWN_SQL)]
        whens += [(parent.among(values), sa.literal(target)) for target, values in keys.items()]
        group = sa.case(*whens, else_=sa.literal(otherwise))
        return DerivedSql(group=group, plain=None, hops=route.hops, parent=parent, targets=targets, otherwise=otherwise)


def _as_stored(key: str, route: Route) -> Value:
    return int(key) if route.source.part is not None else key


class Tables:
    """All models of one graph; aliases and expressions are made at first use and then shared by every statement."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._models: dict[str, ModelSql] = {}
        self._tables: dict[str, sa.TableClause] = {}
        self._clauses: dict[Hashable, Clause] = {}

    def remembered(self, key: Hashable, make: Callable[[], Clause]) -> Clause:
        """Return the clause made for this key before, or make it; a few hundred are kept."""
        found = self._clauses.get(key)
        if found is None:
            if len(self._clauses) >= REMEMBERED:
                self._clauses = {}
            found = self._clauses[key] = make()
        return found

    def model(self, name: str) -> ModelSql:
        if name not in self._models:
            self._models[name] = ModelSql(self, name)
        return self._models[name]

    def alias(self, model: str, name: str) -> sa.FromClause:
        """Return the model's table under another name, with columns typed as far as the bundle says."""
        if model not in self._tables:
            self._tables[model] = self._table(model)
        return self._tables[model].alias(name)

    def marked(self, model: str, name: str) -> tuple[sa.FromClause, Mapping[str, Clause], Clause]:
        """Return the model's table under another name with a mark on every row, its columns and the mark."""
        if model not in self._tables:
            self._tables[model] = self._table(model)
        # A star, so that a column that nobody asks for need not be there.
        mark = sa.literal_column("1", sa.Integer()).label(MATCHED)
        table = sa.select(sa.literal_column("*"), mark).select_from(self._tables[model]).subquery(name)

        def column(named: str, kind: Any) -> Clause:
            made: sa.ColumnClause[Any] = sa.column(named, kind)
            made.table = table
            return made

        return table, {named: column(named, kind) for named, kind in self._types(model).items()}, column(MATCHED, sa.Integer())

    def narrower(self, model: SemanticModel, holder: str) -> sa.FromClause:
        """Return the table of the model's narrower consents: the holder's column, `purpose`, the times, and the column of the dimension's name as `value`."""
        if model.narrower is None:
            raise KeyError("narrower")
        schema, _, table = model.narrower.table.rpartition(".")
        times = [sa.column(name, sa.DateTime()) for name in ("granted_at", "withdrawn_at", "effective_at")]
        named = sa.table(table, sa.column(holder, sa.String()), sa.column("purpose", sa.String()), sa.column(model.narrower.dimension, sa.String()), *times, schema=schema or None)
        plain = named.alias("consents_narrower")
        value = plain.c[model.narrower.dimension].label("value")
        return sa.select(plain.c[holder], plain.c.purpose, value, *(plain.c[item.name] for item in times)).subquery("consents_by_value")

    def _table(self, name: str) -> sa.TableClause:
        model = self.graph.models[name]
        schema, _, table = model.table.rpartition(".")
        made = sa.table(table, schema=schema or None)
        for column, kind in self._types(name).items():
            made.append_column(sa.column(column, kind))
        return made

    def _types(self, name: str) -> dict[str, Any]:
        model = self.graph.models[name]
        types: dict[str, Any] = {column: sa.Boolean() if flag else sa.types.NullType() for column, flag in self.graph.columns.get(name, {}).items()}
        types |= {entity.column: sa.String() for entity in model.entities}
        if model.consent:
            types |= {"purpose": sa.String(), "granted_at": sa.DateTime(), "withdrawn_at": sa.DateTime(), "effective_at": sa.DateTime()}
        if model.validity is not None:
            kind = sa.DateTime() if model.consent or (model.time is not None and model.time.unit == "timestamp") else sa.Date()
            types |= {model.validity.start: kind, model.validity.end: kind}
        for dimension in self.graph.dimensions.values():
            for source in dimension.sources:
                if source.model == name and source.part is None:
                    types[source.column] = {"integer": sa.Integer(), "boolean": sa.Boolean(), "text": sa.String()}[dimension.type]
        if model.time is not None:
            types[model.time.column] = _TYPES[model.time.unit]
        return types


_CACHE: WeakKeyDictionary[Graph, Tables] = WeakKeyDictionary()


def tables_of(graph: Graph) -> Tables:
    """Return the tables of this graph, made once."""
    found = _CACHE.get(graph)
    if found is None:
        found = _CACHE[graph] = Tables(graph)
    return found
