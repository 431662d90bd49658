"""The compiled dictionary: unit sequences → meanings, with indexes for gapped, reordered, partial and mistyped names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from governance.documents.lexicon import LexiconDocument
from nlq.entries import AmbiguousInfo, Catalogue, DimensionInfo, Meaning, MetricInfo, NounInfo
from nlq.fuzzy import Corrector
from nlq.normalise import has_chinese, keys, normalise, root
from nlq.words import FILLER, GROUP, LINK_WORDS, PERIODIC, RANK, SHARE, TREND, YEARLY, cues

Key = tuple[str, ...]
_GROUP_PREFIXES = ("各", "每个", "每位", "每家", "每", "各个", "各位", "分", "按")
_LETTER_CLASSES = "类级型档"


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
    implied: dict[Key, str] = field(default_factory=dict)
    """A metric's name that says by what it is grouped (各阶段医生数, stage distribution) → that dimension."""
    corrector: Corrector = field(default_factory=Corrector)
    weak: dict[Key, tuple[Meaning, ...]] = field(default_factory=dict)
    """Values too short to stand alone (A, 高): read only beside their dimension or another value of it."""

    def is_known(self, text: str) -> bool:
        """Return whether normalised text is a name in the dictionary (not only a word of the language)."""
        return any(meaning.kind != "cue" for meaning in self.entries.get(keys(text), ()))


class _Builder:
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


def build(
    catalogue: Catalogue,
    documents: Iterable[LexiconDocument],
    metrics: Mapping[str, MetricInfo],
    dimensions: Mapping[str, DimensionInfo],
    *,
    nouns: tuple[NounInfo, ...],
    ambiguous: tuple[AmbiguousInfo, ...],
) -> Wordbook:
    """Compile every word of the catalogue, the documents and the language."""
    documents = tuple(documents)
    builder = _Builder()
    book = Wordbook()
    for phrase, kind, value in cues():
        if "*" in phrase:
            before, _, after = phrase.partition("*")
            book.patterns.append((keys(before), keys(after), Meaning("cue", kind, value)))
        else:
            builder.add(phrase, Meaning("cue", kind, value))
    _declared_words(builder, documents)
    for name in metrics:
        _metric_words(builder, catalogue, name)
    for info in dimensions.values():
        _dimension_words(builder, catalogue, info)
    for name, info in dimensions.items():
        _value_words(builder, catalogue, name, info)
    del nouns, ambiguous
    _by_rule(builder)
    book.entries = {key: tuple(sorted(found, key=lambda m: m.rank)) for key, found in builder.entries.items()}
    book.weak = {key: tuple(found) for key, found in builder.weak.items()}
    book.lengths = _lengths(book.entries)
    _index_names(book, builder)
    _index_typing(book)
    _index_implied(book, builder, dimensions)
    return book


def _lengths(found: Iterable[Key]) -> dict[str, tuple[int, ...]]:
    by_first: dict[str, set[int]] = defaultdict(set)
    for key in found:
        by_first[key[0]].add(len(key))
    return {first: tuple(sorted(sizes, reverse=True)) for first, sizes in by_first.items()}


def _declared_words(builder: _Builder, documents: Iterable[LexiconDocument]) -> None:
    noun = word = 0
    for document in documents:
        for alias in document.aliases:
            target = alias.means
            for phrase in alias.words.all:
                if target.metric:
                    builder.add(phrase, Meaning("metric", target.metric, rank=0))
                    builder.names[target.metric].add(phrase)
                elif target.value is not None:
                    builder.add(phrase, Meaning("value", target.dimension or "", target.value, rank=0))
                else:
                    builder.add(phrase, Meaning("dimension", target.dimension or "", rank=0))
        for entry in document.ambiguous:
            for phrase in entry.words.all:
                for metric in entry.metrics:
                    builder.add(phrase, Meaning("metric", metric, value=word, rank=0))
            word += 1
        for term in document.terms:
            for phrase in (term.label.zh, term.label.en, *term.synonyms.all):
                builder.add(phrase, Meaning("term", term.id))
        for entry_noun in document.nouns:
            for phrase in entry_noun.words.all:
                builder.add(phrase, Meaning("noun", str(noun)))
            noun += 1
        for phrase in document.ignore.all:
            builder.add(phrase, Meaning("cue", FILLER))


def _metric_words(builder: _Builder, catalogue: Catalogue, name: str) -> None:
    metric = catalogue.metrics[name]
    labels = (metric.label.zh, metric.label.en)
    for rank, phrases in ((0, labels), (1, metric.synonyms.all), (2, (name.replace("_", " "),))):
        for phrase in phrases:
            declared = any(m.kind == "metric" and m.value is not None for m in builder.entries.get(keys(phrase), ()))
            if declared and rank == 1:
                continue  # the bundle says itself what these words may mean
            builder.add(phrase, Meaning("metric", name, rank=rank))
            builder.names[name].add(phrase)


def _dimension_words(builder: _Builder, catalogue: Catalogue, info: DimensionInfo) -> None:
    dimension = catalogue.dimensions[info.id]
    plain = {normalise(p) for p in (dimension.label.zh, dimension.label.en, *dimension.synonyms.all)}
    for rank, phrases in ((0, (dimension.label.zh, dimension.label.en)), (1, dimension.synonyms.all), (2, (info.id.replace("_", " "),))):
        for phrase in phrases:
            said = normalise(phrase)
            if any(said.startswith(prefix) and said.removeprefix(prefix) in plain for prefix in _GROUP_PREFIXES):
                continue  # 各医院 is 各 and 医院
            if said.endswith("名单") or said.startswith(("list of ", "each ", "every ")):
                continue
            builder.add(phrase, Meaning("dimension", info.id, rank=rank))


def _is_weak(key: Key, builder: _Builder) -> bool:
    if len(key) != 1:
        return False
    only = key[0]
    if len(only) == 1 or only.isdigit():
        return True
    return any(meaning.kind == "cue" for meaning in builder.entries.get(key, ()))


def _value_words(builder: _Builder, catalogue: Catalogue, name: str, info: DimensionInfo) -> None:
    dimension = catalogue.dimensions[name]
    if info.identifies is not None and not info.values:
        return  # pseudonyms are never guessed from words
    listed = set()
    letters: list[str] = []
    for item in dimension.values:
        listed.add(item.value)
        phrases = [str(item.value), *((item.label.zh, item.label.en) if item.label else ())]
        for rank, names in ((0, phrases), (1, item.synonyms.all)):
            for phrase in names:
                key = keys(phrase)
                if not key:
                    continue
                meaning = Meaning("value", name, item.value, rank=rank)
                if _is_weak(key, builder):
                    builder.weak[key].append(meaning)
                    _beside_dimension(builder, dimension.label.zh, dimension.label.en, dimension.synonyms.all, phrase, meaning)
                    if len(key[0]) == 1 and key[0].isascii() and key[0].isalpha():
                        letters.append(phrase)
                        marks = "组" if "组" in dimension.label.zh else _LETTER_CLASSES
                        for mark in marks:
                            builder.add(f"{phrase}{mark}", Meaning("value", name, item.value, rank=2))
                else:
                    builder.add_key(key, meaning)
                    _suffixed(builder, dimension.label.zh, phrase, meaning)
    if info.part == "hour":
        for item in dimension.values:
            for phrase in _hours(int(item.value)):
                builder.add(phrase, Meaning("value", name, item.value, rank=1))
    if info.part == "weekday":
        days = [Meaning("value", name, item.value, rank=1) for item in sorted(dimension.values, key=lambda item: item.rank or 0)]
        if len(days) == 7:
            named = [*((word, days[:5]) for word in _WORKDAYS), *((word, days[5:]) for word in _WEEKENDS)]
            for word, meant in named:
                for meaning in meant:
                    builder.add(word, meaning)
    if info.identifies is None or info.values:
        for raw in catalogue.values(name):
            if raw in listed or info.identifies is not None:
                continue
            phrase = str(raw)
            key = keys(phrase)
            meaning = Meaning("value", name, raw, rank=0, open=True)
            if key and not _is_weak(key, builder):
                builder.add_key(key, meaning)
                _suffixed(builder, dimension.label.zh, phrase, meaning)
            elif key:
                builder.weak[key].append(meaning)
                _beside_dimension(builder, dimension.label.zh, dimension.label.en, dimension.synonyms.all, phrase, meaning)


_WORKDAYS = ("工作日", "平日", "working day", "business day", "workday")
_WEEKENDS = ("周末", "weekend")


def _hours(hour: int) -> tuple[str, ...]:
    half, suffix = hour % 12 or 12, "am" if hour < 12 else "pm"
    parts = ("凌晨",) if hour < 6 else ("早上", "上午") if hour < 12 else ("中午", "下午") if hour < 18 else ("晚上",)
    said = tuple(f"{part}{shown}点" for part in parts for shown in {hour, half})
    return (*said, f"{hour}点", f"{hour}点钟", f"{hour}时", f"{hour}:00", f"{half} {suffix}", f"{half}{suffix}")


def _suffixed(builder: _Builder, label: str, phrase: str, meaning: Meaning) -> None:
    """Administrative names are said with and without their ending."""
    for ending in ("省", "市"):
        if ending in label and has_chinese(phrase):
            other = phrase.removesuffix(ending) if phrase.endswith(ending) else f"{phrase}{ending}"
            if len(other) >= 2:
                builder.add(other, Meaning("value", meaning.id, meaning.value, rank=1, open=meaning.open))


_LABEL_ENDINGS = ("等级", "级别", "类型", "类别", "分级", "分类", "程度", "水平", "档次", "层级")


def _beside_dimension(builder: _Builder, zh: str, en: str, synonyms: Iterable[str], phrase: str, meaning: Meaning) -> None:
    if phrase.isdigit():
        return
    stems = [label.removesuffix(end) for label in (zh, *synonyms) for end in _LABEL_ENDINGS if label.endswith(end) and len(label) - len(end) >= 2]
    if len(phrase) == 1 and has_chinese(phrase) and "性" in zh:
        stems.append("性")  # 男性, beside 性别
    for label in (zh, en, *synonyms, *stems):
        if has_chinese(label) or has_chinese(phrase):
            both = (f"{phrase}{label}", f"{label}{phrase}", f"{label}为{phrase}", f"{label}是{phrase}")
        else:
            both = (f"{phrase} {label}", f"{label} {phrase}", f"{label} is {phrase}", f"{label} = {phrase}")
        for said in both:
            builder.add(said, Meaning("value", meaning.id, meaning.value, rank=2, open=meaning.open))


_COUNT_FORMS = (("率", ("比率", "比例")), ("额", ("金额", "总额")))


def _by_rule(builder: _Builder) -> None:
    """Add the regular variants of Chinese metric names, where nothing else has the word."""
    for metric, names in list(builder.names.items()):
        for name in list(names):
            if not has_chinese(name):
                continue
            variants = [name[: -len(end)] + form for end, forms in _COUNT_FORMS if name.endswith(end) for form in forms]
            if name.endswith("次数"):
                variants.append(name[:-2] + "总次数")
            elif name.endswith("人数"):
                variants.append(name[:-2] + "总人数")
            elif name.endswith("数"):
                variants += [name + "量", name[:-1] + "总数", name[:-1] + "个数", name[:-1] + "人数"]
            for variant in variants:
                key = keys(variant)
                if key not in builder.entries:
                    builder.add_key(key, Meaning("metric", metric, rank=2))


def _index_names(book: Wordbook, builder: _Builder) -> None:
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
                            if end - start < len(key) and start != 1:
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
    book.gapped_lengths = _lengths(book.gapped)
    book.bodies = {key: tuple(sorted(found)) for key, found in bodies.items()}
    spoken = {key: found for key, found in book.bodies.items() if key not in book.entries}
    book.body_lengths = _lengths(spoken)
    book.bags = {key: tuple(sorted(found)) for key, found in bags.items()}
    book.bag_roots = frozenset(word for key in book.bags for word in key)
    book.partial = {key: tuple(sorted(found)) for key, found in partial.items() if key not in book.entries}
    book.partial_lengths = _lengths(book.partial)


_SOUNDED = frozenset((SHARE, YEARLY, PERIODIC, RANK, TREND))
"""Cues that are worth correcting; others are too short or too many."""


def _index_typing(book: Wordbook) -> None:
    chinese: list[tuple[str, Meaning]] = []
    latin: set[str] = set()
    for key, meanings in book.entries.items():
        # never towards words that are read over: that would ignore what was said
        told = [meaning for meaning in meanings if not meaning.open and meaning.id != FILLER and meaning.kind != "noun"]
        if told:
            latin.update(unit for unit in key if unit.isascii() and unit.isalpha())
        if all(not unit.isascii() for unit in key) and len(key) >= 2:
            chinese += [("".join(key), m) for m in told if m.kind in ("metric", "dimension", "value", "term") or m.id in _SOUNDED]
    book.corrector = Corrector.build(chinese, latin)


_DISTRIBUTED = ("分布", "构成")


def _index_implied(book: Wordbook, builder: _Builder, dimensions: Mapping[str, DimensionInfo]) -> None:
    """Find metric names that name the dimension they are grouped by: 各阶段医生数, 观念阶段分布, stage distribution, doctors by stage."""
    for names in builder.names.values():
        for name in names:
            said = normalise(name)
            if not any(mark in said for mark in ("各", "by ", "per ", "each ", "every ", "distribution", *_DISTRIBUTED)):
                continue
            key = keys(name)
            for start in range(len(key)):
                for end in range(len(key), start, -1):
                    found = [m.id for m in book.entries.get(key[start:end], ()) if m.kind == "dimension" and dimensions[m.id].identifies is None]
                    if not found or end - start == len(key):
                        continue
                    grouped = (start and key[start - 1] in ("各", "每", "by", "per", "each", "every")) or said.endswith(_DISTRIBUTED) or key[-1] == "distribution"
                    if grouped:
                        book.implied.setdefault(key, found[0])


__all__ = ["GROUP", "Key", "Wordbook", "build"]
