"""What the rows are: 各, by, 哪个; one ranking inside another, bounds on members; and last the members that are left, which filter."""

from __future__ import annotations

import itertools
import re

from nlq.draft import Group, Member
from nlq.sentence import Sentence
from nlq.shape.limits import nested
from nlq.words.grammar import FILLER, OTHER_MEASURES


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
        draft.counted_in = _COUNTED.get(asked[-1]) or (asked[-1] if asked[-1] in OTHER_MEASURES else None)
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
    said = [token for token in sentence.all if (token.kind != FILLER or token.text in _ONE) and not (token.used and token.kind == "N")]
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
    else:
        nested(sentence, sentence.eaches)


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
        first, to, second = sentence.rest[match.start() : match.end()]
        if to.text != "to" or set(sentence.dimension_of(first)) & set(sentence.dimension_of(second)):  # visits to chief physicians
            sentence.problem(first.text + to.text + second.text, 0.45)  # 9点到11点: whether the last one is meant too is not said
    if (match := sentence.find("V&?V")) and any(token.text in _BETWEEN for token in sentence.all) and any(
        (info := sentence.view.lexicon.dimensions.get(name)) is not None and info.type == "integer" for name in sentence.dimension_of(sentence.rest[match.start()])
    ):
        sentence.problem("".join(token.text for token in sentence.rest[match.start() : match.end()]), 0.45)  # between 9am and 11am
    if (match := sentence.find("V&?V")) and draft.compare is None and not (draft.separate or draft.share) and any(token.text in _BETWEEN for token in sentence.all):
        first, second = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        if set(sentence.dimension_of(first)) & set(sentence.dimension_of(second)):
            sentence.problem(first.text + second.text, 0.45)  # 介于华东和华南之间: bounds that are members
    if match := sentence.find("V\\|V"):
        first, second = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        if not set(sentence.dimension_of(first)) & set(sentence.dimension_of(second)):
            draft.alternatives = True
    for token in [token for token in sentence.rest if token.kind == "V"]:
        draft.members.append(Member(token))
        sentence.take(sentence.rest.index(token))
    for token in [token for token in sentence.rest if token.kind in "|,~n"]:
        sentence.take(sentence.rest.index(token))
