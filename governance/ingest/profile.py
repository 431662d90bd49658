"""What a dry run tells of every column: what it holds, what the law calls it, on which evidence, and what would be done with it. Samples are masked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from governance.documents.classification import Class, ClassificationDocument, Override
from governance.identity.classify import Found, classify
from governance.identity.recognizers import Screener

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.ingest.columns import Column
    from governance.ingest.files import Extract

_SAMPLE = 2_000
_SHOWN = 3
LEVEL_LABELS = {"general": "一般", "personal": "个人信息", "sensitive": "敏感个人信息"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The bundle's classification: what each category is and what stewards said of single columns."""

    categories: Mapping[str, Class]
    overrides: Mapping[tuple[str, str], Override]

    @classmethod
    def of(cls, documents: Iterable[ClassificationDocument]) -> Classes:
        """Put the bundle's files together; later files outrank earlier ones."""
        categories: dict[str, Class] = {}
        overrides: dict[tuple[str, str], Override] = {}
        for document in documents:
            categories |= document.categories
            overrides |= {(item.extract, item.column): item for item in document.overrides}
        return cls(categories=categories, overrides=overrides)

    def judge(self, extract: str, column: str, found: Found) -> dict[str, Any]:
        """Category, level, important data, handling, and whether a steward said so. An unknown category is sensitive until somebody says what it is."""
        said = self.overrides.get((extract, column))
        category = said.category if said is not None else found.category
        known = self.categories.get(category)
        level = known.level if known is not None else ("general" if category == "none" else "sensitive")
        handling = known.handling if known is not None else ("keep" if category == "none" else "quarantine")
        return {
            "category": category,
            "level": (said.level if said is not None else None) or level,
            "important": said.important if said is not None else False,
            "handling": (said.handling if said is not None else None) or handling,
            "confirmed": said is not None,
        }


class Profiler:
    """Profiles extracts by one bundle's classification. Made once a load: it keeps the screener, which is made when the first running text comes."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes

    @cached_property
    def _screener(self) -> Screener:
        return Screener()

    def profile(self, extract: Extract, mapping: ExtractMapping | None, *, only: frozenset[str] | None = None) -> list[dict[str, Any]]:
        """One entry a column of the extract, or of its columns `only`; `mapping` is none for a file that no mapping names."""
        used = set(mapping.used_columns()) if mapping is not None else set()
        return [
            {"extract": extract.name, "column": name, "use": _use(name, used, mapping), **self._describe(extract.name, name, column)}
            for name, column in extract.columns.items()
            if only is None or name in only
        ]

    def _describe(self, extract: str, name: str, column: Column) -> dict[str, Any]:
        words = [word for word, here in zip(column.words, column.used(), strict=True) if here and word]
        found = classify(name, words[:_SAMPLE], self._screener)
        judged = self._classes.judge(extract, name, found)
        return {
            "type": found.type,
            "filled": round(float(column.filled().mean()), 4) if len(column) else 0.0,
            "different": len(words),
            "valid": dict(found.validated),
            "inside": dict(found.inside),
            "by": "steward" if judged["confirmed"] else found.by,
            **judged,
            "samples": [mask(word) for word in words[:_SHOWN]],
        }


def _use(name: str, used: set[str], mapping: ExtractMapping | None) -> str:
    if mapping is None:
        return "no mapping names this file"
    for group in (mapping.keys, mapping.former):
        for key, identifiers in group.items():
            for kind, identifier in identifiers.items():
                if name in identifier.column:
                    return f"{key}: {kind}"
    if name in used or (mapping.unpivot and mapping.unpivot.matching((name,))):
        return "loaded"
    return "left out" if name in mapping.ignore else "not mapped, left out"


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
