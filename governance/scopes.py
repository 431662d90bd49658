"""Which persons stand behind the cells of an answer, by the persons' own attributes.

Beside the gateway, since it joins what metrics know (routes, scopes, consent) with what disclosure remembers (sets of persons). Read from the persons' own table once a load, and
from it once for each row scope, purpose and day; no fact is read.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from governance.disclosure.links import About
from governance.disclosure.memory import Group, Memory
from governance.disclosure.overlaps import UNSHOWN, Codes
from governance.documents.metrics import Measure
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.execution import Sources
from governance.metrics.formulas import Part
from governance.metrics.plans import Plan
from governance.metrics.scan import Context, Scan, withdrawn_narrowly
from governance.metrics.slicing import route_of
from governance.metrics.tables import tables_of
from governance.quantities import Other, Quantities, context_of, digest
from governance.terms import UNKNOWN, Cell, DimensionScope, Filter, Grant, Measured, MemberCompare, Value

MOST_PERSONS = 5_000_000
MOST_CONTEXTS = 4_000
"""Other conditions (periods, channels) of one answer that are told apart; beyond it the answer's persons are judged as a whole only."""
MOST_ABSENT = 64
MOST_KEPT = 64
MOST_ROWS = 20_000
MOST_COUNTED = 2_000_000
"""Combinations of values that are told apart by counting; more are sorted."""
PATIENCE_S = 60.0

Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Persons:
    """The persons of one load: positions in the memory, and for each dimension of theirs the code of each person's value."""

    order: Mapping[str, int]
    positions: npt.NDArray[np.int64]
    codes: Mapping[str, Codes]
    values: Mapping[str, Mapping[Value, int]]

    def combined(self, names: Sequence[str]) -> tuple[npt.NDArray[np.int64], int]:
        """Return for each person one number for the values of all the dimensions, and what is above all such numbers."""
        out, width = np.zeros(len(self.positions), dtype=np.int64), 1
        for name in names:
            out = out * (len(self.values[name]) + 1) + self.codes[name]
            width *= len(self.values[name]) + 1
        return out, width


def _told_apart(numbers: npt.NDArray[np.int64], width: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the different numbers in order, where each stands first, and which of them stands at each place; all are below `width`."""
    if width > MOST_COUNTED:
        found, first, back = np.unique(numbers, return_index=True, return_inverse=True)
        return found, first, back.ravel()
    at = np.full(width, -1, dtype=np.int64)
    at[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    found = np.flatnonzero(at >= 0)
    first = at[found]
    at[found] = np.arange(len(found))
    return found, first, at[numbers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The groups of one answer for the memory, and where each cell of each group stands in the answer."""

    groups: tuple[Group, ...]
    places: tuple[Mapping[int, tuple[Place, ...]], ...]


class Scopes:
    """Finds the persons behind cells. One per gateway; safe for threads."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._persons: OrderedDict[tuple[int, str, str], _Persons] = OrderedDict()
        self._inside: OrderedDict[object, tuple[_Persons, npt.NDArray[np.bool_]]] = OrderedDict()
        self._narrow: OrderedDict[object, Mapping[str, str]] = OrderedDict()
        self._known: OrderedDict[object, _Cells | None] = OrderedDict()
        self._quantities: OrderedDict[int, tuple[Catalogue, Quantities]] = OrderedDict()

    def told(self, grant: Grant, plan: Plan, measured: Measured, hidden: Mapping[Place, str], sources: Sources) -> Told:
        """Return the groups of persons that the answer's shown cells tell of.

        Each metric gives one group for each of its other conditions (period, channel …), counted in the persons behind the numbers, and all together give one group counted in the
        persons of the table, which is judged whatever else was asked. Blurred numbers are judged as exact ones are: of a difference of two sums the blur hides little (decision 038).
        """
        groups: list[Group] = []
        places: list[Mapping[int, tuple[Place, ...]]] = []
        whole: dict[tuple[str, bytes], tuple[Codes, dict[int, list[Place]]]] = {}
        asked: dict[tuple[str, bytes], tuple[Codes, dict[int, list[Place]]]] = {}
        consents: dict[str, str] = {}
        for definition in plan.metrics:
            cells = self._cells(grant, plan, definition, sources)
            if cells is None:
                continue
            consents[cells.entity] = cells.consents
            contexts: dict[bytes, dict[int, list[tuple[Place, int]]]] = {}
            others: dict[bytes, Other] = {}
            for place, context, cell, behind in cells.each(plan, measured, definition, hidden, others):
                contexts.setdefault(context, {}).setdefault(cell, []).append((place, behind))
                of_all = whole.setdefault((cells.entity, cells.digest), (cells.codes, {}))[1]
                of_all.setdefault(cell, []).append(place)
                asked.setdefault((cells.entity, cells.digest), (cells.scope, of_all))
            for context, behind, telling in cells.totals(plan, measured, definition, hidden, others) if plan.query.share else ():
                # A share beside its number tells the whole that it is a share of.
                everyone = (cells.codes > 0).astype(np.int32)
                all_of_them = (cells.entity, hashlib.blake2b(everyone.tobytes(), digest_size=16).digest())
                whole.setdefault(all_of_them, (everyone, {}))[1].setdefault(1, []).extend(telling)
                asked.setdefault(all_of_them, ((cells.scope > 0).astype(np.int32), whole[all_of_them][1]))
                about = self._about(plan.catalogue, definition, cells, others[context], whole=True)
                groups.append(Group(context=context, codes=everyone, counts=np.array([behind], dtype=np.int64), about=about))
                groups.append(replace(groups[-1], context=digest("asked", context.hex(), sources.data_version), codes=(cells.scope > 0).astype(np.int32), about=None))
                places += [{1: tuple(telling)}] * 2
            if len(contexts) <= MOST_CONTEXTS:
                for context in cells.absent(plan, measured, definition, others) if contexts else ():
                    # What no row stands for is nought: told as well, and nothing to hide.
                    about = self._about(plan.catalogue, definition, cells, others[context])
                    groups.append(Group(context=context, codes=cells.codes, counts=np.zeros(cells.count, dtype=np.int64), about=about, nought=True))
                    places.append({})
                for context, found in contexts.items():
                    counts = np.full(cells.count, UNSHOWN, dtype=np.int64)
                    for cell, standing in found.items():
                        counts[cell - 1] = standing[0][1]
                    groups.append(Group(context=context, codes=cells.codes, counts=counts, about=self._about(plan.catalogue, definition, cells, others[context])))
                    # Who was asked about, for all purposes and states of consents of one load: see below.
                    groups.append(replace(groups[-1], context=digest("asked", context.hex(), sources.data_version), codes=cells.scope, about=None))
                    places += [{cell: tuple(place for place, _ in standing) for cell, standing in found.items()}] * 2
        # Whatever else was asked: who counts, for one state of consents; and who was asked about, for all states and purposes, since few withdraw and what
        # two purposes tell of nearly the same persons can be subtracted as well.
        for (entity, _), (codes, found_places) in whole.items():
            groups.append(_sized(digest("persons", entity, sources.data_version, consents[entity]), codes, found_places))
            places.append({cell: tuple(standing) for cell, standing in found_places.items()})
        for (entity, _), (codes, found_places) in asked.items():
            groups.append(_sized(digest("asked", entity, sources.data_version), codes, found_places))
            places.append({cell: tuple(standing) for cell, standing in found_places.items()})
        return Told(groups=tuple(groups), places=tuple(places))

    def _about(self, catalogue: Catalogue, definition: Definition, cells: _Cells, other: Other, *, whole: bool = False) -> About:
        with self._lock:
            found = self._quantities.get(id(catalogue))
            if found is None or found[0] is not catalogue:
                found = self._quantities[id(catalogue)] = (catalogue, Quantities(catalogue))
                while len(self._quantities) > 4:
                    self._quantities.popitem(last=False)
        facts = found[1].facts(definition, other, cells.own)
        around = (cells.around > 0).astype(np.int32) if whole else cells.around
        return About(state=digest(cells.load, cells.consents), load=cells.load.encode(), population=cells.population, around=around, facts=facts)

    def completed(self, grant: Grant, plan: Plan, measured: Measured, sources: Sources) -> Measured:
        """Return the table with a row for every group that has persons and no facts: beside hidden rows its absence would tell that there is nothing.

        Groups of the persons' own attributes only, and only where every metric rests on persons; which channels or products there are says nothing of a person.
        """
        if not plan.group_by or any(definition.person is None for definition in plan.metrics) or not plan.timeline.rows:
            return measured
        cells = self._cells(grant, plan, plan.metrics[0], sources)
        if cells is None or not cells.group_by:
            return measured
        at = [next(j for j, column in enumerate(measured.columns) if column.name == name) for name in plan.group_by]
        own = [position for position, name in enumerate(plan.group_by) if name in cells.group_by]
        present = {tuple(row[j] for j in at) for row in measured.rows}
        kinds = {tuple(value for position, value in enumerate(group) if position not in own) for group in present} or {()}
        missing = []
        for combination in cells.cells:
            for kind in kinds if present or len(own) == len(plan.group_by) else ():
                rest, mine = iter(kind), iter(combination)
                group = tuple(next(mine) if position in own else next(rest) for position in range(len(plan.group_by)))
                if group not in present and _compared(plan, group):
                    missing.append(group)
        if not missing or (len(present) + len(missing)) * len(plan.timeline.rows) > MOST_ROWS:
            return measured
        return _with_groups(plan, measured, missing, at)

    # ------------------------------------------------------------------ persons

    def _cells(self, grant: Grant, plan: Plan, definition: Definition, sources: Sources) -> _Cells | None:
        """Return the metric's cells, kept ready: an answer needs them twice, and colleagues ask alike."""
        query = plan.query
        compared = query.compare if isinstance(query.compare, MemberCompare) else None
        asked = (definition.document.id, query.where, plan.group_by, compared)
        name = (id(plan.catalogue), sources.data_version, grant.scopes, grant.consent_purpose, grant.today, asked)
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        found = self._found(grant, plan, definition, sources)
        with self._lock:
            self._known[name] = found
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return found

    def _found(self, grant: Grant, plan: Plan, definition: Definition, sources: Sources) -> _Cells | None:
        catalogue = plan.catalogue
        part = _counted_part(definition, catalogue)
        person = catalogue.graph.person(part.measure.model) if part is not None else None
        home = catalogue.graph.home(person.name) if person is not None else None
        if part is None or person is None or home is None:
            return None
        own = frozenset(name for name in catalogue.dimensions if _belongs(catalogue, part, person.name, home, name))
        persons = self._all(catalogue, home, sources)
        kept = self._population(grant, catalogue, home, person.name, part.consent, persons, sources)
        member = plan.query.compare if isinstance(plan.query.compare, MemberCompare) else None
        asked = np.ones(len(kept), dtype=bool)
        for item in plan.query.where:
            if item.dimension in own and (member is None or item.dimension != member.dimension):
                asked = asked & _passing(persons, item)
        within = asked & self._population(grant, catalogue, home, person.name, False, persons, sources)
        kept = kept & asked
        group_by = tuple(name for name in plan.group_by if name in own)
        combined, width = persons.combined(group_by)
        found, first, cell = _told_apart(combined[kept], width)
        narrow = self._narrowly(grant, catalogue, part.consent, sources)
        positions = self._placed(persons, narrow)
        size = int(max(positions.max(initial=-1), persons.positions.max(initial=-1))) + 1
        codes = np.zeros(size, dtype=np.int32)
        codes[positions[kept]] = cell + 1
        # The same cells as they would be if everybody's consent stood: who is in no cell now is in none of these that are told.
        around = np.zeros(size, dtype=np.int32)
        at_cell = np.minimum(np.searchsorted(found, combined[within]), max(0, len(found) - 1))
        scope = np.zeros(size, dtype=np.int32)
        around[positions[within]] = scope[persons.positions[within]] = np.where(found[at_cell] == combined[within], at_cell + 1, 0) if len(found) else 0
        at = np.flatnonzero(kept)[first]
        names = {name: {code: value for value, code in persons.values[name].items()} for name in group_by}
        cells = {tuple(names[name][int(persons.codes[name][i])] for name in group_by): number for number, i in enumerate(at, 1)}
        # Between two loads or two batches of withdrawals the persons differ: their tables are compared only where the same was asked of them.
        everyone = self._population(replace(grant, scopes=()), catalogue, home, person.name, part.consent, persons, sources)
        population = np.zeros(size, dtype=bool)
        population[positions[everyone]] = True
        consents = hashlib.blake2b(np.packbits(everyone).tobytes() + (repr(narrow).encode() if narrow else b""), digest_size=16).hexdigest()
        return _Cells(entity=person.name, consents=consents, load=f"{sources.data_version} {digest(narrow).hex() if narrow else ''}", population=population, around=around, scope=scope, codes=codes, count=len(found), cells=cells, own=own, group_by=group_by, query_where=plan.query.where, digest=hashlib.blake2b(codes.tobytes(), digest_size=16).digest())

    def _all(self, catalogue: Catalogue, home: str, sources: Sources) -> _Persons:
        name = (id(catalogue.graph), home, sources.data_version)
        with self._lock:
            found = self._persons.get(name)
            if found is None:
                found = self._persons[name] = self._read(catalogue, home, sources)
                while len(self._persons) > 4:
                    self._persons.popitem(last=False)
            return found

    def _read(self, catalogue: Catalogue, home: str, sources: Sources) -> _Persons:
        graph, sql = catalogue.graph, tables_of(catalogue.graph).model(home)
        primary = graph.primary(home)
        if primary is None:
            raise KeyError(home)
        names = [name for name in graph.dimensions if graph.route(home, name) is not None and graph.dimensions[name].identifies is None]
        hops: dict[tuple[str, ...], None] = {}
        columns = [sql.column(primary.column).label("person")]
        for number, name in enumerate(names):
            dimension = sql.dimension(name)
            for length in range(1, len(dimension.hops) + 1):
                hops.setdefault(dimension.hops[:length])
            columns.append(dimension.group.label(f"d{number}"))
        source = sql.base
        for way in sorted(hops, key=lambda item: (len(item), item)):
            joined = sql.join(way)
            source = source.outerjoin(joined.table, joined.on)
        rows = sources.session("warehouse").run(sa.select(*columns).select_from(source), timeout_s=PATIENCE_S, max_rows=MOST_PERSONS)
        keys = [str(row[0]) for row in rows]
        codes: dict[str, Codes] = {}
        values: dict[str, dict[Value, int]] = {}
        for number, name in enumerate(names, 1):
            known: dict[Value, int] = {}
            column = (UNKNOWN if row[number] is None else row[number] for row in rows)
            codes[name] = np.fromiter((known.setdefault(value, len(known) + 1) for value in column), dtype=np.int32, count=len(rows))
            values[name] = known
        return _Persons(order={key: i for i, key in enumerate(keys)}, positions=self._memory.positions(keys), codes=codes, values=values)

    def _narrowly(self, grant: Grant, catalogue: Catalogue, consent: bool, sources: Sources) -> Mapping[str, str]:
        """Return who withdrew in single channels, and in which: numbers before and after a batch of these are of different rows."""
        purpose = grant.consent_purpose if consent and catalogue.narrower_consents else None
        if purpose is None:
            return {}
        name = (id(catalogue.graph), sources.data_version, purpose, grant.today)
        with self._lock:
            found = self._narrow.get(name)
        if found is None:
            select = withdrawn_narrowly(Context.of(grant, catalogue), purpose)
            out: dict[str, list[str]] = {}
            for who, value in sources.session("warehouse").run(select, timeout_s=PATIENCE_S, max_rows=MOST_PERSONS):
                out.setdefault(str(who), []).append(str(value))
            found = {who: json.dumps(sorted(values), ensure_ascii=False) for who, values in sorted(out.items())}
            with self._lock:
                self._narrow[name] = found
                while len(self._narrow) > MOST_KEPT:
                    self._narrow.popitem(last=False)
        return found

    def _placed(self, persons: _Persons, narrow: Mapping[str, str]) -> npt.NDArray[np.int64]:
        """Return everybody's position; who withdrew in some channels is another person from then on, whose numbers are others."""
        known = [who for who in narrow if who in persons.order]
        if not known:
            return persons.positions
        out = persons.positions.copy()
        out[[persons.order[who] for who in known]] = self._memory.positions([f"{who}\0{narrow[who]}" for who in known])
        return out

    def _population(
        self, grant: Grant, catalogue: Catalogue, home: str, entity: str, consent: bool, persons: _Persons, sources: Sources
    ) -> npt.NDArray[np.bool_]:
        """Return who is within the caller's row scopes and the purpose's consents.

        A scope on what isn't the person's (the representative's region) restricts which facts are looked at, as a filter on a touch does, and not who.
        """
        scopes = tuple(s for s in grant.scopes if not isinstance(s, DimensionScope) or catalogue.graph.route(home, s.dimension) is not None)
        purpose = grant.consent_purpose if consent else None
        # A person has one row in the home of persons, so that who passes both is who passes each: a scope is read once a load, consents once a day.
        found = self._admitted(replace(grant, scopes=scopes), catalogue, home, entity, None, persons, sources)
        return found if purpose is None else found & self._admitted(replace(grant, scopes=()), catalogue, home, entity, purpose, persons, sources)

    def _admitted(
        self, grant: Grant, catalogue: Catalogue, home: str, entity: str, purpose: str | None, persons: _Persons, sources: Sources
    ) -> npt.NDArray[np.bool_]:
        """Return who passes the grant's row scopes and, with a purpose, its consents."""
        daily = purpose is not None or tables_of(catalogue.graph).model(home).model.complete_days
        name = (id(persons), home, grant.scopes, purpose, grant.today if daily else None)
        with self._lock:
            kept = self._inside.get(name)
            if kept is not None and kept[0] is persons:
                self._inside.move_to_end(name)
                return kept[1]
        part = Part(shape="members", measure=Measure(model=home, agg="members", entity=entity), consent=purpose is not None)
        scan = Scan(Context.of(grant, catalogue), part)
        where = scan.where
        found = np.ones(len(persons.positions), dtype=bool)
        if where:
            person = scan.person
            if person is None:
                raise KeyError(entity)
            # Few withdraw: they are read rather than all others. What is NULL does not pass.
            outside = purpose is not None
            passing = sa.case((sa.and_(sa.true(), *where), 0), else_=1) == 1 if outside else sa.and_(sa.true(), *where)
            select = sa.select(person.label("person")).select_from(scan.source()).where(passing)
            rows = sources.session("warehouse").run(select, timeout_s=PATIENCE_S, max_rows=MOST_PERSONS)
            found = np.full(len(persons.positions), outside)
            found[[persons.order[key] for row in rows if (key := str(row[0])) in persons.order]] = not outside
        found.setflags(write=False)
        with self._lock:
            self._inside[name] = persons, found
            while len(self._inside) > MOST_KEPT:
                self._inside.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """One metric's cells as persons. `cells`: values of the persons' own dimensions in `group_by` → cell number, from 1."""

    entity: str
    consents: str
    load: str
    population: npt.NDArray[np.bool_]
    around: Codes
    scope: Codes
    """As `around`, whoever withdrew in some channels."""
    codes: Codes
    count: int
    cells: Mapping[tuple[Value, ...], int]
    own: frozenset[str]
    group_by: tuple[str, ...]
    query_where: tuple[Filter, ...]
    digest: bytes

    def each(self, plan: Plan, measured: Measured, definition: Definition, hidden: Mapping[Place, str], others: dict[bytes, Other]) -> list[tuple[Place, bytes, int, int]]:
        """Return every shown cell of the metric that rests on persons: its place, its context, its cell and the persons behind it. `others`: filled with what each context is."""
        metric = definition.document.id
        at = {column.name: j for j, column in enumerate(measured.columns)}
        touched = [name for name in plan.group_by if name not in self.own]
        member = plan.member
        known: dict[object, bytes] = {}
        out = []
        height = len(measured.rows) // max(1, len(plan.timeline.rows))
        for i, row in enumerate(measured.rows):
            when = plan.timeline.rows[i // height] if height else plan.timeline.rows[0]
            for name, window in ((metric, when.window), (f"{metric}__base", when.window if member is not None else when.base)):
                behind = measured.contributors[i].get(name) if name in at else None
                if name not in at or behind is None or (i, name) in hidden:
                    continue
                based = member is not None and name != metric
                value = {d: member.base if based and member is not None and d == member.dimension else row[at[d]] for d in plan.group_by}
                cell = self.cells.get(tuple(value[d] for d in self.group_by))  # type: ignore[misc]
                if cell is None:
                    continue
                also = tuple(value[d] for d in touched)
                role = "others" if name != metric and plan.query.compare is None else ""
                key = (window, also, role)
                if key not in known:
                    known[key] = self._context(plan, definition, Other(window=window, filters=self.other, members=dict(zip(touched, also, strict=True)), role=role), others)
                out.append(((i, name), known[key], cell, behind))
        return out

    def _context(self, plan: Plan, definition: Definition, other: Other, others: dict[bytes, Other]) -> bytes:
        context = context_of(plan.catalogue, definition, other)
        others[context] = other
        return context

    def totals(self, plan: Plan, measured: Measured, definition: Definition, hidden: Mapping[Place, str], others: dict[bytes, Other]) -> list[tuple[bytes, int, list[Place]]]:
        """Return for each period whose shares are shown the context of its total, the persons behind it and the cells that tell it."""
        metric = definition.document.id
        height = len(measured.rows) // max(1, len(plan.timeline.rows))
        found: dict[bytes, tuple[int, list[Place]]] = {}
        for i, counts in enumerate(measured.contributors):
            window = (plan.timeline.rows[i // height] if height else plan.timeline.rows[0]).window
            context = self._context(plan, definition, Other(window=window, filters=self.other, members={}), others)
            behind, places = found.setdefault(context, (0, []))
            if (i, metric) not in hidden:
                places.append((i, metric))
            found[context] = (behind + (counts.get(metric) or 0), places)
        everyone = int((self.codes > 0).sum())
        return [(context, min(behind, everyone), places) for context, (behind, places) in found.items() if places]

    def absent(self, plan: Plan, measured: Measured, definition: Definition, others: dict[bytes, Other]) -> list[bytes]:
        """Return the contexts of the groups of touch attributes that no row stands for, so many as can be looked at."""
        touched = [name for name in plan.group_by if name not in self.own]
        if not touched or any(plan.catalogue.accepts_any(name) for name in touched):
            return []
        at = [next(j for j, column in enumerate(measured.columns) if column.name == name) for name in touched]
        present = {tuple(row[j] for j in at) for row in measured.rows}
        missing = list(islice((one for one in product(*(plan.catalogue.values(name) for name in touched)) if one not in present), MOST_ABSENT))
        windows = dict.fromkeys(row.window for row in plan.timeline.rows)
        return [
            self._context(plan, definition, Other(window=window, filters=self.other, members=dict(zip(touched, one, strict=True))), others)
            for one in missing[: MOST_ABSENT // max(1, len(windows))]
            for window in windows
        ]

    @property
    def other(self) -> tuple[Filter, ...]:
        """The filters that are not on the persons' own attributes."""
        return tuple(item for item in self.query_where if item.dimension not in self.own)


def _sized(context: bytes, codes: Codes, shown: Mapping[int, object]) -> Group:
    """Return the shown cells as a group that counts its persons."""
    sizes = np.bincount(codes)[1:].astype(np.int64)
    counts = np.full(len(sizes), UNSHOWN, dtype=np.int64)
    at = np.array(sorted(cell for cell in shown if cell <= len(sizes)), dtype=np.int64)
    counts[at - 1] = sizes[at - 1]
    return Group(context=context, codes=codes, counts=counts)


def _with_groups(plan: Plan, measured: Measured, missing: Sequence[tuple[Any, ...]], at: Sequence[int]) -> Measured:
    listed = [{item.value: number for number, item in enumerate(plan.catalogue.dimensions[name].values)} for name in plan.group_by]

    def place(row: Sequence[Any]) -> tuple[tuple[int, float, str], ...]:
        return tuple(_order(order, row[j]) for order, j in zip(listed, at, strict=True))

    height = len(measured.rows) // len(plan.timeline.rows)
    nobody = {column.name: 0 for column in measured.columns if column.kind == "metric"}
    rows: list[list[Cell]] = []
    counts: list[dict[str, int | None]] = []
    for number, when in enumerate(plan.timeline.rows):
        block = list(range(number * height, (number + 1) * height))
        both: list[tuple[list[Cell], dict[str, int | None]]] = [(measured.rows[i], measured.contributors[i]) for i in block]
        label: list[Cell] = [] if when.label is None else [when.label.isoformat()]
        both += [([*label, *group, *(0 for _ in nobody)], dict(nobody)) for group in missing]
        both.sort(key=lambda pair: place(pair[0]))
        rows += [row for row, _ in both]
        counts += [behind for _, behind in both]
    return replace(measured, rows=rows, contributors=counts)


def _order(listed: Mapping[Any, int], value: Any) -> tuple[int, float, str]:
    if value in listed:
        return (0, listed[value], "")
    if value is None or value == UNKNOWN:
        return (2, 0, "")
    return (1, value, "") if isinstance(value, int) else (1, 0, str(value))


def _counted_part(definition: Definition, catalogue: Catalogue) -> Part | None:
    """Return the part whose rows reach the persons' attributes, the narrowest one of a ratio."""
    carrying = [part for part in definition.formula.parts if catalogue.graph.person(part.measure.model) is not None]
    return next((part for part in carrying if not part.broad), carrying[0] if carrying else None)


def _belongs(catalogue: Catalogue, part: Part, entity: str, home: str, name: str) -> bool:
    """Return whether the dimension is an attribute of the person: reached through the person, and so dividing persons."""
    graph = catalogue.graph
    if name not in catalogue.part_dimensions[part] or graph.route(home, name) is None or graph.dimensions[name].identifies is not None:
        return False
    route = route_of(graph, part, name)
    return route is not None and (part.measure.model == home or route.hops[:1] == (entity,))


def _compared(plan: Plan, group: Sequence[Cell]) -> bool:
    """Return whether a group has a row where members are compared: the base has none, nor have members that are not asked for."""
    if plan.member is None:
        return True
    value = group[plan.group_by.index(plan.member.dimension)]
    asked = (item for item in plan.query.where if item.dimension == plan.member.dimension)
    return value != plan.member.base and all((value in item.values) == (item.op == "in") for item in asked)


def _passing(persons: _Persons, item: Filter) -> npt.NDArray[np.bool_]:
    known = persons.values[item.dimension]
    wanted = [known[value] for value in item.values if value in known]
    found = np.isin(persons.codes[item.dimension], wanted)
    return found if item.op == "in" else ~found
