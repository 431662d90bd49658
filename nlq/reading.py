"""From a draft to ranked readings: every way to choose among the meanings of its words, each a MetricQuery with a score and what it assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice, product
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
from nlq.draft import Draft, Member, Threshold
from nlq.entries import Meaning, MetricInfo
from nlq.lexicon import LexiconView
from nlq.matching import Token
from nlq.normalise import keys
from nlq.shape_periods import default_grain, trend_window
from nlq.times import Clock, When

MAX_READINGS = 12
Operator = Literal["in", "not_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A word taken as another one."""

    said: str
    taken: str


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
class _Work:
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


class Reader:
    """Builds the readings of one draft."""

    def __init__(self, draft: Draft, view: LexiconView, clock: Clock) -> None:
        self.draft, self.view, self.clock = draft, view, clock
        self.lexicon = view.lexicon
        self.penalty = 0.0

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

    def _metric_tokens(self) -> list[Token]:
        """Return the metric mentions that count: parts of names only where no whole name was said."""
        whole = [token for token in self.draft.metrics if not token.body and not all(m.rank == 3 for m in token.meanings)]
        for token in self.draft.metrics:
            if whole and token not in whole:
                token.used = False
        if not whole and len(self.draft.metrics) > 1 and all(not token.body for token in self.draft.metrics):
            # several parts of names: the head of a Chinese noun phrase, and mostly of an English one, comes last
            for token in self.draft.metrics[:-1]:
                token.used = False
            return self.draft.metrics[-1:]
        return whole or self.draft.metrics

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
        unit = self.draft.counted_in
        if unit is None or len(meanings) < 2:
            return meanings
        return [m for m in meanings if unit in self.lexicon.metrics[m.id].unit] or meanings

    def _variants(self, choice: tuple[Meaning, ...], tokens: Sequence[Token]) -> list[Reading]:
        metrics = tuple(dict.fromkeys(meaning.id for meaning in choice))
        by_token = {id(token): meaning.id for token, meaning in zip(tokens, choice, strict=True)}
        infos = tuple(self.lexicon.metrics[name] for name in metrics)
        base = _Work(metrics=metrics, infos=infos)
        for token, meaning in zip(tokens, choice, strict=True):
            if meaning.rank == 3:
                base.score -= 0.12
                label = self.lexicon.metrics[meaning.id].label
                base.assume(f"“{token.text}”按“{label.zh}”理解", f"'{token.text}' taken as {label.en}")
            elif token.partial:
                base.score -= 0.02
        readings = []
        for dimensions in self._member_choices(base):
            work = _Work(metrics=metrics, infos=infos, score=base.score, assumptions=list(base.assumptions))
            reading = self._one(work, dimensions, by_token)
            if reading is not None:
                readings.append(reading)
        return readings

    # ------------------------------------------------------------------ members

    def _all_members(self) -> list[Member]:
        members = [*self.draft.members, *(Member(token) for token in self.draft.share_of)]
        return [*members, Member(self.draft.base_member)] if self.draft.base_member is not None else members

    def _member_choices(self, work: _Work) -> list[dict[int, str]]:
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
                allowed = self._coarsest(allowed)
            options.append([(id(member.token), name) for name in allowed])
        return [dict(choice) for choice in product(*options)][:MAX_READINGS]

    def _agreeing(self, member: Member, names: list[str]) -> list[str]:
        """Prefer a dimension that another named value can only belong to: 上海和广东 are provinces."""
        others = [{m.id for m in other.token.meanings if m.kind == "value"} for other in self._all_members() if other.token is not member.token]
        sure = {next(iter(found)) for found in others if len(found) == 1}
        return [name for name in names if name in sure]

    def _coarsest(self, names: list[str]) -> list[str]:
        dimensions = self.lexicon.dimensions
        outer = [name for name in names if all(name == other or name in dimensions[other].within for other in names)]
        return outer or names

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

    # ------------------------------------------------------------------ one reading

    def _one(self, work: _Work, chosen: dict[int, str], by_token: dict[int, str]) -> Reading | None:
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
                period, compare = self._same(work), None
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

    def _implied(self, work: _Work) -> None:
        for token in self.draft.metrics:
            name = self.lexicon.words.implied.get(keys(token.text.replace("的", "")))
            if name is not None and work.allowed(name) and token.used:
                work.add_group(name)

    def _groups(self, work: _Work) -> None:
        for group in self.draft.groups:
            names = group.token.ids("dimension")
            valid = [name for name in names if work.allowed(name)]
            name = (valid or list(names))[0]
            info = self.lexicon.dimensions.get(name)
            if info is None:
                continue
            if not group.explicit and self.draft.total:
                continue
            if not group.explicit and info.identifies is not None and not (group.listed and not info.person):
                continue  # 医生, 医院 as a noun: 华东医生的触达率
            if not group.explicit and not group.listed and group.qualified and name in self.lexicon.dimensions and set(group.qualified) & info.within:
                continue  # tier 1 cities, 华东医院: a noun that the value before it restricts
            if not group.explicit and not valid and not group.listed:
                group.token.used = False
                continue
            if not valid:
                work.invalid += 1
            if not group.explicit and not group.listed:
                work.score -= 0.03
                work.assume(f"按{info.label.zh}分组", f"by {info.label.en.lower()}")
            work.add_group(name)

    def _where(self, work: _Work, chosen: dict[int, str]) -> None:
        counted: dict[str, int] = {}
        for member in self.draft.members:
            for name, op, values in self._values(member.token, chosen):
                effective: Operator = op if not member.exclude else "in" if op == "not_in" else "not_in"
                work.where.setdefault((name, effective), []).extend(values)
                if not work.allowed(name):
                    work.invalid += 1
                if effective == "in":
                    counted[name] = counted.get(name, 0) + len(values)
        several = [name for name, count in counted.items() if count >= 2]
        if self.draft.separate and not self.draft.total:
            for name in several:
                work.add_group(name)
        if self.draft.ordering is not None and not work.group and len(several) == 1 and not self.draft.periods:
            work.add_group(several[0])
            if self.draft.ordering.limit is None and self.draft.rank_of:
                self.draft.ordering.limit = None

    def _member_compare(self, work: _Work, chosen: dict[int, str]) -> MemberCompare | None:
        token = self.draft.base_member
        if self.draft.compare != "member" or token is None:
            return None
        found = self._values(token, chosen)
        if not found:
            return None
        name, _, values = found[0]
        if not work.allowed(name):
            work.invalid += 1
        return MemberCompare(dimension=name, base=values[0])

    def _kept(self, work: _Work, chosen: dict[int, str]) -> None:
        draft = self.draft
        for token in draft.share_of:
            for name, _, values in self._values(token, chosen):
                work.add_group(name)
                work.keep.setdefault(name, []).extend(values)
                if not work.allowed(name):
                    work.invalid += 1
        if draft.rank_of:
            ranked = [key for key in work.where if key[1] == "in" and (key[0] in work.group or not work.group)]
            for name, op in ranked[-1:] if not work.group else ranked:
                work.add_group(name)
                work.keep[name] = work.where.pop((name, op))

    # ------------------------------------------------------------------ time

    def _period(self, work: _Work) -> tuple[Period | None, When | None]:
        draft = self.draft
        when = draft.when
        if when is None and (draft.trend or draft.periods) and draft.compare != "same":
            grain = draft.grain or "month"
            if all(info.monthly for info in work.infos) and grain in ("day", "week"):
                grain = "month"
            when, _ = trend_window(grain, self.clock)
            work.assume(f"未说明时间，取最近 12 个完整单位（{_span_zh(when)}）", f"no period was said: the last 12 complete units ({_span_en(when)})")
        if draft.lonely_base and self._whole_months_only(work):
            when = None
        if when is None or when.period is None:
            if draft.compare != "same":
                work.assumptions += [_default_text(info) for info in work.infos[:1]]
            return None, None
        period = when.period
        if when.kind == "as_of" and all(info.state for info in work.infos):
            last = period.end - timedelta(days=1)
            period = Period(start=calendar.unit_start(last, "month"), end=period.end)
        return period, when

    def _whole_months_only(self, work: _Work) -> bool:
        """A month fact has no comparable running month: 销售额比上个月 asks for the last complete one."""
        base = self.draft.base
        return all(info.monthly for info in work.infos) and base is not None and base.grain in ("month", "year")

    def _same(self, work: _Work) -> Period | None:
        """去年同期 with nothing else: the default period a year (or a unit) earlier."""
        info = work.infos[0]
        default = default_period(info, self.clock)
        base = self.draft.base
        if default is None or base is None:
            work.score -= 0.4
            return None
        work.assume(f"以默认期间的同期理解（{_default_text(info).zh}）", f"the counterpart of the default period ({_default_text(info).en})")
        if base.shift == "year":
            return calendar.previous_year(default)
        return calendar.previous_period(default, today=self.clock.today, fiscal_start=self.clock.fiscal_start)

    def _compare(self, work: _Work, when: When | None) -> Compare | None:
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

    def _grain(self, work: _Work, period: Period | None) -> Grain | None:
        draft = self.draft
        if draft.joined is not None and draft.separate and draft.grain is None:
            return draft.joined
        if draft.grain is not None or not draft.trend:
            return draft.grain
        days = period.days if period is not None else 365
        return default_grain(days, monthly=any(info.monthly for info in work.infos))

    # ------------------------------------------------------------------ numbers

    def _info(self, work: _Work, token: Token | None, by_token: dict[int, str]) -> MetricInfo:
        name = by_token.get(id(token)) if token is not None else None
        return self.lexicon.metrics[name] if name is not None else work.infos[0]

    def _having(self, work: _Work, by_token: dict[int, str]) -> tuple[Having, ...]:
        found = []
        for threshold in self.draft.thresholds:
            info = self._info(work, threshold.metric, by_token)
            found.append(Having(metric=f"{info.id}{threshold.column}", op=threshold.op, value=self._bound(work, threshold, info)))
        return tuple(dict.fromkeys(found))

    def _bound(self, work: _Work, threshold: Threshold, info: MetricInfo) -> float:
        value, token = threshold.value, threshold.token
        number = token.number if token is not None else None
        if number is None or number.said != "plain":
            return value
        if number.seconds is not None and info.format == "duration_s":
            return value * number.seconds
        shares = threshold.column in ("__growth", "__share") or info.format in ("percent", "points")
        if shares and abs(value) > (1 if info.format != "points" else 1.0):
            work.assume(f"“{token.text if token else value}”按 {value:g}% 理解", f"'{token.text if token else value}' taken as {value:g}%")
            work.score -= 0.02
            return round(value / 100, 12)
        return value

    def _order(self, work: _Work, by_token: dict[int, str]) -> tuple[tuple[Order, ...], int | None]:
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


def default_period(info: MetricInfo, clock: Clock) -> Period | None:
    """Return a metric's default period on a day, or None where it is everything that is loaded."""
    if info.default_kind == "last_complete_month":
        return calendar.unit(clock.today, "month", offset=-1)
    if info.default_kind == "last_units" and info.default_n and info.default_unit:
        return calendar.unit(clock.today, info.default_unit, offset=-info.default_n, count=info.default_n, fiscal_start=clock.fiscal_start)
    if info.default_kind == "last_mature_month":
        end = calendar.unit_start(clock.today - timedelta(days=90), "month")
        return Period(start=calendar.add_months(end, -1), end=end)
    return None


_UNIT_ZH = {"day": "天", "week": "周", "month": "个月", "quarter": "个季度", "year": "年"}


def _default_text(info: MetricInfo) -> Text:
    if info.default_kind == "all":
        return Text(zh="未说明时间，取全部数据", en="no period was said: all that is loaded")
    if info.default_kind == "last_units" and info.default_unit:
        return Text(
            zh=f"未说明时间，取最近 {info.default_n} {_UNIT_ZH[info.default_unit]}",
            en=f"no period was said: the last {info.default_n} complete {info.default_unit}s",
        )
    if info.default_kind == "last_mature_month":
        return Text(zh="未说明时间，取最近一个窗口已满的月份", en="no period was said: the latest month whose window is over")
    return Text(zh="未说明时间，取上一个完整月份", en="no period was said: the last complete month")


def _both_whole(when: When | None, base: When) -> bool:
    return when is not None and not when.to_date and not base.to_date and when.grain == base.grain and when.rolling == base.rolling


def _span_zh(when: When) -> str:
    assert when.period is not None  # noqa: S101 (called with spans only)
    return f"{when.period.start} 至 {when.period.end - timedelta(days=1)}"


def _span_en(when: When) -> str:
    return _span_zh(when).replace(" 至 ", " to ")


__all__ = ["Correction", "Reader", "Reading", "default_period", "replace"]
