"""A clause cut into words with what each is beside a question: a name of the bundle, a word of the language, talk of who wants the number and how, or unknown.

Names of the bundle always win over talk. The closed parts of speech come from jieba's dictionary, the rest from `nlq.words.talk`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlq.lexicon.lexicon import LexiconView
from nlq.words import talk as said
from nlq.words.dictionary import part_of_speech
from nlq.words.grammar import FILLER
from nlq.words.normalise import Unit, units

NAME, CUE, TIME, SOON, CONTENT, NUMBER, CLOSED, LINK = "NQTtudhl"
PERSON, OCCASION, ASKING, FEELING, MANNERS, LOOKS = "POAFmL"
"""What a word is."""
_LONGEST = 7
NEAR = re.compile(
    r"(?:昨晚|前晚|昨天[上下]午|今天|明天|后天|大后天|今晚|明晚|今早|明早|一大早|一早|上午|中午|下午|晚上|早上|傍晚)|(?:下+个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天]|下+个?(?:周|星期|礼拜)|月底|年底|季度末"
    r"|(?:\d{1,2}|[一二两三四五六七八九十]{1,3})[点时](?:半|整|钟|一刻|三刻|\d{1,2}分?)?(?:前|之前|以前)?"
)
"""A time at which the number is wanted, where nothing but talk stands beside it."""
PERIOD = re.compile(
    r"(?:上+个?|这个?|本|去|今|前)(?:一个?)?(?:周|星期|礼拜|月|季度?|年)(?:度)?|(?:\d{2,4}年)?(?:\d{1,2}|十[一二]?|[一二三四五六七八九])月份?|(?:\d{2,4}年)?q[1-4]|[一二三四]季度|(?:今年|去年)?[上下]半年|(?:最?近|过去)[一二两三四五六七八九十\d]+个?(?:天|周|月|季度|年)|昨天|前天|(?:19|20)\d\d年?"
)
DIRECT = frozenset(said.DIRECT.split())
_ASKS = frozenset("看查问说讲给帮请告想麻劳烦")
_OF_TERM = re.compile("(?:月度|季度|年度|半年度?|每周|每月|每日|每季度?|周|月|季|年|日|双周)(?:总结|小结|复盘|回顾|汇报|报告|会议?|例会|分析会?|材料|报表|通报|简报|述职|考核|盘点|评审)会?")
"""月度会, 季度复盘: an occasion, and no cut by month."""
_PAGE = re.compile("第[一二三四五六七八九十\\d]{1,3}(?:页|张|章|部分)")
_COMPLEMENTS = ("完", "好", "到", "起", "起来", "出来", "过来", "下来", "清楚", "明白", "一遍", "两眼", "几眼")
_REQUESTER = re.compile("[\u4e00-\u9fff]{1,5}?(?:方|部|部门|局|委|司|处|组|办|中心|团队|公司|机构|协会|领导|老师|同事|经理|总监|主管|主任|秘书|助理|同学)(?:那边|这边|们)?(?=(?:要求|让|叫|请|催|需要|想要|想看|要看|问|说|来问|来要|在催|在问|急着|等着|要我))")
"""Who asks, at the beginning of a clause, by a noun that no list has: 合作方要求, 审计组让."""
_BEHIND = frozenset("给到进在了得着过")
_POINTING, _POINTED = ("这", "那"), frozenset("个月周季年天日些次几两三四半")
CHANGING, ALTERING = frozenset(said.CHANGING.split()), frozenset(said.ALTERING.split())
_LISTED = (
    (said.ASKING, ASKING), (said.PERSONS, PERSON), (said.OCCASIONS, OCCASION), (said.FEELING, FEELING), (said.LOOKS, LOOKS), (said.MANNERS, MANNERS), (said.LINKS, LINK),
)  # fmt: skip
_KIND_OF = {word: kind for words, kind in reversed(_LISTED) for word in words.split()}
_SURNAME = re.compile("[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔毛邱秦史顾侯邵孟龙段雷钱汤尹黎易常武乔贺赖龚文][总工姐哥]")


@dataclass(frozen=True, slots=True)
class Word:
    start: int
    end: int
    text: str
    kind: str


class Talk:
    """The words of one text (of any case), for one caller."""

    def __init__(self, text: str, view: LexiconView, *, loose: bool = False) -> None:
        lower = text.lower()
        self.text, self.view = lower if len(lower) == len(text) else text, view
        self.book = view.lexicon.words
        self.loose = loose
        """An occasion that is also a name (业绩回顾) is an occasion."""

    def words(self, start: int, end: int) -> list[Word]:
        """Cut a clause into the fewest words: names of the bundle first, then talk, the language's own words, ordinary words, single characters."""
        pieces = [Unit(unit.key, unit.start + start, unit.end + start, unit.kind) for unit in units(self.text[start:end])]
        count = len(pieces)
        ends = {piece.end: index + 1 for index, piece in enumerate(pieces)}
        best: list[tuple[float, Word | None, int]] = [(0.0, None, count)] * (count + 1)
        for at in range(count - 1, -1, -1):
            options = self._options(pieces, at, ends)
            best[at] = min(((cost + best[stop][0], word, stop) for cost, word, stop in options), key=lambda option: option[0])
        found: list[Word] = []
        at = 0
        while at < count:
            _, word, stop = best[at]
            if word is not None:
                found.append(word)
            at = stop
        return [word if self._stands(found, index) else Word(word.start, word.end, word.text, CONTENT) for index, word in enumerate(found)]

    @staticmethod
    def _stands(words: Sequence[Word], at: int) -> bool:
        """Whether a verb of one character has something of talk beside it, so that it is no part of an unknown word: 转给我, not 转介绍."""
        word = words[at]
        if word.kind != ASKING or len(word.text) > 1 or word.text in DIRECT:
            return True
        after = words[at + 1] if at + 1 < len(words) else None
        before = words[at - 1] if at else None
        if after is not None and (after.kind in (PERSON, OCCASION, MANNERS, LOOKS) or after.text in _BEHIND):
            return True
        return before is not None and before.kind in ((PERSON, OCCASION, SOON) if after is not None else (PERSON, OCCASION, SOON, ASKING))

    def _options(self, pieces: Sequence[Unit], at: int, ends: dict[int, int]) -> list[tuple[float, Word | None, int]]:
        first = pieces[at]
        if first.kind == "p":
            return [(0.0, None, at + 1)]
        found: list[tuple[float, Word | None, int]] = []
        for pattern, kind in ((NEAR, SOON), (PERIOD, TIME)):
            match = pattern.match(self.text, first.start)
            if match is not None and match.end() in ends and match.end() <= pieces[-1].end:
                found.append((0.9, Word(*match.span(), match.group(), kind), ends[match.end()]))
        if at == 0 and (asked := _REQUESTER.match(self.text, first.start)) is not None and asked.end() in ends:
            found.append((1.0, Word(*asked.span(), asked.group(), PERSON), ends[asked.end()]))
        longest = max(self.book.lengths.get(first.key, (1,)), default=1)
        for size in range(1, min(max(_LONGEST, longest), len(pieces) - at) + 1):
            start, end = first.start, pieces[at + size - 1].end
            text = self.text[start:end]
            cost, kind = self._judged(text, tuple(piece.key for piece in pieces[at : at + size]), size)
            if kind == PERSON and text.endswith(_POINTING) and self.text[end : end + 1] in _POINTED:
                continue  # 我这个月: this month, and not `my side`
            if kind:
                found.append((cost, Word(start, end, text, kind), at + size))
        if not found:
            found.append((2.0, Word(first.start, first.end, first.key, NUMBER if first.kind == "n" else CONTENT), at + 1))
        return found

    def _judged(self, text: str, key: tuple[str, ...], size: int) -> tuple[float, str]:
        meanings = self.book.entries.get(key, ())
        if self.loose and _KIND_OF.get(text) == OCCASION:
            return 0.4, OCCASION
        if any(meaning.kind != "cue" for meaning in meanings) or (size > 1 and (key in self.book.partial or key in self.book.gapped or key in self.book.bodies)):
            return (0.5 if size > 1 else 1.0), NAME
        if (kind := _KIND_OF.get(text)) is not None:
            return 1.0, kind
        if _OF_TERM.fullmatch(text) or _PAGE.fullmatch(text):
            return 1.0, OCCASION
        if size == len(("姓", "称")) and _SURNAME.fullmatch(text):
            return 1.0, PERSON
        if meanings:
            if any(meaning.id != FILLER for meaning in meanings):
                return 1.05, CUE
            return 1.05, (ASKING if text[0] in _ASKS and size > 1 else LINK)
        tag = part_of_speech(text) if size <= 4 and not text.isascii() else ""
        if size > 1 and tag in said.HARMLESS_TAGS and text not in CHANGING and text[0] not in "每各哪某几多该本任其":
            return 1.1, CLOSED
        if size > 2 and any(text.endswith(end) and _KIND_OF.get(text.removesuffix(end)) == ASKING for end in _COMPLEMENTS):
            return 1.0, ASKING
        if tag and size > 1:
            return 2.1, CONTENT  # two words of talk are likelier: 汇报 and 工作
        return (2.0, CONTENT) if size == 1 else (0.0, "")


__all__ = ["ALTERING", "ASKING", "CHANGING", "CLOSED", "CONTENT", "CUE", "DIRECT", "FEELING", "LINK", "LOOKS", "MANNERS", "NAME", "NEAR", "NUMBER", "OCCASION", "PERIOD", "PERSON", "SOON", "TIME", "Talk", "Word"]
