"""Names of persons in running text, where no title need stand beside them: 今天拜访了王建国.

The text is cut into the likeliest sequence of words and names (a unigram lattice, as in Zhang Huaping's and Liu Qun's role-free baseline, 2002): words
cost what their count in jieba's dictionary says, a name costs what its surname and the characters of its given name say, and what stands beside it makes
it cheaper (拜访, 和, 表示, a title) or dearer. This finds more and errs more than `patterns.person_names`, which judges questions: it is for text
that will be masked, where a word too many masked does no harm.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from governance.identity import name_context, name_odds, names
from governance.identity.business_words import BUSINESS_WORDS
from governance.identity.not_names import MORE_THINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = re.compile(r"[\u3400-\u9fff]+")
_TOTAL = 6.0e7
_UNKNOWN = math.log(_TOTAL)
_LONGEST_WORD = 6
_USUAL_WORD = 60.0
"""The count that a word of business is given."""
_A_NAME = math.log(90.0)
"""About one word in ninety of a visit note is a name."""
_ONE_GIVEN, _TWO_GIVEN, _SELDOM_GIVEN, _ALSO_A_WORD, _ALSO_A_PLACE = math.log(3.0), math.log(1.5), math.log(12.0), math.log(60.0), math.log(9.0)
_ALONE = 3.0
"""How much likelier a surname is to stand before a title than chance says: 张主任."""
_SHORT, _FULL = 2, 3
_USUAL, _LIKE_NO_NAME = 9.5, 15.5
"""The cost of a character of a given name that nobody would wonder at."""
SCORE = 0.6
_SELDOM = frozenset("有少和为占科标")
_NEVER = names.NOT_GIVEN - _SELDOM
_SIDES = frozenset("方某家总局队籍版币货股姓氏任辞")
"""What stands behind a country's, a family's or a firm's short name: 韩方, 巴方, 白家."""
_WEEKS = frozenset("上下本每这那单双第前后几各首末全一二三四五六七八九十半两数同比整逐隔次当近满余")
_LONE_TITLES = tuple(sorted(names.PERSONAL_TITLES, key=len, reverse=True))
_ALONE_MEANS = frozenset("是在有和与跟及说也都已正将会想要的对把让请给去来做讲发为未没不很时后男女了等打问称到从向被则又再还就而但或可能用看听见约提转因同共于由经着过吗吧呢啊其该此每各")
"""Characters that are words by themselves where they stand behind a name."""


@lru_cache(maxsize=1)
def _costs() -> dict[str, float]:
    costs = {word: _UNKNOWN - math.log(max(1, count)) for word, count in names.word_counts().items() if len(word) <= _LONGEST_WORD}
    for word in BUSINESS_WORDS:
        costs[word] = min(costs.get(word, _UNKNOWN), _UNKNOWN - math.log(_USUAL_WORD))
    # Words of three characters that the dictionary takes for names, and that end like none: 柏林墙, 许可证.
    given = name_odds.given_costs()
    for word, count in names.named_words().items():
        if len(word) == _FULL and word not in costs and not name_odds.is_clear(word[0]) and word[:2] not in names.COMPOUND_SURNAMES and given.cost(word[1:]) > _LIKE_NO_NAME:
            costs[word] = _UNKNOWN - math.log(count)
    return costs


def names_in_text(text: str) -> Iterator[tuple[int, int, float]]:
    """Yield (start, end, score) of the persons' names in a folded text."""
    for run in _RUN.finditer(text):
        yield from _names_in_run(run[0], run.start(), text)


def _names_in_run(run: str, offset: int, text: str) -> Iterator[tuple[int, int, float]]:
    costs = _costs()
    size = len(run)
    best = [0.0] + [math.inf] * size
    step: list[tuple[int, bool]] = [(0, False)] * (size + 1)
    words: list[str] = [""] * (size + 1)
    """words[i]: the last word of the cheapest way to i."""
    for at in range(size):
        here = best[at]
        for end in range(at + 1, min(size, at + _LONGEST_WORD) + 1):
            word = run[at:end]
            cost = costs.get(word)
            if cost is None:
                if end > at + 1:
                    continue
                cost = _UNKNOWN
            if here + cost < best[end]:
                best[end], step[end], words[end] = here + cost, (at, False), word
        for end, cost in _candidates(run, at):
            total = here + cost - name_context.beside(run, at, end, words[at], offset, text)
            if total < best[end]:
                best[end], step[end], words[end] = total, (at, True), run[at:end]
    path = []
    at = size
    while at:
        start, is_name = step[at]
        path.append((start, at, is_name))
        at = start
    path.reverse()
    for number, (start, _, is_name) in enumerate(path):
        if is_name:
            yield offset + start, offset + _whole(run, path, number), SCORE


def _whole(run: str, path: list[tuple[int, int, bool]], number: int) -> int:
    """Where the name of a step ends, with a character behind it that would else stand alone and means nothing by itself: 高璐|果|比较."""
    start, end, _ = path[number]
    if end - start == _SHORT and number + 1 < len(path):
        _, after, is_name = path[number + 1]
        char = run[end]
        if after - end == 1 and not is_name and char not in _ALONE_MEANS and name_odds.given_costs().last.get(char, _UNKNOWN) < _USUAL:
            return after
    return end


def _candidates(run: str, at: int) -> Iterator[tuple[int, float]]:
    """The ends of possible names that begin at `at`, with what they cost."""
    surnames, given, costs = name_odds.surname_costs(), name_odds.given_costs(), _costs()
    if run[at] in name_context.MEASURES and at and run[at - 1] in name_context.COUNTED:
        return  # 这张图, 三项
    if run[at] == "周" and at and run[at - 1] in _WEEKS:
        return  # 本周
    for length in (1, 2):
        surname = run[at : at + length]
        cost = surnames.get(surname)
        if cost is None or len(surname) < length:
            continue
        for end in range(at + length + 1, min(len(run), at + length + 2) + 1):
            word, first = run[at:end], run[at + length : end]
            if word in MORE_THINGS or (first not in given.pairs and not _NEVER.isdisjoint(first)):
                continue
            # One character after the surname says less than two: it must be paid for.
            price = _ONE_GIVEN if len(first) == 1 else _TWO_GIVEN
            if first in _SIDES or (first not in given.pairs and not _SELDOM.isdisjoint(first)):
                price += _SELDOM_GIVEN
            if word in costs or word[-1] == word[0]:
                price += _ALSO_A_WORD
            if word in names.short_places():
                price += _ALSO_A_PLACE
            yield end, _A_NAME + cost + given.cost(first) + price
        if names.is_lone_surname(surname):
            for title in _LONE_TITLES:
                if run.startswith(title, at + length) and not run.startswith("医", at + length + len(title)):
                    yield at + length + len(title), _A_NAME + cost + costs.get(title, _UNKNOWN) - _ALONE
                    break
