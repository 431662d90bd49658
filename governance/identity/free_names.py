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

from governance.identity import names

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = re.compile(r"[\u3400-\u9fff]+")
_TOTAL = 6.0e7
_UNKNOWN = math.log(_TOTAL)
_LONGEST_WORD = 6
_A_NAME = math.log(90.0)
"""About one word in ninety of a visit note is a name."""
_RARE_CHARACTER, _NO_NAME_CHARACTER = math.log(3e5), math.log(1e9)
_BESIDE = 2.2
_TITLE_BESIDE = 4.5
_START = 0.8
SCORE = 0.6


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BEFORE = _set(
    "和 与 跟 及 同 给 向 找 请 带 让 由 为 是 见 见到 约 约了 访 问 听 叫 拜访 拜访了 面访 面访了 回访 联系 联系人 见了 通知 邀请 感谢 遇到 遇见 遇 陪同 陪 交给 转交 转告 患者 病人 家属 医生 "
    "医师 住院医 主治 主任 副主任 教授 院长 副院长 护士 护士长 代表 同事 客户 老师 专家 科 科里的 参加者 讲者 主席 主持人 接待人 姓名 名叫 对象 对象是 接待 推荐 我找 汇报 告知 提醒 咨询 答复 回复 经 被 即 "
    "因 据 对 把 将 等 人员 成员 昨日 今日 今天 昨天 上午 下午 刚才 了 到 的"
)
_AFTER = _set(
    "说 表示 反映 认为 提到 问 同意 不在 在 和 与 跟 及 电话 手机 微信 邮箱 帮忙 陪同 接待 负责 主持 主持会议 参加 出席 都 也 已 已经 正在 正 要求 建议 希望 提出 觉得 说明 介绍 告诉 称 指出 强调 推荐 "
    "担心 关心 询问 打 打了 加了 沟通 交流 进行 讨论 回复 答复 同志 等 等人 两 三 将 会 想 要 的 对 把 让 请 给 去 来 做 讲 发 今天 昨天 下周 上周 明天 本人 自己 家属 因 因为 用药 服用 服药 出差 改 记录 签字 签名 讲话 休假 手术 "
    "查房 门诊 是 为 未 没 没有 不 很 比较 非常 态度 反馈 了解 时 后 以及 一起 男 女 了"
)
_COUNTED, _MEASURES, _PLACES_END = frozenset("这那一二两三四五六七八九十几每各某第多首"), frozenset("张段项章支车曲席关门粒盘包丁封栋官"), frozenset("省市区县旗镇乡")
"""What counts, what is counted by, and how places end."""
_TITLES = frozenset(names.TITLES)
_NAMED_AFTER = _set(
    "时段 时期 期间 时间 论坛 体育馆 体育场 大厦 广场 图书馆 纪念馆 故居 公园 机场 车站 桥 路 街 中心医院 总医院 人民医院 中医院 妇幼 医院 卫生院 诊所 药房 药店 大学 学院 中学 小学 公司 集团 "
    "两地 三地 两省 两市 一带 地区 流域 沿线 以北 以南 以东 以西 境内 奖 杯 定律 综合征 氏"
)
"""What houses, places, times and things are called that bear a name: who is named so is nobody who was met."""


@lru_cache(maxsize=1)
def _costs() -> dict[str, float]:
    return {word: _UNKNOWN - math.log(max(1, count)) for word, count in names.word_counts().items() if len(word) <= _LONGEST_WORD}


@lru_cache(maxsize=1)
def _surname_costs() -> dict[str, float]:
    singles = list(dict.fromkeys(names.SURNAMES_BY_FREQUENCY))
    weights = {name: (rank + 6) ** -1.25 for rank, name in enumerate(singles, 1)}
    total = sum(weights.values())
    return {name: -math.log(weight / total) for name, weight in weights.items()} | dict.fromkeys(names.COMPOUND_SURNAMES, math.log(3000.0))


@lru_cache(maxsize=1)
def _given_costs() -> dict[str, float]:
    singles = list(dict.fromkeys(names.GIVEN_BY_FREQUENCY))
    weights = {char: 1.0 / (rank + 40) for rank, char in enumerate(singles, 1)}
    total = sum(weights.values())
    return {char: -math.log(weight / total) for char, weight in weights.items()}


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
            total = here + cost - _context(run, at, end, words[at], offset, text)
            if total < best[end]:
                best[end], step[end], words[end] = total, (at, True), run[at:end]
    found = []
    at = size
    while at:
        start, is_name = step[at]
        if is_name:
            found.append((offset + start, offset + at, SCORE))
        at = start
    yield from reversed(found)


def _candidates(run: str, at: int) -> Iterator[tuple[int, float]]:
    """The ends of possible names that begin at `at`, with what they cost."""
    surnames, given, costs = _surname_costs(), _given_costs(), _costs()
    if run[at] in _MEASURES and at and run[at - 1] in _COUNTED:
        return  # 这张图, 三项
    for length in (1, 2):
        surname = run[at : at + length]
        cost = surnames.get(surname)
        if cost is None or len(surname) < length:
            continue
        total = _A_NAME + cost
        for end in range(at + length + 1, min(len(run), at + length + 2) + 1):
            char = run[end - 1]
            if char in names.NOT_GIVEN:
                break
            if run[at:end] in names.MORE_THINGS:
                total += given.get(char, _RARE_CHARACTER)
                continue
            total += given.get(char, _RARE_CHARACTER)
            # One character after the surname says less than two: it must be paid for.
            price = _ONE_GIVEN if end == at + length + 1 else _TWO_GIVEN
            if run[at:end] in costs or run[end - 1] == run[at]:
                price += _ALSO_A_WORD
            if run[at:end] in names.short_places():
                price += _BESIDE
            yield end, total + price


_AND = frozenset("和与及跟")
_SHORT, _MARKS = 2, frozenset({"", "、", ",", "，", ";", ":", "：", ".", "。", "\n"})
_ONE_GIVEN, _TWO_GIVEN, _ALSO_A_WORD = math.log(3.0), math.log(1.5), math.log(60.0)


def _context(run: str, start: int, end: int, before: str, offset: int, text: str) -> float:
    """How much cheaper a name becomes by what stands beside it."""
    bonus = 0.0
    if start == 0:
        left = text[offset - 1] if offset else "\n"
        bonus += _BESIDE if left in "、:：(（@;,，" else _START
    elif before in _BEFORE or before[-1:] in "科室院部":
        bonus += _BESIDE
    if end == len(run):
        right = text[offset + end : offset + end + 1]
        bonus += _BESIDE if right in {"、", ":", "(", "（", "："} else _START
        if start == 0 and end - start > _SHORT and text[offset - 1 : offset] in _MARKS and right in _MARKS:
            bonus += _BESIDE  # one of a list
    else:
        if any(run[at : at + length] in _NAMED_AFTER for length in (4, 3, 2, 1) for at in (end, end - 1) if length > 1 or at == end):
            bonus -= 2 * _TITLE_BESIDE
        if run[end] in _AND and run[end + 1 : end + 3] in names.short_places():
            bonus -= _TITLE_BESIDE  # 吴江和昆山
        if run[end] in _PLACES_END and run[end : end + 2] not in _costs():
            bonus -= _TITLE_BESIDE  # 白云区
        for length in (4, 3, 2, 1):
            following = run[end : end + length]
            if following in _TITLES:
                bonus += _TITLE_BESIDE
                break
            if following in _AFTER:
                bonus += _BESIDE
                break
    return bonus
