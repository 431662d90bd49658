"""From a draft to ranked readings: every way to choose among the meanings of its words, each a MetricQuery with a score and what it assumed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product

from governance.terms import MetricQuery
from nlq.building import Builder, Correction, Reading, Work
from nlq.defaults import default_period
from nlq.draft import Draft, Member
from nlq.lexicon.entries import Meaning
from nlq.lexicon.lexicon import LexiconView
from nlq.matching import Token
from nlq.times import Clock
from nlq.words.normalise import keys, normalise, root, stem

MAX_READINGS = 12


class Reader:
    """Builds the readings of one draft."""

    def __init__(self, draft: Draft, view: LexiconView, clock: Clock) -> None:
        self.draft, self.view, self.clock = draft, view, clock
        self.lexicon = view.lexicon
        self.builder = Builder(draft, view, clock)

    def readings(self) -> list[Reading]:
        """Return the readings, best first. Empty when the draft names no metric."""
        tokens = self._metric_tokens()
        if not tokens:
            return []
        found: list[Reading] = []
        for choice in self._choices(tokens):
            found += self._variants(choice, tokens)
        unique: dict[MetricQuery, Reading] = {}
        for reading in sorted(found, key=lambda item: -item.score):
            unique.setdefault(reading.query, reading)
        return list(unique.values())[:MAX_READINGS]

    def with_metric(self, metric: str) -> Reading | None:
        """Return the reading in which `metric` is what is asked, for a sentence that names none."""
        token = Token("M", 0, 0, "", meanings=(Meaning("metric", metric),))
        found = self._variants((token.meanings[0],), (token,))
        return max(found, key=lambda reading: reading.score, default=None)

    def with_metrics(self, metrics: tuple[str, ...]) -> list[Reading]:
        """Return the readings in which these metrics are asked, for a sentence that names none."""
        tokens = tuple(Token("M", 0, 0, "", meanings=(Meaning("metric", metric),)) for metric in metrics)
        return sorted(self._variants(tuple(t.meanings[0] for t in tokens), tokens), key=lambda reading: -reading.score)

    def _as_noun(self, token: Token, head: Token) -> bool:
        """Whether a metric's word only says of what the next one is a rate: parcels on-time rate, 订单退款率."""
        infos, names = self.lexicon.metrics, head.ids("metric")
        if head.start - token.end > (1 if token.text.isascii() else 0) or len(names) != 1 or not infos[names[0]].ratio or token.partial or (token.listed and head.listed):
            return False
        return all(not infos[name].ratio for name in token.ids("metric")) and token.text in infos[names[0]].definition

    def _metric_tokens(self) -> list[Token]:
        """Return the metric mentions that count: parts of names only where no whole name was said."""
        ordered = sorted(self.draft.metrics, key=lambda token: token.start)
        nouns = [token for token, head in itertools.pairwise(ordered) if self._as_noun(token, head)]
        if nouns:
            self.draft.metrics = [token for token in self.draft.metrics if token not in nouns]
        verbs = [token for token in self.draft.metrics if token.text.endswith(_VERB_ENDS) and not token.text.isascii() and not token.listed]
        if 0 < len(verbs) < len(self.draft.metrics):
            self.draft.metrics = [token for token in self.draft.metrics if token not in verbs]  # 卖得最多的盒数: the noun says what is counted
        whole = [token for token in self.draft.metrics if (token.listed or not token.body) and not (all(m.rank == 3 for m in token.meanings) and not self._in_list(token))]
        for token in self.draft.metrics:
            if whole and token not in whole:
                token.used = False
        if not whole and len(self.draft.metrics) > 1 and all(not token.body for token in self.draft.metrics):
            # several parts of names: the head of a Chinese noun phrase, and mostly of an English one, comes last
            for token in self.draft.metrics[:-1]:
                token.used = False
            if (whole_name := self._pieced(self.draft.metrics)) is not None:
                self.draft.metrics[-1].meanings = (Meaning("metric", whole_name, rank=2),)
            return self.draft.metrics[-1:]
        return whole or self.draft.metrics

    def _pieced(self, tokens: Sequence[Token]) -> str | None:
        """投诉处理得最慢, 看处理时长: parts of one metric's name that hold all of it between them are the name."""
        shared = set.intersection(*(set(token.ids("metric")) for token in tokens))
        said = set("".join(token.text for token in tokens))
        whole = [name for name in shared if name in self.lexicon.metrics and set(normalise(self.lexicon.metrics[name].label.zh)) <= said]
        return whole[0] if len(whole) == 1 else None

    def _choices(self, tokens: Sequence[Token]) -> Iterator[tuple[Meaning, ...]]:
        options: list[list[Meaning]] = []
        for token in tokens:
            meanings = [m for m in token.meanings if m.kind == "metric" and m.id in self.lexicon.metrics]
            best = min(m.rank for m in meanings)
            declared = [m for m in meanings if m.value is not None]
            options.append(declared or ([m for m in meanings if m.rank == 0] if best == 0 else meanings))
        options = [self._counted(found) for found in options]
        yield from islice(product(*options), MAX_READINGS * 2)

    def _counted(self, meanings: list[Meaning]) -> list[Meaning]:
        """Prefer, among several metrics, those counted in the unit that was asked for: 多少次, 多少人."""
        meanings = self._of_counted(self._bounded(meanings))
        unit = self.draft.counted_in
        if unit is None or len(meanings) < 2:
            return meanings
        return [m for m in meanings if unit in self.lexicon.metrics[m.id].unit] or meanings

    def _counts_said(self, metric: str) -> bool:
        """Whether the metric counts what a noun of the sentence names: 参加会议的医生有多少."""
        counted = self.lexicon.metrics[metric].counts
        dimensions = self.lexicon.dimensions
        named = {info.identifies for group in self.draft.groups for name in group.token.ids("dimension") if (info := dimensions.get(name)) is not None}
        return counted is not None and counted in named

    def _stands_for(self, token: Token, metric: str) -> bool:
        """Whether a word is a counting metric's name without its 数: 订单 for 订单数."""
        label = normalise(self.lexicon.metrics[metric].label.zh)
        return not token.text.isascii() and label.removeprefix(token.text) in ("数", "量", "数量", "次数", "总数", "人数") and label.startswith(token.text)

    def _shortens(self, token: Token, metric: str) -> bool:
        """Whether a part of a name is short for this metric alone: 达成率 where only 产值达成率 ends so, 客流 for 客流量."""
        words, key = self.lexicon.words, keys(token.text)
        if key not in words.ends:
            return words.heads.get(key) == metric
        named = [{m.id for m in member.token.meanings if m.kind == "value"} for member in self._all_members()]
        fitting = [name for name in words.ends[key] if name in self.lexicon.metrics and all(not ids or ids & self.lexicon.metrics[name].dimensions for ids in named)]
        return fitting == [metric]

    def _in_list(self, token: Token) -> bool:
        """订单和退款率: a counting metric without its 数, in a list of metrics."""
        return token.listed and any(self._stands_for(token, name) for name in token.ids("metric") if name in self.lexicon.metrics)

    def _bounded(self, meanings: list[Meaning]) -> list[Meaning]:
        """Prefer shares for a bound in percent, and numbers for one that no share can pass; a share of a total is of numbers."""
        infos = self.lexicon.metrics
        said = [t.token.number for t in self.draft.thresholds if t.column == "" and t.token is not None and t.token.number is not None]
        if self.draft.share:
            meanings = [m for m in meanings if not infos[m.id].ratio] or meanings
        if not said or len(meanings) < 2:
            return meanings
        if any(number.said == "percent" for number in said):
            return [m for m in meanings if infos[m.id].format == "percent"] or meanings
        if any(number.value > 100 or number.classifier in ("次", "人次") for number in said):
            meanings = [m for m in meanings if infos[m.id].format != "percent"] or meanings
        counted = {number.classifier for number in said if number.classifier}
        return [m for m in meanings if any(word in infos[m.id].unit for word in counted)] or meanings

    def _of_counted(self, meanings: list[Meaning]) -> list[Meaning]:
        """How many cardiologists were reached: of the names that hold the word, the plainest one that counts such members."""
        spoken = self.draft.asks_many or not (self.draft.groups or self.draft.ordering or self.draft.share)
        if not spoken or len(meanings) < 2 or any(m.rank != 3 for m in meanings):
            return meanings
        infos = self.lexicon.metrics
        persons = {info.identifies for info in self.lexicon.dimensions.values() if info.person}
        words = [m for member in self.draft.members if member.token.text.isascii() for m in member.token.meanings]
        said = [m.id for m in words if m.kind == "value"]
        said += [f.dimension for m in words if m.kind == "term" for f in self.lexicon.terms[m.id].filters]
        if not any((info := self.lexicon.dimensions.get(name)) is not None and info.about_person for name in said):
            return meanings
        nouns = {stem(word) for info in self.lexicon.dimensions.values() if info.person for word in normalise(info.label.en).split()}
        spoken_as = {root(word) for token in self.draft.metrics for word in token.text.split()} | {root(noun) for noun in nouns}
        plain = [m for m in meanings if infos[m.id].counts in persons and {root(word) for word in normalise(infos[m.id].label.en).split()} <= spoken_as]
        return [replace(plain[0], rank=2)] if len(plain) == 1 else meanings

    def _variants(self, choice: tuple[Meaning, ...], tokens: Sequence[Token]) -> list[Reading]:
        metrics = tuple(dict.fromkeys(meaning.id for meaning in choice))
        by_token = {id(token): meaning.id for token, meaning in zip(tokens, choice, strict=True)}
        infos = tuple(self.lexicon.metrics[name] for name in metrics)
        base = Work(metrics=metrics, infos=infos)
        for token, meaning in zip(tokens, choice, strict=True):
            if meaning.rank == 3:
                base.score -= 0.12 if self._counts_said(meaning.id) or self._stands_for(token, meaning.id) or self._shortens(token, meaning.id) else 0.4  # a part of a name is a guess: asked, not answered
                label = self.lexicon.metrics[meaning.id].label
                base.assume(f"“{token.text}”按“{label.zh}”理解", f"'{token.text}' taken as {label.en}")
            elif token.partial:
                base.score -= 0.02
        readings = []
        for dimensions in self._member_choices(base):
            work = Work(metrics=metrics, infos=infos, score=base.score, assumptions=list(base.assumptions))
            readings.append(self.builder.build(work, dimensions, by_token))
        return readings

    # ------------------------------------------------------------------ members

    def _all_members(self) -> list[Member]:
        members = [*self.draft.members, *(Member(token) for token in self.draft.share_of)]
        return [*members, Member(self.draft.base_member)] if self.draft.base_member is not None else members

    def _member_choices(self, work: Work) -> list[dict[int, str]]:
        """Return the ways to choose a dimension for every value that may belong to several."""
        grouped = {name for group in self.draft.groups for name in group.token.ids("dimension")}
        options: list[list[tuple[int, str]]] = []
        for member in self._all_members():
            names = list(dict.fromkeys(m.id for m in member.token.meanings if m.kind == "value"))
            if not names:
                continue
            allowed = [name for name in names if work.allowed(name)] or names
            if len(allowed) > 1:
                allowed = [name for name in allowed if name in grouped] or allowed
            if len(allowed) > 1:
                allowed = self._agreeing(member, allowed) or allowed
            if len(allowed) > 1:
                allowed = self._said_beside(member, allowed) or allowed
            if len(allowed) > 1:
                allowed = self._coarsest(allowed)
            options.append([(id(member.token), name) for name in allowed])
        choices = list(product(*options))
        if len(options) > 1 and len({tuple(name for _, name in option) for option in options}) == 1:
            choices = [choice for choice in choices if len({name for _, name in choice}) == 1]  # A vs B: of one dimension, whichever it is
        return [dict(choice) for choice in choices][:MAX_READINGS]

    def _said_beside(self, member: Member, names: list[str]) -> list[str]:
        """Prefer the dimension of whose name a part stands right beside the value: 北京出发 is 出发地."""
        dimensions = self.lexicon.dimensions
        parts = [part for part in member.token.beside.split("|") if len(part) > 1 and not part.isascii()]
        return [name for name in names if any(part in label for part in parts for label in (dimensions[name].label.zh, *dimensions[name].synonyms))]

    def _agreeing(self, member: Member, names: list[str]) -> list[str]:
        """Prefer a dimension that another named value can only belong to: 上海和广东 are provinces."""
        others = [{m.id for m in other.token.meanings if m.kind == "value"} for other in self._all_members() if other.token is not member.token]
        sure = {next(iter(found)) for found in others if len(found) == 1}
        return [name for name in names if name in sure]

    def _coarsest(self, names: list[str]) -> list[str]:
        dimensions = self.lexicon.dimensions
        outer = [name for name in names if all(name == other or name in dimensions[other].within for other in names)]
        return outer or names


_VERB_ENDS = ("得", "出", "卖", "卖了", "卖的")
__all__ = ["Correction", "Reader", "Reading", "default_period"]
