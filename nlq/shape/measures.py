"""What is counted and in what: 哪部, 五部, 的店, 多少人次, 几个亿, 哪个长. Measure words and units point at the dimension or the metric that the bundle has for them.

A measure word agrees with the nouns that it counts in the language; where more than one dimension has such a noun, the one that names the rows of its table is
meant, and where that doesn't decide either, nothing is taken.
"""

from __future__ import annotations

import itertools

from nlq.lexicon.entries import DimensionInfo, Meaning, MetricInfo
from nlq.lexicon.measures import is_duration
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, HOW_MANY, METRIC, NUMBER, SUPERLATIVE, UNKNOWN, VALUE, WHICH
from nlq.words.normalise import normalise

_COUNTS: dict[str, str] = {
    "家": "店 行 院 厂 企业 公司 机构 馆 商 校 场 单位 商户 供应商 客户", "部": "片 剧 电影 影片 作品 电梯 手机", "台": "车 机 设备 仪器", "辆": "车", "款": "型 系 产品 品 车 游戏 软件",
    "门": "课 课程 学科 科目", "条": "线 线路 航线 路 产线", "座": "站 楼 桥 城市 电站 厂", "所": "校 院 学校 大学", "间": "房 教室 店", "位": "员 师 人 客", "名": "员 师 人 客",
    "本": "书 刊 图书", "首": "歌 曲", "支": "队 球队 基金 股票", "只": "基金 股票", "艘": "船 轮", "架": "机 飞机", "班": "航班 班次", "趟": "车次 班次", "列": "列车 车", "批": "批次",
    "层": "楼层 层", "号": "", "种": "种 类 品 品种 类型", "类": "类 类型 类别", "项": "项目 服务 业务", "场": "赛 比赛 活动 演出 场次", "节": "课", "篇": "文章 论文 稿", "单": "订单 工单",
    "栋": "楼 房", "幢": "楼 房", "户": "户 家庭", "株": "树", "头": "牛 猪", "匹": "马", "幅": "画", "道": "菜 工序", "组": "组 班组",
}  # fmt: skip
"""Measure word → the ends of the nouns that it counts; of the language, not of a field."""
_MONEY = ("钱", "元", "块", "块钱", "万", "亿", "万元", "个亿")
_PLAIN = frozenset("个次人名位天月年元点种类些")
"""Measure words that count anything: they tell no metric."""
_BESIDE_UNITS = frozenset("VDTUGgWNEA&,RYQZzLluF")
"""What may stand beside a unit that names a metric; anything that leaves out, changes, cancels or negates may be another metric's."""
_LONGER = {"长": "desc", "久": "desc", "短": "asc", "快": "asc", "慢": "desc"}
_PART = 3


def measures(sentence: Sentence) -> None:
    """Apply the rules, once names are chosen and before anything is taken."""
    if not sentence.chinese:
        return
    _any_above(sentence)
    _adjectives(sentence)
    _durations(sentence)
    _rows(sentence)
    _measured(sentence)
    _verbs(sentence)
    _heads(sentence)
    _quantities(sentence)


def _metrics(sentence: Sentence) -> list[MetricInfo]:
    infos = sentence.view.lexicon.metrics
    return [infos[name] for token in sentence.rest if token.kind == METRIC for name in token.ids("metric") if name in infos]


def _meant(sentence: Sentence, infos: list[DimensionInfo]) -> DimensionInfo | None:
    """The one of some dimensions that can be asked and is no person; among several, the one that names rows."""
    named = _metrics(sentence)
    fitting = [info for info in infos if not info.person and (not named or any(info.id in metric.dimensions for metric in named))]
    if len(fitting) > 1:
        fitting = [info for info in fitting if info.own] or fitting
    return fitting[0] if len(fitting) == 1 else None


def _insert(sentence: Sentence, before: Token, kind: str, text: str, meaning: Meaning) -> Token:
    """Put a token that has no words of its own right behind another."""
    made = Token(kind, before.end, before.end, text, meanings=(meaning,))
    sentence.rest.insert(sentence.rest.index(before) + 1, made)
    sentence.all.insert(sentence.all.index(before) + 1, made)
    return made


def _any_above(sentence: Sentence) -> None:
    """有没有超过3%的: 有没有 and 超过, not 有 and 没有超过."""
    entries = sentence.view.lexicon.words.entries
    for token in sentence.rest:
        before = next((other for other in sentence.all if other.end == token.start), None)
        if token.kind == "C" and token.text.startswith("没") and before is not None and before.text.endswith("有"):
            rest = token.text.removeprefix("没有").removeprefix("没")
            meant = tuple(m for m in entries.get(tuple(rest), ()) if m.kind == "cue" and m.id == "C")
            if meant:
                token.meanings, token.text = meant, rest


# ------------------------------------------------------------------ lengths of time


def _adjectives(sentence: Sentence) -> None:
    """排队时间哪个长, 谁快: behind a word that chooses, the adjective ranks."""
    for index, token in enumerate(sentence.all):
        before = sentence.all[index - 1] if index else None
        last = all(other.kind in (FILLER, ",") for other in sentence.all[index + 1 :])
        if token.text in _LONGER and token.kind in (UNKNOWN, FILLER) and before is not None and before.kind == WHICH and before.end == token.start and last and any(map(is_duration, _metrics(sentence))):
            token.kind, token.meanings = SUPERLATIVE, (Meaning("cue", SUPERLATIVE, "desc" if token.text in ("长", "久", "慢") else "asc"),)
            sentence.rest = [other for other in sentence.all if other in sentence.rest or other is token]


def _durations(sentence: Sentence) -> None:
    """排队最久, 候诊超过40分钟: a part of names beside a length of time is the metric that measures one."""
    timed = any((token.kind == SUPERLATIVE and token.text[-1:] in "久长短") or (token.kind == NUMBER and token.number is not None and token.number.seconds is not None) for token in sentence.rest)
    timed = timed or any(token.kind == "i" for token in sentence.all)
    infos = sentence.view.lexicon.metrics
    parts = [token for token in sentence.rest if token.kind == METRIC]
    if not timed or any(not token.partial or any(m.rank != _PART for m in token.meanings) for token in parts):
        return
    for token in parts:
        meant = [name for name in token.ids("metric") if name in infos and is_duration(infos[name])]
        if len(meant) == 1:
            label = infos[meant[0]].label
            token.meanings = (Meaning("metric", meant[0], rank=2),)
            sentence.assume(f"“{token.text}”按{label.zh}理解", f"'{token.text}' is taken as {label.en.lower()}")


# ------------------------------------------------------------------ rows


def _rows(sentence: Sentence) -> None:
    """达成率不到90%的店, 产值前三的店有哪些: behind what bounds or ranks them, the noun is the rows."""
    if sentence.find("[CcbSPpK]") is None or sentence.has(DIMENSION):
        return
    lexicon = sentence.view.lexicon
    for index, token in enumerate(sentence.all):
        before = sentence.all[index - 1] if index else None
        following = next((other.kind for other in sentence.all[index + 1 :] if other.kind != FILLER), "")
        if token.kind != UNKNOWN or before is None or before.text != "的" or following not in ("", ",", "l", "U", "W", "F"):
            continue
        info = _meant(sentence, [lexicon.dimensions[name] for name in lexicon.words.endings.get(token.text, ())])
        if info is not None:
            token.kind, token.meanings = DIMENSION, (Meaning("dimension", info.id, rank=2),)
            return


def _measured(sentence: Sentence) -> None:
    """哪部, 几部, 最多的五部: where no dimension is named, the one whose noun the measure word counts."""
    if sentence.has(DIMENSION) or sentence.find("[wm]") is not None:
        return
    ranked = sentence.find("[SPpCcbK]") is not None
    for token in sentence.rest:
        if token.kind == WHICH or (token.kind == HOW_MANY and ranked):
            word = token.text[-1:] if len(token.text) > 1 else ""
        elif token.kind == NUMBER and ranked and token.number is not None and token.number.said == "plain" and token.number.seconds is None:
            word = token.number.classifier
        else:
            continue
        info = _meant(sentence, _nouns(sentence, word)) if word in _COUNTS else None
        following = sentence.rest[sentence.rest.index(token) + 1 : sentence.rest.index(token) + 2]
        if info is None or (following and following[0].start == token.end and following[0].kind in (UNKNOWN, VALUE, "n")):
            continue
        if token.kind == NUMBER and sentence.find("CN|Nc|BN") is not None:
            continue  # 超过三部: a bound
        _insert(sentence, token, DIMENSION, word, Meaning("dimension", info.id, rank=2))
        return


def _nouns(sentence: Sentence, word: str) -> list[DimensionInfo]:
    ends = tuple(_COUNTS[word].split())
    found = []
    for info in sentence.view.lexicon.dimensions.values():
        names = [normalise(info.label.zh), *(normalise(said) for said in info.synonyms if not said.isascii())]
        if ends and any(name.endswith(ends) for name in names):
            found.append(info)
    return found


# ------------------------------------------------------------------ in what a figure is asked


def _verbs(sentence: Sentence) -> None:
    """收了几吨, 放了几个亿: the verb of a phrase that the bundle knows (收了多少吨) with a quantity in the metric's own unit."""
    infos = sentence.view.lexicon.metrics
    for token, asked in itertools.pairwise(sentence.rest):
        names = token.ids("metric") if token.kind == METRIC and token.partial else ()
        if asked.kind != HOW_MANY or len(names) != 1 or not token.text.endswith(("了", "过")) or asked.start != token.end or names[0] not in infos:
            continue
        unit, info = _unit(asked), infos[names[0]]
        if unit and (unit in info.unit or (unit in _MONEY and (info.format == "currency" or "元" in info.unit))):
            token.meanings, token.partial = (Meaning("metric", info.id, rank=2),), False


def _heads(sentence: Sentence) -> None:
    """访问人数: a part of a name with a number of persons behind it is no metric that counts something else."""
    infos = sentence.view.lexicon.metrics
    for token, asked in itertools.pairwise(sentence.rest):
        part = token.kind == METRIC and token.partial and all(m.rank == _PART for m in token.meanings)
        if part and asked.kind == HOW_MANY and asked.start == token.end and asked.text in ("人数", "总人数", "家数") and not any(asked.text[-2] in infos[name].unit for name in token.ids("metric") if name in infos):
            sentence.problem(asked.text, 0.45)


def _unit(asked: Token) -> str:
    """The unit in which a question for a quantity asks."""
    return next((asked.text.removeprefix(lead) for lead in ("有多少", "多少", "有几", "几") if asked.text.startswith(lead)), "")


def _quantities(sentence: Sentence) -> None:
    """多少人次, 几趟, 多少台: the unit of one metric names it where nothing else does; beside a metric of another unit it is asked back."""
    for token in [token for token in sentence.rest if token.kind == HOW_MANY]:
        unit = _unit(token)
        if not unit or (unit in _PLAIN and unit not in _MONEY):
            continue
        named = _metrics(sentence)
        if unit in _MONEY:
            if named and not any(info.format == "currency" or "元" in info.unit for info in named):
                sentence.problem(token.text, 0.45)
            continue
        known = list(sentence.view.infos.values())
        counted = [info for info in known if info.unit.startswith(unit) and "/" not in info.unit.split(" ")[0]]
        exact = [info for info in counted if info.unit.split(" ")[0] == unit]
        spoken = all(other.kind in _BESIDE_UNITS for other in sentence.rest)
        after = next((other for other in sentence.all if other.start >= token.end and other.kind != FILLER), None)
        noun = after is not None and after.kind in (DIMENSION, "n", UNKNOWN) and after.start == token.end  # 多少家医院 asks for hospitals
        if named or not exact or not spoken or noun or any(other.alternatives for other in sentence.rest if other.kind == HOW_MANY):
            continue
        dimensions = [set(sentence.dimension_of(value)) for value in sentence.rest if value.kind in (VALUE, DIMENSION)]
        fitting = [info for info in counted if all(names & info.dimensions for names in dimensions)]
        if len(fitting) == 1 and (dimensions or len(counted) == 1):
            label = fitting[0].label
            _insert(sentence, token, METRIC, "", Meaning("metric", fitting[0].id, rank=1))
            sentence.assume(f"“{token.text}”按{label.zh}理解", f"'{token.text}' is taken as {label.en.lower()}")
            return


__all__ = ["measures"]
