"""How people say it (`lexicon/*.yaml`): further words for what the metrics documents define, business terms, and the intent guard.

Labels and synonyms of metrics, dimensions and values stay where those are defined; here stands what belongs to language alone.
Chinese words match anywhere in a sentence, English ones whole words, both after normalisation (case, width, traditional characters).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.documents.base import Also, Document, Label, Name, Synonyms, Words
from governance.terms import Comparison

Phrases = Also


class Target(Document):
    """What words mean: one metric, one dimension, or one value of a dimension."""

    metric: Name | None = None
    dimension: Name | None = None
    value: str | int | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Target:
        if (self.metric is None) == (self.dimension is None):
            raise ValueError("name either a metric or a dimension (with or without a value)")
        if self.value is not None and self.dimension is None:
            raise ValueError("a value needs its dimension")
        return self


class Alias(Document):
    """Further words for something the metrics documents define."""

    words: Phrases
    means: Target


class AmbiguousWord(Document):
    """Words that match several metrics: they ask back, with these metrics as the options."""

    words: Phrases
    metrics: Annotated[tuple[Name, ...], Field(min_length=2)]
    ask: Label | None = None
    """The question to ask; a general one is made when absent."""


class TermFilter(Document):
    """One condition of a business term."""

    dimension: Name
    op: Literal["in", "not_in"] = "in"
    values: Annotated[tuple[str | int, ...], Field(min_length=1)]


class Term(Document):
    """A business term that stands for filters: 核心医生 = A 类且为目标医生. All filters apply together."""

    id: Name
    label: Label
    synonyms: Also = Synonyms()
    filters: Annotated[tuple[TermFilter, ...], Field(min_length=1)]
    owner: Label
    roles: tuple[Name, ...] = ()
    """The roles that know the term; empty: all."""


class Bound(Document):
    """Words for a condition on a metric: 达标, met target = attainment of at least 1. Said without another metric they also ask for that one."""

    words: Phrases
    metric: Name
    op: Comparison = ">="
    value: float
    owner: Label = Words(zh="", en="")


class Noun(Document):
    """A noun of the field that restricts nothing (医生, 客户, order): read over beside a metric.

    Asked alone (`多少医生`) it asks back with `ask_back`, the metrics that count it; without those it is simply ignored.
    """

    words: Phrases
    ask_back: tuple[Name, ...] = ()
    ask: Label | None = None


class GuardGroup(Document):
    """One group of a guard rule: it holds when any of its words, or one of the marks, is in the question.

    Words may end in `*` (English: any ending) and, in Chinese, contain `…` (up to twelve characters between).
    Marks: `person` (the screener found a person's identity), `metric_tag:<tag>`, `dimension:<id>` (its name, or one of its values),
    `dimension_name:<id>` (its name only), `asks_members` (the sentence asks to list, rank or count the members of an identifying dimension),
    `unread` (some words are in no dictionary), `no_metric` (no metric is named).
    """

    words: Phrases = Synonyms()
    marks: tuple[str, ...] = ()


class GuardRule(Document):
    """Words that end the question: all groups must hold and no word of `unless` may be there.

    `code` is a refusal code of the contracts, or `not_understood` for what isn't a question at all (instructions to the machine).
    """

    id: Name
    code: Literal["adverse_event", "off_label", "prescription_by_doctor", "identity_in_question", "individual_level", "row_scope", "not_understood"]
    all_of: Annotated[tuple[GuardGroup, ...], Field(min_length=1)]
    unless: Phrases = Synonyms()
    contact: Name | None = None
    """The contact of `bundle.yaml` to show."""
    message: Label
    reason: str = ""
    """Why the rule exists and its source."""


class LexiconDocument(Document):
    """One file under `lexicon/`: any of the lists."""

    aliases: tuple[Alias, ...] = ()
    ambiguous: tuple[AmbiguousWord, ...] = ()
    terms: tuple[Term, ...] = ()
    bounds: tuple[Bound, ...] = ()
    nouns: tuple[Noun, ...] = ()
    unsupported: Phrases = Synonyms()
    """Words that people use and no approved metric says (市场份额, 库存): the answer names them instead of taking them for something near."""
    ignore: Phrases = Synonyms()
    """Words that mean nothing here and may be read over."""
    guard: tuple[GuardRule, ...] = ()


