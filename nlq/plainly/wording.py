"""Ways of wording that are put plainly before a sentence is read: talk of the office beside the question, `not only … but also`, `all but`.

Nothing of any field of business stands here. What is left out is only what consists of nothing else than such talk (老板下午开会要用, for my boss):
a clause in which one word is of another kind stays, and the scorer judges it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from nlq.words.numbers import chinese_value

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔毛邱秦史顾侯邵孟龙段雷钱汤尹黎易常武乔贺赖龚文"
_WHO = (
    r"(?:(?:我们|咱们|咱|我|公司|部门|大?区域?)?(?:的)?(?:老板|老大|领导|大领导|上级|总监|总经理|副总|主管|经理|客户经理|产品经理|同事|同学|小伙伴|老师|财务|总部|集团|管理层|高管|董事会|甲方)(?:们|那边|这边|那里)?"
    rf"|[{_SURNAMES}]总(?:监|经理)?)"
)
_DAY = r"(?:今天|明天|明早|后天|今晚|今早|等下|待会儿?|一会儿?|回头|马上|稍后|下周|下周[一二三四五六日天]|周[一二三四五六日天]|下班前|上班前|开会前|会前|饭前)?(?:上午|中午|下午|晚上|早上|傍晚|凌晨|晚些时候|一早)?(?:前|之前)?"
_OCCASION = (
    r"(?:开个?会|开周会|会议|例会|周会|月会|晨会|早会|评审会|复盘会|汇报会?|述职|答辩|出差|路演|汇报材料|材料|周报|月报|日报|季报|年报|报告|简报|ppt|幻灯片|演示|邮件|老板|领导)"
)
_NEED = r"(?:(?:在|正|就|又|还|都|也|突然|一直)*(?:要的?|要用|用的?|用到|要看|看|看看|看一下|问|问我|问到|问起|问一?下|催|催我|催了|想看|想看看|想知道|想了解|要求|让我?|叫我?|说|说要|说想看?|关心|等|等着|等着要|急着?要?|急用|急等|写|交|要交|发|要发|做|准备|开|参加|放|里要?放|里用|里要|需要|给|讲|汇报|吩咐|交代|交待)(?:的|了|着|一下|下)?)"
_TALK_ZH = (
    rf"(?:嗯|那个|就是|话说|对了|哦|啊|呃|哎)*{_DAY}{_WHO}{_DAY}{_NEED}{{1,3}}(?:呢|啊|呀|啦|了|的)?",
    rf"(?:我|我们|咱们)?{_DAY}(?:要|有个?|有|得|需要|在|去|准备)?{_DAY}(?:给{_WHO})?(?:写|做|交|发|开|参加|准备|用)?{_OCCASION}(?:里|上|中|用|需要|要用?|要?放|使用|里要?放|用的|要的|时要?用|给{_WHO}|给{_WHO}看)?(?:呢|啊|了)?",
    r"(?:这个|这|那个)?(?:数|数据|数字|指标|东西|事|事情)?(?:很|比较|有点|特别|非常|挺|超级?)(?:急|着急|重要|紧急|关键)(?:的|啊|呀|哦|了)?",
    r"(?:不好意思|打扰了?|打扰一下|不好意思打扰了?|抱歉|麻烦了?|麻烦你们?了?|辛苦啦?|辛苦你?了|拜托了?|感谢|多谢|谢谢你?了?|十分感谢|万分感谢|先谢谢了?|在吗|在不在|您好|你好|哈喽|嗨|hi|hello|亲|早上好|下午好|晚上好|早|大家好)",
    r"(?:有个|有一?个|问个|请教个?|请问个|我有个)?(?:小)?(?:问题|事情?|需求)(?:想)?(?:请教|问|咨询|麻烦)?(?:一下|下)?(?:你|您|大家)?",
    r"(?:我|我们)?(?:记得|印象中|听说|好像|感觉)(?:之前)?(?:看过|问过|查过|有过)?",
    r"(?:我)?(?:想|来|要)?(?:请教|问|咨询|打听|了解|确认|核实|对|核对)(?:一下|下)?(?:数据?|个数)?",
    r"(?:越快越好|尽快|谢谢|急|在线等|挺急的|十万火急|加急|不急|有空的时候|方便的话|可以的话|如果可以|如果方便|麻烦快点|快点|速度|速回|等回复)",
    r"(?:可以|可不可以|能不能|能|能否|是否可以|方便)(?:帮|麻烦你?|请你)?(?:我|我们)?(?:帮忙)?(?:查|看|拉|算|统计|找)?(?:一?下|个数)?(?:吗|么|嘛|不|呢)?",
)
_CLAUSE_ZH = re.compile(f"(?:{'|'.join(_TALK_ZH)})")
_BARE = re.compile("(?:我|我们|咱们)?(?:邮件|会议|报告|材料|演示|答辩|路演)(?:里|上|中)?(?:呢|啊|了|的)?")
"""An occasion and nothing else (，邮件): as likely a name of the bundle, which `nlq.asides` knows."""
_ASKED_BY = re.compile(rf"^(?:嗯|那个|就是|话说|对了|哦|啊)*{_DAY}{_WHO}{_DAY}(?:{_NEED}){{1,3}}(?=.{{3}})")
"""老板问今年的ROI: who wants to know, at the beginning of the question itself."""
_HAN = re.compile(r"[\u4e00-\u9fff]")

_BOSS = r"(?:boss|manager|director|vp|ceo|cfo|coo|lead|team lead|supervisor|head|colleague|client|customer|finance|management|leadership|hq|headquarters|board|team)"
_MEETING = r"(?:meeting|call|deck|slide|slides|presentation|report|weekly report|monthly report|standup|stand-up|board meeting|lunch|qbr|town hall|townhall|one-on-one|1:1|briefing|update|eod|end of day|cob|close of business|dinner|interview|offsite)"
_WHEN = r"(?:tomorrow(?:'s)?|today(?:'s)?|tonight(?:'s)?|this (?:morning|afternoon|evening)(?:'s)?|next week(?:'s)?|monday(?:'s)?|friday(?:'s)?|the|my|our|a|an|his|her|their)"
_TALK_EN = re.compile(
    rf"(?:\b(?:(?:for|before|ahead of|by|in time for|until)\s+(?:{_WHEN}\s+)+{_MEETING}|(?:before|by|until)\s+(?:eod|end of day|cob|close of business))\b(?:\s+(?:tomorrow|today|tonight|this (?:morning|afternoon|evening)))?"
    rf"|\b(?:(?:my|our|the|your)\s+)?{_BOSS}\s+(?:is |just |also |really )*(?:needs?|wants?|asked|asks|asking|would like|wants to|wanted|requested|is after|wants me to)(?:\s+(?:to (?:know|see|have|understand)|me|us|about|for|to))*\b(?!\s+of\b)"
    rf"|\b(?:because|since|as)\s+(?:my|our|the)\s+{_BOSS}\s+[a-z' ]{{0,20}}(?=[,.;!?]|$)"
    rf"|^(?:hey|hi|hello|dear)\s+(?:team|all|there|everyone|folks|guys|colleagues)\b"
    rf"|\b(?:this|it)\s+is\s+(?:very |really |quite |super )?urgent\b|\b(?:sorry to bother(?: you)?|sorry for (?:the )?(?:bother|trouble)|if you don't mind|when you (?:get a chance|have (?:a )?(?:time|minute|moment))|if possible|no rush|as soon as (?:possible|you can)|thanks in advance|many thanks(?!,)|much appreciated|appreciate it)\b"
    rf"|\bi(?:'m| am) (?:preparing|writing|working on|making|putting together)\s+(?:{_WHEN}\s+)*{_MEETING}\b(?:\s+(?:and|so))?(?:\s+i)?)",
)

_DEADLINE = re.compile(r"\b(?:before|by|until|for)\s+(?:lunch|noon|dinner|tomorrow|tonight)\b")
"""A deadline only beside other talk: before lunch in `my boss needs it`, an hour of the day in `touches before noon`."""
_NOT_ONLY_ZH = re.compile(r"不(?:仅仅|单单|光是|仅是|只是|单是|只|仅|光|单)(?:看|是|要|有|包括|包含|限于|统计|算|查)?(?=[^\s,]{1,12}[,、]?\s*(?:而且|并且|还|也|把|连|同时|再|另外))")
_NOT_ONLY_EN = re.compile(r"\bnot (?:only|just|merely|solely) (?P<a>[^,.;]{1,40}?),?\s+but(?: also)? ", re.IGNORECASE)
_ALL_BUT = re.compile(r"\b(?P<a>(?:all|every|each|any|everything|everyone|everywhere)(?:\s+[a-z'-]+){0,3}?)\s+but\s+(?!also\b|not\b|only\b)", re.IGNORECASE)
_PAIR = {"俩": "两个", "仨": "三个"}


_UNITS_EN = {"day": "天", "week": "周", "month": "个月", "quarter": "个季度", "year": "年"}
_UNITS_ZH = {"天": "days", "日": "days", "周": "weeks", "星期": "weeks", "礼拜": "weeks", "月": "months", "季": "quarters", "季度": "quarters", "年": "years"}
_MIXED = (
    (re.compile(r"(?P<w>(?:上+|这|本|当前?)(?:一?个)?)\s*(?P<u>week|month|quarter|year)(?![a-z])", re.IGNORECASE), "this"),
    (re.compile(r"(?P<w>(?:最近|过去|近)的?\s*(?:\d+|[一二两三四五六七八九十几]+)\s*个?)\s*(?P<u>day|week|month|quarter|year)s?(?![a-z])", re.IGNORECASE), "last"),
    (re.compile(r"(?<![a-z])(?P<w>last|past|previous|this|current)\s*(?P<n>\d+|[一二两三四五六七八九十]+)?\s*个?(?P<u>天|日|周|星期|礼拜|月|季度?|年)(?!初|末|底|度?[一二三四五六日])", re.IGNORECASE), "unit"),
    (re.compile(r"(?P<w>每个?|逐|各)\s*(?P<u>day|week|month|quarter|year)(?![a-z])", re.IGNORECASE), "each"),
)


def _one_language(text: str) -> str:
    """Put a time said in both languages into one: 上个 quarter, last 3个月, 近3 months."""
    for pattern, kind in _MIXED:
        text = pattern.sub(partial(_unmixed, kind=kind), text)
    return text


def _unmixed(match: re.Match[str], kind: str) -> str:
    said, unit = match["w"], match["u"].lower()
    if kind == "unit":
        number, plural = match["n"], _UNITS_ZH[unit]
        if number is None:
            return f" {said} {plural.removesuffix('s')} "
        value = int(number) if number.isdigit() else chinese_value(number)
        return f" {said} {int(value)} {plural} " if value else match.group()
    stem = _UNITS_EN[unit].removeprefix("个")
    if kind == "last":
        return f"{said.strip().removesuffix('个')}{_UNITS_EN[unit]}"
    return f"{said.strip().removesuffix('个')}{'个' if unit == 'month' and said[0] in '上这' else ''}{stem}"


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for mark in re.finditer(r"[,.;!?:~]+(?!\d)|\s*-{2,}\s*", text):
        yield at, mark.start()
        at = mark.end()
    yield at, len(text)


def plain(text: str) -> str:
    """Return normalised text (of any case) without talk of the office and with `not only` and `all but` put plainly.

    A text that is nothing but talk is returned as it is.
    """
    text = _one_language(text)
    lower = text.lower()
    kept = list(text)
    found = [(start, end) for start, end in _clauses(lower) if start < end and _talk(lower[start:end].strip())]
    found += [match.span() for match in _TALK_EN.finditer(lower)]
    found += [match.span() for match in [_ASKED_BY.match(lower)] if match is not None]
    if found:
        found += [match.span() for match in _DEADLINE.finditer(lower)]
    for start, end in found:
        kept[start:end] = " " * (end - start)
    rest = "".join(kept)
    if not re.search(r"\w", rest):
        rest = text
    rest = _NOT_ONLY_ZH.sub("", rest)
    rest = _NOT_ONLY_EN.sub(lambda match: f"{match['a']} and ", rest)
    rest = _ALL_BUT.sub(lambda match: f"{match['a']} except ", rest)
    for pair, said in _PAIR.items():
        rest = rest.replace(pair, said)
    return re.sub(r"^[\s,.;!?:~]+", "", re.sub(r" {2,}", " ", rest)).rstrip() if rest != text else text


def _talk(clause: str) -> bool:
    return bool(clause) and len(clause) <= 30 and _HAN.search(clause) is not None and _CLAUSE_ZH.fullmatch(clause) is not None and _BARE.fullmatch(clause) is None


__all__ = ["plain"]
