"""Members and metrics called by less than their names: 城南 for 城南店 where the dimension is 门店, Engineering for College of Engineering, Great Wall for Great Wall Plastics.

What is left off is the noun of the member's own dimension, or the last word of a long Latin name. Such a word is a guess (`Meaning.short`): where it is an
ordinary word too, `nlq.short_members` reads it only beside what shows that the member is meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from nlq.lexicon.entries import Catalogue, DimensionInfo, Meaning
from nlq.lexicon.fuzzy import ASKS
from nlq.lexicon.wordbook import Key, Wordbook, WordbookBuilder, lengths_of
from nlq.times.festivals import EVERYDAY
from nlq.words.dictionary import is_word
from nlq.words.normalise import has_chinese, keys, normalise, stem

_LIVE = 400
"""A warehouse's own members are called short where there are no more than this."""
_TIMES = re.compile(r"[第初零〇一二两三四五六七八九十百千\d]+(?:[号日月年期周级类天点次届]|季度?)?")
_LONGEST, _LEAST, _LATIN = 4, 2, 4


def short_values(book: Wordbook, catalogue: Catalogue, dimensions: Mapping[str, DimensionInfo]) -> None:
    """Add the short names to a dictionary whose names are indexed; a word that means anything else already is left alone."""
    found: dict[Key, set[Meaning]] = defaultdict(set)
    for name, info in dimensions.items():
        if info.identifies is not None or info.yes is not None:
            continue
        dimension = catalogue.dimensions[name]
        nouns = [normalise(phrase) for phrase in (dimension.label.zh, dimension.label.en, *dimension.synonyms.all)]
        for item in dimension.values:
            phrases = [str(item.value), *((item.label.zh, item.label.en) if item.label else ()), *item.synonyms.all]
            for short in {short for phrase in phrases for short in _shorter(normalise(phrase), nouns)}:
                found[keys(short)].add(Meaning("value", name, item.value, rank=2, short=True))
        live = [raw for raw in catalogue.values(name) if raw not in info.values]
        for raw in live if len(live) <= _LIVE else ():
            for short in _shorter(normalise(str(raw)), nouns):
                found[keys(short)].add(Meaning("value", name, raw, rank=2, open=True, short=True))
    for key, meant in found.items():
        known = key in book.entries or key in book.weak or key in book.partial or key in book.bodies or key in book.gapped
        if key and len(meant) == 1 and not known:
            book.entries[key] = tuple(meant)
    book.lengths = lengths_of(book.entries)


def _shorter(phrase: str, nouns: Iterable[str]) -> Iterator[str]:
    if has_chinese(phrase):
        for size in range(min(_LONGEST, len(phrase) - _LEAST), 0, -1):
            short = phrase[:-size]
            if any(noun.endswith(phrase[-size:]) for noun in nouns):
                if short not in EVERYDAY and not _TIMES.fullmatch(short) and not any(short == noun for noun in nouns):
                    yield short
                return
        return
    words = phrase.split()
    heads = {stem(noun.split()[-1]) for noun in nouns if noun.isascii() and noun}
    if len(words) > _LEAST and words[1] == "of" and stem(words[0]) in heads:
        rest = words[2:]
    elif len(words) > 1 and (stem(words[-1]) in heads or len(words) > _LEAST):
        rest = words[:-1]
    else:
        return
    latin = " ".join(rest)
    if len(latin) >= _LATIN and latin.replace(" ", "").isalpha() and latin not in EVERYDAY and stem(latin) not in heads:
        yield latin


_MEASURED = ("数", "量", "额", "数量", "次数", "总数", "个数", "笔数", "件数", "金额", "总额", "分", "得分", "费", "费用")
_LINKED = frozenset("的了到和与及被")
_LONG = 8
_CLAUSE = re.compile("[的和没被]|对(?!账)|(?<!参)与|(?<!售)后|(?<![通超])过|有没有|得(?!分)|是否|怎么|情况|多少|每[个位次]")
"""Names that are phrases: their ends are no names."""
_LINKING = frozenset(("of", "per", "for", "in", "on", "to", "by", "with", "from", "and", "at", "a", "the"))
_PRICES = ("价格", "单价", "售价", "价钱")
_OF_PERSONS = ("人数", "户数")
_AVERAGED = ("平均", "总", "累计", "合计", "期末", "月均", "日均", "人均", "average", "avg", "mean", "total", "overall")
_GENERIC = frozenset((
    "人数", "次数", "数量", "金额", "总数", "总额", "总量", "个数", "比例", "占比", "时间", "时长", "天数", "比率", "频次", "增长率", "增长额", "平均", "费用", "情况", "单价",
    "得分", "单数", "笔数", "件数", "时数", "额度", "价格", "均价", "期间", "rate", "ratio", "share", "number", "count", "time", "score",
    "value", "total", "average", "amount", "volume", "percentage", "percent", "duration", "days", "hours", "level", "index", "size",
    "cost", "price", "person", "people",
))  # fmt: skip
"""Ends of names that say of what kind a figure is, not which one."""


_RESTRICTING = re.compile(
    "[撤取退未非无不失逾流新首再净拒延迟欠返复漏弃错缺空]|取消|重复|提前|超时|临时"
    "|^(?:new|net|gross|lost|late|first|non|un|re|over|under|repeat|active|overdue|early|extra|other)(?![a-z])|(?:ed|ing|less|able)$"
)
"""What restricts the figure it stands before, so that the rest of the name is another figure: 撤回授权数 is no 授权数, cancelled orders no orders."""


def short_metrics(book: Wordbook, builder: WordbookBuilder, catalogue: Catalogue) -> None:
    """Note which parts of names (`book.partial`) are short for one metric; a part that shortens several is short for the one that is asked by what is named."""
    ends: dict[Key, set[str]] = defaultdict(set)
    stems: dict[Key, set[str]] = defaultdict(set)
    inner: dict[Key, set[str]] = defaultdict(set)
    for metric, names in builder.names.items():
        label = normalise(catalogue.metrics[metric].label.en)
        for name in (name for name in names if not ASKS.search(name)):
            key = keys(name)
            chinese = has_chinese(name)
            if chinese and (len(key) > _LONG or _CLAUSE.search(name)):
                continue
            for start in range(1, len(key)):
                short, lead = key[start:], ("" if chinese else " ").join(key[:start])
                if lead in _AVERAGED:
                    stems[short if ("" if chinese else " ").join(short) not in _GENERIC else key].add(metric)
                elif _ends_name(book, key, start, chinese=chinese) and (chinese or normalise(name) == label):
                    ends[short].add(metric)
            said = "".join(key)
            for end in _MEASURED if chinese else ():
                if said.endswith(end) and len(said) - len(end) > 1 and not said.endswith(_OF_PERSONS):
                    stem_key = keys(said.removesuffix(end))
                    stems[stem_key].add(metric)
                    for start in range(1, len(stem_key) - 1):
                        inner[stem_key[start:]].add(metric)
    priced = {metric for metric, names in builder.names.items() if any(name.endswith("价") for name in names)}
    for price in _PRICES if len(priced) == 1 else ():
        if keys(price) not in book.entries:
            book.partial[keys(price)] = tuple(priced)  # 价格, where only 均价 is one
            ends[keys(price)] = priced
    if len(priced) == 1:
        book.partial_lengths = lengths_of(book.partial)
    for key in {*ends, *stems}:
        metrics = ends[key] | stems[key]
        linked = bool(key) and key[0] in _LINKED  # 的次数 of 撤回同意的次数 is of any metric
        if key not in book.partial or linked:
            continue
        if ends[key] and not stems[key]:
            metrics = metrics | inner.get(key, set())  # 会员 of 活跃会员, and of 到店会员数 as well
        if len(metrics) == 1:
            book.heads[key] = next(iter(metrics))
        else:
            book.ends[key] = tuple(sorted(metrics))


def _ends_name(book: Wordbook, key: Key, start: int, *, chinese: bool) -> bool:
    """Whether the end of a name may stand for it: cut between words, without what restricts it, and no count of something that has a name of its own."""
    short, before = key[start:], key[:start]
    if not chinese:
        return " ".join(short) not in _GENERIC and not {short[0], *before} & _LINKING and not any(map(_RESTRICTING.search, before)) and not short[-1].endswith("ed")
    said, lead = "".join(short), "".join(before)
    if len(short) < _LEAST or len(lead) < _LEAST or said in _GENERIC or _RESTRICTING.search(lead) or is_word(lead[-1] + said[0]):
        return False
    if said[-1] in "数量额":
        return False
    return not any(m.kind in ("value", "term") for size in range(_LEAST, len(short)) for m in book.entries.get(short[:size], ()))


__all__ = ["short_metrics", "short_values"]
