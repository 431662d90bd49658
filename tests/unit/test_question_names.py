"""Names of persons in questions: everyday and business words are none of them, a name with its title always is one."""

import random

import pytest

from governance.identity.recognizers import Screener
from tests.fixtures.language import lexicon_of

WORDS = ["毛利", "毛利润", "毛利率", "雷达", "温泉", "金币", "白银", "高峰", "高峰期", "黄牛", "雷雨", "白酒", "白班", "龙虾", "马桶", "石英", "金属", "金融", "房贷", "车险", "童装", "夏令营", "秋装", "毛衣", "龙舟", "蓝牙", "文旅", "文创", "康养", "宋体", "杨梅", "丁香", "杜鹃", "梅花", "兰花", "胡桃", "史诗", "武侠", "高清", "高铁", "高速", "陆运", "江景房", "古镇", "周转", "周活", "年卡", "季卡", "平效", "常温", "成交", "柴油", "路网", "管线", "储值", "元宝", "英雄", "皮肤", "关卡", "司龄", "和牛", "鲜花", "简餐", "洪水", "游船", "盘点", "利润", "利息", "权益", "应收款", "安检", "程序"]
QUESTIONS = ("上个月{}", "{}上个月多少", "看看{}", "{}的趋势", "各门店的{}", "{}和收入对比", "查一下{}的占比", "{}今年有多少")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾毛温雷金白石龙"
COMPOUND = ("欧阳", "司马", "上官", "诸葛", "慕容", "令狐")
GIVEN = "伟芳秀敏静强磊军洋勇艳杰娟涛明超霞平刚英华文志建国丽红玉梅兰春云峰海波鹏飞宇浩然子涵欣怡佳琪雪莹娜"
TITLES = ("医生", "主任", "教授", "大夫", "院长", "护士长", "主任医师")


@pytest.fixture(scope="module")
def screener():
    return Screener()


def names_in(screener, text):
    return [text[found.start : found.end] for found in screener.find(text) if found.kind == "name"]


def test_everyday_and_business_words_that_begin_with_a_surname_are_no_names(screener):
    found = [(question, names) for word in WORDS for question in (ask.format(word) for ask in QUESTIONS) if (names := names_in(screener, question))]
    assert found == []


def test_a_name_with_its_title_is_found_whatever_the_name_and_wherever_it_stands(screener):
    chance = random.Random(20261123)
    missed = []
    for _ in range(400):
        surname = chance.choice(COMPOUND) if chance.random() < 0.1 else chance.choice(SURNAMES)
        first, second = chance.sample(GIVEN, 2)
        name = surname + first + (second if chance.random() < 0.7 else "")
        ask = chance.choice(("{}上个月被拜访几次", "看看{}的触达次数", "帮我查{}今年的打开率", "上周{}打开过几篇文章", "拜访{}多少次"))
        question = ask.format(name + chance.choice(TITLES))
        if not any(found.kind == "name" for found in screener.find(question)):
            missed.append(question)
    assert len(missed) <= 4, missed


def test_words_of_the_bundle_and_parts_of_its_metrics_names_are_no_persons():
    lexicon = lexicon_of()
    assert lexicon.allows("康舒平")
    assert lexicon.allows("进阶率")
    assert not lexicon.allows("王建国")
