"""What the load knows of a period: a number about days of which no fact speaks would be a zero that nobody measured."""

from __future__ import annotations

from datetime import date, timedelta

from governance.metrics.catalogue import Catalogue, Definition
from governance.terms import Note, Period, Text

_WITHOUT_DAYS = frozenset({"members", "in_force"})
"""Shapes that count who belongs or what is valid, whatever the days of the facts: the other side of a ratio decides."""

DAY = timedelta(days=1)


def known_days(definition: Definition, catalogue: Catalogue, today: date) -> Period | None:
    """Return the days of which a metric's facts speak, or None where that can't be said (no load, rolling windows alone, the ledger's own metrics).

    A fact held by month speaks of its own months. The others are judged together, since a day without a row in a thin fact may be a true zero; what they say
    reaches at least to `today`.
    """
    parts = [part for part in definition.formula.parts if not (part.shape in _WITHOUT_DAYS or part.trailing or part.to_date or part.back)]
    if not parts:
        return None
    found: list[tuple[date, date]] = []
    for part in parts:
        model = catalogue.models[part.measure.model]
        if model.time is None or model.name not in catalogue.days:
            return None
        if model.time.unit == "month":
            found.append(catalogue.days[model.name])
        else:
            dated = [span for name, span in catalogue.days.items() if (time := catalogue.models[name].time) is not None and time.unit != "month"]
            found.append((min(first for first, _ in dated), max(today, *(last for _, last in dated))))
    return Period(start=min(first for first, _ in found), end=max(last for _, last in found) + DAY)


def speaks_of(known: Period | None, period: Period) -> bool:
    """Return whether any of the period's days is known; what can't be said is taken for known."""
    return known is None or (period.start < known.end and known.start < period.end)


def begins_late(known: Period | None, period: Period, *, of_base: bool = False) -> Note | None:
    """Return what an answer must say whose period, or the period it is compared with (`of_base`), begins before the data."""
    if known is None or not period.start < known.start < period.end:
        return None
    day = known.start.isoformat()
    if of_base:
        zh, en = f"对比期不完整：数据从 {day} 开始。", f"What it is compared with is not whole: the data begin on {day}."
    else:
        zh, en = f"数据从 {day} 开始，此前没有数据。", f"The data begin on {day}; there are none before."
    return Note(code="data_begin", text=Text(zh=zh, en=en))
