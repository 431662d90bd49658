"""The words of the language itself: what orders, groups, compares, excludes. No word of any field of business stands here.

Each cue has a one-letter kind, so that the shape of a sentence can be read as a string, and sometimes a value. Both languages share the kinds.
"""

from __future__ import annotations

from typing import Any

from nlq.words import spoken as words_spoken

# Kinds of tokens. Those of the lexicon are capital letters of their own.
METRIC, DIMENSION, VALUE, TIME, NUMBER, UNKNOWN, NOUN = "M", "D", "V", "T", "N", "u", "n"
GROUP, GRAIN, TREND, RANK, RANK_OF, SUPERLATIVE, FIRST, LAST = "G", "g", "R", "K", "k", "S", "P", "p"
COMPARATOR, POSTFIX, BETWEEN, EXCLUDE, EXCLUDED, ONLY = "C", "c", "B", "X", "x", "O"
SHARE, SHARE_OF, YEARLY, PERIODIC, VERSUS, CONTRAST, DIFFERENCE, CHANGE = "H", "h", "Y", "Q", "Z", "z", "d", "I"
BOUND = "b"
TOTAL, SEPARATE, WHICH, HOW_MANY, ALL, AND, OR, NOT, TO, COMMA = "A", "E", "W", "U", "L", "&", "|", "!", "~", ","
UNIT, EXPLAIN, UNFILTER, CONDITION = "m", "e", "-", "j"
HOW_LONG = "i"
"""Asks for a length of time: no answer where the metric has none."""
WHO = frozenset(("谁", "who", "whom", "whose", "哪位", "哪一位", "哪名", "谁的"))
"""Words that ask for a person."""
UNSUPPORTED, SORT, PERIODS, PERCENT_OF, FOLLOW, LISTING, UNGROUP, ORDINAL = "?", "s", "w", "o", "F", "l", "y", "#"
FILLER = "f"

_CHINESE: dict[str, dict[Any, str]] = {
    GROUP: {None: "各 各个 各家 各类 各种 各大 每 每个 每一个 每家 每类 每种 每位 每名 分 按 按照 按各 分别按 依 依照 根据 逐个 逐 不同 按不同 分各 细分 细分到 拆分到 拆分 拆到 下钻到 按着 以 从各 区分 划分 维度 分布 的分布 分布情况"},
    GRAIN: {
        "day": "每天 每日 按天 按日 逐日 逐天 分日 日度 每一天 各天 各日 天维度 日维度 按天看 每天的",
        "week": "每周 按周 逐周 分周 周度 各周 每个星期 每星期 每一周 周维度 每个周",
        "month": "每月 每个月 按月 按月份 逐月 分月 分月份 月度 各月 各月份 各个月 每一个月 月维度 按月度 按自然月",
        "quarter": "每季度 每个季度 按季度 按季 逐季 逐季度 分季度 各季度 各季 季度维度 每季 各个季度",
        "year": "每年 按年 按年度 逐年 分年度 各年 各年度 历年 每一年 每个年度",
    },
    PERIODS: {
        "day": "哪天 哪一天 哪几天 哪些天 哪日",
        "week": "哪周 哪一周 哪个星期 哪几周 哪个周 哪些周",
        "month": "哪个月 哪个月份 哪一个月 哪月 几月 几月份 哪几个月 哪些月份 哪些月",
        "quarter": "哪个季度 哪一季度 哪一季 哪几季 哪季 哪季度 哪几个季度",
        "year": "哪年 哪一年 哪个年份 哪几年",
    },
    UNIT: {"day": "天 日 日期 日子 一天 那天 一日", "week": "周 那周 一周", "month": "月 月份 那个月 一个月", "quarter": "季度 季 那个季度", "year": "年份 年 年度 那年 一年"},
    TREND: {"day": "日趋势 日走势 每日趋势 逐日趋势", "week": "周趋势 周走势 每周趋势 周度趋势", "month": "月趋势 月走势 每月趋势 月度趋势 月度走势", "quarter": "季度趋势 季趋势 每季度趋势", "year": "年趋势 年度趋势 每年趋势", None: "趋势 走势 变化趋势 趋势图 走势图 发展趋势 变化曲线 曲线 折线图 折线 趋势变化 变动趋势 增长趋势 趋势如何 怎么变化 如何变化 怎么变 怎么变的 如何变的 变化情况 波动 波动情况 历史变化 时间序列 增长曲线 的变化趋势"},
    RANK: {None: "排名 排行 排行榜 排序 名次 排名情况 排个名 排个序 排一下 排列 排名榜"},
    RANK_OF: {None: "排第几 排名第几 第几名 排第几名 排多少名 排多少 排名多少 排在第几 排在第几位 第几位 排名第几位 排什么位置 排在哪里 处于什么位置 排老几 第几 什么名次 的名次 排第几位 排几"},
    SUPERLATIVE: {
        "desc": "最久 更久 较久 久 最远 更远 最重 更重 最深 最厚 最宽 最耗时 最费时 最忙 最繁忙 最拥堵 最堵 最拥挤 最挤 最火 最火爆 最畅销 最受欢迎 最欢迎 最热销 最红火 最旺 最赚钱 最抢手 最密集 最高频 最常用 最集中 最拖 最严 最夸张 最亮眼 最贵 高 多 大 谁高 谁多 谁大 最高 最多 最大 最强 最长 最快 最频繁 最活跃 最热 最热门 最猛 高居榜首 居首 领先 更高 更多 更大 更强 更长 更快 较高 较多 最为突出 最突出 最明显 最主要 最厉害 最严重 最狠 最剧烈 最显著 最猛烈 最惊人 最可观",
        "asc": "最轻 更轻 最浅 最冷清 最冷门 最清闲 最空闲 最淡 最不活跃 最不受欢迎 最滞销 最便宜 最省 最省钱 低 少 小 谁低 谁少 最低 最少 最小 最弱 最短 最慢 垫底 落后 更低 更少 更小 更弱 更短 更慢 较低 较少 吊车尾 倒数 最末",
        "best": "最好 最佳 最优 最优秀 更好 最棒 表现最好 最理想 更优",
        "worst": "最差 最糟 最糟糕 更差 最不好 最坏 表现最差 最不理想",
    },
    FIRST: {None: "前 头 排名前 排前 排在前 前面 top 排名头 位列前 居前 最高的前 最多的前"},
    LAST: {None: "后 倒数 倒数前 末 末尾 最后 排名后 排后 排在后 最低的前 最少的前 倒数后 倒数第 排名倒数 bottom"},
    ORDINAL: {None: "第 排第 排名第 排在第 位列第"},
    COMPARATOR: {
        "<": "不如 差于 逊于 弱于 逊色于 低于 小于 少于 不足 不到 未达 未达到 没有达到 没达到 没到 达不到 未满 不满 低过 不及 跌破 < 少过 未超过(不含)",
        ">": "好于 胜过 强过 过 破 高于 大于 多于 超过 超出 超 突破 高过 多过 大过 > 高出(含) 强于 优于 在…以上",
        ">=": "不低于 不少于 不小于 至少 达到 达 大于等于 大于或等于 高于等于 高于或等于 满 >= ≥ 起码 最少有 不下于 至少有 等于或高于 等于或大于",
        "<=": "没过 没超 不高于 不超过 不大于 不多于 至多 小于等于 小于或等于 低于等于 低于或等于 <= ≤ 最多有 不超 没超过 没有超过 未超过 等于或低于",
        "=": "等于 = 正好 恰好 刚好 ==",
        "!=": "不等于 != ≠ 不为",
    },
    POSTFIX: {">=": "以上 及以上 或以上 或更高 或更多 往上 之上 朝上", "<=": "以下 及以下 或以下 或更低 或更少 以内 之内 往下 之下"},
    BETWEEN: {None: "介于 在 处于 位于"},
    EXCLUDE: {None: "除 除了 除去 除开 不含 不包含 不包括 不算 去掉 去除 剔除 排除 排除掉 扣除 扣掉 刨除 刨去 不要 不看 不计 不计入 不统计 抛开 撇开 去除掉 拿掉 移除 删掉 减去 没有算 不考虑 排开 过滤掉 屏蔽 清除 清掉 撤掉 解除 撤销 撤去"},
    EXCLUDED: {None: "除外 之外 以外 外 不算在内 不计在内 都不算 排除在外 之外的 以外的 外的 除外的 其他 其它 其余 其他的 其余的 其它的 剩下的 剩余"},
    ONLY: {None: "只看 只要 仅看 仅 只 单看 仅限 只限 只统计 只算 仅统计 限定 单独看 只考虑 只保留 只关注 聚焦 就看 单单看 只包含 只包括 仅包含 单独"},
    SHARE: {None: "比例 占比 份额 比重 构成 构成比 结构占比 所占比例 占比例 占的比例 的占比 百分比 占总体比例 贡献占比 贡献度 贡献率"},
    SHARE_OF: {None: "占多少 占 贡献了多少 贡献多少 贡献 占了多少 占几成 占到多少 占到 占了 占百分之几 占百分之多少 贡献了多少比例 占多大比例 占多少比例"},
    YEARLY: {None: "同比 同比去年 比去年同期 较去年同期 与去年同期相比 跟去年同期比 和去年同期比 较上年同期 比上年同期 与上年同期相比 yoy 年同比 与去年同比 相比去年同期 对比去年同期 较同期 比同期 与同期相比 和同期比 跟同期比 同比去年同期"},
    PERIODIC: {None: "环比 较上期 比上期 与上期相比 跟上期比 和上期比 对比上期 较上一期 比上一期 mom qoq wow 与上期比 环比上期 较前期 比前期 与前期相比 较前一期 比前一期 与上一期相比 和上一期比 跟上一期比 相比上期 相较上期 比上一周期 与上一周期相比 较上一周期"},
    VERSUS: {None: "比 较 相比 相较 相较于 相比于 对照 vs 比起 较之 比较于 对上 pk 同…比 与…比 比之"},
    CONTRAST: {None: "对比 比较 对比一下 比较一下 比一比 做对比 作比较 进行对比 对比情况 做个对比 比一下 做比较 的对比 横向对比"},
    DIFFERENCE: {None: "高多少 低多少 多多少 少多少 差多少 高了多少 低了多少 多了多少 少了多少 差了多少 高出多少 多出多少 大多少 小多少 高几个点 低几个点 高几个百分点 低几个百分点 相差 相差多少 差距 差异 差值 差额 差 高吗 低吗 多吗 少吗 高还是低 多还是少 高不高 好多少 差距多大 有什么差别 差别 的差距 的差异 快多少 慢多少 短多少 长多少 短了多少 长了多少 快了多少 慢了多少"},
    CHANGE: {
        ("up", "growth"): "增长 增长率 增幅 增速 涨幅 增长幅度 增长速度 增长比例 增长了 增长多少 增长了多少 增长情况",
        ("up", "change"): "增加 增加了 上升 上升了 提升 提升了 提高 提高了 上涨 上涨了 涨了 涨 升 升了 涨了没 涨了吗 增多 增量 增长额 增加额 增长量 增加量 进步 进步了 升高 升高了 变高 变多 增加多少 提升多少 提升了多少 上升多少 上升了多少 涨了多少 增加了多少 提升幅度 走高 往上走 上来了 变好 变好了 改善 改善了 好转 好转了",
        ("down", "growth"): "负增长 降幅 跌幅 降低率 下降率 下降幅度 下滑幅度 跌了多少",
        ("down", "change"): "下降 下降了 减少 减少了 下滑 下滑了 降低 降低了 下跌 下跌了 跌 跌了 降了 退步 退步了 缩减 萎缩 回落 变低 变少 下降多少 下降了多少 减少多少 减少了多少 减少量 降了多少 掉 掉了 走低 往下走 下来了 滑坡 变差 变差了 变坏 变坏了 恶化 恶化了",
        ("any", "change"): "变化 变动 涨跌 波动幅度 变化量 变化多少 变化了多少 变化幅度 变化值 变了多少 涨跌幅 变化率 变动率",
    },
    HOW_LONG: {None: "多久 多长 多长时间 多少时间 多长的时间 花多久 花了多久 用了多久 要多久 用多长时间 需要多久"},
    TOTAL: {None: "之和 汇总一下 汇总下 汇总看 做个汇总 总 总共 一共 总计 合计 汇总 总体 整体 总的 加起来 总和 加总 共 共计 全部加起来 加在一起 合在一起 合起来 总数 总量 总额 累计 共有 一起 总值 合并"},
    SEPARATE: {None: "分别 各自 分别是 各是 各为 各有 分别有 分别为 各自的 分开 分开看 单独列出 逐一 一一 分别是多少 各多少 各是多少 分列 依次 各自是"},
    WHICH: {None: "哪个 哪些 哪一个 哪家 哪几个 哪几家 哪 哪类 哪种 哪位 哪一类 哪一种 哪款 哪几类 哪几种 什么样的 哪里 哪儿 谁 哪一家"},
    HOW_MANY: {None: "多少 有多少 几个 有几个 多少个 有多少个 多少家 几家 有几家 有多少家 多少名 多少位 多少人 几位 几名 有几位 多少次 几次 几 多少种 几种 数量 数目 个数 多少条 多少份 多少款 多少例 多少例数 人数 家数 总人数 多少钱 几块钱 多少块钱 多少元 多少万 多少亿 几个亿 多少个亿 几亿 几万 几千万 几百万 多少万元"},
    ALL: {None: "所有 全部 全 所有的 全部的 全体 任何 每一 整个 各项 全公司 全国 全国范围 全集团 全渠道 全线 公司 我司 本公司 全量 总盘 大盘 全盘"},
    LISTING: {None: "名单 清单 列表 明细 列出 列一下 罗列 列个表 明细表 都有哪些 有哪些 是哪些 是哪个 是哪几个 是哪家 列举 名录 列出来 有哪几个"},
    AND: {None: "和 与 及 以及 跟 还有 加 加上 、 并 并且 且 同时 又 同 + 外加 & 连同 及其 × x"},
    OR: {None: "或 或者 或是 抑或 还是"},
    NOT: {None: "不 没 没有 未 无 非 不是 并非 不在 不属于 未被 没被 没能 未能 尚未 不曾 非常规 从未 未曾"},
    TO: {None: "到 至 ~ -"},
    UNSUPPORTED: {None: "还能 还需要 平均 均值 人均 日均 月均 周均 平均每 平均数 中位数 中值 方差 标准差 预测 预计 预估 预期 预判 估计 相关性 相关系数 相关 原因 为什么 为何 为啥 什么原因 怎么回事 建议 怎么办 如何提升 怎么提高 怎样提高 回归 归因 概率 分位数 分位 众数 最大值 最小值 极值 四分位 百分位 离散度 环比增速预测 目标值设定 会不会 能不能 模拟 推算 移动平均 最近一次 上一次 最后一次 连续 年中 年末 年初 季末 季初 月末 月初 月底 加权 加权平均 除以 除上 乘以 相乘 相除 相减 乘 之比 比值 的比值 之差 倍 几倍 多少倍"},
    SORT: {"best": "从好到差 由好到差 从优到劣", "worst": "从差到好 由差到好 从劣到优", "desc": "从长到短 由长到短 从长至短 由长至短 从强到弱 由强到弱 从大至小 从多至少 从高至低 由大至小 从大往小 从多往少 从长往短 高到低 大到小 多到少 长到短 高至低 从高到底 递减 由高到低 降序 倒序 从大到小 由大到小 从多到少 由多到少 降序排列 从高往低 由多至少 由高至低", "asc": "从低到高 由低到高 升序 正序 从小到大 由小到大 从少到多 由少到多 升序排列 由低至高 从短到长 由短到长 从短至长 由短至长 从弱到强 由弱到强 从小至大 从少至多 从低至高 由小至大 由少至多 从低往高 从小往大 从少往多 从短往长 低到高 小到大 少到多 短到长 低至高 递增"},
    PERCENT_OF: {None: "其中"},
    FOLLOW: {None: "换一个指标 换个指标 换指标 看另一个指标 另一个指标 呢 那 那么 再 再看 换成 换 改成 改为 改 换为 改看 换看 接着 然后呢 继续 换个 切换到 换到 那如果 如果 同样"},
    CONDITION: {None: "筛选 筛选条件 条件 限制 过滤 过滤条件 限制条件 约束 约束条件 限定条件 筛选项 过滤器 过滤项"},
    UNFILTER: {None: "不限 不限制 不限定 取消筛选 清除筛选 去掉筛选 不筛选 取消过滤 清空筛选 清除条件 去掉条件 去掉所有条件 取消条件 取消限定 放开"},
    EXPLAIN: {None: "定义 口径 含义 怎么算 怎么计算 如何计算 如何定义 怎么定义 什么意思 是什么意思 计算方式 计算方法 计算公式 计算逻辑 统计口径 怎么算的 怎么计算的 什么是 的定义 指标说明 口径说明"},
    UNGROUP: {None: "不分 不按 不区分 不细分 不拆分 不用分 不用按 取消 合并不分"},
    FILLER: {
        None: "的 了 是 有 吗 呢 啊 呀 吧 嘛 哦 噢 哈 哟 么 啦 呗 喔 得 地 着 过 之 其 把 被 让 对 对于 关于 针对 在 于 从 由 将 给 为 向 里 内 中 上 下 来 去 就 都 也 还 很 太 更 "
        "请 请问 麻烦 麻烦你 帮 帮我 帮忙 帮助 请帮我 给我 帮我查 帮我看 帮我看看 帮我查一下 负责 负责的 名下 名下的 手上的 手里的 管的 所管 我 我们 咱 咱们 你 您 它 他们 她们 这 那个 这个 这些 那些 们 它们 他们 她们 我想 想 想要 要 需要 希望 想知道 想看 想看看 想问 想问下 想了解 知道 了解 "
        "看 看看 看下 看一下 看一看 瞧瞧 查 查看 查查 查下 查一下 查一查 查询 查询一下 查找 搜 搜索 统计 统计一下 统计下 算 算算 算一下 计算 计算一下 分析 分析一下 告诉 告诉我 显示 展示 展现 呈现 输出 提供 提取 拉 拉一下 拉取 拉个 调取 出 出一下 出个 做 做个 做一下 整理 汇报 汇报一下 说 说说 说一下 讲讲 介绍 介绍一下 "
        "怎么样 怎样 如何 咋样 怎么 什么 啥 什么样 什么情况 情况 情况如何 情况怎么样 表现 表现如何 表现怎么样 状况 水平 数据 数字 数值 数 结果 报表 报告 表 图 图表 柱状图 饼图 条形图 一张图 表格 信息 详情 概况 概览 总览 现状 进展 效果 如何了 怎么样了 多少了 "
        "一下 一个 一些 一点 下 个 些 次 点 名 家 位 款 种 类 类别 种类 分类 方面 部分 层面 角度 来看 来说 而言 看的话 的话 现有 已经 已 曾 曾经 会 能 能否 可以 可否 是否 有没有 是不是 到底 究竟 大概 大约 左右 差不多 约 具体 具体的 全月 整月 全年 整年 整个月 全年度 详细 完整 "
        "时间 期间 时 时候 时间段 区间 范围 范围内 之间 以内 之内 当中 之中 里面 内部 这边 那边 一带 地方 "
        "不错 带来 带来了 带来的 贡献的 创造 创造了 拆 拆一下 拆下 拆一拆 拆解 拆解一下 导致 导致的 引起 引起的 造成 造成的 引发 带上 带着 算进来 算进去 整一下 整个 整一整 整理下 晓得 瞅瞅 瞅一眼 瞧一瞧 瞧瞧看 捋一下 捋一捋 弄一下 弄个 搞一下 搞个 发我 发我一下 发一下 给个 给个数 来一个 来一份 来份 来个 看个 查个 问一句 请教 请教一下 这块儿 那块儿 这儿 那儿 儿 话说 对了 那啥 来着 呗 哎呀 嘿 唉 急 在线等 尽快 回复 口头 一眼 瞄一眼 看一眼 过一遍 帮看 帮查 帮算 帮拉 帮拉一下 帮我拉一下 就行 就好 即可 就可以 就可以了 就够了 就行了 就好了 谢谢 多谢 感谢 谢了 辛苦 你好 您好 哈喽 嗨 好 好的 嗯 哎 喂 亲 老师好 大家 值 指 指的是 即 就是 也就是 对应 相应 相关的 等 等等 各方面 整个的 目前为止 实际 实际上 真实 真正 主要 哪里的 来自 通过 经过 经由 用 使用过 利用 借助 发生 产生 完成了 做了 进行 进行了 实现 实现了 获得 取得 共有多少 拥有 存在 的话呢 属于 归属 所在 所属 所 该 此 本 某 跟我说 快 赶紧 马上 立即 再 又 才 刚 刚才 只是 不过 但 但是 而 而且 因为 所以 由于 那 如果 并 "
        "其他条件不变 其余条件不变 条件不变 保持不变 其他不变 其余不变 别的不变 其它不变 其它条件不变 想请你 能帮我 能不能帮我 可以帮我 可不可以帮我 烦请 劳驾 有劳 求 速查 查询下 调出 拉出 跑一下 跑个 导出 导出来 下载 生成 梳理 梳理一下 梳理下 盘点 盘点一下 复盘 回顾 回顾一下 回顾下 简单 简要 大致 基本 基本上 整体上 总的来说 总体来看 整体来看 仅就 单就 情况怎么样 怎么样啊 咋样啊 如何啊 几何 大小 高低 多寡 快慢 好坏 走向 态势 动态 最新 最新的 实时 一览 一览表 看板 仪表盘 面板 所对应 对应的 相应的 粒度 颗粒度 角度看 方面看 来讲 角度来说 这块 这一块 那块 板块 领域 范畴 人群 群体 此类 该类 国内 我国 中国 业务 业务线 条线 工作 拿到 得到 取得了 位居 呈现出 反映 涉及 涉及到 触及 截止 麻烦帮我 帮我看一下 帮我统计 帮我统计一下 帮我算 帮我算一下 给我看 给我看看 让我看看 我要看 我要查 我需要 请给出 请给我 请告诉我 请提供 请展示 请显示 请列出 给出 列示 说一说 讲一讲 谈谈 聊聊 目前情况 近况 拆开 拆开看 拆分看 分开看 展开 花在 花 用在 投在 投到 处于 位于 百分点 个百分点 几个百分点 多少个百分点 跑得 干得 两个维度 两个角度 三个维度 这两个维度 两维 二维 交叉 交叉看 交叉分析 交叉表 交叉对比 做个交叉 透视 透视表 打进来 打进来的 打进 打来 打来的 打通 打通了 接到 接到的 收到 收到的 报上来 报上来的 发来 发来的 召开 举办 开展 组织 举行 分组 分类 分层 分群 一份 一张 一组 一版 画 绘制 画一张 画个 画出 做一张 排 发 发了 发送 发出 发送了 一天中 一天里 一天当中 一天之中 一天内 一周中 一周当中 比例是多少 是多少 为多少 有多少呢 多不多 高不高 到了多少 达到多少 是几 是啥 是什么 有什么 多大 多高",
    },
}

_BESIDE = "vs|versus|than|against|over|from|on|compared with|compared to|compare with|compare to|compares with|compares to|relative to|in comparison with|up or down on|up on|down on"
_THE_ONE_BEFORE = "|".join(
    f"{beside} {before}"
    for beside in _BESIDE.split("|")
    for unit in ("day", "week", "month", "quarter")  # the year before is the same part of it: YEARLY
    for before in (f"the {unit} before", f"the previous {unit}", f"previous {unit}", f"the {unit} prior", f"the preceding {unit}")
)
_ENGLISH: dict[str, dict[Any, str]] = {
    GROUP: {None: "by|per|each|every|for each|for every|by each|in each|of each|across|across all|split by|broken down by|breakdown by|break down by|grouped by|group by|segmented by|sliced by|split across|split into|for the various|for different|by different|among the|distribution by|according to|from each|on each|each of the|in every|breakdown across|distribution across|distribution over|broken out by|separated by|for all the different|distribution of|breakdown of|breakdown|distribution"},
    GRAIN: {
        "day": "daily|by day|per day|each day|every day|day by day|by date|on a daily basis|day wise|for each day",
        "week": "weekly|by week|per week|each week|every week|week by week|on a weekly basis|for each week",
        "month": "monthly|by month|per month|each month|every month|month by month|on a monthly basis|by calendar month|for each month|in each month|by months",
        "quarter": "quarterly|by quarter|per quarter|each quarter|every quarter|quarter by quarter|on a quarterly basis|for each quarter|in each quarter",
        "year": "yearly|annually|annual|by year|per year|each year|every year|year by year|per annum|for each year",
    },
    PERIODS: {
        "day": "which day|what day|which date|which days|on which day|what date",
        "week": "which week|what week|which weeks|in which week",
        "month": "which month|what month|which months|in which month",
        "quarter": "which quarter|what quarter|which quarters|in which quarter",
        "year": "which year|what year|which years|in which year",
    },
    UNIT: {"day": "day|days|date", "week": "week|weeks", "month": "month|months", "quarter": "quarter|quarters", "year": "year|years"},
    TREND: {None: "trend|trends|trending|trend line|over time|time series|trendline|evolution|how has|how have|trended|evolved|development over time|changed over time|over the months|timeline|line chart"},
    RANK: {None: "ranking|ranked|rank|rankings|leaderboard|league table|sorted|sort|ordered|order|sorted by|ranked by|ordered by|in order of|rank by|sort by|order by|league table of"},
    RANK_OF: {None: "what rank|which rank|where does * rank|what position|what place|rank of|ranking of|position of|which place|how does * rank|how do * rank"},
    SUPERLATIVE: {
        "desc": "high|highest|most|largest|biggest|maximum|strongest|leading|longest|greatest|heaviest|farthest|furthest|deepest|most crowded|most congested|most popular|best selling|most frequent|longer|max|fastest|busiest|higher|larger|bigger|greater|more|peak|peaked|the highest|most active|priciest|costliest|dearest|most expensive",
        "asc": "low|lowest|least|fewest|smallest|minimum|weakest|shortest|min|slowest|lower|smaller|fewer|less|the lowest|trailing|lagging|cheapest|least expensive",
        "best": "best|best performing|top performing|better|better performing|best performer|best performers",
        "worst": "worst|worst performing|poorest|worse|worst performer|worst performers|poorest performing",
    },
    FIRST: {None: "top|first|the top|the first"},
    LAST: {None: "bottom|last|the bottom|lowest ranked"},
    COMPARATOR: {
        "<": "below|under|less than|lower than|fewer than|smaller than|beneath|short of|not reaching|did not reach|does not reach|fall below|fell below|falls below|came in below|came in under|come in under|not even|worse than|fell short of|falls short of|fall short of|fallen short of|came in below|came in under|comes in below|comes in under",
        ">": "above|over|more than|greater than|higher than|exceed|exceeds|exceeded|exceeding|larger than|bigger than|in excess of|beyond|surpass|surpassed|surpassing|upwards of|better than|ahead of",
        ">=": "at least|no less than|not less than|minimum of|a minimum of|not below|reached at least|no fewer than|not under|greater than or equal to|more than or equal to|not lower than",
        "<=": "at most|no more than|not more than|up to|a maximum of|maximum of|not above|not exceeding|does not exceed|do not exceed|not over|less than or equal to|lower than or equal to|within",
        "=": "equal to|equals|equal|exactly|is exactly",
        "!=": "not equal to|not exactly|different from",
    },
    POSTFIX: {">=": "or more|or above|or higher|or greater|and above|or over|or better|and up|and over|plus", "<=": "or less|or below|or lower|or fewer|or under|and below|and under"},
    BETWEEN: {None: "between|from"},
    EXCLUDE: {None: "excluding|except|except for|without|exclude|excludes|other than|but not|not including|leaving out|leave out|apart from|aside from|minus|omit|omitting|not counting|ignoring|ignore|with the exception of|but without|not from|not in|bar|remove|removing|drop|clear|cancel|lift|get rid of|take off|take away|undo|filter out|outside of|besides|outside|all but|everything but|everyone but|anything but"},
    EXCLUDED: {None: "excluded|other|others|the rest|remaining|rest|aside|not included|left out|removed|omitted"},
    ONLY: {None: "only|just|solely|exclusively|limited to|filtered to|filtered by|filtered on|filtered for|restrict to|restricted to|only for|only in|just for|just the|only show|just show|only the|focus on|filter to|filter on|narrow to|limit to"},
    SHARE: {None: "share|share of|percentage of|proportion of|proportion|percent of|percentage|mix|breakdown by share|fraction of|portion of|share in|as a share of|as a percentage of|contribution|contribution of|contribution to|the share|composition|percentage share|contribute|contributes|contributed|% of|relative share|as a percentage|percentage breakdown|split in percent"},
    SHARE_OF: {None: "what share|what percentage|what proportion|how much of|what percent|what fraction|what part of|which share|what portion|what % of|what %|account for|accounts for|accounted for|make up|makes up|made up|how large a share|how big a share|what share of|what percentage of|what proportion of|what percent of|what fraction of|represent|represents"},
    YEARLY: {None: "year on year|year over year|yoy|y/y|year over year growth|on the year|compared with the same period last year|compared to the same period last year|versus the same period last year|vs the same period last year|vs same period last year|versus same period last year|compared to same period last year|compared with same period last year|against the same period last year|than the same period last year|from a year ago|than a year ago|from a year earlier|versus a year ago|vs a year ago|compared with a year ago|compared to a year ago|year earlier comparison|annual growth|against the previous year|versus the previous year|compared with the previous year|compared to the previous year|versus prior year|vs prior year|vs the prior year|compared to prior year|versus the prior year|vs previous year|versus previous year|against the prior year|with the prior year|with the previous year|annual change|vs py|over the previous year|over the prior year|compared with the year before|compared to the year before|versus the year before|vs the year before"},
    PERIODIC: {None: _THE_ONE_BEFORE + "|compare with the previous period|compare to the previous period|compare it with the previous period|compare it to the previous period|compare against the previous period|compare that with the previous period|compare with the period before|compare with the prior period|compare to the prior period|month on month|month over month|mom|m/m|qoq|q/q|wow|w/w|quarter on quarter|quarter over quarter|week on week|week over week|day on day|day over day|period on period|period over period|versus the previous period|versus previous period|vs previous period|vs the previous period|compared to the previous period|compared with the previous period|compared with previous period|compared to previous period|against the previous period|versus prior period|vs prior period|compared to prior period|sequential|sequentially|sequential growth|compared with the prior period|compared to the prior period|vs the prior period|versus the prior period|against the prior period|versus the preceding period|vs the preceding period|compared with the preceding period|compared to the preceding period|than the previous period|from the previous period|versus the period before|vs the period before|compared with the period before|compared to the period before|against the period before|over the previous period"},
    VERSUS: {None: "compare with|compare to|compare it with|compare it to|compare that with|compare this with|compare against|comparing with|comparing to|versus|vs|vs.|against|compared with|compared to|relative to|as against|in comparison with|in comparison to|than|as compared to|as compared with|over and above|when compared to|when compared with|as opposed to|from that of"},
    CONTRAST: {None: "split|split of|split between|mix between|compare|comparison|comparison of|comparing|contrast|side by side|compared|comparison between|head to head"},
    DIFFERENCE: {None: "difference|difference between|differences between|gap|gap between|how much higher|how much lower|how much more|how much less|how many more|how many fewer|how much better|how much worse|higher or lower|delta|variance between|how much larger|how much smaller|difference in|gap in|differ|differs|how much bigger|how does * differ|by how much"},
    CHANGE: {
        ("up", "growth"): "growth|growth rate|growth of|percentage growth|grow|grew|grown|growing|rate of growth|percent growth|percentage increase|fastest growing|grow by|grew by|percent increase",
        ("up", "change"): "increase|increased|increase in|rise|rose|risen|gain|gained|went up|go up|gone up|improve|improved|improvement|increased by|rose by|rising|increasing|increases|improving|climbed",
        ("down", "growth"): "shrink|shrank|shrinking|shrunk|percentage decrease|percentage decline|percent decrease|percent decline",
        ("down", "change"): "decrease|decreased|decrease in|drop|dropped|drop in|decline|declined|decline in|fall|fell|fallen|went down|go down|gone down|dropped by|fell by|decreased by|declined by|declining|falling|dropping|decreasing|worsened|reduced|reduction in|lost|dropped off",
        ("any", "change"): "going up or down|up or down|going up|going down|trending up or down|rising or falling|improving or worsening|increasing or decreasing|better or worse|change|changes|changed|change in|changes in|movement|how much did * change|changing|change of|percentage change|percentage change in|percent change in|percent change|variation",
    },
    TOTAL: {None: "total|in total|overall|altogether|combined|sum|sum of|total of|all together|in all|aggregate|aggregated|grand total|summed|put together|taken together|together|the total|a total of"},
    HOW_LONG: {None: "how long|how long does|how long did|how long do|how much time|how long is|how long was|how long on average"},
    SEPARATE: {None: "respectively|separately|individually|one by one|apart|split out|broken out|each of them|each separately"},
    WHICH: {None: "which|which one|what are the|which are the|which of the|who|whose|which ones"},
    HOW_MANY: {None: "how many|how much|number of|count of|the number of|total number of|how many of the|count|what number of|amount of|quantity of|how often|how many times|number|the count of|how many different"},
    ALL: {None: "all|all of the|all the|entire|whole|nationwide|company wide|across the company|overall company|national|everywhere|company|nationally|across the country|across china|whole country|whole company|organization wide|in the country"},
    LISTING: {None: "list|list of|list the|list all|details of|name the|list out|listing|names of|show a list of|enumerate|give me a list of|roster|roster of|directory of"},
    AND: {None: "and|&|plus|as well as|along with|together with|and also|and the|+"},
    OR: {None: "or|either"},
    NOT: {None: "not|no|non|never|neither|nor|un|not yet|none|lacking|have not|has not|did not|were not|was not|not been|no longer"},
    TO: {None: "to"},
    UNSUPPORTED: {None: "ratio of|the ratio of|ratio between|average|avg|mean|median|forecast|predict|prediction|expected|expect|projected|project|projection|why|reason|reasons|how come|cause|causes|recommend|recommendation|suggest|should|correlation|correlate|correlated|standard deviation|variance|percentile|quartile|probability|likely|simulate|regression|driver|drivers|per capita|weighted|mode|moving average|what if|maximum value|minimum value|how can|how to|impact of|effect of|times as|times more|times higher|times larger|times greater|times as many|times as much|times less|times fewer|how many times more|how many times higher|how many times larger|times the|divided by|multiplied by|running total|running totals|running sum|running count|running average|rolling average|twice|double|triple|estimate|outlook|because"},
    SORT: {"best": "best first|best to worst|from best to worst|from the best to the worst|best at the top", "worst": "worst first|worst to best|from worst to best|from the worst to the best|worst at the top", "desc": "descending|from high to low|high to low|from highest to lowest|highest to lowest|highest first|largest first|desc|in descending order|descending order|from most to least|biggest first|from largest to smallest|largest to smallest|biggest to smallest|from biggest to smallest|most to least|most to fewest|from most to fewest|longest to shortest|from longest to shortest|long to short|from long to short|large to small|from large to small|big to small|strongest to weakest|greatest to least|longest first|most first|greatest first|high first|decreasing order|in decreasing order|from the highest to the lowest|from the largest to the smallest|from the longest to the shortest|from the most to the least|from the top down|highest at the top", "asc": "ascending|from low to high|low to high|from lowest to highest|lowest to highest|lowest first|smallest first|asc|in ascending order|ascending order|from least to most|from smallest to largest|smallest to largest|smallest to biggest|least to most|fewest to most|from fewest to most|shortest to longest|from shortest to longest|short to long|from short to long|small to large|from small to large|small to big|weakest to strongest|shortest first|fewest first|least first|low first|increasing order|in increasing order|from the lowest to the highest|from the smallest to the largest|from the shortest to the longest|from the least to the most|from the bottom up|lowest at the top"},
    PERCENT_OF: {None: "of which|of these|of those|among them|among which|thereof"},
    FOLLOW: {None: "another metric|a different metric|what about|how about|and what about|and how about|instead|now show|switch to|change to|make it|now for|now by|and for|and in|same for|the same for|same but|same thing for|then|again|but for|replace with|replace|swap|swap out|now only|do the same for|what if we use|change it to|make that"},
    CONDITION: {None: "filter|condition|restriction|constraint|filtering|criterion|criteria|limitation|restrict|constrain|restricting|limiting"},
    UNFILTER: {None: "remove filters|remove all filters|remove the filter|remove the filters|clear filters|clear the filters|clear all filters|no filters|without filters|any"},
    EXPLAIN: {None: "definition|defined|calculated|computed|meaning|formula|what does|explain|how is * calculated|how is * defined|methodology"},
    UNGROUP: {None: "not by|without splitting by|without grouping by|do not split by|do not group by|don't split by|ungroup|regardless of|irrespective of|without breaking down by|no breakdown by"},
    FILLER: {
        None: "looked|looks|seem|seems|seemed|appear|appears|appeared|generally|typically|usually|basically|simply|roughly|approximately|at all|by far|ran|run|running|gotten|receive|received|cross tab|cross tabs|crosstab|cross tabulated|cross tabulate|cross tabulation|pivot|pivot table|two way table|due|owing to|thanks to|as a result of|resulting from|attributable to|back|came back|come back|put|set|keep|kept|work|worked|stand|stands|standing|sit|sits|actual|real|true|following|listed|as follows|anyway|maybe|perhaps|quick look|take a look|have a look|interested|interested in|curious|asking|ask|question|add|adding|of the day|of the week|in the day|in a day|break|break down|broken down|drill down|drilled down|slice|dice|the|a|an|of|in|on|at|for|from|with|our|my|your|their|its|we|i|you|us|me|it|they|he|she|them|this|that|these|those|there|here|is|are|was|were|be|been|being|am|do|does|did|done|has|have|had|having|will|would|could|can|may i|shall|might|must|to|into|onto|via|through|using|used|use|during|within|over|about|regarding|concerning|around|as|so|such|"
        "what|what is|what was|what are|what were|what's|whats|how|how is|how was|how are|how were|how did|how does|how do|hows|tell|tell me|tell us|show|show me|show us|give|give me|give us|get|get me|display|find|fetch|pull|pull up|see|look|look at|look up|check|present|provide|report|report on|calculate|compute|work out|plot|chart|graph|draw|visualise|visualize|table|diagram|bar chart|pie chart|summary|summarize|summarise|want|want to|would like|would like to|like|need|need to|know|want to know|like to know|like to see|wondering|wonder|let|let me|let us|let's see|"
        "please|pls|plz|kindly|thanks|thank|thx|thks|tks|ty|cheers|help|help me|help us|btw|fyi|asap|sorry|gimme|lemme|wanna|grab|grab me|any idea|any chance|send|send me|send us|mail me|email me|share with me|export|export to excel|excel|spreadsheet|csv|pdf|slide|slides|ppt|deck|dashboard|download|to excel|to csv|in excel|forward me|post|quick question|quick one|real quick|hello|hi|hey|dear|ok|okay|well|now then|can you|could you|would you|can i|could i|may i see|"
        "sent|as things stand|as it stands|figure|figures|data|value|values|result|results|stats|statistics|performance|perform|performed|performing|performs|look like|looking|doing|going|go|goes|goes to|went to|went|come|came|coming|happen|happened|situation|status|state of|level|levels|info|information|numbers|"
        "really|actually|currently running|exactly how|quite|very|also|too|even|still|already|yet|ever|if|whether|when|where|while|who's|where is|where are|please note|right|much|many|lot|lots|some|one|ones|own|assigned|responsible|managed|individual|specific|particular|respective|various|different|certain|terms|terms of|in terms of|basis|broken|down|made|make|makes|took|take|take place|place|got|getting|ended|ending|period|time|times|date|dates|range|up|out|off|then|than that|both|across|among|amongst|between|per se|s|t|re|ve|ll|d|m|quick|quickly|brief|side|part|kind|type of|sort of|sort|across the|each other|said|terms|people|per|along|throughout|entire period|because of|due to|related|related to|coming from|resulting|resulted|generated|generate|achieved|achieve|recorded|record|seen|saw|been made|happening|occurred|occur|occurring|contain|contains|include|included|including|includes|involving|involved|with respect to|respect|considering|given|based on|based|belong|belonging|belongs",
    },
}


_MEASURES = "条家个款种类位名座所间台辆只件项门班支艘架站队组层级场张份段处片批本户桌节"
OTHER_MEASURES = (*"部单笔头首幅颗粒瓶袋桶箱包盒罐株棵匹趟列例宗桩双套块册篇集封通票届栋幢枚边轮", "人次", "台次", "车次")
"""Read in questions only: 每单 and 每票 are parts of names."""
_COUNTED_BY = ((WHICH, ("哪", "哪几", "哪一", "哪些")), (HOW_MANY, ("多少", "几", "有多少", "有几")), (GROUP, ("各", "每", "每一")))


def _measured() -> list[tuple[str, str, Any]]:
    """哪条, 多少辆, 每间: the questions and cuts with every measure word."""
    found = [(before + measure, kind, None) for kind, befores in _COUNTED_BY for before in befores for measure in _MEASURES]
    return found + [(before + measure, kind, None) for kind, befores in _COUNTED_BY if kind != GROUP for before in befores for measure in OTHER_MEASURES]


def cues() -> list[tuple[str, str, Any]]:
    """Return every cue as (phrase, kind, value). An English phrase may hold `*` for one to three words of any kind."""
    found = [(phrase, kind, value) for kind, values in _CHINESE.items() for value, phrases in values.items() for phrase in phrases.split()]
    for kind, values in _ENGLISH.items():
        found += [(phrase.strip(), kind, value) for value, phrases in values.items() for phrase in phrases.split("|") if phrase.strip()]
    known_kinds = {(phrase, kind) for phrase, kind, _ in found}
    more = [(phrase, kind, value) for kind, value, phrases in words_spoken.CHINESE for phrase in phrases.split()]
    more += [(phrase, kind, value) for kind, value, phrases in words_spoken.ENGLISH for phrase in phrases.split("|")]
    found += [cue for cue in more if (cue[0], cue[1]) not in known_kinds]
    said = {phrase for phrase, _, _ in found}
    found += [cue for cue in _measured() if cue[0] not in said]
    known = {(phrase, kind) for phrase, kind, _ in found}
    return [cue for cue in found if "…" not in cue[0] and "(" not in cue[0] and not _trails(cue[0], cue[1], known)]


def _trails(phrase: str, kind: str, known: set[tuple[str, str]]) -> bool:
    """Whether a cue is another one with an article before it or a preposition at its end, which would only take that word from the name that follows."""
    head, _, last = phrase.rpartition(" ")
    if phrase.startswith("the ") and (phrase.removeprefix("the "), kind) in known:
        return True
    return last in ("of", "in", "the", "for", "between") and (head, kind) in known


CLASSIFIERS = frozenset("个名家位款种类条份次所座支张组级型档大")
LINKERS = frozenset(["了", "过", "的", "到", "着", "多少", "几", "个", "位", "名", "家", "次", "人", "有", "被", "共", "一共", "总共", "哪些", "所", "已", "经", "地", "得", "们", "多", "少", "到的", "了的", "种", "盒", "所有", "在", "是", "得到", "第", "一", "都", "总"])
LINK_WORDS = frozenset(["did", "do", "does", "we", "were", "was", "is", "are", "have", "has", "had", "been", "of", "the", "a", "an", "that", "who", "whom", "which", "in", "our", "you", "they", "how", "many", "much", "number", "count", "get", "got", "by", "to", "with", "it", "for", "being", "be"])
AMONG = frozenset(("里", "中", "内", "里面", "当中", "之中", "中间", "里头"))
"""Behind what something is one of: 在四个产品里."""
CLASS_MARKS = frozenset("类级型组档等区渠道")
