"""JSON ↔ MetricQuery (contracts.md section 2): shapes only; names and values are checked against the catalogue elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, get_args

from governance.errors import InvalidQuery, nearest
from governance.terms import (
    GRAINS,
    Compare,
    Comparison,
    Filter,
    Having,
    Keep,
    MemberCompare,
    MetricQuery,
    Order,
    Period,
    Value,
)

_KEYS = ("metrics", "group_by", "grain", "period", "where", "having", "order", "limit", "compare", "share", "keep")
_OPERATORS: tuple[str, ...] = get_args(Comparison)
MAX_ITEMS = 1000
MAX_LIMIT = 100_000


def _fail(message: str) -> InvalidQuery:
    return InvalidQuery(f"MetricQuery: {message}")


def _mapping(value: Any, where: str, keys: Sequence[str], required: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _fail(f"{where} must be a mapping of {', '.join(keys)}.")
    for key in value:
        if key not in keys:
            raise _fail(f"unknown key {key!r} in {where}.{nearest(str(key), keys) or ' Known: ' + ', '.join(keys) + '.'}")
    for key in required:
        if key not in value:
            raise _fail(f"{where} lacks {key!r}.")
    return value


def _items(value: Any, where: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _fail(f"{where} must be a list.")
    if len(value) > MAX_ITEMS:
        raise _fail(f"{where} has more than {MAX_ITEMS} items.")
    return list(value)


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or len(value) > 200:
        raise _fail(f"{where} must be a name.")
    return value


def _names(value: Any, where: str) -> tuple[str, ...]:
    names = tuple(_name(item, where) for item in _items(value, where))
    if len(set(names)) != len(names):
        raise _fail(f"{where} names something twice.")
    return names


def _value(value: Any, where: str) -> Value:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _fail(f"{where}: values are texts or whole numbers, not {type(value).__name__}.")
    return value


def _values(value: Any, where: str) -> tuple[Value, ...]:
    values = tuple(_value(item, where) for item in _items(value, where))
    if not values:
        raise _fail(f"{where} needs at least one value.")
    return tuple(dict.fromkeys(values))


def _one_of(value: Any, where: str, options: Sequence[str]) -> str:
    if value not in options or not isinstance(value, str):
        raise _fail(f"{where} is {value!r}; it must be one of {', '.join(options)}.{nearest(str(value), options)}")
    return value


def _day(value: Any, where: str) -> date:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        if not isinstance(value, str) or len(value) != len("2026-01-01"):
            raise ValueError(value)
        day = date.fromisoformat(value)
    except ValueError:
        raise _fail(f"{where} must be a date like 2026-10-01, not {value!r}.") from None
    if not 1900 <= day.year <= 2200:
        raise _fail(f"{where} is out of range: {day}.")
    return day


def _period(value: Any, where: str) -> Period:
    given = _mapping(value, where, ("start", "end"), ("start", "end"))
    start, end = _day(given["start"], f"{where}.start"), _day(given["end"], f"{where}.end")
    if start >= end:
        raise _fail(f"{where} must start before it ends (the end day is not included): {start} … {end}.")
    return Period(start=start, end=end)


def _filter(value: Any, where: str) -> Filter:
    given = _mapping(value, where, ("dimension", "op", "values"), ("dimension", "op", "values"))
    op: Literal["in", "not_in"] = "in" if _one_of(given["op"], f"{where}.op", ("in", "not_in")) == "in" else "not_in"
    return Filter(dimension=_name(given["dimension"], f"{where}.dimension"), op=op, values=_values(given["values"], f"{where}.values"))


def _having(value: Any, where: str) -> Having:
    given = _mapping(value, where, ("metric", "op", "value"), ("metric", "op", "value"))
    number = given["value"]
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise _fail(f"{where}.value must be a finite number, not {number!r}.")
    op: Any = _one_of(given["op"], f"{where}.op", _OPERATORS)
    return Having(metric=_name(given["metric"], f"{where}.metric"), op=op, value=float(number))


def _order(value: Any, where: str) -> Order:
    given = _mapping(value, where, ("by", "direction"), ("by",))
    direction = _one_of(given.get("direction", "desc"), f"{where}.direction", ("asc", "desc"))
    return Order(by=_name(given["by"], f"{where}.by"), direction="asc" if direction == "asc" else "desc")


def _keep(value: Any, where: str) -> Keep:
    given = _mapping(value, where, ("dimension", "values"), ("dimension", "values"))
    return Keep(dimension=_name(given["dimension"], f"{where}.dimension"), values=_values(given["values"], f"{where}.values"))


def _compare(value: Any) -> Compare:
    if isinstance(value, str):
        return "previous_year" if _one_of(value, "compare", ("previous_period", "previous_year")) == "previous_year" else "previous_period"
    if isinstance(value, Mapping) and "dimension" in value:
        given = _mapping(value, "compare", ("dimension", "base"), ("dimension", "base"))
        return MemberCompare(dimension=_name(given["dimension"], "compare.dimension"), base=_value(given["base"], "compare.base"))
    if isinstance(value, Mapping):
        return _period(value, "compare")
    raise _fail("compare must be previous_period, previous_year, {start, end} or {dimension, base}.")


def query_from_json(value: Any) -> MetricQuery:
    """Read a MetricQuery from plain data, or raise InvalidQuery naming the first thing wrong and the nearest known name."""
    given = _mapping(value, "the query", _KEYS, ("metrics",))
    given = {key: item for key, item in given.items() if item is not None}
    metrics = _names(given.get("metrics"), "metrics")
    if not metrics:
        raise _fail("metrics needs at least one id.")
    share, limit, grain = given.get("share", False), given.get("limit"), given.get("grain")
    if not isinstance(share, bool):
        raise _fail("share must be true or false.")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT):
        raise _fail(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return MetricQuery(
        metrics=metrics,
        group_by=_names(given.get("group_by", ()), "group_by"),
        grain=None if grain is None else GRAINS[GRAINS.index(_one_of(grain, "grain", GRAINS))],
        period=None if "period" not in given else _period(given["period"], "period"),
        where=tuple(_filter(item, f"where[{i}]") for i, item in enumerate(_items(given.get("where", ()), "where"))),
        having=tuple(_having(item, f"having[{i}]") for i, item in enumerate(_items(given.get("having", ()), "having"))),
        order=tuple(_order(item, f"order[{i}]") for i, item in enumerate(_items(given.get("order", ()), "order"))),
        limit=limit,
        compare=None if "compare" not in given else _compare(given["compare"]),
        share=share,
        keep=tuple(_keep(item, f"keep[{i}]") for i, item in enumerate(_items(given.get("keep", ()), "keep"))),
    )


def _period_json(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}


def _compare_json(compare: Compare) -> object:
    if isinstance(compare, Period):
        return _period_json(compare)
    if isinstance(compare, MemberCompare):
        return {"dimension": compare.dimension, "base": compare.base}
    return compare


def query_to_json(query: MetricQuery) -> dict[str, Any]:
    """Return the query as plain data with absent keys left out; `query_from_json` reads it back equal."""
    out: dict[str, Any] = {"metrics": list(query.metrics)}
    if query.group_by:
        out["group_by"] = list(query.group_by)
    if query.grain:
        out["grain"] = query.grain
    if query.period:
        out["period"] = _period_json(query.period)
    if query.where:
        out["where"] = [{"dimension": f.dimension, "op": f.op, "values": list(f.values)} for f in query.where]
    if query.having:
        out["having"] = [{"metric": h.metric, "op": h.op, "value": h.value} for h in query.having]
    if query.order:
        out["order"] = [{"by": o.by, "direction": o.direction} for o in query.order]
    if query.limit is not None:
        out["limit"] = query.limit
    if query.compare is not None:
        out["compare"] = _compare_json(query.compare)
    if query.share:
        out["share"] = True
    if query.keep:
        out["keep"] = [{"dimension": k.dimension, "values": list(k.values)} for k in query.keep]
    return out
