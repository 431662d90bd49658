"""Masked forms of identities: enough to compare with a case file, too little to call or write to anybody."""

from __future__ import annotations

STAR = "*"


def masked(kind: str, value: str) -> str:
    """A value of a type with most of it starred: 张* · 138****8000 · z***@h***.com · 1101***********."""
    if kind == "name":
        return value[0] + STAR * max(1, len(value) - 1)
    if kind == "mobile":
        return f"{value[:3]}{STAR * 4}{value[-4:]}" if len(value) == 11 else STAR * len(value)
    if kind == "email":
        local, _, domain = value.partition("@")
        house, dot, last = domain.rpartition(".")
        return f"{local[:1]}{STAR * 3}@{house[:1]}{STAR * 3}{dot}{last}"
    shown = min(4, len(value) // 4)
    return value[:shown] + STAR * (len(value) - shown)


def masked_fields(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    """All of a person's fields, masked."""
    return {kind: [masked(kind, value) for value in values] for kind, values in fields.items()}
