"""The compiled dictionary: unit sequences → meanings, with indexes for gapped, reordered, partial and mistyped names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from nlq.lexicon.entries import Meaning
from nlq.lexicon.fuzzy import Corrector
from nlq.words.normalise import keys

DECLARED = "declared"
"""The value of a cue that the bundle itself declares."""
Key = tuple[str, ...]


@dataclass(slots=True)
class Wordbook:
    """The dictionary. Built once, then only read."""

    entries: dict[Key, tuple[Meaning, ...]] = field(default_factory=dict)
    lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    patterns: list[tuple[Key, Key, Meaning]] = field(default_factory=list)
    """English cues with a gap: (before, after, cue)."""
    gapped: dict[Key, tuple[tuple[Key, str], ...]] = field(default_factory=dict)
    """Part of a metric's name → (the other part, metric), for names said with words in between: 触达了多少医生."""
    gapped_lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    bodies: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    """A counting metric's name without its 数: 触达医生."""
    body_lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    bags: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    """Sorted roots of an English metric name → metrics, for names in another order."""
    bag_roots: frozenset[str] = frozenset()
    partial: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    """A part of a metric's name → the metrics it may mean."""
    partial_lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    heads: dict[Key, str] = field(default_factory=dict)
    """A part of a name that shortens one metric only: what its name ends with (达成率 of 产值达成率), or all of it but what it measures (客流 of 客流量)."""
    implied: dict[Key, str] = field(default_factory=dict)
    """A metric's name that says by what it is grouped (各阶段医生数, stage distribution) → that dimension."""
    short: dict[str, tuple[Meaning, ...]] = field(default_factory=dict)
    """First character of a dimension's name of two → that dimension: 各省, 各科. Read after 各 and its like only."""
    spelt: dict[str, tuple[Meaning, ...]] = field(default_factory=dict)
    """A live member's Chinese name in Latin letters → the member: hangzhou."""
    tails: dict[Key, frozenset[str]] = field(default_factory=dict)
    """The end of a dimension's name → the dimensions that end so. Read after 各 and its like, and after a member of the dimension."""
    endings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """A short word with which all members of a dimension end (店, 站), or its own Chinese name (区 of 供电区) → the dimensions."""
    same: dict[str, str] = field(default_factory=dict)
    """An English word that the bundle declares for a noun and uses in no name (docs) → the noun's own word, which its names hold (doctor)."""
    ends: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    """A part that is short for several metrics: 人次 of 出院人次 and 检查人次."""
    verbed: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """A verb in metrics' names → what it is done to there, and the metric: 办 of 办卡数, sell of Cards sold."""
    corrector: Corrector = field(default_factory=Corrector)
    weak: dict[Key, tuple[Meaning, ...]] = field(default_factory=dict)
    """Values too short to stand alone (A, 高): read only beside their dimension or another value of it."""

    def is_known(self, text: str) -> bool:
        """Return whether normalised text is a name in the dictionary (not only a word of the language)."""
        return any(meaning.kind != "cue" or meaning.value == DECLARED for meaning in self.entries.get(keys(text), ()))


class WordbookBuilder:
    """Collects words and what they mean before they are indexed."""
    def __init__(self) -> None:
        self.entries: dict[Key, list[Meaning]] = defaultdict(list)
        self.weak: dict[Key, list[Meaning]] = defaultdict(list)
        self.names: dict[str, set[str]] = defaultdict(set)
        """Metric → its names as written."""

    def add(self, phrase: str, meaning: Meaning) -> bool:
        key = keys(phrase)
        if not key:
            return False
        return self.add_key(key, meaning)

    def add_key(self, key: Key, meaning: Meaning) -> bool:
        known = self.entries[key]
        if any(other.kind == meaning.kind and other.id == meaning.id and other.value == meaning.value for other in known):
            return False
        known.append(meaning)
        return True


def lengths_of(found: Iterable[Key]) -> dict[str, tuple[int, ...]]:
    """Return, for each first unit, the lengths of the keys that begin with it, longest first."""
    by_first: dict[str, set[int]] = defaultdict(set)
    for key in found:
        by_first[key[0]].add(len(key))
    return {first: tuple(sorted(sizes, reverse=True)) for first, sizes in by_first.items()}
