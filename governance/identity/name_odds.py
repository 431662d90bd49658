"""How likely characters are to make a name, as costs (negative natural logarithms): of a surname, of a given name, and what words of the dictionary do beside one.

Surnames by their rank in the household register (Zipf). Given names by the tens of thousands of full names that jieba's dictionary holds, by place (first of two, last of
two, the only one), mixed with our own list by rank, so that a character that nobody listed is dear and not impossible.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from governance.identity import names

RARE_CHARACTER = math.log(2e5)
"""A character that no known given name has."""
_COMPOUND, _AMBIGUOUS, _RAREST = math.log(300.0), math.log(8000.0), math.log(3e4)
_THINGS = frozenset(("东方", "百里", "第五", "太史", "东里", "南门", "西门", "公西", "东郭", "钟离", "贺若", "南宫", "那拉", "叶赫"))
"""Compound surnames that are words or places as well."""
_LEAST_EXCESS, _MOST_EXCESS = 0.5, 5.0
_OWN_SHARE, _ALONE_SHARE = 0.25, 0.5
_CLEAR = "王李张刘陈杨黄赵吴周徐孙朱胡郭何林郑梁谢宋许韩冯邓曹彭曾肖董袁潘蒋蔡余程魏吕丁沈姚姜崔钟谭陆汪范廖贾夏付邹熊孟秦邱薛侯雷段龙陶黎贺顾郝龚邵钱严武"
"""Surnames that hardly ever begin a foreign name: what follows them in the dictionary's full names is a given name."""
_VILLAGES = frozenset("庄湾沟村寨岭岗渡镇县乡屯店氏某区市省院部局州医所")
"""How villages end that are called by a family's name: 石家庄."""
_OFTEN = 600
_USUAL, _COMMON = 15.0, 13.5
"""The cost of a given name that nobody would wonder at."""
"""A word this frequent that is no name (先生, 将军) is no given name either, though 王先生 stands in the dictionary as a name."""


@lru_cache(maxsize=1)
def surname_costs() -> Mapping[str, float]:
    """Costs of single and compound surnames."""
    singles = list(dict.fromkeys(names.SURNAMES_BY_FREQUENCY))
    weights = {name: (rank + 6) ** -1.25 for rank, name in enumerate(singles, 1)}
    total = sum(weights.values())
    return (
        dict.fromkeys(names.RAREST_SURNAMES, _RAREST)
        | {name: -math.log(weight / total) for name, weight in weights.items()}
        | {name: _AMBIGUOUS if name in _THINGS else _COMPOUND for name in names.COMPOUND_SURNAMES}
    )


@lru_cache(maxsize=1)
def initials() -> frozenset[str]:
    """The characters that surnames begin with."""
    return frozenset(surname[0] for surname in surname_costs())


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Costs of the characters of given names by place, and of given names of two characters that the dictionary knows as such."""

    first: Mapping[str, float]
    last: Mapping[str, float]
    only: Mapping[str, float]
    pairs: Mapping[str, float]

    def cost(self, given: str) -> float:
        """The cost of a given name of one or two characters."""
        if len(given) == 1:
            return self.only.get(given, RARE_CHARACTER)
        apart = self.first.get(given[0], RARE_CHARACTER) + self.last.get(given[1], RARE_CHARACTER)
        return min(apart, self.pairs.get(given, apart))


@lru_cache(maxsize=1)
def given_costs() -> Given:
    """Costs of given names."""
    known = known_given()
    first, last = Counter[str](), Counter[str]()
    for given, count in known.items():
        first[given[0]] += count
        last[given[1]] += count
    total = sum(known.values())
    pairs = {given: -math.log(count / total / 2) for given, count in known.items()}
    return Given(first=_mixed(first), last=_mixed(last), only=_mixed(last, share=_ALONE_SHARE), pairs=pairs)


def _mixed(counts: Counter[str], share: float = _OWN_SHARE) -> dict[str, float]:
    own = {char: 1.0 / (rank + 40) for rank, char in enumerate(dict.fromkeys(names.GIVEN_BY_FREQUENCY), 1)}
    whole, all_own = sum(counts.values()) or 1, sum(own.values())
    return {
        char: -math.log((1 - share) * counts[char] / whole + share * own.get(char, 0.0) / all_own) for char in counts.keys() | own.keys()
    }


@lru_cache(maxsize=1)
def thing_excess() -> Mapping[str, float]:
    """By character, how much likelier it ends a thing's or a place's word than a given name (in natural logarithms), where it is: 版, 辈, 色."""
    ends = Counter(re.findall(r"\n\S{1,3}(\S) \d+ (?:n|nz|vn|ns|nt)(?=\n)", names.dictionary()))
    total, last = sum(ends.values()) or 1, given_costs().last
    excess = {char: last.get(char, RARE_CHARACTER) + math.log(count / total) for char, count in ends.items()}
    return {char: min(more, _MOST_EXCESS) for char, more in excess.items() if more > _LEAST_EXCESS}


@lru_cache(maxsize=1)
def _foreign_costs() -> Mapping[str, float]:
    counts = Counter(char for word in re.findall(r"\n(\S{2,8}) \d+ nrt(?=\n)", names.dictionary()) for char in word)
    total = sum(counts.values()) or 1
    return {char: -math.log(count / total) for char, count in counts.items()}


@lru_cache(maxsize=4096)
def foreign_excess(given: str) -> float:
    """How much likelier a given name of two characters is a piece of a foreign word than a given name (in natural logarithms), 0 where it is not: 康恩贝, 甘特."""
    known, foreign = given_costs(), _foreign_costs()
    more = known.first.get(given[0], RARE_CHARACTER) + known.last.get(given[1], RARE_CHARACTER) - sum(foreign.get(char, RARE_CHARACTER) for char in given)
    return min(more, _MOST_EXCESS) if more > _LEAST_EXCESS else 0.0


@lru_cache(maxsize=1)
def known_given() -> Mapping[str, int]:
    """Given names of two characters in the dictionary's full names, with how many full names have each."""
    counts = Counter(given for given in re.findall(rf"\n[{_CLEAR}](\S\S) \d+ nr", names.dictionary()))
    spoken = names.word_counts()
    return {given: count for given, count in counts.items() if spoken.get(given, 0) < _OFTEN and given[1] not in _VILLAGES}


def is_usual(name: str) -> bool:
    """Whether a full name has a given name that the dictionary knows, or a clear surname and usual characters; surnames before a title are usual."""
    if name.endswith(tuple(names.PERSONAL_TITLES)):
        return True
    parts = names.split_name(name)
    if parts is None:
        return False
    surname, given = parts
    return given in given_costs().pairs or given_costs().cost(given) < (_USUAL if surname in _CLEAR else _COMMON)


def is_clear(surname: str) -> bool:
    """Whether a single surname hardly ever begins a foreign name or a place's."""
    return surname in _CLEAR


@lru_cache(maxsize=1)
def doing_words() -> frozenset[str]:
    """Words of two to four characters that say what somebody does, or join what is said: verbs, adverbs, prepositions, conjunctions."""
    return frozenset(re.findall(r"\n(\S{2,4}) \d+ (?:v|vd|d|p|c|ad)(?=\n)", names.dictionary()))
