"""What each shape of question has found: single numbers, groups, trends, comparisons, shares, thresholds, tests."""

from __future__ import annotations

from governance.terms import MemberCompare, MetricQuery
from nlq.answers.phrases import (
    Clause,
    change_said,
    difference,
    nothing,
    previous_said,
    rank_said,
    superlative,
    thresholds,
    valued,
)
from nlq.tables.formatting import counted, glue, number, ordinal, plural
from nlq.tables.periods import period_name
from nlq.tables.view import Beside, View

LIST_AT_MOST = 5
"""So many members a sentence names; the rest is counted."""


def shape(view: View, beside: Beside) -> list[Clause]:
    query, metrics = view.query, view.metrics
    if query.having and (view.dimensions or view.has_period):
        return [_having(view)]
    if not view.table.rows:
        return [Clause(body="没有符合条件的数据" if view.zh else "there are no data for this")]
    first = metrics[0]
    if view.column(first, "ci_low") is not None and query.grain is None:
        return _tests(view, first)
    if query.keep:
        return [_kept(view, row) for row in list(view.rows())[:LIST_AT_MOST]]
    if isinstance(query.compare, MemberCompare):
        return [_against_member(view, metric) for metric in metrics[:2]]
    if query.grain and view.has_period and not _picks(query):
        return [_trend(view, metric) for metric in metrics[:2]]
    if not view.dimensions and not view.has_period:
        return [Clause(body=_single(view, beside))]
    if query.compare is not None:
        return [_movers(view, metric) for metric in metrics[:2]]
    if _picks(query):
        return [_top(view)]
    role = "share" if query.share else "value"
    return [_extremes(view, metric, role) for metric in metrics[:3]]


def _picks(query: MetricQuery) -> bool:
    return query.limit is not None and bool(query.order) and query.order[0].by != "period"


def _single(view: View, beside: Beside) -> str:
    """One row: each metric's number; of a lone one also its change and its rank."""
    clauses = []
    for metric in view.metrics:
        words = valued(view, 0, metric)
        if view.query.compare is not None:
            change = change_said(view, 0, metric)
            words += f"{'，' if view.zh else ', '}{change}" if change else ""
        clauses.append(words)
    if len(view.metrics) == 1:
        extras = [previous_said(view, beside.previous), rank_said(view, beside.peers)]
        clauses.extend(extra for extra in extras if extra)
    return ("，" if view.zh else ", ").join(clauses)


def _extremes(view: View, metric: str, role: str) -> Clause:
    """Groups: all of up to three, else the highest and the lowest, and how many there are."""
    rows = view.told(metric, role)
    if not rows:
        return nothing(view, metric)
    label = view.metric(metric)
    if role == "share":
        label = f"{label}占比" if view.zh else f"share of {label}"
    head = (label if label.startswith("各") else f"各{view.noun()}{label}") if view.zh else f"{label} by {view.noun()}"
    if len(rows) <= 3:
        return Clause(head=head, body=("，" if view.zh else ", ").join(view.pair(row, metric, role) for row in rows))
    ordered = sorted(rows, key=lambda row: view.number(row, metric, role) or 0.0)
    low, high = ordered[0], ordered[-1]
    among = counted(len(rows), view.count_noun(), view.language)
    top, bottom = (superlative(view, metric, role, most=most) for most in (True, False))
    high_said, low_said = view.said(high, metric, role), view.said(low, metric, role)
    lead, tail = "", f"，共 {among}" if view.zh else f", of {among}"
    if any(view.hidden(row, metric, role) for row in view.rows()):
        # The hidden ones may well be lower still: highest and lowest hold among those that are shown.
        lead, tail = (f"可显示的 {among}中" if view.zh else f"of the {among} that can be shown, "), ""
    if high_said == low_said:
        return Clause(head=head, body=f"{among}都是 {high_said}" if view.zh else f"all {among} at {high_said}")
    if view.zh:
        return Clause(head=head, body=glue(lead, view.member(high), f"{top}（{high_said}），") + glue(view.member(low), f"{bottom}（{low_said}）"), tail=tail)
    if top == "most":
        return Clause(head=head, body=f"{lead}{view.member(high)} has the most ({high_said}), {view.member(low)} the fewest ({low_said})", tail=tail)
    return Clause(head=head, body=f"{lead}{view.member(high)} {top} at {high_said}, {view.member(low)} {bottom} at {low_said}", tail=tail)


def _top(view: View) -> Clause:
    """Top and bottom N, in the table's order; the lone one is named as such."""
    order = view.query.order[0]
    metric, _, role = order.by.partition("__")
    role, most = role or "value", order.direction == "desc"
    if metric not in view.metrics:
        return _extremes(view, view.metrics[0], "value")
    rows = [row for row in view.rows() if view.number(row, metric, role) is not None]
    if not rows:
        return nothing(view, metric)
    label, noun = view.metric(metric), view.count_noun() if len(rows) > 1 else view.noun()
    what = superlative(view, metric, role, most=most)
    if len(rows) == 1:
        only = view.said(rows[0], metric, role)
        if view.zh:
            return Clause(body=glue(f"{label}{what}的{noun}是", view.member(rows[0]), f"（{only}）"))
        return Clause(body=f"the {noun} with the {what} {label} is {view.member(rows[0])} ({only})")
    named = [view.pair(row, metric, role) for row in rows[:LIST_AT_MOST]]
    more = len(rows) - len(named)
    if view.zh:
        return Clause(head=f"{label}{what}的 {counted(len(rows), noun, 'zh')}", body="、".join(named) + ("等" if more else ""))
    return Clause(head=f"{len(rows)} {plural(noun)} with the {what} {label}", body=", ".join(named) + (f" and {more} more" if more else ""))


def _trend(view: View, metric: str) -> Clause:
    role = "share" if view.query.share else "value"
    if view.dimensions:
        return _trend_by_member(view, metric, role)
    every = sorted(view.told(metric, role), key=view.period_key)
    rows = [row for row in every if not view.in_part(row)] or every
    if not rows:
        return nothing(view, metric)
    label = view.metric(metric)
    running = "".join(_part(view, metric, role, row) for row in (every[0], every[-1]) if row not in rows)
    if len(rows) == 1:
        only = view.said(rows[0], metric, role)
        return Clause(body=glue(view.when(rows[0]), label, only) if view.zh else f"{label} {only} {view.on(rows[0])}", tail=running)
    first, last = rows[0], rows[-1]
    move = _move(view, metric, role, first, last)
    peak = max(rows, key=lambda row: view.number(row, metric, role) or 0.0)
    summit = ""
    if peak not in {first, last}:
        top, high = superlative(view, metric, role, most=True), view.said(peak, metric, role)
        summit = glue("，", view.when(peak), f"{top}（{high}）") if view.zh else f", {top} {view.on(peak)} ({high})"
    start, end = view.said(first, metric, role), view.said(last, metric, role)
    against = _last_change(view, metric, last)
    if view.zh:
        return Clause(body=glue(f"{label}从", view.when(first), f"的 {start}", move, view.when(last), f"的 {end}") + summit, tail=(f"；{against}" if against else "") + running)
    return Clause(body=f"{label} {move} from {start} {view.on(first)} to {end} {view.on(last)}{summit}", tail=(f"; {against}" if against else "") + running)


def _part(view: View, metric: str, role: str, row: int) -> str:
    """A unit that the period holds only a part of, beside the others and not among them."""
    said = view.said(row, metric, role)
    if view.in_unfinished(row):
        return glue("；", view.when(row), f"至今 {said}（未满）") if view.zh else f"; {said} so far {view.on(row)}"
    return glue("；", view.when(row), f"只含后一部分，{said}") if view.zh else f"; {said} {view.on(row)}, of which only the later part counts"


def _last_change(view: View, metric: str, row: int) -> str:
    """Where each unit has its own counterpart, the last one's change speaks for them."""
    change = view.number(row, metric, "change")
    if change is None:
        return ""
    zh, en = {"previous_year": ("上年同期", "a year earlier"), "previous_period": ("上一期", "the period before")}.get(str(view.query.compare), ("对比期", "the compared period"))
    said = difference(view, metric, change, zh if view.zh else en, growth=view.number(row, metric, "growth"))
    return glue(view.when(row), said) if view.zh else f"{view.when(row)}: {said}"


def _move(view: View, metric: str, role: str, first: int, last: int) -> str:
    change = (view.number(last, metric, role) or 0.0) - (view.number(first, metric, role) or 0.0)
    same = view.said(first, metric, role) == view.said(last, metric, role)
    if view.zh:
        return "持平于" if same else "升到" if change > 0 else "降到"
    return "held" if same else "rose" if change > 0 else "fell"


def _trend_by_member(view: View, metric: str, role: str) -> Clause:
    """Several lines: who leads and who trails in the last period."""
    every = view.told(metric, role)
    rows = [row for row in every if not view.in_part(row)] or every
    if not rows:
        return nothing(view, metric)
    last = max(view.period_key(row) for row in rows)
    final = [row for row in rows if view.period_key(row) == last]
    high = max(final, key=lambda row: view.number(row, metric, role) or 0.0)
    low = min(final, key=lambda row: view.number(row, metric, role) or 0.0)
    top, bottom = (superlative(view, metric, role, most=most) for most in (True, False))
    if view.zh:
        trailing = f"，{view.member(low)}{bottom}（{view.said(low, metric, role)}）" if low != high else ""
        head, body = glue(view.when(high), f"各{view.noun()}{view.metric(metric)}"), f"{view.member(high)}{top}（{view.said(high, metric, role)}）"
    else:
        head, most = f"{view.metric(metric)} by {view.noun()} {view.on(high)}", top == "most"
        body = f"{view.member(high)} {'has the most' if most else top + ' at'} {'(' if most else ''}{view.said(high, metric, role)}{')' if most else ''}"
        trailing = f", {view.member(low)} {'the fewest' if most else bottom + ' at'} {'(' if most else ''}{view.said(low, metric, role)}{')' if most else ''}" if low != high else ""
    return Clause(head=head, body=body + trailing)


def _movers(view: View, metric: str) -> Clause:
    """Groups against another period: how many rose and fell, and which most."""
    rows = view.told(metric, "change")
    base = view.table.base_period
    than = period_name(base, view.language, view.today, fiscal_start=view.fiscal_start) if base else ""
    if not rows:
        return _extremes(view, metric, "value")
    role = "growth" if view.style(metric).format in {"integer", "currency"} and len(view.told(metric, "growth")) == len(rows) else "change"
    up = [row for row in rows if (view.number(row, metric, "change") or 0) > 0]
    down = [row for row in rows if (view.number(row, metric, "change") or 0) < 0]
    most = max(rows, key=lambda row: view.number(row, metric, role) or 0.0)
    least = min(rows, key=lambda row: view.number(row, metric, role) or 0.0)
    among = counted(len(rows), view.count_noun(), view.language)
    if view.zh:
        body = f"{among}都{'上升' if up else '下降'}" if len(rows) in {len(up), len(down)} else f"{among}中 {len(up)} 个上升、{len(down)} 个下降"
        body += f"，{view.member(most)}升幅最大（{view.said(most, metric, role)}）" if most in up else ""
        body += f"，{view.member(least)}降幅最大（{view.said(least, metric, role)}）" if least in down else ""
        return Clause(head=glue(f"{view.metric(metric)}与", than, "相比"), body=body)
    body = f"all {among} {'up' if up else 'down'}" if len(rows) in {len(up), len(down)} else f"{len(up)} of {among} up, {len(down)} down"
    body += f"; {view.member(most)} rose most ({view.said(most, metric, role)})" if most in up else ""
    body += f"; {view.member(least)} fell most ({view.said(least, metric, role)})" if least in down else ""
    return Clause(head=f"{view.metric(metric)} against {than}", body=body)


def _against_member(view: View, metric: str) -> Clause:
    """Members against one member: `华东触达率 63.2%，比华南（60.0%）高 3.2 个百分点`."""
    compare, rows = view.query.compare, view.told(metric, "change")
    if not isinstance(compare, MemberCompare) or not rows:
        return _extremes(view, metric, "value")
    base_name, label = view.named(compare.dimension, compare.base), view.metric(metric)
    if len(rows) == 1:
        row = rows[0]
        base = f"{base_name}（{view.said(row, metric, 'base')}）" if view.zh else f"{base_name} ({view.said(row, metric, 'base')})"
        gap = difference(view, metric, view.number(row, metric, "change") or 0.0, base, growth=view.number(row, metric, "growth"))
        who = view.member(row, with_period=True)
        return Clause(body=f"{glue(who, label, view.said(row, metric))}，{gap}" if view.zh else f"{who} {label} {view.said(row, metric)}, {gap}")
    above = sum((view.number(row, metric, "change") or 0) > 0 for row in rows)
    far = max(rows, key=lambda row: abs(view.number(row, metric, "change") or 0.0))
    gap = difference(view, metric, view.number(far, metric, "change") or 0.0, base_name)
    among = counted(len(rows), view.count_noun(), view.language)
    if view.zh:
        of = "都不" if above == 0 else "都" if above == len(rows) else f" {above} 个"
        return Clause(head=label, body=f"{among}{'' if of.startswith('都') else '中'}{of}高于{base_name}，差距最大的是{view.member(far)}，{gap}")
    of = "none" if above == 0 else "all" if above == len(rows) else str(above)
    return Clause(head=label, body=f"{of} of {among} above {base_name}; furthest from it is {view.member(far)}, {gap}")


def _kept(view: View, row: int) -> Clause:
    """A kept row: its number, its share of all, its place among all."""
    words = []
    for metric in view.metrics:
        said = valued(view, row, metric)
        if view.number(row, metric, "share") is not None:
            share = view.said(row, metric, "share")
            of = glue(f"占{view.metric(metric)}的", share) if view.zh else f"{share} of {view.metric(metric)}"
            value = view.said(row, metric)
            said = f"{of}（{value}）" if view.zh else f"{of} ({value})"
        place = view.number(row, metric, "rank")
        if place is not None:
            rank, total = int(place), view.table.total_groups
            among = counted(_placed_among(view, total, rank), view.count_noun(), view.language) if total >= rank and total > 1 else ""
            said += glue("，", f"{among or view.noun()}中排第", str(rank)) if view.zh else f", {ordinal(rank)}" + (f" of {among}" if among else f" by {view.noun()}")
        words.append(said)
    said = ("，" if view.zh else ", ").join(words)
    return Clause(body=glue(view.member(row, with_period=True), said) if view.zh else f"{view.member(row, with_period=True)}: {said}")


def _placed_among(view: View, groups: int, rank: int) -> int:
    """How many members were ranked: of a closed list never more than it has, since one group is that of the unknown."""
    known = view.names.dimensions.get(view.dimensions[0].name) if len(view.dimensions) == 1 and not view.has_period else None
    listed = len(known.values) if known is not None and not known.open else 0
    return listed if rank <= listed < groups else groups


def _having(view: View) -> Clause:
    """Count the groups that pass the thresholds, and name the first of them."""
    condition, rows = thresholds(view), list(view.rows())
    if not rows:
        return Clause(body=f"没有{view.noun()}的{condition}" if view.zh else f"no {view.noun()} has {condition}")
    asked = view.query.having[0].metric.partition("__")
    named = [view.pair(row, asked[0], asked[2] or "value", with_period=True) for row in rows[:LIST_AT_MOST]]
    more = len(rows) - len(named)
    among = counted(len(rows), view.count_noun(), view.language)
    if view.zh:
        return Clause(body=f"{among}的{condition}", tail=f"：{'、'.join(named)}" + ("等" if more else ""))
    return Clause(body=f"{among} {'has' if len(rows) == 1 else 'have'} {condition}", tail=f": {', '.join(named)}" + (f" and {more} more" if more else ""))


def _tests(view: View, metric: str) -> list[Clause]:
    """Measured differences with their intervals: of the whole, or of the first groups, each with its verdict."""
    if not view.dimensions and not view.has_period:
        return [Clause(body=_tested(view, 0, metric))]
    rows = view.told(metric)
    if not rows:
        return [nothing(view, metric)]
    clauses = [Clause(body=glue(f"{view.member(row)}：", _tested(view, row, metric)) if view.zh else f"{view.member(row)}: {_tested(view, row, metric)}") for row in rows[:LIST_AT_MOST]]
    if len(rows) > LIST_AT_MOST:
        clauses.append(Clause(body=f"等 {len(rows)} 组" if view.zh else f"and {len(rows) - LIST_AT_MOST} more"))
    return clauses


def _tested(view: View, row: int, metric: str) -> str:
    """What is said of a measured difference is that it is, or isn't, distinguishable from none; a lift is itself the difference."""
    low, high, p = (view.number(row, metric, role) for role in ("ci_low", "ci_high", "p_value"))
    comma = "，" if view.zh else ", "
    words = [valued(view, row, metric)]
    if low is None or high is None:
        return words[0]
    style = view.style(metric, "ci_low")
    bounds = [number(bound, style, view.language) for bound in (low, high)]
    chance = "" if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    interval = f"95% 置信区间 {bounds[0]} 至 {bounds[1]}" if view.zh else f"95% interval {bounds[0]} to {bounds[1]}"
    evidence = f"（{comma.join(filter(None, [interval, chance]))}）" if view.zh else f" ({comma.join(filter(None, [interval, chance]))})"
    if view.column(metric, "change") is None:
        words[0] += evidence
    else:
        base = view.said(row, metric, "base")
        words.append(glue("对照", base) if view.zh else f"against {base}")
        change = view.said(row, metric, "change")
        words.append(f"相差 {change}{evidence}" if view.zh else f"a difference of {change}{evidence}")
    sure = low > 0 or high < 0
    words.append(f"差异{'显著' if sure else '不显著'}" if view.zh else f"{'distinguishable' if sure else 'not distinguishable'} from none")
    return comma.join(words)
