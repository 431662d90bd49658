"""How doctors' views move with what reaches them, and `survey_responses.csv`, where they say so themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, days_in_months, happens, pick, seconds_of_day
from wenshu.demo.clock import BoolArray, FloatArray, IntArray, TextArray, add, minute_texts, texts
from wenshu.demo.contacts import Touches
from wenshu.demo.files import Extract
from wenshu.demo.products import BY_SPECIALTY, PRODUCTS, TOPIC_CODES
from wenshu.demo.world import World

ANSWERS = ("没听说过", "听说过", "了解并认可", "尝试过", "常规使用", "会推荐给同行")
_HOURS = {
    8: 2.0,
    9: 4.0,
    10: 4.0,
    11: 4.0,
    12: 9.0,
    13: 6.0,
    15: 3.0,
    17: 4.0,
    18: 5.0,
    19: 7.0,
    20: 10.0,
    21: 8.0,
    22: 3.0,
}
_TOP = 5.95
COMMENTS = (
    "",
    "希望多一些真实世界数据。",
    "线上会议时间能否放在晚上八点以后",
    "病例分享很实用",
    "代表专业，资料清楚。",
    "医保报销流程不清楚，请联系我{mobile}",
    "我是{hospital}的{name}，想要纸质版指南",
    "个别患者出现恶心，已停药观察。",
    "内容有些重复",
)
_COMMENT_WEIGHTS = (88.0, 2.5, 2.0, 2.5, 2.0, 0.6, 0.4, 0.3, 1.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Views:
    """Doctor × product pairs that matter; `level` is (months + 1, pairs): the view (0–6, floor is the stage) at a month's start."""

    who: IntArray
    product: IntArray
    level: FloatArray
    exposure: FloatArray


def _form_views(world: World, touches: list[Touches]) -> _Views:
    """Month by month: views rise with the touches of the last three months, fade without any, and differ in pace."""
    rng = world.stream("views")
    doctors, months = world.doctors, world.clock.months
    who, product = np.nonzero(BY_SPECIALTY[doctors.specialty] >= 0.08)
    pair = np.full((len(doctors), len(PRODUCTS)), -1)
    pair[who, product] = np.arange(len(who))
    heard = np.zeros(months * len(who))
    for touch in touches:
        at = pair[touch.who, touch.product]
        counted = touch.delivered & (at >= 0)
        heard += np.bincount(world.clock.day_month[touch.day[counted]] * len(who) + at[counted], minlength=len(heard))
    exposure = heard.reshape(months, len(who))
    start = np.array([0.15, 1.15, 2.1, 3.1, 4.1, 5.1])[pick(rng, (0.28, 0.33, 0.22, 0.11, 0.05, 0.01), len(who))]
    level = np.empty((months + 1, len(who)))
    level[0] = np.clip(start + 0.8 * rng.random(len(who)) + 0.25 * (1.5 - doctors.segment[who]) * (start > 1), 0, _TOP)
    pace = rng.gamma(1.4, 1 / 1.4, len(who)) * np.array([1.1, 1.0, 1.08, 0.97, 0.95, 0.85, 0.82])[doctors.region[who]]
    for m in range(months):
        recent = exposure[max(0, m - 2) : m + 1].sum(axis=0)
        # The further on a doctor is, the less one more touch does.
        heard_enough = pace * np.minimum(recent, 4) * (1.15 - level[m] / 6)
        # Some take to a medicine at once, after a good case; some turn away, more often when nobody comes by.
        # Those who know a medicine are the ripest for trying it; those who use it are the first whom others court.
        ripe = np.where((level[m] >= 1) & (level[m] < 3), 0.19, 0.022)
        leap = happens(rng, ripe * heard_enough, len(who)) * rng.uniform(1.2, 2.6, len(who))
        loss = happens(rng, np.where(recent == 0, 0.045, 0.024) + 0.024 * (level[m] >= 3), len(who)) * rng.uniform(
            0.8, 2.2, len(who)
        )
        fade = np.where(recent == 0, 0.03, 0.012) * (level[m] > 0.8)
        step = 0.026 * heard_enough + leap - loss - fade + rng.normal(0, 0.09, len(who))
        level[m + 1] = np.clip(level[m] + step, 0, _TOP)
    return _Views(who=who, product=product, level=level, exposure=exposure)


def _on_panel(rng: Rng, world: World) -> BoolArray:
    """Who is asked every few weeks in which month, as (months, doctors): each member of the panel for half a year or more."""
    months, count = world.clock.months, len(world.doctors)
    member = happens(rng, np.where(world.doctors.target, 0.62, 0.25), count)
    joined = rng.integers(-9, months, count)
    left = joined + rng.integers(6, 14, count)
    now = np.arange(months)[:, None]
    return member & (joined <= now) & (now < left)


def make_surveys(world: World, touches: list[Touches]) -> Extract:
    """`survey_responses.csv`: its panel answers often, the others now and then."""
    views = _form_views(world, touches)
    rng = world.stream("surveys")
    clock, doctors = world.clock, world.doctors
    near = np.minimum(views.exposure, 2)
    rate = np.where(_on_panel(rng, world)[:, views.who], 0.52, 0.010) * (0.8 + 0.15 * near) * clock.elapsed()[:, None]
    rate *= np.where(doctors.since[views.who] <= np.arange(clock.months)[:, None], 1.0, 0.0)
    month, pair = np.nonzero(rng.random(rate.shape) < rate)
    day = days_in_months(rng, clock, clock.desk, month)
    second = seconds_of_day(rng, _HOURS, len(month), step=60)
    order = np.lexsort((second, day))
    month, pair, day, second = month[order], pair[order], day[order], second[order]
    count = len(pair)
    who, product = views.who[pair], views.product[pair]
    part = (day - clock.month_start[month]) / 31
    level = views.level[month, pair] * (1 - part) + views.level[month + 1, pair] * part
    stage = np.floor(level).astype(np.int64)
    topic = pick(rng, (0.32, 0.2, 0.2, 0.18, 0.1), count)
    score = np.clip(
        np.rint(2.35 + 0.36 * level + np.array([0.1, -0.1, 0.1, 0.05, -0.25])[topic] + rng.normal(0, 0.7, count)), 1, 5
    )
    nps = np.clip(np.rint(5.9 + 0.8 * level + rng.normal(0, 1.8, count)), 0, 10)
    said = happens(rng, 0.88, count)
    scored, rated = happens(rng, 0.96, count), happens(rng, 0.9, count)
    comment = pick(rng, _COMMENT_WEIGHTS, count)
    number = doctors.mobile_on(who, day)
    by_wechat = (doctors.unionid[who] != "") & happens(rng, np.where(world.crm.unionid_known[who], 0.68, 0.25), count)
    both = by_wechat & happens(rng, 0.08, count)
    person = who.copy()
    rows, stranger = world.strangers(rng, 0.004, count)
    person[rows] = len(doctors) + stranger
    by_wechat[rows], number[rows] = False, world.outsiders.mobile[stranger]
    bad_score = happens(rng, 0.0015, count)
    days, minutes = clock.day_texts("{d:%Y-%m-%d} "), minute_texts()
    small = texts(str(n) for n in range(11))

    def comments(rows: IntArray) -> TextArray:
        out = texts([""] * len(rows))
        for i in np.flatnonzero(comment[rows]).tolist():
            row = rows[i]
            out[i] = COMMENTS[comment[row]].format(
                mobile=number[row],
                name=doctors.name[who[row]],
                hospital=world.hospitals.name[doctors.hospital[who[row]]],
            )
        return out

    def render(rows: IntArray) -> dict[str, TextArray]:
        phone = texts(str(n) for n in number[rows].tolist())
        points = np.where(scored[rows], small[score[rows].astype(np.int64)], "")
        return {
            "response_id": texts(f"SV{n + 1:08d}" for n in rows.tolist()),
            "mobile": np.where(by_wechat[rows] & ~both[rows], "", phone),
            "unionid": np.where(by_wechat[rows], doctors.unionid[who[rows]], ""),
            "product": texts(PRODUCTS)[product[rows]],
            "topic": texts(TOPIC_CODES)[topic[rows]],
            "score": np.where(bad_score[rows], texts(["9", "N/A"])[rows % 2], points),
            "nps": np.where(rated[rows], small[nps[rows].astype(np.int64)], ""),
            "stage_answer": np.where(said[rows], texts(ANSWERS)[stage[rows]], ""),
            "comment": comments(rows),
            "submitted_at": add(days[day[rows]], minutes[second[rows] // 60]),
        }

    return Extract(name="survey_responses.csv", order=np.arange(count), render=render, person=person, free=("comment",))
