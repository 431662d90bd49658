"""Building the invented company: everything happens once, in an order, and is written as the channels would export it."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING

import numpy as np

from wenshu.demo.agreements import make_consents, make_experiments
from wenshu.demo.business import make_business
from wenshu.demo.calls import make_calls
from wenshu.demo.clock import make_clock, texts
from wenshu.demo.crm import assignments_extract, hcp_extract
from wenshu.demo.digital import make_email, make_wechat
from wenshu.demo.files import Extract, Truth, write_extract
from wenshu.demo.meetings import make_congresses, make_webinars
from wenshu.demo.perception import make_surveys
from wenshu.demo.places import LEVELS, REGIONS, Hospitals
from wenshu.demo.products import content_extract
from wenshu.demo.reps import reps_columns
from wenshu.demo.visits import make_visits
from wenshu.demo.world import World, make_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from wenshu.demo.contacts import Touches

_STEPS = 17  # extracts, for the progress that is told


def build(
    folder: Path, *, seed: int, today: date, scale: float, progress: Callable[[str, float], None] | None = None
) -> None:
    """Write `folder/extracts/*.csv` and `folder/truth/doctors.csv`, as `docs/reference/demo-extracts.md` describes them.

    The same `seed`, `today` and `scale` give the same bytes. `scale` multiplies doctors and touches (1: 20,000 doctors,
    about 600,000 touches); history is the 24 complete months before `today`'s and that month until `today`, inclusive.
    `progress` is told a file's name and the share done (0–1). An earlier company in the folder is replaced only when
    the new one is complete. Raises ValueError for a seed, scale or day that can't be, before anything is written.
    """
    if seed < 0:
        msg = f"seed {seed} is negative: give 0 or a positive whole number"
        raise ValueError(msg)
    if not (math.isfinite(scale) and 0 < scale <= 50):
        msg = f"scale {scale} is out of range: give a number above 0 and up to 50 (1 is 20,000 doctors)"
        raise ValueError(msg)
    clock = make_clock(today)
    drafts = {name: folder / f"{name}.partial" for name in ("extracts", "truth")}
    for draft in drafts.values():
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
    world = make_world(seed, scale, clock)
    with (drafts["truth"] / "doctors.csv").open("w", encoding="utf-8", newline="") as stream:
        truth = Truth(stream, len(world.doctors))
        for step, extract in enumerate(_extracts(world), 1):
            write_extract(drafts["extracts"], extract, truth)
            if progress is not None:
                progress(extract.name, step / _STEPS)
    for name, draft in drafts.items():
        shutil.rmtree(folder / name, ignore_errors=True)
        draft.rename(folder / name)


def _extracts(world: World) -> Iterator[Extract]:
    """Every extract in turn; each can be forgotten once written."""
    yield _hospitals_extract(world.hospitals)
    yield content_extract(world.clock, world.content)
    staff = reps_columns(world.clock, world.reps)
    yield Extract(
        name="reps.csv",
        order=np.arange(len(world.reps)),
        render=lambda rows: {key: column[rows] for key, column in staff.items()},
    )
    yield hcp_extract(world.seed, world.clock, world.hospitals, world.doctors, world.crm)
    yield assignments_extract(world.seed, world.clock, world.doctors, world.crm, world.reps)
    touches: dict[str, Touches] = {}
    visits, (touches["F2F"], touches["REMOTE"]) = make_visits(world)
    yield visits
    del visits
    for code, make in (
        ("WECHAT", make_wechat),
        ("WEBINAR", make_webinars),
        ("CONGRESS", make_congresses),
        ("EMAIL", make_email),
        ("CALL", make_calls),
    ):
        extract, touches[code] = make(world)
        yield extract
        del extract
    yield make_surveys(world, list(touches.values()))
    yield make_consents(world)
    yield make_experiments(world)
    yield from make_business(world, touches)


def _hospitals_extract(hospitals: Hospitals) -> Extract:
    """`hospitals.csv`."""
    cities = [hospitals.cities[i] for i in hospitals.place.tolist()]
    columns = {
        "hospital_code": hospitals.code,
        "name": hospitals.name,
        "aliases": texts("|".join(names) for names in hospitals.aliases),
        "level": texts(LEVELS)[hospitals.level],
        "province": texts(city.province for city in cities),
        "city": texts(city.name for city in cities),
        "city_tier": texts(city.tier for city in cities),
        "region": texts(REGIONS[city.region] for city in cities),
    }
    return Extract(
        name="hospitals.csv",
        order=np.arange(len(hospitals)),
        render=lambda rows: {key: column[rows] for key, column in columns.items()},
    )
