"""The life of a metric inside a draft: what is new or changed is approved by a date, and its golden questions, in both languages, are read as it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import Metric
from governance.metrics.catalogue import Catalogue
from governance.terms import Text
from wenshu.committee.candidates import Candidate

if TYPE_CHECKING:
    from nlq.lexicon.lexicon import Lexicon
    from nlq.verified_reading import GoldenReading

IMPORTED = "imported_draft"
"""Tag of metrics that an import proposed and nobody has approved."""

LANGUAGES = {"zh": Text(zh="中文", en="Chinese"), "en": Text(zh="英文", en="English")}
PAPERS = frozenset({"owner", "approver", "approved_on", "version", "effective_from", "past_versions", "retired_on", "successor", "tags"})
"""Fields of a metric that change neither its number nor the words that find it."""


class Goldens:
    """The golden questions of a draft, read by the draft's own words; beside them how they were read by the words in force."""

    def __init__(self, before: Candidate, after: Candidate, catalogue: Catalogue, *, today: dt.date, compiled: Callable[[Candidate, Catalogue], Lexicon] | None = None) -> None:
        """`catalogue` is the draft's, with the loaded data's values where there are any; `compiled` gives the words of a candidate over a catalogue."""
        self._before, self._after, self._catalogue, self._today = before, after, catalogue, today
        self._compiled = compiled or lexicon_of

    @cached_property
    def changed(self) -> Mapping[str, Text | None]:
        """The metrics that the draft brings in, or changes in their number or words, in the catalogue's order; with the reason where another metric is it.

        A metric that nobody can ask any more is none of them.
        """
        old, new = self._before.catalogue.metrics, self._after.catalogue.metrics
        found: dict[str, Text | None] = {name: None for name, metric in new.items() if name not in old or _meaning(old[name], self._today) != _meaning(metric, self._today)}
        counted = {name for name in found if name in old and _number(old[name]) != _number(new[name])}
        grown = True
        while grown:
            users = {name: used for name, metric in new.items() if name not in counted and (used := next((part for part in parts(metric) if part in counted), None))}
            grown = bool(users)
            counted.update(users)
            for name, used in users.items():
                found.setdefault(name, Text(zh=f"它由 {used} 算出", en=f"it is computed from {used}"))
        return {name: found[name] for name, metric in new.items() if name in found and not _retired(metric, self._today)}

    @cached_property
    def words_changed(self) -> bool:
        """Whether any word of the bundle changed: one metric's synonym can take another's question."""
        before, after = self._before, self._after
        return before.tree.part("lexicon") != after.tree.part("lexicon") or before.bundle.settings != after.bundle.settings or _names(before.catalogue) != _names(after.catalogue)

    def of(self, name: str) -> Sequence[GoldenReading]:
        """Return how the golden questions of one of the draft's metrics are read."""
        return self._read(self._after.catalogue.metrics[name], self._now)

    def worse(self, name: str) -> Sequence[GoldenReading]:
        """Return the questions of a metric that the words in force read as approved and the draft's do not."""
        old = self._before.catalogue.metrics.get(name)
        doubtful = [item for item in self.of(name) if item.status != "read"]
        if old is None or not doubtful:
            return doubtful
        fine = {item.ask: item for item in self._read(old, self._then)}
        return [item for item in doubtful if item.ask in fine and (fine[item.ask].status == "read" or (fine[item.ask].passes and not item.passes))]

    def _read(self, metric: Metric, lexicon: Lexicon) -> list[GoldenReading]:
        from nlq.verified_reading import read_golden

        view, metrics = lexicon.everything, self._catalogue.metrics
        return [read_golden(item, metric.id, metrics=metrics, lexicon=lexicon, view=view, today=self._today, approved_on=metric.approved_on) for item in metric.golden]

    @cached_property
    def _now(self) -> Lexicon:
        return self._compiled(self._after, self._catalogue)

    @cached_property
    def _then(self) -> Lexicon:
        """The words in force, with the values that are loaded: they are the same data."""
        known = {name: self._catalogue.values(name) for name, item in self._before.catalogue.dimensions.items() if item.open and name in self._catalogue.dimensions}
        return self._compiled(self._before, self._before.catalogue.with_values(known))


def lexicon_of(candidate: Candidate, catalogue: Catalogue) -> Lexicon:
    """Compile the words of a candidate over its catalogue."""
    from nlq.lexicon.lexicon import Lexicon

    return Lexicon.compile(catalogue, [read.document for read in candidate.bundle.of("lexicon", LexiconDocument)], candidate.bundle.settings)


def obstacles(after: Candidate, goldens: Goldens, *, today: dt.date) -> Iterator[Text]:
    """Yield what keeps the draft's metrics from going in force."""
    for name, metric in after.catalogue.metrics.items():
        if IMPORTED in metric.tags:
            yield Text(zh=f"指标 {name} 是导入的草稿：核对后去掉标签 {IMPORTED}", en=f"The metric {name} is an imported draft: review it and take away the tag {IMPORTED}.")
        elif metric.approved_on > today:
            yield Text(zh=f"指标 {name} 尚未核准（approved_on {metric.approved_on}）", en=f"The metric {name} is not approved yet (approved_on {metric.approved_on}).")
    for name, because in goldens.changed.items():
        read = goldens.of(name)
        yield from (_failing(name, item) for item in read if not item.passes)
        yield from missing(after.catalogue.metrics[name], read, because)
    if goldens.words_changed:
        for name, metric in after.catalogue.metrics.items():
            if metric.golden and name not in goldens.changed and not _retired(metric, today):
                yield from (_failing(name, item) for item in goldens.worse(name))


def missing(metric: Metric, read: Sequence[GoldenReading], because: Text | None = None) -> Iterator[Text]:
    """Yield, per language, that no golden question of the metric is read as its approved query, and how to add one."""
    zh, en = (f"（{because.zh}）", f" ({because.en})") if because else ("", "")
    for language, called in LANGUAGES.items():
        if any(item.status == "read" and item.language == language for item in read):
            continue
        taught = any(item.status == "taught" and item.language == language for item in read)
        zh_have, en_have = ("解析器读得懂的", " that the parser reads by itself") if taught else ("", "")
        yield Text(
            zh=f"指标 {metric.id}{zh} 缺少{zh_have}{called.zh}标准问题：在指标表单的“标准问题”中，或在文本的 golden 下，加一条 {{ask, query}}",
            en=f"The metric {metric.id}{en} has no golden question in {called.en}{en_have}: add one ({{ask, query}}) under “Golden questions” in the metric's form, or under `golden` in its text.",
        )


def _failing(name: str, item: GoldenReading) -> Text:
    if item.why is not None:
        return Text(zh=f"指标 {name} 的标准问题“{item.ask}”：{item.why.zh}", en=f"The golden question “{item.ask}” of {name}: {item.why.en}")
    if item.status == "refused":
        return Text(zh=f"指标 {name} 的标准问题“{item.ask}”会被拒答或不是问数，换一种问法", en=f"The golden question “{item.ask}” of {name} is refused, or is no question; phrase it another way.")
    return Text(zh=f"指标 {name} 的标准问题“{item.ask}”不再被读作核准的查询", en=f"The golden question “{item.ask}” of {name} is no longer read as the approved query.")


def parts(metric: Metric) -> Iterator[str]:
    """Yield the metrics that another one is computed from."""
    for part in (metric.numerator, metric.denominator, *metric.inputs.values()):
        of = getattr(part, "of", part)
        if isinstance(of, str):
            yield of


def _meaning(metric: Metric, today: dt.date) -> object:
    """Everything about a metric that its number or its words depend on; one that came back from retirement, or that nobody had approved, is new."""
    return _retired(metric, today), IMPORTED in metric.tags or metric.approved_on > today, metric.model_dump(exclude=set(PAPERS))


def _number(metric: Metric) -> object:
    words = {"label", "synonyms", "definition", "caveat", "golden", "unit", "format", "stage"}
    return metric.model_dump(exclude=set(PAPERS) | words)


def _retired(metric: Metric, today: dt.date) -> bool:
    return metric.retired_on is not None and metric.retired_on <= today


def _names(catalogue: Catalogue) -> object:
    """Return every word that the catalogue gives to metrics, dimensions and values: one metric's synonym can take another's question."""
    return (
        {name: (metric.label, metric.synonyms) for name, metric in catalogue.metrics.items()},
        {name: (item.label, item.synonyms, item.values, item.open) for name, item in catalogue.dimensions.items()},
    )
