"""What a follow-up points at in the conversation before it: 这两个, the first one, 它, 其他省, 这个筛选, 看回.

A pointing word is replaced by what it points at: the query before is narrowed to those members, the word is taken out of the sentence, and what is
left of the sentence is read as a follow-up to that. Members come from the queries before (named there) and from the rows of the last answer as its
owner saw them (`Shown`); where neither tells, the sentence is left as it is and the reader decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from governance import calendar
from governance.terms import Filter, Grain, MemberCompare, MetricQuery, Period, Value
from nlq.lexicon.lexicon import LexiconView
from nlq.words.normalise import normalise, stem

Rows = Sequence[Mapping[str, object]]
Shown = Callable[[], Rows]
"""The rows of the last answer, in the order in which they were shown: column → value (None where hidden)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """What a sentence points at: the query that the rest of it changes. `whole`: nothing is left to read."""

    text: str
    context: MetricQuery
    whole: bool = False
    beside: str | None = None
    """The dimension whose members stay side by side, whatever else the sentence cuts by."""


def pointed(text: str, context: MetricQuery, earlier: Sequence[MetricQuery], shown: Shown | None, view: LexiconView) -> Pointed | None:
    """Return what normalised `text` points at, or None where it points at nothing that is known."""
    return (
        _last_filter(text, context, earlier)
        or _several(text, context, earlier, shown, view)
        or _one(text, context, shown)
        or _named_one(text, context, shown, view)
        or _that_period(text, context, shown)
        or _whole_of(text, context, view)
        or _rest(text, context, shown)
        or _also_others(text, context, view)
        or _others(text, context, shown, view)
    )


def with_rows(text: str, context: MetricQuery, view: LexiconView) -> str:
    """Return 比上个月高的 with the noun of the rows of before: 比上个月高的大区."""
    match = _HIGHER.match(text)
    name = _listed(context)
    info = view.lexicon.dimensions.get(name) if name is not None else None
    return f"{match['q']}的{info.label.zh}" if match is not None and info is not None else text


_HIGHER = re.compile(r"^(?:那|只看|只要|找出|看看?|有哪些|哪些)?(?P<q>(?:比|较|同比|环比)[^,，?？]{2,14}?(?:高|低|多|少|好|差|大|小|快|慢))的(?:有哪些|有几个|有谁|呢|那些|列出来)?[?？。]*$")


def returning(text: str) -> str:
    """Return a follow-up without its 看回, back to: what it goes back to is what it changes to."""
    match = _BACK.match(text)
    return text[match.end() :] if match is not None and len(text) - match.end() > 1 else text


def as_before(query: MetricQuery, earlier: Sequence[MetricQuery]) -> MetricQuery:
    """Return the newest of the queries before that asks for the same slice as `query`: what one goes back to is what was there."""
    same = (query.metrics, query.group_by, query.grain, query.period, frozenset(query.where))
    return next((old for old in reversed(earlier) if (old.metrics, old.group_by, old.grain, old.period, frozenset(old.where)) == same), query)


def asks_why(text: str) -> bool:
    """Return whether a sentence asks why a figure of the last answer is as it is: 瑞肺清为啥这么低, why is the first one so low."""
    return _WHY.match(text) is not None


_WHY = re.compile(
    r"^(?:请|那|你|能|告诉我|说说|讲讲|解释一下|tell me )*[^,，?？]{0,14}?(?:为什么|为啥|为何|怎么会|怎么(?=[这那]么)|咋(?=[这那]么)|是什么原因|啥原因)[^,，?？]{0,10}?(?:高|低|多|少|大|小|好|差|快|慢|涨|跌|降|升|掉|下滑|这样|动|变|变化|波动|起伏|异常|突出)(?:呢|啊|了|的|吗|多|很多|这么多|一些|些|得?厉害)*[?？。!]*$"
    r"|^[^,，?？]{0,8}?(?:是)?(?:怎么|如何|咋)(?:算|计算|统计|得|来)(?:出来?|来|到)?的[?？。]*$"
    r"|^(?:tell me |explain )?why [^,?]{1,30}?(?:动了|变了|这么.|那么.|涨了|跌了|降了|升了|变化)[?？]*$"
    r"|^(?:and |but |so |ok(?:ay)?,? |tell me |explain |do you know |any idea )*(?:why|how come) (?:is|was|are|were|did|does|do|has|have)?[^,?]{0,40}?(?:so |that |this |such |much )?(?:low|high|small|big|large|bad|good|poor|weak|strong|few|many|little|down|up|drop(?:ped)?|fall(?:en)?|fell|r[io]se|grow|grew|decline[d]?|different|chang(?:e|ed|ing)|moved?|jump(?:ed)?|spik(?:e|ed|ing))(?: then| now| here)?[?.! ]*$"
)
_BACK = re.compile(
    r"^(?:算了|那|那就|还是|好的?|嗯|ok(?:ay)?|请|再|我们|,|\s)*(?:看回到?|换回到?|改回到?|切回到?|回到|转回到?|退回到|调回到?|恢复到|恢复成)(?!上一|前一|刚才|之前|原来|最初|开始)"
    r"|^(?:ok(?:ay)?|please|now|then|and|let'?s|can (?:we|you)|could (?:we|you)|no|actually|just|,|\s)*(?:go |going |switch(?:ing)? |change (?:it )?|come |return(?:ing)? |revert(?:ing)? |move )(?:back )?(?:to)(?! (?:the )?(?:previous|last (?:one|question|query|step|view)|first (?:one|question|query)|one before|start|beginning|original|what))\s+(?=all |every |each )"
    r"|^(?:ok(?:ay)?|please|now|then|and|let'?s|no|actually|just|,|\s)*(?:go |switch |change (?:it )?|come |turn |move |take (?:it |me )?)?back to(?! (?:the )?(?:previous|last (?:one|question|query|step|view)|first (?:one|question|query)|one before|start|beginning|original|what|square))\s+(?=[a-z0-9])"
)

# ------------------------------------------------------------------ the filter set last

_THIS_FILTER = re.compile(
    r"^(?:请|那|那就|再|把|将|,)*(?:去掉|去除|取消|删掉|删除|移除|拿掉|不要|清除|撤掉|解除)?(?:了)?(?:刚才|刚刚|上面)?(?:加|设|选)?(?:的)?(?:刚才那个|刚刚那个|这个?|那个?|刚才的?|最后一?个|上一个)(?:加的|设的)?(?:filter|筛选|筛选条件|条件|限制|限定|过滤)(?:条件)?(?:去掉|去除|取消|删掉|删除|移除|拿掉|不要|清除|撤掉|解除|不用|作废)?(?:了|吧|掉|一下)*[。.!]*$"
    r"|^(?:please |now |then |and |ok(?:ay)?,? )*(?:remove|drop|clear|lift|take off|undo|cancel|delete|lose) (?:this|that|the last|the latest|the most recent) (?:filter|condition|restriction|constraint)(?: please| again)?[.!]*$"
)


def _last_filter(text: str, context: MetricQuery, earlier: Sequence[MetricQuery]) -> Pointed | None:
    if not (context.where or context.having) or not _THIS_FILTER.match(text):
        return None
    for before in reversed(earlier):
        if context.having and before.having != context.having and before.where == context.where:
            return Pointed(text="", context=replace(context, having=before.having if before.metrics == context.metrics else ()), whole=True)
        added = [item for item in context.where if item not in before.where]
        if added:
            kept = tuple(item for item in context.where if item not in added)
            restored = tuple(item for item in before.where if item.dimension in {each.dimension for each in added})
            return Pointed(text="", context=replace(context, where=(*kept, *restored)), whole=True)
    if context.having:
        return Pointed(text="", context=replace(context, having=()), whole=True)
    return Pointed(text="", context=replace(context, where=context.where[:-1]), whole=True)


# ------------------------------------------------------------------ two or three members

_COUNTS = {"两": 2, "2": 2, "二": 2, "三": 3, "3": 3, "四": 4, "4": 4, "two": 2, "both": 2, "three": 3, "four": 4}
_SEVERAL = re.compile(
    r"(?:就|把|将)?(?:这|那|刚才(?:的|那|这)?|前面(?:的|那|这)?|上面(?:的|那|这)?)(?P<z>[两二三四234])(?:个|家|款|种|类|位|条|组|者|大|省|边)(?!月|季|星期|礼拜|小时|周|天|年|工作日)(?:的)?|(?<![第前后近各每哪百千\d十这那上下过去高低多少好差大小快慢])(?<![高低多少好差大小快慢]的)(?P<y>[两二三2])(?:个(?!月|季|星期|礼拜|小时|工作日|人|点|百分点)|者|边|组|家|款|种|类)(?:的)?(?=都|各|一起|放|之间|谁|哪个?|对比|比|差|相差|by |按|分|$|,|间|做|的差|[^,，0-9]{1,4}(?:对比|比较|相比|比一比|放一?起|谁|哪个|之间|差多少|差距|差异|分别|各自))"
    r"|(?<![a-z])(?:of |between |for |in |from )?(?:the|these|those|both of the|all of the) (?P<e>two|three|four)(?: of them)?(?![a-z-])(?! (?:days?|weeks?|months?|quarters?|years?|hours?|half|halves|periods?)(?![a-z]))(?: ones)?|(?<![a-z])(?:of |between |for )?(?P<b>both)(?: of (?:them|these|those))?(?![a-z])"
)
_DIFFERENCE = re.compile(
    r"^(?:之间|间|的|那|它们|他们|,|中间|有|是|到底)*(?:差多少|相差多少|相差|差几个点|差几个百分点|差距(?:是|有)?(?:多大|多少)?|差异(?:是|有)?(?:多大|多少)?|差值(?:是)?(?:多少)?|差额(?:是)?(?:多少)?|差了多少|差别(?:有)?(?:多大)?|的差)(?:呢|啊|了|是多少|有多大|多少)*[?？。]*$"
    r"|^(?:and |so |ok(?:ay)?,? |now |show (?:me )?|give me |what(?:'s| is| was| are)? |tell me |calculate |the |how big is |how large is |a )*(?:difference|gap|delta|spread|how far apart|how different)(?: between| of| in)?(?: (?:are|is|them|they|those|these|it|each other))*[?.! ]*$"
)
_ALONE = re.compile(r"^(?:那|它们|他们|二者|两者|这之间|中间|之间|,)*(?:差多少|相差多少|高多少|低多少|多多少|少多少|高了多少|低了多少|高出多少|差距(?:是|有)?(?:多大|多少)|差了多少|差几个点)(?:呢|啊)*[?？]*$|^(?:and |so |what(?:'s| is| was) )*(?:the )?(?:difference|gap)(?: between them)?[?. ]*$|^(?:and |so )*by how much[?. ]*$|^(?:and |so )*how much (?:higher|lower|more|less|bigger|smaller|better|worse)(?: is (?:it|that))?[?. ]*$")


def _several(text: str, context: MetricQuery, earlier: Sequence[MetricQuery], shown: Shown | None, view: LexiconView) -> Pointed | None:
    match = _SEVERAL.search(text)
    if match is None and _TOGETHER.match(text):
        found = next((named for count in (4, 3, 2) if (named := _named(count, None, context, earlier)) is not None), None)
        return None if found is None else _beside(context, found, "")
    if match is None:
        if not _ALONE.match(text):
            return None
        if context.compare is not None:
            return Pointed(text="", context=context, whole=True)  # by how much, after a comparison: that is what it tells
        count, rest, noun = 2, text, None
    else:
        count = _COUNTS[match["z"] or match["y"] or match["e"] or match["b"]]
        noun, after = _noun(text[match.end() :], view)
        rest = _joined(text[: match.start()], after)
        if _LISTS.search(rest):
            return None  # the two channels WeChat and e-mail: they are named
    found = _named(count, noun, context, earlier) or _seen(count, noun, context, shown)
    if found is None:
        return None
    dimension, values = found
    others = tuple(item for item in context.where if item.dimension != dimension)
    narrowed = _alone(context, dimension)
    if count == len(values) == len(("one", "other")) and (_DIFFERENCE.match(rest) or match is None):
        base = MemberCompare(dimension=dimension, base=values[1])
        groups = tuple(name for name in context.group_by if name != dimension)
        where = (*others, Filter(dimension=dimension, op="in", values=values[:1]))
        return Pointed(text="", context=replace(narrowed, where=where, group_by=groups, compare=base), whole=True)
    return _beside(context, found, _CONTRASTED.sub("", rest).strip(" ,"))


def _beside(context: MetricQuery, found: tuple[str, tuple[Value, ...]], rest: str) -> Pointed:
    """The members side by side, and what is left to be read of the sentence."""
    dimension, values = found
    where = (*(item for item in context.where if item.dimension != dimension), Filter(dimension=dimension, op="in", values=values))
    told = replace(_alone(context, dimension), where=where, group_by=tuple(dict.fromkeys((*context.group_by, dimension))))
    return Pointed(text=rest, context=told, whole=_NOTHING.fullmatch(rest) is not None, beside=dimension)


def _alone(context: MetricQuery, dimension: str) -> MetricQuery:
    """The query before without what was said of rows: order, bounds, shares, another member as the base."""
    kept = tuple(item for item in context.keep if item.dimension != dimension)
    compare = None if isinstance(context.compare, MemberCompare) else context.compare
    return replace(context, order=(), limit=None, having=(), share=False, keep=kept, compare=compare)


_TOGETHER = re.compile(
    r"^(?:那|请|就|都|把|将|它们|他们|这些|,)*(?:放在?一起|放一块儿?|摆在?一起|并排|列在一起)(?:看看?|看一下|比一?比?|对比|比较|列|列出来|放)?(?:一下|吧|呢|了)*[。!]*$|^(?:and |now |please |ok(?:ay)?,? )*(?:show |put |list |see |lay )?(?:them |those )?side by side(?: please)?[.!]*$"
)
_LISTS = re.compile(r"[a-z0-9] (?:and|vs|versus|or) [a-z0-9]|[\u4e00-\u9fff](?:和|与|跟|、)[\u4e00-\u9fff]|:")
_CONTRASTED = re.compile(r"(?:放在?一起|放一块儿?|摆在?一起|并排|一起看|合在一起看)(?:看看?|看一下|列|列出来)?$|(?:放在?一起|放一块儿?|一起|并排|做个?|来个?)*(?:对比|比较|比比|比一比)(?:一下|看看|看|下)*$|^(?:compare|contrast)\s*|\s*(?:side by side|compared|in comparison)$|^(?:compare|put)\s+(?=by )")
_NOTHING = re.compile(r"(?:呢|吧|都|看|看看|一下|的|分别|各自|情况|show|me|and|for|please|then|now|the|about|what|how|[?.!, ])*")


def _noun(after: str, view: LexiconView) -> tuple[frozenset[str] | None, str]:
    """Return the dimensions that the words right behind name, if any, and what follows them: 这两个大区谁…, the two regions by month."""
    best: tuple[int, frozenset[str]] = (0, frozenset())
    lead = len(after) - len(after.lstrip())
    rest = after.lstrip()
    for name, info in view.lexicon.dimensions.items():
        for phrase in (info.label.zh, info.label.en, *info.synonyms):
            said = normalise(phrase)
            size = _size(rest, said)
            if size > best[0]:
                best = (size, frozenset((name,)))
            elif size and size == best[0]:
                best = (size, best[1] | {name})
            tail = said[-2:]
            if not said.isascii() and len(said) > len(tail) and len(tail) > best[0] and rest.startswith(tail):
                best = (len(tail), frozenset((name,)))  # 这两个阶段 of 观念阶段
    return (best[1], after[lead + best[0] :]) if best[0] else (None, after)


def _size(rest: str, said: str) -> int:
    if rest.startswith(said):
        return len(said) + (1 if said.isascii() and rest[len(said) :].startswith("s") else 0)
    if said.isascii():
        words = rest.split(" ")[: said.count(" ") + 1]
        if [stem(word.strip("?,.!")) for word in words] == [stem(word) for word in said.split(" ")]:
            return len(" ".join(words))
    return 0


def _joined(before: str, after: str) -> str:
    return normalise(f"{before} {after}") if before.strip().isascii() and after.strip().isascii() else normalise(before + after)


def _named(count: int, noun: frozenset[str] | None, context: MetricQuery, earlier: Sequence[MetricQuery]) -> tuple[str, tuple[Value, ...]] | None:
    """The members of one dimension that were named last, first named first."""
    if isinstance(context.compare, MemberCompare) and count == len(("one", "other")):
        compare = context.compare
        own = next((item.values for item in context.where if item.dimension == compare.dimension and item.op == "in"), ())
        if len(own) == 1 and (noun is None or compare.dimension in noun):
            return compare.dimension, (own[0], compare.base)
    items = [(item.dimension, item.values) for item in context.where if item.op == "in"] + [(item.dimension, item.values) for item in context.keep]
    fitting = [(name, values) for name, values in items if len(values) == count and (noun is None or name in noun)]
    if fitting:
        return fitting[-1]
    for name, values in reversed(items):
        if len(values) >= count or (noun is not None and name not in noun):
            continue
        found = list(values)
        for before in reversed(earlier):
            kept = [(item.dimension, item.values) for item in before.where if item.op == "in"] + [(item.dimension, item.values) for item in before.keep]
            said = next((each for dimension, each in kept if dimension == name), ())
            if not said:
                break
            found = [*(value for value in said if value not in found), *found]
            if len(found) == count:
                return name, tuple(found)
            if len(found) > count:
                break
    return None


def _seen(count: int, noun: frozenset[str] | None, context: MetricQuery, shown: Shown | None) -> tuple[str, tuple[Value, ...]] | None:
    """The rows of the last answer, where it had just so many."""
    dimension = _listed(context)
    if dimension is None or shown is None or (noun is not None and dimension not in noun):
        return None
    values = _members(shown(), dimension)
    return (dimension, values) if len(values) == count else None


def _listed(context: MetricQuery) -> str | None:
    """The one dimension whose members the last answer listed."""
    return context.group_by[0] if len(context.group_by) == 1 and context.grain is None else None


def _members(rows: Rows, dimension: str) -> tuple[Value, ...]:
    found = [value for row in rows if isinstance(value := row.get(dimension), (str, int))]
    return tuple(dict.fromkeys(found))


# ------------------------------------------------------------------ one member

_TOP = r"(?:排)?(?:在)?(?:第一名|第一位|榜首|排名第一的?那?个?|(?:最高|最多|最好|最大|最快|领先|最强)的(?:那个|那家|那款|那位|那一个|这个))"
_END = r"(?:最后一名|垫底的那个?|倒数第一名?|(?:最低|最少|最差|最小|最慢|最弱)的(?:那个|那家|那款|那位|那一个|这个))"
_FIRST_EN = r"(?:the )?(?:top|first|best|highest|leading|winning|biggest|largest|number one|#1|no\.? ?1)(?: (?:one|of them|of those))|the winner|the leader"
_LAST_EN = r"(?:the )?(?:bottom|last|worst|lowest|smallest|weakest)(?: (?:one|of them|of those))"
_ONE = re.compile(
    rf"(?P<top>{_TOP}|(?<![a-z])(?:{_FIRST_EN})(?![a-z]))|(?P<end>{_END}|(?<![a-z])(?:{_LAST_EN})(?![a-z]))"
    r"|(?P<it>它(?!们)|(?<![a-z])(?:its|that one|this one|it)(?![a-z]))(?:的)?"
)
_EMPTY = re.compile(r"(?:是|的|呢|吗|啊|哪个?|哪家|什么|谁|多少|看|看看|给我|只|要|就|名|一下|who|which|what|is|was|are|were|the|show|me|only|just|and|give|how|much|many|please|'s|[?.!, ])*")
_LEANS = re.compile(r"上个?(?:月|周|季|年)|去年|今年|本|近|前|Q\d|by |last|this|year|month|quarter|按|各|分|per|in |\d|呢", re.IGNORECASE)


def _one(text: str, context: MetricQuery, shown: Shown | None) -> Pointed | None:
    match = _ONE.search(text)
    dimension = _listed(context)
    if match is None or dimension is None or shown is None:
        return None
    if match["it"] and context.limit != 1:
        return None
    rest = normalise(text[: match.start()] + ("" if match["it"] is None else " ") + text[match.end() :])
    if _EMPTY.fullmatch(rest) or not _LEANS.search(rest):
        return None  # the first one alone: a choice or a ranking
    rows = [row for row in shown() if isinstance(row.get(dimension), (str, int))]
    if not rows:
        return None
    row = rows[0] if match["it"] else _ranked(rows, context, last=match["end"] is not None)
    value = row[dimension]
    if not isinstance(value, (str, int)):
        return None
    others = tuple(item for item in context.where if item.dimension != dimension)
    narrowed = replace(context, group_by=(), order=(), limit=None, having=(), share=False, keep=(), where=(*others, Filter(dimension=dimension, op="in", values=(value,))))
    if isinstance(context.compare, MemberCompare):
        narrowed = replace(narrowed, compare=None)
    return Pointed(text=rest, context=narrowed)


_NAMED_ONE = re.compile(r"(?:[这那](?:一?个|家|款|种|类|位)?|该)(?P<n>[^\s,，?？的各按分呢看怎如多]{1,6})|(?<![a-z])(?:this|that) (?P<e>[a-z]{3,20})(?![a-z])")


def _named_one(text: str, context: MetricQuery, shown: Shown | None, view: LexiconView) -> Pointed | None:
    """这个大区各渠道呢, after the one region that was lowest: of that one."""
    dimension = _listed(context)
    info = view.lexicon.dimensions.get(dimension) if dimension is not None else None
    if context.limit != 1 or info is None or dimension is None or shown is None:
        return None
    called = sorted({normalise(name) for name in (info.label.zh, info.label.en, *info.synonyms)}, key=len, reverse=True)
    for match in _NAMED_ONE.finditer(text):
        said = match["n"] or match["e"]
        name = next((each for each in called if said.startswith(each)), None)
        if name is None:
            continue
        value = next((row[dimension] for row in shown() if isinstance(row.get(dimension), (str, int))), None)
        if not isinstance(value, (str, int)):
            return None
        start = match.start("n") if match["n"] else match.start("e")
        rest = normalise(text[: match.start()] + " " + text[start + len(name) :])
        others = tuple(item for item in context.where if item.dimension != dimension)
        narrowed = replace(context, group_by=(), order=(), limit=None, having=(), share=False, keep=(), where=(*others, Filter(dimension=dimension, op="in", values=(value,))))
        if isinstance(context.compare, MemberCompare):
            narrowed = replace(narrowed, compare=None)
        return Pointed(text=rest, context=narrowed) if not _EMPTY.fullmatch(rest) else None
    return None


_THAT_PERIOD = re.compile(r"那(?:一?个)?(?P<u>月|周|星期|礼拜|季度?|年|天)份?(?:的|里)?|(?<![a-z])(?:in |for |of )?that (?P<e>month|week|quarter|year|day)(?![a-z])")
_PERIOD_OF: dict[str, Grain] = {"月": "month", "周": "week", "星期": "week", "礼拜": "week", "季": "quarter", "季度": "quarter", "年": "year", "天": "day", "month": "month", "week": "week", "quarter": "quarter", "year": "year", "day": "day"}


def _that_period(text: str, context: MetricQuery, shown: Shown | None) -> Pointed | None:
    """那个月分大区看, after the one month that was lowest: in that month."""
    match = _THAT_PERIOD.search(text)
    if match is None or context.limit != 1 or context.group_by or shown is None or _PERIOD_OF[match["u"] or match["e"]] != context.grain:
        return None
    said = next((row.get("period") for row in shown()), None)
    try:
        first = date.fromisoformat(str(said))
    except ValueError:
        return None
    unit = calendar.unit(first, context.grain)
    asked = context.period
    period = unit if asked is None else Period(start=max(unit.start, asked.start), end=min(unit.end, asked.end))
    rest = normalise(text[: match.start()] + " " + text[match.end() :])
    return Pointed(text=rest, context=replace(context, period=period, grain=None, order=(), limit=None, having=())) if not _EMPTY.fullmatch(rest) else None


def _ranked(rows: Rows, context: MetricQuery, *, last: bool) -> Mapping[str, object]:
    """The row that stands first or last in the order that was asked for, or else by the first metric."""
    if context.order:
        return rows[-1] if last else rows[0]
    metric = context.metrics[0]
    known = [row for row in rows if isinstance(row.get(metric), (int, float))]
    return sorted(known, key=lambda row: float(str(row[metric])), reverse=not last)[0] if known else rows[0]


# ------------------------------------------------------------------ the others

_OTHERS = re.compile(
    r"^(?:那|那么|还有|再看|看看?|,|\s)*(?:其他|其它|其余|别的|另外|剩下|剩余)(?:的)?(?:[两二三四五六七八九几\d]+)?(?:个|家|款|种|类|位)?(?P<z>[^,，?？呢吗]{0,8}?)(?:呢|怎么样|如何|情况|的呢|都看看|也看看|有哪些|分别)*[?？。]*$"
    r"|^(?:and |what about |how about |ok(?:ay)?,? |now |so |for |show (?:me )?|then )*(?:the )?(?:other|remaining|rest of the|another)(?: (?:two|three|four|five))? (?P<e>[a-z -]{3,30}?)(?:\s+then)?[?.! ]*$"
)


_WHOLE_OF = re.compile(r"^(?:那|看看?|还是|就|要|,)*整个(?P<z>[^,，?？的呢]{1,8})(?:的|呢|情况)*[?？。]*$|^(?:and |what about |how about |for |now |show (?:me )?)*the (?:whole|entire) (?P<e>[a-z -]{3,20}?)[?.! ]*$")


def _whole_of(text: str, context: MetricQuery, view: LexiconView) -> Pointed | None:
    """整个省的, after some of its cities: what was said of the finer places falls away."""
    match = _WHOLE_OF.match(text)
    noun, rest = _noun((match["z"] or match["e"]).strip(), view) if match is not None else (None, "")
    if noun is None or rest.strip() or not any(item.dimension in noun for item in context.where):
        return None
    dimensions = view.lexicon.dimensions
    finer = {name for name in context.named_dimensions() if name in dimensions and noun & dimensions[name].within}
    where, groups = tuple(item for item in context.where if item.dimension not in finer), tuple(name for name in context.group_by if name not in finer)
    return Pointed(text="", context=replace(context, where=where, group_by=groups), whole=True) if finer else None


_REST = re.compile(
    r"^(?:那|那么|还有|再看|看看?|,|\s)*(?:其他|其它|其余|别的|剩下|剩余|另外)(?:的)?(?:几个|那些|那几个|两个|三个)?(?:呢|怎么样|如何|情况|的呢|都?看看|也看看|有哪些|都列出来)*[?？。]*$"
    r"|^(?:and |what about |how about |ok(?:ay)?,? |now |so |show (?:me )?|then |list )*(?:the )?(?:others|rest|other ones|remaining(?: ones)?|rest of them)(?:呢)?(?: then)?[?.! ]*$"
)
_ALSO = re.compile(r"^(?:那|把|将|请|再|,)*(?:其他|其它|其余|别的|另外|剩下)(?:的)?(?P<z>[^,，?？呢]{1,8}?)(?:也|都|一起|一并)+(?:列上|列出来|列出|列|加上|加进来|看看|看一下|看|放上|放进来|算上|显示|展示)(?:吧|了|来|出来)*[。!]*$|^(?:and |please |now )*(?:also )?(?:add|include|show|list)(?: me)?(?: also)? (?:all )?the other (?P<e>[a-z -]{3,30}?)(?: too| as well| also)?[.! ]*$")


def _rest(text: str, context: MetricQuery, shown: Shown | None) -> Pointed | None:
    """The rest, after the first few: the rows that were not shown."""
    dimension = _listed(context)
    if dimension is None or context.limit is None or shown is None or not _REST.match(text):
        return None
    values = _members(shown(), dimension)
    return Pointed(text="", context=_unranked(replace(context, where=(*context.where, Filter(dimension=dimension, op="not_in", values=values)))), whole=True) if values else None


def _also_others(text: str, context: MetricQuery, view: LexiconView) -> Pointed | None:
    """其他产品也列上: the members beside the one that was looked at, which stays."""
    match = _ALSO.match(text)
    noun, rest = _noun((match["z"] or match["e"]).strip(), view) if match is not None else (None, "")
    if noun is None or rest.strip():
        return None
    named = [item.dimension for item in context.where if item.dimension in noun] or [name for name in context.group_by if name in noun]
    if not named:
        return None
    where = tuple(item for item in context.where if item.dimension != named[0])
    return Pointed(text="", context=_unranked(replace(context, where=where, group_by=tuple(dict.fromkeys((*context.group_by, named[0]))))), whole=True)


def _others(text: str, context: MetricQuery, shown: Shown | None, view: LexiconView) -> Pointed | None:
    """其他省呢 after the first three, the other products after one: everything but what was looked at, each for itself."""
    match = _OTHERS.match(text)
    said = (match["z"] or match["e"] or "").strip() if match is not None else ""
    if not said:
        return None
    noun, rest = _noun(said, view)
    if noun is None or rest.strip():
        return None
    single = [item for item in context.where if item.dimension in noun and item.op == "in"]
    if len(single) == 1:
        item = single[0]
        where = tuple(replace(each, op="not_in") if each is item else each for each in context.where)
        groups = tuple(dict.fromkeys((*context.group_by, item.dimension)))
        return Pointed(text="", context=_unranked(replace(context, where=where, group_by=groups)), whole=True)
    dimension = _listed(context)
    if dimension not in noun or context.limit is None or shown is None:
        return None
    values = _members(shown(), dimension)
    if not values:
        return None
    return Pointed(text="", context=_unranked(replace(context, where=(*context.where, Filter(dimension=dimension, op="not_in", values=values)))), whole=True)


def _unranked(query: MetricQuery) -> MetricQuery:
    return replace(query, limit=None, having=(), compare=None if isinstance(query.compare, MemberCompare) else query.compare)


__all__ = ["Pointed", "Rows", "Shown", "as_before", "asks_why", "pointed", "returning", "with_rows"]
