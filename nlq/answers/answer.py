"""The answer, as contracts.md section 3 gives it: one shape for the command line, the API, the pages and the chat.

Row values stay the warehouse's own in every language (`["华东", 0.62]`), so that programs can rely on them. English names of values appear where people
read: in the sentence, the explanation, the chart, and in `nlq.answers.display.display_rows`, which pages use for their tables.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from audit.events import Receipt
from governance.errors import UnsoundQuery
from governance.metrics.parsing import query_from_json, query_to_json
from governance.terms import (
    Cell,
    Column,
    Disclosed,
    Grant,
    HiddenCell,
    Language,
    MemberCompare,
    MetricQuery,
    MinimumGroup,
    Refusal,
    Text,
)
from nlq.answers.companions import Catalogue, Companion, beside
from nlq.answers.explanation import Explanation, explain, query_in_words
from nlq.answers.narration import Finding, find
from nlq.charts.chart import chart
from nlq.tables.formatting import Names
from nlq.tables.view import Beside, View

Status = Literal["answered", "clarify", "refused", "not_understood"]
STEPS = ("understand", "decide", "plan", "execute", "disclose", "audit", "total")
"""The steps of `timings_ms`, each always present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A reading to choose from: what it means in words, and the query it would run."""

    label: str
    query: MetricQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarify:
    """A question back, with its options."""

    ask: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer in one language. `language` and `minimum_group` serve its display and are not part of the JSON."""

    status: Status
    query: MetricQuery | None = None
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    suppressed: tuple[HiddenCell, ...] = ()
    clarify: Clarify | None = None
    refusal: Refusal | None = None
    explanation: Explanation = field(default_factory=Explanation)
    chart: Mapping[str, Any] | None = None
    suggestions: tuple[str, ...] = ()
    receipt: Receipt | None = None
    data_as_of: dt.date | None = None
    data_version: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    language: Language = "zh"
    minimum_group: MinimumGroup | None = None

    def to_json(self) -> dict[str, Any]:
        """Return exactly the contract's keys, in its order, as plain JSON data (no NaN, no dates, no foreign number types)."""
        lang = self.language
        return {
            "status": self.status,
            "query": None if self.query is None else query_to_json(self.query),
            "columns": [_column(column, lang) for column in self.columns],
            "rows": [[_plain(cell) for cell in row] for row in self.rows],
            "suppressed": [{"row": cell.row, "column": cell.column, "reason": cell.reason} for cell in self.suppressed],
            "clarify": None if self.clarify is None else {
                "ask": self.clarify.ask,
                "options": [{"label": option.label, "query": query_to_json(option.query)} for option in self.clarify.options],
            },
            "refusal": None if self.refusal is None else {
                "code": self.refusal.code, "message": self.refusal.message[lang], "rule": self.refusal.rule,
                "you_may": [text[lang] for text in self.refusal.you_may],
            },
            "explanation": self.explanation.to_json(),
            "chart": None if self.chart is None else _tree(self.chart),
            "suggestions": list(self.suggestions),
            "receipt": None if self.receipt is None else {"event": self.receipt.event, "index": self.receipt.index, "checkpoint": self.receipt.checkpoint},
            "data_as_of": None if self.data_as_of is None else self.data_as_of.isoformat(),
            "data_version": self.data_version,
            "timings_ms": {step: round(float(self.timings_ms.get(step, 0.0)), 3) for step in STEPS},
        }  # fmt: skip


class Told(Protocol):
    """What the gateway hands over when it answers (`governance.gateway.Answered`)."""

    @property
    def disclosed(self) -> Disclosed: ...
    @property
    def companions(self) -> Sequence[Disclosed | None]: ...
    @property
    def grant(self) -> Grant: ...
    @property
    def receipt(self) -> Receipt: ...
    @property
    def data_as_of(self) -> dt.date: ...
    @property
    def data_version(self) -> str: ...
    @property
    def timings_ms(self) -> Mapping[str, float]: ...


# --------------------------------------------------------------------------- builders


def answered(
    told: Told,
    catalogue: Catalogue,
    language: Language,
    *,
    companions: Sequence[Companion] = (),
    assumptions: Iterable[str] = (),
    suggestions: Iterable[str] = (),
    purpose: Text | None = None,
    understand_ms: float = 0.0,
    fiscal_start: int = 1,
    draw: bool = True,
) -> Answer:
    """Tell what was disclosed.

    `companions` are those whose queries went with the question, in the order of `told.companions`; `assumptions` come from reading the words, in
    the language; `purpose` is the purpose's label. Without `draw` no chart is made (a program that wants numbers only).
    """
    view, finding = tell(told, catalogue, language, companions=companions, fiscal_start=fiscal_start)
    table = told.disclosed
    persons = any(catalogue.persons_behind(metric) is not None for metric in told.grant.query.metrics)
    return Answer(
        status="answered",
        query=told.grant.query,
        columns=table.columns,
        rows=table.rows,
        suppressed=table.hidden,
        explanation=explain(view, _qualified(told, finding.sentence, language), told.grant, assumptions=assumptions, purpose=purpose, persons=persons),
        chart=(chart(view, finding) or _small(companions_beside(told, view, companions))) if draw else None,
        suggestions=tuple(suggestions),
        receipt=told.receipt,
        data_as_of=told.data_as_of,
        data_version=told.data_version,
        timings_ms=_timings(told.timings_ms, understand_ms),
        language=language,
        minimum_group=table.minimum_group,
    )


def _qualified(told: Told, sentence: str, language: Language) -> str:
    """Say what a reader of the sentence alone would miss.

    Of ranks, shares and extremes that only the caller's own members took part: the best of one's own region is not the best of all. Of a comparison that
    was asked for and has no data to compare with: why there is none.
    """
    query = told.grant.query
    lone = next((note.text for note in told.disclosed.notes if note.code == "no_base_data"), None)
    if lone is not None:
        sentence = f"{sentence}{lone.zh}" if language == "zh" else f"{sentence} {lone.en}"
    among_members = bool(query.group_by) and bool(query.share or query.keep or query.limit or query.order or isinstance(query.compare, MemberCompare))
    if not told.grant.scopes or not among_members:
        return sentence
    return f"在您可见的范围内：{sentence}" if language == "zh" else f"Within what you may see: {sentence}"


def _small(beside_it: Beside) -> Mapping[str, Any] | None:
    """Draw what stands beside a single number: the units up to it, else its peers. Both were disclosed under the same receipt."""
    view = beside_it.recent or beside_it.peers
    return None if view is None else chart(view, find(view), small=True)


def tell(
    told: Told, names: Names, language: Language, *, companions: Sequence[Companion] = (), fiscal_start: int = 1
) -> tuple[View, Finding]:
    """Return the disclosed table as a view and its finding, for a caller that needs the sentence alone (a chat card, a report)."""
    query = told.grant.query
    view = View(query=query, table=told.disclosed, names=names, language=language, today=told.grant.today, fiscal_start=fiscal_start)
    return view, find(view, companions_beside(told, view, companions))


def companions_beside(told: Told, view: View, companions: Sequence[Companion]) -> Beside:
    """Return the companions' tables that agree with the answer; `peers` also helps to suggest what to compare with."""
    return beside(told.grant.query, told.disclosed, companions, told.companions, view)


def refused(
    refusal: Refusal,
    language: Language,
    *,
    receipt: Receipt | None = None,
    query: MetricQuery | None = None,
    suggestions: Iterable[str] = (),
    timings_ms: Mapping[str, float] | None = None,
    understand_ms: float = 0.0,
) -> Answer:
    """Say that there is no data, why, and what may be asked instead; `query` is left out where the words themselves were the reason."""
    return Answer(
        status="refused",
        query=query,
        refusal=refusal,
        explanation=Explanation(summary=refusal.message[language]),
        suggestions=tuple(suggestions),
        receipt=receipt,
        timings_ms=_timings(timings_ms or {}, understand_ms),
        language=language,
    )


def clarify(
    ask: str,
    options: Iterable[Option],
    language: Language,
    *,
    assumptions: Iterable[str] = (),
    receipt: Receipt | None = None,
    timings_ms: Mapping[str, float] | None = None,
    understand_ms: float = 0.0,
) -> Answer:
    """Ask back. The first option is the best reading and stands in `query`."""
    choices = tuple(options)
    return Answer(
        status="clarify",
        query=choices[0].query if choices else None,
        clarify=Clarify(ask=ask, options=choices),
        explanation=Explanation(summary=ask, assumptions=tuple(assumptions)),
        receipt=receipt,
        timings_ms=_timings(timings_ms or {}, understand_ms),
        language=language,
    )


def unsound(error: UnsoundQuery, names: Names, language: Language, *, receipt: Receipt | None = None, understand_ms: float = 0.0) -> Answer:
    """Turn a question that the metric can't soundly answer into a question back, with the nearest sound queries as options."""
    queries = [query_from_json(alternative) for alternative in error.alternatives]
    options = [Option(label=query_in_words(query, names, language), query=query) for query in queries]
    return clarify(error.zh if language == "zh" else str(error), options, language, receipt=receipt, understand_ms=understand_ms)


def not_understood(
    message: str,
    language: Language,
    *,
    nearest: Iterable[str] = (),
    receipt: Receipt | None = None,
    timings_ms: Mapping[str, float] | None = None,
    understand_ms: float = 0.0,
) -> Answer:
    """Say that the words were not understood, with the nearest questions that can be asked."""
    return Answer(
        status="not_understood",
        explanation=Explanation(summary=message),
        suggestions=tuple(nearest),
        receipt=receipt,
        timings_ms=_timings(timings_ms or {}, understand_ms),
        language=language,
    )


# --------------------------------------------------------------------------- plain data


def _timings(steps: Mapping[str, float], understand_ms: float) -> dict[str, float]:
    known = {step: float(steps.get(step, 0.0)) for step in STEPS}
    known["understand"] = known["understand"] or understand_ms
    known["total"] = known["total"] or sum(known[step] for step in STEPS if step != "total")
    return known


def _column(column: Column, language: Language) -> dict[str, Any]:
    return {
        "name": column.name, "label": column.label[language], "kind": column.kind, "unit": None if column.unit is None else column.unit[language],
        "format": column.format, "protection": column.protection,
    }  # fmt: skip


def _plain(value: Any) -> str | int | float | bool | None:
    """Return a cell as JSON can hold it: no number becomes text, what is not a number becomes null."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if isinstance(value, (float, Decimal)) or hasattr(value, "__float__"):
        exact = float(value)
        if not math.isfinite(exact):
            return None
        return int(exact) if hasattr(value, "__index__") else exact
    return str(value)


def _tree(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tree(item) for item in value]
    return _plain(value)
