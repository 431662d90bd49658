"""What is said beside a question: who wants the number and for what (下午三点开会用), how it is asked for (麻烦顺手导一下), how it is to look.

The place decides with the word. A clause in which no name and no word of the language's shape stands, and nothing but such talk, is left out. Inside the clause
that asks, only its two ends are: from the beginning up to the last verb of asking, and what trails behind the question. A word that stands before a name, or is
bound to it by 的, may restrict it, and stays for the scorer to judge. Names of the bundle always win over talk.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from governance.terms import MetricQuery
from nlq.talk import (
    ALTERING,
    ASKING,
    CHANGING,
    CLOSED,
    CONTENT,
    CUE,
    DIRECT,
    FEELING,
    LINK,
    LOOKS,
    MANNERS,
    NAME,
    NEAR,
    NUMBER,
    OCCASION,
    PERIOD,
    PERSON,
    SOON,
    TIME,
    Talk,
    Word,
)
from nlq.words import talk as said
from nlq.words.dictionary import part_of_speech
from nlq.words.normalise import keys

_OWN_OCCASION = re.compile(r"(?:报|会|总结|小结|复盘|回顾|汇报|述职|ppt|幻灯片)$")
"""A word that alone before a question is what the number is for; 培训 and 检查 may be what was done."""
_TOLD = frozenset(said.TOLD.split())
_SCOPED = re.compile("的是|指|意思是|是说|负责|分管|主管|对接|主要做|只|仅|针对|限于|按|以.{1,6}为|含|包括|考虑|计入|算上|加上|里的|当中|口径|范围")
_TIMED = re.compile("期间|时段|当天|当日|之后|以后|以来|前后|会后")
_ASKED_CUES = frozenset("XxO-GgEsRKkPpLWUCcBhHlyw?")
"""Kinds of cues with which a clause would cut, rank, bound or ask."""
_IDIOMS = frozenset("ilc")
_SENT = re.compile(
    r"(?:帮忙|帮我|请|麻烦|再)*(?:发|传|转|抄送|推送|寄)[^\s,.;]{0,4}(?:到|至|给|去|进|在)(?:我们?|咱们?|他|她|领导|老板|大家)?的?(?:邮箱|邮件|企业微信|微信|企微|钉钉|飞书|群|手机|短信)群?(?:里面?|上|中)?(?:吧|一下|谢谢|哈|了)*(?=$|[\s,.;!?])"
    r"|(?:用|通过|走)?(?:邮件|企业微信|微信|企微|钉钉|飞书|短信)(?:上|里)?(?:发|传|推送)(?:一份)?(?:给)?我(?:们)?(?:吧|一下|哈)*(?=$|[\s,.;!?])"
    r"|(?:在)?(?:企业微信|微信|企微|钉钉|飞书|邮件|电话|工作群|群)(?:群)?(?:上|里面?|中)?(?:问|催|说|找|艾特|@|留言)(?:了)?(?:我们?|咱们?|一句|起|到)(?=[\s,.;:]|$)"
)
_NOW = re.compile("今[天日]|本[周月季年]|目前|至今|以来|最?近|过去|国庆|春节|(?<![a-z])(?:[ymq]td|last|this|since|past|today|yesterday)(?![a-z])")
_ASKS_WHETHER = ("没", "没有", "吗", "么", "吗?", "没有?", "没?")
_ABOUT = re.compile("(?:这|那|你们?|咱们?)?(?:个|些)?(?:的)?(?:数|数据|数字|口径|结果|统计|来源)+(?:是不是|是|还|应该)?(?:都|也)?(?:准|准确|对|靠谱|可靠|没变|变了|最新|没问题|没错|正确|全|完整|真)(?:的|了)?(?:吗|吧|么|呢|不|没)*")
_REPORTED = re.compile("(?:说|问|觉得|反映|记得|听说|以为|感觉|抱怨|提到|写着?|吐槽|质疑|担心|怀疑)[^,.;?!]+[,.;?!].")
_LABEL = re.compile(r"^\s*(?:(?:\d{1,2}|[一二三四五六七八九十])[.、)](?!\d)\s*|(?:q|问题?|提问|ask|question)\d*\s*[:.]\s*)", re.IGNORECASE)
_DONE_ONCE = ("一下", "下", "个", "一份", "一张", "一组", "一页")
_PURPOSE = frozenset(said.PURPOSE.split())
_JUDGED = re.compile(r"(?:挺|很|蛮|比较|有点|有些|特别|非常|相当|不太|不怎么|还)(?:高|低|好|差|多|少|大|小|不错|理想|快|慢|可以)的?$")
_WHETHER = re.compile(r"(?:的?(?:数据|数字|数|结果|统计))?(?:现在|目前|已经)?(?:能看到?|可以看到?|查得到|能查到?|有|出|出来|统计出来|算出来|跑出来|更新|更新好|统计好|算好|统计完|公布|发布)了?(?:没有?|吗|么|嘛)[?.!\s]*$")
"""出来了没有: whether the figure is there asks for it."""
_TALK = frozenset((PERSON, OCCASION, ASKING, FEELING, MANNERS, LOOKS, LINK, CLOSED, SOON))


class Asides(Talk):
    """Finds what is said beside one question (of any case), for one caller."""

    # ------------------------------------------------------------------ what is left out

    def clauses(self) -> list[tuple[int, int]]:
        """Return the spans of the clauses that are nothing but talk, where another clause is left; a past period in one is kept where no other is named.

        How the figure is to be sent (发到我邮箱), by what somebody asked for it (微信上问我) and whether it is there yet are left out inside clauses, too.
        """
        bounds = _bounds(self.text)
        found: list[tuple[int, int]] = [match.span() for match in _SENT.finditer(self.text)]
        if bounds and self.text.endswith(_ASKS_WHETHER):
            named = max((word.end for word in self.words(*bounds[-1]) if word.kind in (NAME, TIME)), default=bounds[-1][0])
            if (whether := _WHETHER.search(self.text, named)) is not None:
                found.append(whether.span())
        if len(bounds) < len(("talk", "question")):
            return found if _left(self.text, found) else []
        for start, end in bounds:
            words = self.words(start, end)
            if not _is_talk(words):
                continue
            period = next((word for word in words if word.kind == TIME), None)
            others = self.text[:start] + "," + self.text[end:]
            if period is None or PERIOD.search(others) or _NOW.search(others):
                found.append((start, end))
            else:
                found += [(start, period.start), (period.end, end)]
        return found if _left(self.text, found) else []

    def ends(self) -> list[tuple[int, int]]:
        """Return the spans of talk at the two ends of each clause that asks."""
        found = []
        bounds = _bounds(self.text)
        for start, end in bounds:
            words = self.words(start, end)
            if end != bounds[-1][1] and any(word.kind == FEELING for word in words) and (judged := _JUDGED.search(self.text[start:end])):
                found.append((start + judged.start(), end))
                words = [word for word in words if word.end <= start + judged.start()]
            asked = [index for index, word in enumerate(words) if word.kind not in _TALK]
            if not asked:
                continue
            before = _leading(words[: asked[0]], words[asked[0]])
            if len(before) > 1 and words[asked[0]].kind == CONTENT and before[-1].kind == PERSON and before[-2].text.endswith("一下"):
                before = before[:-1]  # 查一下我区各代表: whose it is stays beside it
            if before and (words[asked[0]].kind != CONTENT or words[asked[0]].text.isascii() or before[-1].text.endswith("一下")):
                found.append((before[0].start, before[-1].end))
            after = _trailing(words[asked[-1] + 1 :])
            if after and words[asked[-1]].kind != CONTENT:
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
            names += [word.text for word in words if word.kind == NAME and not (NEAR.fullmatch(word.text) and any(other.kind == OCCASION for other in words))]
            found.append((following, tuple(names)))
        return found

    def remarks(self) -> list[tuple[int, int]]:
        """Return the spans of the clauses behind the question that say what somebody feels about it, or ask whether it is right (感觉不太好, 这个数准吗)."""
        found = []
        for start, end in reversed(_bounds(self.text)[1:]):
            words = self.words(start, end)
            felt = any(word.kind == FEELING for word in words) and not any(word.kind in (NAME, TIME, NUMBER) for word in words) and self._tells(words)
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
        cues = {meaning.id for word in words if word.kind == CUE for meaning in self.book.entries.get(keys(word.text), ()) if meaning.kind == "cue"}
        if cues & _ASKED_CUES or any("最" in word.text or word.text in ALTERING for word in words):
            return False
        text = self.text[words[0].start : words[-1].end] if words else ""
        if _nominal(words) or _TIMED.search(text) or (any(word.kind in (CONTENT, NAME) for word in words) and _SCOPED.search(text)):
            return False  # 我说的是自费的, 我负责华东: what is meant, not what is told
        unknown = next((index for index, word in enumerate(words) if word.kind == CONTENT), 0)
        if any(word.kind == ASKING and word.text in DIRECT and word.text not in _TOLD for word in words[:unknown]):
            return False  # 我要看自费的
        spoken = any(word.kind in (PERSON, FEELING, OCCASION) or word.text in _TOLD for word in words)
        spoken = spoken or any(word.text == "一下" and before.kind == CONTENT and sum(each.kind == CONTENT for each in words) == 1 for before, word in itertools.pairwise(words))
        return spoken or bool(words and (words[-1].text in _PURPOSE or (len(words) == 1 and part_of_speech(words[0].text) in _IDIOMS)))

def _bounds(text: str) -> list[tuple[int, int]]:
    found, at = [], 0
    for mark in re.finditer(r"[,;!?~()]|[.:](?!\d)|(?<!\d)[.:]|\s-{1,2}\s", text):
        found.append((at, mark.start()))
        at = mark.end()
    found.append((at, len(text)))
    return [(start, end) for start, end in found if text[start:end].strip()]


def _nominal(words: Sequence[Word]) -> bool:
    """Whether a clause is a noun with what restricts it, or ends in 的 without saying what it is for: 离职的同事, 领导批的; not 开会用的, 我是新来的同事."""
    at = next((index for index in range(len(words) - 1, -1, -1) if "的" in words[index].text and words[index].kind in (LINK, NAME)), None)
    if at is None or words[0].text in ("为了", "因为", "由于") or any(word.text in ("是", "我是", "就是") for word in words[:at]):
        return False
    before, after = words[:at], words[at + 1 :]
    if before and ((not after and words[at].kind != NAME and before[-1].kind in (FEELING, MANNERS)) or (before[-1].text in _PURPOSE and any(word.kind in (PERSON, OCCASION) for word in before))):
        return False
    judged = len(before) > 1 and before[-2].kind in (CLOSED, LINK) and _JUDGED.search("".join(word.text for word in before)) is not None
    if words[at].kind == NAME or not after:
        return not judged
    if any(word.kind in (ASKING, FEELING) for word in after):
        return False  # 新来的同事问我
    return after[-1].kind in (NAME, PERSON, CONTENT) or (after[-1].kind == OCCASION and not any(word.kind == ASKING for word in before))


def _is_talk(words: Sequence[Word]) -> bool:
    """Whether a clause is nothing but talk, and says so by a person, an occasion, a verb of asking, a feeling, a manner or a look."""
    if _nominal(words):
        return False
    kinds = {word.kind for word in words}
    looks = LOOKS in kinds
    if not kinds <= _TALK | {TIME} | ({NUMBER} if looks else set()):
        return False
    if ASKING in kinds or FEELING in kinds or looks:
        return any(word.kind in (PERSON, OCCASION, FEELING, LOOKS) or (word.kind == ASKING and word.text in DIRECT) or word.text.endswith(_DONE_ONCE) for word in words)
    if OCCASION in kinds and not (kinds & {PERSON}):
        return any(word.kind == OCCASION and _OWN_OCCASION.search(word.text) for word in words) or (MANNERS in kinds and TIME not in kinds)
    return MANNERS in kinds and TIME not in kinds and all(word.text not in CHANGING for word in words)


def _leading(words: Sequence[Word], asked: Word) -> Sequence[Word]:
    """The words before what is asked that are only how it is asked for: up to the last verb of asking, or all of them before a time."""
    if words and asked.kind == TIME and all(word.kind == OCCASION and _OWN_OCCASION.search(word.text) for word in words):
        return words  # 周报上周各渠道触达次数
    if not any(word.kind in (ASKING, FEELING, MANNERS) for word in words):
        return ()
    if words and words[-1].text == "的":
        bound = len(words) > 1 and words[-2].text in _PURPOSE and any(word.kind in (PERSON, OCCASION) for word in words)
        return words if bound else ()
    if asked.text.startswith(("的", "过的", "了的", "到的")):
        return ()
    if asked.kind == TIME:
        return words[: max((index + 1 for index, word in enumerate(words) if word.kind != LINK), default=0)]
    for stop in range(len(words), 0, -1):
        word = words[stop - 1]
        once = word.text.endswith(_DONE_ONCE) and word.text not in ALTERING and (word.kind == ASKING or stop > 1)
        if word.text in DIRECT or (word.kind == ASKING and word.text.endswith("我")) or word.kind == FEELING or once or (word.kind == PERSON and stop > 1 and words[stop - 2].kind == ASKING):
            return words[:stop]
    return ()


def _trailing(words: Sequence[Word]) -> Sequence[Word]:
    """The words behind what is asked that are only how it is asked for or how it is to look."""
    if not any(word.kind in (ASKING, FEELING, MANNERS, LOOKS) for word in words) or words[0].kind in (PERSON, OCCASION, SOON, CLOSED):
        return ()
    if words[-1].text == "的" and (len(words) == 1 or words[-2].text not in _PURPOSE):
        return ()  # 触达次数确认的
    return words if len(words[0].text) > 1 or words[0].kind == LINK or words[0].text in DIRECT else ()


def _left(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether something of a question is left without these spans."""
    return bool(spans) and re.search(r"\w", without(text, spans)) is not None


def reports(text: str) -> bool:
    """Whether a clause before the question may report what somebody said or thinks."""
    return _REPORTED.search(text) is not None


def unlabelled(text: str) -> str:
    """Return a question without its place in a list: 1. 上个月触达率, Q: reach rate."""
    label = _LABEL.match(text)
    return text[label.end() :] if label is not None and label.end() < len(text) else text


_ADDRESSED = re.compile(r"^\s*(?:@[^\s,，:：]{1,12}[\s,，:：]+|(?:[额哥姐亲]|兄弟|各位|大佬)(?:[们啊呀])?[\s,，]+)+")


def unaddressed(raw: str) -> str:
    """Return a question as typed without whom it calls at its beginning: @数据组, 哥; only what a blank or a comma sets apart."""
    called = _ADDRESSED.match(raw)
    return raw[called.end() :] if called is not None and called.end() < len(raw) else raw


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text with these spans left out."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    rest = re.sub(r" {2,}", " ", "".join(kept))
    rest = re.sub(r"(?:\s*[,;:~]\s*)+(?=[,;:~.!?]|$)", "", rest)
    return re.sub(r"^[\s,.;!?:~]+", "", rest).rstrip()


__all__ = ["Asides", "reports", "unaddressed", "unlabelled", "without"]
