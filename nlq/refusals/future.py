"""Questions about what has not happened yet: they are told that there is no data of it, never answered with what there is. Plans and budgets are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from governance import calendar
from governance.terms import MetricQuery, Period, Text
from nlq.lexicon.entries import MetricInfo
from nlq.matching import Token
from nlq.times import When
from nlq.words.grammar import UNSUPPORTED

_SAID = re.compile(
    r"将会|将要|将达到?|将是|将有|(?<!机)(?<!聚)(?<!协)(?<!学)(?<!社)(?<![上下例晨讨])会(?:是|有|达到|到|涨到|跌到|降到|升到|变成|卖出?)(?:多少|几|什么|怎样|怎么样)|会不会(?:涨|跌|升|降|超|达|高|低)|还会(?:涨|跌|升|降)|接下来的?(?:几|[一二两三四五六七八九十\d]+)个?(?:天|周|月|季|年)|未来的?(?:几|[一二两三四五六七八九十\d]+)个?(?:天|日|周|星期|月|季度?|年)|往后(?:几|[一二两三四五六七八九十\d]+)个?(?:天|周|月|季|年)"
    r"|(?<![a-z])(?:what|how|which|where|who|when)(?:'ll| (?:[a-z0-9'-]+ ){0,6}?will(?! you\b))(?![a-z])|^will (?!you\b)|(?<![a-z])(?:going to|gonna) (?:be|have|reach|hit|sell|get|see|grow|fall|rise|drop|look)(?![a-z])|(?<![a-z])(?:over|in|for|during) the (?:next|coming) (?:few |couple of |[a-z]+ |\d+ )?(?:days?|weeks?|months?|quarters?|years?)(?![a-z])"
)
"""A verb or a time of what is to come."""
NOT_YET = Text(
    zh="问的是还没有发生的事：这里只有已经发生的数据，不做预测。是想看下面已经发生的吗？",
    en="That has not happened yet: there is only data of the past here and no forecast. Do you mean one of these, which has?",
)
"""Why nothing is answered, and what can be asked instead."""


_FORECASTS = frozenset(("预测", "预计", "预估", "预判", "推算", "环比增速预测", "forecast", "forecasts", "forecasted", "predict", "predicted", "prediction", "projected", "projection", "predictions", "projections"))


def is_future(text: str, tokens: Sequence[Token], when: When | None, today: date) -> bool:
    """Return whether a sentence asks for what comes after `today`: its period begins later, or its verb says so and no past period is named."""
    if any(token.kind == UNSUPPORTED and token.text in _FORECASTS for token in tokens):
        return True
    period = when.period if when is not None else None
    if period is not None and period.start > today:
        return True
    if _SAID.search(text) is None:
        return False
    past = period is not None and when is not None and period.end <= today and (when.deictic or not when.lacks)
    return not past


_PLANS = re.compile(r"计划|目标|指标|预算|预测|排班|排期|预约|预定|预订|配额|任务量|(?<![a-z])(?:plan|planned|plans|target|targets|targeted|budget|budgeted|quota|forecast|goal|goals|schedule|scheduled|booked|booking|bookings|reservation|reservations|appointment|appointments)(?![a-z])")


def is_plan(info: MetricInfo) -> bool:
    """Return whether a metric is known ahead of its time by its own name: a plan, a target, a budget, what is booked."""
    return _PLANS.search(f"{info.label.zh} {info.label.en.lower()} {info.names}") is not None


def happened(query: MetricQuery, today: date) -> tuple[MetricQuery, ...]:
    """Return what can be asked instead of the future: the metric's usual period, and the same time a year before."""
    usual = replace(query, period=None, compare=None)
    if query.period is None or query.period.start <= today:
        return (usual,)
    before: Period | None = query.period
    while before is not None and before.start > today:
        before = calendar.previous_year(before)
    return (usual, replace(usual, period=before)) if before is not None and before.end <= today else (usual,)


__all__ = ["NOT_YET", "happened", "is_future", "is_plan"]
