"""Names that are written by their sound: with a middle dot (艾力·买买提, 约翰·史密斯, 冯·艾米), in the parts that Uygur, Tibetan and Mongolian names have, or before a title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from governance.identity import names

Span = tuple[int, int, float]

_HAN = r"\u3400-\u9fff"
_DOT = re.compile(rf"(?<=[{_HAN}])[·.](?=[{_HAN}])")
_LONGEST, _SHORTEST, _PAIR = 10, 3, 2
_OFTEN, _SELDOM = 3, 20
_TITLED = re.compile("|".join(sorted(names.PERSONAL_TITLES | {"医师", "博士", "护士", "患者", "病人"}, key=len, reverse=True)))
_PART_WORDS = frozenset(names.MINORITY_PARTS)
_PARTS = "|".join(sorted(names.MINORITY_PARTS, key=len, reverse=True))
_MINORITY = re.compile(rf"(?:{_PARTS})(?:[· ]?(?:{_PARTS})){{1,3}}")
_PART_TITLED = re.compile(rf"(?<![{_HAN}])(?:{_PARTS})(?=\s?(?:{'|'.join(names.PERSONAL_TITLES)}))")
_OF_SENTENCES = frozenset("的了和与跟及同向由在是有将被把让请对为给从到见访问说也都已等这那其该本各每")
_DRUG = re.compile(r"(?:汀|坦|净|肽|抗|唑|洛尔|普利|替尼|沙班|他定|西林|霉素|米松|泊|胺|啶|酮|酯|素|平片|胶囊)$")
_LEFT_EDGE = frozenset("的了和与跟及同向由在是将被把让请对为给从到见访问说约找院科室者员生")
"""What may stand directly before a name that is written by its sound."""


@lru_cache(maxsize=1)
def foreign_words() -> frozenset[str]:
    """Names and places of foreign languages in jieba's dictionary."""
    return frozenset(re.findall(r"\n(\S{2,8}) \d+ nrt(?=\n)", names.dictionary()))


@lru_cache(maxsize=1)
def sounds() -> frozenset[str]:
    """The characters that such names are written with: those of the dictionary's foreign names and of our list of parts."""
    counts = Counter(char for word in foreign_words() if len(word) >= _SHORTEST for char in set(word))
    own = frozenset("".join(names.MINORITY_PARTS)) | frozenset("依古孜吾尕呷惹铁铭措姆措桑琼吉曲拥强巴仓珍增旦江央金阿甲木沙马日果尔古伍牛乃什")
    return (own | {char for char, count in counts.items() if count >= _OFTEN}) - _OF_SENTENCES


def _is_thing(word: str) -> bool:
    """Whether a word of two characters and more is in the dictionary as something that bears no name."""
    return len(word) >= _PAIR and names.word_counts().get(word, 0) > _SELDOM and word not in names.named_words() and word not in foreign_words() and word not in _PART_WORDS


def sounded_names(text: str) -> Iterator[Span]:
    """Names written by their sound in a folded text."""
    yield from _dotted(text)
    for pattern in (_MINORITY, _PART_TITLED):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), 0.85
    yield from _before_titles(text)


def _dotted(text: str) -> Iterator[Span]:
    last = 0
    for dot in _DOT.finditer(text):
        if dot.start() < last:
            continue
        start = _left(text, dot.start(), last)
        end = _right(text, dot.end())
        parts = [text[start : dot.start()], text[dot.end() : end]]
        while end < len(text) and text[end] in "·." and (further := _right(text, end + 1)) > end + (text[end] == "."):
            parts.append(text[end + 1 : further])
            end = further
        if all(parts) and not any(map(_is_thing, parts)) and _is_dotted(parts, text, start):
            last = end
            yield start, end, 0.9


def _is_dotted(parts: list[str], text: str, start: int) -> bool:
    if len(parts[0]) == 1:
        return parts[0] in names.SURNAMES and not re.match(rf"[{_HAN}\d]", text[start - 1 : start] or " ") and len(parts[1]) >= _PAIR
    return len(parts[-1]) >= _PAIR or len(parts) > _PAIR


def _left(text: str, at: int, floor: int) -> int:
    """Where the part before a dot begins: as far as its characters are those of sounds, and no further than the run of them."""
    known = sounds()
    start = at
    while start > floor and at - start < _LONGEST:
        part = next((length for length in range(6, 1, -1) if start - length >= floor and text[start - length : start] in _PART_WORDS), 0)
        if not part and text[start - 1] not in known:
            break
        start -= part or 1
    # What stands before a name may be written with such characters too: 医生, 主任, 拜访.
    if text[start:at] not in foreign_words() and text[start:at] not in _PART_WORDS:
        start = max((stop for stop in range(start + _PAIR, at - 1) if _is_thing(text[start:stop])), default=start)
    if start == at and text[at - 1] in names.SURNAMES:
        return at - 1
    before = re.search(rf"(?:^|[^{_HAN}])([{_HAN}]{{2,5}})$", text[max(floor, at - _LONGEST) : at])
    if before is not None and start > at - len(before[1]) and not any(_is_thing(before[1][:stop]) for stop in range(_PAIR, len(before[1]))):
        return at - len(before[1])
    return start


def _right(text: str, at: int) -> int:
    """Where the part behind a dot ends."""
    known = sounds()
    title = _TITLED.search(text, at + 1, at + _LONGEST)
    if title is not None and re.fullmatch(rf"[{_HAN}]+", text[at : title.start()]):
        return title.start()
    end = at
    while end < len(text) and end - at < _LONGEST and not (end > at + 1 and _TITLED.match(text, end)):
        ahead = (text[end : end + length] for length in range(6, 1, -1))
        part = next((len(word) for word in ahead if word in _PART_WORDS or word in foreign_words()), 0)
        if not part and text[end] not in known:
            break
        end += part or 1
    return end


def _before_titles(text: str) -> Iterator[Span]:
    known = sounds()
    for title in _TITLED.finditer(text):
        end = title.start()
        start = end
        while start > 0 and end - start < _LONGEST and text[start - 1] in known:
            start -= 1
        whole = text[start:end]
        if any(whole[at:] in foreign_words() for at in range(len(whole) - _PAIR)):
            at = next(at for at in range(len(whole)) if whole[at:] in foreign_words())
            yield start + at, end, 0.7
        elif len(whole) >= _SHORTEST and not _DRUG.search(whole) and _stands_alone(text, start) and not _holds_word(whole):
            yield start, end, 0.6


def _stands_alone(text: str, start: int) -> bool:
    return start == 0 or not re.match(rf"[{_HAN}]", text[start - 1]) or text[start - 1] in _LEFT_EDGE


def _holds_word(whole: str) -> bool:
    return any(_is_thing(whole[at : at + length]) for length in (2, 3, 4) for at in range(len(whole) - length + 1))
