"""Order in a sentence: top and bottom N, superlatives, rankings, and what they rank by."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nlq.draft import Direction, Ordering
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.shape.numbers import COMPARATIVES, change_of, number_of
from nlq.words.grammar import AMONG, CHANGE, METRIC, VALUE

_DIRECTIONS: dict[str, Direction] = {"asc": "asc", "desc": "desc", "best": "best", "worst": "worst"}


def orderings(sentence: Sentence) -> None:
    """Take 前10, top 5, 最高的3个, ranked, 从高到低, 增长最快; what they rank by is the metric nearest by."""
    draft = sentence.draft
    ordering: Ordering | None = None

    def start() -> Ordering:
        nonlocal ordering
        ordering = ordering or Ordering(metric=None)
        return ordering

    changed = sentence.rest[match.end() - 1] if (match := sentence.find("[GK][YQM]*I")) else None
    by_metric(sentence, start)
    grown = sentence.rest[match.start()] if (match := sentence.find("I(?=S?P#?N|S?p#?N)")) else None
    if changed is not None and grown is None and sentence.find("[SPpKks]") is None and _sorted_by(sentence, changed):
        start()  # 按涨幅排
    changed = changed or grown
    if match := sentence.find("K?P#?N|S?PN"):
        index = match.end() - 1
        start().limit = _how_many(sentence, index)
        start().metric = start().metric or sentence.nearest_metric(match.start(), before_first=sentence.chinese)
        superlative = match.group()[0] == "S"
        if superlative:
            start().direction = _DIRECTIONS[str(sentence.rest[match.start()].value)]
        sentence.take(*range(match.start(), match.end()))
    elif match := sentence.find("S?K?p#?N"):
        number, last = number_of(sentence.rest[match.end() - 1]), sentence.rest[match.end() - 2]
        if last.text.endswith("第") and number.value > 1:
            sentence.problem(last.text + sentence.rest[match.end() - 1].text, 0.5)  # 倒数第二: that one alone
        start().limit = _how_many(sentence, match.end() - 1)
        start().direction = "asc"
        sentence.take(*range(match.start(), match.end()))
    elif match := sentence.find("#N"):
        _ordinal(sentence, start(), match.start())
    if match := sentence.find("S"):
        _superlative(sentence, start, match.start())
    if match := sentence.find("s"):
        start().direction = _DIRECTIONS[str(sentence.rest[match.start()].value)]
        sentence.take(match.start())
        said = sentence.find("M[YQ]?I(?!D)|[YQ]I(?!D)") if start().metric is None and start().limit is None and start().column == "" else None
        if said is not None and said.end() <= match.start() and change_of(sentence.rest[said.end() - 1])[1] == "growth":
            _by_change(sentence, start(), said.end() - 1)  # 同比增长率，从高到低: what is asked for is the growth, and it is what is sorted
    if match := sentence.find("P(?=[MDWS])"):
        token = sentence.rest[match.start()]
        following = next((t for t in sentence.rest[match.start() :] if t.kind == "D"), None)
        if not sentence.chinese and following is not None and "first" not in token.text:
            start().limit = start().limit or (None if following.text.endswith("s") else 1)
            sentence.take(match.start())
    if ordering is not None and ordering.column == "" and ordering.metric is None and changed is None and (match := sentence.find("G[YQ](?![MI])")):
        ordering.column = "__growth"  # 按同比从高到低
        sentence.take(match.start())
    if sentence.has("K"):
        index = sentence.kinds.index("K")
        start().metric = start().metric or sentence.nearest_metric(index)
        if index and sentence.rest[index - 1].kind == CHANGE:  # 同比增速排名
            direction, sort = change_of(sentence.rest[index - 1])
            start().column = "__growth" if sort == "growth" else "__change"
            start().direction = "asc" if direction == "down" else start().direction
            draft.compare = draft.compare or "implied"
            sentence.take_later.append(sentence.rest[index - 1])
        if not _of_member(sentence) or start().limit is not None or draft.periods:
            sentence.take(index)
        else:
            draft.rank_of = True
            sentence.take(index)
    if sentence.has("k"):
        draft.rank_of = True
        index = sentence.kinds.index("k")
        start().metric = start().metric or sentence.nearest_metric(index)
        sentence.take(index)
    if draft.rank_of:
        draft.ranked_within = [token for at, token in enumerate(sentence.all) if token.kind == VALUE and _around(sentence.all, at)]
    if ordering is not None and ordering.column == "" and changed is None and (verb := _changed(sentence)) is not None:
        changed = verb
    if ordering is not None and ordering.column == "" and changed is not None and changed in sentence.rest:
        _by_change(sentence, ordering, sentence.rest.index(changed))
    draft.ordering = ordering


def _sorted_by(sentence: Sentence, change: Token) -> bool:
    """按涨幅排, sorted by growth: what is said right behind the change, or before it, sorts."""
    behind = [token.text for token in sentence.all if token.start >= change.end][:1]
    return behind[:1] in (["排"], ["排一排"], ["排好"], ["排出来"], ["来排"]) or (not sentence.chinese and any(token.text in ("sort", "sorted", "order", "ordered") for token in sentence.all))


def _around(tokens: Sequence[Token], at: int) -> bool:
    """Whether a member is said to be that in which something is ranked: 在华南, 华南里, in the South, among A doctors."""
    before = next((token.text for token in reversed(tokens[:at]) if token.text not in ("the", "all", "整个", "全部")), "")
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return before in ("在", "于", "in", "within", "among", "inside") or (after is not None and after.start == tokens[at].end and after.text in AMONG)


def _changed(sentence: Sentence) -> Token | None:
    """Which branches improved their NPL most: a verb of change before the metric that the superlative behind it ranks."""
    match = None if sentence.chinese else re.search("I(?=M[TZYQ,]*$)", sentence.kinds)
    return sentence.rest[match.start()] if match is not None else None


def _by_change(sentence: Sentence, ordering: Ordering, index: int) -> None:
    """Top 3 by YoY growth in revenue, 按同比增速从高到低: what is ranked by is the change, not the figure."""
    direction, sort = change_of(sentence.rest[index])
    ordering.column = "__growth" if sort == "growth" else "__change"
    if direction == "down" and ordering.direction == "desc":
        ordering.direction = "asc"
    sentence.draft.compare = sentence.draft.compare or "implied"
    sentence.take_later.append(sentence.rest[index])


def _how_many(sentence: Sentence, index: int) -> int | None:
    """Return how many rows are asked for; a share of the rows (前20%, the top tenth) has no form in a query."""
    number = number_of(sentence.rest[index])
    if number.said != "plain" or number.value < 1 or number.value != int(number.value):
        sentence.problem(sentence.rest[index].text, 0.5)
        return None
    return int(number.value)


def _of_member(sentence: Sentence) -> bool:
    """Whether a ranking is asked for one member: 华东触达率排名, 华东在各大区的触达率排名; its own dimension may be named beside it."""
    members = [token for token in sentence.rest if token.kind == "V"]
    if len(members) != 1 or sentence.has("W"):
        return False
    names = [token for token in sentence.rest if token.kind == "D"]
    own = set(sentence.dimension_of(members[0]))
    return all(set(sentence.dimension_of(name)) & own and name.start > members[0].end for name in names)


def by_metric(sentence: Sentence, start: Callable[[], Ordering]) -> None:
    """`by doctors reached`, 按触达率: a metric after `by` orders when something is ranked."""
    match = sentence.find("[GK](?:[YQ](?=MI))?M")
    if match is None:
        return
    ranks = sentence.find("[PpSsKk]") is not None and sentence.rest[match.start()].text not in ("per", "each", "every")
    group = sentence.rest[match.start()]
    following = sentence.rest[match.end()] if match.end() < len(sentence.rest) else None
    if following is not None and following.kind == CHANGE and ranks:  # top 5 by revenue growth
        direction, sort = change_of(following)
        start().column = "__growth" if sort == "growth" else "__change"
        start().direction = "asc" if direction == "down" else start().direction
        sentence.draft.compare = sentence.draft.compare or "implied"
        sentence.take_later.append(following)
    if group.kind == "G":
        bare = sentence.has("D") and sentence.find("GN?D") is None and group.text in ("by", "按", "按照", "依")
        if ranks or bare:  # provinces by reach rate: in its order
            start().metric = sentence.rest[match.end() - 1]
            sentence.take(match.start())
        elif match.start() and METRIC in sentence.kinds[: match.start()] and not sentence.chinese and group.text != "by":
            sentence.problem(f"{group.text} {sentence.rest[match.end() - 1].text}", 0.5)  # spend per touch: a ratio of two metrics
        return
    start().metric = sentence.rest[match.end() - 1]


def _ordinal(sentence: Sentence, ordering: Ordering, index: int) -> None:
    place = int(number_of(sentence.rest[index + 1]).value)
    if place != 1:
        sentence.problem(sentence.rest[index].text + sentence.rest[index + 1].text, 0.5)
    ordering.limit = place
    sentence.take(index, index + 1)


def _superlative(sentence: Sentence, start: Callable[[], Ordering], index: int) -> None:
    token = sentence.rest[index]
    comparative = token.text in COMPARATIVES
    if index and sentence.rest[index - 1].kind == "R" and not comparative:
        sentence.problem(sentence.rest[index - 1].text + token.text, 0.45)  # 波动最大: no metric says how much one swings
    values = sentence.count("V")
    if comparative and _qualifies(sentence, index):
        sentence.problem(token.text + sentence.rest[index + 1].text, 0.5)  # 大城市, larger cities: large by what?
    chosen = sentence.has("W") or values >= 2 or sentence.has("w") or token.text.startswith("谁")
    if comparative and not chosen:
        if sentence.has("d") or sentence.has("Z"):
            sentence.take(index)
            return
        if not sentence.has("D"):
            sentence.take(index)  # 有没有更高: nothing that could be ranked
            sentence.problem(token.text, 0.4)
            return
        sentence.assume(f"“{token.text}”没有界限，按大小排列", f"'{token.text}' gives no bound: ranked instead")
    ordering = start()
    asked = _DIRECTIONS[str(token.value)]
    following = index + 1
    while following < len(sentence.rest) and sentence.rest[following].kind in "YQ":
        following += 1  # the highest year-on-year growth
    change = next((i for i in (index - 1, following) if 0 <= i < len(sentence.rest) and sentence.rest[i].kind == CHANGE), None)
    if change is None and token.text in _SPEEDS and sentence.measures_time(sentence.nearest_metric(index, before_first=sentence.chinese)):
        asked = _SPEEDS[token.text]
    if ordering.direction == "desc" or asked != "desc":
        ordering.direction = asked
    nearest = sentence.nearest_metric(index, before_first=sentence.chinese)
    if ordering.metric is not None and nearest is not None and nearest is not ordering.metric and sentence.draft.compare is None and ordering.limit:
        sentence.problem(token.text, 0.45)  # 触达最多的10个城市中打开率最低的: one ranking inside another
    if ordering.metric is None:
        ordering.metric = sentence.nearest_metric(index, before_first=sentence.chinese)
    taken = [index]
    if change is not None:
        direction, sort = change_of(sentence.rest[change])
        fast = sort == "growth" or token.text in ("最快", "fastest", "最猛")
        ordering.column = "__growth" if fast else "__change"
        if direction == "down" and asked == "desc":
            ordering.direction = "asc"
        sentence.draft.compare = sentence.draft.compare or "implied"
        taken.append(change)
    neighbour = _number_beside(sentence, index)
    if neighbour is not None:
        ordering.limit = int(number_of(sentence.rest[neighbour]).value)
        taken.append(neighbour)
    elif ordering.limit is None and not (comparative and _plural(sentence)) and (chosen or not comparative):
        ordering.limit = 1
    sentence.take(*taken)


_SPEEDS: dict[str, Direction] = {
    "最快": "asc", "更快": "asc", "较快": "asc", "快": "asc", "fastest": "asc", "quickest": "asc", "faster": "asc",
    "最慢": "desc", "更慢": "desc", "较慢": "desc", "慢": "desc", "slowest": "desc", "slower": "desc",
}  # fmt: skip
"""Of lengths of time: the fastest takes the least."""


def _plural(sentence: Sentence) -> bool:
    """哪些, 哪几个, which regions: several are asked for, so that a bare adjective ranks them all."""
    match = sentence.find("WN?D")
    which = next((token.text for token in sentence.rest if token.kind == "W"), "")
    several = which.startswith(("哪些", "哪几"))
    return several or (match is not None and not sentence.chinese and sentence.rest[match.end() - 1].text.endswith("s"))


def _qualifies(sentence: Sentence, index: int) -> bool:
    """Whether an adjective stands right before a dimension's name and after no metric: nobody has said where large begins."""
    adjective, following = sentence.rest[index], sentence.rest[index + 1] if index + 1 < len(sentence.rest) else None
    if following is None or following.kind != "D" or following.start - adjective.end > (0 if sentence.chinese else 1):
        return False
    before = sentence.rest[index - 1] if index else None
    return before is None or before.kind not in (METRIC, CHANGE) or adjective.start - before.end > (0 if sentence.chinese else 1)


def _number_beside(sentence: Sentence, index: int) -> int | None:
    """Return the number that says how many: 最高的3个, 3 regions with the highest, 哪两个大区…最高."""
    for at in (index + 1, index - 1):
        if 0 <= at < len(sentence.rest) and sentence.rest[at].kind == "N" and _is_count(sentence.rest[at]):
            return at
    for at, token in enumerate(sentence.rest):
        following = sentence.rest[at + 1].kind if at + 1 < len(sentence.rest) else ""
        if token.kind == "N" and following in ("D", "n") and _is_count(token):
            return at
    return None


def _is_count(token: Token) -> bool:
    number = number_of(token)
    return number.said == "plain" and number.value == int(number.value) and 1 <= number.value <= 1000


__all__ = ["orderings"]
