"""What a plan says of itself: notes that the answer must carry, and the plan as a readable tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from governance.documents.metrics import Metric
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.formulas import Part
from governance.metrics.plans import Plan
from governance.metrics.timeline import Timeline
from governance.terms import DimensionScope, Grant, Note, Period, Text

DAY = timedelta(days=1)
_TESTS = Text(
    zh="95% 置信区间：两个比例之差的 Newcombe 法；p 值：双侧合并 z 检验。",
    en="95% interval: Newcombe's for a difference of two proportions; p-value: pooled two-sided z-test.",
)


_RULES = {"expression": "arithmetic on the aggregates", "lift": "difference of two arms", "exposed": "exposed beside the others"}


def _changes(asked: Metric, document: Metric, period: Period) -> Iterable[Note]:
    """Every change of the definition after the first day looked at: before it another definition was in force, by which nobody counts any more."""
    versions = sorted([(document.effective_from, document.version), *((past.effective_from, past.version) for past in document.past_versions)])
    days = [f"{day.isoformat()} ({version})" for day, version in versions[1:] if period.start < day]
    if not days:
        return
    name, now = document.label, document.version
    of = Text(zh="", en="") if asked is document else Text(zh=f"{asked.label.zh}所用的", en=f", which {asked.label.en} uses,")
    yield Note(
        code="definition_changed",
        text=Text(
            zh=f"{of.zh}{name.zh}的口径变更于 {'、'.join(days)}；此前的期间也按现行口径（{now}）重算。",
            en=f"{name.en}{of.en} changed its definition on {', '.join(days)}; earlier dates are counted by the current one ({now}) as well.",
        ),
    )


def _definition_notes(definition: Definition, period: Period) -> Iterable[Note]:
    document = definition.document
    name = document.label
    if document.caveat is not None:
        yield Note(code="caveat", text=Text(zh=f"{name.zh}：{document.caveat.zh}", en=f"{name.en}: {document.caveat.en}"))
    if definition.timeless:
        yield Note(
            code="timeless",
            text=Text(zh=f"{name.zh}为当前数，与期间无关。", en=f"{name.en} is the current number; the period does not matter."),
        )
    if definition.formula.rule != "expression":
        yield Note(code="tests", text=_TESTS)
    for item in (document, *definition.components):
        yield from _changes(document, item, period)


def plan_notes(looked_at: Mapping[str, Period], times: Timeline, catalogue: Catalogue, grant: Grant) -> tuple[Note, ...]:
    """Return the notes that follow from the definitions and the period alone. `looked_at`: for each metric from which day to which its rows are read, the bases of comparisons included."""
    notes: list[Note] = []
    for metric, period in looked_at.items():
        definition = catalogue.definitions[metric]
        notes += _definition_notes(definition, period)
        daily = [catalogue.models[part.measure.model] for part in definition.formula.parts]
        if any(model.complete_days for model in daily) and times.period.end > grant.today:
            notes.append(Note(code="complete_days", text=Text(zh="只计完整的日子，不含今天。", en="Complete days only, today is left out.")))
    return tuple(dict.fromkeys(notes))


def _shown(period: Period) -> str:
    return f"{period.start.isoformat()}..{(period.end - DAY).isoformat()}"


def _back(part: Part) -> str:
    return f" {part.back} {part.back_unit}(s) before" if part.back else ""


def plan_tree(plan: Plan) -> str:
    """Return the plan as indented lines: what is answered, from which statements, over which windows."""
    query, times = plan.query, plan.timeline
    lines = [f"answer {', '.join(query.metrics)}"]
    lines.append(f"├─ by {', '.join(plan.group_by) or 'nothing (one total)'}" + (f", per {query.grain}" if query.grain else ""))
    lines.append(f"├─ over {_shown(times.period)}" + (f", compared with {_shown(times.base_period)}" if times.base_period else ""))
    lines += [f"├─ where {item.dimension} {item.op} {', '.join(map(str, item.values))}" for item in query.where]
    for scope in plan.grant.scopes:
        what = f"{scope.dimension} in {len(scope.values)} value(s)" if isinstance(scope, DimensionScope) else f"linked through {scope.model}"
        lines.append(f"├─ row scope: {what}")
    if plan.grant.consent_purpose is not None:
        lines.append(f"├─ consent: withdrawals for {plan.grant.consent_purpose} left out")
    for number, statement in enumerate(plan.statements, 1):
        parts = ", ".join(f"{output.part.shape} {output.part.measure.agg}[{output.index}]{_back(output.part)}" for output in statement.outputs) or "rows counted"
        by = ", ".join(statement.dimensions) or "total"
        windows = "any time" if statement.buckets is None else f"{len(statement.windows)} window(s)"
        lines.append(f"├─ statement {number} on {statement.source}: {statement.title} alone → {parts} by {by}, {windows}")
    lines += [f"├─ statement on {item.source}: months loaded of {item.part.measure.model}" for item in plan.coverage]
    for definition in plan.metrics:
        lines.append(f"├─ {definition.document.id} {definition.document.version}: {_RULES[definition.formula.rule]}")
    added = [name for name, on in (("compare", query.compare is not None), ("share", query.share)) if on]
    after = [name for name, on in (("having", query.having), ("order", query.order), ("keep", query.keep), ("limit", query.limit)) if on]
    lines.append(f"└─ then {' → '.join([*added, 'disclosure', *after])}")
    return "\n".join(lines)
