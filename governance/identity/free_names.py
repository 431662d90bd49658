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
from governance.identity.not_names import ALSO_NAMES, MORE_THINGS
from governance.identity.places_things import PLACES, THINGS

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
_ONE_GIVEN, _TWO_GIVEN, _SELDOM_GIVEN, _ALSO_BORNE, _ALSO_A_WORD, _ALSO_A_PLACE = math.log(3.0), math.log(1.5), math.log(12.0), math.log(9.0), math.log(60.0), math.log(9.0)
_ALONE = 3.0
"""How much likelier a surname is to stand before a title than chance says: 张主任."""
_SHORT, _FULL = 2, 3
_USUAL_END = 7.0
_USUAL, _LIKE_NO_NAME, _KNOWN, _FREQUENT, _HARDLY_MET = 9.5, 15.5, 10.2, 9.0, 17.0
"""The cost of a character of a given name that nobody would wonder at."""
SCORE = 0.6
_SELDOM = frozenset("有少和为占科标")
_NEVER = names.NOT_GIVEN - _SELDOM
_SIDES = frozenset("方某家总局队籍版币货股姓氏任辞")
"""What stands behind a country's, a family's or a firm's short name: 韩方, 巴方, 白家."""
_SUFFIXES = frozenset("性率费率架版型式类表卡券款项额量值线店铺部门站点用单据期网课箱柜车剂药片丸化度者品区板器机室厅馆")
"""How words of three characters end that say what a thing is."""
_DAYS = frozenset("一二三四五六日末天中内初报会")
_WEEKS = frozenset("上下本每这那单双第前后几各首末全一二三四五六七八九十半两数同比整逐隔次当近满余")
_LONE_TITLES = tuple(sorted(names.PERSONAL_TITLES, key=len, reverse=True))
_TITLE_STARTS = frozenset(title[0] for title in _LONE_TITLES)
_ALONE_MEANS = frozenset("是在有和与跟及说也都已正将会想要的对把让请给去来做讲发为未没不很时后男女了等打问称到从向被则又再还就而但或可能用看听见约提转因同共于由经着过吗吧呢啊其该此每各")
"""Characters that are words by themselves where they stand behind a name."""


@lru_cache(maxsize=1)
def _costs() -> dict[str, float]:
    costs = {word: _UNKNOWN - math.log(max(1, count)) for word, count in names.word_counts().items() if len(word) <= _LONGEST_WORD}
    for word in (*BUSINESS_WORDS, *PLACES, *THINGS, *names.short_places()):
        if word in ALSO_NAMES:
            continue
        costs[word] = min(costs.get(word, _UNKNOWN), _UNKNOWN - math.log(_USUAL_WORD))
    # Words of three characters that the dictionary takes for names, and that end like none: 柏林墙, 许可证.
    given = name_odds.given_costs()
    for word, count in names.named_words().items():
        if len(word) == _FULL and word not in costs and not name_odds.is_clear(word[0]) and word[:2] not in names.COMPOUND_SURNAMES and given.cost(word[1:]) > _LIKE_NO_NAME:
            costs[word] = _UNKNOWN - math.log(count)
    return costs


@lru_cache(maxsize=1)
def _starts() -> frozenset[str]:
    """How words of two characters and more begin."""
    return frozenset(word[:_SHORT] for word in _costs() if len(word) >= _SHORT)


def names_in_text(text: str) -> Iterator[tuple[int, int, float]]:
    """Yield (start, end, score) of the persons' names in a folded text."""
    for run in _RUN.finditer(text):
        yield from _names_in_run(run[0], run.start(), text)


def _names_in_run(run: str, offset: int, text: str) -> Iterator[tuple[int, int, float]]:
    candidates = _worth_weighing(run)
    if not candidates:
        return
    costs, starts = _costs(), _starts()
    size = len(run)
    best = [0.0] + [math.inf] * size
    step: list[tuple[int, bool]] = [(0, False)] * (size + 1)
    words: list[str] = [""] * (size + 1)
    """words[i]: the last word of the cheapest way to i."""
    for at in range(size):
        here = best[at]
        last = at + _LONGEST_WORD if run[at : at + _SHORT] in starts else at + 1
        for end in range(at + 1, min(size, last) + 1):
            word = run[at:end]
            cost = costs.get(word)
            if cost is None:
                if end > at + 1:
                    continue
                cost = _UNKNOWN
            if here + cost < best[end]:
                best[end], step[end], words[end] = here + cost, (at, False), word
        for end, cost in candidates.get(at, ()):
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
        end = _whole(run, path, number) if is_name else start
        if end > start and not name_context.is_house(run, end):
            yield offset + _from(run, start, end), offset + end, SCORE


def _worth_weighing(run: str) -> dict[int, list[tuple[int, float]]]:
    """By where they begin, the names that could be cheaper than the words in the same place if all that stands beside them spoke for them. Most runs have none."""
    initials = name_odds.initials()
    found: dict[int, list[tuple[int, float]]] = {}
    for at, char in enumerate(run):
        if char in initials:
            worth = [(end, cost) for end, cost in _candidates(run, at) if cost - name_context.MOST < _in_words(run[at:end])]
            if worth:
                found[at] = worth
    return found


def _in_words(text: str) -> float:
    """What a short text costs as words."""
    get = _costs().get
    one = [get(char, _UNKNOWN) for char in text]
    best = [0.0, one[0]]
    for end in range(2, len(text) + 1):
        cost = best[end - 1] + one[end - 1]
        for start in range(end - 1):
            word = get(text[start:end])
            if word is not None and best[start] + word < cost:
                cost = best[start] + word
        best.append(cost)
    return best[-1]


def _from(run: str, start: int, end: int) -> int:
    """Where a name of two characters begins behind a first character that is a surname as well, when the two are a given name: 向|华强."""
    if start == 1 and end - start == _SHORT and run[0] in names.SURNAMES and run[start:end] in name_odds.given_costs().pairs:
        return 0
    return start


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
    surnames, given, costs, excess = name_odds.surname_costs(), name_odds.given_costs(), _costs(), name_odds.thing_excess()
    # 院|区新开: the end of a word is no rare surname.
    crossing = _ALSO_A_WORD if at and run[at] not in names.COMMON_SURNAMES and run[at - 1 : at + 1] in costs else 0.0
    if run[at] in name_context.MEASURES and at and run[at - 1] in name_context.COUNTED:
        return  # 这张图, 三项
    if run[at] == "周" and ((at and run[at - 1] in _WEEKS) or run[at + 1 : at + 2] in _DAYS):
        return  # 本周, 周五
    for length in (1, 2):
        surname = run[at : at + length]
        cost = surnames.get(surname)
        if cost is None or len(surname) < length:
            continue
        for end in range(at + length + 1, min(len(run), at + length + 2) + 1):
            word, first = run[at:end], run[at + length : end]
            if word in MORE_THINGS or word in THINGS or word in names.NOT_NAMES or (first not in given.pairs and not _NEVER.isdisjoint(first)):
                continue
            if len(first) > 1 and first[-1] in _SUFFIXES and given.pairs.get(first, _UNKNOWN) > _KNOWN and run[at : at + _SHORT] in costs:
                continue  # 陈旧性, 陈列架
            # One character after the surname says less than two: it must be paid for.
            price = _ONE_GIVEN if len(first) == 1 else _TWO_GIVEN
            if first in _SIDES or (first not in given.pairs and not _SELDOM.isdisjoint(first)):
                price += _SELDOM_GIVEN
            if word in costs or word[-1] == word[0]:
                # A word that is hardly ever met says little against a name.
                price += _ALSO_BORNE if word in ALSO_NAMES else min(_ALSO_A_WORD, max(0.0, _HARDLY_MET - costs.get(word, 0.0)))
            begins = run[at : at + _SHORT]
            if len(word) > _SHORT and (begins in MORE_THINGS or begins in names.NOT_NAMES or (begins in names.short_places() and given.last.get(word[-1], _UNKNOWN) > _USUAL_END)):
                price += _ALSO_A_WORD  # 唐山共用
            if word in names.short_places():
                price += _ALSO_A_PLACE
            if first not in given.pairs:
                price += excess.get(first[-1], 0.0)  # 韩文版, 孙辈
                if len(first) > 1:
                    price += name_odds.foreign_excess(first)
                    if first[-1] in excess and (run[at : at + _SHORT] in costs or run[at : at + _SHORT] in names.named_words()):
                        price += _ALSO_BORNE  # 龙舟赛
            total = _A_NAME + cost + given.cost(first) + price + crossing
            if len(word) == _FULL and word in names.named_words() and name_context.is_titled(run, end):
                total = min(total, costs.get(word, total))  # 游坦之医生: the dictionary's own names
            yield end, total
        if run[at + length : at + length + 1] in _TITLE_STARTS and names.is_lone_surname(surname):
            for title in _LONE_TITLES:
                if run.startswith(title, at + length) and not run.startswith("医", at + length + len(title)):
                    yield at + length + len(title), _A_NAME + cost + costs.get(title, _UNKNOWN) - _ALONE
                    break
