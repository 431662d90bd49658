"""Who is contacted when: the rates behind every channel, before a channel adds its own particulars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, days_in_months, pick_rows, seconds_of_day
from wenshu.demo.clock import BoolArray, Clock, FloatArray, IntArray
from wenshu.demo.people import Doctors
from wenshu.demo.products import BY_SPECIALTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a channel is used.

    `target` and `other` are attempts a month to a doctor of average segment; `segment` and `region` multiply them
    (in the order of `people.SEGMENTS` and `places.REGIONS`); `yearly` is the growth of the rate in a year; `hours`
    weighs the hours of the day; `step` rounds the time (seconds); `season` multiplies by month of the year.
    """

    code: str
    target: float
    other: float
    segment: tuple[float, float, float, float]
    region: tuple[float, float, float, float, float, float, float]
    week: str
    hours: dict[int, float]
    step: int = 1
    yearly: float = 1.0
    season: tuple[float, ...] = (1.0,) * 12


# How well each region's team is staffed and driven, over all channels.
_PUSH = np.array([1.05, 1.0, 1.10, 0.92, 0.95, 0.74, 0.80])
_VISIT_HOURS = {8: 5.0, 9: 14.0, 10: 17.0, 11: 11.0, 12: 2.0, 13: 4.0, 14: 13.0, 15: 15.0, 16: 11.0, 17: 6.0, 18: 2.0}
_READ_HOURS = {
    7: 6,
    8: 8,
    9: 5,
    10: 5,
    11: 6,
    12: 11,
    13: 7,
    14: 4,
    15: 4,
    16: 5,
    17: 6,
    18: 6,
    19: 8,
    20: 11,
    21: 9,
    22: 4,
}
_MEETING_WEEK = {"evening": (1.0, 1.2, 1.3, 1.2, 0.5, 0.4, 0.2), "weekend": (0.01, 0.01, 0.01, 0.05, 0.5, 3.0, 2.2)}
_OFFICE_HOURS = {9: 12.0, 10: 17.0, 11: 11.0, 13: 2.0, 14: 14.0, 15: 15.0, 16: 12.0, 17: 5.0}
_SPRING_AUTUMN = (0.7, 0.6, 1.2, 1.25, 1.2, 1.05, 0.75, 0.7, 1.2, 1.2, 1.25, 0.9)

PLANS = {
    "F2F": Plan(
        code="F2F",
        target=0.56,
        other=0.14,
        segment=(1.45, 1.15, 0.85, 0.55),
        region=(1.1, 1.02, 1.06, 0.95, 0.92, 0.72, 0.88),
        week="field",
        hours=_VISIT_HOURS,
        step=300,
        yearly=0.96,
    ),
    "REMOTE": Plan(
        code="REMOTE",
        target=0.15,
        other=0.045,
        segment=(1.2, 1.1, 0.95, 0.8),
        region=(0.95, 1.0, 0.95, 1.0, 1.1, 1.6, 1.15),
        week="field",
        hours=_VISIT_HOURS | {12: 9.0, 18: 6.0, 19: 5.0},
        step=300,
        yearly=1.14,
    ),
    "WECHAT": Plan(
        code="WECHAT",
        target=0.70,
        other=0.40,
        segment=(1.1, 1.05, 1.0, 0.85),
        region=(1.08, 0.98, 1.12, 0.95, 0.98, 0.9, 0.85),
        week="desk",
        hours={h: float(w) for h, w in _READ_HOURS.items()},
        yearly=1.07,
    ),
    "WEBINAR": Plan(
        code="WEBINAR",
        target=0.105,
        other=0.05,
        segment=(0.9, 1.1, 1.1, 0.85),
        region=(0.95, 0.95, 1.0, 1.05, 1.1, 1.25, 1.0),
        week="evening",
        hours={19: 1.0},
        yearly=1.05,
        season=_SPRING_AUTUMN,
    ),
    "CONGRESS": Plan(
        code="CONGRESS",
        target=0.048,
        other=0.016,
        segment=(2.0, 1.2, 0.7, 0.35),
        region=(1.15, 1.15, 1.05, 0.95, 0.9, 0.75, 0.85),
        week="weekend",
        hours={8: 1.0},
        season=_SPRING_AUTUMN,
    ),
    "EMAIL": Plan(
        code="EMAIL",
        target=0.25,
        other=0.155,
        segment=(1.05, 1.05, 1.0, 0.9),
        region=(1.1, 1.1, 1.0, 0.95, 0.9, 0.9, 0.9),
        week="office",
        hours=_OFFICE_HOURS,
        yearly=0.92,
    ),
    "CALL": Plan(
        code="CALL",
        target=0.085,
        other=0.125,
        segment=(0.7, 0.9, 1.1, 1.2),
        region=(0.85, 0.95, 0.9, 1.05, 1.15, 1.45, 1.3),
        week="office",
        hours=_OFFICE_HOURS,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Attempts of one channel, sorted by time: a doctor, a product, a day and a second of the day each."""

    who: IntArray
    product: IntArray
    day: IntArray
    second: IntArray

    def __len__(self) -> int:
        return len(self.who)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """What perception, plans and sales need to know of one channel: its attempts and which of them got through."""

    who: IntArray
    product: IntArray
    day: IntArray
    delivered: BoolArray


def monthly_attempts(
    rng: Rng, clock: Clock, doctors: Doctors, plan: Plan, eligible: BoolArray
) -> tuple[IntArray, IntArray]:
    """Doctor and month (indices) of every attempt of a channel, in the order of months."""
    rate = np.where(doctors.target, plan.target, plan.other) * np.array(plan.segment)[doctors.segment]
    rate *= np.array(plan.region)[doctors.region] * doctors.activity * eligible * _PUSH[doctors.region]
    shape = month_shape(clock, plan)
    who, month = [], []
    for m in range(clock.months):
        counts = rng.poisson(rate * shape[m] * (doctors.since <= m))
        who.append(np.repeat(np.arange(len(doctors)), counts))
        month.append(np.full(len(who[-1]), m))
    return np.concatenate(who), np.concatenate(month)


def month_shape(clock: Clock, plan: Plan) -> FloatArray:
    """How busy each month of the window is for a channel: working days, season and growth."""
    weight = week_of(clock, plan)
    busy = np.bincount(clock.day_month, weights=weight, minlength=clock.months)
    usual = np.median(busy[:-1])
    # Short months are caught up in part: representatives fit their calls in before and after a holiday.
    catch_up = np.minimum(1.15, (np.maximum(busy, 1e-9) / usual / clock.elapsed()) ** 0.6) * clock.elapsed()
    growth = plan.yearly ** (np.arange(clock.months) / 12)
    return np.asarray(catch_up * growth * np.array(plan.season)[clock.month_of_year() - 1])


def week_of(clock: Clock, plan: Plan) -> FloatArray:
    """The weight of each day for the channel."""
    weeks = {"field": clock.field, "desk": clock.desk, "office": clock.office}
    return (
        weeks[plan.week]
        if plan.week in weeks
        else np.array(_MEETING_WEEK[plan.week])[clock.weekday] * np.sign(clock.field)
    )


def products_of(rng: Rng, doctors: Doctors, who: IntArray) -> IntArray:
    """What each contact is about, after the doctor's specialty."""
    return pick_rows(rng, BY_SPECIALTY, doctors.specialty[who])


def make_contacts(rng: Rng, clock: Clock, doctors: Doctors, plan: Plan, eligible: BoolArray) -> Contacts:
    """All attempts of a channel whose times are its own (not those of meetings)."""
    who, month = monthly_attempts(rng, clock, doctors, plan, eligible)
    day = days_in_months(rng, clock, week_of(clock, plan), month)
    second = seconds_of_day(rng, plan.hours, len(who), step=plan.step)
    order = np.lexsort((second, day))
    who = who[order]
    return Contacts(who=who, product=products_of(rng, doctors, who), day=day[order], second=second[order])
