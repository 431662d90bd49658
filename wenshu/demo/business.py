"""Sales, targets and spend: what the company earns and pays, by hospital and by region, never by doctor."""

from __future__ import annotations

from datetime import date

import numpy as np

from wenshu.demo.chance import happens
from wenshu.demo.clock import Clock, FloatArray, IntArray, TextArray, festival_share, texts
from wenshu.demo.contacts import PLANS, Touches, month_shape
from wenshu.demo.files import Extract
from wenshu.demo.places import LEVELS, REGION_CODES
from wenshu.demo.products import PRODUCT_CODES, PRODUCT_NUMBERS, PRODUCTS
from wenshu.demo.world import World

PRICES = np.array([38.6, 52.4, 168.0, 1290.0])
_PRODUCT_SIZE = np.array([8_600.0, 9_800.0, 8_200.0, 11_600.0])  # yuan a month in a hospital of size 1
_PRODUCT_GROWTH = np.array([1.02, 1.06, 1.22, 1.14])
_REGION_SIZE = np.array([1.12, 1.06, 1.08, 0.95, 0.92, 0.82, 0.86])
_REGION_GROWTH = np.array([1.09, 1.05, 1.11, 1.07, 1.12, 1.02, 0.96])
# Month of the year by product: blood pressure and hearts in the cold months, nothing much for the others.
_SEASON = np.array(
    [
        [1.08, 1.02, 1.03, 0.99, 0.96, 0.94, 0.92, 0.93, 0.98, 1.00, 1.06, 1.09],
        [1.02, 0.98, 1.01, 1.00, 1.00, 0.98, 0.97, 0.98, 1.01, 1.02, 1.02, 1.01],
        [1.10, 1.05, 1.03, 0.98, 0.95, 0.93, 0.92, 0.92, 0.97, 1.00, 1.06, 1.09],
        [0.98, 0.97, 1.01, 1.01, 1.01, 1.01, 1.00, 1.00, 1.01, 1.00, 1.02, 0.98],
    ]
)
# Attainment that each region heads for at the window's start and end.
_ATTAINMENT = np.array(
    [[1.01, 1.07], [0.96, 0.90], [1.03, 1.06], [0.90, 1.02], [0.96, 1.08], [0.87, 0.91], [0.99, 0.86]]
)
_COST = {
    "F2F": 960.0,
    "REMOTE": 260.0,
    "WECHAT": 26.0,
    "WEBINAR": 620.0,
    "CONGRESS": 3300.0,
    "EMAIL": 9.0,
    "CALL": 48.0,
}


def _expected(months: list[date], origin: date, *, festival: bool = True) -> FloatArray:
    """Expected sales of whole months relative to the window's first, as (region, product, month)."""
    years = np.array([(m.year - origin.year) + (m.month - origin.month) / 12 for m in months])
    growth = _REGION_GROWTH[:, None, None] ** years * _PRODUCT_GROWTH[None, :, None] ** years
    season = _SEASON[:, [m.month - 1 for m in months]]
    dip = np.array([1 - (0.62 if festival else 0.3) * festival_share(m) for m in months])
    return np.asarray(growth * season[None] * dip)


def _lift(world: World, touches: list[Touches]) -> FloatArray:
    """How much better a hospital sells for being looked after (mean 1): its touches per doctor against the usual."""
    who = np.concatenate([touch.who[touch.delivered] for touch in touches])
    per_doctor = np.bincount(who, minlength=len(world.doctors))
    doctors = np.bincount(world.doctors.hospital, minlength=len(world.hospitals))
    total = np.bincount(world.doctors.hospital, weights=per_doctor, minlength=len(world.hospitals))
    mean = total / np.maximum(doctors, 1)
    usual = per_doctor.mean()
    return np.where(doctors > 0, np.clip(0.75 + 0.25 * mean / max(usual, 1e-9), 0.6, 1.5), 0.8)


def make_business(world: World, touches: dict[str, Touches]) -> list[Extract]:
    """`sales_hospital_month.csv`, `targets.csv` and `spend.csv`."""
    clock, hospitals = world.clock, world.hospitals
    rng = world.stream("business")
    months = clock.month_dates()
    count = len(hospitals)
    small = hospitals.level == len(LEVELS) - 1
    listed = happens(rng, np.where(small[:, None], (0.8, 0.75, 0.3, 0.04), (0.97, 0.95, 0.85, 0.68)).ravel(), count * 4)
    base = hospitals.size[:, None] * _PRODUCT_SIZE * _REGION_SIZE[hospitals.region][:, None]
    base = base * rng.lognormal(0, 0.3, (count, 4)) * _lift(world, list(touches.values()))[:, None]
    base = base * listed.reshape(count, 4)
    shape = _expected(months, clock.first)[hospitals.region] * clock.elapsed()
    money = base[:, :, None] * shape * rng.lognormal(0, 0.10, (count, 4, len(months)))
    units = np.rint(money / PRICES[:, None]).astype(np.int64)
    sold = np.nonzero((units > 0) & (base[:, :, None] > 0))
    # By month, then hospital, then product, as the distributor reports it.
    order = np.lexsort((sold[1], sold[0], sold[2]))
    hospital, product, month = (axis[order] for axis in sold)
    names = texts(f"{m:%Y%m}" for m in months)
    volume = units[hospital, product, month]
    price = PRICES[product] * (1 - 0.015 * (month // 12))

    def render(rows: IntArray) -> dict[str, TextArray]:
        return {
            "医院编码": hospitals.code[hospital[rows]],
            "产品编码": texts(PRODUCT_CODES)[product[rows]],
            "月份": names[month[rows]],
            "数量": texts(str(n) for n in volume[rows].tolist()),
            "金额": texts(f"{y:.2f}" for y in (volume[rows] * price[rows]).tolist()),
        }

    region_base = np.zeros((len(REGION_CODES), 4))
    np.add.at(region_base, hospitals.region, base)
    return [
        Extract(name="sales_hospital_month.csv", order=np.arange(len(hospital)), render=render),
        _targets(world, touches, region_base),
        _spend(world, touches),
    ]


def _targets(world: World, touches: dict[str, Touches], region_base: FloatArray) -> Extract:
    """By region, product and month, to the year's end; set before the months were known, so without their noise."""
    rng = world.stream("targets")
    clock = world.clock
    months = clock.month_dates()
    months += [date(clock.today.year, m, 1) for m in range(clock.today.month + 1, 13)]
    ahead = np.linspace(0, 1, clock.months)
    path = np.append(ahead, np.ones(len(months) - clock.months))
    attained = _ATTAINMENT[:, :1] * (1 - path) + _ATTAINMENT[:, 1:] * path
    wobble = rng.normal(1.0, 0.025, (len(REGION_CODES), 4, len(months)))
    revenue = region_base[:, :, None] * _expected(months, clock.first) / attained[:, None, :] * wobble / 10_000
    done = _count(world, list(touches.values()))[:, :, : clock.months - 1]
    level = done.mean(axis=2, keepdims=True)
    season = np.array([1 - 0.45 * festival_share(m) for m in months])
    steady = 1 + 0.03 * (np.arange(len(months)) - clock.months / 2) / 12
    ambition = np.array([1.02, 1.08, 1.0, 1.06, 0.97, 1.12, 1.15])[:, None, None]
    season = season / season[: clock.months - 1].mean()
    planned = np.maximum(1, np.rint(level * season * steady * ambition)).astype(np.int64)
    region, product, month = (axis.ravel() for axis in np.indices(revenue.shape))
    order = np.lexsort((product, region, month))
    region, product, month = region[order], product[order], month[order]
    names = texts(f"{m:%Y-%m}" for m in months)
    columns = {
        "region": texts(REGION_CODES)[region],
        "product": texts(PRODUCT_NUMBERS)[product],
        "month": names[month],
        "target_revenue_10k": texts(f"{v:.4f}" for v in revenue[region, product, month].tolist()),
        "planned_touches": texts(str(n) for n in planned[region, product, month].tolist()),
    }
    return Extract(
        name="targets.csv",
        order=np.arange(len(region)),
        render=lambda rows: {key: column[rows] for key, column in columns.items()},
    )


def _count(world: World, touches: list[Touches]) -> FloatArray:
    """Delivered touches by region, product and month."""
    shape = (len(REGION_CODES), len(PRODUCTS), world.clock.months)
    out = np.zeros(shape)
    for touch in touches:
        kept = touch.delivered
        region = world.doctors.region[touch.who[kept]]
        month = world.clock.day_month[touch.day[kept]]
        out += np.bincount((region * shape[1] + touch.product[kept]) * shape[2] + month, minlength=out.size).reshape(
            shape
        )
    return out


def _spend(world: World, touches: dict[str, Touches]) -> Extract:
    """What each channel cost: part by its touches, part fixed, dearer where doctors are far apart."""
    rng = world.stream("spend")
    clock = world.clock
    distance = np.array([0.95, 1.0, 0.97, 1.02, 1.12, 1.3, 1.12])[:, None, None]
    counts, amounts = [], []
    for code, touch in touches.items():
        done = _count(world, [touch])
        fixed = done[:, :, :-1].mean(axis=2, keepdims=True) * month_shape(clock, PLANS[code]).clip(0.05)
        counts.append(done)
        noise = rng.normal(1.0, 0.05, done.shape).clip(0.8, 1.2)
        amounts.append((0.6 * done + 0.4 * fixed) * _COST[code] * distance * noise)
    money = np.stack(amounts, axis=2)
    region, product, channel, month = (axis.ravel() for axis in np.indices(money.shape))
    order = np.lexsort((channel, product, region, month))
    order = order[money.ravel()[order] >= 0.01]
    codes, names = texts(list(touches)), _month_texts(clock)
    columns = {
        "region": texts(REGION_CODES)[region[order]],
        "product": texts(PRODUCT_NUMBERS)[product[order]],
        "channel": codes[channel[order]],
        "month": names[month[order]],
        "amount": texts(f"{v:.2f}" for v in money.ravel()[order].tolist()),
    }
    return Extract(
        name="spend.csv",
        order=np.arange(len(order)),
        render=lambda rows: {key: column[rows] for key, column in columns.items()},
    )


def _month_texts(clock: Clock) -> TextArray:
    return texts(f"{m:%Y/%m}" for m in clock.month_dates())
