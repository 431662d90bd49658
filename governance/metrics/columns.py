"""The columns of an answer: names by contracts.md section 2, labels in two languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.metrics.catalogue import Catalogue, Definition
from governance.terms import Column, MemberCompare, MetricQuery, Text

_PERIOD = Text(zh="期间", en="Period")
_ADDED: Mapping[str, tuple[str, str]] = {
    "__change": ("变化", "change"),
    "__growth": ("增长率", "growth"),
    "__share": ("占比", "share"),
    "__rank": ("排名", "rank"),
    "__ci_low": ("95%置信区间下限", "95% interval, low"),
    "__ci_high": ("95%置信区间上限", "95% interval, high"),
    "__p_value": ("p 值", "p-value"),
}
_FORMATS: Mapping[str, str] = {"__growth": "percent", "__share": "percent", "__rank": "integer", "__p_value": "decimal"}
_UNITLESS = frozenset(_FORMATS)


def _base_label(query: MetricQuery, catalogue: Catalogue, definition: Definition) -> tuple[str, str]:
    compare = query.compare
    if compare == "previous_year":
        return "上年同期", "a year earlier"
    if compare == "previous_period":
        return "上期", "the period before"
    if isinstance(compare, MemberCompare):
        value = next((item for item in catalogue.dimensions[compare.dimension].values if item.value == compare.base), None)
        label = value.label if value is not None else None
        return (label.zh, label.en) if label is not None else (str(compare.base), str(compare.base))
    if compare is not None:
        return "对比期", "the period compared"
    return ("其他", "the others") if definition.formula.rule == "exposed" else ("对比", "base")


def metric_column(definition: Definition, suffix: str, query: MetricQuery, catalogue: Catalogue) -> Column:
    """Return the metric's column with this suffix."""
    document = definition.document
    zh, en = _ADDED.get(suffix, ("", "")) if suffix != "__base" else _base_label(query, catalogue, definition)
    label = Text(zh=f"{document.label.zh}（{zh}）" if zh else document.label.zh, en=f"{document.label.en} ({en})" if en else document.label.en)
    unit = document.unit.text() if document.unit is not None and suffix not in _UNITLESS else None
    name = document.id + suffix
    return Column(name=name, label=label, kind="metric", unit=unit, format=_FORMATS.get(suffix, document.format), metric=document.id)


def metric_suffixes(query: MetricQuery, definition: Definition) -> tuple[str, ...]:
    """Return the suffixes of the metric's columns in this query, in order."""
    suffixes = list(definition.formula.suffixes)
    if query.compare is not None:
        suffixes += [item for item in ("__base", "__change", "__growth") if item not in suffixes]
    if query.share:
        suffixes.append("__share")
    return tuple(suffixes)


def answer_columns(
    query: MetricQuery, group_by: tuple[str, ...], definitions: Iterable[Definition], catalogue: Catalogue
) -> tuple[Column, ...]:
    """Return the answer's columns: the period (with a grain), the dimensions, then each metric with its added columns."""
    columns = [Column(name="period", label=_PERIOD, kind="period", format="date")] if query.grain is not None else []
    for name in group_by:
        dimension = catalogue.dimensions[name]
        columns.append(Column(name=name, label=dimension.label.text(), kind="dimension", format="integer" if dimension.type == "integer" else "text"))
    for definition in definitions:
        columns += [metric_column(definition, suffix, query, catalogue) for suffix in metric_suffixes(query, definition)]
    return tuple(columns)
