"""`crm_visits.csv`: face-to-face and remote visits, as representatives enter them."""

from __future__ import annotations

import numpy as np

from wenshu.demo.chance import Rng, happens, pick, some
from wenshu.demo.clock import BoolArray, IntArray, TextArray, add, minute_texts, texts
from wenshu.demo.contacts import PLANS, Touches, make_contacts
from wenshu.demo.files import Extract
from wenshu.demo.products import CAMPAIGN_TEXTS, EDA, PRODUCT_CODES, campaigns_for, content_for, content_texts
from wenshu.demo.world import World

OBJECTIVES = texts(["INTRO", "EVID", "GUID", "CASE", "SAFE", ""])
FEEDBACK = texts(["POS", "NEU", "NEG", ""])
BAD_TIMES = ("待定", "2026/13/41 25:61", "下周三下午", "0000/0/0 0:00")
BAD_DURATIONS = ("约20分钟", "??")
SHARE_NO_TIME, SHARE_BAD_TIME, SHARE_BAD_DURATION = 0.002, 0.002, 0.001
SHARE_UNKNOWN_ID, SHARE_NO_PRODUCT, SHARE_TWICE = 0.003, 0.02, 0.004

NOTES = (
    "",
    "医生关注{product}的长期疗效，下次带最新指南解读。",
    "科室会后简短交流，对{product}安全性数据表示认可。",
    "门诊繁忙，只留下资料。",
    "{surname}主任表示会参加下月的线上会议。",
    "希望了解{product}的医保报销范围。",
    "与{surname}医生讨论了一例老年患者的用药选择。",
    "{name}医生建议与药剂科沟通进院流程。",
    "已约{name}主任下周再访，电话{mobile}。",
    "医生换了号码：{mobile}，请更新系统。",
    "{surname}医生提到一位患者服用{product}后头晕，已提醒按流程上报不良反应。",
    "陪同{colleague}拜访，{name}对病例分享感兴趣。",
)
_NOTE_WEIGHTS = (70.0, 5.0, 4.0, 4.0, 4.0, 3.0, 3.0, 2.5, 1.2, 0.6, 0.4, 2.0)


def make_visits(world: World) -> tuple[Extract, list[Touches]]:
    """The visits' extract, and the touches of face-to-face and of remote visits."""
    rng = world.stream("visits")
    clock, doctors = world.clock, world.doctors
    covered = world.reps.own >= 0
    parts = [make_contacts(rng, clock, doctors, PLANS[code], covered) for code in ("F2F", "REMOTE")]
    who, product, day, second = (
        np.concatenate([getattr(part, key) for part in parts]) for key in ("who", "product", "day", "second")
    )
    remote = np.repeat([0, 1], [len(part) for part in parts])
    order = np.lexsort((second, day))
    who, product, day, second, remote = who[order], product[order], day[order], second[order], remote[order]
    count = len(who)
    held = ~happens(rng, np.where(remote == 1, 0.09, 0.06), count)
    extract = _extract(world, rng, who, product, day, second, remote, held)
    touches = [
        Touches(who=who[remote == r], product=product[remote == r], day=day[remote == r], delivered=held[remote == r])
        for r in (0, 1)
    ]
    return extract, touches


def _extract(
    world: World,
    rng: Rng,
    who: IntArray,
    product: IntArray,
    day: IntArray,
    second: IntArray,
    remote: IntArray,
    held: BoolArray,
) -> Extract:
    clock, doctors, count = world.clock, world.doctors, len(who)
    minutes = np.clip(rng.lognormal(np.where(remote == 1, 2.65, 2.45), 0.45), 2, 75).astype(np.int64)
    objective = np.where(happens(rng, 0.82, count), pick(rng, (0.3, 0.28, 0.18, 0.14, 0.1), count), 5)
    ease = (
        0.5
        + 0.06 * (1.5 - doctors.segment[who])
        + np.array([0.05, 0.03, 0.02, 0.0, -0.02, -0.06, -0.07])[doctors.region[who]]
    )
    met = happens(rng, ease, count)
    feedback = np.where(held & happens(rng, 0.6, count), pick(rng, (0.46, 0.42, 0.12), count), 3)
    shown = held & happens(rng, np.where(remote == 1, 0.7, 0.3), count)
    content = content_for(rng, world.content, np.where(shown, EDA, -1), product, day)
    campaign = np.where(
        remote == 1,
        campaigns_for(rng, clock, "REMOTE", product, day),
        campaigns_for(rng, clock, "F2F", product, day),
    )
    note = np.where(held, pick(rng, _NOTE_WEIGHTS, count), 0)
    colleague = rng.integers(0, len(world.reps), count)
    rep = world.reps.on(who, day)
    record = world.crm.id_for(rng, who)
    ids = np.append(world.crm.crm_id, world.outsiders.crm_id)
    rows, stranger = world.strangers(rng, SHARE_UNKNOWN_ID, count)
    record[rows] = len(world.crm) + stranger
    person = who.copy()
    person[rows] = len(doctors) + stranger
    fault = pick(
        rng,
        (1 - SHARE_NO_TIME - SHARE_BAD_TIME - SHARE_BAD_DURATION, SHARE_NO_TIME, SHARE_BAD_TIME, SHARE_BAD_DURATION),
        count,
    )
    no_product = happens(rng, SHARE_NO_PRODUCT, count)
    product_code = np.where(no_product, len(PRODUCT_CODES), product)
    days, clock_texts = clock.day_texts("{d.year}/{d.month}/{d.day} "), minute_texts()
    numbers, materials = texts(str(n) for n in range(100)), content_texts(world.content)

    def render(rows: IntArray) -> dict[str, TextArray]:
        time = add(days[day[rows]], clock_texts[second[rows] // 60])
        time = np.where(fault[rows] == 1, "", time)
        time = np.where(fault[rows] == 2, texts(BAD_TIMES)[rows % len(BAD_TIMES)], time)
        duration = np.where(held[rows], numbers[minutes[rows]], "")
        duration = np.where((fault[rows] == 3) & held[rows], texts(BAD_DURATIONS)[rows % len(BAD_DURATIONS)], duration)
        judged = held[rows] & (objective[rows] < 5)
        return {
            "visit_id": texts(f"V{n + 1:08d}" for n in rows.tolist()),
            "crm_id": ids[record[rows]],
            "rep_id": world.reps.number[rep[rows]],
            "visit_type": texts(["F2F", "REMOTE"])[remote[rows]],
            "status": texts(["MISSED", "HELD"])[held[rows].astype(np.int64)],
            "start_time": time,
            "duration_min": duration,
            "product_code": texts([*PRODUCT_CODES, ""])[product_code[rows]],
            "content_id": materials[content[rows]],
            "campaign": CAMPAIGN_TEXTS[campaign[rows]],
            "objective_code": OBJECTIVES[objective[rows]],
            "objective_met": np.where(judged, texts("01")[met[rows].astype(np.int64)], ""),
            "feedback_code": FEEDBACK[feedback[rows]],
            "note": _notes(world, note[rows], who[rows], day[rows], product[rows], colleague[rows]),
        }

    twice = some(rng, SHARE_TWICE, count)
    return Extract(
        name="crm_visits.csv",
        order=np.sort(np.concatenate([np.arange(count), twice]), kind="stable"),
        render=render,
        person=person,
        free=("note",),
    )


def _notes(
    world: World, note: IntArray, who: IntArray, day: IntArray, product: IntArray, colleague: IntArray
) -> TextArray:
    out = texts([""] * len(note))
    rows = np.flatnonzero(note)
    mobile = world.doctors.mobile_on(who, day)
    for i in rows.tolist():
        name = world.doctors.name[who[i]]
        out[i] = NOTES[note[i]].format(
            product=("康舒平", "糖衡", "安欣宁", "瑞肺清")[product[i]],
            name=name,
            surname=name[0],
            mobile=mobile[i],
            colleague=world.reps.name[colleague[i]],
        )
    return out
