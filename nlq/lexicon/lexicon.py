"""The lexicon: everything that words can mean under one bundle, compiled once, and what a particular caller may know of it.

Words come from labels and synonyms of metrics, dimensions and values, from the bundle's lexicon documents, and from `words.py`.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import Metric
from governance.documents.settings import Contact, Settings
from governance.terms import Filter, Text, Value
from nlq.events import rows_of
from nlq.guard import Guard
from nlq.lexicon.entries import (
    AmbiguousInfo,
    BoundInfo,
    Catalogue,
    DimensionInfo,
    Meaning,
    MetricInfo,
    NounInfo,
    TermInfo,
)
from nlq.lexicon.vocabulary import build
from nlq.lexicon.wordbook import Wordbook
from nlq.times.festivals import FestivalCalendar
from nlq.words.normalise import has_chinese, keys, normalise

MOST_CALLERS = 100


class Finding(Protocol):
    """A person's identifier found in a text."""

    @property
    def kind(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


class Screener(Protocol):
    """Finds persons' identifiers (governance.identity has the real one)."""

    def find(self, text: str, *, allow: Callable[[str], bool] = ...) -> Iterable[Finding]: ...


def _everything(_dimension: str, _value: Value) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """See the module. Immutable; make one per bundle and data version, and a view per caller."""

    metrics: Mapping[str, MetricInfo]
    dimensions: Mapping[str, DimensionInfo]
    terms: Mapping[str, TermInfo]
    nouns: tuple[NounInfo, ...]
    ambiguous: tuple[AmbiguousInfo, ...]
    bounds: tuple[BoundInfo, ...]
    words: Wordbook
    guard: Guard
    contacts: Mapping[str, Contact]
    fiscal_start: int
    festivals: FestivalCalendar | None
    screener: Screener | None
    units: tuple[str, ...] = ()
    """The units that figures are known in, longest first."""
    seen: dict[frozenset[str], Mapping[str, MetricInfo]] = field(default_factory=dict, compare=False, repr=False)
    """What was picked out of `metrics` for the callers so far; there are as many kinds of callers as roles."""

    @classmethod
    def compile(
        cls,
        catalogue: Catalogue,
        lexicon_documents: Iterable[LexiconDocument],
        settings: Settings,
        *,
        screener: Screener | None = None,
    ) -> Lexicon:
        """Compile the lexicon of a catalogue. Deterministic; needs no network. Words that can't be read are left out, never guessed."""
        documents = tuple(lexicon_documents)
        metrics = {name: _metric(catalogue, name) for name in catalogue.metrics}
        about = catalogue.person_dimensions
        dimensions = {name: info for name in catalogue.dimensions if (info := _dimension(catalogue, name, about)) is not None}
        terms, nouns, ambiguous = _declared(documents)
        with _collector_paused():
            words = build(catalogue, documents, metrics, dimensions)
        festivals = None
        if settings.holidays:
            try:
                festivals = FestivalCalendar(country=settings.holidays)
            except (NotImplementedError, ImportError):
                festivals = None  # a country the calendar library doesn't know has no festivals to name
        return cls(
            metrics=metrics,
            dimensions=dimensions,
            terms=terms,
            nouns=nouns,
            ambiguous=ambiguous,
            bounds=tuple(BoundInfo(metric=b.metric, op=b.op, value=b.value) for document in documents for b in document.bounds),
            words=words,
            guard=Guard.compile(rule for document in documents for rule in document.guard),
            contacts=settings.contacts,
            fiscal_start=settings.fiscal_year_start,
            festivals=festivals,
            screener=screener,
            units=_units(metrics),
        )

    def visible(
        self,
        metrics: frozenset[str],
        dimensions: frozenset[str],
        value_allowed: Callable[[str, Value], bool] = _everything,
        *,
        role: str | None = None,
    ) -> LexiconView:
        """Return what a caller may know: the metrics and dimensions to suggest, and which live values exist for them.

        Other metrics and the bundle's own values are still read, so that the gateway can refuse them by name; live values that are not
        allowed are unknown words, and nothing that is not visible is ever suggested, offered or corrected to.
        """
        return LexiconView(lexicon=self, metrics=metrics, dimensions=dimensions, value_allowed=value_allowed, role=role)

    @property
    def everything(self) -> LexiconView:
        """The view of someone who may know all of it (the evaluation of bundles, tests)."""
        return self.visible(frozenset(self.metrics), frozenset(self.dimensions))

    def allows(self, text: str) -> bool:
        """Return whether a span of text is a word of the catalogue, or a part of a metric's name (毛利 of 毛利额), so that it is no person's name."""
        said = normalise(text)
        return self.words.is_known(said) or (has_chinese(said) and keys(said) in self.words.partial)


@dataclass(frozen=True, slots=True, kw_only=True)
class LexiconView:
    """A lexicon as one caller may know it; cheap to make."""

    lexicon: Lexicon
    metrics: frozenset[str]
    dimensions: frozenset[str]
    value_allowed: Callable[[str, Value], bool] = field(default=_everything)
    role: str | None = None

    @property
    def infos(self) -> Mapping[str, MetricInfo]:
        """The metrics that the caller may know, in the catalogue's order."""
        seen = self.lexicon.seen
        if self.metrics not in seen:
            if len(seen) > MOST_CALLERS:
                seen.clear()
            seen[self.metrics] = {name: info for name, info in self.lexicon.metrics.items() if name in self.metrics}
        return seen[self.metrics]

    def knows(self, meaning: Meaning) -> bool:
        """Return whether the caller's words may be read as this at all."""
        if meaning.kind == "value":
            return not meaning.open or self.value_allowed(meaning.id, meaning.value)
        if meaning.kind == "term":
            roles = self.lexicon.terms[meaning.id].roles
            return not roles or self.role is None or self.role in roles
        if meaning.kind == "bound":
            return self.lexicon.bounds[int(meaning.id)].metric in self.lexicon.metrics
        return True

    def may_offer(self, meaning: Meaning) -> bool:
        """Return whether it may be suggested, or a mistyped word corrected to it."""
        if meaning.kind == "metric":
            return meaning.id in self.metrics
        if meaning.kind == "dimension":
            return meaning.id in self.dimensions
        if meaning.kind == "value":
            return meaning.id in self.dimensions and self.value_allowed(meaning.id, meaning.value)
        return self.knows(meaning)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Half of the time of a large dictionary would go into looking for garbage among words that all stay."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _metric(catalogue: Catalogue, name: str) -> MetricInfo:
    metric, definition = catalogue.metrics[name], catalogue.definitions[name]
    counts = metric.measure.entity if metric.kind == "distinct" and metric.measure is not None and metric.measure.via is None else None
    single = metric.parameters.get("single")
    return MetricInfo(
        id=name,
        label=metric.label.text(),
        format=metric.format,
        tags=catalogue.tags_of(name),
        dimensions=frozenset(catalogue.dimensions_for(name)),
        monthly=bool(definition.monthly),
        ratio=metric.kind in ("ratio", "derived", "conversion") or metric.format == "percent",
        counts=counts,
        default_kind=metric.default_period.kind,
        default_n=metric.default_period.n,
        default_unit=metric.default_period.unit,
        lower_is_better=metric.direction == "lower_is_better",
        state=metric.kind == "semi_additive",
        numerator=metric.numerator if isinstance(metric.numerator, str) else None,
        denominator=metric.denominator if isinstance(metric.denominator, str) else None,
        planned=isinstance(metric.denominator, str) and metric.denominator in catalogue.metrics and _is_plan(catalogue.metrics[metric.denominator]),
        rows=rows_of(metric),
        running=metric.kind == "cumulative",
        single=str(single) if single else None,
        unit=f"{normalise(metric.unit.zh)} {normalise(metric.unit.en)}" if metric.unit else "",
        definition=normalise(f"{metric.definition.zh} {metric.definition.en}"),
        names=normalise(" ".join(phrase for phrase in (metric.label.en, *metric.synonyms.en) if phrase)),
    )


_PLANS = re.compile(r"计划|目标|指标|预算|配额|任务|(?<![a-z])(?:plan|planned|plans|target|targets|budget|budgeted|quota|goal|goals)(?![a-z])")


def _is_plan(metric: Metric) -> bool:
    """Whether a metric is a plan, a target or a budget by its own label, and no count of those who are targeted."""
    return metric.kind != "distinct" and _PLANS.search(f"{metric.label.zh} {metric.label.en.lower()}") is not None


def _units(metrics: Mapping[str, MetricInfo]) -> tuple[str, ...]:
    """Return the words of units as they may follow a number; compound ones (元/立方米) are never said so."""
    words = {word for info in metrics.values() for word in info.unit.split() if (len(word) > 1 or not word.isascii()) and word[0].isalpha() and "/" not in word}
    return tuple(sorted(words - {"per", "of", "and", "to", *"天日周月季年"}, key=lambda word: (-len(word), word)))


_MEMBERS = 50
_YES = ("是", "yes", "true", "y", "有", "1")
_NO = ("否", "no", "false", "n", "无", "0")


def _dimension(catalogue: Catalogue, name: str, about: frozenset[str]) -> DimensionInfo | None:
    dimension = catalogue.dimensions[name]
    if dimension.scope_only:
        return None
    values = {item.value: item.label.text() if item.label else Text(zh=str(item.value), en=str(item.value)) for item in dimension.values}
    yes = no = None
    if dimension.type == "boolean" or (len(values) == 2 and all(_says(v, values[v], (*_YES, *_NO)) for v in values)):
        yes = next((value for value in values if _says(value, values[value], _YES)), None)
        no = next((value for value in values if _says(value, values[value], _NO)), None)
    return DimensionInfo(
        id=name,
        label=dimension.label.text(),
        identifies=dimension.identifies,
        person=dimension.identifies is not None and "employee" not in dimension.tags,
        about_person=name in about,
        type=dimension.type,
        values=values,
        members=() if dimension.identifies else tuple(catalogue.values(name))[:_MEMBERS],
        within=frozenset(dimension.within),
        yes=yes,
        no=no,
        synonyms=tuple(dimension.synonyms.all),
        carriers=(carriers := _carriers(catalogue, name)),
        own=any(normalise(said) in carriers for said in (dimension.label.zh, dimension.label.en, *dimension.synonyms.all)),
        part=next((source.part for source in dimension.sources if source.part), None),
    )


def _carriers(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """Return the names of the tables that carry a dimension, normalised; of one that is derived, those of what it is derived from."""
    dimension = catalogue.dimensions[name]
    if dimension.derived is not None and dimension.derived.dimension in catalogue.dimensions and dimension.derived.dimension != name:
        dimension = catalogue.dimensions[dimension.derived.dimension]
    labels = [model.label for source in dimension.sources if (model := catalogue.models.get(source.model)) is not None and model.label is not None]
    return tuple(dict.fromkeys(normalise(said) for label in labels for said in (label.zh, label.en)))


def _says(value: Value, label: Text, words: tuple[str, ...]) -> bool:
    return any(normalise(str(said)) in words for said in (value, label.zh, label.en))


def _declared(documents: Iterable[LexiconDocument]) -> tuple[dict[str, TermInfo], tuple[NounInfo, ...], tuple[AmbiguousInfo, ...]]:
    terms: dict[str, TermInfo] = {}
    nouns: list[NounInfo] = []
    ambiguous: list[AmbiguousInfo] = []
    for document in documents:
        for term in document.terms:
            filters = tuple(Filter(dimension=f.dimension, op=f.op, values=f.values) for f in term.filters)
            terms[term.id] = TermInfo(id=term.id, label=term.label.text(), filters=filters, roles=frozenset(term.roles))
        nouns += [NounInfo(metrics=noun.ask_back, ask=noun.ask.text() if noun.ask else None) for noun in document.nouns]
        ambiguous += [AmbiguousInfo(metrics=word.metrics, ask=word.ask.text() if word.ask else None) for word in document.ambiguous]
    return terms, tuple(nouns), tuple(ambiguous)


__all__ = ["Lexicon", "LexiconView", "Screener"]
