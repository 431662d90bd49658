"""What both MetricFlow specs have in common: inputs, filters, windows, aggregates; and the collection that both fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from governance.interchange.files import Looking, problem
from governance.interchange.nouns import Input, SourceMeasure, SourceMetric, SourceModel, Window


@dataclass(slots=True)
class Found:
    """Everything read so far; a name given twice is an error, as it is in MetricFlow."""

    models: list[SourceModel] = field(default_factory=list)
    measures: dict[str, SourceMeasure] = field(default_factory=dict)
    metrics: dict[str, SourceMetric] = field(default_factory=dict)
    created: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    types: dict[tuple[str, str], str] = field(default_factory=dict)

    def model(self, file: str, model: SourceModel) -> None:
        if any(model.name == other.name for other in self.models):
            raise problem(file, f"the semantic model {model.name} is given twice")
        self.models.append(model)

    def measure(self, file: str, key: str, measure: SourceMeasure) -> None:
        if key in self.measures:
            raise problem(file, f"the measure {measure.name} is given twice")
        self.measures[key] = measure

    def metric(self, file: str, metric: SourceMetric) -> None:
        if metric.name in self.metrics:
            raise problem(file, f"the metric {metric.name} is given twice")
        self.metrics[metric.name] = metric


def filters_of(raw: Any, item: Looking) -> tuple[str, ...]:
    """Return the filter texts, all of which must hold: a text, a list of them, or the manifest's `where_filters`."""
    if raw is None:
        return ()
    if isinstance(raw, bool):
        return (str(raw).lower(),)
    if isinstance(raw, str):
        return (raw,)
    if isinstance(raw, list):
        return tuple(text for one in raw for text in filters_of(one, item))
    if isinstance(raw, dict) and "where_filters" in raw:
        return filters_of(raw["where_filters"], item)
    if isinstance(raw, dict) and isinstance(raw.get("where_sql_template"), str):
        return (raw["where_sql_template"],)
    raise item.fail("filter", "a text or a list of texts")


def given(raw: Any, item: Looking) -> Input | None:
    """Return a measure or metric input: its name, or a mapping with filter, alias and offsets."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return Input(name=raw.strip().lower())
    if not isinstance(raw, dict):
        raise item.fail("an input", "a name or a mapping")
    look = Looking(item.file, f"{item.what}, input", raw)
    return Input(
        name=look.name(), filters=filters_of(raw.get("filter"), look), alias=(look.text("alias") or "").lower() or None,
        offset=window_of(raw.get("offset_window"), look), to_grain=look.text("offset_to_grain"), fill=look.number("fill_nulls_with"),
    )


def window_of(raw: Any, item: Looking) -> Window | None:
    """Return `7 days` or the manifest's `{count, granularity}`."""
    if raw is None:
        return None
    words = [raw.get("count"), raw.get("granularity")] if isinstance(raw, dict) else str(raw).split()
    if len(words) != 2 or not str(words[0]).isdigit() or not isinstance(words[1], str):
        raise item.fail("window", "a count and a unit, like `7 days`")
    return Window(count=int(str(words[0])), unit=words[1].lower().removesuffix("s"))


def cumulative(item: Looking, window: Any, to_date: str | None, period_agg: str | None) -> dict[str, Any]:
    """Return the fields that only cumulative metrics have."""
    return {"window": window_of(window, item), "to_date": to_date.lower() if to_date else None, "period_agg": (period_agg or "first").lower()}


def agg_of(item: Looking) -> str:
    found = (item.text("agg") or "").lower()
    return {"avg": "average"}.get(found, found)


def default_grain(item: Looking) -> str | None:
    return (item.text("time_granularity") or "").lower() or None


def synonyms_of(item: Looking) -> tuple[str, ...]:
    """Return `config: meta: synonyms`, a convention that some projects follow."""
    raw = item.inside("config").inside("meta").data.get("synonyms")
    return tuple(word for word in raw if isinstance(word, str)) if isinstance(raw, list) else ()


def aggregated(found: Found, item: Looking, metric: str, model: str, own: Looking, expr: str | None) -> str:
    """Note the aggregate that a simple metric holds itself, and return its key."""
    key = f"metric:{metric}"
    measure = SourceMeasure(
        name=metric, model=model, agg=agg_of(own), expr=expr,
        time=(own.text("agg_time_dimension") or "").lower() or None, semi_additive=own.data.get("non_additive_dimension") is not None,
    )
    found.measure(item.file, key, measure)
    return key
