"""Indexes of the dictionary: names with words in between, in another order, in part, mistyped, or that say by what they are grouped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from nlq.lexicon.entries import DimensionInfo, Meaning
from nlq.lexicon.fuzzy import Corrector, spelt
from nlq.lexicon.wordbook import Key, Wordbook, WordbookBuilder, lengths_of
from nlq.words.grammar import FILLER, LINK_WORDS, PERIODIC, RANK, SHARE, TREND, UNSUPPORTED, YEARLY
from nlq.words.normalise import has_chinese, keys, normalise, root

_LINKING = frozenset("的和与及了")


def index_names(book: Wordbook, builder: WordbookBuilder) -> None:
    """Index parts and reorderings of the metrics' names."""
    gapped: dict[Key, set[tuple[Key, str]]] = defaultdict(set)
    bags: dict[Key, set[str]] = defaultdict(set)
    bodies: dict[Key, set[str]] = defaultdict(set)
    partial: dict[Key, set[str]] = defaultdict(set)
    for metric, names in builder.names.items():
        for name in names:
            key = keys(name)
            if has_chinese(name):
                body = key[:-1] if key[-1] in "数量" and len(key) > 2 else key
                if key[-1] == "数" and len(body) >= 3 and body[-1] not in "次人个总":
                    bodies[body].add(metric)
                for cut in range(1, len(body) if key[-1] in "数量" else 0):
                    left, right = body[:cut], body[cut:]
                    if len(left) >= 2 and right:
                        gapped[left].add((right, metric))
                    if len(right) >= 2 and len(left) >= 2:
                        gapped[right].add((left, metric))
                if all(len(unit) == 1 for unit in key):
                    for start in range(len(key)):
                        for end in range(start + 2, len(key) + 1):
                            # a piece is a word only where it leaves words: 进阶率 of 观念进阶率, not 达率 of 触达率
                            # and none begins or ends with what links words: 用的 of 费用的比值
                            if end - start < len(key) and start != 1 and key[start] not in _LINKING and key[end - 1] not in _LINKING:
                                partial[key[start:end]].add(metric)
            else:
                roots = tuple(sorted(root(unit) for unit in key if unit not in LINK_WORDS))
                if 2 <= len(roots) <= 4:
                    bags[roots].add(metric)
                for start in range(len(key)):
                    for end in range(start + 1, len(key) + 1):
                        piece = key[start:end]
                        if end - start < len(key) and any(len(unit) > 2 and unit.isalpha() and unit not in LINK_WORDS for unit in piece):
                            partial[piece].add(metric)
    book.gapped = {key: tuple(sorted(found)) for key, found in gapped.items()}
    book.gapped_lengths = lengths_of(book.gapped)
    book.bodies = {key: tuple(sorted(found)) for key, found in bodies.items()}
    spoken = {key: found for key, found in book.bodies.items() if key not in book.entries}
    book.body_lengths = lengths_of(spoken)
    book.bags = {key: tuple(sorted(found)) for key, found in bags.items()}
    book.bag_roots = frozenset(word for key in book.bags for word in key)
    book.partial = {key: tuple(sorted(found)) for key, found in partial.items() if key not in book.entries}
    book.partial_lengths = lengths_of(book.partial)


_SOUNDED = frozenset((SHARE, YEARLY, PERIODIC, RANK, TREND))
"""Cues that are worth correcting; others are too short or too many."""


def index_typing(book: Wordbook) -> None:
    """Index the names that a slip may be corrected to."""
    chinese: list[tuple[str, Meaning]] = []
    latin: set[str] = set()
    for key, meanings in book.entries.items():
        # never towards words that are read over: that would ignore what was said
        if meanings[0].open and len(meanings) == 1:
            continue  # most words of a large warehouse
        told = [meaning for meaning in meanings if not meaning.open and meaning.id not in (FILLER, UNSUPPORTED) and meaning.kind != "noun"]
        if told:
            latin.update(unit for unit in key if unit.isascii() and unit.isalpha())
        if all(not unit.isascii() for unit in key) and len(key) >= 2:
            chinese += [("".join(key), m) for m in told if m.kind in ("metric", "dimension", "value", "term") or m.id in _SOUNDED]
    book.corrector = Corrector.build(chinese, latin)


def index_spellings(book: Wordbook) -> None:
    """Index the Chinese names of live members by how they are written in Latin letters; members that the bundle declares have their own labels."""
    found: dict[str, list[Meaning]] = defaultdict(list)
    for key, meanings in book.entries.items():
        live = [meaning for meaning in meanings if meaning.open and meaning.rank == 0]
        if live:
            for spelling in spelt("".join(key)):
                found[spelling] += live
    book.spelt = {spelling: tuple(meant) for spelling, meant in found.items() if (spelling,) not in book.entries}


_DISTRIBUTED = ("分布", "构成", "漏斗")
_SPREAD = ("distribution", "funnel", "breakdown")


def index_implied(book: Wordbook, builder: WordbookBuilder, dimensions: Mapping[str, DimensionInfo]) -> None:
    """Find metric names that name the dimension they are grouped by: 各阶段医生数, 观念阶段分布, stage distribution, doctors by stage."""
    for names in builder.names.values():
        for name in names:
            said = normalise(name)
            if not any(mark in said for mark in ("各", "by ", "per ", "each ", "every ", *_SPREAD, *_DISTRIBUTED)):
                continue
            key = keys(name)
            for start in range(len(key)):
                for end in range(len(key), start, -1):
                    found = [m.id for m in book.entries.get(key[start:end], ()) if m.kind == "dimension" and dimensions[m.id].identifies is None]
                    if not found or end - start == len(key):
                        continue
                    grouped = (start and key[start - 1] in ("各", "每", "by", "per", "each", "every")) or said.endswith(_DISTRIBUTED) or key[-1] in _SPREAD
                    if grouped:
                        book.implied.setdefault(key, found[0])
                        book.implied.setdefault(("number", "of", *key), found[0])
        told = {book.implied[key] for key in map(keys, names) if key in book.implied}
        if len(told) == 1:
            for name in names:
                if normalise(name).endswith(_DISTRIBUTED):
                    book.implied.setdefault(keys(name), next(iter(told)))  # 观念分布 is the distribution that 观念阶段分布 says in full
