"""From a draft and a choice of meanings to one MetricQuery, with what had to be assumed and how much trust that costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from governance import calendar
from governance.terms import (
    Compare,
    Filter,
    Grain,
    Having,
    Keep,
    MemberCompare,
    MetricQuery,
    Order,
    Period,
    Text,
    Value,
)
from nlq.defaults import default_period, default_text
from nlq.draft import Draft, Group, Threshold
from nlq.lexicon.entries import DimensionInfo, MetricInfo
from nlq.lexicon.lexicon import LexiconView
from nlq.lexicon.measures import disagrees, measure_of, unit_of
from nlq.matching import Token
from nlq.shape.periods import coarse_window, default_grain, trend_window
from nlq.times import Clock, When, counterpart
from nlq.words.normalise import keys

Operator = Literal["in", "not_in"]
_EACH = frozenset(("each", "every", "per", "by"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A word taken as another one."""

    said: str
    taken: str

    def told(self) -> Text:
        """Return the correction as its asker is told it."""
        return Text(zh=f"“{self.said}”按“{self.taken}”理解", en=f"'{self.said}' taken as '{self.taken}'")

    def kept(self) -> Text:
        """Return it as it may be stored: what was typed might be someone's name."""
        return Text(zh=f"有错字，按“{self.taken}”理解", en=f"a slip taken as '{self.taken}'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand a question. `score` is 1 for a reading in which every word is accounted for."""

    query: MetricQuery
    score: float
    assumptions: tuple[Text, ...] = ()
    unused: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    counts_groups: bool = False
    lists_members: bool = False


@dataclass(slots=True)
class Work:
    """A reading under construction."""

    metrics: tuple[str, ...]
    infos: tuple[MetricInfo, ...]
    score: float = 1.0
    group: list[str] = field(default_factory=list)
    where: dict[tuple[str, Operator], list[Value]] = field(default_factory=dict)
    keep: dict[str, list[Value]] = field(default_factory=dict)
    assumptions: list[Text] = field(default_factory=list)
    invalid: int = 0

    def allowed(self, dimension: str) -> bool:
        return all(dimension in info.dimensions for info in self.infos)

    def assume(self, zh: str, en: str) -> None:
        text = Text(zh=zh, en=en)
        if text not in self.assumptions:
            self.assumptions.append(text)

    def add_group(self, dimension: str) -> None:
        if dimension not in self.group:
            self.group.append(dimension)


class Builder:
    """Builds single readings of one draft."""

    def __init__(self, draft: Draft, view: LexiconView, clock: Clock) -> None:
        self.draft, self.view, self.clock = draft, view, clock
        self.lexicon = view.lexicon

    def _values(self, token: Token, chosen: dict[int, str]) -> list[tuple[str, Operator, tuple[Value, ...]]]:
        """Return (dimension, op, values) that a value token stands for."""
        name = chosen.get(id(token))
        if name is not None:
            values = tuple(dict.fromkeys(m.value for m in token.meanings if m.kind == "value" and m.id == name))
            return [(name, "in", values)]
        found: list[tuple[str, Operator, tuple[Value, ...]]] = []
        for meaning in token.meanings:
            if meaning.kind == "term":
                found += [(f.dimension, f.op, f.values) for f in self.lexicon.terms[meaning.id].filters]
                break
        return found

    def build(self, work: Work, chosen: dict[int, str], by_token: dict[int, str]) -> Reading:
        """Return the reading in which values belong to the `chosen` dimensions and tokens mean the metrics `by_token` (both by token identity)."""
        draft = self.draft
        self._implied(work)
        self._groups(work)
        self._where(work, chosen)
        compare: Compare | None = self._member_compare(work, chosen)
        self._kept(work, chosen)
        period, when = self._period(work)
        if compare is None:
            compare = self._compare(work, when)
            if draft.compare == "same":
                same = self._same(work)
                period, compare = (None, same) if draft.against else (same, None)
        grain = self._grain(work, period)
        having = self._having(work, by_token)
        order, limit = self._order(work, by_token)
        share = draft.share
        if share and not work.group:
            work.score -= 0.45
        if draft.ordering is not None and not work.group and not draft.periods and grain is None:
            work.score -= 0.4
        if draft.thresholds and not work.group and grain is None and all(t.column == "" for t in draft.thresholds):
            work.score -= 0.4
        work.score -= 0.25 * work.invalid
        needs_base = [t for t in draft.thresholds if t.column in ("__change", "__growth")] or (draft.ordering and draft.ordering.column)
        if needs_base and compare is None:
            compare = "previous_period"
        query = MetricQuery(
            metrics=work.metrics,
            group_by=tuple(work.group),
            grain=grain,
            period=period,
            where=tuple(Filter(dimension=d, op=op, values=tuple(dict.fromkeys(v))) for (d, op), v in work.where.items()),
            having=having,
            order=order,
            limit=limit,
            compare=compare,
            share=share,
            keep=tuple(Keep(dimension=d, values=tuple(dict.fromkeys(v))) for d, v in work.keep.items()),
        )
        for info in work.infos:
            if info.id not in self.view.metrics:
                work.score -= 0.01
        return Reading(
            query=query,
            score=work.score,
            assumptions=(*draft.assumptions, *work.assumptions),
            counts_groups=draft.counts,
            lists_members=draft.lists,
        )

    def _implied(self, work: Work) -> None:
        for token in self.draft.metrics:
            name = self.lexicon.words.implied.get(keys(token.text.replace("的", ""))) or self._each_within(token)
            if name is not None and work.allowed(name) and token.used:
                work.add_group(name)

    def _each_within(self, token: Token) -> str | None:
        """各观念阶段有多少医生, doctors are in each stage: a metric's name said with words in between, that names each of a dimension."""
        if not token.partial:
            return None
        if token.text.isascii():
            said = keys(token.text)
            each = next((at for at, word in enumerate(said) if word in _EACH), len(said))
            return next((name for end in range(len(said), each + 1, -1) if (name := self._dimension(said[each + 1 : end])) is not None), None)
        if token.text[:1] not in "各每":
            return None
        said = keys(token.text)
        return next((name for end in range(len(said) - 1, 2, -1) if (name := self._dimension(said[1:end])) is not None), None)

    def _dimension(self, said: tuple[str, ...]) -> str | None:
        """The dimension of no person that these words name."""
        entries = self.lexicon.words.entries.get(said, ())
        return next((m.id for m in entries if m.kind == "dimension" and self.lexicon.dimensions[m.id].identifies is None), None)

    def _groups(self, work: Work) -> None:
        for group in self.draft.groups:
            names = group.token.ids("dimension")
            valid = [name for name in names if work.allowed(name)]
            name = (valid or list(names))[0]
            info = self.lexicon.dimensions.get(name)
            if info is None:
                continue
            if not group.explicit and self.draft.total:
                continue
            if not group.explicit and info.identifies is not None and not self._lists(group, info):
                continue  # 医生, 医院 as a noun: 华东医生的触达率
            if not group.explicit and not group.listed and group.qualified and name in self.lexicon.dimensions and set(group.qualified) & info.within:
                continue  # tier 1 cities, 华东医院: a noun that the value before it restricts
            if not group.explicit and not group.listed and any(name == each.single for each in work.infos):
                continue  # 实验B组: which experiment is asked back
            if not group.explicit and not valid and not group.listed:
                group.token.used = False
                continue
            if not valid:
                work.invalid += 1
            if not group.explicit and not group.listed:
                work.score -= 0.03
                work.assume(f"按{info.label.zh}分组", f"by {info.label.en.lower()}")
            work.add_group(name)

    def _lists(self, group: Group, info: DimensionInfo) -> bool:
        """Whether a bare noun for identified members is what is ranked or listed: 触达最多的10位医生, for those who may see doctors."""
        if not group.listed:
            return False
        others = any(other is not group for other in self.draft.groups) or self.draft.periods or self.draft.grain is not None
        return not info.person or (info.id in self.view.dimensions and not others)

    def _where(self, work: Work, chosen: dict[int, str]) -> None:
        counted: dict[str, int] = {}
        for member in self.draft.members:
            for name, op, values in self._values(member.token, chosen):
                effective: Operator = op if not member.exclude else "in" if op == "not_in" else "not_in"
                work.where.setdefault((name, effective), []).extend(values)
                if not work.allowed(name):
                    work.invalid += 1
                if effective == "in" and not member.implied:
                    counted[name] = counted.get(name, 0) + len(values)
        if any(set(values) & set(work.where.get((name, "not_in"), ())) for (name, op), values in work.where.items() if op == "in"):
            work.score -= 0.45  # 三甲与非三甲: a member and all the others have no form as one filter
        if any((name, "in") in work.where for name, op in work.where if op == "not_in"):
            work.score -= 0.45  # reached by WeChat but not by e-mail: of one dimension, what is kept leaves the other out anyway
        several = [name for name, count in counted.items() if count >= 2]
        self._complementary(work, several, chosen)
        if self.draft.separate and not self.draft.total:
            for name in several:
                work.add_group(name)
        if self.draft.ordering is not None and not work.group and len(several) == 1 and not self.draft.periods:
            work.add_group(several[0])
            if self.draft.ordering.limit is None and self.draft.rank_of:
                self.draft.ordering.limit = None

    def _complementary(self, work: Work, several: list[str], chosen: dict[int, str]) -> None:
        """目标与非目标医生: members that are all there are filter nothing, so each of them is meant; 工作日和周末 would have to be two groups."""
        for name in several:
            info = self.lexicon.dimensions.get(name)
            if info is None or not info.members or self.draft.total or not set(info.members) <= set(work.where.get((name, "in"), ())):
                continue
            sizes = [len(values) for member in self.draft.members if not member.exclude for found, _, values in self._values(member.token, chosen) if found == name]
            if len(sizes) > 1 and max(sizes) == 1:
                work.add_group(name)
            elif len(sizes) > 1 and not self.draft.separate:
                work.score -= 0.45

    def _member_compare(self, work: Work, chosen: dict[int, str]) -> MemberCompare | None:
        token = self.draft.base_member
        if self.draft.compare != "member" or token is None:
            return None
        found = self._values(token, chosen)
        if not found:
            return None
        name, _, values = found[0]
        if not work.allowed(name):
            work.invalid += 1
        if len(values) > 1:
            work.score -= 0.45  # weekdays vs weekends: the base is one member
        return MemberCompare(dimension=name, base=values[0])

    def _kept(self, work: Work, chosen: dict[int, str]) -> None:
        draft = self.draft
        for token in draft.share_of:
            for name, _, values in self._values(token, chosen):
                work.add_group(name)
                work.keep.setdefault(name, []).extend(values)
                if not work.allowed(name):
                    work.invalid += 1
        if draft.rank_of:
            around = {name for token in draft.ranked_within for name, _, _ in self._values(token, chosen)}
            ranked = [key for key in work.where if key[1] == "in" and (key[0] in work.group or not work.group)]
            if not work.group and any(key[0] not in around for key in ranked):
                ranked = [key for key in ranked if key[0] not in around]
            for name, op in ranked[-1:] if not work.group else ranked:
                work.add_group(name)
                work.keep[name] = work.where.pop((name, op))

    # ------------------------------------------------------------------ time

    def _outgrows_default(self, work: Work) -> bool:
        """Whether the asked unit is longer than the default period: one month told as a quarter or a year would be a wrong number."""
        grain = self.draft.grain
        usual = default_period(work.infos[0], self.clock) if work.infos else None
        return grain in ("quarter", "year") and usual is not None and calendar.unit(usual.start, grain).days > usual.days

    def _period(self, work: Work) -> tuple[Period | None, When | None]:
        draft = self.draft
        when = draft.when
        if when is None and (draft.trend or draft.periods) and draft.compare != "same":
            grain = draft.grain or "month"
            if all(info.monthly for info in work.infos) and grain in ("day", "week"):
                grain = "month"
            when, _ = trend_window(grain, self.clock)
            work.assume(f"未说明时间，取最近 12 个完整单位（{_span_zh(when)}）", f"no period was said: the last 12 complete units ({_span_en(when)})")
        elif when is None and self._outgrows_default(work):
            when = coarse_window(draft.grain or "year", self.clock)
            work.assume(f"未说明时间，取{_span_zh(when)}", f"no period was said: {_span_en(when)}")
        if draft.lonely_base and draft.base is not None and not draft.base.deictic:
            work.score -= 0.45  # revenue vs September: which period is compared with it was not said
        elif draft.lonely_base and self._whole_months_only(work):
            when = None
        if when is None or when.period is None:
            if draft.compare != "same":
                work.assumptions += [default_text(info) for info in work.infos[:1]]
            return None, None
        period = when.period
        if when.kind == "as_of" and all(info.state for info in work.infos):
            last = period.end - timedelta(days=1)
            period = Period(start=calendar.unit_start(last, "month"), end=period.end)
        elif when.edge and not all(info.state or info.running for info in work.infos):
            work.score -= 0.45  # touches at the end of September: that month's, or all until then?
        return period, when

    def _whole_months_only(self, work: Work) -> bool:
        """A month fact has no comparable running month: 销售额比上个月 asks for the last complete one."""
        base = self.draft.base
        return all(info.monthly for info in work.infos) and base is not None and base.grain in ("month", "year")

    def _same(self, work: Work) -> Period | None:
        """去年同期 with nothing else: the default period a year (or a unit) earlier."""
        info = work.infos[0]
        default = default_period(info, self.clock)
        base = self.draft.base
        if default is None or base is None:
            work.score -= 0.4
            return None
        work.assume(f"以默认期间的同期理解（{default_text(info).zh}）", f"the counterpart of the default period ({default_text(info).en})")
        return counterpart(base, default, today=self.clock.today, fiscal_start=self.clock.fiscal_start)

    def _compare(self, work: Work, when: When | None) -> Compare | None:
        draft = self.draft
        if draft.base is not None and draft.compare != "same":
            base = draft.base.period
            if base is None:
                return None
            if draft.lonely_base and self._whole_months_only(work):
                return "previous_year" if draft.base.grain == "year" else "previous_period"
            period = when.period if when is not None else None
            if period is not None and base.days != period.days and not _both_whole(when, draft.base):
                work.assume(f"两个期间长度不同（{period.days} 天与 {base.days} 天）", f"the two periods differ in length ({period.days} and {base.days} days)")
            return base
        return draft.compare if draft.compare in ("previous_period", "previous_year") else None

    def _plain_periods(self, work: Work) -> bool:
        """Whether periods named one by one are nothing but asked: a rate of them, or a whole one beside the one that runs, is then shown for each (9月和10月的触达率)."""
        draft = self.draft
        return not draft.total and draft.ordering is None and not draft.thresholds and not (draft.joined in ("day", "week") and any(info.monthly for info in work.infos))

    def _grain(self, work: Work, period: Period | None) -> Grain | None:
        draft = self.draft
        if draft.joined is not None and draft.separate and draft.grain is None:
            return draft.joined
        when = draft.when
        if draft.separate and draft.grain is None and when is not None and (when.rolling or 0) > 1 and not work.group and draft.compare is None and draft.base is None and not draft.members:
            return when.grain  # 最近四个季度分别
        if draft.joined is not None and draft.apart and draft.grain is None and draft.compare is None and draft.base is None and not draft.trend:
            if self._plain_periods(work) and (any(info.ratio for info in work.infos) or (period is not None and period.end > self.clock.today)):
                work.assume("说到的几个期间分别列出", "the periods that were named are shown side by side")
                return draft.joined
            work.assume("说到的几个期间合在一起算", "the periods that were named are taken together")
        if draft.grain is not None or not draft.trend:
            return draft.grain
        days = period.days if period is not None else 365
        return default_grain(days, monthly=any(info.monthly for info in work.infos))

    # ------------------------------------------------------------------ numbers

    def _info(self, work: Work, token: Token | None, by_token: dict[int, str]) -> MetricInfo:
        name = by_token.get(id(token)) if token is not None else None
        return self.lexicon.metrics[name] if name is not None else work.infos[0]

    def _having(self, work: Work, by_token: dict[int, str]) -> tuple[Having, ...]:
        found = []
        for threshold in self.draft.thresholds:
            info = self._info(work, threshold.metric, by_token)
            found.append(Having(metric=f"{info.id}{threshold.column}", op=threshold.op, value=self._bound(work, threshold, info)))
        return tuple(dict.fromkeys(found))

    def _bound(self, work: Work, threshold: Threshold, info: MetricInfo) -> float:
        value, token = threshold.value, threshold.token
        number = token.number if token is not None else None
        if number is None:
            return value
        relative = threshold.column in ("__growth", "__share")
        if number.said == "percent" and not relative and info.format not in ("percent", "points") and info.unit:
            work.score -= 0.45  # touches above 50%: of what?
        if number.said != "plain":
            return value
        if disagrees(number.classifier, info):
            work.score -= 0.45
        measured, unit = measure_of(number.classifier), unit_of(info)
        if measured is not None and unit is not None and measured[0] == unit[0]:
            return value * measured[1] / unit[1]
        scale = _SCALES.get(number.classifier[:1]) if len(number.classifier) > 1 else None
        if scale is not None and number.classifier not in info.unit:
            return value * scale  # 500万元, of a metric in yuan
        if (own := _SCALES.get(info.unit[:1])) is not None and info.unit[1:2] in ("元", "") and not number.classifier and value >= own and token is not None and not token.text.isdigit():
            return value / own  # 500万, of a metric in 万元
        shares = relative or info.format in ("percent", "points")
        if shares and abs(value) > (1 if info.format != "points" else 1.0):
            work.assume(f"“{token.text if token else value}”按 {value:g}% 理解", f"'{token.text if token else value}' taken as {value:g}%")
            work.score -= 0.02
            return round(value / 100, 12)
        return value

    def _order(self, work: Work, by_token: dict[int, str]) -> tuple[tuple[Order, ...], int | None]:
        ordering = self.draft.ordering
        if ordering is None:
            return (), None
        info = self._info(work, ordering.metric, by_token)
        direction = ordering.direction
        if direction in ("best", "worst"):
            higher = (direction == "best") != info.lower_is_better
            direction = "desc" if higher else "asc"
        limit = None if self.draft.rank_of else ordering.limit
        return (Order(by=f"{info.id}{ordering.column}", direction=direction),), limit  # type: ignore[arg-type]


_SCALES = {"百": 100.0, "千": 1000.0, "万": 10_000.0, "亿": 100_000_000.0}


def _both_whole(when: When | None, base: When) -> bool:
    return when is not None and not when.to_date and not base.to_date and when.grain == base.grain and when.rolling == base.rolling


def _span_zh(when: When) -> str:
    assert when.period is not None  # noqa: S101 (called with spans only)
    return f"{when.period.start} 至 {when.period.end - timedelta(days=1)}"


def _span_en(when: When) -> str:
    return _span_zh(when).replace(" 至 ", " to ")
