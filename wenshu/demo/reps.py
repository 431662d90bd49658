"""Representatives, their territories, and who is whose own doctor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import happens, some, stream
from wenshu.demo.clock import Clock, IntArray, TextArray, add, texts
from wenshu.demo.names import invent_mobiles, invent_names
from wenshu.demo.people import Doctors
from wenshu.demo.places import REGIONS, Hospitals

_NUMERALS = "一二三四五六七八九十"
_TEAM_SIZE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reps:
    """One entry a representative in the first arrays; one entry a doctor in the last three.

    `own` is a doctor's present representative and `earlier` the one before `changed_on` (day; -1: no change in the
    window). -1 in `own` means that nobody covers the doctor.
    """

    number: TextArray
    name: TextArray
    mobile: IntArray
    email: TextArray
    team: TextArray
    region: IntArray
    territory: TextArray
    hired: IntArray
    own: IntArray
    earlier: IntArray
    changed_on: IntArray

    def __len__(self) -> int:
        return len(self.number)

    def on(self, who: IntArray, day: IntArray) -> IntArray:
        """The representative of each doctor on each day (-1: none)."""
        return np.where(day < self.changed_on[who], self.earlier[who], self.own[who])


def make_reps(seed: int, scale: float, clock: Clock, hospitals: Hospitals, doctors: Doctors) -> Reps:
    """160 representatives at scale 1, at least two a region, each with doctors of their own region only."""
    rng = stream(seed, "reps")
    per_region = np.bincount(doctors.region, minlength=len(REGIONS))
    wanted = max(2 * len(REGIONS), round(160 * scale))
    heads = np.maximum(2, np.floor(wanted * per_region / per_region.sum())).astype(np.int64)
    while heads.sum() < wanted:
        heads[int(np.argmax(per_region / heads))] += 1
    count = int(heads.sum())
    region = np.repeat(np.arange(len(REGIONS)), heads)
    first_of_region = np.cumsum(heads) - heads
    # Doctors are sorted by hospital and hospitals by city, so equal cuts of a region are territories that hang together.
    rank = np.arange(len(doctors)) - (np.cumsum(per_region) - per_region)[doctors.region]
    own = first_of_region[doctors.region] + rank * heads[doctors.region] // np.maximum(1, per_region[doctors.region])
    territory = _territories(own, hospitals, doctors, count)
    seat = np.arange(count) - first_of_region[region]
    earlier, changed_on = own.copy(), np.full(len(doctors), -1)
    changed = some(rng, 0.08, len(doctors))
    shift = rng.integers(1, np.maximum(2, heads[doctors.region[changed]]))
    base = first_of_region[doctors.region[changed]]
    earlier[changed] = base + (own[changed] - base + shift) % heads[doctors.region[changed]]
    changed_on[changed] = rng.integers(clock.days // 10, max(clock.days // 10 + 1, clock.days - 20), len(changed))
    nobody = happens(rng, np.where(doctors.target, 0.0, 0.05), len(doctors))
    own = np.where(nobody, -1, own)
    name, roman = invent_names(rng, np.zeros(count, dtype=bool))
    staff = rng.choice(80_000, size=count, replace=False) + 10_000
    return Reps(
        number=texts(f"E{n}" for n in staff.tolist()),
        name=name,
        mobile=_unused_mobiles(seed, doctors, count),
        email=add(add(roman, texts(str(n) for n in staff.tolist())), "@kangheng.example"),
        team=texts(
            f"{REGIONS[r]}{_NUMERALS[min(s // _TEAM_SIZE, 9)]}组"
            for r, s in zip(region.tolist(), seat.tolist(), strict=True)
        ),
        region=region,
        territory=territory,
        hired=rng.integers(200, 3500, count),
        own=own,
        earlier=np.where(nobody, -1, earlier),
        changed_on=changed_on,
    )


def _territories(own: IntArray, hospitals: Hospitals, doctors: Doctors, count: int) -> TextArray:
    """Each territory takes the name of the province where most of its doctors are, and a number in it."""
    seen: dict[str, int] = {}
    names = []
    for rep in range(count):
        places = hospitals.place[doctors.hospital[own == rep]]
        province = hospitals.cities[int(np.bincount(places).argmax())].province if len(places) else "机动"
        seen[province] = seen.get(province, 0) + 1
        names.append(f"{province}{seen[province]}区")
    return texts(names)


def _unused_mobiles(seed: int, doctors: Doctors, count: int) -> IntArray:
    numbers = invent_mobiles(stream(seed, "rep mobiles"), count * 2)
    taken = np.isin(numbers, doctors.mobile) | np.isin(numbers, doctors.earlier_mobile)
    return numbers[~taken][:count]


def reps_columns(clock: Clock, reps: Reps) -> dict[str, TextArray]:
    """The columns of `reps.csv`."""
    hired = np.datetime64(clock.first) - reps.hired
    return {
        "rep_id": reps.number,
        "name": reps.name,
        "mobile": texts(str(n) for n in reps.mobile.tolist()),
        "email": reps.email,
        "team": reps.team,
        "region": texts(REGIONS)[reps.region],
        "territory": reps.territory,
        "hired_on": texts(np.datetime_as_string(hired)),
    }
