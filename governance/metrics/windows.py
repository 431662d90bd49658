"""Over which days a part of a metric looks for an asked window: moved back, over the last days or months, to date."""

from __future__ import annotations

from datetime import date, timedelta

from governance import calendar
from governance.metrics.formulas import Part
from governance.terms import Period

BEGINNING = date(1900, 1, 1)
"""Before any fact: where a sum over all time begins (ingest takes no earlier date)."""


def _moved_back(part: Part, window: Period) -> Period:
    """Whole months go back to whole months; a day to the same day of the month, or to that month's last."""
    if part.back_unit == "day":
        return Period(start=window.start - timedelta(days=part.back), end=window.end - timedelta(days=part.back))
    start = calendar.add_months(window.start, -part.back)
    if window.start.day == window.end.day == 1:
        return Period(start=start, end=calendar.add_months(window.end, -part.back))
    return Period(start=start, end=calendar.add_months(window.end - timedelta(days=1), -part.back) + timedelta(days=1))


def stretched(part: Part, window: Period) -> Period:
    """Return the days that the part reads for a window."""
    if part.back:
        window = _moved_back(part, window)
    if part.trailing is not None and part.trailing_unit == "day":
        return Period(start=window.end - timedelta(days=part.trailing), end=window.end)
    if part.trailing is not None:
        return Period(start=calendar.add_months(window.end, -part.trailing), end=window.end)
    if part.to_date == "ever":
        return Period(start=BEGINNING, end=window.end)
    if part.to_date is not None:
        # The year of the row's last day begins on 1 January, whatever the fiscal year (domain.md section 4).
        return Period(start=calendar.unit_start(window.end - timedelta(days=1), part.to_date), end=window.end)
    return window
