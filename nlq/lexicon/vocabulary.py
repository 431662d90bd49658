"""Collecting the words of a bundle: metrics, dimensions, members, declared words, and the language's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from governance.documents.lexicon import LexiconDocument
from nlq.lexicon.entries import Catalogue, DimensionInfo, Meaning, MetricInfo
from nlq.lexicon.indexing import index_implied, index_names, index_spellings, index_typing
from nlq.lexicon.members import value_words
from nlq.lexicon.range_names import range_values
from nlq.lexicon.short_names import short_metrics, short_values
from nlq.lexicon.verb_names import verb_phrases
from nlq.lexicon.wordbook import DECLARED, Key, Wordbook, WordbookBuilder, lengths_of
from nlq.words.grammar import FILLER, HOW_MANY, UNSUPPORTED, cues
from nlq.words.normalise import has_chinese, keys, normalise

_GROUP_PREFIXES = ("各", "每个", "每位", "每家", "每", "各个", "各位", "分", "按")


def build(
    catalogue: Catalogue,
    documents: Iterable[LexiconDocument],
    metrics: Mapping[str, MetricInfo],
    dimensions: Mapping[str, DimensionInfo],
) -> Wordbook:
    """Compile every word of the catalogue, the documents and the language."""
    documents = tuple(documents)
    builder = WordbookBuilder()
    book = Wordbook()
    for phrase, kind, value in cues():
        if "*" in phrase:
            before, _, after = phrase.partition("*")
            book.patterns.append((keys(before), keys(after), Meaning("cue", kind, value)))
        else:
            builder.add(phrase, Meaning("cue", kind, value))
    _declared_words(builder, documents, catalogue)
    for name in metrics:
        _metric_words(builder, catalogue, name)
    for info in dimensions.values():
        _dimension_words(builder, catalogue, info)
    for name, info in dimensions.items():
        value_words(builder, catalogue, name, info)
    _prefixed(builder)
    _by_rule(builder, metrics)
    _in_units(builder, metrics)
    _other_nouns(builder, catalogue, dimensions)
    book.verbed = verb_phrases(builder, metrics)
    book.same = _same_nouns(builder, dimensions)
    book.short = _short_names(dimensions)
    book.tails = _tails(catalogue, dimensions)
    book.endings = _endings(catalogue, dimensions)
    book.entries = {key: tuple(sorted(found, key=lambda m: m.rank)) for key, found in builder.entries.items()}
    book.weak = {key: tuple(found) for key, found in builder.weak.items()}
    book.lengths = lengths_of(book.entries)
    index_names(book, builder)
    short_metrics(book, builder, catalogue)
    index_typing(book)
    book.entries |= range_values(book, catalogue, dimensions, metrics)
    short_values(book, catalogue, dimensions)
    index_spellings(book)
    index_implied(book, builder, dimensions)
    return book


def _declared_words(builder: WordbookBuilder, documents: Iterable[LexiconDocument], catalogue: Catalogue) -> None:
    noun = word = bound = 0
    for document in documents:
        for alias in document.aliases:
            target = alias.means
            if (target.metric or "") not in catalogue.metrics and (target.dimension or "") not in catalogue.dimensions:
                continue  # check_words tells; what leads nowhere is no word
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
                    if metric not in catalogue.metrics:
                        continue
                    builder.add(phrase, Meaning("metric", metric, value=word, rank=0))
            word += 1
        for term in document.terms:
            for phrase in (term.label.zh, term.label.en, *term.synonyms.all):
                builder.add(phrase, Meaning("term", term.id))
        for entry_bound in document.bounds:
            for phrase in entry_bound.words.all:
                builder.add(phrase, Meaning("bound", str(bound)))
            bound += 1
        for entry_noun in document.nouns:
            for phrase in entry_noun.words.all:
                builder.add(phrase, Meaning("noun", str(noun)))
            noun += 1
        for phrase in document.unsupported.all:
            builder.add(phrase, Meaning("cue", UNSUPPORTED, value=DECLARED))
        for phrase in document.ignore.all:
            builder.add(phrase, Meaning("cue", FILLER))


def _metric_words(builder: WordbookBuilder, catalogue: Catalogue, name: str) -> None:
    metric = catalogue.metrics[name]
    labels = (metric.label.zh, metric.label.en)
    for rank, phrases in ((0, labels), (1, metric.synonyms.all), (2, (name.replace("_", " "),))):
        for phrase in phrases:
            declared = any(m.kind == "metric" and m.value is not None for m in builder.entries.get(keys(phrase), ()))
            if declared and rank == 1:
                continue  # the bundle says itself what these words may mean
            builder.add(phrase, Meaning("metric", name, rank=rank))
            builder.names[name].add(phrase)


def _dimension_words(builder: WordbookBuilder, catalogue: Catalogue, info: DimensionInfo) -> None:
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


def _short_names(dimensions: Mapping[str, DimensionInfo]) -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for info in dimensions.values():
        label = normalise(info.label.zh)
        if len(label) == 2 and has_chinese(label):
            found[label[0]].add(info.id)
    return {char: (Meaning("dimension", next(iter(ids)), rank=2),) for char, ids in found.items() if len(ids) == 1}


def _tails(catalogue: Catalogue, dimensions: Mapping[str, DimensionInfo]) -> dict[Key, frozenset[str]]:
    """Return the ends of the dimensions' names: 原因 of 延误原因, reason of Delay reason."""
    found: dict[Key, set[str]] = defaultdict(set)
    for name, info in dimensions.items():
        for phrase in (info.label.zh, info.label.en, *catalogue.dimensions[name].synonyms.all):
            key = keys(phrase)
            least = 2 if has_chinese(phrase) else 1
            for start in range(1, len(key) - least + 1):
                found[key[start:]].add(name)
    return {key: frozenset(names) for key, names in found.items()}


def _endings(catalogue: Catalogue, dimensions: Mapping[str, DimensionInfo]) -> dict[str, tuple[str, ...]]:
    """Return the short words that all members of a dimension end with, or its own Chinese name, by dimension."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, info in dimensions.items():
        said = [normalise(label.zh) for label in info.values.values()]
        said += [normalise(str(value)) for value in catalogue.values(name)[:_SEEN] if value not in info.values] if info.identifies is None else []
        label = normalise(info.label.zh)
        ends = {label[-1:]} if len(label) > 1 else set()
        names = [normalise(phrase) for phrase in (info.label.zh, *info.synonyms) if has_chinese(phrase)]
        ends |= {end for end in {each[-1:] for each in names} if sum(each.endswith(end) for each in names) > 1}  # 门店, 服务店, 4S店
        for size in range(1, _LONGEST_END + 1):
            shared = {word[-size:] for word in said if len(word) > size}
            if len(shared) == 1 and len(said) > 1:
                ends |= shared
        for end in ends:
            if has_chinese(end):
                found[end].append(name)
    return {end: tuple(names) for end, names in found.items()}


_SEEN, _LONGEST_END = 2000, 3
_COUNT_FORMS = (("率", ("比率", "比例")), ("额", ("金额", "总额")), ("占比", ("比例", "的占比", "的比例", "份额")))


def _by_rule(builder: WordbookBuilder, metrics: Mapping[str, MetricInfo]) -> None:
    """Add the regular variants of Chinese metric names, where nothing else has the word."""
    for metric, names in list(builder.names.items()):
        for name in list(names):
            if not has_chinese(name):
                said = normalise(name)
                key = keys(f"number of {said}")
                if not said.startswith(("number", "average", "avg", "total", "count")) and "rate" not in said and key not in builder.entries:
                    builder.add_key(key, Meaning("metric", metric, rank=2))
                continue
            variants = [name[: -len(end)] + form for end, forms in _COUNT_FORMS if name.endswith(end) for form in forms]
            if name.endswith("次数"):
                variants.append(name[:-2] + "总次数")
            elif name.endswith("人数"):
                variants.append(name[:-2] + "总人数")
            elif name.endswith("数"):
                variants += [name + "量", name[:-1] + "总数", name[:-1] + "个数"]
                if metrics[metric].rows is None or metrics[metric].counts is not None:
                    variants.append(name[:-1] + "人数")  # but 拜访人数 are no visits
            for variant in variants:
                key = keys(variant)
                if key not in builder.entries:
                    builder.add_key(key, Meaning("metric", metric, rank=2))


def _in_units(builder: WordbookBuilder, metrics: Mapping[str, MetricInfo]) -> None:
    """Add 多少吨, 几吨 for the units that the bundle's figures are in."""
    units = {info.unit.split(" ")[0].split("/")[0] for info in metrics.values()}
    for unit in units:
        if unit and has_chinese(unit) and unit not in _NOT_ASKED:
            for lead in ("多少", "几", "有多少", "有几"):
                if keys(lead + unit) not in builder.entries:
                    builder.add(lead + unit, Meaning("cue", HOW_MANY))


_NOT_ASKED = ("天", "日", "月", "年", "周", "点", "分")
"""几点 and 几天 ask for times."""


def _other_nouns(builder: WordbookBuilder, catalogue: Catalogue, dimensions: Mapping[str, DimensionInfo]) -> None:
    """Add metric names that say a synonym of the noun they count: 触达客户数 for 触达医生数, where 客户 is a synonym of 医生; 触达HCP数 likewise."""
    declared: dict[str, set[str]] = defaultdict(set)
    for key, found in builder.entries.items():
        if len(key) <= _SHORT and found[0].kind == "dimension" and not found[0].open:
            for meaning in found:
                if meaning.kind == "dimension" and meaning.rank == 0:
                    declared[meaning.id].add("".join(key))
    for name, info in dimensions.items():
        if info.identifies is None:
            continue
        label = info.label.zh
        said = {phrase for phrase in (info.label.en, *catalogue.dimensions[name].synonyms.all) if phrase and " " not in phrase and not phrase.startswith(_GROUP_PREFIXES)}
        said = (said | declared[name]) - {label}
        if not has_chinese(label) or len(label) < _NOUN:
            continue
        for metric, names in list(builder.names.items()):
            for phrase in [phrase for phrase in names if label in phrase and phrase != label]:
                for other in said:
                    key = keys(phrase.replace(label, other))
                    if key not in builder.entries:
                        builder.add_key(key, Meaning("metric", metric, rank=2))


_SHORT, _NOUN = 4, 2
_PREFIXES = ("multi", "omni", "cross", "inter", "over", "under", "sub", "pre", "post", "non", "co", "re")
"""What is written in one word, in two or with a hyphen: multichannel, multi-channel, multi channel."""


def _prefixed(builder: WordbookBuilder) -> None:
    """Add the English names of metrics with their prefixed words in two, or in one."""
    for metric, names in list(builder.names.items()):
        for name in list(names):
            if has_chinese(name):
                continue
            key = keys(name)
            for at, unit in enumerate(key):
                prefix = next((each for each in _PREFIXES if unit.startswith(each) and len(unit) - len(each) >= _REST), None)
                apart = (*key[:at], prefix, unit.removeprefix(prefix), *key[at + 1 :]) if prefix is not None and len(prefix) > 2 else None
                joined = (*key[:at], unit + key[at + 1], *key[at + 2 :]) if unit in _PREFIXES and at + 1 < len(key) else None
                for variant in (apart, joined):
                    if variant is not None and variant not in builder.entries:
                        builder.add_key(variant, Meaning("metric", metric, value=next((m.value for m in builder.entries.get(key, ()) if m.kind == "metric"), None), rank=2))


_REST = 4


def _same_nouns(builder: WordbookBuilder, dimensions: Mapping[str, DimensionInfo]) -> dict[str, str]:
    """Return the English words for a noun that stand in no longer name, each with the word of its label: docs reached are doctors reached."""
    nouns = {info.id: key[0] for info in dimensions.values() if info.identifies is not None and len(key := keys(info.label.en)) == 1}
    found = {
        key[0]: nouns[meaning.id]
        for key, meanings in builder.entries.items()
        if len(key) == 1 and key[0].isascii() and key[0].isalpha()
        for meaning in meanings
        if meaning.kind == "dimension" and meaning.id in nouns and key[0] != nouns[meaning.id] and all(other.kind in ("dimension", "noun") for other in meanings)
    }
    named = (key for key, meanings in builder.entries.items() if len(key) > 1 and not meanings[0].open and key[0].isascii() and key[-1].isascii()) if found else ()
    longer = {unit for key in named for unit in key}
    return {word: noun for word, noun in found.items() if word not in longer}
