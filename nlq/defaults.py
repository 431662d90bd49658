"""What an absent period means: the metric's default, in dates and in words."""

from __future__ import annotations

from datetime import timedelta

from governance import calendar
from governance.terms import Period, Text
from nlq.lexicon.entries import MetricInfo
from nlq.times import Clock


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


def default_text(info: MetricInfo) -> Text:
    """Return the default period in words, as an assumption."""
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
