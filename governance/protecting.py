"""Disclosure control of one answer: blurring while it is measured, hiding once it is, and the memory of what was told before.

Beside the gateway, since it joins the metrics wing (what adds up, who is behind a cell) with the disclosure wing (what must be hidden for it).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from governance.disclosure.lines import PERIOD, Shape, Sum
from governance.disclosure.memory import Knower, Memory
from governance.disclosure.noise import Counted, Noise
from governance.disclosure.protect import COMPLEMENTARY, Hidden, all_hidden, protect, with_dependants
from governance.disclosure.settings import Blur, Disclosure
from governance.metrics.catalogue import Catalogue, Definition
from governance.metrics.execution import Sources
from governance.metrics.formulas import Formula, Leaf, Number, Part, Reading
from governance.metrics.plans import Plan
from governance.metrics.slicing import adds_up
from governance.scopes import Scopes
from governance.terms import Grant, Measured, MinimumGroup, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What may be told of a table. `hidden`: cells and why; `refused`: the code of a refusal where nothing is left.

    `held`: how many tables told before it was judged together with, and `used`: how many independent cells were told, of how many that can be judged together;
    None where it tells of no group of persons.
    """

    measured: Measured
    hidden: Hidden
    refused: str | None = None
    held: int | None = None
    used: tuple[int, int] | None = None

    @property
    def budget(self) -> dict[str, int | None]:
        """What of a limited number is used up, as an outcome records it."""
        cells, of = self.used or (None, None)
        return {"answers_held": self.held, "cells_told": cells, "cells_of": of}


def blurred_metrics(settings: Disclosure, group: MinimumGroup, metrics: tuple[str, ...]) -> dict[str, Blur]:
    """Return how the metrics are blurred. Whoever may see single persons (k of 0 or 1) sees them as they are."""
    if group.k <= 1:
        return {}
    return {name: blur for name in metrics if (blur := settings.blur(name)).method != "none"}


class _Blurred:
    """Blurs the numbers of one plan while they are measured (`cells.Blurring`)."""

    def __init__(self, noise: Noise, blurs: Mapping[str, Blur]) -> None:
        self._noise, self._blurs = noise, blurs
        self._names: dict[tuple[Part, int], str] = {}

    def number(self, metric: str, part: Part, output: int, reading: Reading, whole: int, most: Number | None) -> Number | None:
        blur = self._blurs.get(metric)
        if blur is None or reading.value is None:
            return reading.value
        counted = Counted(
            what=self._what(part, output),
            value=reading.value,
            kind="sum" if part.measure.agg == "sum" else "count",
            persons=reading.persons or 0,
            mark=reading.mark if reading.mark is not None else -whole,
            most=most,
        )
        return self._noise.blurred(counted, blur)

    def metric(self, metric: str, value: Number | None) -> Number | None:
        bounds = self._blurs[metric].bounds if metric in self._blurs else None
        return value if value is None or bounds is None else min(max(float(value), bounds[0]), bounds[1])

    def _what(self, part: Part, output: int) -> str:
        """Name what is measured, however many metrics measure it: not the metric, the period or the filters."""
        if (part, output) not in self._names:
            second = part.second.model_dump_json() if part.second is not None else ""
            self._names[part, output] = f"{part.shape} {output} {part.days} {part.measure.model_dump_json()} {second}"
        return self._names[part, output]


def sum_of(catalogue: Catalogue, definition: Definition) -> Sum:
    """Return how the metric's cells add up, dimension by dimension: over those that divide what is counted."""
    name = definition.document.id
    return _kept_sum(catalogue, name) if catalogue.definitions.get(name) is definition else _sum_of(catalogue, definition)


@lru_cache(maxsize=512)
def _kept_sum(catalogue: Catalogue, name: str) -> Sum:
    # A catalogue never changes, and each answer needs this of each of its metrics.
    return _sum_of(catalogue, catalogue.definitions[name])


def _sum_of(catalogue: Catalogue, definition: Definition) -> Sum:
    formula = definition.formula
    if formula.rule != "expression":
        return Sum(over=frozenset(), rate=True)
    over = {name for name in definition.groupable if all(_adds(catalogue, part, name) for part in formula.parts)}
    if all(_adds_in_time(part) for part in formula.parts):
        over.add(PERIOD)
    single = formula.single
    counts = single is not None and single.measure.via is None and single.measure.agg not in {"count", "sum"} and _is_person(catalogue, single)
    return Sum(over=frozenset(over), counts=counts, rate=single is None)


def _is_person(catalogue: Catalogue, part: Part) -> bool:
    person = catalogue.graph.person(part.measure.model)
    return person is not None and part.measure.entity == person.name


def _adds(catalogue: Catalogue, part: Part, dimension: str) -> bool:
    return dimension in catalogue.part_dimensions[part] and adds_up(catalogue.graph, Formula(parts=(part,), node=Leaf(0)), (dimension,))


def _adds_in_time(part: Part) -> bool:
    if part.trailing is not None or part.to_date is not None or part.back:
        return False
    return part.shape == "first" or (part.shape == "rows" and part.measure.agg in {"count", "sum"})


def shape_of(plan: Plan, measured: Measured) -> Shape:
    """Return the geometry of the plan's table."""
    rows = plan.timeline.rows
    height = len(measured.rows) // len(rows) if rows else 0
    windows = [(row.window, row.base if row.base is not None else ("none", row.window)) for row in rows for _ in range(height)]
    member = plan.member
    return Shape(
        sums={definition.document.id: sum_of(plan.catalogue, definition) for definition in plan.metrics if definition.person is not None},
        windows=windows,
        member=None if member is None else (member.dimension, member.base),
    )


class Protection:
    """One installation's disclosure control: its secret key and its memory. Safe for threads."""

    def __init__(self, memory: Memory, key: bytes) -> None:
        self._memory, self._noise = memory, Noise(key)
        self._scopes = Scopes(memory)
        self._swept: dt.date | None = None

    def blurring(self, settings: Disclosure, grant: Grant) -> tuple[_Blurred | None, frozenset[str]]:
        """Return what blurs the grant's numbers, and the metrics that need fingerprints for it."""
        blurs = blurred_metrics(settings, grant.minimum_group, grant.query.metrics)
        return (_Blurred(self._noise, blurs) if blurs else None), frozenset(name for name, blur in blurs.items() if blur.method == "cell_key")

    def protect(self, settings: Disclosure, grant: Grant, plan: Plan, measured: Measured, sources: Sources) -> Protected:
        """Return the table with what of it must be hidden, and remember the rest as told to the caller and the caller's department.

        Raises WarehouseError when the memory can't be used: then nothing is told.
        """
        blurs = blurred_metrics(settings, grant.minimum_group, grant.query.metrics)
        measured = labelled(measured, blurs)
        group = grant.minimum_group
        if group.k <= 1:
            return Protected(measured=measured, hidden=protect(measured, group))
        measured = self._scopes.completed(grant, plan, measured, sources)
        hidden = protect(measured, group, shape_of(plan, measured), interval=settings.interval)
        if all_hidden(measured.columns, len(measured.rows), hidden):
            return Protected(measured=measured, hidden=hidden, refused="group_too_small")
        told = self._scopes.told(grant, plan, measured, hidden, sources)
        if not told.groups:
            return Protected(measured=measured, hidden=hidden)
        if self._swept != grant.today:
            self._memory.forget_before(grant.today - dt.timedelta(days=settings.remember_days))
            self._swept = grant.today
        knower = Knower(person=grant.actor.id, together=grant.actor.department, share=settings.together)
        held = self._memory.held(knower)
        verdicts = self._memory.judge(knower, told.groups, group.k, grant.today)
        for refused, places in zip(verdicts, told.places, strict=True):
            for cell in refused:
                for place in places.get(cell, ()):
                    hidden.setdefault(place, COMPLEMENTARY)
        hidden = with_dependants(measured, hidden)
        used = self._memory.used(knower, {group.context for group in told.groups})
        code = None
        if all_hidden(measured.columns, len(measured.rows), hidden):
            code = "budget_exhausted" if used.spent else "differencing"
        return Protected(measured=measured, hidden=hidden, refused=code, held=held, used=(used.cells, used.of))


def labelled(measured: Measured, blurs: Mapping[str, Blur]) -> Measured:
    """Return the table with its columns saying how they are protected."""
    if not blurs:
        return measured
    columns = []
    for column in measured.columns:
        blur = blurs.get(column.metric) if column.metric is not None else None
        columns.append(column if blur is None else replace(column, protection="noisy" if blur.method == "cell_key" else "rounded"))
    return replace(measured, columns=tuple(columns))


def refusal_words(code: str, k: int) -> tuple[Text, Text, str]:
    """Return a disclosure refusal's message, what may be asked instead, and its rule."""
    if code == "differencing":
        message = Text(
            zh=f"与此前给出的结果相减，可以推算出少于 {k} 人的小组，为避免识别到个人，不显示结果。",
            en=f"Together with earlier answers this would tell about fewer than {k} persons; nothing is shown, so that no one can be singled out.",
        )
        return message, Text(zh="使用此前问过的范围，或放宽筛选条件", en="Ask for a group that was asked before, or use fewer filters"), "answers_together"
    if code == "budget_exhausted":
        message = Text(
            zh="已给出的不同结果太多，无法再判断新的结果合起来会不会暴露少数人，因此暂不显示新的结果。",
            en="So many different results were told that it can no longer be judged whether a new one, put together with them, would tell about a few persons; so no new one is shown for now.",
        )
        again = Text(zh="再问以前问过的结果；较早的结果满保存期后会释放名额", en="Ask again for what was shown before; room is made when older results pass out of the memory's period")
        return message, again, "answers_together"
    message = Text(
        zh=f"每一组都少于 {k} 人，为避免识别到个人，不显示结果。",
        en=f"Every group has fewer than {k} persons; nothing is shown, so that no one can be singled out.",
    )
    return message, Text(zh="放宽筛选条件或使用更粗的维度", en="Use fewer filters or a coarser dimension"), "minimum_group"
