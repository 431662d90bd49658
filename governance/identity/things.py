"""English words beside which two capitalised words are the name of a place, a house, a firm or another thing, and not of a person."""

from __future__ import annotations

THINGS = frozenset(
    (
        "hospital", "hospitals", "clinic", "clinics", "pharma", "pharmaceutical", "pharmaceuticals", "medical", "health", "healthcare", "biotech",
        "group", "inc", "ltd", "corp", "co", "company", "university", "college", "school", "institute", "center", "centre", "city", "province",
        "county", "district", "region", "area", "park", "road", "street", "tower", "plaza", "mall", "airport", "station", "port", "store", "shop",
        "branch", "campaign", "project", "programme", "program", "plan", "brand", "product", "drug", "tablet", "tablets", "conference", "congress",
        "summit", "forum", "expo", "festival", "day", "week", "month", "award", "cup", "system", "platform", "app", "team", "department", "division",
        "journal", "society", "association", "foundation", "act", "law", "bank", "hotel", "library", "museum", "line", "model", "series", "edition",
    )
)  # fmt: skip
"""What stands behind, or is part of, the name of a place, a house, a firm or another thing."""
BEFORE_THINGS = frozenset(
    (
        "in", "at", "from", "near", "around", "to", "into", "vs", "versus", "than", "like", "and", "or", "hospital", "clinic", "city", "province",
        "campaign", "project", "brand", "product", "drug", "company", "competitor", "competitors", "called", "named", "code", "codename", "app",
        "event", "congress", "conference", "per", "by-product",
    )
)  # fmt: skip
