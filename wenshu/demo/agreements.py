"""Consents, with their versions and withdrawals, and the experiments that doctors take part in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, days_in_months, happens, seconds_of_day, some
from wenshu.demo.clock import DAY_SECONDS, Clock, IntArray, TextArray, add, minute_texts, second_texts, texts
from wenshu.demo.files import Extract
from wenshu.demo.world import World

PURPOSES = ("MARKET_INSIGHT_ANALYTICS", "SALES_PERFORMANCE", "VISIT_PLANNING", "MEDICAL_RESEARCH_INSIGHT")
_SHARE_BY_PURPOSE = np.array([0.80, 0.66, 0.86, 0.76])
_SECOND_NOTICE = 0.55  # where in the window the second version of the notice came out
_HOURS = {9: 8.0, 10: 10.0, 11: 8.0, 12: 6.0, 14: 8.0, 15: 8.0, 16: 7.0, 17: 5.0, 19: 5.0, 20: 6.0, 21: 4.0}
NEVER = 1 << 40


def make_consents(world: World) -> Extract:
    """`consents.csv`. Grants grow steadily, leap with the second notice, and some are taken back, until the last day."""
    rng = world.stream("consents")
    clock, count = world.clock, len(world.doctors)
    notice = int(_SECOND_NOTICE * clock.days)
    early = happens(rng, 0.52, count)
    late = ~early & happens(rng, 0.72, count)
    first = np.where(early, -1, np.clip((rng.beta(1.4, 1.0, count) * clock.days).astype(np.int64), 0, clock.days - 1))
    jump = late & (first >= 0) & happens(rng, 0.35, count)
    first = np.where(jump, np.minimum(notice + rng.exponential(25.0, count).astype(np.int64), clock.days - 1), first)
    who, purpose = np.nonzero((early | late)[:, None] & (rng.random((count, len(PURPOSES))) < _SHARE_BY_PURPOSE))
    granted = _instants(rng, np.where(first[who] < 0, 0, first[who]))
    # Consents given before the window begins are spread over its first weeks: the register was opened then.
    granted = np.where(
        first[who] < 0, granted + (rng.beta(1.0, 3.0, count)[who] * 100).astype(np.int64) * DAY_SECONDS, granted
    )
    granted = np.minimum(granted, clock.days * DAY_SECONDS - 3600)
    withdrawn = _withdrawals(rng, clock, count, who, granted)
    again = np.flatnonzero(
        (granted < notice * DAY_SECONDS) & (withdrawn > notice * DAY_SECONDS) & happens(rng, 0.36, count)[who]
    )
    renewed = _instants(rng, np.minimum(notice + rng.exponential(30.0, len(again)).astype(np.int64), clock.days - 1))
    back = np.flatnonzero((withdrawn < NEVER) & happens(rng, 0.12, len(who)))
    returned = withdrawn[back] + rng.integers(10, 120, len(back)) * DAY_SECONDS
    back, returned = (
        back[returned < (clock.days - 1) * DAY_SECONDS],
        returned[returned < (clock.days - 1) * DAY_SECONDS],
    )
    renewed_end = np.where(withdrawn[again] > renewed, withdrawn[again], NEVER)
    return _consents_extract(
        world,
        rng,
        who=np.concatenate([who, who[again], who[back]]),
        purpose=np.concatenate([purpose, purpose[again], purpose[back]]),
        granted=np.concatenate([granted, renewed, returned]),
        withdrawn=np.concatenate([withdrawn, renewed_end, np.full(len(back), NEVER)]),
        notice=notice,
    )


def _instants(rng: Rng, day: IntArray) -> IntArray:
    return day * DAY_SECONDS + seconds_of_day(rng, _HOURS, len(day))


def _withdrawals(rng: Rng, clock: Clock, count: int, who: IntArray, granted: IntArray) -> IntArray:
    """When each grant is taken back (NEVER as a rule): 3% of the doctors do, for some of their purposes."""
    leaver = some(rng, 0.03, count)
    day = np.full(count, -1)
    day[leaver] = np.where(
        happens(rng, 0.12, len(leaver)),
        clock.days - 1 - rng.integers(0, 10, len(leaver)),
        (rng.beta(1.6, 1.0, len(leaver)) * clock.days).astype(np.int64),
    )
    moment = _instants(rng, day[who])
    takes = (day[who] >= 0) & happens(rng, 0.7, len(who)) & (moment > granted + DAY_SECONDS)
    return np.where(takes, moment, NEVER)


def _consents_extract(
    world: World, rng: Rng, *, who: IntArray, purpose: IntArray, granted: IntArray, withdrawn: IntArray, notice: int
) -> Extract:
    clock, doctors = world.clock, world.doctors
    order = np.lexsort((purpose, who, granted))
    who, purpose, granted, withdrawn = who[order], purpose[order], granted[order], withdrawn[order]
    count = len(who)
    by_wechat = world.crm.unionid_known[who] & happens(rng, 0.18, count)
    record = world.crm.id_for(rng, who)
    ids = np.append(world.crm.crm_id, world.outsiders.crm_id)
    person = who.copy()
    rows, stranger = world.strangers(rng, 0.002, count)
    person[rows], record[rows], by_wechat[rows] = len(doctors) + stranger, len(world.crm) + stranger, False
    newer = granted >= notice * DAY_SECONDS
    days, times = clock.day_texts("{d:%Y-%m-%d} "), second_texts()

    def written(moment: IntArray) -> TextArray:
        return add(days[moment // DAY_SECONDS], times[moment % DAY_SECONDS])

    def render(rows: IntArray) -> dict[str, TextArray]:
        left = withdrawn[rows]
        return {
            "consent_id": texts(f"CS{n + 1:08d}" for n in rows.tolist()),
            "crm_id": np.where(by_wechat[rows], "", ids[record[rows]]),
            "unionid": np.where(by_wechat[rows], doctors.unionid[who[rows]], ""),
            "purpose": texts(PURPOSES)[purpose[rows]],
            "notice_version": texts(["v1.0", "v2.0"])[newer[rows].astype(np.int64)],
            "granted_at": written(granted[rows]),
            "withdrawn_at": np.where(left < NEVER, written(np.where(left < NEVER, left, 0)), ""),
        }

    return Extract(name="consents.csv", order=np.arange(count), render=render, person=person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A comparison of two ways: its size at scale 1, where in the window it ran, and both arms' true conversion."""

    name: str
    doctors: int
    begins: float
    ends: float
    control: float
    treatment: float


EXPERIMENTS = (
    Experiment(name="微信开篇方式实验", doctors=6400, begins=0.45, ends=0.80, control=0.118, treatment=0.164),
    Experiment(name="邮件发送时段实验", doctors=5200, begins=0.30, ends=0.62, control=0.092, treatment=0.092),
    Experiment(name="线上拜访时长实验", doctors=3000, begins=0.78, ends=0.97, control=0.21, treatment=0.225),
)


def make_experiments(world: World) -> Extract:
    """`experiment_assignments.csv`. Arms convert by quota, so the planted truth holds for every seed."""
    rng = world.stream("experiments")
    clock, count = world.clock, len(world.doctors)
    parts = []
    for i, experiment in enumerate(EXPERIMENTS):
        size = min(count // 2 * 2, 2 * round(experiment.doctors * world.scale / 2))
        who = rng.permutation(count)[:size]
        variant = np.arange(size) % 2
        rate = np.where(variant == 1, experiment.treatment, experiment.control)
        converted = np.arange(size) // 2 < np.rint(rate * (size // 2))
        low, high = (round(edge * (clock.days - 1)) for edge in (experiment.begins, experiment.ends))
        month = clock.day_month[rng.integers(low, high + 1, size)]
        assigned = _instants(rng, np.clip(days_in_months(rng, clock, clock.office, month), low, high))
        done = assigned + rng.integers(3600, 21 * DAY_SECONDS, size)
        # Whoever has had no time to convert has not: near the window's end the last instant is the bound.
        done = np.minimum(done, clock.days * DAY_SECONDS - 3600)
        parts.append((np.full(size, i), who, variant, assigned, np.where(converted, done, NEVER)))
    which, who, variant, assigned, converted_at = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((which, assigned))
    which, who, variant = which[order], who[order], variant[order]
    assigned, converted_at = assigned[order], converted_at[order]
    days, minutes = clock.day_texts("{d:%Y-%m-%d} "), minute_texts()
    names = texts(experiment.name for experiment in EXPERIMENTS)

    def written(moment: IntArray) -> TextArray:
        return add(days[moment // DAY_SECONDS], minutes[moment % DAY_SECONDS // 60])

    def render(rows: IntArray) -> dict[str, TextArray]:
        end = converted_at[rows]
        return {
            "experiment": names[which[rows]],
            "crm_id": world.crm.crm_id[world.crm.main[who[rows]]],
            "variant": texts(["control", "treatment"])[variant[rows]],
            "assigned_at": written(assigned[rows]),
            "converted_at": np.where(end < NEVER, written(np.where(end < NEVER, end, 0)), ""),
        }

    return Extract(name="experiment_assignments.csv", order=np.arange(len(who)), render=render, person=who)
