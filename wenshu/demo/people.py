"""The doctors as they really are: the truth behind every extract, before any channel garbles it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, happens, pick, pick_rows, some, stream
from wenshu.demo.clock import BoolArray, Clock, FloatArray, IntArray, TextArray, add, texts
from wenshu.demo.names import invent_mobiles, invent_names
from wenshu.demo.places import Hospitals

SPECIALTIES = ("心内科", "内分泌科", "肿瘤科", "呼吸科", "神经内科", "肾内科", "消化科", "全科")
TITLES = ("主任医师", "副主任医师", "主治医师", "住院医师")
SEGMENTS = ("A", "B", "C", "D")

_BIG_HOSPITAL = (0.20, 0.15, 0.15, 0.15, 0.11, 0.10, 0.10, 0.04)
_MIDDLE_HOSPITAL = (0.19, 0.14, 0.10, 0.14, 0.11, 0.08, 0.10, 0.14)
_SMALL_HOSPITAL = (0.04, 0.03, 0.01, 0.03, 0.02, 0.01, 0.02, 0.84)
_TITLE_BY_LEVEL = np.array([[0.19, 0.29, 0.34, 0.18], [0.12, 0.26, 0.40, 0.22], [0.03, 0.15, 0.48, 0.34]])
_SEGMENT_BY_TITLE = np.array(
    [[0.30, 0.38, 0.24, 0.08], [0.20, 0.36, 0.32, 0.12], [0.09, 0.28, 0.41, 0.22], [0.03, 0.18, 0.42, 0.37]]
)
_TARGET_BY_SEGMENT = np.array([0.97, 0.86, 0.50, 0.14])
_POTENTIAL_BY_SEGMENT = np.array([[0.70, 0.25, 0.05], [0.40, 0.45, 0.15], [0.15, 0.50, 0.35], [0.05, 0.35, 0.60]])
_DOTTED_BY_REGION = np.array([0.004, 0.006, 0.004, 0.004, 0.008, 0.16, 0.004])
_DOMAINS = ("yisheng.example", "mail-kang.example", "hospital.example", "doc-post.example")
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctors:
    """One entry a doctor in every array.

    `hospital` is the present one and `earlier_hospital` the one until `moved_on` (day; -1 if the doctor stayed);
    `mobile` is the present number and `earlier_mobile` the one until `renumbered_on`. Empty texts mean: has none.
    `since` is the first month (index) in which the company works with the doctor; `activity` scales contact rates.
    """

    name: TextArray
    hospital: IntArray
    earlier_hospital: IntArray
    moved_on: IntArray
    region: IntArray
    specialty: IntArray
    title: IntArray
    segment: IntArray
    potential: IntArray
    years: IntArray
    target: BoolArray
    mobile: IntArray
    earlier_mobile: IntArray
    renumbered_on: IntArray
    email: TextArray
    unionid: TextArray
    license_no: TextArray
    since: IntArray
    activity: FloatArray

    def __len__(self) -> int:
        return len(self.name)

    def mobile_on(self, who: IntArray, day: IntArray) -> IntArray:
        """The number that each doctor really used on each day."""
        return np.where(day < self.renumbered_on[who], self.earlier_mobile[who], self.mobile[who])

    def hospital_on(self, who: IntArray, day: IntArray) -> IntArray:
        """The hospital at which each doctor really worked on each day."""
        return np.where(day < self.moved_on[who], self.earlier_hospital[who], self.hospital[who])


def make_doctors(seed: int, scale: float, clock: Clock, hospitals: Hospitals) -> Doctors:
    """20,000 doctors at scale 1, sorted by hospital, with the planted likenesses among them."""
    rng = stream(seed, "doctors")
    count = max(60, round(20_000 * scale))
    hospital = np.sort(pick(rng, hospitals.size, count))
    region = hospitals.region[hospital]
    level = np.minimum(hospitals.level[hospital] // 2, 2)
    specialty = pick_rows(rng, np.array([_BIG_HOSPITAL, _MIDDLE_HOSPITAL, _SMALL_HOSPITAL]), level)
    title = pick_rows(rng, _TITLE_BY_LEVEL, level)
    segment = pick_rows(rng, _SEGMENT_BY_TITLE, title)
    target = happens(rng, _TARGET_BY_SEGMENT[segment], count)
    years = np.clip(np.array([27, 18, 10, 3])[title] + rng.normal(0, 4, count), 0, 45).astype(np.int64)
    name, roman = invent_names(rng, happens(rng, _DOTTED_BY_REGION[region], count))
    _plant_namesakes(rng, name, hospital, specialty, title)
    numbers = invent_mobiles(rng, count + round(0.05 * count))
    renumbered = some(rng, 0.05, count)
    earlier_mobile, renumbered_on = np.zeros(count, dtype=np.int64), np.full(count, -1)
    earlier_mobile[renumbered] = numbers[count:]
    renumbered_on[renumbered] = rng.integers(clock.days // 6, clock.days * 5 // 6, len(renumbered))
    earlier_hospital, moved_on = _plant_moves(rng, clock, hospitals, hospital)
    late = happens(rng, np.where(target, 0.12, 0.35), count)
    return Doctors(
        name=name,
        hospital=hospital,
        earlier_hospital=earlier_hospital,
        moved_on=moved_on,
        region=region,
        specialty=specialty,
        title=title,
        segment=segment,
        potential=pick_rows(rng, _POTENTIAL_BY_SEGMENT, segment),
        years=years,
        target=target,
        mobile=numbers[:count],
        earlier_mobile=earlier_mobile,
        renumbered_on=renumbered_on,
        email=_emails(rng, roman),
        unionid=np.where(happens(rng, 0.72, count), unionids(rng, count), ""),
        license_no=_licenses(rng, hospitals, hospital, years),
        since=np.where(late, rng.integers(1, max(2, clock.months - 2), count), 0),
        activity=rng.gamma(6.0, 1 / 6.0, count),
    )


def unionids(rng: Rng, count: int) -> TextArray:
    """WeChat unionids in their usual form: 28 characters that begin with o."""
    letters = _LETTERS[rng.integers(0, len(_LETTERS), (count, 28))]
    letters[:, 0] = "o"
    return np.ascontiguousarray(letters).view("<U28").ravel().astype(object)


def _emails(rng: Rng, roman: TextArray) -> TextArray:
    count = len(roman)
    local = add(
        add(roman, texts("._-")[rng.integers(0, 3, count)]),
        texts("abcdefghijklmnopqrstuvwxyz")[rng.integers(0, 26, count)],
    )
    # The running number keeps addresses apart without looking any up.
    number = texts(str(n) for n in (rng.integers(1, 10, count) * 10**7 + np.arange(count)).tolist())
    domain = texts("@" + d for d in _DOMAINS)[pick(rng, (5, 3, 1, 1), count)]
    return np.where(happens(rng, 0.78, count), add(add(local, number), domain), "")


def _licenses(rng: Rng, hospitals: Hospitals, hospital: IntArray, years: IntArray) -> TextArray:
    """医师执业证书编码 in its 15-digit form: level, category, province, year and a serial number; all distinct."""
    count = len(hospital)
    provinces = list(dict.fromkeys(city.province for city in hospitals.cities))
    province = np.array([provinces.index(city.province) for city in hospitals.cities])[hospitals.place[hospital]] + 11
    serial = rng.permutation(max(10**6, count))[:count]
    value = ((110 * 100 + province) * 10**4 + np.maximum(1999, 2024 - years)) * 10**6 + serial % 10**6
    return texts(str(v) for v in value.tolist())


def _plant_namesakes(rng: Rng, name: TextArray, hospital: IntArray, specialty: IntArray, title: IntArray) -> None:
    """Give 1.5% of the doctors the name of a colleague of the same hospital (so 3% share name and hospital).

    Nine in ten of the pairs differ in department or title; the others can only be told apart by strong identifiers.
    """
    start = np.searchsorted(hospital, hospital, side="left")
    size = np.searchsorted(hospital, hospital, side="right") - start
    free = np.ones(len(name), dtype=bool)
    wanted = round(0.015 * len(name))
    for one in rng.permutation(np.flatnonzero(size > 1)).tolist():
        if wanted == 0:
            break
        other = int(start[one]) + (one - int(start[one]) + 1 + int(rng.integers(0, size[one] - 1))) % int(size[one])
        if not (free[one] and free[other]):
            continue
        free[[one, other]] = False
        name[other] = name[one]
        twin = rng.random() < 0.1
        if twin:
            specialty[other], title[other] = specialty[one], title[one]
        elif specialty[other] == specialty[one] and title[other] == title[one]:
            title[other] = (title[one] + 1 + rng.integers(0, 2)) % 4
        wanted -= 1


def _plant_moves(rng: Rng, clock: Clock, hospitals: Hospitals, hospital: IntArray) -> tuple[IntArray, IntArray]:
    """2% of the doctors came from a neighbouring hospital of their region within the window."""
    earlier, moved_on = hospital.copy(), np.full(len(hospital), -1)
    movers = some(rng, 0.02, len(hospital))
    step = rng.integers(1, 4, len(movers))
    near = np.where(hospital[movers] >= 3, hospital[movers] - step, hospital[movers] + step)
    same = hospitals.region[near] == hospitals.region[hospital[movers]]
    movers, near = movers[same], near[same]
    earlier[movers] = near
    moved_on[movers] = rng.integers(clock.days // 8, clock.days * 7 // 8, len(movers))
    return earlier, moved_on
