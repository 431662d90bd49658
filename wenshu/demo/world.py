"""What every channel needs to know of the company, gathered once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wenshu.demo.chance import Rng, stream
from wenshu.demo.clock import Clock, IntArray, TextArray, make_clock, texts
from wenshu.demo.crm import UNKNOWN_CRM_ID, Crm, make_crm
from wenshu.demo.names import invent_mobiles, invent_names
from wenshu.demo.people import Doctors, make_doctors, unionids
from wenshu.demo.places import Hospitals, make_hospitals
from wenshu.demo.products import Content, make_content
from wenshu.demo.reps import Reps, make_reps

TYPING_ERRORS = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsiders:
    """People whom the CRM doesn't know, though channels meet them; person number = number of doctors + index."""

    name: TextArray
    mobile: IntArray
    unionid: TextArray
    email: TextArray
    crm_id: TextArray
    hospital: IntArray
    specialty: IntArray
    title: IntArray

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The invented company: its time, places, people and material."""

    seed: int
    scale: float
    clock: Clock
    hospitals: Hospitals
    doctors: Doctors
    reps: Reps
    crm: Crm
    content: Content
    outsiders: Outsiders

    def stream(self, part: str) -> Rng:
        """The random stream of a part."""
        return stream(self.seed, part)

    def strangers(self, rng: Rng, share: float, size: int) -> tuple[IntArray, IntArray]:
        """Rows (sorted indices) that belong to outsiders instead, and which outsider each."""
        rows = np.flatnonzero(rng.random(size) < share)
        return rows, rng.integers(0, len(self.outsiders), len(rows))


def make_world(seed: int, scale: float, clock: Clock) -> World:
    """Invent everything that doesn't happen but is."""
    hospitals = make_hospitals(seed, scale)
    doctors = make_doctors(seed, scale, clock, hospitals)
    reps = make_reps(seed, scale, clock, hospitals, doctors)
    return World(
        seed=seed,
        scale=scale,
        clock=clock,
        hospitals=hospitals,
        doctors=doctors,
        reps=reps,
        crm=make_crm(seed, doctors, reps),
        content=make_content(seed, clock),
        outsiders=_make_outsiders(seed, doctors, reps, hospitals),
    )


def _make_outsiders(seed: int, doctors: Doctors, reps: Reps, hospitals: Hospitals) -> Outsiders:
    rng = stream(seed, "outsiders")
    count = max(12, round(0.015 * len(doctors)))
    name, roman = invent_names(rng, np.zeros(count, dtype=bool))
    numbers = invent_mobiles(rng, 2 * count)
    taken = np.concatenate([doctors.mobile, doctors.earlier_mobile, reps.mobile])
    return Outsiders(
        name=name,
        mobile=numbers[~np.isin(numbers, taken)][:count],
        unionid=unionids(rng, count),
        email=texts(f"{latin}.x{n}@yisheng.example" for n, latin in enumerate(roman.tolist())),
        crm_id=texts(f"C{n}" for n in (UNKNOWN_CRM_ID + rng.choice(900_000, size=count, replace=False)).tolist()),
        hospital=rng.integers(0, len(hospitals), count),
        specialty=rng.integers(0, 8, count),
        title=rng.integers(0, 4, count),
    )


__all__ = ["TYPING_ERRORS", "Outsiders", "World", "make_clock", "make_world"]
