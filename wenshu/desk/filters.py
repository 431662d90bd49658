"""Filters of the ledger as they come in an address, a saved filter or a command: read strictly, and said back as the ledger may keep them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from audit.search import FILTERED, Column, Filter
from governance.errors import InvalidQuery, nearest
from wenshu.desk.door import BLANK, Door

FACETS: tuple[Column, ...] = ("department", "actor", "purpose", "metrics", "classes", "outcome", "code", "rule", "type", "surface")
NAMED_OTHERWISE: Mapping[str, str] = {column: name for name, column in FILTERED.items() if name != column}
"""Columns whose filter has another name: `metrics` is filtered by `metric`."""
VALUES = (*FILTERED, "request")
"""Filters that take values, several separated by commas."""
KNOWN = (*VALUES, "since", "until", "text")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2})?")


def read_filter(filters: Mapping[str, str], zone: ZoneInfo) -> Filter:
    """Return the filter. `since` and `until` are local days, both included, or local minutes (`2026-11-15T09:00`), `until` then excluded.

    `text` is free. Raises InvalidQuery for an unknown filter or a malformed time.
    """
    for key in filters:
        if key not in KNOWN:
            raise InvalidQuery(f"unknown filter {key!r}.{nearest(key, KNOWN)}")
    chosen = {key: tuple(part for part in filters[key].split(",") if part) for key in VALUES if filters.get(key)}
    return Filter(
        **chosen,
        since=_moment(filters.get("since"), zone, end=False),
        until=_moment(filters.get("until"), zone, end=True),
        text=filters.get("text", ""),
    )


def _moment(text: str | None, zone: ZoneInfo, *, end: bool) -> dt.datetime | None:
    if not text:
        return None
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        if "T" in text:
            return dt.datetime.fromisoformat(text).replace(tzinfo=zone)
        day = dt.date.fromisoformat(text) + dt.timedelta(days=1 if end else 0)
    except (ValueError, OverflowError):
        raise InvalidQuery(f"{text!r} is not a date like 2026-11-15") from None
    return dt.datetime.combine(day, dt.time(), zone)


def sayable(filters: Mapping[str, str], door: Door) -> dict[str, str]:
    """Return the filters as the ledger may keep them for good: their words only where the ledger has them already."""
    return {key: _said(key, value, door) for key, value in filters.items() if value}


def _said(key: str, value: str, door: Door) -> str:
    if key in ("since", "until"):  # times, checked before
        return value
    if key == "text":
        return BLANK
    parts = dict.fromkeys(part for part in value.split(",") if part)
    known = [part for part in parts if _is_there(key, part, door)]
    return ",".join([*known, BLANK] if len(known) < len(parts) else known)


def _is_there(key: str, value: str, door: Door) -> bool:
    if door.ready():
        return door.reader.count(read_filter({key: value}, door.zone)) > 0
    return door.cold.known(key, value)
