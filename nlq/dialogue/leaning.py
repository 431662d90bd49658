"""Whether a sentence leans on the question before it, and the words that say how: adds, replaces, goes deeper, goes back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from governance.terms import Grain, MetricQuery
from nlq.draft import Column, Draft, Threshold
from nlq.lexicon.lexicon import LexiconView
from nlq.matching import Token
from nlq.words.grammar import DIMENSION, FILLER, METRIC, NUMBER, VALUE

ADDS = re.compile(r"(?:也|都)(?:一起|一并)?(?:加上|加进来|加|看|算上|要|列|来|带上|放)|(?:一起|一并)(?:看|列|加)|加进来|它们|他们|她们|这些|这几个|\b(?:their|them|these|those)\b|^(?:也|还|同时|一并|顺便|另外)(?:想|要)?(?:看|加|给|列)|^(?:那|请|那就)?(?:再|还|也|同时|另外)*(?:加上|加|外加|包括|包含|算上|补上|带上|还有)|^(?:also|and also|add|include|plus|as well as|together with)\b|\b(?:too|as well)[.!? ]*$")
DEEPER = re.compile(r"^(?:那|请|然后)?(?:再|进一步|继续|同时|还要?)|细分|拆到|下钻|^(?:then|further|also|additionally|and also)\b|drill")
FRESH = re.compile(r"多少|几|怎么|如何|哪|how many|how much|which|what was|what is|what were")
STRONG = re.compile(r"^现在(?:只|仅|按|分|换|改|看|加|去|再|就)|^(?:那|那么|换|改|再|接着|如果|同样)|换成|改成|改为|换为|改看|换看|what about|how about|instead|switch|change (?:it )?to|^(?:and|now|then|same|ok(?:ay)?)\b")
REPLACES = re.compile(r"换成|改成|改为|换为|替换|instead of|replace|swap|switch|change .* to")
WHOLE_YEAR = re.compile(r"全年|整年|whole year|full year|entire year")
DROPS = re.compile(r"去掉|去除|删掉|删除|移除|拿掉|不要|不看|剔除|除|drop|remove|exclud|without|leave out|hide|omit")
AGAINST = re.compile(r"对比|比较|对照|(?<![a-z])(?:vs|versus|pk|against|compared? (?:it |that |this )?(?:with|to)|alongside|next to)(?![a-z])")
"""Beside one member alone: it is shown beside the one asked before."""
EVERY = re.compile(r"各|每个|每一个|每家|所有|全部|(?<![a-z])(?:each|every|all)(?![a-z])")
OTHERS = re.compile(r"(?:其他|其它|其余|别的)(?!(?:的|条件|都|全|也|保持)*不变)|剩下|剩余|the others?|others|other |the rest")
THAT_ONE = re.compile(r"它(?!们)|该(?!月|周|季|年|日|期)|[这那](?:一?个|家|款|位|种|里|边)(?!月|周|季|年|星期|礼拜|指标|数)|(?<![a-z])(?:its?|there|(?:that|this)(?= (?!month|week|quarter|year|day|time|is|was|one more)))(?![a-z])")
"""Beside a new metric, after a ranking: of the one that was found, so that the ranking stays and the metric is shown beside it."""
NOW_FIRST = re.compile(
    r"^(?:(?:and|so|ok(?:ay)?|then|well|那么?|好的?)[\s,]*)?(?:now(?![a-z])[\s,]*(?!$|[?.!\s]|(?:what (?:is|was|are|were)|what's|how (?:many|much|is|are)|vs|versus|compared?|against|and|or|to|than|until|minus)(?![a-z]))"
    r"|(?:now\s*|现在)(?:请|麻烦|帮我|给我|我想|我要|想|就|再|把|都|来|,)*(?=[只仅单按依分换改看加去拆排取要展显细不除剔限切]|each |by |only ))"
)
"""`now` before what is to be done next (now weekly, 现在只看华东): it begins a change and names no time."""
NOW_LAST = re.compile(r"(?<=[a-z])[\s,]+now[.!\s]*$(?<!right now)")
CHANGES = re.compile(r"^(?:please |then |and |ok(?:ay)? )*(?:switch|change|make|break|split|group|sort|add|drop|remove|exclude|clear|replace|by|only|just)(?![a-z])")
"""An order to change something, at whose end `now` names no time either: switch to South now."""
EARLIER = re.compile(r"(?:再|更)(?:之前|往前|以前|早)的?(?:那|上)?(?:一个?|个)?(?P<z>月|周|星期|季度|年|天)(?:的)?|再上(?:一个?|个)?(?P<z2>月|周|星期|季度|年)(?:的)?|(?:再)?往前(?:推)?(?P<n>\d+|[一二两三四五六七八九十])?个?(?P<u>月|周|星期|季度|年|天)|the (?P<e>month|week|quarter|year|day) before(?: that)?(?! last)")
EARLIER_UNITS: dict[str, Grain] = {"月": "month", "周": "week", "星期": "week", "季度": "quarter", "年": "year", "天": "day", "mo": "month", "we": "week", "qu": "quarter", "ye": "year", "da": "day"}


_TOTAL = re.compile(r"(?<![a-z])(?:total|sum|combined|added up|put together|altogether)(?![a-z])|合计|总共|总和|一共|加起来|合起来|加总")


def side_by_side(text: str, context: MetricQuery, before: MetricQuery) -> MetricQuery | None:
    """Return the last two questions as one, for 两个对比, compare the two: where they differ in one thing, a member, the period or the metric. Else None."""
    if not _TWO.search(text) and not (_COMPARE.match(text) and context != before):
        return _told_apart(text, context, before)
    if replace(context, where=before.where) == before:
        ours, theirs = ([item for item in mine.where if item not in other.where] for mine, other in ((context, before), (before, context)))
        if len(ours) == len(theirs) == 1 and ours[0].dimension == theirs[0].dimension and ours[0].op == theirs[0].op == "in":
            both = replace(ours[0], values=tuple(dict.fromkeys((*theirs[0].values, *ours[0].values))))
            where = tuple(both if item == ours[0] else item for item in context.where)
            if _TOTAL.search(text):
                return replace(context, where=where)  # the total of both
            return replace(context, where=where, group_by=tuple(dict.fromkeys((*context.group_by, both.dimension))))
    if _TOTAL.search(text):
        return None
    if context.period is not None and before.period is not None and replace(context, period=before.period) == before and context.compare is None:
        later, earlier = (context.period, before.period) if context.period.start >= before.period.start else (before.period, context.period)
        return replace(context, period=later, compare=earlier)
    if replace(context, metrics=before.metrics) == before and not (context.order or context.having):
        return replace(context, metrics=tuple(dict.fromkeys((*before.metrics, *context.metrics))))
    return None


def _told_apart(text: str, context: MetricQuery, before: MetricQuery) -> MetricQuery | None:
    """差多少, which was higher, after two periods of the same: the later against the earlier."""
    if not _APART.match(text) or context.group_by or context.grain or context.compare is not None or context.period is None or before.period is None or context.period == before.period:
        return None
    if replace(context, period=before.period) != before:
        return None
    later, earlier = (context.period, before.period) if context.period.start >= before.period.start else (before.period, context.period)
    return replace(context, period=later, compare=earlier)


_APART = re.compile(
    r"^(?:那|这|它们|两个?月?|两者|两期|之间|,)*(?:差|相差|差了|高|低|多|少|高了|低了|多了|少了|差距|变化|变化了|涨了|降了)(?:是|有)?(?:多少|多大|几个点)(?:呢|啊)*[?？]*$|^(?:那|这|它们|两个?月?|两期)*(?:哪个月?|哪一?个|哪期|谁)(?:更|比较)?(?:高|低|多|少|好|差|大|小)(?:一?些|一?点)?(?:呢|啊)*[?？]*$"
    r"|^(?:and |so )*(?:by how much|how much (?:higher|lower|more|less|better|worse)|what(?:'s| is|'s) the (?:difference|change|gap)|difference|the difference|(?:and )?which (?:one |month |was |is )*(?:higher|lower|better|more|bigger|worse))(?: (?:between (?:them|the two|those)))?[?. ]*$"
)
_COMPARE = re.compile(r"^(?:那|把它们|,)*(?:放在一起(?=对比|比较))?(?:做个?|来个?)?(?:对比|比较|比一比|比)(?:一下|看看|看|下)?[呢吧?？。!]*$")
"""比一下, alone: the last two that were asked."""
_TWO = re.compile(
    r"^(?:那|请|麻烦)?(?:把|将)?(?:这|那|前面|刚才|上面)?(?:的)?(?:两个?|二)(?:个|者|家|种|类|款|组|边|次|月|周|季度|年|期)?(?:的)?(?:结果|数|数字|数据)?(?:放在?一起|一起|并排|放一块儿?|之间)?(?:做个?|来个?)?(?:对比|比较|相比|比比|比一比|比)(?:一下|一比|看看|看|下)*[呢吧吗?？。!\s]*$"
    r"|^(?:please |now |and |can you )?(?:compare|contrast|put) (?:the two|them|both|these two|those two|the last two|both of them)(?: side by side| together| with each other)?[?.!\s]*$|^(?:the two|both) (?:side by side|compared|together)[?.!\s]*$"
    r"|^(?:please |now |and |can you )?(?:put|show|place|see|set)(?: me)? (?:the two|them|both|these two|those two)(?: (?:days|weeks|months|quarters|years|periods|figures|numbers))? (?:next to (?:each other|one another)|beside (?:each other|one another)|side by side|alongside each other)[?.!\s]*$"
    r"|^(?:and |so )?(?:the )?(?:total|sum|combined)(?: figure| number| value| total)?(?: of| for)? (?:the two|them|both|these two|those two|both of them)(?: together| combined)?[?.!\s]*$|^(?:那)?(?:这|那)?(?:两个?|俩|二者|两者)(?:的)?(?:加起来|合计|总共|一共|合起来|加一起)(?:是|呢|有|多少|的话|吧|,|，|？|\?)*$"
)


def is_follow_up(draft: Draft, text: str, tokens: list[Token], context: MetricQuery) -> bool:
    """Return whether a sentence leans on the question before it."""
    if draft.bound is not None and not _cut(draft):
        return True  # 没达标的: of the rows of before; 达标了吗: in the period of before
    named = [token for token in draft.metrics if token.used]
    if not named:
        return _says_something(draft) or any(pattern.search(text) for pattern in (EARLIER, WHOLE_YEAR, OTHERS)) or any(token.text in _WHOLE for token in tokens)
    if context.limit is not None and THAT_ONE.search(text) and not (draft.members or draft.when or draft.ordering):
        return True
    if not _cut(draft):
        # a metric alone, or a ranking by one, leans on the rows and conditions of before
        alone = not (draft.ordering or draft.compare or draft.share or draft.thresholds or draft.base)
        other = any(name not in context.metrics for token in named for name in token.ids("metric"))
        if (alone and other and not draft.total) or (draft.ordering is not None and (context.group_by or context.grain)):
            return True
    if STRONG.search(text) or ADDS.search(text):
        return True
    return draft.follow and any(token.text == "呢" for token in tokens) and not FRESH.search(text)


_WHOLE = frozenset(["全国", "全部", "整体", "总体", "所有", "全公司", "overall", "all", "everything", "nationwide", "national", "everywhere"])


def asks_whole(draft: Draft, tokens: list[Token]) -> bool:
    """Whether nothing but the whole is asked for."""
    return not draft.metrics and not _says_something(draft) and any(token.text in _WHOLE for token in tokens)


def _cut(draft: Draft) -> bool:
    """Whether the sentence says itself which rows and which slice it asks for."""
    return bool(draft.members or draft.groups or draft.when or draft.grain or draft.trend or draft.share_of or draft.extra_times)


def _says_something(draft: Draft) -> bool:
    return bool(
        draft.members or draft.groups or draft.when or draft.base or draft.grain or draft.trend or draft.compare or draft.thresholds
        or draft.ordering or draft.share or draft.ungroup or draft.dropped or draft.unfilter or draft.dropped_metrics or draft.separate or draft.total or draft.rank_of or draft.share_of or draft.extra_times
    )


def counts_rows(tokens: list[Token], context: MetricQuery) -> bool:
    """Whether nothing is asked but how many rows the last answer has: 有多少个, how many are there."""
    said = [token for token in tokens if token.kind not in (FILLER, ",", "F", "A")]
    nouns = [token for token in said if token.kind == DIMENSION]
    listed = len(nouns) <= 1 and all(set(token.ids("dimension")) & {*context.group_by} for token in nouns)
    several = any(token.kind == "U" and token.text.startswith(("几个", "几家", "多少个", "多少家", "有几", "有多少个")) for token in said)
    if not nouns and not several and any(token.kind == "A" for token in tokens):
        return False  # 一共多少: the total itself
    return any(token.kind == "U" for token in said) and listed and all(token.kind in ("U", DIMENSION) for token in said) and bool(context.group_by)


def prefer_members(tokens: list[Token], context: MetricQuery, view: LexiconView) -> None:
    """A word that is a metric or a member (target) is the member where the question before can be asked by its dimension."""
    metrics = view.lexicon.metrics
    for token in tokens:
        other = next((each for each in token.alternatives if each.kind == VALUE or (each.kind == DIMENSION and _is_flag(each, view))), None)
        if token.kind != METRIC or other is None or (other.kind == DIMENSION and not any(each.kind == "O" for each in tokens)):
            continue
        names = {m.id for m in other.meanings if m.kind in ("value", "dimension")}
        if all(name in metrics and names & metrics[name].dimensions for name in context.metrics):
            token.kind, token.meanings = other.kind, other.meanings


def _is_flag(token: Token, view: LexiconView) -> bool:
    return any((info := view.lexicon.dimensions.get(name)) is not None and info.yes is not None for name in token.ids("dimension"))


def complete(draft: Draft, tokens: list[Token], context: MetricQuery, view: LexiconView) -> None:
    """Read what only a follow-up can mean: 全部医生 and all regions lift filters, 改成40% moves the bound."""
    if draft.bound is not None and draft.bound not in draft.thresholds and (context.group_by or context.grain) and not _cut(draft):
        draft.thresholds.append(draft.bound)
    said = [token for token in tokens if token.kind not in (FILLER, ",", "F", "O")]
    kinds = "".join(token.kind for token in said)
    if re.fullmatch("L+[Dn]", kinds):
        listed = any(token.text in _SHOWN for token in tokens)
        _lift(draft, said[-1], context, view, listed=listed)
    whole = [token for token in draft.metrics if token.end > token.start]
    if draft.metrics and not whole and _takes(context, draft, view):
        draft.metrics = []  # 面对面拜访呢: the member that is named, not the metric its name ends with
    if re.fullmatch("I[Wl]*", kinds) and (context.group_by or context.grain) and isinstance(said[0].value, tuple) and not draft.thresholds and any(token.text == "的" for token in tokens):
        direction = said[0].value[0]
        if direction in ("up", "down"):
            draft.thresholds.append(Threshold(None, "__change", ">" if direction == "up" else "<", None, 0.0))  # 下降的: of the rows of before
    if re.fullmatch("[zZE]+", kinds):
        draft.separate = True  # 对比一下, 分别呢: of the members named before
    named = {name for token in said[1:] for name in token.ids("metric")}
    if re.fullmatch("[XI]M(?:&?M)*", kinds) and DROPS.match(said[0].text) and named and named < set(context.metrics):
        draft.dropped_metrics, draft.metrics, draft.compare, draft.assumptions = named, [], None, []
        draft.thresholds = []
        for token in said:
            token.used = True
    numbers = [token for token in said if token.kind == NUMBER and not token.used]
    if len(context.having) == 1 and not draft.thresholds and len(numbers) == 1 and draft.ordering is None and not draft.metrics:
        bound, number = context.having[0], numbers[0].number
        if number is None:
            return
        column = bound.metric.removeprefix(next((name for name in context.metrics if bound.metric.startswith(name)), bound.metric))
        draft.thresholds.append(Threshold(None, cast("Column", column), bound.op, numbers[0], number.value if bound.value >= 0 else -number.value))
        numbers[0].used = True


def _takes(context: MetricQuery, draft: Draft, view: LexiconView) -> bool:
    """Whether what was asked before can be asked by the dimensions of the members that are named."""
    metrics = view.lexicon.metrics
    names = [{m.id for m in member.token.meanings if m.kind == "value"} for member in draft.members]
    return bool(names) and all(name in metrics and all(each & metrics[name].dimensions for each in names) for name in context.metrics)


_SHOWN = frozenset(("show", "show me", "list", "list all", "see", "display", "列", "列出", "列出来", "展示", "显示", "显示一下"))


def _lift(draft: Draft, name: Token, context: MetricQuery, view: LexiconView, *, listed: bool) -> None:
    dimensions = view.lexicon.dimensions
    filtered = {item.dimension for item in context.where} | {item.dimension for item in context.keep}
    named = {m.id for m in name.meanings if m.kind == "dimension"}
    if name.kind != DIMENSION or any(dimensions[n].person for n in named if n in dimensions):
        named = {n for n in filtered if n in dimensions and dimensions[n].about_person} or {"*"}
    if named & {*context.group_by} and not listed and not named & filtered and context.having:
        draft.dropped |= {"having"}  # 全部大区, after those below a bound
        name.used = True
    if named & (filtered | {"*"}):
        draft.unfilter |= named
        if listed and not any(dimensions[n].person for n in named if n in dimensions):
            return  # show all segments: each of them
        draft.groups = [group for group in draft.groups if group.token is not name]
        draft.lists = False
        name.used = True
