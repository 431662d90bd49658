"""What a dry run tells of every column: how full it is, what its cells look like, and which identifiers they would be. Samples are masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from governance.identity.normalise import normaliser
from governance.ingest.values import parse_number

if TYPE_CHECKING:
    from governance.documents.extracts import Mapping
    from governance.ingest.columns import Column
    from governance.ingest.files import Extract

_KINDS = ("mobile", "email", "license", "unionid")
_SAMPLE = 2_000
_SHOWN = 3
_WORTH_TELLING = 0.05


def profile(extract: Extract, mapping: Mapping) -> list[dict[str, Any]]:
    """One entry a column of the extract: its use, share filled, different values, share valid per identifier kind, masked samples."""
    used = set(mapping.used_columns())
    return [
        {"extract": extract.name, "column": name, "use": _use(name, used, mapping), **_describe(column)}
        for name, column in extract.columns.items()
    ]


def _use(name: str, used: set[str], mapping: Mapping) -> str:
    for group in (mapping.keys, mapping.former):
        for key, identifiers in group.items():
            for kind, identifier in identifiers.items():
                if name in identifier.column:
                    return f"{key}: {kind}"
    if name in used or (mapping.unpivot and mapping.unpivot.matching((name,))):
        return "loaded"
    return "left out" if name in mapping.ignore else "not mapped, left out"


def _describe(column: Column) -> dict[str, Any]:
    words = [word for word, here in zip(column.words, column.used(), strict=True) if here and word]
    sample = words[:_SAMPLE]
    valid = (
        {kind: sum(normaliser(kind)(word) is not None for word in sample) / len(sample) for kind in _KINDS}
        if sample
        else {}
    )
    numbers = sum(parse_number(word) is not None for word in sample)
    kind = "empty" if not sample else "number" if numbers == len(sample) else "text"
    return {
        "type": kind,
        "filled": round(float(column.filled().mean()), 4) if len(column) else 0.0,
        "different": len(words),
        "valid": {name: round(share, 4) for name, share in valid.items() if share >= _WORTH_TELLING},
        "samples": [mask(word) for word in sample[:_SHOWN]],
    }


def mask(text: str) -> str:
    """The shape of a cell: letters as a, A or 文, digits as 9, at most 24 characters; nothing of its content."""
    return "".join(_mark(char) for char in text[:24]) + ("…" if len(text) > len(text[:24]) else "")


def _mark(char: str) -> str:
    if char.isdigit():
        return "9"
    if not char.isalpha():
        return char
    if char.isascii():
        return "A" if char.isupper() else "a"
    return "文"
