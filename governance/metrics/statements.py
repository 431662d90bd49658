"""One statement per fact, filter set and grain: what it selects and how its rows are read back.

The shapes that count rows directly are here; those that look at persons' histories are in `persons` and `states`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from governance.documents.metrics import Condition
from governance.metrics.buckets import Buckets, buckets, relation
from governance.metrics.formulas import Part
from governance.metrics.layout import Counting, Layout, Output, Used
from governance.metrics.scan import Context, Scan, predicates
from governance.metrics.tables import Clause
from governance.terms import Filter, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one statement must measure: parts that can share it, by which dimensions, where, and in which windows (each once).

    `persons` are the parts whose distinct persons must be counted beside their value, `marked` those whose set of persons needs a fingerprint.
    """

    parts: tuple[Part, ...]
    dimensions: tuple[str, ...]
    filters: tuple[Filter, ...]
    windows: tuple[Period, ...]
    persons: frozenset[Part]
    marked: frozenset[Part] = frozenset()

    @property
    def part(self) -> Part:
        return self.parts[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A SELECT and how to read it: `window` and `dimensions` first, then the outputs.

    `buckets` tell which window a row belongs to (None: all, the period makes no difference); `spread` gives for each of its positions the
    windows meant, where several asked windows are one to the statement. `used` are the positions of the counts that reconcile.
    """

    title: str
    source: str
    select: sa.Select[Any]
    windows: tuple[Period, ...]
    buckets: Buckets | None
    dimensions: tuple[str, ...]
    outputs: tuple[Output, ...]
    spread: tuple[tuple[int, ...], ...] | None = None
    used: tuple[Used, ...] = ()

    @property
    def first_dimension(self) -> int:
        return 0 if self.buckets is None or self.buckets.key is None else 1


def _split(parts: Sequence[Part]) -> tuple[list[Condition], list[list[Condition]]]:
    """Return the conditions that all parts have in common, and the rest of each."""
    common = [item for item in parts[0].measure.where if all(item in part.measure.where for part in parts[1:])]
    return common, [[item for item in part.measure.where if item not in common] for part in parts]


def _aggregates(scan: Scan, ask: Ask, layout: Layout) -> tuple[list[Output], list[Clause], list[tuple[Part, Clause | None, int | None]]]:
    """Add the parts' values; return their outputs, the conditions common to all, and of each part what its rows are: its own test, and a column that counts them already."""
    common, rests = _split(ask.parts)
    outputs: list[Output] = []
    rows: list[tuple[Part, Clause | None, int | None]] = []
    for number, (part, rest) in enumerate(zip(ask.parts, rests, strict=True)):
        test = predicates(scan.conditions(rest)) if rest else None
        person = scan.person
        value = layout.add(_aggregate(scan, part, test), f"v{number}")
        persons = None
        if part in ask.persons and person is not None:
            same = part.measure.agg in {"distinct", "members"} and part.measure.via is None and scan.counted_by(part.measure) is person
            persons = value if same else layout.add(sa.func.count(sa.distinct(_if(test, person))), f"p{number}")
        mark = layout.add(fingerprint(_if(test, person)), f"f{number}") if part in ask.marked and person is not None else None
        outputs.append(Output(part=part, index=0, value=value, persons=persons, mark=mark))
        rows.append((part, test, value if part.measure.agg == "count" else None))
    return outputs, scan.conditions(common), rows


_WEIGHTS = (1_093_514_077, 1_627_900_061, 811_589_147, 1_999_890_431, 417_121_891, 1_275_011_923, 2_038_074_743, 687_194_767, 1_504_330_937, 290_182_597)
_PRIME = 2_147_483_647
_LARGE = sa.BigInteger()


def fingerprint(person: Clause) -> Clause:
    """Return a number that belongs to the set of distinct persons: the sum of a residue of each key's last characters.

    Only functions that every engine has; all intermediate values fit into 64 bits for some billions of persons. It is no secret and no protection: what is drawn from it is keyed.
    """
    text = sa.cast(person, sa.String())
    mixed: Any = sa.literal_column("0", _LARGE)
    for back, weight in enumerate(_WEIGHTS):
        letter = sa.func.ascii(sa.func.substr(text, sa.func.length(text) - sa.literal_column(str(back)), sa.literal_column("1")))
        mixed = mixed + sa.cast(letter, _LARGE) * sa.literal_column(str(weight), _LARGE)
    prime = sa.literal_column(str(_PRIME), _LARGE)
    once = sa.func.mod(mixed, prime)
    # Squared, so that two sets with the same sum of keys differ.
    return sa.func.sum(sa.distinct(sa.cast(sa.func.mod(once * once, prime), _LARGE)))


def _if(test: Clause | None, value: Clause) -> Clause:
    return value if test is None else sa.case((test, value))


def _aggregate(scan: Scan, part: Part, test: Clause | None) -> Clause:
    measure = part.measure
    if measure.agg == "count":
        return sa.func.count() if test is None else sa.func.count(sa.case((test, sa.literal_column("1"))))
    if measure.agg == "sum":
        return sa.func.sum(_if(test, scan.sql.column(measure.column or "")))
    return sa.func.count(sa.distinct(_if(test, scan.counted_by(measure))))


def count_rows(context: Context, ask: Ask) -> Statement:
    """Counts, sums and distinct counts of one fact in its windows; several measures share the scan."""
    scan = Scan(context, ask.part)
    time = scan.sql.model.time
    timeless = ask.part.timeless or time is None
    found = None if timeless or time is None else buckets(ask.windows, scan.time, time.unit)
    groups = [scan.dimension(name).group for name in ask.dimensions]
    layout = Layout([*([found.key] if found is not None and found.key is not None else []), *groups])
    outputs, common, rows = _aggregates(scan, ask, layout)
    where = [*scan.where, *common, *scan.filters(ask.filters)]
    if found is not None and found.where is not None:
        where.append(found.where)
    counting = Counting(scan, layout, scan.ways(), scan.person)
    used = tuple(counting.rows(part, 0, test=test, rows=counted) for part, test, counted in rows)
    joins = [found.join] if found is not None and found.join is not None else []
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(scan.source(*joins), where),
        windows=ask.windows,
        buckets=found,
        dimensions=ask.dimensions,
        outputs=tuple(outputs),
        used=used,
    )


def in_force(context: Context, ask: Ask) -> Statement:
    """Members of an entity with a row that is valid at the last moment of each window."""
    scan = Scan(context, ask.part)
    validity = scan.sql.model.validity
    if validity is None:
        raise KeyError("validity")
    start, end = scan.sql.column(validity.start), scan.sql.column(validity.end)
    unit = "timestamp" if isinstance(start.type, sa.DateTime) else "date"
    windows = relation(ask.windows, unit)  # type: ignore[arg-type]
    found = Buckets(key=windows.c.w, found={position: position for position in range(len(ask.windows))})
    layout = Layout([windows.c.w, *(scan.dimension(name).group for name in ask.dimensions)])
    value = layout.add(sa.func.count(sa.distinct(scan.counted)), "v0")
    where = [*scan.where, *scan.conditions(ask.part.measure.where), *scan.filters(ask.filters)]
    mark = layout.add(fingerprint(scan.counted), "f0") if ask.part in ask.marked else None
    used = Counting(scan, layout, scan.ways(), scan.person).rows(ask.part, 0)
    valid = sa.and_(start < windows.c.e, sa.or_(end.is_(None), end >= windows.c.e))
    return Statement(
        title=scan.sql.model.table,
        source=scan.sql.model.source,
        select=layout.select(scan.source((windows, valid)), where),
        windows=ask.windows,
        buckets=found,
        dimensions=ask.dimensions,
        outputs=(Output(part=ask.part, index=0, value=value, persons=value if scan.person is not None else None, mark=mark),),
        used=(used,),
    )
