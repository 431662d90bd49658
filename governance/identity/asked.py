"""How questions name a person: behind a department or a hospital, by a nickname, by a rank at work, by a staff number, by the end of a telephone number.

Only questions are read so. In running text and in columns these forms mean other things too often (`recognizers.Screener.find(running=True)`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from governance.identity import name_odds, names
from governance.identity.first_names import FIRST_NAMES
from governance.identity.free_names import names_in_text
from governance.identity.latin_names import LATIN_THINGS

Span = tuple[int, int, float]

_HAN = r"\u3400-\u9fff"
_SURNAME = f"(?:{'|'.join(sorted(names.COMPOUND_SURNAMES))}|[{''.join(sorted(names.COMMON_SURNAMES))}常万])"
_TITLES = "副主任医师|主任医师|主治医师|住院医师|副主任|主任|副教授|教授|副院长|院长|医生|医师|大夫|护士长|博士|院士|老师|药师|主治"
_BEHIND = re.compile(rf"(?<=[科院部室所线组店站内外的])({_SURNAME})(?=(?:{_TITLES})(?![{_HAN}]?(?:成本|费用)))")
_NOT_BEHIND = frozenset(("院方", "部方", "的方", "的高", "院长", "的常", "的万", "所长"))
_BESIDE = re.compile(rf"(?<![{_HAN}])({_SURNAME})(?=(?:副主任医师|主任医师|主治医师|住院医师|医师|博士|药师|主治)(?![{_HAN}]?成本))")
_UNSURE_ALONE = frozenset("高何任方金江石白章程温常万")
_FIRST = rf"(?:^|(?<=[^{_HAN}])|(?<=[的和与跟问看查给把找叫下让请比])|(?<=代表)|(?<=同事)|(?<=经理)|(?<=帮我)|(?<=主管)|(?<=今天)|(?<=昨天)|(?<=华[东南北中西])|(?<=[东西][南北]))"
_LAST = (
    rf"(?=$|[^{_HAN}]|的|上个?[月周季]|本[月周季]|这个?[月周季]|去年|今年|昨天|今天|最近|近|负责|跑|是|在|有|和|与|跟|拜访|触达|达成|完成|打开|点击|业绩|销|手[上里]|名下|管|看|对比|"
    r"比|谁|呢|说|来|去|帮|没|不|也|都|已|打|反馈|请假|调班|值班|出差|休假|问|接|提|给|把|让|转|发|签|回|"
    r"第|[一二三四五六七八九十]+月|参|开|处|为什么|怎么|多少|几|团队|区域|片区|那边|这边|[上下]半年|上季度|本季度)"
)
_STANDS_FIRST = re.compile(_FIRST)
_NICKNAME = re.compile(rf"([老小阿][{''.join(sorted(names.COMMON_SURNAMES))}])(?:总|哥|姐|工)?{_LAST}")
_RANK = re.compile(rf"{_FIRST}({_SURNAME})(?:总监|总|经理|主管|姐|哥|局|处长|科长|书记|代表|专员){_LAST}")
_LED = re.compile("(?:经理|护士长|主管|总监|专员|业务员|销售员|主任|代表|同事)(?=[\u3400-\u9fff])")
_AFTER = re.compile(_LAST)
_ANYBODY = frozenset(("张三", "李四", "王五"))
_SOMEONE = re.compile(rf"({_SURNAME}某某?)(?=$|[^{_HAN}]|的|医|主任|教授|大夫|上|本|在|被)")
_SPOKEN_OF = re.compile(rf"[老小阿][{''.join(sorted(names.COMMON_SURNAMES))}]")
_WHEN = frozenset(("明天", "今天", "昨天", "后天", "下周", "上周", "本周", "下午", "上午", "晚上", "刚才", "刚刚", "现在", "最近", "周一", "周二", "周三", "周四", "周五"))
_HALF_LATIN = re.compile(rf"({_SURNAME}\s?[A-Za-z]{{2,8}})(?=\s?(?:{_TITLES}))")
_LATIN = re.compile(r"[A-Za-z]{2}")
_LATIN_HALF = re.compile(rf"(?<![A-Za-z])([A-Z][a-z]{{1,11}}\s?{_SURNAME})(?=\s?(?:{_TITLES})|$|[^{_HAN}])")
_FULL = 3
_BRANDS = frozenset("康安宁季开双优健力舒乐益达泰欣瑞诺恒同")
"""Surnames with which names of medicines like to begin: without a title they are no sign of a person."""
_TITLE = re.compile(_TITLES)
_THING_BEHIND = re.compile(r"(?:指数|系列|项目|计划|活动|大会|杯)")
_MINORITY = re.compile(rf"({'|'.join(sorted(names.MINORITY_PARTS, key=len, reverse=True))})(?=\s?(?:{_TITLES}))")
_DOTTED = re.compile(r"(?<![A-Za-z])(?i:Dr|Prof|Mr|Mrs|Ms|Doctor|Professor)\.\s?([A-Z][A-Za-z]{1,14})")
_STAFF = re.compile(
    r"(?:工号|员工编?号|职工号|工牌号?|(?:employee|staff|badge|personnel|emp)\.?\s?(?:id|no\.?|number|code))(?:\s|是|为|:|#)*[A-Za-z]{0,4}[\-_]?\d{2,12}"
    r"|(?:医生|医师|代表|客户|患者|病人|hcp|doctor|rep|patient|physician)[ _]?(?:编号|编码|代码|id|key|no\.?|number|code)(?:\s|是|为|:|#)*[A-Za-z]{0,6}[\-_]?\d{2,12}"
    r"|(?:医生|医师|代表|客户|患者|病人)\s?[A-Za-z]{1,4}[\-_]?\d{4,12}",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:手机|电话|身份证|证件|卡)号?码?(?:的)?(?:尾号|后四位|末四位|后4位|末尾)(?:\s|是|为|:)*\d{3,6}|(?:尾号|后四位|末四位)(?:\s|是|为|:)*\d{3,6}|1[3-9]\d[*xX•.…]{2,6}\d{3,4}"
    r"|(?:phone|mobile|card|id)\b.{0,16}\b(?:ending|ends)\s(?:in|with)\s\d{3,6}",
    re.IGNORECASE,
)


def spoken_of(text: str) -> Iterator[Span]:
    """Yield the nicknames of running text that somebody does something behind: 老孟答应, 小曹明天补签."""
    counts, doing = names.word_counts(), name_odds.doing_words()
    for match in _SPOKEN_OF.finditer(text):
        end = match.end()
        if text[end - 1 : end + 1] in counts or text[match.start() : end] in counts or not _STANDS_FIRST.match(text, match.start()):
            continue
        if text[end : end + 2] in doing or text[end : end + 2] in _WHEN:
            yield match.start(), end, 0.6


def nicknames(text: str) -> Iterator[Span]:
    """Yield the nicknames and half-Latin names of a folded text, in running text and in questions: 老韩, 小蒋, 王Lily, Jessica陈."""
    for match in _NICKNAME.finditer(text):
        if _STANDS_FIRST.match(text, match.start()):
            yield match.start(1), match.end(1), 0.6
    if _LATIN.search(text):
        for pattern in (_HALF_LATIN, _LATIN_HALF):
            for match in pattern.finditer(text):
                yield match.start(1), match.end(1), 0.6


_LED_BY = re.compile(rf"{_FIRST}({_SURNAME})(?:总|姐|哥|局|董){_LAST}")


def ranks(text: str) -> Iterator[Span]:
    """Yield surnames before the short ranks of running text: 裴总让合规先看."""
    for match in _LED_BY.finditer(text):
        if match[1] not in _UNSURE_ALONE and match[1] not in names.short_places():
            yield match.start(1), match.end(1), 0.6


def firm_names(text: str) -> Iterator[Span]:
    """Yield the names of a folded question that the reading of running text finds and that are long enough to be believed without a title, and surnames before a title."""
    for start, end, _ in names_in_text(text):
        if end - start >= _FULL and not _THING_BEHIND.match(text, end) and (text[start] not in _BRANDS or _TITLE.match(text, end)) and name_odds.is_usual(text[start:end]):
            yield start, end, 0.55


def asked_names(text: str) -> Iterator[Span]:
    """Yield the persons' names of a folded question that stand in one of the places of the module."""
    for match in _BEHIND.finditer(text):
        if text[match.start() - 1 : match.end()] not in _NOT_BEHIND:
            yield match.start(1), match.end(1), 0.7
    for match in _BESIDE.finditer(text):
        if match[1] not in _UNSURE_ALONE:
            yield match.start(1), match.end(1), 0.6
    yield from nicknames(text)
    yield from firm_names(text)
    for match in _RANK.finditer(text):
        if match[1] not in _UNSURE_ALONE:
            yield match.start(1), match.end(1), 0.6
    for match in _LED.finditer(text):
        for end in (match.end() + 3, match.end() + 2):
            word = text[match.end() : end]
            if (word in _ANYBODY or names.is_bare_name(word)) and _AFTER.match(text, end):
                yield match.end(), end, 0.7
                break
    for pattern in (_SOMEONE, _MINORITY):
        for match in pattern.finditer(text):
            yield match.start(1), match.end(1), 0.7
    for match in _DOTTED.finditer(text):
        if match[1].lower() not in LATIN_THINGS and (match[1][0].isupper() or match[1].lower() in names.PINYIN_SURNAMES | FIRST_NAMES) and not names.is_english(match[1]):
            yield match.start(1), match.end(1), 0.8


def asked_numbers(text: str) -> Iterator[Span]:
    """Yield staff numbers, persons' keys and the ends of telephone or card numbers of a folded question."""
    for pattern in (_STAFF, _TAIL):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), 0.9


def is_name(words: Sequence[str]) -> bool:
    """Return whether words that nobody knows, typed side by side, can be a person's name: 张伟 · Zhang Wei, WANG XIAOMING · John Smith.

    `words` are as they were typed, in order. One Chinese word, or one or two Latin ones; anything else is none.
    """
    if len(words) == 1:
        return _one(words[0])
    first, second = words[0], words[-1]
    if len(words) != len((first, second)) or not (first.isascii() and second.isascii() and first.isalpha() and second.isalpha()):
        return False
    if names.is_pinyin_name(first, second) or names.is_pinyin_name(second, first):
        return True
    return first.lower() in FIRST_NAMES and len(second) > 1 and first[0].isupper() == second[0].isupper()


@lru_cache(maxsize=4096)
def _one(word: str) -> bool:
    if word.isascii():
        return word[:1].isupper() and word.lower() in FIRST_NAMES
    return names.is_bare_name(word)
