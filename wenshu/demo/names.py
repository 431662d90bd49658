"""Inventing people's names and numbers, and misspelling them as people do."""

from __future__ import annotations

import re

import numpy as np

from wenshu.demo.chance import Rng, pick
from wenshu.demo.clock import BoolArray, IntArray, TextArray, add, texts

_SURNAMES = (
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 林lin 高gao "
    "罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 邓deng 韩han 冯feng 曹cao 彭peng 曾zeng 萧xiao 田tian 董dong 潘pan 袁yuan "
    "蔡cai 蒋jiang 余yu 于yu 杜du 叶ye 程cheng 魏wei 苏su 吕lv 丁ding 任ren 卢lu 姚yao 沈shen 钟zhong 姜jiang 崔cui 谭tan 陆lu "
    "范fan 汪wang 廖liao 石shi 金jin 韦wei 贾jia 夏xia 付fu 方fang 邹zou 熊xiong 白bai 孟meng 秦qin 邱qiu 侯hou 江jiang 尹yin "
    "薛xue 闫yan 段duan 雷lei 龙long 黎li 史shi 陶tao 贺he 毛mao 郝hao 顾gu 龚gong 邵shao 万wan 覃qin 武wu 钱qian 戴dai 严yan "
    "莫mo 孔kong 向xiang 常chang 欧阳ouyang 司马sima 诸葛zhuge 上官shangguan"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉梅建国文辉力云海燕红志琴宁晶鹏飞雪斌浩宇轩梓涵欣怡佳琪晨曦博思远子墨若"
    "彤雨桐俊凯昊然天翔卓越承泽嘉诚瑞琳婷慧颖洁倩蕾薇莹璐瑶菲楠岚珊珍贞莉荣爱妹香月莺媛瑾萱岩峰松柏林森川江河湖清源泉润沛"
    "立新春兰秋菊冬青景辰启航启明学良守信永康长福庆余德才"
)
_DOTTED_FIRST = [
    "买买提",
    "艾力",
    "阿不都",
    "吐尔逊",
    "热合曼",
    "依米提",
    "努尔江",
    "玉素甫",
    "古丽娜",
    "阿依努尔",
    "帕提古丽",
    "木塔力甫",
    "库尔班",
    "艾尼瓦尔",
    "巴合提",
]
_DOTTED_LAST = [
    "艾山",
    "依明",
    "肉孜",
    "吾甫尔",
    "卡德尔",
    "托合提",
    "阿布来提",
    "买买提江",
    "哈斯木",
    "司马义",
    "热西提",
    "巴拉提",
    "达吾提",
    "尼牙孜",
    "赛买提",
]
MIDDLE_DOT = "·"
OTHER_DOTS = ("•", "‧", "・", "．", " ", "")

# Prefixes that the numbering plan has not given to any public mobile service: right in form, nobody's number.
_PREFIXES = np.array([142, 143, 154, 163, 164, 168, 169, 179, 194], dtype=np.int64)

_TRADITIONAL = str.maketrans(
    "张刘陈杨黄赵吴孙马罗郑谢许邓韩冯萧蒋叶苏吕卢钟谭陆贾邹秦阎龙贺顾龚邵万钱严军刚杰娟涛静丽强磊艳华国辉云红宁鹏飞贞荣爱"
    "兰庆长学卫医院总区岚颖洁莹莉启轩",
    "張劉陳楊黃趙吳孫馬羅鄭謝許鄧韓馮蕭蔣葉蘇呂盧鍾譚陸賈鄒秦閻龍賀顧龔邵萬錢嚴軍剛傑娟濤靜麗強磊艷華國輝雲紅寧鵬飛貞榮愛"
    "蘭慶長學衛醫院總區嵐穎潔瑩莉啟軒",
)
_HOMOPHONES = dict(
    zip(
        "伟静丽敏杰芳娜涛军勇艳娟霞燕红志宁斌浩宇欣佳晨博思子雨俊凯昊嘉瑞琳婷慧颖张陈黄吴徐朱罗梁许曾余程沈江云瑞和安宁景澄栖",
        "玮婧莉珉洁方那滔均永燕鹃侠艳洪智凝彬皓雨新嘉辰波斯紫宇骏楷浩佳锐林亭惠影章程王武许诸洛良徐增于陈申姜芸锐合按宇井承西",
        strict=True,
    )
)
_FULL_WIDTH = str.maketrans("0123456789+", "０１２３４５６７８９＋")


def invent_names(rng: Rng, dotted: BoolArray) -> tuple[TextArray, TextArray]:
    """Names and the surnames' romanisations; where `dotted`, minority names with a middle dot (U+00B7)."""
    count = len(dotted)
    surnames = re.findall(r"([^a-z\s]+)([a-z]+)", _SURNAMES)
    weight = np.concatenate([1.0 / (np.arange(len(surnames) - 4) + 6.0), np.full(4, 0.004)])
    family = pick(rng, weight, count)
    given = texts(dict.fromkeys(_GIVEN))
    first, second = given[rng.integers(0, len(given), count)], given[rng.integers(0, len(given), count)]
    second = np.where(rng.random(count) < 0.28, "", second)
    names = add(add(texts(han for han, _ in surnames)[family], first), second)
    many = texts(_DOTTED_FIRST)[rng.integers(0, len(_DOTTED_FIRST), count)]
    more = texts(_DOTTED_LAST)[rng.integers(0, len(_DOTTED_LAST), count)]
    names = np.where(dotted, add(add(many, MIDDLE_DOT), more), names)
    roman = np.where(dotted, "dr", texts(latin for _, latin in surnames)[family])
    return names, roman


def invent_mobiles(rng: Rng, count: int) -> IntArray:
    """Distinct 11-digit mobile numbers in prefixes that no operator uses."""
    numbers: IntArray = np.empty(0, dtype=np.int64)
    while len(numbers) < count:
        more = _PREFIXES[rng.integers(0, len(_PREFIXES), count)] * 10**8 + rng.integers(0, 10**8, count)
        numbers = np.unique(np.concatenate([numbers, more]))
    return rng.permutation(numbers)[:count]


def traditional(text: str) -> str:
    """The text in traditional characters, as far as the company's own words go."""
    return text.translate(_TRADITIONAL)


def misspell(text: str, dice: int) -> str:
    """The text with one typing error: a character of the same sound, two swapped, or one left out."""
    at = [i for i, char in enumerate(text) if char in _HOMOPHONES]
    if at and dice % 3:
        i = at[dice // 3 % len(at)]
        return text[:i] + _HOMOPHONES[text[i]] + text[i + 1 :]
    # A person's name of three characters or fewer would not be recognised with one missing: its last two change places.
    i = max(1, len(text) // 2) if len(text) > 3 else len(text) - 2
    if dice % 2 and len(text) > 4:
        return text[:i] + text[i + 1 :]
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def spaced_out(name: str) -> str:
    """A two-character name as it is set in tables, with a wide space inside."""
    return f"{name[0]}　{name[1]}" if len(name) == 2 else name


def typed_mobile(number: int, form: int) -> str:
    """A mobile number in one of eight written forms (0 is plain)."""
    plain = str(number)
    parts = (plain[:3], plain[3:7], plain[7:])
    match form:
        case 1:
            return " ".join(parts)
        case 2:
            return "-".join(parts)
        case 3:
            return "+86 " + " ".join(parts)
        case 4:
            return "+86" + plain
        case 5:
            return "0086" + plain
        case 6:
            return plain.translate(_FULL_WIDTH)
        case 7:
            return plain + " "
        case _:
            return plain
