"""What the screener finds in questions, form by form, and what it leaves alone."""

from __future__ import annotations

import pytest

from governance.identity.recognizers import Screener, mask

CARRIERS = ("{}", "手机{}的医生上个月触达", "查一下{}", "reach of {} last month", "{}，最近参会了吗")

WRITTEN = {
    "mobile": (
        "13800138000", "138-0013-8000", "138 0013 8000", "138.0013.8000", "+86 138 0013 8000", "+8613800138000",
        "0086-138-0013-8000", "(86)13800138000", "１３８００１３８０００", "＋８６１３８００１３８０００", "一三八零零一三八零零零",
        "幺三八〇〇幺三八〇〇〇", "1 3 8 0 0 1 3 8 0 0 0", "138\u200b0013\u200b8000", "138—0013—8000", "1380-0138-000", "19912345678",
    ),
    "landline": ("010-88886666", "(021)66668888", "0755 86668888", "０１０－８８８８６６６６"),
    "email": ("a.b@pfizer.com", "A.B@PFIZER.COM", "ａ．ｂ＠ｐｆｉｚｅｒ．ｃｏｍ", "zhang_wei-88@hospital.com.cn", "x(at)y.cn"),
    "id_card": ("11010519491231002X", "11010519491231002x", "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ"),
    "license": ("110310105012345", "１１０３１０１０５０１２３４５", "201911110110105199001010123"),
    "bank_card": ("6222021234567890128", "6222 0212 3456 7890 128"),
    "wechat_id": ("oABCDEFGHIJKLMNOPQRSTUVWXYZ1", "wxid_8h2k9d7s6a5q1z"),
}  # fmt: skip

NAMED = (
    "张伟医生上个月被拜访了几次", "查一下王小明的触达", "王小明的触达率", "欧阳娜娜医生的打开率", "张主任最近参会了吗", "李教授的邮箱",
    "买买提·艾山医生", "買買提‧艾山的拜访", "买买提.艾山医生", "张偉醫生", "張偉醫生的触达", "主任医师李明参加了几次会议", "医生李明上个月打开了几次",
    "给王建国医生发过几次微信", "代表王强的拜访量", "王强代表的拜访次数", "诸葛亮大夫", "华东区的刘洋主任", "心内科陈静教授上个月", "患者赵丽的病情",
    "张伟医生开了多少康舒平", "Dr. Zhang Wei visits last month", "visits of Dr Wang Xiaoming", "dr. zhang wei open rate", "Show me Prof. Li",
    "Zhang Wei's visits", "扎西次仁医生", "上官婉儿教授", "请把司马懿老师的拜访列出来", "高峰医生触达了吗",
)  # fmt: skip

BUSINESS = (
    "华东主任医师的触达率", "各科室主治医师", "高潜力医生", "心内科主任医师", "上个月各大区的触达率", "各副主任医师的打开率",
    "top 5 specialties by doctors reached last quarter", "上个月华东各渠道的触达率", "目标医生数", "全部医生", "年轻医生", "安徽医生的触达率",
    "石家庄医生触达率", "江苏省主任医师", "宁波的主任医师", "金华医生", "连云港医生触达", "连云港的触达率", "全科医生人均触达次数", "消化科主任医师",
    "糖衡的触达医生数", "成都医生", "黄石医生", "单渠道医生", "于上个月触达的医生", "3万医生", "高级医生", "有多少医生", "平均每位医生的触达次数",
    "方案对比", "2026-10-01到2026-10-31的触达率", "top 15 2026-10-01", "销售额超过13,800,138,000", "销售额超过10000000000",
    "代表的拜访量", "华东代表", "各代表的拜访次数", "时长超过10分钟的医生", "广东和江苏对比", "East China reach rate", "He Nan reach rate",
    "Compare East and South China reach rate in Oct 2026", "How many doctors did we reach in Guangdong", "Doctors reached by WeChat last month",
    "乌鲁木齐医生", "呼和浩特的主任医师", "齐齐哈尔代表", "唐山上个月怎么样", "看桂林", "安全性主题的打开率", "何时触达率最高", "常州主治医师", "高血压产品", "白天的拜访", "马上看触达率", "康复科医生", "武汉和温州的对比", "严重程度",
    "近三个月活跃医生数", "高价值客户", "老客户", "所有主任医师", "平均拜访时长", "上周医生触达数", "本周客户数", "安顺医生", "全年医生触达", "各团队代表",
    "同比增长最快的大区", "知晓到尝试转化率", "线上拜访和面对面拜访对比", "邮件打开率低于20%的科室", "呼叫中心接通的医生", "去年下半年各产品的销售额",
)  # fmt: skip

CATALOGUE = frozenset(
    ["康舒平", "糖衡", "安欣宁", "瑞肺清", "高潜力", "华东", "心内科", "主任医师", "康宁仁和医院", "曹杨路院区"]
)


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener(extra={"crm_id": r"C\d{7}"})


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_written_form_of_an_identifier_is_found_in_every_carrier(
    screener: Screener, kind: str, carrier: str
) -> None:
    missed = []
    for form in WRITTEN[kind]:
        text = carrier.format(form)
        covered = [finding for finding in screener.find(text) if form in text[finding.start : finding.end]]
        if not covered:
            missed.append(text)
    assert missed == []


@pytest.mark.parametrize("text", NAMED)
def test_a_person_named_in_a_question_is_found(screener: Screener, text: str) -> None:
    assert [finding.kind for finding in screener.find(text, allow=CATALOGUE.__contains__)] == ["name"]


@pytest.mark.parametrize("text", BUSINESS)
def test_business_words_are_nobodys_name(screener: Screener, text: str) -> None:
    assert screener.find(text) == []


@pytest.mark.parametrize(
    "text",
    ["康舒平的触达率", "安欣宁医生触达", "康舒平上个月的销售额", "康宁仁和医院的触达率", "曹杨路院区上个月的拜访"],
)
def test_a_word_of_the_catalogue_is_exempt_even_when_it_reads_like_a_name(screener: Screener, text: str) -> None:
    assert screener.find(text, allow=CATALOGUE.__contains__) == []


def test_numbers_are_never_exempt(screener: Screener) -> None:
    assert screener.find("13800138000", allow=lambda _: True)[0].kind == "mobile"


def test_a_companys_own_identifiers_can_be_added(screener: Screener) -> None:
    (finding,) = screener.find("看C0012345的触达")
    assert (finding.kind, finding.start, finding.end) == ("crm_id", 1, 9)


def test_spans_point_into_the_text_as_it_was_typed(screener: Screener) -> None:
    text = "联系\u200b１３８-００１３-８０００谢谢"
    (finding,) = screener.find(text)
    assert text[finding.start : finding.end] == "１３８-００１３-８０００"
    assert mask(text, [finding]) == "联系\u200b[mobile]谢谢"


def test_an_empty_text_holds_nobody(screener: Screener) -> None:
    assert screener.find("") == screener.find("  \u200b") == []


def test_what_is_found_lies_within_the_text_wherever_the_text_ends(screener: Screener) -> None:
    # A dotted name whose last part a text cut off was told to end behind the text, and the question failed.
    whole = "导出时遗漏:买买提·吐尔地,海里且木·阿不都热合曼 王医生13800138000"
    for end in range(len(whole) + 1):
        for running in (True, False):
            for finding in screener.find(whole[:end], running=running):
                assert 0 <= finding.start < finding.end <= end
