"""How an answer came about, in words: period, filters, definitions with their approval, what policy did, what was assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from governance.documents.metrics import Metric
from governance.identity.labels import WORDS, label_of_answer
from governance.reconciling import rows_to_json
from governance.terms import Filter, Grant, Language, MemberCompare, MetricQuery, MinimumGroup, Period, Text
from nlq.answers.phrases import thresholds
from nlq.tables.formatting import Names, dimension_label, glue, inside, listed, metric_label, plural, value_label
from nlq.tables.periods import period_dates
from nlq.tables.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A metric's governed definition as the answer cites it; `version`, approver and day say which one was in force."""

    id: str
    label: str
    definition: str
    owner: str
    version: str
    approver: str
    approved_on: str

    def to_json(self) -> dict[str, str]:
        return {
            "id": self.id, "definition": self.definition, "owner": self.owner, "version": self.version,
            "label": self.label, "approver": self.approver, "approved_on": self.approved_on,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """contracts.md section 3, `explanation`. A metric's label, approver and approval day and `rows`, the fact rows used, come in addition to the contract's keys."""

    summary: str = ""
    metrics: tuple[Definition, ...] = ()
    period: str = ""
    filters: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "summary": self.summary, "metrics": [metric.to_json() for metric in self.metrics], "period": self.period,
            "filters": list(self.filters), "policy": list(self.policy), "assumptions": list(self.assumptions),
            "rows": list(self.rows),
        }  # fmt: skip


def explain(view: View, summary: str, grant: Grant, *, assumptions: Iterable[str] = (), purpose: Text | None = None, persons: bool = True) -> Explanation:
    """Explain an answered question. `assumptions` are what reading the words took for granted; the table's own notes follow them.

    `persons`: whether the facts carry persons, so that the minimum group says something about this answer.
    """
    lang = view.language
    noted = [note.text[lang] for note in view.table.notes]
    known = [view.names.metrics[m] for m in grant.query.metrics if m in view.names.metrics]
    caveats = [] if any(note.code == "caveat" for note in view.table.notes) else [metric.caveat.text()[lang] for metric in known if metric.caveat]
    return Explanation(
        summary=summary,
        metrics=tuple(define(metric, view.language) for metric in known),
        period=period_in_words(view),
        filters=(*filters_in_words(view), *([thresholds(view)] if view.query.having else [])),
        policy=(*_policy(view, grant, purpose, persons=persons), _label(view, grant, persons=persons)),
        assumptions=tuple(dict.fromkeys([*assumptions, *noted, *caveats])),
        rows=tuple(rows_to_json(view.table.facts, lang)),
    )


def _label(view: View, grant: Grant, *, persons: bool) -> str:
    """Say what the answer is in law: aggregate (with the k that every number was measured to have), de-identified personal information, or business data."""
    dimensions = view.names.dimensions
    individual = any(name in dimensions and dimensions[name].identifies is not None for name in grant.query.group_by)
    label, k = label_of_answer(individual=individual, persons=persons, k=grant.minimum_group.k), grant.minimum_group.k
    words = WORDS[label]
    measured = f"（k ≥ {k}）" if view.zh else f" (k ≥ {k})"
    return (f"数据标签：{words.zh}" if view.zh else f"Label: {words.en}") + (measured if label == "aggregate" else "")


def define(metric: Metric, language: Language) -> Definition:
    """Cite a metric's definition in the language."""
    return Definition(
        id=metric.id,
        label=metric.label.text()[language],
        definition=metric.definition.text()[language],
        owner=metric.owner.text()[language],
        version=metric.version,
        approver=metric.approver.text()[language],
        approved_on=metric.approved_on.isoformat(),
    )


def period_in_words(view: View) -> str:
    """Return the period as dates people read, both ends included, with the compared one; or that the metric has none."""
    period, base = view.table.period, view.table.base_period
    if period is None or view.timeless:
        return "当前数，与期间无关" if view.zh else "the current number, whatever the period"
    said = period_dates(period, view.language)
    if base is None:
        return said
    return glue(f"{said}，对比", period_dates(base, "zh")) if view.zh else f"{said}, compared with {period_dates(base, 'en')}"


def filters_in_words(view: View) -> list[str]:
    """Return each filter with its dimension: `大区：华东、华南`, `Channel: not E-mail`; long lists are counted."""
    said = [_condition(f, view.names, view.language) for f in view.query.where]
    compare = view.query.compare
    if isinstance(compare, MemberCompare):
        name, base = dimension_label(compare.dimension, view.names, view.language), value_label(compare.dimension, compare.base, view.names, view.language)
        said.append(f"{name}：与{base}相比" if view.zh else f"{name}: compared with {base}")
    for keep in view.query.keep:
        values = listed([value_label(keep.dimension, v, view.names, view.language) for v in keep.values], view.language)
        name = dimension_label(keep.dimension, view.names, view.language)
        said.append(f"只列{name}：{values}" if view.zh else f"Showing {name}: {values}")
    return said


def _condition(condition: Filter, names: Names, language: Language) -> str:
    name = dimension_label(condition.dimension, names, language)
    values = [value_label(condition.dimension, v, names, language) for v in condition.values]
    words, zh = listed(values[:8], language), language == "zh"
    if len(values) > 8:
        words = f"{words}等 {len(values)} 个" if zh else f"{', '.join(values[:8])} and {len(values) - 8} more"
    if condition.op == "not_in":
        return f"{name}：不含{words}" if zh else f"{name}: not {words}"
    return f"{name}：{words}" if zh else f"{name}: {words}"


def query_in_words(query: MetricQuery, names: Names, language: Language) -> str:
    """Describe a query as the label of a choice: `触达率 · 按大区 · 2026-10-01 至 10-31 · 渠道：微信`."""
    zh = language == "zh"
    parts = [listed([metric_label(m, names, language) for m in query.metrics], language)]
    if query.group_by:
        parts.append(("按" if zh else "by ") + listed([inside(dimension_label(d, names, language), language) for d in query.group_by], language))
    if query.grain:
        parts.append(_GRAINS[query.grain][0 if zh else 1])
    if query.period:
        parts.append(period_dates(query.period, language))
    parts += [_condition(f, names, language) for f in query.where]
    if query.compare is not None:
        parts.append(_compared(query, names, language))
    if query.share:
        parts.append("占比" if zh else "share")
    if query.limit is not None and query.order:
        most = query.order[0].direction == "desc"
        parts.append(f"{'前' if most else '后'} {query.limit}" if zh else f"{'top' if most else 'bottom'} {query.limit}")
    return " · ".join(parts)


_GRAINS = {"day": ("按日", "daily"), "week": ("按周", "weekly"), "month": ("按月", "monthly"), "quarter": ("按季度", "quarterly"), "year": ("按年", "yearly")}


def _compared(query: MetricQuery, names: Names, language: Language) -> str:
    zh = language == "zh"
    if isinstance(query.compare, MemberCompare):
        base = value_label(query.compare.dimension, query.compare.base, names, language)
        return f"与{base}相比" if zh else f"compared with {base}"
    if isinstance(query.compare, Period):
        return f"对比 {period_dates(query.compare, 'zh')}" if zh else f"compared with {period_dates(query.compare, 'en')}"
    if query.compare == "previous_year":
        return "同比" if zh else "year on year"
    return "环比" if zh else "against the period before"


def _policy(view: View, grant: Grant, purpose: Text | None, *, persons: bool) -> list[str]:
    """What policy did to this answer: purpose, obligations (a narrowed scope among them), minimum group, protection, hidden cells."""
    said = [f"目的：{purpose.zh if purpose else grant.purpose}" if view.zh else f"Purpose: {purpose.en if purpose else grant.purpose}"]
    said += [obligation[view.language] for obligation in grant.obligations]
    said += [mask.told[view.language] for mask in grant.masks]
    group = grant.minimum_group
    if group.k > 1 and persons:
        said.append(minimum_group_in_words(group, view.names, zh=view.zh))
    small = sum(cell.reason == "small_group" for cell in view.table.hidden)
    other = len(view.table.hidden) - small
    if small:
        said.append(f"{small} 个单元格因人数不足未显示" if view.zh else f"{small} {'cell' if small == 1 else 'cells'} hidden: too few people")
    if other:
        said.append(f"{other} 个单元格为保护它们而一并隐去" if view.zh else f"{other} more hidden so that those can't be worked out")
    for column in view.table.columns:
        if column.protection == "exact" or column.kind != "metric":
            continue
        label = column.label[view.language]
        zh, en = ("已取整", "rounded") if column.protection == "rounded" else ("加入了保护性噪声，为近似值", "carries protective noise and is approximate")
        said.append(f"{label}：{zh}" if view.zh else f"{label} {'is ' if en == 'rounded' else ''}{en}")
    return said


def minimum_group_in_words(group: MinimumGroup, names: Names, *, zh: bool) -> str:
    """Return the rule of small groups: `少于 10 位医生的单元格不显示`."""
    person = next((d for d in names.dimensions.values() if d.identifies == group.entity), None)
    if zh:
        return f"少于 {group.k} 位{person.label.zh if person else '人员'}的单元格不显示"
    noun = plural(inside(person.label.en if person else "Person", "en"))
    return f"Cells of fewer than {group.k} {noun} are not shown"

