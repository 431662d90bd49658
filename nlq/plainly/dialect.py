"""Ways of speaking put into the standard language before a sentence is read: Cantonese in characters, northern 昨儿, the year so far."""

from __future__ import annotations

import re

from nlq.plainly.chinese import plainly
from nlq.plainly.conversing import conversed, heard
from nlq.plainly.idioms import idiomatic
from nlq.words.normalise import has_chinese

_CANTONESE = re.compile(r"[嘅唔冇嘢啲喺咗哋佢睇嚟俾畀嗰]|几多|边[个间啲]|而家|依家|琴日|寻日|今个|同埋|旧年")
"""What only Cantonese says; the rewriting below waits for one of these."""
_SPOKEN: tuple[tuple[str, str], ...] = (
    ("唔计(?:算|埋|入)?|唔算|唔包括?|唔包含|唔要|撇除|唔理", "不算"),
    ("有冇", "有没有"),
    ("冇", "没有"),
    ("唔系", "不是"),
    ("唔", "不"),
    ("几多(?:个|间)?", "多少"),
    ("边个", "哪个"),
    ("边间", "哪家"),
    ("边啲", "哪些"),
    ("边(?=省|市|区|州|类|种|款|条|位|度)", "哪个"),
    ("系(?=多少|哪|几|咩|乜|点)", "是"),
    ("点解", "为什么"),
    ("点样|点(?=啊|呀|呢)", "怎么样"),
    ("同埋", "和"),
    ("净系睇|净睇|净系", "只看"),
    ("睇下|睇睇|睇", "看"),
    ("俾我|畀我|俾|畀", "给我"),
    ("而家|依家", "现在"),
    ("[今呢]个(?=月|季|星期|礼拜)", "本"),
    ("今(?=个?(?:季|星期|礼拜))个?", "本"),
    ("琴日|寻日", "昨天"),
    ("旧年", "去年"),
    ("旧(?=月|季)", "上个"),
    ("嗰", "那"),
    ("乜嘢|咩", "什么"),
    ("嘢", "东西"),
    ("嘅", "的"),
    ("咗", "了"),
    ("喺", "在"),
    ("嚟", "来"),
    ("佢哋?", "他们"),
    ("哋", "们"),
    ("仲有", "还有"),
    ("仲要|仲", "还"),
    ("啲", ""),
    ("[喎㗎嘞咁]", ""),
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple((re.compile(said), standard) for said, standard in _SPOKEN)
_DAYS: dict[str, str] = {"昨": "昨天", "今": "今天", "前": "前天", "明": "明天"}
_NORTHERN = re.compile(r"(?<![目之以日先从空])(?P<day>[昨今前明])儿个?(?![童子科女])")
_CYCLE = re.compile(r"一(?:周|个?星期|个?礼拜|天|日|年)(?:里面?|之?中|当中|之?内)(?:的)?(?=周几|星期几|礼拜几|几点|几时|什么时[候段]|什么时间段?|哪个?(?:时段|钟点|小时|星期|周几|月|季度?)|哪一?天|几月)")
_WHICH_DAY = re.compile(r"一(?:周|个?星期|个?礼拜)(?:里面?|之?中|当中|之?内)的?哪一?天")
"""一周里哪天: which of the days of the week."""
_SO_FAR = re.compile(r"(?<![a-z])(?:for |in |over |during |across )?(?:the |this )(?P<u>year|quarter|month|week) (?:so far|thus far|up to now|until now|till now)(?![a-z])", re.IGNORECASE)
_MEASURES = "盒支瓶册本场笔件单台辆张套箱包批节堂间只条份例封部片粒颗户栋篇项道门座艘架头匹株杯趟回遍单"
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = (
    # 几盒, 几册: which measure word is of no matter. Not 第几, 十几, 近几, 哪几.
    (re.compile(r"几化(?:个|只)?(?=$|[^学工肥])"), "多少"),
    (re.compile(rf"(?<![第十百千万哪这那前后近好数每头末])几(?=[{_MEASURES}])"), "多少"),
    (re.compile(r"占(?:全部|总数|总体|整体|全体|总量|所有|集团|全集团|整个集团|公司|全公司|整个公司|大盘)的?(?:几成|百分之几|多少)"), "占多少"),
    # 一周一周地看, 一个月一个月列: unit by unit
    (re.compile(r"(?:一|逐)(?P<n>个?)(?P<u>天|日|周|星期|礼拜|月|季度?|年)(?:一|逐)(?P=n)(?P=u)(?:地|的|儿)?(?:列出来?|列|看|来看|展示|显示|排|数)?"), r"按\g<u>"),
    (re.compile(r"每?逢(?=(?:周|星期|礼拜)[一二三四五六日天末])"), ""),
    (re.compile(r"(?P<by>按[^,，、的看列]{1,8})列(?=$|[,，。？?!！])"), r"\g<by>列出"),
    (re.compile(r"我(?:手下|手底下|名下|带|管)的?(?=各|每|所有|全部|代表)"), "我区"),
    (re.compile(r"(?<![a-z])(?P<h>(?:first|second|last) (?:half|quarter)|third quarter|fourth quarter) of the year(?![a-z ]*(?:before|20))", re.IGNORECASE), r"\g<h> of this year"),
    # 谁增长快, 哪个大区涨得多: of those that are asked about, the one
    (re.compile(r"(?P<q>(?:哪|谁)[^,，]{0,14}?)(?P<v>增长|上涨|上升|提升|下降|下滑|下跌|减少|增加|涨|跌|降)得?(?:更|比较|较)?(?P<a>快|多|慢|少|猛)(?=$|[?？呢吗啊些,，。])"), r"\g<q>\g<v>最\g<a>"),
    # 同比为负的, growth负的: where it fell
    (re.compile(r"(?:(?P<m>同比|环比)(?:增长率?|增速|增幅)?|growth|增长率?|增速|增幅|涨幅|变化)(?:是|为|呈)?负(?:的|值|数)(?=$|[^责担面载债荷])", re.IGNORECASE), r"\g<m>下降的"),
    # 掉到90%以下, rose above 100%: where it arrived is a bound of the number itself, not of its change
    (re.compile(r"(?:下?[跌降掉]|下滑|滑落?|回?落|缩水?)(?:到|至|破)了?(?P<n>[^,，的以之]{1,10}?)(?:以下|之下|以内)"), r"低于\g<n>"),
    (re.compile(r"(?:上?[升涨]|增长?|提[升高]|攀升|爬升?|冲)(?:到|至)了?(?P<n>[^,，的以之]{1,10}?)(?:以上|之上)"), r"不低于\g<n>"),
    (re.compile(r"(?<![a-z])(?:rose|rises?|risen|climb(?:s|ed)?|went|go(?:es)?|gone|got|moved|jumped|increased|grew|pushed|edged) (?:above|past)(?= )", re.IGNORECASE), "above"),
    (re.compile(r"(?<![a-z])(?:f[ae]ll(?:s|en|ing)?|drop(?:s|ped|ping)?|slip(?:s|ped|ping)?|dip(?:s|ped|ping)?|s[aiu]nk(?:s|ing)?|slid(?:es?)?|go(?:es)?|went|gone|declin(?:e|es|ed)) (?:below|under|beneath)(?= )", re.IGNORECASE), "below"),
    (re.compile(r"(?<![a-z])for the very first time(?![a-z])", re.IGNORECASE), "for the first time"),
)
_TURNED = re.compile(r"^(?:那|那就|请|再)?(?:反过来|倒过来|反之)[,，、\s]+(?=.*(?:最|前|后|倒|top|bottom|worst|best|lowest|highest))", re.IGNORECASE)
"""反过来，最差的3个: what follows says what is meant."""
_SHOWN_BACK = (
    (re.compile(r"^(?P<a>.*?)(?:把|将)(?P<v>[^,]{1,20}?)(?:再|又|给|重新|都|也)*(?:加|放|算|补|添|找)(?:回来|回去|回|进来|进去)(?P<z>[吧呢了啊,.!。]*.*)$"), r"\g<a>加上\g<v>\g<z>"),
    (re.compile(r"^(?P<p>(?:请|那|那就|好的?|再|又|重新|,)*)(?:加|放|补|添)回(?:来|去)?(?=[^,])"), r"\g<p>加上"),
    (re.compile(r"^(?P<p>(?:请|那|那就|好的?|,)*)(?P<v>[^,，把将]{2,12}?)(?:再|又|还是|重新|也|都)*(?:加|放|算|补)(?:回来|回去)[吧呢了啊.!。]*$"), r"\g<p>加上\g<v>"),
    (re.compile(r"^(?P<p>(?:please |now |then |and |ok(?:ay)?,? )*)(?:put|bring|add|include|let|take|restore) (?P<v>[^,]{1,40}?) (?:back|again)(?: in(?:to it)?| on)?(?P<z>[ .!?]*(?:please|thanks)?[.!]*)$", re.IGNORECASE), r"\g<p>add \g<v>\g<z>"),
    (re.compile(r"^(?P<p>(?:please |now |then |and |ok(?:ay)?,? )*)(?:put|bring|add|take) back(?: in)? (?P<v>.{1,40})$", re.IGNORECASE), r"\g<p>add \g<v>"),
)
_RATHER = re.compile(
    r"^(?:不对|错了|搞错了|说错了|不是)[,，、\s]*(?:我)(?:说的|要的|问的|指的|想要的|想看的|想问的|要看的)(?:应该)?是(?=[^,，\s])|"
    r"^(?:不对|不是的?|错了|搞错了|说错了|不)[,，、]\s*(?:应该|我)?(?:说的|要的|问的|指的|想要的|想看的|想问的|要看的)?(?:应该)?(?:是|看|要)?(?=[^,，\s])"
    r"|^(?:no|nope|sorry|wrong|not that)[,，]\s*(?:sorry,? )?(?:i (?:mean|meant|want|wanted|asked for)|it should be|make it|make that|that should be|should be)?\s*(?=[a-z0-9])", re.IGNORECASE
)
"""不，是8月; no, I meant units: what follows takes the place of what was understood."""
"""把西北加回来, put Northwest back: what was left out is added again."""


def standard(text: str) -> str:
    """Return normalised text in the standard language; text that has none of these ways of speaking is returned as it is."""
    if _CANTONESE.search(text):
        for said, meant in _RULES:
            text = said.sub(meant, text)
    text = heard(text)
    text = _NORTHERN.sub(lambda match: _DAYS[match["day"]], text)
    text = _WHICH_DAY.sub("周几", text)
    text = _CYCLE.sub("", text)
    text = _SO_FAR.sub(lambda match: f"{match['u']} to date", text)
    for said, meant in _PLAIN:
        text = said.sub(meant, text)
    text = _TURNED.sub("", text)
    text = plainly(text)
    return idiomatic(text).strip()


def added_back(text: str) -> str:
    """Return a follow-up that takes something in again as one that adds it, and one that corrects the reading as one that replaces."""
    if (changed := conversed(text)) != text:
        return changed
    if (wrong := _RATHER.match(text)) is not None and wrong.end() < len(text):
        return ("换成" if has_chinese(text) else "switch to ") + text[wrong.end() :]
    for pattern, meant in _SHOWN_BACK:
        changed, count = pattern.subn(meant, text)
        if count:
            return changed
    return text


__all__ = ["added_back", "standard"]
