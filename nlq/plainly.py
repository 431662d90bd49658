"""Chinese turns of phrase put plainly before a sentence is read: a polite request, a bound said the other way round, a week before 一共.

Each rule keeps what a number can depend on; nothing of any field of business stands here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nlq.normalise import has_chinese

_ASKS = r"(?:请|麻烦)?(?:你|您)?(?:也|先|再|顺便|直接)?(?:帮忙|帮|给我|给咱|给大家|给老板|给领导|给出|给个|给份|给一|给下|给到|给各|把|将|用[^,，]{1,6}图|查|看|列|拉|算|统计|导|发|出个|出一|做个|做一|显示|展示|告诉|说说|说一|说下|提供|汇总|整理|按|分|画|排|跑一|跑个|调出|找|取)"
_WEEK = r"(?P<w>(?:上+|本|这|下)一?个?(?:周|星期|礼拜))"
_BEHIND = r"一(?=共|直(?![到至])|般|概|律|并|同|整(?:周|个星期)|起(?:来|再)?[看碰算给发列查开聊对讨定说做拉比跑用])"
_N = r"(?:百分之[零一二三四五六七八九十百点\d]+|[一二三四五六七八九两十百千万半\d.]+(?:%|成|折|万|亿|千|百|个百分点)?[^\s,，的以]{0,2}?)"
_LESS, _MORE = r"(?:低于|少于|小于|不足|不到|不满|没到|未到|达不到|没达到|未达到)", r"(?:高于|多于|大于|超过|超出|超)"
_OUT = r"(?:去掉|去除|剔除|剔掉|排除|排除掉|刨除|刨掉|扣除|扣掉|除去|过滤掉|筛掉|不要|不看|不算|拿掉|删掉)"
_QUARTERS = r"(?:q[1-4]|第?[一二三四1-4]季度?)"
_MONTHS = r"(?:1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月份?"

_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        # 能不能给我…: a request, no question whether something can be
        (rf"(?:你们?|您)?(?:能不能够?|可不可以|可以不可以)(?={_ASKS})", ""),
        # 上周一共: the week, and all of it; not its Monday
        (rf"{_WEEK}{_BEHIND}", r"\g<w> 一"),
        (r"(?P<w>(?:上+|本|这|下)一?个?(?:周|星期|礼拜))(?P<d>一)直(?=到|至)", r"\g<w> "),
        (r"(?P<w>这个?(?:月|季度|周|星期)|本(?:月|季度|周|年)|今年)到(?:今天|今日|现在|目前|当前)为?止", r"\g<w>至今"),
        (rf"(?P<m>{_MONTHS})以后(?!的?(?:第|[一二三四五六七八九十两\d]))", r"\g<m>以来"),
        (rf"(?P<l>{_QUARTERS}(?:[、,和与及]{_QUARTERS})+)(?:这)?[两二三四2-4]个?季度", r"\g<l>"),
        (r"(?P<y>去年|前年|今年|(?:19|20)\d\d年)的?(?:所有|全部)?(?:[四4]个季度|(?:12|十二)个月(?P<m>))", lambda match: match["y"] + ("各季度" if match["m"] is None else "各月")),
        (r"(?:连着|接连|连续)(?:看|列|展示)(?:一下)?(?:最?近|过去)?(?P<n>[一二两三四五六七八九十\d]+)个?(?P<u>季度|月|周|星期)", r"近\g<n>个\g<u>每\g<u>"),
        (r"每天的?(?=几点|哪个?(?:时段|时间段|小时|钟头|点)|什么(?:时候|时间|时段))|每(?:周|星期|个?礼拜)的?(?=(?:周|星期|礼拜)几|哪一?天)", ""),
        (r"按年(?=变动|增减|增长|升幅|跌幅|增幅|降幅|上升|下跌|下降)", "同比"),
        (r"(?<=[\d日号天月])[(（](?:均?含|含(?:首尾|当日|当天|两端|两头)?|包含|包括当天)[)）]", ""),  # 9月15日（含）: a day named as the last one is in
        # bounds
        (r"有没有(?=(?:超过|高于|低于|超出|大于|小于|多于|少于|不足|超|突破|跌破|破)了?[\d一二三四五六七八九十百千万亿半])", "是否"),
        (r"(?:有没有|是不是|是否|能不能)(?:做到|够到|达到|到|达)了?(?=[\d一二三四五六七八九十百千万亿半]+(?:%|成|折|个点|万|亿|千|百|$|[,，?？吗呢]))", "是否达到"),
        (r"(?:至少|起码|最少|最低)(?:要|得|能)?(?:达到|达|到|有)(?=\d)", "不低于"),
        (rf"{_OUT}(?P<m>[^,，。的]{{0,6}}?){_LESS}(?P<n>{_N})(?:以下)?的", r"\g<m>不低于\g<n>的"),
        (rf"{_OUT}(?P<m>[^,，。的]{{0,6}}?){_MORE}(?P<n>{_N})(?:以上)?的", r"\g<m>不超过\g<n>的"),
        (r"(?<=[^不])(?:是|为|变|转|成|降到|跌到|掉到)负(?:的|数|值)?(?![担责面荷增债])(?:了)?", "低于0"),
        (r"(?<=[^不])(?:是正的|为正(?:的|数|值)?(?=[,，。?？的吗]|$))", "高于0"),
        (r"翻(?:了)?一?(?:倍|番)(?:了)?(?!多少|几)", "增长不低于100%"),
        (r"既不(?:是|属于|在)(?P<a>[^,，]{1,8}?)[,，]?(?:也|又)不(?:是|属于|在)(?P<b>[^,，]{1,8}?)(?=的)", r"不是\g<a>和\g<b>"),
        (r"没有?(?:打上?|被)?(?P<a>[^,，没有]{2,8}?)(?:的)?(?:标记|标签|标识|标志)的", r"非\g<a>的"),
        (r"(?P<x>(?:不含|不包含|不包括|剔除|排除|去掉|扣除|不算|刨除|除了)[^,，的]{1,8}?(?:后|之后|之外|以外)?)的(?:全国|全公司|整体|大盘|全集团)(?=.)", r"\g<x>的"),
        # those of them, and how many of ten
        (r"[这那](?:帮|群|拨|伙)(?:子|人)?(?![我咱你您他她忙查看算拉找列统做出给])(?=[一-鿿])", ""),
        (r"有(?:几成|百分之几|多大比例|多少比例)(?:的人|的)?(?:被|给|让)(?:咱们?|我们)?(?P<v>[^,，。?？了过到]{2,4}?)(?:了|过|到)+", r"\g<v>比例"),
        # order and share
        (r"(?<![下上提增减涨跌回缩滑])[涨升增](?:了|得)?(?=最[多快猛狠凶大高少慢明厉])", "上升"),
        (r"(?<![下上提增减涨跌回缩滑])[跌降掉减](?:了|得)?(?=最[多快猛狠凶大高少慢明厉])", "下降"),
        (r"[由从](?P<a>[低高大小多少长短快慢])排?(?:列|序)?(?:到|至|往)(?P<b>[低高大小多少长短快慢])", r"从\g<a>到\g<b>"),
        (r"最(?:高|大|多|长|久|好|快|早)的?(?:排|放|列|摆)在?最?(?:前面|前头|上面|前)", "从高到低"),
        (r"最(?:低|小|少|短|慢|差)的?(?:排|放|列|摆)在?最?(?:前面|前头|上面|前)", "从低到高"),
        (r"(?P<a>占[^,，。?？]{1,14}?)的?(?:几成|百分之几|百分之多少|多大比重|多少比重)(?=$|[,，。?？呢啊吗呀])", r"\g<a>的比例"),
        (r"占(?:一|整|全)(?:周|个?星期|个?礼拜|天)(?=的?(?:比例|比重|份额|多少|几成|百分之几))", "占全部"),
        (r"(?<![周那这左右旁两北南东西海沿河江身])(?:有)?边(?=几?(?:个|间|位|家|款|种)(?!角))", "哪"),
    )
)
_BETWEEN = re.compile(r"(?:在|介于|处于)?(?P<a>\d[\d.]*)(?P<u>万|千|百|亿|%|％)?(?:到|至|~|-|和|与)(?P<b>\d[\d.]*)(?P<v>万|千|百|亿|%|％)?(?P<c>次|个|人|家|盒|元|块|分)?之间")
_YEARS = range(1900, 2100)
_YEAR_SAID = re.compile(r"去年|今年|前年|上一?年|(?:19|20)\d\d年")
_ONE_YEAR = re.compile(r"(?<![近去前上每头第这那哪逐几十百两三四五六七八九下隔同当某另过有])(?:一整|整一|一)年(?!前|内|来|以|级|半|度|期|之|多|比|又|[一二三四]?季|中|里)")


def _year(said: str) -> bool:
    return said.isdigit() and int(said) in _YEARS


def _bounded(match: re.Match[str]) -> str:
    """1000到2000之间: two bounds, where one of them looks like a year and the other can be none."""
    first, last = match["a"], match["b"]
    if match["u"] or match["v"] or (_year(first) == _year(last)):
        return match.group()
    unit = match["v"] or ""
    return f"不低于{match['a']}{match['u'] or unit}{match['c'] or ''}且不超过{match['b']}{unit}{match['c'] or ''}"


def plainly(text: str) -> str:
    """Return normalised text (of any case) with these turns put plainly; text that has none is returned as it is."""
    if not has_chinese(text):
        return text
    for said, meant in _RULES:
        text = said.sub(meant, text)
    if "之间" in text:
        text = _BETWEEN.sub(_bounded, text)
    if "年" in text and _YEAR_SAID.search(text):
        text = _ONE_YEAR.sub("", text)  # 一年花了多少, 去年: the year is the one that is named
    return text


__all__ = ["plainly"]
