"""The understood question as form fields (指标 · 维度 · 时间 · 筛选), and back to a MetricQuery document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from wenshu.web.language import say
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request

EXTRAS = ("having", "order", "limit", "compare", "share", "keep")
"""What the fields don't show; each can be kept or dropped as it is."""
GRAINS = ("day", "week", "month", "quarter", "year")
MAX_FILTERS = 8
_SEPARATORS = re.compile(r"\s*[,，、;；\n]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that can be picked."""

    id: str
    label: str
    chosen: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRow:
    """One line of the filters; the last one is empty."""

    number: int
    dimension: str
    op: str
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryForm:
    """The fields. `end` is the last day *inside*, as people say it; `base` is the query that the form began with."""

    base: str
    metrics: tuple[tuple[Choice, ...], ...]
    dimensions: tuple[Choice, ...]
    grains: tuple[Choice, ...]
    start: str
    end: str
    filters: tuple[FilterRow, ...]
    filter_dimensions: tuple[Choice, ...]
    extras: tuple[Choice, ...]


def query_form(query: Mapping[str, Any], cards: Sequence[Mapping[str, Any]]) -> QueryForm:
    """Return the form of a query; `cards` are the reader's metrics, and only what they may be asked by is offered."""
    labels = {str(card["id"]): say(card["label"]) for card in cards}
    asked = [str(metric) for metric in query.get("metrics") or ()]
    grouped = [str(name) for name in query.get("group_by") or ()]
    offered = _dimensions(card for card in cards if card["id"] in asked)
    members = _members(cards)
    filters = list(query.get("where") or ())
    known = offered | {name: name for name in (*grouped, *(str(f["dimension"]) for f in filters)) if name not in offered}
    period = query.get("period") or {}
    pickers = tuple(
        tuple(Choice(id=name, label=label, chosen=name == chosen) for name, label in ({chosen: chosen} | labels if chosen else labels).items())
        for chosen in [*asked, ""]
    )
    return QueryForm(
        base=json.dumps(query, ensure_ascii=False, default=str),
        metrics=pickers,
        dimensions=tuple(Choice(id=name, label=label, chosen=name in grouped) for name, label in known.items()),
        grains=tuple(Choice(id=name, label=grain_label(name), chosen=query.get("grain") == name) for name in GRAINS),
        start=str(period.get("start") or ""),
        end=_last_day(period.get("end")),
        filters=(
            *(
                FilterRow(number=n, dimension=str(f["dimension"]), op=str(f["op"]), values=_said(str(f["dimension"]), f["values"], members))
                for n, f in enumerate(filters)
            ),
            FilterRow(number=len(filters), dimension="", op="in", values=""),
        ),
        filter_dimensions=tuple(
            Choice(id=name, label=label, values=tuple(members.get(name, {}))) for name, label in known.items()
        ),
        extras=tuple(Choice(id=name, label=extra_label(name, query[name], labels), chosen=True) for name in EXTRAS if query.get(name)),
    )


def read_form(form: MultiDict[str, str], cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the query document that the fields say; what the service can't run it will refuse itself. Raises a 400 problem."""
    members = _members(cards)
    base = _json_object(form.get("base", "{}"))
    query: dict[str, Any] = {"metrics": _each(form.getlist("metric"))}
    if not query["metrics"]:
        raise bad_request(_("Choose at least one metric; everything else may stay empty."), code="invalid_query")
    if grouped := _each(form.getlist("dimension")):
        query["group_by"] = grouped
    if grain := form.get("grain"):
        query["grain"] = grain
    if period := _period(form.get("start", ""), form.get("end", "")):
        query["period"] = period
    if where := [row for n in range(MAX_FILTERS) if (row := _filter(form, n, base, members))]:
        query["where"] = where
    return query | {name: base[name] for name in EXTRAS if name in base and name in form.getlist("extra")}


def read_query(text: str) -> dict[str, Any]:
    """Return the query document of a clickable option."""
    return _json_object(text)


def grain_label(grain: str) -> str:
    """Return how a grain is called."""
    return {
        "day": _("by day"),
        "week": _("by week"),
        "month": _("by month"),
        "quarter": _("by quarter"),
        "year": _("by year"),
    }[grain]


def extra_label(name: str, value: Any, labels: Mapping[str, str]) -> str:
    """Say one of the parts that have no field, in words."""
    match name, value:
        case "compare", "previous_period":
            return _("compared with the period before")
        case "compare", "previous_year":
            return _("compared with the year before")
        case "compare", {"base": base}:
            return _("compared with %(base)s", base=base)
        case "compare", {"start": start, "end": end}:
            return _("compared with %(start)s to %(end)s", start=start, end=_last_day(end))
        case "share", _any:
            return _("with shares")
        case "limit", count:
            return _("the first %(count)d only", count=count)
        case "order", [{"by": by, **rest}, *_more]:
            what = labels.get(str(by).partition("__")[0], by)
            return _("%(what)s ascending", what=what) if rest.get("direction") == "asc" else _("%(what)s descending", what=what)
        case "having", [{"metric": metric, "op": op, "value": bound}, *_more]:
            return f"{labels.get(str(metric).partition('__')[0], metric)} {op} {bound}"
        case "keep", [{"values": values}, *_more]:
            return _("only %(values)s shown", values="、".join(map(str, values)))
    return name


# ---------------------------------------------------------------------- within


def _dimensions(cards: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The dimensions that all of the metrics may be asked by, in the first one's order."""
    each = [
        {str(d["id"] if isinstance(d, Mapping) else d): say(d["label"]) if isinstance(d, Mapping) else str(d) for d in card["dimensions"]}
        for card in cards
    ]
    if not each:
        return {}
    return {name: label for name, label in each[0].items() if all(name in other for other in each)}


def _each(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # nested deeper than the parser goes
        value = None
    if not isinstance(value, dict):
        raise bad_request(_("The form is damaged; open the page again and repeat. Nothing was done."), code="malformed_json")
    return value


def _period(start: str, end: str) -> dict[str, str] | None:
    if not start and not end:
        return None
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
        if first > last:
            raise ValueError
        return {"start": first.isoformat(), "end": (last + timedelta(days=1)).isoformat()}
    except (ValueError, OverflowError):
        detail = _("Give both the first and the last day, the first one earlier: 2026-10-01 and 2026-10-31. Leave both empty for the metric's usual period.")
        raise bad_request(detail, code="invalid_query") from None


def _last_day(end: object) -> str:
    try:
        return (date.fromisoformat(str(end)) - timedelta(days=1)).isoformat() if end else ""
    except (ValueError, OverflowError):
        return ""


def _members(cards: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str | int]]:
    """Label → value of each dimension whose values the reader's cards list."""
    found: dict[str, dict[str, str | int]] = {}
    for card in cards:
        for choice in card["dimensions"]:
            if isinstance(choice, Mapping) and choice.get("values") and choice["id"] not in found:
                found[str(choice["id"])] = {say(member["label"]): member["value"] for member in choice["values"]}
    return found


def _said(dimension: str, values: Iterable[object], members: Mapping[str, Mapping[str, str | int]]) -> str:
    names = {value: label for label, value in members.get(dimension, {}).items()}
    return "、".join(str(names.get(value, value)) for value in values)  # type: ignore[call-overload] # any value may be looked up


def _filter(
    form: MultiDict[str, str], n: int, base: Mapping[str, Any], members: Mapping[str, Mapping[str, str | int]]
) -> dict[str, Any] | None:
    dimension, text = form.get(f"filter-{n}-dimension", ""), form.get(f"filter-{n}-values", "")
    if not dimension or not text:
        return None
    op = "not_in" if form.get(f"filter-{n}-op") == "not_in" else "in"
    before = (base.get("where") or [])[n : n + 1]
    if before and before[0].get("dimension") == dimension and _said(dimension, before[0]["values"], members) == text:
        return {"dimension": dimension, "op": op, "values": before[0]["values"]}  # untouched: exactly the same values
    known = members.get(dimension, {})
    values = [known.get(value, value) for value in _SEPARATORS.split(text.strip()) if value]
    return {"dimension": dimension, "op": op, "values": values} if values else None
