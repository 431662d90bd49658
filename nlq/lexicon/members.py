"""Words for the members of dimensions: labels, synonyms, short values beside their dimension, hours and weekdays, live members."""

from __future__ import annotations

from collections.abc import Iterable

from nlq.lexicon.entries import Catalogue, DimensionInfo, Meaning
from nlq.lexicon.wordbook import Key, WordbookBuilder
from nlq.words.grammar import FILLER
from nlq.words.normalise import has_chinese, keys

_LETTER_CLASSES = "类级型档"


def _is_weak(key: Key, builder: WordbookBuilder) -> bool:
    if len(key) != 1:
        return False
    only = key[0]
    if len(only) == 1 or only.isdigit():
        return True
    return any(meaning.kind == "cue" and meaning.id != FILLER for meaning in builder.entries.get(key, ()))


def value_words(builder: WordbookBuilder, catalogue: Catalogue, name: str, info: DimensionInfo) -> None:
    """Add the words for one dimension's members; pseudonyms of persons have none."""
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
    for phrase in _ASKED_BY_PART.get(info.part or "", ()):
        builder.add(phrase, Meaning("dimension", name, rank=1))
    if info.part == "hour":
        for item in dimension.values:
            for phrase in _hours(int(item.value)):
                builder.add(phrase, Meaning("value", name, item.value, rank=1))
    if info.part == "hour" and not dimension.values:
        for hour in range(_HOURS):
            for phrase in _hours(hour):
                builder.add(phrase, Meaning("value", name, hour, rank=1))
    if info.part == "weekday":
        for item in sorted(dimension.values, key=lambda item: item.rank or 0) if len(dimension.values) == len(_WEEK) else ():
            for phrase in _WEEK[(item.rank or 1) - 1].split("|"):
                if (item.rank or 0) in range(1, len(_WEEK) + 1):
                    builder.add(phrase, Meaning("value", name, item.value, rank=1))
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


_ASKED_BY_PART = {
    "hour": ("几点", "几点钟", "几时", "哪个钟点", "哪个小时", "哪个时段", "什么时间段", "什么时段", "一天里几点", "一天中几点", "what time", "what time of day", "what hour", "which hour", "which hour of the day", "at what time"),
    "weekday": ("周几", "星期几", "礼拜几", "哪个星期几", "what day of the week", "which day of the week", "what weekday", "which weekday"),
}
"""Questions that ask for one of a clock's hours or a week's days."""
_HOURS = 24
_WEEK = (
    "周一|星期一|礼拜一|monday", "周二|星期二|礼拜二|tuesday", "周三|星期三|礼拜三|wednesday", "周四|星期四|礼拜四|thursday", "周五|星期五|礼拜五|friday",
    "周六|星期六|礼拜六|saturday", "周日|星期日|星期天|礼拜天|礼拜日|周天|sunday",
)  # fmt: skip
_WORKDAYS = ("工作日", "平日", "working day", "business day", "workday")
_WEEKENDS = ("周末", "weekend")


def _hours(hour: int) -> tuple[str, ...]:
    half, suffix = hour % 12 or 12, "am" if hour < 12 else "pm"
    parts = ("凌晨",) if hour < 6 else ("早上", "上午") if hour < 12 else ("中午", "下午") if hour < 18 else ("晚上",)
    said = tuple(f"{part}{shown}点" for part in parts for shown in {hour, half})
    return (*said, f"{hour}点", f"{hour}点钟", f"{hour}时", f"{hour}:00", f"{half} {suffix}", f"{half}{suffix}")


def _suffixed(builder: WordbookBuilder, label: str, phrase: str, meaning: Meaning) -> None:
    """Administrative names are said with and without their ending."""
    for ending in ("省", "市"):
        if ending in label and has_chinese(phrase):
            other = phrase.removesuffix(ending) if phrase.endswith(ending) else f"{phrase}{ending}"
            if len(other) >= 2:
                builder.add(other, Meaning("value", meaning.id, meaning.value, rank=1, open=meaning.open))


_LABEL_ENDINGS = ("等级", "级别", "类型", "类别", "分级", "分类", "程度", "水平", "档次", "层级")


def _beside_dimension(builder: WordbookBuilder, zh: str, en: str, synonyms: Iterable[str], phrase: str, meaning: Meaning) -> None:
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
