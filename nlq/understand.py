"""The front door of the language engine: a question in Chinese or English → a MetricQuery, a question back, a refusal, or nothing.

Deterministic, offline, a few milliseconds. Identities and forbidden intents are found before anything is read as a query.

For a conversation: keep its queries in force as a stack (`nlq.dialogue.acts.after` says how a turn changes it), hand the newest over as `context` and those
before it as `earlier`. `Understanding.act` says what the sentence does: None asks; `explain` has the last answer (or a metric) explained, and the
reading is its query; `undo` takes the last step back, and the reading is the query before it, to be answered again (status `not_understood` with a
message where there is none); `reset` forgets the conversation's queries (status `not_understood`, with a message that invites the next question).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from governance.terms import Language, MetricQuery, Text
from nlq.asides import Asides, reports, unaddressed, unlabelled, without
from nlq.asking import ask_back, choose, miscounted_noun, or_options, share_options, single_options, time_options
from nlq.correcting import Tokeniser
from nlq.dialogue.acts import Act, act_of
from nlq.dialogue.choosing import chosen, labelled, shared_by, undecided
from nlq.dialogue.followup import EXPLAINED, FollowUp
from nlq.dialogue.leaning import (
    CHANGES,
    EARLIER,
    NOW_FIRST,
    NOW_LAST,
    OTHERS,
    asks_whole,
    complete,
    counts_rows,
    is_follow_up,
    prefer_members,
    side_by_side,
)
from nlq.dialogue.pointing import Shown, as_before, asks_why, pointed, returning, with_rows
from nlq.dialogue.turning import turned
from nlq.draft import Draft
from nlq.guard import is_sql
from nlq.lexicon.lexicon import Lexicon, LexiconView
from nlq.matching import Token
from nlq.options import Option, nearest_metrics
from nlq.plainly.colloquial import plainer
from nlq.plainly.conversing import anew
from nlq.plainly.dialect import added_back, standard
from nlq.plainly.mending import mended
from nlq.plainly.wording import plain
from nlq.reading import Correction, Reader, Reading
from nlq.refusals.future import NOT_YET, happened, is_future, is_plan
from nlq.refusals.persons import names_someone
from nlq.refusals.refusing import LanguageRefusal, Refuser
from nlq.refusals.screening import BLANK, holds_a_number, screened
from nlq.scoring import COUNT_AFTER, COUNT_BEFORE, READABLE, UNKNOWN_LIMIT, Leftovers, leftovers
from nlq.shape.shape import read_shape
from nlq.times import Clock, When
from nlq.words.grammar import EXPLAIN as EXPLAIN_KIND
from nlq.words.grammar import METRIC, NOT
from nlq.words.normalise import MAX_QUESTION, cased, has_chinese, normalise

Status = Literal["read", "clarify", "not_understood", "refused"]
TIE = 0.06
"""Readings closer than this in score are asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What became of a question. `screened` holds only recognised words, so it may be stored; `readings` are ranked, best first.

    `clarify`: `ask` and `options`; `not_understood`: `message`, `nearest` and the `unknown` words; `refused`: `refusal`.
    """

    language: Language
    status: Status
    screened: str
    readings: tuple[Reading, ...] = ()
    ask: Text | None = None
    options: tuple[Option, ...] = ()
    refusal: LanguageRefusal | None = None
    nearest: tuple[Option, ...] = ()
    unknown: tuple[str, ...] = ()
    message: Text | None = None
    act: Act | None = None
    """What the sentence does instead of asking; see the module."""

    @property
    def query(self) -> MetricQuery | None:
        """The best reading's query, if there is one."""
        return self.readings[0].query if self.readings else None


def understand(
    question: str,
    *,
    lexicon: Lexicon | LexiconView,
    today: date,
    language: Language | None = None,
    context: MetricQuery | None = None,
    earlier: Sequence[MetricQuery] = (),
    offered: Sequence[MetricQuery] = (),
    shown: Shown | None = None,
) -> Understanding:
    """Read one question. `context` is the query last answered in the same conversation, for follow-ups; `earlier` those before it, oldest first.

    `offered` are the options of the turn right before this one, if it asked back: the sentence may name one of them (观念进阶率, 第二个, the first).
    `shown` tells the rows of the last answer as its owner saw them, for what points at them (它, the top one); it is called only then. Never raises on any text.
    """
    view = lexicon.everything if isinstance(lexicon, Lexicon) else lexicon
    if (afresh := anew(question)) is not None:
        question, context, earlier, offered = afresh, None, (), ()
    asked = _Question(question, view, today, language, context, earlier, offered, shown)
    found = asked.corrected() or asked.answer()
    if found.act is None and not asked.settled and (found.status in ("clarify", "not_understood") or asked.doubtful(found.query)):
        return asked.again(found)
    return found


class _Question:
    def __init__(
        self,
        question: str,
        view: LexiconView,
        today: date,
        language: Language | None,
        context: MetricQuery | None,
        earlier: Sequence[MetricQuery],
        offered: Sequence[MetricQuery],
        shown: Shown | None,
    ) -> None:
        self.view, self.context, self.earlier, self.offered, self.shown = view, context, earlier, offered, shown
        lexicon = view.lexicon
        self.clock = Clock(today=today, fiscal_start=lexicon.fiscal_start, festivals=lexicon.festivals.period if lexicon.festivals else None)
        self.raw = question[: MAX_QUESTION + 1]
        self.language: Language = language or ("zh" if has_chinese(question) else "en")
        findings = list(lexicon.screener.find(self.raw, allow=lexicon.allows)) if lexicon.screener else []
        self.person = bool(findings)
        blanked, at = [], 0
        for finding in sorted(findings, key=lambda f: f.start):
            blanked += [self.raw[at : finding.start], BLANK]
            at = max(at, finding.end)
        typed = cased(unaddressed("".join([*blanked, self.raw[at:]])))
        self.typed = typed = unlabelled(typed)
        aside = Asides(typed, view).clauses() if context is None and len(typed) <= MAX_QUESTION else []
        self.capitals = standard(plain(without(typed, aside) if aside else typed))
        if context is not None and act_of(self.capitals.lower()) is None:
            self.capitals = added_back(self.capitals)
        self.said = typed.lower()
        """As typed: the guard looks at this, before any correction."""
        self.began = context
        self._begin(self.capitals)

    def _begin(self, capitals: str) -> None:
        self.capitals, self.text = capitals, capitals.lower()
        self.changing = self.asking = self.text
        """As typed, without a `now` before what is to be changed."""
        self.context = self.began
        self.pointing = self.returns = False
        """The sentence points at members of the answer before, and changes the query narrowed to them; it goes back to what was there."""
        self.beside: str | None = None
        self.settled = False
        """Nothing else can be made of the sentence: it asks what can be asked."""
        self.tokens: list[Token] = []
        self.draft = Draft()
        self.corrections: list[Correction] = []

    def doubtful(self, query: MetricQuery | None) -> bool:
        """Whether a query that was read may hold what was only told beside the question: a member that its metrics can't be asked by (业绩回顾), a report (人家说我们线上多了)."""
        return self._unaskable(query) or (query is not None and self.began is None and reports(self.typed))

    def _unaskable(self, query: MetricQuery | None) -> bool:
        metrics = self.view.lexicon.metrics
        return query is not None and any(item.dimension not in metrics[name].dimensions for item in query.where for name in query.metrics if name in metrics)

    def again(self, found: Understanding) -> Understanding:
        """Read the question anew without what is said beside it, where there is such talk; `found` is what became of it as it stands."""
        if self.person or not has_chinese(self.typed) or len(self.typed) > MAX_QUESTION:
            return found
        talk = Asides(self.typed, self.view, loose=found.status == "read")
        rest = self._plainly(without(self.typed, talk.clauses()))
        rest = without(rest, Asides(rest, self.view).remarks()) if self.began is None else rest
        tried = self.capitals
        told = Asides(rest, self.view).told() if self.began is None else []
        for start, names in [*told, (0, ())] if reports(rest) else [(0, ()), *told]:
            light = plainer(rest[start:])
            light = without(light, Asides(light, self.view).ends())
            if not light or light == tried:
                continue
            tried = light
            self._begin(light)
            again = self.answer()
            if again.status == "read" and again.query is not None and Asides(rest, self.view).kept(names, again.query, light):
                if found.status == "read" and (self._unaskable(again.query) or not (start or self._unaskable(found.query))):
                    continue
                unread = tuple(name for name in names if name not in light and self.view.lexicon.words.is_known(name))
                return replace(again, readings=tuple(replace(each, unused=(*each.unused, *unread)) for each in again.readings)) if unread else again
            if again.status == "clarify" and found.status == "not_understood" and not start:
                found = again
        return found

    def corrected(self) -> Understanding | None:
        """Read a sentence whose speaker corrected it: what is left of it, and the change, if any, as a follow-up to that; None where there is no such thing."""
        taken_back = mended(self.typed, self.view) if self.began is None and not self.person and len(self.typed) <= MAX_QUESTION else None
        if taken_back is None:
            return None
        whole, again = self.capitals, None
        for text in filter(None, taken_back):
            self._begin(self._plainly(text))
            again = self.answer()
            if again.query is None or again.status not in ("read", "clarify"):
                break
            self.began = again.query
        self.began = None
        if again is not None and again.status in ("read", "refused"):
            return again
        self._begin(whole)
        return None

    def _plainly(self, text: str) -> str:
        text = standard(plain(text))
        return added_back(text) if self.began is not None and act_of(text.lower()) is None else text

    def answer(self) -> Understanding:
        if not self.text:
            return self._lost(Text(zh="请输入一个问题。", en="Please type a question."))
        if len(self.raw) > MAX_QUESTION:
            return self._lost(Text(zh=f"问题太长（最多 {MAX_QUESTION} 个字）。", en=f"The question is too long (at most {MAX_QUESTION} characters)."))
        if not self.person and _CATALOGUE.search(self.text):
            self.settled = True
            return self._lost(_ALL_METRICS)
        act = None if self.person else act_of(self.text)
        if act is None and self.context is not None and (rest := returning(self.text)) != self.text:
            self.text = self.capitals = self.changing = self.asking = rest
            self.returns = True
        if act is not None and not (act == "explain" and self.context is None):
            return self._acted(act)
        if self.context is not None and self.earlier and not self.person and (both := side_by_side(self.text, self.context, self.earlier[-1])) is not None:
            return self._made("read", readings=[Reading(query=both, score=0.97)])
        if self.context is not None and not self.person and (same := turned(self.text, self.context)) is not None:
            return self._made("read", readings=[Reading(query=same, score=0.97)])
        if self.context is not None and not self.person and not self.offered and (at := pointed(self.text, self.context, self.earlier, self.shown, self.view)) is not None:
            if at.whole:
                return self._made("read", readings=[Reading(query=at.context, score=0.95)])
            self.context, self.pointing, self.beside = at.context, True, at.beside
            self.text = self.capitals = self.changing = self.asking = at.text
        if self.context is not None and (nouned := with_rows(self.text, self.context, self.view)) != self.text:
            self.text = self.capitals = self.changing = self.asking = nouned
        if self.context is not None and (earlier := EARLIER.search(self.text)):
            self.text = normalise(self.text.replace(earlier.group(), " "))  # leans on the period before; the follow-up reads it
        if self.context is not None and (now := NOW_FIRST.search(self.text)) and now.end() < len(self.text):
            aligned = len(self.capitals) == len(self.text)
            self.text = self.changing = self.text[now.end() :]
            self.capitals = self.capitals[now.end() :] if aligned else self.text
        if self.context is not None and CHANGES.search(self.text) and (now := NOW_LAST.search(self.text)):
            aligned = len(self.capitals) == len(self.text)
            self.text = self.changing = self.text[: now.start()]
            self.capitals = self.capitals[: now.start()] if aligned else self.text
        if (common := shared_by(self.offered)) is not None:
            self.context = common  # 按渠道, after `the share by what?`
        tokeniser = Tokeniser(self.view, self.text, self.clock, self.language, self.capitals)
        tokeniser.run()
        if self.view.lexicon.screener is not None and names_someone(tokeniser.unmended, self.capitals, [fix.said for fix in tokeniser.corrections]):
            self.person = True
        self.tokens, self.text, self.corrections = tokeniser.tokens, tokeniser.text, tokeniser.corrections
        self.person = self.person or holds_a_number(tokeniser.unmended, tokeniser.typed)
        sql = is_sql(self.text)
        if sql:
            self.tokens = []
        if self.context is not None:
            prefer_members(self.tokens, self.context, self.view)
        self.draft = read_shape(self.tokens, self.view, self.clock, self.language)
        if self.context is not None:
            complete(self.draft, self.tokens, self.context, self.view)
        refusal = Refuser(self.view, self.draft, self.tokens, said=self.said, person=self.person, mended=bool(self.corrections)).refusal()
        if refusal is not None:
            if refusal.code == "not_understood":
                return self._lost(refusal.message)
            return self._made("refused", refusal=refusal)
        if self.context is not None and self._of_before(self.draft.when) and asks_why(self.said) and not any(set(token.ids("metric")) - {*self.context.metrics} for token in self.draft.metrics):
            self.context = self.began or self.context
            return self._acted("explain")
        if sql:
            return self._lost(Text(zh="这里不接受 SQL，请用业务语言提问；任何语句都不会被执行。", en="SQL is not accepted here and is never run; please ask in business words."))
        return self._read()

    def _of_before(self, when: When | None) -> bool:
        """Whether a time that was said lies in that of the question before: 10月为什么高, after a trend."""
        asked = self.context.period if self.context is not None else None
        return when is None or (when.period is not None and asked is not None and asked.start <= when.period.start and when.period.end <= asked.end)

    def _acted(self, act: Act) -> Understanding:
        if act == "explain" and self.context is not None:
            return self._made("read", readings=[Reading(query=self.context, score=1.0, assumptions=(EXPLAINED,))], act=act)
        if act == "undo" and self.earlier:
            return self._made("read", readings=[Reading(query=self.earlier[-1], score=1.0, assumptions=(_UNDONE,))], act=act)
        told = self._made("not_understood", act=act)
        return replace(told, message=_NOTHING_BEFORE if act == "undo" else _AFRESH, nearest=nearest_metrics("", self.view))

    # ------------------------------------------------------------------ readings

    def _read(self) -> Understanding:
        taken = chosen(self.asking, self.tokens, self.draft, self.offered) or labelled(self.asking, self.offered, self.view.lexicon.metrics) if self.offered else None
        if (query := taken) is not None:
            return self._made("read", readings=[Reading(query=query, score=1.0)])
        reader = Reader(self.draft, self.view, self.clock)
        if self.context is not None and counts_rows(self.tokens, self.context):
            return self._made("read", readings=[Reading(query=self.context, score=0.95)])
        leaning = self.context is not None and (self.pointing or is_follow_up(self.draft, self.asking, self.tokens, self.context))
        if leaning and undecided(self.offered) and not self.draft.metrics:
            return self._asked_again()
        if leaning and self.context is not None:
            readings = FollowUp(self.draft, self.changing, self.context, self.view, self.clock, whole=asks_whole(self.draft, self.tokens), earlier=self.earlier).readings()
            readings = [reading for reading in readings if set(reading.query.metrics) <= {*self.context.metrics}] or readings  # its coverage: the one that was spoken of
            pending = (_PENDING,) if len(self.offered) == 1 else ()
            readings = [replace(reading, query=self._conversed(reading.query), assumptions=(*reading.assumptions, *pending)) for reading in readings]
        else:
            readings = reader.readings()
        if not readings:
            return self._without_metric(reader)
        infos = [self.view.lexicon.metrics[name] for name in readings[0].query.metrics]
        if not any(is_plan(info) for info in infos) and is_future(self.changing, self.tokens, self.draft.when, self.clock.today):
            return self._not_yet(readings)
        left = leftovers(self.tokens, self.draft, infos, self.view.lexicon.dimensions)
        if leaning and OTHERS.search(self.asking):
            left = replace(left, other_weight=max(0.0, left.other_weight - 0.4))  # 其他 is what the follow-up reads
        loss = left.unknown_weight + left.other_weight + 0.04 * len(self.corrections) + self._counted_rate(readings[0].query)
        readings = [self._finished(reading, loss, left.words) for reading in readings]
        best = readings[0]
        if left.unknown_weight >= UNKNOWN_LIMIT:
            return self._unknown(left, readings)
        if any(token.kind == NOT and not token.used and not token.also_filler for token in self.tokens):
            return replace(self._lost(_NEGATED), unknown=left.words)
        if (miscounted := miscounted_noun(self.tokens, self.draft, best.query, self.view)) is not None:
            ask, options = miscounted
            return self._made("clarify", readings=readings, ask=ask, options=options)
        if self.draft.alternatives:
            return self._made("clarify", readings=readings, ask=_ASK_OR, options=or_options(best.query, self.view))
        if self.draft.extra_times:
            options = time_options(best.query, [self.draft.when, *self.draft.extra_times], self.view)
            return self._made("clarify", readings=readings, ask=_ASK_TIME, options=options)
        if best.query.share and len(best.query.metrics) > 1 and not best.query.group_by and self.context is None:
            return self._lost(_SHARE_OF_ANOTHER)
        if self.draft.spread and not (best.query.group_by or best.query.grain):
            return self._made("clarify", readings=readings, ask=_ASK_SPREAD, options=share_options(best.query, self.view))
        if best.query.share and not best.query.group_by:
            return self._made("clarify", readings=readings, ask=_ASK_SHARE, options=share_options(best.query, self.view))
        if best.query.share and any(info.ratio for info in infos):
            plain = replace(best.query, share=False)
            return self._made("clarify", readings=readings, ask=_ASK_SHARE_OF_RATE, options=choose([plain], self.draft, self.view)[1])
        single = single_options(best.query, self.view)
        if single is not None:
            return self._made("clarify", readings=readings, ask=single[0], options=single[1])
        rows = best.query.group_by or best.query.grain or best.query.compare is not None
        if (best.query.having or best.query.order) and not rows and left.other_weight < 0.3:
            return self._made("clarify", readings=readings, ask=_ASK_ROWS, options=share_options(best.query, self.view))
        ties = [reading for reading in readings if best.score - reading.score < TIE]
        if len(ties) > 1:
            ask, options = choose([reading.query for reading in ties], self.draft, self.view)
            if options:
                return self._made("clarify", readings=readings, ask=ask, options=options)
        if best.score < READABLE:
            _, options = choose([best.query], self.draft, self.view)
            if not options:
                return self._lost(_NOTHING, readings=())
            return self._made("clarify", readings=readings, ask=_confirm(left), options=options)
        explained = any(token.kind == EXPLAIN_KIND for token in self.tokens)
        return self._made("read", readings=readings, act="explain" if explained else None)

    def _asked_again(self) -> Understanding:
        """Ask again which metric is meant, each with what the sentence changes: 按渠道, after `which metric?`."""
        changed = [FollowUp(deepcopy(self.draft), self.changing, query, self.view, self.clock).readings() for query in self.offered]
        _, options = choose([found[0].query for found in changed if found], self.draft, self.view)
        return self._made("clarify", ask=_ASK_METRIC, options=options) if options else self._lost(_NOTHING)

    def _conversed(self, query: MetricQuery) -> MetricQuery:
        """A follow-up's query as the conversation means it: side by side what was pointed at, as it was before where one goes back."""
        if self.beside is not None and self.beside not in query.group_by and query.compare is None:
            query = replace(query, group_by=(*query.group_by, self.beside))
        return as_before(query, self.earlier) if self.returns else query

    def _not_yet(self, readings: Sequence[Reading]) -> Understanding:
        """Tell that it has not happened yet; what has happened can be chosen instead."""
        _, options = choose(happened(readings[0].query, self.clock.today), self.draft, self.view)
        return self._made("clarify", readings=readings, ask=NOT_YET, options=options) if options else self._lost(NOT_YET)

    def _counted_rate(self, query: MetricQuery) -> float:
        """打开次数, 点击人数, number of opens: a number is asked where the word that is known is a rate's."""
        rates = [token for token in self.draft.metrics if any(self.view.lexicon.metrics[m].format == "percent" for m in query.metrics if m in token.ids("metric"))]
        text = self.text
        if any(self._numbered(token) for token in self.draft.metrics if any(self.view.lexicon.metrics[m].ratio for m in query.metrics if m in token.ids("metric"))):
            return 0.45
        return 0.45 if any(COUNT_AFTER.match(text, token.end) or COUNT_BEFORE.search(text[: token.start]) for token in rates) else 0.0

    def _numbered(self, rate: Token) -> bool:
        """留存医生数, NPS回复数: a noun and its number right behind a rate's word."""
        behind = [token for token in self.tokens if token.start >= rate.end][:2]
        if behind and behind[0].kind == METRIC and behind[0].partial and behind[0].start == rate.end and behind[0].text.endswith(("数", "量")) and not set(behind[0].ids("metric")) & set(rate.ids("metric")):
            return True
        if len(behind) < len(("noun", "number")) or behind[0].text.isascii() or behind[0].kind not in "Df" or behind[0].text in ("的", "是", "有"):
            return False
        return behind[0].start == rate.end and behind[1].start == behind[0].end and behind[1].text in _NUMBERS_OF

    def _finished(self, reading: Reading, loss: float, unused: tuple[str, ...]) -> Reading:
        told = tuple(correction.told() for correction in self.corrections)
        return replace(
            reading,
            score=round(reading.score - loss, 4),
            assumptions=(*told, *reading.assumptions),
            unused=unused,
            corrections=tuple(self.corrections),
        )

    def _without_metric(self, reader: Reader) -> Understanding:
        persons = {name for token in self.tokens for name in token.ids("dimension")}
        identified = {info.identifies for name in persons if (info := self.view.lexicon.dimensions.get(name)) is not None} - {None}
        counting = [info for info in self.view.lexicon.metrics.values() if info.counts in identified]
        left = leftovers(self.tokens, self.draft, counting if self.draft.asks_many else ())
        if left.unknown_weight >= UNKNOWN_LIMIT:
            return self._unknown(left, [])
        only = self._only_metric()
        if only is not None:
            return self._read_as(reader, only, left)
        asked = ask_back(self.tokens, self.draft, reader, self.view)
        if asked is None:
            return self._lost(_NOTHING)
        ask, options = asked
        return self._made("clarify", ask=ask, options=options)

    def _only_metric(self) -> str | None:
        """Return the one metric that what was named can be asked of: 处于使用阶段的医生 are counted by one."""
        named = {n for token in self.tokens if token.kind == "V" for n in (m.id for m in token.meanings if m.kind == "value")}
        named |= {f.dimension for token in self.tokens if token.kind == "V" for m in token.meanings if m.kind == "term" for f in self.view.lexicon.terms[m.id].filters}
        named |= {name for token in self.tokens if token.kind == "D" for name in token.ids("dimension")}
        for name in named:
            fitting = [metric for metric, info in self.view.lexicon.metrics.items() if name in info.dimensions]
            if len(fitting) == 1 and fitting[0] in self.view.metrics:
                return fitting[0]
        return None

    def _read_as(self, reader: Reader, metric: str, left: Leftovers) -> Understanding:
        reading = reader.with_metric(metric)
        if reading is None:
            return self._lost(_NOTHING)
        label = self.view.lexicon.metrics[metric].label
        told = Text(zh=f"按{label.zh}理解", en=f"taken as {label.en.lower()}")
        reading = self._finished(replace(reading, score=reading.score - 0.1, assumptions=(*reading.assumptions, told)), left.unknown_weight + left.other_weight, left.words)
        if (single := single_options(reading.query, self.view)) is not None:
            return self._made("clarify", readings=[reading], ask=single[0], options=single[1])
        counted = self.view.lexicon.metrics[metric].ratio and (self.draft.asks_many or any(token.kind == "U" for token in self.tokens))
        if reading.score < READABLE or counted:  # 实验每组多少人: a number is asked for, and this is a rate
            _, options = choose([reading.query], self.draft, self.view)
            return self._made("clarify", readings=[reading], ask=_confirm(left), options=options)
        return self._made("read", readings=[reading])

    def _unknown(self, left: Leftovers, readings: Sequence[Reading]) -> Understanding:
        words = "、".join(f"“{word}”" for word in left.unknown[:3])
        quoted = ", ".join(f"'{word}'" for word in left.unknown[:3])
        message = Text(zh=f"没有听懂{words}。", en=f"I don't know {quoted}.")
        _, without = choose([reading.query for reading in readings[:1]], self.draft, self.view)
        return replace(self._lost(message), unknown=left.unknown, nearest=(*without, *nearest_metrics(self.text, self.view))[:3])

    # ------------------------------------------------------------------ results

    def _lost(self, message: Text, readings: Sequence[Reading] = ()) -> Understanding:
        made = self._made("not_understood", readings=readings)
        return replace(made, message=message, nearest=nearest_metrics(self.text, self.view))

    def _made(
        self,
        status: Status,
        *,
        readings: Sequence[Reading] = (),
        ask: Text | None = None,
        options: Sequence[Option] = (),
        refusal: LanguageRefusal | None = None,
        act: Act | None = None,
    ) -> Understanding:
        if status == "clarify" and not options:
            return self._lost(_NOTHING)  # nothing that could be chosen can be run
        return Understanding(
            language=self.language,
            status=status,
            screened=screened(self.tokens, self.text),
            readings=tuple(readings),
            ask=ask,
            options=tuple(options),
            refusal=refusal,
            act=act,
        )


_CATALOGUE = re.compile(
    r"^(?:请问|那|我们?|你|你们|这里|这边|现在|都|还|想知道|告诉我)*(?:能|可以|可)(?:够)?(?:看|查|问|用|回答|提供)(?:到|的)?(?:哪些|什么|多少|些什么)(?:指标|数据|维度|内容|问题|东西)?(?:呀|啊|呢|吗)?[?？。]*$"
    r"|^(?:请问|那|这里|系统里?|现在|都|还|我们?|你们?)*有(?:哪些|什么|多少)(?:指标|数据|维度)(?:可以|能|可)?(?:看|查|问|用)?(?:的|呀|啊|呢|吗)*[?？。]*$"
)
_ALL_METRICS = Text(zh="您可以问的指标都在“指标目录”里；下面是几个例子。", en="All metrics that you may ask for are in the catalogue; here are a few.")
_PENDING = Text(zh="接着刚才反问的那个读法", en="goes on from the reading that was asked about")
_NUMBERS_OF = frozenset(("数", "人数", "次数", "数量", "个数"))
_UNDONE = Text(zh="已撤销上一步，回到之前的问题。", en="The last step is undone: the question before it is asked again.")
_NOTHING_BEFORE = Text(zh="没有更早的问题可以回到，请直接提问。", en="There is no earlier question to go back to; please ask one.")
_AFRESH = Text(zh="好的，前面的条件都不再沿用，请提问。", en="All right: nothing said before is carried over. Please ask.")
_NOTHING = Text(zh="没有听懂这个问题。", en="I did not understand the question.")
_ASK_METRIC = Text(zh="想看哪个指标？", en="Which metric do you mean?")
_ASK_OR = Text(zh="“或”连接了不同维度，请选择要看哪一部分：", en="'Or' joins different dimensions; which one do you mean?")
_NEGATED = Text(zh="这种否定的问法还答不了（没有对应的已批准指标）。", en="A question in the negative can't be answered: no approved metric says that.")
_ASK_ROWS = Text(zh="按什么筛出来？", en="By what should the rows be?")
_SHARE_OF_ANOTHER = Text(zh="一个指标占另一个指标的比例没有已批准的口径。", en="The share of one metric in another is no approved metric.")
_ASK_SPREAD = Text(zh="按什么看分布？", en="The distribution by what?")
_ASK_SHARE = Text(zh="按什么看占比？", en="The share by what?")
_ASK_SHARE_OF_RATE = Text(zh="比率和均值不能相加，没有占比；是想看各部分的数值吗？", en="Rates and averages don't add up, so they have no shares. Do you want each part's own figure?")
_ASK_TIME = Text(zh="一次只能回答一个期间，请选择：", en="One period can be answered at a time; which one?")


def _confirm(left: Leftovers) -> Text:
    if left.words:
        words = "、".join(f"“{word}”" for word in left.words[:3])
        quoted = ", ".join(f"'{word}'" for word in left.words[:3])
        return Text(zh=f"没有把握理解{words}，是想问这个吗？", en=f"I am not sure about {quoted}. Did you mean this?")
    return Text(zh="是想问这个吗？", en="Did you mean this?")


__all__ = ["BLANK", "LanguageRefusal", "Option", "Understanding", "understand"]
