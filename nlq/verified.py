"""Verified questions: what the committee approved together with a metric is recognised, run as approved, and said to be so.

A golden question is words and a query. Its words are read by the same parser as everybody's, today: the label is given only where that
reading still is the approved query, so that a label never vouches for something else than what was approved. What the approval does not fix
(the days that 上个月 means today) is said not to be part of it. Whoever may not know all that an approved question names has no such question.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from governance import calendar
from governance.documents.metrics import Metric
from governance.errors import InvalidQuery
from governance.metrics.parsing import query_from_json
from governance.terms import Language, MemberCompare, MetricQuery, Period, Text
from nlq.lexicon.lexicon import Lexicon, LexiconView
from nlq.matching import Matcher
from nlq.reading import Reading
from nlq.times import Clock
from nlq.understand import Understanding, understand
from nlq.words.grammar import TIME
from nlq.words.normalise import normalise, units

CERTAIN = 1.0
MAX_READINGS_KEPT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An approved question that was asked. `query` is what to run; `dated` whether its period, too, is what was approved."""

    ask: str
    metric: str
    approver: Text
    approved_on: date
    query: MetricQuery
    exact: bool
    dated: bool

    @property
    def label(self) -> Text:
        """Who approved it and when, for the answer's assumptions."""
        zh = f"已验证：{self.approver.zh}于 {self.approved_on} 核准的问题“{self.ask}”" + ("" if self.exact else "，问法不同，含义相同")
        en = f"verified: a question approved by {self.approver.en} on {self.approved_on} ('{self.ask}')" + ("" if self.exact else ", in other words")
        if self.dated:
            return Text(zh=zh, en=en)
        return Text(zh=f"{zh}；期间按问句和当天计算，不在核准之内", en=f"{en}; its period follows from the words and today, and is not part of the approval")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Golden:
    ask: str
    key: tuple[str, ...]
    metric: Metric
    query: MetricQuery
    form: MetricQuery
    """The query without its period, in the form in which two that ask the same are equal."""

    def known(self, view: LexiconView) -> bool:
        """Return whether the caller may know every metric, dimension and value that the approved query names."""
        query = self.query
        if not view.metrics.issuperset(query.metrics) or not view.dimensions.issuperset(query.named_dimensions()):
            return False
        named = [(item.dimension, value) for item in query.where for value in item.values]
        named += [(item.dimension, value) for item in query.keep for value in item.values]
        if isinstance(query.compare, MemberCompare):
            named.append((query.compare.dimension, query.compare.base))
        return all(view.value_allowed(dimension, value) for dimension, value in named)


def _key(text: str) -> tuple[str, ...]:
    """Return the words of a text without case, width, spaces and punctuation."""
    return tuple(unit.key for unit in units(normalise(text)) if unit.kind != "p")


def same_form(query: MetricQuery) -> MetricQuery:
    """Return the query in the form in which two that ask the same are equal; the order of metrics and groups orders only columns."""
    return replace(
        query,
        metrics=tuple(sorted(query.metrics)),
        group_by=tuple(sorted(query.group_by)),
        where=tuple(sorted((replace(item, values=tuple(sorted(item.values, key=repr))) for item in query.where), key=repr)),
        having=tuple(sorted(query.having, key=repr)),
        keep=tuple(sorted((replace(item, values=tuple(sorted(item.values, key=repr))) for item in query.keep), key=repr)),
    )


def _undated(query: MetricQuery) -> MetricQuery:
    return same_form(replace(query, period=None))


def names_time(ask: str, lexicon: Lexicon, *, today: date, language: Language) -> bool:
    """Return whether some of the words may be read as a time."""
    clock = Clock(today=today, fiscal_start=lexicon.fiscal_start, festivals=lexicon.festivals.period if lexicon.festivals else None)
    tokens = Matcher(lexicon.everything, normalise(ask), clock, language).tokens()
    return any(TIME in (token.kind, *(other.kind for other in token.alternatives)) for token in tokens)


class VerifiedQuestions:
    """The golden questions of one catalogue, read by one lexicon. Safe for threads; make one per bundle and data version."""

    def __init__(self, metrics: Mapping[str, Metric], lexicon: Lexicon) -> None:
        """Golden queries that are no MetricQuery, or ask other metrics than the catalogue has, are left out: nothing vouches for them."""
        self._lexicon = lexicon
        self._by_key: dict[tuple[str, ...], list[_Golden]] = {}
        self._by_form: dict[MetricQuery, list[_Golden]] = {}
        for golden in (found for metric in metrics.values() for found in _goldens(metric, metrics)):
            self._by_key.setdefault(golden.key, []).append(golden)
            self._by_form.setdefault(golden.form, []).append(golden)
        self._lock = threading.Lock()
        self._read: dict[tuple[str, date], MetricQuery | None] = {}

    def match(self, question: str, understanding: Understanding, *, view: LexiconView, today: date) -> Verified | None:
        """Return the approved question that `question` is, word for word or in meaning, or None. Only what the caller may know counts."""
        if understanding.act is not None or understanding.status == "refused":
            return None
        key = _key(question)
        if understanding.status == "read":
            reading = understanding.readings[0]
            alike = [golden for golden in self._by_form.get(_undated(reading.query), ()) if golden.known(view)]
            tried = (self._of_reading(golden, reading, exact=golden.key == key, today=today) for golden in sorted(alike, key=lambda item: item.key != key))
        else:
            tried = (self._as_approved(golden, understanding, today=today) for golden in self._by_key.get(key, ()) if golden.known(view))
        return next((found for found in tried if found is not None), None)

    def _of_reading(self, golden: _Golden, reading: Reading, *, exact: bool, today: date) -> Verified | None:
        query = reading.query
        if not exact and (reading.unused or reading.corrections):
            return None
        said = self._reading_of(golden.ask, today)
        if said is None or same_form(said) != same_form(query):
            return None
        pinned = golden.query.period
        dated = query.period == (pinned or self._default(golden, today)) or (pinned is None and query.period is None)
        if pinned is not None and not dated:
            # Approved for certain days: those words must have meant them on the day of approval.
            then = self._reading_of(golden.ask, golden.metric.approved_on)
            if then is None or then.period != pinned:
                return None
        return _verified(golden, query, exact=exact, dated=dated)

    def _as_approved(self, golden: _Golden, understanding: Understanding, *, today: date) -> Verified | None:
        """Run the approved query for its own words where the parser is unsure of them, if they name no time that would have to be read."""
        guarded = {item.rule.message.text() for item in self._lexicon.guard.rules}
        if golden.query.period is not None or (understanding.status == "not_understood" and understanding.message in guarded):
            return None
        timed = names_time(golden.ask, self._lexicon, today=today, language=understanding.language)
        return None if timed else _verified(golden, golden.query, exact=True, dated=True)

    def _reading_of(self, ask: str, today: date) -> MetricQuery | None:
        """Return what the parser takes the words for on that day, None where it is unsure."""
        with self._lock:
            if (ask, today) in self._read:
                return self._read[ask, today]
        understood = understand(ask, lexicon=self._lexicon, today=today)
        found = understood.readings[0].query if understood.status == "read" and understood.act is None else None
        with self._lock:
            if len(self._read) >= MAX_READINGS_KEPT:
                self._read.clear()
            self._read[ask, today] = found
        return found

    def _default(self, golden: _Golden, today: date) -> Period | None:
        """Return the days that no period means for the metric, where that depends on the day alone."""
        default, fiscal = golden.metric.default_period, self._lexicon.fiscal_start
        if default.kind == "last_complete_month":
            return calendar.unit(today, "month", offset=-1)
        if default.kind == "last_units" and default.unit is not None and default.n is not None:
            return calendar.unit(today, default.unit, offset=-default.n, count=default.n, fiscal_start=fiscal)
        return None


def _goldens(metric: Metric, metrics: Mapping[str, Metric]) -> list[_Golden]:
    found = []
    for item in metric.golden:
        try:
            query = query_from_json(item.query)
        except InvalidQuery:
            continue
        if all(name in metrics for name in query.metrics):
            found.append(_Golden(ask=item.ask, key=_key(item.ask), metric=metric, query=query, form=_undated(query)))
    return found


def _verified(golden: _Golden, query: MetricQuery, *, exact: bool, dated: bool) -> Verified:
    metric = golden.metric
    return Verified(ask=golden.ask, metric=metric.id, approver=metric.approver.text(), approved_on=metric.approved_on, query=query, exact=exact, dated=dated)


def label(understanding: Understanding, verified: Verified) -> Understanding:
    """Return the understanding as one that runs the verified query and says who approved it and when."""
    readings = understanding.readings
    best = readings[0] if understanding.status == "read" else Reading(query=verified.query, score=CERTAIN)
    first = replace(best, query=verified.query, assumptions=(verified.label, *best.assumptions))
    rest = readings[1:] if understanding.status == "read" else ()
    return replace(understanding, status="read", readings=(first, *rest), ask=None, options=(), message=None, nearest=(), unknown=())
