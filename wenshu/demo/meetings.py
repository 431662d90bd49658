"""Webinars and congresses: attendance lists, where doctors type their own names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, days_in_months, happens, pick
from wenshu.demo.clock import BoolArray, IntArray, TextArray, add, minute_texts, second_texts, texts
from wenshu.demo.contacts import PLANS, Plan, Touches, monthly_attempts, products_of, week_of
from wenshu.demo.crm import typed_departments, typed_hospitals
from wenshu.demo.files import Extract
from wenshu.demo.names import MIDDLE_DOT, OTHER_DOTS, misspell, spaced_out, traditional, typed_mobile
from wenshu.demo.people import TITLES
from wenshu.demo.products import CAMPAIGN_TEXTS, PRODUCTS, campaigns_for
from wenshu.demo.world import TYPING_ERRORS, World

SHARE_REP_PHONE, SHARE_BAD_PHONE, SHARE_NO_PHONE = 0.010, 0.003, 0.04
_MOBILE_FORMS = (0.56, 0.13, 0.06, 0.06, 0.05, 0.02, 0.08, 0.04)
_WEBINAR_THEMES = ("规范化诊疗云讲堂", "指南解读直播", "病例讨论沙龙", "专家在线答疑", "真实世界研究分享")
_CONGRESS_THEMES = ("学术年会", "高峰论坛", "规范诊疗研讨会", "多学科诊疗会议")
_DISEASES = ("高血压", "糖尿病", "心力衰竭", "肺癌")
_SHORT_TITLES = ("主任", "副主任", "主治", "住院")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meetings:
    """The meetings of one kind, by time: product, day, second and name of each."""

    product: IntArray
    day: IntArray
    second: IntArray
    title: TextArray
    code: TextArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seats:
    """A doctor at a meeting, each pair once, in the order of the meetings."""

    who: IntArray
    meeting: IntArray


def _hold_meetings(
    rng: Rng, world: World, plan: Plan, per_month: int, seconds: IntArray, themes: tuple[str, ...]
) -> _Meetings:
    """`per_month` meetings in every month, each product in turn, so that each has one whenever doctors can come."""
    clock = world.clock
    month = np.repeat(np.arange(clock.months), per_month)
    product = np.arange(len(month)) % len(PRODUCTS)
    day = days_in_months(rng, clock, week_of(clock, plan), month)
    order = np.argsort(day, kind="stable")
    product, day = product[order], day[order]
    theme = rng.integers(0, len(themes), len(day))
    return _Meetings(
        product=product,
        day=day,
        second=seconds[rng.integers(0, len(seconds), len(day))],
        title=texts(
            f"{_DISEASES[p]}{themes[t]}（{clock.first.year + (clock.first.month - 1 + int(m)) // 12}年{(clock.first.month - 1 + int(m)) % 12 + 1}月第{i % per_month + 1}场）"
            for i, (p, t, m) in enumerate(
                zip(product.tolist(), theme.tolist(), clock.day_month[day].tolist(), strict=True)
            )
        ),
        code=texts(f"{plan.code[:3]}{i + 1:05d}" for i in range(len(day))),
    )


def _take_seats(rng: Rng, world: World, plan: Plan, meetings: _Meetings) -> _Seats:
    """Each attempt of the channel becomes a seat at a meeting of its month, on the doctor's product where there is one."""
    doctors, clock = world.doctors, world.clock
    everyone = np.ones(len(doctors), dtype=bool)
    who, month = monthly_attempts(rng, clock, doctors, plan, everyone)
    product = products_of(rng, doctors, who)
    dice = rng.random(len(who))
    meeting = np.full(len(who), -1)
    month_of = clock.day_month[meetings.day]
    for m in range(clock.months):
        for p in range(len(PRODUCTS)):
            held = np.flatnonzero((month_of == m) & (meetings.product == p))
            asked = np.flatnonzero((month == m) & (product == p))
            if len(held):
                meeting[asked] = held[(dice[asked] * len(held)).astype(np.int64)]
    seats = np.unique(meeting[meeting >= 0] * len(doctors) + who[meeting >= 0])
    seats = seats[np.lexsort((rng.random(len(seats)), seats // len(doctors)))]
    return _Seats(who=seats % len(doctors), meeting=seats // len(doctors))


def _typed_names(rng: Rng, name: TextArray) -> TextArray:
    """Names as doctors type them: with another middle dot, a blank inside, in traditional characters, or wrong."""
    out = name.copy()
    dots = rng.integers(0, len(OTHER_DOTS) + 2, len(out))
    for i, text in enumerate(name.tolist()):
        if MIDDLE_DOT in text and dots[i] < len(OTHER_DOTS):
            out[i] = text.replace(MIDDLE_DOT, OTHER_DOTS[int(dots[i])])
    form = pick(rng, (1 - 0.02 - 0.015 - TYPING_ERRORS * 0.55, 0.02, 0.015, TYPING_ERRORS * 0.55), len(out))
    for i in np.flatnonzero(form).tolist():
        match form[i]:
            case 1:
                out[i] = traditional(out[i])
            case 2:
                out[i] = spaced_out(out[i])
            case _:
                out[i] = misspell(out[i], int(rng.integers(0, 1 << 20)))
    return out


def _typed_mobiles(rng: Rng, world: World, who: IntArray, day: IntArray) -> tuple[TextArray, IntArray]:
    """The phone column as typed; a few hold the representative's own number, nothing, or something impossible."""
    number = world.doctors.mobile_on(who, day)
    known = world.crm.mobile_known[who]
    number = np.where((known > 0) & happens(rng, 0.4, len(who)) & ~_is_own(world, who), known, number)
    rep = world.reps.on(who, day)
    by_rep = happens(rng, SHARE_REP_PHONE, len(who)) & (rep >= 0)
    number = np.where(by_rep, world.reps.mobile[rep], number)
    form = pick(rng, _MOBILE_FORMS, len(who))
    state = pick(rng, (1 - SHARE_BAD_PHONE - SHARE_NO_PHONE, SHARE_BAD_PHONE, SHARE_NO_PHONE), len(who))
    out = texts(typed_mobile(n, f) for n, f in zip(number.tolist(), form.tolist(), strict=True))
    out = np.where(state == 2, "", out)
    for i in np.flatnonzero(state == 1).tolist():
        out[i] = str(number[i])[:-1]
    return out, number


def _is_own(world: World, who: IntArray) -> BoolArray:
    """Whether the number in CRM is the doctor's own (present or earlier) one and not a shared phone."""
    known, doctors = world.crm.mobile_known[who], world.doctors
    return np.asarray((known == doctors.mobile[who]) | (known == doctors.earlier_mobile[who]))


def make_webinars(world: World) -> tuple[Extract, Touches]:
    """`webinar_attendance.csv` and its touches."""
    rng = world.stream("webinars")
    clock, plan = world.clock, PLANS["WEBINAR"]
    starts = np.array([19 * 60, 19 * 60 + 30, 19 * 60 + 30, 20 * 60, 12 * 60 + 30]) * 60
    per_month = 4 * max(1, round(3 * min(1.0, world.scale) ** 0.5))
    meetings = _hold_meetings(rng, world, plan, per_month, starts, _WEBINAR_THEMES)
    seats = _take_seats(rng, world, plan, meetings)
    who, meeting, count = seats.who, seats.meeting, len(seats.who)
    day, start = meetings.day[meeting], meetings.second[meeting]
    came = happens(rng, 0.80, count)
    joined = start + np.clip(rng.normal(120, 260, count), -600, 2400).astype(np.int64)
    stay = np.clip(rng.normal(2700, 1100, count), 120, 5400).astype(np.int64)
    left = np.minimum(joined + stay, 86_399)
    product = meetings.product[meeting]
    campaign = campaigns_for(world.stream("webinar campaigns"), clock, "WEBINAR", meetings.product, meetings.day)
    name = _typed_names(rng, world.doctors.name[who])
    hospital = typed_hospitals(
        rng, world.hospitals, world.doctors.hospital_on(who, day), alias=0.22, wrong=TYPING_ERRORS * 0.55
    )
    mobile, _ = _typed_mobiles(rng, world, who, day)
    person = who.copy()
    rows, stranger = world.strangers(rng, 0.012, count)
    person[rows] = len(world.doctors) + stranger
    name[rows] = world.outsiders.name[stranger]
    hospital[rows] = world.hospitals.name[world.outsiders.hospital[stranger]]
    mobile[rows] = texts(str(n) for n in world.outsiders.mobile[stranger].tolist())
    days, times = clock.day_texts("{d:%Y-%m-%d} "), second_texts()
    no_product = happens(rng, 0.01, count)

    def render(rows: IntArray) -> dict[str, TextArray]:
        date = days[day[rows]]
        return {
            "记录编号": texts(f"WB{n + 1:08d}" for n in rows.tolist()),
            "会议编号": meetings.code[meeting[rows]],
            "会议名称": meetings.title[meeting[rows]],
            "产品": np.where(no_product[rows], "", texts(PRODUCTS)[product[rows]]),
            "活动": CAMPAIGN_TEXTS[campaign[meeting[rows]]],
            "会议开始时间": add(date, times[start[rows]]),
            "姓名": name[rows],
            "医院": hospital[rows],
            "手机号": mobile[rows],
            "加入时间": np.where(came[rows], add(date, times[joined[rows]]), ""),
            "离开时间": np.where(came[rows], add(date, times[left[rows]]), ""),
        }

    extract = Extract(
        name="webinar_attendance.csv", order=np.arange(count), render=render, person=person, encoding="utf-8-sig"
    )
    return extract, Touches(who=who, product=product, day=day, delivered=came)


def make_congresses(world: World) -> tuple[Extract, Touches]:
    """`congress_attendance.csv` and its touches. No phone here: only name, hospital, department and title."""
    rng = world.stream("congresses")
    clock, plan, doctors = world.clock, PLANS["CONGRESS"], world.doctors
    starts = np.array([8 * 60, 8 * 60 + 30, 8 * 60 + 45, 9 * 60, 13 * 60 + 30]) * 60
    meetings = _hold_meetings(rng, world, plan, 4, starts, _CONGRESS_THEMES)
    seats = _take_seats(rng, world, plan, meetings)
    who, meeting, count = seats.who, seats.meeting, len(seats.who)
    day, product = meetings.day[meeting], meetings.product[meeting]
    arrived = meetings.second[meeting] + rng.integers(-1500, 2400, count)
    came = happens(rng, 0.91, count)
    campaign = campaigns_for(world.stream("congress campaigns"), clock, "CONGRESS", meetings.product, meetings.day)
    name = _typed_names(rng, doctors.name[who])
    at = doctors.hospital_on(who, day)
    specialty, title = doctors.specialty[who], doctors.title[who]
    person = who.copy()
    rows, stranger = world.strangers(rng, 0.015, count)
    person[rows] = len(doctors) + stranger
    name[rows], at[rows] = world.outsiders.name[stranger], world.outsiders.hospital[stranger]
    specialty[rows], title[rows] = world.outsiders.specialty[stranger], world.outsiders.title[stranger]
    hospital = typed_hospitals(rng, world.hospitals, at, alias=0.25, wrong=TYPING_ERRORS * 0.55)
    department = typed_departments(rng, specialty)
    short = happens(rng, 0.15, count)
    days, minutes = clock.day_texts("{d.year}年{d.month}月{d.day}日 "), minute_texts()

    def render(rows: IntArray) -> dict[str, TextArray]:
        return {
            "登记编号": texts(f"CG{n + 1:08d}" for n in rows.tolist()),
            "会议编号": meetings.code[meeting[rows]],
            "会议名称": meetings.title[meeting[rows]],
            "产品": texts(PRODUCTS)[product[rows]],
            "活动": CAMPAIGN_TEXTS[campaign[meeting[rows]]],
            "姓名": name[rows],
            "单位": hospital[rows],
            "科室": department[rows],
            "职称": np.where(short[rows], texts(_SHORT_TITLES)[title[rows]], texts(TITLES)[title[rows]]),
            "签到时间": add(days[day[rows]], minutes[arrived[rows] // 60]),
            "到会": texts("否是")[came[rows].astype(np.int64)],
        }

    extract = Extract(
        name="congress_attendance.csv", order=np.arange(count), render=render, person=person, encoding="gb18030"
    )
    return extract, Touches(who=who, product=product, day=day, delivered=came)
