"""Metrics: simple, ratio, derived and cumulative become ours, with every filter pushed to the measure it restricts; the rest is reported.

What is carried is a draft that nobody approved, and every document says so in the fields that an answer shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from governance.documents.base import Synonyms, Words
from governance.documents.metrics import Condition, Measure, Metric, Shifted
from governance.interchange.expressions import parse
from governance.interchange.filters import condition, flattened
from governance.interchange.layout import Layout, is_name, words
from governance.interchange.measures import carried
from governance.interchange.nouns import Input, NotCarriedError, Project, SourceMetric, Window
from governance.interchange.report import Report
from governance.interchange.resolving import Resolver
from governance.interchange.trees import Combined, Given, Number, Tree, arithmetic, givens, written

NOBODY = Words(zh="未指定（导入）", en="not named (imported)")
UNAPPROVED = Words(zh="未批准（导入草稿）", en="not approved (imported draft)")
NEVER = dt.date(9999, 12, 31)
"""Stands where a document must have a day of approval and there was none."""
VERSION = "draft-imported"
TAG = "imported_draft"
STAGE = "imported"
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}
_STARTS = ("week", *_MONTHS)


class MetricCarrier:
    """Carries the metrics of one project. `documents` holds what was carried, in the project's order."""

    def __init__(self, project: Project, layout: Layout, report: Report, *, today: dt.date) -> None:
        self._project, self._layout, self._report, self._today = project, layout, report, today
        self._metrics = {metric.name: metric for metric in project.metrics}
        self._open: list[str] = []
        self._done: dict[str, Metric | None] = {}
        self._why: dict[str, str] = {}
        self._moved: set[str] = set()
        self.documents: list[Metric] = []

    def carry(self) -> None:
        for metric in self._project.metrics:
            if not metric.private:
                self._carried(metric.name)
        self.documents = [found for metric in self._project.metrics if (found := self._done.get(metric.name)) is not None]

    def _carried(self, name: str) -> bool:
        """Carry the metric once; return whether it could be."""
        if name in self._done:
            return self._done[name] is not None
        metric = self._metrics[name]
        item = f"metric {name}"
        try:
            if not is_name(name):
                raise NotCarriedError("the name does not fit a bundle's")
            self._done[name] = self._document(metric)
        except NotCarriedError as error:
            self._done[name] = None
            self._why[name] = str(error)
            self._report.lost(item, f"the {metric.type or 'metric'} metric", str(error))
            return False
        if metric.default_grain not in {None, "day"}:
            self._report.lost(item, "time_granularity", "no grain is asked by default; say it in the question")
        return True

    # ------------------------------------------------------------------ trees

    def _tree(self, name: str, filters: Sequence[str], hint: str = "") -> Tree:
        """Return the metric as arithmetic over measures, with these filters pushed down to each; `hint` is what to call it."""
        if name in self._open:
            raise NotCarriedError(f"it is defined by itself: {' → '.join([*self._open, name])}")
        metric = self._metrics.get(name)
        if metric is None:
            raise NotCarriedError(f"its input {name} is not in the project")
        self._open.append(name)
        try:
            every = (*metric.filters, *filters)
            if metric.type == "simple":
                return self._leaf(metric.measure, every, hint or name)
            if metric.type == "ratio":
                return Combined("/", self._input(metric.numerator, every), self._input(metric.denominator, every))
            if metric.type == "derived":
                names = {(given.alias or given.name): self._input(given, every) for given in metric.inputs}
                return arithmetic(metric.expr or "", names)
        finally:
            self._open.pop()
        if metric.type == "conversion":
            raise NotCarriedError("a conversion counts events after events there; ours counts members by their first entry, which is another number")
        if metric.type == "cumulative":
            raise NotCarriedError("a filter can't be pushed into a running total")
        raise NotCarriedError(f"the type {metric.type or 'is missing'} is not known")

    def _input(self, given: Input | None, filters: Sequence[str]) -> Tree:
        if given is None:
            raise NotCarriedError("an input is missing")
        if given.to_grain is not None:
            raise NotCarriedError(f"its input {given.name} is told as of the start of a {given.to_grain} (offset_to_grain); here numbers are of periods")
        if given.offset is not None:
            return self._moved_back(given, given.offset, filters)
        self._fill(given)
        hint = given.alias or given.name
        metric = self._metrics.get(given.name)
        if metric is not None and not metric.private and not filters and not given.filters:
            if given.name in self._open or not self._carried(given.name):
                raise NotCarriedError(f"its input {given.name} is not carried")
            return Given(given.name, hint)
        if metric is None and given.name in self._project.measures:
            # The oldest projects name measures where metrics are meant.
            return self._leaf(given, filters, hint)
        return self._tree(given.name, (*given.filters, *filters), hint)

    def _moved_back(self, given: Input, offset: Window, filters: Sequence[str]) -> Tree:
        """Return the input with every measure or metric that it reads moved back by the offset."""
        unit, count = offset.unit, offset.count
        if unit not in {*_MONTHS, *_DAYS} or count < 1:
            raise NotCarriedError(f"its input {given.name} is shifted by {count} {unit}; inputs go back by days, weeks, months, quarters or years")
        by = {"months": _MONTHS[unit] * count} if unit in _MONTHS else {"days": _DAYS[unit] * count}

        def moved(tree: Tree) -> Tree:
            if isinstance(tree, Combined):
                return Combined(tree.op, moved(tree.left), moved(tree.right))
            if isinstance(tree, Number):
                return tree
            if isinstance(tree.operand, Shifted):
                raise NotCarriedError(f"its input {given.name} is shifted twice")
            return Given(Shifted(of=tree.operand, **by), tree.hint)

        self._moved |= set(self._open)
        return moved(self._input(replace(given, offset=None), filters))

    def _leaf(self, given: Input | None, filters: Sequence[str], hint: str) -> Tree:
        measure = self._project.measures.get(given.name) if given is not None else None
        if given is None or measure is None:
            raise NotCarriedError(f"its measure {given.name if given else ''} is not in the project")
        self._fill(given)
        self._layout.model_of(measure)
        resolve = Resolver(self._layout, measure)
        tests: list[Condition] = []
        for text in (*given.filters, *filters):
            try:
                tests.append(condition(parse(text), resolve))
            except NotCarriedError as error:
                raise NotCarriedError(f"its filter: {error}") from error
        top, bottom = carried(measure, flattened(tests), self._layout, resolve)
        if bottom is None:
            return Given(top, hint)
        return Combined("/", Given(top, f"{hint}_sum"), Given(bottom, f"{hint}_rows"))

    @staticmethod
    def _fill(given: Input) -> None:
        if given.fill not in {None, 0}:
            raise NotCarriedError(f"periods without rows are filled with {given.fill}; here nothing is zero of it")

    # ------------------------------------------------------------------ documents

    def _document(self, metric: SourceMetric) -> Metric:
        if metric.type == "cumulative":
            return self._cumulative(metric)
        tree = self._tree(metric.name, ())
        differing = [given.operand for given in givens(tree) if isinstance(given.operand, str) and self._differs(given.operand)]
        for name in differing:
            self._report.add("differs", f"metric {metric.name}", f"its input {name}", "is carried with a difference, see there")
        if isinstance(tree, Given) and isinstance(tree.operand, Measure):
            kind: Literal["distinct", "simple"] = "distinct" if tree.operand.agg == "distinct" else "simple"
            return self._made(metric, kind, "decimal" if tree.operand.agg == "sum" else "integer", measure=tree.operand)
        if metric.name in self._moved:
            why = (
                "by weeks, or by a unit of which an offset of months is no multiple, MetricFlow moves each day by itself, so that the last day of a short month counts for several; "
                "here the period is moved as a whole. A period before the data is zero here, and absent there"
            )
            self._report.add("differs", f"metric {metric.name}", "offset_window", why)
        if isinstance(tree, Combined) and tree.op == "/" and isinstance(tree.left, Given) and isinstance(tree.right, Given):
            above, below = tree.left.operand, tree.right.operand
            if not isinstance(above, Shifted) and not isinstance(below, Shifted):
                return self._made(metric, "ratio", "decimal", numerator=above, denominator=below)
        if isinstance(tree, Number):
            raise NotCarriedError("it is a constant")
        expression, inputs = written(tree)
        if not inputs:
            raise NotCarriedError("it is a constant")
        return self._made(metric, "derived", "decimal", expression=expression, inputs=inputs)

    def _differs(self, name: str) -> bool:
        return any(note.object == f"metric {name}" for note in self._report.of("differs"))

    def _cumulative(self, metric: SourceMetric) -> Metric:
        parameters: dict[str, Any] = {}
        if metric.window is not None:
            unit, count = metric.window.unit, metric.window.count
            if unit not in {*_MONTHS, *_DAYS}:
                raise NotCarriedError(f"its window is {count} {unit}; running totals go back by days, weeks, months, quarters or years")
            parameters |= {"months": _MONTHS[unit] * count} if unit in _MONTHS else {"days": _DAYS[unit] * count}
        elif metric.to_date is not None:
            if metric.to_date not in _STARTS:
                raise NotCarriedError(f"it adds up since the {metric.to_date}'s start; only week, month, quarter and year are carried")
            parameters["to_date"] = metric.to_date
        else:
            parameters["to_date"] = "ever"
        source = metric.measure
        if source is None:
            raise NotCarriedError("its input is missing")
        if source.offset is not None or source.to_grain is not None:
            raise NotCarriedError("its input is shifted in time (offset)")
        if source.name in self._metrics and source.name not in self._project.measures:
            tree = self._tree(source.name, (*source.filters, *metric.filters))
        else:
            tree = self._leaf(source, metric.filters, source.name)
        if not isinstance(tree, Given) or not isinstance(tree.operand, Measure) or tree.operand.agg not in {"sum", "count"}:
            raise NotCarriedError("only sums and counts are added up over time; distinct counts and ratios of days don't add up")
        document = self._made(metric, "cumulative", "decimal" if tree.operand.agg == "sum" else "integer", measure=tree.operand, parameters=parameters)
        self._note_differences(metric)
        return document

    def _note_differences(self, metric: SourceMetric) -> None:
        item = f"metric {metric.name}"
        if metric.period_agg != "last":
            why = f"of each period MetricFlow tells the {metric.period_agg} day's running total (period_agg), here it is the last day's; by day both are one"
            self._report.add("differs", item, "grains coarser than day", why)
        if metric.window is not None and metric.window.unit in _DAYS:
            self._report.add("differs", item, "the first days", "a window that begins before the data is empty here, and the sum of what there is in MetricFlow")
        elif metric.window is not None:
            why = (
                "MetricFlow counts back from the last day by interval arithmetic, here whole months are counted: at the end of a month that is shorter "
                "than the one before the window, it begins up to three days earlier there; and here a window that begins before the data stays empty"
            )
            self._report.add("differs", item, "ends of months", why)

    def _made(self, metric: SourceMetric, kind: str, shown: str, **parts: Any) -> Metric:
        label = metric.label or metric.name.replace("_", " ")
        english = metric.description or f"Imported from {self._project.origin}: {metric.name} ({metric.type})."
        text = f"由 {self._project.origin} 导入的草稿：{metric.name}。{metric.description or ''}"
        return Metric(
            id=metric.name, stage=STAGE, label=words(label), synonyms=Synonyms(en=metric.synonyms), definition=Words(zh=text, en=english),
            kind=kind, format=shown, direction="neutral", tags=frozenset({TAG}), owner=NOBODY, approver=UNAPPROVED, approved_on=NEVER,
            version=VERSION, effective_from=self._today, caveat=Words(zh="导入的草稿，尚未批准。", en="An imported draft that nobody has approved."), **parts,
        )
