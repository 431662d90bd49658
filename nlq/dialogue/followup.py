"""Follow-ups: a sentence that changes one thing of the question before it (只看华东, 换成去年, 达成率呢, 按季度看, 最少的呢, 去掉呼叫中心)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from governance import calendar
from governance.terms import Filter, Grain, Having, Keep, MemberCompare, MetricQuery, Order, Period, Text, Value
from nlq.defaults import default_text
from nlq.dialogue.carried import carried, told
from nlq.dialogue.leaning import (
    ADDS,
    AGAINST,
    DEEPER,
    EARLIER,
    EARLIER_UNITS,
    EVERY,
    OTHERS,
    REPLACES,
    STRONG,
    THAT_ONE,
    WHOLE_YEAR,
)
from nlq.draft import Draft, Member
from nlq.lexicon.lexicon import LexiconView
from nlq.reading import Reader, Reading, default_period
from nlq.shape.periods import default_grain
from nlq.times import Clock, When, counterpart
from nlq.times.chinese import number


class FollowUp:
    """Applies one sentence to the query before it."""

    def __init__(self, draft: Draft, text: str, context: MetricQuery, view: LexiconView, clock: Clock, *, whole: bool = False, earlier: Sequence[MetricQuery] = ()) -> None:
        self.whole, self.earlier = whole, earlier
        """The sentence asks for the whole (全国呢): filters fall away. The queries before the context, oldest first."""
        self.draft, self.text, self.context, self.view, self.clock = draft, text, context, view, clock
        self.adds = ADDS.search(text) is not None or (context.limit is not None and bool(draft.metrics) and THAT_ONE.search(text) is not None)
        if self.adds and THAT_ONE.search(text) is not None and all(set(group.token.ids("dimension")) & {*context.group_by} for group in draft.groups):
            draft.groups = []  # 该大区, that region: the one that was found
        if context.limit is not None and not draft.metrics and draft.groups and _IT.search(text) is not None:
            draft.problems.append((text, 0.5))  # 它属于哪个省: of the one that was found, which only its rows tell
        self.deeper = DEEPER.search(text) is not None
        self.fallen: tuple[str, ...] = ()
        """Dimensions of the question before by which the new metric can't be asked."""
        self.beside: str | None = None
        """The dimension whose members are to stand side by side."""

    def readings(self) -> list[Reading]:
        """Return the changed query, one reading for each way to understand the change."""
        draft, context = self.draft, self.context
        self._moved_base()
        self._set_beside()
        if draft.when is None and (draft.trend or draft.periods) and context.period is not None:
            draft.when = When(period=context.period)
        single = [item for item in context.where if item.op == "in" and len(item.values) == 1]
        if draft.ordering is not None and draft.ordering.limit is None and len(single) == 1 and not (context.group_by or context.grain or draft.groups):
            draft.rank_of = True  # 排名呢, after one member
        if any(metric not in self.view.lexicon.metrics for metric in context.metrics):
            return []
        reader = Reader(draft, self.view, self.clock)
        partial = reader.readings() if draft.metrics else reader.with_metrics(context.metrics)
        found = []
        for reading in partial:
            merged = self._merged(reading.query)
            reading = replace(reading, assumptions=tuple(text for text in reading.assumptions if not (self._compared_before() and text.zh.startswith("未说明与何时相比"))))  # noqa: PLW2901
            assumed = tuple(text for text in reading.assumptions if context.period is None or merged.period is None or not (text in self._defaults() or (draft.when is None and text.zh.startswith("未说明时间"))))
            found.append(replace(reading, query=merged, assumptions=(*assumed, *told(merged, self.fallen, self.view)), score=min(0.97, self._score(reading, merged))))
        return found

    def _defaults(self) -> set[Text]:
        """What is assumed where no time is said: not so where the question before named it."""
        return {default_text(info) for info in self.view.lexicon.metrics.values()} if self.draft.when is None else set()

    def _set_beside(self) -> None:
        """和华东对比一下, vs South: the member is shown beside the one asked before, or every member against it."""
        draft, context = self.draft, self.context
        if not AGAINST.search(self.text) or draft.metrics or draft.when is not None or draft.groups or draft.compare not in (None, "member"):
            return
        named = [member.token for member in draft.members if not member.exclude] + ([draft.base_member] if draft.base_member is not None else [])
        if len(named) != 1:
            return
        dimensions = [m.id for m in named[0].meanings if m.kind == "value"]
        filtered = next((item.dimension for item in context.where if item.op == "in" and item.dimension in dimensions), None)
        if filtered is not None:
            draft.members, draft.base_member, draft.compare = [Member(named[0])], None, None
            self.beside, self.adds = filtered, True
        elif any(name in dimensions for name in context.group_by):
            draft.members, draft.base_member, draft.compare = [], named[0], "member"
        else:
            draft.problems.append((named[0].text, 0.45))  # compared with what?

    def _moved_base(self) -> None:
        """和上个月比: in a follow-up only the base is named; the period stays that of the question before."""
        draft, period = self.draft, self.context.period
        earlier = EARLIER.search(self.text)
        if earlier is not None and period is None and self.context.metrics[0] in self.view.lexicon.metrics:
            period = default_period(self.view.lexicon.metrics[self.context.metrics[0]], self.clock)  # 再往前一个月, where no period was said
        if earlier is not None and period is not None and _MEASURED.search(self.text):
            draft.when, draft.base, draft.compare = None, None, "previous_period"  # vs the month before
            return
        if earlier is not None and period is not None:
            said = earlier["u"] or earlier["e"] or earlier["z"] or earlier["z2"]
            count, grain = number(earlier["n"]) if earlier["n"] else 1, EARLIER_UNITS[said[:2].strip()]
            fiscal = self.clock.fiscal_start if grain in ("quarter", "year") else 1
            if earlier["u"] is None and calendar.whole_units(period, grain, fiscal_start=fiscal) != 1:
                first = calendar.unit_start(period.start, grain, fiscal_start=fiscal)  # and the quarter before that, after a month: a whole quarter
                draft.when = When(period=Period(start=calendar.shift(first, grain, -1), end=first), grain=grain)
                draft.base = draft.compare = None
            elif count is not None:
                draft.when = When(period=Period(start=calendar.shift(period.start, grain, -count), end=calendar.shift(period.end, grain, -count)), grain=grain)
                draft.base = draft.compare = None
            return
        if draft.when is not None and period is not None and draft.when.period is not None:
            draft.when = replace(draft.when, period=self._leaning(draft.when, draft.when.period, period))
        taken = [text for text in draft.assumptions if text.zh.endswith("按今年至今理解")]
        if taken and period is not None and not draft.metrics:
            draft.when, draft.assumptions = None, [text for text in draft.assumptions if text not in taken]  # the year of the question before
        if period is not None and draft.when is None and WHOLE_YEAR.search(self.text) and not draft.metrics:
            draft.when = When(period=calendar.unit(period.start, "year"), grain="year")
        same = draft.when is not None and draft.when.deictic and draft.when.rolling is None and draft.when.period == period
        if same and draft.when is not None and period is not None and draft.base is None and not draft.when.to_date:
            # 上季度 said again means the one before it
            draft.when = When(period=calendar.previous_period(period, today=self.clock.today), grain=draft.when.grain)
        other = draft.when.period if draft.when is not None else None
        if other is not None and period is not None and other != period and draft.base is None and draft.compare is None and _BESIDE.search(self.text):
            now, then = (draft.when, When(period=period)) if other.start > period.start else (When(period=period), draft.when)
            draft.when, draft.base = now, then  # 10月比一下, after September
            return
        if not draft.lonely_base or draft.base is None or draft.base.period is None or period is None:
            return
        base, draft.when, draft.lonely_base = draft.base, None, False
        if base.lacks == "year" and base.period is not None and base.period.start.year > period.start.year:
            months = 12 * (base.period.start.year - period.start.year)  # vs September, after October a year ago: the one before it
            leaning = Period(start=calendar.add_months(base.period.start, -months), end=calendar.add_months(base.period.end, -months))
            base = draft.base = replace(base, period=leaning)
        if base.period is not None and base.period.start > period.start:
            draft.when, draft.base = base, When(period=period, grain=base.grain)  # the later is asked, the earlier is its base
            return
        before = calendar.previous_period(period, today=self.clock.today, fiscal_start=self.clock.fiscal_start)
        if base.grain == "year" and period.days < 300:
            draft.base, draft.compare = None, "previous_year"
        elif base.period in (period, before):
            draft.base, draft.compare = None, "previous_period"

    def _leaning(self, when: When, said: Period, before: Period) -> Period:
        """Return a period whose year or month was left open, in the year or month of the question before (2025年Q1 … Q2呢)."""
        if when.lacks == "year":
            months = 12 * (before.start.year - said.start.year)
        elif when.lacks == "month" and calendar.add_months(before.start.replace(day=1), 1) >= before.end:
            months = 12 * (before.start.year - said.start.year) + before.start.month - said.start.month
        else:
            return said
        moved = Period(start=calendar.add_months(said.start, months), end=calendar.add_months(said.end, months))
        return moved if moved.start <= self.clock.today and moved.days >= said.days - 3 else said

    def _score(self, reading: Reading, merged: MetricQuery) -> float:
        """A change may lack what only a whole question must have: the rows that are ranked, bounded or shared."""
        change = reading.query
        lacked = not change.group_by and not change.grain and bool(change.order or change.having or change.share)
        completed = bool(merged.group_by or merged.grain) and (lacked or self.draft.rank_of or change.share)
        if completed and merged.having and all("__" in bound.metric for bound in merged.having) and all("__" not in bound.metric for bound in change.having):
            return max(reading.score, 0.85)  # the bound is on the share, or on the growth
        return max(reading.score, 0.9) if completed and reading.score >= 0.3 else reading.score

    # ------------------------------------------------------------------ merging

    def _merged(self, change: MetricQuery) -> MetricQuery:
        self._let_fall(change)
        context, draft = self.context, self.draft
        self.fallen = ()
        metrics = context.metrics
        if draft.metrics:
            change = self._replacing(change)
            sorts = draft.ordering is not None and draft.ordering.metric is not None and not STRONG.search(self.text) and _SORTS.search(self.text)
            metrics = tuple(dict.fromkeys((*context.metrics, *change.metrics))) if self.adds or sorts else change.metrics
        if draft.dropped_metrics:
            metrics = tuple(name for name in context.metrics if name not in draft.dropped_metrics)
        bounded = bool(context.having) and bool(self.earlier) and self.earlier[-1].where == context.where and not self.earlier[-1].having
        if self.whole and bounded and not _COUNTRY.search(self.text):
            context = self.context = replace(context, having=())  # 还是看全部, after those above a bound
        elif self.whole:
            context = self.context = replace(context, where=self._everywhere(context))
            placed = {name for name in context.group_by if self._is_place(name)}
            if placed and _COUNTRY.search(self.text):  # 全国呢, after region by region: all of it
                rows = context.limit is not None or bool(context.having)
                context = self.context = replace(context, group_by=tuple(name for name in context.group_by if name not in placed))
                if rows and not context.group_by and context.grain is None:
                    context = self.context = replace(context, order=(), limit=None, having=(), share=False, keep=())
                elif not context.group_by and context.grain is None:
                    context = self.context = replace(context, order=(), share=False, keep=())
        merged = replace(
            context,
            metrics=metrics,
            period=self._period(change),
            group_by=self._groups(change),
            grain=self._grain(change),
            having=self._having(change),
            share=context.share or change.share,
        )
        merged = self._sound(self._without(merged))
        merged = self._compared(merged, change)
        merged = self._filtered(merged, change)
        if draft.separate and (not draft.members or self.adds):
            several = [item.dimension for item in merged.where if item.op == "in" and len(item.values) > 1]
            merged = replace(merged, group_by=tuple(dict.fromkeys((*merged.group_by, *several))))
        if self.beside is not None:
            merged = replace(merged, compare=None, group_by=tuple(dict.fromkeys((*merged.group_by, self.beside))))
        merged = self._ordered(self._kept(merged, change), change)
        merged = self._fitting(merged)
        if not self.adds and draft.metrics and merged.metrics != self.context.metrics:
            merged, self.fallen = carried(merged, change, self.view)
        return merged

    def _let_fall(self, change: MetricQuery) -> None:
        """按科室, after the one day or the one region that was highest: which one was highest is answered, the new cut is of everything."""
        draft, context = self.draft, self.context
        answered = context.limit == 1 and context.order and not (self.adds or self.deeper or draft.ordering or draft.metrics or draft.rank_of)
        if answered and change.group_by and draft.groups and not set(change.group_by) & {*context.group_by}:
            asked_for = any(old.grain == context.grain and old.limit is None for old in self.earlier)
            by_period = not context.group_by and context.grain is not None and draft.grain is None and not asked_for
            self.context = replace(context, order=(), limit=None, grain=None if by_period else context.grain)

    def _sound(self, merged: MetricQuery) -> MetricQuery:
        """Let fall what can't be meant any more: rows of a total, the share of a rate, a ranking where every member is asked for."""
        draft, infos = self.draft, self.view.lexicon.metrics
        if draft.total and not draft.groups:
            return replace(merged, group_by=(), grain=None, order=(), limit=None, share=False, having=(), keep=())
        if merged.share and draft.metrics and not draft.share and any(infos[name].ratio for name in merged.metrics):
            merged = replace(merged, share=False, keep=())
        every = any(group.explicit for group in draft.groups) and EVERY.search(self.text) and draft.ordering is None
        return replace(merged, order=(), limit=None, share=draft.share) if every and merged.limit is not None else merged

    def _fitting(self, merged: MetricQuery) -> MetricQuery:
        """Let fall what leans on what is no longer there: an order by another metric, a comparison of a member with itself."""
        names = {name for metric in merged.metrics for name in (metric, f"{metric}__change", f"{metric}__growth", f"{metric}__share")}
        names |= {*merged.group_by, "period"}
        order = tuple(item if item.by in names else replace(item, by=_column_of(item.by, merged, names)) for item in merged.order)
        having = tuple(item for item in merged.having if item.metric in names)
        compare = merged.compare
        if isinstance(compare, MemberCompare):
            own = next((item.values for item in merged.where if item.dimension == compare.dimension and item.op == "in"), None)
            if (own is None and compare.dimension in self.context.group_by and compare.dimension not in merged.group_by) or (own is not None and (compare.base in own or len(own) > 1)):
                compare = None
        return replace(merged, order=order, having=having, compare=compare)

    def _replacing(self, change: MetricQuery) -> MetricQuery:
        """把触达率换成打开率, units instead of revenue: what was there before is only named to be replaced."""
        if REPLACES.search(self.text):
            new = tuple(metric for metric in change.metrics if metric not in self.context.metrics)
            if new and len(new) < len(change.metrics):
                return replace(change, metrics=new)
        return change

    def _without(self, merged: MetricQuery) -> MetricQuery:
        dropped = self.draft.dropped
        return replace(
            merged,
            compare=None if "compare" in dropped else merged.compare,
            order=() if "order" in dropped else merged.order,
            limit=None if "order" in dropped else merged.limit,
            share=False if "share" in dropped else merged.share,
            grain=None if "grain" in dropped else merged.grain,
            having=() if "having" in dropped else merged.having,
        )

    def _period(self, change: MetricQuery) -> Period | None:
        draft, context = self.draft, self.context
        if draft.compare == "same" and not draft.against:
            base = context.period or default_period(self.view.lexicon.metrics[context.metrics[0]], self.clock)
            if base is not None and draft.base is not None:
                return counterpart(draft.base, base, today=self.clock.today, fiscal_start=self.clock.fiscal_start)
        if draft.when is None and draft.base is None:
            return context.period if context.period is not None else change.period
        return change.period or context.period

    def _groups(self, change: MetricQuery) -> tuple[str, ...]:
        draft, context = self.draft, self.context
        if draft.ungroup and draft.ungrouped & {*context.group_by}:
            return tuple(name for name in context.group_by if name not in draft.ungrouped)
        if draft.ungroup and draft.ungrouped & {item.dimension for item in context.where}:
            return context.group_by  # 去掉大区, of a filter
        if draft.ungroup and draft.ungrouped and not change.group_by:
            return context.group_by  # 不分渠道了, where the rows are by something else already
        if draft.ungroup or (draft.total and not change.group_by):
            return ()
        if not change.group_by:
            return context.group_by
        replaced = tuple(name for name in change.group_by if name not in context.group_by)
        if REPLACES.search(self.text) and replaced:
            return replaced  # by channel instead of by region
        from_members = not draft.groups  # 排第几, 占多少: rows that the change needs, not another cut
        if self.adds or self.deeper or from_members:
            return tuple(dict.fromkeys((*context.group_by, *change.group_by)))
        return change.group_by

    def _grain(self, change: MetricQuery) -> Grain | None:
        if self.draft.total or (REPLACES.search(self.text) and change.group_by and change.grain == self.context.grain):
            return None  # by channel instead of by day
        if change.grain is None and self.context.grain == "day" and change.period is not None and change.period.days > _MANY_DAYS:
            return default_grain(change.period.days, monthly=False)  # 近6个月, after a trend by day
        return change.grain or self.context.grain

    def _having(self, change: MetricQuery) -> tuple[Having, ...]:
        if change.having:
            infos = self.view.lexicon.metrics
            if self.context.share and all(h.metric in infos and infos[h.metric].format != "percent" and abs(h.value) < 1 for h in change.having):
                return tuple(replace(h, metric=f"{h.metric}__share") for h in change.having)  # 低于5%的, after a share
            grown = any(item.by.endswith("__growth") for item in self.context.order) and self.context.compare is not None
            if grown and all(h.metric in infos and infos[h.metric].format != "percent" and abs(h.value) < 1 for h in change.having):
                return tuple(replace(h, metric=f"{h.metric}__growth") for h in change.having)  # 大于10%的, after a ranking by growth
            return change.having
        if self.draft.metrics and not self.adds and len(self.context.metrics) == 1 and len(change.metrics) == 1:
            old, new = self.context.metrics[0], change.metrics[0]
            infos = self.view.lexicon.metrics
            if infos[old].format != infos[new].format:
                return tuple(replace(item, metric=new + item.metric.removeprefix(old)) for item in self.context.having if item.metric != old)
            return tuple(replace(item, metric=new + item.metric.removeprefix(old)) for item in self.context.having)
        return self.context.having

    def _compared(self, merged: MetricQuery, change: MetricQuery) -> MetricQuery:
        if self.draft.against and self.draft.base is not None:
            asked = self.context.period or default_period(self.view.lexicon.metrics[self.context.metrics[0]], self.clock)
            base = counterpart(self.draft.base, asked, today=self.clock.today) if asked is not None else None
            return replace(merged, compare=base)
        if change.compare is not None and not self.draft.share and merged.share and REPLACES.search(self.text):
            merged = replace(merged, share=False)
        if change.compare is not None and not self._compared_before():
            return replace(merged, compare=change.compare)
        moved = self.draft.when is not None or (self.draft.compare == "same" and not self.draft.against)
        if moved and isinstance(self.context.compare, Period):
            return replace(merged, compare=None)
        return merged

    def _is_place(self, name: str) -> bool:
        info = self.view.lexicon.dimensions.get(name)
        return info is not None and not info.about_person and _PLACE.search(f"{info.label.zh} {info.label.en.lower()}") is not None

    def _compared_before(self) -> bool:
        """谁增长快, after year on year: the comparison that was set stays, where no other base is said."""
        return self.draft.compared_by_default and self.draft.when is None and (isinstance(self.context.compare, Period) or self.context.compare in ("previous_year", "previous_period"))

    def _everywhere(self, context: MetricQuery) -> tuple[Filter, ...]:
        """全国, nationwide lifts what was said of places, where places were said; everything else lifts all."""
        places = {item.dimension for item in context.where if self._is_place(item.dimension)}
        if not places or not _COUNTRY.search(self.text):
            return ()
        return tuple(item for item in context.where if item.dimension not in places)

    def _narrow(self) -> set[str]:
        """各分型都列出来, show all segments, after one segment: the dimensions to be cut by that the question before holds to a single member."""
        draft = self.draft
        named = {name for group in draft.groups if group.explicit for name in group.token.ids("dimension")}
        kept = {m.id for member in draft.members for m in member.token.meanings}
        every = _ALL.search(self.text) is not None
        single = {item.dimension for item in self.context.where if item.op == "in" and (every or len(item.values) == 1)}
        return (named & single) - kept if draft.ordering is None or draft.ordering.limit is None else set()

    def _filtered(self, merged: MetricQuery, change: MetricQuery) -> MetricQuery:
        kept = {item.dimension for item in self.context.keep}
        merged = self._beside_base(merged, change)
        unfilter = self.draft.unfilter | self._narrow()
        if self.draft.ungroup and not self.draft.ungrouped & {*self.context.group_by}:
            unfilter = unfilter | self.draft.ungrouped
        where = [item for item in self.context.where if "*" not in unfilter and item.dimension not in unfilter]
        if not change.where and OTHERS.search(self.text) and (flipped := self._flipped(where)) is not None:
            return replace(merged, where=flipped, group_by=self.context.group_by)
        for item in change.where:
            if REPLACES.search(self.text) and item.op == "in":
                old = {value for other in self.context.where if other.dimension == item.dimension for value in other.values}
                item = replace(item, values=tuple(value for value in item.values if value not in old) or item.values)  # noqa: PLW2901
            if item.op == "in" and item.dimension in kept and merged.group_by:
                values = _united(self.context.keep, item.dimension, item.values) if self.adds else item.values
                merged = replace(merged, keep=tuple(k if k.dimension != item.dimension else Keep(dimension=k.dimension, values=values) for k in merged.keep))
                continue
            where = self._with(where, item)
        return replace(merged, where=tuple(where))

    def _beside_base(self, merged: MetricQuery, change: MetricQuery) -> MetricQuery:
        """Add North, after East against South: the three of them side by side."""
        compare = self.context.compare
        if not self.adds or not isinstance(compare, MemberCompare) or not any(item.dimension == compare.dimension and item.op == "in" for item in change.where):
            return merged
        where = tuple(replace(item, values=(*item.values, compare.base)) if item.dimension == compare.dimension and item.op == "in" else item for item in self.context.where)
        self.context = replace(self.context, where=where, compare=None)
        return replace(merged, compare=None, group_by=tuple(dict.fromkeys((*merged.group_by, compare.dimension))))

    def _flipped(self, where: list[Filter]) -> tuple[Filter, ...] | None:
        """其他大区呢: everything but what was looked at."""
        named = {name for group in self.draft.groups for name in group.token.ids("dimension")}
        kept = [item for item in where if item.op == "in" and (not named or item.dimension in named)]
        if len(kept) != 1:
            return None
        return tuple(replace(item, op="not_in") if item is kept[0] else item for item in where)

    def _with(self, where: list[Filter], item: Filter) -> list[Filter]:
        """Return the filters with one changed: another value, one more, or one less."""
        same = [other for other in where if other.dimension == item.dimension]
        rest = [other for other in where if other.dimension != item.dimension]
        if item.op == "not_in":
            included = next((other for other in same if other.op == "in"), None)
            if included is not None:
                left = tuple(value for value in included.values if value not in item.values)
                return [*rest, replace(included, values=left)] if left else [*rest, item]
            dropped = tuple(dict.fromkeys((*(v for other in same for v in other.values), *item.values)))
            return [*rest, Filter(dimension=item.dimension, op="not_in", values=dropped)]
        if self.adds:
            excluded = next((other for other in same if other.op == "not_in"), None)
            if excluded is not None:
                left = tuple(value for value in excluded.values if value not in item.values)
                return [*rest, replace(excluded, values=left)] if left else rest
            values = tuple(dict.fromkeys((*(v for other in same for v in other.values), *item.values)))
            return [*rest, replace(item, values=values)]
        return [*rest, item]

    def _kept(self, merged: MetricQuery, change: MetricQuery) -> MetricQuery:
        unfilter = self.draft.unfilter
        if unfilter:
            merged = replace(merged, keep=tuple(k for k in merged.keep if "*" not in unfilter and k.dimension not in unfilter))
        if self.draft.rank_of and isinstance(merged.compare, MemberCompare):
            merged = replace(merged, compare=None)
        if change.keep:
            merged = replace(merged, keep=change.keep)
            named = {keep.dimension for keep in change.keep}
            return replace(merged, where=tuple(item for item in merged.where if item.dimension not in named or item.op == "not_in"))
        single = [item for item in merged.where if item.op == "in" and len(item.values) == 1]
        several = [item for item in merged.where if item.op == "in" and len(item.values) > 1]
        if self.draft.share and not merged.group_by and not single and several and not merged.keep:
            item = several[-1]  # 各占多少, after several members: the share of each
            where = tuple(other for other in merged.where if other is not item)
            return replace(merged, group_by=(item.dimension,), where=where, keep=(Keep(dimension=item.dimension, values=item.values),))
        listed = [item for item in single if item.dimension in merged.group_by]
        if self.draft.share and listed and not self.draft.members and not merged.keep:
            where = tuple(other for other in merged.where if other is not listed[-1])  # what share is that: of the whole list
            return replace(merged, where=where, keep=(Keep(dimension=listed[-1].dimension, values=listed[-1].values),))
        if (self.draft.rank_of or (self.draft.share and not merged.group_by)) and single and not merged.keep:
            fresh = [item for item in single if self.earlier and item not in self.earlier[-1].where]
            item = (fresh or single)[-1]  # what share is that: of the member that was looked at last
            group = merged.group_by if item.dimension in merged.group_by else (*merged.group_by, item.dimension)
            where = tuple(other for other in merged.where if other is not item)
            return replace(merged, group_by=group, where=where, keep=(Keep(dimension=item.dimension, values=item.values),))
        return merged

    def _ordered(self, merged: MetricQuery, change: MetricQuery) -> MetricQuery:
        ordering, context = self.draft.ordering, self.context
        if ordering is None:
            order = merged.order
            if self.draft.metrics and not self.adds and order:
                # 达成率呢 after a ranking: the same ranking of the new metric
                old, new = context.metrics[0], change.metrics[0]
                order = tuple(Order(by=new + item.by.removeprefix(old), direction=item.direction) if item.by.startswith(old) else item for item in order)
            return replace(merged, order=order)
        limit = change.limit
        if limit == 1 and context.limit is not None and ordering.limit == 1 and not re.search(r"\d|一|谁|哪|which|who", self.text):
            limit = context.limit
        if limit is None and ordering.limit is None and not self.draft.rank_of:
            limit = context.limit  # 从低到高: another order of the same number of rows
        order = change.order
        if ordering.column == "" and context.order and ordering.metric is None:
            order = tuple(Order(by=context.order[0].by, direction=item.direction) for item in change.order)
        keep = merged.keep if self.draft.rank_of or change.keep else ()
        return replace(merged, order=order, limit=None if self.draft.rank_of else limit, keep=keep)


def _column_of(by: str, merged: MetricQuery, names: set[str]) -> str:
    """The same column of the first metric that is left: 去掉销量 after a ranking by its growth ranks by the growth of what stays."""
    other = merged.metrics[0] + (by[by.index("__") :] if "__" in by else "")
    return other if other in names else merged.metrics[0]


def _united(keep: tuple[Keep, ...], dimension: str, values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys((*(v for k in keep if k.dimension == dimension for v in k.values), *values)))


_IT = re.compile(r"它|(?<![a-z])(?:it|its)(?![a-z])")
_MEASURED = re.compile(r"比|较|(?<![a-z])(?:vs|versus|against|than|compared?)(?![a-z])")
_PLACE = re.compile(r"[区省市县州城域国]|片区|地区|(?<![a-z])(?:region|area|province|state|city|county|country|district|territory|zone|place|location|town)(?![a-z])")
_ALL = re.compile(r"所有|全部|(?<![a-z])(?:all|every)(?![a-z])")
_COUNTRY = re.compile(r"全国|全区域|各地|全省|(?<![a-z])(?:national|nationally|nationwide|country|everywhere|all regions)(?![a-z])")
_BESIDE = re.compile(r"比一下|比比|比较|对比|比一比|对照|(?<![a-z])(?:compare|compared|side by side)(?![a-z])")
_MANY_DAYS = 62
_SORTS = re.compile(r"排序|排列|排名|排一下|按|依|sort|order|rank|(?<![a-z])by(?![a-z])")
EXPLAINED = Text(zh="说明上一个回答的口径和条件。", en="Explains the definition and conditions of the last answer.")
__all__ = ["EXPLAINED", "FollowUp"]
