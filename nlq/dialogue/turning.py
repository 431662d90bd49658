"""Whole sentences that turn the last answer itself: its order about, its number of rows, its rows into one."""

from __future__ import annotations

import re
from dataclasses import replace

from governance.terms import Comparison, MetricQuery
from nlq.words.numbers import chinese_value

_ZH, _END_ZH = r"^(?:请|麻烦|那|那就|好的?|嗯|给我|帮我|再|还是|把|将|它|顺序|排序|结果|名次|,)*", r"(?:一下|一遍|下|来|看|看看|吧|呢|了|啊|好了|就好|就行|[.!。,\s])*$"
_EN, _END_EN = r"^(?:please |ok(?:ay)?,? |now |then |and |can you |could you |just |actually,? )*", r"(?: please| thanks| instead| now)*[.!?\s]*$"
_ABOUT = re.compile(
    rf"{_ZH}(?:反过来|倒过来|反着|倒着|倒序|逆序|反序|反向|颠倒|调转|掉个头|调个头|换个方向|反转)(?:过来)?(?:再|给我)?(?:排序|排列|排|显示|列|看|顺序|方向)?(?:一下|一遍)?{_END_ZH}"
    rf"|{_EN}(?:(?:reverse|flip|invert|turn around|switch) (?:the |this |that |its )?(?:order|ordering|sort|sorting|sort order|ranking|list|direction)(?: around)?|(?:the )?other way (?:a)?round|(?:sort |show |list |order )?(?:it |them |that )?(?:in (?:the )?(?:reverse|opposite)(?: order| direction)?)|sort (?:it |them )?the other way(?: (?:a)?round)?|reverse(?:d)? (?:order|sort|sorting)){_END_EN}"
)
_N = r"(?P<n>\d{1,3}|[一二两三四五六七八九十]{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)"
_ROWS = re.compile(
    rf"{_ZH}(?:改成?|换成?|变成?|要|看|只要|只看|列|列出|显示|展示|取|来|增加到|减少到|扩大到|缩小到|放宽到|改为|换为|只留|留)(?:成|为|到)?(?:前|排前)?{_N}(?:个|名|家|位|款|种|条|行|项)?{_END_ZH}"
    rf"|{_EN}(?:make (?:it|that|them)|show(?: me)?|give me|list|let's see|i want|i'd like|change (?:it|that) to|extend (?:it|that) to|expand (?:it|that) to|limit (?:it|that) to|cut (?:it|that) to|only|just)(?: the)?(?: top| first| best)? {_N.replace('?P<n>', '?P<m>')}(?: of them| rows| of those)?{_END_EN}"
)
_WHOLE = re.compile(
    rf"{_ZH}(?:不要?|别|不再|不用|无需|取消|去掉|去除|不做)(?:再)?(?:做|任何)?(?:分组|拆分|细分|分类|拆|分)(?:开|开来|维度|看)?(?:了|吧)?(?:[,，\s]*(?:直接|只|就|给我|我要|要|看|合起来|合并|加起来|汇总)*(?:看|要|给)?(?:一个)?(?:总数|总计|合计|总的|总量|总值|整体|总和|合计数|汇总|总体|全部|一个数|总共多少|一共多少)?)?{_END_ZH}"
    rf"|{_EN}(?:(?:no|without|drop|remove|lose|skip|undo|cancel|forget) (?:the |any )?(?:grouping|groups|breakdown|split|cuts?)|(?:ungroup|un-group)(?: (?:it|them|that))?|(?:don't|do not|not|no longer) (?:group|split|break)(?:ed|it|ting)?(?: (?:it|them|that))?(?: down| up)?|stop (?:grouping|splitting))(?:[,.]? (?:and |just |only |show |give me |i want )*(?:the )?(?:grand |overall )?(?:total|overall|sum|whole)(?: figure| number| only)?)?{_END_EN}"
)
_ALL = re.compile(
    rf"{_EN}(?:(?:show|list|give|display|see|let me see|let's see|i want|include)(?: me| us)? )?(?:all|every one|everything|the (?:full|whole|complete|entire) (?:list|table|ranking))(?: of (?:them|those|these)| (?:the |those )?rows| the others)?{_END_EN}"
    rf"|{_ZH}(?:全部|所有的?|全|都)(?:给我)?(?:列出来?|显示出?来?|展示出?来?|列一下|列)(?:看看)?{_END_ZH}"
)
"""Show all of them, after the one or the ten that were highest."""
_WORDS = {word: index for index, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))} | {"twelve": 12, "fifteen": 15, "twenty": 20}


MOST = 20
_PLACES = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "runner-up": 2, "runner up": 2}
_NTH = re.compile(
    rf"{_ZH}(?:那)?(?:排)?第(?P<z>[二三四五六七八九十2-9])(?:名|位|个|多|高|大|低|少)?(?:的)?(?:是|呢|是谁|是哪个|是哪家|是多少|哪个|谁){_END_ZH}|{_ZH}第(?P<z2>[二三四五])名{_END_ZH}"
    rf"|{_EN}(?:and |what about |how about |who(?:'s| is) |which is )?(?:the )?(?P<e>second|third|fourth|fifth|2nd|3rd|4th|5th|runner-?up|runner up)(?: (?:one|place|best|highest|lowest|worst|largest|biggest))?{_END_EN}"
)
"""第二名呢, second?, after the first: down to that place."""
_WHICH_ONES = re.compile(
    rf"{_ZH}(?:都|具体)?(?:是|有)?(?:哪些|哪几个|哪几家|哪些个|哪几种|哪几款|都有谁|有谁)(?:呢|啊)?{_END_ZH}|{_EN}(?:and )?(?:which (?:ones?|of them)?|which|what are they|who are they|name them|list them|show them)(?: are (?:they|those|these|there))?{_END_EN}"
)
"""Which ones, after how many: the rows that were counted."""
_UNCUT = re.compile(
    rf"{_EN}(?:drop|remove|lose|forget|undo|skip|without|no|not|no more|take off|take away) (?:the |that |by )?(?:daily|weekly|monthly|quarterly|yearly|day|week|month|quarter|year)(?:s|ly)?(?: (?:split|breakdown|view|cut|grain|column))?{_END_EN}"
    rf"|{_ZH}(?:不要?|别|不再|去掉|取消|不用)(?:再)?(?:分|按|看)?(?:每)?(?:天|日|周|月|季度?|年)(?:度)?(?:拆|分|看|的|拆分|维度)?{_END_ZH}"
)
"""Drop the monthly: no unit of time, and no decline."""
_LIMIT = r"(?:threshold|门槛|阈值|门限|界限|上限|下限|cut-?off|bound|达标线|标准线)"
_UNBOUND = re.compile(rf"{_ZH}(?:去掉|去除|取消|删掉|删除|移除|拿掉|不要|清除|撤掉|解除|放开)(?:这个?|那个?|刚才的?)?{_LIMIT}{_END_ZH}|{_ZH}(?:这个?|那个?)?{_LIMIT}(?:去掉|取消|不要|拿掉|放开|不限){_END_ZH}|{_EN}(?:remove|drop|clear|lift|cancel|without|no|lose|forget|ignore) (?:the |that |this |any )?{_LIMIT}{_END_EN}")
_OPPOSITE = re.compile(
    rf"{_ZH}(?:反过来|反之|倒过来|相反)(?:看|呢|的)?(?:[,，]\s*(?:那|那些)?(?:高|低|多|少|好|差|大|小|达标|没达标|不达标|以上|以下|超过|没超过|达到|没达到)(?:的|于这个数的|于的|了的)?(?:有哪些|有谁|是哪些|呢|有几个|有多少|列出来)?)?{_END_ZH}"
    rf"|{_EN}(?:and )?(?:the (?:other way (?:a)?round|opposite|reverse|others? side|converse)|conversely|vice versa){_END_EN}"
)
_FLIPPED: dict[Comparison, Comparison] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
"""反过来，高的有哪些, after those below a bound: the others."""


def turned(text: str, context: MetricQuery) -> MetricQuery | None:
    """Return the query before, turned as a whole sentence says; None for any other sentence, and where there is nothing to turn."""
    if context.order and _ABOUT.match(text):
        return replace(context, order=tuple(replace(item, direction="asc" if item.direction == "desc" else "desc") for item in context.order))
    if context.order and context.limit is not None and (match := _NTH.match(text)):
        place = _PLACES.get(match["e"] or "") or _count(match["z"] or match["z2"] or "")
        return replace(context, limit=place) if 1 < place <= MOST else None
    if (context.group_by or context.grain) and _WHICH_ONES.match(text):
        return context
    if context.limit is not None and not context.having and (match := _ROWS.match(text)):
        count = _count(match["n"] or match["m"])
        return replace(context, limit=count) if count else None
    if context.limit is not None and not context.having and _ALL.match(text):
        return replace(context, limit=None)
    if context.grain is not None and _UNCUT.match(text):
        return replace(context, grain=None, order=tuple(item for item in context.order if item.by != "period"))
    if context.having and _UNBOUND.match(text):
        return replace(context, having=())
    if len(context.having) == 1 and _OPPOSITE.match(text):
        bound = context.having[0]
        return replace(context, having=(replace(bound, op=_FLIPPED[bound.op]),)) if bound.op in _FLIPPED else None
    if (context.group_by or context.grain) and _WHOLE.match(text):
        return replace(context, group_by=(), grain=None, order=(), limit=None, share=False, having=(), keep=())
    return None


def _count(said: str) -> int:
    if said.isdigit():
        return int(said)
    return _WORDS.get(said) or int(chinese_value(said) or 0)


__all__ = ["turned"]
