"""The timeline over the events: bars that a brush selects, drawn on the server so that it works before scripts load. No number is worked out here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 960, 96
MOST_BARS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of time: `since` and `until` as filters take them, and rectangles `(class, y, height)` from the ground up."""

    since: str
    until: str
    label: str
    total: int
    x: float
    width: float
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Bars in order without gaps in time; `highest` is the tallest one's number."""

    bars: tuple[Bar, ...]
    highest: int
    unit: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(told: Mapping[str, Any]) -> Timeline | None:
    """Return the bars of `desk.looking.timeline`, None where there is nothing to draw."""
    buckets: Sequence[Mapping[str, Any]] = told["buckets"]
    if not buckets:
        return None
    step = dt.timedelta(hours=1) if told["unit"] == "hour" else dt.timedelta(days=1)
    begin, last = (dt.datetime.fromisoformat(str(buckets[place]["start"])) for place in (0, -1))
    slots = int((last - begin) / step) + 1
    wide = -(-slots // MOST_BARS)
    count = -(-slots // wide)
    sums = [{"total": 0, "answered": 0, "refused": 0, "failed": 0} for _ in range(count)]
    for bucket in buckets:
        place = int((dt.datetime.fromisoformat(str(bucket["start"])) - begin) / step) // wide
        for name in sums[place]:
            sums[place][name] += int(bucket[name])
    highest = max(item["total"] for item in sums)
    room = WIDTH / count
    return Timeline(
        bars=tuple(
            _bar(begin + place * wide * step, begin + ((place + 1) * wide - 1) * step, item, highest, place * room, room, told["unit"])
            for place, item in enumerate(sums)
        ),
        highest=highest,
        unit=told["unit"],
    )


def _bar(begin: dt.datetime, end: dt.datetime, item: Mapping[str, int], highest: int, x: float, room: float, unit: str) -> Bar:
    parts, ground = [], float(HEIGHT)
    other = item["total"] - item["answered"] - item["refused"] - item["failed"]
    for name, number in (("other", other), ("answered", item["answered"]), ("failed", item["failed"]), ("refused", item["refused"])):
        tall = HEIGHT * number / highest
        if number:
            tall = max(tall, 1.0)
            ground -= tall
            parts.append((name, round(ground, 2), round(tall, 2)))
    hourly = unit == "hour"
    since = begin.strftime("%Y-%m-%dT%H:%M") if hourly else begin.date().isoformat()
    until = (end + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M") if hourly else end.date().isoformat()
    label = begin.strftime("%m-%d %H:00") if hourly else since if since == until else f"{since} – {until}"
    return Bar(since=since, until=until, label=label, total=item["total"], x=round(x, 2), width=round(min(max(room - 1, 0.8), 48), 2), parts=tuple(parts))
