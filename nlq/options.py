"""Naming queries in a few words, for options to choose and for the nearest things that can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from governance.terms import Filter, MemberCompare, MetricQuery, Period, Text, Value
from nlq.lexicon.lexicon import Lexicon, LexiconView

_GRAINS = {"day": ("日", "day"), "week": ("周", "week"), "month": ("月", "month"), "quarter": ("季度", "quarter"), "year": ("年", "year")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A reading to choose: its query and how to name it."""

    label: Text
    query: MetricQuery


def _value(lexicon: Lexicon, dimension: str, value: Value) -> Text:
    info = lexicon.dimensions.get(dimension)
    return info.values.get(value, Text(zh=str(value), en=str(value))) if info else Text(zh=str(value), en=str(value))


def _dimension(lexicon: Lexicon, name: str) -> Text:
    info = lexicon.dimensions.get(name)
    return info.label if info else Text(zh=name, en=name)


def _dates(period: Period) -> Text:
    last = period.end - timedelta(days=1)
    if last == period.start:
        return Text(zh=f"{period.start}", en=f"{period.start}")
    return Text(zh=f"{period.start} 至 {last}", en=f"{period.start} to {last}")


def _filter(lexicon: Lexicon, item: Filter) -> Text:
    values = [_value(lexicon, item.dimension, value) for value in item.values]
    name = _dimension(lexicon, item.dimension)
    zh, en = "、".join(v.zh for v in values), ", ".join(v.en for v in values)
    if item.op == "not_in":
        return Text(zh=f"{name.zh}不含{zh}", en=f"{name.en} except {en}")
    return Text(zh=f"{name.zh}：{zh}", en=f"{name.en}: {en}")


def describe(query: MetricQuery, lexicon: Lexicon) -> Text:
    """Return a query in a few words of both languages: metric · by what · filters · period · comparison."""
    labels = [lexicon.metrics[name].label for name in query.metrics if name in lexicon.metrics]
    zh, en = ["、".join(label.zh for label in labels)], [", ".join(label.en for label in labels)]
    if query.group_by:
        names = [_dimension(lexicon, name) for name in query.group_by]
        zh.append("按" + "、".join(name.zh for name in names))
        en.append("by " + ", ".join(name.en.lower() for name in names))
    if query.grain:
        zh.append(f"按{_GRAINS[query.grain][0]}")
        en.append(f"by {_GRAINS[query.grain][1]}")
    for item in query.where:
        text = _filter(lexicon, item)
        zh.append(text.zh)
        en.append(text.en)
    for keep in query.keep:
        values = [_value(lexicon, keep.dimension, value) for value in keep.values]
        zh.append("只显示" + "、".join(v.zh for v in values))
        en.append("showing " + ", ".join(v.en for v in values))
    if query.period is not None:
        dates = _dates(query.period)
        zh.append(dates.zh)
        en.append(dates.en)
    _compared(query, lexicon, zh, en)
    if query.share:
        zh.append("占比")
        en.append("share")
    if query.limit is not None and query.order:
        zh.append(f"{'前' if query.order[0].direction == 'desc' else '后'} {query.limit}")
        en.append(f"{'top' if query.order[0].direction == 'desc' else 'bottom'} {query.limit}")
    return Text(zh=" · ".join(zh), en=" · ".join(en))


def _compared(query: MetricQuery, lexicon: Lexicon, zh: list[str], en: list[str]) -> None:
    compare = query.compare
    if compare == "previous_year":
        zh.append("同比")
        en.append("year on year")
    elif compare == "previous_period":
        zh.append("环比")
        en.append("versus the period before")
    elif isinstance(compare, MemberCompare):
        base = _value(lexicon, compare.dimension, compare.base)
        zh.append(f"与{base.zh}相比")
        en.append(f"compared with {base.en}")
    elif compare is not None:
        dates = _dates(compare)
        zh.append(f"与 {dates.zh} 相比")
        en.append(f"compared with {dates.en}")


def nearest_metrics(text: str, view: LexiconView, *, count: int = 3) -> tuple[Option, ...]:
    """Return the caller's metrics whose names share most with the text, best first; the first ones of the catalogue when nothing is shared."""
    pieces = _pieces(text)
    scored = []
    for name, info in view.lexicon.metrics.items():
        if name in view.metrics:
            own = _name_pieces(f"{info.label.zh} {info.label.en.lower()}")
            shared = len(pieces & own)
            if shared:
                scored.append((-shared / (len(own) + 3) ** 0.5, name))
    if not scored:
        scored = [(0.0, name) for name in view.lexicon.metrics if name in view.metrics]
        return tuple(Option(label=view.lexicon.metrics[name].label, query=MetricQuery(metrics=(name,))) for _, name in scored[:count])
    return tuple(
        Option(label=view.lexicon.metrics[name].label, query=MetricQuery(metrics=(name,))) for _, name in sorted(scored)[:count]
    )


@lru_cache(maxsize=4096)
def _name_pieces(text: str) -> frozenset[str]:
    return frozenset(_pieces(text))


def _pieces(text: str) -> set[str]:
    found = {text[i : i + 2] for i in range(len(text) - 1) if not text[i : i + 2].isascii()}
    return found | {word for word in text.replace("-", " ").split() if word.isascii() and len(word) > 3}
