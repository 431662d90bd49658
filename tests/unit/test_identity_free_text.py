"""Names of persons in visit notes: found wherever they stand, and nearly never where nobody is named.

The notes and the business texts were written by people; the names are drawn from frequent surnames and given names of three generations.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from governance.identity.recognizers import Screener, mask


def _words(text: str) -> list[str]:
    return text.split()


SURNAMES = (
    "王王王王李李李李张张张张刘刘刘陈陈陈杨杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包"
)
ONE = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚辉鹏飞燕红玲丹萍波斌健琳琴倩雪婷莉"
TWO = _words(
    "建国 志强 秀英 晓明 海燕 文杰 子轩 梓涵 雨桐 浩然 欣怡 诗涵 一诺 宇航 思远 俊杰 晓东 丽华 国庆 建华 玉兰 桂芳 春梅 永强 立新 卫东 红梅 小红 美玲 雅琪 佳慧 博文 天宇 皓轩 可欣 嘉怡 明哲 伟东 志远 学军 振华 德胜 庆丰 淑珍 凤英 金凤 少华 世杰 泽宇 梦琪 晨曦 子涵 若曦 逸飞 启航 承志 景行 怀瑾 清扬 乐天 念慈 长江 铁柱 爱民 为民 新民 保国 云鹏 翠花 颖超 向阳 东升 治平 仲景 思邈 时珍"
)
COMPOUND = _words("欧阳 上官 司马 诸葛 慕容 皇甫 司徒 东方 尉迟")

NOTES = (
    "今天拜访了{}，他对康舒平兴趣较高。",
    "{}表示会考虑在门诊使用。",
    "与{}沟通了安全性数据，反馈积极。",
    "参会人员：{}、李主任、护士长。",
    "由{}陪同查房后交流十分钟。",
    "{}医生提到患者依从性差。",
    "约了{}周三下午再谈。",
    "见到{}，态度一般。",
    "科里的{}不太认可指南。",
    "患者{}，男，62岁，用药后头晕。",
    "联系人{} 电话稍后补。",
    "已将资料交给{}。",
    "他推荐我找{}了解情况",
    "{}主任出差，改由{}接待。",
    "会后{}问了医保价格。",
    "请{}参加下月的学术会议",
    "听{}说科室准备换药。",
    "门诊遇到{}和{}",
    "{}:下周再来",
    "{}教授认为疗效优于竞品",
    "感谢{}的支持",
    "{}不在，留了名片",
    "和{}加了微信",
    "住院医{}帮忙转交",
    "{}和{}都参加了科室会。",
    "姓名：{}",
    "接待人为{}，时间15分钟",
    "{}反映有不良反应",
    "我把样品给了{}。",
    "药剂科{}要求提供说明书",
    "{}说下个月可以进药",
    "拜访对象是{}",
    "带{}去看了新的数据",
    "副院长{}主持会议",
    "今日面访{}（心内科）",
    "{}，主任医师，擅长冠心病。",
    "向{}介绍了新适应症",
    "{}同意加入患者教育项目",
    "给{}打了电话没接",
    "回访{}时她很忙",
    "上午十点在办公室见{}，聊了半小时。",
    "{}今天值班，没时间细谈",
    "据悉{}即将升任主任",
    "本院{}、{}、{}三位专家到场",
    "将于下周再次拜访{}确认",
    "{}很热情",
    "{}收下了资料",
    "建议邀请{}做讲者",
    "{}对价格敏感",
    "反馈人{}，反馈时间下午",
    "这次主要是{}提问",
    "{}刚从国外进修回来",
    "通过{}认识了药剂科的人",
    "{}负责该项目的入组",
    "拜访{}时，其正在看门诊",
    "微信上{}回复收到",
    "主治{}换到新院区了",
    "{}：价格能不能再低",
    "{}先生来电咨询用法用量",
    "她叫{}，是新来的住院医师",
    "王主任和{}都在",
    "{}觉得副作用可以接受",
    "陪{}看了会展",
    "得知{}已退休",
    "{}那边还没有消息",
    "又碰到{}",
    "病人家属{}来问药",
    "昨晚与{}共进工作餐",
    "{}签收",
    "询问{}是否愿意入组",
    "讲者{}幻灯片已审核",
    "送{}去机场",
    "{}的学生也在场",
    "因{}休假改约下周",
    "给患者{}开了两盒",
    "向科主任{}汇报",
    "{}很认可我们的产品，{}比较保守",
)

BUSINESS = (
    "本月共举办科室会三十六场，覆盖三级医院四十二家，平均参会人数二十八人。",
    "华东大区第三季度销售额同比增长12.5%，主要来自新进院的十五家医院。",
    "请在周五之前提交下季度的预算申请表，逾期不予受理。",
    "产品说明书已更新，新增适应症为轻中度高血压。",
    "医保谈判结果公布后，价格下调约百分之四十。",
    "学术推广应以循证医学证据为基础，不得夸大疗效。",
    "该院药事会每年召开两次，下次时间定在十一月中旬。",
    "心内科门诊量较大，建议增加患者教育材料。",
    "讨论了竞品的降价策略，对方已经进入集采目录。",
    "科主任关注长期安全性数据，希望提供更多真实世界研究。",
    "马上要开年会了，会务组正在确认场地。",
    "高端产品线的毛利率明显高于平均水平。",
    "金额较大的合同需要法务部门审核。",
    "方案已经通过伦理委员会审批，预计年底启动。",
    "安全用药宣传活动在社区卫生服务中心举行。",
    "时间安排在上午九点，地点是三楼会议室。",
    "常见不良反应包括头晕、乏力和恶心。",
    "万一出现过敏反应，应立即停药并就医。",
    "白细胞计数低于正常范围的患者慎用。",
    "严重肝功能不全者禁用本品。",
    "于每日早餐前口服，一次一片。",
    "石家庄和太原两地的物流延迟了两天。",
    "关于新版指南的解读材料已经上传到系统。",
    "单次拜访时长控制在十分钟左右效果更好。",
    "温度应控制在二十五度以下，避光保存。",
    "任何费用都需要提前申请，事后不予报销。",
    "从数据来看，微信渠道的打开率最高。",
    "成本控制是今年的重点工作之一。",
    "周三下午例会取消，改为线上沟通。",
    "平均住院日缩短了一点五天。",
    "季度考核采用百分制，权重见附件。",
    "向各地区经理征集优秀案例。",
    "包装规格由十片改为二十八片。",
    "方便的话请回复邮件确认。",
    "程序上需要先立项再招标。",
    "连续三个月未达标的区域要做专项分析。",
    "康复科和全科医学科的需求差异较大。",
    "华中区和华南区的目标医院数量接近。",
    "项目组计划下周去武汉做市场调研。",
    "高血压患者管理项目已覆盖八个省份。",
    "本品为处方药，须凭医师处方购买和使用。",
    "明年的重点是基层市场和县域医院。",
    "糖尿病门诊的随访率从六成提高到八成。",
    "会议纪要已经发到群里，请大家查收。",
    "系统升级期间暂停数据录入。",
    "新员工培训包括产品知识和合规要求两部分。",
    "对疗效表示认可，但担心价格。",
    "希望提供更多亚洲人群的数据。",
    "态度积极，愿意尝试新的治疗方案。",
    "未见到本人，留下资料。",
    "反馈用药后血压控制平稳。",
    "建议增加线上会议的频次。",
    "强调合理用药，避免超说明书使用。",
    "样本量偏小，结论需谨慎解读。",
    "门诊时间调整，下次改到周四上午拜访。",
    "暂无需求，保持联系。",
    "对指南更新非常感兴趣，索要全文。",
    "已告知不良反应上报流程。",
    "主要担心肝肾功能不全患者的剂量调整。",
    "安排下月科室会，预计十五人参加。",
    "Discussed the new guideline and safety data with the department.",
    "The cardiology team asked for more real-world evidence.",
    "Revenue in East China grew by twelve percent year on year.",
    "Please send the brochure and the price list by Friday.",
)

DOTS = "·•‧・∙⋅･"
MINORITY = ("买买提{}艾山", "阿依古丽{}热合曼", "迪丽娜尔{}买买提", "古丽娜{}库尔班", "艾力{}吐尔逊")


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener()


def _name(chance: random.Random) -> str:
    kind = chance.random()
    given = chance.choice(ONE) if kind < 0.33 else chance.choice(TWO)
    return (chance.choice(COMPOUND) if kind < 0.05 else chance.choice(SURNAMES)) + given


def test_nine_names_of_ten_are_found_in_visit_notes(screener: Screener) -> None:
    chance = random.Random(11)
    hits = total = 0
    for note in NOTES:
        for _ in range(12):
            people = [_name(chance) for _ in range(note.count("{}"))]
            text = note.format(*people)
            found = screener.find(text, running=True)
            at = 0
            for person in people:
                start = text.index(person, at)
                at = start + len(person)
                total += 1
                hits += any(finding.start <= start and finding.end >= at for finding in found)
    assert total > 900
    assert hits / total >= 0.93


def test_less_than_one_business_text_in_a_hundred_has_a_false_alarm(screener: Screener) -> None:
    folder = Path(__file__).parents[1] / "questions"
    texts = list(BUSINESS)
    for name in ("dev.yaml", "more.yaml", "shop.yaml"):
        for case in yaml.safe_load((folder / name).read_text(encoding="utf-8"))["cases"]:
            expected = str(case.get("expect"))
            if "ask" in case and not any(word in expected for word in ("identity", "individual", "prescription")):
                texts.append(case["ask"])
    assert len(texts) > 500
    alarms = [text for text in texts if screener.find(text, allow={"康舒平", "糖衡", "安欣宁", "瑞肺清"}.__contains__, running=True)]
    assert len(alarms) < 0.01 * len(texts), alarms


@pytest.mark.parametrize("dot", DOTS)
@pytest.mark.parametrize("name", MINORITY)
def test_names_with_a_middle_dot_of_any_kind_are_found(screener: Screener, name: str, dot: str) -> None:
    text = f"今天拜访了{name.format(dot)}，反馈积极"
    (finding,) = screener.find(text, running=True)
    assert name.format(dot) in text[finding.start : finding.end]


def test_a_masked_note_keeps_what_was_said_and_loses_who_it_was(screener: Screener) -> None:
    text = "拜访了王建国，手机13800138000，对康舒平认可。"
    masked = mask(text, screener.find(text, allow=lambda word: word == "康舒平", running=True))
    assert masked == "拜访了[name]，手机[mobile]，对康舒平认可。"
