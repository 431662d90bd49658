"""Dimensions and members in a sentence: grouped by, filtered, left out, shared, compared with one another."""

from __future__ import annotations

import itertools
import re

from nlq.draft import Group, Member
from nlq.entries import Meaning
from nlq.matching import Token
from nlq.normalise import keys
from nlq.sentence import Sentence
from nlq.words import FILLER


def absorb(sentence: Sentence) -> None:
    """Join values with the dimension named beside them: 华东大区, 渠道为微信, 华东、华南两个大区."""
    sentence.each(r"(?<![X!y\-])jG?(?=D?V)", lambda match: _filtered(sentence, match))
    sentence.each("V(?:[&|,]*V)*N?D", lambda match: _values_then_name(sentence, match))
    sentence.each("DGD?V", lambda match: _caused(sentence, match))
    sentence.each("Vm", lambda match: _days(sentence, match))
    sentence.each("V[DV]", lambda match: _head_noun(sentence, match))
    sentence.each("(?<![GWN])DV", lambda match: _name_then_value(sentence, match))
    sentence.each("V(?:[&|,]V)*N(?!c)", lambda match: _counted_values(sentence, match))


def _values_then_name(sentence: Sentence, match: re.Match[str]) -> bool:
    start, end = match.span()
    name = sentence.rest[end - 1]
    if start and sentence.rest[start - 1].kind == "C" and sentence.chinese and name.start > sentence.rest[end - 2].end:
        return False  # 超过华东的大区: the regions above it, not the region itself
    dimensions = sentence.dimension_of(name)
    values = [token for token in sentence.rest[start : end - 1] if token.kind == "V"]
    if not all(set(sentence.dimension_of(token)) & set(dimensions) for token in values):
        return False
    for token in values:
        sentence.restrict(token, dimensions)
    taken = [end - 1]
    if sentence.rest[end - 2].kind == "N":
        taken.append(end - 2)
    sentence.take(*taken)
    return True


def _head_noun(sentence: Sentence, match: re.Match[str]) -> bool:
    """金卡会员, large cities: the noun after a value is a part of its dimension's name (会员等级, City size), not another condition or cut."""
    value, noun = sentence.rest[match.start()], sentence.rest[match.start() + 1]
    dimensions = sentence.view.lexicon.dimensions
    if noun.kind == "D" and _sized(sentence, match):
        sentence.take(match.start() + 1)
        return True
    labels = [dimensions[name].label.zh for name in sentence.dimension_of(value) if name in dimensions]
    flag = any((info := dimensions.get(name)) is not None and info.yes is not None for name in sentence.dimension_of(noun))
    if not flag or not any(noun.text in label and noun.text != label for label in labels) or set(sentence.dimension_of(value)) & set(sentence.dimension_of(noun)):
        return False
    sentence.take(match.start() + 1)
    return True


def _filtered(sentence: Sentence, match: re.Match[str]) -> bool:
    """筛选华东, filter by region East: the member that follows is the filter anyway."""
    sentence.take(*range(match.start(), match.end()))
    return True


def _sized(sentence: Sentence, match: re.Match[str]) -> bool:
    """Whether an English noun right after a value is a word of the label of the value's dimension, where nothing is ranked or listed by it."""
    value, noun = sentence.rest[match.start()], sentence.rest[match.start() + 1]
    dimensions = sentence.view.lexicon.dimensions
    before = sentence.rest[match.start() - 1].kind if match.start() else ""
    if not noun.text.isascii() or noun.start != value.end + 1 or before in ("G", "W", "L") or sentence.find("[KkSsPpCWlh]") is not None:
        return False
    labels = [set(keys(dimensions[name].label.en)) for name in sentence.dimension_of(value) if name in dimensions]
    return any(set(keys(noun.text)) < label for label in labels) and not sentence.identifies(noun)


def _caused(sentence: Sentence, match: re.Match[str]) -> bool:
    """Bursts caused by digging: a dimension's name as a participle says of what the member is, and groups nothing."""
    name, by, value = sentence.rest[match.start()], sentence.rest[match.start() + 1], sentence.rest[match.end() - 1]
    before = sentence.rest[match.start() - 1].kind if match.start() else ""
    if by.text != "by" or before in ("G", "W", "L") or not set(sentence.dimension_of(value)) & set(sentence.dimension_of(name)):
        return False
    sentence.restrict(value, sentence.dimension_of(name))
    sentence.take(*range(match.start(), match.end() - 1))
    return True


def _days(sentence: Sentence, match: re.Match[str]) -> bool:
    """On rainy days, on Mondays days: the days say no more than the member before them."""
    value, unit = sentence.rest[match.start()], sentence.rest[match.end() - 1]
    if unit.text not in ("day", "days") or unit.start != value.end + 1:
        return False
    sentence.take(match.end() - 1)
    return True


def _name_then_value(sentence: Sentence, match: re.Match[str]) -> bool:
    name, value = sentence.rest[match.start()], sentence.rest[match.start() + 1]
    dimensions = sentence.dimension_of(name)
    if not set(sentence.dimension_of(value)) & set(dimensions):
        return False
    sentence.restrict(value, dimensions)
    sentence.take(match.start())
    return True


def _counted_values(sentence: Sentence, match: re.Match[str]) -> bool:
    """华东和华南两个: the number only counts what was just named."""
    number = sentence.rest[match.end() - 1].number
    values = sum(token.kind == "V" for token in sentence.rest[match.start() : match.end()])
    if values < 2 or number is None or number.value != values or number.said != "plain":
        return False
    sentence.take(match.end() - 1)
    return True


def flags(sentence: Sentence) -> None:
    """Read 是否-dimensions as their `yes`: 目标医生的触达次数; with a negation as their `no`."""
    for token in list(sentence.rest):
        if token.kind != "D" or token not in sentence.rest:
            continue
        info = sentence.view.lexicon.dimensions.get(token.ids("dimension")[0])
        if info is None or info.yes is None:
            continue
        at = sentence.rest.index(token)
        before = sentence.rest[at - 1].kind if at else ""
        if before in ("G", "W", "y") or (before == "&" and at >= 2 and sentence.rest[at - 2].kind == "D") or token.text.startswith(("是否", "whether")):
            continue
        negated = before == "!"
        value = info.no if negated else info.yes
        if value is None:
            continue
        token.kind = "V"
        token.meanings = (Meaning("value", info.id, value),)
        if negated:
            sentence.take(at - 1)


def exclusions(sentence: Sentence) -> None:
    """Take 除了华东, 不含微信和邮件, 华东除外, excluding East, not WeChat."""
    for pattern in _LIFTED:
        sentence.each(pattern, lambda match: _lifted(sentence, match))
    sentence.each("[X!y]D?V(?:[&|,~]*V)*x?", lambda match: _left_out(sentence, match))
    sentence.each("(?:V[&|,]?)*Vx", lambda match: _left_out(sentence, _alike(sentence, match)))
    sentence.each("V(?:[&|]V)*X(?!V)", lambda match: _left_out(sentence, match))
    if any(member.exclude for member in sentence.draft.members):
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "x"])  # 其他大区
    sentence.each("-(?:G?D(?:&D)*|V)?", lambda match: _unfiltered(sentence, match))
    sentence.each("[X!y][YQKsHgRzCm]+", lambda match: _dropped(sentence, match))
    sentence.each("[X!]G?D(?:&D)*(?![V&])", lambda match: _ungrouped(sentence, match))
    sentence.each("yG?D(?:&D)*", lambda match: _ungrouped(sentence, match))


def _left_out(sentence: Sentence, match: re.Match[str]) -> bool:
    """Take the values that an exclusion reaches: 不含微信的线上渠道 leaves out 微信 only."""
    start, end = match.span()
    taken: list[int] = []
    previous: Token | None = None
    for index in range(start, end):
        token = sentence.rest[index]
        if token.kind == "V":
            joined = previous is None or sentence.rest[index - 1].kind in "&|,~"
            if not joined and previous is not None and not set(sentence.dimension_of(previous)) & set(sentence.dimension_of(token)):
                break
            sentence.draft.members.append(Member(token, exclude=True))
            previous = token
        taken.append(index)
    sentence.take(*taken)
    return True


def _alike(sentence: Sentence, match: re.Match[str]) -> re.Match[str]:
    """华东华南之外, 心内科、肿瘤科以外: the whole list before the word is meant, as far back as its members are of the last one's dimension."""
    last = set(sentence.dimension_of(sentence.rest[match.end() - 2]))
    start = match.end() - 2
    for index in range(match.end() - 3, match.start() - 1, -1):
        token = sentence.rest[index]
        if token.kind == "V":
            if not last & set(sentence.dimension_of(token)):
                break
            start = index
        elif token.kind == "," and sentence.chinese:
            break
    found = sentence.find("V(?:[&|,]?V)*x", start)
    return found if found is not None else match


def _unfiltered(sentence: Sentence, match: re.Match[str]) -> bool:
    """取消筛选, 不限渠道: filters that a follow-up takes away."""
    named = {name for token in sentence.rest[match.start() : match.end()] if token.kind in "DV" for name in sentence.dimension_of(token)}
    sentence.draft.unfilter |= named or {"*"}
    sentence.take(*range(match.start(), match.end()))
    return True


_NAMED = "[DV](?:[&|,]?[DV])*"
_LIFTED = (
    f"[X!y-]G?{_NAMED}[jO]",  # 去掉大区筛选, remove the oncology filter
    f"[X!y-]jG?{_NAMED}",  # remove the filter on East
    f"{_NAMED}j[X!y-]",  # 把科室条件去掉
    f"!?[X!]O{_NAMED}",  # 不要限定渠道
    "D(?:[X!]O|-)",  # 渠道不限
    "[X!y-]L?j(?![DV])",  # remove that condition
)


def _lifted(sentence: Sentence, match: re.Match[str]) -> bool:
    """Take the words that lift a dimension's filter: the filter, the condition, 限定 of what is named beside."""
    tokens = sentence.rest[match.start() : match.end()]
    named = [token for token in tokens if token.kind in "DV"]
    if not any(token.kind in "j-" for token in tokens):
        negation = next(token for token in tokens if token.kind in "X!y")
        last = tokens[-1].kind == "O"
        if (not negation.text.startswith(("不", "别")) and not (last and named)) or sentence.count("V") > 1:
            return False  # drop only East; 不只看华东，也看华南
    sentence.draft.unfilter |= {name for token in named for name in sentence.dimension_of(token)} or {"*"}
    sentence.take(*range(match.start(), match.end()))
    return True


_PARTS = {"Y": "compare", "Q": "compare", "z": "compare", "K": "order", "s": "order", "H": "share", "g": "grain", "R": "grain", "m": "grain", "C": "having"}


def _dropped(sentence: Sentence, match: re.Match[str]) -> bool:
    """去掉同比, 不要排名, 不按月: parts that a follow-up takes away."""
    if match.end() < len(sentence.rest) and sentence.rest[match.end()].kind in "NVM":
        return False
    sentence.draft.dropped |= {_PARTS[token.kind] for token in sentence.rest[match.start() + 1 : match.end()]}
    end = match.end()
    if "compare" in sentence.draft.dropped and end < len(sentence.rest) and sentence.rest[end].kind == "T":
        end += 1  # the comparison with last year
    sentence.take(*range(match.start(), end))
    return True


def _ungrouped(sentence: Sentence, match: re.Match[str]) -> bool:
    sentence.draft.ungroup = True
    sentence.draft.ungrouped |= {name for token in sentence.rest[match.start() : match.end()] if token.kind == "D" for name in sentence.dimension_of(token)}
    sentence.take(*range(match.start(), match.end()))
    return True


def shares(sentence: Sentence) -> None:
    """Take 占比 and 占多少; a member named beside it is the one whose share is asked."""
    draft = sentence.draft
    match = sentence.find("[Hh]")
    if match is None:
        return
    if draft.ordering is not None and sentence.rest[match.start()].text in _CONTRIBUTES:
        sentence.take(match.start())  # 贡献最大: the largest, not its share
        return
    draft.share = True
    if len({token.ids("metric") for token in sentence.rest if token.kind == "M"}) > 1:
        sentence.problem(sentence.rest[match.start()].text, 0.5)  # one metric's share of another is no approved metric
    index = match.start()
    owned = sentence.find("V[Dn]?[Hh]")
    if owned is None and not sentence.chinese and (named := sentence.find("HVM")) is not None:
        value, metric = sentence.rest[named.start() + 1], sentence.rest[named.end() - 1]
        owned = named if any(value.end <= token.start < metric.start and token.text in ("in", "within", "among") for token in sentence.all) else None
    sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind in "HhA"])  # the share of the total
    explicit = [token for token in sentence.rest if token.kind == "D" and not sentence.identifies(token)]
    values = [(i, token) for i, token in enumerate(sentence.rest) if token.kind == "V"]
    if not values:
        return
    grouped = {name for token in explicit for name in sentence.dimension_of(token)}
    if explicit:
        chosen = [token for _, token in values if set(sentence.dimension_of(token)) & grouped]
        if not chosen and owned is not None:
            sentence.problem(explicit[0].text, 0.45)  # 各大区微信占比: a member's share inside each row has no form in a query
    else:
        nearest = _part(sentence, values, index)
        dimensions = set(sentence.dimension_of(nearest))
        chosen = [token for _, token in values if set(sentence.dimension_of(token)) & dimensions]
        others = [token for _, token in values if token not in chosen]
        if others:
            names = "、".join(token.text for token in others)
            sentence.assume(f"占比在“{names}”之内计算", f"the share is within {names}")
    draft.share_of = chosen
    for token in chosen:
        sentence.take(sentence.rest.index(token))


def _part(sentence: Sentence, values: list[tuple[int, Token]], index: int) -> Token:
    """Return the member whose share is asked, the others being the whole: 糖衡在华东销售额里占几成, P's share of R's sales, what share of R's sales is P."""
    first, last = values[0], values[-1]
    between = [token.text for token in sentence.all if first[1].end <= token.start and token.end <= last[1].start]
    if len({name for _, token in values for name in sentence.dimension_of(token)}) > 1:
        if "在" in between or ("于" in between and sentence.chinese):
            return first[1]
        owned = any(token.start >= first[1].end and token.text in _OWNS for token in sentence.all)
        if not sentence.chinese and index <= first[0]:  # share of P in R; what share of R's sales is, comes from, P accounts for
            return last[1] if owned else first[1]
        if not sentence.chinese and first[0] < index <= last[0]:
            return first[1]  # P's share of R's sales, P as a share of R
    return min(values, key=lambda item: (abs(item[0] - index), item[0]))[1]


_OWNS = frozenset(("is", "are", "was", "were", "do", "does", "did", "come", "comes", "came", "from", "through", "via"))
_CONTRIBUTES = frozenset(("贡献", "contribution", "contribute", "contributes", "contributed"))


def comparisons(sentence: Sentence) -> None:
    """Take 华东比华南高多少 (compare with one member) and 华东和华南对比, East vs South (group by their dimension)."""
    draft = sentence.draft
    if match := sentence.find("V[^V]{0,3}ZG?V"):
        first, base = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        shared = [name for name in sentence.dimension_of(first) if name in sentence.dimension_of(base)]
        directional = sentence.rest[match.end() - 2].text not in _SYMMETRICAL
        if shared and (sentence.has("d") or (directional and sentence.chinese) or draft.lists):
            _against_member(sentence, base, shared[0])
            return
        if shared:
            draft.separate = True
    elif (match := sentence.find("D[^VT]{0,3}ZV")) or (match := sentence.find("ZV[^VT]{0,3}D")):
        tokens = sentence.rest[match.start() : match.end()]
        base = next(token for token in tokens if token.kind == "V")
        name = next(token for token in tokens if token.kind == "D")
        shared = [found for found in sentence.dimension_of(base) if found in sentence.dimension_of(name)]
        if shared:
            _against_member(sentence, base, shared[0])
            return
    elif sentence.has("d") and (match := sentence.find("^T?ZG?V[^V]*V")):
        base = next(token for token in sentence.rest if token.kind == "V")  # compared with South, how much higher was East's
        shared = [name for name in sentence.dimension_of(base) if name in sentence.dimension_of(sentence.rest[match.end() - 1])]
        if shared:
            _against_member(sentence, base, shared[0])
            return
    elif sentence.has("d") and (match := sentence.find("V[&~|,]?V")):
        first, base = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        shared = [name for name in sentence.dimension_of(first) if name in sentence.dimension_of(base)]
        if shared:
            _against_member(sentence, base, shared[0])
            return
    if (match := sentence.find("ZG?V")) and sentence.count("V") == 1 and not sentence.has("D"):
        base = sentence.rest[match.end() - 1]
        dimensions = sentence.dimension_of(base)
        if dimensions:  # 和华南比: what was asked before, or every member, against this one
            _against_member(sentence, base, dimensions[0])
            return
    if (match := sentence.find("d")) and (_to_a_metric(sentence, sentence.rest[match.start()]) or len({t.ids("metric") for t in sentence.rest if t.kind == "M"}) > 1):
        sentence.problem(sentence.rest[match.start()].text, 0.5)  # gap to target, 与指标的差距: between two metrics
    if sentence.has("d") and sentence.has("D") and sentence.count("V") < 2:
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "d"])  # 各渠道的差异 are seen side by side
    if any(sentence.has(kind) for kind in "zZ"):
        several = sum(token.kind == "V" for token in sentence.rest) >= 2
        draft.separate = draft.separate or several
        metrics = {token.ids("metric") for token in sentence.rest if token.kind == "M"}
        alone = not several and draft.compare is None and draft.base is None and len(metrics) == 1
        if alone and (versus := sentence.find("MZ|ZM")) is not None:
            sentence.problem(next(t.text for t in sentence.rest[versus.start() : versus.end()] if t.kind == "Z"), 0.45)  # goal vs actual: compared with what?
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind in "zZ"])


def _to_a_metric(sentence: Sentence, difference: Token) -> bool:
    """Whether the difference is to a metric: the word for it is followed by `to` and a metric's name, or stands after 与 or 离 and one."""
    following = [token for token in sentence.all if token.start >= difference.end][:2]
    return len(following) == _PAIR and following[0].text in ("to", "from", "against", "versus", "vs") and following[1].kind == "M"


_PAIR = 2
_SYMMETRICAL = frozenset(("vs", "vs.", "versus", "against", "compared with", "compared to", "对照", "pk"))


def _against_member(sentence: Sentence, base: Token, dimension: str) -> None:
    draft = sentence.draft
    sentence.restrict(base, (dimension,))
    for token in sentence.rest:
        if token.kind == "V" and dimension in sentence.dimension_of(token):
            sentence.restrict(token, (dimension,))
    draft.compare, draft.base_member = "member", base
    sentence.take(sentence.rest.index(base))
    sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind in "Zzd"])


def groupings(sentence: Sentence) -> None:
    """Take the dimensions: after 各, by, 哪个; beside a ranking or a threshold; or bare, which is said as an assumption."""
    draft = sentence.draft
    if sentence.has("E"):
        draft.separate = True
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "E"])
    if sentence.count("V") > 1 and any(token.kind == "G" and token.text == "each" for token in sentence.rest):
        draft.separate = True  # East, South and North, each by month
    if sentence.has("A"):
        draft.total = draft.grain is None  # 按季度汇总: summed up by the quarter
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "A"])
    if sentence.has("O"):
        draft.only = True
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "O"])
    if sentence.has("F"):
        draft.follow = True
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "F"])
    asked = next((token.text for token in sentence.rest if token.kind == "U"), "")
    if asked:
        draft.asks_many = True
        draft.counted_in = _COUNTED.get(asked[-1])
    counted = sentence.find("U[NA]?D") is not None or (bool(draft.thresholds) and sentence.find("D[^D]*U$") is not None)
    if counted and draft.thresholds:
        draft.counts = True
    if sentence.has("l"):
        draft.lists = True
        if sentence.find("^lM$") is not None and draft.bound is None:
            sentence.problem(sentence.rest[0].text, 0.45)  # 有哪些指标: what there is, not how much
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "l"])
    _few(sentence)
    sentence.each("[GWL]N?(?=D)", lambda match: _mark_explicit(sentence, match))
    ranked = draft.ordering is not None or bool(draft.thresholds) or draft.lists or draft.share
    explicit_seen = False
    for index, token in enumerate(sentence.rest):
        if token.kind != "D":
            continue
        after_and = index >= 2 and sentence.rest[index - 1].kind in "&,|" and sentence.rest[index - 2].kind == "D" and explicit_seen
        trailing = index >= 1 and sentence.rest[index - 1].kind == "D" and explicit_seen
        explicit = token in sentence.explicit or after_and or (trailing and not sentence.identifies(token))
        explicit_seen = explicit_seen or explicit
        before = sentence.rest[index - 1] if index else None
        qualified = sentence.dimension_of(before) if before is not None and before.kind == "V" else ()
        draft.groups.append(Group(token, explicit=explicit, listed=ranked, qualified=qualified))
        token.used = True
    _nested(sentence)
    sentence.rest = [token for token in sentence.rest if token.kind != "D"]
    for kind in "GWLU&|":
        if kind == "|":
            continue
        for token in [token for token in sentence.rest if token.kind == kind]:
            sentence.take(sentence.rest.index(token))


def _few(sentence: Sentence) -> None:
    """By only one channel, 只通过一个渠道: a bound on members, which is no metric's."""
    said = [token for token in sentence.all if token.kind != FILLER or token.text in _ONE]
    kinds = "".join("N" if token.text in _ONE else token.kind for token in said)
    if match := re.search("ONG?D" if sentence.chinese else "GO?ND", kinds):
        sentence.problem(said[match.end() - 2].text + said[match.end() - 1].text, 0.5)


_ONE = frozenset(("一个", "一种", "一家", "一款", "一位", "one", "single", "a single"))
_COUNTED = {"次": "次", "人": "人", "位": "人", "名": "人", "家": "家", "盒": "盒", "份": "份"}


def _nested(sentence: Sentence) -> None:
    """各大区销售额最高的产品: a ranking inside each group has no form in a query."""
    ordering, groups = sentence.draft.ordering, [group.token for group in sentence.draft.groups]
    ranked = [token for token in groups if token not in sentence.eaches]
    if ordering is not None and ordering.limit is not None and sentence.eaches and ranked:
        sentence.problem(sentence.eaches[0].text, 0.5)


_KINDS = frozenset(("各类", "每类", "各种", "每种", "分类"))


def _mark_explicit(sentence: Sentence, match: re.Match[str]) -> bool:
    name = sentence.rest[match.end()]
    cue = sentence.rest[match.start()]
    if cue.kind == "L" and (sentence.draft.total or (sentence.person(name) and not sentence.draft.lists)):
        pass  # 所有渠道的总触达次数, 全部医生的触达率: the whole, not each
    elif sentence.person(name) and cue.text in _KINDS:
        sentence.draft.separate = True  # A、B、C、D各类医生: the kinds that were named, no persons
    else:
        sentence.explicit.append(name)
    if cue.kind == "G" and cue.text.startswith(("各", "每", "each", "every", "for each", "for every", "in each", "in every")):
        sentence.eaches.append(name)
    sentence.take(*range(match.start(), match.end()))
    return True


def _ranked_within(sentence: Sentence) -> None:
    """华东销售额最高的产品在华南的销售额: a ranking in one member, then a number of another, has no form in a query."""
    values = [token for token in sentence.rest if token.kind == "V"]
    for first, second in itertools.pairwise(values):
        shared = set(sentence.dimension_of(first)) & set(sentence.dimension_of(second))
        if shared and any(token.kind in "SPp" and first.end <= token.start < second.start for token in sentence.all):
            sentence.problem(second.text, 0.5)


_BETWEEN = frozenset(("between", "介于", "之间"))


def members(sentence: Sentence) -> None:
    """Take the values that are left: filters. `Or` between different dimensions can't be one."""
    draft = sentence.draft
    _ranked_within(sentence)
    if match := sentence.find("V~V"):
        said = "".join(token.text for token in sentence.rest[match.start() : match.end()])
        sentence.problem(said, 0.45)  # 9点到11点: whether the last one is meant too is not said
    if (match := sentence.find("V&?V")) and any(token.text in _BETWEEN for token in sentence.all) and any(
        (info := sentence.view.lexicon.dimensions.get(name)) is not None and info.type == "integer" for name in sentence.dimension_of(sentence.rest[match.start()])
    ):
        sentence.problem("".join(token.text for token in sentence.rest[match.start() : match.end()]), 0.45)  # between 9am and 11am
    if match := sentence.find("V\\|V"):
        first, second = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        if not set(sentence.dimension_of(first)) & set(sentence.dimension_of(second)):
            draft.alternatives = True
    for token in [token for token in sentence.rest if token.kind == "V"]:
        draft.members.append(Member(token))
        sentence.take(sentence.rest.index(token))
    for token in [token for token in sentence.rest if token.kind in "|,~n"]:
        sentence.take(sentence.rest.index(token))
