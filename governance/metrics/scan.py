"""Reading one fact under a grant: the rows that the caller's scope and the persons' consent leave, before anything is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from governance.documents.metrics import Condition, Measure
from governance.errors import UnsoundQuery
from governance.metrics.catalogue import Catalogue
from governance.metrics.formulas import Part
from governance.metrics.graph import Route
from governance.metrics.slicing import route_of
from governance.metrics.tables import Clause, DerivedSql, DimensionSql, Tables, tables_of
from governance.terms import UNKNOWN, DimensionScope, Filter, Grant, LinkScope, RowScope

_NEVER = datetime(1900, 1, 1)  # noqa: DTZ001 (warehouse times are local and naive)
"""Before any consent was ever granted."""
_NEVER_SQL: Clause = sa.literal(_NEVER, sa.DateTime())


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every statement of one plan shares."""

    grant: Grant
    catalogue: Catalogue
    tables: Tables

    @classmethod
    def of(cls, grant: Grant, catalogue: Catalogue) -> Context:
        return cls(grant=grant, catalogue=catalogue, tables=tables_of(catalogue.graph))


class Scan:
    """One model as the base of a statement, for one part.

    `where` holds the row scopes (`scoped`) and the consent rule (`always`) from the start: no statement can be written without them.
    """

    def __init__(self, context: Context, part: Part, model: str | None = None) -> None:
        self.context = context
        self.part = part
        self.name = model or part.measure.model
        self.sql = context.tables.model(self.name)
        self.graph = context.catalogue.graph
        self._hops: dict[tuple[str, ...], None] = {}
        self._sure: set[tuple[str, ...]] = set()
        self._secondary = model is not None and model != part.measure.model
        self.scoped = [clause for scope in context.grant.scopes for clause in self._scope(scope)]
        self.always: list[Clause] = []
        if part.consent and context.grant.consent_purpose is not None:
            self.always.extend(self._consent(context.grant.consent_purpose))
        if self.sql.model.complete_days:
            self.always.append(self.time < sa.literal(context.grant.today, sa.Date()))

    @property
    def where(self) -> list[Clause]:
        """What every row of the answer must satisfy, before any filter."""
        return [*self.scoped, *self.always]

    # ------------------------------------------------------------------ columns

    @property
    def time(self) -> Clause:
        return self.sql.time

    @property
    def person(self) -> Clause | None:
        """The column of the protected person that the rows carry, or None."""
        entity = self.graph.person(self.name)
        return None if entity is None else self.sql.column(entity.column)

    @property
    def counted(self) -> Clause:
        """The column whose distinct values the part's measure counts."""
        return self.counted_by(self.part.measure)

    def counted_by(self, measure: Measure) -> Clause:
        """Return the column whose distinct values a measure of this model counts."""
        if measure.entity is None:
            raise KeyError("entity")
        if measure.via is None:
            return self.sql.key(measure.entity)
        hops = (measure.entity,)
        self.need(hops)
        columns = self.sql.join(hops).columns
        home = self.graph.home(measure.entity) or ""
        foreign = self.graph.entity(home, measure.via)
        if foreign is None:
            raise KeyError(measure.via)
        return columns[foreign.column]

    def dimension(self, name: str) -> DimensionSql:
        """Return the dimension's expression and note the joins that it needs."""
        route = self.graph.route(self.name, name) if self._secondary else route_of(self.graph, self.part, name)
        return self._routed(name, route)

    def _routed(self, name: str, route: Route | None) -> DimensionSql:
        if route is None:
            raise KeyError(name)
        found = self.sql.dimension(name, route)
        self.need(found.hops)
        return found

    def need(self, hops: tuple[str, ...]) -> None:
        for length in range(1, len(hops) + 1):
            self._hops.setdefault(hops[:length])

    def has(self, name: str) -> bool:
        """Return whether the rows carry the dimension."""
        if self._secondary:
            return self.graph.route(self.name, name) is not None
        return route_of(self.graph, self.part, name) is not None

    # ------------------------------------------------------------------ rows

    def source(self, *more: tuple[sa.FromClause, Clause]) -> Any:
        """Return the FROM clause: the base, the windows' table if any, and the dimension tables by outer joins, so that no row is lost."""
        clause: Any = self.sql.base
        for table, condition in more:
            clause = clause.join(table, condition)
        for hops in sorted(self._hops, key=lambda item: (len(item), item)):
            joined = self.sql.join(hops)
            clause = clause.outerjoin(joined.table, joined.on)
        return clause

    def ways(self) -> dict[str, Clause]:
        """Return for each joined table, by its way (`hcp.hospital`), what is NULL where a row found no match; without those of `sure_ways`."""
        return {".".join(hops): self.sql.join(hops).matched for hops in self._hops if not self._is_sure(hops)}

    def sure_ways(self) -> tuple[str, ...]:
        """Return the ways on which every row has a match, because a filter or a row scope asks for a known value at their end."""
        return tuple(".".join(hops) for hops in self._hops if self._is_sure(hops))

    def _is_sure(self, hops: tuple[str, ...]) -> bool:
        return any(sure[: len(hops)] == hops for sure in self._sure)

    def filters(self, filters: Iterable[Filter]) -> list[Clause]:
        tests = []
        for item in filters:
            found = self.dimension(item.dimension)
            # What is derived of a value may be derived of the unknown group as well.
            if item.op == "in" and UNKNOWN not in item.values and not isinstance(found, DerivedSql):
                self._sure.add(found.hops)
            tests.append(found.among(item.values, negate=item.op == "not_in"))
        return tests

    def condition(self, condition: Condition) -> Clause:
        """Return a measure's condition as a predicate that is never NULL-true: NULL satisfies only `null: true` and `equals: false`."""
        tests: list[Clause] = []
        if condition.dimension is not None:
            tests.extend(self._dimension_tests(condition))
        elif condition.column is not None:
            tests.extend(_column_tests(self.sql.column(condition.column), condition))
        if condition.any_of is not None:
            tests.append(sa.or_(sa.false(), *(self.condition(item) for item in condition.any_of)))
        if condition.all_of is not None:
            tests.append(sa.and_(sa.true(), *(self.condition(item) for item in condition.all_of)))
        return tests[0] if len(tests) == 1 else sa.and_(sa.true(), *tests)

    def conditions(self, conditions: Sequence[Condition]) -> list[Clause]:
        return [self.condition(item) for item in conditions]

    def _dimension_tests(self, condition: Condition) -> list[Clause]:
        # The measure's own conditions mean the graph's plain route, also where it counts another entity.
        name = condition.dimension or ""
        found = self._routed(name, self.graph.route(self.name, name))
        values = [condition.equals] if condition.equals is not None else list(condition.one_of or ())
        tests: list[Clause] = [found.among([value if isinstance(value, int) else str(value) for value in values])] if values else []
        return tests + _column_tests(found.group, condition.model_copy(update={"equals": None, "one_of": None}))

    # ------------------------------------------------------------------ who may be seen

    def _scope(self, scope: RowScope) -> list[Clause]:
        if isinstance(scope, LinkScope):
            return [self._link(scope)]
        return self._inside(scope)

    def _inside(self, scope: DimensionScope) -> list[Clause]:
        """A dimension scope on every way in which the rows carry it."""
        routes = [self.graph.route(self.name, scope.dimension)]
        if not self._secondary and self.part.measure.via is not None:
            routes.append(route_of(self.graph, self.part, scope.dimension))
        found = {route.hops: route for route in routes if route is not None}
        if not found:
            if self.part.broad and self._about_employee(scope.dimension):
                # A population of persons is not divided by whose rows the employee's own are.
                return []
            raise self._out_of_scope(scope.dimension)
        clauses = []
        for route in found.values():
            sql = self._routed(scope.dimension, route)
            if not isinstance(sql, DerivedSql):
                self._sure.add(route.hops)
            clauses.append(sql.scoped(scope.values))
        return clauses

    def _about_employee(self, dimension: str) -> bool:
        sources = self.graph.dimensions[dimension].sources
        homes = [self.graph.primary(source.model) for source in sources]
        return bool(homes) and all(entity is not None and entity.employee for entity in homes)

    def _link(self, scope: LinkScope) -> Clause:
        key = self.graph.entity(self.name, scope.entity)
        if key is not None:
            return self._linked(scope, self.sql.column(key.column))
        # A table of what persons belong to (places): the members to which at least one linked person belongs.
        home, primary = self.graph.home(scope.entity), self.graph.primary(self.name)
        foreign = self.graph.entity(home, primary.name) if home is not None and primary is not None else None
        own = self.graph.entity(home, scope.entity) if home is not None else None
        if home is None or foreign is None or own is None or primary is None:
            raise self._out_of_scope(scope.entity)
        table = self.context.tables.alias(home, f"scope_{home}")
        linked = self._linked(scope, table.c[own.column])
        belongs = table.c[foreign.column] == self.sql.column(primary.column)
        return sa.exists(sa.select(sa.literal_column("1")).select_from(table).where(belongs, linked))

    def _linked(self, scope: LinkScope, key: Clause) -> Clause:
        model = self.graph.models.get(scope.model)
        if model is None or model.validity is None:
            raise self._out_of_scope(scope.model)
        here, there = self.graph.entity(scope.model, scope.entity), self.graph.entity(scope.model, scope.to_entity)
        if here is None or there is None:
            raise self._out_of_scope(scope.model)
        link = self.context.tables.alias(scope.model, f"scope_{scope.model}")
        start, end = link.c[model.validity.start], link.c[model.validity.end]
        day = sa.literal(scope.on, sa.Date())
        keys = link.c[there.column].in_(list(scope.keys)) if scope.keys else sa.false()
        valid = sa.and_(start <= day, sa.or_(end.is_(None), end > day))
        return sa.exists(sa.select(sa.literal_column("1")).select_from(link).where(link.c[here.column] == key, keys, valid))

    def _out_of_scope(self, name: str) -> UnsoundQuery:
        return UnsoundQuery(
            f"{self.sql.model.table} can't be limited to your row scope ({name}); ask for another metric.",
            zh=f"{self.sql.model.table} 无法限定在您的权限范围内（{name}），请换一个指标。",
        )

    def _consent(self, purpose: str) -> list[Clause]:
        """Leave out persons whose withdrawal for the purpose is in effect and who have not granted it again (domain.md section 5)."""
        graph = self.graph
        person = graph.person(self.name)
        model = next((name for name, item in graph.models.items() if item.consent), None)
        if person is None or model is None:
            return []
        holder = graph.entity(model, person.name)
        if holder is None:
            return []
        today, key = self.context.grant.today, self.sql.column(person.column)
        tests = [self.context.tables.remembered((self.name, purpose, today), lambda: self._not_withdrawn(model, holder.column, key, purpose))]
        narrower = graph.models[model].narrower
        if narrower is not None and self.context.catalogue.narrower_consents and (route := graph.route(self.name, narrower.dimension)) is not None:
            # Only rows that carry the dimension are of one channel; what counts persons alone stays as it is.
            value = self._routed(narrower.dimension, route).group
            gone = withdrawn_narrowly(self.context, purpose).subquery("withdrawn_narrowly")
            tests.append(sa.not_(sa.exists(sa.select(sa.literal_column("1")).select_from(gone).where(gone.c.gone == key, gone.c.value == value))))
        return tests

    def _not_withdrawn(self, model: str, holder: str, key: Clause, purpose: str) -> Clause:
        """Return the anti-join with those whose last withdrawal in effect no grant follows; a person without consent rows stays."""
        rows = self.context.tables.alias(model, "consents")
        gone = (
            sa.select(rows.c[holder].label("gone"))
            .where(rows.c.purpose == purpose)
            .group_by(rows.c[holder])
            .having(_withdrawn(rows, self.context.grant.today) >= sa.func.coalesce(_granted(rows, self.context.grant.today), _NEVER_SQL))
            .subquery("withdrawn")
        )
        return sa.not_(sa.exists(sa.select(sa.literal_column("1")).select_from(gone).where(gone.c.gone == key)))


def _withdrawn(rows: sa.FromClause, today: date) -> Clause:
    """Return when the last withdrawal that is in effect on the day was made."""
    midnight = sa.literal(datetime.combine(today, time.min), sa.DateTime())
    return sa.func.max(sa.case((rows.c.effective_at <= midnight, sa.func.coalesce(rows.c.withdrawn_at, rows.c.effective_at))))


def _granted(rows: sa.FromClause, today: date) -> Clause:
    """Return when the last grant up to the day was given."""
    tomorrow = sa.literal(datetime.combine(today, time.min) + timedelta(days=1), sa.DateTime())
    return sa.func.max(sa.case((rows.c.granted_at < tomorrow, rows.c.granted_at)))


def withdrawn_narrowly(context: Context, purpose: str) -> sa.Select[Any]:
    """Select (`gone`, `value`): who withdrew for the purpose in one value of the narrower dimension (a channel), in effect today, with no later grant for that
    value or for the whole purpose. The catalogue has narrower consents.
    """
    graph, today = context.catalogue.graph, context.grant.today
    model = next(item for item in graph.models.values() if item.narrower is not None)
    holder = next(entity.column for entity in model.entities if entity.person)
    rows, whole = context.tables.narrower(model, holder), context.tables.alias(model.name, "consents_of_all")
    granted = (
        sa.select(whole.c[holder].label("holder"), _granted(whole, today).label("granted"))
        .where(whole.c.purpose == purpose)
        .group_by(whole.c[holder])
        .subquery("granted_for_all")
    )
    left = _withdrawn(rows, today)
    return (
        sa.select(rows.c[holder].label("gone"), rows.c.value.label("value"))
        .select_from(rows.outerjoin(granted, granted.c.holder == rows.c[holder]))
        .where(rows.c.purpose == purpose)
        .group_by(rows.c[holder], rows.c.value)
        .having(sa.and_(left >= sa.func.coalesce(_granted(rows, today), _NEVER_SQL), left >= sa.func.coalesce(sa.func.max(granted.c.granted), _NEVER_SQL)))
    )


def _column_tests(column: Clause, condition: Condition) -> list[Clause]:
    tests: list[Clause] = []
    if condition.equals is not None:
        if condition.equals is True:
            tests.append(column)
        elif condition.equals is False:
            tests.append(sa.or_(column.is_(None), sa.not_(column)))
        else:
            tests.append(column == condition.equals)
    if condition.one_of is not None:
        tests.append(column.in_(list(condition.one_of)))
    if condition.at_least is not None:
        tests.append(column >= condition.at_least)
    if condition.at_most is not None:
        tests.append(column <= condition.at_most)
    if condition.above is not None:
        tests.append(column > condition.above)
    if condition.below is not None:
        tests.append(column < condition.below)
    if condition.null is not None:
        tests.append(column.is_(None) if condition.null else column.is_not(None))
    return tests


def predicates(clauses: Sequence[Clause]) -> Clause:
    """Return the conjunction of the clauses; of none, true."""
    return sa.and_(sa.true(), *clauses)
