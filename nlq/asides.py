"""What is said beside a question: who wants the number and for what (下午三点开会用), how it is asked for (麻烦顺手导一下), how it is to look.

The place decides with the word. A clause in which no name and no word of the language's shape stands, and nothing but such talk, is left out. Inside the clause
that asks, only its two ends are: from the beginning up to the last verb of asking, and what trails behind the question. A word that stands before a name, or is
bound to it by 的, may restrict it, and stays for the scorer to judge. Names of the bundle always win over talk.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from governance.terms import MetricQuery
from nlq import talk_words as said
from nlq.dictionary import part_of_speech
from nlq.lexicon import LexiconView
from nlq.normalise import Unit, keys, units
from nlq.words import FILLER

_LONGEST = 7
_NEAR = re.compile(
    r"(?:今天|明天|后天|大后天|今晚|明晚|今早|明早|一大早|一早|上午|中午|下午|晚上|早上|傍晚)|(?:下+个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天]|下+个?(?:周|星期|礼拜)|月底|年底|季度末"
    r"|(?:\d{1,2}|[一二两三四五六七八九十]{1,3})[点时](?:半|整|钟|一刻|三刻|\d{1,2}分?)?(?:前|之前|以前)?"
)
"""A time at which the number is wanted, where nothing but talk stands beside it."""
_PERIOD = re.compile(
    r"(?:上+个?|这个?|本|去|今|前)(?:一个?)?(?:周|星期|礼拜|月|季度?|年)(?:度)?|(?:\d{2,4}年)?\d{1,2}月份?|(?:\d{2,4}年)?q[1-4]|[一二三四]季度|(?:今年|去年)?[上下]半年|(?:最?近|过去)[一二两三四五六七八九十\d]+个?(?:天|周|月|季度|年)|昨天|前天|(?:19|20)\d\d年?"
)
_OWN_OCCASION = re.compile(r"(?:报|会|总结|小结|复盘|回顾|汇报|述职|ppt|幻灯片)$")
"""A word that alone before a question is what the number is for; 培训 and 检查 may be what was done."""
_DIRECT = frozenset(said.DIRECT.split())
_ASKS = frozenset("看查问说讲给帮请告想麻劳烦")
_OF_TERM = re.compile("(?:月度|季度|年度|半年度?|每周|每月|每日|每季度?|周|月|季|年|日|双周)(?:总结|小结|复盘|回顾|汇报|报告|会议?|例会|分析会?|材料|报表|通报|简报|述职|考核|盘点|评审)会?")
"""月度会, 季度复盘: an occasion, and no cut by month."""
_TOLD = frozenset(said.TOLD.split())
_SCOPED = re.compile("的是|指|意思是|是说|负责|分管|主管|对接|主要做|只|仅|针对|限于|按|以.{1,6}为|含|包括|考虑|计入|算上|加上|里的|当中|口径|范围")
_TIMED = re.compile("期间|时段|当天|当日|之后|以后|以来|前后|会后")
_ASKED_CUES = frozenset("XxO-GgEsRKkPpLWUCcBhHlyw?")
"""Kinds of cues with which a clause would cut, rank, bound or ask."""
_IDIOMS = frozenset("ilc")
_ABOUT = re.compile("(?:这|那|你们?|咱们?)?(?:个|些)?(?:的)?(?:数|数据|数字|口径|结果|统计|来源)+(?:是不是|是|还|应该)?(?:都|也)?(?:准|准确|对|靠谱|可靠|没变|变了|最新|没问题|没错|正确|全|完整|真)(?:的|了)?(?:吗|吧|么|呢|不|没)*")
_LABEL = re.compile(r"^\s*(?:(?:\d{1,2}|[一二三四五六七八九十])[.、)](?!\d)\s*|(?:q|问题?|提问|ask|question)\d*\s*[:.]\s*)", re.IGNORECASE)
_BEHIND = frozenset("给到进在了得着过")
_DONE_ONCE = ("一下", "下", "个", "一份", "一张", "一组", "一页")
_PURPOSE = frozenset(said.PURPOSE.split())
_JUDGED = re.compile(r"(?:挺|很|蛮|比较|有点|有些|特别|非常|相当|不太|不怎么|还)(?:高|低|好|差|多|少|大|小|不错|理想|快|慢|可以)的?$")
_WHETHER = re.compile(r"(?:的?(?:数据|数字|数|结果|统计))?(?:现在|目前|已经)?(?:有|出|出来|统计出来|算出来|跑出来|更新|更新好|统计好|算好|统计完|公布|发布)了?(?:没有?|吗|么|嘛)[?.!\s]*$")
"""出来了没有: whether the figure is there asks for it."""
_NAME, _CUE, _TIME, _SOON, _CONTENT, _NUMBER, _CLOSED, _LINK = "NQTtudhl"
_PERSON, _OCCASION, _ASKING, _FEELING, _MANNERS, _LOOKS = "POAFmL"
_CHANGING, _ALTERING = frozenset(said.CHANGING.split()), frozenset(said.ALTERING.split())
_LISTED = (
    (said.ASKING, _ASKING), (said.PERSONS, _PERSON), (said.OCCASIONS, _OCCASION), (said.FEELING, _FEELING), (said.LOOKS, _LOOKS), (said.MANNERS, _MANNERS), (said.LINKS, _LINK),
)  # fmt: skip
_KIND_OF = {word: kind for words, kind in reversed(_LISTED) for word in words.split()}
_TALK = frozenset((_PERSON, _OCCASION, _ASKING, _FEELING, _MANNERS, _LOOKS, _LINK, _CLOSED, _SOON))
_SURNAME = re.compile("[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔毛邱秦史顾侯邵孟龙段雷钱汤尹黎易常武乔贺赖龚文][总工姐哥]")


@dataclass(frozen=True, slots=True)
class Word:
    start: int
    end: int
    text: str
    kind: str


class Asides:
    """Finds what is said beside one question (of any case), for one caller."""

    def __init__(self, text: str, view: LexiconView) -> None:
        lower = text.lower()
        self.text, self.view = lower if len(lower) == len(text) else text, view
        self.book = view.lexicon.words

    # ------------------------------------------------------------------ what is left out

    def clauses(self) -> list[tuple[int, int]]:
        """Return the spans of the clauses that are nothing but talk, where another clause is left; a past period in one is kept where no other is named."""
        bounds = _bounds(self.text)
        if len(bounds) < len(("talk", "question")):
            return []
        found: list[tuple[int, int]] = []
        for start, end in bounds:
            words = self.words(start, end)
            if not _is_talk(words):
                continue
            period = next((word for word in words if word.kind == _TIME), None)
            if period is None or _PERIOD.search(self.text[:start] + "," + self.text[end:]):
                found.append((start, end))
            else:
                found += [(start, period.start), (period.end, end)]
        whole = sum(end - start for start, end in bounds)
        return found if sum(end - start for start, end in found) < whole else []

    def ends(self) -> list[tuple[int, int]]:
        """Return the spans of talk at the two ends of each clause that asks."""
        found = []
        bounds = _bounds(self.text)
        for start, end in bounds:
            words = self.words(start, end)
            named = max((word.end for word in words if word.kind in (_NAME, _TIME)), default=end)
            if whether := _WHETHER.search(self.text[named:end]):
                found.append((named + whether.start(), end))
                words = [word for word in words if word.end <= named + whether.start()]
            if end != bounds[-1][1] and any(word.kind == _FEELING for word in words) and (judged := _JUDGED.search(self.text[start:end])):
                found.append((start + judged.start(), end))
                words = [word for word in words if word.end <= start + judged.start()]
            asked = [index for index, word in enumerate(words) if word.kind not in _TALK]
            if not asked:
                continue
            before = _leading(words[: asked[0]], words[asked[0]])
            if before and words[asked[0]].kind != _CONTENT:
                found.append((before[0].start, before[-1].end))
            after = _trailing(words[asked[-1] + 1 :])
            if after and words[asked[-1]].kind != _CONTENT:
                found.append((after[0].start, after[-1].end))
        return [span for span in found if span[0] < span[1]]

    def told(self) -> list[tuple[int, tuple[str, ...]]]:
        """Return where the question may begin after clauses that only tell of it (领导说华北不行，我想确认一下，…), the shortest lead first, and what they name.

        A clause tells where somebody speaks, thinks, meets or is in it and nothing in it cuts, ranks, bounds, leaves out or asks. What it names has to stand
        in the question, too: `kept` judges that.
        """
        found: list[tuple[int, tuple[str, ...]]] = []
        names: list[str] = []
        bounds = _bounds(self.text)
        for (start, end), (following, _) in itertools.pairwise(bounds):
            words = self.words(start, end)
            if not (_is_talk(words) or self._tells(words)):
                break
            names += [word.text for word in words if word.kind == _NAME and not (_NEAR.fullmatch(word.text) and any(other.kind == _OCCASION for other in words))]
            found.append((following, tuple(names)))
        return found

    def remarks(self) -> list[tuple[int, int]]:
        """Return the spans of the clauses behind the question that say what somebody feels about it, or ask whether it is right (感觉不太好, 这个数准吗)."""
        found = []
        for start, end in reversed(_bounds(self.text)[1:]):
            words = self.words(start, end)
            felt = any(word.kind == _FEELING for word in words) and not any(word.kind in (_NAME, _TIME, _NUMBER) for word in words) and self._tells(words)
            if not (felt or _is_talk(words) or _ABOUT.fullmatch(self.text[start:end].strip())):
                break
            found.append((start, end))
        return found

    def kept(self, names: Sequence[str], query: MetricQuery, rest: str) -> bool:
        """Return whether every member that was named in the clauses left out stands in a query as well, or in the words that were read, so that none is lost."""
        filtered = {(item.dimension, value) for item in query.where for value in item.values} | {(item.dimension, value) for item in query.keep for value in item.values}
        metrics = self.view.lexicon.metrics
        askable = frozenset[str]().union(*(metrics[name].dimensions for name in query.metrics if name in metrics))
        for name in names:
            members = [meaning for meaning in self.book.entries.get(keys(name), ()) if meaning.kind == "term" or (meaning.kind == "value" and meaning.id in askable)]
            if members and name not in rest and not any(meaning.kind == "value" and ((meaning.id, meaning.value) in filtered or meaning.id in query.group_by) for meaning in members):
                return False
        return True

    def _tells(self, words: Sequence[Word]) -> bool:
        cues = {meaning.id for word in words if word.kind == _CUE for meaning in self.book.entries.get(keys(word.text), ()) if meaning.kind == "cue"}
        if cues & _ASKED_CUES or any("最" in word.text or word.text in _ALTERING for word in words):
            return False
        text = self.text[words[0].start : words[-1].end] if words else ""
        if _nominal(words) or _TIMED.search(text) or (any(word.kind in (_CONTENT, _NAME) for word in words) and _SCOPED.search(text)):
            return False  # 我说的是自费的, 我负责华东: what is meant, not what is told
        unknown = next((index for index, word in enumerate(words) if word.kind == _CONTENT), 0)
        if any(word.kind == _ASKING and word.text in _DIRECT and word.text not in _TOLD for word in words[:unknown]):
            return False  # 我要看自费的
        spoken = any(word.kind in (_PERSON, _FEELING, _OCCASION) or word.text in _TOLD or word.text.endswith("一下") for word in words)
        return spoken or bool(words and (words[-1].text in _PURPOSE or (len(words) == 1 and part_of_speech(words[0].text) in _IDIOMS)))

    # ------------------------------------------------------------------ words

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
        return [word if self._stands(found, index) else Word(word.start, word.end, word.text, _CONTENT) for index, word in enumerate(found)]

    @staticmethod
    def _stands(words: Sequence[Word], at: int) -> bool:
        """Whether a verb of one character has something of talk beside it, so that it is no part of an unknown word: 转给我, not 转介绍."""
        word = words[at]
        if word.kind != _ASKING or len(word.text) > 1 or word.text in _DIRECT:
            return True
        after = words[at + 1] if at + 1 < len(words) else None
        before = words[at - 1] if at else None
        if after is not None and (after.kind in (_PERSON, _OCCASION, _MANNERS, _LOOKS) or after.text in _BEHIND):
            return True
        return before is not None and before.kind in ((_PERSON, _OCCASION, _SOON) if after is not None else (_PERSON, _OCCASION, _SOON, _ASKING))

    def _options(self, pieces: Sequence[Unit], at: int, ends: dict[int, int]) -> list[tuple[float, Word | None, int]]:
        first = pieces[at]
        if first.kind == "p":
            return [(0.0, None, at + 1)]
        found: list[tuple[float, Word | None, int]] = []
        for pattern, kind in ((_NEAR, _SOON), (_PERIOD, _TIME)):
            match = pattern.match(self.text, first.start)
            if match is not None and match.end() in ends and match.end() <= pieces[-1].end:
                found.append((0.9, Word(*match.span(), match.group(), kind), ends[match.end()]))
        longest = max(self.book.lengths.get(first.key, (1,)), default=1)
        for size in range(1, min(max(_LONGEST, longest), len(pieces) - at) + 1):
            start, end = first.start, pieces[at + size - 1].end
            text = self.text[start:end]
            cost, kind = self._judged(text, tuple(piece.key for piece in pieces[at : at + size]), size)
            if kind:
                found.append((cost, Word(start, end, text, kind), at + size))
        if not found:
            found.append((2.0, Word(first.start, first.end, first.key, _NUMBER if first.kind == "n" else _CONTENT), at + 1))
        return found

    def _judged(self, text: str, key: tuple[str, ...], size: int) -> tuple[float, str]:
        meanings = self.book.entries.get(key, ())
        if any(meaning.kind != "cue" for meaning in meanings) or (size > 1 and (key in self.book.partial or key in self.book.gapped or key in self.book.bodies)):
            return (0.5 if size > 1 else 1.0), _NAME
        if (kind := _KIND_OF.get(text)) is not None:
            return 1.0, kind
        if _OF_TERM.fullmatch(text):
            return 1.0, _OCCASION
        if size == len(("姓", "称")) and _SURNAME.fullmatch(text):
            return 1.0, _PERSON
        if meanings:
            if any(meaning.id != FILLER for meaning in meanings):
                return 1.05, _CUE
            return 1.05, (_ASKING if text[0] in _ASKS and size > 1 else _LINK)
        tag = part_of_speech(text) if size <= 4 and not text.isascii() else ""
        if size > 1 and tag in said.HARMLESS_TAGS and text not in _CHANGING:
            return 1.1, _CLOSED
        if tag and size > 1:
            return 1.2, _CONTENT
        return (2.0, _CONTENT) if size == 1 else (0.0, "")


def _bounds(text: str) -> list[tuple[int, int]]:
    found, at = [], 0
    for mark in re.finditer(r"[,;!?~()]|[.:](?!\d)|(?<!\d)[.:]|\s-{1,2}\s|(?<=[\u4e00-\u9fff])\s+(?=[a-z\u4e00-\u9fff])", text):
        found.append((at, mark.start()))
        at = mark.end()
    found.append((at, len(text)))
    return [(start, end) for start, end in found if text[start:end].strip()]


def _nominal(words: Sequence[Word]) -> bool:
    """Whether a clause is a noun with what restricts it, or ends in 的 without saying what it is for: 离职的同事, 领导批的; not 开会用的, 我是新来的同事."""
    at = next((index for index in range(len(words) - 1, -1, -1) if "的" in words[index].text and words[index].kind in (_LINK, _NAME)), None)
    if at is None or any(word.text in ("是", "我是", "就是") for word in words[:at]):
        return False
    before, after = words[:at], words[at + 1 :]
    if before and ((not after and before[-1].kind in (_FEELING, _MANNERS)) or (before[-1].text in _PURPOSE and any(word.kind in (_PERSON, _OCCASION) for word in before))):
        return False
    judged = len(before) > 1 and before[-2].kind in (_CLOSED, _LINK) and _JUDGED.search("".join(word.text for word in before)) is not None
    if words[at].kind == _NAME or not after:
        return not judged
    return after[-1].kind in (_NAME, _PERSON, _CONTENT, _OCCASION)


def _is_talk(words: Sequence[Word]) -> bool:
    """Whether a clause is nothing but talk, and says so by a person, an occasion, a verb of asking, a feeling, a manner or a look."""
    if _nominal(words):
        return False
    kinds = {word.kind for word in words}
    looks = _LOOKS in kinds
    if not kinds <= _TALK | {_TIME} | ({_NUMBER} if looks else set()):
        return False
    if _ASKING in kinds or _FEELING in kinds or looks:
        return any(word.kind in (_PERSON, _OCCASION, _FEELING, _LOOKS) or (word.kind == _ASKING and word.text in _DIRECT) or word.text.endswith(_DONE_ONCE) for word in words)
    if _OCCASION in kinds and not (kinds & {_PERSON}):
        return any(word.kind == _OCCASION and _OWN_OCCASION.search(word.text) for word in words) or (_MANNERS in kinds and _TIME not in kinds)
    return _MANNERS in kinds and _TIME not in kinds and all(word.text not in _CHANGING for word in words)


def _leading(words: Sequence[Word], asked: Word) -> Sequence[Word]:
    """The words before what is asked that are only how it is asked for: up to the last verb of asking, or all of them before a time."""
    if words and asked.kind == _TIME and all(word.kind == _OCCASION and _OWN_OCCASION.search(word.text) for word in words):
        return words  # 周报上周各渠道触达次数
    if not any(word.kind in (_ASKING, _FEELING, _MANNERS) for word in words):
        return ()
    if words and words[-1].text == "的":
        bound = len(words) > 1 and words[-2].text in _PURPOSE and any(word.kind in (_PERSON, _OCCASION) for word in words)
        return words if bound else ()
    if asked.kind == _TIME:
        return words
    for stop in range(len(words), 0, -1):
        word = words[stop - 1]
        once = word.text.endswith(_DONE_ONCE) and word.text not in _ALTERING and (word.kind == _ASKING or stop > 1)
        if word.text in _DIRECT or (word.kind == _ASKING and word.text.endswith("我")) or word.kind == _FEELING or once or (word.kind == _PERSON and stop > 1 and words[stop - 2].kind == _ASKING):
            return words[:stop]
    return ()


def _trailing(words: Sequence[Word]) -> Sequence[Word]:
    """The words behind what is asked that are only how it is asked for or how it is to look."""
    if not any(word.kind in (_ASKING, _FEELING, _MANNERS, _LOOKS) for word in words) or words[0].kind in (_PERSON, _OCCASION, _SOON, _CLOSED):
        return ()
    if words[-1].text == "的" and (len(words) == 1 or words[-2].text not in _PURPOSE):
        return ()  # 触达次数确认的
    return words if len(words[0].text) > 1 or words[0].kind == _LINK or words[0].text in _DIRECT else ()


def unlabelled(text: str) -> str:
    """Return a question without its place in a list: 1. 上个月触达率, Q: reach rate."""
    label = _LABEL.match(text)
    return text[label.end() :] if label is not None and label.end() < len(text) else text


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text with these spans left out."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    rest = re.sub(r" {2,}", " ", "".join(kept))
    rest = re.sub(r"(?:\s*[,;:~]\s*)+(?=[,;:~.!?]|$)", "", rest)
    return re.sub(r"^[\s,.;!?:~]+", "", rest).rstrip()


__all__ = ["Asides", "Word", "unlabelled", "without"]
