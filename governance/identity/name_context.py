"""What stands beside a name in running text, and how much likelier it makes a name (in natural logarithms; negative: less likely)."""

from __future__ import annotations

from governance.identity import name_odds, names


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


BESIDE, TITLE, START, DOING, BOTH = 2.2, 4.5, 0.8, 1.3, 2.0
MOST = BESIDE + BOTH + TITLE + BOTH
"""The most that all that stands beside a name can say for it."""
BEFORE = _set(
    "和 与 跟 及 同 给 向 找 请 带 让 由 为 是 见 见到 约 约了 访 问 问过 听 叫 拜访 拜访了 面访 面访了 回访 联系 联系人 见了 通知 邀请 感谢 遇到 遇见 遇 陪同 陪 交给 转交 转告 患者 病人 家属 医生 "
    "医师 住院医 主治 主任 副主任 教授 院长 副院长 护士 护士长 代表 同事 客户 老师 专家 科 科里的 参加者 讲者 主席 主持人 接待人 姓名 名叫 对象 对象是 接待 推荐 我找 汇报 告知 提醒 咨询 答复 回复 经 被 即 "
    "因 据 对 把 将 等 人员 成员 昨日 今日 今天 昨天 上午 下午 刚才 了 到 的 帮 替 代 代替 派 送 教 与会 包括 寄给 发给 送给 转给 递给 汇给 借给 留给 致 呈 嘱 托 委托 求 盯 追 催 访谈 采访 会见 接见 "
    "介绍 认识 熟悉 跟进 跟着 随 随同 连同 以及 还有 特邀 拟邀 聘请 师从 学生 导师 带教 主讲 主持 点评 翻译 收件 寄件 签收 领取 登记 申请 经办 审批 审核 复核 负责 值班 出诊 坐诊 坐堂 主刀 术者 助手 监查员 研究者 "
    "协调员 药师 技师 助理 秘书 经理 总监 主管 组长 队长 部长 处长 科长 局长 书记 会长 理事长 秘书长 总 博士 先生 女士 委员 主委 副主委 队员 队友 学员 讲师 嘉宾 主任医师 副主任医师 主治医师 住院医师 记者 编辑 作者 院士 "
    "一作 通讯作者 第一作者 受访人 主持 致电 去电 电告 执行主席 共同主席 大会主席 想见 没见到 见过 碰到 碰见 撞见 遇上 偶遇 面见 求见 约见 约访 走访 探访 探望 看望 慰问 委派 指派 指定 任命 提名 推举 交由 转由 改由 均由 统一由 麻烦 劳烦 烦请 "
    "校长 司机 前台 员工 职员 家长 父亲 母亲 丈夫 妻子 儿子 女儿 哥哥 姐姐 弟弟 妹妹 老公 老婆 本人 名为 叫做 化名 曾用名 签名 署名 落款 抄送 主送 发自 来自 转自"
)
AFTER = _set(
    "说 表示 反映 认为 提到 问 同意 不在 在 和 与 跟 及 电话 手机 微信 邮箱 帮忙 陪同 接待 负责 主持 主持会议 参加 出席 都 也 已 已经 正在 正 要求 建议 希望 提出 觉得 说明 介绍 告诉 称 指出 强调 推荐 "
    "担心 关心 询问 打 打了 加了 沟通 交流 进行 讨论 回复 答复 同志 等 等人 两 三 将 会 想 要 的 对 把 让 请 给 去 来 做 讲 发 今天 昨天 下周 上周 明天 本人 自己 家属 因 因为 用药 服用 服药 出差 改 记录 签字 签名 讲话 休假 手术 "
    "查房 门诊 是 为 未 没 没有 不 很 比较 非常 态度 反馈 了解 时 后 以及 一起 男 女 了 处 那边 那里 这边 这个 这位 那个 那位 又 再 还 就 才 却 则 只 曾 曾经 刚 刚刚 常 常常 总 总是 从 向 被 由 带 带着 带领 拿 用 看 听 见 约 转 提 签 开 回 回来 "
    "离职 入职 调任 调到 升任 接任 接替 代替 任 担任 兼任 当选 获 获得 获奖 写 写道 发表 研究 团队 课题组 工作室 名下 手里 手上 所在 所管 家 家里 本科 毕业 出生 生于 教 授课 坐诊 出诊 值班 轮班 请假 退休 返聘 接电话 来电 致电 来信 "
    "代为 代领 代办 代签 代交 代收 代取 系 系前任 兼 现任 原任 已任 后来 随后 姑娘 哪个 多次 刚 留言 留话 插话 发言 补充 解释 质疑 追问 回应 点头 摇头 抱怨 吐槽 抽空 抽时间 牵头 带队 做东 作陪 主讲 致辞 主刀 会诊 抢救 "
    "来访 到访 到场 签到 缺席 迟到 确认 批准 审批 审核 复核 投诉 申诉 举报 申请 领取 签收 收到 收 收下 拒绝 拒收 婉拒 谢绝 接受 愿意 答应 承诺 犹豫 支持 反对 认可 不认可 患者 病人 体重 年龄 性别 今年 去年 昨日 今日 刚才 上午 下午 晚上"
)
COUNTED, MEASURES, PLACES_END = frozenset("这那一二两三四五六七八九十几每各某第多首"), frozenset("张段项章支车曲席关门粒盘包丁封栋官"), frozenset("省市区县旗镇乡村州")
"""What counts, what is counted by, and how places end."""
TITLES = frozenset(names.TITLES) | _set(
    "主管 组长 队长 部长 局长 校长 会长 理事长 秘书长 秘书 主委 副主委 委员 主席 副主席 总经理 副总 总裁 董事长 董事 律师 讲师 技师 护师 药剂师 检验师 规培生 研究生 实习生 学员 学长 师兄 师姐 博士后 研究员 "
    "主编 副主编 主讲 主播 站长 馆长 店长 行长 段长 班长 团长 校友 阿姨 叔叔 大姐 大哥 奶奶 爷爷 师傅 司机 患者 病人 患儿 产妇 家属 家长 记者 导师 助理 专员 顾问 县长 市长 省长 镇长 村长 厅长 司长 署长"
)
HOUSES = _set(
    "社区 小区 分公司 办事处 门店 地铁站 派出所 国际和平 体育馆 体育场 体育中心 大厦 广场 图书馆 纪念馆 纪念 故居 公园 机场 车站 中心医院 总医院 人民医院 中医院 妇幼 医院 医学院 卫生院 诊所 药房 药店 大药房 大学 学院 中学 小学 公司 集团 有限公司 股份 药业 制药 医药 生物 科技 实业 控股 "
    "银行 证券 基金 保险 酒店 饭店 宾馆 商场 购物中心 大街 大道 流域 园区 院区 校区 开发区 保税区 示范区 街道 景区 商圈 片区 水库 码头 口岸 立交 产业园 科技园 工业园 火车站 高铁站 以北 以南 以东 以西 境内 两地 三地 两省 两市 定律 综合征 淋巴瘤 胶囊 片剂 颗粒 口服液 注射液 软膏 试验法 评分 量表 疗法 指数"
)
"""What houses, firms, places and scales are called that bear a name: who is named so is nobody who was met."""
NAMED_AFTER = _set(
    "时段 时期 期间 时间 论坛 桥 路 街 一带 地区 沿线 奖 杯 氏 品牌 牌 版 型 项目 计划 工程 系列 丸 散 汤 试验 分级 分型 标准 方案 征 病 瘤 癌 症 法则 理论 模型 算法"
)
"""What times, things and undertakings are called that bear a name, or what somebody may do as well."""
_NAMED_STARTS = frozenset(word[0] for word in NAMED_AFTER | HOUSES)
_NOBODY = 40.0
_ROLES = frozenset("人者员师长生授士属友")
"""How words end that say who somebody is: 跟进人, 研究者, 监查员."""
CHEMICAL = frozenset("钠钾肽肼酯啶唑嗪烷酮铂苷胺酚醇醚碱嘧吡哌咪噻氯氟溴碘羟肟脲胍嘌呤苯铵膦磷砜酸")
"""Characters that names of medicines are made of."""
_MARKS_LEFT, _MARKS_RIGHT = frozenset('、:：(（@;,，【["“<《/|'), frozenset("、:(（：")
_LIST = frozenset({"", "、", ",", "，", ";", ":", "：", ".", "。", "\n"})
_AND = frozenset("和与及跟")
_SHORT = 2


def beside(run: str, start: int, end: int, before: str, offset: int, text: str) -> float:
    """How much likelier run[start:end] is a name by what stands beside it. `before` is the word before it; the run of Chinese characters stands at `offset` of the text."""
    bonus = told = 0.0
    if start == 0:
        left = text[offset - 1] if offset else "\n"
        bonus += BESIDE if left in _MARKS_LEFT else START
        told = BOTH / 2
    elif before in BEFORE or before[-1:] in "科室院部处组" or before[-1:] in _ROLES:
        bonus += BESIDE
        told = BOTH
    elif before in name_odds.doing_words():
        bonus += START
    if end == len(run):
        right = text[offset + end : offset + end + 1]
        bonus += BESIDE if right in _MARKS_RIGHT and right else START
        if start == 0 and end - start > _SHORT and text[offset - 1 : offset] in _LIST and right in _LIST:
            bonus += BESIDE  # one of a list
        return bonus
    for at in (end, end - 1):
        if run[at] in _NAMED_STARTS:
            following = {run[at : at + length] for length in (4, 3, 2, 1) if length > 1 or at == end}
            bonus -= _NOBODY if not following.isdisjoint(HOUSES) else 0.0 if following.isdisjoint(NAMED_AFTER) else TITLE
    if run[end] in _AND and run[end + 1 : end + 3] in names.short_places():
        bonus -= TITLE  # 吴江和昆山
    if run[end] in PLACES_END and run[end : end + 2] not in names.word_counts():
        bonus -= TITLE + BESIDE  # 白云区
    if not CHEMICAL.isdisjoint(run[end : end + 3]) and not told:
        bonus -= TITLE  # 孟鲁司特钠
    behind = _followed(run, end)
    return bonus + behind + (told if behind >= BESIDE else 0.0) + (BOTH if behind >= TITLE and told else 0.0)


def is_titled(run: str, end: int) -> bool:
    """Whether a title begins at `end`."""
    return any(run[end : end + length] in TITLES for length in (4, 3, 2))


def is_house(run: str, end: int) -> bool:
    """Whether what ends at `end` is part of the name of a house, a firm or a scale."""
    return any(run[end : end + length] in HOUSES for length in (4, 3, 2))


def _followed(run: str, end: int) -> float:
    doing = 0.0
    for length in (5, 4, 3, 2, 1):
        following = run[end : end + length]
        if following in TITLES:
            return TITLE
        if following in AFTER:
            return BESIDE
        if length > 1 and not doing:
            doing = DOING if following in name_odds.doing_words() else -DOING if following in names.word_counts() else 0.0
    return doing
